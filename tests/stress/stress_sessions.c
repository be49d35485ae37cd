/* SPDX-License-Identifier: MIT */
/*
 * A session that reads ahead while it sleeps, computes and writes, against a peer that sends all the
 * time, stopped from another thread at some moment. For the ThreadSanitizer: what the stopping
 * thread shares with the session's, with and without TLS.
 */
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/certificate.h"
#include "core/session_internal.h"
#include "core/tls.h"
#include "service/service.h"

enum { ROUNDS = 60, BLOCK = 1 << 16, READ_AHEAD = 1 << 20, REPLY = 300000 };

struct scene {
    struct bench_session_setup setup;
    struct bench_session session;
    pthread_t server, peer;
    int own, other;
    int code; /* of the session's end */
};

static int work(struct bench_session *session)
{
    static const uint8_t reply[REPLY];
    const struct bench_service *service = bench_reference_service();
    const struct bench_value n = bench_int(9000000); /* more than one step */
    struct bench_value result;
    struct bench_arena arena;

    bench_arena_init(&arena, 4096);
    struct bench_call call = {.arena = &arena, .session = session, .service = service};
    int rc = bench_session_sleep(session, BENCH_NS_PER_MS);
    if (rc == 0)
        rc = service->call(service, &call, bench_operation_get(BENCH_OP_COMPUTE), &n, 1, &result);
    bench_arena_fini(&arena);
    const struct iovec piece = {(void *)(uintptr_t)reply, sizeof(reply)};
    return rc < 0 ? rc : bench_session_write(session, &piece, 1);
}

static void *serve(void *argument)
{
    static _Thread_local uint8_t sink[BLOCK];
    struct scene *scene = argument;
    struct bench_error err;
    int rc = bench_session_handshake(&scene->session, &err);

    while (rc == 0) {
        rc = work(&scene->session);
        for (int i = 0; rc == 0 && i < 4; i++)
            rc = bench_session_read(&scene->session, sink, sizeof(sink));
    }
    scene->code = rc;
    return NULL;
}

static void exchange_plain(int fd)
{
    static _Thread_local char out[BLOCK], in[BLOCK];

    while (send(fd, out, sizeof(out), MSG_NOSIGNAL) > 0)
        while (recv(fd, in, sizeof(in), MSG_DONTWAIT) > 0)
            ;
}

static void exchange_tls(int fd)
{
    static _Thread_local char out[BLOCK];
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = context != NULL ? SSL_new(context) : NULL;

    if (ssl != NULL && SSL_set_fd(ssl, fd) == 1 && SSL_connect(ssl) == 1)
        while (SSL_write(ssl, out, sizeof(out)) > 0)
            ; /* never reads: the session comes to wait for room */
    SSL_free(ssl);
    SSL_CTX_free(context);
}

static void *play(void *argument)
{
    const struct scene *scene = argument;

    if (scene->setup.tls != NULL)
        exchange_tls(scene->other);
    else
        exchange_plain(scene->other);
    (void)shutdown(scene->other, SHUT_RDWR);
    return NULL;
}

static int run(struct scene *scene, struct bench_tls_context *tls, int64_t stop_after_ns,
               struct bench_error *err)
{
    int fds[2];

    scene->setup = (struct bench_session_setup){
        .service = bench_reference_service(),
        .limits = {.message_timeout_ns = 20 * BENCH_NS_PER_S, .read_ahead_bytes = READ_AHEAD},
        .tls = tls};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return bench_fail(err, -1, "no pair of sockets");
    scene->own = fds[0];
    scene->other = fds[1];
    int rc = bench_session_init(&scene->session, scene->own, &scene->setup, err);
    if (rc == 0 && (pthread_create(&scene->server, NULL, serve, scene) != 0 ||
                    pthread_create(&scene->peer, NULL, play, scene) != 0))
        rc = bench_fail(err, -1, "no thread");
    if (rc == 0) {
        (void)bench_session_sleep(NULL, stop_after_ns);
        bench_session_stop(&scene->session);
        (void)pthread_join(scene->server, NULL);
        (void)pthread_join(scene->peer, NULL);
        bench_session_fini(&scene->session);
        if (!bench_session_stopping(&scene->session) || scene->code >= 0)
            rc = bench_fail(err, -1, "the session ended with %d", scene->code);
    }
    (void)close(scene->own);
    (void)close(scene->other);
    return rc;
}

static int rounds(struct bench_tls_context *tls, struct bench_error *err)
{
    static struct scene scene;
    int rc = 0;

    for (int i = 0; rc == 0 && i < ROUNDS; i++)
        rc = run(&scene, tls, i * BENCH_NS_PER_MS, err);
    return rc;
}

int main(void)
{
    struct bench_certificate certificate;
    struct bench_tls_context *tls = NULL;
    struct bench_error err = {0};

    (void)signal(SIGPIPE, SIG_IGN);
    if (bench_certificate_make(NULL, &certificate, &err) < 0) {
        fprintf(stderr, "stress_sessions: %s\n", err.msg);
        return 2;
    }
    const int plain = rounds(NULL, &err);
    printf("%s - plain%s%s\n", plain < 0 ? "not ok" : "ok", plain < 0 ? ": " : "",
           plain < 0 ? err.msg : "");
    int sealed = bench_tls_server_context(certificate.cert_file, certificate.key_file, &tls, &err);
    if (sealed == 0)
        sealed = rounds(tls, &err);
    printf("%s - TLS%s%s\n", sealed < 0 ? "not ok" : "ok", sealed < 0 ? ": " : "",
           sealed < 0 ? err.msg : "");
    bench_tls_context_free(tls);
    bench_certificate_remove(&certificate);
    return plain < 0 || sealed < 0;
}
