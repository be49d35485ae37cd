/* SPDX-License-Identifier: MIT */
/*
 * What calls of a Python client cost, as everybody sees it who looks: a proxy that counts frames
 * and knows nothing else, `profile -- program` (the preloaded library), `profile --listen` (the
 * relay) and `profile --read` (a capture), the last three of the same conversation. Client and
 * service: peers/profiled_client.py, peers/profiled_service.py.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/proc.h"
#include "rig.h"
#include "rig_docs.h"
#include "tests/support/files.h"

#define WAIT_NS (60 * BENCH_NS_PER_S)

TestSuite(profile_counts, .init = rig_adopt, .timeout = 300);

/* ---- what it has to be ---- */

/* In parts that add up to whole rows: what each section has more than its row. */
enum { PING_TRIPS = 1, PING_FRAMES = 2 };

static const struct row {
    const char *name;
    int trips, served; /* requests that have to be answered, of both sides; by the server */
    int overlapped;    /* of the trips: asynchronous ones, but for the last that is waited for */
    int frames;        /* references that are given up included */
} rows[] = {
    {"connect", 0, 0, 0, 0},
    {"first root", 2, 0, 0, 4},
    {"root, later", 0, 0, 0, 0},
    {"root.ping()", 2, 0, 0, 6},
    {"root.ping", 1, 0, 0, 4},
    {"ping()", 1, 0, 0, 2},
    {"conn.ping()", 1, 0, 0, 2},
    {"100 async", 100, 0, 99, 200},
    {"exception", 2, 0, 0, 6},
    {"missing", 2, 0, 0, 4},
    {"hasattr", 2, 0, 0, 4},
    {"a-b-c-d", 2, 0, 0, 6},
    {"callback once", 3, 1, 0, 10},
    {"nested(3)", 11, 3, 0, 32},
    {"list", 1, 0, 0, 4},
    {"dict", 1, 0, 0, 4},
    {"set", 1, 0, 0, 4},
    {"object", 2, 0, 0, 6},
    {"d['k']", 1, 0, 0, 2},
    {"len(d)", 1, 0, 0, 2},
    {"'k' in d", 1, 0, 0, 2},
    {"bool(d)", 1, 0, 0, 2},
    {"str(d)", 1, 0, 0, 2},
    {"li[3]", 1, 0, 0, 2},
    {"d.get('k')", 2, 0, 0, 6},
    {"d.keys()", 3, 0, 0, 10},
    {"list(d)", 14, 0, 0, 30},
    {"d.items()", 16, 0, 0, 38},
    {"dict(d)", 29, 0, 0, 66},
    {"iterate 100", 102, 0, 0, 206},
    {"list(li)", 103, 0, 0, 208},
    {"buffiter", 6, 0, 0, 14},
    {"obtain(list)", 1, 0, 0, 2},
    {"obtain(dict)", 1, 0, 0, 2},
    {"obtain(object)", 1, 0, 0, 2},
    {"isinstance", 0, 0, 0, 0},
    {"u.name", 1, 0, 0, 2},
    {"u.full()", 2, 0, 0, 6},
    {"dicts", 404, 0, 0, 1014},
    {"objects", 504, 0, 0, 1214},
    {"tuples", 2, 0, 0, 6},
    {"obtain dicts", 3, 0, 0, 10},
    {"obtain objects", 3, 0, 0, 10},
    {"pass list", 103, 102, 0, 210},
    {"pass tuple", 1, 0, 0, 2},
    {"pass list for len", 2, 1, 0, 6},
    {"pass dict", 4, 3, 0, 10},
    {"one by one", 400, 0, 0, 1200},
    {"batch of a list", 306, 102, 0, 818},
    {"batch of a tuple", 2, 0, 0, 6},
    {"object of two", 5, 0, 0, 14},
    {"dict of two", 4, 0, 0, 12},
    {"upload zeros", 1, 0, 0, 2},
    {"upload random", 1, 0, 0, 2},
    {"upload_chunked", 19, 18, 0, 42},
    {"download_chunked", 1, 0, 0, 4},
    {"fetching", 18, 0, 0, 38},
};

/* On rpyc's classic service. */
static const struct row classic_rows[] = {
    {"classic.connect()", 10, 0, 0, 20},
    {"modules.os", 2, 0, 0, 4},
    {"modules.os, later", 0, 0, 0, 0},
    {"modules.os.getcwd()", 2, 0, 0, 6},
};

/* Where a version of rpyc does something else. */
static const struct deviation {
    const char *version;
    struct row row;
    const char *why;
} deviations[] = {
    {"4.1.5",
     {"classic.connect()", 8, 0, 0, 16},
     "it fetches the module builtins only; since rpyc 5 ModuleNamespace fetches importlib.util as "
     "well, which is one CALL and one INSPECT more"},
};

enum { ROWS_MAX = BENCH_COUNT_OF(rows) };

/* A service with the rows that are asked of it. */
struct scene {
    const char *version;
    bool classic;
    const struct row *rows;
    size_t nrows;
    struct rig_server service;
};

static const struct row *wanted(const struct scene *scene, size_t i)
{
    for (size_t d = 0; d < BENCH_COUNT_OF(deviations); d++)
        if (strcmp(deviations[d].version, scene->version) == 0 &&
            strcmp(deviations[d].row.name, scene->rows[i].name) == 0)
            return &deviations[d].row;
    return &scene->rows[i];
}

static void scene_begin(struct scene *scene, int version, bool classic)
{
    rig_use_version(version);
    *scene = (struct scene){.version = rig_versions[version],
                            .classic = classic,
                            .rows = classic ? classic_rows : rows,
                            .nrows =
                                classic ? BENCH_COUNT_OF(classic_rows) : BENCH_COUNT_OF(rows)};
    rig_peer(&scene->service, "profiled_service.py",
             classic ? WORDS("--classic") : WORDS("--port", "0"));
}

static void scene_end(struct scene *scene)
{
    cr_expect_eq(rig_server_stop(&scene->service), 0);
}

/* argv: what stands before, then the client with all rows of the scene. */
static void client_words(const struct scene *scene, uint16_t port, const char *const *before,
                         const char *argv[static ROWS_MAX + 32])
{
    static char number[8];
    size_t n = 0;

    (void)snprintf(number, sizeof(number), "%u", port);
    while (*before)
        argv[n++] = *before++;
    const char *const words[] = {rig_python(), rig_peer_path("profiled_client.py"),
                                 scene->classic ? "--classic-port" : "--port", number};
    for (size_t i = 0; i < BENCH_COUNT_OF(words); i++)
        argv[n++] = words[i];
    for (size_t i = 0; i < scene->nrows; i++)
        argv[n++] = scene->rows[i].name;
    argv[n] = NULL;
}

/* ---- by a proxy that counts frames ---- */

static void check_wire(int version, bool classic)
{
    struct scene scene;
    struct rig_server proxy;
    struct support_output out;
    const char *argv[ROWS_MAX + 32];
    char upstream[8], control[8];
    unsigned control_port = 0;

    scene_begin(&scene, version, classic);
    (void)snprintf(upstream, sizeof(upstream), "%u", scene.service.port);
    rig_peer(&proxy, "count_frames.py", WORDS("--upstream", upstream));
    const char *at = strstr(proxy.line, "control ");
    cr_assert(at && sscanf(at, "control %u", &control_port) == 1, "%s", proxy.line);
    (void)snprintf(control, sizeof(control), "%u", control_port);
    client_words(&scene, proxy.port, WORDS(NULL), argv);
    size_t n = 0;
    while (argv[n])
        n++;
    argv[n] = "--control";
    argv[n + 1] = control;
    argv[n + 2] = NULL;
    rig_run_program(&out, argv);
    cr_assert_eq(out.exit_status, 0, "%s", out.err);
    json_t *counts = rig_json(strrchr(out.out, '{') ? strstr(out.out, "\n{") + 1 : "");
    for (size_t i = 0; i < scene.nrows; i++) {
        const struct row *row = wanted(&scene, i);
        const json_t *count = json_object_get(counts, row->name);
        cr_assert_not_null(count, "no row %s", row->name);
        cr_expect_eq(rig_number(count, "trips"), row->trips + PING_TRIPS, "%s: %g trips", row->name,
                     rig_number(count, "trips"));
        cr_expect_eq(rig_number(count, "served"), row->served, "%s: %g served", row->name,
                     rig_number(count, "served"));
        cr_expect_eq(rig_number(count, "frames"), row->frames + PING_FRAMES, "%s: %g frames",
                     row->name, rig_number(count, "frames"));
        cr_expect_eq(rig_number(count, "pending"), 0, "%s", row->name);
    }
    json_decref(counts);
    support_output_free(&out);
    cr_expect_eq(rig_server_stop(&proxy), 0);
    scene_end(&scene);
}

Test(profile_counts, wire_of_4_1_5) { check_wire(0, false); }
Test(profile_counts, wire_of_5_3_1) { check_wire(1, false); }
Test(profile_counts, wire_of_6_0_2) { check_wire(2, false); }
Test(profile_counts, wire_of_classic_4_1_5) { check_wire(0, true); }
Test(profile_counts, wire_of_classic_5_3_1) { check_wire(1, true); }
Test(profile_counts, wire_of_classic_6_0_2) { check_wire(2, true); }
