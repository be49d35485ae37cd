/* SPDX-License-Identifier: MIT */
#include "bench/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "bench/units.h"

enum bench_log_level bench_log_threshold = BENCH_LOG_WARN;

void bench_log_write(enum bench_log_level level, const char *area, const char *format, ...)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    char line[1024];
    int n;
    if (bench_log_threshold >= BENCH_LOG_DEBUG) {
        n = snprintf(line, sizeof(line), "%lld.%03lld [%d] %s: %s: ",
                     (long long)(bench_now_ns() / BENCH_NS_PER_S),
                     (long long)(bench_now_ns() / BENCH_NS_PER_MS % 1000), (int)gettid(), area,
                     names[level]);
    } else {
        n = snprintf(line, sizeof(line), "%s: %s: ", area, names[level]);
    }
    va_list args;
    va_start(args, format);
    n += vsnprintf(line + n, sizeof(line) - (size_t)n - 1, format, args);
    va_end(args);
    if (n > (int)sizeof(line) - 2)
        n = (int)sizeof(line) - 2;
    line[n++] = '\n';
    int saved = errno;
    if (write(STDERR_FILENO, line, (size_t)n) < 0)
        errno = saved; /* nowhere left to complain */
}
