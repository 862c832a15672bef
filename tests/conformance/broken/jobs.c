/* A provider whose calls take several requests: the first creates a job, and later ones poll it. If
 * a call is cancelled, a last request ends the job. */
#include "../say.h"

#include <stdio.h>
#include <string.h>

/* The delay that the service wants between two polls; the kit does not wait so long. */
enum { POLL_MS = 20000 };

typedef struct job {
    char id[32];
} job;

static const beluga_option_field fields[] = {{.key = BELUGA_OPTION_TEMPERATURE, .name = "heat"},
                                             {.key = BELUGA_OPTION_END}};

static bool has_mark(const beluga_call *call)
{
    const beluga_part *part;
    for (size_t i = 0; i < beluga_call_message_count(call); i++)
        for (size_t k = 0; (part = beluga_message_part(beluga_call_message(call, i), k)); k++)
            if (part->flags & BELUGA_PART_CACHE) return true;
    return false;
}

static int create(const beluga_call *call, beluga_http_request *request)
{
    beluga_json_writer *w = beluga_http_request_json(request);
    beluga_http_request_set_path(request, "/jobs");
    beluga_json_begin_object(w, NULL);
    beluga_json_put_bool(w, "stream", beluga_call_is_streamed(call));
    beluga_http_request_put_options(request, call, fields);
    say_words(call, w);
    beluga_json_end_object(w);
    return 0;
}

static int encode(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    const char *token = beluga_http_request_token(request);
    (void)err;
    if (beluga_call_tool_count(call)) beluga_http_request_warn(request, "there are no tools");
    if (has_mark(call)) beluga_http_request_warn(request, "there is no cache");
    if (!token) return create(call, request);
    beluga_http_request_set_method(request, "GET");
    if (*token == '/')
        beluga_http_request_set_path(request, token);
    else
        beluga_http_request_set_url(request, token);
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
    return 0;
}

static bool is_hasty(const beluga_emit *emit)
{
    return strcmp(beluga_call_provider(beluga_emit_call(emit))->name, "jobs-hasty") == 0;
}

/* If the answer is {"id": "7", "stream": true} or {"id": "7", "state": "running"}, poll again; if
 * it is {"id": "7", "url": "https://..."}, request this URL. */
static int go_on(job *state, const beluga_json *root, beluga_emit *emit)
{
    char path[64];
    const char *id = beluga_json_get_string(root, "id", NULL);
    bool streamed = beluga_json_bool(beluga_json_get(root, "stream"), false);
    const char *url = beluga_json_get_string(root, "url", NULL);
    if (!id) return 0;
    if (url) return beluga_emit_next_request(emit, url, POLL_MS);
    snprintf(state->id, sizeof state->id, "%s", id);
    snprintf(path, sizeof path, "/jobs/%s%s", id, streamed ? "/stream" : "");
    return beluga_emit_next_request(emit, path, is_hasty(emit) ? 0 : POLL_MS);
}

static int decode(void *state, const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    int status = beluga_emit_parse(emit, body, length, &root);
    const char *text = beluga_json_get_string(root, "text", &length);
    if (!status && text) status = beluga_emit_text(emit, text, length);
    if (status) return status;
    if (beluga_json_bool(beluga_json_get(root, "done"), false))
        return beluga_emit_finish(emit, BELUGA_FINISH_STOP, "done");
    return go_on(state, root, emit);
}

static int decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    return decode(state, frame->data, frame->length, emit);
}

#define JOBS(provider_name)                       \
    {                                             \
        BELUGA_PROVIDER_INIT(provider_name),      \
        .default_model = "a",                     \
        .base_url = "https://jobs.example/v1",    \
        .state_size = sizeof(job),                \
        .framing = BELUGA_FRAMING_NDJSON,         \
        .capabilities = BELUGA_CAPABILITY_STREAM, \
        .encode_request = encode,                 \
        .encode_cancel = encode_cancel,           \
        .decode_response = decode,                \
        .decode_event = decode_event,             \
    }
static const beluga_provider jobs = JOBS("jobs"), hasty = JOBS("jobs-hasty");

BELUGA_PLUGIN_PROVIDERS(NULL, &jobs, &hasty)
