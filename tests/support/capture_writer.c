/* SPDX-License-Identifier: MIT */
#include "tests/support/capture_writer.h"

#include <stdlib.h>
#include <string.h>

#include "bench/units.h"

enum { HEADS_MAX = 256, SNAP_LENGTH = 262144 };

static void put(struct support_capture *c, const void *bytes, size_t n)
{
    if (c->length + n > c->size) {
        c->size = (c->length + n) * 2;
        c->bytes = realloc(c->bytes, c->size);
        if (c->bytes == NULL)
            abort();
    }
    if (n > 0)
        memcpy(c->bytes + c->length, bytes, n);
    c->length += n;
}

static void put32(struct support_capture *c, uint32_t value)
{
    if (c->format == SUPPORT_PCAP_SWAPPED)
        value = __builtin_bswap32(value);
    put(c, &value, 4);
}

static void put16(struct support_capture *c, uint16_t value)
{
    if (c->format == SUPPORT_PCAP_SWAPPED)
        value = (uint16_t)(value << 8 | value >> 8);
    put(c, &value, 2);
}

static void begin_pcapng(struct support_capture *c)
{
    const uint8_t nanoseconds[] = {9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0}; /* if_tsresol, end */
    put32(c, 0x0a0d0d0a);                                               /* section head */
    put32(c, 28);
    put32(c, 0x1a2b3c4d);
    put16(c, 1);
    put16(c, 0);
    put32(c, UINT32_MAX);
    put32(c, UINT32_MAX);
    put32(c, 28);
    put32(c, 1); /* interface */
    put32(c, 20 + sizeof(nanoseconds));
    put16(c, (uint16_t)c->link);
    put16(c, 0);
    put32(c, SNAP_LENGTH);
    put(c, nanoseconds, sizeof(nanoseconds));
    put32(c, 20 + sizeof(nanoseconds));
}

void support_capture_begin(struct support_capture *c, enum support_capture_format format, int link)
{
    *c = (struct support_capture){.format = format, .link = link};
    if (format == SUPPORT_PCAPNG) {
        begin_pcapng(c);
        return;
    }
    put32(c, format == SUPPORT_PCAP_US ? 0xa1b2c3d4 : 0xa1b23c4d);
    put16(c, 2);
    put16(c, 4);
    put32(c, 0);
    put32(c, 0);
    put32(c, SNAP_LENGTH);
    put32(c, (uint32_t)link);
}

void support_capture_fini(struct support_capture *c)
{
    free(c->bytes);
    c->bytes = NULL;
}

void support_capture_packet(struct support_capture *c, int64_t time_ns, const void *bytes,
                            size_t captured, size_t length)
{
    if (c->format != SUPPORT_PCAPNG) {
        const int64_t unit = c->format == SUPPORT_PCAP_US ? BENCH_NS_PER_US : 1;
        put32(c, (uint32_t)(time_ns / BENCH_NS_PER_S));
        put32(c, (uint32_t)(time_ns % BENCH_NS_PER_S / unit));
        put32(c, (uint32_t)captured);
        put32(c, (uint32_t)length);
        put(c, bytes, captured);
        return;
    }
    const uint32_t padding = (uint32_t)(-captured & 3), total = (uint32_t)captured + padding + 32;
    put32(c, 6); /* enhanced packet */
    put32(c, total);
    put32(c, 0);
    put32(c, (uint32_t)((uint64_t)time_ns >> 32));
    put32(c, (uint32_t)time_ns);
    put32(c, (uint32_t)captured);
    put32(c, (uint32_t)length);
    put(c, bytes, captured);
    put(c, "\0\0\0", padding);
    put32(c, total);
}

/* ---- heads ---- */

static uint8_t *be16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    return at + 2;
}

static uint8_t *be32(uint8_t *at, uint32_t value)
{
    return be16(be16(at, value >> 16), value & 0xffff);
}

static uint8_t *zeros(uint8_t *at, size_t n)
{
    memset(at, 0, n);
    return at + n;
}

static uint8_t *link_head(uint8_t *at, int link, const struct support_tcp *s)
{
    uint16_t types[6] = {0};
    size_t n = 0;
    while (n < BENCH_COUNT_OF(s->tags) && s->tags[n] != 0) {
        types[n] = s->tags[n];
        n++;
    }
    types[n++] = s->v6 ? 0x86dd : 0x0800;
    switch (link) {
    case SUPPORT_LINK_ETHERNET:
        at = be16(zeros(at, 12), types[0]);
        break;
    case SUPPORT_LINK_SLL:
        at = be16(zeros(at, 14), types[0]);
        break;
    case SUPPORT_LINK_SLL2:
        at = zeros(be16(at, types[0]), 18);
        break;
    case SUPPORT_LINK_NULL: { /* in this machine's order */
        const uint32_t family = s->v6 ? 10 : 2;
        memcpy(at, &family, 4);
        return at + 4;
    }
    case SUPPORT_LINK_LOOP:
        return be32(at, s->v6 ? 24 : 2);
    default:
        return at;
    }
    for (size_t i = 1; i < n; i++)
        at = be16(be16(at, 7), types[i]);
    return at;
}

static uint8_t *head_v4(uint8_t *at, const struct support_tcp *s, size_t payload)
{
    const size_t size = 20 + (size_t)s->ip_options;
    *at++ = (uint8_t)(0x40 | size / 4);
    *at++ = 0;
    at = be16(at, s->no_length ? 0 : size + payload);
    at = be16(be16(at, 0), s->fragment);
    *at++ = 64;
    *at++ = 6;
    at = be16(at, 0); /* the sum is made by the network card, if at all */
    at = be32(at, UINT32_C(0x7f000000) | s->from_host);
    at = be32(at, UINT32_C(0x7f000000) | s->to_host);
    memset(at, 1, (size_t)s->ip_options);
    return at + s->ip_options;
}

static uint8_t *address_v6(uint8_t *at, uint8_t host)
{
    *at = 0xfd;
    at = zeros(at + 1, 14);
    *at = host;
    return at + 1;
}

static uint8_t *head_v6(uint8_t *at, const struct support_tcp *s, size_t payload)
{
    const size_t fragment = s->fragment != 0 ? 8 : 0, options = (size_t)s->ip_options;
    const uint8_t first = options > 0 ? 0 : fragment > 0 ? 44 : 6;
    at = be32(at, UINT32_C(0x60000000));
    at = be16(at, s->no_length ? 0 : options + fragment + payload);
    *at++ = first;
    *at++ = 64;
    at = address_v6(at, s->from_host);
    at = address_v6(at, s->to_host);
    if (options > 0) { /* hop-by-hop */
        at[0] = fragment > 0 ? 44 : 6;
        at[1] = (uint8_t)(options / 8 - 1);
        (void)zeros(at + 2, options - 2);
        at += options;
    }
    if (fragment > 0) {
        at[0] = 6;
        at[1] = 0;
        at = zeros(be16(at + 2, s->fragment), 4);
    }
    return at;
}

static uint8_t *head_tcp(uint8_t *at, const struct support_tcp *s)
{
    at = be16(be16(at, s->from_port), s->to_port);
    at = be32(be32(at, s->seq), s->ack);
    *at++ = (uint8_t)((20 + s->tcp_options) / 4 << 4);
    *at++ = s->flags;
    at = zeros(be16(at, 65535), 4);
    memset(at, 1, (size_t)s->tcp_options);
    return at + s->tcp_options;
}

void support_capture_tcp(struct support_capture *c, const struct support_tcp *s)
{
    uint8_t *packet = malloc(HEADS_MAX + s->length + s->padding), *at = packet;
    if (packet == NULL)
        abort();
    const size_t payload = 20 + (size_t)s->tcp_options + s->length;
    at = link_head(at, c->link, s);
    at = s->v6 ? head_v6(at, s, payload) : head_v4(at, s, payload);
    at = head_tcp(at, s);
    if (s->length > 0)
        memcpy(at, s->data, s->length);
    at = zeros(at + s->length, s->padding);
    const size_t length = (size_t)(at - packet);
    support_capture_packet(c, s->time_ns, packet, length - (s->cut < length ? s->cut : length),
                           length);
    free(packet);
}
