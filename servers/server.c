/* SPDX-License-Identifier: MIT */
#include "servers/server.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "bench/log.h"
#include "bench/option.h"
#include "bench/units.h"
#include "core/tls.h"
#include "service/oracle.h"
#include "service/service.h"

#define STOP_GRACE_NS     (2 * BENCH_NS_PER_S)
#define OTHER_DESCRIPTORS 64 /* of the server, besides one per session */

const struct server_mode *const server_modes[] = {
    &server_mode_threaded,
    &server_mode_forking,
    NULL,
};

void server_serve(struct server *server, struct bench_session *session)
{
    struct bench_error error = {.code = 0};
    int rc = bench_session_handshake(session, &error);
    if (rc == 0)
        rc = server->protocol->server->serve(session, &error);
    if (rc < 0 && !bench_session_stopping(session))
        bench_log(BENCH_LOG_DEBUG, "server", "session ended: %s", error.msg);
}

/* ---- choosing protocol and mode ---- */

static void append(char *list, size_t size, const char *name)
{
    const size_t used = strlen(list);
    (void)snprintf(list + used, size - used, "%s%s", used > 0 ? ", " : "", name);
}

static int find_mode(const char *name, const struct server_mode **out, struct bench_error *err)
{
    char list[128] = "";
    for (size_t i = 0; server_modes[i] != NULL; i++) {
        append(list, sizeof(list), server_modes[i]->name);
        if (strcmp(server_modes[i]->name, name) == 0) {
            *out = server_modes[i];
            return 0;
        }
    }
    return bench_fail(err, -ENOENT, "no mode '%s'; there is %s", name, list);
}

static int find_protocol(const char *name, const struct bench_protocol **out,
                         struct bench_error *err)
{
    const struct bench_protocol *protocol = bench_protocol_find(name, strlen(name));
    if (protocol == NULL || protocol->server == NULL) {
        char list[128] = "";
        for (const struct bench_protocol *const *p = bench_protocols(); *p != NULL; p++)
            if ((*p)->server != NULL)
                append(list, sizeof(list), (*p)->name);
        return bench_fail(err, -ENOENT, "no protocol '%s' can be served; there is %s", name, list);
    }
    const char *why = protocol->unavailable != NULL ? protocol->unavailable() : NULL;
    if (why != NULL)
        return bench_fail(err, -ENOTSUP, "%s is not available: %s", name, why);
    *out = protocol;
    return 0;
}

static int set_protocol_option(struct server *server, const char *text, struct bench_error *err)
{
    char key[64];
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text || (size_t)(equals - text) >= sizeof(key))
        return bench_fail(err, -EINVAL, "option '%s' is not KEY=VALUE", text);
    memcpy(key, text, (size_t)(equals - text));
    key[equals - text] = '\0';
    return bench_options_set(server->protocol->options, server->options, key, equals + 1, err);
}

static int prepare_protocol(struct server *server, const struct server_settings *settings,
                            struct bench_error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < settings->plugins.count; i++)
        rc = bench_protocol_load(settings->plugins.items[i], err);
    if (rc == 0)
        rc = find_protocol(settings->protocol, &server->protocol, err);
    if (rc < 0)
        return rc;
    const struct bench_protocol *protocol = server->protocol;
    rc = bench_options_new(protocol->options, protocol->options_size, &server->options, err);
    for (size_t i = 0; rc == 0 && i < settings->options.count; i++)
        rc = set_protocol_option(server, settings->options.items[i], err);
    if (rc == 0 && protocol->check != NULL)
        rc = protocol->check(server->options, err);
    if (rc < 0)
        return rc;
    const struct bench_server_ops *ops = protocol->server;
    server->shared = calloc(1, ops->server_size > 0 ? ops->server_size : 1);
    if (server->shared == NULL)
        return bench_fail(err, -ENOMEM, "no memory for the protocol");
    rc = ops->init != NULL ? ops->init(server->shared, server->options, err) : 0;
    server->prepared = rc == 0;
    return rc;
}

/* ---- service ---- */

/* The libraries behind the service do their first-time work here and not in the first session, or,
 * with forked children, in each of them. */
static int warm_up(const struct bench_service *service, struct bench_error *err)
{
    struct bench_arena arena;
    struct bench_value result;
    bench_arena_init(&arena, 4096);
    struct bench_call call = {.arena = &arena, .service = service};
    const struct bench_value once = bench_int(1);
    const int rc =
        service->call(service, &call, bench_operation_get(BENCH_OP_CPU_WORK), &once, 1, &result);
    bench_arena_fini(&arena);
    if (rc < 0)
        return bench_fail(err, rc, "cpu_work does not work here: %s", bench_errno_text(rc));
    return 0;
}

static int prepare_tls(struct server *server, const struct server_settings *settings,
                       struct bench_error *err)
{
    if (settings->tls_cert == NULL)
        return 0;
    if (!(server->protocol->caps & BENCH_CAP_TLS))
        return bench_fail(err, -ENOTSUP, "%s cannot be served over TLS", server->protocol->name);
    return bench_tls_server_context(settings->tls_cert, settings->tls_key, &server->tls, err);
}

static int prepare_service(struct server *server, const struct server_settings *settings,
                           struct bench_error *err)
{
    int rc = bench_payload_init((enum bench_payload_kind)settings->payload,
                                (uint64_t)settings->payload_seed, err);
    if (rc == 0)
        rc = warm_up(bench_reference_service(), err);
    bench_inject_set(&settings->inject);
    if (rc == 0 && settings->oracle != NULL)
        rc = bench_oracle_start(settings->oracle, (int)settings->oracle_report_fd, err);
    server->setup = (struct bench_session_setup){
        .service = bench_reference_service(),
        .server = server->shared,
        .session_size = server->protocol->server->session_size,
        .limits = {.idle_timeout_ns = settings->idle_timeout_ns,
                   .message_timeout_ns = settings->message_timeout_ns,
                   .message_bytes = (uint64_t)settings->max_message,
                   .read_ahead_bytes = (uint64_t)settings->read_ahead},
        .tls = server->tls,
    };
    return rc;
}

/* ---- process ---- */

/* Inherited descriptors must not go on to forked or started programs. */
static int adopt_descriptor(const char *option, int64_t fd, struct bench_error *err)
{
    if (fd >= 0 && fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
        return bench_fail(err, -EBADF, "option %s: descriptor %" PRId64 " is not open", option, fd);
    return 0;
}

static int prepare_descriptors(const struct server_settings *settings, struct bench_error *err)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return bench_fail(err, -errno, "getrlimit: %s", bench_errno_text(errno));
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < (rlim_t)settings->clients + OTHER_DESCRIPTORS)
        return bench_fail(err, -EMFILE,
                          "option clients: %" PRId64 " need more than the %ju "
                          "descriptors that are allowed",
                          settings->clients, (uintmax_t)limit.rlim_cur);
    int rc = adopt_descriptor("ready-fd", settings->ready_fd, err);
    if (rc == 0)
        rc = adopt_descriptor("control-fd", settings->control_fd, err);
    return rc < 0 ? rc : adopt_descriptor("oracle-report-fd", settings->oracle_report_fd, err);
}

/* All signals that the accept loop reads are blocked before there is any thread. */
static int prepare_signals(struct server *server, struct bench_error *err)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t set;
    (void)sigaction(SIGPIPE, &ignore, NULL);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &set, &server->start_mask);
    server->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (server->signal_fd < 0)
        return bench_fail(err, -errno, "signalfd: %s", bench_errno_text(errno));
    /* io_work waits as long as it was told, not up to 50 us longer */
    (void)prctl(PR_SET_TIMERSLACK, 1);
    return 0;
}

static int prepare(struct server *server, const struct server_settings *settings, uint16_t *port,
                   struct bench_error *err)
{
    int rc = prepare_descriptors(settings, err);
    if (rc == 0)
        rc = prepare_signals(server, err);
    if (rc == 0)
        rc = find_mode(settings->mode, &server->mode, err);
    if (rc == 0)
        rc = prepare_protocol(server, settings, err);
    if (rc == 0)
        rc = prepare_tls(server, settings, err);
    if (rc == 0)
        rc = prepare_service(server, settings, err);
    if (rc == 0)
        rc = server_listen(settings->bind, (uint16_t)settings->port, &server->listener, port, err);
    if (rc == 0)
        server->socket_path = server_local_path(settings->bind);
    return rc;
}

static void release(struct server *server)
{
    if (server->listener >= 0)
        (void)close(server->listener);
    if (server->socket_path != NULL)
        (void)unlink(server->socket_path);
    if (server->prepared && server->protocol->server->fini != NULL)
        server->protocol->server->fini(server->shared);
    bench_tls_context_free(server->tls);
    free(server->shared);
    if (server->options != NULL)
        bench_options_free(server->protocol->options, server->options);
    if (server->signal_fd >= 0)
        (void)close(server->signal_fd);
}

static void announce(const struct server_settings *settings, uint16_t port)
{
    if (settings->ready_fd >= 0) {
        server_ready((int)settings->ready_fd, port);
        return;
    }
    if (server_local_path(settings->bind) != NULL) {
        (void)fprintf(stderr, "listening on %s\n", server_local_path(settings->bind));
        return;
    }
    const bool is_ipv6 = strchr(settings->bind, ':') != NULL;
    (void)fprintf(stderr, "listening on %s%s%s:%u\n", is_ipv6 ? "[" : "", settings->bind,
                  is_ipv6 ? "]" : "", port);
}

static int fail_start(struct server *server, const struct server_settings *settings,
                      const struct bench_error *error)
{
    (void)fprintf(stderr, "rpycbench-server: %s\n", error->msg);
    server_failed((int)settings->ready_fd, error->msg);
    release(server);
    return SERVER_EXIT_START;
}

int server_main(const struct server_settings *settings)
{
    struct bench_error error = {.code = 0};
    uint16_t port = 0;
    void *state = NULL;
    const int64_t sessions =
        settings->sessions > settings->clients ? settings->sessions : settings->clients;
    struct server server = {.listener = -1,
                            .signal_fd = -1,
                            .control_fd = (int)settings->control_fd,
                            .max_sessions = (size_t)sessions};
    bench_log_threshold = (enum bench_log_level)settings->log_level;
    int rc = prepare(&server, settings, &port, &error);
    if (rc == 0)
        rc = server.mode->init(&server, &state, &error);
    if (rc < 0)
        return fail_start(&server, settings, &error);

    announce(settings, port);
    rc = server_accept_loop(&server, state, &error);
    if (rc < 0)
        bench_log(BENCH_LOG_ERROR, "server", "%s", error.msg);
    (void)close(server.listener);
    server.listener = -1;
    const int status = rc < 0 ? SERVER_EXIT_START : SERVER_EXIT_OK;
    if (!server.mode->stop(state, STOP_GRACE_NS)) {
        if (server.socket_path != NULL)
            (void)unlink(server.socket_path);
        _exit(status); /* threads still use what exit would tear down */
    }
    release(&server);
    return status;
}
