/* SPDX-License-Identifier: MIT */
/*
 * Running an expression on a connection: what Python's rpyc sends for it, request by request. All
 * memory is the op's arena.
 */
#ifndef RPYC_EVAL_H
#define RPYC_EVAL_H

#include "protocols/rpyc/rpyc_code.h"
#include "protocols/rpyc/rpyc_held.h"

#define RPYC_LIST_MAX 1000000 /* items of one list() */

struct bench_conn;
struct rpyc_client;

struct rpyc_slot {
    struct bench_value value;
    size_t position; /* of an iterator over a value of ours; room of a list that grows */
};

struct rpyc_eval {
    bool active;
    const struct rpyc_code *code; /* NULL: only the result of a plain call is taken apart */
    size_t next;                  /* instruction */
    unsigned phase;               /* of an instruction that needs several answers */
    bool again;                   /* the attribute has been asked for twice */
    bool sent_del;                /* behind the last answer */
    int64_t chunk;                /* of BUFFITER */
    struct rpyc_slot *stack;
    size_t height;
    struct bench_value *places;
    struct bench_value answer;
    struct rpyc_held *root;
    struct rpyc_held *inspect, *inspect_last; /* came with the answer, of unknown classes */
    struct rpyc_held_table held;
};

/* The op is the present call's. Functions return 0 or negative after bench_conn_fail. */
int rpyc_eval_begin(struct bench_conn *conn, struct rpyc_client *c, const struct rpyc_code *code);
int rpyc_eval_answer(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message);
/* The result of a plain call that is not a mere value. */
int rpyc_eval_result(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message);
/* Gives back what is still held. */
int rpyc_eval_end(struct bench_conn *conn, struct rpyc_client *c);

#endif
