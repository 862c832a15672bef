/* A test without a network and a key: the answers come from recordings in a directory. */
#include <beluga/beluga.h>

#include <stdio.h>

static int ask(beluga_chat_model *model, const char *question)
{
    beluga_error err;
    beluga_response *response;
    int status = beluga_invoke(model, NULL, beluga_input_text(question), &response, &err);
    printf("%s\n  %s\n", question, status ? err.message : beluga_response_text(response, NULL));
    beluga_response_free(response);
    return status;
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
    int answered = ask(model, "Why is the sky blue?");
    int missing = ask(model, "Why is the sea blue?");
    beluga_chat_model_unref(model);
    return answered != 0 || missing != BELUGA_ERROR_NOT_FOUND;
}
