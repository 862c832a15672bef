/* A provider for IBM watsonx.ai, as a plug-in. Its API key can only be exchanged for a token
 * at IBM's identity service; the library requests the token, keeps it, and renews it.
 *
 *     cc -shared -fPIC watsonx.c $(pkg-config --cflags beluga-provider) -o watsonx.so
 *     export WATSONX_APIKEY=... WATSONX_PROJECT_ID=...
 *     beluga --plugin watsonx.so -m watsonx/ibm/granite-3-3-8b-instruct "Hello"
 *
 * It supports text, images and tools, streamed or not. WATSONX_URL chooses another region.
 */
#include <beluga/provider/provider.h>

#include <stdio.h>
#include <string.h>

#define TOKEN_URL   "https://iam.cloud.ibm.com/identity/token"
#define API_VERSION "2024-05-31"

/* ---- a key becomes a token ------------------------------------------------------------------- */

/* Tokens are JWTs, and keys are not. */
static bool is_token(const char *key)
{
    return strncmp(key, "eyJ", 3) == 0 && strchr(key, '.');
}

/* Write the request for a token. The library reads the answer itself, since it has OAuth's form. */
static int encode_token(void *self, const beluga_credential *credential, int64_t now,
                        beluga_http_request *request, beluga_error *err)
{
    static const char grant[] = "urn:ibm:params:oauth:grant-type:apikey";
    const char *url = TOKEN_URL;
    (void)self;
    (void)now;
    (void)err;
    if (is_token(credential->key)) return BELUGA_ENCODE_NOTHING;
    beluga_config_get_own_string(credential->config, "watsonx.token_url", &url, NULL);
    beluga_http_request_set_url(request, url);
    beluga_http_request_add_form_field(request, "grant_type", grant, sizeof grant - 1);
    beluga_http_request_add_form_field(request, "apikey", credential->key, strlen(credential->key));
    return 0;
}

/* ---- messages and tools ---------------------------------------------------------------------- */

static void put_image(beluga_json_writer *w, const beluga_part *part)
{
    char start[128];
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "type", "image_url");
    beluga_json_begin_object(w, "image_url");
    if (part->url)
        beluga_json_put_string(w, "url", part->url);
    else {
        snprintf(start, sizeof start, "data:%s;base64,",
                 part->media_type ? part->media_type : "image/png");
        beluga_json_put_base64(w, "url", start, part->data, part->data_length);
    }
    beluga_json_end_object(w);
    beluga_json_end_object(w);
}

static void put_parts(beluga_json_writer *w, const beluga_message *message,
                      beluga_http_request *request)
{
    const beluga_part *part;
    beluga_json_begin_array(w, "content");
    for (size_t i = 0; (part = beluga_message_part(message, i)) != NULL; i++) {
        if (part->kind == BELUGA_PART_IMAGE)
            put_image(w, part);
        else if (part->kind == BELUGA_PART_TEXT) {
            beluga_json_begin_object(w, NULL);
            beluga_json_put_string(w, "type", "text");
            beluga_json_put_string_n(w, "text", part->text, part->text_length);
            beluga_json_end_object(w);
        } else
            beluga_http_request_warn(request, "watsonx takes text and images only: a part was "
                                              "left out");
    }
    beluga_json_end_array(w);
}

static void put_call(beluga_json_writer *w, const beluga_part *call)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "id", call->id);
    beluga_json_put_string(w, "type", "function");
    beluga_json_begin_object(w, "function");
    beluga_json_put_string(w, "name", call->name);
    beluga_json_put_string_n(w, "arguments", call->text, call->text_length);
    beluga_json_end_object(w);
    beluga_json_end_object(w);
}

/* Write the text of the model's message, and the tools that it called. */
static void put_answer(beluga_json_writer *w, const beluga_message *message)
{
    const beluga_part *part;
    size_t length, calls = 0;
    const char *text = beluga_message_text(message, &length);
    for (size_t i = 0; (part = beluga_message_part(message, i)) != NULL; i++) {
        if (part->kind != BELUGA_PART_TOOL_CALL) continue;
        if (!calls++) beluga_json_begin_array(w, "tool_calls");
        put_call(w, part);
    }
    if (calls) beluga_json_end_array(w);
    if (length || !calls) beluga_json_put_string_n(w, "content", text, length);
}

/* Warn the caller of cache marks and of the error mark of a result, for which the service has no
 * fields. */
static void warn_of_marks(const beluga_message *message, beluga_http_request *request)
{
    const beluga_part *part;
    for (size_t i = 0; (part = beluga_message_part(message, i)) != NULL; i++)
        if (part->flags & BELUGA_PART_CACHE)
            beluga_http_request_warn(request, "marks for the cache have no effect on watsonx");
    if (beluga_message_is_tool_error(message))
        beluga_http_request_warn(
            request, "watsonx has no mark for failed tools: only the result's text says so");
}

static void put_message(beluga_json_writer *w, const beluga_message *message,
                        beluga_http_request *request)
{
    static const char *const roles[] = {"", "system", "user", "assistant", "tool"};
    beluga_role role = beluga_message_role(message);
    size_t length;
    const char *text = beluga_message_text(message, &length);
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "role", roles[role]);
    if (role == BELUGA_ROLE_AI)
        put_answer(w, message);
    else if (role == BELUGA_ROLE_HUMAN)
        put_parts(w, message, request);
    else
        beluga_json_put_string_n(w, "content", text, length);
    if (role == BELUGA_ROLE_TOOL)
        beluga_json_put_string(w, "tool_call_id", beluga_message_tool_call_id(message));
    beluga_json_end_object(w);
    warn_of_marks(message, request);
}

static void put_tools(beluga_json_writer *w, const beluga_call *call)
{
    const beluga_tool *tool;
    size_t length;
    if (!beluga_call_tool_count(call)) return;
    beluga_json_begin_array(w, "tools");
    for (size_t i = 0; (tool = beluga_call_tool(call, i)) != NULL; i++) {
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "type", "function");
        beluga_json_begin_object(w, "function");
        beluga_json_put_string(w, "name", beluga_tool_name(tool));
        beluga_json_put_string(w, "description", beluga_tool_description(tool));
        const char *parameters = beluga_tool_parameters(tool, &length);
        beluga_json_put_raw(w, "parameters", parameters, length);
        beluga_json_end_object(w);
        beluga_json_end_object(w);
    }
    beluga_json_end_array(w);
}

/* "auto" and other words go into tool_choice_option, the name of a tool into tool_choice. */
static void put_choice(beluga_json_writer *w, const beluga_call *call)
{
    const char *choice = beluga_call_get_string(call, BELUGA_OPTION_TOOL_CHOICE, NULL);
    if (!choice || !beluga_call_tool_count(call)) return;
    if (!strcmp(choice, "auto") || !strcmp(choice, "none") || !strcmp(choice, "required")) {
        beluga_json_put_string(w, "tool_choice_option", choice);
        return;
    }
    beluga_json_begin_object(w, "tool_choice");
    beluga_json_put_string(w, "type", "function");
    beluga_json_begin_object(w, "function");
    beluga_json_put_string(w, "name", choice);
    beluga_json_end_object(w);
    beluga_json_end_object(w);
}

/* ---- options --------------------------------------------------------------------------------- */

static void put_numbers(beluga_json_writer *w, const beluga_call *call)
{
    static const struct {
        int key;
        const char *name;
    } numbers[] = {
        {BELUGA_OPTION_TEMPERATURE, "temperature"},
        {BELUGA_OPTION_TOP_P, "top_p"},
        {BELUGA_OPTION_FREQUENCY_PENALTY, "frequency_penalty"},
        {BELUGA_OPTION_PRESENCE_PENALTY, "presence_penalty"},
        {BELUGA_OPTION_MAX_TOKENS, "max_completion_tokens"},
        {BELUGA_OPTION_SEED, "seed"},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        double number;
        int64_t integer;
        if (beluga_call_get_int(call, numbers[i].key, &integer))
            beluga_json_put_int(w, numbers[i].name, integer);
        else if (beluga_call_get_double(call, numbers[i].key, &number))
            beluga_json_put_double(w, numbers[i].name, number);
    }
}

static void put_stops(beluga_json_writer *w, const beluga_call *call)
{
    const char *stop;
    size_t length;
    if (!beluga_call_get_item(call, BELUGA_OPTION_STOP_SEQUENCES, 0, NULL)) return;
    beluga_json_begin_array(w, "stop");
    for (size_t i = 0;
         (stop = beluga_call_get_item(call, BELUGA_OPTION_STOP_SEQUENCES, i, &length)) != NULL; i++)
        beluga_json_put_string_n(w, NULL, stop, length);
    beluga_json_end_array(w);
}

static void put_format(beluga_json_writer *w, const beluga_call *call)
{
    size_t length;
    bool json = false, strict = true;
    const char *schema = beluga_call_get_string(call, BELUGA_OPTION_RESPONSE_SCHEMA, &length);
    const char *name = beluga_call_get_string(call, BELUGA_OPTION_RESPONSE_SCHEMA_NAME, NULL);
    beluga_call_get_bool(call, BELUGA_OPTION_JSON_MODE, &json);
    beluga_call_get_bool(call, BELUGA_OPTION_RESPONSE_SCHEMA_STRICT, &strict);
    if (!schema && !json) return;
    beluga_json_begin_object(w, "response_format");
    beluga_json_put_string(w, "type", schema ? "json_schema" : "json_object");
    if (schema) {
        beluga_json_begin_object(w, "json_schema");
        beluga_json_put_string(w, "name", name ? name : "response");
        beluga_json_put_bool(w, "strict", strict);
        beluga_json_put_raw(w, "schema", schema, length);
        beluga_json_end_object(w);
    }
    beluga_json_end_object(w);
}

/* The service knows only the efforts low, medium and high. */
static void put_effort(beluga_json_writer *w, const beluga_call *call, beluga_http_request *request)
{
    static const char *const words[] = {[BELUGA_REASONING_EFFORT_LOW] = "low",
                                        [BELUGA_REASONING_EFFORT_MEDIUM] = "medium",
                                        [BELUGA_REASONING_EFFORT_HIGH] = "high"};
    int64_t effort;
    if (!beluga_call_get_int(call, BELUGA_OPTION_REASONING_EFFORT, &effort)) return;
    bool known = effort >= 0 && effort < (int64_t)(sizeof words / sizeof *words) && words[effort];
    if (known)
        beluga_json_put_string(w, "reasoning_effort", words[effort]);
    else
        beluga_http_request_warn(request, "reasoning_effort of watsonx is low, medium or high");
}

static void warn_of_the_rest(const beluga_call *call, beluga_http_request *request)
{
    int64_t number;
    bool parallel = true;
    if (beluga_call_get_int(call, BELUGA_OPTION_TOP_K, &number))
        beluga_http_request_warn(request, "top_k has no effect on watsonx");
    if (beluga_call_get_int(call, BELUGA_OPTION_REASONING_BUDGET, &number))
        beluga_http_request_warn(request, "reasoning_budget has no effect on watsonx");
    if (beluga_call_get_bool(call, BELUGA_OPTION_PARALLEL_TOOL_CALLS, &parallel))
        beluga_http_request_warn(request, "parallel_tool_calls has no effect on watsonx");
    if (beluga_call_get_string(call, BELUGA_OPTION_USER, NULL))
        beluga_http_request_warn(request, "user has no effect on watsonx");
}

/* ---- the request ----------------------------------------------------------------------------- */

/* The request must name the project or the space in which the model runs. */
static int put_place(beluga_json_writer *w, const beluga_call *call, beluga_error *err)
{
    const char *project = beluga_call_get_own_string(call, "watsonx.project_id", NULL);
    const char *space = beluga_call_get_own_string(call, "watsonx.space_id", NULL);
    if (!project && !space)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                "watsonx needs a project or a space: set WATSONX_PROJECT_ID, "
                                "watsonx.project_id or watsonx.space_id");
    beluga_json_put_string(w, space ? "space_id" : "project_id", space ? space : project);
    return 0;
}

static int encode_request(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    beluga_json_writer *w = beluga_http_request_json(request);
    const char *version = beluga_call_get_own_string(call, "watsonx.api_version", NULL);
    beluga_http_request_set_path(request, beluga_call_is_streamed(call) ? "/ml/v1/text/chat_stream"
                                                                        : "/ml/v1/text/chat");
    beluga_http_request_add_query(request, "version", version ? version : API_VERSION);
    warn_of_the_rest(call, request);
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "model_id", beluga_call_model(call));
    int status = put_place(w, call, err);
    if (status) return status;
    beluga_json_begin_array(w, "messages");
    for (size_t i = 0; i < beluga_call_message_count(call); i++)
        put_message(w, beluga_call_message(call, i), request);
    beluga_json_end_array(w);
    put_tools(w, call);
    put_choice(w, call);
    put_numbers(w, call);
    put_stops(w, call);
    put_format(w, call);
    put_effort(w, call, request);
    beluga_json_end_object(w);
    return 0;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static int emit_usage(const beluga_json *counts, beluga_emit *emit)
{
    beluga_usage usage = BELUGA_USAGE_INIT;
    if (!counts) return 0;
    usage.input_total = beluga_json_get_int(counts, "prompt_tokens", -1);
    usage.output_total = beluga_json_get_int(counts, "completion_tokens", -1);
    return beluga_emit_usage(emit, &usage);
}

/* The first piece of a tool call has its id and name; later pieces have only its index and more
 * arguments. */
static int emit_call(const beluga_json *call, beluga_emit *emit)
{
    const beluga_json *function = beluga_json_get(call, "function");
    uint32_t index = (uint32_t)beluga_json_get_int(call, "index", 0);
    size_t length, named;
    const char *name = beluga_json_get_string(function, "name", &named);
    const char *arguments = beluga_json_get_string(function, "arguments", &length);
    int status = 0;
    if (name && named)
        status = beluga_emit_tool_call_begin(emit, index, beluga_json_get_string(call, "id", NULL),
                                             name);
    if (!status && arguments) status = beluga_emit_tool_call_delta(emit, index, arguments, length);
    return status;
}

/* In a whole answer tool calls have no index, so their position is used. */
static int emit_calls(const beluga_json *calls, bool whole, beluga_emit *emit)
{
    int status = 0;
    uint32_t index = 0;
    for (const beluga_json *call = beluga_json_first(calls); call && !status;
         call = beluga_json_next(calls, call), index++) {
        const beluga_json *function = beluga_json_get(call, "function");
        size_t length = 0;
        const char *arguments = beluga_json_get_string(function, "arguments", &length);
        status = whole
                     ? beluga_emit_tool_call(emit, index, beluga_json_get_string(call, "id", NULL),
                                             beluga_json_get_string(function, "name", NULL),
                                             arguments ? arguments : "", length)
                     : emit_call(call, emit);
    }
    return status;
}

static beluga_finish_reason reason_of(const char *word)
{
    static const struct {
        const char *word;
        beluga_finish_reason reason;
    } words[] = {
        {"stop", BELUGA_FINISH_STOP},
        {"length", BELUGA_FINISH_LENGTH},
        {"time_limit", BELUGA_FINISH_LENGTH},
        {"tool_calls", BELUGA_FINISH_TOOL_CALLS},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i].word) == 0) return words[i].reason;
    return BELUGA_FINISH_OTHER;
}

static int emit_choice(const beluga_json *choice, bool whole, beluga_emit *emit)
{
    const beluga_json *said = beluga_json_get(choice, whole ? "message" : "delta");
    size_t length;
    const char *text = beluga_json_get_string(said, "reasoning_content", &length);
    int status = text ? beluga_emit_reasoning(emit, text, length) : 0;
    text = beluga_json_get_string(said, "content", &length);
    if (!status && text) status = beluga_emit_text(emit, text, length);
    if (!status) status = emit_calls(beluga_json_get(said, "tool_calls"), whole, emit);
    const char *finish = beluga_json_get_string(choice, "finish_reason", NULL);
    return status || !finish ? status : beluga_emit_finish(emit, reason_of(finish), finish);
}

/* An error is {"errors": [{"code": ..., "message": ...}]}, also inside a stream. */
static void describe(const beluga_json *root, beluga_error *err)
{
    static const struct {
        const char *word;
        int code;
    } codes[] = {
        {"authentication_token_expired", BELUGA_ERROR_AUTHENTICATION},
        {"model_not_supported", BELUGA_ERROR_INVALID_MODEL},
        {"token_quota_reached", BELUGA_ERROR_QUOTA_EXCEEDED},
    };
    const beluga_json *error = beluga_json_first(beluga_json_get(root, "errors"));
    size_t n;
    const char *word = beluga_json_get_string(error, "code", &n);
    for (size_t i = 0; word && i < sizeof codes / sizeof *codes; i++)
        if (strcmp(word, codes[i].word) == 0) {
            int32_t status = err->http_status;
            int64_t wait = err->retry_after_ms;
            beluga_error_set(err, codes[i].code, "%s", beluga_error_text(codes[i].code));
            err->http_status = status;
            err->retry_after_ms = wait;
        }
    if (word) beluga_error_set_provider_code(err, word, n);
    const char *message = beluga_json_get_string(error, "message", &n);
    if (message) beluga_error_set_cause(err, message, n);
}

static int decode(const char *json, size_t length, bool whole, beluga_emit *emit)
{
    const beluga_json *root;
    int status = beluga_emit_parse(emit, json, length, &root);
    if (status) return status;
    if (beluga_json_get(root, "errors")) {
        beluga_error err;
        beluga_error_set(&err, BELUGA_ERROR_STREAM, "%s", beluga_error_text(BELUGA_ERROR_STREAM));
        describe(root, &err);
        return beluga_emit_error(emit, &err);
    }
    status = beluga_emit_metadata(emit, beluga_json_get_string(root, "id", NULL),
                                  beluga_json_get_string(root, "model_id", NULL),
                                  beluga_json_get_int(root, "created", 0));
    const beluga_json *choice = beluga_json_first(beluga_json_get(root, "choices"));
    if (!status && choice) status = emit_choice(choice, whole, emit);
    return status ? status : emit_usage(beluga_json_get(root, "usage"), emit);
}

static int decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    (void)state;
    return decode(body, length, true, emit);
}

static int decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    (void)state;
    return decode(frame->data, frame->length, false, emit);
}

static void decode_error(const beluga_call *call, const beluga_http_response *response,
                         beluga_error *err)
{
    (void)call;
    size_t length;
    beluga_json_doc *doc;
    const char *body = beluga_http_response_body(response, &length);
    if (beluga_json_parse(body, length, &doc, NULL)) return;
    describe(beluga_json_doc_root(doc), err);
    beluga_json_doc_free(doc);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const beluga_own_option options[] = {
    {.name = "watsonx.project_id",
     .meaning = "the project that the model runs in",
     .type = BELUGA_OPTION_STRING,
     .variable = "WATSONX_PROJECT_ID"},
    {.name = "watsonx.space_id",
     .meaning = "the space that it runs in, instead of a project",
     .type = BELUGA_OPTION_STRING,
     .variable = "WATSONX_SPACE_ID"},
    {.name = "watsonx.api_version",
     .meaning = "date of the API's version",
     .type = BELUGA_OPTION_STRING,
     .flags = BELUGA_OWN_OPTION_IN_HEAD},
    {.name = "watsonx.token_url",
     .meaning = "where a key is exchanged for a token",
     .type = BELUGA_OPTION_STRING,
     .flags = BELUGA_OWN_OPTION_IN_HEAD},
    {.name = NULL},
};

static const beluga_provider watsonx = {
    BELUGA_PROVIDER_INIT("watsonx"),
    .protocol = "watsonx.ai text/chat",
    .default_model = "ibm/granite-3-3-8b-instruct",
    .base_url = "https://us-south.ml.cloud.ibm.com",
    .key_variables = (const char *const[]){"WATSONX_APIKEY", "WATSONX_API_KEY", NULL},
    .url_variables = (const char *const[]){"WATSONX_URL", NULL},
    .options = options,
    .framing = BELUGA_FRAMING_SSE,
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_TOOLS |
                    BELUGA_CAPABILITY_PARALLEL_TOOLS | BELUGA_CAPABILITY_REASONING |
                    BELUGA_CAPABILITY_IMAGES | BELUGA_CAPABILITY_SCHEMA,
    .encode_request = encode_request,
    .decode_response = decode_response,
    .decode_event = decode_event,
    .decode_error = decode_error,
    .encode_token = encode_token,
};

BELUGA_REGISTER_PROVIDER(watsonx_provider, watsonx)
