/* SPDX-License-Identifier: MIT */
/*
 * What is asked for: targets, workloads and counts. Made from the command line (cli.c), checked
 * before anything starts, constant while measuring.
 */
#ifndef BENCH_PLAN_H
#define BENCH_PLAN_H

#include <stdbool.h>

#include "bench/protocol.h"
#include "service/service.h"
#include "suite/clients.h"
#include "suite/driver.h"
#include "suite/placement.h"
#include "suite/servers.h"
#include "suite/workloads.h"

enum { BENCH_TARGETS_MAX = 64 };

/* Ends the name of a target's second arm. */
#define BENCH_ARM_SUFFIX " #2"

/* One thing that is measured. */
struct bench_target {
    char name[256];    /* canonical, the key of its results */
    const struct bench_protocol *protocol;
    void *options;     /* of the protocol; owned */
    char options_text[128]; /* as written between the brackets, "" */
    const struct bench_server_row *server; /* NULL: a server that runs already (url) */
    const struct bench_client_row *client; /* NULL: our own loop */
    struct bench_address address;          /* of a running server */
    bool is_url;
    const struct bench_scheme *scheme; /* of the URL */
    bool tls; /* by its scheme or its option `tls` */
    char inject[48]; /* a slowdown that its native server is started with ("cpu=3us"); "" = none */
    bool again; /* --aa: the second arm of the target with the same name but for BENCH_ARM_SUFFIX */
};

/* X(member, "name", type, normal, quick, min, max, "help") */
#define BENCH_PLAN_NUMBERS(X)                                                                      \
    X(connections, "connections", INT, "100", "20", 1, 1e6, "samples of `connection`")             \
    X(requests, "requests", INT, "1000", "300", 1, 1e9, "requests of `latency`")                   \
    X(requests_per_client, "requests-per-client", INT, "100", "25", 1, 1e9,                        \
      "requests of each of them")                                                                  \
    X(iterations, "iterations", INT, "10", "3", 1, 1e6,                                             \
      "samples of each size of `bandwidth` and `transfer` and of each way of `netref`")             \
    X(users, "users", INT, "100", "100", 1, 10000, "records that `netref` fetches and reads")      \
    X(repeats, "repeats", INT, "8", "3", 1, 1000, "trials per target, a fresh server each")        \
    X(max_repeats, "max-repeats", INT, "40", "40", 1, 1000,                                        \
      "most trials per target with --precision")                                                   \
    X(max_time_ns, "max-time", DURATION, "0", "0", 0, 604800e9,                                    \
      "no block of trials is begun that would end later; 0 = no limit, with --precision 10m")      \
    X(warmup, "warmup", INT, "100", "20", 1, 1e6,                                                  \
      "requests before a workload that are not counted (`cpu`, `io`: one per client)")             \
    X(budget_ns, "workload-budget", DURATION, "10s", "600ms", 1e6, 86400e9,                        \
      "wall time of a workload in a trial; what did not fit is said")                              \
    X(duration_ns, "duration", DURATION, "0", "0", 0, 86400e9,                                     \
      "how long each cell is loaded in a trial, instead of counts; 0 = counts")                    \
    X(ramp_ns, "ramp", DURATION, "0", "0", 0, 3600e9,                                              \
      "the load rises for so long before anything is recorded")                                    \
    X(workers, "workers", INT, "1", "1", 1, 256, "threads of the client, one event loop each")     \
    X(client_processes, "client-processes", INT, "0", "0", 0, 1000,                                \
      "processes of a Python client; 0 = one for each connection, up to 16")                       \
    X(reply_work_ns, "reply-work", DURATION, "0", "0", 0, 10e9,                                    \
      "CPU time that our client spends on each reply, as an application would")                    \
    X(timeout_ns, "timeout", DURATION, "30s", "30s", 1e6, 86400e9, "for one request")              \
    X(seed, "seed", INT, "1", "1", 0, 9e15, "of the order of trials and of the payload")

/* X(member, "name", type, normal, quick, min, max, "help"): several values with commas */
#define BENCH_PLAN_LISTS(X)                                                                        \
    X(clients, "clients", INT, "10", "8", 1, 20000,                                                \
      "connections of `concurrent`, `cpu`, `io`; several: one result each")                        \
    X(inflights, "inflight", INT, "1", "1", 1, 1024,                                               \
      "requests in flight on each connection of `latency`, `concurrent`, `cpu`, `io`, where the "  \
      "protocol can")                                                                              \
    X(rates, "rate", INT, "0", "0", 0, 100000000,                                                  \
      "open loop: requests per second of all connections together; 0 = closed loop")               \
    X(rtts, "rtt", DURATION, "0", "0", 0, 60e9,                                                    \
      "round-trip times between client and server, made by a relay; 0 = direct")                   \
    X(payload_sizes, "payload-sizes", SIZE, "1KiB,10KiB,100KiB,1MiB,10MiB",                        \
      "1KiB,10KiB,100KiB,1MiB,10MiB", 0, 1073741824,                                            \
      "of `bandwidth`, and of what --operation sends")                                             \
    X(file_sizes, "file-sizes", SIZE, "64KiB,1.5MiB,16MiB", "64KiB,1.5MiB,16MiB", 1, 1073741824,   \
      "of `transfer`")                                                                             \
    X(chunk_sizes, "chunk-size", SIZE, "16KiB,48KiB,256KiB", "16KiB,48KiB,256KiB", 1, 1073741824,  \
      "of the pieces of `transfer`")

enum { BENCH_LIST_MAX = 16 };

struct bench_list {
    int64_t values[BENCH_LIST_MAX];
    size_t n;
};

/* How `transfer` moves a payload. X(ID, name, what it is) */
#define BENCH_STYLES(X)                                                                            \
    X(WHOLE, "whole", "in one call")                                                               \
    X(PIECES, "pieces", "a piece a call: the identical work in every protocol")                    \
    X(STREAM, "stream", "as each protocol streams")

enum bench_style {
#define X(id, name, help) BENCH_STYLE_##id,
    BENCH_STYLES(X)
#undef X
        BENCH_STYLE_COUNT
};

extern const char *const bench_style_names[];   /* in the order of the enum */
extern const char *const bench_arrival_names[]; /* likewise */

struct bench_plan {
#define X(member, name, type, normal, quick, min, max, help) int64_t member;
    BENCH_PLAN_NUMBERS(X)
#undef X
#define X(member, name, type, normal, quick, min, max, help) struct bench_list member;
    BENCH_PLAN_LISTS(X)
#undef X
    bool payload_sizes_chosen; /* asked for: operations that send something take them too */
    bool styles[BENCH_STYLE_COUNT];
    double precision; /* --precision: whole width of an interval over the median; 0 = not asked */
    bool pilot, aa;
    bool quick;
    bool normal_priority; /* of our own client's workers */
    bool insecure;        /* certificates of URL targets are not checked */
    const char *ca_file;  /* what they are checked against; NULL = the system's */
    struct bench_target targets[BENCH_TARGETS_MAX];
    size_t ntargets;
    bool workloads[BENCH_WORKLOAD_COUNT];
    bool workloads_chosen; /* false: all of them, because nobody asked for particular ones */
    enum bench_payload_kind payload;
    enum bench_operation_id operations[8]; /* instead of ping in `latency` and `concurrent` */
    size_t noperations;
    const char *calls[8]; /* a user's own, in the notation of each target's protocol; likewise */
    size_t ncalls;
    enum bench_arrival arrival;
    bool placements[BENCH_PLACEMENT_COUNT]; /* at least one */
    bool placement_chosen;                  /* asked for: it is part of what a result is keyed by */
    struct bench_cpus cpus;                 /* --cpus; wins over a placement */
    char command[1024];     /* the command line, quoted for a shell; "" */
    const char *output_dir; /* NULL = none */
    const char *json_file;  /* NULL = none, "-" = stdout */
    const char *plugins[8];
    size_t nplugins;
    /* selftest only: native servers are told to be this oracle (service/oracle.h) and write down
     * what happened to its requests; our own mistake, made on purpose (struct bench_load_model). */
    const char *oracle; /* NULL = none */
    int oracle_report_fd;
    bool forget_schedule;
};

/* Parses PROTOCOL[options]/MODE/SERVER[/CLIENT] or URL[options] and adds it. Several with commas between
 * them are one text. 0; -EINVAL with what was wrong and what is valid; -ENOSPC. */
int bench_plan_add_targets(struct bench_plan *plan, const char *text, struct bench_error *err)
    BENCH_MUST_CHECK;
/* The rows of servers.def and clients.def that are in the default matrix. */
int bench_plan_add_default_targets(struct bench_plan *plan, struct bench_error *err)
    BENCH_MUST_CHECK;
/* A few of the matrix for --aa: the first row of each way of calling that is compared by default. */
int bench_plan_add_aa_targets(struct bench_plan *plan, struct bench_error *err) BENCH_MUST_CHECK;
/* A second arm behind each target. 0, -ENOSPC, or the error of an option. */
int bench_plan_double(struct bench_plan *plan, struct bench_error *err) BENCH_MUST_CHECK;
void bench_plan_fini(struct bench_plan *plan);
/* A shared object with a further protocol; path is borrowed. -ENOSPC. */
int bench_plan_add_plugin(struct bench_plan *plan, const char *path, struct bench_error *err)
    BENCH_MUST_CHECK;
/* Loads them, once, before any target is added that needs them. 0 or what bench_protocol_load says. */
int bench_plan_load_plugins(const struct bench_plan *plan, struct bench_error *err)
    BENCH_MUST_CHECK;
/* The largest of --clients: what a server must be ready for. */
int bench_plan_most_clients(const struct bench_plan *plan);

/* A target like base with one more option set, named accordingly. 0, or the option's error. */
int bench_target_variant(const struct bench_target *base, const char *option,
                         struct bench_target *out, struct bench_error *err) BENCH_MUST_CHECK;
void bench_target_fini(struct bench_target *target);

#endif
