/* SPDX-License-Identifier: MIT */
/* bench_telemetry: what connections of our own client did, in figures and texts. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/protocol.h"
#include "bench/units.h"
#include "rpycbench/telemetry.h"
#include "tests/support/server.h"

#define WAIT_NS (20 * BENCH_NS_PER_S)

TestSuite(telemetry, .timeout = 60);

/* ---- a server, and connections to it ---- */

struct world {
    struct support_server server;
    const struct bench_protocol *protocol;
    void *options;
    struct bench_loop *loop;
    struct bench_telemetry *telemetry;
};

static void world_init(struct world *w, const struct bench_telemetry_options *options)
{
    const struct support_server_spec spec = {.protocol = "rpyc", .mode = "threaded"};
    struct bench_error err = {0};

    *w = (struct world){.protocol = bench_protocol_find("rpyc", 4)};
    cr_assert_eq(support_server_start(&spec, &w->server, &err), 0, "%s", err.msg);
    cr_assert_eq(
        bench_options_new(w->protocol->options, w->protocol->options_size, &w->options, &err), 0,
        "%s", err.msg);
    cr_assert_eq(bench_loop_new(&w->loop, &err), 0, "%s", err.msg);
    cr_assert_eq(bench_telemetry_new(&w->telemetry, options, &err), 0, "%s", err.msg);
}

static void world_end(struct world *w)
{
    bench_loop_free(w->loop);
    bench_telemetry_free(w->telemetry);
    bench_options_free(w->protocol->options, w->options);
    cr_expect_eq(support_server_stop(&w->server), 0);
}

static struct bench_conn *make_conn(struct world *w)
{
    static const struct bench_conn_events events = {.opened = NULL};
    struct bench_address address = {.host = "127.0.0.1", .port = w->server.port};
    struct bench_conn *conn;
    struct bench_error err = {0};

    cr_assert_eq(bench_address_resolve(&address, &err), 0, "%s", err.msg);
    cr_assert_eq(
        bench_conn_new(w->loop, w->protocol, w->options, &address, &events, NULL, &conn, &err), 0,
        "%s", err.msg);
    return conn;
}

static void open_conn(struct bench_conn *conn)
{
    struct bench_error err = {0};

    cr_assert_eq(bench_open_blocking(conn, WAIT_NS, &err), 0, "%s", err.msg);
}

static struct bench_conn *open_attached(struct world *w)
{
    struct bench_conn *conn = make_conn(w);

    cr_assert_eq(bench_telemetry_attach(w->telemetry, conn, NULL), 0);
    open_conn(conn);
    return conn;
}

static void call(struct world *w, struct bench_conn *conn, const char *text)
{
    const struct bench_spec spec = {.kind = BENCH_SPEC_TEXT, .text = text};
    struct bench_program *program;
    struct bench_op *op;
    struct bench_error err = {0};

    cr_assert_eq(w->protocol->compile(w->options, &spec, &program, &err), 0, "%s", err.msg);
    cr_assert_eq(bench_op_new(w->protocol, &op, &err), 0, "%s", err.msg);
    op->program = program;
    op->sink.kind = BENCH_SINK_VALUE;
    op->sink.limit = 1 << 20;
    op->timeout_ns = WAIT_NS;
    cr_assert_eq(bench_call_blocking(conn, op, &err), 0, "%s: %s", text, err.msg);
    bench_op_free(op);
    w->protocol->program_free(program);
}

static struct bench_telemetry_statistics ask(struct world *w)
{
    struct bench_telemetry_statistics s;

    cr_assert_eq(bench_telemetry_statistics(w->telemetry, &s), 0);
    return s;
}

/* Until everything that was given up has been answered. */
static struct bench_telemetry_statistics settled(struct world *w)
{
    const int64_t deadline_ns = bench_now_ns() + WAIT_NS;
    struct bench_telemetry_statistics s = ask(w);

    while (s.messages[BENCH_TO_CLIENT] < s.requests[BENCH_TO_SERVER]) {
        cr_assert_lt(bench_now_ns(), deadline_ns);
        (void)bench_loop_run(w->loop, bench_now_ns() + BENCH_NS_PER_MS);
        s = ask(w);
    }
    return s;
}

/* ---- figures ---- */

Test(telemetry, counts_what_crosses_the_wire)
{
    struct world w;

    world_init(&w, NULL);
    struct bench_conn *conn = open_attached(&w);
    struct bench_telemetry_statistics s = settled(&w);
    cr_expect_eq(s.round_trips[BENCH_TO_SERVER], 2); /* root, and what it can do */
    cr_expect_eq(s.total_calls, 0);                  /* which nobody wrote */
    cr_expect_eq(s.connections, 1);
    call(&w, conn, "root.ping()");
    call(&w, conn, "root.ping()");
    s = settled(&w);
    cr_expect_eq(s.total_calls, 2);
    cr_expect_eq(s.round_trips[BENCH_TO_SERVER], 6);
    cr_expect_eq(s.unawaited[BENCH_TO_SERVER], 2);
    cr_expect_eq(s.messages[0] + s.messages[1], 4 + 2 * 6);
    cr_expect_eq(s.netrefs_created[BENCH_TO_CLIENT], 3);
    cr_expect_eq(s.netrefs_released[BENCH_TO_CLIENT], 2);
    cr_expect_eq(s.netrefs_active[BENCH_TO_CLIENT], 1);
    cr_expect_eq(s.max_stack_depth, 1); /* however many calls there were */
    cr_expect_eq(s.current_stack_depth, 0);
    cr_expect_eq(s.lost, 0);
    cr_expect_gt(s.average_call_duration_s, 0);
    cr_expect_leq(s.average_call_duration_s, s.waiting_s[BENCH_TO_SERVER]);
    cr_expect_gt(s.slowest_call_s, 0);
    cr_expect_gt(s.wire_bytes[0], 0);
    bench_conn_free(conn);
    s = ask(&w);
    cr_expect_eq(s.netrefs_active[BENCH_TO_CLIENT], 0);
    cr_expect_eq(s.netrefs_leaked[BENCH_TO_CLIENT], 1);
    world_end(&w);
}

Test(telemetry, tells_connections_apart_and_survives_the_next_with_that_address)
{
    struct world w;

    world_init(&w, NULL);
    struct bench_conn *one = open_attached(&w), *two = open_attached(&w);
    call(&w, one, "root.ping()");
    call(&w, two, "root.get_user(1).name");
    (void)settled(&w); /* what is given up on a connection that ends is not answered */
    bench_conn_free(one);
    one = open_attached(&w); /* maybe where the last one was */
    call(&w, one, "root.ping()");
    const struct bench_telemetry_statistics s = settled(&w);
    cr_expect_eq(s.connections, 3);
    cr_expect_eq(s.lost, 0);
    cr_expect_eq(s.round_trips[BENCH_TO_SERVER], 3 * 2 + 2 + 4 + 2);
    cr_expect_eq(s.max_stack_depth, 1);
    bench_conn_free(one);
    bench_conn_free(two);
    world_end(&w);
}

Test(telemetry, sees_nothing_while_it_is_disabled)
{
    struct bench_telemetry_options options;
    struct world w;

    bench_telemetry_options_init(&options);
    options.enabled = false;
    world_init(&w, &options);
    cr_expect(!bench_telemetry_is_enabled(w.telemetry));
    struct bench_conn *conn = open_attached(&w);
    for (int i = 0; i < 50; i++)
        call(&w, conn, "root.ping()");
    cr_expect_eq(ask(&w).total_calls, 0);
    bench_telemetry_enable(w.telemetry);
    cr_expect(bench_telemetry_is_enabled(w.telemetry));
    for (int i = 0; i < 20; i++)
        call(&w, conn, "root.ping()");
    struct bench_telemetry_statistics s = ask(&w);
    /* The first messages may be needed to find its feet again. */
    cr_expect_geq(s.round_trips[BENCH_TO_SERVER], 30, "%lu", s.round_trips[BENCH_TO_SERVER]);
    cr_expect_leq(s.round_trips[BENCH_TO_SERVER], 40);
    bench_telemetry_disable(w.telemetry);
    call(&w, conn, "root.ping()");
    cr_expect_eq(ask(&w).messages[BENCH_TO_SERVER], s.messages[BENCH_TO_SERVER]);
    bench_conn_free(conn);
    world_end(&w);
}

Test(telemetry, forgets_and_goes_on)
{
    struct world w;

    world_init(&w, NULL);
    struct bench_conn *conn = open_attached(&w);
    call(&w, conn, "root.ping()");
    (void)settled(&w);
    bench_telemetry_reset(w.telemetry);
    struct bench_telemetry_statistics s = ask(&w);
    cr_expect_eq(s.total_calls, 0);
    cr_expect_eq(s.messages[0] + s.messages[1], 0);
    cr_expect_eq(s.netrefs_active[BENCH_TO_CLIENT], 1);
    call(&w, conn, "root.ping()");
    s = ask(&w);
    cr_expect_eq(s.total_calls, 1);
    cr_expect_eq(s.lost, 0);
    bench_conn_free(conn);
    world_end(&w);
}

Test(telemetry, detached_connections_are_left_alone)
{
    struct world w;

    world_init(&w, NULL);
    struct bench_conn *conn = open_attached(&w);
    call(&w, conn, "root.ping()");
    (void)settled(&w);
    bench_telemetry_detach(w.telemetry, conn);
    bench_telemetry_detach(w.telemetry, conn);
    call(&w, conn, "root.ping()");
    cr_expect_eq(ask(&w).total_calls, 1);
    bench_conn_free(conn);
    world_end(&w);
}

Test(telemetry, refuses_options_out_of_range)
{
    const double bad[] = {-1, NAN, INFINITY};
    struct bench_telemetry *telemetry = NULL;
    struct bench_telemetry_options options;
    struct bench_error err = {0};

    bench_telemetry_options_init(&options);
    cr_expect_eq(options.slow_call_threshold_s, 0.1);
    cr_expect_eq(options.deep_stack_threshold, 5);
    for (size_t i = 0; i < BENCH_COUNT_OF(bad); i++) {
        options.slow_call_threshold_s = bad[i];
        cr_expect_eq(bench_telemetry_new(&telemetry, &options, &err), -EINVAL);
        cr_expect_not_null(strstr(err.msg, "slow_call"), "%s", err.msg);
    }
    options.slow_call_threshold_s = 0;
    options.deep_stack_threshold = 0;
    cr_expect_eq(bench_telemetry_new(&telemetry, &options, &err), -EINVAL);
    cr_expect_null(telemetry);
}

Test(telemetry, thresholds_make_calls_slow_and_deep)
{
    struct bench_telemetry_options options;
    struct world w;

    bench_telemetry_options_init(&options);
    options.slow_call_threshold_s = 0;
    options.deep_stack_threshold = 1;
    world_init(&w, &options);
    struct bench_conn *conn = open_attached(&w);
    call(&w, conn, "root.ping()");
    const struct bench_telemetry_statistics s = settled(&w);
    cr_expect_eq(s.slow_calls, s.round_trips[BENCH_TO_SERVER]);
    cr_expect_gt(s.deep_calls, 0);
    bench_conn_free(conn);
    world_end(&w);
}

/* ---- pieces of a tap, from two threads ---- */

struct copied {
    struct bench_telemetry *telemetry;
    struct bench_piece pieces[64];
    size_t count;
};

static void keep(const struct bench_piece *piece, void *user)
{
    struct copied *copied = user;
    struct bench_piece *kept = &copied->pieces[copied->count++];

    cr_assert_leq(copied->count, BENCH_COUNT_OF(copied->pieces));
    *kept = *piece;
    kept->data = malloc(piece->length + 1);
    cr_assert_not_null(kept->data);
    memcpy((void *)(uintptr_t)kept->data, piece->data ? piece->data : "", piece->length);
}

enum { REPLAYS = 200 };

static void *replay(void *user)
{
    const struct copied *copied = *(struct copied **)user;
    const uint64_t numbers = (uint64_t)(uintptr_t)user << 12; /* of this thread */

    for (uint64_t i = 0; i < REPLAYS; i++) {
        for (size_t k = 0; k < copied->count; k++) {
            struct bench_piece piece = copied->pieces[k];
            piece.connection = numbers + i;
            bench_telemetry_piece(&piece, copied->telemetry);
        }
    }
    return NULL;
}

Test(telemetry, takes_pieces_of_several_threads_besides_attached_connections)
{
    struct world w;
    static struct copied copied;
    struct copied *users[2] = {&copied, &copied};
    pthread_t threads[2];

    world_init(&w, NULL);
    copied.telemetry = w.telemetry;
    struct bench_conn *conn = make_conn(&w);
    bench_conn_tap(conn, keep, &copied);
    open_conn(conn);
    call(&w, conn, "root.get_users_tuples(3)");
    bench_conn_free(conn);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, replay, &users[i]), 0);
    conn = open_attached(&w);
    for (int i = 0; i < 20; i++) {
        call(&w, conn, "root.ping()");
        (void)ask(&w);
    }
    for (int i = 0; i < 2; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    const struct bench_telemetry_statistics s = ask(&w);
    cr_expect_eq(s.total_calls, 2 * REPLAYS + 20);
    cr_expect_eq(s.round_trips[BENCH_TO_SERVER], 2 * REPLAYS * 4 + 2 + 20 * 2);
    cr_expect_eq(s.lost, 0);
    bench_conn_free(conn);
    for (size_t i = 0; i < copied.count; i++)
        free((void *)(uintptr_t)copied.pieces[i].data);
    world_end(&w);
}

/* ---- texts ---- */

static void expect_text(char *text, const char *there, const char *not_there)
{
    cr_assert_not_null(text);
    cr_expect_not_null(strstr(text, there), "no \"%s\" in:\n%s", there, text);
    if (not_there)
        cr_expect_null(strstr(text, not_there), "\"%s\" in:\n%s", not_there, text);
    free(text);
}

Test(telemetry, writes_texts)
{
    struct world w;

    world_init(&w, NULL);
    struct bench_conn *conn = open_attached(&w);
    call(&w, conn, "[u.name for u in root.get_users(20)]");
    (void)settled(&w);
    struct bench_telemetry *t = w.telemetry;
    expect_text(bench_telemetry_format_call_tree(t, 0, 0, true), "root.get_users", "n-plus-one");
    expect_text(bench_telemetry_format_call_tree(t, 0, 1000, true), "tree", "root.get_users()");
    expect_text(bench_telemetry_format_timeline(t, 100, 0), "root.get_users", "n-plus-one");
    expect_text(bench_telemetry_format_netref_report(t), "given", "n-plus-one");
    expect_text(bench_telemetry_format_slow_calls_report(t, 5), "slow", "given");
    expect_text(bench_telemetry_format_full_report(t, true, false, true, true), "n-plus-one", NULL);
    expect_text(bench_telemetry_format_full_report(t, false, false, false, false), "n-plus-one",
                "given\n");
    expect_text(bench_telemetry_format(t, &(struct bench_telemetry_format){.title = "a title"}),
                "a title", NULL);
    cr_expect_eq(
        bench_telemetry_write(t, &(struct bench_telemetry_format){.max_depth = -1}, stdout),
        -EINVAL);
    cr_expect_eq(
        bench_telemetry_write(t, &(struct bench_telemetry_format){.min_duration_s = NAN}, stdout),
        -EINVAL);
    bench_conn_free(conn);
    world_end(&w);
}

Test(telemetry, writes_texts_of_nothing)
{
    struct bench_telemetry *telemetry;
    struct bench_error err = {0};

    cr_assert_eq(bench_telemetry_new(&telemetry, NULL, &err), 0, "%s", err.msg);
    char *text = bench_telemetry_format(telemetry, NULL);
    cr_expect_not_null(text);
    free(text);
    bench_telemetry_free(telemetry);
    bench_telemetry_free(NULL);
}

Test(telemetry, durations)
{
    static const struct {
        double seconds;
        const char *text;
    } table[] = {
        {0, "0µs"},           {850e-6, "850µs"},     {999.4e-6, "999µs"},
        {999.6e-6, "1.00ms"}, {0.012344, "12.34ms"}, {0.99999, "999.99ms"},
        {0.999996, "1.00s"},  {1.5, "1.50s"},        {123.456, "123.46s"},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(table); i++)
        cr_expect_str_eq(bench_telemetry_format_duration(table[i].seconds).s, table[i].text);
}
