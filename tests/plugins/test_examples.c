/* The plug-ins of plugins/, loaded and streamed through. */
#include "../support/calls.h"
#include "../support/scoped_peer.h"
#include "loading.h"

#include <unistd.h>

/* Open a model of a plug-in's provider, whose name is the plug-in's. */
static beluga_chat_model *open_example(loading *l, const char *name, const beluga_config *config)
{
    return open_plugged(l, example_plugin(l, name), name, config);
}

/* ---- parrot ---------------------------------------------------------------------------------- */

static void parrot_streams_what_it_was_told(void **state)
{
    record r;
    SCOPED(beluga_chat_model) *model = open_example(*state, "parrot", NULL);
    assert_int_equal(stream_whole(model, &r), 0);
    assert_story(&r, "start metadata [Hi] finish(stop)");
}

static void parrot_has_an_option_of_its_own(void **state)
{
    record r;
    SCOPED(beluga_chat_model) *model = open_example(*state, "parrot", NULL);
    assert_int_equal(stream_with(model, &r, beluga_with_provider_specific_int("parrot.times", 2)),
                     0);
    assert_story(&r, "start metadata [Hi] [ ] [Hi] finish(stop)");
    assert_int_equal(stream_with(model, &r, beluga_with_provider_specific_int("parrot.times", 100)),
                     BELUGA_ERROR_INVALID_INPUT);
}

static void parrot_has_an_error_code_of_its_own(void **state)
{
    beluga_error err;
    beluga_response *response;
    SCOPED(beluga_chat_model) *model = open_example(*state, "parrot", NULL);
    SCOPED(beluga_message) *empty = beluga_message_new(BELUGA_ROLE_HUMAN);
    beluga_message_add_text(empty, "", 0);
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_message(empty), &response, &err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(err.provider_code, "parrot_speechless");
}

/* ---- abacus ---------------------------------------------------------------------------------- */

static void abacus_adds_up_in_cxx(void **state)
{
    loading *l = *state;
    beluga_error err;
    beluga_response *response = NULL;
    if (access(example_plugin(l, "abacus"), F_OK) != 0) {
        print_message("# no C++ compiler was here when this was built\n");
        skip();
    }
    SCOPED(beluga_chat_model) *model = open_example(l, "abacus", NULL);
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text("1 2 3.5"), &response, &err), 0);
    assert_string_equal(beluga_response_text(response, NULL), "6.5");
    beluga_response_free(response);
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text("one"), &response, &err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(err.provider_code, "abacus_not_a_number");
}

/* ---- herald ---------------------------------------------------------------------------------- */

static beluga_chat_model *open_herald(loading *l, peer *p)
{
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(peer_url(p)), beluga_with_model_name("crier"),
                          beluga_with_api_key("sesame"), beluga_with_max_retries(0));
    beluga_chat_model *model = open_example(l, "herald", config);
    beluga_config_free(config);
    return model;
}

static void say_lines(peer *p, const char *lines)
{
    peer_reply *r = peer_reply_new(p);
    peer_step_status(r, 200, "Content-Type: application/x-ndjson\r\n");
    peer_step_body(r, lines, strlen(lines));
}

static void herald_streams_lines(void **state)
{
    record r;
    SCOPED(peer) *p = peer_start();
    SCOPED(beluga_chat_model) *model = open_herald(*state, p);
    say_lines(p, "{\"text\":\"Oyez\"}\n{\"text\":\", oyez\"}\n{\"done\":true}\n");
    assert_int_equal(stream_with(model, &r, beluga_with_provider_specific("herald.voice", "loud")),
                     0);
    assert_story(&r, "start metadata [Oyez] [, oyez] finish(stop)");
    assert_string_equal(peer_request_path(p, 0), "/v1/announce");
    assert_string_equal(peer_request_header(p, 0, "authorization"), "Bearer sesame");
    assert_string_equal(
        peer_request_body(p, 0, NULL),
        "{\"model\":\"crier\",\"stream\":true,\"voice\":\"loud\",\"lines\":[\"user\",\"Hi\"]}");
}

static void herald_answers_whole(void **state)
{
    SCOPED(peer) *p = peer_start();
    beluga_error err;
    SCOPED(beluga_chat_model) *model = open_herald(*state, p);
    peer_step_json(peer_reply_new(p), 200, "{\"text\":\"Oyez\",\"done\":true}");
    assert_int_equal(generate(model, "Oyez", &err), 0);
}

static void herald_cut_short_is_stream_closed(void **state)
{
    record r;
    SCOPED(peer) *p = peer_start();
    SCOPED(beluga_chat_model) *model = open_herald(*state, p);
    say_lines(p, "{\"text\":\"Oyez\"}\n");
    assert_int_equal(stream_whole(model, &r), BELUGA_ERROR_STREAM_CLOSED);
}

static void herald_has_an_error_code_of_its_own(void **state)
{
    SCOPED(peer) *p = peer_start();
    beluga_error err;
    SCOPED(beluga_chat_model) *model = open_herald(*state, p);
    peer_step_json(peer_reply_new(p), 429, "{\"error\":\"hoarse\"}");
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_RATE_LIMIT);
    assert_string_equal(err.provider_code, "hoarse");
}

/* ---- llama ----------------------------------------------------------------------------------- */

static beluga_chat_model *open_llama(loading *l, peer *p)
{
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(peer_url(p)), beluga_with_max_retries(0));
    beluga_chat_model *model = open_example(l, "llama", config);
    beluga_config_free(config);
    return model;
}

static void llama_sends_one_prompt_with_options_of_its_own(void **state)
{
    record r;
    SCOPED(peer) *p = peer_start();
    SCOPED(beluga_chat_model) *model = open_llama(*state, p);
    peer_reply *reply = peer_reply_new(p);
    static const char sse[] =
        "data: {\"content\":\"Hel\",\"stop\":false}\n\ndata: {\"content\":\"lo\",\"stop\":true,"
        "\"stop_type\":\"limit\",\"tokens_evaluated\":5,\"tokens_predicted\":2}\n\n";
    peer_step_status(reply, 200, "Content-Type: text/event-stream\r\n");
    peer_step_body(reply, sse, sizeof sse - 1);
    assert_int_equal(stream_with(model, &r, beluga_with_max_tokens(2),
                                 beluga_with_provider_specific("llama.template", "gemma"),
                                 beluga_with_provider_specific_double("llama.min_p", 0.5),
                                 beluga_with_provider_specific_bool("llama.cache_prompt", false)),
                     0);
    assert_story(&r, "start metadata [Hel] [lo] usage(5,2) finish(length)");
    assert_string_equal(peer_request_path(p, 0), "/v1/completion");
    assert_string_equal(peer_request_body(p, 0, NULL),
                        "{\"model\":\"any\",\"prompt\":\"<start_of_turn>user\\nHi<end_of_turn>\\n"
                        "<start_of_turn>model\\n\",\"stream\":true,\"n_predict\":2,\"min_p\":0.5,"
                        "\"cache_prompt\":false}");
}

static void llama_takes_no_template_that_nobody_knows(void **state)
{
    record r;
    SCOPED(peer) *p = peer_start();
    SCOPED(beluga_chat_model) *model = open_llama(*state, p);
    assert_int_equal(
        stream_with(model, &r, beluga_with_provider_specific("llama.template", "none")),
        BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(peer_requests(p), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOADING(parrot_streams_what_it_was_told),
        LOADING(parrot_has_an_option_of_its_own),
        LOADING(parrot_has_an_error_code_of_its_own),
        LOADING(abacus_adds_up_in_cxx),
        LOADING(herald_streams_lines),
        LOADING(herald_answers_whole),
        LOADING(herald_cut_short_is_stream_closed),
        LOADING(herald_has_an_error_code_of_its_own),
        LOADING(llama_sends_one_prompt_with_options_of_its_own),
        LOADING(llama_takes_no_template_that_nobody_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
