/* SPDX-License-Identifier: MIT */
/* The passive decoder: sizes, times, references, numbers that do not fit, and what is hostile. */
#include <endian.h>
#include <errno.h>

#include "protocols/rpyc/rpyc_frame.h"
#include "protocols/rpyc/rpyc_msg.h"
#include "tests/unit/rpyc_watched.h"

TestSuite(rpyc_decode_limits, .timeout = 120);

/* ---- messages by hand ---- */

struct maker {
    struct watched w;
    struct rpyc_outgoing out;
    uint64_t sender, receiver; /* threads; 0 0 = none are sent */
};

static void make(struct maker *m, const struct bench_decoder_setup *setup)
{
    *m = (struct maker){.sender = 0};
    watch_as(&m->w, setup);
    rpyc_outgoing_init(&m->out);
}

static void make_end(struct maker *m)
{
    rpyc_outgoing_fini(&m->out);
    watch_end(&m->w);
}

static void begin(struct maker *m)
{
    cr_assert_eq(rpyc_outgoing_begin(&m->out), 0);
    if (m->sender == 0)
        return;
    const uint64_t ids[] = {htobe64(m->sender), htobe64(m->receiver)};
    cr_assert_eq(bench_buf_add(&m->out.text, ids, sizeof(ids)), 0);
}

/* A request with so many arguments, each with a label of its own. */
static void ask(struct maker *m, int64_t seq, enum rpyc_handler handler, size_t arguments)
{
    begin(m);
    cr_assert_eq(rpyc_write_request(&m->out.text, RPYC_LAYOUT_B, seq, handler), 0);
    cr_assert_eq(rpyc_write_box_head(&m->out.text, arguments > 0 ? RPYC_TUPLE : RPYC_VALUE), 0);
    cr_assert_eq(rpyc_dump_tuple_head(&m->out.text, arguments), 0);
}

static void answer(struct maker *m, int64_t seq, enum rpyc_type type)
{
    const uint8_t kind = (uint8_t)type;
    begin(m);
    cr_assert_eq(bench_buf_add(&m->out.text, &kind, 1), 0);
    cr_assert_eq(rpyc_dump_tuple_head(&m->out.text, 2), 0);
    cr_assert_eq(rpyc_dump_int(&m->out.text, seq), 0);
}

static void put_ref(struct maker *m, enum rpyc_label label, const char *name, int64_t class_id,
                    int64_t instance_id)
{
    cr_assert_eq(rpyc_write_box_head(&m->out.text, label), 0);
    cr_assert_eq(rpyc_dump_tuple_head(&m->out.text, 3), 0);
    cr_assert_eq(rpyc_dump_text(&m->out.text, name, strlen(name)), 0);
    cr_assert_eq(rpyc_dump_int(&m->out.text, class_id), 0);
    cr_assert_eq(rpyc_dump_int(&m->out.text, instance_id), 0);
}

static void put_int(struct maker *m, int64_t number)
{
    cr_assert_eq(rpyc_write_box_head(&m->out.text, RPYC_VALUE), 0);
    cr_assert_eq(rpyc_dump_int(&m->out.text, number), 0);
}

static void put_text(struct maker *m, const char *text)
{
    cr_assert_eq(rpyc_write_box_head(&m->out.text, RPYC_VALUE), 0);
    cr_assert_eq(rpyc_dump_text(&m->out.text, text, strlen(text)), 0);
}

/* The frame, as one piece of bytes; free it. */
static uint8_t *frame_of(struct maker *m, size_t *n)
{
    struct bench_error err;
    cr_assert_eq(rpyc_outgoing_end(&m->out, &err), 0);
    uint8_t *bytes = malloc(m->out.wire_bytes);
    cr_assert_not_null(bytes);
    *n = 0;
    for (int i = 0; i < m->out.count; i++) {
        memcpy(bytes + *n, m->out.pieces[i].iov_base, m->out.pieces[i].iov_len);
        *n += m->out.pieces[i].iov_len;
    }
    return bytes;
}

static void say(struct maker *m, enum bench_direction direction)
{
    size_t n;
    uint8_t *bytes = frame_of(m, &n);
    feed(&m->w, direction, bytes, n);
    free(bytes);
}

static void expect(struct maker *m, const char *text)
{
    cr_assert_str_eq(told(&m->w), text);
    bench_buf_clear(&m->w.text);
}

/* The server hands out an object in answer to seq. */
static void give(struct maker *m, int64_t seq, const char *name, int64_t id)
{
    answer(m, seq, RPYC_REPLY);
    put_ref(m, RPYC_REMOTE_REF, name, 1000 + (int64_t)strlen(name), id);
    say(m, BENCH_TO_CLIENT);
}

/* The client asks for an attribute of one. */
static void get(struct maker *m, int64_t seq, const char *name, int64_t id, const char *attribute)
{
    ask(m, seq, RPYC_GETATTR, 2);
    put_ref(m, RPYC_LOCAL_REF, name, 1000 + (int64_t)strlen(name), id);
    put_text(m, attribute);
    say(m, BENCH_TO_SERVER);
}

static void release(struct maker *m, int64_t seq, const char *name, int64_t id, int64_t count)
{
    ask(m, seq, RPYC_DEL, 2);
    put_ref(m, RPYC_LOCAL_REF, name, 1000 + (int64_t)strlen(name), id);
    put_int(m, count);
    say(m, BENCH_TO_SERVER);
}

static void open_root(struct maker *m)
{
    m->w.quiet = true;
    ask(m, 0, RPYC_GETROOT, 0);
    say(m, BENCH_TO_SERVER);
    give(m, 0, "shop.Shop", 1);
    m->w.quiet = false;
}

#define LIST "builtins.list"

/* ---- references ---- */

Test(rpyc_decode_limits, references_are_counted_as_rpyc_does)
{
    struct maker m;
    make(&m, &usual);
    open_root(&m);
    m.w.quiet = true;
    give(&m, 50, LIST, 9);
    give(&m, 51, LIST, 9); /* once more: its count is 2 */
    cr_assert_eq(m.w.counts[BENCH_EVENT_REFERENCE], 2);
    release(&m, 1, LIST, 9, 1);
    cr_assert_eq(m.w.counts[BENCH_EVENT_RELEASE], 0, "one is on its way, or held");
    release(&m, 2, LIST, 9, 1);
    cr_assert_eq(m.w.counts[BENCH_EVENT_RELEASE], 1);
    release(&m, 3, LIST, 9, 1); /* not there any more */
    cr_assert_eq(m.w.counts[BENCH_EVENT_RELEASE], 1);
    m.w.quiet = false;
    give(&m, 52, LIST, 9); /* the same address, another object */
    release(&m, 4, LIST, 9, 0);
    release(&m, 5, LIST, 9, -3);
    expect(&m, "< REPLY other object -> list bytes=35\n"
               "    < REFERENCE list class=list reference=4\n"
               "> REQUEST id=5 release unawaited list class=list reference=4 bytes=43\n"
               "> REQUEST id=6 release unawaited list class=list reference=4 bytes=43\n");
    release(&m, 6, LIST, 9, INT64_MAX); /* more than there are */
    cr_assert_eq(m.w.counts[BENCH_EVENT_RELEASE], 2);
    make_end(&m);
}

Test(rpyc_decode_limits, both_sides_may_use_the_same_ids)
{
    struct maker m;
    make(&m, &usual);
    m.w.quiet = true;
    give(&m, 1, LIST, 9);
    answer(&m, 1, RPYC_REPLY);
    put_ref(&m, RPYC_REMOTE_REF, LIST, 1013, 9);
    say(&m, BENCH_TO_SERVER);
    cr_assert_eq(m.w.counts[BENCH_EVENT_REFERENCE], 2);
    release(&m, 1, LIST, 9, 1);
    cr_assert_eq(m.w.counts[BENCH_EVENT_RELEASE], 1);
    make_end(&m);
}

Test(rpyc_decode_limits, too_many_objects_go_by_their_class)
{
    struct bench_decoder_setup few = usual;
    struct maker m;
    few.references_max = 100;
    make(&m, &few);
    m.w.quiet = true;
    for (int64_t i = 0; i < 1000; i++)
        give(&m, i, LIST, 1 + i);
    cr_assert_eq(m.w.counts[BENCH_EVENT_REFERENCE], 1000, "the others are counted");
    m.w.quiet = false;
    get(&m, 1, LIST, 700, "x");
    expect(&m, "> REQUEST id=1 get list.x class=list bytes=49\n");
    m.w.quiet = true;
    for (int64_t i = 999; i >= 0; i--)
        release(&m, i, LIST, 1 + i, 1);
    cr_assert_eq(m.w.counts[BENCH_EVENT_RELEASE], 100);
    give(&m, 7, LIST, 700);
    cr_assert_eq(m.w.counts[BENCH_EVENT_REFERENCE], 1001);
    release(&m, 8, LIST, 700, 1);
    cr_assert_eq(m.w.counts[BENCH_EVENT_RELEASE], 101, "there is room again");
    make_end(&m);
}

Test(rpyc_decode_limits, untracked_tells_of_no_references)
{
    struct bench_decoder_setup untracked = usual;
    struct maker m;
    untracked.untracked = true;
    make(&m, &untracked);
    give(&m, 1, LIST, 9);
    get(&m, 1, LIST, 9, "x");
    release(&m, 2, LIST, 9, 1);
    expect(&m, "< REPLY other object -> list bytes=35\n"
               "> REQUEST id=1 get list.x class=list bytes=45\n"
               "> REQUEST id=2 release unawaited list class=list bytes=43\n");
    make_end(&m);
}

/* ---- names ---- */

Test(rpyc_decode_limits, a_long_way_begins_anew_from_the_class)
{
    struct maker m;
    char text[300];
    make(&m, &usual);
    open_root(&m);
    m.w.quiet = true;
    get(&m, 1, "shop.Shop", 1, "first");
    give(&m, 1, "__main__.Node", 100);
    for (int64_t i = 1; i < 40; i++) {
        get(&m, 1 + i, "__main__.Node", 99 + i, "next");
        (void)snprintf(text, sizeof(text), "%s", bench_names_text(m.w.names, m.w.last.name));
        cr_assert_neq(m.w.last.name, BENCH_NAME_OTHERS, "after %d", (int)i);
        cr_assert_leq(bench_names_depth(m.w.names, m.w.last.name), BENCH_NAME_STEPS_MAX);
        give(&m, 1 + i, "__main__.Node", 100 + i);
    }
    cr_assert_eq(strncmp(text, "Node.next.next", 14), 0, "%s", text);
    cr_assert_lt(bench_names_count(m.w.names), 50);
    make_end(&m);
}

Test(rpyc_decode_limits, names_of_the_other_side_are_cleaned)
{
    struct maker m;
    make(&m, &usual);
    open_root(&m);
    get(&m, 1, "shop.Shop", 1, "a\n\x1b[2J");
    answer(&m, 1, RPYC_EXCEPTION);
    cr_assert_eq(rpyc_dump_tuple_head(&m.out.text, 4), 0);
    cr_assert_eq(rpyc_dump_tuple_head(&m.out.text, 2), 0);
    cr_assert_eq(rpyc_dump_text(&m.out.text, "builtins", 8), 0);
    cr_assert_eq(rpyc_dump_text(&m.out.text, "Bad\r\nError", 10), 0);
    say(&m, BENCH_TO_CLIENT); /* what should follow does not */
    expect(&m, "> REQUEST id=2 get root.a??[2J class=shop.Shop reference=1 bytes=47\n"
               "< ERROR id=2 get root.a??[2J class=shop.Shop reference=1 bytes=35 (Bad??Error)\n");
    make_end(&m);
}

/* ---- requests and answers ---- */

Test(rpyc_decode_limits, an_answer_that_nobody_waits_for)
{
    struct maker m;
    make(&m, &usual);
    open_root(&m);
    m.w.quiet = true;
    get(&m, 5, "shop.Shop", 1, "x");
    for (int i = 0; i < 2; i++) {
        answer(&m, 5, RPYC_REPLY);
        put_int(&m, 1);
        say(&m, BENCH_TO_CLIENT);
        cr_assert_eq(m.w.last.id, i == 0 ? 2 : 0);
        cr_assert_eq(m.w.last.verb, i == 0 ? BENCH_VERB_GET : BENCH_VERB_OTHER);
    }
    make_end(&m);
}

Test(rpyc_decode_limits, the_oldest_of_too_many_requests_are_forgotten)
{
    struct bench_decoder_setup few = usual;
    struct maker m;
    few.pending_max = 20;
    make(&m, &few);
    open_root(&m);
    m.w.quiet = true;
    for (int64_t i = 1; i <= 100; i++)
        get(&m, i * 1000003, "shop.Shop", 1, "x");
    for (int64_t i = 1; i <= 100; i++) {
        answer(&m, i * 1000003, RPYC_REPLY);
        put_int(&m, 1);
        say(&m, BENCH_TO_CLIENT);
        cr_assert_eq(m.w.last.id, i > 80 ? (uint64_t)i + 1 : 0);
    }
    make_end(&m);
}

/* An answer is among the bytes that are missing: its request is not remembered for ever, one that
 * is answered soon afterwards is. */
Test(rpyc_decode_limits, requests_whose_answers_were_lost_are_forgotten)
{
    struct maker m;
    make(&m, &usual);
    open_root(&m);
    m.w.quiet = true;
    get(&m, 1, "shop.Shop", 1, "lost");
    get(&m, 2, "shop.Shop", 1, "late");
    rpyc_decoder_ops.gap(m.w.decoder, BENCH_TO_CLIENT, 0);
    for (int64_t i = 3; i < 1500; i++) {
        get(&m, i, "shop.Shop", 1, "x");
        answer(&m, i == 10 ? 2 : i, RPYC_REPLY);
        put_int(&m, 1);
        say(&m, BENCH_TO_CLIENT);
        cr_assert_eq(m.w.last.id, i == 10 ? 3 : (uint64_t)i + 1);
    }
    answer(&m, 1, RPYC_REPLY);
    put_int(&m, 1);
    say(&m, BENCH_TO_CLIENT);
    cr_assert_eq(m.w.last.id, 0);
    answer(&m, 10, RPYC_REPLY); /* sent after the gap: it is still waited for */
    put_int(&m, 1);
    say(&m, BENCH_TO_CLIENT);
    cr_assert_eq(m.w.last.id, 11);
    make_end(&m);
}

/* The last one counts; and numbers that do not fit 64 bits, or are none. */
Test(rpyc_decode_limits, numbers_that_come_again_or_are_odd)
{
    static const char *const seqs[] = {
        "\x50",
        "\x50",
        "\x16\x14"
        "99999999999999999999",
        "\x08\x0c"
        "abc",
        "\x00",
        "\x4f",
    };
    static const size_t lengths[] = {1, 1, 22, 5, 1, 1};
    struct maker m;
    make(&m, &usual);
    m.w.quiet = true;
    for (size_t i = 0; i < BENCH_COUNT_OF(seqs); i++) {
        uint8_t frame[64] = {[4] = 0, [5] = 1, [6] = 0x11};
        memcpy(frame + 7, seqs[i], lengths[i]);
        memcpy(frame + 7 + lengths[i], "\x11\x53\x11\x51\x02\n", 6);
        frame[3] = (uint8_t)(lengths[i] + 7);
        feed(&m.w, BENCH_TO_SERVER, frame, lengths[i] + 13);
        cr_assert_eq(m.w.last.id, i + 1);
    }
    for (size_t i = 1; i < BENCH_COUNT_OF(seqs); i++) {
        uint8_t frame[64] = {[4] = 0, [5] = 2, [6] = 0x11};
        memcpy(frame + 7, seqs[i], lengths[i]);
        memcpy(frame + 7 + lengths[i], "\x11\x51\x00\n", 4);
        frame[3] = (uint8_t)(lengths[i] + 5);
        feed(&m.w, BENCH_TO_CLIENT, frame, lengths[i] + 11);
        cr_assert_eq(m.w.last.id, i + 1);
        cr_assert_eq(m.w.last.verb, BENCH_VERB_ROOT);
    }
    cr_assert_eq(m.w.counts[BENCH_EVENT_LOST], 0);
    make_end(&m);
}

Test(rpyc_decode_limits, bound_threads_tell_who_waits)
{
    struct maker m;
    make(&m, &usual);
    m.w.quiet = true;
    for (uint64_t thread = 1; thread <= 3; thread++) { /* three threads of the client call */
        m.sender = 0x7f0000000000 + thread;
        m.receiver = 0;
        ask(&m, (int64_t)thread, RPYC_GETROOT, 0);
        say(&m, BENCH_TO_SERVER);
        cr_assert_eq(m.w.last.thread, m.sender);
        cr_assert_eq(m.w.last.parent, 0);
    }
    m.sender = 0x7e0000000001;
    m.receiver = 0x7f0000000002;
    ask(&m, 0, RPYC_GETROOT, 0);
    say(&m, BENCH_TO_CLIENT); /* during the second one's call */
    cr_assert_eq(m.w.last.parent, 2);
    m.receiver = 0x7f0000000009;
    ask(&m, 1, RPYC_GETROOT, 0);
    say(&m, BENCH_TO_CLIENT);
    cr_assert_eq(m.w.last.parent, 0, "nobody of that name waits");
    make_end(&m);
}

/* What is broken behind its head is a message all the same: rpyc answers it. */
Test(rpyc_decode_limits, requests_that_make_no_sense)
{
    static const char *const bodies[] = {
        "\x01\x11\x50\x00",                     /* no pair */
        "\x01\x11\x50\x11\xef\x11\x51\x02",     /* handler 159 */
        "\x01\x11\x50\x11\x50\x11\x51\x02",     /* handler 0 */
        "\x01\x11\x50\x11\x54\x11\x52\x02",     /* GETATTR of nothing */
        "\x01\x11\x50\x11\x54\x11\x5f\x02",     /* a label that there is not */
        "\x01\x11\x50\x11\x57\x11\x52\x15\xff", /* cut */
        "\x02\x11\x50\x11\x5f\x02",
        "\x03\x11\x50\x02",
    };
    static const size_t lengths[] = {4, 8, 8, 8, 8, 9, 6, 4};
    struct maker m;
    make(&m, &usual);
    m.w.quiet = true;
    for (size_t i = 0; i < BENCH_COUNT_OF(bodies); i++) {
        uint8_t frame[64] = {[3] = (uint8_t)lengths[i]};
        memcpy(frame + 5, bodies[i], lengths[i]);
        frame[5 + lengths[i]] = '\n';
        feed(&m.w, BENCH_TO_SERVER, frame, lengths[i] + 6);
        cr_assert_eq(messages(&m.w), i + 1);
    }
    cr_assert_eq(m.w.counts[BENCH_EVENT_LOST], 0);
    make_end(&m);
}

/* ---- sizes and times ---- */

static void call_with_bytes(struct maker *m, const uint8_t *data, size_t n)
{
    ask(m, 7, RPYC_CALL, 3);
    put_ref(m, RPYC_LOCAL_REF, "shop.Shop", 1009, 1);
    cr_assert_eq(rpyc_write_box_head(&m->out.text, RPYC_VALUE), 0);
    cr_assert_eq(rpyc_dump_tuple_head(&m->out.text, 1), 0);
    cr_assert_eq(rpyc_dump_bytes_head(&m->out.text, n), 0);
    cr_assert_eq(bench_buf_add(&m->out.text, data, n), 0);
    cr_assert_eq(rpyc_write_box_head(&m->out.text, RPYC_VALUE), 0);
    cr_assert_eq(rpyc_dump_tuple_head(&m->out.text, 0), 0);
}

static void feed_pieces(struct maker *m, const uint8_t *bytes, size_t n, size_t piece)
{
    for (size_t i = 0; i < n; i += piece)
        feed(&m->w, BENCH_TO_SERVER, bytes + i, n - i < piece ? n - i : piece);
}

/* Of a limit of 1 MiB; the last ones are above it. */
Test(rpyc_decode_limits, large_messages_are_counted_exactly)
{
    static const size_t sizes[] = {3500, 64000, 900000, 1 << 20, 3 << 20, 12 << 20};
    for (size_t i = 0; i < BENCH_COUNT_OF(sizes); i++)
        for (int packable = 0; packable < 2; packable++) {
            struct maker m;
            uint8_t *data = malloc(sizes[i]);
            uint32_t state = 1;
            cr_assert_not_null(data);
            for (size_t k = 0; k < sizes[i]; k++)
                data[k] = packable ? 'x' : (uint8_t)((state = state * 1664525 + 1013904223) >> 24);
            make(&m, &usual);
            open_root(&m);
            m.w.quiet = true;
            call_with_bytes(&m, data, sizes[i]);
            size_t n;
            uint8_t *bytes = frame_of(&m, &n);
            for (size_t piece = n; piece > 1000; piece = piece > 64000 ? 64000 : 999) {
                feed_pieces(&m, bytes, n, piece);
                cr_assert_eq(m.w.last.wire_bytes, n);
                cr_assert_eq(m.w.last.plain_bytes, m.out.plain_bytes);
                cr_assert_eq(m.w.last.verb, BENCH_VERB_CALL);
                cr_assert_str_eq(bench_names_text(m.w.names, m.w.last.name), "root");
            }
            get(&m, 9, "shop.Shop", 1, "next");
            cr_assert_eq(m.w.last.verb, BENCH_VERB_GET);
            cr_assert_eq(m.w.counts[BENCH_EVENT_LOST], 0);
            free(bytes);
            free(data);
            make_end(&m);
        }
}

/* Large and not compressed: only its beginning is kept. */
Test(rpyc_decode_limits, a_large_message_without_compression)
{
    enum { SIZE = 5 << 20 };
    struct maker m;
    uint8_t *data = calloc(1, SIZE + 6);
    const uint8_t head[] = {0,    0x50, 0,    0, 0,    0x02, 0x11, 0x50,
                            0x11, 0x51, 0x0f, 0, 0x4f, 0xff, 0xf4};
    cr_assert_not_null(data);
    memcpy(data, head, sizeof(head));
    make(&m, &usual);
    m.w.quiet = true;
    ask(&m, 0, RPYC_GETROOT, 0);
    say(&m, BENCH_TO_SERVER);
    for (size_t at = 0; at < SIZE + 6; at += 65536)
        feed(&m.w, BENCH_TO_CLIENT, data + at, SIZE + 6 - at < 65536 ? SIZE + 6 - at : 65536);
    cr_assert_eq(m.w.counts[BENCH_EVENT_REPLY], 1);
    cr_assert_eq(m.w.last.plain_bytes, SIZE + 6);
    cr_assert_eq(m.w.last.outcome, BENCH_OUTCOME_VALUE);
    cr_assert_eq(m.w.counts[BENCH_EVENT_LOST], 0);
    free(data);
    make_end(&m);
}

/* 64 MiB of zeros are no reason to inflate for long: 16 times the limit. */
Test(rpyc_decode_limits, a_bomb_is_given_up)
{
    struct bench_decoder_setup small = usual;
    struct maker m;
    const size_t size = (size_t)64 << 20;
    uint8_t *data = calloc(1, size);
    small.message_bytes_max = 65536;
    cr_assert_not_null(data);
    make(&m, &small);
    open_root(&m);
    m.w.quiet = true;
    call_with_bytes(&m, data, size);
    say(&m, BENCH_TO_SERVER);
    cr_assert_eq(m.w.last.verb, BENCH_VERB_CALL);
    cr_assert_gt(m.w.last.plain_bytes, 16 * 65536);
    cr_assert_lt(m.w.last.plain_bytes, 17 * 65536);
    cr_assert_eq(m.w.counts[BENCH_EVENT_LOST], 0);
    free(data);
    make_end(&m);
}

Test(rpyc_decode_limits, a_compressed_message_that_is_broken)
{
    struct maker m;
    uint8_t data[5000] = {1, 2, 3};
    size_t n;
    make(&m, &usual);
    open_root(&m);
    m.w.quiet = true;
    call_with_bytes(&m, data, sizeof(data));
    uint8_t *bytes = frame_of(&m, &n);
    for (size_t i = 30; i < n - 2; i++)
        bytes[i] = (uint8_t)~bytes[i];
    feed(&m.w, BENCH_TO_SERVER, bytes, n);
    cr_assert_eq(m.w.counts[BENCH_EVENT_LOST], 1);
    get(&m, 9, "shop.Shop", 1, "next");
    cr_assert_eq(m.w.last.verb, BENCH_VERB_GET, "the next frame is where it should be");
    cr_assert_eq(m.w.counts[BENCH_EVENT_LOST], 1);
    free(bytes);
    make_end(&m);
}

Test(rpyc_decode_limits, times_of_a_message_in_pieces)
{
    struct maker m;
    size_t n;
    make(&m, &usual);
    m.w.quiet = true;
    ask(&m, 0, RPYC_GETROOT, 0);
    uint8_t *bytes = frame_of(&m, &n);
    feed_at(&m.w, BENCH_TO_SERVER, bytes, 3, 1000);
    feed_at(&m.w, BENCH_TO_SERVER, bytes + 3, 4, 1010);
    feed_at(&m.w, BENCH_TO_CLIENT, "", 0, 1020);
    feed_at(&m.w, BENCH_TO_SERVER, bytes + 7, n - 8, 1110);
    feed_at(&m.w, BENCH_TO_SERVER, bytes + n - 1, 1, 1150);
    cr_assert_eq(m.w.last.time_ns, 1000);
    cr_assert_eq(m.w.last.end_ns, 1150);
    cr_assert_eq(m.w.last.pause_ns, 100);
    feed_at(&m.w, BENCH_TO_SERVER, bytes, n, 2000);
    cr_assert_eq(m.w.last.time_ns, 2000);
    cr_assert_eq(m.w.last.pause_ns, 0);
    free(bytes);
    make_end(&m);
}

/* ---- rules ---- */

/* The ids, as trace/findings.def has them. */
Test(rpyc_decode_limits, each_finding_has_its_words)
{
#define TRACE_FINDING(ID, KEY, PRICE) KEY,
    static const char *const keys[] = {
#include "trace/findings.def"
    };
#undef TRACE_FINDING
    size_t n = 0;
    for (const struct bench_finding_rule *rule = rpyc_finding_rules; rule->id != NULL; rule++) {
        cr_assert_lt(n, BENCH_COUNT_OF(keys));
        cr_assert_str_eq(rule->id, keys[n]);
        cr_assert_gt(strlen(rule->summary), 20);
        cr_assert_null(strchr(rule->summary, '\n'));
        cr_assert_not_null(strchr(rule->fix, '`'), "%s: no code", rule->id);
        n++;
    }
    cr_assert_eq(n, BENCH_COUNT_OF(keys));
}

Test(rpyc_decode_limits, what_it_needs_is_checked)
{
    struct bench_decoder_setup none = usual;
    void *decoder = calloc(1, rpyc_decoder_ops.size);
    cr_assert_not_null(decoder);
    none.names = NULL;
    cr_assert_eq(rpyc_decoder_ops.init(decoder, &none), -EINVAL);
    free(decoder);
}
