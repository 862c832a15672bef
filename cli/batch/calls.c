#include "batch/calls.h"

#include "output.h"

#include <stdlib.h>
#include <sys/resource.h>

#define DEFAULT_JOBS 8
#define MAX_JOBS     10000
/* The number of file descriptors that are reserved for other uses than calls. */
#define SPARE_FILES 64

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
