/* SPDX-License-Identifier: MIT */
/* The users, in all the forms that a service can answer data in. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/objects.h"
#include "service/service_internal.h"

enum { FIELDS = 4, TEXT_MAX = 48, SCRATCH_BYTES = 4096 };

static const char *const field_names[FIELDS] = {"id", "name", "email", "status"};

static int field_text(struct bench_arena *arena, const char *tail, int64_t id,
                      struct bench_value *out)
{
    char *text = bench_arena_alloc(arena, TEXT_MAX);
    if (text == NULL)
        return -ENOMEM;
    const int n = snprintf(text, TEXT_MAX, "user%" PRId64 "%s", id, tail);
    *out = bench_str_n(text, (size_t)n);
    return 0;
}

static int field(struct bench_arena *arena, int64_t id, size_t i, struct bench_value *out)
{
    switch (i) {
    case 0:
        *out = bench_int(id);
        return 0;
    case 1:
        return field_text(arena, "", id, out);
    case 2:
        return field_text(arena, "@example.com", id, out);
    default:
        *out = id % 2 == 0 ? bench_str_n("active", 6) : bench_str_n("inactive", 8);
        return 0;
    }
}

static int make_tuple(struct bench_arena *arena, int64_t id, struct bench_value *out)
{
    struct bench_value *items = bench_arena_alloc(arena, FIELDS * sizeof(*items));
    int rc = items == NULL ? -ENOMEM : 0;
    for (size_t i = 0; rc == 0 && i < FIELDS; i++)
        rc = field(arena, id, i, &items[i]);
    *out = bench_tuple(items, FIELDS);
    return rc;
}

static int make_pairs(struct bench_arena *arena, int64_t id, struct bench_value **out)
{
    struct bench_value *pairs = bench_arena_alloc(arena, 2 * FIELDS * sizeof(*pairs));
    int rc = pairs == NULL ? -ENOMEM : 0;
    for (size_t i = 0; rc == 0 && i < FIELDS; i++) {
        pairs[2 * i] = bench_str(field_names[i]);
        rc = field(arena, id, i, &pairs[2 * i + 1]);
    }
    *out = pairs;
    return rc;
}

static struct service_held *make_dict(struct bench_call *call, int64_t id)
{
    struct bench_value *pairs = NULL;
    struct bench_arena scratch;
    bench_arena_init(&scratch, SCRATCH_BYTES);
    struct service_held *dict = NULL;
    if (make_pairs(&scratch, id, &pairs) == 0)
        dict = service_dict(call, pairs, FIELDS);
    else
        (void)bench_raise(call, "MemoryError", "%s", "");
    bench_arena_fini(&scratch);
    return dict;
}

/* ---- User ---- */

struct user {
    struct service_held held;
    int64_t id;
};

static int do_as_dict(struct service_held *self, struct bench_call *call,
                      const struct service_args *args, struct bench_value *out)
{
    struct service_held *dict = make_dict(call, ((const struct user *)self)->id);
    (void)args;
    if (dict == NULL)
        return -EREMOTEIO;
    *out = service_lend(dict);
    return 0;
}

static int do_as_tuple(struct service_held *self, struct bench_call *call,
                       const struct service_args *args, struct bench_value *out)
{
    (void)args;
    return make_tuple(call->arena, ((const struct user *)self)->id, out);
}

static const struct service_method user_methods[] = {
    {.name = "as_dict", .call = do_as_dict, .written = true},
    {.name = "as_tuple", .call = do_as_tuple, .written = true},
    {.name = NULL},
};
static const char *const user_method_names[] = {"as_dict", "as_tuple", NULL};

static int user_getattr(struct bench_object *object, struct bench_call *call, const char *name,
                        size_t length, struct bench_value *out)
{
    for (size_t i = 0; i < FIELDS; i++)
        if (strlen(field_names[i]) == length && memcmp(field_names[i], name, length) == 0)
            return field(call->arena, ((const struct user *)object)->id, i, out);
    return service_get_method((struct service_held *)object, call, user_methods, name, length, out);
}

static int user_repr(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    char *text = bench_arena_alloc(call->arena, TEXT_MAX);
    if (text == NULL)
        return -ENOMEM;
    const int n = snprintf(text, TEXT_MAX, "<User %" PRId64 ">", ((const struct user *)object)->id);
    *out = bench_str_n(text, (size_t)n);
    return 0;
}

static int user_dir(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    static const char *const sorted[] = {"as_dict", "as_tuple", "email", "id", "name", "status"};
    struct bench_value *items =
        bench_arena_alloc(call->arena, BENCH_COUNT_OF(sorted) * sizeof(*items));
    (void)object;
    if (items == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < BENCH_COUNT_OF(sorted); i++)
        items[i] = bench_str(sorted[i]);
    *out = bench_tuple(items, BENCH_COUNT_OF(sorted));
    return 0;
}

static int user_plain(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    struct bench_value *pairs = NULL;
    const int rc = make_pairs(call->arena, ((const struct user *)object)->id, &pairs);
    *out = (struct bench_value){.kind = BENCH_DICT, .seq = {pairs, 2 * (size_t)FIELDS}};
    return rc;
}

static const struct bench_object_ops user_ops = {
    .type_name = "service.User",
    .method_names = user_method_names,
    .getattr = user_getattr,
    .repr = user_repr,
    .dir = user_dir,
    .release = service_release,
    .plain = user_plain,
};

/* ---- which users are asked for ---- */

/* The ids 0 to n - 1, or those of a list. */
struct wanted {
    int64_t *ids; /* malloc'ed, or NULL: 0, 1, ... */
    size_t count, room;
};

static int64_t id_of(const struct wanted *wanted, size_t i)
{
    return wanted->ids != NULL ? wanted->ids[i] : (int64_t)i;
}

static int take_first(struct bench_call *call, const struct bench_value *arg, struct wanted *out)
{
    int64_t n = 0;
    const int rc = bench_service_integer(call, "n", arg, BENCH_USERS_MAX, &n);
    *out = (struct wanted){.count = (size_t)n};
    return rc;
}

static int take_one(struct bench_call *call, const struct bench_value *arg, int64_t *out)
{
    return bench_service_integer(call, "id", arg, BENCH_USER_MAX, out);
}

static int add_id(void *user, struct bench_call *call, const struct bench_value *item)
{
    struct wanted *wanted = user;
    if (wanted->count == BENCH_USERS_MAX)
        return bench_raise(call, "ValueError", "more than %d ids", BENCH_USERS_MAX);
    if (wanted->count == wanted->room) {
        const size_t room = wanted->room > 0 ? 2 * wanted->room : 64;
        int64_t *grown = realloc(wanted->ids, room * sizeof(*grown));
        if (grown == NULL)
            return -ENOMEM;
        wanted->ids = grown;
        wanted->room = room;
    }
    const int rc = take_one(call, item, &wanted->ids[wanted->count]);
    if (rc == 0)
        wanted->count++;
    return rc;
}

static int take_ids(struct bench_call *call, const struct bench_value *arg, struct wanted *out)
{
    *out = (struct wanted){0};
    return bench_service_for_each(call, arg, add_id, out);
}

/* ---- answers ---- */

static struct service_held *make_object(struct bench_call *call, int64_t id)
{
    struct user *user = service_new(call, NULL, sizeof(*user), &user_ops, NULL);
    if (user == NULL)
        return NULL;
    user->id = id;
    return &user->held;
}

typedef struct service_held *(*make_fn)(struct bench_call *call, int64_t id);

static struct service_held *make_list(struct bench_call *call, const struct wanted *wanted,
                                      make_fn make)
{
    struct service_items items = {0};
    int rc = service_room(call, &items.items, &items.room, wanted->count);
    for (size_t i = 0; rc == 0 && i < wanted->count; i++) {
        struct service_held *held = make(call, id_of(wanted, i));
        if (held == NULL) {
            rc = -EREMOTEIO;
            break;
        }
        const struct bench_value value = {.kind = BENCH_OBJECT, .object = &held->object};
        rc = service_append(call, &items, &value);
        if (rc < 0)
            service_discard(held);
    }
    if (rc == 0)
        return service_list(call, &items);
    service_items_fini(call->store, &items);
    return NULL;
}

static int answer_one(struct bench_call *call, const struct bench_value *arg, make_fn make,
                      struct bench_value *out)
{
    int64_t id = 0;
    const int rc = take_one(call, arg, &id);
    if (rc < 0)
        return rc;
    struct service_held *held = make(call, id);
    if (held == NULL)
        return -EREMOTEIO;
    *out = service_lend(held);
    return 0;
}

static int answer_list(struct bench_call *call, struct wanted *wanted, int rc, make_fn make,
                       struct bench_value *out)
{
    struct service_held *list = rc == 0 ? make_list(call, wanted, make) : NULL;
    if (rc == 0 && list == NULL)
        rc = -EREMOTEIO;
    if (rc == 0)
        *out = service_lend(list);
    free(wanted->ids);
    return rc;
}

static int answer_tuples(struct bench_call *call, struct wanted *wanted, int rc,
                         struct bench_value *out)
{
    struct bench_value *items = NULL;
    if (rc == 0 && wanted->count > 0) {
        items = bench_arena_alloc(call->arena, wanted->count * sizeof(*items));
        rc = items == NULL ? -ENOMEM : 0;
    }
    for (size_t i = 0; rc == 0 && i < wanted->count; i++)
        rc = make_tuple(call->arena, id_of(wanted, i), &items[i]);
    *out = bench_tuple(items, wanted->count);
    free(wanted->ids);
    return rc;
}

int bench_service_get_user(struct bench_call *call, const struct bench_value *args,
                           struct bench_value *out)
{
    return answer_one(call, &args[0], make_object, out);
}

int bench_service_get_user_dict(struct bench_call *call, const struct bench_value *args,
                                struct bench_value *out)
{
    return answer_one(call, &args[0], make_dict, out);
}

int bench_service_get_user_tuple(struct bench_call *call, const struct bench_value *args,
                                 struct bench_value *out)
{
    int64_t id = 0;
    const int rc = take_one(call, &args[0], &id);
    return rc < 0 ? rc : make_tuple(call->arena, id, out);
}

int bench_service_get_users(struct bench_call *call, const struct bench_value *args,
                            struct bench_value *out)
{
    struct wanted wanted;
    const int rc = take_first(call, &args[0], &wanted);
    return answer_list(call, &wanted, rc, make_object, out);
}

int bench_service_get_users_dicts(struct bench_call *call, const struct bench_value *args,
                                  struct bench_value *out)
{
    struct wanted wanted;
    const int rc = take_first(call, &args[0], &wanted);
    return answer_list(call, &wanted, rc, make_dict, out);
}

int bench_service_get_users_tuples(struct bench_call *call, const struct bench_value *args,
                                   struct bench_value *out)
{
    struct wanted wanted;
    const int rc = take_first(call, &args[0], &wanted);
    return answer_tuples(call, &wanted, rc, out);
}

int bench_service_get_users_batch(struct bench_call *call, const struct bench_value *args,
                                  struct bench_value *out)
{
    struct wanted wanted;
    const int rc = take_ids(call, &args[0], &wanted);
    return answer_tuples(call, &wanted, rc, out);
}

int bench_service_get_users_batch_dicts(struct bench_call *call, const struct bench_value *args,
                                        struct bench_value *out)
{
    struct wanted wanted;
    const int rc = take_ids(call, &args[0], &wanted);
    return answer_list(call, &wanted, rc, make_dict, out);
}
