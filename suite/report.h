/* SPDX-License-Identifier: MIT */
/*
 * What the renderings share: which results stand in one table, how a workload is ranked, and the
 * figures of a cell. Private to suite/result*.c and suite/report_*.c. Main thread; nothing here
 * outlives the run it was made from.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdio.h>

#include "bench/units.h"
#include "suite/result.h"
#include "suite/workloads.h"

/* "normal", "floor", "ruler": as it stands in files. */
const char *bench_role_key(enum bench_role role);

/* Forgets run->comparisons. */
void bench_comparisons_clear(struct bench_run *run);

/* How a workload's table is read; from its row in workloads.def. */
struct bench_view {
    enum bench_series_id series; /* its percentiles are the table's */
    enum bench_ranking ranking;  /* what makes a row better than another */
    bool concurrent;             /* several clients at once: cores and memory mean something */
};

/* Never fails: a workload that this program does not know is read like single requests. */
struct bench_view bench_view_of(const char *workload);

/* Results that were measured alike (workload, operation, parameters, load model): one table. */
struct bench_report_group {
    struct bench_view view;
    const struct bench_result **rows; /* in the order of the run */
    size_t nrows;
    size_t same_workload; /* how many groups of the run have this workload */
    size_t ordinal;       /* 0-based among those */
    bool varies_otherwise;   /* and they differ in the operation's arguments */
    bool several_operations; /* and in the operation */
    bool several_placements; /* or in where client and server ran */
};

/* 0 or -ENOMEM; free with bench_report_groups_free. */
int bench_report_groups_new(const struct bench_run *run, struct bench_report_group **out,
                            size_t *count) BENCH_MUST_CHECK;
void bench_report_groups_free(struct bench_report_group *groups, size_t count);

/* What stands in one table, and how. */
enum bench_page_kind {
    BENCH_PAGE_SINGLE, /* one group, many figures of each target */
    BENCH_PAGE_SIZES,  /* a column for each payload size */
    BENCH_PAGE_STYLES, /* a column for each style and chunk size */
    BENCH_PAGE_LADDER, /* a column for each number of clients, rate, round-trip time or placement */
};

/* X(ID, the parameter in which the columns of a ladder differ, as words). Where a run varies
 * several, the first makes the columns and the others tell pages apart. */
#define BENCH_FACTORS(X)                                                                           \
    X(RATE, "rate", "offered rate")                                                                \
    X(RTT, "rtt", "round-trip time")                                                               \
    X(CLIENTS, "clients", "number of clients")                                                     \
    X(INFLIGHT, "inflight", "requests in flight on each connection")                               \
    X(PLACEMENT, "placement", "placement")

enum bench_factor {
    BENCH_FACTOR_NONE,
#define X(id, name, words) BENCH_FACTOR_##id,
    BENCH_FACTORS(X)
#undef X
        BENCH_FACTOR_COUNT
};

/* The parameter's name; "" of none. */
const char *bench_factor_name(enum bench_factor factor);
const char *bench_factor_words(enum bench_factor factor);
/* Where a cell stands on a ladder: requests per second, seconds, clients; NaN without a number. */
double bench_factor_value(enum bench_factor factor, const struct bench_result *result);

struct bench_report_page {
    enum bench_page_kind kind;
    enum bench_factor factor; /* of a ladder, else NONE */
    const struct bench_report_group **groups; /* columns from left to right */
    size_t ngroups;
};

struct bench_report_pages {
    struct bench_report_group *groups;
    size_t ngroups;
    struct bench_report_page *pages; /* in the order of the run */
    size_t npages;
};

/* 0 or -ENOMEM; free with bench_report_pages_free. */
int bench_report_pages_new(const struct bench_run *run,
                           struct bench_report_pages *out) BENCH_MUST_CHECK;
void bench_report_pages_free(struct bench_report_pages *pages);
/* What tells a column of the page from the others: "10MiB", "pieces 64KiB", "8 clients", "1000/s",
 * "rtt 1ms"; "" of a single one. Lines are parted by `separator`. */
struct bench_text bench_report_column(const struct bench_report_page *page,
                                      const struct bench_report_group *group, char separator);
/* Of a page with sizes, styles, clients or rates: the group with most of it; of other ladders the
 * first. */
const struct bench_report_group *bench_report_largest(const struct bench_report_page *page);
/* The group by which a page's rows are ranked: the largest, of rates the highest one that any
 * target was good for; of styles the first. */
const struct bench_report_group *bench_report_deciding(const struct bench_report_page *page);
/* Whether any row of a concurrent workload knows its server's memory. */
bool bench_report_knows_memory(const struct bench_report_group *group);
/* The row of a target; NULL if it has none. */
const struct bench_result *bench_report_row(const struct bench_report_group *group,
                                            const struct bench_target_info *target);

/* "cpu_work(iterations=100000)": the operation and what it was given, clean. Returns out. */
char *bench_report_operation(const struct bench_report_group *group, char *out, size_t size);
/* Whether a parameter says how much was done (clients, requests), not what. */
bool bench_parameter_is_count(const struct bench_result *result,
                              const struct bench_parameter *parameter);
/* Whether it says under which load or conditions (rate, rtt, placement). */
bool bench_parameter_is_condition(const struct bench_parameter *parameter);

/* Requests were due at planned times, whatever the replies did. */
bool bench_result_is_open(const struct bench_result *result);
/* What its percentiles are of: "response time", "response time from the planned start", "time to
 * the first answer". */
const char *bench_report_time(const struct bench_result *result);
/* "open loop, 1000/s constant, 8 connections, rtt 1ms": the load and its conditions, without the
 * one in which the columns differ; clean. Returns out. */
char *bench_report_load(const struct bench_result *result, enum bench_factor factor, char *out,
                        size_t size);
/* Requests per second that the schedule called for, and replies per second, over the trials that
 * were measured; NaN in a closed loop. */
double bench_result_offered(const struct bench_result *result);
double bench_result_delivered(const struct bench_result *result);
/* By which its workload is ranked under this load: an open loop is asked for one rate. */
enum bench_ranking bench_result_ranking(const struct bench_result *result);
/* CPU of the client in the time that a request takes, 0..1 and more; NaN when unknown. */
double bench_result_client_share(const struct bench_result *result);
/* The wire protocol of a target; its protocol's name where nothing else was said. */
const char *bench_target_family(const struct bench_target_info *target);
/* That makes the calls; "" = our own loop. */
const char *bench_target_library(const struct bench_target_info *target);

/* "Invented CPU, 2 cores, Linux 6.1, placement same; environment 1a2b3c4d": what has to be known
 * of a run's machine; clean, "" when nothing is known. Returns out. */
char *bench_report_environment(const struct bench_run *run, char *out, size_t size);

/* How much faster the floors of a group are than its rows: a line for under the table. */
void bench_report_headroom(FILE *out, const struct bench_report_group *group);
/* Lines about single rows, for under their table. */
void bench_report_remarks(FILE *out, const struct bench_run *run,
                          const struct bench_report_page *page);

/* Measured, and its figures may be shown: ok, or client-bound ("at least"). */
bool bench_result_is_shown(const struct bench_result *result);
/* May be compared and may win: ok, and neither floor nor ruler. */
bool bench_result_is_judged(const struct bench_result *result);
/* Moves payload of a given size in one direction: compared by bytes per second. */
bool bench_result_is_bulk(const struct bench_result *result);
/* The value of a parameter, or NULL. */
const char *bench_result_parameter(const struct bench_result *result, const char *name);

/* Of the pooled recording; count 0 and NaN without one. */
void bench_result_statistic(const struct bench_result *result, enum bench_series_id id,
                            struct bench_statistic *out);
/* The same for one trial. */
void bench_trial_statistic(const struct bench_trial *trial, enum bench_series_id id,
                           struct bench_statistic *out);
/* A trial that is part of what is pooled: measured, and at most bound by its client. */
bool bench_trial_is_good(const struct bench_trial *trial);
double bench_trial_throughput(const struct bench_trial *trial);

/* user: the result that the trial belongs to. */
double bench_trial_bandwidth(const struct bench_trial *trial, const void *user);

uint64_t bench_recording_failed(const struct bench_recording *recording);

/* Per operation; NaN when unknown. */
double bench_result_round_trips(const struct bench_result *result);
/* Times that a sender waits for the length of the way there and back: round trips, and
 * acknowledgements that the next request has to wait for. */
double bench_result_waits(const struct bench_result *result);
double bench_result_frames(const struct bench_result *result); /* both directions */
/* Payload bytes of TCP, both directions, per attempted request; NaN without a socket. */
double bench_result_tcp_bytes(const struct bench_result *result);
/* Cores that the server kept busy: CPU seconds per second of load; NaN when unknown. */
double bench_result_server_cores(const struct bench_result *result);
double bench_trial_server_cores(const struct bench_trial *trial);

/* Lowest and highest figure of the good trials, and how many there were. */
struct bench_range {
    double low, high;
    size_t count;
};
typedef double (*bench_trial_figure_fn)(const struct bench_trial *trial, const void *user);
struct bench_range bench_result_range(const struct bench_result *result, bench_trial_figure_fn fn,
                                      const void *user);

/* Whether n samples can carry percentile p (0..1): a distribution-free 95 % interval for it has
 * an upper end only if p^n <= 0.025. */
bool bench_percentile_is_resolved(double p, uint64_t n);
/* The smallest n for which the above holds. */
uint64_t bench_percentile_needs(double p);

/* Fewer trials than this give no interval (order statistics of five have none at 95 %). */
#define BENCH_INTERVAL_TRIALS 6

/* 95 % interval of the mean of n values by Student's t; false (and NaN) below six values, where
 * so few trials would promise more than they can hold. */
bool bench_mean_interval(const double *values, size_t n, double *low, double *high);

/* A cell's figure, and its 95 % interval over trials by Student's t from BENCH_INTERVAL_TRIALS on,
 * NaN below. *trials may be NULL. 0 or -ENOMEM. */
struct bench_bounds;
struct bench_metric;
int bench_result_interval(const struct bench_result *result, const struct bench_metric *metric,
                          struct bench_bounds *out, size_t *trials) BENCH_MUST_CHECK;
/* What ranks the rows of a group. */
const struct bench_metric *bench_group_metric(const struct bench_report_group *group);
/* Fills the ranks of the results of these groups. A row has the rank of the best row before it from
 * which it is not told (Holm over all rows behind that one, and beyond the noise), which need not
 * be its neighbour. 0 or -ENOMEM. */
int bench_report_rank(struct bench_run *run, const struct bench_report_group *groups, size_t count,
                      const struct bench_noise *noise) BENCH_MUST_CHECK;
/* Of n samples, how many count as independent: by what the trials' series in order of time show;
 * n where nothing is known. */
double bench_result_effective(const struct bench_result *result, uint64_t n);

/* "2.1x", "12x", "210x": two significant digits, three from 1.00 to 1.09. */
struct bench_text bench_format_ratio(double ratio);
/* Plain number with so many significant digits, at least 1; with 3: "0.982", "12.3", "30100". */
struct bench_text bench_format_number(double value, int digits);

#endif
