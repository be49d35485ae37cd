/* SPDX-License-Identifier: MIT */
/*
 * bench-peak PROGRAM ARGS...
 *
 * Runs a program without its output and prints the largest resident set that it or one of its
 * children had, in bytes. Exit status: the program's, 3 when it could not be run or was killed.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

extern char **environ;

int main(int argc, char **argv)
{
    posix_spawn_file_actions_t actions;
    struct rusage usage;
    pid_t pid;
    int status;
    if (argc < 2) {
        (void)fprintf(stderr, "usage: bench-peak PROGRAM ARGS...\n");
        return 2;
    }
    if (posix_spawn_file_actions_init(&actions) != 0 ||
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) != 0 ||
        posix_spawn_file_actions_adddup2(&actions, 1, 2) != 0 ||
        posix_spawnp(&pid, argv[1], &actions, NULL, argv + 1, environ) != 0 ||
        wait4(pid, &status, 0, &usage) < 0)
        return 3;
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)printf("%ld\n", usage.ru_maxrss * 1024);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}
