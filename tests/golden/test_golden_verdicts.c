/* SPDX-License-Identifier: MIT */
/*
 * What is said about two cells, in every wording, to the letter. RPYCBENCH_GOLDEN_UPDATE=1 writes
 * the files anew.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "suite/noise.h"
#include "tests/support/files.h"
#include "tests/support/fixture_means.h"
#include "tests/support/schema.h"

TestSuite(golden_verdicts, .timeout = 60);

static void compare(const char *name, const char *text)
{
    char path[512], *golden = NULL;
    size_t length;
    (void)snprintf(path, sizeof(path), "%s/tests/golden/%s", TEST_SOURCE_DIR, name);
    if (getenv("RPYCBENCH_GOLDEN_UPDATE") != NULL)
        cr_assert_eq(support_write_file(path, text, strlen(text)), 0);
    cr_assert_eq(support_read_file(path, &golden, &length), 0, "%s", path);
    cr_expect(strcmp(golden, text) == 0, "%s differs; now it is:\n%s", name, text);
    free(golden);
}

/* The state of a machine that has been measured against itself. */
static struct bench_run *judged(void)
{
    struct bench_run *run = support_means_verdicts();
    struct bench_noise_pair pairs[BENCH_NOISE_PAIRS];
    struct bench_noise *noise = NULL;
    struct bench_error err = {0};
    char *folder = NULL;
    cr_assert_eq(support_tempdir_make(&folder, &err), 0, "%s", err.msg);
    cr_assert_eq(setenv("XDG_STATE_HOME", folder, 1), 0);
    for (size_t i = 0; i < BENCH_NOISE_PAIRS; i++)
        pairs[i] = (struct bench_noise_pair){"io", bench_metric_get(BENCH_METRIC_THROUGHPUT),
                                             SUPPORT_MEANS_NOISE};
    cr_assert_eq(bench_noise_keep(run->environment_hash, pairs, BENCH_NOISE_PAIRS, &err), 0, "%s",
                 err.msg);
    cr_assert_eq(bench_noise_read(run->environment_hash, &noise, &err), 0, "%s", err.msg);
    cr_assert_eq(bench_report_judge(run, noise), 0);
    bench_noise_free(noise);
    support_tempdir_remove(folder);
    return run;
}

Test(golden_verdicts, tables)
{
    struct bench_run *run = judged();
    struct bench_buf buf;
    bench_buf_init(&buf, 1u << 20);
    cr_assert_eq(bench_report_tables(run, &buf), 0);
    cr_assert_eq(bench_buf_add(&buf, "", 1), 0);
    compare("verdicts.txt", (const char *)bench_buf_head(&buf));
    bench_buf_fini(&buf);
    bench_run_free(run);
}

/* The comparisons alone; the whole is as the schema says. */
Test(golden_verdicts, comparisons)
{
    struct bench_run *run = judged();
    struct bench_error err = {0};
    struct bench_buf buf;
    bench_buf_init(&buf, 1u << 24);
    cr_assert_eq(bench_report_json(run, &buf), 0);
    json_t *json = json_loadb((const char *)bench_buf_head(&buf), bench_buf_length(&buf), 0, NULL);
    json_t *schema = json_load_file(TEST_SOURCE_DIR "/docs/result.schema.json", 0, NULL);
    cr_assert_eq(support_schema_check(schema, json, &err), 0, "%s", err.msg);
    char *text =
        json_dumps(json_object_get(json, "comparisons"), JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    cr_assert_not_null(text);
    compare("verdicts.json", text);
    free(text);
    json_decref(schema);
    json_decref(json);
    bench_buf_fini(&buf);
    bench_run_free(run);
}
