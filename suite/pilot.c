/* SPDX-License-Identifier: MIT */
#include "suite/pilot.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "render/table.h"
#include "stats/steady.h"
#include "suite/precision.h"
#include "suite/report.h"

#define FACTOR_LEAST 0.25
#define FACTOR_MOST  16
#define SAMPLES_LEAST 20 /* of a trial that is proposed */

/* ---- the course of a trial ---- */

static double seconds(int64_t ns) { return (double)ns / 1e9; }

static double median_of_part(const struct bench_trace_point *points, size_t n)
{
    double *values = calloc(n, sizeof(*values));
    for (size_t i = 0; values != NULL && i < n; i++)
        values[i] = seconds(points[i].response_ns);
    const double median = values != NULL ? bench_median(values, n) : NAN;
    free(values);
    return median;
}

void bench_pilot_divide(struct bench_trial *trial, bool timed)
{
    const struct bench_recording *r = trial->recording;
    if (r == NULL || r->trace.n < 2 * (size_t)BENCH_PILOT_PARTS)
        return;
    double *parts = calloc(BENCH_PILOT_PARTS, sizeof(*parts));
    const size_t each = r->trace.n / BENCH_PILOT_PARTS;
    int64_t since = r->first_start;
    for (size_t p = 0; parts != NULL && p < BENCH_PILOT_PARTS; p++) {
        const struct bench_trace_point *points = &r->trace.points[p * each];
        const int64_t until = points[each - 1].done_ns;
        parts[p] = timed ? median_of_part(points, each)
                         : (double)(each * r->trace.stride) / fmax(1e-9, seconds(until - since));
        since = until;
    }
    trial->parts = parts;
    trial->nparts = parts != NULL ? BENCH_PILOT_PARTS : 0;
}

/* ---- a cell ---- */

/* The option by which the samples of a cell are changed, and where its value is. */
struct count {
    const char *name;
    size_t offset;
};

static const struct count counts[] = {
#define X(member, name, type, normal, quick, min, max, help)                                       \
    {(name), offsetof(struct bench_plan, member)},
    BENCH_PLAN_NUMBERS(X)
#undef X
};

static int64_t value_of(const struct bench_plan *plan, const struct count *count)
{
    int64_t value;
    memcpy(&value, (const char *)plan + count->offset, sizeof(value));
    return value;
}

static const struct count *count_of(const struct bench_plan *plan, const struct bench_result *r)
{
    const struct bench_workload *workload = bench_workload_find(r->workload);
    const size_t offset = plan->duration_ns > 0 ? offsetof(struct bench_plan, duration_ns)
                          : workload != NULL    ? workload->count_offset
                                                : 0;
    for (size_t i = 0; i < BENCH_COUNT_OF(counts); i++)
        if (counts[i].offset == offset)
            return &counts[i];
    return NULL;
}

/* What the good trials cost on average, and how far their samples may be stretched. */
static void add_costs(const struct bench_plan *plan, const struct bench_result *r,
                      struct bench_pilot *out)
{
    double n = 0, wall = 0, samples = 0, beside = 0;
    bool cut = false;
    for (size_t t = 0; t < r->ntrials; t++) {
        const struct bench_trial *trial = &r->trials[t];
        if (!bench_trial_is_good(trial))
            continue;
        n++;
        wall += trial->resources.wall_s;
        samples += (double)trial->recording->succeeded;
        beside += trial->beside_s + trial->start_s;
        cut |= trial->budget_cut;
    }
    out->samples = samples / n;
    out->sample_s = wall / fmax(1, samples);
    out->trial_s = beside / n;
    out->least = out->most = 1;
    if (out->parts == 0 || cut)
        return;
    const double budget = seconds(plan->budget_ns) / fmax(1e-9, wall / n);
    out->least = fmin(1, fmax(FACTOR_LEAST, SAMPLES_LEAST / out->samples));
    out->most = plan->duration_ns > 0 ? FACTOR_MOST : fmax(1, fmin(FACTOR_MOST, budget));
}

bool bench_pilot_cell(const struct bench_plan *plan, const struct bench_result *result,
                      struct bench_pilot *out)
{
    const struct bench_metric *metric = bench_precision_metric(result);
    double *figures = calloc(result->ntrials + 1, sizeof(*figures));
    double *parts = calloc(result->ntrials * BENCH_PILOT_PARTS + 1, sizeof(*parts));
    size_t n = 0, divided = 0;
    for (size_t t = 0; figures != NULL && parts != NULL && t < result->ntrials; t++) {
        const struct bench_trial *trial = &result->trials[t];
        const double figure =
            bench_trial_is_good(trial) ? bench_metric_of_trial(metric, result, trial) : NAN;
        if (isnan(figure))
            continue;
        if (trial->nparts == BENCH_PILOT_PARTS && count_of(plan, result) != NULL)
            memcpy(&parts[BENCH_PILOT_PARTS * divided++], trial->parts,
                   BENCH_PILOT_PARTS * sizeof(*parts));
        figures[n++] = figure;
    }
    const bool known = figures != NULL && parts != NULL &&
                       bench_pilot_of(figures, parts, n, divided == n ? BENCH_PILOT_PARTS : 0, out);
    if (known)
        add_costs(plan, result, out);
    free(figures);
    free(parts);
    return known;
}

/* ---- all cells ---- */

struct proposal {
    struct bench_pilot *cells; /* of run->results; trials = 0: not known */
    size_t ncells, nunknown;
    double factors[BENCH_COUNT_OF(counts)]; /* of each option; 0 = no cell has it */
    size_t trials;                          /* 0: not enough */
    double seconds;
};

static void add_unit(char *out, size_t size, const struct bench_plan *plan,
                     const struct count *count, double factor)
{
    const double value = (double)value_of(plan, count) * factor;
    if (count->offset == offsetof(struct bench_plan, duration_ns))
        (void)snprintf(out, size, "%s",
                       bench_format_duration_exact((int64_t)ceil(value / 1e7) * 10000000).s);
    else
        (void)snprintf(out, size, "%.0f", ceil(value - 1e-9));
}

/* Whether a cell before this one ran on the same server, whose start is paid once. */
static bool is_paid(const struct bench_run *run, size_t index)
{
    const struct bench_trial *first = &run->results[index].trials[0];
    for (size_t k = 0; k < index; k++) {
        const struct bench_result *other = &run->results[k];
        if (other->ntrials > 0 && other->trials[0].block == first->block &&
            other->trials[0].order == first->order)
            return true;
    }
    return false;
}

/* Trials for all cells with those factors, and what they take. */
static void price(struct proposal *p, const struct bench_plan *plan, const struct bench_run *run,
                  double wanted)
{
    size_t trials = 0;
    double each = 0;
    bool enough = true;
    for (size_t r = 0; r < p->ncells; r++) {
        const struct bench_result *result = &run->results[r];
        const struct count *count = count_of(plan, result);
        const double factor = count != NULL ? p->factors[count - counts] : 1;
        const struct bench_trial *first = result->ntrials > 0 ? &result->trials[0] : NULL;
        if (first == NULL)
            continue;
        const double again = is_paid(run, r) ? first->start_s : 0;
        if (p->cells[r].trials == 0) {
            each += first->start_s + first->beside_s + first->resources.wall_s * factor - again;
        } else {
            const size_t needs = bench_design_trials(&p->cells[r], factor, wanted);
            enough &= needs > 0;
            trials = needs > trials ? needs : trials;
            each += bench_design_seconds(&p->cells[r], 1, factor) - again;
        }
    }
    p->trials = enough ? trials : 0;
    p->seconds = (double)p->trials * each;
}

/* Each option as its neediest cell wants it, or all as they are: whichever is cheaper. */
static int propose(const struct bench_plan *plan, const struct bench_run *run, double wanted,
                   struct proposal *out)
{
    *out = (struct proposal){.ncells = run->nresults};
    out->cells = calloc(run->nresults + 1, sizeof(*out->cells));
    if (out->cells == NULL)
        return -ENOMEM;
    struct proposal plain = {.cells = out->cells, .ncells = out->ncells};
    for (size_t r = 0; r < run->nresults; r++) {
        const struct bench_result *result = &run->results[r];
        const struct count *count = count_of(plan, result);
        if (result->ntrials == 0)
            continue;
        if (count != NULL)
            plain.factors[count - counts] = 1;
        if (!bench_precision_watches(run, result) ||
            !bench_pilot_cell(plan, result, &out->cells[r])) {
            out->cells[r].trials = 0;
            out->nunknown++;
        } else if (count != NULL) {
            double *factor = &out->factors[count - counts];
            *factor = fmax(*factor, bench_design_cheapest(&out->cells[r], wanted).factor);
        }
    }
    for (size_t i = 0; i < BENCH_COUNT_OF(counts); i++)
        if (!(out->factors[i] > 0))
            out->factors[i] = plain.factors[i];
    plain.nunknown = out->nunknown;
    price(out, plan, run, wanted);
    price(&plain, plan, run, wanted);
    if (plain.trials > 0 && (out->trials == 0 || plain.seconds <= out->seconds))
        *out = plain;
    return 0;
}

/* ---- text ---- */

static void share_cell(struct bench_table *table, double variance)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%.2g %%", 100 * sqrt(variance));
    bench_table_cell(table, isnan(variance) ? NULL : text);
}

static void put_cell(struct bench_table *table, const struct bench_plan *plan,
                     const struct bench_result *result, const struct bench_pilot *pilot,
                     double wanted)
{
    const struct bench_metric *metric = bench_precision_metric(result);
    const struct bench_design design = bench_design_cheapest(pilot, wanted);
    const struct count *count = count_of(plan, result);
    char text[400], amount[40] = "";
    bench_table_row(table);
    bench_table_cell(table, result->workload);
    bench_table_cell(table, result->target->name);
    bench_table_cell(table, metric->title);
    bench_table_cell(table, bench_metric_text(metric, pilot->median).s);
    share_cell(table, pilot->levels.process);
    share_cell(table, pilot->parts > 0 ? pilot->levels.within / (double)pilot->parts : NAN);
    if (count != NULL)
        add_unit(amount, sizeof(amount), plan, count, design.factor);
    if (design.trials == 0)
        (void)snprintf(text, sizeof(text), "more than --repeats %d", BENCH_DESIGN_MOST);
    else
        (void)snprintf(text, sizeof(text), "--repeats %zu%s%s %s", design.trials,
                       count != NULL ? " --" : "", count != NULL ? count->name : "", amount);
    bench_table_cell(table, text);
    bench_table_cell(table, design.trials == 0 ? NULL : bench_format_seconds(design.seconds).s);
}

static int put_table(FILE *out, const struct bench_plan *plan, const struct bench_run *run,
                     const struct proposal *p, double wanted)
{
    struct bench_table *table = bench_table_new();
    if (table == NULL)
        return -ENOMEM;
    bench_table_column(table, "workload", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "target", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "figure", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "median", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "between\nprocesses", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "within\na trial", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "cheapest for this cell", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "takes", BENCH_ALIGN_RIGHT, 0);
    size_t rows = 0;
    for (size_t r = 0; r < p->ncells; r++) {
        if (p->cells[r].trials == 0)
            continue;
        put_cell(table, plan, &run->results[r], &p->cells[r], wanted);
        rows++;
    }
    const int rc = rows > 0 ? bench_table_write(table, out) : 0;
    bench_table_free(table);
    return rc;
}

/* Whether a word sets an option that the proposal replaces; *with_value: the next word is its. */
static bool is_replaced(const char *word, const struct proposal *p, bool *with_value)
{
    *with_value = false;
    if (strcmp(word, "--pilot") == 0)
        return true;
    if (strncmp(word, "--", 2) != 0)
        return false;
    const size_t length = strcspn(word + 2, "=");
    *with_value = word[2 + length] == '\0';
    static const char *const others[] = {"repeats", "precision", "max-repeats", "max-time"};
    for (size_t i = 0; i < BENCH_COUNT_OF(others); i++)
        if (strlen(others[i]) == length && strncmp(word + 2, others[i], length) == 0)
            return true;
    for (size_t i = 0; i < BENCH_COUNT_OF(counts); i++)
        if (p->factors[i] > 0 && strlen(counts[i].name) == length &&
            strncmp(word + 2, counts[i].name, length) == 0)
            return true;
    *with_value = false;
    return false;
}

static void put_word(FILE *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_=+,./:@%";
    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        (void)fprintf(out, " %s", word);
        return;
    }
    (void)fputs(" '", out);
    for (const char *c = word; *c != '\0'; c++) {
        if (*c == '\'')
            (void)fputs("'\\'", out);
        (void)fputc(*c, out);
    }
    (void)fputc('\'', out);
}

static void put_command(FILE *out, const struct bench_plan *plan, const struct proposal *p, int argc,
                        char **argv)
{
    (void)fputs("  rpycbench", out);
    for (int i = 0; i < argc; i++) {
        bool with_value;
        if (!is_replaced(argv[i], p, &with_value))
            put_word(out, argv[i]);
        else
            i += with_value;
    }
    (void)fprintf(out, " --repeats %zu", p->trials);
    for (size_t i = 0; i < BENCH_COUNT_OF(counts); i++) {
        char amount[40];
        if (!(p->factors[i] > 0))
            continue;
        add_unit(amount, sizeof(amount), plan, &counts[i], p->factors[i]);
        (void)fprintf(out, " --%s %s", counts[i].name, amount);
    }
    (void)fputc('\n', out);
}

int bench_pilot_print(FILE *out, const struct bench_plan *plan, const struct bench_run *run,
                      int argc, char **argv)
{
    const double wanted = plan->precision > 0 ? plan->precision : BENCH_PILOT_WANTED;
    struct proposal p;
    int rc = propose(plan, run, wanted, &p);
    if (rc < 0)
        return rc;
    (void)fprintf(out, "for 95 %% intervals that are %.3g %% of their median wide:\n\n",
                  100 * wanted);
    rc = put_table(out, plan, run, &p, wanted);
    const int minutes = (int)fmin(p.seconds / 60, 1e6), rest = (int)fmod(p.seconds, 60);
    if (rc == 0 && p.nunknown > 0)
        (void)fprintf(out,
                      "\n%zu cells are left out: floors and rulers, client-bound, invalid, or "
                      "measured in fewer than three trials\n",
                      p.nunknown);
    if (rc == 0 && p.trials > 0) {
        (void)fprintf(out,
                      "\nboth columns of variation are shares of the median. All of these cells "
                      "together, about %d:%02d minutes:\n\n",
                      minutes, rest);
        put_command(out, plan, &p, argc, argv);
        (void)fprintf(out,
                      "\nIn at least nine of ten such runs every single interval is that narrow; "
                      "--precision %.3g%% instead of --repeats stops as soon as all are.\n",
                      100 * wanted);
    } else if (rc == 0) {
        (void)fprintf(out, "\nno proposal: %s\n",
                      p.ncells == 0 ? "nothing was measured"
                                    : "either no cell could be measured in three trials, or they "
                                      "differ too much for this width; try a longer pilot "
                                      "(--repeats) or a wider interval (--precision)");
    }
    free(p.cells);
    return rc;
}
