/* SPDX-License-Identifier: MIT */
/*
 * Captures (pcap and pcapng, by libpcap) as pieces: Ethernet, VLAN, Linux cooked (1 and 2),
 * loopback and raw IP; IPv4 and IPv6; TCP streams put together again whatever the order, with
 * repetitions, losses (GAP), sequence numbers that wrap, cut packets, and connections that were
 * open already (joined). Files are hostile; memory is bounded by the options. One thread.
 *
 * DATA has the time of its packet, unless an earlier piece of the connection has a later one. What
 * a segment acknowledges is handed on before it, even if it was captured (a little) after it. Bytes
 * are given up for lost when the other side has acknowledged them and 50 ms or 256 packets of the
 * connection later they have still not come; when too much is kept behind them; or when the
 * connection or the capture ends. A connection that is still open then gets no CLOSE.
 */
#ifndef TAP_CAPTURE_H
#define TAP_CAPTURE_H

#include "bench/error.h"
#include "bench/piece.h"

struct tap_capture_options {
    uint16_t port;          /* only TCP of this port, which is the server's; 0 = all; the server is
                               then who did not send the SYN, or has the lower port */
    size_t connections_max; /* open at a time; the longest idle one is ended for a new one */
    size_t ahead_bytes_max; /* kept per direction, waiting for what is missing before it */
};

struct tap_capture_counts {
    uint64_t packets, tcp_packets; /* in the file; those of the port */
    uint64_t connections;
    uint64_t gaps, lost_bytes; /* GAP pieces; what was missing there */
    uint64_t repeated_bytes;   /* sent or captured again; handed on once */
    uint64_t reordered;        /* packets that came after later ones of their connection */
    uint64_t cut;              /* packets that are not there to their end (snap length) */
    uint64_t fragments;        /* of IP: skipped, so that what they carry becomes a GAP */
};

/* All ports, 4096 connections, 4 MiB ahead; all directions together keep at most 32 times that. */
void tap_capture_options_init(struct tap_capture_options *options);
/* path "-" = stdin. Reads to the end. 0; -EBADMSG (no capture, or broken there: what came before
 * was handed on); -ENOTSUP (link type); -EINTR (stop became true); open's errors. */
int tap_capture_read(const char *path, const struct tap_capture_options *options, bench_piece_fn fn,
                     void *user, const volatile int *stop, struct tap_capture_counts *counts,
                     struct bench_error *err) BENCH_MUST_CHECK;

#endif
