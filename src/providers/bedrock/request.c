#include "providers/bedrock/bedrock.h"

#include <stdio.h>
#include <string.h>

enum { MAX_MODEL = 2048 * 3, ROOM = 4096 }; /* of an answer, beside what is thought */

bool beluga__bedrock_is_model(const beluga__bedrock_encoder *e, const char *family)
{
    return strstr(beluga_call_model(e->call), family) != NULL;
}

static void end_object(beluga__bedrock_encoder *e, beluga__body *object)
{
    if (beluga__body_end_object(object))
        beluga__bedrock_fail(e, BELUGA_ERROR_NO_MEMORY, "no memory for extra_body");
}

/* ---- tools ----------------------------------------------------------------------------------- */

static void put_tool(beluga__bedrock_encoder *e, const beluga_tool *tool)
{
    size_t length;
    const char *parameters = beluga_tool_parameters(tool, &length);
    const char *description = beluga_tool_description(tool);
    beluga_json_begin_object(e->w, NULL);
    beluga_json_begin_object(e->w, "toolSpec");
    beluga_json_put_string(e->w, "name", beluga_tool_name(tool));
    if (*description) beluga_json_put_string(e->w, "description", description);
    beluga_json_begin_object(e->w, "inputSchema");
    beluga_json_put_raw(e->w, "json", parameters, length);
    beluga_json_end_object(e->w);
    if (beluga_tool_is_strict(tool)) beluga_json_put_bool(e->w, "strict", true);
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
}

static bool is_none(const char *choice)
{
    return choice && strcmp(choice, "none") == 0;
}

static void put_choice(beluga__bedrock_encoder *e, beluga__body *config, const char *choice)
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

static bool has_tool_blocks(const beluga_message *message)
{
    if (beluga_message_role(message) == BELUGA_ROLE_TOOL) return true;
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++)
        if (beluga_message_part(message, i)->kind == BELUGA_PART_TOOL_CALL) return true;
    return false;
}

/* A history with calls is refused without tools. */
static bool needs_tools(const beluga_call *call)
{
    for (size_t i = 0, n = beluga_call_message_count(call); i < n; i++)
        if (has_tool_blocks(beluga_call_message(call, i))) return true;
    return false;
}

enum { KNOWN_NAMES = 64 };

struct names {
    uint64_t hashes[KNOWN_NAMES];
    size_t n;
};

static void put_called_tool(beluga__bedrock_encoder *e, const char *name, struct names *known)
{
    char fitted[BELUGA__FITTED];
    uint64_t hash = beluga__hash(name = beluga__fit_word(name, BELUGA__BEDROCK_ID, fitted));
    for (size_t i = 0; i < known->n; i++)
        if (known->hashes[i] == hash) return;
    if (known->n == KNOWN_NAMES) return;
    known->hashes[known->n++] = hash;
    beluga_json_begin_object(e->w, NULL);
    beluga_json_begin_object(e->w, "toolSpec");
    beluga_json_put_string(e->w, "name", name);
    beluga_json_begin_object(e->w, "inputSchema");
    beluga_json_put_raw(e->w, "json", "{\"type\":\"object\"}", strlen("{\"type\":\"object\"}"));
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
}

/* Tools that nobody bound, but the history has calls of. */
static void put_called_tools(beluga__bedrock_encoder *e)
{
    struct names known = {.n = 0};
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++) {
        const beluga_message *message = beluga_call_message(e->call, i);
        for (size_t k = 0; k < beluga_message_count(message); k++) {
            const beluga_part *part = beluga_message_part(message, k);
            if (part->kind == BELUGA_PART_TOOL_CALL) put_called_tool(e, part->name, &known);
        }
    }
    if (!known.n) put_called_tool(e, "tool", &known);
    beluga_http_request_warn(e->request, "the tools that were called before are sent by their "
                                         "names: none are bound, and bedrock wants them");
}

static void put_tool_list(beluga__bedrock_encoder *e, beluga__body *config)
{
    size_t n = beluga_call_tool_count(e->call);
    if (!beluga__body_wants(config, "tools")) return;
    beluga_json_begin_array(e->w, "tools");
    for (size_t i = 0; i < n; i++) put_tool(e, beluga_call_tool(e->call, i));
    if (!n) put_called_tools(e);
    beluga_json_end_array(e->w);
}

/* Claude is told by a field of its own, which may not be there beside Converse's. */
static bool wants_one_at_a_time(const beluga__bedrock_encoder *e)
{
    bool parallel = true;
    beluga_call_get_bool(e->call, BELUGA_OPTION_PARALLEL_TOOL_CALLS, &parallel);
    return !parallel && beluga_call_tool_count(e->call) > 0;
}

/* There is no "none", but tools that are not sent are not called. */
static bool wants_tools(beluga__bedrock_encoder *e, const char *choice)
{
    bool needed = needs_tools(e->call);
    if (choice && !is_none(choice) && !beluga_call_tool_count(e->call))
        beluga_http_request_warn(e->request, "tool_choice is not sent: no tools are bound");
    if (is_none(choice) && needed)
        beluga_http_request_warn(e->request,
                                 "tool_choice none is not sent: bedrock has none, and wants "
                                 "the tools that were called before");
    return needed || (beluga_call_tool_count(e->call) > 0 && !is_none(choice));
}

static void put_tools(beluga__bedrock_encoder *e)
{
    const char *choice = beluga_call_get_string(e->call, BELUGA_OPTION_TOOL_CHOICE, NULL);
    bool bound = beluga_call_tool_count(e->call) > 0, alone = wants_one_at_a_time(e);
    beluga__body config;
    if (!wants_tools(e, choice)) return;
    beluga__body_begin_object(&e->body, "toolConfig", &config);
    put_tool_list(e, &config);
    if (choice && bound && !is_none(choice) && !(alone && e->model.known))
        put_choice(e, &config, choice);
    end_object(e, &config);
    if (alone && !e->model.known)
        beluga_http_request_warn(e->request, "parallel_tool_calls is not sent: Converse has none");
}

/* "auto", "any" or "tool" of Claude's own. */
static void put_one_at_a_time(beluga__bedrock_encoder *e, beluga__body *additional)
{
    const char *choice = beluga_call_get_string(e->call, BELUGA_OPTION_TOOL_CHOICE, NULL);
    if (!e->model.known || !wants_one_at_a_time(e) || is_none(choice) ||
        !beluga__body_wants(additional, "tool_choice"))
        return;
    bool is_auto = !choice || strcmp(choice, "auto") == 0;
    bool any = !is_auto && strcmp(choice, "required") == 0;
    beluga_json_begin_object(e->w, "tool_choice");
    beluga_json_put_string(e->w, "type", is_auto ? "auto" : any ? "any" : "tool");
    if (!is_auto && !any) beluga_json_put_string(e->w, "name", choice);
    beluga_json_put_bool(e->w, "disable_parallel_tool_use", true);
    beluga_json_end_object(e->w);
}

/* ---- options --------------------------------------------------------------------------------- */

static void put_temperature(beluga__bedrock_encoder *e, beluga__body *object)
{
    double value;
    if (!beluga_call_get_double(e->call, BELUGA_OPTION_TEMPERATURE, &value) ||
        !beluga__body_wants(object, "temperature"))
        return;
    if (value > 1)
        beluga_http_request_warn(e->request, "temperature %g is sent as 1: bedrock takes 0 to 1",
                                 value);
    beluga_json_put_double(e->w, "temperature", value > 1 ? 1 : value);
}

/* A budget needs to be less than what the answer may have in all, and Converse's own idea of that
 * is less than most budgets. */
static void put_inference(beluga__bedrock_encoder *e, const beluga__claude_sampling *send)
{
    beluga__body object;
    int64_t most = e->model.max_tokens, tokens = ROOM + e->plan.budget;
    beluga__body_begin_object(&e->body, "inferenceConfig", &object);
    beluga__body_put_int(&object, "maxTokens", e->call, BELUGA_OPTION_MAX_TOKENS);
    if (!e->plan.max_tokens && e->plan.budget && beluga__body_wants(&object, "maxTokens"))
        beluga_json_put_int(e->w, "maxTokens", most && tokens > most ? most : tokens);
    if (send->temperature) put_temperature(e, &object);
    if (send->top_p) beluga__body_put_double(&object, "topP", e->call, BELUGA_OPTION_TOP_P);
    beluga__body_put_stops(&object, "stopSequences", e->call, e->request);
    end_object(e, &object);
}

/* Each family has its own name for it. */
static void put_top_k(beluga__bedrock_encoder *e, beluga__body *object)
{
    beluga__body inference;
    if (e->model.known || beluga__bedrock_is_model(e, "mistral.")) {
        beluga__body_put_int(object, "top_k", e->call, BELUGA_OPTION_TOP_K);
    } else if (beluga__bedrock_is_model(e, "cohere.")) {
        beluga__body_put_int(object, "k", e->call, BELUGA_OPTION_TOP_K);
    } else if (beluga__bedrock_is_model(e, "amazon.nova")) {
        beluga__body_begin_object(object, "inferenceConfig", &inference);
        beluga__body_put_int(&inference, "topK", e->call, BELUGA_OPTION_TOP_K);
        end_object(e, &inference);
    } else {
        beluga_http_request_warn(e->request,
                                 "top_k is not sent: it is not known how this model calls "
                                 "it (extra_body: additionalModelRequestFields)");
    }
}

/* Others than Claude are told by their effort alone. */
static void warn_of_thinking(beluga__bedrock_encoder *e)
{
    int64_t effort = BELUGA_REASONING_EFFORT_LOW, budget;
    bool has_budget = beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_BUDGET, &budget);
    beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_EFFORT, &effort);
    if (has_budget || effort == BELUGA_REASONING_EFFORT_NONE)
        beluga_http_request_warn(e->request,
                                 "%s is not sent: it is not known how this model calls it",
                                 has_budget ? "reasoning_budget" : "reasoning_effort none");
}

static void put_thinking(beluga__bedrock_encoder *e, beluga__body *additional)
{
    const beluga__claude_plan *plan = &e->plan;
    beluga__body object;
    beluga__body_begin_object(additional, "thinking", &object);
    if (plan->mode && beluga__body_wants(&object, "type")) {
        beluga_json_put_string(e->w, "type", beluga__claude_mode_name(plan->mode));
        if (plan->mode == BELUGA__CLAUDE_ENABLED && beluga__body_wants(&object, "budget_tokens"))
            beluga_json_put_int(e->w, "budget_tokens", plan->budget);
        if (plan->mode == BELUGA__CLAUDE_ADAPTIVE && beluga__body_wants(&object, "display"))
            beluga_json_put_string(e->w, "display", "summarized");
    }
    end_object(e, &object);
}

static void put_additional(beluga__bedrock_encoder *e, const beluga__claude_sampling *send)
{
    beluga__body object;
    beluga__body_begin_object(&e->body, "additionalModelRequestFields", &object);
    if (send->top_k) put_top_k(e, &object);
    if (e->model.known) put_thinking(e, &object);
    put_one_at_a_time(e, &object);
    end_object(e, &object);
    if (!e->model.known) warn_of_thinking(e);
}

/* The schema goes as a text. */
static void put_schema(beluga__bedrock_encoder *e, const char *schema, size_t length)
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

/* "low" is the least there is; "none" is said elsewhere. */
static void put_effort(beluga__bedrock_encoder *e, beluga__body *object)
{
    int64_t effort = BELUGA_REASONING_EFFORT_NONE;
    const char *word = e->plan.effort;
    beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_EFFORT, &effort);
    if (!e->model.known && effort != BELUGA_REASONING_EFFORT_NONE) {
        bool minimal = effort == BELUGA_REASONING_EFFORT_MINIMAL;
        if (minimal)
            beluga_http_request_warn(e->request,
                                     "reasoning_effort minimal is sent as low, which bedrock has");
        word = beluga__reasoning_effort_name(minimal ? BELUGA_REASONING_EFFORT_LOW : effort);
    }
    if (word && beluga__body_wants(object, "effort")) beluga_json_put_string(e->w, "effort", word);
}

static void put_output(beluga__bedrock_encoder *e)
{
    size_t length;
    bool json_mode = false, strict = true;
    beluga__body object;
    beluga_call_get_bool(e->call, BELUGA_OPTION_RESPONSE_SCHEMA_STRICT, &strict);
    const char *schema = beluga_call_get_string(e->call, BELUGA_OPTION_RESPONSE_SCHEMA, &length);
    beluga__body_begin_object(&e->body, "outputConfig", &object);
    if (schema && beluga__body_wants(&object, "textFormat")) put_schema(e, schema, length);
    put_effort(e, &object);
    end_object(e, &object);
    if (beluga_call_get_bool(e->call, BELUGA_OPTION_JSON_MODE, &json_mode) && json_mode && !schema)
        beluga_http_request_warn(e->request, "json_mode is not sent: Converse has only schemas");
    if (schema && !strict)
        beluga_http_request_warn(e->request,
                                 "response_schema_strict is on: Converse enforces every schema");
}

static void warn_of(beluga__bedrock_encoder *e, bool is_set, const char *name)
{
    if (is_set) beluga_http_request_warn(e->request, "%s is not sent: Converse has none", name);
}

static void warn_of_rest(beluga__bedrock_encoder *e)
{
    const beluga_call *call = e->call;
    double number;
    int64_t integer;
    warn_of(e, beluga_call_get_int(call, BELUGA_OPTION_SEED, &integer), "seed");
    warn_of(e, beluga_call_get_double(call, BELUGA_OPTION_FREQUENCY_PENALTY, &number),
            "frequency_penalty");
    warn_of(e, beluga_call_get_double(call, BELUGA_OPTION_PRESENCE_PENALTY, &number),
            "presence_penalty");
    warn_of(e, beluga_call_get_string(call, BELUGA_OPTION_USER, NULL), "user");
}

/* ---- the request ----------------------------------------------------------------------------- */

/* An id has colons, and slashes where it is an ARN. */
static int set_path(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    char model[MAX_MODEL], path[MAX_MODEL + 32];
    const char *region = beluga__bedrock_region(call);
    int code =
        beluga_http_encode_segment("model_name", beluga_call_model(call), model, sizeof model, err);
    if (code) return code;
    snprintf(path, sizeof path, "/model/%s/converse%s", model,
             beluga_call_is_streamed(call) ? "-stream" : "");
    beluga_http_request_set_path(request, path);
    return region ? beluga__bedrock_set_region(request, region, err) : 0;
}

int beluga__bedrock_encode_request(const beluga_call *call, beluga_http_request *request,
                                   beluga_error *err)
{
    beluga__bedrock_encoder e = {.call = call, .request = request, .err = err};
    int code = set_path(call, request, err);
    if (!code) code = beluga__body_begin(&e.body, call, request, err);
    if (code) return code;
    e.w = e.body.writer;
    e.model = beluga__claude_of(beluga_call_model(call));
    if (e.model.known) e.plan = beluga__claude_plan_of(call, request, &e.model, ROOM);
    beluga__claude_sampling send =
        beluga__claude_sampling_of(call, request, &e.model, beluga__claude_thinks(&e.plan));
    beluga__bedrock_put_messages(&e);
    put_inference(&e, &send);
    put_tools(&e);
    put_output(&e);
    put_additional(&e, &send);
    warn_of_rest(&e);
    code = beluga__body_end(&e.body, e.status ? NULL : err);
    return e.status ? e.status : code;
}

/* The list is another service's, at a host of its own. */
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
