/* SPDX-License-Identifier: MIT */
/* Sets of cores, and real servers that are moved. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/proc.h"
#include "core/proc_internal.h"
#include "suite/placement.h"
#include "tests/support/program.h"
#include "tests/support/server.h"

TestSuite(placement, .timeout = 90);

static cpu_set_t usable_cores(void)
{
    cpu_set_t usable;
    cr_assert_eq(sched_getaffinity(0, sizeof(usable), &usable), 0);
    return usable;
}

static size_t first_of(const cpu_set_t *set)
{
    size_t core = 0;
    while (core < CPU_SETSIZE && !CPU_ISSET(core, set))
        core++;
    cr_assert_lt(core, (size_t)CPU_SETSIZE);
    return core;
}

static cpu_set_t only(size_t core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    return set;
}

/* ---- text ---- */

Test(placement, sets_as_text_and_back)
{
    static const struct {
        const char *text, *canonical;
    } rows[] = {
        {"0", "0"},     {"0-1", "0-1"},   {"0,2-3", "0,2-3"}, {"3,1,2", "1-3"},
        {"5-5,5", "5"}, {"1023", "1023"}, {"0,2,4", "0,2,4"}, {"1020-1023,0", "0,1020-1023"},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        char text[BENCH_CPUS_TEXT_SIZE];
        struct bench_error err = {.msg = ""};
        cpu_set_t set;
        CPU_ZERO(&set);
        cr_assert_eq(bench_cpus_add(rows[i].text, &set, &err), 0, "%s: %s", rows[i].text, err.msg);
        cr_expect_str_eq(bench_cpus_text(&set, text, sizeof(text)), rows[i].canonical);
    }
}

Test(placement, what_is_no_set_of_cores)
{
    static const char *const rows[] = {
        "",    ",",    "0,",     "a",   "-1",  "1-",    "1--2",
        "2-1", "1024", "0-1024", "0 1", "0x1", "1-2-3", "99999999999999999999"};
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        cpu_set_t set = only(7);
        struct bench_error err = {.msg = ""};
        cr_expect_eq(bench_cpus_add(rows[i], &set, &err), -EINVAL, "'%s'", rows[i]);
        cr_expect_neq(err.msg[0], '\0', "'%s'", rows[i]);
        cr_expect(CPU_COUNT(&set) == 1 && CPU_ISSET(7, &set), "'%s' changed the set", rows[i]);
    }
    char big[400];
    cpu_set_t set = only(0);
    memset(big, '1', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    cr_expect_eq(bench_cpus_add(big, &set, NULL), -EINVAL);
}

Test(placement, text_without_room_ends_with_a_whole_core)
{
    cpu_set_t set;
    char text[8];
    CPU_ZERO(&set);
    cr_expect_str_eq(bench_cpus_text(&set, text, 1), "");
    cr_assert_eq(bench_cpus_add("1,3,500,700", &set, NULL), 0);
    cr_expect_str_eq(bench_cpus_text(&set, text, 7), "1,3");
    cr_expect_str_eq(bench_cpus_text(&set, text, sizeof(text)), "1,3,500");
}

Test(placement, an_option_names_both_sides)
{
    cpu_set_t usable = usable_cores();
    size_t core = first_of(&usable);
    char text[64];
    struct bench_cpus cpus;
    struct bench_error err = {.msg = ""};
    (void)snprintf(text, sizeof(text), "client=%zu,server=%zu", core, core);
    cr_assert_eq(bench_cpus_parse(text, &cpus, &err), 0, "%s", err.msg);
    cr_expect(cpus.client_given && cpus.server_given);
    cr_expect(CPU_COUNT(&cpus.client) == 1 && CPU_ISSET(core, &cpus.client));
    cr_expect(CPU_EQUAL(&cpus.client, &cpus.server));
    (void)snprintf(text, sizeof(text), "server=%zu,%zu", core, core);
    cr_assert_eq(bench_cpus_parse(text, &cpus, &err), 0, "%s", err.msg);
    cr_expect_not(cpus.client_given);
    cr_expect(cpus.server_given && CPU_COUNT(&cpus.server) == 1);
}

Test(placement, an_option_that_is_wrong_says_why)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "is not client=LIST,server=LIST"},
        {"0-1", "is not client=LIST,server=LIST"},
        {"clients=0", "is not client=LIST,server=LIST"},
        {"client=", "''"},
        {"client=x", "'x'"},
        {"client=0,,server=0", "''"},
        {"server=1-0", "run backwards"},
        {"client=0,server=0-1023", "server: of those cores this process may use only some of "},
        {"client=1023", "client: of those cores this process may use only none of "},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        struct bench_cpus cpus = {.server_given = true};
        struct bench_error err = {.msg = ""};
        cr_expect_eq(bench_cpus_parse(rows[i].text, &cpus, &err), -EINVAL, "'%s'", rows[i].text);
        cr_expect(strstr(err.msg, rows[i].message) != NULL, "'%s': %s", rows[i].text, err.msg);
        cr_expect(cpus.server_given, "'%s' wrote its output", rows[i].text);
    }
}

/* ---- what a placement means here ---- */

Test(placement, each_name_gives_its_sets)
{
    const struct bench_cpus nothing = {.client_given = false};
    cpu_set_t usable = usable_cores();
    struct bench_cpus cpus;
    struct bench_error err = {.msg = ""};
    cr_assert_eq(bench_placement_resolve(BENCH_PLACEMENT_FREE, &nothing, &cpus, &err), 0);
    cr_expect(!cpus.client_given && !cpus.server_given);
    cr_expect(CPU_EQUAL(&cpus.client, &usable) && CPU_EQUAL(&cpus.server, &usable));
    cr_assert_eq(bench_placement_resolve(BENCH_PLACEMENT_SAME, &nothing, &cpus, &err), 0);
    cr_expect(cpus.client_given && cpus.server_given);
    cr_expect_eq(CPU_COUNT(&cpus.client), 1);
    cr_expect(CPU_EQUAL(&cpus.client, &cpus.server));
    int rc = bench_placement_resolve(BENCH_PLACEMENT_SPLIT, &nothing, &cpus, &err);
    if (CPU_COUNT(&usable) == 1) {
        cr_expect_eq(rc, -ENOTSUP);
        cr_expect_str_eq(err.msg,
                         "placement split leaves no core for the server: there is one core");
    } else {
        cpu_set_t both, all;
        cr_assert_eq(rc, 0, "%s", err.msg);
        CPU_AND(&both, &cpus.client, &cpus.server);
        CPU_OR(&all, &cpus.client, &cpus.server);
        cr_expect_eq(CPU_COUNT(&cpus.client), 1);
        cr_expect_eq(CPU_COUNT(&both), 0);
        cr_expect(CPU_EQUAL(&all, &usable));
    }
}

Test(placement, what_is_given_wins_and_the_other_side_follows)
{
    cpu_set_t usable = usable_cores();
    struct bench_cpus given = {.client_given = true, .client = only(first_of(&usable))}, cpus;
    cr_assert_eq(bench_placement_resolve(BENCH_PLACEMENT_SAME, &given, &cpus, NULL), 0);
    cr_expect(CPU_EQUAL(&cpus.server, &given.client));
    cr_assert_eq(bench_placement_resolve(BENCH_PLACEMENT_FREE, &given, &cpus, NULL), 0);
    cr_expect(cpus.client_given && CPU_EQUAL(&cpus.client, &given.client));
    cr_expect(!cpus.server_given && CPU_EQUAL(&cpus.server, &usable));
    if (CPU_COUNT(&usable) > 1) {
        cr_assert_eq(bench_placement_resolve(BENCH_PLACEMENT_SPLIT, &given, &cpus, NULL), 0);
        cr_expect(CPU_EQUAL(&cpus.client, &given.client));
        cr_expect_not(CPU_ISSET(first_of(&given.client), &cpus.server));
    }
    given = (struct bench_cpus){.server_given = true, .server = only(first_of(&usable))};
    cr_assert_eq(bench_placement_resolve(BENCH_PLACEMENT_SAME, &given, &cpus, NULL), 0);
    cr_expect(CPU_EQUAL(&cpus.client, &given.server));
    given = (struct bench_cpus){.client_given = true, .client = usable};
    struct bench_error err = {.msg = ""};
    cr_expect_eq(bench_placement_resolve(BENCH_PLACEMENT_SPLIT, &given, &cpus, &err), -ENOTSUP);
    cr_expect(strstr(err.msg, "leaves no core for the server") != NULL, "%s", err.msg);
}

/* ---- real processes ---- */

/* Threads of the tree that may run elsewhere, and *threads how many there are. */
static int strays(pid_t root, const cpu_set_t *cpus, int *threads)
{
    struct bench_proc_table table;
    int elsewhere = 0;
    *threads = 0;
    cr_assert_eq(bench_proc_table_read(&table), 0);
    cr_assert(bench_proc_table_mark(&table, root));
    for (size_t i = 0; i < table.count; i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)table.entries[i].pid);
        DIR *tasks = table.entries[i].in_tree ? opendir(path) : NULL;
        const struct dirent *name;
        while (tasks != NULL && (name = readdir(tasks)) != NULL) {
            cpu_set_t now;
            pid_t tid = (pid_t)strtol(name->d_name, NULL, 10);
            if (tid <= 0 || sched_getaffinity(tid, sizeof(now), &now) < 0)
                continue;
            (*threads)++;
            elsewhere += !CPU_EQUAL(&now, cpus);
        }
        if (tasks != NULL)
            (void)closedir(tasks);
    }
    bench_proc_table_fini(&table);
    return elsewhere;
}

/* Connected, and served: the floor echoes what it reads. */
static int open_connection(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

enum { CONNECTIONS = 6 };

/* Until each connection has its thread or process: the kernel accepts before the server does. */
static void await_threads(pid_t pid, int wanted)
{
    const struct timespec pause = {.tv_nsec = BENCH_NS_PER_MS};
    cpu_set_t any = only(0);
    for (int threads = 0; threads < wanted; (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL))
        (void)strays(pid, &any, &threads);
}

static void move_a_server(const char *mode)
{
    const struct support_server_spec spec = {.protocol = "tcp", .mode = mode, .clients = 32};
    struct support_server server;
    struct bench_error err = {.msg = ""};
    cpu_set_t usable = usable_cores();
    cpu_set_t core = only(first_of(&usable));
    int fds[2 * CONNECTIONS], threads;
    cr_assert_eq(support_server_start(&spec, &server, &err), 0, "%s", err.msg);
    for (int i = 0; i < CONNECTIONS; i++)
        fds[i] = open_connection(server.port);
    await_threads(server.pid, 1 + CONNECTIONS);
    cr_expect_eq(strays(server.pid, &usable, &threads), 0, "%s: it starts where we may be", mode);
    cr_expect_eq(bench_placement_apply(server.pid, &core), 1 + CONNECTIONS);
    cr_expect_eq(strays(server.pid, &core, &threads), 0);
    cr_expect_eq(threads, 1 + CONNECTIONS);
    for (int i = CONNECTIONS; i < 2 * CONNECTIONS; i++)
        fds[i] = open_connection(server.port);
    await_threads(server.pid, 1 + 2 * CONNECTIONS);
    cr_expect_eq(strays(server.pid, &core, &threads), 0, "%s: what it starts later is there too",
                 mode);
    cr_expect_eq(bench_placement_apply(server.pid, &usable), 1 + 2 * CONNECTIONS);
    cr_expect_eq(strays(server.pid, &usable, &threads), 0, "and back again");
    for (int i = 0; i < 2 * CONNECTIONS; i++)
        close(fds[i]);
    cr_expect_eq(support_server_stop(&server), 0);
}

Test(placement, all_threads_of_a_server_move) { move_a_server("threaded"); }

Test(placement, all_children_of_a_server_move) { move_a_server("forking"); }

Test(placement, a_tree_that_grows_meanwhile_moves_as_a_whole)
{
    /* Shells that start shells, as fast as they can. */
    static const char *const argv[] = {
        "sh", "-c",
        "for i in 1 2 3 4 5; do (for k in 1 2 3 4 5; do sleep 1000 & done; wait) & done; wait",
        NULL};
    struct bench_proc_spec spec = {.argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};
    cpu_set_t usable = usable_cores();
    cpu_set_t core = only(first_of(&usable));
    int threads;
    pid_t pid;
    support_use_helper();
    cr_assert_eq(bench_proc_become_subreaper(), 0);
    cr_assert_eq(bench_proc_spawn(&spec, &pid, NULL), 0);
    int moved = bench_placement_apply(pid, &core);
    cr_expect_geq(moved, 1);
    await_threads(pid, 1 + 5 + 25);
    cr_expect_eq(strays(pid, &core, &threads), 0);
    cr_expect_eq(bench_proc_stop(pid, 0, NULL), 0);
}

Test(placement, a_program_starts_where_it_is_told_to)
{
    static const char *const argv[] = {"grep", "Cpus_allowed_list", "/proc/self/status", NULL};
    cpu_set_t usable = usable_cores();
    cpu_set_t core = only(first_of(&usable)), none, missing = only(CPU_SETSIZE - 1);
    struct bench_proc_spec spec = {
        .argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1, .cpus = &core};
    struct bench_error err = {.msg = ""};
    char *output, expected[64];
    int status;
    pid_t pid;
    support_use_helper();
    cr_assert_eq(bench_proc_capture(&spec, 30 * BENCH_NS_PER_S, 100, &output, &status, &err), 0,
                 "%s", err.msg);
    (void)snprintf(expected, sizeof(expected), "Cpus_allowed_list:\t%zu\n", first_of(&usable));
    cr_expect_str_eq(output, expected);
    free(output);
    cpu_set_t ours = usable_cores();
    cr_expect(CPU_EQUAL(&ours, &usable), "we stay where we are");
    CPU_ZERO(&none);
    spec.cpus = &none;
    cr_expect_eq(bench_proc_spawn(&spec, &pid, &err), -EINVAL);
    cr_expect_str_eq(err.msg, "no core for grep");
    spec.cpus = &missing;
    cr_assert_eq(bench_proc_capture(&spec, 30 * BENCH_NS_PER_S, 200, &output, &status, &err), 0);
    cr_expect_str_eq(bench_proc_status_text(status), "exit status 126");
    cr_expect(strstr(output, "cores 1023: ") != NULL, "%s", output);
    free(output);
}

Test(placement, what_cannot_be_moved_says_why)
{
    cpu_set_t usable = usable_cores(), none;
    CPU_ZERO(&none);
    pid_t gone = fork();
    if (gone == 0)
        _exit(0);
    cr_expect_eq(bench_proc_wait(gone, 30 * BENCH_NS_PER_S, &(int){0}), 0);
    cr_expect_eq(bench_placement_apply(gone, &usable), -ESRCH);
    cr_expect_eq(bench_placement_apply(getpid(), &none), -EINVAL);
    cr_expect_geq(bench_placement_apply(getpid(), &usable), 1);
}
