/* SPDX-License-Identifier: MIT */
/* Facts of a machine made of files, and of this one. */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "bench/units.h"
#include "suite/environment.h"
#include "suite/sysinfo.h"
#include "tests/support/files.h"
#include "tests/support/server.h"

TestSuite(environment, .timeout = 60);

static char *folder;

static void put(const char *path, const char *text)
{
    char whole[512];
    (void)snprintf(whole, sizeof(whole), "%s%s", folder, path);
    for (char *slash = strchr(whole + strlen(folder) + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(whole, 0700);
        *slash = '/';
    }
    cr_assert_eq(support_write_file(whole, text, strlen(text)), 0, "%s", whole);
}

static void make_folder(void) { cr_assert_eq(support_tempdir_make(&folder, NULL), 0); }
static void remove_folder(void) { support_tempdir_remove(folder); }

static const char *value(const struct bench_facts *facts, const char *name)
{
    const char *found = bench_facts_find(facts->rows, facts->n, name);
    return found != NULL ? found : "(none)";
}

static void expect_unique(const struct bench_fact *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            cr_expect_str_neq(rows[i].name, rows[k].name);
}

/* ---- lists ---- */

Test(environment, values_are_clean_and_unknown_ones_left_out)
{
    struct bench_facts facts = {.n = 0};
    bench_facts_add(&facts, "empty", "%s", "");
    bench_facts_add(&facts, "blank", " \t\n");
    bench_facts_add(&facts, "tabs", "\t4096\t 131072\n6291456 \x1b[31m");
    cr_expect_eq(facts.n, 1);
    cr_expect_str_eq(value(&facts, "tabs"), "4096 131072 6291456 [31m");
    cr_expect_null(bench_facts_find(facts.rows, facts.n, "empty"));
    bench_facts_fini(&facts);
    cr_expect_eq(facts.n, 0);
}

Test(environment, the_hash_is_that_of_what_does_not_vary)
{
    struct bench_facts facts = {.n = 0};
    char hash[17], expected[17], other[17];
    static const char text[] = "cpu=X 1\nkernel=L=2\n";
    bench_facts_add(&facts, "cpu", "X 1");
    bench_facts_add_varying(&facts, "load", "0.1");
    bench_facts_add(&facts, "kernel", "L=2");
    bench_facts_hash(facts.rows, facts.n, hash);
    (void)snprintf(expected, sizeof(expected), "%016llx",
                   (unsigned long long)XXH3_64bits(text, sizeof(text) - 1));
    cr_expect_str_eq(hash, expected);
    bench_facts_add_varying(&facts, "steal", "3 %%");
    bench_facts_hash(facts.rows, facts.n, other);
    cr_expect_str_eq(hash, other);
    bench_facts_add(&facts, "kernel", "other");
    bench_facts_hash(facts.rows, facts.n, other);
    cr_expect_str_neq(hash, other);
    bench_facts_fini(&facts);
}

/* ---- a machine made of files ---- */

#define VULNERABILITY(name) "/sys/devices/system/cpu/vulnerabilities/" name

Test(environment, a_bare_machine, .init = make_folder, .fini = remove_folder)
{
    struct bench_facts facts = {.n = 0};
    put("/proc/cpuinfo", "processor : 0\nmodel name\t: Invented CPU @ 1GHz\nmicrocode\t: 0xf0\n"
                         "flags\t\t: fpu vme hypervisorless\n\nmodel name\t: another\n");
    put("/proc/meminfo", "MemTotal:        8388608 kB\n");
    put("/etc/os-release", "NAME=x\nPRETTY_NAME=\"Invented OS 3\"\n");
    put("/sys/devices/system/cpu/intel_pstate/no_turbo", "1\n");
    put("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    put(VULNERABILITY("b_two"), "Mitigation: something\n");
    put(VULNERABILITY("a_one"), "Mitigation: else\n");
    put(VULNERABILITY("c_three"), "Not affected\n");
    put(VULNERABILITY("d_four"), "Vulnerable: no microcode\n");
    put("/sys/class/dmi/id/sys_vendor", "Invented Inc.\n");
    put("/sys/class/dmi/id/product_name", "Model 5\n");
    put("/proc/cmdline", "quiet isolcpus=1\n");
    bench_environment_machine(folder, &facts);
    cr_expect_str_eq(value(&facts, "cpu"), "Invented CPU @ 1GHz");
    cr_expect_str_eq(value(&facts, "microcode"), "0xf0");
    cr_expect_str_eq(value(&facts, "memory"), "8.00 GiB");
    cr_expect_str_eq(value(&facts, "system"), "Invented OS 3");
    cr_expect_str_eq(value(&facts, "virtual machine"), "no virtual machine");
    cr_expect_str_eq(value(&facts, "hardware"), "Invented Inc. Model 5");
    cr_expect_str_eq(value(&facts, "container"), "(none)");
    cr_expect_str_eq(value(&facts, "turbo"), "off");
    cr_expect_str_eq(value(&facts, "transparent huge pages"), "madvise");
    cr_expect_str_eq(value(&facts, "mitigations"),
                     "on for a_one, b_two; vulnerable: d_four; 1 not affected");
    cr_expect_str_eq(value(&facts, "kernel command line"), "quiet isolcpus=1");
    expect_unique(facts.rows, facts.n);
    bench_facts_fini(&facts);
}

Test(environment, a_guest_in_a_container, .init = make_folder, .fini = remove_folder)
{
    struct bench_facts facts = {.n = 0};
    put("/proc/cpuinfo", "flags\t: fpu hypervisor lahf_lm\n");
    put("/sys/hypervisor/type", "xen\n");
    put("/sys/devices/system/cpu/cpufreq/boost", "1\n");
    put("/run/systemd/container", "podman\n");
    bench_environment_machine(folder, &facts);
    cr_expect_str_eq(value(&facts, "virtual machine"), "xen guest");
    cr_expect_str_eq(value(&facts, "container"), "podman");
    cr_expect_str_eq(value(&facts, "turbo"), "on");
    cr_expect_str_eq(value(&facts, "mitigations"), "(none)");
    bench_facts_fini(&facts);
}

Test(environment, steal_is_read_and_may_be_missing, .init = make_folder, .fini = remove_folder)
{
    struct bench_steal steal = {.all = 7};
    struct bench_facts facts = {.n = 0};
    put("/proc/stat", "cpu  100 5 50 800 10 1 2 32 0 0\ncpu0 1 2 3\n");
    put("/proc/loadavg", "0.50 0.40 0.30 2/94 26409\n");
    cr_assert(bench_environment_steal(folder, &steal));
    cr_expect_eq(steal.stolen, 32);
    cr_expect_eq(steal.all, 1000);
    bench_environment_moment(folder, "before", &facts);
    cr_expect_str_eq(value(&facts, "steal before, ticks"), "32 of 1000");
    cr_expect_str_eq(value(&facts, "load average before"), "0.50 0.40 0.30 2/94 26409");
    for (size_t i = 0; i < facts.n; i++)
        cr_expect(facts.rows[i].varies, "%s", facts.rows[i].name);
    bench_facts_fini(&facts);
    put("/proc/stat", "cpu  100 5 50\n");
    steal.all = 7;
    cr_expect_not(bench_environment_steal(folder, &steal));
    cr_expect_eq(steal.all, 7);
}

Test(environment, the_network_has_settings_and_the_interfaces_that_are_used, .init = make_folder,
     .fini = remove_folder)
{
    static struct bench_plan plan = {.ntargets = 0};
    struct bench_facts facts = {.n = 0};
    put("/proc/sys/net/ipv4/tcp_rmem", "4096\t131072\t6291456\n");
    put("/proc/sys/net/ipv4/tcp_congestion_control", "reno\n");
    bench_environment_network(folder, &plan, &facts);
    cr_expect_eq(facts.n, 2);
    cr_expect_str_eq(value(&facts, "tcp_rmem"), "4096 131072 6291456");
    cr_expect_str_eq(value(&facts, "congestion control"), "reno");
    plan.ntargets = 2; /* our server, and one at an address of the loopback: the same interface */
    plan.targets[1].is_url = true;
    (void)snprintf(plan.targets[1].address.host, sizeof(plan.targets[1].address.host), "127.0.0.1");
    plan.targets[1].address.port = 80;
    cr_assert_eq(bench_address_resolve(&plan.targets[1].address, NULL), 0);
    bench_environment_network(folder, &plan, &facts);
    cr_expect_eq(facts.n, 2 + 2 + 1);
    cr_expect(strncmp(value(&facts, "interface lo"), "MTU ", 4) == 0, "%s",
              value(&facts, "interface lo"));
    bench_facts_fini(&facts);
}

Test(environment, a_folder_without_anything)
{
    static const struct bench_plan plan = {.ntargets = 0};
    struct bench_facts facts = {.n = 0};
    bench_environment_machine("/no/such/folder", &facts);
    bench_environment_network("/no/such/folder", &plan, &facts);
    bench_environment_moment("/no/such/folder", "after", &facts);
    for (size_t i = 0; i < facts.n; i++)
        cr_expect(strcmp(facts.rows[i].name, "cores") == 0 ||
                      strncmp(facts.rows[i].name, "kernel", 6) == 0,
                  "%s", facts.rows[i].name);
    bench_facts_fini(&facts);
}

/* ---- this machine ---- */

Test(environment, a_run_gets_all_of_it)
{
    static const char *const wanted[] = {
        "cores",
        "kernel",
        "descriptors",
        "stack, bytes",
        "somaxconn",
        "tcp_rmem",
        "interface lo",
        "rpycbench",
        "build",
        "libraries",
        "placement",
        "load average before",
        "load average after",
        "kernel tick, Hz",
    };
    static struct bench_plan plan = {.ntargets = 1, .placements = {true}};
    struct bench_run *run = bench_run_new();
    char hash[17];
    cr_assert_not_null(run);
    cr_assert_eq(bench_sysinfo_begin(run), 0);
    cr_assert_eq(bench_sysinfo_collect(&plan, run), 0);
    expect_unique(run->environment, run->nenvironment);
    for (size_t i = 0; i < BENCH_COUNT_OF(wanted); i++)
        cr_expect_not_null(bench_facts_find(run->environment, run->nenvironment, wanted[i]), "%s",
                           wanted[i]);
    for (size_t i = 0; i < run->nenvironment; i++) {
        const struct bench_fact *fact = &run->environment[i];
        cr_expect_eq(fact->varies,
                     strncmp(fact->name, "load", 4) == 0 || strncmp(fact->name, "steal", 5) == 0 ||
                         strcmp(fact->name, "placement") == 0 ||
                         strcmp(fact->name, "instrument") == 0,
                     "%s", fact->name);
    }
    cr_expect_str_eq(bench_facts_find(run->environment, run->nenvironment, "placement"), "free");
    cr_expect_eq(strlen(run->environment_hash), 16);
    memcpy(hash, run->environment_hash, sizeof(hash));
    bench_run_free(run);
    run = bench_run_new();
    cr_assert_eq(bench_sysinfo_collect(&plan, run), 0);
    cr_expect_str_eq(run->environment_hash, hash, "the same machine, another moment");
    bench_run_free(run);
}

Test(environment, a_python_program_is_asked_how_it_was_built)
{
    const struct bench_server_row *row = bench_server_find("rpyc", "threaded", "python");
    const char *versions;
    cr_assert_not_null(row);
    if (bench_server_check(row, &versions, NULL) < 0)
        cr_skip_test("no Python environment: %s", versions);
    cr_expect(strstr(versions, "Python 3.") != NULL, "%s", versions);
    const char *build = bench_server_build(row);
    cr_expect(strstr(build, "GIL") != NULL, "%s", build);
    cr_expect(strstr(build, "switch interval ") != NULL, "%s", build);
    cr_expect(strstr(build, "hash seed 0") != NULL, "%s", build);
    cr_expect_str_eq(bench_server_build(bench_server_find("rpyc", "threaded", "native")), "");
}

/* ---- a connection ---- */

static int connect_to(uint16_t port, int nodelay)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, sizeof(nodelay)), 0);
    cr_assert_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

Test(environment, nodelay_of_both_ends)
{
    const struct support_server_spec spec = {.protocol = "tcp", .mode = "forking"};
    struct support_server server;
    struct bench_error err = {.msg = ""};
    int client, theirs, relayed;
    cr_assert_eq(support_server_start(&spec, &server, &err), 0, "%s", err.msg);
    bench_sysinfo_nodelay(getpid(), server.port, server.pid, server.port, &client, &theirs);
    cr_expect_eq(client, -1, "there is no connection yet");
    cr_expect_eq(theirs, -1);
    for (int nodelay = 0; nodelay <= 1; nodelay++) {
        int fd = connect_to(server.port, nodelay);
        do /* accepted a moment later */
            bench_sysinfo_nodelay(getpid(), server.port, server.pid, server.port, &client, &theirs);
        while (theirs < 0);
        cr_expect_eq(client, nodelay);
        bench_sysinfo_nodelay(getpid(), server.port + 1, server.pid, server.port, &client,
                              &relayed);
        cr_expect_eq(client, -1, "nobody dialled that");
        cr_expect_eq(relayed, theirs, "any connection of the server");
        bench_sysinfo_nodelay(getpid(), server.port, 0, server.port, &client, &relayed);
        cr_expect_eq(client, nodelay);
        cr_expect_eq(relayed, -1, "a server elsewhere");
        close(fd);
    }
    cr_expect_eq(support_server_stop(&server), 0);
}
