/* SPDX-License-Identifier: MIT */
/* Scripts of whole frames, for peers that play a server (layout A, call=plain). */
#ifndef TEST_RPYC_CONVERSATION_H
#define TEST_RPYC_CONVERSATION_H

#include "tests/unit/rpyc_link.h"

/* A reference, as the brine of its triple: name and two small numbers. */
#define METHOD_REF "\x12\x08\x0e\x0f" "builtins.method\x52\x52"
#define GENERATOR_REF "\x12\x08\x0e\x12" "builtins.generator\x53\x53"

enum { ASK_MAX = 256, IDS_BYTES = 16 };

struct conversation {
    struct support_step steps[ASK_MAX];
    uint8_t bytes[ASK_MAX][160 + IDS_BYTES];
    size_t n;
    uint8_t thread;   /* of the server; 0 = there are no thread ids in front of messages */
    uint8_t receiver; /* of what is expected from the client */
};

static inline size_t ids_size(const struct conversation *t)
{
    return t->thread == 0 ? 0 : IDS_BYTES;
}

static inline void add(struct conversation *t, enum support_step_kind kind, const void *payload,
                       size_t n)
{
    const size_t ids = ids_size(t);
    const bool ours = kind == SUPPORT_SEND;
    uint8_t *frame = t->bytes[t->n];
    const uint8_t head[5] = {0, 0, 0, (uint8_t)(n + ids), 0};
    cr_assert(n < 150 && t->n < ASK_MAX);
    memcpy(frame, head, 5);
    memset(frame + 5, 0, ids);
    if (ids > 0) {
        frame[5 + 7] = ours ? t->thread : 1;
        frame[5 + 15] = ours ? 1 : t->receiver;
    }
    memcpy(frame + 5 + ids, payload, n);
    frame[5 + ids + n] = '\n';
    t->steps[t->n] = (struct support_step){kind, frame, ids + n + 6};
    t->n++;
}

#define ADD(t, kind, payload) add(t, kind, payload, sizeof(payload) - 1)

static inline void skip_frame(struct conversation *t, size_t payload)
{
    t->steps[t->n++] = (struct support_step){SUPPORT_READ, NULL, payload + ids_size(t) + 6};
}

static inline void opening(struct conversation *t)
{
    static const struct support_step steps[] = {OPENING};
    t->n = 0;
    if (ids_size(t) == 0) {
        memcpy(t->steps, steps, sizeof(steps));
        t->n = BENCH_COUNT_OF(steps);
        return;
    }
    add(t, SUPPORT_EXPECT, GETROOT + 5, sizeof(GETROOT) - 1 - 6);
    add(t, SUPPORT_SEND, ROOT + 5, sizeof(ROOT) - 1 - 6);
}

static inline void hold(struct conversation *t)
{
    t->steps[t->n++] = (struct support_step){.kind = SUPPORT_HOLD};
}

/* Bytes of the request GETATTR(root, name). */
static inline size_t getattr_size(const char *name)
{
    return sizeof("\x12\x51\x51\x11\x54\x11\x52\x11\x11\x53" METHOD_REF
                  "\x11\x51\x08\x0e?") -
           1 + strlen(name);
}

static inline void fetch_method(struct conversation *t, const char *name)
{
    skip_frame(t, getattr_size(name));
    ADD(t, SUPPORT_SEND, "\x12\x52\x51\x11\x54" METHOD_REF);
}

static inline void run_conversation(struct conversation *t, struct support_peer **peer,
                                    struct client *c)
{
    struct bench_error err;
    cr_assert_eq(support_peer_start(t->steps, t->n, peer, &err), 0, "%s", err.msg);
    client_new(c, support_peer_port(*peer), "version=5");
    cr_assert_eq(client_open(c), 0, "%s", c->err.msg);
}

/* CALLATTR(ref, name, (), ()) */
#define ASK(seq, ref, name)                                                                        \
    "\x12\x51" seq "\x11\x58\x11\x52\x13\x11\x53" ref "\x11\x51\x08" name "\x11\x51\x02\x11\x51\x02"

#endif
