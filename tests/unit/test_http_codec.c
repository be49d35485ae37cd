/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/buf.h"
#include "protocols/http/http_codec.h"
#include "protocols/http/http_json.h"

static struct bench_arena arena;

static void setup(void) { bench_arena_init(&arena, 1 << 16); }

static void teardown(void) { bench_arena_fini(&arena); }

TestSuite(http_codec, .init = setup, .fini = teardown, .timeout = 20);

/* ---- calls ---- */

#define INT_ARG(n)                                                                                 \
    {                                                                                              \
        .kind = BENCH_INT, .integer = (n)                                                          \
    }
#define REAL_ARG(x)                                                                                \
    {                                                                                              \
        .kind = BENCH_FLOAT, .real = (x)                                                           \
    }
#define BIG_ARG(s)                                                                                 \
    {                                                                                              \
        .kind = BENCH_BIGINT, .text = {(s), sizeof(s) - 1 }                                        \
    }
#define STR_ARG(s)                                                                                 \
    {                                                                                              \
        .kind = BENCH_STR, .text = {(s), sizeof(s) - 1 }                                           \
    }

static const struct bench_value some_ids[] = {INT_ARG(5), INT_ARG(-6), BIG_ARG("7")};

struct spelled {
    const char *name;
    struct bench_value args[2];
    size_t nargs;
    enum http_verb verb;
    const char *target;
    uint64_t reply_bytes;
};

static const struct spelled spelled_rows[] = {
    {"ping", {{0}}, 0, HTTP_VERB_GET, "/ping", 0},
    {"echo", {{0}}, 0, HTTP_VERB_POST, "/echo", 0},
    {"upload", {{0}}, 0, HTTP_VERB_POST, "/upload", 0},
    {"upload_chunk", {{0}}, 0, HTTP_VERB_POST, "/upload-chunk", 0},
    {"health_check", {{0}}, 0, HTTP_VERB_GET, "/health", 0},
    {"download", {{0}}, 0, HTTP_VERB_GET, "/download/1024", 1024},
    {"download", {INT_ARG(0)}, 1, HTTP_VERB_GET, "/download/0", 0},
    {"download", {INT_ARG(-5)}, 1, HTTP_VERB_GET, "/download/-5", 0},
    {"download_chunk", {INT_ARG(7)}, 1, HTTP_VERB_GET, "/download-chunk/7?offset=0", 7},
    {"download_chunk",
     {INT_ARG(16384), INT_ARG(32768)},
     2,
     HTTP_VERB_GET,
     "/download-chunk/16384?offset=32768",
     16384},
    {"upload_chunked", {{0}}, 0, HTTP_VERB_POST, "/upload", 0},
    {"download_chunked", {{0}}, 0, HTTP_VERB_GET, "/download/65536?chunk=16384", 65536},
    {"download_chunked", {INT_ARG(9), INT_ARG(4)}, 2, HTTP_VERB_GET, "/download/9?chunk=4", 9},
    {"cpu_work", {{0}}, 0, HTTP_VERB_GET, "/cpu/100000", 0},
    {"cpu_work", {INT_ARG(INT64_MAX)}, 1, HTTP_VERB_GET, "/cpu/9223372036854775807", 0},
    {"compute",
     {BIG_ARG("10000000000000000000000")},
     1,
     HTTP_VERB_GET,
     "/compute/10000000000000000000000",
     0},
    {"io_work", {{0}}, 0, HTTP_VERB_GET, "/io/0.01", 0},
    {"io_work", {REAL_ARG(0.1)}, 1, HTTP_VERB_GET, "/io/0.1", 0},
    {"io_work", {REAL_ARG(1.0 / 3)}, 1, HTTP_VERB_GET, "/io/0.3333333333333333", 0},
    {"io_work", {INT_ARG(2)}, 1, HTTP_VERB_GET, "/io/2", 0},
    {"get_user", {{0}}, 0, HTTP_VERB_GET, "/users/1", 0},
    {"get_user", {INT_ARG(77)}, 1, HTTP_VERB_GET, "/users/77", 0},
    {"get_users", {{0}}, 0, HTTP_VERB_GET, "/users?n=100", 0},
    {"get_users_dicts", {INT_ARG(5)}, 1, HTTP_VERB_GET, "/users?n=5", 0},
    {"get_users_tuples", {INT_ARG(6)}, 1, HTTP_VERB_GET, "/users?n=6", 0},
    {"get_users_batch", {{0}}, 0, HTTP_VERB_GET, "/users?ids=1,2,3", 0},
    {"get_users_batch_dicts",
     {{.kind = BENCH_TUPLE, .seq = {some_ids, 3}}},
     1,
     HTTP_VERB_GET,
     "/users?ids=5,-6,7",
     0},
    {"get_users_batch", {{.kind = BENCH_TUPLE}}, 1, HTTP_VERB_GET, "/users?ids=", 0},
    {"fail", {{0}}, 0, HTTP_VERB_GET, "/fail/value", 0},
    {"fail", {STR_ARG("a/b \xc3\xa4~")}, 1, HTTP_VERB_GET, "/fail/a%2Fb%20%C3%A4~", 0},
};

static struct bench_spec spec_of(const char *name, const struct bench_value *args, size_t nargs)
{
    const struct bench_operation *operation = bench_operation_find(name, strlen(name));
    cr_assert_not_null(operation, "no operation %s", name);
    return (struct bench_spec){
        .kind = BENCH_SPEC_OPERATION, .operation = operation, .args = args, .nargs = nargs};
}

Test(http_codec, spells_operations)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(spelled_rows); i++) {
        const struct spelled *row = &spelled_rows[i];
        struct bench_spec spec = spec_of(row->name, row->args, row->nargs);
        struct http_call call;
        struct bench_error err = {0};
        cr_assert_eq(http_codec_spell(&spec, &call, &err), 0, "%s: %s", row->name, err.msg);
        cr_expect_eq(call.verb, row->verb, "%s", row->target);
        cr_expect_str_eq(call.target, row->target);
        cr_expect_eq(call.reply_bytes, row->reply_bytes, "%s", row->target);
        cr_expect_eq(call.bulk, spec.operation->bulk);
        cr_expect_eq(call.operation, spec.operation);
        cr_expect_eq(call.chunked_tx, spec.operation->id == BENCH_OP_UPLOAD_CHUNKED);
    }
}

/* The row that the server runs for the request of another one. */
static const struct bench_operation *served(const struct bench_operation *operation)
{
    static const struct {
        enum bench_operation_id asked, served;
    } rows[] = {
        {BENCH_OP_UPLOAD_CHUNKED, BENCH_OP_UPLOAD}, /* only the encoding of its body differs */
        {BENCH_OP_GET_USERS_DICTS, BENCH_OP_GET_USERS},
        {BENCH_OP_GET_USERS_TUPLES, BENCH_OP_GET_USERS},
        {BENCH_OP_GET_USERS_BATCH, BENCH_OP_GET_USERS_BATCH_DICTS},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++)
        if (operation->id == rows[i].asked)
            return bench_operation_get(rows[i].served);
    return operation;
}

/* Those that are about references and about calling have no sense in HTTP. */
static bool has_spelling(enum bench_operation_id id)
{
    return id != BENCH_OP_GET_USER_DICT && id != BENCH_OP_GET_USER_TUPLE && id != BENCH_OP_NESTED &&
           (id < BENCH_OP_METHOD_A || id > BENCH_OP_METHOD_D);
}

Test(http_codec, spells_every_operation)
{
    for (int id = 0; id < BENCH_OPERATION_COUNT; id++) {
        const struct bench_operation *operation = bench_operation_get((enum bench_operation_id)id);
        struct bench_spec spec = {.kind = BENCH_SPEC_OPERATION, .operation = operation};
        struct http_call call;
        struct http_route route;
        if (!has_spelling(operation->id)) {
            cr_expect_eq(http_codec_spell(&spec, &call, NULL), -ENOTSUP, "%s", operation->name);
            continue;
        }
        cr_assert_eq(http_codec_spell(&spec, &call, NULL), 0, "%s", operation->name);
        http_codec_route(call.verb, call.target, &arena, &route);
        cr_expect_eq(route.status, 200);
        operation = served(operation);
        cr_expect_eq(route.operation, operation, "%s", operation->name);
        cr_assert_eq(route.nargs, bench_operation_nparams(operation));
        for (size_t i = 0; i < route.nargs; i++)
            cr_expect(bench_value_equal(&route.args[i], &operation->params[i].default_value));
    }
}

struct refused_call {
    const char *name;
    struct bench_value args[3];
    size_t nargs;
    const char *word; /* of the message */
};

static const struct bench_value mixed_ids[] = {INT_ARG(1), STR_ARG("2")};

static const struct refused_call refused_calls[] = {
    {"ping", {INT_ARG(1)}, 1, "takes 0"},
    {"cpu_work", {STR_ARG("7")}, 1, "iterations"},
    {"cpu_work", {REAL_ARG(1.5)}, 1, "whole number"},
    {"io_work", {REAL_ARG(INFINITY)}, 1, "finite"},
    {"io_work", {REAL_ARG(NAN)}, 1, "finite"},
    {"io_work", {{.kind = BENCH_NONE}}, 1, "delay"},
    {"download_chunk", {INT_ARG(1), STR_ARG("x")}, 2, "offset"},
    {"download_chunk", {INT_ARG(1), INT_ARG(2), INT_ARG(3)}, 3, "takes 2"},
    {"get_users_batch", {INT_ARG(1)}, 1, "a tuple of whole numbers as ids"},
    {"get_users_batch", {{.kind = BENCH_TUPLE, .seq = {mixed_ids, 2}}}, 1, "whole numbers"},
    {"fail", {INT_ARG(1)}, 1, "a text as kind"},
    {"get_user", {REAL_ARG(1)}, 1, "a whole number as id"},
};

Test(http_codec, refuses_arguments)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(refused_calls); i++) {
        const struct refused_call *row = &refused_calls[i];
        struct bench_spec spec = spec_of(row->name, row->args, row->nargs);
        struct http_call call;
        struct bench_error err = {0};
        cr_expect_eq(http_codec_spell(&spec, &call, &err), -EINVAL, "%s", row->name);
        cr_expect_not_null(strstr(err.msg, row->word), "'%s' lacks '%s'", err.msg, row->word);
    }
}

static int spell_text(const char *text, struct http_call *call, struct bench_error *err)
{
    struct bench_spec spec = {.kind = BENCH_SPEC_TEXT, .text = text};
    return http_codec_spell(&spec, call, err);
}

Test(http_codec, spells_text_and_probe)
{
    struct http_call call;
    struct bench_error err = {0};
    cr_assert_eq(spell_text("GET /a/b?c=d&e=%20", &call, &err), 0, "%s", err.msg);
    cr_expect_eq(call.verb, HTTP_VERB_GET);
    cr_expect_str_eq(call.target, "/a/b?c=d&e=%20");
    cr_expect(call.text);
    cr_expect_not(call.bulk);
    cr_expect_null(call.operation);
    cr_assert_eq(spell_text("HEAD /", &call, &err), 0);
    cr_expect_eq(call.verb, HTTP_VERB_HEAD);
    cr_expect_not(call.bulk);
    cr_expect_not(call.probe);
    cr_assert_eq(spell_text("POST /x", &call, &err), 0);
    cr_expect_eq(call.verb, HTTP_VERB_POST);
    cr_expect_eq(call.body_length, 0);

    struct bench_spec probe = {.kind = BENCH_SPEC_PROBE};
    cr_assert_eq(http_codec_spell(&probe, &call, &err), 0);
    cr_expect_eq(call.verb, HTTP_VERB_HEAD);
    cr_expect_str_eq(call.target, "/");
    cr_expect(call.probe);
}

Test(http_codec, spells_bodies)
{
    static const struct {
        const char *text, *body;
        size_t length;
        bool json;
    } rows[] = {
        {"POST /x hello world", "hello world", 11, false},
        {"POST /x {\"a\": 1}", "{\"a\": 1}", 8, true},
        {"POST /x [1]", "[1]", 3, true},
        {"POST /x b'a\\x00\\'\\n\"\\\\'", "a\0'\n\"\\", 6, false},
        {"POST /x b\"it's\"", "it's", 4, false},
        {"POST /x b", "b", 1, false},
        {"POST /x b''", "", 0, false},
        {"PUT /x {}", "{}", 2, true},
        {"PATCH /x y", "y", 1, false},
        {"DELETE /x y", "y", 1, false},
        {"OPTIONS /x y", "y", 1, false},
    };
    static const struct {
        const char *text, *column;
    } bad[] = {
        {"GET /x y", "column 8:"},
        {"HEAD /x y", "column 9:"},
        {"POST /x b'a", "column 9:"},
        {"POST /x b'\\q'", "column 11:"},
        {"POST /x b'\\x4'", "column 11:"},
        {"POST /x b'a'b", "column 13:"},
        {"OPTIONS x", "column 9:"},
        {"DELETE", "column 1:"},
        {"put /x", "column 1:"},
    };
    struct http_call call;
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        struct bench_error err = {0};
        cr_assert_eq(spell_text(rows[i].text, &call, &err), 0, "%s: %s", rows[i].text, err.msg);
        cr_expect_str_eq(call.target, "/x");
        cr_expect_eq(call.body_length, rows[i].length, "%s", rows[i].text);
        cr_expect_eq(memcmp(call.body, rows[i].body, rows[i].length), 0, "%s", rows[i].text);
        cr_expect_eq(call.json_body, rows[i].json, "%s", rows[i].text);
    }
    for (size_t i = 0; i < BENCH_COUNT_OF(bad); i++) {
        struct bench_error err = {0};
        cr_expect_eq(spell_text(bad[i].text, &call, &err), -EINVAL, "%s", bad[i].text);
        cr_expect_eq(strncmp(err.msg, bad[i].column, strlen(bad[i].column)), 0, "%s: %s",
                     bad[i].text, err.msg);
    }
    static char large[HTTP_BODY_MAX + 16];
    memset(large, 'a', sizeof(large) - 1);
    memcpy(large, "POST /x ", 8);
    large[8 + HTTP_BODY_MAX] = '\0'; /* the longest that fits */
    cr_expect_eq(spell_text(large, &call, NULL), 0);
    large[8 + HTTP_BODY_MAX] = 'a';
    cr_expect_eq(spell_text(large, &call, NULL), -EINVAL);
}

Test(http_codec, decodes_answers_of_texts)
{
    static const struct {
        const char *body, *repr;
    } rows[] = {
        {"{\"name\": \"User1\", \"tags\": [1, 2.5, true, false, null, \"\\u00e4\"], \"d\": {}}",
         "{'name': 'User1', 'tags': [1, 2.5, True, False, None, '\xc3\xa4'], 'd': {}}"},
        {"[]", "[]"},
        {"", "b''"},
        {"{broken", "b'{broken'"},
        {"12", "b'12'"},
        {"<html>", "b'<html>'"},
        {"[99999999999999999999]", "b'[99999999999999999999]'"},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        struct bench_buf text;
        struct bench_value value;
        bench_buf_init(&text, 1 << 16);
        cr_assert_eq(http_codec_decode_text(rows[i].body, strlen(rows[i].body), &arena, &value), 0);
        cr_assert_eq(bench_value_repr(&value, &text), 0);
        cr_assert_eq(bench_buf_add(&text, "", 1), 0);
        cr_expect_str_eq((const char *)bench_buf_head(&text), rows[i].repr);
        bench_buf_fini(&text);
    }
    struct bench_arena small;
    struct bench_value value;
    bench_arena_init(&small, 1);
    cr_expect_eq(http_codec_decode_text("[1]", 3, &small, &value), -ENOMEM);
    bench_arena_fini(&small);
}

Test(http_codec, refuses_text)
{
    static const char *const bad[] = {
        "",
        "GET",
        "GET ",
        "/ping",
        "get /ping",
        "PUTT /x",
        "GE /x",
        "GETT /x",
        "GET x",
        "GET  /x",
        "GET /a b",
        "GET /x HTTP/1.1",
        "GET /x\r\nA: b",
        "GET /x#y",
        "GET /\x7f",
        "GET /\xc3\xa4",
        "? /x",
        "GET http://a/",
        " GET /x",
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(bad); i++) {
        struct http_call call;
        struct bench_error err = {0};
        cr_expect_eq(spell_text(bad[i], &call, &err), -EINVAL, "'%s' was taken", bad[i]);
        cr_expect_neq(err.msg[0], '\0');
    }
    char text[HTTP_TARGET_MAX + 8];
    struct http_call call;
    memset(text, 'a', sizeof(text));
    memcpy(text, "GET /", 5);
    text[4 + HTTP_TARGET_MAX - 1] = '\0'; /* the longest that fits */
    cr_expect_eq(spell_text(text, &call, NULL), 0);
    text[4 + HTTP_TARGET_MAX - 1] = 'a';
    text[4 + HTTP_TARGET_MAX] = '\0';
    cr_expect_eq(spell_text(text, &call, NULL), -EINVAL);
}

/* ---- replies ---- */

struct decoded {
    const char *name, *body;
    struct bench_value value; /* kind NONE: must be refused */
};

#define DICT_ARG(items, n)                                                                         \
    {                                                                                              \
        .kind = BENCH_DICT, .seq = {(items), (n) }                                                 \
    }

static const struct bench_value user7[] = {STR_ARG("id"), INT_ARG(7), STR_ARG("name"),
                                           STR_ARG("user7")};
static const struct bench_value values7[] = {INT_ARG(7), STR_ARG("user7")};
static const struct bench_value dict7 = DICT_ARG(user7, 4);
static const struct bench_value tuple7 = {.kind = BENCH_TUPLE, .seq = {values7, 2}};
static const struct bench_value scalars[] = {{.kind = BENCH_NONE},
                                             {.kind = BENCH_BOOL, .boolean = true},
                                             REAL_ARG(1.5)};

static const struct decoded decoded_rows[] = {
    {"ping", "{\"response\":\"pong\"}", STR_ARG("pong")},
    {"ping", " {\n\t\"response\" : \"pong\" } ", STR_ARG("pong")},
    {"ping", "{\"server\":\"x\",\"response\":\"pong\"}", STR_ARG("pong")},
    {"ping", "{\"response\":\"\"}", STR_ARG("")},
    {"ping", "{\"response\":\"a\\\"b\\u00e4\"}", STR_ARG("a\"b\xc3\xa4")},
    {"ping", "{\"response\":\"\xc3\xa4\"}", STR_ARG("\xc3\xa4")},
    {"health_check", "{\"status\":\"ok\"}", STR_ARG("ok")},
    {"upload", "{\"size\":0}", INT_ARG(0)},
    {"upload", "{\"size\":123456789012345}", INT_ARG(123456789012345)},
    {"upload", "{\"size\": 7}", INT_ARG(7)},
    {"upload_chunk", "{\"size\":16384}", INT_ARG(16384)},
    {"compute", "{\"result\":-7}", INT_ARG(-7)},
    {"compute", "{\"result\":9007199254740992}", INT_ARG(INT64_C(1) << 53)},
    {"compute", "{\"result\":\"9007199254740993\"}", INT_ARG((INT64_C(1) << 53) + 1)},
    {"compute", "{\"result\":\"9223372036854775807\"}", INT_ARG(INT64_MAX)},
    {"compute", "{\"result\":\"-9223372036854775808\"}", INT_ARG(INT64_MIN)},
    {"compute", "{\"result\":\"9223372036854775808\"}", BIG_ARG("9223372036854775808")},
    {"compute", "{\"result\":\"-9223372036854775809\"}", BIG_ARG("-9223372036854775809")},
    {"cpu_work", "{\"result\":\"3595323d0c762e0f\"}", STR_ARG("3595323d0c762e0f")},
    {"cpu_work", "{\"result\":\"1234567890123456\"}", STR_ARG("1234567890123456")},
    {"io_work", "{\"result\":\"data\"}", STR_ARG("data")},
    {"get_user", "{\"id\": 7, \"name\":\"user7\"}", DICT_ARG(user7, 4)},
    {"get_users", "[]", {.kind = BENCH_LIST}},
    {"get_users_dicts", "[{\"id\":7,\"name\":\"user7\"}]", {.kind = BENCH_LIST, .seq = {&dict7, 1}}},
    {"get_users", "[null,true,1.5]", {.kind = BENCH_LIST, .seq = {scalars, 3}}},
    {"get_users_tuples", "[]", {.kind = BENCH_TUPLE}},
    {"get_users_batch",
     "[{\"id\":7,\"name\":\"user7\"}]",
     {.kind = BENCH_TUPLE, .seq = {&tuple7, 1}}},
    /* refused */
    {"get_user", "[]", {0}},
    {"get_user", "7", {0}},
    {"get_users", "{}", {0}},
    {"get_users_tuples", "{}", {0}},
    {"get_users_tuples", "[1]", {0}},
    {"get_users", "[1", {0}},
    {"fail", "{}", {0}},
    {"fail", "null", {0}},
    {"ping", "", {0}},
    {"ping", "pong", {0}},
    {"ping", "\"pong\"", {0}},
    {"ping", "[\"pong\"]", {0}},
    {"ping", "{\"response\":\"pong\"", {0}},
    {"ping", "{\"response\":\"pong\"}x", {0}},
    {"ping", "{\"response\":\"po\"ng\"}", {0}},
    {"ping", "{\"response\":\"\xff\"}", {0}},
    {"ping", "{\"response\":\"a\nb\"}", {0}},
    {"ping", "{\"response\":\"a\\u0000b\"}", {0}},
    {"ping", "{\"response\":1}", {0}},
    {"ping", "{\"response\":null}", {0}},
    {"ping", "{\"answer\":\"pong\"}", {0}},
    {"upload", "{\"size\":}", {0}},
    {"upload", "{\"size\":007}", {0}},
    {"upload", "{\"size\":1.5}", {0}},
    {"upload", "{\"size\":\"\"}", {0}},
    {"upload", "{\"size\":true}", {0}},
    {"compute", "{\"result\":9223372036854775808}", {0}},
    {"compute", "{\"result\":\"12a\"}", {0}},
    {"compute", "{\"result\":\"-\"}", {0}},
    {"compute", "{\"result\":\" 12\"}", {0}},
    {"compute", "{\"result\":\"0012\"}", {0}},
};

Test(http_codec, decodes_replies)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(decoded_rows); i++) {
        const struct decoded *row = &decoded_rows[i];
        const struct bench_operation *operation =
            bench_operation_find(row->name, strlen(row->name));
        struct bench_value value = bench_none();
        struct bench_error err = {0};
        size_t length = strlen(row->body);
        /* exactly as long as it is: what reads past the end is found by the sanitizer */
        char *body = malloc(length > 0 ? length : 1);
        memcpy(body, row->body, length);
        int rc = http_codec_decode(operation, body, length, &arena, &value, &err);
        free(body);
        if (row->value.kind == BENCH_NONE) {
            cr_expect_eq(rc, -EPROTO, "'%s' gave %d", row->body, rc);
            cr_expect_not_null(strstr(err.msg, row->name), "'%s'", err.msg);
        } else {
            cr_expect_eq(rc, 0, "'%s': %s", row->body, err.msg);
            cr_expect(bench_value_equal(&value, &row->value), "'%s'", row->body);
        }
    }
}

Test(http_codec, decode_needs_memory)
{
    struct bench_arena none;
    struct bench_value value;
    struct bench_error err = {0};
    bench_arena_init(&none, 0);
    cr_expect_eq(http_codec_decode(bench_operation_get(BENCH_OP_PING), "{\"response\":\"pong\"}",
                                   19, &none, &value, &err),
                 -ENOMEM);
    static const char user[] = "{\"id\":1}", users[] = "[{\"id\":1}]";
    cr_expect_eq(http_codec_decode(bench_operation_get(BENCH_OP_GET_USER), user, sizeof(user) - 1,
                                   &none, &value, &err),
                 -ENOMEM);
    cr_expect_eq(http_codec_decode(bench_operation_get(BENCH_OP_GET_USERS), users,
                                   sizeof(users) - 1, &none, &value, &err),
                 -ENOMEM);
    bench_arena_fini(&none);
}

Test(http_codec, decodes_errors)
{
    char out[64];
    static const char good[] = "{\"message\":\"n is\\nnegative\",\"error\":\"ValueError\"}";
    cr_assert(http_codec_decode_error(good, sizeof(good) - 1, out, sizeof(out)));
    cr_expect_str_eq(out, "ValueError: n is negative");
    static const char empty[] = "{\"error\":\"KeyError\",\"message\":\"\"}";
    cr_assert(http_codec_decode_error(empty, sizeof(empty) - 1, out, sizeof(out)));
    cr_expect_str_eq(out, "KeyError");
    cr_assert(http_codec_decode_error(good, sizeof(good) - 1, out, 8));
    cr_expect_str_eq(out, "ValueEr");
    static const char *const bad[] = {
        "",          "Not Found",         "{}",
        "[]",        "{\"error\":\"x\"}", "{\"error\":1,\"message\":\"x\"}",
        "{\"error\""};
    for (size_t i = 0; i < BENCH_COUNT_OF(bad); i++)
        cr_expect_not(http_codec_decode_error(bad[i], strlen(bad[i]), out, sizeof(out)), "%s",
                      bad[i]);
}

/* ---- requests ---- */

struct routed {
    enum http_verb verb;
    const char *target;
    int status;
    const char *name; /* of the operation, NULL = none */
    struct bench_value args[2];
    const char *allow;
};

#define GET  HTTP_VERB_GET
#define HEAD HTTP_VERB_HEAD
#define POST HTTP_VERB_POST

#define IDS_ARG(items, n)                                                                          \
    {                                                                                              \
        .kind = BENCH_TUPLE, .seq = {(items), (n) }                                                \
    }

static const struct bench_value routed_ids[] = {INT_ARG(5), INT_ARG(-6), INT_ARG(7)};

static const struct routed routed_rows[] = {
    {GET, "/", 200, NULL, {{0}}, "GET, HEAD"},
    {HEAD, "/", 200, NULL, {{0}}, "GET, HEAD"},
    {GET, "/?x=y", 200, NULL, {{0}}, "GET, HEAD"},
    {POST, "/", 405, NULL, {{0}}, "GET, HEAD"},
    {GET, "http://host:80/ping", 200, "ping", {{0}}, NULL},
    {GET, "HTTP://host", 200, NULL, {{0}}, NULL},
    {GET, "/ping", 200, "ping", {{0}}, NULL},
    {GET, "/ping?", 200, "ping", {{0}}, NULL},
    {HEAD, "/ping", 200, "ping", {{0}}, NULL},
    {GET, "/%70ing", 200, "ping", {{0}}, NULL},
    {POST, "/ping", 405, NULL, {{0}}, "GET, HEAD"},
    {HTTP_VERB_OTHER, "/ping", 405, NULL, {{0}}, "GET, HEAD"},
    {GET, "/echo", 405, NULL, {{0}}, "POST"},
    {HEAD, "/upload", 405, NULL, {{0}}, "POST"},
    {POST, "/upload-chunk", 200, "upload_chunk", {{0}}, NULL},
    {GET, "/download/17", 200, "download", {INT_ARG(17)}, NULL},
    {GET, "/download/17?chunks=4", 200, "download", {INT_ARG(17)}, NULL},
    {GET, "/download/17?chunk", 200, "download", {INT_ARG(17)}, NULL},
    {GET, "/download/17?chunk=4", 200, "download_chunked", {INT_ARG(17), INT_ARG(4)}, NULL},
    {HEAD, "/download/17?chunk=1", 200, "download_chunked", {INT_ARG(17), INT_ARG(1)}, NULL},
    {GET,
     "/download/17?a&chunk=%34&chunk=5",
     200,
     "download_chunked",
     {INT_ARG(17), INT_ARG(4)},
     NULL},
    {POST, "/download/17?chunk=4", 405, NULL, {{0}}, "GET, HEAD"},
    {GET, "/download/17?chunk=0", 400, NULL, {{0}}, NULL},
    {GET, "/download/17?chunk=-4", 400, NULL, {{0}}, NULL},
    {GET, "/download/17?chunk=&x", 400, NULL, {{0}}, NULL},
    {GET, "/download/17?chunk=4x", 400, NULL, {{0}}, NULL},
    {GET, "/download/x?chunk=4", 400, NULL, {{0}}, NULL},
    {GET, "/download-chunk/5?chunk=4", 200, "download_chunk", {INT_ARG(5), INT_ARG(0)}, NULL},
    {POST, "/upload?chunk=4", 200, "upload", {{0}}, NULL},
    {GET, "/download/-1", 200, "download", {INT_ARG(-1)}, NULL},
    {GET, "/download/%31%37", 200, "download", {INT_ARG(17)}, NULL},
    {GET, "/download-chunk/5?offset=9", 200, "download_chunk", {INT_ARG(5), INT_ARG(9)}, NULL},
    {GET,
     "/download-chunk/5?a=b&offset=%39&c",
     200,
     "download_chunk",
     {INT_ARG(5), INT_ARG(9)},
     NULL},
    {GET, "/download-chunk/5", 200, "download_chunk", {INT_ARG(5), INT_ARG(0)}, NULL},
    {GET, "/io/0.5", 200, "io_work", {REAL_ARG(0.5)}, NULL},
    {GET, "/io/2", 200, "io_work", {REAL_ARG(2)}, NULL},
    {GET, "/io/1e-3", 200, "io_work", {REAL_ARG(1e-3)}, NULL},
    {GET, "/health", 200, "health_check", {{0}}, NULL},
    {GET, "/users/7", 200, "get_user", {INT_ARG(7)}, NULL},
    {GET, "/users", 200, "get_users", {INT_ARG(100)}, NULL},
    {GET, "/users?n=7", 200, "get_users", {INT_ARG(7)}, NULL},
    {GET, "/users?x=7", 200, "get_users", {INT_ARG(100)}, NULL},
    {GET, "/users?n=1&ids=5,-6,7", 200, "get_users_batch_dicts", {IDS_ARG(routed_ids, 3)}, NULL},
    {GET, "/users?ids=5%2C-6", 200, "get_users_batch_dicts", {IDS_ARG(routed_ids, 2)}, NULL},
    {GET, "/users?ids=", 200, "get_users_batch_dicts", {{.kind = BENCH_TUPLE}}, NULL},
    {GET, "/fail/a%20b", 200, "fail", {STR_ARG("a b")}, NULL},
    {POST, "/users", 405, NULL, {{0}}, "GET, HEAD"},
    {POST, "/fail/x", 405, NULL, {{0}}, "GET, HEAD"},
    {GET, "/fail", 404, NULL, {{0}}, NULL},
    {GET, "/nested/1", 404, NULL, {{0}}, NULL},
    {GET, "/users/", 400, NULL, {{0}}, NULL},
    {GET, "/users/x", 400, NULL, {{0}}, NULL},
    {GET, "/users?n=", 400, NULL, {{0}}, NULL},
    {GET, "/users?ids=1,,2", 400, NULL, {{0}}, NULL},
    {GET, "/users?ids=1,", 400, NULL, {{0}}, NULL},
    {GET, "/users?ids=+1", 400, NULL, {{0}}, NULL},
    {GET, "/users?ids=-", 400, NULL, {{0}}, NULL},
    {GET, "/users?ids=1;2", 400, NULL, {{0}}, NULL},
    {GET, "/users?ids=9223372036854775808", 400, NULL, {{0}}, NULL},
    {GET, "/fail/", 400, NULL, {{0}}, NULL},
    {GET, "/nope", 404, NULL, {{0}}, NULL},
    {GET, "ping", 404, NULL, {{0}}, NULL},
    {GET, "*", 404, NULL, {{0}}, NULL},
    {GET, "/ping/", 404, NULL, {{0}}, NULL},
    {GET, "/download", 404, NULL, {{0}}, NULL},
    {GET, "/download/1/2", 404, NULL, {{0}}, NULL},
    {GET, "/download/", 400, NULL, {{0}}, NULL},
    {GET, "/download/x", 400, NULL, {{0}}, NULL},
    {GET, "/download/1.5", 400, NULL, {{0}}, NULL},
    {GET, "/download/0x10", 400, NULL, {{0}}, NULL},
    {GET, "/download/ 7", 400, NULL, {{0}}, NULL},
    {GET, "/download/--7", 400, NULL, {{0}}, NULL},
    {GET, "/download/9223372036854775808", 400, NULL, {{0}}, NULL},
    {GET, "/download/7%2", 400, NULL, {{0}}, NULL},
    {GET, "/download/7%zz", 400, NULL, {{0}}, NULL},
    {GET, "/download/7%00", 400, NULL, {{0}}, NULL},
    {GET, "/download-chunk/5?offset=", 400, NULL, {{0}}, NULL},
    {GET, "/download-chunk/5?offset=%4", 400, NULL, {{0}}, NULL},
    {GET, "/io/nan", 400, NULL, {{0}}, NULL},
    {GET, "/io/inf", 400, NULL, {{0}}, NULL},
    {GET, "/io/1e999", 400, NULL, {{0}}, NULL},
    {GET, "/io/0x1p3", 400, NULL, {{0}}, NULL},
    {GET, "/io/1e", 400, NULL, {{0}}, NULL},
};

Test(http_codec, routes)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(routed_rows); i++) {
        const struct routed *row = &routed_rows[i];
        struct http_route route;
        char *target = strdup(row->target);
        http_codec_route(row->verb, target, &arena, &route);
        cr_expect_eq(route.status, row->status, "%s gave %d", row->target, route.status);
        cr_expect_eq(route.why[0] != '\0', row->status == 400, "%s: '%s'", row->target, route.why);
        if (row->allow != NULL)
            cr_expect_str_eq(route.allow, row->allow, "%s", row->target);
        if (row->status == 200 && row->name == NULL)
            cr_expect_null(route.operation);
        if (row->status == 200 && row->name != NULL) {
            cr_assert_not_null(route.operation, "%s", row->target);
            cr_expect_str_eq(route.operation->name, row->name);
            for (size_t a = 0; a < route.nargs; a++)
                cr_expect(bench_value_equal(&route.args[a], &row->args[a]), "%s: argument %zu",
                          row->target, a);
        }
        free(target);
    }
}
