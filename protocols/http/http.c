/* SPDX-License-Identifier: MIT */
#include "protocols/http/http.h"

#include <errno.h>
#include <stdlib.h>

#include "protocols/http/http_conn.h"
#include "protocols/http/http_server.h"

static const struct bench_scheme schemes[] = {
    {"http", false, 80, NULL},
    {"https", true, 443, NULL},
    {NULL, false, 0, NULL},
};

const struct bench_option http_option_table[] = {
    {.name = "keepalive",
     .type = BENCH_OPTION_BOOL,
     .offset = offsetof(struct http_options, keepalive),
     .default_text = "on",
     .help = "keep the TCP connection between requests; off: a new one for each request"},
    {.name = "max-reply",
     .type = BENCH_OPTION_SIZE,
     .offset = offsetof(struct http_options, max_reply),
     .default_text = "1GiB",
     .min = 1024,
     .max = 1e12,
     .help = "largest body of a reply that is accepted"},
    {.name = "tls",
     .type = BENCH_OPTION_BOOL,
     .offset = offsetof(struct http_options, tls),
     .default_text = "off",
     .help = "over TLS; a server that is started gets a certificate made for the run"},
    {.name = NULL},
};

static int compile(const void *opts, const struct bench_spec *spec, struct bench_program **out,
                   struct bench_error *err)
{
    (void)opts;
    struct http_program *program = calloc(1, sizeof(*program));
    if (program == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    int rc = http_program_init(program, &http_protocol, spec, err);
    if (rc < 0) {
        free(program);
        return rc;
    }
    *out = &program->base;
    return 0;
}

static void program_free(struct bench_program *program) { free(program); }

const struct bench_protocol http_protocol = {
    .abi = BENCH_ABI,
    .size = sizeof(struct bench_protocol),
    .name = "http",
    .summary = "HTTP/1.1 with JSON and plain bodies (client: libcurl)",
    .caps = BENCH_CAP_RECORDS | BENCH_CAP_LAZY_CONNECT | BENCH_CAP_RECONNECTS | BENCH_CAP_STREAM_UP |
            BENCH_CAP_STREAM_DOWN | BENCH_CAP_UNIX | BENCH_CAP_TLS,
    .role = BENCH_ROLE_NORMAL,
    .max_inflight = 1,
    .max_payload = HTTP_MAX_PAYLOAD,
    .schemes = schemes,
    .unavailable = http_client_unavailable,
    .options = http_option_table,
    .options_size = sizeof(struct http_options),
    .global_init = http_client_init,
    .global_fini = http_client_fini,
    .compile = compile,
    .program_free = program_free,
    .conn_size = sizeof(struct http_conn),
    .conn_open = http_conn_open,
    .submit = http_conn_submit,
    .cancel = http_conn_cancel,
    .conn_close = http_conn_close,
    .conn_fini = http_conn_fini,
    .server = &http_server_ops,
    .libraries = http_client_libraries,
    .family = "http",
    .client_library = "libcurl",
    .conn_descriptors = 3, /* a multi handle of its own has a pair of sockets to be woken by */
};
