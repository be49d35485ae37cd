/* SPDX-License-Identifier: MIT */
/*
 * Writes captures for tests, in memory: pcap (in both orders of bytes, with micro- or nanoseconds)
 * and pcapng, with any of the link types that the reader knows. One thread.
 */
#ifndef SUPPORT_CAPTURE_WRITER_H
#define SUPPORT_CAPTURE_WRITER_H

#include <stdbool.h>

#include "bench/api.h"

enum support_capture_format {
    SUPPORT_PCAP,         /* nanoseconds */
    SUPPORT_PCAP_US,      /* microseconds, as tcpdump writes it */
    SUPPORT_PCAP_SWAPPED, /* by a machine with the other order of bytes */
    SUPPORT_PCAPNG,
    SUPPORT_CAPTURE_FORMATS
};

/* As in the file (LINKTYPE_): not all are the numbers that the library uses. */
enum support_link {
    SUPPORT_LINK_NULL = 0,
    SUPPORT_LINK_ETHERNET = 1,
    SUPPORT_LINK_RAW = 101,
    SUPPORT_LINK_LOOP = 108,
    SUPPORT_LINK_SLL = 113,
    SUPPORT_LINK_IPV4 = 228,
    SUPPORT_LINK_IPV6 = 229,
    SUPPORT_LINK_SLL2 = 276,
};

struct support_capture {
    enum support_capture_format format;
    int link;
    uint8_t *bytes;
    size_t length, size;
};

enum {
    SUPPORT_FIN = 0x01,
    SUPPORT_SYN = 0x02,
    SUPPORT_RST = 0x04,
    SUPPORT_PSH = 0x08,
    SUPPORT_ACK = 0x10,
};

struct support_tcp {
    bool v6;
    uint8_t from_host, to_host; /* 127.0.0.N or fd00::N */
    uint16_t from_port, to_port;
    uint32_t seq, ack;
    uint8_t flags;
    const void *data;
    size_t length;
    size_t cut;     /* so many bytes at the end of the packet are not in the capture */
    size_t padding; /* behind it, as Ethernet puts it there */
    int64_t time_ns;
    uint16_t tags[4];  /* EtherTypes of VLAN tags, from the outside; ended by 0 */
    int ip_options;    /* bytes of options of IPv4, of extension heads of IPv6: a multiple of 8 */
    int tcp_options;   /* a multiple of 4 */
    uint16_t fragment; /* as it stands in the head of IPv4 and of the fragment head of IPv6 */
    bool no_length;    /* the head of IP says 0, as for segments above 64 KiB */
};

void support_capture_begin(struct support_capture *capture, enum support_capture_format format,
                           int link);
void support_capture_fini(struct support_capture *capture);
/* captured bytes of a packet that had `length`. */
void support_capture_packet(struct support_capture *capture, int64_t time_ns, const void *bytes,
                            size_t captured, size_t length);
void support_capture_tcp(struct support_capture *capture, const struct support_tcp *segment);

#endif
