/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "bench/conn.h"

static int resolve_local(struct bench_address *address, struct bench_error *err)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t length = strlen(address->path);
    if (length == 0 || length >= sizeof(to.sun_path))
        return bench_fail(err, -ENAMETOOLONG, "path '%.120s' of a Unix socket has %zu bytes; 1 to "
                          "%zu are possible", address->path, length, sizeof(to.sun_path) - 1);
    memcpy(to.sun_path, address->path, length);
    memcpy(address->sockaddr, &to, sizeof(to));
    address->sockaddr_length = sizeof(to);
    return 0;
}

int bench_address_resolve(struct bench_address *address, struct bench_error *err)
{
    if (address->local)
        return resolve_local(address, err);
    char port[8];
    (void)snprintf(port, sizeof(port), "%u", address->port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    int rc = getaddrinfo(address->host, port, &hints, &list);
    if (rc != 0)
        return bench_fail(err, -EHOSTUNREACH, "host '%s': %s", address->host, gai_strerror(rc));
    if (list->ai_addrlen > sizeof(address->sockaddr)) {
        freeaddrinfo(list);
        return bench_fail(err, -EHOSTUNREACH, "host '%s': address too long", address->host);
    }
    memcpy(address->sockaddr, list->ai_addr, list->ai_addrlen);
    address->sockaddr_length = list->ai_addrlen;
    freeaddrinfo(list);
    return 0;
}
