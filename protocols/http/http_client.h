/* SPDX-License-Identifier: MIT */
/*
 * The client's side of the HTTP backend, on libcurl's multi interface driven by our loop. One
 * multi handle and one easy handle per connection, so that "connection" means the same as for
 * every other protocol. The functions are members of the backend's table (bench/protocol.h has
 * their contract).
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "bench/conn.h"
#include "bench/option.h"
#include "protocols/http/http_reply.h"

struct http_options {
    bool keepalive;    /* off: a new TCP connection for every request */
    int64_t max_reply; /* bytes of a reply's body */
    bool tls;          /* of targets that are started; a connection goes by its address */
};

/* Of http and http-raw alike. */
extern const struct bench_option http_option_table[];

#define HTTP_MAX_PAYLOAD ((uint64_t)1 << 30) /* bytes */

/* NULL, or why libcurl cannot do what is needed. */
const char *http_client_unavailable(void);
int http_client_init(struct bench_error *err);
void http_client_fini(void);
/* libcurl and what it stands on, with versions. */
const char *http_client_libraries(void);

int http_conn_open(struct bench_conn *conn, struct bench_error *err);
int http_conn_submit(struct bench_conn *conn, struct bench_op *op, struct bench_error *err);
void http_conn_cancel(struct bench_conn *conn, struct bench_op *op);
void http_conn_close(struct bench_conn *conn);
void http_conn_fini(struct bench_conn *conn);

#endif
