/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets share. A target is one file fuzz_NAME.c with LLVMFuzzerTestOneInput; under
 * clang it is linked with libFuzzer, under GCC with replay.c, which runs it over its corpus.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

struct bench_protocol;
struct bench_server_ops;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program with a message unless the condition holds, whatever the kind of build. */
#define FUZZ_CHECK(condition) fuzz_check((condition), #condition, __FILE__, __LINE__)
void fuzz_check(int holds, const char *condition, const char *file, int line);

/* A session of a server that receives exactly these bytes and then the end of the stream. What it
 * sends is read and thrown away; after a tenth of a second it is told to stop. */
void fuzz_serve(const struct bench_server_ops *ops, const uint8_t *data, size_t size);

/* How one call of a client is made. */
struct fuzz_call {
    const char *options; /* of the protocol */
    const char *text;    /* the call; NULL: the operation's */
    int operation;       /* enum bench_operation_id, with its default arguments */
    const void *tx;
    size_t tx_length, chunk_size;
};

/* A client that opens a connection and calls, to a server that sends exactly these bytes on every
 * connection and then ends its side. Must always come to an end. */
void fuzz_client(const struct bench_protocol *protocol, const struct fuzz_call *call,
                 const uint8_t *data, size_t size);

#endif
