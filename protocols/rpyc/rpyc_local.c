/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_local.h"

#include <errno.h>
#include <string.h>

#include "bench/buf.h"
#include "bench/object.h"

#define TEXT_LIMIT ((size_t)16 << 20)

const char *rpyc_local_type(const struct bench_value *value)
{
    static const char *const names[] = {
        [BENCH_NONE] = "NoneType", [BENCH_BOOL] = "bool",
        [BENCH_INT] = "int",       [BENCH_BIGINT] = "int",
        [BENCH_FLOAT] = "float",   [BENCH_COMPLEX] = "complex",
        [BENCH_STR] = "str",       [BENCH_BYTES] = "bytes",
        [BENCH_TUPLE] = "tuple",   [BENCH_FROZENSET] = "frozenset",
        [BENCH_SLICE] = "slice",   [BENCH_ELLIPSIS] = "ellipsis",
        [BENCH_LIST] = "list",     [BENCH_NOTIMPLEMENTED] = "NotImplementedType",
        [BENCH_DICT] = "dict",     [BENCH_OBJECT] = "object",
    };
    return value->kind == BENCH_OBJECT ? value->object->ops->type_name : names[value->kind];
}

/* clang-format off */
static const char *const local_attributes[] = {
    "__class__", "__cmp__", "__del__", "__delattr__", "__dict__", "__dir__", "__eq__", "__exit__",
    "__ge__", "__getattr__", "__getattribute__", "__gt__", "__hash__", "__init__",
    "__instancecheck__", "__le__", "__lt__", "__metaclass__", "__methods__", "__module__",
    "__ne__", "__new__", "__reduce__", "__reduce_ex__", "__repr__", "__setattr__", "__slots__",
    "__str__", "__weakref__", "__array_struct__", "__array_interface__",
    "____conn__", "____id_pack__", "____refcount__",
};
/* clang-format on */

bool rpyc_local_attribute(const char *name, size_t length)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(local_attributes); i++)
        if (strlen(local_attributes[i]) == length && memcmp(name, local_attributes[i], length) == 0)
            return true;
    return false;
}

static bool is_sequence(const struct bench_value *value)
{
    return value->kind == BENCH_TUPLE || value->kind == BENCH_LIST;
}

int rpyc_local_length(const struct bench_value *value, size_t *out)
{
    switch (value->kind) {
    case BENCH_TUPLE:
    case BENCH_LIST:
    case BENCH_FROZENSET:
        *out = value->seq.count;
        return 0;
    case BENCH_DICT:
        *out = value->seq.count / 2;
        return 0;
    case BENCH_BYTES:
        *out = value->text.length;
        return 0;
    case BENCH_STR:
        *out = 0;
        for (size_t i = 0; i < value->text.length; i++)
            *out += ((unsigned char)value->text.data[i] & 0xc0) != 0x80;
        return 0;
    default:
        return -EINVAL;
    }
}

int rpyc_local_next(const struct bench_value *value, size_t *position, struct bench_value *out)
{
    size_t at = *position, length = 0;
    if (value->kind == BENCH_STR) {
        if (at >= value->text.length)
            return -ENODATA;
        length = bench_utf8_length((const uint8_t *)value->text.data + at, value->text.length - at);
        length = length ? length : 1;
        *out = bench_str_n(value->text.data + at, length);
        *position = at + length;
        return 0;
    }
    if (rpyc_local_length(value, &length) < 0)
        return -EINVAL;
    if (at >= length)
        return -ENODATA;
    if (value->kind == BENCH_BYTES)
        *out = bench_int((unsigned char)value->text.data[at]);
    else
        *out = value->seq.items[value->kind == BENCH_DICT ? 2 * at : at];
    *position = at + 1;
    return 0;
}

/* Item number `index` of a sequence, which has it. */
static void pick(const struct bench_value *value, size_t index, struct bench_value *out)
{
    size_t position = value->kind == BENCH_STR ? 0 : index;
    if (value->kind != BENCH_STR) {
        (void)rpyc_local_next(value, &position, out);
        return;
    }
    for (size_t i = 0; i <= index; i++)
        (void)rpyc_local_next(value, &position, out);
}

/* A bound of a slice, brought into [low, high] as Python does. */
static int bound(const struct bench_value *value, int64_t absent, int64_t length, int64_t low,
                 int64_t high, int64_t *out)
{
    *out = absent;
    if (value->kind == BENCH_NONE)
        return 0;
    if (value->kind == BENCH_BIGINT)
        *out = value->text.length > 0 && value->text.data[0] == '-' ? low : high;
    else if (value->kind == BENCH_INT)
        *out = value->integer < 0 ? value->integer + length : value->integer;
    else
        return -EINVAL;
    if (*out < low)
        *out = low;
    if (*out > high)
        *out = high;
    return 0;
}

static int step_of(const struct bench_value *value, int64_t *out)
{
    *out = value->kind == BENCH_NONE ? 1 : value->kind == BENCH_INT ? value->integer : 0;
    if (*out > INT32_MAX) /* as good as any larger one, and it cannot overflow */
        *out = INT32_MAX;
    if (*out < INT32_MIN)
        *out = INT32_MIN;
    return *out == 0 ? -EINVAL : 0;
}

/* Where the characters of a str, or the bytes, begin; one more for the end. NULL: no memory. */
static const size_t *characters(struct bench_arena *arena, const struct bench_value *value)
{
    size_t *begins = bench_arena_alloc(arena, (value->text.length + 1) * sizeof(*begins));
    size_t n = 0;
    for (size_t i = 0; begins && i < value->text.length; i++)
        if (value->kind == BENCH_BYTES || ((unsigned char)value->text.data[i] & 0xc0) != 0x80)
            begins[n++] = i;
    if (begins)
        begins[n] = value->text.length;
    return begins;
}

static int cut(struct bench_arena *arena, const struct bench_value *value, int64_t start,
               int64_t stop, int64_t step, struct bench_value *out)
{
    size_t n = 0, bytes = 0;
    if ((step > 0 && start < stop) || (step < 0 && start > stop))
        n = (size_t)((stop - start + (step > 0 ? step - 1 : step + 1)) / step);
    *out = (struct bench_value){.kind = value->kind};
    if (is_sequence(value)) {
        struct bench_value *items = bench_arena_alloc(arena, (n + 1) * sizeof(*items));
        if (!items)
            return -ENOMEM;
        for (size_t i = 0; i < n; i++)
            items[i] = value->seq.items[start + (int64_t)i * step];
        out->seq.items = items;
        out->seq.count = n;
        return 0;
    }
    char *text = bench_arena_alloc(arena, value->text.length * (n > 0) + 1);
    const size_t *begins = characters(arena, value);
    if (!text || !begins)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const size_t *at = &begins[start + (int64_t)i * step];
        memcpy(text + bytes, value->text.data + at[0], at[1] - at[0]);
        bytes += at[1] - at[0];
    }
    out->text.data = text;
    out->text.length = bytes;
    return 0;
}

static int slice_of(struct bench_arena *arena, const struct bench_value *value, int64_t length,
                    const struct bench_value *key, struct bench_value *out, const char **why)
{
    const struct bench_value *parts = key->seq.items;
    int64_t step, start, stop;
    *why = "TypeError: slice indices must be integers or None, the step not 0";
    if (step_of(&parts[2], &step) < 0)
        return -EINVAL;
    const bool up = step > 0;
    if (bound(&parts[0], up ? 0 : length - 1, length, up ? 0 : -1, up ? length : length - 1,
              &start) < 0 ||
        bound(&parts[1], up ? length : -1, length, up ? 0 : -1, up ? length : length - 1, &stop) <
            0)
        return -EINVAL;
    *why = "the slice is too long";
    return cut(arena, value, start, stop, step, out);
}

static int lookup(const struct bench_value *dict, const struct bench_value *key,
                  struct bench_value *out, const char **why)
{
    for (size_t i = 0; i + 1 < dict->seq.count; i += 2) {
        if (bench_value_equal(&dict->seq.items[i], key)) {
            *out = dict->seq.items[i + 1];
            return 0;
        }
    }
    *why = "KeyError: the dict has no such key";
    return -EINVAL;
}

int rpyc_local_item(struct bench_arena *arena, const struct bench_value *value,
                    const struct bench_value *key, struct bench_value *out, const char **why)
{
    size_t length;
    if (value->kind == BENCH_DICT)
        return lookup(value, key, out, why);
    if (value->kind == BENCH_FROZENSET || rpyc_local_length(value, &length) < 0) {
        *why = "TypeError: a value of this kind cannot be indexed";
        return -EINVAL;
    }
    if (key->kind == BENCH_SLICE)
        return slice_of(arena, value, (int64_t)length, key, out, why);
    if (key->kind != BENCH_INT) {
        *why = "TypeError: indices must be integers or slices";
        return -EINVAL;
    }
    const int64_t index = key->integer < 0 ? key->integer + (int64_t)length : key->integer;
    if (index < 0 || (uint64_t)index >= length) {
        *why = "IndexError: index out of range";
        return -EINVAL;
    }
    pick(value, (size_t)index, out);
    return 0;
}

int rpyc_local_text(struct bench_arena *arena, const struct bench_value *value, bool repr,
                    struct bench_value *out)
{
    struct bench_buf buf;
    *out = *value;
    if (value->kind == BENCH_STR && !repr)
        return 0;
    bench_buf_init(&buf, TEXT_LIMIT);
    int rc = bench_value_repr(value, &buf);
    if (rc == 0) {
        const char *text = bench_arena_copy(arena, bench_buf_head(&buf), bench_buf_length(&buf));
        *out = bench_str_n(text, bench_buf_length(&buf));
        rc = text ? 0 : -ENOMEM;
    }
    bench_buf_fini(&buf);
    return rc;
}
