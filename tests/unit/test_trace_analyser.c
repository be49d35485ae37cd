/* SPDX-License-Identifier: MIT */
/* What is added up, and the bounds of it. Times in scripts are us. */
#include "stats/sketch.h"
#include "trace_fixture.h"

TestSuite(trace_analyser, .timeout = 20);

Test(trace_analyser, options_out_of_range)
{
    struct trace_options options;
    struct bench_error err = {0};
    trace_options_init(&options);
    cr_assert_eq(trace_options_check(&options, &err), 0);
    options.sample = 0;
    cr_assert_lt(trace_options_check(&options, &err), 0);
    cr_assert(strstr(err.msg, "sample is 0") != NULL, "%s", err.msg);
    trace_options_init(&options);
    options.names_max = 15;
    cr_assert_lt(trace_options_check(&options, &err), 0);
    cr_assert(strstr(err.msg, "names_max is 15") != NULL, "%s", err.msg);
    trace_options_init(&options);
    options.deep_stack = 0;
    cr_assert_lt(trace_options_check(&options, NULL), 0);
}

Test(trace_analyser, names)
{
    struct played p = played("0 0 place 3 app.py:17 load\n"
                             "0 0 place 4 app.py:20 <module>\n"
                             "0 1 open\n"
                             "10 1 > q 1 get root.f place=4\n"
                             "12 1 < r 1 callable bytes=30\n"
                             "12 1 < ref 1 root.f\n"
                             "20 1 > q 2 call root.f bytes=100 place=3\n"
                             "30 1 < r 2 bytes=200\n"
                             "40 1 > q 3 call root.f place=3\n"
                             "60 1 < e 3 ValueError\n"
                             "70 1 > q 4 get root.name\n"
                             "71 1 < r 4\n"
                             "72 1 > q 5 release root.f unawaited\n"
                             "72 1 > rel 1 root.f\n"
                             "73 1 < r 5\n"
                             "80 1 close\n");
    const struct trace_name *f = row_of(p.profile, "root.f");
    cr_assert_eq(&p.profile->by_name[0], f);
    cr_assert_eq(f->count, 2);
    cr_assert_eq(f->verbs[BENCH_VERB_GET], 1);
    cr_assert_eq(f->verbs[BENCH_VERB_CALL], 2);
    cr_assert_eq(f->lookups, 1);
    cr_assert_eq(f->round_trips, 3);
    cr_assert_eq(f->unawaited, 1);
    cr_assert_eq(f->errors, 1);
    cr_assert_str_eq(f->error, "ValueError");
    cr_assert_eq(f->objects, 1);
    cr_assert_eq(f->total_ns, 32000);
    cr_assert_eq(f->self_ns, 32000);
    cr_assert_eq(f->slowest_ns, 20000);
    cr_assert_eq(f->slowest_at_ns, 40000);
    cr_assert_eq(f->hist->count, 3);
    cr_assert_eq(f->plain_bytes[0], 10 + 100 + 10 + 10);
    cr_assert_eq(f->wire_bytes[1], 30 + 200 + 16 + 16);
    cr_assert_str_eq(trace_place(p.profile, f->place), "app.py:17 load");
    cr_assert_str_eq(trace_place(p.profile, 77), "");
    cr_assert_eq(row_of(p.profile, "root.name")->count, 1);
    cr_assert_eq(p.profile->totals.errors[BENCH_TO_SERVER], 1);
    done(&p);
}

Test(trace_analyser, connections_and_processes)
{
    struct played p = played("0 0 process 1000 python3 app.py\n"
                             "5 2 joined 127.0.0.1:2 > 127.0.0.1:3\n"
                             "6 1 open 127.0.0.1:1 > 127.0.0.1:3\n"
                             "10 1 > q 1 call root.f\n"
                             "12 2 > q 1 call root.f\n"
                             "15 1 < r 1\n"
                             "25 2 < r 1\n"
                             "26 9 > q 1 call root.f\n" /* its OPEN was not seen */
                             "27 9 < r 1\n"
                             "30 1 close\n"
                             "31 1 > q 2 call root.f\n"); /* late: it is over */
    const struct trace_profile *profile = p.profile;
    cr_assert_eq(profile->nconnections, 3);
    cr_assert_eq(profile->connections[0].connection, 2);
    cr_assert(profile->connections[0].joined);
    cr_assert_str_eq(profile->connections[1].text, "127.0.0.1:1 > 127.0.0.1:3");
    cr_assert_eq(profile->connections[1].totals.waiting_ns[0], 5000);
    cr_assert_eq(profile->connections[1].end_ns, 30000);
    cr_assert_eq(profile->connections[0].end_ns, 0);
    cr_assert(profile->connections[2].joined);
    cr_assert_eq(profile->totals.waiting_ns[0], 19000);
    cr_assert_eq(profile->totals.requests[0], 3);
    cr_assert_eq(profile->nprocesses, 1);
    cr_assert_str_eq(profile->processes[0].command, "python3 app.py");
    cr_assert(has_note(profile, "2 connections were open already"));
    trace_profile_free(p.profile);
    play(p.analyser, "50 0 exit 1000\n");
    p.profile = take(p.analyser);
    cr_assert_eq(p.profile->processes[0].end_ns, 50000);
    for (size_t i = 0; i < p.profile->nconnections; i++)
        cr_assert_neq(p.profile->connections[i].end_ns, 0);
    done(&p);
}

/* Bytes that arrive one by one, in a protocol that is known only after some of them; and others. */
Test(trace_analyser, what_a_connection_speaks)
{
    struct trace_analyser *analyser = new_analyser(NULL);
    const char *bytes = "||q 1 call root.f\n";
    play(analyser, "1 1 open\n");
    for (size_t i = 0; bytes[i] != '\0'; i++)
        trace_analyser_piece(&(struct bench_piece){.kind = BENCH_PIECE_DATA,
                                                   .connection = 1,
                                                   .time_ns = 1000 + (int64_t)i,
                                                   .data = bytes + i,
                                                   .length = 1},
                             analyser);
    const char *others[] = {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01 hello"};
    for (unsigned k = 0; k < 2; k++) {
        struct bench_piece piece = {.kind = BENCH_PIECE_OPEN, .connection = 2 + k, .time_ns = 5000};
        trace_analyser_piece(&piece, analyser);
        piece.kind = BENCH_PIECE_DATA;
        piece.data = others[k];
        piece.length = strlen(others[k]);
        trace_analyser_piece(&piece, analyser);
        trace_analyser_piece(&piece, analyser);
    }
    struct trace_profile *profile = take(analyser);
    cr_assert_eq(profile->totals.messages[BENCH_TO_SERVER], 1);
    cr_assert(!profile->connections[0].foreign);
    cr_assert(profile->connections[1].foreign);
    cr_assert_eq(profile->connections[1].totals.wire_bytes[0], 36);
    cr_assert(profile->connections[2].encrypted);
    cr_assert(has_note(profile, "1 connection is encrypted (TLS): 18 bytes"));
    cr_assert(has_note(profile, "1 connection speaks something else: 36 bytes"));
    trace_profile_free(profile);
    trace_analyser_free(analyser);
}

Test(trace_analyser, sections)
{
    struct played p = played("0 1 open\n"
                             "5 0 begin@7 load\n"
                             "10 1 >@7 q 1 call root.f\n"
                             "12 1 >@8 q 2 call root.g\n" /* another thread's */
                             "15 1 <@7 r 1\n"
                             "15 1 < ref 1 user\n"
                             "16 1 <@8 r 2\n"
                             "20 0 begin@7 users\n"
                             "22 1 >@7 q 3 call root.f\n"
                             "25 1 <@9 q 4 call callback\n" /* inherits root.f's */
                             "26 1 >@9 r 4\n"
                             "30 1 <@7 r 3\n"
                             "31 0 begin@8 load\n"
                             "32 0 end@7\n"
                             "50 0 end@7\n"
                             "51 0 end@7\n" /* none is open */
                             "52 1 >@7 q 5 release user unawaited\n"
                             "52 1 > rel 1 user\n"
                             "60 0 begin@7 load\n"
                             "65 0 end@7\n"
                             "70 1 close\n");
    const struct trace_profile *profile = p.profile;
    cr_assert_eq(profile->nsections, 2);
    const struct trace_section *load = &profile->sections[0], *users = &profile->sections[1];
    cr_assert_str_eq(load->name, "load");
    cr_assert_str_eq(users->name, "users");
    cr_assert_eq(users->parent, 1);
    cr_assert_eq(load->count, 3);
    cr_assert(load->open); /* of thread 8 */
    cr_assert_eq(load->thread, 0);
    cr_assert_eq(users->thread, 7);
    cr_assert_eq(users->process, 1000);
    cr_assert_eq(load->begin_ns, 5000);
    cr_assert_eq(load->total_ns, 45000 + 5000 + 39000);
    cr_assert_eq(load->slowest_ns, 45000);
    cr_assert_eq(users->total_ns, 12000);
    cr_assert_eq(load->totals.round_trips[BENCH_TO_SERVER], 2);
    cr_assert_eq(load->totals.round_trips[BENCH_TO_CLIENT], 1);
    cr_assert_eq(users->totals.round_trips[BENCH_TO_SERVER], 1);
    cr_assert_eq(load->totals.messages[BENCH_TO_SERVER], 3);
    cr_assert_eq(load->totals.waiting_ns[BENCH_TO_SERVER], 5000 + 7000);
    cr_assert_eq(load->totals.references[BENCH_TO_CLIENT].created, 1);
    cr_assert_eq(load->totals.references[BENCH_TO_CLIENT].released, 1);
    cr_assert_eq(load->totals.references[BENCH_TO_CLIENT].alive, 0);
    cr_assert_eq(users->totals.depth_max, 2);
    cr_assert_eq(call_of(profile, "root.f", 1)->section, 2);
    cr_assert_eq(call_of(profile, "root.g", 0)->section, 0);
    done(&p);
}

static const struct trace_node *node_of(const struct trace_profile *profile, uint32_t parent,
                                        const char *name, uint32_t *number)
{
    for (size_t i = 0; i < profile->nnodes; i++) {
        const struct trace_node *node = &profile->nodes[i];
        cr_assert_leq(node->parent, i); /* parents come first */
        const char *text = node->section != 0 ? profile->sections[node->section - 1].name
                                              : bench_names_text(profile->names, node->name);
        if (node->parent == parent && strcmp(text, name) == 0) {
            *number = (uint32_t)i + 1;
            return node;
        }
    }
    cr_assert_fail("there is no node %s", name);
    return NULL;
}

Test(trace_analyser, tree)
{
    struct played p = played("0 1 open\n"
                             "5 0 begin@7 load\n"
                             "10 1 >@7 q 1 call root.f\n"
                             "12 1 <@7 q 2 call callback\n"
                             "14 1 >@7 r 2\n"
                             "16 1 <@7 q 3 call callback\n"
                             "18 1 >@7 r 3\n"
                             "20 1 <@7 r 1\n"
                             "20 1 <@7 ref 1 user\n"
                             "25 0 end@7\n"
                             "30 1 >@7 q 4 call root.f\n"
                             "40 1 <@7 r 4\n"
                             "50 1 close\n");
    uint32_t load = 0, f = 0, number = 0;
    const struct trace_node *node = node_of(p.profile, 0, "load", &load);
    cr_assert_eq(node->count, 1);
    cr_assert_eq(node->total_ns, 20000);
    cr_assert_eq(node->self_ns, 10000);
    cr_assert_eq(node->round_trips, 3);
    node = node_of(p.profile, load, "root.f", &f);
    cr_assert_eq(node->total_ns, 10000);
    cr_assert_eq(node->self_ns, 6000);
    cr_assert_eq(node->objects, 1);
    cr_assert_eq(node->depth, 2);
    node = node_of(p.profile, f, "callback", &number);
    cr_assert_eq(node->count, 2);
    cr_assert_eq(node->direction, BENCH_TO_CLIENT);
    cr_assert_eq(node->slowest_ns, 2000);
    node = node_of(p.profile, 0, "root.f", &number);
    cr_assert_eq(node->count, 1);
    cr_assert_eq(node->total_ns, 10000);
    cr_assert_eq(p.profile->nnodes, 4);
    done(&p);
}

Test(trace_analyser, references)
{
    struct played p = played("0 1 open\n"
                             "10 1 > q 1 call root.users\n"
                             "12 1 < r 1 object\n"
                             "12 1 < ref 1 users\n"
                             "13 1 < ref 2 user\n"
                             "14 1 < ref 3 user\n"
                             "20 1 > q 2 item users ref=1\n"
                             "22 1 < r 2\n"
                             "24 1 > q 3 get user.name ref=2\n"
                             "26 1 < r 3\n"
                             "30 1 > q 4 release user unawaited\n"
                             "30 1 > rel 2 user\n"
                             "32 1 > q 5 call root.take\n"
                             "32 1 > ref 4 mine\n"
                             "34 1 < r 5\n");
    const struct trace_profile *profile = p.profile;
    const struct trace_references *counts = &profile->totals.references[BENCH_TO_CLIENT];
    cr_assert_eq(counts->created, 3);
    cr_assert_eq(counts->released, 1);
    cr_assert_eq(counts->alive, 2);
    cr_assert_eq(profile->totals.references[BENCH_TO_SERVER].alive, 1);
    cr_assert_eq(row_of(profile, "root.users")->objects, 3);
    cr_assert_eq(row_of(profile, "root.take")->objects, 0);
    cr_assert_eq(profile->nreferences, 3);
    for (size_t i = 0; i < profile->nreferences; i++) {
        const struct trace_reference_row *row = &profile->references[i];
        if (strcmp(bench_names_text(profile->names, row->name), "user") != 0)
            continue;
        cr_assert_eq(row->counts.created, 2);
        cr_assert_eq(row->counts.alive, 1);
        cr_assert_eq(row->reads, 1);
        cr_assert_eq(row->oldest_ns, 14000);
    }
    trace_profile_free(p.profile);
    play(p.analyser, "50 1 close\n");
    p.profile = take(p.analyser);
    counts = &p.profile->totals.references[BENCH_TO_CLIENT];
    cr_assert_eq(counts->leaked, 2);
    cr_assert_eq(counts->alive, 0);
    cr_assert_eq(p.profile->totals.references[BENCH_TO_SERVER].leaked, 1);
    done(&p);
}

/* Many objects come and go: the table of those alive finds each. */
Test(trace_analyser, many_references)
{
    struct played p = {.analyser = new_analyser(NULL)};
    char line[64];
    play(p.analyser, "0 1 open\n1 1 > q 1 call root.f\n2 1 < r 1\n");
    for (int i = 1; i <= 5000; i++) {
        (void)snprintf(line, sizeof(line), "3 1 < ref %d user\n", i);
        play(p.analyser, line);
        if (i > 100) {
            (void)snprintf(line, sizeof(line), "3 1 > rel %d user\n", i - 100);
            play(p.analyser, line);
        }
    }
    play(p.analyser, "4 1 close\n");
    p.profile = take(p.analyser);
    cr_assert_eq(p.profile->nreferences, 1);
    const struct trace_references *counts = &p.profile->references[0].counts;
    cr_assert_eq(counts->created, 5000);
    cr_assert_eq(counts->released, 4900);
    cr_assert_eq(counts->leaked, 100);
    cr_assert_eq(counts->alive, 0);
    done(&p);
}

Test(trace_analyser, windows)
{
    struct trace_options options;
    trace_options_init(&options);
    options.window = true;
    struct trace_analyser *analyser = new_analyser(&options);
    struct trace_profile *window = NULL;
    play(analyser, "0 1 open\n10 1 > q 1 call root.f\n20 1 < r 1\n20 1 < ref 1 user\n"
                   "21 1 > q 2 call root.g\n22 1 < q 3 call callback\n23 1 > r 3\n24 1 < r 2\n");
    cr_assert_eq(trace_window_take(analyser, &window), 0);
    cr_assert_eq(window->totals.round_trips[BENCH_TO_SERVER], 2);
    cr_assert_eq(window->totals.depth_max, 2);
    cr_assert_eq(window->begin_ns, 0);
    cr_assert_eq(window->end_ns, 24000);
    trace_profile_free(window);
    play(analyser, "30 1 > q 4 call root.f\n32 1 < e 4 KeyError\n40 1 > q 5 call root.f\n");
    cr_assert_eq(trace_window_take(analyser, &window), 0);
    cr_assert_eq(window->begin_ns, 24000);
    cr_assert_eq(window->totals.round_trips[BENCH_TO_SERVER], 1);
    cr_assert_eq(window->totals.requests[BENCH_TO_SERVER], 2);
    cr_assert_eq(window->totals.waiting_ns[BENCH_TO_SERVER], 2000);
    cr_assert_eq(window->totals.depth_max, 1);
    cr_assert_eq(window->totals.references[BENCH_TO_CLIENT].alive, 1);
    cr_assert_eq(window->totals.references[BENCH_TO_CLIENT].created, 0);
    cr_assert_eq(window->nby_name, 1);
    const struct trace_name *f = row_of(window, "root.f");
    cr_assert_eq(f->count, 2);
    cr_assert_eq(f->round_trips, 1);
    cr_assert_eq(f->errors, 1);
    cr_assert_eq(f->slowest_ns, 2000);
    cr_assert_eq(f->hist->count, 1);
    cr_assert_float_eq((double)bench_sketch_percentile(f->hist, 0.5), 2000, 2000 / 60.0);
    trace_profile_free(window);
    cr_assert_eq(trace_window_take(analyser, &window), 0);
    cr_assert_eq(window->nby_name, 0);
    cr_assert_eq(trace_both(window->totals.messages), 0);
    trace_profile_free(window);
    struct trace_profile *whole = take(analyser);
    cr_assert_eq(whole->totals.round_trips[BENCH_TO_SERVER], 3);
    trace_profile_free(whole);
    trace_analyser_free(analyser);
}

Test(trace_analyser, single_calls_are_thinned_out_evenly)
{
    struct trace_options options;
    char line[80];
    trace_options_init(&options);
    options.calls_max = 10;
    options.top = 3;
    struct trace_analyser *analyser = new_analyser(&options);
    play(analyser, "0 1 open\n");
    for (int i = 0; i < 100; i++) {
        (void)snprintf(line, sizeof(line), "%d 1 > q %d call root.f\n%d 1 < r %d\n", 1000 * i,
                       i + 1, 1000 * i + (i * 37) % 101 + 1, i + 1);
        play(analyser, line);
    }
    struct trace_profile *profile = take(analyser);
    cr_assert_eq(profile->calls_stride, 16);
    cr_assert_eq(profile->ncalls, 7);
    for (size_t i = 0; i < profile->ncalls; i++)
        cr_assert_eq(profile->calls[i].id, 16 * i + 1);
    cr_assert_eq(profile->nslowest, 3);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(profile->slowest[i].end_ns - profile->slowest[i].start_ns, 101000 - 1000 * i);
    cr_assert(has_note(profile, "1 in 16"));
    trace_profile_free(profile);
    trace_analyser_free(analyser);
}

Test(trace_analyser, deep_stacks_once_for_each_chain)
{
    struct trace_options options;
    trace_options_init(&options);
    options.deep_stack = 2;
    struct trace_analyser *analyser = new_analyser(&options);
    play(analyser, "0 1 open\n"
                   "10 1 > q 1 call f\n11 1 < q 2 call g\n12 1 > q 3 call h\n13 1 < r 3\n"
                   "15 1 > r 2\n16 1 < r 1\n"
                   "20 1 > q 4 call f\n21 1 < q 5 call g\n22 1 > q 6 call h\n29 1 < r 6\n"
                   "30 1 > r 5\n31 1 < r 4\n"
                   "40 1 > q 7 call f\n41 1 < q 8 call k\n42 1 > r 8\n43 1 < r 7\n");
    struct trace_profile *profile = take(analyser);
    cr_assert_eq(profile->ndeepest, 2);
    cr_assert_eq(profile->deepest[0].id, 6); /* the slower one */
    cr_assert_eq(profile->deepest[0].depth, 3);
    cr_assert_eq(profile->deepest[1].id, 8);
    cr_assert_eq(profile->totals.deep, 5);
    trace_profile_free(profile);
    trace_analyser_free(analyser);
}

struct told {
    int over, open;
    int64_t took_ns;
};

static void on_slow(const struct trace_call *call, bool over, void *user)
{
    struct told *told = user;
    told->over += over;
    told->open += !over;
    told->took_ns = call->end_ns - call->start_ns;
}

Test(trace_analyser, slow_calls)
{
    struct told told = {0};
    struct trace_options options;
    trace_options_init(&options);
    options.slow_call_ns = 1000000;
    options.slow = on_slow;
    options.slow_user = &told;
    struct trace_analyser *analyser = new_analyser(&options);
    play(analyser, "0 1 open\n10 1 > q 1 call root.f\n20 1 < r 1\n30 1 > q 2 call root.f\n");
    trace_analyser_tick(analyser, 1029000);
    cr_assert_eq(told.open, 0);
    trace_analyser_tick(analyser, 1030000);
    trace_analyser_tick(analyser, 2000000);
    cr_assert_eq(told.open, 1);
    cr_assert_eq(told.took_ns, 1000000);
    cr_assert_eq(told.over, 0);
    play(analyser, "5030 1 < r 2\n");
    cr_assert_eq(told.over, 1);
    cr_assert_eq(told.took_ns, 5000000);
    struct trace_profile *profile = take(analyser);
    cr_assert_eq(profile->totals.slow, 1);
    trace_profile_free(profile);
    trace_analyser_free(analyser);
}

Test(trace_analyser, a_reset_keeps_what_is_open)
{
    struct trace_analyser *analyser = new_analyser(NULL);
    play(analyser, "0 1 open\n1 0 begin@7 old\n2 0 end@7\n3 0 begin@7 outer\n4 0 begin@7 inner\n"
                   "10 1 >@7 q 1 call root.f\n20 1 <@7 r 1\n20 1 < ref 1 user\n"
                   "30 1 >@7 q 2 call root.g\n");
    trace_analyser_reset(analyser);
    struct trace_profile *profile = take(analyser);
    cr_assert_eq(trace_both(profile->totals.messages), 0);
    cr_assert_eq(profile->totals.references[BENCH_TO_CLIENT].alive, 1);
    cr_assert_eq(profile->nby_name, 0);
    cr_assert_eq(profile->ncalls, 0);
    cr_assert_eq(profile->nconnections, 1);
    cr_assert_eq(profile->begin_ns, 30000);
    trace_profile_free(profile);
    play(analyser, "40 1 <@7 r 2\n41 1 > q 3 release user unawaited\n41 1 > rel 1 user\n"
                   "42 1 >@7 q 4 call root.h\n44 1 <@7 r 4\n45 0 end@7\n");
    profile = take(analyser);
    cr_assert_eq(profile->totals.round_trips[BENCH_TO_SERVER], 2);
    cr_assert_eq(profile->totals.references[BENCH_TO_CLIENT].alive, 0);
    cr_assert_eq(row_of(profile, "root.g")->total_ns, 10000);
    cr_assert_eq(profile->nsections, 2);
    cr_assert_str_eq(profile->sections[0].name, "outer");
    cr_assert_str_eq(profile->sections[1].name, "inner");
    cr_assert_eq(profile->sections[1].parent, 1);
    cr_assert_eq(profile->sections[1].totals.round_trips[BENCH_TO_SERVER], 2);
    cr_assert(!profile->sections[1].open);
    trace_profile_free(profile);
    trace_analyser_finish(analyser);
    profile = take(analyser);
    cr_assert_eq(profile->connections[0].end_ns, 45000);
    trace_profile_free(profile);
    trace_analyser_free(analyser);
}

Test(trace_analyser, everything_is_bounded)
{
    struct trace_options options;
    char line[160];
    trace_options_init(&options);
    options.names_max = 16;
    options.connections_max = 4;
    options.references_max = 8;
    options.pending_max = 5;
    options.nodes_max = 6;
    struct trace_analyser *analyser = new_analyser(&options);
    for (int c = 1; c <= 20; c++) {
        for (int i = 1; i <= 30; i++) {
            (void)snprintf(line, sizeof(line),
                           "%d %d > q %d call root.f%d_%d\n%d %d < ref %d user%d\n", c * 100 + i, c,
                           i, c, i, c * 100 + i, c, i, i);
            play(analyser, line);
        }
        if (c > 10) {
            (void)snprintf(line, sizeof(line), "%d %d close\n", c * 100 + 90, c - 10);
            play(analyser, line);
        }
    }
    play(analyser, "4000 12 close\n4000 13 close\n");
    for (int i = 0; i < 3000; i++) {
        (void)snprintf(line, sizeof(line), "9000 0 begin@%d s%d\n", i % 2000, i);
        play(analyser, line);
        (void)snprintf(line, sizeof(line), "9000 0 place %d app.py:%d\n9000 0 process %d p\n",
                       70000 - i * 10, i, i + 2000);
        play(analyser, line);
    }
    struct trace_profile *profile = take(analyser);
    cr_assert_leq(profile->nby_name, 18);
    cr_assert_leq(profile->nconnections, 9);
    cr_assert_leq(profile->nnodes, 8 + 2);
    cr_assert_leq(profile->nsections, 1024);
    cr_assert_leq(profile->nplaces, 65536);
    cr_assert_eq(profile->nprocesses, 1024);
    cr_assert_str_eq(profile->connections[profile->nconnections - 1].text, "(others)");
    static const char *const notes[] = {
        "more than 4 connections at a time", "stand together as (others)",
        "more than 16 names",                "more than 6 nodes",
        "more than 5 unanswered requests",   "more than 8 objects",
        "marks of sections beyond",          "places of code beyond",
        "processes beyond the limit"};
    for (size_t i = 0; i < BENCH_COUNT_OF(notes); i++)
        cr_assert(has_note(profile, notes[i]), "no note: %s", notes[i]);
    trace_profile_free(profile);
    trace_analyser_free(analyser);
}

Test(trace_analyser, a_sample)
{
    struct trace_options options;
    char line[200];
    trace_options_init(&options);
    options.sample = 0.25;
    struct trace_analyser *analyser = new_analyser(&options);
    for (int c = 1; c <= 1000; c++) {
        (void)snprintf(line, sizeof(line), "%d %d open\n%d %d > q 1 call f\n%d %d < r 1\n", c, c, c,
                       c, c, c);
        play(analyser, line);
    }
    struct trace_profile *profile = take(analyser);
    const uint64_t taken = profile->totals.requests[BENCH_TO_SERVER];
    cr_assert(taken > 190 && taken < 310, "%d", (int)taken);
    cr_assert(has_note(profile, "not in the sample"));
    cr_assert_eq(profile->sample, 0.25);
    trace_profile_free(profile);
    trace_analyser_free(analyser);
}

Test(trace_analyser, hostile_texts)
{
    struct played p = {.analyser = new_analyser(NULL)};
    play(p.analyser, "0 1 open a\x1b[31mb\xff\xc3\xa9\xc2\x9b\n"
                     "1 1 > q 1 call f\n2 1 < e 1 Bad\x07" "Error\n3 0 begin@1 \x1b]0;x\x07\n");
    p.profile = take(p.analyser);
    cr_assert_str_eq(p.profile->connections[0].text, "a?[31mb?\xc3\xa9?");
    cr_assert_str_eq(row_of(p.profile, "f")->error, "Bad?Error");
    cr_assert_str_eq(p.profile->sections[0].name, "?]0;x?");
    done(&p);
}
