/* SPDX-License-Identifier: MIT */
/*
 * Where in a Python program a thread is that is just sending something. Taking the interpreter's
 * lock would change the program, and is not needed: a thread that is inside a call of the C library
 * does not change its own frames, nor does anybody else. So they are read as they lie in memory,
 * by layouts that are known per version of CPython, and every object's type is compared before it
 * is followed. What does not fit ends it for this process.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tap/preload/preload.h"

enum {
    FRAMES_MAX = 64, /* from the innermost, until one of the program's own */
    FILES = 2048,    /* remembered: whether it is the program's own */
    PLACES = 4096,   /* remembered: an instruction's number */
    WAYS = 4,
    PATH_MAX_BYTES = 260,
    NAME_MAX_BYTES = 100,
};

/* Paths of what stands between the program and its socket; "/x/" anywhere. */
static const char *const between[] = {TAP_PATHS_BETWEEN};
/* Files of the standard library. */
static const char *const standard[] = {"/ssl.py", "/socket.py", "/threading.py", "/selectors.py"};

/* Bytes from the beginning of each object. 0 where a version does not have it. */
struct layout {
    const char *version;
    int frame_unit;   /* what an instruction's number is counted in; 0 = it is a pointer */
    size_t cframe;    /* thread -> something that holds the frame; 0 = the thread does */
    size_t frame;     /* -> innermost frame */
    size_t code;      /* frame -> code */
    size_t back;      /* frame -> caller's frame */
    size_t at;        /* frame -> instruction */
    size_t owner;     /* frame -> who made it */
    size_t code_text; /* code: its instructions */
    size_t file, name, first_line;
    size_t lines;          /* code: its table of lines */
    size_t ascii, compact; /* sizes of the heads of strings */
};

static const struct layout layouts[] = {
    {"3.9.", 1, 0, 24, 32, 24, 104, 0, 0, 104, 112, 40, 120, 48, 72},
    {"3.10.", 2, 0, 24, 32, 24, 96, 0, 0, 104, 112, 40, 120, 48, 72},
    {"3.11.", 0, 56, 8, 32, 48, 56, 0, 184, 112, 120, 72, 136, 48, 72},
    {"3.12.", 0, 56, 0, 0, 8, 56, 70, 192, 112, 120, 68, 136, 40, 56},
    {"3.13.", 0, 0, 72, 0, 8, 56, 70, 200, 112, 120, 68, 136, 40, 56},
};

enum {
    OBJECT_TYPE = 8,
    STRING_LENGTH = 16,
    STRING_HASH = 24, /* -1 = not known yet */
    STRING_STATE = 32,
    BYTES_LENGTH = 16,
    BYTES_DATA = 32,
    OWNED_BY_C = 3,
};

static const struct layout *layout;
static const void *frame_type, *code_type, *string_type, *bytes_type;
static void *(*this_thread)(void);
static int (*line_of)(void *code, int offset);
static int (*is_finalizing)(void);
static _Atomic bool broken;

static _Atomic uint64_t files[FILES];
static _Atomic uint64_t places[PLACES];
static _Atomic uint32_t last_place;
static _Atomic uint64_t places_epoch;

/* ---- memory ---- */

static const void *pointer_at(const void *object, size_t offset)
{
    const void *value;

    memcpy(&value, (const char *)object + offset, sizeof(value));
    return value;
}

static int int_at(const void *object, size_t offset)
{
    int value;

    memcpy(&value, (const char *)object + offset, sizeof(value));
    return value;
}

static bool is_a(const void *object, const void *type)
{
    return object && ((uintptr_t)object & 7) == 0 && pointer_at(object, OBJECT_TYPE) == type;
}

void tap_places_setup(void)
{
    const char *(*version)(void) = (const char *(*)(void))dlsym(RTLD_DEFAULT, "Py_GetVersion");
    const char *text = version ? version() : "";

    frame_type = dlsym(RTLD_DEFAULT, "PyFrame_Type");
    code_type = dlsym(RTLD_DEFAULT, "PyCode_Type");
    string_type = dlsym(RTLD_DEFAULT, "PyUnicode_Type");
    bytes_type = dlsym(RTLD_DEFAULT, "PyBytes_Type");
    this_thread = (void *(*)(void))dlsym(RTLD_DEFAULT, "PyGILState_GetThisThreadState");
    line_of = (int (*)(void *, int))dlsym(RTLD_DEFAULT, "PyCode_Addr2Line");
    is_finalizing = (int (*)(void))dlsym(RTLD_DEFAULT, "_Py_IsFinalizing");
    if (!is_finalizing)
        is_finalizing = (int (*)(void))dlsym(RTLD_DEFAULT, "Py_IsFinalizing");
    if (!frame_type || !code_type || !string_type || !bytes_type || !this_thread || !line_of ||
        !is_finalizing || strstr(text, "free-threading") || sizeof(void *) != 8)
        return;
    for (size_t i = 0; i < BENCH_COUNT_OF(layouts); i++) {
        if (strncmp(text, layouts[i].version, strlen(layouts[i].version)) == 0)
            layout = &layouts[i];
    }
}

/* ---- strings ---- */

static size_t put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xc0 | c >> 6);
        to[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xe0 | c >> 12);
        to[1] = (char)(0x80 | (c >> 6 & 63));
        to[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    to[0] = (char)(0xf0 | c >> 18);
    to[1] = (char)(0x80 | (c >> 12 & 63));
    to[2] = (char)(0x80 | (c >> 6 & 63));
    to[3] = (char)(0x80 | (c & 63));
    return 4;
}

static uint32_t character(const void *data, unsigned kind, size_t i)
{
    uint16_t two;
    uint32_t four;

    if (kind == 1)
        return ((const uint8_t *)data)[i];
    if (kind == 2) {
        memcpy(&two, (const char *)data + 2 * i, 2);
        return two;
    }
    memcpy(&four, (const char *)data + 4 * i, 4);
    return four < 0x110000 ? four : '?';
}

/* Which of a string's characters are where. False: that is no string of one piece. */
static bool string_parts(const void *object, const char **data, size_t *length, unsigned *kind)
{
    unsigned state;

    if (!is_a(object, string_type))
        return false;
    state = (unsigned)int_at(object, STRING_STATE);
    *length = (size_t)pointer_at(object, STRING_LENGTH);
    *kind = state >> 2 & 7;
    if ((state & 32) == 0 || (*kind != 1 && *kind != 2 && *kind != 4) || *length > SIZE_MAX / 8)
        return false;
    *data = (const char *)object + ((state & 64) != 0 ? layout->ascii : layout->compact);
    return true;
}

/* Its end, at most size - 1 bytes, as UTF-8. False: that is no string. */
static bool text_of(const void *object, char *text, size_t size)
{
    unsigned kind;
    size_t length, used = 0, begin;
    const char *data;

    if (!string_parts(object, &data, &length, &kind))
        return false;
    begin = length > (size - 1) / kind ? length - (size - 1) / kind : 0;
    for (size_t i = begin; i < length && used + 4 < size; i++)
        used += put_utf8(text + used, character(data, kind, i));
    text[used] = '\0';
    return true;
}

/* ---- code ---- */

static uint64_t mixed(uint64_t x)
{
    x ^= x >> 31;
    x *= 0x9e3779b97f4a7c15u;
    x ^= x >> 29;
    x *= 0xbf58476d1ce4e5b9u;
    return x ^ x >> 32;
}

/*
 * What is remembered goes by contents, never by address: a program that compiles (or reloads) code
 * gets its objects where others have been, even with the same name and the same table's length.
 */
static uint64_t bytes_key(const void *data, size_t length)
{
    const char *at = data;
    uint64_t key = length, word;

    for (; length >= sizeof(word); at += sizeof(word), length -= sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        key = (key ^ word) * 0x9e3779b97f4a7c15u;
        key ^= key >> 32;
    }
    word = 0;
    memcpy(&word, at, length);
    return mixed(key ^ word);
}

static bool string_key(const void *object, uint64_t *key)
{
    const char *data;
    size_t length;
    unsigned kind;

    if (!string_parts(object, &data, &length, &kind)) {
        atomic_store(&broken, true);
        return false;
    }
    *key = (uint64_t)(uintptr_t)pointer_at(object, STRING_HASH);
    if (*key == UINT64_MAX)
        *key = bytes_key(data, length * kind);
    return true;
}

/* All that a line number follows from, but for the instruction. */
static bool code_key(const void *code, uint64_t file, uint64_t *key)
{
    const void *lines = pointer_at(code, layout->lines);
    uint64_t name;

    if (!string_key(pointer_at(code, layout->name), &name))
        return false;
    if (!is_a(lines, bytes_type)) {
        atomic_store(&broken, true);
        return false;
    }
    *key = mixed(file ^ mixed(name)) ^ (uint64_t)int_at(code, layout->first_line) << 40 ^
           bytes_key((const char *)lines + BYTES_DATA, (size_t)pointer_at(lines, BYTES_LENGTH));
    return true;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

static bool is_between(const char *path)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(between); i++) {
        if (strstr(path, between[i]))
            return true;
    }
    for (size_t i = 0; i < BENCH_COUNT_OF(standard); i++) {
        if (strstr(path, "/lib/python3") && ends_with(path, standard[i]))
            return true;
    }
    return strncmp(path, "<frozen ", 8) == 0;
}

/* Whether code of this file is the program's own. The lowest bits of what is remembered say so. */
static bool is_programs(const void *code, uint64_t file)
{
    uint64_t key = mixed(file);
    _Atomic uint64_t *kept = &files[key % FILES];
    uint64_t value = atomic_load_explicit(kept, memory_order_relaxed);
    char path[PATH_MAX_BYTES];
    bool own;

    if ((value | 3) == (key | 3) && (value & 3) != 0)
        return (value & 3) == 1;
    if (!text_of(pointer_at(code, layout->file), path, sizeof(path))) {
        atomic_store(&broken, true);
        return false;
    }
    own = !is_between(path);
    atomic_store_explicit(kept, (key & ~(uint64_t)3) | (own ? 1u : 2u), memory_order_relaxed);
    return own;
}

/* Bytes from the first instruction; -1: that cannot be. */
static int offset_in(const void *frame, const void *code)
{
    intptr_t offset;

    if (layout->frame_unit != 0)
        offset = (intptr_t)int_at(frame, layout->at) * layout->frame_unit;
    else
        offset = (intptr_t)pointer_at(frame, layout->at) -
                 (intptr_t)((const char *)code + layout->code_text);
    return offset >= 0 && offset < 1 << 28 ? (int)offset : -1;
}

/* ---- numbers ---- */

static uint32_t place_kept(uint64_t key, _Atomic uint64_t **room)
{
    _Atomic uint64_t *set = &places[key % (PLACES / WAYS) * WAYS];

    *room = &set[key >> 40 & (WAYS - 1)];
    for (unsigned i = 0; i < WAYS; i++) {
        uint64_t value = atomic_load_explicit(&set[i], memory_order_relaxed);

        if (value >> 16 == key >> 16 && (value & TAP_PLACES_MAX) != 0)
            return (uint32_t)(value & TAP_PLACES_MAX);
        if (value == 0)
            *room = &set[i];
    }
    return 0;
}

static uint32_t place_new(const void *code, int offset, uint64_t key, _Atomic uint64_t *room)
{
    char path[PATH_MAX_BYTES], name[NAME_MAX_BYTES], text[TAP_PLACE_MAX];
    union {
        const void *in;
        void *out;
    } any = {.in = code};
    uint32_t number = atomic_fetch_add(&last_place, 1) + 1;
    struct bench_piece piece = {.kind = BENCH_PIECE_PLACE, .data = text, .place = number};
    int line, n;

    if (number > TAP_PLACES_MAX) {
        atomic_store(&last_place, TAP_PLACES_MAX);
        return 0;
    }
    if (!text_of(pointer_at(code, layout->file), path, sizeof(path)) ||
        !text_of(pointer_at(code, layout->name), name, sizeof(name))) {
        atomic_store(&broken, true);
        return 0;
    }
    /* Reads the code's own table of lines, which never changes; no lock of the interpreter. */
    line = line_of(any.out, offset);
    n = snprintf(text, sizeof(text), "%s:%d %s", path, line, name);
    piece.length = n > 0 ? strnlen(text, sizeof(text)) : 0;
    piece.time_ns = tap_now();
    piece.thread = tap_thread();
    if (!tap_put(&piece)) {
        /* Back, so that a ring that is full for long does not use all of them up. */
        (void)atomic_compare_exchange_strong(&last_place, &number, number - 1);
        return 0;
    }
    atomic_store_explicit(room, (key & ~(uint64_t)TAP_PLACES_MAX) | number, memory_order_relaxed);
    return number;
}

static uint32_t place_of(const void *code, int offset, uint64_t code_is)
{
    uint64_t key = mixed(code_is + (uint64_t)offset), epoch = tap_ring_epoch();
    _Atomic uint64_t *room;
    uint32_t number;

    if (epoch == 0)
        return 0;
    /* A forked child's ring knows none of them. */
    if (atomic_load_explicit(&places_epoch, memory_order_relaxed) != epoch &&
        atomic_exchange(&places_epoch, epoch) != epoch) {
        for (size_t i = 0; i < PLACES; i++)
            atomic_store_explicit(&places[i], 0, memory_order_relaxed);
    }
    number = place_kept(key, &room);
    return number != 0 ? number : place_new(code, offset, key, room);
}

/* ---- frames ---- */

static const void *innermost(const void *thread)
{
    if (layout->cframe == 0)
        return pointer_at(thread, layout->frame);
    thread = pointer_at(thread, layout->cframe);
    return thread ? pointer_at(thread, layout->frame) : NULL;
}

static uint32_t look(const void *frame)
{
    for (int i = 0; frame && i < FRAMES_MAX; i++) {
        const void *code;
        uint64_t file, key;

        if (((uintptr_t)frame & 7) != 0 || (layout->frame_unit != 0 && !is_a(frame, frame_type))) {
            atomic_store(&broken, true);
            return 0;
        }
        code = pointer_at(frame, layout->code);
        /* Frames that stand for calls from C hold something else there. */
        if (layout->owner != 0 && ((const uint8_t *)frame)[layout->owner] == OWNED_BY_C) {
            frame = pointer_at(frame, layout->back);
            continue;
        }
        if (!is_a(code, code_type)) {
            atomic_store(&broken, true);
            return 0;
        }
        if (!string_key(pointer_at(code, layout->file), &file))
            return 0;
        if (is_programs(code, file)) {
            int offset = offset_in(frame, code);

            return offset >= 0 && code_key(code, file, &key) ? place_of(code, offset, key) : 0;
        }
        if (atomic_load_explicit(&broken, memory_order_relaxed))
            return 0;
        frame = pointer_at(frame, layout->back);
    }
    return 0;
}

uint32_t tap_place(void)
{
    int saved = errno;
    const void *thread, *frame;
    uint32_t place = 0;

    /* At the interpreter's end other threads' frames are freed under them. */
    if (!layout || atomic_load_explicit(&broken, memory_order_relaxed) || is_finalizing())
        return 0;
    thread = this_thread();
    frame = thread ? innermost(thread) : NULL;
    if (frame)
        place = look(frame);
    errno = saved;
    return place;
}
