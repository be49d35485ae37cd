/* SPDX-License-Identifier: MIT */
/*
 * Where the time goes: what a program waits for one operation, taken apart by measuring it with
 * one piece exchanged after the other.
 *
 *   kernel and wire  the floor's time for the same bytes, once for each round trip of the protocol
 *   protocol         our own client with our own server, less that
 *   Python server    our own client with the Python server, less the one before
 *   Python client    the Python client with the Python server, less the one before
 *
 * Only means are subtracted: those of parts add up to that of the whole, percentiles do not. All
 * cells are of one run and measured alike: same mode, placement and operation, one connection,
 * closed loop, no distance. It follows from the results alone and is never read from a file.
 */
#ifndef BENCH_PARTS_H
#define BENCH_PARTS_H

#include "suite/means.h"

/* X(ID, key in files, head of a column, within a sentence) */
#define BENCH_PARTS(X)                                                                             \
    X(WIRE, "kernel_and_wire", "kernel and wire", "kernel and wire")                               \
    X(PROTOCOL, "protocol", "protocol", "the protocol")                                            \
    X(SERVER, "server", "Python server", "the server")                                             \
    X(CLIENT, "client", "Python client", "the client library")

enum bench_part {
#define X(id, key, head, text) BENCH_PART_##id,
    BENCH_PARTS(X)
#undef X
        BENCH_PART_COUNT
};

const char *bench_part_key(enum bench_part part);
const char *bench_part_head(enum bench_part part);

/* One operation as one kind of client waits for it. */
struct bench_attribution {
    const struct bench_result *floor;   /* a bare socket */
    const struct bench_result *further; /* the floor's ping: of further round trips; or NULL */
    const struct bench_result *native;  /* own client, own server */
    const struct bench_result *served;  /* own client, Python server */
    const struct bench_result *used;    /* Python client, Python server; NULL: not measured */
    double round_trips;                 /* of the protocol, at least 1 */
    bool trips_known;
    struct bench_interval parts[BENCH_PART_COUNT];
    size_t nparts; /* without the Python client: one fewer */
    struct bench_interval whole;
    size_t section; /* rows of one table have the same; never falls */
};

struct bench_attributions {
    struct bench_means means;
    struct bench_attribution *rows;
    size_t n;
};

/* 0 or -ENOMEM; bench_attributions_fini in either case. */
int bench_attributions_init(struct bench_attributions *out,
                            const struct bench_run *run) BENCH_MUST_CHECK;
void bench_attributions_fini(struct bench_attributions *attributions);

/* The cell whose mean is the whole. */
const struct bench_result *bench_attribution_whole(const struct bench_attribution *row);
/* "ping", "download 100KiB". Returns out. */
char *bench_attribution_operation(const struct bench_attribution *row, char *out, size_t size);
/* "of 0.312 ms a Python user of X waits for ping, 0.021 is kernel and wire, ...". Returns out. */
char *bench_attribution_sentence(const struct bench_attribution *row, char *out, size_t size);

#endif
