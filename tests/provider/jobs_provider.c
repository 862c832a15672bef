/* A provider for a service that runs jobs. Each answer of the service says what the provider does
 * next. */
#include <beluga/provider/provider.h>

#include <stdio.h>
#include <string.h>

extern const beluga_provider jobs_provider;

/* ---- the provider ---------------------------------------------------------------------------- */

typedef struct job {
    char id[32];
    int answers; /* number of answers that were decoded so far */
    bool more;   /* a further request follows after the stream */
} job;

static int open_model(const beluga_config *config, void **self, beluga_error *err)
{
    static char name[] = "the-self";
    (void)config;
    (void)err;
    *self = name;
    return 0;
}

static void set_number(beluga_http_request *request, const char *name, int number)
{
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    beluga_http_request_set_header(request, name, text);
}

/* Write a request. Without a token it is POST /jobs. Otherwise the token is a path below the base
 * URL, or a whole URL, and the method is GET, except for "/posted". */
static int encode(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    const char *token = beluga_http_request_token(request);
    const job *state = beluga_http_request_state(request);
    (void)err;
    beluga_http_request_set_header(request, "X-Self", beluga_call_self(call));
    set_number(request, "X-Answers", state->answers);
    if (!token) {
        beluga_http_request_set_path(request, "/jobs");
        beluga_json_put_null(beluga_http_request_json(request), NULL);
        return 0;
    }
    if (*token == '/')
        beluga_http_request_set_path(request, token);
    else
        beluga_http_request_set_url(request, token);
    if (strstr(token, "/posted"))
        beluga_json_put_raw(beluga_http_request_json(request), NULL, "{}", 2);
    else
        beluga_http_request_set_method(request, "GET");
    return 0;
}

static int encode_cancel(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    const job *state = beluga_http_request_state(request);
    char path[64];
    (void)call;
    (void)err;
    if (!*state->id) return BELUGA_ENCODE_NOTHING;
    snprintf(path, sizeof path, "/jobs/%s/cancel", state->id);
    beluga_http_request_set_path(request, path);
    beluga_http_request_set_header(request, "X-Token", beluga_http_request_token(request));
    return 0;
}

static int read_id(job *state, const beluga_json *root, beluga_emit *emit)
{
    size_t n;
    const char *id = beluga_json_get_string(root, "id", &n);
    if (!id) return 0;
    snprintf(state->id, sizeof state->id, "%s", id);
    return beluga_emit_metadata(emit, id, NULL, 0);
}

static int read_end(job *state, const beluga_json *root, beluga_emit *emit)
{
    size_t n;
    int code = 0;
    const char *next = beluga_json_get_string(root, "next", &n);
    const char *fails = beluga_json_get_string(root, "fails", &n);
    state->more = beluga_json_bool(beluga_json_get(root, "more_at_end"), false);
    if (fails) {
        code = beluga_error_code_from_name(fails);
        return beluga_emit_failure(emit, code ? code : BELUGA_ERROR_INTERNAL, "code", "failed");
    }
    if (next) code = beluga_emit_next_request(emit, next, beluga_json_get_int(root, "wait_ms", 0));
    if (!code && beluga_json_get(root, "finish"))
        code = beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
    return code;
}

/* Read an answer such as
 * {"id":"7","text":"Hello","tool":"look","next":"/jobs/7","wait_ms":5,"finish":true}. */
static int read_answer(job *state, const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    size_t n;
    int code = beluga_emit_parse(emit, body, length, &root);
    if (!code) code = read_id(state, root, emit);
    const char *text = code ? NULL : beluga_json_get_string(root, "text", &n);
    if (text) code = beluga_emit_text(emit, text, n);
    const char *tool = code ? NULL : beluga_json_get_string(root, "tool", &n);
    if (tool) code = beluga_emit_tool_call_begin(emit, (uint32_t)state->answers, NULL, tool);
    return code ? code : read_end(state, root, emit);
}

static int follow_location(const beluga_http_response *head, beluga_emit *emit)
{
    char url[256];
    const char *location = beluga_http_response_header(head, "location");
    int code = beluga_emit_resolve_url(emit, location, url, sizeof url);
    return code ? code : beluga_emit_next_request(emit, url, 0);
}

static int read_head(beluga_emit *emit)
{
    const beluga_http_response *head = beluga_emit_response(emit);
    const char *says = beluga_http_response_header(head, "x-says");
    if (beluga_http_response_status(head) == 201) return follow_location(head, emit);
    if (beluga_http_response_status(head) != 202 || !says)
        return beluga_emit_failure(emit, BELUGA_ERROR_EMPTY_RESPONSE, NULL, "no body and no word");
    int code = beluga_emit_text(emit, says, strlen(says));
    return code ? code : beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static int decode(void *state, const char *body, size_t length, beluga_emit *emit)
{
    job *j = state;
    j->answers++;
    return length ? read_answer(j, body, length, emit) : read_head(emit);
}

static int decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    job *j = state;
    if (strcmp(frame->data, "[DONE]") == 0) return BELUGA_DECODE_DONE;
    j->answers++;
    return read_answer(j, frame->data, frame->length, emit);
}

static int decode_end(void *state, beluga_emit *emit)
{
    const job *j = state;
    return j->more ? beluga_emit_next_request(emit, "/jobs/more", 0) : 0;
}

/* Write a request for the list of models. Its answer is {"models":"job-1","page":"https://…"}. */
static int encode_models(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    const char *page = beluga_call_page(call);
    (void)err;
    beluga_http_request_set_method(request, "GET");
    if (page)
        beluga_http_request_set_url(request, page);
    else
        beluga_http_request_set_path(request, "/models");
    return 0;
}

static int decode_models(const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    size_t n = 0;
    int code = beluga_emit_parse(emit, body, length, &root);
    if (code) return code;
    const char *name = beluga_json_get_string(root, "models", &n);
    const char *page = beluga_json_get_string(root, "page", NULL);
    code = beluga_emit_model(emit, name, n);
    return code || !page ? code : beluga_emit_next_page(emit, page);
}

static void decode_error(const beluga_call *call, const beluga_http_response *response,
                         beluga_error *err)
{
    char code[64];
    const char *reason = beluga_http_response_header(response, "x-reason");
    int n = snprintf(code, sizeof code, "%s of %s", reason ? reason : "nothing",
                     (const char *)beluga_call_self(call));
    beluga_error_set_provider_code(err, code, (size_t)n);
}

static const char *const url_variables[] = {"JOBS_BASE_URL", NULL};

const beluga_provider jobs_provider = {
    BELUGA_PROVIDER_INIT("jobs"),
    .default_model = "job-1",
    .url_variables = url_variables,
    .state_size = sizeof(job),
    .open = open_model,
    .encode_request = encode,
    .encode_cancel = encode_cancel,
    .decode_response = decode,
    .decode_event = decode_event,
    .decode_end = decode_end,
    .decode_error = decode_error,
    .encode_list_models = encode_models,
    .decode_list_models = decode_models,
};
