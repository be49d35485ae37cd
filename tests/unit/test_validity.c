/* SPDX-License-Identifier: MIT */
/* May a trial be believed: recordings built by hand, at both sides of every limit. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "bench/units.h"
#include "suite/validity.h"

TestSuite(validity, .timeout = 20);

#define MS BENCH_NS_PER_MS
#define US BENCH_NS_PER_US

static const struct bench_steal quiet_before = {.stolen = 50, .total = 100000};
static const struct bench_steal quiet_after = {.stolen = 51, .total = 100400};

/* A healthy load of one second: 2000 responses of 400 us over one connection, which had a request
 * out for 80 % of the time; one worker, busy for 30 %. */
static struct bench_recording *healthy(void)
{
    struct bench_recording *r;
    cr_assert_eq(bench_recording_new(&r), 0);
    for (int i = 0; i < 2000; i++) {
        cr_assert_eq(bench_recording_sample(r, BENCH_SERIES_RESPONSE, 400 * US), 0);
        cr_assert_eq(bench_recording_sample(r, BENCH_SERIES_SERVICE, 390 * US), 0);
        bench_recording_outcome(r, BENCH_FAILURE_NONE, "");
    }
    r->first_start = BENCH_NS_PER_S;
    r->last_done = 2 * BENCH_NS_PER_S;
    r->clients = r->workers = 1;
    r->cpu_ns = r->busiest_cpu_ns = 300 * MS;
    r->run_wait_ns = 10 * MS;
    r->inflight_ns = 800 * MS;
    r->present_ns = 1000 * MS;
    return r;
}

/* The same as an open loop at 2000 requests a second, with a trace. */
static struct bench_recording *healthy_open(void)
{
    struct bench_recording *r = healthy();
    r->planned = r->sent = 2000;
    r->measured_ns = BENCH_NS_PER_S;
    cr_assert_eq(bench_trace_prepare(&r->trace), 0);
    for (int i = 0; i < 2000; i++) {
        const int64_t planned = r->first_start + i * 500 * US;
        bench_trace_add(&r->trace, planned + 400 * US, 400 * US);
        cr_assert_eq(bench_recording_sample(r, BENCH_SERIES_LATE, 60 * US), 0);
    }
    r->last_done = r->first_start + 1999 * 500 * US + 400 * US;
    return r;
}

struct outcome {
    enum bench_cell_status status;
    char reason[256];
    struct bench_validity v;
};

/* Measured, judged and freed; the server used so many cores (NaN = unknown). */
static struct outcome outcome_with(struct bench_recording *r, enum bench_role role,
                                   double server_cores)
{
    struct outcome o;
    const struct bench_resources resources = {.server_cpu_s =
                                                  server_cores * bench_recording_duration(r)};
    cr_assert_eq(bench_validity_measure(r, &quiet_before, &quiet_after, &o.v), 0);
    o.status = bench_validity_judge(&o.v, r, &resources, bench_validity_by_load(role, false, r),
                                    o.reason, sizeof(o.reason));
    cr_expect_eq(o.status == BENCH_CELL_OK, o.reason[0] == '\0', "%s: \"%s\"",
                 bench_cell_status_name(o.status), o.reason);
    bench_recording_free(r);
    return o;
}

static struct outcome outcome_of(struct bench_recording *r, enum bench_role role)
{
    return outcome_with(r, role, 0.5);
}

static void expect(const struct outcome *o, enum bench_cell_status status, const char *piece,
                   const char *what)
{
    cr_expect_eq(o->status, status, "%s: %s (%s)", what, bench_cell_status_name(o->status),
                 o->reason);
    cr_expect(strstr(o->reason, piece) != NULL, "%s: \"%s\" lacks \"%s\"", what, o->reason, piece);
}

Test(validity, figures_of_a_healthy_closed_loop)
{
    struct outcome o = outcome_of(healthy(), BENCH_ROLE_NORMAL);
    expect(&o, BENCH_CELL_OK, "", "healthy");
    cr_expect_float_eq(o.v.client_busy, 0.3, 1e-9);
    cr_expect_float_eq(o.v.wait_per_request, 5e-6, 1e-12);
    cr_expect_float_eq(o.v.little, 1, 1e-9);
    cr_expect_float_eq(o.v.occupancy, 0.8, 1e-9);
    cr_expect_float_eq(o.v.steal, 1.0 / 400, 1e-9);
    cr_expect(isnan(o.v.offered) && isnan(o.v.sent) && isnan(o.v.delivered) && isnan(o.v.late_p99));
    cr_expect(isnan(o.v.kpss) && isnan(o.v.drift) && !o.v.steady_judged && !o.v.unsteady);
}

Test(validity, figures_of_a_healthy_open_loop)
{
    struct outcome o = outcome_of(healthy_open(), BENCH_ROLE_NORMAL);
    expect(&o, BENCH_CELL_OK, "", "healthy");
    cr_expect_float_eq(o.v.offered, 2000, 1e-6, "%.9g", o.v.offered);
    cr_expect_float_eq(o.v.sent, 2000, 1e-6);
    cr_expect_float_eq(o.v.delivered, 2000, 1e-6);
    cr_expect_float_eq(o.v.late_p99, 60e-6, 1e-7);
    cr_expect_float_eq(o.v.little, 0.78 / 0.8, 1e-9);
    cr_expect(isnan(o.v.occupancy), "connections of an open loop may have nothing to do");
    cr_expect(o.v.steady_judged && !o.v.unsteady);
    cr_expect_eq(o.v.kpss, 0);
    cr_expect_eq(o.v.drift, 0);
}

Test(validity, a_program_is_judged_once_its_connections_wait_for_each_other)
{
    struct bench_recording r = {.clients = 8, .workers = 8};
    cr_expect_not(bench_validity_by_load(BENCH_ROLE_NORMAL, true, &r));
    cr_expect(bench_validity_by_load(BENCH_ROLE_NORMAL, false, &r), "our own loop always is");
    r.workers = 7;
    cr_expect(bench_validity_by_load(BENCH_ROLE_NORMAL, true, &r));
    cr_expect_not(bench_validity_by_load(BENCH_ROLE_FLOOR, false, &r));
    cr_expect_not(bench_validity_by_load(BENCH_ROLE_RULER, false, &r));
}

Test(validity, what_is_not_known_has_no_figure)
{
    struct bench_recording *r = healthy();
    struct bench_validity v;
    struct bench_steal none = {.stolen = 0};
    r->run_wait_ns = -1;
    r->present_ns = 0;
    r->inflight_ns = 0;
    cr_assert_eq(bench_validity_measure(r, &none, &none, &v), 0);
    cr_expect(isnan(v.wait_per_request) && isnan(v.occupancy) && isnan(v.little) && isnan(v.steal));
    r->first_start = r->last_done = 0;
    cr_assert_eq(bench_validity_measure(r, &none, &none, &v), 0);
    cr_expect(isnan(v.client_busy));
    bench_recording_free(r);
}

/* ---- the client ---- */

Test(validity, busy_clients)
{
    static const struct {
        const char *what;
        int64_t cpu_ms, busiest_ms, wait_ms;
        unsigned workers;
        enum bench_role role;
        enum bench_cell_status want;
        const char *piece;
    } cases[] = {
        {"just below", 799, 799, 0, 1, BENCH_ROLE_NORMAL, BENCH_CELL_OK, ""},
        {"at the limit", 800, 800, 0, 1, BENCH_ROLE_NORMAL, BENCH_CELL_CLIENT_BOUND,
         "the client's core was 80 % busy"},
        {"the floor is not judged", 990, 990, 0, 1, BENCH_ROLE_FLOOR, BENCH_CELL_OK, ""},
        {"nor is the ruler", 990, 990, 0, 1, BENCH_ROLE_RULER, BENCH_CELL_OK, ""},
        {"one of four", 1200, 850, 0, 4, BENCH_ROLE_NORMAL, BENCH_CELL_CLIENT_BOUND, "85 % busy"},
        {"all of four alike", 3100, 775, 0, 4, BENCH_ROLE_NORMAL, BENCH_CELL_OK, ""},
        {"busiest unknown", 3300, 0, 0, 4, BENCH_ROLE_NORMAL, BENCH_CELL_CLIENT_BOUND, "82 % busy"},
        {"busiest unknown, idle", 3100, 0, 0, 4, BENCH_ROLE_NORMAL, BENCH_CELL_OK, ""},
        {"shares its core", 500, 500, 299, 1, BENCH_ROLE_NORMAL, BENCH_CELL_OK, ""},
        {"is kept from its core", 500, 500, 310, 1, BENCH_ROLE_NORMAL, BENCH_CELL_CLIENT_BOUND,
         "ran for 50 % of the load and waited for a core for 31 %"},
        {"waits of two workers", 1000, 500, 599, 2, BENCH_ROLE_NORMAL, BENCH_CELL_OK, ""},
        {"long waits of two workers", 1000, 500, 610, 2, BENCH_ROLE_NORMAL,
         BENCH_CELL_CLIENT_BOUND, "waited for a core for 30 %"},
        {"the floor may wait", 500, 500, 400, 1, BENCH_ROLE_FLOOR, BENCH_CELL_OK, ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct bench_recording *r = healthy();
        /* Many requests, so that the wait of each is short. */
        for (int k = 0; k < 18000; k++) {
            cr_assert_eq(bench_recording_sample(r, BENCH_SERIES_RESPONSE, 400 * US), 0);
            bench_recording_outcome(r, BENCH_FAILURE_NONE, "");
        }
        r->inflight_ns = 8000 * MS;
        r->cpu_ns = cases[i].cpu_ms * MS;
        r->busiest_cpu_ns = cases[i].busiest_ms * MS;
        r->run_wait_ns = cases[i].wait_ms * MS;
        r->workers = cases[i].workers;
        struct outcome o = outcome_of(r, cases[i].role);
        expect(&o, cases[i].want, cases[i].piece, cases[i].what);
    }
}

Test(validity, waits_for_a_core_per_request)
{
    static const struct {
        const char *what;
        int64_t response_us, wait_us; /* of each of 1000 requests in 100 s */
        enum bench_cell_status want;
    } cases[] = {
        {"short, however large a part", 100, 49, BENCH_CELL_OK},
        {"50 us of 100", 100, 51, BENCH_CELL_CLIENT_BOUND},
        {"long, but a small part", 10000, 990, BENCH_CELL_OK},
        {"a tenth", 10000, 1010, BENCH_CELL_CLIENT_BOUND},
        {"unknown", 100, -1, BENCH_CELL_OK},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct bench_recording *r;
        cr_assert_eq(bench_recording_new(&r), 0);
        for (int k = 0; k < 1000; k++) {
            cr_assert_eq(bench_recording_sample(r, BENCH_SERIES_RESPONSE, cases[i].response_us * US),
                         0);
            bench_recording_outcome(r, BENCH_FAILURE_NONE, "");
        }
        r->first_start = BENCH_NS_PER_S;
        r->last_done = 101 * BENCH_NS_PER_S;
        r->clients = r->workers = 1;
        r->inflight_ns = 1000 * cases[i].response_us * US;
        r->run_wait_ns = cases[i].wait_us < 0 ? -1 : 1000 * cases[i].wait_us * US;
        struct outcome o = outcome_of(r, BENCH_ROLE_NORMAL);
        expect(&o, cases[i].want,
               cases[i].want == BENCH_CELL_OK ? "" : "for a core per request, whose response",
               cases[i].what);
    }
}

/* 16 connections over one worker, 1000 requests; the wall time is three times what the median
 * response lets expect, as when others use the cores. */
Test(validity, work_for_many_connections_in_turn)
{
    static const struct {
        const char *what;
        int64_t cpu_us; /* per request, of a response of 160 us */
        double server_cores;
        unsigned clients, workers;
        enum bench_role role;
        enum bench_cell_status want;
    } cases[] = {
        {"49 %", 490, 0.01, 16, 1, BENCH_ROLE_NORMAL, BENCH_CELL_OK},
        {"51 %, a server of less than half", 510, 0.084, 16, 1, BENCH_ROLE_NORMAL,
         BENCH_CELL_CLIENT_BOUND},
        {"51 %, a server of more than half", 510, 0.086, 16, 1, BENCH_ROLE_NORMAL, BENCH_CELL_OK},
        {"69 %, a server of more than half", 690, 0.2, 16, 1, BENCH_ROLE_NORMAL, BENCH_CELL_OK},
        {"71 %, a server of less", 710, 0.235, 16, 1, BENCH_ROLE_NORMAL, BENCH_CELL_CLIENT_BOUND},
        {"71 %, a server of more", 710, 0.238, 16, 1, BENCH_ROLE_NORMAL, BENCH_CELL_OK},
        {"71 %, a server unknown", 710, NAN, 16, 1, BENCH_ROLE_NORMAL, BENCH_CELL_OK},
        {"one connection a worker", 710, 0.1, 16, 16, BENCH_ROLE_NORMAL, BENCH_CELL_OK},
        {"the floor", 710, 0.1, 16, 1, BENCH_ROLE_FLOOR, BENCH_CELL_OK},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct bench_recording *r;
        cr_assert_eq(bench_recording_new(&r), 0);
        for (int k = 0; k < 1000; k++) {
            cr_assert_eq(bench_recording_sample(r, BENCH_SERIES_RESPONSE, 160 * US), 0);
            bench_recording_outcome(r, BENCH_FAILURE_NONE, "");
        }
        r->first_start = BENCH_NS_PER_S;
        r->last_done = BENCH_NS_PER_S + 30 * MS;
        r->clients = cases[i].clients;
        r->workers = cases[i].workers;
        r->inflight_ns = r->present_ns = 160 * MS;
        r->busiest_cpu_ns = r->cpu_ns = cases[i].cpu_us * 10 * US;
        struct outcome o = outcome_with(r, cases[i].role, cases[i].server_cores);
        expect(&o, cases[i].want,
               cases[i].want == BENCH_CELL_OK ? "" : "of its 16 connections takes the client",
               cases[i].what);
    }
}

Test(validity, time_between_reply_and_request)
{
    for (int occupied = 69; occupied <= 71; occupied += 2) {
        struct bench_recording *r = healthy();
        r->present_ns = r->inflight_ns * 100 / occupied;
        struct outcome o = outcome_of(r, BENCH_ROLE_NORMAL);
        expect(&o, occupied < 70 ? BENCH_CELL_CLIENT_BOUND : BENCH_CELL_OK,
               occupied < 70 ? "the client itself used 31 % of the time" : "", "occupancy");
        r = healthy();
        r->present_ns = r->inflight_ns * 100 / occupied;
        o = outcome_of(r, BENCH_ROLE_FLOOR);
        expect(&o, BENCH_CELL_OK, "", "the floor");
    }
}

/* A row of `connection` has no responses: its first answers are what the client's waits count
 * against. */
Test(validity, connections_are_judged_by_their_first_answer)
{
    for (int wait_us = 90; wait_us <= 110; wait_us += 20) {
        struct bench_recording *r;
        cr_assert_eq(bench_recording_new(&r), 0);
        for (int k = 0; k < 100; k++) {
            cr_assert_eq(bench_recording_sample(r, BENCH_SERIES_FIRST_ANSWER, MS), 0);
            bench_recording_outcome(r, BENCH_FAILURE_NONE, "");
        }
        r->first_start = BENCH_NS_PER_S;
        r->last_done = 2 * BENCH_NS_PER_S;
        r->clients = r->workers = 1;
        r->inflight_ns = 77 * MS;
        r->present_ns = 500 * MS;
        r->run_wait_ns = 100 * wait_us * US;
        struct outcome o = outcome_of(r, BENCH_ROLE_NORMAL);
        expect(&o, wait_us < 100 ? BENCH_CELL_OK : BENCH_CELL_CLIENT_BOUND, "", "connection");
        cr_expect(isnan(o.v.little) && isnan(o.v.occupancy), "a connection is more than its request");
    }
}

Test(validity, late_clients)
{
    static const struct {
        const char *what;
        int64_t late_us, response_us;
        enum bench_role role;
        enum bench_cell_status want;
    } cases[] = {
        {"a wake-up", 150, 60, BENCH_ROLE_NORMAL, BENCH_CELL_OK},
        {"just below a millisecond", 990, 400, BENCH_ROLE_NORMAL, BENCH_CELL_OK},
        {"above it", 1010, 400, BENCH_ROLE_NORMAL, BENCH_CELL_CLIENT_BOUND},
        {"a small part of the response", 1010, 10500, BENCH_ROLE_NORMAL, BENCH_CELL_OK},
        {"a tenth of it", 1100, 10500, BENCH_ROLE_NORMAL, BENCH_CELL_CLIENT_BOUND},
        {"the floor", 5000, 400, BENCH_ROLE_FLOOR, BENCH_CELL_OK},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct bench_recording *r = healthy_open();
        for (enum bench_series_id id = 0; id < BENCH_SERIES_COUNT; id++)
            if (r->series[id].hist != NULL) {
                bench_hist_free(r->series[id].hist);
                r->series[id] = (struct bench_series){.hist = NULL};
            }
        for (int k = 0; k < 2000; k++) {
            cr_assert_eq(bench_recording_sample(r, BENCH_SERIES_RESPONSE, cases[i].response_us * US),
                         0);
            cr_assert_eq(bench_recording_sample(r, BENCH_SERIES_LATE,
                                                k % 50 == 0 ? cases[i].late_us * US : 0),
                         0);
        }
        struct outcome o = outcome_of(r, cases[i].role);
        expect(&o, cases[i].want, cases[i].want == BENCH_CELL_OK ? "" : "too late (p99)",
               cases[i].what);
    }
}

/* ---- offered and delivered ---- */

/* An open loop of `planned` requests, 500 a second, that the server answers one after the other in
 * service_us each; `connections` requests are out at a time, the others wait in the client. What
 * has not been sent `drain_ms` behind the end of the schedule never is, and counts as failed. */
static struct bench_recording *queue_of(int planned, int64_t service_us, int connections,
                                        int64_t drain_ms)
{
    enum { GAP_US = 2000, MOST = 100 };
    struct bench_recording *r;
    int64_t done_us[MOST] = {0}, server_us = 0;
    cr_assert_eq(bench_recording_new(&r), 0);
    cr_assert_eq(bench_trace_prepare(&r->trace), 0);
    r->first_start = BENCH_NS_PER_S;
    r->planned = (uint64_t)planned;
    r->measured_ns = (int64_t)planned * GAP_US * US;
    r->clients = (uint32_t)connections;
    r->workers = 1;
    r->cpu_ns = r->busiest_cpu_ns = MS;
    for (int64_t i = 0; i < planned; i++) {
        const int64_t start_us = i * GAP_US;
        int64_t *slot = &done_us[i % connections];
        const int64_t sent_us = *slot > start_us ? *slot : start_us;
        cr_assert_eq(bench_recording_sample(r, BENCH_SERIES_LATE, 50 * US), 0);
        if (sent_us > planned * GAP_US + drain_ms * 1000) {
            bench_recording_outcome(r, BENCH_FAILURE_TIMEOUT, "never sent");
            continue;
        }
        r->sent++;
        server_us = (server_us > sent_us ? server_us : sent_us) + service_us;
        *slot = server_us;
        const int64_t response_ns = (server_us - start_us) * US;
        cr_assert_eq(bench_recording_sample(r, BENCH_SERIES_RESPONSE, response_ns), 0);
        cr_assert_eq(bench_recording_sample(r, BENCH_SERIES_SERVICE, (server_us - sent_us) * US), 0);
        bench_recording_outcome(r, BENCH_FAILURE_NONE, "");
        r->last_done = r->first_start + server_us * US;
        r->inflight_ns += (server_us - sent_us) * US;
        bench_trace_add(&r->trace, r->last_done, response_ns);
    }
    return r;
}

Test(validity, servers_that_keep_up_and_that_do_not)
{
    static const struct {
        const char *what;
        int planned;
        int64_t service_us;
        int connections;
        int64_t drain_ms, measured_ms;
        enum bench_cell_status want;
        const char *piece;
    } cases[] = {
        {"half loaded", 1000, 1000, 1, 30000, 0, BENCH_CELL_OK, ""},
        {"half loaded, for a duration", 1000, 1000, 1, 30000, 2000, BENCH_CELL_OK, ""},
        {"nearly full", 5000, 1990, 4, 30000, 0, BENCH_CELL_OK, ""},
        {"too slow by 0.5 %", 5000, 2010, 4, 30000, 0, BENCH_CELL_OK, ""},
        {"too slow by 2 %", 5000, 2040, 4, 30000, 0, BENCH_CELL_INVALID,
         "the server did not keep up: delivered 490 /s of 500 /s offered"},
        {"too slow by 2 %, for a duration", 5000, 2040, 4, 30000, 10000, BENCH_CELL_INVALID,
         "delivered 490 /s of 500 /s offered"},
        {"a fifth of it", 1000, 10000, 1, 30000, 0, BENCH_CELL_INVALID,
         "delivered 100 /s of 500 /s offered"},
        {"a fifth of it, over 64 connections", 1000, 10000, 64, 30000, 0, BENCH_CELL_INVALID,
         "delivered 100 /s of 500 /s offered"},
        {"a fifth of it, given up", 1000, 10000, 1, 10, 0, BENCH_CELL_INVALID, "of 500 /s offered"},
        {"a tenth", 1000, 20000, 1, 30000, 0, BENCH_CELL_INVALID,
         "delivered 50.0 /s of 500 /s offered"},
        /* Short: what the end cuts off is more than 1 %. */
        {"20 slow requests, side by side", 20, 1900, 8, 30000, 0, BENCH_CELL_OK, ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct bench_recording *r = queue_of(cases[i].planned, cases[i].service_us,
                                             cases[i].connections, cases[i].drain_ms);
        if (cases[i].measured_ms > 0)
            r->measured_ns = cases[i].measured_ms * MS;
        struct outcome o = outcome_of(r, BENCH_ROLE_NORMAL);
        expect(&o, cases[i].want, cases[i].piece, cases[i].what);
        cr_expect_float_eq(o.v.offered, 500, 0.5, "%s: offered %g", cases[i].what, o.v.offered);
    }
}

/* Replies that come long behind the schedule's end, because the last request met a stall: the
 * connections were idle before, so there was no queue. */
Test(validity, a_slow_last_reply_is_no_overload)
{
    struct bench_recording *r = queue_of(100, 500, 1, 30000);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(bench_recording_sample(r, BENCH_SERIES_RESPONSE, 30 * MS), 0);
        cr_assert_eq(bench_recording_sample(r, BENCH_SERIES_SERVICE, 30 * MS), 0);
        bench_recording_outcome(r, BENCH_FAILURE_NONE, "");
    }
    r->planned = r->sent = 102;
    r->inflight_ns += 60 * MS;
    r->last_done = r->first_start + 231 * MS;
    struct outcome o = outcome_of(r, BENCH_ROLE_NORMAL);
    expect(&o, BENCH_CELL_OK, "", "stall at the end");
}

Test(validity, who_is_to_blame_for_what_was_not_delivered)
{
    for (int late = 0; late < 2; late++) {
        for (int floor = 0; floor < 2; floor++) {
            struct bench_recording *r = queue_of(1000, 10000, 1, 30000);
            for (int i = 0; late && i < 100; i++)
                cr_assert_eq(
                    bench_recording_sample(r, BENCH_SERIES_LATE, 4 * BENCH_NS_PER_S), 0);
            struct outcome o = outcome_of(r, floor ? BENCH_ROLE_FLOOR : BENCH_ROLE_NORMAL);
            expect(&o, late && !floor ? BENCH_CELL_CLIENT_BOUND : BENCH_CELL_INVALID,
                   !late   ? "the server did not keep up"
                   : floor ? "the client did not keep up"
                           : "took requests up 4.00 s too late",
                   "overload");
        }
    }
}

/* Failed requests were answered; they do not count as undelivered. */
Test(validity, failures_alone_never_make_a_trial_invalid)
{
    struct bench_recording *r = healthy_open();
    r->succeeded -= 1500;
    r->failures[BENCH_FAILURE_REMOTE] += 1500;
    struct outcome o = outcome_of(r, BENCH_ROLE_NORMAL);
    expect(&o, BENCH_CELL_OK, "", "three of four failed");
    cr_expect_float_eq(o.v.delivered, 500, 1e-6);
    cr_expect(isnan(o.v.little));
}

/* ---- accounting, machine ---- */

Test(validity, littles_law)
{
    static const struct {
        const char *what;
        int64_t inflight_us; /* of 2000 requests with 400 us response and 390 us service */
        bool open;
        enum bench_cell_status want;
    } cases[] = {
        {"right", 800000, false, BENCH_CELL_OK},
        {"1.9 % too many in flight", 815200, false, BENCH_CELL_OK},
        {"2.5 % too many in flight", 820500, false, BENCH_CELL_INVALID},
        {"1.9 % too few", 785000, false, BENCH_CELL_OK},
        {"2.1 % too few", 783000, false, BENCH_CELL_INVALID},
        {"open: submitted before the kernel had them", 795000, true, BENCH_CELL_OK},
        {"open: much before", 900000, true, BENCH_CELL_OK},
        {"open: less in flight than served", 760000, true, BENCH_CELL_INVALID},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        for (int role = 0; role < 2; role++) {
            struct bench_recording *r = cases[i].open ? healthy_open() : healthy();
            r->inflight_ns = cases[i].inflight_us * US;
            struct outcome o = outcome_of(r, role ? BENCH_ROLE_FLOOR : BENCH_ROLE_NORMAL);
            expect(&o, cases[i].want, cases[i].want == BENCH_CELL_OK ? "" : "accounting: ",
                   cases[i].what);
        }
    }
}

Test(validity, littles_law_needs_a_hundred_requests_and_no_failure)
{
    for (int n = 99; n <= 101; n++) {
        struct bench_recording *r;
        cr_assert_eq(bench_recording_new(&r), 0);
        for (int i = 0; i < (n == 101 ? 100 : n); i++) {
            cr_assert_eq(bench_recording_sample(r, BENCH_SERIES_RESPONSE, MS), 0);
            bench_recording_outcome(r, BENCH_FAILURE_NONE, "");
        }
        if (n == 101)
            bench_recording_outcome(r, BENCH_FAILURE_RESET, "");
        r->first_start = BENCH_NS_PER_S;
        r->last_done = 2 * BENCH_NS_PER_S;
        r->inflight_ns = 500 * MS;
        struct outcome o = outcome_of(r, BENCH_ROLE_NORMAL);
        expect(&o, n == 100 ? BENCH_CELL_INVALID : BENCH_CELL_OK, "", n == 101 ? "failed" : "few");
    }
}

Test(validity, stolen_time)
{
    static const struct {
        const char *what;
        unsigned long long stolen, total;
        double want; /* < 0: no figure */
        enum bench_cell_status status;
    } cases[] = {
        {"none", 0, 400, 0, BENCH_CELL_OK},
        {"a tenth", 40, 400, 0.1, BENCH_CELL_OK},
        {"more", 41, 400, 0.1025, BENCH_CELL_INVALID},
        {"too short to tell", 50, 99, -1, BENCH_CELL_OK},
        {"just long enough", 50, 100, 0.5, BENCH_CELL_INVALID},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct bench_recording *r = healthy();
        struct bench_validity v;
        char reason[256];
        const struct bench_steal after = {.stolen = quiet_before.stolen + cases[i].stolen,
                                          .total = quiet_before.total + cases[i].total};
        cr_assert_eq(bench_validity_measure(r, &quiet_before, &after, &v), 0);
        if (cases[i].want < 0)
            cr_expect(isnan(v.steal), "%s: %g", cases[i].what, v.steal);
        else
            cr_expect_float_eq(v.steal, cases[i].want, 1e-9, "%s: %g", cases[i].what, v.steal);
        cr_expect_eq(bench_validity_judge(&v, r, &(struct bench_resources){.server_cpu_s = NAN},
                                          true, reason, sizeof(reason)),
                     cases[i].status, "%s: %s", cases[i].what, reason);
        bench_recording_free(r);
    }
}

Test(validity, the_machines_clock_goes_forward)
{
    struct bench_steal a, b;
    bench_steal_read(&a);
    cr_assert_gt(a.total, 0);
    cr_assert_leq(a.stolen, a.total);
    bench_steal_read(&b);
    cr_assert_geq(b.total, a.total);
}

/* Two limits at once: what makes all figures worthless is said first. */
Test(validity, wrong_accounting_comes_before_a_busy_client)
{
    struct bench_recording *r = healthy();
    r->busiest_cpu_ns = 950 * MS;
    r->inflight_ns = 400 * MS;
    struct outcome o = outcome_of(r, BENCH_ROLE_NORMAL);
    expect(&o, BENCH_CELL_INVALID, "accounting: rate times response time is 2 of the requests",
           "both");
}

/* ---- steadiness ---- */

static struct bench_recording *trace_of(int n, int64_t first_us, int64_t last_us)
{
    struct bench_recording *r = healthy();
    cr_assert_eq(bench_trace_prepare(&r->trace), 0);
    for (int i = 0; i < n; i++)
        bench_trace_add(&r->trace, r->first_start + i * US,
                        (first_us + (last_us - first_us) * i / n) * US);
    return r;
}

Test(validity, drift_marks_a_trial_and_does_not_make_it_invalid)
{
    struct outcome o = outcome_of(trace_of(1000, 400, 800), BENCH_ROLE_NORMAL);
    expect(&o, BENCH_CELL_OK, "", "drifting");
    cr_expect(o.v.steady_judged && o.v.unsteady);
    cr_expect_float_eq(o.v.drift, 400.0 / 600, 0.01, "%g", o.v.drift);
    cr_expect_gt(o.v.kpss, 0.739);
    o = outcome_of(trace_of(999, 400, 800), BENCH_ROLE_NORMAL);
    cr_expect(!o.v.steady_judged && !o.v.unsteady && isnan(o.v.drift), "too short to judge");
    o = outcome_of(trace_of(1000, 400, 400), BENCH_ROLE_NORMAL);
    cr_expect(o.v.steady_judged && !o.v.unsteady);
}
