/* Writes messages as "contents" and "systemInstruction".
 *
 * Signed parts are sent back unchanged. In a message, the signature of a text or a tool call is
 * stored as reasoning without text before the signed part. */
#include "providers/gemini/gemini.h"

static bool is_signed(const beluga_part *part)
{
    size_t n;
    return beluga__signature_behind(part, BELUGA__GEMINI_SIGNED, &n) && n;
}

static void put_signature(beluga__gemini_encoder *e, const beluga_part *part)
{
    size_t n = 0;
    const char *own = part ? beluga__signature_behind(part, BELUGA__GEMINI_SIGNED, &n) : NULL;
    if (n) beluga_json_put_string_n(e->w, "thoughtSignature", own, n);
}

/* ---- messages of the model ------------------------------------------------------------------- */

/* From Gemini 3 on, the API refuses an answer of the current turn whose first tool call is not
 * signed. For tool calls that another model made, which have no signature, the API accepts this
 * word instead. */
static void put_no_signature(beluga__gemini_encoder *e, size_t message)
{
    if (message >= e->turn && beluga__gemini_version(beluga_call_model(e->call)) >= 3)
        beluga_json_put_string(e->w, "thoughtSignature", "skip_thought_signature_validator");
}

/* The state of writing a message of the model. */
typedef struct model_answer {
    size_t index;
    bool called;  /* the first tool call of the message has been written */
    size_t parts; /* number of parts that have been written */
} model_answer;

static void put_model_part(beluga__gemini_encoder *e, model_answer *answer, const beluga_part *part,
                           const beluga_part *mark)
{
    bool call = part->kind == BELUGA_PART_TOOL_CALL;
    beluga_json_begin_object(e->w, NULL);
    beluga__gemini_put_members(e, part, BELUGA_ROLE_AI);
    if (part->kind == BELUGA_PART_REASONING && part != mark)
        beluga_json_put_bool(e->w, "thought", true);
    put_signature(e, part);
    if (part != mark) put_signature(e, mark);
    if (call && !mark && !answer->called) put_no_signature(e, answer->index);
    beluga_json_end_object(e->w);
    answer->called = answer->called || call;
    answer->parts++;
}

/* Returns whether a part is reasoning that has only a signature, which belongs to the part after
 * it. */
static bool is_mark(const beluga_part *part)
{
    return part->kind == BELUGA_PART_REASONING && !part->text_length;
}

/* Write the parts of a message of the model. A signature that no part follows is sent with an empty
 * text, as the API sent it. */
static size_t put_model_parts(beluga__gemini_encoder *e, size_t index)
{
    const beluga_message *message = beluga_call_message(e->call, index);
    const beluga_part *mark = NULL;
    model_answer answer = {.index = index};
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        bool signs_nothing = mark && part->kind == BELUGA_PART_REASONING;
        if (part->kind == BELUGA_PART_STATE) {
            answer.parts += beluga__put_state(&e->base, part);
            continue;
        }
        if (signs_nothing) put_model_part(e, &answer, mark, mark);
        if (!is_mark(part)) put_model_part(e, &answer, part, signs_nothing ? NULL : mark);
        mark = is_mark(part) && is_signed(part) ? part : NULL;
    }
    if (mark) put_model_part(e, &answer, mark, mark);
    return answer.parts;
}

/* ---- all messages ---------------------------------------------------------------------------- */

static void put_content(beluga__gemini_encoder *e, size_t index)
{
    const beluga_message *message = beluga_call_message(e->call, index);
    size_t n = beluga_message_count(message);
    bool ai = beluga_message_role(message) == BELUGA_ROLE_AI;
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "role", ai ? "model" : "user");
    beluga_json_begin_array(e->w, "parts");
    if (ai) n = put_model_parts(e, index);
    for (size_t i = 0; i < n && !ai; i++) /* states are sent only in messages of the model */
        if (beluga_message_part(message, i)->kind != BELUGA_PART_STATE)
            beluga__gemini_put_part(e, beluga_message_part(message, i));
    if (!n) {
        /* the API refuses a content without parts, so an empty text is sent */
        beluga_json_begin_object(e->w, NULL);
        beluga_json_put_string(e->w, "text", "");
        beluga_json_end_object(e->w);
    }
    beluga_json_end_array(e->w);
    beluga_json_end_object(e->w);
}

static beluga_role role_at(const beluga__gemini_encoder *e, size_t index)
{
    return beluga_message_role(beluga_call_message(e->call, index));
}

void beluga__gemini_put_contents(beluga__gemini_encoder *e)
{
    if (!beluga__body_wants(&e->body, "contents")) return;
    size_t n = beluga_call_message_count(e->call);
    e->turn = n;
    while (e->turn && role_at(e, e->turn - 1) != BELUGA_ROLE_HUMAN) e->turn--;
    beluga_json_begin_array(e->w, "contents");
    for (size_t i = 0; i < n; i++) {
        beluga_role role = role_at(e, i);
        if (role == BELUGA_ROLE_TOOL)
            i = beluga__gemini_put_results(e, i);
        else if (role != BELUGA_ROLE_SYSTEM)
            put_content(e, i);
    }
    beluga_json_end_array(e->w);
    if (e->wrapped)
        beluga_http_request_warn(e->request, "a tool call's arguments are not a JSON object and "
                                             "are sent as the member \"arguments\" of one");
}

static void put_system_parts(beluga__gemini_encoder *e, const beluga_message *message)
{
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (beluga__is_media(part))
            e->lost_media = true;
        else
            beluga__gemini_put_part(e, part);
    }
}

void beluga__gemini_put_system(beluga__gemini_encoder *e)
{
    bool open = false, moved = false;
    size_t n_before = 0;
    if (!beluga__body_wants(&e->body, "systemInstruction")) return;
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++) {
        const beluga_message *message = beluga_call_message(e->call, i);
        if (beluga_message_role(message) != BELUGA_ROLE_SYSTEM) continue;
        if (!open) {
            beluga_json_begin_object(e->w, "systemInstruction");
            beluga_json_begin_array(e->w, "parts");
        }
        open = true;
        moved = moved || i > n_before++;
        put_system_parts(e, message);
    }
    if (!open) return;
    beluga_json_end_array(e->w);
    beluga_json_end_object(e->w);
    if (e->lost_media)
        beluga_http_request_warn(e->request, "images, audio and files of system messages are not "
                                             "sent: Gemini takes only text there");
    if (moved)
        beluga_http_request_warn(e->request, "system messages are sent before all others: Gemini "
                                             "has one place for them");
}
