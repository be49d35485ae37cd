#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Each header of the contract, and of the user's library, compiles alone, as a stranger sees it:
# headers.sh CC ROOT
set -euo pipefail

cc=$1
root=$2
failed=0
count=0
for header in "$root"/include/*/*.h; do
    count=$((count + 1))
    # Twice: the guard has to work.
    name=${header#"$root/include/"}
    printf '#include "%s"\n#include "%s"\n' "$name" "$name" |
        "$cc" -std=c17 -D_GNU_SOURCE -Wall -Wextra -Wconversion -Werror -I"$root/include" \
            -fsyntax-only -x c - || failed=$((failed + 1))
done
printf '# %d passed, %d failed, 0 skipped\n' "$((count - failed))" "$failed"
((failed == 0 && count > 0))
