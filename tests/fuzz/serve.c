/* SPDX-License-Identifier: MIT */
/* A server's session over a pair of sockets: the target's thread serves, another one is the peer.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/session_internal.h"
#include "service/service.h"
#include "tests/fuzz/fuzz.h"

#define PATIENCE_MS 100

struct fuzz_peer {
    struct bench_session *session;
    int fd;
    const uint8_t *data;
    size_t size;
};

/* Sends while the server takes it, reads all that it answers. */
static void *peer_main(void *user)
{
    static uint8_t sink[1 << 16];
    struct fuzz_peer *peer = user;
    size_t sent = 0;
    bool stopped = false;
    for (;;) {
        if (sent < peer->size) {
            ssize_t n =
                send(peer->fd, peer->data + sent, peer->size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (n > 0)
                sent += (size_t)n;
            else if (n < 0 && errno != EAGAIN)
                sent = peer->size;
        }
        if (sent == peer->size)
            (void)shutdown(peer->fd, SHUT_WR);
        struct pollfd fd = {.fd = peer->fd, .events = POLLIN};
        if (sent < peer->size)
            fd.events |= POLLOUT;
        if (poll(&fd, 1, PATIENCE_MS) == 0 && !stopped) {
            bench_session_stop(peer->session);
            stopped = true;
        }
        ssize_t n = recv(peer->fd, sink, sizeof(sink), MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            return NULL;
    }
}

void fuzz_serve(const struct bench_server_ops *ops, const uint8_t *data, size_t size)
{
    const struct bench_session_setup setup = {
        .service = bench_reference_service(),
        .session_size = ops->session_size,
        .limits = {.message_bytes = (uint64_t)1 << 20, .message_timeout_ns = BENCH_NS_PER_S},
    };
    static bool prepared;
    int pair[2];
    pthread_t thread;
    struct bench_error err = {0};
    if (!prepared)
        FUZZ_CHECK(bench_payload_init(BENCH_PAYLOAD_ZEROS, 1, &err) == 0);
    prepared = true;
    FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    struct bench_session *session = malloc(sizeof(*session));
    FUZZ_CHECK(session != NULL);
    FUZZ_CHECK(bench_session_init(session, pair[0], &setup, &err) == 0);
    struct fuzz_peer peer = {session, pair[1], data, size};
    FUZZ_CHECK(pthread_create(&thread, NULL, peer_main, &peer) == 0);
    (void)ops->serve(session, &err); /* any end is fine */
    (void)shutdown(pair[0], SHUT_RDWR);
    FUZZ_CHECK(pthread_join(thread, NULL) == 0);
    bench_session_fini(session);
    free(session);
    (void)close(pair[0]);
    (void)close(pair[1]);
}
