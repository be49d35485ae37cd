/* SPDX-License-Identifier: MIT */
/* The invented targets of fixture_run.c, which alone includes this. Fixtures name them by their
 * place: new ones go to the end. */
#ifndef SUPPORT_FIXTURE_PROFILES_H
#define SUPPORT_FIXTURE_PROFILES_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/protocol.h"

/* What an invented target costs. Times in microseconds. */
static const struct profile {
    const char *protocol, *options, *mode, *server, *label;
    enum bench_role role;
    int64_t response, server_cpu, client_cpu; /* of one small request */
    unsigned trips, frames, bytes;
    bool one_core; /* its server cannot use more */
    const char *family, *library, *client; /* NULL: the protocol's name, "", "native" */
} profiles[] = {
    {"rpyc", "", "threaded", "native", "", BENCH_ROLE_NORMAL, 46, 13, 5, 2, 4, 186, false, NULL,
     NULL, NULL},
    {"rpyc", "", "forking", "native", "", BENCH_ROLE_NORMAL, 47, 13, 5, 2, 4, 186, false, NULL,
     NULL, NULL},
    {"rpyc", "", "threaded", "python", "", BENCH_ROLE_NORMAL, 240, 205, 8, 2, 4, 186, true, NULL,
     NULL, NULL},
    {"rpyc", "", "forking", "python", "", BENCH_ROLE_NORMAL, 247, 206, 8, 2, 4, 186, false, NULL,
     NULL, NULL},
    {"http", "", "threaded", "native", "", BENCH_ROLE_NORMAL, 62, 16, 19, 1, 2, 241, false,
     "http", "libcurl", NULL},
    {"http", "", "forking", "native", "", BENCH_ROLE_NORMAL, 63, 16, 19, 1, 2, 241, false, "http",
     "libcurl", NULL},
    {"http", "", "threaded", "python", "", BENCH_ROLE_NORMAL, 512, 470, 24, 1, 2, 318, true,
     "http", "libcurl", NULL},
    {"http", "", "forking", "python", "", BENCH_ROLE_NORMAL, 520, 471, 24, 1, 2, 318, false,
     "http", "libcurl", NULL},
    {"http", "", "threaded", "gunicorn", "pool of 1 x 8", BENCH_ROLE_NORMAL, 940, 890, 25, 1, 2,
     352, true, "http", "libcurl", NULL},
    {"http", "", "forking", "gunicorn", "pool of 2 x 8", BENCH_ROLE_NORMAL, 955, 893, 25, 1, 2,
     352, false, "http", "libcurl", NULL},
    {"rpyc", "call=cached", "threaded", "python", "", BENCH_ROLE_NORMAL, 127, 104, 6, 1, 2, 91,
     true, NULL, NULL, NULL},
    {"tcp", "", "threaded", "native", "", BENCH_ROLE_FLOOR, 38, 7, 4, 1, 2, 22, false, NULL, NULL,
     NULL},
    {"tcp", "", "forking", "native", "", BENCH_ROLE_FLOOR, 39, 7, 4, 1, 2, 22, false, NULL, NULL,
     NULL},
    {"inproc", "", "", "", "", BENCH_ROLE_RULER, 1, 0, 1, 1, 2, 0, false, NULL, NULL, NULL},
    {"http-raw", "", "threaded", "native", "", BENCH_ROLE_NORMAL, 50, 15, 6, 1, 2, 201, false,
     "http", NULL, NULL},
    {"http-raw", "", "threaded", "python", "", BENCH_ROLE_NORMAL, 455, 420, 9, 1, 2, 278, true,
     "http", NULL, NULL},
    {"rpyc", "", "threaded", "python", "", BENCH_ROLE_NORMAL, 420, 205, 190, 2, 4, 186, true,
     NULL, "rpyc", "python"},
    {"http", "", "threaded", "python", "", BENCH_ROLE_NORMAL, 1480, 480, 930, 1, 2, 402, true,
     "http", "requests", "python"},
};

#endif
