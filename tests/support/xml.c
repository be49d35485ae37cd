/* SPDX-License-Identifier: MIT */
#include "tests/support/xml.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bench/value.h"

enum { DEPTH_MAX = 32, NAME_MAX_BYTES = 64 };

static _Thread_local char fault[160];

static const char *wrong(const char *what, const char *at)
{
    (void)snprintf(fault, sizeof(fault), "%s at '%.60s'", what, at);
    return fault;
}

static size_t name_length(const char *at)
{
    size_t n = 0;
    while (isalnum((unsigned char)at[n]) || at[n] == '-' || at[n] == '_' || at[n] == ':')
        n++;
    return n;
}

/* One character of text or of a value. Returns its length, 0 = not allowed. */
static size_t character(const char *at)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};
    const unsigned char c = (unsigned char)*at;
    for (size_t i = 0; c == '&' && i < sizeof(entities) / sizeof(entities[0]); i++)
        if (strncmp(at, entities[i], strlen(entities[i])) == 0)
            return strlen(entities[i]);
    if (c == '&' || c == '<' || (c < 0x20 && c != '\n' && c != '\t' && c != '\r'))
        return 0;
    if (strncmp(at, "\xef\xbf\xbe", 3) == 0 || strncmp(at, "\xef\xbf\xbf", 3) == 0)
        return 0;
    return bench_utf8_length((const uint8_t *)at, strlen(at));
}

/* Attributes up to '>' or "/>"; NULL if they are not well-formed. */
static const char *attributes(const char *at)
{
    char seen[16][NAME_MAX_BYTES];
    size_t n = 0;
    for (;;) {
        const size_t blanks = strspn(at, " \n\t");
        at += blanks;
        const size_t length = name_length(at);
        if (length == 0)
            return at;
        if (blanks == 0 || length >= NAME_MAX_BYTES || n == 16 || at[length] != '=' ||
            at[length + 1] != '"')
            return NULL;
        (void)snprintf(seen[n], NAME_MAX_BYTES, "%.*s", (int)length, at);
        for (size_t i = 0; i < n; i++)
            if (strcmp(seen[i], seen[n]) == 0)
                return NULL;
        n++;
        for (at += length + 2; *at != '"';) {
            const size_t one = *at == '\0' || *at == '\n' ? 0 : character(at);
            if (one == 0)
                return NULL;
            at += one;
        }
        at++;
    }
}

const char *support_xml_fault(const char *text)
{
    char open[DEPTH_MAX][NAME_MAX_BYTES];
    size_t depth = 0, roots = 0;
    const char *at = text;
    if (strncmp(at, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>", 38) == 0)
        at += 38;
    while (*at != '\0') {
        if (*at != '<') {
            const size_t one = character(at);
            if (one == 0 || (depth == 0 && !isspace((unsigned char)*at)))
                return wrong("a character that may not be there", at);
            at += one;
            continue;
        }
        const bool is_end = at[1] == '/';
        const char *name = at + 1 + is_end;
        const size_t length = name_length(name);
        if (length == 0 || length >= NAME_MAX_BYTES)
            return wrong("no name of an element", at);
        if (is_end) {
            if (depth == 0 || strlen(open[depth - 1]) != length ||
                memcmp(open[depth - 1], name, length) != 0 || name[length] != '>')
                return wrong("an end without its begin", at);
            depth--;
            at = name + length + 1;
            continue;
        }
        const char *end = attributes(name + length);
        const bool empty = end != NULL && end[0] == '/' && end[1] == '>';
        if (end == NULL || (!empty && *end != '>') || depth == DEPTH_MAX)
            return wrong("attributes", at);
        roots += depth == 0;
        if (!empty)
            (void)snprintf(open[depth++], NAME_MAX_BYTES, "%.*s", (int)length, name);
        at = end + 1 + empty;
    }
    return depth == 0 && roots == 1 ? NULL : wrong("not one root", at);
}

size_t support_xml_count(const char *text, const char *element)
{
    const size_t length = strlen(element);
    size_t n = 0;
    for (const char *at = text; (at = strchr(at, '<')) != NULL; at++)
        n += strncmp(at + 1, element, length) == 0 && name_length(at + 1) == length;
    return n;
}
