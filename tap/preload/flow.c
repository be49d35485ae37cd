/* SPDX-License-Identifier: MIT */
/*
 * What goes through descriptors and TLS objects. Each has an entry of one word; one whose first
 * bytes may become what we look for has a flow besides. What is known not to be that costs one look
 * at its entry.
 */
#include "tap/preload/flow.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

enum {
    FDS_MAX = 1 << 16, /* descriptors above are not watched */
    TLS_MAX = 1 << 12, /* TLS objects at a time; a power of two */
    TLS_PROBES = 16,
    FLOWS_MAX = 1 << 13, /* connections at a time */
    LOCK_SPINS = 2000,
};

/* An entry: state, role, whether TLS runs above it, the flow's slot, and the slot's life. */
enum entry_state { ENTRY_UNKNOWN, ENTRY_IGNORED, ENTRY_FLOW };
#define ENTRY(state, role, slot, life)                                                             \
    ((uint64_t)(state) | (uint64_t)(role) << 2 | (uint64_t)(slot) << 8 | (uint64_t)(life) << 32)
#define ENTRY_STATE(entry) ((enum entry_state)((entry)&3))
#define ENTRY_ROLE(entry)  ((enum tap_role)((entry) >> 2 & 3))
#define ENTRY_BELOW_TLS    16u
#define ENTRY_SLOT(entry)  ((uint32_t)((entry) >> 8 & 0xffffff))
#define ENTRY_LIFE(entry)  ((uint32_t)((entry) >> 32))

static _Atomic uint64_t fds[FDS_MAX];
static _Atomic uint32_t fds_used; /* none above has an entry */
static _Atomic uintptr_t tls_keys[TLS_MAX];
static _Atomic uint64_t tls_entries[TLS_MAX];
static struct tap_flow flows[FLOWS_MAX];
static _Atomic uint32_t flow_hint;

/* ---- flows ---- */

static struct tap_flow *flow_new(uint32_t *slot, uint32_t *life)
{
    uint32_t first = atomic_load_explicit(&flow_hint, memory_order_relaxed);

    for (uint32_t i = 0; i < FLOWS_MAX; i++) {
        uint32_t at = (first + i) % FLOWS_MAX, none = 0;
        struct tap_flow *flow = &flows[at];

        if (atomic_load_explicit(&flow->refs, memory_order_relaxed) != 0 ||
            !atomic_compare_exchange_strong(&flow->refs, &none, 1))
            continue;
        atomic_store_explicit(&flow_hint, at + 1, memory_order_relaxed);
        *slot = at;
        *life = atomic_fetch_add(&flow->life, 1) + 1;
        tap_flow_reset(flow);
        return flow;
    }
    return NULL;
}

static void flow_release(struct tap_flow *flow)
{
    struct tap_flow *mate = flow->main;

    if (atomic_load(&flow->refs) == 1)
        tap_flow_ended(flow);
    if (atomic_fetch_sub(&flow->refs, 1) == 1 && mate && mate != flow)
        (void)atomic_fetch_sub(&mate->refs, 1);
}

static struct tap_flow *flow_of(uint64_t entry)
{
    struct tap_flow *flow = &flows[ENTRY_SLOT(entry) % FLOWS_MAX];

    return atomic_load_explicit(&flow->life, memory_order_relaxed) == ENTRY_LIFE(entry) ? flow
                                                                                        : NULL;
}

/* Gives up the flow of an entry; what stays is `left`. */
static void entry_replace(_Atomic uint64_t *entry, uint64_t left)
{
    uint64_t old = atomic_exchange(entry, left);

    if (ENTRY_STATE(old) == ENTRY_FLOW) {
        struct tap_flow *flow = flow_of(old);

        if (flow)
            flow_release(flow);
    }
}

static void entry_ignore(_Atomic uint64_t *entry)
{
    uint64_t old = atomic_load(entry);

    entry_replace(entry, ENTRY(ENTRY_IGNORED, ENTRY_ROLE(old), 0, 0) | (old & ENTRY_BELOW_TLS));
}

/* Only streams between programs: sockets and pipes. */
static bool is_stream(int fd, enum tap_flow_kind *kind, bool sends)
{
    struct stat st;
    int type = 0;
    socklen_t size = sizeof(type);

    if (fstat(fd, &st) != 0)
        return false;
    if (S_ISFIFO(st.st_mode)) {
        *kind = sends ? TAP_FLOW_PIPE_OUT : TAP_FLOW_PIPE_IN;
        return true;
    }
    *kind = TAP_FLOW_SOCKET;
    return S_ISSOCK(st.st_mode) && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
           type == SOCK_STREAM;
}

static void use_begins(struct tap_use *use, _Atomic uint64_t *entry, uint64_t word, bool sends)
{
    struct tap_flow *flow = &flows[ENTRY_SLOT(word) % FLOWS_MAX];

    use->entry = entry;
    use->slot = ENTRY_SLOT(word);
    use->life = ENTRY_LIFE(word);
    use->sends = sends;
    use->order = 0;
    use->begun_ns = 0;
    if (sends) {
        /* In this order: a time that is later than that of what was received without knowing it. */
        use->order = tap_flow_send_begins(flow);
        use->begun_ns = tap_now();
    }
}

/* Takes a flow for an entry that had none. */
static bool entry_begins(_Atomic uint64_t *entry, uint64_t *word, int fd, enum tap_flow_kind kind,
                         enum tap_role role)
{
    uint32_t slot, life;
    struct tap_flow *flow = flow_new(&slot, &life);
    uint64_t fresh;

    if (!flow) {
        tap_lost();
        entry_ignore(entry);
        return false;
    }
    flow->fd = fd;
    flow->kind = kind;
    flow->role = role;
    fresh = ENTRY(ENTRY_FLOW, role, slot, life) | (*word & ENTRY_BELOW_TLS);
    if (!atomic_compare_exchange_strong(entry, word, fresh)) {
        (void)atomic_fetch_sub(&flow->refs, 1); /* another thread was first */
        return ENTRY_STATE(*word) == ENTRY_FLOW;
    }
    *word = fresh;
    return true;
}

static void raise_to(_Atomic uint32_t *most, uint32_t value)
{
    uint32_t old = atomic_load_explicit(most, memory_order_relaxed);

    while (old < value && !atomic_compare_exchange_weak(most, &old, value))
        ;
}

static bool fd_begins(struct tap_use *use, _Atomic uint64_t *entry, uint64_t word, int fd,
                      bool sends)
{
    int saved = errno;
    enum tap_flow_kind kind;
    bool wanted = true;

    if (ENTRY_STATE(word) == ENTRY_UNKNOWN) {
        if (!tap_is_own_process())
            return false; /* what it is there says nothing about what it is here */
        raise_to(&fds_used, (uint32_t)fd + 1);
        if (is_stream(fd, &kind, sends)) {
            wanted = entry_begins(entry, &word, fd, kind, ENTRY_ROLE(word));
        } else {
            entry_ignore(entry);
            wanted = false;
        }
    }
    errno = saved;
    if (!wanted)
        return false;
    use_begins(use, entry, word, sends);
    if (flows[use->slot % FLOWS_MAX].fd != fd) /* a copy, and the other may be closed */
        flows[use->slot % FLOWS_MAX].fd = fd;
    return true;
}

bool tap_call_begins(struct tap_use *use, int fd, bool sends)
{
    uint64_t word;

    if (!tap_setup.active || (unsigned)fd >= FDS_MAX)
        return false;
    word = atomic_load_explicit(&fds[fd], memory_order_acquire);
    if (ENTRY_STATE(word) == ENTRY_IGNORED)
        return false;
    return fd_begins(use, &fds[fd], word, fd, sends);
}

/* Unless it was closed meanwhile by another thread. */
static bool is_still_there(const struct tap_use *use)
{
    uint64_t word = atomic_load_explicit(use->entry, memory_order_acquire);

    return ENTRY_STATE(word) == ENTRY_FLOW && ENTRY_SLOT(word) == use->slot &&
           ENTRY_LIFE(word) == use->life;
}

void tap_call_ended(const struct tap_use *use, const struct iovec *pieces, size_t n, ssize_t result)
{
    int saved = errno;
    struct tap_flow *flow = &flows[use->slot % FLOWS_MAX];

    if ((use->sends || result > 0) && is_still_there(use)) {
        size_t length = result > 0 ? (size_t)result : 0;
        int64_t time_ns = use->sends ? use->begun_ns : tap_now();

        if (!tap_flow_passed(flow, use->sends, use->order, time_ns, pieces, n, length))
            entry_ignore(use->entry);
    }
    errno = saved;
}

void tap_call_hidden(const struct tap_use *use, ssize_t result)
{
    int saved = errno;

    if ((use->sends || result > 0) && is_still_there(use))
        tap_flow_hidden(&flows[use->slot % FLOWS_MAX], use->sends, use->order,
                        use->sends ? use->begun_ns : tap_now(), result > 0);
    errno = saved;
}

/* ---- descriptors ---- */

void tap_fd_fresh(int fd, enum tap_role role)
{
    int saved = errno;
    enum entry_state state = ENTRY_UNKNOWN;

    if (!tap_setup.active || (unsigned)fd >= FDS_MAX || !tap_is_own_process()) {
        errno = saved;
        return;
    }
    if (role == TAP_ROLE_SERVER && !tap_setup.sees_server)
        state = ENTRY_IGNORED;
    if (atomic_load(&fds[fd]) != ENTRY(state, role, 0, 0)) {
        raise_to(&fds_used, (uint32_t)fd + 1);
        entry_replace(&fds[fd], ENTRY(state, role, 0, 0));
    }
    errno = saved;
}

/* What TLS above a descriptor carried ends with the descriptor: the object may live on for long. */
static void end_tls_above(int fd)
{
    for (uint32_t i = 0; i < TLS_MAX; i++) {
        uint64_t word = atomic_load_explicit(&tls_entries[i], memory_order_relaxed);
        struct tap_flow *flow = ENTRY_STATE(word) == ENTRY_FLOW ? flow_of(word) : NULL;

        if (flow && flow->fd == fd)
            entry_ignore(&tls_entries[i]);
    }
}

static void fd_closes(unsigned fd)
{
    uint64_t word = atomic_load(&fds[fd]);

    if ((word & ENTRY_BELOW_TLS) != 0)
        end_tls_above((int)fd);
    entry_replace(&fds[fd], ENTRY(ENTRY_UNKNOWN, TAP_ROLE_UNKNOWN, 0, 0));
}

void tap_fd_closing(int fd)
{
    int saved = errno;

    if (tap_setup.active && (unsigned)fd < FDS_MAX && atomic_load(&fds[fd]) != 0 &&
        tap_is_own_process())
        fd_closes((unsigned)fd);
    errno = saved;
}

void tap_fds_closing(unsigned first, unsigned last)
{
    int saved = errno;

    if (tap_setup.active && tap_is_own_process()) {
        uint32_t end = atomic_load(&fds_used);

        for (unsigned fd = first; fd < end && fd <= last; fd++) {
            if (atomic_load_explicit(&fds[fd], memory_order_relaxed) != 0)
                fd_closes(fd);
        }
    }
    errno = saved;
}

void tap_fd_copied(int from, int to)
{
    int saved = errno;

    if (tap_setup.active && (unsigned)to < FDS_MAX && from != to && tap_is_own_process()) {
        /* Of one that is not watched the copy begins anew. */
        uint64_t word = (unsigned)from < FDS_MAX ? atomic_load(&fds[from]) : 0;
        struct tap_flow *flow;
        enum tap_flow_kind kind;

        /* What they have in common begins here, not with the first bytes of either. */
        if ((unsigned)from < FDS_MAX && ENTRY_STATE(word) == ENTRY_UNKNOWN &&
            is_stream(from, &kind, false) && kind == TAP_FLOW_SOCKET) {
            raise_to(&fds_used, (uint32_t)from + 1);
            if (!entry_begins(&fds[from], &word, from, kind, ENTRY_ROLE(word)))
                word = ENTRY(ENTRY_IGNORED, ENTRY_ROLE(word), 0, 0);
        }
        word &= ~(uint64_t)ENTRY_BELOW_TLS;
        flow = ENTRY_STATE(word) == ENTRY_FLOW ? flow_of(word) : NULL;
        if (flow)
            (void)atomic_fetch_add(&flow->refs, 1);
        raise_to(&fds_used, (uint32_t)to + 1);
        entry_replace(&fds[to], word);
    }
    errno = saved;
}

/* ---- TLS objects ---- */

/* Where the object's entry is, or could be (fresh); -1 = there is no room. */
static int tls_find(uintptr_t key, bool make)
{
    uint32_t first = (uint32_t)((uint64_t)key * 0x9e3779b97f4a7c15u >> 52);

    for (uint32_t i = 0; i < TLS_PROBES; i++) {
        if (atomic_load_explicit(&tls_keys[(first + i) % TLS_MAX], memory_order_acquire) == key)
            return (int)((first + i) % TLS_MAX);
    }
    for (uint32_t i = 0; make && i < TLS_PROBES; i++) {
        uint32_t at = (first + i) % TLS_MAX;
        uintptr_t none = 0;

        if (atomic_compare_exchange_strong(&tls_keys[at], &none, key)) {
            atomic_store(&tls_entries[at], 0);
            return (int)at;
        }
    }
    return -1;
}

bool tap_tls_begins(struct tap_use *use, void *ssl, int (*get_fd)(const void *ssl), bool sends)
{
    int at, fd = -1, saved = errno;
    uint64_t word, below = 0;

    if (!tap_setup.active)
        return false;
    at = tls_find((uintptr_t)ssl, true);
    if (at < 0)
        return false;
    word = atomic_load_explicit(&tls_entries[at], memory_order_acquire);
    if (ENTRY_STATE(word) == ENTRY_IGNORED)
        return false;
    if (ENTRY_STATE(word) == ENTRY_UNKNOWN) {
        fd = get_fd ? get_fd(ssl) : -1;
        if ((unsigned)fd < FDS_MAX)
            below = atomic_fetch_or(&fds[fd], ENTRY_BELOW_TLS);
        else
            fd = -1;
        errno = saved;
        if (ENTRY_ROLE(below) == TAP_ROLE_SERVER && !tap_setup.sees_server) {
            entry_ignore(&tls_entries[at]);
            return false;
        }
        if (!entry_begins(&tls_entries[at], &word, fd, TAP_FLOW_TLS, ENTRY_ROLE(below)))
            return false;
    }
    use_begins(use, &tls_entries[at], word, sends);
    return true;
}

void tap_tls_gone(void *ssl)
{
    int saved = errno, at = tap_setup.active ? tls_find((uintptr_t)ssl, false) : -1;

    if (at >= 0 && tap_is_own_process()) {
        entry_replace(&tls_entries[at], 0);
        atomic_store_explicit(&tls_keys[at], 0, memory_order_release);
    }
    errno = saved;
}
