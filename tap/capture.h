/* SPDX-License-Identifier: MIT */
/*
 * Captures (pcap and pcapng, by libpcap) as pieces: Ethernet, VLAN, Linux cooked (1 and 2),
 * loopback and raw IP; IPv4 and IPv6; TCP streams put together again whatever the order, with
 * repetitions, losses (GAP), sequence numbers that wrap, cut packets, and connections that were
 * open already (joined). Files are hostile; memory is bounded by the options. One thread.
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
    uint64_t packets, tcp_packets, connections, gaps, lost_bytes, repeated_bytes, reordered, cut;
};

void tap_capture_options_init(struct tap_capture_options *options);
/* path "-" = stdin. Reads to the end. 0; -EBADMSG (no capture, or broken there: what came before
 * was handed on); -ENOTSUP (link type); -EINTR (stop became true); open's errors. */
int tap_capture_read(const char *path, const struct tap_capture_options *options, bench_piece_fn fn,
                     void *user, const volatile int *stop, struct tap_capture_counts *counts,
                     struct bench_error *err) BENCH_MUST_CHECK;

#endif
