/* SPDX-License-Identifier: MIT */
/*
 * The analyser: pieces of conversations in, a profile out (trace/profile.h). Knows no protocol: a
 * decoder turns bytes into events. Follows who waits for whom, adds up per name, keeps a bounded
 * record of single calls, and looks for what is worth changing. Memory is bounded by the options
 * whatever passes. One thread at a time.
 */
#ifndef TRACE_ANALYSER_H
#define TRACE_ANALYSER_H

#include "bench/decoder.h"
#include "bench/error.h"

struct trace_call;
struct trace_patterns;
struct trace_profile;

/* A call that was slow, as soon as it is over (or after so long: `over` is false). */
typedef void (*trace_slow_fn)(const struct trace_call *call, bool over, void *user);

struct trace_options {
    int64_t slow_call_ns;     /* from this on a call is slow; 0 = all are, negative = none */
    int deep_stack;           /* from this on nesting is deep; 1.. */
    bool track_netrefs;       /* follow objects: names by their way, references, leaks */
    bool track_stacks;        /* call tree and sections; without it only names */
    double sample;            /* share of connections that is decoded, 0 < sample <= 1; the others
                                 are counted by bytes only */
    uint64_t seed;            /* of the sample */
    uint32_t names_max;       /* 16.. */
    uint32_t connections_max; /* open at a time; those above are counted by bytes only */
    uint32_t references_max;  /* per connection */
    uint32_t pending_max;     /* unanswered requests per connection and direction */
    uint32_t calls_max;       /* single calls that are kept for the timeline and the trace: from
                                 the beginning, then thinned out evenly; 0 = none */
    uint32_t top;             /* slowest calls, deepest stacks, references that are kept */
    uint32_t nodes_max;       /* of the call tree */
    size_t message_bytes_max;
    bool window;        /* trace_window is going to be asked */
    trace_slow_fn slow; /* or NULL */
    void *slow_user;
};

void trace_options_init(struct trace_options *options); /* defaults: trace/analyser.c */
/* 0, or -EINVAL with the option that is out of range. */
int trace_options_check(const struct trace_options *options,
                        struct bench_error *err) BENCH_MUST_CHECK;

struct trace_analyser;

/* decoders: of the protocols that may be met, ended by NULL, borrowed as long as the analyser
 * lives; the first that recognises the bytes of a connection gets it. 0, -ENOMEM, -EINVAL. */
int trace_analyser_new(struct trace_analyser **out, const struct trace_options *options,
                       const struct bench_decoder_ops *const *decoders,
                       struct bench_error *err) BENCH_MUST_CHECK;
void trace_analyser_free(struct trace_analyser *analyser);
/* user is the analyser: a bench_piece_fn. Out of memory is remembered and told by profile's notes.
 */
void trace_analyser_piece(const struct bench_piece *piece, void *user);
/* Pieces that were not taken because somebody could not keep up. */
void trace_analyser_dropped(struct trace_analyser *analyser, uint64_t pieces);
/* Looks for calls that have been slow for a while; now in the clock of the pieces. */
void trace_analyser_tick(struct trace_analyser *analyser, int64_t now_ns);
/* No more pieces come: connections that are open are closed at the last time that was seen. */
void trace_analyser_finish(struct trace_analyser *analyser);
/* Forgets what was added up; what is open stays. */
void trace_analyser_reset(struct trace_analyser *analyser);

/* For lines about slow calls; valid as long as the analyser. */
const struct bench_names *trace_analyser_names(const struct trace_analyser *analyser);
/* Text of a place; "" when it is not known. */
const char *trace_analyser_place(const struct trace_analyser *analyser, uint32_t place);

/* What is known so far; free with trace_profile_free. 0 or -ENOMEM. */
int trace_profile_take(struct trace_analyser *analyser,
                       struct trace_profile **out) BENCH_MUST_CHECK;
/* What happened since the last time it was asked (totals and names only). */
int trace_window_take(struct trace_analyser *analyser, struct trace_profile **out) BENCH_MUST_CHECK;
void trace_profile_free(struct trace_profile *profile);
/* What predictions are made from (trace_what_if); the analyser's. */
const struct trace_patterns *trace_analyser_patterns(const struct trace_analyser *analyser);

#endif
