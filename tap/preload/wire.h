/* SPDX-License-Identifier: MIT */
/*
 * What the preloaded library and the launcher say to each other.
 *
 * Each process connects to the launcher's socket (abstract, SEQPACKET) when it has something to
 * say, sends one message, struct tap_hello with the ring's descriptor beside it, and closes the
 * socket.
 *
 * In the ring, the upper half of a piece's connection is an order. A thread that receives an answer
 * may put it into the ring before the thread that sent the request comes back from its send(). So
 * every send has a number; its pieces carry that number, and the last of them `joined`. What was
 * received carries the number of the last send that had begun by then: it belongs behind that one.
 * A send that failed leaves an empty piece. PLACE pieces are numbered within the process.
 */
#ifndef TAP_PRELOAD_WIRE_H
#define TAP_PRELOAD_WIRE_H

#include <stdint.h>

#define TAP_ENV_LIBRARY "LD_PRELOAD"
/* "NAME,TOKEN,RING_BYTES,STALL_NS,FLAGS", numbers in decimal. */
#define TAP_ENV_CHANNEL "RPYCBENCH_TAP"

enum {
    TAP_TOKEN_BYTES = 32, /* hexadecimal digits */
    TAP_NAME_MAX = 64,
    TAP_COMMAND_MAX = 512,
    TAP_MARK_MAX = 200,  /* bytes of a section's name */
    TAP_PLACE_MAX = 400, /* bytes of "file:line function" */
    TAP_PLACES_MAX = 65535,
    TAP_FLAG_PLACES = 1,
    TAP_FLAG_SERVER = 2,
};

#define TAP_HELLO_MAGIC 0x3170615463797052u

struct tap_hello {
    uint64_t magic;
    char token[TAP_TOKEN_BYTES];
    int64_t begun_ns; /* when the program was loaded */
    uint32_t command_length;
    char command[TAP_COMMAND_MAX];
};

#endif
