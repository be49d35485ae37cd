/* SPDX-License-Identifier: MIT */
/* One line each: what happened in a window, as JSON; a slow call, in words. */
#include <errno.h>
#include <inttypes.h>

#include "render/json.h"
#include "trace/report_write.h"

#define WINDOW_NAMES 20 /* of a line, by their time; the others are counted */
#define REAL_DIGITS  12

static json_t *window_names(const struct trace_profile *window)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < trace_rows(window->nby_name, WINDOW_NAMES); i++) {
        json_t *name = trace_name_json(window, &window->by_name[i], false);
        if (json_array_append_new(array, name) != 0) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

static json_t *per_second(uint64_t count, int64_t elapsed_ns)
{
    return elapsed_ns > 0 ? json_real((double)count / trace_as_seconds(elapsed_ns)) : json_null();
}

static json_t *window_json(const struct trace_profile *window, double wall_s)
{
    const struct trace_totals *totals = &window->totals;
    int64_t elapsed = trace_elapsed(window);
    size_t shown = trace_rows(window->nby_name, WINDOW_NAMES);
    json_t *json = json_object();
    /* json_object_set_new fails on NULL, also for the object. */
    int failed = json_object_set_new(json, "time", bench_json_real(wall_s));
    failed |= json_object_set_new(json, "seconds", json_real(trace_as_seconds(elapsed)));
    failed |= json_object_set_new(json, "messages_per_second",
                                  per_second(trace_both(totals->messages), elapsed));
    failed |= json_object_set_new(json, "round_trips_per_second",
                                  per_second(trace_both(totals->round_trips), elapsed));
    failed |= json_object_set_new(json, "totals", trace_totals_json(totals));
    failed |= json_object_set_new(json, "names", window_names(window));
    failed |= json_object_set_new(json, "names_left_out",
                                  json_integer((json_int_t)(window->nby_name - shown)));
    if (!failed)
        return json;
    json_decref(json);
    return NULL;
}

int trace_write_window(const struct trace_profile *window, double wall_s, FILE *out)
{
    json_t *json = window_json(window, wall_s);
    if (json == NULL)
        return -ENOMEM;
    int failed = json_dumpf(json, out, JSON_COMPACT | JSON_REAL_PRECISION(REAL_DIGITS));
    json_decref(json);
    fputc('\n', out);
    int rc = trace_written(out);
    return rc == 0 && failed ? -ENOMEM : rc;
}

int trace_write_slow(const struct bench_names *names, const struct trace_call *call, bool over,
                     const char *place, FILE *out)
{
    struct trace_line at = trace_clean(place);
    fprintf(out, "slow: %s %s %s", trace_name_text(names, call->name).s,
            over ? "took" : "has not been answered for", trace_ns(call->end_ns - call->start_ns).s);
    if (call->nested_ns > 0)
        fprintf(out, " (%s of it nested)", trace_ns(call->nested_ns).s);
    if (call->direction == BENCH_TO_CLIENT)
        fputs(", called by the server", out);
    if (call->depth > 1)
        fprintf(out, ", depth %d", call->depth);
    if (at.s[0] != '\0')
        fprintf(out, ", at %s", at.s);
    fprintf(out, ", connection %" PRIu64, call->connection);
    if (call->process != 0)
        fprintf(out, ", process %" PRIu32, call->process);
    if (call->thread != 0)
        fprintf(out, ", thread %" PRIu64, call->thread);
    if (call->failed)
        fprintf(out, ", failed: %s", trace_clean(call->error).s);
    fputc('\n', out);
    return trace_written(out);
}
