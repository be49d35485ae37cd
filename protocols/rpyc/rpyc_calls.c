/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_calls.h"

#include <errno.h>
#include <stdlib.h>

enum { FIRST_BUCKETS = 16 }; /* a power of two */

/* ---- who waits for which answer ---- */

/* Requests are numbered one after the other, so that their last bits spread them well. */
static struct rpyc_awaited **bucket_of(const struct rpyc_calls *calls, int64_t seq)
{
    return &calls->buckets[(uint64_t)seq & (calls->nbuckets - 1)];
}

/* Without memory the lists get longer, that is all. */
static void grow_buckets(struct rpyc_calls *calls)
{
    struct rpyc_calls grown = {.nbuckets = 2 * calls->nbuckets};
    grown.buckets = calloc(grown.nbuckets, sizeof(struct rpyc_awaited *));
    if (!grown.buckets)
        return;
    for (size_t i = 0; i < calls->nbuckets; i++) {
        struct rpyc_awaited *awaited = calls->buckets[i], *next;
        for (; awaited; awaited = next) {
            next = awaited->next;
            struct rpyc_awaited **bucket = bucket_of(&grown, awaited->seq);
            awaited->next = *bucket;
            *bucket = awaited;
        }
    }
    free(calls->buckets);
    calls->buckets = grown.buckets;
    calls->nbuckets = grown.nbuckets;
}

struct rpyc_awaited *rpyc_calls_answered(struct rpyc_calls *calls, int64_t seq)
{
    struct rpyc_awaited **at = bucket_of(calls, seq);
    while (*at && (*at)->seq != seq)
        at = &(*at)->next;
    struct rpyc_awaited *found = *at;
    if (!found)
        return NULL;
    *at = found->next;
    found->seq = -1;
    calls->nawaited--;
    return found;
}

void rpyc_calls_await(struct rpyc_calls *calls, struct rpyc_awaited *awaited, int64_t seq)
{
    if (awaited->seq >= 0)
        (void)rpyc_calls_answered(calls, awaited->seq);
    if (calls->nawaited >= calls->nbuckets)
        grow_buckets(calls);
    struct rpyc_awaited **bucket = bucket_of(calls, seq);
    awaited->seq = seq;
    awaited->next = *bucket;
    *bucket = awaited;
    calls->nawaited++;
}

/* ---- calls ---- */

int rpyc_calls_init(struct rpyc_calls *calls)
{
    *calls = (struct rpyc_calls){.nbuckets = FIRST_BUCKETS};
    calls->buckets = calloc(FIRST_BUCKETS, sizeof(struct rpyc_awaited *));
    return calls->buckets ? 0 : -ENOMEM;
}

void rpyc_calls_fini(struct rpyc_calls *calls)
{
    for (size_t i = 0; i < calls->count; i++) {
        struct rpyc_call *call = calls->list[i];
        bench_buf_fini(&call->current);
        bench_buf_fini(&call->iterable);
        bench_buf_fini(&call->iterator);
        rpyc_nested_fini(&call->nested);
        free(call);
    }
    free(calls->list);
    free(calls->buckets);
    *calls = (struct rpyc_calls){0};
}

static struct rpyc_call *make_call(struct rpyc_calls *calls)
{
    if (calls->count == calls->room) {
        const size_t room = calls->room ? 2 * calls->room : 1;
        struct rpyc_call **grown = realloc(calls->list, room * sizeof(struct rpyc_call *));
        if (!grown)
            return NULL;
        calls->list = grown;
        calls->room = room;
    }
    struct rpyc_call *call = calloc(1, sizeof(*call));
    if (!call)
        return NULL;
    call->index = calls->count;
    call->awaited = (struct rpyc_awaited){.seq = -1, .call = call};
    bench_buf_init(&call->current, RPYC_REF_LIMIT);
    bench_buf_init(&call->iterable, RPYC_REF_LIMIT);
    bench_buf_init(&call->iterator, RPYC_REF_LIMIT);
    calls->list[calls->count++] = call;
    return call;
}

struct rpyc_call *rpyc_calls_take(struct rpyc_calls *calls)
{
    struct rpyc_call *call = calls->free;
    if (call)
        calls->free = call->next_free;
    else
        call = make_call(calls);
    if (!call)
        return NULL;
    if (++calls->live > calls->most)
        calls->most = calls->live;
    call->asked_again = false;
    call->eval.active = false;
    return call;
}

void rpyc_calls_release(struct rpyc_calls *calls, struct rpyc_call *call)
{
    call->step = RPYC_STEP_IDLE;
    call->serial++;
    if (call->late)
        calls->late--;
    else
        calls->live--;
    call->late = false;
    call->next_free = calls->free;
    calls->free = call;
}
