/* SPDX-License-Identifier: MIT */
/*
 * A hundred connections that do what no client should, beside ten that want answers: those get all
 * of them, the server's memory stays bounded, and it lives.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "bench/conn.h"
#include "bench/loop.h"
#include "bench/option.h"
#include "bench/protocol.h"
#include "bench/units.h"
#include "tests/support/server.h"

TestSuite(hostile, .timeout = 240);

enum {
    HOSTILE = 100,
    GOOD = 10,
    SECONDS = 3,
    MEMORY_MAX_KIB = 512 * 1024, /* of all processes of the server; requests are limited to 1 MiB */
};

/* ---- what they send ---- */

struct attack {
    const char *name;
    uint8_t *data;
    size_t length;
    size_t step; /* bytes that are sent at once; 0 = all that the kernel takes */
    bool again;  /* from the start when it is sent; else it is silent from then on */
    bool deaf;   /* never reads an answer */
};

static void take(struct attack *attack, const void *data, size_t length)
{
    attack->data = malloc(length);
    cr_assert_not_null(attack->data);
    memcpy(attack->data, data, length);
    attack->length = length;
}

/* Bytes that have no meaning, but are the same each time. */
static void garbage(struct attack *attack)
{
    static uint8_t bytes[1 << 16];
    uint32_t state = 12345;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        state = state * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(state >> 24);
    }
    take(attack, bytes, sizeof(bytes));
}

static size_t frame(uint8_t *out, const void *payload, size_t n, uint8_t compressed)
{
    const uint8_t head[5] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n,
                             compressed};
    memcpy(out, head, sizeof(head));
    memcpy(out + sizeof(head), payload, n);
    out[sizeof(head) + n] = '\n';
    return n + sizeof(head) + 1;
}

#define BIG ((size_t)64 << 20)

/* 64 MiB of zeros, which is 64 times more than the server takes. */
static void bomb(struct attack *attack)
{
    uint8_t *zeros = calloc(1, BIG), *packed = malloc(1 << 20), *out = malloc(1 << 20);
    uLongf n = 1 << 19;
    cr_assert(zeros != NULL && packed != NULL && out != NULL);
    cr_assert_eq(compress2(packed, &n, zeros, BIG, 9), Z_OK);
    take(attack, out, frame(out, packed, n, 1));
    free(zeros);
    free(packed);
    free(out);
}

static void nested(struct attack *attack)
{
    static uint8_t payload[100000], out[sizeof(payload) + 6];
    memset(payload, 0x10, sizeof(payload)); /* tuples of one */
    memcpy(payload, "\x12\x51\x50", 3);     /* a request */
    take(attack, out, frame(out, payload, sizeof(payload), 0));
}

/* PING with 48 KiB. */
static void flood(struct attack *attack)
{
    static const uint8_t head[] = {0x12, 0x51, 0x52, 0x11, 0x51, 0x11, 0x52,
                                   0x10, 0x0f, 0x00, 0x00, 0xc0, 0x00};
    static uint8_t payload[sizeof(head) + 0xc000], out[sizeof(payload) + 6];
    memset(payload, 'x', sizeof(payload));
    memcpy(payload, head, sizeof(head));
    take(attack, out, frame(out, payload, sizeof(payload), 0));
}

#define TAKE(attack, text) take((attack), text, sizeof(text) - 1)

static size_t rpyc_attacks(struct attack *a)
{
    size_t n = 0;
    a[n].name = "garbage";
    garbage(&a[n++]);
    a[n].name = "half a header";
    TAKE(&a[n++], "\0\0\0");
    a[n].name = "a huge length";
    TAKE(&a[n++], "\xff\xff\xff\xff\0\x12\x51");
    a[n].name = "the largest length that is allowed, and nothing more";
    TAKE(&a[n++], "\x00\x10\x00\x00\0\x12\x51\x50");
    a[n].name = "a bomb";
    bomb(&a[n++]);
    a[n].name = "nesting";
    nested(&a[n++]);
    a[n].name = "slow bytes";
    a[n].step = 1;
    TAKE(&a[n++], "\0\0\0\x08\0\x12\x51\x50\x11\x53\x11\x51\x02\n");
    a[n].name = "unknown handlers";
    a[n].again = true;
    TAKE(&a[n++], "\0\0\0\x08\0\x12\x51\x50\x11\x9f\x11\x51\x02\n"
                  "\0\0\0\x04\0\x12\x51\x52\x50\n");
    a[n].name = "references that do not exist";
    a[n].again = true;
    TAKE(&a[n++], "\0\0\0\x11\0\x12\x51\x51\x11\x54\x11\x53\x12\x08\x0a"
                  "x\x51\x51\x08\x0a"
                  "a\n");
    a[n].name = "a flood without reading";
    a[n].again = a[n].deaf = true;
    flood(&a[n++]);
    return n;
}

static size_t http_attacks(struct attack *a)
{
    static char head[300000];
    size_t n = 0;
    a[n].name = "garbage";
    garbage(&a[n++]);
    a[n].name = "half a line";
    TAKE(&a[n++], "GET /pi");
    a[n].name = "a huge length";
    TAKE(&a[n++],
         "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551615\r\n\r\nx");
    a[n].name = "the largest length that is allowed, and nothing more";
    TAKE(&a[n++], "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\nx");
    a[n].name = "a huge chunk";
    TAKE(&a[n++], "POST /upload_chunked HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "ffffffffffffffff\r\nx");
    a[n].name = "a head without end";
    (void)snprintf(head, sizeof(head), "GET /ping HTTP/1.1\r\nX: %0*d", (int)sizeof(head) - 64, 7);
    take(&a[n++], head, strlen(head));
    a[n].name = "slow bytes";
    a[n].step = 1;
    TAKE(&a[n++], "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n");
    a[n].name = "unknown paths";
    a[n].again = true;
    TAKE(&a[n++], "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
    a[n].name = "bad arguments";
    a[n].again = true;
    TAKE(&a[n++], "GET /download?size=-1&size=%zz HTTP/1.1\r\nHost: x\r\n\r\n");
    a[n].name = "a flood without reading";
    a[n].again = a[n].deaf = true;
    TAKE(&a[n++], "GET /download?size=1048576 HTTP/1.1\r\nHost: x\r\n\r\n");
    return n;
}

/* ---- the hostile hundred, in one thread ---- */

struct mob {
    uint16_t port;
    struct attack attacks[16];
    size_t nattacks;
    atomic_bool stop;
    pthread_t thread;
    uint64_t connections, sent[16]; /* bytes, of each attack */
};

struct rogue {
    int fd;
    size_t at;
};

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void rogue_connect(struct mob *mob, struct rogue *rogue)
{
    const struct sockaddr_in to = loopback(mob->port);
    rogue->at = 0;
    rogue->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (rogue->fd < 0)
        return;
    if (connect(rogue->fd, (const struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS) {
        (void)close(rogue->fd);
        rogue->fd = -1;
        return;
    }
    mob->connections++;
}

/* False when the server has ended the connection. */
static bool rogue_hears(const struct rogue *rogue)
{
    static char sink[1 << 16];
    ssize_t n;
    while ((n = recv(rogue->fd, sink, sizeof(sink), MSG_DONTWAIT)) > 0)
        ;
    return n < 0 && (errno == EAGAIN || errno == ENOTCONN);
}

static bool rogue_says(struct mob *mob, struct rogue *rogue, size_t which)
{
    const struct attack *attack = &mob->attacks[which];
    for (int i = 0; i < 8; i++) {
        if (rogue->at == attack->length) {
            if (!attack->again)
                return true;
            rogue->at = 0;
        }
        size_t n = attack->length - rogue->at;
        if (attack->step > 0 && n > attack->step)
            n = attack->step;
        ssize_t done = send(rogue->fd, attack->data + rogue->at, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (done < 0)
            return errno == EAGAIN || errno == ENOTCONN || errno == EINPROGRESS;
        mob->sent[which] += (uint64_t)done;
        rogue->at += (size_t)done;
        if (attack->step > 0)
            return true;
    }
    return true;
}

static void *mob_main(void *user)
{
    struct mob *mob = user;
    struct rogue rogues[HOSTILE];
    for (size_t i = 0; i < HOSTILE; i++)
        rogue_connect(mob, &rogues[i]);
    while (!atomic_load(&mob->stop)) {
        for (size_t i = 0; i < HOSTILE; i++) {
            struct rogue *rogue = &rogues[i];
            size_t which = i % mob->nattacks;
            bool good = rogue->fd >= 0 && rogue_says(mob, rogue, which) &&
                        (mob->attacks[which].deaf || rogue_hears(rogue));
            if (good)
                continue;
            if (rogue->fd >= 0)
                (void)close(rogue->fd);
            rogue_connect(mob, rogue);
        }
        (void)poll(NULL, 0, 5); /* the machine's cores are for the good ones, too */
    }
    for (size_t i = 0; i < HOSTILE; i++)
        if (rogues[i].fd >= 0)
            (void)close(rogues[i].fd);
    return NULL;
}

static void mob_start(struct mob *mob, const char *protocol, uint16_t port)
{
    memset(mob, 0, sizeof(*mob));
    mob->port = port;
    mob->nattacks =
        strcmp(protocol, "rpyc") == 0 ? rpyc_attacks(mob->attacks) : http_attacks(mob->attacks);
    cr_assert_eq(pthread_create(&mob->thread, NULL, mob_main, mob), 0);
}

static void mob_stop(struct mob *mob)
{
    atomic_store(&mob->stop, true);
    cr_assert_eq(pthread_join(mob->thread, NULL), 0);
    cr_assert_geq(mob->connections, HOSTILE);
    for (size_t i = 0; i < mob->nattacks; i++) {
        cr_assert_gt(mob->sent[i], 0, "nothing was sent of: %s", mob->attacks[i].name);
        free(mob->attacks[i].data);
    }
}

/* ---- the good ten, on one loop ---- */

struct good {
    const struct bench_protocol *protocol;
    struct bench_loop *loop;
    struct bench_address address;
    void *options;
    struct bench_program *program;
    struct bench_conn *conns[GOOD];
    struct bench_op *ops[GOOD];
    uint8_t payload[2000];
};

static void good_make(struct good *g, const char *name, uint16_t port)
{
    static const struct bench_conn_events events = {0};
    const struct bench_spec spec = {.kind = BENCH_SPEC_OPERATION,
                                    .operation = bench_operation_get(BENCH_OP_ECHO)};
    struct bench_error err = {0};
    memset(g, 0, sizeof(*g));
    memset(g->payload, 'g', sizeof(g->payload));
    g->protocol = bench_protocol_find(name, strlen(name));
    cr_assert_not_null(g->protocol);
    const struct bench_protocol *p = g->protocol;
    g->address = (struct bench_address){.host = "127.0.0.1", .port = port};
    cr_assert_eq(bench_address_resolve(&g->address, &err), 0);
    cr_assert(p->global_init == NULL || p->global_init(&err) == 0);
    cr_assert_eq(bench_loop_new(&g->loop, &err), 0);
    cr_assert_eq(bench_options_new(p->options, p->options_size, &g->options, &err), 0);
    cr_assert_eq(p->compile(g->options, &spec, &g->program, &err), 0, "%s", err.msg);
    for (size_t i = 0; i < GOOD; i++) {
        cr_assert_eq(
            bench_conn_new(g->loop, p, g->options, &g->address, &events, NULL, &g->conns[i], &err),
            0);
        cr_assert_eq(bench_open_blocking(g->conns[i], 60 * BENCH_NS_PER_S, &err), 0, "%s", err.msg);
        cr_assert_eq(bench_op_new(p, &g->ops[i], &err), 0);
        g->ops[i]->program = g->program;
        g->ops[i]->tx.data = g->payload;
        g->ops[i]->tx.length = sizeof(g->payload);
        g->ops[i]->timeout_ns = 60 * BENCH_NS_PER_S;
        g->ops[i]->sink.kind = BENCH_SINK_COUNT;
        g->ops[i]->sink.limit = sizeof(g->payload);
    }
}

/* One call of each; all of them answered. */
static void good_round(struct good *g)
{
    for (size_t i = 0; i < GOOD; i++) {
        struct bench_error err = {0};
        bench_op_reset(g->ops[i]);
        cr_assert_eq(bench_call_blocking(g->conns[i], g->ops[i], &err), 0, "connection %zu: %s", i,
                     g->ops[i]->error.msg);
        cr_assert_eq(g->ops[i]->sink.length, sizeof(g->payload));
    }
}

static void good_free(struct good *g)
{
    for (size_t i = 0; i < GOOD; i++) {
        bench_conn_close(g->conns[i]);
        bench_conn_free(g->conns[i]);
        bench_op_free(g->ops[i]);
    }
    g->protocol->program_free(g->program);
    bench_options_free(g->protocol->options, g->options);
    bench_loop_free(g->loop);
    if (g->protocol->global_fini != NULL)
        g->protocol->global_fini();
}

/* ---- the server's memory ---- */

/* A number of /proc/PID/status; 0 when the process has gone. */
static long status_number(pid_t pid, const char *key)
{
    char path[64], line[256];
    long number = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    size_t n = strlen(key);
    while (fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, key, n) == 0)
            number = strtol(line + n, NULL, 10);
    (void)fclose(file);
    return number;
}

/* KiB that the server and its children have for themselves. */
static long memory_of(pid_t server)
{
    long sum = status_number(server, "RssAnon:");
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    cr_assert_not_null(proc);
    while ((entry = readdir(proc)) != NULL) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid > 0 && status_number(pid, "PPid:") == server)
            sum += status_number(pid, "RssAnon:");
    }
    (void)closedir(proc);
    return sum;
}

/* ---- the test ---- */

static void among_a_hundred(const char *protocol, const char *client, const char *mode)
{
    static const char *const limits[] = {"--max-message", "1MiB", "--log", "error", NULL};
    const struct support_server_spec spec = {
        .protocol = protocol, .mode = mode, .clients = HOSTILE + GOOD + 1, .extra = limits};
    struct support_server server;
    struct bench_error err = {0};
    struct good *good = malloc(sizeof(*good));
    struct mob *mob = malloc(sizeof(*mob));
    long most = 0;
    int rounds = 0;
    cr_assert(good != NULL && mob != NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    cr_assert_eq(support_server_start(&spec, &server, &err), 0, "%s", err.msg);
    good_make(good, client, server.port);
    mob_start(mob, protocol, server.port);
    const int64_t end_ns = bench_now_ns() + SECONDS * BENCH_NS_PER_S;
    while (bench_now_ns() < end_ns) {
        good_round(good);
        if (rounds++ % 16 == 0) {
            long now = memory_of(server.pid);
            most = now > most ? now : most;
        }
    }
    mob_stop(mob);
    cr_assert_gt(most, 0);
    cr_assert_lt(most, MEMORY_MAX_KIB, "the server had %ld KiB", most);
    good_round(good);
    good_free(good);
    good_make(good, client, server.port); /* new ones are welcome */
    good_round(good);
    good_free(good);
    cr_assert_eq(kill(server.pid, 0), 0);
    cr_assert_eq(support_server_stop(&server), 0);
    fprintf(stderr, "%s/%s: %d rounds, %ld KiB, %llu hostile connections\n", protocol, mode, rounds,
            most, (unsigned long long)mob->connections);
    free(good);
    free(mob);
}

Test(hostile, rpyc_threaded) { among_a_hundred("rpyc", "rpyc", "threaded"); }
Test(hostile, rpyc_forking) { among_a_hundred("rpyc", "rpyc", "forking"); }
Test(hostile, http_threaded) { among_a_hundred("http", "http-raw", "threaded"); }
Test(hostile, http_forking) { among_a_hundred("http", "http-raw", "forking"); }
