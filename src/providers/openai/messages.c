#include "providers/openai/openai.h"

#include <stdio.h>
#include <string.h>

static bool is_mistral(const beluga__openai_encoder *e)
{
    return e->host->quirks & BELUGA__OPENAI_MISTRAL;
}

enum { MISTRAL_ID = 9 }; /* letters and digits of a call's id */

/* ---- messages -------------------------------------------------------------------------------- */

static size_t content_count(beluga__openai_encoder *e, const beluga_message *message,
                            beluga_role role, const beluga_part **first)
{
    size_t count = 0;
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (!beluga__openai_is_content(e, part, role)) continue;
        if (!count++) *first = part;
    }
    return count;
}

static void put_parts(beluga__openai_encoder *e, const beluga_message *message, beluga_role role)
{
    beluga_json_begin_array(e->w, "content");
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (beluga__openai_is_content(e, part, role)) beluga__openai_put_part(e, part);
    }
    beluga_json_end_array(e->w);
}

/* One text is a string, which every host understands; anything else an array of parts. */
static void put_content(beluga__openai_encoder *e, const beluga_message *message, beluga_role role)
{
    const beluga_part *first = NULL;
    size_t count = content_count(e, message, role, &first);
    bool text = count == 1 && first->kind == BELUGA_PART_TEXT;
    if (!count && role == BELUGA_ROLE_AI && beluga_message_count(message))
        beluga_json_put_null(e->w, "content");
    else if (!count)
        beluga_json_put_string(e->w, "content", "");
    else if (text && !beluga__openai_sends_mark(e, first))
        beluga_json_put_string_n(e->w, "content", first->text, first->text_length);
    else
        put_parts(e, message, role);
}

/* ---- reasoning of earlier answers ------------------------------------------------------------ */

static bool has_reasoning(const beluga_message *message)
{
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++)
        if (beluga_message_part(message, i)->kind == BELUGA_PART_REASONING) return true;
    return false;
}

/* It may have come in several blocks; the host gave and takes one text. */
static void put_reasoning(beluga__openai_encoder *e, const beluga_message *message)
{
    if (!has_reasoning(message) || is_mistral(e)) return;
    if (beluga__openai_put_details(e, message)) return;
    if (e->host->reasoning_field) {
        if (beluga__put_joined(e->w, e->host->reasoning_field, message, BELUGA_PART_REASONING, ""))
            beluga__openai_fail(e, BELUGA_ERROR_NO_MEMORY,
                                "no memory for the reasoning of an earlier answer");
    } else {
        beluga__openai_warn_once(e, BELUGA__OPENAI_LOST_REASONING,
                                 "the reasoning of earlier answers is not sent back: Chat "
                                 "Completions has no place for it");
    }
}

/* ---- tool calls and their results ------------------------------------------------------------ */

/* Leaves the call's object open. */
static int begin_call(beluga_json_writer *w, const beluga_part *part, const char *id, bool *wrapped)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "id", id);
    beluga_json_put_string(w, "type", "function");
    beluga_json_begin_object(w, "function");
    beluga_json_put_string(w, "name", part->name ? part->name : "");
    int code = beluga__put_arguments_text(w, "arguments", part, wrapped);
    beluga_json_end_object(w);
    return code;
}

int beluga__openai_put_tool_call(beluga_json_writer *w, const beluga_part *part, bool *wrapped)
{
    int code = begin_call(w, part, part->id ? part->id : "", wrapped);
    beluga_json_end_object(w);
    return code;
}

static void put_members_of(beluga__openai_encoder *e, const beluga_part *part)
{
    if (beluga__put_state_members(e->w, e->call, part))
        beluga__openai_fail(e, BELUGA_ERROR_NO_MEMORY, "no memory for what goes back to the host");
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

/* Mistral refuses ids that are not nine letters or digits, as those of others' calls are: such an
 * id is sent as its hash, the same in the call and in its result. */
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

static void put_call(beluga__openai_encoder *e, const beluga_part *part)
{
    char made[MISTRAL_ID + 1];
    bool wrapped = false;
    if (begin_call(e->w, part, id_of(e, part->id ? part->id : "", made), &wrapped))
        beluga__openai_fail(e, BELUGA_ERROR_NO_MEMORY, "no memory for a tool call");
    if (wrapped) beluga__openai_warn_once(e, BELUGA__OPENAI_WRAPPED_ARGUMENTS, BELUGA__WRAPPED);
    put_members_of(e, part);
    beluga_json_end_object(e->w);
}

static void put_tool_calls(beluga__openai_encoder *e, const beluga_message *message)
{
    bool open = false;
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind != BELUGA_PART_TOOL_CALL) continue;
        if (!open) beluga_json_begin_array(e->w, "tool_calls");
        open = true;
        put_call(e, part);
    }
    if (open) beluga_json_end_array(e->w);
}

/* Of state that came more than once the newest counts. */
static void put_state(beluga__openai_encoder *e, const beluga_message *message)
{
    for (size_t i = beluga_message_count(message); i-- > 0;) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind != BELUGA_PART_STATE || !beluga_call_get_state(e->call, part, NULL))
            continue;
        put_members_of(e, part);
        return;
    }
}

static void put_tool_result(beluga__openai_encoder *e, const beluga_message *message)
{
    char made[MISTRAL_ID + 1];
    const char *id = beluga_message_tool_call_id(message);
    if (!id)
        beluga__openai_fail(e, BELUGA_ERROR_INVALID_INPUT,
                            "a tool's message does not say which call it answers");
    if (beluga_message_is_tool_error(message))
        beluga__openai_warn_once(e, BELUGA__OPENAI_LOST_FAILURE,
                                 "that a tool failed is told by its text alone: Chat Completions "
                                 "has no mark for it");
    beluga_json_put_string(e->w, "tool_call_id", id_of(e, id ? id : "", made));
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

/* ---- what a result has besides text ---------------------------------------------------------- */

static bool is_moved(beluga__openai_encoder *e, const beluga_part *part)
{
    return part->kind != BELUGA_PART_TEXT &&
           !beluga__openai_is_content(e, part, BELUGA_ROLE_TOOL) &&
           beluga__openai_takes_media(e, part);
}

static void put_title(beluga__openai_encoder *e, const beluga_message *result)
{
    char title[128], made[MISTRAL_ID + 1];
    const char *id = beluga_message_tool_call_id(result);
    snprintf(title, sizeof title,
             "From the result of the tool call %s:", id_of(e, id ? id : "", made));
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", "text");
    beluga_json_put_string(e->w, "text", title);
    beluga_json_end_object(e->w);
}

/* Returns whether a message was begun. */
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

/* After the results from `first` to before `end`, which must not be torn apart. */
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

/* ---- all of them ----------------------------------------------------------------------------- */

static void begin_marks(beluga__openai_encoder *e)
{
    e->breakpoints = beluga__openai_is_own_host(beluga_http_request_url(e->request)) &&
                     beluga__openai_knows_breakpoints(beluga_call_model(e->call));
    if (!e->breakpoints && !(e->host->quirks & BELUGA__OPENAI_CACHE_CONTROL))
        beluga__warn_cache_marks(e->call, e->request);
}

void beluga__openai_put_messages(beluga__openai_encoder *e)
{
    size_t n = beluga_call_message_count(e->call), first = 0;
    if (!beluga__body_wants(&e->body, "messages")) return;
    begin_marks(e);
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
