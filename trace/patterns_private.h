/* SPDX-License-Identifier: MIT */
/* What trace/patterns.c collects, for those that read it: trace/price.c, trace/findings*.c. */
#ifndef TRACE_PATTERNS_PRIVATE_H
#define TRACE_PATTERNS_PRIVATE_H

#include "stats/sketch.h"
#include "trace/patterns.h"

enum {
    TRACE_GROUPS_MAX = 4096,
    TRACE_VERB_OBJECTS = BENCH_VERB_COUNT, /* a group of objects handed out, not of requests */
    TRACE_LAST_SLOTS = 1024,               /* threads of control whose last request is remembered */
};

/* Requests of one name, kind and direction. */
struct trace_group {
    uint32_t name, class_name;
    unsigned verb; /* enum bench_verb, TRACE_VERB_OBJECTS */
    enum bench_direction direction;
    uint64_t count, awaited, failed;
    uint64_t callables, objects, values; /* answers: one that can be called, by reference, by
                                            value */
    uint64_t elements;                   /* of NEXT: that were brought */
    uint64_t nested;                     /* made while a request of the peer was being served */
    uint64_t held; /* awaited, sent right behind a message that nobody waits for: unless the sender
                      has TCP_NODELAY, it leaves when that one is acknowledged */
    uint64_t plain_bytes[2], wire_bytes[2]; /* [0] requests, [1] answers */
    double whole_ns;                        /* awaited, with what was served meanwhile */
    uint64_t slow, deep;
    uint64_t stalled; /* with a large message that stood still for 40 ms */
    uint64_t late;    /* that took 40 ms, without one */
    double slow_ns, stalled_ns, late_ns;
    int depth_max;
    uint64_t in_vain, in_vain_bytes; /* messages that compression did not shrink */
    uint64_t created;                /* TRACE_VERB_OBJECTS */
    uint32_t place;                  /* where most came from (a vote) */
    uint64_t place_votes;
    char error[40];             /* of the last one that failed */
    struct bench_sketch time;   /* awaited: request to answer, less what was served meanwhile */
    struct bench_sketch gap;    /* before it, since the same thread was answered; not after a
                                   description */
    struct bench_sketch after;  /* DESCRIBE: from the answer to the thread's next request */
};

struct trace_last {
    uint64_t connection, thread;
    enum bench_direction direction;
    int64_t end_ns, unawaited_ns; /* of the last answer; when the last unawaited one was sent */
    uint32_t group;               /* index + 1; 0 = none */
};

struct trace_patterns {
    const struct trace_options *options;
    const struct bench_names *names;
    struct trace_group *groups;
    size_t ngroups, groups_size, groups_max;
    uint32_t *index; /* of groups by name, verb, direction: index + 1; 0 = free */
    size_t index_size;
    struct trace_last last[TRACE_LAST_SLOTS];
    uint64_t without_room;
    uint64_t frame_bytes; /* what is sent around a message: the least that was seen */
};

/* NULL: there is none. */
const struct trace_group *trace_patterns_group(const struct trace_patterns *patterns, uint32_t name,
                                               unsigned verb, enum bench_direction direction);

#endif
