#include "providers/gemini/gemini.h"

#include <string.h>

/* ---- tools ----------------------------------------------------------------------------------- */

static void put_declarations(beluga__gemini_encoder *e)
{
    if (!beluga__body_wants(&e->body, "tools")) return;
    beluga_json_begin_array(e->w, "tools");
    beluga_json_begin_object(e->w, NULL);
    beluga_json_begin_array(e->w, "functionDeclarations");
    for (size_t i = 0, n = beluga_call_tool_count(e->call); i < n; i++) {
        beluga_json_begin_object(e->w, NULL);
        beluga__put_tool_members(e->w, beluga_call_tool(e->call, i), "parametersJsonSchema");
        beluga_json_end_object(e->w);
    }
    beluga_json_end_array(e->w);
    beluga_json_end_object(e->w);
    beluga_json_end_array(e->w);
}

static bool any_strict(const beluga_call *call)
{
    for (size_t i = 0, n = beluga_call_tool_count(call); i < n; i++)
        if (beluga_tool_is_strict(beluga_call_tool(call, i))) return true;
    return false;
}

/* Returns the API's word for a tool choice. VALIDATED is like AUTO, but makes the arguments fit
 * their schema; ANY always enforces the schema. */
static const char *mode_of(const beluga_call *call, const char *choice)
{
    if (!choice || strcmp(choice, "auto") == 0)
        return any_strict(call) ? "VALIDATED" : choice ? "AUTO" : NULL;
    return strcmp(choice, "none") == 0 ? "NONE" : "ANY";
}

static void put_tool_config(beluga__gemini_encoder *e, const char *choice)
{
    const char *mode = mode_of(e->call, choice);
    if (!mode || !beluga__body_wants(&e->body, "toolConfig")) return;
    beluga_json_begin_object(e->w, "toolConfig");
    beluga_json_begin_object(e->w, "functionCallingConfig");
    beluga_json_put_string(e->w, "mode", mode);
    if (strcmp(mode, "ANY") == 0 && strcmp(choice, "required") != 0) {
        beluga_json_begin_array(e->w, "allowedFunctionNames");
        beluga_json_put_string(e->w, NULL, choice);
        beluga_json_end_array(e->w);
    }
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
}

void beluga__gemini_put_tools(beluga__gemini_encoder *e)
{
    const char *choice;
    bool parallel = true;
    if (!beluga__has_tools(&e->base, &choice)) return;
    put_declarations(e);
    put_tool_config(e, choice);
    if (beluga_call_get_bool(e->call, BELUGA_OPTION_PARALLEL_TOOL_CALLS, &parallel) && !parallel)
        beluga_http_request_warn(e->request, "parallel_tool_calls is not sent: Gemini can't be "
                                             "told to call one tool at a time");
}

/* ---- the request ----------------------------------------------------------------------------- */

static void warn(beluga__gemini_encoder *e)
{
    if (beluga__is_schema_loose(e->call))
        beluga_http_request_warn(e->request, "response_schema_strict false is not sent: Gemini "
                                             "always holds to a schema");
    beluga__warn_cache_marks(e->call, e->request);
}

int beluga__gemini_encode_request(const beluga_call *call, beluga_http_request *request,
                                  beluga_error *err)
{
    beluga__gemini_encoder e = {.turn = 0};
    bool streamed = beluga_call_is_streamed(call);
    int code = beluga__gemini_set_path(call, request,
                                       streamed ? "streamGenerateContent" : "generateContent", err);
    if (streamed) beluga_http_request_add_query(request, "alt", "sse");
    if (!code) code = beluga__encoder_begin(&e.base, call, request, err);
    if (code) return code;
    beluga__gemini_put_system(&e);
    beluga__gemini_put_contents(&e);
    beluga__gemini_put_tools(&e);
    beluga__gemini_put_generation_config(&e);
    warn(&e);
    return beluga__encoder_end(&e.base);
}
