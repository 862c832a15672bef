#include <beluga/event.h>

_Static_assert(sizeof(beluga_event) == 128, "the layout is frozen");
_Static_assert(sizeof(void *) != 8 || sizeof(beluga_usage) == 56, "the layout is frozen");

static const char *const kinds[] = {
    [BELUGA_EVENT_START] = "start",
    [BELUGA_EVENT_METADATA] = "metadata",
    [BELUGA_EVENT_TEXT] = "text",
    [BELUGA_EVENT_REASONING] = "reasoning",
    [BELUGA_EVENT_TOOL_CALL_BEGIN] = "tool_call_begin",
    [BELUGA_EVENT_TOOL_CALL_DELTA] = "tool_call_delta",
    [BELUGA_EVENT_TOOL_CALL_END] = "tool_call_end",
    [BELUGA_EVENT_USAGE] = "usage",
    [BELUGA_EVENT_FINISH] = "finish",
    [BELUGA_EVENT_ERROR] = "error",
    [BELUGA_EVENT_RAW] = "raw",
    [BELUGA_EVENT_RESTART] = "restart",
    [BELUGA_EVENT_TOOL_RESULT] = "tool_result",
    [BELUGA_EVENT_MEDIA] = "media",
};

static const char *const reasons[] = {
    [BELUGA_FINISH_UNKNOWN] = "unknown",
    [BELUGA_FINISH_STOP] = "stop",
    [BELUGA_FINISH_LENGTH] = "length",
    [BELUGA_FINISH_TOOL_CALLS] = "tool_calls",
    [BELUGA_FINISH_CONTENT_FILTER] = "content_filter",
    [BELUGA_FINISH_OTHER] = "other",
};

const char *beluga_event_kind_name(uint32_t kind)
{
    const char *name = kind < sizeof kinds / sizeof *kinds ? kinds[kind] : NULL;
    return name ? name : "unknown";
}

const char *beluga_finish_reason_name(uint32_t reason)
{
    return reason < sizeof reasons / sizeof *reasons ? reasons[reason] : "unknown";
}
