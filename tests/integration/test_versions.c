/* SPDX-License-Identifier: MIT */
/*
 * The real rpyc in three versions: its client against our server, and our client against its
 * server. Makes docs/rpyc-compatibility.md.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "core/certificate.h"
#include "rig.h"
#include "rig_docs.h"
#include "tests/support/files.h"

enum {
    ANSWER_SIZE = 400,
    CLIENTS = 32,
    PATIENCE_S = 20, /* below the 30 s for which rpyc 6 waits for what does not come */
};

static void setup(void)
{
    rig_adopt();
    rig_need_versions();
}

TestSuite(versions, .init = setup, .timeout = 600);

/* Servers and clients in Python that this process starts are of that version from now on. */
static const char *chosen;

static void choose(const char *version)
{
    chosen = version;
    cr_assert_eq(setenv("RPYCBENCH_VENV", rig_version_venv(version), 1), 0);
}

/* ---- the same service in several ways ---- */

enum place { PLAIN, STRICT, TLS, IPV6, UNIX, BOUND, PLACES };

struct place_server {
    struct rig_server server;
    char where[160]; /* as versions_client.py has it after --at; PLAIN: the port */
    char url[160];
    char option[20]; /* of `rpycbench call`, or "" */
};

static struct bench_certificate certificate;
static char *folder; /* of the Unix sockets */

static void places_prepare(void)
{
    struct bench_error err = {0};

    cr_assert_eq(bench_certificate_make(NULL, &certificate, &err), 0, "%s", err.msg);
    cr_assert_eq(support_tempdir_make(&folder, &err), 0, "%s", err.msg);
}

static void places_remove(void)
{
    bench_certificate_remove(&certificate);
    support_tempdir_remove(folder);
}

static void serve_unix(struct place_server *p, const char *mode, const char *server)
{
    static unsigned count;
    char target[64], bind[120], path[100];

    (void)snprintf(path, sizeof(path), "%.80s/%u", folder, count++);
    (void)snprintf(target, sizeof(target), "rpyc/%s/%s", mode, server);
    (void)snprintf(bind, sizeof(bind), "unix:%s", path);
    if (strcmp(server, "python") == 0)
        rig_peer_without_port(&p->server, "unix_server.py", WORDS(path));
    else
        rig_serve_at(&p->server, WORDS(target, "--bind", bind), path);
    (void)snprintf(p->where, sizeof(p->where), "unix=%s", path);
    (void)snprintf(p->url, sizeof(p->url), "rpyc+unix://%s", path);
}

/* The protocol with its options. Python's server has to be told to bind threads, which rpyc can from
 * 5.3 on; ours follows its client. */
static const char *protocol_of(enum place place, const char *server)
{
    if (place == BOUND && strcmp(server, "python") == 0 && chosen[0] >= '5')
        return "rpyc[bind-threads=on]";
    return place == STRICT ? "rpyc[policy=strict]" : "rpyc";
}

static void serve_place(struct place_server *p, enum place place, const char *mode,
                        const char *server)
{
    static const char v4[] = " listens on 127.0.0.1:";
    const char *const names[PLACES] = {"", "strict=", "tls=", "ipv6=", "unix=", "bound="};
    char target[64], clients[8];

    (void)snprintf(target, sizeof(target), "%s/%s/%s", protocol_of(place, server), mode, server);
    (void)snprintf(clients, sizeof(clients), "%d", CLIENTS);
    *p = (struct place_server){.option = ""};
    if (place == UNIX) {
        serve_unix(p, mode, server);
        return;
    }
    if (place == TLS)
        rig_serve_at(&p->server,
                     WORDS(target, "--port", "0", "--tls-cert", certificate.cert_file, "--tls-key",
                           certificate.key_file),
                     v4);
    else if (place == IPV6)
        rig_serve_at(&p->server, WORDS(target, "--port", "0", "--bind", "::1"),
                     " listens on [::1]:");
    else
        rig_serve_at(&p->server, WORDS(target, "--port", "0", "--clients", clients), v4);
    (void)snprintf(p->where, sizeof(p->where), "%s%u", names[place], p->server.port);
    (void)snprintf(p->url, sizeof(p->url), "%s://%s:%u", place == TLS ? "rpycs" : "rpyc",
                   place == IPV6 ? "[::1]" : "127.0.0.1", p->server.port);
}

static void places_start(struct place_server places[PLACES], const char *mode, const char *server)
{
    for (int i = 0; i < PLACES; i++)
        serve_place(&places[i], (enum place)i, mode, server);
}

static void places_stop(struct place_server places[PLACES], const char *what)
{
    for (int i = 0; i < PLACES; i++)
        cr_expect_eq(rig_server_stop(&places[i].server), 0, "%s at %s", what, places[i].url);
}

/* ---- its client, our server ---- */

/* What each of them answers to the same client; the last one is the one to be like. */
enum { THREADED, FORKING, PYTHON, SERVERS };
static const struct {
    const char *mode, *server;
} servers[SERVERS] = {{"threaded", "native"}, {"forking", "native"}, {"threaded", "python"}};

/* Those that wait run beside all that do something. */
enum { QUICK, WAITING, KINDS };
static const char *const kinds[KINDS] = {"quick", "waiting"};

struct trial {
    struct place_server places[PLACES];
    struct rig_program client[KINDS];
};

static void client_start(struct trial *t, const char *version, int kind)
{
    rig_start(&t->client[kind],
              WORDS(rig_version_python(version), rig_peer_path("versions_client.py"), "--port",
                    t->places[PLAIN].where, "--at", t->places[STRICT].where, "--at",
                    t->places[TLS].where, "--at", t->places[IPV6].where, "--at",
                    t->places[UNIX].where, "--at", t->places[BOUND].where, "--ca-file",
                    certificate.cert_file, "--kind", kinds[kind]));
}

/* Adds what the client says to answers. */
static void client_end(struct trial *t, int kind, json_t *answers)
{
    struct support_output out;

    rig_wait(&t->client[kind], &out);
    cr_assert_eq(out.exit_status, 0, "%s", out.err);
    json_t *said = rig_json(out.out);
    cr_assert_eq(json_object_update(answers, said), 0);
    json_decref(said);
    support_output_free(&out);
}

static void trials_start(struct trial trials[SERVERS], const char *version)
{
    choose(version);
    for (int i = 0; i < SERVERS; i++) {
        places_start(trials[i].places, servers[i].mode, servers[i].server);
        client_start(&trials[i], version, WAITING);
    }
}

static void trials_end(struct trial trials[SERVERS], const char *version, json_t *answers[SERVERS])
{
    for (int i = 0; i < SERVERS; i++) {
        client_end(&trials[i], WAITING, answers[i]);
        places_stop(trials[i].places, version);
    }
}

static void try_clients(json_t *answers[RIG_VERSIONS][SERVERS])
{
    static struct trial trials[RIG_VERSIONS][SERVERS];

    for (int v = 0; v < RIG_VERSIONS; v++)
        trials_start(trials[v], rig_versions[v]);
    for (int v = 0; v < RIG_VERSIONS; v++) {
        for (int i = 0; i < SERVERS; i++)
            client_start(&trials[v][i], rig_versions[v], QUICK);
        for (int i = 0; i < SERVERS; i++) {
            answers[v][i] = json_object();
            client_end(&trials[v][i], QUICK, answers[v][i]);
        }
    }
    for (int v = 0; v < RIG_VERSIONS; v++)
        trials_end(trials[v], rig_versions[v], answers[v]);
}

static const char *without_no(const char *answer)
{
    static const char no[] = "no: ";

    return strncmp(answer, no, sizeof(no) - 1) == 0 ? answer + sizeof(no) - 1 : answer;
}

/* One answer for both modes, and what Python's server says if that is something else. */
static void merge(json_t *const answers[SERVERS], const char *feature, char out[ANSWER_SIZE])
{
    const char *said[SERVERS];

    for (int i = 0; i < SERVERS; i++) {
        said[i] = json_string_value(json_object_get(answers[i], feature));
        cr_assert_not_null(said[i], "no answer to \"%s\"", feature);
    }
    const bool good = strcmp(said[THREADED], "yes") == 0;
    if (strcmp(said[THREADED], said[FORKING]) != 0)
        (void)snprintf(out, ANSWER_SIZE, "no: threaded: %s; forking: %s", said[THREADED],
                       said[FORKING]);
    else if (strcmp(said[PYTHON], said[THREADED]) == 0)
        (void)snprintf(out, ANSWER_SIZE, "%s%s", said[THREADED],
                       good ? "" : " (Python's server: the same)");
    else if (good)
        (void)snprintf(out, ANSWER_SIZE, "yes: but Python's server: %s", without_no(said[PYTHON]));
    else
        (void)snprintf(out, ANSWER_SIZE, "%s (Python's server: %s)", said[THREADED],
                       without_no(said[PYTHON]));
}

static void head(struct rig_doc *doc, const char *first)
{
    rig_doc_print(doc, "| %s |", first);
    for (int v = 0; v < RIG_VERSIONS; v++)
        rig_doc_print(doc, " %s |", rig_versions[v]);
    rig_doc_print(doc, "\n|---|---|---|---|\n");
}

static void write_clients(struct rig_doc *doc)
{
    json_t *answers[RIG_VERSIONS][SERVERS], *first;
    const char *feature;

    try_clients(answers);
    rig_doc_print(doc,
                  "## Python's client, our server\n\n"
                  "Each feature on connections of its own, on the threaded and on the forking "
                  "server; both gave\nthe same answer where only one is written, and a no says "
                  "what the same client gets from Python's\nserver. "
                  "versions_client.py and versions_objects.py in "
                  "tests/integration/peers say\nwhat a feature is. rpyc up to 5.1 speaks TLS 1.0 "
                  "unless it is told otherwise, which neither our\nserver nor today's OpenSSL "
                  "takes.\n\n");
    head(doc, "feature");
    json_object_foreach(answers[0][THREADED], feature, first)
    {
        rig_doc_print(doc, "| %s |", feature);
        for (int v = 0; v < RIG_VERSIONS; v++) {
            char answer[ANSWER_SIZE];
            merge(answers[v], feature, answer);
            rig_doc_cell(doc, answer);
        }
        rig_doc_print(doc, "\n");
    }
    rig_doc_notes(doc);
    for (int v = 0; v < RIG_VERSIONS; v++)
        for (int i = 0; i < SERVERS; i++)
            json_decref(answers[v][i]);
}

/* ---- our client, its server ---- */

static const struct {
    const char *target, *workloads;
} ours[] = {
    {"rpyc/threaded/python", "connection,latency,bandwidth,transfer,cpu,io"},
    {"rpyc/forking/python", "latency,transfer"},
    {"rpyc[call=plain]/threaded/python", "latency"},
    {"rpyc[call=cached]/threaded/python", "latency,bandwidth,transfer"},
    {"rpyc/threaded/python", "callback"},
    {"rpyc/forking/python", "callback"},
    {"rpyc[tls=on]/threaded/python", "latency,bandwidth,transfer"},
    {"rpyc[tls=on]/forking/python", "latency"},
    {"rpyc[policy=strict]/threaded/python", "latency,bandwidth"},
    {"rpyc[version=auto]/threaded/python", "latency"},
    {"rpyc[version=5]/threaded/python", "latency"},
    {"rpyc[version=6]/threaded/python", "latency"},
};

/* "yes" if every result is good and no request of it failed. */
static void judge(const json_t *run, char answer[ANSWER_SIZE])
{
    const json_t *results = rig_at(run, "results"), *result;
    size_t i;

    (void)snprintf(answer, ANSWER_SIZE, "%s",
                   json_array_size(results) > 0 ? "yes" : "no: no result");
    json_array_foreach(results, i, result)
    {
        const char *status = rig_text(result, "status");
        const bool good = strcmp(status, "ok") == 0 || strcmp(status, "client-bound") == 0;
        if (good && rig_number(result, "failed_requests") == 0)
            continue;
        const json_t *error = rig_at(result, "first_error"), *why = rig_at(result, "reason");
        (void)snprintf(answer, ANSWER_SIZE, "no: %s",
                       json_is_string(error) && json_string_length(error) > 0
                           ? json_string_value(error)
                           : json_string_value(why));
        return;
    }
}

static void try_ours(const char *target, const char *workloads, char answer[ANSWER_SIZE])
{
    struct support_output out;

    rig_run(&out,
            WORDS("run", "--quick", "--repeats", "1", "--workload", workloads, "--payload-sizes",
                  "1KiB,100KiB,1MiB", "--file-sizes", "300KiB", "--chunk-size", "48KiB",
                  "--workload-budget", "1s", "--target", target, "--json", "-"));
    json_t *run = rig_json(out.out);
    judge(run, answer);
    json_decref(run);
    support_output_free(&out);
    rig_assert_nobody_left();
}

static void write_ours(struct rig_doc *doc)
{
    rig_doc_print(doc, "\n## Our client, Python's server\n\n");
    head(doc, "target: workloads");
    for (size_t i = 0; i < BENCH_COUNT_OF(ours); i++) {
        rig_doc_print(doc, "| `%s`: %s |", ours[i].target, ours[i].workloads);
        for (int v = 0; v < RIG_VERSIONS; v++) {
            char answer[ANSWER_SIZE];
            choose(rig_versions[v]);
            try_ours(ours[i].target, ours[i].workloads, answer);
            rig_doc_cell(doc, answer);
        }
        rig_doc_print(doc, "\n");
    }
    rig_doc_notes(doc);
}

/* ---- expressions ---- */

enum { EXPRESSIONS_MAX = 10 };

/* By `rpycbench call`; Python's client says what each has to answer and how many round trips it
 * takes. */
static const struct asked {
    const char *feature;
    enum place place;
    const char *option; /* of `rpycbench call`; CA_FILE: --ca-file with the server's certificate */
    const char *expressions[EXPRESSIONS_MAX];
} asked[] = {
    {"values there and back",
     PLAIN,
     NULL,
     {"root.echo((None, True, ..., NotImplemented, 1.5, -2j, 'x\\u20ac', b'\\0', ((),)))",
      "root.echo((0, -49, 160, 123456789012345678901234567890, 1e300))"}},
    {"attributes", PLAIN, NULL, {"root.get_user(3).name", "root.get_user(3).id", "root"}},
    {"keyword arguments and defaults",
     PLAIN,
     NULL,
     {"root.download_chunk(offset=5, size=10)", "root.compute(n=10)", "root.get_user_tuple()"}},
    {"indices and slices",
     PLAIN,
     NULL,
     {"root.get_users_dicts(3)[-1]['name']", "root.get_users(5)[1:4][1].id",
      "root.get_users_tuples(4)[::-1][0:2]", "root.get_users(5)[1:4]"}},
    {"methods of objects",
     PLAIN,
     NULL,
     {"root.get_user_dict(1).get('name')", "root.get_user_dict(1).get('x', 7)",
      "root.get_user_dict(1).keys()", "list(root.get_user_dict(1).items())"}},
    {"len, str, repr, dir",
     PLAIN,
     NULL,
     {"len(root.get_users(7))", "str(root.get_user_dict(1))", "repr(root.get_users_dicts(1))",
      "dir(root.get_user_dict(1))"}},
    {"list and tuple, over lists, dicts, generators",
     PLAIN,
     NULL,
     {"list(root.get_user_dict(1))", "tuple(root.get_users_dicts(2))",
      "list(root.download_chunked(10, 4))", "list(root.get_users_tuples(2))"}},
    {"comprehensions",
     PLAIN,
     NULL,
     {"[u.name for u in root.get_users(100)]",
      "[(d['id'], d['name'], d['email']) for d in root.get_users_dicts(10)]",
      "[root.get_user(i).name for i in (1, 2)]"}},
    {"obtain",
     PLAIN,
     NULL,
     {"obtain(root.get_users_dicts(100))", "obtain(root.get_user_dict(1))['name']",
      "obtain(root.get_users_tuples(2))"}},
    {"buffiter",
     PLAIN,
     NULL,
     {"buffiter(root.download_chunked(100, 7))", "buffiter(root.get_users(30))[29].name"}},
    {"tuples of ids, method_a, calls in calls",
     PLAIN,
     NULL,
     {"root.get_users_batch((5, 2))", "root.get_users_batch_dicts((5, 2))[1]['name']",
      "root.method_a()", "root.echo((root.get_users(1), 5))",
      "root.echo(root.get_user(root.get_user(7).id).name)"}},
    {"exceptions, with the remote traceback",
     PLAIN,
     NULL,
     {"root.fail('value')", "root.fail('custom')", "root.nope", "root.get_user(1).nope",
      "root.ping(1)", "root.compute(wrong=1)", "root.get_users(2)[9]", "root.get_user_dict(1)['x']",
      "obtain(root.download_chunked(1, 1))"}},
    {"policy strict: what is allowed",
     STRICT,
     NULL,
     {"root.ping()", "root.exposed_ping()", "root.get_user_dict(2)['name']",
      "[d['id'] for d in root.get_users_dicts(3)]", "len(root.get_users(3))"}},
    {"policy strict: what is refused",
     STRICT,
     NULL,
     {"root.get_user(1).name", "root.get_user_dict(1).items()", "obtain(root.get_user_dict(1))"}},
    {"TLS, checked against its certificate",
     TLS,
     "--ca-file",
     {"root.ping()", "root.get_user_dict(1)['name']", "len(root.download(1000000))"}},
    {"TLS, not checked (--insecure)", TLS, "--insecure", {"root.ping()"}},
    {"a Unix socket (rpyc+unix:///path)",
     UNIX,
     NULL,
     {"root.ping()", "root.get_user_dict(1)['name']", "len(root.download(1000000))"}},
    {"IPv6 (::1)",
     IPV6,
     NULL,
     {"root.ping()", "root.get_user_dict(1)['name']", "len(root.download(1000000))"}},
};

/* Python's client on the plain server or on the strict one: a line for each expression. */
static void ask_python(const char *version, const struct place_server *at, bool strict,
                       struct support_output *out)
{
    struct bench_error err = {0};
    struct bench_buf input;

    bench_buf_init(&input, (size_t)1 << 16);
    for (size_t i = 0; i < BENCH_COUNT_OF(asked); i++)
        for (const char *const *e = asked[i].expressions; *e; e++)
            if ((asked[i].place == STRICT) == strict)
                cr_assert_eq(bench_buf_printf(&input, "%s\n", *e), 0);
    cr_assert_eq(bench_buf_add(&input, "", 1), 0);
    const struct support_program python = {
        .argv = WORDS(rig_version_python(version), rig_peer_path("expressions.py"), "eval",
                      at->where + strcspn(at->where, "0123456789")),
        .input = (const char *)bench_buf_head(&input),
    };
    cr_assert_eq(support_program_run(&python, out, &err), 0, "%s", err.msg);
    cr_assert_eq(out->exit_status, 0, "%s", out->err);
    bench_buf_fini(&input);
}

/* As expressions.py shows it: the round trips, and the value, or the class of what was raised. */
static void describe_call(const json_t *call, char *out, size_t size)
{
    static const char module[] = "builtins.";
    const int trips = (int)rig_number(call, "round_trips");

    if (strcmp(rig_text(call, "status"), "answered") == 0) {
        (void)snprintf(out, size, "%d\t%s", trips, rig_text(call, "value"));
        return;
    }
    const char *what = rig_text(call, "error.message");
    if (strcmp(rig_text(call, "status"), "raised") != 0) {
        (void)snprintf(out, size, "%s", what);
        return;
    }
    const json_t *traceback = rig_at(call, "error.traceback");
    const bool told = json_is_string(traceback) &&
                      strstr(json_string_value(traceback), "Traceback (most recent call last)");
    if (strncmp(what, module, strlen(module)) == 0)
        what += strlen(module);
    (void)snprintf(out, size, "%d\t!%.*s%s", trips, (int)strcspn(what, ":"), what,
                   told ? "" : " without its traceback");
}

/* "yes", or "no" and the first expression that has another answer. */
static void ask_ours(const struct asked *row, const struct place_server *at, char **lines,
                     char answer[ANSWER_SIZE])
{
    enum { TEXT_SIZE = 64 << 10 };
    char *wanted = malloc(TEXT_SIZE), *got = malloc(TEXT_SIZE);

    cr_assert(wanted && got);
    (void)snprintf(answer, ANSWER_SIZE, "yes");
    for (const char *const *e = row->expressions; *e; e++) {
        struct support_output out;
        const char *line = strsep(lines, "\n");
        cr_assert(line && *lines, "Python's answers end early");
        const char *value = strrchr(line, '\t');
        cr_assert_not_null(value, "%s", line);
        (void)snprintf(wanted, TEXT_SIZE, "%.*s%s", (int)strcspn(line, "\t"), line, value);
        rig_run(&out,
                WORDS("call", "--json", at->url, *e, row->option,
                      row->option && strcmp(row->option, "--ca-file") == 0 ? certificate.cert_file
                                                                           : NULL));
        cr_assert_neq(out.exit_status, 2, "%s: %s", *e, out.err);
        json_t *call = rig_json(out.out);
        describe_call(call, got, TEXT_SIZE);
        if (strcmp(got, wanted) != 0 && strcmp(answer, "yes") == 0)
            (void)snprintf(answer, ANSWER_SIZE, "no: %.100s", got);
        if (strcmp(got, wanted) != 0)
            fprintf(stderr, "%s: %s; Python's client: %s\n", *e, got, wanted);
        json_decref(call);
        support_output_free(&out);
    }
    free(wanted);
    free(got);
}

static void try_expressions(const char *version, char answers[BENCH_COUNT_OF(asked)][ANSWER_SIZE])
{
    static struct place_server places[PLACES];
    struct support_output out[2];

    choose(version);
    places_start(places, "threaded", "python");
    for (int strict = 0; strict < 2; strict++)
        ask_python(version, &places[strict ? STRICT : PLAIN], strict != 0, &out[strict]);
    char *lines[2] = {out[0].out, out[1].out};
    for (size_t i = 0; i < BENCH_COUNT_OF(asked); i++)
        ask_ours(&asked[i], &places[asked[i].place], &lines[asked[i].place == STRICT], answers[i]);
    support_output_free(&out[0]);
    support_output_free(&out[1]);
    places_stop(places, version);
}

static void write_expressions(struct rig_doc *doc)
{
    static char answers[RIG_VERSIONS][BENCH_COUNT_OF(asked)][ANSWER_SIZE];

    for (int v = 0; v < RIG_VERSIONS; v++)
        try_expressions(rig_versions[v], answers[v]);
    rig_doc_print(doc, "\n`rpycbench call` has the values that Python's own client has, and takes "
                       "as many round trips; the\nservers of rpyc up to 5.1 speak TLS 1.0 alone."
                       "\n\n");
    head(doc, "expressions");
    for (size_t i = 0; i < BENCH_COUNT_OF(asked); i++) {
        rig_doc_print(doc, "| %s |", asked[i].feature);
        for (int v = 0; v < RIG_VERSIONS; v++)
            rig_doc_cell(doc, answers[v][i]);
        rig_doc_print(doc, "\n");
    }
    rig_doc_notes(doc);
}

Test(versions, table)
{
    struct rig_doc doc;

    places_prepare();
    rig_doc_init(&doc);
    rig_doc_print(&doc, "# Which versions of rpyc work\n\n"
                        "Made by the test integration.test_versions, from the real package in each "
                        "version. A number\nin brackets leads to the reason below the table.\n\n");
    write_clients(&doc);
    write_ours(&doc);
    write_expressions(&doc);
    rig_doc_check(&doc, "rpyc-compatibility.md");
    places_remove();
}

/* ---- nothing is left ---- */

ParameterizedTestParameters(versions, our_close_is_understood)
{
    static int rows[RIG_VERSIONS];

    for (int i = 0; i < RIG_VERSIONS; i++)
        rows[i] = i;
    return cr_make_param_array(int, rows, RIG_VERSIONS, NULL);
}

/* rpyc 6 goes on serving a connection for 30 s when CLOSE is not as it wants it. */
ParameterizedTest(int *index, versions, our_close_is_understood, .timeout = 300)
{
    struct support_output out;
    struct rig_server server;
    char url[64];
    pid_t found[1];

    choose(rig_versions[*index]);
    rig_serve(&server, "rpyc/forking/python", 4);
    (void)snprintf(url, sizeof(url), "rpyc://127.0.0.1:%u", server.port);
    rig_run(&out, WORDS("run", "--quick", "--repeats", "1", "--workload", "latency", "--requests",
                        "20", "--target", url, "--json", "-"));
    cr_expect_eq(out.exit_status, 0, "exit %d: %s", out.exit_status, out.err);
    support_output_free(&out);

    const pid_t listener = rig_await_listener(server.program.pid, "--protocol", 0);
    const int64_t deadline_ns = bench_now_ns() + PATIENCE_S * BENCH_NS_PER_S;
    int left;
    while ((left = rig_find_programs(listener, "", 1, found, 1)) > 0 &&
           bench_now_ns() < deadline_ns)
        rig_pause();
    cr_expect_eq(left, 0, "rpyc %s still serves a client that has gone", rig_versions[*index]);
    cr_expect_eq(rig_server_stop(&server), 0);
}
