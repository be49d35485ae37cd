/* SPDX-License-Identifier: MIT */
#include "protocols/http/http_json.h"

#include "bench/value.h"

static int add_char(struct bench_buf *buf, const unsigned char *text, size_t n)
{
    if (n == 0)
        return bench_buf_add(buf, "\xef\xbf\xbd", 3);
    if (text[0] == '"' || text[0] == '\\')
        return bench_buf_printf(buf, "\\%c", text[0]);
    if (text[0] < 0x20 || text[0] == 0x7f)
        return bench_buf_printf(buf, "\\u%04x", text[0]);
    return bench_buf_add(buf, text, n);
}

static int is_plain(unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

int http_json_add_string(struct bench_buf *buf, const char *text, size_t length)
{
    const unsigned char *p = (const unsigned char *)text;
    const unsigned char *end = p + length;
    int rc = bench_buf_add(buf, "\"", 1);
    while (rc == 0 && p < end) {
        const unsigned char *run = p;
        while (p < end && is_plain(*p))
            p++;
        if (p > run) {
            rc = bench_buf_add(buf, run, (size_t)(p - run));
            continue;
        }
        size_t n = bench_utf8_length(p, length - (size_t)(p - (const unsigned char *)text));
        rc = add_char(buf, p, n);
        p += n == 0 ? 1 : n;
    }
    return rc == 0 ? bench_buf_add(buf, "\"", 1) : rc;
}
