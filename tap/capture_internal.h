/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the capture reader share: capture.c (the file), capture_packet.c (the layers
 * below TCP), capture_flows.c (which connections there are), capture_tcp.c (their streams). One
 * thread.
 */
#ifndef TAP_CAPTURE_INTERNAL_H
#define TAP_CAPTURE_INTERNAL_H

#include <stdbool.h>
#include <stdio.h>

#include "tap/capture.h"

/* ---- capture_packet.c ---- */

enum { TAP_FIN_FLAG = 0x01, TAP_SYN_FLAG = 0x02, TAP_RST_FLAG = 0x04, TAP_ACK_FLAG = 0x10 };

/* Compared as bytes: no padding, and what an IPv4 address does not fill is zero. */
struct tap_endpoint {
    uint8_t address[16];
    uint16_t v6; /* 1 or 0 */
    uint16_t port;
};

struct tap_packet {
    struct tap_endpoint from, to;
    uint32_t seq, ack;
    uint8_t flags;
    const uint8_t *data;
    uint32_t length;   /* of the payload, as it was sent */
    uint32_t captured; /* of it, there; the rest was cut off */
    int64_t time_ns;
};

enum tap_packet_kind {
    TAP_PACKET_TCP,
    TAP_PACKET_OTHER,
    TAP_PACKET_FRAGMENT,
    TAP_PACKET_CUT, /* within the heads */
};

/* Whether packets of this link type (a DLT_ of libpcap) can be read. */
bool tap_packet_link_known(int link);
/* captured bytes are there of `length` that were sent. Fills *out but for the time if it is TCP. */
enum tap_packet_kind tap_packet_parse(int link, const uint8_t *bytes, size_t captured,
                                      size_t length, struct tap_packet *out);

/* ---- connections ---- */

/* A segment that came before what precedes it. */
struct tap_kept {
    struct tap_kept *prev, *next;
    int64_t time_ns;
    uint32_t seq, ack;
    bool has_ack;
    uint32_t length, captured;
    uint8_t data[];
};

/* The bytes of one direction. Sequence numbers wrap: only their differences mean something. */
struct tap_half {
    bool known; /* next is */
    bool any;   /* bytes were seen */
    bool fin_known, done;
    bool gap_last;    /* the last piece of this direction was a GAP */
    bool acked_known; /* acked is */
    bool owed;        /* the other side has told that it got bytes which we have not seen */
    uint8_t strange;  /* segments in a row that are nowhere near */
    uint32_t base;    /* of the first byte that was, or could have been, seen */
    uint32_t next;    /* of the byte that is to be handed on next */
    uint32_t top;     /* behind the last byte that was seen */
    uint32_t fin;     /* behind the last byte of all */
    uint32_t acked;   /* the other side has got all before it */
    uint32_t owed_to; /* acked, when that was noticed */
    int64_t owed_since_ns;
    uint64_t owed_packet;
    struct tap_kept *head, *tail;
    size_t kept_bytes;
};

/* CLOSING: its end was seen, but a packet may have been overtaken by it. CLOSED: remembered, so
 * that stragglers are not taken for a connection. */
enum tap_flow_state { TAP_FLOW_OPEN, TAP_FLOW_CLOSING, TAP_FLOW_CLOSED, TAP_FLOW_STATES };

struct tap_flow {
    struct tap_flow *chain;
    uint64_t hash;
    struct tap_flow *older, *newer; /* in the list of its state */
    enum tap_flow_state state;
    struct tap_endpoint client, server;
    bool joined;
    uint64_t connection, packets;
    int64_t last_ns;    /* of its last piece */
    int64_t closing_ns; /* CLOSING: since then */
    uint64_t closing_packet;
    struct tap_half halves[2]; /* by enum bench_direction */
};

struct tap_flow_list {
    struct tap_flow *oldest, *newest;
};

struct tap_capture {
    struct tap_capture_options options;
    struct tap_capture_counts counts;
    bench_piece_fn fn;
    void *user;
    struct tap_flow **table;
    size_t mask;
    uint64_t seed;
    size_t nflows;
    struct tap_flow_list lists[TAP_FLOW_STATES];
    size_t kept_bytes, kept_max; /* of all connections */
};

/* ---- capture_flows.c ---- */

/* 0 or -ENOMEM. */
int tap_capture_init(struct tap_capture *capture, const struct tap_capture_options *options,
                     bench_piece_fn fn, void *user) BENCH_MUST_CHECK;
/* Hands on what is still kept; connections whose end was not seen get no CLOSE. */
void tap_capture_finish(struct tap_capture *capture);
void tap_capture_fini(struct tap_capture *capture);

/* The connection of these two, or NULL; *direction is that of what `from` sends. */
struct tap_flow *tap_flow_find(struct tap_capture *capture, const struct tap_packet *packet,
                               enum bench_direction *direction);
/* A new one; hands on OPEN. If there is no room the longest idle one ends. NULL: no memory. */
struct tap_flow *tap_flow_open(struct tap_capture *capture, const struct tap_packet *packet,
                               enum bench_direction *direction);
/* It is the newest of its list. */
void tap_flow_touch(struct tap_capture *capture, struct tap_flow *flow);
/* OPEN to CLOSING. */
void tap_flow_closing(struct tap_capture *capture, struct tap_flow *flow, int64_t now_ns);
/* Hands on what is kept, then CLOSE; it becomes CLOSED. */
void tap_flow_close(struct tap_capture *capture, struct tap_flow *flow);
/* Closes (unless it is CLOSED) and forgets it. */
void tap_flow_drop(struct tap_capture *capture, struct tap_flow *flow);
/* Closes those that have been CLOSING for long enough. */
void tap_flows_settle(struct tap_capture *capture, int64_t now_ns);
/* A piece of it; times never go back within a connection. */
void tap_flow_emit(struct tap_capture *capture, struct tap_flow *flow, enum bench_piece_kind kind,
                   enum bench_direction direction, int64_t time_ns, const void *data,
                   size_t length);

/* ---- capture_tcp.c ---- */

/* The capture is off by at most so much when packets of several cores meet in it. */
#define TAP_CAPTURE_DISORDER_NS      INT64_C(50000000)
#define TAP_CAPTURE_DISORDER_PACKETS 256

void tap_tcp_packet(struct tap_capture *capture, const struct tap_packet *packet);
/* Hands on all that is kept, with a GAP for what is missing. */
void tap_tcp_flush(struct tap_capture *capture, struct tap_flow *flow);

/* ---- capture.c ---- */

/* The same as tap_capture_read for a stream that is open already, which it closes (unless it is
 * stdin); name is for messages. */
int tap_capture_stream(FILE *stream, const char *name, const struct tap_capture_options *options,
                       bench_piece_fn fn, void *user, const volatile int *stop,
                       struct tap_capture_counts *counts, struct bench_error *err) BENCH_MUST_CHECK;

#endif
