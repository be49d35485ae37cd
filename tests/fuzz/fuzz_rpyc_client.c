/* SPDX-License-Identifier: MIT */
/* All that a server sends in its life, to our client; the first byte chooses the call. */
#include "bench/operation.h"
#include "bench/protocol.h"
#include "protocols/rpyc/rpyc.h"
#include "tests/fuzz/fuzz.h"

static const char payload[64] = "lent";

static const struct fuzz_call calls[] = {
    {"version=5", "root.echo(1)", 0, NULL, 0, 0},
    {"version=6", "root.echo(1)", 0, NULL, 0, 0},
    {"version=auto", "root.echo('x')", 0, NULL, 0, 0},
    {"version=5,call=cached", "root.echo(1)", 0, NULL, 0, 0},
    {"version=5", NULL, BENCH_OP_DOWNLOAD, NULL, 0, 0},
    {"version=6", NULL, BENCH_OP_ECHO, payload, sizeof(payload), 0},
    {"version=5", NULL, BENCH_OP_UPLOAD_CHUNKED, payload, sizeof(payload), 16},
    {"version=5", NULL, BENCH_OP_DOWNLOAD_CHUNKED, NULL, 0, 0},
    {"version=6", NULL, BENCH_OP_DOWNLOAD_CHUNKED, NULL, 0, 0},
    {"version=5,classic=on", "(modules.os, modules.os, eval('x').y)", 0, NULL, 0, 0},
    {"version=6,classic=on", "modules.os.getcwd()", 0, NULL, 0, 0},
    {"version=5,bind-threads=on", "root.echo(1)", 0, NULL, 0, 0},
    {"version=6,bind-threads=on", NULL, BENCH_OP_NESTED, NULL, 0, 0},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    fuzz_client(&rpyc_protocol, &calls[data[0] % BENCH_COUNT_OF(calls)], data + 1, size - 1);
    return 0;
}
