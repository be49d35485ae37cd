/* SPDX-License-Identifier: MIT */
/* What is kept of a machine's noise: read back, bounded, and safe from whatever the file holds. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite/noise.h"
#include "tests/support/files.h"

static char *folder;
static char path[600];

static void start(void)
{
    cr_assert_eq(support_tempdir_make(&folder, NULL), 0);
    cr_assert_eq(setenv("XDG_STATE_HOME", folder, 1), 0);
    (void)snprintf(path, sizeof(path), "%s/rpycbench/noise.json", folder);
}

static void stop(void) { support_tempdir_remove(folder); }

TestSuite(noise, .init = start, .fini = stop, .timeout = 20);

static const struct bench_metric *p50(void) { return bench_metric_get(BENCH_METRIC_P50); }

static void keep(const char *hash, const char *workload, double ratio)
{
    struct bench_error err = {0};
    const struct bench_noise_pair pair = {workload, p50(), ratio};
    cr_assert_eq(bench_noise_keep(hash, &pair, 1, &err), 0, "%s", err.msg);
}

static double floor_of(const char *hash, const char *workload)
{
    struct bench_noise *noise;
    struct bench_error err = {0};
    cr_assert_eq(bench_noise_read(hash, &noise, &err), 0, "%s", err.msg);
    const double value = bench_noise_floor(noise, workload, p50());
    bench_noise_free(noise);
    return value;
}

static void put(const char *text)
{
    char dir[600];
    (void)snprintf(dir, sizeof(dir), "%s/rpycbench", folder);
    (void)mkdir(dir, 0700);
    cr_assert_eq(support_write_file(path, text, strlen(text)), 0);
}

Test(noise, nothing_is_known_at_first)
{
    cr_expect(isnan(floor_of("abc", "latency")));
    cr_expect(isnan(bench_noise_floor(NULL, "latency", p50())));
    cr_expect_neq(access(path, F_OK), 0, "reading makes no file");
}

Test(noise, floor_is_the_95_percent_quantile_of_both_directions)
{
    keep("abc", "latency", 1.02);
    keep("abc", "latency", 1 / 1.04);
    cr_expect(isnan(floor_of("abc", "latency")), "two pairs are too few");
    keep("abc", "latency", 1.03);
    /* Type 7 of ln 1.02, 1.03, 1.04 at 0.95: 0.1 ln 1.03 + 0.9 ln 1.04. */
    cr_expect_float_eq(floor_of("abc", "latency"), exp(0.1 * log(1.03) + 0.9 * log(1.04)) - 1, 1e-6);
    cr_expect(isnan(floor_of("abc", "cpu")), "another workload");
    cr_expect(isnan(floor_of("abd", "latency")), "another machine");
    struct stat about;
    cr_assert_eq(stat(path, &about), 0);
}

Test(noise, the_newest_pairs_are_kept)
{
    struct bench_noise_pair pairs[BENCH_NOISE_KEPT + 50];
    struct bench_error err = {0};
    for (size_t i = 0; i < BENCH_COUNT_OF(pairs); i++)
        pairs[i] = (struct bench_noise_pair){"latency", p50(), i < 50 ? 9.0 : 1.01};
    cr_assert_eq(bench_noise_keep("abc", pairs, BENCH_COUNT_OF(pairs), &err), 0, "%s", err.msg);
    cr_expect_float_eq(floor_of("abc", "latency"), 0.01, 1e-6);
}

Test(noise, ratios_that_are_none_are_not_kept)
{
    const double odd[] = {0, -1, NAN, INFINITY};
    for (size_t i = 0; i < BENCH_COUNT_OF(odd); i++)
        keep("abc", "latency", odd[i]);
    cr_expect(isnan(floor_of("abc", "latency")));
}

static void refuses(const char *text)
{
    struct bench_noise *noise;
    struct bench_error err = {0};
    const struct bench_noise_pair pair = {"latency", p50(), 1.01};
    char *after;
    size_t length;
    put(text);
    cr_expect_eq(bench_noise_read("abc", &noise, &err), -EINVAL, "%.60s", text);
    cr_expect_not_null(strstr(err.msg, "noise.json"), "%s", err.msg);
    cr_expect_eq(bench_noise_keep("abc", &pair, 1, &err), -EINVAL, "%.60s", text);
    cr_assert_eq(support_read_file(path, &after, &length), 0);
    cr_expect_str_eq(after, text, "what is not ours is not overwritten");
    free(after);
}

Test(noise, files_of_others_are_refused_and_left_alone)
{
    refuses("");
    refuses("{");
    refuses("[]");
    refuses("{\"schema\": \"rpycbench-noise-2\", \"machines\": {}}");
    refuses("{\"schema\": \"rpycbench-noise-1\", \"machines\": []}");
    refuses("{\"schema\": 1, \"machines\": {}}");
    refuses("{\"schema\": \"rpycbench-noise-1\", \"machines\": {}, \"machines\": {}}");
}

Test(noise, odd_members_are_as_good_as_none)
{
    put("{\"schema\": \"rpycbench-noise-1\", \"machines\": {\"abc\": {\"latency\": {\"p50\": "
        "[\"x\", null, -1, {}, 1e308, 0.01]}, \"cpu\": 7}, \"abd\": []}}");
    cr_expect(isnan(floor_of("abd", "latency")));
    cr_expect(isnan(floor_of("abc", "cpu")));
    keep("abd", "latency", 1.01);
    keep("abc", "cpu", 1.01);
    cr_expect(isnan(floor_of("abc", "cpu")), "one pair");
}

Test(noise, huge_files_and_folders_are_refused)
{
    struct bench_noise *noise;
    struct bench_error err = {0};
    put("{}");
    cr_assert_eq(truncate(path, 64L << 20), 0);
    cr_expect_eq(bench_noise_read("abc", &noise, &err), -EINVAL);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_expect_eq(bench_noise_read("abc", &noise, &err), -EINVAL);
}

Test(noise, home_stands_in_for_a_state_folder)
{
    cr_assert_eq(setenv("HOME", folder, 1), 0);
    cr_assert_eq(setenv("XDG_STATE_HOME", "not/absolute", 1), 0);
    (void)snprintf(path, sizeof(path), "%s/.local/state/rpycbench/noise.json", folder);
    keep("abc", "latency", 1.01);
    cr_expect_eq(access(path, F_OK), 0);
}

Test(noise, without_a_home_nothing_is_known_or_kept)
{
    struct bench_error err = {0};
    const struct bench_noise_pair pair = {"latency", p50(), 1.01};
    cr_assert_eq(unsetenv("XDG_STATE_HOME"), 0);
    cr_assert_eq(unsetenv("HOME"), 0);
    cr_expect(isnan(floor_of("abc", "latency")));
    cr_expect_eq(bench_noise_keep("abc", &pair, 1, &err), -ENOENT);
}
