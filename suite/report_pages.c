/* SPDX-License-Identifier: MIT */
/* Which results stand in one table: groups of cells measured alike, pages of groups. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite/report.h"
#include "suite/table.h"

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

/* Whether b has every parameter of a that says what is done. */
static bool same_but_counts(const struct bench_result *a, const struct bench_result *b)
{
    for (size_t i = 0; i < a->nparameters; i++) {
        const char *value = bench_result_parameter(b, a->parameters[i].name);
        if (!bench_parameter_is_count(a, &a->parameters[i]) &&
            (value == NULL || strcmp(value, a->parameters[i].value) != 0))
            return false;
    }
    return true;
}

static void count_namesakes(struct bench_report_group *groups, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++) {
            if (strcmp(groups[i].rows[0]->workload, groups[k].rows[0]->workload) != 0)
                continue;
            groups[i].same_workload++;
            groups[i].ordinal += k < i;
            groups[i].varies_otherwise |= !same_but_counts(groups[i].rows[0], groups[k].rows[0]);
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
        if (bench_parameter_is_count(first, &first->parameters[i]))
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
static bool varies(enum bench_page_kind kind, const char *name)
{
    switch (kind) {
    case BENCH_PAGE_SIZES:
        return strcmp(name, "size") == 0;
    case BENCH_PAGE_STYLES:
        return strcmp(name, "style") == 0 || strcmp(name, "chunk") == 0;
    case BENCH_PAGE_CLIENTS:
        return strcmp(name, "clients") == 0;
    case BENCH_PAGE_SINGLE:
        break;
    }
    return false;
}

static bool others_agree(enum bench_page_kind kind, const struct bench_result *a,
                         const struct bench_result *b)
{
    for (size_t i = 0; i < a->nparameters; i++) {
        const char *value = bench_result_parameter(b, a->parameters[i].name);
        if (varies(kind, a->parameters[i].name))
            continue;
        if (value == NULL || strcmp(value, a->parameters[i].value) != 0)
            return false;
    }
    return true;
}

/* Bulk always has a page with columns; numbers of clients only where there are several. */
static enum bench_page_kind kind_of(const struct bench_report_group *group)
{
    const struct bench_result *first = group->rows[0];
    if (bench_result_is_bulk(first))
        return bench_result_parameter(first, "style") != NULL ? BENCH_PAGE_STYLES
                                                              : BENCH_PAGE_SIZES;
    return bench_result_parameter(first, "clients") != NULL ? BENCH_PAGE_CLIENTS
                                                            : BENCH_PAGE_SINGLE;
}

static bool same_page(enum bench_page_kind kind, const struct bench_report_group *a,
                      const struct bench_report_group *b)
{
    const struct bench_result *left = a->rows[0], *right = b->rows[0];
    if (kind == BENCH_PAGE_SINGLE || kind_of(b) != kind ||
        strcmp(left->workload, right->workload) != 0)
        return false;
    /* A style is another operation to the protocol. */
    if (kind != BENCH_PAGE_STYLES && strcmp(left->operation, right->operation) != 0)
        return false;
    return others_agree(kind, left, right) && others_agree(kind, right, left);
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
        const struct bench_report_group *group = &pages.groups[g];
        enum bench_page_kind kind = kind_of(group);
        size_t p = 0;
        while (p < pages.npages &&
               (pages.pages[p].kind != kind || !same_page(kind, pages.pages[p].groups[0], group)))
            p++;
        struct bench_report_page *page = &pages.pages[p];
        if (p == pages.npages) {
            page->kind = kind;
            page->groups = calloc(pages.ngroups, sizeof(const struct bench_report_group *));
            if (page->groups == NULL)
                status = -ENOMEM;
            else
                pages.npages++;
        }
        if (status == 0)
            page->groups[page->ngroups++] = group;
    }
    for (size_t p = 0; p < pages.npages; p++) {
        if (pages.pages[p].kind == BENCH_PAGE_CLIENTS && pages.pages[p].ngroups == 1)
            pages.pages[p].kind = BENCH_PAGE_SINGLE;
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
    case BENCH_PAGE_CLIENTS:
        (void)snprintf(text, sizeof(text), "%.14s\x1f%s", parameter_or(group, "clients", ""),
                       strcmp(parameter_or(group, "clients", ""), "1") == 0 ? "client" : "clients");
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
    int64_t clients;
    if (page->kind == BENCH_PAGE_CLIENTS)
        return bench_parse_int(parameter_or(group, "clients", ""), 0, INT32_MAX, &clients, NULL) ==
                       0
                   ? (double)clients
                   : -1;
    return (double)bench_result_size(group->rows[0]);
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
