/* SPDX-License-Identifier: MIT */
#include "protocols/http/http_reply.h"

#include <errno.h>

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
        .tx = program->call.verb == HTTP_VERB_POST,
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
    if (call->bulk || call->operation == NULL)
        return 0;
    int rc = http_codec_decode(call->operation, body, length, &op->arena, &op->result, &err);
    if (rc < 0)
        (void)bench_op_fail(op, rc == -EPROTO ? BENCH_FAILURE_PROTOCOL : BENCH_FAILURE_OTHER, rc,
                            "%s", err.msg);
    return rc;
}
