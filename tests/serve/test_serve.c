/* The routes of the server, bodies that it passes on, and which clients it accepts. */
#include "gate.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GATE_TEST(test) cmocka_unit_test_setup_teardown(test, gate_setup, gate_teardown)

#define MOCK "models:\n  e: {model: mock/echo}\n"

/* ---- routes ---------------------------------------------------------------------------------- */

static void each_protocol_is_answered_with_and_without_v1(void **state)
{
    gate *g = *state;
    gate_serve(g, MOCK);
    assert_int_equal(gate_ask(g, "/v1/chat/completions", GATE_CHAT("e", "false")), 200);
    assert_contains(g->text, "\"content\":\"Hi\"");
    assert_contains(g->text, "x-beluga-provider: mock\r\n");
    assert_contains(g->text, "x-beluga-model: echo\r\n");
    assert_contains(g->text, "x-beluga-cost-usd: ");
    assert_int_equal(gate_ask(g, "/chat/completions?beta=true", GATE_CHAT("e", "true")), 200);
    assert_contains(g->text, "data: [DONE]\n\n");
    assert_int_equal(gate_ask(g, "/v1/messages?beta=true", GATE_MESSAGES("e", "true")), 200);
    assert_contains(g->text, "event: message_stop\n");
    assert_int_equal(gate_ask(g, "/messages", GATE_MESSAGES("e", "false")), 200);
    assert_contains(g->text, "\"text\":\"Hi\"");
    assert_int_equal(gate_ask(g, "/v1/responses", GATE_RESPONSES("e", "true")), 200);
    assert_contains(g->text, "event: response.completed\n");
    assert_int_equal(gate_ask(g, "/responses", GATE_RESPONSES("e", "false")), 200);
    assert_contains(g->text, "\"status\":\"completed\"");
}

static void a_body_of_responses_at_the_path_of_chat_is_answered_as_chat(void **state)
{
    gate *g = *state;
    gate_serve(g, MOCK);
    assert_int_equal(gate_ask(g, "/v1/chat/completions", GATE_RESPONSES("e", "false")), 200);
    assert_contains(g->text, "\"object\":\"chat.completion\"");
    assert_contains(g->text, "\"content\":\"Hi\"");
    assert_int_equal(gate_ask(g, "/v1/chat/completions", GATE_RESPONSES("e", "true")), 200);
    assert_contains(g->text, "chat.completion.chunk");
}

static void models_are_listed_for_clients_of_all_families(void **state)
{
    gate *g = *state;
    gate_serve(g, MOCK);
    assert_int_equal(gate_request(g, "GET", "/v1/models?limit=1000", NULL, NULL), 200);
    assert_contains(g->text, "{\"object\":\"list\",\"data\":[{\"id\":\"e\",\"object\":\"model\","
                             "\"type\":\"model\",\"created\":");
    assert_contains(g->text, "\"has_more\":false,\"first_id\":\"e\",\"last_id\":\"e\"}");
    assert_int_equal(gate_request(g, "GET", "/models/e", NULL, NULL), 200);
    assert_contains(g->text, "\"id\":\"e\"");
    assert_int_equal(gate_request(g, "GET", "/v1/models/mock%2Fother", NULL, NULL), 200);
    assert_contains(g->text, "\"id\":\"mock/other\"");
    assert_int_equal(gate_request(g, "GET", "/v1/models/nobody", NULL, NULL), 404);
    assert_contains(g->text, "model_not_found");
}

static void health_and_readiness_are_told(void **state)
{
    gate *g = *state;
    gate_serve(g, MOCK);
    assert_int_equal(gate_request(g, "HEAD", "/", NULL, NULL), 200);
    assert_int_equal(gate_request(g, "GET", "/", NULL, NULL), 200);
    assert_int_equal(gate_request(g, "GET", "/health", NULL, NULL), 200);
    assert_contains(g->text, "\"status\":\"ok\"");
    assert_contains(g->text, "\"fingerprint\":\"");
    assert_int_equal(gate_request(g, "GET", "/healthz", NULL, NULL), 200);
    assert_int_equal(gate_request(g, "GET", "/livez", NULL, NULL), 200);
    assert_int_equal(gate_request(g, "GET", "/ready", NULL, NULL), 200);
    assert_int_equal(gate_request(g, "GET", "/readyz", NULL, NULL), 200);
    assert_int_equal(gate_request(g, "GET", "/metrics", NULL, NULL), 200);
    assert_contains(g->text, "beluga_requests_in_flight");
}

static void other_paths_and_methods_are_refused_in_the_family(void **state)
{
    gate *g = *state;
    gate_serve(g, MOCK);
    assert_int_equal(gate_request(g, "GET", "/v1/files", NULL, NULL), 404);
    assert_contains(g->text, "{\"error\":{\"message\":\"");
    assert_int_equal(gate_ask(g, "/v1/v1/messages", "{}"), 404);
    assert_contains(g->text, "configure its base URL without /v1");
    assert_int_equal(gate_ask(g, "/v1/messages/batches", "{}"), 404);
    assert_contains(g->text, "{\"type\":\"error\",\"error\":{\"type\":\"not_found_error\"");
    assert_int_equal(gate_request(g, "GET", "/v1/messages", NULL, NULL), 405);
    assert_contains(g->text, "allow: POST\r\n");
    assert_contains(g->text, "{\"type\":\"error\"");
    assert_int_equal(gate_request(g, "DELETE", "/v1/models", NULL, NULL), 405);
    assert_contains(g->text, "allow: GET, HEAD\r\n");
    assert_int_equal(gate_request(g, "GET", "/v1/responses",
                                  "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n", NULL),
                     426);
}

static void compressed_bodies_are_refused(void **state)
{
    gate *g = *state;
    gate_serve(g, MOCK);
    assert_int_equal(
        gate_request(g, "POST", "/v1/messages", "Content-Encoding: zstd\r\n", "whatever"), 415);
    assert_contains(g->text, "zstd");
    assert_contains(g->text, "{\"type\":\"error\"");
}

static void bad_bodies_say_what_is_wrong(void **state)
{
    gate *g = *state;
    gate_serve(g, MOCK);
    assert_int_equal(gate_ask(g, "/v1/chat/completions", "{"), 400);
    assert_contains(g->text, "not valid JSON");
    assert_int_equal(gate_ask(g, "/v1/chat/completions", "{\"model\":\"e\"}"), 400);
    assert_contains(g->text, "messages");
    assert_int_equal(gate_ask(g, "/v1/chat/completions", GATE_CHAT("f", "true")), 404);
    assert_contains(g->text, "did you mean \\\"e\\\"?");
    assert_int_equal(gate_ask(g, "/v1/messages", GATE_MESSAGES("mimi", "true")), 404);
    assert_contains(g->text, "not_found_error");
}

static void request_ids_are_the_clients_or_made(void **state)
{
    gate *g = *state;
    gate_serve(g, MOCK);
    gate_request(g, "GET", "/health", "X-Request-Id: my-id.7\r\n", NULL);
    assert_contains(g->text, "x-request-id: my-id.7\r\n");
    gate_request(g, "GET", "/health", "X-Request-Id: no good\r\n", NULL);
    assert_contains(g->text, "x-request-id: req_");
}

static void tokens_are_counted_or_estimated(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS "  e: {model: mock/echo}\n");
    script(g->peer, MATCHES("count_tokens"), JSON("{\"input_tokens\":2095}"));
    assert_int_equal(gate_ask(g, "/v1/messages/count_tokens?beta=true",
                              "{\"model\":\"a\",\"messages\":[{\"role\":\"user\",\"content\":"
                              "\"Hi\"}]}"),
                     200);
    assert_contains(g->text, "{\"input_tokens\":2095}");
    assert_int_equal(gate_ask(g, "/v1/messages/count_tokens",
                              "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
                              "\"Hi\"}]}"),
                     200);
    assert_contains(g->text, "{\"input_tokens\":");
}

static void vectors_are_numbers_or_base64_as_asked(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS);
    script(g->peer, MATCHES("embeddings"), REPEATS(2),
           JSON("{\"data\":[{\"index\":0,\"embedding\":[1,-0.5]}],\"model\":\"v\","
                "\"usage\":{\"prompt_tokens\":3,\"total_tokens\":3}}"));
    assert_int_equal(gate_ask(g, "/v1/embeddings", "{\"model\":\"m\",\"input\":\"x\"}"), 200);
    assert_contains(g->text, "\"embedding\":[1.0,-0.5]");
    assert_contains(g->text, "\"usage\":{\"prompt_tokens\":3,\"total_tokens\":3}");
    assert_int_equal(gate_ask(g, "/v1/embeddings",
                              "{\"model\":\"m\",\"input\":[\"x\"],\"encoding_format\":\"base64\"}"),
                     200);
    assert_contains(g->text, "\"embedding\":\"AACAPwAAAL8=\"");
    assert_int_equal(gate_ask(g, "/v1/embeddings", "{\"model\":\"m\",\"input\":[[1,2]]}"), 400);
    assert_contains(g->text, "check_embedding_ctx_length");
}

static void browsers_of_allowed_origins_are_told_so(void **state)
{
    gate *g = *state;
    gate_serve(g, MOCK "serve: {cors: {origins: ['https://chat.example']}}\n");
    assert_int_equal(gate_request(g, "OPTIONS", "/v1/chat/completions",
                                  "Origin: https://chat.example\r\n", NULL),
                     204);
    assert_contains(g->text, "access-control-allow-origin: https://chat.example\r\n");
    assert_contains(g->text, "access-control-max-age: 600\r\n");
    gate_request(g, "POST", "/v1/chat/completions", "Origin: https://chat.example\r\n",
                 GATE_CHAT("e", "false"));
    assert_contains(g->text, "access-control-allow-origin: https://chat.example\r\n");
    gate_request(g, "GET", "/v1/models", "Origin: https://evil.example\r\n", NULL);
    assert_lacks(g->text, "access-control-allow-origin");
}

/* ---- passing --------------------------------------------------------------------------------- */

static const char *sent_body(gate *g, size_t request)
{
    return peer_request_body(g->peer, request, NULL);
}

static void a_body_passes_to_a_provider_of_its_protocol(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS);
    script(g->peer,
           JSON("{\"id\":\"x\",\"odd\":[1],\"choices\":[{\"message\":{\"content\":\"Yes\"},"
                "\"finish_reason\":\"stop\"}]}"));
    assert_int_equal(gate_ask(g, "/v1/chat/completions",
                              "{ \"model\":\"m\", \"unheard_of\": {\"a\":1}, \"messages\":"
                              "[{\"role\":\"user\",\"content\":\"Hi\"}]}"),
                     200);
    assert_contains(g->text, "\r\n\r\n{\"id\":\"x\",\"odd\":[1],");
    assert_string_equal(sent_body(g, 0), "{ \"model\":\"peer-chat\", \"unheard_of\": {\"a\":1}, "
                                         "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}");
}

static void a_stream_passes_as_it_came(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS);
    script(
        g->peer, EVENT_STREAM, EVENT("{\"odd\":7,\"choices\":[{\"delta\":{\"content\":\"Yes\"}}]}"),
        EVENT("{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}"), EVENT("[DONE]"), ENDS);
    assert_int_equal(gate_ask(g, "/v1/chat/completions", GATE_CHAT("m", "true")), 200);
    assert_contains(g->text, "content-type: text/event-stream");
    assert_contains(g->text,
                    "data: {\"odd\":7,\"choices\":[{\"delta\":{\"content\":\"Yes\"}}]}\n\n");
    assert_contains(g->text, "data: [DONE]\n\n");
}

static void who_asked_for_a_stream_gets_one_where_the_provider_does_not_stream(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS);
    script(g->peer, ANSWERS("Hello"));
    assert_int_equal(gate_ask(g, "/v1/chat/completions", GATE_CHAT("m", "true")), 200);
    assert_contains(g->text, "data: [DONE]\n\n");
    script(g->peer, JSON("{\"id\":\"resp_1\",\"status\":\"completed\",\"model\":\"x\",\"output\":["
                         "{\"type\":\"message\",\"id\":\"m\",\"role\":\"assistant\",\"content\":["
                         "{\"type\":\"output_text\",\"text\":\"Hello\"}]}]}"));
    assert_int_equal(gate_ask(g, "/v1/responses", GATE_RESPONSES("r", "true")), 200);
    assert_contains(g->text, "event: response.completed");
    script(g->peer,
           JSON("{\"type\":\"message\",\"id\":\"m\",\"role\":\"assistant\",\"model\":\"x\","
                "\"stop_reason\":\"end_turn\",\"content\":[{\"type\":\"text\",\"text\":"
                "\"Hello\"}],\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}"));
    assert_int_equal(gate_ask(g, "/v1/messages", GATE_MESSAGES("a", "true")), 200);
    assert_contains(g->text, "event: message_stop");
}

static void a_refusal_passes_with_its_status_and_body(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS);
    peer_reply *r = peer_reply_new(g->peer);
    peer_step_json(r, 422, "{\"error\":{\"message\":\"odd\",\"more\":[1]}}");
    assert_int_equal(gate_ask(g, "/v1/chat/completions", GATE_CHAT("m", "true")), 422);
    assert_contains(g->text, "{\"error\":{\"message\":\"odd\",\"more\":[1]}}");
    r = peer_reply_new(g->peer);
    peer_step_json(r, 529,
                   "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
                   "\"message\":\"later\"}}");
    assert_int_equal(gate_ask(g, "/v1/messages", GATE_MESSAGES("a", "true")), 529);
    assert_contains(g->text, "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"");
}

static void headers_of_messages_go_on_to_those_who_speak_it(void **state)
{
    gate *g = *state;
    static const char headers[] = "anthropic-version: 2023-06-01\r\nanthropic-beta: a-1,b-2\r\n";
    gate_serve(g, GATE_MODELS);
    script(g->peer, FAILS(400, NULL));
    script(g->peer, FAILS(400, NULL));
    gate_request(g, "POST", "/v1/messages", headers, GATE_MESSAGES("a", "true"));
    assert_string_equal(peer_request_header(g->peer, 0, "anthropic-beta"), "a-1,b-2");
    gate_request(g, "POST", "/v1/messages", headers, GATE_MESSAGES("m", "true"));
    assert_null(peer_request_header(g->peer, 1, "anthropic-beta"));
}

static void the_trace_of_the_client_goes_on(void **state)
{
    gate *g = *state;
    static const char id[] = "0af7651916cd43dd8448eb211c80319c";
    gate_serve(g, GATE_MODELS);
    script(g->peer, STREAMS("Hello"));
    gate_request(g, "POST", "/v1/chat/completions",
                 "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n",
                 GATE_CHAT("m", "true"));
    assert_contains(peer_request_header(g->peer, 0, "traceparent"), id);
}

static void the_text_of_an_alias_stands_before_the_clients(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_PROVIDERS "models:\n"
                                 "  m: {model: openai/peer-chat, system: Be brief.}\n");
    script(g->peer, STREAMS("Hello"));
    assert_int_equal(gate_ask(g, "/v1/chat/completions", GATE_CHAT("m", "true")), 200);
    assert_contains(sent_body(g, 0), "\"content\":\"Be brief.\"");
}

static void an_answer_under_another_name_has_the_price_of_what_was_asked(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_PROVIDERS "models:\n  m: openai/gpt-5-mini\n");
    script(g->peer, JSON("{\"id\":\"x\",\"model\":\"a-name-of-its-own\",\"choices\":[{\"message\":"
                         "{\"content\":\"Yes\"},\"finish_reason\":\"stop\"}],\"usage\":"
                         "{\"prompt_tokens\":1000,\"completion_tokens\":1000}}"));
    assert_int_equal(gate_ask(g, "/v1/chat/completions", GATE_CHAT("m", "false")), 200);
    assert_contains(g->text, "x-beluga-model: a-name-of-its-own");
    assert_contains(g->text, "x-beluga-cost-usd: 0.00225");
}

/* A body that was passed on unchanged would lack the settings of the alias. */
static void an_alias_has_a_say_in_the_body(void **state)
{
    gate *g = *state;
    gate_serve(g,
               GATE_PROVIDERS "models:\n"
                              "  m: {model: openai/peer-chat, temperature: 0.25, max_tokens: 9}\n");
    script(g->peer, STREAMS("Hello"));
    assert_int_equal(gate_ask(g, "/v1/chat/completions",
                              "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
                              "\"Hi\"}],\"stream\":true,\"max_tokens\":5,\"new\":[2]}"),
                     200);
    assert_contains(sent_body(g, 0), "\"temperature\":0.25");
    assert_contains(sent_body(g, 0), "_tokens\":5");
    assert_contains(sent_body(g, 0), "\"new\":[2]");
}

/* A member that is not one of our options is kept if the body is translated into the same
 * protocol. */
static void what_only_the_provider_knows_goes_on_with_an_alias_text(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_PROVIDERS "models:\n"
                                 "  m: {model: openai/peer-chat, system: Be brief.}\n");
    script(g->peer, STREAMS("Hello"));
    assert_int_equal(gate_ask(g, "/v1/chat/completions",
                              "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
                              "\"Hi\"}],\"stream\":true,\"logit_bias\":{\"7\":1},\"new\":[2]}"),
                     200);
    assert_contains(sent_body(g, 0), "\"logit_bias\":{\"7\":1}");
    assert_contains(sent_body(g, 0), "\"new\":[2]");
}

/* ---- models ---------------------------------------------------------------------------------- */

static void other_names_are_answered_by_the_default_model(void **state)
{
    gate *g = *state;
    gate_serve(g, MOCK "serve: {default_model: e}\n");
    assert_int_equal(gate_ask(g, "/v1/messages", GATE_MESSAGES("claude-9", "false")), 200);
    assert_contains(g->text, "\"text\":\"Hi\"");
}

static void models_of_providers_that_are_not_served_are_unknown(void **state)
{
    gate *g = *state;
    gate_serve(g, MOCK);
    assert_int_equal(gate_ask(g, "/v1/chat/completions", GATE_CHAT("mock/any", "false")), 200);
    assert_int_equal(gate_ask(g, "/v1/chat/completions", GATE_CHAT("openai/gpt-5", "false")), 404);
}

static void without_a_file_mock_and_who_has_a_key_are_served(void **state)
{
    gate *g = *state;
    cli_set(g->cli, "OPENAI_API_KEY", "sk-test");
    cli_set(g->cli, "OPENAI_BASE_URL", peer_url(g->peer));
    cli_start(g->cli, "serve", "--listen", "127.0.0.1:0", NULL);
    cli_wait_for_err(g->cli, "env_key");
    assert_contains(g->cli->err, "mock/echo");
    assert_contains(g->cli->err, "openai/");
    assert_contains(g->cli->err, "OPENAI_BASE_URL=http://127.0.0.1:");
    assert_contains(g->cli->err, "ANTHROPIC_BASE_URL=http://127.0.0.1:");
    assert_contains(g->cli->err, "ANTHROPIC_MODEL=openai/");
    assert_contains(g->cli->err, "model_provider = \"beluga\"");
    assert_int_equal(gate_stop(g), 0);
}

/* A shell starts the server with a listening socket as descriptor 3, as systemd would. */
static void a_socket_of_systemd_is_listened_on(void **state)
{
    gate *g = *state;
    char command[512];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    snprintf(command, sizeof command, "exec 3<&%d; LISTEN_PID=$$ LISTEN_FDS=1 exec %s serve", fd,
             cli_program());
    g->cli->program = "/bin/sh";
    cli_start(g->cli, "-c", command, NULL);
    cli_wait_for_err(g->cli, "env_key");
    close(fd);
    g->port = ntohs(at.sin_port);
    assert_int_equal(gate_request(g, "GET", "/ready", NULL, NULL), 200);
    assert_int_equal(gate_stop(g), 0);
}

/* ---- clients that are accepted --------------------------------------------------------------- */

/* SHA-256 of "secret" */
#define KEYS                                     \
    "serve:\n  keys:\n"                          \
    "  - {name: alice, models: ['e*'], sha256: " \
    "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b}\n"
#define BEARER "Authorization: Bearer secret\r\n"

static void without_a_key_nothing_is_told(void **state)
{
    gate *g = *state;
    gate_serve(g, MOCK "  other: {model: mock/other}\n" KEYS);
    assert_int_equal(gate_ask(g, "/v1/messages", GATE_MESSAGES("e", "false")), 401);
    assert_contains(g->text, "{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\"");
    assert_int_equal(gate_request(g, "GET", "/v1/models", NULL, NULL), 401);
    assert_int_equal(gate_request(g, "GET", "/metrics", BEARER, NULL), 403);
    assert_int_equal(gate_request(g, "GET", "/health", NULL, NULL), 200);
    assert_int_equal(gate_request(g, "GET", "/v1/models", BEARER, NULL), 200);
    assert_contains(g->text, "\"id\":\"e\"");
    assert_lacks(g->text, "other");
    assert_int_equal(gate_request(g, "POST", "/v1/messages", "x-api-key: secret\r\n",
                                  GATE_MESSAGES("e", "false")),
                     200);
    assert_int_equal(
        gate_request(g, "POST", "/v1/messages", BEARER, GATE_MESSAGES("other", "false")), 403);
    assert_contains(g->text, "permission_error");
}

static void a_limited_key_reaches_no_other_model_through_the_body(void **state)
{
    static const char list[] = "{\"model\":\"e\",\"models\":[\"other\"],\"messages\":"
                               "[{\"role\":\"user\",\"content\":\"Hi\"}]}";
    gate *g = *state;
    gate_serve(g, MOCK KEYS);
    assert_int_equal(gate_request(g, "POST", "/v1/chat/completions", BEARER, list), 403);
    assert_contains(g->text, "models: the key \\\"alice\\\"");
}

static void a_name_that_no_model_can_have_is_the_clients_fault(void **state)
{
    gate *g = *state;
    gate_serve(g, MOCK);
    assert_int_equal(gate_ask(g, "/v1/chat/completions", GATE_CHAT("mock/a\\r\\nX: y", "false")),
                     404);
    assert_contains(g->text, "\"code\":\"model_not_found\"");
}

static void others_are_not_let_in_without_keys(void **state)
{
    gate *g = *state;
    assert_int_equal(cli_run(g->cli, "serve", "--listen", "0.0.0.0:0", NULL), 3);
    assert_contains(g->cli->err, "--new-key");
}

static void a_port_that_is_taken_is_told(void **state)
{
    gate *g = *state;
    char address[64];
    snprintf(address, sizeof address, "127.0.0.1:%d", peer_port(g->peer));
    assert_int_not_equal(cli_run(g->cli, "serve", "--listen", address, NULL), 0);
    assert_contains(g->cli->err, "--listen 127.0.0.1:PORT");
}

static void a_default_model_that_is_none_is_told_by_its_name(void **state)
{
    gate *g = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/serve.yaml", g->cli->home);
    gate_configure(g, "serve: {default_model: nothing}\n");
    assert_int_equal(cli_run(g->cli, "serve", "--config", path, NULL), 3);
    assert_contains(g->cli->err, "serve.default_model): \"nothing\" is neither an alias");
}

static void without_a_key_of_a_provider_it_is_told_how_to_keep_one(void **state)
{
    gate *g = *state;
    cli_start(g->cli, "serve", "--listen", "127.0.0.1:0", NULL);
    cli_wait_for_err(g->cli, "BELUGA_KEY=any");
    assert_contains(g->cli->err, "no provider has a key; store one with beluga keys set PROVIDER");
    assert_int_equal(gate_stop(g), 0);
    assert_contains(g->cli->err, "ending; no request is being answered");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GATE_TEST(each_protocol_is_answered_with_and_without_v1),
        GATE_TEST(a_body_of_responses_at_the_path_of_chat_is_answered_as_chat),
        GATE_TEST(models_are_listed_for_clients_of_all_families),
        GATE_TEST(health_and_readiness_are_told),
        GATE_TEST(other_paths_and_methods_are_refused_in_the_family),
        GATE_TEST(compressed_bodies_are_refused),
        GATE_TEST(bad_bodies_say_what_is_wrong),
        GATE_TEST(request_ids_are_the_clients_or_made),
        GATE_TEST(tokens_are_counted_or_estimated),
        GATE_TEST(vectors_are_numbers_or_base64_as_asked),
        GATE_TEST(browsers_of_allowed_origins_are_told_so),
        GATE_TEST(a_body_passes_to_a_provider_of_its_protocol),
        GATE_TEST(a_stream_passes_as_it_came),
        GATE_TEST(who_asked_for_a_stream_gets_one_where_the_provider_does_not_stream),
        GATE_TEST(a_refusal_passes_with_its_status_and_body),
        GATE_TEST(headers_of_messages_go_on_to_those_who_speak_it),
        GATE_TEST(the_trace_of_the_client_goes_on),
        GATE_TEST(the_text_of_an_alias_stands_before_the_clients),
        GATE_TEST(an_answer_under_another_name_has_the_price_of_what_was_asked),
        GATE_TEST(an_alias_has_a_say_in_the_body),
        GATE_TEST(what_only_the_provider_knows_goes_on_with_an_alias_text),
        GATE_TEST(other_names_are_answered_by_the_default_model),
        GATE_TEST(models_of_providers_that_are_not_served_are_unknown),
        GATE_TEST(without_a_file_mock_and_who_has_a_key_are_served),
        GATE_TEST(a_socket_of_systemd_is_listened_on),
        GATE_TEST(without_a_key_nothing_is_told),
        GATE_TEST(a_limited_key_reaches_no_other_model_through_the_body),
        GATE_TEST(a_name_that_no_model_can_have_is_the_clients_fault),
        GATE_TEST(others_are_not_let_in_without_keys),
        GATE_TEST(a_port_that_is_taken_is_told),
        GATE_TEST(a_default_model_that_is_none_is_told_by_its_name),
        GATE_TEST(without_a_key_of_a_provider_it_is_told_how_to_keep_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
