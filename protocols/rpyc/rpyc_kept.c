/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_kept.h"

#include <stdlib.h>

#include "protocols/rpyc/rpyc_client.h"

struct rpyc_kept *rpyc_kept_new(void)
{
    struct rpyc_kept *kept = calloc(1, sizeof(*kept));
    if (kept)
        bench_arena_init(&kept->arena, RPYC_KEPT_MEMORY);
    return kept;
}

void rpyc_kept_free(struct rpyc_kept *kept)
{
    if (!kept)
        return;
    bench_arena_fini(&kept->arena);
    free(kept);
}

struct rpyc_held *rpyc_kept_add(struct rpyc_kept *kept, const struct rpyc_ref *ref,
                                unsigned methods)
{
    if (kept->table.count == RPYC_KEPT_MAX)
        return NULL;
    struct rpyc_held *held = rpyc_held_add(&kept->table, &kept->arena, ref);
    if (held) {
        held->kept = true;
        held->methods = methods;
    }
    return held;
}

bool rpyc_client_knows(const struct rpyc_client *c, const struct rpyc_ref *ref, unsigned *methods)
{
    const struct rpyc_held *seen =
        rpyc_is_class(ref) && c->classes ? rpyc_held_find(&c->classes->table, ref) : NULL;
    *methods = seen ? seen->methods : rpyc_builtin_methods(ref);
    return seen || rpyc_knows_class(c->layout, ref);
}

/* Without memory, or when there are too many, it will be asked for again. */
void rpyc_client_note_class(struct rpyc_client *c, const struct rpyc_ref *ref, unsigned methods)
{
    if (!rpyc_is_class(ref))
        return;
    if (!c->classes)
        c->classes = rpyc_kept_new();
    if (c->classes && !rpyc_held_find(&c->classes->table, ref))
        (void)rpyc_kept_add(c->classes, ref, methods);
}

void rpyc_client_note_current(struct rpyc_client *c, struct rpyc_message *message)
{
    struct bench_value value;
    struct rpyc_ref ref;
    unsigned methods;
    if (rpyc_load(&c->arena, bench_buf_head(&c->call->current), bench_buf_length(&c->call->current), &value,
                  NULL) == 0 &&
        rpyc_ref_from_value(&value, &ref) == 0 && rpyc_is_class(&ref) &&
        rpyc_read_methods(&message->body, &methods) == 0)
        rpyc_client_note_class(c, &ref, methods);
}
