/* SPDX-License-Identifier: MIT */
#include "script.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IDS_MAX = 4096, LINE_MAX_BYTES = 512, PROCESS = 1000 };

struct decoder {
    struct bench_decoder_setup setup;
    struct {
        enum bench_verb verb;
        uint32_t name, class_name;
    } requests[IDS_MAX];
    char line[2][LINE_MAX_BYTES];
    size_t used[2];
    bool closed;
};

static enum bench_recognised recognise(const void *data, size_t length)
{
    const char *text = data;
    if (length > 0 && text[0] == 0x16)
        return BENCH_RECOGNISED_ENCRYPTED;
    if (length < 2)
        return length == 0 || text[0] == '|' ? BENCH_RECOGNISED_MORE : BENCH_RECOGNISED_NO;
    return text[0] == '|' && text[1] == '|' ? BENCH_RECOGNISED_YES : BENCH_RECOGNISED_NO;
}

static int init(void *decoder, const struct bench_decoder_setup *setup)
{
    ((struct decoder *)decoder)->setup = *setup;
    return 0;
}

static void fini(void *decoder)
{
    (void)decoder;
}

static void emit(struct decoder *decoder, struct bench_event *event)
{
    event->connection = decoder->setup.connection;
    decoder->setup.fn(event, decoder->setup.user);
}

static uint32_t name_of(struct decoder *decoder, char *path)
{
    uint32_t name = BENCH_NAME_NONE;
    char *rest = path;
    for (char *step; (step = strsep(&rest, ".")) != NULL;)
        name = bench_names_step(decoder->setup.names, name,
                                name == BENCH_NAME_NONE ? BENCH_STEP_TOP : BENCH_STEP_ATTRIBUTE,
                                step, strlen(step));
    return name;
}

static enum bench_verb verb_of(const char *text)
{
    static const char *const verbs[BENCH_VERB_COUNT] = {
        "other", "call", "get",      "set",  "item", "iterate", "next", "length",
        "text",  "copy", "describe", "root", "ping", "release", "shut"};
    for (int v = 0; v < BENCH_VERB_COUNT; v++)
        if (strcmp(text, verbs[v]) == 0)
            return (enum bench_verb)v;
    return BENCH_VERB_OTHER;
}

static void set_outcome(struct bench_event *event, const char *word)
{
    if (strcmp(word, "callable") == 0)
        event->outcome = BENCH_OUTCOME_CALLABLE;
    else if (strcmp(word, "object") == 0)
        event->outcome = BENCH_OUTCOME_OBJECT;
    else if (strcmp(word, "end") == 0)
        event->outcome = BENCH_OUTCOME_END;
}

static void read_word(struct decoder *decoder, struct bench_event *event, char *word)
{
    char *value = strchr(word, '=');
    if (strcmp(word, "unawaited") == 0)
        event->unawaited = true;
    else if (value == NULL)
        set_outcome(event, word);
    if (value == NULL)
        return;
    *value++ = '\0';
    const uint64_t number = strtoull(value, NULL, 10);
    if (strcmp(word, "thread") == 0)
        event->thread = number;
    else if (strcmp(word, "parent") == 0)
        event->parent = number;
    else if (strcmp(word, "ref") == 0)
        event->reference = number;
    else if (strcmp(word, "class") == 0)
        event->class_name = name_of(decoder, value);
    else if (strcmp(word, "bytes") == 0)
        event->plain_bytes = event->wire_bytes = number;
    else if (strcmp(word, "items") == 0)
        event->items = (uint32_t)number;
}

static void message(struct decoder *decoder, const struct bench_piece *piece, char *line)
{
    char *kind = strsep(&line, " "), *first = strsep(&line, " ");
    struct bench_event event = {.direction = piece->direction,
                                .time_ns = piece->time_ns,
                                .end_ns = piece->time_ns,
                                .process = piece->process,
                                .place = piece->place,
                                .plain_bytes = 10,
                                .wire_bytes = 16};
    const uint64_t number = first == NULL ? 0 : strtoull(first, NULL, 10);
    const size_t slot = (size_t)(number % IDS_MAX);
    if (strcmp(kind, "lost") == 0) {
        event.kind = BENCH_EVENT_LOST;
        event.error = "as the script says";
    } else if (strcmp(kind, "ref") == 0 || strcmp(kind, "rel") == 0) {
        event.kind = strcmp(kind, "ref") == 0 ? BENCH_EVENT_REFERENCE : BENCH_EVENT_RELEASE;
        event.reference = number;
        event.name = name_of(decoder, strsep(&line, " "));
    } else if (strcmp(kind, "q") == 0) {
        event.kind = BENCH_EVENT_REQUEST;
        event.id = number;
        event.thread = piece->thread;
        event.verb = verb_of(strsep(&line, " "));
        event.name = name_of(decoder, strsep(&line, " "));
    } else {
        event.kind = strcmp(kind, "e") == 0 ? BENCH_EVENT_ERROR : BENCH_EVENT_REPLY;
        event.id = number;
        event.verb = decoder->requests[slot].verb;
        event.name = decoder->requests[slot].name;
        event.class_name = decoder->requests[slot].class_name;
        event.outcome =
            event.kind == BENCH_EVENT_REPLY ? BENCH_OUTCOME_VALUE : BENCH_OUTCOME_NONE;
        if (event.kind == BENCH_EVENT_ERROR)
            event.error = strsep(&line, " ");
    }
    for (char *word; (word = strsep(&line, " ")) != NULL;)
        read_word(decoder, &event, word);
    if (event.kind == BENCH_EVENT_REQUEST) {
        decoder->requests[slot].verb = event.verb;
        decoder->requests[slot].name = event.name;
        decoder->requests[slot].class_name = event.class_name;
    }
    emit(decoder, &event);
}

static void feed(void *private, const struct bench_piece *piece)
{
    struct decoder *decoder = private;
    const int d = piece->direction;
    const char *text = piece->data;
    for (size_t i = 0; i < piece->length; i++) {
        if (text[i] != '\n') {
            if (decoder->used[d] < LINE_MAX_BYTES - 1)
                decoder->line[d][decoder->used[d]++] = text[i];
            continue;
        }
        decoder->line[d][decoder->used[d]] = '\0';
        decoder->used[d] = 0;
        if (strncmp(decoder->line[d], "||", 2) == 0)
            message(decoder, piece, decoder->line[d] + 2);
    }
}

static void gap(void *private, enum bench_direction direction, int64_t time_ns)
{
    struct decoder *decoder = private;
    emit(decoder, &(struct bench_event){.kind = BENCH_EVENT_LOST,
                                        .direction = direction,
                                        .time_ns = time_ns,
                                        .end_ns = time_ns,
                                        .error = "a gap"});
}

static void close_decoder(void *private, int64_t time_ns)
{
    struct decoder *decoder = private;
    if (!decoder->closed)
        emit(decoder, &(struct bench_event){
                          .kind = BENCH_EVENT_CLOSE, .time_ns = time_ns, .end_ns = time_ns});
    decoder->closed = true;
}

static const struct bench_finding_rule rules[] = {
    {"n-plus-one", "a sequence by reference, and iterated", "return a tuple"},
    {"attributes", "attributes read one by one", "return a tuple"},
    {"lookups", "a method looked up for every call", "keep it"},
    {"callbacks", "a callback for each element", "pass a tuple"},
    {"deep", "requests in requests", "flatten"},
    {"slow", "slow calls", "do less"},
    {"stall", "40 ms", "TCP_NODELAY"},
    {"leak", "never given back", "drop them"},
    {"incompressible", "large payloads", "send them otherwise"},
    {"copy-refused", "no copy", "allow it"},
    {"described", "described anew", "reuse"},
    {NULL, NULL, NULL},
};

const struct bench_decoder_ops test_script_ops = {
    .size = sizeof(struct decoder),
    .recognise = recognise,
    .init = init,
    .feed = feed,
    .gap = gap,
    .close = close_decoder,
    .fini = fini,
    .rules = rules,
};

/* The number after '@' in "word@7". */
static uint32_t thread_in(char *word)
{
    char *at = strchr(word, '@');
    if (at == NULL)
        return 0;
    *at = '\0';
    return (uint32_t)strtoul(at + 1, NULL, 10);
}

static void play_line(char *line, bench_piece_fn fn, void *user)
{
    char text[LINE_MAX_BYTES];
    const char *time = strsep(&line, " "), *connection = strsep(&line, " ");
    char *what = strsep(&line, " ");
    struct bench_piece piece = {.time_ns = strtoll(time, NULL, 10) * 1000,
                                .connection = strtoull(connection, NULL, 10),
                                .process = PROCESS};
    const char *rest = line == NULL ? "" : line;
    piece.thread = thread_in(what);
    piece.data = rest;
    if (what[0] == '>' || what[0] == '<') {
        const char *place = strstr(rest, "place=");
        piece.kind = BENCH_PIECE_DATA;
        piece.direction = what[0] == '>' ? BENCH_TO_SERVER : BENCH_TO_CLIENT;
        piece.place = place == NULL ? 0 : (uint32_t)strtoul(place + 6, NULL, 10);
        (void)snprintf(text, sizeof(text), "||%s\n", rest);
        piece.data = text;
    } else if (strcmp(what, "open") == 0 || strcmp(what, "joined") == 0 ||
               strcmp(what, "server") == 0) {
        piece.kind = BENCH_PIECE_OPEN;
        piece.joined = what[0] == 'j';
        piece.from_server = what[0] == 's';
    } else if (strcmp(what, "close") == 0) {
        piece.kind = BENCH_PIECE_CLOSE;
    } else if (strcmp(what, "gap") == 0) {
        piece.kind = BENCH_PIECE_GAP;
        piece.direction = rest[0] == '<' ? BENCH_TO_CLIENT : BENCH_TO_SERVER;
    } else if (strcmp(what, "begin") == 0) {
        piece.kind = BENCH_PIECE_MARK_BEGIN;
    } else if (strcmp(what, "end") == 0) {
        piece.kind = BENCH_PIECE_MARK_END;
    } else {
        const char *number = strsep(&line, " ");
        piece.kind = what[0] == 'p' && what[1] == 'l' ? BENCH_PIECE_PLACE
                     : what[0] == 'p'                 ? BENCH_PIECE_PROCESS
                                                      : BENCH_PIECE_EXIT;
        if (piece.kind == BENCH_PIECE_PLACE)
            piece.place = (uint32_t)strtoul(number, NULL, 10);
        else
            piece.process = (uint32_t)strtoul(number, NULL, 10);
        piece.data = line == NULL ? "" : line;
    }
    piece.length = strlen(piece.data);
    fn(&piece, user);
}

void test_script_play(const char *script, bench_piece_fn fn, void *user)
{
    char *copy = strdup(script), *rest = copy;
    if (copy == NULL)
        abort();
    for (char *line; (line = strsep(&rest, "\n")) != NULL;)
        if (line[0] != '\0')
            play_line(line, fn, user);
    free(copy);
}
