/* SPDX-License-Identifier: MIT */
/* report --verify: every figure is recomputed, and one that was changed is found. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"
#include "tests/support/files.h"

static char *folder;
static char output[600];

static void start(void)
{
    struct support_output out;
    cr_assert_eq(support_tempdir_make(&folder, NULL), 0);
    cr_assert_eq(setenv("XDG_STATE_HOME", folder, 1), 0);
    (void)snprintf(output, sizeof(output), "%s/out", folder);
    rig_run(&out, WORDS("run", "--target", "tcp/threaded/native,inproc", "--workload",
                        "latency,concurrent,bandwidth", "--requests", "50", "--repeats", "2",
                        "--requests-per-client", "5", "--iterations", "2", "--payload-sizes",
                        "1KiB", "--output", output));
    cr_assert_eq(out.exit_status, 0, "%s", out.err);
    support_output_free(&out);
}

static void stop(void) { support_tempdir_remove(folder); }

TestSuite(verify, .init = start, .fini = stop, .timeout = 300);

static void expect(int status, const char *text)
{
    struct support_output out;
    rig_run(&out, WORDS("report", "--verify", output));
    cr_expect_eq(out.exit_status, status, "exit %d: %s%s", out.exit_status, out.out, out.err);
    rig_assert_has(out.out, text);
    support_output_free(&out);
}

/* Changes the first digit behind `before`, which stands behind `section`, in a file. */
static void falsify(const char *name, const char *section, const char *before)
{
    char path[700], *text = NULL;
    size_t length;
    (void)snprintf(path, sizeof(path), "%s/%s", output, name);
    cr_assert_eq(support_read_file(path, &text, &length), 0);
    char *at = strstr(text, section);
    cr_assert_not_null(at, "%s", section);
    at = strstr(at, before);
    cr_assert_not_null(at, "%s", before);
    at += strlen(before);
    at += strcspn(at, "123456789");
    *at = *at == '9' ? '8' : (char)(*at + 1);
    cr_assert_eq(support_write_file(path, text, length), 0);
    free(text);
}

Test(verify, what_a_run_wrote_is_right) { expect(0, "all as they are written"); }

Test(verify, a_changed_percentile_is_found)
{
    falsify("result.json", "\"results\"", "\"p99\":");
    expect(1, ".p99: the file says ");
}

Test(verify, a_changed_figure_of_a_trial_is_found)
{
    falsify("result.json", "\"trials\": [", "\"median\":");
    expect(1, ".trials[");
}

Test(verify, a_changed_throughput_is_found)
{
    falsify("result.json", "\"results\"", "\"throughput\":");
    expect(1, "throughput");
}

Test(verify, a_changed_report_is_found)
{
    falsify("report.md", "latency", " ");
    expect(1, "report.md, line ");
}

Test(verify, a_pooled_recording_that_is_not_of_its_trials)
{
    /* The count and the sum of another recording: its own figures then fit it, but no trial does.
     */
    falsify("result.json", "\"concurrent\"", "\"tcp_bytes_sent\":");
    expect(1, "NOT as they are written");
}

Test(verify, rubbish)
{
    struct support_output out;
    char path[700];
    (void)snprintf(path, sizeof(path), "%s/result.json", output);
    cr_assert_eq(support_write_file(path, "{}", 2), 0);
    rig_run(&out, WORDS("report", "--verify", output));
    cr_expect_eq(out.exit_status, 2, "%d", out.exit_status);
    support_output_free(&out);
    rig_run(&out, WORDS("report", "--verify", "--format", "md", output));
    cr_expect_eq(out.exit_status, 2, "%d", out.exit_status);
    support_output_free(&out);
}
