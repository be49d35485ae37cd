/* SPDX-License-Identifier: MIT */
#include "suite/cases.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"

enum { DEFAULT_TX = 1024 }; /* bytes sent by an operation that sends, in workloads without sizes */
/* Slowest that a byte may move before it counts as stuck: 0.5 MB/s, half of what Python's rpyc does
 * with a whole 128 MiB. */
#define TIMEOUT_NS_PER_BYTE 2000

struct list {
    struct bench_case *cases;
    size_t n;
    bool failed;
};

const char *const bench_style_names[] = {
#define X(id, name, help) name,
    BENCH_STYLES(X)
#undef X
};

const char *const bench_arrival_names[] = {
#define X(id, name, help) name,
    BENCH_ARRIVALS(X)
#undef X
};

static void set(struct bench_case *c, const char *name, const char *format, ...) BENCH_PRINTF(3, 4);

static void set(struct bench_case *c, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    c->parameters[c->nparameters].name = name;
    (void)vsnprintf(c->parameters[c->nparameters].value, sizeof(c->parameters[0].value), format,
                    args);
    va_end(args);
    c->nparameters++;
}

static struct bench_case *add(struct list *list, const struct bench_case *like)
{
    struct bench_case *grown = realloc(list->cases, (list->n + 1) * sizeof(*grown));
    if (grown == NULL) {
        list->failed = true;
        return NULL;
    }
    list->cases = grown;
    grown[list->n] = *like;
    return &grown[list->n++];
}

static int64_t warmup_of(const struct bench_workload *w, const struct bench_plan *plan, int clients)
{
    if (w->warm == BENCH_WARM_NONE)
        return 0;
    if (w->warm == BENCH_WARM_ONE)
        return 1;
    /* The warm-up of many clients together is that of one. */
    return w->concurrent ? (plan->warmup + clients - 1) / clients + 1 : plan->warmup;
}

/* What is called. */
struct choice {
    enum bench_operation_id operation;
    const char *text; /* or NULL */
};

enum {
    CHOICES_MAX = BENCH_COUNT_OF(((struct bench_plan *)0)->operations) +
                  BENCH_COUNT_OF(((struct bench_plan *)0)->calls)
};

/* Of a workload that leaves the choice: what was asked for, or its own. */
static size_t chosen_calls(const struct bench_workload *w, const struct bench_plan *plan,
                           struct choice *out)
{
    bool free_choice = w->operation == BENCH_OP_PING && w->sample == BENCH_SAMPLE_STEP &&
                       plan->noperations + plan->ncalls > 0;
    size_t n = 0;
    if (!free_choice) {
        out[0] = (struct choice){w->operation, NULL};
        return 1;
    }
    for (size_t i = 0; i < plan->noperations; i++)
        out[n++] = (struct choice){plan->operations[i], NULL};
    for (size_t i = 0; i < plan->ncalls; i++)
        out[n++] = (struct choice){w->operation, plan->calls[i]};
    return n;
}

static void add_arguments(struct bench_case *c, const struct bench_operation *operation)
{
    for (size_t i = 0; i < bench_operation_nparams(operation); i++) {
        const struct bench_value *v = &operation->params[i].default_value;
        if (v->kind == BENCH_FLOAT)
            set(c, operation->params[i].name, "%g", v->real);
        else if (v->kind == BENCH_STR)
            set(c, operation->params[i].name, "%.*s", (int)v->text.length, v->text.data);
        else if (v->kind == BENCH_TUPLE)
            set(c, operation->params[i].name, "%zu of them", v->seq.count);
        else if (v->kind == BENCH_INT)
            set(c, operation->params[i].name, "%" PRId64, v->integer);
    }
}

static void one_clients_case(struct list *list, const struct bench_plan *plan,
                             const struct bench_workload *w, const struct choice *choice,
                             int clients, int inflight, int64_t rate, uint64_t tx)
{
    const bool several = plan->inflights.n > 1 || plan->inflights.values[0] > 1;
    const struct bench_operation *operation = bench_operation_get(choice->operation);
    struct bench_case *c = add(list, &(struct bench_case){
                                         .workload = w,
                                         .operation = choice->operation,
                                         .text = choice->text,
                                         .sample = w->sample,
                                         .nsteps = 1,
                                         .clients = clients,
                                         .inflight = inflight,
                                         .warmup = warmup_of(w, plan, clients),
                                         .piece = operation->tx ? tx : 0,
                                         .load = {.rate_per_s = (double)rate,
                                                  .arrival = plan->arrival,
                                                  .seed = (uint64_t)plan->seed},
                                     });
    if (c == NULL)
        return;
    set(c, "clients", "%d", clients);
    if (several && w->sample == BENCH_SAMPLE_STEP)
        set(c, "inflight", "%d", inflight);
    if (rate > 0) {
        set(c, "rate", "%" PRId64 "/s", rate);
        set(c, "arrival", "%s", bench_arrival_names[plan->arrival]);
    }
    if (plan->duration_ns == 0)
        set(c,
            w->sample == BENCH_SAMPLE_CONNECTION ? "connections"
            : w->concurrent                      ? "requests_per_client"
                                                 : "requests",
            "%" PRId64, bench_workload_count(w, plan));
    if (choice->text != NULL)
        return;
    add_arguments(c, operation);
    if (operation->tx)
        set(c, "payload", "%s", bench_format_size_exact((int64_t)tx).s);
}

/* One operation with one number of clients; what it sends has the sizes that were asked for. */
static void load_cases(struct list *list, const struct bench_plan *plan,
                       const struct bench_workload *w, const struct choice *choice, int clients)
{
    static const struct bench_list closed = {.values = {0}, .n = 1}, alone = {{1}, 1},
                                   usual = {{DEFAULT_TX}, 1};
    const bool requests = w->sample == BENCH_SAMPLE_STEP;
    const struct bench_list *rates = requests ? &plan->rates : &closed;
    const struct bench_list *inflights =
        requests && plan->inflights.n > 0 ? &plan->inflights : &alone;
    const bool sized = choice->text == NULL && plan->payload_sizes_chosen &&
                       bench_operation_get(choice->operation)->tx;
    const struct bench_list *sizes = sized ? &plan->payload_sizes : &usual;
    for (size_t s = 0; s < sizes->n; s++)
        for (size_t i = 0; i < inflights->n; i++)
            for (size_t k = 0; k < rates->n; k++)
                one_clients_case(list, plan, w, choice, clients, (int)inflights->values[i],
                                 rates->values[k], (uint64_t)sizes->values[s]);
}

static void clients_cases(struct list *list, const struct bench_plan *plan,
                          const struct bench_workload *w)
{
    struct choice choices[CHOICES_MAX];
    size_t n = chosen_calls(w, plan, choices);
    for (size_t o = 0; o < n; o++)
        for (size_t i = 0; i < (w->concurrent ? plan->clients.n : 1); i++)
            load_cases(list, plan, w, &choices[o],
                       w->concurrent ? (int)plan->clients.values[i] : 1);
}

/* Calls back into the client that wait for each other. */
static void depths_cases(struct list *list, const struct bench_plan *plan,
                         const struct bench_workload *w)
{
    static const int depths[] = {1, 5, 10};
    for (size_t i = 0; i < BENCH_COUNT_OF(depths); i++) {
        struct bench_case *c = add(list, &(struct bench_case){
                                             .workload = w,
                                             .operation = w->operation,
                                             .args = {bench_int(depths[i])},
                                             .nargs = 1,
                                             .sample = w->sample,
                                             .nsteps = 1,
                                             .clients = 1,
                                             .warmup = warmup_of(w, plan, 1),
                                             .load = {.arrival = plan->arrival,
                                                      .seed = (uint64_t)plan->seed},
                                         });
        if (c == NULL)
            return;
        set(c, "clients", "1");
        if (plan->duration_ns == 0)
            set(c, "requests", "%" PRId64, bench_workload_count(w, plan));
        set(c, "depth", "%d", depths[i]);
    }
}

/* The same records in all ways in which a service can answer them. A protocol that only sends data
 * does the same for each. */
static void ways_cases(struct list *list, const struct bench_plan *plan,
                       const struct bench_workload *w)
{
    static const struct {
        const char *access;
        enum bench_operation_id operation;
        enum bench_reading reading;
        int trips; /* of each record: it is fetched, described, and its fields asked for */
    } ways[] = {
        {"objects", BENCH_OP_GET_USERS, BENCH_READING_READ, 5},
        {"dicts", BENCH_OP_GET_USERS_DICTS, BENCH_READING_READ, 5},
        {"tuples", BENCH_OP_GET_USERS_TUPLES, BENCH_READING_READ, 0},
        {"obtain", BENCH_OP_GET_USERS_DICTS, BENCH_READING_COPY, 0},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(ways); i++) {
        struct bench_case *c = add(list, &(struct bench_case){
                                             .workload = w,
                                             .operation = ways[i].operation,
                                             .args = {bench_int(plan->users)},
                                             .nargs = 1,
                                             .reading = ways[i].reading,
                                             .trips = plan->users * ways[i].trips,
                                             .sample = w->sample,
                                             .nsteps = 1,
                                             .clients = 1,
                                             .warmup = warmup_of(w, plan, 1),
                                             .load = {.arrival = plan->arrival,
                                                      .seed = (uint64_t)plan->seed},
                                         });
        if (c == NULL)
            return;
        set(c, "clients", "1");
        if (plan->duration_ns == 0)
            set(c, "requests", "%" PRId64, bench_workload_count(w, plan));
        set(c, "n", "%" PRId64, plan->users);
        set(c, "access", "%s", ways[i].access);
    }
}

static struct bench_case bulk_case(const struct bench_workload *w, bool up, uint64_t size)
{
    struct bench_case c = {
        .workload = w,
        .operation = up ? BENCH_OP_UPLOAD : BENCH_OP_DOWNLOAD,
        .sample = w->sample,
        .up = up,
        .bulk = true,
        .size = size,
        .piece = size,
        .nsteps = 1,
        .clients = 1,
    };
    set(&c, "clients", "1");
    set(&c, "direction", "%s", up ? "upload" : "download");
    set(&c, "size", "%s", bench_format_size_exact((int64_t)size).s);
    return c;
}

static void sizes_cases(struct list *list, const struct bench_plan *plan,
                        const struct bench_workload *w)
{
    for (int up = 1; up >= 0; up--) {
        for (size_t i = 0; i < plan->payload_sizes.n; i++) {
            struct bench_case c = bulk_case(w, up != 0, (uint64_t)plan->payload_sizes.values[i]);
            set(&c, "iterations", "%" PRId64, plan->iterations);
            if (!c.up) {
                c.args[0] = bench_int((int64_t)c.size);
                c.nargs = 1;
            }
            (void)add(list, &c);
        }
    }
}

static void shape_style(struct bench_case *c, enum bench_style style, uint64_t chunk)
{
    if (!c->up) {
        c->args[0] = bench_int((int64_t)c->size);
        c->nargs = 1;
    }
    switch (style) {
    case BENCH_STYLE_PIECES:
        c->operation = c->up ? BENCH_OP_UPLOAD_CHUNK : BENCH_OP_DOWNLOAD_CHUNK;
        c->piece = chunk;
        c->nsteps = (size_t)((c->size + chunk - 1) / chunk);
        break;
    case BENCH_STYLE_STREAM:
        c->operation = c->up ? BENCH_OP_UPLOAD_CHUNKED : BENCH_OP_DOWNLOAD_CHUNKED;
        c->stream_chunk = chunk;
        c->args[1] = bench_int((int64_t)chunk);
        c->nargs = c->up ? 0 : 2;
        break;
    case BENCH_STYLE_WHOLE:
    case BENCH_STYLE_COUNT:
        break;
    }
}

static void files_cases(struct list *list, const struct bench_plan *plan,
                        const struct bench_workload *w)
{
    for (int up = 1; up >= 0; up--) {
        for (size_t f = 0; f < plan->file_sizes.n; f++) {
            uint64_t size = (uint64_t)plan->file_sizes.values[f];
            for (int style = 0; style < BENCH_STYLE_COUNT; style++) {
                bool whole = style == BENCH_STYLE_WHOLE;
                for (size_t k = 0; plan->styles[style] && k < (whole ? 1 : plan->chunk_sizes.n);
                     k++) {
                    uint64_t chunk = (uint64_t)plan->chunk_sizes.values[k];
                    if (!whole && chunk >= size)
                        continue; /* that is the whole */
                    struct bench_case c = bulk_case(w, up != 0, size);
                    set(&c, "style", "%s", bench_style_names[style]);
                    if (!whole)
                        set(&c, "chunk", "%s", bench_format_size_exact((int64_t)chunk).s);
                    set(&c, "iterations", "%" PRId64, plan->iterations);
                    shape_style(&c, (enum bench_style)style, chunk);
                    (void)add(list, &c);
                }
            }
        }
    }
}

/* Every case under every placement and at every distance that was asked for. */
static void add_conditions(struct list *list, const struct bench_plan *plan)
{
    struct list all = {.n = 0};
    bool far = plan->rtts.n > 1 || plan->rtts.values[0] > 0;
    for (size_t i = 0; i < list->n; i++) {
        for (int p = 0; p < BENCH_PLACEMENT_COUNT; p++) {
            for (size_t k = 0; plan->placements[p] && k < plan->rtts.n; k++) {
                struct bench_case *c = add(&all, &list->cases[i]);
                if (c == NULL)
                    break;
                c->placement = (enum bench_placement)p;
                c->rtt_ns = plan->rtts.values[k];
                if (plan->placement_chosen)
                    set(c, "placement", "%s", bench_placement_names[p]);
                if (far)
                    set(c, "rtt", "%s", bench_format_duration_exact(c->rtt_ns).s);
            }
        }
    }
    free(list->cases);
    all.failed |= list->failed;
    *list = all;
}

/* How long, and how much of it. */
static void add_limits(struct bench_case *c, const struct bench_plan *plan, size_t ncases)
{
    /* Waited for one after the other: its steps, at least; and a few of each. */
    int64_t trips = (int64_t)c->nsteps + c->trips;
    c->units = bench_workload_count(c->workload, plan);
    c->budget_ns = plan->budget_ns / (int64_t)ncases;
    if (c->budget_ns < 1)
        c->budget_ns = 1;
    c->timeout_ns = plan->timeout_ns + (int64_t)c->size * TIMEOUT_NS_PER_BYTE + trips * c->rtt_ns;
    c->load.duration_ns = plan->duration_ns;
    c->load.ramp_ns = c->sample == BENCH_SAMPLE_STEP ? plan->ramp_ns : 0;
    c->load.forget_schedule = plan->forget_schedule;
    if (plan->duration_ns > 0) {
        c->units = INT64_MAX;
        c->budget_ns = 0;
        set(c, "duration", "%s", bench_format_duration_exact(plan->duration_ns).s);
    }
}

int bench_cases_make(const struct bench_plan *plan, const struct bench_workload *workload,
                     struct bench_case **out, size_t *count)
{
    struct list list = {.n = 0};
    switch (workload->cases) {
    case BENCH_CASES_CLIENTS:
        clients_cases(&list, plan, workload);
        break;
    case BENCH_CASES_DEPTHS:
        depths_cases(&list, plan, workload);
        break;
    case BENCH_CASES_WAYS:
        ways_cases(&list, plan, workload);
        break;
    case BENCH_CASES_SIZES:
        sizes_cases(&list, plan, workload);
        break;
    case BENCH_CASES_FILES:
        files_cases(&list, plan, workload);
        break;
    }
    add_conditions(&list, plan);
    if (list.failed) {
        free(list.cases);
        return -ENOMEM;
    }
    for (size_t i = 0; i < list.n; i++)
        add_limits(&list.cases[i], plan, list.n);
    *out = list.cases;
    *count = list.n;
    return 0;
}
