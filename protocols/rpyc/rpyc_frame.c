/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_frame.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

enum {
    LEVEL = 1,                /* Channel.COMPRESSION_LEVEL of rpyc */
    INFLATE_STEP = 64 * 1024, /* bytes of room made at a time, at first */
    BORROW_ABOVE = 512,       /* smaller byte strings are cheaper to copy than to point at */
    PIECE_MAX = 1 << 20,      /* between two looks at the session: some 30 ms of compressing */
};

/* A length that no frame has may be another protocol's first word: then that is the better news. */
static int refuse_length(const uint8_t *data, size_t length, uint64_t limit,
                         struct bench_error *err)
{
    bool text = true;
    for (int i = 0; i < 4; i++)
        text = text && data[i] >= ' ' && data[i] <= '~';
    if (text)
        return bench_fail(err, -EMSGSIZE, "the peer does not speak RPyC: it sent '%.4s...'",
                          (const char *)data);
    if (data[1] == 0x03 && (data[0] == 0x15 || data[0] == 0x16)) /* RFC 8446, 5.1 */
        return bench_fail(err, -EMSGSIZE, "the peer speaks TLS");
    return bench_fail(err, -EMSGSIZE, "frame of %zu bytes over the limit of %llu", length,
                      (unsigned long long)limit);
}

int rpyc_frame_parse(const uint8_t *data, size_t have, uint64_t limit, struct rpyc_frame *out,
                     struct bench_error *err)
{
    uint32_t big;
    *out = (struct rpyc_frame){.total = RPYC_FRAME_HEADER};
    if (have < RPYC_FRAME_HEADER)
        return -EAGAIN;
    memcpy(&big, data, sizeof(big));
    out->length = be32toh(big);
    out->compressed = data[4] != 0; /* any value means yes */
    if (out->length > limit)
        return refuse_length(data, out->length, limit, err);
    out->total = out->length + RPYC_FRAME_EXTRA;
    if (have < out->total)
        return -EAGAIN;
    out->payload = data + RPYC_FRAME_HEADER;
    return 0;
}

/* ---- inflating ---- */

void rpyc_inflater_init(struct rpyc_inflater *inflater, size_t limit)
{
    *inflater = (struct rpyc_inflater){0};
    bench_buf_init(&inflater->plain, limit);
}

void rpyc_inflater_fini(struct rpyc_inflater *inflater)
{
    if (inflater->made)
        (void)inflateEnd(&inflater->z);
    inflater->made = false;
    bench_buf_fini(&inflater->plain);
}

static int inflater_reset(struct rpyc_inflater *inflater)
{
    int rc = inflater->made ? inflateReset(&inflater->z) : inflateInit(&inflater->z);
    if (rc != Z_OK)
        return -ENOMEM;
    inflater->made = true;
    bench_buf_clear(&inflater->plain);
    return 0;
}

/* Room for the next step: doubling, up to the limit; at the limit one probe byte tells "more". */
static int inflate_room(struct bench_buf *plain, size_t *room)
{
    size_t length = bench_buf_length(plain);
    if (length == plain->limit)
        return -EMSGSIZE;
    size_t want = length < INFLATE_STEP ? INFLATE_STEP : length;
    if (want > plain->limit - length)
        want = plain->limit - length;
    int rc = plain->capacity > plain->end ? 0 : bench_buf_reserve(plain, want);
    size_t free_bytes = plain->capacity - plain->end;
    *room = free_bytes > plain->limit - length ? plain->limit - length : free_bytes;
    if (*room > PIECE_MAX)
        *room = PIECE_MAX;
    return rc;
}

/* True when the stream is complete without producing another byte. */
static bool inflate_is_over(z_stream *z)
{
    uint8_t extra;
    z->next_out = &extra;
    z->avail_out = 1;
    return inflate(z, Z_NO_FLUSH) == Z_STREAM_END && z->avail_out == 1;
}

static int inflate_all(struct rpyc_inflater *inflater, struct bench_error *err)
{
    z_stream *z = &inflater->z;
    struct bench_buf *plain = &inflater->plain;
    for (;;) {
        size_t room;
        int rc = inflate_room(plain, &room);
        if (rc == -EMSGSIZE && inflate_is_over(z))
            return 0;
        if (rc < 0)
            return bench_fail(err, rc, "inflated message over the limit of %zu bytes",
                              plain->limit);
        z->next_out = plain->data + plain->end;
        z->avail_out = (uInt)room;
        rc = inflate(z, Z_NO_FLUSH);
        plain->end += room - z->avail_out;
        if (rc == Z_STREAM_END)
            return 0;
        if (rc != Z_OK || (z->avail_in == 0 && z->avail_out > 0))
            return bench_fail(err, -EBADMSG, "compressed frame that zlib refuses (%s)",
                              z->msg ? z->msg : "cut");
        if (room == PIECE_MAX)
            bench_session_tend(inflater->session);
    }
}

int rpyc_frame_plain(struct rpyc_inflater *inflater, const struct rpyc_frame *frame,
                     const uint8_t **data, size_t *length, struct bench_error *err)
{
    if (!frame->compressed) {
        *data = frame->payload;
        *length = frame->length;
        return 0;
    }
    int rc = inflater_reset(inflater);
    if (rc < 0)
        return bench_fail(err, rc, "no memory to inflate a frame");
    inflater->z.next_in = frame->payload;
    inflater->z.avail_in = (uInt)frame->length;
    rc = inflate_all(inflater, err);
    if (rc < 0)
        return rc;
    if (inflater->z.avail_in > 0)
        return bench_fail(err, -EBADMSG, "%u bytes behind the compressed message",
                          inflater->z.avail_in);
    *data = bench_buf_head(&inflater->plain);
    *length = bench_buf_length(&inflater->plain);
    return 0;
}

/* ---- outgoing ---- */

void rpyc_outgoing_init(struct rpyc_outgoing *out)
{
    *out = (struct rpyc_outgoing){0};
    bench_buf_init(&out->text, RPYC_BUFFER_LIMIT);
    bench_buf_init(&out->packed, (size_t)RPYC_BUFFER_LIMIT + RPYC_FRAME_EXTRA);
}

void rpyc_outgoing_fini(struct rpyc_outgoing *out)
{
    if (out->made)
        (void)deflateEnd(&out->z);
    out->made = false;
    bench_buf_fini(&out->text);
    bench_buf_fini(&out->packed);
}

int rpyc_outgoing_begin(struct rpyc_outgoing *out)
{
    bench_buf_clear(&out->text);
    out->data = NULL;
    out->data_length = 0;
    int rc = bench_buf_reserve(&out->text, RPYC_FRAME_HEADER);
    if (rc == 0)
        out->text.end += RPYC_FRAME_HEADER;
    return rc;
}

void rpyc_outgoing_borrow(struct rpyc_outgoing *out, const void *data, size_t length)
{
    if (length <= BORROW_ABOVE && bench_buf_add(&out->text, data, length) == 0)
        return;
    out->data = data;
    out->data_length = length;
    out->cut = out->text.end;
}

static void put_header(uint8_t *at, size_t length, bool compressed)
{
    uint32_t big = htobe32((uint32_t)length);
    memcpy(at, &big, sizeof(big));
    at[4] = compressed;
}

static void set_piece(struct rpyc_outgoing *out, const void *data, size_t length)
{
    if (length == 0)
        return;
    /* sendmsg only reads; iov_base is not const for historical reasons. */
    union {
        const void *in;
        void *out;
    } base = {.in = data};
    out->pieces[out->count++] = (struct iovec){.iov_base = base.out, .iov_len = length};
}

static int deflate_piece(struct rpyc_outgoing *out, const uint8_t *data, size_t length, bool last)
{
    z_stream *z = &out->z;
    struct bench_buf *packed = &out->packed;
    size_t done = 0;
    for (;;) {
        size_t step = length - done < PIECE_MAX ? length - done : PIECE_MAX;
        bool final = last && done + step == length;
        z->next_in = data + done;
        z->avail_in = (uInt)step;
        do {
            size_t room = packed->capacity - packed->end;
            if (room == 0) {
                int rc = bench_buf_reserve(packed, bench_buf_length(packed));
                if (rc < 0)
                    return rc;
                continue;
            }
            if (room > PIECE_MAX)
                room = PIECE_MAX;
            z->next_out = packed->data + packed->end;
            z->avail_out = (uInt)room;
            int rc = deflate(z, final ? Z_FINISH : Z_NO_FLUSH);
            packed->end += room - z->avail_out;
            if (rc == Z_STREAM_END)
                return 0;
            if (rc != Z_OK && rc != Z_BUF_ERROR)
                return -EIO;
        } while (z->avail_in > 0 || final);
        done += step;
        if (done == length)
            return 0;
        bench_session_tend(out->session);
    }
}

static int compress_payload(struct rpyc_outgoing *out, size_t plain)
{
    struct bench_buf *text = &out->text, *packed = &out->packed;
    int rc = out->made ? deflateReset(&out->z) : deflateInit(&out->z, LEVEL);
    if (rc != Z_OK)
        return -ENOMEM;
    out->made = true;
    bench_buf_clear(packed);
    rc = bench_buf_reserve(packed, deflateBound(&out->z, plain) + RPYC_FRAME_EXTRA);
    if (rc < 0)
        return rc;
    packed->end += RPYC_FRAME_HEADER;
    const uint8_t *start = text->data + RPYC_FRAME_HEADER;
    if (!out->data)
        return deflate_piece(out, start, plain, true);
    size_t before = out->cut - RPYC_FRAME_HEADER;
    rc = deflate_piece(out, start, before, false);
    if (rc == 0)
        rc = deflate_piece(out, out->data, out->data_length, text->end == out->cut);
    if (rc == 0 && text->end > out->cut)
        rc = deflate_piece(out, text->data + out->cut, text->end - out->cut, true);
    return rc;
}

static int end_packed(struct rpyc_outgoing *out, size_t plain, struct bench_error *err)
{
    struct bench_buf *packed = &out->packed;
    int rc = compress_payload(out, plain);
    if (rc == 0 && bench_buf_length(packed) - RPYC_FRAME_HEADER > UINT32_MAX)
        rc = -EMSGSIZE;
    if (rc == 0)
        rc = bench_buf_add(packed, "\n", 1);
    if (rc < 0)
        return bench_fail(err, rc, "cannot compress a message of %zu bytes: %s", plain,
                          bench_errno_text(rc));
    out->wire_bytes = bench_buf_length(packed);
    put_header(packed->data, (size_t)out->wire_bytes - RPYC_FRAME_EXTRA, true);
    set_piece(out, packed->data, bench_buf_length(packed));
    return 0;
}

int rpyc_outgoing_end(struct rpyc_outgoing *out, struct bench_error *err)
{
    struct bench_buf *text = &out->text;
    size_t plain = text->end - RPYC_FRAME_HEADER + out->data_length;
    out->count = 0;
    if (plain > UINT32_MAX)
        return bench_fail(err, -EMSGSIZE, "message of %zu bytes, a frame takes 4 GiB", plain);
    out->plain_bytes = plain + RPYC_FRAME_EXTRA;
    if (plain > RPYC_COMPRESS_ABOVE)
        return end_packed(out, plain, err);
    int rc = bench_buf_add(text, "\n", 1);
    if (rc < 0)
        return bench_fail(err, rc, "no memory for a message");
    out->wire_bytes = out->plain_bytes;
    put_header(text->data, plain, false);
    if (!out->data) {
        set_piece(out, text->data, text->end);
        return 0;
    }
    set_piece(out, text->data, out->cut);
    set_piece(out, out->data, out->data_length);
    set_piece(out, text->data + out->cut, text->end - out->cut);
    return 0;
}
