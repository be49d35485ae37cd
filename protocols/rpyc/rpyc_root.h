/* SPDX-License-Identifier: MIT */
/* What every service of rpyc has besides its own methods: its name. */
#ifndef RPYC_ROOT_H
#define RPYC_ROOT_H

#include "bench/object.h"

#define RPYC_ROOT_PREFIX "exposed_"

/* Their names in dir(), those of functions (which INSPECT tells as well) first. */
enum { RPYC_ROOT_NAMES = 5, RPYC_ROOT_FUNCTIONS = 4 };
extern const char *const rpyc_root_names[RPYC_ROOT_NAMES];

/* The attribute of that name, without the prefix. False: there is none. */
bool rpyc_root_find(const char *name, size_t n, struct bench_value *out);

#endif
