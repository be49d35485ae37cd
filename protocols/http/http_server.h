/* SPDX-License-Identifier: MIT */
/*
 * The HTTP/1.1 server of the reference service: keep-alive, pipelined requests answered in order,
 * bodies with a length or chunked. One session, one thread; nothing is shared between sessions.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "bench/session.h"

extern const struct bench_server_ops http_server_ops;

#endif
