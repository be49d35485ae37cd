/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include <pcap/pcap.h>

#include "bench/units.h"
#include "tap/capture_internal.h"

enum { CONNECTIONS_DEFAULT = 4096, AHEAD_DEFAULT = 4 << 20 };

void tap_capture_options_init(struct tap_capture_options *options)
{
    *options = (struct tap_capture_options){.connections_max = CONNECTIONS_DEFAULT,
                                            .ahead_bytes_max = AHEAD_DEFAULT};
}

/* Seconds of a broken file may be anything. */
static int64_t time_of(const struct pcap_pkthdr *head)
{
    const int64_t seconds_max = INT64_MAX / BENCH_NS_PER_S - 1;
    int64_t seconds = head->ts.tv_sec, ns = head->ts.tv_usec; /* nanoseconds, as we asked for */
    if (seconds < 0)
        seconds = 0;
    if (seconds > seconds_max)
        seconds = seconds_max;
    return seconds * BENCH_NS_PER_S + (ns >= 0 && ns < BENCH_NS_PER_S ? ns : 0);
}

static void take(struct tap_capture *c, int link, const struct pcap_pkthdr *head,
                 const uint8_t *bytes)
{
    struct tap_packet packet;
    size_t length = head->len > head->caplen ? head->len : head->caplen;
    c->counts.packets++;
    packet.time_ns = time_of(head);
    switch (tap_packet_parse(link, bytes, head->caplen, length, &packet)) {
    case TAP_PACKET_TCP:
        tap_tcp_packet(c, &packet);
        break;
    case TAP_PACKET_FRAGMENT:
        c->counts.fragments++;
        break;
    case TAP_PACKET_CUT:
        c->counts.cut++;
        break;
    case TAP_PACKET_OTHER:
        break;
    }
}

static int read_packets(struct tap_capture *c, pcap_t *pcap, const char *name,
                        const volatile int *stop, struct bench_error *err)
{
    const int link = pcap_datalink(pcap);
    for (;;) {
        struct pcap_pkthdr *head;
        const unsigned char *bytes;
        if (stop != NULL && *stop)
            return bench_fail(err, -EINTR, "%s: stopped after %" PRIu64 " packets", name,
                              c->counts.packets);
        int rc = pcap_next_ex(pcap, &head, &bytes);
        if (rc == PCAP_ERROR_BREAK)
            return 0;
        if (rc < 0 && stop != NULL && *stop)
            continue; /* a signal cut the reading short */
        if (rc < 0)
            return bench_fail(err, -EBADMSG, "%s: broken after %" PRIu64 " packets: %s", name,
                              c->counts.packets, pcap_geterr(pcap));
        if (rc > 0)
            take(c, link, head, bytes);
    }
}

static int check_link(pcap_t *pcap, const char *name, struct bench_error *err)
{
    const int link = pcap_datalink(pcap);
    if (tap_packet_link_known(link))
        return 0;
    const char *what = pcap_datalink_val_to_description(link);
    return bench_fail(err, -ENOTSUP, "%s: link type %d (%s) is not supported", name, link,
                      what != NULL ? what : "unknown");
}

int tap_capture_stream(FILE *stream, const char *name, const struct tap_capture_options *options,
                       bench_piece_fn fn, void *user, const volatile int *stop,
                       struct tap_capture_counts *counts, struct bench_error *err)
{
    char why[PCAP_ERRBUF_SIZE] = "";
    struct tap_capture capture;
    pcap_t *pcap =
        pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, why);
    if (pcap == NULL) {
        if (stream != stdin)
            (void)fclose(stream);
        return bench_fail(err, -EBADMSG, "%s: no capture: %s", name, why);
    }
    int rc = check_link(pcap, name, err);
    if (rc == 0 && (rc = tap_capture_init(&capture, options, fn, user)) < 0)
        rc = bench_fail(err, rc, "%s: no memory for %zu connections", name,
                        options->connections_max);
    else if (rc == 0) {
        rc = read_packets(&capture, pcap, name, stop, err);
        tap_capture_finish(&capture);
        if (counts != NULL)
            *counts = capture.counts;
        tap_capture_fini(&capture);
    }
    pcap_close(pcap);
    return rc;
}

int tap_capture_read(const char *path, const struct tap_capture_options *options, bench_piece_fn fn,
                     void *user, const volatile int *stop, struct tap_capture_counts *counts,
                     struct bench_error *err)
{
    if (strcmp(path, "-") == 0)
        return tap_capture_stream(stdin, "standard input", options, fn, user, stop, counts, err);
    struct stat st;
    FILE *stream = fopen(path, "rbe");
    int why = stream == NULL ? errno : fstat(fileno(stream), &st) < 0 ? errno : 0;
    if (why == 0 && S_ISDIR(st.st_mode))
        why = EISDIR; /* fopen does not mind */
    if (why != 0) {
        if (stream != NULL)
            (void)fclose(stream);
        return bench_fail(err, -why, "cannot read %s: %s", path, bench_errno_text(why));
    }
    return tap_capture_stream(stream, path, options, fn, user, stop, counts, err);
}
