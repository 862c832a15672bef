#include "protocol/chat.h"
#include "protocol/put.h"

#include <stdio.h>

/* ---- the finish reason ----------------------------------------------------------------------- */

/* Return the client's finish reason. If the model's reason does not prove that the answer is
 * complete, this is "length", so that the client does not take the answer for complete. */
const char *protocol_chat_finish_reason(const protocol_request *request, uint32_t reason,
                                        bool has_calls)
{
    if (has_calls) return protocol_chat_is_legacy(request) ? "function_call" : "tool_calls";
    if (reason == BELUGA_FINISH_CONTENT_FILTER) return "content_filter";
    return beluga_finish_reason_is_whole(reason) ? "stop" : "length";
}

/* ---- the message ----------------------------------------------------------------------------- */

static void put_function(beluga_json_writer *w, const char *key, const protocol_request *request,
                         const beluga_tool_call *call)
{
    beluga_json_begin_object(w, key);
    beluga_json_put_string(w, "name", protocol_tool_name(request, call->name, NULL));
    beluga_json_put_string_n(w, "arguments", call->arguments, call->length);
    beluga_json_end_object(w);
}

static void put_calls(beluga_json_writer *w, const protocol_request *request,
                      const beluga_response *response)
{
    size_t n = beluga_response_tool_call_count(response);
    if (!n) return;
    if (protocol_chat_is_legacy(request)) {
        put_function(w, "function_call", request, beluga_response_tool_call(response, 0));
        return;
    }
    beluga_json_begin_array(w, "tool_calls");
    for (size_t i = 0; i < n; i++) {
        const beluga_tool_call *call = beluga_response_tool_call(response, i);
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "id", call->id);
        beluga_json_put_string(w, "type", "function");
        put_function(w, "function", request, call);
        beluga_json_end_object(w);
    }
    beluga_json_end_array(w);
}

static void put_image(beluga_json_writer *w, const beluga_part *image, size_t index)
{
    char prefix[160];
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "type", "image_url");
    beluga_json_put_int(w, "index", (int64_t)index);
    beluga_json_begin_object(w, "image_url");
    if (image->url) {
        beluga_json_put_string(w, "url", image->url);
    } else {
        snprintf(prefix, sizeof prefix, "data:%.128s;base64,",
                 image->media_type ? image->media_type : "application/octet-stream");
        beluga_json_put_base64(w, "url", prefix, image->data, image->data_length);
    }
    beluga_json_end_object(w);
    beluga_json_end_object(w);
}

/* Write the images that the model has made. The protocol has no member for them, so this is the
 * member that OpenRouter introduced, and that other services have adopted. */
static void put_images(beluga_json_writer *w, const beluga_response *response)
{
    size_t n = 0;
    for (size_t i = 0; i < beluga_response_media_count(response); i++) {
        const beluga_part *part = beluga_response_media(response, i);
        if (part->kind != BELUGA_PART_IMAGE) continue;
        if (!n) beluga_json_begin_array(w, "images");
        put_image(w, part, n++);
    }
    if (n) beluga_json_end_array(w);
}

static void put_message(beluga_json_writer *w, const protocol_request *request,
                        const beluga_response *response)
{
    size_t n, reasoning_length;
    const char *text = beluga_response_text(response, &n);
    const char *reasoning = beluga_response_reasoning(response, &reasoning_length);
    beluga_json_begin_object(w, "message");
    beluga_json_put_string(w, "role", "assistant");
    if (n || !beluga_response_tool_call_count(response))
        beluga_json_put_string_n(w, "content", text, n);
    else
        beluga_json_put_null(w, "content");
    beluga_json_put_null(w, "refusal");
    if (reasoning_length)
        beluga_json_put_string_n(w, "reasoning_content", reasoning, reasoning_length);
    put_calls(w, request, response);
    put_images(w, response);
    beluga_json_end_object(w);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void put_usage(beluga_json_writer *w, const beluga_usage *usage)
{
    int64_t in = protocol_known(usage->input_total), out = protocol_known(usage->output_total);
    if (usage->input_total < 0 && usage->output_total < 0) return;
    beluga_json_begin_object(w, "usage");
    beluga_json_put_int(w, "prompt_tokens", in);
    beluga_json_put_int(w, "completion_tokens", out);
    beluga_json_put_int(w, "total_tokens", in + out);
    beluga_json_begin_object(w, "prompt_tokens_details");
    beluga_json_put_int(w, "cached_tokens", protocol_known(usage->input_cache_read));
    if (usage->input_cache_write > 0)
        beluga_json_put_int(w, "cache_write_tokens", usage->input_cache_write);
    beluga_json_end_object(w);
    beluga_json_begin_object(w, "completion_tokens_details");
    beluga_json_put_int(w, "reasoning_tokens", protocol_known(usage->output_reasoning));
    beluga_json_end_object(w);
    beluga_json_end_object(w);
}

void protocol_chat_answer(beluga_json_writer *w, const protocol_request *request,
                          const protocol_identity *identity, const beluga_response *response)
{
    bool has_calls = beluga_response_tool_call_count(response) > 0;
    const char *model = identity->model ? identity->model : beluga_response_model(response);
    beluga_json_put_string(w, "id", identity->id);
    beluga_json_put_string(w, "object", "chat.completion");
    beluga_json_put_int(w, "created", identity->created);
    beluga_json_put_string(w, "model", model);
    beluga_json_begin_array(w, "choices");
    beluga_json_begin_object(w, NULL);
    beluga_json_put_int(w, "index", 0);
    put_message(w, request, response);
    beluga_json_put_string(
        w, "finish_reason",
        protocol_chat_finish_reason(request, beluga_response_finish_reason(response), has_calls));
    beluga_json_put_null(w, "logprobs");
    beluga_json_end_object(w);
    beluga_json_end_array(w);
    put_usage(w, beluga_response_usage(response));
}
