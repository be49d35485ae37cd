/* SPDX-License-Identifier: MIT */
/*
 * A passive decoder: reads the two byte streams of somebody else's connection (from a relay, a
 * preloaded library or a capture) and tells what happened in words that do not depend on the
 * protocol. Optional member of the backend's table; used by `profile`.
 *
 * Of each message it emits exactly one event REQUEST, REPLY or ERROR, so that these count the
 * messages; a message that hands out or gives back objects is followed by events REFERENCE and
 * RELEASE. Who waits for whom, how long, and what it costs is the analyser's business.
 */
#ifndef BENCH_DECODER_H
#define BENCH_DECODER_H

#include "bench/names.h"
#include "bench/piece.h"

enum bench_event_kind {
    BENCH_EVENT_REQUEST,
    BENCH_EVENT_REPLY,
    BENCH_EVENT_ERROR,     /* the answer is an exception (the end of an iteration is a REPLY) */
    BENCH_EVENT_REFERENCE, /* an object was handed out that the receiver did not have; reference 0:
                              there are too many to follow it, its RELEASE will not be told */
    BENCH_EVENT_RELEASE,   /* the receiver gave an object back, wholly */
    BENCH_EVENT_LOST,      /* bytes are missing or make no sense; error tells */
    BENCH_EVENT_CLOSE,     /* the connection ended */
};

/* What a request wants. */
enum bench_verb {
    BENCH_VERB_OTHER,
    BENCH_VERB_CALL,    /* calls an object, or a method of it by name */
    BENCH_VERB_GET,     /* reads an attribute (what comes back tells whether it is a method) */
    BENCH_VERB_SET,     /* writes or deletes one */
    BENCH_VERB_ITEM,    /* reads, writes or looks for an item */
    BENCH_VERB_ITERATE, /* asks for an iterator */
    BENCH_VERB_NEXT,    /* its next element (or several) */
    BENCH_VERB_LENGTH,
    BENCH_VERB_TEXT,     /* str, repr, hash, a comparison, dir */
    BENCH_VERB_COPY,     /* a copy by value of the whole object */
    BENCH_VERB_DESCRIBE, /* what the object can do; sent by the library, not by the programmer */
    BENCH_VERB_ROOT,     /* the service's object, once for each connection */
    BENCH_VERB_PING,
    BENCH_VERB_RELEASE, /* sent by the library; nobody waits for its answer */
    BENCH_VERB_CLOSE,   /* likewise */
    BENCH_VERB_COUNT
};

enum bench_outcome {
    BENCH_OUTCOME_NONE,     /* no REPLY */
    BENCH_OUTCOME_VALUE,    /* it travelled by value */
    BENCH_OUTCOME_OBJECT,   /* one object by reference */
    BENCH_OUTCOME_CALLABLE, /* one that can be called: a method, a function, a class */
    BENCH_OUTCOME_OBJECTS,  /* values and objects in a tuple */
    BENCH_OUTCOME_END,      /* of an iteration */
};

struct bench_event {
    enum bench_event_kind kind;
    enum bench_verb verb; /* of the request; REPLY and ERROR repeat it */
    enum bench_outcome outcome;
    enum bench_direction direction; /* in which the message went; of a REFERENCE: the object's
                                       owner is on the sending side; RELEASE likewise the sender's
                                       peer owns it */
    bool unawaited;                 /* REQUEST: by its nature nobody waits for the answer */
    int64_t time_ns;                /* of its first byte */
    int64_t end_ns;                 /* of its last byte */
    int64_t pause_ns;               /* longest time between two pieces of it; 0 = came in one */
    uint64_t connection;
    uint64_t id;     /* of the request, from 1; unique per connection (both directions) */
    uint64_t parent; /* id of the request during which this one was made, where the protocol says
                        so (bound threads); 0 = it does not: the analyser follows who waits */
    uint64_t thread; /* REQUEST: of control that sent it, as the protocol says; else as the tap
                        says; 0 = neither does */
    uint32_t process, place; /* REQUEST: of the piece with its first byte */
    uint32_t name; /* of what is called, read, iterated ... (REQUEST; REPLY and ERROR repeat it);
                      REFERENCE, RELEASE: of the object */
    uint32_t class_name; /* of the object concerned, a TOP ("list", "User"); NONE if not known */
    uint32_t result;     /* REPLY with an object: the name that it got */
    uint64_t reference;  /* object concerned: of the request, of REFERENCE and RELEASE; unique per
                            connection, from 1; 0 = none */
    uint32_t items; /* elements of a tuple that came by value; elements that one NEXT brought */
    uint64_t plain_bytes, wire_bytes; /* of the message before compression, and as sent, with the
                                         frame around it */
    const char *error; /* ERROR: "ValueError"; LOST: why; else NULL; borrowed for the call */
};

typedef void (*bench_event_fn)(const struct bench_event *event, void *user);

/* What the analyser looks for, in the words of this protocol. The ids are trace/findings.def's. */
struct bench_finding_rule {
    const char *id;      /* "n-plus-one" */
    const char *summary; /* one line: what it is */
    const char *fix;     /* what to do, with an example of code */
};

enum bench_recognised {
    BENCH_RECOGNISED_NO,
    BENCH_RECOGNISED_YES,
    BENCH_RECOGNISED_MORE,      /* too few bytes to tell */
    BENCH_RECOGNISED_ENCRYPTED, /* TLS: nothing can be seen from here */
};

struct bench_decoder_setup {
    uint64_t connection;
    struct bench_names *names; /* shared by all connections of an analyser */
    bench_event_fn fn;
    void *user;
    bool joined;    /* begins in the middle: look for the first whole message */
    bool untracked; /* no REFERENCE and RELEASE, names by class only */
    size_t
        message_bytes_max;   /* a larger message is counted, not read (both as sent and inflated) */
    uint32_t references_max; /* objects followed at a time; those above go by their class */
    uint32_t pending_max;    /* unanswered requests that are remembered, per direction */
};

struct bench_decoder_ops {
    size_t size; /* private bytes per connection, zeroed */
    /* Whether a connection whose first bytes (in one direction) are these speaks the protocol. */
    enum bench_recognised (*recognise)(const void *data, size_t length);
    int (*init)(void *decoder, const struct bench_decoder_setup *setup);
    /* DATA of any length; never fails: bytes that make no sense give LOST, and it goes on where a
     * message can be made out again. */
    void (*feed)(void *decoder, const struct bench_piece *piece);
    void (*gap)(void *decoder, enum bench_direction direction, int64_t time_ns);
    /* Emits CLOSE, once. */
    void (*close)(void *decoder, int64_t time_ns);
    void (*fini)(void *decoder);
    const struct bench_finding_rule *rules; /* ended by id == NULL */
};

#endif
