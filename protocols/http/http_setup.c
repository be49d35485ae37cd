/* SPDX-License-Identifier: MIT */
/* Setting up libcurl's handles for one connection. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "protocols/http/http_conn.h"

/* Parsed once and for all; CURLOPT_URL would be parsed again for every request. */
static int set_url(struct http_conn *http, const char *text, struct bench_error *err)
{
    http->url = curl_url();
    if (http->url == NULL || curl_url_set(http->url, CURLUPART_URL, text, 0) != CURLUE_OK)
        return bench_fail(err, -EINVAL, "'%s' is not a URL", text);
    if (curl_easy_setopt(http->easy, CURLOPT_CURLU, http->url) != CURLE_OK)
        return bench_fail(err, -ENOMEM, "out of memory");
    return 0;
}

/* A Unix socket: the address's path is its file, and the host only what the header says. */
static int set_local(struct http_conn *http, const struct bench_address *address,
                     struct bench_error *err)
{
    if (curl_easy_setopt(http->easy, CURLOPT_UNIX_SOCKET_PATH, address->path) != CURLE_OK)
        return bench_fail(err, -ENOTSUP, "this libcurl does not go over Unix sockets");
    http->host_bytes = strlen("localhost");
    return set_url(http, "http://localhost/", err);
}

/* The URL, and an entry that spares libcurl the resolver. */
static int set_address(struct http_conn *http, const struct bench_address *address,
                       struct bench_error *err)
{
    char ip[INET6_ADDRSTRLEN];
    struct in6_addr scratch;
    struct sockaddr_storage storage = {0};
    if (address->local)
        return set_local(http, address, err);
    bool v6 = strchr(address->host, ':') != NULL;
    bool numeric = v6 || inet_pton(AF_INET, address->host, &scratch) == 1;
    if (address->host[0] == '\0' || strpbrk(address->host, "/@?#[]%\\ ") != NULL)
        return bench_fail(err, -EINVAL, "'%s' is not a host name", address->host);
    if (address->sockaddr_length == 0 || address->sockaddr_length > sizeof(storage))
        return bench_fail(err, -EINVAL, "the address of %s is not resolved", address->host);
    memcpy(&storage, address->sockaddr, address->sockaddr_length);
    const void *raw = &((struct sockaddr_in *)&storage)->sin_addr;
    if (storage.ss_family == AF_INET6)
        raw = &((struct sockaddr_in6 *)&storage)->sin6_addr;
    else if (storage.ss_family != AF_INET)
        return bench_fail(err, -EAFNOSUPPORT, "http does not speak over address family %d",
                          storage.ss_family);
    if (inet_ntop(storage.ss_family, raw, ip, sizeof(ip)) == NULL)
        return bench_fail(err, -errno, "the address of %s cannot be written", address->host);

    char text[sizeof(address->host) + sizeof(ip) + 32];
    snprintf(text, sizeof(text), v6 ? "%s://[%s]:%u/" : "%s://%s:%u/",
             address->tls ? "https" : "http", address->host, address->port);
    http->host_bytes = strlen(address->host) + (v6 ? 2 : 0);
    if (address->port != (address->tls ? 443 : 80))
        http->host_bytes += 1 + http_decimal_digits(address->port);
    int rc = set_url(http, text, err);
    if (numeric || rc < 0)
        return rc;
    snprintf(text, sizeof(text), storage.ss_family == AF_INET6 ? "%s:%u:[%s]" : "%s:%u:%s",
             address->host, address->port, ip);
    http->resolve = curl_slist_append(NULL, text);
    if (http->resolve == NULL ||
        curl_easy_setopt(http->easy, CURLOPT_RESOLVE, http->resolve) != CURLE_OK)
        return bench_fail(err, -ENOMEM, "out of memory");
    return 0;
}

static int add_header(struct curl_slist **list, const char *line, struct bench_error *err)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    *list = longer;
    return 0;
}

/* Headers that libcurl would not send by itself, or should not: an empty Expect keeps it from
 * waiting a second for a 100 from servers that do not send one. */
static int set_headers(struct http_conn *http, struct bench_error *err)
{
    struct curl_slist **const lists[] = {&http->plain_headers, &http->post_headers,
                                         &http->json_headers, &http->chunked_headers};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < BENCH_COUNT_OF(lists); i++) {
        if (i > 0)
            rc = add_header(lists[i],
                            lists[i] == &http->json_headers ? HTTP_CONTENT_JSON
                                                            : HTTP_CONTENT_TYPE,
                            err);
        if (rc == 0 && i > 0)
            rc = add_header(lists[i], "Expect:", err);
        if (rc == 0 && lists[i] == &http->chunked_headers)
            rc = add_header(lists[i], HTTP_CHUNKED, err);
        if (rc == 0 && !http->options->keepalive)
            rc = add_header(lists[i], HTTP_CONNECTION_CLOSE, err);
    }
    return rc;
}

/* What does not change during the life of the connection. */
static bool set_easy(struct http_conn *http)
{
    CURL *e = http->easy;
    long fresh = http->options->keepalive ? 0 : 1;
    return curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_NETRC, CURL_NETRC_IGNORED) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_USERAGENT, HTTP_USER_AGENT) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_ERRORBUFFER, http->error) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_BUFFERSIZE, http->read_buffer) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, http->upload_buffer) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HTTP_TRANSFER_DECODING, 0L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_FORBID_REUSE, fresh) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, fresh) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)http->options->max_reply) ==
               CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, http_on_request) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PREREQDATA, http) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, http_on_header) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERDATA, http) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_READFUNCTION, http_on_fetch) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_READDATA, http) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, http_on_rewind) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SEEKDATA, http) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, http_on_body) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEDATA, http) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, http_on_open_socket) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, http) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, http_on_close_socket) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, http) == CURLE_OK;
}

static bool set_tls(struct http_conn *http, const struct bench_address *address)
{
    CURL *e = http->easy;
    const long peer = address->insecure ? 0 : 1, host = address->insecure ? 0 : 2;
    bool fine = curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
                curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, peer) == CURLE_OK &&
                curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, host) == CURLE_OK;
    if (address->ca_file[0] != '\0') /* those, and no others */
        fine = fine && curl_easy_setopt(e, CURLOPT_CAINFO, address->ca_file) == CURLE_OK &&
               curl_easy_setopt(e, CURLOPT_CAPATH, NULL) == CURLE_OK;
    return fine;
}

static bool set_multi(struct http_conn *http)
{
    CURLM *m = http->multi;
    return curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, http_on_socket) == CURLM_OK &&
           curl_multi_setopt(m, CURLMOPT_SOCKETDATA, http) == CURLM_OK &&
           curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, http_on_timer_wanted) == CURLM_OK &&
           curl_multi_setopt(m, CURLMOPT_TIMERDATA, http) == CURLM_OK &&
           curl_multi_setopt(m, CURLMOPT_PIPELINING, CURLPIPE_NOTHING) == CURLM_OK &&
           curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, 1L) == CURLM_OK;
}

int http_conn_setup(struct http_conn *http, struct bench_error *err)
{
    const struct bench_address *address = bench_conn_address(http->conn);
    http->read_buffer = HTTP_SMALL_BUFFER;
    http->upload_buffer = HTTP_UPLOAD_BUFFER;
    http->easy = curl_easy_init();
    http->multi = curl_multi_init();
    if (http->easy == NULL || http->multi == NULL || !set_easy(http) || !set_multi(http))
        return bench_fail(err, -ENOMEM, "libcurl gives no handle");
    if (address->tls && !set_tls(http, address))
        return bench_fail(err, -ENOTSUP, "this libcurl does not speak TLS as is needed");
    int rc = set_address(http, address, err);
    if (rc == 0)
        rc = set_headers(http, err);
    if (rc < 0)
        return rc;
    /* The path of http://HOST/PATH goes in front of every target. */
    http->prefix_length = address->local ? 0 : strlen(address->path);
    while (http->prefix_length > 0 && address->path[http->prefix_length - 1] == '/')
        http->prefix_length--;
    memcpy(http->target, address->path, http->prefix_length);
    return 0;
}
