/* SPDX-License-Identifier: MIT */
/* All that a client sends in its life, to a session of our server. */
#include "protocols/rpyc/rpyc.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* The same bytes under the other rules, too. */
    fuzz_serve(&rpyc_protocol, "", data, size);
    fuzz_serve(&rpyc_protocol, "policy=strict", data, size);
    return 0;
}
