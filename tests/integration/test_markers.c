/* SPDX-License-Identifier: MIT */
/* examples/python/mark.py: nothing without the profiler, sections with it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "rig.h"
#include "tests/support/files.h"

static void setup(void)
{
    rig_adopt();
    rig_need_python();
}

TestSuite(markers, .init = setup, .timeout = 120);

static void check(const char *environment, const char *how)
{
    struct support_output out;

    /* env(1): the variable must be there when Python starts. */
    rig_run_program(&out, WORDS("env", "-u", "RPYCBENCH_TAP", environment, rig_python(),
                                rig_peer_path("mark_check.py"), how));
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    cr_expect_str_eq(out.out, "ok\n");
    cr_expect_str_eq(out.err, "");
    support_output_free(&out);
}

Test(markers, do_nothing_without_the_profiler) { check("A=B", "absent"); }
Test(markers, do_nothing_where_the_library_is_not_loaded) { check("RPYCBENCH_TAP=x", "absent"); }
Test(markers, call_the_library_in_order_and_on_their_threads) { check("A=B", "present"); }

/* ---- with it ---- */

static const struct wanted {
    const char *name, *parent;
    int count, trips, created; /* created: references that the server handed out */
    bool several;              /* threads */
} sections[] = {
    {"load", NULL, 1, 9, 4, false},       {"inside", "load", 1, 4, 2, false},
    {"ping", "inside", 2, 4, 2, false},   {"nothing", NULL, 1, 0, 0, false},
    {"task", NULL, 1, 2, 1, false},       {"thread", NULL, 3, 36, 18, true},
    {"ping", "thread", 15, 30, 15, true},
};

static const char *parent_of(const json_t *all, const json_t *section)
{
    const json_t *parent = json_object_get(section, "parent");

    return json_is_integer(parent)
               ? rig_text(json_array_get(all, (size_t)json_integer_value(parent)), "name")
               : NULL;
}

static const json_t *find_section(const json_t *all, const struct wanted *wanted)
{
    size_t i;
    const json_t *section;

    json_array_foreach(all, i, section)
    {
        const char *parent = parent_of(all, section);
        if (strcmp(rig_text(section, "name"), wanted->name) == 0 && !parent == !wanted->parent &&
            (!parent || strcmp(parent, wanted->parent) == 0))
            return section;
    }
    return NULL;
}

static void expect_section(const json_t *all, const struct wanted *wanted)
{
    const json_t *section = find_section(all, wanted);

    cr_assert_not_null(section, "no section %s in %s", wanted->name,
                       wanted->parent ? wanted->parent : "none");
    cr_expect_eq(rig_number(section, "count"), wanted->count, "%s: %g times", wanted->name,
                 rig_number(section, "count"));
    cr_expect_eq(rig_number(section, "totals.round_trips.to_server"), wanted->trips,
                 "%s: %g round trips", wanted->name,
                 rig_number(section, "totals.round_trips.to_server"));
    cr_expect_eq(rig_number(section, "totals.references.to_client.created"), wanted->created,
                 "%s: %g references", wanted->name,
                 rig_number(section, "totals.references.to_client.created"));
    cr_expect(json_is_false(rig_at(section, "open")), "%s", wanted->name);
    cr_expect_eq(json_is_null(rig_at(section, "thread")), wanted->several, "%s", wanted->name);
    cr_expect_gt(rig_number(section, "total"), 0);
    cr_expect_geq(rig_number(section, "total"), rig_number(section, "slowest"));
}

static json_t *profile_marked(const struct rig_server *service)
{
    struct support_output out;
    struct bench_error err = {0};
    char *folder, json[300], text[300], port[8];

    cr_assert_eq(support_tempdir_make(&folder, &err), 0, "%s", err.msg);
    (void)snprintf(json, sizeof(json), "%s/profile.json", folder);
    (void)snprintf(text, sizeof(text), "%s/profile", folder);
    (void)snprintf(port, sizeof(port), "%u", service->port);
    rig_run(&out, WORDS("profile", "--json", json, "--output", text, "--", rig_python(),
                        rig_peer_path("marked_client.py"), "--port", port));
    cr_assert_eq(out.exit_status, 0, "%s", out.err);
    cr_expect_str_eq(out.out, "done\n");
    support_output_free(&out);
    json_t *profile = rig_json_file(folder, "profile.json");
    support_tempdir_remove(folder);
    return profile;
}

Test(markers, are_sections_of_a_profile)
{
    struct rig_server service;

    rig_peer(&service, "profiled_service.py", WORDS(NULL));
    json_t *profile = profile_marked(&service);
    const json_t *all = rig_at(profile, "sections");
    cr_expect_eq(json_array_size(all), BENCH_COUNT_OF(sections), "%zu sections",
                 json_array_size(all));
    for (size_t i = 0; i < BENCH_COUNT_OF(sections); i++)
        expect_section(all, &sections[i]);
    json_decref(profile);
    cr_expect_eq(rig_server_stop(&service), 0);
}
