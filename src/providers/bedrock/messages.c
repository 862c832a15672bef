/* Writes messages as the members "system" and "messages". */
#include "providers/bedrock/bedrock.h"

#include <string.h>

/* ---- system ---------------------------------------------------------------------------------- */

static void put_system(beluga__claude_encoder *e)
{
    bool open = false, others = false;
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++) {
        const beluga_message *message = beluga_call_message(e->call, i);
        bool system = beluga__claude_is_system(e, message, &others);
        for (size_t k = 0; system && k < beluga_message_count(message); k++) {
            const beluga_part *part = beluga_message_part(message, k);
            if (!beluga__claude_is_sendable(e, part, BELUGA_ROLE_SYSTEM)) continue;
            if (!open) beluga_json_begin_array(e->w, "system");
            open = true;
            beluga__bedrock_put_part(e, part);
            beluga__bedrock_put_cache_point(e, part);
        }
    }
    if (open) beluga_json_end_array(e->w);
}

void beluga__bedrock_put_messages(beluga__claude_encoder *e)
{
    e->marks = beluga__count_marks(e->call);
    /* Only Claude has rules for the end of a text that its answer continues. */
    if (e->model.known) e->prefill = beluga__claude_find_prefill(e);
    if (beluga__body_wants(&e->body, "system")) put_system(e);
    beluga__claude_put_messages(e);
}

/* ---- results of tools ------------------------------------------------------------------------ */

/* Write the content of a tool's result. Claude requires a text in every failed result, and other
 * models refuse a result without content. */
static void put_result_content(beluga__claude_encoder *e, const beluga_message *message)
{
    size_t sent = 0;
    beluga_json_begin_array(e->w, "content");
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (!beluga__claude_is_sendable(e, part, BELUGA_ROLE_TOOL)) continue;
        beluga__bedrock_put_part(e, part);
        sent++;
    }
    if (!sent) {
        bool failed = beluga_message_is_tool_error(message);
        beluga_json_begin_object(e->w, NULL);
        beluga_json_put_string(e->w, "text", failed ? "The tool failed." : "");
        beluga_json_end_object(e->w);
    }
    beluga_json_end_array(e->w);
}

static void put_tool_result(beluga__claude_encoder *e, const beluga_message *message)
{
    char fitted[BELUGA__FITTED];
    const char *id = beluga__answered_call(&e->base, message);
    beluga_json_begin_object(e->w, NULL);
    beluga_json_begin_object(e->w, "toolResult");
    beluga_json_put_string(e->w, "toolUseId", beluga__bedrock_fit_id(e, id, fitted));
    put_result_content(e, message);
    if (beluga_message_is_tool_error(message)) beluga_json_put_string(e->w, "status", "error");
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++)
        beluga__bedrock_put_cache_point(e, beluga_message_part(message, i));
}

const beluga__claude_protocol beluga__bedrock_protocol = {
    .put_block = beluga__bedrock_put_part,
    .put_mark_behind = beluga__bedrock_put_cache_point,
    .name = "Converse",
    .refuses = "the model",
    .is_reasoning_sendable = beluga__bedrock_is_reasoning_sendable,
    .is_media_sendable = beluga__bedrock_is_media_sendable,
    .put_tool_result = put_tool_result,
};
