/* SPDX-License-Identifier: MIT */
#include "stats/base64.h"

#include <errno.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void bench_base64_encode(const uint8_t *data, size_t n, char *out)
{
    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        uint32_t group = (uint32_t)data[i] << 16;
        if (left > 1)
            group |= (uint32_t)data[i + 1] << 8;
        if (left > 2)
            group |= data[i + 2];
        *out++ = digits[group >> 18];
        *out++ = digits[group >> 12 & 63];
        *out++ = left > 1 ? digits[group >> 6 & 63] : '=';
        *out++ = left > 2 ? digits[group & 63] : '=';
    }
    *out = '\0';
}

static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

int bench_base64_decode(const char *text, size_t length, uint8_t *out, size_t *n)
{
    size_t pad = 0, used = 0;

    if (length % 4 != 0)
        return -EINVAL;
    if (length > 0)
        pad = text[length - 1] != '=' ? 0 : text[length - 2] != '=' ? 1 : 2;

    for (size_t i = 0; i < length; i += 4) {
        size_t padded = i + 4 == length ? pad : 0;
        uint32_t group = 0;
        for (size_t j = 0; j < 4 - padded; j++) {
            int value = digit_value(text[i + j]);
            if (value < 0)
                return -EINVAL;
            group |= (uint32_t)value << (18 - 6 * j);
        }
        /* Bits that no byte takes must be 0, or two texts would mean the same. */
        if (group & ((UINT32_C(1) << 8 * padded) - 1))
            return -EINVAL;
        for (size_t j = 0; j < 3 - padded; j++)
            out[used++] = (uint8_t)(group >> (16 - 8 * j));
    }
    *n = used;
    return 0;
}
