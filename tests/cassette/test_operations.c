/* Embeddings and token counts, recorded and replayed. */
#include "../support/parts.h"
#include "../support/scoped.h"
#include "../support/tape.h"

#include <beluga/embedding.h>

static const char *const texts[] = {"a whale", "a dolphin", "a bicycle"};

static void expect_vectors(tape *t, beluga_chat_model *model)
{
    beluga_embeddings *e;
    beluga_error err;
    (void)t;
    if (beluga_embed(model, NULL, texts, NULL, 3, &e, &err, beluga_with_max_inputs(2),
                     beluga_with_max_concurrent_batches(1)))
        fail_msg("%s", err.message);
    assert_true(beluga_embeddings_vector(e, 0)[1] == 2);
    assert_true(beluga_embeddings_vector(e, 1)[1] == 4);
    assert_true(beluga_embeddings_vector(e, 2)[1] == 6);
    assert_int_equal(beluga_embeddings_usage(e)->input_total, 7);
    beluga_embeddings_free(e);
}

static void vectors_come_back_part_by_part(void **state)
{
    tape *t = *state;
    script(t->peer, JSON("{\"data\":[{\"index\":1,\"embedding\":[3,4]},"
                         "{\"index\":0,\"embedding\":\"AACAPwAAAEA=\"}],"
                         "\"usage\":{\"prompt_tokens\":4}}"));
    script(t->peer, JSON("{\"data\":[{\"index\":0,\"embedding\":[5,6]}],"
                         "\"usage\":{\"prompt_tokens\":3}}"));
    tape_record(t);
    SCOPED(beluga_chat_model) *model = tape_open(t, BELUGA_OPTIONS_END);
    expect_vectors(t, model);
    assert_int_equal(tape_count(t), 2);
    assert_string_equal(tape_name(t, 0), "00001-post-v1-embeddings.json");
    assert_false(tape_has(t, TAPE_KEY));
    tape_silence(t);
    tape_replay(t);
    expect_vectors(t, model);
}

static void other_texts_are_not_answered(void **state)
{
    tape *t = *state;
    beluga_embeddings *e;
    beluga_error err;
    script(t->peer, JSON("{\"data\":[{\"index\":0,\"embedding\":[5,6]}]}"));
    tape_record(t);
    SCOPED(beluga_chat_model) *model = tape_open(t, BELUGA_OPTIONS_END);
    assert_int_equal(beluga_embed(model, NULL, texts, NULL, 1, &e, &err), 0);
    beluga_embeddings_free(e);
    tape_silence(t);
    tape_replay(t);
    assert_int_not_equal(beluga_embed(model, NULL, texts + 1, NULL, 1, &e, &err), 0);
    assert_null(e);
    assert_says(err.message, "recording");
}

static void a_refusal_to_embed_comes_back(void **state)
{
    tape *t = *state;
    beluga_embeddings *e;
    beluga_error live, again;
    script(t->peer, FAILS(400, NULL));
    tape_record(t);
    SCOPED(beluga_chat_model) *model = tape_open(t, BELUGA_OPTIONS_END);
    int status = beluga_embed(model, NULL, texts, NULL, 1, &e, &live);
    assert_int_not_equal(status, 0);
    tape_silence(t);
    tape_replay(t);
    assert_int_equal(beluga_embed(model, NULL, texts, NULL, 1, &e, &again), status);
    assert_string_equal(again.message, live.message);
}

static void a_count_of_tokens_comes_back(void **state)
{
    tape *t = *state;
    beluga_token_count count;
    beluga_error err;
    beluga_chat_model *model;
    SCOPED(beluga_messages) *list = NULL;
    script(t->peer, JSON("{\"input_tokens\":42}"));
    SCOPED(beluga_config) *config =
        beluga_config_new(beluga_with_base_url(t->url), beluga_with_api_key(TAPE_KEY),
                          beluga_with_model_name("claude"), beluga_with_timeout_ms(PATIENCE_MS));
    needs_provider("anthropic");
    assert_int_equal(beluga_ensure_messages(beluga_input_text("Hi"), &list, &err), 0);
    assert_int_equal(
        beluga_registry_open(beluga_registry_default(), "anthropic", config, &model, &err), 0);
    tape_record(t);
    assert_int_equal(beluga_count_tokens(model, NULL, list, &count, &err), 0);
    tape_silence(t);
    tape_replay(t);
    count.tokens = 0;
    assert_int_equal(beluga_count_tokens(model, NULL, list, &count, &err), 0);
    assert_int_equal(count.tokens, 42);
    beluga_chat_model_unref(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_TAPE(vectors_come_back_part_by_part),
        ON_TAPE(other_texts_are_not_answered),
        ON_TAPE(a_refusal_to_embed_comes_back),
        ON_TAPE(a_count_of_tokens_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
