/* SPDX-License-Identifier: MIT */
/* What differs from one request of a connection to the next: target, headers, body, buffers. */
#include <stdio.h>
#include <string.h>

#include "protocols/http/http_conn.h"

#define BIG_BODY   ((uint64_t)128 << 10) /* from here on large buffers pay for themselves */
#define BIG_BUFFER (512L << 10)
/* libcurl makes one chunk of what one call of http_on_fetch gives; it leaves room for the frame
 * of the chunk, and its buffer ends at 2 MiB: a larger piece goes out as several chunks. */
#define CHUNK_FRAME_MAX   12L
#define UPLOAD_BUFFER_MAX (2L << 20)
#define CHUNKS_END_BYTES  5 /* "0\r\n\r\n" */

/* ---- a body in chunks ---- */

static size_t hex_digits(size_t n)
{
    size_t digits = 1;
    for (; n >= 16; n /= 16)
        digits++;
    return digits;
}

static size_t piece_size(const struct bench_op *op)
{
    return op->tx.chunk_size > 0 && op->tx.chunk_size < op->tx.length ? op->tx.chunk_size
                                                                      : op->tx.length;
}

size_t http_on_fetch(char *data, size_t size, size_t count, void *user)
{
    struct http_conn *http = user;
    const struct bench_op *op = http->op;
    if (op == NULL) /* it was taken back, and its data with it */
        return CURL_READFUNC_ABORT;
    if (http->given == op->tx.length) {
        http->given_bytes += CHUNKS_END_BYTES;
        return 0;
    }
    size_t piece = piece_size(op);
    size_t n = piece - http->given % piece;
    if (n > op->tx.length - http->given)
        n = op->tx.length - http->given;
    if (n > size * count)
        n = size * count;
    memcpy(data, (const char *)op->tx.data + http->given, n);
    http->given += n;
    http->given_bytes += hex_digits(n) + 2 + n + 2;
    return n;
}

/* For a request that is sent again because the kept connection turned out to be closed. */
int http_on_rewind(void *user, curl_off_t offset, int origin)
{
    struct http_conn *http = user;
    if (offset != 0 || origin != SEEK_SET)
        return CURL_SEEKFUNC_FAIL;
    http->given = 0;
    http->given_bytes = 0;
    return CURL_SEEKFUNC_OK;
}

/* ---- what a request costs ---- */

size_t http_decimal_digits(size_t n)
{
    size_t digits = 1;
    for (; n >= 10; n /= 10)
        digits++;
    return digits;
}

/* The head of a request with a body as libcurl writes it. CURLINFO_REQUEST_SIZE cannot be used there: it holds
 * the body as well, but only in so far as it went out together with the head. */
static size_t post_head_bytes(const struct http_conn *http, const struct bench_op *op)
{
    size_t n = strlen(http_verb_name(http->verb)) + strlen("  HTTP/1.1\r\n") + strlen(http->target);
    n += strlen("Host: \r\n") + http->host_bytes;
    n += strlen("User-Agent: " HTTP_USER_AGENT "\r\nAccept: */*\r\n\r\n");
    n += http->program->call.json_body ? strlen(HTTP_CONTENT_JSON) : strlen(HTTP_CONTENT_TYPE);
    if (!http->options->keepalive)
        n += strlen(HTTP_CONNECTION_CLOSE "\r\n");
    if (http->program->call.chunked_tx)
        return n + strlen(HTTP_CHUNKED "\r\n\r\n");
    return n + strlen("Content-Length: \r\n\r\n") + http_decimal_digits(http_tx_length(http->program, op));
}

uint64_t http_post_bytes(const struct http_conn *http, const struct bench_op *op)
{
    return post_head_bytes(http, op) +
           (http->program->call.chunked_tx ? http->given_bytes : http_tx_length(http->program, op));
}

/* ---- preparing one ---- */

/* By contents: another program may live where one that was freed has lived. */
static bool is_set_up_for(const struct http_conn *http, const struct http_program *program)
{
    return http->verb == program->call.verb && http->chunked_tx == program->call.chunked_tx &&
           http->json_body == program->call.json_body &&
           http->sends_body == program->call.sends_body &&
           strcmp(http->target + http->prefix_length, program->call.target) == 0;
}

static bool set_program(struct http_conn *http, const struct http_program *program)
{
    CURL *e = http->easy;
    CURLoption verb = CURLOPT_HTTPGET;
    struct curl_slist *headers = http->plain_headers;
    const char *name = NULL; /* where it is not libcurl's own for what goes out and comes back */
    if (program->call.verb > HTTP_VERB_POST)
        name = http_verb_name(program->call.verb);
    if (program->call.verb == HTTP_VERB_HEAD)
        verb = CURLOPT_NOBODY;
    else if (program->call.sends_body) {
        verb = CURLOPT_POST;
        headers = program->call.chunked_tx  ? http->chunked_headers
                  : program->call.json_body ? http->json_headers
                                            : http->post_headers;
    }
    memcpy(http->target + http->prefix_length, program->call.target,
           strlen(program->call.target) + 1);
    http->verb = HTTP_VERB_OTHER; /* until all is set */
    /* HTTPGET first: it undoes what the program before had set. */
    if (curl_easy_setopt(e, CURLOPT_HTTPGET, 1L) != CURLE_OK ||
        curl_easy_setopt(e, verb, 1L) != CURLE_OK ||
        curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, name) != CURLE_OK ||
        curl_easy_setopt(e, CURLOPT_REQUEST_TARGET, http->target) != CURLE_OK ||
        curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers) != CURLE_OK)
        return false;
    http->verb = program->call.verb;
    http->chunked_tx = program->call.chunked_tx;
    http->json_body = program->call.json_body;
    http->sends_body = program->call.sends_body;
    return true;
}

static long upload_buffer(const struct http_program *program, const struct bench_op *op)
{
    if (!program->base.tx)
        return HTTP_UPLOAD_BUFFER;
    if (!program->call.chunked_tx)
        return op->tx.length >= BIG_BODY ? BIG_BUFFER : HTTP_UPLOAD_BUFFER;
    size_t piece = piece_size(op);
    if (piece > (size_t)(UPLOAD_BUFFER_MAX - CHUNK_FRAME_MAX))
        return UPLOAD_BUFFER_MAX;
    long wanted = (long)piece + CHUNK_FRAME_MAX;
    return wanted > HTTP_UPLOAD_BUFFER ? wanted : HTTP_UPLOAD_BUFFER;
}

static bool set_buffers(struct http_conn *http, const struct http_program *program,
                        const struct bench_op *op)
{
    /* What is sent may come back. */
    bool big = program->call.reply_bytes >= BIG_BODY ||
               (program->base.tx && program->call.bulk && op->tx.length >= BIG_BODY);
    long down = big ? BIG_BUFFER : HTTP_SMALL_BUFFER;
    long up = upload_buffer(program, op);
    if (down != http->read_buffer) {
        if (curl_easy_setopt(http->easy, CURLOPT_BUFFERSIZE, down) != CURLE_OK)
            return false;
        http->read_buffer = down;
    }
    if (up != http->upload_buffer) {
        if (curl_easy_setopt(http->easy, CURLOPT_UPLOAD_BUFFERSIZE, up) != CURLE_OK)
            return false;
        http->upload_buffer = up;
    }
    return true;
}

static bool set_body(struct http_conn *http, const struct http_program *program,
                     const struct bench_op *op)
{
    curl_off_t length = (curl_off_t)http_tx_length(program, op);
    const void *data = length > 0 ? http_tx_data(program, op) : "";
    if (program->call.chunked_tx) {
        data = NULL; /* it is fetched with http_on_fetch */
        length = -1;
    }
    return curl_easy_setopt(http->easy, CURLOPT_POSTFIELDS, data) == CURLE_OK &&
           curl_easy_setopt(http->easy, CURLOPT_POSTFIELDSIZE_LARGE, length) == CURLE_OK;
}

bool http_request_prepare(struct http_conn *http, const struct http_program *program,
                          const struct bench_op *op)
{
    http->given = 0;
    http->given_bytes = 0;
    return (is_set_up_for(http, program) || set_program(http, program)) &&
           set_buffers(http, program, op) && (!program->call.sends_body || set_body(http, program, op));
}
