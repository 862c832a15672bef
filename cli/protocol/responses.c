#include "protocol/responses.h"

#include "protocol/fault.h"

const protocol protocol_responses = {
    .name = "responses",
    .id_prefix = "resp_",
    .same = "OpenAI Responses",
    .read = responses_read,
    .stream_size = sizeof(responses_stream),
    .event = responses_event,
    .fail = responses_fail,
    .release = responses_release,
    .ping = ": ping\n\n",
    .answer = responses_answer,
    .error = protocol_openai_error,
    .status = protocol_openai_status,
};
