/* SPDX-License-Identifier: MIT */
/*
 * A certificate made for a run: servers that we start get it, and our clients trust it and no
 * other. Main thread.
 */
#ifndef BENCH_CERTIFICATE_H
#define BENCH_CERTIFICATE_H

#include "bench/error.h"

struct bench_certificate {
    char folder[200]; /* private; "" = there is none */
    char cert_file[220], key_file[220];
};

/* What it says. */
struct bench_certificate_spec {
    const char *names;   /* of the subject, as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1" */
    int64_t from_s, to_s; /* validity, seconds from now */
};

/* Makes a key (EC P-256) and a certificate that it has signed itself, in a new private folder
 * below $TMPDIR or /tmp. spec NULL: localhost, 127.0.0.1 and ::1, for some days. 0 or negative with
 * err filled; then nothing is left behind. */
int bench_certificate_make(const struct bench_certificate_spec *spec,
                           struct bench_certificate *out,
                           struct bench_error *err) BENCH_MUST_CHECK;
/* Removes the files. Accepts one that was never made. */
void bench_certificate_remove(struct bench_certificate *certificate);

#endif
