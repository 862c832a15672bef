/* Loads the plug-in and streams an answer from it. Prints TAP. */
#include <beluga/beluga.h>

#include <stdio.h>
#include <string.h>

static int count, failures;

static void check(int good, const char *name)
{
    printf("%sok %d - %s\n", good ? "" : "not ", ++count, name);
    failures += !good;
}

/* The events of one call, as text. */
typedef struct story {
    char text[1024];
    size_t length;
    int status;
    beluga_error err;
} story;

static void note(story *s, const char *text, size_t length)
{
    int n = snprintf(s->text + s->length, sizeof s->text - s->length, "[%.*s]", (int)length, text);
    if (n > 0 && s->length + (size_t)n < sizeof s->text) s->length += (size_t)n;
}

static story tell(beluga_chat_model *model, beluga_context *context, const char *prompt,
                  int64_t delay_ms)
{
    story s = {.length = 0};
    const beluga_event *event = NULL;
    beluga_stream *stream = NULL;
    s.status =
        beluga_stream_input(model, context, beluga_input_text(prompt), &stream, &s.err,
                            beluga_with_provider_specific_int("example-name.delay_ms", delay_ms));
    while (!s.status && !(s.status = beluga_stream_next(stream, &event, &s.err)) && event) {
        if (event->kind == BELUGA_EVENT_TEXT) note(&s, event->u.text.text, event->u.text.length);
        if (context) beluga_context_cancel(context); /* cancels in the middle of the answer */
    }
    beluga_stream_free(stream);
    return s;
}

static void run(beluga_chat_model *model)
{
    story s = tell(model, NULL, "one two three", 0);
    check(s.status == 0 && strcmp(s.text, "[one ][two ][three]") == 0, "it streams word by word");
    s = tell(model, NULL, "one two", 1);
    check(s.status == 0 && strcmp(s.text, "[one ][two]") == 0, "its own option is heeded");
    s = tell(model, NULL, "", 0);
    check(s.status == BELUGA_ERROR_INVALID_INPUT &&
              strcmp(s.err.provider_code, "example_name_empty") == 0,
          "its own error code arrives");
    beluga_context *context = beluga_context_new_cancellable(NULL);
    s = tell(model, context, "one two three", 1000);
    check(s.status == BELUGA_ERROR_CONTEXT_CANCELED, "it can be cancelled");
    beluga_context_unref(context);
}

int main(int argc, char **argv)
{
    beluga_registry *registry = beluga_registry_default();
    beluga_chat_model *model = NULL;
    beluga_error err;
    printf("1..5\n");
    int status =
        beluga_registry_load_plugin(registry, argc > 1 ? argv[1] : "example-name.so", &err);
    if (!status) status = beluga_registry_open(registry, "example-name", NULL, &model, &err);
    check(status == 0, "it loads");
    if (status)
        printf("Bail out! %s\n", err.message);
    else
        run(model);
    beluga_chat_model_unref(model);
    return status || failures;
}
