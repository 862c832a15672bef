/* The protocol of the plug-ins in these tests: a request is {"stream": ..., "words": [...]}, and an
 * answer is {"text": ..., "done": true}. */
#ifndef BELUGA_TESTS_CONFORMANCE_SAY_H
#define BELUGA_TESTS_CONFORMANCE_SAY_H

#include <beluga/provider/provider.h>

/* Write the texts of all messages. */
static inline void say_words(const beluga_call *call, beluga_json_writer *w)
{
    size_t n;
    beluga_json_begin_array(w, "words");
    for (size_t i = 0; i < beluga_call_message_count(call); i++) {
        const char *text = beluga_message_text(beluga_call_message(call, i), &n);
        beluga_json_put_string_n(w, NULL, text, n);
    }
    beluga_json_end_array(w);
}

/* Write the request without the options and tools of the call, and without a warning about them. */
static inline int say_silently(const beluga_call *call, beluga_http_request *request)
{
    beluga_json_writer *w = beluga_http_request_json(request);
    beluga_http_request_set_path(request, "/say");
    beluga_json_begin_object(w, NULL);
    beluga_json_put_bool(w, "stream", beluga_call_is_streamed(call));
    say_words(call, w);
    beluga_json_end_object(w);
    return 0;
}

static inline int say_encode(const beluga_call *call, beluga_http_request *request,
                             beluga_error *err)
{
    (void)err;
    if (beluga_call_tool_count(call)) beluga_http_request_warn(request, "there are no tools");
    return say_silently(call, request);
}

static inline int say_decode(void *state, const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    (void)state;
    int status = beluga_emit_parse(emit, body, length, &root);
    const char *text = beluga_json_get_string(root, "text", &length);
    if (!status && text) status = beluga_emit_text(emit, text, length);
    if (status || !beluga_json_bool(beluga_json_get(root, "done"), false)) return status;
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, "done");
}

#endif
