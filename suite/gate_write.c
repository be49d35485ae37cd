/* SPDX-License-Identifier: MIT */
/* A gate as text for the log of a job, as Markdown and as JSON. */
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/json.h"
#include "render/table.h"
#include "suite/gate.h"

/* From what has to be read first. */
static const enum bench_gate_outcome worst_first[] = {BENCH_GATE_ERROR, BENCH_GATE_INVALID,
                                                      BENCH_GATE_REGRESSED, BENCH_GATE_INCONCLUSIVE,
                                                      BENCH_GATE_OK};

/* Those that were looked at. */
static size_t count(const struct bench_gate *gate, enum bench_gate_outcome outcome)
{
    size_t n = 0;
    for (size_t i = 0; i < gate->nchecks; i++)
        n += !gate->checks[i].skipped && gate->checks[i].outcome == outcome;
    return n;
}

/* "2 regressed, 4 ok" */
static void say_counts(const struct bench_gate *gate, FILE *out)
{
    bool any = false;
    for (size_t i = 0; i < BENCH_COUNT_OF(worst_first); i++) {
        const size_t n = count(gate, worst_first[i]);
        if (n > 0)
            (void)fprintf(out, "%s%zu %s", any ? ", " : "", n, bench_gate_key(worst_first[i]));
        any |= n > 0;
    }
    if (!any)
        (void)fputs("nothing was checked", out);
}

static const char *label(const struct bench_gate_check *check)
{
    return check->skipped    ? "skipped"
           : check->improved ? "improved"
                             : bench_gate_key(check->outcome);
}

static const char *about_batches(const struct bench_gate *gate)
{
    if (isnan(gate->tolerance))
        return NULL;
    if (!gate->live)
        return "A saved result cannot be measured again: what regressed was not tried a second "
               "time.";
    if (gate->again)
        return "What was worse than the baseline was measured a second time at once, and counts "
               "only "
               "if it was worse again.";
    return NULL;
}

/* ---- text ---- */

static void write_check(const struct bench_gate_check *check, FILE *out)
{
    (void)fprintf(out, "%-12s  %s%s%s%s%s\n              %s\n", label(check), check->target,
                  check->target[0] != '\0' ? ", " : "", check->cell,
                  check->cell[0] != '\0' ? ": " : "", check->figure, check->words);
}

int bench_gate_write_text(const struct bench_gate *gate, FILE *out)
{
    const enum bench_gate_outcome outcome = bench_gate_outcome(gate);
    char shout[32];
    (void)snprintf(shout, sizeof(shout), "%s", bench_gate_key(outcome));
    for (char *c = shout; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
    (void)fprintf(out, "rpycbench gate: %s (", shout);
    say_counts(gate, out);
    (void)fprintf(out, "): %s\n", gate->nchecks == 0 ? "not measured" : bench_gate_help(outcome));
    for (size_t i = 0; i < BENCH_COUNT_OF(worst_first); i++)
        for (size_t k = 0; k < gate->nchecks; k++)
            if (!gate->checks[k].skipped && gate->checks[k].outcome == worst_first[i])
                write_check(&gate->checks[k], out);
    for (size_t k = 0; k < gate->nchecks; k++)
        if (gate->checks[k].skipped)
            write_check(&gate->checks[k], out);
    if (gate->differences != NULL)
        (void)fprintf(out, "\nthe baseline differs in:\n%s", gate->differences);
    (void)fputc('\n', out);
    if (about_batches(gate) != NULL)
        (void)fprintf(out, "%s\n", about_batches(gate));
    if (gate->environment[0] != '\0')
        (void)fprintf(out, "measured on: %s\n", gate->environment);
    if (gate->command[0] != '\0')
        (void)fprintf(out, "again:       %s\n", gate->command);
    (void)fprintf(out, "exit status: %d\n", bench_gate_exit_status(gate));
    return ferror(out) ? -EIO : 0;
}

/* ---- Markdown ---- */

static int write_table(const struct bench_gate *gate, FILE *out)
{
    static const char *const heads[] = {"outcome", "target", "cell", "figure", "found"};
    struct bench_table *table = bench_table_new();
    if (table == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < BENCH_COUNT_OF(heads); i++)
        bench_table_column(table, heads[i], BENCH_ALIGN_LEFT, 0);
    for (size_t i = 0; i < BENCH_COUNT_OF(worst_first); i++) {
        for (size_t k = 0; k < gate->nchecks; k++) {
            const struct bench_gate_check *check = &gate->checks[k];
            if (check->outcome != worst_first[i])
                continue;
            bench_table_row(table);
            bench_table_cell(table, label(check));
            bench_table_cell(table, check->target);
            bench_table_cell(table, check->cell);
            bench_table_cell(table, check->figure);
            bench_table_cell(table, check->words);
        }
    }
    int rc = bench_table_write_markdown(table, out);
    bench_table_free(table);
    return rc;
}

/* Between backquotes nothing is special but they themselves. */
static void write_code(FILE *out, const char *text)
{
    (void)fputc('`', out);
    for (const char *c = text; *c != '\0'; c++)
        (void)fputc(*c == '`' ? '\'' : *c, out);
    (void)fputc('`', out);
}

int bench_gate_write_markdown(const struct bench_gate *gate, FILE *out)
{
    const enum bench_gate_outcome outcome = bench_gate_outcome(gate);
    (void)fprintf(out, "## rpycbench gate: %s\n\n", bench_gate_key(outcome));
    say_counts(gate, out);
    (void)fprintf(out, "; exit status %d: %s.\n\n", bench_gate_exit_status(gate),
                  gate->nchecks == 0 ? "not measured" : bench_gate_help(outcome));
    int rc = gate->nchecks == 0 ? 0 : write_table(gate, out);
    if (rc < 0)
        return rc;
    if (gate->differences != NULL) {
        (void)fputs("\nThe baseline differs in:\n\n", out);
        const char *line = gate->differences;
        while (*line != '\0') {
            char one[1100];
            const size_t n = strcspn(line, "\n");
            (void)snprintf(one, sizeof(one), "%.*s", (int)(n < 1000 ? n : 1000),
                           line + strspn(line, " "));
            one[strcspn(one, "\n")] = '\0';
            (void)fputs("- ", out);
            bench_markdown_text(out, one);
            (void)fputc('\n', out);
            line += n + (line[n] == '\n');
        }
    }
    (void)fputc('\n', out);
    if (about_batches(gate) != NULL)
        (void)fprintf(out, "%s\n\n", about_batches(gate));
    if (gate->environment[0] != '\0') {
        (void)fputs("Measured on: ", out);
        bench_markdown_text(out, gate->environment);
        (void)fputs("\n\n", out);
    }
    if (gate->command[0] != '\0') {
        (void)fputs("Again: ", out);
        write_code(out, gate->command);
        (void)fputs("\n\n", out);
    }
    return ferror(out) ? -EIO : 0;
}

/* ---- JSON ---- */

static json_t *check_json(const struct bench_gate *gate, const struct bench_gate_check *check)
{
    return json_pack(
        "{s:s,s:s,s:b,s:b,s:s,s:s,s:s?,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:{s:o,s:o,s:o},s:I,s:I}",
        "outcome", bench_gate_key(check->outcome), "counts_as",
        bench_gate_key(bench_gate_counts_as(gate, check)), "skipped", (int)check->skipped,
        "improved", (int)check->improved, "target", check->target, "cell", check->cell, "metric",
        check->metric != NULL ? check->metric->key : NULL, "figure", check->figure, "words",
        check->words, "value", bench_json_real(check->value), "low", bench_json_real(check->low),
        "high", bench_json_real(check->high), "limit", bench_json_real(check->allowed), "baseline",
        bench_json_real(check->before), "slowdown", "estimate", bench_json_real(check->slowdown),
        "low", bench_json_real(check->slowdown_low), "high", bench_json_real(check->slowdown_high),
        "trials", (json_int_t)check->trials, "more_trials_needed", (json_int_t)check->needs);
}

int bench_gate_write_json(const struct bench_gate *gate, FILE *out)
{
    json_t *checks = json_array(), *differences = json_array();
    bool failed = checks == NULL || differences == NULL;
    for (size_t i = 0; i < gate->nchecks; i++)
        failed |= json_array_append_new(checks, check_json(gate, &gate->checks[i])) != 0;
    for (const char *line = gate->differences; line != NULL && *line != '\0';) {
        const size_t n = strcspn(line, "\n"), blank = strspn(line, " ");
        failed |= json_array_append_new(differences, json_stringn(line + blank, n - blank)) != 0;
        line += n + (line[n] == '\n');
    }
    json_t *whole = json_pack(
        "{s:s,s:s,s:i,s:o,s:b,s:b,s:s,s:s,s:o,s:o}", "schema", "rpycbench-gate-1", "outcome",
        bench_gate_key(bench_gate_outcome(gate)), "exit_status", bench_gate_exit_status(gate),
        "tolerance", bench_json_real(gate->tolerance), "live", (int)gate->live, "second_batch",
        (int)gate->again, "command", gate->command, "environment", gate->environment, "differences",
        differences, "checks", checks);
    if (whole == NULL || failed) {
        json_decref(whole);
        return -ENOMEM;
    }
    int rc = json_dumpf(whole, out, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) == 0 ? 0 : -EIO;
    (void)fputc('\n', out);
    json_decref(whole);
    return rc;
}
