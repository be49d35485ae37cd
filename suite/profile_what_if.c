/* SPDX-License-Identifier: MIT */
/* --what-if: predictions in place of the report. */
#include <errno.h>
#include <stdlib.h>

#include "suite/cli.h"
#include "suite/profile.h"

static int write_all(struct profile_run *run, const struct trace_profile *profile, FILE *out,
                     struct bench_error *err)
{
    const struct trace_patterns *patterns = trace_analyser_patterns(run->analyser);
    int rc = 0;
    for (size_t i = 0; i < run->options->nwhat_if && rc == 0; i++) {
        const char *spec = run->options->what_if[i];
        struct trace_finding finding = {0};
        rc = trace_what_if(patterns, profile, spec, &finding, err);
        if (rc == -ENOENT || rc == -EINVAL) { /* the others may be known */
            profile_run_say(run, "%s", err->msg);
            if (run->status == EXIT_FINE && run->way != PROFILE_PROGRAM)
                run->status = EXIT_NOT_MEASURED;
            rc = 0;
        } else if (rc == 0 && (rc = trace_write_what_if(profile, &finding, out)) < 0) {
            (void)bench_fail(err, rc, "no prediction: %s", bench_errno_text(rc));
        }
    }
    return rc;
}

int profile_what_if(struct profile_run *run, const struct trace_profile *profile, char **text,
                    size_t *length, struct bench_error *err)
{
    *text = NULL;
    FILE *out = open_memstream(text, length);
    if (out == NULL)
        return bench_fail(err, -ENOMEM, "no prediction: out of memory");
    int rc = write_all(run, profile, out, err);
    if (fclose(out) != 0 && rc == 0)
        rc = bench_fail(err, -ENOMEM, "no prediction: out of memory");
    return rc;
}
