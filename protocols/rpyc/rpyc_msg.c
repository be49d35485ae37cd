/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_msg.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/buf.h"

enum {
    TUPLE_3 = 0x12,  /* first byte of layout A */
    TUPLE_L1 = 0x14, /* the same in a long form */
    TUPLE_L4 = 0x15,
    THREAD_ID = 0x00, /* high byte of one */
};

static int odd(struct rpyc_reader *reader, const char *what)
{
    reader->problem = what;
    return -EINVAL;
}

/* ---- reading ---- */

bool rpyc_is_bound(const uint8_t *payload, size_t n) { return n > 0 && payload[0] == THREAD_ID; }

int rpyc_layout_detect(const uint8_t *payload, size_t n, enum rpyc_layout *layout,
                       struct bench_error *err)
{
    const size_t skip = rpyc_is_bound(payload, n) ? RPYC_THREADS_BYTES : 0;
    if (n <= skip)
        return bench_fail(err, -EPROTO, "no rpyc message in %zu bytes", n);
    const uint8_t first = payload[skip];
    if (first == TUPLE_3 || first == TUPLE_L1 || first == TUPLE_L4)
        *layout = RPYC_LAYOUT_A;
    else if (first >= RPYC_REQUEST && first <= RPYC_EXCEPTION)
        *layout = RPYC_LAYOUT_B;
    else
        return bench_fail(err, -EPROTO, "not an rpyc message: it begins with 0x%02x", first);
    return 0;
}

/* Steps over the thread ids. */
static int open_threads(struct rpyc_message *message)
{
    struct rpyc_reader *body = &message->body;
    uint64_t sender;
    /* Not even one byte of a message behind them is as bad. */
    if ((size_t)(body->end - body->at) <= RPYC_THREADS_BYTES)
        return odd(body, "no message behind the thread ids");
    memcpy(&sender, body->at, sizeof(sender));
    message->sender = be64toh(sender);
    body->at += RPYC_THREADS_BYTES;
    return 0;
}

static int open_layout_a(struct rpyc_message *message)
{
    int64_t type;
    size_t count;
    int rc = rpyc_read_tuple(&message->body, &count);
    if (rc == 0 && count != 3)
        rc = odd(&message->body, "message that is not a tuple of 3");
    if (rc == 0)
        rc = rpyc_read_int(&message->body, &type);
    if (rc == 0 && (type < RPYC_REQUEST || type > RPYC_EXCEPTION))
        rc = odd(&message->body, "unknown message type");
    if (rc == 0)
        message->type = (enum rpyc_type)type;
    return rc;
}

static int open_layout_b(struct rpyc_message *message)
{
    size_t count;
    uint8_t type = *message->body.at++;
    if (type < RPYC_REQUEST || type > RPYC_EXCEPTION)
        return odd(&message->body, "unknown message type");
    message->type = type;
    int rc = rpyc_read_tuple(&message->body, &count);
    if (rc == 0 && count != 2)
        rc = odd(&message->body, "message that is not a tuple of 2");
    return rc;
}

int rpyc_message_open(struct rpyc_message *message, enum rpyc_layout layout, const uint8_t *payload,
                      size_t n, struct bench_arena *arena, bool copy, struct bench_error *err)
{
    struct bench_value seq;
    int rc = 0;
    message->layout = layout;
    message->bound = rpyc_is_bound(payload, n);
    message->sender = RPYC_ANY_THREAD;
    rpyc_reader_init(&message->body, payload, n, arena, copy);
    if (message->bound)
        rc = open_threads(message);
    if (rc == 0)
        rc = layout == RPYC_LAYOUT_A ? open_layout_a(message) : open_layout_b(message);
    message->seq = message->body.at;
    if (rc == 0)
        rc = rpyc_read_value(&message->body, &seq);
    if (rc < 0)
        return bench_fail(err, rc, "bad message of %zu bytes: %s", n, message->body.problem);
    message->seq_length = (size_t)(message->body.at - message->seq);
    message->seq_number = seq.kind == BENCH_INT ? seq.integer : -1;
    return 0;
}

int rpyc_message_limit(struct rpyc_message *message, int64_t items, int64_t nesting,
                       struct bench_error *err)
{
    int rc = rpyc_reader_limit(&message->body, (size_t)items, (unsigned)nesting);
    return rc < 0 ? bench_fail(err, rc, "bad message: %s", message->body.problem) : 0;
}

static int read_pair(struct rpyc_reader *body, int64_t *first, const char *problem)
{
    size_t count;
    int rc = rpyc_read_tuple(body, &count);
    if (rc == -EINVAL || (rc == 0 && count != 2))
        return odd(body, problem);
    return rc < 0 ? rc : rpyc_read_int(body, first);
}

int rpyc_read_request(struct rpyc_reader *body, int64_t *handler)
{
    return read_pair(body, handler, "request that is not a pair");
}

int rpyc_read_box_head(struct rpyc_reader *body, int64_t *label)
{
    return read_pair(body, label, "box that is not a pair");
}

static bool is_int(const struct bench_value *value)
{
    return value->kind == BENCH_INT || value->kind == BENCH_BIGINT;
}

static int check_ref(const struct rpyc_ref *ref)
{
    bool good = ref->name.kind == BENCH_STR && is_int(&ref->class_id) && is_int(&ref->instance_id);
    return good ? 0 : -EINVAL;
}

int rpyc_read_ref(struct rpyc_reader *body, struct rpyc_ref *out)
{
    size_t count;
    int rc = rpyc_read_tuple(body, &count);
    if (rc == -EINVAL || (rc == 0 && count != 3))
        return odd(body, "reference that is not a tuple of 3");
    if (rc == 0)
        rc = rpyc_read_value(body, &out->name);
    if (rc == 0)
        rc = rpyc_read_value(body, &out->class_id);
    if (rc == 0)
        rc = rpyc_read_value(body, &out->instance_id);
    if (rc < 0)
        return rc;
    return check_ref(out) == 0 ? 0 : odd(body, "reference that is not (str, int, int)");
}

int rpyc_ref_from_value(const struct bench_value *value, struct rpyc_ref *out)
{
    if (value->kind != BENCH_TUPLE || value->seq.count != 3)
        return -EINVAL;
    const struct bench_value *items = value->seq.items;
    *out = (struct rpyc_ref){.name = items[0], .class_id = items[1], .instance_id = items[2]};
    return check_ref(out);
}

static int read_box_tuple(struct rpyc_reader *body, const struct rpyc_resolver *resolver,
                          struct bench_value *out)
{
    size_t count;
    int rc = rpyc_read_tuple(body, &count);
    if (rc < 0)
        return rc;
    if (body->depth >= body->depth_limit) {
        body->problem = "nested too deeply (max-nesting)";
        return -E2BIG;
    }
    struct bench_value *items = NULL;
    if (count > 0) {
        items = bench_arena_alloc(body->arena, count * sizeof(*items));
        if (!items)
            return -ENOMEM;
    }
    body->depth++;
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = rpyc_read_box(body, resolver, &items[i]);
    body->depth--;
    *out = bench_tuple(items, count);
    return rc;
}

int rpyc_read_box(struct rpyc_reader *body, const struct rpyc_resolver *resolver,
                  struct bench_value *out)
{
    struct rpyc_ref ref;
    int64_t label;
    int rc = rpyc_read_box_head(body, &label);
    if (rc < 0)
        return rc;
    switch (label) {
    case RPYC_VALUE:
        return rpyc_read_value(body, out);
    case RPYC_TUPLE:
        return read_box_tuple(body, resolver, out);
    case RPYC_LOCAL_REF:
        rc = rpyc_read_ref(body, &ref);
        return rc < 0 ? rc : resolver->local(resolver->user, &ref, out);
    case RPYC_REMOTE_REF:
        rc = rpyc_read_ref(body, &ref);
        return rc < 0 ? rc : resolver->remote(resolver->user, &ref, out);
    default:
        return odd(body, "box with an unknown label");
    }
}

/* ---- exceptions that came ---- */

int rpyc_read_exception(struct rpyc_reader *body, struct rpyc_exception *out)
{
    struct bench_value record;
    *out = (struct rpyc_exception){0};
    int rc = rpyc_read_value(body, &record);
    if (rc < 0)
        return rc;
    if (record.kind == BENCH_INT && record.integer == 1) {
        out->stop_iteration = true;
        return 0;
    }
    if (record.kind != BENCH_TUPLE || record.seq.count != 4)
        return odd(body, "exception record that is not a tuple of 4");
    const struct bench_value *type = &record.seq.items[0], *args = &record.seq.items[1];
    if (type->kind != BENCH_TUPLE || type->seq.count != 2 || type->seq.items[0].kind != BENCH_STR ||
        type->seq.items[1].kind != BENCH_STR || args->kind != BENCH_TUPLE)
        return odd(body, "exception record of other kinds than it should have");
    out->module = type->seq.items[0];
    out->type = type->seq.items[1];
    out->args = *args;
    out->attributes = record.seq.items[2];
    out->traceback = record.seq.items[3];
    return 0;
}

static bool is_word(const struct bench_value *text, const char *word)
{
    const size_t n = strlen(word);
    return text->kind == BENCH_STR && text->text.length == n &&
           memcmp(text->text.data, word, n) == 0;
}

bool rpyc_exception_is(const struct rpyc_exception *exception, const char *type)
{
    return is_word(&exception->module, "builtins") && is_word(&exception->type, type);
}

static int text_part(const struct bench_value *value)
{
    return value->text.length > INT16_MAX ? INT16_MAX : (int)value->text.length;
}

void rpyc_exception_text(const struct rpyc_exception *exception, char *text, size_t size)
{
    if (exception->stop_iteration) {
        (void)snprintf(text, size, "builtins.StopIteration");
        return;
    }
    const struct bench_value *args = &exception->args;
    int n = snprintf(text, size, "%.*s.%.*s", text_part(&exception->module),
                     exception->module.text.data, text_part(&exception->type),
                     exception->type.text.data);
    if (n < 0 || (size_t)n >= size || args->seq.count == 0)
        return;
    text += n;
    size -= (size_t)n;
    /* One argument that is a text is shown as it is, anything else as Python would. */
    if (args->seq.count == 1 && args->seq.items[0].kind == BENCH_STR) {
        const struct bench_value *only = &args->seq.items[0];
        (void)snprintf(text, size, ": %.*s", text_part(only), only->text.data);
        return;
    }
    struct bench_buf repr;
    bench_buf_init(&repr, (size_t)1 << 16);
    const struct bench_value *shown = args->seq.count == 1 ? &args->seq.items[0] : args;
    if (bench_value_repr(shown, &repr) == 0)
        (void)snprintf(text, size, ": %.*s", (int)bench_buf_length(&repr),
                       (const char *)bench_buf_head(&repr));
    bench_buf_fini(&repr);
}

/* ---- proxies ---- */

/* Marks the objects that are proxies: nothing else has this function in its table. */
static void proxy_release(struct bench_object *object)
{
    struct rpyc_proxy *proxy = (struct rpyc_proxy *)object;
    if (proxy->released)
        proxy->released(proxy);
}

int rpyc_proxy_init(struct rpyc_proxy *proxy, struct bench_arena *arena, const struct rpyc_ref *ref)
{
    *proxy = (struct rpyc_proxy){
        .object.ops = &proxy->ops, .ops.release = proxy_release, .ops.remote = true};
    if (bench_value_copy(arena, &ref->name, &proxy->ref.name) < 0 ||
        bench_value_copy(arena, &ref->class_id, &proxy->ref.class_id) < 0 ||
        bench_value_copy(arena, &ref->instance_id, &proxy->ref.instance_id) < 0)
        return -ENOMEM;
    proxy->ops.type_name =
        bench_arena_copy(arena, ref->name.text.data, ref->name.text.length); /* with a NUL */
    return proxy->ops.type_name ? 0 : -ENOMEM;
}

struct rpyc_proxy *rpyc_proxy_new(struct bench_arena *arena, const struct rpyc_ref *ref)
{
    struct rpyc_proxy *proxy = bench_arena_alloc(arena, sizeof(*proxy));
    return proxy && rpyc_proxy_init(proxy, arena, ref) == 0 ? proxy : NULL;
}

const struct rpyc_proxy *rpyc_proxy_of(const struct bench_value *value)
{
    if (value->kind != BENCH_OBJECT || value->object->ops->release != proxy_release)
        return NULL;
    return (const struct rpyc_proxy *)value->object;
}

/* ---- writing ---- */

static int write_small(struct bench_buf *out, const uint8_t *bytes, size_t n)
{
    return bench_buf_add(out, bytes, n);
}

int rpyc_write_threads(struct bench_buf *out, uint64_t receiver)
{
    const uint64_t ids[2] = {htobe64(RPYC_OWN_THREAD), htobe64(receiver)};
    return bench_buf_add(out, ids, sizeof(ids));
}

int rpyc_write_request(struct bench_buf *out, enum rpyc_layout layout, int64_t seq,
                       enum rpyc_handler handler)
{
    static const uint8_t heads[][2] = {
        [RPYC_LAYOUT_A] = {TUPLE_3, 0x50 + RPYC_REQUEST},
        [RPYC_LAYOUT_B] = {RPYC_REQUEST, 0x11},
    };
    const uint8_t body[2] = {0x11, (uint8_t)(0x50 + handler)};
    int rc = write_small(out, heads[layout], sizeof(heads[layout]));
    if (rc == 0)
        rc = rpyc_dump_int(out, seq);
    return rc < 0 ? rc : write_small(out, body, sizeof(body));
}

int rpyc_write_answer(struct bench_buf *out, const struct rpyc_message *message,
                      enum rpyc_type type)
{
    const uint8_t a[2] = {TUPLE_3, (uint8_t)(0x50 + type)}, b[2] = {(uint8_t)type, 0x11};
    int rc = message->bound ? rpyc_write_threads(out, message->sender) : 0;
    if (rc == 0)
        rc = write_small(out, message->layout == RPYC_LAYOUT_A ? a : b, 2);
    return rc < 0 ? rc : bench_buf_add(out, message->seq, message->seq_length);
}

int rpyc_write_box_head(struct bench_buf *out, enum rpyc_label label)
{
    const uint8_t head[2] = {0x11, (uint8_t)(0x50 + label)};
    return write_small(out, head, sizeof(head));
}

int rpyc_write_ref(struct bench_buf *out, const struct rpyc_ref *ref)
{
    int rc = rpyc_dump_tuple_head(out, 3);
    if (rc == 0)
        rc = rpyc_dump(out, &ref->name);
    if (rc == 0)
        rc = rpyc_dump(out, &ref->class_id);
    return rc < 0 ? rc : rpyc_dump(out, &ref->instance_id);
}

static int write_object(struct bench_buf *out, const struct bench_value *value,
                        rpyc_export_fn export, void *user)
{
    const struct rpyc_proxy *proxy = rpyc_proxy_of(value);
    struct rpyc_ref ref;
    int rc = 0;
    if (proxy)
        ref = proxy->ref; /* it goes home */
    else
        rc = export ? export(user, value->object, &ref) : -EINVAL;
    if (rc == 0)
        rc = rpyc_write_box_head(out, proxy ? RPYC_LOCAL_REF : RPYC_REMOTE_REF);
    return rc < 0 ? rc : rpyc_write_ref(out, &ref);
}

static int write_nested(struct bench_buf *out, const struct bench_value *value,
                        rpyc_export_fn export, void *user, unsigned depth)
{
    if (value->kind == BENCH_OBJECT)
        return write_object(out, value, export, user);
    if (rpyc_dumpable(value)) {
        int rc = rpyc_write_box_head(out, RPYC_VALUE);
        return rc < 0 ? rc : rpyc_dump(out, value);
    }
    if (value->kind != BENCH_TUPLE)
        return -EINVAL;
    if (depth >= RPYC_NESTING_TOP)
        return -E2BIG;
    int rc = rpyc_write_box_head(out, RPYC_TUPLE);
    if (rc == 0)
        rc = rpyc_dump_tuple_head(out, value->seq.count);
    for (size_t i = 0; rc == 0 && i < value->seq.count; i++)
        rc = write_nested(out, &value->seq.items[i], export, user, depth + 1);
    return rc;
}

int rpyc_write_box(struct bench_buf *out, const struct bench_value *value, rpyc_export_fn export,
                   void *user)
{
    return write_nested(out, value, export, user, 0);
}
