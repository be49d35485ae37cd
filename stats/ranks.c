/* SPDX-License-Identifier: MIT */
#include "stats/ranks.h"

#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int bench_ranks(const double *values, size_t n, double *ranks, double *ties)
{
    size_t *order = malloc((n > 0 ? n : 1) * sizeof(*order));
    if (order == NULL)
        return -ENOMEM;
    gsl_sort_index(order, values, 1, n);
    *ties = 0;
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        while (end < n && !(values[order[end]] > values[order[i]]))
            end++;
        double same = (double)(end - i);
        *ties += same * same * same - same;
        for (size_t k = i; k < end; k++)
            ranks[order[k]] = (double)(i + 1 + end) / 2;
        i = end;
    }
    free(order);
    return 0;
}

int bench_mann_whitney_counts(size_t na, size_t nb, double *counts)
{
    const size_t width = na * nb + 1;
    /* Row j holds f(i, j, u) of the present i; f(0, j, u) = [u = 0]. */
    double *rows = calloc((nb + 1) * width, sizeof(*rows));
    double *next = calloc((nb + 1) * width, sizeof(*next));
    if (rows == NULL || next == NULL) {
        free(rows);
        free(next);
        return -ENOMEM;
    }
    for (size_t j = 0; j <= nb; j++)
        rows[j * width] = 1;
    for (size_t i = 1; i <= na; i++) {
        memset(next, 0, width * sizeof(*next));
        next[0] = 1;
        for (size_t j = 1; j <= nb; j++)
            for (size_t u = 0; u < width; u++)
                next[j * width + u] =
                    (u >= j ? rows[j * width + u - j] : 0) + next[(j - 1) * width + u];
        double *spare = rows;
        rows = next;
        next = spare;
    }
    memcpy(counts, &rows[nb * width], width * sizeof(*counts));
    free(rows);
    free(next);
    return 0;
}

void bench_wilcoxon_counts(size_t n, double *counts)
{
    size_t top = 0;
    counts[0] = 1;
    for (size_t rank = 1; rank <= n; rank++) {
        for (size_t w = top + 1; w <= top + rank; w++)
            counts[w] = 0;
        top += rank;
        for (size_t w = top; w >= rank; w--)
            counts[w] += counts[w - rank];
    }
}

static size_t rank_of(const double *counts, size_t n, double tail, double *confidence)
{
    double all = 0, sum = 0;
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        all += counts[i];
    while (k < n && (sum + counts[k]) / all <= tail)
        sum += counts[k++];
    *confidence = 1 - 2 * sum / all;
    return k;
}

/* Where the exact distribution is too long. */
static size_t rank_near(double mean, double deviation, double tail, double *confidence)
{
    double k = floor(mean + 0.5 - gsl_cdf_ugaussian_Qinv(tail) * deviation);
    *confidence = 1 - 2 * tail;
    return k > 0 ? (size_t)k : 0;
}

int bench_mann_whitney_rank(size_t na, size_t nb, double tail, size_t *k, double *confidence)
{
    const double product = (double)na * (double)nb;
    if (na + nb > BENCH_EXACT_U) {
        *k = rank_near(product / 2, sqrt(product * (double)(na + nb + 1) / 12), tail, confidence);
        return 0;
    }
    double *counts = malloc((na * nb + 1) * sizeof(*counts));
    int rc = counts != NULL ? bench_mann_whitney_counts(na, nb, counts) : -ENOMEM;
    if (rc == 0)
        *k = rank_of(counts, na * nb + 1, tail, confidence);
    free(counts);
    return rc;
}

int bench_wilcoxon_rank(size_t n, double tail, size_t *k, double *confidence)
{
    const double m = (double)n;
    if (n > BENCH_EXACT_W) {
        *k = rank_near(m * (m + 1) / 4, sqrt(m * (m + 1) * (2 * m + 1) / 24), tail, confidence);
        return 0;
    }
    const size_t width = n * (n + 1) / 2 + 1;
    double *counts = malloc(width * sizeof(*counts));
    if (counts == NULL)
        return -ENOMEM;
    bench_wilcoxon_counts(n, counts);
    *k = rank_of(counts, width, tail, confidence);
    free(counts);
    return 0;
}
