/* SPDX-License-Identifier: MIT */
#include "protocols/http/http_server.h"

#include <errno.h>
#include <http_parser.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "bench/buf.h"
#include "bench/error.h"
#include "bench/units.h"
#include "protocols/http/http_codec.h"

#define HEAD_MAX ((size_t)32 << 10) /* bytes of a request line and its headers */
#define READ_STEP                                                                                  \
    ((size_t)1 << 20)                  /* a body's buffer grows by what has arrived, not by        \
                                          what was announced */
#define ARENA_MAX    ((size_t)16 << 20) /* results of one call; bulk ones are borrowed */
#define JSON_MAX     ((size_t)4 << 20)
#define LINGER_BYTES ((size_t)16 << 20) /* read and dropped after a refusal */
#define LINGER_NS    (2 * BENCH_NS_PER_S)

#define HEAD_OUT_MAX ((size_t)320) /* bytes of a reply's head */

static const char continue_line[] = "HTTP/1.1 100 Continue\r\n\r\n";
static const char root_body[] = "rpycbench\n";

struct http_session {
    struct bench_session *session;
    struct http_parser parser;
    /* of the request that is being read */
    char target[HTTP_TARGET_MAX];
    size_t target_length;
    size_t head_bytes;
    uint64_t body_length; /* announced by content-length */
    char field[8];        /* the present header's name, in so far as "expect" needs it */
    size_t field_length;
    char value[16]; /* of Expect */
    size_t value_length;
    int refusal; /* the status that answers a request which cannot be read to its end */
    bool in_value, head_done, complete, keep_alive;
    /* kept for the next request */
    struct bench_buf body, json;
    struct bench_arena arena, pieces;
};

/* ---- reading: callbacks of the parser ---- */

static int on_url(struct http_parser *parser, const char *data, size_t length)
{
    struct http_session *s = parser->data;
    if (length >= sizeof(s->target) - s->target_length) {
        s->refusal = 414;
        return -1;
    }
    memcpy(s->target + s->target_length, data, length);
    s->target_length += length;
    s->target[s->target_length] = '\0';
    return 0;
}

static void keep_some(char *out, size_t size, size_t *used, const char *data, size_t length)
{
    size_t room = size - *used;
    memcpy(out + *used, data, length < room ? length : room);
    *used += length < room ? length : room;
}

static int on_header_field(struct http_parser *parser, const char *data, size_t length)
{
    struct http_session *s = parser->data;
    if (s->in_value)
        s->field_length = 0;
    s->in_value = false;
    keep_some(s->field, sizeof(s->field), &s->field_length, data, length);
    return 0;
}

static int on_header_value(struct http_parser *parser, const char *data, size_t length)
{
    struct http_session *s = parser->data;
    s->in_value = true;
    if (s->field_length == 6 && strncasecmp(s->field, "expect", 6) == 0)
        keep_some(s->value, sizeof(s->value), &s->value_length, data, length);
    return 0;
}

static int on_headers_complete(struct http_parser *parser)
{
    struct http_session *s = parser->data;
    s->head_done = true;
    s->keep_alive = http_should_keep_alive(parser) != 0;
    if (parser->http_major != 1) {
        s->refusal = 505;
        return -1;
    }
    if ((parser->flags & F_CHUNKED) != 0 || (parser->flags & F_CONTENTLENGTH) == 0)
        return 0;
    /* A body of known length is read straight into its buffer, past the parser. */
    s->body_length = parser->content_length;
    return 1;
}

static int on_body(struct http_parser *parser, const char *data, size_t length)
{
    struct http_session *s = parser->data;
    int rc = bench_buf_add(&s->body, data, length);
    if (rc < 0)
        s->refusal = rc == -EMSGSIZE ? 413 : 503;
    return rc;
}

/* Stops the parser behind this message: what follows belongs to the next one. */
static int on_message_complete(struct http_parser *parser)
{
    struct http_session *s = parser->data;
    s->complete = true;
    http_parser_pause(parser, 1);
    return 0;
}

static const struct http_parser_settings parser_settings = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* ---- reading a request ---- */

static void begin_request(struct http_session *s)
{
    http_parser_init(&s->parser, HTTP_REQUEST);
    s->parser.data = s;
    s->target_length = s->head_bytes = s->field_length = s->value_length = 0;
    s->target[0] = '\0';
    s->body_length = 0;
    s->refusal = 0;
    s->in_value = s->head_done = s->complete = s->keep_alive = false;
    bench_buf_clear(&s->body);
    bench_arena_reset(&s->arena);
}

static int send_continue(struct http_session *s)
{
    bool expected = s->value_length == 12 && strncasecmp(s->value, "100-continue", 12) == 0;
    s->value_length = 0;
    if (!expected || s->parser.http_minor == 0)
        return 0;
    const struct iovec piece = {(void *)(uintptr_t)continue_line, sizeof(continue_line) - 1};
    return bench_session_write(s->session, &piece, 1);
}

/* Feeds the parser until it has a whole message, or a head whose body is not its business.
 * 0, the status of a refusal, or a negative errno of the session. */
static int read_message(struct http_session *s)
{
    while (!s->complete) {
        const uint8_t *data;
        size_t have;
        int rc = bench_session_peek(s->session, 1, s->head_bytes > 0, &data, &have);
        if (rc < 0)
            return rc;
        bool in_head = !s->head_done;
        size_t used = http_parser_execute(&s->parser, &parser_settings, (const char *)data, have);
        bench_session_consume(s->session, used);
        if (in_head)
            s->head_bytes += used;
        enum http_errno code = HTTP_PARSER_ERRNO(&s->parser);
        if (s->refusal != 0)
            return s->refusal;
        if (code == HPE_HEADER_OVERFLOW || (!s->head_done && s->head_bytes > HEAD_MAX))
            return 431;
        if (code != HPE_OK && code != HPE_PAUSED)
            return 400;
        if (s->head_done && !s->complete) {
            rc = send_continue(s);
            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

static int read_body(struct http_session *s)
{
    if (s->body_length > s->body.limit)
        return 413;
    int rc = send_continue(s);
    uint64_t left = s->body_length;
    while (rc == 0 && left > 0) {
        size_t have = bench_buf_length(&s->body);
        size_t step = have > READ_STEP ? have : READ_STEP;
        if (step > left)
            step = (size_t)left;
        if (bench_buf_reserve(&s->body, step) < 0)
            return 503;
        rc = bench_session_read(s->session, s->body.data + s->body.end, step);
        if (rc == 0)
            s->body.end += step;
        left -= step;
    }
    return rc;
}

static int read_request(struct http_session *s)
{
    int rc = read_message(s);
    if (rc == 0 && s->body_length > 0)
        rc = read_body(s);
    return rc;
}

/* ---- answering ---- */

struct reply {
    int status;
    struct http_body body;
    const char *allow;           /* or NULL */
    struct bench_object *pieces; /* or NULL; the body comes from this iterator, to be released */
    struct bench_call *call;     /* that pieces belongs to */
};

static const char *reason(int status)
{
    switch (status) {
#define XX(code, name, text)                                                                       \
    case code:                                                                                     \
        return #text;
        HTTP_STATUS_MAP(XX)
#undef XX
    default:
        return "";
    }
}

/* The line that says where the body ends; the end of the connection does it for HTTP/1.0 clients,
 * who do not know chunked encoding. */
static void length_line(const struct http_session *s, const struct reply *reply, char *out,
                        size_t size)
{
    if (reply->pieces == NULL)
        snprintf(out, size, "Content-Length: %zu\r\n", reply->body.length);
    else
        snprintf(out, size, "%s", s->parser.http_minor > 0 ? "Transfer-Encoding: chunked\r\n" : "");
}

/* The bytes of the head in out, or -EOVERFLOW. */
static int write_head(const struct http_session *s, const struct reply *reply, char *out,
                      size_t size)
{
    char length[48];
    const char *connection = "";
    if (!s->keep_alive)
        connection = "Connection: close\r\n";
    else if (s->parser.http_minor == 0)
        connection = "Connection: keep-alive\r\n";
    length_line(s, reply, length, sizeof(length));
    int n =
        snprintf(out, size,
                 "HTTP/1.1 %d %s\r\nServer: rpycbench\r\nContent-Type: %s\r\n"
                 "%s%s%s%s%s\r\n",
                 reply->status, reason(reply->status), reply->body.content_type, length,
                 reply->allow != NULL ? "Allow: " : "", reply->allow != NULL ? reply->allow : "",
                 reply->allow != NULL ? "\r\n" : "", connection);
    return n < 0 || (size_t)n >= size ? -EOVERFLOW : n;
}

static struct iovec piece_of(const void *data, size_t length)
{
    return (struct iovec){(void *)(uintptr_t)data, length}; /* iovec has no const */
}

static int write_reply(struct http_session *s, const struct reply *reply, bool head_only)
{
    char head[HEAD_OUT_MAX];
    int n = write_head(s, reply, head, sizeof(head));
    if (n < 0)
        return n;
    const struct iovec pieces[] = {{head, (size_t)n},
                                   piece_of(reply->body.data, reply->body.length)};
    bool with_body = !head_only && reply->body.length > 0;
    return bench_session_write(s->session, pieces, with_body ? 2 : 1);
}

/* The next piece that is not empty: an empty chunk would end the body. -ENODATA at the end;
 * -EREMOTEIO (a status cannot be taken back: only the end of the connection tells of it). */
static int next_piece(struct http_session *s, const struct reply *reply, struct bench_value *out)
{
    int rc;
    do {
        bench_arena_reset(&s->pieces);
        *out = bench_none();
        rc = reply->pieces->ops->next(reply->pieces, reply->call, out);
        if (rc == 0 && out->kind != BENCH_BYTES)
            rc = -ENOTSUP;
    } while (rc == 0 && out->text.length == 0);
    return rc;
}

/* One write for each piece, as they come; the head goes out with the first one. */
static int write_pieces(struct http_session *s, struct reply *reply, bool head_only)
{
    static const char line_end[] = "\r\n", last_chunk[] = "0\r\n\r\n";
    const bool chunked = s->parser.http_minor > 0;
    char head[HEAD_OUT_MAX], size[24];
    if (!chunked)
        s->keep_alive = false;
    int n = write_head(s, reply, head, sizeof(head));
    if (n < 0)
        return n;
    struct bench_value piece;
    int rc = 0;
    while (rc == 0 && !head_only && (rc = next_piece(s, reply, &piece)) == 0) {
        const int digits = snprintf(size, sizeof(size), "%zx\r\n", piece.text.length);
        const struct iovec out[] = {
            {head, (size_t)n},
            {size, chunked ? (size_t)digits : 0},
            piece_of(piece.text.data, piece.text.length),
            piece_of(line_end, chunked ? sizeof(line_end) - 1 : 0),
        };
        n = 0; /* the head is sent once */
        rc = bench_session_write(s->session, out, BENCH_COUNT_OF(out));
    }
    if (rc < 0 && rc != -ENODATA)
        return rc;
    const struct iovec end[] = {
        {head, (size_t)n},
        piece_of(last_chunk, chunked && !head_only ? sizeof(last_chunk) - 1 : 0),
    };
    return end[0].iov_len + end[1].iov_len > 0
               ? bench_session_write(s->session, end, BENCH_COUNT_OF(end))
               : 0;
}

static struct reply plain_reply(int status)
{
    const char *text = reason(status);
    return (struct reply){.status = status, .body = {"text/plain", text, strlen(text)}};
}

static int exception_reply(struct http_session *s, const char *type, const char *message,
                           struct reply *out)
{
    *out = (struct reply){.status = http_codec_exception_status(type)};
    return http_codec_encode_error(type, message, &s->json, &out->body);
}

static void release(struct bench_object *object)
{
    if (object->ops->release != NULL)
        object->ops->release(object);
}

/* A bulk row may answer with an iterator over its pieces. */
static int take_iterator(struct bench_call *call, struct bench_object *object, struct reply *out)
{
    struct bench_value iterator = bench_none();
    int rc = -ENOTSUP;
    if (object->ops->iter != NULL && object->ops->next != NULL)
        rc = object->ops->iter(object, call, &iterator);
    if (rc == 0 && (iterator.kind != BENCH_OBJECT || iterator.object != object))
        rc = -ENOTSUP;
    if (rc < 0) {
        release(object);
        return rc;
    }
    *out = (struct reply){
        .status = 200, .body = {.content_type = HTTP_BINARY}, .pieces = object, .call = call};
    return 0;
}

static int call_service(struct http_session *s, struct http_route *route, struct bench_call *call,
                        struct reply *out, struct bench_error *err)
{
    const struct bench_service *service = call->service;
    struct bench_value value = bench_none();
    size_t nargs = route->nargs;
    if (route->operation->tx)
        route->args[nargs++] = bench_bytes(
            bench_buf_length(&s->body) > 0 ? (const void *)bench_buf_head(&s->body) : "",
            bench_buf_length(&s->body));
    int rc = service->call(service, call, route->operation, route->args, nargs, &value);
    if (rc == 0 && value.kind == BENCH_OBJECT && route->operation->bulk) {
        call->arena = &s->pieces;
        rc = take_iterator(call, value.object, out);
    } else if (rc == 0) {
        struct bench_value plain;
        *out = (struct reply){.status = 200};
        rc = bench_value_plain(call, &value, &plain);
        if (rc == 0)
            rc = http_codec_encode(route->operation, &plain, &s->json, &out->body);
        bench_value_release(&value);
    }
    if (rc == -EREMOTEIO)
        return exception_reply(s, call->exception.type != NULL ? call->exception.type : "Exception",
                               call->exception.message, out);
    if (rc == -ENOTSUP)
        return bench_fail(err, rc, "%s: its result cannot be written as JSON",
                          route->operation->name);
    if (rc < 0)
        return bench_fail(err, rc, "%s: %s", route->operation->name, bench_errno_text(rc));
    return 0;
}

static enum http_verb verb_of(const struct http_parser *parser)
{
    switch (parser->method) {
    case HTTP_GET:
        return HTTP_VERB_GET;
    case HTTP_HEAD:
        return HTTP_VERB_HEAD;
    case HTTP_POST:
        return HTTP_VERB_POST;
    default:
        return HTTP_VERB_OTHER;
    }
}

static int answer(struct http_session *s, struct bench_error *err)
{
    enum http_verb verb = verb_of(&s->parser);
    struct http_route route;
    struct reply reply;
    struct bench_call call = {
        .arena = &s->arena, .session = s->session, .service = bench_session_service(s->session)};
    int rc = 0;
    http_codec_route(verb, s->target, &s->arena, &route);
    if (route.status == 400)
        rc = exception_reply(s, "ValueError", route.why, &reply);
    else if (route.status != 200)
        reply = plain_reply(route.status);
    else if (route.operation == NULL)
        reply =
            (struct reply){.status = 200, .body = {"text/plain", root_body, sizeof(root_body) - 1}};
    else
        rc = call_service(s, &route, &call, &reply, err);
    if (rc < 0)
        return rc;
    if (route.status == 405)
        reply.allow = route.allow;
    if (reply.pieces != NULL)
        rc = write_pieces(s, &reply, verb == HTTP_VERB_HEAD);
    else
        rc = write_reply(s, &reply, verb == HTTP_VERB_HEAD);
    if (reply.pieces != NULL)
        release(reply.pieces);
    if (rc == -EREMOTEIO)
        return bench_fail(err, rc, "%s: %s within the reply", route.operation->name,
                          call.exception.type != NULL ? call.exception.type : "Exception");
    if (rc < 0)
        return bench_fail(err, rc, "cannot write the reply: %s", bench_errno_text(rc));
    return 0;
}

/* ---- the end of a session ---- */

/* Closing with unread bytes resets the connection, and the reset may overtake the refusal on its
 * way to the client: read on for a while (RFC 9112, 9.6). */
static void linger(struct http_session *s)
{
    size_t dropped = 0;
    const uint8_t *data;
    size_t have;
    bench_session_hurry(s->session, LINGER_NS);
    while (dropped < LINGER_BYTES &&
           bench_session_peek(s->session, 1, true, &data, &have) == 0) {
        bench_session_consume(s->session, have);
        dropped += have;
    }
}

static int refuse(struct http_session *s, int status, struct bench_error *err)
{
    struct reply reply = plain_reply(status);
    s->keep_alive = false;
    int rc = write_reply(s, &reply, false);
    if (rc == 0)
        linger(s);
    return bench_fail(err, -EPROTO, "request refused with status %d%s%s", status,
                      status == 400 ? ": " : "",
                      status == 400 ? http_errno_description(HTTP_PARSER_ERRNO(&s->parser)) : "");
}

/* What a failed read means: the peer's good right between requests, an error inside of one. */
static int end_of_input(struct http_session *s, int rc, struct bench_error *err)
{
    bool between = s->head_bytes == 0;
    if (rc == -ECANCELED || (between && (rc == -ENODATA || rc == -ETIMEDOUT)))
        return 0;
    if (rc == -ETIMEDOUT) {
        struct reply reply = plain_reply(408);
        s->keep_alive = false;
        (void)write_reply(s, &reply, false);
        return bench_fail(err, rc, "the rest of a request did not arrive in time");
    }
    if (rc == -ENODATA)
        rc = -ECONNRESET;
    return bench_fail(err, rc, "while reading a request: %s", bench_errno_text(rc));
}

static int serve_requests(struct http_session *s, struct bench_error *err)
{
    for (;;) {
        begin_request(s);
        int rc = read_request(s);
        if (rc > 0)
            return refuse(s, rc, err);
        if (rc < 0)
            return end_of_input(s, rc, err);
        rc = answer(s, err);
        if (rc < 0)
            return rc == -ECANCELED ? 0 : rc;
        if (!s->keep_alive || bench_session_stopping(s->session))
            return 0;
    }
}

static int http_serve(struct bench_session *session, struct bench_error *err)
{
    struct http_session *s = bench_session_priv(session);
    uint64_t limit = bench_session_limits(session)->message_bytes;
    s->session = session;
    bench_buf_init(&s->body, limit > 0 && limit < SIZE_MAX ? (size_t)limit : SIZE_MAX);
    bench_buf_init(&s->json, JSON_MAX);
    bench_arena_init(&s->arena, ARENA_MAX);
    bench_arena_init(&s->pieces, ARENA_MAX);
    int rc = serve_requests(s, err);
    bench_arena_fini(&s->pieces);
    bench_arena_fini(&s->arena);
    bench_buf_fini(&s->json);
    bench_buf_fini(&s->body);
    return rc;
}

const struct bench_server_ops http_server_ops = {
    .session_size = sizeof(struct http_session),
    .serve = http_serve,
};
