/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc.h"

#include "protocols/rpyc/rpyc_client.h"

static const char *const call_styles[] = {"plain", "cached", NULL};
static const char *const versions[] = {"auto", "5", "6", NULL};
static const char *const sockets[] = {"auto", "python", "fast", NULL};

static const struct bench_option options[] = {
    {.name = "call",
     .type = BENCH_OPTION_ENUM,
     .offset = offsetof(struct rpyc_options, call),
     .default_text = "plain",
     .choices = call_styles,
     .help = "plain: conn.root.x() as written, two round trips; cached: a bound method kept, one"},
    {.name = "version",
     .type = BENCH_OPTION_ENUM,
     .offset = offsetof(struct rpyc_options, version),
     .default_text = "auto",
     .choices = versions,
     .help = "message layout: 5 (rpyc 4 and 5), 6 (rpyc 6), auto tries 6 first"},
    {.name = "socket",
     .type = BENCH_OPTION_ENUM,
     .offset = offsetof(struct rpyc_options, socket),
     .default_text = "auto",
     .choices = sockets,
     .help = "python: no TCP_NODELAY, as rpyc does (auto too); fast: TCP_NODELAY and QUICKACK"},
    {.name = "max-frame",
     .type = BENCH_OPTION_SIZE,
     .offset = offsetof(struct rpyc_options, max_frame),
     .default_text = "64MiB",
     .min = 1024,
     .max = 1 << 30,
     .help = "largest frame that is accepted, as it is sent"},
    {.name = "max-inflate",
     .type = BENCH_OPTION_SIZE,
     .offset = offsetof(struct rpyc_options, max_inflate),
     .default_text = "64MiB",
     .min = 1024,
     .max = 1 << 30,
     .help = "largest message that is accepted after inflating"},
    {.name = NULL},
};

const struct bench_protocol rpyc_protocol = {
    .abi = BENCH_ABI,
    .size = sizeof(struct bench_protocol),
    .name = "rpyc",
    .summary = "RPyC's own wire protocol, versions 4 to 6",
    .caps = BENCH_CAP_CANCEL_KEEPS,
    .role = BENCH_ROLE_NORMAL,
    .max_inflight = 1,
    .max_payload = (uint64_t)1 << 30,
    .schemes = (const struct bench_scheme[]){{"rpyc", false, 18812},
                                             {"rpycs", true, 18821},
                                             {NULL, false, 0}},
    .options = options,
    .options_size = sizeof(struct rpyc_options),
    .latency_variant = "call=cached",
    .bulk_ns_per_byte = 20, /* zlib at level 1 */
    .compile = rpyc_compile,
    .program_free = rpyc_program_free,
    .conn_size = sizeof(struct rpyc_client),
    .conn_open = rpyc_client_open,
    .submit = rpyc_client_submit,
    .cancel = rpyc_client_cancel,
    .conn_close = rpyc_client_close,
    .conn_fini = rpyc_client_fini,
    .server = &rpyc_server_ops,
};
