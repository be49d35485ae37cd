#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What the documents tell people to run is there: mentions.sh ROOT PROGRAM. Looks at README.md and
# docs/*.md for `scripts/NAME` and `rpycbench COMMAND`. 77 = skipped, there are no documents yet.
set -euo pipefail

root=$1
program=$2
passed=0
failed=0

check() {
    if "${@:2}" >/dev/null 2>&1 </dev/null; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'not ok - the documents mention %s\n' "$1"
    fi
}

mapfile -t documents < <(find "$root/README.md" "$root/docs" -name '*.md' 2>/dev/null | sort)
if ((${#documents[@]} == 0)); then
    printf '# 0 passed, 0 failed, 1 skipped (no documents)\n'
    exit 77
fi
while read -r script; do
    check "$script" test -x "$root/$script"
done < <(grep -ohE '\bscripts/[a-z][a-z-]*' "${documents[@]}" | sort -u)

# Commands in indented or fenced lines only: prose says "rpycbench is".
while read -r command; do
    check "rpycbench $command" "$program" "$command" --help
done < <(grep -ohE '^( {4}|\$ |(build/[a-z]+/)?rpycbench ).*' "${documents[@]}" |
    grep -oE '\brpycbench [a-z]+' | cut -d' ' -f2 | sort -u)
printf '# %d passed, %d failed, 0 skipped\n' "$passed" "$failed"
((failed == 0))
