#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Builds the example plug-in with the first commands that its manual prints (a block marked "sh"),
# and puts line.so into FOLDER: plugin.sh FILE.md ROOT FOLDER
set -euo pipefail

document=$1
root=$2
export BUILD=$3

commands=$(awk '/^```sh$/ { if (++blocks == 2) exit; inside = 1; next } /^```/ { inside = 0 } inside' \
    "$document")
if [[ -z $commands ]]; then
    printf 'plugin.sh: %s prints no commands\n' "$document" >&2
    exit 1
fi
cd "$root"
bash -euo pipefail -c "$commands"
