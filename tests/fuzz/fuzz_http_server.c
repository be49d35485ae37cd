/* SPDX-License-Identifier: MIT */
/* All that a client sends in its life, to a session of our server. */
#include "bench/session.h"
#include "protocols/http/http.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_serve(http_protocol.server, data, size);
    return 0;
}
