/* SPDX-License-Identifier: MIT */
/*
 * What a request to our server does: the handlers of RPyC on the objects of a bench_service. On
 * memory only, no sockets; used by one session's thread.
 */
#ifndef RPYC_HANDLERS_H
#define RPYC_HANDLERS_H

#include "protocols/rpyc/rpyc_frame.h"
#include "protocols/rpyc/rpyc_refs.h"

/* A reference that a request brought and that we give back when it is answered. */
struct rpyc_received {
    const struct rpyc_proxy *proxy;
    struct rpyc_received *next;
};

/* The server's view of one client. */
struct rpyc_peer {
    struct rpyc_refs refs;
    struct rpyc_outgoing out; /* the answer */
    struct bench_arena arena; /* of one request */
    struct bench_call call;
    struct rpyc_received *received; /* in the arena */
    int64_t next_seq;               /* of our own requests */
};

/* session may be NULL. memory_bytes: for reading one request and for its results. */
void rpyc_peer_init(struct rpyc_peer *peer, const struct bench_service *service,
                    struct bench_session *session, size_t memory_bytes);
void rpyc_peer_fini(struct rpyc_peer *peer);

/* Runs a request and puts its answer (a reply or an exception) into peer->out. 0; -ESHUTDOWN: the
 * request was CLOSE, there is no answer; -EBADMSG: the message is not brine; other negative: the
 * service wants the session to end, or there is no memory. */
int rpyc_peer_handle(struct rpyc_peer *peer, struct rpyc_message *message,
                     struct bench_error *err) BENCH_MUST_CHECK;
/* After each answer: puts a DEL for the next received reference into peer->out and returns 1; 0
 * when there is none left, and the request's memory is then free again. Negative as above. */
int rpyc_peer_next_del(struct rpyc_peer *peer, enum rpyc_layout layout,
                       struct bench_error *err) BENCH_MUST_CHECK;
/* The CLOSE request that tells the client why the connection ends. 0 or negative. */
int rpyc_peer_close(struct rpyc_peer *peer, enum rpyc_layout layout,
                    struct bench_error *err) BENCH_MUST_CHECK;

/* ---- between the handlers' files ---- */

/* One handler: args are unboxed, their number is checked. 0, -EREMOTEIO (raised in peer->call),
 * -ENODATA (StopIteration), or another negative that ends the session. */
typedef int (*rpyc_handler_fn)(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                               struct bench_value *out);

struct rpyc_handler_row {
    rpyc_handler_fn fn; /* NULL: no such handler */
    size_t min, max;    /* arguments */
};

/* By number, RPYC_HANDLERS rows. */
extern const struct rpyc_handler_row rpyc_handler_rows[RPYC_HANDLERS];

#endif
