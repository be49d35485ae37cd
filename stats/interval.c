/* SPDX-License-Identifier: MIT */
#include "stats/interval.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

#define CONFIDENCE_UPPER 0.975

static double mean_of(const struct bench_trial_values *cell)
{
    double sum = 0;
    for (size_t i = 0; i < cell->n; i++)
        sum += cell->values[i].value;
    return cell->n > 0 ? sum / (double)cell->n : NAN;
}

/* The sample variance; NaN below two values. */
static double variance_of(const struct bench_trial_values *cell)
{
    double mean = mean_of(cell), squares = 0;
    for (size_t i = 0; i < cell->n; i++)
        squares += (cell->values[i].value - mean) * (cell->values[i].value - mean);
    return cell->n > 1 ? squares / (double)(cell->n - 1) : NAN;
}

static bool are_paired(const struct bench_interval_term *terms, size_t nterms)
{
    const struct bench_trial_values *first = &terms[0].cell;
    for (size_t i = 1; i < first->n; i++) {
        if (first->values[i].block <= first->values[i - 1].block)
            return false;
    }
    for (size_t t = 1; t < nterms; t++) {
        if (terms[t].cell.n != first->n)
            return false;
        for (size_t i = 0; i < first->n; i++) {
            if (terms[t].cell.values[i].block != first->values[i].block)
                return false;
        }
    }
    return true;
}

/* The sum within one block. */
static double block_sum(const struct bench_interval_term *terms, size_t nterms, size_t i)
{
    double sum = 0;
    for (size_t t = 0; t < nterms; t++)
        sum += terms[t].weight * terms[t].cell.values[i].value;
    return sum;
}

static double paired_half(const struct bench_interval_term *terms, size_t nterms)
{
    size_t n = terms[0].cell.n;
    double mean = 0, squares = 0, df = (double)n - 1;
    if (n < 2)
        return NAN;
    for (size_t i = 0; i < n; i++)
        mean += block_sum(terms, nterms, i) / (double)n;
    for (size_t i = 0; i < n; i++) {
        double off = block_sum(terms, nterms, i) - mean;
        squares += off * off;
    }
    return gsl_cdf_tdist_Pinv(CONFIDENCE_UPPER, df) * sqrt(squares / df / (double)n);
}

static double welch_half(const struct bench_interval_term *terms, size_t nterms)
{
    double sum = 0, weighted = 0;
    for (size_t t = 0; t < nterms; t++) {
        size_t n = terms[t].cell.n;
        double part = terms[t].weight * terms[t].weight * variance_of(&terms[t].cell) / (double)n;
        if (isnan(part))
            return NAN;
        sum += part;
        weighted += part * part / (double)(n - 1);
    }
    if (!(weighted > 0))
        return 0; /* nothing varies */
    return gsl_cdf_tdist_Pinv(CONFIDENCE_UPPER, sum * sum / weighted) * sqrt(sum);
}

struct bench_interval bench_interval_of(const struct bench_interval_term *terms, size_t nterms)
{
    struct bench_interval out = {.mean = NAN, .low = NAN, .high = NAN};
    if (nterms == 0)
        return out;
    out.mean = 0;
    out.n = terms[0].cell.n;
    for (size_t t = 0; t < nterms; t++) {
        out.mean += terms[t].weight * mean_of(&terms[t].cell);
        out.n = terms[t].cell.n < out.n ? terms[t].cell.n : out.n;
    }
    out.paired = are_paired(terms, nterms);
    double half = out.paired ? paired_half(terms, nterms) : welch_half(terms, nterms);
    out.low = out.mean - half;
    out.high = out.mean + half;
    return out;
}

double bench_interval_half(const struct bench_interval *interval)
{
    return (interval->high - interval->low) / 2;
}

bool bench_interval_has_zero(const struct bench_interval *interval)
{
    return interval->low <= 0 && interval->high >= 0;
}
