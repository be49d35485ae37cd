/* SPDX-License-Identifier: MIT */
/*
 * The memory: one page of counters, then the ring, which is mapped twice in a row so that a record
 * never has to be put together at its end. head counts bytes that were reserved, tail bytes that
 * were taken; neither is ever reset. A record begins with a word that is zero until the record is
 * whole; who takes it zeroes all of it, so that what a peer once sent cannot pass for a record.
 */
#include "tap/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RING_MAGIC 0x72706e6774617031u
enum {
    RING_HEAD_BYTES = 1 << 16, /* a multiple of every page size */
    RING_SEALS = F_SEAL_SHRINK | F_SEAL_GROW,
    TELL_EVERY = 64, /* pieces taken, for those that wait for room */
};

/* Each on a cache line of its own: many write head, one writes tail. */
struct ring_head {
    uint64_t magic, bytes;
    _Alignas(64) _Atomic uint64_t head;
    _Alignas(64) _Atomic uint64_t tail;
    _Alignas(64) _Atomic uint64_t dropped;
};

struct ring_record {
    _Atomic uint32_t whole; /* all its bytes, with this; 0 = not there yet */
    uint32_t length;        /* of the data */
    uint64_t connection;
    int64_t time_ns;
    uint32_t process, thread, place;
    uint8_t kind, direction, from_server, joined;
};
_Static_assert(sizeof(struct ring_record) == 40, "records are packed");

struct tap_ring {
    struct ring_head *shared;
    uint8_t *data;
    size_t bytes;
    size_t handle_bytes; /* of this struct, which has pages of its own: no malloc in a send() */
    uint64_t tail;       /* the taker's own: what is in the memory may be anything */
    _Atomic uint64_t
        seen;      /* tail as those that put saw it last: spares them the other core's line */
    uint8_t *copy; /* the taker's: data that nobody changes while it is looked at */
    bool broken;
};

static size_t rounded(size_t length) { return (length + 7) & ~(size_t)7; }

/* The head, then the ring twice. */
static int map_ring(struct tap_ring *ring, int fd, struct bench_error *err)
{
    size_t all = RING_HEAD_BYTES + 2 * ring->bytes;
    uint8_t *base = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int prot = PROT_READ | PROT_WRITE, flags = MAP_SHARED | MAP_FIXED;

    if (base == MAP_FAILED)
        return bench_fail(err, -ENOMEM, "no room for a ring of %zu bytes", ring->bytes);
    if (mmap(base, RING_HEAD_BYTES + ring->bytes, prot, flags, fd, 0) == MAP_FAILED ||
        mmap(base + RING_HEAD_BYTES + ring->bytes, ring->bytes, prot, flags, fd, RING_HEAD_BYTES) ==
            MAP_FAILED) {
        int status = -errno;

        (void)munmap(base, all);
        return bench_fail(err, status, "cannot map a ring of %zu bytes: %s", ring->bytes,
                          bench_errno_text(status));
    }
    /* A forked child has its own. */
    (void)madvise(base, all, MADV_DONTFORK);
    ring->shared = (struct ring_head *)base;
    ring->data = base + RING_HEAD_BYTES;
    return 0;
}

static int ring_handle(struct tap_ring **out, size_t bytes, struct bench_error *err)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    struct tap_ring *ring =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (ring == MAP_FAILED)
        return bench_fail(err, -ENOMEM, "no memory for a ring");
    ring->handle_bytes = size;
    ring->bytes = bytes;
    *out = ring;
    return 0;
}

static bool size_is_fine(uint64_t bytes)
{
    return bytes >= TAP_RING_BYTES_MIN && bytes <= TAP_RING_BYTES_MAX && (bytes & (bytes - 1)) == 0;
}

/* Without close(), which the preloaded library has one of its own of. */
static void close_quietly(int fd) { (void)syscall(SYS_close, fd); }

/* A process that may not make files of that size would get a SIGXFSZ for trying. */
static bool may_be_as_long(size_t bytes)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur >= bytes;
}

int tap_ring_new(struct tap_ring **out, size_t bytes, int *fd, struct bench_error *err)
{
    struct tap_ring *ring = NULL;
    int status, memory;

    if (!size_is_fine(bytes))
        return bench_fail(err, -EINVAL, "a ring of %zu bytes: must be a power of two, %d .. %d",
                          bytes, TAP_RING_BYTES_MIN, TAP_RING_BYTES_MAX);
    if (!may_be_as_long(RING_HEAD_BYTES + bytes))
        return bench_fail(err, -EFBIG, "a ring of %zu bytes: more than the limit of a file", bytes);
    memory = memfd_create("rpycbench-tap", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory < 0)
        return bench_fail(err, -errno, "memfd_create: %s", bench_errno_text(errno));
    /* Sealed: the other end must not be hit by a SIGBUS when we shrink it. */
    if (ftruncate(memory, (off_t)(RING_HEAD_BYTES + bytes)) != 0 ||
        fcntl(memory, F_ADD_SEALS, RING_SEALS) != 0)
        status = bench_fail(err, -errno, "memory file: %s", bench_errno_text(errno));
    else
        status = ring_handle(&ring, bytes, err);
    if (status == 0)
        status = map_ring(ring, memory, err);
    if (status != 0) {
        close_quietly(memory);
        tap_ring_free(ring);
        return status;
    }
    ring->shared->bytes = bytes;
    ring->shared->magic = RING_MAGIC;
    *out = ring;
    *fd = memory;
    return 0;
}

int tap_ring_attach(struct tap_ring **out, int fd, struct bench_error *err)
{
    struct tap_ring *ring = NULL;
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS), status;
    uint64_t bytes;

    if (seals < 0 || (seals & RING_SEALS) != RING_SEALS || fstat(fd, &st) != 0 ||
        st.st_size <= RING_HEAD_BYTES || !size_is_fine((uint64_t)st.st_size - RING_HEAD_BYTES))
        return bench_fail(err, -EPROTO, "no ring: not a sealed memory file of a ring's size");
    bytes = (uint64_t)st.st_size - RING_HEAD_BYTES;
    status = ring_handle(&ring, bytes, err);
    if (status == 0)
        status = map_ring(ring, fd, err);
    if (status == 0 && (ring->shared->magic != RING_MAGIC || ring->shared->bytes != bytes))
        status = bench_fail(err, -EPROTO, "no ring: its head says something else");
    if (status == 0) {
        ring->copy = malloc(bytes / 4);
        if (!ring->copy)
            status = bench_fail(err, -ENOMEM, "no memory for a ring");
    }
    if (status != 0) {
        tap_ring_free(ring);
        return status;
    }
    ring->tail = atomic_load_explicit(&ring->shared->tail, memory_order_relaxed) & ~(uint64_t)7;
    *out = ring;
    return 0;
}

void tap_ring_free(struct tap_ring *ring)
{
    if (!ring)
        return;
    if (ring->shared)
        (void)munmap(ring->shared, RING_HEAD_BYTES + 2 * ring->bytes);
    free(ring->copy);
    (void)munmap(ring, ring->handle_bytes);
}

/* Room for so many bytes, or NULL. */
static struct ring_record *reserve(struct tap_ring *ring, size_t whole)
{
    struct ring_head *shared = ring->shared;
    uint64_t head = atomic_load_explicit(&shared->head, memory_order_relaxed), used;

    do {
        used = head - atomic_load_explicit(&ring->seen, memory_order_acquire);
        if (used > ring->bytes || ring->bytes - used < whole) {
            uint64_t tail = atomic_load_explicit(&shared->tail, memory_order_acquire);

            atomic_store_explicit(&ring->seen, tail, memory_order_release);
            used = head - tail;
        }
        if (used > ring->bytes || ring->bytes - used < whole || (head & 7) != 0)
            return NULL;
    } while (!atomic_compare_exchange_weak_explicit(&shared->head, &head, head + whole,
                                                    memory_order_relaxed, memory_order_relaxed));
    return (struct ring_record *)(void *)(ring->data + (head & (ring->bytes - 1)));
}

int tap_ring_put(struct tap_ring *ring, const struct bench_piece *piece, size_t *put)
{
    size_t most = ring->bytes / 4 - sizeof(struct ring_record), done = 0;

    *put = 0;
    do {
        size_t part = piece->length - done < most ? piece->length - done : most;
        size_t whole = rounded(sizeof(struct ring_record) + part);
        struct ring_record *record = reserve(ring, whole);

        if (!record)
            return -EAGAIN;
        record->length = (uint32_t)part;
        record->connection = piece->connection;
        record->time_ns = piece->time_ns;
        record->process = piece->process;
        record->thread = piece->thread;
        record->place = piece->place;
        record->kind = (uint8_t)piece->kind;
        record->direction = (uint8_t)piece->direction;
        record->from_server = piece->from_server;
        record->joined = piece->joined;
        if (part > 0)
            memcpy(record + 1, (const uint8_t *)piece->data + done, part);
        atomic_store_explicit(&record->whole, (uint32_t)whole, memory_order_release);
        /* Where the next ones will be: the taker zeroed that on another core. */
        __builtin_prefetch((char *)record + whole, 1);
        __builtin_prefetch((char *)record + whole + 64, 1);
        done += part;
        *put = done;
    } while (done < piece->length);
    return 0;
}

void tap_ring_drop(struct tap_ring *ring)
{
    (void)atomic_fetch_add_explicit(&ring->shared->dropped, 1, memory_order_relaxed);
}

uint64_t tap_ring_dropped(const struct tap_ring *ring)
{
    return atomic_load_explicit(&ring->shared->dropped, memory_order_relaxed);
}

/* Copies what the record says; the other process may be changing it at this moment. */
static bool record_read(struct tap_ring *ring, const struct ring_record *record, uint32_t whole,
                        struct bench_piece *piece)
{
    struct ring_record head;

    if (whole < sizeof(head) || whole > ring->bytes / 4 || (whole & 7) != 0)
        return false;
    memcpy(&head, (const void *)record, sizeof(head));
    if (head.length > ring->bytes / 4 || rounded(sizeof(head) + head.length) != whole ||
        head.kind > BENCH_PIECE_EXIT || head.direction > BENCH_TO_CLIENT)
        return false;
    memcpy(ring->copy, record + 1, head.length);
    *piece = (struct bench_piece){
        .kind = (enum bench_piece_kind)head.kind,
        .direction = (enum bench_direction)head.direction,
        .connection = head.connection,
        .time_ns = head.time_ns,
        .process = head.process,
        .thread = head.thread,
        .place = head.place,
        .from_server = head.from_server != 0,
        .joined = head.joined != 0,
        .data = ring->copy,
        .length = head.length,
    };
    return true;
}

static void tell_tail(struct tap_ring *ring)
{
    atomic_store_explicit(&ring->shared->tail, ring->tail, memory_order_release);
}

int tap_ring_take(struct tap_ring *ring, int max, bench_piece_fn fn, void *user)
{
    int n = 0;

    if (ring->broken)
        return -EPROTO;
    if (!ring->copy) { /* the end that made it */
        ring->copy = malloc(ring->bytes / 4);
        if (!ring->copy)
            return 0;
    }
    for (; n < max; n++) {
        struct ring_record *record =
            (struct ring_record *)(void *)(ring->data + (ring->tail & (ring->bytes - 1)));
        uint32_t whole = atomic_load_explicit(&record->whole, memory_order_acquire);
        struct bench_piece piece;

        if (whole == 0)
            break;
        if (!record_read(ring, record, whole, &piece)) {
            ring->broken = true;
            return -EPROTO;
        }
        memset((void *)record, 0, whole);
        ring->tail += whole;
        if (n % TELL_EVERY == 0)
            tell_tail(ring);
        fn(&piece, user);
    }
    tell_tail(ring);
    return n;
}

double tap_ring_fill(const struct tap_ring *ring)
{
    uint64_t used = atomic_load_explicit(&ring->shared->head, memory_order_relaxed) -
                    atomic_load_explicit(&ring->shared->tail, memory_order_relaxed);

    return used >= ring->bytes ? 1 : (double)used / (double)ring->bytes;
}
