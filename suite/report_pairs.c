/* SPDX-License-Identifier: MIT */
#include "suite/report_pairs.h"

#include <ctype.h>
#include <string.h>

#include "render/table.h"

static bool same(const char *a, const char *b) { return strcmp(a, b) == 0; }

/* Equal, and known: two servers of which nothing is known are not the same. */
static bool same_known(const char *a, const char *b) { return a[0] != '\0' && same(a, b); }

static bool differ_known(const char *a, const char *b)
{
    return a[0] != '\0' && b[0] != '\0' && !same(a, b);
}

static bool is_pool(const struct bench_target_info *target) { return target->label[0] != '\0'; }

bool bench_target_is_program(const struct bench_target_info *target)
{
    return target->client[0] != '\0' && !same(target->client, "native");
}

/* Our event loop with our own code on it: figures are the protocol's. */
static bool is_own(const struct bench_target_info *target)
{
    return !bench_target_is_program(target) && bench_target_library(target)[0] == '\0';
}

/* Alike in all but the options. */
static bool siblings(const struct bench_target_info *a, const struct bench_target_info *b)
{
    return same(a->protocol, b->protocol) && same(a->mode, b->mode) && same(a->server, b->server) &&
           same(a->client, b->client) && same(a->url, b->url);
}

/* Stands for its protocol: the row with default options, or the only one if that is missing. */
static bool is_plain(const struct bench_report_group *group, const struct bench_target_info *target)
{
    if (target->options[0] == '\0')
        return true;
    for (size_t i = 0; i < group->nrows; i++) {
        const struct bench_target_info *other = group->rows[i]->target;
        if (other != target && siblings(target, other))
            return false;
    }
    return true;
}

unsigned bench_pair_kind(const struct bench_report_group *group, const struct bench_target_info *a,
                         const struct bench_target_info *b)
{
    bool plain = is_plain(group, a) && is_plain(group, b);
    bool any_plain = is_plain(group, a) || is_plain(group, b);
    bool same_place = same_known(a->mode, b->mode) && same_known(a->server, b->server);
    bool same_family = same(bench_target_family(a), bench_target_family(b));
    if (a->role != BENCH_ROLE_NORMAL || b->role != BENCH_ROLE_NORMAL)
        return 0;
    if (same_family && same_place && plain && is_own(a) != is_own(b))
        return BENCH_PAIR_CLIENT;
    if (!same(a->client, b->client))
        return 0;
    if (!same_family) {
        if (!same_place || !any_plain)
            return 0;
        return plain ? BENCH_PAIR_PROTOCOL : BENCH_PAIR_VARIANT;
    }
    /* A pool's size decides more than its mode or its maker. */
    if (!same(a->protocol, b->protocol) || is_pool(a) || is_pool(b))
        return 0;
    if (differ_known(a->mode, b->mode) && same_known(a->server, b->server) &&
        same(a->options, b->options))
        return BENCH_PAIR_MODE;
    if (same_known(a->mode, b->mode) && differ_known(a->server, b->server) && plain)
        return BENCH_PAIR_SERVER;
    return 0;
}

char *bench_pair_frame(const struct bench_target_info *a, const struct bench_target_info *b,
                       char *out, size_t size)
{
    const char *left = bench_target_library(a), *right = bench_target_library(b);
    char text[160], language[32];
    (void)snprintf(language, sizeof(language), "%.30s", a->client);
    language[0] = (char)toupper((unsigned char)language[0]);
    if (bench_target_is_program(a))
        (void)snprintf(text, sizeof(text), "for a %s application (%.40s against %.40s)", language,
                       left, right);
    else if (left[0] == '\0' && right[0] == '\0')
        (void)snprintf(text, sizeof(text), "as protocols");
    else
        (void)snprintf(text, sizeof(text), "with %.40s%s%.40s", left,
                       left[0] != '\0' && right[0] != '\0' ? " and " : "", right);
    return bench_text_clean(text, out, size);
}
