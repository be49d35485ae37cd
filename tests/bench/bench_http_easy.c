/* SPDX-License-Identifier: MIT */
/*
 * The yardstick of the HTTP backend: pings with libcurl's easy interface on one kept connection
 * and nothing else. Prints one JSON line; scripts/bench runs it in turns with our own client.
 *
 *   bench-http-easy HOST PORT [COUNT]
 */
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "bench/units.h"
#include "stats/hist.h"

#define COUNT_MAX 100000000
#define WARM_UP   200

static size_t count_bytes(char *data, size_t size, size_t count, void *user)
{
    (void)data;
    *(size_t *)user += size * count;
    return size * count;
}

static int64_t cpu_ns(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) < 0)
        return 0;
    return now.tv_sec * BENCH_NS_PER_S + now.tv_nsec;
}

static CURL *make_handle(const char *url, size_t *received)
{
    CURL *easy = curl_easy_init();
    if (easy == NULL || curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_PROXY, "") != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, count_bytes) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, received) != CURLE_OK) {
        curl_easy_cleanup(easy);
        return NULL;
    }
    return easy;
}

static int ping(CURL *easy, int64_t count, struct bench_hist *hist, int64_t *total_ns)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t start = bench_now_ns();
        CURLcode code = curl_easy_perform(easy);
        int64_t took = bench_now_ns() - start;
        if (code != CURLE_OK) {
            fprintf(stderr, "bench-http-easy: %s\n", curl_easy_strerror(code));
            return -1;
        }
        bench_hist_record(hist, took);
        *total_ns += took;
    }
    return 0;
}

static int measure(CURL *easy, int64_t count, struct bench_hist *hist)
{
    int64_t total_ns = 0;
    if (ping(easy, WARM_UP, hist, &total_ns) < 0)
        return 1;
    bench_hist_reset(hist);
    total_ns = 0;
    int64_t cpu = cpu_ns();
    if (ping(easy, count, hist, &total_ns) < 0)
        return 1;
    cpu = cpu_ns() - cpu;
    printf("{\"p50_ns\":%" PRId64 ",\"mean_ns\":%" PRId64 ",\"cpu_ns_per_op\":%" PRId64
           ",\"count\":%" PRId64 "}\n",
           bench_hist_percentile(hist, 0.5), total_ns / count, cpu / count, count);
    return 0;
}

int main(int argc, char **argv)
{
    struct bench_error err = {0};
    int64_t port, count = 20000;
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: bench-http-easy HOST PORT [COUNT]\n");
        return 2;
    }
    if (bench_parse_int(argv[2], 1, UINT16_MAX, &port, &err) < 0 ||
        (argc == 4 && bench_parse_int(argv[3], 1, COUNT_MAX, &count, &err) < 0)) {
        fprintf(stderr, "bench-http-easy: %s\n", err.msg);
        return 2;
    }

    char url[320];
    size_t received = 0;
    struct bench_hist *hist = NULL;
    int status = 1;
    snprintf(url, sizeof(url), "http://%s:%" PRId64 "/ping", argv[1], port);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || bench_hist_new(&hist) < 0)
        return status;
    CURL *easy = make_handle(url, &received);
    if (easy != NULL)
        status = measure(easy, count, hist);
    curl_easy_cleanup(easy);
    bench_hist_free(hist);
    curl_global_cleanup();
    return status;
}
