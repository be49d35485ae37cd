/* SPDX-License-Identifier: MIT */
/*
 * Conversations written down for tests of the analyser: a script becomes pieces, and a decoder of
 * its own turns their text into events, so that no protocol is needed.
 *
 * A script is lines "TIME CONNECTION WHAT"; TIME in us. WHAT is one of
 *   open [TEXT]   joined [TEXT]   server [TEXT] (the tapped program is the server's side)
 *   close   gap > | <
 *   >[@TID] MESSAGE    <[@TID] MESSAGE     to the server, to the client
 *   begin[@TID] NAME   end[@TID]           of a section; CONNECTION is not looked at
 *   process PID TEXT   exit PID   place NUMBER TEXT
 * and MESSAGE one of
 *   q ID VERB NAME [thread=N] [parent=N] [unawaited] [ref=N] [class=NAME] [bytes=N] [place=N]
 *   r ID [callable|object|end] [bytes=N] [items=N]     e ID ERROR
 *   ref NUMBER NAME     rel NUMBER NAME     lost
 * NAME is "root.f.g": a top and attributes. Pieces are those of process 1000.
 */
#ifndef TEST_SCRIPT_H
#define TEST_SCRIPT_H

#include "bench/decoder.h"

extern const struct bench_decoder_ops test_script_ops;

void test_script_play(const char *script, bench_piece_fn fn, void *user);

#endif
