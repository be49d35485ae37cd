/* SPDX-License-Identifier: MIT */
/* Between rpyc_eval.c and rpyc_eval_ops.c. */
#ifndef RPYC_EVAL_INTERNAL_H
#define RPYC_EVAL_INTERNAL_H

#include "protocols/rpyc/rpyc_client.h"

/* How an instruction went; negative: after bench_conn_fail. */
enum {
    RPYC_EVAL_DONE = 0,
    RPYC_EVAL_WAITS = 1, /* for an answer, or for nothing, as the op has ended */
};

static inline const struct rpyc_instruction *rpyc_eval_present(const struct rpyc_eval *e)
{
    return &e->code->list[e->next];
}

static inline struct rpyc_slot *rpyc_eval_top(struct rpyc_eval *e, size_t below)
{
    return &e->stack[e->height - 1 - below];
}

static inline void rpyc_eval_push(struct rpyc_eval *e, struct bench_value value)
{
    e->stack[e->height++] = (struct rpyc_slot){.value = value};
}

/* The op fails; the message names the column. */
int rpyc_eval_fail(struct bench_conn *conn, struct rpyc_client *c, enum bench_failure failure,
                   int code, const char *format, ...) BENCH_PRINTF(5, 6);
/* What Python would raise without asking the server. */
#define RAISE(conn, c, ...) rpyc_eval_fail(conn, c, BENCH_FAILURE_WRONG, -EBADMSG, __VA_ARGS__)
int rpyc_eval_no_memory(struct bench_conn *conn, struct rpyc_client *c);

bool rpyc_eval_has_items(const struct bench_value *value);
/* A value is forgotten: the last item first, as Python does. */
int rpyc_eval_drop(struct bench_conn *conn, struct rpyc_client *c, const struct bench_value *value);
/* A value is there once more. */
void rpyc_eval_hold(const struct bench_value *value);
/* A reference that stays in the connection, from its brine. NULL: no memory. */
struct rpyc_held *rpyc_eval_hold_kept(struct rpyc_client *c, const struct bench_buf *brine);
/* The topmost n are forgotten, the lowest of them first; value is there instead. */
int rpyc_eval_replace(struct bench_conn *conn, struct rpyc_client *c, size_t n,
                      struct bench_value value);

int rpyc_eval_ask(struct bench_conn *conn, struct rpyc_client *c, enum rpyc_handler handler,
                  const struct bench_value *args, size_t n);
/* CALLATTR. */
int rpyc_eval_ask_method(struct bench_conn *conn, struct rpyc_client *c,
                         const struct bench_value *object, const char *name,
                         const struct bench_value *args, size_t n);

/* ---- instructions ---- */

int rpyc_eval_run_one(struct bench_conn *conn, struct rpyc_client *c);
int rpyc_eval_attr(struct bench_conn *conn, struct rpyc_client *c,
                   const struct rpyc_instruction *i);
/* NEXT has nothing more. The step to the next instruction is still to come. */
int rpyc_eval_at_end(struct bench_conn *conn, struct rpyc_client *c);
/* What the present instruction does with its answer. */
int rpyc_eval_take(struct bench_conn *conn, struct rpyc_client *c);

#endif
