/* Writes the objects of Responses, an answer and its items, for streams and whole answers. */
#include "protocol/fault.h"
#include "protocol/put.h"
#include "protocol/responses.h"

#include <beluga/error.h>

#include <stdio.h>
#include <string.h>

/* ---- items ----------------------------------------------------------------------------------- */

typedef struct item_words {
    const char *type, *id_prefix;
} item_words;

static const item_words words[] = {
    [RESPONSES_MESSAGE] = {"message", "msg_"},
    [RESPONSES_REASONING] = {"reasoning", "rs_"},
    [RESPONSES_FUNCTION_CALL] = {"function_call", "fc_"},
    [RESPONSES_CUSTOM_CALL] = {"custom_tool_call", "ctc_"},
    [RESPONSES_IMAGE] = {"image_generation_call", "ig_"},
};

const char *protocol_responses_id_prefix(responses_kind kind)
{
    return words[kind].id_prefix;
}

const char *protocol_responses_own_id(const protocol_identity *identity)
{
    const char *behind = strchr(identity->id, '_');
    return behind ? behind + 1 : identity->id;
}

void protocol_responses_put_item_id(beluga_json_writer *w, const char *key,
                                    const protocol_identity *identity, const responses_item *item)
{
    beluga_json_begin_string(w, key);
    beluga_json_add_format(w, "%s%s_%zu", protocol_responses_id_prefix(item->kind),
                           protocol_responses_own_id(identity), item->index);
    beluga_json_end_string(w);
}

void protocol_responses_put_text_part(beluga_json_writer *w, const char *key, const char *text,
                                      size_t length)
{
    beluga_json_begin_object(w, key);
    beluga_json_put_string(w, "type", "output_text");
    beluga_json_put_string_n(w, "text", text, length);
    beluga_json_begin_array(w, "annotations");
    beluga_json_end_array(w);
    beluga_json_begin_array(w, "logprobs");
    beluga_json_end_array(w);
    beluga_json_end_object(w);
}

void protocol_responses_put_summary_part(beluga_json_writer *w, const char *key, const char *text,
                                         size_t length)
{
    beluga_json_begin_object(w, key);
    beluga_json_put_string(w, "type", "summary_text");
    beluga_json_put_string_n(w, "text", text, length);
    beluga_json_end_object(w);
}

static void put_message(beluga_json_writer *w, const responses_item *item)
{
    beluga_json_put_string(w, "role", "assistant");
    beluga_json_begin_array(w, "content");
    if (!item->open) protocol_responses_put_text_part(w, NULL, item->text, item->length);
    beluga_json_end_array(w);
}

/* Write a reasoning item. Its signature is sent as encrypted content, which the client returns
 * unchanged. */
static void put_reasoning(beluga_json_writer *w, const responses_item *item)
{
    beluga_json_begin_array(w, "summary");
    if (item->length && !item->open)
        protocol_responses_put_summary_part(w, NULL, item->text, item->length);
    beluga_json_end_array(w);
    if (!item->signature_length || item->open) {
        beluga_json_put_null(w, "encrypted_content");
        return;
    }
    beluga_json_begin_string(w, "encrypted_content");
    beluga_json_add_text(w, RESPONSES_SIGNED, strlen(RESPONSES_SIGNED));
    beluga_json_add_text(w, item->signature, item->signature_length);
    beluga_json_end_string(w);
}

static void put_call(beluga_json_writer *w, const protocol_request *request,
                     const responses_item *item)
{
    const char *space, *content = item->kind == RESPONSES_CUSTOM_CALL ? "input" : "arguments";
    const char *name = protocol_tool_name(request, item->name, &space);
    beluga_json_put_string(w, "call_id", item->id);
    beluga_json_put_string(w, "name", name);
    if (space) beluga_json_put_string(w, "namespace", space);
    beluga_json_put_string_n(w, content, item->text, item->open ? 0 : item->length);
}

static void put_image(beluga_json_writer *w, const responses_item *item)
{
    if (item->open)
        beluga_json_put_null(w, "result");
    else
        beluga_json_put_base64(w, "result", NULL, item->text, item->length);
}

void protocol_responses_put_item(beluga_json_writer *w, const char *key,
                                 const protocol_request *request, const protocol_identity *identity,
                                 const responses_item *item)
{
    beluga_json_begin_object(w, key);
    protocol_responses_put_item_id(w, "id", identity, item);
    beluga_json_put_string(w, "type", words[item->kind].type);
    beluga_json_put_string(w, "status",
                           item->open  ? "in_progress"
                           : item->cut ? "incomplete"
                                       : "completed");
    switch (item->kind) {
    case RESPONSES_MESSAGE: put_message(w, item); break;
    case RESPONSES_REASONING: put_reasoning(w, item); break;
    case RESPONSES_IMAGE: put_image(w, item); break;
    default: put_call(w, request, item);
    }
    beluga_json_end_object(w);
}

/* ---- states ---------------------------------------------------------------------------------- */

typedef struct state_word {
    uint32_t of; /* beluga_part_kind */
    const char *mark;
} state_word;

static const state_word state_words[] = {
    {BELUGA_PART_REASONING, RESPONSES_STATE "reasoning:"},
    {BELUGA_PART_TOOL_CALL, RESPONSES_STATE "call:"},
    {BELUGA_PART_STATE, RESPONSES_STATE "part:"},
};
enum { STATE_WORDS = sizeof state_words / sizeof *state_words };

int protocol_responses_put_state(beluga__buf *out, uint32_t of, const char *provider,
                                 const char *json, size_t length)
{
    size_t i = 0;
    while (i < STATE_WORDS && state_words[i].of != of) i++;
    if (i == STATE_WORDS) return out->status;
    beluga__buf_puts(out, state_words[i].mark);
    beluga__buf_puts(out, provider);
    beluga__buf_putc(out, ':');
    return beluga__buf_append(out, json, length);
}

uint32_t protocol_responses_read_state(const char *signature, const char **rest)
{
    for (size_t i = 0; i < STATE_WORDS; i++) {
        size_t n = strlen(state_words[i].mark);
        if (strncmp(signature, state_words[i].mark, n) != 0) continue;
        *rest = signature + n;
        return state_words[i].of;
    }
    return 0;
}

/* ---- calls of custom tools ------------------------------------------------------------------- */

responses_kind protocol_responses_call_kind(const protocol_request *request, const char *name)
{
    const protocol_renamed *renamed = protocol_find_renamed(request, name);
    return renamed && renamed->custom ? RESPONSES_CUSTOM_CALL : RESPONSES_FUNCTION_CALL;
}

/* Find the input of a custom tool. A model may also write the input as plain text, without the
 * expected JSON object around it. */
int protocol_responses_custom_input(const char **input, size_t *length, beluga_json_doc **doc)
{
    int rc = beluga_json_parse(*input, *length, doc, NULL);
    if (rc == BELUGA_ERROR_NO_MEMORY) return rc;
    size_t n;
    const char *text = beluga_json_get_string(beluga_json_doc_root(*doc), "input", &n);
    if (!text) return 0;
    *input = text;
    *length = n;
    return 0;
}

/* ---- the response ---------------------------------------------------------------------------- */

void protocol_responses_outcome_of(responses_outcome *outcome, uint32_t reason, const char *raw)
{
    outcome->status = "incomplete";
    switch (reason) {
    case BELUGA_FINISH_LENGTH: outcome->incomplete = "max_output_tokens"; break;
    case BELUGA_FINISH_CONTENT_FILTER: outcome->incomplete = "content_filter"; break;
    case BELUGA_FINISH_STOP:
    case BELUGA_FINISH_TOOL_CALLS:
    case BELUGA_FINISH_UNKNOWN: outcome->status = "completed"; break;
    default: outcome->incomplete = raw && *raw ? raw : beluga_finish_reason_name(reason);
    }
}

static void put_usage(beluga_json_writer *w, const beluga_usage *usage)
{
    if (!usage || (usage->input_total < 0 && usage->output_total < 0)) {
        beluga_json_put_null(w, "usage");
        return;
    }
    int64_t input = protocol_known(usage->input_total),
            output = protocol_known(usage->output_total);
    beluga_json_begin_object(w, "usage");
    beluga_json_put_int(w, "input_tokens", input);
    beluga_json_begin_object(w, "input_tokens_details");
    beluga_json_put_int(w, "cached_tokens", protocol_known(usage->input_cache_read));
    beluga_json_put_int(w, "cache_write_tokens", protocol_known(usage->input_cache_write));
    beluga_json_end_object(w);
    beluga_json_put_int(w, "output_tokens", output);
    beluga_json_begin_object(w, "output_tokens_details");
    beluga_json_put_int(w, "reasoning_tokens", protocol_known(usage->output_reasoning));
    beluga_json_end_object(w);
    beluga_json_put_int(w, "total_tokens", input + output);
    beluga_json_end_object(w);
}

/* Return the code of an error. A request that was refused gets a code that tells clients not to
 * repeat it. All errors of the type server_error, which are not the client's fault, get the same
 * code. */
static const char *error_code(const beluga_error *error)
{
    const protocol_fault fault = protocol_fault_of(error);
    bool refused = fault.openai_status == 400 && error->code != BELUGA_ERROR_CONTEXT_LENGTH;
    if (strcmp(fault.openai_type, "server_error") == 0) return "server_error";
    return refused ? "invalid_prompt" : fault.openai_code;
}

/* Add the time to wait to the message, in the words that clients look for. */
static void add_wait(beluga_json_writer *w, const beluga_error *error, const char *message)
{
    long long ms = error->retry_after_ms;
    size_t n = strlen(message);
    if (error->code != BELUGA_ERROR_RATE_LIMIT || ms < 0 || strstr(message, "try again in")) return;
    beluga_json_add_format(w, "%s Please try again in %lld%s.",
                           n && message[n - 1] == '.' ? "" : ".", ms % 1000 ? ms : ms / 1000,
                           ms % 1000 ? "ms" : "s");
}

static void put_error(beluga_json_writer *w, const beluga_error *error)
{
    char message[PROTOCOL_FAULT_BYTES];
    if (!error) {
        beluga_json_put_null(w, "error");
        return;
    }
    protocol_fault_message(error, message);
    beluga_json_begin_object(w, "error");
    beluga_json_put_string(w, "code", error_code(error));
    beluga_json_begin_string(w, "message");
    beluga_json_add_text(w, message, strlen(message));
    add_wait(w, error, message);
    beluga_json_end_string(w);
    beluga_json_end_object(w);
}

static void put_incomplete(beluga_json_writer *w, const char *reason)
{
    if (!reason) {
        beluga_json_put_null(w, "incomplete_details");
        return;
    }
    beluga_json_begin_object(w, "incomplete_details");
    beluga_json_put_string(w, "reason", reason);
    beluga_json_end_object(w);
}

/* A member of the request that the answer repeats. `otherwise` is its JSON if the request does not
 * have the member; NULL means null. */
typedef struct echoed {
    const char *name, *otherwise;
    bool large;
} echoed;

static const echoed echoes[] = {
    {"instructions", NULL, true},
    {"max_output_tokens", NULL, false},
    {"max_tool_calls", NULL, false},
    {"metadata", "{}", false},
    {"parallel_tool_calls", "true", false},
    {"prompt_cache_key", NULL, false},
    {"reasoning", "{\"effort\":null,\"summary\":null}", false},
    {"safety_identifier", NULL, false},
    {"service_tier", NULL, false},
    {"temperature", NULL, false},
    {"text", "{\"format\":{\"type\":\"text\"}}", true},
    {"tool_choice", "\"auto\"", false},
    {"tools", "[]", true},
    {"top_logprobs", NULL, false},
    {"top_p", NULL, false},
    {"truncation", "\"disabled\"", false},
    {"user", NULL, false},
};

/* Repeat a member of the request. Tools are left out of streams, since the client knows them, and a
 * stream would contain them three times. */
static void put_echo(beluga_json_writer *w, const protocol_request *request, const echoed *echo,
                     bool large)
{
    const beluga_json *value = beluga_json_get(request->body, echo->name);
    bool given = value && !beluga_json_is_null(value) && (large || !echo->large);
    size_t length = 0;
    const char *text = given ? beluga_json_text(request->doc, value, &length) : echo->otherwise;
    if (text)
        beluga_json_put_raw(w, echo->name, text, given ? length : strlen(text));
    else if (given)
        protocol_give_up(w);
    else
        beluga_json_put_null(w, echo->name);
}

void protocol_responses_put_members(beluga_json_writer *w, const protocol_request *request,
                                    const protocol_identity *identity,
                                    const responses_outcome *outcome)
{
    beluga_json_put_string(w, "id", identity->id);
    beluga_json_put_string(w, "object", "response");
    beluga_json_put_int(w, "created_at", identity->created);
    beluga_json_put_string(w, "status", outcome->status);
    beluga_json_put_bool(w, "background", false);
    put_error(w, outcome->error);
    put_incomplete(w, outcome->incomplete);
    beluga_json_put_string(w, "model", identity->model ? identity->model : "");
    beluga_json_put_null(w, "previous_response_id");
    beluga_json_put_bool(w, "store", false);
    for (size_t i = 0; i < sizeof echoes / sizeof *echoes; i++)
        put_echo(w, request, &echoes[i], outcome->echo);
    put_usage(w, outcome->usage);
}
