/* SPDX-License-Identifier: MIT */
#include "suite/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/units.h"

int cli_parse_endpoint(const char *text, int64_t least_port, struct bench_address *out,
                       struct bench_error *err)
{
    const char *colon = strrchr(text, ':'), *host = text;
    size_t length = colon == NULL ? 0 : (size_t)(colon - text);
    int64_t port;
    if (bench_parse_int(colon == NULL ? text : colon + 1, least_port, 65535, &port, NULL) < 0)
        return bench_fail(err, -EINVAL, "'%s' is not HOST:PORT (port %d..65535)", text,
                          (int)least_port);
    if (length >= 2 && host[0] == '[' && host[length - 1] == ']') {
        host++;
        length -= 2;
    } else if (memchr(host, ':', length) != NULL) {
        return bench_fail(err, -EINVAL, "'%s': write [HOST]:PORT around an IPv6 address", text);
    }
    if (length >= sizeof(out->host))
        return bench_fail(err, -EINVAL, "host of %zu characters is too long", length);
    *out = (struct bench_address){.port = (uint16_t)port};
    (void)snprintf(out->host, sizeof(out->host), "%.*s", length == 0 ? 9 : (int)length,
                   length == 0 ? "127.0.0.1" : host);
    return 0;
}
