/* SPDX-License-Identifier: MIT */
/*
 * What the tests of `rpycbench profile` share: the program that is profiled (peers/
 * profile_program.py), its service, and what must be in its profile. Every function fails the
 * running test when it cannot do what its name says. Main thread.
 */
#ifndef RIG_PROFILE_H
#define RIG_PROFILE_H

#include "rig.h"

/* What is certain of ping=20 users=10: two round trips for each ping and for users(), one for the
 * iterator, for each element and the end, two items of each. */
enum {
    RIG_PINGS = 20,
    RIG_USERS = 10,
    RIG_TRIPS = 2 * RIG_PINGS + 2 + 1 + RIG_USERS + 1 + 2 * RIG_USERS,
    RIG_TRIPS_MORE = 10, /* at most: root, descriptions of classes */
};

/* A folder for the files of one test. */
void rig_profile_begin(void);
void rig_profile_end(void);
const char *rig_profile_folder(void);
/* A path in it; the last four are valid. */
const char *rig_profile_path(const char *name);

void rig_profile_serve(struct rig_server *server);
/* rpycbench profile OPTIONS -- python profile_program.py PORT STEPS */
void rig_profile_words(const char *argv[RIG_WORDS_MAX], const char *const *options, uint16_t port,
                       const char *const *steps);
void rig_profile_run(struct support_output *out, const char *const *options, uint16_t port,
                     const char *const *steps);
/* The program by itself. */
void rig_profile_run_client(uint16_t port, const char *const *steps);
/* A profiled program that stays until it is told to stop; its own pid from its stdout. */
void rig_profile_start_staying(struct rig_program *program, const char *const *options,
                               uint16_t port);
pid_t rig_profile_await_pid(int fd);
/* A relay that listens on *port. */
void rig_profile_start_relay(struct rig_program *program, const char *const *options,
                             uint16_t upstream, uint16_t *port);

/* Waits until a memory file holds the piece; what stands behind it, static. */
const char *rig_profile_await_text(int fd, const char *piece);
uint16_t rig_profile_await_port(int fd, const char *piece);

json_t *rig_profile_read_json(const char *path);
/* How often the programmer did what has this name, in a profile or a window. */
double rig_profile_count_of(const json_t *profile, const char *name);
/* Of ping=20 users=10, and that it is as docs/profile.schema.json says. */
void rig_profile_check_counts(const json_t *profile);
/* The sum over lines of JSON: of a member, or of what has that name; and how many lines. */
double rig_profile_line_sum(const char *text, const char *path, const char *name, int *lines);

#endif
