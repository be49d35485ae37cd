/* SPDX-License-Identifier: MIT */
#include "suite/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/buf.h"
#include "bench/units.h"
#include "core/proc.h"
#include "suite/blocks.h"
#include "suite/programs.h"
#include "suite/ready.h"

enum {
    STOP_GRACE_S = 5,
    ENV_WORDS_MAX = 8,
};
#define UNIX_PREFIX  "unix:"
#define PADDING_NAME "RPYCBENCH_PADDING="

/* --option NAME=VALUE for those that the server needs and that are not at their default. */
static int add_server_options(const struct bench_target *target,
                              struct bench_server_command *command)
{
    const struct bench_protocol *protocol = target->protocol;
    struct bench_buf text;
    int rc = 0;
    bench_buf_init(&text, 4096);
    for (const struct bench_option *row = protocol->options; rc == 0 && row && row->name; row++) {
        if (!row->server)
            continue;
        bench_buf_clear(&text);
        rc = bench_options_print(row, target->options, &text);
        if (rc == 0)
            rc = bench_buf_add(&text, "", 1);
        const char *value = (const char *)bench_buf_head(&text);
        if (rc < 0 || (row->default_text != NULL && strcmp(value, row->default_text) == 0))
            continue;
        char word[160];
        (void)snprintf(word, sizeof(word), "%s=%s", row->name, value);
        rc = bench_server_command_add(command, "--option");
        if (rc == 0)
            rc = bench_server_command_add(command, word);
    }
    bench_buf_fini(&text);
    return rc;
}

static int add_options(const struct bench_plan *plan, const struct bench_launch_options *o,
                       struct bench_server_command *command)
{
    char clients[16], seed[24], port[8];
    (void)snprintf(clients, sizeof(clients), "%d", o->clients);
    (void)snprintf(seed, sizeof(seed), "%" PRId64, plan->seed);
    (void)snprintf(port, sizeof(port), "%u", o->port);
    /* Descriptors 3 and 4 of the child, in the order in which spawn() lists them. */
    const char *const words[] = {"--bind",         o->bind,      "--port",
                                 port,             "--ready-fd", "3",
                                 "--control-fd",   "4",          "--clients",
                                 clients,          "--payload",  bench_payload_names[plan->payload],
                                 "--payload-seed", seed};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < BENCH_COUNT_OF(words); i++)
        rc = bench_server_command_add(command, words[i]);
    if (rc == 0 && o->target != NULL)
        rc = add_server_options(o->target, command);
    if (rc == 0 && o->target != NULL && o->target->inject[0] != '\0') {
        const char *const inject[] = {"--inject", o->target->inject};
        rc = bench_programs_add_words(command, inject, BENCH_COUNT_OF(inject));
    }
    if (rc < 0 || o->certificate == NULL)
        return rc;
    const char *const tls[] = {"--tls-cert", o->certificate->cert_file, "--tls-key",
                               o->certificate->key_file};
    return bench_programs_add_words(command, tls, BENCH_COUNT_OF(tls));
}

/* A server of our own that is to be an oracle. */
static int add_oracle(const struct bench_plan *plan, struct bench_server_command *command)
{
    const char *const words[] = {"--oracle", plan->oracle, "--oracle-report-fd", "5"};
    return bench_programs_add_words(command, words, BENCH_COUNT_OF(words));
}

static int await_ready(struct bench_launched *l, const struct bench_launch_options *options,
                       int ready_fd, struct bench_error *err)
{
    const char *bind = options->bind;
    uint16_t port;
    int rc = bench_ready_await(ready_fd, l->pid_fd, &port, err);
    if (rc < 0)
        return rc;
    l->address.local = strncmp(bind, UNIX_PREFIX, sizeof(UNIX_PREFIX) - 1) == 0;
    if (l->address.local)
        (void)snprintf(l->address.path, sizeof(l->address.path), "%s",
                       bind + sizeof(UNIX_PREFIX) - 1);
    else if (port == 0)
        return bench_fail(err, -EPROTO, "it said READY without a port");
    const char *host = strcmp(bind, "0.0.0.0") == 0 ? "127.0.0.1" : bind;
    if (strcmp(bind, "::") == 0)
        host = "::1";
    (void)snprintf(l->address.host, sizeof(l->address.host), "%s",
                   l->address.local ? "localhost" : host);
    l->address.port = port;
    l->address.tls = options->certificate != NULL;
    if (l->address.tls) /* and no other certificate */
        (void)snprintf(l->address.ca_file, sizeof(l->address.ca_file), "%s",
                       options->certificate->cert_file);
    return bench_address_resolve(&l->address, err);
}

/* Its environment: bench_python_env, and a variable that nobody reads. */
struct longer {
    char padding[sizeof(PADDING_NAME) + BENCH_PADDING_MAX];
    const char *words[ENV_WORDS_MAX];
};

static const char *const *lengthen(struct longer *env, size_t padding)
{
    const size_t start = sizeof(PADDING_NAME) - 1;
    size_t n = 0;
    for (; bench_python_env[n] != NULL && n + 2 < ENV_WORDS_MAX; n++)
        env->words[n] = bench_python_env[n];
    if (padding >= BENCH_PADDING_MAX)
        padding = BENCH_PADDING_MAX - 1;
    memcpy(env->padding, PADDING_NAME, start);
    memset(env->padding + start, 'x', padding);
    env->padding[start + padding] = '\0';
    env->words[n] = env->padding;
    env->words[n + 1] = NULL;
    return env->words;
}

/* report_fd: descriptor 5 of the child; -1 = none. */
static int spawn(struct bench_launched *l, const struct bench_launch_options *options,
                 const int *ready, const int *control, int report_fd, struct bench_error *err)
{
    struct longer env;
    union {
        char *const *in;
        const char *const *out;
    } argv = {.in = l->command.argv};
    const struct bench_proc_spec spec = {.argv = argv.out,
                                         .fds = {ready[1], control[0], report_fd},
                                         .nfds = report_fd < 0 ? 2 : 3,
                                         .stdin_fd = -1,
                                         .stdout_fd = -1,
                                         .stderr_fd = l->stderr_fd,
                                         .extra_env = lengthen(&env, options->padding),
                                         .cpus = options->cpus};
    int rc = bench_proc_spawn(&spec, &l->pid, err);
    if (rc < 0)
        return rc;
    l->pid_fd = (int)syscall(SYS_pidfd_open, l->pid, 0);
    return l->pid_fd < 0 ? bench_fail(err, -errno, "pidfd_open: %s", bench_errno_text(errno)) : 0;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static void explain(struct bench_launched *l, struct bench_error *err)
{
    char words[200];
    bench_programs_last_words(l->stderr_fd, words, sizeof(words));
    if (err == NULL || words[0] == '\0' || err->code == -EIO)
        return;
    char old[160];
    (void)snprintf(old, sizeof(old), "%.150s", err->msg);
    (void)bench_fail(err, err->code, "%s; its last words: %.90s", old, words);
}

int bench_launch(const struct bench_plan *plan, const struct bench_server_row *row,
                 const struct bench_launch_options *options, struct bench_launched *out,
                 struct bench_error *err)
{
    int ready[2] = {-1, -1}, control[2] = {-1, -1};
    *out = (struct bench_launched){.pid_fd = -1, .control_fd = -1, .stderr_fd = -1};
    int rc = bench_server_command(row, plan->plugins, plan->nplugins, &out->command, err);
    if (rc < 0)
        return rc;
    const bool oracle = plan->oracle != NULL && row->program == NULL;
    if (add_options(plan, options, &out->command) < 0 ||
        (oracle && add_oracle(plan, &out->command) < 0))
        rc = bench_fail(err, -ENOMEM, "out of memory");
    else if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(control, O_CLOEXEC) < 0)
        rc = bench_fail(err, -errno, "no pipe: %s", bench_errno_text(errno));
    if (rc == 0) {
        out->stderr_fd = memfd_create("server-stderr", MFD_CLOEXEC);
        rc = spawn(out, options, ready, control, oracle ? plan->oracle_report_fd : -1, err);
    }
    out->control_fd = control[1];
    close_fd(&ready[1]);
    close_fd(&control[0]);
    if (rc == 0)
        rc = await_ready(out, options, ready[0], err);
    close_fd(&ready[0]);
    if (rc < 0) {
        explain(out, err);
        (void)bench_launched_stop(out, NULL, 0);
    }
    return rc;
}

bool bench_launched_is_dead(const struct bench_launched *l)
{
    struct pollfd fd = {.fd = l->pid_fd, .events = POLLIN};
    return l->pid > 0 && poll(&fd, 1, 0) == 1;
}

bool bench_launched_stop(struct bench_launched *l, char *why, size_t why_size)
{
    bool dead = l->pid > 0 && l->pid_fd >= 0 && bench_launched_is_dead(l);
    int status = 0;
    close_fd(&l->control_fd);
    if (l->pid > 0)
        (void)bench_proc_stop(l->pid, STOP_GRACE_S * BENCH_NS_PER_S, &status);
    /* Children of a listener that was killed died with it and came to us (subreaper). */
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    if (dead && why != NULL) {
        char words[200];
        bench_programs_last_words(l->stderr_fd, words, sizeof(words));
        (void)snprintf(why, why_size, "the server died (%s)%s%s", bench_proc_status_text(status),
                       words[0] != '\0' ? ": " : "", words);
    }
    l->pid = 0;
    close_fd(&l->pid_fd);
    close_fd(&l->stderr_fd);
    bench_server_command_free(&l->command);
    return dead;
}
