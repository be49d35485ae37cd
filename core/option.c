/* SPDX-License-Identifier: MIT */
#include "bench/option.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "bench/error.h"
#include "bench/units.h"

static void *member(const struct bench_option *row, void *options)
{
    return (char *)options + row->offset;
}

static int set_bool(const char *value, bool *out)
{
    static const char *const on[] = {"on", "yes", "true", "1"};
    static const char *const off[] = {"off", "no", "false", "0"};
    for (size_t i = 0; i < BENCH_COUNT_OF(on); i++) {
        if (strcmp(value, on[i]) == 0 || strcmp(value, off[i]) == 0) {
            *out = strcmp(value, on[i]) == 0;
            return 0;
        }
    }
    return -EINVAL;
}

static int set_choice(const struct bench_option *row, const char *value, int *out,
                      struct bench_error *err)
{
    char list[160] = "";
    size_t used = 0;
    for (int i = 0; row->choices[i] != NULL; i++) {
        if (strcmp(row->choices[i], value) == 0) {
            *out = i;
            return 0;
        }
        if (used < sizeof(list))
            used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i > 0 ? ", " : "",
                                     row->choices[i]);
    }
    return bench_fail(err, -EINVAL, "option %s: '%s' is not one of %s", row->name, value, list);
}

static int set_number(const struct bench_option *row, const char *value, int64_t *out,
                      struct bench_error *err)
{
    int64_t n;
    int rc = row->type == BENCH_OPTION_SIZE       ? bench_parse_size(value, &n, err)
             : row->type == BENCH_OPTION_DURATION ? bench_parse_duration(value, &n, err)
                                                  : bench_parse_int(value, INT64_MIN, INT64_MAX, &n, err);
    if (rc < 0) {
        char prefix[64];
        (void)snprintf(prefix, sizeof(prefix), "option %s: ", row->name);
        bench_error_prefix(err, prefix);
        return rc;
    }
    bool bounded = row->min != 0 || row->max != 0;
    if (bounded && ((double)n < row->min || (double)n > row->max))
        return bench_fail(err, -EINVAL, "option %s: '%s' is not in %.0f to %.0f", row->name, value,
                          row->min, row->max);
    *out = n;
    return 0;
}

static int set_string(const char *value, char **out)
{
    char *copy = strdup(value);
    if (copy == NULL)
        return -ENOMEM;
    free(*out);
    *out = copy;
    return 0;
}

static int set_row(const struct bench_option *row, void *options, const char *value,
                   struct bench_error *err)
{
    switch (row->type) {
    case BENCH_OPTION_BOOL:
        if (set_bool(value, member(row, options)) < 0)
            return bench_fail(err, -EINVAL, "option %s: '%s' is not on or off", row->name, value);
        return 0;
    case BENCH_OPTION_ENUM:
        return set_choice(row, value, member(row, options), err);
    case BENCH_OPTION_STRING:
        return set_string(value, member(row, options));
    case BENCH_OPTION_INT:
    case BENCH_OPTION_SIZE:
    case BENCH_OPTION_DURATION:
        return set_number(row, value, member(row, options), err);
    }
    return -EINVAL;
}

int bench_options_new(const struct bench_option *table, size_t size, void **out,
                      struct bench_error *err)
{
    void *options = calloc(1, size > 0 ? size : 1);
    if (options == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    for (const struct bench_option *row = table; row != NULL && row->name != NULL; row++) {
        int rc = row->default_text == NULL ? 0 : set_row(row, options, row->default_text, err);
        if (rc < 0) {
            bench_options_free(table, options);
            return rc;
        }
    }
    *out = options;
    return 0;
}

void bench_options_free(const struct bench_option *table, void *options)
{
    if (options == NULL)
        return;
    for (const struct bench_option *row = table; row != NULL && row->name != NULL; row++)
        if (row->type == BENCH_OPTION_STRING)
            free(*(char **)member(row, options));
    free(options);
}

static int no_such_option(const struct bench_option *table, const char *name,
                          struct bench_error *err)
{
    char list[160] = "";
    size_t used = 0;
    for (const struct bench_option *row = table; row != NULL && row->name != NULL; row++)
        if (used < sizeof(list))
            used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", used > 0 ? ", " : "",
                                     row->name);
    return bench_fail(err, -ENOENT, "no option '%s'; there is %s", name,
                      list[0] == '\0' ? "none" : list);
}

int bench_options_set(const struct bench_option *table, void *options, const char *name,
                      const char *value, struct bench_error *err)
{
    for (const struct bench_option *row = table; row != NULL && row->name != NULL; row++)
        if (strcmp(row->name, name) == 0)
            return set_row(row, options, value, err);
    return no_such_option(table, name, err);
}

int bench_options_parse(const struct bench_option *table, void *options, const char *text,
                        struct bench_error *err)
{
    char *copy = strdup(text);
    if (copy == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    int rc = 0;
    char *rest = copy;
    char *pair;
    while (rc == 0 && *copy != '\0' && (pair = strsep(&rest, ",")) != NULL) {
        char *value = strchr(pair, '=');
        if (value == NULL) {
            rc = bench_fail(err, -EINVAL, "'%s' is not KEY=VALUE", pair);
            break;
        }
        *value++ = '\0';
        rc = bench_options_set(table, options, pair, value, err);
    }
    free(copy);
    return rc;
}

int bench_options_print(const struct bench_option *row, const void *options, struct bench_buf *out)
{
    const void *p = (const char *)options + row->offset;
    switch (row->type) {
    case BENCH_OPTION_BOOL:
        return bench_buf_printf(out, "%s", *(const bool *)p ? "on" : "off");
    case BENCH_OPTION_INT:
        return bench_buf_printf(out, "%" PRId64, *(const int64_t *)p);
    case BENCH_OPTION_SIZE:
        return bench_buf_printf(out, "%s", bench_format_size_exact(*(const int64_t *)p).s);
    case BENCH_OPTION_DURATION:
        return bench_buf_printf(out, "%s", bench_format_duration_exact(*(const int64_t *)p).s);
    case BENCH_OPTION_ENUM:
        return bench_buf_printf(out, "%s", row->choices[*(const int *)p]);
    case BENCH_OPTION_STRING: {
        const char *const *text = p;
        return bench_buf_printf(out, "%s", *text == NULL ? "" : *text);
    }
    }
    return -EINVAL;
}
