/* SPDX-License-Identifier: MIT */
/* result.json, and behind a NUL what is in result.hist.gz, unpacked or not. */
#include <string.h>

#include "suite/result.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *cut = size == 0 ? NULL : memchr(data, 0, size);
    size_t n = cut == NULL ? size : (size_t)(cut - data);
    struct bench_run *run = NULL;
    struct bench_error err = {0};
    int rc = bench_result_parse((const char *)data, n, cut == NULL ? NULL : cut + 1,
                                cut == NULL ? 0 : size - n - 1, &run, &err);
    if (rc == 0)
        bench_run_free(run);
    else
        FUZZ_CHECK(err.msg[0] != '\0');
    return 0;
}
