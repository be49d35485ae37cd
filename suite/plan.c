/* SPDX-License-Identifier: MIT */
#include "suite/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "bench/units.h"

void bench_target_fini(struct bench_target *target)
{
    if (target->protocol != NULL)
        bench_options_free(target->protocol->options, target->options);
    *target = (struct bench_target){.protocol = NULL};
}

void bench_plan_fini(struct bench_plan *plan)
{
    for (size_t i = 0; i < plan->ntargets; i++)
        bench_target_fini(&plan->targets[i]);
    plan->ntargets = 0;
}

int bench_plan_add_plugin(struct bench_plan *plan, const char *path, struct bench_error *err)
{
    if (plan->nplugins == BENCH_COUNT_OF(plan->plugins))
        return bench_fail(err, -ENOSPC, "given more than %zu times",
                          BENCH_COUNT_OF(plan->plugins));
    plan->plugins[plan->nplugins++] = path;
    return 0;
}

int bench_plan_load_plugins(const struct bench_plan *plan, struct bench_error *err)
{
    for (size_t i = 0; i < plan->nplugins; i++) {
        const struct bench_protocol *const *p = bench_protocols();
        size_t before = 0;
        while (p[before] != NULL)
            before++;
        int rc = bench_protocol_load(plan->plugins[i], err);
        if (rc == 0 && p[before] != NULL && p[before]->server != NULL)
            rc = bench_server_add_native(p[before]->name);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int bench_plan_most_clients(const struct bench_plan *plan)
{
    int64_t most = 1;
    for (size_t i = 0; i < plan->clients.n; i++)
        if (plan->clients.values[i] > most)
            most = plan->clients.values[i];
    return (int)most;
}

/* The option `tls` that backends with BENCH_CAP_TLS have. */
static bool is_tls_on(const struct bench_target *t)
{
    if (!(t->protocol->caps & BENCH_CAP_TLS))
        return false;
    for (const struct bench_option *o = t->protocol->options; o != NULL && o->name != NULL; o++)
        if (o->type == BENCH_OPTION_BOOL && strcmp(o->name, "tls") == 0)
            return *(const bool *)((const char *)t->options + o->offset);
    return false;
}

static int set_options(struct bench_target *t, const char *text, struct bench_error *err)
{
    int rc = bench_options_new(t->protocol->options, t->protocol->options_size, &t->options, err);
    if (rc == 0 && t->is_url && t->scheme->options != NULL)
        rc = bench_options_parse(t->protocol->options, t->options, t->scheme->options, err);
    if (rc == 0)
        rc = bench_options_parse(t->protocol->options, t->options, text, err);
    if (rc == 0 && t->protocol->check != NULL)
        rc = t->protocol->check(t->options, err);
    if (rc < 0)
        return rc;
    t->tls = t->address.tls || is_tls_on(t);
    t->address.tls = t->tls;
    if (t->tls && t->address.local)
        return bench_fail(err, -EINVAL, "there is no TLS over Unix sockets");
    return 0;
}

static int no_such_protocol(const char *name, size_t length, struct bench_error *err)
{
    char list[160] = "";
    size_t used = 0;
    for (const struct bench_protocol *const *p = bench_protocols(); *p != NULL; p++)
        if (used < sizeof(list))
            used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", used > 0 ? ", " : "",
                                     (*p)->name);
    return bench_fail(err, -EINVAL, "there is no protocol '%.*s'; there is %s", (int)length, name,
                      list);
}

static int no_such_scheme(const char *name, size_t length, struct bench_error *err)
{
    char list[160] = "";
    size_t used = 0;
    for (const struct bench_protocol *const *p = bench_protocols(); *p != NULL; p++)
        for (const struct bench_scheme *s = (*p)->schemes; s != NULL && s->name != NULL; s++)
            if (used < sizeof(list))
                used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
                                         used > 0 ? ", " : "", s->name);
    return bench_fail(err, -EINVAL, "no protocol has the scheme '%.*s'; there is %s", (int)length,
                      name, list);
}

static int no_such_server(const struct bench_target *t, const char *mode, const char *server,
                          struct bench_error *err)
{
    char list[160] = "";
    size_t used = 0, count;
    const struct bench_server_row *rows = bench_server_rows(&count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].protocol, t->protocol->name) == 0 && used < sizeof(list))
            used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s/%s",
                                     used > 0 ? ", " : "", rows[i].mode, rows[i].server);
    return bench_fail(err, -EINVAL, "%s has no server '%s/%s'; it has %s", t->protocol->name, mode,
                      server, used > 0 ? list : "none");
}

static int no_such_client(const struct bench_target *t, const char *client,
                          struct bench_error *err)
{
    char list[160] = "native";
    size_t used = strlen(list), count;
    const struct bench_client_row *rows = bench_client_rows(&count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].protocol, t->protocol->name) == 0 && used < sizeof(list))
            used += (size_t)snprintf(list + used, sizeof(list) - used, ", %s", rows[i].client);
    return bench_fail(err, -EINVAL, "%s has no client '%s'; it has %s", t->protocol->name, client,
                      list);
}

/* "/MODE/SERVER[/CLIENT]" behind the protocol and its options. */
static int parse_path(struct bench_target *t, const char *path, struct bench_error *err)
{
    if (t->protocol->caps & BENCH_CAP_NO_TRANSPORT) {
        if (*path != '\0')
            return bench_fail(err, -EINVAL, "%s has no server: write it without '%s'",
                              t->protocol->name, path);
        return 0;
    }
    char copy[128];
    (void)snprintf(copy, sizeof(copy), "%s", *path == '/' ? path + 1 : path);
    char *rest = copy;
    const char *mode = strsep(&rest, "/");
    const char *server = strsep(&rest, "/");
    const char *client = strsep(&rest, "/");
    if (*path != '/' || server == NULL || rest != NULL)
        return bench_fail(err, -EINVAL, "write a target as PROTOCOL[options]/MODE/SERVER or a URL");
    if (client != NULL && strcmp(client, "native") != 0) {
        t->client = bench_client_find(t->protocol->name, client);
        if (t->client == NULL)
            return no_such_client(t, client, err);
    }
    t->server = bench_server_find(t->protocol->name, mode, server);
    return t->server == NULL ? no_such_server(t, mode, server, err) : 0;
}

/* HOST[:PORT][/PATH] behind the scheme. */
static int parse_authority(struct bench_target *t, const struct bench_scheme *scheme,
                           const char *text, size_t length, struct bench_error *err)
{
    char copy[256];
    if (length == 0 || length >= sizeof(copy))
        return bench_fail(err, -EINVAL, "a URL needs a host");
    memcpy(copy, text, length);
    copy[length] = '\0';
    char *host = copy, *end;
    if (*host == '[') {
        host++;
        end = strchr(host, ']');
        if (end == NULL)
            return bench_fail(err, -EINVAL, "'[' without ']' in '%s'", copy);
        *end++ = '\0';
    } else {
        end = host + strcspn(host, ":/");
    }
    char after = *end;
    *end++ = '\0';
    int64_t port = scheme->default_port;
    char *path = after == '/' ? end : NULL;
    if (after == ':') {
        path = strchr(end, '/');
        if (path != NULL)
            *path++ = '\0';
        int rc = bench_parse_int(end, 1, 65535, &port, err);
        if (rc < 0) {
            bench_error_prefix(err, "port ");
            return rc;
        }
    } else if (port == 0) {
        return bench_fail(err, -EINVAL, "scheme %s has no usual port: write HOST:PORT",
                          scheme->name);
    }
    if (*host == '\0')
        return bench_fail(err, -EINVAL, "a URL needs a host");
    t->is_url = true;
    t->scheme = scheme;
    t->address.port = (uint16_t)port;
    t->address.tls = scheme->tls;
    (void)snprintf(t->address.host, sizeof(t->address.host), "%s", host);
    (void)snprintf(t->address.path, sizeof(t->address.path), "%s", path == NULL ? "" : path);
    return 0;
}

/* The options' brackets: the last '[' that is not an IPv6 host's. */
static const char *find_options(const char *text, size_t length, size_t from)
{
    const char *open = NULL;
    for (size_t i = from; i < length; i++)
        if (text[i] == '[')
            open = text + i;
    return open;
}

static int copy_options(struct bench_target *t, const char *open, const char **after,
                        struct bench_error *err)
{
    const char *close = strchr(open, ']');
    if (close == NULL)
        return bench_fail(err, -EINVAL, "'[' without ']'");
    if ((size_t)(close - open - 1) >= sizeof(t->options_text))
        return bench_fail(err, -EINVAL, "options of more than %zu characters",
                          sizeof(t->options_text) - 1);
    (void)snprintf(t->options_text, sizeof(t->options_text), "%.*s", (int)(close - open - 1),
                   open + 1);
    *after = close + 1;
    return 0;
}

/* SCHEME+unix:///PATH */
static int parse_local(struct bench_target *t, const struct bench_scheme *scheme, const char *text,
                       size_t length, struct bench_error *err)
{
    if (!(t->protocol->caps & BENCH_CAP_UNIX) || scheme->tls)
        return bench_fail(err, -EINVAL, "%s does not go over Unix sockets", scheme->name);
    if (*text != '/' || length >= sizeof(t->address.path))
        return bench_fail(err, -EINVAL, "write %s+unix:///PATH, with an absolute path of up to 107 "
                          "bytes", scheme->name);
    t->is_url = true;
    t->scheme = scheme;
    t->address.local = true;
    (void)snprintf(t->address.host, sizeof(t->address.host), "localhost");
    (void)snprintf(t->address.path, sizeof(t->address.path), "%.*s", (int)length, text);
    return 0;
}

static int parse_url(struct bench_target *t, const char *text, const char *colon,
                     struct bench_error *err)
{
    static const char suffix[] = "+unix";
    const struct bench_scheme *scheme = NULL;
    size_t name_length = (size_t)(colon - text), tail = sizeof(suffix) - 1;
    bool local = name_length > tail && memcmp(colon - tail, suffix, tail) == 0;
    t->protocol = bench_protocol_by_scheme(text, name_length - (local ? tail : 0), &scheme);
    if (t->protocol == NULL)
        return no_such_scheme(text, name_length, err);
    const char *rest = colon + 3;
    size_t length = strlen(rest);
    const char *open = find_options(rest, length, *rest == '[' ? 1 : 0);
    if (open != NULL) {
        const char *after;
        length = (size_t)(open - rest);
        int rc = copy_options(t, open, &after, err);
        if (rc == 0 && *after != '\0')
            rc = bench_fail(err, -EINVAL, "'%s' behind the options", after);
        if (rc < 0)
            return rc;
    }
    int rc = local ? parse_local(t, scheme, rest, length, err)
                   : parse_authority(t, scheme, rest, length, err);
    return rc < 0 ? rc : bench_address_resolve(&t->address, err);
}

static int parse_reference(struct bench_target *t, const char *text, struct bench_error *err)
{
    size_t length = strcspn(text, "[/");
    t->protocol = bench_protocol_find(text, length);
    if (t->protocol == NULL)
        return no_such_protocol(text, length, err);
    const char *path = text + length;
    if (*path == '[') {
        int rc = copy_options(t, path, &path, err);
        if (rc < 0)
            return rc;
    }
    return parse_path(t, path, err);
}

static int parse_target(const char *text, struct bench_target *t, struct bench_error *err)
{
    *t = (struct bench_target){.protocol = NULL};
    if (strlen(text) >= sizeof(t->name))
        return bench_fail(err, -EINVAL, "of more than %zu characters", sizeof(t->name) - 1);
    (void)snprintf(t->name, sizeof(t->name), "%s", text);
    const char *colon = strstr(text, "://");
    int rc = colon != NULL ? parse_url(t, text, colon, err) : parse_reference(t, text, err);
    if (rc == 0)
        rc = set_options(t, t->options_text, err);
    return rc;
}

static int add_one(struct bench_plan *plan, const char *text, struct bench_error *err)
{
    if (plan->ntargets == BENCH_TARGETS_MAX)
        return bench_fail(err, -ENOSPC, "more than %d targets", BENCH_TARGETS_MAX);
    struct bench_target *t = &plan->targets[plan->ntargets];
    int rc = parse_target(text, t, err);
    t->address.insecure = plan->insecure;
    (void)snprintf(t->address.ca_file, sizeof(t->address.ca_file), "%s",
                   plan->ca_file == NULL ? "" : plan->ca_file);
    if (rc < 0) {
        char prefix[128];
        (void)snprintf(prefix, sizeof(prefix), "target '%.100s': ", text);
        bench_error_prefix(err, prefix);
        bench_target_fini(t);
        return rc;
    }
    for (size_t i = 0; i < plan->ntargets; i++) {
        if (strcmp(plan->targets[i].name, t->name) == 0) {
            bench_target_fini(t);
            return 0; /* named twice: measured once */
        }
    }
    plan->ntargets++;
    return 0;
}

int bench_plan_add_targets(struct bench_plan *plan, const char *text, struct bench_error *err)
{
    char one[320];
    size_t n = 0;
    int depth = 0;
    for (const char *c = text;; c++) {
        if (*c == '\0' || (*c == ',' && depth == 0)) {
            one[n] = '\0';
            int rc = n == 0 ? bench_fail(err, -EINVAL, "an empty target in '%s'", text)
                            : add_one(plan, one, err);
            if (rc < 0 || *c == '\0')
                return rc;
            n = 0;
            continue;
        }
        depth += *c == '[' ? 1 : *c == ']' ? -1 : 0;
        if (n + 1 >= sizeof(one))
            return bench_fail(err, -EINVAL, "target '%.40s...' is too long", text);
        one[n++] = *c;
    }
}

int bench_plan_add_default_targets(struct bench_plan *plan, struct bench_error *err)
{
    size_t count, nclients;
    int rc = 0;
    char name[128];
    const struct bench_server_row *rows = bench_server_rows(&count);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        (void)snprintf(name, sizeof(name), "%s/%s/%s", rows[i].protocol, rows[i].mode,
                       rows[i].server);
        rc = rows[i].in_default ? add_one(plan, name, err) : 0;
    }
    const struct bench_client_row *clients = bench_client_rows(&nclients);
    for (size_t i = 0; rc == 0 && i < nclients; i++) {
        (void)snprintf(name, sizeof(name), "%s/%s/%s", clients[i].protocol, clients[i].in_default,
                       clients[i].client);
        rc = clients[i].in_default[0] != '\0' ? add_one(plan, name, err) : 0;
    }
    return rc;
}

int bench_plan_add_aa_targets(struct bench_plan *plan, struct bench_error *err)
{
    size_t count;
    int rc = 0;
    char name[128];
    const struct bench_server_row *rows = bench_server_rows(&count);
    const char *mode = count > 0 ? rows[0].mode : "";
    for (size_t i = 0; rc == 0 && i < count; i++) {
        const struct bench_protocol *p =
            bench_protocol_find(rows[i].protocol, strlen(rows[i].protocol));
        if (!rows[i].in_default || strcmp(rows[i].mode, mode) != 0 || rows[i].label[0] != '\0' ||
            p == NULL || p->role != BENCH_ROLE_NORMAL)
            continue;
        /* One backend of each wire protocol, from the servers that both have. */
        if (p->family != NULL && strcmp(p->family, p->name) != 0)
            continue;
        (void)snprintf(name, sizeof(name), "%s/%s/%s", rows[i].protocol, rows[i].mode,
                       rows[i].server);
        rc = add_one(plan, name, err);
    }
    return rc;
}

int bench_plan_double(struct bench_plan *plan, struct bench_error *err)
{
    const size_t n = plan->ntargets;
    if (2 * n > BENCH_TARGETS_MAX)
        return bench_fail(err, -ENOSPC, "%zu targets twice are more than %d", n, BENCH_TARGETS_MAX);
    for (size_t i = n; i-- > 0;) {
        struct bench_target again = plan->targets[i];
        const size_t length = strlen(again.name);
        again.options = NULL;
        again.again = true;
        if (length + sizeof(BENCH_ARM_SUFFIX) > sizeof(again.name))
            return bench_fail(err, -ENAMETOOLONG, "target '%.60s...' is too long", again.name);
        (void)snprintf(again.name + length, sizeof(again.name) - length, "%s", BENCH_ARM_SUFFIX);
        int rc = set_options(&again, again.options_text, err);
        if (rc < 0) {
            bench_target_fini(&again);
            return rc;
        }
        /* From behind, so that each moves once: arms stand side by side. */
        memmove(&plan->targets[i + 2], &plan->targets[i + 1],
                (plan->ntargets - i - 1) * sizeof(*plan->targets));
        plan->targets[i + 1] = again;
        plan->ntargets++;
    }
    return 0;
}

int bench_target_variant(const struct bench_target *base, const char *option,
                         struct bench_target *out, struct bench_error *err)
{
    *out = *base;
    out->options = NULL;
    int n = snprintf(out->options_text, sizeof(out->options_text), "%s%s%s", base->options_text,
                     base->options_text[0] != '\0' ? "," : "", option);
    if (n >= (int)sizeof(out->options_text))
        return bench_fail(err, -EINVAL, "options of target '%s' are too long", base->name);
    int rc = set_options(out, out->options_text, err);
    if (rc < 0)
        return rc;
    if (base->is_url) {
        size_t length = strlen(base->name) - (base->again ? strlen(BENCH_ARM_SUFFIX) : 0);
        if (base->options_text[0] != '\0')
            length -= strlen(base->options_text) + 2;
        (void)snprintf(out->name, sizeof(out->name), "%.*s[%.120s]", (int)length, base->name,
                       out->options_text);
    } else if (base->server != NULL) {
        (void)snprintf(out->name, sizeof(out->name), "%s[%.120s]/%s/%s%s%s", base->protocol->name,
                       out->options_text, base->server->mode, base->server->server,
                       base->client == NULL ? "" : "/",
                       base->client == NULL ? "" : base->client->client);
    } else {
        (void)snprintf(out->name, sizeof(out->name), "%s[%.120s]", base->protocol->name,
                       out->options_text);
    }
    const size_t length = strlen(out->name);
    if (base->again)
        (void)snprintf(out->name + length, sizeof(out->name) - length, "%s", BENCH_ARM_SUFFIX);
    return 0;
}
