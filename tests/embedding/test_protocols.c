/* Embeddings: features that only some protocols have. */
#include "../support/parts.h"
#include "../support/scoped.h"
#include "vectors.h"

#include <stdio.h>

/* Open a model of another provider, with the peer as its server and this path in its base URL. */
static void open_other(scene *s, const char *provider, const char *path, const char *model)
{
    char url[256];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", peer_port(s->peer), path);
    SCOPED(beluga_config) *config =
        beluga_config_new(beluga_with_base_url(url), beluga_with_api_key("key"),
                          beluga_with_model_name(model), beluga_with_max_retries(0));
    beluga_chat_model *opened;
    needs_provider(provider);
    assert_int_equal(
        beluga_registry_open(beluga_registry_default(), provider, config, &opened, &s->err), 0);
    use_model(s, opened);
}

static void titan_embeds_one_text_in_a_request(scene *s)
{
    beluga_embeddings *e;
    open_other(s, "bedrock", "", "amazon.titan-embed-text-v2:0");
    script(s->peer, JSON("{\"embedding\":[1,0],\"inputTextTokenCount\":4,"
                         "\"embeddingsByType\":{\"float\":[1,0]}}"));
    script(s->peer, JSON("{\"embedding\":[0,1],\"inputTextTokenCount\":5}"));
    assert_int_equal(beluga_embed(s->model, NULL, three, NULL, 2, &e, &s->err,
                                  beluga_with_dimensions(256),
                                  beluga_with_max_concurrent_batches(1)),
                     0);
    assert_vector(e, 0, 1, 0);
    assert_vector(e, 1, 0, 1);
    assert_int_equal(beluga_embeddings_usage(e)->input_total, 9);
    beluga_embeddings_free(e);
    assert_string_equal(peer_request_path(s->peer, 0),
                        "/model/amazon.titan-embed-text-v2%3A0/invoke");
    assert_string_equal(peer_request_body(s->peer, 1, NULL),
                        "{\"inputText\":\"a dolphin\",\"dimensions\":256}");
}

static void the_head_counts_the_tokens_of_cohere_on_bedrock(scene *s)
{
    static const char *const heads[] = {"9", "x", "99999999999"};
    static const int64_t counts[] = {9, -1, -1};
    open_other(s, "bedrock", "", "cohere.embed-v4:0");
    for (size_t i = 0; i < 3; i++) {
        beluga_embeddings *e;
        char head[128];
        snprintf(head, sizeof head,
                 "Content-Type: application/json\r\nX-Amzn-Bedrock-Input-Token-Count: %s\r\n",
                 heads[i]);
        script(s->peer, HEAD(200, head), BODY("{\"embeddings\":{\"float\":[[1,0],[0,1]]}}"));
        assert_int_equal(
            beluga_embed(s->model, NULL, three, NULL, 2, &e, &s->err, beluga_with_max_inputs(96)),
            0);
        assert_vector(e, 1, 0, 1);
        assert_int_equal(beluga_embeddings_usage(e)->input_total, counts[i]);
        beluga_embeddings_free(e);
    }
}

static void titan_is_not_asked_for_several(scene *s)
{
    beluga_embeddings *e;
    open_other(s, "bedrock", "", "amazon.titan-embed-text-v2:0");
    assert_int_equal(
        beluga_embed(s->model, NULL, three, NULL, 3, &e, &s->err, beluga_with_max_inputs(3)),
        BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(s->err.message,
                        "this model embeds one text in a request: leave max_inputs at 1");
    assert_int_equal(peer_requests(s->peer), 0);
}

static void vertex_ai_is_asked_to_predict(scene *s)
{
    beluga_embeddings *e;
    open_other(s, "gemini", "/v1/projects/p/locations/l", "text-embedding-005");
    script(s->peer, JSON("{\"predictions\":[{\"embeddings\":{\"values\":[1,0],\"statistics\":"
                         "{\"token_count\":3,\"truncated\":false}}},{\"embeddings\":{\"values\":"
                         "[0,1],\"statistics\":{\"token_count\":4}}}]}"));
    assert_int_equal(beluga_embed(s->model, NULL, three, NULL, 2, &e, &s->err,
                                  beluga_with_dimensions(2),
                                  beluga_with_input_type(BELUGA_INPUT_TYPE_QUERY)),
                     0);
    assert_vector(e, 1, 0, 1);
    assert_int_equal(beluga_embeddings_usage(e)->input_total, 7);
    beluga_embeddings_free(e);
    assert_string_equal(peer_request_path(s->peer, 0),
                        "/v1/projects/p/locations/l/publishers/google/models/"
                        "text-embedding-005:predict");
    assert_string_equal(peer_request_body(s->peer, 0, NULL),
                        "{\"instances\":[{\"content\":\"a whale\",\"task_type\":"
                        "\"RETRIEVAL_QUERY\"},{\"content\":\"a dolphin\",\"task_type\":"
                        "\"RETRIEVAL_QUERY\"}],\"parameters\":{\"autoTruncate\":false,"
                        "\"outputDimensionality\":2}}");
}

static void azure_puts_the_deployment_into_a_dated_path(scene *s)
{
    beluga_embeddings *e;
    open_other(s, "azure", "", "my-embedder");
    script(s->peer, JSON("{\"data\":[{\"index\":0,\"embedding\":[1,2]}]}"));
    assert_int_equal(beluga_embed(s->model, NULL, three, NULL, 1, &e, &s->err,
                                  beluga_with_provider_specific("azure.api_version", "2024-10-21")),
                     0);
    beluga_embeddings_free(e);
    assert_string_equal(peer_request_path(s->peer, 0),
                        "/openai/deployments/my-embedder/embeddings?api-version=2024-10-21");
}

/* Expect that an answer with this body, which reports an error in the provider's own form, fails
 * with this code. */
static void expect_error(scene *s, const char *provider, const char *body, int code)
{
    beluga_embeddings *e;
    open_other(s, provider, "", "m");
    script(s->peer, JSON(body));
    assert_int_equal(beluga_embed(s->model, NULL, three, NULL, 1, &e, &s->err), code);
}

static void an_error_in_place_of_vectors_is_told(scene *s)
{
    expect_error(s, "ollama", "{\"error\":\"model \\\"m\\\" not found, try pulling it first\"}",
                 BELUGA_ERROR_INVALID_MODEL);
    expect_error(s, "ollama", "{}", BELUGA_ERROR_INVALID_RESPONSE);
    expect_error(s, "cohere", "{\"message\":\"no\"}", BELUGA_ERROR_INTERNAL);
    expect_error(s, "gemini",
                 "{\"error\":{\"code\":429,\"message\":\"x\",\"status\":"
                 "\"RESOURCE_EXHAUSTED\"}}",
                 BELUGA_ERROR_RATE_LIMIT);
    expect_error(s, "gemini", "[]", BELUGA_ERROR_INVALID_RESPONSE);
    expect_error(s, "bedrock", "{\"embeddings\":5}", BELUGA_ERROR_INVALID_RESPONSE);
    expect_error(s, "openai", "{\"error\":{\"message\":\"x\",\"type\":\"server_error\"}}",
                 BELUGA_ERROR_INTERNAL);
}

static void expect_bad_count(scene *s, const char *provider, const char *body)
{
    beluga_token_count count;
    beluga_messages *list;
    open_other(s, provider, "", "m");
    script(s->peer, JSON(body));
    assert_int_equal(beluga_ensure_messages(beluga_input_text("Hi"), &list, &s->err), 0);
    assert_int_equal(beluga_count_tokens(s->model, NULL, list, &count, &s->err),
                     BELUGA_ERROR_INVALID_RESPONSE);
    beluga_messages_free(list);
}

static void a_count_that_is_no_whole_number_is_refused(scene *s)
{
    expect_bad_count(s, "anthropic", "{\"input_tokens\":1.5}");
    expect_bad_count(s, "anthropic", "{\"input_tokens\":\"7\"}");
    expect_bad_count(s, "gemini", "{\"totalTokens\":-1}");
    expect_bad_count(s, "gemini", "{\"totalTokens\":1e30}");
    expect_bad_count(s, "gemini", "{\"totalTokens\":null}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(titan_embeds_one_text_in_a_request),
        SCENE(the_head_counts_the_tokens_of_cohere_on_bedrock),
        SCENE(titan_is_not_asked_for_several),
        SCENE(vertex_ai_is_asked_to_predict),
        SCENE(azure_puts_the_deployment_into_a_dated_path),
        SCENE(a_count_that_is_no_whole_number_is_refused),
        SCENE(an_error_in_place_of_vectors_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
