/* SPDX-License-Identifier: MIT */
/* From a request's message to its answer: unboxing, the table of handlers, boxing. */
#include <assert.h>
#include <errno.h>

#include "protocols/rpyc/rpyc_handlers.h"

#define SCRATCH_BYTES ((size_t)16 << 20) /* for reading an answer to a request of ours */

void rpyc_peer_init(struct rpyc_peer *peer, const struct rpyc_link *link,
                    const struct rpyc_rules *rules, const struct bench_service *service,
                    struct bench_session *session, size_t memory_bytes)
{
    *peer = (struct rpyc_peer){.link = *link, .rules = *rules};
    rpyc_refs_init(&peer->refs, rules->references);
    rpyc_outgoing_init(&peer->out);
    peer->out.session = session;
    bench_arena_init(&peer->arena, memory_bytes);
    bench_arena_init(&peer->scratch, SCRATCH_BYTES);
    peer->store.limit_bytes = rules->stored;
    peer->call = (struct bench_call){
        .arena = &peer->arena, .session = session, .service = service, .store = &peer->store};
}

/* The next one that was kept and is not any more. Those that a request around the present one
 * brought wait for its end: it may use them still. */
static struct rpyc_remote *take_dropped(struct rpyc_peer *peer)
{
    struct rpyc_remote **at = &peer->dropped, *remote;
    while ((remote = *at)) {
        if (remote->keeps == 0 && remote->level < peer->level) {
            at = &remote->next;
            continue;
        }
        *at = remote->next;
        remote->leaving = false;
        if (remote->keeps == 0) /* else somebody keeps it again */
            return remote;
    }
    return NULL;
}

void rpyc_peer_fini(struct rpyc_peer *peer)
{
    struct rpyc_remote *remote;
    rpyc_refs_fini(&peer->refs);
    bench_store_end(&peer->store);
    while ((remote = take_dropped(peer)))
        rpyc_remote_free(remote);
    rpyc_outgoing_fini(&peer->out);
    bench_arena_fini(&peer->arena);
    bench_arena_fini(&peer->scratch);
    rpyc_remote_forget_early(peer);
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
    return rpyc_remote_receive(user, ref, out);
}

struct rpyc_resolver rpyc_peer_resolver(struct rpyc_peer *peer)
{
    return (struct rpyc_resolver){resolve_local, resolve_remote, peer};
}

/* Before the client is asked anything: what the request holds moves to where the messages that
 * come meanwhile cannot overwrite it. Then its objects are looked at, as Python does. */
static int settle(struct rpyc_peer *peer, struct rpyc_message *message, struct bench_value *args)
{
    const char *seq =
        bench_arena_copy(&peer->arena, (const char *)message->seq, message->seq_length);
    if (!seq || bench_value_copy(&peer->arena, args, args) < 0)
        return -ENOMEM;
    message->seq = (const uint8_t *)seq;
    return rpyc_remote_inspect(peer);
}

/* ---- what a request holds ---- */

int rpyc_peer_hold(struct rpyc_peer *peer, const struct bench_value *value)
{
    assert(peer->nheld < RPYC_HELD_MAX);
    peer->held[peer->nheld++] = *value;
    return rpyc_refs_hold(&peer->refs, value);
}

static void let_go(struct rpyc_peer *peer)
{
    for (size_t i = 0; i < peer->nheld; i++)
        rpyc_refs_let_go(&peer->refs, &peer->held[i]);
    peer->nheld = 0;
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
    const struct rpyc_resolver resolver = rpyc_peer_resolver(peer);
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
    peer->args = &args;
    if (peer->received || peer->level > 0) /* may use what those around it received */
        rc = settle(peer, message, &args);
    if (rc == 0)
        rc = row->fn(peer, args.seq.items, args.seq.count, out);
    peer->args = NULL;
    return rc;
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
    if (rc < 0)
        rpyc_refs_discard(&peer->refs, result);
    if (rc == 0 || rc == -ENOMEM)
        return rc;
    (void)bench_raise(&peer->call, rc == -ENOSPC ? "MemoryError" : "TypeError",
                      rc == -ENOSPC ? "too many objects are out"
                                    : "the result cannot be sent (kind %d)",
                      (int)result->kind);
    return write_exception(peer, message);
}

/* Who gets what we ask after an answer: that thread if it waits for another one, else any, as it
 * need not look at the connection again. */
static uint64_t still_waiting(const struct rpyc_peer *peer, uint64_t thread)
{
    for (const struct rpyc_level *outer = peer->outer; outer; outer = outer->outer)
        if (outer->thread == thread)
            return thread;
    return RPYC_ANY_THREAD;
}

int rpyc_peer_handle(struct rpyc_peer *peer, struct rpyc_message *message, struct bench_error *err)
{
    struct bench_value result = bench_none();
    peer->received = NULL;
    peer->layout = message->layout;
    peer->bound = message->bound;
    peer->thread = message->sender;
    int status = run(peer, message, &result);
    if (peer->broken) {
        if (err && err != &peer->cause)
            *err = peer->cause;
        return peer->broken;
    }
    if (status == -ESHUTDOWN)
        return status;
    if (status == -EBADMSG)
        return bench_fail(err, status, "bad request: %s", message->body.problem);
    if (status < 0 && status != -EREMOTEIO && status != -ENODATA)
        return bench_fail(err, status, "request failed: %s", bench_errno_text(status));
    int rc = answer(peer, message, status, &result);
    peer->thread = still_waiting(peer, message->sender);
    if (rc < 0)
        return bench_fail(err, rc, "cannot write an answer: %s", bench_errno_text(rc));
    return rpyc_outgoing_end(&peer->out, err);
}

/* ---- requests of our own ---- */

int rpyc_peer_begin_request(struct rpyc_peer *peer, enum rpyc_handler handler,
                            enum rpyc_label label)
{
    struct bench_buf *text = &peer->out.text;
    int rc = rpyc_outgoing_begin(&peer->out);
    if (rc == 0 && peer->bound)
        rc = rpyc_write_threads(text, peer->thread);
    if (rc == 0)
        rc = rpyc_write_request(text, peer->layout, peer->next_seq++, handler);
    return rc < 0 ? rc : rpyc_write_box_head(text, label);
}

int rpyc_peer_next_del(struct rpyc_peer *peer, struct bench_error *err)
{
    struct rpyc_remote *remote = peer->received;
    while (remote && remote->count == 0)
        remote = remote->next;
    if (remote) {
        peer->received = remote->next;
        int rc = rpyc_remote_write_del(remote, err);
        return rc < 0 ? rc : 1;
    }
    peer->received = NULL;
    let_go(peer);
    remote = take_dropped(peer);
    if (remote) {
        int rc = rpyc_remote_write_del(remote, err);
        rpyc_remote_free(remote);
        return rc < 0 ? rc : 1;
    }
    bench_arena_reset(&peer->arena);
    return 0;
}

int rpyc_peer_close(struct rpyc_peer *peer, enum rpyc_layout layout, struct bench_error *err)
{
    peer->layout = layout;
    int rc = rpyc_peer_begin_request(peer, RPYC_CLOSE, RPYC_VALUE);
    if (rc == 0)
        rc = rpyc_dump_tuple_head(&peer->out.text, 0);
    if (rc < 0)
        return bench_fail(err, rc, "cannot write a request: %s", bench_errno_text(rc));
    return rpyc_outgoing_end(&peer->out, err);
}
