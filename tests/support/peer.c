/* SPDX-License-Identifier: MIT */
#include "tests/support/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RELAYED_MAX = 64, STEP_TIMEOUT_MS = 30000 };

struct support_peer {
    pthread_t thread;
    int listener, stop_fd;
    uint16_t port;
    const struct support_step *steps; /* a scripted peer */
    size_t nsteps;
    uint16_t upstream; /* a relay */
    struct support_damage damage;
    atomic_uint_fast64_t received;
    char failure[200]; /* read after join */
};

/* ---- sockets ---- */

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int bound_socket(int *out, uint16_t *port)
{
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0) {
        int code = -errno;

        close(fd);
        return code;
    }
    *port = ntohs(address.sin_port);
    *out = fd;
    return 0;
}

int support_refusing_port(int *fd, uint16_t *port) { return bound_socket(fd, port); }

static void end_connection(int fd, bool reset)
{
    const struct linger linger = {.l_onoff = 1, .l_linger = 0};

    if (reset)
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    close(fd);
}

/* Waits for fd or for the end of the peer. False: the end, or nothing came for very long. */
static bool wait_readable(const struct support_peer *peer, int fd)
{
    struct pollfd fds[2] = {{.fd = peer->stop_fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};

    return poll(fds, 2, STEP_TIMEOUT_MS) > 0 && fds[0].revents == 0;
}

static bool send_all(int fd, const void *data, size_t length)
{
    const char *at = data;

    while (length > 0) {
        ssize_t n = send(fd, at, length, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        at += n;
        length -= (size_t)n;
    }
    return true;
}

/* ---- the scripted peer ---- */

static bool stopped(const struct support_peer *peer)
{
    struct pollfd fd = {.fd = peer->stop_fd, .events = POLLIN};

    return poll(&fd, 1, 0) > 0;
}

/* Keeps the first thing that went wrong, unless the test has just ended the peer. */
static bool went_wrong(struct support_peer *peer, size_t step, const char *what)
{
    if (peer->failure[0] == '\0' && !stopped(peer))
        (void)snprintf(peer->failure, sizeof(peer->failure), "step %zu: %s", step, what);
    return false;
}

static bool read_step(struct support_peer *peer, int fd, const struct support_step *step, size_t i)
{
    size_t wanted = step->kind == SUPPORT_ANY ? 1 : step->length, have = 0;
    char piece[4096];

    while (have < wanted) {
        size_t n = wanted - have < sizeof(piece) ? wanted - have : sizeof(piece);

        if (step->kind == SUPPORT_ANY)
            n = sizeof(piece);
        if (!wait_readable(peer, fd))
            return went_wrong(peer, i, "nothing came");
        ssize_t got = recv(fd, piece, n, 0);
        if (got <= 0)
            return went_wrong(peer, i, "the other side closed");
        if (step->kind == SUPPORT_EXPECT &&
            memcmp(piece, (const char *)step->data + have, (size_t)got) != 0)
            return went_wrong(peer, i, "other bytes came");
        have += (size_t)got;
    }
    return true;
}

/* True: the connection is still open. */
static bool play_step(struct support_peer *peer, int fd, size_t i)
{
    const struct support_step *step = &peer->steps[i];
    char byte;

    switch (step->kind) {
    case SUPPORT_EXPECT:
    case SUPPORT_READ:
    case SUPPORT_ANY:
        if (read_step(peer, fd, step, i))
            return true;
        break;
    case SUPPORT_SEND:
        if (send_all(fd, step->data, step->length))
            return true;
        (void)went_wrong(peer, i, "the other side does not take bytes");
        break;
    case SUPPORT_EOF:
        if (wait_readable(peer, fd) && recv(fd, &byte, 1, 0) == 0)
            return true;
        (void)went_wrong(peer, i, "the other side did not close");
        break;
    case SUPPORT_CLOSE:
        break;
    case SUPPORT_RESET:
        end_connection(fd, true);
        return false;
    case SUPPORT_HOLD:
        while (!stopped(peer))
            (void)wait_readable(peer, peer->stop_fd);
        break;
    }
    end_connection(fd, false);
    return false;
}

static void *scripted(void *user)
{
    struct support_peer *peer = user;

    while (wait_readable(peer, peer->listener)) {
        int fd = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC);
        bool open = fd >= 0;

        for (size_t i = 0; open && i < peer->nsteps; i++)
            open = play_step(peer, fd, i);
        if (open)
            end_connection(fd, false);
    }
    return NULL;
}

/* ---- the relay ---- */

struct pair {
    int client, server;
    uint64_t received; /* from the server */
};

static void end_pair(struct pair *pair, bool reset)
{
    end_connection(pair->client, reset);
    close(pair->server);
    pair->client = pair->server = -1;
}

static bool accept_pair(struct support_peer *peer, struct pair *pair)
{
    const int one = 1;
    struct sockaddr_in address = loopback(peer->upstream);
    int client = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC);
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (client < 0 || server < 0 ||
        connect(server, (struct sockaddr *)&address, sizeof(address)) < 0) {
        if (client >= 0)
            close(client);
        if (server >= 0)
            close(server);
        return false;
    }
    (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    (void)setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    *pair = (struct pair){.client = client, .server = server};
    return true;
}

/* Bytes from the server to the client, damaged. False: the pair has ended. */
static bool hand_back(struct support_peer *peer, struct pair *pair)
{
    const struct support_damage *damage = &peer->damage;
    uint8_t piece[16384];
    ssize_t n = recv(pair->server, piece, sizeof(piece), 0);

    if (n <= 0)
        return false;
    atomic_fetch_add(&peer->received, (uint64_t)n);
    size_t length = (size_t)n;
    if (damage->flip_at >= pair->received && damage->flip_at - pair->received < length)
        piece[damage->flip_at - pair->received] ^= 0xff;
    bool ends = damage->end_at != UINT64_MAX && damage->end_at <= pair->received + length;
    if (ends)
        length = damage->end_at > pair->received ? (size_t)(damage->end_at - pair->received) : 0;
    pair->received += length;
    return send_all(pair->client, piece, length) && !ends;
}

static bool hand_on(struct pair *pair)
{
    uint8_t piece[16384];
    ssize_t n = recv(pair->client, piece, sizeof(piece), 0);

    return n > 0 && send_all(pair->server, piece, (size_t)n);
}

static void *relaying(void *user)
{
    struct support_peer *peer = user;
    struct pair pairs[RELAYED_MAX];
    struct pollfd fds[2 + 2 * RELAYED_MAX];
    int n = 0;

    for (;;) {
        fds[0] = (struct pollfd){.fd = peer->stop_fd, .events = POLLIN};
        fds[1] = (struct pollfd){.fd = n < RELAYED_MAX ? peer->listener : -1, .events = POLLIN};
        for (int i = 0; i < n; i++) {
            fds[2 + 2 * i] = (struct pollfd){.fd = pairs[i].client, .events = POLLIN};
            fds[3 + 2 * i] = (struct pollfd){.fd = pairs[i].server, .events = POLLIN};
        }
        if (poll(fds, (nfds_t)(2 + 2 * n), -1) < 0 && errno != EINTR)
            break;
        if (fds[0].revents)
            break;
        int before = n;
        for (int i = 0; i < before; i++) {
            bool alive = !fds[2 + 2 * i].revents || hand_on(&pairs[i]);

            if (alive && fds[3 + 2 * i].revents)
                alive = hand_back(peer, &pairs[i]);
            if (!alive)
                end_pair(&pairs[i], peer->damage.reset);
        }
        if (fds[1].revents && accept_pair(peer, &pairs[n]))
            n++;
        int kept = 0;
        for (int i = 0; i < n; i++) {
            if (pairs[i].client >= 0)
                pairs[kept++] = pairs[i];
        }
        n = kept;
    }
    for (int i = 0; i < n; i++)
        end_pair(&pairs[i], false);
    return NULL;
}

/* ---- both ---- */

static int start(struct support_peer *peer, void *(*run)(void *), struct support_peer **out,
                 struct bench_error *err)
{
    int rc = bound_socket(&peer->listener, &peer->port);

    peer->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (rc < 0 || peer->stop_fd < 0 || listen(peer->listener, SOMAXCONN) < 0 ||
        pthread_create(&peer->thread, NULL, run, peer) != 0) {
        if (rc == 0)
            close(peer->listener);
        if (peer->stop_fd >= 0)
            close(peer->stop_fd);
        free(peer);
        return bench_fail(err, rc < 0 ? rc : -EAGAIN, "the peer of the test did not start");
    }
    *out = peer;
    return 0;
}

int support_peer_start(const struct support_step *steps, size_t nsteps, struct support_peer **out,
                       struct bench_error *err)
{
    struct support_peer *peer = calloc(1, sizeof(*peer));

    if (!peer)
        return bench_fail(err, -ENOMEM, "out of memory");
    peer->steps = steps;
    peer->nsteps = nsteps;
    return start(peer, scripted, out, err);
}

int support_relay_start(uint16_t port, const struct support_damage *damage,
                        struct support_peer **out, struct bench_error *err)
{
    struct support_peer *peer = calloc(1, sizeof(*peer));

    if (!peer)
        return bench_fail(err, -ENOMEM, "out of memory");
    peer->upstream = port;
    peer->damage = *damage;
    return start(peer, relaying, out, err);
}

uint16_t support_peer_port(const struct support_peer *peer) { return peer->port; }

uint64_t support_relay_received(const struct support_peer *relay)
{
    return atomic_load(&relay->received);
}

int support_peer_stop(struct support_peer *peer, struct bench_error *err)
{
    const uint64_t one = 1;
    int rc = 0;

    if (!peer)
        return 0;
    if (write(peer->stop_fd, &one, sizeof(one)) != sizeof(one))
        rc = bench_fail(err, -errno, "cannot stop the peer");
    (void)pthread_join(peer->thread, NULL);
    if (rc == 0 && peer->failure[0] != '\0')
        rc = bench_fail(err, -EPROTO, "%s", peer->failure);
    close(peer->listener);
    close(peer->stop_fd);
    free(peer);
    return rc;
}
