/* SPDX-License-Identifier: MIT */
#include "tap/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/units.h"
#include "tap/relay_internal.h"

enum {
    EVENTS = 256,
    ACCEPTS = 64, /* before others get their turn */
    DELAY_MAX_S = 60,
    CONNECTIONS_MAX = 100000,
    LATENESS_WINDOW = 32,
    LEAD_MAX_NS = 200000,
    SLEEP_MIN_NS = 2000,
};

#define BUFFER_MIN (2 * (size_t)TAP_SEGMENT_BYTES)
#define BUFFER_MAX ((size_t)1 << 30)
#define RATE_MIN   1e3
#define RATE_MAX   1e13

/* ---- making one ---- */

int bench_relay_check(const struct bench_relay_options *o, struct bench_error *err)
{
    if (o->delay_ns < 0 || o->delay_ns > DELAY_MAX_S * BENCH_NS_PER_S)
        return bench_fail(err, -EINVAL, "delay %s is not within 0..%ds",
                          bench_format_duration_exact(o->delay_ns).s, DELAY_MAX_S);
    if (o->jitter_ns < 0 || o->jitter_ns > o->delay_ns)
        return bench_fail(err, -EINVAL, "jitter %s is more than the delay, %s",
                          bench_format_duration_exact(o->jitter_ns).s,
                          bench_format_duration_exact(o->delay_ns).s);
    if (!isfinite(o->bits_per_s) ||
        (o->bits_per_s != 0 && (o->bits_per_s < RATE_MIN || o->bits_per_s > RATE_MAX)))
        return bench_fail(err, -EINVAL, "rate %g bit/s is neither 0 nor within %g..%g",
                          o->bits_per_s, RATE_MIN, RATE_MAX);
    if (o->connections_max < 1 || o->connections_max > CONNECTIONS_MAX)
        return bench_fail(err, -EINVAL, "%d connections: not within 1..%d", o->connections_max,
                          CONNECTIONS_MAX);
    if (o->buffer_bytes < BUFFER_MIN || o->buffer_bytes > BUFFER_MAX)
        return bench_fail(err, -EINVAL, "buffer of %zu bytes: not within %zu..%zu", o->buffer_bytes,
                          BUFFER_MIN, BUFFER_MAX);
    return 0;
}

static int watch(struct bench_relay *relay, struct tap_source *source)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};
    return epoll_ctl(relay->epoll_fd, EPOLL_CTL_ADD, source->fd, &event) < 0 ? -errno : 0;
}

static int listen_on(struct bench_relay *relay, const struct bench_address *address, uint16_t *port,
                     struct bench_error *err)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage room;
    } at;
    socklen_t length = sizeof(at);
    const int one = 1;
    memcpy(&at, address->sockaddr, address->sockaddr_length);
    int fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    relay->listener.fd = fd;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
        bind(fd, &at.any, address->sockaddr_length) < 0 || listen(fd, SOMAXCONN) < 0 ||
        getsockname(fd, &at.any, &length) < 0 || watch(relay, &relay->listener) < 0)
        return bench_fail(err, -errno, "cannot listen on %s port %u: %s", address->host,
                          address->port, bench_errno_text(errno));
    *port = ntohs(at.any.sa_family == AF_INET6 ? at.v6.sin6_port : at.v4.sin_port);
    return 0;
}

int bench_relay_new(const struct bench_relay_options *options, struct bench_relay **out,
                    uint16_t *port, struct bench_error *err)
{
    int rc = bench_relay_check(options, err);
    if (rc < 0)
        return rc;
    if (options->listen.sockaddr_length == 0 || options->upstream.sockaddr_length == 0)
        return bench_fail(err, -EINVAL, "address '%s' is not resolved",
                          options->listen.sockaddr_length == 0 ? options->listen.host
                                                               : options->upstream.host);
    struct bench_relay *relay = calloc(1, sizeof(*relay));
    if (relay == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    relay->options = *options;
    relay->again_end = &relay->again;
    relay->listener = (struct tap_source){.kind = TAP_SOURCE_LISTENER, .fd = -1};
    relay->stop = (struct tap_source){.kind = TAP_SOURCE_STOP, .fd = -1};
    tap_shape_init(&relay->shape, options->delay_ns, options->jitter_ns, options->bits_per_s,
                   options->buffer_bytes, options->seed);
    relay->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    relay->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (tap_seen_new(relay) < 0)
        rc = bench_fail(err, -ENOMEM, "out of memory");
    else if (relay->epoll_fd < 0 || relay->spare_fd < 0)
        rc = bench_fail(err, -errno, "no descriptor: %s", bench_errno_text(errno));
    else
        rc = listen_on(relay, &options->listen, port, err);
    if (rc < 0)
        bench_relay_free(relay);
    else
        *out = relay;
    return rc;
}

void bench_relay_counts(const struct bench_relay *relay, struct bench_relay_counts *out)
{
    *out = relay->counts;
}

void bench_relay_free(struct bench_relay *relay)
{
    if (relay == NULL)
        return;
    while (relay->conns != NULL)
        tap_conn_close(relay->conns);
    tap_seen_tell(relay);
    tap_conn_free_dead(relay);
    tap_pool_fini(&relay->pool);
    free(relay->timers);
    free(relay->seen);
    const int fds[] = {relay->epoll_fd, relay->spare_fd, relay->listener.fd};
    for (size_t i = 0; i < BENCH_COUNT_OF(fds); i++)
        if (fds[i] >= 0)
            (void)close(fds[i]);
    free(relay);
}

/* ---- new connections ---- */

static void refuse(struct bench_relay *relay, int fd)
{
    relay->counts.refused++;
    tap_reset_on_close(fd);
    (void)close(fd);
}

/* Without descriptors a waiting client could not even be refused, and we would be woken for ever.
 */
static void refuse_with_spare(struct bench_relay *relay)
{
    (void)close(relay->spare_fd);
    int fd = accept4(relay->listener.fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        refuse(relay, fd);
    relay->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void accept_some(struct bench_relay *relay, int64_t now_ns)
{
    for (int i = 0; i < ACCEPTS; i++) {
        int fd = accept4(relay->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE))
            refuse_with_spare(relay);
        else if (fd < 0 && errno == EAGAIN)
            return;
        if (fd < 0)
            continue; /* that one has gone */
        if (relay->nconns >= relay->options.connections_max) {
            refuse(relay, fd);
            continue;
        }
        if (tap_conn_new(relay, fd, now_ns) < 0)
            relay->counts.refused++;
        else
            relay->counts.accepted++;
    }
}

/* ---- serving ---- */

/* What is due goes on. Every pump moves its pipe's timer behind now_ns. */
static void run_timers(struct bench_relay *relay, int64_t now_ns)
{
    struct tap_pipe *pipe;
    while ((pipe = tap_timer_first(relay)) != NULL && pipe->timer_ns <= now_ns)
        tap_pipe_pump(pipe, now_ns);
}

/* Those in the list now; whoever comes again meanwhile waits for the next turn. */
static void run_again(struct bench_relay *relay, int64_t now_ns)
{
    size_t n = 0;
    for (const struct tap_pipe *pipe = relay->again; pipe != NULL; pipe = pipe->next_again)
        n++;
    for (; n > 0 && relay->again != NULL; n--) {
        struct tap_pipe *pipe = relay->again;
        relay->again = pipe->next_again;
        if (relay->again == NULL)
            relay->again_end = &relay->again;
        pipe->again = false;
        tap_pipe_pump(pipe, now_ns);
    }
}

/* Timers wake us late, by 20 to 50 us on a virtual machine whose cores fall asleep. They are set
 * earlier by the least of the last so many times; nothing goes on before it is due all the same. */
static void learn_lateness(struct tap_lateness *l, int64_t late_ns)
{
    if (l->n == 0 || late_ns < l->least_ns)
        l->least_ns = late_ns;
    if (++l->n < LATENESS_WINDOW)
        return;
    l->lead_ns = l->least_ns < LEAD_MAX_NS ? l->least_ns : LEAD_MAX_NS;
    l->n = 0;
}

/* How long to sleep for something that is due then; at least a little, so that coming too early
 * does not become busy waiting. */
static int64_t sleep_for(const struct bench_relay *relay, int64_t due_ns, int64_t now_ns)
{
    int64_t left = due_ns - now_ns;
    if (left <= 0)
        return 0;
    left -= relay->lateness.lead_ns;
    return left > SLEEP_MIN_NS ? left : SLEEP_MIN_NS;
}

static int wait_events(struct bench_relay *relay, struct epoll_event *events)
{
    const struct tap_pipe *first = tap_timer_first(relay);
    if (relay->again != NULL || first == NULL) {
        const struct timespec none = {.tv_sec = 0};
        return epoll_pwait2(relay->epoll_fd, events, EVENTS, relay->again != NULL ? &none : NULL,
                            NULL);
    }
    int64_t now = bench_now_ns(), ns = sleep_for(relay, first->timer_ns, now);
    const struct timespec timeout = {.tv_sec = ns / BENCH_NS_PER_S, .tv_nsec = ns % BENCH_NS_PER_S};
    int n = epoll_pwait2(relay->epoll_fd, events, EVENTS, &timeout, NULL);
    if (n == 0 && ns > 0)
        learn_lateness(&relay->lateness, bench_now_ns() - now - ns);
    return n;
}

int bench_relay_run(struct bench_relay *relay, int stop_fd, struct bench_error *err)
{
    struct epoll_event events[EVENTS];
    relay->stop.fd = stop_fd;
    if (watch(relay, &relay->stop) < 0)
        return bench_fail(err, -EIO, "cannot wait for descriptor %d: %s", stop_fd,
                          bench_errno_text(errno));
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* ns; 50000 would be the default */
    bool stopped = false;
    int rc = 0;
    while (!stopped) {
        int n = wait_events(relay, events);
        if (n < 0 && errno != EINTR) {
            rc = bench_fail(err, -EIO, "epoll_pwait2: %s", bench_errno_text(errno));
            break;
        }
        int64_t now = bench_now_ns();
        run_timers(relay, now);
        for (int i = 0; i < n; i++) {
            struct tap_source *source = events[i].data.ptr;
            if (source->kind == TAP_SOURCE_STOP)
                stopped = true;
            else if (source->kind == TAP_SOURCE_LISTENER)
                accept_some(relay, now);
            else
                tap_conn_event((struct tap_socket *)source, events[i].events, now);
        }
        run_again(relay, now);
        tap_seen_tell(relay);
        tap_conn_free_dead(relay);
    }
    (void)epoll_ctl(relay->epoll_fd, EPOLL_CTL_DEL, stop_fd, NULL);
    return rc;
}
