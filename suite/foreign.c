/* SPDX-License-Identifier: MIT */
#include "suite/foreign.h"

#include <errno.h>
#include <stdio.h>

/* One call over a connection of its own. 0; -EREMOTEIO: the server answered, but not this; other
 * negatives: it could not be reached. */
static int try_row(const struct bench_row *row, const struct bench_plan *plan,
                   const struct bench_address *address, struct bench_error *err)
{
    static const struct bench_conn_events events = {.opened = NULL};
    struct bench_loop *loop = NULL;
    struct bench_conn *conn = NULL;
    struct bench_op *op = NULL;
    bool answered = false;
    int rc = bench_loop_new(&loop, err);
    if (rc == 0)
        rc = bench_conn_new(loop, row->target->protocol, row->target->options, address, &events,
                            NULL, &conn, err);
    if (rc == 0)
        rc = bench_op_new(row->target->protocol, &op, err);
    if (rc == 0)
        rc = bench_open_blocking(conn, plan->timeout_ns, err);
    if (rc == 0) {
        bench_op_reset(op);
        op->program = row->steps[0].program;
        op->tx.data = row->steps[0].tx;
        op->tx.length = row->steps[0].tx_length;
        op->timeout_ns = plan->timeout_ns;
        rc = bench_call_blocking(conn, op, err);
        answered = op->failure == BENCH_FAILURE_REMOTE || op->failure == BENCH_FAILURE_STATUS ||
                   op->failure == BENCH_FAILURE_PROTOCOL || op->failure == BENCH_FAILURE_WRONG;
        bool same = row->steps[0].expected.bulk ||
                    bench_value_equal(&op->result, &row->steps[0].expected.value);
        if (rc == 0 && row->steps[0].expected.known && !same) {
            rc = bench_fail(err, -EREMOTEIO, "its answer is not the reference service's");
            answered = true;
        }
        bench_conn_close(conn);
    }
    bench_conn_free(conn);
    bench_op_free(op);
    bench_loop_free(loop);
    return rc < 0 && answered ? -EREMOTEIO : rc;
}

int bench_foreign_check(struct bench_group *group, const struct bench_plan *plan,
                        struct bench_run *run, struct bench_error *err)
{
    for (size_t r = 0; r < group->nrows; r++) {
        struct bench_row *row = &group->rows[r];
        if (row->off)
            continue;
        struct bench_error why = {0};
        int rc = try_row(row, plan, &group->base->address, &why);
        if (rc == -EREMOTEIO && row->what->operation == BENCH_OP_PING) {
            rc = bench_row_use_probe(row, run, &why);
            if (rc == 0)
                rc = try_row(row, plan, &group->base->address, &why);
        }
        if (rc == -EREMOTEIO || rc == -ENOTSUP) {
            char text[320];
            (void)snprintf(text, sizeof(text), "this server does not offer it: %.250s", why.msg);
            bench_row_off(row, run, BENCH_CELL_UNAVAILABLE, text);
        } else if (rc < 0) {
            return bench_fail(err, rc, "cannot be reached: %.200s", why.msg);
        }
    }
    return 0;
}
