/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "service/service.h"

const char *const bench_payload_names[] = {[BENCH_PAYLOAD_RANDOM] = "random",
                                           [BENCH_PAYLOAD_ZEROS] = "zeros",
                                           [BENCH_PAYLOAD_TEXT] = "text",
                                           NULL};

#define FIRST_BYTES ((size_t)16 << 20) /* mapped from the start: the default sizes need no more */
#define WORDS       64

/* One tile in a memfd, mapped again and again into one reserved stretch of addresses. The stretch
 * never moves, so pointers that were handed out stay good while it grows. */
static struct {
    pthread_mutex_t lock; /* of growing */
    uint8_t *base;        /* BENCH_PAYLOAD_MAX reserved bytes, or NULL */
    atomic_size_t mapped; /* bytes at base that are readable */
    int fd;
} payload = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

/* BENCH_PAYLOAD_TILE bytes of SHAKE-256("rpycbench" label SEED). */
static int shake(const char *label, uint64_t seed, uint8_t *out)
{
    char text[64];
    const int length = snprintf(text, sizeof(text), "rpycbench%s%" PRIu64, label, seed);
    EVP_MD *md = EVP_MD_fetch(NULL, "SHAKE256", NULL);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const bool good = md != NULL && context != NULL && EVP_DigestInit_ex2(context, md, NULL) == 1 &&
                      EVP_DigestUpdate(context, text, (size_t)length) == 1 &&
                      EVP_DigestFinalXOF(context, out, BENCH_PAYLOAD_TILE) == 1;
    EVP_MD_CTX_free(context);
    EVP_MD_free(md);
    return good ? 0 : -ENOMEM;
}

static int fill_text(uint64_t seed, uint8_t *tile)
{
    static const char *const words[] = {
#define X(word) word,
#include "service/words.def"
#undef X
    };
    _Static_assert(BENCH_COUNT_OF(words) == WORDS, "the text payload has 64 words");

    uint8_t *choice = malloc(BENCH_PAYLOAD_TILE);
    if (choice == NULL)
        return -ENOMEM;
    const int rc = shake("text", seed, choice);
    size_t used = 0;
    for (size_t i = 0; rc == 0 && used < BENCH_PAYLOAD_TILE; i++) {
        const char *word = words[choice[i] % WORDS];
        for (; *word != '\0' && used < BENCH_PAYLOAD_TILE; word++)
            tile[used++] = (uint8_t)*word;
        if (used < BENCH_PAYLOAD_TILE)
            tile[used++] = ' ';
    }
    free(choice);
    return rc;
}

static int fill_tile(enum bench_payload_kind kind, uint64_t seed, uint8_t *tile)
{
    switch (kind) {
    case BENCH_PAYLOAD_RANDOM:
        return shake("random", seed, tile);
    case BENCH_PAYLOAD_ZEROS:
        memset(tile, 0, BENCH_PAYLOAD_TILE);
        return 0;
    case BENCH_PAYLOAD_TEXT:
        return fill_text(seed, tile);
    }
    return -EINVAL;
}

/* Makes at least the first `size` bytes readable. With the lock held. */
static int grow(size_t size)
{
    size_t target = FIRST_BYTES;
    while (target < size)
        target *= 2;
    size_t mapped = atomic_load_explicit(&payload.mapped, memory_order_relaxed);
    for (; mapped < target; mapped += BENCH_PAYLOAD_TILE) {
        if (mmap(payload.base + mapped, BENCH_PAYLOAD_TILE, PROT_READ, MAP_SHARED | MAP_FIXED,
                 payload.fd, 0) == MAP_FAILED)
            break;
        atomic_store_explicit(&payload.mapped, mapped + BENCH_PAYLOAD_TILE, memory_order_release);
    }
    return mapped >= size ? 0 : -ENOMEM;
}

static int reserve(void)
{
    const int fd = memfd_create("rpycbench-payload", MFD_CLOEXEC);
    if (fd < 0)
        return -ENOMEM;
    void *base = MAP_FAILED;
    if (ftruncate(fd, (off_t)BENCH_PAYLOAD_TILE) == 0)
        base = mmap(NULL, BENCH_PAYLOAD_MAX, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                    -1, 0);
    if (base == MAP_FAILED) {
        (void)close(fd);
        return -ENOMEM;
    }
    payload.fd = fd;
    payload.base = base;
    return 0;
}

static int init_locked(enum bench_payload_kind kind, uint64_t seed)
{
    if (payload.base == NULL && reserve() < 0)
        return -ENOMEM;
    uint8_t *tile =
        mmap(NULL, BENCH_PAYLOAD_TILE, PROT_READ | PROT_WRITE, MAP_SHARED, payload.fd, 0);
    if (tile == MAP_FAILED)
        return -ENOMEM;
    const int rc = fill_tile(kind, seed, tile);
    (void)munmap(tile, BENCH_PAYLOAD_TILE);
    return rc < 0 ? rc : grow(FIRST_BYTES);
}

int bench_payload_init(enum bench_payload_kind kind, uint64_t seed, struct bench_error *err)
{
    (void)pthread_mutex_lock(&payload.lock);
    const int rc = init_locked(kind, seed);
    (void)pthread_mutex_unlock(&payload.lock);
    if (rc < 0)
        return bench_fail(err, rc, "cannot make the payload of kind %d", (int)kind);
    return 0;
}

const uint8_t *bench_payload(size_t size)
{
    if (size > BENCH_PAYLOAD_MAX)
        return NULL;
    const size_t mapped = atomic_load_explicit(&payload.mapped, memory_order_acquire);
    if (mapped > 0 && size <= mapped)
        return payload.base;

    (void)pthread_mutex_lock(&payload.lock);
    int rc = 0;
    if (payload.base == NULL) /* nobody chose: the random payload of seed 0 */
        rc = init_locked(BENCH_PAYLOAD_RANDOM, 0);
    if (rc == 0)
        rc = grow(size);
    (void)pthread_mutex_unlock(&payload.lock);
    return rc == 0 ? payload.base : NULL;
}
