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

#define EXPECTED_LIMIT ((size_t)64 << 20)

/* Bulk that comes in pieces: what all of them together are. */
static int expect_iterated(struct bench_call *call, struct bench_object *object,
                           struct bench_expected *out)
{
    XXH3_state_t *hash = XXH3_createState();
    if (hash == NULL)
        return -ENOMEM;
    (void)XXH3_64bits_reset(hash);
    struct bench_value iterator = {.kind = BENCH_NONE}, piece;
    int rc = object->ops->iter == NULL ? -EINVAL : object->ops->iter(object, call, &iterator);
    if (rc == 0 && iterator.kind != BENCH_OBJECT)
        rc = -EINVAL;
    out->length = 0;
    while (rc == 0) {
        rc = iterator.object->ops->next(iterator.object, call, &piece);
        if (rc == 0 && piece.kind != BENCH_BYTES)
            rc = -EINVAL;
        if (rc == 0) {
            out->length += piece.text.length;
            (void)XXH3_64bits_update(hash, piece.text.data, piece.text.length);
        }
    }
    out->checksum = XXH3_64bits_digest(hash);
    XXH3_freeState(hash);
    if (object->ops->release != NULL)
        object->ops->release(object);
    return rc == -ENODATA ? 0 : rc;
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
    if (operation->id == BENCH_OP_FAIL)
        return 0; /* no answer is right */
    if (rc < 0)
        return bench_fail(err, rc, "%s: %s", operation->name, call.exception.message);
    step->expected.known = true;
    step->expected.bulk = operation->bulk;
    if (operation->bulk && answer.kind == BENCH_OBJECT) {
        rc = expect_iterated(&call, answer.object, &step->expected);
        return rc < 0 ? bench_fail(err, rc, "%s: its pieces cannot be read", operation->name) : 0;
    }
    if (operation->bulk) {
        step->expected.length = answer.text.length;
        step->expected.checksum = XXH3_64bits(answer.text.data, answer.text.length);
        return 0;
    }
    step->expected.reference = answer.kind == BENCH_OBJECT;
    rc = bench_value_plain(&call, &answer, &step->expected.value);
    if (rc == 0) /* what it consists of goes with the objects */
        rc = bench_value_copy(&rows->arena, &step->expected.value, &step->expected.value);
    bench_value_release(&answer);
    if (rc == 0 && spec->reading != BENCH_READING_NONE) {
        step->expected.reference = false;
        rc = bench_records_read(&rows->arena, &step->expected.value, &step->expected.value);
    }
    return rc < 0 ? bench_fail(err, rc, "%s: its answer cannot be kept", operation->name) : 0;
}

bool bench_expected_is(const struct bench_expected *expected, const struct bench_value *answer)
{
    if (!expected->known)
        return true;
    if (answer->kind == BENCH_OBJECT)
        return expected->reference;
    return bench_value_equal(answer, &expected->value);
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

/* What is called, for people. */
static const char *name_of(const struct bench_case *what)
{
    return what->text != NULL ? what->text : bench_operation_get(what->operation)->name;
}

static int describe(struct bench_result *result, const struct bench_case *what)
{
    char text[128], inflight[40] = "";
    const char *many = what->clients == 1 ? "" : "s";
    if (what->inflight > 1)
        (void)snprintf(inflight, sizeof(inflight), ", %d in flight on each", what->inflight);
    if (what->load.rate_per_s > 0)
        (void)snprintf(text, sizeof(text), "open loop, %.10g/s %s, %d connection%s%s",
                       what->load.rate_per_s, bench_arrival_names[what->load.arrival],
                       what->clients, many, inflight);
    else
        (void)snprintf(text, sizeof(text), "closed loop, %d connection%s%s", what->clients, many,
                       inflight);
    result->workload = strdup(what->workload->name);
    result->operation = strdup(name_of(what));
    result->reason = strdup("");
    result->load_model = strdup(what->sample == BENCH_SAMPLE_CONNECTION
                                    ? "one connection after the other"
                                    : text);
    int rc = result->workload == NULL || result->operation == NULL || result->reason == NULL ||
                     result->load_model == NULL
                 ? -ENOMEM
                 : 0;
    for (size_t i = 0; rc == 0 && i < what->nparameters; i++)
        rc = add_parameter(result, what->parameters[i].name, what->parameters[i].value);
    return rc;
}

/* A user's own call: what the right answer is nobody knows. */
static int make_text_step(struct bench_row *row, struct bench_error *err)
{
    const struct bench_target *t = row->target;
    const struct bench_spec spec = {.kind = BENCH_SPEC_TEXT, .text = row->what->text};
    struct bench_program *program = NULL;
    int rc = t->protocol->compile(t->options, &spec, &program, err);
    if (rc == -EINVAL || (rc == -ENOTSUP && strncmp(err->msg, "column ", 7) == 0)) {
        /* Perhaps another target's protocol can read it. */
        char prefix[64];
        (void)snprintf(prefix, sizeof(prefix), "%s cannot read it: ", t->protocol->name);
        bench_error_prefix(err, prefix);
        rc = -ENOTSUP;
    }
    row->steps[0].program = program;
    return rc;
}

/* Step number i of a unit: which bytes it moves, its program and its right answer. Uploads share
 * one program; a download's piece is part of its request. */
static int make_step(struct bench_rows *rows, struct bench_row *row, size_t i,
                     struct bench_error *err)
{
    const struct bench_case *what = row->what;
    const struct bench_operation *operation = bench_operation_get(what->operation);
    struct bench_step *step = &row->steps[i];
    struct bench_value args[BENCH_OPERATION_PARAMS];
    memcpy(args, what->args, sizeof(args));
    uint64_t offset = i * what->piece;
    uint64_t length = what->size > offset && what->size - offset < what->piece
                          ? what->size - offset
                          : what->piece;
    if (operation->tx) {
        const uint8_t *payload = bench_payload(offset + length);
        if (payload == NULL)
            return bench_fail(err, -ENOMEM, "no payload of %" PRIu64 " bytes", offset + length);
        step->tx = payload + offset;
        step->tx_length = length;
        step->chunk_size = what->stream_chunk;
    }
    size_t nargs = what->nargs;
    if (what->operation == BENCH_OP_DOWNLOAD_CHUNK && what->size > 0) {
        args[0] = bench_int((int64_t)length);
        args[1] = bench_int((int64_t)offset);
        nargs = 2;
    }
    const struct bench_spec spec = {.kind = BENCH_SPEC_OPERATION,
                                    .operation = operation,
                                    .args = args,
                                    .nargs = nargs,
                                    .reading = what->reading};
    step->operation = operation;
    step->nargs = nargs;
    step->reading = what->reading;
    memcpy(step->args, args, sizeof(args));
    step->tx_offset = offset;
    int rc = expect(rows, &spec, step, err);
    /* What of an answer can be read depends on the protocol's options, whoever reads it. */
    if (rc < 0 || (row->target->client != NULL && what->reading == BENCH_READING_NONE))
        return rc;
    if (i > 0 && operation->tx) {
        step->program = row->steps[0].program;
        return 0;
    }
    struct bench_program *program = NULL;
    rc = row->target->protocol->compile(row->target->options, &spec, &program, err);
    if (row->target->client != NULL) {
        row->target->protocol->program_free(program);
        program = NULL;
    }
    step->program = program;
    return rc;
}

/* One cheap call that makes sure that the connection is there before bulk is timed. */
static int make_setup(struct bench_row *row, struct bench_error *err)
{
    const struct bench_spec spec = {.kind = BENCH_SPEC_OPERATION,
                                    .operation = bench_operation_get(BENCH_OP_HEALTH_CHECK)};
    struct bench_program *program = NULL;
    row->setup = calloc(1, sizeof(*row->setup));
    if (row->setup == NULL)
        return -ENOMEM;
    row->setup->operation = spec.operation;
    if (row->target->client != NULL)
        return 0;
    int rc = row->target->protocol->compile(row->target->options, &spec, &program, err);
    row->setup->program = program;
    return rc;
}

/* Whether a parameter is a function of the caller's: it has no value that could be written. */
static bool takes_function(const struct bench_operation *operation)
{
    for (size_t i = 0; i < bench_operation_nparams(operation); i++)
        if (operation->params[i].default_value.kind == BENCH_NONE)
            return true;
    return false;
}

/* What tables say that cannot be done need not be compiled to find out. */
static int check_possible(const struct bench_plan *plan, struct bench_row *row,
                          struct bench_error *err)
{
    const struct bench_protocol *p = row->target->protocol;
    const struct bench_case *what = row->what;
    unsigned needed = what->up ? BENCH_CAP_STREAM_UP : BENCH_CAP_STREAM_DOWN;
    if (what->stream_chunk > 0 && !(p->caps & needed))
        return bench_fail(err, -ENOTSUP, "%s does not stream", p->name);
    if (what->text == NULL && takes_function(bench_operation_get(what->operation)) &&
        !(p->caps & BENCH_CAP_CALLBACK))
        return bench_fail(err, -ENOTSUP, "%s has no callbacks", p->name);
    if (what->reading != BENCH_READING_NONE && !(p->caps & BENCH_CAP_RECORDS))
        return bench_fail(err, -ENOTSUP, "%s carries no records", p->name);
    if (what->rtt_ns > 0 && p->caps & BENCH_CAP_NO_TRANSPORT)
        return bench_fail(err, -ENOTSUP, "%s has no network to be far away in", p->name);
    if (what->text != NULL && row->target->client != NULL)
        return bench_fail(err, -ENOTSUP, "the %s client makes the reference operations only",
                          row->target->client->client);
    if (what->load.rate_per_s > 0 && row->target->client != NULL)
        return bench_fail(err, -ENOTSUP, "the %s client runs closed loops only",
                          row->target->client->client);
    if (what->inflight > 1 && row->target->client != NULL)
        return bench_fail(err, -ENOTSUP, "the %s client waits for each reply before its next request",
                          row->target->client->client);
    const uint32_t most = bench_protocol_inflight(p, row->target->options);
    if (what->inflight > 1 && (uint32_t)what->inflight > most)
        return bench_fail(err, -ENOTSUP, "%s has at most %u request%s in flight on a connection",
                          row->target->name, most, most == 1 ? "" : "s");
    return bench_placement_resolve(what->placement, &plan->cpus, &row->cpus, err);
}

static int compile_row(struct bench_rows *rows, struct bench_row *row, struct bench_run *run,
                       struct bench_error *err)
{
    const struct bench_case *what = row->what;
    if (describe(&run->results[row->result], what) < 0)
        return bench_fail(err, -ENOMEM, "out of memory");
    row->steps = calloc(what->nsteps, sizeof(*row->steps));
    if (row->steps == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    struct bench_error why = {0};
    int rc = check_possible(rows->plan, row, &why);
    for (size_t i = 0; rc == 0 && i < what->nsteps; i++)
        rc = what->text != NULL ? make_text_step(row, &why) : make_step(rows, row, i, &why);
    if (rc == 0 && what->bulk)
        rc = make_setup(row, &why);
    if (rc == -ENOTSUP) {
        bench_row_off(row, run, BENCH_CELL_UNAVAILABLE, why.msg);
        return 0;
    }
    if (rc < 0)
        return bench_fail(err, rc, "%s, %s: %.180s", row->target->name, name_of(what), why.msg);
    return 0;
}

static int fill_info(struct bench_target_info *info, const struct bench_target *t,
                     const struct bench_plan *plan, unsigned colour)
{
    char label[64] = "";
    const struct bench_server_row *server = t->server;
    if (server != NULL && strstr(server->label, "%d") != NULL) {
        const char *hole = strstr(server->label, "%d");
        (void)snprintf(label, sizeof(label), "%.*s%d%s", (int)(hole - server->label), server->label,
                       bench_plan_most_clients(plan), hole + 2);
    } else if (server != NULL) {
        (void)snprintf(label, sizeof(label), "%s", server->label);
    }
    *info = (struct bench_target_info){
        .name = strdup(t->name),
        .protocol = strdup(t->protocol->name),
        .options = strdup(t->options_text),
        .mode = dup_or_empty(server == NULL ? NULL : server->mode),
        .server = dup_or_empty(server == NULL ? NULL : server->server),
        .client = strdup(t->client == NULL ? "native" : t->client->client),
        .family = strdup(t->protocol->family != NULL ? t->protocol->family : t->protocol->name),
        .library = dup_or_empty(t->client != NULL ? t->client->library
                                                  : t->protocol->client_library),
        .url = strdup(t->is_url ? t->name : ""),
        .label = strdup(label),
        .role = t->protocol->role,
        .colour = colour,
    };
    return info->name == NULL || info->label == NULL ? -ENOMEM : 0;
}

/* The option that a workload's second row of a target sets; NULL = there is none. */
static const char *variant_of(const struct bench_target *t, const struct bench_workload *workload)
{
    const char *option = workload->id == BENCH_WORKLOAD_LATENCY     ? t->protocol->latency_variant
                         : workload->id == BENCH_WORKLOAD_BANDWIDTH ? t->protocol->bulk_variant
                                                                    : NULL;
    if (option == NULL)
        return NULL;
    if (t->client != NULL)
        return NULL; /* it does what applications do, one way */
    /* Not for a target that sets the option itself. */
    char key[64];
    (void)snprintf(key, sizeof(key), "%.*s", (int)strcspn(option, "=") + 1, option);
    return strstr(t->options_text, key) != NULL ? NULL : option;
}

static int add_row(struct bench_rows *rows, struct bench_group *group, struct bench_run *run,
                   const struct bench_target *target, size_t info, const struct bench_case *what,
                   struct bench_error *err)
{
    struct bench_row *row = &group->rows[group->nrows++];
    *row = (struct bench_row){.target = target, .what = what, .result = run->nresults++};
    run->results[row->result].target = &run->targets[info];
    return compile_row(rows, row, run, err);
}

/* The info of a variant: made at its first use, shared by the cases. */
static int find_variant(struct bench_rows *rows, struct bench_run *run,
                        const struct bench_target *base, const char *option,
                        const struct bench_target **out, size_t *info, struct bench_error *err)
{
    struct bench_target made;
    int rc = bench_target_variant(base, option, &made, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < rows->nvariants; i++) {
        if (strcmp(rows->variants[i].name, made.name) == 0) {
            bench_target_fini(&made);
            *out = &rows->variants[i];
            *info = rows->plan->ntargets + i;
            return 0;
        }
    }
    struct bench_target *kept = &rows->variants[rows->nvariants++];
    *kept = made;
    *out = kept;
    *info = run->ntargets++;
    return fill_info(&run->targets[*info], kept, rows->plan, (unsigned)*info) < 0
               ? bench_fail(err, -ENOMEM, "out of memory")
               : 0;
}

static int allocate(struct bench_rows *rows, const struct bench_plan *plan, struct bench_run *run,
                    struct bench_error *err)
{
    size_t each = 0; /* rows of a target, each with a variant */
    for (size_t w = 0; w < BENCH_WORKLOAD_COUNT; w++) {
        const struct bench_workload *workload = bench_workload_get((enum bench_workload_id)w);
        if (plan->workloads[w] &&
            bench_cases_make(plan, workload, &rows->cases[w], &rows->ncases[w]) < 0)
            return bench_fail(err, -ENOMEM, "out of memory");
        each += 2 * rows->ncases[w];
    }
    rows->groups = calloc(plan->ntargets, sizeof(*rows->groups));
    rows->variants = calloc(2 * plan->ntargets, sizeof(*rows->variants));
    run->results = calloc(plan->ntargets * each + 1, sizeof(*run->results));
    run->targets = calloc(3 * plan->ntargets, sizeof(*run->targets));
    if (rows->groups == NULL || rows->variants == NULL || run->results == NULL ||
        run->targets == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    for (size_t t = 0; t < plan->ntargets; t++) {
        struct bench_group *group = &rows->groups[rows->ngroups++];
        group->base = &plan->targets[t];
        group->rows = calloc(each + 1, sizeof(*group->rows));
        if (group->rows == NULL || fill_info(&run->targets[run->ntargets++], group->base, plan,
                                             (unsigned)t) < 0)
            return bench_fail(err, -ENOMEM, "out of memory");
    }
    return 0;
}

/* A case on every target, and on the variant that its workload adds. */
static int add_case(struct bench_rows *rows, struct bench_run *run, const struct bench_case *what,
                    struct bench_error *err)
{
    int rc = 0;
    for (size_t t = 0; rc == 0 && t < rows->plan->ntargets; t++) {
        const struct bench_target *target = &rows->plan->targets[t], *variant;
        rc = add_row(rows, &rows->groups[t], run, target, t, what, err);
        const char *option = variant_of(target, what->workload);
        size_t info;
        if (rc == 0 && option != NULL)
            rc = find_variant(rows, run, target, option, &variant, &info, err);
        if (rc == 0 && option != NULL)
            rc = add_row(rows, &rows->groups[t], run, variant, info, what, err);
    }
    return rc;
}

int bench_rows_init(struct bench_rows *rows, const struct bench_plan *plan, struct bench_run *run,
                    struct bench_error *err)
{
    *rows = (struct bench_rows){.plan = plan};
    bench_arena_init(&rows->arena, EXPECTED_LIMIT);
    int rc = allocate(rows, plan, run, err);
    for (size_t w = 0; rc == 0 && w < BENCH_WORKLOAD_COUNT; w++)
        for (size_t i = 0; rc == 0 && i < rows->ncases[w]; i++)
            rc = add_case(rows, run, &rows->cases[w][i], err);
    return rc;
}

static void row_free(struct bench_row *row)
{
    const struct bench_protocol *p = row->target->protocol;
    union {
        const struct bench_program *in;
        struct bench_program *out;
    } program;
    for (size_t i = 0; row->steps != NULL && i < row->what->nsteps; i++) {
        program.in = row->steps[i].program;
        if (i == 0 || row->steps[i].program != row->steps[0].program)
            p->program_free(program.out);
    }
    if (row->setup != NULL) {
        program.in = row->setup->program;
        p->program_free(program.out);
    }
    free(row->steps);
    free(row->setup);
}

void bench_rows_fini(struct bench_rows *rows)
{
    for (size_t g = 0; g < rows->ngroups; g++) {
        for (size_t r = 0; r < rows->groups[g].nrows; r++)
            row_free(&rows->groups[g].rows[r]);
        free(rows->groups[g].rows);
    }
    for (size_t v = 0; v < rows->nvariants; v++)
        bench_target_fini(&rows->variants[v]);
    for (size_t w = 0; w < BENCH_WORKLOAD_COUNT; w++)
        free(rows->cases[w]);
    free(rows->groups);
    free(rows->variants);
    bench_arena_fini(&rows->arena);
}

enum { CLIENT_PROCESSES_MAX = 16 }; /* unless asked for otherwise */

static int client_processes(const struct bench_plan *plan, const struct bench_case *what)
{
    int wanted = plan->client_processes > 0 ? (int)plan->client_processes : CLIENT_PROCESSES_MAX;
    return wanted < what->clients ? wanted : what->clients;
}

void bench_row_cell(const struct bench_plan *plan, const struct bench_row *row,
                    const struct bench_address *address, struct bench_cell *out)
{
    const struct bench_case *what = row->what;
    *out = (struct bench_cell){
        .protocol = row->target->protocol,
        .options = row->target->options,
        .steps = row->steps,
        .nsteps = what->nsteps,
        .setup = row->setup,
        .nsetup = row->setup == NULL ? 0 : 1,
        .sample = what->sample,
        .clients = what->clients,
        .inflight = what->inflight,
        .units = what->units,
        .warmup = what->warmup,
        .budget_ns = what->budget_ns,
        .timeout_ns = what->timeout_ns,
        .load = what->load,
        .reply_work_ns = plan->reply_work_ns,
        .normal_priority = plan->normal_priority,
        .workers = plan->workers < what->clients ? (int)plan->workers : what->clients,
        .cpus = row->cpus.client_given ? &row->cpus.client : NULL,
        .client = row->target->client,
        .options_text = row->target->options_text,
        .client_processes = client_processes(plan, what),
        .payload = plan->payload,
        .payload_seed = (uint64_t)plan->seed,
    };
    if (address != NULL)
        out->address = *address;
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
    union {
        const struct bench_program *in;
        struct bench_program *out;
    } old = {.in = row->steps[0].program};
    protocol->program_free(old.out);
    row->steps[0] = (struct bench_step){.program = program};
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
