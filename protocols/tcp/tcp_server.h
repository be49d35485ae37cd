/* SPDX-License-Identifier: MIT */
/* The server's half of the floor protocol, for the backend's table. */
#ifndef TCP_SERVER_H
#define TCP_SERVER_H

#include "bench/session.h"

extern const struct bench_server_ops tcp_server_ops;

#endif
