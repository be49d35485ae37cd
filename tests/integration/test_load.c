/* SPDX-License-Identifier: MIT */
/* The driver with our own loop against a native server: what it plans, sends and records. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "bench/units.h"
#include "suite/client.h"
#include "suite/report.h"
#include "tests/support/peer.h"
#include "tests/support/server.h"

TestSuite(load, .timeout = 120);

enum { CLIENTS = 4 };

/* A server, and a cell with one step against it. */
struct rig {
    struct support_server server;
    const struct bench_protocol *protocol;
    void *options;
    struct bench_program *program;
    struct bench_step step;
    struct bench_cell cell;
};

static void rig_up(struct rig *rig, enum bench_operation_id operation, const struct bench_value *arg)
{
    const struct support_server_spec server = {.protocol = "rpyc", .mode = "threaded"};
    const struct bench_spec spec = {.kind = BENCH_SPEC_OPERATION,
                                    .operation = bench_operation_get(operation),
                                    .args = arg,
                                    .nargs = arg ? 1 : 0};
    struct bench_error err = {0};

    (void)signal(SIGPIPE, SIG_IGN);
    *rig = (struct rig){.protocol = bench_protocol_find("rpyc", 4)};
    cr_assert_eq(support_server_start(&server, &rig->server, &err), 0, "%s", err.msg);
    cr_assert_eq(bench_options_new(rig->protocol->options, rig->protocol->options_size,
                                   &rig->options, &err),
                 0);
    cr_assert_eq(rig->protocol->compile(rig->options, &spec, &rig->program, &err), 0, "%s",
                 err.msg);
    rig->step = (struct bench_step){.program = rig->program, .operation = spec.operation};
    rig->cell = (struct bench_cell){
        .protocol = rig->protocol,
        .options = rig->options,
        .address = {.host = "127.0.0.1", .port = rig->server.port},
        .steps = &rig->step,
        .nsteps = 1,
        .clients = CLIENTS,
        .units = 50,
        .warmup = 2,
        .timeout_ns = 60 * BENCH_NS_PER_S,
        .workers = 1,
    };
    cr_assert_eq(bench_address_resolve(&rig->cell.address, &err), 0);
}

static void rig_down(struct rig *rig)
{
    support_server_kill(&rig->server);
    rig->protocol->program_free(rig->program);
    bench_options_free(rig->protocol->options, rig->options);
}

static struct bench_driver *prepared(const struct rig *rig)
{
    struct bench_driver *driver = NULL;
    struct bench_error err = {0};

    cr_assert_eq(bench_driver_loop.prepare(&rig->cell, &driver, &err), 0, "%s", err.msg);
    cr_assert_eq(bench_driver_loop.ready(driver, &err), 0, "%s", err.msg);
    return driver;
}

static struct bench_recording *collected(struct bench_driver *driver, bool *cut)
{
    struct bench_recording *r = NULL;
    struct bench_error err = {0};

    bench_driver_loop.wait(driver);
    cr_assert_eq(bench_driver_loop.collect(driver, &r, cut, &err), 0, "%s", err.msg);
    return r;
}

static struct bench_recording *run(const struct rig *rig, bool *cut)
{
    struct bench_driver *driver = prepared(rig);
    bool ignored;

    bench_driver_loop.go(driver, bench_now_ns());
    return collected(driver, cut ? cut : &ignored);
}

/* What holds for every load whose requests all succeeded: no clock is asked. */
static void expect_consistent(const struct bench_recording *r)
{
    const struct bench_series *response = &r->series[BENCH_SERIES_RESPONSE];
    const struct bench_series *service = &r->series[BENCH_SERIES_SERVICE];
    const struct bench_series *lag = &r->series[BENCH_SERIES_LAG];

    cr_expect_eq(r->succeeded, r->attempted, "%s", r->first_error);
    cr_expect_eq(response->count, r->succeeded);
    cr_expect_eq(service->count, r->succeeded);
    cr_expect_eq(lag->count, r->succeeded);
    cr_expect_eq(r->stat.operations, r->succeeded);
    cr_expect(response->sum == service->sum + lag->sum, "a response is its lag and its service");
    cr_expect_geq(response->max, service->max);
    cr_expect_eq(r->trace.n, response->count, "few enough to be kept all");
    cr_expect_gt(r->cpu_ns, 0);
    cr_expect_geq(r->busiest_cpu_ns * (int64_t)r->workers, r->cpu_ns);
    cr_expect_leq(r->busiest_cpu_ns, r->cpu_ns);
    cr_expect_geq(r->run_wait_ns, -1);
    cr_expect_leq(r->present_ns, (r->last_done - r->first_start) * (int64_t)r->clients);
}

static void expect_same_count(const struct bench_recording *r, uint64_t n)
{
    cr_expect_eq(r->planned, n);
    cr_expect_eq(r->sent, n);
    cr_expect_eq(r->attempted, n);
    cr_expect_eq(r->succeeded, n, "%s", r->first_error);
}

Test(load, closed_loop)
{
    struct rig rig;
    rig_up(&rig, BENCH_OP_PING, NULL);
    struct bench_recording *r = run(&rig, NULL);

    expect_consistent(r);
    cr_expect_eq(r->attempted, CLIENTS * 50u);
    cr_expect_eq(r->clients, (uint32_t)CLIENTS);
    cr_expect_eq(r->workers, 1u);
    cr_expect_eq(r->planned, 0u);
    cr_expect_eq(r->sent, 0u);
    cr_expect_eq(r->series[BENCH_SERIES_LATE].count, 0u);
    cr_expect_eq(r->measured_ns, 0);
    /* Little's law, exactly: nothing is out at either end. */
    cr_expect(r->inflight_ns == r->series[BENCH_SERIES_RESPONSE].sum);
    cr_expect_geq(r->present_ns, r->inflight_ns, "one request at a time on each connection");
    bench_recording_free(r);
    rig_down(&rig);
}

/* The units of a client are shared out to its requests in flight; none is made twice. */
Test(load, several_requests_in_flight_on_each_connection)
{
    static const struct {
        int inflight;
        int64_t units;
    } cases[] = {{3, 50}, {16, 50}, {64, 5}};
    struct rig rig;
    rig_up(&rig, BENCH_OP_PING, NULL);
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        const uint32_t slots = CLIENTS * (uint32_t)cases[i].inflight;
        rig.cell.inflight = cases[i].inflight;
        rig.cell.units = cases[i].units;
        rig.cell.load = (struct bench_load_model){.rate_per_s = 0};
        struct bench_recording *r = run(&rig, NULL);
        cr_expect_eq(r->succeeded, CLIENTS * (uint64_t)cases[i].units, "%s", r->first_error);
        cr_expect_eq(r->attempted, r->succeeded);
        cr_expect_eq(r->stat.operations, r->succeeded);
        cr_expect_eq(r->clients, (uint32_t)CLIENTS);
        cr_expect_eq(r->slots, slots);
        cr_expect(r->inflight_ns == r->series[BENCH_SERIES_RESPONSE].sum);
        cr_expect_geq(r->present_ns, r->inflight_ns);
        bench_recording_free(r);
        rig.cell.load = (struct bench_load_model){.rate_per_s = 2000,
                                                  .duration_ns = 200 * BENCH_NS_PER_MS};
        r = run(&rig, NULL);
        expect_same_count(r, 400);
        bench_recording_free(r);
    }
    rig_down(&rig);
}

/* The peer ends each connection after some bytes, with many requests out: each of them is counted
 * once, and the load goes on over a new connection. */
Test(load, connections_that_end_with_many_requests_in_flight)
{
    struct rig rig;
    rig_up(&rig, BENCH_OP_PING, NULL);
    for (int open = 0; open < 2; open++) {
        const struct support_damage damage = {.flip_at = UINT64_MAX, .end_at = 5000};
        struct support_peer *relay;
        struct bench_error err = {0};
        cr_assert_eq(support_relay_start(rig.server.port, &damage, &relay, &err), 0, "%s", err.msg);
        rig.cell.address.port = support_peer_port(relay);
        cr_assert_eq(bench_address_resolve(&rig.cell.address, &err), 0);
        rig.cell.inflight = 8;
        rig.cell.units = 200;
        rig.cell.load.rate_per_s = open ? 4000 : 0;
        struct bench_recording *r = run(&rig, NULL);
        cr_expect_eq(r->attempted, CLIENTS * 200u);
        cr_expect_eq(r->succeeded + bench_recording_failed(r), r->attempted);
        cr_expect_gt(bench_recording_failed(r), 0u);
        cr_expect_gt(r->succeeded, r->attempted / 2, "%s", r->first_error);
        cr_expect_eq(bench_recording_failed(r),
                     r->failures[BENCH_FAILURE_CLOSED] + r->failures[BENCH_FAILURE_RESET]);
        bench_recording_free(r);
        (void)support_peer_stop(relay, &err);
    }
    rig_down(&rig);
}

Test(load, open_loop_sends_what_is_planned)
{
    struct rig rig;
    rig_up(&rig, BENCH_OP_PING, NULL);
    for (int workers = 1; workers <= 3; workers += 2) {
        rig.cell.workers = workers;
        rig.cell.load = (struct bench_load_model){.rate_per_s = 2000,
                                                  .duration_ns = 500 * BENCH_NS_PER_MS};
        struct bench_recording *r = run(&rig, NULL);
        expect_consistent(r);
        cr_expect_eq(r->planned, 1000u);
        cr_expect_eq(r->sent, 1000u);
        cr_expect_eq(r->attempted, 1000u);
        cr_expect_eq(r->series[BENCH_SERIES_LATE].count, 1000u);
        cr_expect(r->series[BENCH_SERIES_LATE].sum <= r->series[BENCH_SERIES_LAG].sum);
        cr_expect_eq(r->workers, (uint32_t)workers);
        cr_expect_eq(r->measured_ns, 500 * BENCH_NS_PER_MS);
        /* Between handing over to the connection and the kernel there is the encoding. */
        cr_expect(r->inflight_ns >= r->series[BENCH_SERIES_SERVICE].sum);
        cr_expect(r->inflight_ns <= r->series[BENCH_SERIES_RESPONSE].sum);
        cr_expect_geq(r->last_done - r->first_start, 999 * BENCH_NS_PER_MS / 2,
                      "the schedule's length");
        bench_recording_free(r);
    }
    rig_down(&rig);
}

Test(load, open_loop_by_units)
{
    struct rig rig;
    bool cut = true;
    rig_up(&rig, BENCH_OP_PING, NULL);
    rig.cell.load = (struct bench_load_model){
        .rate_per_s = 4000, .arrival = BENCH_ARRIVAL_POISSON, .seed = 7};
    rig.cell.workers = 2;
    struct bench_recording *r = run(&rig, &cut);
    expect_consistent(r);
    cr_expect_eq(r->planned, CLIENTS * 50u);
    cr_expect_not(cut);
    bench_recording_free(r);
    /* Ten requests a second for 50 ms: the first one only. */
    rig.cell.load.rate_per_s = 10;
    rig.cell.load.arrival = BENCH_ARRIVAL_CONSTANT;
    rig.cell.budget_ns = 50 * BENCH_NS_PER_MS;
    r = run(&rig, &cut);
    expect_consistent(r);
    cr_expect_eq(r->planned, 1u);
    cr_expect(cut);
    bench_recording_free(r);
    rig_down(&rig);
}

/* One connection, 5 ms a request, planned every 2.5 ms: the queue is in the client, and counts. */
Test(load, waiting_for_a_connection_is_part_of_the_response)
{
    struct rig rig;
    struct bench_value seconds = bench_float(0.005);
    rig_up(&rig, BENCH_OP_IO_WORK, &seconds);
    rig.cell.clients = 1;
    rig.cell.load = (struct bench_load_model){.rate_per_s = 400,
                                              .duration_ns = 250 * BENCH_NS_PER_MS};
    struct bench_recording *r = run(&rig, NULL);
    const struct bench_series *lag = &r->series[BENCH_SERIES_LAG];

    expect_consistent(r);
    cr_expect_eq(r->sent, 100u);
    /* The k-th of them cannot start before k * 5 ms. */
    cr_expect_geq(lag->max, 99 * 5 * BENCH_NS_PER_MS / 2);
    cr_expect(lag->sum >= (__int128)99 * 100 / 2 * 5 * BENCH_NS_PER_MS / 2);
    cr_expect(2 * r->series[BENCH_SERIES_LATE].sum < lag->sum, "waiting is not being late");
    bench_recording_free(r);
    rig_down(&rig);
}

Test(load, workers_share_the_connections)
{
    static const int shares[] = {3, 3, 2};
    struct rig rig;
    rig_up(&rig, BENCH_OP_PING, NULL);
    rig.cell.clients = 8;
    for (int w = 0; w < 3; w++) {
        struct bench_load load;
        cr_assert_eq(bench_load_init(&load, &rig.cell, w, 3, NULL), 0);
        cr_expect_eq(load.nclients, shares[w]);
        bench_load_fini(&load);
        bench_recording_free(load.recording);
    }
    rig.cell.workers = 3;
    struct bench_recording *r = run(&rig, NULL);
    expect_consistent(r);
    cr_expect_eq(r->clients, 8u);
    cr_expect_eq(r->workers, 3u);
    cr_expect_eq(r->attempted, 8 * 50u);
    cr_expect(r->inflight_ns == r->series[BENCH_SERIES_RESPONSE].sum);
    bench_recording_free(r);
    rig.cell.workers = 100; /* more than there are connections */
    r = run(&rig, NULL);
    cr_expect_eq(r->workers, 8u);
    cr_expect_eq(r->attempted, 8 * 50u);
    bench_recording_free(r);
    rig_down(&rig);
}

Test(load, duration_and_budget_end_it)
{
    struct rig rig;
    bool cut = true;
    rig_up(&rig, BENCH_OP_PING, NULL);
    rig.cell.units = INT64_MAX;
    rig.cell.load.duration_ns = 200 * BENCH_NS_PER_MS;
    struct bench_recording *r = run(&rig, &cut);
    expect_consistent(r);
    cr_expect_gt(r->attempted, 0u);
    cr_expect_not(cut, "that is what was asked for");
    bench_recording_free(r);
    rig.cell.load.duration_ns = 0;
    rig.cell.budget_ns = 200 * BENCH_NS_PER_MS;
    r = run(&rig, &cut);
    cr_expect(cut);
    bench_recording_free(r);
    /* Each client runs one unit, however short the time. */
    rig.cell.budget_ns = 0;
    rig.cell.load.duration_ns = 1;
    r = run(&rig, &cut);
    cr_expect_eq(r->attempted, (uint64_t)CLIENTS);
    bench_recording_free(r);
    rig_down(&rig);
}

Test(load, ramp_is_not_recorded)
{
    struct rig rig;
    rig_up(&rig, BENCH_OP_PING, NULL);
    rig.cell.load = (struct bench_load_model){.rate_per_s = 2000,
                                              .ramp_ns = 300 * BENCH_NS_PER_MS,
                                              .duration_ns = 300 * BENCH_NS_PER_MS};
    rig.cell.workers = 2;
    struct bench_driver *driver = prepared(&rig);
    int64_t go_ns = bench_now_ns();
    bool cut;
    bench_driver_loop.go(driver, go_ns);
    struct bench_recording *r = collected(driver, &cut);
    cr_expect_eq(r->planned, 600u, "300 more in the ramp");
    cr_expect_eq(r->sent, 600u);
    cr_expect_geq(r->attempted, 600u);
    cr_expect_lt(r->attempted, 900u, "at most those that were out at its end");
    cr_expect_eq(r->series[BENCH_SERIES_LATE].count, 600u);
    cr_expect_geq(r->first_start, go_ns + 300 * BENCH_NS_PER_MS);
    cr_expect_geq(r->trace.points[0].done_ns, go_ns + 300 * BENCH_NS_PER_MS);
    bench_recording_free(r);

    /* Clients that join one by one, then 50 units each. */
    rig.cell.load = (struct bench_load_model){.ramp_ns = 200 * BENCH_NS_PER_MS};
    driver = prepared(&rig);
    go_ns = bench_now_ns();
    bench_driver_loop.go(driver, go_ns);
    r = collected(driver, &cut);
    cr_expect_eq(r->attempted, CLIENTS * 50u);
    cr_expect_geq(r->first_start, go_ns + 200 * BENCH_NS_PER_MS);
    cr_expect_eq(r->stat.operations, r->attempted);
    cr_expect_geq(r->present_ns, r->inflight_ns);
    bench_recording_free(r);
    rig_down(&rig);
}

Test(load, stopped_in_the_middle)
{
    struct rig rig;
    bool cut;
    rig_up(&rig, BENCH_OP_PING, NULL);
    for (int open = 0; open < 2; open++) {
        rig.cell.units = INT64_MAX;
        rig.cell.workers = 2;
        rig.cell.load = (struct bench_load_model){.rate_per_s = open ? 1000 : 0,
                                                  .duration_ns = 3600 * BENCH_NS_PER_S};
        struct bench_driver *driver = prepared(&rig);
        bench_driver_loop.go(driver, bench_now_ns());
        struct pollfd fd = {.fd = bench_driver_loop.fd(driver), .events = POLLIN};
        cr_expect_eq(poll(&fd, 1, 200), 0);
        bench_driver_loop.stop(driver);
        struct bench_recording *r = collected(driver, &cut);
        cr_expect_eq(r->attempted, r->succeeded, "%s", r->first_error);
        cr_expect_leq(r->sent, r->planned);
        cr_expect_lt(r->planned, 3600u * 1000u);
        cr_expect_geq(r->inflight_ns, 0);
        bench_recording_free(r);
    }
    /* Before it was ever started. */
    struct bench_driver *driver = prepared(&rig);
    struct bench_recording *r;
    cr_assert_eq(bench_driver_loop.collect(driver, &r, &cut, NULL), 0);
    cr_expect_eq(r->attempted, 0u);
    bench_recording_free(r);
    rig_down(&rig);
}

/* A server that does not answer any more: the end is one timeout after the last planned request,
 * and each of them has failed. */
Test(load, frozen_server)
{
    struct rig rig;
    bool cut;
    rig_up(&rig, BENCH_OP_PING, NULL);
    rig.cell.timeout_ns = 2 * BENCH_NS_PER_S; /* the warm-up has to come through */
    rig.cell.load = (struct bench_load_model){.rate_per_s = 100,
                                              .duration_ns = 200 * BENCH_NS_PER_MS};
    struct bench_driver *driver = prepared(&rig);
    cr_assert_eq(kill(rig.server.pid, SIGSTOP), 0);
    bench_driver_loop.go(driver, bench_now_ns());
    struct bench_recording *r = collected(driver, &cut);
    cr_expect_eq(r->planned, 20u);
    cr_expect_geq(r->sent, (uint64_t)CLIENTS);
    cr_expect_lt(r->sent, 20u);
    cr_expect_eq(r->attempted, 20u);
    cr_expect_eq(r->failures[BENCH_FAILURE_TIMEOUT], 20u);
    cr_expect_eq(r->series[BENCH_SERIES_RESPONSE].count, 0u);
    cr_expect_eq(r->series[BENCH_SERIES_LATE].count, 20u);
    bench_recording_free(r);
    rig_down(&rig);
}

/* Clients that all gave up before the schedule ended. */
Test(load, dead_server)
{
    struct rig rig;
    bool cut;
    rig_up(&rig, BENCH_OP_PING, NULL);
    for (int workers = 1; workers <= 2; workers++) {
        rig.cell.workers = workers;
        rig.cell.load = (struct bench_load_model){.rate_per_s = 1000,
                                                  .duration_ns = 3 * BENCH_NS_PER_S};
        struct bench_driver *driver = workers == 1 ? prepared(&rig) : NULL;
        if (driver == NULL) {
            struct bench_error err = {0};
            cr_assert_eq(bench_driver_loop.prepare(&rig.cell, &driver, &err), 0);
            cr_expect_eq(bench_driver_loop.ready(driver, &err), -ECONNREFUSED, "%s", err.msg);
        }
        support_server_kill(&rig.server);
        bench_driver_loop.go(driver, bench_now_ns());
        struct bench_recording *r = collected(driver, &cut);
        cr_expect_eq(r->planned, 3000u);
        cr_expect_eq(r->succeeded, 0u);
        cr_expect_geq(r->attempted, 3000u, "with the openings before the load");
        cr_expect_gt(r->failures[BENCH_FAILURE_TIMEOUT], 2000u);
        bench_recording_free(r);
    }
    rig_down(&rig);
}

Test(load, work_on_each_reply)
{
    struct rig rig;
    rig_up(&rig, BENCH_OP_PING, NULL);
    rig.cell.clients = 1;
    rig.cell.reply_work_ns = BENCH_NS_PER_MS;
    struct bench_recording *r = run(&rig, NULL);
    expect_consistent(r);
    cr_expect_geq(r->cpu_ns, 50 * BENCH_NS_PER_MS);
    bench_recording_free(r);
    rig_down(&rig);
}

/* How many threads of this process may run on that processor only. */
static int pinned_threads(int cpu)
{
    char wanted[64], line[256];
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *entry;

    cr_assert_not_null(tasks);
    (void)snprintf(wanted, sizeof(wanted), "Cpus_allowed_list:\t%d\n", cpu);
    while ((entry = readdir(tasks)) != NULL) {
        char path[300];
        (void)snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "re");
        while (file != NULL && fgets(line, sizeof(line), file) != NULL)
            count += strcmp(line, wanted) == 0;
        if (file != NULL)
            (void)fclose(file);
    }
    (void)closedir(tasks);
    return count;
}

Test(load, processors)
{
    struct rig rig;
    cpu_set_t all, one;
    int cpu = 0;
    bool cut;
    struct bench_recording *r;
    struct bench_driver *driver;
    struct bench_error err = {0};
    rig_up(&rig, BENCH_OP_PING, NULL);
    cr_assert_eq(sched_getaffinity(0, sizeof(all), &all), 0);
    while (!CPU_ISSET((size_t)cpu, &all))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    rig.cell.cpus = &one;
    rig.cell.workers = 3; /* more than processors */
    int before = pinned_threads(cpu);
    driver = prepared(&rig);
    cr_expect_eq(pinned_threads(cpu), before + 3);
    bench_driver_loop.go(driver, bench_now_ns());
    r = collected(driver, &cut);
    expect_consistent(r);
    cr_expect_eq(r->attempted, CLIENTS * 50u);
    bench_recording_free(r);
    CPU_ZERO(&one);
    CPU_SET((size_t)CPU_SETSIZE - 1, &one);
    cr_expect_eq(bench_driver_loop.prepare(&rig.cell, &driver, &err), -EINVAL);
    cr_expect_not_null(strstr(err.msg, "processors"), "%s", err.msg);
    rig_down(&rig);
}

Test(load, open_loop_is_of_single_requests)
{
    struct rig rig;
    struct bench_driver *driver;
    struct bench_error err = {0};
    rig_up(&rig, BENCH_OP_PING, NULL);
    rig.cell.load.rate_per_s = 1;
    rig.cell.nsteps = 2;
    cr_expect_eq(bench_driver_loop.prepare(&rig.cell, &driver, &err), -ENOTSUP);
    cr_expect_not_null(strstr(err.msg, "2 steps"), "%s", err.msg);
    rig.cell.nsteps = 1;
    rig.cell.sample = BENCH_SAMPLE_CONNECTION;
    cr_expect_eq(bench_driver_loop.prepare(&rig.cell, &driver, &err), -ENOTSUP);
    rig.cell.sample = BENCH_SAMPLE_STEP;
    rig.cell.think_ns = 1;
    rig.cell.workers = 3;
    cr_expect_eq(bench_driver_loop.prepare(&rig.cell, &driver, &err), -ENOTSUP);
    rig_down(&rig);
}
