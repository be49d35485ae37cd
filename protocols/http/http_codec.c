/* SPDX-License-Identifier: MIT */
#include "protocols/http/http_codec.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "protocols/http/http_json.h"
#include "protocols/http/http_value.h"

#define SIMPLE_DIGITS  15                 /* of a number that needs no check for overflow */
#define ALLOW_GET      "GET, HEAD"
#define ALLOW_POST     "POST"

/* How a row is spelled. A path that ends in '/' is followed by the first parameter; `query` names
 * the next one. `key` is the member of the JSON reply and `kind` its value; BYTES = bulk. Without a
 * key the reply is the value itself; TUPLE = JSON has a list of objects where the service answers a
 * tuple of tuples. A row without a path has no sense here: there are no references to call.
 * `chunked`: the payload travels in chunked encoding. Such a row shares its path with the one that
 * moves the same payload whole: a query tells a streamed reply from a whole one, and a streamed
 * request is the same to the server as a whole one. */
struct spelling {
    const char *path; /* NULL: HTTP has no such operation */
    enum http_verb verb;
    enum bench_kind kind;
    const char *key;
    const char *query;
    bool chunked;
    bool alias;       /* another row answers the same request */
    bool needs_query; /* without it the request is another row's */
};

static const struct spelling spellings[BENCH_OPERATION_COUNT] = {
    [BENCH_OP_PING] = {"/ping", HTTP_VERB_GET, BENCH_STR, "response", NULL, false},
    [BENCH_OP_ECHO] = {"/echo", HTTP_VERB_POST, BENCH_BYTES, NULL, NULL, false},
    [BENCH_OP_UPLOAD] = {"/upload", HTTP_VERB_POST, BENCH_INT, "size", NULL, false},
    [BENCH_OP_DOWNLOAD] = {"/download/", HTTP_VERB_GET, BENCH_BYTES, NULL, NULL, false},
    [BENCH_OP_UPLOAD_CHUNK] = {"/upload-chunk", HTTP_VERB_POST, BENCH_INT, "size", NULL, false},
    [BENCH_OP_DOWNLOAD_CHUNK] = {"/download-chunk/", HTTP_VERB_GET, BENCH_BYTES, NULL, "offset",
                                 false},
    [BENCH_OP_UPLOAD_CHUNKED] = {"/upload", HTTP_VERB_POST, BENCH_INT, "size", NULL, true},
    [BENCH_OP_DOWNLOAD_CHUNKED] = {"/download/", HTTP_VERB_GET, BENCH_BYTES, NULL, "chunk", true},
    [BENCH_OP_CPU_WORK] = {"/cpu/", HTTP_VERB_GET, BENCH_STR, "result", NULL, false},
    [BENCH_OP_COMPUTE] = {"/compute/", HTTP_VERB_GET, BENCH_INT, "result", NULL, false},
    [BENCH_OP_IO_WORK] = {"/io/", HTTP_VERB_GET, BENCH_STR, "result", NULL, false},
    [BENCH_OP_HEALTH_CHECK] = {"/health", HTTP_VERB_GET, BENCH_STR, "status", NULL, false},
    [BENCH_OP_GET_USER] = {"/users/", HTTP_VERB_GET, BENCH_DICT, NULL, NULL, false},
    [BENCH_OP_GET_USERS] = {"/users", HTTP_VERB_GET, BENCH_LIST, NULL, "n", false},
    [BENCH_OP_GET_USERS_DICTS] = {"/users", HTTP_VERB_GET, BENCH_LIST, NULL, "n", .alias = true},
    [BENCH_OP_GET_USERS_TUPLES] = {"/users", HTTP_VERB_GET, BENCH_TUPLE, NULL, "n", .alias = true},
    [BENCH_OP_GET_USERS_BATCH] = {"/users", HTTP_VERB_GET, BENCH_TUPLE, NULL, "ids", .alias = true},
    [BENCH_OP_GET_USERS_BATCH_DICTS] = {"/users", HTTP_VERB_GET, BENCH_LIST, NULL, "ids",
                                        .needs_query = true},
    [BENCH_OP_FAIL] = {"/fail/", HTTP_VERB_GET, BENCH_NONE, NULL, NULL, false},
};

static bool takes_argument(const struct spelling *row)
{
    return row->path[strlen(row->path) - 1] == '/';
}

static const char *const verb_names[] = {
    [HTTP_VERB_GET] = "GET",
    [HTTP_VERB_HEAD] = "HEAD",
    [HTTP_VERB_POST] = "POST",
    [HTTP_VERB_PUT] = "PUT",
    [HTTP_VERB_PATCH] = "PATCH",
    [HTTP_VERB_DELETE] = "DELETE",
    [HTTP_VERB_OPTIONS] = "OPTIONS",
    [HTTP_VERB_OTHER] = "?",
};

const char *http_verb_name(enum http_verb verb) { return verb_names[verb]; }

/* ---- spelling a call ---- */

static int append(char *target, const char *text, size_t length, struct bench_error *err)
{
    size_t used = strlen(target);
    if (length >= HTTP_TARGET_MAX - used)
        return bench_fail(err, -EINVAL, "the target of a request may have %d bytes",
                          HTTP_TARGET_MAX - 1);
    memcpy(target + used, text, length);
    target[used + length] = '\0';
    return 0;
}

static int append_integer(char *target, const struct bench_value *value, struct bench_error *err)
{
    char text[24];
    if (value->kind == BENCH_BIGINT)
        return append(target, value->text.data, value->text.length, err);
    snprintf(text, sizeof(text), "%" PRId64, value->integer);
    return append(target, text, strlen(text), err);
}

/* "1,2,3" */
static int append_integers(char *target, const struct bench_value *tuple, const char *name,
                           struct bench_error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < tuple->seq.count; i++) {
        const struct bench_value *item = &tuple->seq.items[i];
        if (item->kind != BENCH_INT && item->kind != BENCH_BIGINT)
            return bench_fail(err, -EINVAL, "%s takes whole numbers", name);
        if (i > 0)
            rc = append(target, ",", 1, err);
        if (rc == 0)
            rc = append_integer(target, item, err);
    }
    return rc;
}

/* With everything but letters, digits and "-._~" as %XX (RFC 3986, 2.3). */
static int append_text(char *target, const struct bench_value *value, struct bench_error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < value->text.length; i++) {
        const unsigned char c = (unsigned char)value->text.data[i];
        const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                           (c >= 'a' && c <= 'z') || (c != '\0' && strchr("-._~", c) != NULL);
        char code[4] = {(char)c};
        if (!plain)
            snprintf(code, sizeof(code), "%%%02X", c);
        rc = append(target, code, strlen(code), err);
    }
    return rc;
}

static int append_arg(const struct bench_spec *spec, size_t i, char *target,
                      struct bench_error *err)
{
    const struct bench_param *param = &spec->operation->params[i];
    struct bench_value value = bench_spec_arg(spec, i);
    enum bench_kind wanted = param->default_value.kind;
    bool number = wanted == BENCH_INT || wanted == BENCH_FLOAT;
    char text[40];

    if (value.kind == BENCH_INT && number)
        return append_integer(target, &value, err);
    if (value.kind == BENCH_BIGINT && wanted == BENCH_INT)
        return append_integer(target, &value, err);
    if (value.kind == BENCH_FLOAT && wanted == BENCH_FLOAT && isfinite(value.real)) {
        http_print_real(value.real, text, sizeof(text));
        return append(target, text, strlen(text), err);
    }
    if (value.kind == wanted && wanted == BENCH_TUPLE)
        return append_integers(target, &value, param->name, err);
    if (value.kind == wanted && wanted == BENCH_STR)
        return append_text(target, &value, err);
    return bench_fail(err, -EINVAL, "%s takes %s as %s", spec->operation->name,
                      wanted == BENCH_FLOAT   ? "a finite number"
                      : wanted == BENCH_TUPLE ? "a tuple of whole numbers"
                      : wanted == BENCH_STR   ? "a text"
                                              : "a whole number",
                      param->name);
}

static int spell_operation(const struct bench_spec *spec, struct http_call *out,
                           struct bench_error *err)
{
    const struct bench_operation *operation = spec->operation;
    const struct spelling *row = &spellings[operation->id];
    size_t nparams = bench_operation_nparams(operation);

    if (row->path == NULL)
        return bench_fail(err, -ENOTSUP, "http has no spelling of %s", operation->name);
    if (spec->nargs > nparams)
        return bench_fail(err, -EINVAL, "%s takes %zu arguments, not %zu", operation->name, nparams,
                          spec->nargs);
    int rc = append(out->target, row->path, strlen(row->path), err);
    if (rc == 0 && takes_argument(row))
        rc = append_arg(spec, 0, out->target, err);
    if (rc == 0 && row->query != NULL) {
        char name[32];
        int length = snprintf(name, sizeof(name), "?%s=", row->query);
        rc = append(out->target, name, (size_t)length, err);
        if (rc == 0)
            rc = append_arg(spec, takes_argument(row) ? 1 : 0, out->target, err);
    }
    if (rc < 0)
        return rc;
    if (spec->reading != BENCH_READING_NONE && row->kind != BENCH_LIST && row->kind != BENCH_TUPLE)
        return bench_fail(err, -ENOTSUP, "%s answers no records", operation->name);
    out->reads_records = spec->reading != BENCH_READING_NONE;
    out->operation = operation;
    out->verb = row->verb;
    out->sends_body = row->verb == HTTP_VERB_POST;
    out->bulk = operation->bulk;
    out->chunked_tx = row->chunked && row->verb == HTTP_VERB_POST;
    if (operation->bulk && nparams > 0) {
        struct bench_value size = bench_spec_arg(spec, 0);
        if (size.kind == BENCH_INT && size.integer > 0)
            out->reply_bytes = (uint64_t)size.integer;
    }
    return 0;
}

int http_codec_spell(const struct bench_spec *spec, struct http_call *out, struct bench_error *err)
{
    *out = (struct http_call){.verb = HTTP_VERB_GET};
    switch (spec->kind) {
    case BENCH_SPEC_OPERATION:
        return spell_operation(spec, out, err);
    case BENCH_SPEC_TEXT:
        return http_codec_spell_text(spec->text, out, err);
    case BENCH_SPEC_PROBE:
        out->verb = HTTP_VERB_HEAD;
        out->probe = true;
        return append(out->target, "/", 1, err);
    }
    return bench_fail(err, -EINVAL, "spec of unknown kind %d", (int)spec->kind);
}

/* ---- reading a reply ---- */

/* A whole number that was sent as a string. */
static int decode_digits(const char *text, struct bench_arena *arena, struct bench_value *out)
{
    size_t length = strlen(text);
    const char *digits = text + (text[0] == '-');
    if (*digits < '1' || *digits > '9' || strspn(digits, "0123456789") != strlen(digits))
        return -EPROTO;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno == 0) {
        *out = bench_int(value);
        return 0;
    }
    char *copy = bench_arena_copy(arena, text, length);
    if (copy == NULL)
        return -ENOMEM;
    *out = (struct bench_value){.kind = BENCH_BIGINT, .text = {copy, length}};
    return 0;
}

static int decode_member(const json_t *member, enum bench_kind kind, struct bench_arena *arena,
                         struct bench_value *out)
{
    if (kind == BENCH_INT && json_is_integer(member)) {
        *out = bench_int(json_integer_value(member));
        return 0;
    }
    if (!json_is_string(member))
        return -EPROTO;
    if (kind == BENCH_INT)
        return decode_digits(json_string_value(member), arena, out);
    size_t length = json_string_length(member);
    char *copy = bench_arena_copy(arena, json_string_value(member), length);
    if (copy == NULL)
        return -ENOMEM;
    *out = bench_str_n(copy, length);
    return 0;
}

/* A reply that is the value itself, in the form in which the service answers it. */
static int decode_whole(const json_t *root, enum bench_kind kind, struct bench_arena *arena,
                        struct bench_value *out)
{
    struct bench_value value;
    int rc = http_value_read(root, arena, &value);
    if (rc == 0 && kind == BENCH_TUPLE)
        rc = http_value_to_tuples(&value, arena);
    if (rc == 0 && value.kind != kind)
        rc = -EPROTO;
    if (rc == 0)
        *out = value;
    return rc;
}

/* The reply as our servers write it, {"key":"text"} or {"key":123}, without a parser: building
 * jansson's tree for it costs as much as a tenth of a whole request. False = something else. */
static bool decode_simple(const struct spelling *row, const char *body, size_t length,
                          struct bench_arena *arena, struct bench_value *out)
{
    const size_t key = strlen(row->key), head = key + 4; /* {"key": */
    if (length < head + 2 || memcmp(body, "{\"", 2) != 0 || memcmp(body + 2, row->key, key) != 0 ||
        memcmp(body + 2 + key, "\":", 2) != 0 || body[length - 1] != '}')
        return false;
    const char *p = body + head;
    const char *end = body + length - 1;
    if (row->kind == BENCH_INT) {
        int64_t value = 0;
        if (p == end || end - p > SIMPLE_DIGITS || (*p == '0' && end - p > 1))
            return false;
        for (; p < end; p++) {
            if (*p < '0' || *p > '9')
                return false;
            value = value * 10 + (*p - '0');
        }
        *out = bench_int(value);
        return true;
    }
    if (end - p < 2 || *p != '"' || end[-1] != '"')
        return false;
    for (const char *c = p + 1; c < end - 1; c++)
        if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\')
            return false;
    size_t text_length = (size_t)(end - p) - 2;
    const char *copy = bench_arena_copy(arena, p + 1, text_length);
    if (copy == NULL)
        return false;
    *out = bench_str_n(copy, text_length);
    return true;
}

int http_codec_decode(const struct bench_operation *operation, const void *body, size_t length,
                      struct bench_arena *arena, struct bench_value *out, struct bench_error *err)
{
    const struct spelling *row = &spellings[operation->id];
    if (row->key != NULL && decode_simple(row, body, length, arena, out))
        return 0;
    json_error_t json_error;
    json_t *root = json_loadb(body, length, 0, &json_error);
    if (root == NULL)
        return bench_fail(err, -EPROTO, "the reply to %s is not JSON: %.100s", operation->name,
                          json_error.text);
    int rc;
    if (row->key == NULL) {
        rc = decode_whole(root, row->kind, arena, out);
    } else {
        const json_t *member = json_object_get(root, row->key);
        rc = member == NULL ? -EPROTO : decode_member(member, row->kind, arena, out);
    }
    json_decref(root);
    if (rc == -EPROTO && row->key == NULL)
        return bench_fail(err, rc, "the reply to %s is not %s", operation->name,
                          row->kind == BENCH_DICT   ? "an object"
                          : row->kind == BENCH_NONE ? "a failure"
                                                    : "a list of objects");
    if (rc == -EPROTO)
        return bench_fail(err, rc, "the reply to %s has no %s '%s'", operation->name,
                          row->kind == BENCH_INT ? "whole number" : "string", row->key);
    if (rc < 0)
        return bench_fail(err, rc, "no memory for the reply to %s", operation->name);
    return 0;
}

bool http_codec_decode_error(const void *body, size_t length, char *out, size_t size)
{
    json_t *root = json_loadb(body, length, 0, NULL);
    const char *type = json_string_value(json_object_get(root, "error"));
    const char *message = json_string_value(json_object_get(root, "message"));
    bool ok = type != NULL && message != NULL;
    if (ok) {
        snprintf(out, size, "%s%s%s", type, message[0] != '\0' ? ": " : "", message);
        for (char *p = out; *p != '\0'; p++)
            if ((unsigned char)*p < ' ' || *p == 0x7f)
                *p = ' ';
    }
    json_decref(root);
    return ok;
}

/* ---- reading a request ---- */

/* Decodes %XX in place. False for a bad escape and for %00. */
static bool percent_decode(char *text)
{
    char *from = strchr(text, '%');
    if (from == NULL)
        return true;
    char *to = from;
    while (*from != '\0') {
        if (*from != '%') {
            *to++ = *from++;
            continue;
        }
        int high = http_hex_digit(from[1]);
        int low = high < 0 ? -1 : http_hex_digit(from[2]);
        if (low < 0 || (high == 0 && low == 0))
            return false;
        *to++ = (char)(high << 4 | low);
        from += 3;
    }
    *to = '\0';
    return true;
}

/* "1,2,3"; nothing at all is an empty tuple. */
static bool parse_integers(const char *text, struct bench_arena *arena, struct bench_value *out)
{
    size_t count = *text != '\0' ? 1 : 0;
    for (const char *p = text; *p != '\0'; p++)
        count += *p == ',';
    struct bench_value *items = bench_arena_alloc(arena, (count + 1) * sizeof(*items));
    if (items == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        char *end;
        errno = 0;
        items[i] = bench_int(strtoll(text, &end, 10));
        if (end == text || (*text != '-' && (*text < '0' || *text > '9')) || errno != 0 ||
            *end != (i + 1 < count ? ',' : '\0'))
            return false;
        text = end + 1;
    }
    *out = bench_tuple(items, count);
    return true;
}

static bool parse_arg(const char *text, enum bench_kind kind, struct bench_arena *arena,
                      struct bench_value *out)
{
    char *end;
    if (kind == BENCH_TUPLE)
        return parse_integers(text, arena, out);
    if (kind == BENCH_STR) {
        *out = bench_str(text);
        return *text != '\0';
    }
    if (*text == '\0' ||
        strspn(text, kind == BENCH_FLOAT ? "+-.0123456789eE" : "-0123456789") != strlen(text))
        return false;
    errno = 0;
    if (kind == BENCH_FLOAT) {
        *out = bench_float(strtod(text, &end));
        return *end == '\0' && isfinite(out->real);
    }
    *out = bench_int(strtoll(text, &end, 10));
    return *end == '\0' && errno == 0;
}

/* The value of a query's parameter, not decoded and not cut off behind, or NULL. */
static char *query_find(char *query, const char *name)
{
    size_t length = strlen(name);
    for (char *pair = query; pair != NULL; pair = strchr(pair, '&')) {
        pair += *pair == '&';
        if (strncmp(pair, name, length) == 0 && pair[length] == '=')
            return pair + length + 1;
    }
    return NULL;
}

static bool path_matches(const struct spelling *row, const char *path, char *query)
{
    const bool picky = row->chunked || row->needs_query;
    if (row->path == NULL || row->alias ||
        (picky &&
         (row->query == NULL || query == NULL || query_find(query, row->query) == NULL)))
        return false;
    size_t length = strlen(row->path);
    if (!takes_argument(row))
        return strcmp(row->path, path) == 0;
    return strncmp(row->path, path, length) == 0 && strchr(path + length, '/') == NULL;
}

static void route_bad(struct http_route *out, const char *name, const char *what, const char *text)
{
    out->status = 400;
    snprintf(out->why, sizeof(out->why), "%s: bad %s '%.80s'", name, what, text);
}

static void route_args(const struct spelling *row, const char *path, char *query,
                       struct bench_arena *arena, struct http_route *out)
{
    const struct bench_operation *operation = out->operation;
    const bool in_path = takes_argument(row);
    out->nargs = bench_operation_nparams(operation);
    for (size_t i = 0; i < out->nargs; i++) {
        const struct bench_param *param = &operation->params[i];
        const char *text = NULL;
        if (i == 0 && in_path) {
            text = path + strlen(row->path);
        } else if (row->query != NULL && query != NULL) {
            char *value = query_find(query, row->query);
            if (value != NULL)
                value[strcspn(value, "&")] = '\0';
            if (value != NULL && !percent_decode(value)) {
                route_bad(out, operation->name, "escape in", value);
                return;
            }
            text = value;
        }
        out->args[i] = param->default_value;
        if (text != NULL &&
            !parse_arg(text, param->default_value.kind, arena, &out->args[i])) {
            route_bad(out, operation->name, param->name, text);
            return;
        }
        if (i == 1 && row->chunked && out->args[i].integer < 1) {
            route_bad(out, operation->name, param->name, text);
            return;
        }
    }
}

void http_codec_route(enum http_verb verb, char *target, struct bench_arena *arena,
                      struct http_route *out)
{
    *out = (struct http_route){.status = 404};
    /* A request to a proxy carries the whole URL; a server must take it too (RFC 9112, 3.2.2). */
    if (strncasecmp(target, "http://", 7) == 0) {
        char *path = strchr(target + 7, '/');
        target = path != NULL ? path : target + strlen(target);
    }
    char *query = strchr(target, '?');
    if (query != NULL)
        *query++ = '\0';
    if (!percent_decode(target)) {
        route_bad(out, "request", "escape in", target);
        return;
    }
    enum http_verb plain = verb == HTTP_VERB_HEAD ? HTTP_VERB_GET : verb;
    if (strcmp(target, "/") == 0 || target[0] == '\0') {
        out->status = plain == HTTP_VERB_GET ? 200 : 405;
        out->allow = ALLOW_GET;
        return;
    }
    /* From the last on: a row that asks for a query stands behind the one that does not. */
    for (int id = BENCH_OPERATION_COUNT - 1; id >= 0; id--) {
        const struct spelling *row = &spellings[id];
        if (!path_matches(row, target, query))
            continue;
        out->status = row->verb == plain ? 200 : 405;
        out->allow = row->verb == HTTP_VERB_POST ? ALLOW_POST : ALLOW_GET;
        if (out->status == 200) {
            out->operation = bench_operation_get((enum bench_operation_id)id);
            route_args(row, target, query, arena, out);
        }
        return;
    }
}

/* ---- writing a reply ---- */

static void take_json(struct bench_buf *buf, struct http_body *out)
{
    *out = (struct http_body){"application/json", bench_buf_head(buf), bench_buf_length(buf)};
}

int http_codec_encode(const struct bench_operation *operation, const struct bench_value *value,
                      struct bench_buf *buf, struct http_body *out)
{
    const struct spelling *row = &spellings[operation->id];
    if (value->kind == BENCH_BYTES) {
        *out = (struct http_body){HTTP_BINARY, value->text.data, value->text.length};
        return 0;
    }
    const bool whole = row->key == NULL && row->kind != BENCH_BYTES;
    bench_buf_clear(buf);
    int rc = 0;
    if (!whole)
        rc = bench_buf_printf(buf, "{\"%s\":", row->key != NULL ? row->key : "result");
    if (rc == 0)
        rc = http_value_add(buf, value);
    if (rc == 0 && !whole)
        rc = bench_buf_add(buf, "}", 1);
    if (rc == 0)
        take_json(buf, out);
    return rc;
}

int http_codec_encode_error(const char *type, const char *message, struct bench_buf *buf,
                            struct http_body *out)
{
    bench_buf_clear(buf);
    int rc = bench_buf_add(buf, "{\"error\":", 9);
    if (rc == 0)
        rc = http_json_add_string(buf, type, strlen(type));
    if (rc == 0)
        rc = bench_buf_add(buf, ",\"message\":", 11);
    if (rc == 0)
        rc = http_json_add_string(buf, message, strlen(message));
    if (rc == 0)
        rc = bench_buf_add(buf, "}", 1);
    if (rc == 0)
        take_json(buf, out);
    return rc;
}

int http_codec_exception_status(const char *type)
{
    return strcmp(type, "ValueError") == 0 || strcmp(type, "TypeError") == 0 ? 400 : 500;
}
