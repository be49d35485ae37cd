/* SPDX-License-Identifier: MIT */
/*
 * The order of a table's rows and how much worse each is than the best one. A row whose client was
 * the limit is known to do at least its figure: it is ranked by that, is never called best, and
 * where no judged row reaches it none is called best. Private to suite/report_*.c.
 */
#ifndef BENCH_REPORT_RANK_H
#define BENCH_REPORT_RANK_H

#include "suite/report_write.h"

struct bench_rank {
    const struct bench_result *result;
    double merit; /* what it is ranked by, more is better; NaN when nothing is shown */
    double top;   /* the highest merit of a row that may be best, or of a client-bound one */
    bool beaten;  /* that top is only a lower bound: no row is best */
    bool alone;   /* nothing to be compared with */
};

/* Which part of a table it stands in: 0 figures, 1 none, 2 floors, 3 rulers. */
int bench_rank_part(const struct bench_rank *rank);
/* Sorts by part and merit (equal ones stay in the order given), and fills what is not given. */
void bench_rank_rows(struct bench_rank *ranks, size_t count);
/* "best", "=best" (not told apart from it), "2.1x", "≥1.4x" (at least that much worse), "≤3x";
 * false: there is nothing to say. */
bool bench_rank_text(struct bench_writer *writer, const struct bench_rank *rank,
                     struct bench_text *out);

#endif
