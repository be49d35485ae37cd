/* SPDX-License-Identifier: MIT */
#include "protocols/http/http_raw.h"

#include <errno.h>
#include <stdlib.h>

#include "protocols/http/http.h"
#include "protocols/http/http_server.h"

static const struct bench_scheme schemes[] = {
    {"http-raw", false, 80, NULL},
    {"https-raw", true, 443, NULL},
    {NULL, false, 0, NULL},
};

static int compile(const void *opts, const struct bench_spec *spec, struct bench_program **out,
                   struct bench_error *err)
{
    const struct http_options *given = opts;
    struct http_raw_program *program = calloc(1, sizeof(*program));
    if (program == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    int rc = http_program_init(&program->http, &http_raw_protocol, spec, err);
    if (rc < 0) {
        free(program);
        return rc;
    }
    http_raw_spell(program, given->keepalive);
    *out = &program->http.base;
    return 0;
}

static void program_free(struct bench_program *program) { free(program); }

const struct bench_protocol http_raw_protocol = {
    .abi = BENCH_ABI,
    .size = sizeof(struct bench_protocol),
    .name = "http-raw",
    .summary = "HTTP/1.1 as http, without a client library",
    .caps = BENCH_CAP_RECORDS | BENCH_CAP_RECONNECTS | BENCH_CAP_STREAM_UP | BENCH_CAP_STREAM_DOWN | BENCH_CAP_UNIX |
            BENCH_CAP_TLS,
    .role = BENCH_ROLE_NORMAL,
    .max_inflight = 1, /* what applications do; browsers gave pipelining up */
    .max_payload = HTTP_MAX_PAYLOAD,
    .schemes = schemes,
    .options = http_option_table,
    .options_size = sizeof(struct http_options),
    .compile = compile,
    .program_free = program_free,
    .conn_size = sizeof(struct http_raw_conn),
    .conn_open = http_raw_open,
    .submit = http_raw_submit,
    .cancel = http_raw_cancel,
    .conn_close = http_raw_close,
    .conn_fini = http_raw_fini,
    .server = &http_server_ops,
    .family = "http",
};
