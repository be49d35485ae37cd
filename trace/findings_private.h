/* SPDX-License-Identifier: MIT */
/* How findings are made: what trace/findings*.c and trace/what_if.c share. */
#ifndef TRACE_FINDINGS_PRIVATE_H
#define TRACE_FINDINGS_PRIVATE_H

#include "trace/price.h"

enum {
    TRACE_FOUND_MAX = 128,    /* findings of all kinds */
    TRACE_FOUND_KIND_MAX = 8, /* of one kind, the dearest */
    TRACE_FEW = 5,            /* round trips that are not worth a word */
    TRACE_NAME_SHOWN = 72,    /* bytes of a name within a sentence */
};

/* A group of requests, and what it is a part of. */
struct trace_member {
    uint32_t subject; /* name; NONE: of nothing */
    uint32_t group;   /* index */
};

struct trace_search {
    const struct trace_patterns *patterns;
    const struct trace_profile *profile;
    const struct bench_finding_rule *rules;
    struct trace_tariff tariff[2]; /* by enum bench_direction */
    bool *claimed;                 /* [group]: its round trips belong to a finding already */
    struct trace_member *members;  /* work space: [groups] */
    struct trace_finding found[TRACE_FOUND_MAX];
    size_t nfound;
};

/* One candidate: its price, and the words for it. */
struct trace_case {
    enum trace_finding_id id;
    uint32_t name;
    enum bench_direction direction;
    uint64_t count;
    struct trace_price price;
    char evidence[200], change[200];
};

int trace_search_init(struct trace_search *search, const struct trace_patterns *patterns,
                      const struct trace_profile *profile) BENCH_MUST_CHECK;
void trace_search_fini(struct trace_search *search);
const struct trace_group *trace_search_group(const struct trace_search *search, uint32_t name,
                                             unsigned verb, enum bench_direction direction);
void trace_search_claim(struct trace_search *search, const struct trace_group *group);
bool trace_search_claimed(const struct trace_search *search, const struct trace_group *group);
/* Sorts all groups by what subject_of gives (NONE: left out). Returns how many there are. */
typedef uint32_t (*trace_subject_fn)(const struct bench_names *names,
                                     const struct trace_group *group);
size_t trace_search_sort(struct trace_search *search, trace_subject_fn subject_of);
/* The members from first on that have the same subject: the index behind the last. */
size_t trace_search_run(const struct trace_search *search, size_t first, size_t n);
/* Makes a finding of it, if there are words for it and room. */
void trace_search_found(struct trace_search *search, const struct trace_case *found);
void trace_case_finding(const struct trace_search *search, const struct trace_case *from,
                        struct trace_finding *out);

/* Words: appended while there is room, never half a character. */
void trace_say(char *text, size_t size, const char *format, ...) BENCH_PRINTF(3, 4);
void trace_say_name(char *text, size_t size, const struct bench_names *names, uint32_t name);
/* The last step of a name: "email" of "root.get_users()[…].email". */
void trace_say_step(char *text, size_t size, const struct bench_names *names, uint32_t name);
/* "1 element", "100 elements". */
void trace_say_count(char *text, size_t size, uint64_t n, const char *singular, const char *plural);

/* What a group belongs to. */
uint32_t trace_sequence_of(const struct bench_names *names, const struct trace_group *group);
uint32_t trace_object_of(const struct bench_names *names, const struct trace_group *group);
uint32_t trace_argument_of(const struct bench_names *names, const struct trace_group *group);

/* The requests that the program got an object by. Any may be NULL. */
struct trace_origin {
    const struct trace_group *call, *lookup, *read;
    uint64_t count; /* how often it was got; 0 = not known */
};
void trace_origin_of(const struct trace_search *search, uint32_t name, struct trace_origin *out);
void trace_origin_keep(struct trace_price *price, const struct trace_tariff *tariff,
                       const struct trace_origin *origin);

/* The cases. members [first, last) are those of the subject. False: there is nothing to save, or
 * (unless forced) too little to speak of. */
bool trace_case_sequence(struct trace_search *search, size_t first, size_t last, bool copy,
                         bool forced, struct trace_case *out);
bool trace_case_object(struct trace_search *search, size_t first, size_t last, bool copy,
                       bool forced, struct trace_case *out);
bool trace_case_argument(struct trace_search *search, size_t first, size_t last, bool forced,
                         struct trace_case *out);
bool trace_case_lookup(struct trace_search *search, const struct trace_group *lookup, bool forced,
                       struct trace_case *out);
bool trace_case_stall(struct trace_search *search, const struct trace_group *group, bool forced,
                      struct trace_case *out);
bool trace_case_batch(struct trace_search *search, const struct trace_group *call,
                      struct trace_case *out);

/* All findings of a kind or several. Those of round trips first: they claim. */
void trace_find_trips(struct trace_search *search);
void trace_find_others(struct trace_search *search);

#endif
