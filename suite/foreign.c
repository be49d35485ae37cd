/* SPDX-License-Identifier: MIT */
#include "suite/foreign.h"

#include <errno.h>
#include <stdio.h>

/* What became of one call. */
struct attempt {
    bool answered; /* something came back: the server lives, whatever it said */
    enum bench_failure failure;
};

/* One call over a connection of its own. 0, or negative with the attempt and err filled. */
static int try_row(const struct bench_row *row, const struct bench_plan *plan,
                   const struct bench_address *address, struct attempt *out,
                   struct bench_error *err)
{
    static const struct bench_conn_events events = {.opened = NULL};
    struct bench_loop *loop = NULL;
    struct bench_conn *conn = NULL;
    struct bench_op *op = NULL;
    *out = (struct attempt){.failure = BENCH_FAILURE_OTHER};
    int rc = bench_loop_new(&loop, err);
    if (rc == 0)
        rc = bench_conn_new(loop, row->target->protocol, row->target->options, address, &events,
                            NULL, &conn, err);
    if (rc == 0)
        rc = bench_op_new(row->target->protocol, &op, err);
    if (rc == 0) {
        rc = bench_open_blocking(conn, plan->timeout_ns, err);
        if (rc < 0)
            out->failure = bench_conn_failure(conn);
    }
    if (rc == 0) {
        bench_op_reset(op);
        op->program = row->steps[0].program;
        op->tx.data = row->steps[0].tx;
        op->tx.length = row->steps[0].tx_length;
        op->timeout_ns = plan->timeout_ns;
        rc = bench_call_blocking(conn, op, err);
        out->failure = op->failure;
        bool same = row->steps[0].expected.bulk ||
                    bench_expected_is(&row->steps[0].expected, &op->result);
        if (rc == 0 && !same) {
            rc = bench_fail(err, -EBADMSG, "its answer is not the reference service's");
            out->failure = BENCH_FAILURE_WRONG;
        }
        out->answered = out->failure == BENCH_FAILURE_REMOTE ||
                        out->failure == BENCH_FAILURE_STATUS ||
                        out->failure == BENCH_FAILURE_PROTOCOL ||
                        out->failure == BENCH_FAILURE_WRONG;
        bench_conn_close(conn);
    }
    bench_conn_free(conn);
    bench_op_free(op);
    bench_loop_free(loop);
    return rc;
}

/* An earlier row of the group with the same operation has shown what this one would. */
static const struct bench_row *tried_before(const struct bench_group *group, size_t r)
{
    for (size_t i = 0; i < r; i++)
        if (group->rows[i].what->operation == group->rows[r].what->operation &&
            group->rows[r].what->bulk)
            return &group->rows[i];
    return NULL;
}

static int check_row(struct bench_group *group, size_t r, const struct bench_plan *plan,
                     struct bench_run *run, struct bench_error *err)
{
    struct bench_row *row = &group->rows[r];
    const struct bench_row *before = tried_before(group, r);
    if (before != NULL) {
        if (before->off)
            bench_row_off(row, run, run->results[before->result].status,
                          run->results[before->result].reason);
        return 0;
    }
    struct bench_error why = {0};
    struct attempt attempt;
    bool probed = false;
    int rc = try_row(row, plan, &group->base->address, &attempt, &why);
    if (rc < 0 && attempt.answered && row->what->operation == BENCH_OP_PING &&
        row->what->text == NULL &&
        bench_row_use_probe(row, run, &why) == 0) {
        probed = true;
        rc = try_row(row, plan, &group->base->address, &attempt, &why);
    }
    if (rc < 0 && attempt.answered && !probed) {
        char text[320];
        (void)snprintf(text, sizeof(text), "this server does not offer it: %.250s", why.msg);
        bench_row_off(row, run, BENCH_CELL_UNAVAILABLE, text);
    } else if (rc < 0) {
        /* What does not even answer the probe is no server of this protocol. */
        return bench_fail(err, rc, "cannot be %s (%s): %.180s",
                          attempt.failure == BENCH_FAILURE_REFUSED ? "reached" : "measured",
                          bench_failure_name(attempt.failure), why.msg);
    }
    return 0;
}

int bench_foreign_check(struct bench_group *group, const struct bench_plan *plan,
                        struct bench_run *run, struct bench_error *err)
{
    int rc = 0;
    for (size_t r = 0; rc == 0 && r < group->nrows; r++)
        if (!group->rows[r].off)
            rc = check_row(group, r, plan, run, err);
    return rc;
}
