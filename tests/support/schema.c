/* SPDX-License-Identifier: MIT */
#include "tests/support/schema.h"

#include <errno.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct place {
    const json_t *root; /* of the schema */
    char path[160];     /* in the document */
    struct bench_error *err;
};

static int check(const struct place *place, const json_t *schema, const json_t *value);

static struct place below(const struct place *place, const char *key)
{
    struct place inner = *place;
    size_t used = strlen(inner.path);
    (void)snprintf(inner.path + used, sizeof(inner.path) - used, "/%s", key);
    return inner;
}

static int wrong(const struct place *place, const char *what)
{
    return bench_fail(place->err, -EINVAL, "%s: %s", place->path, what);
}

static bool is_type(const json_t *value, const char *type)
{
    if (strcmp(type, "object") == 0)
        return json_is_object(value);
    if (strcmp(type, "array") == 0)
        return json_is_array(value);
    if (strcmp(type, "string") == 0)
        return json_is_string(value);
    if (strcmp(type, "integer") == 0)
        return json_is_integer(value);
    if (strcmp(type, "number") == 0)
        return json_is_number(value);
    if (strcmp(type, "boolean") == 0)
        return json_is_boolean(value);
    return strcmp(type, "null") == 0 && json_is_null(value);
}

static int on_type(const struct place *place, const json_t *rule, const json_t *value)
{
    size_t i;
    const json_t *one;
    if (json_is_string(rule) && is_type(value, json_string_value(rule)))
        return 0;
    json_array_foreach(rule, i, one) if (is_type(value, json_string_value(one))) return 0;
    return wrong(place, "has another type");
}

static int on_enum(const struct place *place, const json_t *rule, const json_t *value)
{
    size_t i;
    const json_t *one;
    json_array_foreach(rule, i, one) if (json_equal(one, value)) return 0;
    return wrong(place, "is none of the values");
}

static int on_required(const struct place *place, const json_t *rule, const json_t *value)
{
    size_t i;
    const json_t *name;
    json_array_foreach(rule, i, name)
    {
        if (json_is_object(value) && json_object_get(value, json_string_value(name)) == NULL) {
            struct place inner = below(place, json_string_value(name));
            return wrong(&inner, "is missing");
        }
    }
    return 0;
}

static int on_dependent(const struct place *place, const json_t *rule, const json_t *value)
{
    const char *name;
    json_t *needs, *rules;
    memcpy(&rules, &rule, sizeof(rules)); /* jansson's loop takes no const object */
    json_object_foreach(rules, name, needs)
    {
        int rc = json_object_get(value, name) != NULL ? on_required(place, needs, value) : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* properties, additionalProperties and propertyNames. */
static int on_members(const struct place *place, const json_t *schema, const json_t *value)
{
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *others = json_object_get(schema, "additionalProperties");
    const json_t *names = json_object_get(schema, "propertyNames");
    const char *name;
    json_t *member, *object;
    memcpy(&object, &value, sizeof(object));
    json_object_foreach(object, name, member)
    {
        struct place inner = below(place, name);
        const json_t *rule = json_object_get(properties, name);
        int rc = 0;
        if (names != NULL) {
            json_t *text = json_string(name);
            rc = check(&inner, names, text);
            json_decref(text);
        }
        if (rc == 0 && rule == NULL && json_is_false(others))
            rc = wrong(&inner, "is not allowed");
        rule = rule == NULL && json_is_object(others) ? others : rule;
        if (rc == 0 && rule != NULL)
            rc = check(&inner, rule, member);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int on_items(const struct place *place, const json_t *rule, const json_t *value)
{
    size_t i;
    const json_t *item;
    json_array_foreach(value, i, item)
    {
        char number[24];
        (void)snprintf(number, sizeof(number), "%zu", i);
        struct place inner = below(place, number);
        int rc = check(&inner, rule, item);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int on_size(const struct place *place, const char *keyword, const json_t *rule,
                   const json_t *value)
{
    double limit = json_number_value(rule);
    if (strcmp(keyword, "minimum") == 0 && json_is_number(value) &&
        json_number_value(value) < limit)
        return wrong(place, "is too small");
    if (strcmp(keyword, "minLength") == 0 && json_is_string(value) &&
        (double)json_string_length(value) < limit)
        return wrong(place, "is too short");
    if (json_is_array(value) && strcmp(keyword, "minItems") == 0 &&
        (double)json_array_size(value) < limit)
        return wrong(place, "has too few items");
    if (json_is_array(value) && strcmp(keyword, "maxItems") == 0 &&
        (double)json_array_size(value) > limit)
        return wrong(place, "has too many items");
    return 0;
}

static int on_pattern(const struct place *place, const json_t *rule, const json_t *value)
{
    regex_t regex;
    if (!json_is_string(value))
        return 0;
    if (regcomp(&regex, json_string_value(rule), REG_EXTENDED | REG_NOSUB) != 0)
        return bench_fail(place->err, -ENOTSUP, "pattern %s", json_string_value(rule));
    int rc = regexec(&regex, json_string_value(value), 0, NULL, 0);
    regfree(&regex);
    return rc == 0 ? 0 : wrong(place, "does not match the pattern");
}

/* Only references to "#/$defs/NAME". */
static int on_ref(const struct place *place, const json_t *rule, const json_t *value)
{
    static const char prefix[] = "#/$defs/";
    const char *text = json_string_value(rule);
    const json_t *target = NULL;
    if (strncmp(text, prefix, sizeof(prefix) - 1) == 0)
        target = json_object_get(json_object_get(place->root, "$defs"), text + sizeof(prefix) - 1);
    if (target == NULL)
        return bench_fail(place->err, -ENOTSUP, "reference %s", text);
    return check(place, target, value);
}

static int on_keyword(const struct place *place, const json_t *schema, const char *keyword,
                      const json_t *rule, const json_t *value)
{
    static const char *const passive[] = {"$schema",     "$id",  "$defs",      "title",
                                          "description", "then", "properties", "propertyNames"};
    static const char *const sizes[] = {"minimum", "minLength", "minItems", "maxItems"};
    struct place quiet = *place;
    quiet.err = NULL;
    for (size_t i = 0; i < BENCH_COUNT_OF(passive); i++)
        if (strcmp(keyword, passive[i]) == 0)
            return 0;
    for (size_t i = 0; i < BENCH_COUNT_OF(sizes); i++)
        if (strcmp(keyword, sizes[i]) == 0)
            return on_size(place, keyword, rule, value);
    if (strcmp(keyword, "type") == 0)
        return on_type(place, rule, value);
    if (strcmp(keyword, "enum") == 0)
        return on_enum(place, rule, value);
    if (strcmp(keyword, "const") == 0)
        return json_equal(rule, value) ? 0 : wrong(place, "is not the one value");
    if (strcmp(keyword, "required") == 0)
        return on_required(place, rule, value);
    if (strcmp(keyword, "dependentRequired") == 0)
        return on_dependent(place, rule, value);
    if (strcmp(keyword, "additionalProperties") == 0)
        return on_members(place, schema, value);
    if (strcmp(keyword, "items") == 0)
        return on_items(place, rule, value);
    if (strcmp(keyword, "pattern") == 0)
        return on_pattern(place, rule, value);
    if (strcmp(keyword, "$ref") == 0)
        return on_ref(place, rule, value);
    if (strcmp(keyword, "if") == 0)
        return check(&quiet, rule, value) == 0
                   ? check(place, json_object_get(schema, "then"), value)
                   : 0;
    return bench_fail(place->err, -ENOTSUP, "keyword %s", keyword);
}

static int check(const struct place *place, const json_t *schema, const json_t *value)
{
    const char *keyword;
    json_t *rule, *rules;
    memcpy(&rules, &schema, sizeof(rules));
    /* A condition names properties and leaves the others open; elsewhere additionalProperties looks
     * at all members. */
    if (json_object_get(schema, "properties") != NULL &&
        json_object_get(schema, "additionalProperties") == NULL) {
        int rc = on_members(place, schema, value);
        if (rc < 0)
            return rc;
    }
    json_object_foreach(rules, keyword, rule)
    {
        int rc = on_keyword(place, schema, keyword, rule, value);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int support_schema_check(const json_t *schema, const json_t *document, struct bench_error *err)
{
    struct place place = {.root = schema, .err = err};
    return check(&place, schema, document);
}
