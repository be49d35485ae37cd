/* SPDX-License-Identifier: MIT */
/* Streams put together again from packets in all orders. */
#include <criterion/criterion.h>

#include "bench/units.h"
#include "core/random.h"
#include "tests/unit/capture_sink.h"

#define T0 (INT64_C(1700000000) * BENCH_NS_PER_S)
#define US BENCH_NS_PER_US
#define MS BENCH_NS_PER_MS

TestSuite(capture_tcp, .timeout = 60);

/* ---- small conversations, written out ---- */

struct step {
    char way; /* '>' or '<' */
    uint8_t flags;
    uint32_t seq, ack;
    const char *text;
    int64_t at_us;   /* 0: a microsecond after the one before */
    uint16_t client; /* port; 0 = 40000 */
};

#define S SUPPORT_SYN
#define A SUPPORT_ACK
#define F SUPPORT_FIN
#define R SUPPORT_RST

static void expect_steps(const struct tap_capture_options *options, const struct step *steps,
                         struct tap_capture_counts *counts, const char *text)
{
    struct support_capture c;
    struct capture_sink sink = {0};
    int64_t now = T0;
    support_capture_begin(&c, SUPPORT_PCAP, SUPPORT_LINK_RAW);
    for (; steps->way != '\0'; steps++) {
        const bool up = steps->way == '>';
        const uint16_t client = steps->client != 0 ? steps->client : 40000;
        now = steps->at_us != 0 ? T0 + steps->at_us * US : now + US;
        const struct support_tcp s = {.from_host = up ? 1 : 2,
                                      .to_host = up ? 2 : 1,
                                      .from_port = up ? client : 18812,
                                      .to_port = up ? 18812 : client,
                                      .seq = steps->seq,
                                      .ack = steps->ack,
                                      .flags = steps->flags,
                                      .data = steps->text,
                                      .length = steps->text != NULL ? strlen(steps->text) : 0,
                                      .time_ns = now};
        support_capture_tcp(&c, &s);
    }
    cr_assert_eq(sink_read(&sink, &c, options), 0, "%s", sink.err.msg);
    cr_expect_str_eq(sink.text, text, "%s\nbut %s", sink.text, text);
    if (counts != NULL)
        *counts = sink.counts;
    sink_fini(&sink);
    support_capture_fini(&c);
}

#define STEP(w, f, s, a, ...)                                                                      \
    {                                                                                              \
        .way = (w), .flags = (f), .seq = (s), .ack = (a), ##__VA_ARGS__                            \
    }
#define UP(...)   STEP('>', __VA_ARGS__)
#define DOWN(...) STEP('<', __VA_ARGS__)
#define OPEN      "1 open 127.0.0.1:40000 > 127.0.0.2:18812"
#define JOINED    OPEN " (joined)"
#define HANDSHAKE UP(S, 99, 0), DOWN(S | A, 499, 100), UP(A, 100, 500)

Test(capture_tcp, who_is_the_server)
{
    struct tap_capture_options options;
    tap_capture_options_init(&options);
    static const struct step from_server[] = {DOWN(A, 500, 100, .text = "x"), {.way = 0}};
    expect_steps(NULL, from_server, NULL, JOINED "; 1 < x"); /* the lower port */
    options.port = 40000;
    expect_steps(&options, from_server, NULL,
                 "1 open 127.0.0.2:18812 > 127.0.0.1:40000 (joined); 1 > x");
    options.port = 18812;
    expect_steps(&options, from_server, NULL, JOINED "; 1 < x");
    options.port = 1;
    struct tap_capture_counts counts;
    expect_steps(&options, from_server, &counts, "");
    cr_expect_eq(counts.tcp_packets, 0);
    cr_expect_eq(counts.packets, 1);
    /* The one that was asked, even with the higher port. */
    static const struct step high[] = {
        DOWN(S, 499, 0), UP(S | A, 99, 500), DOWN(A, 500, 100, .text = "x"), {.way = 0}};
    expect_steps(NULL, high, NULL, "1 open 127.0.0.2:18812 > 127.0.0.1:40000; 1 > x");
    static const struct step answer_only[] = {
        UP(S | A, 99, 500), DOWN(A, 500, 100, .text = "x"), {.way = 0}};
    expect_steps(NULL, answer_only, NULL, "1 open 127.0.0.2:18812 > 127.0.0.1:40000; 1 > x");
}

Test(capture_tcp, packets_overtake)
{
    static const struct step data[] = {HANDSHAKE,
                                       UP(A, 103, 500, .text = "def"),
                                       UP(A, 106, 500, .text = "ghi"),
                                       UP(A, 100, 500, .text = "abc"),
                                       {.way = 0}};
    struct tap_capture_counts counts;
    expect_steps(NULL, data, &counts, OPEN "; 1 > abc; 1 > def; 1 > ghi");
    cr_expect_eq(counts.reordered, 1);
    static const struct step answer[] = {HANDSHAKE,
                                         DOWN(A, 500, 104, .text = "pong"),
                                         UP(A, 100, 500, .text = "ping"),
                                         UP(A, 104, 504, .text = "next"),
                                         {.way = 0}};
    expect_steps(NULL, answer, &counts, OPEN "; 1 > ping; 1 < pong; 1 > next");
    cr_expect_eq(counts.reordered, 1);
    /* An acknowledgement alone, a handshake backwards. */
    static const struct step bare[] = {
        HANDSHAKE, DOWN(A, 500, 104), UP(A, 100, 500, .text = "ping"), {.way = 0}};
    expect_steps(NULL, bare, NULL, OPEN "; 1 > ping");
    static const struct step backwards[] = {
        DOWN(S | A, 499, 100), UP(S, 99, 0), UP(A, 100, 500, .text = "ping"), {.way = 0}};
    expect_steps(NULL, backwards, NULL, OPEN "; 1 > ping");
    /* Its end before its bytes. */
    static const struct step end[] = {HANDSHAKE,
                                      UP(F | A, 104, 500),
                                      UP(A, 100, 500, .text = "ping"),
                                      DOWN(R | A, 503, 105),
                                      DOWN(A, 500, 105, .text = "bye"),
                                      {.way = 0}};
    expect_steps(NULL, end, NULL, OPEN "; 1 > ping; 1 < bye; 1 close");
}

Test(capture_tcp, repetitions_are_cut)
{
    static const struct step steps[] = {HANDSHAKE,
                                        UP(S, 99, 0), /* again */
                                        DOWN(S | A, 499, 100),
                                        UP(A, 100, 500, .text = "abcd"),
                                        UP(A, 100, 500, .text = "abcd"),
                                        UP(A, 102, 500, .text = "cdef"),
                                        UP(A, 100, 500, .text = "abcdefgh"),
                                        UP(A, 112, 500, .text = "mn"),
                                        UP(A, 112, 500, .text = "mn"),
                                        UP(A, 110, 500, .text = "klm"),
                                        UP(A, 106, 500, .text = "ghijkl"),
                                        UP(F | A, 114, 500),
                                        UP(F | A, 114, 500),
                                        UP(A, 99, 500, .text = "?"), /* keep-alive with its byte */
                                        {.way = 0}};
    struct tap_capture_counts counts;
    expect_steps(NULL, steps, &counts, OPEN "; 1 > abcd; 1 > ef; 1 > gh; 1 > ijkl; 1 > m; 1 > n");
    cr_expect_eq(counts.gaps, 0);
    cr_expect_eq(counts.repeated_bytes, 4 + 2 + 6 + 2 + 2 + 2 + 1 + 1);
}

Test(capture_tcp, what_is_lost_is_a_gap)
{
    struct tap_capture_counts counts;
    /* Acknowledged, and 50 ms later still not there; the answer waits so long. */
    static const struct step acked[] = {HANDSHAKE,
                                        DOWN(A, 500, 104, .text = "pong"),
                                        UP(A, 104, 504, .text = "more"),
                                        DOWN(A, 504, 108, .text = "good"),
                                        UP(A, 108, 508, .text = "late", .at_us = 60000),
                                        {.way = 0}};
    expect_steps(NULL, acked, &counts, OPEN "; 1 > gap; 1 < pong; 1 > more; 1 < good; 1 > late");
    cr_expect_eq(counts.gaps, 1);
    cr_expect_eq(counts.lost_bytes, 4);
    /* Nobody has acknowledged it: it may still come, until the end. */
    static const struct step open[] = {HANDSHAKE,
                                       UP(A, 104, 500, .text = "efgh"),
                                       DOWN(A, 500, 100, .text = "x", .at_us = 60000),
                                       UP(A, 100, 501, .text = "abcd", .at_us = 120000),
                                       UP(A, 110, 501, .text = "kl", .at_us = 120000),
                                       {.way = 0}};
    expect_steps(NULL, open, &counts, OPEN "; 1 < x; 1 > abcd; 1 > efgh; 1 > gap; 1 > kl");
    cr_expect_eq(counts.lost_bytes, 2);
    /* The last bytes: acknowledged, or before the end of the stream. */
    static const struct step last[] = {
        HANDSHAKE, UP(A, 100, 500, .text = "ab"), DOWN(A, 500, 104), {.way = 0}};
    expect_steps(NULL, last, &counts, OPEN "; 1 > ab; 1 > gap");
    static const struct step before_fin[] = {HANDSHAKE,
                                             UP(A, 100, 500, .text = "ab"),
                                             UP(F | A, 104, 500),
                                             DOWN(F | A, 507, 100),
                                             {.way = 0}};
    expect_steps(NULL, before_fin, &counts, OPEN "; 1 > ab; 1 > gap; 1 < gap; 1 close");
    cr_expect_eq(counts.lost_bytes, 9);
}

/* Times of what waited are those of its packets. */
static int64_t times[4];
static size_t ntimes;
static void note_time(struct capture_sink *sink, const struct bench_piece *piece)
{
    (void)sink;
    if (piece->kind == BENCH_PIECE_DATA && ntimes < BENCH_COUNT_OF(times))
        times[ntimes++] = piece->time_ns;
}

Test(capture_tcp, waiting_does_not_change_times)
{
    struct support_capture c;
    struct capture_sink sink = {.check = note_time};
    struct support_tcp up = {.from_host = 1,
                             .to_host = 1,
                             .from_port = 40000,
                             .to_port = 18812,
                             .seq = 100,
                             .ack = 500,
                             .flags = SUPPORT_ACK,
                             .data = "ab",
                             .length = 2,
                             .time_ns = T0};
    struct support_tcp down = up;
    down.from_port = 18812;
    down.to_port = 40000;
    down.seq = 500;
    down.ack = 104; /* two bytes more than were seen */
    down.time_ns = T0 + MS;
    support_capture_begin(&c, SUPPORT_PCAP, SUPPORT_LINK_RAW);
    support_capture_tcp(&c, &up);
    support_capture_tcp(&c, &down);
    up.seq = 104;
    up.ack = 502;
    up.time_ns = T0 + 2000 * MS;
    support_capture_tcp(&c, &up);
    cr_assert_eq(sink_read(&sink, &c, NULL), 0);
    cr_assert_eq(ntimes, 3);
    cr_expect_eq(times[0], T0);
    cr_expect_eq(times[1], T0 + MS);
    cr_expect_eq(times[2], T0 + 2000 * MS);
    sink_fini(&sink);
    support_capture_fini(&c);
}

Test(capture_tcp, ports_are_used_again)
{
    static const struct step after_end[] = {HANDSHAKE,
                                            UP(F | A, 100, 500),
                                            DOWN(F | A, 500, 101),
                                            UP(A, 101, 501),
                                            UP(S, 9999, 0),
                                            DOWN(S | A, 777, 10000),
                                            UP(A, 10000, 778, .text = "again"),
                                            {.way = 0}};
    expect_steps(NULL, after_end, NULL,
                 OPEN "; 1 close; 2 open 127.0.0.1:40000 > 127.0.0.2:18812; 2 > again");
    static const struct step no_end[] = {HANDSHAKE,
                                         UP(A, 105, 500, .text = "late"),
                                         DOWN(S | A, 777, 10000),
                                         UP(A, 10000, 778, .text = "again"),
                                         {.way = 0}};
    expect_steps(NULL, no_end, NULL,
                 OPEN "; 1 > gap; 1 > late; 1 close; "
                      "2 open 127.0.0.1:40000 > 127.0.0.2:18812; 2 > again");
    /* Neither end nor beginning was seen, after a close and without one. */
    static const struct step silent[] = {HANDSHAKE,
                                         UP(R, 100, 0),
                                         UP(A, 100, 500, .text = "straggler", .at_us = 60000),
                                         UP(A, 900000000, 5, .text = "hello", .at_us = 60001),
                                         {.way = 0}};
    expect_steps(NULL, silent, NULL,
                 OPEN "; 1 close; 2 open 127.0.0.1:40000 > 127.0.0.2:18812 (joined); 2 > hello");
    static const struct step jump[] = {HANDSHAKE,
                                       UP(A, 100, 500, .text = "ab"),
                                       UP(A, 900000000, 500, .text = "??"),
                                       UP(A, 102, 500, .text = "cd"),
                                       UP(A, 900000000, 500, .text = "1"),
                                       UP(A, 900000001, 500, .text = "2"),
                                       UP(A, 900000002, 500, .text = "3"),
                                       UP(A, 900000003, 500, .text = "4"),
                                       {.way = 0}};
    expect_steps(NULL, jump, NULL, OPEN "; 1 > ab; 1 > cd; 1 > gap; 1 > 3; 1 > 4");
}

Test(capture_tcp, what_is_no_connection)
{
    static const struct step steps[] = {UP(A, 100, 500),     DOWN(R, 500, 0),
                                        UP(F | A, 100, 500), DOWN(R | A, 0, 101, .text = "x"),
                                        UP(0, 100, 0),       {.way = 0}};
    struct tap_capture_counts counts;
    expect_steps(NULL, steps, &counts, "");
    cr_expect_eq(counts.connections, 0);
    static const struct step refused[] = {UP(S, 99, 0), DOWN(R | A, 0, 100), {.way = 0}};
    expect_steps(NULL, refused, NULL, OPEN "; 1 close");
}

Test(capture_tcp, joined_without_a_loss)
{
    struct tap_capture_counts counts;
    static const struct step keep_alive[] = {DOWN(A, 700, 100, .text = "hi"),
                                             UP(A, 99, 702), /* the number before its next */
                                             DOWN(A, 702, 100),
                                             UP(A, 100, 702, .text = "abc"),
                                             {.way = 0}};
    expect_steps(NULL, keep_alive, &counts, JOINED "; 1 < hi; 1 > abc");
    cr_expect_eq(counts.gaps, 0);
}

Test(capture_tcp, few_connections_at_a_time)
{
    struct tap_capture_options options;
    tap_capture_options_init(&options);
    options.connections_max = 2;
    static const struct step steps[] = {UP(S, 1, 0, .client = 40000),
                                        UP(S, 1, 0, .client = 40001),
                                        UP(A, 2, 1, .text = "a", .client = 40000),
                                        UP(S, 1, 0, .client = 40002),
                                        UP(A, 3, 1, .text = "b", .client = 40000),
                                        UP(A, 2, 1, .text = "c", .client = 40002),
                                        UP(F | A, 4, 1, .client = 40000),
                                        DOWN(F | A, 1, 5, .client = 40000),
                                        UP(S, 1, 0, .client = 40003),
                                        UP(A, 3, 1, .text = "d", .client = 40002),
                                        {.way = 0}};
    expect_steps(&options, steps, NULL,
                 OPEN "; 2 open 127.0.0.1:40001 > 127.0.0.2:18812; 1 > a; 2 close; "
                      "3 open 127.0.0.1:40002 > 127.0.0.2:18812; 1 > b; 3 > c; 1 close; "
                      "4 open 127.0.0.1:40003 > 127.0.0.2:18812; 3 > d");
}

Test(capture_tcp, little_is_kept)
{
    struct tap_capture_options options;
    struct tap_capture_counts counts;
    tap_capture_options_init(&options);
    static const struct step steps[] = {HANDSHAKE,
                                        UP(A, 102, 500, .text = "c"),
                                        UP(A, 104, 500, .text = "e"),
                                        UP(A, 106, 500, .text = "g"),
                                        UP(A, 108, 500, .text = "i"),
                                        UP(A, 101, 500, .text = "b"),
                                        UP(A, 109, 500, .text = "j"),
                                        {.way = 0}};
    options.ahead_bytes_max = 1000; /* three small segments */
    expect_steps(&options, steps, &counts,
                 OPEN "; 1 > gap; 1 > c; 1 > gap; 1 > e; 1 > gap; 1 > g; 1 > gap; 1 > i; 1 > j");
    cr_expect_eq(counts.gaps, 4);
    options.ahead_bytes_max = 0;
    expect_steps(&options, steps, &counts,
                 OPEN "; 1 > gap; 1 > c; 1 > gap; 1 > e; 1 > gap; 1 > g; 1 > gap; 1 > i; 1 > j");
    cr_expect_eq(counts.repeated_bytes, 1);
}

/* ---- long conversations, at random ---- */

enum { MESSAGES = 60, PACKETS_MAX = 4000 };

struct talk {
    struct support_tcp packets[PACKETS_MAX];
    size_t n;
    uint8_t *bytes[2];
    size_t nbytes[2], needs[2][PACKETS_MAX]; /* of the other direction, before this byte's packet */
    uint32_t base[2];
    uint64_t random;
};

static struct talk talk;

static size_t below(size_t n) { return (size_t)(bench_random_next(&talk.random) % n); }

static void add_packet(int d, size_t from, size_t length, uint8_t flags)
{
    cr_assert_lt(talk.n, PACKETS_MAX);
    talk.packets[talk.n] = (struct support_tcp){
        .from_host = (uint8_t)(1 + d),
        .to_host = (uint8_t)(2 - d),
        .from_port = d == BENCH_TO_SERVER ? 40000 : 18812,
        .to_port = d == BENCH_TO_SERVER ? 18812 : 40000,
        .seq = talk.base[d] + (uint32_t)from - (flags & SUPPORT_SYN ? 1 : 0),
        .ack = talk.base[1 - d] + (uint32_t)talk.nbytes[1 - d],
        .flags = flags,
        .length = length,
        .cut = from, /* for now: where it begins */
        .time_ns = T0 + (int64_t)talk.n * 10 * US,
    };
    talk.n++;
}

/* Requests and answers in turn, in segments; numbers that wrap on the way. */
static void make_talk(uint64_t seed, bool joined)
{
    talk.n = 0;
    talk.random = seed;
    for (int d = 0; d < 2; d++) {
        talk.base[d] = UINT32_MAX - (uint32_t)below(60000);
        talk.nbytes[d] = 0;
        talk.bytes[d] = malloc((size_t)MESSAGES * 20000);
    }
    if (!joined) {
        add_packet(0, 0, 0, SUPPORT_SYN);
        add_packet(1, 0, 0, SUPPORT_SYN | SUPPORT_ACK);
    }
    for (int i = 0; i < MESSAGES; i++) {
        const int d = i % 2;
        size_t left = 1 + below(below(4) == 0 ? 20000 : 300);
        for (size_t j = 0; j < left; j++)
            talk.bytes[d][talk.nbytes[d] + j] = (uint8_t)bench_random_next(&talk.random);
        while (left > 0) {
            size_t n = 1 + below(1448);
            n = n < left ? n : left;
            add_packet(d, talk.nbytes[d], n, SUPPORT_ACK);
            talk.nbytes[d] += n;
            left -= n;
        }
    }
    for (size_t i = 0; i < talk.n; i++) {
        struct support_tcp *p = &talk.packets[i];
        p->data = talk.bytes[p->from_port == 18812] + p->cut;
        p->cut = 0;
    }
}

static void free_talk(void)
{
    free(talk.bytes[0]);
    free(talk.bytes[1]);
}

/* Neighbours change places, some come twice, some again in other parts. */
static void shake(size_t first, bool repeat)
{
    for (size_t i = first; i + 1 < talk.n; i++)
        if (below(3) == 0) {
            size_t j = i + 1 + below(6);
            if (j >= talk.n)
                continue;
            struct support_tcp p = talk.packets[i];
            talk.packets[i] = talk.packets[j];
            talk.packets[j] = p;
        }
    const size_t n = talk.n;
    for (size_t i = first; repeat && i < n && talk.n < PACKETS_MAX; i++)
        if (below(8) == 0) {
            struct support_tcp p = talk.packets[first + below(n - first)];
            const int d = p.from_port == 18812;
            size_t at = (size_t)((const uint8_t *)p.data - talk.bytes[d]), more = below(2000);
            p.length = at + more < talk.nbytes[d] && p.length > 0 ? more : p.length;
            p.ack = talk.base[1 - d]; /* an old one, so that it may come at any time */
            p.time_ns = talk.packets[n - 1].time_ns;
            talk.packets[talk.n++] = p;
        }
}

/* That nothing comes before what it acknowledges. */
static void check_order(struct capture_sink *sink, const struct bench_piece *piece)
{
    if (piece->kind != BENCH_PIECE_DATA)
        return;
    const int d = piece->direction;
    const uint32_t seq = talk.base[d] + (uint32_t)sink->nbytes[d];
    for (size_t i = 0; i < talk.n; i++) {
        const struct support_tcp *p = &talk.packets[i];
        if ((p->from_port == 18812) == d && p->seq == seq && p->length >= piece->length &&
            p->ack != talk.base[1 - d]) {
            cr_assert_geq(sink->nbytes[1 - d], p->ack - talk.base[1 - d], "an answer comes early");
            return;
        }
    }
}

static void write_talk(struct support_capture *c, uint64_t seed)
{
    support_capture_begin(c, seed % SUPPORT_CAPTURE_FORMATS, SUPPORT_LINK_SLL2);
    for (size_t i = 0; i < talk.n; i++)
        support_capture_tcp(c, &talk.packets[i]);
}

Test(capture_tcp, any_order_gives_the_same_bytes)
{
    for (uint64_t seed = 1; seed <= 150; seed++) {
        struct support_capture c;
        const bool joined = seed % 3 == 0; /* then nobody knows what went before */
        struct capture_sink sink = {.quiet = true, .check = joined ? NULL : check_order};
        make_talk(seed, joined);
        shake(2, true); /* what came first stays first: where would a joined stream begin? */
        write_talk(&c, seed);
        cr_assert_eq(sink_read(&sink, &c, NULL), 0);
        cr_expect_eq(sink.counts.connections, 1);
        if (!joined) {
            cr_expect_eq(sink.counts.gaps, 0, "seed %d", (int)seed);
            for (int d = 0; d < 2; d++) {
                cr_assert_eq(sink.nbytes[d], talk.nbytes[d], "seed %d", (int)seed);
                cr_assert_eq(memcmp(sink.bytes[d], talk.bytes[d], talk.nbytes[d]), 0);
            }
        }
        sink_fini(&sink);
        support_capture_fini(&c);
        free_talk();
    }
}

/* What is expected when packets are missing: the bytes that are in any packet, in their order. */
static size_t covered(int d, uint8_t *out, size_t *holes, size_t *lost)
{
    bool *there = calloc(talk.nbytes[d] + 1, sizeof(*there));
    size_t n = 0;
    for (size_t i = 0; i < talk.n; i++) {
        const struct support_tcp *p = &talk.packets[i];
        if ((p->from_port == 18812) == d && p->length > 0)
            memset(there + (p->seq - talk.base[d]), 1, p->length);
    }
    *holes = *lost = 0;
    for (size_t i = 0; i < talk.nbytes[d]; i++) {
        if (there[i])
            out[n++] = talk.bytes[d][i];
        else
            ++*lost;
        *holes += !there[i] && (i == 0 || there[i - 1]);
    }
    free(there);
    return n;
}

Test(capture_tcp, losses_are_gaps_and_nothing_else_is)
{
    for (uint64_t seed = 1; seed <= 150; seed++) {
        struct support_capture c;
        struct capture_sink sink = {.quiet = true};
        uint64_t lost_all = 0;
        make_talk(seed, false);
        for (size_t i = 2; i < talk.n;) /* the last one stays, to show that there was more */
            if (below(12) == 0 && i + 1 < talk.n)
                memmove(&talk.packets[i], &talk.packets[i + 1],
                        (--talk.n - i) * sizeof(talk.packets[0]));
            else
                i++;
        if (seed % 2 == 0)
            shake(2, false); /* a repetition would come after it was given up */
        write_talk(&c, seed);
        cr_assert_eq(sink_read(&sink, &c, NULL), 0);
        for (int d = 0; d < 2; d++) {
            uint8_t *bytes = malloc(talk.nbytes[d]);
            size_t holes, lost, n = covered(d, bytes, &holes, &lost);
            cr_assert_eq(sink.nbytes[d], n, "seed %d: %zu of %zu", (int)seed, sink.nbytes[d], n);
            cr_assert_eq(memcmp(sink.bytes[d], bytes, n), 0, "seed %d", (int)seed);
            cr_expect_eq(sink.gaps[d], holes, "seed %d: %zu gaps for %zu holes", (int)seed,
                         sink.gaps[d], holes);
            lost_all += lost;
            free(bytes);
        }
        cr_expect_eq(sink.counts.lost_bytes, lost_all);
        sink_fini(&sink);
        support_capture_fini(&c);
        free_talk();
    }
}

/* Segments that wait backwards, and a stream of 64 MiB through a small window. */
Test(capture_tcp, memory_stays_within_its_bound)
{
    struct tap_capture_options options;
    struct support_capture c;
    struct capture_sink sink = {.quiet = true};
    static uint8_t data[1000];
    tap_capture_options_init(&options);
    options.ahead_bytes_max = 1 << 16;
    support_capture_begin(&c, SUPPORT_PCAP, SUPPORT_LINK_RAW);
    struct support_tcp s = {.from_host = 1,
                            .to_host = 1,
                            .from_port = 40000,
                            .to_port = 18812,
                            .flags = SUPPORT_ACK,
                            .seq = 0,
                            .data = data,
                            .length = 1,
                            .time_ns = T0};
    support_capture_tcp(&c, &s);
    s.length = sizeof(data);
    for (uint32_t i = 0; i < 20000; i++) {
        s.seq = 50000000 - i * 1000;
        support_capture_tcp(&c, &s);
    }
    cr_assert_eq(sink_read(&sink, &c, &options), 0);
    /* All but what was kept when the first had to be given up has gone by. */
    cr_expect_leq(sink.nbytes[BENCH_TO_SERVER], 70 * 1000);
    cr_expect_gt(sink.nbytes[BENCH_TO_SERVER], 40 * 1000);
    cr_expect_eq(sink.counts.repeated_bytes + sink.nbytes[BENCH_TO_SERVER], 20000 * 1000 + 1);
    sink_fini(&sink);
    support_capture_fini(&c);
}
