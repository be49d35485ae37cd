/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/session_internal.h"
#include "service/service.h"

TestSuite(session, .timeout = 30);

#define SHORT_NS (5 * BENCH_NS_PER_MS) /* long enough to be a wait, short enough for a test */

/* A session on one end of a socket pair; the test plays the peer. */
struct fixture {
    struct bench_session_setup setup;
    struct bench_session session;
    int peer, own;
};

static void open_fixture(struct fixture *f, int64_t idle_ns, int64_t message_ns)
{
    int fds[2];
    struct bench_error error = {.msg = ""};
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    f->setup = (struct bench_session_setup){
        .service = bench_reference_service(),
        .server = f,
        .session_size = 24,
        .limits = {idle_ns, message_ns, 1000},
    };
    f->own = fds[0];
    f->peer = fds[1];
    cr_assert_eq(bench_session_init(&f->session, f->own, &f->setup, &error), 0, "%s", error.msg);
}

static void close_fixture(struct fixture *f)
{
    bench_session_fini(&f->session);
    close(f->own);
    if (f->peer >= 0)
        close(f->peer);
}

static void peer_sends(const struct fixture *f, const void *data, size_t length)
{
    cr_assert_eq(send(f->peer, data, length, MSG_NOSIGNAL), (ssize_t)length);
}

static void hang_up(struct fixture *f)
{
    close(f->peer);
    f->peer = -1;
}

/* The same over TCP on loopback. */
static void open_tcp_fixture(struct fixture *f)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct bench_error error = {.msg = ""};

    cr_assert_geq(listener, 0);
    cr_assert_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    cr_assert_eq(listen(listener, 1), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    f->setup = (struct bench_session_setup){.service = bench_reference_service(), .server = f};
    f->peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(f->peer, (struct sockaddr *)&address, sizeof(address)), 0);
    f->own = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    cr_assert_geq(f->own, 0);
    close(listener);
    cr_assert_eq(bench_session_init(&f->session, f->own, &f->setup, &error), 0, "%s", error.msg);
}

/* ---- what a session carries ---- */

Test(session, has_what_it_was_made_with)
{
    static const uint8_t zeros[24];
    struct fixture f;
    open_fixture(&f, 1, 2);
    cr_expect_arr_eq(bench_session_priv(&f.session), zeros, 24);
    cr_expect_eq(bench_session_server(&f.session), (void *)&f);
    cr_expect_eq(bench_session_service(&f.session), bench_reference_service());
    cr_expect_eq(bench_session_limits(&f.session)->message_bytes, 1000);
    cr_expect_not(bench_session_stopping(&f.session));
    close_fixture(&f);
}

Test(session, init_says_what_is_wrong)
{
    struct bench_session session;
    struct bench_error error;
    const struct bench_session_setup setup = {.limits = {1, 1, 1}};
    cr_expect_eq(bench_session_init(&session, -1, &setup, &error), -EBADF);
    cr_expect(strstr(error.msg, "-1") != NULL, "%s", error.msg);
}

/* ---- reading ---- */

static const char message[] = "0123456789abcdefghij";
enum { LENGTH = 20, HEAD = 4 };

struct sender {
    int fd;
    size_t split;
    pthread_barrier_t *taken;
};

/* The first part, and the rest only after the reader has looked at that. */
static void *send_in_two(void *argument)
{
    const struct sender *sender = argument;
    cr_assert_eq(send(sender->fd, message, sender->split, 0), (ssize_t)sender->split);
    (void)pthread_barrier_wait(sender->taken);
    cr_assert_eq(send(sender->fd, message + sender->split, LENGTH - sender->split, 0),
                 (ssize_t)(LENGTH - sender->split));
    return NULL;
}

Test(session, peek_and_read_put_split_messages_together)
{
    for (size_t split = 1; split < LENGTH; split++) {
        struct fixture f;
        pthread_barrier_t taken;
        pthread_t thread;
        const uint8_t *data;
        size_t have;
        char rest[LENGTH];
        open_fixture(&f, 0, 0);
        (void)pthread_barrier_init(&taken, NULL, 2);
        struct sender sender = {.fd = f.peer, .split = split, .taken = &taken};
        cr_assert_eq(pthread_create(&thread, NULL, send_in_two, &sender), 0);

        cr_assert_eq(bench_session_peek(&f.session, 1, false, &data, &have), 0);
        cr_expect_eq(have, split);
        (void)pthread_barrier_wait(&taken);
        cr_assert_eq(bench_session_peek(&f.session, HEAD, true, &data, &have), 0);
        cr_expect_geq(have, HEAD);
        cr_expect_arr_eq(data, message, HEAD);
        bench_session_consume(&f.session, HEAD);
        cr_assert_eq(bench_session_read(&f.session, rest, LENGTH - HEAD), 0);
        cr_expect_arr_eq(rest, message + HEAD, LENGTH - HEAD, "split at %zu", split);

        cr_assert_eq(pthread_join(thread, NULL), 0);
        (void)pthread_barrier_destroy(&taken);
        close_fixture(&f);
    }
}

Test(session, peek_gives_the_whole_buffer_after_moving_it)
{
    struct fixture f;
    static uint8_t block[BENCH_SESSION_BUFFER];
    const uint8_t *data;
    size_t have;
    open_fixture(&f, 0, 0);
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] = (uint8_t)(i % 251);
    peer_sends(&f, "xyz", 3);
    peer_sends(&f, block, sizeof(block));
    cr_assert_eq(bench_session_peek(&f.session, 3, false, &data, &have), 0);
    bench_session_consume(&f.session, 3);
    cr_assert_eq(bench_session_peek(&f.session, sizeof(block), true, &data, &have), 0);
    cr_assert_eq(have, sizeof(block));
    cr_expect_arr_eq(data, block, sizeof(block));
    cr_expect_eq(bench_session_peek(&f.session, sizeof(block) + 1, true, &data, &have), -EMSGSIZE);
    bench_session_consume(&f.session, SIZE_MAX); /* no more than there is */
    peer_sends(&f, "!", 1);
    cr_assert_eq(bench_session_peek(&f.session, 1, false, &data, &have), 0);
    cr_expect_eq(data[0], '!');
    close_fixture(&f);
}

Test(session, end_of_file_between_and_within_messages)
{
    struct fixture f;
    const uint8_t *data;
    size_t have;
    char buffer[8];
    open_fixture(&f, 0, 0);
    hang_up(&f);
    cr_expect_eq(bench_session_peek(&f.session, 4, false, &data, &have), -ENODATA);
    cr_expect_eq(bench_session_peek(&f.session, 4, true, &data, &have), -ECONNRESET);
    cr_expect_eq(bench_session_read(&f.session, buffer, 1), -ECONNRESET);
    close_fixture(&f);

    open_fixture(&f, 0, 0);
    peer_sends(&f, "ab", 2);
    hang_up(&f);
    cr_expect_eq(bench_session_peek(&f.session, 4, false, &data, &have), -ECONNRESET);
    cr_assert_eq(bench_session_peek(&f.session, 2, false, &data, &have), 0, "still there");
    cr_expect_arr_eq(data, "ab", 2);
    close_fixture(&f);
}

/* ---- deadlines: that there are any, not how exact they are ---- */

Test(session, idle_and_message_deadlines)
{
    struct fixture f;
    const uint8_t *data;
    size_t have;
    char buffer[8];
    open_fixture(&f, SHORT_NS, 0);
    cr_expect_eq(bench_session_peek(&f.session, 1, false, &data, &have), -ETIMEDOUT);
    close_fixture(&f);

    open_fixture(&f, 0, SHORT_NS);
    peer_sends(&f, "ab", 2);
    cr_expect_eq(bench_session_peek(&f.session, 4, false, &data, &have), -ETIMEDOUT);
    cr_expect_eq(bench_session_read(&f.session, buffer, 4), -ETIMEDOUT);
    close_fixture(&f);
}

struct dripper {
    int fd;
    atomic_bool stop;
};

static void *drip(void *argument)
{
    struct dripper *dripper = argument;
    while (!atomic_load(&dripper->stop))
        (void)send(dripper->fd, "x", 1, MSG_NOSIGNAL);
    return NULL;
}

/* The limits of the session are longer than the test may take. */
Test(session, in_a_hurry_a_silent_peer_is_left)
{
    struct fixture f;
    const uint8_t *data;
    size_t have;
    open_fixture(&f, 0, 3600 * BENCH_NS_PER_S);
    peer_sends(&f, "ab", 2);
    cr_assert_eq(bench_session_peek(&f.session, 1, false, &data, &have), 0);
    bench_session_hurry(&f.session, SHORT_NS);
    cr_expect_eq(bench_session_peek(&f.session, 4, true, &data, &have), -ETIMEDOUT);
    cr_expect_eq(bench_session_peek(&f.session, 2, true, &data, &have), 0, "what came is there");
    close_fixture(&f);
}

Test(session, a_message_that_keeps_coming_has_one_deadline_for_all)
{
    struct fixture f;
    struct dripper dripper = {.stop = false};
    pthread_t thread;
    open_fixture(&f, 0, SHORT_NS);
    dripper.fd = f.peer;
    cr_assert_eq(pthread_create(&thread, NULL, drip, &dripper), 0);
    char byte;
    int rc;
    do
        rc = bench_session_read(&f.session, &byte, 1); /* always there, until time is over */
    while (rc == 0);
    cr_expect_eq(rc, -ETIMEDOUT);
    atomic_store(&dripper.stop, true);
    bench_session_stop(&f.session);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    close_fixture(&f);
}

Test(session, writing_to_a_peer_that_does_not_read_times_out)
{
    struct fixture f;
    static char block[(size_t)4 << 20];
    const struct iovec piece = {block, sizeof(block)};
    open_fixture(&f, 0, SHORT_NS);
    cr_expect_eq(bench_session_write(&f.session, &piece, 1), -ETIMEDOUT);
    close_fixture(&f);
}

/* ---- writing ---- */

struct reader {
    int fd;
    uint8_t *data;
    size_t length;
};

static void *read_everything(void *argument)
{
    struct reader *reader = argument;
    for (;;) {
        /* small pieces, so that the writer's calls end at many positions */
        const ssize_t n = recv(reader->fd, reader->data + reader->length, 1777, 0);
        if (n <= 0)
            return NULL;
        reader->length += (size_t)n;
    }
}

Test(session, write_goes_on_after_partial_writes)
{
    enum { PIECES = 40 }; /* more than go into one call */
    struct fixture f;
    pthread_t thread;
    struct iovec pieces[PIECES];
    const int small = 4096;
    size_t total = 0;
    open_fixture(&f, 0, 0);
    (void)setsockopt(f.own, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    for (int i = 0; i < PIECES; i++) {
        const size_t length = i % 5 == 0 ? 0 : (size_t)(i * 997); /* empty ones too, and first */
        uint8_t *data = malloc(length + 1);
        memset(data, 'A' + i % 26, length);
        pieces[i] = (struct iovec){data, length};
        total += length;
    }
    struct reader reader = {.fd = f.peer, .data = malloc(total + 2000)};
    cr_assert_eq(pthread_create(&thread, NULL, read_everything, &reader), 0);
    cr_expect_eq(bench_session_write(&f.session, pieces, PIECES), 0);
    bench_session_stop(&f.session);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_assert_eq(reader.length, total);
    size_t at = 0;
    for (int i = 0; i < PIECES; i++) {
        cr_expect_arr_eq(reader.data + at, pieces[i].iov_base, pieces[i].iov_len, "piece %d", i);
        at += pieces[i].iov_len;
        free(pieces[i].iov_base);
    }
    free(reader.data);
    close_fixture(&f);
}

Test(session, writing_nothing_and_writing_to_nobody)
{
    struct fixture f;
    struct iovec empty[] = {{NULL, 0}, {NULL, 0}};
    struct iovec piece = {(char[]){"x"}, 1};
    open_fixture(&f, 0, 0);
    cr_expect_eq(bench_session_write(&f.session, empty, 2), 0);
    cr_expect_eq(bench_session_write(&f.session, NULL, 0), 0);
    hang_up(&f);
    cr_expect_eq(bench_session_write(&f.session, &piece, 1), -EPIPE); /* and no SIGPIPE */
    close_fixture(&f);
}

/* ---- stopping ---- */

struct stopped {
    struct fixture fixture;
    int (*wait)(struct bench_session *);
    pthread_barrier_t begun;
    int rc;
};

static void *wait_in_session(void *argument)
{
    struct stopped *stopped = argument;
    (void)pthread_barrier_wait(&stopped->begun);
    stopped->rc = stopped->wait(&stopped->fixture.session);
    return NULL;
}

static int wait_peek(struct bench_session *session)
{
    const uint8_t *data;
    size_t have;
    return bench_session_peek(session, 1, false, &data, &have);
}

static int wait_sleep(struct bench_session *session)
{
    return bench_session_sleep(session, 3600 * BENCH_NS_PER_S);
}

static int wait_write(struct bench_session *session)
{
    static char block[(size_t)4 << 20];
    const struct iovec piece = {block, sizeof(block)};
    return bench_session_write(session, &piece, 1);
}

/* Whether stop comes before or during the wait, the answer is the same. */
static void check_stop(int (*wait)(struct bench_session *))
{
    struct stopped stopped = {.wait = wait};
    pthread_t thread;
    open_fixture(&stopped.fixture, 0, 0);
    (void)pthread_barrier_init(&stopped.begun, NULL, 2);
    cr_assert_eq(pthread_create(&thread, NULL, wait_in_session, &stopped), 0);
    (void)pthread_barrier_wait(&stopped.begun);
    bench_session_stop(&stopped.fixture.session);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_expect_eq(stopped.rc, -ECANCELED);
    cr_expect(bench_session_stopping(&stopped.fixture.session));
    cr_expect_eq(wait(&stopped.fixture.session), -ECANCELED, "and again");
    close_fixture(&stopped.fixture);
}

Test(session, stop_ends_a_peek) { check_stop(wait_peek); }
Test(session, stop_ends_a_sleep) { check_stop(wait_sleep); }
Test(session, stop_ends_a_write) { check_stop(wait_write); }

Test(session, sleep_is_not_woken_by_data)
{
    struct fixture f;
    open_fixture(&f, 0, 0);
    peer_sends(&f, "x", 1);
    cr_expect_eq(bench_session_sleep(&f.session, SHORT_NS), 0);
    cr_expect_eq(bench_session_sleep(&f.session, 0), 0);
    cr_expect_eq(bench_session_sleep(NULL, 1), 0);
    close_fixture(&f);
}

Test(session, service_gives_up_when_the_session_stops)
{
    struct fixture f;
    struct bench_arena arena;
    struct bench_value result;
    const struct bench_service *service = bench_reference_service();
    const struct {
        enum bench_operation_id id;
        struct bench_value arg;
    } rows[] = {{BENCH_OP_IO_WORK, bench_float(3600)},
                {BENCH_OP_CPU_WORK, bench_int(1000000000)},
                {BENCH_OP_COMPUTE, bench_int(1000000000000)}};
    open_fixture(&f, 0, 0);
    bench_session_stop(&f.session);
    bench_arena_init(&arena, 4096);
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        struct bench_call call = {.arena = &arena, .session = &f.session, .service = service};
        cr_expect_eq(service->call(service, &call, bench_operation_get(rows[i].id), &rows[i].arg, 1,
                                   &result),
                     -ECANCELED, "row %zu", i);
    }
    bench_arena_fini(&arena);
    close_fixture(&f);
}

/* ---- acknowledging ---- */

static unsigned unacknowledged(int fd)
{
    struct tcp_info info = {0};
    socklen_t length = sizeof(info);
    cr_assert_eq(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length), 0);
    return info.tcpi_unacked;
}

/* How often the peer's bytes were acknowledged as soon as they had been read. */
static int acknowledged_at_once(struct fixture *f, bool asked)
{
    static const int delayed = 0;
    int count = 0;
    for (int i = 0; i < 20; i++) {
        uint8_t got[4];
        cr_assert_eq(setsockopt(f->own, IPPROTO_TCP, TCP_QUICKACK, &delayed, sizeof(delayed)), 0);
        peer_sends(f, message, HEAD);
        cr_assert_eq(bench_session_read(&f->session, got, HEAD), 0);
        if (asked)
            bench_session_acknowledge(&f->session);
        count += unacknowledged(f->peer) == 0;
        while (unacknowledged(f->peer) > 0) /* by its timer */
            (void)sched_yield();
    }
    return count;
}

/* Both ways, so that the one shows what the other is worth: a busy machine may let the kernel's
 * timer come first now and then, and the acknowledgement later. */
Test(session, acknowledges_at_once)
{
    struct fixture f;
    open_tcp_fixture(&f);
    const int by_itself = acknowledged_at_once(&f, false);
    const int asked = acknowledged_at_once(&f, true);
    cr_expect_gt(asked, by_itself, "%d of 20 when asked for, %d of 20 else", asked, by_itself);
    close_fixture(&f);
}

Test(session, acknowledging_needs_no_tcp)
{
    struct fixture f;
    uint8_t got[HEAD];
    open_fixture(&f, 0, 0);
    peer_sends(&f, message, HEAD);
    cr_assert_eq(bench_session_read(&f.session, got, HEAD), 0);
    bench_session_acknowledge(&f.session);
    peer_sends(&f, message, HEAD);
    cr_assert_eq(bench_session_read(&f.session, got, HEAD), 0);
    cr_expect_arr_eq(got, message, HEAD);
    close_fixture(&f);
}
