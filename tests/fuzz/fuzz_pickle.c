/* SPDX-License-Identifier: MIT */
/* A pickle; what is read must be a tree that can be copied and printed. */
#include "bench/buf.h"
#include "protocols/rpyc/rpyc_pickle.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bench_arena arena;
    struct bench_value value, copy;
    struct bench_error err = {0};
    struct bench_buf text;
    bench_arena_init(&arena, (size_t)256 << 20);
    bench_buf_init(&text, (size_t)1 << 20);
    if (rpyc_pickle_read(&arena, data, size, &value, &err) == 0) {
        if (bench_value_copy(&arena, &value, &copy) == 0 && value.kind != BENCH_SET &&
            value.kind != BENCH_FROZENSET)
            (void)bench_value_equal(&value, &copy);
        (void)bench_value_repr(&value, &text);
    } else {
        FUZZ_CHECK(err.code < 0 && err.msg[0] != '\0');
    }
    bench_buf_fini(&text);
    bench_arena_fini(&arena);
    return 0;
}
