/* SPDX-License-Identifier: MIT */
#include "suite/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, FILE_LIMIT = 16 << 20 };

int bench_state_path(const char *name, char *out, size_t size, struct bench_error *err)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    out[0] = '\0';
    if (state != NULL && state[0] == '/')
        (void)snprintf(out, size, "%s/rpycbench/%s", state, name);
    else if (home != NULL && home[0] == '/')
        (void)snprintf(out, size, "%s/.local/state/rpycbench/%s", home, name);
    if (out[0] == '\0')
        return bench_fail(err, -ENOENT, "neither XDG_STATE_HOME nor HOME says where to keep %s",
                          name);
    return 0;
}

int bench_state_load(const char *name, const char *schema, json_t **out, struct bench_error *err)
{
    char path[PATH_SIZE];
    json_error_t why;
    struct stat about;
    int rc = bench_state_path(name, path, sizeof(path), err);
    if (rc < 0)
        return rc;
    if (stat(path, &about) < 0) {
        if (errno != ENOENT)
            return bench_fail(err, -errno, "%s: %s", path, bench_errno_text(errno));
        *out = json_pack("{s:s,s:{}}", "schema", schema, "machines");
        return *out != NULL ? 0 : bench_fail(err, -ENOMEM, "out of memory");
    }
    if (!S_ISREG(about.st_mode) || about.st_size > FILE_LIMIT)
        return bench_fail(err, -EINVAL, "%s: not a file of up to %d bytes", path, FILE_LIMIT);
    json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    if (file == NULL)
        return bench_fail(err, -EINVAL, "%s: %s", path, why.text);
    const char *is = json_string_value(json_object_get(file, "schema"));
    if (is == NULL || strcmp(is, schema) != 0 ||
        !json_is_object(json_object_get(file, "machines"))) {
        json_decref(file);
        return bench_fail(err, -EINVAL, "%s: not a file of schema %s", path, schema);
    }
    *out = file;
    return 0;
}

static int make_parents(const char *path)
{
    char copy[PATH_SIZE];
    (void)snprintf(copy, sizeof(copy), "%s", path);
    for (char *at = copy + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        if (mkdir(copy, 0700) < 0 && errno != EEXIST)
            return -errno;
        *at = '/';
    }
    return 0;
}

int bench_state_save(const char *name, const json_t *file, struct bench_error *err)
{
    char path[PATH_SIZE], part[PATH_SIZE + 32];
    int rc = bench_state_path(name, path, sizeof(path), err);
    if (rc < 0)
        return rc;
    rc = make_parents(path);
    (void)snprintf(part, sizeof(part), "%s.%ld", path, (long)getpid());
    if (rc == 0 && json_dump_file(file, part, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) < 0)
        rc = -EIO;
    if (rc == 0 && rename(part, path) < 0)
        rc = -errno;
    if (rc < 0) {
        (void)unlink(part);
        return bench_fail(err, rc, "%s: %s", path, bench_errno_text(rc));
    }
    return 0;
}
