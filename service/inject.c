/* SPDX-License-Identifier: MIT */
#include "service/inject.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/session.h"
#include "bench/units.h"

/* The clock of the thread's CPU is a system call of some 200 ns: too coarse for a spin of a
 * microsecond, in which nothing else gets the core anyway. Longer ones are counted by it, so that
 * they cost the same CPU however often they are interrupted. */
#define BY_THREAD_CLOCK_NS INT64_C(50000)

/* Written before there are sessions, then read only; the service itself is constant. */
static struct bench_inject injected;

int bench_inject_parse(const char *text, struct bench_inject *out, struct bench_error *err)
{
    struct bench_inject parsed = {0, 0};
    char copy[96];
    if (strlen(text) >= sizeof(copy))
        return bench_fail(err, -EINVAL, "'%.40s...' is too long", text);
    (void)snprintf(copy, sizeof(copy), "%s", text);
    char *rest = copy, *word;
    while ((word = strsep(&rest, ",")) != NULL) {
        const bool is_cpu = strncmp(word, "cpu=", 4) == 0;
        if (!is_cpu && strncmp(word, "delay=", 6) != 0)
            return bench_fail(err, -EINVAL, "'%s' is neither cpu=TIME nor delay=TIME", word);
        int64_t *member = is_cpu ? &parsed.cpu_ns : &parsed.delay_ns;
        int rc = bench_parse_duration(strchr(word, '=') + 1, member, err);
        if (rc < 0)
            return rc;
        if (*member > BENCH_INJECT_MAX_NS)
            return bench_fail(err, -EINVAL, "'%s' is more than a second", word);
    }
    *out = parsed;
    return 0;
}

void bench_inject_set(const struct bench_inject *inject) { injected = *inject; }

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * BENCH_NS_PER_S + now.tv_nsec;
}

static void spin(int64_t ns)
{
    const clockid_t clock = ns < BY_THREAD_CLOCK_NS ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID;
    const int64_t end = read_clock(clock) + ns;
    while (read_clock(clock) < end)
        ;
}

int bench_inject_run(struct bench_call *call)
{
    if (injected.cpu_ns > 0)
        spin(injected.cpu_ns);
    if (injected.delay_ns > 0 && call->session != NULL)
        return bench_session_sleep(call->session, injected.delay_ns);
    return 0;
}
