#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Each lint must be able to fail: feeds every rule a tree that breaks it, and one that does not.
#
#   selftest.sh LINT HEADERS_SCRIPT CC
set -euo pipefail

lint=$1
headers=$2
cc=$3
dir=$(mktemp -d)
trap 'rm -rf -- "$dir"' EXIT
failed=0
passed=0
spdx='/* SPDX-License-Identifier: MIT */'

# try EXPECTED_STATUS RULE FILE CONTENTS: one file in a fresh tree.
try() {
    local expected=$1 rule=$2 file=$3 status=0
    rm -rf -- "${dir:?}/tree"
    mkdir -p -- "$dir/tree/$(dirname "$file")"
    printf '%s\n' "$4" >"$dir/tree/$file"
    "$lint" "$rule" "$dir/tree" >"$dir/output" 2>&1 || status=$?
    if ((status == expected)); then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'not ok - %s on %s: status %d, expected %d\n' "$rule" "$file" "$status" "$expected"
        cat -- "$dir/output"
    fi
}

try 1 names suite/a.c 'static const char *n = "rpyc";'
try 1 names suite/a.c 'static const char *n = "curl";'
try 1 names suite/a.c '#include "protocols/tcp/tcp.h"'
try 1 names suite/deep/a.h 'static const char n[] = "http";'
try 0 names suite/a.c 'static const char *n = "rpycbench"; // "rpyc"'
try 0 names suite/a.c '/* "tcp" */ int tcp; char c = '"'\"'"'; const char *s = "a \"tcp\" b";'
try 0 names suite/main.c '#include "protocols/registry.h"'
try 0 names core/a.c 'static const char *n = "rpyc";'

for name in sprintf strcpy strcat atoi strtok localtime gmtime strerror sleep usleep system popen; do
    try 1 banned core/a.c "void f(void) { $name (x); }"
done
try 0 banned core/a.c 'void f(void) { /* sleep(1) */ snprintf(x); ops->sleep(1); strtok_r(s); }'
try 0 banned core/a.c 'const char *s = "system(1)"; int system;'

try 1 layers core/a.c '#include "suite/x.h"'
try 1 layers core/a.c '#include "service/service.h"'
try 1 layers core/a.c '#include <curl/curl.h>'
try 1 layers core/a.c '  #  include   "stats/hist.h"'
try 1 layers core/a.c '#include "../suite/x.h"'
try 1 layers core/other.c '#include <linux/tcp.h>'
try 1 layers include/bench/a.h '#include "core/proc.h"'
try 1 layers service/a.c '#include "servers/x.h"'
try 1 layers stats/a.c '#include "core/proc.h"'
try 1 layers plots/a.c '#include "suite/result.h"'
try 1 layers protocols/rpyc/a.c '#include "core/proc.h"'
try 1 layers protocols/rpyc/a.c '#include "protocols/http/http.h"'
try 1 layers protocols/rpyc/a.c '#include "service/service.h"'
try 1 layers protocols/rpyc/a.c '#include <event2/event.h>'
try 1 layers servers/accept.c '#include "protocols/registry.h"'
try 1 layers suite/cli.c '#include "protocols/registry.h"'
try 1 layers suite/cli.c '#include "servers/accept.h"'
try 1 layers docs/examples/a.c '#include "core/proc.h"'
try 1 layers attic/a.c '#include <stdio.h>'
try 0 layers core/a.c '#include "bench/conn.h"'
try 0 layers core/tcpinfo.c '#include <linux/tcp.h>'
try 0 layers protocols/inproc/a.c '#include "service/service.h"'
try 0 layers protocols/http/a.c '#include <curl/curl.h>'
try 0 layers protocols/http/a.c '#include "http_codec.h"'
try 0 layers servers/main.c '#include "protocols/registry.h"'
try 0 layers suite/main.c '#include "protocols/registry.h"'
try 0 layers suite/a.c '#include "servers/servers.def"'
try 0 layers tests/unit/a.c '#include <criterion/criterion.h>'

try 1 licence core/a.c 'int x;'
try 1 licence scripts/run '#!/bin/sh'
try 1 licence CMakeLists.txt 'project(x)'
try 0 licence core/a.c "$spdx"
try 0 licence scripts/run $'#!/bin/sh\n# SPDX-License-Identifier: MIT'

lines() { yes 'x();' | head -n "$1"; }
try 1 size core/a.c "$(lines 701)"
try 0 size core/a.c "$(lines 700)"
try 1 functions core/a.c $'int f(void)\n{\n'"$(lines 99)"$'\n}'
try 0 functions core/a.c $'int f(void)\n{\n'"$(lines 98)"$'\n}'
try 0 functions core/a.c $'int table[] = {\n'"$(lines 200)"$'\n};'
try 1 functions core/a.c 'int f(void) {'
try 0 functions core/a.c 'int f(void) { return "}" != "{" ; /* { */ }'
try 0 functions core/a.c "int f(void) { return '{' + '\\'' + '\"'; }"

mkdir -p "$dir/headers/include/bench"
printf 'struct a { size_t n; };\n' >"$dir/headers/include/bench/a.h"
if "$headers" "$cc" "$dir/headers" >/dev/null 2>&1; then
    printf 'not ok - a header that needs another one was accepted\n'
    failed=$((failed + 1))
else
    passed=$((passed + 1))
fi

printf '# %d passed, %d failed, 0 skipped\n' "$passed" "$failed"
((failed == 0))
