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
