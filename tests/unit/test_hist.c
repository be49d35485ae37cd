/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "stats/base64.h"
#include "stats/hist.h"
#include "stats/hist_private.h"

TestSuite(hist, .timeout = 60);

static uint64_t random_state = 88172645463325252u;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Latency-like: any magnitude from 1 ns to 2^bits ns. */
static int64_t random_ns(unsigned bits)
{
    return (int64_t)(next_random() >> (64 - 1 - next_random() % bits));
}

static struct bench_hist *new_hist(void)
{
    struct bench_hist *hist = NULL;

    cr_assert_eq(bench_hist_new(&hist), 0);
    return hist;
}

static void check_same(const struct bench_hist *a, const struct bench_hist *b)
{
    cr_assert_eq(a->count, b->count);
    cr_assert_eq(memcmp(a->buckets, b->buckets, sizeof(a->buckets)), 0);
}

Test(hist, layout_of_the_buckets)
{
    cr_expect_eq(bench_hist_index(0), 0);
    cr_expect_eq(bench_hist_index(-5), 0);
    cr_expect_eq(bench_hist_index(2047), 2047);
    cr_expect_eq(bench_hist_index(2048), 2048);
    cr_expect_eq(bench_hist_index(2049), 2048);
    cr_expect_eq(bench_hist_index(2050), 2049);
    cr_expect_eq(bench_hist_index(4095), 3071);
    cr_expect_eq(bench_hist_index(4096), 3072);
    cr_expect_eq(bench_hist_index(BENCH_HIST_MAX_NS), BENCH_HIST_BUCKETS - 1);
    cr_expect_eq(bench_hist_index(BENCH_HIST_MAX_NS + 1), BENCH_HIST_BUCKETS - 1);
    cr_expect_eq(bench_hist_index(INT64_MAX), BENCH_HIST_BUCKETS - 1);
    cr_expect_eq(bench_hist_high(BENCH_HIST_BUCKETS - 1), BENCH_HIST_MAX_NS);
}

Test(hist, buckets_are_without_gap_and_narrow)
{
    for (uint32_t i = 0; i < BENCH_HIST_BUCKETS; i++) {
        int64_t low = bench_hist_low(i), high = bench_hist_high(i);
        cr_assert_eq(bench_hist_index(low), i);
        cr_assert_eq(bench_hist_index(high), i);
        cr_assert_eq(low, i == 0 ? 0 : bench_hist_high(i - 1) + 1);
        /* 2^(1 - 11) of the value. */
        cr_assert_leq((high - low) * 1024, low, "bucket %u", i);
    }
}

Test(hist, settling_changes_nothing_that_can_be_asked)
{
    struct bench_hist *a, *b;
    cr_assert_eq(bench_hist_new(&a), 0);
    cr_assert_eq(bench_hist_new(&b), 0);
    for (int round = 0; round < 2; round++) {
        for (int64_t ns = 1; ns < INT64_C(40000000000); ns = ns * 3 + round) {
            bench_hist_record(a, ns);
            bench_hist_record(b, ns);
        }
        bench_hist_settle(a);
        cr_expect_eq(bench_hist_count(a), bench_hist_count(b));
        for (int p = 0; p <= 1000; p++)
            cr_expect_eq(bench_hist_percentile(a, p / 1000.0), bench_hist_percentile(b, p / 1000.0));
    }
    bench_hist_free(a);
    bench_hist_free(b);
}

Test(hist, p99_of_1_to_100_is_99)
{
    struct bench_hist *hist = new_hist();

    for (int64_t v = 100; v >= 1; v--)
        bench_hist_record(hist, v);
    cr_expect_eq(bench_hist_percentile(hist, 0.99), 99);
    cr_expect_eq(bench_hist_percentile(hist, 0.5), 50);
    cr_expect_eq(bench_hist_percentile(hist, 0.501), 51);
    cr_expect_eq(bench_hist_percentile(hist, 0), 1);
    cr_expect_eq(bench_hist_percentile(hist, 1), 100);
    /* Not pushed up by the rounding of p: 0.07 * 100 is 7.000000000000001 in doubles. */
    for (int i = 1; i <= 100; i++)
        cr_expect_eq(bench_hist_percentile(hist, i / 100.0), i, "p%d", i);
    bench_hist_free(hist);
}

Test(hist, percentile_of_few_or_none)
{
    struct bench_hist *hist = new_hist();

    cr_expect_eq(bench_hist_percentile(hist, 0.5), 0);
    bench_hist_record(hist, 1234567);
    for (int i = 0; i <= 10; i++)
        cr_expect_eq(bench_hist_percentile(hist, i / 10.0), 1234567);
    bench_hist_record(hist, -7);
    cr_expect_eq(bench_hist_percentile(hist, 0.5), 0);
    cr_expect_eq(bench_hist_percentile(hist, 0.51), 1234567);
    bench_hist_record(hist, INT64_C(100) * 1000000000); /* above the range: max stays exact */
    cr_expect_eq(bench_hist_percentile(hist, 1), INT64_C(100000000000));
    cr_expect_eq(bench_hist_percentile(hist, 0.5), 1234431); /* middle of 2^10 values */
    cr_expect_eq(bench_hist_count(hist), 3);
    bench_hist_reset(hist);
    cr_expect_eq(bench_hist_count(hist), 0);
    cr_expect_eq(bench_hist_percentile(hist, 0.9), 0);
    bench_hist_free(hist);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

Test(hist, percentiles_agree_with_a_sorted_array)
{
    static const int sizes[] = {1, 2, 3, 10, 99, 1000, 20000};
    static const double ps[] = {0, 0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 1};
    static int64_t values[20000];

    for (size_t k = 0; k < BENCH_COUNT_OF(sizes); k++) {
        struct bench_hist *hist = new_hist();
        int n = sizes[k];
        for (int i = 0; i < n; i++) {
            values[i] = random_ns(36);
            bench_hist_record(hist, values[i]);
        }
        qsort(values, (size_t)n, sizeof(values[0]), compare);
        for (size_t j = 0; j < BENCH_COUNT_OF(ps); j++) {
            long rank = (long)(ps[j] * n);
            if ((double)rank < ps[j] * n - 1e-9)
                rank++;
            int64_t exact = values[rank > 0 ? rank - 1 : 0];
            int64_t got = bench_hist_percentile(hist, ps[j]);
            int64_t error = got > exact ? got - exact : exact - got;
            cr_assert_leq(error * 1024, exact, "n %d p %g: %ld not %ld", n, ps[j], (long)got,
                          (long)exact);
        }
        bench_hist_free(hist);
    }
}

Test(hist, adding_equals_recording_all)
{
    struct bench_hist *a = new_hist(), *b = new_hist(), *all = new_hist();

    for (int i = 0; i < 30000; i++) {
        int64_t v = random_ns(40);
        bench_hist_record(i % 3 ? a : b, v);
        bench_hist_record(all, v);
    }
    bench_hist_add(a, b);
    cr_assert_eq(memcmp(a, all, sizeof(*a)), 0);
    bench_hist_reset(b);
    bench_hist_add(a, b); /* nothing */
    cr_assert_eq(memcmp(a, all, sizeof(*a)), 0);
    bench_hist_free(a);
    bench_hist_free(b);
    bench_hist_free(all);
}

struct walk {
    int64_t last;
    uint64_t count;
};

static void walk(int64_t low, int64_t high, uint64_t count, void *user)
{
    struct walk *seen = user;

    cr_expect_gt(low, seen->last);
    cr_expect_leq(low, high);
    cr_expect_gt(count, 0);
    seen->last = high;
    seen->count += count;
}

Test(hist, each_goes_up_and_sees_all)
{
    struct bench_hist *hist = new_hist();
    struct walk seen = {.last = -1};

    for (int i = 0; i < 1000; i++)
        bench_hist_record(hist, random_ns(36));
    bench_hist_each(hist, walk, &seen);
    cr_expect_eq(seen.count, 1000);
    bench_hist_free(hist);
}

Test(hist, pack_and_unpack)
{
    static const int sizes[] = {0, 1, 2, 100, 100000};

    for (size_t k = 0; k < BENCH_COUNT_OF(sizes); k++) {
        struct bench_hist *hist = new_hist(), *back = new_hist();
        char *text = NULL;
        for (int i = 0; i < sizes[k]; i++)
            bench_hist_record(hist, random_ns(40));
        cr_assert_eq(bench_hist_pack(hist, &text), 0);
        cr_assert_eq(sizes[k] == 0, text[0] == '\0');
        cr_assert_eq(bench_hist_unpack(back, text, NULL), 0);
        check_same(hist, back);
        cr_assert_eq(bench_hist_unpack(back, text, NULL), 0); /* adds */
        cr_assert_eq(bench_hist_count(back), 2 * (uint64_t)sizes[k]);
        free(text);
        bench_hist_free(hist);
        bench_hist_free(back);
    }
}

Test(hist, full_histogram_packs)
{
    struct bench_hist *hist = new_hist(), *back = new_hist();
    char *text = NULL;

    for (uint32_t i = 0; i < BENCH_HIST_BUCKETS; i++) {
        hist->buckets[i] = next_random() >> 15; /* their sum stays below 2^64 */
        hist->count += hist->buckets[i];
    }
    cr_assert_eq(bench_hist_pack(hist, &text), 0);
    cr_assert_eq(bench_hist_unpack(back, text, NULL), 0);
    check_same(hist, back);
    free(text);
    bench_hist_free(hist);
    bench_hist_free(back);
}

/* Written by hand with another program: Python's zlib and base64 of the bytes e8 07 03 01 ac 02,
 * that is 3 samples in bucket 1000 and 300 in bucket 1001. */
Test(hist, text_of_another_program)
{
    struct bench_hist *hist = new_hist();

    cr_assert_eq(bench_hist_unpack(hist, "eJx7wc7MuIYJAAcCAaI=", NULL), 0);
    cr_expect_eq(hist->buckets[1000], 3);
    cr_expect_eq(hist->buckets[1001], 300);
    cr_expect_eq(bench_hist_count(hist), 303);
    cr_expect_eq(bench_hist_percentile(hist, 0.5), 1001);
    bench_hist_free(hist);
}

static char *text_of(const void *plain, size_t length)
{
    uLongf packed_length = compressBound((uLong)length);
    unsigned char *packed = malloc(packed_length);

    cr_assert_eq(compress(packed, &packed_length, plain, (uLong)length), Z_OK);
    char *text = malloc(BENCH_BASE64_SIZE((size_t)packed_length));
    bench_base64_encode(packed, packed_length, text);
    free(packed);
    return text;
}

static void refuse_text(struct bench_hist *hist, const char *text)
{
    static struct bench_hist before;
    struct bench_error err = {0};

    before = *hist;
    cr_expect_eq(bench_hist_unpack(hist, text, &err), -EINVAL, "%.40s", text);
    cr_expect_neq(err.msg[0], '\0');
    cr_expect_eq(memcmp(&before, hist, sizeof(before)), 0, "%.40s changed it", text);
}

static void refuse_plain(struct bench_hist *hist, const void *plain, size_t length)
{
    char *text = text_of(plain, length);

    refuse_text(hist, text);
    free(text);
}

Test(hist, hostile_texts_are_refused)
{
    struct bench_hist *hist = new_hist();

    bench_hist_record(hist, 77);
    refuse_text(hist, "x");
    refuse_text(hist, "====");
    refuse_text(hist, "AAA=");
    refuse_text(hist, "eJx7wc7MuIYJAAcCAaI");      /* cut */
    refuse_text(hist, "eJx7wc7MuIYJAAcCAaIA");     /* something behind the stream */
    refuse_text(hist, "eJx7wc7MuIYJAAcCAaJ=");     /* not canonical */
    refuse_text(hist, "eJx7wc7MuIYJAAcCAaI=eJx7"); /* padding inside */
    refuse_plain(hist, "", 0);
    refuse_plain(hist, "\x05", 1);             /* no count */
    refuse_plain(hist, "\x05\x00", 2);         /* a count of 0 */
    refuse_plain(hist, "\x05\x01\x00\x01", 4); /* the same bucket twice */
    refuse_plain(hist, "\x80\xd8\x01\x01", 4); /* bucket 27648: one too far */
    refuse_plain(hist, "\xff\xd7\x01\x01\x01\x01", 6);
    refuse_plain(hist, "\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11); /* 1 + 2^64 - 1 */
    refuse_plain(hist, "\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11); /* 65 bits */
    refuse_plain(hist, "\x05\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12);
    refuse_plain(hist, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01", 11);
    bench_hist_free(hist);
}

Test(hist, bombs_are_refused)
{
    struct bench_hist *hist = new_hist();
    size_t length = 64 << 20;
    char *zeros = calloc(1, length);

    refuse_plain(hist, zeros, length); /* 64 KiB of text, 64 MiB of bytes */
    memset(zeros, 'A', length);
    zeros[length - 1] = '\0';
    refuse_text(hist, zeros);
    free(zeros);
    bench_hist_free(hist);
}

/* Whatever is changed in a text: it is refused and changes nothing, or it is a histogram. */
Test(hist, mutated_texts)
{
    struct bench_hist *hist = new_hist(), *back = new_hist();
    char *text = NULL;
    int refused = 0;

    for (int i = 0; i < 500; i++)
        bench_hist_record(hist, random_ns(30));
    cr_assert_eq(bench_hist_pack(hist, &text), 0);
    size_t length = strlen(text);
    for (int round = 0; round < 3000; round++) {
        char *copy = strdup(text);
        for (uint64_t n = next_random() % 3 + 1; n > 0; n--)
            copy[next_random() % length] = (char)(next_random() % 255 + 1);
        if (round % 7 == 0)
            copy[next_random() % length] = '\0';
        bench_hist_reset(back);
        if (bench_hist_unpack(back, copy, NULL) == 0) {
            uint64_t sum = 0;
            for (uint32_t i = 0; i < BENCH_HIST_BUCKETS; i++)
                sum += back->buckets[i];
            cr_assert_eq(sum, back->count);
        } else {
            cr_assert_eq(back->count, 0);
            refused++;
        }
        free(copy);
    }
    cr_expect_gt(refused, 2500);
    free(text);
    bench_hist_free(hist);
    bench_hist_free(back);
}

/* The same behind valid base64, zlib and checksum: the pairs themselves are mutated. */
Test(hist, mutated_pairs)
{
    struct bench_hist *back = new_hist();
    unsigned char plain[64];

    for (int round = 0; round < 3000; round++) {
        size_t length = next_random() % sizeof(plain) + 1;
        for (size_t i = 0; i < length; i++)
            plain[i] = (unsigned char)(next_random() >> (next_random() % 2 ? 57 : 56));
        char *text = text_of(plain, length);
        bench_hist_reset(back);
        int rc = bench_hist_unpack(back, text, NULL);
        cr_assert(rc == 0 || (rc == -EINVAL && back->count == 0));
        free(text);
    }
    bench_hist_free(back);
}

/* RFC 4648, section 10. */
Test(hist, base64_vectors)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};

    for (size_t i = 0; i < BENCH_COUNT_OF(pairs); i++) {
        char text[16];
        uint8_t back[16];
        size_t n = 99;
        bench_base64_encode((const uint8_t *)pairs[i][0], strlen(pairs[i][0]), text);
        cr_expect_str_eq(text, pairs[i][1]);
        cr_assert_eq(bench_base64_decode(text, strlen(text), back, &n), 0);
        cr_expect_eq(n, strlen(pairs[i][0]));
        cr_expect_eq(memcmp(back, pairs[i][0], n), 0);
    }
}
