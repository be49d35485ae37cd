/* SPDX-License-Identifier: MIT */
/* The options of `rpycbench profile`, one a line. The last one does not exist, and "--" is left
 * out, so that nothing ever runs: all of them are looked at before. */
#include <stdlib.h>
#include <string.h>

#include "suite/cli.h"
#include "tests/fuzz/fuzz.h"

enum { ARGS_MAX = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char name[] = "profile", last[] = "--no-such-option";
    char *argv[ARGS_MAX + 3] = {name};
    int argc = 1;
    char *text = malloc(size + 1), *rest = text, *line;
    FUZZ_CHECK(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    while (argc <= ARGS_MAX && (line = strsep(&rest, "\n")) != NULL)
        if (strcmp(line, "-h") != 0 && strncmp(line, "--help", 6) != 0 && strcmp(line, "--") != 0)
            argv[argc++] = line;
    argv[argc++] = last;
    FUZZ_CHECK(cmd_profile(argc, argv) == EXIT_USAGE);
    free(text);
    return 0;
}
