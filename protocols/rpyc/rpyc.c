/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc.h"

#include "protocols/rpyc/rpyc_client.h"
#include "protocols/rpyc/rpyc_decode.h"
#include "protocols/rpyc/rpyc_value.h"

/* Downloads that stall, and for how long: once, or twice if GETATTR's answer is held back too,
 * behind that of the DEL in front of it (TCP_NODELAY alone). */
#define STALL_ABOVE 64000
#define STALL_UP_TO ((uint64_t)110 << 10)
#define STALL_MIN_S 0.036
#define STALL_MAX_S 0.060
#define STALL_2ND_S 0.044
#define STALL_TEXT                                                                                 \
    "downloads of this size stall for about 44 ms: Python writes a frame in three pieces, and "    \
    "the client's delayed acknowledgement holds the second one back"

static const char *const call_styles[] = {"plain", "cached", NULL};
static const char *const versions[] = {"auto", "5", "6", NULL};
static const char *const policies[] = {"reference", "strict", NULL};
static const char *const sockets[] = {"auto", "python", "fast", "nodelay", NULL};

#define TEXT(number)  TEXT2(number)
#define TEXT2(number) #number

static const struct bench_option options[] = {
    {.name = "call",
     .type = BENCH_OPTION_ENUM,
     .offset = offsetof(struct rpyc_options, call),
     .default_text = "plain",
     .choices = call_styles,
     .help = "plain: conn.root.x() as written, two round trips; cached: a bound method kept, one"},
    {.name = "version",
     .type = BENCH_OPTION_ENUM,
     .offset = offsetof(struct rpyc_options, version),
     .default_text = "auto",
     .choices = versions,
     .help = "message layout: 5 (rpyc 4 and 5), 6 (rpyc 6), auto tries 6 first"},
    {.name = "classic",
     .type = BENCH_OPTION_BOOL,
     .offset = offsetof(struct rpyc_options, classic),
     .default_text = "off",
     .help = "classic mode: modules, builtins, eval ... of the server's interpreter; what "
             "rpyc+classic:// stands for"},
    {.name = "socket",
     .type = BENCH_OPTION_ENUM,
     .offset = offsetof(struct rpyc_options, socket),
     .default_text = "auto",
     .choices = sockets,
     .help = "python: no TCP_NODELAY, as rpyc does (auto too); fast: TCP_NODELAY and QUICKACK; "
             "nodelay: TCP_NODELAY alone, which shows how it stalls"},
    {.name = "max-frame",
     .type = BENCH_OPTION_SIZE,
     .offset = offsetof(struct rpyc_options, max_frame),
     .default_text = "64MiB",
     .min = 1024,
     .max = 1 << 30,
     .help = "largest frame that is accepted, as it is sent"},
    {.name = "max-inflate",
     .type = BENCH_OPTION_SIZE,
     .offset = offsetof(struct rpyc_options, max_inflate),
     .default_text = "64MiB",
     .min = 1024,
     .max = 1 << 30,
     .help = "largest message that is accepted after inflating"},
    {.name = "max-items",
     .type = BENCH_OPTION_INT,
     .offset = offsetof(struct rpyc_options, max_items),
     .default_text = TEXT(RPYC_ITEMS_MAX),
     .min = 64,
     .max = 100000000,
     .help = "items that the tuples of one message may have together, on both sides",
     .server = true},
    {.name = "max-nesting",
     .type = BENCH_OPTION_INT,
     .offset = offsetof(struct rpyc_options, max_nesting),
     .default_text = TEXT(RPYC_NESTING_MAX),
     .min = 8,
     .max = RPYC_NESTING_TOP,
     .help = "tuples in each other that a message may have, on both sides",
     .server = true},
    {.name = "max-inflight",
     .type = BENCH_OPTION_INT,
     .offset = offsetof(struct rpyc_options, max_inflight),
     .default_text = TEXT(RPYC_INFLIGHT_MAX),
     .min = 1,
     .max = RPYC_INFLIGHT_MAX,
     .help = "requests that may be out on one connection"},
    {.name = "max-callbacks",
     .type = BENCH_OPTION_INT,
     .offset = offsetof(struct rpyc_options, max_callbacks),
     .default_text = "64",
     .min = 1,
     .max = 10000,
     .help = "calls back into the client that may wait for each other, of one request"},
    {.name = "max-served",
     .type = BENCH_OPTION_INT,
     .offset = offsetof(struct rpyc_options, max_served),
     .default_text = "10000000",
     .min = 1,
     .max = UINT32_MAX - 1,
     .help = "requests of the server that are answered during one call"},
    {.name = "max-unsent",
     .type = BENCH_OPTION_SIZE,
     .offset = offsetof(struct rpyc_options, max_unsent),
     .default_text = "64MiB",
     .min = 1024,
     .max = 1 << 30,
     .help = "answers that are kept for a server that asks and does not read"},
    {.name = "policy",
     .type = BENCH_OPTION_ENUM,
     .offset = offsetof(struct rpyc_options, policy),
     .default_text = "reference",
     .choices = policies,
     .help = "of the server: reference allows public attributes and pickling besides rpyc's "
             "defaults, strict is those alone",
     .server = true},
    {.name = "max-references",
     .type = BENCH_OPTION_INT,
     .offset = offsetof(struct rpyc_options, max_references),
     .default_text = TEXT(RPYC_REFERENCES),
     .min = 16,
     .max = RPYC_REFERENCES_MAX,
     .help = "objects of the other side that may be held: by one client of the native server, by "
             "one expression of ours",
     .server = true},
    {.name = "max-depth",
     .type = BENCH_OPTION_INT,
     .offset = offsetof(struct rpyc_options, max_depth),
     .default_text = TEXT(RPYC_DEPTH),
     .min = 1,
     .max = RPYC_DEPTH_MAX,
     .help = "of the native server: its requests that wait for each other's answers",
     .server = true},
    {.name = "max-stored",
     .type = BENCH_OPTION_SIZE,
     .offset = offsetof(struct rpyc_options, max_stored),
     .default_text = TEXT(RPYC_STORED),
     .min = 1024,
     .max = (int64_t)1 << 40,
     .help = "of the native server: memory of the lists, dicts and other objects of one client",
     .server = true},
    {.name = "bind-threads",
     .type = BENCH_OPTION_BOOL,
     .offset = offsetof(struct rpyc_options, bind_threads),
     .default_text = "off",
     .help = "thread ids in front of every message, as with rpyc's bind_threads (5.3.1 and later); "
             "both sides have to do it, the native server follows its client",
     .server = true},
    {.name = "tls",
     .type = BENCH_OPTION_BOOL,
     .offset = offsetof(struct rpyc_options, tls),
     .default_text = "off",
     .help = "over TLS; a server that is started gets a certificate made for the run"},
    {.name = NULL},
};

/* Python sends a frame of more than 64 000 bytes as its first 64 000, the rest and a newline, and
 * Nagle's rule holds a small piece until the one before it is acknowledged. */
static const char *remark(const void *user, const struct bench_operation *operation, uint64_t size,
                          double median_s)
{
    const struct rpyc_options *o = user;
    bool from_server = operation->id == BENCH_OP_DOWNLOAD ||
                       operation->id == BENCH_OP_DOWNLOAD_CHUNK || operation->id == BENCH_OP_ECHO;
    if (o->socket == RPYC_SOCKET_NODELAY && median_s > STALL_MIN_S + STALL_2ND_S)
        median_s -= STALL_2ND_S;
    if (!from_server || size <= STALL_ABOVE || size > STALL_UP_TO || median_s < STALL_MIN_S ||
        median_s > STALL_MAX_S)
        return NULL;
    return o->socket == RPYC_SOCKET_FAST ? STALL_TEXT : STALL_TEXT "; socket=fast avoids it";
}

static uint32_t inflight(const void *user)
{
    const struct rpyc_options *o = user;
    return (uint32_t)o->max_inflight;
}

const struct bench_protocol rpyc_protocol = {
    .abi = BENCH_ABI,
    .size = sizeof(struct bench_protocol),
    .name = "rpyc",
    .summary = "RPyC's own wire protocol, versions 4 to 6",
    .caps = BENCH_CAP_RECORDS | BENCH_CAP_PIPELINE | BENCH_CAP_CANCEL_KEEPS | BENCH_CAP_STREAM_UP |
            BENCH_CAP_STREAM_DOWN | BENCH_CAP_CALLBACK | BENCH_CAP_UNIX | BENCH_CAP_TLS,
    .role = BENCH_ROLE_NORMAL,
    .max_inflight = RPYC_INFLIGHT_MAX,
    .max_payload = (uint64_t)1 << 30,
    .schemes = (const struct bench_scheme[]){{"rpyc", false, 18812, NULL},
                                             {"rpycs", true, 18821, NULL},
                                             {"rpyc+classic", false, 18812, "classic=on"},
                                             {"rpycs+classic", true, 18821, "classic=on"},
                                             {NULL, false, 0, NULL}},
    .options = options,
    .options_size = sizeof(struct rpyc_options),
    .latency_variant = "call=cached",
    .bulk_ns_per_byte = 20, /* zlib at level 1 */
    .bulk_variant = "socket=fast",
    .compile = rpyc_compile,
    .program_free = rpyc_program_free,
    .conn_size = sizeof(struct rpyc_client),
    .op_size = sizeof(struct rpyc_call *),
    .conn_open = rpyc_client_open,
    .submit = rpyc_client_submit,
    .cancel = rpyc_client_cancel,
    .conn_close = rpyc_client_close,
    .conn_fini = rpyc_client_fini,
    .server = &rpyc_server_ops,
    .remark = remark,
    .inflight = inflight,
    .decoder = &rpyc_decoder_ops,
};
