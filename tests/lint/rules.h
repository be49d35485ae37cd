/* SPDX-License-Identifier: MIT */
/*
 * The lints that look at one file at a time. Each reports what it finds with lint_report.
 */
#ifndef LINT_RULES_H
#define LINT_RULES_H

#include <stddef.h>

struct lint_file {
    const char *path; /* from the root of the sources */
    const char *text;
    size_t length;
};

struct lint_rule {
    const char *name, *summary;
    const char *const *endings; /* of the files it looks at; NULL-ended */
    void (*check)(const struct lint_file *file);
};

/* The rules, ended by name == NULL. */
extern const struct lint_rule lint_rules[];

/* Prints "PATH:LINE: message" and counts it. */
void lint_report(const struct lint_file *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
