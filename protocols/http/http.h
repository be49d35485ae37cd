/* SPDX-License-Identifier: MIT */
/*
 * The HTTP backends. Both have the same server, on http-parser; `http` calls it with libcurl, as
 * an application would, `http-raw` with a client of our own on the shared loop and stream, so that
 * the protocol can be told from the client library.
 */
#ifndef HTTP_H
#define HTTP_H

#include "bench/protocol.h"

extern const struct bench_protocol http_protocol, http_raw_protocol;

#endif
