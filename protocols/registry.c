/* SPDX-License-Identifier: MIT */
/* The table of backends: built-in ones from protocols.def, then plug-ins. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/protocol.h"

enum { PLUGINS_MAX = 8, NAME_MAX_LENGTH = 15 };

#define X(name) extern const struct bench_protocol name##_protocol;
#include "protocols/protocols.def"
#undef X

/* Written by bench_protocol_load only, while the process has one thread. */
static const struct bench_protocol *table[] = {
#define X(name) &name##_protocol,
#include "protocols/protocols.def"
#undef X
    /* plug-ins, and the NULL that ends the list */
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
};

const struct bench_protocol *const *bench_protocols(void) { return table; }

const struct bench_protocol *bench_protocol_find(const char *name, size_t length)
{
    for (size_t i = 0; table[i] != NULL; i++)
        if (strlen(table[i]->name) == length && memcmp(table[i]->name, name, length) == 0)
            return table[i];
    return NULL;
}

const struct bench_protocol *bench_protocol_by_scheme(const char *name, size_t length,
                                                      const struct bench_scheme **row)
{
    for (size_t i = 0; table[i] != NULL; i++) {
        for (const struct bench_scheme *s = table[i]->schemes; s != NULL && s->name != NULL; s++) {
            if (strlen(s->name) == length && memcmp(s->name, name, length) == 0) {
                *row = s;
                return table[i];
            }
        }
    }
    return NULL;
}

static int check_name(const char *name, struct bench_error *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    size_t length = name == NULL ? 0 : strlen(name);
    if (length == 0 || length > NAME_MAX_LENGTH || strspn(name, allowed) != length)
        return bench_fail(err, -EINVAL, "its name '%s' is not 1 to %d of [a-z0-9-]",
                          name == NULL ? "" : name, NAME_MAX_LENGTH);
    if (bench_protocol_find(name, length) != NULL)
        return bench_fail(err, -EEXIST, "there is a protocol '%s' already", name);
    return 0;
}

static int check_table(const struct bench_protocol *p, struct bench_error *err)
{
    if (p == NULL)
        return bench_fail(err, -EINVAL, "bench_plugin_entry() returned nothing");
    if (p->abi != BENCH_ABI)
        return bench_fail(err, -EINVAL, "it was built for ABI %u, this program has %u", p->abi,
                          BENCH_ABI);
    if (p->size != sizeof(*p))
        return bench_fail(err, -EINVAL, "its table has %u bytes, this program's %zu", p->size,
                          sizeof(*p));
    const struct {
        const char *name;
        bool there;
    } needed[] = {
        {"summary", p->summary != NULL},       {"schemes", p->schemes != NULL},
        {"compile", p->compile != NULL},       {"program_free", p->program_free != NULL},
        {"conn_open", p->conn_open != NULL},   {"submit", p->submit != NULL},
        {"cancel", p->cancel != NULL},         {"conn_close", p->conn_close != NULL},
        {"conn_fini", p->conn_fini != NULL},   {"max_inflight", p->max_inflight > 0},
        {"max_payload", p->max_payload > 0},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(needed); i++)
        if (!needed[i].there)
            return bench_fail(err, -EINVAL, "its table has no %s", needed[i].name);
    return check_name(p->name, err);
}

static int add(void *handle, struct bench_error *err)
{
    union {
        void *object;
        const struct bench_protocol *(*entry)(void);
    } symbol = {.object = dlsym(handle, "bench_plugin_entry")};
    if (symbol.object == NULL)
        return bench_fail(err, -EINVAL, "it has no symbol bench_plugin_entry");
    const struct bench_protocol *p = symbol.entry();
    int rc = check_table(p, err);
    if (rc < 0)
        return rc;
    size_t n = 0;
    while (table[n] != NULL)
        n++;
    if (n + 1 >= BENCH_COUNT_OF(table))
        return bench_fail(err, -ENOSPC, "more than %d plug-ins", PLUGINS_MAX);
    table[n] = p;
    return 0;
}

int bench_protocol_load(const char *path, struct bench_error *err)
{
    /* A name without a slash is a file here, not one of the system's libraries. */
    char file[4096];
    int n = snprintf(file, sizeof(file), "%s%s", strchr(path, '/') == NULL ? "./" : "", path);
    if (n >= (int)sizeof(file))
        return bench_fail(err, -ENAMETOOLONG, "plug-in %.60s...: its path is too long", path);
    /* Never unloaded on success: its table and code are used until the end. */
    void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return bench_fail(err, -ENOENT, "cannot load plug-in %s: %s", path, dlerror());
    int rc = add(handle, err);
    if (rc < 0) {
        char prefix[200];
        struct bench_error text;
        (void)bench_fail(&text, rc, "plug-in %.160s: ", path);
        memcpy(prefix, text.msg, sizeof(prefix) - 1);
        prefix[sizeof(prefix) - 1] = '\0';
        bench_error_prefix(err, prefix);
        (void)dlclose(handle);
    }
    return rc;
}
