/* SPDX-License-Identifier: MIT */
#include "tests/support/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/proc.h"

const char *support_built(const char *name)
{
    static _Thread_local char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", TEST_BINARY_DIR, name);
    return path;
}

void support_use_helper(void)
{
    static char path[512]; /* kept by core; what support_built returns changes with each call */

    (void)snprintf(path, sizeof(path), "%s/rpycbench-server", TEST_BINARY_DIR);
    bench_proc_set_helper(path);
}

static int text_of(int fd, char **out)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    char *text = calloc(1, (size_t)st.st_size + 1);
    if (!text)
        return -ENOMEM;
    if (pread(fd, text, (size_t)st.st_size, 0) < 0) {
        free(text);
        return -EIO;
    }
    *out = text;
    return 0;
}

static int spawn_and_wait(const struct support_program *program, const int fds[3], int *status,
                          struct bench_error *err)
{
    struct bench_proc_spec spec = {.argv = program->argv,
                                   .stdin_fd = fds[0],
                                   .stdout_fd = fds[1],
                                   .stderr_fd = fds[2],
                                   .extra_env = program->extra_env};
    int64_t timeout_ns = program->timeout_ns ? program->timeout_ns : 60 * BENCH_NS_PER_S;
    pid_t pid;

    support_use_helper();
    int rc = bench_proc_spawn(&spec, &pid, err);
    if (rc < 0)
        return rc;
    rc = bench_proc_wait(pid, timeout_ns, status);
    if (rc < 0) {
        (void)bench_proc_stop(pid, BENCH_NS_PER_S, status);
        return bench_fail(err, rc, "%s: %s", program->argv[0], bench_errno_text(rc));
    }
    return 0;
}

int support_program_run(const struct support_program *program, struct support_output *output,
                        struct bench_error *err)
{
    static const char *const names[3] = {"stdin", "stdout", "stderr"};
    int fds[3] = {-1, -1, -1}, status = 0, rc = 0;

    *output = (struct support_output){0};
    for (int i = 0; i < 3 && rc == 0; i++) {
        fds[i] = memfd_create(names[i], MFD_CLOEXEC);
        if (fds[i] < 0)
            rc = bench_fail(err, -errno, "no memory file for %s", names[i]);
    }
    if (rc == 0 && program->input) {
        size_t length = strlen(program->input);

        if (pwrite(fds[0], program->input, length, 0) != (ssize_t)length)
            rc = bench_fail(err, -EIO, "cannot keep the input");
    }
    if (rc == 0)
        rc = spawn_and_wait(program, fds, &status, err);
    if (rc == 0)
        rc = text_of(fds[1], &output->out);
    if (rc == 0)
        rc = text_of(fds[2], &output->err);
    output->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    output->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    for (int i = 0; i < 3; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    if (rc < 0)
        support_output_free(output);
    return rc;
}

void support_output_free(struct support_output *output)
{
    free(output->out);
    free(output->err);
    output->out = output->err = NULL;
}
