/* SPDX-License-Identifier: MIT */
/*
 * The reference service with a download_chunked of the test's own, so that what is tested is HTTP.
 * For test_http_*.c only. Size 13 raises in the call, 14 at the first piece, 15 at the second; 16
 * has an empty piece in front of each other one; 17 has a piece that is no bytes.
 */
#ifndef TEST_HTTP_STREAMS_H
#define TEST_HTTP_STREAMS_H

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "service/service.h"

static atomic_int streams_alive;

struct test_stream {
    struct bench_object object;
    size_t size, offset, chunk;
    int calls;
};

static inline int test_stream_iter(struct bench_object *object, struct bench_call *call,
                                   struct bench_value *out)
{
    (void)call;
    *out = (struct bench_value){.kind = BENCH_OBJECT, .object = object};
    return 0;
}

/* Each piece lives in the call's arena, as a result may. */
static inline int test_stream_next(struct bench_object *object, struct bench_call *call,
                                   struct bench_value *out)
{
    struct test_stream *stream = (struct test_stream *)object;
    size_t n = stream->size - stream->offset;
    stream->calls++;
    if (n == 0)
        return -ENODATA;
    if ((stream->size == 14 && stream->calls == 1) || (stream->size == 15 && stream->calls == 2))
        return bench_raise(call, "RuntimeError", "no more");
    if (n > stream->chunk)
        n = stream->chunk;
    if (stream->size == 16 && stream->calls % 2 == 1)
        n = 0;
    const void *copy =
        bench_arena_copy(call->arena, bench_payload(stream->size) + stream->offset, n > 0 ? n : 1);
    if (copy == NULL)
        return -ENOMEM;
    *out = stream->size == 17 ? bench_int(7) : bench_bytes(copy, n);
    stream->offset += n;
    return 0;
}

static inline void test_stream_release(struct bench_object *object)
{
    atomic_fetch_sub(&streams_alive, 1);
    free(object);
}

static inline int streams_call(const struct bench_service *service, struct bench_call *call,
                               const struct bench_operation *operation,
                               const struct bench_value *args, size_t nargs,
                               struct bench_value *out)
{
    static const struct bench_object_ops ops = {.type_name = "builtins.generator",
                                                .iter = test_stream_iter,
                                                .next = test_stream_next,
                                                .release = test_stream_release};
    (void)service;
    if (operation->id != BENCH_OP_DOWNLOAD_CHUNKED) {
        const struct bench_service *reference = bench_reference_service();
        return reference->call(reference, call, operation, args, nargs, out);
    }
    if (args[0].integer == 13)
        return bench_raise(call, "ValueError", "unlucky");
    struct test_stream *stream = malloc(sizeof(*stream));
    if (stream == NULL)
        return -ENOMEM;
    *stream = (struct test_stream){
        .object = {.ops = &ops}, .size = (size_t)args[0].integer, .chunk = (size_t)args[1].integer};
    atomic_fetch_add(&streams_alive, 1);
    *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &stream->object};
    return 0;
}

static const struct bench_service streams_service = {.call = streams_call};

#endif
