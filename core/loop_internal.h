/* SPDX-License-Identifier: MIT */
/*
 * What the files of core know about loops, connections and ops beyond the contract. Everything
 * here belongs to one loop's thread.
 */
#ifndef BENCH_LOOP_INTERNAL_H
#define BENCH_LOOP_INTERNAL_H

#include <stdalign.h>
#include <sys/queue.h>
#include <xxhash.h>

#include "bench/buf.h"
#include "bench/conn.h"
#include "bench/loop.h"
#include "bench/protocol.h"

struct event;
struct event_base;
struct bench_tls;
struct bench_tls_context;

#define BENCH_LOOP_MAGIC 0x6c6f6f70u
#define BENCH_CONN_MAGIC 0x636f6e6eu
#define BENCH_OP_MAGIC 0x6f706f70u

enum {
    LOOP_RX_BYTES = 256 * 1024, /* one receive buffer per loop */
    LOOP_SPARES = 16,           /* buffers that connections gave back */
    LOOP_PROTOCOLS = 16,        /* backends used on one loop */
    LOOP_TICK_MS = 50,          /* how often timeouts are looked at */
};

enum op_state { OP_IDLE, OP_SUBMITTED, OP_COMPLETED };

struct op_full {
    struct bench_op op; /* first: the two are cast into each other */
    uint32_t magic;
    enum op_state state;
    int status;
    TAILQ_ENTRY(op_full) in_conn; /* while SUBMITTED: the connection's ops, oldest first */
    TAILQ_ENTRY(op_full) in_loop; /* SUBMITTED: loop->flying; COMPLETED: loop->done */
    struct bench_buf collected;   /* SINK_VALUE */
    XXH3_state_t *hash;           /* SINK_CHECKSUM; made at the first use */
    alignas(16) unsigned char priv[];
};
TAILQ_HEAD(op_list, op_full);

enum conn_state { CONN_NEW, CONN_OPENING, CONN_READY, CONN_CLOSING, CONN_CLOSED };
enum { EVENT_OPENED = 1, EVENT_CLOSED = 2, EVENT_WRITABLE = 4 };

struct stream {
    int fd;                /* -1 = none */
    bool connecting;
    unsigned flags;
    unsigned generation;   /* raised by each close: tells callbacks that the stream has gone */
    const struct bench_stream_ops *ops;
    struct bench_io *io;
    size_t want;
    uint64_t sent, received; /* bytes that this socket took and gave */
    struct bench_buf rx, tx; /* left over; waiting for the kernel */
    /* Behind tx: bytes of op->tx, not copied while that op is submitted. Behind them: tx_after. */
    struct {
        const uint8_t *data;
        size_t length;
        struct op_full *op;
    } borrowed;
    struct bench_buf tx_after;
    /* With TLS: all of the above is plain, and the records that wait for the kernel are here. */
    struct bench_buf records;
    struct bench_tls *tls; /* NULL = plain */
    bool handshaking;
};

/* Certificates that connections of a loop trust, loaded at the first use. */
struct loop_trust {
    struct loop_trust *next;
    struct bench_tls_context *context;
    bool insecure;
    char ca_file[sizeof(((struct bench_address *)0)->ca_file)];
};

struct bench_conn {
    uint32_t magic;
    enum conn_state state;
    struct bench_loop *loop;
    const struct bench_protocol *protocol;
    const void *options;
    struct bench_address address;
    struct bench_conn_events events;
    void *user;
    struct bench_conn_marks marks;
    struct bench_conn_totals totals; /* of sockets that are closed already */
    struct bench_error error;
    enum bench_failure failure;
    int open_status;
    int64_t open_deadline_ns; /* 0 = none */
    unsigned pending;         /* EVENT_*: to be delivered by the loop */
    bool queued, listed;      /* in loop->eventful; in loop->conns */
    uint32_t inflight;
    bool refused_full; /* a submit was answered with -EAGAIN: tell when there is room */
    struct op_list ops;
    struct op_full *submitting;
    int foreign_fd; /* last socket reported by bench_conn_socket_opened, or -1 */
    struct stream stream;
    bench_conn_watch_fn watch; /* NULL = nobody watches */
    void *watch_user;
    struct {
        bench_piece_fn fn; /* NULL = nobody listens */
        void *user;
        uint64_t connection; /* number of the stream, from 1 */
        bool open;           /* its OPEN was told, its CLOSE was not */
    } tap;
    TAILQ_ENTRY(bench_conn) in_events;
    LIST_ENTRY(bench_conn) in_loop;
    alignas(16) unsigned char priv[];
};

/* A timer; in the heap of its loop while it is set. */
struct bench_timer {
    struct bench_loop *loop;
    bench_timer_fn fn;
    void *user;
    int64_t when_ns; /* steady clock */
    size_t place;    /* in the heap, from 1; 0 = not set */
    bool in_callback, freed;
};

/* All timers of a loop over one timerfd, so that a turn without a timer costs no system call. */
struct loop_timers {
    struct bench_timer **heap; /* heap[1] is the earliest */
    size_t count, room;
    int fd;
    struct event *event;
    int64_t armed_ns; /* when the descriptor becomes readable; 0 = never */
    bool expiring;
};

struct bench_loop {
    uint32_t magic;
    struct event_base *base;
    struct event *deferred, *wakeup;
    int wakeup_fd;
    struct loop_timers timers;
    struct bench_timer tick, deadline;
    bool stopping, timed_out, draining;
    struct op_list done, flying;
    TAILQ_HEAD(, bench_conn) eventful;
    LIST_HEAD(, bench_conn) conns;
    uint8_t *rx;
    /* What idle connections do not need: a connection has buffers only while a message is on its
     * way. The last one given back is the first one lent. */
    struct {
        uint8_t *data;
        size_t capacity;
    } spares[LOOP_SPARES];
    int nspares;
    size_t spare_bytes;
    struct {
        const struct bench_protocol *protocol;
        void *priv;
    } protocols[LOOP_PROTOCOLS];
    int nprotocols;
    struct loop_trust *trusts;
};

/* Delivers completions and connection events; at the end of each callback of the base. */
void loop_drain(struct bench_loop *loop);
/* Makes sure loop_drain runs soon even if no callback does. */
void loop_defer(struct bench_loop *loop);
/* The backend's area of this loop, made at first use. 0, -ENOSPC, -ENOMEM or loop_init's error. */
int loop_protocol(struct bench_loop *loop, const struct bench_protocol *protocol, void **out,
                  struct bench_error *err);
/* timers.c */
int timers_init(struct bench_loop *loop) BENCH_MUST_CHECK;
void timers_fini(struct bench_loop *loop);
/* At an absolute time; never fails when the timer was set before or is one of the loop's own. */
int timer_set_at(struct bench_timer *timer, int64_t when_ns) BENCH_MUST_CHECK;
void timer_off(struct bench_timer *timer);
/* Timeouts of ops and of opening. */
void loop_expire(struct bench_loop *loop, int64_t now_ns);

void conn_queue_event(struct bench_conn *conn, unsigned event);
void conn_deliver(struct bench_conn *conn);
/* Takes op away from its connection with that failure already noted. */
void conn_take_back(struct bench_conn *conn, struct op_full *op);
void op_deliver(struct op_full *op);
/* Removes a submitted or completed op from all lists without calling anybody. */
void op_detach(struct op_full *op);

/* The op ends and its tx with it: what was borrowed of it is copied. */
void stream_return_borrowed(struct bench_conn *conn, const struct op_full *op);
void stream_init(struct bench_conn *conn);
void stream_fini(struct bench_conn *conn);
void loop_forget_trusts(struct bench_loop *loop); /* stream_tls.c */

static inline struct op_full *op_full(struct bench_op *op) { return (struct op_full *)op; }

#endif
