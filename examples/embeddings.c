/* Finds the texts that are nearest to a question, and counts the tokens of a prompt.
 *
 *     embeddings [MODEL]
 */
#include <beluga/beluga.h>

#include <stdio.h>

enum { TEXTS = 4 };

static const char *const texts[TEXTS] = {
    "whales are large animals of the sea",
    "a bicycle has two wheels",
    "sharks are fish of the sea",
    "bread is made of flour and water",
};

static int fail(const beluga_error *err)
{
    fprintf(stderr, "%s: %s\n", beluga_error_name(err->code), err->message);
    return 1;
}

/* Print the text that is nearest to the question. */
static int search(beluga_chat_model *model, const char *question)
{
    beluga_embeddings *documents = NULL, *query = NULL;
    beluga_error err;
    size_t best = 0;
    double most = -2;
    int status = beluga_embed(model, NULL, texts, NULL, TEXTS, &documents, &err,
                              beluga_with_input_type(BELUGA_INPUT_TYPE_DOCUMENT));
    if (status == 0)
        status = beluga_embed(model, NULL, &question, NULL, 1, &query, &err,
                              beluga_with_input_type(BELUGA_INPUT_TYPE_QUERY));
    for (size_t i = 0; status == 0 && i < TEXTS; i++) {
        double near = beluga_similarity(beluga_embeddings_vector(documents, i),
                                        beluga_embeddings_vector(query, 0),
                                        beluga_embeddings_dimensions(query));
        if (near > most) best = i;
        if (near > most) most = near;
    }
    if (status == 0) printf("%s -> %s\n", question, texts[best]);
    beluga_embeddings_free(query);
    beluga_embeddings_free(documents);
    return status ? fail(&err) : 0;
}

static int count(beluga_chat_model *model, const char *prompt)
{
    beluga_token_count tokens;
    beluga_error err;
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message(prompt));
    int status = beluga_count_tokens(model, NULL, messages, &tokens, &err);
    beluga_messages_free(messages);
    if (status) return fail(&err);
    printf("\"%s\" has %lld tokens\n", prompt, (long long)tokens.tokens);
    return 0;
}

int main(int argc, char **argv)
{
    beluga_chat_model *model;
    beluga_error err;
    if (beluga_model_open(argc > 1 ? argv[1] : "mock/any", &model, &err)) return fail(&err);
    int failed = search(model, "which animals of the sea are large");
    if (!failed) failed = search(model, "what is bread made of");
    if (!failed) failed = count(model, "Translate this to French");
    beluga_chat_model_unref(model);
    return failed;
}
