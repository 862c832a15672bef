#include "protocol/messages.h"

const protocol protocol_messages = {
    .name = "messages",
    .id_prefix = "msg_",
    .same = "Anthropic Messages",
    .passes = protocol_messages_passes,
    .dotted = true,
    .read = protocol_messages_read,
    .stream_size = sizeof(messages_stream),
    .event = protocol_messages_event,
    .fail = protocol_messages_fail,
    .release = protocol_messages_release,
    .ping = "event: ping\ndata: {\"type\": \"ping\"}\n\n",
    .closing = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    .answer = protocol_messages_answer,
    .error = protocol_messages_error,
    .status = protocol_messages_status,
};
