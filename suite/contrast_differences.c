/* SPDX-License-Identifier: MIT */
/* What makes two runs different experiments. */
#include <string.h>

#include "render/table.h"
#include "suite/contrast.h"
#include "suite/facts.h"

enum { TEXT_BYTES = 320 };

/* Change nothing about a trial: how many there are, and in which order. */
static const char *const indifferent[] = {
    "command",     "seed",     "repeats",         "quick",    "order of targets", "precision",
    "max-repeats", "max-time", "blocks measured", "ended by", "wider than wanted"};

static bool is_indifferent(const char *name)
{
    for (size_t i = 0; i < sizeof(indifferent) / sizeof(indifferent[0]); i++)
        if (strcmp(indifferent[i], name) == 0)
            return true;
    return false;
}

static void say(FILE *out, const char *what, const char *name, const char *a, const char *b)
{
    char one[TEXT_BYTES], two[TEXT_BYTES], clean[TEXT_BYTES];
    if (out != NULL)
        (void)fprintf(out, "  %s, %s: %s before, %s after\n", what,
                      bench_text_clean(name, clean, sizeof(clean)),
                      bench_text_clean(a != NULL ? a : "unknown", one, sizeof(one)),
                      bench_text_clean(b != NULL ? b : "unknown", two, sizeof(two)));
}

struct list {
    const struct bench_fact *rows;
    size_t n;
};

static size_t compare(const char *what, struct list a, struct list b, FILE *out)
{
    size_t differences = 0;
    for (size_t i = 0; i < a.n; i++) {
        const char *other = bench_facts_find(b.rows, b.n, a.rows[i].name);
        if (a.rows[i].varies || is_indifferent(a.rows[i].name) ||
            (other != NULL && strcmp(other, a.rows[i].value) == 0))
            continue;
        say(out, what, a.rows[i].name, a.rows[i].value, other);
        differences++;
    }
    for (size_t i = 0; i < b.n; i++) {
        if (b.rows[i].varies || is_indifferent(b.rows[i].name) ||
            bench_facts_find(a.rows, a.n, b.rows[i].name) != NULL)
            continue;
        say(out, what, b.rows[i].name, NULL, b.rows[i].value);
        differences++;
    }
    return differences;
}

size_t bench_run_differences(const struct bench_run *a, const struct bench_run *b, FILE *out)
{
    return compare("machine", (struct list){a->environment, a->nenvironment},
                   (struct list){b->environment, b->nenvironment}, out) +
           compare("plan", (struct list){a->plan, a->nplan}, (struct list){b->plan, b->nplan}, out);
}
