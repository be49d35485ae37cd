/* SPDX-License-Identifier: MIT */
#include "protocols/http/http_reply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ERROR_BODY_MAX ((size_t)64 << 10) /* of an answer that means failure */
#define BODY_KEPT      ((size_t)4 << 10)  /* more is given back before the next request */

int http_program_init(struct http_program *program, const struct bench_protocol *protocol,
                      const struct bench_spec *spec, struct bench_error *err)
{
    int rc = http_codec_spell(spec, &program->call, err);
    if (rc < 0)
        return rc;
    program->base = (struct bench_program){
        .protocol = protocol,
        .bulk = program->call.bulk,
        .tx = program->call.sends_body && program->call.body_length == 0,
    };
    return 0;
}

void http_reply_init(struct http_reply *reply, uint64_t max_reply)
{
    *reply = (struct http_reply){.limit = max_reply};
    bench_buf_init(&reply->body, max_reply < SIZE_MAX ? (size_t)max_reply : SIZE_MAX);
}

void http_reply_fini(struct http_reply *reply) { bench_buf_fini(&reply->body); }

void http_reply_begin(struct http_reply *reply, const struct http_program *program)
{
    reply->program = program;
    reply->received = 0;
    reply->status = 0;
    if (reply->body.capacity > BODY_KEPT)
        bench_buf_fini(&reply->body);
    bench_buf_clear(&reply->body);
}

bool http_reply_is_good(const struct http_reply *reply)
{
    if (reply->program->call.probe) /* it asks whether a server answers, not what */
        return reply->status >= 200 && reply->status < 500;
    return reply->status >= 200 && reply->status < 300;
}

int http_reply_too_large(const struct http_reply *reply, struct bench_op *op)
{
    return bench_op_fail(op, BENCH_FAILURE_PROTOCOL, -EMSGSIZE, "reply of more than %llu bytes",
                         (unsigned long long)reply->limit);
}

int http_reply_take(struct http_reply *reply, struct bench_op *op, const void *data, size_t length)
{
    reply->received += length;
    if (reply->received > reply->limit)
        return http_reply_too_large(reply, op);
    if (http_reply_is_good(reply))
        return reply->program->call.bulk ? bench_op_data(op, data, length)
                                         : bench_buf_add(&reply->body, data, length);
    size_t room = ERROR_BODY_MAX - bench_buf_length(&reply->body);
    return bench_buf_add(&reply->body, data, length < room ? length : room);
}

int http_reply_judge(const struct http_reply *reply, struct bench_op *op, const void *body,
                     size_t length, const char *prefix, size_t prefix_length)
{
    const struct http_call *call = &reply->program->call;
    struct bench_error err;
    char text[sizeof(err.msg)];

    if (!http_reply_is_good(reply)) {
        if (length > 0 && http_codec_decode_error(body, length, text, sizeof(text)))
            return bench_op_fail(op, BENCH_FAILURE_REMOTE, -EREMOTEIO, "%s", text);
        return bench_op_fail(op, BENCH_FAILURE_STATUS, -EPROTO, "status %ld for %s %.*s%s",
                             reply->status, http_verb_name(call->verb), (int)prefix_length, prefix,
                             call->target);
    }
    if (call->text && http_codec_decode_text(body, length, &op->arena, &op->result) < 0)
        return bench_op_fail(op, BENCH_FAILURE_OTHER, -ENOMEM,
                             "no memory for a reply of %zu bytes", length);
    if (call->bulk || call->operation == NULL)
        return 0;
    int rc = http_codec_decode(call->operation, body, length, &op->arena, &op->result, &err);
    if (rc == 0 && call->reads_records) {
        rc = bench_records_read(&op->arena, &op->result, &op->result);
        if (rc < 0)
            rc = bench_fail(&err, rc == -EINVAL ? -EPROTO : rc, "the records of %s cannot be read",
                            call->operation->name);
    }
    if (rc < 0)
        (void)bench_op_fail(op, rc == -EPROTO ? BENCH_FAILURE_PROTOCOL : BENCH_FAILURE_OTHER, rc,
                            "%s", err.msg);
    return rc;
}

void http_reply_tell(const struct http_reply *reply, struct bench_conn *conn,
                     const struct bench_op *op, const char *prefix, size_t prefix_length)
{
    const struct http_call *call = &reply->program->call;
    const struct bench_op_stat *stat = &op->stat;
    struct bench_conn_message message = {
        .sent = true,
        .kind = http_verb_name(call->verb),
        .id = -1,
        .plain = stat->plain_sent,
        .wire = stat->wire_sent,
        .at_ns = op->marks.sent,
    };
    int n = snprintf(message.what, sizeof(message.what), "%.*s%s", (int)prefix_length, prefix,
                     call->target);
    if (n >= (int)sizeof(message.what))
        memcpy(message.what + sizeof(message.what) - 4, "...", 4);
    if (stat->frames_sent > 0)
        bench_conn_message(conn, &message);
    if (stat->frames_received == 0)
        return;
    message = (struct bench_conn_message){
        .kind = "RESPONSE",
        .id = -1,
        .plain = stat->plain_received,
        .wire = stat->wire_received,
        .at_ns = op->marks.first_byte,
    };
    (void)snprintf(message.what, sizeof(message.what), "status %ld", reply->status);
    bench_conn_message(conn, &message);
}
