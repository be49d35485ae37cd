/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap/ring.h"

enum { SMALL = TAP_RING_BYTES_MIN };

static void make(struct tap_ring **ring, struct tap_ring **other, size_t bytes)
{
    struct bench_error err = {0};
    int fd = -1;

    cr_assert_eq(tap_ring_new(ring, bytes, &fd, &err), 0, "%s", err.msg);
    if (other)
        cr_assert_eq(tap_ring_attach(other, fd, &err), 0, "%s", err.msg);
    close(fd);
}

static void count(const struct bench_piece *piece, void *user)
{
    (void)piece;
    ++*(int *)user;
}

Test(tap_ring, sizes, .timeout = 30)
{
    static const size_t bad[] = {0, 1, SMALL - 1, SMALL / 2, SMALL + 4096, (size_t)1 << 31};
    struct tap_ring *ring = NULL;
    struct bench_error err = {0};
    int fd = -1;

    for (size_t i = 0; i < BENCH_COUNT_OF(bad); i++)
        cr_expect_eq(tap_ring_new(&ring, bad[i], &fd, &err), -EINVAL, "%zu", bad[i]);
    cr_expect_null(ring);
    tap_ring_free(NULL);
}

/* Everything of a piece comes out as it went in. */
struct copy {
    struct bench_piece piece;
    char text[64];
};

static void copy(const struct bench_piece *piece, void *user)
{
    struct copy *to = user;

    to->piece = *piece;
    cr_assert(piece->length < sizeof(to->text));
    memcpy(to->text, piece->data, piece->length);
    to->text[piece->length] = '\0';
}

Test(tap_ring, members, .timeout = 30)
{
    struct tap_ring *ring, *other;
    struct copy got;
    size_t put;
    const struct bench_piece piece = {
        .kind = BENCH_PIECE_OPEN,
        .direction = BENCH_TO_CLIENT,
        .connection = UINT64_C(0x1234567890abcdef),
        .time_ns = INT64_C(0x0fedcba987654321),
        .process = 11,
        .thread = 12,
        .place = 13,
        .from_server = true,
        .joined = true,
        .data = "a > b",
        .length = 5,
    };

    make(&ring, &other, SMALL);
    cr_expect_eq(tap_ring_take(other, 10, copy, &got), 0);
    cr_assert_eq(tap_ring_put(ring, &piece, &put), 0);
    cr_expect_eq(put, 5);
    cr_expect(tap_ring_fill(other) > 0);
    cr_assert_eq(tap_ring_take(other, 10, copy, &got), 1);
    cr_expect_str_eq(got.text, "a > b");
    cr_expect_eq(got.piece.kind, piece.kind);
    cr_expect_eq(got.piece.direction, piece.direction);
    cr_expect_eq(got.piece.connection, piece.connection);
    cr_expect_eq(got.piece.time_ns, piece.time_ns);
    cr_expect_eq(got.piece.process, 11);
    cr_expect_eq(got.piece.thread, 12);
    cr_expect_eq(got.piece.place, 13);
    cr_expect(got.piece.from_server && got.piece.joined);
    cr_expect_eq(tap_ring_fill(ring), 0);
    tap_ring_drop(ring);
    cr_expect_eq(tap_ring_dropped(other), 1);
    tap_ring_free(ring);
    tap_ring_free(other);
}

/* Round and round, with every remainder at the end of the memory. */
struct stream {
    uint64_t seed_out, seed_in;
    uint64_t bytes;
    bool wrong;
};

static uint8_t next_byte(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint8_t)(*seed >> 56);
}

static void compare(const struct bench_piece *piece, void *user)
{
    struct stream *stream = user;
    const uint8_t *data = piece->data;

    for (size_t i = 0; i < piece->length; i++)
        stream->wrong = stream->wrong || data[i] != next_byte(&stream->seed_in);
    stream->bytes += piece->length;
}

Test(tap_ring, wraps, .timeout = 60)
{
    static uint8_t data[3 * SMALL];
    struct tap_ring *ring, *other;
    struct stream stream = {.seed_out = 5, .seed_in = 5};
    uint64_t sizes = 99, sent = 0;

    make(&ring, &other, SMALL);
    for (int i = 0; i < 3000; i++) {
        struct bench_piece piece = {.kind = BENCH_PIECE_DATA, .data = data};
        size_t put, n = (size_t)next_byte(&sizes) * (i % 100 == 0 ? 700 : 11);

        for (size_t k = 0; k < n; k++)
            data[k] = next_byte(&stream.seed_out);
        sent += n;
        piece.length = n;
        /* Larger than the ring: what did not go in goes in later. */
        while (tap_ring_put(ring, &piece, &put) != 0) {
            piece.data = (const uint8_t *)piece.data + put;
            piece.length -= put;
            cr_assert(tap_ring_take(other, 1000, compare, &stream) > 0);
        }
    }
    while (tap_ring_take(other, 3, compare, &stream) > 0)
        ;
    cr_expect_not(stream.wrong);
    cr_expect_eq(stream.bytes, sent);
    tap_ring_free(ring);
    tap_ring_free(other);
}

Test(tap_ring, full, .timeout = 30)
{
    struct tap_ring *ring, *other;
    struct bench_piece piece = {.kind = BENCH_PIECE_DATA, .data = "12345678", .length = 8};
    size_t put;
    int in = 0, out = 0;

    make(&ring, &other, SMALL);
    while (tap_ring_put(ring, &piece, &put) == 0)
        in++;
    cr_expect_eq(put, 0);
    cr_expect(in >= SMALL / 64 && in <= SMALL / 48, "%d", in);
    cr_expect(tap_ring_fill(ring) > 0.99);
    cr_expect_eq(tap_ring_take(other, 1, count, &out), 1);
    cr_expect_eq(tap_ring_put(ring, &piece, &put), 0);
    cr_expect_eq(tap_ring_put(ring, &piece, &put), -EAGAIN);
    cr_expect_eq(tap_ring_take(other, 1 << 20, count, &out), in);
    cr_expect_eq(out, in + 1);
    tap_ring_free(ring);
    tap_ring_free(other);
}

/* Many put in at once; of each thread everything comes out, in its order. */
enum { WRITERS = 6, EACH = 20000 };

struct writer {
    struct tap_ring *ring;
    uint32_t number;
};

static void *write_many(void *user)
{
    const struct writer *writer = user;
    uint32_t data[40];
    size_t put;

    for (uint32_t i = 0; i < EACH; i++) {
        struct bench_piece piece = {.kind = BENCH_PIECE_DATA,
                                    .connection = i,
                                    .thread = writer->number,
                                    .data = data,
                                    .length = (i % 40) * sizeof(data[0])};

        for (uint32_t k = 0; k < i % 40; k++)
            data[k] = writer->number * 1000003u + i;
        while (tap_ring_put(writer->ring, &piece, &put) != 0)
            (void)sched_yield();
    }
    return NULL;
}

struct reader {
    uint64_t next[WRITERS];
    int wrong;
};

static void check_one(const struct bench_piece *piece, void *user)
{
    struct reader *reader = user;
    uint32_t value;

    if (piece->thread >= WRITERS || piece->connection != reader->next[piece->thread]++ ||
        piece->length != piece->connection % 40 * sizeof(value)) {
        reader->wrong++;
        return;
    }
    for (size_t at = 0; at < piece->length; at += sizeof(value)) {
        memcpy(&value, (const char *)piece->data + at, sizeof(value));
        reader->wrong += value != piece->thread * 1000003u + (uint32_t)piece->connection;
    }
}

Test(tap_ring, many_writers, .timeout = 120)
{
    struct tap_ring *ring, *other;
    struct writer writers[WRITERS];
    struct reader reader = {.wrong = 0};
    pthread_t threads[WRITERS];
    int got = 0;

    make(&ring, &other, SMALL);
    for (uint32_t i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){ring, i};
        cr_assert_eq(pthread_create(&threads[i], NULL, write_many, &writers[i]), 0);
    }
    while (got < WRITERS * EACH) {
        int n = tap_ring_take(other, 1000, check_one, &reader);

        cr_assert(n >= 0);
        got += n;
        if (n == 0)
            (void)sched_yield();
    }
    for (uint32_t i = 0; i < WRITERS; i++)
        (void)pthread_join(threads[i], NULL);
    cr_expect_eq(reader.wrong, 0);
    cr_expect_eq(tap_ring_take(other, 1, check_one, &reader), 0);
    tap_ring_free(ring);
    tap_ring_free(other);
}

/* ---- another process's memory ---- */

Test(tap_ring, not_a_ring, .timeout = 30)
{
    struct tap_ring *ring = NULL;
    struct bench_error err = {0};
    int pipes[2], memory, sealed;

    cr_assert_eq(pipe(pipes), 0);
    cr_expect_eq(tap_ring_attach(&ring, pipes[0], &err), -EPROTO);
    cr_expect_eq(tap_ring_attach(&ring, -1, &err), -EPROTO);
    /* One that its owner could still shrink under us. */
    memory = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    cr_assert_eq(ftruncate(memory, 65536 + SMALL), 0);
    cr_expect_eq(tap_ring_attach(&ring, memory, &err), -EPROTO);
    /* Sealed, of the right size, and empty. */
    cr_assert_eq(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
    cr_expect_eq(tap_ring_attach(&ring, memory, &err), -EPROTO);
    sealed = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    cr_assert_eq(ftruncate(sealed, 100), 0);
    cr_assert_eq(fcntl(sealed, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
    cr_expect_eq(tap_ring_attach(&ring, sealed, &err), -EPROTO);
    cr_expect_null(ring);
    close(memory);
    close(sealed);
    close(pipes[0]);
    close(pipes[1]);
}

/* Looks at every byte that it is given. */
static void touch(const struct bench_piece *piece, void *user)
{
    const uint8_t *data = piece->data;

    cr_assert(piece->length <= SMALL / 4);
    cr_assert(piece->kind <= BENCH_PIECE_EXIT);
    cr_assert(piece->direction <= BENCH_TO_CLIENT);
    for (size_t i = 0; i < piece->length; i++)
        *(unsigned *)user += data[i];
}

/* Any byte may be anything, at any time. */
Test(tap_ring, hostile, .timeout = 120)
{
    uint64_t seed = 4711;
    unsigned sum = 0, broken = 0;

    for (int round = 0; round < 400; round++) {
        struct tap_ring *ring, *other;
        struct bench_error err = {0};
        uint8_t data[100] = {1, 2, 3};
        int fd = -1;

        cr_assert_eq(tap_ring_new(&ring, SMALL, &fd, &err), 0, "%s", err.msg);
        cr_assert_eq(tap_ring_attach(&other, fd, &err), 0, "%s", err.msg);
        uint8_t *memory = mmap(NULL, 65536 + SMALL, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        cr_assert_neq(memory, MAP_FAILED);
        close(fd);
        for (int step = 0; step < 60; step++) {
            struct bench_piece piece = {.kind = BENCH_PIECE_DATA, .data = data};
            size_t put, at = (size_t)next_byte(&seed) << 4 | (next_byte(&seed) & 15);

            piece.length = next_byte(&seed) % sizeof(data);
            for (int i = 0; i < 20; i++)
                (void)!tap_ring_put(ring, &piece, &put);
            /* The counters, or the records. */
            for (int i = 0; i < 3; i++)
                memory[(step % 3 == 0 ? 0 : 65536) + (at + (size_t)i) % 4096] ^= next_byte(&seed);
            if (tap_ring_take(other, 25, touch, &sum) < 0) {
                broken++;
                cr_expect_eq(tap_ring_take(other, 25, touch, &sum), -EPROTO);
                break;
            }
            double fill = tap_ring_fill(other);
            cr_assert(fill >= 0 && fill <= 1);
            (void)tap_ring_dropped(other);
        }
        (void)munmap(memory, 65536 + SMALL);
        tap_ring_free(ring);
        tap_ring_free(other);
    }
    cr_expect(broken > 50, "%u of 400 were noticed", broken);
}

/* A thread that changes records while they are taken. */
static _Atomic bool stop;

static void *scribble(void *user)
{
    uint8_t *memory = user;
    uint64_t seed = 1;

    while (!atomic_load(&stop)) {
        size_t at = (size_t)next_byte(&seed) << 3 | (next_byte(&seed) & 7);

        memory[at] = next_byte(&seed);
    }
    return NULL;
}

Test(tap_ring, changed_meanwhile, .timeout = 120)
{
    unsigned sum = 0;

    for (int round = 0; round < 100; round++) {
        struct tap_ring *ring, *other;
        struct bench_error err = {0};
        uint8_t data[64] = {0};
        pthread_t thread;
        int fd = -1;

        atomic_store(&stop, false);
        cr_assert_eq(tap_ring_new(&ring, SMALL, &fd, &err), 0, "%s", err.msg);
        cr_assert_eq(tap_ring_attach(&other, fd, &err), 0, "%s", err.msg);
        uint8_t *memory = mmap(NULL, 65536 + SMALL, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        cr_assert_neq(memory, MAP_FAILED);
        close(fd);
        cr_assert_eq(pthread_create(&thread, NULL, scribble, memory + 65536), 0);
        for (int i = 0; i < 300; i++) {
            struct bench_piece piece = {.kind = BENCH_PIECE_DATA, .data = data, .length = 64};
            size_t put;

            (void)!tap_ring_put(ring, &piece, &put);
            if (tap_ring_take(other, 2, touch, &sum) < 0)
                break;
        }
        atomic_store(&stop, true);
        (void)pthread_join(thread, NULL);
        (void)munmap(memory, 65536 + SMALL);
        tap_ring_free(ring);
        tap_ring_free(other);
    }
}
