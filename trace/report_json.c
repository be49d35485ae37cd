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

/* A json object under construction; the first failure is remembered. */
struct object {
    json_t *json;
    bool failed;
};

static struct object object_begin(void)
{
    json_t *json = json_object();
    return (struct object){json, json == NULL};
}

/* Takes value; NULL is a failure. */
static void put(struct object *object, const char *key, json_t *value)
{
    if (json_object_set_new(object->json, key, value) != 0)
        object->failed = true;
}

/* NULL after a failure. */
static json_t *object_end(struct object *object)
{
    if (!object->failed)
        return object->json;
    json_decref(object->json);
    return NULL;
}

/* Counters end at 2^63 here; jansson has no larger integers. */
static json_t *whole(uint64_t value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

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
    return one_based > 0 ? whole(one_based - 1) : json_null();
}

static json_t *pair(const char *first, const char *second, const uint64_t of[2])
{
    struct object object = object_begin();
    put(&object, first, whole(of[0]));
    put(&object, second, whole(of[1]));
    return object_end(&object);
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
    struct object object = object_begin();
    put(&object, trace_direction_key(BENCH_TO_SERVER), seconds(of[BENCH_TO_SERVER]));
    put(&object, trace_direction_key(BENCH_TO_CLIENT), seconds(of[BENCH_TO_CLIENT]));
    return object_end(&object);
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
    struct object object = object_begin();
    put(&object, "created", whole(references->created));
    put(&object, "released", whole(references->released));
    put(&object, "alive", whole(references->alive));
    put(&object, "leaked", whole(references->leaked));
    return object_end(&object);
}

json_t *trace_totals_json(const struct trace_totals *totals)
{
    struct object object = object_begin(), references = object_begin();
    put(&object, "messages", directions(totals->messages));
    put(&object, "requests", directions(totals->requests));
    put(&object, "round_trips", directions(totals->round_trips));
    put(&object, "unawaited", directions(totals->unawaited));
    put(&object, "overlapped", directions(totals->overlapped));
    put(&object, "errors", directions(totals->errors));
    put(&object, "unanswered", directions(totals->unanswered));
    put(&object, "plain_bytes", directions(totals->plain_bytes));
    put(&object, "wire_bytes", directions(totals->wire_bytes));
    put(&object, "waiting", durations(totals->waiting_ns));
    put(&object, "serving", durations(totals->serving_ns));
    put(&references, "to_server", references_json(&totals->references[BENCH_TO_SERVER]));
    put(&references, "to_client", references_json(&totals->references[BENCH_TO_CLIENT]));
    put(&object, "references", object_end(&references));
    put(&object, "depth_max", json_integer(totals->depth_max));
    put(&object, "slow", whole(totals->slow));
    put(&object, "deep", whole(totals->deep));
    put(&object, "lost", whole(totals->lost));
    return object_end(&object);
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
    struct object object = object_begin();
    for (enum bench_verb verb = BENCH_VERB_OTHER; verb < BENCH_VERB_COUNT; verb++) {
        if (name->verbs[verb] > 0)
            put(&object, trace_verb_key(verb), whole(name->verbs[verb]));
    }
    return object_end(&object);
}

json_t *trace_name_json(const struct trace_profile *profile, const struct trace_name *name,
                        bool histogram)
{
    struct object object = object_begin();
    uint64_t timed = trace_timed(name);
    put(&object, "name", name_json(profile, name->name));
    put(&object, "direction", direction_json(name->direction));
    put(&object, "count", whole(name->count));
    put(&object, "round_trips", whole(name->round_trips));
    put(&object, "unawaited", whole(name->unawaited));
    put(&object, "overlapped", whole(name->overlapped));
    put(&object, "errors", whole(name->errors));
    put(&object, "total", seconds(name->total_ns));
    put(&object, "self", seconds(name->self_ns));
    put(&object, "mean",
        timed > 0 ? json_real(trace_as_seconds(name->total_ns) / (double)timed) : json_null());
    put(&object, "p50", percentile_json(name->hist, 0.5));
    put(&object, "p90", percentile_json(name->hist, 0.9));
    put(&object, "p99", percentile_json(name->hist, 0.99));
    put(&object, "slowest", timed > 0 ? seconds(name->slowest_ns) : json_null());
    put(&object, "wire_bytes", sides(name->wire_bytes));
    if (histogram) {
        put(&object, "slowest_at",
            timed > 0 ? seconds(trace_since(profile, name->slowest_at_ns)) : json_null());
        put(&object, "class", name_json(profile, name->class_name));
        put(&object, "verbs", verbs_json(name));
        put(&object, "lookups", whole(name->lookups));
        put(&object, "objects", whole(name->objects));
        put(&object, "plain_bytes", sides(name->plain_bytes));
        put(&object, "place", place_json(profile, name->place));
        put(&object, "error", text_or_null(name->error));
        put(&object, "histogram", histogram_json(name->hist));
    }
    return object_end(&object);
}

static json_t *one_name(const struct trace_profile *profile, size_t i)
{
    return trace_name_json(profile, &profile->by_name[i], true);
}

/* ---- findings ---- */

static json_t *prediction_json(const struct trace_prediction *prediction)
{
    struct object object = object_begin();
    put(&object, "rtt", prediction->rtt_ns > 0 ? seconds(prediction->rtt_ns) : json_null());
    put(&object, "before", bench_json_real(prediction->before_s));
    put(&object, "after", bench_json_real(prediction->after_s));
    put(&object, "saved", bench_json_real(prediction->before_s - prediction->after_s));
    return object_end(&object);
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
    struct object object = object_begin();
    put(&object, "id", json_string(trace_finding_key(finding->id)));
    /* The words of a rule are ours, and keep their lines. */
    put(&object, "summary", json_string(finding->rule->summary));
    put(&object, "fix", json_string(finding->rule->fix));
    put(&object, "name", name_json(profile, finding->name));
    put(&object, "place", place_json(profile, finding->place));
    put(&object, "direction", direction_json(finding->direction));
    put(&object, "count", whole(finding->count));
    put(&object, "round_trips", whole(finding->round_trips));
    put(&object, "round_trips_after",
        finding->priced ? whole(finding->round_trips_after) : json_null());
    put(&object, "wire_bytes", whole(finding->bytes));
    put(&object, "share", bench_json_real(finding->share));
    put(&object, "evidence", text(finding->evidence));
    put(&object, "change", text(finding->change));
    put(&object, "predictions", predictions_json(finding));
    return object_end(&object);
}

/* ---- calls ---- */

static json_t *call_json(const struct trace_profile *profile, const struct trace_call *call)
{
    struct object object = object_begin();
    put(&object, "connection", whole(call->connection));
    put(&object, "id", whole(call->id));
    put(&object, "parent", call->parent != 0 ? whole(call->parent) : json_null());
    put(&object, "process", call->process != 0 ? whole(call->process) : json_null());
    put(&object, "thread", ident(call->thread));
    put(&object, "name", name_json(profile, call->name));
    put(&object, "class", name_json(profile, call->class_name));
    put(&object, "result", name_json(profile, call->result));
    put(&object, "place", place_json(profile, call->place));
    put(&object, "section", index_json(call->section));
    put(&object, "verb", json_string(trace_verb_key(call->verb)));
    put(&object, "outcome", json_string(trace_outcome_key(call->outcome)));
    put(&object, "direction", direction_json(call->direction));
    put(&object, "awaited", json_boolean(!call->unawaited && !call->overlapped));
    put(&object, "depth", json_integer(call->depth));
    put(&object, "start", seconds(trace_since(profile, call->start_ns)));
    put(&object, "duration", seconds(call->end_ns - call->start_ns));
    put(&object, "nested", seconds(call->nested_ns));
    put(&object, "before", call->before_ns >= 0 ? seconds(call->before_ns) : json_null());
    put(&object, "request_pause", seconds(call->request_pause_ns));
    put(&object, "answer_pause", seconds(call->answer_pause_ns));
    put(&object, "reference", call->reference != 0 ? whole(call->reference) : json_null());
    put(&object, "items", whole(call->items));
    put(&object, "plain_bytes", sides(call->plain_bytes));
    put(&object, "wire_bytes", sides(call->wire_bytes));
    put(&object, "error", call->failed ? text(call->error) : json_null());
    return object_end(&object);
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
    struct object object = object_begin();
    put(&object, "connection", whole(connection->connection));
    put(&object, "process", connection->process != 0 ? whole(connection->process) : json_null());
    put(&object, "ends", text(connection->text));
    put(&object, "begin", seconds(trace_since(profile, connection->begin_ns)));
    put(&object, "end",
        connection->end_ns != 0 ? seconds(trace_since(profile, connection->end_ns)) : json_null());
    put(&object, "from_server", json_boolean(connection->from_server));
    put(&object, "joined", json_boolean(connection->joined));
    put(&object, "encrypted", json_boolean(connection->encrypted));
    put(&object, "foreign", json_boolean(connection->foreign));
    put(&object, "totals", trace_totals_json(&connection->totals));
    return object_end(&object);
}

static json_t *one_node(const struct trace_profile *profile, size_t i)
{
    const struct trace_node *node = &profile->nodes[i];
    struct object object = object_begin();
    put(&object, "parent", index_json(node->parent));
    put(&object, "name", name_json(profile, node->name));
    put(&object, "section", index_json(node->section));
    put(&object, "direction", direction_json(node->direction));
    put(&object, "depth", json_integer(node->depth));
    put(&object, "count", whole(node->count));
    put(&object, "round_trips", whole(node->round_trips));
    put(&object, "requests", whole(node->requests));
    put(&object, "errors", whole(node->errors));
    put(&object, "objects", whole(node->objects));
    put(&object, "total", seconds(node->total_ns));
    put(&object, "self", seconds(node->self_ns));
    put(&object, "slowest", seconds(node->slowest_ns));
    return object_end(&object);
}

static json_t *one_section(const struct trace_profile *profile, size_t i)
{
    const struct trace_section *section = &profile->sections[i];
    struct object object = object_begin();
    put(&object, "name", text(section->name));
    put(&object, "parent", index_json(section->parent));
    put(&object, "process", section->process != 0 ? whole(section->process) : json_null());
    put(&object, "thread", ident(section->thread));
    put(&object, "count", whole(section->count));
    put(&object, "open", json_boolean(section->open));
    put(&object, "begin", seconds(trace_since(profile, section->begin_ns)));
    put(&object, "total", seconds(section->total_ns));
    put(&object, "slowest", seconds(section->slowest_ns));
    put(&object, "totals", trace_totals_json(&section->totals));
    return object_end(&object);
}

static json_t *one_reference(const struct trace_profile *profile, size_t i)
{
    const struct trace_reference_row *row = &profile->references[i];
    struct object object = object_begin();
    put(&object, "name", name_json(profile, row->name));
    put(&object, "class", name_json(profile, row->class_name));
    put(&object, "direction", direction_json(row->direction));
    put(&object, "counts", references_json(&row->counts));
    put(&object, "calls", whole(row->calls));
    put(&object, "reads", whole(row->reads));
    put(&object, "items", whole(row->items));
    put(&object, "oldest_age",
        row->oldest_ns > 0 ? seconds(trace_age(profile, row->oldest_ns)) : json_null());
    return object_end(&object);
}

static json_t *one_process(const struct trace_profile *profile, size_t i)
{
    const struct trace_process *process = &profile->processes[i];
    struct object object = object_begin();
    put(&object, "pid", whole(process->pid));
    put(&object, "command", text(process->command));
    put(&object, "begin", seconds(trace_since(profile, process->begin_ns)));
    put(&object, "end",
        process->end_ns != 0 ? seconds(trace_since(profile, process->end_ns)) : json_null());
    return object_end(&object);
}

static json_t *one_note(const struct trace_profile *profile, size_t i)
{
    return text(profile->notes[i]);
}

static json_t *profile_json(const struct trace_profile *profile)
{
    struct object object = object_begin();
    put(&object, "schema", json_string("rpycbench-profile-1"));
    put(&object, "notes", list(profile, profile->nnotes, one_note));
    put(&object, "begin_ns", json_integer(profile->begin_ns));
    put(&object, "duration", seconds(trace_elapsed(profile)));
    put(&object, "slow_call",
        profile->slow_call_ns >= 0 ? seconds(profile->slow_call_ns) : json_null());
    put(&object, "deep_stack", json_integer(profile->deep_stack));
    put(&object, "sample", bench_json_real(profile->sample));
    put(&object, "dropped_pieces", whole(profile->dropped));
    put(&object, "calls_stride", whole(profile->calls_stride));
    put(&object, "totals", trace_totals_json(&profile->totals));
    put(&object, "findings", list(profile, profile->nfindings, one_finding));
    put(&object, "names", list(profile, profile->nby_name, one_name));
    put(&object, "slowest", list(profile, profile->nslowest, one_slow));
    put(&object, "deepest", list(profile, profile->ndeepest, one_deep));
    put(&object, "tree", list(profile, profile->nnodes, one_node));
    put(&object, "references", list(profile, profile->nreferences, one_reference));
    put(&object, "sections", list(profile, profile->nsections, one_section));
    put(&object, "processes", list(profile, profile->nprocesses, one_process));
    put(&object, "connections", list(profile, profile->nconnections, one_connection));
    put(&object, "calls", list(profile, profile->ncalls, one_call));
    return object_end(&object);
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
