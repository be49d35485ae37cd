/* SPDX-License-Identifier: MIT */
/* Numbers and strings as Python writes them. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/rpyc/rpyc_expr.h"
#include "protocols/rpyc/rpyc_value.h"

enum { LIMB = 1000000000, LIMB_DIGITS = 9, LIMBS_MAX = RPYC_INT_DIGITS_MAX / LIMB_DIGITS + 1 };

static const char smallest_magnitude[] = "9223372036854775808"; /* of INT64_MIN */

bool rpyc_scan_is_name(char c, bool first)
{
    unsigned char u = (unsigned char)c;
    return isalpha(u) || c == '_' || u >= 0x80 || (!first && isdigit(u));
}

int rpyc_scan_refuse(const struct rpyc_scanner *s, const char *at, int code, const char *why)
{
    size_t column = 1;
    for (const char *p = s->text; p < at; p++)
        column += ((unsigned char)*p & 0xc0) != 0x80;
    return bench_fail(s->err, code, "column %zu: %s", column, why);
}

static int no_memory(const struct rpyc_scanner *s)
{
    return bench_fail(s->err, -ENOMEM, "no memory for a literal");
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'Z' ? c - 'A' + 10 : 99;
}

/* ---- numbers ---- */

/* Digits with single underscores between them, appended to `digits` without these. */
static int take_digits(struct rpyc_scanner *s, int base, bool may_lead, char *digits, size_t *n)
{
    bool after_digit = may_lead;
    const size_t before = *n;
    for (;; s->at++) {
        char c = rpyc_scan_peek(s, 0);
        if (c == '_' && after_digit && digit_of(rpyc_scan_peek(s, 1)) < base) {
            after_digit = false;
        } else if (c != '_' && digit_of(c) < base) {
            digits[(*n)++] = c;
            after_digit = true;
        } else {
            break;
        }
    }
    return *n > before ? 0 : rpyc_scan_refuse(s, s->at, -EINVAL, "expected a digit");
}

static int big(struct rpyc_scanner *s, const char *start, const char *decimal, size_t n,
               struct bench_value *out)
{
    if (n > RPYC_INT_DIGITS_MAX)
        return rpyc_scan_refuse(s, start, -ENOTSUP, "number of more than 4300 digits");
    *out = (struct bench_value){.kind = BENCH_BIGINT};
    out->text.data = bench_arena_copy(s->arena, decimal, n);
    out->text.length = n;
    return out->text.data ? 0 : no_memory(s);
}

/* A number that needs more than 64 bits, from another base than 10. */
static int big_from_base(struct rpyc_scanner *s, const char *start, const char *digits, size_t n,
                         unsigned base, struct bench_value *out)
{
    uint32_t limbs[LIMBS_MAX] = {0};
    size_t used = 1;
    for (size_t i = 0; i < n; i++) {
        uint64_t carry = (uint64_t)digit_of(digits[i]);
        for (size_t k = 0; k < used; k++) {
            carry += (uint64_t)limbs[k] * base;
            limbs[k] = (uint32_t)(carry % LIMB);
            carry /= LIMB;
        }
        if (carry > 0 && used == LIMBS_MAX)
            return rpyc_scan_refuse(s, start, -ENOTSUP, "number of more than 4300 digits");
        if (carry > 0)
            limbs[used++] = (uint32_t)carry;
    }
    char *text = bench_arena_alloc(s->arena, used * LIMB_DIGITS);
    if (!text)
        return no_memory(s);
    for (size_t k = 0; k < used; k++) {
        uint32_t limb = limbs[k];
        for (size_t d = 0; d < LIMB_DIGITS; d++, limb /= 10)
            text[(used - k) * LIMB_DIGITS - 1 - d] = (char)('0' + limb % 10);
    }
    size_t zeros = strspn(text, "0");
    return big(s, start, text + zeros, used * LIMB_DIGITS - zeros, out);
}

static int whole(struct rpyc_scanner *s, const char *start, char *digits, size_t n, int base,
                 struct bench_value *out)
{
    size_t zeros = 0;
    while (zeros + 1 < n && digits[zeros] == '0')
        zeros++;
    digits[n] = '\0';
    errno = 0;
    *out = bench_int(strtoll(digits + zeros, NULL, base));
    if (errno != ERANGE)
        return 0;
    if (base == 10)
        return big(s, start, digits + zeros, n - zeros, out);
    return big_from_base(s, start, digits + zeros, n - zeros, (unsigned)base, out);
}

/* Behind the digits of a decimal number: fraction, exponent. 1 = it is a float. */
static int take_fraction(struct rpyc_scanner *s, char *digits, size_t *n)
{
    int real = 0;
    if (rpyc_scan_peek(s, 0) == '.') {
        digits[(*n)++] = *s->at++;
        real = 1;
        if (digit_of(rpyc_scan_peek(s, 0)) < 10 && take_digits(s, 10, false, digits, n) < 0)
            return -EINVAL;
    }
    if ((rpyc_scan_peek(s, 0) | 0x20) == 'e') {
        digits[(*n)++] = *s->at++;
        real = 1;
        if (rpyc_scan_peek(s, 0) == '+' || rpyc_scan_peek(s, 0) == '-')
            digits[(*n)++] = *s->at++;
        if (take_digits(s, 10, false, digits, n) < 0)
            return -EINVAL;
    }
    return real;
}

static int take_decimal(struct rpyc_scanner *s, char *digits, struct bench_value *out)
{
    const char *start = s->at;
    size_t n = 0;
    if (*s->at != '.' && take_digits(s, 10, false, digits, &n) < 0)
        return -EINVAL;
    int real = take_fraction(s, digits, &n);
    if (real < 0)
        return real;
    digits[n] = '\0';
    if ((rpyc_scan_peek(s, 0) | 0x20) == 'j') {
        s->at++;
        *out = (struct bench_value){.kind = BENCH_COMPLEX, .complex = {0, strtod(digits, NULL)}};
        return 0;
    }
    if (real) {
        *out = bench_float(strtod(digits, NULL));
        return 0;
    }
    if (n > 1 && digits[0] == '0' && strspn(digits, "0") < n)
        return rpyc_scan_refuse(s, start, -EINVAL, "number with a leading zero");
    return whole(s, start, digits, n, 10, out);
}

int rpyc_scan_number(struct rpyc_scanner *s, struct bench_value *out)
{
    const char *start = s->at;
    char letter = (char)(rpyc_scan_peek(s, 1) | 0x20);
    int base = *start != '0' ? 10 : letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
    size_t room = 1;
    while (start + room < s->end && (rpyc_scan_is_name(start[room], false) || start[room] == '.' ||
                                     start[room] == '+' || start[room] == '-'))
        room++;
    char *digits = bench_arena_alloc(s->arena, room + 1);
    if (!digits)
        return no_memory(s);
    int rc;
    if (base == 10) {
        rc = take_decimal(s, digits, out);
    } else {
        size_t n = 0;
        s->at += 2;
        rc = take_digits(s, base, true, digits, &n);
        if (rc == 0)
            rc = whole(s, start, digits, n, base, out);
    }
    if (rc == 0 && rpyc_scan_is_name(rpyc_scan_peek(s, 0), false))
        return rpyc_scan_refuse(s, s->at, -EINVAL, "letters behind a number");
    return rc;
}

static int negate_big(struct bench_arena *arena, const struct bench_value *value,
                      struct bench_value *out)
{
    const char *data = value->text.data;
    const size_t n = value->text.length;
    if (n > 0 && data[0] == '-') {
        *out = *value;
        out->text.data++;
        out->text.length--;
        return 0;
    }
    if (n == sizeof(smallest_magnitude) - 1 && memcmp(data, smallest_magnitude, n) == 0) {
        *out = bench_int(INT64_MIN);
        return 0;
    }
    char *text = bench_arena_alloc(arena, n + 1);
    if (!text)
        return -ENOMEM;
    text[0] = '-';
    memcpy(text + 1, data, n);
    *out = (struct bench_value){.kind = BENCH_BIGINT, .text = {text, n + 1}};
    return 0;
}

int rpyc_negate(struct bench_arena *arena, const struct bench_value *value, struct bench_value *out)
{
    switch (value->kind) {
    case BENCH_BOOL:
        *out = bench_int(value->boolean ? -1 : 0);
        return 0;
    case BENCH_INT:
        *out = bench_int(value->integer == INT64_MIN ? 0 : -value->integer);
        if (value->integer == INT64_MIN)
            *out = (struct bench_value){.kind = BENCH_BIGINT,
                                        .text = {smallest_magnitude, strlen(smallest_magnitude)}};
        return 0;
    case BENCH_BIGINT:
        return negate_big(arena, value, out);
    case BENCH_FLOAT:
        *out = bench_float(-value->real);
        return 0;
    case BENCH_COMPLEX:
        *out = *value;
        out->complex.re = -out->complex.re;
        out->complex.im = -out->complex.im;
        return 0;
    default:
        return -EINVAL;
    }
}

/* ---- strings ---- */

static void put_utf8(char *out, size_t *n, uint32_t code)
{
    if (code < 0x80) {
        out[(*n)++] = (char)code;
        return;
    }
    unsigned extra = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    out[(*n)++] = (char)(lead[extra] | code >> (6 * extra));
    while (extra-- > 0)
        out[(*n)++] = (char)(0x80 | (code >> (6 * extra) & 0x3f));
}

/* Exactly (hexadecimal) or at most (octal) `count` digits. -1: they are not there. */
static int64_t take_code(struct rpyc_scanner *s, int base, size_t count)
{
    int64_t code = 0;
    size_t n = 0;
    for (; n < count && digit_of(rpyc_scan_peek(s, 0)) < base; n++, s->at++)
        code = code * base + digit_of(*s->at);
    return n == count || (base == 8 && n > 0) ? code : -1;
}

/* Behind a backslash. What it stands for is never longer than what is written. */
static int take_escape(struct rpyc_scanner *s, bool bytes, char *out, size_t *n)
{
    static const char names[] = "\\'\"abfnrtv";
    static const char meant[] = "\\'\"\a\b\f\n\r\t\v";
    const char *start = s->at - 1;
    const char c = rpyc_scan_peek(s, 0);
    const char *found = c ? strchr(names, c) : NULL;
    int64_t code = -1;
    if (found) {
        out[(*n)++] = meant[found - names];
        s->at++;
        return 0;
    }
    if (digit_of(c) < 8) {
        code = take_code(s, 8, 3);
    } else if (c == 'x' || (!bytes && (c == 'u' || c == 'U'))) {
        s->at++;
        code = take_code(s, 16, c == 'x' ? 2 : c == 'u' ? 4 : 8);
    }
    if (code < 0 || code > 0x10ffff || (bytes && code > 0xff))
        return rpyc_scan_refuse(s, start, -EINVAL, "unknown escape");
    if (code >= 0xd800 && code < 0xe000)
        return rpyc_scan_refuse(s, start, -ENOTSUP, "half of a surrogate pair cannot be sent");
    if (bytes)
        out[(*n)++] = (char)code;
    else
        put_utf8(out, n, (uint32_t)code);
    return 0;
}

/* One character of a string. */
static int take_character(struct rpyc_scanner *s, bool bytes, bool raw, char *out, size_t *n)
{
    if (*s->at == '\n')
        return rpyc_scan_refuse(s, s->at, -EINVAL, "text without an end on its line");
    if (bytes && (unsigned char)*s->at >= 0x80)
        return rpyc_scan_refuse(s, s->at, -EINVAL,
                                "bytes literal with a character that is not ASCII");
    if (*s->at == '\\' && !raw) {
        s->at++;
        return take_escape(s, bytes, out, n);
    }
    if (*s->at == '\\' && s->end - s->at > 1) /* raw: it keeps a quote from ending the string */
        out[(*n)++] = *s->at++;
    size_t length = bytes ? 1 : bench_utf8_length((const uint8_t *)s->at, (size_t)(s->end - s->at));
    if (length == 0)
        return rpyc_scan_refuse(s, s->at, -EINVAL, "not UTF-8");
    if (bytes && (unsigned char)*s->at >= 0x80)
        return rpyc_scan_refuse(s, s->at, -EINVAL,
                                "bytes literal with a character that is not ASCII");
    memcpy(out + *n, s->at, length);
    *n += length;
    s->at += length;
    return 0;
}

int rpyc_scan_string(struct rpyc_scanner *s, bool bytes, bool raw, struct bench_value *out)
{
    const char *start = s->at;
    const char quote = *s->at++;
    size_t room = 0, n = 0;
    while (s->at + room < s->end && s->at[room] != quote)
        room += s->at[room] == '\\' ? 2 : 1;
    char *data = bench_arena_alloc(s->arena, room + 4);
    if (!data)
        return no_memory(s);
    while (s->at < s->end && *s->at != quote) {
        int rc = take_character(s, bytes, raw, data, &n);
        if (rc < 0)
            return rc;
    }
    if (s->at >= s->end)
        return rpyc_scan_refuse(s, start, -EINVAL, "text without an end");
    s->at++;
    if (rpyc_scan_peek(s, 0) == '\'' || rpyc_scan_peek(s, 0) == '"')
        return rpyc_scan_refuse(s, s->at, -ENOTSUP, "text right behind text");
    *out = bytes ? bench_bytes(data, n) : bench_str_n(data, n);
    return 0;
}

int rpyc_add_imaginary(struct bench_value *real, const struct bench_value *imaginary, bool minus)
{
    if (imaginary->kind != BENCH_COMPLEX || (real->kind != BENCH_INT && real->kind != BENCH_FLOAT))
        return -ENOTSUP;
    const double first = real->kind == BENCH_INT ? (double)real->integer : real->real;
    const double second = minus ? -imaginary->complex.im : imaginary->complex.im;
    *real = (struct bench_value){.kind = BENCH_COMPLEX, .complex = {first, second}};
    return 0;
}

static bool seen_before(const struct bench_value *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bench_value_equal(&items[i], &items[n]))
            return true;
    return false;
}

int rpyc_make_frozenset(struct bench_arena *arena, struct bench_value *tuple)
{
    const size_t count = tuple->seq.count;
    struct bench_value *items = bench_arena_alloc(arena, (count + 1) * sizeof(*items));
    if (!items)
        return -ENOMEM;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        items[n] = tuple->seq.items[i];
        n += !seen_before(items, n);
    }
    *tuple = (struct bench_value){.kind = BENCH_FROZENSET, .seq = {items, n}};
    return 0;
}
