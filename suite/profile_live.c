/* SPDX-License-Identifier: MIT */
/*
 * The terminal at stderr as a screen of its own (the alternate one), drawn anew each second. What
 * was there before comes back whatever ends us, but for SIGKILL. Nothing is read from it: keys are
 * the program's.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "suite/profile.h"

#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"

enum { ROWS_DEFAULT = 24, ROWS_MIN = 5, ROWS_MAX = 500 };

struct profile_live {
    bool on;
};

/* Set while the screen is ours, for handlers of signals that mean that we are broken. */
static volatile sig_atomic_t screen_is_ours;

static void on_crash(int number)
{
    if (screen_is_ours)
        (void)!write(STDERR_FILENO, LEAVE, sizeof(LEAVE) - 1);
    (void)raise(number); /* SA_RESETHAND: this time for good */
}

int profile_live_new(struct profile_live **out)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    const struct sigaction action = {.sa_handler = on_crash,
                                     .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < BENCH_COUNT_OF(crashes); i++)
        (void)sigaction(crashes[i], &action, NULL);
    return 0;
}

static size_t rows(void)
{
    struct winsize size = {0};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0)
        return ROWS_DEFAULT;
    return size.ws_row < ROWS_MIN ? ROWS_MIN : size.ws_row > ROWS_MAX ? ROWS_MAX : size.ws_row;
}

/* Each line overwrites the old one, so that nothing flickers; never more than fit, the last one
 * without an end, which would scroll. */
static void write_screen(const char *text, size_t nrows, FILE *out)
{
    (void)fputs("\033[H", out);
    for (size_t row = 0; row < nrows && *text != '\0'; row++) {
        const size_t length = strcspn(text, "\n");
        (void)fprintf(out, "%s%.*s\033[K", row == 0 ? "" : "\r\n", (int)length, text);
        text += length + (text[length] == '\n');
    }
    (void)fputs("\033[J", out);
}

void profile_live_draw(struct profile_live *live, const struct trace_profile *window,
                       const struct trace_profile *whole)
{
    char *text = NULL, *screen = NULL;
    size_t length, screen_length, nrows = rows();
    FILE *out = open_memstream(&text, &length), *all = open_memstream(&screen, &screen_length);
    int rc = out == NULL || all == NULL
                 ? -ENOMEM
                 : trace_write_live(window, whole, profile_width(STDERR_FILENO), nrows, out);
    if (out != NULL && fclose(out) != 0)
        rc = -ENOMEM;
    if (rc == 0)
        write_screen(text, nrows, all);
    if (all != NULL && fclose(all) != 0)
        rc = -ENOMEM;
    if (rc == 0 && !live->on) {
        screen_is_ours = 1;
        live->on = profile_write_all(STDERR_FILENO, ENTER, sizeof(ENTER) - 1) == 0;
    }
    if (rc == 0)
        (void)profile_write_all(STDERR_FILENO, screen, screen_length);
    free(text);
    free(screen);
}

void profile_live_leave(struct profile_live *live)
{
    if (live == NULL || !live->on)
        return;
    (void)profile_write_all(STDERR_FILENO, LEAVE, sizeof(LEAVE) - 1);
    live->on = false;
    screen_is_ours = 0;
}

void profile_live_free(struct profile_live *live)
{
    profile_live_leave(live);
    free(live);
}
