/* SPDX-License-Identifier: MIT */
#include "bench/object.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PLAIN_DEPTH_MAX = 32 };

static size_t utf8_length(unsigned char lead)
{
    return lead < 0x80                    ? 1
           : lead >= 0xC2 && lead <= 0xDF ? 2
           : lead >= 0xE0 && lead <= 0xEF ? 3
           : lead >= 0xF0 && lead <= 0xF4 ? 4
                                          : 0;
}

/* Messages quote what the peer sent, and both precision and the size of the message can cut a
 * character in two. What is no character becomes '?'. */
static void make_utf8(char *text)
{
    for (char *p = text; *p != '\0';) {
        const size_t n = utf8_length((unsigned char)*p);
        size_t i = 1;
        while (i < n && ((unsigned char)p[i] & 0xC0) == 0x80)
            i++;
        if (n == 0 || i < n) {
            *p++ = '?';
            continue;
        }
        p += n;
    }
}

static int raise_text(struct bench_call *call, const char *module, const char *type,
                      const char *format, va_list args)
{
    struct bench_exception *exception = &call->exception;
    *exception = (struct bench_exception){.module = module, .type = type};
    (void)vsnprintf(exception->message, sizeof(exception->message), format, args);
    make_utf8(exception->message);

    exception->args = bench_tuple(NULL, 0);
    const size_t length = strlen(exception->message);
    struct bench_value *item = bench_arena_alloc(call->arena, sizeof(*item));
    const char *text = bench_arena_copy(call->arena, exception->message, length);
    if (item != NULL && text != NULL) { /* without memory the type still arrives */
        *item = bench_str_n(text, length);
        exception->args = bench_tuple(item, 1);
    }
    return -EREMOTEIO;
}

int bench_raise(struct bench_call *call, const char *type, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int rc = raise_text(call, "builtins", type, format, args);
    va_end(args);
    return rc;
}

int bench_raise_custom(struct bench_call *call, const char *module, const char *type,
                       const struct bench_value *attributes, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int rc = raise_text(call, module, type, format, args);
    va_end(args);
    if (attributes != NULL)
        call->exception.attributes = *attributes;
    return rc;
}

static bool has_items(const struct bench_value *value)
{
    return value->kind == BENCH_TUPLE || value->kind == BENCH_LIST || value->kind == BENCH_DICT ||
           value->kind == BENCH_FROZENSET;
}

static int make_plain(struct bench_call *call, const struct bench_value *value, int depth,
                      struct bench_value *out)
{
    struct bench_value own = *value;
    if (depth > PLAIN_DEPTH_MAX)
        return -ENOTSUP;
    if (own.kind == BENCH_OBJECT) {
        struct bench_object *object = own.object;
        const int rc = object->ops->plain == NULL ? -ENOTSUP
                                                  : object->ops->plain(object, call, &own);
        if (rc < 0)
            return rc;
    }
    if (!has_items(&own) || own.seq.count == 0) {
        *out = own;
        return own.kind == BENCH_OBJECT ? -ENOTSUP : 0;
    }
    struct bench_value *items = bench_arena_alloc(call->arena, own.seq.count * sizeof(*items));
    int rc = items == NULL ? -ENOMEM : 0;
    for (size_t i = 0; rc == 0 && i < own.seq.count; i++)
        rc = make_plain(call, &own.seq.items[i], depth + 1, &items[i]);
    own.seq.items = items;
    *out = own;
    return rc;
}

int bench_value_plain(struct bench_call *call, const struct bench_value *value,
                      struct bench_value *out)
{
    return make_plain(call, value, 0, out);
}

void bench_value_release(const struct bench_value *value)
{
    if (value->kind == BENCH_OBJECT && value->object->ops->release != NULL)
        value->object->ops->release(value->object);
    for (size_t i = 0; has_items(value) && i < value->seq.count; i++)
        bench_value_release(&value->seq.items[i]);
}

void bench_store_end(struct bench_store *store)
{
    if (store->end != NULL)
        store->end(store);
}
