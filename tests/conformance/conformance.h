/* SPDX-License-Identifier: MIT */
/*
 * The list that every backend must pass, through the public contract only. A case gets a fresh
 * loop; what it makes with conf_link, conf_call and conf_program is freed behind it, whatever
 * happened. What a backend cannot do is skipped by its capabilities, never by its name.
 */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include <stdbool.h>

#include "bench/buf.h"
#include "bench/protocol.h"
#include "bench/units.h"
#include "core/certificate.h"
#include "tests/support/peer.h"
#include "tests/support/server.h"

/* Nothing waits longer than this for what has to come. */
#define CONF_PATIENCE_NS (30 * BENCH_NS_PER_S)

enum {
    CONF_LINKS_MAX = 300,
    CONF_CALLS_MAX = 2100,
    CONF_PROGRAMS_MAX = 128,
};

enum conf_result { CONF_PASSED, CONF_FAILED, CONF_SKIPPED };

/* A connection and what happened to it. */
struct conf_link {
    struct bench_conn *conn;
    struct bench_loop *loop;
    int opened, status; /* how often, and the last status */
    int closed, writable;
};

/* An op and what happened to it. */
struct conf_call {
    struct bench_op *op;
    struct bench_loop *loop;
    int done, status;
    struct bench_buf store;
    uint64_t seen; /* bytes that on_data was shown */
};

struct conf_run {
    const struct bench_protocol *protocol;
    struct support_server_spec spec;
    struct support_server server; /* pid 0: not running */
    void *options;

    struct bench_loop *loop;
    struct bench_arena arena; /* of expected values */
    struct conf_link links[CONF_LINKS_MAX];
    int nlinks;
    struct conf_call *calls;
    int ncalls;
    struct bench_program *programs[CONF_PROGRAMS_MAX];
    int nprograms;
    struct support_peer *peer;
    struct bench_certificate certificate; /* of the server, with --tls */
    bool tls;
    const char *skip_reason;
};

struct conf_case {
    const char *name;
    bool transport; /* needs a socket and a server */
    unsigned caps;  /* all of them */
    enum conf_result (*run)(struct conf_run *run);
};

/* Three lists, each ended by name == NULL. */
extern const struct conf_case conf_life_cases[];
extern const struct conf_case conf_call_cases[];
extern const struct conf_case conf_trouble_cases[];

/* Prints where and why; CHECK returns what it returns. */
enum conf_result conf_failed(const char *file, int line, const char *condition, const char *format,
                             ...) BENCH_PRINTF(4, 5);

/* The message may use printf's ways; it says what was found instead. */
#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return conf_failed(__FILE__, __LINE__, #condition, __VA_ARGS__);                       \
    } while (0)

/* For helpers that return a result themselves. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum conf_result try_result_ = (call);                                                     \
        if (try_result_ != CONF_PASSED)                                                            \
            return try_result_;                                                                    \
    } while (0)

/* ---- making things; NULL after a message ---- */

bool conf_has(const struct conf_run *run, unsigned caps);
/* Starts the server if it does not run. */
enum conf_result conf_server(struct conf_run *run);
struct conf_link *conf_link(struct conf_run *run, uint16_t port); /* state NEW */
struct conf_link *conf_link_open(struct conf_run *run);           /* to the server, ready */
/* An operation with its arguments. NULL also when the protocol has no such operation: then
 * run->skip_reason is set. */
const struct bench_program *conf_program(struct conf_run *run, enum bench_operation_id id,
                                         const struct bench_value *args, size_t nargs);
/* The same of any spec. */
const struct bench_program *conf_compile(struct conf_run *run, const struct bench_spec *spec);
struct conf_call *conf_call(struct conf_run *run, const struct bench_program *program);
/* Frees all connections, ops and programs made so far: room for another round of a case. */
void conf_drop(struct conf_run *run);
/* What conf_program's NULL means for the case. */
enum conf_result conf_no_program(const struct conf_run *run);

/* ---- waiting ---- */

/* Runs the loop until *counter reaches wanted; false when it does not in time. */
bool conf_wait(struct conf_run *run, const int *counter, int wanted);
/* Runs the loop until nothing more is waiting to be delivered, and a moment longer. */
void conf_settle(struct conf_run *run);
/* Submits and waits; the op's status, or the negative result of the submission. */
int conf_do(struct conf_run *run, struct conf_link *link, struct conf_call *call);

/* ---- what should come ---- */

/* The reference service's own answer, evaluated here. tx may be NULL. */
enum conf_result conf_expect(struct conf_run *run, enum bench_operation_id id,
                             const struct bench_value *args, size_t nargs,
                             const struct bench_value *tx, struct bench_value *out);
const char *conf_why(const struct conf_call *call); /* "closed: the peer ..." for messages */

#endif
