/* SPDX-License-Identifier: MIT */
/* `profile -- PROGRAM`: the preloaded library. The exit status is the program's. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/units.h"
#include "suite/cli.h"
#include "suite/headroom.h"
#include "suite/profile.h"
#include "tap/launch.h"

enum { PROCESSES_MAX = 4096, DRAINS_MAX = 1000 };

/* As a shell has them. */
enum { EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127, EXIT_SIGNAL = 128 };

/* A program that fills a ring faster than we read waits this long in all, then pieces are lost. */
#define STALL_NS (2 * BENCH_NS_PER_S)

struct program {
    struct profile_run *run;
    struct tap_launch *launch;
    int status; /* as of waitpid */
    bool ended;
};

static void drain(void *user)
{
    struct program *p = user;
    (void)tap_launch_drain(p->launch, profile_run_piece, p->run);
    profile_run_dropped(p->run, tap_launch_dropped(p->launch));
}

static bool ended(void *user)
{
    struct program *p = user;
    p->ended = p->ended || tap_launch_ended(p->launch, &p->status);
    return p->ended;
}

/* Ctrl-C goes to the whole process group, the program included; what somebody sends to us alone is
 * meant for it as well. We end when it does. */
static bool pass_on(void *user, int number, bool from_kernel)
{
    struct program *p = user;
    if (!from_kernel && !ended(p))
        (void)kill(tap_launch_pid(p->launch), number);
    return false;
}

/* Beside this program (a build), or where it was installed. */
static int find_library(char *path, size_t size, struct bench_error *err)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (length < 0)
        return bench_fail(err, -errno, "no /proc/self/exe: %s", bench_errno_text(errno));
    self[length] = '\0';
    char *slash = strrchr(self, '/');
    *slash = '\0';
    if ((size_t)snprintf(path, size, "%s/" RPYCBENCH_PRELOAD_NAME, self) < size &&
        access(path, R_OK) == 0)
        return 0;
    if ((size_t)snprintf(path, size, "%s", RPYCBENCH_PRELOAD_INSTALLED) < size &&
        access(path, R_OK) == 0)
        return 0;
    return bench_fail(err, -ENOENT, "the library %s is neither beside this program nor at %s",
                      RPYCBENCH_PRELOAD_NAME, RPYCBENCH_PRELOAD_INSTALLED);
}

/* The status that a shell gives. */
static int status_of(int status)
{
    return WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

static int start(struct program *p, struct bench_error *err)
{
    const struct profile_options *o = p->run->options;
    char library[PATH_MAX];
    int rc = find_library(library, sizeof(library), err);
    if (rc < 0)
        return rc == -ENOENT ? -ENXIO : rc; /* -ENOENT is about the program */
    const struct tap_launch_options options = {
        .argv = o->program,
        .library = library,
        .ring_bytes = o->ring_bytes,
        .processes_max = PROCESSES_MAX,
        .stall_ns = STALL_NS,
        .places = !o->no_places,
        .sees_server = true,
    };
    return tap_launch_start(&p->launch, &options, err);
}

/* Of tap_launch_start's error. */
static int status_of_error(int rc)
{
    if (rc == -ENOENT)
        return EXIT_NOT_FOUND;
    return rc == -EACCES || rc == -ENOEXEC ? EXIT_CANNOT_RUN : EXIT_NOT_MEASURED;
}

/* All that its processes left in their rings; one that lives on is not waited for. */
static void finish(struct program *p)
{
    const char *why = NULL;
    for (int i = 0; i < DRAINS_MAX; i++)
        if (tap_launch_drain(p->launch, profile_run_piece, p->run) == 0)
            break;
    profile_run_dropped(p->run, tap_launch_dropped(p->launch));
    (void)tap_launch_processes(p->launch, &why);
    profile_run_finish(p->run, why);
}

int profile_program(struct profile_run *run)
{
    struct program p = {.run = run};
    struct bench_error err = {0};
    int signals = -1;
    int rc = profile_loop_init(run, &signals, &err);
    if (rc == 0 && run->options->has_metrics)
        rc = profile_metrics_new(run, &run->options->metrics, &run->metrics, &err);
    int status = EXIT_NOT_MEASURED;
    if (rc == 0 && (rc = start(&p, &err)) < 0)
        status = status_of_error(rc);
    bench_headroom_raise_descriptors(); /* ours; the program has the limit that it was given */
    if (rc == 0 && run->options->live)
        rc = profile_live_new(&run->live);
    if (rc == 0) {
        const struct profile_tap tap = {.user = &p,
                                        .drain = drain,
                                        .signal = pass_on,
                                        .ended = ended,
                                        .fd = tap_launch_fd(p.launch)};
        rc = profile_loop_run(run, signals, &tap, &err);
        finish(&p);
        status = p.ended ? status_of(p.status) : EXIT_NOT_MEASURED;
    }
    if (rc < 0)
        profile_run_say(run, "%s", err.msg);
    profile_live_free(run->live);
    run->live = NULL;
    profile_metrics_free(run->metrics);
    tap_launch_free(p.launch);
    profile_loop_fini(run, signals);
    return status;
}
