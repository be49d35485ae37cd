/* SPDX-License-Identifier: MIT */
/*
 * The parts of the decoder: frames out of pieces (rpyc_decode_stream.c), messages into events
 * (rpyc_decode_message.c, rpyc_decode_request.c), requests that wait (rpyc_decode_pending.c),
 * objects that are handed out and given back (rpyc_decode_hand.c, rpyc_decode_objects.c), names
 * (rpyc_decode_names.c).
 *
 * Objects belong to a side. It is called by the direction in which they are handed out.
 */
#ifndef RPYC_DECODE_INTERNAL_H
#define RPYC_DECODE_INTERNAL_H

#define ZLIB_CONST
#include <zlib.h>

#include "protocols/rpyc/rpyc_decode.h"
#include "protocols/rpyc/rpyc_decode_skim.h"
#include "protocols/rpyc/rpyc_msg.h"

enum { RPYC_NO_SLOT = UINT32_MAX };

/* An odd number that a peer does not know. */
static inline uint64_t rpyc_salt(const void *where)
{
    return ((uint64_t)(uintptr_t)where * UINT64_C(0x9e3779b97f4a7c15) ^
            UINT64_C(0xbf58476d1ce4e5b9)) |
           1;
}

/* ---- requests that wait for an answer, of one direction ---- */

struct rpyc_pending {
    uint64_t seq, id, sender; /* sender: thread, 0 = not bound */
    uint64_t reference;
    uint32_t name, class_name;
    uint32_t result;       /* name of what comes back */
    uint32_t older, newer; /* by age; `newer` also links the free ones */
    enum bench_verb verb;
    bool several; /* the answer is a tuple of elements (BUFFITER) */
};

struct rpyc_pendings {
    struct rpyc_pending *all;
    uint32_t *slots; /* of `all`, by seq; RPYC_NO_SLOT = free */
    uint32_t mask, room, limit, count;
    uint32_t oldest, newest, unused;
    uint64_t doubtful; /* answers up to this id may have been among bytes that were lost */
    uint64_t salt;     /* so that nobody can choose numbers that fall together */
};

void rpyc_pendings_init(struct rpyc_pendings *pendings, uint32_t limit);
void rpyc_pendings_fini(struct rpyc_pendings *pendings);
/* A copy is kept; the oldest one is forgotten if there are too many. */
void rpyc_pendings_add(struct rpyc_pendings *pendings, const struct rpyc_pending *request);
/* False if nobody waits with that number. */
bool rpyc_pendings_take(struct rpyc_pendings *pendings, uint64_t seq, struct rpyc_pending *out);
/* The id of the newest one of that thread; 0 = none (or too far back). */
uint64_t rpyc_pendings_of_thread(const struct rpyc_pendings *pendings, uint64_t thread);
/* Answers were lost: who is not answered for long, of ids up to this one, will not be. */
void rpyc_pendings_doubt(struct rpyc_pendings *pendings, uint64_t id);

/* ---- objects that were handed out ---- */

enum rpyc_special {
    RPYC_ORDINARY,
    RPYC_CLASSIC_ROOT, /* a SlaveService: getmodule, eval, execute, namespace */
    RPYC_GETMODULE,    /* of it */
};

struct rpyc_object {
    uint64_t class_id, instance_id;
    uint64_t reference; /* from 1; 0 = not followed */
    uint64_t count;     /* sendings that were not given back */
    uint32_t name, class_name;
    uint32_t unused; /* links the free ones */
    uint8_t owner;   /* direction in which it is handed out */
    bool callable;
    bool early; /* handed out before we came: count is not known */
    enum rpyc_special special;
};

struct rpyc_objects {
    struct rpyc_object *all;
    uint32_t *slots;
    uint32_t mask, room, limit, count, made, unused;
    uint64_t references; /* that were given so far */
    uint64_t salt;
};

void rpyc_objects_init(struct rpyc_objects *objects, uint32_t limit);
void rpyc_objects_fini(struct rpyc_objects *objects);
/* NULL if it is not there. Valid until the next add. */
struct rpyc_object *rpyc_objects_find(struct rpyc_objects *objects, enum bench_direction owner,
                                      const struct rpyc_skim_ref *ref);
/* One that is not there yet, with a reference of its own. NULL if there are too many. */
struct rpyc_object *rpyc_objects_add(struct rpyc_objects *objects, enum bench_direction owner,
                                     const struct rpyc_skim_ref *ref);
void rpyc_objects_remove(struct rpyc_objects *objects, struct rpyc_object *object);

/* ---- frames ---- */

struct rpyc_stream {
    uint8_t *held; /* of the present frame; or, while searching, what could not be judged yet */
    size_t have, room;
    uint64_t total, seen; /* bytes of the present frame; of it, so far */
    bool judged, packed;  /* it begins as a message does; it is compressed */
    bool searching;       /* for the beginning of a frame */
    bool bad;             /* it cannot be inflated */
    int64_t begin_ns, last_ns, pause_ns;
    uint32_t process, thread, place; /* of the piece with its first byte */
    z_stream z;
    bool made, ended; /* z; its stream is at the end */
    uint8_t *plain;   /* what was inflated */
    size_t plain_have, plain_room;
    uint64_t plain_bytes;
};

struct rpyc_decoder {
    struct bench_decoder_setup setup;
    struct rpyc_stream streams[2];
    struct rpyc_pendings pendings[2];
    struct rpyc_objects objects;
    uint64_t ids; /* of requests, so far */
    uint32_t root, modules, connection, value;
    bool closed;
    char error[96];
};

/* A frame that is whole, or of which only the beginning is known. */
struct rpyc_decode_frame {
    const uint8_t *payload; /* plain */
    size_t length;
    bool cut; /* there was more */
    uint64_t plain_bytes, wire_bytes;
    int64_t begin_ns, end_ns, pause_ns;
    uint32_t process, thread, place;
};

void rpyc_stream_init(struct rpyc_stream *stream, bool joined);
void rpyc_stream_fini(struct rpyc_stream *stream);
void rpyc_stream_feed(struct rpyc_decoder *d, const struct bench_piece *piece);
/* What was begun is gone; looks for the next frame. */
void rpyc_stream_gap(struct rpyc_stream *stream);
void rpyc_decode_lost(struct rpyc_decoder *d, enum bench_direction direction, int64_t time_ns,
                      const char *why);

/* ---- messages ---- */

/* One message, while it is looked at. */
struct rpyc_reading {
    struct rpyc_decoder *d;
    const struct rpyc_decode_frame *frame;
    enum bench_direction direction;
    struct rpyc_skim skim;
    enum rpyc_type type;
    uint64_t seq, sender, receiver;
    struct bench_event event;
};

static inline enum bench_direction rpyc_other(enum bench_direction direction)
{
    return direction == BENCH_TO_SERVER ? BENCH_TO_CLIENT : BENCH_TO_SERVER;
}

/* How objects of a box are named that have no name yet: as what an answer gave, or as arguments. */
struct rpyc_naming {
    uint32_t name; /* of the result, or of what is called */
    bool argument;
};

void rpyc_decode_request(struct rpyc_reading *r);
/* The name that an object of the sender gets, or has. */
uint32_t rpyc_decode_new_name(struct rpyc_reading *r, const struct rpyc_skim_ref *ref,
                              uint32_t name);
/* An object of the sender went out, once more or for the first time. */
void rpyc_decode_hand_out(struct rpyc_reading *r, const struct rpyc_skim_ref *ref, uint32_t name);
/* The same for all objects of a box, whose head was not read. False: it is cut, or none. */
bool rpyc_decode_hand_out_box(struct rpyc_reading *r, const struct rpyc_naming *naming);
/* The sender no longer holds an object, so many times. */
void rpyc_decode_give_back(struct rpyc_reading *r, const struct rpyc_skim_ref *ref, int64_t count);

/* Emits the events of one message. False: it is none. */
bool rpyc_decode_message(struct rpyc_decoder *d, enum bench_direction direction,
                         const struct rpyc_decode_frame *frame);
/* True if exactly one message is there and all of it can be read. */
bool rpyc_decode_is_message(const uint8_t *payload, size_t length);

/* ---- names ---- */

/* What a class is called, without the modules that everybody knows. */
uint32_t rpyc_decode_class_name(struct rpyc_decoder *d, const struct rpyc_skim_ref *ref);
bool rpyc_decode_is_callable(const struct rpyc_skim_ref *ref);
bool rpyc_decode_is_slave(const struct rpyc_skim_ref *ref);
/* A step from a name, or from class_name if the way has become too long. */
uint32_t rpyc_decode_step(struct rpyc_decoder *d, uint32_t name, uint32_t class_name,
                          enum bench_name_step step, const char *text, size_t length);
/* What calling the method `text` of an object by name stands for. */
enum bench_verb rpyc_decode_method_verb(const char *text, size_t length);
/* What a function that is passed is called, or another object that has no name yet. */
const char *rpyc_decode_argument_name(const struct rpyc_skim_ref *ref, size_t *length);
/* Cut and cleaned to `size`, ended by NUL. */
void rpyc_decode_clean(char *out, size_t size, const char *text, size_t length);

#endif
