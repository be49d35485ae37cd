/* SPDX-License-Identifier: MIT */
/* Objects that are kept, and those that nobody can follow. */
#include "trace_fixture.h"

TestSuite(trace_references, .timeout = 60);

/* 200 objects of each: one kind is got at the beginning and held, one now and then, for ever. */
Test(trace_references, what_piles_up_is_told_from_what_is_held)
{
    struct trace_analyser *analyser = new_analyser(NULL);
    char line[200];
    play(analyser, "0 1 open\n");
    for (int i = 0; i < 400; i++) {
        const bool held = i < 200;
        const int at = held ? 10 + i : 1000 + 10 * i;
        (void)snprintf(line, sizeof(line),
                       "%d 1 > q %d call root.f\n%d 1 < r %d object\n%d 1 < ref %d %s\n", at, i + 1,
                       at, i + 1, at, i + 1, held ? "held" : "growing");
        play(analyser, line);
    }
    play(analyser, "6000 1 close\n");
    struct trace_profile *profile = take(analyser);
    cr_assert_eq(profile->nreferences, 2);
    for (size_t i = 0; i < profile->nreferences; i++) {
        const struct trace_reference_row *row = &profile->references[i];
        const bool held = strcmp(bench_names_text(profile->names, row->name), "held") == 0;
        cr_expect_eq(row->kept_most, 200);
        cr_expect_eq(row->kept_late, held ? 0 : 50, "%llu", (unsigned long long)row->kept_late);
    }
    trace_profile_free(profile);
    trace_analyser_free(analyser);
}

/* A few on each of many connections are not many on one. */
Test(trace_references, what_is_kept_counts_for_each_connection)
{
    struct trace_analyser *analyser = new_analyser(NULL);
    char line[200];
    for (int c = 1; c <= 30; c++) {
        for (int i = 1; i <= (c == 30 ? 120 : 99); i++) {
            (void)snprintf(line, sizeof(line),
                           "%d %d > q %d call root.f\n%d %d < r %d object\n%d %d < ref %d user\n",
                           c * 1000 + i, c, i, c * 1000 + i, c, i, c * 1000 + i, c, i);
            play(analyser, line);
        }
        if (c == 29) {
            struct trace_profile *before = take(analyser);
            cr_expect_eq(before->references[0].kept_most, 0);
            trace_profile_free(before);
        }
        (void)snprintf(line, sizeof(line), "%d %d close\n", c * 1000 + 500, c);
        play(analyser, line);
    }
    struct trace_profile *profile = take(analyser);
    cr_expect_eq(profile->references[0].counts.leaked, 29 * 99 + 120);
    cr_expect_eq(profile->references[0].kept_most, 120);
    trace_profile_free(profile);
    trace_analyser_free(analyser);
}

/* A decoder that cannot follow any more of them: counted, and told. */
Test(trace_references, objects_that_are_not_followed_are_counted)
{
    struct played p = played("0 1 open\n1 1 > q 1 call root.f\n2 1 < r 1 object\n"
                             "2 1 < ref 0 user\n3 1 close\n");
    cr_expect_eq(p.profile->totals.references[BENCH_TO_CLIENT].created, 1);
    cr_expect_eq(p.profile->totals.references[BENCH_TO_CLIENT].leaked, 0, "nobody knows");
    cr_expect(has_note(p.profile, "counted, not followed"));
    done(&p);
}
