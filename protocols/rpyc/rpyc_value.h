/* SPDX-License-Identifier: MIT */
/*
 * Brine: how RPyC writes values as bytes. Pure functions on memory, no sockets; any thread, as
 * long as a buffer, arena or reader has one user at a time.
 *
 * The writer is canonical (always the shortest form, byte for byte what Python writes). The reader
 * accepts the long forms too and refuses everything else that real peers never send.
 */
#ifndef RPYC_VALUE_H
#define RPYC_VALUE_H

#include "bench/buf.h"
#include "bench/error.h"
#include "bench/value.h"

#define RPYC_NESTING_MAX    100 /* containers in each other, unless an option says otherwise */
#define RPYC_NESTING_TOP    250 /* the most that one can say; Python itself copes with about 330 */
#define RPYC_ITEMS_MAX      1000000 /* items of all tuples of one message, likewise */
#define RPYC_INT_DIGITS_MAX 4300    /* Python's own limit for int <-> text */

/* A cursor over brine. Text of what it reads points into the input, unless `copy`. */
struct rpyc_reader {
    const uint8_t *at, *end;
    struct bench_arena *arena; /* items of tuples, and copies */
    bool copy;                 /* texts are copied into the arena */
    unsigned depth, depth_limit;
    size_t items_left;
    const char *problem; /* what was wrong, for messages; static text */
};

void rpyc_reader_init(struct rpyc_reader *reader, const uint8_t *data, size_t n,
                      struct bench_arena *arena, bool copy);
/* Other limits than the defaults. Of the items so many may have been read already that the new limit
 * is passed: -E2BIG. */
int rpyc_reader_limit(struct rpyc_reader *reader, size_t items, unsigned nesting) BENCH_MUST_CHECK;
/* 0; -EBADMSG (cut or not brine: nothing behind it can be trusted), -E2BIG (a limit above),
 * -EILSEQ (text that is not UTF-8), -ENOMEM. The same for the readers below, and -EINVAL when a
 * good value is not of the kind that was asked for. */
int rpyc_read_value(struct rpyc_reader *reader, struct bench_value *out) BENCH_MUST_CHECK;
/* The head of a tuple; its items follow. */
int rpyc_read_tuple(struct rpyc_reader *reader, size_t *count) BENCH_MUST_CHECK;
int rpyc_read_int(struct rpyc_reader *reader, int64_t *out) BENCH_MUST_CHECK;
/* 0, or -E2BIG when bytes are left. */
int rpyc_read_end(struct rpyc_reader *reader) BENCH_MUST_CHECK;
/* Exactly one value of n bytes. */
int rpyc_load(struct bench_arena *arena, const uint8_t *data, size_t n, struct bench_value *out,
              struct bench_error *err) BENCH_MUST_CHECK;

/* True for what travels by value. */
bool rpyc_dumpable(const struct bench_value *value);
/* Appends. 0, -EINVAL (not dumpable), -E2BIG (nesting, digits, above 4 GiB), -EILSEQ, or the
 * errors of bench_buf_reserve. */
int rpyc_dump(struct bench_buf *out, const struct bench_value *value) BENCH_MUST_CHECK;
int rpyc_dump_int(struct bench_buf *out, int64_t value) BENCH_MUST_CHECK;
int rpyc_dump_text(struct bench_buf *out, const char *text, size_t n) BENCH_MUST_CHECK;
/* Only tag and length: the n bytes follow from elsewhere. */
int rpyc_dump_bytes_head(struct bench_buf *out, size_t n) BENCH_MUST_CHECK;
/* Only tag and count: the items follow. */
int rpyc_dump_tuple_head(struct bench_buf *out, size_t count) BENCH_MUST_CHECK;

#endif
