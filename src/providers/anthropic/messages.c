/* Writes messages as the members "system" and "messages". */
#include "providers/anthropic/anthropic.h"
#include "providers/fit.h"

#include <string.h>

/* ---- system ---------------------------------------------------------------------------------- */

/* Returns the number of blocks of "system", and sets `*first` to the first one. */
static size_t count_system(beluga__claude_encoder *e, const beluga_part **first)
{
    size_t count = 0;
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++) {
        const beluga_message *message = beluga_call_message(e->call, i);
        if (beluga_message_role(message) != BELUGA_ROLE_SYSTEM) continue;
        for (size_t k = 0; k < beluga_message_count(message); k++) {
            const beluga_part *part = beluga_message_part(message, k);
            if (beluga__claude_is_sendable(e, part, BELUGA_ROLE_SYSTEM) && !count++) *first = part;
        }
    }
    return count;
}

static void put_system_blocks(beluga__claude_encoder *e)
{
    beluga_json_begin_array(e->w, "system");
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++) {
        const beluga_message *message = beluga_call_message(e->call, i);
        if (beluga_message_role(message) != BELUGA_ROLE_SYSTEM) continue;
        for (size_t k = 0; k < beluga_message_count(message); k++)
            if (beluga__claude_is_sendable(e, beluga_message_part(message, k), BELUGA_ROLE_SYSTEM))
                beluga__anthropic_put_block(e, beluga_message_part(message, k));
    }
    beluga_json_end_array(e->w);
}

static void put_system(beluga__claude_encoder *e)
{
    const beluga_part *first = NULL;
    bool others = false;
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++)
        beluga__claude_is_system(e, beluga_call_message(e->call, i), &others);
    size_t count = count_system(e, &first);
    if (!count || !beluga__body_wants(&e->body, "system")) return;
    if (count == 1 && !(first->flags & BELUGA_PART_CACHE))
        beluga_json_put_string_n(e->w, "system", first->text, first->text_length);
    else
        put_system_blocks(e);
}

void beluga__anthropic_put_messages(beluga__claude_encoder *e)
{
    e->marks = beluga__count_marks(e->call);
    e->prefill = beluga__claude_find_prefill(e);
    put_system(e);
    beluga__claude_put_messages(e);
}

/* ---- results of tools ------------------------------------------------------------------------ */

/* Write a result as one text. The API requires a text in every failed result. */
static void put_result_text(beluga__claude_encoder *e, const beluga_part *only, bool failed)
{
    bool blank = !only || beluga__is_blank(only->text, only->text_length);
    if (failed && blank)
        beluga_json_put_string(e->w, "content", "The tool failed.");
    else if (only)
        beluga_json_put_string_n(e->w, "content", only->text, only->text_length);
}

static void put_result_content(beluga__claude_encoder *e, const beluga_message *message)
{
    size_t n = beluga_message_count(message), sendable = 0;
    bool failed = beluga_message_is_tool_error(message);
    const beluga_part *first = beluga_message_part(message, 0);
    for (size_t i = 0; i < n; i++)
        sendable +=
            beluga__claude_is_sendable(e, beluga_message_part(message, i), BELUGA_ROLE_TOOL);
    if ((n <= 1 && (!first || first->kind == BELUGA_PART_TEXT)) || !sendable) {
        put_result_text(e, n == 1 && first->kind == BELUGA_PART_TEXT ? first : NULL, failed);
        return;
    }
    beluga_json_begin_array(e->w, "content");
    for (size_t i = 0; i < n; i++) {
        beluga_part part = *beluga_message_part(message, i);
        if (i == n - 1) part.flags = 0; /* the mark is written for the whole result */
        if (beluga__claude_is_sendable(e, &part, BELUGA_ROLE_TOOL))
            beluga__anthropic_put_block(e, &part);
    }
    beluga_json_end_array(e->w);
}

static void put_tool_result(beluga__claude_encoder *e, const beluga_message *message)
{
    char fitted[BELUGA__FITTED];
    const char *id = beluga__answered_call(&e->base, message);
    size_t n = beluga_message_count(message);
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", "tool_result");
    beluga_json_put_string(e->w, "tool_use_id", beluga__fit_word(id, BELUGA__ANTHROPIC_ID, fitted));
    put_result_content(e, message);
    if (beluga_message_is_tool_error(message)) beluga_json_put_bool(e->w, "is_error", true);
    if (n) beluga__anthropic_put_cache_control(e, beluga_message_part(message, n - 1));
    beluga_json_end_object(e->w);
}

const beluga__claude_protocol beluga__anthropic_protocol = {
    .name = "the Messages API",
    .refuses = "anthropic",
    .has_plain_text = true,
    .is_reasoning_sendable = beluga__anthropic_is_reasoning_sendable,
    .is_media_sendable = beluga__anthropic_is_media_sendable,
    .put_block = beluga__anthropic_put_block,
    .put_tool_result = put_tool_result,
};
