# SPDX-License-Identifier: MIT
#
# Reads ctest's LastTest.log and counts single test cases: those that a program reports of itself
# (Criterion, the conformance program, pytest, unittest), else the program as one case.

function finish() {
    if (!open)
        return
    if (cases_failed == 0 && outcome == "Failed")
        cases_failed = 1 # crashed or timed out before it could say so
    if (cases_passed + cases_failed + cases_skipped == 0) {
        if (outcome == "Skipped")
            cases_skipped = 1
        else
            cases_passed = 1
    }
    passed += cases_passed
    failed += cases_failed
    skipped += cases_skipped
    open = 0
}

function number_before(line, word) {
    return match(line, "[0-9]+ " word) ? substr(line, RSTART, RLENGTH) + 0 : 0
}

function number_after(line, word) {
    return match(line, word " [0-9]+") ? substr(line, RSTART + length(word) + 1) + 0 : 0
}

/^[0-9]+\/[0-9]+ Testing: / {
    finish()
    open = 1
    outcome = "Failed"
    cases_passed = cases_failed = cases_skipped = 0
}
/^Test Passed\.$/ { outcome = "Passed" }
/^Test Failed\.$/ { outcome = "Failed" }
/^Test Skipped\.?$/ || /Skipped/ && /^Test/ { outcome = "Skipped" }

# Criterion: "[====] Synthesis: Tested: 3 | Passing: 3 | Failing: 0 | Crashing: 0"
/Synthesis: Tested: [0-9]+/ {
    cases_passed += number_after($0, "Passing:")
    cases_failed += number_after($0, "Failing:") + number_after($0, "Crashing:")
}
# Our own programs: "# 12 passed, 0 failed, 3 skipped"
/^# [0-9]+ passed, [0-9]+ failed/ {
    cases_passed += number_before($0, "passed")
    cases_failed += number_before($0, "failed")
    cases_skipped += number_before($0, "skipped")
}
# pytest: "== 5 passed, 1 skipped in 0.12s =="
/^(=+ )?[0-9]+ (passed|failed|skipped|error).* in [0-9.]+s/ {
    cases_passed += number_before($0, "passed")
    cases_failed += number_before($0, "failed") + number_before($0, "error")
    cases_skipped += number_before($0, "skipped")
}
# unittest: "Ran 5 tests in 0.1s", then "OK (skipped=1)" or "FAILED (failures=1, errors=2)"
/^Ran [0-9]+ tests? in / { ran = $2 }
/^OK/ && ran {
    n = match($0, /skipped=[0-9]+/) ? substr($0, RSTART + 8, RLENGTH - 8) + 0 : 0
    cases_passed += ran - n
    cases_skipped += n
    ran = 0
}
/^FAILED \(/ && ran {
    n = match($0, /failures=[0-9]+/) ? substr($0, RSTART + 9, RLENGTH - 9) + 0 : 0
    n += match($0, /errors=[0-9]+/) ? substr($0, RSTART + 7, RLENGTH - 7) + 0 : 0
    cases_failed += n
    cases_passed += ran - n
    ran = 0
}

END {
    finish()
    printf "%d passed, %d failed", passed, failed
    if (skipped)
        printf ", %d skipped", skipped
    printf "\n"
}
