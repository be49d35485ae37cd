/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct scanner {
    const char *text, *at;
    struct bench_arena *arena;
    struct bench_error *err;
};

static int refuse(const struct scanner *s, const char *at, const char *why)
{
    return bench_fail(s->err, -ENOTSUP,
                      "column %zu: %s; a call is root.NAME(literal, ...) with None, True, False, "
                      "numbers, 'text' or b'bytes'",
                      (size_t)(at - s->text) + 1, why);
}

static void skip_blanks(struct scanner *s)
{
    while (*s->at == ' ' || *s->at == '\t')
        s->at++;
}

static bool accept_text(struct scanner *s, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(s->at, word, n) != 0)
        return false;
    s->at += n;
    return true;
}

static bool is_name_byte(char c, bool first)
{
    unsigned char u = (unsigned char)c;
    return isalpha(u) || c == '_' || u >= 0x80 || (!first && isdigit(u));
}

static size_t name_length(const char *at)
{
    size_t n = 0;
    while (is_name_byte(at[n], n == 0))
        n++;
    return n;
}

/* ---- literals ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Behind a backslash: at most two bytes, as \xe9 in a str is the character U+00E9. */
static int take_escape(struct scanner *s, bool bytes, char *out, size_t *n)
{
    static const char names[] = "\\'\"ntr0";
    static const char meant[] = "\\'\"\n\t\r\0";
    const char *found = *s->at ? strchr(names, *s->at) : NULL;
    if (found) {
        out[(*n)++] = meant[found - names];
        s->at++;
        return 0;
    }
    int high = *s->at == 'x' ? hex_digit(s->at[1]) : -1;
    int low = high >= 0 ? hex_digit(s->at[2]) : -1;
    if (low < 0)
        return refuse(s, s->at, "unknown escape");
    unsigned code = (unsigned)(high * 16 + low);
    if (bytes || code < 0x80) {
        out[(*n)++] = (char)code;
    } else {
        out[(*n)++] = (char)(0xc0 | code >> 6);
        out[(*n)++] = (char)(0x80 | (code & 0x3f));
    }
    s->at += 3;
    return 0;
}

static int take_string(struct scanner *s, bool bytes, struct bench_value *out)
{
    const char *start = s->at;
    char quote = *s->at++;
    char *data = bench_arena_alloc(s->arena, strlen(s->at) + 1);
    size_t n = 0;
    if (!data)
        return bench_fail(s->err, -ENOMEM, "no memory for a literal");
    while (*s->at && *s->at != quote) {
        if (bytes && (unsigned char)*s->at >= 0x80)
            return refuse(s, s->at, "bytes literal with a character that is not ASCII");
        if (*s->at != '\\') {
            data[n++] = *s->at++;
            continue;
        }
        s->at++;
        int rc = take_escape(s, bytes, data, &n);
        if (rc < 0)
            return rc;
    }
    if (!*s->at)
        return refuse(s, start, "text without an end");
    s->at++;
    *out = bytes ? bench_bytes(data, n) : bench_str_n(data, n);
    return 0;
}

static int take_number(struct scanner *s, struct bench_value *out)
{
    const char *start = s->at;
    size_t sign = *start == '-' || *start == '+' ? 1 : 0;
    size_t digits = strspn(start + sign, "0123456789");
    char after = start[sign + digits];
    char *end = NULL;
    errno = 0;
    if (after == '.' || after == 'e' || after == 'E') {
        size_t n = sign + strspn(start + sign, "0123456789.eE+-");
        *out = bench_float(strtod(start, &end));
        if (end != start + n)
            return refuse(s, start, "bad number");
    } else if (digits == 0) {
        return refuse(s, start, "not a literal");
    } else {
        if (digits > 1 && start[sign] == '0')
            return refuse(s, start, "number with a leading zero");
        *out = bench_int(strtoll(start, &end, 10));
        if (errno == ERANGE) {
            const char *text = *start == '+' ? start + 1 : start;
            out->kind = BENCH_BIGINT;
            out->text.length = (size_t)(end - text);
            out->text.data = bench_arena_copy(s->arena, text, out->text.length);
            if (!out->text.data)
                return bench_fail(s->err, -ENOMEM, "no memory for a number");
        }
    }
    s->at = end;
    return is_name_byte(*end, true) ? refuse(s, end, "letters behind a number") : 0;
}

static int take_literal(struct scanner *s, struct bench_value *out)
{
    static const struct {
        const char *word;
        struct bench_value value;
    } words[] = {
        {"None", {.kind = BENCH_NONE}},
        {"True", {.kind = BENCH_BOOL, .boolean = true}},
        {"False", {.kind = BENCH_BOOL, .boolean = false}},
    };
    bool bytes = s->at[0] == 'b' && (s->at[1] == '\'' || s->at[1] == '"');
    if (bytes)
        s->at++;
    if (*s->at == '\'' || *s->at == '"')
        return take_string(s, bytes, out);
    size_t n = name_length(s->at);
    for (size_t i = 0; i < BENCH_COUNT_OF(words); i++) {
        if (n == strlen(words[i].word) && memcmp(s->at, words[i].word, n) == 0) {
            *out = words[i].value;
            s->at += n;
            return 0;
        }
    }
    return n > 0 ? refuse(s, s->at, "not a literal") : take_number(s, out);
}

static int take_args(struct scanner *s, struct rpyc_call_text *out)
{
    skip_blanks(s);
    while (*s->at != ')') {
        if (out->nargs == RPYC_TEXT_ARGS)
            return refuse(s, s->at, "more than 32 arguments");
        int rc = take_literal(s, &out->args[out->nargs]);
        if (rc < 0)
            return rc;
        out->nargs++;
        skip_blanks(s);
        if (*s->at == ')')
            break;
        if (*s->at != ',')
            return refuse(s, s->at, *s->at ? "expected ',' or ')'" : "the call has no end");
        s->at++;
        skip_blanks(s);
    }
    s->at++;
    return 0;
}

int rpyc_parse_call(struct bench_arena *arena, const char *text, struct rpyc_call_text *out,
                    struct bench_error *err)
{
    struct scanner s = {.text = text, .at = text, .arena = arena, .err = err};
    *out = (struct rpyc_call_text){0};
    skip_blanks(&s);
    (void)accept_text(&s, "conn.");
    if (!accept_text(&s, "root."))
        return refuse(&s, s.at, "expected 'root.'");
    out->name = s.at;
    out->name_length = name_length(s.at);
    if (out->name_length == 0)
        return refuse(&s, s.at, "expected a name");
    s.at += out->name_length;
    skip_blanks(&s);
    if (*s.at != '(')
        return refuse(&s, s.at, "expected '('");
    s.at++;
    int rc = take_args(&s, out);
    if (rc < 0)
        return rc;
    skip_blanks(&s);
    return *s.at ? refuse(&s, s.at, "something behind the call") : 0;
}
