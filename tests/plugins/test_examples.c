/* The plug-ins in plugins/ can be loaded, and stream answers. */
#include "../support/calls.h"
#include "../support/scoped_peer.h"
#include "loading.h"

#include <unistd.h>

/* Open a model of a plug-in's provider, whose name is that of the plug-in. */
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

/* ---- scribe ---------------------------------------------------------------------------------- */

static beluga_chat_model *open_scribe(loading *l, peer *p)
{
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(peer_url(p)), beluga_with_api_key("sesame"),
                          beluga_with_max_retries(0));
    beluga_chat_model *model = open_example(l, "scribe", config);
    beluga_config_free(config);
    return model;
}

#define SCRIBE_BOUNDARY "beluga_boundary_1000000000000000"
#define SCRIBE_FIELD(name, value)                                                              \
    "--" SCRIBE_BOUNDARY "\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value \
    "\r\n"

/* A file with a line that looks like the end of the form, so that another boundary is needed. */
static const char wav[] = "RIFF\r\n--beluga_boundary_0000000000000000--\r\n";

static beluga_messages *say_wav(const char *name)
{
    beluga_messages *messages = beluga_messages_new();
    beluga_message *message = beluga_message_new(BELUGA_ROLE_HUMAN);
    beluga_message_add_data(message, BELUGA_PART_AUDIO, "audio/x-wav", wav, sizeof wav - 1, name);
    beluga_message_add_text(message, "Beluga", 6);
    assert_int_equal(beluga_messages_add(messages, message), 0);
    return messages;
}

static void pull_story(beluga_stream *stream, record *r)
{
    record_clear(r);
    pull_all(stream, r);
    beluga_stream_free(stream);
}

/* The form is the one that openai-python and openai-node send for audio.transcriptions. */
static void scribe_sends_audio_as_a_form_and_streams_the_text(void **state)
{
    record r;
    beluga_error err;
    beluga_stream *stream;
    SCOPED(peer) *p = peer_start();
    SCOPED(beluga_chat_model) *model = open_scribe(*state, p);
    SCOPED(beluga_messages) *messages = say_wav("talk \"1\".wav");
    peer_reply *reply = peer_reply_new(p);
    peer_step_sse(reply, "{\"type\":\"transcript.text.delta\",\"delta\":\"Good\"}");
    peer_step_sse(reply, "{\"type\":\"transcript.text.delta\",\"delta\":\" news\"}");
    peer_step_sse(reply, "{\"type\":\"transcript.text.done\",\"text\":\"Good news\",\"usage\":"
                         "{\"type\":\"tokens\",\"input_tokens\":14,\"input_token_details\":"
                         "{\"text_tokens\":0,\"audio_tokens\":14},\"output_tokens\":2,"
                         "\"total_tokens\":16}}");
    peer_step_end(reply);
    assert_int_equal(beluga_stream_chat(model, NULL, messages, &stream, &err,
                                        beluga_with_temperature(0.25),
                                        beluga_with_provider_specific("scribe.language", "en")),
                     0);
    pull_story(stream, &r);
    assert_story(&r, "start metadata [Good] [ news] usage(14,2) finish(stop)");
    assert_string_equal(peer_request_path(p, 0), "/v1/audio/transcriptions");
    assert_string_equal(peer_request_header(p, 0, "authorization"), "Bearer sesame");
    assert_string_equal(peer_request_header(p, 0, "content-type"),
                        "multipart/form-data; boundary=" SCRIBE_BOUNDARY);
    assert_string_equal(
        peer_request_body(p, 0, NULL),
        SCRIBE_FIELD("model", "gpt-4o-transcribe") SCRIBE_FIELD("response_format", "json")
            SCRIBE_FIELD("stream", "true") SCRIBE_FIELD("prompt", "Beluga")
                SCRIBE_FIELD("language", "en") SCRIBE_FIELD(
                    "temperature",
                    "0.25") "--" SCRIBE_BOUNDARY
                            "\r\nContent-Disposition: form-data; name=\"file\"; "
                            "filename=\"talk %221%22.wav\"\r\nContent-Type: audio/x-wav\r\n\r\n"
                            "RIFF\r\n--beluga_boundary_0000000000000000--\r\n\r\n--" SCRIBE_BOUNDARY
                            "--\r\n");
}

static void scribe_answers_whole(void **state)
{
    beluga_error err;
    SCOPED(peer) *p = peer_start();
    SCOPED(beluga_response) *response = NULL;
    SCOPED(beluga_chat_model) *model = open_scribe(*state, p);
    SCOPED(beluga_messages) *messages = say_wav(NULL);
    peer_step_json(peer_reply_new(p), 200,
                   "{\"text\":\"Good news\",\"usage\":{\"type\":\"duration\",\"seconds\":2}}");
    assert_int_equal(beluga_generate(model, NULL, messages, &response, &err), 0);
    assert_string_equal(beluga_response_text(response, NULL), "Good news");
    assert_non_null(strstr(peer_request_body(p, 0, NULL), "filename=\"audio.wav\""));
}

static void scribe_cut_short_is_stream_closed(void **state)
{
    record r;
    beluga_error err;
    beluga_stream *stream;
    SCOPED(peer) *p = peer_start();
    SCOPED(beluga_chat_model) *model = open_scribe(*state, p);
    SCOPED(beluga_messages) *messages = say_wav(NULL);
    peer_reply *reply = peer_reply_new(p);
    peer_step_sse(reply, "{\"type\":\"transcript.text.delta\",\"delta\":\"Good\"}");
    peer_step_end(reply);
    assert_int_equal(beluga_stream_chat(model, NULL, messages, &stream, &err), 0);
    pull_story(stream, &r);
    assert_int_equal(r.status, BELUGA_ERROR_STREAM_CLOSED);
}

static void scribe_says_what_is_wrong(void **state)
{
    beluga_error err;
    SCOPED(peer) *p = peer_start();
    beluga_response *response = NULL;
    SCOPED(beluga_chat_model) *model = open_scribe(*state, p);
    SCOPED(beluga_messages) *messages = say_wav(NULL);
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, &err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(err.message, "there is no audio in the messages");
    peer_step_json(peer_reply_new(p), 400,
                   "{\"error\":{\"message\":\"Invalid file format.\",\"type\":"
                   "\"invalid_request_error\",\"param\":\"file\",\"code\":\"bad_format\"}}");
    assert_int_equal(beluga_generate(model, NULL, messages, &response, &err),
                     BELUGA_ERROR_INVALID_REQUEST);
    assert_string_equal(err.provider_code, "bad_format");
    assert_string_equal(err.cause, "Invalid file format.");
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
        LOADING(scribe_sends_audio_as_a_form_and_streams_the_text),
        LOADING(scribe_answers_whole),
        LOADING(scribe_cut_short_is_stream_closed),
        LOADING(scribe_says_what_is_wrong),
        LOADING(llama_sends_one_prompt_with_options_of_its_own),
        LOADING(llama_takes_no_template_that_nobody_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
