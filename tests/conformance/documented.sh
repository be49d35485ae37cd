#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Runs the commands that a document prints (its blocks marked "sh"), in order and as one script, from
# the root of the sources: documented.sh FILE.md ROOT BUILD
set -euo pipefail

document=$1
root=$2
export BUILD=$3

commands=$(awk '/^```sh$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$document")
if [[ -z $commands ]]; then
    printf 'documented.sh: %s prints no commands\n' "$document" >&2
    exit 1
fi
cd "$root"
bash -euo pipefail -c "$commands"
