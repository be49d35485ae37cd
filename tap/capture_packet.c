/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <pcap/dlt.h>

#include "tap/capture_internal.h"

enum {
    ETHERTYPE_V4 = 0x0800,
    ETHERTYPE_V6 = 0x86dd,
    TAGS_MAX = 4,        /* of VLANs, one in the other */
    EXTENSIONS_MAX = 16, /* heads of IPv6 in one packet */
    PROTOCOL_TCP = 6,
    PAYLOAD_MAX = 16 << 20, /* kernels hand on 512 KiB at most in one; more is a broken file's */
};

/* What is left of a packet: `there` bytes of `length`. */
struct rest {
    const uint8_t *at;
    size_t there, length;
};

static uint16_t be16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static uint32_t be32(const uint8_t *at) { return (uint32_t)be16(at) << 16 | be16(at + 2); }

/* False if they are not all there. */
static bool skip(struct rest *r, size_t n)
{
    if (n > r->there)
        return false;
    r->at += n;
    r->there -= n;
    r->length -= n;
    return true;
}

/* What follows the first n bytes is padding. */
static void limit(struct rest *r, size_t n)
{
    if (r->length > n)
        r->length = n;
    if (r->there > n)
        r->there = n;
}

/* ---- TCP ---- */

static enum tap_packet_kind parse_tcp(struct rest r, struct tap_packet *out)
{
    const uint8_t *head = r.at;
    if (r.there < 20)
        return r.length < 20 ? TAP_PACKET_OTHER : TAP_PACKET_CUT;
    size_t size = (size_t)(head[12] >> 4) * 4;
    if (size < 20 || size > r.length || r.length - size > PAYLOAD_MAX)
        return TAP_PACKET_OTHER;
    out->from.port = be16(head);
    out->to.port = be16(head + 2);
    out->seq = be32(head + 4);
    out->ack = be32(head + 8);
    out->flags = head[13];
    size_t there = size < r.there ? size : r.there; /* cut within the options, which we ignore */
    out->data = head + there;
    out->length = (uint32_t)(r.length - size);
    out->captured = (uint32_t)(r.there - there);
    return TAP_PACKET_TCP;
}

/* ---- IP ---- */

static enum tap_packet_kind parse_v4(struct rest r, struct tap_packet *out)
{
    const uint8_t *head = r.at;
    if (r.there < 20)
        return r.length < 20 ? TAP_PACKET_OTHER : TAP_PACKET_CUT;
    size_t size = (size_t)(head[0] & 15) * 4, total = be16(head + 2);
    if (head[0] >> 4 != 4 || size < 20)
        return TAP_PACKET_OTHER;
    if (total !=
        0) /* 0: the network card was to cut it into packets, and it is longer than 65535 */
        limit(&r, total);
    if (head[9] != PROTOCOL_TCP || size > r.length)
        return TAP_PACKET_OTHER;
    if (be16(head + 6) & 0x3fff) /* more follow, or it is not the first */
        return TAP_PACKET_FRAGMENT;
    if (!skip(&r, size))
        return TAP_PACKET_CUT;
    out->from = out->to = (struct tap_endpoint){.v6 = 0};
    memcpy(out->from.address, head + 12, 4);
    memcpy(out->to.address, head + 16, 4);
    return parse_tcp(r, out);
}

/* Bytes of an extension head of this type that begins with these; 0: it is none. */
static size_t extension_size(uint8_t type, const uint8_t *at)
{
    switch (type) {
    case 0:   /* hop-by-hop options */
    case 43:  /* routing */
    case 60:  /* destination options */
    case 135: /* mobility */
    case 139: /* host identity */
    case 140: /* shim6 */
        return ((size_t)at[1] + 1) * 8;
    case 44: /* fragment */
        return 8;
    case 51: /* authentication; in words of 4 */
        return ((size_t)at[1] + 2) * 4;
    default:
        return 0;
    }
}

static enum tap_packet_kind parse_v6(struct rest r, struct tap_packet *out)
{
    const uint8_t *head = r.at;
    if (r.there < 40)
        return r.length < 40 ? TAP_PACKET_OTHER : TAP_PACKET_CUT;
    if (head[0] >> 4 != 6)
        return TAP_PACKET_OTHER;
    uint8_t type = head[6];
    (void)skip(&r, 40);
    if (be16(head + 4) != 0) /* 0: a jumbogram, as the kernel makes them for large segments */
        limit(&r, be16(head + 4));
    for (int i = 0; type != PROTOCOL_TCP; i++) {
        if (r.there < 8)
            return r.length < 8 ? TAP_PACKET_OTHER : TAP_PACKET_CUT;
        size_t size = extension_size(type, r.at);
        if (size == 0 || size > r.length || i == EXTENSIONS_MAX)
            return TAP_PACKET_OTHER;
        if (type == 44 && be16(r.at + 2) & 0xfff9)
            return TAP_PACKET_FRAGMENT;
        type = r.at[0];
        if (!skip(&r, size))
            return TAP_PACKET_CUT;
    }
    out->from = out->to = (struct tap_endpoint){.v6 = 1};
    memcpy(out->from.address, head + 8, 16);
    memcpy(out->to.address, head + 24, 16);
    return parse_tcp(r, out);
}

static enum tap_packet_kind parse_ip(struct rest r, struct tap_packet *out)
{
    if (r.there == 0)
        return r.length == 0 ? TAP_PACKET_OTHER : TAP_PACKET_CUT;
    return r.at[0] >> 4 == 6 ? parse_v6(r, out) : parse_v4(r, out);
}

/* ---- below IP ---- */

static enum tap_packet_kind parse_ethertype(struct rest r, uint16_t type, struct tap_packet *out)
{
    /* 802.1Q, 802.1ad, and what was used for the outer tag before that */
    for (int i = 0; (type == 0x8100 || type == 0x88a8 || type == 0x9100) && i < TAGS_MAX; i++) {
        const uint8_t *tag = r.at;
        if (!skip(&r, 4))
            return TAP_PACKET_CUT;
        type = be16(tag + 2);
    }
    if (type == ETHERTYPE_V4)
        return parse_v4(r, out);
    return type == ETHERTYPE_V6 ? parse_v6(r, out) : TAP_PACKET_OTHER;
}

/* The head of a link: so long, with the EtherType there. */
static enum tap_packet_kind parse_link(struct rest r, size_t size, size_t type_at,
                                       struct tap_packet *out)
{
    const uint8_t *head = r.at;
    if (!skip(&r, size))
        return r.length < size ? TAP_PACKET_OTHER : TAP_PACKET_CUT;
    return parse_ethertype(r, be16(head + type_at), out);
}

/* The address family of the machine that captured, in its order of bytes (of LOOP: the
 * network's). IPv6 has another number on each system. */
static enum tap_packet_kind parse_loopback(struct rest r, struct tap_packet *out)
{
    const uint8_t *head = r.at;
    if (!skip(&r, 4))
        return r.length < 4 ? TAP_PACKET_OTHER : TAP_PACKET_CUT;
    uint32_t family = be32(head);
    if (family > 255)
        family = __builtin_bswap32(family);
    switch (family) {
    case 2:
        return parse_v4(r, out);
    case 10: /* Linux */
    case 24: /* NetBSD, OpenBSD */
    case 28: /* FreeBSD */
    case 30: /* macOS */
        return parse_v6(r, out);
    default:
        return TAP_PACKET_OTHER;
    }
}

bool tap_packet_link_known(int link)
{
    switch (link) {
    case DLT_EN10MB:
    case DLT_LINUX_SLL:
    case DLT_LINUX_SLL2:
    case DLT_NULL:
    case DLT_LOOP:
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6:
        return true;
    default:
        return false;
    }
}

enum tap_packet_kind tap_packet_parse(int link, const uint8_t *bytes, size_t captured,
                                      size_t length, struct tap_packet *out)
{
    struct rest r = {.at = bytes, .there = captured, .length = length};
    switch (link) {
    case DLT_EN10MB:
        return parse_link(r, 14, 12, out);
    case DLT_LINUX_SLL:
        return parse_link(r, 16, 14, out);
    case DLT_LINUX_SLL2:
        return parse_link(r, 20, 0, out);
    case DLT_NULL:
    case DLT_LOOP:
        return parse_loopback(r, out);
    case DLT_IPV4:
        return parse_v4(r, out);
    case DLT_IPV6:
        return parse_v6(r, out);
    case DLT_RAW:
        return parse_ip(r, out);
    default:
        return TAP_PACKET_OTHER;
    }
}
