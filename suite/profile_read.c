/* SPDX-License-Identifier: MIT */
/* `profile --read FILE.pcap`: what happened before, in its own time. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "bench/units.h"
#include "suite/cli.h"
#include "suite/profile.h"
#include "tap/capture.h"

static volatile int stop;
static volatile sig_atomic_t report_wanted;

static void on_stop(int number)
{
    (void)number;
    stop = 1;
}

static void on_report(int number)
{
    (void)number;
    report_wanted = 1;
}

static void catch_signals(void)
{
    /* Without SA_RESTART: a read of a pipe that says nothing is to end. */
    const struct sigaction ending = {.sa_handler = on_stop};
    const struct sigaction reporting = {.sa_handler = on_report, .sa_flags = SA_RESTART};
    (void)sigaction(SIGINT, &ending, NULL);
    (void)sigaction(SIGTERM, &ending, NULL);
    (void)sigaction(SIGUSR1, &reporting, NULL);
}

/* Windows and slow calls go by the clock of the capture. */
static void on_piece(const struct bench_piece *piece, void *user)
{
    struct profile_run *run = user;
    const int64_t every = run->options->interval_ns;
    if (report_wanted) {
        report_wanted = 0;
        profile_run_report_now(run);
    }
    if (piece->time_ns > run->last_ns)
        run->last_ns = piece->time_ns;
    if (run->log_fd >= 0 && run->window_ns == 0)
        run->window_ns = run->last_ns + every;
    if (run->log_fd >= 0 && run->last_ns >= run->window_ns) {
        profile_run_window(run, (double)run->window_ns / 1e9);
        run->window_ns += every;
        if (run->window_ns <= run->last_ns) /* nothing happened for a while: one window, not many */
            run->window_ns = run->last_ns + every;
    }
    if (run->options->log_slow)
        trace_analyser_tick(run->analyser, run->last_ns);
    profile_run_piece(piece, run);
}

static void say_counts(struct profile_run *run, const struct tap_capture_counts *counts)
{
    if (counts->gaps > 0)
        profile_run_say(run,
                        "%" PRIu64 " B are missing in the capture, in %" PRIu64
                        " places: the figures may be too low",
                        counts->lost_bytes, counts->gaps);
    if (counts->cut > 0)
        profile_run_say(run,
                        "%" PRIu64 " packets were cut when they were captured: use tcpdump -s 0",
                        counts->cut);
}

int profile_read(struct profile_run *run)
{
    const struct profile_options *o = run->options;
    struct tap_capture_options options;
    struct tap_capture_counts counts = {0};
    struct bench_error err = {0};
    tap_capture_options_init(&options);
    options.port = (uint16_t)o->port;
    if (o->trace.connections_max > options.connections_max)
        options.connections_max = o->trace.connections_max;
    catch_signals();
    int rc = tap_capture_read(o->read, &options, on_piece, run, &stop, &counts, &err);
    if (rc < 0 && rc != -EINTR)
        profile_run_say(run, "%s", err.msg);
    if (rc < 0 && rc != -EINTR && counts.packets == 0)
        return EXIT_USAGE; /* it is not there, or no capture at all */
    say_counts(run, &counts);
    if (rc == -EINTR)
        run->status = EXIT_INTERRUPTED;
    else if (rc < 0)
        run->status = EXIT_NOT_MEASURED;
    profile_run_finish(run, counts.packets == 0       ? "the capture is empty"
                            : counts.tcp_packets == 0 ? "the capture holds no TCP, or not of that "
                                                        "port"
                                                      : NULL);
    return run->status;
}
