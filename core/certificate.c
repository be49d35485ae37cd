/* SPDX-License-Identifier: MIT */
#include "core/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_S 86400

static const struct bench_certificate_spec usual = {
    .names = "DNS:localhost,IP:127.0.0.1,IP:::1",
    .from_s = -DAY_S, /* clocks of containers may differ */
    .to_s = 7 * DAY_S,
};

static bool add_extension(X509 *cert, X509V3_CTX *context, int id, const char *text)
{
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, context, id, text);
    const bool fine = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return fine;
}

static bool set_serial(X509 *cert)
{
    uint64_t serial = 0;
    if (RAND_bytes((unsigned char *)&serial, sizeof(serial)) != 1)
        return false;
    serial = serial >> 1 | 1; /* positive */
    return ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial) == 1;
}

/* With all that strict checkers (Python from 3.13 on) ask for. */
static bool fill(X509 *cert, EVP_PKEY *key, const struct bench_certificate_spec *spec)
{
    X509_NAME *name = X509_get_subject_name(cert);
    X509V3_CTX context;
    X509V3_set_ctx(&context, cert, cert, NULL, NULL, 0);
    return X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
           X509_gmtime_adj(X509_getm_notBefore(cert), (long)spec->from_s) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(cert), (long)spec->to_s) != NULL &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                      (const unsigned char *)"localhost", -1, -1, 0) == 1 &&
           X509_set_issuer_name(cert, name) == 1 && X509_set_pubkey(cert, key) == 1 &&
           add_extension(cert, &context, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(cert, &context, NID_key_usage, "critical,digitalSignature") &&
           add_extension(cert, &context, NID_ext_key_usage, "serverAuth") &&
           add_extension(cert, &context, NID_subject_key_identifier, "hash") &&
           add_extension(cert, &context, NID_authority_key_identifier, "keyid") &&
           add_extension(cert, &context, NID_subject_alt_name, spec->names) &&
           X509_sign(cert, key, EVP_sha256()) > 0;
}

static FILE *create(const char *path)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (file == NULL && fd >= 0)
        (void)close(fd);
    return file;
}

static bool close_written(FILE *file, bool fine)
{
    return fclose(file) == 0 && fine;
}

static bool write_files(const struct bench_certificate *out, X509 *cert, EVP_PKEY *key)
{
    FILE *file = create(out->cert_file);
    if (file == NULL || !close_written(file, PEM_write_X509(file, cert) == 1))
        return false;
    file = create(out->key_file);
    return file != NULL &&
           close_written(file, PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1);
}

static int make_folder(struct bench_certificate *out, struct bench_error *err)
{
    const char *base = getenv("TMPDIR");
    if (base == NULL || base[0] == '\0')
        base = "/tmp";
    const int n = snprintf(out->folder, sizeof(out->folder), "%s/rpycbench-XXXXXX", base);
    if (n >= (int)sizeof(out->folder)) {
        out->folder[0] = '\0';
        return bench_fail(err, -ENAMETOOLONG, "TMPDIR '%.60s...' is too long", base);
    }
    if (mkdtemp(out->folder) == NULL) {
        const int rc = bench_fail(err, -errno, "cannot make a folder in '%.150s': %s", base,
                                  bench_errno_text(errno));
        out->folder[0] = '\0';
        return rc;
    }
    (void)snprintf(out->cert_file, sizeof(out->cert_file), "%s/cert.pem", out->folder);
    (void)snprintf(out->key_file, sizeof(out->key_file), "%s/key.pem", out->folder);
    return 0;
}

int bench_certificate_make(const struct bench_certificate_spec *spec,
                           struct bench_certificate *out, struct bench_error *err)
{
    struct bench_certificate made = {.folder = ""};
    int rc = make_folder(&made, err);
    if (rc < 0)
        return rc;
    ERR_clear_error();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    if (key == NULL || cert == NULL || !fill(cert, key, spec != NULL ? spec : &usual)) {
        const char *words = ERR_reason_error_string(ERR_peek_last_error());
        rc = bench_fail(err, -EINVAL, "cannot make a certificate: %s",
                        words != NULL ? words : "no reason given");
    } else if (!write_files(&made, cert, key)) {
        rc = bench_fail(err, -EIO, "cannot write a certificate below %s: %s", made.folder,
                        bench_errno_text(errno));
    }
    X509_free(cert);
    EVP_PKEY_free(key);
    if (rc < 0)
        bench_certificate_remove(&made);
    else
        *out = made;
    return rc;
}

void bench_certificate_remove(struct bench_certificate *certificate)
{
    if (certificate->folder[0] == '\0')
        return;
    (void)unlink(certificate->cert_file);
    (void)unlink(certificate->key_file);
    (void)rmdir(certificate->folder);
    certificate->folder[0] = '\0';
}
