/* SPDX-License-Identifier: MIT */
/* The ruler: answers from memory, so that what is left is the cost of measuring. */
#ifndef INPROC_H
#define INPROC_H

#include "bench/protocol.h"

extern const struct bench_protocol inproc_protocol;

#endif
