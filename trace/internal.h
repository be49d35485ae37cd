/* SPDX-License-Identifier: MIT */
/*
 * The parts of the analyser; for the files of this room only. Each part is a table with bounds of
 * its own; all belong to one struct trace_analyser. Parts that run full or out of memory count what
 * they left out, and the profile's notes tell.
 */
#ifndef TRACE_INTERNAL_H
#define TRACE_INTERNAL_H

#include "stats/sketch.h"
#include "trace/analyser.h"
#include "trace/control.h"
#include "trace/memory.h"
#include "trace/profile.h"

enum {
    TRACE_TEXT_BYTES = 200, /* of a section's name, an exception's, a connection's ends, a place */
    TRACE_COMMAND_BYTES = 500,
    TRACE_PROCESSES_MAX = 1024,
    TRACE_PLACES_MAX = 65536,
    TRACE_ERRORS_MAX = 256,
    TRACE_SECTIONS_MAX = 1024,
    TRACE_MARKED_MAX = 1024, /* threads that are within sections at a time */
    TRACE_MARKS_MAX = 64,    /* sections in each other */
    TRACE_ROWS_MAX = 1024,   /* connections that ended and keep a row of their own */
    TRACE_CLOSED_MAX = 64,   /* connections whose number is remembered after their end */
};

/* What was left out, and why. */
struct trace_limits {
    uint64_t dropped;                        /* pieces, as we were told */
    uint64_t connections, connections_bytes; /* too many at a time */
    uint64_t sampled, sampled_bytes;         /* not in the sample */
    uint64_t encrypted, encrypted_bytes, foreign, foreign_bytes;
    uint64_t joined, gaps;
    uint64_t pending;          /* unanswered requests that were forgotten */
    uint64_t rows, nodes;      /* requests that have no row, no node of their own */
    uint64_t sections, places; /* marks and places that were not taken */
    uint64_t references, processes, memory;
    uint64_t shared; /* overlapped requests of threads that share a connection */
    uint64_t merged; /* connections that no longer have a row of their own */
};

/* Index + 1 by (name, direction). */
struct trace_index {
    uint32_t *of;
    size_t length;
};

/* ---- aggregate.c: names and totals ---- */

struct trace_row {
    struct trace_name name; /* without count and hist */
    struct bench_sketch hist;
    uint64_t place_votes;           /* for name.place, see vote() */
    int64_t window_slowest_ns, window_slowest_at_ns;
    struct trace_name before;       /* as of the last window */
    struct bench_sketch before_hist;
};

struct trace_rows {
    struct trace_index index;
    struct trace_row **rows;
    size_t length, room, limit;
};

struct trace_row *trace_rows_get(struct trace_analyser *analyser, uint32_t name,
                                 enum bench_direction direction);
void trace_rows_clear(struct trace_rows *rows);
void trace_row_requested(struct trace_row *row, const struct bench_event *event);
void trace_row_answered(struct trace_row *row, const struct trace_call *call);
/* What the programmer did: calls if there are any, else reads, items and so on. */
uint64_t trace_count_of(const uint64_t verbs[BENCH_VERB_COUNT]);
bool trace_verb_is_programmers(enum bench_verb verb);

void trace_totals_add(struct trace_totals *to, const struct trace_totals *from);
/* Counters only: what is alive and the greatest depth stay. */
void trace_totals_subtract(struct trace_totals *from, const struct trace_totals *what);
void trace_totals_clear(struct trace_totals *totals); /* what is alive stays */
void trace_totals_message(struct trace_totals *totals, const struct bench_event *event);
void trace_totals_requested(struct trace_totals *totals, const struct bench_event *event, int depth,
                            int deep_stack);
void trace_totals_answered(struct trace_totals *totals, const struct trace_call *call, bool slow);

/* The number + 1 that index has for a name; 0. */
uint32_t trace_index_get(const struct trace_index *index, uint32_t name,
                         enum bench_direction direction);
/* 0 or -ENOMEM. */
int trace_index_set(struct trace_index *index, uint32_t name, enum bench_direction direction,
                    uint32_t number) BENCH_MUST_CHECK;

/* ---- calls.c: single calls that are kept ---- */

struct trace_deep {
    uint64_t chain;
    struct trace_call call;
};

struct trace_calls {
    struct trace_call *kept; /* every stride-th */
    size_t nkept, room, limit;
    uint64_t seen, stride;
    struct trace_call *slowest; /* a heap, the fastest of them first */
    size_t nslowest, top;
    struct trace_deep *deepest;
    size_t ndeepest;
};

int trace_calls_init(struct trace_calls *calls, const struct trace_options *options);
void trace_calls_fini(struct trace_calls *calls);
void trace_calls_clear(struct trace_calls *calls);
void trace_calls_keep(struct trace_analyser *analyser, const struct trace_call *call);
/* A stack that is deep and got no deeper. */
void trace_calls_deep(struct trace_calls *calls, uint64_t chain, const struct trace_call *call);

/* ---- tree.c: the call tree ---- */

struct trace_twig {
    struct trace_node node; /* without count */
    uint64_t calls, acts;   /* CALLs; all that the programmer did */
    uint32_t next;
};

struct trace_tree {
    struct trace_twig *twigs;
    uint32_t length, room, limit;
    uint32_t *buckets;
    uint32_t nbuckets;
};

void trace_tree_fini(struct trace_tree *tree);
/* Number (index + 1) of the node; 0 = there is no memory. With the limit reached: "(others)" at the
 * top. section != 0 and name 0: of a section. */
uint32_t trace_tree_node(struct trace_analyser *analyser, uint32_t parent, uint32_t name,
                         enum bench_direction direction, uint32_t section);
void trace_tree_requested(struct trace_tree *tree, uint32_t node, enum bench_verb verb);
void trace_tree_answered(struct trace_tree *tree, uint32_t node, const struct trace_call *call);

/* ---- sections.c: markers ---- */

struct trace_section_row {
    struct trace_section section; /* without name */
    char name[TRACE_TEXT_BYTES];
    uint64_t running; /* how many of it are open */
};

struct trace_mark {
    uint32_t section; /* index + 1 */
    int64_t begin_ns;
};

struct trace_marked { /* a thread that is within a section */
    uint32_t process, thread;
    uint32_t depth, beyond; /* beyond: marks that were not taken, to be ended first */
    struct trace_mark marks[TRACE_MARKS_MAX];
};

struct trace_sections {
    struct trace_section_row *rows;
    uint32_t length, room;
    struct trace_marked *marked;
    uint32_t nmarked, marked_room;
};

void trace_sections_fini(struct trace_sections *sections);
void trace_sections_begin(struct trace_analyser *analyser, const struct bench_piece *piece);
void trace_sections_end(struct trace_analyser *analyser, const struct bench_piece *piece);
void trace_sections_exit(struct trace_analyser *analyser, uint32_t process);
/* The innermost one of a thread (index + 1), 0 = none. */
uint32_t trace_sections_of(struct trace_sections *sections, uint32_t process, uint32_t thread);
/* Totals of a section and then of those around it. */
struct trace_totals *trace_sections_next(struct trace_sections *sections, uint32_t *section);
/* Node of a section (0 = none): the chain of its parents. */
uint32_t trace_sections_node(struct trace_analyser *analyser, uint32_t section);
/* Drops what is not open. map: length + 1 elements, [old index + 1] becomes the new one, 0 = gone. */
void trace_sections_clear(struct trace_sections *sections, uint32_t *map);

/* ---- references.c: objects that were handed out ---- */

struct trace_reference { /* one that is alive */
    uint64_t id;
    uint32_t row; /* index + 1 */
    uint32_t section;
    enum bench_direction direction;
    int64_t since_ns;
};

struct trace_alive { /* of one connection: open addressing by id */
    struct trace_reference *slots;
    size_t length, room; /* room: a power of two */
};

struct trace_references_of {
    struct trace_index index;
    struct trace_reference_row *rows;
    size_t length, room, limit;
};

struct trace_conn;
void trace_alive_fini(struct trace_alive *alive);
void trace_references_fini(struct trace_references_of *references);
void trace_references_clear(struct trace_references_of *references);
void trace_references_created(struct trace_conn *conn, const struct bench_event *event);
void trace_references_released(struct trace_conn *conn, const struct bench_event *event);
void trace_references_used(struct trace_conn *conn, const struct bench_event *event);
/* What a connection has at a time, or at its end: kept_most and kept_late of rows (those of
 * analyser->references, or a copy). */
void trace_references_kept(const struct trace_conn *conn, int64_t now_ns,
                           struct trace_reference_row *rows);
/* The connection ended: what is alive has leaked. */
void trace_references_leaked(struct trace_conn *conn);

/* ---- connections.c ---- */

enum trace_state {
    TRACE_LISTENING, /* not known yet what it speaks */
    TRACE_DECODED,
    TRACE_FOREIGN,
    TRACE_ENCRYPTED,
    TRACE_NOT_SAMPLED,
};

struct trace_prelude; /* the first pieces */

struct trace_conn {
    struct trace_analyser *analyser;
    uint64_t id;
    enum trace_state state;
    struct trace_conn *next_in_bucket, *before, *after; /* before, after: by opening */
    struct trace_connection row;
    char text[TRACE_TEXT_BYTES];
    const struct bench_decoder_ops *ops;
    void *decoder;
    struct trace_prelude *prelude;
    unsigned tries; /* pieces in which nothing was recognised */
    struct trace_control control;
    struct trace_alive alive;
    /* Of the message that came last: whose objects the references after it are. */
    struct trace_row *last_row;
    uint32_t last_node, last_section;
    uint64_t sender;   /* thread that sent the first request, as the tap says */
    bool shared;       /* others did, too */
    uint64_t heard[2]; /* bytes while it is not known yet what it speaks */
};

struct trace_connections {
    struct trace_conn **buckets;
    size_t nbuckets, open;
    struct trace_conn *first, *last, *latest;
    struct trace_connection *closed; /* rows of those that ended; text on the heap */
    size_t nclosed, closed_room;
    struct trace_connection merged; /* of those that ended and found no room there */
    struct trace_totals ended;      /* of all that ended and were decoded */
    uint64_t recent[TRACE_CLOSED_MAX];
    size_t nrecent;
};

void trace_connections_fini(struct trace_analyser *analyser);
/* OPEN, DATA, GAP, CLOSE. */
void trace_connections_piece(struct trace_analyser *analyser, const struct bench_piece *piece);
/* Ends those of a process, or all (0). */
void trace_connections_end(struct trace_analyser *analyser, uint32_t process, int64_t time_ns);
void trace_connections_clear(struct trace_analyser *analyser);
/* Of all that were decoded. */
void trace_connections_totals(const struct trace_connections *connections,
                              struct trace_totals *out);

/* ---- events.c: what the decoder tells ---- */

void trace_event(const struct bench_event *event, void *conn);
/* A request as a call, as far as it is known. */
void trace_call_of(const struct trace_conn *conn, const struct trace_pending *pending,
                   int64_t end_ns, struct trace_call *out);

/* ---- analyser.c ---- */

struct trace_texts { /* texts by number or in their order */
    char **of;
    size_t length, room;
};

struct trace_analyser {
    struct trace_options options;
    const struct bench_decoder_ops *const *decoders;
    const struct bench_decoder_ops *used; /* the first one that recognised something */
    struct bench_names *names;
    struct trace_patterns *patterns;
    const struct bench_piece *piece; /* that is being fed to a decoder */
    int64_t begin_ns, end_ns;        /* begin INT64_MAX: no piece yet */
    struct trace_connections connections;
    struct trace_rows rows;
    struct trace_calls calls;
    struct trace_tree tree;
    struct trace_sections sections;
    struct trace_references_of references;
    struct trace_texts places, errors;
    struct trace_process *processes; /* commands on the heap */
    size_t nprocesses, processes_room;
    struct trace_limits limits;
    struct trace_totals window_before; /* as of the last window */
    int window_depth;
    int64_t window_begin_ns;
};

/* Copies text for people: control characters and what is no UTF-8 become '?'; cut at a character's
 * end. Returns the length. */
size_t trace_text_copy(char *out, size_t size, const void *text, size_t length);
/* The one copy of an exception's name; NULL stays NULL. */
const char *trace_error_text(struct trace_analyser *analyser, const char *text);

static inline uint64_t trace_mix(uint64_t a, uint64_t b)
{
    a = (a ^ b) * UINT64_C(0x9e3779b97f4a7c15);
    return a ^ a >> 32;
}

#endif
