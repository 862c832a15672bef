#include "base/clock.h"
#include "kit/pulse.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int64_t check_pulse_computed_ms(pid_t pid)
{
    clockid_t clock;
    return clock_getcpuclockid(pid, &clock) ? 0 : beluga__clock_ns(clock) / BELUGA__NS_PER_MS;
}

/* Returns whether a thread computes, or waits for a processor or a disk. In the file its state
 * comes after the name of the program, which may contain any characters. */
static bool is_busy(pid_t pid, const char *thread)
{
    char path[300], line[256] = "";
    snprintf(path, sizeof path, "/proc/%d/task/%s/stat", (int)pid, thread);
    FILE *file = fopen(path, "re");
    bool read = file && fgets(line, sizeof line, file);
    if (file) fclose(file);
    const char *behind = read ? strrchr(line, ')') : NULL;
    return behind && behind[1] && strchr("RD", behind[2]) && behind[2];
}

bool check_pulse_is_busy(pid_t pid)
{
    char path[64];
    bool busy = false;
    const struct dirent *thread;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *threads = opendir(path);
    while (threads && !busy && (thread = readdir(threads)))
        busy = *thread->d_name != '.' && is_busy(pid, thread->d_name);
    if (threads) closedir(threads);
    return busy;
}

/* File-backed pages are not counted, since the system can reclaim them. */
int64_t check_pulse_bytes(pid_t pid)
{
    char path[64];
    long long resident = 0, shared = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file || fscanf(file, "%*s %lld %lld", &resident, &shared) != 2) resident = shared = 0;
    if (file) fclose(file);
    return (resident - shared) * sysconf(_SC_PAGESIZE);
}
