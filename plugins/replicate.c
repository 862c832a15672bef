/* Replicate's predictions, as a plug-in: a call creates a prediction and follows it, which
 * takes several requests. POST /models/OWNER/NAME/predictions answers 201 with the prediction,
 * whose `urls` are for polling it, for its stream and for cancelling it. For a whole answer the
 * prediction is polled every half second; for a streamed one the stream is read, and then the
 * prediction is fetched once more.
 *
 *     cc -shared -fPIC replicate.c $(pkg-config --cflags beluga-provider) -o replicate.so
 *     REPLICATE_API_TOKEN=... beluga --plugin replicate.so -m replicate/OWNER/NAME "Hi"
 *
 * The stream comes from another server than the API. That server gets no key: the URL is secret.
 *
 * Sources: Replicate's page on streaming (replicate.com/docs); its client for Python, stream.py and
 * the exchanges recorded for its tests; for the counts of tokens, Cog's page on metrics. */
#include <beluga/provider/provider.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 500, MAX_URL = 1024 };

typedef struct prediction {
    char get[MAX_URL], stream[MAX_URL], cancel[MAX_URL];
    bool streamed; /* the text of the prediction has arrived as a stream */
} prediction;

/* ---- the request that creates the prediction ------------------------------------------------- */

static const char *const speakers[] = {"", "", "User: ", "Assistant: ", "Tool: "};

static size_t add(char *text, size_t at, const char *more, size_t n)
{
    if (text) memcpy(text + at, more, n);
    return at + n;
}

/* Write the texts of the system messages, or of all others, into `text` unless it is NULL. Returns
 * the number of bytes. If there are several messages, the name of the speaker is written before
 * each. */
static size_t write_texts(const beluga_call *call, bool system, char *text)
{
    size_t n_others = 0, at = 0;
    for (size_t i = 0; i < beluga_call_message_count(call); i++)
        n_others += beluga_message_role(beluga_call_message(call, i)) != BELUGA_ROLE_SYSTEM;
    for (size_t i = 0; i < beluga_call_message_count(call); i++) {
        const beluga_message *message = beluga_call_message(call, i);
        beluga_role role = beluga_message_role(message);
        const beluga_part *part;
        if ((role == BELUGA_ROLE_SYSTEM) != system) continue;
        if (at) at = add(text, at, "\n", 1);
        if (n_others > 1) at = add(text, at, speakers[role], strlen(speakers[role]));
        for (size_t k = 0; (part = beluga_message_part(message, k)) != NULL; k++)
            if (part->kind == BELUGA_PART_TEXT) at = add(text, at, part->text, part->text_length);
    }
    return at;
}

static int put_texts(const beluga_call *call, const char *name, bool system, beluga_json_writer *w,
                     beluga_error *err)
{
    size_t n = write_texts(call, system, NULL);
    char *text = n ? malloc(n) : NULL;
    if (n && !text)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the prompt");
    if (text) write_texts(call, system, text);
    if (text || !system) beluga_json_put_string_n(w, name, text ? text : "", n);
    free(text);
    return 0;
}

static void put_options(const beluga_call *call, beluga_json_writer *w)
{
    static const struct {
        int option;
        const char *name;
    } numbers[] = {{BELUGA_OPTION_TEMPERATURE, "temperature"}, {BELUGA_OPTION_TOP_P, "top_p"}},
      counts[] = {{BELUGA_OPTION_MAX_TOKENS, "max_tokens"},
                  {BELUGA_OPTION_TOP_K, "top_k"},
                  {BELUGA_OPTION_SEED, "seed"}};
    double number;
    int64_t count;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (beluga_call_get_double(call, numbers[i].option, &number))
            beluga_json_put_double(w, numbers[i].name, number);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (beluga_call_get_int(call, counts[i].option, &count))
            beluga_json_put_int(w, counts[i].name, count);
}

static void warn_of_the_rest(const beluga_call *call, beluga_http_request *request)
{
    const beluga_part *part;
    if (beluga_call_tool_count(call))
        beluga_http_request_warn(request, "tools have no effect on replicate");
    for (size_t i = 0; i < beluga_call_message_count(call); i++)
        for (size_t k = 0; (part = beluga_message_part(beluga_call_message(call, i), k)); k++)
            if (part->kind != BELUGA_PART_TEXT)
                beluga_http_request_warn(request, "replicate takes text only: a part was left out");
}

/* A model is "owner/name", or "owner/name:version". */
static int create(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    const char *model = beluga_call_model(call), *colon = strchr(model, ':');
    beluga_json_writer *w = beluga_http_request_json(request);
    char path[512];
    if (snprintf(path, sizeof path, "/models/%s/predictions", model) >= (int)sizeof path)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_MODEL, "the model's name is too long");
    beluga_http_request_set_path(request, colon ? "/predictions" : path);
    warn_of_the_rest(call, request);
    beluga_json_begin_object(w, NULL);
    if (colon) beluga_json_put_string(w, "version", colon + 1);
    if (beluga_call_is_streamed(call)) beluga_json_put_bool(w, "stream", true);
    beluga_json_begin_object(w, "input");
    int code = put_texts(call, "prompt", false, w, err);
    if (!code) code = put_texts(call, "system_prompt", true, w, err);
    put_options(call, w);
    beluga_json_end_object(w);
    beluga_json_end_object(w);
    return code;
}

/* ---- the requests that follow the prediction ------------------------------------------------- */

/* The token of beluga_emit_next_request is the URL of the next request in this provider. */
static int encode_request(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    const char *token = beluga_http_request_token(request);
    if (!token) return create(call, request, err);
    beluga_http_request_set_method(request, "GET");
    beluga_http_request_set_url(request, token);
    return 0;
}

static int encode_cancel(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    const prediction *p = beluga_http_request_state(request);
    (void)call;
    (void)err;
    if (!*p->cancel) return BELUGA_ENCODE_NOTHING;
    beluga_http_request_set_url(request, p->cancel);
    return 0;
}

/* ---- a prediction ---------------------------------------------------------------------------- */

static void keep(const beluga_json *urls, const char *name, char *url)
{
    size_t n;
    const char *text = beluga_json_get_string(urls, name, &n);
    if (text && n < MAX_URL) memcpy(url, text, n + 1);
}

/* Emit the failure of the prediction as an error that is not retried, since another prediction
 * would be paid for, too. */
static int fail(beluga_emit *emit, const char *word, const char *why, size_t n)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_INTERNAL, "the prediction %s", word);
    err.retryable = 0;
    beluga_error_set_provider_code(&err, word, strlen(word));
    if (why) beluga_error_set_cause(&err, why, n);
    return beluga_emit_error(emit, &err);
}

/* The output is one text, or an array of pieces of text; for a file it is the URL. */
static int emit_output(const beluga_json *output, beluga_emit *emit)
{
    size_t n;
    const char *text = beluga_json_string(output, &n);
    int code = text ? beluga_emit_text(emit, text, n) : 0;
    for (const beluga_json *v = beluga_json_first(output); v && !code;
         v = beluga_json_next(output, v)) {
        text = beluga_json_string(v, &n);
        if (text) code = beluga_emit_text(emit, text, n);
    }
    return code;
}

static int emit_end(const prediction *p, const beluga_json *root, beluga_emit *emit)
{
    const beluga_json *metrics = beluga_json_get(root, "metrics");
    beluga_usage usage = BELUGA_USAGE_INIT;
    usage.input_total = beluga_json_get_int(metrics, "input_token_count", -1);
    usage.output_total = beluga_json_get_int(metrics, "output_token_count", -1);
    int code = p->streamed ? 0 : emit_output(beluga_json_get(root, "output"), emit);
    if (!code) code = beluga_emit_usage(emit, &usage);
    return code ? code : beluga_emit_finish(emit, BELUGA_FINISH_STOP, "succeeded");
}

static int follow(const prediction *p, int64_t wait_ms, beluga_emit *emit)
{
    bool stream = beluga_call_is_streamed(beluga_emit_call(emit)) && *p->stream && !p->streamed;
    if (stream) return beluga_emit_next_request(emit, p->stream, 0);
    if (*p->get) return beluga_emit_next_request(emit, p->get, wait_ms);
    return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_RESPONSE, NULL,
                               "the prediction does not say where it can be had");
}

static int decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    prediction *p = state;
    const beluga_json *root;
    size_t n;
    int code = beluga_emit_parse(emit, body, length, &root);
    if (code) return code;
    const beluga_json *urls = beluga_json_get(root, "urls");
    keep(urls, "get", p->get);
    keep(urls, "stream", p->stream);
    keep(urls, "cancel", p->cancel);
    code = beluga_emit_metadata(emit, beluga_json_get_string(root, "id", &n),
                                beluga_json_get_string(root, "model", &n), 0);
    const char *status = beluga_json_get_string(root, "status", &n);
    if (code || !status) return code;
    if (strcmp(status, "succeeded") == 0) return emit_end(p, root, emit);
    const char *why = beluga_json_get_string(root, "error", &n);
    bool over = strcmp(status, "failed") == 0 || strcmp(status, "canceled") == 0;
    return over ? fail(emit, status, why, n) : follow(p, POLL_MS, emit);
}

/* ---- its stream ------------------------------------------------------------------------------ */

static bool is(const beluga_frame *frame, const char *name)
{
    return frame->event && strcmp(frame->event, name) == 0;
}

/* An "output" event has a piece of text, and "done" ends the stream; others, such as "logs", are
 * ignored. */
static int decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    prediction *p = state;
    p->streamed = true;
    if (is(frame, "output")) return beluga_emit_text(emit, frame->data, frame->length);
    if (is(frame, "error")) return fail(emit, "failed", frame->data, frame->length);
    if (!is(frame, "done")) return 0;
    int code = follow(p, 0, emit);
    return code ? code : BELUGA_DECODE_DONE;
}

/* ---- refusals -------------------------------------------------------------------------------- */

/* An error is {"title":"Unauthenticated","detail":"You did not pass a valid authentication
 * token",…}. */
static void decode_error(const beluga_call *call, const beluga_http_response *response,
                         beluga_error *err)
{
    size_t n;
    beluga_json_doc *doc;
    const char *body = beluga_http_response_body(response, &n);
    (void)call;
    if (beluga_json_parse(body, n, &doc, NULL)) return;
    const char *title = beluga_json_get_string(beluga_json_doc_root(doc), "title", &n);
    if (title) beluga_error_set_provider_code(err, title, n);
    const char *detail = beluga_json_get_string(beluga_json_doc_root(doc), "detail", &n);
    if (detail) beluga_error_set_cause(err, detail, n);
    beluga_json_doc_free(doc);
}

static const char *const key_variables[] = {"REPLICATE_API_TOKEN", NULL};

static const beluga_provider replicate = {
    BELUGA_PROVIDER_INIT("replicate"), .base_url = "https://api.replicate.com/v1",
    .key_variables = key_variables,    .capabilities = BELUGA_CAPABILITY_STREAM,
    .state_size = sizeof(prediction),  .encode_request = encode_request,
    .encode_cancel = encode_cancel,    .decode_response = decode_response,
    .decode_event = decode_event,      .decode_error = decode_error,
};

BELUGA_REGISTER_PROVIDER(replicate_provider, replicate)
