/* SPDX-License-Identifier: MIT */
/*
 * A complete backend outside the tree: the protocol "line", readable with a terminal.
 * docs/adding-a-protocol.md walks through it. Copy it, rename it, replace the wire.
 *
 *   request   NAME [ARGUMENT ...] LENGTH "\n" and LENGTH bytes      download 1024 0
 *   reply     KIND LENGTH "\n" and LENGTH bytes                     s 4
 *                                                                   pong
 *
 * KIND is n (nothing), i (a whole number in decimal), s (text), b (bytes), or ! (an exception).
 * Replies come in the order of the requests. That is the whole protocol.
 *
 * It includes the contract (bench/...) and the C library, nothing else: so may yours.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "bench/protocol.h"
#include "bench/units.h"

enum {
    LINE_LENGTH_MAX = 200,    /* bytes of a request's or reply's first line */
    VALUE_LENGTH_MAX = 65536, /* bytes of a reply that becomes a value */
    INFLIGHT_MAX = 16,
    DIGITS_MAX = 19, /* of a length: below 2^63 */
};
/* Largest payload, either way. */
#define PAYLOAD_MAX ((uint64_t)1 << 30)

extern const struct bench_protocol line_protocol;

/* ==== options: what a user may write as line[nodelay=off] ==== */

struct line_options {
    bool nodelay;
};

static const struct bench_option option_table[] = {
    {.name = "nodelay",
     .type = BENCH_OPTION_BOOL,
     .offset = offsetof(struct line_options, nodelay),
     .default_text = "on",
     .help = "send small requests at once (TCP_NODELAY)"},
    {.name = NULL},
};

/* ==== the wire, without sockets: easy to test, and hostile input ends here ==== */

/* A whole decimal number up to max, all of text. 0 or -EPROTO. */
static int parse_length(const char *text, size_t length, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (length == 0 || length > DIGITS_MAX)
        return -EPROTO;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -EPROTO;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    if (value > max)
        return -EPROTO;
    *out = value;
    return 0;
}

/* Length of the first line with its newline; 0 = not complete yet; -EPROTO = too long. */
static ssize_t line_length(const uint8_t *data, size_t length)
{
    size_t look = length < LINE_LENGTH_MAX ? length : LINE_LENGTH_MAX;
    const uint8_t *end = memchr(data, '\n', look);

    if (end)
        return end - data + 1;
    return length < LINE_LENGTH_MAX ? 0 : -EPROTO;
}

struct reply_head {
    char kind;
    size_t body; /* bytes */
};

static int parse_reply_head(const uint8_t *line, size_t length, struct reply_head *out)
{
    uint64_t body;

    if (length < 4 || !memchr("nisb!", line[0], 5) || line[1] != ' ')
        return -EPROTO;
    int rc = parse_length((const char *)line + 2, length - 3, PAYLOAD_MAX, &body);
    if (rc == 0)
        *out = (struct reply_head){.kind = (char)line[0], .body = (size_t)body};
    return rc;
}

/* ==== programs: what is asked for, written out once before anything is measured ==== */

struct line_program {
    struct bench_program base;      /* first: core reads it */
    char head[LINE_LENGTH_MAX / 2]; /* "download 1024": all but the length */
};

/* Appends " VALUE". 0, -ENOTSUP for kinds that the wire does not know. */
static int add_argument(struct bench_buf *text, const struct bench_value *value)
{
    if (value->kind == BENCH_INT)
        return bench_buf_printf(text, " %lld", (long long)value->integer);
    if (value->kind == BENCH_FLOAT)
        return bench_buf_printf(text, " %.17g", value->real);
    return -ENOTSUP;
}

static int write_head(struct line_program *program, const struct bench_spec *spec)
{
    const struct bench_operation *operation = spec->operation;
    struct bench_buf text;

    bench_buf_init(&text, sizeof(program->head) - 1);
    int rc = bench_buf_printf(&text, "%s", operation->name);
    for (size_t i = 0; rc == 0 && i < bench_operation_nparams(operation); i++) {
        struct bench_value value = bench_spec_arg(spec, i);

        rc = add_argument(&text, &value);
    }
    if (rc == 0) /* the rest is zero already */
        memcpy(program->head, bench_buf_head(&text), bench_buf_length(&text));
    bench_buf_fini(&text);
    return rc;
}

static int line_compile(const void *options, const struct bench_spec *spec,
                        struct bench_program **out, struct bench_error *err)
{
    const struct bench_spec ping = {.kind = BENCH_SPEC_OPERATION,
                                    .operation = bench_operation_get(BENCH_OP_PING)};

    (void)options;
    if (spec->kind == BENCH_SPEC_TEXT)
        return bench_fail(err, -ENOTSUP, "line has no notation for calls of one's own");
    if (spec->kind == BENCH_SPEC_PROBE)
        spec = &ping;
    struct line_program *program = calloc(1, sizeof(*program));
    if (!program)
        return bench_fail(err, -ENOMEM, "out of memory");
    program->base = (struct bench_program){
        .protocol = &line_protocol, .bulk = spec->operation->bulk, .tx = spec->operation->tx};
    int rc = write_head(program, spec);
    if (rc < 0) {
        free(program);
        return bench_fail(err, rc, "line cannot write the arguments of %s", spec->operation->name);
    }
    *out = &program->base;
    return 0;
}

static void line_program_free(struct bench_program *program) { free(program); }

/* ==== the client: called by core, on one thread, never blocking ==== */

/* The connection's private area: zeroed by core, which also frees it. */
struct line_conn {
    size_t bulk_left;  /* bytes of a bulk reply that are still to come */
    size_t reply_size; /* of the reply that is being read, its line included */
};

/* Ends the oldest op: replies come in order. */
static void finish(struct bench_conn *conn, struct bench_op *op, int status)
{
    const struct line_conn *self = bench_conn_priv(conn);

    op->stat.frames_received++;
    op->stat.round_trips++;
    op->stat.plain_received += self->reply_size;
    op->stat.wire_received += self->reply_size;
    bench_op_complete(op, status);
}

static int take_number(struct bench_op *op, const char *text, size_t length)
{
    char copy[32] = "";
    char *end;

    if (length == 0 || strspn(text, "-0123456789") < length)
        return bench_op_fail(op, BENCH_FAILURE_PROTOCOL, -EPROTO, "'%s' is not a number", text);
    if (length < sizeof(copy)) {
        memcpy(copy, text, length);
        errno = 0;
        op->result = bench_int(strtoll(copy, &end, 10));
        if (errno == 0)
            return 0;
    }
    op->result = bench_str_n(text, length);
    op->result.kind = BENCH_BIGINT;
    return 0;
}

/* A reply that becomes a value, or an exception. Its body is complete. */
static int take_value(struct bench_op *op, const struct reply_head *head, const uint8_t *body)
{
    const char *text = bench_arena_copy(&op->arena, body, head->body);

    if (!text)
        return -ENOMEM;
    switch (head->kind) {
    case '!':
        return bench_op_fail(op, BENCH_FAILURE_REMOTE, -EREMOTEIO, "%.200s", text);
    case 'i':
        return take_number(op, text, head->body);
    case 's':
        op->result = bench_str_n(text, head->body);
        return 0;
    case 'b':
        op->result = bench_bytes(text, head->body);
        return 0;
    default:
        return 0; /* nothing is what the result is already */
    }
}

/* Pieces of a bulk reply go to the sink as they come: nothing large is kept here. */
static ssize_t take_bulk(struct bench_conn *conn, struct bench_op *op, const uint8_t *data,
                         size_t length)
{
    struct line_conn *self = bench_conn_priv(conn);
    size_t n = length < self->bulk_left ? length : self->bulk_left;
    int rc = bench_op_data(op, data, n);

    if (rc < 0) /* more than the caller wants: the rest could only be thrown away */
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, rc, "%s", op->error.msg);
    self->bulk_left -= n;
    if (self->bulk_left == 0)
        finish(conn, op, 0);
    return (ssize_t)n;
}

/* At the beginning of a reply. Returns how many bytes were consumed, 0 = needs more. */
static ssize_t take_reply(struct bench_conn *conn, struct bench_op *op, const uint8_t *data,
                          size_t length)
{
    struct line_conn *self = bench_conn_priv(conn);
    struct reply_head head;
    ssize_t line = line_length(data, length);

    if (line == 0)
        return 0;
    if (line < 0 || parse_reply_head(data, (size_t)line, &head) < 0)
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, -EPROTO,
                               "not the first line of a reply");
    self->reply_size = (size_t)line + head.body;
    if (op->program->bulk && head.kind == 'b') {
        self->bulk_left = head.body;
        if (head.body == 0)
            finish(conn, op, 0);
        return line;
    }
    if (head.body > VALUE_LENGTH_MAX)
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, -EMSGSIZE,
                               "a value of %zu bytes, over the limit of %d", head.body,
                               VALUE_LENGTH_MAX);
    if (length < self->reply_size) {
        /* Core need not come back for less. */
        int rc = bench_stream_want(conn, self->reply_size);

        return rc < 0 ? bench_conn_fail(conn, BENCH_FAILURE_OTHER, rc, "no room for a reply") : 0;
    }
    int rc = take_value(op, &head, data + line);
    if (rc == 0 && op->program->bulk)
        rc = bench_op_fail(op, BENCH_FAILURE_WRONG, -EBADMSG, "expected bytes, got kind '%c'",
                           head.kind);
    ssize_t used = (ssize_t)self->reply_size;
    finish(conn, op, rc);
    return used;
}

static ssize_t on_data(struct bench_conn *conn, const uint8_t *data, size_t length)
{
    const struct line_conn *self = bench_conn_priv(conn);
    struct bench_op *op = bench_conn_oldest_op(conn);

    if (!op)
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, -EPROTO,
                               "%zu bytes that nobody asked for", length);
    /* Later calls for the same reply only bring more of it. */
    if (op->marks.first_byte == 0)
        op->marks.first_byte = bench_now_ns();
    return self->bulk_left > 0 ? take_bulk(conn, op, data, length)
                               : take_reply(conn, op, data, length);
}

/* No greeting in this protocol: connected is ready. One with a handshake writes here, and calls
 * bench_conn_opened when the peer has answered. */
static void on_connected(struct bench_conn *conn) { bench_conn_opened(conn, 0); }

/* No eof member: an end that the peer chose is always unexpected. */
static const struct bench_stream_ops stream_ops = {.connected = on_connected, .data = on_data};

static int line_conn_open(struct bench_conn *conn, struct bench_error *err)
{
    const struct line_options *options = bench_conn_options(conn);

    return bench_stream_open(conn, &stream_ops, options->nodelay ? BENCH_STREAM_NODELAY : 0, err);
}

static int line_submit(struct bench_conn *conn, struct bench_op *op, struct bench_error *err)
{
    const struct line_program *program = (const struct line_program *)op->program;
    char head[LINE_LENGTH_MAX];
    size_t tx = op->program->tx ? op->tx.length : 0;
    int n = snprintf(head, sizeof(head), "%s %zu\n", program->head, tx);
    union {
        const void *in;
        void *out;
    } data = {.in = op->tx.data}; /* iovec has no const; it is only read */

    (void)err;
    op->stat.frames_sent++;
    op->stat.plain_sent += (uint64_t)n + tx;
    op->stat.wire_sent += (uint64_t)n + tx;
    /* One message, one write. A write that fails has failed the connection, and with it the op:
     * accepted, and completed. */
    const struct iovec pieces[] = {{head, (size_t)n}, {data.out, tx}};
    (void)bench_stream_write(conn, pieces, tx > 0 ? 2 : 1);
    return 0;
}

/* The answer cannot be told from a later one's, so the connection is of no more use. Without
 * BENCH_CAP_CANCEL_KEEPS core closes it. */
static void line_cancel(struct bench_conn *conn, struct bench_op *op)
{
    (void)conn;
    bench_op_complete(op, -ECANCELED);
}

static void line_conn_close(struct bench_conn *conn) { bench_conn_closed(conn); }

static void line_conn_fini(struct bench_conn *conn) { (void)conn; /* nothing of its own */ }

/* ==== the server: blocking, one thread or process per connection ==== */

/* The session's private area. */
struct line_session {
    struct bench_arena arena; /* of one answer */
    struct bench_buf payload; /* of one request */
};

/* A request as it was parsed. */
struct request {
    const struct bench_operation *operation; /* NULL: there is none of that name */
    struct bench_value args[BENCH_OPERATION_PARAMS + 1];
    size_t nargs, payload;
};

/* The line of the next request into line[], NUL instead of newline. -ENODATA = the peer is done. */
static int read_line(struct bench_session *session, char line[LINE_LENGTH_MAX])
{
    const uint8_t *data;
    size_t have = 0;
    ssize_t n = 0;

    while (n == 0) {
        /* The idle deadline holds until the first byte, the message's from then on. */
        int rc = bench_session_peek(session, have + 1, have > 0, &data, &have);

        if (rc < 0)
            return rc;
        n = line_length(data, have);
    }
    if (n < 0)
        return -EPROTO;
    memcpy(line, data, (size_t)n - 1);
    line[n - 1] = '\0';
    bench_session_consume(session, (size_t)n);
    return memchr(line, '\0', (size_t)n - 1) ? -EPROTO : 0;
}

/* One word as the kind that the operation's table says. */
static int parse_argument(const char *word, enum bench_kind kind, struct bench_value *out)
{
    char *end;

    errno = 0;
    if (kind != BENCH_FLOAT && kind != BENCH_INT)
        return -EPROTO; /* nor has the client a word for it */
    if (kind == BENCH_FLOAT)
        *out = bench_float(strtod(word, &end));
    else
        *out = bench_int(strtoll(word, &end, 10));
    return errno != 0 || end == word || *end != '\0' ? -EPROTO : 0;
}

static int parse_request(char *line, uint64_t payload_max, struct request *out)
{
    enum { WORDS_MAX = BENCH_OPERATION_PARAMS + 2 };
    char *words[WORDS_MAX], *rest = line, *word;
    size_t n = 0;
    uint64_t payload;

    while ((word = strsep(&rest, " ")) != NULL) {
        if (n == WORDS_MAX)
            return -EPROTO;
        words[n++] = word;
    }
    if (n < 2 || parse_length(words[n - 1], strlen(words[n - 1]), payload_max, &payload) < 0)
        return -EPROTO;
    *out = (struct request){.operation = bench_operation_find(words[0], strlen(words[0])),
                            .payload = (size_t)payload};
    if (!out->operation)
        return 0; /* an exception, not the end: the length is known */
    if (n - 2 > bench_operation_nparams(out->operation))
        return -EPROTO;
    for (; out->nargs < bench_operation_nparams(out->operation); out->nargs++) {
        const struct bench_value *standard = &out->operation->params[out->nargs].default_value;
        struct bench_value *arg = &out->args[out->nargs];

        *arg = *standard; /* what was not sent */
        if (out->nargs < n - 2 && parse_argument(words[out->nargs + 1], standard->kind, arg) < 0)
            return -EPROTO;
    }
    return 0;
}

/* Room grows with what has come: a length is only a claim. */
static int read_payload(struct bench_session *session, struct bench_buf *buf, size_t length)
{
    const size_t at_once = (size_t)1 << 20;

    bench_buf_clear(buf);
    while (bench_buf_length(buf) < length) {
        size_t left = length - bench_buf_length(buf), n = left < at_once ? left : at_once;
        int rc = bench_buf_reserve(buf, n);

        if (rc == 0)
            rc = bench_session_read(session, buf->data + buf->end, n);
        if (rc < 0)
            return rc;
        buf->end += n;
    }
    return 0;
}

static int reply(struct bench_session *session, char kind, const void *body, size_t length)
{
    char head[LINE_LENGTH_MAX];
    int n = snprintf(head, sizeof(head), "%c %zu\n", kind, length);
    union {
        const void *in;
        void *out;
    } data = {.in = body};
    const struct iovec pieces[] = {{head, (size_t)n}, {data.out, length}};

    return bench_session_write(session, pieces, length > 0 ? 2 : 1);
}

static int reply_exception(struct bench_session *session, const struct bench_exception *exception)
{
    char text[300];
    int n = snprintf(text, sizeof(text), "%s: %s", exception->type, exception->message);

    return reply(session, '!', text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

static int reply_value(struct bench_session *session, const struct bench_value *value)
{
    static const char unknown[] = "TypeError: no such kind on this wire";
    char number[32];

    switch (value->kind) {
    case BENCH_NONE:
        return reply(session, 'n', NULL, 0);
    case BENCH_INT:
        (void)snprintf(number, sizeof(number), "%lld", (long long)value->integer);
        return reply(session, 'i', number, strlen(number));
    case BENCH_BIGINT:
        return reply(session, 'i', value->text.data, value->text.length);
    case BENCH_STR:
        return reply(session, 's', value->text.data, value->text.length);
    case BENCH_BYTES:
        return reply(session, 'b', value->text.data, value->text.length);
    default:
        return reply(session, '!', unknown, sizeof(unknown) - 1);
    }
}

/* The work behind an operation is the service's, the same for every protocol. */
static int answer(struct bench_session *session, struct line_session *self, struct request *request)
{
    const struct bench_service *service = bench_session_service(session);
    struct bench_call call = {.arena = &self->arena, .session = session, .service = service};
    struct bench_value result;
    int rc;

    if (request->operation) {
        if (request->operation->tx)
            request->args[request->nargs++] =
                bench_bytes(bench_buf_head(&self->payload), request->payload);
        rc = service->call(service, &call, request->operation, request->args, request->nargs,
                           &result);
    } else {
        rc = bench_raise(&call, "AttributeError", "no such operation");
    }
    if (rc == -EREMOTEIO)
        return reply_exception(session, &call.exception);
    if (rc < 0)
        return rc;
    rc = reply_value(session, &result);
    bench_value_release(&result); /* this protocol has no references that could outlive the answer */
    return rc;
}

static int serve_one(struct bench_session *session, struct line_session *self)
{
    char line[LINE_LENGTH_MAX];
    struct request request;
    int rc = read_line(session, line);

    if (rc == 0)
        rc = parse_request(line, bench_session_limits(session)->message_bytes, &request);
    if (rc == 0)
        rc = read_payload(session, &self->payload, request.payload);
    if (rc == 0)
        rc = answer(session, self, &request);
    bench_arena_reset(&self->arena);
    return rc;
}

static int line_serve(struct bench_session *session, struct bench_error *err)
{
    struct line_session *self = bench_session_priv(session);
    int rc = 0;

    bench_arena_init(&self->arena, VALUE_LENGTH_MAX);
    bench_buf_init(&self->payload, (size_t)PAYLOAD_MAX);
    while (rc == 0 && !bench_session_stopping(session))
        rc = serve_one(session, self);
    bench_buf_fini(&self->payload);
    bench_arena_fini(&self->arena);
    if (rc == 0 || rc == -ENODATA) /* the peer closed between two requests: as it should */
        return 0;
    return bench_fail(err, rc, "line session: %s", bench_errno_text(rc));
}

static const struct bench_server_ops server_ops = {
    .session_size = sizeof(struct line_session),
    .serve = line_serve,
};

/* ==== the table, and the one symbol that is looked for ==== */

const struct bench_protocol line_protocol = {
    .abi = BENCH_ABI,
    .size = sizeof(struct bench_protocol),
    .name = "line",
    .summary = "an example: requests as lines of text",
    .caps = BENCH_CAP_PIPELINE,
    .role = BENCH_ROLE_NORMAL,
    .max_inflight = INFLIGHT_MAX,
    .max_payload = PAYLOAD_MAX,
    .schemes = (const struct bench_scheme[]){{"line", false, 0, NULL}, {NULL, false, 0, NULL}},
    .options = option_table,
    .options_size = sizeof(struct line_options),
    .compile = line_compile,
    .program_free = line_program_free,
    .conn_size = sizeof(struct line_conn),
    .conn_open = line_conn_open,
    .submit = line_submit,
    .cancel = line_cancel,
    .conn_close = line_conn_close,
    .conn_fini = line_conn_fini,
    .server = &server_ops,
};

const struct bench_protocol *bench_plugin_entry(void) { return &line_protocol; }
