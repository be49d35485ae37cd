/* SPDX-License-Identifier: MIT */
/* One client's socket: frames in, answers out. Blocking; the session's thread or process. */
#include <errno.h>

#include "protocols/rpyc/rpyc.h"
#include "protocols/rpyc/rpyc_handlers.h"

#define WHOLE_FRAME ((size_t)16 << 10) /* what bench_session_peek can give in one piece */
#define FIRST_ROOM  ((size_t)1 << 20)  /* a length that the peer only claims reserves no more */
#define MIN_MESSAGE ((uint64_t)1 << 10)
#define PEER_MEMORY ((size_t)256 << 20) /* for reading one request and for its results */

/* What all sessions share. */
struct rpyc_server {
    struct rpyc_rules rules;
};

struct rpyc_session {
    struct bench_session *session;
    struct rpyc_peer peer;
    struct rpyc_inflater inflater;
    struct bench_buf message; /* of a frame that does not fit the session's receive buffer */
    enum rpyc_layout layout;
    bool bound; /* messages have thread ids in front */
    bool layout_known;
    size_t held; /* bytes to consume when the latest frame is no longer needed */
    bool silent; /* nothing was sent since the latest message, an answer, came */
};

/* The rest of a large frame. Room grows with what has really arrived. */
static int read_long(struct rpyc_session *self, size_t length, struct bench_error *err)
{
    size_t done = 0;
    bench_buf_clear(&self->message);
    while (done < length) {
        size_t piece = done < FIRST_ROOM ? FIRST_ROOM : done;
        if (piece > length - done)
            piece = length - done;
        int rc = bench_buf_reserve(&self->message, piece);
        if (rc == 0)
            rc = bench_session_read(self->session, self->message.data + self->message.end, piece);
        if (rc < 0)
            return bench_fail(err, rc, "frame broke off within %zu bytes: %s", length,
                              bench_errno_text(rc));
        self->message.end += piece;
        done += piece;
    }
    return 0;
}

/* *held: bytes of the frame in the session's receive buffer. -ENODATA at an orderly end. */
static int read_frame(struct rpyc_session *self, struct rpyc_frame *frame, size_t *held,
                      struct bench_error *err)
{
    const uint64_t limit = bench_session_limits(self->session)->message_bytes;
    const uint8_t *data;
    size_t have;
    int rc = bench_session_peek(self->session, RPYC_FRAME_HEADER, false, &data, &have);
    if (rc == -ENODATA || rc == -ECANCELED)
        return rc;
    if (rc < 0)
        return bench_fail(err, rc, "no request: %s", bench_errno_text(rc));
    rc = rpyc_frame_parse(data, have, limit < MIN_MESSAGE ? MIN_MESSAGE : limit, frame, err);
    *held = frame->total;
    if (rc != -EAGAIN)
        return rc;
    if (frame->total <= WHOLE_FRAME) {
        rc = bench_session_peek(self->session, frame->total, true, &data, &have);
        if (rc < 0)
            return bench_fail(err, rc, "frame broke off within %zu bytes: %s", frame->total,
                              bench_errno_text(rc));
        frame->payload = data + RPYC_FRAME_HEADER;
        return 0;
    }
    bench_session_consume(self->session, RPYC_FRAME_HEADER);
    *held = 0;
    rc = read_long(self, frame->length + 1, err); /* with the newline */
    frame->payload = bench_buf_head(&self->message);
    return rc;
}

static int send_out(void *user, struct bench_error *err)
{
    struct rpyc_session *self = user;
    const struct rpyc_outgoing *out = &self->peer.out;
    int rc = bench_session_write(self->session, out->pieces, out->count);
    self->silent = false;
    if (rc < 0)
        return bench_fail(err, rc, "cannot send %llu bytes: %s",
                          (unsigned long long)out->wire_bytes, bench_errno_text(rc));
    return 0;
}

static int open_message(struct rpyc_session *self, const uint8_t *payload, size_t n,
                        struct bench_arena *arena, struct rpyc_message *out,
                        struct bench_error *err)
{
    if (!self->layout_known) {
        int rc = rpyc_layout_detect(payload, n, &self->layout, err);
        if (rc < 0)
            return rc;
        self->layout_known = true;
        self->bound = self->peer.bound = rpyc_is_bound(payload, n);
    }
    if (rpyc_is_bound(payload, n) != self->bound)
        return bench_fail(err, -EPROTO, "a message %s thread ids, which those before it %s",
                          self->bound ? "without" : "with", self->bound ? "had" : "had not");
    int rc = rpyc_message_open(out, self->layout, payload, n, arena, false, err);
    if (rc < 0)
        return rc;
    const struct rpyc_rules *rules = &self->peer.rules;
    return rpyc_message_limit(out, rules->items, rules->nesting, err);
}

/* The next message; what the one before it held is gone then. */
static int receive(void *user, struct bench_arena *arena, struct rpyc_message *out,
                   struct bench_error *err)
{
    struct rpyc_session *self = user;
    for (;;) {
        struct rpyc_frame frame;
        const uint8_t *payload;
        size_t n;
        bench_session_consume(self->session, self->held);
        self->held = 0;
        if (self->silent)
            bench_session_acknowledge(self->session);
        self->silent = false;
        int rc = read_frame(self, &frame, &self->held, err);
        if (rc == 0)
            rc = rpyc_frame_plain(&self->inflater, &frame, &payload, &n, err);
        if (rc < 0)
            return rc;
        if (n == 0) /* means nothing */
            continue;
        rc = open_message(self, payload, n, arena, out, err);
        self->silent = rc == 0 && out->type != RPYC_REQUEST;
        return rc;
    }
}

/* 0; -ESHUTDOWN after CLOSE; negative = the conversation cannot go on. */
static int on_message(struct rpyc_session *self, struct rpyc_message *message,
                      struct bench_error *err)
{
    if (message->type != RPYC_REQUEST) { /* an answer to one of our DELs */
        bench_arena_reset(&self->peer.arena);
        return 0;
    }
    int rc = rpyc_peer_handle(&self->peer, message, err);
    if (rc < 0)
        return rc;
    do {
        rc = send_out(self, err);
        if (rc == 0)
            rc = rpyc_peer_next_del(&self->peer, err);
    } while (rc > 0);
    return rc;
}

static int serve_frames(struct rpyc_session *self, struct bench_error *err)
{
    int rc = 0;
    while (rc == 0 && !bench_session_stopping(self->session)) {
        struct rpyc_message message;
        rc = receive(self, &self->peer.arena, &message, err);
        if (rc == 0)
            rc = on_message(self, &message, err);
    }
    return rc;
}

/* Tells a client that talks nonsense why its connection ends, as Python's server does. */
static void say_close(struct rpyc_session *self)
{
    struct bench_error ignored;
    if (self->layout_known && rpyc_peer_close(&self->peer, self->layout, &ignored) == 0)
        (void)send_out(self, &ignored);
}

static int rpyc_server_init(void *user, const void *options, struct bench_error *err)
{
    struct rpyc_server *server = user;
    const struct rpyc_options *o = options;
    (void)err;
    server->rules = (struct rpyc_rules){
        .policy = (enum rpyc_policy)o->policy,
        .references = (uint32_t)o->max_references,
        .depth = (unsigned)o->max_depth,
        .stored = (uint64_t)o->max_stored,
        .items = o->max_items,
        .nesting = o->max_nesting,
    };
    return 0;
}

static int rpyc_serve(struct bench_session *session, struct bench_error *err)
{
    struct rpyc_session *self = bench_session_priv(session);
    const uint64_t limit = bench_session_limits(session)->message_bytes;
    size_t room = (size_t)(limit < MIN_MESSAGE ? MIN_MESSAGE : limit);
    self->session = session;
    const struct rpyc_link link = {send_out, receive, self};
    const struct rpyc_server *server = bench_session_server(session);
    rpyc_peer_init(&self->peer, &link, server ? &server->rules : &rpyc_default_rules,
                   bench_session_service(session), session, PEER_MEMORY);
    rpyc_inflater_init(&self->inflater, room);
    self->inflater.session = session;
    bench_buf_init(&self->message, room + 1);
    int rc = serve_frames(self, err);
    if (rc == -EBADMSG || rc == -EMSGSIZE || rc == -EPROTO || rc == -EINVAL || rc == -E2BIG ||
        rc == -EILSEQ)
        say_close(self);
    rpyc_peer_fini(&self->peer);
    rpyc_inflater_fini(&self->inflater);
    bench_buf_fini(&self->message);
    /* Ends that are nobody's fault: CLOSE, end of file, stop. */
    return rc == -ESHUTDOWN || rc == -ENODATA || rc == -ECANCELED ? 0 : rc;
}

const struct bench_server_ops rpyc_server_ops = {
    .server_size = sizeof(struct rpyc_server),
    .init = rpyc_server_init,
    .session_size = sizeof(struct rpyc_session),
    .serve = rpyc_serve,
};
