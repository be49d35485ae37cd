/* SPDX-License-Identifier: MIT */
/*
 * Calls back into the client, between every server of RPyC and both clients: our client against
 * Python costs exactly as many messages as between two peers of Python.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "bench/conn.h"
#include "bench/operation.h"
#include "bench/protocol.h"
#include "bench/units.h"
#include "rig.h"

TestSuite(callbacks, .timeout = 240);

struct link {
    const struct bench_protocol *protocol;
    struct bench_loop *loop;
    struct bench_conn *conn;
    void *options;
    struct bench_op *op;
    struct bench_error err;
};

static void link_open(struct link *l, uint16_t port, const char *options)
{
    static const struct bench_conn_events events = {0};
    struct bench_address address = {.host = "127.0.0.1", .port = port};
    *l = (struct link){.protocol = bench_protocol_find("rpyc", 4)};
    const struct bench_protocol *p = l->protocol;
    cr_assert_eq(bench_loop_new(&l->loop, &l->err), 0);
    cr_assert_eq(bench_address_resolve(&address, &l->err), 0);
    cr_assert_eq(bench_options_new(p->options, p->options_size, &l->options, &l->err), 0);
    cr_assert_eq(bench_options_parse(p->options, l->options, options, &l->err), 0, "%s",
                 l->err.msg);
    cr_assert_eq(
        bench_conn_new(l->loop, p, l->options, &address, &events, l, &l->conn, &l->err), 0);
    cr_assert_eq(bench_op_new(p, &l->op, &l->err), 0);
    cr_assert_eq(bench_open_blocking(l->conn, 60 * BENCH_NS_PER_S, &l->err), 0, "%s", l->err.msg);
}

static void link_close(struct link *l)
{
    bench_conn_close(l->conn);
    bench_conn_free(l->conn);
    bench_op_free(l->op);
    bench_options_free(l->protocol->options, l->options);
    bench_loop_free(l->loop);
}

/* Makes the call `times` times and a ping, which brings the stragglers of the last one; frames of
 * all that in both directions. */
static uint32_t call_nested(struct link *l, int64_t depth, int times, uint32_t round_trips)
{
    const struct bench_value arg = bench_int(depth);
    const struct bench_spec spec = {.kind = BENCH_SPEC_OPERATION,
                                    .operation = bench_operation_get(BENCH_OP_NESTED),
                                    .args = &arg,
                                    .nargs = 1};
    const struct bench_spec probe = {.kind = BENCH_SPEC_PROBE};
    uint32_t frames = 0;
    for (int i = 0; i <= times; i++) {
        struct bench_program *program;
        const bool last = i == times;
        cr_assert_eq(l->protocol->compile(l->options, last ? &probe : &spec, &program, &l->err),
                     0);
        l->op->program = program;
        bench_op_reset(l->op);
        l->op->timeout_ns = 60 * BENCH_NS_PER_S;
        cr_assert_eq(bench_call_blocking(l->conn, l->op, &l->err), 0, "depth %d: %s", (int)depth,
                     l->op->error.msg);
        if (!last) {
            cr_assert(bench_value_equal(&l->op->result, &arg));
            cr_assert_eq(l->op->stat.round_trips, round_trips, "depth %d: %u", (int)depth,
                         l->op->stat.round_trips);
            cr_assert_geq(l->op->stat.served, depth);
        }
        frames += l->op->stat.frames_sent + l->op->stat.frames_received;
        l->protocol->program_free(program);
    }
    return frames;
}

/* Between two peers of Python: for each level the function's or the user's own call (6 frames, or 2
 * of a method that is kept), and 2 for each call back; one DEL of the function, with its answer. */
static void nested_against(const char *target, const char *options)
{
    const bool bound = strstr(options, "bind-threads=on") != NULL;
    static const int64_t depths[] = {0, 1, 5, 10, 40};
    enum { TIMES = 5 };
    struct rig_server server;
    rig_serve(&server, target, 2);
    for (int cached = 0; cached < 2; cached++) {
        struct link l;
        char all[64];
        (void)snprintf(all, sizeof(all), "call=%s%s", cached ? "cached" : "plain", options);
        link_open(&l, server.port, all);
        (void)call_nested(&l, 0, 1, 2); /* fetches what is kept */
        for (size_t i = 0; i < BENCH_COUNT_OF(depths); i++) {
            const uint32_t depth = (uint32_t)depths[i];
            const uint32_t per_level = cached ? 2 : 6;
            const uint32_t expected = (per_level * (depth + 1) + 2 * depth + 2) * TIMES + 2;
            const uint32_t frames = call_nested(
                &l, depth, TIMES, (cached ? 1 : 2) * (depth + 1) + depth);
            /* One answer to a DEL may come from before, and one later. While a thread of Python
             * waits for the answer to its DEL another one takes the next call, and has the same
             * proxy if it is there still: these two need one DEL. */
            const uint32_t fewer = bound ? 2 + 2 * TIMES : 2;
            cr_assert_geq(frames + fewer, expected, "%s: depth %u: %u frames", target, depth,
                          frames);
            cr_assert_leq(frames, expected + 2, "%s: depth %u: %u frames", target, depth, frames);
        }
        link_close(&l);
    }
    cr_assert_eq(rig_server_stop(&server), 0);
}

Test(callbacks, our_client_and_our_threads) { nested_against("rpyc/threaded/native", ""); }

Test(callbacks, our_client_and_our_processes) { nested_against("rpyc/forking/native", ""); }

Test(callbacks, our_client_and_threads_of_python)
{
    rig_need_python();
    nested_against("rpyc/threaded/python", "");
}

/* Its thread that waits for a callback is asked by that, and no other. */
Test(callbacks, our_client_and_bound_threads_of_python)
{
    rig_need_python();
    nested_against("rpyc[bind-threads=on]/threaded/python", ",bind-threads=on");
}

Test(callbacks, our_client_and_processes_of_python)
{
    rig_need_python();
    nested_against("rpyc/forking/python", "");
}

/* The workload, on whoever can be called back. */
Test(callbacks, the_workload_has_a_result_for_each_depth)
{
    struct support_output out;
    rig_run(&out, WORDS("run", "--quick", "--repeats", "1", "--requests", "5", "--workload",
                        "callback", "--target", "rpyc/threaded/native,http/threaded/native",
                        "--json", "-"));
    cr_assert_eq(out.exit_status, 0, "%s", out.err);
    json_t *run = rig_json(out.out), *result;
    size_t i, measured = 0, refused = 0;
    json_array_foreach(json_object_get(run, "results"), i, result) {
        if (strcmp(rig_text(result, "status"), "n/a") == 0) {
            cr_assert_str_eq(rig_text(result, "reason"), "http has no callbacks");
            refused++;
            continue;
        }
        cr_assert_eq(rig_number(result, "failed_requests"), 0);
        cr_assert_gt(rig_number(result, "total_requests"), 0);
        measured++;
    }
    cr_assert_eq(measured, 3);
    cr_assert_eq(refused, 3);
    json_decref(run);
    support_output_free(&out);
}
