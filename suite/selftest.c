/* SPDX-License-Identifier: MIT */
#include "suite/selftest.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/random.h"
#include "suite/blocks.h"
#include "suite/plan_options.h"
#include "suite/sysinfo.h"

/*
 * All queues serve 500/s: slower ones would take longer to show as much. At 1000/s the instrument's
 * own 35 us (a request that wakes everybody up takes longer than one that finds them awake) are as
 * much as an interval over 8 runs is wide, and one selftest in three would miss a closed form; here
 * it is one in seventeen, by the choice of the seed. More connections than ever wait, so that
 * requests queue at the oracle and not in the client, whose own queue the oracle could not see.
 */
#define CONNECTIONS      "128"
#define FLOOR_MS         1500 /* of each run, right before the oracle: 750 requests resolve a p99 */
#define SECONDS_BESIDE   0.35 /* a server's start and end, opening and warming up connections */
#define SEEDS_PER_ORACLE 100

const struct bench_selftest_oracle bench_selftest_oracles[] = {
    {"fixed", "each answer takes 20 ms", "fixed=20ms", BENCH_ORACLE_FIXED, 500,
     BENCH_ARRIVAL_CONSTANT, 5, 5, 5},
    {"mm1@0.5", "M/M/1: one server, 500/s, exponential, used to 50 %", "mm1=500,seed=%llu",
     BENCH_ORACLE_MM1, 250, BENCH_ARRIVAL_POISSON, 8, 20, 10},
    {"mm1@0.8", "M/M/1: one server, 500/s, exponential, used to 80 %", "mm1=500,seed=%llu",
     BENCH_ORACLE_MM1, 400, BENCH_ARRIVAL_POISSON, 5, 20, 10},
    {"md1@0.8", "M/D/1: one server, 2 ms each, used to 80 %", "md1=500", BENCH_ORACLE_MD1, 400,
     BENCH_ARRIVAL_POISSON, 8, 20, 10},
    {"freeze", "answers at once, stands still for 240 ms of 8 s", "freeze=2s:240ms",
     BENCH_ORACLE_FREEZE, 500, BENCH_ARRIVAL_CONSTANT, 5, 8, 8},
    {.name = NULL},
};

struct session {
    const struct bench_selftest_options *options;
    const char *target;
    struct bench_watch *watch;
};

/* One measurement of an oracle by the ordinary engine. */
struct wanted {
    const char *oracle; /* as for rpycbench-server */
    int rate;
    enum bench_arrival arrival;
    int64_t duration_ms;
    uint64_t seed;
};

/* What came of it. */
struct got {
    struct bench_run *run;
    const struct bench_trial *trial;
    struct bench_load_model model;
    void *report; /* mapped */
    size_t report_size;
};

/* ---- the plan ---- */

/* "PROTOCOL/threaded/native" of the floor. */
static int default_target(char *out, size_t size, struct bench_error *err)
{
    for (const struct bench_protocol *const *p = bench_protocols(); *p != NULL; p++) {
        if ((*p)->role != BENCH_ROLE_FLOOR || (*p)->server == NULL)
            continue;
        (void)snprintf(out, size, "%s/threaded/native", (*p)->name);
        return 0;
    }
    return bench_fail(err, -EINVAL, "no protocol is the floor");
}

/* The command line of such a `run`: every default is that of `run`. */
static int make_plan(const struct session *s, const struct wanted *w, struct bench_plan_options *o,
                     struct bench_error *err)
{
    char rate[16], duration[24], seed[24];
    (void)snprintf(rate, sizeof(rate), "%d", w->rate);
    (void)snprintf(duration, sizeof(duration), "%" PRId64 "ms", w->duration_ms);
    (void)snprintf(seed, sizeof(seed), "%" PRIu64, w->seed);
    const char *const words[] = {"selftest",
                                 "--target",
                                 s->target,
                                 "--workload",
                                 "concurrent",
                                 "--operation",
                                 "ping",
                                 "--clients",
                                 CONNECTIONS,
                                 "--rate",
                                 rate,
                                 "--arrival",
                                 bench_arrival_names[w->arrival],
                                 "--duration",
                                 duration,
                                 "--repeats",
                                 "1",
                                 "--seed",
                                 seed};
    char *argv[BENCH_COUNT_OF(words) + 1] = {NULL};
    int rc = 0;
    for (size_t i = 0; i < BENCH_COUNT_OF(words) && rc == 0; i++)
        if ((argv[i] = strdup(words[i])) == NULL)
            rc = bench_fail(err, -ENOMEM, "out of memory");
    if (rc == 0)
        rc = bench_plan_options_parse(o, "run", NULL, NULL, (int)BENCH_COUNT_OF(words), argv, err);
    if (rc == 0)
        rc = bench_plan_options_finish(o, err);
    for (size_t i = 0; i < BENCH_COUNT_OF(words); i++)
        free(argv[i]);
    o->plan.oracle = w->oracle;
    o->plan.forget_schedule = s->options->no_schedule;
    return rc;
}

static int check_target(const struct bench_plan *plan, struct bench_error *err)
{
    const struct bench_target *t = &plan->targets[0];
    if (plan->ntargets != 1 || t->server == NULL || t->server->program != NULL || t->client != NULL)
        return bench_fail(err, -EINVAL, "'%.100s' is not one native server with our own client",
                          t->name);
    return 0;
}

/* A file in memory with room for every request, and for warm-ups and more. */
static int make_report(const struct wanted *w, struct got *got, int *fd, struct bench_error *err)
{
    const size_t requests = (size_t)((double)w->rate * (double)w->duration_ms / 1e3 * 2) + 4096;
    got->report_size = bench_oracle_report_size(requests);
    *fd = memfd_create("oracle-report", MFD_CLOEXEC);
    if (*fd < 0 || ftruncate(*fd, (off_t)got->report_size) < 0)
        return bench_fail(err, -errno, "no file for the oracle's report: %s",
                          bench_errno_text(errno));
    void *at = mmap(NULL, got->report_size, PROT_READ, MAP_SHARED, *fd, 0);
    if (at == MAP_FAILED)
        return bench_fail(err, -errno, "no file for the oracle's report: %s",
                          bench_errno_text(errno));
    got->report = at;
    return 0;
}

static void drop(struct got *got)
{
    bench_run_free(got->run);
    if (got->report != NULL)
        (void)munmap(got->report, got->report_size);
    *got = (struct got){.run = NULL};
}

/* ---- one measurement ---- */

/* The only trial of the only result, or why there is none. */
static int find_trial(struct got *got, struct bench_error *err)
{
    const struct bench_result *result = got->run->nresults > 0 ? &got->run->results[0] : NULL;
    if (result == NULL || result->ntrials == 0)
        return bench_fail(err, -ENODATA, "%.200s",
                          result != NULL && result->reason != NULL && result->reason[0] != '\0'
                              ? result->reason
                              : "nothing was measured");
    const struct bench_trial *trial = &result->trials[0];
    const struct bench_recording *r = trial->recording;
    if (trial->status == BENCH_CELL_FAILED || r == NULL || r->succeeded == 0)
        return bench_fail(err, -ENODATA, "%.200s", trial->reason);
    if (r->succeeded != r->attempted)
        return bench_fail(err, -EBADMSG, "%llu of %llu requests failed: %.120s",
                          (unsigned long long)(r->attempted - r->succeeded),
                          (unsigned long long)r->attempted, r->first_error);
    got->trial = trial;
    return 0;
}

/* 0, or why it was not measured, -EBADMSG: requests failed; the caller drops *got then, too. */
static int measure(const struct session *s, const struct wanted *w, struct got *got,
                   struct bench_error *err)
{
    struct bench_plan_options *o = calloc(1, sizeof(*o));
    int fd = -1;
    *got = (struct got){.model = {.rate_per_s = w->rate,
                                  .arrival = w->arrival,
                                  .duration_ns = w->duration_ms * BENCH_NS_PER_MS,
                                  .seed = w->seed}};
    if (o == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    int rc = make_plan(s, w, o, err);
    if (rc == 0)
        rc = make_report(w, got, &fd, err);
    o->plan.oracle_report_fd = fd;
    if (rc == 0)
        rc = bench_orchestrate(&o->plan, s->watch, &got->run, err);
    if (rc == 0)
        rc = find_trial(got, err);
    if (fd >= 0)
        (void)close(fd);
    bench_plan_fini(&o->plan);
    free(o);
    return rc;
}

static int read_paths(const struct got *got, const char *oracle, struct bench_oracle_paths *out,
                      struct bench_error *err)
{
    struct bench_oracle_spec spec;
    const int rc = bench_oracle_parse(oracle, &spec, err);
    return rc < 0 ? rc
                  : bench_oracle_paths_read(got->report, got->report_size, &spec, &got->model,
                                            got->trial->recording->first_start, out, err);
}

/* ---- a run: the floor, then the oracle ---- */

static int64_t duration_of(const struct session *s, const struct bench_selftest_oracle *o)
{
    return (s->options->quick ? o->quick_s : o->duration_s) * INT64_C(1000);
}

static void oracle_text(const struct bench_selftest_oracle *o, uint64_t seed, char *out,
                        size_t size)
{
    const char *hole = strstr(o->format, "%llu");
    if (hole == NULL)
        (void)snprintf(out, size, "%s", o->format);
    else
        (void)snprintf(out, size, "%.*s%" PRIu64, (int)(hole - o->format), o->format, seed);
}

static int run_floor(const struct session *s, const struct wanted *like,
                     struct bench_selftest_run *run, struct bench_error *err)
{
    struct wanted w = *like;
    struct got got;
    w.oracle = "zero";
    w.duration_ms = FLOOR_MS;
    int rc = measure(s, &w, &got, err);
    if (rc == 0)
        bench_figures_of_series(&got.trial->recording->series[BENCH_SERIES_RESPONSE], &run->floor);
    else
        bench_error_prefix(err, "the floor: ");
    drop(&got);
    return rc;
}

static int run_oracle(const struct session *s, const struct wanted *w,
                      struct bench_selftest_run *run, struct bench_error *err)
{
    struct got got;
    int rc = measure(s, w, &got, err);
    if (rc == 0)
        rc = read_paths(&got, w->oracle, &run->paths, err);
    if (rc == 0) {
        const struct bench_trial *trial = got.trial;
        bench_figures_of_series(&trial->recording->series[BENCH_SERIES_RESPONSE], &run->response);
        run->requests = trial->recording->succeeded;
        run->trusted = trial->status == BENCH_CELL_OK;
        (void)snprintf(run->reason, sizeof(run->reason), "%s", trial->reason);
    }
    drop(&got);
    return rc;
}

static void one_run(struct session *s, struct bench_selftest_result *result, uint64_t seed)
{
    char text[64], part[96];
    struct bench_error err = {0};
    struct bench_selftest_run *run = &result->runs[result->nruns];
    const struct bench_selftest_oracle *o = result->oracle;
    oracle_text(o, seed, text, sizeof(text));
    const struct wanted w = {.oracle = text,
                             .rate = o->rate,
                             .arrival = o->arrival,
                             .duration_ms = duration_of(s, o),
                             .seed = seed};
    (void)snprintf(part, sizeof(part), "%s, run %zu of %d", o->name, result->nruns + 1,
                   s->options->quick ? 1 : o->runs);
    s->watch->progress->part = part;
    *run = (struct bench_selftest_run){.measured = false};
    int rc = run_floor(s, &w, run, &err);
    if (rc == 0 && !s->watch->interrupted)
        rc = run_oracle(s, &w, run, &err);
    s->watch->progress->part = "";
    if (s->watch->interrupted)
        return;
    result->nruns++;
    run->measured = rc == 0;
    run->failed = rc == -EBADMSG;
    if (rc < 0) {
        (void)snprintf(run->reason, sizeof(run->reason), "%s", err.msg);
        bench_progress_clear(s->watch->progress);
        (void)fprintf(stderr, "rpycbench selftest: %s: %s\n", part, run->reason);
    }
}

/* ---- all of them ---- */

static bool is_chosen(const struct bench_selftest_options *options, size_t oracle)
{
    bool any = false;
    for (size_t i = 0; i < BENCH_SELFTEST_ORACLES_MAX; i++)
        any |= options->chosen[i];
    return !any || options->chosen[oracle];
}

double bench_selftest_estimate(const struct bench_selftest_options *options)
{
    double total = 0;
    for (size_t i = 0; bench_selftest_oracles[i].name != NULL; i++) {
        const struct bench_selftest_oracle *o = &bench_selftest_oracles[i];
        const double one =
            (options->quick ? o->quick_s : o->duration_s) + FLOOR_MS / 1e3 + 2 * SECONDS_BESIDE;
        if (is_chosen(options, i))
            total += one * (options->quick ? 1 : o->runs);
    }
    return total;
}

/* Blocks of one run of each oracle that has not had all of its own, in shuffled order. */
static void run_blocks(struct session *s, struct bench_selftest *out)
{
    uint64_t random = (uint64_t)s->options->seed;
    for (int block = 0; block < BENCH_SELFTEST_RUNS; block++) {
        size_t due[BENCH_SELFTEST_ORACLES_MAX], order[BENCH_SELFTEST_ORACLES_MAX], n = 0;
        for (size_t r = 0; r < out->nresults; r++)
            if (block < (s->options->quick ? 1 : out->results[r].oracle->runs))
                due[n++] = r;
        bench_shuffle(&random, order, n);
        for (size_t i = 0; i < n && !s->watch->interrupted; i++) {
            const size_t at = (size_t)(out->results[due[order[i]]].oracle - bench_selftest_oracles);
            one_run(s, &out->results[due[order[i]]],
                    ((uint64_t)s->options->seed * BENCH_SELFTEST_ORACLES_MAX + at) *
                            SEEDS_PER_ORACLE +
                        (uint64_t)block);
        }
    }
}

static int prepare(struct session *s, struct bench_selftest *out, struct bench_error *err)
{
    struct bench_plan_options *o = calloc(1, sizeof(*o));
    int rc = o == NULL ? bench_fail(err, -ENOMEM, "out of memory") : 0;
    if (rc == 0 && s->options->target != NULL)
        (void)snprintf(out->target, sizeof(out->target), "%s", s->options->target);
    else if (rc == 0)
        rc = default_target(out->target, sizeof(out->target), err);
    s->target = out->target;
    if (rc == 0)
        rc = make_plan(s, &(struct wanted){.rate = 1, .duration_ms = 1}, o, err);
    if (rc == 0)
        rc = check_target(&o->plan, err);
    for (size_t i = 0; rc == 0 && bench_selftest_oracles[i].name != NULL; i++) {
        struct bench_selftest_result *result = &out->results[out->nresults];
        char text[64];
        if (!is_chosen(s->options, i))
            continue;
        out->nresults++;
        result->oracle = &bench_selftest_oracles[i];
        result->duration_s = (double)duration_of(s, result->oracle) / 1e3;
        oracle_text(result->oracle, 0, text, sizeof(text));
        rc = bench_oracle_parse(text, &result->spec, err);
    }
    if (o != NULL)
        bench_plan_fini(&o->plan);
    free(o);
    return rc;
}

int bench_selftest_run(const struct bench_selftest_options *options, struct bench_watch *watch,
                       struct bench_selftest *out, struct bench_error *err)
{
    *out = (struct bench_selftest){.options = *options};
    struct session s = {.options = &out->options, .watch = watch};
    const int rc = prepare(&s, out, err);
    if (rc < 0)
        return rc;
    const int64_t began_ns = bench_now_ns();
    const time_t now = time(NULL);
    struct tm parts;
    if (gmtime_r(&now, &parts) != NULL)
        (void)strftime(out->date, sizeof(out->date), "%Y-%m-%d", &parts);
    const char *unfit;
    if (bench_sysinfo_unfit_build(&unfit))
        (void)fprintf(stderr, "rpycbench: %s: these times are no measurement\n", unfit);
    const double seconds = bench_selftest_estimate(options);
    (void)fprintf(stderr, "measuring %zu oracle%s of %s: about %d:%02d minutes\n", out->nresults,
                  out->nresults == 1 ? "" : "s", out->target, (int)seconds / 60, (int)seconds % 60);
    bench_progress_start(watch->progress, seconds);
    run_blocks(&s, out);
    bench_progress_clear(watch->progress);
    watch->progress->part = NULL;
    out->duration = (double)(bench_now_ns() - began_ns) / 1e9;
    out->interrupted = watch->interrupted;
    for (size_t r = 0; r < out->nresults; r++)
        bench_selftest_judge(&out->results[r]);
    bench_selftest_conclude(out);
    return 0;
}
