/* SPDX-License-Identifier: MIT */
/*
 * Temporary folders, small files and open descriptors for tests. Not for several threads at once.
 */
#ifndef SUPPORT_FILES_H
#define SUPPORT_FILES_H

#include "bench/error.h"

/* A new empty folder below $TMPDIR or /tmp. The caller ends it with support_tempdir_remove. */
int support_tempdir_make(char **out, struct bench_error *err) BENCH_MUST_CHECK;
/* Removes it with all contents and frees the path. Accepts NULL. */
void support_tempdir_remove(char *path);

int support_write_file(const char *path, const void *data, size_t length) BENCH_MUST_CHECK;
/* The whole file with a NUL behind it; the caller frees it. 0, -errno, -EFBIG over 64 MiB. */
int support_read_file(const char *path, char **out, size_t *length) BENCH_MUST_CHECK;

/* How many descriptors this process has open now, the one for looking not counted. */
int support_fd_count(void);
/* What they are, one "fd -> target" a line on stderr: for the message of a leak. */
void support_fd_print(void);

#endif
