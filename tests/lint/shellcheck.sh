#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Runs the checker of shell programs on all of ours: shellcheck.sh ROOT. 77 = there is none here.
set -euo pipefail

root=$1
if ! command -v shellcheck >/dev/null; then
    printf '# 0 passed, 0 failed, 1 skipped (no shellcheck here)\n'
    exit 77
fi
mapfile -t scripts < <(grep -rlIE --exclude-dir=build --exclude-dir=.git --exclude-dir=out \
    '^#!.*(bash|/sh|env sh)' "$root" | sort)
failed=0
for script in "${scripts[@]}"; do
    # Only where the first line says so; others quote one.
    if head -n 1 -- "$script" | grep -qE '^#!.*(bash|/sh|env sh)'; then
        shellcheck --external-sources -- "$script" || failed=$((failed + 1))
    fi
done
printf '# %d passed, %d failed, 0 skipped\n' "$((${#scripts[@]} - failed))" "$failed"
((failed == 0))
