/* Workers of a job of many machines, and what is asked of such a job. */
#include "commands/batch_queue.h"

#include "batch/status.h"
#include "batch/worker.h"
#include "output.h"
#include "queue/queue.h"
#include "report.h"

#include <beluga/error.h>

bool batch_queue_is_asked(const cli_args *args)
{
    return args->work || args->status || args->remove;
}

static int remove_job(const cli_args *args)
{
    beluga_error err;
    queue *q = NULL;
    const queue_settings settings = {.address = args->remove};
    const char *manifest;
    size_t n;
    if (queue_open(&settings, &q, &err) != 0) return report_error(args, &err, NULL);
    int rc = queue_join(q, &manifest, &n, &err) || queue_remove(q, &err)
                 ? report_error(args, &err, NULL)
                 : 0;
    if (rc == 0) out_note("the job %s was removed, with its lines and results", queue_job(q));
    queue_free(q);
    return rc;
}

/* What the lines are is the job's. What a worker may say is how it reaches the model. */
static int check_options(const cli_args *args)
{
    static const arg_set all[] = {ARG_WORK, ARG_STATUS, ARG_REMOVE, ARG_JSON, ARG_CALLS, ARG_COUNT};
    static const arg_set work[] = {ARG_MODEL,         ARG_JOBS, ARG_TOOLS, ARG_ATTACH_COLUMN,
                                   ARG_ATTACH_ANYWAY, ARG_STAY, ARG_IDLE,  ARG_COUNT};
    const char *asked = args->work ? "work" : args->status ? "status" : "remove";
    if (args->operands.count)
        return out_usage("--%s: it takes no file: the lines are those of the job", asked);
    for (arg i = 0; i < ARG_COUNT; i++) {
        if (!args->given[i] || arg_set_has(all, i) || (args->work && arg_set_has(work, i)))
            continue;
        return out_usage("--%s: --%s does not go with it: what is asked, and where results go, is "
                         "said with --queue",
                         asked, arg_infos[i].name);
    }
    return 0;
}

int batch_queue_run(const cli_args *args)
{
    if ((args->work != NULL) + (args->status != NULL) + (args->remove != NULL) > 1)
        return out_usage("--work, --status and --remove: give one of them");
    int rc = check_options(args);
    if (rc) return rc;
    if (args->work) return batch_worker_run(args);
    return args->status ? batch_status_tell(args) : remove_job(args);
}
