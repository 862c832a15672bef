/* A gateway passes a client's request on unchanged, and the answer back byte for byte. Meanwhile
 * the library finds out whether the answer is complete and what it cost. Here the client is a
 * string, and the service a recording. */
#include <beluga/beluga.h>

#include <stdio.h>

/* Pass the answer on. Returns 0, or the code of an answer that is not complete. */
static int pass_on(beluga_chat_model *model, const char *request)
{
    beluga_error err;
    beluga_stream *stream;
    const beluga_event *event = NULL;
    uint32_t status = 0;
    int code =
        beluga_stream_chat(model, NULL, NULL, &stream, &err, beluga_with_request_body(request));
    while (code == 0 && (code = beluga_stream_next(stream, &event, &err)) == 0 && event) {
        if (event->kind == BELUGA_EVENT_RAW && !status) {
            status = event->u.raw.status;
            printf("HTTP/1.1 %u\nContent-Type: %s\n\n", status, event->u.raw.content_type);
        }
        if (event->kind == BELUGA_EVENT_RAW)
            printf("%.*s\n", (int)event->u.raw.length, event->u.raw.bytes);
        if (event->kind == BELUGA_EVENT_USAGE)
            fprintf(stderr, "%lld tokens\n", (long long)event->u.usage.output_total);
    }
    if (code && !status) printf("HTTP/1.1 502\n\n%s\n", err.message);
    beluga_stream_free(stream);
    return code;
}

int main(int argc, char **argv)
{
    beluga_error err;
    beluga_chat_model *model;
    const beluga_cassette tape = {.size = sizeof tape,
                                  .directory = argc > 1 ? argv[1] : "examples/tape",
                                  .mode = BELUGA_CASSETTE_REPLAY};
    if (beluga_client_set_cassette(beluga_client_default(), &tape, &err) ||
        beluga_model_open("openai/gpt-5-mini", &model, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    int passed = pass_on(model, "{\"model\": \"mini\", \"messages\": [{\"role\": \"user\","
                                " \"content\": \"Why is the sky blue?\"}]}");
    int unknown = pass_on(model, "{\"messages\": []}");
    beluga_chat_model_unref(model);
    return passed != 0 || unknown != BELUGA_ERROR_NOT_FOUND;
}
