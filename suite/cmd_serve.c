/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

#include "bench/units.h"
#include "core/proc.h"
#include "core/certificate.h"
#include "suite/cli.h"
#include "suite/launcher.h"

struct serve_options {
    struct bench_plan plan;
    const char *target;
    const char *bind;
    int64_t port, clients;
    const char *tls_cert, *tls_key;
};

static int set_port(void *target, const char *value, struct bench_error *err)
{
    return bench_parse_int(value, 0, 65535, &((struct serve_options *)target)->port, err);
}

static int set_clients(void *target, const char *value, struct bench_error *err)
{
    return bench_parse_int(value, 1, 20000, &((struct serve_options *)target)->clients, err);
}

static int set_bind(void *target, const char *value, struct bench_error *err)
{
    (void)err;
    ((struct serve_options *)target)->bind = value;
    return 0;
}

static int set_tls_cert(void *target, const char *value, struct bench_error *err)
{
    (void)err;
    ((struct serve_options *)target)->tls_cert = value;
    return 0;
}

static int set_tls_key(void *target, const char *value, struct bench_error *err)
{
    (void)err;
    ((struct serve_options *)target)->tls_key = value;
    return 0;
}

static int set_seed(void *target, const char *value, struct bench_error *err)
{
    return bench_parse_int(value, 0, INT64_MAX, &((struct serve_options *)target)->plan.seed, err);
}

static int set_target(void *target, const char *value, struct bench_error *err)
{
    struct serve_options *o = target;
    if (o->target != NULL)
        return bench_fail(err, -EINVAL, "'%s': it serves one target at a time", value);
    o->target = value;
    return 0;
}

static const struct cli_option options[] = {
    {"port", "N", "to listen on (0 = any free one, which is printed)", set_port},
    {"bind", "ADDRESS", "to listen on (127.0.0.1); native servers: unix:/PATH too", set_bind},
    {"clients", "N", "simultaneous clients to expect: the size of gunicorn's pool (10)",
     set_clients},
    {"tls-cert", "FILE", "serves over TLS with this certificate, in PEM; [tls=on] alone makes one",
     set_tls_cert},
    {"tls-key", "FILE", "its key, in PEM", set_tls_key},
    {"seed", "N", "of the payload (1)", set_seed},
    {NULL, NULL, NULL, NULL},
};

/* The one that was given (no folder), or one made for this server. */
static int find_certificate(const struct serve_options *o, struct bench_certificate *out,
                            struct bench_error *err)
{
    if (o->tls_cert == NULL)
        return bench_certificate_make(NULL, out, err);
    (void)snprintf(out->cert_file, sizeof(out->cert_file), "%s", o->tls_cert);
    (void)snprintf(out->key_file, sizeof(out->key_file), "%s", o->tls_key);
    return 0;
}

static void print_place(const struct serve_options *o, const struct bench_address *address)
{
    const bool v6 = strchr(address->host, ':') != NULL;
    if (address->local)
        (void)printf("%s listens on %s; stop it with Ctrl-C\n", o->target, address->path);
    else
        (void)printf("%s listens on %s%s%s:%u; stop it with Ctrl-C\n", o->target, v6 ? "[" : "",
                     o->bind, v6 ? "]" : "", address->port);
}

/* Until a signal, or until the server ends by itself. Returns the exit status. */
static int serve(const struct serve_options *o, const struct bench_server_row *row)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    int signals = signalfd(-1, &set, SFD_CLOEXEC);
    (void)bench_proc_become_subreaper();
    struct bench_launched server;
    struct bench_error err = {0};
    struct bench_certificate certificate = {.folder = ""};
    const bool tls = o->tls_cert != NULL || o->plan.targets[0].tls;
    if (tls && find_certificate(o, &certificate, &err) < 0) {
        (void)fprintf(stderr, "rpycbench serve: %s: %s\n", o->target, err.msg);
        return EXIT_NOT_MEASURED;
    }
    const struct bench_launch_options launch = {
        .bind = o->bind, .port = (uint16_t)o->port, .clients = (int)o->clients,
        .target = &o->plan.targets[0], .certificate = tls ? &certificate : NULL};
    if (bench_launch(&o->plan, row, &launch, &server, &err) < 0) {
        (void)fprintf(stderr, "rpycbench serve: %s: could not be started: %s\n", o->target,
                      err.msg);
        bench_certificate_remove(&certificate);
        return EXIT_NOT_MEASURED;
    }
    print_place(o, &server.address);
    if (certificate.folder[0] != '\0')
        (void)printf("its clients may trust %s\n", certificate.cert_file);
    (void)fflush(stdout);
    struct pollfd fds[] = {{.fd = signals, .events = POLLIN},
                           {.fd = server.pid_fd, .events = POLLIN}};
    while (poll(fds, 2, -1) < 0 && errno == EINTR)
        ;
    bool asked = fds[0].revents != 0;
    char why[320] = "";
    bool died = bench_launched_stop(&server, why, sizeof(why));
    bench_certificate_remove(&certificate);
    if (died && !asked) {
        (void)fprintf(stderr, "rpycbench serve: %s: %s\n", o->target, why);
        return EXIT_NOT_MEASURED;
    }
    return EXIT_FINE;
}

static int check_tls(const struct serve_options *o, struct bench_error *err)
{
    const char *const files[] = {o->tls_cert, o->tls_key};
    if ((o->tls_cert == NULL) != (o->tls_key == NULL))
        return bench_fail(err, -EINVAL, "--tls-cert and --tls-key go together");
    for (size_t i = 0; i < BENCH_COUNT_OF(files); i++)
        if (files[i] != NULL && strlen(files[i]) >= sizeof(((struct bench_certificate *)0)->key_file))
            return bench_fail(err, -ENAMETOOLONG, "'%.40s...' is too long", files[i]);
    return 0;
}

int cmd_serve(int argc, char **argv)
{
    const struct cli_command *command = cli_find("serve");
    struct serve_options *o = calloc(1, sizeof(*o));
    struct bench_error err = {0};
    if (o == NULL)
        return EXIT_NOT_MEASURED;
    o->bind = "127.0.0.1";
    o->clients = 10;
    o->plan.seed = 1;
    int rc = cli_parse(command, options, set_target, o, argc, argv, &err);
    if (rc == 0 && o->target == NULL)
        rc = bench_fail(&err, -EINVAL, "which server? write PROTOCOL/MODE/SERVER");
    if (rc == 0)
        rc = bench_plan_add_targets(&o->plan, o->target, &err);
    if (rc == 0 && (o->plan.ntargets != 1 || o->plan.targets[0].server == NULL))
        rc = bench_fail(&err, -EINVAL, "'%s' is not one server that can be started", o->target);
    if (rc == 0)
        rc = check_tls(o, &err);
    int status = rc < 0    ? cli_usage_error(command, &err)
                 : rc == 0 ? serve(o, o->plan.targets[0].server)
                           : EXIT_FINE;
    bench_plan_fini(&o->plan);
    free(o);
    return status;
}
