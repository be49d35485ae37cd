/* SPDX-License-Identifier: MIT */
/* How far the floor is above what was measured: how much of a result can be the client's limit. */
#include <math.h>
#include <string.h>

#include "render/table.h"
#include "suite/report.h"

#define NAME_BYTES 320

static bool is_comparable(const struct bench_result *result, const struct bench_result *floor)
{
    return result->target->role == BENCH_ROLE_NORMAL && bench_result_is_shown(result) &&
           strcmp(result->target->mode, floor->target->mode) == 0 &&
           bench_result_throughput(result) > 0;
}

/* "headroom: the floor tcp/threaded/native does 25.8 k/s, 1.3x of A and 26x of B". */
static void write_line(FILE *out, const struct bench_report_group *group,
                       const struct bench_result *floor)
{
    const struct bench_result *fastest = NULL, *slowest = NULL;
    double rate = bench_result_throughput(floor);
    char name[NAME_BYTES];
    for (size_t i = 0; i < group->nrows; i++) {
        const struct bench_result *result = group->rows[i];
        double own = bench_result_throughput(result);
        if (!is_comparable(result, floor))
            continue;
        if (fastest == NULL || own > bench_result_throughput(fastest))
            fastest = result;
        if (slowest == NULL || own < bench_result_throughput(slowest))
            slowest = result;
    }
    if (fastest == NULL || isnan(rate))
        return;
    fprintf(out, "headroom: the floor %s does %s",
            bench_text_clean(floor->target->name, name, sizeof(name)), bench_format_rate(rate).s);
    fprintf(out, ", %s of %s", bench_format_ratio(rate / bench_result_throughput(fastest)).s,
            bench_text_clean(fastest->target->name, name, sizeof(name)));
    if (slowest != fastest)
        fprintf(out, " and %s of %s", bench_format_ratio(rate / bench_result_throughput(slowest)).s,
                bench_text_clean(slowest->target->name, name, sizeof(name)));
    fputc('\n', out);
}

void bench_report_headroom(FILE *out, const struct bench_report_group *group)
{
    /* An open loop asks all for the same. */
    if (bench_result_is_open(group->rows[0]))
        return;
    for (size_t i = 0; i < group->nrows; i++) {
        if (group->rows[i]->target->role == BENCH_ROLE_FLOOR &&
            bench_result_is_shown(group->rows[i]))
            write_line(out, group, group->rows[i]);
    }
}
