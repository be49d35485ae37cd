/* SPDX-License-Identifier: MIT */
#include "suite/profile.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "bench/protocol.h"
#include "bench/units.h"
#include "render/table.h"
#include "suite/cli.h"

typedef int (*render_fn)(const struct profile_run *run, const struct trace_profile *profile,
                         FILE *out);

enum { WIDTH_DEFAULT = 120, WIDTH_MIN = 60, WIDTH_MAX = 400 };

size_t profile_width(int fd)
{
    struct winsize size = {0};
    if (isatty(fd) == 0 || ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return WIDTH_DEFAULT;
    return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col > WIDTH_MAX ? WIDTH_MAX : size.ws_col;
}

double profile_wall_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Where a report goes that has no file of its own: a program's stdout is the program's. */
static int own_fd(const struct profile_run *run)
{
    return run->way == PROFILE_PROGRAM ? STDERR_FILENO : STDOUT_FILENO;
}

static bool is_dash(const char *path) { return path != NULL && strcmp(path, "-") == 0; }

void profile_run_say(struct profile_run *run, const char *format, ...)
{
    char text[600], clean[600];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    profile_live_leave(run->live);
    (void)fprintf(stderr, "rpycbench profile: %s\n", bench_text_clean(text, clean, sizeof(clean)));
}

static void fail(struct profile_run *run, const struct bench_error *err)
{
    profile_run_say(run, "%s", err->msg);
    if (run->status == EXIT_FINE && run->way != PROFILE_PROGRAM)
        run->status = EXIT_NOT_MEASURED;
}

/* ---- making one ---- */

/* Of the protocols that have one, each once. */
static int find_decoders(struct profile_run *run, struct bench_error *err)
{
    const struct bench_protocol *const *protocols = bench_protocols();
    size_t n = 0, count = 0;
    while (protocols[count] != NULL)
        count++;
    run->decoders = calloc(count + 1, sizeof(run->decoders[0]));
    if (run->decoders == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < count; i++) {
        bool known = protocols[i]->decoder == NULL;
        for (size_t k = 0; k < n && !known; k++)
            known = run->decoders[k] == protocols[i]->decoder;
        if (!known)
            run->decoders[n++] = protocols[i]->decoder;
    }
    return n > 0 ? 0 : bench_fail(err, -ENOTSUP, "no protocol of this build can be profiled");
}

/* In one write, so that nothing of the program comes between. */
static void log_slow(const struct trace_call *call, bool over, void *user)
{
    const struct profile_run *run = user;
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        return;
    int rc = trace_write_slow(run->names, call, over,
                              trace_analyser_place(run->analyser, call->place), out);
    if (fclose(out) == 0 && rc == 0)
        (void)profile_write_all(STDERR_FILENO, text, length);
    free(text);
}

static void make_title(struct profile_run *run)
{
    const struct profile_options *o = run->options;
    char text[sizeof(run->title)];
    size_t used = (size_t)snprintf(text, sizeof(text), "profile of ");
    if (run->way == PROFILE_PROGRAM) {
        for (char **word = o->program; *word != NULL && used < sizeof(text); word++)
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
                                     word == o->program ? "" : " ", *word);
    } else if (run->way == PROFILE_LISTEN) {
        (void)snprintf(text + used, sizeof(text) - used, "%.100s port %u", o->relay.upstream.host,
                       o->relay.upstream.port);
    } else {
        (void)snprintf(text + used, sizeof(text) - used, "%.150s",
                       is_dash(o->read) ? "the capture at stdin" : o->read);
    }
    (void)bench_text_clean(text, run->title, sizeof(run->title));
}

static int open_log(struct profile_run *run, struct bench_error *err)
{
    const char *path = run->options->log;
    run->log_fd = -1;
    if (path == NULL)
        return 0;
    run->log_fd = is_dash(path) ? own_fd(run) : profile_log_open(path);
    return run->log_fd < 0
               ? bench_fail(err, -errno, "cannot write '%.150s': %s", path, bench_errno_text(errno))
               : 0;
}

static int open_files(struct profile_run *run, struct bench_error *err)
{
    const struct profile_options *o = run->options;
    int rc = profile_file_open(&run->output, o->output, err);
    if (rc == 0)
        rc = profile_file_open(&run->json, is_dash(o->json) ? NULL : o->json, err);
    if (rc == 0)
        rc = profile_file_open(&run->html, o->html, err);
    if (rc == 0)
        rc = profile_file_open(&run->chrome, o->chrome, err);
    return rc < 0 ? rc : open_log(run, err);
}

int profile_run_init(struct profile_run *run, const struct profile_options *options,
                     struct bench_error *err)
{
    *run = (struct profile_run){
        .options = options, .way = profile_way(options), .log_fd = -1, .status = EXIT_NOT_MEASURED};
    make_title(run);
    int rc = open_files(run, err);
    if (rc < 0) {
        run->status = EXIT_USAGE;
        return rc;
    }
    struct trace_options trace = options->trace;
    if (options->log_slow) {
        trace.slow = log_slow;
        trace.slow_user = run;
    }
    rc = find_decoders(run, err);
    if (rc == 0)
        rc = trace_analyser_new(&run->analyser, &trace, run->decoders, err);
    if (rc == 0) {
        run->names = trace_analyser_names(run->analyser);
        run->status = EXIT_FINE;
    }
    return rc;
}

void profile_run_fini(struct profile_run *run)
{
    trace_profile_free(run->window);
    trace_analyser_free(run->analyser);
    free(run->decoders);
    profile_file_close(&run->output);
    profile_file_close(&run->json);
    profile_file_close(&run->html);
    profile_file_close(&run->chrome);
    if (run->log_fd > STDERR_FILENO)
        (void)close(run->log_fd);
}

/* ---- while it runs ---- */

void profile_run_piece(const struct bench_piece *piece, void *user)
{
    struct profile_run *run = user;
    trace_analyser_piece(piece, run->analyser);
}

void profile_run_dropped(struct profile_run *run, uint64_t total)
{
    if (total > run->dropped)
        trace_analyser_dropped(run->analyser, total - run->dropped);
    run->dropped = total;
}

/* The caller frees *text. */
static int render(const struct profile_run *run, const struct trace_profile *profile, render_fn fn,
                  char **text, size_t *length)
{
    *text = NULL;
    FILE *out = open_memstream(text, length);
    if (out == NULL)
        return -ENOMEM;
    int rc = fn(run, profile, out);
    if (fclose(out) != 0 && rc == 0)
        rc = -ENOMEM;
    return rc;
}

static int render_text(const struct profile_run *run, const struct trace_profile *profile,
                       FILE *out)
{
    struct trace_report_options o = run->options->report;
    o.width = run->output.path != NULL ? WIDTH_DEFAULT : profile_width(own_fd(run));
    o.title = run->title;
    int rc = trace_write_text(profile, &o, out);
    if (rc == 0 && !run->options->has_parts) /* whoever chose knows that there are others */
        (void)fputs("\nmore: --parts all, or --html FILE\n", out);
    return rc;
}

static int render_json(const struct profile_run *run, const struct trace_profile *profile,
                       FILE *out)
{
    (void)run;
    return trace_write_json(profile, out);
}

static int render_html(const struct profile_run *run, const struct trace_profile *profile,
                       FILE *out)
{
    struct trace_report_options o = run->options->report;
    o.parts = TRACE_PART_ALL;
    o.width = WIDTH_DEFAULT;
    o.title = run->title;
    return trace_write_html(profile, &o, out);
}

static int render_chrome(const struct profile_run *run, const struct trace_profile *profile,
                         FILE *out)
{
    (void)run;
    return trace_write_chrome(profile, out);
}

/* To the file, or without one to the descriptor; text may be NULL after an error, rc. */
static void put(struct profile_run *run, int rc, const char *text, size_t length,
                struct profile_file *file, int fd)
{
    struct bench_error err = {0};
    if (rc < 0)
        rc = bench_fail(&err, rc, "no report: %s", bench_errno_text(rc));
    else if (file != NULL && file->path != NULL)
        rc = profile_file_write(file, text, length, &err);
    else if ((rc = profile_write_all(fd, text, length)) < 0)
        rc = bench_fail(&err, rc, "cannot write the report: %s", bench_errno_text(rc));
    if (rc < 0)
        fail(run, &err);
}

static void deliver(struct profile_run *run, const struct trace_profile *profile, render_fn fn,
                    struct profile_file *file, int fd)
{
    char *text;
    size_t length = 0;
    int rc = render(run, profile, fn, &text, &length);
    put(run, rc, text, length, file, fd);
    free(text);
}

static void deliver_what_if(struct profile_run *run, const struct trace_profile *profile)
{
    struct bench_error err = {0};
    char *text;
    size_t length = 0;
    int rc = profile_what_if(run, profile, &text, &length, &err);
    if (rc < 0)
        fail(run, &err);
    else
        put(run, 0, text, length, &run->output, own_fd(run));
    free(text);
}

void profile_run_report_now(struct profile_run *run)
{
    struct trace_profile *profile = NULL;
    profile_live_leave(run->live);
    if (trace_profile_take(run->analyser, &profile) < 0)
        profile_run_say(run, "no report: out of memory");
    else
        deliver(run, profile, render_text, NULL, STDERR_FILENO);
    trace_profile_free(profile);
}

void profile_run_window(struct profile_run *run, double wall_s)
{
    struct bench_error err = {0};
    char *text = NULL;
    size_t length;
    trace_profile_free(run->window);
    run->window = NULL;
    int rc = trace_window_take(run->analyser, &run->window);
    FILE *out = rc == 0 ? open_memstream(&text, &length) : NULL;
    if (out != NULL) {
        rc = trace_write_window(run->window, wall_s, out);
        if (fclose(out) != 0 && rc == 0)
            rc = -ENOMEM;
    } else {
        rc = -ENOMEM;
    }
    if (rc == 0)
        rc = profile_write_all(run->log_fd, text, length);
    free(text);
    if (rc == 0 || run->log_failed)
        return;
    run->log_failed = true; /* once is enough */
    (void)bench_fail(&err, rc, "cannot write the log: %s", bench_errno_text(rc));
    fail(run, &err);
}

/* ---- the end ---- */

struct seen {
    size_t rpyc, encrypted, foreign;
};

static struct seen look(const struct trace_profile *profile)
{
    struct seen seen = {0};
    for (size_t i = 0; i < profile->nconnections; i++) {
        const struct trace_connection *c = &profile->connections[i];
        if (c->encrypted)
            seen.encrypted++;
        else if (c->foreign)
            seen.foreign++;
        else
            seen.rpyc++;
    }
    if (seen.rpyc == 0 && trace_both(profile->totals.messages) > 0)
        seen.rpyc = 1;
    return seen;
}

static void say_nothing(struct profile_run *run, const struct seen *seen, const char *why)
{
    static const char *const usual[] = {
        [PROFILE_PROGRAM] = "the program made no connection that the library could see: none at "
                            "all, by a static binary, or over TLS in a Python with an OpenSSL of "
                            "its own",
        [PROFILE_LISTEN] = "nobody connected",
        [PROFILE_READ] = "the capture holds none",
    };
    if (seen->encrypted > 0)
        profile_run_say(run,
                        "no RPyC connection was seen: %zu connection%s encrypted (TLS), which "
                        "cannot be read from outside; run the program itself: rpycbench "
                        "profile -- PROGRAM",
                        seen->encrypted, seen->encrypted == 1 ? " is" : "s are");
    else if (seen->foreign > 0)
        profile_run_say(run, "no RPyC connection was seen: %zu connection%s something else",
                        seen->foreign, seen->foreign == 1 ? " speaks" : "s speak");
    else
        profile_run_say(run, "no RPyC connection was seen: %s",
                        why != NULL ? why : usual[run->way]);
    if (run->status == EXIT_FINE && run->way != PROFILE_PROGRAM)
        run->status = EXIT_NOT_MEASURED;
}

static void write_files(struct profile_run *run, const struct trace_profile *profile)
{
    if (run->options->json != NULL)
        deliver(run, profile, render_json, &run->json, own_fd(run));
    if (run->html.path != NULL)
        deliver(run, profile, render_html, &run->html, -1);
    if (run->chrome.path != NULL)
        deliver(run, profile, render_chrome, &run->chrome, -1);
}

void profile_run_finish(struct profile_run *run, const char *why)
{
    const struct profile_options *o = run->options;
    struct trace_profile *profile = NULL;
    trace_analyser_finish(run->analyser);
    if (run->log_fd >= 0) /* what is left, so that the windows add up to the whole */
        profile_run_window(run, run->way == PROFILE_READ ? (double)run->last_ns / 1e9
                                                         : profile_wall_s());
    profile_live_leave(run->live);
    if (trace_profile_take(run->analyser, &profile) < 0) {
        struct bench_error err = {0};
        (void)bench_fail(&err, -ENOMEM, "no report: out of memory");
        fail(run, &err);
        return;
    }
    const struct seen seen = look(profile);
    if (seen.rpyc == 0)
        say_nothing(run, &seen, why);
    else if (seen.encrypted > 0)
        profile_run_say(run, "%zu connection%s encrypted (TLS) and could not be read",
                        seen.encrypted, seen.encrypted == 1 ? " is" : "s are");
    /* '-' takes the place of the report, unless that has a file. */
    const bool text = seen.rpyc > 0 && (!is_dash(o->json) || run->output.path != NULL);
    if (o->nwhat_if > 0 && seen.rpyc > 0)
        deliver_what_if(run, profile);
    else if (text || run->output.path != NULL)
        deliver(run, profile, render_text, &run->output, own_fd(run));
    write_files(run, profile);
    trace_profile_free(profile);
}
