/* SPDX-License-Identifier: MIT */
#include "servers/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "bench/option.h"
#include "service/service.h"

#define MEMBER(name) offsetof(struct server_settings, name)

static const char *const levels[] = {"error", "warn", "info", "debug", NULL};

static const struct bench_option table[] = {
    {.name = "protocol",
     .type = BENCH_OPTION_STRING,
     .offset = MEMBER(protocol),
     .help = "the protocol to serve (required)"},
    {.name = "mode",
     .type = BENCH_OPTION_STRING,
     .offset = MEMBER(mode),
     .default_text = "threaded",
     .help = "where sessions run"},
    {.name = "bind",
     .type = BENCH_OPTION_STRING,
     .offset = MEMBER(bind),
     .default_text = "127.0.0.1",
     .help = "address or host name to listen on, or unix:/PATH"},
    {.name = "port",
     .type = BENCH_OPTION_INT,
     .offset = MEMBER(port),
     .default_text = "0",
     .min = 0,
     .max = 65535,
     .help = "TCP port, 0 = any that is free"},
    {.name = "ready-fd",
     .type = BENCH_OPTION_INT,
     .offset = MEMBER(ready_fd),
     .default_text = "-1",
     .min = -1,
     .max = 1 << 20,
     .help = "descriptor that gets \"READY PORT\" or \"FAILED why\", -1 = none"},
    {.name = "control-fd",
     .type = BENCH_OPTION_INT,
     .offset = MEMBER(control_fd),
     .default_text = "-1",
     .min = -1,
     .max = 1 << 20,
     .help = "descriptor whose end of file stops the server, -1 = none"},
    {.name = "clients",
     .type = BENCH_OPTION_INT,
     .offset = MEMBER(clients),
     .default_text = "1",
     .min = 1,
     .max = 1e6,
     .help = "connections to expect at once"},
    {.name = "sessions",
     .type = BENCH_OPTION_INT,
     .offset = MEMBER(sessions),
     .default_text = "20000",
     .min = 1,
     .max = 1e6,
     .help = "most sessions at once; others wait to be accepted"},
    {.name = "payload",
     .type = BENCH_OPTION_ENUM,
     .offset = MEMBER(payload),
     .default_text = "random",
     .choices = bench_payload_names,
     .help = "what downloads consist of"},
    {.name = "payload-seed",
     .type = BENCH_OPTION_INT,
     .offset = MEMBER(payload_seed),
     .default_text = "0",
     .min = 0,
     .max = 9e18,
     .help = "makes the random and text payloads"},
    {.name = "idle-timeout",
     .type = BENCH_OPTION_DURATION,
     .offset = MEMBER(idle_timeout_ns),
     .default_text = "0",
     .min = 0,
     .max = 9e18,
     .help = "ends a session without a request for that long, 0 = never"},
    {.name = "message-timeout",
     .type = BENCH_OPTION_DURATION,
     .offset = MEMBER(message_timeout_ns),
     .default_text = "5m",
     .min = 0,
     .max = 9e18,
     .help = "for a request to arrive once it began, and for a reply to leave, 0 = any"},
    {.name = "max-message",
     .type = BENCH_OPTION_SIZE,
     .offset = MEMBER(max_message),
     .default_text = "1025MiB",
     .min = 64,
     .max = 4e9,
     .help = "largest request"},
    {.name = "read-ahead",
     .type = BENCH_OPTION_SIZE,
     .offset = MEMBER(read_ahead),
     .default_text = "32MiB",
     .min = 0,
     .max = 4e9,
     .help = "most a session reads while its reply is computed or written, 0 = nothing"},
    {.name = "tls-cert",
     .type = BENCH_OPTION_STRING,
     .offset = MEMBER(tls_cert),
     .help = "serves over TLS with this certificate (PEM file, with its chain)"},
    {.name = "tls-key",
     .type = BENCH_OPTION_STRING,
     .offset = MEMBER(tls_key),
     .help = "its key (PEM file)"},
    {.name = "inject",
     .type = BENCH_OPTION_STRING,
     .offset = MEMBER(inject_text),
     .help = "makes each call slower, to try what measures it: cpu=TIME, delay=TIME or both"},
    {.name = "log",
     .type = BENCH_OPTION_ENUM,
     .offset = MEMBER(log_level),
     .default_text = "warn",
     .choices = levels,
     .help = "how much to tell on stderr"},
    {.name = "oracle",
     .type = BENCH_OPTION_STRING,
     .offset = MEMBER(oracle),
     .help = "ping has a known answer: zero, fixed=TIME, mm1=RATE[,seed=N], md1=RATE, freeze=AT:FOR"},
    {.name = "oracle-report-fd",
     .type = BENCH_OPTION_INT,
     .offset = MEMBER(oracle_report_fd),
     .default_text = "-1",
     .min = -1,
     .max = 1 << 20,
     .help = "descriptor of a file that gets each ping's times, -1 = none"},
    {.name = NULL},
};

/* The options that are not rows of the table. */
static const struct extra {
    const char *name, *value, *help;
} extras[] = {
    {"option", "KEY=VALUE", "an option of the protocol; may be repeated"},
    {"plugin", "FILE.so", "loads one more protocol; may be repeated"},
    {"exec", "PID -- PROGRAM...", "becomes PROGRAM, which dies when process PID does"},
    {"help", NULL, "prints this"},
    {"version", NULL, "prints the version"},
};

static int unknown_option(const char *name, size_t length, struct bench_error *err)
{
    struct bench_buf list;
    bench_buf_init(&list, 512);
    int rc = 0;
    for (const struct bench_option *row = table; rc >= 0 && row->name != NULL; row++)
        rc = bench_buf_printf(&list, " %s", row->name);
    for (size_t i = 0; rc >= 0 && i < BENCH_COUNT_OF(extras); i++)
        rc = bench_buf_printf(&list, " %s", extras[i].name);
    bench_fail(err, -EINVAL, "no option '%.*s'; there are%.*s", (int)(length < 40 ? length : 40),
               name, (int)bench_buf_length(&list), (const char *)bench_buf_head(&list));
    bench_buf_fini(&list);
    return -EINVAL;
}

static int add_to_list(struct server_list *list, const char *name, const char *value,
                       struct bench_error *err)
{
    if (list->count == SERVER_LIST_MAX)
        return bench_fail(err, -EINVAL, "option %s: '%s' is more than the %d that are allowed",
                          name, value, SERVER_LIST_MAX);
    list->items[list->count++] = value;
    return 0;
}

static bool is_name(const char *text, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(text, name, length) == 0;
}

/* The row's own name (a string that lasts), or NULL. */
static const char *known_name(const char *text, size_t length)
{
    for (const struct bench_option *row = table; row->name != NULL; row++)
        if (is_name(text, length, row->name))
            return row->name;
    for (size_t i = 0; i < BENCH_COUNT_OF(extras); i++)
        if (is_name(text, length, extras[i].name))
            return extras[i].name;
    return NULL;
}

static int set(struct server_settings *settings, const char *name, const char *value,
               struct bench_error *err)
{
    if (strcmp(name, "option") == 0)
        return add_to_list(&settings->options, name, value, err);
    if (strcmp(name, "plugin") == 0)
        return add_to_list(&settings->plugins, name, value, err);
    if (strcmp(name, "exec") == 0)
        return bench_fail(err, -EINVAL, "option exec: '%s' must come first", value);
    return bench_options_set(table, settings, name, value, err);
}

/* One option at argv[*at]: "--name value" or "--name=value". Moves *at to its last word. */
static int parse_option(struct server_settings *settings, int argc, char **argv, int *at,
                        struct bench_error *err)
{
    const char *word = argv[*at];
    if (strncmp(word, "--", 2) != 0)
        return bench_fail(err, -EINVAL, "'%s' is not an option; options begin with --", word);
    const char *text = word + 2;
    const size_t length = strcspn(text, "=");
    const char *name = known_name(text, length);
    if (name == NULL)
        return unknown_option(text, length, err);
    const bool has_value = text[length] == '=';
    if (strcmp(name, "help") == 0 || strcmp(name, "version") == 0) {
        if (has_value)
            return bench_fail(err, -EINVAL, "option %s: takes no value, not '%s'", name,
                              text + length + 1);
        settings->help = settings->help || strcmp(name, "help") == 0;
        settings->version = settings->version || strcmp(name, "version") == 0;
        return 0;
    }
    if (has_value)
        return set(settings, name, text + length + 1, err);
    if (*at + 1 >= argc)
        return bench_fail(err, -EINVAL, "option %s: needs a value", name);
    return set(settings, name, argv[++*at], err);
}

int server_settings_parse(int argc, char **argv, struct server_settings **out,
                          struct bench_error *err)
{
    void *options;
    int rc = bench_options_new(table, sizeof(struct server_settings), &options, err);
    if (rc < 0)
        return rc;
    struct server_settings *settings = options;
    for (int at = 1; rc == 0 && at < argc; at++)
        rc = parse_option(settings, argc, argv, &at, err);
    if (rc == 0 && settings->protocol == NULL && !settings->help && !settings->version)
        rc = bench_fail(err, -EINVAL, "option protocol: must be given");
    if (rc == 0 && (settings->tls_cert == NULL) != (settings->tls_key == NULL))
        rc = bench_fail(err, -EINVAL, "option %s: must be given too",
                        settings->tls_cert == NULL ? "tls-cert" : "tls-key");
    if (rc == 0 && settings->inject_text != NULL) {
        rc = bench_inject_parse(settings->inject_text, &settings->inject, err);
        if (rc < 0)
            bench_error_prefix(err, "option inject: ");
    }
    if (rc < 0) {
        server_settings_free(settings);
        return rc == -ENOMEM ? rc : -EINVAL;
    }
    *out = settings;
    return 0;
}

void server_settings_free(struct server_settings *settings) { bench_options_free(table, settings); }

static void print_row(FILE *out, const char *name, const char *value, const char *help)
{
    char left[64];
    (void)snprintf(left, sizeof(left), "--%s%s%s", name, value != NULL ? " " : "",
                   value != NULL ? value : "");
    (void)fprintf(out, "  %-26s %s", left, help);
}

void server_settings_help(FILE *out)
{
    static const char *const values[] = {
        [BENCH_OPTION_BOOL] = "on|off", [BENCH_OPTION_INT] = "N",
        [BENCH_OPTION_SIZE] = "SIZE",   [BENCH_OPTION_DURATION] = "TIME",
        [BENCH_OPTION_ENUM] = "KIND",   [BENCH_OPTION_STRING] = "NAME",
    };
    for (const struct bench_option *row = table; row->name != NULL; row++) {
        print_row(out, row->name, values[row->type], row->help);
        for (int i = 0; row->choices != NULL && row->choices[i] != NULL; i++)
            (void)fprintf(out, "%s%s", i == 0 ? ": " : ", ", row->choices[i]);
        if (row->default_text != NULL)
            (void)fprintf(out, " (%s)", row->default_text);
        (void)fputc('\n', out);
    }
    for (size_t i = 0; i < BENCH_COUNT_OF(extras); i++) {
        print_row(out, extras[i].name, extras[i].value, extras[i].help);
        (void)fputc('\n', out);
    }
}
