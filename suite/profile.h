/* SPDX-License-Identifier: MIT */
/*
 * `rpycbench profile`: a tap (a program under the preloaded library, a relay, a capture), the
 * analyser, and what is written from it. Main thread; the relay alone has one of its own.
 */
#ifndef BENCH_PROFILE_H
#define BENCH_PROFILE_H

#include <event2/event.h>
#include <stdio.h>
#include <sys/types.h>

#include "suite/profile_file.h"
#include "tap/relay.h"
#include "trace/analyser.h"
#include "trace/report.h"

enum profile_way { PROFILE_PROGRAM, PROFILE_LISTEN, PROFILE_READ, PROFILE_WAYS };

enum { PROFILE_WHAT_IF_MAX = 32 };

struct profile_options {
    char **program; /* NULL-ended argv, or NULL */
    const char *read;
    bool has_listen, has_upstream;
    bool has_parts; /* of the report; else a few are shown, and that there are more */
    /* Options that belong to one way: the last one that was given, or NULL. */
    const char *only[PROFILE_WAYS];
    struct bench_relay_options relay;
    int64_t port; /* --read; 0 = all */
    struct trace_options trace;
    struct trace_report_options report;
    const char *output, *json, *html, *chrome, *log;
    bool log_slow, live, no_places;
    bool has_metrics;
    struct bench_address metrics;
    int64_t interval_ns; /* 0 = not given */
    size_t ring_bytes;
    const char *what_if[PROFILE_WHAT_IF_MAX];
    size_t nwhat_if;
    const char *plugins[8];
    size_t nplugins;
};

/* ---- profile_options.c ---- */

/* 0; 1 when --help was printed; -EINVAL. */
int profile_options_parse(struct profile_options *options, int argc, char **argv,
                          struct bench_error *err) BENCH_MUST_CHECK;
enum profile_way profile_way(const struct profile_options *options);

/* ---- profile_run.c: what all three ways share ---- */

struct profile_live;
struct profile_metrics;

struct profile_run {
    const struct profile_options *options;
    enum profile_way way;
    char title[200];
    const struct bench_decoder_ops **decoders; /* NULL-ended */
    struct trace_analyser *analyser;
    const struct bench_names *names; /* of the analyser */
    struct profile_file output, json, html, chrome;
    int log_fd;              /* -1 = none */
    bool log_failed;         /* was said */
    struct event_base *base; /* NULL: --read */
    struct profile_live *live;
    struct profile_metrics *metrics;
    struct trace_profile *window; /* the last one that was taken; for the live screen */
    int64_t last_ns;              /* of the last piece */
    int64_t window_ns;            /* --read: when the window at hand ends, in the capture's time */
    uint64_t dropped;             /* told to the analyser so far */
    int status;                   /* of the command so far */
};

/* Opens files and makes the analyser. 0; negative, and run->status says with what to exit. */
int profile_run_init(struct profile_run *run, const struct profile_options *options,
                     struct bench_error *err) BENCH_MUST_CHECK;
void profile_run_fini(struct profile_run *run);
/* A bench_piece_fn; user is the run. */
void profile_run_piece(const struct bench_piece *piece, void *user);
/* The tap's total of dropped pieces. */
void profile_run_dropped(struct profile_run *run, uint64_t total);
/* A window for the log; wall_s: seconds since 1970 at its end. */
void profile_run_window(struct profile_run *run, double wall_s);
/* A report on stderr, and on it goes (SIGUSR1). */
void profile_run_report_now(struct profile_run *run);
/* Nothing more comes: everything is written. why: of having seen nothing, as far as the tap knows
 * (NULL = it does not). Changes run->status only from 0. */
void profile_run_finish(struct profile_run *run, const char *why);
/* What --what-if asks for, in place of the report; the caller frees *text. What is not known is
 * told on stderr. profile_what_if.c. */
int profile_what_if(struct profile_run *run, const struct trace_profile *profile, char **text,
                    size_t *length, struct bench_error *err) BENCH_MUST_CHECK;
/* "rpycbench profile: MESSAGE", off the live screen. */
void profile_run_say(struct profile_run *run, const char *format, ...) BENCH_PRINTF(2, 3);

/* ---- the three ways: the exit status ---- */

int profile_program(struct profile_run *run);
int profile_listen(struct profile_run *run);
int profile_read(struct profile_run *run);

/* ---- profile_loop.c ---- */

/* What the loop does for a tap. */
struct profile_tap {
    void *user;
    /* Hands on what has come. Every PROFILE_DRAIN_NS, and when fd is readable. */
    void (*drain)(void *user);
    /* A signal other than SIGUSR1. Returns whether the loop is to end. */
    bool (*signal)(void *user, int number, bool from_kernel);
    /* Asked after each drain. */
    bool (*ended)(void *user);
    int fd; /* -1 = none */
};

/* SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 (and, with --live, those of a terminal) are blocked
 * and arrive at the loop. *signals: the descriptor, closed by profile_loop_fini. */
int profile_loop_init(struct profile_run *run, int *signals,
                      struct bench_error *err) BENCH_MUST_CHECK;
/* Until the tap says that it is over. */
int profile_loop_run(struct profile_run *run, int signals, const struct profile_tap *tap,
                     struct bench_error *err) BENCH_MUST_CHECK;
void profile_loop_fini(struct profile_run *run, int signals);

/* ---- profile_metrics.c ---- */

/* Listens and serves `GET /metrics` from run->base. 0; negative with err (the port is taken). */
int profile_metrics_new(struct profile_run *run, const struct bench_address *address,
                        struct profile_metrics **out, struct bench_error *err) BENCH_MUST_CHECK;
void profile_metrics_free(struct profile_metrics *metrics); /* accepts NULL */

/* ---- profile_live.c ---- */

/* Takes over the terminal at stderr. 0 or -ENOMEM. */
int profile_live_new(struct profile_live **out) BENCH_MUST_CHECK;
void profile_live_draw(struct profile_live *live, const struct trace_profile *window,
                       const struct trace_profile *whole);
/* Gives the terminal back until the next draw; accepts NULL. */
void profile_live_leave(struct profile_live *live);
void profile_live_free(struct profile_live *live); /* accepts NULL */

/* Seconds since 1970. */
double profile_wall_s(void);
/* Columns of the terminal at that descriptor, otherwise 120. */
size_t profile_width(int fd);

#endif
