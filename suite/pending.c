/* SPDX-License-Identifier: MIT */
/* Weak stand-ins while rooms are being built on other branches; removed when they are merged. */
#include <errno.h>

#include "suite/clients.h"
#include "suite/distance.h"
#include "suite/driver.h"

#define PENDING __attribute__((weak))

PENDING int bench_distance_calibrate(int64_t *out, struct bench_error *err)
{
    (void)out;
    return bench_fail(err, -ENOSYS, "pending");
}
PENDING void bench_distances_init(struct bench_distances *distances,
                                  const struct bench_address *server)
{
    distances->n = 0;
    if (server != NULL)
        distances->server = *server;
}
PENDING int bench_distances_at(struct bench_distances *distances, int64_t rtt_ns,
                               int64_t overhead_ns, const struct bench_address **out,
                               struct bench_error *err)
{
    (void)overhead_ns;
    *out = &distances->server;
    return rtt_ns == 0 ? 0 : bench_fail(err, -ENOSYS, "pending");
}
PENDING void bench_distances_fini(struct bench_distances *distances) { (void)distances; }
