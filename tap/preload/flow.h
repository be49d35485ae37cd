/* SPDX-License-Identifier: MIT */
/* One connection as the preloaded library follows it: from its first bytes to its pieces. */
#ifndef TAP_PRELOAD_FLOW_H
#define TAP_PRELOAD_FLOW_H

#include "tap/preload/preload.h"

enum {
    TAP_KEPT_MAX = 64,  /* first bytes, per direction, until it is known what they are */
    TAP_EARLY_MAX = 12, /* pieces that these came in */
};

enum tap_flow_kind { TAP_FLOW_SOCKET, TAP_FLOW_TLS, TAP_FLOW_PIPE_IN, TAP_FLOW_PIPE_OUT };
enum tap_flow_state {
    TAP_FLOW_UNDECIDED,
    TAP_FLOW_WATCHED,
    TAP_FLOW_MUTE, /* it is what we look for, but not wanted */
    TAP_FLOW_IGNORED,
};

/* A piece that was kept. */
struct tap_early {
    int64_t time_ns;
    uint32_t thread, order, place;
    uint8_t length;
    bool sent;
};

struct tap_flow {
    _Atomic uint32_t refs; /* entries (and mates) that name it; 0 = free */
    _Atomic uint32_t life; /* counted up for each use of the slot */
    _Atomic uint32_t state;
    _Atomic uint32_t settling, opening; /* locks, of rare moments: the owner's process */
    _Atomic uint32_t sends;
    _Atomic uint64_t opened; /* epoch of the ring that knows it */
    _Atomic bool lost[2];    /* by what we received, sent: pieces did not fit into the ring */
    _Atomic bool had_data;
    enum tap_flow_kind kind;
    enum tap_role role;
    int fd; /* -1 = not known */
    uint32_t number;
    struct tap_flow *main; /* of a pair of pipes the one that stands for both; else itself */
    unsigned nearly;
    uint8_t nkept[2];
    uint8_t kept[2][TAP_KEPT_MAX];
    struct tap_early early[TAP_EARLY_MAX];
};

void tap_flow_reset(struct tap_flow *flow);
/* The number of a send that is about to begin. */
uint32_t tap_flow_send_begins(struct tap_flow *flow);
/* length bytes went through in a call. False: it is not what we look for. */
bool tap_flow_passed(struct tap_flow *flow, bool sent, uint32_t order, int64_t time_ns,
                     const struct iovec *pieces, size_t n, size_t length);
/* Bytes went through that we have not seen; or, of a send, none. */
void tap_flow_hidden(struct tap_flow *flow, bool sent, uint32_t order, int64_t time_ns, bool any);
/* Nobody uses it any more. */
void tap_flow_ended(struct tap_flow *flow);

#endif
