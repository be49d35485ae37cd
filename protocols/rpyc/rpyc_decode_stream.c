/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "protocols/rpyc/rpyc_decode_internal.h"
#include "protocols/rpyc/rpyc_frame.h"
#include "protocols/rpyc/rpyc_sniff.h"

enum {
    HEAD_BYTES = RPYC_FRAME_HEADER + RPYC_SNIFF_BYTES, /* before a frame is judged */
    PREFIX_BYTES = 4096,                               /* kept of a message that is too large */
    KEPT_BYTES = 64 * 1024, /* a buffer that is larger is freed after its message */
    SEARCH_BYTES = 512,     /* looked at before a compressed frame is believed in */
    COUNTED_TIMES = 16,     /* inflated, of message_bytes_max, only to be counted */
    SCRATCH_BYTES = 16 * 1024,
};

/* What is being fed: a piece, and its rest. */
struct feed {
    struct rpyc_decoder *d;
    struct rpyc_stream *stream;
    const struct bench_piece *piece;
    const uint8_t *data;
    size_t length;
};

void rpyc_stream_init(struct rpyc_stream *stream, bool joined)
{
    *stream = (struct rpyc_stream){.searching = joined};
}

void rpyc_stream_fini(struct rpyc_stream *stream)
{
    if (stream->made)
        (void)inflateEnd(&stream->z);
    free(stream->held);
    free(stream->plain);
    *stream = (struct rpyc_stream){0};
}

static size_t smaller(uint64_t a, uint64_t b) { return (size_t)(a < b ? a : b); }

static size_t message_max(const struct rpyc_decoder *d)
{
    return d->setup.message_bytes_max < PREFIX_BYTES ? PREFIX_BYTES : d->setup.message_bytes_max;
}

/* Room for `want` bytes, of at most `limit`. */
static bool reserve(uint8_t **buffer, size_t *room, size_t want, size_t limit)
{
    if (want <= *room)
        return true;
    size_t more = *room < PREFIX_BYTES / 8 ? PREFIX_BYTES / 8 : *room;
    while (more < want)
        more *= 2;
    if (more > limit && want <= limit)
        more = limit;
    uint8_t *larger = realloc(*buffer, more);
    if (larger == NULL)
        return false;
    *buffer = larger;
    *room = more;
    return true;
}

static void shrink(uint8_t **buffer, size_t *room)
{
    if (*room <= KEPT_BYTES)
        return;
    free(*buffer);
    *buffer = NULL;
    *room = 0;
}

/* ---- inflating ---- */

static bool inflate_begin(struct rpyc_stream *s)
{
    s->ended = false;
    s->plain_have = 0;
    s->plain_bytes = 0;
    if (s->made)
        return inflateReset(&s->z) == Z_OK;
    s->z = (z_stream){0};
    s->made = inflateInit(&s->z) == Z_OK;
    return s->made;
}

/* Of a message that is too large, when no more of it is even counted. */
static bool is_given_up(const struct rpyc_decoder *d, const struct rpyc_stream *s)
{
    return s->plain_bytes / COUNTED_TIMES >= message_max(d);
}

/* Keeps what fits, and counts the rest, to a limit. */
static void inflate_more(struct rpyc_decoder *d, struct rpyc_stream *s, const uint8_t *data,
                         size_t n)
{
    uint8_t scratch[SCRATCH_BYTES];
    const size_t limit = message_max(d);
    s->z.next_in = data;
    s->z.avail_in = (uInt)n; /* of a frame, which is below 4 GiB */
    do {
        if (s->bad || s->ended || is_given_up(d, s))
            return;
        const bool keep =
            s->plain_have < limit && reserve(&s->plain, &s->plain_room, s->plain_have + 1, limit);
        const size_t room = keep ? s->plain_room - s->plain_have : sizeof(scratch);
        s->z.next_out = keep ? s->plain + s->plain_have : scratch;
        s->z.avail_out = (uInt)smaller(room, UINT32_MAX);
        const size_t asked = s->z.avail_out;
        const int rc = inflate(&s->z, Z_NO_FLUSH);
        const size_t made = asked - s->z.avail_out;
        s->plain_bytes += made;
        s->plain_have += keep ? made : 0;
        s->ended = rc == Z_STREAM_END;
        s->bad = rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR;
    } while (s->z.avail_out == 0);
}

/* ---- frames that are whole ---- */

static uint64_t frame_total(const uint8_t *header)
{
    uint32_t big;
    memcpy(&big, header, sizeof(big));
    return (uint64_t)be32toh(big) + RPYC_FRAME_EXTRA;
}

static void lost(const struct feed *feed, const char *why)
{
    rpyc_decode_lost(feed->d, feed->piece->direction, feed->piece->time_ns, why);
}

static void begin_frame(struct rpyc_stream *s, const struct bench_piece *piece)
{
    s->begin_ns = s->last_ns = piece->time_ns;
    s->pause_ns = 0;
    s->process = piece->process;
    s->thread = piece->thread;
    s->place = piece->place;
}

static void end_frame(struct rpyc_stream *s)
{
    s->have = 0;
    s->seen = s->total = 0;
    s->judged = s->packed = s->bad = false;
    s->plain_have = 0;
    shrink(&s->held, &s->room);
    shrink(&s->plain, &s->plain_room);
}

static struct rpyc_decode_frame frame_of(const struct rpyc_stream *s, int64_t end_ns)
{
    return (struct rpyc_decode_frame){
        .begin_ns = s->begin_ns,
        .end_ns = end_ns,
        .pause_ns = s->pause_ns,
        .process = s->process,
        .thread = s->thread,
        .place = s->place,
    };
}

/* The message in s->held or s->plain. False: it is none. */
static bool decode_held(const struct feed *feed)
{
    struct rpyc_stream *s = feed->stream;
    struct rpyc_decode_frame frame = frame_of(s, feed->piece->time_ns);
    frame.wire_bytes = s->total;
    if (s->packed) {
        if (s->bad || (!s->ended && !is_given_up(feed->d, s))) {
            lost(feed, "a compressed message that cannot be inflated");
            return true; /* the next frame is where it should be */
        }
        frame.payload = s->plain;
        frame.length = s->plain_have;
        frame.cut = s->plain_bytes > s->plain_have;
        frame.plain_bytes = s->plain_bytes + RPYC_FRAME_EXTRA;
    } else {
        const size_t there = smaller(s->have, s->total - 1);
        frame.payload = s->held + RPYC_FRAME_HEADER;
        frame.length = there - RPYC_FRAME_HEADER;
        frame.cut = there < s->total - 1;
        frame.plain_bytes = s->total;
    }
    if (frame.length == 0)
        return !s->packed; /* empty frames are ignored by all */
    return rpyc_decode_message(feed->d, feed->piece->direction, &frame);
}

/* Takes the frame at the front of the piece if all of it is there and plain. 1: taken, 0: it has
 * to be held, -1: it is none. */
static int decode_in_place(struct feed *feed)
{
    const struct bench_piece *piece = feed->piece;
    if (feed->length < RPYC_FRAME_HEADER || feed->data[4] != 0)
        return 0;
    const uint64_t total = frame_total(feed->data);
    if (feed->length < total)
        return 0;
    const struct rpyc_decode_frame frame = {
        .payload = feed->data + RPYC_FRAME_HEADER,
        .length = (size_t)total - RPYC_FRAME_EXTRA,
        .plain_bytes = total,
        .wire_bytes = total,
        .begin_ns = piece->time_ns,
        .end_ns = piece->time_ns,
        .process = piece->process,
        .thread = piece->thread,
        .place = piece->place,
    };
    if (frame.length > 0 && !rpyc_decode_message(feed->d, piece->direction, &frame))
        return -1;
    feed->data += total;
    feed->length -= (size_t)total;
    return 1;
}

/* ---- the search ---- */

static enum bench_recognised judge_packed(struct rpyc_decoder *d, struct rpyc_stream *s,
                                          const uint8_t *data, size_t have, uint64_t total)
{
    const size_t there = smaller(have, total - 1) - RPYC_FRAME_HEADER;
    if (have < total && have < SEARCH_BYTES)
        return BENCH_RECOGNISED_MORE;
    s->bad = false;
    if (!inflate_begin(s))
        return BENCH_RECOGNISED_NO;
    inflate_more(d, s, data + RPYC_FRAME_HEADER, smaller(there, SEARCH_BYTES));
    const size_t plain = s->plain_have;
    const bool bad = s->bad;
    const enum bench_recognised verdict =
        bad ? BENCH_RECOGNISED_NO : rpyc_sniff_payload(s->plain, plain, UINT32_MAX);
    s->bad = false;
    s->plain_have = 0;
    return verdict == BENCH_RECOGNISED_YES ? verdict : BENCH_RECOGNISED_NO;
}

/* Whether a frame begins here; one that is whole, and not so large that looking at it again and
 * again would take long, has to be right to its end. */
static enum bench_recognised judge(struct rpyc_decoder *d, struct rpyc_stream *s,
                                   const uint8_t *data, size_t have)
{
    const enum bench_recognised verdict = rpyc_sniff_frame(data, have);
    if (verdict != BENCH_RECOGNISED_YES)
        return verdict;
    const uint64_t total = frame_total(data);
    if (data[4] != 0)
        return judge_packed(d, s, data, have, total);
    if (have < total || total > PREFIX_BYTES)
        return verdict;
    const size_t length = (size_t)total - RPYC_FRAME_EXTRA;
    return rpyc_decode_is_message(data + RPYC_FRAME_HEADER, length) ? BENCH_RECOGNISED_YES
                                                                    : BENCH_RECOGNISED_NO;
}

/* The first place that is no NO. */
static size_t search(struct rpyc_decoder *d, struct rpyc_stream *s, const uint8_t *data,
                     size_t have, enum bench_recognised *verdict)
{
    *verdict = BENCH_RECOGNISED_NO;
    for (size_t at = 0; at < have; at++) {
        *verdict = judge(d, s, data + at, have - at);
        if (*verdict != BENCH_RECOGNISED_NO)
            return at;
    }
    return have;
}

static void take_bytes(struct feed *feed);

/* What could not be judged is in front of the piece: looks at both together. The piece is left at
 * the beginning of a frame, or at a place before which there is none. */
static void search_held(struct feed *feed)
{
    struct rpyc_stream *s = feed->stream;
    uint8_t both[2 * SEARCH_BYTES];
    enum bench_recognised verdict;
    const size_t before = s->have;
    const size_t more = smaller(feed->length, sizeof(both) - before);
    memcpy(both, s->held, before);
    memcpy(both + before, feed->data, more);
    const size_t at = search(feed->d, s, both, before + more, &verdict);
    s->have = 0;
    if (at >= before)
        return; /* again, in the piece alone */
    if (verdict == BENCH_RECOGNISED_MORE) {
        memcpy(s->held, both + at, before + more - at); /* there is room for SEARCH_BYTES */
        s->have = before + more - at;
        feed->data += more;
        feed->length -= more;
        return;
    }
    /* It begins in what was held: that is too little to be a whole frame, or one would have known
     * before. */
    struct bench_piece old = *feed->piece;
    struct feed first = {feed->d, s, &old, both + at, before - at};
    old.time_ns = s->last_ns;
    s->searching = false;
    while (first.length > 0 && !s->searching)
        take_bytes(&first);
}

static void search_piece(struct feed *feed)
{
    struct rpyc_stream *s = feed->stream;
    enum bench_recognised verdict;
    const size_t at = search(feed->d, s, feed->data, feed->length, &verdict);
    feed->data += at;
    feed->length -= at;
    s->last_ns = feed->piece->time_ns;
    if (verdict == BENCH_RECOGNISED_YES) {
        s->searching = false;
        return;
    }
    if (feed->length > 0 && reserve(&s->held, &s->room, SEARCH_BYTES, KEPT_BYTES)) {
        s->have = smaller(feed->length, SEARCH_BYTES); /* MORE is only said of less */
        memcpy(s->held, feed->data, s->have);
    }
    feed->length = 0;
}

static void start_search(struct rpyc_stream *s)
{
    end_frame(s);
    s->searching = true;
}

/* ---- frames that come in parts ---- */

/* With the head of a frame in s->held. False: it is no frame. */
static bool judge_head(struct feed *feed)
{
    struct rpyc_stream *s = feed->stream;
    s->total = frame_total(s->held);
    s->packed = s->held[4] != 0;
    if (s->have < smaller(s->total, HEAD_BYTES))
        return s->held[4] <= 1;
    s->judged = true;
    if (s->total > RPYC_FRAME_EXTRA && s->have < s->total &&
        rpyc_sniff_frame(s->held, s->have) == BENCH_RECOGNISED_NO)
        return false;
    if (!s->packed)
        return s->held[4] == 0;
    if (s->held[4] > 1 || !inflate_begin(s))
        return false;
    inflate_more(feed->d, s, s->held + RPYC_FRAME_HEADER,
                 smaller(s->have, s->total - 1) - RPYC_FRAME_HEADER);
    return true;
}

/* Bytes of the head: the header first, then as many as are needed to judge. */
static bool take_head(struct feed *feed)
{
    struct rpyc_stream *s = feed->stream;
    if (!reserve(&s->held, &s->room, HEAD_BYTES, KEPT_BYTES))
        return false;
    while (!s->judged && feed->length > 0) {
        const size_t want =
            s->have < RPYC_FRAME_HEADER ? RPYC_FRAME_HEADER : smaller(s->total, HEAD_BYTES);
        const size_t n = smaller(want - s->have, feed->length);
        memcpy(s->held + s->have, feed->data, n);
        s->have += n;
        s->seen += n;
        feed->data += n;
        feed->length -= n;
        if (s->have >= RPYC_FRAME_HEADER && !judge_head(feed))
            return false;
    }
    return true;
}

static void take_body(struct feed *feed)
{
    struct rpyc_stream *s = feed->stream;
    const size_t n = smaller(s->total - s->seen, feed->length);
    const size_t keep = s->total <= message_max(feed->d) ? (size_t)s->total : PREFIX_BYTES;
    if (s->packed) {
        /* The last byte of all is no payload. */
        inflate_more(feed->d, s, feed->data, smaller(n, s->total - 1 - s->seen));
    } else if (s->have < keep) {
        const size_t kept = smaller(n, keep - s->have);
        if (reserve(&s->held, &s->room, keep, keep)) {
            memcpy(s->held + s->have, feed->data, kept);
            s->have += kept;
        }
    }
    s->seen += n;
    feed->data += n;
    feed->length -= n;
}

/* Takes bytes of one frame, and decodes it when it is whole. */
static void take_bytes(struct feed *feed)
{
    struct rpyc_stream *s = feed->stream;
    const struct bench_piece *piece = feed->piece;
    if (s->seen == 0) {
        begin_frame(s, piece);
    } else {
        if (piece->time_ns - s->last_ns > s->pause_ns)
            s->pause_ns = piece->time_ns - s->last_ns;
        s->last_ns = piece->time_ns;
    }
    if (!s->judged && !take_head(feed)) {
        lost(feed, "bytes that are no message");
        start_search(s);
        return;
    }
    if (s->judged && s->seen < s->total)
        take_body(feed);
    if (!s->judged || s->seen < s->total)
        return;
    const bool good = decode_held(feed);
    end_frame(s);
    if (!good) {
        lost(feed, "bytes that are no message");
        start_search(s);
    }
}

void rpyc_stream_feed(struct rpyc_decoder *d, const struct bench_piece *piece)
{
    struct feed feed = {d, &d->streams[piece->direction], piece, piece->data, piece->length};
    struct rpyc_stream *s = feed.stream;
    while (feed.length > 0) {
        if (s->searching) {
            if (s->have > 0)
                search_held(&feed);
            else
                search_piece(&feed);
            continue;
        }
        const int taken = s->seen == 0 ? decode_in_place(&feed) : 0;
        if (taken > 0)
            continue;
        if (taken == 0) {
            take_bytes(&feed);
            continue;
        }
        lost(&feed, "bytes that are no message");
        start_search(s);
        feed.data++; /* not here again */
        feed.length--;
    }
}

void rpyc_stream_gap(struct rpyc_stream *stream) { start_search(stream); }
