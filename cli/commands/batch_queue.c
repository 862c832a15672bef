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

int batch_queue_run(const cli_args *args)
{
    if ((args->work != NULL) + (args->status != NULL) + (args->remove != NULL) > 1)
        return out_usage("--work, --status and --remove: give one of them");
    if (args->operands.count || args->out || args->queue)
        return out_usage("--%s: the lines are those of the job, and its results go to the one who "
                         "gave --queue: leave FILE, --out and --queue out",
                         args->work     ? "work"
                         : args->status ? "status"
                                        : "remove");
    if (args->work) return batch_worker_run(args);
    return args->status ? batch_status_tell(args) : remove_job(args);
}
