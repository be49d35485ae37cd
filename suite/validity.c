/* SPDX-License-Identifier: MIT */
#include "suite/validity.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/units.h"
#include "stats/estimate.h"
#include "stats/steady.h"

enum { STEAL_TICKS_MIN = 100 }; /* with fewer, one tick is a per cent and more */
/* Connections that had a request out for this share of the time: a queue stood before them. */
#define SATURATED 0.9

void bench_steal_read(struct bench_steal *out)
{
    *out = (struct bench_steal){.stolen = 0};
    FILE *file = fopen("/proc/stat", "re");
    if (file == NULL)
        return;
    /* user, nice, system, idle, iowait, irq, softirq, steal; guests are part of user and nice. */
    unsigned long long t[8] = {0};
    if (fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3],
               &t[4], &t[5], &t[6], &t[7]) == 8) {
        out->stolen = t[7];
        for (size_t i = 0; i < 8; i++)
            out->total += t[i];
    }
    (void)fclose(file);
}

/* ---- figures ---- */

static double seconds(int64_t ns) { return (double)ns / (double)BENCH_NS_PER_S; }

static double positive_ratio(double a, double b) { return b > 0 ? a / b : NAN; }

static double steal_share(const struct bench_steal *before, const struct bench_steal *after)
{
    if (after->total < before->total + STEAL_TICKS_MIN || after->stolen < before->stolen)
        return NAN;
    return (double)(after->stolen - before->stolen) / (double)(after->total - before->total);
}

static int64_t busiest_ns(const struct bench_recording *r)
{
    if (r->busiest_cpu_ns > 0)
        return r->busiest_cpu_ns;
    return r->workers > 0 ? r->cpu_ns / r->workers : r->cpu_ns;
}

/* Requests that may be out at once. */
static double slots(const struct bench_recording *r) { return r->slots > 0 ? r->slots : r->clients; }

/* How long the schedule went on, in seconds; NaN in a closed loop. */
static double schedule_window(const struct bench_recording *r)
{
    return r->planned > 0 && r->measured_ns > 0 ? seconds(r->measured_ns) : NAN;
}

static void measure_rates(const struct bench_recording *r, struct bench_validity *v)
{
    const double window = schedule_window(r), wall = bench_recording_duration(r);
    if (isnan(window))
        return;
    /* Replies to the last requests come when the schedule has ended. */
    const double whole = fmax(window, wall);
    v->offered = positive_ratio((double)r->planned, window);
    v->sent = positive_ratio((double)r->sent, whole);
    v->delivered = positive_ratio((double)r->succeeded, whole);
    struct bench_statistic late;
    bench_series_statistic(&r->series[BENCH_SERIES_LATE], &late);
    v->late_p99 = late.p99;
}

/* The time between submitting a request and its reply, summed up, over the integral of the number
 * in flight. A closed loop plans a request when it submits it. An open loop has only a lower bound,
 * since a request is submitted a little before its first byte is handed over. */
static double little_ratio(const struct bench_recording *r)
{
    const struct bench_series *times =
        &r->series[r->planned > 0 ? BENCH_SERIES_SERVICE : BENCH_SERIES_RESPONSE];
    /* Samples of many steps, and failures, were in flight without a time of their own. */
    if (times->count != r->attempted || r->succeeded != r->attempted || times->count == 0)
        return NAN;
    return positive_ratio((double)times->sum, (double)r->inflight_ns);
}

/* n_eff / n of an AR(1), from every stride-th response: the correlation of true neighbours is the
 * stride-th root of what they show. What chance alone would show (1.96 / sqrt n) counts as none. */
static double independent_share(const double *values, size_t n, double stride)
{
    const double rho = bench_lag1(values, n);
    if (n < BENCH_STEADY_SAMPLES || isnan(rho))
        return NAN;
    if (rho <= 1.96 / sqrt((double)n))
        return 1;
    const double near = pow(rho, 1 / fmax(1, stride));
    return fmax((1 - near) / (1 + near), 1 / ((double)n * fmax(1, stride)));
}

static int measure_steadiness(const struct bench_recording *r, struct bench_validity *v)
{
    const struct bench_trace *trace = &r->trace;
    struct bench_steady steady;
    double *values = calloc(trace->n + 1, sizeof(*values));
    if (values == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < trace->n; i++)
        values[i] = seconds(trace->points[i].response_ns);
    int rc = bench_steady_judge(values, trace->n, &steady);
    v->independent = independent_share(values, trace->n, (double)trace->stride);
    free(values);
    if (rc < 0)
        return rc;
    v->kpss = steady.kpss;
    v->drift = steady.drift;
    v->steady_judged = steady.verdict != BENCH_STEADY_TOO_SHORT;
    v->unsteady = steady.verdict == BENCH_STEADY_NO;
    return 0;
}

int bench_validity_measure(const struct bench_recording *recording, const struct bench_steal *before,
                           const struct bench_steal *after, struct bench_validity *out)
{
    const struct bench_recording *r = recording;
    const double wall = bench_recording_duration(r);
    struct bench_validity v = {
#define X(member, key, help) .member = NAN,
        BENCH_VALIDITY_FIGURES(X)
#undef X
    };
    v.client_busy = positive_ratio(seconds(busiest_ns(r)), wall);
    if (r->run_wait_ns >= 0)
        v.wait_per_request = positive_ratio(seconds(r->run_wait_ns), (double)r->attempted);
    measure_rates(r, &v);
    v.little = little_ratio(r);
    /* A connection that is opened for each request is busy with that, too. */
    if (r->planned == 0 && r->series[BENCH_SERIES_RESPONSE].count > 0)
        v.occupancy = positive_ratio((double)r->inflight_ns, (double)r->present_ns);
    v.steal = steal_share(before, after);
    int rc = measure_steadiness(r, &v);
    if (rc == 0)
        *out = v;
    return rc;
}

/* ---- judgement ---- */

/* What the rules look at. */
struct evidence {
    const struct bench_validity *v;
    const struct bench_recording *r;
    double wall;
    double p50, p99;    /* of what the row measures, seconds */
    double service_p99; /* NaN without that series */
    double server_busy; /* CPU of the whole server over the wall time; NaN = unknown */
    char *reason;
    size_t size;
};

static bool say(const struct evidence *e, const char *format, ...) BENCH_PRINTF(2, 3);

/* Always true: a limit was passed. */
static bool say(const struct evidence *e, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(e->reason, e->size, format, args);
    va_end(args);
    return true;
}

static void gather(struct evidence *e, const struct bench_resources *resources)
{
    struct bench_statistic s;
    bench_series_statistic(&e->r->series[BENCH_SERIES_SERVICE], &s);
    e->service_p99 = s.p99;
    bool connections = e->r->series[BENCH_SERIES_RESPONSE].count == 0;
    bench_series_statistic(
        &e->r->series[connections ? BENCH_SERIES_FIRST_ANSWER : BENCH_SERIES_RESPONSE], &s);
    e->p50 = s.median;
    e->p99 = s.p99;
    e->wall = bench_recording_duration(e->r);
    e->server_busy = positive_ratio(resources->server_cpu_s, e->wall);
}

static bool accounting_is_off(const struct evidence *e)
{
    const double little = e->v->little;
    const bool lower_bound = e->r->planned > 0;
    if (isnan(little) || e->r->attempted < BENCH_LITTLE_REQUESTS)
        return false;
    if (little <= 1 + BENCH_LITTLE_LIMIT && (lower_bound || little >= 1 - BENCH_LITTLE_LIMIT))
        return false;
    return say(e, "accounting: rate times response time is %.3g of the requests counted in flight",
               little);
}

/* More requests out than there are places for. Where a connection is made again, the failure and
 * the next request may overlap by less than the tolerance. */
static bool is_overfull(const struct evidence *e)
{
    const double mean = seconds(e->r->inflight_ns) / e->wall;
    return e->r->slots > 0 && e->r->attempted >= BENCH_LITTLE_REQUESTS &&
           e->r->succeeded == e->r->attempted &&
           mean > e->r->slots * (1 + BENCH_LITTLE_LIMIT) &&
           say(e, "accounting: %.3g requests in flight were counted, at most %u can be", mean,
               e->r->slots);
}

static bool machine_was_taken_away(const struct evidence *e)
{
    return e->v->steal > BENCH_STEAL_LIMIT &&
           say(e, "the hypervisor took %.0f %% of the machine's time", 100 * e->v->steal);
}

static bool is_late(const struct evidence *e)
{
    return e->v->late_p99 >= BENCH_CLIENT_LATE_S &&
           e->v->late_p99 >= BENCH_CLIENT_LATE_SHARE * e->p50;
}

/* Share of the load that workers ran or would have, had a core been free. */
static double demand(const struct evidence *e)
{
    if (e->r->run_wait_ns < 0 || e->r->workers == 0)
        return e->v->client_busy;
    return e->v->client_busy + seconds(e->r->run_wait_ns) / e->r->workers / e->wall;
}

/* A worker serves its requests in turn, so a response takes at least what it spends on one of them,
 * times those that are out. Against the median this also tells when something else has kept
 * server or client from their cores for a part of the time, and by that the client's load down. */
static double turn_share(const struct evidence *e)
{
    if (e->r->planned > 0 || slots(e->r) <= e->r->workers)
        return NAN;
    return slots(e->r) * seconds(busiest_ns(e->r)) / (double)e->r->attempted / e->p50;
}

static bool turns_make_the_response(const struct evidence *e)
{
    const double share = turn_share(e), server = e->server_busy / e->v->client_busy;
    return (share >= BENCH_CLIENT_TURN_HALF && server < 0.5) ||
           (share >= BENCH_CLIENT_TURN_MOST && server < 1);
}

static bool client_is_bound(const struct evidence *e)
{
    const struct bench_validity *v = e->v;
    if (v->client_busy >= BENCH_CLIENT_BUSY_LIMIT)
        return say(e, "the client's core was %.0f %% busy", 100 * v->client_busy);
    if (demand(e) >= BENCH_CLIENT_BUSY_LIMIT)
        return say(e, "the client ran for %.0f %% of the load and waited for a core for %.0f %%",
                   100 * v->client_busy, 100 * (demand(e) - v->client_busy));
    if (turns_make_the_response(e))
        return say(e,
                   "%s %.0f %s the client %s, a response takes %s (p50); it used %.2f cores, the "
                   "server %.2f",
                   slots(e->r) > e->r->clients ? "its" : "one request of each of its",
                   floor(slots(e->r) / e->r->workers),
                   slots(e->r) > e->r->clients ? "requests in flight take" : "connections takes",
                   bench_format_seconds(turn_share(e) * e->p50).s, bench_format_seconds(e->p50).s,
                   v->client_busy, e->server_busy);
    if (v->occupancy < BENCH_CLIENT_OCCUPANCY_LIMIT)
        return say(e, "between a reply and the next request the client itself used %.0f %% of the time",
                   100 * (1 - v->occupancy));
    if (v->wait_per_request >= BENCH_CLIENT_WAIT_S &&
        v->wait_per_request >= BENCH_CLIENT_WAIT_SHARE * e->p50)
        return say(e, "the client waited %s for a core per request, whose response takes %s (p50)",
                   bench_format_seconds(v->wait_per_request).s, bench_format_seconds(e->p50).s);
    return is_late(e) &&
           say(e, "the client took requests up %s too late (p99), their response takes %s (p50)",
               bench_format_seconds(v->late_p99).s, bench_format_seconds(e->p50).s);
}

/* Requests that were planned and got neither a reply nor a failure in the time that all of them
 * should have, beyond those that the end always catches unfinished. */
static bool falls_short(const struct evidence *e)
{
    const struct bench_validity *v = e->v;
    const struct bench_recording *r = e->r;
    if (isnan(v->offered) || !(v->delivered < v->offered))
        return false;
    /* Failed requests were answered for, too; those that were never sent count as failed. */
    const double planned = (double)r->planned;
    const double unsent = r->sent < r->planned ? planned - (double)r->sent : 0;
    const double answered = ((double)r->attempted - unsent) / (double)r->succeeded;
    const double missing = 1 - v->delivered * answered / v->offered;
    /* With a queue before busy connections, response times grow with the length of the load and
     * excuse nothing; without one they tell how long a request at the end may take. */
    const bool queued = seconds(r->inflight_ns) >= SATURATED * slots(r) * e->wall;
    const double hold_up = queued && !isnan(e->service_p99) ? e->service_p99 : e->p99;
    if (missing <= fmax(BENCH_SHORTFALL_LIMIT, (1 + v->offered * hold_up) / planned))
        return false;
    return say(e, "the %s did not keep up: delivered %.*f /s of %.*f /s offered",
               is_late(e) ? "client" : "server", v->delivered < 100, v->delivered,
               v->offered < 100, v->offered);
}

bool bench_validity_by_load(enum bench_role role, bool is_program,
                            const struct bench_recording *recording)
{
    return role == BENCH_ROLE_NORMAL && (!is_program || recording->clients > recording->workers);
}

enum bench_cell_status bench_validity_judge(const struct bench_validity *validity,
                                            const struct bench_recording *recording,
                                            const struct bench_resources *resources,
                                            bool judged_by_load, char *reason, size_t size)
{
    struct evidence e = {.v = validity, .r = recording, .reason = reason, .size = size};
    reason[0] = '\0';
    gather(&e, resources);
    if (accounting_is_off(&e) || is_overfull(&e) || machine_was_taken_away(&e))
        return BENCH_CELL_INVALID;
    if (judged_by_load && client_is_bound(&e))
        return BENCH_CELL_CLIENT_BOUND;
    return falls_short(&e) ? BENCH_CELL_INVALID : BENCH_CELL_OK;
}
