/* Providers without code, defined by an entry of a file or by a configuration with a base. */
#include "../support/scoped.h"
#include "own.h"

#include <signal.h>

/* --- helpers ---------------------------------------------------------------------------------- */

static void body_is(peer *p, size_t i, const char *expected)
{
    assert_string_equal(peer_request_body(p, i, NULL), expected);
}

/* --- a whole provider ------------------------------------------------------------------------- */

static const char twelve_lines[] = "model: mine/fast\n"
                                   "providers:\n"
                                   "  mine:\n"
                                   "    base: openai\n"
                                   "    base_url: URL\n"
                                   "    api_key: env:BELUGA_TEST_MINE\n"
                                   "    headers:\n"
                                   "      X-Team: blue\n"
                                   "      X-Gate: env:BELUGA_TEST_GATE\n"
                                   "    body: {stream_options: null, top: {a: 1}}\n"
                                   "    models: {fast: Qwen/Qwen3-0.6B}\n"
                                   "    temperature: 0.5\n";

static void twelve_lines_make_a_provider_that_streams(void **state)
{
    peer *p = *state;
    record r;
    setenv("BELUGA_TEST_MINE", SECRET, 1);
    setenv("BELUGA_TEST_GATE", "gate-12345678", 1);
    peer_openai_stream(peer_reply_new(p), "Hello world");
    beluga_chat_model *model = open_own(p, twelve_lines, NULL);
    assert_int_equal(stream_whole(model, &r), 0);
    assert_story(&r, "start metadata [Hello] [ world] usage(12,2) finish(stop)");
    assert_string_equal(peer_request_path(p, 0), "/v1/chat/completions");
    sent(p, 0, "Authorization", "Bearer " SECRET);
    sent(p, 0, "X-Team", "blue");
    sent(p, 0, "X-Gate", "gate-12345678");
    body_is(p, 0,
            "{\"model\":\"Qwen/Qwen3-0.6B\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],"
            "\"stream\":true,\"temperature\":0.5,\"top\":{\"a\":1}}");
    beluga_chat_model_unref(model);
    unsetenv("BELUGA_TEST_MINE");
    unsetenv("BELUGA_TEST_GATE");
}

static void it_has_its_own_name_everywhere(void **state)
{
    peer *p = *state;
    beluga_error err;
    char line[2048];
    peer_openai_error(peer_reply_new(p), 400, NULL, NULL, "no");
    SCOPED(beluga_chat_model) *model =
        open_own(p, "providers: {my-host: {base: openai, base_url: 'URL'}}", "my-host/m");
    assert_string_equal(beluga_provider_name(model), "my-host");
    assert_string_equal(model->target->metric_prefix, "beluga.my-host");
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_INVALID_REQUEST);
    assert_string_equal(err.provider, "my-host");
    beluga_error_format(&err, line, sizeof line);
    assert_null(strstr(line, "openai"));
    beluga_health health;
    assert_int_equal(beluga_check_health(model, NULL, false, &health, &err), 0);
    assert_string_equal(health.provider, "my-host");
}

/* ---- settings that are not taken from the base ----------------------------------------------- */

static void the_bases_variables_are_never_read(void **state)
{
    peer *p = *state;
    beluga_error err;
    static const char *const names[] = {"OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID",
                                        "OPENAI_BASE_URL", "OPENAI_API_BASE"};
    for (size_t i = 0; i < 5; i++) setenv(names[i], "http://127.0.0.1:9/" SECRET, 1);
    will_answer(p, 1);
    SCOPED(beluga_chat_model) *model =
        open_own(p, "providers: {mine: {base: openai, base_url: 'URL'}}", "mine/m");
    for (size_t i = 0; i < 5; i++) unsetenv(names[i]);
    assert_false(model->target->key_set);
    assert_int_equal(generate(model, "Hello", &err), 0);
    sent(p, 0, "Authorization", NULL);
    sent(p, 0, "OpenAI-Organization", NULL);
    sent(p, 0, "OpenAI-Project", NULL);
}

/* The base, bedrock, takes its key from a profile by default; a provider made from it must not. */
static void nor_is_its_default_source_of_keys(void **state)
{
    peer *p = *state;
    SCOPED(beluga_chat_model) *model =
        open_own(p, "providers: {mine: {base: bedrock, base_url: 'URL'}}", "mine/m");
    assert_false(model->target->key_set);
}

static void another_address_has_no_default_model(void **state)
{
    (void)state;
    open_fails("providers: {mine: {base: openai, base_url: 'URL'}}", "mine",
               BELUGA_ERROR_INVALID_CONFIG,
               "model_name is missing, and mine has no default model: name one, as mine/MODEL");
    SCOPED(beluga_chat_model) *model = NULL;
    beluga_error err;
    SCOPED(beluga_config) *config = load_at(NULL, "providers: {work: {base: openai, api_key: k}}");
    assert_int_equal(try_open(config, "work", &model, &err), 0);
    assert_string_equal(model->target->base_url, "https://api.openai.com/v1");
    assert_string_equal(beluga_model_name(model), "gpt-5-mini");
}

/* ---- features of the base -------------------------------------------------------------------- */

static void the_bases_quirks_carry_over(void **state)
{
    peer *p = *state;
    beluga_error err;
    will_answer(p, 1);
    SCOPED(beluga_chat_model) *model =
        open_own(p, "providers: {mine: {base: mistral, base_url: 'URL', seed: 7}}", "mine/m");
    assert_int_equal(generate(model, "Hello", &err), 0);
    assert_non_null(strstr(peer_request_body(p, 0, NULL), "\"random_seed\":7"));
}

static void so_do_its_own_options_and_how_it_authorizes(void **state)
{
    peer *p = *state;
    beluga_error err;
    will_answer(p, 2);
    SCOPED(beluga_chat_model) *model = open_own(
        p, "providers: {mine: {base: openai, base_url: 'URL', organization: o, openai.project: p}}",
        "mine/m");
    assert_int_equal(generate(model, "Hello", &err), 0);
    sent(p, 0, "OpenAI-Organization", "o");
    sent(p, 0, "OpenAI-Project", "p");
    beluga_chat_model_unref(model);
    model = open_own(p, "providers: {mine: {base: azure, base_url: 'URL', api_key: " SECRET "}}",
                     "mine/m");
    assert_int_equal(generate(model, "Hello", &err), 0);
    sent(p, 1, "api-key", SECRET);
    sent(p, 1, "Authorization", NULL);
}

static void a_base_without_http_works_too(void **state)
{
    (void)state;
    record r;
    beluga_chat_model *model;
    beluga_error err;
    beluga_config *config = load_at(NULL, "providers: {parrot: {base: mock, responses: Polly}}");
    assert_int_equal(try_open(config, "parrot/x", &model, &err), 0);
    assert_string_equal(beluga_provider_name(model), "parrot");
    assert_int_equal(stream_whole(model, &r), 0);
    assert_non_null(strstr(r.story, "Polly"));
    beluga_chat_model_unref(model);
    beluga_config_free(config);
    open_fails("providers: {parrot: {base: mock, body: {a: 1}}}", "parrot/x",
               BELUGA_ERROR_INVALID_CONFIG,
               "headers and body have no effect, since mock does not use HTTP");
}

/* --- headers and body ------------------------------------------------------------------------- */

static void headers_come_from_wherever_keys_may(void **state)
{
    peer *p = *state;
    beluga_error err;
    char file[64], yaml[512];
    write_text(file, sizeof file, "from-a-file\n");
    snprintf(
        yaml, sizeof yaml,
        "providers: {mine: {base: openai, base_url: 'URL', api_key: 'command:echo %s', headers: "
        "{X-File: 'file:%s', X-Command: 'command:echo from-a-command', X-Aws: 'aws:x', "
        "Authorization: none}}}",
        SECRET, file);
    will_answer(p, 2);
    beluga_chat_model *model = open_own(p, yaml, "mine/m");
    /* the values come from the commands the first time, and from memory the second time */
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(generate(model, "Hello", &err), 0);
        sent(p, i, "X-File", "from-a-file");
        sent(p, i, "X-Command", "from-a-command");
        sent(p, i, "X-Aws", "aws:x");
        sent(p, i, "Authorization", "Bearer " SECRET);
    }
    beluga_chat_model_unref(model);
    unlink(file);
}

static void a_header_that_is_refused_is_asked_for_again(void **state)
{
    peer *p = *state;
    beluga_error err;
    char file[64], yaml[256];
    write_text(file, sizeof file, SECRET);
    snprintf(yaml, sizeof yaml,
             "providers: {mine: {base: openai, base_url: 'URL', headers: {X-Gate: 'file:%s'}}}",
             file);
    peer_openai_error(peer_reply_new(p), 401, NULL, NULL, "who is " SECRET "?");
    will_answer(p, 1);
    beluga_chat_model *model = open_own(p, yaml, "mine/m");
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_AUTHENTICATION);
    assert_null(strstr(err.message, SECRET)); /* the key is masked in the error's text */
    assert_null(strstr(err.cause, SECRET));
    sent(p, 0, "X-Gate", SECRET);
    FILE *again = fopen(file, "w");
    assert_non_null(again);
    fputs("another", again);
    fclose(again);
    assert_int_equal(generate(model, "Hello", &err), 0);
    sent(p, 1, "X-Gate", "another");
    beluga_chat_model_unref(model);
    unlink(file);
}

static void a_header_without_its_secret_says_which(void **state)
{
    peer *p = *state;
    beluga_error err;
    unsetenv("BELUGA_TEST_GATE");
    open_fails("providers: {mine: {base: openai, base_url: 'URL', headers: {X-Gate: "
               "'env:BELUGA_TEST_GATE'}}}",
               "mine/m", BELUGA_ERROR_AUTHENTICATION,
               "header X-Gate: the key's variable BELUGA_TEST_GATE is not set");
    SCOPED(beluga_chat_model) *model = open_own(
        p,
        "providers: {mine: {base: openai, base_url: 'URL', headers: {A: b, X-Gate: 'file:/none'}}}",
        "mine/m");
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_AUTHENTICATION);
    assert_string_equal(err.message, "header X-Gate: the key's file /none can't be read");
    assert_int_equal(peer_requests(p), 0);
}

static void a_header_of_nothing_takes_the_protocols_away(void **state)
{
    peer *p = *state;
    beluga_error err;
    will_answer(p, 1);
    SCOPED(beluga_chat_model) *model =
        open_own(p,
                 "providers: {mine: {base: openai, base_url: 'URL', organization: o, headers: "
                 "{OpenAI-Organization: null}}}",
                 "mine/m");
    assert_int_equal(generate(model, "Hello", &err), 0);
    sent(p, 0, "OpenAI-Organization", NULL);
}

static void a_calls_own_headers_and_body_win(void **state)
{
    peer *p = *state;
    SCOPED(beluga_response) *response = NULL;
    beluga_error err;
    will_answer(p, 1);
    SCOPED(beluga_chat_model) *model = open_own(
        p,
        "providers: {mine: {base: openai, base_url: 'URL', headers: {A: a, B: b}, body: {x: "
        "{a: 1, b: 1}, y: 1, messages: null}}}",
        "mine/m");
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, &err,
                                   beluga_with_extra_header("B: c"),
                                   beluga_with_extra_body("{\"x\":{\"b\":2},\"y\":null}")),
                     0);
    sent(p, 0, "A", "a");
    sent(p, 0, "B", "c");
    body_is(p, 0, "{\"model\":\"m\",\"x\":{\"b\":2,\"a\":1}}");
}

static void headers_and_body_serve_a_registered_provider_too(void **state)
{
    peer *p = *state;
    beluga_error err;
    will_answer(p, 1);
    SCOPED(beluga_chat_model) *model = open_own(
        p,
        "providers: {openai: {base_url: 'URL', headers: {A: a}, body: {x: 1}, models: {s: small}}}",
        "openai/s");
    assert_int_equal(generate(model, "Hello", &err), 0);
    sent(p, 0, "A", "a");
    body_is(p, 0,
            "{\"model\":\"small\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"x\":1}");
}

/* Read the process id that a command wrote into a file. Returns 0 if the file is not written
 * yet. */
static int read_number(const char *name)
{
    int number = 0;
    FILE *f = fopen(name, "r");
    if (f && fscanf(f, "%d.", &number) != 1) number = 0;
    if (f) fclose(f);
    return number;
}

static void a_call_may_be_cancelled_between_two_secrets(void **state)
{
    peer *p = *state;
    record r;
    char asked[64], yaml[640];
    write_text(asked, sizeof asked, "");
    snprintf(yaml, sizeof yaml,
             "providers: {mine: {base: openai, base_url: 'URL', headers: {A: 'command:echo a', B: "
             "'command:echo $$. >%s; sleep 25; echo b'}}}",
             asked);
    SCOPED(beluga_loop) *loop = new_loop();
    SCOPED(beluga_chat_model) *model = open_own(p, yaml, "mine/m");
    SCOPED(beluga_context) *context = beluga_context_new_cancellable(NULL);
    record_clear(&r);
    SCOPED(beluga_op) *op = push_stream(model, loop, context, &r);
    int command = 0;
    for (int i = 0; !(command = read_number(asked)) && i < PATIENCE_MS; i++)
        if (is_readable(loop))
            poll_and_step(loop);
        else
            usleep(1000);
    assert_true(command > 0);
    beluga_context_cancel(context);
    step_until_end(loop, &r);
    assert_story(&r, "error(context_canceled)");
    assert_int_equal(peer_requests(p), 0);
    /* The command is killed, since no call needs its output any longer. */
    for (int i = 0; !kill(command, 0) && i < PATIENCE_MS; i++) usleep(1000);
    assert_int_equal(kill(command, 0), -1);
    unlink(asked);
}

static void what_is_fallen_back_to_gets_nothing_of_the_first(void **state)
{
    peer *p = *state;
    beluga_error err;
    peer_openai_error(peer_reply_new(p), 503, NULL, NULL, "later");
    will_answer(p, 1);
    SCOPED(beluga_chat_model) *model = open_own(
        p,
        "providers:\n"
        "  one: {base: openai, base_url: 'URL', api_key: " SECRET ", headers: {X-Gate: " SECRET "},"
        " body: {x: 1}, fallback: [two/f]}\n"
        "  two: {base: openai, base_url: 'URL', headers: {X-Two: b}, models: {f: small}}\n",
        "one/m");
    assert_int_equal(generate(model, "Hello", &err), 0);
    assert_int_equal(peer_requests(p), 2);
    sent(p, 0, "X-Gate", SECRET);
    sent(p, 1, "X-Gate", NULL);
    sent(p, 1, "Authorization", NULL);
    sent(p, 1, "X-Two", "b");
    body_is(p, 1, "{\"model\":\"small\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PEER(twelve_lines_make_a_provider_that_streams),
        ON_PEER(it_has_its_own_name_everywhere),
        ON_PEER(the_bases_variables_are_never_read),
        ON_PEER(nor_is_its_default_source_of_keys),
        cmocka_unit_test(another_address_has_no_default_model),
        ON_PEER(the_bases_quirks_carry_over),
        ON_PEER(so_do_its_own_options_and_how_it_authorizes),
        cmocka_unit_test(a_base_without_http_works_too),
        ON_PEER(headers_come_from_wherever_keys_may),
        ON_PEER(a_header_that_is_refused_is_asked_for_again),
        ON_PEER(a_header_without_its_secret_says_which),
        ON_PEER(a_call_may_be_cancelled_between_two_secrets),
        ON_PEER(a_header_of_nothing_takes_the_protocols_away),
        ON_PEER(a_calls_own_headers_and_body_win),
        ON_PEER(headers_and_body_serve_a_registered_provider_too),
        ON_PEER(what_is_fallen_back_to_gets_nothing_of_the_first),
    };
    return cmocka_run_group_tests_name("own providers", tests, NULL, NULL);
}
