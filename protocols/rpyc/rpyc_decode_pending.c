/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "protocols/rpyc/rpyc_decode_internal.h"

enum {
    ROOM_FIRST = 16,
    DOUBT = 1000, /* requests after which one whose answer may be lost is given up */
    BACK = 1024,  /* how far back a waiting thread is looked for */
};

void rpyc_pendings_init(struct rpyc_pendings *pendings, uint32_t limit)
{
    *pendings = (struct rpyc_pendings){.limit = limit < 1 ? 1 : limit,
                                       .oldest = RPYC_NO_SLOT,
                                       .newest = RPYC_NO_SLOT,
                                       .unused = RPYC_NO_SLOT,
                                       .salt = rpyc_salt(pendings)};
}

void rpyc_pendings_fini(struct rpyc_pendings *pendings)
{
    free(pendings->all);
    free(pendings->slots);
    *pendings = (struct rpyc_pendings){0};
}

static uint32_t home(const struct rpyc_pendings *pendings, uint64_t seq)
{
    return (uint32_t)(seq * pendings->salt >> 32) & pendings->mask;
}

static void enter(struct rpyc_pendings *pendings, uint32_t index)
{
    uint32_t at = home(pendings, pendings->all[index].seq);
    while (pendings->slots[at] != RPYC_NO_SLOT)
        at = (at + 1) & pendings->mask;
    pendings->slots[at] = index;
}

/* Where seq is, or RPYC_NO_SLOT. */
static uint32_t find(const struct rpyc_pendings *pendings, uint64_t seq)
{
    if (pendings->count == 0)
        return RPYC_NO_SLOT;
    uint32_t at = home(pendings, seq);
    while (pendings->slots[at] != RPYC_NO_SLOT && pendings->all[pendings->slots[at]].seq != seq)
        at = (at + 1) & pendings->mask;
    return pendings->slots[at] == RPYC_NO_SLOT ? RPYC_NO_SLOT : at;
}

/* Frees a slot, and moves up those behind it that it was in the way of. */
static void leave(struct rpyc_pendings *pendings, uint32_t hole)
{
    uint32_t at = hole;
    for (;;) {
        at = (at + 1) & pendings->mask;
        if (pendings->slots[at] == RPYC_NO_SLOT)
            break;
        const uint32_t from = home(pendings, pendings->all[pendings->slots[at]].seq);
        if (((at - from) & pendings->mask) >= ((at - hole) & pendings->mask)) {
            pendings->slots[hole] = pendings->slots[at];
            hole = at;
        }
    }
    pendings->slots[hole] = RPYC_NO_SLOT;
}

static void forget(struct rpyc_pendings *pendings, uint32_t slot)
{
    const uint32_t index = pendings->slots[slot];
    struct rpyc_pending *gone = &pendings->all[index];
    leave(pendings, slot);
    if (gone->older != RPYC_NO_SLOT)
        pendings->all[gone->older].newer = gone->newer;
    else
        pendings->oldest = gone->newer;
    if (gone->newer != RPYC_NO_SLOT)
        pendings->all[gone->newer].older = gone->older;
    else
        pendings->newest = gone->older;
    gone->newer = pendings->unused;
    pendings->unused = index;
    pendings->count--;
}

static bool grow(struct rpyc_pendings *pendings)
{
    const uint32_t room = pendings->room == 0 ? ROOM_FIRST : pendings->room * 2;
    if (pendings->room >= pendings->limit || pendings->room > UINT32_MAX / 8)
        return false;
    struct rpyc_pending *all = realloc(pendings->all, room * sizeof(*all));
    if (all == NULL)
        return false;
    pendings->all = all;
    uint32_t *slots = malloc((size_t)room * 2 * sizeof(*slots));
    if (slots == NULL)
        return false;
    free(pendings->slots);
    pendings->slots = slots;
    pendings->mask = room * 2 - 1;
    memset(slots, 0xff, (size_t)room * 2 * sizeof(*slots));
    for (uint32_t i = pendings->oldest; i != RPYC_NO_SLOT; i = all[i].newer)
        enter(pendings, i);
    for (uint32_t i = pendings->room; i < room; i++) {
        all[i].newer = pendings->unused;
        pendings->unused = i;
    }
    pendings->room = room;
    return true;
}

static void forget_oldest(struct rpyc_pendings *pendings)
{
    const uint32_t slot = find(pendings, pendings->all[pendings->oldest].seq);
    forget(pendings, slot);
}

void rpyc_pendings_add(struct rpyc_pendings *pendings, const struct rpyc_pending *request)
{
    const uint32_t same = find(pendings, request->seq);
    if (same != RPYC_NO_SLOT)
        forget(pendings, same);
    if (pendings->oldest != RPYC_NO_SLOT) {
        const uint64_t oldest = pendings->all[pendings->oldest].id;
        if (oldest <= pendings->doubtful && request->id - oldest > DOUBT)
            forget_oldest(pendings);
    }
    if (pendings->count >= pendings->limit ||
        (pendings->unused == RPYC_NO_SLOT && !grow(pendings))) {
        if (pendings->count == 0)
            return; /* no memory for any */
        forget_oldest(pendings);
    }
    const uint32_t index = pendings->unused;
    struct rpyc_pending *kept = &pendings->all[index];
    pendings->unused = kept->newer;
    *kept = *request;
    kept->older = pendings->newest;
    kept->newer = RPYC_NO_SLOT;
    if (pendings->newest != RPYC_NO_SLOT)
        pendings->all[pendings->newest].newer = index;
    else
        pendings->oldest = index;
    pendings->newest = index;
    pendings->count++;
    enter(pendings, index);
}

bool rpyc_pendings_take(struct rpyc_pendings *pendings, uint64_t seq, struct rpyc_pending *out)
{
    const uint32_t slot = find(pendings, seq);
    if (slot == RPYC_NO_SLOT)
        return false;
    *out = pendings->all[pendings->slots[slot]];
    forget(pendings, slot);
    return true;
}

uint64_t rpyc_pendings_of_thread(const struct rpyc_pendings *pendings, uint64_t thread)
{
    uint32_t at = pendings->newest;
    for (unsigned i = 0; i < BACK && at != RPYC_NO_SLOT; i++, at = pendings->all[at].older)
        if (pendings->all[at].sender == thread)
            return pendings->all[at].id;
    return 0;
}

void rpyc_pendings_doubt(struct rpyc_pendings *pendings, uint64_t id) { pendings->doubtful = id; }
