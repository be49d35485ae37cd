/* SPDX-License-Identifier: MIT */
/*
 * The RPyC backend's table, its options, and what its files offer each other.
 */
#ifndef RPYC_H
#define RPYC_H

#include "bench/protocol.h"
#include "protocols/rpyc/rpyc_rules.h"

extern const struct bench_protocol rpyc_protocol;

enum rpyc_call_style { RPYC_CALL_PLAIN, RPYC_CALL_CACHED };
enum rpyc_version { RPYC_VERSION_AUTO, RPYC_VERSION_5, RPYC_VERSION_6 };
enum rpyc_socket { RPYC_SOCKET_AUTO, RPYC_SOCKET_PYTHON, RPYC_SOCKET_FAST, RPYC_SOCKET_NODELAY };

struct rpyc_options {
    int call;            /* enum rpyc_call_style */
    int version;         /* enum rpyc_version */
    int socket;          /* enum rpyc_socket */
    bool classic;        /* the server gives access to its interpreter */
    int64_t max_frame;   /* bytes of a frame's payload as sent */
    int64_t max_inflate; /* bytes of a payload after inflating */
    int64_t max_items;   /* of all tuples of one message */
    int64_t max_nesting; /* of tuples in each other */
    int64_t max_inflight; /* ops on one connection */
    int64_t max_callbacks; /* calls of one op's function that wait for each other */
    int64_t max_served;  /* requests of the server during one op */
    int64_t max_unsent;  /* bytes of answers that the server does not read */
    int policy;             /* enum rpyc_policy; of the server */
    int64_t max_references; /* objects that a session of the server has handed out, or an op of ours got */
    int64_t max_depth;      /* requests that wait for a client's answers to each other */
    int64_t max_stored;     /* bytes that the objects of a session hold */
    bool bind_threads;      /* thread ids in front of every message, both ways */
    bool tls;            /* of targets that are started; a connection goes by its address */
};

/* ---- programs ---- */

/* How the bytes of a bulk operation travel. */
enum rpyc_flow {
    RPYC_FLOW_WHOLE,  /* as one argument or one result */
    RPYC_FLOW_LEND,   /* the argument is a list of ours, which the server iterates over */
    RPYC_FLOW_ITERATE, /* the result is an object of the server, which we iterate over */
    RPYC_FLOW_CALLBACK /* the last argument is a function of ours, which the server calls */
};

struct rpyc_code;

/* A call of one attribute of the root, or a ping, with all that does not change encoded; or any
 * other expression. */
struct rpyc_program {
    struct bench_program base;
    bool ping;
    struct rpyc_code *code; /* of an expression, else NULL; owned */
    enum rpyc_flow flow;
    size_t nargs;     /* without tx */
    const char *name; /* of the attribute */
    size_t name_length;
    const uint8_t *name_box; /* the box of the name, as GETATTR takes it */
    size_t name_box_length;
    const uint8_t *args; /* brine of the arguments, without the tuple's head; CALLBACK: boxes */
    size_t args_length;
    unsigned char text[]; /* what the pointers above point into */
};

#define RPYC_PING_TEXT "rpycbench ping"
/* The operation that takes a function, and what that function calls. */
#define RPYC_NESTED_NAME "nested"

int rpyc_compile(const void *options, const struct bench_spec *spec, struct bench_program **out,
                 struct bench_error *err);
/* A spec whose answer's records are read (rpyc_reading.c). */
int rpyc_compile_reading(const struct rpyc_options *options, const struct bench_spec *spec,
                         struct bench_program **out, struct bench_error *err);
void rpyc_program_free(struct bench_program *program);

/* ---- server ---- */

extern const struct bench_server_ops rpyc_server_ops;

#endif
