/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/proc.h"
#include "core/proc_internal.h"

#define HELPER   TEST_BINARY_DIR "/rpycbench-server"
#define AMPLE_NS (30 * BENCH_NS_PER_S) /* more than a busy machine needs */

static void setup(void)
{
    bench_proc_set_helper(HELPER);
    cr_assert_eq(bench_proc_become_subreaper(), 0);
}

TestSuite(proc, .init = setup, .timeout = 60);

static struct bench_proc_spec spec_of(const char *const *argv)
{
    return (struct bench_proc_spec){.argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};
}

/* Runs a shell script; the caller frees what it printed. */
static char *shell(const char *script, int *status)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct bench_proc_spec spec = spec_of(argv);
    struct bench_error error = {.msg = ""};
    char *output = NULL;
    cr_assert_eq(bench_proc_capture(&spec, AMPLE_NS, 65536, &output, status, &error), 0, "%s",
                 error.msg);
    return output;
}

/* Starts a shell script whose stdout is *out_fd. */
static pid_t start(const char *script, int *out_fd)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct bench_proc_spec spec = spec_of(argv);
    struct bench_error error = {.msg = ""};
    int fds[2];
    pid_t pid;
    cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
    spec.stdout_fd = fds[1];
    cr_assert_eq(bench_proc_spawn(&spec, &pid, &error), 0, "%s", error.msg);
    close(fds[1]);
    *out_fd = fds[0];
    return pid;
}

/* A number on a line of its own. */
static pid_t read_pid(int fd)
{
    char text[32] = "";
    for (size_t n = 0; n < sizeof(text) - 1; n++) {
        if (read(fd, text + n, 1) != 1 || text[n] == '\n')
            break;
    }
    const long pid = strtol(text, NULL, 10);
    cr_assert_gt(pid, 1, "'%s'", text);
    return (pid_t)pid;
}

static bool is_gone(pid_t pid) { return kill(pid, 0) < 0 && errno == ESRCH; }

/* ---- starting ---- */

Test(proc, capture_takes_both_outputs_and_the_status)
{
    int status;
    char *output = shell("echo out; echo err >&2; exit 3", &status);
    cr_expect_str_eq(output, "out\nerr\n");
    cr_expect_str_eq(bench_proc_status_text(status), "exit status 3");
    free(output);
    output = shell("kill -9 $$", &status);
    cr_expect_str_eq(output, "");
    cr_expect_str_eq(bench_proc_status_text(status), "killed by SIGKILL");
    free(output);
}

Test(proc, capture_keeps_no_more_than_the_limit)
{
    const char *const argv[] = {"sh", "-c",
                                "i=0; while [ $i -lt 9000 ]; do echo 0123456789; "
                                "i=$((i+1)); done; exit 4",
                                NULL};
    struct bench_proc_spec spec = spec_of(argv);
    struct bench_error error;
    char *output;
    int status;
    cr_assert_eq(bench_proc_capture(&spec, AMPLE_NS, 15, &output, &status, &error), 0);
    cr_expect_str_eq(output, "0123456789\n0123");
    cr_expect_eq(WEXITSTATUS(status), 4, "the program was not stopped by that");
    free(output);
}

Test(proc, capture_kills_what_does_not_end)
{
    const char *const argv[] = {"sleep", "1000", NULL};
    struct bench_proc_spec spec = spec_of(argv);
    struct bench_error error;
    char *output = NULL;
    int status;
    cr_expect_eq(bench_proc_capture(&spec, BENCH_NS_PER_MS, 10, &output, &status, &error),
                 -ETIMEDOUT);
    cr_expect_null(output);
    cr_expect_str_eq(error.msg, "sleep: did not end in time");
    cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1, "nothing is left to reap");
    cr_expect_eq(errno, ECHILD);
}

Test(proc, what_cannot_be_found_is_named)
{
    const char *const missing[] = {"no-such-program-here", NULL};
    const char *const unusable[] = {"/etc/passwd", NULL};
    struct bench_proc_spec spec = spec_of(missing);
    struct bench_error error;
    pid_t pid;
    cr_expect_eq(bench_proc_spawn(&spec, &pid, &error), -ENOENT);
    cr_expect_str_eq(error.msg, "program no-such-program-here not found");
    spec.argv = unusable;
    cr_expect_eq(bench_proc_spawn(&spec, &pid, &error), -ENOENT);
    bench_proc_set_helper("/nowhere/helper");
    cr_expect_eq(bench_proc_spawn(&spec, &pid, &error), -ENOENT);
    cr_expect(strstr(error.msg, "/nowhere/helper") != NULL, "%s", error.msg);
    bench_proc_set_helper(NULL); /* beside this test there is none */
    cr_expect_eq(bench_proc_spawn(&spec, &pid, &error), -ENOENT);
    cr_expect(strstr(error.msg, "/rpycbench-server") != NULL, "%s", error.msg);
    spec.nfds = BENCH_PROC_MAX_FDS + 1;
    cr_expect_eq(bench_proc_spawn(&spec, &pid, &error), -EINVAL);
}

Test(proc, the_environment_is_ours_with_changes)
{
    const char *const argv[] = {"sh", "-c", "echo $KEPT $CHANGED $ADDED $CHANGE", NULL};
    const char *const extra[] = {"CHANGED=new", "ADDED=more", NULL};
    struct bench_proc_spec spec = spec_of(argv);
    struct bench_error error;
    char *output;
    int status;
    spec.extra_env = extra;
    setenv("KEPT", "kept", 1);
    setenv("CHANGED", "old", 1);
    setenv("CHANGE", "other", 1);
    cr_assert_eq(bench_proc_capture(&spec, AMPLE_NS, 100, &output, &status, &error), 0);
    cr_expect_str_eq(output, "kept new more other\n");
    free(output);
}

Test(proc, signals_are_as_in_a_fresh_shell)
{
    sigset_t all;
    int status;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    char *output = shell("exec grep -E 'Sig(Blk|Ign)' /proc/self/status", &status);
    unsigned long long blocked, ignored;
    cr_assert_eq(sscanf(output, "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2);
    /* 32 and 33 are the C library's own; nobody can set them through it */
    cr_expect_eq(blocked & ~0x180000000ULL, 0);
    cr_expect_eq(ignored & ~0x180000000ULL, 0);
    free(output);
}

/* ---- descriptors ---- */

Test(proc, a_child_has_the_given_descriptors_and_no_other)
{
    const char *const argv[] = {"ls", "/proc/self/fd", NULL};
    struct bench_proc_spec spec = spec_of(argv);
    struct bench_error error;
    char *output;
    int status;
    for (int i = 0; i < 8; i++) /* without close-on-exec */
        cr_assert_geq(dup(0), 0);
    cr_assert_eq(bench_proc_capture(&spec, AMPLE_NS, 100, &output, &status, &error), 0);
    cr_expect_str_eq(output, "0\n1\n2\n3\n", "3 is the folder that ls reads");
    free(output);
    spec.fds[0] = spec.fds[1] = 0;
    spec.nfds = 2;
    cr_assert_eq(bench_proc_capture(&spec, AMPLE_NS, 100, &output, &status, &error), 0);
    cr_expect_str_eq(output, "0\n1\n2\n3\n4\n5\n");
    free(output);
}

enum { PAIRS = 4 };

/* In a process of its own, since the runner may use the low numbers. Returns 0, or which step went
 * wrong. */
static int spawn_with_swapped_descriptors(void)
{
    static const char *const argv[] = {"sh", "-c", "echo first >&3; echo second >&4; echo out; cat",
                                       NULL};
    static const char *const expected[] = {"first\n", "second\n", "out\nin\n"};
    /* first goes to 3 from 4, second to 4 from 3; stdout is at 5, stdin at 6 */
    static const int numbers[PAIRS] = {4, 3, 5, 6};
    int ours[PAIRS], status;
    for (int i = 0; i < PAIRS; i++) {
        int low[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, low) < 0)
            return 1;
        ours[i] = fcntl(low[0], F_DUPFD_CLOEXEC, 100);
        const int theirs = fcntl(low[1], F_DUPFD_CLOEXEC, 100);
        close(low[0]);
        close(low[1]);
        if (dup3(theirs, numbers[i], O_CLOEXEC) < 0)
            return 2;
        close(theirs);
    }
    struct bench_proc_spec spec = spec_of(argv);
    spec.fds[0] = numbers[0];
    spec.fds[1] = numbers[1];
    spec.nfds = 2;
    spec.stdout_fd = numbers[2];
    spec.stdin_fd = numbers[3];
    pid_t pid;
    if (send(ours[3], "in\n", 3, 0) != 3 || shutdown(ours[3], SHUT_WR) < 0)
        return 3;
    if (bench_proc_spawn(&spec, &pid, NULL) < 0 || bench_proc_wait(pid, AMPLE_NS, &status) < 0)
        return 4;
    for (int i = 0; i < 3; i++) {
        char text[32] = "";
        size_t used = 0;
        for (ssize_t n = 1; n > 0 && used<strlen(expected[i]); used += n> 0 ? (size_t)n : 0)
            n = recv(ours[i], text + used, sizeof(text) - 1 - used, 0);
        if (strcmp(text, expected[i]) != 0)
            return 10 + i;
    }
    return status;
}

Test(proc, descriptors_that_change_places_are_not_mixed_up)
{
    int status;
    const pid_t pid = fork();
    if (pid == 0)
        _exit(spawn_with_swapped_descriptors());
    cr_assert_eq(bench_proc_wait(pid, AMPLE_NS, &status), 0);
    cr_expect_str_eq(bench_proc_status_text(status), "exit status 0");
}

/* ---- waiting and ending ---- */

Test(proc, wait_tells_running_from_ended_from_unknown)
{
    int out, status = -1;
    const pid_t pid = start("read line; exit 7", &out); /* ends at once: stdin is empty */
    cr_expect_eq(bench_proc_wait(pid, -1, &status), 0);
    cr_expect_eq(WEXITSTATUS(status), 7);
    cr_expect_eq(bench_proc_wait(pid, -1, &status), -ECHILD);
    cr_expect_eq(bench_proc_wait(pid, 0, &status), -ECHILD);
    close(out);
    const pid_t sleeper = start("exec sleep 1000", &out);
    cr_expect_eq(bench_proc_wait(sleeper, 0, &status), -ETIMEDOUT);
    cr_expect_eq(bench_proc_wait(sleeper, BENCH_NS_PER_MS, &status), -ETIMEDOUT);
    cr_expect_eq(bench_proc_stop(sleeper, AMPLE_NS, &status), 0);
    cr_expect_str_eq(bench_proc_status_text(status), "killed by SIGTERM");
    cr_expect_eq(bench_proc_stop(sleeper, AMPLE_NS, NULL), -ECHILD);
    close(out);
}

Test(proc, stop_ends_the_stubborn_and_what_they_started)
{
    int out, status;
    const pid_t pid = start("trap '' TERM; sleep 1000 & echo $!; wait", &out);
    const pid_t child = read_pid(out); /* so the trap is set */
    cr_expect_eq(bench_proc_stop(pid, BENCH_NS_PER_MS, &status), 0);
    cr_expect_str_eq(bench_proc_status_text(status), "killed by SIGKILL");
    cr_expect(is_gone(child));
    close(out);
}

Test(proc, stop_finds_orphans_of_one_that_died_before)
{
    int out, status, other_out;
    const pid_t other = start("exec sleep 1000", &other_out);
    const pid_t pid = start("(sleep 1000 & echo $!); exit 5", &out);
    const pid_t orphan = read_pid(out);
    cr_assert_eq(waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
    cr_expect_not(is_gone(orphan));
    cr_expect_eq(bench_proc_stop(pid, 0, &status), 0);
    cr_expect_eq(WEXITSTATUS(status), 5);
    cr_expect(is_gone(orphan));
    cr_expect_eq(bench_proc_wait(other, 0, &status), -ETIMEDOUT, "other children are left alone");
    cr_expect_eq(bench_proc_stop(other, AMPLE_NS, NULL), 0);
    close(out);
    close(other_out);
}

Test(proc, a_child_dies_with_its_parent)
{
    int out, status;
    const pid_t parent = start(HELPER " --exec $$ - -- sleep 1000 & echo $!; wait", &out);
    const pid_t child = read_pid(out);
    /* sleep is what runs there now: PDEATHSIG is in force */
    char name[32] = "", path[64];
    snprintf(path, sizeof(path), "/proc/%d/comm", (int)child);
    while (strcmp(name, "sleep\n") != 0) {
        FILE *file = fopen(path, "re");
        cr_assert_not_null(file);
        cr_assert_not_null(fgets(name, sizeof(name), file));
        fclose(file);
    }
    cr_assert_eq(kill(parent, SIGKILL), 0);
    cr_assert_eq(bench_proc_wait(parent, AMPLE_NS, &status), 0);
    cr_assert_eq(bench_proc_wait(child, AMPLE_NS, &status), 0, "we inherited it");
    cr_expect_str_eq(bench_proc_status_text(status), "killed by SIGKILL");
    close(out);
}

Test(proc, exec_refuses_what_it_cannot_do)
{
    static const struct {
        const char *arguments, *output;
        int status;
    } rows[] = {
        {"--exec $$ - -- /no/such/program", "cannot run /no/such/program", 127},
        {"--exec $$ - -- /etc/passwd", "cannot run /etc/passwd", 126},
        {"--exec 1 - -- true", "parent 1 has gone", 126},
        {"--exec x - -- true", "'x'", 126},
        {"--exec $$ 1023 -- true", "cores 1023: ", 126},
        {"--exec $$ 1-0 -- true", "run backwards", 126},
        {"--exec $$ '' -- true", "''", 126},
        {"--exec $$ -- true", "usage", 126},
        {"--exec", "usage", 126},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        char script[256];
        int status;
        snprintf(script, sizeof(script), HELPER " %s; exit $?", rows[i].arguments);
        char *output = shell(script, &status);
        cr_expect_eq(WEXITSTATUS(status), rows[i].status, "row %zu", i);
        cr_expect(strstr(output, rows[i].output) != NULL, "row %zu: %s", i, output);
        free(output);
    }
}

/* ---- usage ---- */

Test(proc, usage_covers_the_tree_and_grows)
{
    struct bench_proc_usage before, after;
    int out;
    const pid_t pid = start("(while :; do :; done) & echo $!; wait", &out);
    (void)read_pid(out);
    cr_assert_eq(bench_proc_usage(pid, 1, &before), 0);
    cr_expect_eq(before.processes, 2);
    cr_expect_gt(before.cpu_s, 0.0);
    cr_expect_gt(before.pss_bytes, 4096.0);
    do
        cr_assert_eq(bench_proc_usage(pid, 0, &after), 0);
    while (after.cpu_s < before.cpu_s + 0.02); /* the loop burns CPU until it shows */
    cr_expect_eq(after.pss_bytes, 0.0);
    cr_expect_eq(bench_proc_stop(pid, AMPLE_NS, NULL), 0);
    cr_expect_eq(bench_proc_usage(pid, 0, &after), -ESRCH);
    close(out);
}

Test(proc, usage_counts_descendants_that_were_reaped)
{
    struct bench_proc_usage usage;
    int out;
    /* the inner shell burns some CPU and ends; the outer one has waited for it */
    const pid_t pid = start("sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'; echo 99; "
                            "exec sleep 1000",
                            &out);
    (void)read_pid(out);
    cr_assert_eq(bench_proc_usage(pid, 0, &usage), 0);
    cr_expect_eq(usage.processes, 1);
    cr_expect_gt(usage.cpu_s, 0.01);
    cr_expect_eq(bench_proc_stop(pid, AMPLE_NS, NULL), 0);
    close(out);
}

Test(proc, the_table_knows_who_is_who)
{
    struct bench_proc_table table;
    cr_assert_eq(bench_proc_table_read(&table), 0);
    cr_assert(bench_proc_table_mark(&table, getpid()));
    size_t marked = 0;
    for (size_t i = 0; i < table.count; i++)
        marked += table.entries[i].in_tree;
    cr_expect_eq(marked, 1, "this process has no children yet");
    cr_expect_not(bench_proc_table_mark(&table, -5));
    cr_expect_not(bench_proc_has_mark(getpid(), getpid()), "nobody spawned the test");
    bench_proc_table_fini(&table);
}
