#include "providers/gemini/gemini.h"

#include <stdio.h>
#include <string.h>

/* ---- the path -------------------------------------------------------------------------------- */

/* The variable GOOGLE_GEMINI_BASE_URL holds no version, but people copy addresses that do. */
static bool ends_in_version(const char *url)
{
    size_t n = strcspn(url, "?");
    while (n && url[n - 1] != '/') n--;
    return n && url[n] == 'v' && url[n + 1] >= '1' && url[n + 1] <= '9';
}

static const char *version(beluga_http_request *request)
{
    beluga_http_request_set_path(request, "");
    const char *url = beluga_http_request_url(request);
    return url && ends_in_version(url) ? "" : "/v1beta";
}

/* Models are named "models/…", or by others' collections, such as "tunedModels/…". */
static const char *collection_of(const char **model)
{
    static const char *const collections[] = {"models/", "tunedModels/"};
    for (size_t i = 0; i < sizeof collections / sizeof *collections; i++) {
        size_t n = strlen(collections[i]);
        if (strncmp(*model, collections[i], n) != 0) continue;
        *model += n;
        return collections[i];
    }
    return collections[0];
}

static int set_path(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    char name[768], path[1024];
    bool streamed = beluga_call_is_streamed(call);
    const char *model = beluga_call_model(call), *collection = collection_of(&model);
    if (!beluga__percent_encode(model, name, sizeof name))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "the model's name is too long");
    snprintf(path, sizeof path, "%s/%s%s:%s", version(request), collection, name,
             streamed ? "streamGenerateContent" : "generateContent");
    beluga_http_request_set_path(request, path);
    if (streamed) beluga_http_request_add_query(request, "alt", "sse");
    return 0;
}

/* ---- tools ----------------------------------------------------------------------------------- */

static void put_declaration(beluga__gemini_encoder *e, const beluga_tool *tool)
{
    size_t length;
    const char *parameters = beluga_tool_parameters(tool, &length);
    const char *description = beluga_tool_description(tool);
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "name", beluga_tool_name(tool));
    if (*description) beluga_json_put_string(e->w, "description", description);
    beluga_json_put_raw(e->w, "parametersJsonSchema", parameters, length);
    beluga_json_end_object(e->w);
}

static void put_declarations(beluga__gemini_encoder *e)
{
    if (!beluga__body_wants(&e->body, "tools")) return;
    beluga_json_begin_array(e->w, "tools");
    beluga_json_begin_object(e->w, NULL);
    beluga_json_begin_array(e->w, "functionDeclarations");
    for (size_t i = 0, n = beluga_call_tool_count(e->call); i < n; i++)
        put_declaration(e, beluga_call_tool(e->call, i));
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

/* VALIDATED is AUTO with arguments that fit their schema; ANY holds to it already. */
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

static void put_tools(beluga__gemini_encoder *e)
{
    const char *choice = beluga_call_get_string(e->call, BELUGA_OPTION_TOOL_CHOICE, NULL);
    bool parallel = true;
    if (!beluga_call_tool_count(e->call)) {
        if (choice && strcmp(choice, "none") != 0)
            beluga_http_request_warn(e->request, "tool_choice is not sent: no tools are bound");
        return;
    }
    put_declarations(e);
    put_tool_config(e, choice);
    if (beluga_call_get_bool(e->call, BELUGA_OPTION_PARALLEL_TOOL_CALLS, &parallel) && !parallel)
        beluga_http_request_warn(e->request, "parallel_tool_calls is not sent: Gemini can't be "
                                             "told to call one tool at a time");
}

/* ---- the request ----------------------------------------------------------------------------- */

static void warn(const beluga__gemini_encoder *e)
{
    if (beluga_call_get_string(e->call, BELUGA_OPTION_USER, NULL))
        beluga_http_request_warn(e->request, "user is not sent: Gemini has no place for it");
    if (beluga_call_get_string(e->call, BELUGA_OPTION_RESPONSE_SCHEMA_NAME, NULL))
        beluga_http_request_warn(e->request,
                                 "response_schema_name is not sent: Gemini has no place for it");
    beluga__warn_cache_marks(e->call, e->request);
}

int beluga__gemini_encode_request(const beluga_call *call, beluga_http_request *request,
                                  beluga_error *err)
{
    beluga__gemini_encoder e = {.call = call, .request = request, .err = err};
    int code = set_path(call, request, err);
    if (!code) code = beluga__body_begin(&e.body, call, request, err);
    if (code) return code;
    e.w = e.body.writer;
    beluga__gemini_put_system(&e);
    beluga__gemini_put_contents(&e);
    put_tools(&e);
    beluga__gemini_put_generation_config(&e);
    warn(&e);
    code = beluga__body_end(&e.body, e.status ? NULL : err);
    return e.status ? e.status : code;
}

int beluga__gemini_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                      beluga_error *err)
{
    char path[32];
    const char *page = beluga_call_page(call);
    (void)err;
    snprintf(path, sizeof path, "%s/models", version(request));
    beluga_http_request_set_method(request, "GET");
    beluga_http_request_set_path(request, path);
    beluga_http_request_add_query(request, "pageSize", "1000");
    if (page) beluga_http_request_add_query(request, "pageToken", page);
    return 0;
}
