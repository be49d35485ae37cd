/* SPDX-License-Identifier: MIT */
/*
 * What a reply means, whichever client it arrived through: payload to the sink, JSON to a value,
 * bad statuses to failures. Both HTTP backends use it, so that their answers and failures are the
 * same. No sockets; belongs to one connection.
 */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include "bench/buf.h"
#include "bench/conn.h"
#include "protocols/http/http_codec.h"

/* Both clients send the same heads. */
#define HTTP_USER_AGENT       "rpycbench/" RPYCBENCH_VERSION
#define HTTP_CONTENT_TYPE     "Content-Type: application/octet-stream"
#define HTTP_CONTENT_JSON     "Content-Type: application/json"
#define HTTP_CHUNKED          "Transfer-Encoding: chunked"
#define HTTP_CONNECTION_CLOSE "Connection: close"

struct http_program {
    struct bench_program base;
    struct http_call call;
};

/* What a request carries: the op's payload, or the body that the program's text gives. */
static inline const void *http_tx_data(const struct http_program *program,
                                       const struct bench_op *op)
{
    return program->base.tx ? op->tx.data : program->call.body;
}

static inline size_t http_tx_length(const struct http_program *program, const struct bench_op *op)
{
    return program->base.tx ? op->tx.length : program->call.body_length;
}

struct http_reply {
    const struct http_program *program;
    uint64_t limit;        /* bytes of payload that are accepted */
    uint64_t received;     /* bytes of payload */
    long status;           /* 0 = not known yet */
    struct bench_buf body; /* payload that is not for the sink: JSON, or what an error says */
};

/* Compiles a spec into program, which the caller frees. The errors of http_codec_spell. */
int http_program_init(struct http_program *program, const struct bench_protocol *protocol,
                      const struct bench_spec *spec, struct bench_error *err) BENCH_MUST_CHECK;

/* Before the first reply, and behind the last one. max_reply: bytes. */
void http_reply_init(struct http_reply *reply, uint64_t max_reply);
void http_reply_fini(struct http_reply *reply);
/* For the reply to a run of program. */
void http_reply_begin(struct http_reply *reply, const struct http_program *program);

/* Status and kind of request say that the payload is what was asked for. */
bool http_reply_is_good(const struct http_reply *reply);
/* Notes that the reply is larger than the limit: -EMSGSIZE. */
int http_reply_too_large(const struct http_reply *reply, struct bench_op *op);
/* The next bytes of payload; status is known. 0, or negative with the op's failure noted. The
 * op's on_data may have taken the op back. */
int http_reply_take(struct http_reply *reply, struct bench_op *op, const void *data,
                    size_t length) BENCH_MUST_CHECK;
/* The reply is complete. body: its whole payload where it was not for the sink, usually reply's
 * own buffer. prefix: what stands in front of the program's target. 0 with op->result set, or
 * negative with the op's failure noted. */
int http_reply_judge(const struct http_reply *reply, struct bench_op *op, const void *body,
                     size_t length, const char *prefix, size_t prefix_length) BENCH_MUST_CHECK;

/* For a watcher of the connection, when the exchange is over or broke: what op's stat and marks
 * say. prefix as above. */
void http_reply_tell(const struct http_reply *reply, struct bench_conn *conn,
                     const struct bench_op *op, const char *prefix, size_t prefix_length);

#endif
