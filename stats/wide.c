/* SPDX-License-Identifier: MIT */
#include "stats/wide.h"

#include <errno.h>
#include <math.h>
#include <string.h>

typedef unsigned __int128 u128;

/* high * 2^128 + low */
struct u256 {
    u128 high, low;
};

static struct u256 multiply(u128 a, u128 b)
{
    const u128 mask = UINT64_MAX;
    u128 a0 = a & mask, a1 = a >> 64, b0 = b & mask, b1 = b >> 64;
    u128 low = a0 * b0, mid1 = a1 * b0, mid2 = a0 * b1;
    /* Three numbers below 2^64: no overflow. */
    u128 carry = (low >> 64) + (mid1 & mask) + (mid2 & mask);

    return (struct u256){.high = a1 * b1 + (mid1 >> 64) + (mid2 >> 64) + (carry >> 64),
                         .low = (carry << 64) | (low & mask)};
}

void bench_wide_text(__int128 value, char out[BENCH_INT128_TEXT])
{
    char reversed[BENCH_INT128_TEXT];
    size_t n = 0;

    do {
        reversed[n++] = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value > 0);
    for (size_t i = 0; i < n; i++)
        out[i] = reversed[n - 1 - i];
    out[n] = '\0';
}

int bench_wide_parse(const char *text, __int128 *out)
{
    __int128 value = 0;

    if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
        return -EINVAL;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return -EINVAL;
        if (__builtin_mul_overflow(value, (__int128)10, &value) ||
            __builtin_add_overflow(value, (__int128)(*text - '0'), &value))
            return -EINVAL;
    }
    *out = value;
    return 0;
}

long double bench_wide_spread(uint64_t n, __int128 sum, __int128 sum_squares, bool *ok)
{
    struct u256 a = multiply(n, (u128)sum_squares);
    struct u256 b = multiply((u128)sum, (u128)sum);
    bool negative = a.high < b.high || (a.high == b.high && a.low < b.low);

    if (ok)
        *ok = !negative;
    if (negative)
        return 0;
    u128 high = a.high - b.high - (a.low < b.low), low = a.low - b.low;
    return ldexpl((long double)high, 128) + (long double)low;
}
