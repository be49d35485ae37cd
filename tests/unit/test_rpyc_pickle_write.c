/* SPDX-License-Identifier: MIT */
/* Pickles, byte for byte; every one was read by Python's pickle.loads as what stands beside it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/object.h"
#include "protocols/rpyc/rpyc_pickle_write.h"

TestSuite(rpyc_pickle_write, .timeout = 60);

static int write_it(const struct bench_value *value, rpyc_plain_fn plain, char *hex, size_t size)
{
    struct bench_buf out;
    bench_buf_init(&out, 1 << 20);
    const int rc = rpyc_pickle_write(&out, value, plain, NULL);
    const uint8_t *bytes = bench_buf_head(&out);
    size_t at = 0;
    hex[0] = '\0';
    for (size_t i = 0; rc == 0 && i < bench_buf_length(&out) && at + 3 < size; i++)
        at += (size_t)snprintf(hex + at, size - at, "%02x", bytes[i]);
    bench_buf_fini(&out);
    return rc;
}

static void expect_pickle(struct bench_value value, const char *wanted)
{
    char hex[1024];
    cr_assert_eq(write_it(&value, NULL, hex, sizeof(hex)), 0, "%s", wanted);
    cr_expect_str_eq(hex, wanted);
}

static struct bench_value big(const char *digits)
{
    return (struct bench_value){.kind = BENCH_BIGINT, .text = {digits, strlen(digits)}};
}

static struct bench_value items_of(enum bench_kind kind, const struct bench_value *items, size_t n)
{
    return (struct bench_value){.kind = kind, .seq = {items, n}};
}

Test(rpyc_pickle_write, scalars)
{
    expect_pickle(bench_none(), "80044e2e");
    expect_pickle(bench_bool(true), "8004882e");
    expect_pickle(bench_bool(false), "8004892e");
    expect_pickle(bench_int(0), "80044b002e");
    expect_pickle(bench_int(255), "80044bff2e");
    expect_pickle(bench_int(256), "80044d00012e");
    expect_pickle(bench_int(65536), "80044a000001002e");
    expect_pickle(bench_int(-1), "80044affffffff2e");
    expect_pickle(bench_int(INT64_C(1) << 31), "80048a0800000080000000002e");
    expect_pickle(bench_int(INT64_MIN), "80048a0800000000000000802e");
    expect_pickle(bench_float(1.5), "8004473ff80000000000002e");
    expect_pickle(bench_str("h\xC3\xA9"), "80048c0368c3a92e");
    expect_pickle(bench_str(""), "80048c002e");
    expect_pickle(bench_bytes("\0x", 2), "8004430200782e");
}

Test(rpyc_pickle_write, integers_of_any_size)
{
    expect_pickle(big("18446744073709551616"), "80048a0a000000000000000001002e");
    expect_pickle(big("-18446744073709551616"), "80048a0a0000000000000000ffff2e");
    expect_pickle(big("-9223372036854775809"), "80048a09ffffffffffffff7fff2e");
    static char digits[4302];
    struct bench_value value = {.kind = BENCH_BIGINT, .text = {digits, 4300}};
    char hex[8192];
    memset(digits, '9', sizeof(digits));
    cr_assert_eq(write_it(&value, NULL, hex, sizeof(hex)), 0);
    cr_expect_eq(strncmp(hex, "80048b", 6), 0); /* with a length of 4 bytes */
    digits[0] = '-';
    value.text.length = 4301;
    cr_assert_eq(write_it(&value, NULL, hex, sizeof(hex)), 0);
    digits[0] = '9';
    cr_assert_eq(write_it(&value, NULL, hex, sizeof(hex)), -E2BIG);
    value = big("12x");
    cr_assert_eq(write_it(&value, NULL, hex, sizeof(hex)), -EINVAL);
}

Test(rpyc_pickle_write, containers)
{
    const struct bench_value two[2] = {bench_int(1), bench_str("a")};
    const struct bench_value four[4] = {two[0], two[0], two[0], two[0]};
    expect_pickle(bench_tuple(NULL, 0), "8004292e");
    expect_pickle(bench_tuple(two, 1), "80044b01852e");
    expect_pickle(bench_tuple(two, 2), "80044b018c0161862e");
    expect_pickle(bench_tuple(four, 3), "80044b014b014b01872e");
    expect_pickle(bench_tuple(four, 4), "8004284b014b014b014b01742e");
    expect_pickle(items_of(BENCH_LIST, NULL, 0), "80045d2e");
    expect_pickle(items_of(BENCH_LIST, two, 2), "80045d284b018c0161652e");
    expect_pickle(items_of(BENCH_DICT, NULL, 0), "80047d2e");
    expect_pickle(items_of(BENCH_DICT, two, 2), "80047d284b018c0161752e");
    expect_pickle(items_of(BENCH_FROZENSET, two, 2), "8004284b018c0161912e");
    expect_pickle(items_of(BENCH_SET, two, 2), "80048f284b018c0161902e");
    expect_pickle(items_of(BENCH_SET, NULL, 0), "80048f2e");
}

Test(rpyc_pickle_write, long_texts_have_longer_lengths)
{
    static char text[256];
    char hex[1024];
    memset(text, 'x', sizeof(text));
    struct bench_value value = bench_str_n(text, 255);
    cr_assert_eq(write_it(&value, NULL, hex, sizeof(hex)), 0);
    cr_expect_eq(strncmp(hex, "80048cff78", 10), 0);
    value = bench_str_n(text, 256);
    cr_assert_eq(write_it(&value, NULL, hex, sizeof(hex)), 0);
    cr_expect_eq(strncmp(hex, "8004580001000078", 16), 0);
    value = bench_bytes(text, 256);
    cr_assert_eq(write_it(&value, NULL, hex, sizeof(hex)), 0);
    cr_expect_eq(strncmp(hex, "8004420001000078", 16), 0);
}

/* ---- objects ---- */

static const struct bench_object_ops list_ops = {.type_name = "builtins.list"};
static struct bench_object list_object = {&list_ops};
static const struct bench_value itself = {.kind = BENCH_OBJECT, .object = &list_object};

static int as_list(void *user, struct bench_object *object, struct bench_value *out)
{
    static const struct bench_value one = {.kind = BENCH_INT, .integer = 1};
    (void)user;
    cr_assert_eq(object, &list_object);
    *out = items_of(BENCH_LIST, &one, 1);
    return 0;
}

static int as_list_of_itself(void *user, struct bench_object *object, struct bench_value *out)
{
    (void)user;
    (void)object;
    *out = items_of(BENCH_LIST, &itself, 1);
    return 0;
}

static int refuse(void *user, struct bench_object *object, struct bench_value *out)
{
    (void)user;
    (void)object;
    (void)out;
    return -EREMOTEIO;
}

Test(rpyc_pickle_write, objects_are_what_they_consist_of)
{
    char hex[64];
    cr_assert_eq(write_it(&itself, as_list, hex, sizeof(hex)), 0);
    cr_expect_str_eq(hex, "80045d284b01652e");
    cr_expect_eq(write_it(&itself, refuse, hex, sizeof(hex)), -EREMOTEIO);
    cr_expect_eq(write_it(&itself, NULL, hex, sizeof(hex)), -EINVAL);
}

Test(rpyc_pickle_write, limits)
{
    char hex[64];
    struct bench_value levels[RPYC_PICKLE_DEPTH + 1];
    levels[0] = bench_none();
    for (size_t i = 1; i < BENCH_COUNT_OF(levels); i++)
        levels[i] = bench_tuple(&levels[i - 1], 1);
    cr_expect_eq(write_it(&levels[RPYC_PICKLE_DEPTH], NULL, hex, sizeof(hex)), 0);
    const struct bench_value deeper = items_of(BENCH_LIST, &levels[RPYC_PICKLE_DEPTH], 1);
    cr_expect_eq(write_it(&deeper, NULL, hex, sizeof(hex)), -E2BIG);
    cr_expect_eq(write_it(&itself, as_list_of_itself, hex, sizeof(hex)), -E2BIG);
    const struct bench_value odd = {.kind = BENCH_ELLIPSIS};
    cr_expect_eq(write_it(&odd, NULL, hex, sizeof(hex)), -EINVAL);
    struct bench_buf small;
    const struct bench_value text = bench_bytes("0123456789", 10);
    bench_buf_init(&small, 8);
    cr_expect_eq(rpyc_pickle_write(&small, &text, NULL, NULL), -EMSGSIZE);
    bench_buf_fini(&small);
}
