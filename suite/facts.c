/* SPDX-License-Identifier: MIT */
#include "suite/facts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

static void clean(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        const bool blank = (unsigned char)*from <= ' ' || *from == 0x7f;
        if (!blank)
            *to++ = *from;
        else if (to > text && to[-1] != ' ')
            *to++ = ' ';
    }
    while (to > text && to[-1] == ' ')
        to--;
    *to = '\0';
}

static void add(struct bench_facts *facts, const char *name, bool varies, const char *format,
                va_list args) BENCH_PRINTF(4, 0);

static void add(struct bench_facts *facts, const char *name, bool varies, const char *format,
                va_list args)
{
    char value[4200]; /* a kernel's command line has up to 4096 */
    (void)vsnprintf(value, sizeof(value), format, args);
    clean(value);
    if (value[0] == '\0')
        return;
    struct bench_fact *grown = realloc(facts->rows, (facts->n + 1) * sizeof(*grown));
    if (grown == NULL) {
        facts->failed = true;
        return;
    }
    facts->rows = grown;
    struct bench_fact fact = {.name = strdup(name), .value = strdup(value), .varies = varies};
    if (fact.name == NULL || fact.value == NULL) {
        free(fact.name);
        free(fact.value);
        facts->failed = true;
        return;
    }
    grown[facts->n++] = fact;
}

void bench_facts_add(struct bench_facts *facts, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(facts, name, false, format, args);
    va_end(args);
}

void bench_facts_add_varying(struct bench_facts *facts, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(facts, name, true, format, args);
    va_end(args);
}

void bench_facts_fini(struct bench_facts *facts)
{
    for (size_t i = 0; i < facts->n; i++) {
        free(facts->rows[i].name);
        free(facts->rows[i].value);
    }
    free(facts->rows);
    *facts = (struct bench_facts){.n = 0};
}

const char *bench_facts_find(const struct bench_fact *rows, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].value;
    return NULL;
}

void bench_facts_hash(const struct bench_fact *rows, size_t n, char out[17])
{
    XXH3_state_t *state = XXH3_createState();
    out[0] = '\0';
    if (state == NULL || XXH3_64bits_reset(state) != XXH_OK) {
        (void)XXH3_freeState(state);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (rows[i].varies)
            continue;
        (void)XXH3_64bits_update(state, rows[i].name, strlen(rows[i].name));
        (void)XXH3_64bits_update(state, "=", 1);
        (void)XXH3_64bits_update(state, rows[i].value, strlen(rows[i].value));
        (void)XXH3_64bits_update(state, "\n", 1);
    }
    (void)snprintf(out, 17, "%016" PRIx64, (uint64_t)XXH3_64bits_digest(state));
    (void)XXH3_freeState(state);
}

const char *bench_facts_hash_library(void)
{
    static char text[32];
    const unsigned version = XXH_versionNumber();
    (void)snprintf(text, sizeof(text), "xxHash %u.%u.%u", version / 10000, version / 100 % 100,
                   version % 100);
    return text;
}
