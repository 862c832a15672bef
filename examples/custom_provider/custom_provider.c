/* A full provider, for models that are not behind HTTP. For an API behind HTTP begin with
 * plugins/herald.c or with `beluga new provider NAME --http`, which is less work.
 *
 * This provider is complete, in one file, and uses only public headers. It is linked into a program
 * or built as a plug-in. The four places to change for your own API are numbered. The simulated API
 * at the end is for demonstration only: it lets the example run without key and network. The
 * library handles threads, timeouts, retries, cancellation, batches, logs, traces and metrics, so
 * this file has no code for them. */
#include "custom_provider.h"

#include <beluga/allocator.h>

#include <stdatomic.h>
#include <string.h>

#define OPTION_RESPONSES "example-custom.simulated_responses"
#define OPTION_FAILURE   "example-custom.simulated_failure"
#define OPTION_DELAY     "example-custom.word_delay_ms"
#define MAX_DELAY_MS     60000

/* ---- 1. the client of the API: put yours here ------------------------------------------------ */

typedef enum api_status {
    API_OK = 0,
    API_TOO_MANY_REQUESTS,
    API_BAD_KEY,
    API_UNREACHABLE,
    API_BAD_REQUEST
} api_status;

typedef struct api_message {
    const char *role;
    const char *text;
    size_t length;
} api_message;

typedef struct api_request {
    api_message *messages;
    size_t n_messages;
    const char *tool; /* name of the first tool offered, or NULL */
    const char *responses;
    size_t responses_length;
    api_status failure; /* the failure that the simulated API reports */
} api_request;

typedef struct api_reply {
    const char *text; /* NULL: the API calls the tool */
    size_t length;
    int64_t input_tokens, output_tokens;
} api_reply;

/* One client exists for each open model. Calls on several threads use it at once. */
typedef struct api_client {
    atomic_uint turn;
} api_client;

/* Call the API. The simulated API answers at once; a client that waits must be called in
 * beluga_emit_run_blocking. */
static api_status api_chat(api_client *client, const api_request *request, api_reply *reply);

/* ---- 2. converting messages ------------------------------------------------------------------ */

static const char *role_name(beluga_role role)
{
    switch (role) {
    case BELUGA_ROLE_SYSTEM: return "system";
    case BELUGA_ROLE_AI: return "assistant";
    case BELUGA_ROLE_TOOL: return "tool";
    default: return "user";
    }
}

/* This API accepts one text per message, and remembers its own tool calls. Content that the API
 * does not accept must be reported to the caller, never dropped silently. */
static int convert_message(const beluga_message *message, api_message *out, beluga_emit *emit)
{
    const beluga_part *part;
    out->role = role_name(beluga_message_role(message));
    out->text = beluga_message_text(message, &out->length);
    for (size_t i = 0; (part = beluga_message_part(message, i)); i++) {
        if (part->kind == BELUGA_PART_TEXT || part->kind == BELUGA_PART_TOOL_CALL) continue;
        int status = beluga_emit_warning(emit, EXAMPLE_CUSTOM_NAME " takes text only: a part of a "
                                                                   "message was left out");
        if (status) return status;
    }
    return 0;
}

static int convert_messages(const beluga_call *call, api_request *request, beluga_emit *emit)
{
    int status = 0;
    request->n_messages = beluga_call_message_count(call);
    request->messages = beluga_emit_alloc(emit, request->n_messages * sizeof *request->messages);
    if (!request->messages) return BELUGA_ERROR_NO_MEMORY;
    for (size_t i = 0; i < request->n_messages && status == 0; i++)
        status = convert_message(beluga_call_message(call, i), &request->messages[i], emit);
    return status;
}

/* ---- 3. the API's errors --------------------------------------------------------------------- */

typedef struct failure_case {
    const char *name; /* the failure's name in the option */
    api_status status;
    int code;
    const char *own_code;
    const char *advice;
} failure_case;
static const failure_case failures[] = {
    {"rate_limit", API_TOO_MANY_REQUESTS, BELUGA_ERROR_RATE_LIMIT, EXAMPLE_ERROR_RATE_LIMIT,
     "too many requests: wait a moment, or ask for a higher limit"},
    {"authentication", API_BAD_KEY, BELUGA_ERROR_AUTHENTICATION, EXAMPLE_ERROR_AUTHENTICATION,
     "the key was refused: check api_key"},
    {"network", API_UNREACHABLE, BELUGA_ERROR_NETWORK, EXAMPLE_ERROR_NETWORK,
     "the API can't be reached: check the connection"},
    {"invalid_request", API_BAD_REQUEST, BELUGA_ERROR_INVALID_REQUEST,
     EXAMPLE_ERROR_INVALID_REQUEST, "the API does not accept this request"},
};
#define N_FAILURES (sizeof failures / sizeof *failures)

static int report(api_status status, beluga_error *err)
{
    for (size_t i = 0; i < N_FAILURES; i++) {
        if (failures[i].status != status) continue;
        beluga_error_set(err, failures[i].code, "%s", failures[i].advice);
        beluga_error_set_provider_code(err, failures[i].own_code, strlen(failures[i].own_code));
        return failures[i].code;
    }
    return beluga_error_set(err, BELUGA_ERROR_INTERNAL, "the API answered with an unknown status");
}

/* ---- 4. options of your own ------------------------------------------------------------------ */

static const beluga_own_option options[] = {
    {.name = OPTION_RESPONSES,
     .meaning = "answers of the simulated API, one per line",
     .type = BELUGA_OPTION_STRING},
    {.name = OPTION_FAILURE,
     .meaning = "rate_limit, authentication, network or invalid_request",
     .type = BELUGA_OPTION_STRING},
    {.name = OPTION_DELAY,
     .meaning = "milliseconds before each word of a stream",
     .type = BELUGA_OPTION_INT,
     .maximum = MAX_DELAY_MS},
    {.name = NULL},
};

/* Check what the type and range in a row can't express, when a model is opened and when a call
 * begins. */
static int check_options(const beluga_config *config, beluga_error *err);
static int read_options(const beluga_call *call, api_request *request, beluga_error *err);

/* ---- delivering an answer -------------------------------------------------------------------- */

/* A stream that is being delivered; it is allocated in the call's memory. */
typedef struct delivery {
    const char *at, *end;
    int64_t delay_ms;
    api_reply reply;
} delivery;

static int finish(beluga_emit *emit, const api_reply *reply, beluga_finish_reason reason)
{
    beluga_usage usage = BELUGA_USAGE_INIT;
    usage.input_total = reply->input_tokens;
    usage.output_total = reply->output_tokens;
    int status = beluga_emit_usage(emit, &usage);
    return status ? status : beluga_emit_finish(emit, reason, beluga_finish_reason_name(reason));
}

static int go_on(beluga_emit *emit, void *argument);

/* Emit word after word; with a delay, one word now and the rest from a timer of the loop. */
static int deliver_words(beluga_emit *emit, delivery *d)
{
    while (d->at < d->end) {
        const char *space = memchr(d->at, ' ', (size_t)(d->end - d->at));
        const char *next = space ? space + 1 : d->end;
        int status = beluga_emit_text(emit, d->at, (size_t)(next - d->at));
        if (status) return status;
        d->at = next;
        if (d->delay_ms > 0 && d->at < d->end)
            return beluga_emit_after(emit, d->delay_ms, go_on, d);
    }
    return finish(emit, &d->reply, BELUGA_FINISH_STOP);
}

static int go_on(beluga_emit *emit, void *argument)
{
    return deliver_words(emit, argument);
}

static int deliver_stream(beluga_emit *emit, const beluga_call *call, const api_reply *reply)
{
    delivery *d = beluga_emit_alloc(emit, sizeof *d);
    if (!d) return BELUGA_ERROR_NO_MEMORY;
    d->at = reply->text;
    d->end = reply->text + reply->length;
    d->reply = *reply;
    beluga_call_get_own_int(call, OPTION_DELAY, &d->delay_ms);
    return d->delay_ms > 0 ? beluga_emit_after(emit, d->delay_ms, go_on, d)
                           : deliver_words(emit, d);
}

static int deliver(beluga_emit *emit, const beluga_call *call, const api_request *request,
                   const api_reply *reply)
{
    static const char arguments[] = "{\"example\": \"value\"}";
    int status = 0;
    if (reply->text && beluga_call_is_streamed(call)) return deliver_stream(emit, call, reply);
    if (reply->text) {
        if (reply->length > 0) status = beluga_emit_text(emit, reply->text, reply->length);
        return status ? status : finish(emit, reply, BELUGA_FINISH_STOP);
    }
    status = beluga_emit_tool_call(emit, 0, "call_example_123", request->tool, arguments,
                                   sizeof arguments - 1);
    return status ? status : finish(emit, reply, BELUGA_FINISH_TOOL_CALLS);
}

/* ---- the table ------------------------------------------------------------------------------- */

/* Begin a call. This runs on the loop and must not block: beluga_emit_run_blocking is for clients
 * that do. */
static int start(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    api_request request = {0};
    api_reply reply;
    int status = read_options(call, &request, err);
    if (status == 0) status = convert_messages(call, &request, emit);
    if (status) return status;
    if (beluga_call_tool_count(call) > 0)
        request.tool = beluga_tool_name(beluga_call_tool(call, 0));
    api_status answered = api_chat(self, &request, &reply);
    if (answered != API_OK) return report(answered, err);
    status = beluga_emit_metadata(emit, NULL, beluga_call_model(call), 0);
    return status ? status : deliver(emit, call, &request, &reply);
}

/* The call was cancelled. The library frees the call's memory and timer; a real client would be
 * stopped here. */
static void cancel(void *self, beluga_emit *emit)
{
    (void)self;
    (void)emit;
}

/* Open a model. A wrong configuration is better reported here than at the first call. */
static int open_model(const beluga_config *config, void **self, beluga_error *err)
{
    const beluga_allocator *allocator = beluga_allocator_default();
    int status = check_options(config, err);
    if (status) return status;
    api_client *client = allocator->alloc(allocator->payload, sizeof *client);
    if (!client) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for a model");
    atomic_init(&client->turn, 0);
    *self = client;
    return 0;
}

/* In a plug-in the address of beluga_free is not a constant, so the table can't contain it. */
static void close_model(void *self)
{
    beluga_free(self);
}

static const beluga_provider provider = {
    BELUGA_PROVIDER_INIT(EXAMPLE_CUSTOM_NAME),
    .metric_prefix = "beluga.custom_provider",
    .default_model = EXAMPLE_CUSTOM_MODEL,
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_TOOLS | BELUGA_CAPABILITY_LOCAL,
    .options = options,
    .open = open_model,
    .close = close_model,
    .start = start,
    .cancel = cancel,
};

BELUGA_REGISTER_PROVIDER(example_custom_provider, provider)

/* ---- for demonstration only: the simulated API, and the options that script it --------------- */

static const char default_responses[] = "This is a response from the custom LLM provider.\n"
                                        "I'm a simulated response for demonstration purposes.\n"
                                        "Custom providers plug in without changes to the library.";

static int64_t estimate_tokens(size_t length)
{
    return (int64_t)(length + 3) / 4;
}

static size_t count_lines(const char *text, size_t length)
{
    size_t lines = 1;
    for (size_t i = 0; i + 1 < length; i++) lines += text[i] == '\n';
    return lines;
}

/* Answer with the next line of the responses. */
static void api_pick_line(api_client *client, const api_request *request, api_reply *reply)
{
    const char *at = request->responses, *end = at + request->responses_length;
    unsigned turn = atomic_fetch_add(&client->turn, 1);
    size_t skip = turn % count_lines(at, request->responses_length);
    for (; skip > 0; skip--) at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
    const char *stop = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    reply->text = at;
    reply->length = (size_t)((stop ? stop : end) - at);
}

/* Simulate a call: the API calls a tool if one is offered, unless it just got a tool's result. */
static api_status api_chat(api_client *client, const api_request *request, api_reply *reply)
{
    const api_message *last = &request->messages[request->n_messages - 1];
    if (request->failure) return request->failure;
    memset(reply, 0, sizeof *reply);
    for (size_t i = 0; i < request->n_messages; i++)
        reply->input_tokens += estimate_tokens(request->messages[i].length);
    if (!request->tool || strcmp(last->role, "tool") == 0) api_pick_line(client, request, reply);
    reply->output_tokens = estimate_tokens(reply->length);
    return API_OK;
}

static int parse_failure(const char *name, api_status *out, int code, beluga_error *err)
{
    for (size_t i = 0; i < N_FAILURES; i++) {
        if (strcmp(failures[i].name, name) != 0) continue;
        *out = failures[i].status;
        return 0;
    }
    return beluga_error_set(err, code,
                            OPTION_FAILURE " is \"%s\"; it takes rate_limit, authentication, "
                                           "network or invalid_request",
                            name);
}

static int check_options(const beluga_config *config, beluga_error *err)
{
    const char *failure = NULL;
    api_status ignored;
    if (!beluga_config_get_own_string(config, OPTION_FAILURE, &failure, NULL)) return 0;
    return parse_failure(failure, &ignored, BELUGA_ERROR_INVALID_CONFIG, err);
}

static int read_options(const beluga_call *call, api_request *request, beluga_error *err)
{
    const char *failure = beluga_call_get_own_string(call, OPTION_FAILURE, NULL);
    request->responses =
        beluga_call_get_own_string(call, OPTION_RESPONSES, &request->responses_length);
    if (!request->responses) {
        request->responses = default_responses;
        request->responses_length = sizeof default_responses - 1;
    }
    if (!failure) return 0;
    return parse_failure(failure, &request->failure, BELUGA_ERROR_INVALID_INPUT, err);
}
