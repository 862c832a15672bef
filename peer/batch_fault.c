/* The faults of a server of batch APIs: their names, and their effects on a line. */
#include "peer/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- options --------------------------------------------------------------------------------- */

static const char *const fault_names[FAULTS] = {
    [FAULT_LOST_CREATE] = "lost-create",   [FAULT_ERROR_CREATE] = "error-create",
    [FAULT_BUSY_CREATE] = "busy-create",   [FAULT_LOST_UPLOAD] = "lost-upload",
    [FAULT_BUSY_GET] = "busy-get",         [FAULT_EXPIRE] = "expire",
    [FAULT_QUEUE_FULL] = "queue-full",     [FAULT_ERRORS_ONLY] = "errors-only",
    [FAULT_INVALID] = "invalid",           [FAULT_LINE_400] = "line-400",
    [FAULT_LINE_429] = "line-429",         [FAULT_LINE_500] = "line-500",
    [FAULT_LINE_QUOTA] = "line-quota",     [FAULT_LINE_EXPIRED] = "line-expired",
    [FAULT_CUT_RESULTS] = "cut-results",   [FAULT_CUT_CHUNKED] = "cut-chunked",
    [FAULT_CHUNKED] = "chunked",           [FAULT_EMPTY_IDS] = "empty-ids",
    [FAULT_PENDING_FILE] = "pending-file", [FAULT_MISSING_GET] = "missing-get",
};

/* Read a chance such as "0.2", or a number such as "3", for each third time. */
static bool read_how_often(batch_fault *fault, const char *text)
{
    char *end;
    errno = 0;
    double number = strtod(text, &end);
    if (errno || end == text || *end || !(number > 0) || number > 1e9) return false;
    *fault = (batch_fault){0};
    if (strchr(text, '.'))
        fault->chance = number;
    else
        fault->every = (unsigned)number;
    return fault->every || (fault->chance > 0 && fault->chance <= 1);
}

const char *peer__batch_read_fault(batches *b, const char *text)
{
    size_t n = strcspn(text, ":");
    for (int i = 0; i < FAULTS; i++) {
        if (strlen(fault_names[i]) != n || memcmp(fault_names[i], text, n) != 0) continue;
        if (read_how_often(&b->faults[i], text[n] ? text + n + 1 : "1")) return NULL;
        return "how often must be a chance such as 0.2, or a number such as 3 (each third time)";
    }
    return "unknown fault (see --help)";
}

/* ---- lines ----------------------------------------------------------------------------------- */

static const struct {
    const char *words;
    batch_outcome outcome;
    batch_fault_kind fault;
} line_faults[] = {
    {"fail-400", LINE_REFUSED, FAULT_LINE_400},
    {"fail-429", LINE_LIMITED, FAULT_LINE_429},
    {"fail-500", LINE_BROKEN, FAULT_LINE_500},
    {"fail-quota", LINE_UNPAID, FAULT_LINE_QUOTA},
    {"fail-expired", LINE_EXPIRED, FAULT_LINE_EXPIRED},
    {"expire-once", LINE_EXPIRED, FAULT_LINE_EXPIRED},
};

#define LINE_FAULTS (sizeof line_faults / sizeof *line_faults)

/* Return whether a text contains these words and they apply this time. If the words end with
 * "-once", or are followed by it, they apply only to the first line with this text. */
static bool has_words(const char *words, const batch_text *entry, const char *text, size_t n)
{
    const char *found = n ? memmem(text, n, words, strlen(words)) : NULL;
    if (!found) return false;
    const char *behind = found + strlen(words), *end = text + n;
    bool once = (end - behind >= 5 && memcmp(behind, "-once", 5) == 0) ||
                memcmp(behind - 5, "-once", 5) == 0;
    return !once || entry->asked == 0;
}

bool peer__batch_text_expires(const batch_text *entry, const char *text, size_t n)
{
    for (size_t i = 0; i < LINE_FAULTS; i++)
        if (line_faults[i].outcome == LINE_EXPIRED &&
            has_words(line_faults[i].words, entry, text, n))
            return true;
    return false;
}

/* The chance depends on the text and on the number of lines that had it before, not on the order of
 * lines. */
static bool has_bad_luck(const batches *b, const batch_text *entry, batch_fault_kind kind)
{
    const batch_fault *fault = &b->faults[kind];
    if (fault->every) return (entry->hash + entry->asked) % fault->every == 0;
    uint64_t dice =
        peer__batch_mix(b->seed ^ peer__batch_mix(entry->hash ^ peer__batch_mix(entry->asked)));
    return (double)(peer__batch_mix(dice + (uint64_t)kind) >> 11) < fault->chance * 0x1p53;
}

batch_outcome peer__batch_decide(batches *b, const batch_job *job, batch_text *entry,
                                 const char *text, size_t n)
{
    batch_outcome outcome = job->fails_all ? LINE_REFUSED : LINE_ANSWERED;
    for (size_t i = 0; i < LINE_FAULTS && outcome == LINE_ANSWERED; i++)
        if (has_words(line_faults[i].words, entry, text, n) ||
            has_bad_luck(b, entry, line_faults[i].fault))
            outcome = line_faults[i].outcome;
    entry->asked++;
    if (outcome == LINE_ANSWERED) entry->answered++;
    return outcome;
}
