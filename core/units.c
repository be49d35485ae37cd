/* SPDX-License-Identifier: MIT */
#include "bench/units.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/error.h"

struct unit {
    const char *name;
    double factor;
};

static const struct unit duration_units[] = {
    {"ns", 1}, {"us", 1e3}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {NULL, 0},
};

static const struct unit size_units[] = {
    {"", 1},     {"B", 1},     {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824},
    {"kB", 1e3}, {"KB", 1e3},  {"MB", 1e6},   {"GB", 1e9},      {NULL, 0},
};

int64_t bench_now_ns(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * BENCH_NS_PER_S + ts.tv_nsec;
}

/* A decimal number without sign or exponent, then one of the units. */
static int parse_with_units(const char *text, const struct unit *units, double *out)
{
    size_t digits = strspn(text, "0123456789");
    size_t length = digits;
    if (text[length] == '.')
        length += 1 + strspn(text + length + 1, "0123456789");
    if (digits == 0 || length > 30)
        return -EINVAL;
    double number = strtod(text, NULL);
    for (; units->name != NULL; units++) {
        if (strcmp(text + length, units->name) == 0) {
            *out = number * units->factor;
            return *out <= 9e18 ? 0 : -EINVAL;
        }
    }
    return -EINVAL;
}

int bench_parse_duration(const char *text, int64_t *out_ns, struct bench_error *err)
{
    double ns;
    if (strcmp(text, "0") == 0) {
        *out_ns = 0;
        return 0;
    }
    if (parse_with_units(text, duration_units, &ns) < 0)
        return bench_fail(err, -EINVAL, "'%s' is not a duration (write 250ns, 10us, 5ms, 2s or 1m)",
                          text);
    *out_ns = llround(ns);
    return 0;
}

int bench_parse_size(const char *text, int64_t *out_bytes, struct bench_error *err)
{
    double bytes;
    if (parse_with_units(text, size_units, &bytes) < 0)
        return bench_fail(err, -EINVAL, "'%s' is not a size (write 1000, 64KiB, 1.5MiB or 2GiB)",
                          text);
    if (bytes != floor(bytes))
        return bench_fail(err, -EINVAL, "size '%s' is not a whole number of bytes", text);
    *out_bytes = (int64_t)bytes;
    return 0;
}

int bench_parse_int(const char *text, int64_t min, int64_t max, int64_t *out,
                    struct bench_error *err)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    bool number = text[0] == '-' || (text[0] >= '0' && text[0] <= '9');
    if (!number || end == text || *end != '\0' || errno != 0 || value < min || value > max)
        return bench_fail(err, -EINVAL, "'%s' is not a whole number from %" PRId64 " to %" PRId64,
                          text, min, max);
    *out = value;
    return 0;
}

/* Three significant digits without an exponent: 0.123, 1.23, 12.3, 123, 1234. */
static struct bench_text with_unit(double value, const char *unit)
{
    struct bench_text text;
    double magnitude = fabs(value);
    int decimals = magnitude == 0 || magnitude >= 99.95 ? 0
                   : magnitude >= 9.995                 ? 1
                   : magnitude >= 0.9995                ? 2
                                                        : 3;
    (void)snprintf(text.s, sizeof(text.s), "%.*f %s", decimals, value, unit);
    return text;
}

struct bench_text bench_format_seconds(double seconds)
{
    if (isnan(seconds))
        return (struct bench_text){"-"};
    double magnitude = fabs(seconds);
    if (magnitude < 0.9995e-6)
        return with_unit(seconds * 1e9, "ns");
    if (magnitude < 0.09995e-3)
        return with_unit(seconds * 1e6, "µs");
    if (magnitude < 0.9995)
        return with_unit(seconds * 1e3, "ms");
    return with_unit(seconds, "s");
}

struct bench_text bench_format_size(double bytes)
{
    if (isnan(bytes))
        return (struct bench_text){"-"};
    double magnitude = fabs(bytes);
    if (magnitude < 1000)
        return with_unit(bytes, "B");
    if (magnitude < 1000.0 * 1024)
        return with_unit(bytes / 1024, "KiB");
    if (magnitude < 1000.0 * 1024 * 1024)
        return with_unit(bytes / 1048576, "MiB");
    return with_unit(bytes / 1073741824, "GiB");
}

struct bench_text bench_format_rate(double per_second)
{
    if (isnan(per_second))
        return (struct bench_text){"-"};
    if (fabs(per_second) >= 999500)
        return with_unit(per_second / 1e6, "M/s");
    return fabs(per_second) >= 9995 ? with_unit(per_second / 1e3, "k/s")
                                    : with_unit(per_second, "/s");
}

/* The largest unit in which value has at most three decimals, exactly. */
static struct bench_text exact(int64_t value, const struct unit *units, size_t count,
                               const char *base)
{
    struct bench_text text;
    for (size_t i = count; i-- > 0;) {
        double scaled = (double)value / units[i].factor;
        if (scaled < 1 || fabs(scaled * 1000 - round(scaled * 1000)) > 1e-9 * scaled * 1000)
            continue;
        (void)snprintf(text.s, sizeof(text.s), "%.3f", scaled);
        size_t n = strlen(text.s);
        while (n > 0 && text.s[n - 1] == '0')
            n--;
        if (n > 0 && text.s[n - 1] == '.')
            n--;
        (void)snprintf(text.s + n, sizeof(text.s) - n, "%s", units[i].name);
        double back;
        if (parse_with_units(text.s, units[0].factor == 1024 ? size_units : duration_units, &back) == 0 &&
            (int64_t)llround(back) == value)
            return text;
    }
    (void)snprintf(text.s, sizeof(text.s), "%" PRId64 "%s", value, base);
    return text;
}

struct bench_text bench_format_size_exact(int64_t bytes)
{
    static const struct unit units[] = {{"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}};
    return exact(bytes, units, BENCH_COUNT_OF(units), "");
}

struct bench_text bench_format_duration_exact(int64_t ns)
{
    static const struct unit units[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    return exact(ns, units, BENCH_COUNT_OF(units), ns == 0 ? "" : "ns");
}
