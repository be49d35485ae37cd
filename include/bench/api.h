/* SPDX-License-Identifier: MIT */
/*
 * Marks that every header of the contract uses, and the ABI number of the contract.
 * Anyone may include it; nothing here has state.
 */
#ifndef BENCH_API_H
#define BENCH_API_H

#include <stddef.h>
#include <stdint.h>

/* Raised when the layout or the meaning of an existing member changes; adding a member at the
 * end of a table does not raise it (struct bench_protocol.size tells what the backend knew). */
#define BENCH_ABI 2u

#define BENCH_API __attribute__((visibility("default")))
#define BENCH_MUST_CHECK __attribute__((warn_unused_result))
#define BENCH_PRINTF(format_index, first_index)                                                    \
    __attribute__((format(printf, format_index, first_index)))

#define BENCH_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
