/* SPDX-License-Identifier: MIT */
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "bench/value.h"

struct bench_arena_chunk {
    struct bench_arena_chunk *next; /* older */
    size_t size;                    /* of data */
    alignas(16) unsigned char data[];
};

enum { FIRST_CHUNK = 512 };

void bench_arena_init(struct bench_arena *arena, size_t limit_bytes)
{
    *arena = (struct bench_arena){.limit = limit_bytes};
}

static void free_chunks(struct bench_arena_chunk *chunk)
{
    while (chunk != NULL) {
        struct bench_arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

void bench_arena_fini(struct bench_arena *arena)
{
    free_chunks(arena->chunk);
    *arena = (struct bench_arena){.limit = arena->limit};
}

void bench_arena_reset(struct bench_arena *arena)
{
    arena->used = 0;
    if (arena->chunk == NULL)
        return;
    free_chunks(arena->chunk->next);
    arena->chunk->next = NULL;
    arena->total = arena->chunk->size;
}

void *bench_arena_alloc(struct bench_arena *arena, size_t n)
{
    if (n > SIZE_MAX - 15)
        return NULL;
    n = (n + 15) & ~(size_t)15;
    struct bench_arena_chunk *chunk = arena->chunk;
    if (chunk == NULL || chunk->size - arena->used < n) {
        size_t size = chunk == NULL ? FIRST_CHUNK : chunk->size * 2;
        if (size < n)
            size = n;
        if (n > arena->limit || arena->total > arena->limit - n)
            return NULL;
        if (size > arena->limit - arena->total)
            size = n;
        chunk = malloc(sizeof(*chunk) + size);
        if (chunk == NULL)
            return NULL;
        chunk->next = arena->chunk;
        chunk->size = size;
        arena->chunk = chunk;
        arena->used = 0;
        arena->total += size;
    }
    void *p = chunk->data + arena->used;
    arena->used += n;
    return memset(p, 0, n);
}

char *bench_arena_copy(struct bench_arena *arena, const void *data, size_t n)
{
    if (n == SIZE_MAX)
        return NULL;
    char *copy = bench_arena_alloc(arena, n + 1);
    if (copy != NULL && n > 0)
        memcpy(copy, data, n);
    return copy;
}
