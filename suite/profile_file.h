/* SPDX-License-Identifier: MIT */
/*
 * A file that is written when something long is over: whether it can be is found out before. What
 * was there stays until the new one is whole. One owner.
 */
#ifndef BENCH_PROFILE_FILE_H
#define BENCH_PROFILE_FILE_H

#include <stddef.h>
#include <stdio.h>

#include "bench/error.h"

struct profile_file {
    const char *path; /* NULL = there is none */
    int fd;           /* of something that is no regular file (a pipe, a terminal); else -1 */
};

/* path NULL gives a file that profile_file_write does nothing for. 0, or negative with the path
 * named: a folder that is not there or may not be written, a folder in its place. */
int profile_file_open(struct profile_file *file, const char *path,
                      struct bench_error *err) BENCH_MUST_CHECK;
/* Whole or, of a regular file, not at all. */
int profile_file_write(struct profile_file *file, const void *data, size_t length,
                       struct bench_error *err) BENCH_MUST_CHECK;
void profile_file_close(struct profile_file *file);
/* Opens a file that grows, empty. A descriptor or -1 with errno. */
int profile_log_open(const char *path);
/* All of it to a descriptor. 0 or -errno. */
int profile_write_all(int fd, const void *data, size_t length);

#endif
