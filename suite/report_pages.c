/* SPDX-License-Identifier: MIT */
/* Which results stand in one table: groups of cells measured alike, pages of groups. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "suite/report.h"

/* ---- groups ---- */

static bool measured_alike(const struct bench_result *a, const struct bench_result *b)
{
    if (strcmp(a->workload, b->workload) != 0 || strcmp(a->operation, b->operation) != 0 ||
        strcmp(a->load_model, b->load_model) != 0 || a->nparameters != b->nparameters)
        return false;
    for (size_t i = 0; i < a->nparameters; i++) {
        const char *value = bench_result_parameter(b, a->parameters[i].name);
        if (value == NULL || strcmp(value, a->parameters[i].value) != 0)
            return false;
    }
    return true;
}

/* Whether b has every parameter of a that says what is done, not how much or where. */
static bool same_but_counts(const struct bench_result *a, const struct bench_result *b)
{
    for (size_t i = 0; i < a->nparameters; i++) {
        const char *value = bench_result_parameter(b, a->parameters[i].name);
        if (!bench_parameter_is_count(a, &a->parameters[i]) &&
            !bench_parameter_is_condition(&a->parameters[i]) &&
            (value == NULL || strcmp(value, a->parameters[i].value) != 0))
            return false;
    }
    return true;
}

static bool other_placement(const struct bench_result *a, const struct bench_result *b)
{
    const char *left = bench_result_parameter(a, bench_factor_name(BENCH_FACTOR_PLACEMENT));
    const char *right = bench_result_parameter(b, bench_factor_name(BENCH_FACTOR_PLACEMENT));
    return left != NULL && right != NULL && strcmp(left, right) != 0;
}

static void count_namesakes(struct bench_report_group *groups, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++) {
            if (strcmp(groups[i].rows[0]->workload, groups[k].rows[0]->workload) != 0)
                continue;
            groups[i].same_workload++;
            groups[i].ordinal += k < i;
            groups[i].several_placements |=
                other_placement(groups[i].rows[0], groups[k].rows[0]);
            if (strcmp(groups[i].rows[0]->operation, groups[k].rows[0]->operation) != 0)
                groups[i].several_operations = true;
            else
                groups[i].varies_otherwise |=
                    !same_but_counts(groups[i].rows[0], groups[k].rows[0]);
        }
    }
}

int bench_report_groups_new(const struct bench_run *run, struct bench_report_group **out,
                            size_t *count)
{
    struct bench_report_group *groups = calloc(run->nresults + 1, sizeof(*groups));
    size_t n = 0;
    if (groups == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < run->nresults; i++) {
        const struct bench_result *result = &run->results[i];
        size_t g = 0;
        while (g < n && !measured_alike(groups[g].rows[0], result))
            g++;
        if (g == n) {
            groups[g].rows = calloc(run->nresults, sizeof(const struct bench_result *));
            if (groups[g].rows == NULL) {
                bench_report_groups_free(groups, n);
                return -ENOMEM;
            }
            groups[g].view = bench_view_of(result->workload);
            groups[g].view.ranking = bench_result_ranking(result);
            n++;
        }
        groups[g].rows[groups[g].nrows++] = result;
    }
    count_namesakes(groups, n);
    *out = groups;
    *count = n;
    return 0;
}

void bench_report_groups_free(struct bench_report_group *groups, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(groups[i].rows);
    free(groups);
}

bool bench_parameter_is_count(const struct bench_result *result,
                              const struct bench_parameter *parameter)
{
    static const char *const counts[] = {"clients", "connections", "requests",
                                         "requests_per_client"};
    for (size_t i = 0; i < BENCH_COUNT_OF(counts); i++) {
        if (strcmp(parameter->name, counts[i]) == 0)
            return true;
    }
    /* Elsewhere an argument of the operation may have this name. */
    return strcmp(parameter->name, "iterations") == 0 && bench_result_is_bulk(result);
}

char *bench_report_operation(const struct bench_report_group *group, char *out, size_t size)
{
    const struct bench_result *first = group->rows[0];
    char text[512];
    const char *separator = "(";
    (void)snprintf(text, sizeof(text), "%s", first->operation);
    for (size_t i = 0; i < first->nparameters; i++) {
        size_t used = strlen(text);
        if (bench_parameter_is_count(first, &first->parameters[i]) ||
            bench_parameter_is_condition(&first->parameters[i]))
            continue;
        (void)snprintf(text + used, sizeof(text) - used, "%s%s=%s", separator,
                       first->parameters[i].name, first->parameters[i].value);
        separator = ", ";
    }
    size_t used = strlen(text);
    (void)snprintf(text + used, sizeof(text) - used, "%s", separator[0] == '(' ? "" : ")");
    return bench_text_clean(text, out, size);
}

/* ---- pages ---- */

/* The parameters in which the columns of a page differ. */
static bool varies(enum bench_page_kind kind, enum bench_factor factor, const char *name)
{
    switch (kind) {
    case BENCH_PAGE_SIZES:
        return strcmp(name, "size") == 0;
    case BENCH_PAGE_STYLES:
        return strcmp(name, "style") == 0 || strcmp(name, "chunk") == 0;
    case BENCH_PAGE_LADDER:
        return strcmp(name, bench_factor_name(factor)) == 0;
    case BENCH_PAGE_SINGLE:
        break;
    }
    return false;
}

static bool others_agree(enum bench_page_kind kind, enum bench_factor factor,
                         const struct bench_result *a, const struct bench_result *b)
{
    for (size_t i = 0; i < a->nparameters; i++) {
        const char *value = bench_result_parameter(b, a->parameters[i].name);
        if (varies(kind, factor, a->parameters[i].name))
            continue;
        if (value == NULL || strcmp(value, a->parameters[i].value) != 0)
            return false;
    }
    return true;
}

static bool same_page(enum bench_page_kind kind, enum bench_factor factor,
                      const struct bench_report_group *a, const struct bench_report_group *b)
{
    const struct bench_result *left = a->rows[0], *right = b->rows[0];
    if (kind == BENCH_PAGE_SINGLE || strcmp(left->workload, right->workload) != 0)
        return false;
    /* A style is another operation to the protocol. */
    if (kind != BENCH_PAGE_STYLES && strcmp(left->operation, right->operation) != 0)
        return false;
    return others_agree(kind, factor, left, right) && others_agree(kind, factor, right, left);
}

/* The first factor in which other groups differ from this one, and in nothing else. */
static enum bench_factor factor_of(const struct bench_report_group *groups, size_t count,
                                   const struct bench_report_group *group)
{
    for (int factor = BENCH_FACTOR_NONE + 1; factor < BENCH_FACTOR_COUNT; factor++) {
        if (bench_result_parameter(group->rows[0],
                                   bench_factor_name((enum bench_factor)factor)) == NULL)
            continue;
        for (size_t g = 0; g < count; g++) {
            if (&groups[g] != group && same_page(BENCH_PAGE_LADDER, (enum bench_factor)factor,
                                                 group, &groups[g]))
                return (enum bench_factor)factor;
        }
    }
    return BENCH_FACTOR_NONE;
}

/* Bulk always has a page with columns; a ladder needs two rungs. */
static enum bench_page_kind kind_of(const struct bench_report_group *group,
                                    enum bench_factor factor)
{
    const struct bench_result *first = group->rows[0];
    if (bench_result_is_bulk(first))
        return bench_result_parameter(first, "style") != NULL ? BENCH_PAGE_STYLES
                                                              : BENCH_PAGE_SIZES;
    return factor != BENCH_FACTOR_NONE ? BENCH_PAGE_LADDER : BENCH_PAGE_SINGLE;
}

/* The page that takes the group, made if there is none; NULL without memory. */
static struct bench_report_page *page_for(struct bench_report_pages *pages,
                                          const struct bench_report_group *group)
{
    enum bench_factor factor = bench_result_is_bulk(group->rows[0])
                                   ? BENCH_FACTOR_NONE
                                   : factor_of(pages->groups, pages->ngroups, group);
    enum bench_page_kind kind = kind_of(group, factor);
    for (size_t p = 0; p < pages->npages; p++) {
        if (pages->pages[p].kind == kind && pages->pages[p].factor == factor &&
            same_page(kind, factor, pages->pages[p].groups[0], group))
            return &pages->pages[p];
    }
    struct bench_report_page *page = &pages->pages[pages->npages];
    *page = (struct bench_report_page){.kind = kind, .factor = factor};
    page->groups = calloc(pages->ngroups, sizeof(const struct bench_report_group *));
    if (page->groups == NULL)
        return NULL;
    pages->npages++;
    return page;
}

/* By rising rung: a plan may shuffle them. Equal and unknown ones stay as they were. */
static void sort_ladder(struct bench_report_page *page)
{
    for (size_t i = 1; i < page->ngroups; i++) {
        const struct bench_report_group *group = page->groups[i];
        double value = bench_factor_value(page->factor, group->rows[0]);
        size_t at = i;
        for (; at > 0 && bench_factor_value(page->factor, page->groups[at - 1]->rows[0]) > value;
             at--)
            page->groups[at] = page->groups[at - 1];
        page->groups[at] = group;
    }
}

int bench_report_pages_new(const struct bench_run *run, struct bench_report_pages *out)
{
    struct bench_report_pages pages = {.groups = NULL};
    int status = bench_report_groups_new(run, &pages.groups, &pages.ngroups);
    if (status < 0)
        return status;
    pages.pages = calloc(pages.ngroups + 1, sizeof(*pages.pages));
    status = pages.pages == NULL ? -ENOMEM : 0;
    for (size_t g = 0; status == 0 && g < pages.ngroups; g++) {
        struct bench_report_page *page = page_for(&pages, &pages.groups[g]);
        if (page == NULL)
            status = -ENOMEM;
        else
            page->groups[page->ngroups++] = &pages.groups[g];
    }
    for (size_t p = 0; p < pages.npages; p++) {
        if (pages.pages[p].kind == BENCH_PAGE_LADDER)
            sort_ladder(&pages.pages[p]);
    }
    if (status < 0)
        bench_report_pages_free(&pages);
    else
        *out = pages;
    return status;
}

void bench_report_pages_free(struct bench_report_pages *pages)
{
    for (size_t p = 0; p < pages->npages; p++)
        free(pages->pages[p].groups);
    free(pages->pages);
    bench_report_groups_free(pages->groups, pages->ngroups);
}

static const char *parameter_or(const struct bench_report_group *group, const char *name,
                                const char *otherwise)
{
    const char *value = bench_result_parameter(group->rows[0], name);
    return value != NULL ? value : otherwise;
}

/* "8 clients", "1000/s", "rtt 1ms", "same"; '\x1f' between lines. */
static void ladder_text(enum bench_factor factor, const struct bench_report_group *group, char *out,
                        size_t size)
{
    const char *value = parameter_or(group, bench_factor_name(factor), "");
    if (factor == BENCH_FACTOR_CLIENTS)
        (void)snprintf(out, size, "%.14s\x1f%s", value,
                       strcmp(value, "1") == 0 ? "client" : "clients");
    else if (factor == BENCH_FACTOR_INFLIGHT)
        (void)snprintf(out, size, "%.14s\x1fin\x1f" "flight", value);
    else
        (void)snprintf(out, size, "%s%.20s", factor == BENCH_FACTOR_RTT ? "rtt\x1f" : "", value);
}

struct bench_text bench_report_column(const struct bench_report_page *page,
                                      const struct bench_report_group *group, char separator)
{
    char text[128] = "";
    struct bench_text clean;
    const char *chunk = parameter_or(group, "chunk", "");
    switch (page->kind) {
    case BENCH_PAGE_SIZES:
        (void)snprintf(text, sizeof(text), "%.40s", parameter_or(group, "size", ""));
        break;
    case BENCH_PAGE_STYLES:
        (void)snprintf(text, sizeof(text), "%.14s%s%.14s", parameter_or(group, "style", ""),
                       chunk[0] != '\0' ? "\x1f" : "", chunk);
        break;
    case BENCH_PAGE_LADDER:
        ladder_text(page->factor, group, text, sizeof(text));
        break;
    case BENCH_PAGE_SINGLE:
        break;
    }
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '\x1f' ? ' ' : *at;
    (void)bench_text_clean(text, clean.s, sizeof(clean.s));
    for (char *at = clean.s; *at != '\0'; at++)
        *at = *at == ' ' ? separator : *at;
    return clean;
}

/* How much of what the columns differ in. */
static double amount(const struct bench_report_page *page, const struct bench_report_group *group)
{
    if (page->kind != BENCH_PAGE_LADDER)
        return (double)bench_result_size(group->rows[0]);
    return page->factor == BENCH_FACTOR_CLIENTS || page->factor == BENCH_FACTOR_INFLIGHT ||
                   page->factor == BENCH_FACTOR_RATE
               ? bench_factor_value(page->factor, group->rows[0])
               : 0;
}

const struct bench_report_group *bench_report_largest(const struct bench_report_page *page)
{
    const struct bench_report_group *largest = page->groups[0];
    for (size_t g = 1; g < page->ngroups; g++) {
        if (amount(page, page->groups[g]) > amount(page, largest))
            largest = page->groups[g];
    }
    return largest;
}

static bool has_figures(const struct bench_report_group *group)
{
    for (size_t i = 0; i < group->nrows; i++) {
        if (group->rows[i]->target->role == BENCH_ROLE_NORMAL &&
            bench_result_is_shown(group->rows[i]))
            return true;
    }
    return false;
}

const struct bench_report_group *bench_report_deciding(const struct bench_report_page *page)
{
    const struct bench_report_group *best = page->groups[0];
    if (page->kind == BENCH_PAGE_STYLES)
        return best;
    if (page->factor != BENCH_FACTOR_RATE)
        return bench_report_largest(page);
    for (size_t g = 1; g < page->ngroups; g++) {
        if (has_figures(page->groups[g]) &&
            (!has_figures(best) || amount(page, page->groups[g]) > amount(page, best)))
            best = page->groups[g];
    }
    return best;
}

bool bench_report_knows_memory(const struct bench_report_group *group)
{
    for (size_t i = 0; i < group->nrows; i++) {
        if (bench_result_is_shown(group->rows[i]) &&
            !isnan(group->rows[i]->resources.server_pss_bytes))
            return true;
    }
    return false;
}

const struct bench_result *bench_report_row(const struct bench_report_group *group,
                                            const struct bench_target_info *target)
{
    for (size_t i = 0; i < group->nrows; i++) {
        if (group->rows[i]->target == target)
            return group->rows[i];
    }
    return NULL;
}
