/* SPDX-License-Identifier: MIT */
/*
 * The driver with several workers, as a run uses it: started, stopped in the middle, given up. For
 * the ThreadSanitizer: what the workers share, and how their recordings become one.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "bench/units.h"
#include "suite/driver.h"
#include "tests/support/server.h"

enum { CLIENTS = 8, WORKERS = 3, UNITS = 100 };

struct scene {
    const char *name;
    struct bench_load_model load;
    bool stop;       /* as soon as it has begun */
    uint64_t planned; /* expected; attempted, too, unless stopped */
};

static const struct scene scenes[] = {
    {.name = "closed loop"},
    {.name = "closed loop with a ramp", .load = {.ramp_ns = 100 * BENCH_NS_PER_MS}},
    {.name = "open loop",
     .load = {.rate_per_s = 2000, .duration_ns = 300 * BENCH_NS_PER_MS},
     .planned = 600},
    {.name = "poisson",
     .load = {.rate_per_s = 2000, .arrival = BENCH_ARRIVAL_POISSON, .seed = 1},
     .planned = CLIENTS * UNITS},
    {.name = "stopped", .load = {.rate_per_s = 100}, .stop = true},
};

static int check(const struct scene *scene, const struct bench_recording *r,
                 struct bench_error *err)
{
    uint64_t wanted = scene->planned > 0 ? scene->planned : CLIENTS * UNITS;

    if (scene->stop)
        return 0;
    if (r->succeeded != wanted || r->attempted != wanted || r->planned != scene->planned ||
        r->series[BENCH_SERIES_RESPONSE].count != wanted)
        return bench_fail(err, -1, "%llu of %llu succeeded, %llu planned, %llu expected: %.100s",
                          (unsigned long long)r->succeeded, (unsigned long long)r->attempted,
                          (unsigned long long)r->planned, (unsigned long long)wanted,
                          r->first_error);
    if (r->workers != WORKERS || r->clients != CLIENTS)
        return bench_fail(err, -1, "%u workers with %u clients", r->workers, r->clients);
    return 0;
}

static int play(struct bench_cell *cell, const struct scene *scene, struct bench_error *err)
{
    struct bench_driver *driver;
    struct bench_recording *recording;
    bool cut;

    cell->load = scene->load;
    int rc = bench_driver_loop.prepare(cell, &driver, err);
    if (rc < 0)
        return rc;
    rc = bench_driver_loop.ready(driver, err);
    if (rc == 0)
        bench_driver_loop.go(driver, bench_now_ns());
    if (scene->stop)
        bench_driver_loop.stop(driver);
    int collected = bench_driver_loop.collect(driver, &recording, &cut, err);
    if (rc == 0)
        rc = collected < 0 ? collected : check(scene, recording, err);
    bench_recording_free(recording);
    return rc;
}

int main(void)
{
    const struct support_server_spec server_spec = {
        .protocol = "rpyc", .mode = "threaded", .clients = CLIENTS};
    const struct bench_spec spec = {.kind = BENCH_SPEC_OPERATION,
                                    .operation = bench_operation_get(BENCH_OP_PING)};
    const struct bench_protocol *protocol = bench_protocol_find("rpyc", 4);
    struct bench_program *program = NULL;
    struct support_server server = {0};
    struct bench_error err = {0};
    void *options = NULL;
    int failed = 0;

    (void)signal(SIGPIPE, SIG_IGN);
    if (bench_options_new(protocol->options, protocol->options_size, &options, &err) < 0 ||
        protocol->compile(options, &spec, &program, &err) < 0 ||
        support_server_start(&server_spec, &server, &err) < 0) {
        fprintf(stderr, "stress_load: %s\n", err.msg);
        return 2;
    }
    struct bench_step step = {.program = program, .operation = spec.operation};
    struct bench_cell cell = {.protocol = protocol,
                              .options = options,
                              .address = {.host = "127.0.0.1", .port = server.port},
                              .steps = &step,
                              .nsteps = 1,
                              .clients = CLIENTS,
                              .units = UNITS,
                              .warmup = 1,
                              .timeout_ns = 60 * BENCH_NS_PER_S,
                              .workers = WORKERS};
    if (bench_address_resolve(&cell.address, &err) < 0)
        failed++;
    for (size_t i = 0; i < BENCH_COUNT_OF(scenes) && failed == 0; i++) {
        int rc = play(&cell, &scenes[i], &err);
        printf("%s - %s%s%s\n", rc < 0 ? "not ok" : "ok", scenes[i].name, rc < 0 ? ": " : "",
               rc < 0 ? err.msg : "");
        failed += rc < 0;
    }
    (void)support_server_stop(&server);
    protocol->program_free(program);
    bench_options_free(protocol->options, options);
    return failed > 0;
}
