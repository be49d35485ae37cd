/* SPDX-License-Identifier: MIT */
#include "trace/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    SLOTS_FIRST = 8,
    LOOK_BACK = 64, /* so many requests are looked at to find one that fits */
};

void trace_control_fini(struct trace_control *control)
{
    free(control->slots);
    free(control->buckets);
    free(control->threads);
    *control = (struct trace_control){0};
}

static struct trace_pending *at(const struct trace_control *control, uint32_t number)
{
    return number == 0 ? NULL : &control->slots[number - 1];
}

static uint32_t number_of(const struct trace_control *control, const struct trace_pending *pending)
{
    return (uint32_t)(pending - control->slots) + 1;
}

/* The one of that number if it is still the one of that id. */
static struct trace_pending *still(const struct trace_control *control, uint32_t number,
                                   uint64_t id)
{
    struct trace_pending *pending = at(control, number);
    return pending != NULL && pending->id == id ? pending : NULL;
}

struct trace_pending *trace_control_parent(const struct trace_control *control,
                                           const struct trace_pending *pending)
{
    struct trace_pending *parent = still(control, pending->parent, pending->parent_id);
    return parent == NULL || parent->adrift || pending->adrift ? NULL : parent;
}

static uint32_t *bucket_of(const struct trace_control *control, uint64_t id)
{
    return &control->buckets[id & (control->nslots - 1)];
}

struct trace_pending *trace_control_find(const struct trace_control *control, uint64_t id)
{
    if (control->nslots == 0 || id == 0)
        return NULL;
    struct trace_pending *pending = at(control, *bucket_of(control, id));
    while (pending != NULL && pending->id != id)
        pending = at(control, pending->next);
    return pending;
}

/* Twice as many slots. */
static int grow(struct trace_control *control)
{
    const uint32_t n = control->nslots == 0 ? SLOTS_FIRST : control->nslots * 2;
    uint32_t *buckets = calloc(n, sizeof(*buckets));
    if (buckets == NULL)
        return -ENOMEM;
    struct trace_pending *slots = realloc(control->slots, n * sizeof(*slots));
    if (slots == NULL) {
        free(buckets);
        return -ENOMEM;
    }
    memset(slots + control->nslots, 0, (n - control->nslots) * sizeof(*slots));
    for (uint32_t i = n; i > control->nslots; i--) {
        slots[i - 1].next = control->free;
        control->free = i;
    }
    free(control->buckets);
    control->slots = slots;
    control->buckets = buckets;
    const uint32_t before = control->nslots;
    control->nslots = n;
    for (uint32_t i = 0; i < before; i++) { /* all of them are in use: there was no free one */
        uint32_t *bucket = bucket_of(control, slots[i].id);
        slots[i].next = *bucket;
        *bucket = i + 1;
    }
    return 0;
}

static void forget_thread(struct trace_thread *thread, uint64_t key)
{
    *thread = (struct trace_thread){.key = key, .answered_ns = {-1, -1}};
}

/* The least recently used thread that waits for nothing; number 0 is always there. */
static uint32_t thread_to_spare(const struct trace_control *control)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < control->nthreads; i++)
        if (control->threads[i].top == 0 &&
            (best == 0 || control->threads[i].used < control->threads[best].used))
            best = i;
    return best;
}

static int more_threads(struct trace_control *control)
{
    const uint32_t room = control->threads_room == 0 ? 2 : control->threads_room * 2;
    struct trace_thread *threads = realloc(control->threads, room * sizeof(*threads));
    if (threads == NULL)
        return -ENOMEM;
    control->threads = threads;
    control->threads_room = room;
    if (control->nthreads == 0)
        forget_thread(&threads[control->nthreads++], 0);
    return 0;
}

/* Its index. With too many of them some share number 0's. */
static int thread_of(struct trace_control *control, uint64_t key, uint32_t *out)
{
    uint32_t i = control->latest;
    if (i >= control->nthreads || control->threads[i].key != key)
        for (i = 0; i < control->nthreads && control->threads[i].key != key;)
            i++;
    if (i >= control->nthreads) {
        if (control->nthreads >= control->threads_room &&
            control->threads_room < TRACE_CONTROL_THREADS_MAX && more_threads(control) < 0)
            return -ENOMEM;
        if (key == 0)
            i = 0;
        else if (control->nthreads < control->threads_room)
            i = control->nthreads++;
        else
            i = thread_to_spare(control);
        if (i > 0)
            forget_thread(&control->threads[i], key);
    }
    control->threads[i].used = ++control->clock;
    control->latest = *out = i;
    return 0;
}

int64_t trace_control_advance(struct trace_control *control, int64_t now_ns, int64_t serving_ns[2])
{
    const int64_t passed = now_ns - control->last_ns;
    if (passed <= 0)
        return 0;
    control->last_ns = now_ns;
    for (int d = 0; d < 2; d++)
        serving_ns[d] += control->active[d] > 0 ? passed : 0;
    return passed;
}

static void unstack(struct trace_control *control, struct trace_pending *pending)
{
    struct trace_pending *inner = at(control, pending->inner), *outer = at(control, pending->outer);
    if (!pending->stacked)
        return;
    if (inner != NULL)
        inner->outer = pending->outer;
    else
        control->threads[pending->base].top = pending->outer;
    if (outer != NULL)
        outer->inner = pending->inner;
    pending->inner = pending->outer = 0;
    pending->stacked = false;
}

static void stack(struct trace_control *control, struct trace_pending *pending)
{
    struct trace_thread *thread = &control->threads[pending->base];
    pending->outer = thread->top;
    thread->top = number_of(control, pending);
    pending->stacked = true;
    if (pending->outer != 0)
        at(control, pending->outer)->inner = thread->top;
}

/* The newest request of a direction that is waited for; else the newest that nobody waited for at
 * once: its sender may do so by now. */
static struct trace_pending *newest_waiting(const struct trace_control *control,
                                            enum bench_direction direction)
{
    struct trace_pending *second = NULL;
    struct trace_pending *pending = at(control, control->newest[direction]);
    for (int i = 0; i < LOOK_BACK && pending != NULL; i++) {
        if (pending->stacked)
            return pending;
        if (second == NULL && pending->overlapped && !pending->adrift)
            second = pending;
        pending = at(control, pending->older);
    }
    return second;
}

static bool is_within(const struct trace_control *control, const struct trace_pending *inner,
                      const struct trace_pending *outer)
{
    for (int i = 0; i < LOOK_BACK && inner != NULL; i++) {
        if (inner == outer)
            return true;
        inner = trace_control_parent(control, inner);
    }
    return false;
}

/* A request that `top` waits for serving, where the thread that serves it is not known by the tap:
 * then it is served by top's. */
static struct trace_pending *served_by(const struct trace_control *control,
                                       const struct trace_pending *top)
{
    struct trace_pending *child = still(control, top->child, top->child_id);
    return child != NULL && child->stacked && !child->by_tap ? child : NULL;
}

static struct trace_pending *find_parent(const struct trace_control *control,
                                         const struct trace_pending *pending,
                                         struct trace_pending *top, uint64_t said,
                                         struct trace_sender sender)
{
    struct trace_pending *parent = trace_control_find(control, said);
    const enum bench_direction other =
        pending->direction == BENCH_TO_SERVER ? BENCH_TO_CLIENT : BENCH_TO_SERVER;
    if (parent != NULL && parent->direction == other && !parent->adrift && !parent->unawaited)
        return parent;
    if (top == NULL)
        return sender.certain ? NULL : newest_waiting(control, other);
    if (top->direction == other)
        return top;
    parent = served_by(control, top);
    return parent != NULL ? parent : trace_control_parent(control, top);
}

/* How long the thread of control has been at work by itself; counted for one request only. */
static int64_t since(int64_t *answered_ns, int64_t start_ns)
{
    const int64_t before = *answered_ns;
    *answered_ns = -1;
    return before < 0 ? -1 : start_ns > before ? start_ns - before : 0;
}

static void nest(struct trace_control *control, struct trace_pending *pending,
                 struct trace_pending *parent)
{
    if (parent != NULL) {
        pending->parent = number_of(control, parent);
        pending->parent_id = parent->id;
        pending->depth = parent->depth + 1;
    }
    if (pending->unawaited)
        return;
    control->active[pending->direction]++;
    if (parent == NULL) {
        struct trace_thread *thread = &control->threads[pending->base];
        pending->before_ns = since(&thread->answered_ns[pending->direction], pending->start_ns);
        return;
    }
    pending->before_ns = since(&parent->child_answer_ns, pending->start_ns);
    parent->child = number_of(control, pending);
    parent->child_id = pending->id;
    if (parent->children++ == 0) {
        parent->nested_since_ns = pending->start_ns;
        control->active[parent->direction]--;
    }
}

static void settle(struct trace_control *control, struct trace_pending *pending, uint64_t said,
                   struct trace_sender sender)
{
    struct trace_pending *top = at(control, control->threads[pending->base].top);
    struct trace_pending *parent = find_parent(control, pending, top, said, sender);
    if (!pending->unawaited && top != NULL && top->direction == pending->direction &&
        !is_within(control, parent, top)) {
        top->overlapped = true;
        unstack(control, top);
    }
    nest(control, pending, parent);
    if (!pending->unawaited)
        stack(control, pending);
}

static void enlist(struct trace_control *control, struct trace_pending *pending)
{
    const uint32_t number = number_of(control, pending);
    const enum bench_direction d = pending->direction;
    uint32_t *bucket = bucket_of(control, pending->id);
    pending->next = *bucket;
    *bucket = number;
    pending->older = control->newest[d];
    if (pending->older != 0)
        at(control, pending->older)->newer = number;
    else
        control->oldest[d] = number;
    control->newest[d] = number;
    control->open[d]++;
}

int trace_control_request(struct trace_control *control, const struct bench_event *event,
                          struct trace_sender sender, struct trace_pending **out)
{
    uint32_t base = 0;
    struct trace_pending *pending = trace_control_find(control, event->id);
    if (pending != NULL) /* a number that is given twice */
        trace_control_drop(control, pending);
    if ((control->free == 0 && grow(control) < 0) || thread_of(control, event->thread, &base) < 0)
        return -ENOMEM;
    pending = at(control, control->free);
    control->free = pending->next;
    *pending = (struct trace_pending){
        .id = event->id,
        .thread = event->thread,
        .reference = event->reference,
        .start_ns = event->time_ns,
        .before_ns = -1,
        .child_answer_ns = -1,
        .pause_ns = event->pause_ns,
        .plain_bytes = event->plain_bytes,
        .wire_bytes = event->wire_bytes,
        .process = event->process,
        .name = event->name,
        .class_name = event->class_name,
        .place = event->place,
        .base = base,
        .depth = 1,
        .verb = event->verb,
        .direction = event->direction,
        .unawaited = event->unawaited,
        .by_tap = sender.by_tap,
    };
    settle(control, pending, event->parent, sender);
    enlist(control, pending);
    *out = pending;
    return 0;
}

/* Takes it out of stack, parent and counts. */
static void leave(struct trace_control *control, struct trace_pending *pending, int64_t end_ns)
{
    unstack(control, pending);
    if (pending->unawaited || pending->adrift)
        return;
    if (pending->children == 0)
        control->active[pending->direction]--;
    else if (end_ns > pending->nested_since_ns)
        pending->nested_ns += end_ns - pending->nested_since_ns;
    struct trace_pending *parent = trace_control_parent(control, pending);
    if (parent == NULL || --parent->children > 0)
        return;
    control->active[parent->direction]++;
    if (end_ns > parent->nested_since_ns)
        parent->nested_ns += end_ns - parent->nested_since_ns;
}

void trace_control_answered(struct trace_control *control, struct trace_pending *pending,
                            int64_t end_ns)
{
    leave(control, pending, end_ns);
    if (!pending->unawaited) {
        struct trace_pending *parent = trace_control_parent(control, pending);
        struct trace_thread *thread = &control->threads[pending->base];
        if (parent != NULL)
            parent->child_answer_ns = end_ns;
        else if (pending->parent == 0 && thread->key == pending->thread)
            thread->answered_ns[pending->direction] = end_ns;
    }
    pending->adrift = true; /* left already */
}

void trace_control_drop(struct trace_control *control, struct trace_pending *pending)
{
    const uint32_t number = number_of(control, pending);
    const enum bench_direction d = pending->direction;
    leave(control, pending, control->last_ns);
    uint32_t *link = bucket_of(control, pending->id);
    while (*link != number)
        link = &at(control, *link)->next;
    *link = pending->next;
    if (pending->older != 0)
        at(control, pending->older)->newer = pending->newer;
    else
        control->oldest[d] = pending->newer;
    if (pending->newer != 0)
        at(control, pending->newer)->older = pending->older;
    else
        control->newest[d] = pending->older;
    control->open[d]--;
    pending->id = 0;
    pending->next = control->free;
    control->free = number;
}

void trace_control_lost(struct trace_control *control)
{
    for (int d = 0; d < 2; d++) {
        for (uint32_t i = control->oldest[d]; i != 0; i = at(control, i)->newer) {
            struct trace_pending *pending = at(control, i);
            pending->stacked = false;
            pending->inner = pending->outer = 0;
            pending->children = 0;
            pending->adrift = true;
        }
        control->active[d] = 0;
    }
    for (uint32_t i = 0; i < control->nthreads; i++)
        forget_thread(&control->threads[i], control->threads[i].key);
}

int trace_control_depth(const struct trace_control *control)
{
    int depth = 0;
    for (uint32_t i = 0; i < control->nthreads; i++) {
        const uint32_t top = control->threads[i].top;
        if (top != 0 && control->slots[top - 1].depth > depth)
            depth = control->slots[top - 1].depth;
    }
    return depth;
}
