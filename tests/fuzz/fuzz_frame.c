/* SPDX-License-Identifier: MIT */
/* RPyC frames one after the other, inflated where they say so. */
#include "protocols/rpyc/rpyc_frame.h"
#include "tests/fuzz/fuzz.h"

#define LIMIT ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rpyc_inflater inflater;
    struct rpyc_frame frame;
    struct bench_error err;
    rpyc_inflater_init(&inflater, LIMIT);
    while (rpyc_frame_parse(data, size, LIMIT, &frame, &err) == 0) {
        const uint8_t *plain;
        size_t n;
        volatile uint8_t seen = 0;
        FUZZ_CHECK(frame.total <= size && frame.length <= LIMIT);
        if (rpyc_frame_plain(&inflater, &frame, &plain, &n, &err) == 0) {
            FUZZ_CHECK(n <= LIMIT);
            for (size_t i = 0; i < n; i++)
                seen = (uint8_t)(seen ^ plain[i]);
        }
        data += frame.total;
        size -= frame.total;
    }
    rpyc_inflater_fini(&inflater);
    return 0;
}
