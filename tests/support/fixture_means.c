/* SPDX-License-Identifier: MIT */
#include "tests/support/fixture_means.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

static char *copy(const char *text) { return must(strdup(text)); }

static void check(int status)
{
    if (status < 0)
        abort();
}

static void target_fill(struct bench_target_info *out, const struct support_means_target *from,
                        unsigned colour)
{
    char name[192];
    (void)snprintf(name, sizeof(name), "%s%s%s%s/%s/%s%s%s", from->protocol,
                   from->options[0] != '\0' ? "[" : "", from->options,
                   from->options[0] != '\0' ? "]" : "", from->mode, from->server,
                   from->client[0] != '\0' ? "/" : "", from->client);
    *out = (struct bench_target_info){
        .name = copy(name),
        .protocol = copy(from->protocol),
        .options = copy(from->options),
        .mode = copy(from->mode),
        .server = copy(from->server),
        .client = copy(from->client[0] != '\0' ? from->client : "native"),
        .url = copy(""),
        .family = copy(from->family),
        .library = copy(from->library),
        .label = copy(""),
        .role = from->role,
        .colour = colour,
    };
}

static void add_parameters(struct bench_result *result, const char *list)
{
    char *text = copy(list), *rest = text, *one;
    while ((one = strsep(&rest, ",")) != NULL && one[0] != '\0') {
        char *value = must(strchr(one, '='));
        *value++ = '\0';
        result->parameters = must(realloc(
            result->parameters, (result->nparameters + 1) * sizeof(struct bench_parameter)));
        result->parameters[result->nparameters++] =
            (struct bench_parameter){copy(one), copy(value)};
    }
    free(text);
}

static void add_trial(struct bench_result *result, int block, double mean_us, unsigned trips)
{
    int64_t ns = (int64_t)llround(mean_us * 1e3), off = ns / 20;
    result->trials =
        must(realloc(result->trials, (result->ntrials + 1) * sizeof(struct bench_trial)));
    struct bench_trial *trial = &result->trials[result->ntrials++];
    *trial = (struct bench_trial){.block = block, .reason = copy("")};
    check(bench_recording_new(&trial->recording));
    for (int i = -1; i <= 1; i += 2) {
        check(bench_recording_sample(trial->recording, BENCH_SERIES_RESPONSE, ns + i * off));
        bench_recording_outcome(trial->recording, BENCH_FAILURE_NONE, "");
    }
    if (trips > 0)
        trial->recording->stat = (struct bench_op_stat_sum){.operations = 2,
                                                            .frames_sent = 2 * trips,
                                                            .frames_received = 2 * trips,
                                                            .round_trips = 2 * trips};
    trial->recording->clients = 1;
    trial->recording->first_start = BENCH_NS_PER_S;
    trial->recording->last_done = BENCH_NS_PER_S + 2 * ns;
    trial->resources = (struct bench_resources){.wall_s = 2 * (double)ns / 1e9,
                                                .server_cpu_s = NAN,
                                                .client_cpu_s = NAN,
                                                .server_pss_bytes = NAN,
                                                .server_pss_idle_bytes = NAN,
                                                .client_rss_bytes = NAN};
}

static void result_fill(struct bench_result *result, const struct bench_target_info *target,
                        const struct support_means_cell *cell)
{
    *result = (struct bench_result){
        .target = target,
        .workload = copy(cell->workload),
        .operation = copy(cell->operation),
        .load_model = copy("closed loop, 1 connection"),
        .reason = copy(cell->status == BENCH_CELL_OK ? "" : "as the test wants it"),
        .status = cell->status,
        .resources = {.server_cpu_s = NAN,
                      .client_cpu_s = NAN,
                      .server_pss_bytes = NAN,
                      .server_pss_idle_bytes = NAN,
                      .client_rss_bytes = NAN},
    };
    add_parameters(result, cell->parameters);
    check(bench_recording_new(&result->pooled));
    for (int i = 0; i < SUPPORT_MEANS_TRIALS && cell->means_us[i] > 0; i++) {
        add_trial(result, i, cell->means_us[i], cell->trips);
        check(bench_recording_merge(result->pooled, result->trials[i].recording));
        result->resources.wall_s += result->trials[i].resources.wall_s;
    }
}

struct bench_run *support_means_run(const struct support_means_target *targets, size_t ntargets,
                                    const struct support_means_cell *cells, size_t ncells)
{
    struct bench_run *run = must(bench_run_new());
    run->targets = must(calloc(ntargets + 1, sizeof(*run->targets)));
    run->results = must(calloc(ncells + 1, sizeof(*run->results)));
    for (; run->ntargets < ntargets; run->ntargets++)
        target_fill(&run->targets[run->ntargets], &targets[run->ntargets], (unsigned)run->ntargets);
    for (; run->nresults < ncells; run->nresults++)
        result_fill(&run->results[run->nresults], &run->targets[cells[run->nresults].target],
                    &cells[run->nresults]);
    return run;
}

/* ---- where the time goes ---- */

static const struct support_means_target parts_targets[] = {
    {"tcp", "tcp", "", "threaded", "native", "", "", BENCH_ROLE_FLOOR},
    {"rpyc", "rpyc", "", "threaded", "native", "", "", BENCH_ROLE_NORMAL},
    {"rpyc", "rpyc", "", "threaded", "python", "", "", BENCH_ROLE_NORMAL},
    {"rpyc", "rpyc", "", "threaded", "python", "python", "rpyc", BENCH_ROLE_NORMAL},
    {"http-raw", "http", "", "threaded", "native", "", "", BENCH_ROLE_NORMAL},
    {"http", "http", "", "threaded", "native", "", "libcurl", BENCH_ROLE_NORMAL},
    {"http-raw", "http", "", "threaded", "python", "", "", BENCH_ROLE_NORMAL},
    {"http", "http", "", "threaded", "python", "python", "requests", BENCH_ROLE_NORMAL},
    {"rpyc", "rpyc", "", "forking", "native", "", "", BENCH_ROLE_NORMAL},
    {"rpyc", "rpyc", "", "forking", "python", "", "", BENCH_ROLE_NORMAL},
    {"tcp", "tcp", "", "forking", "native", "", "", BENCH_ROLE_FLOOR},
};

#define PING "latency", "ping", "clients=1,requests=1000"
#define ECHO "latency", "echo", "clients=1,requests=1000,payload=1KiB"
#define LOAD "bandwidth", "download", "clients=1,direction=download,size=100KiB,iterations=10"
#define MORE "bandwidth", "download", "clients=1,direction=download,size=1MiB,iterations=10"

/* Of ping: wire 2 x 10, protocol 11, server 109, client 168 of 308 us. */
static const struct support_means_cell parts_cells[] = {
    {0, PING, 1, {10, 11, 9}, BENCH_CELL_OK},
    {1, PING, 2, {31, 33, 29}, BENCH_CELL_OK},
    {2, PING, 2, {140, 141, 139}, BENCH_CELL_OK},
    {3, PING, 0, {308, 311, 305}, BENCH_CELL_OK},
    {4, PING, 1, {18, 19, 17}, BENCH_CELL_OK},
    {5, PING, 1, {33, 33, 33}, BENCH_CELL_OK},
    {6, PING, 1, {420, 430, 410}, BENCH_CELL_OK},
    {7, PING, 1, {990, 1010, 970}, BENCH_CELL_OK},
    {8, PING, 2, {32, 34, 30}, BENCH_CELL_OK},
    {9, PING, 2, {150, 151, 149}, BENCH_CELL_OK},
    {10, PING, 1, {10, 11, 9}, BENCH_CELL_OK},
    {0, ECHO, 1, {12, 13, 11}, BENCH_CELL_OK},
    {1, ECHO, 2, {35, 34, 36}, BENCH_CELL_OK},
    {2, ECHO, 2, {150, 152, 148}, BENCH_CELL_OK},
    {3, ECHO, 0, {330, 335, 325}, BENCH_CELL_OK},
    {0, LOAD, 1, {60, 64, 56}, BENCH_CELL_OK},
    {1, LOAD, 2, {68, 75, 61}, BENCH_CELL_OK},
    {2, LOAD, 2, {400, 420, 380}, BENCH_CELL_OK},
    {3, LOAD, 2, {700, 720, 680}, BENCH_CELL_CLIENT_BOUND},
    {0, MORE, 1, {600, 640, 560}, BENCH_CELL_OK},
    {1, MORE, 2, {900, 910, 890}, BENCH_CELL_OK},
    {2, MORE, 2, {4000, 4200, 3800}, BENCH_CELL_OK},
    {3, MORE, 2, {7000, 7200, 6800}, BENCH_CELL_OK},
};

struct bench_run *support_means_parts(void)
{
    return support_means_run(parts_targets, BENCH_COUNT_OF(parts_targets), parts_cells,
                             BENCH_COUNT_OF(parts_cells));
}

/* ---- distance ---- */

static const struct support_means_target far_targets[] = {
    {"rpyc", "rpyc", "", "threaded", "python", "", "", BENCH_ROLE_NORMAL},
    {"http-raw", "http", "", "threaded", "python", "", "", BENCH_ROLE_NORMAL},
    {"rpyc", "rpyc", "", "threaded", "python", "python", "rpyc", BENCH_ROLE_NORMAL},
    {"http", "http", "", "threaded", "python", "python", "requests", BENCH_ROLE_NORMAL},
    {"tcp", "tcp", "", "threaded", "native", "", "", BENCH_ROLE_FLOOR},
};

#define AT(rtt) "latency", "ping", "clients=1,requests=1000,rtt=" rtt

/* Own clients: 200 + 2 RTT against 380 + RTT cross at 180 us. Python's: 400 + 2 RTT against
 * 900 + RTT at 500 us, where something else than expected was measured. */
static const struct support_means_cell far_cells[] = {
    {0, AT("0"), 2, {200, 202, 198, 201, 199, 200}, BENCH_CELL_OK},
    {1, AT("0"), 1, {380, 384, 376, 383, 377, 380}, BENCH_CELL_OK},
    {2, AT("0"), 0, {400, 410, 390, 405, 395, 400}, BENCH_CELL_OK},
    {3, AT("0"), 1, {900, 905, 895, 901, 899, 900}, BENCH_CELL_OK},
    {4, AT("0"), 1, {10, 11, 9, 10, 11, 9}, BENCH_CELL_OK},
    {0, AT("100us"), 2, {404, 406, 402, 405, 403, 404}, BENCH_CELL_OK},
    {1, AT("100us"), 1, {484, 488, 480, 487, 481, 484}, BENCH_CELL_OK},
    {4, AT("100us"), 1, {111, 112, 110, 111, 112, 110}, BENCH_CELL_OK},
    {0, AT("1ms"), 2, {2204, 2206, 2202, 2205, 2203, 2204}, BENCH_CELL_OK},
    {1, AT("1ms"), 1, {1384, 1388, 1380, 1387, 1381, 1384}, BENCH_CELL_OK},
    {2, AT("1ms"), 0, {1850, 1950, 1750, 1880, 1820, 1850}, BENCH_CELL_OK},
    {3, AT("1ms"), 1, {1900, 1800, 2000, 1870, 1930, 1900}, BENCH_CELL_OK},
    {4, AT("1ms"), 1, {1014, 1016, 1012, 1014, 1016, 1012}, BENCH_CELL_OK},
    {0, AT("10ms"), 2, {20210, 20220, 20200, 20210, 20220, 20200}, BENCH_CELL_OK},
    {1, AT("10ms"), 1, {10390, 10400, 10380, 10390, 10400, 10380}, BENCH_CELL_OK},
    {4, AT("10ms"), 1, {10020, 10021, 10019, 10020, 10021, 10019}, BENCH_CELL_OK},
};

struct bench_run *support_means_distance(void)
{
    return support_means_run(far_targets, BENCH_COUNT_OF(far_targets), far_cells,
                             BENCH_COUNT_OF(far_cells));
}

/* ---- verdicts ---- */

static const struct support_means_target verdict_targets[] = {
    {"rpyc", "rpyc", "", "threaded", "python", "", "", BENCH_ROLE_NORMAL},
    {"rpyc", "rpyc", "", "forking", "python", "", "", BENCH_ROLE_NORMAL},
    {"rpyc", "rpyc", "", "threaded", "native", "", "", BENCH_ROLE_NORMAL},
    {"rpyc", "rpyc", "", "forking", "native", "", "", BENCH_ROLE_NORMAL},
};

#define OF(target, workload, operation, parameters, ...)                                           \
    {                                                                                              \
        target, workload, operation, "clients=8" parameters, 2, {__VA_ARGS__}, BENCH_CELL_OK       \
    }

/* What is alike in a block (a slow minute) is in both rows: 1000 and 2000 are told in spite of it. */
static const struct support_means_cell verdict_cells[] = {
    OF(0, "concurrent", "ping", "", 2010, 2590, 1980, 2060, 2120, 1950, 2030, 2200),
    OF(1, "concurrent", "ping", "", 1000, 1310, 1010, 1025, 1050, 980, 1010, 1090),
    OF(2, "concurrent", "ping", "", 700, 905, 701, 715, 748, 690, 708, 765),
    OF(3, "concurrent", "ping", "", 703, 900, 706, 712, 751, 686, 711, 762),
    OF(0, "cpu", "cpu_work", "", 10000, 10120, 9930, 10060, 9900, 10080, 10010, 9950),
    OF(1, "cpu", "cpu_work", "", 10110, 10010, 10020, 10090, 9980, 9990, 10120, 9890),
    OF(0, "io", "io_work", "", 10000, 10110, 10020, 9990, 10050, 9960, 10030, 10010),
    OF(1, "io", "io_work", "", 10210, 10300, 10250, 10230, 10270, 10190, 10240, 10200),
    OF(0, "concurrent", "echo", ",payload=1KiB", 2000, 2300, 1900, 2500, 2100, 1800, 2200, 2400),
    OF(1, "concurrent", "echo", ",payload=1KiB", 2300, 1900, 2200, 2000, 2400, 2100, 2500, 8600),
    OF(0, "concurrent", "echo", ",payload=64KiB", 2000, 2300, 1900),
    OF(1, "concurrent", "echo", ",payload=64KiB", 1000, 1100, 1050),
    OF(2, "concurrent", "echo", ",payload=64KiB", 1000, 1020, 1010),
    OF(3, "concurrent", "echo", ",payload=64KiB", 1010, 1000, 1020),
};

struct bench_run *support_means_verdicts(void)
{
    struct bench_run *run = support_means_run(verdict_targets, BENCH_COUNT_OF(verdict_targets),
                                              verdict_cells, BENCH_COUNT_OF(verdict_cells));
    (void)snprintf(run->environment_hash, sizeof(run->environment_hash), "00112233445566aa");
    return run;
}
