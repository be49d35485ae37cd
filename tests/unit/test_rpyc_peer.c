/* SPDX-License-Identifier: MIT */
/* The handlers of our server on objects of all kinds, without a socket. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/rpyc/rpyc_handlers.h"

TestSuite(rpyc_peer, .timeout = 60);

/* ---- a service with one object of each kind ---- */

static int released, entered, left_with_failure;

static int thing_getattr(struct bench_object *object, struct bench_call *call, const char *name,
                         size_t length, struct bench_value *out);
static void count_release(struct bench_object *object)
{
    (void)object;
    released++;
}

static int thing_len(struct bench_object *object, struct bench_call *call, size_t *out)
{
    (void)object;
    (void)call;
    *out = 7;
    return 0;
}

static int thing_enter(struct bench_object *object, struct bench_call *call,
                       struct bench_value *out)
{
    (void)call;
    entered++;
    *out = (struct bench_value){.kind = BENCH_OBJECT, .object = object};
    return 0;
}

static int thing_exit(struct bench_object *object, struct bench_call *call,
                      const struct bench_value *failure, struct bench_value *out)
{
    (void)object;
    (void)call;
    left_with_failure += failure->kind != BENCH_NONE;
    *out = bench_bool(true);
    return 0;
}

static int thing_compare(struct bench_object *object, struct bench_call *call,
                         enum bench_compare op, const struct bench_value *other,
                         struct bench_value *out)
{
    (void)object;
    (void)call;
    *out = bench_bool(op == BENCH_GT && other->kind == BENCH_INT && other->integer == 3);
    return 0;
}

/* Calls its argument, an object of the client, and then looks at itself. */
static int thing_call(struct bench_object *object, struct bench_call *call,
                      const struct bench_value *args, const struct bench_value *kwargs,
                      struct bench_value *out)
{
    const struct bench_value nothing = bench_tuple(NULL, 0);
    const int before = released;
    (void)object;
    (void)kwargs;
    if (args->seq.count != 1 || args->seq.items[0].kind != BENCH_OBJECT)
        return bench_raise(call, "SystemExit", "stop");
    struct bench_object *theirs = args->seq.items[0].object;
    int rc = theirs->ops->call(theirs, call, &nothing, NULL, out);
    cr_expect_eq(released, before, "the object went while it was used");
    return rc;
}

static const char *const thing_names[] = {"name", "fail", NULL};
static const char *const thing_docs[] = {NULL, "fails", NULL};
static const struct bench_object_ops thing_ops = {
    .type_name = "shop.Thing",
    .method_names = thing_names,
    .method_docs = thing_docs,
    .getattr = thing_getattr,
    .call = thing_call,
    .len = thing_len,
    .enter = thing_enter,
    .exit = thing_exit,
    .compare = thing_compare,
    .release = count_release,
};
static const struct bench_object_ops class_ops = {.type_name = "shop.Thing",
                                                  .instances = &thing_ops};
static struct bench_object thing = {&thing_ops}, class_object = {&class_ops};

static int fail_call(struct bench_object *object, struct bench_call *call,
                     const struct bench_value *args, const struct bench_value *kwargs,
                     struct bench_value *out)
{
    static struct bench_value pairs[3][2], attributes[3];
    static const struct bench_value self = {.kind = BENCH_OBJECT, .object = &thing};
    (void)object;
    (void)kwargs;
    (void)out;
    pairs[0][0] = bench_str("code");
    pairs[0][1] = bench_int(17);
    pairs[1][0] = bench_str("_secret");
    pairs[1][1] = bench_int(1);
    pairs[2][0] = bench_str("thing");
    pairs[2][1] = self;
    for (size_t i = 0; i < 3; i++)
        attributes[i] = bench_tuple(pairs[i], 2);
    const struct bench_value all = bench_tuple(attributes, 3);
    (void)bench_raise_custom(call, "shop", "OutOfStock", &all, "none left");
    if (args->seq.count > 0)
        call->exception.args = bench_tuple(&self, 1);
    return -EREMOTEIO;
}

static const struct bench_object_ops fail_ops = {.type_name = "builtins.method", .call = fail_call};
static struct bench_object fail_method = {&fail_ops};

static int thing_getattr(struct bench_object *object, struct bench_call *call, const char *name,
                         size_t length, struct bench_value *out)
{
    (void)object;
    if (length == 4 && memcmp(name, "name", 4) == 0)
        *out = bench_str("a thing");
    else if (length == 4 && memcmp(name, "fail", 4) == 0)
        *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &fail_method};
    else
        return bench_raise(call, "AttributeError", "'Thing' object has no attribute '%.*s'",
                           (int)length, name);
    return 0;
}

static int root_getattr(struct bench_object *object, struct bench_call *call, const char *name,
                        size_t length, struct bench_value *out)
{
    (void)object;
    (void)length;
    if (strncmp(name, "thing", 5) == 0)
        *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &thing};
    else if (strncmp(name, "class", 5) == 0)
        *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &class_object};
    else
        return bench_raise(call, "AttributeError", "'Root' object has no such attribute");
    return 0;
}

static const struct bench_object_ops root_ops = {.type_name = "shop.Root", .getattr = root_getattr};
static struct bench_object root_object = {&root_ops};

static struct bench_object *get_root(const struct bench_service *service)
{
    (void)service;
    return &root_object;
}

/* ---- a client without a socket ---- */

struct client {
    struct rpyc_peer peer;
    struct bench_arena arena; /* for what the client keeps */
    struct bench_buf text;    /* of the latest message to the server */
    struct bench_buf reply;   /* of the latest answer */
    struct bench_value root;
    /* What the server's request to the client is answered with: first these bytes, then these. */
    const struct bench_value *gives_back; /* DEL for this, or NULL */
    int step;
};

static void take_out(struct client *c)
{
    bench_buf_clear(&c->reply);
    for (int i = 0; i < c->peer.out.count; i++)
        cr_assert_eq(
            bench_buf_add(&c->reply, c->peer.out.pieces[i].iov_base, c->peer.out.pieces[i].iov_len),
            0);
}

static int link_send(void *user, struct bench_error *err)
{
    (void)err;
    take_out(user);
    return 0;
}

static void open_text(struct client *c, struct bench_arena *arena, struct rpyc_message *message)
{
    struct bench_error err;
    cr_assert_eq(rpyc_message_open(message, RPYC_LAYOUT_B, bench_buf_head(&c->text),
                                   bench_buf_length(&c->text), arena, false, &err),
                 0);
}

static void write_request(struct client *c, enum rpyc_handler handler,
                          const struct bench_value *args, size_t nargs)
{
    const struct bench_value all = bench_tuple(args, nargs);
    bench_buf_clear(&c->text);
    cr_assert_eq(rpyc_write_request(&c->text, RPYC_LAYOUT_B, 1, handler), 0);
    cr_assert_eq(rpyc_write_box(&c->text, &all, NULL, NULL), 0);
}

/* In the middle of a call the client gives back what the server works with, then answers. */
static int link_receive(void *user, struct bench_arena *arena, struct rpyc_message *out,
                        struct bench_error *err)
{
    static const uint8_t answer[] = {0x02, 0x11, 0x50, 0x11, 0x51, 0x59}; /* reply 0, VALUE 9 */
    struct client *c = user;
    (void)err;
    if (c->step++ == 0 && c->gives_back) {
        const struct bench_value args[2] = {*c->gives_back, bench_int(100)};
        write_request(c, RPYC_DEL, args, 2);
    } else {
        bench_buf_clear(&c->text);
        cr_assert_eq(bench_buf_add(&c->text, answer, sizeof(answer)), 0);
    }
    open_text(c, arena, out);
    return 0;
}

static const struct bench_service service = {.root = get_root};

/* The answer to a request; its contents are valid until the next one. */
static enum rpyc_type ask(struct client *c, enum rpyc_handler handler,
                          const struct bench_value *args, size_t nargs, struct bench_value *out,
                          struct rpyc_exception *exception);

static int keep_remote(void *user, const struct rpyc_ref *ref, struct bench_value *out)
{
    struct client *c = user;
    struct rpyc_proxy *proxy = rpyc_proxy_new(&c->arena, ref);
    cr_assert_not_null(proxy);
    *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &proxy->object};
    return 0;
}

static enum rpyc_type ask(struct client *c, enum rpyc_handler handler,
                          const struct bench_value *args, size_t nargs, struct bench_value *out,
                          struct rpyc_exception *exception)
{
    const struct rpyc_resolver resolver = {keep_remote, keep_remote, c};
    struct rpyc_message message;
    struct bench_error err;
    int rc;
    write_request(c, handler, args, nargs);
    open_text(c, &c->peer.arena, &message);
    rc = rpyc_peer_handle(&c->peer, &message, &err);
    cr_assert_eq(rc, 0, "%s", err.msg);
    take_out(c);
    while ((rc = rpyc_peer_next_del(&c->peer, &err)) > 0)
        ;
    cr_assert_eq(rc, 0);
    const uint8_t *frame = bench_buf_head(&c->reply);
    cr_assert_eq(rpyc_message_open(&message, RPYC_LAYOUT_B, frame + RPYC_FRAME_HEADER,
                                   bench_buf_length(&c->reply) - RPYC_FRAME_HEADER - 1, &c->arena,
                                   true, &err),
                 0);
    if (message.type == RPYC_REPLY)
        cr_assert_eq(rpyc_read_box(&message.body, &resolver, out), 0);
    else
        cr_assert_eq(rpyc_read_exception(&message.body, exception), 0);
    return message.type;
}

static struct bench_value value_of(struct client *c, enum rpyc_handler handler,
                                   const struct bench_value *args, size_t nargs)
{
    struct bench_value value = bench_none();
    struct rpyc_exception exception;
    char text[200] = "";
    if (ask(c, handler, args, nargs, &value, &exception) != RPYC_REPLY)
        rpyc_exception_text(&exception, text, sizeof(text));
    cr_assert_str_eq(text, "", "handler %d", (int)handler);
    return value;
}

static void expect_error(struct client *c, enum rpyc_handler handler,
                         const struct bench_value *args, size_t nargs, const char *wanted)
{
    struct bench_value value;
    struct rpyc_exception exception;
    char text[200];
    cr_assert_eq(ask(c, handler, args, nargs, &value, &exception), RPYC_EXCEPTION, "%s", wanted);
    rpyc_exception_text(&exception, text, sizeof(text));
    cr_expect_str_eq(text, wanted);
}

static void start(struct client *c, const struct rpyc_rules *rules)
{
    const struct rpyc_link link = {link_send, link_receive, c};
    *c = (struct client){0};
    released = entered = left_with_failure = 0;
    rpyc_peer_init(&c->peer, &link, rules, &service, NULL, 1 << 20);
    bench_arena_init(&c->arena, 1 << 20);
    bench_buf_init(&c->text, 1 << 16);
    bench_buf_init(&c->reply, 1 << 16);
    c->root = value_of(c, RPYC_GETROOT, NULL, 0);
}

static void stop(struct client *c)
{
    rpyc_peer_fini(&c->peer);
    bench_arena_fini(&c->arena);
    bench_buf_fini(&c->text);
    bench_buf_fini(&c->reply);
}

static struct bench_value attribute(struct client *c, struct bench_value object, const char *name)
{
    const struct bench_value args[2] = {object, bench_str(name)};
    return value_of(c, RPYC_GETATTR, args, 2);
}

static void expect_text(struct bench_value value, const char *text)
{
    cr_assert_eq(value.kind, BENCH_STR);
    cr_expect(value.text.length == strlen(text) && memcmp(value.text.data, text, strlen(text)) == 0,
              "%.*s", (int)value.text.length, value.text.data);
}

/* ---- tests ---- */

Test(rpyc_peer, policies)
{
    struct rpyc_rules strict = rpyc_default_rules;
    strict.policy = RPYC_POLICY_STRICT;
    struct client c;
    start(&c, &rpyc_default_rules);
    struct bench_value object = attribute(&c, c.root, "exposed_thing");
    expect_text(attribute(&c, object, "name"), "a thing");
    const struct bench_value other[2] = {object, bench_str("other")};
    expect_error(&c, RPYC_GETATTR, other, 2,
                 "builtins.AttributeError: 'Thing' object has no attribute 'other'");
    const struct bench_value hidden[2] = {object, bench_str("__class__")};
    expect_error(&c, RPYC_GETATTR, hidden, 2, "builtins.AttributeError: cannot access '__class__'");
    const struct bench_value set[3] = {object, bench_str("name"), bench_int(1)};
    expect_error(&c, RPYC_SETATTR, set, 3, "builtins.AttributeError: cannot access 'name'");
    expect_error(&c, RPYC_DELATTR, set, 2, "builtins.AttributeError: cannot access 'name'");
    cr_expect_eq(attribute(&c, object, "__doc__").kind, BENCH_NONE);
    stop(&c);

    start(&c, &strict);
    object = attribute(&c, c.root, "thing");
    const struct bench_value name[2] = {object, bench_str("name")};
    expect_error(&c, RPYC_GETATTR, name, 2, "builtins.AttributeError: cannot access 'name'");
    const struct bench_value nothing[2] = {c.root, bench_str("nothing")};
    expect_error(&c, RPYC_GETATTR, nothing, 2, "builtins.AttributeError: cannot access 'nothing'");
    const struct bench_value pickle[2] = {object, bench_int(4)};
    expect_error(&c, RPYC_PICKLE, pickle, 2, "builtins.ValueError: pickling is disabled");
    const struct bench_value len[3] = {object, bench_str("__len__"), bench_tuple(NULL, 0)};
    cr_expect_eq(value_of(&c, RPYC_CALLATTR, len, 3).integer, 7);
    stop(&c);
}

Test(rpyc_peer, with_blocks)
{
    struct client c;
    start(&c, &rpyc_default_rules);
    const struct bench_value object = attribute(&c, c.root, "thing");
    const struct bench_value enter[3] = {object, bench_str("__enter__"), bench_tuple(NULL, 0)};
    cr_expect_eq(value_of(&c, RPYC_CALLATTR, enter, 3).kind, BENCH_OBJECT);
    cr_expect_eq(entered, 1);
    const struct bench_value fine[2] = {object, bench_none()};
    cr_expect_eq(value_of(&c, RPYC_CTXEXIT, fine, 2).boolean, true);
    cr_expect_eq(left_with_failure, 0);
    const struct bench_value failed[2] = {object, bench_bool(true)};
    cr_expect_eq(value_of(&c, RPYC_CTXEXIT, failed, 2).boolean, true);
    cr_expect_eq(left_with_failure, 1);
    stop(&c);
}

Test(rpyc_peer, comparisons)
{
    struct client c;
    start(&c, &rpyc_default_rules);
    const struct bench_value object = attribute(&c, c.root, "thing");
    const struct bench_value more[3] = {object, bench_int(3), bench_str("__gt__")};
    cr_expect_eq(value_of(&c, RPYC_CMP, more, 3).boolean, true);
    const struct bench_value less[3] = {object, bench_int(3), bench_str("__lt__")};
    cr_expect_eq(value_of(&c, RPYC_CMP, less, 3).boolean, false);
    expect_error(&c, RPYC_CMP, more, 2,
                 "builtins.AttributeError: type object 'Thing' has no attribute '__cmp__'");
    const struct bench_value same[3] = {c.root, c.root, bench_str("__eq__")};
    cr_expect_eq(value_of(&c, RPYC_CMP, same, 3).boolean, true);
    const struct bench_value other[3] = {c.root, object, bench_str("__ne__")};
    cr_expect_eq(value_of(&c, RPYC_CMP, other, 3).kind, BENCH_NOTIMPLEMENTED);
    stop(&c);
}

/* A class is named by the id of its instances' type, and 0. */
Test(rpyc_peer, classes)
{
    struct client c;
    start(&c, &rpyc_default_rules);
    const struct bench_value class = attribute(&c, c.root, "class");
    const struct bench_value object = attribute(&c, c.root, "thing");
    const struct rpyc_ref *of_class = &rpyc_proxy_of(&class)->ref,
                          *of_object = &rpyc_proxy_of(&object)->ref,
                          *of_root = &rpyc_proxy_of(&c.root)->ref;
    cr_expect_eq(of_class->instance_id.integer, 0);
    cr_expect_neq(of_object->instance_id.integer, 0);
    cr_expect_eq(of_class->class_id.integer, of_object->class_id.integer);
    cr_expect_neq(of_root->class_id.integer, of_object->class_id.integer);
    const struct bench_value thing_ref[3] = {of_object->name, of_object->class_id,
                                             of_object->instance_id};
    const struct bench_value root_ref[3] = {of_root->name, of_root->class_id, of_root->instance_id};
    const struct bench_value unknown[3] = {bench_str("a.B"), bench_int(1), bench_int(2)};
    const struct bench_value yes[2] = {class, bench_tuple(thing_ref, 3)};
    cr_expect_eq(value_of(&c, RPYC_INSTANCECHECK, yes, 2).boolean, true);
    const struct bench_value no[2] = {class, bench_tuple(root_ref, 3)};
    cr_expect_eq(value_of(&c, RPYC_INSTANCECHECK, no, 2).boolean, false);
    const struct bench_value foreign[2] = {class, bench_tuple(unknown, 3)};
    cr_expect_eq(value_of(&c, RPYC_INSTANCECHECK, foreign, 2).boolean, false);
    const struct bench_value none[2] = {object, bench_tuple(root_ref, 3)};
    expect_error(&c, RPYC_INSTANCECHECK, none, 2,
                 "builtins.TypeError: isinstance() arg 2 must be a type, a tuple of types, or a "
                 "union");
    const struct bench_value given_back[2] = {class, bench_int(1)};
    (void)value_of(&c, RPYC_DEL, given_back, 2);
    expect_error(&c, RPYC_DEL, given_back, 2, "builtins.KeyError: no object has this reference");
    stop(&c);
}

Test(rpyc_peer, inspection_tells_texts_and_special_methods)
{
    struct client c;
    start(&c, &rpyc_default_rules);
    const struct bench_value object = attribute(&c, c.root, "thing");
    const struct rpyc_ref *ref = &rpyc_proxy_of(&object)->ref;
    const struct bench_value pack[3] = {ref->name, ref->class_id, ref->instance_id};
    const struct bench_value arg = bench_tuple(pack, 3);
    const struct bench_value names = value_of(&c, RPYC_INSPECT, &arg, 1);
    static const char *const wanted[] = {"name",    "fail",      "__call__",
                                         "__len__", "__enter__", "__format__"};
    cr_assert_eq(names.seq.count, BENCH_COUNT_OF(wanted));
    for (size_t i = 0; i < BENCH_COUNT_OF(wanted); i++)
        expect_text(names.seq.items[i].seq.items[0], wanted[i]);
    cr_expect_eq(names.seq.items[0].seq.items[1].kind, BENCH_NONE);
    expect_text(names.seq.items[1].seq.items[1], "fails");
    const struct bench_value dir = value_of(&c, RPYC_DIR, &object, 1);
    expect_text(dir.seq.items[0], "__call__");
    expect_text(dir.seq.items[dir.seq.count - 1], "name");
    stop(&c);
}

Test(rpyc_peer, a_special_method_keeps_its_object)
{
    const struct bench_value no_args = bench_tuple(NULL, 0);
    struct client c;
    start(&c, &rpyc_default_rules);
    const struct bench_value object = attribute(&c, c.root, "thing");
    const struct bench_value method = attribute(&c, object, "__len__");
    expect_text(value_of(&c, RPYC_REPR, &method, 1), "<method-wrapper '__len__' of Thing object>");
    const struct bench_value give_back[2] = {object, bench_int(1)};
    (void)value_of(&c, RPYC_DEL, give_back, 2);
    cr_expect_eq(released, 0);
    const struct bench_value call[2] = {method, no_args};
    cr_expect_eq(value_of(&c, RPYC_CALL, call, 2).integer, 7);
    const struct bench_value too_many[2] = {method, bench_tuple(give_back + 1, 1)};
    expect_error(&c, RPYC_CALL, too_many, 2, "builtins.TypeError: expected 0 arguments, got 1");
    const struct bench_value last[2] = {method, bench_int(1)};
    (void)value_of(&c, RPYC_DEL, last, 2);
    cr_expect_eq(released, 1);
    (void)attribute(&c, attribute(&c, c.root, "thing"), "__len__");
    stop(&c);
    cr_expect_eq(released, 2);
}

Test(rpyc_peer, what_a_request_works_with_stays_although_the_client_gives_it_back)
{
    struct client c;
    struct rpyc_proxy *function;
    const struct rpyc_ref ref = {bench_str("builtins.function"), bench_int(5), bench_int(6)};
    start(&c, &rpyc_default_rules);
    const struct bench_value object = attribute(&c, c.root, "thing");
    function = rpyc_proxy_new(&c.arena, &ref);
    cr_assert_not_null(function);
    /* CALL(thing, (function,)), where the function is the client's */
    bench_buf_clear(&c.text);
    cr_assert_eq(rpyc_write_request(&c.text, RPYC_LAYOUT_B, 4, RPYC_CALL), 0);
    cr_assert_eq(rpyc_write_box_head(&c.text, RPYC_TUPLE), 0);
    cr_assert_eq(rpyc_dump_tuple_head(&c.text, 2), 0);
    cr_assert_eq(rpyc_write_box(&c.text, &object, NULL, NULL), 0);
    cr_assert_eq(rpyc_write_box_head(&c.text, RPYC_TUPLE), 0);
    cr_assert_eq(rpyc_dump_tuple_head(&c.text, 1), 0);
    cr_assert_eq(rpyc_write_box_head(&c.text, RPYC_REMOTE_REF), 0);
    cr_assert_eq(rpyc_write_ref(&c.text, &ref), 0);
    struct bench_buf request = c.text;
    bench_buf_init(&c.text, 1 << 16);
    struct rpyc_message message;
    struct bench_error err;
    cr_assert_eq(rpyc_message_open(&message, RPYC_LAYOUT_B, bench_buf_head(&request),
                                   bench_buf_length(&request), &c.peer.arena, false, &err),
                 0);
    c.gives_back = &object;
    cr_assert_eq(rpyc_peer_handle(&c.peer, &message, &err), 0, "%s", err.msg);
    cr_expect_eq(c.step, 2);
    cr_expect_eq(released, 0);
    while (rpyc_peer_next_del(&c.peer, &err) > 0)
        ;
    cr_expect_eq(released, 1);
    const struct bench_value again[2] = {object, bench_tuple(NULL, 0)};
    expect_error(&c, RPYC_CALL, again, 2, "builtins.KeyError: no object has this reference");
    bench_buf_fini(&request);
    stop(&c);
}

Test(rpyc_peer, exceptions_with_attributes)
{
    const struct bench_value no_args = bench_tuple(NULL, 0), one = bench_int(1);
    struct client c;
    struct bench_value value;
    struct rpyc_exception e;
    start(&c, &rpyc_default_rules);
    const struct bench_value object = attribute(&c, c.root, "thing");
    const struct bench_value call[3] = {object, bench_str("fail"), no_args};
    cr_assert_eq(ask(&c, RPYC_CALLATTR, call, 3, &value, &e), RPYC_EXCEPTION);
    expect_text(e.module, "shop");
    expect_text(e.type, "OutOfStock");
    expect_text(e.args.seq.items[0], "none left");
    cr_assert_eq(e.attributes.seq.count, 2); /* without the private one */
    expect_text(e.attributes.seq.items[0].seq.items[0], "code");
    cr_expect_eq(e.attributes.seq.items[0].seq.items[1].integer, 17);
    expect_text(e.attributes.seq.items[1].seq.items[1], "<shop.Thing object>");
    expect_text(e.traceback, "<traceback denied>");
    /* An argument that stays here goes as its repr. */
    const struct bench_value with[3] = {object, bench_str("fail"), bench_tuple(&one, 1)};
    expect_error(&c, RPYC_CALLATTR, with, 3, "shop.OutOfStock: <shop.Thing object>");
    /* What would end the client's program is something milder. */
    const struct bench_value stopping[2] = {object, no_args};
    expect_error(&c, RPYC_CALL, stopping, 2, "builtins.RuntimeError: stop");
    stop(&c);
}

Test(rpyc_peer, only_so_many_references)
{
    struct rpyc_rules rules = rpyc_default_rules;
    rules.references = 2;
    struct client c;
    start(&c, &rules);
    const struct bench_value object = attribute(&c, c.root, "thing");
    (void)attribute(&c, c.root, "thing"); /* the same one */
    const struct bench_value more[2] = {object, bench_str("__len__")};
    expect_error(&c, RPYC_GETATTR, more, 2, "builtins.MemoryError: too many objects are out");
    const struct bench_value give_back[2] = {object, bench_int(2)};
    (void)value_of(&c, RPYC_DEL, give_back, 2);
    cr_expect_eq(released, 1);
    (void)attribute(&c, c.root, "class");
    stop(&c);
}
