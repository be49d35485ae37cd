/* SPDX-License-Identifier: MIT */
/* Between the files that make up lists. */
#ifndef BENCH_SERVICE_LIST_H
#define BENCH_SERVICE_LIST_H

#include "service/objects.h"

struct service_list {
    struct service_held held;
    struct service_items of; /* all put */
    bool shown;              /* its repr is being made */
};

/* Positions start, start + step, ... */
struct service_range {
    int64_t start, step;
    size_t count;
};

/* A slice of `count` items. 0 or raised. */
int service_take_slice(struct bench_call *call, const struct bench_value *slice, size_t count,
                       struct service_range *out) BENCH_MUST_CHECK;
/* Into lowest..highest, negative ones from the end. */
int64_t service_clamp(int64_t index, int64_t count, int64_t lowest, int64_t highest);
/* An index or a bound of a slice: None is what is missing, ints of any size are cut. 0 or raised.
 */
int service_take_bound(struct bench_call *call, const struct bench_value *value, int64_t missing,
                       int64_t *out) BENCH_MUST_CHECK;
/* A whole number that fits, as operator.index() would give it. 0 or raised. */
int service_take_index(struct bench_call *call, const struct bench_value *value,
                       const char *overflow, int64_t *out) BENCH_MUST_CHECK;
/* A list of those positions as an answer. */
int service_list_slice(struct bench_call *call, const struct service_list *from,
                       const struct service_range *range, struct bench_value *out) BENCH_MUST_CHECK;
bool service_is_list(const struct bench_value *value);

/* NULL-ended; their names for INSPECT and dir. */
extern const struct service_method service_list_methods[];

#endif
