/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "suite/result_file.h"

#define NAME_LIMIT  4096   /* bytes of one text */
#define COUNT_LIMIT 200000 /* members of a list */

int bench_member_refuse(const struct bench_reader *reader, const char *format, ...)
{
    char text[160];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return bench_fail(reader->err, -EINVAL, "%s: %s", reader->where, text);
}

int bench_member_no_memory(const struct bench_reader *reader)
{
    return bench_fail(reader->err, -ENOMEM, "%s: out of memory", reader->where);
}

int bench_member_text(const struct bench_reader *reader, const json_t *object, const char *key,
                      char **out)
{
    const json_t *member = json_object_get(object, key);
    if (!json_is_string(member))
        return bench_member_refuse(reader, "no text \"%s\"", key);
    if (json_string_length(member) > NAME_LIMIT)
        return bench_member_refuse(reader, "\"%s\" has %zu bytes, at most %d", key,
                                   json_string_length(member), NAME_LIMIT);
    if (strlen(json_string_value(member)) != json_string_length(member))
        return bench_member_refuse(reader, "\"%s\" has a zero byte", key);
    *out = strdup(json_string_value(member));
    return *out != NULL ? 0 : bench_member_no_memory(reader);
}

int bench_member_text_or_empty(const struct bench_reader *reader, const json_t *object,
                               const char *key, char **out)
{
    if (json_object_get(object, key) != NULL)
        return bench_member_text(reader, object, key, out);
    *out = strdup("");
    return *out != NULL ? 0 : bench_member_no_memory(reader);
}

int bench_member_real(const struct bench_reader *reader, const json_t *object, const char *key,
                      double low, double *out)
{
    const json_t *member = json_object_get(object, key);
    if (json_is_null(member)) {
        *out = NAN;
        return 0;
    }
    if (!json_is_number(member))
        return bench_member_refuse(reader, "no number \"%s\"", key);
    *out = json_number_value(member);
    if (!isfinite(*out) || *out < low)
        return bench_member_refuse(reader, "\"%s\" is %g, below %g", key, *out, low);
    return 0;
}

int bench_member_real_or_none(const struct bench_reader *reader, const json_t *object,
                              const char *key, double low, double *out)
{
    *out = NAN;
    return json_object_get(object, key) != NULL ? bench_member_real(reader, object, key, low, out)
                                                : 0;
}

int bench_member_whole(const struct bench_reader *reader, const json_t *object, const char *key,
                       json_int_t low, json_int_t high, json_int_t *out)
{
    const json_t *member = json_object_get(object, key);
    if (!json_is_integer(member))
        return bench_member_refuse(reader, "no whole number \"%s\"", key);
    *out = json_integer_value(member);
    if (*out < low || *out > high)
        return bench_member_refuse(reader,
                                   "\"%s\" is %" JSON_INTEGER_FORMAT
                                   ", not in %" JSON_INTEGER_FORMAT " to %" JSON_INTEGER_FORMAT,
                                   key, *out, low, high);
    return 0;
}

int bench_member_int(const struct bench_reader *reader, const json_t *object, const char *key,
                     int *out)
{
    json_int_t value = 0;
    int rc = bench_member_whole(reader, object, key, 0, INT32_MAX, &value);
    if (rc == 0)
        *out = (int)value;
    return rc;
}

int bench_member_processes(const struct bench_reader *reader, const json_t *object, const char *key,
                           int *out)
{
    *out = 0;
    return json_is_null(json_object_get(object, key)) ? 0
                                                      : bench_member_int(reader, object, key, out);
}

int bench_member_flag(const struct bench_reader *reader, const json_t *object, const char *key,
                      bool *out)
{
    const json_t *member = json_object_get(object, key);
    if (!json_is_boolean(member))
        return bench_member_refuse(reader, "\"%s\" is neither true nor false", key);
    *out = json_is_true(member);
    return 0;
}

int bench_member_object(const struct bench_reader *reader, const json_t *object, const char *key,
                        json_t **out)
{
    *out = json_object_get(object, key);
    return json_is_object(*out) ? 0 : bench_member_refuse(reader, "no object \"%s\"", key);
}

int bench_member_list(const struct bench_reader *reader, const json_t *object, const char *key,
                      json_t **out, size_t *count)
{
    *out = json_object_get(object, key);
    if (!json_is_array(*out))
        return bench_member_refuse(reader, "no list \"%s\"", key);
    *count = json_array_size(*out);
    if (*count > COUNT_LIMIT)
        return bench_member_refuse(reader, "\"%s\" has %zu members, at most %d", key, *count,
                                   COUNT_LIMIT);
    return 0;
}
