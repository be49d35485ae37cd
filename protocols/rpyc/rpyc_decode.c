/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_decode.h"

#include <errno.h>

#include "protocols/rpyc/rpyc_decode_internal.h"
#include "protocols/rpyc/rpyc_sniff.h"

static uint32_t top(const struct rpyc_decoder *d, const char *text)
{
    return bench_names_step(d->setup.names, BENCH_NAME_NONE, BENCH_STEP_TOP, text, strlen(text));
}

static int decoder_init(void *decoder, const struct bench_decoder_setup *setup)
{
    struct rpyc_decoder *d = decoder;
    if (setup->names == NULL || setup->fn == NULL)
        return -EINVAL;
    d->setup = *setup;
    for (int i = 0; i < 2; i++) {
        rpyc_stream_init(&d->streams[i], setup->joined);
        rpyc_pendings_init(&d->pendings[i], setup->pending_max);
    }
    rpyc_objects_init(&d->objects, setup->references_max);
    d->root = top(d, "root");
    d->modules = top(d, "modules");
    d->connection = top(d, "(connection)");
    d->value = top(d, "(value)");
    return 0;
}

static void decoder_fini(void *decoder)
{
    struct rpyc_decoder *d = decoder;
    for (int i = 0; i < 2; i++) {
        rpyc_stream_fini(&d->streams[i]);
        rpyc_pendings_fini(&d->pendings[i]);
    }
    rpyc_objects_fini(&d->objects);
}

static void decoder_feed(void *decoder, const struct bench_piece *piece)
{
    struct rpyc_decoder *d = decoder;
    if (!d->closed)
        rpyc_stream_feed(d, piece);
}

void rpyc_decode_lost(struct rpyc_decoder *d, enum bench_direction direction, int64_t time_ns,
                      const char *why)
{
    const struct bench_event event = {
        .kind = BENCH_EVENT_LOST,
        .direction = direction,
        .time_ns = time_ns,
        .end_ns = time_ns,
        .connection = d->setup.connection,
        .error = why,
    };
    /* Whoever waits for an answer that comes in this direction may wait in vain. */
    rpyc_pendings_doubt(&d->pendings[rpyc_other(direction)], d->ids);
    d->setup.fn(&event, d->setup.user);
}

static void decoder_gap(void *decoder, enum bench_direction direction, int64_t time_ns)
{
    struct rpyc_decoder *d = decoder;
    if (d->closed)
        return;
    rpyc_stream_gap(&d->streams[direction]);
    rpyc_decode_lost(d, direction, time_ns, "bytes are missing");
}

static void decoder_close(void *decoder, int64_t time_ns)
{
    struct rpyc_decoder *d = decoder;
    if (d->closed)
        return;
    for (unsigned i = 0; i < 2; i++)
        if (!d->streams[i].searching && d->streams[i].seen > 0)
            rpyc_decode_lost(d, (enum bench_direction)i, time_ns, "the end, within a message");
    const struct bench_event event = {
        .kind = BENCH_EVENT_CLOSE,
        .time_ns = time_ns,
        .end_ns = time_ns,
        .connection = d->setup.connection,
    };
    d->closed = true;
    d->setup.fn(&event, d->setup.user);
}

const struct bench_decoder_ops rpyc_decoder_ops = {
    .size = sizeof(struct rpyc_decoder),
    .recognise = rpyc_recognise,
    .init = decoder_init,
    .feed = decoder_feed,
    .gap = decoder_gap,
    .close = decoder_close,
    .fini = decoder_fini,
    .rules = rpyc_finding_rules,
};
