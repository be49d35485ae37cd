/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "trace/internal.h"

enum { KEPT_FIRST = 256 };

int trace_calls_init(struct trace_calls *calls, const struct trace_options *options)
{
    *calls = (struct trace_calls){.limit = options->calls_max, .top = options->top, .stride = 1};
    calls->slowest = calloc(calls->top + 1, sizeof(*calls->slowest));
    calls->deepest = calloc(calls->top + 1, sizeof(*calls->deepest));
    return calls->slowest == NULL || calls->deepest == NULL ? -ENOMEM : 0;
}

void trace_calls_fini(struct trace_calls *calls)
{
    free(calls->kept);
    free(calls->slowest);
    free(calls->deepest);
    *calls = (struct trace_calls){0};
}

void trace_calls_clear(struct trace_calls *calls)
{
    calls->nkept = calls->nslowest = calls->ndeepest = 0;
    calls->seen = 0;
    calls->stride = 1;
}

/* Every other one goes; those that stay are the ones that twice the stride would have kept. */
static void thin(struct trace_calls *calls)
{
    size_t left = 0;
    for (size_t i = 0; i < calls->nkept; i += 2)
        calls->kept[left++] = calls->kept[i];
    calls->nkept = left;
    calls->stride *= 2;
}

static void keep(struct trace_analyser *analyser, const struct trace_call *call)
{
    struct trace_calls *calls = &analyser->calls;
    const uint64_t number = calls->seen++;
    if (calls->limit == 0 || (number & (calls->stride - 1)) != 0)
        return;
    if (calls->nkept == calls->limit) {
        thin(calls);
        if ((number & (calls->stride - 1)) != 0)
            return;
    }
    if (calls->nkept == calls->room) {
        size_t room = calls->room == 0 ? KEPT_FIRST : calls->room * 2;
        room = room < calls->limit ? room : calls->limit;
        struct trace_call *more = realloc(calls->kept, room * sizeof(*more));
        if (more == NULL) {
            analyser->limits.memory++;
            return;
        }
        calls->kept = more;
        calls->room = room;
    }
    calls->kept[calls->nkept++] = *call;
}

static int64_t took(const struct trace_call *call)
{
    return call->end_ns - call->start_ns;
}

static void swap(struct trace_call *a, struct trace_call *b)
{
    const struct trace_call other = *a;
    *a = *b;
    *b = other;
}

static void sink(struct trace_call *heap, size_t n)
{
    for (size_t i = 0;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < n; child++)
            if (took(&heap[child]) < took(&heap[least]))
                least = child;
        if (least == i)
            return;
        swap(&heap[i], &heap[least]);
        i = least;
    }
}

static void among_slowest(struct trace_calls *calls, const struct trace_call *call)
{
    struct trace_call *heap = calls->slowest;
    if (calls->top == 0)
        return;
    if (calls->nslowest == calls->top) {
        if (took(call) <= took(&heap[0]))
            return;
        heap[0] = *call;
        sink(heap, calls->nslowest);
        return;
    }
    size_t i = calls->nslowest++;
    heap[i] = *call;
    for (; i > 0 && took(&heap[i]) < took(&heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&heap[i], &heap[(i - 1) / 2]);
}

void trace_calls_keep(struct trace_analyser *analyser, const struct trace_call *call)
{
    keep(analyser, call);
    if (!call->unawaited && !call->overlapped)
        among_slowest(&analyser->calls, call);
}

void trace_calls_deep(struct trace_calls *calls, uint64_t chain, const struct trace_call *call)
{
    struct trace_deep *flattest = NULL;
    for (size_t i = 0; i < calls->ndeepest; i++) {
        struct trace_deep *deep = &calls->deepest[i];
        if (deep->chain == chain) {
            if (took(call) > took(&deep->call))
                deep->call = *call;
            return;
        }
        if (flattest == NULL || deep->call.depth < flattest->call.depth)
            flattest = deep;
    }
    if (calls->ndeepest < calls->top)
        flattest = &calls->deepest[calls->ndeepest++];
    else if (flattest == NULL || call->depth <= flattest->call.depth)
        return;
    *flattest = (struct trace_deep){.chain = chain, .call = *call};
}
