/* SPDX-License-Identifier: MIT */
/*
 * The HTTP backend: client on libcurl, server on http-parser.
 */
#ifndef HTTP_H
#define HTTP_H

#include "bench/protocol.h"

extern const struct bench_protocol http_protocol;

#endif
