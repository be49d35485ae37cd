/* SPDX-License-Identifier: MIT */
/* Payloads and files: the identical work, what is on the wire, and the stall that is named. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "bench/api.h"
#include "tests/integration/rig.h"

/* The result with these parameters; size, style and chunk may be NULL. */
static const json_t *find(const json_t *run, const char *target, const char *direction,
                          const char *size, const char *style, const char *chunk)
{
    const struct {
        const char *path, *value;
    } wanted[] = {{"target.name", target},
                  {"parameters.direction", direction},
                  {"parameters.size", size},
                  {"parameters.style", style},
                  {"parameters.chunk", chunk}};
    size_t i;
    json_t *result;
    json_array_foreach(json_object_get(run, "results"), i, result)
    {
        bool fits = true;
        for (size_t k = 0; k < BENCH_COUNT_OF(wanted) && fits; k++) {
            const json_t *value = rig_at(result, wanted[k].path);
            fits = wanted[k].value == NULL ||
                   (json_is_string(value) &&
                    strcmp(json_string_value(value), wanted[k].value) == 0);
        }
        if (fits)
            return result;
    }
    cr_assert_fail("no result of %s, %s %s", target, direction, size);
    return NULL;
}

static json_t *measure(const char *const *words)
{
    struct support_output out;
    rig_run(&out, words);
    cr_assert_eq(out.exit_status, 0, "exit %d: %s", out.exit_status, out.err);
    json_t *run = rig_json(out.out);
    support_output_free(&out);
    return run;
}

static void check_fine(const json_t *result)
{
    const char *status = rig_text(result, "status");
    cr_expect(strcmp(status, "ok") == 0 || strcmp(status, "client-bound") == 0, "%s: %s",
              rig_text(result, "target.name"), rig_text(result, "reason"));
    cr_expect_eq(rig_number(result, "failed_requests"), 0);
    cr_expect_gt(rig_number(result, "total_requests"), 0);
}

Test(bulk, pieces_of_64_kib_are_256_calls_in_both_protocols, .timeout = 300)
{
    static const char cached[] = "rpyc[call=cached]/threaded/native";
    static const char http[] = "http/threaded/native";
    json_t *run = measure(WORDS("run", "--quick", "--repeats", "1", "--workload", "transfer",
                                "--style", "pieces", "--file-sizes", "16MiB", "--chunk-size",
                                "64KiB", "--iterations", "1", "--json", "-", "--target",
                                "rpyc[call=cached]/threaded/native,http/threaded/native"));
    static const char *const directions[] = {"upload", "download"};
    for (size_t i = 0; i < BENCH_COUNT_OF(directions); i++) {
        const json_t *a = find(run, cached, directions[i], "16MiB", "pieces", "64KiB");
        const json_t *b = find(run, http, directions[i], "16MiB", "pieces", "64KiB");
        check_fine(a);
        check_fine(b);
        cr_expect_eq(rig_number(b, "wire.round_trips"), 256);
        /* A held callable is fetched once, before its first use. */
        cr_expect(rig_number(a, "wire.round_trips") == 256 ||
                  rig_number(a, "wire.round_trips") == 257);
    }
    json_decref(run);
}

Test(bulk, every_style_and_server_answers_right, .timeout = 300)
{
    rig_need_python();
    json_t *run = measure(WORDS(
        "run", "--quick", "--repeats", "1", "--workload", "transfer,bandwidth", "--file-sizes",
        "100KiB", "--chunk-size", "1000,16KiB", "--payload-sizes", "0,1,64KiB", "--iterations", "1",
        "--json", "-", "--target",
        "rpyc/threaded/native,rpyc/forking/python,http/forking/native,http/threaded/python,"
        "http/forking/gunicorn,rpyc[version=5,call=cached]/threaded/native,"
        "http[keepalive=off]/threaded/native,inproc"));
    size_t i, streams = 0;
    json_t *result;
    json_array_foreach(json_object_get(run, "results"), i, result)
    {
        check_fine(result);
        const json_t *style = rig_at(result, "parameters.style");
        streams += style != NULL && strcmp(json_string_value(style), "stream") == 0;
    }
    cr_expect_eq(streams, 8 * 2 * 2);
    json_decref(run);
}

Test(bulk, what_can_be_compressed_is_small_on_the_wire_of_rpyc, .timeout = 300)
{
    static const char rpyc[] = "rpyc/threaded/native", http[] = "http/threaded/native";
    double bytes[2][2];
    static const char *const payloads[] = {"zeros", "random"};
    for (size_t i = 0; i < 2; i++) {
        json_t *run = measure(WORDS("run", "--quick", "--repeats", "1", "--workload", "bandwidth",
                                    "--payload-sizes", "1MiB", "--iterations", "1", "--payload",
                                    payloads[i], "--json", "-", "--target",
                                    "rpyc/threaded/native,http/threaded/native"));
        const json_t *a = find(run, rpyc, "download", "1MiB", NULL, NULL);
        const json_t *b = find(run, http, "download", "1MiB", NULL, NULL);
        check_fine(a);
        check_fine(b);
        bytes[i][0] = rig_number(a, "wire.bytes_received");
        bytes[i][1] = rig_number(b, "wire.bytes_received");
        json_decref(run);
    }
    cr_expect(bytes[0][0] > 4000 && bytes[0][0] < 5500, "zeros over rpyc: %.0f", bytes[0][0]);
    cr_expect(bytes[1][0] > 1048576 && bytes[1][0] < 1055000, "random over rpyc: %.0f",
              bytes[1][0]);
    cr_expect_eq(bytes[0][1], bytes[1][1]);
}

/* Counts, not times: the remark rests on the median of the samples. */
Test(bulk, the_stall_of_a_client_with_nodelay_alone_is_named, .timeout = 300)
{
    rig_need_python();
    json_t *run = measure(WORDS(
        "run", "--quick", "--repeats", "1", "--workload", "bandwidth", "--payload-sizes", "80KiB",
        "--iterations", "9", "--json", "-", "--target",
        "rpyc[socket=nodelay]/threaded/python,rpyc[socket=fast]/threaded/python"));
    const json_t *slow =
        find(run, "rpyc[socket=nodelay]/threaded/python", "download", "80KiB", NULL, NULL);
    const json_t *fast =
        find(run, "rpyc[socket=fast]/threaded/python", "download", "80KiB", NULL, NULL);
    check_fine(slow);
    check_fine(fast);
    rig_assert_has(rig_text(slow, "remark"), "44 ms");
    cr_expect_not(json_is_string(rig_at(fast, "remark")));
    json_decref(run);
}
