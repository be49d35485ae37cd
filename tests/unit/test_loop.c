/* SPDX-License-Identifier: MIT */
/* Timers of the loop: never early, in order, and safe to change from their own callbacks. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "bench/loop.h"
#include "bench/units.h"
#include "stats/hist.h"

TestSuite(loop, .timeout = 30);

enum { MANY = 500 };

struct shot {
    struct bench_loop *loop;
    struct bench_timer *timer;
    int64_t due_ns, fired_ns;
    int order, times, left;
    int *counter;
};

static struct bench_loop *make_loop(void)
{
    struct bench_loop *loop;
    cr_assert_eq(bench_loop_new(&loop, NULL), 0);
    return loop;
}

static void on_shot(void *user)
{
    struct shot *s = user;
    s->fired_ns = bench_now_ns();
    s->order = (*s->counter)++;
    s->times++;
    if (*s->counter == s->left)
        bench_loop_stop(s->loop);
}

static void set(struct shot *s, int64_t delay_ns)
{
    s->due_ns = bench_now_ns() + delay_ns;
    cr_assert_eq(bench_timer_set(s->timer, delay_ns), 0);
}

Test(loop, timers_are_in_order_and_never_early)
{
    static struct shot shots[MANY];
    struct bench_loop *loop = make_loop();
    int counter = 0;
    for (int i = 0; i < MANY; i++) {
        shots[i] = (struct shot){.loop = loop, .counter = &counter, .left = MANY};
        cr_assert_eq(bench_timer_new(loop, on_shot, &shots[i], &shots[i].timer), 0);
        set(&shots[i], 60 * BENCH_NS_PER_S);
    }
    srand(1);
    for (int round = 0; round < 3; round++) /* earlier, later, off, on again */
        for (int i = 0; i < MANY; i++) {
            set(&shots[i], rand() % (20 * BENCH_NS_PER_MS));
            if (rand() % 3 == 0)
                cr_assert_eq(bench_timer_set(shots[i].timer, -1), 0);
        }
    for (int i = 0; i < MANY; i++)
        set(&shots[i], rand() % (20 * BENCH_NS_PER_MS));
    cr_assert_eq(bench_loop_run(loop, bench_now_ns() + 20 * BENCH_NS_PER_S), 0);
    for (int i = 0; i < MANY; i++) {
        cr_expect_eq(shots[i].times, 1);
        cr_expect_geq(shots[i].fired_ns, shots[i].due_ns, "number %d is early", i);
        for (int k = 0; k < MANY; k++)
            if (shots[i].due_ns + BENCH_NS_PER_US < shots[k].due_ns)
                cr_expect_lt(shots[i].order, shots[k].order);
        bench_timer_free(shots[i].timer);
    }
    bench_loop_free(loop);
}

static void on_again(void *user)
{
    struct shot *s = user;
    s->times++;
    if (s->times == 1000) {
        bench_timer_free(s->timer);
        bench_loop_stop(s->loop);
        return;
    }
    cr_assert_eq(bench_timer_set(s->timer, 0), 0);
}

/* "At once" for ever: others get their turn, and it may free itself. */
Test(loop, a_timer_that_sets_itself)
{
    struct bench_loop *loop = make_loop();
    int counter = 0;
    struct shot other = {.loop = loop, .counter = &counter, .left = -1};
    struct shot s = {.loop = loop};
    cr_assert_eq(bench_timer_new(loop, on_again, &s, &s.timer), 0);
    cr_assert_eq(bench_timer_new(loop, on_shot, &other, &other.timer), 0);
    cr_assert_eq(bench_timer_set(other.timer, 0), 0);
    cr_assert_eq(bench_timer_set(s.timer, 0), 0);
    cr_assert_eq(bench_loop_run(loop, bench_now_ns() + 20 * BENCH_NS_PER_S), 0);
    cr_expect_eq(s.times, 1000);
    cr_expect_eq(other.times, 1);
    bench_timer_free(other.timer);
    bench_loop_free(loop);
}

static void on_free_other(void *user)
{
    struct shot *s = user;
    s->times++;
    bench_timer_free(s[1].timer);
    s[1].timer = NULL;
    bench_loop_stop(s->loop);
}

Test(loop, a_timer_that_is_due_is_freed_by_another)
{
    struct bench_loop *loop = make_loop();
    int counter = 0;
    struct shot s[2] = {{.loop = loop}, {.loop = loop, .counter = &counter}};
    cr_assert_eq(bench_timer_new(loop, on_free_other, &s[0], &s[0].timer), 0);
    cr_assert_eq(bench_timer_new(loop, on_shot, &s[1], &s[1].timer), 0);
    cr_assert_eq(bench_timer_set(s[0].timer, 0), 0);
    cr_assert_eq(bench_timer_set(s[1].timer, 1), 0);
    (void)bench_loop_run(loop, bench_now_ns() + 20 * BENCH_NS_PER_S);
    (void)bench_loop_run(loop, bench_now_ns() + BENCH_NS_PER_MS);
    cr_expect_eq(s[0].times, 1);
    cr_expect_eq(s[1].times, 0);
    bench_timer_free(s[0].timer);
    bench_loop_free(loop);
}

Test(loop, deadlines)
{
    struct bench_loop *loop = make_loop();
    for (int i = 0; i < 20; i++) {
        const int64_t deadline_ns = bench_now_ns() + i * BENCH_NS_PER_MS / 4;
        cr_expect_eq(bench_loop_run(loop, deadline_ns), -ETIMEDOUT);
        cr_expect_geq(bench_now_ns(), deadline_ns);
    }
    cr_expect_eq(bench_loop_run(loop, 1), -ETIMEDOUT, "long past");
    bench_loop_free(loop);
}

/* Not a test of a time, which the machine decides, but a word about it in the log. */
Test(loop, how_late)
{
    struct bench_loop *loop = make_loop();
    struct bench_hist *hist;
    int counter = 0;
    struct shot s = {.loop = loop, .counter = &counter};
    cr_assert_eq(bench_hist_new(&hist), 0);
    cr_assert_eq(bench_timer_new(loop, on_shot, &s, &s.timer), 0);
    for (int i = 0; i < 200; i++) {
        s.left = counter + 1;
        set(&s, BENCH_NS_PER_MS + i * 1000);
        cr_assert_eq(bench_loop_run(loop, 0), 0);
        cr_expect_geq(s.fired_ns, s.due_ns);
        bench_hist_record(hist, s.fired_ns - s.due_ns);
    }
    cr_log_info("timers are late by %s (p50)",
                bench_format_duration_exact(bench_hist_percentile(hist, 0.5)).s);
    bench_hist_free(hist);
    bench_timer_free(s.timer);
    bench_loop_free(loop);
}
