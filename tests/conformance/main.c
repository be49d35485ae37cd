/* SPDX-License-Identifier: MIT */
/*
 * conformance --protocol P --mode M [--tls] [--plugin FILE.so] [--case NAME] [-- SERVER ARGUMENTS]
 *
 * Runs the list against one backend and one mode of its native server. Output is TAP; the exit
 * status is 1 when a case failed.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/service.h"
#include "tests/conformance/conformance.h"
#include "tests/support/files.h"

static const struct conf_case *const lists[] = {conf_life_cases, conf_call_cases,
                                                conf_trouble_cases};

struct arguments {
    const char *protocol, *mode, *plugin, *only, *server, *options;
    bool list, tls;
    const char *const *rest; /* for the server */
};

static void usage(FILE *out)
{
    fputs("usage: conformance --protocol P --mode M [OPTIONS] [-- SERVER ARGUMENTS]\n"
          "  --protocol P      a backend of the table, or of the plug-in\n"
          "  --mode M          threaded or forking\n"
          "  --plugin FILE.so  loads a backend first, here and in the server\n"
          "  --tls             all of it over TLS\n"
          "  --options TEXT    key=value,... of the backend, for the client\n"
          "  --server PROGRAM  instead of this build's rpycbench-server\n"
          "  --case NAME       only this case\n"
          "  --list            names the cases\n",
          out);
}

static int read_arguments(int argc, char **argv, struct arguments *out)
{
    static const struct option table[] = {
        {"protocol", required_argument, NULL, 'p'},
        {"mode", required_argument, NULL, 'm'},
        {"plugin", required_argument, NULL, 'g'},
        {"case", required_argument, NULL, 'c'},
        {"server", required_argument, NULL, 's'},
        {"options", required_argument, NULL, 'o'},
        {"tls", no_argument, NULL, 't'},
        {"list", no_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (c) {
        case 'p':
            out->protocol = optarg;
            break;
        case 'm':
            out->mode = optarg;
            break;
        case 'g':
            out->plugin = optarg;
            break;
        case 'c':
            out->only = optarg;
            break;
        case 's':
            out->server = optarg;
            break;
        case 'o':
            out->options = optarg;
            break;
        case 't':
            out->tls = true;
            break;
        case 'l':
            out->list = true;
            break;
        case 'h':
            usage(stdout);
            exit(0);
        default:
            return -1;
        }
    }
    out->rest = (const char *const *)(argv + optind);
    return out->list || (out->protocol && out->mode) ? 0 : -1;
}

static void clean_up(struct conf_run *run)
{
    conf_drop(run);
    bench_loop_free(run->loop);
    run->loop = NULL;
    bench_arena_fini(&run->arena);
    (void)support_peer_stop(run->peer, NULL);
    run->peer = NULL;
}

static enum conf_result run_case(struct conf_run *run, const struct conf_case *row)
{
    struct bench_error err = {0};

    run->skip_reason = NULL;
    if (row->transport && conf_has(run, BENCH_CAP_NO_TRANSPORT)) {
        run->skip_reason = "there is no transport";
        return CONF_SKIPPED;
    }
    if (!conf_has(run, row->caps)) {
        run->skip_reason = "the protocol does not have the capability";
        return CONF_SKIPPED;
    }
    TRY(conf_server(run));
    int fds = support_fd_count();
    CHECK(bench_loop_new(&run->loop, &err) == 0, "%s", err.msg);
    bench_arena_init(&run->arena, (size_t)256 << 20);
    enum conf_result result = row->run(run);
    clean_up(run);
    if (result != CONF_FAILED && conf_server(run) == CONF_PASSED && support_fd_count() != fds) {
        support_fd_print();
        return conf_failed(__FILE__, __LINE__, "no descriptor leaks", "%d open before, %d now", fds,
                           support_fd_count());
    }
    return result;
}

struct counts {
    int n[3]; /* by result */
};

static void run_lists(struct conf_run *run, const char *only, struct counts *counts)
{
    static const char *const words[] = {"ok", "not ok", "ok"};
    int number = 0;

    for (size_t i = 0; i < BENCH_COUNT_OF(lists); i++) {
        for (const struct conf_case *row = lists[i]; row->name; row++) {
            if (only && strcmp(only, row->name) != 0)
                continue;
            enum conf_result result = run_case(run, row);

            counts->n[result]++;
            printf("%s %d - %s%s%s\n", words[result], ++number, row->name,
                   result == CONF_SKIPPED ? " # SKIP " : "",
                   result == CONF_SKIPPED ? run->skip_reason : "");
            (void)fflush(stdout);
        }
    }
    printf("1..%d\n", number);
}

static void print_list(void)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(lists); i++) {
        for (const struct conf_case *row = lists[i]; row->name; row++)
            puts(row->name);
    }
}

static int prepare_tls(struct conf_run *run, const struct arguments *args, struct bench_error *err)
{
    static const char *words[16]; /* for the server */
    size_t n = 0;

    if (!conf_has(run, BENCH_CAP_TLS))
        return bench_fail(err, -1, "%s has no TLS", args->protocol);
    int rc = bench_certificate_make(NULL, &run->certificate, err);
    if (rc < 0)
        return rc;
    words[n++] = "--tls-cert";
    words[n++] = run->certificate.cert_file;
    words[n++] = "--tls-key";
    words[n++] = run->certificate.key_file;
    for (const char *const *more = args->rest; *more && n < BENCH_COUNT_OF(words) - 1; more++)
        words[n++] = *more;
    run->spec.extra = words;
    run->tls = true;
    return 0;
}

static int prepare(struct conf_run *run, const struct arguments *args, struct bench_error *err)
{
    int rc = args->plugin ? bench_protocol_load(args->plugin, err) : 0;

    if (rc == 0)
        rc = bench_payload_init(BENCH_PAYLOAD_RANDOM, 42, err);
    if (rc < 0)
        return rc;
    run->protocol = bench_protocol_find(args->protocol, strlen(args->protocol));
    if (!run->protocol)
        return bench_fail(err, -1, "there is no protocol '%s'", args->protocol);
    run->calls = calloc(CONF_CALLS_MAX, sizeof(*run->calls));
    if (!run->calls)
        return bench_fail(err, -1, "out of memory");
    run->spec = (struct support_server_spec){.program = args->server,
                                             .protocol = args->protocol,
                                             .mode = args->mode,
                                             .plugin = args->plugin,
                                             .clients = 256,
                                             .extra = args->rest};
    rc = bench_options_new(run->protocol->options, run->protocol->options_size, &run->options, err);
    if (rc == 0 && args->options)
        rc = bench_options_parse(run->protocol->options, run->options, args->options, err);
    if (rc == 0 && run->protocol->global_init)
        rc = run->protocol->global_init(err);
    if (rc == 0 && args->tls)
        rc = prepare_tls(run, args, err);
    return rc;
}

static int run_all(struct conf_run *run, const struct arguments *args)
{
    struct counts counts = {0};

    run_lists(run, args->only, &counts);
    int status = support_server_stop(&run->server);
    if (status != 0) {
        (void)conf_failed(__FILE__, __LINE__, "the server stops", "exit status %d", status);
        counts.n[CONF_FAILED]++;
    }
    printf("# %d passed, %d failed, %d skipped (%s/%s)\n", counts.n[CONF_PASSED],
           counts.n[CONF_FAILED], counts.n[CONF_SKIPPED], args->protocol, args->mode);
    if (counts.n[CONF_PASSED] + counts.n[CONF_FAILED] + counts.n[CONF_SKIPPED] == 0) {
        fprintf(stderr, "conformance: there is no case '%s'\n", args->only);
        return 2;
    }
    return counts.n[CONF_FAILED] > 0;
}

int main(int argc, char **argv)
{
    static struct conf_run run;
    struct arguments args = {0};
    struct bench_error err = {0};

    if (read_arguments(argc, argv, &args) < 0) {
        usage(stderr);
        return 2;
    }
    if (args.list) {
        print_list();
        return 0;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    int status = 2;
    if (prepare(&run, &args, &err) < 0)
        fprintf(stderr, "conformance: %s\n", err.msg);
    else if (run.protocol->unavailable && run.protocol->unavailable()) {
        printf("1..0 # SKIP %s\n# 0 passed, 0 failed, 1 skipped\n", run.protocol->unavailable());
        status = 77;
    } else {
        status = run_all(&run, &args);
    }
    if (run.protocol && status != 2 && run.protocol->global_fini)
        run.protocol->global_fini();
    if (run.protocol)
        bench_options_free(run.protocol->options, run.options);
    free(run.calls);
    bench_certificate_remove(&run.certificate);
    return status;
}
