/* SPDX-License-Identifier: MIT */
/*
 * GET /metrics, for Prometheus: one request on each connection, and that within a deadline, from
 * few connections at a time. libevent's evhttp (2.1) has no limit of connections, and its time-outs
 * begin anew with every byte; so whoever sends one byte at a time would hold connections for ever.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bench/units.h"
#include "suite/profile.h"

enum {
    CLIENTS_MAX = 32,
    BACKLOG = 64,
    HEAD_BYTES_MAX = 8192, /* of request line and header fields */
    DEADLINE_S = 10,       /* from accepting to the last byte taken */
};

/* Those who ask more often get the same answer again. */
#define FRESH_NS (200 * BENCH_NS_PER_MS)

struct client {
    struct profile_metrics *metrics;
    struct client *prev, *next;
    struct bufferevent *stream;
    struct event *deadline;
    bool answered;
};

struct profile_metrics {
    struct profile_run *run;
    struct evconnlistener *listener;
    struct client *clients;
    int nclients;
    char *text; /* the last answer */
    size_t length;
    int64_t made_ns; /* 0 = never */
};

static void client_free(struct client *client)
{
    struct profile_metrics *m = client->metrics;
    if (client->prev != NULL)
        client->prev->next = client->next;
    else
        m->clients = client->next;
    if (client->next != NULL)
        client->next->prev = client->prev;
    if (client->deadline != NULL)
        event_free(client->deadline);
    if (client->stream != NULL)
        bufferevent_free(client->stream);
    free(client);
    if (m->nclients-- == CLIENTS_MAX && m->listener != NULL)
        (void)evconnlistener_enable(m->listener);
}

/* ---- answers ---- */

static int refresh(struct profile_metrics *m)
{
    const int64_t now_ns = bench_now_ns();
    struct trace_profile *profile = NULL;
    char *text = NULL;
    size_t length;
    if (m->made_ns != 0 && now_ns - m->made_ns < FRESH_NS)
        return 0;
    int rc = trace_profile_take(m->run->analyser, &profile);
    if (rc < 0)
        return rc;
    FILE *out = open_memstream(&text, &length);
    rc = out == NULL ? -ENOMEM : trace_write_prometheus(profile, out);
    if (out != NULL && fclose(out) != 0 && rc == 0)
        rc = -ENOMEM;
    trace_profile_free(profile);
    if (rc < 0) {
        free(text);
        return rc;
    }
    free(m->text);
    m->text = text;
    m->length = length;
    m->made_ns = now_ns;
    return 0;
}

static void answer(struct client *client, const char *status, const char *fields, const char *body,
                   size_t length, bool with_body)
{
    struct evbuffer *out = bufferevent_get_output(client->stream);
    client->answered = true;
    (void)bufferevent_disable(client->stream, EV_READ);
    if (evbuffer_add_printf(out,
                            "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                            "%sConnection: close\r\n\r\n",
                            status,
                            length > 0 && body[0] == '#'
                                ? "text/plain; version=0.0.4; charset=utf-8"
                                : "text/plain; charset=utf-8",
                            length, fields) < 0 ||
        (with_body && evbuffer_add(out, body, length) < 0))
        client_free(client);
}

static void answer_words(struct client *client, const char *status, const char *fields)
{
    char body[80];
    (void)snprintf(body, sizeof(body), "%s\n", status);
    answer(client, status, fields, body, strlen(body), true);
}

/* line: "GET /metrics HTTP/1.1", ended by NUL. */
static void answer_request(struct client *client, char *line)
{
    struct profile_metrics *m = client->metrics;
    char *rest = line;
    const char *method = strsep(&rest, " "), *target = strsep(&rest, " ");
    if (target == NULL || rest == NULL || strncmp(rest, "HTTP/1.", 7) != 0 || method[0] == '\0') {
        answer_words(client, "400 Bad Request", "");
        return;
    }
    const size_t path = strcspn(target, "?");
    const bool head = strcmp(method, "HEAD") == 0;
    if (path != strlen("/metrics") || memcmp(target, "/metrics", path) != 0)
        answer_words(client, "404 Not Found", "");
    else if (strcmp(method, "GET") != 0 && !head)
        answer_words(client, "405 Method Not Allowed", "Allow: GET, HEAD\r\n");
    else if (refresh(m) < 0)
        answer_words(client, "503 Service Unavailable", "");
    else
        answer(client, "200 OK", "", m->text, m->length, !head);
}

/* ---- one client ---- */

static void on_read(struct bufferevent *stream, void *user)
{
    struct client *client = user;
    struct evbuffer *in = bufferevent_get_input(stream);
    if (client->answered)
        return;
    const struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
    if (end.pos < 0 && evbuffer_get_length(in) < HEAD_BYTES_MAX)
        return;
    char *line = evbuffer_readln(in, NULL, EVBUFFER_EOL_CRLF_STRICT);
    if (end.pos < 0 || line == NULL)
        answer_words(client,
                     line != NULL ? "431 Request Header Fields Too Large" : "414 URI Too Long", "");
    else
        answer_request(client, line);
    free(line);
}

/* All was sent: our end. The rest of what it sends is not read; a reset would take the answer away,
 * so the socket is closed when it has closed its own, or at the deadline. */
static void on_written(struct bufferevent *stream, void *user)
{
    struct client *client = user;
    if (!client->answered)
        return;
    (void)shutdown(bufferevent_getfd(stream), SHUT_WR);
    (void)evbuffer_drain(bufferevent_get_input(stream),
                         evbuffer_get_length(bufferevent_get_input(stream)));
    bufferevent_setwatermark(stream, EV_READ, 0, 0);
    (void)bufferevent_enable(stream, EV_READ);
}

static void on_rest(struct client *client)
{
    struct evbuffer *in = bufferevent_get_input(client->stream);
    (void)evbuffer_drain(in, evbuffer_get_length(in));
}

static void on_readable(struct bufferevent *stream, void *user)
{
    struct client *client = user;
    if (client->answered)
        on_rest(client);
    else
        on_read(stream, client);
}

static void on_end(struct bufferevent *stream, short what, void *user)
{
    struct client *client = user;
    /* Whoever shuts down its writing side may still wait for the answer. */
    if ((what & BEV_EVENT_EOF) != 0 && client->answered &&
        evbuffer_get_length(bufferevent_get_output(stream)) > 0)
        return;
    client_free(client);
}

static void on_deadline(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    client_free(user);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                      int length, void *user)
{
    struct profile_metrics *m = user;
    const struct timeval deadline = {.tv_sec = DEADLINE_S};
    struct client *client = calloc(1, sizeof(*client));
    (void)address;
    (void)length;
    if (client == NULL) {
        (void)evutil_closesocket(fd);
        return;
    }
    client->metrics = m;
    client->next = m->clients;
    if (m->clients != NULL)
        m->clients->prev = client;
    m->clients = client;
    if (++m->nclients == CLIENTS_MAX) /* the others wait in the kernel's queue */
        (void)evconnlistener_disable(listener);
    client->stream = bufferevent_socket_new(m->run->base, fd, BEV_OPT_CLOSE_ON_FREE);
    client->deadline = evtimer_new(m->run->base, on_deadline, client);
    if (client->stream == NULL)
        (void)evutil_closesocket(fd);
    if (client->stream == NULL || client->deadline == NULL ||
        evtimer_add(client->deadline, &deadline) < 0) {
        client_free(client);
        return;
    }
    bufferevent_setcb(client->stream, on_readable, on_written, on_end, client);
    bufferevent_setwatermark(client->stream, EV_READ, 0, HEAD_BYTES_MAX);
    if (bufferevent_enable(client->stream, EV_READ | EV_WRITE) < 0)
        client_free(client);
}

/* ---- the listener ---- */

int profile_metrics_new(struct profile_run *run, const struct bench_address *address,
                        struct profile_metrics **out, struct bench_error *err)
{
    struct bench_address at = *address;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage room;
    } bound;
    socklen_t length = sizeof(bound);
    int rc = bench_address_resolve(&at, err);
    if (rc < 0)
        return rc;
    memcpy(&bound, at.sockaddr, at.sockaddr_length);
    struct profile_metrics *m = calloc(1, sizeof(*m));
    if (m == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    m->run = run;
    errno = 0;
    m->listener = evconnlistener_new_bind(
        run->base, on_accept, m, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
        BACKLOG, &bound.any, (int)at.sockaddr_length);
    if (m->listener == NULL) {
        rc =
            bench_fail(err, errno != 0 ? -errno : -ENOMEM, "cannot serve metrics on %s port %u: %s",
                       at.host, at.port, bench_errno_text(errno != 0 ? errno : ENOMEM));
        free(m);
        return rc;
    }
    if (getsockname(evconnlistener_get_fd(m->listener), &bound.any, &length) == 0)
        profile_run_say(
            run, "metrics at http://%s%s%s:%u/metrics", strchr(at.host, ':') != NULL ? "[" : "",
            at.host, strchr(at.host, ':') != NULL ? "]" : "",
            ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port));
    *out = m;
    return 0;
}

void profile_metrics_free(struct profile_metrics *m)
{
    if (m == NULL)
        return;
    if (m->listener != NULL)
        evconnlistener_free(m->listener);
    m->listener = NULL;
    while (m->clients != NULL)
        client_free(m->clients);
    free(m->text);
    free(m);
}
