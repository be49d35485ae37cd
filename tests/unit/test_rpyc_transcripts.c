/* SPDX-License-Identifier: MIT */
/*
 * Conversations of rpyc's own client, played to our server: the recorded requests, with the
 * references that our server gave out instead of those of the recorded one, and its answers byte
 * by byte, but for the references in them. Only those conversations that ask for what the
 * reference service has under the same name as the recorded one, and the one with thread ids.
 */
#include <errno.h>
#include <stdio.h>

#include "protocols/rpyc/rpyc_frame.h"
#include "protocols/rpyc/rpyc_msg.h"
#include "tests/support/files.h"
#include "tests/unit/rpyc_link.h"

#define DATA      TEST_SOURCE_DIR "/tests/unit/data/rpyc-transcripts.txt"
#define FRAME_MAX ((size_t)64 << 10)

TestSuite(rpyc_transcripts, .timeout = 60);

enum { PAIRS_MAX = 32, ID_BYTES = 8 };

/* A reference of theirs, and the one of ours that took its place. */
struct pair {
    struct rpyc_ref theirs, ours;
};

struct replay {
    int fd;
    enum rpyc_layout layout;
    bool bound;       /* thread ids are in front of messages */
    const char *name; /* of the conversation */
    struct bench_arena arena;
    struct rpyc_outgoing out;
    struct rpyc_inflater theirs, ours;
    struct pair pairs[PAIRS_MAX];
    size_t npairs;
    size_t answers; /* that were compared */
};

static size_t unhex(const char *hex, uint8_t *out)
{
    size_t n = strlen(hex) / 2;
    for (size_t i = 0; i < n; i++) {
        unsigned byte;
        cr_assert_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
        out[i] = (uint8_t)byte;
    }
    return n;
}

static bool same_ref(const struct rpyc_ref *a, const struct rpyc_ref *b)
{
    return bench_value_equal(&a->class_id, &b->class_id) &&
           bench_value_equal(&a->instance_id, &b->instance_id);
}

static bool is_named(const struct rpyc_ref *ref, const char *name)
{
    return ref->name.text.length == strlen(name) &&
           memcmp(ref->name.text.data, name, strlen(name)) == 0;
}

/* ---- what the client says ---- */

static int as_ours(void *user, const struct rpyc_ref *ref, struct bench_value *out)
{
    struct replay *r = user;
    const struct rpyc_ref *ours = NULL;
    for (size_t i = 0; i < r->npairs; i++)
        if (same_ref(&r->pairs[i].theirs, ref) ||
            (i == 0 && is_named(ref, "shop.ShopService"))) /* the root, in any conversation */
            ours = &r->pairs[i].ours;
    cr_assert_not_null(ours, "%s: a reference that was never given", r->name);
    struct rpyc_proxy *proxy = rpyc_proxy_new(&r->arena, ours);
    cr_assert_not_null(proxy);
    *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &proxy->object};
    return 0;
}

static int no_object(void *user, const struct rpyc_ref *ref, struct bench_value *out)
{
    (void)ref;
    (void)out;
    cr_assert_fail("%s: the client hands out an object", ((struct replay *)user)->name);
    return -EINVAL;
}

static void send_frame(struct replay *r)
{
    struct bench_error err;
    cr_assert_eq(rpyc_outgoing_end(&r->out, &err), 0);
    for (int i = 0; i < r->out.count; i++)
        cr_assert_eq(send(r->fd, r->out.pieces[i].iov_base, r->out.pieces[i].iov_len, 0),
                     (ssize_t)r->out.pieces[i].iov_len);
}

static void open_frame(struct replay *r, struct rpyc_inflater *inflater, const uint8_t *bytes,
                       size_t n, struct rpyc_message *message)
{
    struct rpyc_frame frame;
    struct bench_error err;
    const uint8_t *payload;
    size_t length;
    cr_assert_eq(rpyc_frame_parse(bytes, n, FRAME_MAX, &frame, &err), 0);
    cr_assert_eq(rpyc_frame_plain(inflater, &frame, &payload, &length, &err), 0);
    cr_assert_eq(rpyc_message_open(message, r->layout, payload, length, &r->arena, true, &err), 0);
}

static void play_request(struct replay *r, const uint8_t *bytes, size_t n)
{
    const struct rpyc_resolver resolver = {as_ours, no_object, r};
    struct rpyc_message message;
    struct bench_value args;
    int64_t handler;
    open_frame(r, &r->theirs, bytes, n, &message);
    cr_assert_eq(rpyc_read_request(&message.body, &handler), 0);
    cr_assert_eq(rpyc_read_box(&message.body, &resolver, &args), 0);
    cr_assert_eq(rpyc_outgoing_begin(&r->out), 0);
    cr_assert_eq(
        rpyc_write_request(&r->out.text, r->layout, message.seq_number, (enum rpyc_handler)handler),
        0);
    cr_assert_eq(rpyc_write_box(&r->out.text, &args, NULL, NULL), 0);
    send_frame(r);
}

/* ---- what the server answers ---- */

static size_t receive_frame(struct replay *r, uint8_t *bytes)
{
    size_t have = 0, want = RPYC_FRAME_HEADER;
    while (have < want) {
        struct rpyc_frame frame;
        struct bench_error err;
        ssize_t n = recv(r->fd, bytes + have, want - have, 0);
        cr_assert_gt(n, 0, "%s: no answer", r->name);
        have += (size_t)n;
        if (rpyc_frame_parse(bytes, have, FRAME_MAX, &frame, &err) < 0)
            cr_assert_leq(frame.total, FRAME_MAX);
        want = frame.total;
    }
    return have;
}

static void compare_references(struct replay *r, struct rpyc_message *theirs,
                               struct rpyc_message *ours)
{
    int64_t label;
    struct pair *pair = &r->pairs[r->npairs++];
    cr_assert_leq(r->npairs, PAIRS_MAX);
    cr_assert_eq(rpyc_read_box_head(&theirs->body, &label), 0);
    cr_assert_eq(rpyc_read_ref(&theirs->body, &pair->theirs), 0);
    cr_assert_eq(rpyc_read_box_head(&ours->body, &label), 0);
    cr_assert_eq(label, RPYC_REMOTE_REF, "%s", r->name);
    cr_assert_eq(rpyc_read_ref(&ours->body, &pair->ours), 0);
    cr_assert(bench_value_equal(&pair->theirs.name, &pair->ours.name), "%s", r->name);
}

/* Without their traceback, which tells their paths. */
static void compare_exceptions(struct replay *r, struct rpyc_message *theirs,
                               struct rpyc_message *ours)
{
    struct rpyc_exception a, b;
    cr_assert_eq(rpyc_read_exception(&theirs->body, &a), 0);
    cr_assert_eq(rpyc_read_exception(&ours->body, &b), 0);
    cr_assert_eq(a.stop_iteration, b.stop_iteration);
    cr_assert(bench_value_equal(&a.module, &b.module), "%s", r->name);
    cr_assert(bench_value_equal(&a.type, &b.type), "%s", r->name);
    cr_assert(bench_value_equal(&a.args, &b.args), "%s", r->name);
}

/* The id of a thread of the server is another one, that of the client's is the same, or any. */
static void compare_ids(const struct replay *r, const uint8_t *theirs, const uint8_t *ours)
{
    static const uint8_t own[ID_BYTES] = {[ID_BYTES - 1] = RPYC_OWN_THREAD};
    const size_t receiver = RPYC_FRAME_HEADER + ID_BYTES;
    cr_assert(memcmp(ours + RPYC_FRAME_HEADER, own, ID_BYTES) == 0, "%s: sender", r->name);
    cr_assert(memcmp(ours + receiver, theirs + receiver, ID_BYTES) == 0, "%s: receiver", r->name);
}

static void expect_answer(struct replay *r, const uint8_t *bytes, size_t n)
{
    static uint8_t got[FRAME_MAX];
    struct rpyc_message theirs, ours;
    size_t length = receive_frame(r, got);
    open_frame(r, &r->theirs, bytes, n, &theirs);
    open_frame(r, &r->ours, got, length, &ours);
    if (r->bound)
        compare_ids(r, bytes, got);
    cr_assert_eq(theirs.type, ours.type, "%s", r->name);
    cr_assert_eq(theirs.seq_number, ours.seq_number, "%s", r->name);
    r->answers++;
    if (theirs.type == RPYC_EXCEPTION) {
        compare_exceptions(r, &theirs, &ours);
        return;
    }
    struct rpyc_reader look = theirs.body;
    int64_t label;
    cr_assert_eq(rpyc_read_box_head(&look, &label), 0);
    if (label == RPYC_REMOTE_REF) {
        compare_references(r, &theirs, &ours);
        return;
    }
    const size_t from = RPYC_FRAME_HEADER + (r->bound ? RPYC_THREADS_BYTES : 0);
    cr_assert_eq(length, n, "%s: a frame of %zu bytes instead of %zu", r->name, length, n);
    cr_assert(memcmp(got, bytes, RPYC_FRAME_HEADER) == 0, "%s: another header", r->name);
    cr_assert(memcmp(got + from, bytes + from, n - from) == 0, "%s: other bytes", r->name);
}

/* ---- conversations ---- */

static void replay_connect(struct replay *r, uint16_t port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    r->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(r->fd, (struct sockaddr *)&to, sizeof(to)), 0);
}

static void replay_begin(struct replay *r, uint16_t port, const char *version)
{
    static uint8_t got[FRAME_MAX];
    struct rpyc_message answer;
    int64_t label;
    r->layout = version[0] == '5' ? RPYC_LAYOUT_A : RPYC_LAYOUT_B;
    r->npairs = 1;
    r->pairs[0].theirs = (struct rpyc_ref){0};
    replay_connect(r, port);
    const struct bench_value nothing = bench_tuple(NULL, 0);
    cr_assert_eq(rpyc_outgoing_begin(&r->out), 0);
    cr_assert_eq(rpyc_write_request(&r->out.text, r->layout, 0, RPYC_GETROOT), 0);
    cr_assert_eq(rpyc_write_box(&r->out.text, &nothing, NULL, NULL), 0);
    send_frame(r);
    open_frame(r, &r->ours, got, receive_frame(r, got), &answer);
    cr_assert_eq(rpyc_read_box_head(&answer.body, &label), 0);
    cr_assert_eq(label, RPYC_REMOTE_REF);
    cr_assert_eq(rpyc_read_ref(&answer.body, &r->pairs[0].ours), 0);
}

/* After CLOSE the server ends the connection without an answer; else we do. */
static void replay_end(struct replay *r)
{
    (void)shutdown(r->fd, SHUT_WR);
    uint8_t byte;
    cr_assert_eq(recv(r->fd, &byte, 1, 0), 0, "%s: more than the recorded answers", r->name);
    (void)close(r->fd);
    bench_arena_reset(&r->arena);
}

static struct replay *replay_new(void)
{
    struct replay *r = calloc(1, sizeof(*r));
    cr_assert_not_null(r);
    bench_arena_init(&r->arena, (size_t)16 << 20);
    rpyc_outgoing_init(&r->out);
    rpyc_inflater_init(&r->theirs, FRAME_MAX);
    rpyc_inflater_init(&r->ours, FRAME_MAX);
    return r;
}

static void replay_free(struct replay *r)
{
    rpyc_inflater_fini(&r->ours);
    rpyc_inflater_fini(&r->theirs);
    rpyc_outgoing_fini(&r->out);
    bench_arena_fini(&r->arena);
    free(r);
}

static bool is_chosen(const char *name)
{
    static const char *const names[] = {
        "ping",
        "echo int",
        "echo str",
        "echo bytes",
        "echo tuple",
        "setattr denied",
        "payload of 3000 and of 3001 bytes",
        "compressed both ways",
        "close",
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static void play_line(struct replay *r, uint16_t port, char *line, char *present, size_t size)
{
    static uint8_t bytes[FRAME_MAX];
    char id[128];
    const char *version = strsep(&line, "\t"), *name = strsep(&line, "\t");
    const char *direction = strsep(&line, "\t");
    if (!is_chosen(name))
        return;
    size_t n = unhex(strsep(&line, "\t"), bytes);
    (void)snprintf(id, sizeof(id), "%s %s", version, name);
    if (strcmp(id, present) != 0) {
        if (present[0] != '\0')
            replay_end(r);
        (void)snprintf(present, size, "%s", id);
        r->name = present;
        replay_begin(r, port, version);
    }
    if (strcmp(direction, "C>S") == 0)
        play_request(r, bytes, n);
    else
        expect_answer(r, bytes, n);
}

Test(rpyc_transcripts, our_server_answers_as_the_recorded_one)
{
    struct server server;
    struct replay *r = replay_new();
    char *text, present[128] = "";
    size_t length;
    cr_assert_eq(support_read_file(DATA, &text, &length), 0);
    server_start(&server);
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n")) != NULL)
        if (line[0] != '#' && line[0] != '\0')
            play_line(r, server.port, line, present, sizeof(present));
    replay_end(r);
    server_stop(&server);
    cr_assert_eq(r->answers, 38);
    replay_free(r);
    free(text);
}

/* ---- thread binding: a service with what was called there ---- */

/* apply(function, x) */
static int apply_call(struct bench_object *object, struct bench_call *call,
                      const struct bench_value *args, const struct bench_value *kwargs,
                      struct bench_value *out)
{
    (void)object;
    (void)kwargs;
    if (args->seq.count != 2 || args->seq.items[0].kind != BENCH_OBJECT)
        return bench_raise(call, "TypeError", "apply() takes a function and a value");
    struct bench_object *function = args->seq.items[0].object;
    const struct bench_value rest = bench_tuple(&args->seq.items[1], 1);
    return function->ops->call(function, call, &rest, NULL, out);
}

static const struct bench_object_ops apply_ops = {.type_name = "builtins.method",
                                                  .call = apply_call};
static struct bench_object apply_method = {&apply_ops};

static int shop_getattr(struct bench_object *object, struct bench_call *call, const char *name,
                        size_t length, struct bench_value *out)
{
    (void)object;
    if (length != 5 || memcmp(name, "apply", 5) != 0)
        return bench_raise(call, "AttributeError", "no %.*s", (int)length, name);
    *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &apply_method};
    return 0;
}

static const struct bench_object_ops shop_ops = {.type_name = "shop.ShopService",
                                                 .getattr = shop_getattr};
static struct bench_object shop_root = {&shop_ops};

static struct bench_object *get_shop(const struct bench_service *service)
{
    (void)service;
    return &shop_root;
}

static const struct bench_service shop = {.root = get_shop};

/* The client's function, which goes out under the name that it has. */
struct lent {
    struct bench_object object;
    struct rpyc_ref ref;
};

static int as_lent(void *user, const struct rpyc_ref *ref, struct bench_value *out)
{
    static const struct bench_object_ops ops = {.type_name = "function"};
    struct replay *r = user;
    struct lent *lent = bench_arena_alloc(&r->arena, sizeof(*lent));
    cr_assert_not_null(lent);
    *lent = (struct lent){{&ops}, *ref};
    *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &lent->object};
    return 0;
}

static int export_lent(void *user, struct bench_object *object, struct rpyc_ref *ref)
{
    (void)user;
    *ref = ((struct lent *)object)->ref;
    return 0;
}

/* What goes to a thread of the recorded server goes to the one of ours. */
static void play_bound(struct replay *r, const uint8_t *bytes, size_t n)
{
    static const uint8_t any[ID_BYTES];
    const struct rpyc_resolver resolver = {as_ours, as_lent, r};
    const uint8_t *sender = bytes + RPYC_FRAME_HEADER, *receiver = sender + ID_BYTES;
    struct bench_buf *text = &r->out.text;
    struct rpyc_message message;
    struct bench_value args;
    int64_t handler;
    open_frame(r, &r->theirs, bytes, n, &message);
    cr_assert(message.bound);
    cr_assert_eq(rpyc_outgoing_begin(&r->out), 0);
    const bool to_any = memcmp(receiver, any, ID_BYTES) == 0;
    cr_assert_eq(rpyc_write_threads(text, to_any ? RPYC_ANY_THREAD : RPYC_OWN_THREAD), 0);
    memcpy(text->data + text->end - RPYC_THREADS_BYTES, sender, ID_BYTES);
    if (message.type == RPYC_REQUEST) {
        cr_assert_eq(rpyc_read_request(&message.body, &handler), 0);
        cr_assert_eq(rpyc_read_box(&message.body, &resolver, &args), 0);
        cr_assert_eq(
            rpyc_write_request(text, r->layout, message.seq_number, (enum rpyc_handler)handler), 0);
        cr_assert_eq(rpyc_write_box(text, &args, export_lent, NULL), 0);
    } else {
        const size_t head = RPYC_FRAME_HEADER + RPYC_THREADS_BYTES;
        cr_assert_eq(bench_buf_add(text, bytes + head, n - head - 1), 0);
    }
    send_frame(r);
}

static void play_bound_line(struct replay *r, char *line)
{
    static uint8_t bytes[FRAME_MAX];
    const char *version = strsep(&line, "\t"), *name = strsep(&line, "\t");
    const char *direction = strsep(&line, "\t"), *hex = strsep(&line, "\t");
    if (strcmp(name, "bind_threads: callback") != 0)
        return;
    /* The methods of the class, which are others: request 1 and its answer. */
    if (strstr(line, "INSPECT") != NULL || strcmp(line, "REPLY seq=1") == 0)
        return;
    const size_t n = unhex(hex, bytes);
    r->layout = version[0] == '5' ? RPYC_LAYOUT_A : RPYC_LAYOUT_B;
    r->name = "bind_threads: callback";
    if (strcmp(direction, "C>S") == 0)
        play_bound(r, bytes, n);
    else
        expect_answer(r, bytes, n);
}

Test(rpyc_transcripts, our_server_binds_threads_as_the_recorded_one)
{
    struct server server;
    struct replay *r = replay_new();
    char *text, *line;
    size_t length;
    cr_assert_eq(support_read_file(DATA, &text, &length), 0);
    server_start_with(&server, &shop);
    replay_connect(r, server.port);
    r->bound = true;
    char *rest = text;
    while ((line = strsep(&rest, "\n")) != NULL)
        if (line[0] != '#' && line[0] != '\0')
            play_bound_line(r, line);
    replay_end(r);
    cr_assert_eq(r->answers, 6);
    server_stop(&server);
    replay_free(r);
    free(text);
}
