#include <beluga/batch_job.h>

static const char *const names[] = {
    [BELUGA_BATCH_STATE_UNKNOWN] = "unknown",     [BELUGA_BATCH_STATE_QUEUED] = "queued",
    [BELUGA_BATCH_STATE_RUNNING] = "running",     [BELUGA_BATCH_STATE_CANCELLING] = "cancelling",
    [BELUGA_BATCH_STATE_COMPLETED] = "completed", [BELUGA_BATCH_STATE_FAILED] = "failed",
    [BELUGA_BATCH_STATE_EXPIRED] = "expired",     [BELUGA_BATCH_STATE_CANCELLED] = "cancelled",
};

const char *beluga_batch_state_name(uint32_t state)
{
    return state < sizeof names / sizeof *names ? names[state] : names[0];
}

bool beluga_batch_state_is_end(uint32_t state)
{
    return state >= BELUGA_BATCH_STATE_COMPLETED && state <= BELUGA_BATCH_STATE_CANCELLED;
}
