/* SPDX-License-Identifier: MIT */
/* Values as Python's repr() prints them. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "bench/object.h"
#include "bench/value.h"

/* The shortest digits that read back as the same double, in repr's choice of notation: exponent
 * form below 1e-4 and from 1e16 on. */
static int repr_double(double v, struct bench_buf *out, bool with_point)
{
    if (isnan(v))
        return bench_buf_printf(out, "nan");
    if (isinf(v))
        return bench_buf_printf(out, v < 0 ? "-inf" : "inf");
    char text[64];
    int precision = 1;
    for (; precision <= 17; precision++) {
        (void)snprintf(text, sizeof(text), "%.*e", precision - 1, v);
        if (strtod(text, NULL) == v)
            break;
    }
    const char *e = strchr(text, 'e');
    int exponent = e == NULL ? 0 : (int)strtol(e + 1, NULL, 10);
    if (v != 0 && (exponent < -4 || exponent >= 16))
        return bench_buf_printf(out, "%.*se%c%02d", (int)(e - text), text, exponent < 0 ? '-' : '+',
                                abs(exponent));
    int decimals = precision - 1 - exponent;
    (void)snprintf(text, sizeof(text), "%.*f", decimals > 0 ? decimals : 0, v);
    return bench_buf_printf(out, "%s%s", text, with_point && strchr(text, '.') == NULL ? ".0" : "");
}

static int repr_complex(const struct bench_value *v, struct bench_buf *out)
{
    bool has_real = v->complex.re != 0 || signbit(v->complex.re);
    int rc = 0;
    if (has_real) {
        rc = bench_buf_printf(out, "(");
        if (rc == 0)
            rc = repr_double(v->complex.re, out, false);
        if (rc == 0 && !signbit(v->complex.im))
            rc = bench_buf_printf(out, "+");
    }
    if (rc == 0)
        rc = repr_double(v->complex.im, out, false);
    return rc < 0 ? rc : bench_buf_printf(out, has_real ? "j)" : "j");
}

static int repr_text(const struct bench_value *v, struct bench_buf *out)
{
    bool bytes = v->kind == BENCH_BYTES;
    const char *data = v->text.data;
    size_t n = v->text.length;
    char quote = n > 0 && memchr(data, '\'', n) != NULL && memchr(data, '"', n) == NULL ? '"' : '\'';
    int rc = bench_buf_printf(out, "%s%c", bytes ? "b" : "", quote);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c == (unsigned char)quote || c == '\\')
            rc = bench_buf_printf(out, "\\%c", c);
        else if (c == '\n' || c == '\r' || c == '\t')
            rc = bench_buf_printf(out, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
        else if (c < 0x20 || c == 0x7f || (bytes && c >= 0x80))
            rc = bench_buf_printf(out, "\\x%02x", c);
        else
            rc = bench_buf_add(out, &c, 1);
    }
    return rc < 0 ? rc : bench_buf_printf(out, "%c", quote);
}

static int repr_items(const struct bench_value *v, const char *open, const char *close,
                      struct bench_buf *out)
{
    bool dict = v->kind == BENCH_DICT;
    int rc = bench_buf_printf(out, "%s", open);
    for (size_t i = 0; rc == 0 && i < v->seq.count; i++) {
        if (i > 0)
            rc = bench_buf_printf(out, dict && i % 2 == 1 ? ": " : ", ");
        if (rc == 0)
            rc = bench_value_repr(&v->seq.items[i], out);
    }
    if (rc == 0 && v->kind == BENCH_TUPLE && v->seq.count == 1)
        rc = bench_buf_printf(out, ",");
    return rc < 0 ? rc : bench_buf_printf(out, "%s", close);
}

int bench_value_repr(const struct bench_value *v, struct bench_buf *out)
{
    switch (v->kind) {
    case BENCH_NONE:
        return bench_buf_printf(out, "None");
    case BENCH_BOOL:
        return bench_buf_printf(out, v->boolean ? "True" : "False");
    case BENCH_INT:
        return bench_buf_printf(out, "%lld", (long long)v->integer);
    case BENCH_BIGINT:
        return bench_buf_add(out, v->text.data, v->text.length);
    case BENCH_FLOAT:
        return repr_double(v->real, out, true);
    case BENCH_COMPLEX:
        return repr_complex(v, out);
    case BENCH_STR:
    case BENCH_BYTES:
        return repr_text(v, out);
    case BENCH_TUPLE:
        return repr_items(v, "(", ")", out);
    case BENCH_LIST:
        return repr_items(v, "[", "]", out);
    case BENCH_DICT:
        return repr_items(v, "{", "}", out);
    case BENCH_FROZENSET:
        return v->seq.count == 0 ? bench_buf_printf(out, "frozenset()")
                                 : repr_items(v, "frozenset({", "})", out);
    case BENCH_SET:
        return v->seq.count == 0 ? bench_buf_printf(out, "set()") : repr_items(v, "{", "}", out);
    case BENCH_SLICE:
        return repr_items(v, "slice(", ")", out);
    case BENCH_ELLIPSIS:
        return bench_buf_printf(out, "Ellipsis");
    case BENCH_NOTIMPLEMENTED:
        return bench_buf_printf(out, "NotImplemented");
    case BENCH_OBJECT:
        return bench_buf_printf(out, v->object->ops->remote ? "<netref %s>" : "<%s object>",
                                v->object->ops->type_name);
    }
    return -EINVAL;
}
