/* SPDX-License-Identifier: MIT */
/* What sets and the views of dicts that are like sets share. */
#ifndef BENCH_SERVICE_SET_H
#define BENCH_SERVICE_SET_H

#include "service/objects.h"

bool service_is_view(const struct bench_value *value); /* service/views.c: keys or items */

/* & | - ^ in both directions, and isdisjoint. NULL-ended. */
extern const struct service_method service_set_methods[];
extern const char *const service_set_method_names[];

/* Subsets and supersets. */
int service_set_compare(struct bench_object *object, struct bench_call *call, enum bench_compare op,
                        const struct bench_value *other, struct bench_value *out);

#endif
