/* SPDX-License-Identifier: MIT */
#include "suite/cli.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "bench/protocol.h"
#include "suite/headroom.h"

static const char call_notes[] =
    "An expression is written as in Python, or as an HTTP request:\n"
    "  rpycbench call rpyc://localhost:18861 'root.get_user(1).name'\n"
    "  rpycbench call rpyc://localhost:18861 '[u.name for u in root.get_users(3)]'\n"
    "  rpycbench call rpycs://localhost:18821 'root.echo((1, b\"x\", None))' --insecure\n"
    "  rpycbench call http://localhost:8000/ 'POST /echo {\"a\": 1}'\n"
    "Other places: rpyc://[::1]:PORT, rpyc+unix:///PATH, rpyc://HOST:PORT[version=5].\n"
    "\n"
    "The value goes to stdout, all else to stderr. Exit status: 0, 1 when the other side raised, 2\n"
    "when the expression cannot be read, 3 when there was no answer, 130 after Ctrl-C.\n";

static const char gate_notes[] =
    "TARGET and WORKLOAD may be '*'; without them a limit is for every cell but floors and rulers:\n"
    "  rpycbench gate --target rpyc://localhost:18861 --workload latency --max p99=100ms\n"
    "  rpycbench gate result.json --max latency:p50=2ms --max 'rpyc/threaded/python:*:round-trips=2'\n"
    "  rpycbench gate --target rpyc/threaded/native --baseline before.json --tolerance 5%\n"
    "\n"
    "Exit status: 0 ok, 1 regressed, 5 inconclusive (more trials would tell), 4 invalid (no verdict\n"
    "can rest on it), 3 error (not measured), 2 bad usage or a file that cannot be read, 130 after\n"
    "Ctrl-C. With --prove: 0 if it finds what it should and nothing else, 1 if not.\n";

static const char profile_notes[] =
    "An unmodified program, a relay before the server, or a capture:\n"
    "  rpycbench profile -- python3 app.py ARGS\n"
    "  rpycbench profile --listen :18861 --upstream server:18812\n"
    "  tcpdump -w calls.pcap 'port 18812'; rpycbench profile --read calls.pcap\n"
    "\n"
    "A program keeps its arguments, terminal, stdout and exit status; the report goes to stderr, or to\n"
    "--output. SIGUSR1 prints a report at once, and it goes on. A relay runs until Ctrl-C.\n"
    "Exit status: that of the program (126 it cannot be run, 127 not found, 128+N killed by signal N).\n"
    "Otherwise 0, 2 bad usage or a file that cannot be read or written, 3 a port that is taken, or no\n"
    "RPyC connection was seen, or the capture is broken, 130 reading a capture was interrupted.\n"
    "What the findings mean and how they are priced: docs/profiling.md.\n";

static const char selftest_notes[] =
    "Oracle servers with known answers are measured by the ordinary client: fixed delays, the queues\n"
    "M/M/1 and M/D/1, a server that stands still. The result of a whole selftest is kept for this\n"
    "machine, and every report opens with it. Exit status: 0 within the limits, 2 bad usage, 3 an\n"
    "oracle could not be measured, 4 outside the limits, 130 after Ctrl-C. How: docs/methodology.md.\n";

const struct cli_command cli_commands[] = {
    {"run", "[OPTIONS]", "which is faster, for which workload, and by how much", cmd_run, NULL},
    {"serve", "PROTOCOL/MODE/SERVER [OPTIONS]", "runs one reference server in the foreground",
     cmd_serve, NULL},
    {"call", "URL EXPRESSION [OPTIONS]",
     "curl for RPyC: makes one call, prints its value and what it cost", cmd_call, call_notes},
    {"compare", "BEFORE.json AFTER.json | --target A --target B [OPTIONS]",
     "did my change help: ratios with intervals, and a verdict in words", cmd_compare, NULL},
    {"gate", "RESULT.json | [OPTIONS of run], with --max, --min or --baseline; or --prove",
     "may this be merged: limits and a baseline, for a job of CI", cmd_gate, gate_notes},
    {"profile", "[OPTIONS] -- PROGRAM ARGS... | --listen A --upstream B | --read FILE.pcap",
     "why is my RPyC application slow, without touching it", cmd_profile, profile_notes},
    {"relay", "--upstream HOST:PORT [OPTIONS]",
     "a delay line in user space: what if the network were slower", cmd_relay, NULL},
    {"selftest", "[OPTIONS]", "how wrong is this instrument, on this machine", cmd_selftest,
     selftest_notes},
    {"report", "RESULT.json [OPTIONS]", "renders a saved result again: tables, Markdown, CSV, charts",
     cmd_report, NULL},
    {"list", "", "protocols, servers, workloads and operations, and what works here", cmd_list, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

/* One letter, as curl has them, for commands that have the option. */
static const struct {
    char letter;
    const char *name;
} letters[] = {{'v', "verbose"}, {'k', "insecure"}};

const struct cli_command *cli_find(const char *name)
{
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

void cli_print_help(const struct cli_command *command, const struct cli_option *options)
{
    (void)printf("usage: rpycbench %s %s\n\n%s\n", command->name, command->arguments,
                 command->summary);
    if (options->name != NULL)
        (void)printf("\noptions:\n");
    for (const struct cli_option *o = options; o->name != NULL; o++) {
        char left[64];
        if (o->help == NULL)
            continue;
        (void)snprintf(left, sizeof(left), "--%s%s%s", o->name, o->metavar != NULL ? " " : "",
                       o->metavar != NULL ? o->metavar : "");
        (void)printf("  %-28s %s\n", left, o->help);
    }
    (void)printf("  %-28s %s\n", "--help", "this text");
    if (command->notes != NULL)
        (void)printf("\n%s", command->notes);
}

static int no_such_option(const struct cli_option *options, const char *name, size_t length,
                          struct bench_error *err)
{
    char list[200] = "";
    size_t used = 0;
    for (const struct cli_option *o = options; o->name != NULL; o++)
        if (o->help != NULL && used < sizeof(list))
            used += (size_t)snprintf(list + used, sizeof(list) - used, " --%s", o->name);
    if (used >= sizeof(list))
        (void)memcpy(list + sizeof(list) - 5, " ...", 5);
    return bench_fail(err, -EINVAL, "no option '%.*s'; there is%s", (int)length, name, list);
}

static const struct cli_option *find_option(const struct cli_option *options, const char *name,
                                            size_t length)
{
    for (const struct cli_option *o = options; o->name != NULL; o++)
        if (strlen(o->name) == length && memcmp(o->name, name, length) == 0)
            return o;
    return NULL;
}

/* The option that "-v" is short for, or NULL. */
static const struct cli_option *find_letter(const struct cli_option *options, const char *word)
{
    if (word[0] != '-' || word[1] == '\0' || word[2] != '\0')
        return NULL;
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
        if (letters[i].letter == word[1])
            return find_option(options, letters[i].name, strlen(letters[i].name));
    return NULL;
}

/* argv[*i] begins with "--". */
static int parse_option(const struct cli_option *options, void *target, int argc, char **argv,
                        int *i, struct bench_error *err)
{
    const char *word = argv[*i] + 2;
    size_t length = strcspn(word, "=");
    const struct cli_option *o = find_option(options, word, length);
    if (o == NULL)
        return no_such_option(options, argv[*i], length + 2, err);
    const char *value = word[length] == '=' ? word + length + 1 : NULL;
    if (o->metavar == NULL) {
        if (value != NULL)
            return bench_fail(err, -EINVAL, "option --%s takes no value, got '%s'", o->name, value);
        return o->set(target, NULL, err);
    }
    if (value == NULL) {
        if (*i + 1 >= argc)
            return bench_fail(err, -EINVAL, "option --%s needs a value (%s)", o->name, o->metavar);
        value = argv[++*i];
    }
    int rc = o->set(target, value, err);
    if (rc < 0) {
        char prefix[64];
        (void)snprintf(prefix, sizeof(prefix), "option --%s: ", o->name);
        bench_error_prefix(err, prefix);
    }
    return rc;
}

int cli_parse(const struct cli_command *command, const struct cli_option *options,
              int (*argument)(void *target, const char *value, struct bench_error *err),
              void *target, int argc, char **argv, struct bench_error *err)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            cli_print_help(command, options);
            return 1;
        }
        int rc;
        const struct cli_option *short_one = find_letter(options, argv[i]);
        if (short_one != NULL)
            rc = short_one->set(target, NULL, err);
        else if (strncmp(argv[i], "--", 2) == 0 && argv[i][2] != '\0')
            rc = parse_option(options, target, argc, argv, &i, err);
        else if (argv[i][0] == '-' && argv[i][1] != '\0')
            rc = no_such_option(options, argv[i], strlen(argv[i]), err);
        else if (argument == NULL)
            rc = bench_fail(err, -EINVAL, "'%s' is not an option; it takes no arguments", argv[i]);
        else
            rc = argument(target, argv[i], err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int cli_choose(const char *value, const char *const *words, struct bench_error *err)
{
    char list[128] = "";
    for (int i = 0; words[i] != NULL; i++) {
        const size_t used = strlen(list);
        if (strcmp(words[i], value) == 0)
            return i;
        (void)snprintf(list + used, sizeof(list) - used, "%s%s", i > 0 ? ", " : "", words[i]);
    }
    return bench_fail(err, -EINVAL, "'%.60s' is not one of %s", value, list);
}

const char *const cli_formats[] = {"text", "md", "json", NULL};

int cli_usage_error(const struct cli_command *command, const struct bench_error *err)
{
    (void)fprintf(stderr, "rpycbench %s: %s\nSee 'rpycbench %s --help'.\n", command->name, err->msg,
                  command->name);
    return EXIT_USAGE;
}

int cli_block_signals(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void print_usage(FILE *out)
{
    (void)fprintf(out, "usage: rpycbench COMMAND [OPTIONS]\n\ncommands:\n");
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++)
        (void)fprintf(out, "  %-8s %s\n", c->name, c->summary);
    (void)fprintf(out, "\n'rpycbench COMMAND --help' lists the options of a command.\n"
                       "'rpycbench --version' names the libraries it runs with.\n");
}

static void print_version(void)
{
    (void)printf("rpycbench %s (%s%s%s)\n", RPYCBENCH_VERSION, RPYCBENCH_BUILD_TYPE,
                 RPYCBENCH_SANITIZERS[0] != '\0' ? ", " : "", RPYCBENCH_SANITIZERS);
    (void)printf("  libevent/%s\n", event_get_version());
    for (const struct bench_protocol *const *p = bench_protocols(); *p != NULL; p++)
        if ((*p)->libraries != NULL)
            (void)printf("  %s: %s\n", (*p)->name, (*p)->libraries());
}

/* A standard descriptor that is closed would be the number of our next socket, and what we print
 * would be sent there. Behind these, writing to stdout is an error, as it should be. */
static void fill_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY);
}

int cli_main(int argc, char **argv)
{
    fill_standard_descriptors();
    (void)signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return EXIT_FINE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        print_version();
        return EXIT_FINE;
    }
    const struct cli_command *command = cli_find(argv[1]);
    if (command == NULL) {
        (void)fprintf(stderr, "rpycbench: there is no command '%s'\n", argv[1]);
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (command->main != cmd_profile) /* the program that it starts is to have its own limits */
        bench_headroom_raise_descriptors();
    int status = command->main(argc - 1, argv + 1);
    if (fflush(stdout) != 0 && status == EXIT_FINE)
        status = EXIT_NOT_MEASURED; /* the answer did not get out */
    return status;
}
