/* A provider for an API behind HTTP, as a plug-in. Retries, timeouts, cancelling, batches, logs and
 * metrics are done by the library.
 *
 *     cc -shared -fPIC herald.c $(pkg-config --cflags beluga-provider) -o herald.so
 *     beluga --plugin herald.so --replay tape -m herald/crier "Good news"
 *
 * The service is invented, so tape/ has a recorded answer of it. A real service needs a key:
 *     HERALD_API_KEY=... beluga --plugin herald.so -m herald/crier -o herald.voice=loud "Good news"
 */
#include <beluga/provider/provider.h>

static const char *const roles[] = {"", "system", "user", "assistant", "tool"};

/* A request is {"model": "crier", "stream": true, "voice": "loud", "lines": ["user", "Good
 * news"]}. */
static int encode_request(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)err;
    beluga_json_writer *w = beluga_http_request_json(request);
    beluga_http_request_set_path(request, "/announce");
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "model", beluga_call_model(call));
    beluga_json_put_bool(w, "stream", beluga_call_is_streamed(call));
    beluga_json_put_string(w, "voice", beluga_call_get_own_string(call, "herald.voice", NULL));
    beluga_json_begin_array(w, "lines");
    for (size_t i = 0; i < beluga_call_message_count(call); i++) {
        size_t length;
        const beluga_message *message = beluga_call_message(call, i);
        const char *text = beluga_message_text(message, &length);
        beluga_json_put_string(w, NULL, roles[beluga_message_role(message)]);
        beluga_json_put_string_n(w, NULL, text, length);
    }
    beluga_json_end_array(w);
    beluga_json_end_object(w);
    return 0;
}

/* An event is {"text": "Oyez"}, and the last one {"done": true}. An unstreamed answer has both in
 * one object. */
static int decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    (void)state;
    const beluga_json *root;
    int status = beluga_emit_parse(emit, body, length, &root);
    const char *text = beluga_json_get_string(root, "text", &length);
    if (text) status = beluga_emit_text(emit, text, length);
    if (status || !beluga_json_bool(beluga_json_get(root, "done"), false)) return status;
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, "done");
}

static int decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    return decode_response(state, frame->data, frame->length, emit);
}

/* An error is {"error": "hoarse"}; this word becomes the provider's own code in beluga_error. */
static void decode_error(const beluga_call *call, const beluga_http_response *response,
                         beluga_error *err)
{
    (void)call;
    size_t n;
    beluga_json_doc *doc;
    const char *body = beluga_http_response_body(response, &n);
    if (beluga_json_parse(body, n, &doc, NULL)) return;
    const char *code = beluga_json_get_string(beluga_json_doc_root(doc), "error", &n);
    if (code) beluga_error_set_provider_code(err, code, n);
    beluga_json_doc_free(doc);
}

static const beluga_own_option options[] = {
    {.name = "herald.voice", .meaning = "loud or soft", .type = BELUGA_OPTION_STRING},
    {.name = NULL},
};
static const beluga_provider herald = {
    BELUGA_PROVIDER_INIT("herald"),
    .base_url = "https://herald.example/v1",
    .key_variables = (const char *const[]){"HERALD_API_KEY", NULL},
    .options = options,
    .framing = BELUGA_FRAMING_NDJSON,
    .capabilities = BELUGA_CAPABILITY_STREAM,
    .encode_request = encode_request,
    .decode_response = decode_response,
    .decode_event = decode_event,
    .decode_error = decode_error,
};

BELUGA_REGISTER_PROVIDER(herald_provider, herald)
