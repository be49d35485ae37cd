/* SPDX-License-Identifier: MIT */
/*
 * Objects of the client in the hands of the service: what it does with them becomes requests to
 * the client, whose own requests are served while their answers are awaited.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/rpyc/rpyc_handlers.h"

enum {
    SAME_SEARCH = 64,      /* received objects that are compared with a new one */
    KEPT_BYTES = 64 << 10, /* of the name of one that stays */
};

/* ---- talking to the client ---- */

/* The session cannot go on. Codes that mean something else to callers are changed. */
static int give_up(struct rpyc_peer *peer, int rc)
{
    if (rc == -ENODATA || rc == -EREMOTEIO)
        rc = bench_fail(&peer->cause, -ECONNRESET, "the client left in the middle of a request");
    peer->broken = rc;
    return rc;
}

static bool is_awaited(const struct rpyc_peer *peer, int64_t seq)
{
    for (unsigned i = 0; i < peer->depth; i++)
        if (peer->awaited[i] == seq)
            return true;
    return false;
}

/* ---- answers out of order ---- */

/* A client with several calls out may answer an outer request of ours before an inner one; here the
 * inner one is answered first all the same, as its thread is the one that waits. */
struct rpyc_early {
    struct rpyc_early *next;
    int64_t seq;
    struct rpyc_message message;
    size_t length;
    uint8_t bytes[];
};

enum { EARLY_BYTES = 16 << 20 }; /* of all of them together */

static int keep_early(struct rpyc_peer *peer, const struct rpyc_message *answer,
                      struct bench_error *err)
{
    const size_t length = (size_t)(answer->body.end - answer->body.at);
    const long long seq = answer->seq_number;
    for (const struct rpyc_early *e = peer->early; e; e = e->next)
        if (e->seq == answer->seq_number)
            return bench_fail(err, -EPROTO, "answer %lld came twice", seq);
    if (length > EARLY_BYTES - peer->early_bytes)
        return bench_fail(err, -EPROTO, "answer %lld came before its turn, as did %zu bytes", seq,
                          peer->early_bytes);
    struct rpyc_early *early = malloc(sizeof(*early) + length);
    if (!early)
        return bench_fail(err, -ENOMEM, "no memory for answer %lld", seq);
    *early = (struct rpyc_early){peer->early, answer->seq_number, *answer, length};
    memcpy(early->bytes, answer->body.at, length);
    early->message.body.at = early->bytes;
    early->message.body.end = early->bytes + length;
    peer->early = early;
    peer->early_bytes += length;
    return 0;
}

/* Valid until the next one is taken. */
static bool take_early(struct rpyc_peer *peer, int64_t seq, struct rpyc_message *answer)
{
    struct rpyc_early **at = &peer->early;
    while (*at && (*at)->seq != seq)
        at = &(*at)->next;
    struct rpyc_early *early = *at;
    if (!early)
        return false;
    *at = early->next;
    peer->early_bytes -= early->length;
    free(peer->present);
    peer->present = early;
    bench_arena_reset(&peer->scratch);
    *answer = early->message;
    answer->body.arena = &peer->scratch;
    return true;
}

void rpyc_remote_forget_early(struct rpyc_peer *peer)
{
    while (peer->early) {
        struct rpyc_early *next = peer->early->next;
        free(peer->early);
        peer->early = next;
    }
    free(peer->present);
    peer->present = NULL;
}

/* A request of the client while one of ours is not answered. The outer request keeps what it has,
 * its arguments even if the client gives them back meanwhile: the inner one gets memory of its
 * own. */
static int serve_inner(struct rpyc_peer *peer, struct rpyc_message *message,
                       struct bench_error *err)
{
    if (peer->args) {
        int rc = rpyc_peer_hold(peer, peer->args);
        if (rc < 0)
            return bench_fail(err, rc, "no memory for references");
        peer->args = NULL; /* once is enough */
    }
    const struct bench_arena arena = peer->arena;
    const struct bench_call call = peer->call;
    const struct rpyc_level level = {peer->received, peer->thread, peer->outer};
    struct bench_value held[RPYC_HELD_MAX];
    const size_t nheld = peer->nheld;
    memcpy(held, peer->held, sizeof(held));
    peer->nheld = 0;
    size_t left = arena.limit > arena.total ? arena.limit - arena.total : 1;
    bench_arena_init(&peer->arena, left);
    message->body.arena = &peer->arena;
    peer->outer = &level;
    peer->level++;
    int rc = rpyc_peer_handle(peer, message, err);
    if (rc == 0)
        do {
            rc = peer->link.send(peer->link.user, err);
            if (rc == 0)
                rc = rpyc_peer_next_del(peer, err);
        } while (rc > 0);
    bench_arena_fini(&peer->arena);
    peer->arena = arena;
    peer->call = call;
    peer->received = level.received;
    peer->thread = level.thread;
    peer->outer = level.outer;
    peer->level--;
    memcpy(peer->held, held, sizeof(held));
    peer->nheld = nheld;
    return rc;
}

/* Sends the request that peer->out holds (rc: how writing it went) and waits for its answer.
 * answer is valid until the next request of ours. Threads of a client that share the connection
 * are served within each other, so the answer to an outer request may come first. */
static int exchange(struct rpyc_peer *peer, int rc, struct rpyc_message *answer)
{
    struct bench_error *err = &peer->cause;
    const int64_t seq = peer->next_seq - 1;
    if (rc < 0)
        return give_up(peer,
                       bench_fail(err, rc, "cannot write a request: %s", bench_errno_text(rc)));
    rc = rpyc_outgoing_end(&peer->out, err);
    if (rc == 0)
        rc = peer->link.send(peer->link.user, err);
    peer->awaited[peer->depth++] = seq;
    while (rc == 0 && !take_early(peer, seq, answer)) {
        bench_arena_reset(&peer->scratch);
        rc = peer->link.receive(peer->link.user, &peer->scratch, answer, err);
        if (rc < 0)
            break;
        if (answer->type == RPYC_REQUEST)
            rc = serve_inner(peer, answer, err);
        else if (answer->seq_number == seq)
            break;
        else if (is_awaited(peer, answer->seq_number))
            rc = keep_early(peer, answer, err);
    }
    peer->depth--;
    return rc < 0 ? give_up(peer, rc) : 0;
}

/* Whether one more request may wait. */
static int check_depth(struct rpyc_peer *peer)
{
    if (peer->depth < peer->rules.depth)
        return 0;
    return bench_raise(&peer->call, "RecursionError", "more than %u requests wait for each other",
                       peer->rules.depth);
}

static int bad_answer(struct rpyc_peer *peer, const struct rpyc_message *answer, int rc)
{
    if (rc == -EREMOTEIO) /* raised: an unknown reference */
        return rc;
    return give_up(peer, bench_fail(&peer->cause, rc == -ENOMEM ? rc : -EPROTO,
                                    "the client sent an answer that cannot be read: %s",
                                    rc == -ENOMEM ? "no memory" : answer->body.problem));
}

/* Raises in our call what the client raised. */
static int raise_again(struct rpyc_peer *peer, struct rpyc_message *answer)
{
    struct rpyc_exception from;
    struct bench_exception *to = &peer->call.exception;
    int rc = rpyc_read_exception(&answer->body, &from);
    if (rc < 0)
        return bad_answer(peer, answer, rc);
    if (from.stop_iteration)
        return -ENODATA;
    const char *module =
        bench_arena_copy(&peer->arena, from.module.text.data, from.module.text.length);
    const char *type = bench_arena_copy(&peer->arena, from.type.text.data, from.type.text.length);
    *to = (struct bench_exception){.module = module, .type = type};
    rpyc_exception_text(&from, to->message, sizeof(to->message));
    if (!module || !type || bench_value_copy(&peer->arena, &from.args, &to->args) < 0 ||
        bench_value_copy(&peer->arena, &from.attributes, &to->attributes) < 0)
        return give_up(peer, bench_fail(&peer->cause, -ENOMEM, "no memory for an exception"));
    return -EREMOTEIO;
}

/* ---- INSPECT ---- */

static bool is_name(const struct bench_value *value, const char *name)
{
    return value->kind == BENCH_STR && value->text.length == strlen(name) &&
           memcmp(value->text.data, name, value->text.length) == 0;
}

static int remote_len(struct bench_object *object, struct bench_call *call, size_t *out);
static int remote_item(struct bench_object *object, struct bench_call *call,
                       const struct bench_value *key, struct bench_value *out);
static int remote_iter(struct bench_object *object, struct bench_call *call,
                       struct bench_value *out);
static int remote_next(struct bench_object *object, struct bench_call *call,
                       struct bench_value *out);
static int remote_call(struct bench_object *object, struct bench_call *call,
                       const struct bench_value *args, const struct bench_value *kwargs,
                       struct bench_value *out);

/* A class has those special methods that the client's answer, a tuple of (name, text), tells. */
static void learn_methods(struct bench_object_ops *ops, const struct bench_value *methods)
{
    for (size_t i = 0; methods->kind == BENCH_TUPLE && i < methods->seq.count; i++) {
        const struct bench_value *pair = &methods->seq.items[i];
        if (pair->kind != BENCH_TUPLE || pair->seq.count == 0)
            continue;
        const struct bench_value *name = &pair->seq.items[0];
        if (is_name(name, "__iter__"))
            ops->iter = remote_iter;
        else if (is_name(name, "__next__"))
            ops->next = remote_next;
        else if (is_name(name, "__len__"))
            ops->len = remote_len;
        else if (is_name(name, "__getitem__"))
            ops->item = remote_item;
        else if (is_name(name, "__call__"))
            ops->call = remote_call;
    }
}

static int remote_getattr(struct bench_object *object, struct bench_call *call, const char *name,
                          size_t length, struct bench_value *out);
static int remote_compare(struct bench_object *object, struct bench_call *call,
                          enum bench_compare op, const struct bench_value *other,
                          struct bench_value *out);

static int inspect(struct rpyc_remote *remote)
{
    struct rpyc_peer *peer = remote->peer;
    struct rpyc_message answer;
    struct bench_value methods;
    int rc = check_depth(peer);
    if (rc < 0)
        return rc;
    remote->unknown = false;
    rc = rpyc_peer_begin_request(peer, RPYC_INSPECT, RPYC_VALUE);
    if (rc == 0)
        rc = rpyc_dump_tuple_head(&peer->out.text, 1);
    if (rc == 0)
        rc = rpyc_write_ref(&peer->out.text, &remote->proxy.ref);
    rc = exchange(peer, rc, &answer);
    if (rc < 0)
        return rc;
    if (answer.type == RPYC_EXCEPTION) {
        rc = raise_again(peer, &answer);
        return rc == -ENODATA ? bench_raise(&peer->call, "RuntimeError", "inspect failed") : rc;
    }
    const struct rpyc_resolver resolver = rpyc_peer_resolver(peer);
    rc = rpyc_read_box(&answer.body, &resolver, &methods);
    if (rc < 0)
        return bad_answer(peer, &answer, rc);
    learn_methods(&remote->proxy.ops, &methods);
    return 0;
}

int rpyc_remote_inspect(struct rpyc_peer *peer)
{
    int rc = 0;
    for (struct rpyc_remote *remote = peer->received; rc == 0 && remote; remote = remote->next)
        if (remote->unknown)
            rc = inspect(remote);
    return rc;
}

/* ---- references that come and go ---- */

/* Begins a request with the object and one value behind it, which the caller writes. */
static int begin_with_value(struct rpyc_remote *remote, enum rpyc_handler handler)
{
    struct bench_buf *text = &remote->peer->out.text;
    int rc = rpyc_peer_begin_request(remote->peer, handler, RPYC_TUPLE);
    if (rc == 0)
        rc = rpyc_dump_tuple_head(text, 2);
    if (rc == 0)
        rc = rpyc_write_box_head(text, RPYC_LOCAL_REF);
    if (rc == 0)
        rc = rpyc_write_ref(text, &remote->proxy.ref);
    return rc < 0 ? rc : rpyc_write_box_head(text, RPYC_VALUE);
}

int rpyc_remote_write_del(struct rpyc_remote *remote, struct bench_error *err)
{
    struct rpyc_peer *peer = remote->peer;
    struct bench_buf *text = &peer->out.text;
    int rc = begin_with_value(remote, RPYC_DEL);
    if (rc == 0)
        rc = rpyc_dump_int(text, remote->count);
    remote->count = 0;
    if (rc < 0)
        return bench_fail(err, rc, "cannot write a request: %s", bench_errno_text(rc));
    return rpyc_outgoing_end(&peer->out, err);
}

/* The service is done with it before its request is answered: Python's proxy dies here as well. */
static void released(struct rpyc_proxy *proxy)
{
    struct rpyc_remote *remote = (struct rpyc_remote *)proxy;
    struct rpyc_peer *peer = remote->peer;
    if (remote->count == 0 || peer->broken || remote->level != peer->level)
        return; /* the request around this one still has it */
    int rc = rpyc_remote_write_del(remote, &peer->cause);
    if (rc == 0)
        rc = peer->link.send(peer->link.user, &peer->cause);
    if (rc < 0)
        (void)give_up(peer, rc);
}

/* ---- those that stay ---- */

/* The last of those who kept it is done with it: it is given back behind the present answer, which
 * may hold it. */
static void kept_released(struct rpyc_proxy *proxy)
{
    struct rpyc_remote *remote = (struct rpyc_remote *)proxy;
    if (--remote->keeps > 0 || remote->leaving)
        return;
    remote->leaving = true;
    remote->next = remote->peer->dropped;
    remote->peer->dropped = remote;
}

void rpyc_remote_free(struct rpyc_remote *remote)
{
    bench_arena_fini(&remote->memory);
    free(remote);
}

static struct bench_object *remote_keep(struct bench_object *object)
{
    struct rpyc_remote *from = (struct rpyc_remote *)object;
    struct rpyc_remote *kept = from->proxy.released == kept_released ? from : from->kept;
    if (!kept) {
        kept = malloc(sizeof(*kept));
        if (!kept)
            return NULL;
        *kept = *from;
        bench_arena_init(&kept->memory, KEPT_BYTES);
        if (rpyc_proxy_init(&kept->proxy, &kept->memory, &from->proxy.ref) < 0) {
            rpyc_remote_free(kept);
            return NULL;
        }
        const char *type_name = kept->proxy.ops.type_name;
        kept->proxy.ops = from->proxy.ops;
        kept->proxy.ops.type_name = type_name;
        kept->proxy.released = kept_released;
        kept->count = 0;
        from->kept = kept;
    }
    if (from != kept) { /* what came is the other one's now */
        kept->count += from->count;
        from->count = 0;
    }
    kept->keeps++;
    return &kept->proxy.object;
}

static bool same_ref(const struct rpyc_ref *a, const struct rpyc_ref *b)
{
    return bench_value_equal(&a->instance_id, &b->instance_id) &&
           bench_value_equal(&a->class_id, &b->class_id) && bench_value_equal(&a->name, &b->name);
}

/* One proxy per object, as in Python, so that one DEL gives it back: also for the requests around
 * the present one, each of which has its own list. Not looked for among very many: two proxies of
 * one object are just two DELs. */
static struct rpyc_remote *find_received(const struct rpyc_peer *peer, const struct rpyc_ref *ref)
{
    const struct rpyc_level *outer = peer->outer;
    struct rpyc_remote *remote = peer->received;
    for (int i = 0; i < SAME_SEARCH; i++) {
        for (; !remote && outer; outer = outer->outer)
            remote = outer->received;
        if (!remote)
            return NULL;
        /* One further out may be in the middle of being asked for its class. */
        if ((remote->count > 0 || remote->kept) && same_ref(&remote->proxy.ref, ref) &&
            (remote->level == peer->level || !remote->unknown))
            return remote;
        remote = remote->next;
    }
    return NULL;
}

int rpyc_remote_receive(struct rpyc_peer *peer, const struct rpyc_ref *ref, struct bench_value *out)
{
    struct rpyc_remote *remote = find_received(peer, ref);
    if (!remote) {
        remote = bench_arena_alloc(&peer->arena, sizeof(*remote));
        if (!remote || rpyc_proxy_init(&remote->proxy, &peer->arena, ref) < 0)
            return -ENOMEM;
        remote->peer = peer;
        remote->level = peer->level;
        remote->proxy.released = released;
        remote->proxy.ops.keep = remote_keep;
        remote->proxy.ops.compare = remote_compare;
        remote->proxy.ops.getattr = remote_getattr;
        remote->unknown = !rpyc_knows_class(peer->layout, ref);
        if (!remote->unknown) { /* what it cannot do it will tell itself */
            remote->proxy.ops.len = remote_len;
            remote->proxy.ops.item = remote_item;
            remote->proxy.ops.iter = remote_iter;
            remote->proxy.ops.next = remote_next;
            remote->proxy.ops.call = remote_call;
        }
        remote->next = peer->received;
        peer->received = remote;
    }
    remote->count++;
    *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &remote->proxy.object};
    return 0;
}

/* ---- what the service may ask of them ---- */

/* CALLATTR (object, name, args, kwargs), or without a name CALL (object, args, kwargs). */
static int write_call(struct rpyc_remote *remote, const char *name, const struct bench_value *args,
                      const struct bench_value *kwargs)
{
    const struct bench_value nothing = bench_tuple(NULL, 0);
    struct rpyc_peer *peer = remote->peer;
    struct bench_buf *text = &peer->out.text;
    int rc = rpyc_peer_begin_request(peer, name ? RPYC_CALLATTR : RPYC_CALL, RPYC_TUPLE);
    if (rc == 0)
        rc = rpyc_dump_tuple_head(text, name ? 4 : 3);
    if (rc == 0)
        rc = rpyc_write_box_head(text, RPYC_LOCAL_REF);
    if (rc == 0)
        rc = rpyc_write_ref(text, &remote->proxy.ref);
    if (rc == 0 && name)
        rc = rpyc_write_box_head(text, RPYC_VALUE);
    if (rc == 0 && name)
        rc = rpyc_dump_text(text, name, strlen(name));
    if (rc == 0)
        rc = rpyc_write_box(text, args, rpyc_refs_export, &peer->refs);
    return rc < 0 ? rc
                  : rpyc_write_box(text, kwargs ? kwargs : &nothing, rpyc_refs_export, &peer->refs);
}

/* Sends the request that was written (rc: how that went) and reads its answer. -ENODATA when the
 * client answers with StopIteration. */
static int await_value(struct rpyc_peer *peer, int rc, struct bench_value *out)
{
    struct rpyc_message answer;
    rc = exchange(peer, rc, &answer);
    if (rc < 0)
        return rc;
    if (answer.type == RPYC_EXCEPTION)
        return raise_again(peer, &answer);
    const struct rpyc_resolver resolver = rpyc_peer_resolver(peer);
    const struct rpyc_remote *before = peer->received;
    rc = rpyc_read_box(&answer.body, &resolver, out);
    if (rc == 0)
        rc = rpyc_read_end(&answer.body);
    if (rc < 0)
        return bad_answer(peer, &answer, rc);
    if (peer->received == before)
        return 0;
    rc = bench_value_copy(&peer->arena, out, out);
    return rc < 0 ? give_up(peer, rc) : rpyc_remote_inspect(peer);
}

static int ask(struct bench_object *object, const char *name, const struct bench_value *args,
               const struct bench_value *kwargs, struct bench_value *out)
{
    struct rpyc_remote *remote = (struct rpyc_remote *)object;
    struct rpyc_peer *peer = remote->peer;
    if (peer->broken)
        return peer->broken;
    int rc = check_depth(peer);
    if (rc < 0)
        return rc;
    rc = write_call(remote, name, args, kwargs);
    if (rc == -EINVAL || rc == -E2BIG || rc == -EILSEQ || rc == -ENOSPC)
        return bench_raise(&peer->call, "TypeError", "an argument cannot be sent");
    return await_value(peer, rc, out);
}

/* The same where StopIteration is an exception like any other. */
static int ask_value(struct bench_object *object, struct bench_call *call, const char *name,
                     const struct bench_value *args, struct bench_value *out)
{
    int rc = ask(object, name, args, NULL, out);
    return rc == -ENODATA ? bench_raise(call, "StopIteration", "%s", "") : rc;
}

static int remote_len(struct bench_object *object, struct bench_call *call, size_t *out)
{
    const struct bench_value nothing = bench_tuple(NULL, 0);
    struct bench_value value = bench_none();
    int rc = ask_value(object, call, "__len__", &nothing, &value);
    if (rc < 0)
        return rc;
    if (value.kind != BENCH_INT || value.integer < 0)
        return bench_raise(call, "TypeError", "__len__ of '%s' did not answer a length",
                           object->ops->type_name);
    *out = (size_t)value.integer;
    return 0;
}

static int remote_item(struct bench_object *object, struct bench_call *call,
                       const struct bench_value *key, struct bench_value *out)
{
    const struct bench_value args = bench_tuple(key, 1);
    return ask_value(object, call, "__getitem__", &args, out);
}

static int remote_iter(struct bench_object *object, struct bench_call *call,
                       struct bench_value *out)
{
    const struct bench_value nothing = bench_tuple(NULL, 0);
    return ask_value(object, call, "__iter__", &nothing, out);
}

static int remote_next(struct bench_object *object, struct bench_call *call,
                       struct bench_value *out)
{
    const struct bench_value nothing = bench_tuple(NULL, 0);
    (void)call;
    return ask(object, "__next__", &nothing, NULL, out);
}

static int remote_call(struct bench_object *object, struct bench_call *call,
                       const struct bench_value *args, const struct bench_value *kwargs,
                       struct bench_value *out)
{
    int rc = ask(object, NULL, args, kwargs, out);
    if (rc == 0 && rpyc_proxy_of(out) == NULL && out->kind != BENCH_OBJECT)
        rc = bench_value_copy(call->arena, out, out);
    return rc == -ENODATA ? bench_raise(call, "StopIteration", "%s", "") : rc;
}

static int write_getattr(struct rpyc_remote *remote, const char *name, size_t length)
{
    int rc = begin_with_value(remote, RPYC_GETATTR);
    return rc < 0 ? rc : rpyc_dump_text(&remote->peer->out.text, name, length);
}

static int remote_getattr(struct bench_object *object, struct bench_call *call, const char *name,
                          size_t length, struct bench_value *out)
{
    struct rpyc_remote *remote = (struct rpyc_remote *)object;
    struct rpyc_peer *peer = remote->peer;
    if (peer->broken)
        return peer->broken;
    int rc = check_depth(peer);
    if (rc < 0)
        return rc;
    rc = await_value(peer, write_getattr(remote, name, length), out);
    return rc == -ENODATA ? bench_raise(call, "StopIteration", "%s", "") : rc;
}

/* Whether it is the same object; what the client would say to == is not asked. */
static int remote_compare(struct bench_object *object, struct bench_call *call,
                          enum bench_compare op, const struct bench_value *other,
                          struct bench_value *out)
{
    const struct rpyc_remote *remote = (const struct rpyc_remote *)object;
    const struct rpyc_proxy *proxy = rpyc_proxy_of(other);
    (void)call;
    *out = (struct bench_value){.kind = BENCH_NOTIMPLEMENTED};
    if (proxy && (op == BENCH_EQ || op == BENCH_NE))
        *out = bench_bool(same_ref(&remote->proxy.ref, &proxy->ref) == (op == BENCH_EQ));
    return 0;
}
