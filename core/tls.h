/* SPDX-License-Identifier: MIT */
/*
 * TLS over a connected socket, for core/stream.c and core/session.c. This and tls.c are all that
 * knows OpenSSL's connection API (libcurl has its own). Bytes are read straight from the socket;
 * what is to be sent is put into a buffer of the caller, who sends it, so that the one path for
 * writing stays where it is; only a read that blocks sends alerts by itself.
 *
 * A context may be shared by threads and by forked children once it is made. One thread uses a
 * struct bench_tls.
 */
#ifndef BENCH_TLS_H
#define BENCH_TLS_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "bench/buf.h"
#include "bench/error.h"

enum {
    BENCH_TLS_RECORD = 16 * 1024,   /* plain bytes of the largest record */
    BENCH_TLS_PORTION = 256 * 1024, /* plain bytes that are encrypted before they are sent */
    /* More than that many bytes, whatever the plain ones were, never pile up for one portion. */
    BENCH_TLS_OUT_MAX = 2 * BENCH_TLS_PORTION,
};

struct bench_tls_context;
struct bench_tls;

/* Checks the peer's certificate against the system's, or those in ca_file ("" = none was given)
 * only; insecure: not at all. 0; -EINVAL (nothing usable in the file), -ENOENT, -ENOMEM. */
int bench_tls_client_context(const char *ca_file, bool insecure, struct bench_tls_context **out,
                             struct bench_error *err) BENCH_MUST_CHECK;
/* Certificate (with its chain) and key in PEM. 0 or the same errors. */
int bench_tls_server_context(const char *cert_file, const char *key_file,
                             struct bench_tls_context **out,
                             struct bench_error *err) BENCH_MUST_CHECK;
void bench_tls_context_free(struct bench_tls_context *context); /* accepts NULL */

/* host: the name or address that the server's certificate must have; NULL on the server's side.
 * evented: fd never blocks, and bench_tls_turn is called before each series of reads. out is
 * borrowed, its limit has to hold BENCH_TLS_OUT_MAX. 0 or -ENOMEM. */
int bench_tls_new(struct bench_tls_context *context, int fd, const char *host, bool evented,
                  struct bench_buf *out, struct bench_tls **tls,
                  struct bench_error *err) BENCH_MUST_CHECK;
void bench_tls_free(struct bench_tls *tls); /* accepts NULL */

/* Goes on with the handshake; out is to be sent after each call, also after a failed one (it may
 * hold the alert). 0 = done; -EAGAIN = more bytes must come; -ENODATA = end of file; -EKEYREJECTED
 * = the certificate is not trusted; -EPROTO, or what the socket says, with err filled. */
int bench_tls_handshake(struct bench_tls *tls, struct bench_error *err) BENCH_MUST_CHECK;

/* A turn of the loop begins: the socket may have something again. A bounded number of bytes is read
 * in one turn; -EAGAIN says that it is over, and nothing readable stays inside then. */
void bench_tls_turn(struct bench_tls *tls);
/* Up to room bytes. 0 = the peer has ended (with or without saying so); -EAGAIN (a blocking socket:
 * its time is over); -EPROTO; what the socket says. May leave bytes in out. */
ssize_t bench_tls_read(struct bench_tls *tls, void *buf, size_t room) BENCH_MUST_CHECK;
/* The same for a blocking socket, but never waits: -EAGAIN = nothing is there now. Sends nothing, so
 * it may be called while out is being sent. An end without notice can still be read by
 * bench_tls_read later, and does not keep from sealing. */
ssize_t bench_tls_read_now(struct bench_tls *tls, void *buf, size_t room) BENCH_MUST_CHECK;
/* Why the latest call said -EPROTO. */
const char *bench_tls_why(const struct bench_tls *tls);

/* What of a message is still to be encrypted. */
struct bench_tls_cursor {
    const struct iovec *piece;
    int left;      /* pieces, with this one */
    size_t offset; /* in this one */
    size_t done;   /* bytes encrypted so far */
};

/* Encrypts the next portion of a message into out; how much it was shows in the cursor, which is at
 * the end when left is 0. A message that fits a record is one record, and two messages never share
 * one. 0, -ENOMEM or -EPROTO. */
int bench_tls_seal(struct bench_tls *tls, struct bench_tls_cursor *at) BENCH_MUST_CHECK;

/* Puts the notice of the end into out, if the connection is in a state to take one. */
void bench_tls_end(struct bench_tls *tls);

#endif
