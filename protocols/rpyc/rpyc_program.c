/* SPDX-License-Identifier: MIT */
/* Specs into programs: everything that does not change from call to call is encoded here. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/rpyc/rpyc.h"
#include "protocols/rpyc/rpyc_classic.h"
#include "protocols/rpyc/rpyc_code.h"
#include "protocols/rpyc/rpyc_msg.h"

enum {
    ARGS_LIMIT = 16 << 20, /* bytes of encoded arguments */
    TEXT_LIMIT = 64 << 20, /* bytes of memory for reading a user's text */
};

/* What is needed of a spec, whatever its kind. */
struct plan {
    const char *name;
    size_t name_length;
    const struct bench_value *args;
    size_t nargs;
    bool bulk, tx;
    enum rpyc_flow flow;
};

static int encode(const struct plan *plan, struct bench_buf *buf, size_t *args_at,
                  struct bench_error *err)
{
    int rc = rpyc_write_box_head(buf, RPYC_VALUE);
    if (rc == 0)
        rc = rpyc_dump_text(buf, plan->name, plan->name_length);
    *args_at = bench_buf_length(buf);
    if (rc < 0)
        return bench_fail(err, -EINVAL, "the name of the attribute is not UTF-8");
    for (size_t i = 0; i < plan->nargs; i++) {
        /* A tuple of which not all go by value is a tuple of boxes. */
        rc = plan->flow == RPYC_FLOW_CALLBACK ? rpyc_write_box_head(buf, RPYC_VALUE) : 0;
        if (rc == 0)
            rc = rpyc_dump(buf, &plan->args[i]);
        if (rc < 0)
            return bench_fail(err, rc == -EINVAL ? -ENOTSUP : rc,
                              "argument %zu cannot be sent by value", i + 1);
    }
    return 0;
}

static int build(const struct plan *plan, struct bench_program **out, struct bench_error *err)
{
    struct bench_buf buf;
    size_t args_at = 0;
    bench_buf_init(&buf, ARGS_LIMIT);
    int rc = encode(plan, &buf, &args_at, err);
    if (rc < 0)
        goto out;
    size_t encoded = bench_buf_length(&buf);
    struct rpyc_program *p = calloc(1, sizeof(*p) + encoded + plan->name_length);
    if (!p) {
        rc = bench_fail(err, -ENOMEM, "no memory for a program");
        goto out;
    }
    memcpy(p->text, bench_buf_head(&buf), encoded);
    memcpy(p->text + encoded, plan->name, plan->name_length);
    p->base =
        (struct bench_program){.protocol = &rpyc_protocol, .bulk = plan->bulk, .tx = plan->tx};
    p->flow = plan->flow;
    p->nargs = plan->nargs;
    p->name = (const char *)p->text + encoded;
    p->name_length = plan->name_length;
    p->name_box = p->text;
    p->name_box_length = args_at;
    p->args = p->text + args_at;
    p->args_length = encoded - args_at;
    *out = &p->base;
out:
    bench_buf_fini(&buf);
    return rc;
}

static int compile_operation(const struct bench_spec *spec, struct bench_program **out,
                             struct bench_error *err)
{
    const struct bench_operation *operation = spec->operation;
    struct bench_value args[BENCH_OPERATION_PARAMS];
    const bool callback = strcmp(operation->name, RPYC_NESTED_NAME) == 0;
    size_t nargs = bench_operation_nparams(operation);
    if (callback)
        nargs = 1; /* the function is lent by each call */
    for (size_t i = 0; i < nargs; i++)
        args[i] = bench_spec_arg(spec, i);
    const struct plan plan = {
        .name = operation->name,
        .name_length = strlen(operation->name),
        .args = args,
        .nargs = nargs,
        .bulk = operation->bulk,
        .tx = operation->tx,
        .flow = operation->id == BENCH_OP_UPLOAD_CHUNKED     ? RPYC_FLOW_LEND
                : operation->id == BENCH_OP_DOWNLOAD_CHUNKED ? RPYC_FLOW_ITERATE
                : callback                                   ? RPYC_FLOW_CALLBACK
                                                             : RPYC_FLOW_WHOLE,
    };
    return build(&plan, out, err);
}

/* root.NAME(constants): encoded whole, like an operation. False: it is anything else. */
static bool is_simple_call(const struct rpyc_node *tree)
{
    if (tree->kind != RPYC_NODE_CALL || tree->first->kind != RPYC_NODE_ATTR ||
        tree->first->first->kind != RPYC_NODE_ROOT)
        return false;
    const struct rpyc_node *arg = tree->first->next;
    while (arg && arg->kind == RPYC_NODE_CONST && !arg->keyword)
        arg = arg->next;
    return !arg;
}

static int compile_call(const struct rpyc_node *tree, struct bench_program **out,
                        struct bench_error *err)
{
    const struct rpyc_node *attr = tree->first;
    struct bench_value args[RPYC_EXPR_ARGS_MAX];
    size_t n = 0;
    for (const struct rpyc_node *arg = attr->next; arg; arg = arg->next)
        args[n++] = arg->value;
    const struct plan plan = {
        .name = attr->name, .name_length = attr->name_length, .args = args, .nargs = n};
    return build(&plan, out, err);
}

static int compile_expression(struct bench_arena *arena, const struct rpyc_node *tree,
                              struct bench_program **out, struct bench_error *err)
{
    struct rpyc_program *p = calloc(1, sizeof(*p));
    if (!p)
        return bench_fail(err, -ENOMEM, "no memory for a program");
    p->base = (struct bench_program){.protocol = &rpyc_protocol};
    int rc = rpyc_code_new(arena, tree, &p->code, err);
    if (rc < 0) {
        free(p);
        return rc;
    }
    *out = &p->base;
    return 0;
}

static int compile_text(const struct rpyc_options *options, const struct bench_spec *spec,
                        struct bench_program **out, struct bench_error *err)
{
    struct bench_arena arena;
    struct rpyc_node *tree = NULL;
    bench_arena_init(&arena, TEXT_LIMIT);
    int rc = rpyc_expr_parse(&arena, spec->text, strlen(spec->text), &tree, err);
    if (rc == 0)
        rc = rpyc_classic_check(tree, options->classic, err);
    if (rc == 0)
        rc = is_simple_call(tree) ? compile_call(tree, out, err)
                                  : compile_expression(&arena, tree, out, err);
    bench_arena_fini(&arena);
    return rc;
}

static int compile_probe(struct bench_program **out, struct bench_error *err)
{
    const struct bench_value text = bench_str(RPYC_PING_TEXT);
    const struct plan plan = {.name = "", .args = &text, .nargs = 1};
    int rc = build(&plan, out, err);
    if (rc == 0)
        ((struct rpyc_program *)*out)->ping = true;
    return rc;
}

int rpyc_compile(const void *options, const struct bench_spec *spec, struct bench_program **out,
                 struct bench_error *err)
{
    switch (spec->kind) {
    case BENCH_SPEC_OPERATION:
        return spec->reading != BENCH_READING_NONE ? rpyc_compile_reading(options, spec, out, err)
                                                   : compile_operation(spec, out, err);
    case BENCH_SPEC_TEXT:
        return compile_text(options, spec, out, err);
    case BENCH_SPEC_PROBE:
        return compile_probe(out, err);
    }
    return bench_fail(err, -EINVAL, "unknown kind of spec %d", (int)spec->kind);
}

void rpyc_program_free(struct bench_program *program)
{
    if (program)
        rpyc_code_free(((struct rpyc_program *)program)->code);
    free(program);
}
