/* SPDX-License-Identifier: MIT */
/* The passive decoder of RPyC conversations (bench/decoder.h): 4.1 to 6.x. */
#ifndef RPYC_DECODE_H
#define RPYC_DECODE_H

#include "bench/decoder.h"

extern const struct bench_decoder_ops rpyc_decoder_ops;
extern const struct bench_finding_rule rpyc_finding_rules[];

#endif
