/* SPDX-License-Identifier: MIT */
/* Findings about round trips: found with exactly their round trips, at a price worked out by hand.
 * A round trip takes 100 us, the library 20 us between two, a value 0.8 % of both: 0.96 us. */
#include <malloc.h>

#include "trace_story.h"

TestSuite(trace_findings, .timeout = 60);

static void expect_us(double s, double us)
{
    cr_expect_float_eq(s * 1e6, us, 0.001, "%.4f us, not %.4f", s * 1e6, us);
}

static uint32_t method(struct story *story, const char *name, int64_t us)
{
    uint32_t of = story_attribute(story, story->root, name);
    story_does(story, BENCH_VERB_GET, of, BENCH_OUTCOME_CALLABLE, 100);
    story_does(story, BENCH_VERB_CALL, of, BENCH_OUTCOME_OBJECT, us);
    return story_called(story, of);
}

static void describe(struct story *story, uint32_t name)
{
    story_does(story, BENCH_VERB_DESCRIBE, name, BENCH_OUTCOME_VALUE, 100);
    story->gap_ns = 80000; /* a class is made */
}

static void read_attribute(struct story *story, uint32_t of, const char *name)
{
    story_does(story, BENCH_VERB_GET, story_attribute(story, of, name), BENCH_OUTCOME_VALUE, 100);
    story->gap_ns = 20000;
}

static void iterate_users(struct story *story)
{
    uint32_t users = method(story, "get_users", 5000), user = story_item(story, users);
    story_does(story, BENCH_VERB_ITERATE, users, BENCH_OUTCOME_OBJECT, 100);
    for (int i = 0; i < 100; i++) {
        story_does(story, BENCH_VERB_NEXT, user, BENCH_OUTCOME_OBJECT, 100);
        describe(story, user);
        read_attribute(story, user, "name");
        read_attribute(story, user, "email");
        read_attribute(story, user, "age");
    }
    story_does(story, BENCH_VERB_NEXT, user, BENCH_OUTCOME_END, 100);
}

Test(trace_findings, a_list_of_objects_by_reference)
{
    struct story story;
    story_begin(&story);
    iterate_users(&story);
    const struct trace_finding *found = story_only(&story, TRACE_N_PLUS_ONE);
    cr_expect_str_eq(bench_names_text(story.names, found->name), "root.get_users()");
    cr_expect_str_eq(found->rule->id, "n-plus-one");
    cr_expect_eq(found->count, 1);
    cr_expect_eq(found->round_trips, 504);
    cr_expect_eq(found->round_trips_after, 2);
    cr_expect_eq(found->bytes, 504 * 42);
    cr_expect(found->priced);
    cr_expect_float_eq(found->share, 1, 1e-9);
    /* 502 trips; gaps: 1 + 101 + 100 + 200 of 20 us, 100 of 80 us after descriptions. */
    expect_us(found->here.before_s, 66240 + 100 + 20 + 5000);
    /* The query, its lookup, 300 values of 10 bytes. */
    expect_us(found->here.after_s, 5120 + 300 * 0.96 + 3000 * 0.0035);
    cr_expect_eq(found->at[2].rtt_ns, 10000000);
    expect_us(found->at[2].before_s, 71360 + 504 * 10000.);
    expect_us(found->at[2].after_s, 5418.5 + 2 * 10000.);
    cr_expect_str_eq(found->evidence, "100 elements of 1 iteration fetched one by one, 300 "
                                      "attributes read, 100 objects described");
    cr_expect_str_eq(found->change, "let root.get_users give a tuple, of each element a tuple "
                                    "(name, email, age)");
    story_end(&story);
}

/* The program's own work for each element, and the server's, stay. */
Test(trace_findings, work_stays)
{
    struct story story;
    story_begin(&story);
    uint32_t users = method(&story, "get_users", 5000), user = story_item(&story, users);
    uint32_t score = story_attribute(&story, user, "score");
    for (int i = 0; i < 10; i++)
        story_does(&story, BENCH_VERB_PING, BENCH_NAME_NONE, BENCH_OUTCOME_VALUE, 100);
    story_does(&story, BENCH_VERB_ITERATE, users, BENCH_OUTCOME_OBJECT, 100);
    for (int i = 0; i < 50; i++) {
        story_does(&story, BENCH_VERB_NEXT, user, BENCH_OUTCOME_OBJECT, 100);
        story.gap_ns = 2000000; /* the program works before it asks for the score */
        story_does(&story, BENCH_VERB_GET, score, BENCH_OUTCOME_VALUE, 3000); /* computed */
        story.gap_ns = 20000;
    }
    const struct trace_finding *found = story_only(&story, TRACE_N_PLUS_ONE);
    /* Of each score one round trip and one usual gap go; 2900 us and 1980 us stay. */
    double saved = 51 * 120 + 50 * 120, added = 50 * 0.96 + 500 * 0.0035;
    expect_us(found->here.before_s - found->here.after_s, saved - added);
    cr_expect_eq(found->round_trips, 103);
    story_end(&story);
}

Test(trace_findings, a_sequence_in_a_sequence_counts_once)
{
    struct story story;
    story_begin(&story);
    uint32_t orders = method(&story, "orders", 100), order = story_item(&story, orders);
    uint32_t lines = story_attribute(&story, order, "lines"), line = story_item(&story, lines);
    story_does(&story, BENCH_VERB_ITERATE, orders, BENCH_OUTCOME_OBJECT, 100);
    for (int i = 0; i < 10; i++) {
        story_does(&story, BENCH_VERB_NEXT, order, BENCH_OUTCOME_OBJECT, 100);
        story_does(&story, BENCH_VERB_GET, lines, BENCH_OUTCOME_OBJECT, 100);
        story_does(&story, BENCH_VERB_ITERATE, lines, BENCH_OUTCOME_OBJECT, 100);
        for (int j = 0; j < 5; j++) {
            story_does(&story, BENCH_VERB_NEXT, line, BENCH_OUTCOME_OBJECT, 100);
            read_attribute(&story, line, "price");
        }
    }
    const struct trace_finding *found = story_only(&story, TRACE_N_PLUS_ONE);
    cr_expect_eq(found->name, orders);
    cr_expect_eq(found->round_trips, 2 + 1 + 10 * 3 + 50 * 2);
    cr_expect_eq(found->round_trips_after, 2);
    story_end(&story);
}

static void read_sensors(struct story *story, bool calls)
{
    uint32_t sensor = BENCH_NAME_NONE;
    story_reference(story, story->root, BENCH_TO_CLIENT);
    for (int i = 0; i < 30; i++) {
        sensor = method(story, "sensor", 100);
        describe(story, sensor);
        read_attribute(story, sensor, "value");
        read_attribute(story, sensor, "unit");
        read_attribute(story, sensor, "low");
        read_attribute(story, sensor, "high");
    }
    if (calls)
        story_does(story, BENCH_VERB_CALL, story_attribute(story, sensor, "reset"),
                   BENCH_OUTCOME_VALUE, 100);
}

Test(trace_findings, attributes_one_by_one)
{
    struct story story;
    story_begin(&story);
    read_sensors(&story, false);
    story_find(&story);
    cr_expect_eq(story.nfindings, 2, "attributes, and the lookups of root.sensor");
    const struct trace_finding *found = story_found(&story, TRACE_ATTRIBUTES);
    cr_assert_not_null(found);
    cr_expect_str_eq(bench_names_text(story.names, found->name), "root.sensor()");
    cr_expect_eq(found->count, 30);
    cr_expect_eq(found->round_trips, 210);
    cr_expect_eq(found->round_trips_after, 60);
    expect_us(found->here.before_s, 26980);
    expect_us(found->here.after_s, 26980 - 19800 + 120 * 0.96 + 1200 * 0.0035);
    /* At a distance 29 lookups wait behind the release of the method before. */
    expect_us(found->at[1].after_s, 7299.4 + (60 + 29) * 1000.);
    cr_expect_str_eq(found->change, "let root.sensor give a tuple (value, unit, low, high)");
    const struct trace_finding *lookups = story_found(&story, TRACE_LOOKUPS);
    cr_assert_not_null(lookups);
    cr_expect_eq(lookups->count, 29);
    cr_expect_eq(story.findings, found, "the dearest comes first");
    story_end(&story);
}

/* What is sent right behind a release waits for its acknowledgement, where that takes time. */
Test(trace_findings, requests_behind_releases)
{
    struct story story;
    story_begin(&story);
    uint32_t ping = story_attribute(&story, story.root, "ping");
    for (int i = 0; i < 20; i++) {
        story_does(&story, BENCH_VERB_GET, ping, BENCH_OUTCOME_CALLABLE, 100);
        story_does(&story, BENCH_VERB_CALL, ping, BENCH_OUTCOME_VALUE, 100);
        struct trace_call release =
            story_call(&story, BENCH_VERB_RELEASE, ping, BENCH_OUTCOME_VALUE, 50);
        release.unawaited = true;
        release.before_ns = -1;
        trace_patterns_call(story.patterns, &release);
    }
    const struct trace_finding *found = story_only(&story, TRACE_LOOKUPS);
    cr_expect_eq(found->round_trips, 40);
    double here_us = 20 * 200 + 39 * 20;
    expect_us(found->here.before_s, here_us);
    expect_us(found->at[1].before_s, here_us + (40 + 19) * 1000.);
    expect_us(found->at[1].after_s, here_us - 0.95 * (20 * 100 + 19 * 20) + (21 + 1) * 1000.);
    story_end(&story);
}

/* An object that is also called stays one: its values come by a call of their own. */
Test(trace_findings, attributes_of_an_object_that_stays)
{
    struct story story;
    story_begin(&story);
    read_sensors(&story, true);
    story_find(&story);
    const struct trace_finding *found = story_found(&story, TRACE_ATTRIBUTES);
    cr_assert_not_null(found);
    cr_expect_eq(found->round_trips, 120);
    cr_expect_eq(found->round_trips_after, 30);
    story_end(&story);
}

Test(trace_findings, a_method_looked_up_for_every_call)
{
    struct story story;
    story_begin(&story);
    uint32_t ping = story_attribute(&story, story.root, "ping");
    story_reference(&story, story.root, BENCH_TO_CLIENT);
    for (int i = 0; i < 50; i++) {
        story_does(&story, BENCH_VERB_GET, ping, BENCH_OUTCOME_CALLABLE, 100);
        story_does(&story, BENCH_VERB_CALL, ping, BENCH_OUTCOME_VALUE, 100);
    }
    const struct trace_finding *found = story_only(&story, TRACE_LOOKUPS);
    cr_expect_eq(found->count, 49);
    cr_expect_eq(found->round_trips, 100);
    cr_expect_eq(found->round_trips_after, 51);
    expect_us(found->here.before_s, 50 * 200 + 99 * 20);
    expect_us(found->here.after_s, 11980 - 0.98 * (50 * 100 + 49 * 20));
    cr_expect_str_eq(found->evidence, "50 lookups for 50 calls of the same name");
    story_end(&story);
}

/* Each of 50 objects has a method of its own: nothing can be kept. */
Test(trace_findings, methods_of_different_objects_are_no_lookups)
{
    struct story story;
    story_begin(&story);
    uint32_t make = story_attribute(&story, story.root, "make"), made = story_called(&story, make);
    uint32_t run = story_attribute(&story, made, "run");
    for (int i = 0; i < 50; i++) {
        story_does(&story, BENCH_VERB_CALL, make, BENCH_OUTCOME_OBJECT, 100);
        story_reference(&story, made, BENCH_TO_CLIENT);
        story_does(&story, BENCH_VERB_GET, run, BENCH_OUTCOME_CALLABLE, 100);
        story_does(&story, BENCH_VERB_CALL, run, BENCH_OUTCOME_VALUE, 100);
    }
    story_find(&story);
    cr_expect_eq(story.nfindings, 0);
    story_end(&story);
}

/* What the peer asks during a call: 50 us to answer, 30 us between. Returns the time of all. */
static int64_t asks_back(struct story *story, enum bench_verb verb, uint32_t name, int n,
                         enum bench_outcome outcome)
{
    int64_t begin = story->now_ns;
    for (int i = 0; i < n; i++) {
        struct trace_call call = story_call(story, verb, name, outcome, 50);
        bool first = story->last_end_ns[BENCH_TO_CLIENT] < 0;
        call.direction = BENCH_TO_CLIENT;
        call.depth = 2;
        call.before_ns = first ? -1 : 30000;
        call.start_ns = story->now_ns + (first ? 0 : 30000);
        call.end_ns = call.start_ns + 50000;
        story_tell(story, &call);
    }
    return story->now_ns - begin;
}

static uint32_t store(struct story *story, bool function)
{
    uint32_t of = story_attribute(story, story->root, "store");
    uint32_t passed = story_argument(story, of, function ? "function" : "list");
    story_does(story, BENCH_VERB_GET, of, BENCH_OUTCOME_CALLABLE, 100);
    struct trace_call outer = story_call(story, BENCH_VERB_CALL, of, BENCH_OUTCOME_VALUE, 0);
    story->now_ns = outer.start_ns;
    if (function) {
        (void)asks_back(story, BENCH_VERB_CALL, passed, 102, BENCH_OUTCOME_VALUE);
    } else {
        uint32_t element = story_item(story, passed);
        (void)asks_back(story, BENCH_VERB_ITERATE, passed, 1, BENCH_OUTCOME_OBJECT);
        (void)asks_back(story, BENCH_VERB_NEXT, element, 100, BENCH_OUTCOME_VALUE);
        (void)asks_back(story, BENCH_VERB_NEXT, element, 1, BENCH_OUTCOME_END);
    }
    outer.end_ns = story->now_ns + 1000000;
    outer.nested_ns = 102 * 50000;
    story_tell(story, &outer);
    return passed;
}

Test(trace_findings, a_list_that_the_server_iterates)
{
    struct story story;
    story_begin(&story);
    uint32_t list = store(&story, false);
    const struct trace_finding *found = story_only(&story, TRACE_CALLBACKS);
    cr_expect_eq(found->name, list);
    cr_expect_eq(found->direction, BENCH_TO_CLIENT);
    cr_expect_eq(found->count, 1);
    cr_expect_eq(found->round_trips, 104);
    cr_expect_eq(found->round_trips_after, 2);
    /* Lookup, gap, and the call as a whole: 102 trips of 50, 101 gaps of 30, 1000 us of work. */
    expect_us(found->here.before_s, 100 + 20 + 8130 + 1000);
    expect_us(found->here.after_s, 1120 + 100 * 0.64 + 1000 * 0.0035);
    expect_us(found->at[3].after_s, 1187.5 + 2 * 50000.);
    cr_expect_str_eq(found->change, "pass a tuple of values to root.store");
    story_end(&story);
}

Test(trace_findings, a_function_that_the_server_calls)
{
    struct story story;
    story_begin(&story);
    (void)store(&story, true);
    const struct trace_finding *found = story_only(&story, TRACE_CALLBACKS);
    cr_expect_eq(found->round_trips, 104);
    cr_expect_eq(found->round_trips_after, 3, "one call back is left");
    story_end(&story);
}

Test(trace_findings, objects_described_anew)
{
    struct story story;
    story_begin(&story);
    uint32_t make = story_attribute(&story, story.root, "make"), made = story_called(&story, make);
    for (int i = 0; i < 20; i++) {
        story_does(&story, BENCH_VERB_CALL, make, BENCH_OUTCOME_OBJECT, 100);
        describe(&story, made);
    }
    const struct trace_finding *found = story_only(&story, TRACE_DESCRIBED);
    cr_expect_eq(found->name, made);
    cr_expect_eq(found->round_trips, 20);
    cr_expect_eq(found->round_trips_after, 1);
    story_end(&story);
}

Test(trace_findings, a_healthy_program_has_none)
{
    struct story story;
    story_begin(&story);
    story_reference(&story, story.root, BENCH_TO_CLIENT);
    uint32_t table = method(&story, "table", 100);
    story_does(&story, BENCH_VERB_DESCRIBE, table, BENCH_OUTCOME_VALUE, 100);
    read_attribute(&story, table, "name");
    read_attribute(&story, table, "size");
    uint32_t rows = story_attribute(&story, table, "rows");
    story_does(&story, BENCH_VERB_GET, rows, BENCH_OUTCOME_CALLABLE, 100);
    for (int i = 0; i < 1000; i++)
        story_does(&story, BENCH_VERB_CALL, rows, BENCH_OUTCOME_VALUE, 100 + i % 50);
    story_find(&story);
    cr_expect_eq(story.nfindings, 0, "%s: %s", story.nfindings ? story.findings[0].rule->id : "",
                 story.nfindings ? story.findings[0].evidence : "");
    story_end(&story);
}

/* A hundred asynchronous calls cost one round trip: nothing is to be had. */
Test(trace_findings, overlapped_calls_are_not_priced)
{
    struct story story;
    story_begin(&story);
    uint32_t users = story_called(&story, story_attribute(&story, story.root, "users"));
    for (int i = 0; i < 100; i++) {
        struct trace_call call = story_call(&story, BENCH_VERB_ITEM, story_item(&story, users),
                                            BENCH_OUTCOME_VALUE, 100);
        call.overlapped = true;
        story_tell(&story, &call);
    }
    story_find(&story);
    cr_expect_eq(story.nfindings, 0);
    story_end(&story);
}

/* Measured across 20 ms: at 1 ms the program is faster than here. */
Test(trace_findings, a_profile_from_afar)
{
    struct story story;
    story_begin(&story);
    uint32_t ping = story_attribute(&story, story.root, "ping");
    for (int i = 0; i < 20; i++) {
        story_does(&story, BENCH_VERB_GET, ping, BENCH_OUTCOME_CALLABLE, 20000);
        story_does(&story, BENCH_VERB_CALL, ping, BENCH_OUTCOME_VALUE, 20100);
    }
    const struct trace_finding *found = story_only(&story, TRACE_LOOKUPS);
    double here_us = 20 * 40100 + 39 * 20;
    expect_us(found->here.before_s, here_us);
    expect_us(found->at[1].before_s, here_us - 40 * 19000.);
    story_end(&story);
}

Test(trace_findings, a_million_names_need_no_more_memory)
{
    struct story story;
    story_begin(&story);
    struct trace_call call = story_call(&story, BENCH_VERB_CALL, 0, BENCH_OUTCOME_VALUE, 100);
    for (uint32_t name = 2; name < 100000; name++) {
        call.name = name;
        trace_patterns_call(story.patterns, &call);
    }
    size_t before = mallinfo2().uordblks;
    for (uint32_t name = 100000; name < 1000000; name++) {
        call.name = name;
        call.connection = call.thread = name;
        trace_patterns_call(story.patterns, &call);
        struct bench_event event = {.kind = BENCH_EVENT_REFERENCE, .name = name};
        trace_patterns_reference(story.patterns, &event);
    }
    cr_expect_eq(mallinfo2().uordblks, before);
    cr_expect_eq(story.patterns->ngroups, TRACE_GROUPS_MAX);
    cr_expect_gt(story.patterns->without_room, 900000);
    trace_patterns_reset(story.patterns);
    iterate_users(&story);
    cr_expect_eq(story_only(&story, TRACE_N_PLUS_ONE)->round_trips, 504, "as if nothing had been");
    story_end(&story);
}
