/* SPDX-License-Identifier: MIT */
/*
 * Tables of docs/ that tests make: Markdown with notes below, compared with the file, or written
 * anew with RPYCBENCH_GOLDEN_UPDATE=1. Every function fails the running test when it cannot do
 * what its name says. Main thread.
 */
#ifndef RIG_DOCS_H
#define RIG_DOCS_H

#include "bench/buf.h"

enum { RIG_NOTES_MAX = 100 };

struct rig_doc {
    struct bench_buf text;
    char *notes[RIG_NOTES_MAX]; /* of the table that is being written; [1] is notes[0] */
    int nnotes;
};

void rig_doc_init(struct rig_doc *doc);
void rig_doc_print(struct rig_doc *doc, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A cell and what ends it: "yes", or "no [N]" for "no: why", which becomes note N. */
void rig_doc_cell(struct rig_doc *doc, const char *answer);
/* The notes of the table above; the next one counts from 1 again. */
void rig_doc_notes(struct rig_doc *doc);
/* Compares with docs/NAME, or writes it; frees what doc holds. */
void rig_doc_check(struct rig_doc *doc, const char *name);

/* ---- environments with one version of rpyc each ---- */

#define RIG_VERSIONS 3
extern const char *const rig_versions[RIG_VERSIONS];

/* The folder of that version's environment; static. */
const char *rig_version_venv(const char *version);
/* Its interpreter; static. */
const char *rig_version_python(const char *version);
/* Skips the running test, with the reason, unless all are there. */
void rig_need_versions(void);
/* What this process starts in Python is of that version from now on: of rig_versions[version], or
 * of the ordinary environment for -1. Skips the running test, with the reason, if there is none. */
void rig_use_version(int version);

#endif
