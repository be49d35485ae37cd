/* SPDX-License-Identifier: MIT */
/*
 * Pickles, read only: what a peer answers to `obtain`. Protocols 0 to 5, plain data only: None,
 * bool, int, float, str, bytes, list, dict, tuple, set, frozenset. A pickle is a program for a
 * stack machine that can make any object and call any function; everything that does is refused.
 * Pure functions on memory, no sockets; any thread.
 */
#ifndef RPYC_PICKLE_H
#define RPYC_PICKLE_H

#include "bench/error.h"
#include "bench/value.h"

#define RPYC_PICKLE_PROTOCOL_MAX 5
#define RPYC_PICKLE_LONG_MAX     1048576 /* bytes of all ints above 128 bits: converting is slow */

/* Exactly one pickle of length bytes. The value and its texts lie in the arena; what the pickle
 * names twice is there once. A bytearray becomes bytes; keys and members that come twice are
 * kept. The limits on nesting, items and digits are those of rpyc_value.h; a list that contains
 * itself is refused, and so is data that would have more than RPYC_ITEMS_MAX values if each was
 * written out where it is named. Needs up to about 100 bytes of memory per value while it reads.
 * 0; -EINVAL (cut, or not a pickle), -ENOTSUP (names a class or runs code), -E2BIG (a limit),
 * -EILSEQ (text that is not UTF-8), -ENOMEM. */
int rpyc_pickle_read(struct bench_arena *arena, const void *data, size_t length,
                     struct bench_value *out, struct bench_error *err) BENCH_MUST_CHECK;

#endif
