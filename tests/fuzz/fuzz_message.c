/* SPDX-License-Identifier: MIT */
/* The payload of a frame: a message of either layout, and what is in it. */
#include <errno.h>

#include "protocols/rpyc/rpyc_msg.h"
#include "tests/fuzz/fuzz.h"

static int as_proxy(void *user, const struct rpyc_ref *ref, struct bench_value *out)
{
    struct rpyc_proxy *proxy = rpyc_proxy_new(user, ref);
    if (proxy == NULL)
        return -ENOMEM;
    *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &proxy->object};
    return 0;
}

static void read_body(struct rpyc_message *message, struct bench_arena *arena)
{
    const struct rpyc_resolver resolver = {as_proxy, as_proxy, arena};
    struct rpyc_exception exception;
    struct bench_value value;
    struct bench_buf text;
    int64_t handler;
    char line[200];
    bench_buf_init(&text, (size_t)1 << 20);
    if (message->type == RPYC_EXCEPTION) {
        if (rpyc_read_exception(&message->body, &exception) == 0)
            rpyc_exception_text(&exception, line, sizeof(line));
    } else if (message->type == RPYC_REPLY || rpyc_read_request(&message->body, &handler) == 0) {
        if (rpyc_read_box(&message->body, &resolver, &value) == 0)
            (void)bench_value_repr(&value, &text);
    }
    bench_buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bench_arena arena;
    struct bench_error err;
    enum rpyc_layout layout;
    struct rpyc_message message;
    bench_arena_init(&arena, (size_t)64 << 20);
    if (size > 0 && rpyc_layout_detect(data, size, &layout, &err) == 0 &&
        rpyc_message_open(&message, layout, data, size, &arena, size % 2 == 0, &err) == 0)
        read_body(&message, &arena);
    bench_arena_fini(&arena);
    return 0;
}
