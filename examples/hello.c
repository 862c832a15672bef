#include <beluga/beluga.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    const beluga_event *event = NULL;
    beluga_chat_model *model;
    beluga_stream *stream;
    beluga_error err;

    if (beluga_model_open(argc > 1 ? argv[1] : "mock/any", &model, &err))
        return fprintf(stderr, "%s\n", err.message), 1;
    int status = beluga_stream_input(model, NULL, beluga_input_text("Say hello"), &stream, &err);
    while (!status && !(status = beluga_stream_next(stream, &event, &err)) && event)
        if (event->kind == BELUGA_EVENT_TEXT)
            fwrite(event->u.text.text, 1, event->u.text.length, stdout);
    puts("");
    if (status) fprintf(stderr, "%s: %s\n", beluga_error_name(status), err.message);
    beluga_stream_free(stream);
    beluga_chat_model_unref(model);
    return status != 0;
}
