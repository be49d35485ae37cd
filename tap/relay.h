/* SPDX-License-Identifier: MIT */
/*
 * A delay line in user space: accepts connections, passes bytes on to an upstream and back, each
 * piece after a delay, so that any target can be measured as if it were farther away. Knows bytes,
 * no protocol. One thread.
 *
 * The kernel accepts a connection at once, whatever the delay; so that connecting still costs a
 * round trip, the first bytes of a connection are held back by one (two delays) more.
 *
 * An observer gets the pieces of each connection: OPEN, DATA, CLOSE. Times are those that the
 * client feels: a request has the time at which it came from the client, an answer the time at
 * which it went out to the client, so that the delay is part of what a call took. Bytes from the
 * client that the upstream never took are told, bytes from the upstream that the client never took
 * are not. The observer is called when what has come in a turn of the loop was passed on, so that
 * what it does is not in the way of those bytes; whatever comes meanwhile waits for it.
 */
#ifndef BENCH_RELAY_H
#define BENCH_RELAY_H

#include "bench/conn.h"
#include "bench/piece.h"

struct bench_relay_options {
    struct bench_address listen; /* resolved; port 0 = any */
    struct bench_address upstream;
    int64_t delay_ns;    /* of each direction, 0..60 s; the round-trip time is twice that */
    int64_t jitter_ns;   /* uniform within delay +- jitter; bytes never overtake; at most delay */
    double bits_per_s;   /* of each direction of each connection; 0 = unlimited */
    uint64_t seed;       /* of the jitter */
    int connections_max; /* more are refused (closed at once); 1..100000 */
    size_t buffer_bytes; /* held per direction; a full one stops reading: 64 KiB.. */
    /* Called in the thread of bench_relay_run, at the end also in that of bench_relay_free (which
     * closes what is still open); must not call the relay. NULL: nobody looks, and it costs
     * nothing.
     */
    bench_piece_fn observe;
    void *observe_user;
};

struct bench_relay_counts {
    uint64_t accepted, refused, upstream_failed;
    uint64_t bytes_up, bytes_down;
};

struct bench_relay;

/* Whether the numbers are within their limits: 0, or -EINVAL with the one that is not. */
int bench_relay_check(const struct bench_relay_options *options,
                      struct bench_error *err) BENCH_MUST_CHECK;
/* Listens. *port gets the port. 0; negative with err. */
int bench_relay_new(const struct bench_relay_options *options, struct bench_relay **out,
                    uint16_t *port, struct bench_error *err) BENCH_MUST_CHECK;
/* Serves until stop_fd is readable (or at its end of file). 0 or -EIO. */
int bench_relay_run(struct bench_relay *relay, int stop_fd,
                    struct bench_error *err) BENCH_MUST_CHECK;
void bench_relay_counts(const struct bench_relay *relay, struct bench_relay_counts *out);
void bench_relay_free(struct bench_relay *relay); /* accepts NULL */

#endif
