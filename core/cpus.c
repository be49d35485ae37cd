/* SPDX-License-Identifier: MIT */
#include "core/cpus.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/units.h"

static int parse_core(const char *text, int64_t *out, struct bench_error *err)
{
    return bench_parse_int(text, 0, CPU_SETSIZE - 1, out, err);
}

/* "0" or "0-1". */
static int add_range(char *item, cpu_set_t *set, struct bench_error *err)
{
    int64_t first, last;
    char *dash = strchr(item, '-');
    if (dash != NULL && dash != item)
        *dash++ = '\0';
    else
        dash = NULL;
    int rc = parse_core(item, &first, err);
    last = first;
    if (rc == 0 && dash != NULL)
        rc = parse_core(dash, &last, err);
    if (rc == 0 && last < first)
        rc = bench_fail(err, -EINVAL, "cores %s-%s run backwards", item, dash);
    for (int64_t core = first; rc == 0 && core <= last; core++)
        CPU_SET((size_t)core, set);
    return rc;
}

int bench_cpus_add(const char *text, cpu_set_t *set, struct bench_error *err)
{
    char copy[BENCH_CPUS_TEXT_SIZE];
    cpu_set_t added = *set;
    if (strlen(text) >= sizeof(copy))
        return bench_fail(err, -EINVAL, "'%.40s...' is too long", text);
    (void)snprintf(copy, sizeof(copy), "%s", text);
    char *rest = copy, *item;
    int rc = 0;
    while (rc == 0 && (item = strsep(&rest, ",")) != NULL)
        rc = add_range(item, &added, err);
    if (rc == 0)
        *set = added;
    return rc;
}

char *bench_cpus_text(const cpu_set_t *cpus, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t first = 0; first < CPU_SETSIZE; first++) {
        if (!CPU_ISSET(first, cpus))
            continue;
        size_t last = first;
        while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, cpus))
            last++;
        char item[32];
        int length = last == first ? snprintf(item, sizeof(item), "%zu", first)
                                   : snprintf(item, sizeof(item), "%zu-%zu", first, last);
        if (used + (size_t)length + 2 > size)
            break;
        used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? "," : "", item);
        first = last;
    }
    return out;
}
