/* SPDX-License-Identifier: MIT */
/*
 * What a connection of the client knows for as long as it lives: the classes that INSPECT has
 * described, as in Connection._netref_classes_cache of Python. Lives on the connection's loop.
 */
#ifndef RPYC_KEPT_H
#define RPYC_KEPT_H

#include "protocols/rpyc/rpyc_held.h"

#define RPYC_KEPT_MAX    4096              /* references; more classes are asked for each time */
#define RPYC_KEPT_MEMORY ((size_t)4 << 20) /* bytes, names included */

struct bench_conn;
struct rpyc_client;

struct rpyc_kept {
    struct bench_arena arena;
    struct rpyc_held_table table;
};

/* NULL: no memory. */
struct rpyc_kept *rpyc_kept_new(void);
/* Accepts NULL. */
void rpyc_kept_free(struct rpyc_kept *kept);
/* NULL: no memory, or too many. */
struct rpyc_held *rpyc_kept_add(struct rpyc_kept *kept, const struct rpyc_ref *ref,
                                unsigned methods);

/* Whether INSPECT need not be asked for a reference; *methods: what it would have named. */
bool rpyc_client_knows(const struct rpyc_client *c, const struct rpyc_ref *ref, unsigned *methods);
/* What INSPECT said, if that holds for longer than the reference does. */
void rpyc_client_note_class(struct rpyc_client *c, const struct rpyc_ref *ref, unsigned methods);
/* The same of the present call's `current`, from the answer itself. */
void rpyc_client_note_current(struct rpyc_client *c, struct rpyc_message *message);

#endif
