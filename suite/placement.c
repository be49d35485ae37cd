/* SPDX-License-Identifier: MIT */
#include "suite/placement.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/units.h"
#include "core/proc.h"

const char *const bench_placement_names[] = {
#define X(id, name, help) name,
    BENCH_PLACEMENTS(X)
#undef X
};

static int parse_core(const char *text, int64_t *out, struct bench_error *err)
{
    return bench_parse_int(text, 0, CPU_SETSIZE - 1, out, err);
}

/* "0", "0-1", one item of a list. */
static int add_range(char *item, cpu_set_t *set, struct bench_error *err)
{
    int64_t first, last;
    char *dash = strchr(item, '-');
    if (dash != NULL)
        *dash++ = '\0';
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

static int check_usable(const cpu_set_t *set, const char *who, struct bench_error *err)
{
    cpu_set_t usable, both;
    char text[64];
    CPU_ZERO(&usable);
    if (sched_getaffinity(0, sizeof(usable), &usable) < 0)
        return bench_fail(err, -errno, "no list of usable cores: %s", bench_errno_text(errno));
    CPU_AND(&both, &usable, set);
    if (CPU_EQUAL(&both, set))
        return 0;
    return bench_fail(err, -EINVAL, "%s: of those cores this process may use only %s of %s", who,
                      CPU_COUNT(&both) == 0 ? "none" : "some",
                      bench_cpus_text(&usable, text, sizeof(text)));
}

int bench_cpus_parse(const char *text, struct bench_cpus *out, struct bench_error *err)
{
    struct bench_cpus parsed = {.client_given = false};
    cpu_set_t *set = NULL;
    char copy[256];
    if (strlen(text) >= sizeof(copy))
        return bench_fail(err, -EINVAL, "'%.40s...' is too long", text);
    (void)snprintf(copy, sizeof(copy), "%s", text);
    char *rest = copy, *item;
    int rc = 0;
    while (rc == 0 && (item = strsep(&rest, ",")) != NULL) {
        if (strncmp(item, "client=", 7) == 0) {
            set = &parsed.client;
            parsed.client_given = true;
            item += 7;
        } else if (strncmp(item, "server=", 7) == 0) {
            set = &parsed.server;
            parsed.server_given = true;
            item += 7;
        }
        if (set == NULL)
            return bench_fail(err, -EINVAL, "'%.60s' is not client=LIST,server=LIST", text);
        rc = add_range(item, set, err);
    }
    if (rc == 0 && parsed.client_given)
        rc = check_usable(&parsed.client, "client", err);
    if (rc == 0 && parsed.server_given)
        rc = check_usable(&parsed.server, "server", err);
    if (rc == 0)
        *out = parsed;
    return rc;
}

int bench_placement_resolve(enum bench_placement placement, const struct bench_cpus *given,
                            struct bench_cpus *out, struct bench_error *err)
{
    cpu_set_t usable;
    CPU_ZERO(&usable);
    if (sched_getaffinity(0, sizeof(usable), &usable) < 0)
        return bench_fail(err, -errno, "no list of usable cores: %s", bench_errno_text(errno));
    size_t last = CPU_SETSIZE - 1;
    while (last > 0 && !CPU_ISSET(last, &usable))
        last--;
    *out = (struct bench_cpus){.client_given = placement != BENCH_PLACEMENT_FREE,
                               .server_given = placement != BENCH_PLACEMENT_FREE};
    switch (placement) {
    case BENCH_PLACEMENT_SAME:
        CPU_SET(last, &out->client);
        out->server = out->client;
        break;
    case BENCH_PLACEMENT_SPLIT:
        if (CPU_COUNT(&usable) < 2)
            return bench_fail(err, -ENOTSUP, "placement split needs two cores, there is one");
        CPU_SET(last, &out->client);
        out->server = usable;
        CPU_CLR(last, &out->server);
        break;
    case BENCH_PLACEMENT_FREE:
    case BENCH_PLACEMENT_COUNT:
        out->client = usable;
        out->server = usable;
        break;
    }
    if (given->client_given) {
        out->client = given->client;
        out->client_given = true;
    }
    if (given->server_given) {
        out->server = given->server;
        out->server_given = true;
    }
    return 0;
}

char *bench_cpus_text(const cpu_set_t *cpus, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t first = 0; first < CPU_SETSIZE && used < size; first++) {
        if (!CPU_ISSET(first, cpus))
            continue;
        size_t last = first;
        while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, cpus))
            last++;
        used += (size_t)(last == first
                             ? snprintf(out + used, size - used, "%s%zu", used > 0 ? "," : "", first)
                             : snprintf(out + used, size - used, "%s%zu-%zu", used > 0 ? "," : "",
                                        first, last));
        first = last;
    }
    return out;
}
