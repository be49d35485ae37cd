/* SPDX-License-Identifier: MIT */
/* From a request's message to its answer: unboxing, the table of handlers, boxing. */
#include <errno.h>

#include "protocols/rpyc/rpyc_handlers.h"

void rpyc_peer_init(struct rpyc_peer *peer, const struct bench_service *service,
                    struct bench_session *session, size_t memory_bytes)
{
    *peer = (struct rpyc_peer){0};
    rpyc_refs_init(&peer->refs);
    rpyc_outgoing_init(&peer->out);
    bench_arena_init(&peer->arena, memory_bytes);
    peer->call = (struct bench_call){.arena = &peer->arena, .session = session, .service = service};
}

void rpyc_peer_fini(struct rpyc_peer *peer)
{
    rpyc_refs_fini(&peer->refs);
    rpyc_outgoing_fini(&peer->out);
    bench_arena_fini(&peer->arena);
}

/* ---- references in a request ---- */

static int resolve_local(void *user, const struct rpyc_ref *ref, struct bench_value *out)
{
    struct rpyc_peer *peer = user;
    struct bench_object *object = rpyc_refs_find(&peer->refs, ref);
    if (!object)
        return bench_raise(&peer->call, "KeyError", "no object has this reference");
    *out = (struct bench_value){.kind = BENCH_OBJECT, .object = object};
    return 0;
}

static int resolve_remote(void *user, const struct rpyc_ref *ref, struct bench_value *out)
{
    struct rpyc_peer *peer = user;
    struct rpyc_received *received = bench_arena_alloc(&peer->arena, sizeof(*received));
    struct rpyc_proxy *proxy = rpyc_proxy_new(&peer->arena, ref);
    if (!received || !proxy)
        return -ENOMEM;
    *received = (struct rpyc_received){.proxy = proxy, .next = peer->received};
    peer->received = received;
    *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &proxy->object};
    return 0;
}

/* ---- running ---- */

/* KeyError with the number as it came, as Python's table of handlers raises it. */
static int unknown_handler(struct rpyc_peer *peer, int64_t number)
{
    struct bench_value *arg = bench_arena_alloc(&peer->arena, sizeof(*arg));
    (void)bench_raise(&peer->call, "KeyError", "%lld", (long long)number);
    if (arg) {
        *arg = bench_int(number);
        peer->call.exception.args = bench_tuple(arg, 1);
    }
    return -EREMOTEIO;
}

static int run(struct rpyc_peer *peer, struct rpyc_message *message, struct bench_value *out)
{
    const struct rpyc_resolver resolver = {resolve_local, resolve_remote, peer};
    struct rpyc_reader *body = &message->body;
    struct bench_value args;
    int64_t number;
    int rc = rpyc_read_request(body, &number);
    if (rc == 0)
        rc = rpyc_read_box(body, &resolver, &args);
    if (rc == 0)
        rc = rpyc_read_end(body);
    if (rc == -EINVAL || rc == -E2BIG || rc == -EILSEQ)
        return bench_raise(&peer->call, "ValueError", "bad request: %s", body->problem);
    if (rc < 0)
        return rc;
    if (number < 0 || number >= RPYC_HANDLERS || !rpyc_handler_rows[number].fn)
        return unknown_handler(peer, number);
    const struct rpyc_handler_row *row = &rpyc_handler_rows[number];
    if (args.kind != BENCH_TUPLE)
        return bench_raise(&peer->call, "TypeError", "the arguments are not a tuple");
    if (args.seq.count < row->min || args.seq.count > row->max)
        return bench_raise(&peer->call, "TypeError", "handler %d does not take %zu arguments",
                           (int)number, args.seq.count);
    return row->fn(peer, args.seq.items, args.seq.count, out);
}

/* ---- answering ---- */

static int begin(struct rpyc_peer *peer, const struct rpyc_message *message, enum rpyc_type type)
{
    int rc = rpyc_outgoing_begin(&peer->out);
    return rc < 0 ? rc : rpyc_write_answer(&peer->out.text, message, type);
}

static int write_result(struct rpyc_peer *peer, const struct rpyc_message *message,
                        const struct bench_value *result)
{
    struct bench_buf *text = &peer->out.text;
    int rc = begin(peer, message, RPYC_REPLY);
    if (rc < 0 || result->kind != BENCH_BYTES)
        return rc < 0 ? rc : rpyc_write_box(text, result, rpyc_refs_export, &peer->refs);
    rc = rpyc_write_box_head(text, RPYC_VALUE);
    if (rc == 0)
        rc = rpyc_dump_bytes_head(text, result->text.length);
    if (rc == 0 && result->text.length > 0)
        rpyc_outgoing_borrow(&peer->out, result->text.data, result->text.length);
    return rc;
}

static int write_exception(struct rpyc_peer *peer, const struct rpyc_message *message)
{
    int rc = begin(peer, message, RPYC_EXCEPTION);
    return rc < 0 ? rc : rpyc_write_exception(&peer->out.text, &peer->call.exception);
}

static int answer(struct rpyc_peer *peer, const struct rpyc_message *message, int status,
                  const struct bench_value *result)
{
    int rc;
    if (status == -ENODATA)
        (void)bench_raise(&peer->call, "StopIteration", "%s", "");
    if (status < 0)
        return write_exception(peer, message);
    rc = write_result(peer, message, result);
    if (rc == 0 || rc == -ENOMEM)
        return rc;
    (void)bench_raise(&peer->call, rc == -ENOSPC ? "MemoryError" : "TypeError",
                      rc == -ENOSPC ? "too many objects are out"
                                    : "the result cannot be sent (kind %d)",
                      (int)result->kind);
    return write_exception(peer, message);
}

int rpyc_peer_handle(struct rpyc_peer *peer, struct rpyc_message *message, struct bench_error *err)
{
    struct bench_value result = bench_none();
    peer->received = NULL;
    int status = run(peer, message, &result);
    if (status == -ESHUTDOWN)
        return status;
    if (status == -EBADMSG)
        return bench_fail(err, status, "bad request: %s", message->body.problem);
    if (status < 0 && status != -EREMOTEIO && status != -ENODATA)
        return bench_fail(err, status, "request failed: %s", bench_errno_text(status));
    int rc = answer(peer, message, status, &result);
    if (rc < 0)
        return bench_fail(err, rc, "cannot write an answer: %s", bench_errno_text(rc));
    return rpyc_outgoing_end(&peer->out, err);
}

/* ---- requests of our own ---- */

static int begin_request(struct rpyc_peer *peer, enum rpyc_layout layout, enum rpyc_handler handler,
                         enum rpyc_label label)
{
    struct bench_buf *text = &peer->out.text;
    int rc = rpyc_outgoing_begin(&peer->out);
    if (rc == 0)
        rc = rpyc_write_request(text, layout, peer->next_seq++, handler);
    return rc < 0 ? rc : rpyc_write_box_head(text, label);
}

static int end_request(struct rpyc_peer *peer, int rc, struct bench_error *err)
{
    if (rc < 0)
        return bench_fail(err, rc, "cannot write a request: %s", bench_errno_text(rc));
    return rpyc_outgoing_end(&peer->out, err);
}

int rpyc_peer_next_del(struct rpyc_peer *peer, enum rpyc_layout layout, struct bench_error *err)
{
    struct bench_buf *text = &peer->out.text;
    const struct rpyc_received *received = peer->received;
    if (!received) {
        bench_arena_reset(&peer->arena);
        return 0;
    }
    peer->received = received->next;
    int rc = begin_request(peer, layout, RPYC_DEL, RPYC_TUPLE);
    if (rc == 0)
        rc = rpyc_dump_tuple_head(text, 2);
    if (rc == 0)
        rc = rpyc_write_box_head(text, RPYC_LOCAL_REF);
    if (rc == 0)
        rc = rpyc_write_ref(text, &received->proxy->ref);
    if (rc == 0)
        rc = rpyc_write_box_head(text, RPYC_VALUE);
    if (rc == 0)
        rc = rpyc_dump_int(text, 1);
    rc = end_request(peer, rc, err);
    return rc < 0 ? rc : 1;
}

int rpyc_peer_close(struct rpyc_peer *peer, enum rpyc_layout layout, struct bench_error *err)
{
    int rc = begin_request(peer, layout, RPYC_CLOSE, RPYC_VALUE);
    if (rc == 0)
        rc = rpyc_dump_tuple_head(&peer->out.text, 0);
    return end_request(peer, rc, err);
}
