/* SPDX-License-Identifier: MIT */
/* The delay line alone: times are given, so everything is exact. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "tap/line.h"

#define MS BENCH_NS_PER_MS
#define T0 (1000 * BENCH_NS_PER_S) /* an arbitrary now */

enum { LIMIT = 4 * TAP_SEGMENT_BYTES };

static struct tap_shape shape;
static struct tap_pool pool;
static struct tap_line line;

static void begin(int64_t delay_ns, int64_t jitter_ns, double bits_per_s)
{
    tap_shape_init(&shape, delay_ns, jitter_ns, bits_per_s, LIMIT, 7);
    tap_line_init(&line, &shape, &pool);
    line.begun = true; /* most tests are about what comes after the handshake */
}

static void end(void)
{
    tap_line_fini(&line);
    cr_expect_eq(line.bytes, 0);
    cr_expect_null(line.head);
    tap_pool_fini(&pool);
}

TestSuite(relay_line, .fini = end, .timeout = 60);

/* n bytes, numbered from *count on, in as many pieces as the segments need. */
static size_t put(size_t n, size_t *count, int64_t now_ns)
{
    size_t done = 0;
    while (done < n) {
        uint8_t *at;
        size_t room = tap_line_reserve(&line, &at);
        size_t take = room < n - done ? room : n - done;
        for (size_t i = 0; i < take; i++)
            at[i] = (uint8_t)((*count + i) * 2654435761u >> 11);
        tap_line_commit(&line, take, now_ns);
        *count += take;
        done += take;
        if (take == 0)
            break;
    }
    return done;
}

static size_t due_bytes(int64_t now_ns)
{
    struct iovec pieces[64];
    size_t n = 0;
    int count = tap_line_peek(&line, now_ns, pieces, 64);
    for (int i = 0; i < count; i++)
        n += pieces[i].iov_len;
    return n;
}

/* Takes up to n bytes and checks that they are the next ones. */
static size_t take(size_t n, size_t *count, int64_t now_ns)
{
    struct iovec pieces[3];
    size_t total = 0;
    int pieces_n = tap_line_peek(&line, now_ns, pieces, 3);
    for (int k = 0; k < pieces_n; k++) {
        const uint8_t *data = pieces[k].iov_base;
        for (size_t i = 0; i < pieces[k].iov_len && total < n; i++, total++)
            cr_assert_eq(data[i], (uint8_t)((*count + total) * 2654435761u >> 11), "byte %zu",
                         *count + total);
    }
    tap_line_consume(&line, total);
    *count += total;
    return total;
}

Test(relay_line, bytes_come_out_after_the_delay)
{
    size_t in = 0;
    begin(5 * MS, 0, 0);
    cr_expect_eq(tap_line_due(&line), TAP_NEVER);
    put(100, &in, T0);
    put(50, &in, T0 + MS);
    cr_expect_eq(tap_line_due(&line), T0 + 5 * MS);
    cr_expect_eq(due_bytes(T0 + 5 * MS - 1), 0);
    cr_expect_eq(due_bytes(T0 + 5 * MS), 100);
    cr_expect_eq(due_bytes(T0 + 6 * MS), 150);
    tap_line_consume(&line, 30);
    cr_expect_eq(due_bytes(T0 + 5 * MS), 70, "what is left of a piece stays due");
    tap_line_consume(&line, 70);
    cr_expect_eq(tap_line_due(&line), T0 + 6 * MS);
    tap_line_consume(&line, 50);
    cr_expect_eq(tap_line_due(&line), TAP_NEVER);
    cr_expect_eq(line.bytes, 0, "an idle line holds no memory");
}

Test(relay_line, first_bytes_pay_for_the_handshake)
{
    size_t in = 0;
    begin(5 * MS, 0, 0);
    line.begun = false;
    put(1, &in, T0);
    cr_expect_eq(tap_line_due(&line), T0 + 15 * MS);
    put(1, &in, T0 + MS);
    cr_expect_eq(due_bytes(T0 + 15 * MS - 1), 0, "and nothing passes them");
    cr_expect_eq(due_bytes(T0 + 15 * MS), 2);
    tap_line_fini(&line);
    begin(5 * MS, 0, 0);
    line.begun = false;
    tap_line_finish(&line, TAP_FIN, T0, 0);
    cr_expect_eq(tap_line_due(&line), T0 + 15 * MS, "an end without bytes does so too");
}

Test(relay_line, rate_spreads_bytes)
{
    size_t in = 0;
    begin(MS, 0, 8e6); /* 1 byte per us, packets of 1448 bytes */
    put(10000, &in, T0);
    cr_expect_eq(tap_line_due(&line), T0 + MS + 1448000);
    cr_expect_eq(due_bytes(T0 + MS + 1447999), 0);
    cr_expect_eq(due_bytes(T0 + MS + 1448000), 1448);
    cr_expect_eq(due_bytes(T0 + MS + 2 * 1448000), 2896);
    cr_expect_eq(due_bytes(T0 + MS + 9999999), 6 * 1448);
    cr_expect_eq(due_bytes(T0 + MS + 10000000), 10000);
    tap_line_consume(&line, 1500);
    cr_expect_eq(tap_line_due(&line), T0 + MS + 2 * 1448000);
    cr_expect_eq(due_bytes(T0 + MS + 2 * 1448000), 2896 - 1500);
    put(500, &in, T0 + 2 * MS); /* waits behind the others */
    cr_expect_eq(due_bytes(T0 + MS + 10499999), 8500);
    cr_expect_eq(due_bytes(T0 + MS + 10500000), 9000);
    tap_line_consume(&line, 9000);
    put(500, &in, T0 + 100 * MS); /* the link was idle meanwhile */
    cr_expect_eq(tap_line_due(&line), T0 + 101 * MS + 500000);
}

/* At any rate, what is promised as due can be had then, and not a nanosecond earlier. */
Test(relay_line, promised_times_are_kept_at_odd_rates)
{
    static const double rates[] = {56e3, 333333, 9.7e6, 100e6, 123456789, 1e9, 7.7e9, 1e13};
    for (size_t k = 0; k < BENCH_COUNT_OF(rates); k++) {
        size_t in = 0, out = 0;
        begin(3 * MS, 0, rates[k]);
        put(70001, &in, T0 + 12345);
        while (out < in) {
            int64_t due = tap_line_due(&line);
            cr_assert_eq(due_bytes(due - 1), 0, "rate %g, byte %zu", rates[k], out);
            cr_assert_gt(due_bytes(due), 0, "rate %g, byte %zu", rates[k], out);
            double sent = (double)(due - (T0 + 12345 + 3 * MS)) * rates[k] / 8e9;
            cr_assert_leq((double)(out + due_bytes(due)), sent + 1, "rate %g", rates[k]);
            (void)take(SIZE_MAX, &out, due);
        }
        tap_line_fini(&line);
    }
}

Test(relay_line, jitter_stays_in_bounds_and_never_reorders)
{
    size_t in = 0;
    int64_t last = 0, least = INT64_MAX, most = 0;
    begin(5 * MS, 4 * MS, 0);
    for (int i = 0; i < 3000; i++) { /* far apart: nobody waits for the one before */
        int64_t now = T0 + i * 20 * MS;
        put(1, &in, now);
        int64_t took = tap_line_due(&line) - now;
        cr_assert(took >= MS && took <= 9 * MS, "%lld", (long long)took);
        least = took < least ? took : least;
        most = took > most ? took : most;
        tap_line_consume(&line, 1);
    }
    cr_expect_lt(least, MS + MS / 50, "uniform within delay +- jitter");
    cr_expect_gt(most, 9 * MS - MS / 50);
    for (int i = 0; i < 3000; i++) { /* close together */
        put(1, &in, T0 + 100000 * MS + i);
        int64_t due = tap_line_due(&line);
        cr_assert_geq(due, last);
        cr_assert_leq(due, T0 + 100000 * MS + i + 9 * MS);
        last = due;
        tap_line_consume(&line, 1);
    }
}

Test(relay_line, memory_is_bounded)
{
    size_t in = 0, out = 0;
    uint8_t *at;
    begin(MS, 0, 0);
    size_t taken = put(SIZE_MAX, &in, T0);
    cr_expect_gt(taken, LIMIT - 4 * 64);
    cr_expect_lt(taken, LIMIT);
    cr_expect_eq(line.bytes, LIMIT);
    cr_expect(tap_line_is_full(&line));
    cr_expect_eq(tap_line_reserve(&line, &at), 0);
    tap_line_commit(&line, 0, T0);
    while (take(5000, &out, T0 + MS) > 0)
        ;
    cr_expect_eq(out, taken);
    cr_expect_eq(line.bytes, 0);
    cr_expect_not(tap_line_is_full(&line));
    size_t pieces = 0; /* the smallest ones: their times count as well */
    while (put(1, &in, T0) == 1)
        pieces++;
    cr_expect_eq(line.bytes, LIMIT);
    cr_expect_lt(pieces, LIMIT / 16);
}

Test(relay_line, nothing_read_leaves_nothing_behind)
{
    uint8_t *at;
    size_t in = 0;
    begin(MS, 0, 0);
    cr_assert_gt(tap_line_reserve(&line, &at), 0);
    tap_line_commit(&line, 0, T0);
    cr_expect_eq(line.bytes, 0);
    cr_expect_eq(tap_line_due(&line), TAP_NEVER);
    put(TAP_SEGMENT_BYTES - 1000, &in, T0); /* the next one needs a segment of its own */
    cr_assert_gt(tap_line_reserve(&line, &at), 0);
    tap_line_commit(&line, 0, T0);
    tap_line_consume(&line, in);
    cr_expect_eq(tap_line_due(&line), TAP_NEVER);
    cr_expect_eq(line.bytes, 0);
}

Test(relay_line, ends_come_behind_the_bytes)
{
    size_t in = 0;
    begin(5 * MS, 0, 0);
    put(10, &in, T0);
    tap_line_finish(&line, TAP_FIN, T0 + MS, 0);
    cr_expect_eq(tap_line_ended(&line, T0 + 100 * MS), TAP_OPEN, "bytes are left");
    tap_line_consume(&line, 10);
    cr_expect_eq(tap_line_due(&line), T0 + 6 * MS);
    cr_expect_eq(tap_line_ended(&line, T0 + 6 * MS - 1), TAP_OPEN);
    cr_expect_eq(tap_line_ended(&line, T0 + 6 * MS), TAP_FIN);
    cr_expect_eq(tap_line_reset_due(&line), TAP_NEVER);
    tap_line_finish(&line, TAP_RESET, T0 + 2 * MS, 0);
    cr_expect_eq(tap_line_reset_due(&line), T0 + 7 * MS);
    cr_expect_eq(tap_line_ended(&line, T0 + 7 * MS), TAP_RESET);
    tap_line_finish(&line, TAP_FIN, T0, 0);
    cr_expect_eq(tap_line_ended(&line, T0 + 7 * MS), TAP_RESET, "a FIN does not undo it");
}

Test(relay_line, reset_does_not_wait_for_who_takes_nothing)
{
    size_t in = 0;
    begin(5 * MS, 0, 8e6);
    put(1000, &in, T0);
    tap_line_finish(&line, TAP_RESET, T0, 0);
    cr_expect_eq(tap_line_reset_due(&line), T0 + 6 * MS, "but for the bytes before it");
    cr_expect_eq(tap_line_ended(&line, T0 + 6 * MS - 1), TAP_OPEN);
    cr_expect_eq(tap_line_ended(&line, T0 + 6 * MS), TAP_RESET);
}

/* Random sizes, times and partial takes against what must hold: order, no byte before its time. */
Test(relay_line, random_traffic)
{
    unsigned state = 12345;
    for (int round = 0; round < 40; round++) {
        size_t in = 0, out = 0;
        int64_t now = T0;
        const double rate = round % 2 == 0 ? 0 : 1e6 * (round + 1);
        int64_t came[4096] = {0}; /* when byte 256 * i came */
        begin(2 * MS, round % 3 * MS, rate);
        for (int step = 0; step < 600; step++) {
            size_t before = in;
            (void)put((size_t)rand_r(&state) % 3000, &in, now);
            for (size_t i = (before + 255) / 256; i * 256 < in && i < 4096; i++)
                came[i] = now;
            size_t first = out;
            if (rand_r(&state) % 3 != 0)
                (void)take((size_t)rand_r(&state) % 6000, &out, now);
            for (size_t i = (first + 255) / 256; i * 256 < out && i < 4096; i++)
                cr_assert_geq(now, came[i] + shape.delay_ns - shape.jitter_ns);
            if (rate > 0)
                cr_assert_leq((double)out, (double)(now - T0) * rate / 8e9 + 1);
            now += rand_r(&state) % 400000;
        }
        while (out < in) {
            int64_t due = tap_line_due(&line);
            now = due > now ? due : now;
            cr_assert_gt(take(SIZE_MAX, &out, now), 0);
        }
        cr_assert_eq(line.bytes, 0);
        tap_line_fini(&line);
    }
}
