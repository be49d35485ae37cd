/* SPDX-License-Identifier: MIT */
/* A value in brine; what is read must survive being written and read again. */
#include "protocols/rpyc/rpyc_value.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bench_arena arena;
    struct bench_value value, again;
    struct bench_error err;
    struct bench_buf buf;
    bench_arena_init(&arena, (size_t)64 << 20);
    bench_buf_init(&buf, (size_t)16 << 20);
    if (rpyc_load(&arena, data, size, &value, &err) == 0) {
        FUZZ_CHECK(rpyc_dumpable(&value));
        FUZZ_CHECK(rpyc_dump(&buf, &value) == 0);
        FUZZ_CHECK(bench_buf_length(&buf) <= size); /* the canonical form is the shortest */
        FUZZ_CHECK(rpyc_load(&arena, bench_buf_head(&buf), bench_buf_length(&buf), &again, &err) ==
                   0);
        FUZZ_CHECK(bench_value_equal(&value, &again));
        bench_buf_clear(&buf);
        (void)bench_value_repr(&value, &buf);
    }
    bench_buf_fini(&buf);
    bench_arena_fini(&arena);
    return 0;
}
