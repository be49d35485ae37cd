/* SPDX-License-Identifier: MIT */
#include "protocols/http/http_json.h"

#include <errno.h>
#include <string.h>

static int add_char(struct bench_buf *buf, const unsigned char *text, size_t n)
{
    if (n == 0)
        return bench_buf_add(buf, "\xef\xbf\xbd", 3);
    if (text[0] == '"' || text[0] == '\\')
        return bench_buf_printf(buf, "\\%c", text[0]);
    if (text[0] < 0x20 || text[0] == 0x7f)
        return bench_buf_printf(buf, "\\u%04x", text[0]);
    return bench_buf_add(buf, text, n);
}

static int is_plain(unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

int http_json_add_string(struct bench_buf *buf, const char *text, size_t length)
{
    const unsigned char *p = (const unsigned char *)text;
    const unsigned char *end = p + length;
    int rc = bench_buf_add(buf, "\"", 1);
    while (rc == 0 && p < end) {
        const unsigned char *run = p;
        while (p < end && is_plain(*p))
            p++;
        if (p > run) {
            rc = bench_buf_add(buf, run, (size_t)(p - run));
            continue;
        }
        size_t n = bench_utf8_length(p, length - (size_t)(p - (const unsigned char *)text));
        rc = add_char(buf, p, n);
        p += n == 0 ? 1 : n;
    }
    return rc == 0 ? bench_buf_add(buf, "\"", 1) : rc;
}

static int text_value(const char *text, size_t length, struct bench_arena *arena,
                      struct bench_value *out)
{
    const char *copy = bench_arena_copy(arena, text, length);
    *out = bench_str_n(copy, length);
    return copy == NULL ? -ENOMEM : 0;
}

/* An array's items, or an object's keys and values in their order. */
static int items_value(const json_t *json, struct bench_arena *arena, struct bench_value *out)
{
    bool array = json_is_array(json);
    size_t count = array ? json_array_size(json) : 2 * json_object_size(json), n = 0;
    struct bench_value *items = bench_arena_alloc(arena, count * sizeof(*items) + 1);
    int rc = items == NULL ? -ENOMEM : 0;
    union {
        const json_t *in;
        json_t *out; /* to iterate over an object, which it does not change */
    } object = {.in = json};
    void *at = array ? NULL : json_object_iter(object.out);
    for (size_t i = 0; rc == 0 && array && i < count; i++)
        rc = http_json_value(json_array_get(json, i), arena, &items[i]);
    while (rc == 0 && at != NULL) {
        const char *key = json_object_iter_key(at);
        rc = text_value(key, strlen(key), arena, &items[n]);
        if (rc == 0)
            rc = http_json_value(json_object_iter_value(at), arena, &items[n + 1]);
        n += 2;
        at = json_object_iter_next(object.out, at);
    }
    *out = bench_tuple(items, count);
    out->kind = array ? BENCH_LIST : BENCH_DICT;
    return rc;
}

int http_json_value(const json_t *json, struct bench_arena *arena, struct bench_value *out)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        return items_value(json, arena, out);
    case JSON_STRING:
        return text_value(json_string_value(json), json_string_length(json), arena, out);
    case JSON_INTEGER:
        *out = bench_int(json_integer_value(json));
        return 0;
    case JSON_REAL:
        *out = bench_float(json_real_value(json));
        return 0;
    case JSON_TRUE:
    case JSON_FALSE:
        *out = bench_bool(json_is_true(json));
        return 0;
    case JSON_NULL:
        break;
    }
    *out = bench_none();
    return 0;
}
