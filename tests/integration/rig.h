/* SPDX-License-Identifier: MIT */
/*
 * What the tests of whole programs share: running rpycbench to its end or in the background,
 * servers and peers that run meanwhile, results as JSON, and the processes that are left. Every
 * function fails the running test when it cannot do what its name says. Main thread.
 */
#ifndef RIG_H
#define RIG_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "tests/support/program.h"

/* A NULL-ended list of words. */
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

enum {
    RIG_WORDS_MAX = 64,
    RIG_TIMEOUT_S = 300, /* of a program that hangs; nothing is measured with it */
};

/* ---- programs ---- */

/* rpycbench with these words to its end. */
void rig_run(struct support_output *out, const char *const *words);
void rig_run_in(struct support_output *out, const char *const *env, const char *const *words);
/* Any program. */
void rig_run_program(struct support_output *out, const char *const *argv);

/* A program that runs beside the test. It dies with this process. */
struct rig_program {
    pid_t pid;
    int out_fd; /* read end of a pipe, or a memory file (rig_start) */
    int err_fd; /* memory file */
};

/* argv[0] with a slash, or searched in PATH. */
void rig_start(struct rig_program *program, const char *const *argv);
/* Waits for its end. The caller frees the output. */
void rig_wait(struct rig_program *program, struct support_output *out);
/* The path of this build's rpycbench; static. */
const char *rig_bench(void);

/* A program that prints one line once it listens and then serves until SIGTERM. */
struct rig_server {
    struct rig_program program;
    char line[300];
    uint16_t port;
};

/* `rpycbench serve TARGET --port 0`, with room for that many clients. */
void rig_serve(struct rig_server *server, const char *target, int clients);
/* `rpycbench serve` with these words; format: what stands before the port in its line, or the whole
 * end of it for a server without one (then the port is 0). */
void rig_serve_at(struct rig_server *server, const char *const *words, const char *format);
/* `rpycbench relay` with these words. */
void rig_relay(struct rig_server *server, const char *const *words);
/* A Python program of tests/integration/peers that prints "READY PORT" on stdout. */
void rig_peer(struct rig_server *server, const char *script, const char *const *words);
/* One without a port, which prints "READY" alone. */
void rig_peer_without_port(struct rig_server *server, const char *script, const char *const *words);
/* SIGTERM; its exit status, or -1. */
int rig_server_stop(struct rig_server *server);

/* ---- Python ---- */

/* Skips the running test, with the reason, where no environment was set up. */
void rig_need_python(void);
const char *rig_python(void);
/* The path of tests/integration/peers/NAME; static. */
const char *rig_peer_path(const char *name);

/* ---- results ---- */

/* The whole text, or file, as JSON; a new reference. */
json_t *rig_json(const char *text);
json_t *rig_json_file(const char *folder, const char *name);
/* The member behind "a.b.c", or NULL; borrowed. */
json_t *rig_at(const json_t *json, const char *path);
/* Fail unless it is there and of that kind. */
const char *rig_text(const json_t *json, const char *path);
double rig_number(const json_t *json, const char *path);
/* The result of that target's name and workload, or NULL; borrowed. */
json_t *rig_result(const json_t *run, const char *target, const char *workload);
/* Status ok or client-bound, requests made and none of them failed. */
void rig_assert_measured(const json_t *run, const char *target, const char *workload);

/* ---- text ---- */

/* Fails the test, with both texts, unless text holds the piece. */
void rig_assert_has(const char *text, const char *piece);
/* How many lines hold the piece. */
int rig_count_lines(const char *text, const char *piece);

/* ---- processes ---- */

/* Makes orphans ours, so that rig_assert_nobody_left sees them; at the start of a test. */
void rig_adopt(void);
/* A living child of `parent` that was started with --protocol and whose command line holds `piece`
 * and which has at least `children` living children, or threads if it has none: a server under
 * load. 0 = there is none now. */
pid_t rig_find_listener(pid_t parent, const char *piece, int children);
/* The same, waited for. */
pid_t rig_await_listener(pid_t parent, const char *piece, int children);
/* Living children of `parent` whose command line holds `piece` and that have at least that many
 * threads: how many, at most max, and their ids. */
int rig_find_programs(pid_t parent, const char *piece, int threads, pid_t *found, int max);
/* The same, waited for until there are `count`. */
void rig_await_programs(pid_t parent, const char *piece, int threads, pid_t *found, int count);
/* Between two looks at something that is waited for. */
void rig_pause(void);
/* Waits until no descendant of this process is alive; fails with who is. */
void rig_assert_nobody_left(void);

#endif
