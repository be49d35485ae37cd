/* SPDX-License-Identifier: MIT */
#include "stats/gzip.h"

#include <errno.h>
#include <limits.h>
#define ZLIB_CONST
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* zlib's sign for gzip instead of its own format */
#define STEP        ((size_t)64 << 10)

/* What is left of [data, data + n) goes in by portions that zlib can count. */
static uInt portion(size_t left) { return left > UINT_MAX ? UINT_MAX : (uInt)left; }

/* Room for the next bytes of the stream at the end of out. */
static int make_room(z_stream *stream, struct bench_buf *out)
{
    size_t room = STEP;
    if (bench_buf_length(out) + room > out->limit)
        room = out->limit - bench_buf_length(out);
    if (room == 0)
        return -EMSGSIZE;
    int rc = bench_buf_reserve(out, room);
    if (rc < 0)
        return rc;
    stream->next_out = out->data + out->end;
    stream->avail_out = (uInt)room;
    return 0;
}

int bench_gzip(const void *data, size_t n, struct bench_buf *out)
{
    /* zlib reads from here only; its type has no const. */
    z_stream stream = {.next_in = (z_const Bytef *)data, .avail_in = 0};
    size_t taken = 0;
    int rc = 0, state = Z_OK;
    if (deflateInit2(&stream, 6, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return -ENOMEM;
    while (rc == 0 && state != Z_STREAM_END) {
        if (stream.avail_in == 0) {
            stream.avail_in = portion(n - taken);
            taken += stream.avail_in;
        }
        rc = make_room(&stream, out);
        if (rc < 0)
            break;
        uInt before = stream.avail_out;
        state = deflate(&stream, taken == n ? Z_FINISH : Z_NO_FLUSH);
        out->end += before - stream.avail_out;
        if (state == Z_STREAM_ERROR)
            rc = -EINVAL;
    }
    (void)deflateEnd(&stream);
    return rc;
}

int bench_gunzip(const void *data, size_t n, struct bench_buf *out, struct bench_error *err)
{
    z_stream stream = {.next_in = (z_const Bytef *)data, .avail_in = 0};
    size_t taken = 0;
    int rc = 0, state = Z_OK;
    if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
        return bench_fail(err, -ENOMEM, "gzip: out of memory");
    while (rc == 0 && state != Z_STREAM_END) {
        if (stream.avail_in == 0) {
            stream.avail_in = portion(n - taken);
            taken += stream.avail_in;
        }
        rc = make_room(&stream, out);
        if (rc < 0) {
            rc = bench_fail(err, rc, "gzip: more than %zu bytes", out->limit);
            break;
        }
        uInt before = stream.avail_out;
        state = inflate(&stream, Z_NO_FLUSH);
        out->end += before - stream.avail_out;
        if (state == Z_BUF_ERROR ||
            (state == Z_OK && stream.avail_in == 0 && taken == n && stream.avail_out > 0))
            rc = bench_fail(err, -EINVAL, "gzip: it ends too early");
        else if (state != Z_OK && state != Z_STREAM_END)
            rc = bench_fail(err, -EINVAL, "gzip: %s",
                            stream.msg != NULL ? stream.msg : "not readable");
    }
    if (rc == 0 && (stream.avail_in > 0 || taken < n))
        rc = bench_fail(err, -EINVAL, "gzip: there is something behind its end");
    (void)inflateEnd(&stream);
    return rc;
}
