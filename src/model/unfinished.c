#include "model/unfinished.h"

#include <stdio.h>

int beluga__unfinished_code(uint32_t reason)
{
    if (beluga_finish_reason_is_whole(reason)) return 0;
    return reason == BELUGA_FINISH_CONTENT_FILTER ? BELUGA_ERROR_CONTENT_FILTER
                                                  : BELUGA_ERROR_INCOMPLETE;
}

static const char *explain(uint32_t reason)
{
    switch (reason) {
    case BELUGA_FINISH_LENGTH: return "the answer was cut at its token limit: raise max_tokens";
    case BELUGA_FINISH_PAUSE: return "the model paused: ask it again to continue the answer";
    case BELUGA_FINISH_CONTENT_FILTER: return "the provider refused or filtered the content";
    default: return "the answer ended for a reason that may not be a natural end";
    }
}

int beluga__unfinished_check(const beluga_call *call, const beluga_event *finish, beluga_error *err)
{
    char cause[sizeof err->cause];
    int code = beluga__unfinished_code(finish->u.finish.reason);
    if (!code || !beluga__call_is_answer(call) ||
        !beluga__settings_int(call->settings, BELUGA_OPTION_STRICT, 0))
        return 0;
    beluga_error_set(err, code, "%s", explain(finish->u.finish.reason));
    snprintf(cause, sizeof cause, "it finished with \"%.*s\"",
             finish->u.finish.raw ? (int)finish->u.finish.raw_length : 0,
             finish->u.finish.raw ? finish->u.finish.raw : "");
    if (finish->u.finish.raw) beluga_error_set_cause(err, cause, strlen(cause));
    beluga__call_locate(call, err);
    return code;
}
