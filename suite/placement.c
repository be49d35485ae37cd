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

static int check_usable(const cpu_set_t *set, const char *who, struct bench_error *err)
{
    cpu_set_t usable, both;
    char text[BENCH_CPUS_TEXT_SIZE];
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
        rc = bench_cpus_add(item, set, err);
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
    const bool bound = placement != BENCH_PLACEMENT_FREE;
    struct bench_cpus found = {.client_given = bound || given->client_given,
                               .server_given = bound || given->server_given,
                               .client = usable,
                               .server = usable};
    if (bound) {
        CPU_ZERO(&found.client);
        CPU_SET(last, &found.client);
    }
    if (given->client_given)
        found.client = given->client;
    else if (placement == BENCH_PLACEMENT_SAME && given->server_given)
        found.client = given->server;
    if (given->server_given) {
        found.server = given->server;
    } else if (placement == BENCH_PLACEMENT_SAME) {
        found.server = found.client;
    } else if (placement == BENCH_PLACEMENT_SPLIT) {
        CPU_XOR(&found.server, &usable, &found.client); /* the client's are a part of the usable */
        if (CPU_COUNT(&found.server) == 0)
            return bench_fail(err, -ENOTSUP, "placement split leaves no core for the server: %s",
                              CPU_COUNT(&usable) == 1 ? "there is one core" : "the client has all");
    }
    *out = found;
    return 0;
}

int bench_placement_apply(pid_t pid, const cpu_set_t *cpus)
{
    return bench_proc_set_cpus(pid, cpus);
}
