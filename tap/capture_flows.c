/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "core/random.h"
#include "tap/capture_internal.h"

enum {
    KEPT_DIRECTIONS = 32,  /* so many may keep as much as one may */
    SETTLE_PACKETS = 1024, /* of the whole capture */
    TEXT_ENDPOINT = INET6_ADDRSTRLEN + 10,
};

int tap_capture_init(struct tap_capture *c, const struct tap_capture_options *options,
                     bench_piece_fn fn, void *user)
{
    const size_t most = (size_t)1 << 24;
    size_t size = 16;
    *c = (struct tap_capture){.options = *options, .fn = fn, .user = user};
    if (c->options.connections_max < 1)
        c->options.connections_max = 1;
    while (size < c->options.connections_max && size < most)
        size *= 2;
    c->kept_max = options->ahead_bytes_max > SIZE_MAX / KEPT_DIRECTIONS
                      ? SIZE_MAX
                      : options->ahead_bytes_max * KEPT_DIRECTIONS;
    c->mask = size - 1;
    c->seed = (uint64_t)bench_now_ns(); /* so that nobody can choose what collides */
    c->table = calloc(size, sizeof(*c->table));
    return c->table == NULL ? -ENOMEM : 0;
}

/* ---- the lists ---- */

static void list_add(struct tap_capture *c, struct tap_flow *flow)
{
    struct tap_flow_list *list = &c->lists[flow->state];
    flow->newer = NULL;
    flow->older = list->newest;
    if (flow->older != NULL)
        flow->older->newer = flow;
    else
        list->oldest = flow;
    list->newest = flow;
}

static void list_remove(struct tap_capture *c, struct tap_flow *flow)
{
    struct tap_flow_list *list = &c->lists[flow->state];
    if (flow->older != NULL)
        flow->older->newer = flow->newer;
    else
        list->oldest = flow->newer;
    if (flow->newer != NULL)
        flow->newer->older = flow->older;
    else
        list->newest = flow->older;
}

static void change_state(struct tap_capture *c, struct tap_flow *flow, enum tap_flow_state state)
{
    list_remove(c, flow);
    flow->state = state;
    list_add(c, flow);
}

void tap_flow_touch(struct tap_capture *c, struct tap_flow *flow)
{
    if (flow->state == TAP_FLOW_OPEN && flow->newer != NULL)
        change_state(c, flow, TAP_FLOW_OPEN);
}

/* ---- the table ---- */

static uint64_t hash_endpoint(const struct tap_capture *c, const struct tap_endpoint *e)
{
    uint64_t words[(sizeof(*e) + 7) / 8] = {0}, state = c->seed;
    memcpy(words, e, sizeof(*e));
    for (size_t i = 0; i < BENCH_COUNT_OF(words); i++) {
        state ^= words[i];
        state = bench_random_next(&state);
    }
    return state;
}

/* The same in both directions. */
static uint64_t hash_of(const struct tap_capture *c, const struct tap_packet *p)
{
    return hash_endpoint(c, &p->from) + hash_endpoint(c, &p->to);
}

static bool same(const struct tap_endpoint *a, const struct tap_endpoint *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

struct tap_flow *tap_flow_find(struct tap_capture *c, const struct tap_packet *p,
                               enum bench_direction *direction)
{
    const uint64_t hash = hash_of(c, p);
    for (struct tap_flow *f = c->table[hash & c->mask]; f != NULL; f = f->chain) {
        if (f->hash != hash)
            continue;
        bool up = same(&f->client, &p->from) && same(&f->server, &p->to);
        if (!up && !(same(&f->server, &p->from) && same(&f->client, &p->to)))
            continue;
        *direction = up ? BENCH_TO_SERVER : BENCH_TO_CLIENT;
        return f;
    }
    return NULL;
}

static void table_remove(struct tap_capture *c, const struct tap_flow *flow)
{
    struct tap_flow **at = &c->table[flow->hash & c->mask];
    while (*at != flow)
        at = &(*at)->chain;
    *at = flow->chain;
}

/* ---- pieces ---- */

void tap_flow_emit(struct tap_capture *c, struct tap_flow *flow, enum bench_piece_kind kind,
                   enum bench_direction direction, int64_t time_ns, const void *data, size_t length)
{
    if (time_ns > flow->last_ns)
        flow->last_ns = time_ns;
    const struct bench_piece piece = {.kind = kind,
                                      .direction = direction,
                                      .connection = flow->connection,
                                      .time_ns = flow->last_ns,
                                      .data = data,
                                      .length = length};
    c->fn(&piece, c->user);
}

static void format_endpoint(const struct tap_endpoint *e, char *out, size_t size)
{
    char address[INET6_ADDRSTRLEN] = "?";
    (void)inet_ntop(e->v6 ? AF_INET6 : AF_INET, e->address, address, sizeof(address));
    (void)snprintf(out, size, e->v6 ? "[%s]:%u" : "%s:%u", address, e->port);
}

static void emit_open(struct tap_capture *c, struct tap_flow *flow, int64_t time_ns)
{
    char client[TEXT_ENDPOINT], server[TEXT_ENDPOINT], text[2 * TEXT_ENDPOINT + 4];
    format_endpoint(&flow->client, client, sizeof(client));
    format_endpoint(&flow->server, server, sizeof(server));
    int n = snprintf(text, sizeof(text), "%s > %s", client, server);
    flow->last_ns = time_ns;
    const struct bench_piece piece = {.kind = BENCH_PIECE_OPEN,
                                      .connection = flow->connection,
                                      .time_ns = time_ns,
                                      .joined = flow->joined,
                                      .data = text,
                                      .length = (size_t)n};
    c->fn(&piece, c->user);
}

/* ---- beginning and end ---- */

/* Whether the sender of this packet, the first one, is the client. */
static bool is_from_client(const struct tap_capture *c, const struct tap_packet *p)
{
    const uint16_t port = c->options.port;
    if (port != 0 && (p->from.port == port) != (p->to.port == port))
        return p->to.port == port;
    if (p->flags & TAP_SYN_FLAG)
        return !(p->flags & TAP_ACK_FLAG);
    return p->from.port >= p->to.port;
}

static void make_room(struct tap_capture *c)
{
    static const enum tap_flow_state order[] = {TAP_FLOW_CLOSED, TAP_FLOW_CLOSING, TAP_FLOW_OPEN};
    while (c->nflows >= c->options.connections_max)
        for (size_t i = 0; i < BENCH_COUNT_OF(order); i++)
            if (c->lists[order[i]].oldest != NULL) {
                tap_flow_drop(c, c->lists[order[i]].oldest);
                break;
            }
}

struct tap_flow *tap_flow_open(struct tap_capture *c, const struct tap_packet *p,
                               enum bench_direction *direction)
{
    make_room(c);
    struct tap_flow *flow = calloc(1, sizeof(*flow));
    if (flow == NULL)
        return NULL;
    bool up = is_from_client(c, p);
    *direction = up ? BENCH_TO_SERVER : BENCH_TO_CLIENT;
    flow->client = up ? p->from : p->to;
    flow->server = up ? p->to : p->from;
    flow->joined = !(p->flags & TAP_SYN_FLAG);
    flow->hash = hash_of(c, p);
    flow->chain = c->table[flow->hash & c->mask];
    c->table[flow->hash & c->mask] = flow;
    flow->connection = ++c->counts.connections;
    c->nflows++;
    list_add(c, flow);
    emit_open(c, flow, p->time_ns);
    return flow;
}

void tap_flow_closing(struct tap_capture *c, struct tap_flow *flow, int64_t now_ns)
{
    flow->closing_ns = now_ns;
    flow->closing_packet = c->counts.packets;
    change_state(c, flow, TAP_FLOW_CLOSING);
}

void tap_flow_close(struct tap_capture *c, struct tap_flow *flow)
{
    if (flow->state == TAP_FLOW_CLOSED)
        return;
    tap_tcp_flush(c, flow);
    tap_flow_emit(c, flow, BENCH_PIECE_CLOSE, BENCH_TO_SERVER, flow->closing_ns, NULL, 0);
    change_state(c, flow, TAP_FLOW_CLOSED);
}

static void forget(struct tap_capture *c, struct tap_flow *flow)
{
    table_remove(c, flow);
    list_remove(c, flow);
    c->nflows--;
    free(flow);
}

void tap_flow_drop(struct tap_capture *c, struct tap_flow *flow)
{
    tap_flow_close(c, flow);
    forget(c, flow);
}

void tap_flows_settle(struct tap_capture *c, int64_t now_ns)
{
    struct tap_flow *flow;
    while ((flow = c->lists[TAP_FLOW_CLOSING].oldest) != NULL &&
           (now_ns - flow->closing_ns > TAP_CAPTURE_DISORDER_NS ||
            c->counts.packets - flow->closing_packet > SETTLE_PACKETS))
        tap_flow_close(c, flow);
}

void tap_capture_finish(struct tap_capture *c)
{
    while (c->lists[TAP_FLOW_CLOSING].oldest != NULL)
        tap_flow_close(c, c->lists[TAP_FLOW_CLOSING].oldest);
    for (struct tap_flow *f = c->lists[TAP_FLOW_OPEN].oldest; f != NULL; f = f->newer)
        tap_tcp_flush(c, f);
}

void tap_capture_fini(struct tap_capture *c)
{
    for (int i = 0; i < TAP_FLOW_STATES; i++)
        while (c->lists[i].oldest != NULL)
            forget(c, c->lists[i].oldest);
    free(c->table);
    c->table = NULL;
}
