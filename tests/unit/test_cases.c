/* SPDX-License-Identifier: MIT */
/* Workloads become cases, cases become rows with programs and right answers. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "suite/rows.h"

static struct bench_plan *plan;

static void make(void)
{
    plan = calloc(1, sizeof(*plan));
    cr_assert_not_null(plan);
    plan->connections = 20;
    plan->requests = 300;
    plan->requests_per_client = 25;
    plan->iterations = 3;
    plan->users = 50;
    plan->warmup = 20;
    plan->budget_ns = 600000000;
    plan->timeout_ns = 1000000000;
    plan->clients = (struct bench_list){{1, 8, 64}, 3};
    plan->rates = plan->rtts = (struct bench_list){{0}, 1};
    plan->placements[BENCH_PLACEMENT_FREE] = true;
    plan->workers = 1;
    plan->payload_sizes = (struct bench_list){{1024, 1048576}, 2};
    plan->file_sizes = (struct bench_list){{65536, 16 << 20}, 2};
    plan->chunk_sizes = (struct bench_list){{65536, 49152}, 2};
    for (int i = 0; i < BENCH_STYLE_COUNT; i++)
        plan->styles[i] = true;
    cr_assert_eq(bench_payload_init(BENCH_PAYLOAD_RANDOM, 1, NULL), 0);
}

static void unmake(void)
{
    bench_plan_fini(plan);
    free(plan);
}

TestSuite(cases, .init = make, .fini = unmake, .timeout = 60);

static const char *parameter(const struct bench_case *c, const char *name)
{
    for (size_t i = 0; i < c->nparameters; i++)
        if (strcmp(c->parameters[i].name, name) == 0)
            return c->parameters[i].value;
    return "";
}

static struct bench_case *cases_of(enum bench_workload_id id, size_t *n)
{
    struct bench_case *cases = NULL;
    cr_assert_eq(bench_cases_make(plan, bench_workload_get(id), &cases, n), 0);
    return cases;
}

Test(cases, each_number_of_clients_is_a_case)
{
    size_t n;
    struct bench_case *cases = cases_of(BENCH_WORKLOAD_CONCURRENT, &n);
    cr_assert_eq(n, 3);
    cr_expect_eq(cases[1].clients, 8);
    cr_expect_str_eq(parameter(&cases[2], "clients"), "64");
    cr_expect_eq(cases[1].units, 25);
    free(cases);
    free(cases_of(BENCH_WORKLOAD_LATENCY, &n));
    cr_expect_eq(n, 1);
}

Test(cases, rates_are_an_open_loop_of_the_workloads_that_time_requests)
{
    size_t n;
    plan->rates = (struct bench_list){{0, 500}, 2};
    plan->arrival = BENCH_ARRIVAL_POISSON;
    plan->seed = 7;
    struct bench_case *cases = cases_of(BENCH_WORKLOAD_CONCURRENT, &n);
    cr_assert_eq(n, 6, "each number of clients at each rate");
    cr_expect_str_eq(parameter(&cases[0], "rate"), "");
    cr_expect_eq(cases[0].load.rate_per_s, 0);
    cr_expect_str_eq(parameter(&cases[1], "rate"), "500/s");
    cr_expect_str_eq(parameter(&cases[1], "arrival"), "poisson");
    cr_expect_eq(cases[1].load.rate_per_s, 500);
    cr_expect_eq(cases[1].load.arrival, BENCH_ARRIVAL_POISSON);
    cr_expect_eq(cases[1].load.seed, 7);
    free(cases);
    cases = cases_of(BENCH_WORKLOAD_LATENCY, &n);
    cr_expect_eq(n, 2);
    free(cases);
    cases = cases_of(BENCH_WORKLOAD_CONNECTION, &n);
    cr_expect_eq(n, 1, "connections are made one after the other");
    free(cases);
    cases = cases_of(BENCH_WORKLOAD_BANDWIDTH, &n);
    cr_expect_eq(n, 4);
    cr_expect_eq(cases[0].load.rate_per_s, 0);
    free(cases);
}

Test(cases, requests_in_flight_are_of_the_workloads_that_time_requests)
{
    size_t n;
    plan->inflights = (struct bench_list){{1, 16}, 2};
    struct bench_case *cases = cases_of(BENCH_WORKLOAD_CONCURRENT, &n);
    cr_assert_eq(n, 6, "each number of clients with each number in flight");
    cr_expect_eq(cases[0].inflight, 1);
    cr_expect_str_eq(parameter(&cases[0], "inflight"), "1");
    cr_expect_eq(cases[1].inflight, 16);
    cr_expect_str_eq(parameter(&cases[1], "inflight"), "16");
    free(cases);
    cases = cases_of(BENCH_WORKLOAD_CONNECTION, &n);
    cr_expect_eq(n, 1);
    cr_expect_leq(cases[0].inflight, 1);
    free(cases);
    cases = cases_of(BENCH_WORKLOAD_BANDWIDTH, &n);
    cr_expect_eq(n, 4);
    cr_expect_leq(cases[0].inflight, 1);
    free(cases);
    plan->inflights = (struct bench_list){{1}, 1};
    cases = cases_of(BENCH_WORKLOAD_LATENCY, &n);
    cr_assert_eq(n, 1);
    cr_expect_str_eq(parameter(&cases[0], "inflight"), "", "nobody asked for it");
    free(cases);
}

Test(cases, placements_and_distances_multiply_every_workload)
{
    size_t n;
    plan->placements[BENCH_PLACEMENT_SAME] = plan->placement_chosen = true;
    plan->rtts = (struct bench_list){{0, 1000000, 50000000}, 3};
    struct bench_case *cases = cases_of(BENCH_WORKLOAD_BANDWIDTH, &n);
    cr_assert_eq(n, 4 * 2 * 3);
    int64_t budget = 0;
    bool seen[BENCH_PLACEMENT_COUNT][3] = {{false}};
    for (size_t i = 0; i < n; i++) {
        size_t far = cases[i].rtt_ns == 0 ? 0 : cases[i].rtt_ns == 1000000 ? 1 : 2;
        static const char *const names[] = {"0", "1ms", "50ms"};
        seen[cases[i].placement][far] = true;
        budget += cases[i].budget_ns;
        cr_expect_str_eq(parameter(&cases[i], "rtt"), names[far]);
        cr_expect_str_eq(parameter(&cases[i], "placement"),
                         bench_placement_names[cases[i].placement]);
        cr_expect_geq(cases[i].timeout_ns, plan->timeout_ns + cases[i].rtt_ns);
    }
    cr_expect_leq(budget, plan->budget_ns);
    for (size_t k = 0; k < 3; k++) {
        cr_expect(seen[BENCH_PLACEMENT_FREE][k] && seen[BENCH_PLACEMENT_SAME][k]);
        cr_expect_not(seen[BENCH_PLACEMENT_SPLIT][k]);
    }
    free(cases);
}

Test(cases, a_duration_takes_the_place_of_counts_and_budget)
{
    size_t n;
    plan->duration_ns = 2000000000;
    plan->ramp_ns = 500000000;
    struct bench_case *cases = cases_of(BENCH_WORKLOAD_CONCURRENT, &n);
    for (size_t i = 0; i < n; i++) {
        cr_expect_eq(cases[i].load.duration_ns, plan->duration_ns);
        cr_expect_eq(cases[i].load.ramp_ns, plan->ramp_ns);
        cr_expect_eq(cases[i].units, INT64_MAX);
        cr_expect_eq(cases[i].budget_ns, 0);
        cr_expect_str_eq(parameter(&cases[i], "duration"), "2s");
        cr_expect_str_eq(parameter(&cases[i], "requests_per_client"), "");
    }
    free(cases);
}

Test(cases, several_operations_are_a_case_each_where_the_workload_leaves_the_choice)
{
    size_t n;
    plan->operations[0] = BENCH_OP_ECHO;
    plan->operations[1] = BENCH_OP_PING;
    plan->noperations = 2;
    struct bench_case *cases = cases_of(BENCH_WORKLOAD_LATENCY, &n);
    cr_assert_eq(n, 2);
    cr_expect_eq(cases[0].operation, BENCH_OP_ECHO);
    cr_expect_str_eq(parameter(&cases[0], "payload"), "1KiB");
    cr_expect_eq(cases[1].operation, BENCH_OP_PING);
    free(cases);
    cases = cases_of(BENCH_WORKLOAD_CPU, &n);
    cr_expect_eq(n, 3, "cpu_work at each number of clients");
    free(cases);
}

/* Where sizes are asked for, what is sent has them; what sends nothing has no size. */
Test(cases, operations_that_send_take_the_sizes_that_are_asked_for)
{
    size_t n;
    plan->operations[0] = BENCH_OP_PING;
    plan->operations[1] = BENCH_OP_ECHO;
    plan->noperations = 2;
    plan->payload_sizes_chosen = true;
    struct bench_case *cases = cases_of(BENCH_WORKLOAD_LATENCY, &n);
    cr_assert_eq(n, 1 + plan->payload_sizes.n);
    cr_expect_eq(cases[0].operation, BENCH_OP_PING);
    cr_expect_eq(cases[0].piece, 0);
    for (size_t i = 0; i < plan->payload_sizes.n; i++) {
        cr_expect_eq(cases[1 + i].operation, BENCH_OP_ECHO);
        cr_expect_eq(cases[1 + i].piece, (uint64_t)plan->payload_sizes.values[i]);
    }
    cr_expect_str_eq(parameter(&cases[1], "payload"), "1KiB");
    cr_expect_str_eq(parameter(&cases[n - 1], "payload"), "1MiB");
    free(cases);
}

Test(cases, bandwidth_has_a_case_for_each_size_and_direction)
{
    size_t n;
    struct bench_case *cases = cases_of(BENCH_WORKLOAD_BANDWIDTH, &n);
    cr_assert_eq(n, 4);
    cr_expect_eq(cases[0].operation, BENCH_OP_UPLOAD);
    cr_expect_str_eq(parameter(&cases[0], "size"), "1KiB");
    cr_expect_eq(cases[3].operation, BENCH_OP_DOWNLOAD);
    cr_expect_eq(cases[3].args[0].integer, 1048576);
    cr_expect_eq(cases[3].budget_ns * 4, plan->budget_ns);
    free(cases);
}

Test(cases, transfer_has_each_size_direction_style_and_chunk_that_differ)
{
    size_t n;
    struct bench_case *cases = cases_of(BENCH_WORKLOAD_TRANSFER, &n);
    /* 64 KiB: whole, and both other styles at 48 KiB only, since 64 KiB is the whole;
     * 16 MiB: whole, and both other styles at two chunk sizes; both directions */
    cr_assert_eq(n, 2 * ((1 + 2) + (1 + 4)));
    for (size_t i = 0; i < n; i++) {
        cr_expect_gt(cases[i].timeout_ns, plan->timeout_ns);
        cr_expect_eq(strcmp(parameter(&cases[i], "style"), "whole") == 0,
                     strcmp(parameter(&cases[i], "chunk"), "") == 0);
    }
    free(cases);
}

Test(cases, records_are_read_in_every_way)
{
    static const struct {
        const char *access;
        enum bench_operation_id operation;
        enum bench_reading reading;
    } ways[] = {{"objects", BENCH_OP_GET_USERS, BENCH_READING_READ},
                {"dicts", BENCH_OP_GET_USERS_DICTS, BENCH_READING_READ},
                {"tuples", BENCH_OP_GET_USERS_TUPLES, BENCH_READING_READ},
                {"obtain", BENCH_OP_GET_USERS_DICTS, BENCH_READING_COPY}};
    size_t n;
    plan->rtts = (struct bench_list){{1000000}, 1};
    struct bench_case *cases = cases_of(BENCH_WORKLOAD_NETREF, &n);
    cr_assert_eq(n, BENCH_COUNT_OF(ways));
    for (size_t i = 0; i < n; i++) {
        cr_expect_str_eq(parameter(&cases[i], "access"), ways[i].access);
        cr_expect_str_eq(parameter(&cases[i], "n"), "50");
        cr_expect_str_eq(parameter(&cases[i], "requests"), "3");
        cr_expect_eq(cases[i].operation, ways[i].operation);
        cr_expect_eq(cases[i].reading, ways[i].reading);
        cr_expect_eq(cases[i].args[0].integer, 50);
        cr_expect_eq(cases[i].warmup, 1);
        cr_expect_eq(cases[i].budget_ns * (int64_t)n, plan->budget_ns);
    }
    /* Each record may be asked for several times, from far away. */
    cr_expect_geq(cases[0].timeout_ns, plan->timeout_ns + (4 * 50 + 4) * cases[0].rtt_ns);
    free(cases);
}

static const struct bench_row *row_of(const struct bench_rows *rows, size_t group,
                                      const char *access)
{
    const struct bench_group *g = &rows->groups[group];
    for (size_t i = 0; i < g->nrows; i++)
        if (strcmp(parameter(g->rows[i].what, "access"), access) == 0)
            return &g->rows[i];
    cr_assert_fail("no row with access=%s", access);
    return NULL;
}

Test(cases, the_same_fields_are_right_for_all_who_carry_records)
{
    enum { CARRIERS = 5, TARGETS = 7 };
    static const char *const ways[] = {"objects", "dicts", "tuples", "obtain"};
    struct bench_error err = {0};
    struct bench_run *run = bench_run_new();
    struct bench_rows rows;
    plan->workloads[BENCH_WORKLOAD_NETREF] = true;
    cr_assert_eq(bench_plan_add_targets(plan,
                                        "rpyc/threaded/native,http/threaded/native,"
                                        "http-raw/threaded/native,inproc,"
                                        "rpyc/threaded/python/python,tcp/threaded/native,"
                                        "rpyc[policy=strict]/threaded/python/python",
                                        &err),
                 0, "%s", err.msg);
    cr_assert_eq(bench_rows_init(&rows, plan, run, &err), 0, "%s", err.msg);
    cr_assert_eq(rows.ngroups, TARGETS);
    for (size_t t = 0; t < CARRIERS; t++) {
        for (size_t w = 0; w < BENCH_COUNT_OF(ways); w++) {
            const struct bench_row *row = row_of(&rows, t, ways[w]);
            const struct bench_expected *expected = &row->steps[0].expected;
            cr_assert_not(row->off);
            cr_expect(expected->known && !expected->reference && !expected->bulk);
            cr_expect_eq(row->steps[0].program == NULL, row->target->client != NULL);
            cr_assert_eq(expected->value.kind, BENCH_LIST);
            cr_assert_eq(expected->value.seq.count, 50);
            const struct bench_value *last = &expected->value.seq.items[49];
            const struct bench_value fields[] = {bench_str("user49"),
                                                 bench_str("user49@example.com"),
                                                 bench_str("inactive")};
            const struct bench_value right = bench_tuple(fields, BENCH_COUNT_OF(fields));
            cr_expect(bench_value_equal(last, &right));
            const struct bench_value object = {.kind = BENCH_OBJECT};
            cr_expect_not(bench_expected_is(expected, &object), "a reference is not the fields");
        }
    }
    for (size_t w = 0; w < BENCH_COUNT_OF(ways); w++) {
        const struct bench_row *floor = row_of(&rows, CARRIERS, ways[w]);
        cr_expect(floor->off);
        cr_expect_str_eq(run->results[floor->result].reason, "tcp carries no records");
        /* Elements are always public, attributes and copies are not. */
        const struct bench_row *strict = row_of(&rows, CARRIERS + 1, ways[w]);
        cr_expect_eq(strict->off, w == 0 || w == 3, "%s", ways[w]);
    }
    bench_rows_fini(&rows);
    bench_run_free(run);
}

static const struct bench_row *find_row(const struct bench_rows *rows, size_t group,
                                        enum bench_operation_id operation, uint64_t size,
                                        uint64_t piece)
{
    const struct bench_group *g = &rows->groups[group];
    for (size_t i = 0; i < g->nrows; i++)
        if (g->rows[i].what->operation == operation && g->rows[i].what->size == size &&
            g->rows[i].what->piece == piece)
            return &g->rows[i];
    cr_assert_fail("no such row");
    return NULL;
}

Test(cases, pieces_are_the_identical_work_in_both_protocols)
{
    struct bench_error err = {0};
    struct bench_run *run = bench_run_new();
    struct bench_rows rows;
    plan->workloads[BENCH_WORKLOAD_TRANSFER] = true;
    plan->styles[BENCH_STYLE_STREAM] = false;
    cr_assert_eq(bench_plan_add_targets(plan, "rpyc/threaded/native,http/threaded/native", &err),
                 0);
    cr_assert_eq(bench_rows_init(&rows, plan, run, &err), 0, "%s", err.msg);
    const uint64_t size = 16 << 20, piece = 65536;
    for (int up = 0; up < 2; up++) {
        enum bench_operation_id id = up ? BENCH_OP_UPLOAD_CHUNK : BENCH_OP_DOWNLOAD_CHUNK;
        const struct bench_row *a = find_row(&rows, 0, id, size, piece);
        const struct bench_row *b = find_row(&rows, 1, id, size, piece);
        cr_assert_eq(a->what->nsteps, 256);
        cr_assert_eq(a->what, b->what);
        uint64_t moved = 0;
        for (size_t i = 0; i < 256; i++) {
            cr_expect(a->steps[i].expected.known && b->steps[i].expected.known);
            cr_expect_eq(a->steps[i].tx, b->steps[i].tx);
            cr_expect_eq(a->steps[i].tx_length, b->steps[i].tx_length);
            cr_expect_eq(a->steps[i].expected.checksum, b->steps[i].expected.checksum);
            const uint8_t *payload = bench_payload(size);
            if (!up)
                cr_expect_eq(a->steps[i].expected.checksum,
                             XXH3_64bits(payload + i * piece, piece));
            else
                cr_expect_eq(memcmp(a->steps[i].tx, payload + i * piece, piece), 0);
            moved += up ? a->steps[i].tx_length : a->steps[i].expected.length;
        }
        cr_expect_eq(moved, size);
    }
    bench_rows_fini(&rows);
    bench_run_free(run);
}

Test(cases, the_last_piece_is_what_is_left)
{
    struct bench_error err = {0};
    struct bench_run *run = bench_run_new();
    struct bench_rows rows;
    plan->workloads[BENCH_WORKLOAD_TRANSFER] = true;
    plan->styles[BENCH_STYLE_STREAM] = false;
    plan->file_sizes = (struct bench_list){{100000}, 1};
    plan->chunk_sizes = (struct bench_list){{49152}, 1};
    cr_assert_eq(bench_plan_add_targets(plan, "tcp/threaded/native", &err), 0);
    cr_assert_eq(bench_rows_init(&rows, plan, run, &err), 0, "%s", err.msg);
    const struct bench_row *up = find_row(&rows, 0, BENCH_OP_UPLOAD_CHUNK, 100000, 49152);
    cr_assert_eq(up->what->nsteps, 3);
    cr_expect_eq(up->steps[2].tx_length, 100000 - 2 * 49152);
    const struct bench_row *down = find_row(&rows, 0, BENCH_OP_DOWNLOAD_CHUNK, 100000, 49152);
    cr_expect_eq(down->steps[2].expected.length, 100000 - 2 * 49152);
    bench_rows_fini(&rows);
    bench_run_free(run);
}
