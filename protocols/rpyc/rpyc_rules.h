/* SPDX-License-Identifier: MIT */
/*
 * What clients of our server may do: the attribute policy of rpyc's configuration, and limits.
 * Constant once the server runs.
 */
#ifndef RPYC_RULES_H
#define RPYC_RULES_H

#include <stdbool.h>

#include "bench/api.h"

/* Besides rpyc's defaults public attributes and pickling, or those defaults alone. */
enum rpyc_policy { RPYC_POLICY_REFERENCE, RPYC_POLICY_STRICT };

#define RPYC_REFERENCES     1000000 /* objects that one session has handed out */
#define RPYC_REFERENCES_MAX ((uint32_t)1 << 24)
#define RPYC_DEPTH          64 /* requests of ours that wait for each other's answers */
/* Each takes stack (256 KiB a thread), of which a level needs about 2 KiB. */
#define RPYC_DEPTH_MAX 64

/* Bytes that the objects of one client hold together; as it is written for people. */
#define RPYC_STORED 256MiB

struct rpyc_rules {
    enum rpyc_policy policy;
    uint32_t references;
    unsigned depth;
    uint64_t stored;
    int64_t items, nesting; /* of one message */
};

/* The defaults of the options. */
extern const struct rpyc_rules rpyc_default_rules;

/* rpyc's defaults and what the policy adds, for reading an attribute: special names of a fixed
 * list, exposed_ names, and with `reference` whatever does not begin with an underscore. */
bool rpyc_policy_plain(const struct rpyc_rules *rules, const char *name, size_t n);
bool rpyc_policy_pickles(const struct rpyc_rules *rules);

#endif
