#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Lets others judge the reports of a profile: a browser opens the page (no message on its console,
# the script has run), promtool reads the metrics, Python reads the trace. What is not installed is
# skipped, and said; with nothing at hand the whole test is (77).
#
#   profile_pages.sh PROFILE_PAGES [DIR]   DIR: pictures of the pages are left there
set -euo pipefail

program=$1
pictures=${2:-}
samples=(empty ping users nested hostile huge)
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
failed=0
judged=0

fail() {
    printf 'FAILED: %s\n' "$*"
    failed=1
}

browser() {
    timeout 100 "$chromium" --headless --no-sandbox --disable-gpu --hide-scrollbars \
        --enable-logging=stderr --user-data-dir="$work/browser" "$@"
}

open_pages() {
    local sample
    for sample in "${samples[@]}"; do
        "$program" "$sample" html >"$work/$sample.html"
        if ! browser --dump-dom "file://$work/$sample.html" >"$work/dom" 2>"$work/log"; then
            fail "$sample.html: the browser did not finish: $(tail -n 3 "$work/log")"
        elif grep -E ':CONSOLE|Uncaught|Refused to' "$work/log"; then
            fail "$sample.html: messages on the console"
        elif ! grep -q '</footer>' "$work/dom"; then
            fail "$sample.html: not whole in the browser"
        elif [[ $sample != empty ]] && ! grep -q '<button type="button">name</button>' "$work/dom"; then
            fail "$sample.html: the script did not run"
        fi
    done
}

# light and dark, wide and narrow
take_pictures() {
    local sample width scheme
    mkdir -p -- "$pictures"
    for sample in users nested hostile; do
        for width in 1400 420; do
            for scheme in 0 1; do
                browser --window-size="$width,3200" --blink-settings=preferredColorScheme="$scheme" \
                    --screenshot="$pictures/$sample-$width-$scheme.png" \
                    "file://$work/$sample.html" >"$work/log" 2>&1 || fail "no picture of $sample"
            done
        done
    done
}

read_metrics() {
    local sample
    for sample in "${samples[@]}"; do
        "$program" "$sample" prometheus >"$work/$sample.prom"
        # It exits 0 with mere complaints.
        if ! promtool check metrics <"$work/$sample.prom" >"$work/log" 2>&1 || [[ -s $work/log ]]; then
            fail "$sample.prom: $(<"$work/log")"
        fi
    done
}

read_trace() {
    local sample
    for sample in "${samples[@]}"; do
        "$program" "$sample" chrome >"$work/$sample.trace.json"
        python3 - "$work/$sample.trace.json" <<'PYTHON' || fail "$sample.trace.json"
import collections, json, sys

trace = json.load(open(sys.argv[1], encoding="utf-8"))
need = {"X": {"ts", "dur", "args"}, "b": {"ts", "id", "cat"}, "e": {"ts", "id", "cat"},
        "s": {"ts", "id", "cat"}, "f": {"ts", "id", "cat", "bp"}, "M": {"args"}}
tracks = collections.defaultdict(list)
pairs = collections.Counter()
named = set()
for event in trace["traceEvents"]:
    phase = event["ph"]
    missing = (need[phase] | {"name", "pid", "tid"}) - set(event)
    assert not missing, (missing, event)
    assert isinstance(event["pid"], int) and isinstance(event["tid"], int), event
    assert event.get("ts", 0) >= 0 and event.get("dur", 0) >= 0, event
    if phase in "be":
        pairs["async", event["cat"], event["id"]] += 1 if phase == "b" else -1
    elif phase in "sf":
        pairs["flow", event["cat"], event["id"]] += 1 if phase == "s" else -1
    elif phase == "X":
        tracks[event["pid"], event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    elif event["name"] == "thread_name":
        named.add((event["pid"], event["tid"]))
assert not any(pairs.values()), pairs
assert set(tracks) <= named, set(tracks) - named
for slices in tracks.values():
    open_ends = []
    for start, end in sorted(slices, key=lambda s: (s[0], -s[1])):
        while open_ends and open_ends[-1] <= start + 1e-6:
            open_ends.pop()
        assert not open_ends or end <= open_ends[-1] + 1e-6, (start, end)
        open_ends.append(end)
PYTHON
    done
}

chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [[ -n $chromium ]]; then
    open_pages
    [[ -z $pictures ]] || take_pictures
    judged=1
else
    echo "skipped: no chromium (scripts/setup --pages)"
fi
if command -v promtool >/dev/null; then
    read_metrics
    judged=1
else
    echo "skipped: no promtool (scripts/setup --pages)"
fi
if command -v python3 >/dev/null; then
    read_trace
    judged=1
else
    echo "skipped: no python3"
fi
((judged)) || exit 77
if ((failed == 0)); then
    echo "pages, metrics and traces are sound"
fi
exit "$failed"
