/* SPDX-License-Identifier: MIT */
#include "service/service_internal.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

#include "bench/session.h"

/* Between two looks at whether the session still wants the answer: well under the 100 ms that
 * bench_session_tend asks for. */
#define HASH_STRIDE INT64_C(65536)
#define SUM_STRIDE  (INT64_C(1) << 22)

/* Fetched once: EVP_MD_fetch walks the providers, which would cost more than a hash. */
static EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

static void fetch_sha256(void) { sha256 = EVP_MD_fetch(NULL, "SHA256", NULL); }

static bool gave_up(struct bench_session *session)
{
    return session != NULL && bench_session_stopping(session);
}

static int hash_times(EVP_MD_CTX *context, int64_t times, uint8_t *data, size_t *length)
{
    for (int64_t i = 0; i < times; i++) {
        if (EVP_DigestInit_ex2(context, sha256, NULL) != 1 ||
            EVP_DigestUpdate(context, data, *length) != 1 ||
            EVP_DigestFinal_ex(context, data, NULL) != 1)
            return -EIO;
        *length = 32;
    }
    return 0;
}

int bench_service_hash(struct bench_session *session, int64_t iterations, char *out)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t data[EVP_MAX_MD_SIZE] = "start";
    size_t length = 5;

    if (pthread_once(&sha256_once, fetch_sha256) != 0 || sha256 == NULL)
        return -EIO;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL)
        return -ENOMEM;
    int rc = 0;
    for (int64_t done = 0; rc == 0 && done < iterations; done += HASH_STRIDE) {
        if (done > 0)
            bench_session_tend(session);
        const int64_t left = iterations - done;
        rc = hash_times(context, left < HASH_STRIDE ? left : HASH_STRIDE, data, &length);
        if (rc == 0 && gave_up(session))
            rc = -ECANCELED;
    }
    EVP_MD_CTX_free(context);
    if (rc < 0)
        return rc;

    size_t used = 0;
    for (size_t i = 0; i < length && used < BENCH_CPU_DIGITS; i++) {
        out[used++] = digits[data[i] >> 4];
        out[used++] = digits[data[i] & 15];
    }
    out[used] = '\0';
    return 0;
}

int bench_service_sum(struct bench_session *session, int64_t n, __int128 *out)
{
    __int128 sum = 0;
    for (int64_t begin = 0; begin < n; begin += SUM_STRIDE) {
        if (begin > 0)
            bench_session_tend(session);
        const int64_t end = n - begin < SUM_STRIDE ? n : begin + SUM_STRIDE;
        for (int64_t i = begin; i < end; i++) {
            int64_t factor = i;
            /* Hides that factor is the loop's counter, so that no compiler finds the closed form:
             * the operation is there to cost what a loop costs. */
            __asm__ volatile("" : "+r"(factor));
            sum += (__int128)factor * factor;
        }
        if (gave_up(session))
            return -ECANCELED;
    }
    *out = sum;
    return 0;
}
