/* SPDX-License-Identifier: MIT */
/* The bodies that the server writes. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/buf.h"
#include "protocols/http/http_codec.h"
#include "protocols/http/http_json.h"

TestSuite(http_bodies, .timeout = 20);

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

struct encoded {
    enum bench_operation_id id;
    struct bench_value value;
    const char *body;
};

static const struct encoded encoded_rows[] = {
    {BENCH_OP_PING, STR_ARG("pong"), "{\"response\":\"pong\"}"},
    {BENCH_OP_UPLOAD, INT_ARG(12), "{\"size\":12}"},
    {BENCH_OP_HEALTH_CHECK, STR_ARG("ok"), "{\"status\":\"ok\"}"},
    {BENCH_OP_COMPUTE, INT_ARG(-3), "{\"result\":-3}"},
    {BENCH_OP_COMPUTE, INT_ARG(INT64_C(1) << 53), "{\"result\":9007199254740992}"},
    {BENCH_OP_COMPUTE, INT_ARG((INT64_C(1) << 53) + 1), "{\"result\":\"9007199254740993\"}"},
    {BENCH_OP_COMPUTE, INT_ARG(INT64_MIN), "{\"result\":\"-9223372036854775808\"}"},
    {BENCH_OP_COMPUTE, BIG_ARG("123456789012345678901234567890"),
     "{\"result\":\"123456789012345678901234567890\"}"},
    {BENCH_OP_COMPUTE, {.kind = BENCH_NONE}, "{\"result\":null}"},
    {BENCH_OP_COMPUTE, {.kind = BENCH_BOOL, .boolean = true}, "{\"result\":true}"},
    {BENCH_OP_COMPUTE, REAL_ARG(0.1), "{\"result\":0.1}"},
    {BENCH_OP_ECHO, {.kind = BENCH_BYTES, .text = {"a\0b", 3}}, NULL},
    {BENCH_OP_GET_USER, DICT_ARG(user7, 4), "{\"id\":7,\"name\":\"user7\"}"},
    {BENCH_OP_GET_USERS, {.kind = BENCH_LIST, .seq = {scalars, 3}}, "[null,true,1.5]"},
    {BENCH_OP_GET_USERS, {.kind = BENCH_LIST, .seq = {&dict7, 1}},
     "[{\"id\":7,\"name\":\"user7\"}]"},
    {BENCH_OP_GET_USERS, {.kind = BENCH_LIST}, "[]"},
    {BENCH_OP_GET_USERS_BATCH, {.kind = BENCH_TUPLE, .seq = {&tuple7, 1}}, "[[7,\"user7\"]]"},
};

Test(http_bodies, encodes_values)
{
    struct bench_buf buf;
    bench_buf_init(&buf, 4096);
    for (size_t i = 0; i < BENCH_COUNT_OF(encoded_rows); i++) {
        const struct encoded *row = &encoded_rows[i];
        const struct bench_operation *operation = bench_operation_get(row->id);
        struct http_body body;
        cr_assert_eq(http_codec_encode(operation, &row->value, &buf, &body), 0);
        if (row->body == NULL) {
            cr_expect_str_eq(body.content_type, "application/octet-stream");
            cr_expect_eq(body.data, row->value.text.data, "bulk bodies are not copied");
            cr_expect_eq(body.length, row->value.text.length);
            continue;
        }
        cr_expect_str_eq(body.content_type, "application/json");
        cr_expect_eq(body.length, strlen(row->body));
        cr_expect_arr_eq(body.data, row->body, strlen(row->body), "%s", row->body);
    }
    struct http_body body;
    struct bench_value odd = {.kind = BENCH_ELLIPSIS};
    const struct bench_operation *compute = bench_operation_get(BENCH_OP_COMPUTE);
    cr_expect_eq(http_codec_encode(compute, &odd, &buf, &body), -ENOTSUP);
    odd = bench_float(NAN);
    cr_expect_eq(http_codec_encode(compute, &odd, &buf, &body), -ENOTSUP);
    bench_buf_fini(&buf);
}

struct quoted {
    const char *text, *json;
};

static const struct quoted quoted_rows[] = {
    {"", "\"\""},
    {"plain text", "\"plain text\""},
    {"a\"b\\c/", "\"a\\\"b\\\\c/\""},
    {"\n\t\x01\x7f", "\"\\u000a\\u0009\\u0001\\u007f\""},
    {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
    {"cut\xe2\x82", "\"cut\xef\xbf\xbd\xef\xbf\xbd\""},
    {"\xff", "\"\xef\xbf\xbd\""},
    {"\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\""}, /* overlong */
    {"\xe0\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* a surrogate */
    {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    {"\xf0\x8f\xbf\xbf", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    {"\xf0\x90\x80\x80", "\"\xf0\x90\x80\x80\""},
};

Test(http_bodies, quotes_strings)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(quoted_rows); i++) {
        struct bench_buf buf;
        bench_buf_init(&buf, 4096);
        size_t length = strlen(quoted_rows[i].text);
        char *text = malloc(length + 1);
        memcpy(text, quoted_rows[i].text, length);
        cr_assert_eq(http_json_add_string(&buf, text, length), 0);
        cr_expect_eq(bench_buf_length(&buf), strlen(quoted_rows[i].json), "row %zu", i);
        cr_expect_arr_eq(bench_buf_head(&buf), quoted_rows[i].json, bench_buf_length(&buf),
                         "row %zu", i);
        free(text);
        bench_buf_fini(&buf);
    }
    struct bench_buf small;
    bench_buf_init(&small, 8);
    cr_expect_eq(http_json_add_string(&small, "much too long for it", 20), -EMSGSIZE);
    bench_buf_fini(&small);
}

Test(http_bodies, errors_go_both_ways)
{
    struct bench_buf buf;
    struct http_body body;
    char out[128];
    bench_buf_init(&buf, 4096);
    cr_assert_eq(http_codec_encode_error("ValueError", "size -1 is \"bad\"", &buf, &body), 0);
    static const char wanted[] =
        "{\"error\":\"ValueError\",\"message\":\"size -1 is \\\"bad\\\"\"}";
    cr_expect_eq(body.length, sizeof(wanted) - 1);
    cr_expect_arr_eq(body.data, wanted, sizeof(wanted) - 1);
    cr_assert(http_codec_decode_error(body.data, body.length, out, sizeof(out)));
    cr_expect_str_eq(out, "ValueError: size -1 is \"bad\"");
    bench_buf_fini(&buf);
    cr_expect_eq(http_codec_exception_status("ValueError"), 400);
    cr_expect_eq(http_codec_exception_status("TypeError"), 400);
    cr_expect_eq(http_codec_exception_status("KeyError"), 500);
    cr_expect_eq(http_codec_exception_status("MemoryError"), 500);
}
