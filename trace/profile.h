/* SPDX-License-Identifier: MIT */
/*
 * What the analyser found: the one model that every report is written from (text, JSON, HTML,
 * Chrome trace, Prometheus, the live screen, bench_telemetry). A snapshot; nothing in it changes.
 *
 * Words. A message is one frame. A request is awaited when its sender does nothing else on that
 * thread of control until the answer is there: that is a round trip. Unawaited by nature are
 * releases and the close; overlapped is a request during which the same thread of control sent
 * another one (asynchronous calls; threads that share a connection look the same where the tap
 * cannot tell threads apart: bench_piece.thread, bound threads; or where a thread sends what
 * another one asks for, which a note tells of). Of a hundred asynchronous calls in a row, 99 are
 * overlapped and the last is what is waited for.
 *
 * Times are those at the tap. [2] is by enum bench_direction of the request.
 */
#ifndef TRACE_PROFILE_H
#define TRACE_PROFILE_H

#include "bench/decoder.h"
#include "trace/findings.h"

struct bench_sketch;

struct trace_references {
    uint64_t created, released;
    uint64_t alive;  /* now, on open connections */
    uint64_t leaked; /* never released: alive when their connection ended */
};

struct trace_totals {
    uint64_t messages[2]; /* by the direction of the message itself */
    uint64_t requests[2], round_trips[2], unawaited[2], overlapped[2], errors[2];
    uint64_t unanswered[2]; /* the connection ended first; without those that nobody awaits */
    uint64_t plain_bytes[2], wire_bytes[2]; /* by the direction of the message itself */
    int64_t waiting_ns[2]; /* [d]: the sender of requests in direction d waited for answers, without
                              the time in which it served meanwhile; overlapped ones not counted */
    int64_t serving_ns[2]; /* [d]: requests in direction d were being served, less nested waits */
    struct trace_references references[2]; /* [d]: objects handed out in that direction */
    int depth_max;       /* requests in each other, 1 = flat; per thread of control */
    int depth_now;       /* of the profile: those that are not answered yet; 0 = there are none */
    uint64_t slow, deep; /* calls beyond the thresholds; slow: awaited ones */
    uint64_t lost;       /* LOST events: everything above may be too low */
};

/* Of one name: lookups and calls of a method together. */
struct trace_name {
    uint32_t name, class_name;
    enum bench_direction direction;
    uint64_t verbs[BENCH_VERB_COUNT]; /* requests */
    uint64_t lookups;                 /* of the GETs: gave something callable */
    uint64_t count; /* what the programmer did: calls if there are any, else reads, items, ... */
    uint64_t round_trips, unawaited, overlapped, errors;
    uint64_t plain_bytes[2], wire_bytes[2]; /* [0] requests, [1] answers */
    uint64_t objects;                       /* handed out by its answers */
    int64_t total_ns, self_ns; /* awaited; self: without the requests that were served meanwhile */
    int64_t slowest_ns, slowest_at_ns;
    uint32_t place; /* where most of them came from; 0 = not known */
    const struct bench_sketch
        *hist;         /* stats/sketch.h: response times of awaited requests; of the profile */
    const char *error; /* of the last one that failed; NULL */
};

struct trace_connection {
    uint64_t connection;
    uint32_t process;
    const char *text;         /* its ends; of the row for all that no longer have one: "(others)" */
    int64_t begin_ns, end_ns; /* end 0 = open */
    bool from_server, joined, encrypted, foreign; /* foreign: speaks something else */
    struct trace_totals totals;
};

/* One call that is over. */
struct trace_call {
    uint64_t connection, id, parent; /* parent 0 = none */
    uint64_t thread;
    uint32_t process, name, class_name, place, section; /* section: index + 1 of profile.sections */
    enum bench_verb verb;
    enum bench_outcome outcome;
    enum bench_direction direction;
    bool unawaited, overlapped, failed;
    int depth;                /* 1 = not nested */
    int64_t start_ns, end_ns; /* first byte of the request, last byte of the answer */
    int64_t nested_ns;        /* of it: serving requests of the peer */
    int64_t before_ns;        /* since the same thread of control was last answered; -1 = it never
                                 was, or has sent another request since */
    int64_t request_pause_ns, answer_pause_ns;
    uint64_t reference; /* object concerned */
    uint32_t result, items;
    uint64_t plain_bytes[2], wire_bytes[2]; /* [0] request, [1] answer */
    const char *error;                      /* type of exception; NULL */
};

/* Of the call tree: calls of the same name with the same parents, together. */
struct trace_node {
    uint32_t parent;        /* index + 1, 0 = top; parents come before their children */
    uint32_t name, section; /* a node is a section (name NONE) or a name */
    enum bench_direction direction;
    int depth;
    uint64_t count, round_trips, requests, errors, objects;
    int64_t total_ns, self_ns, slowest_ns;
};

struct trace_section {
    const char *name;         /* as marked */
    uint32_t parent;          /* index + 1, 0 = top; the innermost one that was open */
    uint32_t process, thread; /* 0 = several */
    uint64_t count;           /* how often it ran */
    bool open;                /* its end was not seen */
    int64_t begin_ns, total_ns, slowest_ns;
    struct trace_totals totals; /* on its threads, within it (sections inside included) */
};

/* Objects of one name. */
struct trace_reference_row {
    uint32_t name, class_name;
    enum bench_direction direction; /* handed out in */
    struct trace_references counts;
    uint64_t calls, reads, items; /* that used them */
    uint64_t kept_most; /* most that one connection has, or had at its end, if 100 or more */
    uint64_t kept_late; /* of those: handed out in the last quarter of its time */
    int64_t oldest_ns;            /* time since which one has been alive; 0 = none is */
};

struct trace_process {
    uint32_t pid;
    const char *command;
    int64_t begin_ns, end_ns;
};

struct trace_profile {
    const struct bench_names *names; /* of the analyser: the profile must not outlive it */
    int64_t begin_ns, end_ns;        /* of the pieces */
    int64_t slow_call_ns;
    int deep_stack;
    double sample;
    uint64_t dropped; /* pieces */
    struct trace_totals totals;
    struct trace_name *by_name; /* by total_ns, largest first */
    size_t nby_name;
    struct trace_connection *connections; /* by beginning */
    size_t nconnections;
    struct trace_node *nodes;
    size_t nnodes;
    struct trace_call *slowest; /* awaited calls, slowest first, at most options.top */
    size_t nslowest;
    struct trace_call *deepest; /* deep stacks, deepest first, one for each chain of names */
    size_t ndeepest;
    struct trace_call *calls; /* by beginning: what was kept for the timeline */
    size_t ncalls;
    uint64_t calls_stride; /* every so many calls were kept; 1 = all */
    struct trace_section *sections;
    size_t nsections;
    struct trace_reference_row *references; /* by uses, most first */
    size_t nreferences;
    struct trace_process *processes;
    size_t nprocesses;
    const char *const *places; /* [place], 0 = "" */
    size_t nplaces;
    struct trace_finding *findings; /* dearest first */
    size_t nfindings;
    const char *const *notes; /* what a reader must know: losses, limits that were reached */
    size_t nnotes;
    struct trace_memory *memory; /* all of the above belongs to it */
};

/* round_trips of both directions and so on. */
uint64_t trace_both(const uint64_t of[2]);
const char *trace_place(const struct trace_profile *profile, uint32_t place);

#endif
