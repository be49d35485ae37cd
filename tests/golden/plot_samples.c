/* SPDX-License-Identifier: MIT */
#include "plot_samples.h"

#include <math.h>
#include <string.h>

#define MAX_SERIES 16
#define MAX_POINTS 64

static const char *const targets[MAX_SERIES] = {
    "rpyc/threaded/native",
    "rpyc/forking/native",
    "rpyc/threaded/python",
    "rpyc/forking/python",
    "rpyc[call=cached]/threaded/python",
    "rpyc[call=cached,socket=fast]/forking/python",
    "http/threaded/native",
    "http/forking/native",
    "http/threaded/python",
    "http/forking/python",
    "http/threaded/gunicorn",
    "http/forking/gunicorn",
    "http[keepalive=off]/threaded/python",
    "tcp/threaded/native",
    "inproc",
    "rpyc/threaded/python/python",
};
static const char *const awkward[] = {
    "it's a 'quoted' name",
    "back\\slash \\n {a}^b_c @d",
    "\"double\" `date` $HOME %d%s",
    "two\nlines\tand a tab",
    "umlauts äöü, 日本語, \xff\xfe bad bytes",
    ("a name that is far too long for any chart: rpyc[call=cached,compression=off,nodelay=on,"
     "policy=strict,socket=fast,something=else]/threaded/python/native"),
};
static const char *const sizes[] = {"1 KiB", "10 KiB", "100 KiB", "1 MiB", "10 MiB"};
static const char *const parts[] = {"client CPU", "wire and kernel", "waiting in the server",
                                    "server CPU"};

static struct bench_plot_point points[MAX_SERIES][MAX_POINTS];
static struct bench_plot_series series[MAX_SERIES];
static struct bench_plot plot;

/* A number in [0, 1) that depends on nothing but i. */
static double noise(unsigned i)
{
    uint32_t h = (i + 1) * UINT32_C(2654435761);

    h ^= h >> 15;
    h *= UINT32_C(2246822519);
    h ^= h >> 13;
    return (h >> 8) / 16777216.0;
}

static struct bench_plot_point point(double x, double y)
{
    return (struct bench_plot_point){.x = x, .y = y, .low = NAN, .high = NAN};
}

static void use_targets(unsigned n, size_t count)
{
    for (unsigned s = 0; s < n; s++)
        series[s] = (struct bench_plot_series){.label = targets[s],
                                               .colour = s,
                                               .points = points[s],
                                               .count = count,
                                               .floor = s == 13 || s == 14};
    plot.series = series;
    plot.nseries = n;
}

static void latency_bars(unsigned n)
{
    static const char *const none[] = {""};

    use_targets(n, 1);
    plot.kind = BENCH_PLOT_BARS;
    plot.title = "latency: response time of one call, median";
    plot.subtitle = "ping, closed loop, 1 connection, 8 trials of 1000 requests; bars at the ends: "
                    "95 % interval over trials; less is better";
    plot.y_label = "response time, p50";
    plot.y_unit = BENCH_UNIT_SECONDS;
    plot.categories = none;
    plot.ncategories = 1;
    for (unsigned s = 0; s < n; s++) {
        double y = series[s].floor ? 17e-6 : 60e-6 + 900e-6 * noise(s);
        points[s][0] = (struct bench_plot_point){.y = y, .low = y * 0.94, .high = y * 1.07};
    }
}

static void bandwidth_bars(unsigned n, bool log)
{
    use_targets(n, 5);
    plot.kind = BENCH_PLOT_BARS;
    plot.title = "bandwidth: upload by payload size";
    plot.subtitle = "upload of random bytes, 1 connection, 8 trials of 10 uploads; more is better";
    plot.y_label = "bytes uploaded in a second";
    plot.y_unit = BENCH_UNIT_BYTES_PER_SECOND;
    plot.categories = sizes;
    plot.ncategories = 5;
    plot.log_y = log;
    for (unsigned s = 0; s < n; s++)
        for (unsigned c = 0; c < 5; c++)
            points[s][c] = point(NAN, 2e6 * pow(4.4, c) * (0.3 + noise(s * 7 + c)));
}

static void throughput_stack(unsigned n)
{
    use_targets(4, n);
    plot.kind = BENCH_PLOT_STACK;
    plot.title = "latency: where the time of a call goes";
    plot.subtitle = "ping, closed loop, 1 connection, means over 8 trials";
    plot.y_label = "time of a call";
    plot.y_unit = BENCH_UNIT_SECONDS;
    plot.categories = targets;
    plot.ncategories = n;
    for (unsigned s = 0; s < 4; s++) {
        series[s].label = parts[s];
        for (unsigned c = 0; c < n; c++)
            points[s][c] = point(NAN, (s == 0 ? 9e-6 : 30e-6) +
                                          200e-6 * noise(s * 31 + c) * (s == 0 ? 0.2 : 1));
    }
}

static void scaling_lines(unsigned n, bool log_y)
{
    use_targets(n, 8);
    plot.kind = BENCH_PLOT_LINES;
    plot.title = "concurrent: throughput by number of clients";
    plot.subtitle = "ping, closed loop, one request in flight per client, 8 trials; more is better";
    plot.x_label = "clients";
    plot.y_label = "requests per second";
    plot.x_unit = BENCH_UNIT_COUNT;
    plot.y_unit = BENCH_UNIT_RATE;
    plot.log_x = true;
    plot.log_y = log_y;
    for (unsigned s = 0; s < n; s++)
        for (unsigned i = 0; i < 8; i++) {
            double clients = exp2(i), top = series[s].floor ? 58e3 : 2e3 + 36e3 * noise(s + 50);
            double y = top * clients / (clients + 1 + 9 * noise(s));
            points[s][i] =
                (struct bench_plot_point){.x = clients, .y = y, .low = y * 0.95, .high = y * 1.04};
        }
}

static void distribution(unsigned n)
{
    use_targets(n, 21);
    plot.kind = BENCH_PLOT_ECDF;
    plot.title = "latency: how many requests were answered within a time";
    plot.subtitle = "ping, closed loop, 1 connection, 4000 samples of 8 trials";
    plot.x_label = "response time";
    plot.y_label = "share of the requests";
    plot.x_unit = BENCH_UNIT_SECONDS;
    plot.y_unit = BENCH_UNIT_PERCENT;
    plot.log_x = true;
    for (unsigned s = 0; s < n; s++)
        for (unsigned i = 0; i < 21; i++) {
            double base = series[s].floor ? 16e-6 : 70e-6 * (1 + 4 * noise(s));
            points[s][i] = point(base * (1 + 0.02 * i + pow(i / 20.0, 8)), i / 20.0);
        }
}

static void tail(unsigned n)
{
    use_targets(n, 46);
    plot.kind = BENCH_PLOT_PERCENTILE;
    plot.title = "latency: distribution of the response time, the slow calls stretched";
    plot.subtitle = "ping, open loop (Poisson) at 500 /s, 1 connection, 8 trials of 20 s; "
                    "less is better";
    plot.x_label = "share of calls that were at least as fast";
    plot.y_label = "response time";
    plot.y_unit = BENCH_UNIT_SECONDS;
    plot.log_y = true;
    for (unsigned s = 0; s < n; s++)
        for (unsigned i = 0; i < 46; i++) {
            double nines = i * 0.1;
            double base = series[s].floor ? 16e-6 : 70e-6 * (1 + 4 * noise(s));
            points[s][i] =
                point(1 - pow(10, -nines),
                      base * (1 + 0.3 * nines + (0.04 + noise(s + 9)) * pow(nines / 2.2, 4)));
        }
}

static void missing_bars(void)
{
    bandwidth_bars(6, false);
    for (unsigned c = 0; c < 5; c++)
        points[2][c].y = NAN;
    points[4][3].y = INFINITY;
    series[5].count = 2;
    for (unsigned s = 0; s < 6; s++)
        points[s][4].y = NAN;
}

static void awkward_names(void)
{
    latency_bars(6);
    plot.title = "it's `date` \"title\" with \\ {braces}_and^carets @macro %s\nand a second line";
    plot.subtitle = "'; set output '/tmp/x'; # \\";
    plot.y_label = "it's a 'label' {x}_y \\";
    for (unsigned s = 0; s < 6; s++)
        series[s].label = awkward[s];
}

static void missing_stack(void)
{
    throughput_stack(4);
    points[1][1].y = NAN;
    for (unsigned s = 0; s < 4; s++)
        points[s][2].y = NAN;
    points[0][3].y = points[2][3].y = NAN;
}

static void missing_lines(void)
{
    scaling_lines(4, false);
    plot.log_x = false;
    points[0][7].y = points[0][6].y = points[1][3].y = NAN;
    series[2].count = 0;
    series[3].count = 1;
    series[3].label = awkward[1];
}

static void one_series(void)
{
    bandwidth_bars(1, false);
    series[0].label = targets[4];
}

static void negative_bars(void)
{
    latency_bars(3);
    plot.title = "difference to the run before";
    plot.y_unit = BENCH_UNIT_RATIO;
    plot.y_label = "change";
    points[0][0] = point(NAN, -0.25);
    points[1][0] = (struct bench_plot_point){.y = 0.5, .low = 0.3, .high = 0.8};
    points[2][0] = (struct bench_plot_point){.y = -0.1, .low = -0.4, .high = 0.2};
}

static void nothing(enum bench_plot_kind kind)
{
    tail(2);
    plot.kind = kind;
    plot.nseries = 0;
}

#define SAMPLES(X)                                                                                 \
    X("bars-1", latency_bars(1))                                                                   \
    X("bars-2", latency_bars(2))                                                                   \
    X("bars-10", latency_bars(10))                                                                 \
    X("bars-14", latency_bars(14))                                                                 \
    X("bars-names", awkward_names())                                                               \
    X("bars-negative", negative_bars())                                                            \
    X("bars-none", nothing(BENCH_PLOT_BARS))                                                       \
    X("bars-sizes-1", one_series())                                                                \
    X("bars-sizes-2", bandwidth_bars(2, false))                                                    \
    X("bars-sizes-14", bandwidth_bars(14, false))                                                  \
    X("bars-sizes-log", bandwidth_bars(10, true))                                                  \
    X("bars-missing", missing_bars())                                                              \
    X("stack-1", throughput_stack(1))                                                              \
    X("stack-2", throughput_stack(2))                                                              \
    X("stack-10", throughput_stack(10))                                                            \
    X("stack-14", throughput_stack(14))                                                            \
    X("stack-missing", missing_stack())                                                            \
    X("lines-1", scaling_lines(1, false))                                                          \
    X("lines-2", scaling_lines(2, false))                                                          \
    X("lines-10", scaling_lines(10, true))                                                         \
    X("lines-14", scaling_lines(14, false))                                                        \
    X("lines-missing", missing_lines())                                                            \
    X("lines-none", nothing(BENCH_PLOT_LINES))                                                     \
    X("percentile-1", tail(1))                                                                     \
    X("percentile-2", tail(2))                                                                     \
    X("percentile-10", tail(10))                                                                   \
    X("percentile-14", tail(14))                                                                   \
    X("percentile-16", tail(16))                                                                   \
    X("ecdf-1", distribution(1))                                                                   \
    X("ecdf-2", distribution(2))                                                                   \
    X("ecdf-10", distribution(10))                                                                 \
    X("ecdf-14", distribution(14))

static const char *const names[] = {
#define X(name, make) name,
    SAMPLES(X)
#undef X
};

size_t plot_samples_count(void) { return BENCH_COUNT_OF(names); }

const struct bench_plot *plot_sample(size_t i)
{
    size_t n = 0;

    memset(points, 0, sizeof(points));
    plot = (struct bench_plot){.x_label = ""};
#define X(name, make)                                                                              \
    if (n++ == i)                                                                                  \
        make;
    SAMPLES(X)
#undef X
    plot.name = names[i];
    return &plot;
}
