/* SPDX-License-Identifier: MIT */
/*
 * RPyC frames: length (u32), compressed (u8), payload, one newline that nobody looks at. No
 * sockets; an object of these has one user at a time.
 */
#ifndef RPYC_FRAME_H
#define RPYC_FRAME_H

#define ZLIB_CONST
#include <stdbool.h>
#include <sys/uio.h>
#include <zlib.h>

#include "bench/buf.h"
#include "bench/error.h"
#include "bench/session.h"

#define RPYC_FRAME_HEADER   5u
#define RPYC_FRAME_EXTRA    6u         /* header and newline */
#define RPYC_COMPRESS_ABOVE 3000u      /* payload bytes; Python compresses from 3001 on */
#define RPYC_BUFFER_LIMIT   UINT32_MAX /* no frame can be larger */

/* ---- incoming ---- */

struct rpyc_frame {
    const uint8_t *payload; /* as sent; NULL until all of it is there */
    size_t length;          /* of payload */
    bool compressed;
    size_t total; /* bytes of the whole frame */
};

/* Looks at the front of what has arrived. 0 = a whole frame; -EAGAIN = not yet, out->total tells
 * how many bytes are needed to look again; -EMSGSIZE = payload over limit. */
int rpyc_frame_parse(const uint8_t *data, size_t have, uint64_t limit, struct rpyc_frame *out,
                     struct bench_error *err) BENCH_MUST_CHECK;

struct rpyc_inflater {
    z_stream z;
    bool made;
    struct bench_session *session; /* tended while a message takes long; NULL = none */
    struct bench_buf plain;
};

/* limit: bytes of the inflated payload. Allocates nothing until first use. */
void rpyc_inflater_init(struct rpyc_inflater *inflater, size_t limit);
void rpyc_inflater_fini(struct rpyc_inflater *inflater);
/* The plain payload of a frame: of the frame itself, or inflated and valid until the next call.
 * 0, -EBADMSG (not one zlib stream), -EMSGSIZE (over the limit; stopped there), -ENOMEM. */
int rpyc_frame_plain(struct rpyc_inflater *inflater, const struct rpyc_frame *frame,
                     const uint8_t **data, size_t *length,
                     struct bench_error *err) BENCH_MUST_CHECK;

/* ---- outgoing ---- */

/* One message on its way out. Write the payload into `text`; a large byte string need not be
 * copied there: rpyc_outgoing_borrow notes it at the present position. */
struct rpyc_outgoing {
    struct bench_buf text; /* room for the header, then the payload without the borrowed bytes */
    const void *data;      /* borrowed until the frame is written; NULL = none */
    size_t data_length;
    size_t cut; /* position in text where data belongs */
    struct bench_buf packed;
    z_stream z;
    bool made;
    struct bench_session *session; /* as of the inflater */
    struct iovec pieces[3];        /* the frame */
    int count;
    uint64_t plain_bytes, wire_bytes; /* of the frame, before and after compression */
};

void rpyc_outgoing_init(struct rpyc_outgoing *out);
void rpyc_outgoing_fini(struct rpyc_outgoing *out);
/* Starts a new frame. 0 or -ENOMEM. */
int rpyc_outgoing_begin(struct rpyc_outgoing *out) BENCH_MUST_CHECK;
/* At most once per frame. */
void rpyc_outgoing_borrow(struct rpyc_outgoing *out, const void *data, size_t length);
/* Puts header and newline around it, compresses as Python does, and fills pieces and sizes; they
 * are valid until the next begin. 0, -EMSGSIZE (over 4 GiB), -ENOMEM. */
int rpyc_outgoing_end(struct rpyc_outgoing *out, struct bench_error *err) BENCH_MUST_CHECK;

#endif
