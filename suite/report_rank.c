/* SPDX-License-Identifier: MIT */
#include "suite/report_rank.h"

#include <math.h>

int bench_rank_part(const struct bench_rank *rank)
{
    switch (rank->result->target->role) {
    case BENCH_ROLE_FLOOR:
        return 2;
    case BENCH_ROLE_RULER:
        return 3;
    case BENCH_ROLE_NORMAL:
        break;
    }
    return isnan(rank->merit) ? 1 : 0;
}

static bool precedes(const struct bench_rank *a, const struct bench_rank *b)
{
    int part = bench_rank_part(a) - bench_rank_part(b);
    return part != 0 ? part < 0 : a->merit > b->merit;
}

static bool is_bound(const struct bench_rank *rank)
{
    return rank->result->status == BENCH_CELL_CLIENT_BOUND;
}

/* Insertion sort: a table has a few dozen rows, and equal ones must stay in the order given. */
void bench_rank_rows(struct bench_rank *ranks, size_t count)
{
    double judged = NAN, bound = NAN;
    size_t shown = 0;
    for (size_t i = 0; i < count; i++) {
        struct bench_rank rank = ranks[i];
        size_t at = i;
        shown += isnan(rank.merit) ? 0 : 1;
        if (bench_result_is_judged(rank.result))
            judged = fmax(judged, rank.merit);
        else if (rank.result->target->role == BENCH_ROLE_NORMAL && is_bound(&rank))
            bound = fmax(bound, rank.merit);
        for (; at > 0 && precedes(&rank, &ranks[at - 1]); at--)
            ranks[at] = ranks[at - 1];
        ranks[at] = rank;
    }
    for (size_t i = 0; i < count; i++) {
        ranks[i].beaten = bound > judged || (isnan(judged) && !isnan(bound));
        ranks[i].top = fmax(judged, bound);
        ranks[i].alone = shown < 2;
    }
}

bool bench_rank_text(struct bench_writer *writer, const struct bench_rank *rank,
                     struct bench_text *out)
{
    bool bound = is_bound(rank);
    if (rank->alone || isnan(rank->merit) || isnan(rank->top) || (bound && rank->beaten))
        return false;
    /* The best one is known, but not how near a row comes whose client was the limit. */
    if (bound) {
        writer->at_most = true;
        *out = bench_signed_text("≤", bench_format_ratio(rank->top / rank->merit));
        return true;
    }
    if (rank->beaten) {
        writer->beaten = true;
        *out = bench_signed_text("≥", bench_format_ratio(rank->top / rank->merit));
        return true;
    }
    *out = bench_format_ratio(rank->top / rank->merit);
    if (bench_result_is_judged(rank->result) && rank->merit >= rank->top) {
        (void)snprintf(out->s, sizeof(out->s), "best");
    } else if (rank->result->rank == 1) {
        writer->tied = true;
        (void)snprintf(out->s, sizeof(out->s), "=best");
    }
    return true;
}
