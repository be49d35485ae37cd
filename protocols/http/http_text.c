/* SPDX-License-Identifier: MIT */
/* A user's own call, "PUT /path BODY", and what it answers. */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "protocols/http/http_codec.h"
#include "protocols/http/http_value.h"

int http_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int unescape(const char **at, char *out)
{
    static const char letters[] = "\\\\''\"\"n\nr\rt\t0\0";
    const char *p = *at;
    for (size_t i = 0; i + 1 < sizeof(letters); i += 2) {
        if (*p == letters[i]) {
            *out = letters[i + 1];
            *at = p + 1;
            return 0;
        }
    }
    int high = *p == 'x' ? http_hex_digit(p[1]) : -1;
    int low = high < 0 ? -1 : http_hex_digit(p[2]);
    if (low < 0)
        return -EINVAL;
    *out = (char)(high << 4 | low);
    *at = p + 3;
    return 0;
}

/* b'...' as Python writes bytes; `text` is the whole spec. */
static int spell_bytes(const char *text, const char *literal, struct http_call *out,
                       struct bench_error *err)
{
    const char quote = literal[1];
    const char *p = literal + 2;
    while (*p != '\0' && *p != quote) {
        char c = *p++;
        const char *escape = p;
        if (c == '\\' && unescape(&p, &c) < 0)
            return bench_fail(err, -EINVAL, "column %td: bad escape in bytes", escape - text);
        out->body[out->body_length++] = c;
    }
    if (*p == '\0')
        return bench_fail(err, -EINVAL, "column %td: bytes without an end", literal - text + 1);
    if (p[1] != '\0')
        return bench_fail(err, -EINVAL, "column %td: something behind the body", p - text + 2);
    return 0;
}

static int spell_body(const char *text, const char *body, struct http_call *out,
                      struct bench_error *err)
{
    size_t length = strlen(body);
    if (out->verb == HTTP_VERB_GET || out->verb == HTTP_VERB_HEAD)
        return bench_fail(err, -EINVAL, "column %td: %s has no body", body - text + 1,
                          http_verb_name(out->verb));
    if (length > sizeof(out->body))
        return bench_fail(err, -EINVAL, "column %td: a body of more than %d bytes",
                          body - text + 1, HTTP_BODY_MAX);
    out->sends_body = true;
    if (body[0] == 'b' && (body[1] == '\'' || body[1] == '"'))
        return spell_bytes(text, body, out, err);
    memcpy(out->body, body, length);
    out->body_length = length;
    out->json_body = body[0] == '{' || body[0] == '[';
    return 0;
}

int http_codec_spell_text(const char *text, struct http_call *out, struct bench_error *err)
{
    const char *blank = strchr(text, ' ');
    enum http_verb verb = HTTP_VERB_GET;
    while (blank != NULL && verb != HTTP_VERB_OTHER &&
           (strlen(http_verb_name(verb)) != (size_t)(blank - text) ||
            memcmp(text, http_verb_name(verb), (size_t)(blank - text)) != 0))
        verb++;
    if (blank == NULL || verb == HTTP_VERB_OTHER)
        return bench_fail(err, -EINVAL, "column 1: expected GET, HEAD, POST, PUT, PATCH, DELETE "
                                       "or OPTIONS and a path");
    const char *path = blank + 1;
    if (path[0] != '/')
        return bench_fail(err, -EINVAL, "column %td: the path does not begin with '/'",
                          path - text + 1);
    size_t length = strcspn(path, " ");
    for (const char *p = path; p < path + length; p++)
        if (*p <= ' ' || *p > '~' || *p == '#')
            return bench_fail(err, -EINVAL, "column %td: byte 0x%02x in a path must be written %%XX",
                              p - text + 1, (unsigned)(unsigned char)*p);
    if (length >= sizeof(out->target))
        return bench_fail(err, -EINVAL, "column %td: the target of a request may have %d bytes",
                          path - text + 1, HTTP_TARGET_MAX - 1);
    memcpy(out->target, path, length);
    out->target[length] = '\0';
    out->verb = verb;
    out->sends_body = verb == HTTP_VERB_POST || verb == HTTP_VERB_PUT || verb == HTTP_VERB_PATCH;
    out->text = verb != HTTP_VERB_HEAD;
    return path[length] == ' ' ? spell_body(text, path + length + 1, out, err) : 0;
}

int http_codec_decode_text(const void *body, size_t length, struct bench_arena *arena,
                           struct bench_value *out)
{
    json_t *root = length > 0 ? json_loadb(body, length, 0, NULL) : NULL;
    int rc = root == NULL ? -EPROTO : http_value_read(root, arena, out);
    json_decref(root);
    if (rc != -EPROTO)
        return rc;
    char *copy = bench_arena_copy(arena, body, length);
    if (copy == NULL)
        return -ENOMEM;
    *out = bench_bytes(copy, length);
    return 0;
}
