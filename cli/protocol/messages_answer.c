#include "protocol/messages.h"
#include "protocol/put.h"

#include <string.h>

enum { BYTES_OF_TOKEN = 4 };

/* ---- counts ---------------------------------------------------------------------------------- */

messages_usage protocol_messages_count(const beluga_usage *usage, int64_t input_estimate,
                                       size_t bytes)
{
    messages_usage count = {.cache_read = protocol_known(usage->input_cache_read),
                            .cache_creation = protocol_known(usage->input_cache_write),
                            .output = usage->output_total,
                            .thinking = usage->output_reasoning};
    int64_t total = usage->input_total > 0 ? usage->input_total : input_estimate;
    count.input = protocol_known(total - count.cache_read - count.cache_creation);
    if (count.output < 0) count.output = (int64_t)(bytes / BYTES_OF_TOKEN);
    return count;
}

int64_t protocol_messages_estimate(const protocol_request *request)
{
    int64_t tokens = 0;
    /* a request whose body is passed on unchanged has no messages */
    const size_t n = request->messages ? beluga_messages_count(request->messages) : 0;
    for (size_t i = 0; i < n; i++)
        tokens += beluga_message_estimate_tokens(beluga_messages_get(request->messages, i));
    for (size_t i = 0; i < request->n_tools; i++) {
        const beluga_tool *tool = request->tools[i];
        size_t length;
        beluga_tool_parameters(tool, &length);
        length += strlen(beluga_tool_name(tool)) + strlen(beluga_tool_description(tool));
        tokens += (int64_t)(length / BYTES_OF_TOKEN);
    }
    return tokens;
}

/* ---- the end --------------------------------------------------------------------------------- */

static bool is_word(const char *raw, size_t length, const char *word)
{
    return raw && strlen(word) == length && memcmp(raw, word, length) == 0;
}

/* Return the stop sequence that ended the answer, if the request has only one. If there are
 * several, it is unknown, since providers do not report which of them it was. */
static const char *only_sequence(const protocol_request *request)
{
    const char *found = NULL;
    for (size_t i = 0; i < request->n_options; i++) {
        if (request->options[i].key != BELUGA_OPTION_STOP_SEQUENCES) continue;
        if (found) return NULL;
        found = request->options[i].value.string;
    }
    return found;
}

messages_end protocol_messages_end_of(const protocol_request *request, uint32_t reason,
                                      const char *raw, size_t raw_length, bool has_calls)
{
    bool window = is_word(raw, raw_length, "model_context_window_exceeded");
    bool sequence = is_word(raw, raw_length, "stop_sequence");
    switch (reason) {
    case BELUGA_FINISH_LENGTH:
        return (messages_end){window ? "model_context_window_exceeded" : "max_tokens", NULL};
    case BELUGA_FINISH_CONTENT_FILTER: return (messages_end){"refusal", NULL};
    case BELUGA_FINISH_PAUSE: return (messages_end){"pause_turn", NULL};
    default: break;
    }
    if (has_calls || reason == BELUGA_FINISH_TOOL_CALLS) return (messages_end){"tool_use", NULL};
    if (sequence) return (messages_end){"stop_sequence", only_sequence(request)};
    /* an answer that ended for an unknown reason may be incomplete */
    return (messages_end){reason == BELUGA_FINISH_OTHER ? "max_tokens" : "end_turn", NULL};
}

/* ---- blocks ---------------------------------------------------------------------------------- */

const char *protocol_messages_hidden(const char *signature, size_t length, size_t *data_length)
{
    static const char bedrock[] = "bedrock:redacted:";
    size_t mark = sizeof MESSAGES_REDACTED - 1;
    bool own = length >= mark && memcmp(signature, MESSAGES_REDACTED, mark) == 0;
    bool other =
        length >= sizeof bedrock - 1 && memcmp(signature, bedrock, sizeof bedrock - 1) == 0;
    if (!own && !other) return NULL;
    *data_length = own ? length - mark : length;
    return own ? signature + mark : signature;
}

static void put_type(beluga_json_writer *w, const char *type)
{
    beluga_json_put_string(w, "type", type);
}

static void put_reasoning(beluga_json_writer *w, const beluga_part *part)
{
    size_t n = 0;
    const char *signature = part->signature ? part->signature : "";
    const char *data = protocol_messages_hidden(signature, part->signature_length, &n);
    if (data && !part->text_length) {
        put_type(w, "redacted_thinking");
        beluga_json_put_string_n(w, "data", data, n);
        return;
    }
    put_type(w, "thinking");
    beluga_json_put_string_n(w, "thinking", part->text ? part->text : "", part->text_length);
    beluga_json_put_string_n(w, "signature", signature, part->signature_length);
}

/* Write the input of a call, which must be an object. If the model wrote something else, the object
 * gets one member with this text. */
static void put_input(beluga_json_writer *w, const char *text, size_t length)
{
    beluga_json_doc *doc = NULL;
    int rc = beluga_json_parse(text, length, &doc, NULL);
    if (rc == 0 && beluga_json_is_object(beluga_json_doc_root(doc))) {
        beluga_json_put_raw(w, "input", text, length);
    } else {
        beluga_json_begin_object(w, "input");
        if (length) beluga_json_put_string_n(w, "arguments", text, length);
        beluga_json_end_object(w);
    }
    beluga_json_doc_free(doc);
}

static void put_tool_use(beluga_json_writer *w, const protocol_request *request,
                         const beluga_part *part)
{
    put_type(w, "tool_use");
    beluga_json_put_string(w, "id", part->id);
    beluga_json_put_string(w, "name", protocol_tool_name(request, part->name, NULL));
    put_input(w, part->text, part->text_length);
}

/* Write a block of the answer. The protocol has no blocks for images, sounds and files of an
 * answer. */
static void put_block(beluga_json_writer *w, const protocol_request *request,
                      const beluga_part *part, bool shows_thinking)
{
    bool text = part->kind == BELUGA_PART_TEXT && part->text_length;
    bool reasoning = part->kind == BELUGA_PART_REASONING && shows_thinking;
    if (!text && !reasoning && part->kind != BELUGA_PART_TOOL_CALL) return;
    beluga_json_begin_object(w, NULL);
    if (text) {
        put_type(w, "text");
        beluga_json_put_string_n(w, "text", part->text, part->text_length);
    } else if (reasoning) {
        put_reasoning(w, part);
    } else {
        put_tool_use(w, request, part);
    }
    beluga_json_end_object(w);
}

static void put_content(beluga_json_writer *w, const protocol_request *request,
                        const beluga_response *response)
{
    bool shows_thinking = protocol_messages_shows_thinking(request);
    beluga_message *message = beluga_response_message(response);
    if (!message) {
        protocol_give_up(w);
        return;
    }
    beluga_json_begin_array(w, "content");
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++)
        put_block(w, request, beluga_message_part(message, i), shows_thinking);
    beluga_json_end_array(w);
    beluga_message_unref(message);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static size_t count_bytes(const beluga_response *response)
{
    size_t text, reasoning, calls = 0;
    beluga_response_text(response, &text);
    beluga_response_reasoning(response, &reasoning);
    for (size_t i = 0, n = beluga_response_tool_call_count(response); i < n; i++)
        calls += beluga_response_tool_call(response, i)->length;
    return text + reasoning + calls;
}

static void put_usage(beluga_json_writer *w, const protocol_request *request,
                      const beluga_response *response)
{
    const beluga_usage *usage = beluga_response_usage(response);
    int64_t estimate = usage->input_total > 0 ? 0 : protocol_messages_estimate(request);
    messages_usage count = protocol_messages_count(usage, estimate, count_bytes(response));
    beluga_json_begin_object(w, "usage");
    beluga_json_put_int(w, "input_tokens", count.input);
    beluga_json_put_int(w, "cache_creation_input_tokens", count.cache_creation);
    beluga_json_put_int(w, "cache_read_input_tokens", count.cache_read);
    beluga_json_put_int(w, "output_tokens", count.output);
    if (count.thinking >= 0) {
        beluga_json_begin_object(w, "output_tokens_details");
        beluga_json_put_int(w, "thinking_tokens", count.thinking);
        beluga_json_end_object(w);
    }
    beluga_json_end_object(w);
}

void protocol_messages_answer(beluga_json_writer *w, const protocol_request *request,
                              const protocol_identity *identity, const beluga_response *response)
{
    const char *raw = beluga_response_raw_finish_reason(response);
    const messages_end end =
        protocol_messages_end_of(request, beluga_response_finish_reason(response), raw, strlen(raw),
                                 beluga_response_tool_call_count(response) > 0);
    const char *model = identity->model ? identity->model : beluga_response_model(response);
    beluga_json_put_string(w, "id", identity->id);
    put_type(w, "message");
    beluga_json_put_string(w, "role", "assistant");
    beluga_json_put_string(w, "model", model);
    put_content(w, request, response);
    beluga_json_put_string(w, "stop_reason", end.reason);
    beluga_json_put_string(w, "stop_sequence", end.sequence);
    put_usage(w, request, response);
}
