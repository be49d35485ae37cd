/* SPDX-License-Identifier: MIT */
/*
 * How the rows of operations.def are spelled in HTTP, in both directions: a call becomes a verb
 * and a target, a reply's body becomes a value; on the other side a request becomes a row with
 * arguments, and a value becomes a body. No sockets, no state, any thread.
 *
 * Small replies are one JSON object with one member, written without blanks (any spacing is
 * read): {"response":"pong"}. Users are objects themselves, several of them a list. Bulk replies are bare bytes. Whole numbers beyond +-2^53 travel as
 * strings, because JSON readers may hold numbers as doubles.
 */
#ifndef HTTP_CODEC_H
#define HTTP_CODEC_H

#include <stdbool.h>

#include "bench/error.h"
#include "bench/object.h"
#include "bench/operation.h"

struct bench_buf;

#define HTTP_TARGET_MAX 2048                       /* bytes of path and query, with the NUL */
#define HTTP_BODY_MAX   4096                       /* bytes of a body that a text spec gives */
#define HTTP_BINARY     "application/octet-stream" /* content type of bulk replies */

enum http_verb {
    HTTP_VERB_GET,
    HTTP_VERB_HEAD,
    HTTP_VERB_POST,
    HTTP_VERB_PUT,
    HTTP_VERB_PATCH,
    HTTP_VERB_DELETE,
    HTTP_VERB_OPTIONS,
    HTTP_VERB_OTHER
};

/* "GET"; never NULL. */
const char *http_verb_name(enum http_verb verb);

/* ---- the client's side ---- */

/* A call in HTTP's words. */
struct http_call {
    enum http_verb verb;
    const struct bench_operation *operation; /* NULL: a user's text or the probe */
    bool probe;                              /* any answer below 500 is a good one */
    bool bulk;                               /* the reply's body goes to the sink */
    bool text;                               /* a user's text: any reply becomes a value */
    bool sends_body;                         /* one goes out, be it of no bytes */
    bool json_body;                          /* it is to be read as JSON */
    bool chunked_tx;                         /* op->tx goes out piece by piece, chunked */
    bool reads_records;                      /* of the reply, which is here as a whole */
    uint64_t reply_bytes;                    /* expected of a bulk reply, 0 = unknown */
    size_t body_length; /* of what a user's text sends */
    char target[HTTP_TARGET_MAX];
    char body[HTTP_BODY_MAX];
};

/* 0; -ENOTSUP for a row that HTTP has no spelling for; -EINVAL for arguments of the wrong kind
 * and for text that is not `VERB /path` or `VERB /path BODY` (GET and HEAD have none). A body goes out as it stands, but
 * for one that is written as Python's b'...'; one that begins with { or [ is called JSON. */
int http_codec_spell(const struct bench_spec *spec, struct http_call *out,
                     struct bench_error *err) BENCH_MUST_CHECK;

/* The value in the body of a good reply of a row that is not bulk. 0, -EPROTO (not the JSON that
 * the row answers), -ENOMEM. */
int http_codec_decode(const struct bench_operation *operation, const void *body, size_t length,
                      struct bench_arena *arena, struct bench_value *out,
                      struct bench_error *err) BENCH_MUST_CHECK;

/* The same for a user's text; an error names the column. */
int http_codec_spell_text(const char *text, struct http_call *out,
                          struct bench_error *err) BENCH_MUST_CHECK;
/* The value of a hexadecimal digit, -1 if it is none. */
int http_hex_digit(char c);

/* What a user's call answered: a JSON object or array as DICT or LIST, anything else as BYTES.
 * 0 or -ENOMEM. */
int http_codec_decode_text(const void *body, size_t length, struct bench_arena *arena,
                           struct bench_value *out) BENCH_MUST_CHECK;

/* Reads {"error":"Type","message":"..."} as "Type: message" on one line, cut to size. False if
 * the body has another shape. */
bool http_codec_decode_error(const void *body, size_t length, char *out, size_t size);

/* ---- the server's side ---- */

#define HTTP_ROUTE_ARGS (BENCH_OPERATION_PARAMS + 1) /* and the transmitted bytes */

/* What a request asks for. */
struct http_route {
    int status;                              /* 200, 400, 404, 405 */
    const struct bench_operation *operation; /* NULL with status 200: the root, "/" */
    struct bench_value args[HTTP_ROUTE_ARGS];
    size_t nargs;      /* parameters; the transmitted bytes are for the caller to add */
    const char *allow; /* with 405: the verbs that are allowed; static */
    char why[160];     /* with 400: what is wrong */
};

/* Finds the row; target is NUL-terminated and decoded in place, and it and the arena hold the
 * arguments. HEAD is answered like GET. */
void http_codec_route(enum http_verb verb, char *target, struct bench_arena *arena,
                      struct http_route *out);

/* A body that is ready to be sent; borrows from the value or from the buffer. */
struct http_body {
    const char *content_type; /* static */
    const void *data;
    size_t length;
};

/* The body that answers a row with a value that has no objects in it; JSON is written to buf, bytes are borrowed from value. 0,
 * -ENOTSUP (a kind that HTTP cannot carry), or the errors of bench_buf_reserve. */
int http_codec_encode(const struct bench_operation *operation, const struct bench_value *value,
                      struct bench_buf *buf, struct http_body *out) BENCH_MUST_CHECK;
/* {"error":"Type","message":"..."}; the errors of bench_buf_reserve. */
int http_codec_encode_error(const char *type, const char *message, struct bench_buf *buf,
                            struct http_body *out) BENCH_MUST_CHECK;
/* The status for an exception of the service: 400 if the caller is to blame, else 500. */
int http_codec_exception_status(const char *type);

#endif
