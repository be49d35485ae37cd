/* SPDX-License-Identifier: MIT */
/*
 * The result model: what was measured, once; tables, charts and JSON are renderings of it and
 * recompute nothing. Built by the orchestrator on the main thread, read-only afterwards. Strings
 * are owned by the structure that holds them.
 */
#ifndef BENCH_RESULT_H
#define BENCH_RESULT_H

#include <stdbool.h>

#include "bench/error.h"
#include "bench/protocol.h"
#include "stats/recording.h"

#define BENCH_RESULT_SCHEMA "rpycbench-result-1"

/* X(ID, name, may be compared with others) */
#define BENCH_CELL_STATUSES(X)                                                                     \
    X(OK, "ok", true)                                                                              \
    X(CLIENT_BOUND, "client-bound", false) /* the client was the bottleneck: "at least" */         \
    X(INVALID, "invalid", false)           /* measured, but not to be trusted; see reason */       \
    X(FAILED, "failed", false)             /* could not be started, reached or measured */         \
    X(UNAVAILABLE, "n/a", false)           /* cannot exist here; see reason */

enum bench_cell_status {
#define X(id, name, comparable) BENCH_CELL_##id,
    BENCH_CELL_STATUSES(X)
#undef X
};

const char *bench_cell_status_name(enum bench_cell_status status);

/* Resources during the load of one trial (from the barrier to the last reply). */
struct bench_resources {
    double wall_s;
    double server_cpu_s; /* whole tree of the server; NaN = unknown (a foreign server) */
    double client_cpu_s; /* of the worker threads */
    double server_pss_bytes;      /* at the end of the load, relative to idle; NaN = unknown */
    double server_pss_idle_bytes; /* the server's tree before its first connection */
    double client_rss_bytes;
    int server_processes; /* at the end of the load; 0 = unknown */
    /* TCP_NODELAY as the kernel has it at both ends of a connection: 1, 0, -1 = unknown or not
     * looked at (only in the first trial). */
    int client_nodelay, server_nodelay;
};

/*
 * What tells whether a trial's times may be believed. Every figure is kept; limits and references
 * stand in suite/validity.h. NaN: does not apply or is not known here.
 */
#define BENCH_VALIDITY_FIGURES(X)                                                                  \
    X(client_busy, "client_busy", "CPU of the busiest worker over the load's wall time, 0..1")     \
    X(wait_per_request, "wait_per_request", "seconds that workers waited for a core, per request") \
    X(offered, "offered", "requests per second that the schedule called for")                      \
    X(sent, "sent", "requests per second that were handed to a connection")                        \
    X(delivered, "delivered", "replies per second")                                                \
    X(late_p99, "late_p99", "seconds by which the client took up requests too late")               \
    X(little, "little", "in-flight requests by Little's law over those counted: 1 is right")       \
    X(occupancy, "occupancy", "closed loop: share of the time that a connection had a request out")\
    X(kpss, "kpss", "KPSS statistic of 100 batch medians")                                         \
    X(drift, "drift", "trend of the batch medians over the load, relative to their median")        \
    X(steal, "steal", "share of the machine's time that the hypervisor took away, 0..1")           \
    X(independent, "independent", "share of the responses that count as independent ones, 0..1")

struct bench_validity {
#define X(member, key, help) double member;
    BENCH_VALIDITY_FIGURES(X)
#undef X
    bool same_server; /* the process that was started answered from the first to the last reply */
    bool steady_judged; /* long enough to tell */
    bool unsteady;
};

struct bench_trial {
    int block;        /* 0-based */
    int order;        /* position within the block, 0-based */
    double started;   /* seconds since the epoch */
    enum bench_cell_status status;
    char *reason;     /* "" when ok */
    bool budget_cut;  /* stopped by the wall-time budget before all samples were taken */
    struct bench_recording *recording;
    struct bench_resources resources;
    struct bench_validity validity;
    /* Read from a file without its histograms: the statistics by series, and no samples in the
     * recording. NULL otherwise. */
    struct bench_statistic *kept;
    /* What it cost and, in a pilot, its course; not in files. */
    double start_s;  /* of starting and stopping its server, which others share */
    double beside_s; /* of the trial but for its load: connecting, warming up */
    double *parts;   /* its figure in equal parts, in order of time; NULL = not known */
    size_t nparts;
};

/* One name=value of a cell: "clients" = "8", "size" = "64KiB". */
struct bench_parameter {
    char *name, *value;
};

/* A target as it is shown and as its result is keyed. */
struct bench_target_info {
    char *name;     /* "rpyc[call=cached]/threaded/python", "http://127.0.0.1:8000/" */
    char *protocol, *options, *mode, *server, *client, *url; /* "" where it does not apply */
    char *family;  /* the wire protocol: "http" of both http and http-raw */
    char *library; /* that makes the calls: "libcurl", "requests"; "" = our own loop */
    char *label;    /* "pool of 1 x 8" or "" */
    enum bench_role role;
    unsigned colour; /* identity index over the whole run, for charts */
};

struct bench_result {
    const struct bench_target_info *target;
    char *workload, *operation;
    char *load_model; /* "closed, 8 connections" */
    struct bench_parameter *parameters;
    size_t nparameters;
    enum bench_cell_status status;
    char *reason;
    char *remark; /* what its protocol has to say about it, or NULL */
    struct bench_recording *pooled; /* NULL when nothing was measured */
    struct bench_resources resources; /* sums of CPU and wall; memory: median over trials */
    struct bench_trial *trials;
    size_t ntrials;
    /* Among the rows of its table that may be compared: 1 = best, shared by rows that are not told
     * apart; 0 = none (too few trials, not ok, a floor, a file from before there were ranks). */
    int rank;
};

/* Facts about machine, build and libraries, in the order in which they are shown. */
struct bench_fact {
    char *name, *value;
    bool varies; /* differs from run to run on the same machine (load, temperature of caches): not
                    part of environment_hash */
};

/* A sentence about two cells, or one; kept in the JSON beside what it rests on. */
struct bench_comparison {
    char *workload;
    const struct bench_result *a, *b; /* b NULL: about one cell */
    char *metric;    /* "response p50", "throughput", "cores" */
    double a_value, b_value; /* seconds, 1/s or a number */
    double ratio;    /* a's advantage over b, > 1: a better; NaN if it may not be compared */
    double low, high;  /* its interval over trials; NaN: there is none */
    double confidence; /* of that: 0.95, and 0.9 where "equivalent" rests on it; NaN */
    double p;          /* after Holm over the table's comparisons; NaN: not tested */
    double floor;  /* ratio - 1 that this machine shows of a target against itself; NaN: unknown */
    size_t trials; /* of the side that has fewer; 0: not compared */
    size_t needs;  /* more trials of each side before a word can be said; 0 = none, or unknown */
    char *verdict; /* "faster", "equivalent", "cannot tell", "client-bound" ... */
    char *sentence;
};

struct bench_run {
    struct bench_fact *environment;
    size_t nenvironment;
    char environment_hash[17]; /* XXH3 of all facts that do not vary, hexadecimal */
    struct bench_fact *plan; /* every option as text, seed included */
    size_t nplan;
    struct bench_target_info *targets;
    size_t ntargets;
    struct bench_result *results; /* workload by workload, targets in the order asked for */
    size_t nresults;
    struct bench_comparison *comparisons;
    size_t ncomparisons;
    double started, duration; /* seconds since the epoch; seconds */
    bool interrupted;
};

struct bench_run *bench_run_new(void); /* NULL without memory */
void bench_run_free(struct bench_run *run);
/* Frees what a trial holds; the trial itself stays, empty. */
void bench_trial_clear(struct bench_trial *trial);

/* ---- figures that renderings share, so that nobody computes them twice ---- */

/* succeeded requests per second of load; NaN without any. For `connection`: connections/s. */
double bench_result_throughput(const struct bench_result *result);
/* CPU seconds per succeeded request; NaN when unknown. */
double bench_result_server_cpu(const struct bench_result *result);
double bench_result_client_cpu(const struct bench_result *result);
/* succeeded / attempted in 0..1; NaN without attempts. */
double bench_result_success(const struct bench_result *result);
/* The time by which a workload ranks its rows: response p50, or for `connection` the median time
 * to the first answer. Seconds; NaN. */
double bench_result_time(const struct bench_result *result);

/* Payload bytes that one sample moves; 0 where that is not the point of the workload. */
uint64_t bench_result_size(const struct bench_result *result);
/* Payload bytes per second: all that were moved over the time that it took. NaN without a size. */
double bench_result_bandwidth(const struct bench_result *result);

/* Rounds the measured figures to what result.json keeps, so that a run that was read back renders
 * the same bytes. bench_report_compare does it first. */
void bench_run_settle(struct bench_run *run);

/* ---- renderings ---- */

/* Text tables, one per workload, with the sentences under each. UTF-8. */
int bench_report_tables(const struct bench_run *run, struct bench_buf *out) BENCH_MUST_CHECK;
/* result.json as docs/result.schema.json describes it. */
int bench_report_json(const struct bench_run *run, struct bench_buf *out) BENCH_MUST_CHECK;
/* The recordings of the single trials as gzip of JSON lines {"result": index, "trial": index,
 * "recording": its serial form}; the same bytes for the same run. 0; -ENODATA when there are
 * none. */
int bench_report_histograms(const struct bench_run *run, struct bench_buf *out) BENCH_MUST_CHECK;
/* report.md: answer, tables, charts (as links to charts/NAME.svg), environment, plan. */
int bench_report_markdown(const struct bench_run *run, struct bench_buf *out) BENCH_MUST_CHECK;
/* One line per result, RFC 4180. */
int bench_report_csv(const struct bench_run *run, struct bench_buf *out) BENCH_MUST_CHECK;
/* All charts into DIR (made if missing). Missing gnuplot: -ENOENT after writing data/scripts. */
int bench_report_charts(const struct bench_run *run, const char *dir, struct bench_error *err)
    BENCH_MUST_CHECK;
/* One chart, by its name: into DIR (made if missing), or as text of that width. -EINVAL with the
 * names that there are, and what bench_report_charts returns. */
int bench_report_chart(const struct bench_run *run, const char *name, const char *dir,
                       struct bench_error *err) BENCH_MUST_CHECK;
int bench_report_chart_text(const struct bench_run *run, const char *name, size_t width,
                            struct bench_buf *out, struct bench_error *err) BENCH_MUST_CHECK;
/* "name\ttitle" lines. */
int bench_report_chart_names(const struct bench_run *run, struct bench_buf *out) BENCH_MUST_CHECK;
/* Fills run->comparisons and the ranks from the results. Nothing below what this machine shows of a
 * target against itself is a difference; noise NULL: that is not known. 0 or -ENOMEM. */
struct bench_noise;
int bench_report_judge(struct bench_run *run, const struct bench_noise *noise) BENCH_MUST_CHECK;
/* The same without knowing the noise. */
int bench_report_compare(struct bench_run *run) BENCH_MUST_CHECK;
/* The same with what is kept about the noise of the run's machine; a file of it that cannot be read
 * is said on stderr and passed over. */
int bench_report_conclude(struct bench_run *run) BENCH_MUST_CHECK;

/* ---- reading back ---- */

/* What bench_report_json and, unless histograms is NULL, bench_report_histograms wrote. Hostile
 * text: -EINVAL with what is wrong. -ENOMEM. */
int bench_result_parse(const char *json, size_t length, const void *histograms,
                       size_t histograms_length, struct bench_run **out,
                       struct bench_error *err) BENCH_MUST_CHECK;
/* The same from NAME.json (or a folder with result.json) and NAME.hist.gz beside it. *whole: false
 * if the latter is missing. */
int bench_result_read(const char *path, struct bench_run **out, bool *whole,
                      struct bench_error *err) BENCH_MUST_CHECK;

#endif
