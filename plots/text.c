/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "plots/draw.h"

#define MAX_CHARS 2000 /* of a text; what is behind them would be cut anyway */
/* Characters of four bytes that, with an ellipsis, always fit into a struct plot_text: more than
 * fit into a line of the canvas. */
#define LINE_CHARS ((PLOT_TEXT_BYTES - 4) / 4)

struct glyph {
    char bytes[5];
    double width; /* em */
};

/* Advance widths of DejaVu Sans from U+0020 to U+007E, hundredths of an em. */
static const unsigned char ascii_width[95] = {
    32, 40, 46, 84, 64, 95, 78, 27, 39,  39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 34, 34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79,
    60, 79, 69, 63, 61, 73, 68, 99, 69,  61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63,
    63, 28, 28, 58, 28, 97, 63, 61, 63,  63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84,
};

static double glyph_width(unsigned code)
{
    if (code >= 0x20 && code < 0x7f)
        return ascii_width[code - 0x20] / 100.0;
    if (code < 0x250)
        return 0.66;
    return code < 0x1100 ? 0.75 : 1.0;
}

/* Line ends, other controls, and what turns the direction of the text round. */
static bool is_control(unsigned code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 ||
           (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/* Bytes of a well-formed UTF-8 sequence at s and its code; 0 if there is none. */
static size_t decode(const unsigned char *s, unsigned *code)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc0 ? 2 : 0;

    if (n == 0 || s[0] >= 0xf8)
        return 0;
    unsigned value = n == 1 ? s[0] : s[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (s[i] & 0x3f);
    }
    if (value < least[n] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000) ||
        (value & 0xfffe) == 0xfffe)
        return 0;
    *code = value;
    return n;
}

/* What DejaVu Sans has, roughly. gnuplot 5.4 draws the box for a missing glyph of a PNG over half
 * of the chart, so no such character may get into a script. */
static bool is_in_font(unsigned code) { return code < 0x700 || (code >= 0x1e00 && code < 0x2c00); }

/* The next character, harmless: controls become spaces, what is not UTF-8 a question mark,
 * and, unless any, what the font lacks a square. */
static const char *next_glyph(const char *text, struct glyph *out, bool any)
{
    unsigned code;
    unsigned char raw[4] = {0};

    for (size_t i = 0; i < 4 && text[i]; i++)
        raw[i] = (unsigned char)text[i];
    size_t n = decode(raw, &code);
    *out = (struct glyph){0};
    if (n == 0) {
        out->bytes[0] = '?';
        code = '?';
        n = 1;
    } else if (is_control(code)) {
        out->bytes[0] = ' ';
        code = ' ';
    } else if (!any && !is_in_font(code)) {
        memcpy(out->bytes, "\xe2\x96\xa1", 3); /* an empty square */
    } else {
        memcpy(out->bytes, text, n);
    }
    out->width = glyph_width(code);
    return text + n;
}

double plot_text_width(const char *text, double font_px)
{
    double width = 0;
    struct glyph glyph;

    while (*text) {
        text = next_glyph(text, &glyph, false);
        width += glyph.width;
    }
    return width * font_px;
}

static void append(struct plot_text *out, size_t *used, const char *bytes)
{
    size_t n = strlen(bytes);

    if (*used + n >= sizeof(out->s))
        return;
    memcpy(out->s + *used, bytes, n + 1);
    *used += n;
}

struct plot_text plot_text_fit(const char *text, double font_px, double max_px, bool middle)
{
    struct glyph glyphs[MAX_CHARS];
    struct plot_text out = {""};
    size_t n = 0, used = 0;
    double width = 0, room = max_px / font_px;

    for (; *text && n < MAX_CHARS; n++) {
        text = next_glyph(text, &glyphs[n], false);
        width += glyphs[n].width;
    }
    if ((max_px <= 0 || width <= room) && n <= LINE_CHARS) {
        for (size_t i = 0; i < n; i++)
            append(&out, &used, glyphs[i].bytes);
        return out;
    }
    if (max_px <= 0)
        room = 1e9;
    /* The ellipsis is one em wide; the tail gets half of the rest when the middle is cut. */
    size_t tail = n, head = 0;
    double left = room - 1.0, tail_room = middle ? left / 2 : 0;
    while (tail > 0 && glyphs[tail - 1].width <= tail_room && n - tail < LINE_CHARS / 2) {
        tail_room -= glyphs[--tail].width;
        left -= glyphs[tail].width;
    }
    while (head < tail && glyphs[head].width <= left && head < LINE_CHARS - 1 - (n - tail)) {
        append(&out, &used, glyphs[head].bytes);
        left -= glyphs[head++].width;
    }
    if (head < tail)
        append(&out, &used, "\xe2\x80\xa6");
    for (size_t i = tail; i < n; i++)
        append(&out, &used, glyphs[i].bytes);
    return out;
}

size_t plot_text_wrap(const char *text, double font_px, double max_px, struct plot_text *lines,
                      size_t max)
{
    size_t count = 0;

    while (*text && count < max) {
        const char *at = text, *space = NULL;
        double width = 0;
        size_t chars = 0;
        struct glyph glyph;
        while (*at && width <= max_px && chars < LINE_CHARS) {
            const char *next = next_glyph(at, &glyph, false);
            if (glyph.bytes[0] == ' ')
                space = at;
            width += glyph.width * font_px;
            if (width <= max_px) {
                at = next;
                chars++;
            }
        }
        if (*at == '\0' || count + 1 == max || !space || space == text) {
            lines[count++] = plot_text_fit(text, font_px, max_px, false);
            break;
        }
        char line[PLOT_TEXT_BYTES];
        (void)snprintf(line, sizeof(line), "%.*s", (int)(space - text), text);
        lines[count++] = plot_text_fit(line, font_px, max_px, false);
        text = space + 1;
    }
    return count;
}

/* What stands for itself in a string of gnuplot; all other ASCII is written as an octal escape. In
 * double quotes gnuplot knows the backslash, the quote and the backquote (which starts a command);
 * in single quotes a quote right at the beginning ends the string, doubled or not (5.4). */
static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr(" .,:;/()[]=+-_<>%*!?", c) || (unsigned char)c >= 0x80;
}

void plot_put_string(FILE *out, const char *text)
{
    struct glyph glyph;

    fputc('"', out);
    while (*text) {
        text = next_glyph(text, &glyph, false);
        if (is_plain(glyph.bytes[0]))
            fputs(glyph.bytes, out);
        else
            fprintf(out, "\\%03o", (unsigned)(unsigned char)glyph.bytes[0]);
    }
    fputc('"', out);
}

/* The data files' strings stand in the last column and are read by people only. */
void plot_put_field(FILE *out, const char *text)
{
    struct glyph glyph;

    fputc('"', out);
    while (*text) {
        text = next_glyph(text, &glyph, true);
        fputs(glyph.bytes[0] == '"' ? "\"\"" : glyph.bytes, out);
    }
    fputc('"', out);
}
