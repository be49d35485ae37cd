/* SPDX-License-Identifier: MIT */
/*
 * The whole profile as docs/profile.schema.json describes it: times in seconds, moments in seconds
 * since its beginning, sizes in bytes; null is what is not known.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/json.h"
#include "stats/sketch.h"
#include "trace/report_write.h"

/* Digits of a double that are worth keeping and the same on every machine. */
#define REAL_DIGITS 12

/* ---- building ---- */

/* Thread idents need all 64 bits, which a number in JSON does not keep everywhere. */
static json_t *ident(uint64_t value)
{
    return value != 0 ? json_string(trace_count(value).s) : json_null();
}

static json_t *seconds(int64_t ns) { return json_real(trace_as_seconds(ns)); }

static json_t *text(const char *value) { return bench_json_text(trace_clean(value).s); }

static json_t *text_or_null(const char *value)
{
    return value != NULL && value[0] != '\0' ? text(value) : json_null();
}

static json_t *name_json(const struct trace_profile *profile, uint32_t name)
{
    return name != BENCH_NAME_NONE ? bench_json_text(trace_name_text(profile->names, name).s)
                                   : json_null();
}

static json_t *place_json(const struct trace_profile *profile, uint32_t place)
{
    return text_or_null(trace_place(profile, place));
}

/* Index + 1, 0 = none. */
static json_t *index_json(uint32_t one_based)
{
    return one_based > 0 ? bench_json_whole(one_based - 1) : json_null();
}

static json_t *pair(const char *first, const char *second, const uint64_t of[2])
{
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, first, bench_json_whole(of[0]));
    bench_json_put(&object, second, bench_json_whole(of[1]));
    return bench_json_end(&object);
}

static json_t *directions(const uint64_t of[2])
{
    return pair(trace_direction_key(BENCH_TO_SERVER), trace_direction_key(BENCH_TO_CLIENT), of);
}

static json_t *direction_json(enum bench_direction direction)
{
    return json_string(trace_direction_key(direction));
}

static json_t *sides(const uint64_t of[2]) { return pair("requests", "answers", of); }

static json_t *durations(const int64_t of[2])
{
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, trace_direction_key(BENCH_TO_SERVER), seconds(of[BENCH_TO_SERVER]));
    bench_json_put(&object, trace_direction_key(BENCH_TO_CLIENT), seconds(of[BENCH_TO_CLIENT]));
    return bench_json_end(&object);
}

typedef json_t *(*item_fn)(const struct trace_profile *profile, size_t index);

static json_t *list(const struct trace_profile *profile, size_t count, item_fn item)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < count; i++) {
        if (json_array_append_new(array, item(profile, i)) != 0) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

/* ---- totals and names ---- */

static json_t *references_json(const struct trace_references *references)
{
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, "created", bench_json_whole(references->created));
    bench_json_put(&object, "released", bench_json_whole(references->released));
    bench_json_put(&object, "alive", bench_json_whole(references->alive));
    bench_json_put(&object, "leaked", bench_json_whole(references->leaked));
    return bench_json_end(&object);
}

json_t *trace_totals_json(const struct trace_totals *totals)
{
    struct bench_json_object object = bench_json_begin(), references = bench_json_begin();
    bench_json_put(&object, "messages", directions(totals->messages));
    bench_json_put(&object, "requests", directions(totals->requests));
    bench_json_put(&object, "round_trips", directions(totals->round_trips));
    bench_json_put(&object, "unawaited", directions(totals->unawaited));
    bench_json_put(&object, "overlapped", directions(totals->overlapped));
    bench_json_put(&object, "errors", directions(totals->errors));
    bench_json_put(&object, "unanswered", directions(totals->unanswered));
    bench_json_put(&object, "plain_bytes", directions(totals->plain_bytes));
    bench_json_put(&object, "wire_bytes", directions(totals->wire_bytes));
    bench_json_put(&object, "waiting", durations(totals->waiting_ns));
    bench_json_put(&object, "serving", durations(totals->serving_ns));
    bench_json_put(&references, "to_server", references_json(&totals->references[BENCH_TO_SERVER]));
    bench_json_put(&references, "to_client", references_json(&totals->references[BENCH_TO_CLIENT]));
    bench_json_put(&object, "references", bench_json_end(&references));
    bench_json_put(&object, "depth_max", json_integer(totals->depth_max));
    bench_json_put(&object, "slow", bench_json_whole(totals->slow));
    bench_json_put(&object, "deep", bench_json_whole(totals->deep));
    bench_json_put(&object, "lost", bench_json_whole(totals->lost));
    return bench_json_end(&object);
}

static json_t *percentile_json(const struct bench_sketch *hist, double p)
{
    int64_t ns;
    return trace_percentile(hist, p, &ns) ? seconds(ns) : json_null();
}

struct buckets {
    json_t *array;
    bool failed;
};

static void add_bucket(int64_t low, int64_t high, uint64_t count, void *user)
{
    struct buckets *buckets = user;
    json_t *bucket = json_pack("[I,I,I]", (json_int_t)low, (json_int_t)high, (json_int_t)count);
    if (json_array_append_new(buckets->array, bucket) != 0)
        buckets->failed = true;
}

/* [[lowest ns, highest ns, count], ...] */
static json_t *histogram_json(const struct bench_sketch *hist)
{
    struct buckets buckets = {hist != NULL ? json_array() : json_null(), false};
    if (hist == NULL || buckets.array == NULL)
        return buckets.array;
    bench_sketch_each(hist, add_bucket, &buckets);
    if (!buckets.failed)
        return buckets.array;
    json_decref(buckets.array);
    return NULL;
}

static json_t *verbs_json(const struct trace_name *name)
{
    struct bench_json_object object = bench_json_begin();
    for (enum bench_verb verb = BENCH_VERB_OTHER; verb < BENCH_VERB_COUNT; verb++) {
        if (name->verbs[verb] > 0)
            bench_json_put(&object, trace_verb_key(verb), bench_json_whole(name->verbs[verb]));
    }
    return bench_json_end(&object);
}

json_t *trace_name_json(const struct trace_profile *profile, const struct trace_name *name,
                        bool histogram)
{
    struct bench_json_object object = bench_json_begin();
    uint64_t timed = trace_timed(name);
    bench_json_put(&object, "name", name_json(profile, name->name));
    bench_json_put(&object, "direction", direction_json(name->direction));
    bench_json_put(&object, "count", bench_json_whole(name->count));
    bench_json_put(&object, "round_trips", bench_json_whole(name->round_trips));
    bench_json_put(&object, "unawaited", bench_json_whole(name->unawaited));
    bench_json_put(&object, "overlapped", bench_json_whole(name->overlapped));
    bench_json_put(&object, "errors", bench_json_whole(name->errors));
    bench_json_put(&object, "total", seconds(name->total_ns));
    bench_json_put(&object, "self", seconds(name->self_ns));
    bench_json_put(&object, "mean",
                   timed > 0 ? json_real(trace_as_seconds(name->total_ns) / (double)timed)
                             : json_null());
    bench_json_put(&object, "p50", percentile_json(name->hist, 0.5));
    bench_json_put(&object, "p90", percentile_json(name->hist, 0.9));
    bench_json_put(&object, "p99", percentile_json(name->hist, 0.99));
    bench_json_put(&object, "slowest", timed > 0 ? seconds(name->slowest_ns) : json_null());
    bench_json_put(&object, "wire_bytes", sides(name->wire_bytes));
    if (histogram) {
        bench_json_put(&object, "slowest_at",
                       timed > 0 ? seconds(trace_since(profile, name->slowest_at_ns))
                                 : json_null());
        bench_json_put(&object, "class", name_json(profile, name->class_name));
        bench_json_put(&object, "verbs", verbs_json(name));
        bench_json_put(&object, "lookups", bench_json_whole(name->lookups));
        bench_json_put(&object, "objects", bench_json_whole(name->objects));
        bench_json_put(&object, "plain_bytes", sides(name->plain_bytes));
        bench_json_put(&object, "place", place_json(profile, name->place));
        bench_json_put(&object, "error", text_or_null(name->error));
        bench_json_put(&object, "histogram", histogram_json(name->hist));
    }
    return bench_json_end(&object);
}

static json_t *one_name(const struct trace_profile *profile, size_t i)
{
    return trace_name_json(profile, &profile->by_name[i], true);
}

/* ---- findings ---- */

static json_t *prediction_json(const struct trace_prediction *prediction)
{
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, "rtt",
                   prediction->rtt_ns > 0 ? seconds(prediction->rtt_ns) : json_null());
    bench_json_put(&object, "before", bench_json_real(prediction->before_s));
    bench_json_put(&object, "after", bench_json_real(prediction->after_s));
    bench_json_put(&object, "saved", bench_json_real(prediction->before_s - prediction->after_s));
    return bench_json_end(&object);
}

static json_t *predictions_json(const struct trace_finding *finding)
{
    json_t *array = json_array();
    for (int at = -1; array != NULL && finding->priced && at < TRACE_RTTS; at++) {
        if (json_array_append_new(array, prediction_json(trace_prediction(finding, at))) != 0) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

static json_t *one_finding(const struct trace_profile *profile, size_t i)
{
    const struct trace_finding *finding = &profile->findings[i];
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, "id", json_string(trace_finding_key(finding->id)));
    /* The words of a rule are ours, and keep their lines. */
    bench_json_put(&object, "summary", json_string(finding->rule->summary));
    bench_json_put(&object, "fix", json_string(finding->rule->fix));
    bench_json_put(&object, "name", name_json(profile, finding->name));
    bench_json_put(&object, "place", place_json(profile, finding->place));
    bench_json_put(&object, "direction", direction_json(finding->direction));
    bench_json_put(&object, "count", bench_json_whole(finding->count));
    bench_json_put(&object, "round_trips", bench_json_whole(finding->round_trips));
    bench_json_put(&object, "round_trips_after",
                   finding->priced ? bench_json_whole(finding->round_trips_after) : json_null());
    bench_json_put(&object, "wire_bytes", bench_json_whole(finding->bytes));
    bench_json_put(&object, "share", bench_json_real(finding->share));
    bench_json_put(&object, "evidence", text(finding->evidence));
    bench_json_put(&object, "change", text(finding->change));
    bench_json_put(&object, "predictions", predictions_json(finding));
    return bench_json_end(&object);
}

/* ---- calls ---- */

static json_t *call_json(const struct trace_profile *profile, const struct trace_call *call)
{
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, "connection", bench_json_whole(call->connection));
    bench_json_put(&object, "id", bench_json_whole(call->id));
    bench_json_put(&object, "parent",
                   call->parent != 0 ? bench_json_whole(call->parent) : json_null());
    bench_json_put(&object, "process",
                   call->process != 0 ? bench_json_whole(call->process) : json_null());
    bench_json_put(&object, "thread", ident(call->thread));
    bench_json_put(&object, "name", name_json(profile, call->name));
    bench_json_put(&object, "class", name_json(profile, call->class_name));
    bench_json_put(&object, "result", name_json(profile, call->result));
    bench_json_put(&object, "place", place_json(profile, call->place));
    bench_json_put(&object, "section", index_json(call->section));
    bench_json_put(&object, "verb", json_string(trace_verb_key(call->verb)));
    bench_json_put(&object, "outcome", json_string(trace_outcome_key(call->outcome)));
    bench_json_put(&object, "direction", direction_json(call->direction));
    bench_json_put(&object, "awaited", json_boolean(!call->unawaited && !call->overlapped));
    bench_json_put(&object, "depth", json_integer(call->depth));
    bench_json_put(&object, "start", seconds(trace_since(profile, call->start_ns)));
    bench_json_put(&object, "duration", seconds(call->end_ns - call->start_ns));
    bench_json_put(&object, "nested", seconds(call->nested_ns));
    bench_json_put(&object, "before",
                   call->before_ns >= 0 ? seconds(call->before_ns) : json_null());
    bench_json_put(&object, "request_pause", seconds(call->request_pause_ns));
    bench_json_put(&object, "answer_pause", seconds(call->answer_pause_ns));
    bench_json_put(&object, "reference",
                   call->reference != 0 ? bench_json_whole(call->reference) : json_null());
    bench_json_put(&object, "items", bench_json_whole(call->items));
    bench_json_put(&object, "plain_bytes", sides(call->plain_bytes));
    bench_json_put(&object, "wire_bytes", sides(call->wire_bytes));
    bench_json_put(&object, "error", call->failed ? text(call->error) : json_null());
    return bench_json_end(&object);
}

static json_t *one_call(const struct trace_profile *profile, size_t i)
{
    return call_json(profile, &profile->calls[i]);
}

static json_t *one_slow(const struct trace_profile *profile, size_t i)
{
    return call_json(profile, &profile->slowest[i]);
}

static json_t *one_deep(const struct trace_profile *profile, size_t i)
{
    return call_json(profile, &profile->deepest[i]);
}

/* ---- the rest ---- */

static json_t *one_connection(const struct trace_profile *profile, size_t i)
{
    const struct trace_connection *connection = &profile->connections[i];
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, "connection", bench_json_whole(connection->connection));
    bench_json_put(&object, "process",
                   connection->process != 0 ? bench_json_whole(connection->process) : json_null());
    bench_json_put(&object, "ends", text(connection->text));
    bench_json_put(&object, "begin", seconds(trace_since(profile, connection->begin_ns)));
    bench_json_put(&object, "end",
                   connection->end_ns != 0 ? seconds(trace_since(profile, connection->end_ns))
                                           : json_null());
    bench_json_put(&object, "from_server", json_boolean(connection->from_server));
    bench_json_put(&object, "joined", json_boolean(connection->joined));
    bench_json_put(&object, "encrypted", json_boolean(connection->encrypted));
    bench_json_put(&object, "foreign", json_boolean(connection->foreign));
    bench_json_put(&object, "totals", trace_totals_json(&connection->totals));
    return bench_json_end(&object);
}

static json_t *one_node(const struct trace_profile *profile, size_t i)
{
    const struct trace_node *node = &profile->nodes[i];
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, "parent", index_json(node->parent));
    bench_json_put(&object, "name", name_json(profile, node->name));
    bench_json_put(&object, "section", index_json(node->section));
    bench_json_put(&object, "direction", direction_json(node->direction));
    bench_json_put(&object, "depth", json_integer(node->depth));
    bench_json_put(&object, "count", bench_json_whole(node->count));
    bench_json_put(&object, "round_trips", bench_json_whole(node->round_trips));
    bench_json_put(&object, "requests", bench_json_whole(node->requests));
    bench_json_put(&object, "errors", bench_json_whole(node->errors));
    bench_json_put(&object, "objects", bench_json_whole(node->objects));
    bench_json_put(&object, "total", seconds(node->total_ns));
    bench_json_put(&object, "self", seconds(node->self_ns));
    bench_json_put(&object, "slowest", seconds(node->slowest_ns));
    return bench_json_end(&object);
}

static json_t *one_section(const struct trace_profile *profile, size_t i)
{
    const struct trace_section *section = &profile->sections[i];
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, "name", text(section->name));
    bench_json_put(&object, "parent", index_json(section->parent));
    bench_json_put(&object, "process",
                   section->process != 0 ? bench_json_whole(section->process) : json_null());
    bench_json_put(&object, "thread", ident(section->thread));
    bench_json_put(&object, "count", bench_json_whole(section->count));
    bench_json_put(&object, "open", json_boolean(section->open));
    bench_json_put(&object, "begin", seconds(trace_since(profile, section->begin_ns)));
    bench_json_put(&object, "total", seconds(section->total_ns));
    bench_json_put(&object, "slowest", seconds(section->slowest_ns));
    bench_json_put(&object, "totals", trace_totals_json(&section->totals));
    return bench_json_end(&object);
}

static json_t *one_reference(const struct trace_profile *profile, size_t i)
{
    const struct trace_reference_row *row = &profile->references[i];
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, "name", name_json(profile, row->name));
    bench_json_put(&object, "class", name_json(profile, row->class_name));
    bench_json_put(&object, "direction", direction_json(row->direction));
    bench_json_put(&object, "counts", references_json(&row->counts));
    bench_json_put(&object, "calls", bench_json_whole(row->calls));
    bench_json_put(&object, "reads", bench_json_whole(row->reads));
    bench_json_put(&object, "items", bench_json_whole(row->items));
    bench_json_put(&object, "oldest_age",
                   row->oldest_ns > 0 ? seconds(trace_age(profile, row->oldest_ns)) : json_null());
    return bench_json_end(&object);
}

static json_t *one_process(const struct trace_profile *profile, size_t i)
{
    const struct trace_process *process = &profile->processes[i];
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, "pid", bench_json_whole(process->pid));
    bench_json_put(&object, "command", text(process->command));
    bench_json_put(&object, "begin", seconds(trace_since(profile, process->begin_ns)));
    bench_json_put(&object, "end",
                   process->end_ns != 0 ? seconds(trace_since(profile, process->end_ns))
                                        : json_null());
    return bench_json_end(&object);
}

static json_t *one_note(const struct trace_profile *profile, size_t i)
{
    return text(profile->notes[i]);
}

static json_t *profile_json(const struct trace_profile *profile)
{
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, "schema", json_string("rpycbench-profile-1"));
    bench_json_put(&object, "notes", list(profile, profile->nnotes, one_note));
    bench_json_put(&object, "begin_ns", json_integer(profile->begin_ns));
    bench_json_put(&object, "duration", seconds(trace_elapsed(profile)));
    bench_json_put(&object, "slow_call",
                   profile->slow_call_ns >= 0 ? seconds(profile->slow_call_ns) : json_null());
    bench_json_put(&object, "deep_stack", json_integer(profile->deep_stack));
    bench_json_put(&object, "sample", bench_json_real(profile->sample));
    bench_json_put(&object, "dropped_pieces", bench_json_whole(profile->dropped));
    bench_json_put(&object, "calls_stride", bench_json_whole(profile->calls_stride));
    bench_json_put(&object, "totals", trace_totals_json(&profile->totals));
    bench_json_put(&object, "findings", list(profile, profile->nfindings, one_finding));
    bench_json_put(&object, "names", list(profile, profile->nby_name, one_name));
    bench_json_put(&object, "slowest", list(profile, profile->nslowest, one_slow));
    bench_json_put(&object, "deepest", list(profile, profile->ndeepest, one_deep));
    bench_json_put(&object, "tree", list(profile, profile->nnodes, one_node));
    bench_json_put(&object, "references", list(profile, profile->nreferences, one_reference));
    bench_json_put(&object, "sections", list(profile, profile->nsections, one_section));
    bench_json_put(&object, "processes", list(profile, profile->nprocesses, one_process));
    bench_json_put(&object, "connections", list(profile, profile->nconnections, one_connection));
    bench_json_put(&object, "calls", list(profile, profile->ncalls, one_call));
    return bench_json_end(&object);
}

int trace_write_json(const struct trace_profile *profile, FILE *out)
{
    json_t *json = profile_json(profile);
    if (json == NULL)
        return -ENOMEM;
    int failed = json_dumpf(json, out, JSON_INDENT(1) | JSON_REAL_PRECISION(REAL_DIGITS));
    json_decref(json);
    fputc('\n', out);
    int rc = trace_written(out);
    return rc == 0 && failed ? -ENOMEM : rc;
}
