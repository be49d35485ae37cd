/* SPDX-License-Identifier: MIT */
/*
 * lint RULE ROOT: applies one rule to all sources below ROOT, prints each finding as PATH:LINE and
 * exits with 1 if there was one. `lint --list` names the rules.
 */
#include <fcntl.h>
#include <fts.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rules.h"

static int findings, files;

void lint_report(const struct lint_file *file, int line, const char *format, ...)
{
    va_list args;

    findings++;
    printf("%s:%d: ", file->path, line);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

/* "*" stands for files without an ending: the scripts. */
static int fits(const char *name, const char *const *endings)
{
    size_t length = strlen(name);

    for (; *endings; endings++) {
        size_t n = strlen(*endings);

        if (strcmp(*endings, "*") == 0 ? !strchr(name, '.')
                                       : length >= n && strcmp(name + length - n, *endings) == 0)
            return 1;
    }
    return 0;
}

static int check_file(const struct lint_rule *rule, const char *open_path, const char *path)
{
    struct stat st;
    int fd = open(open_path, O_RDONLY | O_CLOEXEC);
    char *text = NULL;
    ssize_t got = -1;

    if (fd >= 0 && fstat(fd, &st) == 0) {
        text = malloc((size_t)st.st_size + 1);
        if (text)
            got = read(fd, text, (size_t)st.st_size);
    }
    if (fd >= 0)
        close(fd);
    if (got < 0) {
        fprintf(stderr, "lint: cannot read %s\n", open_path);
        free(text);
        return -1;
    }
    text[got] = '\0';
    files++;
    rule->check(&(struct lint_file){.path = path, .text = text, .length = (size_t)got});
    free(text);
    return 0;
}

/* Folders that hold no sources of ours. LICENSE and data have no ending either: only scripts/ and
 * .ci/ hold programs without one. */
static int is_skipped_folder(const FTSENT *entry)
{
    static const char *const names[] = {"build", "out", ".git", "__pycache__", "corpus"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(entry->fts_name, names[i]) == 0)
            return 1;
    }
    return 0;
}

static int is_program_place(const char *path)
{
    return strncmp(path, "scripts/", 8) == 0 || strncmp(path, ".ci/", 4) == 0;
}

static int check_tree(const struct lint_rule *rule, char *root)
{
    char *const roots[] = {root, NULL};
    FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    FTSENT *entry;
    int status = fts ? 0 : -1;

    while (fts && (entry = fts_read(fts)) != NULL) {
        const char *path = entry->fts_path + strlen(root);

        while (*path == '/')
            path++;
        if (entry->fts_info == FTS_D && entry->fts_level > 0 && is_skipped_folder(entry))
            fts_set(fts, entry, FTS_SKIP);
        else if (entry->fts_info == FTS_F && fits(entry->fts_name, rule->endings) &&
                 (strchr(entry->fts_name, '.') || is_program_place(path)) &&
                 check_file(rule, entry->fts_accpath, path) != 0)
            status = -1;
    }
    if (fts)
        fts_close(fts);
    return status;
}

int main(int argc, char **argv)
{
    const struct lint_rule *rule = lint_rules;

    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (; rule->name; rule++)
            printf("%-10s %s\n", rule->name, rule->summary);
        return 0;
    }
    while (argc == 3 && rule->name && strcmp(rule->name, argv[1]) != 0)
        rule++;
    if (argc != 3 || !rule->name) {
        fprintf(stderr, "usage: lint RULE ROOT | lint --list\n");
        return 2;
    }
    if (check_tree(rule, argv[2]) != 0 || files == 0) {
        fprintf(stderr, "lint: %s: not everything could be read, or nothing was there\n", argv[2]);
        return 2;
    }
    printf("%s: %d files, %d findings\n", rule->name, files, findings);
    return findings > 0;
}
