/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/session_internal.h"
#include "protocols/rpyc/rpyc_frame.h"

TestSuite(rpyc_frame, .timeout = 60);

enum { LIMIT = 1 << 20 };

static uint8_t *collect(const struct rpyc_outgoing *out, size_t *total)
{
    *total = 0;
    for (int i = 0; i < out->count; i++)
        *total += out->pieces[i].iov_len;
    uint8_t *whole = malloc(*total), *at = whole;
    cr_assert_not_null(whole);
    for (int i = 0; i < out->count; i++) {
        memcpy(at, out->pieces[i].iov_base, out->pieces[i].iov_len);
        at += out->pieces[i].iov_len;
    }
    return whole;
}

/* A message of `head`, `n` borrowed bytes and `tail`. */
static void make(struct rpyc_outgoing *out, const char *head, const void *data, size_t n,
                 const char *tail)
{
    struct bench_error err;
    cr_assert_eq(rpyc_outgoing_begin(out), 0);
    cr_assert_eq(bench_buf_add(&out->text, head, strlen(head)), 0);
    if (n > 0)
        rpyc_outgoing_borrow(out, data, n);
    cr_assert_eq(bench_buf_add(&out->text, tail, strlen(tail)), 0);
    cr_assert_eq(rpyc_outgoing_end(out, &err), 0);
}

Test(rpyc_frame, a_small_frame_byte_for_byte)
{
    static const uint8_t expected[] = {0, 0, 0, 3, 0, 'a', 'b', 'c', '\n'};
    struct rpyc_outgoing out;
    size_t n;
    rpyc_outgoing_init(&out);
    make(&out, "a", "b", 1, "c");
    uint8_t *whole = collect(&out, &n);
    cr_assert_eq(out.count, 1);
    cr_assert_eq(n, sizeof(expected));
    cr_assert(memcmp(whole, expected, n) == 0);
    cr_assert_eq(out.plain_bytes, n);
    cr_assert_eq(out.wire_bytes, n);
    free(whole);
    rpyc_outgoing_fini(&out);
}

/* The same frame looked at with 0, 1, 2 ... bytes there, the next byte being unreadable. */
Test(rpyc_frame, a_frame_is_only_taken_when_it_is_whole)
{
    static const uint8_t bytes[] = {0, 0, 0, 3, 0, 'a', 'b', 'c', '\n'};
    uint8_t *area = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert(area != MAP_FAILED);
    cr_assert_eq(mprotect(area + 4096, 4096, PROT_NONE), 0);
    struct rpyc_frame frame;
    struct bench_error err;
    for (size_t n = 0; n <= sizeof(bytes); n++) {
        uint8_t *at = area + 4096 - n;
        memcpy(at, bytes, n);
        int rc = rpyc_frame_parse(at, n, LIMIT, &frame, &err);
        cr_assert_eq(rc, n == sizeof(bytes) ? 0 : -EAGAIN, "with %zu bytes", n);
        cr_assert_eq(frame.total, n < 5 ? 5u : sizeof(bytes));
    }
    cr_assert_eq(frame.length, 3);
    cr_assert(memcmp(frame.payload, "abc", 3) == 0);
    (void)munmap(area, 8192);
}

Test(rpyc_frame, a_length_over_the_limit_is_refused_at_once)
{
    static const uint8_t bytes[] = {0xff, 0xff, 0xff, 0xff, 0};
    struct rpyc_frame frame;
    struct bench_error err;
    cr_assert_eq(rpyc_frame_parse(bytes, 5, LIMIT, &frame, &err), -EMSGSIZE);
    cr_assert_not_null(strstr(err.msg, "4294967295"));
}

/* Python compresses from 3001 bytes on; whatever the pieces, the same comes out again. */
Test(rpyc_frame, compression_begins_above_3000)
{
    static const struct {
        size_t n;
        bool compressed;
    } cases[] = {{2998, false}, {2999, true}, {100000, true}, {3000000, true}};
    struct rpyc_outgoing out;
    struct rpyc_inflater inflater;
    struct bench_error err;
    rpyc_outgoing_init(&out);
    rpyc_inflater_init(&inflater, (size_t)4 << 20);
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        size_t n = cases[i].n, total;
        uint8_t *data = malloc(n);
        cr_assert_not_null(data);
        uint32_t seed = 1;
        for (size_t k = 0; k < n; k++)
            data[k] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 28);
        make(&out, "<", data, n, ">");
        uint8_t *whole = collect(&out, &total);
        struct rpyc_frame frame;
        const uint8_t *plain;
        size_t length;
        cr_assert_eq(rpyc_frame_parse(whole, total, UINT32_MAX, &frame, &err), 0);
        cr_assert_eq(frame.compressed, cases[i].compressed);
        cr_assert_eq(frame.total, total);
        cr_assert_eq(whole[total - 1], '\n');
        cr_assert_eq(out.plain_bytes, n + 8);
        cr_assert_eq(out.wire_bytes, total);
        cr_assert_eq(rpyc_frame_plain(&inflater, &frame, &plain, &length, &err), 0);
        cr_assert_eq(length, n + 2);
        cr_assert(plain[0] == '<' && plain[n + 1] == '>' && memcmp(plain + 1, data, n) == 0);
        free(whole);
        free(data);
    }
    rpyc_inflater_fini(&inflater);
    rpyc_outgoing_fini(&out);
}

static int inflate_frame(struct rpyc_inflater *inflater, const uint8_t *payload, size_t n,
                         size_t *length)
{
    const struct rpyc_frame frame = {
        .payload = payload, .length = n, .compressed = true, .total = n + 6};
    const uint8_t *plain;
    struct bench_error err;
    return rpyc_frame_plain(inflater, &frame, &plain, length, &err);
}

Test(rpyc_frame, inflating_stops_at_the_limit)
{
    struct rpyc_outgoing out;
    struct rpyc_inflater inflater;
    size_t total, length;
    uint8_t *zeros = calloc(1, LIMIT + 1);
    cr_assert_not_null(zeros);
    rpyc_outgoing_init(&out);
    for (size_t over = 0; over < 2; over++) {
        rpyc_inflater_init(&inflater, LIMIT);
        make(&out, "", zeros, LIMIT + over, "");
        uint8_t *whole = collect(&out, &total);
        int rc = inflate_frame(&inflater, whole + 5, total - 6, &length);
        cr_assert_eq(rc, over ? -EMSGSIZE : 0, "%zu over", over);
        if (!over)
            cr_assert_eq(length, LIMIT);
        free(whole);
        rpyc_inflater_fini(&inflater);
    }
    rpyc_outgoing_fini(&out);
    free(zeros);
}

Test(rpyc_frame, broken_streams_are_refused_and_the_next_one_is_read)
{
    struct rpyc_outgoing out;
    struct rpyc_inflater inflater;
    size_t total, length;
    uint8_t data[4000];
    memset(data, 'x', sizeof(data));
    rpyc_outgoing_init(&out);
    rpyc_inflater_init(&inflater, LIMIT);
    make(&out, "", data, sizeof(data), "");
    uint8_t *whole = collect(&out, &total);
    uint8_t *payload = whole + 5;
    size_t n = total - 6;
    for (size_t cut = 0; cut < n; cut++)
        cr_assert_eq(inflate_frame(&inflater, payload, cut, &length), -EBADMSG, "cut to %zu", cut);
    cr_assert_eq(inflate_frame(&inflater, payload, n + 1, &length), -EBADMSG); /* byte behind */
    for (size_t i = 0; i < n; i++) {
        payload[i] ^= 0xff;
        int rc = inflate_frame(&inflater, payload, n, &length);
        cr_assert(rc == 0 || rc == -EBADMSG);
        payload[i] ^= 0xff;
    }
    cr_assert_eq(inflate_frame(&inflater, payload, n, &length), 0);
    cr_assert_eq(length, sizeof(data));
    free(whole);
    rpyc_inflater_fini(&inflater);
    rpyc_outgoing_fini(&out);
}

/* Compressing and inflating a large message takes longer than Python's client waits with a write:
 * the session reads meanwhile. In pieces, it is still the stream that zlib makes of the whole. */
Test(rpyc_frame, a_long_message_lets_the_session_read)
{
    enum { N = 5 << 20 };
    const struct bench_session_setup setup = {.limits.read_ahead_bytes = 100};
    struct bench_session session;
    struct rpyc_outgoing out;
    struct rpyc_inflater inflater;
    struct bench_error err;
    uint8_t byte;
    int fds[2];
    size_t total, length;
    uLongf wanted = compressBound(N);
    uint8_t *data = malloc(N), *packed = malloc(wanted);
    cr_assert(data != NULL && packed != NULL);
    uint32_t seed = 1;
    for (size_t k = 0; k < N; k++)
        data[k] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 28);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    cr_assert_eq(bench_session_init(&session, fds[0], &setup, &err), 0);
    rpyc_outgoing_init(&out);
    rpyc_inflater_init(&inflater, N);
    out.session = inflater.session = &session;

    cr_assert_eq(send(fds[1], "x", 1, 0), 1);
    make(&out, "", data, N, "");
    cr_expect_eq(session.ahead.bytes, 1);
    uint8_t *whole = collect(&out, &total);
    cr_assert_eq(compress2(packed, &wanted, data, N, 1), Z_OK);
    cr_expect_eq(total - 6, wanted);
    cr_expect(memcmp(whole + 5, packed, wanted) == 0, "another stream than zlib's");

    cr_assert_eq(bench_session_read(&session, &byte, 1), 0);
    cr_assert_eq(send(fds[1], "y", 1, 0), 1);
    session.tended_ns = 0;
    cr_assert_eq(inflate_frame(&inflater, whole + 5, total - 6, &length), 0);
    cr_expect_eq(length, N);
    cr_expect_eq(session.ahead.bytes, 1);

    free(whole);
    free(packed);
    free(data);
    rpyc_inflater_fini(&inflater);
    rpyc_outgoing_fini(&out);
    bench_session_fini(&session);
    (void)close(fds[0]);
    (void)close(fds[1]);
}
