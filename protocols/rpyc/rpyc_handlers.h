/* SPDX-License-Identifier: MIT */
/*
 * What a request to our server does: the handlers of RPyC on the objects of a bench_service, and
 * the requests that it makes to the client meanwhile. No sockets: bytes go through a link. Used by
 * one session's thread.
 */
#ifndef RPYC_HANDLERS_H
#define RPYC_HANDLERS_H

#include "protocols/rpyc/rpyc_frame.h"
#include "protocols/rpyc/rpyc_refs.h"
#include "protocols/rpyc/rpyc_rules.h"

/* How a peer reaches the other side. */
struct rpyc_link {
    /* Sends what peer->out holds. 0 or negative. */
    int (*send)(void *user, struct bench_error *err);
    /* The next message, valid until the next call; the arena is for reading it. 0; -ENODATA at an
     * orderly end; -ECANCELED; other negative with err filled. */
    int (*receive)(void *user, struct bench_arena *arena, struct rpyc_message *out,
                   struct bench_error *err);
    void *user;
};

struct rpyc_peer;

enum { RPYC_HELD_MAX = 3 }; /* arguments, method, iterator */

/* An object of the client that a request, or an answer to one of ours, brought. We give it back
 * when the request is answered, or when it is released before that. */
struct rpyc_remote {
    struct rpyc_proxy proxy;
    struct rpyc_peer *peer;
    struct rpyc_remote *next;
    int64_t count;  /* how often it came, 0 = given back */
    unsigned level; /* of the request that brought it first */
    bool unknown;   /* its class has still to be asked for */
    /* One that the service keeps beyond its request is another one, on the heap. */
    struct rpyc_remote *kept;
    size_t keeps; /* of that one: how often it is kept */
    bool leaving; /* and whether it is among peer->dropped */
    struct bench_arena memory;
};

/* What a request that waits for one of ours holds. */
struct rpyc_level {
    struct rpyc_remote *received;
    uint64_t thread; /* of the client, which waits for its answer */
    const struct rpyc_level *outer;
};

/* The server's view of one client. */
struct rpyc_peer {
    struct rpyc_link link;
    struct rpyc_rules rules;
    struct rpyc_refs refs;
    struct rpyc_outgoing out; /* the answer, or a request of our own */
    enum rpyc_layout layout;  /* of the present request */
    bool bound;               /* messages have thread ids in front */
    uint64_t thread;          /* of the client, for our own requests: it waits for us; or any */
    struct bench_arena arena; /* of the present request */
    struct bench_call call;
    struct rpyc_remote *received; /* in the arena */
    struct rpyc_remote *dropped;  /* kept once, to be given back behind the present answer */
    struct bench_store store;     /* of the service's objects for this client */
    const struct rpyc_level *outer; /* of the requests around the present one */
    unsigned level;                 /* how many these are */
    const struct bench_value *args; /* of the present request while it runs, or NULL */
    struct bench_value held[RPYC_HELD_MAX]; /* let go when it is answered */
    size_t nheld;
    int64_t next_seq;             /* of our own requests */
    struct bench_arena scratch;   /* of the answer to the latest of them */
    int64_t awaited[RPYC_DEPTH_MAX];
    struct rpyc_early *early;   /* answers that came while a later one was waited for */
    struct rpyc_early *present; /* the one of them that is being read */
    size_t early_bytes;
    unsigned depth; /* entries of awaited */
    int broken;     /* why a request of ours got no answer, 0 = it did: the session ends */
    struct bench_error cause;
};

/* link and rules are copied. memory_bytes: for reading a request and for its results, together with
 * those that are served while it waits. */
void rpyc_peer_init(struct rpyc_peer *peer, const struct rpyc_link *link,
                    const struct rpyc_rules *rules,
                    const struct bench_service *service, struct bench_session *session,
                    size_t memory_bytes);
void rpyc_peer_fini(struct rpyc_peer *peer);

/* Runs a request and puts its answer (a reply or an exception) into peer->out. 0; -ESHUTDOWN: the
 * request was CLOSE, there is no answer; -EBADMSG: the message is not brine; other negative: the
 * service wants the session to end, or there is no memory. */
int rpyc_peer_handle(struct rpyc_peer *peer, struct rpyc_message *message,
                     struct bench_error *err) BENCH_MUST_CHECK;
/* After each answer: puts a DEL for the next received reference into peer->out and returns 1; 0
 * when there is none left, and the request's memory is then free again. Negative as above. */
int rpyc_peer_next_del(struct rpyc_peer *peer, struct bench_error *err) BENCH_MUST_CHECK;
/* Puts the CLOSE request that tells the client why the connection ends into peer->out. 0 or
 * negative. */
int rpyc_peer_close(struct rpyc_peer *peer, enum rpyc_layout layout,
                    struct bench_error *err) BENCH_MUST_CHECK;

/* ---- between the handlers' files ---- */

/* Frees answers that came before their turn. */
void rpyc_remote_forget_early(struct rpyc_peer *peer);
/* Notes a reference that came and makes the object that stands for it. 0 or -ENOMEM. */
int rpyc_remote_receive(struct rpyc_peer *peer, const struct rpyc_ref *ref,
                        struct bench_value *out) BENCH_MUST_CHECK;
/* Keeps the value's objects until the present request is answered. 0 or -ENOMEM. */
int rpyc_peer_hold(struct rpyc_peer *peer, const struct bench_value *value) BENCH_MUST_CHECK;
/* Asks INSPECT for the received objects of unknown classes. After this nothing that the latest
 * message held is there any more. Returns as the functions of struct bench_object_ops. */
int rpyc_remote_inspect(struct rpyc_peer *peer) BENCH_MUST_CHECK;
/* What the boxes of a message refer to; its user is the peer. */
struct rpyc_resolver rpyc_peer_resolver(struct rpyc_peer *peer);
/* Frees one that was kept. */
void rpyc_remote_free(struct rpyc_remote *remote);
/* Puts a DEL for the object into peer->out. 0 or negative. */
int rpyc_remote_write_del(struct rpyc_remote *remote, struct bench_error *err) BENCH_MUST_CHECK;
/* Starts a request in peer->out with its head and the label of its arguments. 0 or negative. */
int rpyc_peer_begin_request(struct rpyc_peer *peer, enum rpyc_handler handler,
                            enum rpyc_label label) BENCH_MUST_CHECK;

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
