#include "batch/calls.h"

#include "output.h"

#include <stdlib.h>
#include <sys/resource.h>

#define DEFAULT_JOBS 8
#define MAX_JOBS     10000
/* The number of file descriptors that are reserved for other uses than calls. */
#define SPARE_FILES 64
/* The longest time that limit_wait may be. */
#define LONGEST_WAIT_MS 86400000

int batch_calls_take(const cli_args *args, size_t *jobs)
{
    char *end;
    const char *text = args->jobs;
    *jobs = DEFAULT_JOBS;
    if (!text) return 0;
    long n = strtol(text, &end, 10);
    if (end == text || *end || n < 1 || n > MAX_JOBS)
        return out_usage("--jobs: %s is not a number from 1 to %d", text, MAX_JOBS);
    *jobs = (size_t)n;
    return 0;
}

static bool is_limited(const beluga_config *config)
{
    int64_t n;
    return beluga_config_get_int(config, BELUGA_OPTION_REQUESTS_PER_MINUTE, &n) ||
           beluga_config_get_int(config, BELUGA_OPTION_TOKENS_PER_MINUTE, &n) ||
           beluga_config_get_int(config, BELUGA_OPTION_MAX_CONCURRENT_CALLS, &n);
}

int batch_calls_wait(cli_session *session)
{
    int64_t ms;
    const beluga_config *config = session->config;
    const beluga_option option = beluga_with_limit_wait_ms(LONGEST_WAIT_MS);
    if (!is_limited(config) || beluga_config_get_int(config, BELUGA_OPTION_LIMIT_WAIT, &ms) ||
        beluga_config_get_item(config, BELUGA_OPTION_FALLBACK, 0, NULL))
        return 0;
    return beluga_config_set_n(session->base, &option, 1) ? out_no_memory() : 0;
}

static void allow_files(size_t jobs)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || (size_t)limit.rlim_cur >= jobs + SPARE_FILES)
        return;
    rlim_t wanted = (rlim_t)(jobs + SPARE_FILES);
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void batch_calls_allow(const cli_args *args, const beluga_config *config, size_t *jobs)
{
    int64_t n;
    if (!args->jobs && beluga_config_get_int(config, BELUGA_OPTION_MAX_CONCURRENT_BATCHES, &n))
        *jobs = n < MAX_JOBS ? (size_t)n : MAX_JOBS;
    allow_files(*jobs);
}
