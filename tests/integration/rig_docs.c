/* SPDX-License-Identifier: MIT */
#include "rig_docs.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rig.h"
#include "tests/support/files.h"

enum { DOC_LIMIT = 1 << 20, LINE_SIZE = 2000 };

void rig_doc_init(struct rig_doc *doc)
{
    *doc = (struct rig_doc){.nnotes = 0};
    bench_buf_init(&doc->text, DOC_LIMIT);
}

void rig_doc_print(struct rig_doc *doc, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list args;

    va_start(args, format);
    const int n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    cr_assert(n >= 0 && n < LINE_SIZE, "a line of %d bytes", n);
    cr_assert_eq(bench_buf_add(&doc->text, line, (size_t)n), 0);
}

static int note_number(struct rig_doc *doc, const char *why)
{
    for (int i = 0; i < doc->nnotes; i++)
        if (strcmp(doc->notes[i], why) == 0)
            return i + 1;
    cr_assert_lt(doc->nnotes, RIG_NOTES_MAX);
    doc->notes[doc->nnotes] = strdup(why);
    cr_assert_not_null(doc->notes[doc->nnotes]);
    return ++doc->nnotes;
}

void rig_doc_cell(struct rig_doc *doc, const char *answer)
{
    const char *why = strstr(answer, ": ");

    if (why)
        rig_doc_print(doc, " %.*s [%d] |", (int)(why - answer), answer, note_number(doc, why + 2));
    else
        rig_doc_print(doc, " %s |", answer);
}

void rig_doc_notes(struct rig_doc *doc)
{
    for (int i = 0; i < doc->nnotes; i++) {
        rig_doc_print(doc, "%s[%d] %s\n", i == 0 ? "\n" : "", i + 1, doc->notes[i]);
        free(doc->notes[i]);
        if (i + 1 < doc->nnotes)
            rig_doc_print(doc, "\n");
    }
    doc->nnotes = 0;
}

static size_t first_difference(const char *text, const char *other)
{
    size_t line = 1;

    for (; *text != '\0' && *text == *other; text++, other++)
        line += *text == '\n';
    return line;
}

void rig_doc_check(struct rig_doc *doc, const char *name)
{
    char path[512], *golden = NULL;
    size_t length;
    const size_t n = bench_buf_length(&doc->text);
    char *text = strndup((const char *)bench_buf_head(&doc->text), n);

    cr_assert_not_null(text);
    (void)snprintf(path, sizeof(path), "%s/docs/%s", TEST_SOURCE_DIR, name);
    if (getenv("RPYCBENCH_GOLDEN_UPDATE") != NULL)
        cr_assert_eq(support_write_file(path, text, n), 0, "cannot write %s", path);
    cr_assert_eq(support_read_file(path, &golden, &length), 0, "cannot read %s", path);
    cr_expect(strcmp(golden, text) == 0,
              "docs/%s differs from line %zu on (RPYCBENCH_GOLDEN_UPDATE=1 writes it); now it "
              "is:\n%s",
              name, first_difference(golden, text), text);
    free(golden);
    free(text);
    bench_buf_fini(&doc->text);
}

/* ---- environments ---- */

const char *const rig_versions[RIG_VERSIONS] = {"4.1.5", "5.3.1", "6.0.2"};

const char *rig_version_venv(const char *version)
{
    static char path[600];

    (void)snprintf(path, sizeof(path), "%s/../venv-rpyc-%s", TEST_BINARY_DIR, version);
    return path;
}

const char *rig_version_python(const char *version)
{
    static char path[620];

    (void)snprintf(path, sizeof(path), "%s/bin/python", rig_version_venv(version));
    return path;
}

void rig_need_versions(void)
{
    for (int i = 0; i < RIG_VERSIONS; i++)
        if (access(rig_version_python(rig_versions[i]), X_OK) < 0)
            cr_skip_test("there is no %s: run scripts/setup --versions",
                         rig_version_python(rig_versions[i]));
}

void rig_use_version(int version)
{
    if (version < 0) {
        rig_need_python();
        return;
    }
    if (access(rig_version_python(rig_versions[version]), X_OK) < 0)
        cr_skip_test("there is no %s: run scripts/setup --versions",
                     rig_version_python(rig_versions[version]));
    cr_assert_eq(setenv("RPYCBENCH_VENV", rig_version_venv(rig_versions[version]), 1), 0);
}
