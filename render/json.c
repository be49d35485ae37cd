/* SPDX-License-Identifier: MIT */
#include "render/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"

json_t *bench_json_text(const char *value)
{
    const char *raw = value != NULL ? value : "";
    size_t size = strlen(raw) + 1; /* cleaning never makes text longer */
    char *clean = malloc(size);
    if (clean == NULL)
        return NULL;
    json_t *json = json_string(bench_text_clean(raw, clean, size));
    free(clean);
    return json;
}

json_t *bench_json_real(double value) { return isfinite(value) ? json_real(value) : json_null(); }

json_t *bench_json_whole(uint64_t value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

struct bench_json_object bench_json_begin(void)
{
    json_t *json = json_object();
    return (struct bench_json_object){json, json == NULL};
}

void bench_json_put(struct bench_json_object *object, const char *key, json_t *value)
{
    if (json_object_set_new(object->json, key, value) != 0)
        object->failed = true;
}

json_t *bench_json_end(struct bench_json_object *object)
{
    if (!object->failed)
        return object->json;
    json_decref(object->json);
    return NULL;
}
