/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <event2/event.h>
#include <gsl/gsl_version.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <zlib.h>

#include "bench/units.h"
#include "bench_revision.h"
#include "suite/environment.h"
#include "suite/sysinfo.h"

static void add_build(struct bench_facts *facts)
{
    const char *why;
    bench_facts_add(facts, "rpycbench", "%s", RPYCBENCH_VERSION);
    bench_facts_add(facts, "revision", "%s", RPYCBENCH_REVISION);
    bench_facts_add(facts, "build", "%s%s%s", RPYCBENCH_BUILD_TYPE,
                    RPYCBENCH_SANITIZERS[0] != '\0' ? ", " : "", RPYCBENCH_SANITIZERS);
    if (bench_sysinfo_unfit_build(&why))
        bench_facts_add(facts, "warning", "%s: these times are no measurement", why);
    bench_facts_add(facts, "compiler", "%s", __VERSION__);
}

static void add_libraries(struct bench_facts *facts)
{
    bench_facts_add(facts, "libraries", "libevent %s, %s, zlib %s, jansson %s, GSL %s, %s",
                    event_get_version(), OpenSSL_version(OPENSSL_VERSION), zlibVersion(),
                    jansson_version_str(), gsl_version, bench_facts_hash_library());
    for (const struct bench_protocol *const *p = bench_protocols(); *p != NULL; p++) {
        char name[64];
        if ((*p)->libraries == NULL)
            continue;
        (void)snprintf(name, sizeof(name), "libraries of %s", (*p)->name);
        bench_facts_add(facts, name, "%s", (*p)->libraries());
    }
}

static bool is_known(const struct bench_facts *facts, const char *name)
{
    return bench_facts_find(facts->rows, facts->n, name) != NULL;
}

/* One program may stand for several clients, with a library each. */
static void add_client(const struct bench_client_row *client, struct bench_facts *facts)
{
    char name[80];
    const char *versions;
    if (bench_client_check(client, &versions, NULL) < 0)
        return;
    const bool other = is_known(facts, client->program);
    (void)snprintf(name, sizeof(name), "%s%s%s", other ? client->client : "", other ? " " : "",
                   client->program);
    bench_facts_add(facts, name, "%s", versions);
}

static void add_programs(const struct bench_plan *plan, struct bench_facts *facts)
{
    const char *versions, *build = "";
    bool python = false;
    for (size_t t = 0; t < plan->ntargets; t++) {
        const struct bench_server_row *server = plan->targets[t].server;
        if (server == NULL || server->program == NULL || is_known(facts, server->program) ||
            bench_server_check(server, &versions, NULL) < 0)
            continue;
        bench_facts_add(facts, server->program, "%s", versions);
        build = bench_server_build(server);
        python = true;
    }
    for (size_t t = 0; t < plan->ntargets; t++) {
        const struct bench_client_row *client = plan->targets[t].client;
        bool seen = client == NULL;
        for (size_t k = 0; k < t && !seen; k++)
            seen = plan->targets[k].client == client;
        if (!seen) {
            add_client(client, facts);
            python = true;
        }
    }
    if (!python)
        return;
    bench_facts_add(facts, "python interpreter", "%s", bench_python_path());
    bench_facts_add(facts, "python build", "%s", build);
    for (size_t i = 0; bench_python_env[i] != NULL; i++)
        bench_facts_add(facts, "python environment", "%s", bench_python_env[i]);
}

void bench_environment_software(const struct bench_plan *plan, struct bench_facts *facts)
{
    add_build(facts);
    add_libraries(facts);
    add_programs(plan, facts);
}
