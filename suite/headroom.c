/* SPDX-License-Identifier: MIT */
#include "suite/headroom.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <sys/resource.h>

#include "bench/units.h"

#define KIB  1024.0
#define KEEP 0.2 /* of what is available, for everything else */

/* Measured on Linux 6.18, rounded up; the program's own memory on a server's side stands in
 * servers.def. */
enum {
    KERNEL_THREAD_KIB = 32,   /* stack, task, both ends of an idle connection */
    KERNEL_PROCESS_KIB = 128, /* and page tables and memory maps */
    CLIENT_KIB = 70,          /* of a connection of our own loop, by whatever library */
    PROGRAM_KIB = 24 << 10,   /* of a Python client, with its libraries */
    PROGRAM_THREAD_KIB = 160, /* of each of its connections: a thread with its session */
    OTHER_DESCRIPTORS = 64,   /* of any process, besides connections */
    OTHER_TASKS = 64,         /* started by something else meanwhile */
    PROGRAM_DESCRIPTORS = 2,  /* of a Python client's connection */
};

void bench_headroom_need(const struct bench_protocol *protocol,
                         const struct bench_server_row *server, int clients, int client_processes,
                         struct bench_headroom_need *out)
{
    const int processes = client_processes < clients ? client_processes : clients;
    double kib = 0;
    uint64_t tasks = OTHER_TASKS, per_process = (uint64_t)clients, each = 1;
    if (server != NULL) {
        const bool forks = server->per_connection == BENCH_SERVER_PROCESS;
        kib +=
            clients * (double)(server->pss_kib + (forks ? KERNEL_PROCESS_KIB : KERNEL_THREAD_KIB));
        tasks += (uint64_t)clients;
    }
    if (processes > 0) {
        kib += processes * (double)PROGRAM_KIB;
        kib += clients * (double)(PROGRAM_THREAD_KIB + KERNEL_THREAD_KIB);
        tasks += (uint64_t)clients + (uint64_t)processes;
        per_process = ((uint64_t)clients + (uint64_t)processes - 1) / (uint64_t)processes;
        each = PROGRAM_DESCRIPTORS;
    } else {
        kib += clients * (double)CLIENT_KIB;
        if (protocol->conn_descriptors > 0)
            each = (uint64_t)protocol->conn_descriptors;
    }
    *out = (struct bench_headroom_need){
        .clients = clients,
        .memory_bytes = kib * KIB,
        .client_descriptors = per_process * each + OTHER_DESCRIPTORS,
        .server_descriptors = server == NULL ? 0 : (uint64_t)clients + OTHER_DESCRIPTORS,
        .tasks = tasks,
    };
}

static int judge_descriptors(const char *who, uint64_t needed, const struct bench_headroom *have,
                             int clients, struct bench_error *err)
{
    if (needed <= have->descriptors)
        return 0;
    return bench_fail(err, -EMFILE,
                      "%d connections: the %s needs %" PRIu64 " descriptors, the limit is %" PRIu64,
                      clients, who, needed, have->descriptors);
}

int bench_headroom_judge(const struct bench_headroom *have, const struct bench_headroom_need *need,
                         struct bench_error *err)
{
    const double usable = have->memory_bytes * (1 - KEEP);
    int rc = judge_descriptors("client", need->client_descriptors, have, need->clients, err);
    if (rc == 0)
        rc = judge_descriptors("server", need->server_descriptors, have, need->clients, err);
    if (rc < 0)
        return rc;
    if (need->tasks > have->tasks)
        return bench_fail(err, -EAGAIN,
                          "%d connections need %" PRIu64 " threads and processes, %" PRIu64
                          " more may be started",
                          need->clients, need->tasks, have->tasks);
    if (need->memory_bytes > usable)
        return bench_fail(err, -ENOMEM,
                          "%d connections need about %s of memory, %s are free (less a reserve of "
                          "%.0f %%)",
                          need->clients, bench_format_size(need->memory_bytes).s,
                          bench_format_size(usable).s, KEEP * 100);
    return 0;
}

int bench_headroom_check(const struct bench_protocol *protocol,
                         const struct bench_server_row *server, int clients, int client_processes,
                         struct bench_error *err)
{
    struct bench_headroom have;
    struct bench_headroom_need need;
    bench_headroom_read("", &have);
    bench_headroom_need(protocol, server, clients, client_processes, &need);
    return bench_headroom_judge(&have, &need, err);
}

void bench_headroom_raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* bench_headroom_check knows the hard limit only */
}
