/* SPDX-License-Identifier: MIT */
/*
 * What the files of the client on libcurl share about a connection. One multi handle and one easy handle each,
 * so that "connection" means the same as for every other protocol. Belongs to one loop's thread.
 */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include <curl/curl.h>

#include "bench/buf.h"
#include "protocols/http/http_chunks.h"
#include "protocols/http/http_client.h"

struct bench_io;
struct bench_timer;

#define HTTP_CONN_MAGIC       0x68747470u
#define HTTP_SMALL_BUFFER     (16L << 10) /* for receiving */
#define HTTP_UPLOAD_BUFFER    (64L << 10) /* libcurl's own default */

/* A socket of libcurl. Between two transfers libcurl stops watching it; we leave it in the poll
 * set (wanted = 0), so that a request does not cost two more system calls. */
struct http_socket {
    int fd; /* -1 = free */
    unsigned wanted;
    struct bench_io *io;
};

enum { HTTP_SOCKETS = 4 }; /* one, and a stale one that is being replaced */

struct http_conn {
    uint32_t magic;
    struct bench_conn *conn;
    const struct http_options *options;
    CURLM *multi;
    CURL *easy;
    CURLU *url; /* http://HOST:PORT/; what is asked for is CURLOPT_REQUEST_TARGET */
    struct curl_slist *plain_headers, *post_headers, *json_headers, *chunked_headers, *resolve;
    struct bench_timer *timer;
    int64_t timer_ns; /* wanted by libcurl, -1 = off */
    bool timer_changed, timer_armed;
    struct http_socket sockets[HTTP_SOCKETS];

    enum http_verb verb; /* what the easy handle is set up for, with target */
    bool chunked_tx, json_body, sends_body;
    long read_buffer, upload_buffer; /* bytes, as they are set */
    size_t host_bytes;               /* of the value of the Host header */
    size_t prefix_length;
    char target[sizeof(((struct bench_address *)0)->path) + HTTP_TARGET_MAX];

    const struct http_program *program; /* of the transfer */
    struct bench_op *op;                /* of the transfer; NULL if it was taken back */
    struct http_reply reply;            /* of the transfer */
    bool added;                         /* the easy handle is in the multi handle */
    bool inside;                        /* a function of libcurl is on the stack */
    bool close_later;
    bool head_done;            /* the empty line behind the headers came */
    bool chunked_reply;        /* its body is in chunked encoding */
    int abort_code;            /* why the write callback gave up */
    uint64_t body_bytes;       /* of the reply's body on the wire */
    size_t given;              /* payload of a chunked request that libcurl has fetched */
    uint64_t given_bytes;      /* the same on the wire */
    struct http_chunks chunks; /* of the reply */
    char error[CURL_ERROR_SIZE];
};

/* Makes the handles and sets all that does not change during the connection's life
 * (http_setup.c). 0 or a negative errno; what was made stays for http_conn_fini. */
int http_conn_setup(struct http_conn *http, struct bench_error *err) BENCH_MUST_CHECK;
/* The bytes of a decimal number. */
size_t http_decimal_digits(size_t n);
/* Sets the easy handle up for a request (http_request.c). False: libcurl does not take it. */
bool http_request_prepare(struct http_conn *http, const struct http_program *program,
                          const struct bench_op *op);
/* The bytes of the transfer's request, one with a body, on the wire. */
uint64_t http_post_bytes(const struct http_conn *http, const struct bench_op *op);

/* Callbacks of libcurl; user is the struct http_conn (http_client.c). */
curl_socket_t http_on_open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address);
int http_on_close_socket(void *user, curl_socket_t fd);
int http_on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *socket_user);
int http_on_timer_wanted(CURLM *multi, long timeout_ms, void *user);
int http_on_request(void *user, char *peer_ip, char *own_ip, int peer_port, int own_port);
size_t http_on_header(char *data, size_t size, size_t count, void *user);
size_t http_on_fetch(char *data, size_t size, size_t count, void *user);
int http_on_rewind(void *user, curl_off_t offset, int origin);
size_t http_on_body(char *data, size_t size, size_t count, void *user);

#endif
