/* SPDX-License-Identifier: MIT */
#include "trace/findings.h"

const char *trace_finding_key(enum trace_finding_id id)
{
    static const char *const keys[] = {
#define TRACE_FINDING(ID, KEY, PRICE) [TRACE_##ID] = KEY,
#include "trace/findings.def"
#undef TRACE_FINDING
    };
    return (size_t)id < BENCH_COUNT_OF(keys) ? keys[id] : NULL;
}
