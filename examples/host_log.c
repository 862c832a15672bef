/* The library never prints: its messages go to the host program, which here prints one line for
 * each record.
 *
 * The host program makes its own client, which has its log hook; it could also have its allocator,
 * telemetry or threads. Keys never appear in a record; prompts and answers appear only with
 * `capture_content`. */
#include <beluga/beluga.h>
#include <beluga/providers/mock.h>

#include <stdio.h>

static void on_log(void *payload, beluga_log_level level, const char *event,
                   const beluga_log_field *fields, size_t n_fields)
{
    FILE *out = payload;
    fprintf(out, "%-5s %s", beluga_log_level_name(level), event);
    for (size_t i = 0; i < n_fields; i++) {
        if (fields[i].text)
            fprintf(out, " %s=%.*s", fields[i].name, (int)fields[i].length, fields[i].text);
        else
            fprintf(out, " %s=%lld", fields[i].name, (long long)fields[i].number);
    }
    fprintf(out, "\n");
}

static void show_error(const char *what, const beluga_error *err)
{
    char line[1024];
    beluga_error_format(err, line, sizeof line);
    fprintf(stderr, "%s: %s\n", what, line);
}

/* Open a model of this client that fails once, so that the log shows a retry. */
static beluga_chat_model *open_model(beluga_client *client)
{
    beluga_error err;
    beluga_chat_model *model = NULL;
    beluga_config *config =
        beluga_config_new(beluga_with_model_name("logged"), beluga_mock_with_error("overloaded"),
                          beluga_mock_with_error_count(1), beluga_with_retry_delay_ms(100));
    if (beluga_registry_open(beluga_client_registry(client), "mock", config, &model, &err))
        show_error("open", &err);
    beluga_config_free(config);
    return model;
}

static int ask(beluga_chat_model *model, const char *question)
{
    beluga_error err;
    beluga_response *response;
    int status = beluga_invoke(model, NULL, beluga_input_text(question), &response, &err);
    if (status) {
        show_error("invoke", &err);
        return status;
    }
    printf("answer: %s\n", beluga_response_text(response, NULL));
    beluga_response_free(response);
    return 0;
}

int main(void)
{
    beluga_client *client = NULL;
    const beluga_client_settings settings = {
        .size = sizeof settings,
        .log = on_log,
        .log_payload = stdout,
        .log_level = BELUGA_LOG_INFO,
    };
    if (beluga_client_new(&settings, &client)) return 1;
    beluga_chat_model *model = open_model(client);
    int status = model ? ask(model, "Is anybody listening?") : -1;
    beluga_chat_model_unref(model);
    beluga_client_unref(client);
    return status ? 1 : 0;
}
