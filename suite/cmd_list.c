/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "bench/buf.h"
#include "suite/cli.h"
#include "suite/clients.h"
#include "suite/plan.h"
#include "suite/servers.h"
#include "suite/workloads.h"

static const struct cli_option options[] = {{NULL, NULL, NULL, NULL}};

static void list_options(const struct bench_protocol *p)
{
    void *defaults = NULL;
    if (p->options == NULL || bench_options_new(p->options, p->options_size, &defaults, NULL) < 0)
        return;
    for (const struct bench_option *row = p->options; row->name != NULL; row++) {
        struct bench_buf value;
        bench_buf_init(&value, 256);
        if (bench_options_print(row, defaults, &value) < 0)
            bench_buf_clear(&value);
        (void)printf("      [%s=%.*s", row->name, (int)bench_buf_length(&value),
                     bench_buf_length(&value) == 0 ? "" : (const char *)bench_buf_head(&value));
        for (int i = 0; row->type == BENCH_OPTION_ENUM && row->choices[i] != NULL; i++)
            (void)printf("%s%s", i == 0 ? "; " : "|", row->choices[i]);
        (void)printf("] %s\n", row->help);
        bench_buf_fini(&value);
    }
    bench_options_free(p->options, defaults);
}

static void list_protocols(void)
{
    (void)printf("protocols:\n");
    for (const struct bench_protocol *const *p = bench_protocols(); *p != NULL; p++) {
        const char *why = (*p)->unavailable == NULL ? NULL : (*p)->unavailable();
        (void)printf("  %-8s %s%s%s\n", (*p)->name, (*p)->summary, why == NULL ? "" : "; not here: ",
                     why == NULL ? "" : why);
        for (const struct bench_scheme *s = (*p)->schemes; s != NULL && s->name != NULL; s++)
            (void)printf("      %s://HOST%s%s\n", s->name, s->default_port == 0 ? ":PORT" : "[:PORT]",
                         s->tls ? " (TLS)" : "");
        list_options(*p);
    }
}

static void list_servers(void)
{
    size_t count;
    const struct bench_server_row *rows = bench_server_rows(&count);
    (void)printf("\nservers (PROTOCOL/MODE/SERVER; * = measured by default):\n");
    for (size_t i = 0; i < count; i++) {
        char name[96];
        const char *versions;
        struct bench_error err = {0};
        (void)snprintf(name, sizeof(name), "%s/%s/%s", rows[i].protocol, rows[i].mode,
                       rows[i].server);
        int rc = bench_server_check(&rows[i], &versions, &err);
        (void)printf("  %s %-26s %s%s\n", rows[i].in_default ? "*" : " ", name,
                     rc < 0 ? "not here: " : "works", rc < 0 ? err.msg : "");
        if (rc == 0 && versions[0] != '\0')
            (void)printf("      %s\n", versions);
    }
}

/* Programs that make the calls, each beside the server that it is measured with by default. */
static void list_clients(void)
{
    size_t count;
    const struct bench_client_row *rows = bench_client_rows(&count);
    (void)printf("\nclients (PROTOCOL/MODE/SERVER/CLIENT; without one: native, our own loop):\n");
    for (size_t i = 0; i < count; i++) {
        char name[96];
        const char *versions;
        struct bench_error err = {0};
        bool fixed = rows[i].in_default[0] != '\0';
        (void)snprintf(name, sizeof(name), "%s/%s/%s", rows[i].protocol,
                       fixed ? rows[i].in_default : "MODE/SERVER", rows[i].client);
        int rc = bench_client_check(&rows[i], &versions, &err);
        (void)printf("  %s %-34s %s%s\n", fixed ? "*" : " ", name, rc < 0 ? "not here: " : "works",
                     rc < 0 ? err.msg : "");
        if (rc == 0 && versions[0] != '\0')
            (void)printf("      %s\n", versions);
    }
}

static void list_operations(void)
{
    (void)printf("\noperations:\n");
    for (int i = 0; i < BENCH_OPERATION_COUNT; i++) {
        const struct bench_operation *o = bench_operation_get((enum bench_operation_id)i);
        char call[64];
        size_t used = (size_t)snprintf(call, sizeof(call), "%s(", o->name);
        for (size_t k = 0; k < bench_operation_nparams(o); k++)
            used += (size_t)snprintf(call + used, sizeof(call) - used, "%s%s", k > 0 ? ", " : "",
                                     o->params[k].name);
        (void)snprintf(call + used, sizeof(call) - used, "%s)", o->tx ? "data" : "");
        (void)printf("  %-32s %s\n", call, o->summary);
    }
}

int cmd_list(int argc, char **argv)
{
    const struct cli_command *command = cli_find("list");
    struct bench_error err = {0};
    int rc = cli_parse(command, options, NULL, NULL, argc, argv, &err);
    if (rc != 0)
        return rc < 0 ? cli_usage_error(command, &err) : EXIT_FINE;
    list_protocols();
    list_servers();
    list_clients();
    (void)printf("\nmodes:\n ");
    for (const char *const *m = bench_server_modes(); *m != NULL; m++)
        (void)printf(" %s", *m);
    (void)printf("\n\nworkloads:\n");
    for (int i = 0; i < BENCH_WORKLOAD_COUNT; i++) {
        const struct bench_workload *w = bench_workload_get((enum bench_workload_id)i);
        (void)printf("  %-12s %s\n", w->name, w->summary);
    }
    list_operations();
    return EXIT_FINE;
}
