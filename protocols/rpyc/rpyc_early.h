/* SPDX-License-Identifier: MIT */
/*
 * Answers to requests of our server that came before their turn: while it waits for one answer, a
 * client with several threads may give that to an earlier request first. Used by one session's
 * thread.
 */
#ifndef RPYC_EARLY_H
#define RPYC_EARLY_H

#include "protocols/rpyc/rpyc_msg.h"

#define RPYC_EARLY_BYTES ((size_t)64 << 20) /* of those that are kept at the same time */

struct rpyc_early_answer;

struct rpyc_early {
    struct rpyc_early_answer *kept;
    struct rpyc_early_answer *taken; /* the latest */
    size_t bytes;                    /* of all these */
};

void rpyc_early_init(struct rpyc_early *early);
void rpyc_early_fini(struct rpyc_early *early);
/* Copies an answer, unless there is one of that number. 0, -EPROTO (too many bytes), -ENOMEM. */
int rpyc_early_keep(struct rpyc_early *early, const struct rpyc_message *answer,
                    struct bench_error *err) BENCH_MUST_CHECK;
/* The answer of that number if it has come, without its seq; valid until the next one is taken. */
bool rpyc_early_take(struct rpyc_early *early, int64_t seq, struct bench_arena *arena,
                     struct rpyc_message *out) BENCH_MUST_CHECK;

#endif
