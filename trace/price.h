/* SPDX-License-Identifier: MIT */
/*
 * The price of round trips: what a pattern took, what of it would go with them, and what would
 * come instead. The formulas, and how well they predict, are in docs/profiling.md. All in ns. Pure.
 */
#ifndef TRACE_PRICE_H
#define TRACE_PRICE_H

#include "trace/patterns_private.h"

/* What things cost on these connections, for requests in one direction. */
struct trace_tariff {
    double trip_ns;  /* a request that asks for next to nothing, sent to answered */
    double gap_ns;   /* what the sender's library needs between an answer and the next request */
    double value_ns; /* one more value in an answer */
    double byte_ns;  /* one more byte */
    double rtt_ns;   /* round-trip time of the network at hand; 0 = too short to tell */
    double noise_ns; /* what accidents (the scheduler's, the network's) add to each on average */
};

struct trace_price {
    double before_ns; /* the pattern as it is */
    double saved_ns;  /* what goes */
    double added_ns;  /* what comes instead */
    uint64_t trips, trips_after;
    uint64_t held, held_after; /* that cost a second one at a distance (trace_group.held) */
    uint64_t bytes;            /* on the wire */
    double waiting_ns;         /* of before_ns: between request and answer */
    uint32_t place;            /* where the dearest part of it came from */
    double place_ns;           /* and how dear that is */
};

void trace_tariff_of(const struct trace_patterns *patterns, enum bench_direction direction,
                     struct trace_tariff *out);

/* Of the group's awaited requests these many go, the others stay. */
void trace_price_remove(struct trace_price *price, const struct trace_tariff *tariff,
                        const struct trace_group *group, uint64_t trips);
/* All stay, but are part of the pattern. */
void trace_price_keep(struct trace_price *price, const struct trace_tariff *tariff,
                      const struct trace_group *group);
/* Something new comes: round trips for next to nothing, and what travels with them. */
void trace_price_add(struct trace_price *price, const struct trace_tariff *tariff, uint64_t trips,
                     uint64_t values, uint64_t bytes);
/* With every awaited round trip longer by what rtt_ns is above the network at hand, and held ones
 * by that once more; 0: as it is. */
struct trace_prediction trace_price_predict(const struct trace_price *price,
                                            const struct trace_tariff *tariff, int64_t rtt_ns);
/* A request of this group beyond what one that asks for nothing takes: work of the peer's program,
 * not of its library. 0 where there is none to speak of. */
double trace_price_work(const struct trace_tariff *tariff, const struct trace_group *group);
/* Time of the requests that took 40 ms where others of the group take much less; 0: there are none.
 * Small messages wait so long for a delayed acknowledgement when one side sends two in a row. They
 * go with the round trips, or with TCP_NODELAY. */
double trace_price_late(const struct trace_group *group);

#endif
