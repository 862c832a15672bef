/* What the library does for a provider: it writes options by a table, makes prompts, and warns
 * about options that the provider does not read. */
#include "../support/calls.h"
#include "../support/scoped.h"

#include <beluga/provider/provider.h>

#include <stdio.h>

/* ---- a provider with a table ----------------------------------------------------------------- */

static const beluga_option_field fields[] = {
    {.key = BELUGA_OPTION_TEMPERATURE, .name = "temperature", .maximum = 1},
    {.key = BELUGA_OPTION_TOP_K, .name = "top_k", .minimum = 1, .maximum = 40},
    {.key = BELUGA_OPTION_SEED},
    {.key = BELUGA_OPTION_RESPONSE_SCHEMA, .name = "schema"},
    {.key = BELUGA_OPTION_REASONING_EFFORT, .name = "effort"},
    {.key = BELUGA_OPTION_JSON_MODE, .name = "json"},
    {.key = BELUGA_OPTION_MAX_TOKENS, .name = "limits.tokens"},
    {.key = BELUGA_OPTION_STOP_SEQUENCES, .name = "limits.stop"},
    {.key = BELUGA_OPTION_END},
};

static const char *const tones[] = {"low", "high", NULL};
static const beluga_own_option own[] = {
    {.name = "fields.size", .meaning = "m", .type = BELUGA_OPTION_INT, .field = "limits.size"},
    {.name = "fields.tone",
     .meaning = "m",
     .type = BELUGA_OPTION_STRING,
     .words = tones,
     .field = "tone"},
    {.name = "fields.share", .meaning = "m", .type = BELUGA_OPTION_DOUBLE, .field = "share"},
    {.name = "fields.loud", .meaning = "m", .type = BELUGA_OPTION_BOOL, .field = "loud"},
    {.name = "fields.inner", .meaning = "m", .type = BELUGA_OPTION_STRING},
    {.name = NULL},
};

static const char *format_name;
static beluga_prompt_format own_format;
static bool reads_extra_body;

static int encode_request(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)err;
    beluga_json_writer *w = beluga_http_request_json(request);
    beluga_http_request_set_path(request, "/answer");
    beluga_json_begin_object(w, NULL);
    if (format_name)
        beluga_http_request_put_prompt(request, call, "prompt",
                                       *format_name ? beluga_prompt_format_find(format_name)
                                                    : &own_format);
    beluga_http_request_put_options(request, call, fields);
    beluga_json_end_object(w);
    if (reads_extra_body) beluga_call_has(call, BELUGA_OPTION_EXTRA_BODY);
    return 0;
}

static int decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    (void)state;
    int code = beluga_emit_text(emit, body, length);
    return code ? code : beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static const beluga_provider table = {
    BELUGA_PROVIDER_INIT("fields"),
    .default_model = "f",
    .options = own,
    .encode_request = encode_request,
    .decode_response = decode_response,
};

static beluga_client *client;
static beluga_chat_model *model;

static int set_up(void **state)
{
    format_name = NULL;
    reads_extra_body = false;
    own_format = (beluga_prompt_format){.name = NULL};
    if (beluga_client_new(NULL, &client) || start_peer(state)) return -1;
    beluga_registry *registry = beluga_client_registry(client);
    beluga_config *config = beluga_config_new(beluga_with_base_url(peer_url(*state)));
    int status = beluga_registry_register(registry, &table, NULL);
    if (!status) status = beluga_registry_open(registry, "fields", config, &model, NULL);
    beluga_config_free(config);
    return status;
}

static int tear_down(void **state)
{
    beluga_chat_model_unref(model);
    beluga_client_unref(client);
    return stop_peer(state);
}

/* Make a call with options, and compare the body of the request. `warnings` are the expected
 * warnings, each followed by a newline. */
static void expect(peer *p, const char *body, const char *warnings, beluga_messages *messages,
                   const beluga_option *opts)
{
    beluga_error err = {0};
    char all[1024] = "";
    SCOPED(beluga_response) *response = NULL;
    size_t before = peer_requests(p);
    peer_step_json(peer_reply_new(p), 200, "\"x\"");
    if (beluga_generate_n(model, NULL, messages, &response, &err, opts, BELUGA_OPTIONS_TERMINATED))
        fail_msg("%s", err.message);
    for (size_t i = 0; beluga_response_warning(response, i); i++)
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s\n",
                 beluga_response_warning(response, i));
    assert_string_equal(peer_request_body(p, before, NULL), body);
    assert_string_equal(all, warnings);
    beluga_messages_free(messages);
}

static beluga_messages *hello(void)
{
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hi"));
    return messages;
}

#define OPTIONS(...) ((const beluga_option[]){__VA_ARGS__, BELUGA_OPTIONS_END})

/* ---- the table ------------------------------------------------------------------------------- */

static void options_are_written_under_the_names_of_the_table(void **state)
{
    expect(*state,
           "{\"temperature\":0.5,\"top_k\":5,\"schema\":{\"type\":\"object\"},\"effort\":\"low\","
           "\"json\":true,\"limits\":{\"tokens\":7,\"stop\":[\"A\",\"B\"]}}",
           "", hello(),
           OPTIONS(beluga_with_temperature(0.5), beluga_with_top_k(5),
                   beluga_with_response_schema("{\"type\":\"object\"}"),
                   beluga_with_reasoning_effort(BELUGA_REASONING_EFFORT_LOW),
                   beluga_with_json_mode(true), beluga_with_max_tokens(7),
                   beluga_with_stop_sequence("A"), beluga_with_stop_sequence("B")));
}

static void nothing_is_written_that_is_not_set(void **state)
{
    expect(*state, "{}", "", hello(), OPTIONS(beluga_with_max_retries(0)));
    expect(*state, "{\"limits\":{\"stop\":[\"A\"]}}", "", hello(),
           OPTIONS(beluga_with_stop_sequence("A")));
}

static void options_of_its_own_follow_with_their_fields(void **state)
{
    expect(*state,
           "{\"limits\":{\"tokens\":7,\"size\":3},\"tone\":\"low\",\"share\":0.5,\"loud\":true}",
           "", hello(),
           OPTIONS(beluga_with_max_tokens(7), beluga_with_provider_specific_int("fields.size", 3),
                   beluga_with_provider_specific("fields.tone", "low"),
                   beluga_with_provider_specific("fields.share", "0.5"),
                   beluga_with_provider_specific_bool("fields.loud", true),
                   beluga_with_provider_specific("fields.inner", "x")));
}

static void a_number_that_the_api_does_not_take_is_the_nearest_with_a_warning(void **state)
{
    expect(*state, "{\"temperature\":1.0,\"top_k\":40}",
           "temperature 1.5 is sent as 1: fields takes 0 to 1\n"
           "top_k 1000 is sent as 40: fields takes 1 to 40\n",
           hello(), OPTIONS(beluga_with_temperature(1.5), beluga_with_top_k(1000)));
}

static void an_option_without_a_name_is_a_warning(void **state)
{
    expect(*state, "{}", "seed is not sent: fields has no such option\n", hello(),
           OPTIONS(beluga_with_seed(1)));
}

/* ---- options that the provider ignores ------------------------------------------------------- */

static void an_option_that_nobody_looked_at_is_a_warning(void **state)
{
    expect(*state, "{}",
           "top_p is not sent: fields does not know it\nuser is not sent: fields does not know "
           "it\n",
           hello(),
           OPTIONS(beluga_with_top_p(0.5), beluga_with_user("me"), beluga_with_timeout_ms(60000)));
}

static void extra_body_is_merged_for_a_provider_that_does_not_read_it(void **state)
{
    expect(*state, "{\"temperature\":1,\"more\":[1]}", "", hello(),
           OPTIONS(beluga_with_temperature(0.5),
                   beluga_with_extra_body("{\"temperature\":1,\"more\":[1]}")));
    reads_extra_body = true;
    expect(*state, "{\"temperature\":0.5}", "", hello(),
           OPTIONS(beluga_with_temperature(0.5), beluga_with_extra_body("{\"more\":[1]}")));
}

/* ---- words ----------------------------------------------------------------------------------- */

static void an_option_of_several_words_takes_no_other(void **state)
{
    beluga_error err;
    beluga_response *response = NULL;
    (void)state;
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, &err,
                                   beluga_with_provider_specific("fields.tone", "hihg")),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(err.message,
                        "fields.tone must be low or high (is \"hihg\"; did you mean high?)");
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, &err,
                                   beluga_with_provider_specific("fields.tone", "middling")),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(err.message, "fields.tone must be low or high (is \"middling\")");
}

/* ---- prompts --------------------------------------------------------------------------------- */

static beluga_messages *talk(bool of_model)
{
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_system_message("Be\"brief"));
    beluga_messages_add(messages, beluga_human_message("Hi"));
    if (of_model) beluga_messages_add(messages, beluga_ai_message("Well, "));
    return messages;
}

static void messages_become_one_prompt(void **state)
{
    format_name = "chatml";
    expect(*state,
           "{\"prompt\":\"<|im_start|>system\\nBe\\\"brief<|im_end|>\\n<|im_start|>user\\nHi"
           "<|im_end|>\\n<|im_start|>assistant\\n\"}",
           "", talk(false), OPTIONS(beluga_with_max_retries(0)));
    format_name = "gemma";
    expect(*state,
           "{\"prompt\":\"<start_of_turn>user\\nBe\\\"brief<end_of_turn>\\n<start_of_turn>user\\n"
           "Hi<end_of_turn>\\n<start_of_turn>model\\n\"}",
           "", talk(false), OPTIONS(beluga_with_max_retries(0)));
}

static void a_last_message_of_the_model_goes_on(void **state)
{
    format_name = "plain";
    expect(*state, "{\"prompt\":\"System: Be\\\"brief\\nUser: Hi\\nAssistant: Well, \"}", "",
           talk(true), OPTIONS(beluga_with_max_retries(0)));
}

static void a_provider_may_have_a_format_of_its_own(void **state)
{
    format_name = "";
    own_format.human = (beluga_prompt_turn){"[", "]"};
    own_format.ai.before = ">";
    expect(*state, "{\"prompt\":\"Be\\\"brief[Hi]>\"}", "", talk(false),
           OPTIONS(beluga_with_max_retries(0)));
}

static void other_parts_than_texts_are_warned_of_once(void **state)
{
    beluga_messages *messages = talk(false);
    beluga_message *message = beluga_message_new(BELUGA_ROLE_HUMAN);
    beluga_message_add_url(message, BELUGA_PART_IMAGE, "http://a/b.png", NULL);
    beluga_message_add_text(message, "See", 3);
    beluga_message_add_url(message, BELUGA_PART_IMAGE, "http://a/c.png", NULL);
    beluga_messages_add(messages, message);
    format_name = "";
    own_format.human = (beluga_prompt_turn){"[", "]"};
    expect(*state, "{\"prompt\":\"Be\\\"brief[Hi][See]\"}",
           "only the texts of messages are put into the prompt: other parts are not sent\n",
           messages, OPTIONS(beluga_with_max_retries(0)));
}

static void a_format_that_nobody_knows_is_none(void **state)
{
    (void)state;
    assert_null(beluga_prompt_format_find("nobody's"));
    assert_string_equal(beluga_prompt_format_find(NULL)->name, "chatml");
}

#define ON_FIELDS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_FIELDS(options_are_written_under_the_names_of_the_table),
        ON_FIELDS(nothing_is_written_that_is_not_set),
        ON_FIELDS(options_of_its_own_follow_with_their_fields),
        ON_FIELDS(a_number_that_the_api_does_not_take_is_the_nearest_with_a_warning),
        ON_FIELDS(an_option_without_a_name_is_a_warning),
        ON_FIELDS(an_option_that_nobody_looked_at_is_a_warning),
        ON_FIELDS(extra_body_is_merged_for_a_provider_that_does_not_read_it),
        ON_FIELDS(an_option_of_several_words_takes_no_other),
        ON_FIELDS(messages_become_one_prompt),
        ON_FIELDS(a_last_message_of_the_model_goes_on),
        ON_FIELDS(a_provider_may_have_a_format_of_its_own),
        ON_FIELDS(other_parts_than_texts_are_warned_of_once),
        ON_FIELDS(a_format_that_nobody_knows_is_none),
    };
    return cmocka_run_group_tests_name("options of requests", tests, NULL, NULL);
}
