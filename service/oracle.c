/* SPDX-License-Identifier: MIT */
#include "service/oracle.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "bench/units.h"
#include "core/random.h"

#define RATE_MAX 1000000
/* Timers of virtual machines wake up 20 to 50 us late; that much is waited for on the core. */
#define SPIN_NS (80 * BENCH_NS_PER_US)
/* Keeps an oracle's stream apart from that of a schedule with the same seed. */
#define STREAM UINT64_C(0x6f7261636c652121)

/* What all sessions share, in memory that forked ones share too. */
struct shared {
    pthread_mutex_t lock;
    struct bench_oracle_queue queue; /* under lock */
};

/* Of this process, set before its first session (like the payload), constant then. */
static struct shared *shared;
static struct bench_oracle_report *report; /* NULL = nobody wants to know */
static size_t room;                        /* records that fit it */

/* ---- what was asked for ---- */

static int parse_rate(const char *name, const char *text, struct bench_oracle_spec *out,
                      struct bench_error *err)
{
    int64_t rate = 0;
    const int rc = bench_parse_int(text, 1, RATE_MAX, &rate, err);
    if (rc < 0)
        bench_error_prefix(err, name);
    else
        out->service_ns = llround((double)BENCH_NS_PER_S / (double)rate);
    return rc;
}

static int parse_time(const char *name, const char *text, int64_t *out, struct bench_error *err)
{
    int rc = bench_parse_duration(text, out, err);
    if (rc == 0 && *out <= 0)
        rc = bench_fail(err, -EINVAL, "'%s' is no time to wait", text);
    if (rc < 0)
        bench_error_prefix(err, name);
    return rc;
}

static int parse_mm1(char *value, struct bench_oracle_spec *out, struct bench_error *err)
{
    char *comma = strchr(value, ',');
    if (comma != NULL) {
        int64_t seed = 0;
        *comma++ = '\0';
        if (strncmp(comma, "seed=", 5) != 0)
            return bench_fail(err, -EINVAL, "oracle mm1: '%s' is not seed=N", comma);
        if (bench_parse_int(comma + 5, 0, INT64_MAX, &seed, err) < 0) {
            bench_error_prefix(err, "oracle mm1: seed ");
            return -EINVAL;
        }
        out->seed = (uint64_t)seed;
    }
    return parse_rate("oracle mm1: rate ", value, out, err);
}

static int parse_freeze(char *value, struct bench_oracle_spec *out, struct bench_error *err)
{
    char *colon = strchr(value, ':');
    if (colon == NULL)
        return bench_fail(err, -EINVAL, "oracle freeze: '%s' is not AT:FOR", value);
    *colon++ = '\0';
    const int rc = parse_time("oracle freeze: ", value, &out->freeze_at_ns, err);
    return rc < 0 ? rc : parse_time("oracle freeze: ", colon, &out->freeze_for_ns, err);
}

int bench_oracle_parse(const char *text, struct bench_oracle_spec *out, struct bench_error *err)
{
    char copy[96];
    struct bench_oracle_spec spec = {.kind = BENCH_ORACLE_ZERO};
    if (strlen(text) >= sizeof(copy))
        return bench_fail(err, -EINVAL, "oracle '%.40s...' is too long", text);
    (void)snprintf(copy, sizeof(copy), "%s", text);
    char *value = strchr(copy, '=');
    if (value != NULL)
        *value++ = '\0';
    int rc = 0;
    if (strcmp(copy, "zero") == 0 && value == NULL) {
        spec.kind = BENCH_ORACLE_ZERO;
    } else if (strcmp(copy, "fixed") == 0 && value != NULL) {
        spec.kind = BENCH_ORACLE_FIXED;
        rc = parse_time("oracle fixed: ", value, &spec.service_ns, err);
    } else if (strcmp(copy, "mm1") == 0 && value != NULL) {
        spec.kind = BENCH_ORACLE_MM1;
        rc = parse_mm1(value, &spec, err);
    } else if (strcmp(copy, "md1") == 0 && value != NULL) {
        spec.kind = BENCH_ORACLE_MD1;
        rc = parse_rate("oracle md1: rate ", value, &spec, err);
    } else if (strcmp(copy, "freeze") == 0 && value != NULL) {
        spec.kind = BENCH_ORACLE_FREEZE;
        rc = parse_freeze(value, &spec, err);
    } else {
        rc = bench_fail(err, -EINVAL,
                        "oracle '%s' is not zero, fixed=TIME, mm1=RATE[,seed=N], md1=RATE or "
                        "freeze=AT:FOR",
                        text);
    }
    if (rc == 0)
        *out = spec;
    return rc < 0 ? -EINVAL : 0;
}

/* ---- the queue ---- */

void bench_oracle_queue_init(struct bench_oracle_queue *queue, const struct bench_oracle_spec *spec)
{
    *queue = (struct bench_oracle_queue){.spec = *spec, .random = spec->seed ^ STREAM};
    queue->random = bench_random_next(&queue->random);
}

int64_t bench_oracle_service(struct bench_oracle_queue *queue)
{
    const struct bench_oracle_spec *spec = &queue->spec;
    if (spec->kind != BENCH_ORACLE_MM1)
        return spec->service_ns; /* 0 of those that do not serve */
    return llround((double)spec->service_ns * bench_random_exponential(&queue->random));
}

int64_t bench_oracle_departure(struct bench_oracle_queue *queue, int64_t arrival_ns,
                               int64_t service_ns)
{
    const struct bench_oracle_spec *spec = &queue->spec;
    if (queue->first_ns == 0)
        queue->first_ns = arrival_ns;
    switch (spec->kind) {
    case BENCH_ORACLE_MM1:
    case BENCH_ORACLE_MD1:
        queue->free_ns = (arrival_ns > queue->free_ns ? arrival_ns : queue->free_ns) + service_ns;
        return queue->free_ns;
    case BENCH_ORACLE_FREEZE: {
        const int64_t from_ns = queue->first_ns + spec->freeze_at_ns;
        const int64_t until_ns = from_ns + spec->freeze_for_ns;
        return arrival_ns >= from_ns && arrival_ns < until_ns ? until_ns : arrival_ns;
    }
    case BENCH_ORACLE_ZERO:
    case BENCH_ORACLE_FIXED:
        break;
    }
    return arrival_ns + service_ns;
}

/* ---- in the server ---- */

size_t bench_oracle_report_size(size_t requests)
{
    return sizeof(struct bench_oracle_report) + requests * sizeof(struct bench_oracle_record);
}

static struct bench_oracle_record *records(void)
{
    return (struct bench_oracle_record *)(report + 1);
}

static int map_report(int fd, struct bench_error *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || st.st_size < (off_t)bench_oracle_report_size(1))
        return bench_fail(err, -EINVAL, "descriptor %d is no file with room for a report", fd);
    void *at = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return bench_fail(err, -errno, "descriptor %d cannot be mapped: %s", fd,
                          bench_errno_text(errno));
    report = at;
    room = ((size_t)st.st_size - sizeof(*report)) / sizeof(struct bench_oracle_record);
    *report = (struct bench_oracle_report){.magic = BENCH_ORACLE_MAGIC};
    return 0;
}

/* A part of the instrument, as the client's workers are, and no contestant: threads and forked
 * processes inherit it. */
static void raise_priority(void)
{
    const struct sched_param param = {.sched_priority = 1};
    if (sched_setscheduler(0, SCHED_FIFO, &param) < 0)
        (void)setpriority(PRIO_PROCESS, 0, -20);
}

int bench_oracle_start(const char *text, int report_fd, struct bench_error *err)
{
    struct bench_oracle_spec spec;
    pthread_mutexattr_t attributes;
    int rc = bench_oracle_parse(text, &spec, err);
    if (rc == 0 && report_fd >= 0)
        rc = map_report(report_fd, err);
    if (rc < 0)
        return rc;
    struct shared *made =
        mmap(NULL, sizeof(*made), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED)
        return bench_fail(err, -errno, "no memory for an oracle: %s", bench_errno_text(errno));
    (void)pthread_mutexattr_init(&attributes);
    (void)pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    (void)pthread_mutex_init(&made->lock, &attributes);
    (void)pthread_mutexattr_destroy(&attributes);
    bench_oracle_queue_init(&made->queue, &spec);
    shared = made;
    raise_priority();
    return 0;
}

/* Joins the queue. The record to be completed, NULL = none. */
static struct bench_oracle_record *join_queue(int64_t *due_ns)
{
    struct bench_oracle_record *record = NULL;
    (void)pthread_mutex_lock(&shared->lock);
    struct bench_oracle_queue *queue = &shared->queue;
    const int64_t service_ns = bench_oracle_service(queue);
    const int64_t now_ns = bench_now_ns(); /* under the lock: who is first in line came first */
    *due_ns = bench_oracle_departure(queue, now_ns, service_ns);
    if (report != NULL) {
        if (report->count < room) {
            record = &records()[report->count];
            *record = (struct bench_oracle_record){
                .arrival_ns = now_ns, .service_ns = service_ns, .due_ns = *due_ns};
        }
        report->count++;
        report->first_ns = queue->first_ns;
    }
    (void)pthread_mutex_unlock(&shared->lock);
    return record;
}

int bench_oracle_serve(struct bench_session *session)
{
    if (shared == NULL)
        return 0;
    int64_t due_ns;
    struct bench_oracle_record *record = join_queue(&due_ns);
    int64_t now_ns = bench_now_ns();
    while (due_ns - now_ns > SPIN_NS) {
        const int rc = bench_session_sleep(session, due_ns - now_ns - SPIN_NS);
        if (rc < 0)
            return rc;
        now_ns = bench_now_ns();
    }
    while (now_ns < due_ns)
        now_ns = bench_now_ns();
    if (record != NULL)
        record->left_ns = now_ns;
    return 0;
}
