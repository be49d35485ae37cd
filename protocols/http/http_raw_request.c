/* SPDX-License-Identifier: MIT */
/* Writing requests. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/units.h"
#include "protocols/http/http_raw.h"

#define HEAD_MAX  (12 + 256 + HTTP_RAW_LINE_MAX + HTTP_RAW_HOST_MAX + HTTP_RAW_TAIL_MAX + 24)
#define CHUNK_MAX ((size_t)1 << 30) /* bytes of a chunk */

static const char line_end[] = "\r\n", head_end[] = "\r\n\r\n", last_chunk[] = "0\r\n\r\n";

/* ---- beforehand ---- */

void http_raw_spell(struct http_raw_program *program, bool keepalive)
{
    const struct http_call *call = &program->http.call;
    const char *type = "", *end = line_end;
    if (call->sends_body) {
        type = call->json_body ? HTTP_CONTENT_JSON "\r\n" : HTTP_CONTENT_TYPE "\r\n";
        end = call->chunked_tx ? HTTP_CHUNKED "\r\n\r\n" : "Content-Length: ";
    }
    program->verb_length = (size_t)snprintf(program->verb, sizeof(program->verb), "%s ",
                                            http_verb_name(call->verb));
    program->line_length = (size_t)snprintf(program->line, sizeof(program->line),
                                            "%s HTTP/1.1\r\n", call->target);
    program->tail_length =
        (size_t)snprintf(program->tail, sizeof(program->tail),
                         "User-Agent: " HTTP_USER_AGENT "\r\nAccept: */*\r\n%s%s%s", type,
                         keepalive ? "" : HTTP_CONNECTION_CLOSE "\r\n", end);
}

int http_raw_set_address(struct http_raw_conn *raw, struct bench_error *err)
{
    const struct bench_address *address = bench_conn_address(raw->conn);
    if (address->host[0] == '\0' || strpbrk(address->host, "/@?#[]%\\ ") != NULL)
        return bench_fail(err, -EINVAL, "'%s' is not a host name", address->host);
    if (address->sockaddr_length == 0)
        return bench_fail(err, -EINVAL, "the address of %s is not resolved", address->host);
    for (const char *p = address->host; *p != '\0'; p++)
        if (*p <= ' ' || *p > '~')
            return bench_fail(err, -EINVAL, "byte 0x%02x in a host name",
                              (unsigned)(unsigned char)*p);
    for (const char *p = address->path; *p != '\0'; p++)
        if (*p <= ' ' || *p > '~')
            return bench_fail(err, -EINVAL, "byte 0x%02x in the path of the address",
                              (unsigned)(unsigned char)*p);
    bool v6 = strchr(address->host, ':') != NULL;
    char port[8] = "";
    if (address->port != (address->tls ? 443 : 80) && !address->local)
        snprintf(port, sizeof(port), ":%u", address->port);
    int n = snprintf(raw->host, sizeof(raw->host), v6 ? "Host: [%s]%s\r\n" : "Host: %s%s\r\n",
                     address->host, port);
    raw->host_length = (uint16_t)n;
    /* The path of http-raw://HOST/PATH goes in front of every target. */
    size_t length = address->local ? 0 : strlen(address->path);
    while (length > 0 && address->path[length - 1] == '/')
        length--;
    raw->prefix_length = (uint16_t)length;
    return 0;
}

/* ---- one request ---- */

static char *put(char *to, const char *text, size_t length)
{
    memcpy(to, text, length);
    return to + length;
}

static char *put_number(char *to, size_t n)
{
    char digits[20];
    size_t i = sizeof(digits);
    do
        digits[--i] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    return put(to, digits + i, sizeof(digits) - i);
}

static size_t put_head(const struct http_raw_conn *raw, const struct http_raw_program *program,
                       char *head)
{
    char *p = put(head, program->verb, program->verb_length);
    p = put(p, bench_conn_address(raw->conn)->path, raw->prefix_length);
    p = put(p, program->line, program->line_length);
    p = put(p, raw->host, raw->host_length);
    p = put(p, program->tail, program->tail_length);
    if (program->http.call.sends_body && !program->http.call.chunked_tx) {
        p = put_number(p, http_tx_length(&program->http, raw->op));
        p = put(p, head_end, sizeof(head_end) - 1);
    }
    return (size_t)(p - head);
}

static struct iovec piece_of(const void *data, size_t length)
{
    return (struct iovec){(void *)(uintptr_t)data, length}; /* iovec has no const */
}

static int write_pieces(struct http_raw_conn *raw, const struct iovec *pieces, int count)
{
    struct bench_op_stat *stat = &raw->op->stat;
    for (int i = 0; i < count; i++)
        stat->wire_sent += pieces[i].iov_len;
    stat->plain_sent = stat->wire_sent;
    return bench_stream_write(raw->conn, pieces, count);
}

/* The next piece of the payload as a chunk, with the head in front of the first one and the end
 * behind the last one. Every piece is a write of its own: a stream's next piece does not exist yet
 * when one is sent. */
static int send_chunk(struct http_raw_conn *raw, const char *head, size_t head_length)
{
    const struct bench_op *op = raw->op;
    size_t n = op->tx.chunk_size > 0 ? op->tx.chunk_size : op->tx.length;
    if (n > op->tx.length - raw->given)
        n = op->tx.length - raw->given;
    if (n > CHUNK_MAX)
        n = CHUNK_MAX;
    char size[24];
    int digits = snprintf(size, sizeof(size), "%zx\r\n", n);
    const char *data = n > 0 ? (const char *)op->tx.data + raw->given : NULL;
    raw->given += n;
    bool last = raw->given == op->tx.length;
    const struct iovec pieces[] = {
        piece_of(head, head_length),
        piece_of(size, n > 0 ? (size_t)digits : 0),
        piece_of(data, n),
        piece_of(line_end, n > 0 ? sizeof(line_end) - 1 : 0),
        piece_of(last_chunk, last ? sizeof(last_chunk) - 1 : 0),
    };
    return write_pieces(raw, pieces, BENCH_COUNT_OF(pieces));
}

bool http_raw_all_sent(const struct http_raw_conn *raw)
{
    return !raw->reply.program->call.chunked_tx || raw->given == raw->op->tx.length;
}

void http_raw_send_more(struct http_raw_conn *raw)
{
    int rc = 0;
    while (rc == 0 && !http_raw_all_sent(raw) && !bench_stream_is_queueing(raw->conn))
        rc = send_chunk(raw, NULL, 0);
}

void http_raw_send(struct http_raw_conn *raw)
{
    const struct http_raw_program *program = (const struct http_raw_program *)raw->reply.program;
    struct bench_op *op = raw->op;
    char head[HEAD_MAX];
    size_t n = put_head(raw, program, head);
    raw->given = 0;
    op->stat.frames_sent++;
    op->stat.round_trips++;
    if (program->http.call.chunked_tx) {
        if (send_chunk(raw, head, n) == 0)
            http_raw_send_more(raw);
        return;
    }
    size_t tx = http_tx_length(&program->http, op);
    const struct iovec pieces[] = {piece_of(head, n),
                                   piece_of(http_tx_data(&program->http, op), tx)};
    (void)write_pieces(raw, pieces, tx > 0 ? 2 : 1);
}
