/* SPDX-License-Identifier: MIT */
/*
 * The same expressions, by the real rpyc client, on objects of Python's reference server and of
 * ours: their outcomes are the same, but for what is listed here with its reason.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"
#include "rig_docs.h"

enum { CLIENTS = 4, LEAST_CASES = 600 };

static void setup(void)
{
    rig_adopt();
    rig_need_versions();
}

TestSuite(objects, .init = setup, .timeout = 600);

#define DOC    "texts of documentation are not copied"
#define CLASS  "no class can be handed out: no fromkeys, no __class_getitem__"
#define MODULE "the Python server's own modules, which a client cannot load either"
#define OWN    "operations are shown and count their arguments in words of our own"
#define INNER  "what Python keeps in each object is not there: __dict__, _connection ..."
#define TYPE   "before rpyc 6 a class of a client is called type by the Python server"
#define FORMAT "rpyc 4 does not know __format__ as safe"

/* What differs, and why it stays. */
static const struct {
    const char *source, *why;
} known[] = {
    {"n.__doc__", DOC},
    {"u.__doc__ is None", DOC},
    {"sorted(set(dir(n)) - set(dir(object)))", CLASS},
    {"sorted(set(dir(d)) - set(dir(object)))",
     CLASS " and no __reversed__, which is refused anyway"},
    {"sorted(set(dir(d.keys())) - set(dir(object)))", "no mapping proxies"},
    {"sorted(set(dir(u)) - set(dir(object)))", INNER},
    {"sorted(set(dir(r)) - set(dir(object)))", INNER},
    {"rpyc.classic.obtain(l)", MODULE},
    {"rpyc.classic.obtain(u)", MODULE},
    {"d[\"x\"] = u; rpyc.classic.obtain(d)", MODULE},
    {"n[0] = O; rpyc.classic.obtain(n)", "the client is not asked to pickle: it would refuse"},
    {"rpyc.classic.obtain(r)", MODULE},
    {"rpyc.classic.obtain(r.ping)", MODULE},
    {"r.upload_chunked(n)", OWN},
    {"r", OWN},
    {"r.ping, r.ping()", OWN},
    {"r.ping(1)", OWN},
    {"r.ping(a=1)", OWN},
    {"r.__class__", "rpyc finds a module __main__ at its own side, but no rpycbench"},
    {"raw(\"CMP\", 5, 5, \"__add__\")", "a comparison only compares"},
    {"n + [1]", TYPE},
    {"g.throw(ValueError)", TYPE},
    {"g.throw(ValueError(\"x\"))", TYPE},
    {"format(n)", FORMAT},
    {"format(n, \"5\")", FORMAT},
    {"n.__format__(\"\")", FORMAT},
    {"format(d)", FORMAT},
    {"format(u)", FORMAT},
    {"format(u, \"x\")", FORMAT},
};

static bool is_known(const char *source)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(known); i++)
        if (strcmp(known[i].source, source) == 0)
            return true;
    return false;
}

/* ---- running ---- */

static const struct row {
    int version; /* number in rig_versions */
    const char *policy, *mode;
    bool public; /* the server may read what the client has */
} rows[] = {
    {0, "reference", "threaded", false}, {1, "reference", "forking", false},
    {2, "reference", "threaded", false}, {2, "strict", "forking", false},
    {2, "reference", "forking", true},
};

static void start(const struct row *row, const char *who, struct rig_server *server,
                  struct rig_program *client)
{
    char target[80], port[8];
    (void)snprintf(target, sizeof(target), "rpyc[policy=%s]/%s/%s", row->policy, row->mode, who);
    rig_serve(server, target, CLIENTS);
    (void)snprintf(port, sizeof(port), "%u", server->port);
    rig_start(client, WORDS(rig_version_python(rig_versions[row->version]),
                            rig_peer_path("objects_client.py"), "--port", port,
                            row->public ? "--public" : NULL));
}

static json_t *finish(struct rig_server *server, struct rig_program *client)
{
    struct support_output out;
    rig_wait(client, &out);
    cr_assert_eq(out.exit_status, 0, "%s: %s", server->line, out.err);
    json_t *outcomes = rig_json(out.out);
    support_output_free(&out);
    cr_expect_eq(rig_server_stop(server), 0, "%s", server->line);
    return outcomes;
}

ParameterizedTestParameters(objects, as_pythons)
{
    static int numbers[BENCH_COUNT_OF(rows)];
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++)
        numbers[i] = (int)i;
    return cr_make_param_array(int, numbers, BENCH_COUNT_OF(rows), NULL);
}

ParameterizedTest(int *number, objects, as_pythons, .timeout = 600)
{
    const struct row *row = &rows[*number];
    const char *version = rig_versions[row->version], *source;
    struct rig_server python, native;
    struct rig_program clients[2];
    json_t *theirs, *ours, *outcome;

    cr_assert_eq(setenv("RPYCBENCH_VENV", rig_version_venv(version), 1), 0);
    start(row, "python", &python, &clients[0]);
    start(row, "native", &native, &clients[1]);
    theirs = finish(&python, &clients[0]);
    ours = finish(&native, &clients[1]);
    cr_expect_geq(json_object_size(theirs), LEAST_CASES);
    cr_expect_eq(json_object_size(theirs), json_object_size(ours));
    json_object_foreach(theirs, source, outcome)
    {
        const char *they = json_string_value(outcome);
        const char *we = json_string_value(json_object_get(ours, source));
        cr_assert_not_null(we, "no outcome of %s", source);
        cr_expect(strcmp(they, we) == 0 || is_known(source),
                  "rpyc %s, %s, %s:\n%s\nPython: %s\nwe:     %s", version, row->policy, row->mode,
                  source, they, we);
    }
    for (size_t i = 0; i < BENCH_COUNT_OF(known); i++)
        cr_expect_not_null(json_object_get(theirs, known[i].source), "no case %s", known[i].source);
    json_decref(theirs);
    json_decref(ours);
    rig_assert_nobody_left();
}
