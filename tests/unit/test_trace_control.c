/* SPDX-License-Identifier: MIT */
/* Who waits for whom. Times in scripts are us. */
#include "trace_fixture.h"

TestSuite(trace_control, .timeout = 20);

/* Whatever happens: a request is one of these. */
static void check_sum(const struct trace_totals *totals)
{
    for (int d = 0; d < 2; d++)
        cr_assert_eq(totals->requests[d], totals->round_trips[d] + totals->overlapped[d] +
                                              totals->unawaited[d] + totals->unanswered[d]);
}

Test(trace_control, one_call_after_the_other)
{
    struct played p = played("0 1 open\n"
                             "10 1 > q 1 call root.f\n"
                             "15 1 < r 1\n"
                             "18 1 > q 2 call root.g\n"
                             "25 1 < r 2\n"
                             "30 1 close\n");
    const struct trace_totals *t = &p.profile->totals;
    check_sum(t);
    cr_assert_eq(t->round_trips[BENCH_TO_SERVER], 2);
    cr_assert_eq(t->overlapped[BENCH_TO_SERVER], 0);
    cr_assert_eq(t->messages[BENCH_TO_SERVER], 2);
    cr_assert_eq(t->messages[BENCH_TO_CLIENT], 2);
    cr_assert_eq(t->waiting_ns[BENCH_TO_SERVER], 12000);
    cr_assert_eq(t->serving_ns[BENCH_TO_SERVER], 12000);
    cr_assert_eq(t->depth_max, 1);
    cr_assert_eq(call_of(p.profile, "root.f", 0)->before_ns, -1);
    cr_assert_eq(call_of(p.profile, "root.g", 0)->before_ns, 3000);
    done(&p);
}

Test(trace_control, callbacks_three_deep)
{
    struct played p = played("0 1 open\n"
                             "10 1 > q 1 call root.f\n"
                             "20 1 < q 2 call callback\n"
                             "30 1 > q 3 call root.inner\n"
                             "40 1 < r 3\n"
                             "50 1 > r 2\n"
                             "55 1 < q 4 call callback\n"
                             "60 1 > r 4\n"
                             "70 1 < r 1\n"
                             "80 1 close\n");
    const struct trace_totals *t = &p.profile->totals;
    check_sum(t);
    cr_assert_eq(t->round_trips[BENCH_TO_SERVER], 2);
    cr_assert_eq(t->round_trips[BENCH_TO_CLIENT], 2);
    cr_assert_eq(trace_both(t->overlapped), 0);
    cr_assert_eq(t->depth_max, 3);
    const struct trace_call *f = call_of(p.profile, "root.f", 0);
    const struct trace_call *inner = call_of(p.profile, "root.inner", 0);
    const struct trace_call *first = call_of(p.profile, "callback", 0);
    const struct trace_call *second = call_of(p.profile, "callback", 1);
    cr_assert_eq(f->depth, 1);
    cr_assert_eq(f->parent, 0);
    cr_assert_eq(first->depth, 2);
    cr_assert_eq(first->parent, 1);
    cr_assert_eq(inner->depth, 3);
    cr_assert_eq(inner->parent, 2);
    cr_assert_eq(second->depth, 2);
    cr_assert_eq(second->parent, 1);
    cr_assert_eq(f->nested_ns, 35000);     /* 20..50, 55..60 */
    cr_assert_eq(first->nested_ns, 10000); /* 30..40 */
    cr_assert_eq(first->before_ns, -1);
    cr_assert_eq(second->before_ns, 5000);
    cr_assert_eq(t->waiting_ns[BENCH_TO_SERVER], 60000 - 35000 + 10000);
    cr_assert_eq(t->waiting_ns[BENCH_TO_CLIENT], 35000 - 10000);
    cr_assert_eq(t->serving_ns[BENCH_TO_SERVER], 35000);
    cr_assert_eq(t->serving_ns[BENCH_TO_CLIENT], 25000);
    done(&p);
}

static void many_async(struct trace_analyser *analyser, int n, bool backwards)
{
    char line[80];
    play(analyser, "0 1 open\n");
    for (int i = 1; i <= n; i++) {
        (void)snprintf(line, sizeof(line), "%d 1 > q %d call root.f\n", i, i);
        play(analyser, line);
    }
    for (int i = 1; i <= n; i++) {
        (void)snprintf(line, sizeof(line), "%d 1 < r %d\n", n + i, backwards ? n + 1 - i : i);
        play(analyser, line);
    }
    (void)snprintf(line, sizeof(line), "%d 1 close\n", 3 * n);
    play(analyser, line);
}

Test(trace_control, of_a_hundred_asynchronous_calls_the_last_is_waited_for)
{
    for (int backwards = 0; backwards < 2; backwards++) {
        struct played p = {.analyser = new_analyser(NULL)};
        many_async(p.analyser, 100, backwards);
        p.profile = take(p.analyser);
        const struct trace_totals *t = &p.profile->totals;
        check_sum(t);
        cr_assert_eq(t->requests[BENCH_TO_SERVER], 100);
        cr_assert_eq(t->overlapped[BENCH_TO_SERVER], 99);
        cr_assert_eq(t->round_trips[BENCH_TO_SERVER], 1);
        cr_assert_eq(t->depth_max, 1);
        cr_assert_eq(t->waiting_ns[BENCH_TO_SERVER], backwards ? 1000 : 100000);
        cr_assert_eq(t->serving_ns[BENCH_TO_SERVER], 199000);
        done(&p);
    }
}

Test(trace_control, an_asynchronous_call_before_synchronous_ones)
{
    struct played p = played("0 1 open\n"
                             "10 1 > q 1 call root.slow\n"
                             "20 1 > q 2 call root.f\n"
                             "30 1 < r 2\n"
                             "40 1 > q 3 call root.f\n"
                             "50 1 < r 3\n"
                             "60 1 < r 1\n"
                             "70 1 > q 4 call root.f\n"
                             "80 1 < r 4\n"
                             "90 1 close\n");
    const struct trace_totals *t = &p.profile->totals;
    check_sum(t);
    cr_assert_eq(t->overlapped[BENCH_TO_SERVER], 1);
    cr_assert_eq(t->round_trips[BENCH_TO_SERVER], 3);
    cr_assert(call_of(p.profile, "root.slow", 0)->overlapped);
    cr_assert_eq(t->waiting_ns[BENCH_TO_SERVER], 30000);
    cr_assert_eq(row_of(p.profile, "root.slow")->total_ns, 0);
    cr_assert_eq(row_of(p.profile, "root.slow")->overlapped, 1);
    done(&p);
}

Test(trace_control, two_threads_without_numbers_look_like_asynchronous_calls)
{
    struct played p = played("0 1 open\n"
                             "10 1 > q 1 call root.f\n"
                             "12 1 > q 2 call root.g\n"
                             "20 1 < r 1\n"
                             "22 1 < r 2\n"
                             "30 1 close\n");
    cr_assert_eq(p.profile->totals.overlapped[BENCH_TO_SERVER], 1);
    cr_assert_eq(p.profile->totals.round_trips[BENCH_TO_SERVER], 1);
    done(&p);
}

/* One thread sends what another one asks for: it looks like two requests of its own. */
Test(trace_control, requests_of_threads_that_share_are_noted)
{
    static const char alone[] = "0 1 open\n10 1 >@7 q 1 call root.f\n11 1 >@7 q 2 call root.g\n"
                                "20 1 <@7 r 1\n21 1 <@7 r 2\n";
    struct played p = played(alone);
    cr_expect_eq(p.profile->totals.overlapped[0], 1);
    cr_expect(!has_note(p.profile, "share a connection"));
    done(&p);
    char shared[400];
    (void)snprintf(shared, sizeof(shared), "0 1 open\n5 1 >@8 q 9 call root.f\n6 1 <@8 r 9\n%s",
                   strchr(alone, '\n') + 1);
    p = played(shared);
    cr_expect_eq(p.profile->totals.overlapped[0], 1);
    cr_expect(has_note(p.profile, "share a connection"));
    done(&p);
}

/* What nobody waits for is not slow, however late it is answered. */
Test(trace_control, an_asynchronous_call_is_not_slow)
{
    struct played p = played("0 1 open\n10 1 > q 1 call root.f\n11 1 > q 2 call root.g\n"
                             "300000 1 < r 1\n300001 1 < r 2\n");
    cr_expect_eq(p.profile->totals.overlapped[0], 1);
    cr_expect_eq(p.profile->totals.slow, 1);
    done(&p);
}

Test(trace_control, two_threads_with_numbers_wait_each_for_itself)
{
    struct played p = played("0 1 open\n"
                             "10 1 >@7 q 1 call root.f\n"
                             "12 1 >@8 q 2 call root.g\n"
                             "14 1 <@7 q 3 call callback\n" /* served by 7, within root.f */
                             "15 1 >@8 q 4 call root.h\n"   /* 8 did not wait for root.g */
                             "16 1 >@7 q 5 call root.inner\n"
                             "18 1 <@7 r 5\n"
                             "20 1 >@7 r 3\n"
                             "22 1 <@8 r 4\n"
                             "24 1 <@8 r 2\n"
                             "26 1 <@8 r 1\n"
                             "30 1 close\n");
    const struct trace_totals *t = &p.profile->totals;
    check_sum(t);
    cr_assert_eq(t->overlapped[BENCH_TO_SERVER], 1);
    cr_assert(call_of(p.profile, "root.g", 0)->overlapped);
    cr_assert_eq(t->round_trips[BENCH_TO_SERVER], 3);
    cr_assert_eq(call_of(p.profile, "callback", 0)->parent, 1);
    cr_assert_eq(call_of(p.profile, "root.inner", 0)->parent, 3);
    cr_assert_eq(call_of(p.profile, "root.h", 0)->parent, 0);
    cr_assert_eq(call_of(p.profile, "root.h", 0)->depth, 1);
    cr_assert_eq(t->depth_max, 3);
    done(&p);
}

/* The thread that receives is not the one that waits: a background thread serves. */
Test(trace_control, served_by_another_thread)
{
    struct played p = played("0 1 open\n"
                             "10 1 >@7 q 1 call root.f\n"
                             "14 1 <@9 q 2 call callback\n"
                             "16 1 >@9 q 3 call root.inner\n"
                             "18 1 <@9 r 3\n"
                             "20 1 >@9 r 2\n"
                             "26 1 <@9 r 1\n"
                             "30 1 close\n");
    cr_assert_eq(call_of(p.profile, "callback", 0)->parent, 1);
    cr_assert_eq(call_of(p.profile, "root.inner", 0)->parent, 2);
    cr_assert_eq(p.profile->totals.depth_max, 3);
    cr_assert_eq(trace_both(p.profile->totals.overlapped), 0);
    done(&p);
}

/* The tapped program is the server: its threads are those that serve. */
Test(trace_control, from_the_server)
{
    struct played p = played("0 1 server\n"
                             "10 1 >@5 q 1 call root.f\n"
                             "14 1 <@5 q 2 call callback\n"
                             "16 1 <@6 q 3 call notify\n" /* of a thread that serves nothing */
                             "18 1 >@5 r 2\n"
                             "20 1 <@5 r 1\n"
                             "22 1 >@5 r 3\n"
                             "30 1 close\n");
    const struct trace_totals *t = &p.profile->totals;
    check_sum(t);
    cr_assert_eq(call_of(p.profile, "callback", 0)->parent, 1);
    cr_assert_eq(call_of(p.profile, "notify", 0)->parent, 0);
    cr_assert_eq(trace_both(t->overlapped), 0);
    cr_assert_eq(t->depth_max, 2);
    done(&p);
}

/* Bound threads: both sides' numbers, as the protocol says. */
Test(trace_control, threads_and_parents_of_the_protocol)
{
    struct played p = played("0 1 open\n"
                             "10 1 > q 1 call root.f thread=100\n"
                             "11 1 > q 2 call root.g thread=101\n"
                             "14 1 < q 3 call callback thread=900 parent=1\n"
                             "16 1 > q 4 call root.inner thread=100 parent=3\n"
                             "17 1 < q 5 call callback thread=901 parent=2\n"
                             "18 1 < r 4\n"
                             "19 1 > r 5\n"
                             "20 1 > r 3\n"
                             "22 1 < r 1\n"
                             "24 1 < r 2\n"
                             "30 1 close\n");
    const struct trace_totals *t = &p.profile->totals;
    check_sum(t);
    cr_assert_eq(trace_both(t->overlapped), 0);
    cr_assert_eq(trace_both(t->round_trips), 5);
    cr_assert_eq(call_of(p.profile, "root.inner", 0)->parent, 3);
    cr_assert_eq(call_of(p.profile, "callback", 1)->parent, 2);
    cr_assert_eq(t->depth_max, 3);
    done(&p);
}

Test(trace_control, nobody_waits_for_releases)
{
    struct played p = played("0 1 open\n"
                             "10 1 > q 1 call root.f\n"
                             "12 1 < q 2 call callback\n"
                             "13 1 > q 3 release object unawaited\n"
                             "14 1 > r 2\n"
                             "15 1 > q 4 release object unawaited\n"
                             "16 1 < r 3\n"
                             "20 1 < r 1\n"
                             "21 1 < r 4\n"
                             "22 1 > q 5 shut (connection) unawaited\n"
                             "30 1 close\n");
    const struct trace_totals *t = &p.profile->totals;
    check_sum(t);
    cr_assert_eq(t->unawaited[BENCH_TO_SERVER], 3);
    cr_assert_eq(t->round_trips[BENCH_TO_SERVER], 1);
    cr_assert_eq(t->round_trips[BENCH_TO_CLIENT], 1);
    cr_assert_eq(trace_both(t->overlapped), 0);
    cr_assert_eq(trace_both(t->unanswered), 0);
    cr_assert_eq(t->depth_max, 2);
    cr_assert_eq(t->waiting_ns[BENCH_TO_SERVER], 8000);
    done(&p);
}

Test(trace_control, callbacks_that_overlap_count_once)
{
    struct played p = played("0 1 open\n"
                             "10 1 > q 1 call root.f\n"
                             "20 1 < q 2 call callback\n"
                             "22 1 < q 3 call callback\n"
                             "30 1 > r 3\n"
                             "40 1 > r 2\n"
                             "50 1 < r 1\n"
                             "60 1 close\n");
    const struct trace_totals *t = &p.profile->totals;
    check_sum(t);
    cr_assert_eq(t->overlapped[BENCH_TO_CLIENT], 1);
    cr_assert_eq(call_of(p.profile, "root.f", 0)->nested_ns, 20000);
    cr_assert_eq(call_of(p.profile, "callback", 1)->parent, 1);
    cr_assert_eq(t->serving_ns[BENCH_TO_CLIENT], 20000);
    cr_assert_eq(t->serving_ns[BENCH_TO_SERVER], 20000);
    done(&p);
}

Test(trace_control, a_callback_of_an_asynchronous_call)
{
    struct played p = played("0 1 open\n"
                             "10 1 > q 1 call root.slow\n"
                             "12 1 > q 2 call root.f\n"
                             "14 1 < r 2\n"
                             "20 1 < q 3 call callback\n"
                             "25 1 > r 3\n"
                             "30 1 < r 1\n"
                             "40 1 close\n");
    cr_assert_eq(call_of(p.profile, "callback", 0)->parent, 1);
    cr_assert_eq(p.profile->totals.depth_max, 2);
    done(&p);
}

Test(trace_control, what_is_never_answered)
{
    struct played p = played("0 1 open\n"
                             "10 1 > q 1 call root.f\n"
                             "12 1 < q 2 call callback\n"
                             "14 1 > q 3 call root.g\n"
                             "16 1 close\n");
    check_sum(&p.profile->totals);
    cr_assert_eq(p.profile->totals.unanswered[BENCH_TO_SERVER], 2);
    cr_assert_eq(p.profile->totals.unanswered[BENCH_TO_CLIENT], 1);
    done(&p);
}

Test(trace_control, after_a_gap_nothing_is_waited_for_any_more)
{
    struct played p = played("0 1 open\n"
                             "10 1 > q 1 call root.f\n"
                             "20 1 gap <\n"
                             "30 1 > q 2 call root.g\n"
                             "34 1 < q 3 call callback\n"
                             "36 1 > r 3\n"
                             "40 1 < r 2\n"
                             "50 1 > q 4 call root.h\n"
                             "52 1 < r 1\n" /* it was not lost after all */
                             "54 1 < r 4\n"
                             "60 1 close\n");
    const struct trace_totals *t = &p.profile->totals;
    check_sum(t);
    cr_assert_eq(t->lost, 1);
    cr_assert_eq(trace_both(t->overlapped), 0);
    cr_assert_eq(t->round_trips[BENCH_TO_SERVER], 3);
    cr_assert_eq(call_of(p.profile, "callback", 0)->parent, 2);
    cr_assert(has_note(p.profile, "bytes are missing in 1 place"));
    done(&p);
}

/* Numbers given twice, answers to nothing, answers that go the wrong way. */
Test(trace_control, nonsense)
{
    struct played p = played("0 1 open\n"
                             "10 1 > q 1 call root.f\n"
                             "11 1 > q 1 call root.f\n"
                             "12 1 > r 1\n"
                             "13 1 < r 77\n"
                             "14 1 < e 78 ValueError\n"
                             "15 1 > q 0 call root.f\n"
                             "16 1 > q 5 call root.g parent=5\n"
                             "17 1 > q 6 call root.g parent=5\n"
                             "18 1 < r 6\n"
                             "19 1 < r 5\n"
                             "20 1 < r 1\n"
                             "30 1 close\n");
    cr_assert_eq(p.profile->totals.messages[BENCH_TO_SERVER], 6);
    cr_assert_eq(p.profile->totals.messages[BENCH_TO_CLIENT], 5);
    cr_assert_eq(p.profile->totals.errors[BENCH_TO_SERVER], 1);
    done(&p);
}

Test(trace_control, more_threads_than_are_remembered)
{
    struct played p = {.analyser = new_analyser(NULL)};
    char line[160];
    play(p.analyser, "0 1 open\n");
    for (int i = 0; i < 1000; i++) { /* one after the other: each is forgotten when it must be */
        (void)snprintf(line, sizeof(line), "%d 1 >@%d q %d call root.f\n%d 1 <@%d r %d\n", 10 * i,
                       i + 1, i + 1, 10 * i + 5, i + 1, i + 1);
        play(p.analyser, line);
    }
    for (int i = 0; i < 200; i++) { /* at once: the rest share one */
        (void)snprintf(line, sizeof(line), "%d 1 >@%d q %d call root.g\n", 20000 + i, 2000 + i,
                       2000 + i);
        play(p.analyser, line);
    }
    for (int i = 0; i < 200; i++) {
        (void)snprintf(line, sizeof(line), "%d 1 <@%d r %d\n", 30000 + i, 2000 + i, 2000 + i);
        play(p.analyser, line);
    }
    play(p.analyser, "40000 1 close\n");
    p.profile = take(p.analyser);
    check_sum(&p.profile->totals);
    cr_assert_eq(row_of(p.profile, "root.f")->round_trips, 1000);
    const uint64_t overlapped = row_of(p.profile, "root.g")->overlapped;
    cr_assert(overlapped > 100 && overlapped < 200, "%d", (int)overlapped);
    done(&p);
}

static unsigned draw(uint64_t *state, unsigned below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(*state >> 33) % below;
}

/* Requests and answers of all kinds in any order, bytes that are lost, connections that end. */
static void random_line(char *line, size_t size, uint64_t *state, int now)
{
    /* Every so often new ones. */
    const unsigned connection = 1 + draw(state, 3) + (unsigned)now / 500 * 3;
    const unsigned what = draw(state, 400);
    const char way = draw(state, 2) == 0 ? '>' : '<';
    const unsigned thread = draw(state, 3) == 0 ? 0 : draw(state, 90), id = 1 + draw(state, 40);
    const unsigned name = draw(state, 20);
    if (what == 0)
        (void)snprintf(line, size, "%d %u close\n", now, connection);
    else if (what == 1)
        (void)snprintf(line, size, "%d %u gap %c\n", now, connection, way);
    else if (what < 5)
        (void)snprintf(line, size, "%d 0 %s@%u s%u\n", now, what == 4 ? "end" : "begin", thread,
                       name);
    else if (what < 200)
        (void)snprintf(line, size, "%d %u %c@%u %c %u\n", now, connection, way, thread,
                       what < 20 ? 'e' : 'r', id);
    else
        (void)snprintf(line, size, "%d %u %c@%u q %u %s f%u parent=%u%s\n", now, connection, way,
                       thread, id, what < 300 ? "call" : "get", name,
                       what < 250 ? draw(state, 40) : 0, what > 380 ? " unawaited" : "");
}

Test(trace_control, whatever_comes, .timeout = 60)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct played p = {.analyser = new_analyser(NULL)};
        uint64_t state = seed;
        char line[200];
        play(p.analyser, "0 1 open\n0 2 server\n0 3 joined\n");
        int now = 0;
        for (int i = 0; i < 5000; i++) {
            random_line(line, sizeof(line), &state, ++now);
            play(p.analyser, line);
        }
        trace_analyser_finish(p.analyser);
        p.profile = take(p.analyser);
        const struct trace_totals *t = &p.profile->totals;
        check_sum(t);
        for (size_t i = 0; i < p.profile->nconnections; i++) {
            const struct trace_connection *row = &p.profile->connections[i];
            for (int d = 0; d < 2; d++) {
                cr_assert_geq(row->totals.serving_ns[d], 0);
                cr_assert_leq(row->totals.serving_ns[d], row->end_ns - row->begin_ns);
                cr_assert_geq(row->totals.waiting_ns[d], 0);
            }
        }
        int64_t self_ns = 0;
        uint64_t trips = 0;
        for (size_t i = 0; i < p.profile->nby_name; i++) {
            self_ns += p.profile->by_name[i].self_ns;
            trips += p.profile->by_name[i].round_trips;
        }
        cr_assert_eq(trips, trace_both(t->round_trips));
        cr_assert_eq(self_ns, t->waiting_ns[0] + t->waiting_ns[1]);
        done(&p);
    }
}
