/* SPDX-License-Identifier: MIT */
#include "bench/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "bench/value.h"

/* Behind the strings of a step and of a whole name, one after the other in blocks. */
enum {
    BLOCK_BYTES = 64 * 1024,
    TEXT_MAX = BENCH_NAME_BYTES_MAX, /* of a step, too */
    LIMIT_MIN = 16,
    LIMIT_MAX = 16777216,
    ROOM_FIRST = 64,
};

#define ELLIPSIS       "\xe2\x80\xa6"
#define ELLIPSIS_BYTES (sizeof(ELLIPSIS) - 1)

struct block {
    struct block *next;
    size_t used;
    char bytes[BLOCK_BYTES];
};

struct name {
    const char *text; /* whole, ended by NUL */
    const char *step; /* as it was given: what it is known by */
    uint64_t hash;
    uint32_t parent;
    uint16_t text_length, step_length;
    uint8_t kind, depth;
};

struct bench_names {
    struct name *names; /* [0] is NONE */
    uint32_t count, room, limit;
    uint32_t *slots; /* numbers; 0 = free */
    uint32_t mask;
    uint64_t salt; /* so that nobody can choose names that fall together */
    struct block *blocks;
};

/* ---- texts ---- */

/* At most `room` bytes of text at its front, no character cut. */
static size_t whole_front(const char *text, size_t room)
{
    size_t n = room;
    while (n > 0 && room - n < 3 && ((uint8_t)text[n] & 0xc0) == 0x80)
        n--;
    return n;
}

/* Where its last `room` bytes begin, no character cut. */
static size_t whole_back(const char *text, size_t length, size_t room)
{
    size_t at = length - room;
    while (at < length && at < length - room + 3 && ((uint8_t)text[at] & 0xc0) == 0x80)
        at++;
    return at;
}

/* In place: what is longer than TEXT_MAX loses its middle. */
static size_t shorten(char *out, const char *text, size_t length)
{
    if (length <= TEXT_MAX) {
        memmove(out, text, length);
        return length;
    }
    const size_t rest = TEXT_MAX - ELLIPSIS_BYTES;
    const size_t front = whole_front(text, rest / 2);
    const size_t back = whole_back(text, length, rest - rest / 2);
    memmove(out, text, front);
    memcpy(out + front, ELLIPSIS, ELLIPSIS_BYTES);
    memmove(out + front + ELLIPSIS_BYTES, text + back, length - back);
    return front + ELLIPSIS_BYTES + length - back;
}

/* C0, DEL, C1, what moves the direction of writing, and line and paragraph ends. */
static bool is_control(const uint8_t *at, size_t n)
{
    if (n == 1)
        return *at < 0x20 || *at == 0x7f;
    if (n == 2)
        return at[0] == 0xc2 && at[1] < 0xa0;
    if (n != 3 || at[0] != 0xe2)
        return false;
    if (at[1] == 0x80)
        return (at[2] >= 0xa8 && at[2] <= 0xae) || at[2] == 0x8e || at[2] == 0x8f;
    return at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9;
}

/* Never longer than it was. */
static size_t clean(char *out, const char *text, size_t length)
{
    size_t n = 0;
    for (size_t i = 0; i < length;) {
        const uint8_t *at = (const uint8_t *)text + i;
        const size_t step = bench_utf8_length(at, length - i);
        if (step == 0 || is_control(at, step)) {
            out[n++] = '?';
        } else {
            memcpy(out + n, at, step);
            n += step;
        }
        i += step == 0 ? 1 : step;
    }
    return n;
}

static const char *keep(struct bench_names *names, const char *text, size_t length)
{
    struct block *block = names->blocks;
    if (block == NULL || BLOCK_BYTES - block->used < length + 1) {
        block = malloc(sizeof(*block));
        if (block == NULL)
            return NULL;
        block->used = 0;
        block->next = names->blocks;
        names->blocks = block;
    }
    char *at = block->bytes + block->used;
    memcpy(at, text, length);
    at[length] = '\0';
    block->used += length + 1;
    return at;
}

static size_t put(char *out, size_t at, const char *text, size_t length)
{
    memcpy(out + at, text, length);
    return at + length;
}

/* The whole name into out, which has room for two names and what stands around a step. */
static size_t compose(const struct bench_names *names, uint32_t parent, enum bench_name_step step,
                      const char *text, size_t length, char *out)
{
    const struct name *above = &names->names[parent];
    size_t n = put(out, 0, above->text, above->text_length);
    switch (step) {
    case BENCH_STEP_ATTRIBUTE:
        n = put(out, n, ".", 1);
        break;
    case BENCH_STEP_CALL:
        return put(out, n, "()", 2);
    case BENCH_STEP_ITEM:
        return put(out, n, "[" ELLIPSIS "]", ELLIPSIS_BYTES + 2);
    case BENCH_STEP_ARGUMENT:
        n = put(out, n, "(", 1);
        break;
    case BENCH_STEP_TOP:
    default:
        break;
    }
    n += clean(out + n, text, length);
    return step == BENCH_STEP_ARGUMENT ? put(out, n, ")", 1) : n;
}

/* ---- the table ---- */

static int grow_names(struct bench_names *names)
{
    uint32_t room = names->room * 2;
    if (room > names->limit + 1)
        room = names->limit + 1;
    struct name *more = realloc(names->names, room * sizeof(*more));
    if (more == NULL)
        return -ENOMEM;
    names->names = more;
    names->room = room;
    return 0;
}

static void enter(struct bench_names *names, uint32_t number)
{
    uint32_t at = (uint32_t)names->names[number].hash & names->mask;
    while (names->slots[at] != 0)
        at = (at + 1) & names->mask;
    names->slots[at] = number;
}

static int grow_slots(struct bench_names *names)
{
    const uint32_t room = (names->mask + 1) * 2;
    uint32_t *more = calloc(room, sizeof(*more));
    if (more == NULL)
        return -ENOMEM;
    free(names->slots);
    names->slots = more;
    names->mask = room - 1;
    for (uint32_t i = 1; i <= names->count; i++)
        enter(names, i);
    return 0;
}

static uint32_t add(struct bench_names *names, uint32_t parent, enum bench_name_step step,
                    const char *text, size_t length, uint64_t hash)
{
    char whole[2 * TEXT_MAX + 8];
    if (names->count >= names->limit)
        return BENCH_NAME_OTHERS;
    if (names->count + 1 >= names->room && grow_names(names) < 0)
        return BENCH_NAME_OTHERS;
    if (names->count + 1 > (names->mask + 1) / 2 && grow_slots(names) < 0)
        return BENCH_NAME_OTHERS;
    size_t n = compose(names, parent, step, text, length, whole);
    n = shorten(whole, whole, n);
    struct name name = {.hash = hash,
                        .parent = parent,
                        .text_length = (uint16_t)n,
                        .step_length = (uint16_t)length,
                        .kind = (uint8_t)step,
                        .depth = (uint8_t)(names->names[parent].depth + 1)};
    name.text = keep(names, whole, n);
    name.step = name.text != NULL ? keep(names, text, length) : NULL;
    if (name.step == NULL)
        return BENCH_NAME_OTHERS;
    names->names[++names->count] = name;
    enter(names, names->count);
    return names->count;
}

uint32_t bench_names_step(struct bench_names *names, uint32_t parent, enum bench_name_step step,
                          const char *text, size_t length)
{
    char shortened[TEXT_MAX];
    if (step == BENCH_STEP_TOP)
        parent = BENCH_NAME_NONE;
    if (step == BENCH_STEP_CALL || step == BENCH_STEP_ITEM || text == NULL)
        text = "", length = 0;
    if (parent == BENCH_NAME_OTHERS || parent > names->count ||
        names->names[parent].depth >= BENCH_NAME_STEPS_MAX)
        return BENCH_NAME_OTHERS;
    if (length > TEXT_MAX) {
        length = shorten(shortened, text, length);
        text = shortened;
    }
    const uint64_t seed = names->salt ^ ((uint64_t)parent << 3 | (uint64_t)step);
    const uint64_t hash = XXH3_64bits_withSeed(text, length, seed);
    for (uint32_t at = (uint32_t)hash & names->mask; names->slots[at] != 0;
         at = (at + 1) & names->mask) {
        const struct name *name = &names->names[names->slots[at]];
        if (name->hash == hash && name->parent == parent && name->kind == step &&
            name->step_length == length && memcmp(name->step, text, length) == 0)
            return names->slots[at];
    }
    return add(names, parent, step, text, length, hash);
}

int bench_names_new(struct bench_names **out, uint32_t limit)
{
    if (limit < LIMIT_MIN || limit > LIMIT_MAX)
        return -EINVAL;
    struct bench_names *names = calloc(1, sizeof(*names));
    if (names == NULL)
        return -ENOMEM;
    names->limit = limit;
    names->salt = XXH3_64bits(&names, sizeof(names)); /* an address */
    names->room = limit + 1 < ROOM_FIRST ? limit + 1 : ROOM_FIRST;
    names->names = calloc(names->room, sizeof(*names->names));
    names->mask = 2 * ROOM_FIRST - 1;
    names->slots = calloc((size_t)names->mask + 1, sizeof(*names->slots));
    if (names->names == NULL || names->slots == NULL) {
        bench_names_free(names);
        return -ENOMEM;
    }
    names->names[BENCH_NAME_NONE].text = "";
    static const char others[] = "(others)";
    const uint64_t hash =
        XXH3_64bits_withSeed(others, sizeof(others) - 1, names->salt ^ BENCH_STEP_TOP);
    if (add(names, BENCH_NAME_NONE, BENCH_STEP_TOP, others, sizeof(others) - 1, hash) !=
            BENCH_NAME_OTHERS ||
        names->count != BENCH_NAME_OTHERS) {
        bench_names_free(names);
        return -ENOMEM;
    }
    *out = names;
    return 0;
}

void bench_names_free(struct bench_names *names)
{
    if (names == NULL)
        return;
    while (names->blocks != NULL) {
        struct block *next = names->blocks->next;
        free(names->blocks);
        names->blocks = next;
    }
    free(names->slots);
    free(names->names);
    free(names);
}

static const struct name *get(const struct bench_names *names, uint32_t name)
{
    return &names->names[name <= names->count ? name : BENCH_NAME_OTHERS];
}

uint32_t bench_names_parent(const struct bench_names *names, uint32_t name)
{
    return get(names, name)->parent;
}

enum bench_name_step bench_names_kind(const struct bench_names *names, uint32_t name)
{
    return (enum bench_name_step)get(names, name)->kind;
}

unsigned bench_names_depth(const struct bench_names *names, uint32_t name)
{
    return get(names, name)->depth;
}

const char *bench_names_text(const struct bench_names *names, uint32_t name)
{
    return get(names, name)->text;
}

uint32_t bench_names_count(const struct bench_names *names) { return names->count; }
