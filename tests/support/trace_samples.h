/* SPDX-License-Identifier: MIT */
/*
 * Invented profiles for the tests of what is written from them: the same on every machine, added up
 * from invented calls, so that their figures agree. Aborts without memory.
 */
#ifndef SUPPORT_TRACE_SAMPLES_H
#define SUPPORT_TRACE_SAMPLES_H

#include "trace/profile.h"

enum support_sample_kind {
    SUPPORT_SAMPLE_EMPTY,   /* nothing was seen */
    SUPPORT_SAMPLE_PING,    /* one call */
    SUPPORT_SAMPLE_USERS,   /* a list of 100 users, fetched one by one, three attributes each */
    SUPPORT_SAMPLE_NESTED,  /* callbacks three deep, several connections and processes, sections,
                               errors, asynchronous calls, losses */
    SUPPORT_SAMPLE_HOSTILE, /* texts that want to be obeyed by whoever shows them */
    SUPPORT_SAMPLE_HUGE,    /* 5000 names */
    SUPPORT_SAMPLE_COUNT
};

struct support_sample;

const char *support_sample_name(enum support_sample_kind kind);
struct support_sample *support_sample_new(enum support_sample_kind kind);
const struct trace_profile *support_sample_profile(const struct support_sample *sample);
void support_sample_free(struct support_sample *sample);

/* What SUPPORT_SAMPLE_HOSTILE puts in names, places, titles and so on. */
#define SUPPORT_HOSTILE                                                                            \
    "<script>alert(\"x\")</script>'&\\\x1b]0;pwned\x07\x1b[31m\r\n\t\x7f\xc2\x9b"                  \
    "31m\xff\xfe\xe2\x80\xae|`$(id)${x}{}%s%n"

#endif
