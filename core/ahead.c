/* SPDX-License-Identifier: MIT */
#include "core/ahead.h"

#include <stdlib.h>
#include <string.h>

/* With malloc's own bytes no more than a multiple of a page. */
#define BLOCK_BYTES ((size_t)256 * 1024 - 64)

struct bench_ahead_block {
    struct bench_ahead_block *next;
    size_t start, end;
    uint8_t data[BLOCK_BYTES];
};

void bench_ahead_init(struct bench_ahead *ahead, size_t limit)
{
    *ahead = (struct bench_ahead){.limit = limit};
}

static void drop_first(struct bench_ahead *ahead)
{
    struct bench_ahead_block *block = ahead->first;
    ahead->first = block->next;
    if (ahead->first == NULL)
        ahead->last = NULL;
    free(block);
}

void bench_ahead_fini(struct bench_ahead *ahead)
{
    while (ahead->first != NULL)
        drop_first(ahead);
    ahead->bytes = 0;
}

static int append_block(struct bench_ahead *ahead)
{
    struct bench_ahead_block *block = malloc(sizeof(*block));
    if (block == NULL)
        return -1;
    block->next = NULL;
    block->start = block->end = 0;
    if (ahead->last != NULL)
        ahead->last->next = block;
    else
        ahead->first = block;
    ahead->last = block;
    return 0;
}

size_t bench_ahead_room(struct bench_ahead *ahead, uint8_t **room)
{
    if (ahead->bytes >= ahead->limit)
        return 0;
    if ((ahead->last == NULL || ahead->last->end == BLOCK_BYTES) && append_block(ahead) < 0) {
        ahead->limit = ahead->bytes;
        return 0;
    }
    const size_t here = BLOCK_BYTES - ahead->last->end, left = ahead->limit - ahead->bytes;
    *room = ahead->last->data + ahead->last->end;
    return here < left ? here : left;
}

void bench_ahead_add(struct bench_ahead *ahead, size_t n)
{
    ahead->last->end += n;
    ahead->bytes += n;
    if (ahead->bytes == 0)
        bench_ahead_fini(ahead);
}

size_t bench_ahead_take(struct bench_ahead *ahead, uint8_t *to, size_t n)
{
    size_t done = 0;
    if (n > ahead->bytes)
        n = ahead->bytes;
    while (done < n) {
        struct bench_ahead_block *block = ahead->first;
        size_t part = block->end - block->start;
        if (part > n - done)
            part = n - done;
        memcpy(to + done, block->data + block->start, part);
        block->start += part;
        done += part;
        if (block->start == block->end)
            drop_first(ahead);
    }
    ahead->bytes -= n;
    if (ahead->bytes == 0)
        bench_ahead_fini(ahead); /* a block at the end in which nothing came */
    return n;
}
