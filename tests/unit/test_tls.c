/* SPDX-License-Identifier: MIT */
/* TLS between two ends in one process, and a session's end of it against OpenSSL's own client. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/certificate.h"
#include "core/session_internal.h"
#include "core/tls.h"

enum { ROUNDS = 50 };

struct end {
    int fd;
    struct bench_tls *tls;
    struct bench_buf out;
    struct bench_error err;
    int status; /* of its handshake */
};

/* A client ([0]) and a server ([1]). */
struct pair {
    struct bench_certificate certificate;
    struct bench_tls_context *contexts[2];
    struct end ends[2];
};

static struct pair pair;

static void make_certificate(const struct bench_certificate_spec *spec)
{
    struct bench_error err = {0};
    cr_assert_eq(bench_certificate_make(spec, &pair.certificate, &err), 0, "%s", err.msg);
    cr_assert_eq(bench_tls_server_context(pair.certificate.cert_file, pair.certificate.key_file,
                                          &pair.contexts[1], &err),
                 0, "%s", err.msg);
}

static void connect_ends(const char *ca_file, bool insecure, const char *host)
{
    struct bench_error err = {0};
    int fds[2];
    cr_assert_eq(bench_tls_client_context(ca_file, insecure, &pair.contexts[0], &err), 0, "%s",
                 err.msg);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    for (int i = 0; i < 2; i++) {
        struct end *end = &pair.ends[i];
        end->fd = fds[i];
        end->status = -EAGAIN;
        bench_buf_init(&end->out, (size_t)64 << 20);
        cr_assert_eq(bench_tls_new(pair.contexts[i], fds[i], i == 0 ? host : NULL, true, &end->out,
                                   &end->tls, &err),
                     0, "%s", err.msg);
    }
}

static void flush(struct end *end)
{
    const size_t n = bench_buf_length(&end->out);
    const ssize_t sent = n == 0 ? 0 : send(end->fd, bench_buf_head(&end->out), n, MSG_NOSIGNAL);
    if (sent > 0)
        bench_buf_drop(&end->out, (size_t)sent);
}

static void shake(struct end *end)
{
    if (end->status != -EAGAIN)
        return;
    bench_tls_turn(end->tls);
    end->status = bench_tls_handshake(end->tls, &end->err);
    flush(end);
}

static void shake_hands(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        shake(&pair.ends[0]);
        shake(&pair.ends[1]);
    }
}

static void begin(void)
{
    make_certificate(NULL);
    connect_ends(pair.certificate.cert_file, false, "localhost");
    shake_hands();
    cr_assert_eq(pair.ends[0].status, 0, "%s", pair.ends[0].err.msg);
    cr_assert_eq(pair.ends[1].status, 0, "%s", pair.ends[1].err.msg);
}

static void close_end(int i)
{
    if (pair.ends[i].fd > 0)
        (void)close(pair.ends[i].fd);
    pair.ends[i].fd = -1;
}

static void tear_down(void)
{
    for (int i = 0; i < 2; i++) {
        bench_tls_free(pair.ends[i].tls);
        bench_buf_fini(&pair.ends[i].out);
        bench_tls_context_free(pair.contexts[i]);
        close_end(i);
    }
    bench_certificate_remove(&pair.certificate);
}

TestSuite(tls, .fini = tear_down, .timeout = 60);

/* Seals all of it, a portion at a time, while the other end reads; returns what it read. */
static size_t carry(const struct iovec *pieces, int count, uint8_t *to, size_t room, size_t step)
{
    struct bench_tls_cursor at = {.piece = pieces, .left = count};
    size_t got = 0;
    for (int idle = 0; got < room && idle < ROUNDS; idle++) {
        if (bench_buf_length(&pair.ends[0].out) == 0 && at.left > 0)
            cr_assert_eq(bench_tls_seal(pair.ends[0].tls, &at), 0);
        flush(&pair.ends[0]);
        bench_tls_turn(pair.ends[1].tls);
        ssize_t n;
        while (got < room && (n = bench_tls_read(pair.ends[1].tls, to + got,
                                                 room - got < step ? room - got : step)) > 0) {
            got += (size_t)n;
            idle = 0;
        }
    }
    return got;
}

static uint8_t *noise(size_t n)
{
    uint8_t *data = malloc(n);
    uint32_t x = 12345;
    cr_assert_not_null(data);
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525 + 1013904223;
        data[i] = (uint8_t)(x >> 24);
    }
    return data;
}

Test(tls, bytes_arrive_one_by_one)
{
    begin();
    const struct iovec pieces[] = {{(char[]){"hel"}, 3}, {NULL, 0}, {(char[]){"lo"}, 2}};
    uint8_t got[5];
    cr_assert_eq(carry(pieces, 3, got, sizeof(got), 1), 5);
    cr_expect_arr_eq(got, "hello", 5);
}

/* Pieces of all kinds: whole records in one piece, rests that are gathered, empty ones. */
Test(tls, large_messages_arrive)
{
    static const size_t sizes[][4] = {
        {1, 16383, 16384, 16385}, {100, (size_t)5 << 20, 1, 0},      {0, 0, 0, 40000},
        {16384, 0, 0, 1},         {9, (size_t)300 << 10, 20000, 77}, {(size_t)3 << 20, 5, 5, 5},
    };
    begin();
    for (size_t r = 0; r < BENCH_COUNT_OF(sizes); r++) {
        struct iovec pieces[4];
        size_t total = 0, at = 0;
        for (int i = 0; i < 4; i++)
            total += sizes[r][i];
        uint8_t *data = noise(total), *got = malloc(total);
        for (int i = 0; i < 4; at += sizes[r][i++])
            pieces[i] = (struct iovec){data + at, sizes[r][i]};
        cr_assert_eq(carry(pieces, 4, got, total, (size_t)1 << 20), total, "row %zu", r);
        cr_expect(memcmp(data, got, total) == 0, "row %zu differs", r);
        free(data);
        free(got);
    }
}

/* How many records of application data lie in the buffer. */
static int records_in(const struct bench_buf *buf)
{
    int n = 0;
    const uint8_t *data = bench_buf_head(buf);
    for (size_t at = 0; at + 5 <= bench_buf_length(buf); n++) {
        cr_assert_eq(data[at], 23);
        at += 5 + ((size_t)data[at + 3] << 8) + data[at + 4];
    }
    return n;
}

/* Python's rpyc would not see the second of two frames in one record. */
Test(tls, a_message_is_a_record_and_two_are_two)
{
    begin();
    uint8_t *data = noise(20000);
    const struct iovec small[] = {{data, 9}, {data, 1000}, {data, 1}};
    const struct iovec large[] = {{data, 9}, {data, 20000}, {data, 1}};
    for (int i = 1; i <= 3; i++) {
        struct bench_tls_cursor at = {.piece = small, .left = 3};
        cr_assert_eq(bench_tls_seal(pair.ends[0].tls, &at), 0);
        cr_expect_eq(at.left, 0);
        cr_expect_eq(at.done, 1010);
        cr_expect_eq(records_in(&pair.ends[0].out), i);
    }
    bench_buf_clear(&pair.ends[0].out);
    struct bench_tls_cursor at = {.piece = large, .left = 3};
    cr_assert_eq(bench_tls_seal(pair.ends[0].tls, &at), 0);
    cr_expect_eq(records_in(&pair.ends[0].out), 2); /* no more than a single write would make */
    free(data);
}

/* ---- whom we trust ---- */

struct trust_row {
    const char *names;
    int64_t from_s, to_s;
    bool other_ca, insecure;
    const char *host;
    const char *says; /* NULL = it succeeds */
};

static const struct trust_row trust_rows[] = {
    {"DNS:localhost", -60, 60, false, false, "localhost", NULL},
    {"DNS:localhost,IP:127.0.0.1", -60, 60, false, false, "127.0.0.1", NULL},
    {"IP:::1", -60, 60, false, false, "::1", NULL},
    {"DNS:localhost", -60, 60, false, false, "127.0.0.1", "IP address mismatch"},
    {"DNS:elsewhere", -60, 60, false, false, "localhost", "hostname mismatch, host 'localhost'"},
    {"DNS:localhost", -120, -60, false, false, "localhost", "certificate has expired"},
    {"DNS:localhost", 60, 120, false, false, "localhost", "certificate is not yet valid"},
    {"DNS:localhost", -60, 60, true, false, "localhost", "self-signed certificate"},
    {"DNS:elsewhere", -120, -60, true, true, "localhost", NULL},
};

static void check_trust(const struct trust_row *row)
{
    const struct bench_certificate_spec spec = {row->names, row->from_s, row->to_s};
    struct bench_certificate other = {.folder = ""};
    struct bench_error err = {0};
    make_certificate(&spec);
    cr_assert_eq(bench_certificate_make(NULL, &other, &err), 0, "%s", err.msg);
    connect_ends(row->other_ca ? other.cert_file : pair.certificate.cert_file, row->insecure,
                 row->host);
    shake_hands();
    bench_certificate_remove(&other);
    const struct end *client = &pair.ends[0];
    if (row->says == NULL) {
        cr_expect_eq(client->status, 0, "%s for %s: %s", row->names, row->host, client->err.msg);
        return;
    }
    cr_expect_eq(client->status, -EKEYREJECTED, "%s for %s", row->names, row->host);
    cr_expect_not_null(strstr(client->err.msg, row->says), "%s", client->err.msg);
    cr_expect_not_null(strstr(client->err.msg, "certificate verify failed: "));
    cr_expect_not_null(strstr(client->err.msg, "(use --insecure or --ca-file)"));
    cr_expect_eq(pair.ends[1].status, -EPROTO, "the server is told by an alert");
}

Test(tls, certificates_are_checked)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(trust_rows); i++) {
        check_trust(&trust_rows[i]);
        tear_down();
        memset(&pair, 0, sizeof(pair));
    }
}

Test(tls, files_that_are_not_there_or_not_right_are_named)
{
    struct bench_tls_context *context;
    struct bench_error err = {0};
    struct bench_certificate other = {.folder = ""};
    make_certificate(NULL);
    cr_assert_eq(bench_certificate_make(NULL, &other, &err), 0);
    cr_expect_eq(bench_tls_client_context("/no/such/file", false, &context, &err), -ENOENT);
    cr_expect_not_null(strstr(err.msg, "/no/such/file"));
    cr_expect_eq(bench_tls_client_context(other.key_file, false, &context, &err), -EINVAL);
    cr_expect_not_null(strstr(err.msg, "has no certificate"), "%s", err.msg);
    cr_expect_eq(bench_tls_server_context(other.cert_file, "/no/key", &context, &err), -ENOENT);
    cr_expect_eq(bench_tls_server_context(other.key_file, other.key_file, &context, &err), -EINVAL);
    cr_expect_eq(
        bench_tls_server_context(other.cert_file, pair.certificate.key_file, &context, &err),
        -EINVAL);
    cr_expect_not_null(strstr(err.msg, "is no key for the certificate"), "%s", err.msg);
    bench_certificate_remove(&other);
    cr_expect_lt(access(other.cert_file, F_OK), 0);
}

/* ---- peers that do something else ---- */

static void check_peer_of(int which, const void *says, size_t length, int code, const char *why)
{
    struct end *end = &pair.ends[which];
    make_certificate(NULL);
    connect_ends(pair.certificate.cert_file, false, "localhost");
    cr_assert_eq(send(pair.ends[1 - which].fd, says, length, 0), (ssize_t)length);
    (void)shutdown(pair.ends[1 - which].fd, SHUT_WR);
    for (int i = 0; i < ROUNDS; i++)
        shake(end);
    cr_expect_eq(end->status, code, "%d: %s", end->status, end->err.msg);
    cr_expect_not_null(strstr(end->err.msg, why), "%s", end->err.msg);
}

static const char http_reply[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
/* A frame of rpyc: length 26, not compressed. */
static const uint8_t frame[] = "\0\0\0\x1a\0abcdefghijklmnopqrstuvwxyz\n";

Test(tls, a_server_that_answers_in_plain)
{
    check_peer_of(0, http_reply, sizeof(http_reply) - 1, -EPROTO, "the peer does not speak TLS");
}

Test(tls, a_client_that_asks_in_plain)
{
    check_peer_of(1, frame, sizeof(frame) - 1, -EPROTO, "TLS");
}

Test(tls, a_client_that_asks_for_a_page)
{
    check_peer_of(1, "GET / HTTP/1.1\r\n\r\n", 18, -EPROTO, "the peer does not speak TLS");
}

Test(tls, a_peer_that_leaves_at_once)
{
    check_peer_of(0, "", 0, -ENODATA, "closed the connection during the TLS handshake");
}

Test(tls, an_end_with_notice)
{
    uint8_t byte;
    begin();
    bench_tls_turn(pair.ends[0].tls);
    cr_expect_eq(bench_tls_read(pair.ends[0].tls, &byte, 1), -EAGAIN);
    bench_tls_end(pair.ends[1].tls);
    flush(&pair.ends[1]);
    bench_tls_turn(pair.ends[0].tls);
    cr_expect_eq(bench_tls_read(pair.ends[0].tls, &byte, 1), 0);
}

Test(tls, an_end_without_notice)
{
    uint8_t byte;
    begin();
    (void)shutdown(pair.ends[0].fd, SHUT_WR);
    bench_tls_turn(pair.ends[1].tls);
    cr_expect_eq(bench_tls_read(pair.ends[1].tls, &byte, 1), 0);
    cr_expect_eq(bench_tls_read(pair.ends[1].tls, &byte, 1), 0, "and it stays the end");
}

/* Any bit that is wrong in a record ends the connection. */
Test(tls, a_damaged_record)
{
    uint8_t byte;
    begin();
    const struct iovec piece = {(char[]){"x"}, 1};
    struct bench_tls_cursor at = {.piece = &piece, .left = 1};
    cr_assert_eq(bench_tls_seal(pair.ends[0].tls, &at), 0);
    bench_buf_head(&pair.ends[0].out)[10] ^= 1;
    flush(&pair.ends[0]);
    bench_tls_turn(pair.ends[1].tls);
    cr_expect_eq(bench_tls_read(pair.ends[1].tls, &byte, 1), -EPROTO);
    cr_expect_not_null(strstr(bench_tls_why(pair.ends[1].tls), "TLS: "));
    at = (struct bench_tls_cursor){.piece = &piece, .left = 1};
    cr_expect_lt(bench_tls_seal(pair.ends[1].tls, &at), 0);
}

/* ---- a session ---- */

struct served {
    struct bench_session_setup setup;
    struct bench_session session;
    pthread_t thread;
    int fds[2]; /* the client's, the session's */
    int handshake, rc;
    struct bench_error err;
};

static struct served served;

/* Sends back what it gets, byte by byte, until a 'q'. */
static int echo_bytes(struct bench_session *session)
{
    const uint8_t *data;
    size_t have;
    for (;;) {
        int rc = bench_session_peek(session, 1, false, &data, &have);
        if (rc < 0)
            return rc;
        uint8_t byte = *data;
        bench_session_consume(session, 1);
        const struct iovec piece = {&byte, 1};
        rc = byte == 'q' ? -ESHUTDOWN : bench_session_write(session, &piece, 1);
        if (rc < 0)
            return rc;
    }
}

static void *serve(void *unused)
{
    (void)unused;
    served.handshake = bench_session_handshake(&served.session, &served.err);
    if (served.handshake == 0)
        served.rc = echo_bytes(&served.session);
    bench_session_fini(&served.session);
    (void)shutdown(served.fds[1], SHUT_RDWR);
    return NULL;
}

static void start_session(int64_t message_timeout_ns)
{
    struct bench_error err = {0};
    make_certificate(NULL);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, served.fds), 0);
    served.setup = (struct bench_session_setup){
        .tls = pair.contexts[1], .limits = {.message_timeout_ns = message_timeout_ns}};
    cr_assert_eq(bench_session_init(&served.session, served.fds[1], &served.setup, &err), 0);
    cr_assert_eq(pthread_create(&served.thread, NULL, serve, NULL), 0);
}

static void end_session(void)
{
    cr_assert_eq(pthread_join(served.thread, NULL), 0);
    (void)close(served.fds[0]);
    (void)close(served.fds[1]);
}

struct raw {
    SSL_CTX *context;
    SSL *ssl;
};

static struct raw raw_client(int least, int most)
{
    struct raw raw = {.context = SSL_CTX_new(TLS_client_method())};
    cr_assert_not_null(raw.context);
    SSL_CTX_set_security_level(raw.context, 0);
    (void)SSL_CTX_set_min_proto_version(raw.context, least);
    (void)SSL_CTX_set_max_proto_version(raw.context, most);
    raw.ssl = SSL_new(raw.context);
    (void)SSL_set_fd(raw.ssl, served.fds[0]);
    return raw;
}

static void raw_free(struct raw *raw)
{
    SSL_free(raw->ssl);
    SSL_CTX_free(raw->context);
}

static void check_echo(struct raw *raw, char what)
{
    char back = 0;
    cr_assert_eq(SSL_write(raw->ssl, &what, 1), 1);
    cr_assert_eq(SSL_read(raw->ssl, &back, 1), 1);
    cr_expect_eq(back, what);
}

static void check_session(int version)
{
    start_session(10 * BENCH_NS_PER_S);
    struct raw raw = raw_client(version, version);
    cr_assert_eq(SSL_connect(raw.ssl), 1);
    check_echo(&raw, 'a');
    check_echo(&raw, 'b');
    /* New keys, and the other side's too: the answer goes out with what follows. */
    if (version == TLS1_3_VERSION)
        cr_assert_eq(SSL_key_update(raw.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    check_echo(&raw, 'c');
    check_echo(&raw, 'd');
    cr_assert_eq(SSL_write(raw.ssl, "q", 1), 1);
    char byte;
    cr_expect_eq(SSL_read(raw.ssl, &byte, 1), 0);
    cr_expect_eq(SSL_get_error(raw.ssl, 0), SSL_ERROR_ZERO_RETURN, "no notice of the end came");
    end_session();
    cr_expect_eq(served.handshake, 0, "%s", served.err.msg);
    cr_expect_eq(served.rc, -ESHUTDOWN);
    raw_free(&raw);
}

Test(tls, a_session_speaks_1_2) { check_session(TLS1_2_VERSION); }
Test(tls, a_session_speaks_1_3) { check_session(TLS1_3_VERSION); }

Test(tls, older_versions_are_refused)
{
    start_session(10 * BENCH_NS_PER_S);
    struct raw raw = raw_client(TLS1_VERSION, TLS1_1_VERSION);
    cr_expect_neq(SSL_connect(raw.ssl), 1);
    raw_free(&raw);
    (void)shutdown(served.fds[0], SHUT_RDWR);
    end_session();
    cr_expect_lt(served.handshake, 0);
    cr_expect_not_null(strstr(served.err.msg, "TLS"), "%s", served.err.msg);
}

Test(tls, renegotiation_is_refused)
{
    start_session(10 * BENCH_NS_PER_S);
    struct raw raw = raw_client(TLS1_2_VERSION, TLS1_2_VERSION);
    char byte;
    cr_assert_eq(SSL_connect(raw.ssl), 1);
    check_echo(&raw, 'a');
    cr_assert_eq(SSL_renegotiate(raw.ssl), 1);
    (void)SSL_do_handshake(raw.ssl);
    (void)SSL_write(raw.ssl, "b", 1);
    cr_expect_leq(SSL_read(raw.ssl, &byte, 1), 0, "it went on with new keys");
    raw_free(&raw);
    (void)shutdown(served.fds[0], SHUT_RDWR);
    end_session();
    cr_expect_lt(served.rc, 0);
}

/* Somebody who connects and says nothing. */
Test(tls, a_silent_client_does_not_keep_a_session)
{
    start_session(50 * BENCH_NS_PER_MS);
    end_session();
    cr_expect_eq(served.handshake, -ETIMEDOUT, "%s", served.err.msg);
}

Test(tls, a_stop_ends_the_handshake)
{
    start_session(0);
    bench_session_stop(&served.session);
    end_session();
    cr_expect_lt(served.handshake, 0);
}
