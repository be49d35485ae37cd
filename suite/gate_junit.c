/* SPDX-License-Identifier: MIT */
/*
 * A gate as JUnit. Ant's schema (which wants id, package, hostname, timestamp without a zone,
 * properties, system-out and system-err) and Jenkins' both take it.
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "bench/value.h"
#include "suite/gate.h"

/* What XML 1.0 cannot hold becomes '?'. newline: what the end of a line becomes; in an attribute a
 * reader would make it a blank anyway. */
static void write_escaped(FILE *out, const char *text, char newline)
{
    const uint8_t *at = (const uint8_t *)text;
    size_t left = strlen(text);
    while (left > 0) {
        size_t n = bench_utf8_length(at, left);
        const bool noncharacter = n == 3 && at[0] == 0xef && at[1] == 0xbf && at[2] >= 0xbe;
        if (*at == '\n')
            (void)fputc(newline, out);
        else if (n == 0 || noncharacter || at[0] < 0x20 || at[0] == 0x7f)
            (void)fputc('?', out);
        else if (*at == '&')
            (void)fputs("&amp;", out);
        else if (*at == '<')
            (void)fputs("&lt;", out);
        else if (*at == '>')
            (void)fputs("&gt;", out);
        else if (*at == '"')
            (void)fputs("&quot;", out);
        else if (*at == '\'')
            (void)fputs("&apos;", out);
        else
            (void)fwrite(at, 1, n, out);
        n += n == 0;
        at += n;
        left -= n;
    }
}

static void write_attribute(FILE *out, const char *name, const char *value)
{
    (void)fprintf(out, " %s=\"", name);
    write_escaped(out, value, ' ');
    (void)fputc('"', out);
}

/* Of a check, the element that says what is wrong with it; NULL: nothing. */
static const char *element_of(const struct bench_gate *gate, const struct bench_gate_check *check)
{
    if (check->skipped)
        return "skipped";
    switch (bench_gate_counts_as(gate, check)) {
    case BENCH_GATE_INCONCLUSIVE:
        return "skipped";
    case BENCH_GATE_REGRESSED:
        return "failure";
    case BENCH_GATE_INVALID:
    case BENCH_GATE_ERROR:
        return "error";
    case BENCH_GATE_OK:
    case BENCH_GATE_OUTCOME_COUNT:
        break;
    }
    return NULL;
}

static size_t count(const struct bench_gate *gate, const char *element)
{
    size_t n = 0;
    for (size_t i = 0; i < gate->nchecks; i++) {
        const char *one = element_of(gate, &gate->checks[i]);
        n += one != NULL && strcmp(one, element) == 0;
    }
    return n;
}

static void write_case(const struct bench_gate *gate, const struct bench_gate_check *check,
                       FILE *out)
{
    const char *element = element_of(gate, check);
    char name[600], message[700];
    (void)snprintf(name, sizeof(name), "%s%s%s", check->cell, check->cell[0] != '\0' ? ": " : "",
                   check->figure);
    (void)snprintf(message, sizeof(message), "%s: %.600s", bench_gate_key(check->outcome),
                   check->words);
    (void)fputs("    <testcase", out);
    write_attribute(out, "classname", check->target[0] != '\0' ? check->target : "gate");
    write_attribute(out, "name", name);
    (void)fputs(" time=\"0\"", out);
    if (element == NULL) {
        (void)fputs("/>\n", out);
        return;
    }
    (void)fprintf(out, ">\n      <%s", element);
    if (strcmp(element, "skipped") != 0)
        write_attribute(out, "type", bench_gate_key(check->outcome));
    write_attribute(out, "message", message);
    if (strcmp(element, "skipped") == 0) {
        (void)fputs("/>\n    </testcase>\n", out);
        return;
    }
    (void)fputc('>', out);
    write_escaped(out, message, '\n');
    if (gate->command[0] != '\0') {
        (void)fputs("\nagain: ", out);
        write_escaped(out, gate->command, '\n');
    }
    (void)fprintf(out, "</%s>\n    </testcase>\n", element);
}

static void write_properties(const struct bench_gate *gate, FILE *out)
{
    const struct {
        const char *name, *value;
    } rows[] = {{"outcome", bench_gate_key(bench_gate_outcome(gate))},
                {"command", gate->command},
                {"environment", gate->environment}};
    (void)fputs("    <properties>\n", out);
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        if (rows[i].value[0] == '\0')
            continue;
        (void)fputs("      <property", out);
        write_attribute(out, "name", rows[i].name);
        write_attribute(out, "value", rows[i].value);
        (void)fputs("/>\n", out);
    }
    (void)fputs("    </properties>\n", out);
}

int bench_gate_write_junit(const struct bench_gate *gate, FILE *out)
{
    char timestamp[32];
    const time_t began = (time_t)gate->started;
    struct tm utc;
    if (gmtime_r(&began, &utc) == NULL ||
        strftime(timestamp, sizeof(timestamp), "%Y-%m-%dT%H:%M:%S", &utc) == 0)
        return -EINVAL;
    (void)fprintf(out,
                  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
                  "  <testsuite id=\"0\" package=\"rpycbench\" name=\"rpycbench gate\" "
                  "hostname=\"localhost\" timestamp=\"%s\" tests=\"%zu\" failures=\"%zu\" "
                  "errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\">\n",
                  timestamp, gate->nchecks, count(gate, "failure"), count(gate, "error"),
                  count(gate, "skipped"), gate->duration);
    write_properties(gate, out);
    for (size_t i = 0; i < gate->nchecks; i++)
        write_case(gate, &gate->checks[i], out);
    (void)fputs("    <system-out>", out);
    if (gate->differences != NULL)
        write_escaped(out, gate->differences, '\n');
    (void)fputs("</system-out>\n    <system-err></system-err>\n  </testsuite>\n</testsuites>\n",
                out);
    return ferror(out) ? -EIO : 0;
}
