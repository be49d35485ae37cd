/* SPDX-License-Identifier: MIT */
#include "suite/gate.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "suite/contrast.h"
#include "suite/workloads.h"

static const struct {
    const char *key, *help;
    int status;
} outcomes[] = {
#define X(id, key, status, help) [BENCH_GATE_##id] = {(key), (help), (status)},
    BENCH_GATE_OUTCOMES(X)
#undef X
};

const char *bench_gate_key(enum bench_gate_outcome outcome) { return outcomes[outcome].key; }
const char *bench_gate_help(enum bench_gate_outcome outcome) { return outcomes[outcome].help; }

/* ---- checks ---- */

struct bench_gate_check *bench_gate_add(struct bench_gate *gate, const struct bench_result *cell)
{
    struct bench_gate_check *grown =
        realloc(gate->checks, (gate->nchecks + 1) * sizeof(*gate->checks));
    if (grown == NULL)
        return NULL;
    gate->checks = grown;
    struct bench_gate_check *check = &grown[gate->nchecks++];
    *check = (struct bench_gate_check){.value = NAN,
                                       .low = NAN,
                                       .high = NAN,
                                       .allowed = NAN,
                                       .before = NAN,
                                       .slowdown = NAN,
                                       .slowdown_low = NAN,
                                       .slowdown_high = NAN};
    if (cell != NULL) {
        (void)bench_text_clean(cell->target->name, check->target, sizeof(check->target));
        bench_contrast_cell(cell, check->cell, sizeof(check->cell));
    }
    return check;
}

int bench_gate_add_note(struct bench_gate *gate, enum bench_gate_outcome outcome, const char *words)
{
    struct bench_gate_check *check = bench_gate_add(gate, NULL);
    if (check == NULL)
        return -ENOMEM;
    check->outcome = outcome;
    (void)snprintf(check->figure, sizeof(check->figure), "the whole run");
    (void)bench_text_clean(words, check->words, sizeof(check->words));
    return 0;
}

void bench_gate_fini(struct bench_gate *gate)
{
    free(gate->checks);
    free(gate->differences);
    *gate = (struct bench_gate){.checks = NULL};
}

enum bench_gate_outcome bench_gate_counts_as(const struct bench_gate *gate,
                                             const struct bench_gate_check *check)
{
    return check->outcome == BENCH_GATE_INCONCLUSIVE ? gate->inconclusive_is : check->outcome;
}

enum bench_gate_outcome bench_gate_outcome(const struct bench_gate *gate)
{
    enum bench_gate_outcome worst = BENCH_GATE_OK;
    size_t counted = 0;
    for (size_t i = 0; i < gate->nchecks; i++) {
        if (gate->checks[i].skipped)
            continue;
        const enum bench_gate_outcome one = bench_gate_counts_as(gate, &gate->checks[i]);
        worst = one > worst ? one : worst;
        counted++;
    }
    return counted == 0 ? BENCH_GATE_ERROR : worst;
}

int bench_gate_exit_status(const struct bench_gate *gate)
{
    return gate->status != 0 ? gate->status : outcomes[bench_gate_outcome(gate)].status;
}

void bench_gate_say(struct bench_gate_check *check, const char *format, ...)
{
    char text[sizeof(check->words)];
    size_t used = strlen(check->words);
    (void)memcpy(text, check->words, used);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text + used, sizeof(text) - used, format, args);
    va_end(args);
    (void)bench_text_clean(text, check->words, sizeof(check->words));
}

void bench_gate_more(size_t needs, char *out, size_t size)
{
    (void)snprintf(out, size, "about %zu more trial%s", needs, needs == 1 ? "" : "s");
}

/* ---- which cells ---- */

/* Whether a list as --target has it, with commas outside of brackets, holds the name. */
static bool list_has(const char *list, const char *name)
{
    const char *begin = list;
    int depth = 0;
    for (const char *c = list;; c++) {
        if (*c == '\0' || (*c == ',' && depth == 0)) {
            const size_t length = (size_t)(c - begin);
            if (length == strlen(name) && memcmp(begin, name, length) == 0)
                return true;
            begin = c + 1;
        }
        if (*c == '\0')
            return false;
        depth += *c == '[' ? 1 : *c == ']' ? -1 : 0;
    }
}

bool bench_gate_filter_has(const struct bench_gate_filter *filter,
                           const struct bench_result *result)
{
    bool target = filter->ntargets == 0, workload = filter->workloads == NULL;
    for (size_t i = 0; i < filter->ntargets && !target; i++)
        target = list_has(filter->targets[i], result->target->name);
    if (!workload) {
        const struct bench_workload *one = bench_workload_find(result->workload);
        workload = one != NULL && filter->workloads[one->id];
    }
    return target && workload;
}

bool bench_gate_is_judged(const struct bench_run *run, const struct bench_result *result)
{
    bool any = false;
    for (size_t i = 0; i < run->nresults; i++)
        any |= run->results[i].target->role == BENCH_ROLE_NORMAL;
    return !any || result->target->role == BENCH_ROLE_NORMAL;
}

int bench_gate_failures(struct bench_gate *gate, const struct bench_run *run,
                        const struct bench_gate_filter *filter)
{
    for (size_t i = 0; i < run->nresults; i++) {
        const struct bench_result *result = &run->results[i];
        char target[256], cell[320];
        bool known = false;
        if (result->status != BENCH_CELL_FAILED || !bench_gate_filter_has(filter, result))
            continue;
        (void)bench_text_clean(result->target->name, target, sizeof(target));
        bench_contrast_cell(result, cell, sizeof(cell));
        for (size_t k = 0; k < gate->nchecks && !known; k++)
            known = gate->checks[k].outcome == BENCH_GATE_ERROR &&
                    strcmp(gate->checks[k].target, target) == 0 &&
                    strcmp(gate->checks[k].cell, cell) == 0;
        struct bench_gate_check *check = known ? NULL : bench_gate_add(gate, result);
        if (known)
            continue;
        if (check == NULL)
            return -ENOMEM;
        check->outcome = BENCH_GATE_ERROR;
        (void)snprintf(check->figure, sizeof(check->figure), "measured at all");
        (void)bench_text_clean(result->reason, check->words, sizeof(check->words));
    }
    return 0;
}
