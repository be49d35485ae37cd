/* SPDX-License-Identifier: MIT */
/* The figures that tell whether a trial may be believed, in result.json. null is not known. */
#include <errno.h>
#include <math.h>

#include "suite/report.h"
#include "suite/result_file.h"

void bench_validity_unknown(struct bench_validity *out)
{
    *out = (struct bench_validity){
#define X(member, key, help) .member = NAN,
        BENCH_VALIDITY_FIGURES(X)
#undef X
    };
}

json_t *bench_validity_json(const struct bench_validity *validity)
{
    const struct {
        const char *key;
        double value;
    } figures[] = {
#define X(member, key, help) {(key), validity->member},
        BENCH_VALIDITY_FIGURES(X)
#undef X
    };
    json_t *object = json_object();
    bool failed = object == NULL;
    for (size_t i = 0; i < BENCH_COUNT_OF(figures); i++) {
        json_t *value = isfinite(figures[i].value) ? json_real(figures[i].value) : json_null();
        failed |= json_object_set_new(object, figures[i].key, value) != 0;
    }
    failed |= json_object_set_new(object, "same_server", json_boolean(validity->same_server)) != 0;
    failed |=
        json_object_set_new(object, "steady_judged", json_boolean(validity->steady_judged)) != 0;
    failed |= json_object_set_new(object, "unsteady", json_boolean(validity->unsteady)) != 0;
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

int bench_validity_read(const struct bench_reader *reader, const json_t *trial,
                        struct bench_validity *out)
{
    const struct {
        const char *key;
        double *member;
    } figures[] = {
#define X(member, key, help) {(key), &out->member},
        BENCH_VALIDITY_FIGURES(X)
#undef X
    };
    json_t *object = json_object_get(trial, "validity");
    bench_validity_unknown(out);
    if (object == NULL || json_is_null(object))
        return 0;
    int rc = bench_member_object(reader, trial, "validity", &object);
    for (size_t i = 0; rc == 0 && i < BENCH_COUNT_OF(figures); i++) {
        /* Files from before there was such a figure. */
        if (figures[i].member == &out->independent &&
            json_object_get(object, figures[i].key) == NULL)
            continue;
        /* A trend may fall, and a hypervisor's clock has been seen to go back. */
        rc = bench_member_real(reader, object, figures[i].key, -1e18, figures[i].member);
    }
    if (rc == 0)
        rc = bench_member_flag(reader, object, "same_server", &out->same_server);
    if (rc == 0)
        rc = bench_member_flag(reader, object, "steady_judged", &out->steady_judged);
    return rc == 0 ? bench_member_flag(reader, object, "unsteady", &out->unsteady) : rc;
}
