/* SPDX-License-Identifier: MIT */
#include "suite/sysinfo.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench/buf.h"
#include "bench/units.h"
#include "suite/driver.h"

struct facts {
    struct bench_fact *rows;
    size_t n;
    bool failed;
};

static void add(struct facts *f, const char *name, const char *format, ...) BENCH_PRINTF(3, 4);

static void add(struct facts *f, const char *name, const char *format, ...)
{
    char value[1100];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(value, sizeof(value), format, args);
    va_end(args);
    if (value[0] == '\0')
        return; /* not known here */
    struct bench_fact *grown = realloc(f->rows, (f->n + 1) * sizeof(*grown));
    if (grown == NULL) {
        f->failed = true;
        return;
    }
    f->rows = grown;
    grown[f->n] = (struct bench_fact){.name = strdup(name), .value = strdup(value)};
    f->failed |= grown[f->n].name == NULL || grown[f->n].value == NULL;
    f->n++;
}

/* First line of a small file, without its end; "" if there is none. */
static void first_line(const char *path, char *out, size_t size)
{
    out[0] = '\0';
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    if (fgets(out, (int)size, file) == NULL)
        out[0] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    (void)fclose(file);
}

/* The value behind "KEY :" in /proc/cpuinfo or /proc/meminfo. */
static void value_in(const char *path, const char *key, char *out, size_t size)
{
    char line[512];
    out[0] = '\0';
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, key, strlen(key)) != 0)
            continue;
        char *value = strchr(line, ':');
        if (value == NULL)
            continue;
        value += 1 + strspn(value + 1, " \t");
        value[strcspn(value, "\r\n")] = '\0';
        (void)snprintf(out, size, "%s", value);
        break;
    }
    if (file != NULL)
        (void)fclose(file);
}

static void machine_facts(struct facts *f)
{
    char text[256];
    struct utsname u;
    value_in("/proc/cpuinfo", "model name", text, sizeof(text));
    add(f, "cpu", "%s", text);
    cpu_set_t set;
    int usable = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 0;
    add(f, "cores", "%ld, %d usable", sysconf(_SC_NPROCESSORS_ONLN), usable);
    value_in("/proc/meminfo", "MemTotal", text, sizeof(text));
    add(f, "memory", "%s", bench_format_size(strtod(text, NULL) * 1024).s);
    if (uname(&u) == 0)
        add(f, "kernel", "%s %s", u.sysname, u.release);
    FILE *release = fopen("/etc/os-release", "re");
    while (release != NULL && fgets(text, sizeof(text), release) != NULL)
        if (strncmp(text, "PRETTY_NAME=", 12) == 0)
            add(f, "system", "%.*s", (int)strcspn(text + 13, "\"\n"), text + 13);
    if (release != NULL)
        (void)fclose(release);
    static const struct {
        const char *name, *path;
    } files[] = {
        {"clock source", "/sys/devices/system/clocksource/clocksource0/current_clocksource"},
        {"frequency governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"},
        {"idle driver", "/sys/devices/system/cpu/cpuidle/current_driver"},
        {"congestion control", "/proc/sys/net/ipv4/tcp_congestion_control"},
        {"somaxconn", "/proc/sys/net/core/somaxconn"},
        {"load average", "/proc/loadavg"},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(files); i++) {
        first_line(files[i].path, text, sizeof(text));
        add(f, files[i].name, "%s", text);
    }
}

static void software_facts(struct facts *f, const struct bench_plan *plan)
{
    const char *why;
    add(f, "rpycbench", "%s", RPYCBENCH_VERSION);
    add(f, "build", "%s%s%s", RPYCBENCH_BUILD_TYPE, RPYCBENCH_SANITIZERS[0] != '\0' ? ", " : "",
        RPYCBENCH_SANITIZERS);
    if (bench_sysinfo_unfit_build(&why))
        add(f, "warning", "%s: these times are no measurement", why);
    add(f, "compiler", "%s", __VERSION__);
    for (size_t t = 0; t < plan->ntargets; t++) {
        const struct bench_server_row *row = plan->targets[t].server;
        bool seen = row == NULL || row->program == NULL;
        for (size_t k = 0; k < t && !seen; k++)
            seen = plan->targets[k].server != NULL && plan->targets[k].server->program != NULL &&
                   strcmp(plan->targets[k].server->program, row->program) == 0;
        const char *versions;
        if (!seen && bench_server_check(row, &versions, NULL) == 0)
            add(f, row->program, "%s", versions);
    }
    const char *python = bench_python_path();
    if (python != NULL)
        add(f, "python interpreter", "%s", python);
    add(f, "worker priority", "%s", bench_driver_priority());
    add(f, "placement", "free");
}

static void add_list(struct facts *f, const char *name, const struct bench_list *list,
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
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i > 0 ? "," : "",
                                 value.s);
    }
    add(f, name, "%s", text);
}

static void plan_facts(struct facts *f, const struct bench_plan *plan)
{
    if (plan->command[0] != '\0')
        add(f, "command", "%s", plan->command);
    add(f, "quick", "%s", plan->quick ? "yes" : "no");
    static const struct bench_option table[] = {
#define X(member, opt, opt_type, normal, quick_text, low, high, text)                              \
    {.name = (opt),                                                                                \
     .type = BENCH_OPTION_##opt_type,                                                              \
     .offset = offsetof(struct bench_plan, member),                                                \
     .help = (text)},
        BENCH_PLAN_NUMBERS(X)
#undef X
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(table); i++) {
        struct bench_buf value;
        bench_buf_init(&value, 128);
        if (bench_options_print(&table[i], plan, &value) == 0 && bench_buf_add(&value, "", 1) == 0)
            add(f, table[i].name, "%s", (const char *)bench_buf_head(&value));
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
    add(f, "style", "%s", chosen);
    add(f, "payload", "%s", bench_payload_names[plan->payload]);
    for (size_t i = 0; i < plan->noperations; i++)
        add(f, "operation", "%s", bench_operation_get(plan->operations[i])->name);
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

int bench_sysinfo_collect(const struct bench_plan *plan, struct bench_run *run)
{
    struct facts environment = {.n = 0}, chosen = {.n = 0};
    machine_facts(&environment);
    software_facts(&environment, plan);
    plan_facts(&chosen, plan);
    run->environment = environment.rows;
    run->nenvironment = environment.n;
    run->plan = chosen.rows;
    run->nplan = chosen.n;
    return environment.failed || chosen.failed ? -ENOMEM : 0;
}
