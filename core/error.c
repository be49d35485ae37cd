/* SPDX-License-Identifier: MIT */
#include "bench/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int bench_error_set(struct bench_error *err, int code, const char *file, int line,
                    const char *format, ...)
{
    if (err == NULL)
        return code;
    err->code = code;
    err->file = file;
    err->line = line;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(err->msg, sizeof(err->msg), format, args);
    va_end(args);
    /* One line, whatever a peer put into the text. */
    for (char *c = err->msg; *c != '\0'; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    return code;
}

void bench_error_prefix(struct bench_error *err, const char *prefix)
{
    if (err == NULL || err->code == 0)
        return;
    char old[sizeof(err->msg)];
    memcpy(old, err->msg, sizeof(old));
    (void)snprintf(err->msg, sizeof(err->msg), "%s%.*s", prefix, (int)sizeof(old) - 1, old);
}

const char *bench_errno_text(int code)
{
    static _Thread_local char text[128];
    return strerror_r(code < 0 ? -code : code, text, sizeof(text));
}
