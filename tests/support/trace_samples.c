/* SPDX-License-Identifier: MIT */
#include "tests/support/trace_samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "stats/sketch.h"

#define US  BENCH_NS_PER_US
#define MS  BENCH_NS_PER_MS
#define T0  (INT64_C(86400) * BENCH_NS_PER_S) /* when an invented profile begins */
#define MAX 8192                              /* of each list */

struct support_sample {
    struct trace_profile profile;
    struct bench_names *names;
    struct trace_call *calls;
    uint32_t *node_of; /* of a call: index + 1 */
    struct trace_name *by_name;
    struct bench_sketch **hists;
    struct trace_node *nodes;
    struct trace_connection connections[8];
    struct trace_section sections[8];
    struct trace_process processes[8];
    struct trace_reference_row references[16];
    struct trace_finding findings[8];
    struct trace_call slowest[16], deepest[4];
    const char *places[16];
    const char *notes[8];
    uint64_t next_id;
};

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

static uint32_t step(struct support_sample *s, uint32_t parent, enum bench_name_step kind,
                     const char *text)
{
    return bench_names_step(s->names, parent, kind, text, strlen(text));
}

static uint32_t top(struct support_sample *s, const char *text)
{
    return step(s, BENCH_NAME_NONE, BENCH_STEP_TOP, text);
}

static uint32_t attribute(struct support_sample *s, uint32_t parent, const char *text)
{
    return step(s, parent, BENCH_STEP_ATTRIBUTE, text);
}

/* ---- calls ---- */

/* A call on connection 1 of process 4242, thread 4242, from the client; the caller changes the
 * rest. Times in microseconds from the beginning. */
static struct trace_call *call(struct support_sample *s, uint32_t name, enum bench_verb verb,
                               int64_t start_us, int64_t took_us)
{
    struct trace_call *c = &s->calls[s->profile.ncalls++];
    if (s->profile.ncalls > MAX)
        abort();
    *c = (struct trace_call){
        .connection = 1,
        .id = ++s->next_id,
        .thread = 4242,
        .process = 4242,
        .name = name,
        .verb = verb,
        .outcome = BENCH_OUTCOME_VALUE,
        .depth = 1,
        .start_ns = T0 + start_us * US,
        .end_ns = T0 + (start_us + took_us) * US,
        .before_ns = 20 * US,
        .plain_bytes = {60, 40},
        .wire_bytes = {66, 46},
    };
    return c;
}

/* During another one, in the other direction. */
static struct trace_call *nested(struct support_sample *s, struct trace_call *outer, uint32_t name,
                                 int64_t start_us, int64_t took_us)
{
    struct trace_call *c = call(s, name, BENCH_VERB_CALL, start_us, took_us);
    c->parent = outer->id;
    c->connection = outer->connection;
    c->process = outer->process;
    c->thread = outer->thread;
    c->section = outer->section;
    c->depth = outer->depth + 1;
    c->direction = outer->direction == BENCH_TO_SERVER ? BENCH_TO_CLIENT : BENCH_TO_SERVER;
    outer->nested_ns += took_us * US;
    return c;
}

/* ---- adding up ---- */

static void count_call(struct trace_totals *totals, const struct trace_call *c)
{
    enum bench_direction d = c->direction,
                         back = d == BENCH_TO_SERVER ? BENCH_TO_CLIENT : BENCH_TO_SERVER;
    totals->messages[d]++;
    totals->messages[back]++;
    totals->requests[d]++;
    totals->errors[d] += c->failed;
    totals->plain_bytes[d] += c->plain_bytes[0];
    totals->plain_bytes[back] += c->plain_bytes[1];
    totals->wire_bytes[d] += c->wire_bytes[0];
    totals->wire_bytes[back] += c->wire_bytes[1];
    totals->serving_ns[d] += (c->end_ns - c->start_ns - c->nested_ns) / 3;
    if (c->unawaited)
        totals->unawaited[d]++;
    else if (c->overlapped)
        totals->overlapped[d]++;
    else {
        totals->round_trips[d]++;
        totals->waiting_ns[d] += c->end_ns - c->start_ns - c->nested_ns;
    }
    if (c->depth > totals->depth_max)
        totals->depth_max = c->depth;
    totals->slow += !c->unawaited && c->end_ns - c->start_ns >= 100 * MS;
    totals->deep += c->depth >= 5;
}

static struct trace_name *name_row(struct support_sample *s, const struct trace_call *c)
{
    struct trace_profile *p = &s->profile;
    for (size_t i = 0; i < p->nby_name; i++) {
        if (s->by_name[i].name == c->name && s->by_name[i].direction == c->direction)
            return &s->by_name[i];
    }
    if (p->nby_name == MAX)
        abort();
    struct trace_name *row = &s->by_name[p->nby_name];
    *row = (struct trace_name){
        .name = c->name, .class_name = c->class_name, .direction = c->direction, .place = c->place};
    p->nby_name++;
    return row;
}

static void count_name(struct support_sample *s, const struct trace_call *c)
{
    struct trace_name *row = name_row(s, c);
    int64_t took = c->end_ns - c->start_ns;
    size_t at = (size_t)(row - s->by_name);
    row->verbs[c->verb]++;
    row->lookups += c->verb == BENCH_VERB_GET && c->outcome == BENCH_OUTCOME_CALLABLE;
    row->count += !(c->verb == BENCH_VERB_GET && c->outcome == BENCH_OUTCOME_CALLABLE);
    row->round_trips += !c->unawaited && !c->overlapped;
    row->unawaited += c->unawaited;
    row->overlapped += c->overlapped;
    row->errors += c->failed;
    row->error = c->failed ? c->error : row->error;
    row->objects += c->outcome == BENCH_OUTCOME_OBJECT || c->outcome == BENCH_OUTCOME_CALLABLE;
    for (int k = 0; k < 2; k++) {
        row->plain_bytes[k] += c->plain_bytes[k];
        row->wire_bytes[k] += c->wire_bytes[k];
    }
    if (c->unawaited || c->overlapped)
        return;
    row->total_ns += took;
    row->self_ns += took - c->nested_ns;
    if (took > row->slowest_ns) {
        row->slowest_ns = took;
        row->slowest_at_ns = c->start_ns;
    }
    /* A histogram is large: 5000 of them would be a test of the machine. */
    if (s->hists[at] == NULL && at < 100)
        s->hists[at] = must(calloc(1, sizeof(*s->hists[at])));
    if (s->hists[at] != NULL && bench_sketch_record(s->hists[at], took) < 0)
        abort();
    row->hist = s->hists[at];
}

static uint32_t parent_node(const struct support_sample *s, const struct trace_call *c)
{
    for (size_t i = 0; c->parent != 0 && i < s->profile.ncalls; i++) {
        if (s->calls[i].id == c->parent && s->calls[i].connection == c->connection)
            return s->node_of[i];
    }
    return 0;
}

static uint32_t node_for(struct support_sample *s, uint32_t parent, uint32_t name, uint32_t section,
                         enum bench_direction direction, int depth)
{
    struct trace_profile *p = &s->profile;
    for (size_t i = 0; i < p->nnodes; i++) {
        const struct trace_node *node = &s->nodes[i];
        if (node->parent == parent && node->name == name && node->section == section &&
            node->direction == direction)
            return (uint32_t)i + 1;
    }
    if (p->nnodes == MAX)
        abort();
    s->nodes[p->nnodes++] = (struct trace_node){
        .parent = parent, .name = name, .section = section, .direction = direction, .depth = depth};
    return (uint32_t)p->nnodes;
}

static uint32_t section_node(struct support_sample *s, uint32_t section)
{
    uint32_t parent = 0;
    if (section == 0)
        return 0;
    parent = section_node(s, s->sections[section - 1].parent);
    uint32_t node = node_for(s, parent, BENCH_NAME_NONE, section, BENCH_TO_SERVER, 0);
    s->nodes[node - 1].count = s->sections[section - 1].count;
    s->nodes[node - 1].total_ns = s->sections[section - 1].total_ns;
    s->nodes[node - 1].slowest_ns = s->sections[section - 1].slowest_ns;
    return node;
}

static void count_node(struct support_sample *s, size_t i)
{
    const struct trace_call *c = &s->calls[i];
    uint32_t parent = c->parent != 0 ? parent_node(s, c) : section_node(s, c->section);
    uint32_t at = node_for(s, parent, c->name, 0, c->direction, c->depth);
    struct trace_node *node = &s->nodes[at - 1];
    int64_t took = c->end_ns - c->start_ns;
    s->node_of[i] = at;
    node->count++;
    node->requests++;
    node->errors += c->failed;
    node->objects += c->outcome == BENCH_OUTCOME_OBJECT;
    if (c->unawaited || c->overlapped)
        return;
    node->round_trips++;
    node->total_ns += took;
    node->self_ns += took - c->nested_ns;
    node->slowest_ns = took > node->slowest_ns ? took : node->slowest_ns;
}

static int by_total(const void *a, const void *b)
{
    const struct trace_name *x = a, *y = b;
    if (x->total_ns != y->total_ns)
        return x->total_ns > y->total_ns ? -1 : 1;
    return (x->name > y->name) - (x->name < y->name);
}

static int by_length(const void *a, const void *b)
{
    const struct trace_call *x = a, *y = b;
    int64_t p = x->end_ns - x->start_ns, q = y->end_ns - y->start_ns;
    if (p != q)
        return p > q ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static int by_start(const void *a, const void *b)
{
    const struct trace_call *x = a, *y = b;
    if (x->start_ns != y->start_ns)
        return x->start_ns < y->start_ns ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static void choose_slowest(struct support_sample *s)
{
    struct trace_profile *p = &s->profile;
    struct trace_call *all = must(calloc(p->ncalls + 1, sizeof(*all)));
    size_t n = 0;
    for (size_t i = 0; i < p->ncalls; i++) {
        if (!s->calls[i].unawaited && !s->calls[i].overlapped)
            all[n++] = s->calls[i];
    }
    if (n > 0)
        qsort(all, n, sizeof(*all), by_length);
    p->nslowest = n < BENCH_COUNT_OF(s->slowest) ? n : BENCH_COUNT_OF(s->slowest);
    memcpy(s->slowest, all, p->nslowest * sizeof(*all));
    for (size_t i = 0; i < n; i++) {
        if (all[i].depth >= 3 && p->ndeepest < BENCH_COUNT_OF(s->deepest))
            s->deepest[p->ndeepest++] = all[i];
    }
    free(all);
}

static void add_up(struct support_sample *s)
{
    struct trace_profile *p = &s->profile;
    struct trace_references refs[2];
    memcpy(refs, p->totals.references, sizeof(refs));
    if (p->ncalls > 0)
        qsort(s->calls, p->ncalls, sizeof(*s->calls), by_start);
    for (size_t i = 0; i < p->ncalls; i++) {
        const struct trace_call *c = &s->calls[i];
        count_call(&p->totals, c);
        if (c->connection <= p->nconnections)
            count_call(&s->connections[c->connection - 1].totals, c);
        for (uint32_t k = c->section; k > 0; k = s->sections[k - 1].parent)
            count_call(&s->sections[k - 1].totals, c);
        count_name(s, c);
        count_node(s, i);
        p->end_ns = c->end_ns > p->end_ns ? c->end_ns : p->end_ns;
    }
    if (p->nby_name > 0)
        qsort(s->by_name, p->nby_name, sizeof(*s->by_name), by_total);
    choose_slowest(s);
}

/* ---- what else a profile has ---- */

static void connection(struct support_sample *s, uint32_t process, const char *text)
{
    size_t n = s->profile.nconnections++;
    s->connections[n] = (struct trace_connection){.connection = n + 1,
                                                  .process = process,
                                                  .text = text,
                                                  .begin_ns = T0,
                                                  .end_ns = T0 + 98 * MS};
}

static void process(struct support_sample *s, uint32_t pid, const char *command)
{
    s->processes[s->profile.nprocesses++] = (struct trace_process){pid, command, T0, 0};
}

static void note(struct support_sample *s, const char *text)
{
    s->notes[s->profile.nnotes++] = text;
}

static void references(struct support_sample *s, uint32_t name, uint32_t class_name,
                       enum bench_direction d, struct trace_references counts, uint64_t reads)
{
    struct trace_references *totals = &s->profile.totals.references[d];
    s->references[s->profile.nreferences++] =
        (struct trace_reference_row){.name = name,
                                     .class_name = class_name,
                                     .direction = d,
                                     .counts = counts,
                                     .reads = reads,
                                     .oldest_ns = counts.alive > 0 ? T0 + 2 * MS : 0};
    totals->created += counts.created;
    totals->released += counts.released;
    totals->alive += counts.alive;
    totals->leaked += counts.leaked;
}

static const struct bench_finding_rule rules[] = {
    {"n-plus-one", "a sequence comes by reference and every element is fetched by itself",
     "return what the client needs by value, as tuples:\n"
     "def exposed_get_users(self):\n"
     "    return tuple((u.name, u.email) for u in self.users)"},
    {"callbacks", "the server calls the client back for each element",
     "pass the elements by value, as a tuple"},
    {"leak", "objects are never given back", "let go of what is not needed: del, or a with block"},
};

static struct trace_finding *finding(struct support_sample *s, enum trace_finding_id id,
                                     size_t rule, uint32_t name)
{
    struct trace_finding *f = &s->findings[s->profile.nfindings++];
    *f = (struct trace_finding){.id = id, .rule = &rules[rule], .name = name, .count = 1};
    return f;
}

static void price(struct trace_finding *f, double before_s, double after_s, uint64_t trips,
                  uint64_t trips_after)
{
    static const int64_t rtts[] = TRACE_RTTS_NS;
    f->priced = true;
    f->round_trips = trips;
    f->round_trips_after = trips_after;
    f->here = (struct trace_prediction){0, before_s, after_s};
    for (int i = 0; i < TRACE_RTTS; i++)
        f->at[i] =
            (struct trace_prediction){rtts[i], before_s + (double)trips * (double)rtts[i] / 1e9,
                                      after_s + (double)trips_after * (double)rtts[i] / 1e9};
}

/* ---- the samples ---- */

static void make_ping(struct support_sample *s)
{
    connection(s, 4242, "127.0.0.1:40404 > 127.0.0.1:18812");
    process(s, 4242, "python3 ping.py");
    call(s, attribute(s, top(s, "root"), "ping"), BENCH_VERB_CALL, 100, 230);
}

static void make_users(struct support_sample *s)
{
    uint32_t root = top(s, "root"), get_users = attribute(s, root, "get_users");
    uint32_t list = step(s, get_users, BENCH_STEP_CALL, ""),
             item = step(s, list, BENCH_STEP_ITEM, "");
    static const char *const fields[] = {"id", "name", "email"};
    int64_t at = 150;
    connection(s, 4242, "127.0.0.1:40404 > 127.0.0.1:18812");
    process(s, 4242, "python3 app.py --users 100");
    s->profile.nplaces = 4;
    s->places[1] = "app.py:17 load_users";
    s->places[2] = "app.py:19 load_users";
    s->places[3] = "app.py:31 main";
    call(s, root, BENCH_VERB_ROOT, 0, 140)->outcome = BENCH_OUTCOME_OBJECT;
    struct trace_call *lookup = call(s, get_users, BENCH_VERB_GET, at, 180);
    lookup->outcome = BENCH_OUTCOME_CALLABLE;
    lookup->place = 1;
    struct trace_call *first = call(s, get_users, BENCH_VERB_CALL, at + 200, 1900);
    first->outcome = BENCH_OUTCOME_OBJECT;
    first->place = 1;
    first->wire_bytes[1] = 300;
    at += 2200;
    for (int i = 0; i < 100; i++) {
        struct trace_call *next = call(s, list, BENCH_VERB_NEXT, at, 200 + i % 7 * 11);
        next->outcome = BENCH_OUTCOME_OBJECT;
        next->class_name = top(s, "list");
        next->place = 1;
        at += 300;
        for (size_t f = 0; f < BENCH_COUNT_OF(fields); f++) {
            struct trace_call *get = call(s, attribute(s, item, fields[f]), BENCH_VERB_GET, at,
                                          (i == 57 && f == 2 ? 4100 : 190) + (i + (int)f) % 5 * 9);
            get->class_name = top(s, "User");
            get->place = 2;
            at += i == 57 && f == 2 ? 4300 : 240;
        }
    }
    struct trace_call *release = call(s, item, BENCH_VERB_RELEASE, at, 100);
    release->unawaited = true;
    references(s, item, top(s, "User"), BENCH_TO_CLIENT, (struct trace_references){100, 97, 3, 0},
               300);
    references(s, list, top(s, "list"), BENCH_TO_CLIENT, (struct trace_references){1, 1, 0, 0}, 0);
    struct trace_finding *f = finding(s, TRACE_N_PLUS_ONE, 0, get_users);
    f->place = 1;
    price(f, 0.0962, 0.0021, 402, 2);
    f->share = 0.973;
    f->bytes = 44030;
    (void)snprintf(f->evidence, sizeof(f->evidence),
                   "100 of 100 elements were fetched one by one, 3 attributes each");
    (void)snprintf(f->change, sizeof(f->change), "return a tuple of tuples from root.get_users");
    f = finding(s, TRACE_LEAK, 2, item);
    f->count = 3;
    (void)snprintf(f->evidence, sizeof(f->evidence), "3 of 100 objects are still alive");
}

static void nested_round(struct support_sample *s, int round, uint32_t section)
{
    uint32_t root = top(s, "root"), walk = attribute(s, root, "nested");
    uint32_t callback = step(s, walk, BENCH_STEP_ARGUMENT, "visit");
    int64_t at = 1000 + round * 9000;
    struct trace_call *a = call(s, walk, BENCH_VERB_CALL, at, 8000);
    a->connection = (uint64_t)round % 2 + 1;
    a->process = round % 2 ? 4250 : 4242;
    a->thread = round % 2 ? 4251 : 4242;
    a->section = section;
    a->place = 1;
    struct trace_call *b = nested(s, a, callback, at + 300, 7200);
    struct trace_call *c = nested(s, b, walk, at + 800, 6000);
    struct trace_call *d = nested(s, c, callback, at + 1500, 4000);
    struct trace_call *e = nested(s, d, walk, at + 2000, 3000);
    struct trace_call *f = nested(s, e, callback, at + 2300, round == 3 ? 2400 : 1200);
    f->failed = round == 3;
    f->error = round == 3 ? "ValueError" : NULL;
}

static void make_nested(struct support_sample *s)
{
    uint32_t log = attribute(s, attribute(s, top(s, "root"), "log"), "append");
    connection(s, 4242, "127.0.0.1:40404 > 127.0.0.1:18812");
    connection(s, 4250, "127.0.0.1:40406 > 127.0.0.1:18812");
    connection(s, 4242, "127.0.0.1:40408 > 127.0.0.1:8443");
    s->connections[1].joined = true;
    s->connections[1].end_ns = 0;
    s->connections[2].encrypted = s->connections[2].foreign = true;
    process(s, 4242, "python3 walker.py");
    process(s, 4250, "python3 -m worker --shard 2");
    s->profile.nplaces = 2;
    s->places[1] = "walker.py:40 walk";
    s->profile.nsections = 3;
    s->sections[0] = (struct trace_section){.name = "load",
                                            .count = 1,
                                            .process = 4242,
                                            .thread = 4242,
                                            .begin_ns = T0 + MS,
                                            .total_ns = 40 * MS,
                                            .slowest_ns = 40 * MS};
    s->sections[1] = (struct trace_section){.name = "parse a row",
                                            .parent = 1,
                                            .count = 4,
                                            .begin_ns = T0 + MS,
                                            .total_ns = 36 * MS,
                                            .slowest_ns = 10 * MS};
    s->sections[2] = (struct trace_section){.name = "shut down",
                                            .count = 1,
                                            .open = true,
                                            .process = 4242,
                                            .thread = 4242,
                                            .begin_ns = T0 + 60 * MS,
                                            .total_ns = 3 * MS,
                                            .slowest_ns = 3 * MS};
    for (int round = 0; round < 6; round++)
        nested_round(s, round, round < 4 ? 2 : 0);
    for (int i = 0; i < 5; i++) {
        struct trace_call *c = call(s, log, BENCH_VERB_CALL, 60000 + i * 100, 700);
        c->overlapped = i < 4;
        c->section = 3;
    }
    struct trace_call *slow =
        call(s, attribute(s, top(s, "root"), "report"), BENCH_VERB_CALL, 62000, 130000);
    slow->wire_bytes[1] = 2 << 20;
    slow->plain_bytes[1] = 5 << 20;
    slow->outcome = BENCH_OUTCOME_OBJECTS;
    references(s, step(s, attribute(s, top(s, "root"), "nested"), BENCH_STEP_ARGUMENT, "visit"),
               top(s, "function"), BENCH_TO_SERVER, (struct trace_references){6, 4, 0, 2}, 0);
    s->references[0].calls = 18;
    struct trace_finding *f =
        finding(s, TRACE_CALLBACKS, 1, attribute(s, top(s, "root"), "nested"));
    price(f, 0.048, 0.011, 36, 6);
    f->share = 0.27;
    (void)snprintf(f->evidence, sizeof(f->evidence), "18 callbacks in 18 calls");
    (void)snprintf(f->change, sizeof(f->change), "pass a tuple instead of the function visit");
    note(s, "12 pieces were lost because the profiler could not keep up: every figure is too low");
    note(s, "1 connection is encrypted: nothing of it can be seen from here");
    s->profile.dropped = 12;
    s->profile.totals.lost = 1;
    s->profile.totals.unanswered[BENCH_TO_SERVER] = 1;
    s->profile.calls_stride = 1;
}

static void make_hostile(struct support_sample *s)
{
    static const char hostile[] = SUPPORT_HOSTILE;
    static char lengthy[4000];
    memset(lengthy, 'W', sizeof(lengthy) - 1);
    uint32_t evil = top(s, hostile), wide = attribute(s, evil, "数据库接口用户列表");
    connection(s, 4242, hostile);
    process(s, 4242, lengthy);
    s->profile.nplaces = 2;
    s->places[1] = hostile;
    s->profile.nsections = 2;
    s->sections[0] = (struct trace_section){
        .name = hostile, .count = 1, .begin_ns = T0, .total_ns = MS, .slowest_ns = MS};
    s->sections[1] = (struct trace_section){
        .name = lengthy, .count = 1, .begin_ns = T0, .total_ns = MS, .slowest_ns = MS};
    for (int i = 0; i < 3; i++) {
        struct trace_call *c = call(s,
                                    i == 0   ? evil
                                    : i == 1 ? wide
                                             : top(s, lengthy),
                                    BENCH_VERB_CALL, 100 + 500 * i, 230);
        c->place = 1;
        c->section = 1;
        c->failed = true;
        c->error = hostile;
        c->class_name = evil;
        c->thread = UINT64_MAX;
    }
    references(s, evil, evil, BENCH_TO_CLIENT, (struct trace_references){1, 0, 1, 0}, 1);
    struct trace_finding *f = finding(s, TRACE_N_PLUS_ONE, 0, evil);
    price(f, 0.5, 0.1, 10, 1);
    f->place = 1;
    f->share = 0.5;
    (void)snprintf(f->evidence, sizeof(f->evidence), "%s", hostile);
    (void)snprintf(f->change, sizeof(f->change), "%s", hostile);
    note(s, hostile);
    note(s, lengthy);
}

static void make_huge(struct support_sample *s)
{
    uint32_t root = top(s, "root");
    connection(s, 4242, "127.0.0.1:40404 > 127.0.0.1:18812");
    for (int i = 0; i < 5000; i++) {
        char text[32];
        (void)snprintf(text, sizeof(text), "method_%d", i);
        call(s, attribute(s, root, text), BENCH_VERB_CALL, i * 300, 100 + i * 37 % 180);
    }
}

static const struct {
    const char *name;
    void (*make)(struct support_sample *sample);
} samples[SUPPORT_SAMPLE_COUNT] = {
    [SUPPORT_SAMPLE_EMPTY] = {"empty", NULL},
    [SUPPORT_SAMPLE_PING] = {"ping", make_ping},
    [SUPPORT_SAMPLE_USERS] = {"users", make_users},
    [SUPPORT_SAMPLE_NESTED] = {"nested", make_nested},
    [SUPPORT_SAMPLE_HOSTILE] = {"hostile", make_hostile},
    [SUPPORT_SAMPLE_HUGE] = {"huge", make_huge},
};

const char *support_sample_name(enum support_sample_kind kind) { return samples[kind].name; }

static void join(struct support_sample *s)
{
    struct trace_profile *p = &s->profile;
    p->names = s->names;
    p->by_name = s->by_name;
    p->connections = s->connections;
    p->nodes = s->nodes;
    p->slowest = s->slowest;
    p->deepest = s->deepest;
    p->calls = s->calls;
    p->sections = s->sections;
    p->references = s->references;
    p->processes = s->processes;
    p->places = s->places;
    p->findings = s->findings;
    p->notes = s->notes;
}

struct support_sample *support_sample_new(enum support_sample_kind kind)
{
    struct support_sample *s = must(calloc(1, sizeof(*s)));
    s->calls = must(calloc(MAX, sizeof(*s->calls)));
    s->node_of = must(calloc(MAX, sizeof(*s->node_of)));
    s->by_name = must(calloc(MAX, sizeof(*s->by_name)));
    s->hists = must(calloc(MAX, sizeof(struct bench_sketch *)));
    s->nodes = must(calloc(MAX, sizeof(*s->nodes)));
    if (bench_names_new(&s->names, MAX) < 0)
        abort();
    s->profile.begin_ns = s->profile.end_ns = T0;
    s->profile.slow_call_ns = 100 * MS;
    s->profile.deep_stack = 5;
    s->profile.sample = 1;
    s->profile.calls_stride = 1;
    if (samples[kind].make != NULL)
        samples[kind].make(s);
    add_up(s);
    join(s);
    return s;
}

const struct trace_profile *support_sample_profile(const struct support_sample *sample)
{
    return &sample->profile;
}

void support_sample_free(struct support_sample *sample)
{
    if (sample == NULL)
        return;
    for (size_t i = 0; i < MAX; i++) {
        if (sample->hists[i] != NULL) {
            bench_sketch_fini(sample->hists[i]);
            free(sample->hists[i]);
        }
    }
    free(sample->calls);
    free(sample->node_of);
    free(sample->by_name);
    free(sample->hists);
    free(sample->nodes);
    bench_names_free(sample->names);
    free(sample);
}
