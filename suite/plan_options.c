/* SPDX-License-Identifier: MIT */
#include "suite/plan_options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "bench/units.h"
#include "suite/output.h"

#define PILOT_BLOCKS    "8"
#define PRECISION_LEAST 0.001
#define PRECISION_MOST  1.0

static const struct bench_option numbers[] = {
#define X(member, opt, opt_type, normal, quick_text, low, high, text)                              \
    {.name = (opt),                                                                                \
     .type = BENCH_OPTION_##opt_type,                                                              \
     .offset = offsetof(struct bench_plan, member),                                                \
     .min = (low),                                                                                 \
     .max = (high),                                                                                \
     .help = (text)},
    BENCH_PLAN_NUMBERS(X)
#undef X
    {.name = NULL},
};

#define X(member, name, type, normal, quick, min, max, help)                                       \
    static int set_##member(void *target, const char *value, struct bench_error *err)              \
    {                                                                                              \
        struct bench_plan_options *o = target;                                                            \
        return bench_options_set(numbers, &o->plan, (name), value, err);                           \
    }
BENCH_PLAN_NUMBERS(X)
#undef X

static int parse_item(enum bench_option_type type, const char *word, double min, double max,
                      int64_t *out, struct bench_error *err)
{
    if (type == BENCH_OPTION_SIZE)
        return bench_parse_size(word, out, err);
    if (type == BENCH_OPTION_DURATION)
        return bench_parse_duration(word, out, err);
    return bench_parse_int(word, (int64_t)min, (int64_t)max, out, err);
}

/* "1..64": 1, 2, 4 and so on, and the last. */
static int add_doubling(struct bench_list *list, const char *word, double min, double max,
                        struct bench_error *err)
{
    int64_t first, last;
    char low[32];
    const char *dots = strstr(word, "..");
    (void)snprintf(low, sizeof(low), "%.*s", (int)(dots - word), word);
    int rc = bench_parse_int(low, (int64_t)fmax(1, min), (int64_t)max, &first, err);
    if (rc == 0)
        rc = bench_parse_int(dots + 2, first, (int64_t)max, &last, err);
    for (int64_t value = first; rc == 0; value = value > last / 2 ? last : value * 2) {
        if (list->n == BENCH_LIST_MAX)
            return bench_fail(err, -EINVAL, "more than %d values in '%s'", BENCH_LIST_MAX, word);
        list->values[list->n++] = value;
        if (value == last)
            break;
    }
    return rc;
}

/* "8", "1,8,64", "1..64", "64KiB,1.5MiB", "0,1ms". */
static int set_list(struct bench_list *list, enum bench_option_type type, double min, double max,
                    const char *value, struct bench_error *err)
{
    char copy[512];
    if (strlen(value) >= sizeof(copy))
        return bench_fail(err, -EINVAL, "'%.40s...' is too long", value);
    (void)snprintf(copy, sizeof(copy), "%s", value);
    struct bench_list parsed = {.n = 0};
    char *rest = copy, *word;
    while ((word = strsep(&rest, ",")) != NULL) {
        int rc;
        if (type == BENCH_OPTION_INT && strstr(word, "..") != NULL) {
            rc = add_doubling(&parsed, word, min, max, err);
            if (rc < 0)
                return rc;
            continue;
        }
        if (parsed.n == BENCH_LIST_MAX)
            return bench_fail(err, -EINVAL, "more than %d values in '%s'", BENCH_LIST_MAX, value);
        int64_t *out = &parsed.values[parsed.n++];
        rc = parse_item(type, word, min, max, out, err);
        if (rc == 0 && ((double)*out < min || (double)*out > max))
            rc = bench_fail(err, -EINVAL, "'%s' is not in %.0f to %.0f", word, min, max);
        if (rc < 0)
            return rc;
    }
    *list = parsed;
    return 0;
}

#define X(member, name, type, normal, quick, min, max, help)                                       \
    static int set_##member(void *target, const char *value, struct bench_error *err)              \
    {                                                                                              \
        struct bench_plan_options *o = target;                                                            \
        o->plan.payload_sizes_chosen |= &o->plan.member == &o->plan.payload_sizes;                 \
        return set_list(&o->plan.member, BENCH_OPTION_##type, (min), (max), value, err);           \
    }
BENCH_PLAN_LISTS(X)
#undef X

static int set_quick(void *target, const char *value, struct bench_error *err)
{
    (void)target; /* looked at before the others, which it must not override */
    (void)value;
    (void)err;
    return 0;
}

static int set_ca_file(void *target, const char *value, struct bench_error *err)
{
    struct bench_plan_options *o = target;
    if (strlen(value) >= sizeof(o->plan.targets[0].address.ca_file))
        return bench_fail(err, -ENAMETOOLONG, "'%.40s...' is too long", value);
    o->plan.ca_file = value;
    return 0;
}

static int set_insecure(void *target, const char *value, struct bench_error *err)
{
    (void)value;
    (void)err;
    ((struct bench_plan_options *)target)->plan.insecure = true;
    return 0;
}

static int set_target(void *target, const char *value, struct bench_error *err)
{
    struct bench_plan_options *o = target;
    if (o->ntargets == BENCH_TARGETS_MAX)
        return bench_fail(err, -ENOSPC, "given more than %d times", BENCH_TARGETS_MAX);
    o->targets[o->ntargets++] = value;
    return 0;
}

static int set_workload(void *target, const char *value, struct bench_error *err)
{
    struct bench_plan_options *o = target;
    char copy[256];
    if (strlen(value) >= sizeof(copy))
        return bench_fail(err, -EINVAL, "'%.40s...' is too long", value);
    (void)snprintf(copy, sizeof(copy), "%s", value);
    char *rest = copy, *name;
    while ((name = strsep(&rest, ",")) != NULL) {
        const struct bench_workload *w = bench_workload_find(name);
        if (w == NULL) {
            char list[160] = "";
            size_t used = 0;
            for (int i = 0; i < BENCH_WORKLOAD_COUNT; i++)
                used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
                                         i > 0 ? ", " : "",
                                         bench_workload_get((enum bench_workload_id)i)->name);
            return bench_fail(err, -EINVAL, "there is no workload '%s'; there is %s", name, list);
        }
        o->plan.workloads[w->id] = true;
        o->plan.workloads_chosen = true;
    }
    return 0;
}

static int no_such_operation(const char *name, struct bench_error *err)
{
    char list[512] = "";
    size_t used = 0;
    for (int i = 0; i < BENCH_OPERATION_COUNT && used < sizeof(list); i++)
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i > 0 ? ", " : "",
                                 bench_operation_get((enum bench_operation_id)i)->name);
    return bench_fail(err, -EINVAL, "there is no operation '%s'; there is %.150s", name, list);
}

static int set_operation(void *target, const char *value, struct bench_error *err)
{
    struct bench_plan *plan = &((struct bench_plan_options *)target)->plan;
    char copy[256];
    if (strlen(value) >= sizeof(copy))
        return bench_fail(err, -EINVAL, "'%.40s...' is too long", value);
    (void)snprintf(copy, sizeof(copy), "%s", value);
    char *rest = copy, *name;
    plan->noperations = 0;
    while ((name = strsep(&rest, ",")) != NULL) {
        const struct bench_operation *operation = bench_operation_find(name, strlen(name));
        if (plan->noperations == BENCH_COUNT_OF(plan->operations))
            return bench_fail(err, -ENOSPC, "more than %zu operations",
                              BENCH_COUNT_OF(plan->operations));
        if (operation == NULL)
            return no_such_operation(name, err);
        plan->operations[plan->noperations++] = operation->id;
    }
    return 0;
}

static int set_call(void *target, const char *value, struct bench_error *err)
{
    struct bench_plan *plan = &((struct bench_plan_options *)target)->plan;
    if (plan->ncalls == BENCH_COUNT_OF(plan->calls))
        return bench_fail(err, -ENOSPC, "given more than %zu times", BENCH_COUNT_OF(plan->calls));
    if (*value == '\0')
        return bench_fail(err, -EINVAL, "'' is not an expression");
    plan->calls[plan->ncalls++] = value;
    return 0;
}

/* The value is one of `n` names: marks those that a list names. */
static int set_choices(const char *const *names, size_t n, bool *chosen, const char *value,
                       struct bench_error *err)
{
    char copy[64], list[96] = "";
    size_t used = 0;
    bool given[8] = {false};
    (void)snprintf(copy, sizeof(copy), "%s", value);
    for (size_t i = 0; i < n && used < sizeof(list); i++)
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i > 0 ? ", " : "",
                                 names[i]);
    char *rest = copy, *word;
    while ((word = strsep(&rest, ",")) != NULL) {
        size_t i = 0;
        while (i < n && strcmp(names[i], word) != 0)
            i++;
        if (i == n)
            return bench_fail(err, -EINVAL, "'%s' is not one of %s", word, list);
        given[i] = true;
    }
    memcpy(chosen, given, n * sizeof(*chosen));
    return 0;
}

static int set_style(void *target, const char *value, struct bench_error *err)
{
    struct bench_plan *plan = &((struct bench_plan_options *)target)->plan;
    return set_choices(bench_style_names, BENCH_STYLE_COUNT, plan->styles, value, err);
}

static int set_placement(void *target, const char *value, struct bench_error *err)
{
    struct bench_plan *plan = &((struct bench_plan_options *)target)->plan;
    plan->placement_chosen = true;
    return set_choices(bench_placement_names, BENCH_PLACEMENT_COUNT, plan->placements, value, err);
}

static int set_priority(void *target, const char *value, struct bench_error *err)
{
    static const char *const names[] = {"raised", "normal"};
    bool chosen[2] = {false};
    int rc = set_choices(names, 2, chosen, value, err);
    if (rc == 0)
        ((struct bench_plan_options *)target)->plan.normal_priority = chosen[1];
    return rc;
}

static int set_cpus(void *target, const char *value, struct bench_error *err)
{
    return bench_cpus_parse(value, &((struct bench_plan_options *)target)->plan.cpus, err);
}

static int set_arrival(void *target, const char *value, struct bench_error *err)
{
    struct bench_plan *plan = &((struct bench_plan_options *)target)->plan;
    bool chosen[BENCH_ARRIVAL_COUNT] = {false};
    int rc = set_choices(bench_arrival_names, BENCH_ARRIVAL_COUNT, chosen, value, err);
    for (int i = 0; rc == 0 && i < BENCH_ARRIVAL_COUNT; i++)
        if (chosen[i])
            plan->arrival = (enum bench_arrival)i;
    return rc;
}

/* "clients=1,2,4" and "rate=100,200": the same as --clients and --rate, by the word that the field
 * has for it. */
static int set_ladder(void *target, const char *value, struct bench_error *err)
{
    static const struct {
        const char *name;
        int (*set)(void *, const char *, struct bench_error *);
    } ladders[] = {{"clients", set_clients}, {"inflight", set_inflights},
                 {"rate", set_rates}, {"rtt", set_rtts}};
    for (size_t i = 0; i < BENCH_COUNT_OF(ladders); i++) {
        size_t n = strlen(ladders[i].name);
        if (strncmp(value, ladders[i].name, n) == 0 && value[n] == '=')
            return ladders[i].set(target, value + n + 1, err);
    }
    return bench_fail(err, -EINVAL,
                      "'%.60s' is not clients=LIST, inflight=LIST, rate=LIST or rtt=LIST", value);
}

static int set_payload(void *target, const char *value, struct bench_error *err)
{
    const int kind = cli_choose(value, bench_payload_names, err);
    if (kind >= 0)
        ((struct bench_plan_options *)target)->plan.payload = (enum bench_payload_kind)kind;
    return kind < 0 ? kind : 0;
}

static int set_output(void *target, const char *value, struct bench_error *err)
{
    if (*value == '\0')
        return bench_fail(err, -EINVAL, "'' is not a folder");
    ((struct bench_plan_options *)target)->plan.output_dir = value;
    return 0;
}

static int set_json(void *target, const char *value, struct bench_error *err)
{
    if (*value == '\0')
        return bench_fail(err, -EINVAL, "'' is not a file");
    ((struct bench_plan_options *)target)->plan.json_file = value;
    return 0;
}

/* "5%" or "0.05": how wide an interval may be, all of it, beside its median. */
static int set_precision(void *target, const char *value, struct bench_error *err)
{
    char *end;
    errno = 0;
    double number = strtod(value, &end);
    const bool is_percent = end != value && strcmp(end, "%") == 0;
    if (is_percent)
        number /= 100;
    if (end == value || errno != 0 || (*end != '\0' && !is_percent) ||
        !(number >= PRECISION_LEAST && number <= PRECISION_MOST))
        return bench_fail(err, -EINVAL, "'%.40s' is not a share from 0.1%% to 100%%", value);
    ((struct bench_plan_options *)target)->plan.precision = number;
    return 0;
}

static int set_plugin(void *target, const char *value, struct bench_error *err)
{
    return bench_plan_add_plugin(&((struct bench_plan_options *)target)->plan, value, err);
}

static struct cli_option options[] = {
    {"target", "LIST", "PROTOCOL[options]/MODE/SERVER[/CLIENT] or a URL; default: all that are reference",
     set_target},
    {"workload", "LIST", "some of the workloads that 'rpycbench list' names; default: all",
     set_workload},
    {"quick", NULL, "few samples: a first impression in about three minutes", set_quick},
#define X(member, name, type, normal, quick, min, max, help)                                       \
    {name, BENCH_OPTION_##type == BENCH_OPTION_DURATION ? "TIME" : "N",                             \
     help, set_##member},
    BENCH_PLAN_NUMBERS(X)
#undef X
#define X(member, name, type, normal, quick, min, max, help)                                       \
    {name, "LIST", help, set_##member},
    BENCH_PLAN_LISTS(X)
#undef X
    {"precision", "SHARE",
     "goes on until each 95 % interval is as narrow as this share of its median: 5%", set_precision},
    {"style", "LIST", "of `transfer`: whole, pieces, stream (all)", set_style},
    {"operation", "LIST", "called by `latency` and `concurrent` instead of ping", set_operation},
    {"call", "EXPRESSION",
     "the same with a call of your own, as 'rpycbench call' takes it; may be repeated", set_call},
    {"ladder", "NAME=LIST",
     "clients=1..64 (doubling), inflight=1,8, rate=100,200 or rtt=0,1ms: a result each", set_ladder},
    {"arrival", "KIND", "of an open loop: constant or poisson (constant)", set_arrival},
    {"placement", "LIST", "same, split or free: where client and server run (free)", set_placement},
    {"priority", "KIND", "of our client's threads: raised or normal (raised)", set_priority},
    {"cpus", "client=LIST,server=LIST", "the cores of each, as taskset -c has them", set_cpus},
    {"payload", "KIND", "random, zeros or text: what is sent and received (random)", set_payload},
    {"output", "DIR", "writes result.json and charts there", set_output},
    {"json", "FILE", "writes result.json to a file; '-' = stdout, instead of the tables", set_json},
    {"ca-file", "FILE", "checks URL targets' certificates against these (the system's)", set_ca_file},
    {"insecure", NULL, "does not check URL targets' certificates", set_insecure},
    {"plugin", "FILE.so", "loads a protocol from a shared object (may be repeated)", set_plugin},
    {NULL, NULL, NULL, NULL},
};

struct default_row {
    const char *name, *normal, *quick;
};

#define X(member, name, type, normal, quick, min, max, help) {name, normal, quick},
static const struct default_row number_defaults[] = {BENCH_PLAN_NUMBERS(X)};
static const struct default_row list_defaults[] = {BENCH_PLAN_LISTS(X)};
#undef X

/* Help says the default behind each option that has one: "(10; with --quick 8)", "(1)"; 0 means
 * that nothing is asked for. */
static void say_defaults(const struct default_row *rows, size_t n, char (*texts)[256])
{
    for (size_t i = 0; i < n; i++) {
        struct cli_option *option = options;
        while (strcmp(option->name, rows[i].name) != 0)
            option++;
        const bool same = strcmp(rows[i].normal, rows[i].quick) == 0;
        if (same && strcmp(rows[i].normal, "0") == 0)
            continue;
        (void)snprintf(texts[i], sizeof(texts[i]), "%.180s (%s%s%s)", option->help, rows[i].normal,
                       same ? "" : "; with --quick ", same ? "" : rows[i].quick);
        option->help = texts[i];
    }
}

static void complete_help(void)
{
    static char numbers_text[BENCH_COUNT_OF(number_defaults)][256];
    static char lists_text[BENCH_COUNT_OF(list_defaults)][256];
    say_defaults(number_defaults, BENCH_COUNT_OF(number_defaults), numbers_text);
    say_defaults(list_defaults, BENCH_COUNT_OF(list_defaults), lists_text);
}

static int set_defaults(struct bench_plan *plan, bool quick, struct bench_error *err)
{
    plan->quick = quick;
    for (int i = 0; i < BENCH_STYLE_COUNT; i++)
        plan->styles[i] = true;
    plan->placements[BENCH_PLACEMENT_FREE] = true;
    int rc = 0;
#define X(member, name, type, normal, quick_text, min, max, help)                                  \
    if (rc == 0)                                                                                   \
        rc = set_list(&plan->member, BENCH_OPTION_##type, (min), (max),                            \
                      quick ? (quick_text) : (normal), err);
    BENCH_PLAN_LISTS(X)
#undef X
    for (size_t i = 0; rc == 0 && i < BENCH_COUNT_OF(number_defaults); i++)
        rc = bench_options_set(numbers, plan, number_defaults[i].name,
                               quick ? number_defaults[i].quick : number_defaults[i].normal, err);
    return rc;
}

/* A pilot is short: its counts are those of --quick, its blocks a few. */
static int set_pilot_defaults(struct bench_plan *plan, struct bench_error *err)
{
    static const char *const counts[] = {"connections", "requests", "requests-per-client",
                                         "iterations"};
    int rc = bench_options_set(numbers, plan, "repeats", PILOT_BLOCKS, err);
    for (size_t i = 0; rc == 0 && i < BENCH_COUNT_OF(number_defaults); i++)
        for (size_t k = 0; rc == 0 && k < BENCH_COUNT_OF(counts); k++)
            if (strcmp(number_defaults[i].name, counts[k]) == 0)
                rc = bench_options_set(numbers, plan, counts[k], number_defaults[i].quick, err);
    return rc;
}

static bool is_given(const char *word, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], word) == 0)
            return true;
    return false;
}

/* Words that a shell would change stand between single quotes. */
static void keep_command(struct bench_plan *plan, int argc, char **argv)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_=+,./:@%";
    struct bench_buf text;
    bench_buf_init(&text, sizeof(plan->command) - 1);
    int rc = bench_buf_printf(&text, "rpycbench");
    for (int i = 0; rc == 0 && i < argc; i++) {
        bool quote = argv[i][0] == '\0' || argv[i][strspn(argv[i], plain)] != '\0';
        const char *mark = quote ? "'" : "";
        rc = bench_buf_printf(&text, " %s%s%s", mark, argv[i], mark);
        if (strchr(argv[i], '\'') != NULL)
            rc = -EINVAL; /* seldom: rather none than a wrong one */
    }
    if (rc == 0)
        (void)snprintf(plan->command, sizeof(plan->command), "%.*s", (int)bench_buf_length(&text),
                       (const char *)bench_buf_head(&text));
    bench_buf_fini(&text);
}

/* The command's own rows, then those of a plan; the caller frees it. */
static struct cli_option *all_options(const struct cli_option *own)
{
    size_t n = 0, all = BENCH_COUNT_OF(options);
    while (own != NULL && own[n].name != NULL)
        n++;
    struct cli_option *rows = calloc(n + all, sizeof(*rows));
    if (rows == NULL)
        return NULL;
    if (n > 0)
        memcpy(rows, own, n * sizeof(*rows));
    memcpy(rows + n, options, all * sizeof(*rows));
    return rows;
}

int bench_plan_options_parse(struct bench_plan_options *o, const char *command,
                             const struct cli_option *own,
                             int (*argument)(void *target, const char *value,
                                             struct bench_error *err),
                             int argc, char **argv, struct bench_error *err)
{
    const bool quick = is_given("--quick", argc, argv);
    keep_command(&o->plan, argc, argv);
    complete_help();
    struct cli_option *rows = all_options(own);
    int rc = rows != NULL ? set_defaults(&o->plan, quick, err) : -ENOMEM;
    if (rc == 0 && is_given("--pilot", argc, argv))
        rc = set_pilot_defaults(&o->plan, err);
    if (rc == 0)
        rc = cli_parse(cli_find(command), rows, argument, o, argc, argv, err);
    free(rows);
    return rc;
}

/* What is measured when --aa stands alone: enough to know the machine, in a minute or two. */
static const enum bench_workload_id aa_workloads[] = {
    BENCH_WORKLOAD_CONNECTION, BENCH_WORKLOAD_LATENCY, BENCH_WORKLOAD_CONCURRENT};

static void choose_workloads(struct bench_plan *plan, bool few)
{
    if (plan->workloads_chosen)
        return;
    for (int i = 0; i < BENCH_WORKLOAD_COUNT; i++)
        plan->workloads[i] = !few;
    for (size_t i = 0; i < BENCH_COUNT_OF(aa_workloads); i++)
        plan->workloads[aa_workloads[i]] = true;
}

int bench_plan_options_finish(struct bench_plan_options *o, struct bench_error *err)
{
    int rc = bench_plan_load_plugins(&o->plan, err);
    if (rc == 0 && o->plan.aa && o->plan.pilot)
        rc = bench_fail(err, -EINVAL, "option --pilot: not together with --aa");
    for (size_t i = 0; rc == 0 && i < o->ntargets; i++) {
        rc = bench_plan_add_targets(&o->plan, o->targets[i], err);
        if (rc < 0)
            bench_error_prefix(err, "option --target: ");
    }
    if (rc == 0 && o->ntargets == 0)
        rc = o->plan.aa ? bench_plan_add_aa_targets(&o->plan, err)
                        : bench_plan_add_default_targets(&o->plan, err);
    choose_workloads(&o->plan, o->plan.aa && o->ntargets == 0);
    if (rc == 0 && o->plan.aa)
        rc = bench_plan_double(&o->plan, err);
    if (rc == 0 && o->plan.output_dir != NULL)
        rc = bench_output_prepare(o->plan.output_dir, err);
    return rc;
}
