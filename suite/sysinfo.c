/* SPDX-License-Identifier: MIT */
#include "suite/sysinfo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/buf.h"
#include "bench/units.h"
#include "core/cpus.h"
#include "core/sockopt.h"
#include "suite/blocks.h"
#include "suite/driver.h"
#include "suite/environment.h"
#include "suite/facts.h"
#include "suite/instrument.h"

/* ---- the plan ---- */

static void add_list(struct bench_facts *f, const char *name, const struct bench_list *list,
                     enum bench_option_type type)
{
    char text[512] = "";
    size_t used = 0;
    for (size_t i = 0; i < list->n && used < sizeof(text); i++) {
        struct bench_text value;
        if (type == BENCH_OPTION_SIZE)
            value = bench_format_size_exact(list->values[i]);
        else if (type == BENCH_OPTION_DURATION)
            value = bench_format_duration_exact(list->values[i]);
        else
            (void)snprintf(value.s, sizeof(value.s), "%" PRId64, list->values[i]);
        used +=
            (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i > 0 ? "," : "", value.s);
    }
    bench_facts_add(f, name, "%s", text);
}

static void place_facts(struct bench_facts *f, const struct bench_plan *plan)
{
    char text[BENCH_CPUS_TEXT_SIZE] = "";
    size_t used = 0;
    for (int i = 0; i < BENCH_PLACEMENT_COUNT; i++)
        if (plan->placements[i] && used < sizeof(text))
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used > 0 ? "," : "",
                                     bench_placement_names[i]);
    bench_facts_add_varying(f, "placement", "%s", text); /* a choice: not what the machine is */
    if (plan->cpus.client_given)
        bench_facts_add_varying(f, "cores of the client", "%s",
                                bench_cpus_text(&plan->cpus.client, text, sizeof(text)));
    if (plan->cpus.server_given)
        bench_facts_add_varying(f, "cores of the server", "%s",
                                bench_cpus_text(&plan->cpus.server, text, sizeof(text)));
}

static void plan_facts(struct bench_facts *f, const struct bench_plan *plan)
{
    if (plan->command[0] != '\0')
        bench_facts_add(f, "command", "%s", plan->command);
    bench_facts_add(f, "quick", "%s", plan->quick ? "yes" : "no");
    static const struct bench_option table[] = {
#define X(member, opt, opt_type, normal, quick_text, low, high, text)                              \
    {.name = (opt),                                                                                \
     .type = BENCH_OPTION_##opt_type,                                                              \
     .offset = offsetof(struct bench_plan, member),                                                \
     .help = (text)},
        BENCH_PLAN_NUMBERS(X)
#undef X
    };
    if (plan->precision > 0)
        bench_facts_add(f, "precision", "%.6g%%", 100 * plan->precision);
    bench_facts_add(f, "order of targets", "%s", bench_block_order_words(plan->ntargets));
    bench_facts_add(f, "environment of servers", "PYTHONHASHSEED=0, 0 to %d bytes of padding",
                    BENCH_PADDING_MAX - 1);
    for (size_t i = 0; i < BENCH_COUNT_OF(table); i++) {
        struct bench_buf value;
        bench_buf_init(&value, 128);
        if (bench_options_print(&table[i], plan, &value) == 0 && bench_buf_add(&value, "", 1) == 0)
            bench_facts_add(f, table[i].name, "%s", (const char *)bench_buf_head(&value));
        bench_buf_fini(&value);
    }
#define X(member, name, type, normal, quick, min, max, help)                                       \
    add_list(f, name, &plan->member, BENCH_OPTION_##type);
    BENCH_PLAN_LISTS(X)
#undef X
    char chosen[64] = "";
    size_t used = 0;
    for (int i = 0; i < BENCH_STYLE_COUNT; i++)
        if (plan->styles[i] && used < sizeof(chosen))
            used += (size_t)snprintf(chosen + used, sizeof(chosen) - used, "%s%s",
                                     used > 0 ? "," : "", bench_style_names[i]);
    bench_facts_add(f, "style", "%s", chosen);
    bench_facts_add(f, "payload", "%s", bench_payload_names[plan->payload]);
    bench_facts_add(f, "arrival", "%s", bench_arrival_names[plan->arrival]);
    char operations[256] = "";
    used = 0;
    for (size_t i = 0; i < plan->noperations && used < sizeof(operations); i++)
        used += (size_t)snprintf(operations + used, sizeof(operations) - used, "%s%s",
                                 i > 0 ? "," : "", bench_operation_get(plan->operations[i])->name);
    if (plan->noperations > 0)
        bench_facts_add(f, "operation", "%s", operations);
    for (size_t i = 0; i < plan->ncalls; i++)
        bench_facts_add(f, "call", "%s", plan->calls[i]);
    bench_facts_add(f, "priority", "%s", plan->normal_priority ? "normal" : "raised");
}

bool bench_sysinfo_unfit_build(const char **why)
{
    *why = NULL;
    if (RPYCBENCH_SANITIZERS[0] != '\0')
        *why = "built with sanitizers";
    else if (strcmp(RPYCBENCH_BUILD_TYPE, "Debug") == 0)
        *why = "built for debugging";
    return *why != NULL;
}

/* ---- the run ---- */

int bench_sysinfo_begin(struct bench_run *run)
{
    struct bench_facts facts = {.rows = run->environment, .n = run->nenvironment};
    bench_environment_moment("", "before", &facts);
    run->environment = facts.rows;
    run->nenvironment = facts.n;
    return facts.failed ? -ENOMEM : 0;
}

/* Behind the others, with the moment at the end of the run and what came of both. */
static void add_moments(struct bench_facts *f, struct bench_facts *before)
{
    struct bench_steal start, end;
    const char *text = bench_facts_find(before->rows, before->n, "steal before, ticks");
    const bool known = text != NULL &&
                       sscanf(text, "%" SCNu64 " of %" SCNu64, &start.stolen, &start.all) == 2 &&
                       bench_environment_steal("", &end) && end.all > start.all;
    for (size_t i = 0; i < before->n; i++)
        bench_facts_add_varying(f, before->rows[i].name, "%s", before->rows[i].value);
    bench_environment_moment("", "after", f);
    if (known)
        bench_facts_add_varying(f, "steal", "%.2f %% of the machine's time during the run",
                                100 * (double)(end.stolen - start.stolen) /
                                    (double)(end.all - start.all));
    f->failed |= before->failed;
    bench_facts_fini(before);
}

int bench_sysinfo_collect(const struct bench_plan *plan, struct bench_run *run)
{
    struct bench_facts environment = {.n = 0}, chosen = {.n = 0};
    char instrument[512];
    struct bench_facts before = {.rows = run->environment, .n = run->nenvironment};
    bench_environment_machine("", &environment);
    bench_environment_limits(&environment);
    bench_environment_network("", plan, &environment);
    bench_environment_software(plan, &environment);
    bench_facts_add(&environment, "worker priority", "%s", bench_driver_priority());
    place_facts(&environment, plan);
    bench_facts_add_varying(&environment, BENCH_INSTRUMENT_FACT, "%s",
                            bench_instrument_text(instrument, sizeof(instrument)));
    add_moments(&environment, &before);
    plan_facts(&chosen, plan);
    run->environment = environment.rows;
    run->nenvironment = environment.n;
    run->plan = chosen.rows;
    run->nplan = chosen.n;
    bench_facts_hash(run->environment, run->nenvironment, run->environment_hash);
    return environment.failed || chosen.failed ? -ENOMEM : 0;
}

/* ---- a connection ---- */

void bench_sysinfo_nodelay(pid_t client, uint16_t dialled, pid_t server, uint16_t listening,
                           int *client_nodelay, int *server_nodelay)
{
    uint16_t local = 0;
    const struct bench_socket_search ours = {
        .pid = client, .descendants = client != getpid(), .peer_port = dialled};
    int rc = client > 0 ? bench_socket_peer_nodelay(&ours, &local) : -ESRCH;
    *client_nodelay = rc < 0 ? -1 : rc;
    /* Through a relay the server's peer is not our end: then any of its connections. */
    const struct bench_socket_search theirs = {.pid = server,
                                               .descendants = true,
                                               .local_port = listening,
                                               .peer_port = dialled == listening ? local : 0};
    rc = server > 0 ? bench_socket_peer_nodelay(&theirs, NULL) : -ESRCH;
    *server_nodelay = rc < 0 ? -1 : rc;
}
