#include "protocol/chat.h"

#include "protocol/fault.h"

const protocol protocol_chat = {
    .name = "chat",
    .id_prefix = "chatcmpl-",
    .same = "Chat Completions",
    .passes = protocol_chat_passes,
    .read = protocol_chat_read,
    .stream_size = sizeof(chat_stream),
    .event = protocol_chat_event,
    .fail = protocol_chat_fail,
    .release = protocol_chat_release,
    .ping = ": ping\n\n",
    .closing = "data: [DONE]\n\n",
    .answer = protocol_chat_answer,
    .error = protocol_openai_error,
    .status = protocol_openai_status,
};
