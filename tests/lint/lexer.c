/* SPDX-License-Identifier: MIT */
#include "lexer.h"

#include <ctype.h>
#include <string.h>

void lint_lexer_init(struct lint_lexer *lexer, const char *text, size_t length)
{
    *lexer = (struct lint_lexer){.at = text, .end = text + length, .line = 1, .line_start = true};
}

static bool starts(const struct lint_lexer *lexer, const char *text)
{
    size_t n = strlen(text);
    return (size_t)(lexer->end - lexer->at) >= n && memcmp(lexer->at, text, n) == 0;
}

static void step(struct lint_lexer *lexer)
{
    if (*lexer->at == '\n') {
        lexer->line++;
        lexer->line_start = true;
    }
    lexer->at++;
}

static void skip_block_comment(struct lint_lexer *lexer)
{
    lexer->at += 2;
    while (lexer->at < lexer->end && !starts(lexer, "*/"))
        step(lexer);
    if (lexer->at < lexer->end)
        lexer->at += 2;
}

static void skip_line_comment(struct lint_lexer *lexer)
{
    while (lexer->at < lexer->end && *lexer->at != '\n')
        lexer->at++;
}

static void skip_blanks(struct lint_lexer *lexer)
{
    while (lexer->at < lexer->end) {
        if (isspace((unsigned char)*lexer->at))
            step(lexer);
        else if (starts(lexer, "/*"))
            skip_block_comment(lexer);
        else if (starts(lexer, "//"))
            skip_line_comment(lexer);
        else
            break;
    }
}

/* At an opening quote; leaves the lexer behind the closing one. */
static void quoted(struct lint_lexer *lexer, struct lint_token *token)
{
    char quote = *lexer->at++;

    token->text = lexer->at;
    while (lexer->at < lexer->end && *lexer->at != quote && *lexer->at != '\n') {
        if (*lexer->at == '\\' && lexer->at + 1 < lexer->end)
            step(lexer);
        step(lexer);
    }
    token->length = (size_t)(lexer->at - token->text);
    if (lexer->at < lexer->end && *lexer->at == quote)
        lexer->at++;
    token->kind = quote == '"' ? LINT_STRING : LINT_CHARACTER;
}

static void directive(struct lint_lexer *lexer, struct lint_token *token)
{
    while (lexer->at < lexer->end && *lexer->at != '\n') {
        if (starts(lexer, "/*")) {
            skip_block_comment(lexer);
        } else if (starts(lexer, "//")) {
            skip_line_comment(lexer);
        } else {
            if (*lexer->at == '\\' && lexer->at + 1 < lexer->end)
                step(lexer);
            step(lexer);
        }
    }
    token->length = (size_t)(lexer->at - token->text);
    token->kind = LINT_DIRECTIVE;
}

void lint_lexer_next(struct lint_lexer *lexer, struct lint_token *token)
{
    skip_blanks(lexer);
    *token = (struct lint_token){.kind = LINT_END, .text = lexer->at, .line = lexer->line};
    if (lexer->at < lexer->end) {
        char c = *lexer->at;
        bool first = lexer->line_start;

        lexer->line_start = false;
        if (c == '#' && first) {
            directive(lexer, token);
        } else if (c == '"' || c == '\'') {
            quoted(lexer, token);
        } else {
            token->kind = isalpha((unsigned char)c) || c == '_' ? LINT_WORD : LINT_OTHER;
            do
                lexer->at++;
            while (lexer->at < lexer->end && (isalnum((unsigned char)c) || c == '_') &&
                   (isalnum((unsigned char)*lexer->at) || *lexer->at == '_'));
            token->length = (size_t)(lexer->at - token->text);
        }
    }
    token->last_line = lexer->line;
}

bool lint_token_is(const struct lint_token *token, const char *text)
{
    return token->length == strlen(text) && memcmp(token->text, text, token->length) == 0;
}
