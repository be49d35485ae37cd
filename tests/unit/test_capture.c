/* SPDX-License-Identifier: MIT */
/* Captures as files: formats, link types, the layers below TCP, and what cannot be read. */
#include <criterion/criterion.h>
#include <errno.h>
#include <unistd.h>

#include "bench/units.h"
#include "tests/support/files.h"
#include "tests/unit/capture_sink.h"

#define T0 (INT64_C(1700000000) * BENCH_NS_PER_S + 123456000)

TestSuite(capture, .timeout = 60);

static const int links[] = {SUPPORT_LINK_NULL, SUPPORT_LINK_ETHERNET, SUPPORT_LINK_RAW,
                            SUPPORT_LINK_LOOP, SUPPORT_LINK_SLL,      SUPPORT_LINK_SLL2,
                            SUPPORT_LINK_IPV4, SUPPORT_LINK_IPV6};

/* A conversation "ping", "pong" with beginning and end; `like` says how its packets look. */
static void converse(struct support_capture *c, struct support_tcp like)
{
    static const struct {
        bool up;
        uint8_t flags;
        uint32_t seq, ack;
        const char *text;
    } steps[] = {
        {true, SUPPORT_SYN, 99, 0, ""},
        {false, SUPPORT_SYN | SUPPORT_ACK, 499, 100, ""},
        {true, SUPPORT_ACK, 100, 500, ""},
        {true, SUPPORT_ACK | SUPPORT_PSH, 100, 500, "ping"},
        {false, SUPPORT_ACK | SUPPORT_PSH, 500, 104, "pong"},
        {true, SUPPORT_ACK | SUPPORT_FIN, 104, 504, ""},
        {false, SUPPORT_ACK | SUPPORT_FIN, 504, 105, ""},
        {true, SUPPORT_ACK, 105, 505, ""},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(steps); i++) {
        struct support_tcp s = like;
        const bool up = steps[i].up;
        s.from_host = s.to_host = 1;
        s.from_port = up ? 40000 : 18812;
        s.to_port = up ? 18812 : 40000;
        s.flags = steps[i].flags;
        s.seq = steps[i].seq;
        s.ack = steps[i].ack;
        s.data = steps[i].text;
        s.length = strlen(steps[i].text);
        s.time_ns = T0 + (int64_t)i * BENCH_NS_PER_MS;
        support_capture_tcp(c, &s);
    }
}

static const char *expected(bool v6)
{
    return v6 ? "1 open [fd00::1]:40000 > [fd00::1]:18812; 1 > ping; 1 < pong; 1 close"
              : "1 open 127.0.0.1:40000 > 127.0.0.1:18812; 1 > ping; 1 < pong; 1 close";
}

static void expect_conversation(int format, int link, struct support_tcp like)
{
    struct support_capture c;
    struct capture_sink sink = {0};
    support_capture_begin(&c, format, link);
    converse(&c, like);
    cr_assert_eq(sink_read(&sink, &c, NULL), 0, "%s", sink.err.msg);
    cr_expect_str_eq(sink.text, expected(like.v6), "format %d, link %d: %s", format, link,
                     sink.text);
    cr_expect_eq(sink.counts.packets, 8);
    cr_expect_eq(sink.counts.tcp_packets, 8);
    cr_expect_eq(sink.counts.connections, 1);
    cr_expect_eq(sink.counts.gaps + sink.counts.lost_bytes + sink.counts.repeated_bytes +
                     sink.counts.reordered + sink.counts.cut + sink.counts.fragments,
                 0);
    cr_expect_eq(sink.first_ns, T0);
    cr_expect_eq(sink.end_ns, T0 + 6 * BENCH_NS_PER_MS);
    sink_fini(&sink);
    support_capture_fini(&c);
}

Test(capture, every_format_and_link_type)
{
    for (int format = 0; format < SUPPORT_CAPTURE_FORMATS; format++)
        for (size_t i = 0; i < BENCH_COUNT_OF(links); i++)
            for (int v6 = 0; v6 <= 1; v6++)
                if (links[i] != (v6 ? SUPPORT_LINK_IPV4 : SUPPORT_LINK_IPV6))
                    expect_conversation(format, links[i], (struct support_tcp){.v6 = v6});
}

Test(capture, heads_of_all_lengths)
{
    static const struct support_tcp likes[] = {
        {.tcp_options = 12},
        {.tcp_options = 40, .ip_options = 40},
        {.ip_options = 8, .padding = 6},
        {.tags = {0x8100}},
        {.tags = {0x88a8, 0x8100}, .ip_options = 16},
        {.tags = {0x9100, 0x8100, 0x8100}},
        {.no_length = true},
        {.fragment = 0x4000}, /* do not fragment: it is none */
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(likes); i++) {
        struct support_tcp like = likes[i];
        expect_conversation(SUPPORT_PCAP, SUPPORT_LINK_ETHERNET, like);
        like.v6 = true;
        like.fragment = 0; /* an offset there */
        expect_conversation(SUPPORT_PCAP, SUPPORT_LINK_ETHERNET, like);
    }
}

Test(capture, microseconds_are_not_nanoseconds)
{
    struct support_capture c;
    struct capture_sink sink = {0};
    support_capture_begin(&c, SUPPORT_PCAP_US, SUPPORT_LINK_RAW);
    converse(&c, (struct support_tcp){.v6 = false});
    cr_assert_eq(sink_read(&sink, &c, NULL), 0);
    cr_expect_eq(sink.first_ns, T0);
    sink_fini(&sink);
    support_capture_fini(&c);
}

Test(capture, fragments_are_counted_and_what_they_carried_is_a_gap)
{
    for (int v6 = 0; v6 <= 1; v6++) {
        struct support_capture c;
        struct capture_sink sink = {0};
        struct support_tcp s = {.v6 = v6,
                                .from_host = 1,
                                .to_host = 2,
                                .from_port = 40000,
                                .to_port = 18812,
                                .seq = 10,
                                .flags = SUPPORT_SYN,
                                .time_ns = T0};
        support_capture_begin(&c, SUPPORT_PCAP, SUPPORT_LINK_ETHERNET);
        support_capture_tcp(&c, &s);
        s.seq = 11;
        s.flags = SUPPORT_ACK;
        s.data = "abcd";
        s.length = 4;
        s.fragment = v6 ? 0x0001 : 0x2000; /* more follow */
        support_capture_tcp(&c, &s);
        s.fragment = 8; /* an offset */
        support_capture_tcp(&c, &s);
        s.fragment = 0;
        s.seq = 15;
        s.data = "efg";
        s.length = 3;
        support_capture_tcp(&c, &s);
        cr_assert_eq(sink_read(&sink, &c, NULL), 0);
        cr_expect_eq(sink.counts.fragments, 2);
        cr_expect_eq(sink.counts.gaps, 1);
        cr_expect_eq(sink.counts.lost_bytes, 4);
        cr_expect(strstr(sink.text, "18812; 1 > gap; 1 > efg") != NULL, "%s", sink.text);
        sink_fini(&sink);
        support_capture_fini(&c);
    }
}

Test(capture, packets_cut_anywhere)
{
    /* Heads of Ethernet, IPv4 and TCP with 20 bytes of options, and 10 bytes: 84. */
    for (size_t cut = 0; cut <= 84; cut++) {
        struct support_capture c;
        struct capture_sink sink = {0};
        struct support_tcp s = {.from_host = 1,
                                .to_host = 1,
                                .from_port = 40000,
                                .to_port = 18812,
                                .seq = 10,
                                .flags = SUPPORT_ACK,
                                .data = "0123456789",
                                .length = 10,
                                .tcp_options = 20,
                                .cut = cut,
                                .time_ns = T0};
        support_capture_begin(&c, cut % 2 ? SUPPORT_PCAP : SUPPORT_PCAPNG, SUPPORT_LINK_ETHERNET);
        support_capture_tcp(&c, &s);
        s.seq = 20;
        s.cut = 0;
        support_capture_tcp(&c, &s);
        cr_assert_eq(sink_read(&sink, &c, NULL), 0, "cut %zu: %s", cut, sink.err.msg);
        cr_expect_eq(sink.counts.cut, cut > 0, "cut %zu", cut);
        if (cut > 30) { /* within the heads: nobody knows what it was */
            cr_expect_eq(sink.nbytes[BENCH_TO_SERVER], 10);
            cr_expect_eq(sink.counts.gaps, 0);
        } else {
            size_t lost = cut < 10 ? cut : 10;
            cr_expect_eq(sink.counts.gaps, cut > 0, "cut %zu", cut);
            cr_expect_eq(sink.counts.lost_bytes, lost);
            cr_expect_eq(sink.nbytes[BENCH_TO_SERVER], 20 - lost);
        }
        sink_fini(&sink);
        support_capture_fini(&c);
    }
}

Test(capture, cut_files_give_what_came_before)
{
    struct support_capture c;
    size_t before = 0;
    support_capture_begin(&c, SUPPORT_PCAP, SUPPORT_LINK_SLL2);
    converse(&c, (struct support_tcp){.tcp_options = 12});
    const size_t whole = c.length;
    for (c.length = 1; c.length <= whole; c.length++) {
        struct capture_sink sink = {0};
        int rc = sink_read(&sink, &c, NULL);
        cr_assert(rc == 0 || rc == -EBADMSG);
        cr_expect_eq(rc == -EBADMSG, sink.err.msg[0] != '\0');
        cr_expect_geq(sink.length, before, "less from %zu bytes", c.length);
        before = sink.length;
        if (c.length == whole)
            cr_expect_str_eq(sink.text, expected(false));
        if (c.length == whole - 1)
            cr_expect(strstr(sink.err.msg, "test.pcap: broken after 7 packets: ") != NULL, "%s",
                      sink.err.msg);
        sink_fini(&sink);
    }
    support_capture_fini(&c);
}

static void expect_refused(void *bytes, size_t n, int code, const char *message)
{
    struct capture_sink sink = {0};
    struct support_capture c = {.bytes = bytes, .length = n};
    cr_expect_eq(sink_read(&sink, &c, NULL), code, "%s", sink.err.msg);
    cr_expect(strstr(sink.err.msg, message) == sink.err.msg, "%s", sink.err.msg);
    cr_expect_eq(sink.length, 0);
}

Test(capture, what_cannot_be_read)
{
    struct support_capture c;
    char text[] = "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n";
    expect_refused(text, sizeof(text), -EBADMSG, "test.pcap: no capture: ");
    char line[] = "\n";
    expect_refused(line, 1, -EBADMSG, "test.pcap: no capture: ");
    support_capture_begin(&c, SUPPORT_PCAP, 105);
    expect_refused(c.bytes, c.length, -ENOTSUP,
                   "test.pcap: link type 105 (802.11) is not supported");
    support_capture_fini(&c);
    support_capture_begin(&c, SUPPORT_PCAPNG, 189);
    expect_refused(c.bytes, c.length, -ENOTSUP, "test.pcap: link type 189 (");
    support_capture_fini(&c);
}

static int read_path(const char *path, const volatile int *stop, struct capture_sink *sink)
{
    struct tap_capture_options options;
    tap_capture_options_init(&options);
    return tap_capture_read(path, &options, sink_piece, sink, stop, &sink->counts, &sink->err);
}

Test(capture, files_and_standard_input)
{
    struct support_capture c;
    struct capture_sink sink = {0}, again = {0}, none = {0};
    char *folder, path[512];
    cr_assert_eq(support_tempdir_make(&folder, NULL), 0);
    (void)snprintf(path, sizeof(path), "%s/capture.pcapng", folder);
    support_capture_begin(&c, SUPPORT_PCAPNG, SUPPORT_LINK_SLL);
    converse(&c, (struct support_tcp){.v6 = true});
    cr_assert_eq(support_write_file(path, c.bytes, c.length), 0);
    cr_expect_eq(read_path(path, NULL, &sink), 0);
    cr_expect_str_eq(sink.text, expected(true));
    cr_assert_not_null(freopen(path, "rb", stdin));
    cr_expect_eq(read_path("-", NULL, &again), 0);
    cr_expect_str_eq(again.text, expected(true));
    cr_expect_eq(read_path(folder, NULL, &none), -EISDIR);
    cr_expect_eq(unlink(path), 0);
    cr_expect_eq(read_path(path, NULL, &none), -ENOENT);
    cr_expect(strstr(none.err.msg, "/capture.pcapng: ") != NULL, "%s", none.err.msg);
    cr_expect_eq(none.length, 0);
    support_tempdir_remove(folder);
    support_capture_fini(&c);
    sink_fini(&sink);
    sink_fini(&again);
}

static volatile int stop_flag;

static void stop_at_data(struct capture_sink *sink, const struct bench_piece *piece)
{
    (void)sink;
    stop_flag = piece->kind == BENCH_PIECE_DATA;
}

Test(capture, stops_when_told)
{
    struct support_capture c;
    struct capture_sink sink = {.check = stop_at_data};
    struct tap_capture_options options;
    tap_capture_options_init(&options);
    support_capture_begin(&c, SUPPORT_PCAP, SUPPORT_LINK_NULL);
    converse(&c, (struct support_tcp){.v6 = false});
    FILE *stream = fmemopen(c.bytes, c.length, "rb");
    cr_assert_eq(tap_capture_stream(stream, "x", &options, sink_piece, &sink, &stop_flag,
                                    &sink.counts, &sink.err),
                 -EINTR);
    cr_expect_str_eq(sink.text, "1 open 127.0.0.1:40000 > 127.0.0.1:18812; 1 > ping");
    cr_expect_eq(sink.counts.packets, 4);
    sink_fini(&sink);
    support_capture_fini(&c);
}

/* Every byte of the packets changed, one after the other: nothing falls over, and what is told
 * about a connection is still in order (the sink looks). */
Test(capture, heads_that_make_no_sense)
{
    for (size_t link = 0; link < BENCH_COUNT_OF(links); link++) {
        struct support_capture c;
        const struct support_tcp like = {
            .v6 = links[link] == SUPPORT_LINK_IPV6 || link % 2, .ip_options = 8, .tcp_options = 4};
        support_capture_begin(&c, SUPPORT_PCAP, links[link]);
        converse(&c, like);
        for (size_t i = 24; i < c.length; i++)
            for (int bit = 0; bit < 8; bit += 7) {
                struct capture_sink sink = {.quiet = true};
                c.bytes[i] ^= (uint8_t)(1 << bit);
                int rc = sink_read(&sink, &c, NULL);
                cr_expect(rc == 0 || rc == -EBADMSG);
                c.bytes[i] ^= (uint8_t)(1 << bit);
                sink_fini(&sink);
            }
        support_capture_fini(&c);
    }
}
