/* SPDX-License-Identifier: MIT */
#include "suite/rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "bench/buf.h"
#include "bench/units.h"

enum { DEFAULT_TX = 1024 }; /* bytes sent by an operation that sends, in workloads without sizes */
#define EXPECTED_LIMIT ((size_t)1 << 20)

static const struct bench_operation *operation_of(const struct bench_workload *workload,
                                                  const struct bench_plan *plan)
{
    bool free_choice = workload->operation == BENCH_OP_PING &&
                       workload->sample == BENCH_SAMPLE_STEP && plan->operation != NULL;
    return free_choice ? bench_operation_find(plan->operation, strlen(plan->operation))
                       : bench_operation_get(workload->operation);
}

/* The reference service itself says what is right. */
static int expect(struct bench_rows *rows, const struct bench_spec *spec, struct bench_step *step,
                  struct bench_error *err)
{
    const struct bench_operation *operation = spec->operation;
    struct bench_value args[BENCH_OPERATION_PARAMS + 1];
    size_t nargs = bench_operation_nparams(operation);
    for (size_t i = 0; i < nargs; i++)
        args[i] = bench_spec_arg(spec, i);
    if (operation->tx)
        args[nargs++] = bench_bytes(step->tx, step->tx_length);
    const struct bench_service *service = bench_reference_service();
    struct bench_call call = {.arena = &rows->arena, .service = service};
    struct bench_value answer;
    int rc = service->call(service, &call, operation, args, nargs, &answer);
    if (rc < 0)
        return bench_fail(err, rc, "%s: %s", operation->name, call.exception.message);
    step->expected.known = true;
    step->expected.bulk = operation->bulk;
    if (operation->bulk) {
        step->expected.length = answer.text.length;
        step->expected.checksum = XXH3_64bits(answer.text.data, answer.text.length);
        return 0;
    }
    return bench_value_copy(&rows->arena, &answer, &step->expected.value);
}

static char *dup_or_empty(const char *text) { return strdup(text == NULL ? "" : text); }

static int add_parameter(struct bench_result *result, const char *name, const char *value)
{
    struct bench_parameter *grown =
        realloc(result->parameters, (result->nparameters + 1) * sizeof(*grown));
    if (grown == NULL)
        return -ENOMEM;
    result->parameters = grown;
    grown[result->nparameters] =
        (struct bench_parameter){.name = strdup(name), .value = strdup(value)};
    result->nparameters++;
    return 0;
}

static int describe(struct bench_result *result, const struct bench_row *row,
                    const struct bench_operation *operation, const struct bench_plan *plan)
{
    char text[64];
    int clients = row->workload->concurrent ? (int)plan->clients : 1;
    int64_t count = bench_workload_count(row->workload, plan);
    (void)snprintf(text, sizeof(text), "closed loop, %d connection%s", clients,
                   clients == 1 ? "" : "s");
    result->load_model = strdup(row->workload->sample == BENCH_SAMPLE_CONNECTION
                                    ? "one connection after the other"
                                    : text);
    (void)snprintf(text, sizeof(text), "%d", clients);
    int rc = add_parameter(result, "clients", text);
    (void)snprintf(text, sizeof(text), "%" PRId64, count);
    if (rc == 0)
        rc = add_parameter(result,
                           row->workload->sample == BENCH_SAMPLE_CONNECTION ? "connections"
                           : row->workload->concurrent                      ? "requests_per_client"
                                                                            : "requests",
                           text);
    for (size_t i = 0; rc == 0 && i < bench_operation_nparams(operation); i++) {
        struct bench_buf value;
        bench_buf_init(&value, 256);
        rc = bench_value_repr(&operation->params[i].default_value, &value);
        if (rc == 0)
            rc = bench_buf_add(&value, "", 1);
        if (rc == 0)
            rc = add_parameter(result, operation->params[i].name,
                               (const char *)bench_buf_head(&value));
        bench_buf_fini(&value);
    }
    if (rc == 0 && operation->tx)
        rc = add_parameter(result, "payload", bench_format_size_exact(DEFAULT_TX).s);
    return rc;
}

static int compile_row(struct bench_rows *rows, struct bench_row *row, struct bench_run *run,
                       struct bench_error *err)
{
    const struct bench_operation *operation = operation_of(row->workload, rows->plan);
    const struct bench_spec spec = {.kind = BENCH_SPEC_OPERATION, .operation = operation};
    const struct bench_protocol *protocol = row->target->protocol;
    struct bench_result *result = &run->results[row->result];
    result->workload = strdup(row->workload->name);
    result->operation = strdup(operation->name);
    result->reason = strdup("");
    int rc = describe(result, row, operation, rows->plan);
    if (rc < 0 || result->workload == NULL || result->operation == NULL || result->reason == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    if (operation->tx) {
        row->step.tx = bench_payload(DEFAULT_TX);
        row->step.tx_length = DEFAULT_TX;
    }
    rc = expect(rows, &spec, &row->step, err);
    if (rc < 0)
        return rc;
    struct bench_error why = {0};
    rc = protocol->compile(row->target->options, &spec, &row->program, &why);
    if (rc == -ENOTSUP) {
        bench_row_off(row, run, BENCH_CELL_UNAVAILABLE, why.msg);
        return 0;
    }
    if (rc < 0)
        return bench_fail(err, rc, "%s, %s: %.180s", row->target->name, operation->name, why.msg);
    row->step.program = row->program;
    return 0;
}

static int fill_info(struct bench_target_info *info, const struct bench_target *t,
                     const struct bench_plan *plan, unsigned colour)
{
    char label[64] = "";
    const struct bench_server_row *server = t->server;
    if (server != NULL && strstr(server->label, "%d") != NULL) {
        const char *hole = strstr(server->label, "%d");
        (void)snprintf(label, sizeof(label), "%.*s%" PRId64 "%s", (int)(hole - server->label),
                       server->label, plan->clients, hole + 2);
    } else if (server != NULL) {
        (void)snprintf(label, sizeof(label), "%s", server->label);
    }
    *info = (struct bench_target_info){
        .name = strdup(t->name),
        .protocol = strdup(t->protocol->name),
        .options = strdup(t->options_text),
        .mode = dup_or_empty(server == NULL ? NULL : server->mode),
        .server = dup_or_empty(server == NULL ? NULL : server->server),
        .client = strdup("native"),
        .url = strdup(t->is_url ? t->name : ""),
        .label = strdup(label),
        .role = t->protocol->role,
        .colour = colour,
    };
    return info->name == NULL || info->label == NULL ? -ENOMEM : 0;
}

/* The row that a workload adds by itself: latency over a held callable, for example. NULL = none. */
static const char *variant_of(const struct bench_target *t, const struct bench_workload *workload)
{
    const char *option = t->protocol->latency_variant;
    if (workload->id != BENCH_WORKLOAD_LATENCY || option == NULL)
        return NULL;
    /* Not for a target that sets the option itself. */
    char key[64];
    (void)snprintf(key, sizeof(key), "%.*s", (int)strcspn(option, "=") + 1, option);
    return strstr(t->options_text, key) != NULL ? NULL : option;
}

static int add_row(struct bench_rows *rows, struct bench_group *group, struct bench_run *run,
                   const struct bench_target *target, size_t info,
                   const struct bench_workload *workload, struct bench_error *err)
{
    struct bench_row *row = &group->rows[group->nrows++];
    *row = (struct bench_row){.target = target, .workload = workload, .result = run->nresults++};
    run->results[row->result].target = &run->targets[info];
    return compile_row(rows, row, run, err);
}

static int allocate(struct bench_rows *rows, const struct bench_plan *plan, struct bench_run *run,
                    struct bench_error *err)
{
    size_t most = plan->ntargets * (BENCH_WORKLOAD_COUNT + 1);
    rows->groups = calloc(plan->ntargets, sizeof(*rows->groups));
    rows->variants = calloc(plan->ntargets, sizeof(*rows->variants));
    run->results = calloc(most, sizeof(*run->results));
    run->targets = calloc(plan->ntargets * 2, sizeof(*run->targets));
    if (rows->groups == NULL || rows->variants == NULL || run->results == NULL ||
        run->targets == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    for (size_t t = 0; t < plan->ntargets; t++) {
        struct bench_group *group = &rows->groups[rows->ngroups++];
        group->base = &plan->targets[t];
        group->rows = calloc(BENCH_WORKLOAD_COUNT + 1, sizeof(*group->rows));
        if (group->rows == NULL || fill_info(&run->targets[run->ntargets++], group->base, plan,
                                             (unsigned)t) < 0)
            return bench_fail(err, -ENOMEM, "out of memory");
    }
    return 0;
}

int bench_rows_init(struct bench_rows *rows, const struct bench_plan *plan, struct bench_run *run,
                    struct bench_error *err)
{
    *rows = (struct bench_rows){.plan = plan};
    bench_arena_init(&rows->arena, EXPECTED_LIMIT);
    int rc = allocate(rows, plan, run, err);
    for (size_t w = 0; rc == 0 && w < BENCH_WORKLOAD_COUNT; w++) {
        const struct bench_workload *workload = bench_workload_get((enum bench_workload_id)w);
        for (size_t t = 0; rc == 0 && plan->workloads[w] && t < plan->ntargets; t++) {
            const struct bench_target *target = &plan->targets[t];
            rc = add_row(rows, &rows->groups[t], run, target, t, workload, err);
            const char *option = variant_of(target, workload);
            if (rc < 0 || option == NULL)
                continue;
            struct bench_target *variant = &rows->variants[rows->nvariants];
            rc = bench_target_variant(target, option, variant, err);
            if (rc < 0)
                break;
            rows->nvariants++;
            size_t info = run->ntargets++;
            if (fill_info(&run->targets[info], variant, plan, (unsigned)info) < 0)
                rc = bench_fail(err, -ENOMEM, "out of memory");
            else
                rc = add_row(rows, &rows->groups[t], run, variant, info, workload, err);
        }
    }
    return rc;
}

void bench_rows_fini(struct bench_rows *rows)
{
    for (size_t g = 0; g < rows->ngroups; g++) {
        for (size_t r = 0; r < rows->groups[g].nrows; r++) {
            struct bench_row *row = &rows->groups[g].rows[r];
            row->target->protocol->program_free(row->program);
        }
        free(rows->groups[g].rows);
    }
    for (size_t v = 0; v < rows->nvariants; v++)
        bench_target_fini(&rows->variants[v]);
    free(rows->groups);
    free(rows->variants);
    bench_arena_fini(&rows->arena);
}

void bench_row_cell(const struct bench_row *row, const struct bench_plan *plan,
                    const struct bench_address *address, struct bench_cell *out)
{
    const struct bench_workload *w = row->workload;
    *out = (struct bench_cell){
        .protocol = row->target->protocol,
        .options = row->target->options,
        .steps = {row->step},
        .nsteps = 1,
        .sample = w->sample,
        .clients = w->concurrent ? (int)plan->clients : 1,
        .units = bench_workload_count(w, plan),
        .warmup = w->warm == BENCH_WARM_NONE ? 0 : w->warm == BENCH_WARM_ONE ? 1 : plan->warmup,
        .budget_ns = plan->budget_ns,
        .timeout_ns = plan->timeout_ns,
    };
    if (address != NULL)
        out->address = *address;
    /* The warm-up of many clients together is that of one. */
    if (w->concurrent && w->warm == BENCH_WARM_ALL)
        out->warmup = (plan->warmup + out->clients - 1) / out->clients + 1;
}

int bench_row_use_probe(struct bench_row *row, struct bench_run *run, struct bench_error *err)
{
    const struct bench_spec spec = {.kind = BENCH_SPEC_PROBE};
    const struct bench_protocol *protocol = row->target->protocol;
    struct bench_program *program;
    char *name = strdup("probe");
    if (name == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    int rc = protocol->compile(row->target->options, &spec, &program, err);
    if (rc < 0) {
        free(name);
        return rc;
    }
    protocol->program_free(row->program);
    row->program = program;
    row->step = (struct bench_step){.program = program};
    free(run->results[row->result].operation);
    run->results[row->result].operation = name;
    return 0;
}

void bench_row_off(struct bench_row *row, struct bench_run *run, enum bench_cell_status status,
                   const char *reason)
{
    struct bench_result *result = &run->results[row->result];
    row->off = true;
    result->status = status;
    if (result->reason != NULL && result->reason[0] != '\0')
        return; /* the first cause stays */
    free(result->reason);
    result->reason = strdup(reason);
}
