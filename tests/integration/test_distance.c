/* SPDX-License-Identifier: MIT */
/* Relays of their own for round-trip times, as a run uses them. */
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/units.h"
#include "rig.h"
#include "suite/distance.h"
#include "tests/support/files.h"

#define MS BENCH_NS_PER_MS

static struct bench_distances distances;
static int listener, descriptors;

static void begin(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct bench_address server = {.host = "127.0.0.1"};
    socklen_t length = sizeof(at);

    rig_adopt();
    support_use_helper();
    bench_distance_set_program(rig_bench());
    descriptors = support_fd_count();
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(listener, (struct sockaddr *)&at, length), 0);
    cr_assert_eq(listen(listener, 16), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&at, &length), 0);
    server.port = ntohs(at.sin_port);
    cr_assert_eq(bench_address_resolve(&server, NULL), 0);
    bench_distances_init(&distances, &server);
}

static void end(void)
{
    bench_distances_fini(&distances);
    bench_distances_fini(&distances); /* once more does no harm */
    close(listener);
    cr_expect_eq(support_fd_count(), descriptors);
    rig_assert_nobody_left();
}

TestSuite(distance, .init = begin, .fini = end, .timeout = 120);

/* Times from a first byte to its echo and from a second one. */
static void exchange(const struct bench_address *address, int64_t times_ns[2])
{
    struct sockaddr_in at;
    char byte = 'x';
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(&at, address->sockaddr, sizeof(at));
    cr_assert_eq(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
    int server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    for (int i = 0; i < 2; i++) {
        int64_t begin_ns = bench_now_ns();

        cr_assert_eq(send(client, &byte, 1, 0), 1);
        cr_assert_eq(recv(server, &byte, 1, 0), 1);
        cr_assert_eq(send(server, &byte, 1, 0), 1);
        cr_assert_eq(recv(client, &byte, 1, 0), 1);
        times_ns[i] = bench_now_ns() - begin_ns;
    }
    close(client);
    close(server);
}

Test(distance, round_trips_take_at_least_so_long)
{
    const struct bench_address *address, *again;
    int64_t times_ns[2];
    struct bench_error err = {0};

    cr_assert_eq(bench_distances_at(&distances, 0, 0, &address, &err), 0);
    cr_expect_eq(address, &distances.server, "nothing between");
    cr_expect_eq(distances.n, 0);
    for (int i = 0; i < 2; i++) {
        int64_t rtt_ns = (6 + 4 * i) * MS, overhead_ns = i * 2 * MS;

        cr_assert_eq(bench_distances_at(&distances, rtt_ns, overhead_ns, &address, &err), 0, "%s",
                     err.msg);
        exchange(address, times_ns);
        cr_expect_geq(times_ns[0], 2 * (rtt_ns - overhead_ns), "with the handshake");
        cr_expect_geq(times_ns[1], rtt_ns - overhead_ns);
    }
    cr_assert_eq(bench_distances_at(&distances, 10 * MS, 0, &again, &err), 0);
    cr_expect_eq(again, address, "it is there already");
    cr_expect_eq(distances.n, 2);
}

Test(distance, shorter_than_what_a_relay_adds)
{
    const struct bench_address *address;
    int64_t times_ns[2];

    cr_assert_eq(bench_distances_at(&distances, 1000, MS, &address, NULL), 0);
    exchange(address, times_ns);
}

Test(distance, no_more_than_there_is_room_for)
{
    const struct bench_address *address;
    struct bench_error err = {0};

    for (int i = 1; i <= BENCH_DISTANCES_MAX; i++)
        cr_assert_eq(bench_distances_at(&distances, i * MS, 0, &address, &err), 0, "%s", err.msg);
    cr_expect_eq(bench_distances_at(&distances, 99 * MS, 0, &address, &err), -ENOSPC);
    cr_expect_eq(bench_distances_at(&distances, MS, 0, &address, &err), 0);
}

Test(distance, relays_run_where_they_are_told_to)
{
    const struct bench_address *address;
    cpu_set_t cpus, got;

    cr_assert_eq(sched_getaffinity(0, sizeof(got), &got), 0);
    CPU_ZERO(&cpus);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&cpus) == 0; i++)
        if (CPU_ISSET(i, &got))
            CPU_SET(i, &cpus);
    distances.cpus = &cpus;
    cr_assert_eq(bench_distances_at(&distances, MS, 0, &address, NULL), 0);
    cr_assert_eq(sched_getaffinity(distances.relays[0].pid, sizeof(got), &got), 0);
    cr_expect(CPU_EQUAL(&cpus, &got));
}

Test(distance, calibration)
{
    int64_t overhead_ns = -1;
    struct bench_error err = {0};

    cr_assert_eq(bench_distance_calibrate(&overhead_ns, &err), 0, "%s", err.msg);
    cr_expect_geq(overhead_ns, 0);
    bench_distance_set_program("/no/such/program");
    cr_expect_eq(bench_distance_calibrate(&overhead_ns, &err), -ENOENT);
    rig_assert_has(err.msg, "/no/such/program");
}

Test(distance, what_a_relay_says_is_passed_on)
{
    const struct bench_address *address = NULL;
    struct bench_error err = {0};

    (void)snprintf(distances.server.host, sizeof(distances.server.host), "no-such-host.invalid");
    cr_expect_eq(bench_distances_at(&distances, MS, 0, &address, &err), -EIO);
    rig_assert_has(err.msg, "relay: ");
    rig_assert_has(err.msg, "no-such-host.invalid");
    cr_expect_null(address);
    cr_expect_eq(distances.n, 0);
}
