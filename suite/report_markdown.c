/* SPDX-License-Identifier: MIT */
/*
 * report.md: what can be handed on. The answer in sentences, then the tables and charts it rests
 * on, then what is needed to judge and to repeat it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/buf.h"
#include "stats/verdict.h"
#include "suite/instrument.h"
#include "suite/report_write.h"

#define NAMES_LIMIT ((size_t)1 << 20)
/* First impressions below are none. */
#define WORTH_SAYING 1.05

static void put_clean(FILE *out, const char *text)
{
    size_t size = strlen(text) + 1;
    char *clean = malloc(size);
    if (clean == NULL)
        return;
    bench_markdown_text(out, bench_text_clean(text, clean, size));
    free(clean);
}

/* ---- the answer ---- */

/* Or the first impression of one, where nothing better is to be had. */
static bool is_verdict(const struct bench_comparison *comparison)
{
    return strcmp(comparison->verdict, "faster") == 0 ||
           strcmp(comparison->verdict, "client share") == 0 ||
           (comparison->trials > 0 && comparison->trials < BENCH_VERDICT_TRIALS &&
            comparison->ratio >= WORTH_SAYING);
}

static size_t count_others(const struct bench_run *run, const char *workload)
{
    size_t n = 0;
    for (size_t i = 0; i < run->ncomparisons; i++)
        n += !is_verdict(&run->comparisons[i]) &&
             strcmp(run->comparisons[i].workload, workload) == 0;
    return n;
}

/* The winners of a workload, and how many pairs had none. */
static void put_workload(FILE *out, const struct bench_run *run, const char *workload)
{
    size_t others = count_others(run, workload);
    fputs("\n**", out);
    put_clean(out, workload);
    fputs("**\n\n", out);
    for (size_t i = 0; i < run->ncomparisons; i++) {
        if (!is_verdict(&run->comparisons[i]) ||
            strcmp(run->comparisons[i].workload, workload) != 0)
            continue;
        fputs("- ", out);
        put_clean(out, run->comparisons[i].sentence);
        fputc('\n', out);
    }
    if (others > 0)
        fprintf(out, "- %zu %s without a winner; why is said under the table\n", others,
                others == 1 ? "pair" : "pairs");
}

static void put_answer(FILE *out, const struct bench_run *run)
{
    fputs("## The answer\n", out);
    if (run->interrupted)
        fputs("\nThe run was interrupted: only what was measured until then is here.\n", out);
    if (run->nresults == 0)
        fputs("\nNothing was measured.\n", out);
    else if (run->ncomparisons == 0)
        fputs("\nNo two targets of this run may be compared with each other.\n", out);
    for (size_t i = 0; i < run->ncomparisons; i++) {
        bool first = true;
        for (size_t k = 0; k < i; k++)
            first =
                first && strcmp(run->comparisons[k].workload, run->comparisons[i].workload) != 0;
        if (first)
            put_workload(out, run, run->comparisons[i].workload);
    }
}

/* ---- charts ---- */

static int put_charts(FILE *out, const struct bench_run *run)
{
    struct bench_buf names;
    bench_buf_init(&names, NAMES_LIMIT);
    int status = bench_report_chart_names(run, &names);
    if (status == 0)
        status = bench_buf_add(&names, "", 1);
    if (status == 0 && bench_buf_length(&names) > 1) {
        fputs("\n## Charts\n", out);
        char *line = (char *)bench_buf_head(&names);
        for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
            char *title = strchr(line, '\t');
            *end = '\0';
            if (title == NULL)
                continue;
            *title++ = '\0';
            fputs("\n![", out);
            bench_markdown_text(out, title);
            fprintf(out, "](charts/%s.svg)\n", line);
        }
    }
    bench_buf_fini(&names);
    return status;
}

/* ---- what it was measured with ---- */

static bool any_fact(const struct bench_fact *fact)
{
    (void)fact;
    return true;
}

/* What readers of a report ask for; programs that were started stand by their files' names. */
static bool main_fact(const struct bench_fact *fact)
{
    static const char *const names[] = {
        "rpycbench", "build",  "warning",         "compiler",  "cpu",
        "cores",     "memory", "kernel",          "system",    "virtual machine",
        "frequency governor",  "worker priority", "placement", "python interpreter",
    };
    const char *ending = strrchr(fact->name, '.');
    for (size_t i = 0; i < BENCH_COUNT_OF(names); i++) {
        if (strcmp(fact->name, names[i]) == 0)
            return true;
    }
    return ending != NULL && strcmp(ending, ".py") == 0;
}

static void put_facts(FILE *out, const char *title, const struct bench_fact *facts, size_t count,
                      bool (*wanted)(const struct bench_fact *fact))
{
    size_t others = 0;
    fprintf(out, "\n## %s\n\n", title);
    if (count == 0)
        fputs("Nothing is known.\n", out);
    else
        fputs("| | |\n|:---|:---|\n", out);
    for (size_t i = 0; i < count; i++) {
        if (!wanted(&facts[i])) {
            others++;
            continue;
        }
        fputs("| ", out);
        put_clean(out, facts[i].name);
        fputs(" | ", out);
        put_clean(out, facts[i].value);
        fputs(" |\n", out);
    }
    if (others > 0)
        fprintf(out, "\n%zu more %s in `result.json`.\n", others,
                others == 1 ? "fact stands" : "facts stand");
}

static const char *fact(const struct bench_run *run, const char *name)
{
    for (size_t i = 0; i < run->nplan; i++) {
        if (strcmp(run->plan[i].name, name) == 0)
            return run->plan[i].value;
    }
    return NULL;
}

/* A word for a POSIX shell. */
static void put_word(FILE *out, const char *text)
{
    size_t size = strlen(text) + 1;
    char *clean = malloc(size);
    if (clean == NULL)
        return;
    (void)bench_text_clean(text, clean, size);
    bool plain = clean[0] != '\0' &&
                 strspn(clean, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "_-./:,=+") == strlen(clean);
    fputs(plain ? "" : "'", out);
    for (const char *at = clean; *at != '\0'; at++) {
        if (*at == '\'')
            fputs("'\\''", out);
        else
            fputc(*at, out);
    }
    fputs(plain ? "" : "'", out);
    free(clean);
}

static bool is_variant(const struct bench_run *run, const struct bench_target_info *target)
{
    for (size_t i = 0; target->options[0] != '\0' && i < run->ntargets; i++) {
        const struct bench_target_info *other = &run->targets[i];
        if (other->options[0] == '\0' && strcmp(other->protocol, target->protocol) == 0 &&
            strcmp(other->mode, target->mode) == 0 && strcmp(other->server, target->server) == 0 &&
            strcmp(other->url, target->url) == 0)
            return true;
    }
    return false;
}

/* From the plan: the targets (rows that a workload adds come by themselves), the workloads and
 * every option. */
static void put_command(FILE *out, const struct bench_run *run)
{
    const char *own = fact(run, "command");
    const char *quick = fact(run, "quick");
    if (own != NULL) {
        size_t size = strlen(own) + 1;
        char *clean = malloc(size);
        if (clean != NULL)
            fputs(bench_text_clean(own, clean, size), out);
        free(clean);
        return;
    }
    fputs("rpycbench run", out);
    if (quick != NULL && strcmp(quick, "yes") == 0)
        fputs(" --quick", out);
    for (size_t i = 0; i < run->ntargets; i++) {
        if (is_variant(run, &run->targets[i]))
            continue;
        fputs(" \\\n    --target ", out);
        put_word(out, run->targets[i].name);
    }
    for (size_t i = 0; i < run->nresults; i++) {
        bool first = true;
        for (size_t k = 0; k < i; k++)
            first = first && strcmp(run->results[k].workload, run->results[i].workload) != 0;
        if (first) {
            fputs(" \\\n    --workload ", out);
            put_word(out, run->results[i].workload);
        }
    }
    for (size_t i = 0; i < run->nplan; i++) {
        if (strcmp(run->plan[i].name, "quick") == 0)
            continue;
        fputs(" \\\n    ", out);
        char option[160];
        (void)snprintf(option, sizeof(option), "--%.150s", run->plan[i].name);
        put_word(out, option);
        fputc(' ', out);
        put_word(out, run->plan[i].value);
    }
}

static void put_repeat(FILE *out, const struct bench_run *run)
{
    fputs("\n## How to repeat it\n\n"
          "The same measurement, with the same seed:\n\n```sh\n",
          out);
    put_command(out, run);
    fputs("\n```\n\n"
          "These pages again, without measuring:\n\n```sh\n"
          "rpycbench report result.json --output DIR\n```\n",
          out);
}

static const char reading[] =
    "\n## How to read it\n\n"
    "- The best row is first; *floor* rows (the same exchange over a bare socket) and the *ruler* "
    "(no network) stand last and are never judged.\n"
    "- *Closed loop*: each connection asks again when it has its answer, so a slow server is asked "
    "less often. *Open loop*: requests are due at planned times that no answer moves, as from users "
    "who know nothing of each other.\n"
    "- **p50, p90, p99**: that share of the requests took at most this long, from the moment they "
    "were due to the complete answer (the *response time*). A `~` marks one that too few samples "
    "can place.\n"
    "- **service**, in an open loop: from the send to the answer, without the waiting before it; "
    "**lag**: that waiting. **offered**, **delivered**: requests due and answered per second.\n"
    "- **requests**: succeeded ones per second of load. **MiB/s**: payload moved, all bytes over "
    "all time. **vs best**: how many times worse than the best row.\n"
    "- **round trips**: requests that had to be waited for, per operation; each costs the "
    "network's "
    "distance once more. **on the wire**, **bytes**: TCP payload, both directions.\n"
    "- **server CPU, client CPU**: microseconds per request, of all processes or threads. **cores "
    "used**: CPU seconds of the server per second.\n"
    "- `≥`, `≤`: the client was the limit; the server could do more and answer sooner. Such a row "
    "is compared only where bulk is moved or a program's own time is the point. *invalid*: measured "
    "but not to be trusted, figures withheld. *n/a*: cannot exist here.\n"
    "- Sentences: *as protocols* compares codecs on the same client loop; *with* a library what an "
    "application in C pays; *for a Python application* what its user waits for.\n"
    "- A trial (a fresh server process) is one observation. *[1.9x to 2.3x]*: the 95 % interval of a "
    "ratio over trials; such a difference is told from chance, with all comparisons under its table "
    "taken into account. *equivalent*: proved to be within 5 %. *no difference seen*: not beyond what "
    "this machine shows of a target against itself. *cannot tell*: neither, with the trials that it "
    "would take. **±**: half of the 95 % interval over trials of the figure to its left. "
    "`=best`: not told apart from the best row.\n";

/* ---- the document ---- */

static void put_date(FILE *out, const struct bench_run *run)
{
    char date[40];
    struct tm parts;
    time_t when = (time_t)run->started;
    if (run->started <= 0 || gmtime_r(&when, &parts) == NULL ||
        strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &parts) == 0)
        return;
    fprintf(out, "Measured on %s in %.0f s.\n\n", date, run->duration);
}

static void put_machine(FILE *out, const struct bench_run *run)
{
    char text[1024];
    if (bench_report_environment(run, text, sizeof(text))[0] == '\0')
        return;
    fputs("On ", out);
    bench_markdown_text(out, text);
    fputs(".\n\n", out);
}

static void put_instrument(FILE *out, const struct bench_run *run)
{
    const char *text = bench_instrument_of(run);
    if (text == NULL)
        return;
    fputs("Instrument: ", out);
    bench_markdown_text(out, text);
    fputs(".\n\n", out);
}

static int write_markdown(struct bench_writer *writer)
{
    FILE *out = writer->out;
    const struct bench_run *run = writer->run;
    fputs("# rpycbench report\n\n", out);
    put_date(out, run);
    put_machine(out, run);
    put_instrument(out, run);
    put_answer(out, run);
    if (run->nresults > 0)
        fputs("\n## Tables\n\n", out);
    int status = bench_write_pages(writer);
    if (status == 0)
        status = put_charts(out, run);
    put_facts(out, "Environment", run->environment, run->nenvironment, main_fact);
    put_facts(out, "Plan", run->plan, run->nplan, any_fact);
    put_repeat(out, run);
    fputs(reading, out);
    return status;
}

int bench_report_markdown(const struct bench_run *run, struct bench_buf *out)
{
    return bench_report_render(run, true, write_markdown, out);
}
