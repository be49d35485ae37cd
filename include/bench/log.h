/* SPDX-License-Identifier: MIT */
/*
 * Diagnostics on stderr, one write() per line, never mixed with results. Any thread may call.
 * Nothing is formatted when the level is off; nothing at info or above in a measured path.
 */
#ifndef BENCH_LOG_H
#define BENCH_LOG_H

#include "bench/api.h"

enum bench_log_level { BENCH_LOG_ERROR, BENCH_LOG_WARN, BENCH_LOG_INFO, BENCH_LOG_DEBUG };

BENCH_API extern enum bench_log_level bench_log_threshold;

BENCH_API void bench_log_write(enum bench_log_level level, const char *area, const char *format,
                               ...) BENCH_PRINTF(3, 4);

#define bench_log(level, area, ...)                                                                \
    do {                                                                                           \
        if ((level) <= bench_log_threshold)                                                        \
            bench_log_write((level), (area), __VA_ARGS__);                                         \
    } while (0)

#endif
