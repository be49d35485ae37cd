/* SPDX-License-Identifier: MIT */
#include "core/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bench/buf.h"
#include "bench/units.h"
#include "core/cpus.h"
#include "core/proc_internal.h"

#define HELPER_NAME "rpycbench-server"
#define FIRST_FD    3
/* Above every number that a child's descriptor gets, so that placing one never overwrites the
 * source of another. */
#define STAGE_FD (FIRST_FD + BENCH_PROC_MAX_FDS)

enum { EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 };

static const char *helper_path; /* set once, before anything is spawned */

void bench_proc_set_helper(const char *path) { helper_path = path; }

/* ---- finding programs ---- */

static int find_helper(char *out, size_t size, struct bench_error *err)
{
    if (helper_path != NULL) {
        (void)snprintf(out, size, "%s", helper_path);
    } else {
        char self[PATH_MAX];
        const ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
        if (n < 0)
            return bench_fail(err, -errno, "readlink /proc/self/exe: %s", bench_errno_text(errno));
        self[n] = '\0';
        const char *slash = strrchr(self, '/');
        (void)snprintf(out, size, "%.*s/" HELPER_NAME, slash != NULL ? (int)(slash - self) : 0,
                       self);
    }
    if (access(out, X_OK) < 0)
        return bench_fail(err, -ENOENT, "helper %s: %s", out, bench_errno_text(errno));
    return 0;
}

/* Whether execvp would find it. */
static bool is_in_path(const char *program)
{
    const char *path = getenv("PATH");
    for (const char *at = path != NULL ? path : "/bin:/usr/bin"; at != NULL;) {
        const char *colon = strchr(at, ':');
        const int length = colon != NULL ? (int)(colon - at) : (int)strlen(at);
        char candidate[PATH_MAX];
        (void)snprintf(candidate, sizeof(candidate), "%.*s%s%s", length, at, length > 0 ? "/" : "",
                       program);
        if (access(candidate, X_OK) == 0)
            return true;
        at = colon != NULL ? colon + 1 : NULL;
    }
    return false;
}

static int check_program(const char *program, struct bench_error *err)
{
    const bool found =
        strchr(program, '/') != NULL ? access(program, X_OK) == 0 : is_in_path(program);
    return found ? 0 : bench_fail(err, -ENOENT, "program %s not found", program);
}

/* ---- arguments and environment ---- */

static size_t count_strings(const char *const *list)
{
    size_t n = 0;
    while (list != NULL && list[n] != NULL)
        n++;
    return n;
}

/* posix_spawn takes strings without const but does not write to them. */
static char *no_const(const char *text)
{
    union {
        const char *in;
        char *out;
    } u = {.in = text};
    return u.out;
}

enum { ARG_PARENT = 2, ARG_CORES, ARG_END, ARG_PROGRAM };

/* HELPER --exec PID CORES -- argv... NULL when there is no memory; the caller frees the list only.
 */
static char **make_argv(const char *helper, const char *parent, const char *cores,
                        const char *const *argv)
{
    const size_t count = count_strings(argv);
    char **list = calloc(ARG_PROGRAM + count + 1, sizeof(*list));
    if (list == NULL)
        return NULL;
    list[0] = no_const(helper);
    list[1] = no_const("--exec");
    list[ARG_PARENT] = no_const(parent);
    list[ARG_CORES] = no_const(cores);
    list[ARG_END] = no_const("--");
    for (size_t i = 0; i < count; i++)
        list[ARG_PROGRAM + i] = no_const(argv[i]);
    return list;
}

static bool same_variable(const char *a, const char *b)
{
    const size_t length = strcspn(a, "=");
    return strncmp(a, b, length) == 0 && b[length] == '=';
}

/* Our environment with the extra variables instead of those of the same name. */
static char **make_env(const char *const *extra)
{
    const size_t ours = count_strings((const char *const *)environ);
    const size_t extras = count_strings(extra);
    char **list = calloc(ours + extras + 1, sizeof(*list));
    if (list == NULL)
        return NULL;
    size_t used = 0;
    for (size_t i = 0; i < ours; i++) {
        bool replaced = false;
        for (size_t k = 0; k < extras; k++)
            replaced = replaced || same_variable(extra[k], environ[i]);
        if (!replaced)
            list[used++] = environ[i];
    }
    for (size_t k = 0; k < extras; k++)
        list[used++] = no_const(extra[k]);
    return list;
}

/* ---- descriptors ---- */

/* Copies of the descriptors to hand over, at numbers that are out of the way. */
struct stage {
    int fds[FIRST_FD + BENCH_PROC_MAX_FDS]; /* by the number in the child; -1 = not handed over */
};

static void stage_fini(struct stage *stage)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(stage->fds); i++)
        if (stage->fds[i] >= 0)
            (void)close(stage->fds[i]);
}

static int stage_one(struct stage *stage, size_t number, int fd)
{
    stage->fds[number] = fcntl(fd, F_DUPFD_CLOEXEC, STAGE_FD);
    return stage->fds[number] < 0 ? -errno : 0;
}

static int stage_null(struct stage *stage, size_t number)
{
    const int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    const int rc = stage_one(stage, number, fd);
    (void)close(fd);
    return rc;
}

static int stage_init(struct stage *stage, const struct bench_proc_spec *spec)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(stage->fds); i++)
        stage->fds[i] = -1;
    int rc = spec->stdin_fd >= 0 ? stage_one(stage, 0, spec->stdin_fd) : stage_null(stage, 0);
    if (rc == 0)
        rc = spec->stdout_fd >= 0 ? stage_one(stage, 1, spec->stdout_fd) : stage_null(stage, 1);
    if (rc == 0 && spec->stderr_fd >= 0)
        rc = stage_one(stage, 2, spec->stderr_fd);
    for (int i = 0; rc == 0 && i < spec->nfds; i++)
        rc = stage_one(stage, (size_t)(FIRST_FD + i), spec->fds[i]);
    return rc;
}

static int place_fds(posix_spawn_file_actions_t *actions, const struct stage *stage, int nfds)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < (int)BENCH_COUNT_OF(stage->fds); i++)
        if (stage->fds[i] >= 0)
            rc = posix_spawn_file_actions_adddup2(actions, stage->fds[i], i);
    if (rc == 0)
        rc = posix_spawn_file_actions_addclosefrom_np(actions, FIRST_FD + nfds);
    return -rc;
}

/* ---- spawning ---- */

/* The child begins with nothing blocked and nothing ignored. */
static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    int rc = posix_spawnattr_setsigmask(attributes, &none);
    if (rc == 0)
        rc = posix_spawnattr_setsigdefault(attributes, &all);
    if (rc == 0)
        rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return -rc;
}

static int spawn_with(const char *helper, char **argv, char **env, const struct stage *stage,
                      int nfds, pid_t *out)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int rc = -posix_spawn_file_actions_init(&actions);
    if (rc < 0)
        return rc;
    rc = -posix_spawnattr_init(&attributes);
    if (rc == 0) {
        rc = place_fds(&actions, stage, nfds);
        if (rc == 0)
            rc = set_signals(&attributes);
        if (rc == 0)
            rc = -posix_spawn(out, helper, &actions, &attributes, argv, env);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return rc;
}

int bench_proc_spawn(const struct bench_proc_spec *spec, pid_t *out, struct bench_error *err)
{
    char helper[PATH_MAX], parent[16], cores[BENCH_CPUS_TEXT_SIZE] = "-";
    if (spec->nfds < 0 || spec->nfds > BENCH_PROC_MAX_FDS)
        return bench_fail(err, -EINVAL, "%d descriptors to hand over, at most %d", spec->nfds,
                          BENCH_PROC_MAX_FDS);
    int rc = find_helper(helper, sizeof(helper), err);
    if (rc == 0)
        rc = check_program(spec->argv[0], err);
    if (rc < 0)
        return rc;
    (void)snprintf(parent, sizeof(parent), "%d", (int)getpid());
    if (spec->cpus != NULL && bench_cpus_text(spec->cpus, cores, sizeof(cores))[0] == '\0')
        return bench_fail(err, -EINVAL, "no core for %s", spec->argv[0]);

    struct stage stage;
    pid_t pid = -1;
    rc = stage_init(&stage, spec);
    char **argv = make_argv(helper, parent, cores, spec->argv);
    char **env = make_env(spec->extra_env);
    if (rc == 0 && (argv == NULL || env == NULL))
        rc = -ENOMEM;
    if (rc == 0)
        rc = spawn_with(helper, argv, env, &stage, spec->nfds, &pid);
    free(argv);
    free(env);
    stage_fini(&stage);
    if (rc < 0)
        return bench_fail(err, rc, "cannot start %s: %s", spec->argv[0], bench_errno_text(rc));
    *out = pid;
    return 0;
}

static int take_cores(const char *text, struct bench_error *err)
{
    cpu_set_t cpus;
    if (strcmp(text, "-") == 0)
        return 0;
    CPU_ZERO(&cpus);
    const int rc = bench_cpus_add(text, &cpus, err);
    if (rc < 0 || sched_setaffinity(0, sizeof(cpus), &cpus) == 0)
        return rc;
    return bench_fail(err, -errno, "cores %s: %s", text, bench_errno_text(errno));
}

/* Ties this process to its parent. It may have died before the signal was asked for. */
static int follow_parent(const char *text, struct bench_error *err)
{
    int64_t parent;
    const int rc = bench_parse_int(text, 1, INT_MAX, &parent, err);
    if (rc < 0)
        return rc;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return bench_fail(err, -errno, "prctl: %s", bench_errno_text(errno));
    return getppid() == (pid_t)parent ? 0 : bench_fail(err, -ESRCH, "parent %s has gone", text);
}

int bench_proc_exec(int argc, char **argv)
{
    struct bench_error error;
    if (argc <= ARG_PROGRAM || strcmp(argv[ARG_END], "--") != 0) {
        (void)fprintf(stderr, "usage: %s --exec PARENT_PID CORES -- PROGRAM [ARGUMENTS]\n",
                      argv[0]);
        return EXIT_CANNOT_RUN;
    }
    if (follow_parent(argv[ARG_PARENT], &error) < 0 || take_cores(argv[ARG_CORES], &error) < 0) {
        (void)fprintf(stderr, "%s: --exec: %s\n", argv[0], error.msg);
        return EXIT_CANNOT_RUN;
    }
    char self[16];
    (void)snprintf(self, sizeof(self), "%d", (int)getpid());
    (void)setenv(BENCH_PROC_MARK, self, 1);
    (void)execvp(argv[ARG_PROGRAM], argv + ARG_PROGRAM);
    const int code = errno;
    (void)fprintf(stderr, "%s: cannot run %s: %s\n", argv[0], argv[ARG_PROGRAM],
                  bench_errno_text(code));
    return code == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}

/* ---- capturing ---- */

/* Reads to the end of file; what is over the buffer's limit is read and dropped. 0, -ETIMEDOUT or
 * another negative errno. */
static int read_all(int fd, int64_t deadline_ns, struct bench_buf *out)
{
    for (;;) {
        char piece[4096];
        struct timespec left, *timeout = NULL;
        if (deadline_ns >= 0) {
            const int64_t ns = deadline_ns - bench_now_ns();
            if (ns <= 0)
                return -ETIMEDOUT;
            left = (struct timespec){.tv_sec = ns / BENCH_NS_PER_S, .tv_nsec = ns % BENCH_NS_PER_S};
            timeout = &left;
        }
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        int rc = ppoll(&poll_fd, 1, timeout, NULL);
        if (rc <= 0) {
            if (rc < 0 && errno != EINTR)
                return -errno;
            continue;
        }
        const ssize_t n = read(fd, piece, sizeof(piece));
        if (n == 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return -errno;
        const size_t room = out->limit - 1 - bench_buf_length(out);
        rc = n > 0 ? bench_buf_add(out, piece, (size_t)n < room ? (size_t)n : room) : 0;
        if (rc < 0)
            return rc;
    }
}

static int64_t left_until(int64_t deadline_ns)
{
    if (deadline_ns < 0)
        return -1;
    const int64_t left_ns = deadline_ns - bench_now_ns();
    return left_ns > 0 ? left_ns : 0;
}

/* Copies the spec with both outputs going to fd and starts it. */
static int spawn_captured(const struct bench_proc_spec *spec, int fd, pid_t *pid,
                          struct bench_error *err)
{
    struct bench_proc_spec captured = *spec;
    captured.stdout_fd = fd;
    captured.stderr_fd = fd;
    return bench_proc_spawn(&captured, pid, err);
}

int bench_proc_capture(const struct bench_proc_spec *spec, int64_t timeout_ns, size_t limit,
                       char **output, int *status, struct bench_error *err)
{
    int pipe_fds[2];
    pid_t pid = -1;
    int ended = 0;
    const int64_t deadline_ns = timeout_ns < 0 ? -1 : bench_now_ns() + timeout_ns;
    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return bench_fail(err, -errno, "pipe: %s", bench_errno_text(errno));
    int rc = spawn_captured(spec, pipe_fds[1], &pid, err);
    (void)close(pipe_fds[1]);
    if (rc < 0) {
        (void)close(pipe_fds[0]);
        return rc;
    }
    struct bench_buf text;
    bench_buf_init(&text, limit + 1);
    rc = read_all(pipe_fds[0], deadline_ns, &text);
    (void)close(pipe_fds[0]);
    if (rc == 0)
        rc = bench_proc_wait(pid, left_until(deadline_ns), &ended);
    if (rc < 0)
        (void)bench_proc_stop(pid, 0, NULL);
    else
        rc = bench_buf_add(&text, "", 1);
    if (rc < 0) {
        bench_buf_fini(&text);
        return bench_fail(err, rc, "%s: %s", spec->argv[0],
                          rc == -ETIMEDOUT ? "did not end in time" : bench_errno_text(rc));
    }
    *output = (char *)text.data; /* nothing was dropped from its front */
    *status = ended;
    return 0;
}
