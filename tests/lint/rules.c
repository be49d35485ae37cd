/* SPDX-License-Identifier: MIT */
#include "rules.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lexer.h"

#define MAX_FILE_LINES     700
#define MAX_FUNCTION_LINES 100

static bool is_under(const char *path, const char *folder)
{
    return strncmp(path, folder, strlen(folder)) == 0;
}

/* The path between quotes or angle brackets of an #include, or false. */
static bool include_path(const struct lint_token *token, char *out, size_t size, bool *angle)
{
    const char *at = token->text + 1, *end = token->text + token->length;
    size_t n = 0;

    while (at < end && isspace((unsigned char)*at))
        at++;
    if (end - at < 7 || memcmp(at, "include", 7) != 0)
        return false;
    at += 7;
    while (at < end && isspace((unsigned char)*at))
        at++;
    if (at == end || (*at != '"' && *at != '<'))
        return false;
    *angle = *at++ == '<';
    while (at + n < end && at[n] != '"' && at[n] != '>' && n + 1 < size)
        n++;
    memcpy(out, at, n);
    out[n] = '\0';
    return true;
}

/* ---- suite/ names no protocol ---- */

static const char *const protocol_names[] = {
#define X(name) #name,
#include "protocols/protocols.def"
#undef X
    "curl",
};

static void check_names(const struct lint_file *file)
{
    struct lint_lexer lexer;
    struct lint_token token;
    char path[256], folder[64];
    bool angle;

    if (!is_under(file->path, "suite/"))
        return;
    lint_lexer_init(&lexer, file->text, file->length);
    for (lint_lexer_next(&lexer, &token); token.kind != LINT_END; lint_lexer_next(&lexer, &token)) {
        bool includes =
            token.kind == LINT_DIRECTIVE && include_path(&token, path, sizeof(path), &angle);

        for (size_t i = 0; i < sizeof(protocol_names) / sizeof(protocol_names[0]); i++) {
            const char *symbol = protocol_names[i];
            char name[32];

            (void)snprintf(name, sizeof(name), "%s", symbol);
            for (char *p = name; *p; p++)
                *p = *p == '_' ? '-' : *p;
            if (token.kind == LINT_STRING && lint_token_is(&token, name))
                lint_report(file, token.line, "names the protocol \"%s\"", name);
            (void)snprintf(folder, sizeof(folder), "protocols/%s/", symbol);
            if (includes && is_under(path, folder))
                lint_report(file, token.line, "includes \"%s\" of one protocol", path);
        }
    }
}

/* ---- functions we do not call ---- */

static const char *const banned[] = {"sprintf",   "strcpy", "strcat",   "atoi",  "strtok",
                                     "localtime", "gmtime", "strerror", "sleep", "usleep",
                                     "system",    "popen",  "vsprintf", "gets",  "alloca"};

/* A call: the name, an opening parenthesis behind it, and no member access in front of it. */
static void check_banned(const struct lint_file *file)
{
    struct lint_lexer lexer;
    struct lint_token before = {.kind = LINT_END}, word = before, token;

    lint_lexer_init(&lexer, file->text, file->length);
    for (lint_lexer_next(&lexer, &token); token.kind != LINT_END; lint_lexer_next(&lexer, &token)) {
        bool member = lint_token_is(&before, ".") || lint_token_is(&before, ">");

        for (size_t i = 0; i < sizeof(banned) / sizeof(banned[0]); i++) {
            if (word.kind == LINT_WORD && lint_token_is(&word, banned[i]) &&
                token.kind == LINT_OTHER && lint_token_is(&token, "(") && !member)
                lint_report(file, word.line, "calls %s", banned[i]);
        }
        before = word;
        word = token;
    }
}

/* ---- who may include whom ---- */

struct row {
    const char *name, *list;
};

static const struct row rooms[] = {
#define ROOM(folder, may) {folder, may},
#define LIBRARY(prefix, where)
#include "rooms.def"
#undef ROOM
#undef LIBRARY
};

static const struct row libraries[] = {
#define ROOM(folder, may)
#define LIBRARY(prefix, where) {prefix, where},
#include "rooms.def"
#undef ROOM
#undef LIBRARY
};

/* Whether an entry of the list fits: a folder by its beginning, a file as a whole,
 * "FILE:HEADER" when owner is that file. */
static bool list_has(const char *list, const char *path, const char *owner)
{
    char entry[128];
    int used;

    for (const char *at = list; sscanf(at, "%127s%n", entry, &used) == 1; at += used) {
        char *colon = strchr(entry, ':');
        const char *wanted = colon ? colon + 1 : entry;

        if (colon) {
            *colon = '\0';
            if (strcmp(entry, owner) != 0)
                continue;
        }
        if (wanted[strlen(wanted) - 1] == '/' ? is_under(path, wanted) : strcmp(path, wanted) == 0)
            return true;
    }
    return false;
}

static const struct row *room_of(const char *path)
{
    const struct row *found = NULL;

    for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
        if (is_under(path, rooms[i].name) &&
            (!found || strlen(rooms[i].name) > strlen(found->name)))
            found = &rooms[i];
    }
    return found;
}

static void check_ours(const struct lint_file *file, const struct row *room, const char *path,
                       int line)
{
    char whole[320];

    /* Without a folder it is a neighbour. */
    if (strchr(path, '/'))
        (void)snprintf(whole, sizeof(whole), "%s", path);
    else
        (void)snprintf(whole, sizeof(whole), "%.*s%s",
                       (int)(strrchr(file->path, '/') + 1 - file->path), file->path, path);
    if (strstr(whole, "../") || !list_has(room->list, whole, file->path))
        lint_report(file, line, "%s may not include \"%s\"", room->name, path);
}

static void check_library(const struct lint_file *file, const char *path, int line)
{
    for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
        if (is_under(path, libraries[i].name) &&
            !list_has(libraries[i].list, file->path, file->path))
            lint_report(file, line, "<%s> belongs to: %s", path,
                        *libraries[i].list ? libraries[i].list : "tests/");
    }
}

static void check_layers(const struct lint_file *file)
{
    struct lint_lexer lexer;
    struct lint_token token;
    const struct row *room = room_of(file->path);
    char path[256];
    bool angle;

    if (is_under(file->path, "tests/"))
        return;
    if (!room) {
        lint_report(file, 1, "lies in a folder that tests/lint/rooms.def does not know");
        return;
    }
    lint_lexer_init(&lexer, file->text, file->length);
    for (lint_lexer_next(&lexer, &token); token.kind != LINT_END; lint_lexer_next(&lexer, &token)) {
        if (token.kind != LINT_DIRECTIVE || !include_path(&token, path, sizeof(path), &angle))
            continue;
        check_library(file, path, token.line);
        if (!angle)
            check_ours(file, room, path, token.line);
    }
}

/* ---- form ---- */

static void check_licence(const struct lint_file *file)
{
    static const char tag[] = "SPDX-License-Identifier: MIT";
    const char *end = memchr(file->text, '\n', file->length);

    /* A script's first line is its interpreter. */
    if (end && file->length > 2 && memcmp(file->text, "#!", 2) == 0)
        end = memchr(end + 1, '\n', file->length - (size_t)(end + 1 - file->text));
    size_t head = end ? (size_t)(end - file->text) : file->length;
    if (!memmem(file->text, head, tag, sizeof(tag) - 1))
        lint_report(file, 1, "does not begin with %s", tag);
}

static void check_size(const struct lint_file *file)
{
    int lines = 0;

    for (size_t i = 0; i < file->length; i++)
        lines += file->text[i] == '\n';
    if (lines > MAX_FILE_LINES)
        lint_report(file, lines, "has %d lines, more than %d", lines, MAX_FILE_LINES);
}

/* A function is a brace at the outermost level right behind a closing parenthesis. */
static void check_functions(const struct lint_file *file)
{
    struct lint_lexer lexer;
    struct lint_token before = {.kind = LINT_END}, token;
    int depth = 0, begin = 0;

    lint_lexer_init(&lexer, file->text, file->length);
    for (lint_lexer_next(&lexer, &token); token.kind != LINT_END; lint_lexer_next(&lexer, &token)) {
        if (token.kind == LINT_OTHER && lint_token_is(&token, "{")) {
            if (depth++ == 0)
                begin = before.kind == LINT_OTHER && lint_token_is(&before, ")") ? token.line : 0;
        } else if (token.kind == LINT_OTHER && lint_token_is(&token, "}")) {
            int lines = token.line - begin + 1;

            depth--;
            if (depth == 0 && begin && lines > MAX_FUNCTION_LINES)
                lint_report(file, begin, "function of %d lines, more than %d", lines,
                            MAX_FUNCTION_LINES);
        }
        before = token;
    }
    if (depth != 0)
        lint_report(file, lexer.line, "braces do not balance, function lengths are unknown");
}

static const char *const c_files[] = {".c", ".h", NULL};
static const char *const c_and_tables[] = {".c", ".h", ".def", NULL};
static const char *const all_sources[] = {".c",   ".h",  ".def",           ".py",   ".cmake", ".sh",
                                          ".awk", "CMakeLists.txt", ".supp", "*", NULL};

const struct lint_rule lint_rules[] = {
    {"names", "suite/ names no protocol", c_and_tables, check_names},
    {"banned", "functions that we do not call", c_files, check_banned},
    {"layers", "includes point downward, libraries stay in their rooms", c_files, check_layers},
    {"licence", "each source begins with its SPDX line", all_sources, check_licence},
    {"size", "files stay readable", all_sources, check_size},
    {"functions", "functions stay readable", c_files, check_functions},
    {NULL, NULL, NULL, NULL},
};
