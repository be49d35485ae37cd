/* SPDX-License-Identifier: MIT */
#include "stats/usl.h"

#include <errno.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>

#define CONFIDENCE 0.95
/* Where the search for sigma and kappa begins, and below which they read as 0. */
#define BEGIN_SIGMA 0.05
#define BEGIN_KAPPA 1e-3
#define NOTHING     1e-12
enum { PARAMETERS = 3, STEPS_MOST = 500 };

double bench_usl_throughput(const struct bench_usl *usl, double clients)
{
    return usl->lambda * clients /
           (1 + usl->sigma * (clients - 1) + usl->kappa * clients * (clients - 1));
}

double bench_usl_latency(const struct bench_usl *usl, double clients)
{
    return clients / bench_usl_throughput(usl, clients);
}

/* ---- the fit: p = ln lambda, ln sigma, ln kappa ---- */

struct points {
    const double *clients, *throughput;
    double scale; /* of the throughput: the fit is of numbers about 1 */
    size_t n;
};

static struct bench_usl usl_of(const gsl_vector *p, double scale)
{
    return (struct bench_usl){.lambda = scale * exp(gsl_vector_get(p, 0)),
                              .sigma = exp(gsl_vector_get(p, 1)),
                              .kappa = exp(gsl_vector_get(p, 2))};
}

static int residuals(const gsl_vector *p, void *user, gsl_vector *f)
{
    const struct points *points = user;
    const struct bench_usl usl = usl_of(p, 1);
    for (size_t i = 0; i < points->n; i++)
        gsl_vector_set(f, i,
                       bench_usl_throughput(&usl, points->clients[i]) -
                           points->throughput[i] / points->scale);
    return GSL_SUCCESS;
}

/* dX/d ln lambda = X; dX/d ln sigma = -X sigma (N - 1) / D; dX/d ln kappa = -X kappa N (N - 1) / D.
 */
static int derivatives(const gsl_vector *p, void *user, gsl_matrix *j)
{
    const struct points *points = user;
    const struct bench_usl usl = usl_of(p, 1);
    for (size_t i = 0; i < points->n; i++) {
        double n = points->clients[i], x = bench_usl_throughput(&usl, n);
        double d = 1 + usl.sigma * (n - 1) + usl.kappa * n * (n - 1);
        gsl_matrix_set(j, i, 0, x);
        gsl_matrix_set(j, i, 1, -x * usl.sigma * (n - 1) / d);
        gsl_matrix_set(j, i, 2, -x * usl.kappa * n * (n - 1) / d);
    }
    return GSL_SUCCESS;
}

static int fit(struct points *points, struct bench_usl *out)
{
    gsl_multifit_nlinear_parameters how = gsl_multifit_nlinear_default_parameters();
    gsl_multifit_nlinear_fdf system = {
        .f = residuals, .df = derivatives, .n = points->n, .p = PARAMETERS, .params = points};
    /* lambda: what one client would do by the points with fewest and most clients alone. */
    double begin[PARAMETERS] = {log(points->throughput[0] / points->clients[0] / points->scale *
                                    (1 + BEGIN_SIGMA * (points->clients[0] - 1))),
                                log(BEGIN_SIGMA), log(BEGIN_KAPPA)};
    gsl_vector_view start = gsl_vector_view_array(begin, PARAMETERS);
    gsl_multifit_nlinear_workspace *w =
        gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &how, points->n, PARAMETERS);
    if (w == NULL)
        return -ENOMEM;
    int info, rc = -EDOM;
    if (gsl_multifit_nlinear_init(&start.vector, &system, w) == GSL_SUCCESS) {
        int status =
            gsl_multifit_nlinear_driver(STEPS_MOST, 1e-12, 1e-12, 1e-12, NULL, NULL, &info, w);
        *out = usl_of(gsl_multifit_nlinear_position(w), points->scale);
        /* No progress is left: sigma or kappa goes to 0, or it is as good as it gets. */
        bool done = status == GSL_SUCCESS || status == GSL_ENOPROG || status == GSL_EMAXITER;
        rc = done && isfinite(out->lambda) && isfinite(out->sigma) && isfinite(out->kappa) ? 0
                                                                                           : -EDOM;
    }
    gsl_multifit_nlinear_free(w);
    return rc;
}

static void finish(struct bench_usl *usl)
{
    usl->sigma = usl->sigma < NOTHING ? 0 : usl->sigma;
    usl->kappa = usl->kappa < NOTHING ? 0 : usl->kappa;
    usl->peak_n = usl->sigma >= 1 ? 1 : sqrt((1 - usl->sigma) / usl->kappa);
    usl->peak_x = usl->kappa > 0 || usl->sigma >= 1
                      ? bench_usl_throughput(usl, fmax(1, usl->peak_n))
                      : usl->lambda / usl->sigma;
}

double bench_usl_knee(const struct bench_usl *usl, double share, double most)
{
    const double top = fmin(fmax(1, usl->peak_n), most);
    const double wanted = share * bench_usl_throughput(usl, top);
    double low = 1, high = top;
    if (bench_usl_throughput(usl, low) >= wanted)
        return low;
    /* X rises up to its peak. */
    while (high - low > 1e-9 * high) {
        double middle = (low + high) / 2;
        if (bench_usl_throughput(usl, middle) >= wanted)
            high = middle;
        else
            low = middle;
    }
    return high;
}

/* ---- how far the fit is to be trusted ---- */

static void bounds_from(double *values, size_t n, double estimate, struct bench_bounds *out)
{
    gsl_sort(values, 1, n);
    *out =
        (struct bench_bounds){estimate, bench_quantile_sorted(values, n, 0.5 - CONFIDENCE / 2),
                              bench_quantile_sorted(values, n, 0.5 + CONFIDENCE / 2), CONFIDENCE};
}

enum { FIGURES = 5 };

struct spread {
    size_t resamples, done;
    double *figures[FIGURES]; /* lambda, sigma, kappa, peak, knee */
    double *memory, *residual, *throughput;
};

static int spread_init(struct spread *s, const struct points *points, size_t resamples)
{
    *s = (struct spread){.resamples = resamples};
    s->memory = calloc(FIGURES * resamples + 2 * points->n, sizeof(*s->memory));
    if (s->memory == NULL)
        return -ENOMEM;
    for (size_t f = 0; f < FIGURES; f++)
        s->figures[f] = s->memory + f * resamples;
    s->residual = s->memory + FIGURES * resamples;
    s->throughput = s->residual + points->n;
    return 0;
}

static double most_clients(const struct points *points)
{
    double most = 1;
    for (size_t i = 0; i < points->n; i++)
        most = fmax(most, points->clients[i]);
    return most;
}

/* Residuals relative to the fit, drawn with replacement, put back on it. */
static void spread_draw(struct spread *s, const struct points *points, const struct bench_usl *usl,
                        gsl_rng *random)
{
    struct points drawn = {points->clients, s->throughput, points->scale, points->n};
    const double most = most_clients(points);
    for (size_t i = 0; i < s->resamples; i++) {
        struct bench_usl other;
        for (size_t k = 0; k < points->n; k++) {
            size_t from = (size_t)gsl_rng_uniform_int(random, (unsigned long)points->n);
            s->throughput[k] =
                bench_usl_throughput(usl, points->clients[k]) * fmax(0.01, 1 + s->residual[from]);
        }
        if (fit(&drawn, &other) < 0)
            continue;
        finish(&other);
        const double figures[FIGURES] = {other.lambda, other.sigma, other.kappa, other.peak_n,
                                         bench_usl_knee(&other, BENCH_USL_SHARE, most)};
        for (size_t f = 0; f < FIGURES; f++)
            s->figures[f][s->done] = figures[f];
        s->done++;
    }
}

static int bootstrap(const struct points *points, size_t resamples, uint64_t seed,
                     struct bench_usl *usl)
{
    struct spread s;
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    if (random == NULL || spread_init(&s, points, resamples) < 0) {
        gsl_rng_free(random);
        return -ENOMEM;
    }
    gsl_rng_set(random, (unsigned long)seed);
    for (size_t i = 0; i < points->n; i++)
        s.residual[i] = points->throughput[i] / bench_usl_throughput(usl, points->clients[i]) - 1;
    spread_draw(&s, points, usl, random);
    const double estimates[FIGURES] = {usl->lambda, usl->sigma, usl->kappa, usl->peak_n,
                                       usl->knee.estimate};
    struct bench_bounds *const bounds[FIGURES] = {
        &usl->lambda_bounds, &usl->sigma_bounds, &usl->kappa_bounds, &usl->peak_bounds, &usl->knee};
    for (size_t f = 0; f < FIGURES && s.done > 0; f++)
        bounds_from(s.figures[f], s.done, estimates[f], bounds[f]);
    free(s.memory);
    gsl_rng_free(random);
    return 0;
}

int bench_usl_fit(const double *clients, const double *throughput, size_t n, size_t resamples,
                  uint64_t seed, struct bench_usl *out)
{
    const struct bench_bounds none = {NAN, NAN, NAN, NAN};
    struct points points = {clients, throughput, 0, n};
    double mean = 0, off = 0, all = 0;
    if (n < BENCH_USL_POINTS)
        return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        if (!(clients[i] >= 1) || !(throughput[i] > 0) || !isfinite(throughput[i]))
            return -EINVAL;
        mean += throughput[i] / (double)n;
    }
    points.scale = mean;
    (void)gsl_set_error_handler_off();
    int rc = fit(&points, out);
    if (rc < 0)
        return rc;
    finish(out);
    for (size_t i = 0; i < n; i++) {
        double rest = throughput[i] - bench_usl_throughput(out, clients[i]);
        off += rest * rest;
        all += (throughput[i] - mean) * (throughput[i] - mean);
    }
    out->r_squared = all > 0 ? 1 - off / all : NAN;
    out->lambda_bounds = out->sigma_bounds = out->kappa_bounds = out->peak_bounds = out->knee =
        none;
    out->knee.estimate = bench_usl_knee(out, BENCH_USL_SHARE, most_clients(&points));
    return resamples > 0 ? bootstrap(&points, resamples, seed, out) : 0;
}

long bench_kneedle(const double *x, const double *y, size_t n, double sensitivity)
{
    if (n < 3 || !(x[n - 1] > x[0]))
        return -1;
    double low = y[0], high = y[0];
    for (size_t i = 1; i < n; i++) {
        low = fmin(low, y[i]);
        high = fmax(high, y[i]);
    }
    if (!(high > low))
        return -1;
    const double step = 1 / (double)(n - 1); /* mean distance of the normalised x */
    double top = -INFINITY;
    long candidate = -1;
    for (size_t i = 0; i < n; i++) {
        double d = (y[i] - low) / (high - low) - (x[i] - x[0]) / (x[n - 1] - x[0]);
        if (d > top) {
            top = d;
            candidate = (long)i;
        } else if (d < top - sensitivity * step) {
            return candidate;
        }
    }
    return -1;
}
