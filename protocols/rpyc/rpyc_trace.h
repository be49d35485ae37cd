/* SPDX-License-Identifier: MIT */
/*
 * Messages in words, for a watcher of the connection (bench_conn_watch). Reads payloads again, on
 * its own: nothing here runs while nobody watches.
 */
#ifndef RPYC_TRACE_H
#define RPYC_TRACE_H

#include "bench/conn.h"
#include "protocols/rpyc/rpyc_frame.h"

/* The frame that `out` holds (behind rpyc_outgoing_end), sent at at_ns. */
void rpyc_trace_sent(struct bench_conn *conn, const struct rpyc_outgoing *out, int64_t at_ns);
/* A frame of wire_bytes with this payload. at_ns: when its first byte came. */
void rpyc_trace_received(struct bench_conn *conn, const uint8_t *payload, size_t n,
                         uint64_t wire_bytes, int64_t at_ns);

#endif
