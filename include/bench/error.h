/* SPDX-License-Identifier: MIT */
/*
 * The error object. It lives on the caller's stack, is the last parameter and may be NULL. Who
 * finds the cause fills it, once; callers may prefix it but do not replace it. Messages are one
 * line without capital or full stop and name the value that was wrong. No locks, no allocation.
 */
#ifndef BENCH_ERROR_H
#define BENCH_ERROR_H

#include "bench/api.h"

struct bench_error {
    int code; /* negative errno, 0 = none */
    int line;
    const char *file;
    char msg[256];
};

/* Fills *err (if not NULL) and returns code, so that a function can end with
 * `return bench_fail(err, -EPROTO, "frame length %u over limit %u", n, max);`. */
#define bench_fail(err, code, ...) bench_error_set((err), (code), __FILE__, __LINE__, __VA_ARGS__)

BENCH_API int bench_error_set(struct bench_error *err, int code, const char *file, int line,
                              const char *format, ...) BENCH_PRINTF(5, 6);

/* Puts prefix in front of the message; does nothing without an error. */
BENCH_API void bench_error_prefix(struct bench_error *err, const char *prefix);

/* The text of an errno value (positive or negative), in a buffer of the calling thread. */
BENCH_API const char *bench_errno_text(int code);

#endif
