#include "batch/openai_result.h"

#include <beluga/provider/json.h>

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* Programs expect an id of everything that has one with OpenAI. */
typedef char made_id[48];

static const char *make_id(made_id id, const char *what, uint64_t line)
{
    snprintf(id, sizeof(made_id), "%s_%" PRIu64, what, line);
    return id;
}

/* Services of other makers tell no id, or no time. */
static void put_id(beluga_json_writer *w, const beluga_response *r, const char *what, uint64_t line)
{
    made_id id;
    const char *known = beluga_response_id(r);
    beluga_json_put_string(w, "id", *known ? known : make_id(id, what, line));
}

static void put_created(beluga_json_writer *w, const char *key, const beluga_response *r)
{
    int64_t created = beluga_response_created(r);
    beluga_json_put_int(w, key, created ? created : (int64_t)time(NULL));
}

static int64_t known(int64_t tokens)
{
    return tokens < 0 ? 0 : tokens;
}

static void put_usage(beluga_json_writer *w, const beluga_response *r, const char *input,
                      const char *output)
{
    const beluga_usage *usage = beluga_response_usage(r);
    int64_t in = known(usage->input_total), out = known(usage->output_total);
    beluga_json_begin_object(w, "usage");
    beluga_json_put_int(w, input, in);
    beluga_json_put_int(w, output, out);
    beluga_json_put_int(w, "total_tokens", in + out);
    beluga_json_end_object(w);
}

/* ---- Chat Completions ------------------------------------------------------------------------ */

static void put_chat_calls(beluga_json_writer *w, const beluga_response *r)
{
    size_t n = beluga_response_tool_call_count(r);
    if (!n) return;
    beluga_json_begin_array(w, "tool_calls");
    for (size_t i = 0; i < n; i++) {
        const beluga_tool_call *call = beluga_response_tool_call(r, i);
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "id", call->id);
        beluga_json_put_string(w, "type", "function");
        beluga_json_begin_object(w, "function");
        beluga_json_put_string(w, "name", call->name);
        beluga_json_put_string_n(w, "arguments", call->arguments, call->length);
        beluga_json_end_object(w);
        beluga_json_end_object(w);
    }
    beluga_json_end_array(w);
}

static void put_chat_message(beluga_json_writer *w, const beluga_response *r)
{
    size_t n, reasoning_length;
    const char *text = beluga_response_text(r, &n);
    const char *reasoning = beluga_response_reasoning(r, &reasoning_length);
    beluga_json_begin_object(w, "message");
    beluga_json_put_string(w, "role", "assistant");
    if (n || !beluga_response_tool_call_count(r))
        beluga_json_put_string_n(w, "content", text, n);
    else
        beluga_json_put_null(w, "content");
    if (reasoning_length)
        beluga_json_put_string_n(w, "reasoning_content", reasoning, reasoning_length);
    put_chat_calls(w, r);
    beluga_json_end_object(w);
}

static void put_chat(beluga_json_writer *w, const beluga_response *r, uint64_t line)
{
    put_id(w, r, "chatcmpl", line);
    beluga_json_put_string(w, "object", "chat.completion");
    put_created(w, "created", r);
    beluga_json_put_string(w, "model", beluga_response_model(r));
    beluga_json_begin_array(w, "choices");
    beluga_json_begin_object(w, NULL);
    beluga_json_put_int(w, "index", 0);
    put_chat_message(w, r);
    beluga_json_put_string(w, "finish_reason",
                           beluga_finish_reason_name(beluga_response_finish_reason(r)));
    beluga_json_end_object(w);
    beluga_json_end_array(w);
    put_usage(w, r, "prompt_tokens", "completion_tokens");
}

/* ---- Responses ------------------------------------------------------------------------------- */

static const char *status_of(const beluga_response *r)
{
    return beluga_response_is_complete(r) ? "completed" : "incomplete";
}

static void put_output_text(beluga_json_writer *w, const beluga_response *r, uint64_t line)
{
    size_t n;
    made_id id;
    const char *text = beluga_response_text(r, &n);
    if (!n && beluga_response_tool_call_count(r)) return;
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "type", "message");
    beluga_json_put_string(w, "id", make_id(id, "msg", line));
    beluga_json_put_string(w, "status", status_of(r));
    beluga_json_put_string(w, "role", "assistant");
    beluga_json_begin_array(w, "content");
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "type", "output_text");
    beluga_json_put_string_n(w, "text", text, n);
    beluga_json_begin_array(w, "annotations");
    beluga_json_end_array(w);
    beluga_json_end_object(w);
    beluga_json_end_array(w);
    beluga_json_end_object(w);
}

static void put_output_calls(beluga_json_writer *w, const beluga_response *r)
{
    for (size_t i = 0, n = beluga_response_tool_call_count(r); i < n; i++) {
        const beluga_tool_call *call = beluga_response_tool_call(r, i);
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "type", "function_call");
        beluga_json_put_string(w, "id", call->id);
        beluga_json_put_string(w, "call_id", call->id);
        beluga_json_put_string(w, "name", call->name);
        beluga_json_put_string_n(w, "arguments", call->arguments, call->length);
        beluga_json_put_string(w, "status", "completed");
        beluga_json_end_object(w);
    }
}

static void put_response(beluga_json_writer *w, const beluga_response *r, uint64_t line)
{
    bool cut = beluga_response_finish_reason(r) == BELUGA_FINISH_LENGTH;
    put_id(w, r, "resp", line);
    beluga_json_put_string(w, "object", "response");
    put_created(w, "created_at", r);
    beluga_json_put_string(w, "status", status_of(r));
    if (cut) {
        beluga_json_begin_object(w, "incomplete_details");
        beluga_json_put_string(w, "reason", "max_output_tokens");
        beluga_json_end_object(w);
    } else {
        beluga_json_put_null(w, "incomplete_details");
    }
    beluga_json_put_string(w, "model", beluga_response_model(r));
    beluga_json_begin_array(w, "output");
    put_output_text(w, r, line);
    put_output_calls(w, r);
    beluga_json_end_array(w);
    put_usage(w, r, "input_tokens", "output_tokens");
}

/* ---- failures -------------------------------------------------------------------------------- */

static void put_cause(beluga_json_writer *w, const beluga_error *err, const char *type)
{
    beluga_json_begin_object(w, "error");
    beluga_json_put_string(w, "message", *err->cause ? err->cause : err->message);
    if (type) beluga_json_put_string(w, "type", type);
    beluga_json_put_string(
        w, "code", type && *err->provider_code ? err->provider_code : beluga_error_name(err->code));
    beluga_json_end_object(w);
}

/* A service that answered has a status; else nothing has come. */
static void put_failure(beluga_json_writer *w, const beluga_error *err)
{
    if (!err->http_status) {
        beluga_json_put_null(w, "response");
        put_cause(w, err, NULL);
        return;
    }
    beluga_json_begin_object(w, "response");
    beluga_json_put_int(w, "status_code", err->http_status);
    beluga_json_put_string(w, "request_id", err->request_id);
    beluga_json_begin_object(w, "body");
    put_cause(w, err, beluga_error_name(err->code));
    beluga_json_end_object(w);
    beluga_json_end_object(w);
    beluga_json_put_null(w, "error");
}

/* ---- both ------------------------------------------------------------------------------------ */

static void put_answer(beluga_json_writer *w, const batch_result_source *s,
                       const beluga_response *r)
{
    beluga_json_begin_object(w, "response");
    beluga_json_put_int(w, "status_code", 200);
    beluga_json_put_string(w, "request_id", beluga_response_request_id(r));
    beluga_json_begin_object(w, "body");
    if (s->api == BATCH_API_RESPONSES)
        put_response(w, r, s->line);
    else
        put_chat(w, r, s->line);
    beluga_json_end_object(w);
    beluga_json_end_object(w);
    beluga_json_put_null(w, "error");
}

void batch_openai_put(beluga_json_writer *w, const batch_result_source *source,
                      const beluga_batch_result *result)
{
    made_id id;
    beluga_json_put_string(w, "id", make_id(id, "batch_req", source->line));
    beluga_json_put_string(w, "custom_id", source->id);
    if (result->response)
        put_answer(w, source, result->response);
    else
        put_failure(w, &result->error);
}
