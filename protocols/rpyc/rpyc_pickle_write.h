/* SPDX-License-Identifier: MIT */
/* Plain values as a pickle (protocol 4), which Python's pickle.loads reads. No sockets. */
#ifndef RPYC_PICKLE_WRITE_H
#define RPYC_PICKLE_WRITE_H

#include "bench/buf.h"
#include "bench/value.h"

#define RPYC_PICKLE_HIGHEST 5 /* the highest protocol that a client may ask for */
#define RPYC_PICKLE_BYTES   ((size_t)64 << 20)
#define RPYC_PICKLE_DEPTH   100 /* containers in each other */

/* What an object consists of: a LIST or DICT. 0, or negative, which ends the writing. */
typedef int (*rpyc_plain_fn)(void *user, struct bench_object *object, struct bench_value *out);

/* Appends. None, bool, int, float, str, bytes, tuple, list, dict, set and frozenset; objects as
 * `plain` says (NULL: none). 0, -EINVAL (another kind), -E2BIG (depth; an int of more digits than
 * Python reads), what plain returned, or the errors of bench_buf_reserve. */
int rpyc_pickle_write(struct bench_buf *out, const struct bench_value *value, rpyc_plain_fn plain,
                      void *user) BENCH_MUST_CHECK;

#endif
