#include <beluga/beluga.h>

#include <stdio.h>

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "mock/any";
    const beluga_event *event;
    beluga_chat_model *model;
    beluga_stream *stream;
    beluga_error err;

    if (beluga_model_open(name, &model, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    int status = beluga_stream_input(model, NULL, beluga_input_text("Say hello"), &stream, &err);
    while (status == 0) {
        status = beluga_stream_next(stream, &event, &err);
        if (status != 0 || event == NULL) break;
        if (event->kind == BELUGA_EVENT_TEXT)
            fwrite(event->u.text.text, 1, event->u.text.length, stdout);
    }
    puts("");
    if (status) fprintf(stderr, "%s: %s\n", beluga_error_name(status), err.message);
    beluga_stream_free(stream);
    beluga_chat_model_unref(model);
    return status != 0;
}
