/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "trace/findings_private.h"

/* Length without a character that was cut. */
static size_t whole(const char *text, size_t length)
{
    size_t start = length;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start == 0)
        return length;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t needs = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    return start - 1 + needs > length ? start - 1 : length;
}

void trace_say(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text + used, size - used, format, args);
    va_end(args);
    if (n < 0)
        text[used] = '\0';
    else if ((size_t)n >= size - used)
        text[whole(text, strlen(text))] = '\0';
}

void trace_say_name(char *text, size_t size, const struct bench_names *names, uint32_t name)
{
    const char *all = name == BENCH_NAME_NONE ? "(unnamed)" : bench_names_text(names, name);
    size_t length = strlen(all);
    if (length <= TRACE_NAME_SHOWN) {
        trace_say(text, size, "%s", all);
        return;
    }
    /* Both ends tell something. */
    size_t half = TRACE_NAME_SHOWN / 2, tail = length - half;
    while (tail < length && ((unsigned char)all[tail] & 0xc0) == 0x80)
        tail++;
    trace_say(text, size, "%.*s...%s", (int)whole(all, half), all, all + tail);
}

void trace_say_step(char *text, size_t size, const struct bench_names *names, uint32_t name)
{
    const char *all = bench_names_text(names, name);
    const char *dot = strrchr(all, '.');
    const char *step = dot ? dot + 1 : all;
    size_t length = strlen(step);
    if (length > TRACE_NAME_SHOWN)
        length = whole(step, TRACE_NAME_SHOWN);
    trace_say(text, size, "%.*s", (int)length, step);
}

void trace_say_count(char *text, size_t size, uint64_t n, const char *singular, const char *plural)
{
    trace_say(text, size, "%llu %s", (unsigned long long)n, n == 1 ? singular : plural);
}
