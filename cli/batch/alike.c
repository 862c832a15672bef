#include "batch/alike.h"

/* These errors are caused by the line itself; all others may be caused by the model, the key, the
 * network or the server. INVALID_REQUEST counts as caused by the line, since services use it for
 * many faults that only one line has. */
static bool is_of_the_line(int code)
{
    switch (code) {
    case BELUGA_ERROR_INVALID_INPUT:
    case BELUGA_ERROR_INVALID_REQUEST:
    case BELUGA_ERROR_TOOL_CALL:
    case BELUGA_ERROR_TOOL_NOT_FOUND:
    case BELUGA_ERROR_TOOL_EXECUTION:
    case BELUGA_ERROR_LIMIT_EXCEEDED:
    case BELUGA_ERROR_CONTENT_FILTER:
    case BELUGA_ERROR_CONTEXT_LENGTH:
    case BELUGA_ERROR_INCOMPLETE: return true;
    default: return false;
    }
}

bool batch_alike_is_of_all(int code)
{
    switch (code) {
    case BELUGA_ERROR_AUTHENTICATION:
    case BELUGA_ERROR_QUOTA_EXCEEDED:
    case BELUGA_ERROR_BUDGET_EXCEEDED:
    case BELUGA_ERROR_INVALID_CONFIG:
    case BELUGA_ERROR_NO_MEMORY: return true;
    default: return false;
    }
}

bool batch_alike_is_suspect(const beluga_error *err)
{
    return err->code && !is_of_the_line(err->code);
}

bool batch_alike_fits(const batch_alike *alike, const beluga_error *err)
{
    return !alike->count || alike->error.code == err->code;
}

void batch_alike_hold(batch_alike *alike, const batch_held *held, const beluga_error *err)
{
    if (!alike->count) alike->error = *err;
    alike->held[alike->count++] = *held;
}
