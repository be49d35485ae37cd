/* SPDX-License-Identifier: MIT */
/*
 * The backend's table: everything the suite knows about a wire protocol. Always const. Core calls
 * it only through checked wrappers (bench_conn_*), which assert states and stamp times. Calls for
 * a connection come from its loop's thread; compile and check come from the main thread before
 * any worker runs.
 */
#ifndef BENCH_PROTOCOL_H
#define BENCH_PROTOCOL_H

#include "bench/conn.h"
#include "bench/decoder.h"
#include "bench/error.h"
#include "bench/loop.h"
#include "bench/op.h"
#include "bench/option.h"
#include "bench/session.h"

enum bench_cap {
    BENCH_CAP_PIPELINE = 1 << 0,     /* several ops in flight, up to max_inflight */
    BENCH_CAP_STREAM_UP = 1 << 1,    /* tx.chunk_size means something */
    BENCH_CAP_STREAM_DOWN = 1 << 2,
    BENCH_CAP_TLS = 1 << 3, /* has an option `tls` (BOOL), by which a target that is started gets it;
                               a connection goes by its address alone */
    BENCH_CAP_CALLBACK = 1 << 4,     /* the peer may call back during an op */
    BENCH_CAP_LAZY_CONNECT = 1 << 5, /* the transport is connected by the first op */
    BENCH_CAP_CANCEL_KEEPS = 1 << 6, /* cancel leaves the connection usable */
    BENCH_CAP_NO_TRANSPORT = 1 << 7, /* there is no socket and no server at all */
    BENCH_CAP_RECONNECTS = 1 << 8, /* a socket that the peer closed between two ops is replaced by
                                      the next op, without a word */
    BENCH_CAP_UNIX = 1 << 9, /* SCHEME+unix:///PATH for its schemes without TLS */
    BENCH_CAP_RECORDS = 1 << 10, /* carries answers that hold records; compile() heeds
                                    bench_spec.reading, or refuses it with -ENOTSUP */
};

/* What a row of this protocol is for. */
enum bench_role {
    BENCH_ROLE_NORMAL,
    BENCH_ROLE_FLOOR, /* the same bytes over a bare socket: never judged, never a winner */
    BENCH_ROLE_RULER, /* the cost of measuring itself */
};

struct bench_scheme {
    const char *name; /* of a URL; NULL ends the list */
    bool tls;
    uint16_t default_port; /* 0 = must be given */
    const char *options;   /* that it stands for, set before those of the URL; NULL = none */
};

struct bench_protocol {
    uint32_t abi;     /* BENCH_ABI */
    uint32_t size;    /* sizeof(struct bench_protocol) as the backend saw it */
    const char *name; /* [a-z0-9-], at most 15 bytes */
    const char *summary; /* one line for `list` */
    unsigned caps;
    enum bench_role role;
    uint32_t max_inflight; /* ops per connection, at least 1 */
    uint64_t max_payload;  /* bytes of tx or of a bulk reply */
    const struct bench_scheme *schemes;

    /* NULL, or why it cannot run here ("built without ..."). The member may be NULL. */
    const char *(*unavailable)(void);

    const struct bench_option *options; /* or NULL */
    size_t options_size;
    /* Option values that a row of a comparison varies by itself: `latency` adds a row with
     * these ("call=cached"), NULL = none. */
    const char *latency_variant;
    /* The same for workloads that move bulk data ("socket=fast"), NULL = none. */
    const char *bulk_variant;
    /* Rough CPU time that a byte of random payload costs, both sides, ns; for estimates of how
     * long a run will take, never for results. 0 = about 1. */
    double bulk_ns_per_byte;
    /* Refuses impossible combinations before any server starts; may be NULL. */
    int (*check)(const void *options, struct bench_error *err);

    int (*global_init)(struct bench_error *err); /* once per process, still one thread; or NULL */
    void (*global_fini)(void);
    size_t loop_size; /* bytes per loop, zeroed */
    int (*loop_init)(struct bench_loop *loop, void *priv, struct bench_error *err); /* or NULL */
    void (*loop_fini)(struct bench_loop *loop, void *priv);

    /* Turns a spec into the protocol's own steps. 0; -ENOTSUP with the reason when the protocol
     * has no such thing; -EINVAL for text it cannot read. options outlive the program. */
    int (*compile)(const void *options, const struct bench_spec *spec, struct bench_program **out,
                   struct bench_error *err);
    void (*program_free)(struct bench_program *program); /* accepts NULL */

    size_t conn_size, op_size; /* private bytes, zeroed and aligned */
    int (*conn_open)(struct bench_conn *conn, struct bench_error *err);
    int (*submit)(struct bench_conn *conn, struct bench_op *op, struct bench_error *err);
    void (*cancel)(struct bench_conn *conn, struct bench_op *op);
    void (*conn_close)(struct bench_conn *conn);
    void (*conn_fini)(struct bench_conn *conn);

    const struct bench_server_ops *server;   /* NULL: client only */
    const struct bench_decoder_ops *decoder; /* NULL: cannot be profiled */
    const char *(*libraries)(void); /* "libfoo 1.2" as running, for --version; may be NULL */
    /* What this protocol knows about a measured cell that a reader should be told: a sentence, or
     * NULL. operation: of the cell; size: payload bytes of one request; median_s: response p50.
     * The member may be NULL. */
    const char *(*remark)(const void *options, const struct bench_operation *operation,
                          uint64_t size, double median_s);
    /* The wire protocol that it speaks, where other backends speak it too ("http"); NULL = its
     * name. */
    const char *family;
    /* The client library that makes the calls, as an application would have it ("libcurl"); NULL:
     * our own code on the shared loop, so that its figures are the protocol's. */
    const char *client_library;
    /* Descriptors that a connection holds in the client, where it is not just one; 0 = 1. */
    int conn_descriptors;
    /* How many of max_inflight a connection with these options takes; NULL = all. */
    uint32_t (*inflight)(const void *options);
};

/* The one symbol of an out-of-tree backend (--plugin FILE.so). */
BENCH_API const struct bench_protocol *bench_plugin_entry(void);

/* Ops that may be in flight on one connection with these options; 1 = one at a time. */
BENCH_API uint32_t bench_protocol_inflight(const struct bench_protocol *protocol,
                                           const void *options);

/* ---- the registry (protocols/registry.c) ---- */

/* All backends known to this process, NULL-ended. */
BENCH_API const struct bench_protocol *const *bench_protocols(void);
BENCH_API const struct bench_protocol *bench_protocol_find(const char *name, size_t length);
/* The backend that has this URL scheme, and the scheme's row. */
BENCH_API const struct bench_protocol *bench_protocol_by_scheme(const char *name, size_t length,
                                                               const struct bench_scheme **row);
/* Loads a shared object, checks ABI, size and members, and adds its table. While one thread.
 * 0, -ENOENT, -EINVAL (no entry, wrong ABI, what is missing), -EEXIST (name taken). */
BENCH_API int bench_protocol_load(const char *path, struct bench_error *err) BENCH_MUST_CHECK;

#endif
