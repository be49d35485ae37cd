/* SPDX-License-Identifier: MIT */
/* Texts and numbers of pickles. */
#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/rpyc/rpyc_pickle_int.h"
#include "protocols/rpyc/rpyc_pickle_machine.h"
#include "protocols/rpyc/rpyc_tags.h"

static int push_text(struct rpyc_machine *m, enum bench_kind kind, const uint8_t *text, size_t n)
{
    if (kind == BENCH_STR && !rpyc_utf8_valid(text, n))
        return rpyc_pickle_fail(m, -EILSEQ, "text that is not UTF-8");
    const char *copy = bench_arena_copy(m->arena, text, n);
    if (copy == NULL)
        return rpyc_pickle_fail(m, -ENOMEM, "no memory for a text");
    return rpyc_pickle_push_value(m, (struct bench_value){.kind = kind, .text = {copy, n}});
}

int rpyc_pickle_push_sized(struct rpyc_machine *m, enum bench_kind kind, size_t width)
{
    const uint8_t *text;
    size_t n;
    int rc = rpyc_pickle_take_sized(m, width, &text, &n);
    return rc < 0 ? rc : push_text(m, kind, text, n);
}

static size_t put_utf8(uint8_t *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t heads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (uint8_t)(0x80 | (c & 0x3f));
    out[0] = (uint8_t)(heads[n] | c);
    return n;
}

/* Protocol 0 writes str as Latin-1 with \uXXXX and \UXXXXXXXX. Any other backslash is itself. */
int rpyc_pickle_push_escaped(struct rpyc_machine *m)
{
    const uint8_t *line;
    size_t n, length = 0;
    int rc = rpyc_pickle_take_line(m, &line, &n);
    if (rc < 0)
        return rc;
    uint8_t *text = bench_arena_alloc(m->arena, 2 * n + 1); /* Latin-1 at most doubles */
    if (text == NULL)
        return rpyc_pickle_fail(m, -ENOMEM, "no memory for a text");
    for (size_t i = 0; i < n; i++) {
        uint32_t c = line[i];
        size_t digits = 0;
        if (c == '\\' && i + 1 < n)
            digits = line[i + 1] == 'u' ? 4 : line[i + 1] == 'U' ? 8 : 0;
        if (digits > 0) {
            if (n - i - 2 < digits)
                return rpyc_pickle_fail(m, -EINVAL, "a cut escape in a text");
            c = 0;
            for (size_t k = 0; k < digits; k++) {
                uint8_t d = line[i + 2 + k];
                if (!isxdigit(d))
                    return rpyc_pickle_fail(m, -EINVAL, "an escape in a text without its digits");
                c = c << 4 | (uint32_t)(d <= '9' ? d - '0' : (d | 0x20) - 'a' + 10);
            }
            i += 1 + digits;
        }
        if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
            return rpyc_pickle_fail(m, -EILSEQ, "a character that does not exist");
        length += put_utf8(text + length, c);
    }
    return rpyc_pickle_push_value(m, bench_str_n((const char *)text, length));
}

int rpyc_pickle_push_int_line(struct rpyc_machine *m, bool is_long)
{
    const uint8_t *line;
    size_t n;
    int rc = rpyc_pickle_take_line(m, &line, &n);
    if (rc < 0)
        return rc;
    if (!is_long && n == 2 && line[0] == '0' && (line[1] == '0' || line[1] == '1'))
        return rpyc_pickle_push_value(m, bench_bool(line[1] == '1'));
    if (is_long && n > 0 && line[n - 1] == 'L')
        n--;
    struct bench_value value;
    rc = rpyc_int_from_text(m->arena, (const char *)line, n, &value);
    if (rc < 0)
        return rpyc_pickle_fail(m, rc,
                                rc == -E2BIG ? "int of more than 4300 digits" : "not an int");
    return rpyc_pickle_push_value(m, value);
}

int rpyc_pickle_push_long(struct rpyc_machine *m, size_t width)
{
    const uint8_t *bytes;
    size_t n;
    int rc = rpyc_pickle_take_sized(m, width, &bytes, &n);
    if (rc < 0)
        return rc;
    if (n > 16) {
        if (n > m->long_left)
            return rpyc_pickle_fail(m, -E2BIG, "too many digits in its ints");
        m->long_left -= n;
    }
    struct bench_value value;
    rc = rpyc_int_from_bytes(m->arena, bytes, n, &value);
    if (rc < 0)
        return rpyc_pickle_fail(
            m, rc, rc == -E2BIG ? "int of more than 4300 digits" : "no memory for an int");
    return rpyc_pickle_push_value(m, value);
}

int rpyc_pickle_push_small(struct rpyc_machine *m, size_t width)
{
    uint64_t number;
    int rc = rpyc_pickle_take_number(m, width, &number);
    if (rc < 0)
        return rc;
    return rpyc_pickle_push_value(
        m, bench_int(width == 4 ? (int32_t)(uint32_t)number : (int64_t)number));
}

int rpyc_pickle_push_float_line(struct rpyc_machine *m)
{
    const uint8_t *line;
    size_t n;
    int rc = rpyc_pickle_take_line(m, &line, &n);
    if (rc < 0)
        return rc;
    char text[512], *end; /* repr needs 24 */
    if (n == 0 || n >= sizeof(text) || isspace(line[0]))
        return rpyc_pickle_fail(m, -EINVAL, "not a float");
    memcpy(text, line, n);
    text[n] = '\0';
    double real = strtod(text, &end);
    if (end != text + n || memchr(text, 'x', n) != NULL || memchr(text, 'X', n) != NULL ||
        memchr(text, '(', n) != NULL)
        return rpyc_pickle_fail(m, -EINVAL, "not a float");
    return rpyc_pickle_push_value(m, bench_float(real));
}

int rpyc_pickle_push_float(struct rpyc_machine *m)
{
    const uint8_t *bytes;
    uint64_t bits;
    double real;
    int rc = rpyc_pickle_take(m, sizeof(bits), &bytes);
    if (rc < 0)
        return rc;
    memcpy(&bits, bytes, sizeof(bits)); /* the one number in network order */
    bits = be64toh(bits);
    memcpy(&real, &bits, sizeof(real));
    return rpyc_pickle_push_value(m, bench_float(real));
}
