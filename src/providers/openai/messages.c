#include "providers/openai/openai.h"

#include <stdio.h>
#include <string.h>

static bool is_mistral(const beluga__openai_encoder *e)
{
    return e->host->quirks & BELUGA__OPENAI_MISTRAL;
}

enum { MISTRAL_ID = 9 }; /* length of Mistral's ids, which consist of letters and digits */

/* ---- messages -------------------------------------------------------------------------------- */

/* Write the content of a message. A single text is sent as a string, which every host understands;
 * other content is sent as an array of parts. */
static void put_content(beluga__openai_encoder *e, const beluga_message *message, beluga_role role)
{
    const beluga_part *part = NULL, *first = NULL;
    size_t count = 0, n = beluga_message_count(message);
    for (size_t i = 0; i < n; i++) {
        part = beluga_message_part(message, i);
        if (beluga__openai_is_content(e, part, role) && !count++) first = part;
    }
    bool text = count == 1 && first->kind == BELUGA_PART_TEXT;
    if (!count && role == BELUGA_ROLE_AI && n) {
        beluga_json_put_null(e->w, "content");
    } else if (!count) {
        beluga_json_put_string(e->w, "content", "");
    } else if (text && !beluga__openai_sends_mark(e, first)) {
        beluga_json_put_string_n(e->w, "content", first->text, first->text_length);
    } else {
        beluga_json_begin_array(e->w, "content");
        for (size_t i = 0; i < n; i++) {
            part = beluga_message_part(message, i);
            if (beluga__openai_is_content(e, part, role)) beluga__openai_put_part(e, part);
        }
        beluga_json_end_array(e->w);
    }
}

/* ---- reasoning of earlier answers ------------------------------------------------------------ */

/* Write the reasoning of an earlier answer. Several blocks of text are sent back as one text. */
static void put_reasoning(beluga__openai_encoder *e, const beluga_message *message)
{
    if (!beluga__has_part(message, BELUGA_PART_REASONING) || is_mistral(e)) return;
    if (beluga__openai_put_details(e, message)) return;
    if (e->host->reasoning_field)
        beluga__put_joined(&e->base, e->host->reasoning_field, message, BELUGA_PART_REASONING, "");
    else
        beluga__encoder_warn_once(&e->base, BELUGA__LOST_REASONING,
                                  "the reasoning of earlier answers is not sent back: Chat "
                                  "Completions has no place for it");
}

/* ---- tool calls and their results ------------------------------------------------------------ */

void beluga__openai_begin_tool_call(beluga__encoder *e, const beluga_part *part, const char *id)
{
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "id", id);
    beluga_json_put_string(e->w, "type", "function");
    beluga_json_begin_object(e->w, "function");
    beluga_json_put_string(e->w, "name", part->name ? part->name : "");
    beluga__put_arguments_text(e, "arguments", part);
    beluga_json_end_object(e->w);
}

static bool is_mistral_id(const char *id)
{
    size_t n = 0;
    for (; id[n]; n++) {
        char c = id[n] | 0x20;
        if (!((id[n] >= '0' && id[n] <= '9') || (c >= 'a' && c <= 'z'))) return false;
    }
    return n == MISTRAL_ID;
}

/* Returns the id of a tool call as it is sent. Mistral refuses ids that are not nine letters or
 * digits, such as the ids of other providers. Such an id is replaced by its hash, which is the same
 * in the tool call and in its result. */
static const char *id_of(const beluga__openai_encoder *e, const char *id, char made[MISTRAL_ID + 1])
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    if (!is_mistral(e) || is_mistral_id(id)) return id;
    for (; *id; id++) hash = (hash ^ (unsigned char)*id) * 1099511628211u;
    for (int i = 0; i < MISTRAL_ID; i++, hash /= 36) made[i] = digits[hash % 36];
    made[MISTRAL_ID] = '\0';
    return made;
}

static void put_tool_calls(beluga__openai_encoder *e, const beluga_message *message)
{
    char made[MISTRAL_ID + 1];
    if (!beluga__has_part(message, BELUGA_PART_TOOL_CALL)) return;
    beluga_json_begin_array(e->w, "tool_calls");
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind != BELUGA_PART_TOOL_CALL) continue;
        beluga__openai_begin_tool_call(&e->base, part, id_of(e, part->id ? part->id : "", made));
        beluga__put_state_members(&e->base, part);
        beluga_json_end_object(e->w);
    }
    beluga_json_end_array(e->w);
}

/* Write the members of an answer that must be sent back unchanged (its state). If the message has
 * several states, only the last one is written. */
static void put_state(beluga__openai_encoder *e, const beluga_message *message)
{
    for (size_t i = beluga_message_count(message); i-- > 0;) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind != BELUGA_PART_STATE || !beluga_call_get_state(e->call, part, NULL))
            continue;
        beluga__put_state_members(&e->base, part);
        return;
    }
}

static void put_tool_result(beluga__openai_encoder *e, const beluga_message *message)
{
    char made[MISTRAL_ID + 1];
    const char *id = beluga__answered_call(&e->base, message);
    beluga__warn_of_tool_error(&e->base, message, "Chat Completions");
    beluga_json_put_string(e->w, "tool_call_id", id_of(e, id, made));
}

/* ---- one message ----------------------------------------------------------------------------- */

static void put_message(beluga__openai_encoder *e, const beluga_message *message)
{
    beluga_role role = beluga_message_role(message);
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "role", beluga__role_name(role));
    if (role == BELUGA_ROLE_TOOL) put_tool_result(e, message);
    put_content(e, message, role);
    if (role == BELUGA_ROLE_AI) {
        put_reasoning(e, message);
        put_tool_calls(e, message);
        put_state(e, message);
    }
    beluga_json_end_object(e->w);
}

/* ---- media of results, in a separate message ------------------------------------------------- */

static bool is_moved(beluga__openai_encoder *e, const beluga_part *part)
{
    return part->kind != BELUGA_PART_TEXT &&
           !beluga__openai_is_content(e, part, BELUGA_ROLE_TOOL) &&
           beluga__openai_takes_media(e, part);
}

static void put_title(beluga__openai_encoder *e, const beluga_message *result)
{
    char title[128], made[MISTRAL_ID + 1];
    const char *id = id_of(e, beluga__answered_call(&e->base, result), made);
    snprintf(title, sizeof title, "From the result of the tool call %s:", id);
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", "text");
    beluga_json_put_string(e->w, "text", title);
    beluga_json_end_object(e->w);
}

/* Write the media of a tool's result into a separate user message, which contains the media of
 * several results. `open` says whether this message was begun before; returns whether it has been
 * begun now. */
static bool put_moved_of(beluga__openai_encoder *e, const beluga_message *result, bool open)
{
    bool titled = false;
    for (size_t i = 0, n = beluga_message_count(result); i < n; i++) {
        const beluga_part *part = beluga_message_part(result, i);
        if (!is_moved(e, part)) continue;
        if (!open) {
            beluga_json_begin_object(e->w, NULL);
            beluga_json_put_string(e->w, "role", "user");
            beluga_json_begin_array(e->w, "content");
        }
        if (!titled) put_title(e, result);
        open = titled = true;
        beluga__openai_put_part(e, part);
    }
    return open;
}

/* Write the media of the results from index `first` to `end` - 1 as one user message after these
 * results, since no other message may come between the results of one answer's tool calls. */
static void put_moved(beluga__openai_encoder *e, size_t first, size_t end)
{
    bool open = false;
    for (size_t i = first; i < end && !e->status; i++)
        open = put_moved_of(e, beluga_call_message(e->call, i), open);
    if (!open) return;
    beluga_json_end_array(e->w);
    beluga_json_end_object(e->w);
}

static bool is_result(const beluga__openai_encoder *e, size_t index)
{
    return beluga_message_role(beluga_call_message(e->call, index)) == BELUGA_ROLE_TOOL;
}

/* ---- all messages ---------------------------------------------------------------------------- */

void beluga__openai_put_messages(beluga__openai_encoder *e)
{
    size_t n = beluga_call_message_count(e->call), first = 0;
    if (!beluga__body_wants(&e->body, "messages")) return;
    e->breakpoints = beluga__openai_takes_breakpoints(&e->base);
    if (!e->breakpoints && !(e->host->quirks & BELUGA__OPENAI_CACHE_CONTROL))
        beluga__warn_cache_marks(e->call, e->request);
    beluga_json_begin_array(e->w, "messages");
    for (size_t i = 0; i < n; i++) {
        put_message(e, beluga_call_message(e->call, i));
        if (!is_result(e, i))
            first = i + 1;
        else if (i + 1 == n || !is_result(e, i + 1))
            put_moved(e, first, i + 1);
    }
    beluga_json_end_array(e->w);
}
