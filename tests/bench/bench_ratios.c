/* SPDX-License-Identifier: MIT */
/*
 * Ratios of interleaved measurements, pair by pair: the median and the spread over the pairs, held
 * against a limit.
 *
 *   bench-ratios NAME LIMIT FILE.json WORKLOAD METRIC A B
 *       trials of one run, paired by block. WORKLOAD: as in the result, or WORKLOAD:DIRECTION, or
 *       WORKLOAD:PARAMETER=VALUE ("latency:rtt=1ms").
 *       METRIC: p50 (response), first-answer (p50, of a connection from its start), throughput, cpu
 * (of server and client, per request), client-cpu, server-cpu, absolute-p50 (of A alone, in µs; B
 * is '-'), absolute-throughput (the same, requests per second) bench-ratios NAME LIMIT --pairs FILE
 *       a text file with two numbers a line: A and B
 *   bench-ratios --crossing FILE.json WORKLOAD A B RTT
 *       the round-trip time at which A, with more round trips, becomes slower than B, predicted
 *       from what each costs beside its round trips, measured at RTT (us). Prints that cost of A
 *       and of B in us, round trips of A and of B, and the crossing in us
 *
 * LIMIT: "<=1.25", ">=0.7", or "-" for a ratio that is only to be known. Prints one line; exit
 * status 0 = within, 1 = missed, 2 = usage.
 */
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAIRS_MAX = 256 };

struct pairs {
    double a[PAIRS_MAX], b[PAIRS_MAX];
    size_t n;
};

static int compare(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof(*values), compare);
    return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static double number(const json_t *object, const char *path)
{
    char copy[128];
    (void)snprintf(copy, sizeof(copy), "%s", path);
    char *rest = copy, *key;
    while (object != NULL && (key = strsep(&rest, ".")) != NULL)
        object = json_object_get(object, key);
    return json_is_number(object) ? json_number_value(object) : NAN;
}

/* What a metric is of one trial; smaller or larger is better as the limit says. */
static double metric_of(const json_t *trial, const char *metric)
{
    double succeeded = number(trial, "counts.succeeded");
    double client = number(trial, "resources.client.cpu_seconds") / succeeded;
    if (strcmp(metric, "p50") == 0)
        return number(trial, "statistics.response.median");
    if (strcmp(metric, "first-answer") == 0)
        return number(trial, "statistics.first_answer.median");
    if (strcmp(metric, "absolute-p50") == 0)
        return number(trial, "statistics.response.median") * 1e6;
    if (strcmp(metric, "throughput") == 0 || strcmp(metric, "absolute-throughput") == 0)
        return number(trial, "throughput");
    if (strcmp(metric, "client-cpu") == 0)
        return client;
    double server = number(trial, "resources.server.cpu_seconds") / succeeded;
    if (strcmp(metric, "server-cpu") == 0)
        return server;
    if (strcmp(metric, "cpu") == 0)
        return client + server;
    return NAN;
}

/* Whether a parameter has that value; "download" is short for "direction=download". */
static bool has_parameter(const json_t *result, const char *wanted)
{
    char key[64] = "direction";
    const char *equals = strchr(wanted, '=');
    if (equals != NULL)
        (void)snprintf(key, sizeof(key), "%.*s", (int)(equals - wanted), wanted);
    const char *value =
        json_string_value(json_object_get(json_object_get(result, "parameters"), key));
    return value != NULL && strcmp(value, equals != NULL ? equals + 1 : wanted) == 0;
}

/* workload: "latency", or "bandwidth:download", "latency:rtt=1ms" for one case of several. */
static const json_t *result_of(const json_t *root, const char *workload_and_case,
                               const char *target)
{
    char workload[64];
    (void)snprintf(workload, sizeof(workload), "%s", workload_and_case);
    char *wanted = strchr(workload, ':');
    if (wanted != NULL)
        *wanted++ = '\0';
    size_t i;
    json_t *result;
    json_array_foreach(json_object_get(root, "results"), i, result)
    {
        const char *w = json_string_value(json_object_get(result, "workload"));
        const char *t =
            json_string_value(json_object_get(json_object_get(result, "target"), "name"));
        bool fits = wanted == NULL || has_parameter(result, wanted);
        if (w != NULL && t != NULL && strcmp(w, workload) == 0 && strcmp(t, target) == 0 && fits)
            return result;
    }
    (void)fprintf(stderr, "bench-ratios: no result for %s, %s\n", workload, target);
    return NULL;
}

static int from_json(char **argv, struct pairs *out)
{
    json_error_t why;
    json_t *root = json_load_file(argv[0], 0, &why);
    if (root == NULL) {
        (void)fprintf(stderr, "bench-ratios: %s: %s\n", argv[0], why.text);
        return 2;
    }
    bool alone = strcmp(argv[4], "-") == 0;
    const json_t *a = json_object_get(result_of(root, argv[1], argv[3]), "trials");
    const json_t *b = alone ? a : json_object_get(result_of(root, argv[1], argv[4]), "trials");
    for (size_t i = 0; a != NULL && b != NULL && i < json_array_size(a) && out->n < PAIRS_MAX;
         i++) {
        double block = number(json_array_get(a, i), "block");
        for (size_t k = 0; k < json_array_size(b); k++) {
            const json_t *other = json_array_get(b, k);
            if (number(other, "block") != block)
                continue;
            out->a[out->n] = metric_of(json_array_get(a, i), argv[2]);
            out->b[out->n++] = alone ? 1 : metric_of(other, argv[2]);
        }
    }
    json_decref(root);
    return 0;
}

static int from_text(const char *path, struct pairs *out)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 2;
    while (out->n < PAIRS_MAX && fscanf(file, "%lf %lf", &out->a[out->n], &out->b[out->n]) == 2)
        out->n++;
    (void)fclose(file);
    return 0;
}

static int judge(const char *name, const char *limit, struct pairs *p)
{
    double ratios[PAIRS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        if (isfinite(p->a[i] / p->b[i]))
            ratios[n++] = p->a[i] / p->b[i];
    if (n == 0) {
        (void)printf("%-62s no pairs\n", name);
        return 1;
    }
    double m = median(ratios, n);
    if (strcmp(limit, "-") == 0) {
        (void)printf("%-62s %7.3f  (%.3f to %.3f over %zu pairs)\n", name, m, ratios[0],
                     ratios[n - 1], n);
        return 0;
    }
    bool most = strncmp(limit, "<=", 2) == 0;
    double bound = strtod(limit + 2, NULL);
    bool good = most ? m <= bound : m >= bound;
    (void)printf("%-62s %7.3f  (%.3f to %.3f over %zu pairs)  %s  %s\n", name, m, ratios[0],
                 ratios[n - 1], n, limit, good ? "ok" : "MISSED");
    return good ? 0 : 1;
}

/* argv: FILE WORKLOAD A B RTT */
static int crossing(char **argv)
{
    json_error_t why;
    json_t *root = json_load_file(argv[0], 0, &why);
    double c[2] = {NAN, NAN}, n[2] = {NAN, NAN}, rtt = strtod(argv[4], NULL);
    for (int i = 0; i < 2 && root != NULL; i++) {
        const json_t *result = result_of(root, argv[1], argv[2 + i]);
        n[i] = number(result, "wire.round_trips");
        c[i] = number(result, "latency.median") * 1e6 - n[i] * rtt;
    }
    json_decref(root);
    double rtt_us = (c[1] - c[0]) / (n[0] - n[1]);
    (void)printf("%.1f %.1f %.2f %.2f %.0f\n", c[0], c[1], n[0], n[1], rtt_us);
    return isfinite(rtt_us) && rtt_us > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 7 && strcmp(argv[1], "--crossing") == 0)
        return crossing(argv + 2);
    struct pairs pairs = {.n = 0};
    int rc = 2;
    if (argc == 5 && strcmp(argv[3], "--pairs") == 0)
        rc = from_text(argv[4], &pairs);
    else if (argc == 8)
        rc = from_json(argv + 3, &pairs);
    else
        (void)fprintf(stderr, "usage: bench-ratios NAME LIMIT FILE WORKLOAD METRIC A B\n"
                              "       bench-ratios NAME LIMIT --pairs FILE\n"
                              "       bench-ratios --crossing FILE WORKLOAD A B RTT\n");
    return rc != 0 ? rc : judge(argv[1], argv[2], &pairs);
}
