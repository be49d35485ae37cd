/* SPDX-License-Identifier: MIT */
/* A cell as the line that a program is given (clients/clients.def). */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "suite/clients.h"
#include "suite/driver_process.h"

#define REPR_LIMIT ((size_t)4 << 20) /* bytes of an answer that is not bulk */

enum {
    CELL_VERSION = 1,
    START_S = 60, /* an interpreter with its imports on a busy machine */
    SLACK_S = 30,
    STOP_S = 10,
    COLLECT_S = 120, /* millions of samples become histograms */
    TRIES = 4,       /* ops that may use up their timeout before a connection gives up, and one */
    STEP_MS = 20,    /* of a step that is in no hurry */
};

static const char *const samples[] = {[BENCH_SAMPLE_STEP] = "step",
                                      [BENCH_SAMPLE_UNIT] = "unit",
                                      [BENCH_SAMPLE_CONNECTION] = "connection"};

/* New references throughout; NULL without memory. */
static json_t *value_json(const struct bench_value *value)
{
    switch (value->kind) {
    case BENCH_NONE:
        return json_null();
    case BENCH_BOOL:
        return json_boolean(value->boolean);
    case BENCH_INT:
        return json_integer(value->integer);
    case BENCH_FLOAT:
        return json_real(value->real);
    case BENCH_STR:
        return json_stringn(value->text.data, value->text.length);
    case BENCH_TUPLE: {
        json_t *list = json_array();
        for (size_t i = 0; list != NULL && i < value->seq.count; i++) {
            if (json_array_append_new(list, value_json(&value->seq.items[i])) < 0) {
                json_decref(list);
                return NULL;
            }
        }
        return list;
    }
    default:
        return NULL;
    }
}

static json_t *args_json(const struct bench_step *step)
{
    const struct bench_spec spec = {.kind = BENCH_SPEC_OPERATION,
                                    .operation = step->operation,
                                    .args = step->args,
                                    .nargs = step->nargs};
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < bench_operation_nparams(step->operation); i++) {
        const struct bench_value value = bench_spec_arg(&spec, i);
        if (json_array_append_new(list, value_json(&value)) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *piece_json(uint64_t offset, uint64_t length)
{
    return json_pack("{s:I, s:I}", "offset", (json_int_t)offset, "length", (json_int_t)length);
}

/* Where in the payload the right answer begins. */
static uint64_t answer_offset(const struct bench_step *step)
{
    const struct bench_spec spec = {.kind = BENCH_SPEC_OPERATION,
                                    .operation = step->operation,
                                    .args = step->args,
                                    .nargs = step->nargs};
    if (step->operation->tx)
        return step->tx_offset;
    return step->operation->id == BENCH_OP_DOWNLOAD_CHUNK
               ? (uint64_t)bench_spec_arg(&spec, 1).integer
               : 0;
}

static json_t *expected_json(const struct bench_step *step)
{
    const struct bench_expected *expected = &step->expected;
    if (!expected->known || expected->reference)
        return json_null();
    if (expected->bulk)
        return piece_json(answer_offset(step), expected->length);
    struct bench_buf text;
    bench_buf_init(&text, REPR_LIMIT);
    json_t *repr = bench_value_repr(&expected->value, &text) < 0
                       ? NULL
                       : json_stringn((const char *)bench_buf_head(&text), bench_buf_length(&text));
    bench_buf_fini(&text);
    return repr == NULL ? NULL : json_pack("{s:o}", "repr", repr);
}

static json_t *reading_json(enum bench_reading reading)
{
    static const char *const names[] = {[BENCH_READING_READ] = "read",
                                        [BENCH_READING_COPY] = "copy"};
    return reading == BENCH_READING_NONE ? json_null() : json_string(names[reading]);
}

static json_t *step_json(const struct bench_step *step)
{
    json_t *tx = step->operation->tx ? piece_json(step->tx_offset, step->tx_length) : json_null();
    return json_pack("{s:s, s:o, s:o, s:o, s:I, s:o}", "operation", step->operation->name, "args",
                     args_json(step), "reading", reading_json(step->reading), "tx", tx,
                     "chunk_size", (json_int_t)step->chunk_size, "expected", expected_json(step));
}

static json_t *steps_json(const struct bench_step *steps, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < n; i++) {
        if (json_array_append_new(list, step_json(&steps[i])) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static bool all_named(const struct bench_step *steps, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (steps[i].operation == NULL)
            return false;
    return true;
}

static int check_cell(const struct bench_cell *cell, struct bench_error *err)
{
    const char *name = cell->client->client;
    if (cell->load.rate_per_s > 0)
        return bench_fail(err, -ENOTSUP, "the %s client runs closed loops only", name);
    if (!all_named(cell->setup, cell->nsetup) || !all_named(cell->steps, cell->nsteps) ||
        !all_named(cell->teardown, cell->nteardown))
        return bench_fail(err, -ENOTSUP, "the %s client calls the reference service only", name);
    return 0;
}

int bench_process_cell_text(const struct bench_cell *cell, int first, int connections, char **out,
                            struct bench_error *err)
{
    int rc = check_cell(cell, err);
    if (rc < 0)
        return rc;
    /* The seed is text: it has up to 64 bits. */
    char seed[24];
    (void)snprintf(seed, sizeof(seed), "%llu", (unsigned long long)cell->payload_seed);
    json_t *root = json_pack(
        "{s:i, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I,"
        " s:{s:s, s:s}, s:o, s:o, s:o}",
        "version", CELL_VERSION, "protocol", cell->protocol->name, "options",
        cell->options_text == NULL ? "" : cell->options_text, "host", cell->address.host, "port",
        (int)cell->address.port, "connections", connections, "first", first, "all", cell->clients,
        "sample", samples[cell->sample], "units", (json_int_t)cell->units, "warmup",
        (json_int_t)cell->warmup, "duration_ns", (json_int_t)cell->load.duration_ns, "ramp_ns",
        (json_int_t)cell->load.ramp_ns, "budget_ns", (json_int_t)cell->budget_ns, "timeout_ns",
        (json_int_t)cell->timeout_ns, "think_ns", (json_int_t)cell->think_ns, "reply_work_ns",
        (json_int_t)cell->reply_work_ns, "payload", "kind", bench_payload_names[cell->payload],
        "seed", seed, "setup", steps_json(cell->setup, cell->nsetup), "steps",
        steps_json(cell->steps, cell->nsteps), "teardown",
        steps_json(cell->teardown, cell->nteardown));
    if (root != NULL && cell->address.tls)
        (void)json_object_set_new(root, "ca_file", json_string(cell->address.ca_file));
    *out = root == NULL ? NULL : json_dumps(root, JSON_COMPACT);
    json_decref(root);
    return *out == NULL ? bench_fail(err, -ENOMEM, "no text of the cell for its client") : 0;
}

/* ---- how long it may take ---- */

/* Both >= 0; the maximum instead of more. */
static int64_t times(int64_t a, int64_t b)
{
    int64_t product;
    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

static int64_t plus(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

void bench_process_limits_of(const struct bench_cell *cell, struct bench_process_limits *out)
{
    const int64_t op_ns = cell->timeout_ns > 0 ? cell->timeout_ns : START_S * BENCH_NS_PER_S;
    const int64_t unit_ns = times((int64_t)cell->nsteps, STEP_MS * BENCH_NS_PER_MS);
    const int64_t slack_ns = plus(SLACK_S * BENCH_NS_PER_S, plus(times(op_ns, TRIES), unit_ns));
    int64_t load_ns = plus(cell->load.duration_ns, cell->load.ramp_ns);
    if (cell->budget_ns > 0 && cell->load.duration_ns == 0)
        load_ns = plus(load_ns, cell->budget_ns);
    else if (cell->load.duration_ns == 0)
        load_ns = times(times(cell->units, (int64_t)cell->nsteps), op_ns);
    *out = (struct bench_process_limits){
        .ready_ns = plus(START_S * BENCH_NS_PER_S,
                         plus(slack_ns, times(times(cell->warmup, cell->clients), unit_ns))),
        .load_ns = plus(plus(load_ns, cell->think_ns), slack_ns),
        .stop_ns = STOP_S * BENCH_NS_PER_S,
        .collect_ns = COLLECT_S * BENCH_NS_PER_S,
    };
}
