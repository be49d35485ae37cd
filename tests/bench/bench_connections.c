/* SPDX-License-Identifier: MIT */
/*
 * Many connections from one process: all are opened at once, then each makes one ping, all at
 * once. Prints errors, times, and what a connection (with its op) takes of this process's memory
 * while it is idle afterwards, held against a limit.
 *
 *   bench-connections PROTOCOL PORT COUNT LIMIT_KIB
 *
 * Exit status 0 = no errors and within the limit, 1 = not so, 2 = usage.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/protocol.h"
#include "bench/units.h"

#define PATIENCE_NS (60 * BENCH_NS_PER_S)

struct storm {
    const struct bench_protocol *protocol;
    struct bench_address address;
    struct bench_loop *loop;
    void *options;
    struct bench_program *program;
    struct bench_conn **conns;
    struct bench_op **ops;
    int64_t count, waiting, errors;
    char why[256]; /* of the first error */
};

static void failed(struct storm *storm, const char *why)
{
    if (storm->errors++ == 0)
        (void)snprintf(storm->why, sizeof(storm->why), "%s", why);
}

static void one_less(struct storm *storm)
{
    if (--storm->waiting == 0)
        bench_loop_stop(storm->loop);
}

static void on_opened(struct bench_conn *conn, int status, void *user)
{
    struct storm *storm = user;
    if (status < 0)
        failed(storm, bench_conn_error(conn)->msg);
    one_less(storm);
}

static void on_done(struct bench_op *op, int status, void *user)
{
    struct storm *storm = user;
    const struct bench_value pong = bench_str("pong");
    if (status < 0)
        failed(storm, op->error.msg);
    else if (!bench_value_equal(&op->result, &pong))
        failed(storm, "the answer to a ping is not 'pong'");
    one_less(storm);
}

static void wait_for_all(struct storm *storm)
{
    if (storm->waiting > 0 && bench_loop_run(storm->loop, bench_now_ns() + PATIENCE_NS) < 0)
        failed(storm, "some were not done within a minute");
}

static int make(struct storm *storm, int64_t i, struct bench_error *err)
{
    static const struct bench_conn_events events = {.opened = on_opened};
    int rc = bench_conn_new(storm->loop, storm->protocol, storm->options, &storm->address, &events,
                            storm, &storm->conns[i], err);
    if (rc == 0)
        rc = bench_op_new(storm->protocol, &storm->ops[i], err);
    if (rc == 0) {
        storm->ops[i]->program = storm->program;
        storm->ops[i]->done = on_done;
        storm->ops[i]->user = storm;
    }
    return rc;
}

/* Opens connections from..to at once and pings over each; *opened_ns and *pinged_ns: how long. */
static int run(struct storm *storm, int64_t from, int64_t to, int64_t *opened_ns,
               int64_t *pinged_ns, struct bench_error *err)
{
    int64_t start_ns = bench_now_ns();
    storm->waiting = 0;
    for (int64_t i = from; i < to; i++) {
        int rc = make(storm, i, err);
        if (rc == 0)
            rc = bench_conn_open(storm->conns[i], PATIENCE_NS, err);
        if (rc < 0)
            return rc;
        storm->waiting++;
    }
    wait_for_all(storm);
    *opened_ns = bench_now_ns() - start_ns;
    start_ns = bench_now_ns();
    storm->waiting = 0;
    for (int64_t i = from; i < to; i++) {
        if (!bench_conn_is_ready(storm->conns[i]))
            continue;
        if (bench_conn_submit(storm->conns[i], storm->ops[i], err) == 0)
            storm->waiting++;
        else
            failed(storm, err->msg);
    }
    wait_for_all(storm);
    *pinged_ns = bench_now_ns() - start_ns;
    return 0;
}

static double resident_kib(void)
{
    unsigned long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL || fscanf(file, "%lu %lu", &size, &resident) != 2)
        resident = 0;
    if (file != NULL)
        (void)fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1024;
}

static int prepare(struct storm *storm, struct bench_error *err)
{
    const struct bench_spec spec = {.kind = BENCH_SPEC_OPERATION,
                                    .operation = bench_operation_get(BENCH_OP_PING)};
    const struct bench_protocol *p = storm->protocol;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    storm->conns = calloc((size_t)storm->count + 1, sizeof(struct bench_conn *));
    storm->ops = calloc((size_t)storm->count + 1, sizeof(struct bench_op *));
    if (storm->conns == NULL || storm->ops == NULL)
        return bench_fail(err, -1, "out of memory");
    int rc = bench_address_resolve(&storm->address, err);
    if (rc == 0)
        rc = bench_options_new(p->options, p->options_size, &storm->options, err);
    if (rc == 0 && p->global_init != NULL)
        rc = p->global_init(err);
    if (rc == 0)
        rc = p->compile(storm->options, &spec, &storm->program, err);
    return rc == 0 ? bench_loop_new(&storm->loop, err) : rc;
}

/* Connections end with a reset: thousands of ports in TIME_WAIT would be missing to whoever comes
 * next. */
static void leave_no_time_wait(void)
{
    const struct linger at_once = {.l_onoff = 1};
    const long most = sysconf(_SC_OPEN_MAX);
    for (int fd = 3; fd < most; fd++)
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

static void tidy(struct storm *storm)
{
    leave_no_time_wait();
    for (int64_t i = 0; storm->conns != NULL && i <= storm->count; i++)
        bench_conn_free(storm->conns[i]);
    for (int64_t i = 0; storm->ops != NULL && i <= storm->count; i++)
        bench_op_free(storm->ops[i]);
    free(storm->conns);
    free(storm->ops);
    if (storm->program != NULL)
        storm->protocol->program_free(storm->program);
    bench_loop_free(storm->loop);
    bench_options_free(storm->protocol->options, storm->options);
    if (storm->protocol->global_fini != NULL)
        storm->protocol->global_fini();
}

static int measure(struct storm *storm, double limit_kib, struct bench_error *err)
{
    int64_t opened_ns, pinged_ns;
    int rc = prepare(storm, err);
    if (rc == 0) /* the first one pays for what all have in common */
        rc = run(storm, storm->count, storm->count + 1, &opened_ns, &pinged_ns, err);
    double before_kib = resident_kib();
    if (rc == 0)
        rc = run(storm, 0, storm->count, &opened_ns, &pinged_ns, err);
    if (rc < 0)
        return rc;
    double each_kib = (resident_kib() - before_kib) / (double)storm->count;
    bool good = storm->errors == 0 && each_kib <= limit_kib;
    (void)printf("%-9s %6" PRId64 " connections: %" PRId64 " errors, opened in %.2f s, pinged in "
                 "%.2f s, %.1f KiB each  <=%g  %s\n",
                 storm->protocol->name, storm->count, storm->errors, (double)opened_ns / 1e9,
                 (double)pinged_ns / 1e9, each_kib, limit_kib, good ? "ok" : "MISSED");
    if (storm->errors > 0)
        (void)printf("          the first error: %s\n", storm->why);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct storm storm = {.address = {.host = "127.0.0.1"}};
    struct bench_error err = {0};
    int64_t port, limit_kib;
    if (argc != 5) {
        (void)fprintf(stderr, "usage: bench-connections PROTOCOL PORT COUNT LIMIT_KIB\n");
        return 2;
    }
    if (bench_parse_int(argv[2], 1, UINT16_MAX, &port, &err) < 0 ||
        bench_parse_int(argv[3], 1, 100000, &storm.count, &err) < 0 ||
        bench_parse_int(argv[4], 1, 100000, &limit_kib, &err) < 0) {
        (void)fprintf(stderr, "bench-connections: %s\n", err.msg);
        return 2;
    }
    storm.address.port = (uint16_t)port;
    storm.protocol = bench_protocol_find(argv[1], strlen(argv[1]));
    if (storm.protocol == NULL) {
        (void)fprintf(stderr, "bench-connections: there is no protocol '%s'\n", argv[1]);
        return 2;
    }
    int rc = measure(&storm, (double)limit_kib, &err);
    if (rc < 0)
        (void)fprintf(stderr, "bench-connections: %s\n", err.msg);
    tidy(&storm);
    return rc < 0 ? 2 : rc;
}
