#include "protocol/responses.h"

#include "protocol/fault.h"

const protocol protocol_responses = {
    .name = "responses",
    .id_prefix = "resp_",
    .same = "OpenAI Responses",
    .read = protocol_responses_read,
    .passes = protocol_responses_passes,
    .stream_size = sizeof(responses_stream),
    .event = protocol_responses_event,
    .fail = protocol_responses_fail,
    .release = protocol_responses_release,
    .ping = ": ping\n\n",
    .answer = protocol_responses_answer,
    .error = protocol_openai_error,
    .status = protocol_openai_status,
};
