/* SPDX-License-Identifier: MIT */
#include "suite/environment.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "bench/units.h"
#include "core/cpus.h"

static FILE *open_file(const char *root, const char *path)
{
    char whole[PATH_MAX];
    if ((size_t)snprintf(whole, sizeof(whole), "%s%s", root, path) >= sizeof(whole))
        return NULL;
    return fopen(whole, "re");
}

char *bench_environment_line(const char *root, const char *path, char *out, size_t size)
{
    out[0] = '\0';
    FILE *file = open_file(root, path);
    if (file == NULL)
        return out;
    if (fgets(out, (int)size, file) == NULL)
        out[0] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    (void)fclose(file);
    return out;
}

/* The value behind "KEY :" in /proc/cpuinfo or /proc/meminfo; longer lines are cut. */
static char *value_in(const char *root, const char *path, const char *key, char *out, size_t size)
{
    char line[8192];
    out[0] = '\0';
    FILE *file = open_file(root, path);
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        char *value = strchr(line, ':');
        if (strncmp(line, key, strlen(key)) != 0 || value == NULL)
            continue;
        value += 1 + strspn(value + 1, " \t");
        value[strcspn(value, "\r\n")] = '\0';
        (void)snprintf(out, size, "%s", value);
        break;
    }
    if (file != NULL)
        (void)fclose(file);
    return out;
}

/* ---- files that hold a fact ---- */

static const struct {
    const char *name, *path;
} one_line[] = {
    {"online cores", "/sys/devices/system/cpu/online"},
    {"isolated cores", "/sys/devices/system/cpu/isolated"},
    {"simultaneous multithreading", "/sys/devices/system/cpu/smt/control"},
    {"siblings of core 0", "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list"},
    {"numa nodes", "/sys/devices/system/node/online"},
    {"clock source", "/sys/devices/system/clocksource/clocksource0/current_clocksource"},
    {"frequency driver", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver"},
    {"frequency governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"},
    {"highest frequency, kHz", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq"},
    {"idle driver", "/sys/devices/system/cpu/cpuidle/current_driver"},
    {"idle governor", "/sys/devices/system/cpu/cpuidle/current_governor"},
    {"kernel command line", "/proc/cmdline"},
    {"address randomisation", "/proc/sys/kernel/randomize_va_space"},
    {"realtime budget, us", "/proc/sys/kernel/sched_rt_runtime_us"},
    {"scheduler autogroups", "/proc/sys/kernel/sched_autogroup_enabled"},
    {"numa balancing", "/proc/sys/kernel/numa_balancing"},
    {"overcommit", "/proc/sys/vm/overcommit_memory"},
    {"swappiness", "/proc/sys/vm/swappiness"},
};

/* The chosen one of "always [madvise] never". */
static void add_choice(const char *root, const char *name, const char *path,
                       struct bench_facts *facts)
{
    char text[256];
    const char *open = strchr(bench_environment_line(root, path, text, sizeof(text)), '[');
    if (open != NULL)
        bench_facts_add(facts, name, "%.*s", (int)strcspn(open + 1, "]"), open + 1);
}

/* Both drivers say it the other way round. */
static void add_turbo(const char *root, struct bench_facts *facts)
{
    char text[16];
    bench_environment_line(root, "/sys/devices/system/cpu/intel_pstate/no_turbo", text,
                           sizeof(text));
    if (text[0] != '\0') {
        bench_facts_add(facts, "turbo", "%s", text[0] == '0' ? "on" : "off");
        return;
    }
    bench_environment_line(root, "/sys/devices/system/cpu/cpufreq/boost", text, sizeof(text));
    if (text[0] != '\0')
        bench_facts_add(facts, "turbo", "%s", text[0] == '0' ? "off" : "on");
}

static int is_visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static void append(char *list, size_t size, const char *word)
{
    const size_t used = strlen(list);
    (void)snprintf(list + used, size - used, "%s%s", used > 0 ? ", " : "", word);
}

/* What slows system calls down, and what is left open. */
static void add_mitigations(const char *root, struct bench_facts *facts)
{
    static const char folder[] = "/sys/devices/system/cpu/vulnerabilities";
    char path[PATH_MAX], text[256], mitigated[512] = "", vulnerable[512] = "";
    struct dirent **names;
    (void)snprintf(path, sizeof(path), "%s%s", root, folder);
    const int count = scandir(path, &names, is_visible, alphasort);
    int unaffected = 0;
    for (int i = 0; i < count; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
        bench_environment_line(root, path, text, sizeof(text));
        if (strncmp(text, "Mitigation", 10) == 0)
            append(mitigated, sizeof(mitigated), names[i]->d_name);
        else if (strncmp(text, "Not affected", 12) == 0)
            unaffected++;
        else if (text[0] != '\0')
            append(vulnerable, sizeof(vulnerable), names[i]->d_name);
        free(names[i]);
    }
    if (count < 0)
        return;
    free(names);
    bench_facts_add(facts, "mitigations", "%s%s%s%s%s%s%d not affected",
                    mitigated[0] != '\0' ? "on for " : "", mitigated,
                    mitigated[0] != '\0' ? "; " : "", vulnerable[0] != '\0' ? "vulnerable: " : "",
                    vulnerable, vulnerable[0] != '\0' ? "; " : "", unaffected);
}

/* ---- virtualization ---- */

/* What the hypervisor calls itself; "" if it does not say. */
static void hypervisor_name(char *out, size_t size)
{
    static const struct {
        const char *signature, *name;
    } known[] = {
        {"KVMKVMKVM", "KVM"},          {"Microsoft Hv", "Hyper-V"}, {"VMwareVMware", "VMware"},
        {"XenVMMXenVMM", "Xen"},       {"TCGTCGTCGTCG", "QEMU"},    {"bhyve bhyve ", "bhyve"},
        {"prl hyperv  ", "Parallels"},
    };
    char signature[13] = "";
#if defined(__x86_64__) || defined(__i386__)
    unsigned a, words[3];
    __cpuid(0x40000000, a, words[0], words[1], words[2]);
    memcpy(signature, words, sizeof(words));
    signature[sizeof(words)] = '\0';
    for (char *at = signature; *at != '\0'; at++)
        if (*at < ' ' || *at > '~')
            *at = '\0';
#endif
    (void)snprintf(out, size, "%s", signature);
    for (size_t i = 0; i < BENCH_COUNT_OF(known); i++)
        if (strcmp(known[i].signature, signature) == 0)
            (void)snprintf(out, size, "%s", known[i].name);
}

static bool has_word(const char *words, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = words; (at = strstr(at, word)) != NULL; at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

static void add_virtualization(const char *root, struct bench_facts *facts)
{
    char flags[8192], type[64], vendor[64], product[64], container[64];
    value_in(root, "/proc/cpuinfo", "flags", flags, sizeof(flags));
    bench_environment_line(root, "/sys/hypervisor/type", type, sizeof(type));
    bench_environment_line(root, "/sys/class/dmi/id/sys_vendor", vendor, sizeof(vendor));
    bench_environment_line(root, "/sys/class/dmi/id/product_name", product, sizeof(product));
    bench_environment_line(root, "/run/systemd/container", container, sizeof(container));
    const bool virtual = has_word(flags, "hypervisor") || type[0] != '\0';
    if (virtual && type[0] == '\0')
        hypervisor_name(type, sizeof(type));
    if (virtual)
        bench_facts_add(facts, "virtual machine", "%s%sguest", type, type[0] != '\0' ? " " : "");
    else if (flags[0] != '\0')
        bench_facts_add(facts, "virtual machine", "no virtual machine");
    bench_facts_add(facts, "hardware", "%s %s", vendor, product);
    static const char *const marks[] = {"/.dockerenv", "/run/.containerenv"};
    for (size_t i = 0; i < BENCH_COUNT_OF(marks) && container[0] == '\0'; i++) {
        char path[PATH_MAX];
        (void)snprintf(path, sizeof(path), "%s%s", root, marks[i]);
        if (access(path, F_OK) == 0)
            (void)snprintf(container, sizeof(container), "yes");
    }
    bench_facts_add(facts, "container", "%s", container);
}

/* ---- the machine ---- */

static void add_cores(struct bench_facts *facts)
{
    char text[BENCH_CPUS_TEXT_SIZE] = "";
    cpu_set_t set;
    int usable = 0;
    if (sched_getaffinity(0, sizeof(set), &set) == 0) {
        usable = CPU_COUNT(&set);
        bench_cpus_text(&set, text, sizeof(text));
    }
    bench_facts_add(facts, "cores", "%ld, %d usable (%s)", sysconf(_SC_NPROCESSORS_ONLN), usable,
                    text);
}

static void add_system(const char *root, struct bench_facts *facts)
{
    char line[256];
    struct utsname u;
    if (uname(&u) == 0) {
        bench_facts_add(facts, "kernel", "%s %s", u.sysname, u.release);
        bench_facts_add(facts, "kernel build", "%s %s", u.version, u.machine);
    }
    FILE *release = open_file(root, "/etc/os-release");
    while (release != NULL && fgets(line, sizeof(line), release) != NULL)
        if (strncmp(line, "PRETTY_NAME=", 12) == 0)
            bench_facts_add(facts, "system", "%.*s", (int)strcspn(line + 13, "\"\n"), line + 13);
    if (release != NULL)
        (void)fclose(release);
}

void bench_environment_machine(const char *root, struct bench_facts *facts)
{
    char text[4200];
    bench_facts_add(facts, "cpu", "%s",
                    value_in(root, "/proc/cpuinfo", "model name", text, sizeof(text)));
    add_cores(facts);
    value_in(root, "/proc/meminfo", "MemTotal", text, sizeof(text));
    if (text[0] != '\0')
        bench_facts_add(facts, "memory", "%s", bench_format_size(strtod(text, NULL) * 1024).s);
    add_system(root, facts);
    add_virtualization(root, facts);
    bench_facts_add(facts, "microcode", "%s",
                    value_in(root, "/proc/cpuinfo", "microcode", text, sizeof(text)));
    add_turbo(root, facts);
    add_mitigations(root, facts);
    for (size_t i = 0; i < BENCH_COUNT_OF(one_line); i++)
        bench_facts_add(facts, one_line[i].name, "%s",
                        bench_environment_line(root, one_line[i].path, text, sizeof(text)));
    add_choice(root, "transparent huge pages", "/sys/kernel/mm/transparent_hugepage/enabled",
               facts);
}

/* ---- limits ---- */

static void add_limit(const char *name, __rlimit_resource_t which, struct bench_facts *facts)
{
    struct rlimit limit;
    char words[2][24];
    if (getrlimit(which, &limit) < 0)
        return;
    const rlim_t values[] = {limit.rlim_cur, limit.rlim_max};
    for (size_t i = 0; i < 2; i++)
        if (values[i] == RLIM_INFINITY)
            (void)snprintf(words[i], sizeof(words[i]), "unlimited");
        else
            (void)snprintf(words[i], sizeof(words[i]), "%ju", (uintmax_t)values[i]);
    bench_facts_add(facts, name, "%s, at most %s", words[0], words[1]);
}

void bench_environment_limits(struct bench_facts *facts)
{
    struct timespec tick;
    /* The coarse clock moves with the timer interrupt, and its resolution says so. */
    if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) == 0 && tick.tv_sec == 0 && tick.tv_nsec > 0)
        bench_facts_add(facts, "kernel tick, Hz", "%ld", 1000000000 / tick.tv_nsec);
    add_limit("descriptors", RLIMIT_NOFILE, facts);
    add_limit("stack, bytes", RLIMIT_STACK, facts);
    add_limit("processes", RLIMIT_NPROC, facts);
    add_limit("locked memory, bytes", RLIMIT_MEMLOCK, facts);
}

/* ---- what varies ---- */

bool bench_environment_steal(const char *root, struct bench_steal *out)
{
    char line[256];
    uint64_t ticks[8]; /* user nice system idle iowait irq softirq steal; guest is in user */
    if (sscanf(bench_environment_line(root, "/proc/stat", line, sizeof(line)),
               "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
               " %" SCNu64 " %" SCNu64,
               &ticks[0], &ticks[1], &ticks[2], &ticks[3], &ticks[4], &ticks[5], &ticks[6],
               &ticks[7]) != 8)
        return false;
    *out = (struct bench_steal){.stolen = ticks[7]};
    for (size_t i = 0; i < BENCH_COUNT_OF(ticks); i++)
        out->all += ticks[i];
    return true;
}

void bench_environment_moment(const char *root, const char *when, struct bench_facts *facts)
{
    char name[64], text[128];
    struct bench_steal steal;
    (void)snprintf(name, sizeof(name), "load average %s", when);
    bench_facts_add_varying(facts, name, "%s",
                            bench_environment_line(root, "/proc/loadavg", text, sizeof(text)));
    if (!bench_environment_steal(root, &steal))
        return;
    (void)snprintf(name, sizeof(name), "steal %s, ticks", when);
    bench_facts_add_varying(facts, name, "%" PRIu64 " of %" PRIu64, steal.stolen, steal.all);
}
