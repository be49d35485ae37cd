/* SPDX-License-Identifier: MIT */
/* Between the files that make up dicts and their views. */
#ifndef BENCH_SERVICE_DICT_H
#define BENCH_SERVICE_DICT_H

#include "service/table.h"

struct service_dict {
    struct service_held held;
    struct service_table table;
    bool shown; /* its repr is being made */
};

/* What an iterator or a view, or the dict itself, looks into. */
struct service_dict *service_dict_of(struct service_held *held);
int service_dict_iter(struct bench_object *object, struct bench_call *call,
                      struct bench_value *out);
int service_dict_contains(struct bench_object *object, struct bench_call *call,
                          const struct bench_value *item, bool *out);

/* Methods of dicts. */
int service_dict_keys(struct service_held *self, struct bench_call *call,
                      const struct service_args *args, struct bench_value *out);
int service_dict_values(struct service_held *self, struct bench_call *call,
                        const struct service_args *args, struct bench_value *out);
int service_dict_items(struct service_held *self, struct bench_call *call,
                       const struct service_args *args, struct bench_value *out);

#endif
