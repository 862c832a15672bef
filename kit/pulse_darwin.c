#include "kit/pulse.h"

#include <libproc.h>
#include <mach/mach_time.h>
#include <sys/proc_info.h>
#include <sys/resource.h>

static bool read_task(pid_t pid, struct proc_taskinfo *task)
{
    return proc_pidinfo(pid, PROC_PIDTASKINFO, 0, task, sizeof *task) == (int)sizeof *task;
}

/* The times of a task are in ticks, whose length depends on the processor. */
int64_t check_pulse_computed_ms(pid_t pid)
{
    struct proc_taskinfo task;
    mach_timebase_info_data_t tick;
    if (!read_task(pid, &task) || mach_timebase_info(&tick) || !tick.denom) return 0;
    double ns = (double)(task.pti_total_user + task.pti_total_system) * tick.numer / tick.denom;
    return (int64_t)(ns / 1000000);
}

bool check_pulse_is_busy(pid_t pid)
{
    struct proc_taskinfo task;
    return read_task(pid, &task) && task.pti_numrunning > 0;
}

int64_t check_pulse_bytes(pid_t pid)
{
    struct rusage_info_v2 used;
    if (proc_pid_rusage(pid, RUSAGE_INFO_V2, (rusage_info_t *)&used)) return 0;
    return (int64_t)used.ri_phys_footprint;
}
