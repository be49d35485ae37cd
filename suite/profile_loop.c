/* SPDX-License-Identifier: MIT */
/*
 * One event loop for whatever runs while it is profiled: signals, the tap, windows for the log, the
 * live screen, the endpoint for Prometheus. The analyser is used from this thread only.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "bench/units.h"
#include "suite/profile.h"

enum { DRAIN_US = 5000 };

struct loop {
    struct profile_run *run;
    const struct profile_tap *tap;
    int signals;
    struct event *events[5];
    size_t nevents;
};

/* Of the terminal, which --live has taken over, or none. */
static const int terminal_signals[] = {SIGTSTP, SIGWINCH};
static const int ordinary_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1};

int profile_loop_init(struct profile_run *run, int *signals, struct bench_error *err)
{
    sigset_t set;
    (void)sigemptyset(&set);
    for (size_t i = 0; i < BENCH_COUNT_OF(ordinary_signals); i++)
        (void)sigaddset(&set, ordinary_signals[i]);
    for (size_t i = 0; run->options->live && i < BENCH_COUNT_OF(terminal_signals); i++)
        (void)sigaddset(&set, terminal_signals[i]);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    *signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (*signals < 0)
        return bench_fail(err, -errno, "no descriptor for signals: %s", bench_errno_text(errno));
    struct event_config *config = event_config_new();
    if (config != NULL) {
        (void)event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER | EVENT_BASE_FLAG_NOLOCK);
        run->base = event_base_new_with_config(config);
        event_config_free(config);
    }
    if (run->base != NULL)
        return 0;
    (void)close(*signals);
    *signals = -1;
    return bench_fail(err, -ENOMEM, "no event loop: out of memory");
}

void profile_loop_fini(struct profile_run *run, int signals)
{
    if (run->base != NULL)
        event_base_free(run->base);
    run->base = NULL;
    if (signals >= 0)
        (void)close(signals);
}

/* ---- what happens in it ---- */

static void on_drain(evutil_socket_t fd, short what, void *user)
{
    struct loop *loop = user;
    (void)fd;
    (void)what;
    loop->tap->drain(loop->tap->user);
    trace_analyser_tick(loop->run->analyser, bench_now_ns());
    if (loop->tap->ended(loop->tap->user))
        (void)event_base_loopbreak(loop->run->base);
}

static void on_window(evutil_socket_t fd, short what, void *user)
{
    struct loop *loop = user;
    (void)fd;
    (void)what;
    loop->tap->drain(loop->tap->user);
    profile_run_window(loop->run, profile_wall_s());
}

static void on_live(evutil_socket_t fd, short what, void *user)
{
    struct profile_run *run = ((struct loop *)user)->run;
    struct trace_profile *whole = NULL;
    (void)fd;
    (void)what;
    if (run->options->log == NULL) { /* else the window is the log's, and is shown as well */
        trace_profile_free(run->window);
        run->window = NULL;
        if (trace_window_take(run->analyser, &run->window) < 0)
            return;
    }
    if (trace_profile_take(run->analyser, &whole) == 0)
        profile_live_draw(run->live, run->window != NULL ? run->window : whole, whole);
    trace_profile_free(whole);
}

/* As if it had never been blocked; behind SIGCONT the next draw takes the terminal again. */
static void stop_with_the_terminal(struct profile_run *run)
{
    profile_live_leave(run->live);
    (void)kill(getpid(), SIGSTOP);
}

static void on_signal(evutil_socket_t fd, short what, void *user)
{
    struct loop *loop = user;
    struct signalfd_siginfo info;
    (void)what;
    while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        const int number = (int)info.ssi_signo;
        if (number == SIGUSR1) {
            loop->tap->drain(loop->tap->user);
            profile_run_report_now(loop->run);
        } else if (number == SIGTSTP) {
            stop_with_the_terminal(loop->run);
        } else if (number == SIGWINCH) {
            on_live(-1, 0, loop);
        } else if (loop->tap->signal(loop->tap->user, number, info.ssi_code == SI_KERNEL)) {
            (void)event_base_loopbreak(loop->run->base);
        }
    }
}

static int add(struct loop *loop, int fd, int64_t every_us, event_callback_fn fn)
{
    const struct timeval every = {.tv_sec = every_us / 1000000, .tv_usec = every_us % 1000000};
    const short what = (short)(fd < 0 ? EV_PERSIST : EV_READ | EV_PERSIST);
    struct event *event = event_new(loop->run->base, fd, what, fn, loop);
    if (event == NULL || event_add(event, fd < 0 ? &every : NULL) < 0) {
        if (event != NULL)
            event_free(event);
        return -ENOMEM;
    }
    loop->events[loop->nevents++] = event;
    return 0;
}

int profile_loop_run(struct profile_run *run, int signals, const struct profile_tap *tap,
                     struct bench_error *err)
{
    struct loop loop = {.run = run, .tap = tap, .signals = signals};
    int rc = add(&loop, signals, 0, on_signal);
    if (rc == 0)
        rc = add(&loop, -1, DRAIN_US, on_drain);
    if (rc == 0 && tap->fd >= 0)
        rc = add(&loop, tap->fd, 0, on_drain);
    if (rc == 0 && run->options->log != NULL)
        rc = add(&loop, -1, run->options->interval_ns / BENCH_NS_PER_US, on_window);
    if (rc == 0 && run->live != NULL)
        rc = add(&loop, -1, BENCH_NS_PER_S / BENCH_NS_PER_US, on_live);
    if (rc == 0 && run->live != NULL)
        on_live(-1, 0, &loop);
    if (rc < 0)
        rc = bench_fail(err, rc, "no event: out of memory");
    else if (event_base_dispatch(run->base) < 0)
        rc = bench_fail(err, -EIO, "the event loop failed");
    for (size_t i = 0; i < loop.nevents; i++)
        event_free(loop.events[i]);
    tap->drain(tap->user);
    return rc;
}
