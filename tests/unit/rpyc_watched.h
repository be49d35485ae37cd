/* SPDX-License-Identifier: MIT */
/* A decoder that is watched: what it tells as lines of text; and recorded conversations for it. */
#ifndef TEST_RPYC_WATCHED_H
#define TEST_RPYC_WATCHED_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "protocols/rpyc/rpyc_decode.h"
#include "tests/support/files.h"

#define RECORDED TEST_SOURCE_DIR "/tests/unit/data/rpyc-transcripts.txt"
#define CLASSIC  TEST_SOURCE_DIR "/tests/unit/data/rpyc-classic.txt"

enum { MESSAGE_MAX = 1 << 20, CONNECTION = 7 };

/* ---- what a decoder tells, as text ---- */

struct watched {
    struct bench_names *names;
    void *decoder;
    struct bench_buf text;
    size_t counts[BENCH_EVENT_CLOSE + 1];
    uint64_t plain_bytes, wire_bytes;
    struct bench_event last; /* of a message */
    bool quiet;
};

static const char *const kinds[] = {"REQUEST", "REPLY", "ERROR", "REFERENCE",
                                    "RELEASE", "LOST",  "CLOSE"};
static const char *const outcomes[] = {"", " value", " object", " callable", " objects", " end"};
static const char *const verbs[BENCH_VERB_COUNT] = {
    [BENCH_VERB_OTHER] = "other",       [BENCH_VERB_CALL] = "call",
    [BENCH_VERB_GET] = "get",           [BENCH_VERB_SET] = "set",
    [BENCH_VERB_ITEM] = "item",         [BENCH_VERB_ITERATE] = "iterate",
    [BENCH_VERB_NEXT] = "next",         [BENCH_VERB_LENGTH] = "length",
    [BENCH_VERB_TEXT] = "text",         [BENCH_VERB_COPY] = "copy",
    [BENCH_VERB_DESCRIBE] = "describe", [BENCH_VERB_ROOT] = "root",
    [BENCH_VERB_PING] = "ping",         [BENCH_VERB_RELEASE] = "release",
    [BENCH_VERB_CLOSE] = "close",
};

static inline void tell_number(struct watched *w, const char *what, uint64_t number)
{
    if (number != 0)
        cr_assert_eq(bench_buf_printf(&w->text, " %s=%llu", what, (unsigned long long)number), 0);
}

static inline void tell_name(struct watched *w, const char *what, uint32_t name)
{
    if (name != BENCH_NAME_NONE)
        cr_assert_eq(bench_buf_printf(&w->text, " %s%s", what, bench_names_text(w->names, name)),
                     0);
}

static inline void on_event(const struct bench_event *event, void *user)
{
    struct watched *w = user;
    const bool message = event->kind <= BENCH_EVENT_ERROR;
    w->counts[event->kind]++;
    cr_assert_eq(event->connection, CONNECTION);
    cr_assert_leq(event->time_ns, event->end_ns);
    if (message) {
        w->plain_bytes += event->plain_bytes;
        w->wire_bytes += event->wire_bytes;
        w->last = *event;
    }
    if (w->quiet)
        return;
    cr_assert_eq(bench_buf_printf(&w->text, "%s%s %s", message ? "" : "    ",
                                  event->direction == BENCH_TO_SERVER ? ">" : "<",
                                  kinds[event->kind]),
                 0);
    tell_number(w, "id", event->id);
    if (message)
        cr_assert_eq(bench_buf_printf(&w->text, " %s%s%s", verbs[event->verb],
                                      event->unawaited ? " unawaited" : "",
                                      outcomes[event->outcome]),
                     0);
    tell_name(w, "", event->name);
    tell_name(w, "class=", event->class_name);
    tell_name(w, "-> ", event->result);
    tell_number(w, "reference", event->reference);
    tell_number(w, "items", event->items);
    tell_number(w, "parent", event->parent);
    if (event->parent != 0)
        cr_assert_neq(event->thread, 0);
    if (event->wire_bytes != event->plain_bytes)
        tell_number(w, "wire", event->wire_bytes);
    tell_number(w, "bytes", event->plain_bytes);
    if (event->error != NULL)
        cr_assert_eq(bench_buf_printf(&w->text, " (%s)", event->error), 0);
    cr_assert_eq(bench_buf_add(&w->text, "\n", 1), 0);
}

static const struct bench_decoder_setup usual = {
    .connection = CONNECTION,
    .fn = on_event,
    .message_bytes_max = MESSAGE_MAX,
    .references_max = 1000,
    .pending_max = 1000,
};

static inline void watch_as(struct watched *w, const struct bench_decoder_setup *how)
{
    struct bench_decoder_setup setup = *how;
    *w = (struct watched){.quiet = false};
    cr_assert_eq(bench_names_new(&w->names, 10000), 0);
    bench_buf_init(&w->text, (size_t)64 << 20);
    w->decoder = calloc(1, rpyc_decoder_ops.size);
    cr_assert_not_null(w->decoder);
    setup.names = w->names;
    setup.user = w;
    cr_assert_eq(rpyc_decoder_ops.init(w->decoder, &setup), 0);
}

static inline void watch(struct watched *w) { watch_as(w, &usual); }

static inline void watch_end(struct watched *w)
{
    rpyc_decoder_ops.fini(w->decoder);
    free(w->decoder);
    bench_buf_fini(&w->text);
    bench_names_free(w->names);
}

static inline const char *told(struct watched *w)
{
    cr_assert_eq(bench_buf_add(&w->text, "", 1), 0);
    w->text.end--;
    return (const char *)bench_buf_head(&w->text);
}

static inline size_t messages(const struct watched *w)
{
    return w->counts[BENCH_EVENT_REQUEST] + w->counts[BENCH_EVENT_REPLY] +
           w->counts[BENCH_EVENT_ERROR];
}

static inline void feed_at(struct watched *w, enum bench_direction direction, const void *data,
                           size_t n, int64_t time_ns)
{
    const struct bench_piece piece = {
        .kind = BENCH_PIECE_DATA,
        .direction = direction,
        .connection = CONNECTION,
        .time_ns = time_ns,
        .data = data,
        .length = n,
    };
    rpyc_decoder_ops.feed(w->decoder, &piece);
}

static inline void feed(struct watched *w, enum bench_direction direction, const void *data,
                        size_t n)
{
    feed_at(w, direction, data, n, 0);
}

/* ---- recorded conversations ---- */

struct frame {
    char name[96]; /* "5.3.0 echo int" */
    enum bench_direction direction;
    uint8_t *bytes;
    size_t length;
};

struct recorded {
    struct frame *frames;
    size_t count;
};

static inline void add_frame(struct recorded *r, char *line)
{
    struct frame *frame = &r->frames[r->count++];
    const char *version = strsep(&line, "\t"), *name = strsep(&line, "\t");
    frame->direction = strcmp(strsep(&line, "\t"), "C>S") == 0 ? BENCH_TO_SERVER : BENCH_TO_CLIENT;
    const char *hex = strsep(&line, "\t");
    (void)snprintf(frame->name, sizeof(frame->name), "%s %s", version, name);
    frame->length = strlen(hex) / 2;
    frame->bytes = malloc(frame->length);
    cr_assert_not_null(frame->bytes);
    for (size_t i = 0; i < frame->length; i++) {
        unsigned byte;
        cr_assert_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
        frame->bytes[i] = (uint8_t)byte;
    }
}

static inline void record(struct recorded *r, const char *path)
{
    size_t n;
    char *text, *rest, *line;
    cr_assert_eq(support_read_file(path, &text, &n), 0);
    rest = text;
    r->count = 0;
    r->frames = calloc(2000, sizeof(*r->frames));
    cr_assert_not_null(r->frames);
    while ((line = strsep(&rest, "\n")) != NULL)
        if (line[0] != '\0' && line[0] != '#')
            add_frame(r, line);
    free(text);
}

static inline void record_end(struct recorded *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->frames[i].bytes);
    free(r->frames);
}

/* The frames of one conversation: `from` .. the result. */
static inline size_t conversation_end(const struct recorded *r, size_t from)
{
    size_t at = from;
    while (at < r->count && strcmp(r->frames[at].name, r->frames[from].name) == 0)
        at++;
    return at;
}

#endif
