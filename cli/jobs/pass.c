#include "jobs/pass.h"

int batch_pass_begin(batch_pass *pass, const batch_plan *like, const batch_layout *layout, int fd,
                     char why[BATCH_FAULT_BYTES])
{
    pass->reader = batch_layout_reader(layout, fd);
    pass->plan = *like;
    pass->plan.reader = &pass->reader;
    if (batch_reader_begin(&pass->reader, why) != 0) return -1;
    return batch_plan_columns(&pass->plan, why);
}

void batch_pass_free(batch_pass *pass)
{
    batch_reader_free(&pass->reader);
}
