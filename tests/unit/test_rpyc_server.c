/* SPDX-License-Identifier: MIT */
/* The server's half, byte for byte, over a socket pair. */
#include "tests/unit/rpyc_pair.h"

TestSuite(rpyc_server, .timeout = 60);

/* ---- conversations ---- */

Test(rpyc_server, pings_in_both_layouts_and_any_seq)
{
    static const struct {
        const char *request, *reply;
    } cases[] = {
        {"1251501151115110080a61", "1252501151080a61"},
        {"0111501151115110080a61", "0211501151080a61"},
        {"1251080b4142115111511057", "1252080b4142115157"}, /* seq "AB" */
        {"011100115111511057", "021100115157"},             /* seq None */
        {"14035150115111511057", "125250115157"},           /* the long form of a tuple */
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        struct pair p;
        start(&p);
        send_hex(&p, cases[i].request);
        expect_hex(&p, cases[i].reply);
        cr_assert_eq(end(&p), 0);
    }
}

Test(rpyc_server, a_request_may_come_byte_by_byte_or_with_others)
{
    struct pair p;
    uint8_t frames[128];
    size_t one = frame_of("1251501151115110080a61", frames);
    start(&p);
    for (size_t i = 0; i < one; i++)
        send_bytes(&p, &frames[i], 1);
    expect_hex(&p, "1252501151080a61");
    size_t two = one + frame_of("1251511151115110080a62", frames + one);
    for (size_t cut = 1; cut < two; cut++) {
        send_bytes(&p, frames, cut);
        send_bytes(&p, frames + cut, two - cut);
        expect_hex(&p, "1252501151080a61");
        expect_hex(&p, "1252511151080a62");
    }
    send_bytes(&p, "\0\0\0\0\0\n", 6); /* an empty frame means nothing */
    send_bytes(&p, frames, one);
    expect_hex(&p, "1252501151080a61");
    cr_assert_eq(end(&p), 0);
}

Test(rpyc_server, close_ends_the_connection_without_an_answer)
{
    static const char *const requests[] = {"1251501152115102", "0111501152115102"};
    for (size_t i = 0; i < BENCH_COUNT_OF(requests); i++) {
        struct pair p;
        start(&p);
        send_hex(&p, requests[i]);
        expect_end(&p);
        cr_assert_eq(end(&p), 0);
    }
}

/* Handlers on no object at all, and requests of a wrong shape: the connection lives on. */
Test(rpyc_server, wrong_requests_are_answered_with_exceptions)
{
    static const struct {
        const char *request, *text;
    } cases[] = {
        {"12515011b3115102", "builtins.KeyError: 99"},
        {"1251501150115102", "builtins.KeyError: 0"},
        {"1251501151115102", "builtins.TypeError"},                          /* PING without data */
        {"12515051", "builtins.ValueError"},                                 /* not a pair */
        {"1251501151115902", "builtins.ValueError"},                         /* unknown label */
        {"1251501151115110080aff", "builtins.ValueError"},                   /* not UTF-8 */
        {"125150115411511151080a78", "builtins.AttributeError"},                  /* GETATTR of an int */
        {"1251501154115211115312080a6151511151080a78", "builtins.KeyError"}, /* no such object */
        {"125150115f115211115312080a615151115151", "builtins.KeyError"},     /* DEL of nothing */
        {"125150116011511051", "builtins.KeyError"},                        /* INSPECT of an int */
        {"12515011511151105700", "builtins.ValueError"}, /* a byte behind the message */
    };
    struct pair p;
    start(&p);
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        send_hex(&p, cases[i].request);
        expect_exception(&p, cases[i].text);
    }
    send_hex(&p, "1251501151115110080a61");
    expect_hex(&p, "1252501151080a61");
    cr_assert_eq(end(&p), 0);
}

/* What cannot be parsed down to its seq ends the connection; where the layout is known, with a
 * CLOSE request. */
Test(rpyc_server, garbage_ends_the_connection)
{
    static const struct {
        const char *request, *close;
    } cases[] = {
        {"00000000", NULL},                     /* thread ids, cut */
        {"474554202f", NULL},                   /* "GET /" */
        {"1251", "1251501152115102"},           /* cut */
        {"12515011511c", "1251501152115102"},   /* unused tag */
        {"12595011511151", "1251501152115102"}, /* unknown type */
        {"0112515051", "0111501152115102"},     /* a tuple of 3 */
        {"01115011511151", "0111501152115102"}, /* cut */
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        struct pair p;
        start(&p);
        send_hex(&p, cases[i].request);
        if (cases[i].close)
            expect_hex(&p, cases[i].close);
        expect_end(&p);
        cr_assert_lt(end(&p), 0, "%s", cases[i].request);
    }
}

Test(rpyc_server, the_layout_does_not_change)
{
    struct pair p;
    start(&p);
    send_hex(&p, "1251501151115110080a61");
    expect_hex(&p, "1252501151080a61");
    send_hex(&p, "0111501151115110080a61");
    expect_hex(&p, "1251501152115102");
    expect_end(&p);
    cr_assert_lt(end(&p), 0);
}

Test(rpyc_server, a_frame_over_the_limit_is_not_waited_for)
{
    struct pair p;
    start(&p);
    send_bytes(&p, "\xff\xff\xff\xff\0", 5);
    expect_end(&p);
    cr_assert_eq(end(&p), -EMSGSIZE);
}

Test(rpyc_server, broken_compression_ends_the_connection)
{
    struct pair p;
    start(&p);
    send_bytes(&p, "\0\0\0\4\1abcd\n", 10);
    expect_end(&p);
    cr_assert_eq(end(&p), -EBADMSG);
}

Test(rpyc_server, the_end_in_the_middle_of_a_frame)
{
    struct pair p;
    start(&p);
    send_bytes(&p, "\0\0\0\4\0ab", 7);
    cr_assert_lt(end(&p), 0);
}

/* GETROOT, GETATTR, CALL, DEL, with the references that came. */
static void write_local(struct bench_buf *buf, const struct rpyc_ref *ref)
{
    cr_assert_eq(rpyc_write_box_head(buf, RPYC_LOCAL_REF), 0);
    cr_assert_eq(rpyc_write_ref(buf, ref), 0);
}

static void write_value(struct bench_buf *buf, const struct bench_value *value)
{
    cr_assert_eq(rpyc_write_box(buf, value, NULL, NULL), 0);
}

/* A request on an object with up to two further arguments. */
static void request(struct pair *p, enum rpyc_layout layout, enum rpyc_handler handler,
                    const struct rpyc_ref *ref, const struct bench_value *args, size_t nargs)
{
    struct rpyc_outgoing out;
    struct bench_error err;
    rpyc_outgoing_init(&out);
    cr_assert_eq(rpyc_outgoing_begin(&out), 0);
    cr_assert_eq(rpyc_write_request(&out.text, layout, 5, handler), 0);
    cr_assert_eq(rpyc_write_box_head(&out.text, RPYC_TUPLE), 0);
    cr_assert_eq(rpyc_dump_tuple_head(&out.text, nargs + 1), 0);
    write_local(&out.text, ref);
    for (size_t i = 0; i < nargs; i++)
        write_value(&out.text, &args[i]);
    cr_assert_eq(rpyc_outgoing_end(&out, &err), 0);
    cr_assert_eq(out.count, 1);
    send_bytes(p, out.pieces[0].iov_base, out.pieces[0].iov_len);
    rpyc_outgoing_fini(&out);
}

/* The reference in the next reply; its texts are kept in `arena`. */
static struct rpyc_ref next_ref(struct pair *p, struct bench_arena *arena)
{
    struct rpyc_message message;
    struct rpyc_ref ref;
    int64_t label;
    cr_assert(next_message(p, &message));
    cr_assert_eq(message.type, RPYC_REPLY);
    cr_assert_eq(rpyc_read_box_head(&message.body, &label), 0);
    cr_assert_eq(label, RPYC_REMOTE_REF);
    cr_assert_eq(rpyc_read_ref(&message.body, &ref), 0);
    cr_assert_eq(bench_value_copy(arena, &ref.name, &ref.name), 0);
    return ref;
}

static struct bench_value next_value(struct pair *p)
{
    struct rpyc_message message;
    struct bench_value value;
    int64_t label;
    cr_assert(next_message(p, &message));
    cr_assert_eq(message.type, RPYC_REPLY);
    cr_assert_eq(rpyc_read_box_head(&message.body, &label), 0);
    cr_assert_eq(label, RPYC_VALUE);
    cr_assert_eq(rpyc_read_value(&message.body, &value), 0);
    return value;
}

static bool is_text(const struct bench_value *value, const char *text)
{
    return value->kind == BENCH_STR && value->text.length == strlen(text) &&
           memcmp(value->text.data, text, strlen(text)) == 0;
}

static void converse(enum rpyc_layout layout, const char *getroot)
{
    const struct bench_value names[2] = {bench_str("ping"), bench_str("exposed_ping")};
    const struct bench_value no_args[2] = {bench_tuple(NULL, 0), bench_tuple(NULL, 0)};
    const struct bench_value one = bench_int(1), two = bench_int(2);
    struct bench_arena arena;
    struct bench_value value;
    struct pair p;
    bench_arena_init(&arena, 65536);
    start(&p);
    send_hex(&p, getroot);
    struct rpyc_ref root = next_ref(&p, &arena);
    request(&p, layout, RPYC_GETATTR, &root, &names[0], 1);
    struct rpyc_ref ping = next_ref(&p, &arena);
    cr_assert(is_text(&ping.name, "builtins.method"));
    request(&p, layout, RPYC_GETATTR, &root, &names[1], 1);
    struct rpyc_ref again = next_ref(&p, &arena);
    cr_assert_eq(again.instance_id.integer, ping.instance_id.integer);
    cr_assert_neq(ping.instance_id.integer, root.instance_id.integer);
    cr_assert_neq(ping.class_id.integer, root.class_id.integer);

    request(&p, layout, RPYC_CALL, &ping, no_args, 2);
    value = next_value(&p);
    cr_assert(is_text(&value, "pong"));
    request(&p, layout, RPYC_CALL, &ping, no_args, 1); /* kwargs left out */
    value = next_value(&p);
    cr_assert(is_text(&value, "pong"));
    const struct bench_value callattr[3] = {names[0], no_args[0], no_args[1]};
    request(&p, layout, RPYC_CALLATTR, &root, callattr, 3);
    value = next_value(&p);
    cr_assert(is_text(&value, "pong"));
    request(&p, layout, RPYC_SETATTR, &root, callattr, 2);
    expect_exception(&p, "builtins.AttributeError: access denied");
    request(&p, layout, RPYC_PICKLE, &root, &one, 1);
    expect_exception(&p, "builtins.TypeError: cannot pickle 'ReferenceService' object");

    /* Sent twice, so one DEL leaves it there and a second one takes it away. */
    request(&p, layout, RPYC_DEL, &ping, &one, 1);
    cr_assert_eq(next_value(&p).kind, BENCH_NONE);
    request(&p, layout, RPYC_CALL, &ping, no_args, 2);
    value = next_value(&p);
    cr_assert(is_text(&value, "pong"));
    request(&p, layout, RPYC_DEL, &ping, &two, 1);
    cr_assert_eq(next_value(&p).kind, BENCH_NONE);
    request(&p, layout, RPYC_CALL, &ping, no_args, 2);
    expect_exception(&p, "builtins.KeyError");
    request(&p, layout, RPYC_DEL, &ping, &one, 1);
    expect_exception(&p, "builtins.KeyError");
    /* The same object gets another name, so that the old one can never mean it. */
    request(&p, layout, RPYC_GETATTR, &root, &names[0], 1);
    struct rpyc_ref fresh = next_ref(&p, &arena);
    cr_assert_neq(fresh.instance_id.integer, ping.instance_id.integer);
    cr_assert_eq(fresh.class_id.integer, ping.class_id.integer);
    cr_assert_eq(end(&p), 0);
    bench_arena_fini(&arena);
}

Test(rpyc_server, a_conversation_in_layout_a) { converse(RPYC_LAYOUT_A, "1251501153115102"); }

Test(rpyc_server, a_conversation_in_layout_b) { converse(RPYC_LAYOUT_B, "0111501153115102"); }

/* An object of the client that a request brings is given back once it is answered. */
Test(rpyc_server, references_of_the_client_are_released)
{
    struct pair p;
    start(&p);
    /* PING of REMOTE_REF ("a", 1, 2): INSPECT, as nobody knows "a", then it comes home as
     * LOCAL_REF, then a DEL for it. */
    send_hex(&p, "12515011511152101154"
                 "12080a615152");
    expect_hex(&p, "125150116011511012080a615152");
    send_hex(&p, "125250115102"); /* it has no methods */
    expect_hex(&p, "1252501153"
                   "12080a615152");
    expect_hex(&p, "125151115f1152111153"
                   "12080a615152"
                   "115151");
    send_hex(&p, "125251115100"); /* its answer */
    send_hex(&p, "1251501151115110080a61");
    expect_hex(&p, "1252501151080a61");
    cr_assert_eq(end(&p), 0);
}

/* ---- requests of the server to its client ---- */

/* The reply is a reference: its triple as hex. */
static void expect_ref(struct pair *p, char *hex)
{
    struct rpyc_message message;
    struct rpyc_ref ref;
    int64_t label;
    cr_assert(next_message(p, &message));
    cr_assert_eq(message.type, RPYC_REPLY);
    cr_assert_eq(rpyc_read_box_head(&message.body, &label), 0);
    cr_assert_eq(label, RPYC_REMOTE_REF);
    const uint8_t *from = message.body.at;
    cr_assert_eq(rpyc_read_ref(&message.body, &ref), 0);
    for (const uint8_t *at = from; at < message.body.at; at++)
        (void)snprintf(hex + 2 * (at - from), 3, "%02x", *at);
}

/* GETROOT, then GETATTR: the method's triple, with seqs 0 and 1. */
static void get_method(struct pair *p, const char *name, char *hex)
{
    char request[512];
    send_hex(p, "1251501153115102");
    expect_ref(p, hex);
    int n = snprintf(request, sizeof(request), "12515111541152111153%s1151080e%02x", hex,
                     (unsigned)strlen(name));
    for (const char *c = name; *c; c++)
        n += snprintf(request + n, sizeof(request) - (size_t)n, "%02x", (unsigned char)*c);
    send_hex(p, request);
    expect_ref(p, hex);
}

#define LIST_ARG "12080e0d6275696c74696e732e6c6973745253" /* ("builtins.list", 2, 3) */
#define ASK_ITER "1151080e085f5f697465725f5f115102115102"
#define ASK_NEXT "1151080e085f5f6e6578745f5f115102115102"

/* CALL upload_chunked(list) with that seq, and the server's __iter__ with its own. */
static void call_with_list(struct pair *p, const char *method, unsigned seq, unsigned its_seq)
{
    char text[512];
    (void)snprintf(text, sizeof(text), "1251%02x1157115212" "1153%s1152101154" LIST_ARG "115102",
                   seq, method);
    send_hex(p, text);
    (void)snprintf(text, sizeof(text), "1251%02x1158115213" "1153" LIST_ARG ASK_ITER, its_seq);
    expect_hex(p, text);
}

Test(rpyc_server, a_list_of_the_client_is_iterated)
{
    struct pair p;
    char method[256];
    start(&p);
    get_method(&p, "upload_chunked", method);
    call_with_list(&p, method, 0x52, 0x50);
    /* a request of the client meanwhile is answered at once */
    send_hex(&p, "1251531151115110080a61");
    expect_hex(&p, "1252531151080a61");
    send_hex(&p, "1252501154" LIST_ARG); /* its iterator is itself */
    expect_hex(&p, "1251511158115213" "1153" LIST_ARG ASK_NEXT);
    send_hex(&p, "12525111510c616263");
    expect_hex(&p, "1251521158115213" "1153" LIST_ARG ASK_NEXT);
    send_hex(&p, "125252115101"); /* b"" */
    expect_hex(&p, "1251531158115213" "1153" LIST_ARG ASK_NEXT);
    send_hex(&p, "12535351");
    expect_hex(&p, "125252115153");                               /* 3 bytes */
    expect_hex(&p, "125154115f1152111153" LIST_ARG "115152"); /* DEL, for it came twice */
    send_hex(&p, "125254115100");
    send_hex(&p, "1251541151115110080a61");
    expect_hex(&p, "1252541151080a61");
    cr_assert_eq(end(&p), 0);
}

Test(rpyc_server, an_iterator_of_its_own_goes_back_before_the_answer)
{
    struct pair p;
    char method[256];
    start(&p);
    get_method(&p, "upload_chunked", method);
    call_with_list(&p, method, 0x52, 0x50);
    /* of class "it", so that INSPECT comes first, which says that it has __next__ */
    send_hex(&p, "1252501154" "12080b69745556");
    expect_hex(&p, "1251511160" "115110" "12080b69745556");
    send_hex(&p, "12525111511011080e085f5f6e6578745f5f00");
    expect_hex(&p, "1251521158115213" "1153" "12080b69745556" ASK_NEXT);
    send_hex(&p, "12535251");
    expect_hex(&p, "125153115f1152111153" "12080b69745556" "115151");
    expect_hex(&p, "125252115150");
    expect_hex(&p, "125154115f1152111153" LIST_ARG "115151");
    cr_assert_eq(end(&p), 0);
}

Test(rpyc_server, answers_of_the_client_that_mean_nothing)
{
    static const struct {
        const char *answer, *exception; /* NULL: the connection ends */
    } cases[] = {
        {"125250115157", "builtins.TypeError: iter() returned non-iterator of type 'int'"},
        {"12525011541208" "0a615152", NULL}, /* INSPECT comes, and gets no answer */
        {"1252501153" LIST_ARG, "builtins.KeyError"},
        {"12535013110808" "0a", NULL},
        {"125350" "57", NULL},
        {"12525011590" "0", NULL},
        {"1252501151" "0e05", NULL},
        {"125350131108" "0a78080a79101151080a7a", NULL},
        {"1253501311080a78080a7902020801", "x.y"},
        {"12535051", "builtins.StopIteration"},
        {"125151115211" "5102", NULL}, /* CLOSE */
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        struct pair p;
        char method[256];
        start(&p);
        get_method(&p, "upload_chunked", method);
        call_with_list(&p, method, 0x52, 0x50);
        send_hex(&p, cases[i].answer);
        if (cases[i].exception)
            expect_exception(&p, cases[i].exception);
        (void)end(&p);
    }
}

Test(rpyc_server, a_client_that_leaves_in_the_middle)
{
    struct pair p;
    char method[256];
    start(&p);
    get_method(&p, "upload_chunked", method);
    call_with_list(&p, method, 0x52, 0x50);
    cr_assert_eq(end(&p), -ECONNRESET);
}

/* The client answers each __iter__ with the same call again: that ends at some depth, with an
 * exception for the innermost one, and the connection lives on. */
Test(rpyc_server, requests_nest_only_so_deep)
{
    struct pair p;
    char method[256], text[512];
    start(&p);
    get_method(&p, "upload_chunked", method);
    for (unsigned depth = 0; depth < RPYC_DEPTH; depth++)
        call_with_list(&p, method, 0x52 + depth, 0x50 + depth);
    (void)snprintf(text, sizeof(text), "1251%02x1157115212" "1153%s1152101154" LIST_ARG "115102",
                   0x52 + RPYC_DEPTH, method);
    send_hex(&p, text);
    expect_exception(&p, "builtins.RecursionError");
    /* No DEL: the list is the one that the requests around it have. */
    send_hex(&p, "125250115157"); /* the answer to the outermost one is kept */
    for (unsigned depth = RPYC_DEPTH - 1; depth > 0; depth--) {
        (void)snprintf(text, sizeof(text), "1252%02x115157", 0x50 + depth);
        send_hex(&p, text);
        expect_exception(&p, "builtins.TypeError");
    }
    expect_exception(&p, "builtins.TypeError");
    (void)snprintf(text, sizeof(text), "1251%02x115f1152111153" LIST_ARG "1151%02x",
                   0x50 + RPYC_DEPTH, 0x50 + RPYC_DEPTH + 1);
    expect_hex(&p, text);
    cr_assert_eq(end(&p), 0);
}

Test(rpyc_server, an_answer_comes_once)
{
    struct pair p;
    char method[256];
    start(&p);
    get_method(&p, "upload_chunked", method);
    call_with_list(&p, method, 0x52, 0x50);
    call_with_list(&p, method, 0x53, 0x51);
    send_hex(&p, "125250115157");
    send_hex(&p, "125250115157");
    cr_assert_eq(end(&p), -EPROTO);
}

/* ---- streams to the client ---- */

Test(rpyc_server, a_stream_is_an_object_until_it_is_given_back)
{
    struct pair p;
    char method[256], object[256], text[512];
    start(&p);
    get_method(&p, "download_chunked", method);
    /* download_chunked(5, 3) */
    (void)snprintf(text, sizeof(text), "1251521157115212" "1153%s1151115553115102", method);
    send_hex(&p, text);
    expect_ref(&p, object);
    (void)snprintf(text, sizeof(text), "1251531158115213" "1153%s" ASK_NEXT, object);
    send_hex(&p, text);
    expect_hex(&p, "12525311510c000000");
    (void)snprintf(text, sizeof(text), "125154116111521111" "53%s115155", object); /* BUFFITER */
    send_hex(&p, text);
    expect_hex(&p, "1252541151" "100b0000");
    (void)snprintf(text, sizeof(text), "1251551158115213" "1153%s" ASK_NEXT, object);
    send_hex(&p, text);
    expect_hex(&p, "12535551");
    (void)snprintf(text, sizeof(text), "125156115f115211" "1153%s115151", object);
    send_hex(&p, text);
    expect_hex(&p, "125256115100");
    (void)snprintf(text, sizeof(text), "1251571158115213" "1153%s" ASK_NEXT, object);
    send_hex(&p, text);
    expect_exception(&p, "builtins.KeyError");
    /* one more, which the end of the session releases */
    (void)snprintf(text, sizeof(text), "1251581157115212" "1153%s1151115553115102", method);
    send_hex(&p, text);
    expect_ref(&p, object);
    cr_assert_eq(end(&p), 0);
}

/* ---- the table of references ---- */

static int released;

static void count_release(struct bench_object *object)
{
    (void)object;
    released++;
}

Test(rpyc_server, many_objects_are_named_found_and_released)
{
    enum { N = 5000 };
    static const struct bench_object_ops ops[2] = {
        {.type_name = "test.A", .release = count_release},
        {.type_name = "test.B", .release = count_release}};
    static struct bench_object objects[N];
    static struct rpyc_ref names[N];
    struct rpyc_refs refs;
    rpyc_refs_init(&refs, 2 * N);
    for (int i = 0; i < N; i++) {
        objects[i].ops = &ops[i % 2];
        cr_assert_eq(rpyc_refs_export(&refs, &objects[i], &names[i]), 0);
        cr_assert_eq(rpyc_refs_export(&refs, &objects[i], &names[i]), 0);
    }
    for (int i = 0; i < N; i++)
        cr_assert_eq(rpyc_refs_find(&refs, &names[i]), &objects[i]);
    struct rpyc_ref wrong = names[0];
    wrong.class_id = names[1].class_id;
    cr_assert_null(rpyc_refs_find(&refs, &wrong));
    wrong = names[0];
    wrong.name = names[1].name;
    cr_assert_null(rpyc_refs_find(&refs, &wrong));
    for (int i = 0; i < N; i += 3) {
        rpyc_refs_drop(&refs, &objects[i], 1);
        cr_assert_not_null(rpyc_refs_find(&refs, &names[i]));
        rpyc_refs_drop(&refs, &objects[i], 7);
        cr_assert_null(rpyc_refs_find(&refs, &names[i]));
        cr_assert_eq(rpyc_refs_id(&refs, &objects[i]), 0);
    }
    int dropped = released;
    cr_assert_eq(dropped, (N + 2) / 3);
    for (int i = 0; i < N; i += 3) {
        struct rpyc_ref old = names[i];
        cr_assert_eq(rpyc_refs_export(&refs, &objects[i], &names[i]), 0);
        cr_assert_null(rpyc_refs_find(&refs, &old));
    }
    for (int i = 0; i < N; i++)
        cr_assert_eq(rpyc_refs_find(&refs, &names[i]), &objects[i]);
    rpyc_refs_fini(&refs);
    cr_assert_eq(released, dropped + N);
}
