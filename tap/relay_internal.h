/* SPDX-License-Identifier: MIT */
/* What relay.c (listening, waiting) and relay_conn.c (one connection) share. One thread. */
#ifndef BENCH_RELAY_INTERNAL_H
#define BENCH_RELAY_INTERNAL_H

#include "tap/line.h"
#include "tap/relay.h"

/* What an event is about: data.ptr of every registration points to one of these. */
enum tap_source_kind { TAP_SOURCE_STOP, TAP_SOURCE_LISTENER, TAP_SOURCE_SOCKET };

struct tap_source {
    enum tap_source_kind kind;
    int fd;
};

enum { TAP_CLIENT, TAP_SERVER };

struct tap_conn;

/* One of the two sockets. Registered once, edge-triggered; what was told is kept here. */
struct tap_socket {
    struct tap_source source; /* first */
    struct tap_conn *conn;
    int side; /* TAP_CLIENT or TAP_SERVER */
    bool connecting;
    bool readable, writable;
    bool ending; /* the peer's end or an error waits behind what can be read */
    bool broken; /* it is an error */
};

/* The bytes from sockets[i] to sockets[1 - i] are those of pipes[i]. */
struct tap_pipe {
    struct tap_conn *conn;
    int side; /* where the bytes come from */
    struct tap_line line;
    bool source_done; /* nothing more is read */
    bool done;        /* its end was passed on */
    bool again;       /* is in the relay's list of that name */
    struct tap_pipe *next_again;
    int64_t ack_due_ns; /* of what was read; TAP_NEVER */
    int64_t timer_ns;
    size_t heap_index; /* in the relay's timers; 0 = not there */
};

struct tap_conn {
    struct bench_relay *relay;
    struct tap_conn *prev, *next;
    struct tap_socket sockets[2];
    struct tap_pipe pipes[2];
    uint64_t number;     /* for the observer */
    int64_t observed_ns; /* of the last piece */
    bool dead;           /* closed; freed when no event of this turn can name it any more */
};

/* How late timers wake us. */
struct tap_lateness {
    int64_t lead_ns;  /* they are set so much earlier */
    int64_t least_ns; /* since the last time that was learnt */
    int n;
};

enum { TAP_SEEN_MAX = 256 };

/* Pieces that the observer is going to get; their bytes are in segments that the pool holds. */
struct tap_seen {
    size_t n;
    struct bench_piece pieces[TAP_SEEN_MAX];
};

struct bench_relay {
    struct bench_relay_options options;
    struct bench_relay_counts counts;
    struct tap_shape shape;
    struct tap_pool pool;
    struct tap_seen *seen; /* NULL: nobody looks */
    uint64_t connections;  /* that the observer was told of */
    struct tap_source listener, stop;
    struct tap_lateness lateness;
    int epoll_fd;
    int spare_fd; /* given up for a moment when there are no descriptors left */
    struct tap_conn *conns, *dead;
    int nconns;
    struct tap_pipe **timers; /* a heap by timer_ns, from index 1; room for two per connection */
    size_t ntimers, timers_size;
    struct tap_pipe *again, **again_end; /* those with more to read, first come first served */
};

/* ---- relay_timers.c ---- */

/* Room for two more. 0 or -ENOMEM. */
int tap_timers_reserve(struct bench_relay *relay) BENCH_MUST_CHECK;
/* TAP_NEVER takes it out. */
void tap_timer_set(struct bench_relay *relay, struct tap_pipe *pipe, int64_t when_ns);
/* The earliest, or NULL. */
struct tap_pipe *tap_timer_first(const struct bench_relay *relay);

/* ---- relay_observe.c ---- */

/* All do nothing when nobody looks. */
int tap_seen_new(struct bench_relay *relay) BENCH_MUST_CHECK; /* 0 or -ENOMEM */
/* Tells of a new connection, at once. */
void tap_seen_open(struct tap_conn *conn, int64_t now_ns);
/* Bytes that are in a segment of the connection's; told of later. */
void tap_seen_bytes(struct tap_conn *conn, enum bench_direction direction, int64_t time_ns,
                    const void *data, size_t length);
void tap_seen_close(struct tap_conn *conn);
/* Tells all, and lets the segments go. */
void tap_seen_tell(struct bench_relay *relay);

/* ---- relay_conn.c ---- */

/* Takes over a client's socket and begins to connect to the upstream. The socket is closed when
 * this fails: -ENOMEM, or epoll's errors. */
int tap_conn_new(struct bench_relay *relay, int fd, int64_t now_ns) BENCH_MUST_CHECK;
void tap_conn_event(struct tap_socket *socket, uint32_t events, int64_t now_ns);
/* Reads and passes on what can be; sets the timer for the rest. */
void tap_pipe_pump(struct tap_pipe *pipe, int64_t now_ns);
/* Closes both sockets at once. It is freed with the dead. */
void tap_conn_close(struct tap_conn *conn);
void tap_conn_free_dead(struct bench_relay *relay);
/* So that close() resets the connection. */
void tap_reset_on_close(int fd);

#endif
