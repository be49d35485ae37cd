/* SPDX-License-Identifier: MIT */
/* One program that makes calls: its start, the lines that pass, its end. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/proc.h"
#include "suite/driver_process.h"
#include "suite/programs.h"

#define OUT_LIMIT     ((size_t)256 << 20) /* a unit of 65 536 steps has about 10 MiB of text */
#define WORDS_MAX     ((size_t)64 << 10)  /* of a line that is not a recording */
#define RECORDING_MAX ((size_t)64 << 20)
#define READ_SIZE     ((size_t)64 << 10)

enum {
    LAST_BREATH_MS = 1000, /* between the end of its output and its own */
    END_MS = 5000,         /* to close its connections and end */
    END_GRACE_MS = 500,
};

/* In the order of what bench_process_interest fills in. */
enum { FD_IN, FD_OUT, FD_END };

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

/* ---- start ---- */

static int set_nonblocking(int fd) { return fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0; }

static int spawn(struct bench_process *p, const struct bench_server_command *command,
                 const cpu_set_t *cpus, int stdin_fd, int stdout_fd, struct bench_error *err)
{
    union {
        char *const *in;
        const char *const *out;
    } argv = {.in = command->argv};
    const struct bench_proc_spec spec = {.argv = argv.out,
                                         .stdin_fd = stdin_fd,
                                         .stdout_fd = stdout_fd,
                                         .stderr_fd = p->stderr_fd,
                                         .extra_env = bench_python_env,
                                         .cpus = cpus};
    int rc = bench_proc_spawn(&spec, &p->pid, err);
    if (rc < 0)
        return rc;
    p->pid_fd = (int)syscall(SYS_pidfd_open, p->pid, 0);
    return p->pid_fd < 0 ? bench_fail(err, -errno, "pidfd_open: %s", bench_errno_text(errno)) : 0;
}

int bench_process_start(struct bench_process *p, const struct bench_server_command *command,
                        const cpu_set_t *cpus, struct bench_error *err)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    *p = (struct bench_process){.pid_fd = -1, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};
    bench_buf_init(&p->out, OUT_LIMIT);
    bench_buf_init(&p->in, RECORDING_MAX + READ_SIZE);
    int rc = 0;
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
        rc = bench_fail(err, -errno, "no pipe: %s", bench_errno_text(errno));
    if (rc == 0) {
        p->stderr_fd = memfd_create("client-stderr", MFD_CLOEXEC);
        rc = spawn(p, command, cpus, in[0], out[1], err);
    }
    p->stdin_fd = in[1];
    p->stdout_fd = out[0];
    close_fd(&in[0]);
    close_fd(&out[1]);
    if (rc == 0 && (set_nonblocking(p->stdin_fd) < 0 || set_nonblocking(p->stdout_fd) < 0))
        rc = bench_fail(err, -EIO, "the client's pipes cannot be made non-blocking");
    return rc;
}

/* ---- trouble ---- */

void bench_process_fail(struct bench_process *p, int code, const char *message)
{
    char words[160];
    if (p->stage == BENCH_PROCESS_FAILED)
        return;
    p->stage = BENCH_PROCESS_FAILED;
    bench_programs_last_words(p->stderr_fd, words, sizeof(words));
    (void)bench_fail(&p->error, code, "%.120s%s%.110s", message,
                     words[0] != '\0' ? "; its last words: " : "", words);
}

/* Its status while it is not reaped. */
static void fail_dead(struct bench_process *p)
{
    siginfo_t info = {.si_pid = 0};
    char text[120];
    const char *status = "ended";
    if (waitid(P_PIDFD, (id_t)p->pid_fd, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid != 0)
        status = bench_proc_status_text(info.si_code == CLD_EXITED ? W_EXITCODE(info.si_status, 0)
                                                                   : info.si_status);
    (void)snprintf(text, sizeof(text), "the client process died (%s)", status);
    bench_process_fail(p, -ECHILD, text);
}

/* ---- what it says ---- */

/* A line is shown as far as it is plain. */
static void fail_line(struct bench_process *p, const char *line, size_t length, const char *instead)
{
    char shown[64], text[160];
    size_t n = 0;
    while (n < length && n < sizeof(shown) - 1) {
        shown[n] = line[n] < ' ' || line[n] > '~' ? '?' : line[n];
        n++;
    }
    shown[n] = '\0';
    (void)snprintf(text, sizeof(text), "the client said '%s' instead of %s", shown, instead);
    bench_process_fail(p, -EPROTO, text);
}

static bool understand_ready(struct bench_process *p, const json_t *said)
{
    const json_t *ready = json_object_get(said, "ready");
    const char *why = json_string_value(json_object_get(said, "error"));
    if (!json_is_integer(ready) || json_integer_value(ready) < 0)
        return false;
    p->ready = json_integer_value(ready);
    p->unavailable = json_is_true(json_object_get(said, "unavailable"));
    (void)snprintf(p->why, sizeof(p->why), "%.199s", why == NULL ? "" : why);
    p->stage = BENCH_PROCESS_READY;
    return true;
}

static void take_recording(struct bench_process *p, const char *line, size_t length,
                           const json_t *said)
{
    struct bench_error err = {0};
    const json_t *cut = json_object_get(said, "budget_cut");
    if (!json_is_boolean(cut)) {
        fail_line(p, line, length, "a recording with budget_cut");
        return;
    }
    if (bench_recording_read(line, length, &p->recording, &err) < 0) {
        bench_error_prefix(&err, "the client's ");
        bench_process_fail(p, err.code, err.msg);
        return;
    }
    p->budget_cut = json_is_true(cut);
    p->stage = BENCH_PROCESS_DELIVERED;
}

static void understand(struct bench_process *p, const char *line, size_t length)
{
    json_t *said = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
    bool done = json_is_true(json_object_get(said, "done"));
    if (!json_is_object(said))
        fail_line(p, line, length, "a line of JSON");
    else if (p->stage == BENCH_PROCESS_STARTED && !done) {
        if (!understand_ready(p, said))
            fail_line(p, line, length, "ready");
    } else if (p->stage < BENCH_PROCESS_DONE && p->may_be_done) {
        if (done)
            p->stage = BENCH_PROCESS_DONE;
        else
            fail_line(p, line, length, "done");
    } else if (p->stage == BENCH_PROCESS_DONE && p->may_deliver) {
        take_recording(p, line, length, said);
    } else {
        fail_line(p, line, length, "nothing");
    }
    json_decref(said);
}

static void understand_lines(struct bench_process *p, size_t fresh)
{
    while (p->stage < BENCH_PROCESS_DELIVERED) {
        const char *text = (const char *)bench_buf_head(&p->in);
        const size_t length = bench_buf_length(&p->in);
        const size_t max = p->stage == BENCH_PROCESS_DONE ? RECORDING_MAX : WORDS_MAX;
        const char *end = fresh == 0 ? NULL : memchr(text + length - fresh, '\n', fresh);
        const size_t line = end == NULL ? length : (size_t)(end - text);
        if (line > max) {
            char message[80];
            (void)snprintf(message, sizeof(message),
                           "the client said a line of more than %zu bytes", max);
            bench_process_fail(p, -EMSGSIZE, message);
        } else if (end == NULL) {
            return;
        } else {
            understand(p, text, line);
            bench_buf_drop(&p->in, line + 1);
            fresh = bench_buf_length(&p->in);
        }
    }
}

/* Reads until there is nothing left for now. True at the end of its output. */
static bool listen_to(struct bench_process *p)
{
    while (p->stage < BENCH_PROCESS_DELIVERED && p->stdout_fd >= 0) {
        if (bench_buf_reserve(&p->in, READ_SIZE) < 0) {
            bench_process_fail(p, -ENOMEM, "no memory for what the client says");
            return false;
        }
        ssize_t n = read(p->stdout_fd, p->in.data + p->in.end, READ_SIZE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return false;
        if (n <= 0)
            return true;
        p->in.end += (size_t)n;
        understand_lines(p, (size_t)n);
    }
    return false;
}

static void talk_to(struct bench_process *p)
{
    while (bench_buf_length(&p->out) > 0) {
        ssize_t n = write(p->stdin_fd, bench_buf_head(&p->out), bench_buf_length(&p->out));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN)
            bench_buf_clear(&p->out); /* it closed its stdin: its end, or its silence, will tell */
        if (n <= 0)
            return;
        bench_buf_drop(&p->out, (size_t)n);
    }
}

void bench_process_say(struct bench_process *p, const char *line)
{
    if (p->stage >= BENCH_PROCESS_DELIVERED)
        return;
    if (bench_buf_add(&p->out, line, strlen(line)) < 0 || bench_buf_add(&p->out, "\n", 1) < 0)
        bench_process_fail(p, -ENOMEM, "no memory for what the client is told");
    else
        talk_to(p);
}

void bench_process_interest(const struct bench_process *p, struct pollfd fds[BENCH_PROCESS_FDS])
{
    bool over = p->stage >= BENCH_PROCESS_DELIVERED;
    fds[FD_IN] = (struct pollfd){.fd = over || bench_buf_length(&p->out) == 0 ? -1 : p->stdin_fd,
                                 .events = POLLOUT};
    fds[FD_OUT] = (struct pollfd){.fd = over ? -1 : p->stdout_fd, .events = POLLIN};
    fds[FD_END] = (struct pollfd){.fd = over ? -1 : p->pid_fd, .events = POLLIN};
}

void bench_process_step(struct bench_process *p, const struct pollfd fds[BENCH_PROCESS_FDS])
{
    if (fds[FD_IN].revents != 0)
        talk_to(p);
    if (fds[FD_OUT].revents == 0 && fds[FD_END].revents == 0)
        return;
    bool silent = listen_to(p);
    if (p->stage >= BENCH_PROCESS_DELIVERED)
        return;
    struct pollfd end = {.fd = p->pid_fd, .events = POLLIN};
    if (silent && poll(&end, 1, LAST_BREATH_MS) == 0)
        bench_process_fail(p, -EPIPE, "the client closed its output before it was done");
    else if (silent || fds[FD_END].revents != 0)
        fail_dead(p);
}

/* ---- end ---- */

void bench_process_end(struct bench_process *p)
{
    close_fd(&p->stdin_fd);
    struct pollfd end = {.fd = p->pid_fd, .events = POLLIN};
    if (p->stage == BENCH_PROCESS_DELIVERED)
        (void)poll(&end, 1, END_MS);
    if (p->pid > 0)
        (void)bench_proc_stop(p->pid, END_GRACE_MS * BENCH_NS_PER_MS, NULL);
    p->pid = 0;
    close_fd(&p->stdout_fd);
    close_fd(&p->stderr_fd);
    close_fd(&p->pid_fd);
    bench_buf_fini(&p->out);
    bench_buf_fini(&p->in);
}
