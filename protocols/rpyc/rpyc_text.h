/* SPDX-License-Identifier: MIT */
/*
 * The simple form of a call as a user writes it: root.NAME(literal, ...), with or without "conn."
 * in front. Pure, no sockets.
 */
#ifndef RPYC_TEXT_H
#define RPYC_TEXT_H

#include "bench/error.h"
#include "bench/value.h"

#define RPYC_TEXT_ARGS 32

struct rpyc_call_text {
    const char *name; /* in the text */
    size_t name_length;
    struct bench_value args[RPYC_TEXT_ARGS]; /* in the arena */
    size_t nargs;
};

/* 0; -ENOTSUP names the column (from 1) of what is not of the simple form; -ENOMEM. */
int rpyc_parse_call(struct bench_arena *arena, const char *text, struct rpyc_call_text *out,
                    struct bench_error *err) BENCH_MUST_CHECK;

#endif
