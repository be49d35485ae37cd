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
                            .nrows = classic ? BENCH_COUNT_OF(classic_rows) : BENCH_COUNT_OF(rows)};
    rig_peer(&scene->service, "profiled_service.py",
             classic ? WORDS("--classic") : WORDS("--port", "0"));
}

static void scene_end(struct scene *scene) { cr_expect_eq(rig_server_stop(&scene->service), 0); }

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

/* ---- by the profiler, in all its ways at once ---- */

static char *folder;

static const char *in_folder(const char *name, char out[static 300])
{
    (void)snprintf(out, 300, "%s/%s", folder, name);
    return out;
}

/* What a program has said on stderr so far; the caller frees it. */
static char *said(const struct rig_program *program)
{
    char *text = calloc(1, 4096);

    cr_assert_not_null(text);
    cr_assert_geq(pread(program->err_fd, text, 4095, 0), 0);
    return text;
}

/* Waits until it says that; what stands behind it goes to rest. False: it ended before. */
static bool await_words(const struct rig_program *program, const char *words, char rest[static 100])
{
    const int64_t deadline_ns = bench_now_ns() + WAIT_NS;

    for (;;) {
        char *text = said(program);
        const char *at = strstr(text, words);
        if (at)
            (void)snprintf(rest, 100, "%s", at + strlen(words));
        free(text);
        if (at)
            return true;
        if (kill(program->pid, 0) < 0 || bench_proc_wait(program->pid, 0, &(int){0}) == 0)
            return false;
        cr_assert_lt(bench_now_ns(), deadline_ns, "it does not say \"%s\"", words);
        rig_pause();
    }
}

static void end_with_sigterm(struct rig_program *program)
{
    struct support_output out;

    (void)kill(program->pid, SIGTERM);
    rig_wait(program, &out);
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    support_output_free(&out);
}

/* ---- tcpdump, where it is and may ---- */

struct capture {
    struct rig_program program;
    bool runs;
    char file[300];
    uint16_t port;
};

static void capture_begin(struct capture *capture, uint16_t port)
{
    char number[8], rest[100];

    *capture = (struct capture){.port = port};
    (void)in_folder("wire.pcap", capture->file);
    (void)snprintf(number, sizeof(number), "%u", port);
    if (access("/usr/bin/tcpdump", X_OK) < 0 || geteuid() != 0)
        return;
    rig_start(&capture->program,
              WORDS("/usr/bin/tcpdump", "-i", "lo", "-U", "--immediate-mode", "-B", "65536", "-s",
                    "0", "-Z", "root", "-w", capture->file, "tcp", "port", number));
    capture->runs = await_words(&capture->program, "listening on lo", rest);
}

/* What is captured comes in order, and late: a last connection tells that all before it is there.
 */
static void capture_end(struct capture *capture)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(capture->port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int64_t deadline_ns = bench_now_ns() + WAIT_NS;
    struct sockaddr_in own;
    uint16_t ports[2];
    bool there = false;

    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&own, &(socklen_t){sizeof(own)}), 0);
    ports[0] = own.sin_port;
    ports[1] = address.sin_port;
    while (!there) {
        char *bytes;
        size_t length;
        cr_assert_eq(support_read_file(capture->file, &bytes, &length), 0);
        there = memmem(bytes, length, ports, sizeof(ports));
        free(bytes);
        cr_assert_lt(bench_now_ns(), deadline_ns, "tcpdump does not see port %u", ntohs(ports[0]));
        rig_pause();
    }
    close(fd);
    end_with_sigterm(&capture->program);
}

/* ---- comparing ---- */

static const char *const ways[] = {"to_server", "to_client"};

static double of(const json_t *totals, const char *key, int direction)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "%s.%s", key, ways[direction]);
    return rig_number(totals, path);
}

static double both(const json_t *totals, const char *key)
{
    return of(totals, key, 0) + of(totals, key, 1);
}

static void expect_row(const json_t *section, const struct row *row)
{
    const json_t *totals = rig_at(section, "totals");

    cr_expect_eq(both(totals, "round_trips") + both(totals, "overlapped"), row->trips + PING_TRIPS,
                 "%s: %g round trips, %g overlapped", row->name, both(totals, "round_trips"),
                 both(totals, "overlapped"));
    cr_expect_eq(both(totals, "overlapped"), row->overlapped, "%s: %g", row->name,
                 both(totals, "overlapped"));
    cr_expect_eq(of(totals, "round_trips", 1), row->served, "%s: %g served", row->name,
                 of(totals, "round_trips", 1));
    cr_expect_eq(both(totals, "messages"), row->frames + PING_FRAMES, "%s: %g messages", row->name,
                 both(totals, "messages"));
}

static void expect_rows(const struct scene *scene, const json_t *profile)
{
    const json_t *sections = rig_at(profile, "sections");

    cr_assert_eq(json_array_size(sections), scene->nrows);
    for (size_t i = 0; i < scene->nrows; i++) {
        const json_t *section = json_array_get(sections, i);
        cr_assert_str_eq(rig_text(section, "name"), scene->rows[i].name);
        expect_row(section, wanted(scene, i));
    }
}

/* An asynchronous request whose answer passes before the next request does looks to a relay and to
 * a capture as if somebody had waited for it. The preloaded library sees when the answer is read.
 * So where there are such requests, only the sum of both kinds is the same. */
static void expect_same_trips(double awaited_a, double overlapped_a, double awaited_b,
                              double overlapped_b, const char *way, const char *what)
{
    cr_expect_eq(awaited_a + overlapped_a, awaited_b + overlapped_b, "%s: %g + %g, by %s %g + %g",
                 what, awaited_a, overlapped_a, way, awaited_b, overlapped_b);
    cr_expect_leq(overlapped_b, overlapped_a, "%s: %g, by %s %g", what, overlapped_a, way,
                  overlapped_b);
}

static void expect_same_totals(const json_t *a, const json_t *b, const char *way, const char *what)
{
    static const char *const keys[] = {"messages",   "requests",    "unawaited", "errors",
                                       "unanswered", "plain_bytes", "wire_bytes"};
    static const char *const references[] = {"created", "released", "alive", "leaked"};
    char path[64];

    for (int d = 0; d < 2; d++) {
        expect_same_trips(of(a, "round_trips", d), of(a, "overlapped", d), of(b, "round_trips", d),
                          of(b, "overlapped", d), way, what);
        for (size_t i = 0; i < BENCH_COUNT_OF(keys); i++)
            cr_expect_eq(of(a, keys[i], d), of(b, keys[i], d), "%s: %s %s: %g, by %s %g", what,
                         keys[i], ways[d], of(a, keys[i], d), way, of(b, keys[i], d));
        for (size_t i = 0; i < BENCH_COUNT_OF(references); i++) {
            (void)snprintf(path, sizeof(path), "references.%s.%s", ways[d], references[i]);
            cr_expect_eq(rig_number(a, path), rig_number(b, path), "%s: %s: %g, by %s %g", what,
                         path, rig_number(a, path), way, rig_number(b, path));
        }
    }
    cr_expect_eq(rig_number(a, "depth_max"), rig_number(b, "depth_max"), "%s: %s", what, way);
    cr_expect_eq(rig_number(b, "lost"), 0, "%s", way);
}

static const json_t *find_name(const json_t *names, const json_t *wanted_name)
{
    size_t i;
    const json_t *name;

    json_array_foreach(names, i, name)
    {
        if (json_equal(json_object_get(name, "name"), json_object_get(wanted_name, "name")) &&
            json_equal(json_object_get(name, "direction"),
                       json_object_get(wanted_name, "direction")))
            return name;
    }
    return NULL;
}

static void expect_same_names(const json_t *a, const json_t *b, const char *way)
{
    static const char *const keys[] = {"count",      "unawaited",  "errors", "verbs",
                                       "lookups",    "objects",    "class",  "error",
                                       "wire_bytes", "plain_bytes"};
    size_t i;
    const json_t *name;

    cr_expect_eq(json_array_size(a), json_array_size(b), "by %s", way);
    json_array_foreach(a, i, name)
    {
        const json_t *other = find_name(b, name);
        cr_assert_not_null(other, "%s is no name by %s", rig_text(name, "name"), way);
        expect_same_trips(rig_number(name, "round_trips"), rig_number(name, "overlapped"),
                          rig_number(other, "round_trips"), rig_number(other, "overlapped"), way,
                          rig_text(name, "name"));
        for (size_t k = 0; k < BENCH_COUNT_OF(keys); k++)
            cr_expect(json_equal(json_object_get(name, keys[k]), json_object_get(other, keys[k])),
                      "%s: %s is not the same by %s", rig_text(name, "name"), keys[k], way);
    }
}

/* b may have connections behind those of a. */
static void expect_same(const struct scene *scene, const json_t *a, const json_t *b,
                        const char *way)
{
    const json_t *of_a = rig_at(a, "connections"), *of_b = rig_at(b, "connections");

    cr_expect_eq(rig_number(b, "dropped_pieces"), 0);
    cr_assert_eq(json_array_size(of_a), scene->nrows);
    cr_assert_geq(json_array_size(of_b), scene->nrows, "by %s", way);
    for (size_t i = 0; i < scene->nrows; i++)
        expect_same_totals(rig_at(json_array_get(of_a, i), "totals"),
                           rig_at(json_array_get(of_b, i), "totals"), way, scene->rows[i].name);
    expect_same_totals(rig_at(a, "totals"), rig_at(b, "totals"), way, "together");
    expect_same_names(rig_at(a, "names"), rig_at(b, "names"), way);
}

static void check_capture(const struct scene *scene, const struct capture *capture,
                          const json_t *program)
{
    struct support_output out;
    char json[300], text[300], port[8];

    (void)snprintf(port, sizeof(port), "%u", capture->port);
    rig_run(&out, WORDS("profile", "--read", capture->file, "--port", port, "--json",
                        in_folder("capture.json", json), "--output", in_folder("capture", text)));
    cr_assert_eq(out.exit_status, 0, "%s", out.err);
    support_output_free(&out);
    json_t *read = rig_json_file(folder, "capture.json");
    expect_same(scene, program, read, "the capture");
    json_decref(read);
}

/* The client under the preloaded library goes through the relay; tcpdump sees what the relay
 * passes on. So all three see the same bytes. */
static void check_taps(int version, bool classic)
{
    struct scene scene;
    struct rig_program relay;
    struct capture capture;
    struct support_output out;
    struct bench_error err = {0};
    const char *argv[ROWS_MAX + 32];
    char upstream[40], rest[100], path[4][300];
    unsigned port = 0;

    scene_begin(&scene, version, classic);
    cr_assert_eq(support_tempdir_make(&folder, &err), 0, "%s", err.msg);
    (void)snprintf(upstream, sizeof(upstream), "127.0.0.1:%u", scene.service.port);
    rig_start(&relay, WORDS(rig_bench(), "profile", "--listen", "127.0.0.1:0", "--upstream",
                            upstream, "--json", in_folder("relay.json", path[0]), "--output",
                            in_folder("relay", path[1])));
    cr_assert(await_words(&relay, "listens on 127.0.0.1:", rest), "%s", said(&relay));
    cr_assert(sscanf(rest, "%u", &port) == 1 && port > 0 && port < 65536, "%s", rest);
    capture_begin(&capture, scene.service.port);
    client_words(&scene, (uint16_t)port,
                 WORDS(rig_bench(), "profile", "--json", in_folder("program.json", path[2]),
                       "--output", in_folder("program", path[3]), "--"),
                 argv);
    rig_run_program(&out, argv);
    cr_assert_eq(out.exit_status, 0, "%s", out.err);
    cr_expect_eq((size_t)rig_count_lines(out.out, ": "), scene.nrows, "%s", out.out);
    support_output_free(&out);
    if (capture.runs)
        capture_end(&capture);
    end_with_sigterm(&relay);

    json_t *program = rig_json_file(folder, "program.json");
    json_t *relayed = rig_json_file(folder, "relay.json");
    cr_expect_eq(rig_number(program, "dropped_pieces"), 0);
    cr_expect_eq(json_array_size(rig_at(program, "notes")), 0, "%s",
                 json_dumps(rig_at(program, "notes"), 0));
    expect_rows(&scene, program);
    expect_same(&scene, program, relayed, "the relay");
    if (capture.runs)
        check_capture(&scene, &capture, program);
    else
        cr_log_warn("not compared with a capture: that needs /usr/bin/tcpdump and root");
    json_decref(program);
    json_decref(relayed);
    scene_end(&scene);
    support_tempdir_remove(folder);
    rig_assert_nobody_left();
}

Test(profile_counts, taps_of_4_1_5) { check_taps(0, false); }
Test(profile_counts, taps_of_5_3_1) { check_taps(1, false); }
Test(profile_counts, taps_of_6_0_2) { check_taps(2, false); }
Test(profile_counts, taps_of_classic_4_1_5) { check_taps(0, true); }
Test(profile_counts, taps_of_classic_5_3_1) { check_taps(1, true); }
Test(profile_counts, taps_of_classic_6_0_2) { check_taps(2, true); }
