/* SPDX-License-Identifier: MIT */
/* The floor: the same operations as bare length-prefixed messages (tcp_wire.h). */
#ifndef TCP_H
#define TCP_H

#include "bench/protocol.h"

extern const struct bench_protocol tcp_protocol;
extern const struct bench_server_ops tcp_server_ops;

#endif
