/* SPDX-License-Identifier: MIT */
#include "suite/schedule.h"

#include <math.h>

#include "bench/units.h"
#include "core/random.h"

/* Starts that are expected during the ramp. */
static double in_ramp(const struct bench_schedule *s)
{
    return s->rate_per_s * (double)s->ramp_ns / (double)(2 * BENCH_NS_PER_S);
}

/* The time after t0 by which `starts` starts are expected: the inverse of the integral of the
 * rate. */
static double time_of(const struct bench_schedule *s, double starts)
{
    double ramp = (double)s->ramp_ns, ns_per_s = (double)BENCH_NS_PER_S;
    if (starts < in_ramp(s))
        return sqrt(2 * ramp * (starts * ns_per_s / s->rate_per_s));
    return starts * ns_per_s / s->rate_per_s + ramp / 2;
}

static void plan(struct bench_schedule *s)
{
    s->at_ns = INT64_MAX;
    if (s->index >= s->end)
        return;
    double after = time_of(s, s->poisson ? s->position : (double)s->index);
    if (after >= (double)(s->end_ns - s->t0_ns))
        return;
    int64_t at = s->t0_ns + llrint(after);
    if (s->left == 0 && at >= s->t0_ns + s->ramp_ns)
        return;
    s->at_ns = at;
}

static uint64_t add_without_wrap(uint64_t a, uint64_t b)
{
    return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

static int64_t later(int64_t at_ns, int64_t by_ns)
{
    return by_ns > INT64_MAX - at_ns ? INT64_MAX : at_ns + by_ns;
}

void bench_schedule_init(struct bench_schedule *schedule, const struct bench_load_model *model,
                         uint64_t units, int64_t budget_ns, int64_t t0_ns, int worker, int workers)
{
    uint64_t w = (uint64_t)worker, all = (uint64_t)workers;
    struct bench_schedule s = {
        .rate_per_s = model->rate_per_s,
        .poisson = model->arrival == BENCH_ARRIVAL_POISSON,
        .t0_ns = t0_ns,
        .ramp_ns = model->ramp_ns,
        .end_ns = INT64_MAX,
        .end = UINT64_MAX,
        .left = UINT64_MAX,
    };
    int64_t limit = model->duration_ns > 0 ? model->duration_ns : budget_ns;
    if (limit > 0)
        s.end_ns = later(later(t0_ns, model->ramp_ns), limit);
    if (s.poisson) {
        s.rate_per_s /= (double)workers;
        s.stride = 1;
        s.random = model->seed;
        for (uint64_t i = 0; i <= w; i++)
            s.random = bench_random_next(&s.random);
        if (model->duration_ns == 0)
            s.left = units / all + (w < units % all);
        s.position = bench_random_exponential(&s.random);
    } else {
        s.index = w;
        s.stride = all;
        if (model->duration_ns == 0)
            s.end = add_without_wrap((uint64_t)ceil(in_ramp(&s)), units);
    }
    plan(&s);
    *schedule = s;
}

void bench_schedule_take(struct bench_schedule *s)
{
    s->index += s->stride;
    if (s->poisson) {
        if (s->left != UINT64_MAX && s->at_ns >= s->t0_ns + s->ramp_ns)
            s->left--;
        s->position += bench_random_exponential(&s->random);
    }
    plan(s);
}

bool bench_schedule_was_cut(const struct bench_schedule *s)
{
    return s->at_ns == INT64_MAX && s->index < s->end && s->left > 0 &&
           (s->end != UINT64_MAX || s->left != UINT64_MAX);
}
