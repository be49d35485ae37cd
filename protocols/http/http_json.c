/* SPDX-License-Identifier: MIT */
#include "protocols/http/http_json.h"

/* Length of the UTF-8 character at text, 0 if it is none (RFC 3629: no overlong forms, no
 * surrogates, nothing above U+10FFFF). */
static size_t utf8_length(const unsigned char *text, size_t length)
{
    unsigned char first = text[0];
    unsigned char low = 0x80, high = 0xbf; /* bounds of the second byte */
    size_t n;
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        n = 2;
    else if ((first & 0xf0) == 0xe0)
        n = 3;
    else if (first >= 0xf0 && first <= 0xf4)
        n = 4;
    else
        return 0;
    if (first == 0xe0)
        low = 0xa0;
    else if (first == 0xed)
        high = 0x9f;
    else if (first == 0xf0)
        low = 0x90;
    else if (first == 0xf4)
        high = 0x8f;
    if (length < n || text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

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
        size_t n = utf8_length(p, length - (size_t)(p - (const unsigned char *)text));
        rc = add_char(buf, p, n);
        p += n == 0 ? 1 : n;
    }
    return rc == 0 ? bench_buf_add(buf, "\"", 1) : rc;
}
