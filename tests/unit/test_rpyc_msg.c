/* SPDX-License-Identifier: MIT */
/* Messages of real conversations: parsed, and written again byte for byte. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/rpyc/rpyc_frame.h"
#include "protocols/rpyc/rpyc_msg.h"
#include "tests/support/files.h"

#define DATA TEST_SOURCE_DIR "/tests/unit/data/rpyc-transcripts.txt"

TestSuite(rpyc_msg, .timeout = 60);

/* An object of the sender: written as REMOTE_REF with the name it came with. */
struct exported {
    struct bench_object object;
    struct rpyc_ref ref;
};

static const struct bench_object_ops exported_ops = {.type_name = "exported"};

static int as_proxy(void *user, const struct rpyc_ref *ref, struct bench_value *out)
{
    struct rpyc_proxy *proxy = rpyc_proxy_new(user, ref);
    cr_assert_not_null(proxy);
    *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &proxy->object};
    return 0;
}

static int as_exported(void *user, const struct rpyc_ref *ref, struct bench_value *out)
{
    struct exported *object = bench_arena_alloc(user, sizeof(*object));
    cr_assert_not_null(object);
    *object = (struct exported){.object = {.ops = &exported_ops}, .ref = *ref};
    *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &object->object};
    return 0;
}

static int export_again(void *user, struct bench_object *object, struct rpyc_ref *ref)
{
    (void)user;
    *ref = ((struct exported *)object)->ref;
    return 0;
}

static uint8_t digit(char c) { return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10); }

static size_t unhex(const char *hex, uint8_t *out)
{
    size_t n = strlen(hex) / 2;
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    return n;
}

static enum rpyc_handler handler_named(const char *name)
{
    static const char *const names[RPYC_HANDLERS] = {
        [RPYC_PING] = "PING",         [RPYC_CLOSE] = "CLOSE",
        [RPYC_GETROOT] = "GETROOT",   [RPYC_GETATTR] = "GETATTR",
        [RPYC_DELATTR] = "DELATTR",   [RPYC_SETATTR] = "SETATTR",
        [RPYC_CALL] = "CALL",         [RPYC_CALLATTR] = "CALLATTR",
        [RPYC_REPR] = "REPR",         [RPYC_STR] = "STR",
        [RPYC_CMP] = "CMP",           [RPYC_HASH] = "HASH",
        [RPYC_DIR] = "DIR",           [RPYC_PICKLE] = "PICKLE",
        [RPYC_DEL] = "DEL",           [RPYC_INSPECT] = "INSPECT",
        [RPYC_BUFFITER] = "BUFFITER", [RPYC_OLDSLICING] = "OLDSLICING",
        [RPYC_CTXEXIT] = "CTXEXIT",   [RPYC_INSTANCECHECK] = "INSTANCECHECK",
    };
    for (int i = 1; i < RPYC_HANDLERS; i++)
        if (strcmp(names[i], name) == 0)
            return (enum rpyc_handler)i;
    cr_assert_fail("no handler %s", name);
    return RPYC_HANDLERS;
}

#define FRAME_MAX ((size_t)32 << 10) /* of the file */

struct check {
    struct bench_arena *arena;
    struct rpyc_outgoing *out;
    const char *what; /* "REQUEST seq=2 GETATTR" */
    const uint8_t *payload;
    size_t n;
    size_t ids;           /* bytes of the thread ids in front, which are not ours */
    const uint8_t *frame; /* all of it */
    size_t frame_length;
    unsigned written;    /* messages that were written again */
    unsigned compressed; /* of these */
};

/* Header, newline and, for large ones, the compressed bytes too. */
static void same_frame(struct check *c)
{
    if (c->frame == NULL)
        return;
    struct bench_error err;
    size_t at = 0;
    cr_assert_eq(rpyc_outgoing_end(c->out, &err), 0, "%s", err.msg);
    cr_assert_eq(c->out->wire_bytes, c->frame_length, "%s", c->what);
    for (int i = 0; i < c->out->count; i++) {
        const struct iovec *piece = &c->out->pieces[i];
        cr_assert(memcmp(c->frame + at, piece->iov_base, piece->iov_len) == 0, "%s", c->what);
        at += piece->iov_len;
    }
    c->compressed += c->frame[4] == 1;
}

static void same_again(struct check *c)
{
    size_t n = c->out->text.end - RPYC_FRAME_HEADER;
    cr_assert_eq(n, c->n, "%s: %zu bytes instead of %zu", c->what, n, c->n);
    cr_assert(memcmp(c->out->text.data + RPYC_FRAME_HEADER + c->ids, c->payload + c->ids,
                     n - c->ids) == 0,
              "%s", c->what);
    c->written++;
    same_frame(c);
}

static void check_box(struct check *c, struct rpyc_message *message)
{
    const struct rpyc_resolver resolver = {as_proxy, as_exported, c->arena};
    struct bench_value value;
    cr_assert_eq(rpyc_read_box(&message->body, &resolver, &value), 0, "%s: %s", c->what,
                 message->body.problem);
    cr_assert_eq(rpyc_read_end(&message->body), 0, "%s", c->what);
    cr_assert_eq(rpyc_write_box(&c->out->text, &value, export_again, NULL), 0);
    same_again(c);
}

static void check_exception(struct check *c, struct rpyc_message *message)
{
    struct rpyc_exception exception;
    char text[256];
    cr_assert_eq(rpyc_read_exception(&message->body, &exception), 0, "%s", c->what);
    rpyc_exception_text(&exception, text, sizeof(text));
    cr_assert_eq(exception.stop_iteration, strcmp(text, "builtins.StopIteration") == 0);
    if (!exception.stop_iteration)
        return;
    const struct bench_exception again = {.module = "builtins", .type = "StopIteration"};
    cr_assert_eq(rpyc_write_exception(&c->out->text, &again), 0);
    same_again(c);
}

static void check_message(struct check *c, enum rpyc_layout layout)
{
    char type[16], handler[24] = "";
    long long seq;
    struct rpyc_message message;
    struct bench_error err;
    enum rpyc_layout found;
    int64_t number;
    cr_assert_geq(sscanf(c->what, "%15s seq=%lld %23s", type, &seq, handler), 2);
    cr_assert_eq(rpyc_layout_detect(c->payload, c->n, &found, &err), 0);
    cr_assert_eq(found, layout);
    cr_assert_eq(rpyc_message_open(&message, layout, c->payload, c->n, c->arena, false, &err), 0,
                 "%s: %s", c->what, err.msg);
    cr_assert_eq(message.seq_number, seq);
    cr_assert_eq(message.bound, c->ids > 0);
    cr_assert_eq(message.sender != RPYC_ANY_THREAD, c->ids > 0);
    cr_assert_eq(rpyc_outgoing_begin(c->out), 0);
    if (strcmp(type, "REQUEST") == 0) {
        cr_assert_eq(message.type, RPYC_REQUEST);
        cr_assert_eq(rpyc_read_request(&message.body, &number), 0);
        cr_assert_eq(number, handler_named(handler));
        if (message.bound)
            cr_assert_eq(rpyc_write_threads(&c->out->text, RPYC_ANY_THREAD), 0);
        cr_assert_eq(rpyc_write_request(&c->out->text, layout, seq, (enum rpyc_handler)number), 0);
        check_box(c, &message);
        return;
    }
    bool reply = strcmp(type, "REPLY") == 0;
    cr_assert_eq(message.type, reply ? RPYC_REPLY : RPYC_EXCEPTION);
    cr_assert_eq(rpyc_write_answer(&c->out->text, &message, message.type), 0);
    if (reply)
        check_box(c, &message);
    else
        check_exception(c, &message);
}

Test(rpyc_msg, transcripts_are_read_and_written_again)
{
    char *text;
    size_t length, seen = 0;
    struct bench_arena arena;
    struct rpyc_outgoing out;
    struct rpyc_inflater inflater;
    cr_assert_eq(support_read_file(DATA, &text, &length), 0);
    bench_arena_init(&arena, (size_t)16 << 20);
    rpyc_outgoing_init(&out);
    rpyc_inflater_init(&inflater, (size_t)1 << 20);
    struct check check = {.arena = &arena, .out = &out};
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (line[0] == '#' || line[0] == '\0')
            continue;
        static uint8_t bytes[FRAME_MAX];
        struct rpyc_frame frame;
        struct bench_error err;
        const char *version = strsep(&line, "\t");
        bool threads = strstr(strsep(&line, "\t"), "bind_threads") != NULL;
        (void)strsep(&line, "\t"); /* direction */
        size_t n = unhex(strsep(&line, "\t"), bytes);
        check.what = line;
        for (size_t cut = 0; cut < n; cut++)
            cr_assert_eq(rpyc_frame_parse(bytes, cut, sizeof(bytes), &frame, &err), -EAGAIN);
        cr_assert_eq(rpyc_frame_parse(bytes, n, sizeof(bytes), &frame, &err), 0);
        cr_assert_eq(frame.total, n);
        cr_assert_eq(rpyc_frame_plain(&inflater, &frame, &check.payload, &check.n, &err), 0);
        check.frame = threads ? NULL : bytes;
        check.frame_length = n;
        check.ids = threads ? RPYC_THREADS_BYTES : 0;
        bench_arena_reset(&arena);
        check_message(&check, version[0] == '5' ? RPYC_LAYOUT_A : RPYC_LAYOUT_B);
        seen++;
    }
    cr_assert_eq(seen, 760);
    cr_assert_eq(check.compressed, 6);
    cr_assert_gt(check.written, seen - 20);
    rpyc_inflater_fini(&inflater);
    rpyc_outgoing_fini(&out);
    bench_arena_fini(&arena);
    free(text);
}

/* ---- what is not a message ---- */

Test(rpyc_msg, the_first_byte_tells_the_layout)
{
    static const struct {
        uint8_t first;
        int rc;
        enum rpyc_layout layout;
    } cases[] = {
        {0x12, 0, RPYC_LAYOUT_A},       {0x14, 0, RPYC_LAYOUT_A},
        {0x15, 0, RPYC_LAYOUT_A},       {0x01, 0, RPYC_LAYOUT_B},
        {0x02, 0, RPYC_LAYOUT_B},       {0x03, 0, RPYC_LAYOUT_B},
        {0x00, -EPROTO, RPYC_LAYOUT_A}, {0x04, -EPROTO, RPYC_LAYOUT_A},
        {0x11, -EPROTO, RPYC_LAYOUT_A}, {'G', -EPROTO, RPYC_LAYOUT_A},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        enum rpyc_layout layout = RPYC_LAYOUT_A;
        struct bench_error err;
        cr_assert_eq(rpyc_layout_detect(&cases[i].first, 1, &layout, &err), cases[i].rc);
        cr_assert_eq(layout, cases[i].layout);
    }
}

/* ---- thread ids ---- */

/* GETROOT, request 0. */
#define IDS     "000000000000ab010000000000000000"
#define BOUND_A IDS "1251501153115102"
#define BOUND_B IDS "0111501153115102"

Test(rpyc_msg, thread_ids_are_read_and_written)
{
    static const struct {
        const char *hex;
        enum rpyc_layout layout;
    } cases[] = {{BOUND_A, RPYC_LAYOUT_A}, {BOUND_B, RPYC_LAYOUT_B}};
    struct bench_arena arena;
    struct bench_buf out;
    bench_arena_init(&arena, 4096);
    bench_buf_init(&out, 4096);
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        uint8_t bytes[64], wanted[64];
        struct rpyc_message message;
        struct bench_error err;
        enum rpyc_layout layout;
        int64_t handler;
        size_t n = unhex(cases[i].hex, bytes);
        cr_assert(rpyc_is_bound(bytes, n));
        cr_assert_not(rpyc_is_bound(bytes + RPYC_THREADS_BYTES, n - RPYC_THREADS_BYTES));
        cr_assert_eq(rpyc_layout_detect(bytes, n, &layout, &err), 0);
        cr_assert_eq(layout, cases[i].layout);
        cr_assert_eq(rpyc_message_open(&message, layout, bytes, n, &arena, false, &err), 0);
        cr_assert(message.bound);
        cr_assert_eq(message.sender, 0xab01);
        cr_assert_eq(message.seq_number, 0);
        cr_assert_eq(rpyc_read_request(&message.body, &handler), 0);
        cr_assert_eq(handler, RPYC_GETROOT);
        bench_buf_clear(&out);
        cr_assert_eq(rpyc_write_answer(&out, &message, RPYC_REPLY), 0);
        n = unhex(i == 0 ? "0000000000000001000000000000ab01125250"
                         : "0000000000000001000000000000ab01021150",
                  wanted);
        cr_assert_eq(bench_buf_length(&out), n);
        cr_assert(memcmp(bench_buf_head(&out), wanted, n) == 0);
    }
    bench_buf_fini(&out);
    bench_arena_fini(&arena);
}

/* Cut at every byte, also within the ids and right behind them. */
Test(rpyc_msg, thread_ids_without_a_whole_message_are_refused)
{
    static const char *const cases[] = {BOUND_A, BOUND_B, IDS "04", IDS "00", IDS IDS};
    struct bench_arena arena;
    bench_arena_init(&arena, 4096);
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        uint8_t bytes[64];
        struct rpyc_message message;
        struct bench_error err;
        enum rpyc_layout layout;
        const size_t n = unhex(cases[i], bytes), head = RPYC_THREADS_BYTES + (i < 2 ? 3 : 9);
        for (size_t cut = 0; cut <= n && cut < head; cut++) {
            uint8_t *exact = malloc(cut > 0 ? cut : 1); /* a sanitizer sees a read behind the end */
            cr_assert_not_null(exact);
            exact = cut > 0 ? memcpy(exact, bytes, cut) : exact;
            if (cut <= RPYC_THREADS_BYTES || i >= 2)
                cr_assert_eq(rpyc_layout_detect(exact, cut, &layout, &err), -EPROTO);
            for (int l = 0; cut > 0 && l < 2; l++)
                cr_assert_lt(rpyc_message_open(&message, (enum rpyc_layout)l, exact, cut, &arena,
                                               false, &err),
                             0, "%s cut at %zu", cases[i], cut);
            free(exact);
        }
    }
    bench_arena_fini(&arena);
}

Test(rpyc_msg, malformed_messages_are_refused)
{
    static const struct {
        const char *hex;
        enum rpyc_layout layout;
    } cases[] = {
        {"12", RPYC_LAYOUT_A},           {"1251", RPYC_LAYOUT_A},
        {"1254501151", RPYC_LAYOUT_A},   {"125050", RPYC_LAYOUT_A},
        {"11515051", RPYC_LAYOUT_A},     {"1208015051", RPYC_LAYOUT_A},
        {"1251160a3132", RPYC_LAYOUT_A}, {"01", RPYC_LAYOUT_B},
        {"0111", RPYC_LAYOUT_B},         {"011250505050", RPYC_LAYOUT_B},
        {"0411505151", RPYC_LAYOUT_B},   {"01111c51", RPYC_LAYOUT_B},
    };
    struct bench_arena arena;
    bench_arena_init(&arena, 4096);
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        uint8_t bytes[32];
        struct rpyc_message message;
        struct bench_error err;
        size_t n = unhex(cases[i].hex, bytes);
        cr_assert_lt(rpyc_message_open(&message, cases[i].layout, bytes, n, &arena, false, &err), 0,
                     "%s", cases[i].hex);
    }
    bench_arena_fini(&arena);
}

Test(rpyc_msg, malformed_boxes_are_refused)
{
    static const struct {
        const char *hex;
        int rc;
    } cases[] = {
        {"1051", -EINVAL},       {"11555100", -EINVAL},     {"51", -EINVAL},
        {"11535151", -EINVAL},   {"115312515151", -EINVAL}, {"115311080a6151", -EINVAL},
        {"1152115151", -EINVAL}, {"11521151", -EBADMSG},    {"1151", -EBADMSG},
        {"1151080aff", -EILSEQ},
    };
    struct bench_arena arena;
    bench_arena_init(&arena, 4096);
    const struct rpyc_resolver resolver = {as_proxy, as_exported, &arena};
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        uint8_t bytes[32];
        struct rpyc_reader reader;
        struct bench_value value;
        size_t n = unhex(cases[i].hex, bytes);
        rpyc_reader_init(&reader, bytes, n, &arena, false);
        cr_assert_eq(rpyc_read_box(&reader, &resolver, &value), cases[i].rc, "%s: %s", cases[i].hex,
                     reader.problem);
    }
    bench_arena_fini(&arena);
}

Test(rpyc_msg, nested_boxes_end_at_100)
{
    uint8_t bytes[101 * 3 + 3];
    struct bench_arena arena;
    struct rpyc_reader reader;
    struct bench_value value;
    size_t n = 0;
    for (int i = 0; i < 101; i++) {
        bytes[n++] = 0x11;
        bytes[n++] = 0x52;
        bytes[n++] = 0x10;
    }
    bytes[n++] = 0x11;
    bytes[n++] = 0x51;
    bytes[n++] = 0x00;
    bench_arena_init(&arena, (size_t)1 << 20);
    const struct rpyc_resolver resolver = {as_proxy, as_exported, &arena};
    rpyc_reader_init(&reader, bytes, n, &arena, false);
    cr_assert_eq(rpyc_read_box(&reader, &resolver, &value), -E2BIG);
    rpyc_reader_init(&reader, bytes + 3, n - 3, &arena, false);
    cr_assert_eq(rpyc_read_box(&reader, &resolver, &value), 0);
    bench_arena_fini(&arena);
}

/* ---- exceptions ---- */

Test(rpyc_msg, an_exception_as_python_reads_it)
{
    const struct bench_value args[2] = {bench_str("bad"), bench_int(3)};
    const struct bench_exception exception = {
        .module = "builtins", .type = "ValueError", .args = bench_tuple(args, 2)};
    struct bench_arena arena;
    struct bench_buf buf;
    struct rpyc_reader reader;
    struct rpyc_exception again;
    char text[64];
    bench_arena_init(&arena, 4096);
    bench_buf_init(&buf, 4096);
    cr_assert_eq(rpyc_write_exception(&buf, &exception), 0);
    rpyc_reader_init(&reader, bench_buf_head(&buf), bench_buf_length(&buf), &arena, false);
    cr_assert_eq(rpyc_read_exception(&reader, &again), 0);
    rpyc_exception_text(&again, text, sizeof(text));
    cr_assert_str_eq(text, "builtins.ValueError: ('bad', 3)");
    rpyc_exception_text(&again, text, 12);
    cr_assert_str_eq(text, "builtins.Va");
    bench_buf_fini(&buf);
    bench_arena_fini(&arena);
}

Test(rpyc_msg, an_exception_that_cannot_be_sent_loses_its_arguments)
{
    const struct bench_value args[1] = {bench_str("\xff")};
    const struct bench_exception exception = {.type = "KeyError", .args = bench_tuple(args, 1)};
    struct bench_arena arena;
    struct bench_buf buf;
    struct rpyc_reader reader;
    struct rpyc_exception again;
    char text[64];
    bench_arena_init(&arena, 4096);
    bench_buf_init(&buf, 4096);
    cr_assert_eq(rpyc_write_exception(&buf, &exception), 0);
    rpyc_reader_init(&reader, bench_buf_head(&buf), bench_buf_length(&buf), &arena, false);
    cr_assert_eq(rpyc_read_exception(&reader, &again), 0);
    rpyc_exception_text(&again, text, sizeof(text));
    cr_assert_str_eq(text, "builtins.KeyError");
    bench_buf_fini(&buf);
    bench_arena_fini(&arena);
}
