/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_pickle_machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/rpyc/rpyc_value.h"

int rpyc_pickle_fail(struct rpyc_machine *m, int code, const char *what)
{
    return bench_fail(m->err, code, "bad pickle at byte %zu of %zu: %s", (size_t)(m->at - m->start),
                      (size_t)(m->end - m->start), what);
}

/* ---- input ---- */

int rpyc_pickle_take(struct rpyc_machine *m, uint64_t n, const uint8_t **bytes)
{
    if (n > (uint64_t)(m->end - m->at))
        return rpyc_pickle_fail(m, -EINVAL, "it is cut");
    *bytes = m->at;
    m->at += n;
    return 0;
}

/* Little endian, 1, 2, 4 or 8 bytes. */
int rpyc_pickle_take_number(struct rpyc_machine *m, size_t width, uint64_t *out)
{
    const uint8_t *bytes = NULL;
    int rc = rpyc_pickle_take(m, width, &bytes);
    if (rc < 0)
        return rc;
    *out = 0;
    for (size_t i = 0; i < width; i++)
        *out |= (uint64_t)bytes[i] << (8 * i);
    return 0;
}

int rpyc_pickle_take_sized(struct rpyc_machine *m, size_t width, const uint8_t **bytes, size_t *n)
{
    uint64_t length;
    int rc = rpyc_pickle_take_number(m, width, &length);
    if (rc == 0)
        rc = rpyc_pickle_take(m, length, bytes);
    if (rc == 0)
        *n = (size_t)length;
    return rc;
}

/* Without the newline that ends it. */
int rpyc_pickle_take_line(struct rpyc_machine *m, const uint8_t **line, size_t *n)
{
    size_t left = (size_t)(m->end - m->at);
    const uint8_t *end = left == 0 ? NULL : memchr(m->at, '\n', left);
    if (end == NULL)
        return rpyc_pickle_fail(m, -EINVAL, "it is cut");
    *line = m->at;
    *n = (size_t)(end - m->at);
    m->at = end + 1;
    return 0;
}

/* ---- stack and memo ---- */

static int grow(struct rpyc_machine *m, struct rpyc_node ***array, size_t *room, size_t need)
{
    if (need <= *room)
        return 0;
    size_t wanted = *room == 0 ? 64 : *room;
    while (wanted < need)
        wanted *= 2;
    struct rpyc_node **grown = realloc(*array, wanted * sizeof(struct rpyc_node *));
    if (grown == NULL)
        return rpyc_pickle_fail(m, -ENOMEM, "no memory for its stack");
    memset(grown + *room, 0, (wanted - *room) * sizeof(struct rpyc_node *));
    *array = grown;
    *room = wanted;
    return 0;
}

int rpyc_pickle_push(struct rpyc_machine *m, struct rpyc_node *node)
{
    if (m->values_left == 0)
        return rpyc_pickle_fail(m, -E2BIG, "more than a million values");
    m->values_left--;
    int rc = grow(m, &m->stack, &m->stack_room, m->depth + 1);
    if (rc == 0)
        m->stack[m->depth++] = node;
    return rc;
}

static struct rpyc_node *new_node(struct rpyc_machine *m, struct bench_value value)
{
    struct rpyc_node *node = bench_arena_alloc(&m->scratch, sizeof(*node));
    if (node != NULL)
        node->value = value;
    return node;
}

int rpyc_pickle_push_value(struct rpyc_machine *m, struct bench_value value)
{
    struct rpyc_node *node = new_node(m, value);
    return node == NULL ? rpyc_pickle_fail(m, -ENOMEM, "no memory for a value")
                        : rpyc_pickle_push(m, node);
}

int rpyc_pickle_push_kind(struct rpyc_machine *m, enum bench_kind kind)
{
    return rpyc_pickle_push_value(m, (struct bench_value){.kind = kind});
}

/* The n topmost values; none of them may be a mark. */
int rpyc_pickle_top(struct rpyc_machine *m, size_t n, struct rpyc_node ***out)
{
    if (n > m->depth)
        return rpyc_pickle_fail(m, -EINVAL, "its stack is empty");
    struct rpyc_node **values = m->stack + m->depth - n;
    for (size_t i = 0; i < n; i++)
        if (values[i] == NULL)
            return rpyc_pickle_fail(m, -EINVAL, "a mark where a value should be");
    *out = values;
    return 0;
}

/* What is above the topmost mark; it is still on the stack. */
int rpyc_pickle_marked(struct rpyc_machine *m, struct rpyc_node ***items, size_t *n)
{
    size_t at = m->depth;
    while (at > 0 && m->stack[at - 1] != NULL)
        at--;
    if (at == 0)
        return rpyc_pickle_fail(m, -EINVAL, "no mark");
    *items = m->stack + at;
    *n = m->depth - at;
    return 0;
}

int rpyc_pickle_memoize(struct rpyc_machine *m, uint64_t index)
{
    struct rpyc_node **node = NULL;
    int rc = rpyc_pickle_top(m, 1, &node);
    if (rc < 0)
        return rc;
    /* Writers number one after the other, and each number takes at least a byte. */
    if (index >= RPYC_ITEMS_MAX || index >= (uint64_t)(m->end - m->start))
        return rpyc_pickle_fail(m, -E2BIG, "a memo number that is too high");
    struct rpyc_node *kept = *node;
    rc = grow(m, &m->memo, &m->memo_room, (size_t)index + 1);
    if (rc < 0)
        return rc;
    if (m->memo[index] == NULL)
        m->memo_count++;
    m->memo[index] = kept;
    return 0;
}

int rpyc_pickle_recall(struct rpyc_machine *m, uint64_t index)
{
    if (index >= m->memo_room || m->memo[index] == NULL)
        return rpyc_pickle_fail(m, -EINVAL, "a memo number that was never used");
    return rpyc_pickle_push(m, m->memo[index]);
}

/* ---- containers ---- */

static int add_items(struct rpyc_machine *m, struct rpyc_node *into, struct rpyc_node **items,
                     size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct rpyc_cell *cell = bench_arena_alloc(&m->scratch, sizeof(*cell));
        if (cell == NULL)
            return rpyc_pickle_fail(m, -ENOMEM, "no memory for an item");
        cell->node = items[i];
        if (into->last == NULL)
            into->first = cell;
        else
            into->last->next = cell;
        into->last = cell;
        into->count++;
    }
    return 0;
}

/* Adds n values of the stack, and `below` marks under them, to the container under those. */
static int extend(struct rpyc_machine *m, enum bench_kind kind, struct rpyc_node **items, size_t n,
                  size_t below)
{
    m->depth -= n + below;
    struct rpyc_node **into = NULL;
    int rc = rpyc_pickle_top(m, 1, &into);
    if (rc < 0)
        return rc;
    if ((*into)->value.kind != kind)
        return rpyc_pickle_fail(m, -EINVAL, "items for something that holds none");
    if (kind == BENCH_DICT && n % 2 != 0)
        return rpyc_pickle_fail(m, -EINVAL, "a key without a value");
    return add_items(m, *into, items, n);
}

int rpyc_pickle_extend_marked(struct rpyc_machine *m, enum bench_kind kind)
{
    struct rpyc_node **items;
    size_t n;
    int rc = rpyc_pickle_marked(m, &items, &n);
    return rc < 0 ? rc : extend(m, kind, items, n, 1);
}

int rpyc_pickle_extend_top(struct rpyc_machine *m, enum bench_kind kind, size_t n)
{
    struct rpyc_node **items;
    int rc = rpyc_pickle_top(m, n, &items);
    return rc < 0 ? rc : extend(m, kind, items, n, 0);
}

/* A container of n values of the stack, which it replaces together with the marks below. */
static int build(struct rpyc_machine *m, enum bench_kind kind, struct rpyc_node **items, size_t n,
                 size_t below)
{
    struct rpyc_node *node = new_node(m, (struct bench_value){.kind = kind});
    if (node == NULL)
        return rpyc_pickle_fail(m, -ENOMEM, "no memory for a value");
    if (kind == BENCH_DICT && n % 2 != 0)
        return rpyc_pickle_fail(m, -EINVAL, "a key without a value");
    int rc = add_items(m, node, items, n);
    if (rc < 0)
        return rc;
    m->depth -= n + below;
    return rpyc_pickle_push(m, node);
}

int rpyc_pickle_build_marked(struct rpyc_machine *m, enum bench_kind kind)
{
    struct rpyc_node **items;
    size_t n;
    int rc = rpyc_pickle_marked(m, &items, &n);
    return rc < 0 ? rc : build(m, kind, items, n, 1);
}

int rpyc_pickle_build_tuple(struct rpyc_machine *m, size_t n)
{
    struct rpyc_node **items;
    int rc = rpyc_pickle_top(m, n, &items);
    return rc < 0 ? rc : build(m, BENCH_TUPLE, items, n, 0);
}
