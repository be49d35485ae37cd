/* SPDX-License-Identifier: MIT */
/* A session of our server over a socket pair, whose other end a test plays byte for byte. */
#ifndef TEST_RPYC_PAIR_H
#define TEST_RPYC_PAIR_H

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/session_internal.h"
#include "protocols/rpyc/rpyc.h"
#include "protocols/rpyc/rpyc_frame.h"
#include "protocols/rpyc/rpyc_msg.h"
#include "protocols/rpyc/rpyc_refs.h"
#include "service/service.h"

enum { MESSAGE_LIMIT = 1 << 20 };

struct pair {
    int ours, theirs;
    pthread_t thread;
    int served; /* what serve returned */
    struct bench_arena arena;
    struct rpyc_inflater inflater;
    uint8_t frame[8192];
};

static inline void *serve(void *user)
{
    struct pair *p = user;
    const struct bench_session_setup setup = {
        .service = bench_reference_service(),
        .session_size = rpyc_server_ops.session_size,
        .limits = {.message_bytes = MESSAGE_LIMIT},
    };
    struct bench_session *session = malloc(sizeof(*session));
    struct bench_error err;
    cr_assert_not_null(session);
    cr_assert_eq(bench_session_init(session, p->theirs, &setup, &err), 0);
    p->served = rpyc_server_ops.serve(session, &err);
    bench_session_fini(session);
    free(session);
    (void)close(p->theirs);
    return NULL;
}

static inline void start(struct pair *p)
{
    int fds[2];
    const struct timeval patience = {.tv_sec = 20};
    struct bench_error err;
    cr_assert_eq(bench_payload_init(BENCH_PAYLOAD_ZEROS, 1, &err), 0);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    *p = (struct pair){.ours = fds[0], .theirs = fds[1]};
    cr_assert_eq(setsockopt(p->ours, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    bench_arena_init(&p->arena, (size_t)16 << 20);
    rpyc_inflater_init(&p->inflater, MESSAGE_LIMIT);
    cr_assert_eq(pthread_create(&p->thread, NULL, serve, p), 0);
}

/* Returns what serve returned. */
static inline int end(struct pair *p)
{
    (void)shutdown(p->ours, SHUT_WR);
    cr_assert_eq(pthread_join(p->thread, NULL), 0);
    (void)close(p->ours);
    rpyc_inflater_fini(&p->inflater);
    bench_arena_fini(&p->arena);
    return p->served;
}

static inline void send_bytes(struct pair *p, const void *data, size_t n)
{
    cr_assert_eq(send(p->ours, data, n, MSG_NOSIGNAL), (ssize_t)n);
}

static inline uint8_t digit(char c) { return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10); }

/* A frame round that payload. */
static inline size_t frame_of(const char *hex, uint8_t *out)
{
    size_t n = strlen(hex) / 2;
    const uint8_t head[5] = {0, 0, (uint8_t)(n >> 8), (uint8_t)n, 0};
    memcpy(out, head, sizeof(head));
    for (size_t i = 0; i < n; i++)
        out[5 + i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    out[5 + n] = '\n';
    return n + 6;
}

static inline void send_hex(struct pair *p, const char *hex)
{
    uint8_t frame[512];
    send_bytes(p, frame, frame_of(hex, frame));
}

static inline bool receive(struct pair *p, size_t at, size_t n)
{
    while (n > 0) {
        ssize_t got = recv(p->ours, p->frame + at, n, 0);
        if (got <= 0)
            return false;
        at += (size_t)got;
        n -= (size_t)got;
    }
    return true;
}

/* The next message, or false at the end of file. */
static inline bool next_message(struct pair *p, struct rpyc_message *message)
{
    struct rpyc_frame frame;
    struct bench_error err;
    const uint8_t *payload;
    size_t n;
    enum rpyc_layout layout;
    if (!receive(p, 0, 5))
        return false;
    cr_assert_eq(rpyc_frame_parse(p->frame, 5, sizeof(p->frame) - 6, &frame, &err), -EAGAIN);
    cr_assert(receive(p, 5, frame.total - 5));
    cr_assert_eq(rpyc_frame_parse(p->frame, frame.total, sizeof(p->frame), &frame, &err), 0);
    cr_assert_eq(p->frame[frame.total - 1], '\n');
    cr_assert_eq(rpyc_frame_plain(&p->inflater, &frame, &payload, &n, &err), 0);
    cr_assert_eq(rpyc_layout_detect(payload, n, &layout, &err), 0);
    bench_arena_reset(&p->arena);
    cr_assert_eq(rpyc_message_open(message, layout, payload, n, &p->arena, false, &err), 0);
    return true;
}

/* A frame whose payload is exactly this. */
static inline void expect_hex(struct pair *p, const char *hex)
{
    uint8_t expected[512];
    size_t n = frame_of(hex, expected);
    cr_assert(receive(p, 0, n), "instead of %s came the end", hex);
    cr_assert(memcmp(p->frame, expected, n) == 0, "not %s", hex);
}

static inline void expect_exception(struct pair *p, const char *start_of_text)
{
    struct rpyc_message message;
    struct rpyc_exception exception;
    char text[256];
    cr_assert(next_message(p, &message));
    cr_assert_eq(message.type, RPYC_EXCEPTION);
    cr_assert_eq(rpyc_read_exception(&message.body, &exception), 0);
    rpyc_exception_text(&exception, text, sizeof(text));
    cr_assert(strncmp(text, start_of_text, strlen(start_of_text)) == 0, "%s", text);
}

static inline void expect_end(struct pair *p)
{
    uint8_t byte;
    cr_assert_leq(recv(p->ours, &byte, 1, 0), 0);
}

#endif
