/* SPDX-License-Identifier: MIT */
/*
 * What the client lends to the server during upload_chunked: a list of the pieces of op->tx, and
 * iterators over it. Each piece is one answer, sent from where it lies.
 */
#include <errno.h>
#include <string.h>

#include "protocols/rpyc/rpyc_client.h"

/* Ids with as many digits as Python's. No instance id comes twice on a connection. */
#define ID_BASE        INT64_C(140000000000000)
#define LIST_CLASS     INT64_C(9759744)
#define ITERATOR_CLASS INT64_C(9760832)

enum { BUFFITER_BYTES = 16 << 20 }; /* of pieces in one answer; these are copied */

enum lent_kind { LENT_NOTHING, LENT_STALE, LENT_LIST, LENT_ITERATOR };

static struct rpyc_ref ref_of(enum lent_kind kind, int64_t id)
{
    bool list = kind == LENT_LIST;
    return (struct rpyc_ref){
        .name = bench_str(list ? "builtins.list" : "builtins.list_iterator"),
        .class_id = bench_int(list ? LIST_CLASS : ITERATOR_CLASS),
        .instance_id = bench_int(id),
    };
}

static bool same_ref(const struct rpyc_ref *a, const struct rpyc_ref *b)
{
    return bench_value_equal(&a->instance_id, &b->instance_id) &&
           bench_value_equal(&a->class_id, &b->class_id) && bench_value_equal(&a->name, &b->name);
}

static enum lent_kind find(struct rpyc_lent *lent, const struct rpyc_ref *ref,
                           struct rpyc_lent_iterator **iterator)
{
    if (ref->instance_id.kind != BENCH_INT)
        return LENT_NOTHING;
    const int64_t id = ref->instance_id.integer;
    const struct rpyc_ref list = ref_of(LENT_LIST, id), other = ref_of(LENT_ITERATOR, id);
    if (id < ID_BASE || id >= ID_BASE + lent->given ||
        (!same_ref(ref, &list) && !same_ref(ref, &other)))
        return LENT_NOTHING;
    if (id == lent->list && same_ref(ref, &list))
        return LENT_LIST;
    for (size_t i = 0; i < RPYC_ITERATORS_MAX; i++)
        if (lent->iterators[i].id == id && same_ref(ref, &other)) {
            *iterator = &lent->iterators[i];
            return LENT_ITERATOR;
        }
    return LENT_STALE;
}

static int64_t new_id(struct rpyc_lent *lent) { return ID_BASE + lent->given++; }

int rpyc_client_lend(struct rpyc_client *c)
{
    c->lent.list = new_id(&c->lent);
    const struct rpyc_ref ref = ref_of(LENT_LIST, c->lent.list);
    int rc = rpyc_write_box_head(&c->out.text, RPYC_REMOTE_REF);
    return rc < 0 ? rc : rpyc_write_ref(&c->out.text, &ref);
}

void rpyc_client_take_back(struct rpyc_client *c)
{
    c->lent = (struct rpyc_lent){.given = c->lent.given};
}

/* ---- pieces ---- */

/* c->op is there while something is lent. */
static size_t piece_size(const struct bench_op *op)
{
    return op->tx.chunk_size > 0 ? op->tx.chunk_size : op->tx.length;
}

static size_t piece_count(const struct bench_op *op)
{
    size_t size = piece_size(op);
    return op->tx.length > 0 ? (op->tx.length - 1) / size + 1 : 0;
}

static struct bench_value piece(const struct bench_op *op, size_t i)
{
    size_t size = piece_size(op), at = i * size, left = op->tx.length - at;
    return bench_bytes((const uint8_t *)op->tx.data + at, left < size ? left : size);
}

static int answer_piece(struct rpyc_client *c, const struct rpyc_message *message, size_t i)
{
    const struct bench_value value = piece(c->op, i);
    int rc = rpyc_client_begin_answer(c, message, RPYC_REPLY);
    if (rc == 0)
        rc = rpyc_write_box_head(&c->out.text, RPYC_VALUE);
    if (rc == 0)
        rc = rpyc_dump_bytes_head(&c->out.text, value.text.length);
    if (rc == 0)
        rpyc_outgoing_borrow(&c->out, value.text.data, value.text.length);
    return rc;
}

/* ---- answers ---- */

static int answer_ref(struct rpyc_client *c, const struct rpyc_message *message,
                      struct rpyc_lent_iterator *iterator)
{
    const struct rpyc_ref ref = ref_of(LENT_ITERATOR, iterator->id);
    iterator->count++;
    int rc = rpyc_client_begin_answer(c, message, RPYC_REPLY);
    if (rc == 0)
        rc = rpyc_write_box_head(&c->out.text, RPYC_REMOTE_REF);
    return rc < 0 ? rc : rpyc_write_ref(&c->out.text, &ref);
}

static int new_iterator(struct rpyc_client *c, const struct rpyc_message *message)
{
    for (size_t i = 0; i < RPYC_ITERATORS_MAX; i++) {
        struct rpyc_lent_iterator *iterator = &c->lent.iterators[i];
        if (iterator->count > 0)
            continue;
        *iterator = (struct rpyc_lent_iterator){.id = new_id(&c->lent)};
        return answer_ref(c, message, iterator);
    }
    return rpyc_client_answer_exception(c, message, "MemoryError", "too many iterators are out");
}

static int next_piece(struct rpyc_client *c, const struct rpyc_message *message,
                      struct rpyc_lent_iterator *iterator)
{
    if (iterator->next < piece_count(c->op))
        return answer_piece(c, message, iterator->next++);
    return rpyc_client_answer_exception(c, message, "StopIteration", "");
}

static int item(struct rpyc_client *c, const struct rpyc_message *message,
                const struct bench_value *args)
{
    if (args->kind != BENCH_TUPLE || args->seq.count != 1 || args->seq.items[0].kind != BENCH_INT)
        return rpyc_client_answer_exception(c, message, "TypeError",
                                            "list indices must be integers");
    const int64_t count = (int64_t)piece_count(c->op);
    int64_t i = args->seq.items[0].integer;
    if (i < 0 && i >= -count)
        i += count;
    if (i < 0 || i >= count)
        return rpyc_client_answer_exception(c, message, "IndexError", "list index out of range");
    return answer_piece(c, message, (size_t)i);
}

static bool is_name(const struct bench_value *name, const char *text)
{
    return name->kind == BENCH_STR && name->text.length == strlen(text) &&
           memcmp(name->text.data, text, name->text.length) == 0;
}

static int answer_int(struct rpyc_client *c, const struct rpyc_message *message, size_t number)
{
    const struct bench_value value = bench_int((int64_t)number);
    return rpyc_client_answer_value(c, message, &value);
}

/* args of CALLATTR: object, name, arguments. iterator NULL: it is the list. */
static int callattr(struct rpyc_client *c, const struct rpyc_message *message,
                    const struct bench_value *args, struct rpyc_lent_iterator *iterator)
{
    if (args->seq.count < 3)
        return rpyc_client_answer_exception(c, message, "TypeError", "arguments are missing");
    const struct bench_value *name = &args->seq.items[1];
    if (is_name(name, "__iter__"))
        return iterator ? answer_ref(c, message, iterator) : new_iterator(c, message);
    if (iterator && is_name(name, "__next__"))
        return next_piece(c, message, iterator);
    if (iterator && is_name(name, "__length_hint__"))
        return answer_int(c, message, piece_count(c->op) - iterator->next);
    if (!iterator && is_name(name, "__len__"))
        return answer_int(c, message, piece_count(c->op));
    if (!iterator && is_name(name, "__getitem__"))
        return item(c, message, &args->seq.items[2]);
    return rpyc_client_answer_exception(c, message, "AttributeError",
                                        "this list can only be iterated, measured and indexed");
}

/* Several pieces in one answer; fewer than were asked for when they are large. */
static int buffiter(struct rpyc_client *c, const struct rpyc_message *message,
                    const struct bench_value *args, struct rpyc_lent_iterator *iterator)
{
    if (args->seq.count < 2 || args->seq.items[1].kind != BENCH_INT)
        return rpyc_client_answer_exception(c, message, "TypeError", "the count must be an int");
    size_t left = piece_count(c->op) - iterator->next, n = 0, bytes = 0;
    const int64_t wanted = args->seq.items[1].integer;
    if (wanted < 0 || (uint64_t)wanted < left)
        left = wanted < 0 ? 0 : (size_t)wanted;
    if (left > RPYC_BUFFITER_MAX)
        left = RPYC_BUFFITER_MAX;
    struct bench_value *items = bench_arena_alloc(&c->arena, (left + 1) * sizeof(*items));
    if (!items)
        return -ENOMEM;
    while (n < left && bytes < BUFFITER_BYTES) {
        items[n] = piece(c->op, iterator->next++);
        bytes += items[n++].text.length;
    }
    const struct bench_value all = bench_tuple(items, n);
    return rpyc_client_answer_value(c, message, &all);
}

static void give_back(struct rpyc_lent *lent, const struct bench_value *args,
                      struct rpyc_lent_iterator *iterator)
{
    int64_t count = 1;
    if (args->seq.count > 1 && args->seq.items[1].kind == BENCH_INT)
        count = args->seq.items[1].integer;
    if (count <= 0)
        return;
    if (!iterator)
        lent->list = 0;
    else if (count < iterator->count)
        iterator->count -= count;
    else
        *iterator = (struct rpyc_lent_iterator){0};
}

int rpyc_client_answer_lent(struct rpyc_client *c, const struct rpyc_message *message,
                            int64_t handler, const struct bench_value *args,
                            const struct rpyc_ref *ref)
{
    const struct bench_value nothing = bench_none(), empty = bench_tuple(NULL, 0);
    const struct bench_value no_answer = {.kind = BENCH_NOTIMPLEMENTED};
    struct rpyc_lent_iterator *iterator = NULL;
    enum lent_kind kind = find(&c->lent, ref, &iterator);
    if (kind == LENT_NOTHING || (kind == LENT_STALE && handler != RPYC_DEL))
        return rpyc_client_answer_exception(c, message, "KeyError", "no object has this reference");
    switch (handler) {
    case RPYC_CALLATTR:
        return callattr(c, message, args, iterator);
    case RPYC_BUFFITER:
        if (iterator)
            return buffiter(c, message, args, iterator);
        return rpyc_client_answer_exception(c, message, "TypeError",
                                            "'list' object is not an iterator");
    case RPYC_DEL: /* of the list it comes when the op is over */
        if (kind != LENT_STALE)
            give_back(&c->lent, args, iterator);
        return rpyc_client_answer_value(c, message, &nothing);
    case RPYC_REPR:
    case RPYC_STR:
        return rpyc_client_answer_value(c, message, &ref->name);
    case RPYC_HASH:
        return rpyc_client_answer_value(c, message, &ref->instance_id);
    case RPYC_CMP:
        return rpyc_client_answer_value(c, message, &no_answer);
    case RPYC_DIR:
        return rpyc_client_answer_value(c, message, &empty);
    default:
        return rpyc_client_answer_exception(c, message, "AttributeError",
                                            "this list can only be iterated");
    }
}
