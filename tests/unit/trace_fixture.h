/* SPDX-License-Identifier: MIT */
/* An analyser that is fed scripts (tests/support/script.h), for the tests of trace/. */
#ifndef TRACE_FIXTURE_H
#define TRACE_FIXTURE_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "../support/script.h"
#include "trace/analyser.h"
#include "trace/profile.h"

static const struct bench_decoder_ops *const script_decoders[] = {&test_script_ops, NULL};

static inline struct trace_analyser *new_analyser(const struct trace_options *options)
{
    struct trace_options defaults;
    struct trace_analyser *analyser = NULL;
    struct bench_error err = {0};
    trace_options_init(&defaults);
    cr_assert_eq(trace_analyser_new(&analyser, options == NULL ? &defaults : options,
                                    script_decoders, &err),
                 0, "%s", err.msg);
    return analyser;
}

static inline void play(struct trace_analyser *analyser, const char *script)
{
    test_script_play(script, trace_analyser_piece, analyser);
}

static inline struct trace_profile *take(struct trace_analyser *analyser)
{
    struct trace_profile *profile = NULL;
    cr_assert_eq(trace_profile_take(analyser, &profile), 0);
    return profile;
}

/* A script that is played through a fresh analyser with default options. */
struct played {
    struct trace_analyser *analyser;
    struct trace_profile *profile;
};

static inline struct played played(const char *script)
{
    struct played p = {.analyser = new_analyser(NULL)};
    play(p.analyser, script);
    p.profile = take(p.analyser);
    return p;
}

static inline void done(struct played *p)
{
    trace_profile_free(p->profile);
    trace_analyser_free(p->analyser);
}

static inline const struct trace_name *row_of(const struct trace_profile *profile, const char *name)
{
    for (size_t i = 0; i < profile->nby_name; i++)
        if (strcmp(bench_names_text(profile->names, profile->by_name[i].name), name) == 0)
            return &profile->by_name[i];
    cr_assert_fail("there is no row %s", name);
    return NULL;
}

/* The n-th call of that name in the timeline. */
static inline const struct trace_call *call_of(const struct trace_profile *profile,
                                               const char *name, int n)
{
    for (size_t i = 0; i < profile->ncalls; i++)
        if (strcmp(bench_names_text(profile->names, profile->calls[i].name), name) == 0 && n-- == 0)
            return &profile->calls[i];
    cr_assert_fail("there is no call of %s", name);
    return NULL;
}

static inline bool has_note(const struct trace_profile *profile, const char *part)
{
    for (size_t i = 0; i < profile->nnotes; i++)
        if (strstr(profile->notes[i], part) != NULL)
            return true;
    return false;
}

#endif
