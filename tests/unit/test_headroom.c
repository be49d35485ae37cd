/* SPDX-License-Identifier: MIT */
/* What fits on a machine: on imagined ones, on one made of files, and on this one. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "bench/units.h"
#include "suite/headroom.h"
#include "tests/support/files.h"

TestSuite(headroom, .timeout = 30);

#define GIB 1073741824.0

static const struct bench_protocol one = {.name = "one"};
static const struct bench_protocol three = {.name = "three", .conn_descriptors = 3};
static const struct bench_server_row threads = {
    .server = "t", .per_connection = BENCH_SERVER_THREAD, .pss_kib = 20};
static const struct bench_server_row processes = {
    .server = "p", .per_connection = BENCH_SERVER_PROCESS, .pss_kib = 2150};

/* ---- needs ---- */

Test(headroom, needs_grow_with_what_a_server_starts)
{
    struct bench_headroom_need light, heavy, away;
    bench_headroom_need(&one, &threads, 1000, 0, &light);
    bench_headroom_need(&one, &processes, 1000, 0, &heavy);
    bench_headroom_need(&one, NULL, 1000, 0, &away);
    cr_expect_eq(light.clients, 1000);
    /* each: 20 of the server, 32 of the kernel, 70 of the client; 2150, 128 and 70; 70 */
    cr_expect_float_eq(light.memory_bytes, 1000 * 122 * 1024.0, 1);
    cr_expect_float_eq(heavy.memory_bytes, 1000 * 2348 * 1024.0, 1);
    cr_expect_float_eq(away.memory_bytes, 1000 * 70 * 1024.0, 1);
    cr_expect_eq(light.tasks, 1064);
    cr_expect_eq(away.tasks, 64, "threads of a server elsewhere are not ours");
    cr_expect_eq(away.server_descriptors, 0);
}

Test(headroom, descriptors_are_those_of_the_fullest_process)
{
    struct bench_headroom_need need;
    bench_headroom_need(&one, &threads, 10000, 0, &need);
    cr_expect_eq(need.client_descriptors, 10064);
    cr_expect_eq(need.server_descriptors, 10064);
    bench_headroom_need(&three, &threads, 10000, 0, &need);
    cr_expect_eq(need.client_descriptors, 30064);
    cr_expect_eq(need.server_descriptors, 10064);
    bench_headroom_need(&three, &threads, 10, 4, &need);
    cr_expect_eq(need.client_descriptors, 2 * 3 + 64, "10 over 4 processes: 3 in the fullest");
    cr_expect_eq(need.tasks, 64 + 10 + 10 + 4);
    bench_headroom_need(&one, &threads, 2, 16, &need);
    cr_expect_eq(need.tasks, 64 + 2 + 2 + 2, "no more processes than connections");
}

/* ---- judgement ---- */

static const struct bench_headroom ample = {64 * GIB, 1000000, 1000000};

static void expect(const struct bench_headroom *have, const struct bench_headroom_need *need,
                   int rc, const char *message)
{
    struct bench_error err = {.msg = ""};
    cr_expect_eq(bench_headroom_judge(have, need, &err), rc, "%s", err.msg);
    cr_expect_str_eq(err.msg, message);
}

Test(headroom, what_is_too_much_is_said_with_both_figures)
{
    struct bench_headroom_need need;
    struct bench_headroom have = ample;
    bench_headroom_need(&one, &processes, 5000, 0, &need);
    expect(&have, &need, 0, "");
    have.memory_bytes = 8 * GIB;
    expect(&have, &need, -ENOMEM,
           "5000 connections need about 11.2 GiB of memory, 6.40 GiB are free (less a reserve of "
           "20 %)");
    have = ample;
    have.descriptors = 4096;
    expect(&have, &need, -EMFILE,
           "5000 connections: the client needs 5064 descriptors, the limit is 4096");
    have.tasks = 100;
    bench_headroom_need(&one, &threads, 1000, 0, &need);
    expect(&have, &need, -EAGAIN,
           "1000 connections need 1064 threads and processes, 100 more may be started");
    bench_headroom_need(&one, &threads, 5000, 1000, &need);
    expect(&have, &need, -EMFILE,
           "5000 connections: the server needs 5064 descriptors, the limit is 4096");
}

Test(headroom, limits_are_inclusive_and_may_be_unknown)
{
    struct bench_headroom_need need;
    bench_headroom_need(&one, &threads, 100, 0, &need);
    struct bench_headroom have = {.memory_bytes = need.memory_bytes / 0.8 + 1,
                                  .descriptors = need.client_descriptors,
                                  .tasks = need.tasks};
    expect(&have, &need, 0, "");
    have.memory_bytes -= 1024;
    cr_expect_eq(bench_headroom_judge(&have, &need, NULL), -ENOMEM);
    have = (struct bench_headroom){INFINITY, UINT64_MAX, UINT64_MAX};
    expect(&have, &need, 0, "");
}

/* ---- machines made of files ---- */

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

static void make_folder(void)
{
    cr_assert_eq(support_tempdir_make(&folder, NULL), 0);
    put("/proc/meminfo", "MemTotal: 8388608 kB\nMemFree: 1 kB\nMemAvailable:   4194304 kB\n");
    put("/proc/loadavg", "1.59 1.04 0.89 2/300 26409\n");
    put("/proc/sys/kernel/threads-max", "10000\n");
    put("/proc/sys/kernel/pid_max", "4000\n");
}

static void remove_folder(void) { support_tempdir_remove(folder); }

Test(headroom, the_machine_alone, .init = make_folder, .fini = remove_folder)
{
    struct bench_headroom have;
    bench_headroom_read(folder, &have);
    cr_expect_float_eq(have.memory_bytes, 4 * GIB, 1);
    cr_expect_leq(have.tasks, 4000 - 300);
}

Test(headroom, groups_of_the_second_version, .init = make_folder, .fini = remove_folder)
{
    struct bench_headroom have;
    put("/proc/self/cgroup", "0::/a/b\n");
    put("/sys/fs/cgroup/a/b/memory.max", "max\n");
    put("/sys/fs/cgroup/a/memory.max", "2147483648\n");
    put("/sys/fs/cgroup/a/memory.current", "1610612736\n");
    put("/sys/fs/cgroup/a/memory.stat", "anon 5\ninactive_file 536870912\n");
    put("/sys/fs/cgroup/a/b/pids.max", "200\n");
    put("/sys/fs/cgroup/a/b/pids.current", "150\n");
    bench_headroom_read(folder, &have);
    cr_expect_float_eq(have.memory_bytes, 1 * GIB, 1,
                       "its parent's limit, files' pages counted out");
    cr_expect_eq(have.tasks, 50);
}

Test(headroom, groups_of_the_first_version, .init = make_folder, .fini = remove_folder)
{
    struct bench_headroom have;
    put("/proc/self/cgroup", "9:pids:/\n4:memory:/host/path\n0::/\nnonsense\n7:cpu\n");
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "2147483648\n");
    put("/sys/fs/cgroup/pids/pids.max", "100\n");
    put("/sys/fs/cgroup/pids/pids.current", "101\n");
    bench_headroom_read(folder, &have);
    cr_expect_float_eq(have.memory_bytes, 0, 1, "more is used than is allowed");
    cr_expect_eq(have.tasks, 0);
}

Test(headroom, a_limit_that_is_none, .init = make_folder, .fini = remove_folder)
{
    struct bench_headroom have;
    put("/proc/self/cgroup", "4:memory:/\n0::/\n");
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put("/sys/fs/cgroup/memory.max", "-1\n");
    bench_headroom_read(folder, &have);
    cr_expect_float_eq(have.memory_bytes, 4 * GIB, 1);
}

Test(headroom, an_empty_machine_limits_nothing)
{
    struct bench_headroom have;
    bench_headroom_read("/no/such/folder", &have);
    cr_expect(isinf(have.memory_bytes));
}

/* ---- this machine ---- */

Test(headroom, every_row_has_its_figures_and_fits_here_once)
{
    size_t count;
    const struct bench_server_row *rows = bench_server_rows(&count);
    bench_headroom_raise_descriptors();
    for (size_t i = 0; i < count; i++) {
        struct bench_error err = {.msg = ""};
        cr_expect_gt(rows[i].pss_kib, 0, "%s/%s/%s", rows[i].protocol, rows[i].mode,
                     rows[i].server);
        cr_expect_eq(bench_headroom_check(&one, &rows[i], 1, 0, &err), 0, "%s", err.msg);
        cr_expect_neq(bench_headroom_check(&one, &rows[i], 100000000, 0, &err), 0);
        cr_expect_neq(err.msg[0], '\0');
    }
}

Test(headroom, the_soft_limit_is_raised_to_the_hard_one)
{
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max > 256 ? 256 : limit.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    bench_headroom_raise_descriptors();
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    cr_expect_eq(limit.rlim_cur, limit.rlim_max);
    struct bench_headroom have;
    bench_headroom_read("", &have);
    if (limit.rlim_max != RLIM_INFINITY)
        cr_expect_eq(have.descriptors, limit.rlim_max);
    cr_expect_gt(have.memory_bytes, 0.0);
    cr_expect_gt(have.tasks, 0);
}

Test(headroom, a_protocol_of_a_plug_in_has_figures_too)
{
    cr_assert_eq(bench_server_add_native("extra"), 0);
    const struct bench_server_row *forking = bench_server_find("extra", "forking", "native");
    const struct bench_server_row *threaded = bench_server_find("extra", "threaded", "native");
    cr_assert(forking != NULL && threaded != NULL);
    cr_expect_eq(forking->per_connection, BENCH_SERVER_PROCESS);
    cr_expect_eq(threaded->per_connection, BENCH_SERVER_THREAD);
    cr_expect_gt(forking->pss_kib, threaded->pss_kib);
    cr_expect_not(forking->in_default);
    cr_expect_null(forking->program);
}
