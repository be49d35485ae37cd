/* SPDX-License-Identifier: MIT */
/*
 * What is said about two cells: an effect over trials, its interval and a verdict, in words. Every
 * figure beside them is of the pooled trials.
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "suite/report_duel.h"

/* One core and what the server's other threads use besides. */
#define ONE_CORE   1.2
#define NAME_BYTES 320
/* More trials than that are as good as none. */
#define NEEDS_SHOWN 999

static const struct bench_phrasing {
    const char *workload; /* NULL: any other */
    unsigned pairs;
    const char *verb, *how;  /* "A answers 2.1x faster than B" */
    const char *does, *what; /* "A does 1.8x the work of B" */
    bool cores;              /* of a pair of modes: say how many cores each used */
} phrasings[] = {
    {"connection", BENCH_PAIR_PROTOCOL | BENCH_PAIR_MODE, "gives its first answer", "sooner",
     "opens", "connections", false},
    {"latency", BENCH_PAIR_PROTOCOL | BENCH_PAIR_VARIANT | BENCH_PAIR_SERVER | BENCH_PAIR_CLIENT,
     "answers", "faster", "serves", "requests", false},
    {"concurrent", BENCH_PAIR_PROTOCOL | BENCH_PAIR_MODE | BENCH_PAIR_SERVER | BENCH_PAIR_CLIENT,
     "answers", "faster", "serves", "requests", false},
    {"cpu", BENCH_PAIR_PROTOCOL | BENCH_PAIR_MODE, "answers", "faster", "does", "work", true},
    {"io", BENCH_PAIR_PROTOCOL | BENCH_PAIR_MODE, "answers", "faster", "does", "work", false},
    {"netref", BENCH_PAIR_PROTOCOL, "answers", "faster", "serves", "requests", false},
    {"bandwidth", BENCH_PAIR_PROTOCOL, "answers", "faster", "moves", "bytes per second", false},
    {"transfer", BENCH_PAIR_PROTOCOL, "answers", "faster", "moves", "bytes per second", false},
    {NULL, BENCH_PAIR_PROTOCOL | BENCH_PAIR_MODE, "answers", "faster", "serves", "requests", false},
};

const struct bench_phrasing *bench_phrasing_find(const char *workload)
{
    const struct bench_phrasing *phrasing = phrasings;
    while (phrasing->workload != NULL && strcmp(phrasing->workload, workload) != 0)
        phrasing++;
    return phrasing;
}

unsigned bench_phrasing_pairs(const struct bench_phrasing *phrasing) { return phrasing->pairs; }

bool bench_duel_is_judged(const struct bench_duel *duel)
{
    return duel->telling == BENCH_TELL_VERDICT || duel->telling == BENCH_TELL_SHARE ||
           duel->telling == BENCH_TELL_WAYS;
}

bool bench_duel_is_of_protocols(const struct bench_duel *duel)
{
    return duel->kind == BENCH_PAIR_PROTOCOL || duel->kind == BENCH_PAIR_VARIANT;
}

bool bench_duel_is_of_programs(const struct bench_duel *duel)
{
    return bench_duel_is_of_protocols(duel) && bench_target_is_program(duel->a.result->target);
}

/* ---- a sentence under construction ---- */

struct saying {
    struct bench_run *run;
    const struct bench_duel *duel;
    char a[NAME_BYTES], b[NAME_BYTES]; /* names */
    enum bench_verdict verdict;        /* of judged ones */
    double ratio;                      /* to be kept; NaN where none may be shown */
};

static const char *metric_name(const struct bench_duel *duel)
{
    if (duel->measure != BENCH_BY_TIME)
        return duel->measure == BENCH_BY_RATE ? "throughput" : "bandwidth";
    return duel->group->view.series == BENCH_SERIES_RESPONSE ? "response p50" : "first answer p50";
}

static struct bench_verdict_rules rules_of(const struct bench_duel *duel)
{
    struct bench_verdict_rules rules = BENCH_VERDICT_RULES;
    rules.margin = BENCH_DUEL_MARGIN;
    rules.floor = duel->floor;
    return rules;
}

/* What a comparison rests on. */
static void put_evidence(const struct saying *saying, struct bench_comparison *out)
{
    const struct bench_effect *effect = &saying->duel->effect;
    const struct bench_verdict_rules rules = rules_of(saying->duel);
    const bool equivalent = saying->verdict == BENCH_VERDICT_EQUIVALENT;
    const struct bench_bounds *bounds = equivalent ? &effect->ratio90 : &effect->ratio;
    out->low = bounds->low;
    out->high = bounds->high;
    out->confidence = isnan(bounds->low) ? NAN : equivalent ? 0.9 : 0.95;
    out->p = saying->duel->few ? NAN : effect->adjusted;
    out->floor = saying->duel->floor;
    out->trials = effect->na < effect->nb ? effect->na : effect->nb;
    if (saying->verdict == BENCH_VERDICT_CANNOT_TELL && out->trials > 1)
        out->needs = bench_effect_needs(effect, &rules);
}

/* "cpu, 8 clients: as protocols, ": whom it is about. */
static void frame_text(const struct bench_duel *duel, char *out, size_t size)
{
    char subject[256], frame[160] = "";
    bench_group_subject(duel->group, subject, sizeof(subject));
    if (bench_duel_is_of_protocols(duel))
        (void)bench_pair_frame(duel->a.result->target, duel->b.result->target, frame,
                               sizeof(frame));
    (void)snprintf(out, size, "%s: %s%s", subject, frame, frame[0] != '\0' ? ", " : "");
}

static int say(const struct saying *saying, const char *verdict, const char *format, ...)
    BENCH_PRINTF(3, 4);

/* Appends a comparison. 0 or -ENOMEM. */
static int say(const struct saying *saying, const char *verdict, const char *format, ...)
{
    const struct bench_duel *duel = saying->duel;
    struct bench_run *run = saying->run;
    struct bench_comparison *list =
        realloc(run->comparisons, (run->ncomparisons + 1) * sizeof(*list));
    if (list == NULL)
        return -ENOMEM;
    run->comparisons = list;
    struct bench_comparison *comparison = &list[run->ncomparisons];
    *comparison = (struct bench_comparison){
        .workload = strdup(duel->a.result->workload),
        .a = duel->a.result,
        .b = duel->b.result,
        .metric = strdup(metric_name(duel)),
        .a_value = duel->a.value,
        .b_value = duel->b.value,
        .ratio = saying->ratio,
        .low = NAN,
        .high = NAN,
        .confidence = NAN,
        .p = NAN,
        .floor = NAN,
        .verdict = strdup(verdict),
    };
    if (bench_duel_is_judged(duel))
        put_evidence(saying, comparison);
    char frame[420], *tail = NULL;
    frame_text(duel, frame, sizeof(frame));
    va_list args;
    va_start(args, format);
    int n = vasprintf(&tail, format, args);
    va_end(args);
    if (n < 0)
        tail = NULL;
    if (tail == NULL || asprintf(&comparison->sentence, "%s%s", frame, tail) < 0)
        comparison->sentence = NULL;
    free(tail);
    run->ncomparisons++; /* also when incomplete: bench_run_free then frees it */
    bool whole = comparison->workload != NULL && comparison->metric != NULL &&
                 comparison->verdict != NULL && comparison->sentence != NULL;
    return whole ? 0 : -ENOMEM;
}

/* ---- figures as text ---- */

static struct bench_text value_text(const struct bench_duel *duel, const struct bench_side *side)
{
    if (duel->measure != BENCH_BY_BYTES)
        return duel->measure == BENCH_BY_TIME ? bench_format_seconds(side->value)
                                              : bench_format_rate(side->value);
    struct bench_text text = bench_format_size(side->value), out;
    (void)snprintf(out.s, sizeof(out.s), "%.24s/s", text.s);
    return out;
}

/* "0.24 ms against 0.51 ms" and for modes of a CPU-bound workload the cores. */
static void figures_text(const struct bench_duel *duel, char *out, size_t size)
{
    int n = snprintf(out, size, "%s against %s", value_text(duel, &duel->a).s,
                     value_text(duel, &duel->b).s);
    bool cores = duel->kind == BENCH_PAIR_MODE && duel->phrasing->cores && !isnan(duel->a.cores) &&
                 !isnan(duel->b.cores);
    if (cores && n > 0 && (size_t)n < size)
        (void)snprintf(out + n, size - (size_t)n, ", %s cores against %s",
                       bench_format_number(duel->a.cores, 2).s,
                       bench_format_number(duel->b.cores, 2).s);
}

/* Near 1 more digits matter: "0.98x", "1.004x". */
static struct bench_text ratio_text(double ratio)
{
    struct bench_text text;
    if (!(fabs(ratio - 1) < 0.095) || ratio >= 1.095)
        return bench_format_ratio(ratio);
    (void)snprintf(text.s, sizeof(text.s), fabs(ratio - 1) < 0.00995 ? "%.3fx" : "%.2fx", ratio);
    return text;
}

/* "1.9x to 2.3x", with a digit more where the ends would look the same; "" where there is none. */
static const char *bounds_text(const struct bench_bounds *bounds, char *out, size_t size)
{
    out[0] = '\0';
    if (isnan(bounds->low) || isnan(bounds->high))
        return out;
    struct bench_text low = ratio_text(bounds->low), high = ratio_text(bounds->high);
    if (strcmp(low.s, high.s) == 0) {
        low = bench_format_number(bounds->low, bounds->low < 1.0995 ? 4 : 3);
        high = bench_format_number(bounds->high, bounds->high < 1.0995 ? 4 : 3);
        (void)snprintf(out, size, "%.20sx to %.20sx", low.s, high.s);
    } else {
        (void)snprintf(out, size, "%.20s to %.20s", low.s, high.s);
    }
    return out;
}

/* " [1.9x to 2.3x]", behind a name; "" where there is none or only few trials. */
static const char *range_text(const struct bench_duel *duel, char *out, size_t size)
{
    char bounds[64];
    out[0] = '\0';
    if (!duel->few && bounds_text(&duel->effect.ratio, bounds, sizeof(bounds))[0] != '\0')
        (void)snprintf(out, size, " [%s]", bounds);
    return out;
}

/* "the client's own work: 41 % and 52 % of the time", or "". */
static void share_text(const struct bench_duel *duel, char *out, size_t size)
{
    double a = bench_result_client_share(duel->a.result);
    double b = bench_result_client_share(duel->b.result);
    out[0] = '\0';
    if (!isnan(a) && !isnan(b))
        (void)snprintf(out, size, "the client's own work: %.0f %% and %.0f %% of the time",
                       100 * fmin(1, a), 100 * fmin(1, b));
}

/* "first impression: 3 trials, a verdict takes 4": for whoever measured little. */
static void impression_text(const struct bench_duel *duel, char *out, size_t size)
{
    const struct bench_effect *effect = &duel->effect;
    size_t trials = effect->na < effect->nb ? effect->na : effect->nb;
    out[0] = '\0';
    if (duel->few)
        (void)snprintf(out, size, " (first impression: %zu trial%s, a verdict takes %d)", trials,
                       trials == 1 ? "" : "s", BENCH_VERDICT_TRIALS);
}

/* ---- verdicts ---- */

/* What stands behind the figures of a winner: whose cost the difference is. */
static void reason_text(const struct bench_duel *duel, char *out, size_t size)
{
    const struct bench_target_info *slow = duel->b.result->target;
    char share[128] = "";
    out[0] = '\0';
    if (duel->kind == BENCH_PAIR_SERVER)
        (void)snprintf(out, size, ": what the %s server costs", slow->server);
    else if (duel->kind == BENCH_PAIR_CLIENT && bench_target_library(slow)[0] != '\0')
        (void)snprintf(out, size, ": what the client library costs (%.60s)",
                       bench_target_library(slow));
    else if (duel->measure == BENCH_BY_BYTES || bench_duel_is_of_programs(duel))
        share_text(duel, share, sizeof(share));
    if (share[0] != '\0')
        (void)snprintf(out, size, " (%s)", share);
}

static int say_winner(const struct saying *saying, const char *verdict)
{
    const struct bench_duel *duel = saying->duel;
    const struct bench_phrasing *phrasing = duel->phrasing;
    const struct bench_text times = ratio_text(duel->effect.ratio.estimate);
    char figures[160], reason[NAME_BYTES], few[96], range[80];
    figures_text(duel, figures, sizeof(figures));
    reason_text(duel, reason, sizeof(reason));
    impression_text(duel, few, sizeof(few));
    (void)range_text(duel, range, sizeof(range));
    if (duel->measure == BENCH_BY_TIME)
        return say(saying, verdict, "%s %s %s %s than %s%s, %s%s%s", saying->a, phrasing->verb,
                   times.s, phrasing->how, saying->b, range, figures, reason, few);
    bool one_core = duel->kind == BENCH_PAIR_MODE && phrasing->cores && duel->a.cores >= ONE_CORE &&
                    duel->b.cores_high < ONE_CORE;
    return say(saying, verdict, "%s %s %s the %s of %s%s%s %s%s%s", saying->a, phrasing->does,
               times.s, phrasing->what, saying->b, range,
               one_core ? ", which never used more than one core:" : ",", figures, reason, few);
}

/* Too few trials for any verdict. */
static int say_impression(const struct saying *saying)
{
    const struct bench_duel *duel = saying->duel;
    char figures[160], few[96];
    if (duel->effect.ratio.estimate >= 1 + BENCH_DUEL_MARGIN)
        return say_winner(saying, bench_verdict_key(BENCH_VERDICT_CANNOT_TELL));
    figures_text(duel, figures, sizeof(figures));
    impression_text(duel, few, sizeof(few));
    return say(saying, bench_verdict_key(BENCH_VERDICT_CANNOT_TELL),
               "%s and %s are less than %.0f %% apart, %s%s", saying->a, saying->b,
               100 * BENCH_DUEL_MARGIN, figures, few);
}

/* "needs about 12 more trials of each". */
static void needs_text(const struct bench_duel *duel, char *out, size_t size)
{
    const struct bench_verdict_rules rules = rules_of(duel);
    size_t needs = bench_effect_needs(&duel->effect, &rules);
    if (needs == 0) /* each pair alone would do; the table has many */
        (void)snprintf(out, size, "needs more trials of each");
    else if (needs > NEEDS_SHOWN)
        (void)snprintf(out, size, "needs more than %d more trials of each", NEEDS_SHOWN);
    else
        (void)snprintf(out, size, "needs about %zu more trial%s of each", needs,
                       needs == 1 ? "" : "s");
}

static int say_no_winner(const struct saying *saying)
{
    const struct bench_duel *duel = saying->duel;
    const bool equivalent = saying->verdict == BENCH_VERDICT_EQUIVALENT;
    char figures[160], share[128] = "", tail[160] = "", range[64], needs[64];
    figures_text(duel, figures, sizeof(figures));
    (void)bounds_text(equivalent ? &duel->effect.ratio90 : &duel->effect.ratio, range,
                      sizeof(range));
    if (bench_duel_is_of_programs(duel))
        share_text(duel, share, sizeof(share));
    if (share[0] != '\0')
        (void)snprintf(tail, sizeof(tail), " (%s)", share);
    const char *key = bench_verdict_key(saying->verdict);
    if (equivalent)
        return say(saying, key, "equivalent: %s and %s are within %.0f %% (%s), %s%s", saying->a,
                   saying->b, 100 * BENCH_DUEL_MARGIN, range, figures, tail);
    if (saying->verdict == BENCH_VERDICT_NO_DIFFERENCE)
        return say(saying, key,
                   "no difference seen between %s and %s (%s: below what this machine shows of a "
                   "target against itself, %s %%), %s%s",
                   saying->a, saying->b, range, bench_format_number(100 * duel->floor, 2).s,
                   figures, tail);
    needs_text(duel, needs, sizeof(needs));
    return say(saying, key, "cannot tell %s from %s (%s): %s; %s%s", saying->a, saying->b, range,
               needs, figures, tail);
}

static bool is_told(const struct saying *saying)
{
    return saying->verdict == BENCH_VERDICT_SLOWER || saying->verdict == BENCH_VERDICT_FASTER;
}

static int say_verdict(const struct saying *saying)
{
    if (saying->duel->few)
        return say_impression(saying);
    return is_told(saying) ? say_winner(saying, bench_verdict_key(BENCH_VERDICT_FASTER))
                           : say_no_winner(saying);
}

/* ---- differences that need no winner ---- */

/* Told, or the first impression of one. */
static bool is_more(const struct saying *saying)
{
    const double ratio = saying->duel->effect.ratio.estimate;
    return saying->duel->few ? ratio >= 1 + BENCH_DUEL_MARGIN : is_told(saying) && ratio > 1;
}

/* Many connections through a program: how much of the time that it sees is the server's. */
static int say_share(const struct saying *saying)
{
    const struct bench_side *program = &saying->duel->b, *own = &saying->duel->a;
    const bool bound = own->result->status == BENCH_CELL_CLIENT_BOUND;
    char few[96];
    if (!is_more(saying) || !(program->value > own->value))
        return 0;
    impression_text(saying->duel, few, sizeof(few));
    return say(saying, "client share",
               "through %s a request takes %s (p50) where the same server answers our own "
               "client in %s%s: %s%.0f %% of it is the client's own%s",
               saying->b, bench_format_seconds(program->value).s, bound ? "at most " : "",
               bench_format_seconds(own->value).s, bound ? "at least " : "",
               100 * (1 - own->value / program->value), few);
}

static int say_ways(const struct saying *saying)
{
    const struct bench_duel *duel = saying->duel;
    char figures[160], few[96], range[80];
    if (!is_more(saying))
        return 0;
    figures_text(duel, figures, sizeof(figures));
    impression_text(duel, few, sizeof(few));
    (void)range_text(duel, range, sizeof(range));
    return say(saying,
               bench_verdict_key(duel->few ? BENCH_VERDICT_CANNOT_TELL : BENCH_VERDICT_FASTER),
               "%s answers %s faster than with %s%s, %s: %.0f round trip%s against %.0f%s",
               saying->a, ratio_text(duel->effect.ratio.estimate).s,
               bench_result_parameter(duel->b.result, BENCH_DUEL_ACCESS), range, figures,
               duel->a.trips, duel->a.trips < 1.5 ? "" : "s", duel->b.trips, few);
}

/* ---- what may not be compared ---- */

static int say_bound(const struct saying *saying)
{
    const struct bench_duel *duel = saying->duel;
    double a = bench_result_client_share(duel->a.result);
    double b = bench_result_client_share(duel->b.result);
    const struct bench_side *worse = a >= b ? &duel->a : &duel->b;
    return say(saying, "client-bound",
               "%s against %s is client-bound: the client's own CPU is %.0f %% of the %s of "
               "%s (%s of %s)",
               saying->a, saying->b, 100 * fmax(a, b),
               duel->group->view.series == BENCH_SERIES_RESPONSE ? "response time"
                                                                 : "time to the first answer",
               a >= b ? saying->a : saying->b,
               bench_format_seconds(bench_result_client_cpu(worse->result)).s,
               bench_format_seconds(bench_result_time(worse->result)).s);
}

/* A cell that was measured but may not be compared. Cells that failed or do not exist have their
 * note under the table and no sentence. */
static int say_spoiled(const struct saying *saying, bool a_is_spoiled)
{
    const struct bench_result *spoiled =
        a_is_spoiled ? saying->duel->a.result : saying->duel->b.result;
    char reason[256];
    (void)bench_text_clean(spoiled->reason, reason, sizeof(reason));
    bool bound = spoiled->status == BENCH_CELL_CLIENT_BOUND;
    return say(saying, bound ? "client-bound" : "no verdict",
               "no verdict on %s against %s: %s is %s (%s)", saying->a, saying->b,
               a_is_spoiled ? saying->a : saying->b, bench_cell_status_name(spoiled->status),
               reason);
}

int bench_duel_tell(struct bench_run *run, const struct bench_duel *duel)
{
    struct saying saying = {.run = run, .duel = duel, .ratio = NAN};
    const struct bench_verdict_rules rules = rules_of(duel);
    (void)bench_text_clean(duel->a.result->target->name, saying.a, sizeof(saying.a));
    (void)bench_text_clean(duel->b.result->target->name, saying.b, sizeof(saying.b));
    saying.verdict = BENCH_VERDICT_CANNOT_TELL;
    if (bench_duel_is_judged(duel)) {
        saying.ratio = duel->effect.ratio.estimate;
        if (!duel->few)
            saying.verdict = bench_effect_judge(&duel->effect, true, &rules);
    }
    switch (duel->telling) {
    case BENCH_TELL_VERDICT:
        return say_verdict(&saying);
    case BENCH_TELL_SHARE:
        return say_share(&saying);
    case BENCH_TELL_WAYS:
        return say_ways(&saying);
    case BENCH_TELL_SPOILED:
        return say_spoiled(&saying, duel->a_is_spoiled);
    case BENCH_TELL_CLIENT_UNKNOWN:
        return say(&saying, "no verdict",
                   "no verdict on %s against %s: the client's CPU is not known", saying.a,
                   saying.b);
    case BENCH_TELL_CLIENT_BOUND:
        break;
    }
    return say_bound(&saying);
}
