/* The basics: generate, stream, invoke, batch, options of one call, and errors.
 *
 *     llm_usage [MODEL-REFERENCE]        mock/demo, openai/gpt-5-mini, …
 *
 * Keys and base URLs come from the environment (OPENAI_API_KEY, OPENAI_BASE_URL). */
#include <beluga/beluga.h>

#include <stdio.h>
#include <stdlib.h>

static void die(const char *what, const beluga_error *err)
{
    char line[1024];
    beluga_error_format(err, line, sizeof line);
    fprintf(stderr, "%s: %s\n", what, line);
    exit(1);
}

/* ---- generate -------------------------------------------------------------------------------- */

static void generate(beluga_chat_model *model)
{
    beluga_error err;
    beluga_response *response;
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_system_message("You answer in one sentence."));
    beluga_messages_add(messages, beluga_human_message("What is a beluga?"));

    printf("--- Generate ---\n");
    if (beluga_generate(model, NULL, messages, &response, &err)) die("generate", &err);
    const beluga_usage *usage = beluga_response_usage(response);
    printf("%s\n", beluga_response_text(response, NULL));
    printf("finish reason %s, %lld tokens in, %lld out\n",
           beluga_finish_reason_name(beluga_response_finish_reason(response)),
           (long long)usage->input_total, (long long)usage->output_total);

    /* The answer is added to the list, and the conversation continues. */
    beluga_messages_add(messages, beluga_response_message(response));
    beluga_messages_add(messages, beluga_human_message("And where does it live?"));
    beluga_response_free(response);
    if (beluga_generate(model, NULL, messages, &response, &err)) die("generate", &err);
    printf("%s\n", beluga_response_text(response, NULL));
    beluga_response_free(response);
    beluga_messages_free(messages);
}

/* ---- stream ---------------------------------------------------------------------------------- */

static void stream(beluga_chat_model *model)
{
    beluga_error err;
    beluga_stream *stream;
    const beluga_event *event;
    int status;
    printf("\n--- Stream ---\n");
    if (beluga_stream_input(model, NULL, beluga_input_text("Tell me a short story."), &stream,
                            &err))
        die("stream", &err);
    while ((status = beluga_stream_next(stream, &event, &err)) == 0 && event) {
        /* Skip kinds of events that you don't need. */
        if (event->kind != BELUGA_EVENT_TEXT) continue;
        fwrite(event->u.text.text, 1, event->u.text.length, stdout);
        fflush(stdout);
    }
    if (status) die("stream", &err); /* a stream that was cut is never reported as complete */
    printf("\n");
    beluga_stream_free(stream);
}

/* ---- invoke ---------------------------------------------------------------------------------- */

static void invoke_with(beluga_chat_model *model, const char *kind, beluga_input input)
{
    beluga_error err;
    beluga_response *response;
    if (beluga_invoke(model, NULL, input, &response, &err)) die("invoke", &err);
    printf("%s: %s\n", kind, beluga_response_text(response, NULL));
    beluga_response_free(response);
}

static void invoke(beluga_chat_model *model)
{
    beluga_message *message = beluga_human_message("Say hello.");
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_system_message("You speak French."));
    beluga_messages_add(messages, beluga_human_message("Say hello."));

    printf("\n--- Invoke ---\n");
    invoke_with(model, "text", beluga_input_text("Say hello."));
    invoke_with(model, "message", beluga_input_message(message));
    invoke_with(model, "messages", beluga_input_messages(messages));
    beluga_messages_free(messages);
    beluga_message_unref(message);
}

/* ---- batch ----------------------------------------------------------------------------------- */

static void batch(beluga_chat_model *model)
{
    enum { N = 3 };
    beluga_error err;
    beluga_batch_result results[N];
    const beluga_input inputs[N] = {
        beluga_input_text("Name a colour."),
        beluga_input_text("Name a number."),
        beluga_input_text("Name a city."),
    };
    printf("\n--- Batch ---\n");
    beluga_batch(model, NULL, inputs, N, results, &err, beluga_with_max_concurrent_batches(2));
    /* Each call has its own outcome; a failure does not affect the others. */
    for (size_t i = 0; i < N; i++)
        printf("%zu: %s\n", i,
               results[i].response ? beluga_response_text(results[i].response, NULL)
                                   : results[i].error.message);
    beluga_batch_results_clear(results, N);
}

/* ---- options of one call --------------------------------------------------------------------- */

static void options(beluga_chat_model *model)
{
    beluga_error err;
    beluga_response *response;
    printf("\n--- Options ---\n");
    if (beluga_invoke(model, NULL, beluga_input_text("Describe the sea."), &response, &err,
                      beluga_with_temperature(0.2), beluga_with_max_tokens(100),
                      beluga_with_timeout_ms(20000)))
        die("invoke", &err);
    printf("%s\n", beluga_response_text(response, NULL));
    beluga_response_free(response);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void show_error(const char *title, const beluga_error *err)
{
    printf("%s: %s%s\n", title, beluga_error_name(err->code), err->retryable ? " (retryable)" : "");
    if (*err->provider_code) printf("  provider's code: %s\n", err->provider_code);
    printf("  message: %s\n", err->message);
}

static void errors(beluga_chat_model *model)
{
    beluga_error err;
    beluga_response *response;
    beluga_chat_model *failing;
    printf("\n--- Errors ---\n");
    if (beluga_invoke(model, NULL, beluga_input_text("Hello"), &response, &err,
                      beluga_with_temperature(7), beluga_with_max_tokens(-1)))
        show_error("bad options", &err);
    else
        beluga_response_free(response);

    if (beluga_model_open("mock/error-rate_limit", &failing, &err)) die("open", &err);
    if (beluga_invoke(failing, NULL, beluga_input_text("Hello"), &response, &err,
                      beluga_with_max_retries(0)))
        show_error("a provider's error", &err);
    else
        beluga_response_free(response);
    beluga_chat_model_unref(failing);
}

int main(int argc, char **argv)
{
    beluga_error err;
    beluga_chat_model *model;
    if (beluga_model_open(argc > 1 ? argv[1] : "mock/demo", &model, &err)) die("open", &err);
    generate(model);
    stream(model);
    invoke(model);
    batch(model);
    options(model);
    errors(model);
    beluga_chat_model_unref(model);
    return 0;
}
