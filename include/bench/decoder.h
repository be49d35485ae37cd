/* SPDX-License-Identifier: MIT */
/*
 * A passive decoder: reads the two byte streams of somebody else's connection (from a relay, a
 * preloaded library or a capture) and tells what happened in words that do not depend on the
 * protocol. Optional member of the backend's table; used by `profile`.
 */
#ifndef BENCH_DECODER_H
#define BENCH_DECODER_H

#include <stdbool.h>

#include "bench/api.h"

enum bench_direction { BENCH_TO_SERVER, BENCH_TO_CLIENT };

enum bench_event_kind {
    BENCH_EVENT_REQUEST,
    BENCH_EVENT_REPLY,
    BENCH_EVENT_ERROR,
    BENCH_EVENT_RELEASE, /* a reference was given back */
    BENCH_EVENT_CLOSE,
};

struct bench_event {
    int64_t time_ns;
    uint64_t connection;
    enum bench_direction direction;
    enum bench_event_kind kind;
    uint64_t id;     /* of the request, unique per connection and direction */
    uint64_t parent; /* request during which this one was made, 0 = none */
    const char *name; /* what the programmer wrote, borrowed for the call */
    size_t name_length;
    uint64_t reference; /* object concerned, 0 = none */
    uint64_t plain_bytes, wire_bytes;
};

typedef void (*bench_event_fn)(const struct bench_event *event, void *user);

/* A rule that the analyser may report; the decoder's protocol knows what the names mean. */
struct bench_finding_rule {
    const char *id;      /* "n-plus-one" */
    const char *summary; /* one line */
    const char *fix;     /* what to do */
};

struct bench_decoder_ops {
    size_t size; /* private bytes per connection, zeroed */
    int (*init)(void *decoder, uint64_t connection, bench_event_fn fn, void *user);
    /* Any pieces; never fails: bytes that make no sense end the decoding of that connection. */
    void (*feed)(void *decoder, enum bench_direction direction, int64_t time_ns, const void *data,
                 size_t length);
    void (*gap)(void *decoder, enum bench_direction direction); /* bytes were lost here */
    void (*fini)(void *decoder);
    const struct bench_finding_rule *rules; /* ended by id == NULL */
};

#endif
