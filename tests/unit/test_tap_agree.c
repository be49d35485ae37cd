/* SPDX-License-Identifier: MIT */
/*
 * The same conversations, seen by the relay's observer and read from a capture whose packets are
 * out of order and there twice: a decoder tells the same of both, and of the bytes themselves.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/random.h"
#include "tap/capture_internal.h"
#include "tap/relay.h"
#include "tests/support/capture_writer.h"
#include "tests/unit/rpyc_watched.h"

#define T0 (INT64_C(1700000000) * BENCH_NS_PER_S)

enum { CONVERSATIONS_MAX = 200, SEGMENT = 700, PACKETS_MAX = 400 };

TestSuite(agree, .timeout = 120);

static struct recorded recorded;
static size_t first_frame[CONVERSATIONS_MAX + 1], nconversations;
static struct watched plain[CONVERSATIONS_MAX], relayed[CONVERSATIONS_MAX],
    captured[CONVERSATIONS_MAX];

static void begin(void)
{
    record(&recorded, RECORDED);
    for (size_t i = 0; i < recorded.count; i = conversation_end(&recorded, i)) {
        cr_assert_lt(nconversations, CONVERSATIONS_MAX);
        watch(&plain[nconversations]);
        watch(&relayed[nconversations]);
        watch(&captured[nconversations]);
        first_frame[nconversations++] = i;
    }
    first_frame[nconversations] = recorded.count;
    for (size_t c = 0; c < nconversations; c++)
        for (size_t i = first_frame[c]; i < first_frame[c + 1]; i++)
            feed(&plain[c], recorded.frames[i].direction, recorded.frames[i].bytes,
                 recorded.frames[i].length);
}

static void end(void)
{
    for (size_t c = 0; c < nconversations; c++) {
        watch_end(&plain[c]);
        watch_end(&relayed[c]);
        watch_end(&captured[c]);
    }
    record_end(&recorded);
}

/* A piece of connection n goes to the decoder of conversation n. */
static void take(const struct bench_piece *piece, void *user)
{
    struct watched *w = user;
    cr_assert(piece->connection >= 1 && piece->connection <= nconversations);
    cr_assert_neq(piece->kind, BENCH_PIECE_GAP);
    if (piece->kind == BENCH_PIECE_DATA)
        feed_at(&w[piece->connection - 1], piece->direction, piece->data, piece->length,
                piece->time_ns);
}

static void expect_same(struct watched *w)
{
    size_t n = 0;
    for (size_t c = 0; c < nconversations; c++) {
        const char *name = recorded.frames[first_frame[c]].name;
        cr_expect_str_eq(told(&w[c]), told(&plain[c]), "%s", name);
        cr_expect_eq(w[c].wire_bytes, plain[c].wire_bytes, "%s", name);
        n += messages(&w[c]);
    }
    cr_expect_eq(n, recorded.count, "%zu messages of %zu frames", n, recorded.count);
}

/* ---- the relay ---- */

static struct bench_relay *relay;
static int stop_fd;

static void *relay_main(void *user)
{
    (void)user;
    return (void *)(intptr_t)bench_relay_run(relay, stop_fd, NULL);
}

static int connect_to(uint16_t port)
{
    const struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

static struct bench_address local(uint16_t port)
{
    struct bench_address address = {.host = "127.0.0.1", .port = port};
    cr_assert_eq(bench_address_resolve(&address, NULL), 0);
    return address;
}

static void play(const struct frame *frame, const int *fds)
{
    uint8_t *heard = malloc(frame->length);
    const int from = frame->direction == BENCH_TO_SERVER ? 0 : 1;
    cr_assert_eq(send(fds[from], frame->bytes, frame->length, MSG_NOSIGNAL),
                 (ssize_t)frame->length);
    cr_assert_eq(recv(fds[1 - from], heard, frame->length, MSG_WAITALL), (ssize_t)frame->length);
    cr_expect_eq(memcmp(heard, frame->bytes, frame->length), 0);
    free(heard);
}

Test(agree, the_relay, .init = begin, .fini = end)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(at);
    pthread_t thread;
    uint16_t port;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(listener, (struct sockaddr *)&at, length), 0);
    cr_assert_eq(listen(listener, 8), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&at, &length), 0);
    const struct bench_relay_options options = {.listen = local(0),
                                                .upstream = local(ntohs(at.sin_port)),
                                                .connections_max = 1000,
                                                .buffer_bytes = 1 << 20,
                                                .observe = take,
                                                .observe_user = relayed};
    stop_fd = eventfd(0, EFD_CLOEXEC);
    cr_assert_eq(bench_relay_new(&options, &relay, &port, NULL), 0);
    cr_assert_eq(pthread_create(&thread, NULL, relay_main, NULL), 0);
    for (size_t c = 0; c < nconversations; c++) {
        const int client = connect_to(port), server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        for (size_t i = first_frame[c]; i < first_frame[c + 1]; i++)
            play(&recorded.frames[i], (const int[]){client, server});
        close(client);
        close(server);
    }
    cr_assert_eq(eventfd_write(stop_fd, 1), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    bench_relay_free(relay);
    close(stop_fd);
    close(listener);
    expect_same(relayed);
}

/* ---- the capture ---- */

/* Packets of one conversation, in order; returns how many. */
static size_t packets_of(size_t conversation, struct support_tcp *out)
{
    uint32_t next[2] = {1000 + (uint32_t)conversation, UINT32_MAX - 500};
    size_t n = 0;
    for (size_t i = first_frame[conversation]; i < first_frame[conversation + 1]; i++) {
        const struct frame *frame = &recorded.frames[i];
        const bool up = frame->direction == BENCH_TO_SERVER;
        const uint16_t client = (uint16_t)(40000 + conversation);
        for (size_t at = 0; at < frame->length; at += SEGMENT) {
            const size_t left = frame->length - at;
            cr_assert_lt(n, PACKETS_MAX);
            out[n] = (struct support_tcp){.from_host = 1,
                                          .to_host = 1,
                                          .from_port = up ? client : 18812,
                                          .to_port = up ? 18812 : client,
                                          .seq = next[frame->direction],
                                          .ack = next[1 - frame->direction],
                                          .flags = SUPPORT_ACK,
                                          .data = frame->bytes + at,
                                          .length = left < SEGMENT ? left : SEGMENT};
            next[frame->direction] += (uint32_t)out[n++].length;
        }
    }
    return n;
}

static void write_conversation(struct support_capture *capture, size_t conversation)
{
    static struct support_tcp packets[PACKETS_MAX];
    static int64_t now = T0;
    uint64_t random = conversation;
    const uint8_t flags[2] = {SUPPORT_SYN, SUPPORT_SYN | SUPPORT_ACK};
    const size_t n = packets_of(conversation, packets);
    for (int d = 0; d < 2; d++) { /* the handshake */
        struct support_tcp s = packets[0];
        if (d == 1) {
            s.from_port = packets[0].to_port;
            s.to_port = packets[0].from_port;
            s.seq = packets[0].ack;
            s.ack = packets[0].seq;
        }
        s.seq--;
        s.flags = flags[d];
        s.length = 0;
        s.time_ns = now += BENCH_NS_PER_US;
        support_capture_tcp(capture, &s);
    }
    for (size_t i = 0; i + 1 < n; i++)
        if (bench_random_next(&random) % 3 == 0) {
            const struct support_tcp s = packets[i];
            packets[i] = packets[i + 1];
            packets[i + 1] = s;
        }
    for (size_t i = 0; i < n; i++) {
        packets[i].time_ns = now += BENCH_NS_PER_US;
        support_capture_tcp(capture, &packets[i]);
        if (bench_random_next(&random) % 4 == 0)
            support_capture_tcp(capture, &packets[bench_random_next(&random) % (i + 1)]);
    }
}

Test(agree, the_capture, .init = begin, .fini = end)
{
    struct support_capture capture;
    struct tap_capture_options options;
    struct tap_capture_counts counts;
    struct bench_error err = {0};
    tap_capture_options_init(&options);
    support_capture_begin(&capture, SUPPORT_PCAPNG, SUPPORT_LINK_SLL2);
    for (size_t c = 0; c < nconversations; c++)
        write_conversation(&capture, c);
    FILE *stream = fmemopen(capture.bytes, capture.length, "rb");
    cr_assert_not_null(stream);
    cr_assert_eq(tap_capture_stream(stream, "test", &options, take, captured, NULL, &counts, &err),
                 0, "%s", err.msg);
    cr_expect_gt(counts.reordered, 0);
    cr_expect_gt(counts.repeated_bytes, 0);
    cr_expect_eq(counts.connections, nconversations);
    support_capture_fini(&capture);
    expect_same(captured);
}
