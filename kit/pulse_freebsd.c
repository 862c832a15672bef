#include "kit/pulse.h"

#include <stddef.h>
#include <sys/sysctl.h>
#include <sys/types.h>
#include <sys/user.h>
#include <unistd.h>

enum { MAX_THREADS = 64 };

/* Read records of the process or of its threads. Returns how many were read, at most `most`. */
static size_t read_records(pid_t pid, int what, struct kinfo_proc *records, size_t most)
{
    int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID | what, pid};
    size_t bytes = most * sizeof *records;
    if (sysctl(name, 4, records, &bytes, NULL, 0)) return 0;
    return bytes / sizeof *records;
}

int64_t check_pulse_computed_ms(pid_t pid)
{
    struct kinfo_proc process;
    return read_records(pid, 0, &process, 1) ? (int64_t)process.ki_runtime / 1000 : 0;
}

bool check_pulse_is_busy(pid_t pid)
{
    struct kinfo_proc threads[MAX_THREADS];
    size_t n = read_records(pid, KERN_PROC_INC_THREAD, threads, MAX_THREADS);
    bool busy = false;
    for (size_t i = 0; i < n; i++) busy = busy || threads[i].ki_stat == SRUN;
    return busy;
}

/* File-backed pages are counted here, too, since FreeBSD does not report them separately. */
int64_t check_pulse_bytes(pid_t pid)
{
    struct kinfo_proc process;
    if (!read_records(pid, 0, &process, 1)) return 0;
    return (int64_t)process.ki_rssize * sysconf(_SC_PAGESIZE);
}
