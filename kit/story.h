/* The events of a call, as lines that people read and tests compare:
 *
 *     warning top_k is not sent: …
 *     metadata id=chatcmpl-1 model=gpt-5-mini created=1763800000
 *     reasoning "Hm."
 *     signature 0 "EqQB"
 *     state of reasoning "{…}"
 *     text "Hello"
 *     media image image/png "\x89PNG…"
 *     tool 0 begin call_1 get_weather
 *     tool 0 delta "{\x22city\x22"
 *     tool 0 end "{\x22city\x22:\x22Oslo\x22}"
 *     state of tool 0 "{…}"
 *     state "{…}"
 *     embedding 0 [0.5 -0.25]
 *     tokens 42
 *     usage input=12 read=-1 write=-1 output=2 reasoning=-1 raw={…}
 *     finish stop (stop)
 *     error rate_limit (retryable): what happened [the provider's code] <its words>
 *
 * An id that the library made up is written as "(made up)". */
#ifndef BELUGA_KIT_STORY_H
#define BELUGA_KIT_STORY_H

#include "kit/text.h"

#include <beluga/error.h>
#include <beluga/event.h>
#include <beluga/response.h>

/* Write an event; START becomes a line for each of its warnings. */
void check_story_event(check_text *out, const beluga_event *event);
/* Write an error in the format of an error event. */
void check_story_error(check_text *out, const beluga_error *err);
/* Write an error's HTTP part: lines "http 429", "request id …", "retry after 2000 ms". */
void check_story_http(check_text *out, const beluga_error *err);
/* Write a whole response as events. */
void check_story_response(check_text *out, const beluga_response *response);

/* Join consecutive texts and consecutive pieces of reasoning, since a stream may cut them into
 * pieces of any size. */
void check_story_join(check_text *story);

#endif
