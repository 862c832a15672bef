#include "batch/work.h"

#include "batch/why.h"

#include <beluga/error.h>

#include <inttypes.h>

int batch_work_read(const batch_plan *plan, const batch_record *record, bool repeated,
                    batch_item *item)
{
    int rc = batch_item_parse(plan, record, item);
    if (rc == BELUGA_ERROR_NO_MEMORY || !repeated) return rc;
    if (item->has_id) {
        batch_say_why(item->why, "%s: %.200s", BATCH_REPEATED_ID, item->id);
        rc = BELUGA_ERROR_INVALID_INPUT;
    }
    item->id[0] = '\0'; /* the id must refer only to the result of the other line */
    return rc;
}

int batch_work_parse(const batch_work *work, const batch_plan *plan, const batch_record *record,
                     batch_item *item)
{
    return batch_work_read(plan, record, batch_lines_has(&work->survey->taken, record->line), item);
}

batch_result_source batch_work_source(batch_work *work, const batch_item *item)
{
    static const tool_runs none;
    return (batch_result_source){.openai = work->openai,
                                 .request = &item->request,
                                 .line = item->line,
                                 .digest = item->digest,
                                 .id = *item->id ? item->id : NULL,
                                 .schema =
                                     item->request.schema ? item->request.schema : work->schema,
                                 .prices = &work->prices,
                                 .model = work->model,
                                 .runs = &none};
}

void batch_work_refuse(const batch_item *item, beluga_error *err)
{
    beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "line %" PRIu64 ": %s", item->line,
                     item->why);
}
