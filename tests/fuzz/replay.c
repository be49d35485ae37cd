/* SPDX-License-Identifier: MIT */
/* replay PATH...: runs the target over files and folders of them. Exit 0 if there was one. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"
#include "tests/support/files.h"

static int replayed;

static int replay_file(const char *path)
{
    char *text;
    size_t length;
    if (support_read_file(path, &text, &length) < 0) {
        (void)fprintf(stderr, "cannot read %s\n", path);
        return -1;
    }
    /* Exactly as large as the input, so that a sanitizer sees each byte that is read too much. */
    uint8_t *exact = malloc(length == 0 ? 1 : length);
    if (exact == NULL)
        abort();
    memcpy(exact, text, length);
    free(text);
    (void)LLVMFuzzerTestOneInput(exact, length);
    free(exact);
    replayed++;
    return 0;
}

static int replay_folder(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    int rc = 0;
    if (folder == NULL) {
        (void)fprintf(stderr, "cannot open %s\n", path);
        return -1;
    }
    while (rc == 0 && (entry = readdir(folder)) != NULL) {
        char file[4096];
        if (entry->d_name[0] == '.')
            continue;
        if ((size_t)snprintf(file, sizeof(file), "%s/%s", path, entry->d_name) >= sizeof(file))
            rc = -1;
        else
            rc = replay_file(file);
    }
    (void)closedir(folder);
    return rc;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct stat st;
        int rc = stat(argv[i], &st);
        if (rc == 0)
            rc = S_ISDIR(st.st_mode) ? replay_folder(argv[i]) : replay_file(argv[i]);
        if (rc < 0)
            return 1;
    }
    (void)printf("# %d passed, 0 failed, 0 skipped\n", replayed);
    return replayed > 0 ? 0 : 1;
}
