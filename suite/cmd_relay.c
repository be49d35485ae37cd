/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "bench/units.h"
#include "suite/cli.h"
#include "suite/endpoint.h"
#include "tap/relay.h"

struct relay_command {
    struct bench_relay_options relay;
    bool has_upstream;
    int64_t ready_fd, control_fd; /* -1 = none (any more) */
    bool quiet;                   /* a program started us */
};

/* ---- options ---- */

static int set_listen(void *target, const char *value, struct bench_error *err)
{
    return cli_parse_endpoint(value, 0, &((struct relay_command *)target)->relay.listen, err);
}

static int set_upstream(void *target, const char *value, struct bench_error *err)
{
    struct relay_command *c = target;
    c->has_upstream = true;
    return cli_parse_endpoint(value, 1, &c->relay.upstream, err);
}

static int set_delay(void *target, const char *value, struct bench_error *err)
{
    return bench_parse_duration(value, &((struct relay_command *)target)->relay.delay_ns, err);
}

static int set_jitter(void *target, const char *value, struct bench_error *err)
{
    return bench_parse_duration(value, &((struct relay_command *)target)->relay.jitter_ns, err);
}

/* As tc writes them: powers of ten, bits. */
static int set_rate(void *target, const char *value, struct bench_error *err)
{
    static const struct {
        const char *name;
        double factor;
    } units[] = {{"bit", 1}, {"kbit", 1e3}, {"mbit", 1e6}, {"gbit", 1e9}};
    size_t length = strspn(value, "0123456789.");
    char *end;
    double number = strtod(value, &end);
    double *rate = &((struct relay_command *)target)->relay.bits_per_s;
    if (strcmp(value, "0") == 0) {
        *rate = 0;
        return 0;
    }
    for (size_t i = 0; i < BENCH_COUNT_OF(units); i++) {
        if (length == 0 || end != value + length || !(number > 0) ||
            strcmp(end, units[i].name) != 0)
            continue;
        *rate = number * units[i].factor;
        return 0;
    }
    return bench_fail(err, -EINVAL, "'%s' is not a rate (write 56kbit, 100mbit or 1gbit)", value);
}

static int set_connections(void *target, const char *value, struct bench_error *err)
{
    int64_t n;
    int rc = bench_parse_int(value, 1, 100000, &n, err);
    if (rc == 0)
        ((struct relay_command *)target)->relay.connections_max = (int)n;
    return rc;
}

static int set_buffer(void *target, const char *value, struct bench_error *err)
{
    int64_t n;
    int rc = bench_parse_size(value, &n, err);
    if (rc == 0)
        ((struct relay_command *)target)->relay.buffer_bytes = (size_t)n;
    return rc;
}

static int set_seed(void *target, const char *value, struct bench_error *err)
{
    int64_t n;
    int rc = bench_parse_int(value, 0, INT64_MAX, &n, err);
    if (rc == 0)
        ((struct relay_command *)target)->relay.seed = (uint64_t)n;
    return rc;
}

static int set_fd(const char *value, int64_t *out, struct bench_error *err)
{
    int rc = bench_parse_int(value, 3, 1 << 20, out, err);
    if (rc == 0 && fcntl((int)*out, F_SETFD, FD_CLOEXEC) < 0)
        return bench_fail(err, -EBADF, "descriptor %s is not open", value);
    return rc;
}

static int set_ready_fd(void *target, const char *value, struct bench_error *err)
{
    ((struct relay_command *)target)->quiet = true;
    return set_fd(value, &((struct relay_command *)target)->ready_fd, err);
}

static int set_control_fd(void *target, const char *value, struct bench_error *err)
{
    return set_fd(value, &((struct relay_command *)target)->control_fd, err);
}

static const struct cli_option options[] = {
    {"upstream", "HOST:PORT", "where to pass connections on to", set_upstream},
    {"listen", "HOST:PORT",
     "where to take connections; without a host on 127.0.0.1 only, port 0 = any free one, which is "
     "printed (0)",
     set_listen},
    {"delay", "DURATION", "of each direction, up to 60s: half a round-trip time (0)", set_delay},
    {"jitter", "DURATION", "each piece takes the delay +- so much, none overtakes another (0)",
     set_jitter},
    {"rate", "RATE",
     "bits per second of each direction of each connection: 56kbit, 100mbit, 1gbit (no limit)",
     set_rate},
    {"buffer", "SIZE",
     "held for each direction of a connection; a full one stops reading, so it also limits a "
     "connection to SIZE per delay (4MiB)",
     set_buffer},
    {"connections-max", "N", "at once; more are reset (10000)", set_connections},
    {"seed", "N", "of the jitter (1)", set_seed},
    {"ready-fd", "N", NULL, set_ready_fd},
    {"control-fd", "N", NULL, set_control_fd},
    {NULL, NULL, NULL, NULL},
};

/* ---- running ---- */

/* It stands for a network: it must not wait for the core behind those who use it, nor behind our
 * clients' threads (SCHED_FIFO 1). Where that is not allowed, it does what it can. */
static void raise_limits(void)
{
    const struct sched_param param = {.sched_priority = 2};
    struct rlimit files;
    if (sched_setscheduler(0, SCHED_FIFO, &param) < 0)
        (void)setpriority(PRIO_PROCESS, 0, -20);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* One descriptor that is readable when any of them is: an epoll set can be waited for as well. */
static int any_of(const int *fds, size_t n)
{
    int set = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < n && set >= 0; i++) {
        struct epoll_event event = {.events = EPOLLIN};
        if (fds[i] < 0 || epoll_ctl(set, EPOLL_CTL_ADD, fds[i], &event) == 0)
            continue;
        (void)close(set);
        set = -1;
    }
    return set;
}

static void tell(struct relay_command *c, const char *format, ...) BENCH_PRINTF(2, 3);
static void tell(struct relay_command *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vdprintf((int)c->ready_fd, format, args);
    va_end(args);
    (void)close((int)c->ready_fd);
    c->ready_fd = -1;
}

static void print_begin(const struct bench_relay_options *o, uint16_t port)
{
    (void)printf("relay listens on %s:%u, passes on to %s:%u after %s", o->listen.host, port,
                 o->upstream.host, o->upstream.port, bench_format_duration_exact(o->delay_ns).s);
    if (o->jitter_ns > 0)
        (void)printf(" +- %s", bench_format_duration_exact(o->jitter_ns).s);
    if (o->bits_per_s > 0)
        (void)printf(" at %g Mbit/s", o->bits_per_s / 1e6);
    (void)printf(" each way; stop it with Ctrl-C\n");
    (void)fflush(stdout);
}

static void print_end(const struct bench_relay *relay)
{
    struct bench_relay_counts counts;
    bench_relay_counts(relay, &counts);
    (void)fprintf(stderr,
                  "rpycbench relay: %" PRIu64 " connections (%" PRIu64 " more refused, %" PRIu64
                  " not taken by the upstream), %s up, %s down\n",
                  counts.accepted, counts.refused, counts.upstream_failed,
                  bench_format_size((double)counts.bytes_up).s,
                  bench_format_size((double)counts.bytes_down).s);
}

/* Fills err where it could not begin. */
static int serve(struct relay_command *c, int stop_fd, struct bench_error *err)
{
    struct bench_relay *relay;
    uint16_t port;
    int rc = bench_relay_new(&c->relay, &relay, &port, err);
    if (rc < 0)
        return rc;
    if (c->quiet)
        tell(c, "READY %u\n", port);
    else
        print_begin(&c->relay, port);
    rc = bench_relay_run(relay, stop_fd, err);
    if (!c->quiet)
        print_end(relay);
    bench_relay_free(relay);
    return rc;
}

static int run(struct relay_command *c)
{
    struct bench_error err = {0};
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    int stop_fd = any_of((const int[]){signals, (int)c->control_fd}, 2);
    raise_limits();
    int rc = signals < 0 || stop_fd < 0
                 ? bench_fail(&err, -errno, "no descriptor: %s", bench_errno_text(errno))
                 : bench_address_resolve(&c->relay.listen, &err);
    if (rc == 0)
        rc = bench_address_resolve(&c->relay.upstream, &err);
    if (rc == 0)
        rc = serve(c, stop_fd, &err);
    if (rc < 0 && c->ready_fd >= 0)
        tell(c, "FAILED %s\n", err.msg);
    else if (rc < 0)
        (void)fprintf(stderr, "rpycbench relay: %s\n", err.msg);
    (void)close(signals);
    (void)close(stop_fd);
    return rc < 0 ? EXIT_NOT_MEASURED : EXIT_FINE;
}

int cmd_relay(int argc, char **argv)
{
    const struct cli_command *command = cli_find("relay");
    struct bench_error err = {0};
    struct relay_command c = {
        .relay = {.listen = {.host = "127.0.0.1"},
                  .seed = 1,
                  .connections_max = 10000,
                  .buffer_bytes = (size_t)4 << 20},
        .ready_fd = -1,
        .control_fd = -1,
    };
    int rc = cli_parse(command, options, NULL, &c, argc, argv, &err);
    if (rc == 0 && !c.has_upstream)
        rc = bench_fail(&err, -EINVAL, "to where? give --upstream HOST:PORT");
    if (rc == 0)
        rc = bench_relay_check(&c.relay, &err);
    if (rc < 0)
        return cli_usage_error(command, &err);
    return rc == 0 ? run(&c) : EXIT_FINE;
}
