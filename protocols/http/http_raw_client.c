/* SPDX-License-Identifier: MIT */
/* Reading replies, and the life of a connection. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "bench/units.h"
#include "protocols/http/http_raw.h"

#define INTERIM_MAX 16 /* replies with a status of 1xx before the real one */

static struct http_raw_conn *raw_of(struct bench_conn *conn)
{
    struct http_raw_conn *raw = bench_conn_priv(conn);
    assert(raw->magic == HTTP_RAW_MAGIC);
    return raw;
}

/* The exchange is over. */
static void tell(const struct http_raw_conn *raw)
{
    if (bench_conn_is_watched(raw->conn))
        http_reply_tell(&raw->reply, raw->conn, raw->op, bench_conn_address(raw->conn)->path,
                        raw->prefix_length);
}

/* The reply is not HTTP as it should be. Returns code. */
static int broken(struct http_raw_conn *raw, enum bench_failure failure, int code, const char *why)
{
    const struct bench_address *address = bench_conn_address(raw->conn);
    tell(raw);
    raw->op = NULL; /* is completed by this */
    if (address->local)
        return bench_conn_fail(raw->conn, failure, code, "%s: %s", address->path, why);
    return bench_conn_fail(raw->conn, failure, code, "%s:%u: %s", address->host, address->port,
                           why);
}

/* ---- callbacks of the parser; a negative result stops it ---- */

/* A reply with one of these never has a body, whatever its headers say. */
static bool has_no_body(const struct http_raw_conn *raw)
{
    long status = raw->reply.status;
    return status < 200 || status == 204 || status == 304 ||
           raw->reply.program->call.verb == HTTP_VERB_HEAD;
}

static int on_headers_complete(struct http_parser *parser)
{
    struct http_raw_conn *raw = parser->data;
    raw->reply.status = parser->status_code;
    raw->op->stat.frames_received = 1;
    if (parser->http_major != 1 || parser->status_code < 100) {
        (void)broken(raw, BENCH_FAILURE_PROTOCOL, -EPROTO, "this is not a reply of HTTP/1");
        return -1;
    }
    if (parser->uses_transfer_encoding && (parser->flags & F_CHUNKED) == 0) {
        (void)broken(raw, BENCH_FAILURE_PROTOCOL, -EPROTO,
                     "a transfer encoding other than chunked");
        return -1;
    }
    if (parser->status_code < 200 && parser->status_code != 101) {
        if (++raw->interims <= INTERIM_MAX)
            return 1;
        (void)broken(raw, BENCH_FAILURE_PROTOCOL, -EPROTO, "interim replies without end");
        return -1;
    }
    raw->got_head = true;
    if (has_no_body(raw))
        return 1;
    if ((parser->flags & F_CONTENTLENGTH) != 0 && parser->content_length > raw->reply.limit) {
        (void)http_reply_too_large(&raw->reply, raw->op);
        return -1;
    }
    return 0;
}

static int on_body(struct http_parser *parser, const char *data, size_t length)
{
    struct http_raw_conn *raw = parser->data;
    /* The parser has taken this piece off content_length already. */
    bool rest = (parser->flags & F_CHUNKED) == 0 && parser->content_length == 0;
    if (rest && raw->reply.received == 0 && !raw->reply.program->call.bulk) {
        raw->whole = data;
        raw->whole_length = length;
        return 0;
    }
    struct bench_op *op = raw->op;
    int rc = http_reply_take(&raw->reply, op, data, length);
    if (rc < 0 && raw->op != NULL)
        (void)bench_op_fail(op, bench_failure_from_errno(rc), rc, "%s", bench_errno_text(rc));
    return rc < 0 || raw->op == NULL ? -1 : 0; /* on_data may have taken the op back */
}

/* Stops the parser behind the reply: nothing may follow it. */
static int on_message_complete(struct http_parser *parser)
{
    struct http_raw_conn *raw = parser->data;
    if (!raw->got_head)
        return 0; /* that was an interim one */
    raw->complete = true;
    raw->keep = raw->keepalive && parser->status_code != 101 && http_should_keep_alive(parser) != 0;
    http_parser_pause(parser, 1);
    return 0;
}

static const struct http_parser_settings parser_settings = {
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* ---- replies ---- */

/* The socket is closed before the op completes: what the server did not want to read of the
 * request need not be kept for it. */
static void finish(struct http_raw_conn *raw, bool keep, int status)
{
    struct bench_op *op = raw->op;
    tell(raw);
    if (!keep || !http_raw_all_sent(raw) || bench_stream_is_queueing(raw->conn))
        bench_stream_close(raw->conn);
    raw->used = true;
    raw->op = NULL;
    bench_op_complete(op, status);
}

static void finish_whole(struct http_raw_conn *raw)
{
    const struct bench_buf *buffer = &raw->reply.body;
    const void *body = raw->whole;
    size_t length = raw->whole_length;
    if (body == NULL) {
        body = bench_buf_head(buffer);
        length = bench_buf_length(buffer);
    }
    int rc = http_reply_judge(&raw->reply, raw->op, body, length,
                              bench_conn_address(raw->conn)->path, raw->prefix_length);
    finish(raw, raw->keep, rc);
}

static const char *why_not(enum http_errno code)
{
    return code == HPE_HEADER_OVERFLOW ? "the head of the reply is too large"
                                       : http_errno_description(code);
}

/* Bytes, or the end of the stream if there are none. Negative when the connection broke. */
static int feed(struct http_raw_conn *raw, const uint8_t *data, size_t length, size_t *used)
{
    struct bench_op *op = raw->op;
    *used = http_parser_execute(&raw->parser, &parser_settings, (const char *)data, length);
    if (raw->op == NULL)
        return -ECANCELED; /* refused or taken back within a callback */
    op->stat.wire_received += *used;
    op->stat.plain_received = op->stat.wire_received;
    if (op->failure != BENCH_FAILURE_NONE) { /* noted within a callback */
        finish(raw, false, op->error.code);
        return 0;
    }
    if (raw->complete) {
        raw->keep = raw->keep && *used == length; /* what follows cannot be for us */
        finish_whole(raw);
        return 0;
    }
    enum http_errno code = HTTP_PARSER_ERRNO(&raw->parser);
    if (code == HPE_OK)
        return 0;
    if (length == 0)
        return broken(raw, BENCH_FAILURE_CLOSED, -ENODATA,
                      "the peer closed the connection in the middle of a reply");
    return broken(raw, BENCH_FAILURE_PROTOCOL,
                  code == HPE_HEADER_OVERFLOW ? -EMSGSIZE : -EPROTO, why_not(code));
}

static ssize_t on_data(struct bench_conn *conn, const uint8_t *data, size_t length)
{
    struct http_raw_conn *raw = raw_of(conn);
    if (raw->op == NULL) {
        /* Nobody asked for them: servers do so before they close an idle connection (a 408). */
        bench_stream_close(conn);
        return (ssize_t)length;
    }
    if (raw->op->marks.first_byte == 0)
        raw->op->marks.first_byte = bench_now_ns();
    size_t used;
    int rc = feed(raw, data, length, &used);
    return rc < 0 ? rc : (ssize_t)used;
}

/* ---- the socket ---- */

static void begin_reply(struct http_raw_conn *raw)
{
    http_parser_init(&raw->parser, HTTP_RESPONSE);
    raw->parser.data = raw;
    raw->got_head = raw->complete = raw->keep = false;
    raw->interims = 0;
    raw->whole = NULL;
}

static void on_connected(struct bench_conn *conn)
{
    struct http_raw_conn *raw = raw_of(conn);
    bench_conn_opened(conn, 0); /* the first time */
    if (raw->op == NULL)
        return;
    raw->op->marks.sent = bench_now_ns();
    http_raw_send(raw);
}

static void on_drained(struct bench_conn *conn)
{
    struct http_raw_conn *raw = raw_of(conn);
    if (raw->op != NULL)
        http_raw_send_more(raw);
}

static bool on_eof(struct bench_conn *conn);

static const struct bench_stream_ops stream_ops = {
    .connected = on_connected, .data = on_data, .eof = on_eof, .drained = on_drained};

static int connect_again(struct http_raw_conn *raw, struct bench_error *err)
{
    raw->used = false;
    begin_reply(raw);
    return bench_stream_open(raw->conn, &stream_ops, BENCH_STREAM_NODELAY, err);
}

/* A kept connection may be closed by the peer at any time, also just before it would have seen a
 * request: one that was not answered with a single byte is sent again (RFC 9112, 9.3.1). */
static void ended_with_op(struct http_raw_conn *raw)
{
    struct bench_error err;
    size_t used;
    if (raw->used && raw->op->marks.first_byte == 0) {
        int rc = connect_again(raw, &err);
        if (rc < 0)
            (void)broken(raw, bench_failure_from_errno(rc), rc, err.msg);
        return;
    }
    if (feed(raw, NULL, 0, &used) == 0 && raw->op != NULL)
        (void)broken(raw, BENCH_FAILURE_CLOSED, -ENODATA,
                     "the peer closed the connection before the reply");
}

static bool on_eof(struct bench_conn *conn)
{
    struct http_raw_conn *raw = raw_of(conn);
    if (raw->op != NULL)
        ended_with_op(raw);
    else
        bench_stream_close(conn);
    return true;
}

/* ---- the backend's table ---- */

int http_raw_open(struct bench_conn *conn, struct bench_error *err)
{
    struct http_raw_conn *raw = bench_conn_priv(conn);
    const struct http_options *options = bench_conn_options(conn);
    raw->magic = HTTP_RAW_MAGIC;
    raw->conn = conn;
    raw->keepalive = options->keepalive;
    http_reply_init(&raw->reply, (uint64_t)options->max_reply);
    int rc = http_raw_set_address(raw, err);
    return rc < 0 ? rc : connect_again(raw, err);
}

int http_raw_submit(struct bench_conn *conn, struct bench_op *op, struct bench_error *err)
{
    struct http_raw_conn *raw = raw_of(conn);
    http_reply_begin(&raw->reply, (const struct http_program *)op->program);
    raw->op = op;
    if (bench_stream_fd(conn) < 0) {
        int rc = connect_again(raw, err);
        if (rc < 0)
            raw->op = NULL;
        return rc;
    }
    begin_reply(raw);
    http_raw_send(raw);
    return 0;
}

/* The answer is still coming, and has no number: core closes the connection. */
void http_raw_cancel(struct bench_conn *conn, struct bench_op *op)
{
    raw_of(conn)->op = NULL;
    bench_op_complete(op, -ECANCELED);
}

void http_raw_close(struct bench_conn *conn)
{
    raw_of(conn)->op = NULL;
    bench_conn_closed(conn);
}

void http_raw_fini(struct bench_conn *conn)
{
    struct http_raw_conn *raw = bench_conn_priv(conn);
    http_reply_fini(&raw->reply);
    raw->magic = 0;
}
