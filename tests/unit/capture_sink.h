/* SPDX-License-Identifier: MIT */
/*
 * What comes out of the capture reader, checked as it comes and written down as a line of text:
 *
 *     1 open 127.0.0.1:40000 > 127.0.0.1:18812 (joined); 1 > abc; 1 < gap; 1 close
 */
#ifndef CAPTURE_SINK_H
#define CAPTURE_SINK_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap/capture_internal.h"
#include "tests/support/capture_writer.h"

enum { SINK_CONNECTIONS = 64, SINK_TEXT = 4096 };

struct capture_sink {
    char text[SINK_TEXT];
    size_t length;
    bool quiet; /* no text */
    int64_t last_ns[SINK_CONNECTIONS];
    char state[SINK_CONNECTIONS]; /* 0, 'o'pen, 'c'losed */
    int64_t first_ns, end_ns;     /* of all pieces */
    /* of connection 1, when it is to be kept: */
    uint8_t *bytes[2];
    size_t nbytes[2];
    size_t gaps[2];
    void (*check)(struct capture_sink *sink, const struct bench_piece *piece);
    struct tap_capture_counts counts;
    struct bench_error err;
};

static void sink_say(struct capture_sink *s, const struct bench_piece *p)
{
    static const char *const words[] = {
        [BENCH_PIECE_OPEN] = "open ", [BENCH_PIECE_GAP] = "gap", [BENCH_PIECE_CLOSE] = "close"};
    size_t room = sizeof(s->text) - s->length;
    const char *way = p->kind != BENCH_PIECE_DATA && p->kind != BENCH_PIECE_GAP ? ""
                      : p->direction == BENCH_TO_SERVER                         ? "> "
                                                                                : "< ";
    int n = snprintf(s->text + s->length, room, "%s%d %s%s%.*s%s", s->length > 0 ? "; " : "",
                     (int)p->connection, way, words[p->kind] != NULL ? words[p->kind] : "",
                     (int)p->length, p->data != NULL ? (const char *)p->data : "",
                     p->joined ? " (joined)" : "");
    cr_assert(n > 0 && (size_t)n < room, "the text is too long: %s", s->text);
    s->length += (size_t)n;
}

static void sink_piece(const struct bench_piece *p, void *user)
{
    struct capture_sink *s = user;
    cr_assert(p->connection >= 1 && p->connection < SINK_CONNECTIONS);
    char *state = &s->state[p->connection];
    cr_assert_eq(*state, p->kind == BENCH_PIECE_OPEN ? 0 : 'o');
    *state = p->kind == BENCH_PIECE_CLOSE ? 'c' : 'o';
    cr_assert_geq(p->time_ns, s->last_ns[p->connection], "time goes back");
    cr_assert_eq(p->length > 0, p->data != NULL);
    cr_assert_eq(p->length > 0, p->kind == BENCH_PIECE_DATA || p->kind == BENCH_PIECE_OPEN);
    s->last_ns[p->connection] = s->end_ns = p->time_ns;
    if (s->first_ns == 0)
        s->first_ns = p->time_ns;
    if (s->check != NULL)
        s->check(s, p);
    if (p->connection == 1 && p->kind == BENCH_PIECE_DATA) {
        size_t *n = &s->nbytes[p->direction];
        s->bytes[p->direction] = realloc(s->bytes[p->direction], *n + p->length);
        memcpy(s->bytes[p->direction] + *n, p->data, p->length);
        *n += p->length;
    } else if (p->connection == 1 && p->kind == BENCH_PIECE_GAP) {
        s->gaps[p->direction]++;
    }
    if (!s->quiet)
        sink_say(s, p);
}

static void sink_fini(struct capture_sink *s)
{
    free(s->bytes[0]);
    free(s->bytes[1]);
}

/* The reader's answer. */
static int sink_read(struct capture_sink *s, const struct support_capture *capture,
                     const struct tap_capture_options *options)
{
    struct tap_capture_options defaults;
    tap_capture_options_init(&defaults);
    FILE *stream = fmemopen(capture->bytes, capture->length, "rb");
    cr_assert_not_null(stream);
    return tap_capture_stream(stream, "test.pcap", options != NULL ? options : &defaults,
                              sink_piece, s, NULL, &s->counts, &s->err);
}

#endif
