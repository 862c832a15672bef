/* A program that loads a plug-in that its user chooses, and streams from the plug-in's provider.
 *
 *     plugin_host parrot.so parrot "Pretty Polly" parrot.times=2 */
#include <beluga/beluga.h>

#include <stdio.h>

static int stream(beluga_chat_model *model, const char *prompt, const beluga_option *options,
                  size_t n)
{
    const beluga_event *event;
    beluga_stream *stream = NULL;
    beluga_error err;
    int status =
        beluga_stream_input_n(model, NULL, beluga_input_text(prompt), &stream, &err, options, n);
    while (status == 0) {
        status = beluga_stream_next(stream, &event, &err);
        if (status != 0 || event == NULL) break;
        if (event->kind == BELUGA_EVENT_TEXT)
            fwrite(event->u.text.text, 1, event->u.text.length, stdout);
    }
    puts("");
    if (status) fprintf(stderr, "%s: %s\n", beluga_error_name(status), err.message);
    beluga_stream_free(stream);
    return status;
}

int main(int argc, char **argv)
{
    beluga_registry *registry = beluga_registry_default();
    beluga_chat_model *model;
    beluga_option option;
    beluga_error err;

    if (argc < 4) {
        fputs("plugin_host FILE PROVIDER PROMPT [OPTION]\n", stderr);
        return 2;
    }
    if (beluga_registry_load_plugin(registry, argv[1], &err) ||
        (argc > 4 && beluga_option_parse(argv[4], &option, &err)) ||
        beluga_registry_open(registry, argv[2], NULL, &model, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    printf("%s is a plug-in: %s\n", argv[2],
           beluga_registry_plugin_file(registry, argv[2]) ? "yes" : "no");
    int status = stream(model, argv[3], &option, argc > 4);
    beluga_chat_model_unref(model);
    return status != 0;
}
