/* SPDX-License-Identifier: MIT */
#include "suite/instrument.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/units.h"
#include "suite/environment.h"
#include "suite/state.h"

#define INSTRUMENT_FILE   "selftest.json"
#define INSTRUMENT_SCHEMA "rpycbench-instrument-1"

int bench_instrument_key(char out[17])
{
    struct bench_facts facts = {.n = 0};
    bench_environment_machine("", &facts);
    bench_facts_add(&facts, "build", "%s %s %s", RPYCBENCH_VERSION, RPYCBENCH_BUILD_TYPE,
                    RPYCBENCH_SANITIZERS);
    bench_facts_hash(facts.rows, facts.n, out);
    const bool failed = facts.failed || out[0] == '\0';
    bench_facts_fini(&facts);
    return failed ? -ENOMEM : 0;
}

/* {"schema": ..., "machines": {KEY: {"date", "passed", "p50", "p99", "p50_share", "p99_share"}}} */
int bench_instrument_load(struct bench_instrument *out, struct bench_error *err)
{
    char key[17];
    json_t *file = NULL;
    const char *date = NULL;
    int passed = 0;
    struct bench_instrument found = {.date = ""};
    if (bench_instrument_key(key) < 0)
        return bench_fail(err, -ENOMEM, "out of memory");
    int rc = bench_state_load(INSTRUMENT_FILE, INSTRUMENT_SCHEMA, &file, err);
    if (rc < 0)
        return rc;
    json_t *machine = json_object_get(json_object_get(file, "machines"), key);
    if (machine == NULL)
        rc = bench_fail(err, -ENOENT, "no selftest of this machine is known");
    else if (json_unpack(machine, "{s:s,s:b,s:F,s:F,s:F,s:F}", "date", &date, "passed", &passed,
                         "p50", &found.p50, "p99", &found.p99, "p50_share", &found.p50_share,
                         "p99_share", &found.p99_share) < 0 ||
             strlen(date) >= sizeof(found.date))
        rc = bench_fail(err, -EINVAL, "%s: the entry of this machine cannot be read",
                        INSTRUMENT_FILE);
    if (rc == 0) {
        (void)snprintf(found.date, sizeof(found.date), "%s", date);
        found.passed = passed != 0;
        *out = found;
    }
    json_decref(file);
    return rc;
}

int bench_instrument_keep(const struct bench_instrument *instrument, struct bench_error *err)
{
    char key[17];
    json_t *file = NULL;
    if (bench_instrument_key(key) < 0)
        return bench_fail(err, -ENOMEM, "out of memory");
    int rc = bench_state_load(INSTRUMENT_FILE, INSTRUMENT_SCHEMA, &file, err);
    if (rc < 0)
        return rc;
    json_t *entry =
        json_pack("{s:s,s:b,s:f,s:f,s:f,s:f}", "date", instrument->date, "passed",
                  instrument->passed, "p50", instrument->p50, "p99", instrument->p99, "p50_share",
                  instrument->p50_share, "p99_share", instrument->p99_share);
    if (entry == NULL || json_object_set_new(json_object_get(file, "machines"), key, entry) < 0)
        rc = bench_fail(err, -ENOMEM, "out of memory");
    if (rc == 0)
        rc = bench_state_save(INSTRUMENT_FILE, file, err);
    json_decref(file);
    return rc;
}

char *bench_signed_seconds(double seconds, char *out, size_t size)
{
    (void)snprintf(out, size, "%s%s", seconds < 0 ? "-" : "+",
                   bench_format_seconds(fabs(seconds)).s);
    return out;
}

char *bench_instrument_errors(const struct bench_instrument *i, char *out, size_t size)
{
    char p50[40], p99[40], shares[2][24] = {"", ""};
    if (i->p50_share != 0)
        (void)snprintf(shares[0], sizeof(shares[0]), " (%.1f %%)", 100 * fabs(i->p50_share));
    if (i->p99_share != 0)
        (void)snprintf(shares[1], sizeof(shares[1]), " (%.1f %%)", 100 * fabs(i->p99_share));
    (void)snprintf(out, size, "p50 %s%s, p99 %s%s", bench_signed_seconds(i->p50, p50, sizeof(p50)),
                   shares[0], bench_signed_seconds(i->p99, p99, sizeof(p99)), shares[1]);
    return out;
}

char *bench_instrument_text(char *out, size_t size)
{
    struct bench_instrument known;
    struct bench_error err = {0};
    char errors[160];
    const int rc = bench_instrument_load(&known, &err);
    if (rc == 0)
        (void)snprintf(out, size, "%sselftest of %s: %s", known.passed ? "" : "failed the ",
                       known.date, bench_instrument_errors(&known, errors, sizeof(errors)));
    else
        (void)snprintf(out, size, "not certified on this machine (rpycbench selftest)%s%.200s",
                       rc == -EINVAL ? ": " : "", rc == -EINVAL ? err.msg : "");
    return out;
}

const char *bench_instrument_of(const struct bench_run *run)
{
    for (size_t i = 0; i < run->nenvironment; i++)
        if (strcmp(run->environment[i].name, BENCH_INSTRUMENT_FACT) == 0)
            return run->environment[i].value;
    return NULL;
}
