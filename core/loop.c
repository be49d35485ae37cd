/* SPDX-License-Identifier: MIT */
#include "core/loop_internal.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bench/units.h"

/* Completions delivered before the network is looked at again: inproc completes inside submit and
 * would otherwise never let go. */
enum { DRAIN_MAX = 1024 };

struct bench_io {
    struct bench_loop *loop;
    struct event *event;
    bench_io_fn fn;
    void *user;
    int fd;
    unsigned interest;
    bool in_callback, freed;
};

void loop_drain(struct bench_loop *loop)
{
    if (loop->draining)
        return;
    loop->draining = true;
    for (int n = 0; n < DRAIN_MAX && !loop->stopping; n++) {
        struct op_full *op = TAILQ_FIRST(&loop->done);
        if (op != NULL) {
            op_deliver(op);
            continue;
        }
        struct bench_conn *conn = TAILQ_FIRST(&loop->eventful);
        if (conn == NULL)
            break;
        conn_deliver(conn);
    }
    loop->draining = false;
    if (!TAILQ_EMPTY(&loop->done) || !TAILQ_EMPTY(&loop->eventful))
        loop_defer(loop);
}

void loop_defer(struct bench_loop *loop) { event_active(loop->deferred, EV_TIMEOUT, 0); }

static void on_deferred(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    loop_drain(user);
}

static void on_tick(void *user)
{
    struct bench_loop *loop = user;
    const int64_t now_ns = bench_now_ns();
    const int rc = timer_set_at(&loop->tick, now_ns + LOOP_TICK_MS * BENCH_NS_PER_MS);
    assert(rc == 0); /* the heap had room for it a moment ago */
    (void)rc;
    loop_expire(loop, now_ns);
}

static void on_deadline(void *user)
{
    struct bench_loop *loop = user;
    loop->timed_out = true;
    (void)event_base_loopbreak(loop->base);
}

static void on_wakeup(evutil_socket_t fd, short what, void *user)
{
    (void)what;
    uint64_t count;
    if (read(fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
        bench_loop_stop(user);
}

static int make_events(struct bench_loop *loop)
{
    loop->wakeup_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wakeup_fd < 0)
        return -errno;
    loop->deferred = event_new(loop->base, -1, 0, on_deferred, loop);
    loop->wakeup = event_new(loop->base, loop->wakeup_fd, EV_READ | EV_PERSIST, on_wakeup, loop);
    if (loop->deferred == NULL || loop->wakeup == NULL)
        return -ENOMEM;
    if (event_add(loop->wakeup, NULL) < 0)
        return -EIO;
    int rc = timers_init(loop);
    if (rc < 0)
        return rc;
    loop->tick = (struct bench_timer){.loop = loop, .fn = on_tick, .user = loop};
    loop->deadline = (struct bench_timer){.loop = loop, .fn = on_deadline, .user = loop};
    return timer_set_at(&loop->tick, bench_now_ns() + LOOP_TICK_MS * BENCH_NS_PER_MS);
}

int bench_loop_new(struct bench_loop **out, struct bench_error *err)
{
    struct bench_loop *loop = calloc(1, sizeof(*loop));
    struct event_config *config = event_config_new();
    int rc = -ENOMEM;
    if (loop == NULL || config == NULL)
        goto fail;
    loop->magic = BENCH_LOOP_MAGIC;
    loop->wakeup_fd = loop->timers.fd = -1;
    TAILQ_INIT(&loop->done);
    TAILQ_INIT(&loop->flying);
    TAILQ_INIT(&loop->eventful);
    LIST_INIT(&loop->conns);
    /* The base has no timers: it need not know the time. */
    (void)event_config_set_flag(config,
                                EVENT_BASE_FLAG_NO_CACHE_TIME | EVENT_BASE_FLAG_NOLOCK |
                                    EVENT_BASE_FLAG_IGNORE_ENV);
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* ns; of this thread */
    loop->base = event_base_new_with_config(config);
    loop->rx = malloc(LOOP_RX_BYTES);
    if (loop->base == NULL || loop->rx == NULL)
        goto fail;
    rc = make_events(loop);
    if (rc < 0)
        goto fail;
    event_config_free(config);
    *out = loop;
    return 0;
fail:
    if (config != NULL)
        event_config_free(config);
    bench_loop_free(loop);
    return bench_fail(err, rc, "no event loop: %s", bench_errno_text(rc));
}

static void free_event(struct event *event)
{
    if (event != NULL)
        event_free(event);
}

void bench_loop_free(struct bench_loop *loop)
{
    if (loop == NULL)
        return;
    for (int i = 0; i < loop->nprotocols; i++) {
        if (loop->protocols[i].protocol->loop_fini != NULL)
            loop->protocols[i].protocol->loop_fini(loop, loop->protocols[i].priv);
        free(loop->protocols[i].priv);
    }
    loop_forget_trusts(loop);
    free_event(loop->deferred);
    free_event(loop->wakeup);
    timers_fini(loop);
    if (loop->wakeup_fd >= 0)
        (void)close(loop->wakeup_fd);
    if (loop->base != NULL)
        event_base_free(loop->base);
    while (loop->nspares > 0)
        free(loop->spares[--loop->nspares].data);
    free(loop->rx);
    free(loop);
}

int bench_loop_run(struct bench_loop *loop, int64_t deadline_ns)
{
    loop->stopping = false;
    loop->timed_out = false;
    int rc = deadline_ns == 0 ? 0 : timer_set_at(&loop->deadline, deadline_ns);
    if (rc < 0)
        return rc;
    loop_drain(loop);
    if (!loop->stopping)
        rc = event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
    timer_off(&loop->deadline);
    if (rc < 0)
        return -EIO;
    return loop->timed_out && !loop->stopping ? -ETIMEDOUT : 0;
}

void bench_loop_stop(struct bench_loop *loop)
{
    loop->stopping = true;
    (void)event_base_loopbreak(loop->base);
}

void bench_loop_stop_from_any_thread(struct bench_loop *loop)
{
    const uint64_t one = 1;
    ssize_t n = write(loop->wakeup_fd, &one, sizeof(one));
    (void)n; /* only fails when the counter is full, and then it wakes anyway */
}

int loop_protocol(struct bench_loop *loop, const struct bench_protocol *protocol, void **out,
                  struct bench_error *err)
{
    for (int i = 0; i < loop->nprotocols; i++) {
        if (loop->protocols[i].protocol == protocol) {
            *out = loop->protocols[i].priv;
            return 0;
        }
    }
    if (loop->nprotocols == LOOP_PROTOCOLS)
        return bench_fail(err, -ENOSPC, "more than %d protocols on one loop", LOOP_PROTOCOLS);
    void *priv = calloc(1, protocol->loop_size > 0 ? protocol->loop_size : 1);
    if (priv == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    int rc = protocol->loop_init == NULL ? 0 : protocol->loop_init(loop, priv, err);
    if (rc < 0) {
        free(priv);
        return rc;
    }
    loop->protocols[loop->nprotocols].protocol = protocol;
    loop->protocols[loop->nprotocols++].priv = priv;
    *out = priv;
    return 0;
}

void *bench_loop_priv(struct bench_loop *loop, const struct bench_protocol *protocol)
{
    for (int i = 0; i < loop->nprotocols; i++)
        if (loop->protocols[i].protocol == protocol)
            return loop->protocols[i].priv;
    return NULL;
}

/* ---- descriptors ---- */

static void on_io(evutil_socket_t fd, short what, void *user)
{
    struct bench_io *io = user;
    struct bench_loop *loop = io->loop;
    unsigned ready = 0;
    if (what & EV_READ)
        ready |= BENCH_IO_READ;
    if (what & EV_WRITE)
        ready |= BENCH_IO_WRITE;
    io->in_callback = true;
    io->fn((int)fd, ready, io->user);
    io->in_callback = false;
    if (io->freed)
        free(io);
    loop_drain(loop);
}

int bench_io_new(struct bench_loop *loop, int fd, bench_io_fn fn, void *user, struct bench_io **out)
{
    struct bench_io *io = calloc(1, sizeof(*io));
    if (io == NULL)
        return -ENOMEM;
    io->event = event_new(loop->base, fd, EV_READ | EV_PERSIST, on_io, io);
    if (io->event == NULL) {
        free(io);
        return -ENOMEM;
    }
    io->loop = loop;
    io->fn = fn;
    io->user = user;
    io->fd = fd;
    *out = io;
    return 0;
}

int bench_io_interest(struct bench_io *io, unsigned interest)
{
    if (io->interest == interest)
        return 0;
    if (io->interest != 0)
        (void)event_del(io->event);
    io->interest = interest;
    if (interest == 0)
        return 0;
    short what = EV_PERSIST;
    if (interest & BENCH_IO_READ)
        what |= EV_READ;
    if (interest & BENCH_IO_WRITE)
        what |= EV_WRITE;
    if (event_assign(io->event, io->loop->base, io->fd, what, on_io, io) < 0 ||
        event_add(io->event, NULL) < 0) {
        io->interest = 0;
        return -EIO;
    }
    return 0;
}

void bench_io_free(struct bench_io *io)
{
    if (io == NULL || io->freed)
        return;
    event_free(io->event);
    io->event = NULL;
    io->freed = true;
    if (!io->in_callback)
        free(io);
}
