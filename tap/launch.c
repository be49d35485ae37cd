/* SPDX-License-Identifier: MIT */
#include "tap/launch.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap/launch_internal.h"

/* ---- the program ---- */

static int try_program(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || access(path, X_OK) != 0)
        return -EACCES;
    return 0;
}

/* As the shell does: a name with a slash is a path, else the first that can be run. */
static int find_program(const char *name, char *path, size_t size, struct bench_error *err)
{
    const char *folders = getenv("PATH"), *end;
    int status = -ENOENT, one;

    if (strchr(name, '/')) {
        (void)snprintf(path, size, "%s", name);
        status = try_program(path);
        folders = NULL;
    } else if (!folders) {
        folders = "/bin:/usr/bin";
    }
    for (; folders && *name; folders = *end ? end + 1 : NULL) {
        end = strchrnul(folders, ':');
        if ((size_t)snprintf(path, size, "%.*s%s%s", (int)(end - folders), folders,
                             end > folders ? "/" : "./", name) >= size)
            continue;
        one = try_program(path);
        if (one == 0) {
            status = 0;
            break;
        }
        if (one == -EACCES)
            status = one;
    }
    if (status == -ENOTDIR)
        status = -ENOENT;
    if (status != 0)
        return bench_fail(err, status, "%s: %s", name,
                          status == -ENOENT ? "command not found" : bench_errno_text(status));
    return 0;
}

/* What keeps the dynamic linker from loading anything into it. NULL = nothing known. */
static const char *obstacle(const char *path)
{
    struct stat st;
    Elf64_Ehdr head;
    bool dynamic = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    const char *why = NULL;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) == 0 && (st.st_mode & (S_ISUID | S_ISGID)) != 0)
        why = "it is a setuid or setgid program, into which no library is loaded";
    if (!why && read(fd, &head, sizeof(head)) == (ssize_t)sizeof(head) &&
        memcmp(head.e_ident, ELFMAG, SELFMAG) == 0 && head.e_ident[EI_CLASS] == ELFCLASS64 &&
        head.e_phentsize == sizeof(Elf64_Phdr)) {
        for (int i = 0; i < head.e_phnum && !dynamic; i++) {
            Elf64_Phdr part;

            if (pread(fd, &part, sizeof(part),
                      (off_t)(head.e_phoff + (uint64_t)i * sizeof(part))) != (ssize_t)sizeof(part))
                break;
            dynamic = part.p_type == PT_INTERP;
        }
        if (!dynamic)
            why = "it is statically linked, so that no library is loaded into it";
    }
    (void)close(fd);
    return why;
}

/* ---- its environment ---- */

static bool is_variable(const char *entry, const char *name)
{
    size_t n = strlen(name);

    return strncmp(entry, name, n) == 0 && entry[n] == '=';
}

/* Ours with two variables changed; the caller frees [0], [1] and the array. */
static char **environment(const struct tap_launch_options *options, const char *name,
                          const char *token)
{
    const char *before = getenv(TAP_ENV_LIBRARY);
    size_t n = 0, used = 2;
    char **env;

    while (environ[n])
        n++;
    env = calloc(n + 3, sizeof(*env));
    if (!env)
        return NULL;
    if (asprintf(&env[0], TAP_ENV_LIBRARY "=%s%s%s", options->library, before && *before ? ":" : "",
                 before ? before : "") < 0)
        env[0] = NULL;
    if (asprintf(&env[1], TAP_ENV_CHANNEL "=%s,%s,%zu,%lld,%d", name, token, options->ring_bytes,
                 (long long)options->stall_ns,
                 (options->places ? TAP_FLAG_PLACES : 0) |
                     (options->sees_server ? TAP_FLAG_SERVER : 0)) < 0)
        env[1] = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!is_variable(environ[i], TAP_ENV_LIBRARY) && !is_variable(environ[i], TAP_ENV_CHANNEL))
            env[used++] = environ[i];
    }
    return env;
}

static void environment_free(char **env)
{
    if (env) {
        free(env[0]);
        free(env[1]);
    }
    free(env);
}

/* With the signals as a shell would hand them over: we block some and ignore SIGPIPE. */
static int spawn(struct tap_launch *launch, const struct tap_launch_options *options, char **env,
                 struct bench_error *err)
{
    posix_spawnattr_t attributes;
    sigset_t none, normal;
    int status = posix_spawnattr_init(&attributes);

    if (status != 0)
        return bench_fail(err, -status, "cannot start %s", options->argv[0]);
    (void)sigemptyset(&none);
    (void)sigemptyset(&normal);
    (void)sigaddset(&normal, SIGPIPE);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setsigdefault(&attributes, &normal);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    /* A script without a first line that names its interpreter is the shell's, as for execvp. */
    status = posix_spawnp(&launch->pid, launch->program, NULL, &attributes, options->argv, env);
    (void)posix_spawnattr_destroy(&attributes);
    if (status != 0)
        return bench_fail(err, -status, "%s: %s", options->argv[0], bench_errno_text(status));
    return 0;
}

/* ---- start and end ---- */

static int check(const struct tap_launch_options *options, struct bench_error *err)
{
    if (!options->argv || !options->argv[0] || !options->argv[0][0])
        return bench_fail(err, -EINVAL, "no program to start");
    if (options->ring_bytes < TAP_RING_BYTES_MIN || options->ring_bytes > TAP_RING_BYTES_MAX ||
        (options->ring_bytes & (options->ring_bytes - 1)) != 0)
        return bench_fail(err, -EINVAL, "a ring of %zu bytes: must be a power of two, %d .. %d",
                          options->ring_bytes, TAP_RING_BYTES_MIN, TAP_RING_BYTES_MAX);
    if (options->processes_max < 1 || options->stall_ns < 0)
        return bench_fail(err, -EINVAL, "%d processes, %lld ns: must not be less than 1 and 0",
                          options->processes_max, (long long)options->stall_ns);
    /* The dynamic linker takes both of these as separators. */
    if (strpbrk(options->library, " :"))
        return bench_fail(err, -EINVAL, "the library's path '%s' has a blank or a colon in it",
                          options->library);
    if (access(options->library, R_OK) != 0)
        return bench_fail(err, -ELIBACC, "%s: %s", options->library, bench_errno_text(errno));
    return 0;
}

static int allocate(struct tap_launch *launch, const struct tap_launch_options *options)
{
    launch->processes_max = options->processes_max;
    launch->processes = calloc((size_t)options->processes_max, sizeof(*launch->processes));
    launch->places = calloc(LAUNCH_PLACES_MAX, sizeof(*launch->places));
    launch->place_index = calloc((size_t)2 * LAUNCH_PLACES_MAX, sizeof(*launch->place_index));
    if (!getcwd(launch->here, sizeof(launch->here)))
        launch->here[0] = '\0';
    return launch->processes && launch->places && launch->place_index ? 0 : -ENOMEM;
}

static int start(struct tap_launch *launch, const struct tap_launch_options *options,
                 struct bench_error *err)
{
    char path[PATH_MAX], name[TAP_NAME_MAX];
    char **env;
    int status = check(options, err);

    if (status == 0)
        status = find_program(options->argv[0], path, sizeof(path), err);
    if (status != 0)
        return status;
    launch->program = strdup(path);
    launch->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!launch->program || allocate(launch, options) != 0)
        return bench_fail(err, -ENOMEM, "no memory for %d processes", options->processes_max);
    if (launch->epoll_fd < 0)
        return bench_fail(err, -errno, "epoll: %s", bench_errno_text(errno));
    status = launch_listen(launch, name, sizeof(name), err);
    if (status != 0)
        return status;
    env = environment(options, name, launch->token);
    if (!env || !env[0] || !env[1])
        status = bench_fail(err, -ENOMEM, "no memory for the environment");
    else
        status = spawn(launch, options, env, err);
    environment_free(env);
    return status;
}

int tap_launch_start(struct tap_launch **out, const struct tap_launch_options *options,
                     struct bench_error *err)
{
    struct tap_launch *launch = calloc(1, sizeof(*launch));
    int status;

    if (!launch)
        return bench_fail(err, -ENOMEM, "no memory for a launcher");
    launch->epoll_fd = launch->listener = -1;
    status = start(launch, options, err);
    if (status != 0) {
        tap_launch_free(launch);
        return status;
    }
    *out = launch;
    return 0;
}

static void conns_free(struct tap_launch *launch)
{
    for (size_t i = 0; i < LAUNCH_BUCKETS; i++) {
        while (launch->buckets[i]) {
            struct launch_conn *conn = launch->buckets[i];

            launch->buckets[i] = conn->next;
            while (conn->held) {
                struct launch_held *held = conn->held;

                conn->held = held->next;
                free(held);
            }
            free(conn);
        }
    }
}

void tap_launch_free(struct tap_launch *launch)
{
    if (!launch)
        return;
    launch_pending_close(launch);
    conns_free(launch);
    for (int i = 0; launch->processes && i < launch->processes_max; i++) {
        if (launch->processes[i].pid == 0)
            continue;
        if (launch->processes[i].pidfd >= 0)
            (void)close(launch->processes[i].pidfd);
        launch_process_free(launch, &launch->processes[i]);
    }
    for (uint32_t i = 1; launch->places && i <= launch->nplaces; i++)
        free(launch->places[i]);
    if (launch->listener >= 0)
        (void)close(launch->listener);
    if (launch->epoll_fd >= 0)
        (void)close(launch->epoll_fd);
    free(launch->processes);
    free(launch->places);
    free(launch->place_index);
    free(launch->program);
    free(launch);
}

pid_t tap_launch_pid(const struct tap_launch *launch) { return launch->pid; }

int tap_launch_fd(const struct tap_launch *launch) { return launch->epoll_fd; }

bool tap_launch_ended(struct tap_launch *launch, int *status)
{
    if (!launch->reaped) {
        pid_t pid = waitpid(launch->pid, &launch->status, WNOHANG);

        launch->reaped = pid == launch->pid || (pid < 0 && errno == ECHILD);
    }
    if (launch->reaped)
        *status = launch->status;
    return launch->reaped;
}

int tap_launch_processes(const struct tap_launch *launch, const char **why)
{
    if (why)
        *why = launch->seen == 0 ? obstacle(launch->program) : NULL;
    return launch->seen > INT_MAX ? INT_MAX : (int)launch->seen;
}
