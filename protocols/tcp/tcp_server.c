/* SPDX-License-Identifier: MIT */
#include "protocols/tcp/tcp.h"

#include "bench/buf.h"
#include "bench/error.h"
#include "protocols/tcp/tcp_wire.h"

#define RESULT_LIMIT  ((size_t)64 << 10) /* bytes of computed answers; bulk ones are borrowed */
#define WHOLE_MESSAGE ((size_t)16 << 10) /* what bench_session_peek can give in one piece */
#define FIRST_ROOM    ((size_t)1 << 20)  /* a length that the peer only claims reserves no more */

struct tcp_session {
    struct bench_buf message; /* of a request that does not fit the session's receive buffer */
    struct bench_arena arena;
};

/* The rest of a request into self->message. Room grows with what has really arrived. */
static int read_long_message(struct bench_session *session, struct tcp_session *self, size_t length,
                             struct bench_error *err)
{
    bench_buf_clear(&self->message);
    size_t done = 0;
    while (done < length) {
        size_t piece = done < FIRST_ROOM ? FIRST_ROOM : done;
        if (piece > length - done)
            piece = length - done;
        int rc = bench_buf_reserve(&self->message, piece);
        if (rc < 0)
            return bench_fail(err, rc, "no room for a request of %zu bytes", length);
        rc = bench_session_read(session, self->message.data + self->message.end, piece);
        if (rc < 0)
            return bench_fail(err, rc, "request broke off within %zu bytes: %s", length,
                              bench_errno_text(rc));
        self->message.end += piece;
        done += piece;
    }
    return 0;
}

/* One request: *data is what follows its length. *held says how many bytes to consume afterwards.
 * -ENODATA when the peer has ended orderly. */
static int read_request(struct bench_session *session, struct tcp_session *self,
                        const uint8_t **data, size_t *length, size_t *held, struct bench_error *err)
{
    size_t have;
    int rc = bench_session_peek(session, TCP_LENGTH_SIZE, false, data, &have);
    if (rc == -ENODATA)
        return rc;
    if (rc < 0)
        return bench_fail(err, rc, "no request: %s", bench_errno_text(rc));
    *length = tcp_get_u32(*data);
    if (*length < TCP_REQUEST_FIXED || *length > bench_session_limits(session)->message_bytes)
        return bench_fail(err, -EPROTO, "request length %zu is not within %d to %llu", *length,
                          (int)TCP_REQUEST_FIXED,
                          (unsigned long long)bench_session_limits(session)->message_bytes);
    const size_t whole = *length + TCP_LENGTH_SIZE;
    if (whole <= WHOLE_MESSAGE) {
        rc = bench_session_peek(session, whole, true, data, &have);
        if (rc < 0)
            return bench_fail(err, rc, "request broke off within %zu bytes: %s", *length,
                              bench_errno_text(rc));
        *data += TCP_LENGTH_SIZE;
        *held = whole;
        return 0;
    }
    bench_session_consume(session, TCP_LENGTH_SIZE);
    *held = 0;
    rc = read_long_message(session, self, *length, err);
    *data = bench_buf_head(&self->message);
    return rc;
}

static int send_reply(struct bench_session *session, uint8_t status, uint8_t kind, const void *body,
                      size_t length, struct bench_error *err)
{
    uint8_t head[TCP_REPLY_HEAD];
    tcp_encode_reply_head(head, status, kind, length);
    const struct iovec pieces[] = {
        {.iov_base = head, .iov_len = sizeof(head)},
        /* iovec has no const; the kernel only reads */
        {.iov_base = (void *)(uintptr_t)body, .iov_len = length},
    };
    const int rc = bench_session_write(session, pieces, length > 0 ? 2 : 1);
    if (rc < 0)
        return bench_fail(err, rc, "cannot send a reply of %zu bytes: %s", length,
                          bench_errno_text(rc));
    return 0;
}

static int send_exception(struct bench_session *session, const struct bench_exception *exception,
                          struct bench_error *err)
{
    char text[sizeof(exception->message) + 64];
    size_t length = 0;
    for (const char *p = exception->type; *p != '\0' && length < 62; p++)
        text[length++] = *p;
    text[length++] = ':';
    text[length++] = ' ';
    const size_t message = strnlen(exception->message, sizeof(exception->message));
    memcpy(text + length, exception->message, message);
    return send_reply(session, TCP_STATUS_EXCEPTION, TCP_KIND_STR, text, length + message, err);
}

static int send_value(struct bench_session *session, struct bench_call *call,
                      const struct bench_value *value, struct bench_error *err)
{
    uint8_t number[TCP_INT_SIZE];
    switch (value->kind) {
    case BENCH_NONE:
        return send_reply(session, TCP_STATUS_OK, TCP_KIND_NONE, NULL, 0, err);
    case BENCH_INT:
        tcp_put_u64(number, (uint64_t)value->integer);
        return send_reply(session, TCP_STATUS_OK, TCP_KIND_INT, number, sizeof(number), err);
    case BENCH_STR:
        return send_reply(session, TCP_STATUS_OK, TCP_KIND_STR, value->text.data,
                          value->text.length, err);
    case BENCH_BYTES:
        return send_reply(session, TCP_STATUS_OK, TCP_KIND_BYTES, value->text.data,
                          value->text.length, err);
    case BENCH_BIGINT:
        return send_reply(session, TCP_STATUS_OK, TCP_KIND_BIGINT, value->text.data,
                          value->text.length, err);
    default:
        bench_raise(call, "TypeError", "values of kind %d cannot be sent", (int)value->kind);
        return send_exception(session, &call->exception, err);
    }
}

static int answer(struct bench_session *session, struct tcp_session *self,
                  const struct tcp_request *request, struct bench_error *err)
{
    const struct bench_service *service = bench_session_service(session);
    struct bench_call call = {.arena = &self->arena, .session = session, .service = service};
    if (request->id >= BENCH_OPERATION_COUNT) {
        bench_raise(&call, "AttributeError", "no operation has the number %u", request->id);
        return send_exception(session, &call.exception, err);
    }
    const struct bench_operation *operation =
        bench_operation_get((enum bench_operation_id)request->id);
    if (!tcp_carries(operation->id)) {
        bench_raise(&call, "NotImplementedError", "the floor has no streams and no structures, so no %s",
                    operation->name);
        return send_exception(session, &call.exception, err);
    }
    struct bench_value args[TCP_MAX_ARGS + 1];
    size_t nargs = request->nargs;
    memcpy(args, request->args, nargs * sizeof(args[0]));
    if (operation->tx || request->tx_length > 0)
        args[nargs++] = bench_bytes(request->tx, request->tx_length);

    struct bench_value result;
    const int rc = service->call(service, &call, operation, args, nargs, &result);
    if (rc == -EREMOTEIO)
        return send_exception(session, &call.exception, err);
    if (rc < 0)
        return bench_fail(err, rc, "%s: %s", operation->name, bench_errno_text(rc));
    return send_value(session, &call, &result, err);
}

static int serve_requests(struct bench_session *session, struct tcp_session *self,
                          struct bench_error *err)
{
    while (!bench_session_stopping(session)) {
        const uint8_t *data = NULL;
        size_t length = 0, held = 0;
        int rc = read_request(session, self, &data, &length, &held, err);
        if (rc == -ENODATA)
            return 0;
        if (rc < 0)
            return rc;
        struct tcp_request request;
        if (tcp_decode_request(data, length, &request) < 0)
            return bench_fail(err, -EPROTO, "malformed request of %zu bytes", length);
        rc = answer(session, self, &request, err);
        if (rc < 0)
            return rc;
        bench_session_consume(session, held);
        bench_arena_reset(&self->arena);
    }
    return 0;
}

static int tcp_serve(struct bench_session *session, struct bench_error *err)
{
    struct tcp_session *self = bench_session_priv(session);
    const uint64_t limit = bench_session_limits(session)->message_bytes;
    bench_buf_init(&self->message, limit > 0 ? (size_t)limit : 1);
    bench_arena_init(&self->arena, RESULT_LIMIT);
    const int rc = serve_requests(session, self, err);
    bench_arena_fini(&self->arena);
    bench_buf_fini(&self->message);
    return rc;
}

const struct bench_server_ops tcp_server_ops = {
    .session_size = sizeof(struct tcp_session),
    .serve = tcp_serve,
};
