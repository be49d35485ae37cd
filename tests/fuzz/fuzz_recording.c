/* SPDX-License-Identifier: MIT */
/* What a worker process hands over, or what lies in a file of histograms. */
#include <stdlib.h>

#include "stats/recording.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bench_recording *recording, *again;
    struct bench_error err = {0};
    char *text = NULL;
    if (bench_recording_read((const char *)data, size, &recording, &err) < 0) {
        FUZZ_CHECK(err.msg[0] != '\0');
        return 0;
    }
    FUZZ_CHECK(bench_recording_write(recording, &text) == 0);
    FUZZ_CHECK(bench_recording_new(&again) == 0);
    FUZZ_CHECK(bench_recording_merge(again, recording) == 0);
    (void)bench_recording_duration(again);
    free(text);
    bench_recording_free(recording);
    bench_recording_free(again);
    return 0;
}
