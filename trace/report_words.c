/* SPDX-License-Identifier: MIT */
/* Texts, words and figures of all reports. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "render/table.h"
#include "stats/sketch.h"
#include "trace/report_write.h"

/* ---- texts of the program ---- */

/* Length of a character that reorders or hides what stands around it (U+200B..200F, U+2028..202E,
 * U+2060..206F, U+FEFF); 0 for others. The text is valid UTF-8. */
static size_t deceiving(const char *at)
{
    const unsigned char *s = (const unsigned char *)at;
    if (s[0] == 0xe2 && s[1] == 0x80 &&
        ((s[2] >= 0x8b && s[2] <= 0x8f) || (s[2] >= 0xa8 && s[2] <= 0xae)))
        return 3;
    if (s[0] == 0xe2 && s[1] == 0x81 && s[2] >= 0xa0 && s[2] <= 0xaf)
        return 3;
    return s[0] == 0xef && s[1] == 0xbb && s[2] == 0xbf ? 3 : 0;
}

struct trace_line trace_clean(const char *text)
{
    struct trace_line line;
    char *to = line.s;
    (void)bench_text_clean(text != NULL ? text : "", line.s, sizeof(line.s));
    for (const char *from = line.s; *from != '\0';) {
        size_t n = deceiving(from);
        *to++ = n > 0 ? '?' : *from;
        from += n > 0 ? n : 1;
    }
    *to = '\0';
    return line;
}

/* Bytes of text up to so many columns; from the end if tail. Whole characters. */
static size_t bytes_of_columns(const char *text, size_t columns, bool tail)
{
    size_t length = strlen(text), best = 0;
    for (size_t n = 1; n <= length; n++) {
        size_t edge = tail ? length - n : n;
        if (edge < length && ((unsigned char)text[edge] & 0xc0) == 0x80)
            continue;
        struct trace_line part;
        (void)snprintf(part.s, sizeof(part.s), "%.*s", (int)n, tail ? text + edge : text);
        if (bench_text_width(part.s) > columns)
            break;
        best = n;
    }
    return best;
}

struct trace_line trace_cut(const char *text, size_t columns)
{
    struct trace_line line;
    columns = columns < 3 ? 3 : columns;
    size_t length = strnlen(text, sizeof(line.s) - 1);
    if (bench_text_width(text) <= columns) {
        (void)snprintf(line.s, sizeof(line.s), "%.*s", (int)length, text);
        return line;
    }
    size_t head = bytes_of_columns(text, (columns - 1) / 2, false);
    size_t tail = bytes_of_columns(text, columns - 1 - (columns - 1) / 2, true);
    (void)snprintf(line.s, sizeof(line.s), "%.*s…%s", (int)head, text, text + strlen(text) - tail);
    return line;
}

struct trace_line trace_place_text(const char *place, size_t columns)
{
    struct trace_line line = trace_clean(place);
    const char *name = strchr(line.s, ' '), *slash = line.s;
    /* Only folders are left out: what stands behind the first blank may be any text. */
    while (bench_text_width(line.s) > columns && (slash = strchr(slash, '/')) != NULL &&
           (name == NULL || slash < name)) {
        struct trace_line shorter;
        (void)snprintf(shorter.s, sizeof(shorter.s), "…%.1000s", slash);
        if (bench_text_width(shorter.s) <= columns)
            return shorter;
        slash++;
    }
    return trace_cut(line.s, columns);
}

struct trace_line trace_name_text(const struct bench_names *names, uint32_t name)
{
    return name != BENCH_NAME_NONE && names != NULL ? trace_clean(bench_names_text(names, name))
                                                    : trace_clean("(no name)");
}

struct trace_line trace_node_text(const struct trace_profile *profile,
                                  const struct trace_node *node)
{
    struct trace_line line;
    if (node->name != BENCH_NAME_NONE || node->section == 0 || node->section > profile->nsections)
        return trace_name_text(profile->names, node->name);
    struct trace_line name = trace_clean(profile->sections[node->section - 1].name);
    (void)snprintf(line.s, sizeof(line.s), "section %.1000s", name.s);
    return line;
}

/* ---- words ---- */

const char *trace_verb_key(enum bench_verb verb)
{
    static const char *const keys[BENCH_VERB_COUNT] = {
        [BENCH_VERB_OTHER] = "other",       [BENCH_VERB_CALL] = "call",
        [BENCH_VERB_GET] = "get",           [BENCH_VERB_SET] = "set",
        [BENCH_VERB_ITEM] = "item",         [BENCH_VERB_ITERATE] = "iterate",
        [BENCH_VERB_NEXT] = "next",         [BENCH_VERB_LENGTH] = "length",
        [BENCH_VERB_TEXT] = "text",         [BENCH_VERB_COPY] = "copy",
        [BENCH_VERB_DESCRIBE] = "describe", [BENCH_VERB_ROOT] = "root",
        [BENCH_VERB_PING] = "ping",         [BENCH_VERB_RELEASE] = "release",
        [BENCH_VERB_CLOSE] = "close",
    };
    return (unsigned)verb < BENCH_VERB_COUNT ? keys[verb] : "other";
}

const char *trace_outcome_key(enum bench_outcome outcome)
{
    static const char *const keys[] = {
        [BENCH_OUTCOME_NONE] = "none",       [BENCH_OUTCOME_VALUE] = "value",
        [BENCH_OUTCOME_OBJECT] = "object",   [BENCH_OUTCOME_CALLABLE] = "callable",
        [BENCH_OUTCOME_OBJECTS] = "objects", [BENCH_OUTCOME_END] = "end",
    };
    return (unsigned)outcome < BENCH_COUNT_OF(keys) ? keys[outcome] : "none";
}

const char *trace_direction_key(enum bench_direction direction)
{
    return direction == BENCH_TO_CLIENT ? "to_client" : "to_server";
}

enum bench_verb trace_main_verb(const struct trace_name *name)
{
    enum bench_verb main = BENCH_VERB_OTHER;
    for (enum bench_verb verb = BENCH_VERB_OTHER; verb < BENCH_VERB_COUNT; verb++) {
        /* Lookups serve the calls. */
        uint64_t of_verb = name->verbs[verb];
        uint64_t of_main = name->verbs[main];
        if (verb == BENCH_VERB_GET)
            of_verb -= name->lookups < of_verb ? name->lookups : of_verb;
        if (main == BENCH_VERB_GET)
            of_main -= name->lookups < of_main ? name->lookups : of_main;
        if (of_verb > of_main)
            main = verb;
    }
    return main == BENCH_VERB_OTHER && name->lookups > 0 ? BENCH_VERB_GET : main;
}

/* ---- figures ---- */

double trace_as_seconds(int64_t ns) { return (double)ns / (double)BENCH_NS_PER_S; }

struct bench_text trace_seconds(double seconds)
{
    return seconds == 0 ? (struct bench_text){"0 s"} : bench_format_seconds(seconds);
}

struct bench_text trace_ns(int64_t ns) { return trace_seconds(trace_as_seconds(ns)); }

struct bench_text trace_count(uint64_t count)
{
    struct bench_text text;
    (void)snprintf(text.s, sizeof(text.s), "%" PRIu64, count);
    return text;
}

struct bench_text trace_share(double share)
{
    struct bench_text text;
    double percent = share * 100;
    if (!isfinite(share))
        return (struct bench_text){"–"};
    if (percent > 0 && percent < 0.1)
        return (struct bench_text){"<0.1 %"};
    (void)snprintf(text.s, sizeof(text.s), "%.*f %%", percent > 0 && percent < 9.95 ? 1 : 0,
                   percent);
    return text;
}

bool trace_percentile(const struct bench_sketch *hist, double p, int64_t *out_ns)
{
    if (hist == NULL)
        return false;
    /* 1 / (1 - 0.99) is a little more than 100 in binary. */
    if ((double)hist->count * (1 - p) < 1 - 1e-9)
        return false;
    *out_ns = bench_sketch_percentile(hist, p);
    return true;
}

uint64_t trace_timed(const struct trace_name *name)
{
    return name->hist != NULL ? name->hist->count : name->round_trips;
}

int64_t trace_since(const struct trace_profile *profile, int64_t time_ns)
{
    return time_ns > profile->begin_ns ? time_ns - profile->begin_ns : 0;
}

int64_t trace_elapsed(const struct trace_profile *profile)
{
    return trace_since(profile, profile->end_ns);
}

int64_t trace_age(const struct trace_profile *profile, int64_t time_ns)
{
    return time_ns < profile->end_ns ? profile->end_ns - time_ns : 0;
}

uint64_t trace_asynchronous(const struct trace_totals *totals)
{
    return trace_both(totals->unawaited) + trace_both(totals->overlapped);
}

int64_t trace_waited(const struct trace_totals *totals)
{
    return totals->waiting_ns[BENCH_TO_SERVER] + totals->waiting_ns[BENCH_TO_CLIENT];
}

/* ---- sentences ---- */

static const char *plural(uint64_t count) { return count == 1 ? "" : "s"; }

/* Connections that had a round trip: of a scan of ports there may be many without. */
static size_t used_connections(const struct trace_profile *profile)
{
    size_t n = 0;
    for (size_t i = 0; i < profile->nconnections; i++)
        n += trace_both(profile->connections[i].totals.round_trips) > 0;
    return n;
}

/* The profiled program is the server of all of them: who waits for it are its clients. */
static bool is_server(const struct trace_profile *profile)
{
    size_t n = 0;
    for (size_t i = 0; i < profile->nconnections; i++) {
        const struct trace_connection *connection = &profile->connections[i];
        if (trace_both(connection->totals.round_trips) > 0) {
            if (!connection->from_server)
                return false;
            n++;
        }
    }
    return n > 0;
}

/* " (98 %)". What waits at once is added up, and then is no share of the time, or even exceeds it. */
static struct trace_line part_of_time(const struct trace_profile *profile, int64_t waited,
                                      int64_t elapsed)
{
    struct trace_line text = {""};
    if (elapsed <= 0 || waited <= 0)
        return text;
    const size_t connections = used_connections(profile);
    struct bench_text share = trace_share((double)waited / (double)elapsed);
    if (waited > elapsed)
        (void)snprintf(text.s, sizeof(text.s),
                       " (more than the time: several threads waited at once, added up)");
    else if (connections > 1)
        (void)snprintf(text.s, sizeof(text.s), " (%.20s, %zu connections added up)", share.s,
                       connections);
    else
        (void)snprintf(text.s, sizeof(text.s), " (%.20s)", share.s);
    return text;
}

struct trace_line trace_headline(const struct trace_profile *profile)
{
    const struct trace_totals *totals = &profile->totals;
    struct trace_line line;
    uint64_t out = totals->round_trips[BENCH_TO_SERVER],
             back = totals->round_trips[BENCH_TO_CLIENT];
    int64_t elapsed = trace_elapsed(profile);
    int64_t waited = totals->waiting_ns[BENCH_TO_SERVER];
    const bool serves = is_server(profile);
    if (out == 0 && back == 0) {
        if (trace_both(totals->messages) == 0)
            return trace_clean("No message was seen that a decoder knows.");
        return trace_clean("Nobody waited: no round trip was seen.");
    }
    int n = snprintf(line.s, sizeof(line.s),
                     "%s waited %s of %s%s for %" PRIu64 " round trip%s to %s",
                     serves ? "The clients" : "The program", trace_ns(waited).s, trace_ns(elapsed).s,
                     part_of_time(profile, waited, elapsed).s, out, plural(out),
                     serves ? "the program, their server" : "the server");
    size_t used = n > 0 ? (size_t)n : 0;
    if (back > 0)
        (void)snprintf(line.s + used, sizeof(line.s) - used,
                       "; %s waited %s for %" PRIu64 " round trip%s back to %s.",
                       serves ? "it" : "the server", trace_ns(totals->waiting_ns[BENCH_TO_CLIENT]).s, back, plural(back),
                       serves ? "them" : "the program");
    else
        (void)snprintf(line.s + used, sizeof(line.s) - used, ".");
    return line;
}

struct bench_text trace_rtt_text(int at)
{
    static const int64_t rtts[] = TRACE_RTTS_NS;
    struct bench_text text = {"here"};
    if (at >= 0)
        (void)snprintf(text.s, sizeof(text.s), "%g ms", (double)rtts[at] / 1e6);
    return text;
}

const struct trace_prediction *trace_prediction(const struct trace_finding *finding, int at)
{
    return at < 0 ? &finding->here : &finding->at[at];
}

/* Of the round-trip times of trace_rtts, the one that is spoken of in one line. */
#define SPOKEN_RTT 2

/* "404 round trips, 96.0 ms of 98.0 ms waiting; CHANGE: saves 94.0 ms of 96.0 ms; at 10 ms RTT ..."
 */
static struct trace_line cost_line(const struct trace_profile *profile,
                                   const struct trace_finding *finding, const char *change)
{
    const struct trace_prediction *here = &finding->here, *far = &finding->at[SPOKEN_RTT];
    struct trace_line line;
    int64_t waited = trace_waited(&profile->totals);
    int n = snprintf(line.s, sizeof(line.s), "%" PRIu64 " round trip%s", finding->round_trips,
                     plural(finding->round_trips));
    size_t used = n > 0 ? (size_t)n : 0;
    if (waited > 0 && finding->share > 0) {
        n = snprintf(line.s + used, sizeof(line.s) - used, ", %s of %s waiting",
                     trace_seconds(finding->share * trace_as_seconds(waited)).s,
                     trace_ns(waited).s);
        used += n > 0 ? (size_t)n : 0;
    }
    if (change[0] != '\0') {
        n = snprintf(line.s + used, sizeof(line.s) - used, "; %.300s", change);
        used += n > 0 ? (size_t)n : 0;
    }
    if (finding->priced)
        (void)snprintf(
            line.s + used, sizeof(line.s) - used, "%s saves %s of %s; at %s RTT %s of %s",
            change[0] != '\0' ? ":" : ";", trace_seconds(here->before_s - here->after_s).s,
            trace_seconds(here->before_s).s, trace_rtt_text(SPOKEN_RTT).s,
            trace_seconds(far->before_s - far->after_s).s, trace_seconds(far->before_s).s);
    return line;
}

struct trace_line trace_finding_cost(const struct trace_profile *profile,
                                     const struct trace_finding *finding)
{
    return cost_line(profile, finding, "");
}

struct trace_line trace_finding_line(const struct trace_profile *profile,
                                     const struct trace_finding *finding)
{
    struct trace_line name = trace_name_text(profile->names, finding->name);
    struct trace_line cost = cost_line(profile, finding, trace_clean(finding->change).s), line;
    (void)snprintf(line.s, sizeof(line.s), "%.300s: %.700s", trace_cut(name.s, 80).s, cost.s);
    return trace_clean(line.s);
}

bool trace_first_of_kind(const struct trace_profile *profile, size_t finding)
{
    for (size_t i = 0; i < finding; i++) {
        if (profile->findings[i].id == profile->findings[finding].id)
            return false;
    }
    return true;
}

/* ---- the rest ---- */

size_t trace_rows(size_t count, unsigned top) { return top > 0 && count > top ? top : count; }

int trace_written(FILE *out) { return fflush(out) != 0 || ferror(out) ? -EIO : 0; }
