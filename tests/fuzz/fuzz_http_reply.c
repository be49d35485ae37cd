/* SPDX-License-Identifier: MIT */
/* All that a server sends in its life, to the HTTP client of our own; the first byte chooses the
 * call. */
#include "bench/operation.h"
#include "bench/protocol.h"
#include "protocols/http/http.h"
#include "tests/fuzz/fuzz.h"

static const char payload[64] = "sent";

static const struct fuzz_call calls[] = {
    {"", NULL, BENCH_OP_PING, NULL, 0, 0},
    {"", "GET /", 0, NULL, 0, 0},
    {"", NULL, BENCH_OP_DOWNLOAD, NULL, 0, 0},
    {"", NULL, BENCH_OP_DOWNLOAD_CHUNKED, NULL, 0, 0},
    {"", NULL, BENCH_OP_ECHO, payload, sizeof(payload), 0},
    {"", NULL, BENCH_OP_UPLOAD_CHUNKED, payload, sizeof(payload), 16},
    {"", NULL, BENCH_OP_COMPUTE, NULL, 0, 0},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    fuzz_client(&http_raw_protocol, &calls[data[0] % BENCH_COUNT_OF(calls)], data + 1, size - 1);
    return 0;
}
