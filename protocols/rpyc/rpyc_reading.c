/* SPDX-License-Identifier: MIT */
/* Records and what is read of them, as a user of rpyc writes it: a loop over what the root answers.
 * It runs as any other expression does, so it costs what it costs in Python. */
#include <errno.h>

#include "bench/buf.h"
#include "protocols/rpyc/rpyc.h"
#include "protocols/rpyc/rpyc_expr.h"

#define ATTRIBUTE(place, name) "r." #name ","
#define KEY(place, name)       "r['" #name "'],"
#define PLACE(place, name)     "r[" #place "],"

static const char attributes[] = BENCH_FIELDS_READ(ATTRIBUTE);
static const char keys[] = BENCH_FIELDS_READ(KEY);
static const char places[] = BENCH_FIELDS_READ(PLACE);

/* How a record of that operation is read; NULL: it has none. */
static const char *fields_of(enum bench_operation_id id)
{
    switch (id) {
    case BENCH_OP_GET_USERS:
        return attributes;
    case BENCH_OP_GET_USERS_DICTS:
    case BENCH_OP_GET_USERS_BATCH_DICTS:
        return keys;
    case BENCH_OP_GET_USERS_TUPLES:
    case BENCH_OP_GET_USERS_BATCH:
        return places;
    default:
        return NULL;
    }
}

static int check(const struct rpyc_options *options, const struct bench_spec *spec,
                 const char *fields, struct bench_error *err)
{
    const bool copy = spec->reading == BENCH_READING_COPY;
    const bool strict = options->policy == RPYC_POLICY_STRICT;
    if (fields == NULL)
        return bench_fail(err, -ENOTSUP, "%s answers no records", spec->operation->name);
    if (fields == attributes && copy)
        return bench_fail(err, -ENOTSUP, "a copy of objects needs their class in the client");
    if (fields == attributes && strict)
        return bench_fail(err, -ENOTSUP, "policy=strict: the server hides the attributes of objects");
    if (copy && strict)
        return bench_fail(err, -ENOTSUP, "policy=strict: the server gives no copies");
    return 0;
}

static int write_text(const struct bench_spec *spec, const char *fields, struct bench_buf *buf)
{
    const bool copy = spec->reading == BENCH_READING_COPY;
    const size_t nargs = bench_operation_nparams(spec->operation);
    int rc = bench_buf_printf(buf, "[(%s) for r in %sroot.%s(", fields, copy ? "obtain(" : "",
                              spec->operation->name);
    for (size_t i = 0; rc == 0 && i < nargs; i++) {
        const struct bench_value value = bench_spec_arg(spec, i);
        rc = i > 0 ? bench_buf_add(buf, ",", 1) : 0;
        if (rc == 0)
            rc = bench_value_repr(&value, buf);
    }
    if (rc == 0)
        rc = bench_buf_printf(buf, copy ? "))]" : ")]");
    return rc < 0 ? rc : bench_buf_add(buf, "", 1);
}

int rpyc_compile_reading(const struct rpyc_options *options, const struct bench_spec *spec,
                         struct bench_program **out, struct bench_error *err)
{
    const char *fields = fields_of(spec->operation->id);
    struct bench_buf buf;
    int rc = check(options, spec, fields, err);
    if (rc < 0)
        return rc;
    bench_buf_init(&buf, RPYC_EXPR_TEXT_MAX);
    rc = write_text(spec, fields, &buf);
    if (rc < 0) {
        rc = bench_fail(err, rc, "the arguments of %s are too long", spec->operation->name);
    } else {
        const struct bench_spec text = {.kind = BENCH_SPEC_TEXT,
                                        .text = (const char *)bench_buf_head(&buf)};
        rc = rpyc_compile(options, &text, out, err);
    }
    bench_buf_fini(&buf);
    return rc;
}
