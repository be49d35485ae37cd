/* SPDX-License-Identifier: MIT */
/*
 * What the analyser costs: recorded conversations go through decoder and analyser again and again,
 * over many connections at a time that come and go. Prints messages per second of processor time
 * and the memory held after a tenth, half and all of them.
 *
 *   bench-replay PROTOCOL TRANSCRIPTS MESSAGES MIN_PER_S MAX_GROWTH_PERCENT
 *
 * TRANSCRIPTS has lines "version, conversation, C>S or S>C, hexadecimal bytes, text", separated by
 * tabs; each line is one message. MAX_GROWTH: of memory from a tenth of the messages on.
 * Exit status 0 = within the limits and all messages were counted, 1 = not so, 2 = usage.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/protocol.h"
#include "bench/units.h"
#include "trace/analyser.h"
#include "trace/profile.h"

enum { VERSIONS_MAX = 8, CONNECTIONS = 64, ROUNDS = 2, STEP_NS = 10000 };

struct message {
    enum bench_direction direction;
    unsigned char *bytes;
    size_t length;
};

/* What was recorded of one version: how each connection begins, and what follows. */
struct recorded {
    char version[16];
    struct message *all;
    size_t count, room;
};

struct replayed {
    uint64_t number;
    const struct recorded *recorded;
    size_t next;
    int round;
};

struct replay {
    struct recorded versions[VERSIONS_MAX];
    size_t nversions;
    struct trace_analyser *analyser;
    struct replayed connections[CONNECTIONS];
    uint64_t opened, messages, bytes;
    int64_t now_ns;
};

static struct recorded *version_of(struct replay *replay, const char *text)
{
    for (size_t i = 0; i < replay->nversions; i++)
        if (strcmp(replay->versions[i].version, text) == 0)
            return &replay->versions[i];
    if (replay->nversions == VERSIONS_MAX)
        return NULL;
    struct recorded *fresh = &replay->versions[replay->nversions++];
    (void)snprintf(fresh->version, sizeof(fresh->version), "%s", text);
    return fresh;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int add(struct recorded *recorded, enum bench_direction direction, const char *hex)
{
    const size_t length = strlen(hex) / 2;
    if (recorded->count == recorded->room) {
        recorded->room = recorded->room == 0 ? 64 : recorded->room * 2;
        struct message *more = realloc(recorded->all, recorded->room * sizeof(*more));
        if (more == NULL)
            return -1;
        recorded->all = more;
    }
    unsigned char *bytes = malloc(length + 1);
    if (bytes == NULL)
        return -1;
    for (size_t i = 0; i < length; i++)
        bytes[i] = (unsigned char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    recorded->all[recorded->count++] =
        (struct message){.direction = direction, .bytes = bytes, .length = length};
    return 0;
}

/* The closing request comes once, at the end, and bound threads are another conversation than the
 * one that this connection has begun. */
static int read_line(struct replay *replay, char *line)
{
    char *version = strsep(&line, "\t"), *conversation = strsep(&line, "\t");
    char *direction = strsep(&line, "\t"), *hex = strsep(&line, "\t"), *text = line;
    if (version[0] == '#' || text == NULL || strstr(text, "CLOSE") != NULL ||
        strstr(conversation, "bind_threads") != NULL)
        return 0;
    struct recorded *recorded = version_of(replay, version);
    return recorded == NULL
               ? -1
               : add(recorded, direction[0] == 'C' ? BENCH_TO_SERVER : BENCH_TO_CLIENT, hex);
}

static int read_transcripts(struct replay *replay, const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    int rc = file == NULL ? -1 : 0;
    while (rc == 0 && getline(&line, &room, file) > 0)
        rc = read_line(replay, line);
    free(line);
    if (file != NULL)
        (void)fclose(file);
    for (size_t i = 0; i < replay->nversions; i++)
        rc = replay->versions[i].count == 0 ? -1 : rc;
    return replay->nversions == 0 ? -1 : rc;
}

static void pass(struct replay *replay, const struct replayed *connection,
                 enum bench_piece_kind kind, const struct message *message)
{
    struct bench_piece piece = {.kind = kind,
                                .connection = connection->number,
                                .time_ns = replay->now_ns += STEP_NS,
                                .process = 1,
                                .thread = (uint32_t)(connection - replay->connections) + 2};
    if (message != NULL) {
        piece.direction = message->direction;
        piece.data = message->bytes;
        piece.length = message->length;
        replay->messages++;
        replay->bytes += message->length;
    }
    trace_analyser_piece(&piece, replay->analyser);
}

static void step(struct replay *replay, struct replayed *connection)
{
    if (connection->recorded == NULL) {
        connection->number = ++replay->opened;
        connection->recorded = &replay->versions[replay->opened % replay->nversions];
        pass(replay, connection, BENCH_PIECE_OPEN, NULL);
    }
    pass(replay, connection, BENCH_PIECE_DATA, &connection->recorded->all[connection->next]);
    if (++connection->next < connection->recorded->count)
        return;
    connection->next = 0;
    if (++connection->round < ROUNDS)
        return;
    pass(replay, connection, BENCH_PIECE_CLOSE, NULL);
    *connection = (struct replayed){0};
}

static double resident_kib(void)
{
    unsigned long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL || fscanf(file, "%lu %lu", &size, &resident) != 2)
        resident = 0;
    if (file != NULL)
        (void)fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1024;
}

static double processor_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Whether the analyser has counted what it was given. */
static bool agrees(const struct replay *replay)
{
    struct trace_profile *profile = NULL;
    if (trace_profile_take(replay->analyser, &profile) < 0)
        return false;
    const uint64_t messages = trace_both(profile->totals.messages);
    const uint64_t bytes = trace_both(profile->totals.wire_bytes);
    const bool good = messages == replay->messages && bytes == replay->bytes;
    (void)printf("  %" PRIu64 " of %" PRIu64 " messages and %" PRIu64 " of %" PRIu64
                 " bytes were counted, %zu names, %zu findings, %" PRIu64 " lost  %s\n",
                 messages, replay->messages, bytes, replay->bytes, profile->nby_name,
                 profile->nfindings, profile->totals.lost, good ? "ok" : "MISSED");
    trace_profile_free(profile);
    return good;
}

static bool measure(struct replay *replay, uint64_t messages, double least, double growth)
{
    const uint64_t marks[] = {messages / 10, messages / 2, messages};
    double first_kib = 0, kib = 0;
    double rate = 0;
    const double start_s = processor_s();
    for (size_t i = 0; i < BENCH_COUNT_OF(marks); i++) {
        while (replay->messages < marks[i])
            for (size_t k = 0; k < CONNECTIONS; k++)
                step(replay, &replay->connections[k]);
        const double took_s = processor_s() - start_s;
        kib = resident_kib();
        first_kib = i == 0 ? kib : first_kib;
        rate = (double)replay->messages / took_s;
        (void)printf("  %9" PRIu64 " messages over %6" PRIu64 " connections: %7.0f a second, "
                     "%4.0f ns each, %.1f MiB resident\n",
                     replay->messages, replay->opened, rate, took_s * 1e9 / (double)replay->messages,
                     kib / 1024);
    }
    const double grown = (kib / first_kib - 1) * 100;
    const bool fast = rate >= least, flat = grown <= growth;
    (void)printf("  messages per second: %.0f  >=%.0f  %s\n", rate, least, fast ? "ok" : "MISSED");
    (void)printf("  growth of memory in %%: %.1f  <=%.0f  %s\n", grown, growth,
                 flat ? "ok" : "MISSED");
    return agrees(replay) && fast && flat;
}

static void tidy(struct replay *replay)
{
    trace_analyser_free(replay->analyser);
    for (size_t i = 0; i < replay->nversions; i++) {
        for (size_t k = 0; k < replay->versions[i].count; k++)
            free(replay->versions[i].all[k].bytes);
        free(replay->versions[i].all);
    }
}

int main(int argc, char **argv)
{
    struct replay replay = {0};
    struct trace_options options;
    struct bench_error err = {0};
    int64_t messages, least, growth;
    if (argc != 6) {
        (void)fprintf(stderr, "usage: bench-replay PROTOCOL TRANSCRIPTS MESSAGES MIN_PER_S "
                              "MAX_GROWTH_PERCENT\n");
        return 2;
    }
    const struct bench_protocol *protocol = bench_protocol_find(argv[1], strlen(argv[1]));
    if (protocol == NULL || protocol->decoder == NULL) {
        (void)fprintf(stderr, "bench-replay: nothing decodes '%s'\n", argv[1]);
        return 2;
    }
    if (bench_parse_int(argv[3], 10, INT64_C(1) << 40, &messages, &err) < 0 ||
        bench_parse_int(argv[4], 0, 1000000000, &least, &err) < 0 ||
        bench_parse_int(argv[5], 0, 1000, &growth, &err) < 0) {
        (void)fprintf(stderr, "bench-replay: %s\n", err.msg);
        return 2;
    }
    const struct bench_decoder_ops *const decoders[] = {protocol->decoder, NULL};
    trace_options_init(&options);
    int rc = 2;
    if (read_transcripts(&replay, argv[2]) < 0)
        (void)fprintf(stderr, "bench-replay: cannot read transcripts from %s\n", argv[2]);
    else if (trace_analyser_new(&replay.analyser, &options, decoders, &err) < 0)
        (void)fprintf(stderr, "bench-replay: %s\n", err.msg);
    else
        rc = measure(&replay, (uint64_t)messages, (double)least, (double)growth) ? 0 : 1;
    tidy(&replay);
    return rc;
}
