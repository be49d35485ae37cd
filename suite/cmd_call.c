/* SPDX-License-Identifier: MIT */
/* `rpycbench call URL EXPRESSION`: one call, its value, and what it cost. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "bench/buf.h"
#include "bench/units.h"
#include "render/json.h"
#include "render/table.h"
#include "suite/call.h"
#include "suite/cli.h"

struct call_options {
    struct bench_plan plan; /* one target */
    const char *url, *expression;
    bool verbose, json, profile;
    struct bench_one_call call;
};

static int set_verbose(void *target, const char *value, struct bench_error *err)
{
    (void)value;
    (void)err;
    ((struct call_options *)target)->verbose = true;
    return 0;
}

static int set_json(void *target, const char *value, struct bench_error *err)
{
    (void)value;
    (void)err;
    ((struct call_options *)target)->json = true;
    return 0;
}

static int set_profile(void *target, const char *value, struct bench_error *err)
{
    (void)value;
    (void)err;
    ((struct call_options *)target)->profile = true;
    return 0;
}

static int set_timeout(void *target, const char *value, struct bench_error *err)
{
    int64_t *out = &((struct call_options *)target)->call.timeout_ns;
    int rc = bench_parse_duration(value, out, err);
    return rc == 0 && *out <= 0 ? bench_fail(err, -EINVAL, "'%s' is no time to wait", value) : rc;
}

static int set_ca_file(void *target, const char *value, struct bench_error *err)
{
    struct bench_plan *plan = &((struct call_options *)target)->plan;
    if (strlen(value) >= sizeof(plan->targets[0].address.ca_file))
        return bench_fail(err, -EINVAL, "'%.40s...' is too long", value);
    plan->ca_file = value;
    return 0;
}

static int set_insecure(void *target, const char *value, struct bench_error *err)
{
    (void)value;
    (void)err;
    ((struct call_options *)target)->plan.insecure = true;
    return 0;
}

static int set_plugin(void *target, const char *value, struct bench_error *err)
{
    return bench_plan_add_plugin(&((struct call_options *)target)->plan, value, err);
}

static int set_argument(void *target, const char *value, struct bench_error *err)
{
    struct call_options *o = target;
    if (o->url == NULL)
        o->url = value;
    else if (o->expression == NULL)
        o->expression = value;
    else
        return bench_fail(err, -EINVAL,
                          "'%s' behind URL and EXPRESSION: put the expression between quotes",
                          value);
    return 0;
}

static const struct cli_option options[] = {
    {"verbose", NULL, "-v: every message with direction, kind, size and time", set_verbose},
    {"json", NULL, "value, cost and messages as one JSON object", set_json},
    {"profile", NULL, "what the call did on the wire, by name, and what to change", set_profile},
    {"timeout", "TIME", "for connecting and for the answer, each (30s)", set_timeout},
    {"ca-file", "FILE", "checks the server's certificate against these (the system's)",
     set_ca_file},
    {"insecure", NULL, "-k: does not check the server's certificate", set_insecure},
    {"plugin", "FILE.so", "loads a protocol from a shared object (may be repeated)", set_plugin},
    {NULL, NULL, NULL, NULL},
};

/* ---- errors ---- */

/* The expression with a caret below the column that the message names, if it does. */
static void point_at(const char *expression, const char *message)
{
    const char *column = strstr(message, "column ");
    char *line = strdup(expression);
    if (column == NULL || line == NULL || strlen(expression) > 2000) {
        free(line);
        return;
    }
    const unsigned long at = strtoul(column + strlen("column "), NULL, 10);
    size_t width = 0;
    for (size_t i = 0; line[i] != '\0'; i++) {
        const unsigned char byte = (unsigned char)line[i];
        if (i + 1 < at && (byte & 0xc0) != 0x80)
            width++;
        if (byte < ' ' || byte == 0x7f)
            line[i] = ' ';
    }
    (void)fprintf(stderr, "  %s\n  %*s^\n", line, (int)width, "");
    free(line);
}

static int bad_expression(const struct call_options *o, const struct bench_error *err)
{
    (void)fprintf(stderr, "rpycbench call: the expression cannot be read: %s\n", err->msg);
    point_at(o->expression, err->msg);
    return EXIT_USAGE;
}

static void print_traceback(const char *text)
{
    const bool one_line = strchr(text, '\n') == NULL;
    (void)fprintf(stderr, "on the other side:%s", one_line ? "" : "\n");
    for (const char *line = text; *line != '\0';) {
        size_t n = strcspn(line, "\n");
        char *raw = strndup(line, n), *clean = malloc(n + 1);
        if (raw != NULL && clean != NULL && n > 0)
            (void)fprintf(stderr, "%s%s\n", one_line ? " " : "  ", bench_text_clean(raw, clean, n + 1));
        free(raw);
        free(clean);
        line += n + (line[n] == '\n');
    }
}

/* ---- what came of it ---- */

static int status_of(const struct bench_one_call *call)
{
    switch (call->outcome) {
    case BENCH_CALL_ANSWERED:
        return EXIT_FINE;
    case BENCH_CALL_RAISED:
        return EXIT_NO;
    case BENCH_CALL_INTERRUPTED:
        return EXIT_INTERRUPTED;
    case BENCH_CALL_NO_ANSWER:
    case BENCH_CALL_NOT_REACHED:
        break;
    }
    return EXIT_NOT_MEASURED;
}

/* The scheme of the same protocol with, or without, TLS; NULL = there is none. */
static const char *other_scheme(const struct bench_target *t)
{
    for (const struct bench_scheme *s = t->protocol->schemes; s != NULL && s->name != NULL; s++)
        if (s->tls != t->tls && !t->address.local)
            return s->name;
    return NULL;
}

/* A peer that says nothing at all often speaks something else. */
static void print_hint(const struct call_options *o)
{
    const struct bench_one_call *call = &o->call;
    const struct bench_target *t = call->target;
    const char *other = other_scheme(t);
    const bool silent = call->failure == BENCH_FAILURE_CLOSED ||
                        call->failure == BENCH_FAILURE_RESET ||
                        call->failure == BENCH_FAILURE_TIMEOUT;
    if (!silent || call->received > 0 || !call->connected)
        return;
    (void)fprintf(stderr, "It said nothing: does it speak %s%s?",
                  t->protocol->family != NULL ? t->protocol->family : t->protocol->name,
                  t->tls ? " over TLS" : "");
    if (other != NULL)
        (void)fprintf(stderr, " With%s TLS it is %s://", t->tls ? "out" : "", other);
    (void)fputc('\n', stderr);
}

static void print_failure(const struct call_options *o)
{
    const struct bench_one_call *call = &o->call;
    char clean[sizeof(call->error.msg)];
    (void)bench_text_clean(call->error.msg, clean, sizeof(clean));
    if (call->outcome == BENCH_CALL_INTERRUPTED)
        (void)fprintf(stderr, "rpycbench call: interrupted\n");
    else if (call->outcome == BENCH_CALL_NOT_REACHED)
        (void)fprintf(stderr, "rpycbench call: %s: not reached: %s\n", o->url, clean);
    else if (call->outcome == BENCH_CALL_NO_ANSWER)
        (void)fprintf(stderr, "rpycbench call: %s: no answer (%s): %s\n", o->url,
                      bench_failure_name(call->failure), clean);
    else
        (void)fprintf(stderr, "rpycbench call: %s\n", clean);
    print_hint(o);
    if (call->traceback != NULL)
        print_traceback(call->traceback);
}

static double seconds(int64_t ns) { return (double)ns / (double)BENCH_NS_PER_S; }

static const char *plural(size_t n) { return n == 1 ? "" : "s"; }

static void print_cost(const struct bench_one_call *call)
{
    const struct bench_call_cost open = bench_one_call_cost(call, BENCH_PHASE_CONNECT);
    const struct bench_call_cost cost = bench_one_call_cost(call, BENCH_PHASE_CALL);
    (void)fprintf(stderr,
                  "call: %" PRIu32 " round trip%s, %zu message%s, %" PRIu64 " B sent, %" PRIu64
                  " B received, %s\n",
                  call->stat.round_trips, plural(call->stat.round_trips), cost.messages,
                  plural(cost.messages), cost.sent, cost.received,
                  bench_format_seconds(seconds(call->call_ns)).s);
    (void)fprintf(stderr, "before it, connecting: ");
    if (open.messages > 0)
        (void)fprintf(stderr, "%zu message%s, %" PRIu64 " B sent, %" PRIu64 " B received, ",
                      open.messages, plural(open.messages), open.sent, open.received);
    (void)fprintf(stderr, "%s\n", bench_format_seconds(seconds(call->connect_ns)).s);
}

static int write_profile(const struct bench_one_call *call)
{
    const struct bench_telemetry_format format = {
        .sections = BENCH_TELEMETRY_SUMMARY | BENCH_TELEMETRY_FINDINGS | BENCH_TELEMETRY_TREE};
    (void)fputc('\n', stderr);
    return bench_telemetry_write(call->telemetry, &format, stderr);
}

/* ---- JSON ---- */

static json_t *text_json(const char *text)
{
    return text == NULL ? json_null() : bench_json_text(text);
}

static json_t *cost_json(const struct bench_one_call *call, enum bench_call_phase phase,
                         int64_t ns)
{
    const struct bench_call_cost cost = bench_one_call_cost(call, phase);
    return json_pack("{s:f, s:I, s:I, s:I}", "seconds", seconds(ns), "messages",
                     (json_int_t)cost.messages, "bytes_sent", (json_int_t)cost.sent,
                     "bytes_received", (json_int_t)cost.received);
}

static json_t *messages_json(const struct bench_one_call *call)
{
    json_t *list = json_array();
    for (size_t i = 0; i < call->nmessages; i++) {
        const struct bench_conn_message *m = &call->messages[i].message;
        json_t *one = json_pack(
            "{s:s, s:b, s:s, s:o, s:o, s:I, s:I, s:f}", "phase",
            bench_call_phase_names[call->messages[i].phase], "sent", m->sent, "kind", m->kind,
            "id", m->id < 0 ? json_null() : json_integer(m->id), "what", text_json(m->what),
            "plain_bytes", (json_int_t)m->plain, "wire_bytes", (json_int_t)m->wire, "seconds",
            seconds(m->at_ns - call->began_ns));
        if (json_array_append_new(list, one) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *error_json(const struct bench_one_call *call)
{
    if (call->outcome == BENCH_CALL_ANSWERED)
        return json_null();
    return json_pack("{s:s, s:o, s:o}", "kind", bench_failure_name(call->failure), "message",
                     text_json(call->error.msg), "traceback",
                     call->traceback == NULL ? json_null()
                                             : json_string(call->traceback));
}

static int print_json(const struct call_options *o)
{
    static const char *const outcomes[] = {
        [BENCH_CALL_ANSWERED] = "answered",
        [BENCH_CALL_RAISED] = "raised",
        [BENCH_CALL_NO_ANSWER] = "no-answer",
        [BENCH_CALL_NOT_REACHED] = "not-reached",
        [BENCH_CALL_INTERRUPTED] = "interrupted",
    };
    const struct bench_one_call *call = &o->call;
    const char *value = call->outcome == BENCH_CALL_ANSWERED
                            ? (const char *)bench_buf_head(&call->value)
                            : NULL;
    json_t *json = json_pack(
        "{s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:i, s:o}", "url", text_json(o->url),
        "expression", text_json(o->expression), "protocol", call->target->protocol->name, "status",
        outcomes[call->outcome], "value", text_json(value), "error", error_json(call), "connect",
        cost_json(call, BENCH_PHASE_CONNECT, call->connect_ns), "call",
        cost_json(call, BENCH_PHASE_CALL, call->call_ns), "round_trips",
        (int)call->stat.round_trips, "messages", messages_json(call));
    int rc = json == NULL ? -ENOMEM : json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    (void)putchar('\n');
    json_decref(json);
    if (json == NULL)
        (void)fprintf(stderr, "rpycbench call: out of memory\n");
    return rc;
}

/* ---- the command ---- */

/* Whether all of it got out. A reader that has left knows that it did not. */
static bool flush_output(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    if (errno != EPIPE)
        (void)fprintf(stderr, "rpycbench call: the value could not be written: %s\n",
                      bench_errno_text(errno));
    return false;
}

/* One call with SIGINT and SIGTERM at a descriptor while it lasts. */
static int call_interruptibly(struct bench_one_call *call, struct bench_error *err)
{
    sigset_t before;
    (void)sigprocmask(SIG_BLOCK, NULL, &before);
    call->interrupt_fd = cli_block_signals();
    int rc = bench_one_call(call, err);
    struct signalfd_siginfo info; /* one that was seen is not to come again */
    while (call->interrupt_fd >= 0 && read(call->interrupt_fd, &info, sizeof(info)) > 0)
        ;
    if (call->interrupt_fd >= 0)
        (void)close(call->interrupt_fd);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static int make_call(struct call_options *o)
{
    struct bench_one_call *call = &o->call;
    struct bench_error err = {0};
    call->target = &o->plan.targets[0];
    call->expression = o->expression;
    call->verbose = o->verbose ? stderr : NULL;
    int rc = o->profile ? bench_telemetry_new(&call->telemetry, NULL, &err) : 0;
    if (rc < 0) {
        (void)fprintf(stderr, "rpycbench call: %s\n", err.msg);
        return EXIT_NOT_MEASURED;
    }
    rc = call_interruptibly(call, &err);
    int status = status_of(call);
    if (rc == -EINVAL || rc == -ENOTSUP) {
        status = bad_expression(o, &err);
    } else if (rc < 0) {
        (void)fprintf(stderr, "rpycbench call: %s\n", err.msg);
        status = EXIT_NOT_MEASURED;
    } else if (o->json) {
        if (print_json(o) < 0)
            status = EXIT_NOT_MEASURED;
    } else if (status == EXIT_FINE) {
        (void)puts((const char *)bench_buf_head(&call->value));
    }
    if (rc == 0 && !flush_output() && status == EXIT_FINE)
        status = EXIT_NOT_MEASURED;
    if (rc == 0 && !o->json && call->outcome != BENCH_CALL_ANSWERED)
        print_failure(o);
    if (rc == 0 && !o->json && call->outcome != BENCH_CALL_NOT_REACHED && call->call_ns > 0)
        print_cost(call);
    if (rc == 0 && call->telemetry != NULL && write_profile(call) < 0) {
        (void)fprintf(stderr, "rpycbench call: the profile could not be written\n");
        status = status == EXIT_FINE ? EXIT_NOT_MEASURED : status;
    }
    bench_one_call_fini(call);
    bench_telemetry_free(call->telemetry);
    call->telemetry = NULL;
    return status;
}

static int parse(struct call_options *o, int argc, char **argv, struct bench_error *err)
{
    int rc = cli_parse(cli_find("call"), options, set_argument, o, argc, argv, err);
    if (rc != 0)
        return rc;
    if (o->expression == NULL)
        return bench_fail(err, -EINVAL, "%s", o->url == NULL ? "call what? write URL EXPRESSION"
                                                             : "no expression behind the URL: write "
                                                               "for example 'root.ping()' or "
                                                               "'GET /ping'");
    if (strstr(o->url, "://") == NULL)
        return bench_fail(err, -EINVAL, "'%s' is not a URL: write rpyc://HOST:PORT", o->url);
    rc = bench_plan_load_plugins(&o->plan, err);
    if (rc == 0)
        rc = bench_plan_add_targets(&o->plan, o->url, err);
    if (rc == 0 && o->plan.ntargets != 1)
        return bench_fail(err, -EINVAL, "'%s' is more than one URL", o->url);
    const struct bench_target *t = &o->plan.targets[0];
    if (rc == 0 && o->profile && t->protocol->decoder == NULL)
        return bench_fail(err, -EINVAL, "--profile: nothing here can read %s", t->protocol->name);
    return rc == 0 && t->protocol->check != NULL ? t->protocol->check(t->options, err) : rc;
}

int cmd_call(int argc, char **argv)
{
    struct call_options *o = calloc(1, sizeof(*o));
    struct bench_error err = {0};
    if (o == NULL)
        return EXIT_NOT_MEASURED;
    o->call.timeout_ns = 30 * BENCH_NS_PER_S;
    int rc = parse(o, argc, argv, &err);
    int status = EXIT_FINE;
    if (rc == 0) {
        status = make_call(o);
    } else if (rc == -EHOSTUNREACH) {
        (void)fprintf(stderr, "rpycbench call: %s\n", err.msg);
        status = EXIT_NOT_MEASURED;
    } else if (rc < 0) {
        status = cli_usage_error(cli_find("call"), &err);
    }
    bench_plan_fini(&o->plan);
    free(o);
    return status;
}
