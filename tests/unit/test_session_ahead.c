/* SPDX-License-Identifier: MIT */
/* What a session reads while it does something else: plain, and over TLS. */
#include <criterion/criterion.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/certificate.h"
#include "core/session_internal.h"
#include "core/tls.h"
#include "service/service.h"

TestSuite(session_ahead, .timeout = 60);

#define SHORT_NS (5 * BENCH_NS_PER_MS) /* long enough to be a wait, short enough for a test */

enum {
    BULK = 4 << 20, /* what no socket holds */
    ROOM = 8 << 20,
    FEW = 20000, /* what a socket holds; more than the session's buffer */
};

/* A session on one end of a socket pair; the test, or a thread of it, plays the peer. */
struct fixture {
    struct bench_session_setup setup;
    struct bench_session session;
    int peer, own;
    struct bench_certificate certificate;
};

static void open_session(struct fixture *f, struct bench_session_limits limits, bool tls)
{
    int fds[2];
    struct bench_error err = {.msg = ""};
    memset(f, 0, sizeof(*f));
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    f->setup = (struct bench_session_setup){.service = bench_reference_service(), .limits = limits};
    f->own = fds[0];
    f->peer = fds[1];
    if (tls) {
        cr_assert_eq(bench_certificate_make(NULL, &f->certificate, &err), 0, "%s", err.msg);
        cr_assert_eq(bench_tls_server_context(f->certificate.cert_file, f->certificate.key_file,
                                              &f->setup.tls, &err),
                     0, "%s", err.msg);
    }
    cr_assert_eq(bench_session_init(&f->session, f->own, &f->setup, &err), 0, "%s", err.msg);
}

static void open_fixture(struct fixture *f, uint64_t room)
{
    open_session(f, (struct bench_session_limits){.read_ahead_bytes = room}, false);
}

static void close_fixture(struct fixture *f)
{
    bench_session_fini(&f->session);
    close(f->own);
    if (f->peer >= 0)
        close(f->peer);
    bench_tls_context_free(f->setup.tls);
    if (f->setup.tls != NULL)
        bench_certificate_remove(&f->certificate);
}

/* The byte at a position of a stream; no two blocks of it are the same. */
static uint8_t byte_at(size_t i) { return (uint8_t)(i % 251 + i / 65536); }

static uint8_t *pattern(size_t n)
{
    uint8_t *data = malloc(n);
    cr_assert_not_null(data);
    for (size_t i = 0; i < n; i++)
        data[i] = byte_at(i);
    return data;
}

static void peer_sends(const struct fixture *f, size_t n)
{
    uint8_t *data = pattern(n);
    cr_assert_eq(send(f->peer, data, n, MSG_NOSIGNAL), (ssize_t)n);
    free(data);
}

static int session_writes(struct bench_session *session, size_t n)
{
    uint8_t *data = pattern(n);
    const struct iovec pieces[] = {{data, n / 3}, {NULL, 0}, {data + n / 3, n - n / 3}};
    const int rc = bench_session_write(session, pieces, 3);
    free(data);
    return rc;
}

/* Peeks at some, reads the rest: n bytes of the stream from its position `from` on. */
static void session_gets(struct bench_session *session, size_t from, size_t n)
{
    const size_t want = n < 1000 ? n : 1000;
    const uint8_t *data;
    size_t have, wrong = 0;
    uint8_t *rest = malloc(n);
    cr_assert_eq(bench_session_peek(session, want, false, &data, &have), 0);
    for (size_t i = 0; i < want; i++)
        wrong += data[i] != byte_at(from + i);
    bench_session_consume(session, want);
    cr_assert_eq(bench_session_read(session, rest, n - want), 0);
    for (size_t i = want; i < n; i++)
        wrong += rest[i - want] != byte_at(from + i);
    cr_expect_eq(wrong, 0, "%zu bytes of %zu are wrong", wrong, n);
    free(rest);
}

static void expect_end(struct bench_session *session)
{
    const uint8_t *data;
    size_t have;
    char byte;
    cr_expect_eq(bench_session_peek(session, 1, false, &data, &have), -ENODATA);
    cr_expect_eq(bench_session_peek(session, 1, true, &data, &have), -ECONNRESET);
    cr_expect_eq(bench_session_read(session, &byte, 1), -ECONNRESET);
}

/* As if the latest look at the socket had been long ago. */
static void tend(struct bench_session *session)
{
    session->tended_ns = 0;
    bench_session_tend(session);
}

/* ---- while it writes ---- */

/* As Python's client does: writes all of it, and reads then. */
static void *write_then_read(void *argument)
{
    const struct fixture *f = argument;
    uint8_t *data = pattern(BULK), *back = malloc(BULK);
    size_t done = 0;
    cr_assert_eq(send(f->peer, data, BULK, MSG_NOSIGNAL), BULK);
    while (done < BULK) {
        const ssize_t n = recv(f->peer, back + done, BULK - done, 0);
        cr_assert_gt(n, 0);
        done += (size_t)n;
    }
    cr_expect(memcmp(data, back, BULK) == 0, "what the session wrote arrived damaged");
    free(data);
    free(back);
    return NULL;
}

static void check_both_ways(struct fixture *f, void *(*peer)(void *))
{
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, peer, f), 0);
    if (f->setup.tls != NULL) {
        struct bench_error err = {.msg = ""};
        cr_assert_eq(bench_session_handshake(&f->session, &err), 0, "%s", err.msg);
    }
    cr_expect_eq(session_writes(&f->session, BULK), 0);
    cr_expect_gt(f->session.ahead.bytes, 0);
    session_gets(&f->session, 0, BULK);
    cr_expect_eq(f->session.ahead.bytes, 0);
    cr_expect_null(f->session.ahead.first, "memory is kept");
    cr_assert_eq(pthread_join(thread, NULL), 0);
    close_fixture(f);
}

Test(session_ahead, both_write_before_they_read)
{
    struct fixture f;
    open_fixture(&f, ROOM);
    check_both_ways(&f, write_then_read);
}

static void *write_forever(void *argument)
{
    const struct fixture *f = argument;
    static char block[1 << 16];
    while (send(f->peer, block, sizeof(block), MSG_NOSIGNAL) > 0)
        ;
    return NULL;
}

Test(session_ahead, beyond_the_limit_a_write_times_out)
{
    static const uint64_t limits[] = {0, 1, 300000};
    for (size_t i = 0; i < BENCH_COUNT_OF(limits); i++) {
        struct fixture f;
        pthread_t thread;
        open_session(&f,
                     (struct bench_session_limits){.message_timeout_ns = 200 * BENCH_NS_PER_MS,
                                                   .read_ahead_bytes = limits[i]},
                     false);
        cr_assert_eq(pthread_create(&thread, NULL, write_forever, &f), 0);
        cr_expect_eq(session_writes(&f.session, BULK), -ETIMEDOUT);
        cr_expect_leq(f.session.ahead.bytes, limits[i]);
        bench_session_stop(&f.session);
        cr_assert_eq(pthread_join(thread, NULL), 0);
        close_fixture(&f);
    }
}

static void *read_all(void *argument)
{
    const struct fixture *f = argument;
    static uint8_t sink[1 << 16];
    size_t total = 0;
    ssize_t n;
    while ((n = recv(f->peer, sink, sizeof(sink), 0)) > 0)
        total += (size_t)n;
    cr_expect_eq(total, BULK);
    return NULL;
}

/* The end of its half is no end of ours. */
Test(session_ahead, a_peer_that_only_listens_gets_its_answer)
{
    struct fixture f;
    pthread_t thread;
    open_fixture(&f, ROOM);
    peer_sends(&f, FEW);
    cr_assert_eq(shutdown(f.peer, SHUT_WR), 0);
    cr_assert_eq(pthread_create(&thread, NULL, read_all, &f), 0);
    cr_expect_eq(session_writes(&f.session, BULK), 0);
    session_gets(&f.session, 0, FEW);
    expect_end(&f.session);
    cr_assert_eq(shutdown(f.own, SHUT_WR), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    close_fixture(&f);
}

/* ---- while it waits and computes ---- */

Test(session_ahead, sleep_reads_up_to_the_limit)
{
    static const size_t limits[] = {0, 1, 1000, FEW - 1, FEW, FEW + 1};
    for (size_t i = 0; i < BENCH_COUNT_OF(limits); i++) {
        struct fixture f;
        open_fixture(&f, limits[i]);
        peer_sends(&f, FEW);
        cr_expect_eq(bench_session_sleep(&f.session, SHORT_NS), 0);
        cr_expect_eq(f.session.ahead.bytes, limits[i] < FEW ? limits[i] : FEW);
        session_gets(&f.session, 0, FEW);
        close_fixture(&f);
    }
}

Test(session_ahead, tend_looks_now_and_then)
{
    struct fixture f;
    open_fixture(&f, ROOM);
    bench_session_tend(NULL);
    tend(&f.session);
    cr_expect_eq(f.session.ahead.bytes, 0);
    cr_expect_null(f.session.ahead.first, "memory for nothing");
    peer_sends(&f, 10);
    f.session.tended_ns = bench_now_ns() + 3600 * BENCH_NS_PER_S;
    bench_session_tend(&f.session);
    cr_expect_eq(f.session.ahead.bytes, 0, "too soon");
    tend(&f.session);
    cr_expect_eq(f.session.ahead.bytes, 10);
    session_gets(&f.session, 0, 10);
    close_fixture(&f);
}

Test(session_ahead, the_service_reads_while_it_works)
{
    const struct bench_service *service = bench_reference_service();
    /* Well above the steps in which they work. */
    const struct {
        enum bench_operation_id id;
        struct bench_value arg;
    } rows[] = {{BENCH_OP_IO_WORK, bench_float(0.005)},
                {BENCH_OP_CPU_WORK, bench_int(200000)},
                {BENCH_OP_COMPUTE, bench_int(10000000)}};
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        struct fixture f;
        struct bench_arena arena;
        struct bench_value result;
        open_fixture(&f, ROOM);
        bench_arena_init(&arena, 4096);
        struct bench_call call = {.arena = &arena, .session = &f.session, .service = service};
        peer_sends(&f, FEW);
        cr_expect_eq(service->call(service, &call, bench_operation_get(rows[i].id), &rows[i].arg, 1,
                                   &result),
                     0);
        cr_expect_eq(f.session.ahead.bytes, FEW, "row %zu: %zu", i, f.session.ahead.bytes);
        session_gets(&f.session, 0, FEW);
        bench_arena_fini(&arena);
        close_fixture(&f);
    }
}

/* ---- reading it ---- */

Test(session_ahead, buffer_then_ahead_then_socket)
{
    struct fixture f;
    const uint8_t *data, *again;
    size_t have;
    open_fixture(&f, ROOM);
    uint8_t *all = pattern(60000), got[60000];
    cr_assert_eq(send(f.peer, all, 100, 0), 100);
    cr_assert_eq(bench_session_peek(&f.session, 100, false, &data, &have), 0);
    cr_assert_eq(send(f.peer, all + 100, 29900, 0), 29900);
    tend(&f.session);
    const struct iovec piece = {(void *)(uintptr_t)data, 100};
    cr_expect_eq(bench_session_write(&f.session, &piece, 1), 0);
    cr_expect_eq(bench_session_sleep(&f.session, 1), 0);
    cr_expect_arr_eq(data, all, 100, "the pointer of peek holds until the next one");
    cr_assert_eq(send(f.peer, all + 30000, 30000, 0), 30000);

    bench_session_consume(&f.session, 50);
    cr_assert_eq(bench_session_peek(&f.session, BENCH_SESSION_BUFFER, true, &again, &have), 0);
    cr_expect_eq(have, BENCH_SESSION_BUFFER);
    cr_expect_arr_eq(again, all + 50, BENCH_SESSION_BUFFER);
    cr_assert_eq(bench_session_read(&f.session, got, 60000 - 50), 0);
    cr_expect_arr_eq(got, all + 50, 60000 - 50);
    free(all);
    close_fixture(&f);
}

/* What has arrived is in time, whenever it is looked at; what has not, is not. */
Test(session_ahead, what_was_read_ahead_has_no_deadline)
{
    struct fixture f;
    const uint8_t *data;
    size_t have;
    char byte;
    open_session(&f,
                 (struct bench_session_limits){.idle_timeout_ns = SHORT_NS,
                                               .message_timeout_ns = SHORT_NS,
                                               .read_ahead_bytes = ROOM},
                 false);
    peer_sends(&f, FEW);
    cr_assert_eq(bench_session_peek(&f.session, 10, false, &data, &have), 0);
    tend(&f.session);
    f.session.message_deadline_ns = 1; /* long over */
    uint8_t *got = malloc(FEW);
    cr_expect_eq(bench_session_read(&f.session, got, FEW), 0);
    cr_expect_eq(bench_session_read(&f.session, &byte, 1), -ETIMEDOUT);
    cr_expect_eq(bench_session_peek(&f.session, 1, false, &data, &have), -ETIMEDOUT);
    free(got);
    close_fixture(&f);
}

Test(session_ahead, an_end_seen_early_is_told_in_its_place)
{
    struct fixture f;
    open_fixture(&f, ROOM);
    peer_sends(&f, FEW);
    close(f.peer);
    f.peer = -1;
    while (f.session.ended == 0)
        tend(&f.session);
    cr_expect_eq(f.session.ahead.bytes, FEW);
    tend(&f.session);
    session_gets(&f.session, 0, FEW);
    expect_end(&f.session);
    close_fixture(&f);
}

/* The kernel tells of a reset once only. */
Test(session_ahead, a_reset_seen_early_is_told_in_its_place)
{
    struct fixture f;
    const uint8_t *data;
    size_t have;
    open_fixture(&f, ROOM);
    cr_assert_eq(session_writes(&f.session, 10), 0);
    close(f.peer); /* with bytes that it has not read */
    f.peer = -1;
    tend(&f.session);
    cr_expect_eq(f.session.ended, -ECONNRESET);
    cr_expect_eq(bench_session_peek(&f.session, 1, false, &data, &have), -ECONNRESET);
    close_fixture(&f);
}

Test(session_ahead, stop_goes_before_what_was_read_ahead)
{
    struct fixture f;
    const uint8_t *data;
    size_t have;
    open_fixture(&f, ROOM);
    peer_sends(&f, FEW);
    tend(&f.session);
    bench_session_stop(&f.session);
    cr_expect_eq(bench_session_peek(&f.session, 1, false, &data, &have), -ECANCELED);
    cr_expect_eq(bench_session_sleep(&f.session, SHORT_NS), -ECANCELED);
    cr_expect_eq(session_writes(&f.session, 10), -ECANCELED);
    close_fixture(&f);
}

/* ---- TLS ---- */

struct tls_peer {
    SSL_CTX *context;
    SSL *ssl;
};

static struct tls_peer tls_connect(const struct fixture *f, int version)
{
    struct tls_peer peer = {.context = SSL_CTX_new(TLS_client_method())};
    cr_assert_not_null(peer.context);
    (void)SSL_CTX_set_min_proto_version(peer.context, version);
    (void)SSL_CTX_set_max_proto_version(peer.context, version);
    peer.ssl = SSL_new(peer.context);
    (void)SSL_set_fd(peer.ssl, f->peer);
    cr_assert_eq(SSL_connect(peer.ssl), 1);
    return peer;
}

static void tls_leave(struct tls_peer *peer)
{
    SSL_free(peer->ssl);
    SSL_CTX_free(peer->context);
}

static void tls_reads(const struct tls_peer *peer, size_t n)
{
    uint8_t *data = pattern(n), *back = malloc(n);
    size_t done = 0;
    while (done < n) {
        const int got = SSL_read(peer->ssl, back + done, (int)(n - done));
        cr_assert_gt(got, 0);
        done += (size_t)got;
    }
    cr_expect(memcmp(data, back, n) == 0, "what the session wrote arrived damaged");
    free(data);
    free(back);
}

/* Asks for new keys in between, so that TLS has something to say of its own in midst of a write. */
static void tls_writes(const struct tls_peer *peer, size_t n)
{
    uint8_t *data = pattern(n);
    for (size_t at = 0; at < n;) {
        const size_t part = n - at < 1000000 ? n - at : 1000000;
        if (at > 0 && SSL_version(peer->ssl) == TLS1_3_VERSION)
            cr_assert_eq(SSL_key_update(peer->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        cr_assert_eq(SSL_write(peer->ssl, data + at, (int)part), (int)part);
        at += part;
    }
    free(data);
}

static void tls_both_ways(const struct fixture *f, int version)
{
    struct tls_peer peer = tls_connect(f, version);
    tls_writes(&peer, BULK);
    tls_reads(&peer, BULK);
    tls_leave(&peer);
}

static void *tls_both_ways_1_2(void *argument)
{
    tls_both_ways(argument, TLS1_2_VERSION);
    return NULL;
}

static void *tls_both_ways_1_3(void *argument)
{
    tls_both_ways(argument, TLS1_3_VERSION);
    return NULL;
}

static const struct bench_session_limits roomy = {.message_timeout_ns = 20 * BENCH_NS_PER_S,
                                                  .read_ahead_bytes = ROOM};

Test(session_ahead, both_write_before_they_read_tls_1_2)
{
    struct fixture f;
    open_session(&f, roomy, true);
    check_both_ways(&f, tls_both_ways_1_2);
}

Test(session_ahead, both_write_before_they_read_tls_1_3)
{
    struct fixture f;
    open_session(&f, roomy, true);
    check_both_ways(&f, tls_both_ways_1_3);
}

/* Ends its half without a notice, and waits for the answer. */
static void *tls_ask_and_listen(void *argument)
{
    struct fixture *f = argument;
    struct tls_peer peer = tls_connect(f, TLS1_3_VERSION);
    tls_writes(&peer, FEW);
    cr_assert_eq(shutdown(f->peer, SHUT_WR), 0);
    tls_reads(&peer, BULK);
    tls_leave(&peer);
    return NULL;
}

Test(session_ahead, a_peer_that_only_listens_gets_its_answer_tls)
{
    struct fixture f;
    pthread_t thread;
    struct bench_error err = {.msg = ""};
    open_session(&f, roomy, true);
    cr_assert_eq(pthread_create(&thread, NULL, tls_ask_and_listen, &f), 0);
    cr_assert_eq(bench_session_handshake(&f.session, &err), 0, "%s", err.msg);
    while (f.session.ended == 0)
        cr_assert_eq(bench_session_sleep(&f.session, SHORT_NS), 0);
    cr_expect_eq(session_writes(&f.session, BULK), 0);
    session_gets(&f.session, 0, FEW);
    expect_end(&f.session);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    close_fixture(&f);
}

/* Records beyond the limit stay inside TLS or the socket, and come in their order. */
static void *tls_ask(void *argument)
{
    const struct fixture *f = argument;
    struct tls_peer peer = tls_connect(f, TLS1_3_VERSION);
    tls_writes(&peer, BULK);
    (void)SSL_shutdown(peer.ssl);
    tls_leave(&peer);
    return NULL;
}

Test(session_ahead, the_limit_within_a_record)
{
    static const uint64_t limits[] = {1, 100, 20000, 300001};
    for (size_t i = 0; i < BENCH_COUNT_OF(limits); i++) {
        struct fixture f;
        pthread_t thread;
        struct bench_error err = {.msg = ""};
        open_session(&f, (struct bench_session_limits){.read_ahead_bytes = limits[i]}, true);
        cr_expect_eq(f.session.ahead.limit, 0, "nothing is read ahead of the handshake");
        cr_assert_eq(pthread_create(&thread, NULL, tls_ask, &f), 0);
        cr_assert_eq(bench_session_handshake(&f.session, &err), 0, "%s", err.msg);
        for (size_t at = 0; at < BULK; at += BULK / 4) {
            while (f.session.ahead.bytes < limits[i])
                cr_assert_eq(bench_session_sleep(&f.session, SHORT_NS), 0);
            cr_expect_eq(f.session.ahead.bytes, limits[i]);
            session_gets(&f.session, at, BULK / 4);
        }
        expect_end(&f.session);
        cr_assert_eq(pthread_join(thread, NULL), 0);
        close_fixture(&f);
    }
}

static void *tls_damage(void *argument)
{
    const struct fixture *f = argument;
    struct tls_peer peer = tls_connect(f, TLS1_3_VERSION);
    tls_writes(&peer, FEW);
    static const uint8_t record[] = {23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
                                     11, 12, 13, 14, 15, 16, 17, 18, 19, 20};
    cr_assert_eq(send(f->peer, record, sizeof(record), MSG_NOSIGNAL), (ssize_t)sizeof(record));
    tls_leave(&peer);
    return NULL;
}

Test(session_ahead, a_damaged_record_is_told_in_its_place)
{
    struct fixture f;
    pthread_t thread;
    struct bench_error err = {.msg = ""};
    const uint8_t *data;
    size_t have;
    open_session(&f, roomy, true);
    cr_assert_eq(pthread_create(&thread, NULL, tls_damage, &f), 0);
    cr_assert_eq(bench_session_handshake(&f.session, &err), 0, "%s", err.msg);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    tend(&f.session);
    cr_expect_eq(f.session.ended, -EPROTO);
    session_gets(&f.session, 0, FEW);
    cr_expect_eq(bench_session_peek(&f.session, 1, false, &data, &have), -EPROTO);
    cr_expect_lt(session_writes(&f.session, 10), 0);
    close_fixture(&f);
}
