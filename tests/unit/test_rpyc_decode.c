/* SPDX-License-Identifier: MIT */
/*
 * The passive decoder, fed with recorded conversations of real peers: what it tells is compared
 * with data/rpyc-decoded.txt, and must not depend on how the bytes were cut. Where what it tells
 * is changed on purpose, RPYC_DECODED=FILE in the environment writes the text anew.
 */
#include <sys/mman.h>

#include "protocols/rpyc/rpyc_sniff.h"
#include "tests/unit/rpyc_watched.h"

#define DECODED TEST_SOURCE_DIR "/tests/unit/data/rpyc-decoded.txt"

TestSuite(rpyc_decode, .timeout = 240);

enum { SPLITS = 160, PAGE = 4096 };

/* How a frame is fed. */
typedef void (*feed_fn)(struct watched *w, const struct frame *frame, size_t how);

static void whole(struct watched *w, const struct frame *frame, size_t how)
{
    (void)how;
    feed(w, frame->direction, frame->bytes, frame->length);
}

static void by_bytes(struct watched *w, const struct frame *frame, size_t how)
{
    for (size_t i = 0; i < frame->length; i += how)
        feed(w, frame->direction, frame->bytes + i,
             frame->length - i < how ? frame->length - i : how);
}

static void split(struct watched *w, const struct frame *frame, size_t at)
{
    if (at > frame->length)
        at = frame->length;
    feed(w, frame->direction, frame->bytes, at);
    feed(w, frame->direction, frame->bytes + at, frame->length - at);
}

/* Its last byte is the last that can be read. */
static void at_the_edge(struct watched *w, const struct frame *frame, size_t how)
{
    const size_t room = (frame->length / PAGE + 1) * PAGE;
    (void)how;
    uint8_t *area =
        mmap(NULL, room + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert(area != MAP_FAILED);
    cr_assert_eq(mprotect(area + room, PAGE, PROT_NONE), 0);
    memcpy(area + room - frame->length, frame->bytes, frame->length);
    feed(w, frame->direction, area + room - frame->length, frame->length);
    (void)munmap(area, room + PAGE);
}

/* All conversations of a file, each with a decoder of its own. */
static void decode_all(const char *path, feed_fn how, size_t how_much, struct bench_buf *out)
{
    struct recorded r;
    record(&r, path);
    for (size_t from = 0, to; from < r.count; from = to) {
        struct watched w;
        watch(&w);
        to = conversation_end(&r, from);
        uint64_t bytes = 0;
        for (size_t i = from; i < to; i++) {
            how(&w, &r.frames[i], how_much);
            bytes += r.frames[i].length;
            cr_assert_eq(messages(&w), i - from + 1, "%s", r.frames[i].name);
            cr_assert_eq(w.wire_bytes, bytes, "%s", r.frames[i].name);
        }
        rpyc_decoder_ops.close(w.decoder, 0);
        cr_assert_eq(w.counts[BENCH_EVENT_CLOSE], 1);
        cr_assert_eq(w.counts[BENCH_EVENT_LOST], 0, "%s", r.frames[from].name);
        cr_assert_eq(bench_buf_printf(out, "== %s\n%s", r.frames[from].name, told(&w)), 0);
        watch_end(&w);
    }
    record_end(&r);
}

static char *decoded(feed_fn how, size_t how_much)
{
    struct bench_buf out;
    bench_buf_init(&out, (size_t)16 << 20);
    decode_all(CLASSIC, how, how_much, &out);
    decode_all(RECORDED, how, how_much, &out);
    cr_assert_eq(bench_buf_add(&out, "", 1), 0);
    char *text = strdup((const char *)bench_buf_head(&out));
    cr_assert_not_null(text);
    bench_buf_fini(&out);
    return text;
}

/* The first line that is different, or nothing. */
static void compare(const char *got, const char *expected, const char *what)
{
    size_t line = 1, at = 0, begin = 0;
    while (got[at] == expected[at] && got[at] != '\0') {
        if (got[at++] == '\n') {
            line++;
            begin = at;
        }
    }
    cr_assert_eq(got[at], expected[at], "%s: line %zu is\n%.200s\ninstead of\n%.200s", what, line,
                 got + begin, expected + begin);
}

Test(rpyc_decode, what_it_tells_is_as_expected)
{
    char *expected, *got = decoded(whole, 0);
    size_t n;
    const char *path = getenv("RPYC_DECODED");
    if (path != NULL) {
        FILE *file = fopen(path, "we");
        cr_assert_not_null(file);
        cr_assert_geq(fputs(got, file), 0);
        cr_assert_eq(fclose(file), 0);
    }
    cr_assert_eq(support_read_file(DECODED, &expected, &n), 0);
    compare(got, expected, "whole frames");
    free(expected);
    free(got);
}

Test(rpyc_decode, it_does_not_matter_how_bytes_are_cut)
{
    static const size_t sizes[] = {1, 2, 5, 7, 64, 1000};
    char *expected = decoded(whole, 0);
    for (size_t i = 0; i < BENCH_COUNT_OF(sizes); i++) {
        char *got = decoded(by_bytes, sizes[i]);
        compare(got, expected, "in pieces");
        free(got);
    }
    for (size_t at = 1; at < SPLITS; at++) {
        char *got = decoded(split, at);
        compare(got, expected, "split");
        free(got);
    }
    free(expected);
}

Test(rpyc_decode, nothing_behind_the_end_is_read)
{
    char *expected = decoded(whole, 0), *got = decoded(at_the_edge, 0);
    compare(got, expected, "at the edge");
    free(got);
    free(expected);
}

/* Several frames in one piece. */
Test(rpyc_decode, frames_that_come_together)
{
    struct recorded r;
    struct watched w;
    static uint8_t all[1 << 20];
    size_t n[2] = {0}, count = 0;
    record(&r, CLASSIC);
    watch(&w);
    for (unsigned direction = 0; direction < 2; direction++) {
        for (size_t i = 0; i < conversation_end(&r, 0); i++)
            if (r.frames[i].direction == direction) {
                memcpy(all + n[direction], r.frames[i].bytes, r.frames[i].length);
                n[direction] += r.frames[i].length;
                count++;
            }
        feed(&w, (enum bench_direction)direction, all, n[direction]);
    }
    cr_assert_eq(messages(&w), count);
    cr_assert_eq(w.wire_bytes, n[0] + n[1]);
    watch_end(&w);
    record_end(&r);
}

/* ---- losses ---- */

/* A whole conversation but for the bytes cut_from .. of frame `first` up to byte cut_to of the next
 * one in its direction. False: there is no next one. */
static bool feed_with_loss(struct watched *w, const struct recorded *r, size_t end, size_t first,
                           size_t cut_from, size_t cut_to)
{
    const enum bench_direction direction = r->frames[first].direction;
    size_t second = first + 1;
    while (second < end && r->frames[second].direction != direction)
        second++;
    if (second == end)
        return false;
    for (size_t i = 0; i < end; i++) {
        const struct frame *frame = &r->frames[i];
        if (i == first) {
            feed(w, direction, frame->bytes, cut_from);
            rpyc_decoder_ops.gap(w->decoder, direction, 0);
        } else if (i == second) {
            feed(w, direction, frame->bytes + cut_to, frame->length - cut_to);
        } else {
            feed(w, frame->direction, frame->bytes, frame->length);
        }
    }
    return true;
}

Test(rpyc_decode, after_a_gap_the_next_whole_message_is_found)
{
    struct recorded r;
    record(&r, CLASSIC);
    const size_t end = conversation_end(&r, 0);
    for (size_t first = 0; first + 4 < end; first++)
        for (size_t cut = 0; cut < 5; cut++) {
            struct watched w;
            watch(&w);
            const size_t from = r.frames[first].length * cut / 5, to = cut == 0 ? 0 : cut * 2;
            if (feed_with_loss(&w, &r, end, first, from, to)) {
                cr_assert_eq(messages(&w), end - (to == 0 ? 1 : 2), "frame %zu, %zu", first, cut);
                cr_assert_eq(w.counts[BENCH_EVENT_LOST], 1);
            }
            watch_end(&w);
        }
    record_end(&r);
}

Test(rpyc_decode, a_connection_that_was_open_already)
{
    struct recorded r;
    struct bench_decoder_setup joined = usual;
    joined.joined = true;
    record(&r, RECORDED);
    for (size_t from = 0, to; from < r.count; from = to) {
        to = conversation_end(&r, from);
        for (size_t skip = 1; skip < 12; skip++) {
            struct watched w;
            bool cut[2] = {false, false};
            size_t lost = 0;
            watch_as(&w, &joined);
            for (size_t i = from; i < to; i++) {
                const struct frame *frame = &r.frames[i];
                const size_t begin = cut[frame->direction] ? 0 : skip;
                lost += begin > 0 ? 1 : 0;
                cut[frame->direction] = true;
                by_bytes(&w,
                         &(struct frame){.direction = frame->direction,
                                         .bytes = frame->bytes + begin,
                                         .length = frame->length - begin},
                         skip % 2 == 0 ? 3 : 10000);
            }
            cr_assert_eq(messages(&w), to - from - lost, "%s, from byte %zu: %zu of %zu",
                         r.frames[from].name, skip, messages(&w), to - from - lost);
            cr_assert_eq(w.counts[BENCH_EVENT_LOST], 0, "to have joined is no loss");
            watch_end(&w);
        }
    }
    record_end(&r);
}

Test(rpyc_decode, garbage_is_told_once_and_left_behind)
{
    struct recorded r;
    struct watched w;
    uint8_t garbage[3000];
    uint32_t state = 1;
    record(&r, CLASSIC);
    watch(&w);
    for (size_t i = 0; i < sizeof(garbage); i++)
        garbage[i] = (uint8_t)((state = state * 1664525 + 1013904223) >> 24);
    for (size_t i = 0; i < 20; i++)
        whole(&w, &r.frames[i], 0);
    feed(&w, r.frames[20].direction, garbage, sizeof(garbage));
    for (size_t i = 20; i < 40; i++)
        whole(&w, &r.frames[i], 0);
    cr_assert_eq(w.counts[BENCH_EVENT_LOST], 1);
    cr_assert_eq(messages(&w), 40);
    watch_end(&w);
    record_end(&r);
}

Test(rpyc_decode, half_a_message_at_the_end)
{
    struct recorded r;
    struct watched w;
    record(&r, CLASSIC);
    watch(&w);
    feed(&w, BENCH_TO_SERVER, r.frames[0].bytes, 9);
    rpyc_decoder_ops.close(w.decoder, 5);
    rpyc_decoder_ops.close(w.decoder, 6);
    whole(&w, &r.frames[0], 0);
    cr_assert_str_eq(told(&w), "    > LOST (the end, within a message)\n    > CLOSE\n");
    watch_end(&w);
    record_end(&r);
}

/* ---- what a connection begins with ---- */

Test(rpyc_decode, each_frame_is_recognised_from_its_first_bytes)
{
    struct recorded r;
    record(&r, RECORDED);
    uint8_t *area =
        mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert(area != MAP_FAILED);
    cr_assert_eq(mprotect(area + PAGE, PAGE, PROT_NONE), 0);
    for (size_t i = 0; i < r.count; i++) {
        const struct frame *frame = &r.frames[i];
        enum bench_recognised verdict = BENCH_RECOGNISED_MORE;
        for (size_t n = 0; n <= frame->length && n <= 2 * RPYC_SNIFF_BYTES; n++) {
            uint8_t *at = area + PAGE - n;
            memcpy(at, frame->bytes, n);
            const enum bench_recognised now = rpyc_recognise(at, n);
            cr_assert(now == verdict || verdict == BENCH_RECOGNISED_MORE);
            verdict = now;
        }
        cr_assert_eq(verdict, BENCH_RECOGNISED_YES, "%s", frame->name);
    }
    (void)munmap(area, 2 * PAGE);
    record_end(&r);
}

struct opening {
    const char *what, *bytes;
    size_t length;
    enum bench_recognised expected;
};

#define OPENING(what, bytes, expected)                                                             \
    {                                                                                              \
        what, bytes, sizeof(bytes) - 1, BENCH_RECOGNISED_##expected                                \
    }

Test(rpyc_decode, other_protocols_are_not_taken_for_it)
{
    static const struct opening rows[] = {
        OPENING("nothing", "", MORE),
        OPENING("TLS 1.3 hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", ENCRYPTED),
        OPENING("TLS hello, cut", "\x16\x03", MORE),
        OPENING("TLS data",
                "\x17\x03\x03\x00\x20"
                "abcdef",
                ENCRYPTED),
        OPENING("HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", NO),
        OPENING("HTTP answer", "HTTP/1.1 200 OK\r\n", NO),
        OPENING("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", NO),
        OPENING("HTTP/2 settings", "\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\x04", NO),
        OPENING("zeros", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", NO),
        OPENING("SSH", "SSH-2.0-OpenSSH_9.2\r\n", NO),
        OPENING("Redis", "*1\r\n$4\r\nPING\r\n", NO),
        OPENING("PostgreSQL", "\0\0\0\x29\0\x03\0\0user\0me\0database\0you\0", NO),
        OPENING("PostgreSQL, asks for TLS", "\0\0\0\x08\x04\xd2\x16\x2f", NO),
        OPENING("MySQL",
                "\x4a\0\0\0\x0a"
                "8.0.31\0",
                NO),
        OPENING("Kafka",
                "\0\0\0\x23\0\x12\0\x04\0\0\0\x01\0\x09"
                "kafka-cli",
                NO),
        OPENING("DNS",
                "\0\x1d\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07"
                "example\x03"
                "com",
                NO),
        OPENING("MongoDB", "\x3a\0\0\0\x01\0\0\0\0\0\0\0\xd4\x07\0\0", NO),
        OPENING("Thrift", "\0\0\0\x1c\x80\x01\0\x01\0\0\0\x04ping\0\0\0\0\0", NO),
        OPENING("pickle with a length", "\0\0\0\x10\x80\x04\x95\x05\0\0\0\0\0\0\0\x8c\x01x\x94.",
                NO),
        OPENING("JSON with a length", "\0\0\0\x0e{\"jsonrpc\":1}\n", NO),
        OPENING("bare messages with a length", "\0\0\0\x04\0\0\0\0ping", NO),
        OPENING("zlib, but too short", "\0\0\0\x08\x01\x78\x01\x63\0\0\0\0\x01", NO),
        OPENING("flag, but no zlib", "\0\0\x08\0\x01\x12\x51\x50\x11\x53", NO),
        OPENING("zlib", "\0\0\x08\0\x01\x78\x01\xec\xc0", YES),
        OPENING("GETROOT of rpyc 5", "\0\0\0\x08\0\x12\x51\x50\x11\x53\x11\x51\x02\n", YES),
        OPENING("GETROOT of rpyc 6", "\0\0\0\x08\0\x01\x11\x50\x11\x53\x11\x51\x02\n", YES),
        OPENING("GETROOT, cut", "\0\0\0\x08\0\x01\x11\x50", MORE),
        OPENING("end of an iteration", "\0\0\0\x04\0\x12\x53\x5b\x51\n", YES),
        OPENING("end of a frame too early", "\0\0\0\x05\0\x12\x51\x50\x11\x53\n", NO),
        OPENING("type 4", "\0\0\0\x08\0\x04\x11\x50\x11\x53\x11\x51\x02\n", NO),
        OPENING("handler 30", "\0\0\0\x08\0\x01\x11\x50\x11\x6e\x11\x51\x02\n", NO),
        OPENING("bound, without a sender",
                "\0\0\0\x18\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x12\x51\x50\x11\x53\x11\x51\x02\n",
                NO),
        OPENING("bound",
                "\0\0\0\x18\0\0\0\x7f\1\2\3\4\5\0\0\0\0\0\0\0\0\x12\x51\x50\x11\x53\x11\x51\x02\n",
                YES),
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++)
        cr_assert_eq(rpyc_recognise(rows[i].bytes, rows[i].length), rows[i].expected, "%s: %d",
                     rows[i].what, rpyc_recognise(rows[i].bytes, rows[i].length));
}

Test(rpyc_decode, random_bytes_are_not_taken_for_it)
{
    uint8_t bytes[64];
    uint64_t state = 88172645463325252u;
    for (int round = 0; round < 2000000; round++) {
        for (size_t i = 0; i < sizeof(bytes); i += 8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            memcpy(bytes + i, &state, 8);
        }
        bytes[0] = bytes[1] = 0; /* the length of a short message */
        bytes[4] = 0;
        cr_assert_neq(rpyc_recognise(bytes, sizeof(bytes)), BENCH_RECOGNISED_YES);
    }
}
