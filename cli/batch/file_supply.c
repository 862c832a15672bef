#include "batch/file_supply.h"

/* Number of finished lines that are skipped in one step, before the loop goes on. */
#define SKIP_LINES 1000

static batch_file_supply *file_of(batch_supply *supply)
{
    return (batch_file_supply *)supply;
}

static batch_claimed claim_line(batch_supply *supply, size_t running, batch_claim *claim)
{
    (void)running;
    batch_file_supply *file = file_of(supply);
    for (int i = 0; i < SKIP_LINES; i++) {
        int got = batch_reader_next(file->reader, &claim->record);
        if (got < 0) {
            supply->error = file->reader->error;
            return BATCH_CLAIM_FAILED;
        }
        uint64_t line = claim->record.line;
        if (got == 0 || batch_survey_is_behind(file->survey, line)) return BATCH_CLAIM_END;
        if (batch_output_has(file->output, line)) continue;
        claim->ticket = line;
        claim->repeated = batch_lines_has(&file->survey->taken, line);
        return BATCH_CLAIM_LINE;
    }
    return BATCH_CLAIM_SOON;
}

static int extend(batch_supply *supply, bool stopping)
{
    (void)stopping;
    return batch_output_sync(file_of(supply)->output, false);
}

static int put_once(batch_supply *supply, uint64_t ticket, const batch_entry *entry,
                    const char *text, size_t n)
{
    (void)ticket;
    return batch_output_add(file_of(supply)->output, entry, text, n);
}

/* A line without a result needs no action: the next run sends it again. */
static void done(batch_supply *supply, uint64_t ticket, bool put)
{
    (void)supply;
    (void)ticket;
    (void)put;
}

static void finish(batch_supply *supply)
{
    batch_output_sync(file_of(supply)->output, true);
}

void batch_file_supply_begin(batch_file_supply *supply, batch_reader *reader,
                             const batch_survey *survey, batch_output *output)
{
    static const batch_supply_ops ops = {claim_line, extend, put_once, done, finish};
    *supply = (batch_file_supply){
        .base = {.ops = &ops, .fd = -1}, .reader = reader, .survey = survey, .output = output};
}
