/* SPDX-License-Identifier: MIT */
/* The targets of a plan as they stand on the command line. */
#include <stdlib.h>
#include <string.h>

#include "suite/plan.h"
#include "tests/fuzz/fuzz.h"

/* Addresses in figures only: others would be asked of name servers. */
static bool asks_nobody(const char *text)
{
    for (const char *at = text; (at = strstr(at, "://")) != NULL;) {
        at += 3;
        size_t n = strspn(at, "0123456789.");
        if (n == 0 || strchr(":/[,", at[n]) == NULL) /* or the end */
            return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct bench_plan *plan = calloc(1, sizeof(*plan));
    struct bench_error err = {0};
    FUZZ_CHECK(text != NULL && plan != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    if (asks_nobody(text) && bench_plan_add_targets(plan, text, &err) < 0)
        FUZZ_CHECK(err.code < 0 && err.msg[0] != '\0');
    bench_plan_fini(plan);
    free(plan);
    free(text);
    return 0;
}
