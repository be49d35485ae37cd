/* SPDX-License-Identifier: MIT */
#include "bench/operation.h"

#include <string.h>

#define PARAM(param, param_kind, ...) {.name = (param), .default_value = {.kind = BENCH_##param_kind, __VA_ARGS__}}
#define NOPARAM {.name = NULL}
#define IDS .seq = {default_ids, 3}

static const struct bench_value default_ids[] = {
    {.kind = BENCH_INT, .integer = 1},
    {.kind = BENCH_INT, .integer = 2},
    {.kind = BENCH_INT, .integer = 3},
};

static const struct bench_operation operations[] = {
#define X(op_id, op_name, op_tx, op_bulk, p0, p1, text)                                            \
    {.id = BENCH_OP_##op_id,                                                                       \
     .name = (op_name),                                                                            \
     .tx = (op_tx),                                                                                \
     .bulk = (op_bulk),                                                                            \
     .params = {p0, p1},                                                                           \
     .summary = (text)},
#include "bench/operations.def"
#undef X
};

const struct bench_operation *bench_operation_get(enum bench_operation_id id)
{
    return &operations[id];
}

const struct bench_operation *bench_operation_find(const char *name, size_t length)
{
    for (size_t i = 0; i < BENCH_OPERATION_COUNT; i++)
        if (strlen(operations[i].name) == length && memcmp(operations[i].name, name, length) == 0)
            return &operations[i];
    return NULL;
}

size_t bench_operation_nparams(const struct bench_operation *operation)
{
    size_t n = 0;
    while (n < BENCH_OPERATION_PARAMS && operation->params[n].name != NULL)
        n++;
    return n;
}

struct bench_value bench_spec_arg(const struct bench_spec *spec, size_t i)
{
    return i < spec->nargs ? spec->args[i] : spec->operation->params[i].default_value;
}
