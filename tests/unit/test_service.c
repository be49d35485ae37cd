/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "bench/object.h"
#include "service/service.h"

static struct bench_arena arena;
static struct bench_call call;
static struct bench_value result;

static void setup(void)
{
    bench_arena_init(&arena, (size_t)64 << 10);
    call = (struct bench_call){.arena = &arena, .service = bench_reference_service()};
}

static void teardown(void) { bench_arena_fini(&arena); }

TestSuite(service, .init = setup, .fini = teardown, .timeout = 30);

static int run(enum bench_operation_id id, const struct bench_value *args, size_t nargs)
{
    const struct bench_service *service = bench_reference_service();
    return service->call(service, &call, bench_operation_get(id), args, nargs, &result);
}

static int run1(enum bench_operation_id id, struct bench_value arg) { return run(id, &arg, 1); }

static bool is_text(const struct bench_value *value, enum bench_kind kind, const char *text)
{
    return value->kind == kind && value->text.length == strlen(text) &&
           memcmp(value->text.data, text, value->text.length) == 0;
}

/* ---- answers ---- */

Test(service, constant_answers)
{
    cr_assert_eq(run(BENCH_OP_PING, NULL, 0), 0);
    cr_expect(is_text(&result, BENCH_STR, "pong"));
    cr_assert_eq(run(BENCH_OP_HEALTH_CHECK, NULL, 0), 0);
    cr_expect(is_text(&result, BENCH_STR, "ok"));
}

Test(service, hashes_known_values)
{
    /* by Python's hashlib */
    static const struct {
        int64_t iterations;
        const char *digits;
    } rows[] = {
        {0, "7374617274"}, /* b"start" itself */
        {1, "cced28c6dc3f99c2"},
        {1000, "3595323d0c762e0f"},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        cr_assert_eq(run1(BENCH_OP_CPU_WORK, bench_int(rows[i].iterations)), 0);
        cr_expect(is_text(&result, BENCH_STR, rows[i].digits), "%lld iterations",
                  (long long)rows[i].iterations);
    }
}

Test(service, sums_known_values)
{
    static const struct {
        int64_t n, sum;
    } rows[] = {{0, 0}, {1, 0}, {2, 1}, {4, 14}, {400000, 21333253333400000}};
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        cr_assert_eq(run1(BENCH_OP_COMPUTE, bench_int(rows[i].n)), 0);
        cr_expect_eq(result.kind, BENCH_INT);
        cr_expect_eq(result.integer, rows[i].sum);
    }
    /* over 2^63, and over more than one stride of the loop */
    cr_assert_eq(run1(BENCH_OP_COMPUTE, bench_int(5000000)), 0);
    cr_expect(is_text(&result, BENCH_BIGINT, "41666654166667500000"));
}

Test(service, missing_arguments_take_the_rows_defaults)
{
    cr_assert_eq(run(BENCH_OP_COMPUTE, NULL, 0), 0);
    cr_expect_eq(result.integer, 332833500); /* n = 1000 */
    cr_assert_eq(run(BENCH_OP_DOWNLOAD, NULL, 0), 0);
    cr_expect_eq(result.text.length, 1024);
}

Test(service, uploads_count_and_echo_points_at_the_same_bytes)
{
    const char data[] = "some bytes";
    cr_assert_eq(run1(BENCH_OP_UPLOAD, bench_bytes(data, 10)), 0);
    cr_expect_eq(result.kind, BENCH_INT);
    cr_expect_eq(result.integer, 10);
    cr_assert_eq(run1(BENCH_OP_UPLOAD_CHUNK, bench_bytes(NULL, 0)), 0);
    cr_expect_eq(result.integer, 0);
    cr_assert_eq(run1(BENCH_OP_ECHO, bench_bytes(data, 10)), 0);
    cr_expect_eq(result.kind, BENCH_BYTES);
    cr_expect_eq(result.text.data, data);
    cr_assert_eq(run1(BENCH_OP_ECHO, bench_float(1.5)), 0);
    cr_expect_eq(result.real, 1.5);
}

Test(service, io_work_without_a_session_answers_without_waiting)
{
    cr_assert_eq(run1(BENCH_OP_IO_WORK, bench_float(3600)),
                 0); /* else the test's timeout ends it */
    cr_expect(is_text(&result, BENCH_STR, "data"));
    cr_assert_eq(run1(BENCH_OP_IO_WORK, bench_int(0)), 0);
}

/* ---- refusals ---- */

Test(service, bad_arguments_raise)
{
    const struct bench_value bytes = bench_bytes("x", 1),
                             huge = {.kind = BENCH_BIGINT, .text = {"9999999999999999999", 19}};
    const struct bench_value two[] = {bytes, bytes};
    const struct bench_value end[] = {bench_int(1), bench_int((int64_t)BENCH_PAYLOAD_MAX)};
    const struct {
        enum bench_operation_id id;
        struct bench_value args[2];
        size_t nargs;
        const char *type;
    } rows[] = {
        {BENCH_OP_PING, {bytes}, 1, "TypeError"},
        {BENCH_OP_ECHO, {bytes}, 0, "TypeError"},
        {BENCH_OP_UPLOAD, {two[0], two[1]}, 2, "TypeError"},
        {BENCH_OP_UPLOAD, {bench_str("text")}, 1, "TypeError"},
        {BENCH_OP_DOWNLOAD, {bench_int(-1)}, 1, "ValueError"},
        {BENCH_OP_DOWNLOAD, {bench_int((int64_t)BENCH_PAYLOAD_MAX + 1)}, 1, "ValueError"},
        {BENCH_OP_DOWNLOAD, {huge}, 1, "ValueError"},
        {BENCH_OP_DOWNLOAD, {bench_float(3)}, 1, "TypeError"},
        {BENCH_OP_DOWNLOAD_CHUNK, {end[0], end[1]}, 2, "ValueError"},
        {BENCH_OP_DOWNLOAD_CHUNK, {end[0], bench_int(-1)}, 2, "ValueError"},
        {BENCH_OP_CPU_WORK, {bench_int(-1)}, 1, "ValueError"},
        {BENCH_OP_CPU_WORK, {bench_str("1")}, 1, "TypeError"},
        {BENCH_OP_COMPUTE, {bench_int(INT64_MAX)}, 1, "ValueError"},
        {BENCH_OP_IO_WORK, {bench_float(-0.5)}, 1, "ValueError"},
        {BENCH_OP_IO_WORK, {bench_float(3600.5)}, 1, "ValueError"},
        {BENCH_OP_IO_WORK, {bench_float((double)NAN)}, 1, "ValueError"},
        {BENCH_OP_IO_WORK, {bench_float((double)INFINITY)}, 1, "ValueError"},
        {BENCH_OP_IO_WORK, {huge}, 1, "ValueError"},
        {BENCH_OP_IO_WORK, {bench_none()}, 1, "TypeError"},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        call.exception.type = NULL;
        cr_assert_eq(run(rows[i].id, rows[i].args, rows[i].nargs), -EREMOTEIO, "row %zu", i);
        cr_expect_str_eq(call.exception.type, rows[i].type, "row %zu: %s", i,
                         call.exception.message);
        cr_expect_str_eq(call.exception.module, "builtins");
        cr_assert_eq(call.exception.args.kind, BENCH_TUPLE);
        cr_assert_eq(call.exception.args.seq.count, 1);
        cr_expect(is_text(&call.exception.args.seq.items[0], BENCH_STR, call.exception.message));
    }
}

Test(service, a_raised_message_is_always_utf8)
{
    cr_assert_eq(bench_raise(&call, "ValueError", "cut \xC3\xA9 here %.*s.", 1, "\xC3\xA9"),
                 -EREMOTEIO);
    cr_expect_str_eq(call.exception.message, "cut \xC3\xA9 here ?.");
    char longer[300];
    memset(longer, 'a', sizeof(longer));
    memcpy(longer + 198, "\xE2\x82\xAC", 3); /* the message's end falls into it */
    longer[299] = '\0';
    bench_raise(&call, "ValueError", "%s", longer);
    cr_expect_eq(strlen(call.exception.message), sizeof(call.exception.message) - 1);
    cr_expect_eq(call.exception.message[198], '?');
}

/* ---- objects ---- */

static struct bench_object *method(const char *name)
{
    struct bench_object *root = bench_reference_service()->root(bench_reference_service());
    cr_assert_eq(root->ops->getattr(root, &call, name, strlen(name), &result), 0, "%s", name);
    cr_assert_eq(result.kind, BENCH_OBJECT);
    return result.object;
}

static int call_method(const char *name, const struct bench_value *args, size_t nargs,
                       const struct bench_value *kwargs)
{
    struct bench_object *object = method(name);
    const struct bench_value tuple = bench_tuple(args, nargs);
    return object->ops->call(object, &call, &tuple, kwargs, &result);
}

Test(service, root_has_a_method_for_each_operation)
{
    struct bench_object *root = bench_reference_service()->root(bench_reference_service());
    cr_expect_str_eq(root->ops->type_name, "rpycbench.ReferenceService");
    for (int i = 0; i < BENCH_OPERATION_COUNT; i++) {
        const char *name = bench_operation_get((enum bench_operation_id)i)->name;
        cr_expect_str_eq(root->ops->method_names[i], name);
        cr_expect_str_eq(method(name)->ops->type_name, "builtins.method");
        cr_expect_eq(method(name), method(name), "the same object each time");
    }
    cr_expect_null(root->ops->method_names[BENCH_OPERATION_COUNT]);
    cr_expect_eq(root->ops->getattr(root, &call, "pings", 5, &result), -EREMOTEIO);
    cr_expect_str_eq(call.exception.type, "AttributeError");
    cr_expect_str_eq(call.exception.message, "'ReferenceService' object has no attribute 'pings'");
}

Test(service, objects_have_a_repr)
{
    struct bench_object *root = bench_reference_service()->root(bench_reference_service());
    cr_assert_eq(root->ops->repr(root, &call, &result), 0);
    cr_expect(is_text(&result, BENCH_STR, "<rpycbench.ReferenceService object>"));
    struct bench_object *ping = method("ping");
    cr_assert_eq(ping->ops->repr(ping, &call, &result), 0);
    cr_expect(is_text(&result, BENCH_STR, "<bound method ReferenceService.ping>"));
}

static struct bench_value keyword(struct bench_value *pair, const char *name,
                                  struct bench_value value)
{
    pair[0] = bench_str(name);
    pair[1] = value;
    return bench_tuple(pair, 2);
}

Test(service, methods_take_keywords)
{
    struct bench_value pair[2], other[2];
    const struct bench_value four = keyword(pair, "n", bench_int(4));
    struct bench_value kwargs = bench_tuple(&four, 1);
    cr_assert_eq(call_method("compute", NULL, 0, &kwargs), 0);
    cr_expect_eq(result.integer, 14);

    const struct bench_value data = keyword(pair, "data", bench_bytes("abc", 3));
    kwargs = bench_tuple(&data, 1);
    cr_assert_eq(call_method("upload", NULL, 0, &kwargs), 0);
    cr_expect_eq(result.integer, 3);

    /* in any order, beside positional ones */
    const struct bench_value both[] = {keyword(pair, "offset", bench_int(7)),
                                       keyword(other, "size", bench_int(5))};
    kwargs = bench_tuple(both, 2);
    cr_assert_eq(call_method("download_chunk", NULL, 0, &kwargs), 0);
    cr_expect_eq(result.text.length, 5);
    cr_expect_arr_eq(result.text.data, bench_payload(12) + 7, 5);
    const struct bench_value size = bench_int(6);
    kwargs = bench_tuple(both, 1);
    cr_assert_eq(call_method("download_chunk", &size, 1, &kwargs), 0);
    cr_expect_eq(result.text.length, 6);
}

Test(service, bad_keywords_raise)
{
    struct bench_value pair[2];
    const struct bench_value four = bench_int(4), text = bench_str("n");
    const struct bench_value rows[] = {
        keyword(pair, "m", four), /* no such argument */
        text,                     /* not a pair */
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        const struct bench_value kwargs = bench_tuple(&rows[i], 1);
        cr_expect_eq(call_method("compute", NULL, 0, &kwargs), -EREMOTEIO);
        cr_expect_str_eq(call.exception.type, "TypeError");
    }
    const struct bench_value twice = keyword(pair, "n", four);
    const struct bench_value kwargs = bench_tuple(&twice, 1);
    cr_expect_eq(call_method("compute", &four, 1, &kwargs), -EREMOTEIO);
    cr_expect_str_eq(call.exception.message, "compute() got several values for argument 'n'");
}

/* ---- payload ---- */

static void payload(enum bench_payload_kind kind, uint64_t seed)
{
    struct bench_error error = {.msg = ""};
    cr_assert_eq(bench_payload_init(kind, seed, &error), 0, "%s", error.msg);
}

Test(service, random_payload_is_the_documented_one)
{
    /* by Python's hashlib.shake_256(b"rpycbenchrandom42") */
    static const uint8_t first[] = {0x09, 0x18, 0x16, 0x07, 0x48, 0x6c, 0xc7, 0x86,
                                    0xb6, 0x95, 0xb1, 0x70, 0x9a, 0xf6, 0x2a, 0x90};
    static const uint8_t last[] = {0xf7, 0x2b, 0x32, 0xa4, 0xb9, 0xcb, 0x7d, 0x4a,
                                   0xc8, 0xae, 0x38, 0x7c, 0x51, 0xdc, 0x02, 0x4e};
    payload(BENCH_PAYLOAD_RANDOM, 42);
    const uint8_t *data = bench_payload(BENCH_PAYLOAD_TILE + 16);
    cr_assert_not_null(data);
    cr_expect_arr_eq(data, first, 16);
    cr_expect_arr_eq(data + BENCH_PAYLOAD_TILE - 16, last, 16);
    cr_expect_arr_eq(data + BENCH_PAYLOAD_TILE, first, 16, "it repeats with the tile");
}

Test(service, text_payload_consists_of_the_words)
{
    static const char *const words[] = {
#define X(word) word,
#include "service/words.def"
#undef X
    };
    /* by Python's hashlib.shake_256(b"rpycbenchtext42") */
    static const uint8_t choices[] = {0x74, 0x39, 0xa6, 0x71, 0xd6, 0xbd, 0x44, 0x91};
    char expected[256] = "";
    for (size_t i = 0; i < sizeof(choices); i++) {
        strncat(expected, words[choices[i] % 64], 20);
        strncat(expected, " ", 2);
    }
    payload(BENCH_PAYLOAD_TEXT, 42);
    const char *data = (const char *)bench_payload(BENCH_PAYLOAD_TILE);
    cr_assert_not_null(data);
    cr_expect_arr_eq(data, expected, strlen(expected));
    for (size_t i = 0; i < BENCH_PAYLOAD_TILE; i++)
        cr_assert(data[i] == ' ' || (data[i] >= 'a' && data[i] <= 'z'), "byte %zu", i);
}

Test(service, payload_grows_without_moving)
{
    payload(BENCH_PAYLOAD_ZEROS, 0);
    const uint8_t *small = bench_payload(1);
    const size_t size = (size_t)40 << 20;
    const uint8_t *large = bench_payload(size);
    cr_assert_not_null(large);
    cr_expect_eq(small, large);
    cr_expect_eq(large[0], 0);
    cr_expect_eq(large[size - 1], 0);
    cr_expect_not_null(bench_payload(BENCH_PAYLOAD_MAX));
    cr_expect_eq(large[BENCH_PAYLOAD_MAX - 1], 0);
    cr_expect_null(bench_payload(BENCH_PAYLOAD_MAX + 1));
    cr_expect_not_null(bench_payload(0));
}

Test(service, payload_needs_no_choice)
{
    const uint8_t *data = bench_payload(8);
    cr_assert_not_null(data);
    uint8_t before[8];
    memcpy(before, data, 8);
    payload(BENCH_PAYLOAD_RANDOM, 0);
    cr_expect_arr_eq(bench_payload(8), before, 8);
    payload(BENCH_PAYLOAD_RANDOM, 1);
    cr_expect(memcmp(bench_payload(8), before, 8) != 0, "another seed, another payload");
}

Test(service, chunks_cross_the_tiles_end)
{
    payload(BENCH_PAYLOAD_RANDOM, 42);
    const struct bench_value args[] = {bench_int(20), bench_int(BENCH_PAYLOAD_TILE * 3 - 10)};
    cr_assert_eq(run(BENCH_OP_DOWNLOAD_CHUNK, args, 2), 0);
    const uint8_t *tile = bench_payload(BENCH_PAYLOAD_TILE);
    cr_assert_eq(result.text.length, 20);
    cr_expect_arr_eq(result.text.data, tile + BENCH_PAYLOAD_TILE - 10, 10);
    cr_expect_arr_eq(result.text.data + 10, tile, 10);

    cr_assert_eq(run1(BENCH_OP_DOWNLOAD, bench_int((int64_t)BENCH_PAYLOAD_MAX)), 0);
    cr_expect_eq(result.text.length, BENCH_PAYLOAD_MAX);
    const struct bench_value last[] = {bench_int(3), bench_int((int64_t)BENCH_PAYLOAD_MAX - 3)};
    cr_assert_eq(run(BENCH_OP_DOWNLOAD_CHUNK, last, 2), 0);
    cr_expect_arr_eq(result.text.data, tile + BENCH_PAYLOAD_TILE - 3, 3);
}

/* ---- streams ---- */

Test(service, pieces_are_added_up)
{
    const struct bench_value pieces[] = {bench_bytes("abc", 3), bench_bytes("", 0),
                                         bench_bytes("de", 2)};
    cr_assert_eq(run1(BENCH_OP_UPLOAD_CHUNKED, bench_bytes("abcd", 4)), 0);
    cr_expect(result.kind == BENCH_INT && result.integer == 4);
    cr_assert_eq(run1(BENCH_OP_UPLOAD_CHUNKED, bench_tuple(pieces, 3)), 0);
    cr_expect(result.kind == BENCH_INT && result.integer == 5);
    struct bench_value list = bench_tuple(pieces, 2);
    list.kind = BENCH_LIST;
    cr_assert_eq(run1(BENCH_OP_UPLOAD_CHUNKED, list), 0);
    cr_expect(result.kind == BENCH_INT && result.integer == 3);
    const struct bench_value wrong[] = {bench_bytes("a", 1), bench_int(1)};
    cr_expect_eq(run1(BENCH_OP_UPLOAD_CHUNKED, bench_tuple(wrong, 2)), -EREMOTEIO);
    cr_expect_str_eq(call.exception.type, "TypeError");
    cr_expect_eq(run1(BENCH_OP_UPLOAD_CHUNKED, bench_int(1)), -EREMOTEIO);
    cr_expect_str_eq(call.exception.type, "TypeError");
    const struct bench_value huge[] = {bench_bytes("", BENCH_PAYLOAD_MAX), bench_bytes("a", 1)};
    cr_expect_eq(run1(BENCH_OP_UPLOAD_CHUNKED, bench_tuple(huge, 2)), -EREMOTEIO);
    cr_expect_str_eq(call.exception.type, "ValueError");
}

Test(service, a_download_in_pieces_is_an_iterator)
{
    payload(BENCH_PAYLOAD_RANDOM, 7);
    const struct bench_value args[] = {bench_int(2500000), bench_int(1000000)};
    cr_assert_eq(run(BENCH_OP_DOWNLOAD_CHUNKED, args, 2), 0);
    cr_assert_eq(result.kind, BENCH_OBJECT);
    struct bench_object *object = result.object;
    cr_expect_str_eq(object->ops->type_name, "builtins.generator");
    cr_assert_eq(object->ops->iter(object, &call, &result), 0);
    cr_expect_eq(result.object, object);
    const uint8_t *expected = bench_payload(2500000);
    size_t at = 0;
    int rc;
    while ((rc = object->ops->next(object, &call, &result)) == 0) {
        cr_assert_eq(result.kind, BENCH_BYTES);
        cr_assert_leq(at + result.text.length, 2500000);
        cr_assert(memcmp(result.text.data, expected + at, result.text.length) == 0);
        at += result.text.length;
    }
    cr_expect_eq(rc, -ENODATA);
    cr_expect_eq(at, 2500000);
    cr_expect_eq(object->ops->next(object, &call, &result), -ENODATA);
    /* It can be uploaded as well: nothing is left. */
    const struct bench_value again = {.kind = BENCH_OBJECT, .object = object};
    cr_assert_eq(run1(BENCH_OP_UPLOAD_CHUNKED, again), 0);
    cr_expect_eq(result.integer, 0);
    object->ops->release(object);
}

Test(service, bad_sizes_of_pieces)
{
    const struct bench_value none[] = {bench_int(10), bench_int(0)};
    const struct bench_value large[] = {bench_int((int64_t)BENCH_PAYLOAD_MAX + 1), bench_int(1)};
    const struct bench_value text[] = {bench_int(10), bench_str("1")};
    cr_expect_eq(run(BENCH_OP_DOWNLOAD_CHUNKED, none, 2), -EREMOTEIO);
    cr_expect_str_eq(call.exception.type, "ValueError");
    cr_expect_eq(run(BENCH_OP_DOWNLOAD_CHUNKED, large, 2), -EREMOTEIO);
    cr_expect_str_eq(call.exception.type, "ValueError");
    cr_expect_eq(run(BENCH_OP_DOWNLOAD_CHUNKED, text, 2), -EREMOTEIO);
    cr_expect_str_eq(call.exception.type, "TypeError");
}
