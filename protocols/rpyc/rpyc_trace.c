/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/rpyc/rpyc_msg.h"

#define TRACE_MEMORY ((size_t)64 << 20) /* for reading one message */

static const char *const handler_names[RPYC_HANDLERS] = {
    [RPYC_PING] = "PING",
    [RPYC_CLOSE] = "CLOSE",
    [RPYC_GETROOT] = "GETROOT",
    [RPYC_GETATTR] = "GETATTR",
    [RPYC_DELATTR] = "DELATTR",
    [RPYC_SETATTR] = "SETATTR",
    [RPYC_CALL] = "CALL",
    [RPYC_CALLATTR] = "CALLATTR",
    [RPYC_REPR] = "REPR",
    [RPYC_STR] = "STR",
    [RPYC_CMP] = "CMP",
    [RPYC_HASH] = "HASH",
    [RPYC_DIR] = "DIR",
    [RPYC_PICKLE] = "PICKLE",
    [RPYC_DEL] = "DEL",
    [RPYC_INSPECT] = "INSPECT",
    [RPYC_BUFFITER] = "BUFFITER",
    [RPYC_OLDSLICING] = "OLDSLICING",
    [RPYC_CTXEXIT] = "CTXEXIT",
    [RPYC_INSTANCECHECK] = "INSTANCECHECK",
};

/* One line under construction. What does not fit is cut off. */
struct line {
    struct bench_buf text;
    bool cut;
};

static void add(struct line *line, const char *text)
{
    if (bench_buf_add(&line->text, text, strlen(text)) < 0)
        line->cut = true;
}

static void add_value(struct line *line, const struct bench_value *value)
{
    if (bench_value_repr(value, &line->text) < 0)
        line->cut = true; /* what came before stays */
}

/* A name without the quotes of a repr. */
static void add_name(struct line *line, const struct bench_value *name)
{
    if (name->kind != BENCH_STR) {
        add_value(line, name);
        return;
    }
    size_t room = line->text.limit - bench_buf_length(&line->text);
    line->cut |= name->text.length > room;
    if (bench_buf_add(&line->text, name->text.data,
                      name->text.length < room ? name->text.length : room) < 0)
        line->cut = true;
}

/* Into `what`: control characters would let the other side write to the terminal. */
static void finish(struct line *line, char *what, size_t size)
{
    size_t n = bench_buf_length(&line->text);
    if (n > size - 1) {
        n = size - 1;
        line->cut = true;
    }
    if (n > 0)
        memcpy(what, bench_buf_head(&line->text), n);
    if (line->cut) {
        n = n > size - 4 ? size - 4 : n;
        while (n > 0 && ((unsigned char)what[n] & 0xc0) == 0x80) /* not within a character */
            n--;
        memcpy(what + n, "...", 3);
        n += 3;
    }
    what[n] = '\0';
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)what[i] < ' ' || what[i] == 0x7f)
            what[i] = ' ';
}

/* Objects of either side, by their name only. */
static int named(void *user, const struct rpyc_ref *ref, struct bench_value *out)
{
    struct rpyc_proxy *proxy = rpyc_proxy_new(user, ref);
    if (!proxy)
        return -ENOMEM;
    *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &proxy->object};
    return 0;
}

static void add_keywords(struct line *line, const struct bench_value *pairs)
{
    for (size_t i = 0; pairs->kind == BENCH_TUPLE && i < pairs->seq.count; i++) {
        const struct bench_value *pair = &pairs->seq.items[i];
        if (pair->kind != BENCH_TUPLE || pair->seq.count != 2)
            continue;
        add(line, i == 0 ? " with " : ", ");
        add_name(line, &pair->seq.items[0]);
        add(line, "=");
        add_value(line, &pair->seq.items[1]);
    }
}

static void describe_request(struct line *line, int64_t handler, const struct bench_value *args)
{
    const struct bench_value *items = args->kind == BENCH_TUPLE ? args->seq.items : NULL;
    size_t n = items ? args->seq.count : 0;
    if ((handler == RPYC_GETATTR || handler == RPYC_SETATTR || handler == RPYC_DELATTR ||
         handler == RPYC_CALLATTR) &&
        n >= 2) {
        add_name(line, &items[1]);
        if (handler == RPYC_CALLATTR && n >= 3)
            add_value(line, &items[2]);
        if (handler == RPYC_CALLATTR && n >= 4)
            add_keywords(line, &items[3]);
        add(line, " of ");
        add_value(line, &items[0]);
    } else if (handler == RPYC_CALL && n >= 2) {
        add_value(line, &items[1]);
        if (n >= 3)
            add_keywords(line, &items[2]);
        add(line, " of ");
        add_value(line, &items[0]);
    } else if (handler == RPYC_INSPECT && n == 1 && items[0].kind == BENCH_TUPLE &&
               items[0].seq.count == 3) {
        add_name(line, &items[0].seq.items[0]);
    } else if (handler == RPYC_DEL && n == 2) {
        add_value(line, &items[0]);
        add(line, " x ");
        add_value(line, &items[1]);
    } else {
        for (size_t i = 0; i < n; i++) {
            add(line, i == 0 ? "" : ", ");
            add_value(line, &items[i]);
        }
    }
}

static void describe_exception(struct rpyc_message *opened, struct line *line,
                               struct bench_conn_message *out)
{
    struct rpyc_reader again = opened->body;
    struct rpyc_exception exception;
    struct bench_value record;
    char text[256];
    if (rpyc_read_exception(&opened->body, &exception) < 0)
        return;
    rpyc_exception_text(&exception, text, sizeof(text));
    add(line, text);
    if (rpyc_read_value(&again, &record) == 0 && record.kind == BENCH_TUPLE &&
        record.seq.count == 4 && record.seq.items[3].kind == BENCH_STR) {
        out->text = record.seq.items[3].text.data;
        out->text_length = record.seq.items[3].text.length;
    }
}

static void describe(struct rpyc_message *opened, struct bench_arena *arena, struct line *line,
                     struct bench_conn_message *out)
{
    const struct rpyc_resolver resolver = {named, named, arena};
    struct bench_value value;
    int64_t handler;
    out->id = opened->seq_number;
    if (opened->type == RPYC_EXCEPTION) {
        out->kind = "EXCEPTION";
        describe_exception(opened, line, out);
        return;
    }
    if (opened->type == RPYC_REPLY) {
        out->kind = "REPLY";
        if (rpyc_read_box(&opened->body, &resolver, &value) == 0)
            add_value(line, &value);
        return;
    }
    if (rpyc_read_request(&opened->body, &handler) < 0)
        return;
    out->kind = handler > 0 && handler < RPYC_HANDLERS ? handler_names[handler] : "HANDLER?";
    if (rpyc_read_box(&opened->body, &resolver, &value) == 0)
        describe_request(line, handler, &value);
}

static void tell(struct bench_conn *conn, const uint8_t *payload, size_t n,
                 struct bench_conn_message *message)
{
    struct rpyc_message opened;
    struct bench_arena arena;
    struct line line = {.cut = false};
    enum rpyc_layout layout;
    message->kind = n == 0 ? "EMPTY" : "UNREADABLE";
    message->id = -1;
    bench_arena_init(&arena, TRACE_MEMORY);
    bench_buf_init(&line.text, 4 * sizeof(message->what));
    if (n > 0 && rpyc_layout_detect(payload, n, &layout, NULL) == 0 &&
        rpyc_message_open(&opened, layout, payload, n, &arena, false, NULL) == 0)
        describe(&opened, &arena, &line, message);
    finish(&line, message->what, sizeof(message->what));
    bench_conn_message(conn, message);
    bench_buf_fini(&line.text);
    bench_arena_fini(&arena);
}

void rpyc_trace_sent(struct bench_conn *conn, const struct rpyc_outgoing *out, int64_t at_ns)
{
    struct bench_conn_message message = {
        .sent = true, .plain = out->plain_bytes, .wire = out->wire_bytes, .at_ns = at_ns};
    const uint8_t *text = bench_buf_head(&out->text) + RPYC_FRAME_HEADER;
    size_t payload = (size_t)out->plain_bytes - RPYC_FRAME_EXTRA;
    size_t before = out->data ? out->cut - RPYC_FRAME_HEADER : payload;
    if (!out->data) {
        tell(conn, text, payload, &message);
        return;
    }
    uint8_t *whole = malloc(payload);
    if (!whole)
        return;
    memcpy(whole, text, before);
    memcpy(whole + before, out->data, out->data_length);
    memcpy(whole + before + out->data_length, text + before, payload - before - out->data_length);
    tell(conn, whole, payload, &message);
    free(whole);
}

void rpyc_trace_received(struct bench_conn *conn, const uint8_t *payload, size_t n,
                         uint64_t wire_bytes, int64_t at_ns)
{
    struct bench_conn_message message = {
        .plain = n + RPYC_FRAME_EXTRA, .wire = wire_bytes, .at_ns = at_ns};
    tell(conn, payload, n, &message);
}
