/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/service.h"
#include "tests/conformance/conformance.h"

enum conf_result conf_failed(const char *file, int line, const char *condition, const char *format,
                             ...)
{
    const char *slash = strrchr(file, '/');
    va_list args;

    printf("# %s:%d: %s: ", slash ? slash + 1 : file, line, condition);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    return CONF_FAILED;
}

bool conf_has(const struct conf_run *run, unsigned caps)
{
    return (run->protocol->caps & caps) == caps;
}

enum conf_result conf_server(struct conf_run *run)
{
    struct bench_error err = {0};

    if (run->server.pid != 0 || conf_has(run, BENCH_CAP_NO_TRANSPORT))
        return CONF_PASSED;
    CHECK(support_server_start(&run->spec, &run->server, &err) == 0, "%s", err.msg);
    return CONF_PASSED;
}

/* ---- connections ---- */

static void on_opened(struct bench_conn *conn, int status, void *user)
{
    struct conf_link *link = user;

    (void)conn;
    link->opened++;
    link->status = status;
    bench_loop_stop(link->loop);
}

static void on_closed(struct bench_conn *conn, void *user)
{
    struct conf_link *link = user;

    (void)conn;
    link->closed++;
    bench_loop_stop(link->loop);
}

static void on_writable(struct bench_conn *conn, void *user)
{
    struct conf_link *link = user;

    (void)conn;
    link->writable++;
    bench_loop_stop(link->loop);
}

struct conf_link *conf_link(struct conf_run *run, uint16_t port)
{
    static const struct bench_conn_events events = {on_opened, on_closed, on_writable};
    struct bench_address address = {.host = "127.0.0.1", .port = port, .tls = run->tls};
    struct bench_error err = {0};

    (void)snprintf(address.ca_file, sizeof(address.ca_file), "%s", run->certificate.cert_file);
    if (run->nlinks == CONF_LINKS_MAX)
        abort(); /* the case is wrong */
    struct conf_link *link = &run->links[run->nlinks];
    *link = (struct conf_link){.loop = run->loop};
    int rc = 0;
    if (!conf_has(run, BENCH_CAP_NO_TRANSPORT))
        rc = bench_address_resolve(&address, &err);
    if (rc == 0)
        rc = bench_conn_new(run->loop, run->protocol, run->options, &address, &events, link,
                            &link->conn, &err);
    if (rc < 0) {
        (void)conf_failed(__FILE__, __LINE__, "new connection", "%s", err.msg);
        return NULL;
    }
    run->nlinks++;
    return link;
}

struct conf_link *conf_link_open(struct conf_run *run)
{
    struct bench_error err = {0};
    struct conf_link *link = conf_link(run, run->server.port);

    if (!link)
        return NULL;
    int rc = bench_conn_open(link->conn, CONF_PATIENCE_NS, &err);
    if (rc == 0 && conf_wait(run, &link->opened, 1) && link->status == 0)
        return link;
    (void)conf_failed(__FILE__, __LINE__, "opening", "%s",
                      rc < 0 ? err.msg : bench_conn_error(link->conn)->msg);
    return NULL;
}

/* ---- operations ---- */

const struct bench_program *conf_program(struct conf_run *run, enum bench_operation_id id,
                                         const struct bench_value *args, size_t nargs)
{
    const struct bench_spec spec = {.kind = BENCH_SPEC_OPERATION,
                                    .operation = bench_operation_get(id),
                                    .args = args,
                                    .nargs = nargs};

    return conf_compile(run, &spec);
}

const struct bench_program *conf_compile(struct conf_run *run, const struct bench_spec *spec)
{
    struct bench_error err = {0};
    struct bench_program *program;

    if (run->nprograms == CONF_PROGRAMS_MAX)
        abort(); /* the case is wrong */
    int rc = run->protocol->compile(run->options, spec, &program, &err);
    if (rc == -ENOTSUP) {
        run->skip_reason = "the protocol has no such operation";
        return NULL;
    }
    if (rc < 0) {
        (void)conf_failed(__FILE__, __LINE__, spec->operation->name, "does not compile: %s",
                          err.msg);
        return NULL;
    }
    run->programs[run->nprograms++] = program;
    return program;
}

enum conf_result conf_no_program(const struct conf_run *run)
{
    return run->skip_reason ? CONF_SKIPPED : CONF_FAILED;
}

static void on_done(struct bench_op *op, int status, void *user)
{
    struct conf_call *call = user;

    (void)op;
    call->done++;
    call->status = status;
    bench_loop_stop(call->loop);
}

struct conf_call *conf_call(struct conf_run *run, const struct bench_program *program)
{
    struct bench_error err = {0};

    if (run->ncalls == CONF_CALLS_MAX)
        abort(); /* the case is wrong */
    struct conf_call *call = &run->calls[run->ncalls];
    *call = (struct conf_call){.loop = run->loop};
    if (bench_op_new(run->protocol, &call->op, &err) < 0) {
        (void)conf_failed(__FILE__, __LINE__, "new op", "%s", err.msg);
        return NULL;
    }
    run->ncalls++;
    bench_buf_init(&call->store, (size_t)64 << 20);
    call->op->program = program;
    call->op->done = on_done;
    call->op->user = call;
    call->op->sink.kind = BENCH_SINK_CHECKSUM;
    call->op->sink.store = &call->store;
    call->op->sink.limit = (uint64_t)64 << 20;
    call->op->timeout_ns = CONF_PATIENCE_NS;
    return call;
}

void conf_drop(struct conf_run *run)
{
    for (int i = 0; i < run->nlinks; i++)
        bench_conn_free(run->links[i].conn);
    for (int i = 0; i < run->ncalls; i++) {
        bench_op_free(run->calls[i].op);
        bench_buf_fini(&run->calls[i].store);
    }
    for (int i = 0; i < run->nprograms; i++)
        run->protocol->program_free(run->programs[i]);
    run->nlinks = run->ncalls = run->nprograms = 0;
}

/* ---- waiting ---- */

bool conf_wait(struct conf_run *run, const int *counter, int wanted)
{
    int64_t deadline_ns = bench_now_ns() + CONF_PATIENCE_NS + 5 * BENCH_NS_PER_S;

    while (*counter < wanted) {
        if (bench_loop_run(run->loop, deadline_ns) < 0)
            return *counter >= wanted;
    }
    return true;
}

void conf_settle(struct conf_run *run)
{
    int64_t deadline_ns = bench_now_ns() + 20 * BENCH_NS_PER_MS;

    while (bench_loop_run(run->loop, deadline_ns) == 0 && bench_now_ns() < deadline_ns)
        continue;
}

int conf_do(struct conf_run *run, struct conf_link *link, struct conf_call *call)
{
    struct bench_error err = {0};
    int before = call->done;

    bench_op_reset(call->op);
    int rc = bench_conn_submit(link->conn, call->op, &err);
    if (rc < 0) {
        call->op->error = err;
        return rc;
    }
    if (!conf_wait(run, &call->done, before + 1))
        return -ETIME;
    return call->status;
}

const char *conf_why(const struct conf_call *call)
{
    static char text[300];

    (void)snprintf(text, sizeof(text), "%d times done, status %d, %s: %s", call->done, call->status,
                   bench_failure_name(call->op->failure), call->op->error.msg);
    return text;
}

/* ---- what should come ---- */

enum conf_result conf_expect(struct conf_run *run, enum bench_operation_id id,
                             const struct bench_value *args, size_t nargs,
                             const struct bench_value *tx, struct bench_value *out)
{
    const struct bench_service *service = bench_reference_service();
    const struct bench_operation *operation = bench_operation_get(id);
    struct bench_spec spec = {.operation = operation, .args = args, .nargs = nargs};
    struct bench_call call = {.arena = &run->arena, .service = service};
    struct bench_value all[BENCH_OPERATION_PARAMS + 1];
    size_t n = bench_operation_nparams(operation);

    for (size_t i = 0; i < n; i++)
        all[i] = bench_spec_arg(&spec, i);
    if (tx)
        all[n++] = *tx;
    int rc = service->call(service, &call, operation, all, n, out);
    CHECK(rc == 0, "the reference service itself: %d %s", rc, call.exception.message);
    return CONF_PASSED;
}
