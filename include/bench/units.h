/* SPDX-License-Identifier: MIT */
/*
 * Times, sizes and counts as people write and read them. Pure functions, any thread.
 */
#ifndef BENCH_UNITS_H
#define BENCH_UNITS_H

#include "bench/api.h"

struct bench_error;

#define BENCH_NS_PER_S INT64_C(1000000000)
#define BENCH_NS_PER_MS INT64_C(1000000)
#define BENCH_NS_PER_US INT64_C(1000)

/* The steady clock (CLOCK_MONOTONIC), nanoseconds. */
BENCH_API int64_t bench_now_ns(void);

/* "250ns" "10us" "5ms" "2s" "1m" "1.5s"; a bare 0 is allowed. 0 or -EINVAL; nanoseconds. */
BENCH_API int bench_parse_duration(const char *text, int64_t *out_ns, struct bench_error *err)
    BENCH_MUST_CHECK;
/* "64KiB" "1.5MiB" "2GiB" "1000" "64kB"; KB/kB, MB and GB are powers of ten. 0 or -EINVAL. */
BENCH_API int bench_parse_size(const char *text, int64_t *out_bytes, struct bench_error *err)
    BENCH_MUST_CHECK;
/* A whole decimal number in [min, max]. 0 or -EINVAL. */
BENCH_API int bench_parse_int(const char *text, int64_t min, int64_t max, int64_t *out,
                              struct bench_error *err) BENCH_MUST_CHECK;

/* A printed quantity; passed by value so that several fit in one printf. */
struct bench_text {
    char s[32];
};

/* Three significant digits with the unit that fits: "0.24 ms", "12.3 us" as "12.3 µs", "1.20 s". */
BENCH_API struct bench_text bench_format_seconds(double seconds);
/* "512 B", "1.5 KiB", "16 MiB". */
BENCH_API struct bench_text bench_format_size(double bytes);
/* As written on the command line, exactly: "64KiB", "1.5MiB", "1000". Parses back to the same. */
BENCH_API struct bench_text bench_format_size_exact(int64_t bytes);
/* "1.5MiB" style for durations: "10ms", "2s", exactly. Parses back to the same. */
BENCH_API struct bench_text bench_format_duration_exact(int64_t ns);
/* "54.2 k/s", "312 /s". */
BENCH_API struct bench_text bench_format_rate(double per_second);

#endif
