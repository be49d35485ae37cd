/* SPDX-License-Identifier: MIT */
/*
 * The client's root in classic mode. A server with a ClassicService does to its client what the
 * client does to it: it fetches getmodule, eval, execute and namespace and imports two modules, and
 * gives the connection up when that fails. So they are there, and do nothing: no code is run, no
 * module is looked for, and the modules are empty.
 */
#include <string.h>

#include "protocols/rpyc/rpyc_client.h"

int rpyc_slave_attribute(struct rpyc_serving *s, const char *name, struct bench_value *out)
{
    static const char *const methods[] = {
        [RPYC_SLAVE_GETMODULE] = "getmodule",
        [RPYC_SLAVE_EVAL] = "eval",
        [RPYC_SLAVE_EXECUTE] = "execute",
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(methods); i++) {
        if (strcmp(name, methods[i]) == 0) {
            *out = rpyc_lent_slave(&s->c->lent, (enum rpyc_slave_object)i);
            return 0;
        }
    }
    if (strcmp(name, "namespace") == 0) {
        *out = bench_none();
        return 0;
    }
    return bench_raise(&s->call, "AttributeError", "cannot access '%.100s'", name);
}

static bool is_text(const struct bench_value *value, const char *text)
{
    return value->kind == BENCH_STR && value->text.length == strlen(text) &&
           memcmp(value->text.data, text, value->text.length) == 0;
}

int rpyc_slave_call(struct rpyc_serving *s, const struct rpyc_lent_object *method,
                    const struct bench_value *args, struct bench_value *out)
{
    struct rpyc_lent *lent = &s->c->lent;
    if (method != &lent->slave[RPYC_SLAVE_GETMODULE])
        return bench_raise(&s->call, "PermissionError", "this client runs no code for a server");
    if (args->kind != BENCH_TUPLE || args->seq.count != 1)
        return bench_raise(&s->call, "TypeError", "getmodule() takes the name of a module");
    if (is_text(&args->seq.items[0], "builtins"))
        *out = rpyc_lent_slave(lent, RPYC_SLAVE_BUILTINS);
    else if (is_text(&args->seq.items[0], "importlib.util"))
        *out = rpyc_lent_slave(lent, RPYC_SLAVE_IMPORTLIB);
    else
        return bench_raise(&s->call, "ModuleNotFoundError", "this client has no modules");
    return 0;
}
