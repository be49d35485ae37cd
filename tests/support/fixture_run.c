/* SPDX-License-Identifier: MIT */
#include "tests/support/fixture_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "tests/support/fixture_profiles.h"

static const struct load {
    const char *workload, *operation, *load_model;
    int clients;
    int64_t extra_us, extra_cpu_us; /* what the operation adds: waiting, and computing */
    const char *argument, *value;   /* of the operation, NULL = none */
} loads[] = {
    {"connection", "ping", "one connection after the other", 1, 0, 0, NULL, NULL},
    {"latency", "ping", "closed loop, 1 connection", 1, 0, 0, NULL, NULL},
    {"concurrent", "ping", "closed loop, 8 connections", 8, 0, 0, NULL, NULL},
    {"cpu", "cpu_work", "closed loop, 8 connections", 8, 0, 18000, "iterations", "100000"},
    {"io", "io_work", "closed loop, 8 connections", 8, 10000, 0, "delay", "0.01"},
};

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

static char *copy(const char *text) { return must(strdup(text)); }

void support_fixture_set(char **member, const char *value)
{
    char *fresh = copy(value);
    free(*member);
    *member = fresh;
}

static void check(int status)
{
    if (status < 0)
        abort();
}

/* 0..99; the sequence depends on nothing but the state (Numerical Recipes' constants). */
static int64_t dice(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (int64_t)((*state >> 16) % 100);
}

/* Around base, with a tail: one sample of a hundred takes three times as long. */
static int64_t sample_ns(uint32_t *state, int64_t base_ns)
{
    int64_t ns = base_ns * (95 + dice(state) / 5) / 100;
    return dice(state) == 0 ? 3 * ns : ns + dice(state);
}

/* ---- trials ---- */

static void pool_again(struct bench_result *result)
{
    struct bench_resources *sum = &result->resources;
    bench_recording_free(result->pooled);
    result->pooled = NULL;
    *sum = (struct bench_resources){0};
    check(bench_recording_new(&result->pooled));
    for (size_t i = 0; i < result->ntrials; i++) {
        const struct bench_resources *one = &result->trials[i].resources;
        check(bench_recording_merge(result->pooled, result->trials[i].recording));
        sum->wall_s += one->wall_s;
        sum->server_cpu_s += one->server_cpu_s;
        sum->client_cpu_s += one->client_cpu_s;
        sum->server_pss_bytes = one->server_pss_bytes;
        sum->server_pss_idle_bytes = one->server_pss_idle_bytes;
        sum->client_rss_bytes = one->client_rss_bytes;
        sum->server_processes = one->server_processes;
        sum->client_nodelay = one->client_nodelay;
        sum->server_nodelay = one->server_nodelay;
    }
}

static void record(struct bench_recording *recording, int n, int64_t base_ns, bool connecting,
                   uint32_t seed, int64_t *total_ns)
{
    uint32_t state = seed;
    *total_ns = 0;
    for (int i = 0; i < n; i++) {
        int64_t ns = sample_ns(&state, base_ns);
        if (connecting) {
            check(bench_recording_sample(recording, BENCH_SERIES_CONNECT, ns / 5));
            check(bench_recording_sample(recording, BENCH_SERIES_READY, ns / 2));
            check(bench_recording_sample(recording, BENCH_SERIES_FIRST_ANSWER, ns));
        } else {
            check(bench_recording_sample(recording, BENCH_SERIES_RESPONSE, ns));
            check(bench_recording_sample(recording, BENCH_SERIES_SERVICE, ns - ns / 50));
        }
        bench_recording_outcome(recording, BENCH_FAILURE_NONE, "");
        *total_ns += ns;
    }
}

void support_fixture_add_trial(struct bench_result *result, int n, int64_t base_us,
                               int64_t server_us, int64_t client_us, int clients)
{
    static const int64_t drift[] = {100, 101, 99, 102, 98, 100, 101, 99};
    size_t index = result->ntrials;
    result->trials = must(realloc(result->trials, (index + 1) * sizeof(struct bench_trial)));
    struct bench_trial *trial = &result->trials[result->ntrials++];
    *trial = (struct bench_trial){
        .block = (int)index,
        .order = (int)(index * 3 % 5),
        .started = 1767225600 + 10 * (double)index,
        .reason = copy(""),
    };
    int64_t total_ns;
    check(bench_recording_new(&trial->recording));
    record(trial->recording, n, base_us * BENCH_NS_PER_US * drift[index % 8] / 100,
           strcmp(result->workload, "connection") == 0, (uint32_t)(base_us + (int64_t)index),
           &total_ns);
    trial->recording->clients = (uint32_t)clients;
    trial->recording->first_start = BENCH_NS_PER_S * (1 + (int64_t)index);
    trial->recording->last_done = trial->recording->first_start + total_ns / clients;
    trial->recording->cpu_ns = client_us * BENCH_NS_PER_US * n;
    trial->resources = (struct bench_resources){
        .wall_s = (double)total_ns / clients / 1e9,
        .server_cpu_s = (double)(server_us * n) / 1e6,
        .client_cpu_s = (double)(client_us * n) / 1e6,
        .server_pss_bytes = 262144.0 * clients,
        .server_pss_idle_bytes = 9.5 * 1048576,
        .client_rss_bytes = 12.0 * 1048576,
        .server_processes = 1,
        .client_nodelay = 0,
        .server_nodelay = 1,
    };
    trial->validity = (struct bench_validity){
        .client_busy = trial->resources.client_cpu_s / trial->resources.wall_s,
        .wait_per_request = 1.5e-6,
        .offered = NAN,
        .sent = NAN,
        .delivered = n / trial->resources.wall_s,
        .late_p99 = NAN,
        .little = 1.0 / 3 + 0.6675,
        .occupancy = 0.997,
        .kpss = n >= 400 ? 0.213 : (double)NAN,
        .drift = n >= 400 ? -0.004 : (double)NAN,
        .steal = 0,
        .independent = n >= 400 ? 0.95 : (double)NAN,
        .same_server = true,
        .steady_judged = n >= 400,
    };
    pool_again(result);
}

static void wire_cost(struct bench_result *result, const struct profile *profile)
{
    for (size_t i = 0; i < result->ntrials; i++) {
        struct bench_recording *recording = result->trials[i].recording;
        uint64_t n = recording->succeeded;
        recording->stat = (struct bench_op_stat_sum){
            .operations = n,
            .frames_sent = n * profile->frames / 2,
            .frames_received = n * profile->frames / 2,
            .round_trips = n * profile->trips,
            .plain_sent = n * profile->bytes / 2,
            .plain_received = n * profile->bytes / 2,
            .wire_sent = n * profile->bytes / 2,
            .wire_received = n * profile->bytes / 2,
        };
        recording->tcp_sent = n * profile->bytes / 2;
        recording->tcp_received = n * profile->bytes / 2;
        if (profile->role == BENCH_ROLE_RULER) {
            result->trials[i].resources.server_cpu_s = NAN;
            result->trials[i].resources.server_pss_bytes = NAN;
            result->trials[i].resources.server_pss_idle_bytes = NAN;
            result->trials[i].resources.server_processes = 0;
        }
        if (strcmp(profile->mode, "forking") == 0) {
            result->trials[i].resources.server_pss_bytes *= 11;
            result->trials[i].resources.server_processes += 8;
        }
    }
    pool_again(result);
}

/* ---- targets and results ---- */

static void target_fill(struct bench_target_info *target, const struct profile *profile,
                        unsigned colour)
{
    char name[128], options[64] = "";
    const char *client = profile->client != NULL ? profile->client : "";
    const char *family = profile->family != NULL ? profile->family : profile->protocol;
    if (profile->options[0] != '\0')
        (void)snprintf(options, sizeof(options), "[%s]", profile->options);
    (void)snprintf(name, sizeof(name), "%s%s%s%s%s%s%s%s", profile->protocol, options,
                   profile->mode[0] != '\0' ? "/" : "", profile->mode,
                   profile->server[0] != '\0' ? "/" : "", profile->server,
                   client[0] != '\0' ? "/" : "", client);
    *target = (struct bench_target_info){
        .name = copy(name),
        .protocol = copy(profile->protocol),
        .options = copy(profile->options),
        .mode = copy(profile->mode),
        .server = copy(profile->server),
        .client = copy(client[0] != '\0' ? client : "native"),
        .family = copy(family),
        .library = copy(profile->library != NULL ? profile->library : ""),
        .url = copy(""),
        .label = copy(profile->label),
        .role = profile->role,
        .colour = colour,
    };
}

static void result_fill(struct bench_result *result, const struct bench_target_info *target,
                        const struct load *load)
{
    char clients[16];
    (void)snprintf(clients, sizeof(clients), "%d", load->clients);
    *result = (struct bench_result){
        .target = target,
        .workload = copy(load->workload),
        .operation = copy(load->operation),
        .load_model = copy(load->load_model),
        .parameters = must(calloc(2, sizeof(struct bench_parameter))),
        .nparameters = load->argument != NULL ? 2 : 1,
        .reason = copy(""),
    };
    result->parameters[0] = (struct bench_parameter){copy("clients"), copy(clients)};
    if (load->argument != NULL)
        result->parameters[1] = (struct bench_parameter){copy(load->argument), copy(load->value)};
}

/* A closed loop on two cores: the response is the request's own time, or its share of the queue
 * before the cores that the server can use, whichever is longer. */
static void result_measure(struct bench_result *result, const struct profile *profile,
                           const struct load *load, int trials, int samples)
{
    int64_t server = profile->server_cpu + load->extra_cpu_us;
    int64_t alone = profile->response + load->extra_us + load->extra_cpu_us;
    int64_t cores_in_tenths = profile->one_core ? 10 : 17;
    int64_t queue = load->clients * server * 10 / cores_in_tenths;
    int64_t base = alone > queue ? alone : queue;
    if (strcmp(load->workload, "connection") == 0)
        base = base * 3 + (strcmp(profile->mode, "forking") == 0 ? 900 : 120);
    for (int i = 0; i < trials; i++)
        support_fixture_add_trial(result, samples, base, server, profile->client_cpu,
                                  load->clients);
    wire_cost(result, profile);
}

static void facts_fill(struct bench_run *run)
{
    static const char *const environment[][2] = {{"rpycbench", "0.1.0"},
                                                 {"build", "Release"},
                                                 {"cpu", "Invented CPU"},
                                                 {"cores", "2, 2 usable"},
                                                 {"kernel", "Linux 6.1"},
                                                 {"placement", "free"},
                                                 {"worker priority", "nice -20"},
                                                 {"load average", "0.31 0.22 0.10"}};
    static const char *const plan[][2] = {
        {"repeats", "8"}, {"requests", "1000"}, {"seed", "1"}, {"payload", "random"}};
    run->environment = must(calloc(BENCH_COUNT_OF(environment), sizeof(struct bench_fact)));
    for (; run->nenvironment < BENCH_COUNT_OF(environment); run->nenvironment++)
        run->environment[run->nenvironment] =
            (struct bench_fact){copy(environment[run->nenvironment][0]),
                                copy(environment[run->nenvironment][1]),
                                strcmp(environment[run->nenvironment][0], "load average") == 0};
    (void)snprintf(run->environment_hash, sizeof(run->environment_hash), "1a2b3c4d5e6f7081");
    run->plan = must(calloc(BENCH_COUNT_OF(plan), sizeof(struct bench_fact)));
    for (; run->nplan < BENCH_COUNT_OF(plan); run->nplan++)
        run->plan[run->nplan] =
            (struct bench_fact){copy(plan[run->nplan][0]), copy(plan[run->nplan][1]), false};
    run->started = 1767225600;
    run->duration = 321.5;
}

static void matrix_fill(struct bench_run *run, const size_t *which, size_t ntargets,
                        size_t first_load, size_t nloads, int trials, int samples)
{
    run->targets = must(calloc(ntargets, sizeof(struct bench_target_info)));
    run->results = must(calloc(ntargets * nloads, sizeof(struct bench_result)));
    run->ntargets = ntargets;
    for (size_t t = 0; t < ntargets; t++)
        target_fill(&run->targets[t], &profiles[which[t]], (unsigned)t);
    for (size_t l = first_load; l < first_load + nloads; l++) {
        for (size_t t = 0; t < ntargets; t++) {
            const struct profile *profile = &profiles[which[t]];
            /* A variant by options is a row of its own only where one request is timed alone, and
             * a ruler has no connections to open. */
            bool alone = strcmp(loads[l].workload, "latency") == 0;
            if (!alone && (profile->options[0] != '\0' || profile->role == BENCH_ROLE_RULER))
                continue;
            struct bench_result *result = &run->results[run->nresults++];
            result_fill(result, &run->targets[t], &loads[l]);
            result_measure(result, profile, &loads[l], trials, samples);
        }
    }
}

struct bench_result *support_fixture_result(struct bench_run *run, const char *workload,
                                            const char *target)
{
    for (size_t i = 0; i < run->nresults; i++) {
        if (strcmp(run->results[i].workload, workload) == 0 &&
            strcmp(run->results[i].target->name, target) == 0)
            return &run->results[i];
    }
    return NULL;
}

/* ---- trouble ---- */

static void unmeasure(struct bench_result *result, enum bench_cell_status status,
                      const char *reason)
{
    result->status = status;
    support_fixture_set(&result->reason, reason);
    for (size_t i = 0; i < result->ntrials; i++) {
        free(result->trials[i].reason);
        bench_recording_free(result->trials[i].recording);
    }
    result->ntrials = 0;
    bench_recording_free(result->pooled);
    result->pooled = NULL;
    result->resources = (struct bench_resources){.server_cpu_s = NAN,
                                                 .client_cpu_s = NAN,
                                                 .server_pss_bytes = NAN,
                                                 .server_pss_idle_bytes = NAN,
                                                 .client_rss_bytes = NAN};
}

static void spoil(struct bench_run *run, const char *workload, const char *target,
                  enum bench_cell_status status, const char *reason, bool measured)
{
    struct bench_result *result = must(support_fixture_result(run, workload, target));
    if (!measured) {
        unmeasure(result, status, reason);
        return;
    }
    result->status = status;
    support_fixture_set(&result->reason, reason);
}

static void trouble_fill(struct bench_run *run)
{
    static const char gunicorn[] = "gunicorn is not installed for /usr/bin/python3";
    for (size_t l = 0; l < BENCH_COUNT_OF(loads); l++) {
        spoil(run, loads[l].workload, "http/threaded/gunicorn", BENCH_CELL_UNAVAILABLE, gunicorn,
              false);
        spoil(run, loads[l].workload, "http/forking/gunicorn", BENCH_CELL_UNAVAILABLE, gunicorn,
              false);
    }
    spoil(run, "connection", "http/forking/python", BENCH_CELL_FAILED,
          "the server ended with exit status 1: OSError: [Errno 98] Address already in use", false);
    spoil(run, "concurrent", "rpyc/threaded/native", BENCH_CELL_CLIENT_BOUND,
          "the client's threads used 97 % of their cores", true);
    spoil(run, "cpu", "rpyc/threaded/python", BENCH_CELL_INVALID,
          "5 of 8 trials were unsteady (drift 12 %)", true);

    struct bench_result *result =
        must(support_fixture_result(run, "concurrent", "http/threaded/python"));
    for (int i = 0; i < 3; i++)
        bench_recording_outcome(result->trials[1].recording, BENCH_FAILURE_TIMEOUT,
                                "no answer within 30 s");
    bench_recording_outcome(result->trials[4].recording, BENCH_FAILURE_STATUS,
                            "status 503 \"Busy\"\x1b[31m\xff, caf\xc3\xa9");
    result->trials[2].budget_cut = true;
    result->trials[3].status = BENCH_CELL_INVALID;
    support_fixture_set(&result->trials[3].reason, "the client's lag was 12 % of the response");
    pool_again(result);

    /* A server that runs elsewhere: nothing is known of its CPU; and a name to stumble over. */
    struct bench_target_info *target = &run->targets[1];
    support_fixture_set(&target->name, "rpyc://[::1]:18812/a_b^c{\"q\"}'é");
    support_fixture_set(&target->url, target->name);
    support_fixture_set(&target->mode, "");
    support_fixture_set(&target->server, "");
    for (size_t i = 0; i < run->nresults; i++) {
        if (run->results[i].target != target)
            continue;
        run->results[i].resources.server_cpu_s = NAN;
        run->results[i].resources.server_pss_bytes = NAN;
        run->results[i].resources.server_pss_idle_bytes = NAN;
        run->results[i].resources.server_processes = 0;
    }
    run->interrupted = true;
}

/* ---- bulk, and several numbers of clients ---- */

struct bulk {
    const char *workload, *operation;
    bool up;
    int64_t size;
    const char *style; /* NULL: not a transfer */
    int64_t chunk;     /* 0: none */
    int clients;
};

static void add_parameter(struct bench_result *result, const char *name, const char *value)
{
    result->parameters = must(
        realloc(result->parameters, (result->nparameters + 1) * sizeof(struct bench_parameter)));
    result->parameters[result->nparameters++] = (struct bench_parameter){copy(name), copy(value)};
}

static void bulk_describe(struct bench_result *result, const struct bench_target_info *target,
                          const struct bulk *bulk)
{
    char clients[16], load[64];
    (void)snprintf(clients, sizeof(clients), "%d", bulk->clients);
    (void)snprintf(load, sizeof(load), "closed loop, %d connection%s", bulk->clients,
                   bulk->clients == 1 ? "" : "s");
    *result = (struct bench_result){.target = target,
                                    .workload = copy(bulk->workload),
                                    .operation = copy(bulk->operation),
                                    .load_model = copy(load),
                                    .reason = copy("")};
    add_parameter(result, "clients", clients);
    if (bulk->size == 0)
        return;
    add_parameter(result, "direction", bulk->up ? "upload" : "download");
    add_parameter(result, "size", bench_format_size_exact(bulk->size).s);
    if (bulk->style != NULL)
        add_parameter(result, "style", bulk->style);
    if (bulk->chunk > 0)
        add_parameter(result, "chunk", bench_format_size_exact(bulk->chunk).s);
    add_parameter(result, "iterations", "10");
}

/* Each call costs a request's time, each byte a little, more so in Python. */
static void bulk_measure(struct bench_result *result, const struct profile *profile,
                         const struct bulk *bulk, int trials)
{
    bool python = strcmp(profile->server, "python") == 0;
    int64_t calls = bulk->chunk > 0 ? (bulk->size + bulk->chunk - 1) / bulk->chunk : 1;
    int64_t moving = bulk->size / (python ? 180 : 900);
    int64_t queue = (bulk->clients - 1) * profile->server_cpu;
    for (int i = 0; i < trials; i++)
        support_fixture_add_trial(result, 10, calls * profile->response + moving + queue,
                                  calls * profile->server_cpu + moving / 2,
                                  calls * profile->client_cpu + bulk->size / 4000, bulk->clients);
    struct profile wire = *profile;
    wire.trips *= (unsigned)calls;
    wire.frames *= (unsigned)calls;
    wire.bytes = (unsigned)(profile->bytes * calls + bulk->size);
    wire_cost(result, &wire);
}

static void bulk_add(struct bench_run *run, const size_t *which, const struct bulk *bulk,
                     int trials)
{
    run->results =
        must(realloc(run->results, (run->nresults + run->ntargets) * sizeof(struct bench_result)));
    for (size_t t = 0; t < run->ntargets; t++) {
        struct bench_result *result = &run->results[run->nresults++];
        bulk_describe(result, &run->targets[t], bulk);
        bulk_measure(result, &profiles[which[t]], bulk, trials);
    }
}

static void bulk_fill(struct bench_run *run, const size_t *which, size_t ntargets, int trials)
{
    static const int64_t sizes[] = {1024, 10240, 102400, 1048576, 10485760};
    static const int64_t files[] = {65536, 16777216}, chunks[] = {0, 16384, 262144};
    static const int clients[] = {1, 8, 64};
    run->targets = must(calloc(ntargets, sizeof(struct bench_target_info)));
    run->ntargets = ntargets;
    for (size_t t = 0; t < ntargets; t++)
        target_fill(&run->targets[t], &profiles[which[t]], (unsigned)t);
    for (size_t i = 0; i < BENCH_COUNT_OF(clients); i++)
        bulk_add(run, which, &(struct bulk){"concurrent", "ping", .clients = clients[i]}, trials);
    for (int up = 1; up >= 0; up--) {
        for (size_t i = 0; i < BENCH_COUNT_OF(sizes); i++)
            bulk_add(run, which,
                     &(struct bulk){"bandwidth", up ? "upload" : "download", up != 0, sizes[i],
                                    NULL, 0, 1},
                     trials);
    }
    for (size_t f = 0; f < BENCH_COUNT_OF(files); f++) {
        for (size_t c = 0; c < BENCH_COUNT_OF(chunks); c++) {
            struct bulk one = {"transfer", "download", false, files[f], "whole", chunks[c], 1};
            if (chunks[c] >= files[f])
                continue;
            if (chunks[c] > 0) {
                one.operation = "download_chunk";
                one.style = "pieces";
            }
            bulk_add(run, which, &one, trials);
            one.operation = "download_chunked";
            one.style = "stream";
            if (chunks[c] > 0)
                bulk_add(run, which, &one, trials);
        }
    }
}

/* A cell without figures, one whose client was the limit, and what protocols say of two. */
static void bulk_trouble(struct bench_run *run)
{
    static const char remark[] = "downloads of 65 to 100 KiB stall 44 ms | a `frame` in *pieces*";
    for (size_t i = 0; i < run->nresults; i++) {
        struct bench_result *result = &run->results[i];
        const char *name = result->target->name, *size = "";
        for (size_t k = 0; k < result->nparameters; k++)
            size = strcmp(result->parameters[k].name, "size") == 0 ? result->parameters[k].value
                                                                   : size;
        bool python = strcmp(result->target->server, "python") == 0;
        if (strcmp(name, "http/threaded/gunicorn") == 0 && strcmp(result->operation, "upload") == 0)
            unmeasure(result, BENCH_CELL_UNAVAILABLE, "gunicorn is not installed");
        else if (strcmp(name, "rpyc/threaded/native") == 0 && strcmp(size, "10MiB") == 0) {
            result->status = BENCH_CELL_CLIENT_BOUND;
            support_fixture_set(&result->reason, "client-bound in 2 of 3 trials");
        } else if (python && strcmp(result->target->protocol, "rpyc") == 0 &&
                   strcmp(size, "100KiB") == 0 && strcmp(result->operation, "download") == 0)
            support_fixture_set(&result->remark, remark);
        else if (strcmp(name, "http/forking/python") == 0 && strcmp(size, "10MiB") == 0)
            result->trials[0].budget_cut = true;
    }
}

/* ---- load models ---- */

struct rung {
    const char *workload;
    int clients;
    int64_t rate; /* 0: a closed loop */
    const char *rtt, *placement; /* NULL: not asked for */
    int64_t rtt_us;
};

static void rung_describe(struct bench_result *result, const struct bench_target_info *target,
                          const struct rung *rung)
{
    char clients[16], rate[32], load[96];
    const char *many = rung->clients == 1 ? "" : "s";
    (void)snprintf(clients, sizeof(clients), "%d", rung->clients);
    (void)snprintf(rate, sizeof(rate), "%d/s", (int)rung->rate);
    if (rung->rate > 0)
        (void)snprintf(load, sizeof(load), "open loop, %s poisson, %s connection%s", rate, clients,
                       many);
    else
        (void)snprintf(load, sizeof(load), "closed loop, %s connection%s", clients, many);
    *result = (struct bench_result){.target = target,
                                    .workload = copy(rung->workload),
                                    .operation = copy("ping"),
                                    .load_model = copy(load),
                                    .reason = copy("")};
    add_parameter(result, "clients", clients);
    if (rung->rate > 0) {
        add_parameter(result, "rate", rate);
        add_parameter(result, "arrival", "poisson");
    }
    if (rung->placement != NULL)
        add_parameter(result, "placement", rung->placement);
    if (rung->rtt != NULL)
        add_parameter(result, "rtt", rung->rtt);
    add_parameter(result, "duration", "2s");
}

/* What a schedule adds to every sample: a wait before the send, longer the busier the server. */
static void open_trial(struct bench_trial *trial, const struct rung *rung, double load)
{
    struct bench_recording *recording = trial->recording;
    uint64_t n = recording->succeeded;
    uint32_t state = (uint32_t)rung->rate;
    bench_recording_reset(recording);
    for (uint64_t i = 0; i < n; i++) {
        int64_t service = sample_ns(&state, (int64_t)(trial->resources.server_cpu_s * 1.2e9) /
                                                (int64_t)n);
        int64_t lag = (int64_t)((double)(dice(&state) * service) * load / 60);
        check(bench_recording_sample(recording, BENCH_SERIES_SERVICE, service));
        check(bench_recording_sample(recording, BENCH_SERIES_LAG, lag));
        check(bench_recording_sample(recording, BENCH_SERIES_LATE, lag / 50));
        check(bench_recording_sample(recording, BENCH_SERIES_RESPONSE, service + lag));
        bench_recording_outcome(recording, BENCH_FAILURE_NONE, "");
    }
    recording->clients = (uint32_t)rung->clients;
    recording->first_start = BENCH_NS_PER_S;
    recording->last_done = 3 * BENCH_NS_PER_S;
    recording->planned = recording->sent = n;
    trial->resources.wall_s = (double)n / (double)rung->rate;
    trial->validity.offered = (double)rung->rate;
    trial->validity.sent = (double)rung->rate;
    trial->validity.delivered = (double)rung->rate * (load > 1 ? 1 / load : 0.9993);
    trial->validity.late_p99 = 4e-6;
    trial->validity.occupancy = NAN;
}

static void rung_measure(struct bench_result *result, const struct profile *profile,
                         const struct rung *rung)
{
    const struct load load = {.clients = rung->clients,
                              .workload = rung->workload,
                              .extra_us = rung->rtt_us * profile->trips};
    result_measure(result, profile, &load, 3, 400);
    /* One core does the work of a Python server. */
    double busy = (double)rung->rate * (double)profile->server_cpu / (profile->one_core ? 1e6 : 2e6);
    for (size_t i = 0; rung->rate > 0 && i < result->ntrials; i++)
        open_trial(&result->trials[i], rung, busy);
    wire_cost(result, profile);
    if (rung->rate > 0 && busy > 1) {
        result->status = BENCH_CELL_INVALID;
        support_fixture_set(&result->reason, "delivered 2004/s of the 4000/s that were offered");
    } else if (rung->rate > 0 && profile->library != NULL && rung->rate >= 2000) {
        result->status = BENCH_CELL_CLIENT_BOUND;
        support_fixture_set(&result->reason, "the busiest worker used 86 % of its core");
    }
}

static void rungs_add(struct bench_run *run, const size_t *which, const struct rung *rung)
{
    run->results =
        must(realloc(run->results, (run->nresults + run->ntargets) * sizeof(struct bench_result)));
    for (size_t t = 0; t < run->ntargets; t++) {
        const struct profile *profile = &profiles[which[t]];
        struct bench_result *result = &run->results[run->nresults++];
        rung_describe(result, &run->targets[t], rung);
        rung_measure(result, profile, rung);
        if (profile->client != NULL && rung->rate > 0)
            unmeasure(result, BENCH_CELL_UNAVAILABLE, "the python client runs closed loops only");
    }
}

static void loads_fill(struct bench_run *run, const size_t *which, size_t ntargets)
{
    static const struct rung rungs[] = {
        {"latency", 1, 500, NULL, NULL, 0},
        {"concurrent", 8, 4000, NULL, NULL, 0}, /* as a shuffled plan has them */
        {"concurrent", 8, 1000, NULL, NULL, 0},
        {"concurrent", 8, 2000, NULL, NULL, 0},
        {"concurrent", 8, 0, NULL, "same", 0},
        {"concurrent", 8, 0, NULL, "split", 0},
        {"latency", 1, 0, "1ms", "same", 1000},
        {"latency", 1, 0, "10ms", "same", 10000},
    };
    run->targets = must(calloc(ntargets, sizeof(struct bench_target_info)));
    run->ntargets = ntargets;
    for (size_t t = 0; t < ntargets; t++)
        target_fill(&run->targets[t], &profiles[which[t]], (unsigned)t);
    for (size_t i = 0; i < BENCH_COUNT_OF(rungs); i++)
        rungs_add(run, which, &rungs[i]);
}

struct bench_run *support_fixture_run(enum support_fixture kind)
{
    static const size_t which[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
    static const size_t two[] = {2, 6}, clients[] = {2, 15, 6, 16, 17};
    static const size_t mixed[] = {0, 14, 4, 2, 15, 6, 16, 17, 11};
    struct bench_run *run = must(bench_run_new());
    facts_fill(run);
    switch (kind) {
    case SUPPORT_FIXTURE_EMPTY:
        break;
    case SUPPORT_FIXTURE_ONE:
        matrix_fill(run, two, 1, 1, 2, 1, 20);
        break;
    case SUPPORT_FIXTURE_TWO:
        matrix_fill(run, two, 2, 0, 5, 3, 130);
        break;
    case SUPPORT_FIXTURE_TEN:
        matrix_fill(run, which, 10, 0, 5, 8, 500);
        break;
    case SUPPORT_FIXTURE_FOURTEEN:
        matrix_fill(run, which, 14, 0, 5, 8, 100);
        break;
    case SUPPORT_FIXTURE_BULK_ONE:
        bulk_fill(run, two, 1, 1);
        break;
    case SUPPORT_FIXTURE_BULK_TWO:
        bulk_fill(run, two, 2, 2);
        break;
    case SUPPORT_FIXTURE_BULK_TEN:
        bulk_fill(run, which, 10, 3);
        break;
    case SUPPORT_FIXTURE_BULK:
        bulk_fill(run, which, 14, 3);
        bulk_trouble(run);
        break;
    case SUPPORT_FIXTURE_CLIENTS:
        matrix_fill(run, clients, BENCH_COUNT_OF(clients), 0, 3, 8, 120);
        break;
    case SUPPORT_FIXTURE_LOADS:
        loads_fill(run, mixed, BENCH_COUNT_OF(mixed));
        break;
    case SUPPORT_FIXTURE_TROUBLE:
        matrix_fill(run, which, 10, 0, 5, 8, 60);
        trouble_fill(run);
        break;
    }
    return run;
}
