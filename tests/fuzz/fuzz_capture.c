/* SPDX-License-Identifier: MIT */
/* A file that says that it is a capture, once with much room and once with next to none. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tap/capture_internal.h"
#include "tests/fuzz/fuzz.h"

enum { CONNECTIONS = 4096 };

struct sink {
    int64_t last_ns[CONNECTIONS];
    char state[CONNECTIONS]; /* 0, 'o'pen, 'c'losed */
    uint64_t opened;
    size_t open, open_max, bytes;
    uint64_t gaps;
    volatile uint8_t seen;
};

static void take(const struct bench_piece *p, void *user)
{
    struct sink *s = user;
    const uint8_t *bytes = p->data;
    FUZZ_CHECK(p->connection >= 1 && p->connection < CONNECTIONS);
    char *state = &s->state[p->connection];
    FUZZ_CHECK(*state == (p->kind == BENCH_PIECE_OPEN ? 0 : 'o'));
    FUZZ_CHECK(p->time_ns >= s->last_ns[p->connection]);
    s->last_ns[p->connection] = p->time_ns;
    switch (p->kind) {
    case BENCH_PIECE_OPEN:
        FUZZ_CHECK(p->connection == ++s->opened);
        *state = 'o';
        s->open++;
        FUZZ_CHECK(s->open <= s->open_max && p->length > 0);
        break;
    case BENCH_PIECE_CLOSE:
        *state = 'c';
        s->open--;
        break;
    case BENCH_PIECE_GAP:
        s->gaps++;
        break;
    default:
        FUZZ_CHECK(p->kind == BENCH_PIECE_DATA && p->length > 0);
        s->bytes += p->length;
        break;
    }
    for (size_t i = 0; i < p->length; i++)
        s->seen = (uint8_t)(s->seen ^ bytes[i]);
}

static void read_with(const uint8_t *data, size_t size, size_t connections_max, size_t ahead)
{
    const struct tap_capture_options options = {.connections_max = connections_max,
                                                .ahead_bytes_max = ahead};
    struct tap_capture_counts counts = {0};
    struct bench_error err = {0};
    struct sink *sink = calloc(1, sizeof(*sink));
    FILE *stream = fmemopen((void *)(uintptr_t)data, size, "rb");
    if (sink == NULL || stream == NULL)
        abort();
    sink->open_max = connections_max;
    int rc = tap_capture_stream(stream, "fuzz", &options, take, sink, NULL, &counts, &err);
    FUZZ_CHECK(rc == 0 || rc == -EBADMSG || rc == -ENOTSUP);
    FUZZ_CHECK((rc == 0) == (err.msg[0] == '\0'));
    FUZZ_CHECK(sink->bytes <= size && sink->opened == counts.connections);
    FUZZ_CHECK(sink->gaps == counts.gaps && counts.tcp_packets <= counts.packets);
    free(sink);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0; /* fmemopen would mind */
    read_with(data, size, 1000, 1 << 20);
    read_with(data, size, 2, 700);
    return 0;
}
