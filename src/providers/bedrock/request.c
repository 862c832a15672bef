#include "providers/bedrock/bedrock.h"
#include "providers/embed.h"

#include <stdio.h>
#include <string.h>

/* MAX_MODEL: bytes of an encoded model id. ROOM: tokens of an answer, not counting its thinking. */
enum { MAX_MODEL = 2048 * 3, ROOM = 4096 };

/* ---- tools ----------------------------------------------------------------------------------- */

/* Write a tool. An empty description is left out. */
static void put_tool_spec(beluga__claude_encoder *e, const char *name, const char *description,
                          const char *schema, size_t length, bool strict)
{
    beluga_json_begin_object(e->w, NULL);
    beluga_json_begin_object(e->w, "toolSpec");
    beluga_json_put_string(e->w, "name", name);
    if (*description) beluga_json_put_string(e->w, "description", description);
    beluga_json_begin_object(e->w, "inputSchema");
    beluga_json_put_raw(e->w, "json", schema, length);
    beluga_json_end_object(e->w);
    if (strict) beluga_json_put_bool(e->w, "strict", true);
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
}

static bool is_none(const char *choice)
{
    return choice && strcmp(choice, "none") == 0;
}

static void put_choice(beluga__claude_encoder *e, beluga__body *config, const char *choice)
{
    bool automatic = strcmp(choice, "auto") == 0;
    bool named = !automatic && strcmp(choice, "required") != 0;
    if (!beluga__body_wants(config, "toolChoice")) return;
    beluga_json_begin_object(e->w, "toolChoice");
    beluga_json_begin_object(e->w, named ? "tool" : automatic ? "auto" : "any");
    if (named) beluga_json_put_string(e->w, "name", choice);
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
}

/* Returns whether tools must be sent, since the API refuses a conversation with tool calls or
 * results if the request has no tools. */
static bool needs_tools(const beluga_call *call)
{
    for (size_t i = 0, n = beluga_call_message_count(call); i < n; i++) {
        const beluga_message *message = beluga_call_message(call, i);
        if (beluga_message_role(message) == BELUGA_ROLE_TOOL ||
            beluga__has_part(message, BELUGA_PART_TOOL_CALL))
            return true;
    }
    return false;
}

enum { KNOWN_NAMES = 64 };

typedef struct known_names {
    uint64_t hashes[KNOWN_NAMES];
    size_t n;
} known_names;

static void put_called_tool(beluga__claude_encoder *e, const char *name, known_names *known)
{
    static const char schema[] = "{\"type\":\"object\"}";
    char fitted[BELUGA__FITTED];
    name = beluga__fit_word(name, BELUGA__BEDROCK_ID, fitted);
    uint64_t hash = beluga__hash(name);
    for (size_t i = 0; i < known->n; i++)
        if (known->hashes[i] == hash) return;
    if (known->n == KNOWN_NAMES) return;
    known->hashes[known->n++] = hash;
    put_tool_spec(e, name, "", schema, sizeof schema - 1, false);
}

/* Write the tools that earlier answers called, since none are bound and the API requires them. */
static void put_called_tools(beluga__claude_encoder *e)
{
    known_names known = {.n = 0};
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++) {
        const beluga_message *message = beluga_call_message(e->call, i);
        for (size_t k = 0; k < beluga_message_count(message); k++) {
            const beluga_part *part = beluga_message_part(message, k);
            if (part->kind == BELUGA_PART_TOOL_CALL) put_called_tool(e, part->name, &known);
        }
    }
    if (!known.n) put_called_tool(e, "tool", &known);
    beluga_http_request_warn(e->request, "the tools that were called before are sent with their "
                                         "names only: none are bound, and bedrock requires them");
}

static void put_tool_list(beluga__claude_encoder *e, beluga__body *config)
{
    size_t n = beluga_call_tool_count(e->call);
    if (!beluga__body_wants(config, "tools")) return;
    beluga_json_begin_array(e->w, "tools");
    for (size_t i = 0; i < n; i++) {
        size_t length;
        const beluga_tool *tool = beluga_call_tool(e->call, i);
        const char *schema = beluga_tool_parameters(tool, &length);
        put_tool_spec(e, beluga_tool_name(tool), beluga_tool_description(tool), schema, length,
                      beluga_tool_is_strict(tool));
    }
    if (!n) put_called_tools(e);
    beluga_json_end_array(e->w);
}

/* Returns whether the caller wants only one tool call at a time. A field for Claude alone requests
 * this, and Converse refuses that field together with its own tool choice. */
static bool wants_one_at_a_time(const beluga__claude_encoder *e)
{
    bool parallel = true;
    beluga_call_get_bool(e->call, BELUGA_OPTION_PARALLEL_TOOL_CALLS, &parallel);
    return !parallel && beluga_call_tool_count(e->call) > 0;
}

/* Returns whether tools are sent. Converse has no choice "none", but without tools in the request a
 * model can't call any. */
static bool wants_tools(beluga__claude_encoder *e, const char *choice)
{
    bool needed = needs_tools(e->call);
    if (choice && !is_none(choice) && !beluga_call_tool_count(e->call))
        beluga_http_request_warn(e->request, "tool_choice is not sent: no tools are bound");
    if (is_none(choice) && needed)
        beluga_http_request_warn(e->request, "tool_choice none is not sent: bedrock does not have "
                                             "it, and requires the tools that were called before");
    return needed || (beluga_call_tool_count(e->call) > 0 && !is_none(choice));
}

static void put_tools(beluga__claude_encoder *e)
{
    const char *choice = beluga_call_get_string(e->call, BELUGA_OPTION_TOOL_CHOICE, NULL);
    bool bound = beluga_call_tool_count(e->call) > 0, alone = wants_one_at_a_time(e);
    beluga__body config;
    if (!wants_tools(e, choice)) return;
    beluga__body_begin_object(&e->body, "toolConfig", &config);
    put_tool_list(e, &config);
    if (choice && bound && !is_none(choice) && !(alone && e->model.known))
        put_choice(e, &config, choice);
    beluga__encoder_end_object(&e->base, &config);
    if (alone && !e->model.known)
        beluga_http_request_warn(e->request,
                                 "parallel_tool_calls is not sent: Converse has no such field");
}

static void put_one_at_a_time(beluga__claude_encoder *e, beluga__body *additional)
{
    const char *choice = beluga_call_get_string(e->call, BELUGA_OPTION_TOOL_CHOICE, NULL);
    const char *type = beluga__claude_choice(choice);
    if (!e->model.known || !wants_one_at_a_time(e) || is_none(choice) ||
        !beluga__body_wants(additional, "tool_choice"))
        return;
    beluga_json_begin_object(e->w, "tool_choice");
    beluga_json_put_string(e->w, "type", type);
    if (strcmp(type, "tool") == 0) beluga_json_put_string(e->w, "name", choice);
    beluga_json_put_bool(e->w, "disable_parallel_tool_use", true);
    beluga_json_end_object(e->w);
}

/* ---- options --------------------------------------------------------------------------------- */

/* Options for which Converse has no field. */
static const beluga_option_field missing[] = {
    BELUGA__NO_SEED_NO_PENALTIES, {.key = BELUGA_OPTION_USER}, {.key = BELUGA_OPTION_END}};

/* Write limits and sampling. A thinking budget must be below the limit of the answer, and
 * Converse's default limit is below most budgets. So a request with a budget always has a limit. */
static void put_inference(beluga__claude_encoder *e, const beluga__claude_sampling *send)
{
    beluga__body object;
    int64_t most = e->model.max_tokens, tokens = ROOM + e->plan.budget;
    beluga__body_begin_object(&e->body, "inferenceConfig", &object);
    beluga__body_put(&object, "maxTokens", e->call, BELUGA_OPTION_MAX_TOKENS);
    if (!e->plan.max_tokens && e->plan.budget && beluga__body_wants(&object, "maxTokens"))
        beluga_json_put_int(e->w, "maxTokens", most && tokens > most ? most : tokens);
    if (send->temperature) beluga__claude_put_temperature(e, &object);
    if (send->top_p) beluga__body_put(&object, "topP", e->call, BELUGA_OPTION_TOP_P);
    beluga__body_put_stops(&object, "stopSequences", e->call, e->request);
    beluga__encoder_end_object(&e->base, &object);
}

/* Write top_k, for which each family of models has its own name. */
static void put_top_k(beluga__claude_encoder *e, beluga__body *object)
{
    beluga__body inference;
    if (e->model.known || beluga__bedrock_is_model(e, "mistral.")) {
        beluga__body_put(object, "top_k", e->call, BELUGA_OPTION_TOP_K);
    } else if (beluga__bedrock_is_model(e, "cohere.")) {
        beluga__body_put(object, "k", e->call, BELUGA_OPTION_TOP_K);
    } else if (beluga__bedrock_is_model(e, "amazon.nova")) {
        beluga__body_begin_object(object, "inferenceConfig", &inference);
        beluga__body_put(&inference, "topK", e->call, BELUGA_OPTION_TOP_K);
        beluga__encoder_end_object(&e->base, &inference);
    } else {
        beluga_http_request_warn(e->request,
                                 "top_k is not sent: it is not known how this model calls "
                                 "it (extra_body: additionalModelRequestFields)");
    }
}

/* Warn about options for thinking that are not sent. Models other than Claude accept only an
 * effort. */
static void warn_of_thinking(beluga__claude_encoder *e)
{
    int64_t effort = BELUGA_REASONING_EFFORT_LOW, budget;
    bool has_budget = beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_BUDGET, &budget);
    beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_EFFORT, &effort);
    if (has_budget || effort == BELUGA_REASONING_EFFORT_NONE)
        beluga_http_request_warn(e->request,
                                 "%s is not sent: it is not known how this model calls it",
                                 has_budget ? "reasoning_budget" : "reasoning_effort none");
}

static void put_additional(beluga__claude_encoder *e, const beluga__claude_sampling *send)
{
    beluga__body object;
    beluga__body_begin_object(&e->body, "additionalModelRequestFields", &object);
    if (send->top_k) put_top_k(e, &object);
    if (e->model.known) beluga__claude_put_thinking(e, &object);
    put_one_at_a_time(e, &object);
    beluga__encoder_end_object(&e->base, &object);
    if (!e->model.known) warn_of_thinking(e);
}

/* Write the schema of the answer, which the API expects as a string. */
static void put_schema(beluga__claude_encoder *e, const char *schema, size_t length)
{
    const char *name = beluga_call_get_string(e->call, BELUGA_OPTION_RESPONSE_SCHEMA_NAME, NULL);
    beluga_json_begin_object(e->w, "textFormat");
    beluga_json_put_string(e->w, "type", "json_schema");
    beluga_json_begin_object(e->w, "structure");
    beluga_json_begin_object(e->w, "jsonSchema");
    beluga_json_put_string_n(e->w, "schema", schema, length);
    beluga_json_put_string(e->w, "name", name ? name : "answer");
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
}

/* Write the effort. The lowest one is "low"; warn_of_thinking warns about "none". */
static void put_effort(beluga__claude_encoder *e, beluga__body *object)
{
    int64_t effort = BELUGA_REASONING_EFFORT_NONE;
    const char *word = e->plan.effort;
    beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_EFFORT, &effort);
    if (!e->model.known && effort != BELUGA_REASONING_EFFORT_NONE) {
        bool minimal = effort == BELUGA_REASONING_EFFORT_MINIMAL;
        if (minimal)
            beluga_http_request_warn(
                e->request,
                "reasoning_effort minimal is sent as low, the nearest that bedrock has");
        word = beluga__reasoning_effort_name(minimal ? BELUGA_REASONING_EFFORT_LOW : effort);
    }
    if (word && beluga__body_wants(object, "effort")) beluga_json_put_string(e->w, "effort", word);
}

static void put_output(beluga__claude_encoder *e)
{
    beluga__answer_form form = beluga__answer_form_of(e->call);
    beluga__body object;
    beluga__body_begin_object(&e->body, "outputConfig", &object);
    if (form.schema && beluga__body_wants(&object, "textFormat"))
        put_schema(e, form.schema, form.n_schema);
    put_effort(e, &object);
    beluga__encoder_end_object(&e->base, &object);
    if (form.is_json && !form.schema)
        beluga_http_request_warn(e->request, "json_mode is not sent: Converse has only schemas");
    if (form.schema && beluga__is_schema_loose(e->call))
        beluga_http_request_warn(e->request,
                                 "response_schema_strict is on: Converse enforces every schema");
}

/* ---- the request ----------------------------------------------------------------------------- */

/* Set the path. The model is encoded, since its id contains colons, and an ARN also slashes. */
static int set_path(const beluga_call *call, beluga_http_request *request, const char *action,
                    beluga_error *err)
{
    char model[MAX_MODEL], path[MAX_MODEL + 32];
    const char *region = beluga__bedrock_region(call);
    int code =
        beluga_http_encode_segment("model_name", beluga_call_model(call), model, sizeof model, err);
    if (code) return code;
    snprintf(path, sizeof path, "/model/%s/%s", model, action);
    beluga_http_request_set_path(request, path);
    return region ? beluga__bedrock_set_region(request, region, err) : 0;
}

int beluga__bedrock_encode_request(const beluga_call *call, beluga_http_request *request,
                                   beluga_error *err)
{
    beluga__bedrock_documents documents = {.n = 0};
    beluga__claude_encoder e = {.protocol = &beluga__bedrock_protocol, .documents = &documents};
    bool streamed = beluga_call_is_streamed(call);
    int code = set_path(call, request, streamed ? "converse-stream" : "converse", err);
    if (!code) code = beluga__encoder_begin(&e.base, call, request, err);
    if (code) return code;
    e.model = beluga__claude_of(beluga_call_model(call));
    if (e.model.known) e.plan = beluga__claude_plan_of(call, request, &e.model, ROOM);
    beluga__claude_sampling send =
        beluga__claude_sampling_of(call, request, &e.model, beluga__claude_thinks(&e.plan));
    beluga__bedrock_put_messages(&e);
    put_inference(&e, &send);
    put_tools(&e);
    put_output(&e);
    put_additional(&e, &send);
    beluga__body_put_options(&e.body, call, missing);
    return beluga__encoder_end(&e.base);
}

int beluga__bedrock_encode_count(const beluga_call *call, beluga_http_request *request,
                                 beluga_error *err)
{
    beluga__bedrock_documents documents = {.n = 0};
    beluga__claude_encoder e = {.protocol = &beluga__bedrock_protocol, .documents = &documents};
    int code = set_path(call, request, "count-tokens", err);
    if (!code) code = beluga__encoder_begin(&e.base, call, request, err);
    if (code) return code;
    e.model = beluga__claude_of(beluga_call_model(call));
    beluga_json_begin_object(e.w, "input");
    beluga_json_begin_object(e.w, "converse");
    beluga__bedrock_put_messages(&e);
    put_tools(&e);
    beluga_json_end_object(e.w);
    beluga_json_end_object(e.w);
    return beluga__encoder_end(&e.base);
}

/* Write the texts and options of a request for embeddings. Titan's models accept one text; Cohere's
 * models accept a list, like Cohere's own API. */
static int put_embed(beluga__embed_request *e)
{
    static const char *const types[] = {"search_query", "search_document", "clustering",
                                        "classification", "clustering"};
    size_t length = 0;
    const char *text = beluga_call_input(e->call, 0, &length);
    if (strstr(beluga_call_model(e->call), "cohere.")) {
        const char *type = beluga__embed_type(e, types, "Cohere");
        beluga__embed_put_inputs(e, "texts");
        if (beluga__body_wants(&e->body, "input_type"))
            beluga_json_put_string(e->w, "input_type", type ? type : "search_document");
        beluga__body_put(&e->body, "output_dimension", e->call, BELUGA_OPTION_DIMENSIONS);
        return 0;
    }
    beluga__embed_type(e, NULL, "Titan");
    if (beluga__body_wants(&e->body, "inputText"))
        beluga_json_put_string_n(e->w, "inputText", text, length);
    beluga__body_put(&e->body, "dimensions", e->call, BELUGA_OPTION_DIMENSIONS);
    if (beluga_call_input_count(e->call) == 1) return 0;
    return beluga_error_set(e->err, BELUGA_ERROR_INVALID_INPUT,
                            "this model embeds one text in a request: leave max_inputs at 1");
}

int beluga__bedrock_encode_embed(const beluga_call *call, beluga_http_request *request,
                                 beluga_error *err)
{
    beluga__embed_request e;
    int code = set_path(call, request, "invoke", err);
    if (!code) code = beluga__embed_begin(&e, call, request, err);
    if (code) return code;
    code = put_embed(&e);
    int ended = beluga__embed_end(&e);
    return code ? code : ended;
}

/* Write the request for the list of models. Amazon's server for it is named "bedrock.…", not
 * "bedrock-runtime.…". */
int beluga__bedrock_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                       beluga_error *err)
{
    static const char path[] = "/foundation-models";
    const char *region = beluga__bedrock_region(call);
    int code = 0;
    beluga_http_request_set_method(request, "GET");
    beluga_http_request_set_path(request, path);
    if (strncmp(beluga_http_request_url(request), BELUGA__BEDROCK_URL,
                sizeof BELUGA__BEDROCK_URL - 1) == 0)
        beluga_http_request_set_url(request, "https://bedrock." BELUGA__BEDROCK_REGION
                                             ".amazonaws.com/foundation-models");
    if (region) code = beluga__bedrock_set_region(request, region, err);
    beluga_http_request_add_query(request, "byOutputModality", "TEXT");
    return code;
}
