/* SPDX-License-Identifier: MIT */
/* Findings that are not about the number of round trips, and what-if. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "trace_story.h"

TestSuite(trace_findings_other, .timeout = 60);

static void expect_us(double s, double us)
{
    cr_expect_float_eq(s * 1e6, us, 0.001, "%.4f us, not %.4f", s * 1e6, us);
}

Test(trace_findings_other, deep)
{
    struct story story;
    story_begin(&story);
    uint32_t f = story_attribute(&story, story.root, "f");
    for (int depth = 9; depth > 0; depth--) {
        struct trace_call call = story_call(&story, BENCH_VERB_CALL, f, BENCH_OUTCOME_VALUE, 100);
        call.depth = depth;
        story_tell(&story, &call);
    }
    const struct trace_finding *found = story_only(&story, TRACE_DEEP);
    cr_expect_eq(found->count, 2);
    cr_expect(!found->priced);
    cr_expect_str_eq(found->evidence,
                     "up to 9 requests within each other, 2 requests 8 deep or deeper");
    story_end(&story);
}

/* A function that is called back, the lookups, the calls: one stack, one finding. */
Test(trace_findings_other, a_deep_stack_is_told_once)
{
    struct story story;
    story_begin(&story);
    uint32_t f = story_attribute(&story, story.root, "f");
    uint32_t back = story_argument(&story, f, "function");
    for (int depth = 12; depth > 0; depth--) {
        struct trace_call get = story_call(&story, BENCH_VERB_GET, f, BENCH_OUTCOME_CALLABLE, 10);
        get.depth = depth;
        story_tell(&story, &get);
        struct trace_call call = story_call(&story, BENCH_VERB_CALL, f, BENCH_OUTCOME_VALUE, 100);
        call.depth = depth;
        story_tell(&story, &call);
        call = story_call(&story, BENCH_VERB_CALL, back, BENCH_OUTCOME_VALUE, 500);
        call.direction = BENCH_TO_CLIENT;
        call.depth = depth;
        story_tell(&story, &call);
    }
    story_find(&story);
    size_t deep = 0;
    for (size_t i = 0; i < story.nfindings; i++) {
        if (story.findings[i].id != TRACE_DEEP)
            continue;
        deep++;
        cr_expect_eq(story.findings[i].name, f);
        cr_expect_eq(story.findings[i].direction, BENCH_TO_SERVER);
        cr_expect_eq(story.findings[i].count, 15);
        cr_expect_eq(story.findings[i].round_trips, 36);
    }
    cr_expect_eq(deep, 1);
    story_end(&story);
}

Test(trace_findings_other, slow)
{
    struct story story;
    story_begin(&story);
    uint32_t report = story_attribute(&story, story.root, "report");
    story_does(&story, BENCH_VERB_CALL, report, BENCH_OUTCOME_VALUE, 90000);
    story_does(&story, BENCH_VERB_CALL, report, BENCH_OUTCOME_VALUE, 100000);
    story_does(&story, BENCH_VERB_CALL, report, BENCH_OUTCOME_VALUE, 300000);
    const struct trace_finding *found = story_only(&story, TRACE_SLOW);
    cr_expect_eq(found->count, 2);
    cr_expect_str_eq(found->evidence, "2 calls of 100.0 ms or more, 200.0 ms on average");
    story_end(&story);
}

static void put(struct story *story, int64_t us, int64_t pause_us)
{
    uint32_t name = story_attribute(story, story->root, "put");
    struct trace_call call = story_call(story, BENCH_VERB_CALL, name, BENCH_OUTCOME_VALUE, us);
    call.plain_bytes[0] = call.wire_bytes[0] = 70000;
    call.request_pause_ns = pause_us * 1000;
    story_tell(story, &call);
}

Test(trace_findings_other, stall)
{
    struct story story;
    story_begin(&story);
    put(&story, 2000, 100);
    put(&story, 46000, 44000);
    put(&story, 46000, 44000);
    put(&story, 45000, 0);     /* above the kernel: only the whole is late */
    put(&story, 90000, 80000); /* another reason */
    const struct trace_finding *found = story_only(&story, TRACE_STALL);
    cr_expect_eq(found->count, 3);
    cr_expect_eq(found->round_trips, 5);
    cr_expect_eq(found->round_trips_after, 5);
    expect_us(found->here.before_s - found->here.after_s, 44000 + 44000 + 40000);
    story_end(&story);
}

/* Small ones wait too, when a release was sent just before: they are known by those that did not.
 */
Test(trace_findings_other, small_requests_that_stall)
{
    struct story story;
    story_begin(&story);
    uint32_t f = story_attribute(&story, story.root, "f");
    for (int i = 0; i < 100; i++)
        story_does(&story, BENCH_VERB_CALL, f, BENCH_OUTCOME_VALUE, i % 10 ? 100 : 41000);
    const struct trace_finding *found = story_only(&story, TRACE_STALL);
    cr_expect_eq(found->count, 10);
    cr_expect_float_eq(found->here.before_s - found->here.after_s, 10 * 40900e-6, 0.001);
    story_end(&story);
}

Test(trace_findings_other, work_of_40_ms_is_no_stall)
{
    struct story story;
    story_begin(&story);
    uint32_t f = story_attribute(&story, story.root, "f");
    for (int i = 0; i < 100; i++)
        story_does(&story, BENCH_VERB_CALL, f, BENCH_OUTCOME_VALUE, 41000);
    story_find(&story);
    cr_expect_eq(story.nfindings, 0);
    story_end(&story);
}

static void row_of(struct story *story, struct trace_reference_row *row, uint32_t name,
                   uint64_t created, uint64_t leaked, uint64_t late)
{
    *row = (struct trace_reference_row){
        .name = name,
        .direction = BENCH_TO_CLIENT,
        .counts = {.created = created, .released = created - leaked, .leaked = leaked},
        .kept_most = leaked >= TRACE_LEAK_FROM ? leaked : 0,
        .kept_late = late,
    };
    story->profile.references = row;
    story->profile.nreferences = 1;
}

Test(trace_findings_other, leak)
{
    struct story story;
    story_begin(&story);
    uint32_t open = story_attribute(&story, story.root, "open"), file = story_called(&story, open);
    for (int i = 0; i < 200; i++)
        story_does(&story, BENCH_VERB_CALL, open, BENCH_OUTCOME_OBJECT, 100);
    struct trace_reference_row row;
    row_of(&story, &row, file, 200, 190, 90);
    const struct trace_finding *found = story_only(&story, TRACE_LEAK);
    cr_expect_eq(found->name, file);
    cr_expect_eq(found->count, 190);
    cr_expect_eq(found->direction, BENCH_TO_SERVER, "by who got them");
    row_of(&story, &row, file, 200, 190, 20); /* got at the beginning, and held */
    story_find(&story);
    cr_expect_eq(story.nfindings, 0);
    row_of(&story, &row, file, 20000, 190, 90); /* the others came back */
    story_find(&story);
    cr_expect_eq(story.nfindings, 0);
    row_of(&story, &row, file, 200, 10, 10); /* those of the last moment */
    story_find(&story);
    cr_expect_eq(story.nfindings, 0);
    story_end(&story);
}

/* One list of 1000 that is in use to the end leaks nothing. */
Test(trace_findings_other, what_is_in_use_does_not_leak)
{
    struct story story;
    story_begin(&story);
    uint32_t users = story_attribute(&story, story.root, "users");
    story_does(&story, BENCH_VERB_CALL, users, BENCH_OUTCOME_OBJECTS, 100);
    struct trace_reference_row row;
    row_of(&story, &row, story_item(&story, story_called(&story, users)), 1000, 1000, 1000);
    story_find(&story);
    cr_expect_eq(story.nfindings, 0);
    story_end(&story);
}

static void get_image(struct story *story, uint64_t plain, uint64_t wire, int64_t us)
{
    uint32_t name = story_attribute(story, story->root, "image");
    struct trace_call call = story_call(story, BENCH_VERB_CALL, name, BENCH_OUTCOME_VALUE, us);
    call.plain_bytes[1] = plain;
    call.wire_bytes[1] = wire;
    story_tell(story, &call);
}

Test(trace_findings_other, incompressible)
{
    struct story story;
    story_begin(&story);
    get_image(&story, 100, 106, 100);
    for (int i = 0; i < 4; i++)
        get_image(&story, 1000000, 1000322, 30000);
    get_image(&story, 1000000, 5000, 10000);    /* shrinks well */
    get_image(&story, 1000000, 1000006, 10000); /* nobody tried */
    const struct trace_finding *found = story_only(&story, TRACE_INCOMPRESSIBLE);
    cr_expect_eq(found->count, 4);
    expect_us(found->here.before_s - found->here.after_s, 4 * 25000);
    story_end(&story);
}

Test(trace_findings_other, copy_refused)
{
    struct story story;
    story_begin(&story);
    uint32_t users = story_called(&story, story_attribute(&story, story.root, "users"));
    struct trace_call call = story_call(&story, BENCH_VERB_COPY, users, BENCH_OUTCOME_NONE, 100);
    call.failed = true;
    call.error = "ValueError";
    story_tell(&story, &call);
    const struct trace_finding *found = story_only(&story, TRACE_COPY_REFUSED);
    cr_expect_eq(found->count, 1);
    cr_expect_str_eq(found->evidence, "1 of 1 copy asked for in vain: ValueError");
    story_end(&story);
}

Test(trace_findings_other, without_words_there_is_no_finding)
{
    struct story story;
    story_begin(&story);
    story_does(&story, BENCH_VERB_CALL, story.root, BENCH_OUTCOME_VALUE, 500000);
    static const struct bench_finding_rule none[] = {{0}};
    cr_assert_eq(trace_patterns_findings(story.patterns, &story.profile, none, &story.findings,
                                         &story.nfindings, story.memory),
                 0);
    cr_expect_eq(story.nfindings, 0);
    story_end(&story);
}

/* Names of the program are not ours to trust: too long, they are cut between characters. */
Test(trace_findings_other, long_names)
{
    struct story story;
    story_begin(&story);
    char name[160] = "x";
    for (size_t i = 1; i + 2 < sizeof(name); i += 2)
        memcpy(name + i, "ä", 2);
    uint32_t f = story_attribute(&story, story.root, name);
    story_does(&story, BENCH_VERB_CALL, f, BENCH_OUTCOME_VALUE, 500000);
    const struct trace_finding *found = story_only(&story, TRACE_SLOW);
    for (const char *at = found->change; *at; at++)
        if ((unsigned char)*at == 0xc3)
            cr_expect_eq((unsigned char)at[1], 0xa4, "half a character in '%s'", found->change);
    story_end(&story);
}

/* ---- what-if ---- */

static void iterate_three(struct story *story)
{
    uint32_t get = story_attribute(story, story->root, "get"), list = story_called(story, get);
    story_does(story, BENCH_VERB_GET, get, BENCH_OUTCOME_CALLABLE, 100);
    story_does(story, BENCH_VERB_CALL, get, BENCH_OUTCOME_OBJECT, 100);
    story_does(story, BENCH_VERB_ITERATE, list, BENCH_OUTCOME_OBJECT, 100);
    for (int i = 0; i < 3; i++)
        story_does(story, BENCH_VERB_NEXT, story_item(story, list), BENCH_OUTCOME_VALUE, 100);
    story_does(story, BENCH_VERB_NEXT, story_item(story, list), BENCH_OUTCOME_END, 100);
}

static void ask(struct story *story, const char *spec, uint64_t before, uint64_t after)
{
    struct trace_finding finding;
    struct bench_error err = {0};
    int status = trace_what_if(story->patterns, &story->profile, spec, &finding, &err);
    cr_assert_eq(status, 0, "%s: %s", spec, err.msg);
    cr_expect_eq(finding.round_trips, before, "%s: %llu", spec,
                 (unsigned long long)finding.round_trips);
    cr_expect_eq(finding.round_trips_after, after, "%s: %llu", spec,
                 (unsigned long long)finding.round_trips_after);
    cr_expect_not_null(finding.rule);
}

Test(trace_findings_other, what_if)
{
    struct story story;
    story_begin(&story);
    iterate_three(&story);
    uint32_t ping = story_attribute(&story, story.root, "ping");
    for (int i = 0; i < 3; i++) {
        story_does(&story, BENCH_VERB_GET, ping, BENCH_OUTCOME_CALLABLE, 100);
        story_does(&story, BENCH_VERB_CALL, ping, BENCH_OUTCOME_VALUE, 100);
    }
    put(&story, 46000, 44000);
    ask(&story, "tuple:root.get", 7, 2);
    ask(&story, "tuple:root.get()", 7, 2);
    ask(&story, "obtain:root.get", 7, 3);
    ask(&story, "cache:root.ping", 6, 4);
    ask(&story, "batch:root.ping", 6, 2);
    ask(&story, "nodelay:root.put", 1, 1);
    story_end(&story);
}

static int refused(struct story *story, const char *spec, const char *part)
{
    struct trace_finding finding;
    struct bench_error err = {0};
    int status = trace_what_if(story->patterns, &story->profile, spec, &finding, &err);
    cr_expect_not_null(strstr(err.msg, part), "'%s' lacks '%s'", err.msg, part);
    return status;
}

Test(trace_findings_other, what_if_of_what_is_not_there)
{
    struct story story;
    story_begin(&story);
    iterate_three(&story);
    cr_expect_eq(refused(&story, "tuple:root.other", "there is root.get"), -ENOENT);
    cr_expect_eq(refused(&story, "cache:root.get", "no name for it here"), -ENOENT);
    cr_expect_eq(refused(&story, "faster:root.get", "'faster:root.get' is no change"), -EINVAL);
    cr_expect_eq(refused(&story, "tuple", "obtain:NAME"), -EINVAL);
    cr_expect_eq(refused(&story, "tuple:", "a name must follow"), -EINVAL);
    /* Cut between characters. */
    cr_expect_eq(refused(&story,
                         "tuple:0123456789012345678901234567890123456789012345678901234567"
                         "8\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4",
                         "8\xc3\xa4\xc3\xa4'; there"),
                 -ENOENT);
    struct bench_error err = {0};
    cr_expect_eq(trace_what_if_check("batch:x", &err), 0);
    cr_expect_eq(trace_what_if_check("bat:x", &err), -EINVAL);
    story_end(&story);
}

Test(trace_findings_other, what_if_of_an_element)
{
    struct story story;
    story_begin(&story);
    uint32_t item =
        story_item(&story, story_called(&story, story_attribute(&story, story.root, "g")));
    uint32_t run = story_attribute(&story, item, "run");
    for (int i = 0; i < 4; i++) {
        story_does(&story, BENCH_VERB_GET, run, BENCH_OUTCOME_CALLABLE, 100);
        story_does(&story, BENCH_VERB_CALL, run, BENCH_OUTCOME_VALUE, 100);
    }
    ask(&story, "cache:root.g()[\xe2\x80\xa6].run", 8, 5);
    ask(&story, "cache:root.g()[...].run", 8, 5);
    /* Told of once, though it is found as a sequence and as an object. */
    struct trace_finding finding;
    struct bench_error err = {0};
    cr_expect_eq(trace_what_if(story.patterns, &story.profile, "batch:nothing", &finding, &err),
                 -ENOENT);
    const char *first = strstr(err.msg, "].run");
    cr_assert_not_null(first, "%s", err.msg);
    cr_expect_null(strstr(first + 1, "].run"), "%s", err.msg);
    story_end(&story);
}

/* 10 lookups of 100 us beside one call of 2 s: 0.1 %; far away they count. */
Test(trace_findings_other, what_saves_next_to_nothing_is_left_out)
{
    struct story story;
    story_begin(&story);
    uint32_t work = story_attribute(&story, story.root, "work");
    uint32_t ping = story_attribute(&story, story.root, "ping");
    for (int i = 0; i < 20; i++)
        story_does(&story, BENCH_VERB_CALL, work, BENCH_OUTCOME_VALUE, 99000);
    for (int i = 0; i < 10; i++) {
        story_does(&story, BENCH_VERB_GET, ping, BENCH_OUTCOME_CALLABLE, 100);
        story_does(&story, BENCH_VERB_CALL, ping, BENCH_OUTCOME_VALUE, 100);
    }
    story.profile.totals.round_trips[0] = 40;
    cr_expect_not_null(story_only(&story, TRACE_LOOKUPS));
    story.profile.totals.round_trips[0] = 100000; /* of others */
    story_find(&story);
    cr_expect_eq(story.nfindings, 0);
    story_end(&story);
}

/* One request may be removed, late, and carry in vain compressed bytes: it is saved once. */
Test(trace_findings_other, savings_do_not_exceed_what_was_waited)
{
    struct story story;
    story_begin(&story);
    uint32_t get = story_attribute(&story, story.root, "get"), list = story_called(&story, get);
    uint32_t item = story_item(&story, list), name = story_attribute(&story, item, "name");
    story_does(&story, BENCH_VERB_GET, get, BENCH_OUTCOME_CALLABLE, 100);
    story_does(&story, BENCH_VERB_CALL, get, BENCH_OUTCOME_OBJECT, 100);
    struct trace_call small = story_call(&story, BENCH_VERB_PING, get, BENCH_OUTCOME_VALUE, 100);
    story_tell(&story, &small);
    for (int i = 0; i < 200; i++) {
        story_does(&story, BENCH_VERB_NEXT, item, BENCH_OUTCOME_OBJECT, i % 5 ? 200 : 41000);
        struct trace_call read =
            story_call(&story, BENCH_VERB_GET, name, BENCH_OUTCOME_VALUE, i % 5 ? 300 : 44000);
        read.plain_bytes[1] = 100000;
        read.wire_bytes[1] = 100300;
        read.answer_pause_ns = i % 5 ? 0 : 43000000;
        story_tell(&story, &read);
        put(&story, i % 2 ? 41000 : 200, 0);
    }
    story_find(&story);
    double saved = 0, waited = (double)story.profile.totals.waiting_ns[0] +
                               (double)story.gap_ns * (double)story.ids;
    for (size_t i = 0; i < story.nfindings; i++)
        if (story.findings[i].priced)
            saved += story.findings[i].here.before_s - story.findings[i].here.after_s;
    cr_expect_geq(story.nfindings, 2);
    cr_expect_leq(saved * 1e9, waited, "%g of %g s", saved, waited / 1e9);
    story_end(&story);
}

Test(trace_findings_other, what_if_written)
{
    struct story story;
    story_begin(&story);
    iterate_three(&story);
    struct trace_finding finding;
    cr_assert_eq(trace_what_if(story.patterns, &story.profile, "tuple:root.get", &finding, NULL),
                 0);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    cr_assert_eq(trace_write_what_if(&story.profile, &finding, out), 0);
    fclose(out);
    cr_expect_not_null(strstr(text, "what if root.get(): what it gives, by value"), "%s", text);
    cr_expect_not_null(strstr(text, "round trips  7 -> 2"), "%s", text);
    cr_expect_not_null(strstr(text, "here         820 us -> 223 us: saves 597 us (72.8 %)"), "%s",
                       text);
    cr_expect_not_null(strstr(text, "RTT 50 ms    350.8 ms -> 100.2 ms"), "%s", text);
    free(text);
    story_end(&story);
}
