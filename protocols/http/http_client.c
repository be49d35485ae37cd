/* SPDX-License-Identifier: MIT */
#include "protocols/http/http_client.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/loop.h"
#include "bench/units.h"
#include "protocols/http/http_conn.h"

#define OLDEST_CURL 0x075500 /* 7.85.0: CURLOPT_PROTOCOLS_STR */

static struct http_conn *http_of(struct bench_conn *conn)
{
    struct http_conn *http = bench_conn_priv(conn);
    assert(http->magic == HTTP_CONN_MAGIC);
    return http;
}

/* ---- once per process ---- */

const char *http_client_unavailable(void)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    if (info->version_num < OLDEST_CURL)
        return "libcurl is older than 7.85.0";
    for (const char *const *name = info->protocols; *name != NULL; name++)
        if (strcmp(*name, "http") == 0)
            return NULL;
    return "libcurl was built without HTTP";
}

int http_client_init(struct bench_error *err)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK)
        return bench_fail(err, -EIO, "libcurl does not start: %s", curl_easy_strerror(code));
    return 0;
}

void http_client_fini(void) { curl_global_cleanup(); }

const char *http_client_libraries(void) { return curl_version(); }

/* ---- sockets and timer: libcurl on our loop ---- */

static struct http_socket *find_socket(struct http_conn *http, int fd)
{
    for (int i = 0; i < HTTP_SOCKETS; i++)
        if (http->sockets[i].fd == fd)
            return &http->sockets[i];
    return NULL;
}

static void drive(struct http_conn *http, curl_socket_t fd, int what);

static void on_ready(int fd, unsigned ready, void *user)
{
    struct http_conn *http = user;
    struct http_socket *socket = find_socket(http, fd);
    if (socket->wanted == 0) {
        /* The peer closed an idle connection; libcurl will notice when it wants to use it. */
        if (bench_io_interest(socket->io, 0) == 0)
            return;
    }
    int what = 0;
    if (ready & BENCH_IO_READ)
        what |= CURL_CSELECT_IN;
    if (ready & BENCH_IO_WRITE)
        what |= CURL_CSELECT_OUT;
    drive(http, fd, what);
}

curl_socket_t http_on_open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_conn *http = user;
    struct http_socket *slot = find_socket(http, -1);
    (void)purpose;
    if (slot == NULL)
        return CURL_SOCKET_BAD;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    if (bench_io_new(bench_conn_loop(http->conn), fd, on_ready, http, &slot->io) < 0) {
        (void)close(fd);
        return CURL_SOCKET_BAD;
    }
    slot->fd = fd;
    slot->wanted = 0;
    bench_conn_socket_opened(http->conn, fd);
    return fd;
}

static void forget_socket(struct http_conn *http, struct http_socket *slot)
{
    bench_io_free(slot->io);
    bench_conn_socket_closing(http->conn, slot->fd);
    *slot = (struct http_socket){.fd = -1};
}

int http_on_close_socket(void *user, curl_socket_t fd)
{
    struct http_conn *http = user;
    struct http_socket *slot = find_socket(http, fd);
    if (slot != NULL)
        forget_socket(http, slot);
    return close(fd);
}

int http_on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *socket_user)
{
    struct http_conn *http = user;
    struct http_socket *slot = find_socket(http, fd);
    (void)easy;
    (void)socket_user;
    if (slot == NULL)
        return what == CURL_POLL_REMOVE ? 0 : -1;
    slot->wanted = 0;
    if (what == CURL_POLL_REMOVE)
        return 0;
    if (what & CURL_POLL_IN)
        slot->wanted |= BENCH_IO_READ;
    if (what & CURL_POLL_OUT)
        slot->wanted |= BENCH_IO_WRITE;
    return bench_io_interest(slot->io, slot->wanted) < 0 ? -1 : 0;
}

/* Only notes what is wanted: within one call libcurl sets and clears its timer several times. */
int http_on_timer_wanted(CURLM *multi, long timeout_ms, void *user)
{
    struct http_conn *http = user;
    (void)multi;
    http->timer_ns = timeout_ms < 0 ? -1 : timeout_ms * BENCH_NS_PER_MS;
    http->timer_changed = true;
    return 0;
}

static void arm_timer(struct http_conn *http)
{
    if (!http->timer_changed)
        return;
    http->timer_changed = false;
    if (http->timer_ns < 0 && !http->timer_armed)
        return;
    http->timer_armed = http->timer_ns >= 0;
    if (bench_timer_set(http->timer, http->timer_ns) < 0)
        (void)bench_conn_fail(http->conn, BENCH_FAILURE_OTHER, -EIO, "cannot set a timer");
}

static void on_timer(void *user)
{
    struct http_conn *http = user;
    http->timer_armed = false;
    drive(http, CURL_SOCKET_TIMEOUT, 0);
}

/* ---- request and reply ---- */

/* Connected, and about to send. (CURLINFO_PRETRANSFER_TIME_T is taken behind the send, which
 * lasts as long as the server's work when both share a core.) */
int http_on_request(void *user, char *peer_ip, char *own_ip, int peer_port, int own_port)
{
    struct http_conn *http = user;
    (void)peer_ip, (void)own_ip, (void)peer_port, (void)own_port;
    if (http->op != NULL)
        http->op->marks.sent = bench_now_ns();
    return CURL_PREREQFUNC_OK;
}

static bool is_chunked_header(const char *data, size_t length)
{
    static const char name[] = "transfer-encoding:";
    size_t at = sizeof(name) - 1;
    if (length < at || strncasecmp(data, name, at) != 0)
        return false;
    while (at < length && (data[at] == ' ' || data[at] == '\t'))
        at++;
    return length - at >= 7 && strncasecmp(data + at, "chunked", 7) == 0;
}

size_t http_on_header(char *data, size_t size, size_t count, void *user)
{
    struct http_conn *http = user;
    size_t length = size * count;
    if (http->op != NULL && http->op->marks.first_byte == 0)
        http->op->marks.first_byte = bench_now_ns();
    if (is_chunked_header(data, length))
        http->chunked_reply = true;
    if (length <= 2 && (data[0] == '\r' || data[0] == '\n'))
        http->head_done = true;
    else if (length > 5 && memcmp(data, "HTTP/", 5) == 0)
        http->head_done = http->chunked_reply = false; /* after a 100 comes another head */
    return length;
}

static void look_at_status(struct http_conn *http)
{
    if (http->reply.status == 0)
        (void)curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &http->reply.status);
}

/* libcurl passes a chunked body on as it is: only so can its bytes be counted. */
static int take_body(struct http_conn *http, const char *data, size_t length)
{
    http->body_bytes += length;
    look_at_status(http);
    if (!http->chunked_reply)
        return http_reply_take(&http->reply, http->op, data, length);
    const char *end = data + length;
    const char *piece;
    size_t n;
    int rc = 0;
    while (rc == 0 && http->op != NULL &&
           (n = http_chunks_next(&http->chunks, &data, end, &piece)) > 0)
        rc = http_reply_take(&http->reply, http->op, piece, n);
    return rc;
}

size_t http_on_body(char *data, size_t size, size_t count, void *user)
{
    struct http_conn *http = user;
    size_t length = size * count;
    if (http->op == NULL)
        return 0;
    http->abort_code = take_body(http, data, length);
    if (http->op == NULL) /* on_data took the op back */
        return 0;
    return http->abort_code < 0 ? 0 : length;
}

/* ---- the end of a transfer ---- */

struct curl_failure {
    CURLcode curl;
    enum bench_failure failure;
    int code;
};

static const struct curl_failure curl_failures[] = {
    {CURLE_OPERATION_TIMEDOUT, BENCH_FAILURE_TIMEOUT, -ETIMEDOUT},
    {CURLE_GOT_NOTHING, BENCH_FAILURE_CLOSED, -ENODATA},
    {CURLE_PARTIAL_FILE, BENCH_FAILURE_CLOSED, -ENODATA},
    {CURLE_SEND_ERROR, BENCH_FAILURE_RESET, -ECONNRESET},
    {CURLE_RECV_ERROR, BENCH_FAILURE_RESET, -ECONNRESET},
    {CURLE_WEIRD_SERVER_REPLY, BENCH_FAILURE_PROTOCOL, -EPROTO},
    {CURLE_UNSUPPORTED_PROTOCOL, BENCH_FAILURE_PROTOCOL, -EPROTO},
    {CURLE_BAD_CONTENT_ENCODING, BENCH_FAILURE_PROTOCOL, -EPROTO},
    {CURLE_SSL_CONNECT_ERROR, BENCH_FAILURE_PROTOCOL, -EPROTO},
    {CURLE_PEER_FAILED_VERIFICATION, BENCH_FAILURE_OTHER, -EKEYREJECTED},
    {CURLE_SSL_CACERT_BADFILE, BENCH_FAILURE_OTHER, -EINVAL},
    {CURLE_HTTP2, BENCH_FAILURE_PROTOCOL, -EPROTO},
    {CURLE_OUT_OF_MEMORY, BENCH_FAILURE_OTHER, -ENOMEM},
};

static struct curl_failure explain(struct http_conn *http, CURLcode code)
{
    if (code == CURLE_COULDNT_CONNECT) {
        long cause = 0;
        (void)curl_easy_getinfo(http->easy, CURLINFO_OS_ERRNO, &cause);
        if (cause == 0)
            cause = ECONNREFUSED;
        return (struct curl_failure){code, bench_failure_from_errno((int)cause), -(int)cause};
    }
    /* Chunks that make no sense are reported as RECV_ERROR too; only the text tells. */
    if (code == CURLE_RECV_ERROR && strstr(http->error, "chunk") != NULL)
        return (struct curl_failure){code, BENCH_FAILURE_PROTOCOL, -EPROTO};
    for (size_t i = 0; i < BENCH_COUNT_OF(curl_failures); i++)
        if (curl_failures[i].curl == code)
            return curl_failures[i];
    return (struct curl_failure){code, BENCH_FAILURE_OTHER, -EIO};
}

static void note_connected(struct http_conn *http, struct bench_op *op)
{
    curl_off_t connect_us = 0;
    if (bench_conn_get_marks(http->conn)->connected == 0) {
        (void)curl_easy_getinfo(http->easy, CURLINFO_CONNECT_TIME_T, &connect_us);
        if (connect_us > 0)
            bench_conn_connected(http->conn, op->marks.submitted + connect_us * BENCH_NS_PER_US);
    }
}

static void fill_stat(struct http_conn *http, struct bench_op *op)
{
    long request = 0, head = 0;
    (void)curl_easy_getinfo(http->easy, CURLINFO_REQUEST_SIZE, &request);
    if (request == 0)
        return; /* never sent */
    (void)curl_easy_getinfo(http->easy, CURLINFO_HEADER_SIZE, &head);
    uint64_t sent = (uint64_t)request;
    if (http->program->call.sends_body)
        sent = http_post_bytes(http, op);
    op->stat.frames_sent = 1;
    op->stat.frames_received = head > 0;
    op->stat.round_trips = 1;
    op->stat.plain_sent = op->stat.wire_sent = sent;
    op->stat.plain_received = op->stat.wire_received = (uint64_t)head + http->body_bytes;
}

/* A complete reply: what does it say? */
static int judge(struct http_conn *http, struct bench_op *op)
{
    const struct bench_buf *body = &http->reply.body;
    look_at_status(http);
    return http_reply_judge(&http->reply, op, bench_buf_head(body), bench_buf_length(body),
                            http->target, http->prefix_length);
}

/* Takes the transfer out of libcurl. One that is not complete loses its connection, and libcurl
 * 7.88 closes a socket that is still connecting without a word: let go of it before. */
static void detach(struct http_conn *http, bool complete)
{
    for (int i = 0; i < HTTP_SOCKETS && http->added && !complete; i++)
        if (http->sockets[i].fd >= 0)
            forget_socket(http, &http->sockets[i]);
    if (http->added)
        (void)curl_multi_remove_handle(http->multi, http->easy);
    http->added = false;
    http->op = NULL;
}

static void finish(struct http_conn *http, CURLcode code)
{
    struct bench_op *op = http->op;
    if (op == NULL) { /* taken back inside of a callback of libcurl */
        detach(http, false);
        return;
    }
    note_connected(http, op);
    fill_stat(http, op);
    look_at_status(http);
    if (bench_conn_is_watched(http->conn))
        http_reply_tell(&http->reply, http->conn, op, http->target, http->prefix_length);
    detach(http, code == CURLE_OK);
    /* For libcurl the end of the connection ends a head as well as an empty line does. */
    if (code == CURLE_OK && !http->head_done)
        code = CURLE_PARTIAL_FILE;
    if (code == CURLE_OK && http->chunks.state == HTTP_CHUNKS_BAD)
        code = CURLE_WEIRD_SERVER_REPLY;
    if (code == CURLE_OK) {
        bench_op_complete(op, judge(http, op));
    } else if (http->abort_code < 0) {
        bench_op_complete(op, http->abort_code);
    } else if (code == CURLE_FILESIZE_EXCEEDED) {
        bench_op_complete(op, http_reply_too_large(&http->reply, op));
    } else {
        struct curl_failure why = explain(http, code);
        const char *text = http->error[0] != '\0' ? http->error : curl_easy_strerror(code);
        if (code == CURLE_COULDNT_CONNECT) /* libcurl's own words hide the cause */
            text = bench_errno_text(why.code);
        if (code == CURLE_SSL_CONNECT_ERROR && strstr(text, "wrong version number") != NULL)
            text = "the peer does not speak TLS (wrong version number)";
        const char *more = code == CURLE_PEER_FAILED_VERIFICATION ? " (use --insecure or --ca-file)"
                                                                  : "";
        const struct bench_address *address = bench_conn_address(http->conn);
        if (address->local)
            (void)bench_conn_fail(http->conn, why.failure, why.code, "%s: %s", address->path, text);
        else
            (void)bench_conn_fail(http->conn, why.failure, why.code, "%s:%u: %s%s", address->host,
                                  address->port, text, more);
    }
}

static void release(struct http_conn *http)
{
    detach(http, false);
    curl_easy_cleanup(http->easy);
    http->easy = NULL;
    if (http->multi != NULL)
        (void)curl_multi_cleanup(http->multi);
    http->multi = NULL;
    bench_timer_free(http->timer);
    http->timer = NULL;
}

static void drive(struct http_conn *http, curl_socket_t fd, int what)
{
    if (http->multi == NULL)
        return;
    if (fd == CURL_SOCKET_TIMEOUT) {
        http->timer_ns = -1; /* this is its expiry */
        http->timer_changed = true;
    }
    int running, left;
    http->inside = true;
    CURLMcode code = curl_multi_socket_action(http->multi, fd, what, &running);
    http->inside = false;
    const CURLMsg *message;
    while ((message = curl_multi_info_read(http->multi, &left)) != NULL)
        if (message->msg == CURLMSG_DONE)
            finish(http, message->data.result);
    if (http->close_later) {
        release(http);
        bench_conn_closed(http->conn);
        return;
    }
    if (code != CURLM_OK) {
        detach(http, false);
        (void)bench_conn_fail(http->conn, BENCH_FAILURE_OTHER, -EIO, "libcurl: %s",
                              curl_multi_strerror(code));
        return;
    }
    arm_timer(http);
}

/* ---- the backend's table ---- */

int http_conn_open(struct bench_conn *conn, struct bench_error *err)
{
    struct http_conn *http = bench_conn_priv(conn);
    http->magic = HTTP_CONN_MAGIC;
    http->conn = conn;
    http->options = bench_conn_options(conn);
    http->timer_ns = -1;
    http->verb = HTTP_VERB_OTHER;
    for (int i = 0; i < HTTP_SOCKETS; i++)
        http->sockets[i].fd = -1;
    http_reply_init(&http->reply, (uint64_t)http->options->max_reply);

    int rc = http_conn_setup(http, err);
    if (rc < 0)
        return rc;
    if (bench_timer_new(bench_conn_loop(conn), on_timer, http, &http->timer) < 0)
        return bench_fail(err, -ENOMEM, "out of memory");
    bench_conn_opened(conn, 0);
    return 0;
}

/* ---- operations ---- */

int http_conn_submit(struct bench_conn *conn, struct bench_op *op, struct bench_error *err)
{
    struct http_conn *http = http_of(conn);
    const struct http_program *program = (const struct http_program *)op->program;
    if (http->added)
        return -EAGAIN;
    if (!http_request_prepare(http, program, op))
        return bench_fail(err, -ENOMEM, "libcurl does not take the request");

    http->op = op;
    http->program = program;
    http->head_done = http->chunked_reply = false;
    http->abort_code = 0;
    http->body_bytes = 0;
    http->chunks = (struct http_chunks){0};
    http->error[0] = '\0';
    http_reply_begin(&http->reply, program);
    CURLMcode code = curl_multi_add_handle(http->multi, http->easy);
    if (code != CURLM_OK) {
        http->op = NULL;
        return bench_fail(err, -EIO, "libcurl: %s", curl_multi_strerror(code));
    }
    http->added = true;
    drive(http, CURL_SOCKET_TIMEOUT, 0); /* sends at once instead of after a turn of the loop */
    return 0;
}

void http_conn_cancel(struct bench_conn *conn, struct bench_op *op)
{
    struct http_conn *http = http_of(conn);
    if (http->op != op)
        return;
    if (http->added)
        note_connected(http, op);
    http->op = NULL;
    if (!http->inside)
        detach(http, false);
    bench_op_complete(op, -ECANCELED);
}

void http_conn_close(struct bench_conn *conn)
{
    struct http_conn *http = http_of(conn);
    http->op = NULL;
    if (http->inside) {
        http->close_later = true;
        return;
    }
    release(http);
    bench_conn_closed(conn);
}

void http_conn_fini(struct bench_conn *conn)
{
    struct http_conn *http = http_of(conn);
    release(http);
    curl_url_cleanup(http->url);
    curl_slist_free_all(http->plain_headers);
    curl_slist_free_all(http->post_headers);
    curl_slist_free_all(http->json_headers);
    curl_slist_free_all(http->chunked_headers);
    curl_slist_free_all(http->resolve);
    http_reply_fini(&http->reply);
    http->magic = 0;
}
