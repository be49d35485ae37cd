/* SPDX-License-Identifier: MIT */
/* What our side raised, as the record that an EXCEPTION message holds. */
#include <errno.h>
#include <string.h>

#include "protocols/rpyc/rpyc_msg.h"

enum { ATTRIBUTES_MAX = 256, REPR_BYTES = 1 << 20, MEMORY = 16 << 20 };

static bool is_builtin(const struct bench_exception *exception, const char *type)
{
    return (!exception->module || strcmp(exception->module, "builtins") == 0) &&
           strcmp(exception->type, type) == 0;
}

/* A Python client would raise these as they are and end its program. */
static const char *type_of(const struct bench_exception *exception)
{
    static const char *const deadly[] = {"SystemExit", "KeyboardInterrupt", "GeneratorExit"};
    for (size_t i = 0; i < BENCH_COUNT_OF(deadly); i++)
        if (is_builtin(exception, deadly[i]))
            return "RuntimeError";
    return exception->type;
}

/* The value itself if it travels by value, else its repr, as Python does it. */
static int as_value(struct bench_arena *arena, const struct bench_value *from,
                    struct bench_value *to)
{
    struct bench_buf text;
    if (rpyc_dumpable(from)) {
        *to = *from;
        return 0;
    }
    bench_buf_init(&text, REPR_BYTES);
    int rc = bench_value_repr(from, &text);
    if (rc == 0) {
        const size_t n = bench_buf_length(&text);
        const char *copy = bench_arena_copy(arena, bench_buf_head(&text), n);
        *to = bench_str_n(copy, copy ? n : 0);
        rc = copy ? 0 : -ENOMEM;
    } else {
        *to = bench_str("<too long>");
        rc = 0;
    }
    bench_buf_fini(&text);
    return rc;
}

static int take_args(struct bench_arena *arena, const struct bench_value *from,
                     struct bench_value *to)
{
    *to = bench_tuple(NULL, 0);
    if (from->kind != BENCH_TUPLE || from->seq.count == 0)
        return 0;
    struct bench_value *items = bench_arena_alloc(arena, from->seq.count * sizeof(*items));
    int rc = items ? 0 : -ENOMEM;
    for (size_t i = 0; rc == 0 && i < from->seq.count; i++)
        rc = as_value(arena, &from->seq.items[i], &items[i]);
    if (rc == 0)
        *to = bench_tuple(items, from->seq.count);
    return rc;
}

/* Those with a public name. */
static int take_attributes(struct bench_arena *arena, const struct bench_value *from,
                           struct bench_value *to)
{
    *to = bench_tuple(NULL, 0);
    if (from->kind != BENCH_TUPLE || from->seq.count == 0)
        return 0;
    const size_t most = from->seq.count < ATTRIBUTES_MAX ? from->seq.count : ATTRIBUTES_MAX;
    struct bench_value *items = bench_arena_alloc(arena, most * sizeof(*items));
    struct bench_value *pairs = bench_arena_alloc(arena, 2 * most * sizeof(*pairs));
    size_t n = 0;
    if (!items || !pairs)
        return -ENOMEM;
    for (size_t i = 0; i < most; i++) {
        const struct bench_value *pair = &from->seq.items[i];
        if (pair->kind != BENCH_TUPLE || pair->seq.count != 2)
            continue;
        const struct bench_value *name = &pair->seq.items[0];
        if (name->kind != BENCH_STR || name->text.length == 0 || name->text.data[0] == '_')
            continue;
        pairs[2 * n] = *name;
        int rc = as_value(arena, &pair->seq.items[1], &pairs[2 * n + 1]);
        if (rc < 0)
            return rc;
        items[n] = bench_tuple(&pairs[2 * n], 2);
        n++;
    }
    *to = bench_tuple(items, n);
    return 0;
}

int rpyc_write_exception(struct bench_buf *out, const struct bench_exception *exception)
{
    if (is_builtin(exception, "StopIteration"))
        return rpyc_dump_int(out, 1);
    /* ((module, type), args, attributes, traceback); Python fails on texts that are bytes. */
    const struct bench_value type[2] = {
        bench_str(exception->module ? exception->module : "builtins"),
        bench_str(type_of(exception)),
    };
    const struct bench_value empty = bench_tuple(NULL, 0);
    struct bench_value record[4] = {bench_tuple(type, 2), empty, empty,
                                    bench_str("<traceback denied>")};
    const struct bench_value whole = bench_tuple(record, 4);
    const size_t before = bench_buf_length(out);
    struct bench_arena arena;
    bench_arena_init(&arena, MEMORY);
    int rc = take_args(&arena, &exception->args, &record[1]);
    if (rc == 0)
        rc = take_attributes(&arena, &exception->attributes, &record[2]);
    if (rc == 0)
        rc = rpyc_dump(out, &whole);
    bench_arena_fini(&arena);
    if (rc != -EILSEQ && rc != -E2BIG && rc != -ENOMEM)
        return rc;
    /* A message that was cut in the middle of a character, say: the type alone then. */
    out->end = out->start + before;
    record[1] = record[2] = empty;
    return rpyc_dump(out, &whole);
}
