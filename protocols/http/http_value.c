/* SPDX-License-Identifier: MIT */
#include "protocols/http/http_value.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/http/http_json.h"

#define EXACT_MAX (INT64_C(1) << 53) /* a double holds every whole number up to here */

enum { DEPTH_MAX = 64 };

void http_print_real(double value, char *out, size_t size)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, size, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            return;
    }
}

/* ---- writing ---- */

static int add(struct bench_buf *buf, const struct bench_value *value, int depth);

static int add_items(struct bench_buf *buf, const struct bench_value *value, int depth)
{
    int rc = bench_buf_add(buf, "[", 1);
    for (size_t i = 0; rc == 0 && i < value->seq.count; i++) {
        if (i > 0)
            rc = bench_buf_add(buf, ",", 1);
        if (rc == 0)
            rc = add(buf, &value->seq.items[i], depth + 1);
    }
    return rc < 0 ? rc : bench_buf_add(buf, "]", 1);
}

static int add_members(struct bench_buf *buf, const struct bench_value *value, int depth)
{
    int rc = bench_buf_add(buf, "{", 1);
    for (size_t i = 0; rc == 0 && i + 1 < value->seq.count; i += 2) {
        const struct bench_value *key = &value->seq.items[i];
        if (key->kind != BENCH_STR)
            return -ENOTSUP;
        if (i > 0)
            rc = bench_buf_add(buf, ",", 1);
        if (rc == 0)
            rc = http_json_add_string(buf, key->text.data, key->text.length);
        if (rc == 0)
            rc = bench_buf_add(buf, ":", 1);
        if (rc == 0)
            rc = add(buf, key + 1, depth + 1);
    }
    return rc < 0 ? rc : bench_buf_add(buf, "}", 1);
}

static int add(struct bench_buf *buf, const struct bench_value *value, int depth)
{
    char text[40];
    if (depth > DEPTH_MAX)
        return -ENOTSUP;
    switch (value->kind) {
    case BENCH_NONE:
        return bench_buf_printf(buf, "null");
    case BENCH_BOOL:
        return bench_buf_printf(buf, value->boolean ? "true" : "false");
    case BENCH_INT:
        if (value->integer >= -EXACT_MAX && value->integer <= EXACT_MAX)
            return bench_buf_printf(buf, "%" PRId64, value->integer);
        return bench_buf_printf(buf, "\"%" PRId64 "\"", value->integer);
    case BENCH_BIGINT:
    case BENCH_STR:
        return http_json_add_string(buf, value->text.data, value->text.length);
    case BENCH_FLOAT:
        if (!isfinite(value->real))
            return -ENOTSUP;
        http_print_real(value->real, text, sizeof(text));
        return bench_buf_add(buf, text, strlen(text));
    case BENCH_TUPLE:
    case BENCH_LIST:
        return add_items(buf, value, depth);
    case BENCH_DICT:
        return add_members(buf, value, depth);
    default:
        return -ENOTSUP;
    }
}

int http_value_add(struct bench_buf *buf, const struct bench_value *value)
{
    return add(buf, value, 0);
}

/* ---- reading ---- */

static int read_value(const json_t *json, struct bench_arena *arena, int depth,
                      struct bench_value *out);

static int read_text(const char *text, size_t length, struct bench_arena *arena,
                     struct bench_value *out)
{
    const char *copy = bench_arena_copy(arena, text, length);
    if (copy == NULL)
        return -ENOMEM;
    *out = bench_str_n(copy, length);
    return 0;
}

static int read_array(const json_t *json, struct bench_arena *arena, int depth,
                      struct bench_value *out)
{
    const size_t count = json_array_size(json);
    struct bench_value *items = NULL;
    int rc = 0;
    if (count > 0 && (items = bench_arena_alloc(arena, count * sizeof(*items))) == NULL)
        return -ENOMEM;
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = read_value(json_array_get(json, i), arena, depth + 1, &items[i]);
    *out = (struct bench_value){.kind = BENCH_LIST, .seq = {items, count}};
    return rc;
}

static int read_object(const json_t *json, struct bench_arena *arena, int depth,
                       struct bench_value *out)
{
    const size_t count = 2 * json_object_size(json);
    struct bench_value *items = NULL;
    int rc = 0;
    if (count > 0 && (items = bench_arena_alloc(arena, count * sizeof(*items))) == NULL)
        return -ENOMEM;
    json_t *object = (json_t *)(uintptr_t)json; /* its iterators are not const */
    size_t i = 0;
    for (void *at = json_object_iter(object); rc == 0 && at != NULL;
         at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);
        rc = read_text(key, strlen(key), arena, &items[i]);
        if (rc == 0)
            rc = read_value(json_object_iter_value(at), arena, depth + 1, &items[i + 1]);
        i += 2;
    }
    *out = (struct bench_value){.kind = BENCH_DICT, .seq = {items, count}};
    return rc;
}

static int read_value(const json_t *json, struct bench_arena *arena, int depth,
                      struct bench_value *out)
{
    if (depth > DEPTH_MAX)
        return -EPROTO;
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return read_object(json, arena, depth, out);
    case JSON_ARRAY:
        return read_array(json, arena, depth, out);
    case JSON_STRING:
        return read_text(json_string_value(json), json_string_length(json), arena, out);
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
        *out = bench_none();
        return 0;
    }
    return -EPROTO;
}

int http_value_read(const json_t *json, struct bench_arena *arena, struct bench_value *out)
{
    return read_value(json, arena, 0, out);
}

int http_value_to_tuples(struct bench_value *value, struct bench_arena *arena)
{
    const size_t count = value->kind == BENCH_LIST ? value->seq.count : 0;
    struct bench_value *rows = NULL;
    if (value->kind != BENCH_LIST)
        return -EPROTO;
    if (count > 0 && (rows = bench_arena_alloc(arena, count * sizeof(*rows))) == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const struct bench_value *dict = &value->seq.items[i];
        const size_t width = dict->kind == BENCH_DICT ? dict->seq.count / 2 : 0;
        struct bench_value *row = NULL;
        if (dict->kind != BENCH_DICT)
            return -EPROTO;
        if (width > 0 && (row = bench_arena_alloc(arena, width * sizeof(*row))) == NULL)
            return -ENOMEM;
        for (size_t k = 0; k < width; k++)
            row[k] = dict->seq.items[2 * k + 1];
        rows[i] = bench_tuple(row, width);
    }
    *value = bench_tuple(rows, count);
    return 0;
}
