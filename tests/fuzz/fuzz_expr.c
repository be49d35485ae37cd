/* SPDX-License-Identifier: MIT */
/* The text of a call as a user writes it. */
#include <stdlib.h>
#include <string.h>

#include "bench/option.h"
#include "bench/protocol.h"
#include "protocols/rpyc/rpyc.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct bench_program *program = NULL;
    struct bench_error err = {0};
    void *options;
    FUZZ_CHECK(text != NULL);
    FUZZ_CHECK(
        bench_options_new(rpyc_protocol.options, rpyc_protocol.options_size, &options, &err) == 0);
    /* The same text in either mode, by turns. */
    FUZZ_CHECK(bench_options_set(rpyc_protocol.options, options, "classic",
                                 size % 2 == 0 ? "on" : "off", &err) == 0);
    memcpy(text, data, size);
    text[size] = '\0';
    const struct bench_spec spec = {.kind = BENCH_SPEC_TEXT, .text = text};
    if (rpyc_protocol.compile(options, &spec, &program, &err) == 0)
        rpyc_protocol.program_free(program);
    else
        FUZZ_CHECK(err.code < 0 && err.msg[0] != '\0');
    bench_options_free(rpyc_protocol.options, options);
    free(text);
    return 0;
}
