/* SPDX-License-Identifier: MIT */
/* Paragraphs and tables of the text report, within the width of the terminal. */
#include <errno.h>
#include <string.h>

#include "trace/report_text.h"

#define NAME_COLUMNS_MAX 200
#define NAME_COLUMNS_MIN 28 /* before columns are dropped */
#define NAME_COLUMNS_END 8  /* when no column is left to drop */

static int make_table(const struct trace_writer *writer, trace_table_fn make, const void *user,
                      size_t name_columns, struct bench_table **out)
{
    struct bench_table *table = bench_table_new();
    int rc = table != NULL ? make(writer, name_columns, table, user) : -ENOMEM;
    if (rc < 0)
        bench_table_free(table);
    else
        *out = table;
    return rc;
}

/* The table anew with names shorter by what is too much, but not below floor. */
static int narrow(const struct trace_writer *writer, trace_table_fn make, const void *user,
                  size_t floor, size_t *name_columns, struct bench_table **table)
{
    size_t width = bench_table_width(*table);
    if (width <= writer->width || *name_columns <= floor)
        return 0;
    /* The longest name may be shorter than what was allowed. */
    size_t allowed = *name_columns < width ? *name_columns : width;
    size_t excess = width - writer->width;
    *name_columns = allowed > floor + excess ? allowed - excess : floor;
    bench_table_free(*table);
    *table = NULL;
    return make_table(writer, make, user, *name_columns, table);
}

int trace_write_table(const struct trace_writer *writer, trace_table_fn make, const void *user,
                      bool tell)
{
    struct bench_table *table = NULL;
    char dropped[TRACE_LINE_BYTES];
    size_t columns = NAME_COLUMNS_MAX;
    size_t floor = writer->name_min > 0 ? writer->name_min : NAME_COLUMNS_MIN;
    int rc = make_table(writer, make, user, columns, &table);
    for (int i = 0; i < 8 && rc == 0 && bench_table_width(table) > writer->width; i++)
        rc = narrow(writer, make, user, floor, &columns, &table);
    if (rc == 0)
        bench_table_fit(table, writer->width, dropped, sizeof(dropped));
    if (rc == 0 && bench_table_width(table) > writer->width) {
        char again[TRACE_LINE_BYTES];
        columns = NAME_COLUMNS_END;
        bench_table_free(table);
        table = NULL;
        rc = make_table(writer, make, user, columns, &table);
        if (rc == 0)
            bench_table_fit(table, writer->width, again, sizeof(again));
    }
    if (rc == 0)
        rc = bench_table_write(table, writer->out);
    if (rc == 0 && tell && dropped[0] != '\0') {
        char text[TRACE_LINE_BYTES + 64];
        (void)snprintf(text, sizeof(text), "too narrow for: %s", dropped);
        trace_write_paragraph(writer, "", 2, text);
    }
    bench_table_free(table);
    return rc;
}

static bool is_unit(const char *at)
{
    static const char *const units[] = {"ns",  "µs",  "ms",  "s",  "%",  "B",
                                        "KiB", "MiB", "GiB", "/s", "k/s"};
    size_t length = strcspn(at, " ,;.:)");
    for (size_t i = 0; i < BENCH_COUNT_OF(units); i++) {
        if (length == strlen(units[i]) && strncmp(at, units[i], length) == 0)
            return true;
    }
    return false;
}

/* Length of the next word, in bytes; a figure and its unit stay together. */
static size_t word_length(const char *at)
{
    size_t length = strcspn(at, " ");
    if (length > 0 && at[length] == ' ' && at[length - 1] >= '0' && at[length - 1] <= '9' &&
        is_unit(at + length + 1))
        length += 1 + strcspn(at + length + 1, " ");
    return length;
}

/* A word that fits no line is cut in the middle. */
static void write_word(const struct trace_writer *writer, const char *word, size_t length,
                       size_t room)
{
    struct trace_line text;
    (void)snprintf(text.s, sizeof(text.s), "%.*s", (int)length, word);
    fputs(trace_cut(text.s, room).s, writer->out);
}

void trace_write_paragraph(const struct trace_writer *writer, const char *head, size_t indent,
                           const char *text)
{
    size_t used = bench_text_width(head),
           room = writer->width > indent ? writer->width - indent : 1;
    bool begun = false;
    fputs(head, writer->out);
    for (; used < indent; used++)
        fputc(' ', writer->out);
    for (const char *at = text + strspn(text, " "); *at != '\0';) {
        struct trace_line word;
        size_t length = word_length(at);
        (void)snprintf(word.s, sizeof(word.s), "%.*s", (int)length, at);
        size_t width = bench_text_width(word.s);
        if (begun && used + 1 + width > writer->width) {
            fprintf(writer->out, "\n%*s", (int)indent, "");
            used = indent;
            begun = false;
        }
        if (begun)
            fputc(' ', writer->out);
        used += (begun ? 1 : 0) + (width < room ? width : room);
        write_word(writer, at, length, room);
        begun = true;
        at += length;
        at += strspn(at, " ");
    }
    fputc('\n', writer->out);
}

void trace_write_heading(const struct trace_writer *writer, const char *heading, const char *note)
{
    struct trace_line line;
    fputc('\n', writer->out);
    (void)snprintf(line.s, sizeof(line.s), "%.300s%s%.600s", heading, note[0] != '\0' ? " – " : "",
                   note);
    trace_write_paragraph(writer, "", 0, line.s);
    fputc('\n', writer->out);
}

void trace_write_rest(const struct trace_writer *writer, size_t shown, size_t count,
                      const char *what)
{
    char text[128];
    if (shown >= count)
        return;
    (void)snprintf(text, sizeof(text), "%zu of %zu %s", shown, count, what);
    trace_write_paragraph(writer, "", 0, text);
}

void trace_cell(struct bench_table *table, const struct bench_text text)
{
    bench_table_cell(table, text.s);
}

void trace_count_cell(struct bench_table *table, uint64_t count)
{
    bench_table_cell(table, count > 0 ? trace_count(count).s : "");
}

void trace_time_cell(struct bench_table *table, int64_t ns)
{
    bench_table_cell(table, ns != 0 ? trace_ns(ns).s : "");
}
