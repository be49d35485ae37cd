/* SPDX-License-Identifier: MIT */
/*
 * Classic mode: what rpyc.classic.connect() fetches before it returns, and the modules of the
 * server by name (rpyc.core.service.ModuleNamespace). The server runs what it is told; nothing is
 * ever run for the server (rpyc_slave.c). Lives on the connection's loop.
 */
#ifndef RPYC_CLASSIC_H
#define RPYC_CLASSIC_H

#include "protocols/rpyc/rpyc_eval.h"
#include "protocols/rpyc/rpyc_expr.h"
#include "protocols/rpyc/rpyc_kept.h"

struct rpyc_classic_module {
    struct rpyc_held *held;
    const void *key; /* brine of its name */
    size_t key_length;
    struct rpyc_classic_module *next;
};

struct rpyc_classic {
    struct rpyc_kept *kept; /* all of the below; never given back while the connection lives */
    struct rpyc_held *names[RPYC_CLASSIC_NAMES];
    struct rpyc_classic_module *modules;
    struct rpyc_held *inspected; /* while its class is asked for */
    size_t step;                 /* of connecting */
    bool again;                  /* the attribute has been asked for twice */
};

/* 0; -ENOTSUP, naming the column: a name of classic mode elsewhere, or `modules` by itself. */
int rpyc_classic_check(const struct rpyc_node *tree, bool classic,
                       struct bench_error *err) BENCH_MUST_CHECK;

/* The root is known: the rest of connecting. 0, or negative after bench_conn_fail. */
int rpyc_classic_begin(struct bench_conn *conn, struct rpyc_client *c);
/* An answer to one of its requests. 0, or negative after bench_conn_fail. */
int rpyc_classic_answer(struct bench_conn *conn, struct rpyc_client *c,
                        struct rpyc_message *message);
/* Accepts NULL. */
void rpyc_classic_free(struct rpyc_classic *classic);

/* ---- while an expression runs; as the functions of rpyc_eval_internal.h ---- */

/* The entry in the expression's table for a reference that the connection keeps. NULL: it does not
 * keep it. */
struct rpyc_held *rpyc_classic_find(struct rpyc_client *c, const struct rpyc_ref *ref);
int rpyc_classic_push(struct bench_conn *conn, struct rpyc_client *c,
                      enum rpyc_classic_name name);
/* name -- module */
int rpyc_classic_module(struct bench_conn *conn, struct rpyc_client *c);
int rpyc_classic_got_module(struct bench_conn *conn, struct rpyc_client *c);

#endif
