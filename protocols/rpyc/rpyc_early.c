/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_early.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct rpyc_early_answer {
    struct rpyc_early_answer *next;
    struct rpyc_message message; /* but for what points into the frame that it came in */
    size_t length;
    uint8_t body[];
};

void rpyc_early_init(struct rpyc_early *early)
{
    *early = (struct rpyc_early){0};
}

static void drop_taken(struct rpyc_early *early)
{
    if (early->taken)
        early->bytes -= early->taken->length;
    free(early->taken);
    early->taken = NULL;
}

void rpyc_early_fini(struct rpyc_early *early)
{
    drop_taken(early);
    while (early->kept) {
        early->taken = early->kept;
        early->kept = early->kept->next;
        drop_taken(early);
    }
}

/* Where the answer is linked in, or the end. */
static struct rpyc_early_answer **find(struct rpyc_early *early, int64_t seq)
{
    struct rpyc_early_answer **at = &early->kept;
    while (*at && (*at)->message.seq_number != seq)
        at = &(*at)->next;
    return at;
}

int rpyc_early_keep(struct rpyc_early *early, const struct rpyc_message *answer,
                    struct bench_error *err)
{
    const size_t length = (size_t)(answer->body.end - answer->body.at);
    struct rpyc_early_answer **at = find(early, answer->seq_number);
    if (*at)
        return 0;
    if (length > RPYC_EARLY_BYTES - early->bytes)
        return bench_fail(err, -EPROTO, "answers before their turn take more than %zu bytes",
                          RPYC_EARLY_BYTES);
    struct rpyc_early_answer *copy = malloc(sizeof(*copy) + length);
    if (!copy)
        return bench_fail(err, -ENOMEM, "no memory for an answer of %zu bytes", length);
    *copy = (struct rpyc_early_answer){.message = *answer, .length = length};
    copy->message.seq = NULL;
    copy->message.seq_length = 0;
    memcpy(copy->body, answer->body.at, length);
    early->bytes += length;
    *at = copy;
    return 0;
}

bool rpyc_early_take(struct rpyc_early *early, int64_t seq, struct bench_arena *arena,
                     struct rpyc_message *out)
{
    struct rpyc_early_answer **at = find(early, seq), *answer = *at;
    if (!answer)
        return false;
    *at = answer->next;
    drop_taken(early);
    early->taken = answer;
    *out = answer->message;
    rpyc_reader_init(&out->body, answer->body, answer->length, arena, answer->message.body.copy);
    return true;
}
