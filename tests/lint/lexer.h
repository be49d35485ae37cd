/* SPDX-License-Identifier: MIT */
/*
 * Just enough of C's lexical rules for the lints: tokens without comments, preprocessor lines as
 * one token each. Works on text in memory, copies nothing. One thread.
 */
#ifndef LINT_LEXER_H
#define LINT_LEXER_H

#include <stdbool.h>
#include <stddef.h>

enum lint_token_kind {
    LINT_END,
    LINT_WORD,      /* identifier or keyword */
    LINT_STRING,    /* the contents, without quotes and as written */
    LINT_CHARACTER, /* the same of a character constant */
    LINT_OTHER,     /* a number, one character of punctuation */
    LINT_DIRECTIVE, /* a whole preprocessor line, with its continuations */
};

struct lint_token {
    enum lint_token_kind kind;
    const char *text; /* borrowed from the lexer's text */
    size_t length;
    int line, last_line; /* 1-based */
};

struct lint_lexer {
    const char *at, *end;
    int line;
    bool line_start; /* nothing but blanks on this line so far */
};

void lint_lexer_init(struct lint_lexer *lexer, const char *text, size_t length);
void lint_lexer_next(struct lint_lexer *lexer, struct lint_token *token);
bool lint_token_is(const struct lint_token *token, const char *text);

#endif
