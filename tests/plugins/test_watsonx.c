/* plugins/watsonx.c at a scripted service that answers like IBM's: an identity service that issues
 * tokens, and the two endpoints of watsonx.ai. The requests and answers have the forms that IBM's
 * own clients for Java and JavaScript use; plugins/fixtures/watsonx has whole exchanges. */
#include "../support/calls.h"
#include "../support/scoped_peer.h"
#include "../support/script.h"
#include "loading.h"

#include <stdio.h>

#define KEY "watsonx-api-key-4f1d/+ ="
#define TOKEN(text)                                                     \
    "{\"access_token\":\"" text                                         \
    "\",\"refresh_token\":\"not_supported\",\"token_type\":\"Bearer\"," \
    "\"expires_in\":3600,\"expiration\":1473188353,\"scope\":\"ibm openid\"}"
#define ANSWER                                                                                \
    "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"model_id\":\"ibm/granite\","     \
    "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Ciao\"},"    \
    "\"finish_reason\":\"stop\"}],\"created\":1749323488,\"usage\":{\"completion_tokens\":3," \
    "\"prompt_tokens\":38,\"total_tokens\":41}}"
#define CHUNK(delta, finish)                                                         \
    "{\"id\":\"chatcmpl-1\",\"model_id\":\"ibm/granite\",\"choices\":[{\"index\":0," \
    "\"finish_reason\":" finish ",\"delta\":" delta "}],\"created\":1749736055}"
#define COUNTS                                                                  \
    "{\"id\":\"chatcmpl-1\",\"choices\":[],\"usage\":{\"completion_tokens\":3," \
    "\"prompt_tokens\":38,\"total_tokens\":41}}"
#define EXPIRED                                                                        \
    "{\"errors\":[{\"code\":\"authentication_token_expired\",\"message\":\"Failed to " \
    "authenticate the request due to an expired token\"}],\"trace\":\"9d\",\"status_code\":401}"

static beluga_chat_model *open_watsonx(loading *l, peer *p, const char *place)
{
    char url[64], tokens[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", peer_port(p));
    snprintf(tokens, sizeof tokens, "http://127.0.0.1:%d/identity/token", peer_port(p));
    beluga_config *config = beluga_config_new(
        beluga_with_base_url(url), beluga_with_model_name("ibm/granite"), beluga_with_api_key(KEY),
        beluga_with_max_retries(1), beluga_with_retry_delay_ms(100),
        beluga_with_provider_specific("watsonx.token_url", tokens),
        beluga_with_provider_specific(place, "place-1"));
    beluga_chat_model *model = open_plugged(l, example_plugin(l, "watsonx"), "watsonx", config);
    beluga_config_free(config);
    return model;
}

#define OPEN(l, p) open_watsonx(l, p, "watsonx.project_id")

static void a_key_is_exchanged_by_a_form_and_both_endpoints_get_the_token(void **state)
{
    record r;
    SCOPED(peer) *p = peer_start();
    SCOPED(beluga_chat_model) *model = OPEN(*state, p);
    script(p, MATCHES("/identity/token"), JSON(TOKEN("token-1")));
    script(p, MATCHES("/ml/v1/text/chat?"), JSON(ANSWER));
    script(
        p, MATCHES("/ml/v1/text/chat_stream?"), EVENT_STREAM,
        BODY("id: 1\nevent: message\ndata: " CHUNK(
            "{\"role\":\"assistant\",\"content\":\"\"}",
            "null") "\n\n"
                    "id: 2\nevent: message\ndata: " CHUNK(
                        "{\"content\":\"C\"}",
                        "null") "\n\n"
                                "id: 3\nevent: message\ndata: " CHUNK(
                                    "{\"content\":\"iao\"}",
                                    "null") "\n\n"
                                            "id: 4\nevent: message\ndata: " CHUNK(
                                                "{\"content\":\"\"}",
                                                "\"stop\"") "\n\n"
                                                            "id: 5\nevent: message\ndata: " COUNTS
                                                            "\n\n"));
    assert_int_equal(generate(model, "Ciao", NULL), 0);
    assert_int_equal(stream_whole(model, &r), 0);
    assert_story(&r, "start metadata [C] [iao] usage(38,3) finish(stop)");
    assert_int_equal(peer_requests(p), 3);
    assert_string_equal(peer_request_header(p, 0, "Content-Type"),
                        "application/x-www-form-urlencoded");
    assert_string_equal(peer_request_body(p, 0, NULL),
                        "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&"
                        "apikey=watsonx-api-key-4f1d%2F%2B+%3D");
    assert_null(peer_request_header(p, 0, "Authorization"));
    assert_string_equal(peer_request_path(p, 1), "/ml/v1/text/chat?version=2024-05-31");
    assert_string_equal(peer_request_path(p, 2), "/ml/v1/text/chat_stream?version=2024-05-31");
    for (size_t i = 1; i < 3; i++)
        assert_string_equal(peer_request_header(p, i, "Authorization"), "Bearer token-1");
    assert_string_equal(peer_request_body(p, 1, NULL),
                        "{\"model_id\":\"ibm/granite\",\"project_id\":\"place-1\",\"messages\":[{"
                        "\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Hi\"}]}]}");
}

static void a_token_that_has_expired_is_renewed_and_the_call_made_again(void **state)
{
    SCOPED(peer) *p = peer_start();
    SCOPED(beluga_chat_model) *model = open_watsonx(*state, p, "watsonx.space_id");
    script(p, MATCHES("/identity/token"), JSON(TOKEN("token-1")));
    script(p, MATCHES("/identity/token"), JSON(TOKEN("token-2")));
    script(p, JSON(ANSWER));
    script(p, HEAD(401, "Content-Type: application/json\r\n"), BODY(EXPIRED));
    script(p, JSON(ANSWER));
    assert_int_equal(generate(model, "Ciao", NULL), 0);
    assert_int_equal(generate(model, "Ciao", NULL), 0);
    assert_int_equal(peer_requests(p), 5);
    assert_string_equal(peer_request_header(p, 2, "Authorization"), "Bearer token-1");
    assert_string_equal(peer_request_header(p, 4, "Authorization"), "Bearer token-2");
    assert_non_null(strstr(peer_request_body(p, 4, NULL), "\"space_id\":\"place-1\""));
}

static void a_key_that_ibm_does_not_know_is_told(void **state)
{
    beluga_error err = {0};
    SCOPED(peer) *p = peer_start();
    SCOPED(beluga_chat_model) *model = OPEN(*state, p);
    script(p, MATCHES("/identity/token"), HEAD(400, "Content-Type: application/json\r\n"),
           BODY("{\"context\":{\"requestId\":\"x\"},\"errorCode\":\"BXNIM0415E\","
                "\"errorMessage\":\"Provided API key could not be found.\"}"));
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_AUTHENTICATION);
    assert_string_equal(err.message, "the key can't be exchanged for a token (HTTP 400)");
    assert_string_equal(err.provider_code, "BXNIM0415E");
    assert_string_equal(err.cause, "Provided API key could not be found.");
    assert_int_equal(peer_requests(p), 1);
}

static void tools_are_called_and_their_results_sent_back_over_a_stream(void **state)
{
    record r;
    SCOPED(peer) *p = peer_start();
    SCOPED(beluga_chat_model) *model = OPEN(*state, p);
    script(p, MATCHES("/identity/token"), JSON(TOKEN("token-1")));
    script(p, EVENT_STREAM,
           BODY("data: " CHUNK(
               "{\"tool_calls\":[{\"index\":0,\"id\":\"tool-1\",\"type\":"
               "\"function\",\"function\":{\"name\":\"sum\",\"arguments\":\"\"}}]}",
               "null") "\n\n"
                       "data: " CHUNK("{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"\","
                                      "\"arguments\":\"{\\\"a\\\": 2}\"}}]}",
                                      "\"tool_calls\"") "\n\n"
                                                        "data: " COUNTS "\n\n"));
    assert_int_equal(stream_whole(model, &r), 0);
    assert_story(&r, "start metadata begin(0 sum) delta(0 {\"a\": 2}) usage(38,3) end(0 {\"a\": "
                     "2}) finish(tool_calls)");
}

static void without_a_project_nothing_is_sent(void **state)
{
    beluga_error err = {0};
    SCOPED(peer) *p = peer_start();
    SCOPED(beluga_chat_model) *model = open_watsonx(*state, p, "watsonx.api_version");
    script(p, MATCHES("/identity/token"), JSON(TOKEN("token-1")));
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_INVALID_CONFIG);
    assert_contains(err.message, "WATSONX_PROJECT_ID");
}

static void a_token_may_be_given_as_the_key(void **state)
{
    char url[64];
    SCOPED(peer) *p = peer_start();
    snprintf(url, sizeof url, "http://127.0.0.1:%d", peer_port(p));
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(url), beluga_with_api_key("eyJhbGciOi.payload.sig"),
                          beluga_with_provider_specific("watsonx.project_id", "place-1"));
    SCOPED(beluga_chat_model) *model =
        open_plugged(*state, example_plugin(*state, "watsonx"), "watsonx", config);
    beluga_config_free(config);
    script(p, JSON(ANSWER));
    assert_int_equal(generate(model, "Ciao", NULL), 0);
    assert_string_equal(peer_request_header(p, 0, "Authorization"),
                        "Bearer eyJhbGciOi.payload.sig");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOADING(a_key_is_exchanged_by_a_form_and_both_endpoints_get_the_token),
        LOADING(a_token_that_has_expired_is_renewed_and_the_call_made_again),
        LOADING(a_key_that_ibm_does_not_know_is_told),
        LOADING(tools_are_called_and_their_results_sent_back_over_a_stream),
        LOADING(without_a_project_nothing_is_sent),
        LOADING(a_token_may_be_given_as_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
