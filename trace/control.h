/* SPDX-License-Identifier: MIT */
/*
 * Who waits for whom on one connection: the requests that are not answered yet, on the stacks of
 * their threads of control. Without thread information there is one such thread, number 0. One
 * user at a time.
 *
 * A request that comes while the innermost awaited request of its thread went the other way is
 * nested in that one. While that one went the same way, the thread did not wait for it after all:
 * it is overlapped, leaves the stack, and the new one takes its place.
 */
#ifndef TRACE_CONTROL_H
#define TRACE_CONTROL_H

#include "bench/decoder.h"

enum { TRACE_CONTROL_THREADS_MAX = 64 };

/* A request that is not answered yet. Numbers of others are indexes of slots + 1, 0 = none; slots
 * are used again: a number is good as long as the id there is the same. */
struct trace_pending {
    uint64_t id; /* 0 = the slot is free */
    uint64_t parent_id, child_id, thread, reference;
    uint64_t chain; /* hash of the names from the outermost request to this one */
    int64_t start_ns, before_ns, pause_ns;
    int64_t nested_ns, nested_since_ns; /* serving requests of the peer */
    int64_t child_answer_ns;            /* when the last nested one was answered; -1 */
    uint64_t plain_bytes, wire_bytes;
    uint32_t parent, child; /* child: the latest one */
    uint32_t inner, outer;  /* of the stack */
    uint32_t older, newer;  /* of the same direction */
    uint32_t next;          /* of the bucket, or of the free slots */
    uint32_t children;      /* open ones, without those that nobody awaits */
    uint32_t process, name, class_name, place, section, node;
    uint32_t base; /* index of its thread */
    int depth;
    enum bench_verb verb;
    enum bench_direction direction;
    bool unawaited, overlapped;
    bool stacked;  /* is on its thread's stack */
    bool adrift;   /* bytes were lost since: it nests in nothing, nothing in it */
    bool reported; /* as slow, while it was open */
    bool by_tap;   /* thread is the tap's word, not the protocol's */
};

struct trace_thread {
    uint64_t key;
    int64_t answered_ns[2]; /* when its last outermost request was answered; -1 */
    uint64_t used;          /* when it was used last, for the choice of one that goes */
    uint32_t top;           /* innermost awaited request */
};

struct trace_control {
    struct trace_pending *slots;
    uint32_t *buckets; /* as many as there are slots: a power of two */
    uint32_t nslots, free;
    uint32_t oldest[2], newest[2], open[2];
    uint32_t active[2]; /* requests that are being served and do not wait for a nested one */
    struct trace_thread *threads;
    uint32_t nthreads, threads_room, latest; /* latest: index of the one that was used last */
    uint64_t clock;
    int64_t last_ns; /* of trace_control_advance */
};

/* How the sender of a request is known. */
struct trace_sender {
    bool by_tap;  /* the thread is the tap's word */
    bool certain; /* and it is the one that sent it, not the one that received it */
};

void trace_control_fini(struct trace_control *control);
/* Time has come to now: adds the time since the last call to serving_ns[d] if a request of
 * direction d was being served in it. Returns that time. */
int64_t trace_control_advance(struct trace_control *control, int64_t now_ns, int64_t serving_ns[2]);
/* Remembers a request and finds its place. 0 or -ENOMEM. The caller sees to open[] staying
 * bounded (trace_control_drop). *out is good until the next call of this function. */
int trace_control_request(struct trace_control *control, const struct bench_event *event,
                          struct trace_sender sender, struct trace_pending **out) BENCH_MUST_CHECK;
struct trace_pending *trace_control_find(const struct trace_control *control, uint64_t id);
/* The request that it is nested in, if that one is still open. */
struct trace_pending *trace_control_parent(const struct trace_control *control,
                                           const struct trace_pending *pending);
/* Its answer has come: it leaves stack and parent; nested_ns is complete. Then drop it. */
void trace_control_answered(struct trace_control *control, struct trace_pending *pending,
                            int64_t end_ns);
/* Forgets it. */
void trace_control_drop(struct trace_control *control, struct trace_pending *pending);
/* Requests in each other that are not answered yet: of the thread where they are deepest. */
int trace_control_depth(const struct trace_control *control);
/* Bytes were lost: what is open may have been answered long since. */
void trace_control_lost(struct trace_control *control);

#endif
