/* SPDX-License-Identifier: MIT */
/*
 * The passive decoder: both directions of a conversation in pieces, with gaps. The first byte of
 * the input chooses the limits; then come records of {control, length (two bytes), bytes}: the
 * direction is bit 0 of control, a gap before the bytes bit 1, the time between pieces the rest.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/decoder.h"
#include "bench/value.h"
#include "protocols/rpyc/rpyc_decode.h"
#include "tests/fuzz/fuzz.h"

enum { CONNECTION = 3, JOINED = 1, UNTRACKED = 2, TIGHT = 4 };

struct heard {
    const struct bench_names *names;
    uint64_t messages, lost, closes, ids, alive;
    uint64_t wire_bytes, fed_bytes, gaps;
    int64_t now_ns;
    uint32_t references_max;
};

static void check_text(const char *text)
{
    size_t n = strlen(text);
    FUZZ_CHECK(n <= BENCH_NAME_BYTES_MAX);
    while (n > 0) {
        const size_t step = bench_utf8_length((const uint8_t *)text, n);
        FUZZ_CHECK(step > 0 && (uint8_t)*text >= 0x20);
        text += step;
        n -= step;
    }
}

static void check_name(const struct heard *h, uint32_t name)
{
    FUZZ_CHECK(name <= bench_names_count(h->names));
    FUZZ_CHECK(bench_names_depth(h->names, name) <= BENCH_NAME_STEPS_MAX);
    check_text(bench_names_text(h->names, name));
}

static void check_message(struct heard *h, const struct bench_event *event)
{
    h->messages++;
    h->wire_bytes += event->wire_bytes;
    FUZZ_CHECK(event->wire_bytes > 6 && event->plain_bytes > 6);
    FUZZ_CHECK(h->wire_bytes <= h->fed_bytes);
    if (event->kind == BENCH_EVENT_REQUEST)
        FUZZ_CHECK(event->id == ++h->ids && event->outcome == BENCH_OUTCOME_NONE);
    FUZZ_CHECK(event->id <= h->ids && event->parent <= h->ids);
    FUZZ_CHECK((event->error != NULL) == (event->kind == BENCH_EVENT_ERROR));
    FUZZ_CHECK(event->pause_ns >= 0 && event->pause_ns <= event->end_ns - event->time_ns);
    FUZZ_CHECK(event->verb < BENCH_VERB_COUNT && event->outcome <= BENCH_OUTCOME_END);
}

static void on_event(const struct bench_event *event, void *user)
{
    struct heard *h = user;
    FUZZ_CHECK(event->connection == CONNECTION && h->closes == 0);
    FUZZ_CHECK(event->time_ns <= event->end_ns && event->end_ns <= h->now_ns);
    check_name(h, event->name);
    check_name(h, event->class_name);
    check_name(h, event->result);
    if (event->error != NULL)
        check_text(event->error);
    switch (event->kind) {
    case BENCH_EVENT_REQUEST:
    case BENCH_EVENT_REPLY:
    case BENCH_EVENT_ERROR:
        check_message(h, event);
        break;
    case BENCH_EVENT_REFERENCE:
        FUZZ_CHECK(event->reference == 0 || ++h->alive <= h->references_max);
        break;
    case BENCH_EVENT_RELEASE:
        FUZZ_CHECK(event->reference != 0 && h->alive-- > 0);
        break;
    case BENCH_EVENT_LOST:
        h->lost++;
        break;
    case BENCH_EVENT_CLOSE:
        h->closes++;
        break;
    }
}

/* Each piece in memory of its own, so that reading behind it is seen. */
static void feed(void *decoder, struct heard *h, uint8_t control, const uint8_t *data, size_t n)
{
    uint8_t *copy = malloc(n > 0 ? n : 1);
    FUZZ_CHECK(copy != NULL);
    memcpy(copy, data, n);
    h->now_ns += control >> 2;
    h->fed_bytes += n;
    const struct bench_piece piece = {
        .kind = BENCH_PIECE_DATA,
        .direction = (control & 1) != 0 ? BENCH_TO_CLIENT : BENCH_TO_SERVER,
        .connection = CONNECTION,
        .time_ns = h->now_ns,
        .data = copy,
        .length = n,
    };
    if ((control & 2) != 0) {
        const uint64_t before = h->lost;
        rpyc_decoder_ops.gap(decoder, piece.direction, h->now_ns);
        FUZZ_CHECK(h->lost == before + 1);
    }
    (void)rpyc_decoder_ops.recognise(copy, n);
    rpyc_decoder_ops.feed(decoder, &piece);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bench_names *names;
    if (size == 0)
        return 0;
    const uint8_t how = *data++;
    size--;
    const bool tight = (how & TIGHT) != 0;
    FUZZ_CHECK(bench_names_new(&names, tight ? 16 : 1000) == 0);
    struct heard h = {.names = names, .references_max = tight ? 3 : 1000};
    const struct bench_decoder_setup setup = {
        .connection = CONNECTION,
        .names = names,
        .fn = on_event,
        .user = &h,
        .joined = (how & JOINED) != 0,
        .untracked = (how & UNTRACKED) != 0,
        .message_bytes_max = tight ? 4096 : 65536,
        .references_max = h.references_max,
        .pending_max = tight ? 2 : 1000,
    };
    void *decoder = calloc(1, rpyc_decoder_ops.size);
    FUZZ_CHECK(decoder != NULL && rpyc_decoder_ops.init(decoder, &setup) == 0);
    while (size >= 3) {
        const uint8_t control = data[0];
        size_t n = (size_t)data[1] << 8 | data[2];
        data += 3;
        size -= 3;
        n = n < size ? n : size;
        feed(decoder, &h, control, data, n);
        data += n;
        size -= n;
    }
    rpyc_decoder_ops.close(decoder, h.now_ns);
    FUZZ_CHECK(h.closes == 1);
    rpyc_decoder_ops.fini(decoder);
    free(decoder);
    bench_names_free(names);
    return 0;
}
