/* SPDX-License-Identifier: MIT */
#include "trace/memory.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 64 * 1024 };

struct block {
    struct block *next;
    size_t used, size;
    alignas(max_align_t) unsigned char bytes[];
};

struct trace_memory {
    struct block *blocks; /* the first is the one that is being filled */
};

struct trace_memory *trace_memory_new(void) { return calloc(1, sizeof(struct trace_memory)); }

void trace_memory_free(struct trace_memory *memory)
{
    if (memory == NULL)
        return;
    while (memory->blocks != NULL) {
        struct block *block = memory->blocks;
        memory->blocks = block->next;
        free(block);
    }
    free(memory);
}

void *trace_memory_take(struct trace_memory *memory, size_t size)
{
    const size_t align = alignof(max_align_t);
    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + align) / align * align; /* at least one byte more */
    struct block *block = memory->blocks;
    if (block == NULL || block->size - block->used < size) {
        const size_t room = size > BLOCK_BYTES / 4 ? size : BLOCK_BYTES;
        struct block *fresh = calloc(1, sizeof(struct block) + room);
        if (fresh == NULL)
            return NULL;
        fresh->size = room;
        if (block != NULL && room == size) { /* a large one: the rest of the first stays in use */
            fresh->next = block->next;
            block->next = fresh;
        } else {
            fresh->next = block;
            memory->blocks = fresh;
        }
        block = fresh;
    }
    void *taken = block->bytes + block->used;
    block->used += size;
    return taken;
}

const char *trace_memory_text(struct trace_memory *memory, const char *text)
{
    if (text == NULL)
        return NULL;
    const size_t size = strlen(text) + 1;
    char *copy = trace_memory_take(memory, size);
    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}
