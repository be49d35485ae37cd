/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "bench/operation.h"

static const struct {
    size_t place;
    const char *name;
} fields[] = {
#define X(f_place, f_name) {(f_place), #f_name},
    BENCH_FIELDS_READ(X)
#undef X
};

static const struct bench_value *find(const struct bench_value *record, size_t field)
{
    if (record->kind == BENCH_TUPLE)
        return fields[field].place < record->seq.count ? &record->seq.items[fields[field].place]
                                                       : NULL;
    if (record->kind != BENCH_DICT)
        return NULL;
    const struct bench_value name = bench_str(fields[field].name);
    for (size_t i = 0; i + 1 < record->seq.count; i += 2)
        if (bench_value_equal(&record->seq.items[i], &name))
            return &record->seq.items[i + 1];
    return NULL;
}

int bench_records_read(struct bench_arena *arena, const struct bench_value *records,
                       struct bench_value *out)
{
    if (records->kind != BENCH_LIST && records->kind != BENCH_TUPLE)
        return -EINVAL;
    const size_t count = records->seq.count, width = BENCH_COUNT_OF(fields);
    if (count == 0) {
        *out = (struct bench_value){.kind = BENCH_LIST, .seq = {NULL, 0}};
        return 0;
    }
    if (count > SIZE_MAX / ((width + 1) * sizeof(struct bench_value)))
        return -ENOMEM;
    struct bench_value *rows = bench_arena_alloc(arena, count * (width + 1) * sizeof(*rows));
    if (rows == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        struct bench_value *row = rows + count + i * width;
        for (size_t f = 0; f < width; f++) {
            const struct bench_value *value = find(&records->seq.items[i], f);
            if (value == NULL)
                return -EINVAL;
            row[f] = *value;
        }
        rows[i] = bench_tuple(row, width);
    }
    *out = (struct bench_value){.kind = BENCH_LIST, .seq = {rows, count}};
    return 0;
}
