/* SPDX-License-Identifier: MIT */
/* The options of `rpycbench profile`: what they mean, and which do not go together. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/units.h"
#include "suite/cli.h"
#include "suite/endpoint.h"
#include "suite/profile.h"
#include "tap/ring.h"

/* What fits on a screen or two, and says what to do; sections are there where the program has marks.
 */
#define DEFAULT_PARTS                                                                              \
    (TRACE_PART_SUMMARY | TRACE_PART_FINDINGS | TRACE_PART_NAMES | TRACE_PART_SECTIONS)

enum { RELAY_CONNECTIONS = 10000 };

static struct profile_options *of(void *target) { return target; }

/* ---- kinds of values ---- */

static int parse_u32(const char *value, int64_t least, int64_t most, uint32_t *out,
                     struct bench_error *err)
{
    int64_t n;
    int rc = bench_parse_int(value, least, most, &n, err);
    if (rc == 0)
        *out = (uint32_t)n;
    return rc;
}

static int parse_bytes(const char *value, size_t *out, struct bench_error *err)
{
    int64_t n;
    int rc = bench_parse_size(value, &n, err);
    if (rc == 0)
        *out = (size_t)n;
    return rc;
}

static int parse_path(const char *value, bool dash, const char **out, struct bench_error *err)
{
    if (value[0] == '\0' || (!dash && strcmp(value, "-") == 0))
        return bench_fail(err, -EINVAL, "'%s' is no name of a file", value);
    *out = value;
    return 0;
}

/* ---- where the bytes come from ---- */

static int set_listen(void *target, const char *value, struct bench_error *err)
{
    of(target)->has_listen = true;
    return cli_parse_endpoint(value, 0, &of(target)->relay.listen, err);
}

static int set_upstream(void *target, const char *value, struct bench_error *err)
{
    of(target)->has_upstream = true;
    return cli_parse_endpoint(value, 1, &of(target)->relay.upstream, err);
}

static int set_rtt(void *target, const char *value, struct bench_error *err)
{
    int64_t ns;
    of(target)->only[PROFILE_LISTEN] = "--rtt";
    int rc = bench_parse_duration(value, &ns, err);
    if (rc == 0)
        of(target)->relay.delay_ns = ns / 2;
    return rc;
}

static int set_delay(void *target, const char *value, struct bench_error *err)
{
    of(target)->only[PROFILE_LISTEN] = "--delay";
    return bench_parse_duration(value, &of(target)->relay.delay_ns, err);
}

static int set_buffer(void *target, const char *value, struct bench_error *err)
{
    of(target)->only[PROFILE_LISTEN] = "--buffer";
    return parse_bytes(value, &of(target)->relay.buffer_bytes, err);
}

static int set_read(void *target, const char *value, struct bench_error *err)
{
    return parse_path(value, true, &of(target)->read, err);
}

static int set_port(void *target, const char *value, struct bench_error *err)
{
    of(target)->only[PROFILE_READ] = "--port";
    return bench_parse_int(value, 1, 65535, &of(target)->port, err);
}

static int set_plugin(void *target, const char *value, struct bench_error *err)
{
    struct profile_options *o = of(target);
    if (o->nplugins == BENCH_COUNT_OF(o->plugins))
        return bench_fail(err, -EINVAL, "more than %zu plug-ins", o->nplugins);
    o->plugins[o->nplugins++] = value;
    return 0;
}

/* ---- what is looked for ---- */

static int set_slow(void *target, const char *value, struct bench_error *err)
{
    return bench_parse_duration(value, &of(target)->trace.slow_call_ns, err);
}

static int set_deep(void *target, const char *value, struct bench_error *err)
{
    int64_t n;
    int rc = bench_parse_int(value, 1, 1000, &n, err);
    if (rc == 0)
        of(target)->trace.deep_stack = (int)n;
    return rc;
}

/* A share, as 0.25 or 25%. */
static int set_sample(void *target, const char *value, struct bench_error *err)
{
    char *end = NULL;
    double share = value[0] >= '0' && value[0] <= '9' ? strtod(value, &end) : NAN;
    if (end != NULL && strcmp(end, "%") == 0)
        share /= 100;
    else if (end == NULL || *end != '\0')
        share = NAN;
    if (!(share > 0 && share <= 1))
        return bench_fail(err, -EINVAL, "'%s' is no share (write 25%% or 0.25, at most 100%%)",
                          value);
    of(target)->trace.sample = share;
    return 0;
}

static int set_no_netrefs(void *target, const char *value, struct bench_error *err)
{
    (void)value;
    (void)err;
    of(target)->trace.track_netrefs = of(target)->report.netrefs = false;
    return 0;
}

static int set_no_stacks(void *target, const char *value, struct bench_error *err)
{
    (void)value;
    (void)err;
    of(target)->trace.track_stacks = false;
    return 0;
}

static int set_no_places(void *target, const char *value, struct bench_error *err)
{
    (void)value;
    (void)err;
    of(target)->only[PROFILE_PROGRAM] = "--no-places";
    of(target)->no_places = true;
    return 0;
}

/* ---- reports ---- */

static const struct {
    const char *name;
    unsigned bits;
} parts[] = {
    {"summary", TRACE_PART_SUMMARY},   {"findings", TRACE_PART_FINDINGS},
    {"names", TRACE_PART_NAMES},       {"slow", TRACE_PART_SLOW},
    {"tree", TRACE_PART_TREE},         {"netrefs", TRACE_PART_NETREFS},
    {"timeline", TRACE_PART_TIMELINE}, {"connections", TRACE_PART_CONNECTIONS},
    {"sections", TRACE_PART_SECTIONS}, {"all", TRACE_PART_ALL},
};

static int add_part(const char *name, size_t length, unsigned *out, struct bench_error *err)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(parts); i++) {
        if (strlen(parts[i].name) == length && memcmp(parts[i].name, name, length) == 0) {
            *out |= parts[i].bits;
            return 0;
        }
    }
    return bench_fail(err, -EINVAL,
                      "there is no part '%.*s'; there is summary, findings, names, slow, tree, "
                      "netrefs, timeline, connections, sections, all",
                      (int)(length < 40 ? length : 40), name);
}

static int set_parts(void *target, const char *value, struct bench_error *err)
{
    unsigned bits = 0;
    for (const char *at = value;; at++) {
        size_t length = strcspn(at, ",");
        int rc = add_part(at, length, &bits, err);
        if (rc < 0)
            return rc;
        at += length;
        if (*at == '\0')
            break;
    }
    of(target)->report.parts = bits;
    of(target)->has_parts = true;
    return 0;
}

static int set_top(void *target, const char *value, struct bench_error *err)
{
    int rc = parse_u32(value, 1, 10000, &of(target)->trace.top, err);
    if (rc == 0)
        of(target)->report.top = of(target)->trace.top;
    return rc;
}

static int set_max_depth(void *target, const char *value, struct bench_error *err)
{
    int64_t n;
    int rc = bench_parse_int(value, 0, 1000, &n, err);
    if (rc == 0)
        of(target)->report.max_depth = (int)n;
    return rc;
}

static int set_least(void *target, const char *value, struct bench_error *err)
{
    return bench_parse_duration(value, &of(target)->report.least_ns, err);
}

static int set_what_if(void *target, const char *value, struct bench_error *err)
{
    struct profile_options *o = of(target);
    int rc = trace_what_if_check(value, err);
    if (rc < 0)
        return rc;
    if (o->nwhat_if == PROFILE_WHAT_IF_MAX)
        return bench_fail(err, -EINVAL, "more than %d predictions", PROFILE_WHAT_IF_MAX);
    o->what_if[o->nwhat_if++] = value;
    return 0;
}

static int set_output(void *target, const char *value, struct bench_error *err)
{
    return parse_path(value, false, &of(target)->output, err);
}

static int set_json(void *target, const char *value, struct bench_error *err)
{
    return parse_path(value, true, &of(target)->json, err);
}

static int set_html(void *target, const char *value, struct bench_error *err)
{
    return parse_path(value, false, &of(target)->html, err);
}

static int set_trace(void *target, const char *value, struct bench_error *err)
{
    return parse_path(value, false, &of(target)->chrome, err);
}

/* ---- while it runs ---- */

static int set_live(void *target, const char *value, struct bench_error *err)
{
    (void)value;
    (void)err;
    of(target)->live = true;
    return 0;
}

static int set_metrics(void *target, const char *value, struct bench_error *err)
{
    of(target)->has_metrics = true;
    return cli_parse_endpoint(value, 0, &of(target)->metrics, err);
}

static int set_log(void *target, const char *value, struct bench_error *err)
{
    return parse_path(value, true, &of(target)->log, err);
}

static int set_interval(void *target, const char *value, struct bench_error *err)
{
    int64_t *out = &of(target)->interval_ns;
    int rc = bench_parse_duration(value, out, err);
    if (rc == 0 && (*out < 10 * BENCH_NS_PER_MS || *out > 86400 * BENCH_NS_PER_S))
        return bench_fail(err, -EINVAL, "'%s' is not within 10ms..1440m", value);
    return rc;
}

static int set_log_slow(void *target, const char *value, struct bench_error *err)
{
    (void)value;
    (void)err;
    of(target)->log_slow = true;
    return 0;
}

/* ---- limits ---- */

static int set_max_names(void *target, const char *value, struct bench_error *err)
{
    return parse_u32(value, 16, 1 << 24, &of(target)->trace.names_max, err);
}

static int set_max_connections(void *target, const char *value, struct bench_error *err)
{
    uint32_t *out = &of(target)->trace.connections_max;
    int rc = parse_u32(value, 1, 100000, out, err);
    if (rc == 0 && *out > RELAY_CONNECTIONS) /* it takes more than are decoded, never fewer */
        of(target)->relay.connections_max = (int)*out;
    return rc;
}

static int set_max_references(void *target, const char *value, struct bench_error *err)
{
    return parse_u32(value, 1, 1 << 24, &of(target)->trace.references_max, err);
}

static int set_max_calls(void *target, const char *value, struct bench_error *err)
{
    return parse_u32(value, 0, 1 << 24, &of(target)->trace.calls_max, err);
}

static int set_max_message(void *target, const char *value, struct bench_error *err)
{
    size_t *out = &of(target)->trace.message_bytes_max;
    int rc = parse_bytes(value, out, err);
    if (rc == 0 && (*out < 1024 || *out > (size_t)1 << 32))
        rc = bench_fail(err, -EINVAL, "'%s' is not within 1KiB..4GiB", value);
    return rc;
}

/* Rings are powers of two. */
static int set_ring_size(void *target, const char *value, struct bench_error *err)
{
    size_t *out = &of(target)->ring_bytes;
    int rc = parse_bytes(value, out, err);
    if (rc == 0 && (*out < TAP_RING_BYTES_MIN || *out > TAP_RING_BYTES_MAX))
        rc = bench_fail(err, -EINVAL, "'%s' is not within 64KiB..1GiB", value);
    if (rc == 0 && (*out & (*out - 1)) != 0)
        rc = bench_fail(err, -EINVAL, "'%s' is no power of two", value);
    return rc;
}

/* ---- the table ---- */

static const struct cli_option options[] = {
    {"listen", "[HOST]:PORT",
     "a relay: takes connections here; without a host on 127.0.0.1 only, port 0 = any free one, "
     "which is printed",
     set_listen},
    {"upstream", "HOST:PORT", "where the relay passes connections on to: the RPyC server",
     set_upstream},
    {"rtt", "TIME", "the relay makes the network slower: a round trip takes so much longer (0)",
     set_rtt},
    {"delay", "TIME", "the same, for each direction: half a round trip, up to 60s (0)", set_delay},
    {"read", "FILE", "a capture by tcpdump -w (pcap or pcapng); '-' is stdin", set_read},
    {"port", "N", "of the capture only TCP of this port of the server (all)", set_port},
    {"parts", "LIST",
     "of the report: summary, findings, names, slow, tree, netrefs, timeline, connections, "
     "sections, or all (summary,findings,names,sections)",
     set_parts},
    {"top", "N", "rows of each table (20)", set_top},
    {"max-depth", "N", "levels of the call tree, 0 = all (0)", set_max_depth},
    {"least", "TIME", "leaves shorter calls out of tree and timeline (0)", set_least},
    {"slow-call-threshold", "TIME", "from this on a call is slow (100ms)", set_slow},
    {"deep-stack-threshold", "N", "requests in each other that are deep (5)", set_deep},
    {"what-if", "KIND:NAME",
     "only predicts what a change saves, e.g. tuple:root.get_users (may be repeated)", set_what_if},
    {"output", "FILE", "the report goes there, instead of stdout (of a program: stderr)",
     set_output},
    {"json", "FILE",
     "everything as JSON; '-' is stdout, in place of the report (of a program: stderr)", set_json},
    {"html", "FILE", "one self-contained page", set_html},
    {"trace", "FILE", "for chrome://tracing and ui.perfetto.dev", set_trace},
    {"live", NULL, "a screen on the terminal at stderr, refreshed each second", set_live},
    {"metrics", "[HOST]:PORT",
     "serves http://HOST:PORT/metrics for Prometheus while it runs; without a host on 127.0.0.1",
     set_metrics},
    {"log", "FILE", "a line of JSON for each interval; '-' is stdout (of a program: stderr)",
     set_log},
    {"interval", "TIME", "of --log (10s)", set_interval},
    {"log-slow", NULL, "a line on stderr for each call beyond the threshold, also while it lasts",
     set_log_slow},
    {"sample", "SHARE",
     "of the connections that are decoded, 25% or 0.25; the others are counted "
     "by bytes only (100%)",
     set_sample},
    {"no-netrefs", NULL, "does not follow objects: names by class, no references", set_no_netrefs},
    {"no-stacks", NULL, "no call tree and no sections", set_no_stacks},
    {"no-places", NULL, "does not find out file and line in the program", set_no_places},
    {"max-names", "N", "names that are told apart; more are '(others)' (16384)", set_max_names},
    {"max-connections", "N",
     "open at a time that are decoded; of more only the bytes are counted (4096)",
     set_max_connections},
    {"max-references", "N", "objects that are followed on each connection (65536)",
     set_max_references},
    {"max-calls", "N", "single calls that are kept for timeline and trace, evenly (20000)",
     set_max_calls},
    {"max-message", "SIZE", "larger messages are counted, not read (1MiB)", set_max_message},
    {"ring-size", "SIZE",
     "between a process, or the relay, and us: 64KiB .. 1GiB, a power of two (16MiB)",
     set_ring_size},
    {"buffer", "SIZE", "of the relay, for each direction of a connection (4MiB)", set_buffer},
    {"plugin", "FILE.so", "loads a protocol from a shared object (may be repeated)", set_plugin},
    {NULL, NULL, NULL, NULL},
};

/* ---- what goes together ---- */

enum profile_way profile_way(const struct profile_options *o)
{
    return o->program != NULL ? PROFILE_PROGRAM : o->read != NULL ? PROFILE_READ : PROFILE_LISTEN;
}

static int check_way(const struct profile_options *o, struct bench_error *err)
{
    static const char *const names[] = {[PROFILE_PROGRAM] = "-- PROGRAM",
                                        [PROFILE_LISTEN] = "--listen and --upstream",
                                        [PROFILE_READ] = "--read"};
    const bool relay = o->has_listen || o->has_upstream;
    const int ways = (o->program != NULL) + (o->read != NULL) + (relay ? 1 : 0);
    if (ways == 0)
        return bench_fail(err, -EINVAL,
                          "what? write -- PROGRAM ARGS..., or --listen :PORT --upstream "
                          "HOST:PORT, or --read FILE.pcap");
    if (ways > 1)
        return bench_fail(err, -EINVAL,
                          "only one of -- PROGRAM, --listen with --upstream, and --read");
    if (relay && !o->has_upstream)
        return bench_fail(err, -EINVAL, "to where? give --upstream HOST:PORT");
    if (relay && !o->has_listen)
        return bench_fail(err, -EINVAL, "from where? give --listen [HOST]:PORT");
    for (int way = 0; way < PROFILE_WAYS; way++)
        if (o->only[way] != NULL && way != (int)profile_way(o))
            return bench_fail(err, -EINVAL, "%s goes with %s only", o->only[way], names[way]);
    return relay ? bench_relay_check(&o->relay, err) : 0;
}

static bool is_dash(const char *path) { return path != NULL && strcmp(path, "-") == 0; }

static int check_outputs(const struct profile_options *o, struct bench_error *err)
{
    const char *const paths[] = {o->output, o->json, o->html, o->chrome, o->log};
    if (o->interval_ns != 0 && o->log == NULL)
        return bench_fail(err, -EINVAL, "--interval of what? give --log FILE");
    for (size_t i = 0; i < BENCH_COUNT_OF(paths); i++)
        for (size_t k = 0; k < i; k++)
            if (paths[i] != NULL && paths[k] != NULL && strcmp(paths[i], paths[k]) == 0)
                return bench_fail(err, -EINVAL, "'%s' is asked for twice", paths[i]);
    if (o->read != NULL && (o->live || o->has_metrics))
        return bench_fail(err, -EINVAL, "%s shows what is going on: a capture is over",
                          o->live ? "--live" : "--metrics");
    if (!o->live)
        return 0;
    if (o->log_slow || is_dash(o->log))
        return bench_fail(err, -EINVAL, "--live and %s both want the terminal",
                          o->log_slow ? "--log-slow" : "--log -");
    if (isatty(STDERR_FILENO) == 0)
        return bench_fail(err, -EINVAL, "--live needs a terminal at stderr");
    return 0;
}

static void set_defaults(struct profile_options *o)
{
    *o = (struct profile_options){
        .relay = {.listen = {.host = "127.0.0.1"},
                  .seed = 1,
                  .connections_max = RELAY_CONNECTIONS,
                  .buffer_bytes = (size_t)4 << 20},
        .report = {.parts = DEFAULT_PARTS, .netrefs = true},
        .ring_bytes = (size_t)16 << 20,
    };
    trace_options_init(&o->trace);
    o->trace.slow_call_ns = 100 * BENCH_NS_PER_MS;
    o->trace.deep_stack = 5;
    o->trace.top = o->report.top = 20;
}

static int no_argument(void *target, const char *value, struct bench_error *err)
{
    (void)target;
    return bench_fail(err, -EINVAL, "'%.100s': write -- before the program", value);
}

int profile_options_parse(struct profile_options *o, int argc, char **argv, struct bench_error *err)
{
    int own = 1;
    set_defaults(o);
    while (own < argc && strcmp(argv[own], "--") != 0)
        own++;
    int rc = cli_parse(cli_find("profile"), options, no_argument, o, own, argv, err);
    if (rc != 0)
        return rc;
    if (own < argc) {
        o->program = argv + own + 1;
        if (o->program[0] == NULL || o->program[0][0] == '\0')
            return bench_fail(err, -EINVAL, "no program behind --");
    }
    o->trace.window = o->log != NULL || o->live;
    if ((rc = check_way(o, err)) == 0)
        rc = check_outputs(o, err);
    if (rc == 0)
        rc = trace_options_check(&o->trace, err);
    if (rc == 0 && o->log != NULL && o->interval_ns == 0)
        o->interval_ns = 10 * BENCH_NS_PER_S;
    return rc;
}
