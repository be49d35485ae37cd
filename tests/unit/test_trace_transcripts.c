/* SPDX-License-Identifier: MIT */
/* Real conversations through the real decoder and the analyser: every message is counted, and as
 * what it was. What each frame is stands in the transcripts, from another source than our code. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/protocol.h"
#include "trace/analyser.h"
#include "trace/profile.h"

TestSuite(trace_transcripts, .timeout = 60);

struct expected {
    uint64_t messages[2], bytes[2], requests[2], answers[2], errors[2], unawaited[2];
};

struct conversation {
    char version[32], name[120];
    struct trace_analyser *analyser;
    struct expected expected;
    bool seq_unawaited[2][64]; /* [direction of the request][seq] */
    int64_t now_ns;
    int checked;
};

static int digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void start(struct conversation *c, const char *version, const char *name)
{
    static const struct bench_decoder_ops *decoders[2];
    struct trace_options options;
    struct bench_error err = {0};
    const int checked = c->checked;
    decoders[0] = bench_protocol_find("rpyc", 4)->decoder;
    *c = (struct conversation){.checked = checked};
    (void)snprintf(c->version, sizeof(c->version), "%s", version);
    (void)snprintf(c->name, sizeof(c->name), "%s", name);
    trace_options_init(&options);
    options.message_bytes_max = 16 << 20;
    cr_assert_eq(trace_analyser_new(&c->analyser, &options, decoders, &err), 0, "%s", err.msg);
    trace_analyser_piece(&(struct bench_piece){.kind = BENCH_PIECE_OPEN, .connection = 1},
                         c->analyser);
}

static void expect(struct conversation *c, int d, const char *what, size_t length)
{
    unsigned seq = 0;
    const char *number = strstr(what, "seq=");
    if (number != NULL)
        seq = (unsigned)strtoul(number + 4, NULL, 10) % 64;
    c->expected.messages[d]++;
    c->expected.bytes[d] += length;
    if (strncmp(what, "REQUEST", 7) == 0) {
        const bool unawaited = strstr(what, " DEL") != NULL || strstr(what, " CLOSE") != NULL;
        c->seq_unawaited[d][seq] = unawaited;
        c->expected.requests[d]++;
        c->expected.unawaited[d] += unawaited;
    } else if (!c->seq_unawaited[!d][seq]) {
        c->expected.answers[!d]++;
        c->expected.errors[!d] += strncmp(what, "EXCEPTION", 9) == 0;
    }
}

static void feed(struct conversation *c, int d, const char *hex, const char *what)
{
    const size_t length = strlen(hex) / 2;
    unsigned char *bytes = malloc(length);
    for (size_t i = 0; i < length; i++)
        bytes[i] = (unsigned char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    expect(c, d, what, length);
    trace_analyser_piece(&(struct bench_piece){.kind = BENCH_PIECE_DATA,
                                               .connection = 1,
                                               .direction = (enum bench_direction)d,
                                               .time_ns = c->now_ns += 1000,
                                               .data = bytes,
                                               .length = length},
                         c->analyser);
    free(bytes);
}

static bool iterates(const char *name)
{
    return strcmp(name, "generator") == 0 || strcmp(name, "list iteration") == 0 ||
           strstr(name, "server iterates") != NULL || strstr(name, "and iteration") != NULL;
}

static void check(struct conversation *c)
{
    if (c->analyser == NULL)
        return;
    struct trace_profile *profile = NULL;
    trace_analyser_finish(c->analyser);
    cr_assert_eq(trace_profile_take(c->analyser, &profile), 0);
    const struct trace_totals *t = &profile->totals;
    const struct expected *e = &c->expected;
    uint64_t errors = 0, ended = 0;
    const bool async = strcmp(c->name, "two async calls") == 0;
    cr_assert_eq(t->lost, 0, "%s %s", c->version, c->name);
    for (int d = 0; d < 2; d++) {
        cr_assert_eq(t->messages[d], e->messages[d], "%s %s: %d messages, %d expected", c->version,
                     c->name, (int)t->messages[d], (int)e->messages[d]);
        cr_assert_eq(t->wire_bytes[d], e->bytes[d], "%s %s", c->version, c->name);
        cr_assert_eq(t->requests[d], e->requests[d], "%s %s", c->version, c->name);
        cr_assert_eq(t->unawaited[d], e->unawaited[d], "%s %s", c->version, c->name);
        errors += e->errors[d];
        ended += t->errors[d];
        cr_assert_eq(t->overlapped[d], async && d == 0, "%s %s", c->version, c->name);
        cr_assert_eq(t->round_trips[d] + t->overlapped[d], e->answers[d],
                     "%s %s: %d answers, %d expected", c->version, c->name,
                     (int)(t->round_trips[d] + t->overlapped[d]), (int)e->answers[d]);
        cr_assert_eq(t->unanswered[d], e->requests[d] - e->unawaited[d] - e->answers[d], "%s %s",
                     c->version, c->name);
    }
    if (strcmp(c->name, "nested callbacks 3 deep") == 0)
        cr_assert_eq(t->depth_max, 4);
    if (strstr(c->name, "callback") != NULL && strstr(c->name, "nested") == NULL)
        cr_assert_eq(t->depth_max, 2, "%s %s: %d", c->version, c->name, t->depth_max);
    if (strncmp(c->name, "echo", 4) == 0)
        cr_assert_eq(t->depth_max, 1);
    /* The end of an iteration is an exception on the wire, not for the programmer. */
    const uint64_t ends = iterates(c->name) ? 1 : 0;
    cr_assert_eq(ended + ends, errors, "%s %s: %d errors, %d expected", c->version, c->name,
                 (int)ended, (int)errors);
    uint64_t trips = 0, requests = 0;
    for (size_t i = 0; i < profile->nby_name; i++) {
        trips += profile->by_name[i].round_trips;
        for (int v = 0; v < BENCH_VERB_COUNT; v++)
            requests += profile->by_name[i].verbs[v];
    }
    cr_assert_eq(trips, trace_both(t->round_trips));
    cr_assert_eq(requests, trace_both(t->requests));
    trace_profile_free(profile);
    trace_analyser_free(c->analyser);
    c->analyser = NULL;
    c->checked++;
}

Test(trace_transcripts, every_message_is_counted)
{
    struct conversation c = {0};
    FILE *file = fopen(TEST_SOURCE_DIR "/tests/unit/data/rpyc-transcripts.txt", "re");
    char *line = NULL;
    size_t room = 0;
    cr_assert_not_null(file);
    while (getline(&line, &room, file) > 0) {
        char *rest = line;
        const char *version = strsep(&rest, "\t"), *name = strsep(&rest, "\t");
        const char *direction = strsep(&rest, "\t"), *hex = strsep(&rest, "\t");
        if (version[0] == '#' || rest == NULL || strstr(name, "10 MB") != NULL)
            continue;
        if (c.analyser == NULL || strcmp(c.name, name) != 0 || strcmp(c.version, version) != 0) {
            check(&c);
            start(&c, version, name);
        }
        feed(&c, direction[0] == 'C' ? 0 : 1, hex, rest);
    }
    check(&c);
    cr_assert_gt(c.checked, 60);
    free(line);
    (void)fclose(file);
}
