/* SPDX-License-Identifier: MIT */
/* Addresses on the command line that are no URLs: where to listen, where to pass on to. */
#ifndef BENCH_ENDPOINT_H
#define BENCH_ENDPOINT_H

#include "bench/conn.h"

/* HOST:PORT, [HOST]:PORT, :PORT or PORT; without a host it is this machine. Not resolved. 0 or
 * -EINVAL. */
int cli_parse_endpoint(const char *text, int64_t least_port, struct bench_address *out,
                       struct bench_error *err) BENCH_MUST_CHECK;

#endif
