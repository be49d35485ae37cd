/* SPDX-License-Identifier: MIT */
/*
 * What the client answers when the server asks something. It is a peer like any other in RPyC: it
 * has a root (without attributes, as Python's VoidService), lends what rpyc_lent.c has, and exports
 * nothing else.
 */
#include <errno.h>
#include <string.h>

#include "protocols/rpyc/rpyc_client.h"

/* An object of ours, by its name only: rpyc_lent.c knows what it stands for. */
static int named(void *user, const struct rpyc_ref *ref, struct bench_value *out)
{
    struct rpyc_client *c = user;
    struct rpyc_proxy *proxy = rpyc_proxy_new(&c->arena, ref);
    if (!proxy)
        return -ENOMEM;
    *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &proxy->object};
    return 0;
}

static int none(void *user, const struct rpyc_ref *ref, struct bench_value *out)
{
    (void)user;
    (void)ref;
    *out = bench_none();
    return 0;
}

int rpyc_client_begin_answer(struct rpyc_client *c, const struct rpyc_message *message,
                             enum rpyc_type type)
{
    int rc = rpyc_outgoing_begin(&c->out);
    return rc < 0 ? rc : rpyc_write_answer(&c->out.text, message, type);
}

int rpyc_client_answer_value(struct rpyc_client *c, const struct rpyc_message *message,
                             const struct bench_value *value)
{
    int rc = rpyc_client_begin_answer(c, message, RPYC_REPLY);
    return rc < 0 ? rc : rpyc_write_box(&c->out.text, value, NULL, NULL);
}

int rpyc_client_answer_exception(struct rpyc_client *c, const struct rpyc_message *message,
                                 const char *type, const char *text)
{
    const struct bench_value arg = bench_str(text);
    const struct bench_exception exception = {
        .module = "builtins", .type = type, .args = bench_tuple(&arg, 1)};
    int rc = rpyc_client_begin_answer(c, message, RPYC_EXCEPTION);
    return rc < 0 ? rc : rpyc_write_exception(&c->out.text, &exception);
}

static int answer_root(struct rpyc_client *c, const struct rpyc_message *message)
{
    const struct rpyc_ref root = {
        .name = bench_str("rpyc.core.service.VoidService"),
        .class_id = bench_int(1),
        .instance_id = bench_int(1),
    };
    int rc = rpyc_client_begin_answer(c, message, RPYC_REPLY);
    if (rc == 0)
        rc = rpyc_write_box_head(&c->out.text, RPYC_REMOTE_REF);
    return rc < 0 ? rc : rpyc_write_ref(&c->out.text, &root);
}

static int write_answer(struct rpyc_client *c, const struct rpyc_message *message, int64_t handler,
                        const struct bench_value *args)
{
    const struct bench_value nothing = bench_none(), empty = bench_tuple(NULL, 0);
    const struct rpyc_proxy *own = args->seq.count > 0 ? rpyc_proxy_of(&args->seq.items[0]) : NULL;
    if (own && handler != RPYC_PING)
        return rpyc_client_answer_lent(c, message, handler, args, &own->ref);
    switch (handler) {
    case RPYC_PING:
        return rpyc_client_answer_value(c, message,
                                        args->seq.count > 0 ? &args->seq.items[0] : &nothing);
    case RPYC_GETROOT:
        return answer_root(c, message);
    case RPYC_INSPECT:
    case RPYC_DIR:
        return rpyc_client_answer_value(c, message, &empty);
    case RPYC_DEL:
        return rpyc_client_answer_value(c, message, &nothing);
    case RPYC_GETATTR:
    case RPYC_SETATTR:
    case RPYC_DELATTR:
    case RPYC_CALLATTR:
        return rpyc_client_answer_exception(c, message, "AttributeError",
                                            "this client has no such attribute");
    default:
        return rpyc_client_answer_exception(c, message, "TypeError",
                                            "this client offers nothing to call");
    }
}

int rpyc_client_answer(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    const struct rpyc_resolver resolver = {named, none, c};
    struct bench_value args = bench_tuple(NULL, 0);
    int64_t handler = 0;
    int rc = rpyc_read_request(&message->body, &handler);
    if (rc == 0 && handler == RPYC_CLOSE)
        return bench_conn_fail(conn, BENCH_FAILURE_CLOSED, -ENODATA,
                               "the server closed the connection");
    if (rc == 0)
        rc = rpyc_read_box(&message->body, &resolver, &args);
    if (rc == 0 && args.kind != BENCH_TUPLE)
        rc = -EINVAL;
    if (rc == -EBADMSG || rc == -ENOMEM)
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, rc,
                               "the server sent a request that cannot be read: %s",
                               message->body.problem);
    rpyc_client_stat(c)->served++;
    if (handler != RPYC_DEL) /* nobody waits for that */
        rpyc_client_stat(c)->round_trips++;
    if (rc < 0)
        rc = rpyc_client_answer_exception(c, message, "ValueError", message->body.problem);
    else
        rc = write_answer(c, message, handler, &args);
    if (rc < 0)
        return bench_conn_fail(conn, BENCH_FAILURE_OTHER, rc, "cannot answer the server: %s",
                               bench_errno_text(rc));
    return rpyc_client_send(conn, c);
}
