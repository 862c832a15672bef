/* The files of recordings: their content, texts that they must not contain, and the errors for
 * requests that do not match. */
#include "../support/tape.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- a file written by hand ------------------------------------------------------------------ */

#define ANSWER                                                                                  \
    "{\"id\": \"chatcmpl-1\", \"object\": \"chat.completion\", \"model\": \"m\", \"choices\": " \
    "[{\"index\": 0, "                                                                          \
    "\"message\": {\"role\": \"assistant\", \"content\": \"By hand\"}, \"finish_reason\": "     \
    "\"stop\"}]}"

#define BY_HAND(request, chunk, end)                                                            \
    "{\n  \"beluga_cassette\": 1,\n  \"request\": {\"method\": \"POST\", \"url\": "             \
    "\"/v1/chat/completions\", "                                                                \
    "\"json\": " request "},\n  \"response\": {\"status\": 200, \"headers\": [\"content-type: " \
    "application/json\"],\n    \"chunks\": [" chunk "]},\n  " end "\n}\n"

#define REQUEST \
    "{\"messages\": [{\"content\": \"Hi\", \"role\": \"user\"}], \"model\": \"peer-chat\"}"
#define COMPLETE "\"end\": {\"how\": \"complete\"}"

/* ---- content of the files -------------------------------------------------------------------- */

static void a_file_says_what_was_asked_and_answered(void **state)
{
    tape *t = *state;
    struct stat info;
    char path[128];
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    tape_answer(t, model, "Hello");
    char *text = tape_text(t, 0);
    assert_says(text, "\"beluga_cassette\": 1,\n");
    assert_says(text, "\"method\": \"POST\",\n");
    assert_says(text, "/v1/chat/completions\",\n");
    assert_says(text, "    \"json\": {\n      \"model\": \"peer-chat\",\n");
    assert_says(text, "\"Authorization: [redacted]\"");
    assert_says(text, "\"status\": 200,\n");
    assert_says(text, "\"how\": \"complete\"\n");
    snprintf(path, sizeof path, "%s/%s", t->directory, tape_name(t, 0));
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    free(text);
    beluga_chat_model_unref(model);
}

static void waits_are_written_down_and_nothing_for_none(void **state)
{
    tape *t = *state;
    record r;
    script(t->peer, BEGINS, PAUSES(60), SAYS("Hello"), STOPS, USES(1, 1), DONE);
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    tape_record(t);
    assert_int_equal(stream_whole(model, &r), 0);
    assert_true(tape_has(t, "\"after_ms\": "));
    assert_false(tape_has(t, "\"after_ms\": 0"));
    beluga_chat_model_unref(model);
}

static void recording_twice_adds_to_what_is_there(void **state)
{
    tape *t = *state;
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    tape_answer(t, model, "first");
    tape_stop();
    tape_answer(t, model, "second");
    assert_int_equal(tape_count(t), 2);
    assert_string_equal(tape_name(t, 1), "00002-post-chat-completions.json");
    beluga_chat_model_unref(model);
}

static void a_name_that_is_taken_is_left_alone(void **state)
{
    tape *t = *state;
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    tape_record(t);
    tape_put(t, "00001-post-chat-completions.json", "somebody else's");
    script(t->peer, ANSWERS("Hello"));
    assert_int_equal(generate(model, "Hello", NULL), 0);
    assert_int_equal(tape_count(t), 2);
    char *text = tape_text(t, 0);
    assert_string_equal(text, "somebody else's");
    free(text);
    assert_string_equal(tape_name(t, 1), "00002-post-chat-completions.json");
    beluga_chat_model_unref(model);
}

static void a_secret_of_a_configured_header_is_in_none_either(void **state)
{
    tape *t = *state;
    setenv("TEST_TEAM_TOKEN", "TeamToken4f1dC0ffee", 1);
    beluga_chat_model *model = tape_open(t, beluga_with_header("X-Team: env:TEST_TEAM_TOKEN"));
    script(t->peer, ANSWERS("You are TeamToken4f1dC0ffee, I see"));
    tape_record(t);
    assert_int_equal(generate(model, "You are TeamToken4f1dC0ffee, I see", NULL), 0);
    assert_int_equal(tape_count(t), 1);
    assert_false(tape_has(t, "TeamToken4f1dC0ffee"));
    assert_true(tape_has(t, "You are *******************, I see"));
    unsetenv("TEST_TEAM_TOKEN");
    beluga_chat_model_unref(model);
}

static void no_credential_is_in_any_file(void **state)
{
    tape *t = *state;
    char url[128];
    beluga_error err = {0};
    snprintf(url, sizeof url, "http://somebody:PassWord123@%s?key=KeyInTheQuery1&api-version=7",
             t->url + 7);
    beluga_chat_model *model = tape_open(t, beluga_with_base_url(url),
                                         beluga_with_extra_header("x-api-key: AnotherSecret1"),
                                         beluga_with_extra_header("Cookie: CookieOfMine1"),
                                         beluga_with_extra_header("X-Trace: Unknown1"));
    peer_reply *r = script(
        t->peer,
        HEAD(401, "Set-Cookie: session=CookieOfTheirs1\r\nX-Session-Token: TokenOfTheirs1\r\n"
                  "X-Echo: " TAPE_KEY "\r\nOpenAI-Organization: OrgOfMine1\r\n"
                  "Location: https://me:PassWord123@h/?token=TokenOfTheirs1\r\n"
                  "X-RateLimit-Remaining-Tokens: 77\r\n"));
    static const char first[] =
        "{\"error\":{\"message\":\"bad key " TAPE_KEY "\",\"detail\":\"sk-test-4f1d",
                      second[] = "C0ffee5ecret\"}}"; /* the key, cut in two pieces */
    peer_step_chunk(r, first, sizeof first - 1);
    peer_step_delay_ms(r, 50);
    peer_step_chunk(r, second, sizeof second - 1);
    peer_step_end(r);
    tape_record(t);
    beluga_response *response = NULL;
    beluga_invoke(model, NULL, beluga_input_text("My key is " TAPE_KEY), &response, &err);
    assert_int_equal(err.code, BELUGA_ERROR_AUTHENTICATION);
    assert_int_equal(tape_count(t), 1);
    static const char *const secrets[] = {TAPE_KEY,         "4f1dC0ffee",     "C0ffee5ecret",
                                          "PassWord123",    "KeyInTheQuery1", "AnotherSecret1",
                                          "CookieOfMine1",  "Unknown1",       "CookieOfTheirs1",
                                          "TokenOfTheirs1", "OrgOfMine1"};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        if (tape_has(t, secrets[i])) fail_msg("%s was written down", secrets[i]);
    assert_true(tape_has(t, "?key=[redacted]&api-version=7"));
    assert_true(tape_has(t, "x-ratelimit-remaining-tokens: 77"));
    beluga_chat_model_unref(model);
    /* The same call with the key matches. Without a key it does not match, and the error must not
     * contain the key that the prompt has. */
    tape_replay(t);
    model = tape_open(t, beluga_with_base_url(url));
    assert_int_equal(
        beluga_invoke(model, NULL, beluga_input_text("My key is " TAPE_KEY), &response, &err),
        BELUGA_ERROR_AUTHENTICATION);
    beluga_chat_model_unref(model);
    tape_replay(t);
    model = tape_open(t, beluga_with_base_url(url), beluga_with_api_key(""));
    assert_null(strstr(tape_refusal(model, "My key is " TAPE_KEY), "C0ffee"));
    beluga_chat_model_unref(model);
}

static void keys_of_an_address_are_not_part_of_the_match(void **state)
{
    tape *t = *state;
    char url[128];
    snprintf(url, sizeof url, "%s?key=KeyInTheQuery1&a=1", t->url);
    beluga_chat_model *model = tape_open(t, beluga_with_base_url(url));
    tape_answer(t, model, "Hello");
    beluga_chat_model_unref(model);
    tape_replay(t);
    model = tape_open(t, beluga_with_base_url("https://elsewhere.example/v1?a=1&key=another"));
    assert_int_equal(generate(model, "Hello", NULL), 0);
    beluga_chat_model_unref(model);
}

/* ---- requests that do not match -------------------------------------------------------------- */

static void a_request_that_differs_is_told_where(void **state)
{
    tape *t = *state;
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(2));
    tape_answer(t, model, "Hello");
    tape_replay(t);
    assert_string_equal(tape_refusal(model, "Ho"),
                        "no recording matches; nearest is 00001-post-chat-completions.json: "
                        "/messages/0/content: recorded \"Hi\", sent \"Ho\"");
    beluga_chat_model *other = tape_open(t, beluga_with_temperature(0.5));
    assert_says(tape_refusal(other, "Hi"), "/temperature: recorded nothing, sent 0.5");
    beluga_chat_model_unref(other);
    other = tape_open(t, beluga_with_stop_sequence("###"));
    assert_says(tape_refusal(other, "Hi"), "/stop: recorded nothing, sent an array of 1");
    beluga_chat_model_unref(other);
    other = tape_open(t, beluga_with_base_url("http://127.0.0.1:1/v2"));
    assert_says(tape_refusal(other, "Hi"),
                "the path: recorded \"/v1/chat/completions\", sent \"/v2/chat/completions\"");
    beluga_chat_model_unref(other);
    other = tape_open(t, beluga_with_base_url("http://127.0.0.1:1/v1?a=1"));
    assert_says(tape_refusal(other, "Hi"), "the query: recorded \"\", sent \"a=1\"");
    beluga_chat_model_unref(other);
    /* None of these requests used up the recording. */
    assert_int_equal(generate(model, "Hello", NULL), 0);
    beluga_chat_model_unref(model);
}

static void the_nearest_is_the_one_that_differs_least(void **state)
{
    tape *t = *state;
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    beluga_chat_model *warm = tape_open(t, beluga_with_temperature(0.5), beluga_with_seed(7));
    tape_answer(t, model, "one");
    tape_answer(t, warm, "two");
    tape_replay(t);
    assert_says(tape_refusal(warm, "Ho"), "00002-");
    assert_says(tape_refusal(model, "Ho"), "00001-");
    beluga_chat_model_unref(model);
    beluga_chat_model_unref(warm);
}

static void a_message_that_is_missing_weighs_more_than_a_text_that_differs(void **state)
{
    tape *t = *state;
    static const char one[] = "{\"role\": \"user\", \"content\": \"Hi\"}";
    char file[2048], messages[1024];
    snprintf(messages, sizeof messages, "[%s, %s]", one, one);
    for (int i = 0; i < 2; i++) {
        char name[16];
        snprintf(file, sizeof file,
                 "{\"beluga_cassette\": 1, \"request\": {\"method\": \"POST\", \"url\": "
                 "\"/v1/chat/completions\", \"json\": {\"model\": \"peer-chat\", \"messages\": %s, "
                 "\"user\": \"somebody\"}}, \"end\": {\"how\": \"cancelled\"}}",
                 i ? "[{\"role\": \"user\", \"content\": \"Ho\"}]" : messages);
        snprintf(name, sizeof name, "%d.json", i + 1);
        tape_put(t, name, file);
    }
    tape_replay(t);
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    assert_says(tape_refusal(model, "Hi"),
                "nearest is 2.json: /messages/0/content: recorded \"Ho\"");
    beluga_chat_model_unref(model);
}

static void a_long_text_is_shown_where_it_begins_to_differ(void **state)
{
    tape *t = *state;
    char text[2000] = "", other[2000];
    memset(text, 'x', sizeof text - 1);
    memcpy(other, text, sizeof text);
    memcpy(text + 1500, "here", 4);
    memcpy(other + 1500, "HERE", 4);
    beluga_response *response = NULL;
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    script(t->peer, ANSWERS("Hello"));
    tape_record(t);
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text(text), &response, NULL), 0);
    beluga_response_free(response);
    tape_replay(t);
    const char *message = tape_refusal(model, other);
    assert_says(message, "recorded ...\"xxxxxxxxxxxxxxxxherexxx");
    assert_says(message, "sent ...\"xxxxxxxxxxxxxxxxHERExxx");
    beluga_chat_model_unref(model);
}

static void a_recording_answers_once_or_where_that_is_wanted_again_and_again(void **state)
{
    tape *t = *state;
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    tape_answer(t, model, "Hello");
    tape_replay(t);
    assert_int_equal(generate(model, "Hello", NULL), 0);
    assert_says(tape_refusal(model, "Hi"),
                "00001-post-chat-completions.json has the same request, but was used already");
    const beluga_cassette repeating = {.size = sizeof repeating,
                                       .directory = t->directory,
                                       .mode = BELUGA_CASSETTE_REPLAY,
                                       .repeat = true};
    assert_int_equal(beluga_client_set_cassette(beluga_client_default(), &repeating, NULL), 0);
    for (int i = 0; i < 3; i++) assert_int_equal(generate(model, "Hello", NULL), 0);
    beluga_chat_model_unref(model);
}

static void an_empty_directory_has_no_answer(void **state)
{
    tape *t = *state;
    tape_replay(t);
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    assert_says(tape_refusal(model, "Hi"), "there are no recordings in /tmp/beluga-tape-");
    beluga_chat_model_unref(model);
}

/* ---- files written by hand ------------------------------------------------------------------- */

static void a_file_written_by_hand_matches_by_meaning(void **state)
{
    tape *t = *state;
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    tape_put(t, "1.json", BY_HAND(REQUEST, "{\"json\": " ANSWER "}", COMPLETE));
    tape_put(t, "2.json",
             BY_HAND(REQUEST,
                     "{\"text\": [\"{\\\"choices\\\": [{\\\"message\\\": \"]}, {\"base64\": "
                     "\"eyJjb250ZW50IjogIlR3byJ9\"}, {\"text\": "
                     "\", \\\"finish_reason\\\": \\\"stop\\\"}]}\"}",
                     COMPLETE));
    tape_put(t, "notes.txt", "This is nobody's business.");
    tape_replay(t);
    assert_int_equal(generate(model, "By hand", NULL), 0);
    assert_int_equal(generate(model, "Two", NULL), 0);
    beluga_chat_model_unref(model);
}

static void a_replay_needs_no_key_and_asks_nobody_for_one(void **state)
{
    tape *t = *state;
    beluga_error err = {0};
    beluga_chat_model *model;
    tape_put(t, "1.json", BY_HAND(REQUEST, "{\"json\": " ANSWER "}", COMPLETE));
    tape_replay(t);
    static const char *const keys[] = {NULL, "env:BELUGA_NO_SUCH_VARIABLE", "file:/nowhere",
                                       "command:exit 1"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        beluga_config *config = beluga_config_new(beluga_with_model_name("peer-chat"));
        beluga_option key = beluga_with_api_key(keys[i]);
        if (keys[i]) assert_int_equal(beluga_config_set_n(config, &key, 1), 0);
        assert_int_equal(
            beluga_registry_open(beluga_registry_default(), "openai", config, &model, &err), 0);
        tape_replay(t);
        assert_int_equal(generate(model, "By hand", NULL), 0);
        beluga_chat_model_unref(model);
        beluga_config_free(config);
    }
}

static void waits_are_replayed_on_request(void **state)
{
    tape *t = *state;
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    tape_put(t, "1.json",
             BY_HAND(REQUEST, "{\"after_ms\": 30, \"json\": " ANSWER "}",
                     "\"end\": {\"how\": \"complete\", \"after_ms\": 20}"));
    const beluga_cassette cassette = {.size = sizeof cassette,
                                      .directory = t->directory,
                                      .mode = BELUGA_CASSETTE_REPLAY,
                                      .realtime = true};
    assert_int_equal(beluga_client_set_cassette(beluga_client_default(), &cassette, NULL), 0);
    beluga_response *response = NULL;
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, NULL), 0);
    assert_true(beluga_response_duration_ns(response) >=
                50000000); /* at least 50 ms have passed; a slow machine only takes longer */
    beluga_response_free(response);
    beluga_chat_model_unref(model);
}

static void assert_refused(const tape *t, const char *part)
{
    beluga_error err = {0};
    assert_int_equal(tape_try(t, BELUGA_CASSETTE_REPLAY, &err), BELUGA_ERROR_INVALID_INPUT);
    assert_says(err.message, part);
    assert_says(err.message, "1.json");
}

static void a_damaged_file_is_told_by_its_name_and_line(void **state)
{
    tape *t = *state;
    tape_put(t, "1.json", "{\n  \"beluga_cassette\": 1,\n  \"request\": {oops\n}\n");
    assert_refused(t, "1.json, line 3: not JSON: ");
    tape_put(t, "1.json", "");
    assert_refused(t, "1.json, line 1: not JSON: ");
    char *whole = strdup(BY_HAND(REQUEST, "{\"json\": " ANSWER "}", COMPLETE));
    /* The file is cut at many places, as by a copy that was interrupted. */
    for (size_t n = strlen(whole) - 3; n; n -= n < 7 ? n : 7) {
        whole[n] = '\0';
        tape_put(t, "1.json", whole);
        assert_refused(t, "not JSON");
    }
    free(whole);
}

static void a_file_that_says_something_else_is_told_by_its_member(void **state)
{
    tape *t = *state;
    static const char *const cases[][2] = {
        {"{}", "/beluga_cassette is missing"},
        {"{\"beluga_cassette\": 2}", "later version"},
        {"{\"beluga_cassette\": 1, \"random\": 7}", "/random must be 16"},
        {"{\"beluga_cassette\": 1, \"random\": \"0123456789abcdefg\"}", "/random must be 16"},
        {"{\"beluga_cassette\": 1}", "/request is missing"},
        {"{\"beluga_cassette\": 1, \"request\": {\"url\": \"/\"}}",
         "/request/method must be a string"},
        {BY_HAND(REQUEST, "{\"json\": " ANSWER "}", "\"stop\": 1"), "/end/how must be"},
        {BY_HAND(REQUEST, "{\"json\": " ANSWER "}", "\"end\": {\"how\": \"failed\"}"),
         "/end/error must be"},
        {BY_HAND(REQUEST, "{\"json\": " ANSWER "}",
                 "\"end\": {\"how\": \"failed\", \"error\": \"x\"}"),
         "/end/error"},
        {BY_HAND(REQUEST, "{\"base64\": \"a\"}", COMPLETE), "/response/chunks/0"},
        {BY_HAND(REQUEST, "{\"base64\": \"****\"}", COMPLETE), "not base64"},
        {BY_HAND(REQUEST, "{\"text\": 1}", COMPLETE), "neither a string nor an array of strings"},
        {BY_HAND(REQUEST, "{\"text\": \"a\", \"json\": 1}", COMPLETE), "more than one of"},
        {BY_HAND(REQUEST, "7", COMPLETE), "must be an object"},
        {"{\"beluga_cassette\": 1, \"request\": {\"method\": \"GET\", \"url\": \"/\"}, "
         "\"response\": {\"status\": 1}}",
         "/response/status must be"},
        {"{\"beluga_cassette\": 1, \"request\": {\"method\": \"GET\", \"url\": \"/\"}, " COMPLETE
         "}",
         "/response is missing"},
        {"{\"beluga_cassette\": 1, \"request\": {\"method\": \"GET\", \"url\": \"/\", \"headers\": "
         "[\"a\"]}}",
         "/request/headers must be"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tape_put(t, "1.json", cases[i][0]);
        assert_refused(t, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_TAPE(a_file_says_what_was_asked_and_answered),
        ON_TAPE(waits_are_written_down_and_nothing_for_none),
        ON_TAPE(recording_twice_adds_to_what_is_there),
        ON_TAPE(a_name_that_is_taken_is_left_alone),
        ON_TAPE(a_secret_of_a_configured_header_is_in_none_either),
        ON_TAPE(no_credential_is_in_any_file),
        ON_TAPE(keys_of_an_address_are_not_part_of_the_match),
        ON_TAPE(a_request_that_differs_is_told_where),
        ON_TAPE(the_nearest_is_the_one_that_differs_least),
        ON_TAPE(a_message_that_is_missing_weighs_more_than_a_text_that_differs),
        ON_TAPE(a_long_text_is_shown_where_it_begins_to_differ),
        ON_TAPE(a_recording_answers_once_or_where_that_is_wanted_again_and_again),
        ON_TAPE(an_empty_directory_has_no_answer),
        ON_TAPE(a_file_written_by_hand_matches_by_meaning),
        ON_TAPE(a_replay_needs_no_key_and_asks_nobody_for_one),
        ON_TAPE(waits_are_replayed_on_request),
        ON_TAPE(a_damaged_file_is_told_by_its_name_and_line),
        ON_TAPE(a_file_that_says_something_else_is_told_by_its_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
