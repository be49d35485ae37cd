/* SPDX-License-Identifier: MIT */
#include "render/table.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_COLUMNS 40
#define GAP         2 /* spaces between columns */
#define CELL_BYTES  1024

struct column {
    char *head;
    size_t span; /* 0 = stands under nothing, else 1 + index of its text */
    enum bench_align align;
    unsigned sacrifice;
    bool dropped;
};

struct row {
    char *cells[MAX_COLUMNS]; /* NULL: no such figure */
    size_t ncells;
    bool rule; /* a line before it */
};

struct bench_table {
    struct column columns[MAX_COLUMNS];
    size_t ncolumns;
    char *spans[MAX_COLUMNS];
    size_t nspans;
    bool spanning;
    struct row *rows;
    size_t nrows;
    bool rule_next, failed;
};

/* ---- text ---- */

/* Length of the well-formed character at s and its code point; 0 if it is not one (RFC 3629). */
static size_t decode(const char *text, uint32_t *point)
{
    const unsigned char *s = (const unsigned char *)text;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (n == 0 || s[0] > 0xf4)
        return 0;
    uint32_t value = n == 1 ? s[0] : s[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (s[i] & 0x3f);
    }
    if (value < least[n] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *point = value;
    return n;
}

static bool is_between(uint32_t point, const uint32_t (*ranges)[2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (point >= ranges[i][0] && point <= ranges[i][1])
            return true;
    }
    return false;
}

/* The blocks that matter; wcwidth() would depend on the locale. */
static size_t point_width(uint32_t point)
{
    static const uint32_t none[][2] = {{0x300, 0x36f}, {0x200b, 0x200f}, {0xfe00, 0xfe0f}};
    static const uint32_t wide[][2] = {
        {0x1100, 0x115f},   {0x2e80, 0xa4cf},   {0xac00, 0xd7a3}, {0xf900, 0xfaff},
        {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6}, {0x1f300, 0x1f64f},
        {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
    };
    if (is_between(point, none, BENCH_COUNT_OF(none)))
        return 0;
    return is_between(point, wide, BENCH_COUNT_OF(wide)) ? 2 : 1;
}

size_t bench_text_width(const char *text)
{
    size_t width = 0;
    while (*text != '\0') {
        uint32_t point = '?';
        size_t n = decode(text, &point);
        width += point_width(point);
        text += n > 0 ? n : 1;
    }
    return width;
}

char *bench_text_clean(const char *text, char *out, size_t size)
{
    size_t used = 0;
    while (*text != '\0') {
        uint32_t point;
        size_t n = decode(text, &point);
        bool control = n > 0 && (point < 0x20 || (point >= 0x7f && point < 0xa0));
        size_t take = n == 0 || control ? 1 : n;
        if (used + take >= size)
            break;
        if (n == 0 || control)
            out[used] = n == 0 ? '?' : ' ';
        else
            memcpy(out + used, text, n);
        used += take;
        text += n > 0 ? n : 1;
    }
    out[used] = '\0';
    return out;
}

/* ---- making a table ---- */

struct bench_table *bench_table_new(void) { return calloc(1, sizeof(struct bench_table)); }

void bench_table_free(struct bench_table *table)
{
    if (table == NULL)
        return;
    for (size_t c = 0; c < table->ncolumns; c++)
        free(table->columns[c].head);
    for (size_t i = 0; i < table->nspans; i++)
        free(table->spans[i]);
    for (size_t r = 0; r < table->nrows; r++) {
        for (size_t c = 0; c < table->rows[r].ncells; c++)
            free(table->rows[r].cells[c]);
    }
    free(table->rows);
    free(table);
}

void bench_table_column(struct bench_table *table, const char *head, enum bench_align align,
                        unsigned sacrifice)
{
    if (table->ncolumns == MAX_COLUMNS) {
        table->failed = true;
        return;
    }
    struct column *column = &table->columns[table->ncolumns];
    column->head = strdup(head);
    column->span = table->spanning ? table->nspans : 0;
    column->align = align;
    column->sacrifice = sacrifice;
    if (column->head == NULL)
        table->failed = true;
    else
        table->ncolumns++;
}

void bench_table_span(struct bench_table *table, const char *text)
{
    table->spanning = text[0] != '\0';
    if (!table->spanning || table->failed)
        return;
    table->failed = table->nspans == MAX_COLUMNS;
    if (!table->failed) {
        table->spans[table->nspans] = strdup(text);
        table->failed = table->spans[table->nspans] == NULL;
        table->nspans += !table->failed;
    }
}

void bench_table_row(struct bench_table *table)
{
    struct row *rows = realloc(table->rows, (table->nrows + 1) * sizeof(*rows));
    if (rows == NULL) {
        table->failed = true;
        return;
    }
    table->rows = rows;
    rows[table->nrows++] = (struct row){.rule = table->rule_next};
    table->rule_next = false;
}

void bench_table_rule(struct bench_table *table) { table->rule_next = true; }

void bench_table_cell(struct bench_table *table, const char *text)
{
    if (table->failed || table->nrows == 0)
        return;
    struct row *row = &table->rows[table->nrows - 1];
    if (row->ncells == table->ncolumns) {
        table->failed = true;
        return;
    }
    char *copy = NULL;
    if (text != NULL) {
        char clean[CELL_BYTES];
        copy = strdup(bench_text_clean(text, clean, sizeof(clean)));
        table->failed = copy == NULL;
    }
    row->cells[row->ncells++] = copy;
}

/* ---- layout ---- */

static bool column_is_shown(const struct bench_table *table, size_t c)
{
    if (table->columns[c].dropped)
        return false;
    if (table->nrows == 0)
        return true;
    for (size_t r = 0; r < table->nrows; r++) {
        const struct row *row = &table->rows[r];
        if (c < row->ncells && row->cells[c] != NULL && row->cells[c][0] != '\0')
            return true;
    }
    return false;
}

/* Line number `line` of a head, bottom-aligned within `lines` lines; copied to out. */
static void head_line(const char *head, size_t line, size_t lines, char *out, size_t size)
{
    size_t own = 1;
    for (const char *s = head; *s != '\0'; s++)
        own += *s == '\n';
    out[0] = '\0';
    if (line + own < lines)
        return;
    for (size_t skip = line + own - lines; skip > 0; skip--)
        head = strchr(head, '\n') + 1;
    (void)snprintf(out, size, "%.*s", (int)strcspn(head, "\n"), head);
}

static size_t head_lines(const struct bench_table *table)
{
    size_t lines = 1;
    for (size_t c = 0; c < table->ncolumns; c++) {
        size_t own = 1;
        for (const char *s = table->columns[c].head; *s != '\0'; s++)
            own += *s == '\n';
        if (column_is_shown(table, c) && own > lines)
            lines = own;
    }
    return lines;
}

static const char *cell_text(const struct row *row, size_t c)
{
    if (c >= row->ncells)
        return "";
    return row->cells[c] != NULL ? row->cells[c] : "–";
}

static size_t column_width(const struct bench_table *table, size_t c)
{
    size_t width = 0, lines = head_lines(table);
    for (size_t line = 0; line < lines; line++) {
        char text[CELL_BYTES];
        head_line(table->columns[c].head, line, lines, text, sizeof(text));
        size_t own = bench_text_width(text);
        width = own > width ? own : width;
    }
    for (size_t r = 0; r < table->nrows; r++) {
        size_t own = bench_text_width(cell_text(&table->rows[r], c));
        width = own > width ? own : width;
    }
    return width;
}

/* The column to go next, or ncolumns when none may. */
static size_t least_important(const struct bench_table *table)
{
    size_t found = table->ncolumns;
    unsigned sacrifice = 0;
    for (size_t c = 0; c < table->ncolumns; c++) {
        if (column_is_shown(table, c) && table->columns[c].sacrifice > sacrifice) {
            sacrifice = table->columns[c].sacrifice;
            found = c;
        }
    }
    return found;
}

void bench_table_fit(struct bench_table *table, size_t width, char *dropped, size_t size)
{
    size_t used = 0;
    dropped[0] = '\0';
    while (bench_table_width(table) > width) {
        size_t c = least_important(table);
        if (c == table->ncolumns)
            return;
        table->columns[c].dropped = true;
        int n = snprintf(dropped + used, size - used, "%s%s", used > 0 ? ", " : "",
                         table->columns[c].head);
        for (size_t i = used; i < used + (size_t)n && i < size; i++)
            dropped[i] = dropped[i] == '\n' ? ' ' : dropped[i];
        used = used + (size_t)n < size ? used + (size_t)n : size - 1;
    }
}

/* ---- writing ---- */

/* One line of cells; spaces are kept back until something follows them. */
struct line {
    FILE *out;
    size_t pending;
    bool begun;
};

static void line_add(struct line *line, const char *text, size_t width, enum bench_align align)
{
    size_t own = bench_text_width(text);
    size_t pad = width > own ? width - own : 0;
    line->pending += (line->begun ? GAP : 0) + (align == BENCH_ALIGN_RIGHT ? pad : 0);
    line->begun = true;
    if (text[0] != '\0') {
        fprintf(line->out, "%*s%s", (int)line->pending, "", text);
        line->pending = 0;
    } else {
        line->pending += own;
    }
    line->pending += align == BENCH_ALIGN_LEFT ? pad : 0;
}

static void write_rule(FILE *out, size_t width, const char *dash)
{
    for (size_t i = 0; i < width; i++)
        fputs(dash, out);
    fputc('\n', out);
}

static void write_heads(const struct bench_table *table, const size_t *widths, FILE *out)
{
    size_t lines = head_lines(table);
    for (size_t i = 0; i < lines; i++) {
        struct line line = {.out = out};
        for (size_t c = 0; c < table->ncolumns; c++) {
            char text[CELL_BYTES];
            if (!column_is_shown(table, c))
                continue;
            head_line(table->columns[c].head, i, lines, text, sizeof(text));
            line_add(&line, text, widths[c], table->columns[c].align);
        }
        fputc('\n', out);
    }
}

/* How many columns of the terminal the shown ones from c on take that stand under the same text;
 * *next: the first that does not. */
static size_t span_width(const struct bench_table *table, const size_t *widths, size_t c,
                         size_t *next)
{
    size_t width = 0, span = table->columns[c].span;
    for (; c < table->ncolumns && table->columns[c].span == span; c++) {
        if (column_is_shown(table, c))
            width += (width > 0 ? GAP : 0) + widths[c];
    }
    *next = c;
    return width;
}

/* "── MiB/s ─────────" over the columns that it stands for. */
static void write_spans(const struct bench_table *table, const size_t *widths, FILE *out)
{
    size_t pending = 0, next;
    bool begun = false;
    for (size_t c = 0; c < table->ncolumns; c = next) {
        size_t width = span_width(table, widths, c, &next);
        const char *text =
            table->columns[c].span > 0 ? table->spans[table->columns[c].span - 1] : NULL;
        if (width == 0)
            continue;
        pending += begun ? GAP : 0;
        begun = true;
        if (text == NULL) {
            pending += width;
            continue;
        }
        size_t own = bench_text_width(text);
        fprintf(out, "%*s", (int)pending, "");
        pending = 0;
        bool room = own + 6 <= width;
        fprintf(out, room ? "── %s " : "%s", text);
        for (size_t i = room ? own + 4 : own; i < width; i++)
            fputs("─", out);
    }
    fputc('\n', out);
}

/* Texts over columns may be wider than these. */
static void widen(const struct bench_table *table, size_t *widths)
{
    size_t next;
    for (size_t c = 0; c < table->ncolumns; c = next) {
        size_t width = span_width(table, widths, c, &next);
        if (table->columns[c].span == 0 || width == 0)
            continue;
        size_t own = bench_text_width(table->spans[table->columns[c].span - 1]);
        for (size_t k = c; k < next && width < own; k++) {
            if (!column_is_shown(table, k))
                continue;
            widths[k] += own - width;
            width = own;
        }
    }
}

static void column_widths(const struct bench_table *table, size_t *widths)
{
    for (size_t c = 0; c < table->ncolumns; c++)
        widths[c] = column_width(table, c);
    widen(table, widths);
}

size_t bench_table_width(const struct bench_table *table)
{
    size_t widths[MAX_COLUMNS] = {0}, width = 0;
    column_widths(table, widths);
    for (size_t c = 0; c < table->ncolumns; c++) {
        if (column_is_shown(table, c))
            width += (width > 0 ? GAP : 0) + widths[c];
    }
    return width;
}

int bench_table_write(const struct bench_table *table, FILE *out)
{
    size_t widths[MAX_COLUMNS] = {0};
    if (table->failed)
        return -ENOMEM;
    column_widths(table, widths);
    if (table->nspans > 0)
        write_spans(table, widths, out);
    write_heads(table, widths, out);
    write_rule(out, bench_table_width(table), "─");
    for (size_t r = 0; r < table->nrows; r++) {
        struct line line = {.out = out};
        if (table->rows[r].rule)
            write_rule(out, bench_table_width(table), "╌");
        for (size_t c = 0; c < table->ncolumns; c++) {
            if (column_is_shown(table, c))
                line_add(&line, cell_text(&table->rows[r], c), widths[c], table->columns[c].align);
        }
        fputc('\n', out);
    }
    return ferror(out) ? -EIO : 0;
}

/* ---- Markdown ---- */

void bench_markdown_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("\\`*_[]<>|~&$#", *text) != NULL)
            fputc('\\', out);
        fputc(*text, out);
    }
}

/* The lines of a head in one, behind what it stands under. */
static void markdown_head(const struct bench_table *table, size_t c, FILE *out)
{
    char text[CELL_BYTES];
    size_t span = table->columns[c].span;
    (void)snprintf(text, sizeof(text), "%s%s%s", span > 0 ? table->spans[span - 1] : "",
                   span > 0 ? " " : "", table->columns[c].head);
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '\n' ? ' ' : *at;
    bench_markdown_text(out, text);
}

int bench_table_write_markdown(const struct bench_table *table, FILE *out)
{
    if (table->failed)
        return -ENOMEM;
    for (size_t c = 0; c < table->ncolumns; c++) {
        if (!column_is_shown(table, c))
            continue;
        fputs("| ", out);
        markdown_head(table, c, out);
        fputc(' ', out);
    }
    fputs("|\n", out);
    for (size_t c = 0; c < table->ncolumns; c++) {
        if (column_is_shown(table, c))
            fputs(table->columns[c].align == BENCH_ALIGN_RIGHT ? "|---:" : "|:---", out);
    }
    fputs("|\n", out);
    for (size_t r = 0; r < table->nrows; r++) {
        for (size_t c = 0; c < table->ncolumns; c++) {
            if (!column_is_shown(table, c))
                continue;
            fputs("| ", out);
            bench_markdown_text(out, cell_text(&table->rows[r], c));
            fputc(' ', out);
        }
        fputs("|\n", out);
    }
    return ferror(out) ? -EIO : 0;
}
