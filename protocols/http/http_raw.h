/* SPDX-License-Identifier: MIT */
/*
 * The client of our own: HTTP/1.1 on the shared loop and stream, replies read by the parser that
 * the server reads requests with. Requests are written beforehand, except for what depends on the
 * connection (prefix and host) and on the payload (its length). Belongs to one loop's thread.
 *
 * A connection is one socket at a time. It is opened by conn_open; when a reply, or the peer by
 * closing it, ends it, the next request opens another one, as libcurl and every other HTTP library
 * does.
 */
#ifndef HTTP_RAW_H
#define HTTP_RAW_H

#include <http_parser.h>

#include "bench/conn.h"
#include "protocols/http/http_client.h"
#include "protocols/http/http_reply.h"

#define HTTP_RAW_MAGIC    0x68726177u
#define HTTP_RAW_TAIL_MAX 192                  /* bytes of the headers behind Host */
#define HTTP_RAW_HOST_MAX (256 + 24)           /* of the Host header */
#define HTTP_RAW_LINE_MAX (HTTP_TARGET_MAX + 16) /* of target and version */

/* What the head of a request consists of: verb, the address's prefix, line, the connection's host,
 * tail, and, of a whole payload, its length and two line ends. */
struct http_raw_program {
    struct http_program http;
    size_t verb_length, line_length, tail_length;
    char verb[12];                /* "GET " */
    char line[HTTP_RAW_LINE_MAX]; /* "/ping HTTP/1.1\r\n" */
    char tail[HTTP_RAW_TAIL_MAX];
};

struct http_raw_conn {
    uint32_t magic;
    bool keepalive;
    bool used;        /* a reply has come over the present socket */
    bool got_head;    /* the present reply's, behind interim ones */
    bool complete;    /* so is the present reply */
    bool keep;        /* the socket is good for another request */
    uint8_t interims; /* replies with a status of 1xx before the present one */
    uint16_t prefix_length, host_length;
    struct bench_conn *conn;
    struct bench_op *op; /* that is being run, or NULL */
    size_t given;        /* payload of a chunked request that has been written */
    struct http_parser parser;
    struct http_reply reply;
    /* A JSON body that arrived in one piece is read where it is; valid within one call. */
    const char *whole;
    size_t whole_length;
    char host[HTTP_RAW_HOST_MAX]; /* "Host: NAME:PORT\r\n" */
};

/* Writes the program's part of a request. */
void http_raw_spell(struct http_raw_program *program, bool keepalive);

int http_raw_open(struct bench_conn *conn, struct bench_error *err);
int http_raw_submit(struct bench_conn *conn, struct bench_op *op, struct bench_error *err);
void http_raw_cancel(struct bench_conn *conn, struct bench_op *op);
void http_raw_close(struct bench_conn *conn);
void http_raw_fini(struct bench_conn *conn);

/* Makes the Host header and the prefix (http_raw_request.c). 0, -EINVAL, -ENOTSUP. */
int http_raw_set_address(struct http_raw_conn *raw, struct bench_error *err) BENCH_MUST_CHECK;
/* Writes the request of raw->op, as far as the kernel takes it. When the connection breaks by it, the
 * op is done. */
void http_raw_send(struct http_raw_conn *raw);
/* Writes more of a chunked payload. The same. */
void http_raw_send_more(struct http_raw_conn *raw);
/* All of the request has been written, though the kernel may not have taken it yet. */
bool http_raw_all_sent(const struct http_raw_conn *raw);

#endif
