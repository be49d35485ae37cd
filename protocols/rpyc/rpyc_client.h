/* SPDX-License-Identifier: MIT */
/*
 * The client's side of one connection. Lives on the connection's loop. Many ops may be in flight;
 * what belongs to one of them is its call (rpyc_calls.h), all else is shared. While a frame is dealt
 * with, or an op begins or is taken back, c->call is the call that it is about.
 */
#ifndef RPYC_CLIENT_H
#define RPYC_CLIENT_H

#include "protocols/rpyc/rpyc.h"
#include "protocols/rpyc/rpyc_calls.h"
#include "protocols/rpyc/rpyc_classic.h"
#include "protocols/rpyc/rpyc_frame.h"
#include "protocols/rpyc/rpyc_msg.h"
#include "protocols/rpyc/rpyc_serve.h"

/* Answers to requests that were taken back, and may be missing beside those of the most ops that
 * were ever in flight. */
#define RPYC_LATE_MAX 64

/* A callable of the root that was fetched for good (call=cached). */
struct rpyc_handle {
    struct bench_buf ref; /* brine of its triple */
    size_t name_length;
    char name[];
};

struct rpyc_client {
    const struct rpyc_options *options;
    struct rpyc_calls calls;
    struct rpyc_call *call; /* the present one; NULL = none */
    enum rpyc_layout layout;
    bool layout_certain; /* set by the user, or the peer has answered in it */
    uint64_t asking_thread; /* of the server, which waits for the callback that asks it something */
    bool full;           /* an op was refused because too many are in flight */
    int64_t next_seq;
    int64_t frame_began_ns;       /* the frame that is arriving; 0 = none */
    struct bench_op_stat between; /* frames that came while no op was in flight */
    struct bench_buf root;        /* brine of its triple */
    struct rpyc_lent lent;
    struct {
        uint64_t plain, wire; /* bytes of the frame that is dealt with */
    } received;
    uint64_t unsent; /* bytes of answers to the server since the kernel took everything */
    struct rpyc_kept *classes;    /* that INSPECT has described; NULL = none yet */
    struct rpyc_classic *classic; /* NULL: not in that mode */
    struct rpyc_handle **handles;
    size_t nhandles;
    struct rpyc_outgoing out;
    struct rpyc_inflater inflater;
    struct bench_arena arena; /* of one message */
};

/* Whether the socket holds a small message back while another one is not acknowledged. */
bool rpyc_client_has_nagle(const struct rpyc_client *c);

int rpyc_client_open(struct bench_conn *conn, struct bench_error *err);
int rpyc_client_submit(struct bench_conn *conn, struct bench_op *op, struct bench_error *err);
void rpyc_client_cancel(struct bench_conn *conn, struct bench_op *op);
void rpyc_client_close(struct bench_conn *conn);
void rpyc_client_fini(struct bench_conn *conn);

/* ---- between the client's files ---- */

/* The stat that frames are counted in now. */
static inline struct bench_op_stat *rpyc_client_stat(struct rpyc_client *c)
{
    return c->call && c->call->op ? &c->call->op->stat : &c->between;
}

/* Counts the frame that is dealt with, now that c->call is known. */
static inline void rpyc_client_count_received(struct rpyc_client *c)
{
    struct bench_op_stat *stat = rpyc_client_stat(c);
    stat->frames_received++;
    stat->plain_received += c->received.plain;
    stat->wire_received += c->received.wire;
}

/* Requests (rpyc_requests.c). The functions that send return 0, or negative after
 * bench_conn_fail; a ref is the brine of a triple. Those with a step make it the
 * present call's. */
int rpyc_client_begin_request(struct rpyc_client *c, enum rpyc_handler handler) BENCH_MUST_CHECK;
/* rc: how writing the request went. */
int rpyc_client_finish_request(struct bench_conn *conn, struct rpyc_client *c, int rc);
int rpyc_client_send_getroot(struct bench_conn *conn, struct rpyc_client *c);
int rpyc_client_send_inspect(struct bench_conn *conn, struct rpyc_client *c, enum rpyc_step step,
                             const struct rpyc_ref *ref);
int rpyc_client_send_getattr(struct bench_conn *conn, struct rpyc_client *c,
                             const struct rpyc_program *program);
int rpyc_client_send_call(struct bench_conn *conn, struct rpyc_client *c,
                          const struct rpyc_program *program, const struct bench_buf *handle);
int rpyc_client_send_ping(struct bench_conn *conn, struct rpyc_client *c,
                          const struct rpyc_program *program);
/* Calls a method of an object of the server, without arguments. */
int rpyc_client_send_callattr(struct bench_conn *conn, struct rpyc_client *c, enum rpyc_step step,
                              const struct bench_buf *ref, const char *name);
/* A request for whose answer nobody waits; the arguments are values and proxies. */
int rpyc_client_send_plain(struct bench_conn *conn, struct rpyc_client *c,
                           enum rpyc_handler handler, const struct bench_value *args, size_t n);
/* Gives a reference that came `count` times back; nobody waits for the answer. */
int rpyc_client_send_del(struct bench_conn *conn, struct rpyc_client *c,
                         const struct bench_buf *ref, int64_t count);
int rpyc_client_send_del_of(struct bench_conn *conn, struct rpyc_client *c,
                            const struct rpyc_ref *ref);

/* Steps (rpyc_steps.c): 0, or negative after bench_conn_fail. */
const struct rpyc_handle *rpyc_client_find_handle(const struct rpyc_client *c, const char *name,
                                                  size_t length);
/* Keeps the present call's bound method under a name. 0, -ENOSPC, -ENOMEM. */
int rpyc_client_keep_handle(struct rpyc_client *c, const char *name, size_t length);
/* The op fails with what the server raised. */
int rpyc_client_raised(struct bench_conn *conn, struct rpyc_client *c,
                       struct rpyc_message *message);
/* Ends the present call, which is then none. */
int rpyc_client_finish_op(struct bench_conn *conn, struct rpyc_client *c, int status);
/* All that connecting fetches is there. */
void rpyc_client_is_open(struct bench_conn *conn, struct rpyc_client *c);
int rpyc_client_on_answer(struct bench_conn *conn, struct rpyc_client *c,
                          struct rpyc_message *message);
/* To a call that was taken back, which ends with that. */
int rpyc_client_on_late_answer(struct bench_conn *conn, struct rpyc_client *c,
                               struct rpyc_call *call, struct rpyc_message *message);

int rpyc_client_bad_message(struct bench_conn *conn, const struct rpyc_reader *body, int code);
/* The answer has to be bytes, borrowed from the message. 0; 1 = it was not, and the op has ended;
 * negative after bench_conn_fail. */
int rpyc_client_read_bytes(struct bench_conn *conn, struct rpyc_client *c,
                           struct rpyc_message *message, struct bench_value *out) BENCH_MUST_CHECK;

/* Streams from the server (rpyc_stream.c): 0, or negative after bench_conn_fail. */
int rpyc_client_stream_step(struct bench_conn *conn, struct rpyc_client *c,
                            struct rpyc_message *message);
/* Gives the objects of the present stream back. */
int rpyc_client_drop_stream(struct bench_conn *conn, struct rpyc_client *c);

/* Sends what c->out holds. 0, or negative after bench_conn_fail. */
int rpyc_client_send(struct bench_conn *conn, struct rpyc_client *c) BENCH_MUST_CHECK;
/* Answers a request of the server (rpyc_serve.c). 0, or negative after bench_conn_fail. */
int rpyc_client_serve(struct bench_conn *conn, struct rpyc_client *c,
                      struct rpyc_message *message) BENCH_MUST_CHECK;

#endif
