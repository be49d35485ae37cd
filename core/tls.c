/* SPDX-License-Identifier: MIT */
#include "core/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    RECEIVE_BYTES = 64 * 1024, /* of one recv */
    RECEIVES_PER_TURN = 16,    /* then other connections get their turn */
};

/* Between the library's own numbers and those that it gives out, of which there are only 127. */
#define BIO_KIND 127

struct bench_tls_context {
    SSL_CTX *ssl;
    BIO_METHOD *method; /* the socket as OpenSSL sees it */
};

struct bench_tls {
    SSL *ssl;
    int fd;
    bool client, evented;
    bool ready;       /* the handshake is done */
    bool broken;      /* nothing more can be said */
    bool dry;         /* the socket had no more in this turn */
    int receives;     /* left in this turn */
    bool at_once;     /* within bench_tls_read_now */
    bool end_ahead;   /* which came to the end of file */
    bool end_of_file;
    int io_error;     /* errno of the socket or of out, 0 = none */
    struct bench_buf *out;
    char host[256];
    char why[200];
};

/* ---- the socket as OpenSSL sees it ---- */

/* Before a read that may block: alerts and answers that TLS has made by itself. */
static void send_own(struct bench_tls *tls)
{
    const size_t length = bench_buf_length(tls->out);
    if (length == 0)
        return;
    const ssize_t n = send(tls->fd, bench_buf_head(tls->out), length, MSG_NOSIGNAL);
    if (n > 0)
        bench_buf_drop(tls->out, (size_t)n);
}

static int bio_read(BIO *bio, char *data, int size)
{
    struct bench_tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (tls->evented && (tls->dry || tls->receives == 0)) {
        BIO_set_retry_read(bio);
        return -1;
    }
    if (!tls->evented && tls->ready && !tls->at_once)
        send_own(tls);
    /* Within a handshake the peer may be waiting for what is still in out. */
    const ssize_t n =
        recv(tls->fd, data, (size_t)size, tls->ready && !tls->at_once ? 0 : MSG_DONTWAIT);
    if (n > 0) {
        tls->receives--;
        tls->dry = n < size;
    } else if (n == 0 && tls->at_once) {
        /* To OpenSSL an end is an error after which it writes no more, but a peer that has ended
         * its half may still be reading. */
        tls->end_ahead = true;
        BIO_set_retry_read(bio);
        return -1;
    } else if (n == 0) {
        tls->end_of_file = true;
    } else if (errno == EAGAIN || errno == EINTR) {
        BIO_set_retry_read(bio);
    } else {
        tls->io_error = errno;
    }
    return (int)n;
}

/* Always takes everything: so an SSL_write never has to be repeated. */
static int bio_write(BIO *bio, const char *data, int size)
{
    struct bench_tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    const int rc = bench_buf_add(tls->out, data, (size_t)size);
    if (rc == 0)
        return size;
    tls->io_error = -rc;
    return -1;
}

static long bio_ctrl(BIO *bio, int what, long number, void *pointer)
{
    const struct bench_tls *tls = BIO_get_data(bio);
    (void)number, (void)pointer;
    switch (what) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_EOF:
        return tls->end_of_file;
    default:
        return 0;
    }
}

static BIO_METHOD *make_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_KIND | BIO_TYPE_SOURCE_SINK, "rpycbench");
    if (method == NULL)
        return NULL;
    if (BIO_meth_set_read(method, bio_read) != 1 || BIO_meth_set_write(method, bio_write) != 1 ||
        BIO_meth_set_ctrl(method, bio_ctrl) != 1) {
        BIO_meth_free(method);
        return NULL;
    }
    return method;
}

/* ---- contexts ---- */

static const char *library_words(void)
{
    const unsigned long code = ERR_peek_last_error();
    if (ERR_SYSTEM_ERROR(code))
        return bench_errno_text(ERR_GET_REASON(code));
    const char *words = ERR_reason_error_string(code);
    return words != NULL ? words : "no reason given";
}

void bench_tls_context_free(struct bench_tls_context *context)
{
    if (context == NULL)
        return;
    SSL_CTX_free(context->ssl);
    BIO_meth_free(context->method);
    free(context);
}

static int new_context(const SSL_METHOD *method, struct bench_tls_context **out,
                       struct bench_error *err)
{
    struct bench_tls_context *context = calloc(1, sizeof(*context));
    if (context == NULL)
        return bench_fail(err, -ENOMEM, "no memory for TLS");
    ERR_clear_error();
    context->ssl = SSL_CTX_new(method);
    context->method = make_method();
    if (context->ssl == NULL || context->method == NULL ||
        SSL_CTX_set_min_proto_version(context->ssl, TLS1_2_VERSION) != 1) {
        const int rc = bench_fail(err, -ENOMEM, "no TLS: %s", library_words());
        bench_tls_context_free(context);
        return rc;
    }
    (void)SSL_CTX_set_options(context->ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    (void)SSL_CTX_set_mode(context->ssl, SSL_MODE_RELEASE_BUFFERS);
    /* A record costs one recv instead of two. */
    SSL_CTX_set_read_ahead(context->ssl, 1);
    SSL_CTX_set_default_read_buffer_len(context->ssl, RECEIVE_BYTES);
    *out = context;
    return 0;
}

static int load_trust(SSL_CTX *ssl, const char *ca_file, struct bench_error *err)
{
    if (ca_file[0] == '\0') {
        if (SSL_CTX_set_default_verify_paths(ssl) != 1)
            return bench_fail(err, -EINVAL, "the system's certificates cannot be read: %s",
                              library_words());
        return 0;
    }
    if (access(ca_file, R_OK) < 0)
        return bench_fail(err, -errno, "cannot read certificates from '%.120s': %s", ca_file,
                          bench_errno_text(errno));
    if (SSL_CTX_load_verify_file(ssl, ca_file) != 1)
        return bench_fail(err, -EINVAL, "'%.120s' has no certificate to trust: %s", ca_file,
                          library_words());
    return 0;
}

int bench_tls_client_context(const char *ca_file, bool insecure, struct bench_tls_context **out,
                             struct bench_error *err)
{
    struct bench_tls_context *context;
    int rc = new_context(TLS_client_method(), &context, err);
    if (rc < 0)
        return rc;
    SSL_CTX_set_verify(context->ssl, insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    rc = insecure ? 0 : load_trust(context->ssl, ca_file, err);
    if (rc < 0) {
        bench_tls_context_free(context);
        return rc;
    }
    /* Each connection makes its own handshake in full: a connection costs the same every time. */
    (void)SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_OFF);
    *out = context;
    return 0;
}

static int load_identity(SSL_CTX *ssl, const char *cert_file, const char *key_file,
                         struct bench_error *err)
{
    const char *const files[] = {cert_file, key_file};
    for (size_t i = 0; i < BENCH_COUNT_OF(files); i++)
        if (access(files[i], R_OK) < 0)
            return bench_fail(err, -errno, "cannot read '%.150s': %s", files[i],
                              bench_errno_text(errno));
    if (SSL_CTX_use_certificate_chain_file(ssl, cert_file) != 1)
        return bench_fail(err, -EINVAL, "'%.150s' is no certificate: %s", cert_file,
                          library_words());
    if (SSL_CTX_use_PrivateKey_file(ssl, key_file, SSL_FILETYPE_PEM) != 1)
        return bench_fail(err, -EINVAL, "'%.150s' is no key for the certificate: %s", key_file,
                          library_words());
    return 0;
}

int bench_tls_server_context(const char *cert_file, const char *key_file,
                             struct bench_tls_context **out, struct bench_error *err)
{
    struct bench_tls_context *context;
    int rc = new_context(TLS_server_method(), &context, err);
    if (rc < 0)
        return rc;
    rc = load_identity(context->ssl, cert_file, key_file, err);
    if (rc < 0) {
        bench_tls_context_free(context);
        return rc;
    }
    *out = context;
    return 0;
}

/* ---- one connection ---- */

/* Whom the certificate has to name, and in case of a name whom to ask for. */
static bool set_host(SSL *ssl, const char *host)
{
    unsigned char scratch[16];
    if (inet_pton(AF_INET, host, scratch) == 1 || inet_pton(AF_INET6, host, scratch) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    union {
        const char *in;
        void *out;
    } name = {.in = host}; /* the macro has no const */
    return SSL_set1_host(ssl, host) == 1 &&
           SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.out) == 1;
}

int bench_tls_new(struct bench_tls_context *context, int fd, const char *host, bool evented,
                  struct bench_buf *out, struct bench_tls **tls, struct bench_error *err)
{
    struct bench_tls *new = calloc(1, sizeof(*new));
    if (new == NULL)
        return bench_fail(err, -ENOMEM, "no memory for TLS");
    *new = (struct bench_tls){.fd = fd, .client = host != NULL, .evented = evented, .out = out};
    ERR_clear_error();
    new->ssl = SSL_new(context->ssl);
    BIO *bio = BIO_new(context->method);
    bool fine = new->ssl != NULL && bio != NULL;
    if (fine) {
        BIO_set_data(bio, new);
        BIO_set_init(bio, 1);
        SSL_set_bio(new->ssl, bio, bio); /* takes it */
        if (host != NULL)
            SSL_set_connect_state(new->ssl);
        else
            SSL_set_accept_state(new->ssl);
        (void)snprintf(new->host, sizeof(new->host), "%s", host != NULL ? host : "");
        fine = host == NULL || set_host(new->ssl, host);
    } else {
        (void)BIO_free(bio);
    }
    if (!fine) {
        const int rc = bench_fail(err, -ENOMEM, "no TLS for '%s': %s", new->host, library_words());
        bench_tls_free(new);
        return rc;
    }
    *tls = new;
    return 0;
}

void bench_tls_free(struct bench_tls *tls)
{
    if (tls == NULL)
        return;
    SSL_free(tls->ssl);
    free(tls);
}

void bench_tls_turn(struct bench_tls *tls)
{
    tls->dry = false;
    tls->receives = RECEIVES_PER_TURN;
}

const char *bench_tls_why(const struct bench_tls *tls) { return tls->why; }

/* ---- handshake ---- */

/* Reasons that only a peer causes that does not speak TLS at all. */
static bool is_other_language(int reason)
{
    return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
           reason == SSL_R_HTTPS_PROXY_REQUEST || reason == SSL_R_PACKET_LENGTH_TOO_LONG ||
           reason == SSL_R_BAD_RECORD_TYPE;
}

static int explain_handshake(struct bench_tls *tls, struct bench_error *err)
{
    const long verdict = SSL_get_verify_result(tls->ssl);
    const int reason = ERR_GET_REASON(ERR_peek_error());
    if (tls->io_error != 0)
        return bench_fail(err, -tls->io_error, "TLS handshake: %s",
                          bench_errno_text(tls->io_error));
    if (tls->client && reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verdict != X509_V_OK)
        return bench_fail(err, -EKEYREJECTED,
                          "certificate verify failed: %s%s%.100s%s (use --insecure or --ca-file)",
                          X509_verify_cert_error_string(verdict),
                          tls->host[0] != '\0' ? ", host '" : "", tls->host,
                          tls->host[0] != '\0' ? "'" : "");
    if (tls->end_of_file)
        return bench_fail(err, -ENODATA, "the peer closed the connection during the TLS handshake");
    if (is_other_language(reason))
        return bench_fail(err, -EPROTO, "the peer does not speak TLS (%s)", library_words());
    return bench_fail(err, -EPROTO, "TLS handshake: %s", library_words());
}

int bench_tls_handshake(struct bench_tls *tls, struct bench_error *err)
{
    if (tls->broken)
        return bench_fail(err, -EPROTO, "the TLS handshake has failed before");
    ERR_clear_error();
    const int rc = SSL_do_handshake(tls->ssl);
    if (rc == 1) {
        tls->ready = true;
        return 0;
    }
    if (SSL_get_error(tls->ssl, rc) == SSL_ERROR_WANT_READ)
        return -EAGAIN;
    tls->broken = true;
    return explain_handshake(tls, err);
}

/* ---- bytes ---- */

static int note_broken(struct bench_tls *tls)
{
    tls->broken = true;
    if (tls->io_error != 0)
        return -tls->io_error;
    (void)snprintf(tls->why, sizeof(tls->why), "TLS: %s", library_words());
    return -EPROTO;
}

ssize_t bench_tls_read(struct bench_tls *tls, void *buf, size_t room)
{
    size_t n;
    if (tls->broken)
        return tls->end_of_file ? 0 : -EPROTO;
    ERR_clear_error();
    if (SSL_read_ex(tls->ssl, buf, room, &n) == 1)
        return (ssize_t)n;
    switch (SSL_get_error(tls->ssl, 0)) {
    case SSL_ERROR_WANT_READ:
        return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        break;
    }
    if (tls->end_of_file && tls->io_error == 0) {
        /* Many peers just close (Python does); messages carry their own ends. */
        tls->broken = true;
        return 0;
    }
    return note_broken(tls);
}

ssize_t bench_tls_read_now(struct bench_tls *tls, void *buf, size_t room)
{
    tls->at_once = true;
    tls->end_ahead = false;
    const ssize_t n = bench_tls_read(tls, buf, room);
    tls->at_once = false;
    return n == -EAGAIN && tls->end_ahead ? 0 : n;
}

/* Plain bytes for the next write: from one piece as they are, or gathered up to a record. */
static size_t next_block(struct bench_tls_cursor *at, uint8_t *block, const uint8_t **data)
{
    const size_t here = at->piece->iov_len - at->offset;
    if (at->left == 1 || here >= BENCH_TLS_RECORD) {
        size_t n = here < BENCH_TLS_PORTION ? here : BENCH_TLS_PORTION;
        if (at->left > 1)
            n -= n % BENCH_TLS_RECORD; /* the rest goes with what follows */
        *data = (const uint8_t *)at->piece->iov_base + at->offset;
        at->offset += n;
        return n;
    }
    size_t n = 0;
    while (at->left > 0 && n < BENCH_TLS_RECORD) {
        size_t part = at->piece->iov_len - at->offset;
        if (part > BENCH_TLS_RECORD - n)
            part = BENCH_TLS_RECORD - n;
        if (part > 0)
            memcpy(block + n, (const uint8_t *)at->piece->iov_base + at->offset, part);
        n += part;
        at->offset += part;
        if (at->offset == at->piece->iov_len) {
            at->piece++;
            at->left--;
            at->offset = 0;
        }
    }
    *data = block;
    return n;
}

static void skip_ended(struct bench_tls_cursor *at)
{
    while (at->left > 0 && at->offset == at->piece->iov_len) {
        at->piece++;
        at->left--;
        at->offset = 0;
    }
}

int bench_tls_seal(struct bench_tls *tls, struct bench_tls_cursor *at)
{
    uint8_t block[BENCH_TLS_RECORD];
    size_t done = 0;
    if (tls->broken)
        return tls->end_of_file ? -EPIPE : -EPROTO;
    skip_ended(at);
    while (at->left > 0 && done < BENCH_TLS_PORTION) {
        const uint8_t *data;
        size_t written;
        const size_t n = next_block(at, block, &data);
        skip_ended(at);
        if (n == 0)
            break;
        ERR_clear_error();
        if (SSL_write_ex(tls->ssl, data, n, &written) != 1)
            return note_broken(tls);
        done += n;
        at->done += n;
    }
    return 0;
}

void bench_tls_end(struct bench_tls *tls)
{
    if (!tls->ready || tls->broken)
        return;
    tls->broken = true;
    ERR_clear_error();
    (void)SSL_shutdown(tls->ssl);
    ERR_clear_error();
}
