/* SPDX-License-Identifier: MIT */
#include "suite/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "bench/units.h"

void bench_progress_start(struct bench_progress *p, double estimated_s)
{
    *p = (struct bench_progress){.on = isatty(STDERR_FILENO) != 0,
                                 .total = estimated_s,
                                 .started = bench_now_ns()};
}

/* The rest of the estimate, scaled by how wrong it has been so far. */
static double seconds_left(const struct bench_progress *p)
{
    double elapsed = (double)(bench_now_ns() - p->started) / 1e9;
    double pace = p->done > 0.1 * p->total ? elapsed / p->done : 1;
    double left = (p->total - p->done) * pace;
    return left < 0 ? 0 : left;
}

void bench_progress_step(struct bench_progress *p, double work_s, const char *format, ...)
{
    p->done += work_s;
    if (!p->on)
        return;
    char what[160];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    if (p->part != NULL)
        (void)snprintf(what, sizeof(what), "%s", p->part);
    double left = seconds_left(p);
    double share = p->total > 0 ? 100 * p->done / p->total : 0;
    (void)fprintf(stderr, "\r\033[K[%3.0f %%, %d:%02d left] %.100s", share > 99 ? 99 : share,
                  (int)left / 60, (int)left % 60, what);
    (void)fflush(stderr);
    p->drawn = true;
}

void bench_progress_expect(struct bench_progress *p, double total_s)
{
    p->total = total_s > p->done ? total_s : p->done;
}

void bench_progress_clear(struct bench_progress *p)
{
    if (p->drawn)
        (void)fputs("\r\033[K", stderr);
    p->drawn = false;
}
