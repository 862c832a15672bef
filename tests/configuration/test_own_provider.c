/* Providers without code: an entry of a file, or a configuration with a base. */
#include "../support/calls.h"
#include "../support/torture.h"
#include "../support/scoped.h"
#include "../support/threads.h"
#include "described.h"
#include "client/chat_model.h"

#include <beluga/provider/provider.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET "tok-4f1dC0ffee5ecret"

/* --- helpers ---------------------------------------------------------------------------------- */

static char path[64];

static void write_text(char *where, size_t size, const char *text)
{
    snprintf(where, size, "/tmp/beluga-own-XXXXXX");
    int fd = mkstemp(where);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

/* Load a file in which "URL" stands for the peer's. */
static beluga_config *load_at(const char *url, const char *yaml)
{
    char text[4096] = "";
    const char *at;
    beluga_error err;
    while (url && (at = strstr(yaml, "URL"))) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%.*s%s", (int)(at - yaml), yaml, url);
        yaml = at + 3;
    }
    strncat(text, yaml, sizeof text - strlen(text) - 1);
    write_text(path, sizeof path, text);
    beluga_config *config = beluga_config_new(beluga_with_env(), beluga_with_max_retries(0),
                                              beluga_with_timeout_ms(PATIENCE_MS));
    int status = beluga_config_load_file(config, path, &err);
    unlink(path);
    if (status) fail_msg("%s", err.message);
    return config;
}

static int try_open(const beluga_config *config, const char *reference, beluga_chat_model **model,
                    beluga_error *err)
{
    beluga_config *resolved = NULL;
    *model = NULL;
    int status =
        beluga_config_resolve(config, beluga_registry_default(), reference, &resolved, err);
    if (!status)
        status = beluga_registry_open(beluga_registry_default(), NULL, resolved, model, err);
    beluga_config_free(resolved);
    return status;
}

static beluga_chat_model *open_own(peer *p, const char *yaml, const char *reference)
{
    beluga_chat_model *model;
    beluga_error err;
    beluga_config *config = load_at(peer_url(p), yaml);
    int status = try_open(config, reference, &model, &err);
    beluga_config_free(config);
    if (status) fail_msg("%s", err.message);
    return model;
}

static void will_answer(peer *p, int times)
{
    peer_reply *reply = peer_reply_new(p);
    peer_reply_repeat(reply, times);
    peer_openai_answer(reply, "Hello");
}

static void sent(peer *p, size_t i, const char *name, const char *value)
{
    const char *header = peer_request_header(p, i, name);
    if (!value)
        assert_null(header);
    else if (!header)
        fail_msg("no header %s", name);
    else
        assert_string_equal(header, value);
}

static void body_is(peer *p, size_t i, const char *expected)
{
    assert_string_equal(peer_request_body(p, i, NULL), expected);
}

static void open_fails(const char *yaml, const char *reference, int code, const char *message)
{
    beluga_chat_model *model;
    beluga_error err;
    char expected[512];
    beluga_config *config = load_at("http://127.0.0.1:9/v1", yaml);
    assert_int_equal(try_open(config, reference, &model, &err), code);
    assert_null(model);
    beluga_config_free(config);
    snprintf(expected, sizeof expected, "%s%s", *message == ':' ? path : "", message);
    assert_string_equal(err.message, expected);
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

/* --- nothing of the base's -------------------------------------------------------------------- */

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

/* A base whose key comes from a profile when nothing else is said. */
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
               "model_name is missing, and mine has no default: say mine/MODEL");
    SCOPED(beluga_chat_model) *model = NULL;
    beluga_error err;
    SCOPED(beluga_config) *config = load_at(NULL, "providers: {work: {base: openai, api_key: k}}");
    assert_int_equal(try_open(config, "work", &model, &err), 0);
    assert_string_equal(model->target->base_url, "https://api.openai.com/v1");
    assert_string_equal(beluga_model_name(model), "gpt-5-mini");
}

/* --- what the base can ------------------------------------------------------------------------ */

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
               "headers and body are for HTTP, which mock does not speak");
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
    for (size_t i = 0; i < 2; i++) { /* asked for, and from memory */
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
    assert_null(strstr(err.message, SECRET)); /* and what is said back is no longer one */
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

/* The number that a command wrote into a file; 0: not yet. */
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
    /* Nobody waits for it any more. */
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

/* --- names of models -------------------------------------------------------------------------- */

static void an_alias_may_be_default_given_or_of_the_call(void **state)
{
    peer *p = *state;
    static const char yaml[] =
        "providers: {mine: {base: openai, base_url: 'URL', model: a, models: "
        "{a: org/a:1, b: 'b=2', a2: org/a}}}\n"
        "models: {quick: mine/b}\n";
    static const char *const given[] = {"mine", "mine/a", "mine:b", "quick", "mine/other"};
    static const char *const meant[] = {"org/a:1", "org/a:1", "b=2", "b=2", "other"};
    beluga_error err;
    record r;
    will_answer(p, 5);
    for (size_t i = 0; i < 5; i++) {
        beluga_chat_model *model = open_own(p, yaml, given[i]);
        assert_string_equal(beluga_model_name(model), meant[i]);
        assert_int_equal(generate(model, "Hello", &err), 0);
        assert_string_equal(peer_request_model(p, i), meant[i]);
        beluga_chat_model_unref(model);
    }
    peer_openai_stream(peer_reply_new(p), "Hi");
    SCOPED(beluga_chat_model) *model = open_own(p, yaml, "mine/x");
    assert_int_equal(stream_with(model, &r, beluga_with_model_name("a2")), 0);
    assert_string_equal(peer_request_model(p, 5), "org/a");
}

/* --- without a file --------------------------------------------------------------------------- */

static void options_alone_make_one(void **state)
{
    peer *p = *state;
    beluga_error err;
    beluga_chat_model *model;
    beluga_provider table;
    will_answer(p, 1);
    beluga_config *config = beluga_config_new(
        beluga_with_provider("mine"), beluga_with_base("openai"), beluga_with_base_url(peer_url(p)),
        beluga_with_header("A: a"), beluga_with_body("{\"x\":1}"),
        beluga_with_model_alias("s=small"), beluga_with_model_name("s"));
    assert_int_equal(beluga_registry_describe(beluga_registry_default(), config, &table, &err), 0);
    assert_string_equal(table.name, "mine");
    assert_string_equal(table.base_url, peer_url(p));
    assert_string_equal(table.default_model, "s");
    assert_null(table.key_variables);
    assert_int_equal(beluga_registry_open(beluga_registry_default(), NULL, config, &model, &err),
                     0);
    beluga_config_free(config);
    assert_int_equal(generate(model, "Hello", &err), 0);
    assert_string_equal(peer_request_model(p, 0), "small");
    sent(p, 0, "A", "a");
    beluga_chat_model_unref(model);
    assert_false(beluga_registry_contains(beluga_registry_default(), "mine"));
}

static void options_of_the_wrong_form_are_refused_together(void **state)
{
    (void)state;
    beluga_error err;
    beluga_chat_model *model;
    SCOPED(beluga_config) *config = beluga_config_new(
        beluga_with_provider("mine"), beluga_with_base("openai"), beluga_with_model_name("m"),
        beluga_with_header("a secret without a name"), beluga_with_body("[1]"),
        beluga_with_model_alias("=x"));
    assert_int_equal(beluga_registry_open(beluga_registry_default(), NULL, config, &model, &err),
                     BELUGA_ERROR_INVALID_CONFIG);
    assert_string_equal(err.message, "headers: item 0 is not \"Name: value\"; body is not a JSON "
                                     "object; models: item 0 is not \"alias=name\"");
    assert_string_equal(err.provider, "mine");
}

/* The sections of a file apply to its own provider even where nobody resolved a reference. */
static void it_opens_by_its_name_alone(void **state)
{
    peer *p = *state;
    beluga_error err;
    SCOPED(beluga_chat_model) *model = NULL;
    will_answer(p, 1);
    beluga_config *config =
        load_at(peer_url(p),
                "providers: {mine: {base: openai, base_url: 'URL', model: m, headers: {A: a}}}");
    assert_int_equal(beluga_registry_open(beluga_registry_default(), "mine", config, &model, &err),
                     0);
    beluga_config_free(config);
    assert_int_equal(generate(model, "Hello", &err), 0);
    sent(p, 0, "A", "a");
}

/* --- what can't be ---------------------------------------------------------------------------- */

static void a_base_that_is_none_says_where(void **state)
{
    static const struct {
        const char *yaml, *reference, *message;
    } cases[] = {
        {"providers:\n  a: {base: b}\n  b: {base: openai}\n", "a/m",
         ":2:13: the base of a, b, has a base itself: name a provider that has none"},
        {"providers:\n  a: {base: b}\n  b: {base: a}\n", "b/m",
         ":3:13: the base of b, a, has a base itself: name a provider that has none"},
        {"providers:\n  a: {base: a}\n", "a/m",
         ":2:13: a can't be its own base: name a provider that is registered"},
        {"providers:\n  openai: {base: groq}\n", "openai/m",
         ":2:18: openai is a provider already: one with a base needs another name"},
        {"providers:\n  Mine: {base: groq}\n", "Mine/m",
         ":2:16: a provider's name has 1 to 47 of a-z 0-9 _ - (is \"Mine\")"},
        {"providers:\n  mine: {base: openai, organisation: x}\n", "mine/m",
         ":2:38: \"organisation\" is neither an option nor one of openai's own; did you mean "
         "openai.organization?"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        open_fails(cases[i].yaml, cases[i].reference, BELUGA_ERROR_INVALID_CONFIG,
                   cases[i].message);
}

static void begins(const beluga_error *err, const char *text)
{
    if (strncmp(err->message, text, strlen(text)) != 0) fail_msg("%s", err->message);
}

static void a_name_that_is_nearly_one_is_hinted_at(void **state)
{
    (void)state;
    beluga_chat_model *model;
    beluga_error err;
    SCOPED(beluga_config) *config = load_at(
        NULL,
        "providers: {mine: {base: opnai}, other: {api_key: k}}\nmodels: {m: {model: mine/x}}\n");
    assert_int_equal(try_open(config, "mime/x", &model, &err), BELUGA_ERROR_UNSUPPORTED_PROVIDER);
    assert_string_equal(err.message, "no provider is named \"mime\"; did you mean mine?");
    assert_int_equal(try_open(config, "other/x", &model, &err), BELUGA_ERROR_UNSUPPORTED_PROVIDER);
    begins(&err, "no provider is named \"other\", and its section has no base to make it one;");
    assert_int_equal(try_open(config, "m", &model, &err), BELUGA_ERROR_UNSUPPORTED_PROVIDER);
    char expected[160];
    snprintf(expected, sizeof expected,
             "%s:1:26: the base of mine, \"opnai\", is no provider; did you mean openai?", path);
    begins(&err, expected);
}

/* --- files and layers ------------------------------------------------------------------------- */

static void every_value_tells_its_layer_and_no_secret(void **state)
{
    (void)state;
    beluga_error err;
    SCOPED(beluga_config) *out = NULL;
    SCOPED(beluga_config) *config = load_at(
        NULL,
        "providers: {mine: {base: openai, base_url: 'http://u:p@h/v1', api_key: sk-secret, "
        "headers: {A: secret, B: 'env:B', C: null}, body: {a: [1]}, models: {f: x}, model: f}}\n"
        "models: {m: {model: mine/x, headers: {D: secret}}}\n");
    const beluga_option mine[] = {beluga_with_body("{}")};
    assert_int_equal(beluga_config_resolve(config, beluga_registry_default(), "mine", &out, &err),
                     0);
    DESCRIBED(out, "file", {BELUGA_OPTION_BASE, "openai"},
              {BELUGA_OPTION_BASE_URL, "http://[redacted]@h/v1"}, {BELUGA_OPTION_API_KEY, "set"},
              {BELUGA_OPTION_HEADERS, "A: set, B: env:B, C: none"},
              {BELUGA_OPTION_BODY, "{\"a\":[1]}"}, {BELUGA_OPTION_MODELS, "f=x"},
              {BELUGA_OPTION_MODEL_NAME, "f"});
    assert_string_equal(beluga_config_get_item(out, BELUGA_OPTION_MODELS, 0, NULL), "f=x");
    assert_null(beluga_config_get_item(out, BELUGA_OPTION_MODELS, 1, NULL));
    assert_null(beluga_config_get_item(out, BELUGA_OPTION_BODY, 0, NULL));
    beluga_config_free(out);
    beluga_config_set_n(config, mine, 1);
    assert_int_equal(beluga_config_resolve(config, beluga_registry_default(), "m", &out, &err), 0);
    described(out, BELUGA_OPTION_HEADERS, "D: set", "file"); /* a list of a later section */
    described(out, BELUGA_OPTION_BODY, "{}", "model");
}

static void a_later_file_adds_and_wins(void **state)
{
    (void)state;
    beluga_error err;
    SCOPED(beluga_config) *out = NULL;
    const char *name, *base;
    SCOPED(beluga_config) *config =
        load_at(NULL, "providers: {mine: {base: openai, user: a, seed: 1}, two: {base: mock}}");
    write_text(path, sizeof path, "providers: {mine: {base: groq, user: b}}");
    assert_int_equal(beluga_config_load_file(config, path, &err), 0);
    unlink(path);
    assert_true(beluga_config_provider(config, 0, &name, &base));
    assert_string_equal(name, "two");
    assert_true(beluga_config_provider(config, 1, &name, &base));
    assert_string_equal(name, "mine");
    assert_string_equal(base, "groq");
    assert_false(beluga_config_provider(config, 2, &name, &base));
    assert_int_equal(beluga_config_resolve(config, beluga_registry_default(), "mine/m", &out, &err),
                     0);
    DESCRIBED(out, "file", {BELUGA_OPTION_BASE, "groq"}, {BELUGA_OPTION_USER, "b"},
              {BELUGA_OPTION_SEED, "1"});
}

static void resolving_anew_leaves_nothing_of_the_last_provider(void **state)
{
    (void)state;
    beluga_error err;
    SCOPED(beluga_config) *mine = NULL, *out = NULL;
    const char *text;
    beluga_config *config = load_at(NULL, "providers:\n"
                                          "  mine: {base: openai, api_key: " SECRET
                                          ", base_url: 'http://h', organization: o,"
                                          " headers: {A: b}, model: m}\n"
                                          "models: {quick: {model: mine/q, user: u}}\n");
    const beluga_option kept[] = {beluga_with_provider_specific("openai.project", "p"),
                                  beluga_with_seed(1)};
    beluga_config_set_n(config, kept, 2);
    beluga_registry *registry = beluga_registry_default();
    assert_int_equal(beluga_config_resolve(config, registry, "quick", &mine, &err), 0);
    beluga_config_free(config);
    assert_int_equal(beluga_config_resolve(mine, registry, "openai/x", &out, &err), 0);
    assert_false(beluga_config_get_string(out, BELUGA_OPTION_API_KEY, &text));
    assert_false(beluga_config_get_string(out, BELUGA_OPTION_BASE_URL, &text));
    assert_false(beluga_config_get_string(out, BELUGA_OPTION_BASE, &text));
    assert_false(beluga_config_get_string(out, BELUGA_OPTION_USER, &text));
    described(out, BELUGA_OPTION_HEADERS, "", "none");
    described(out, BELUGA_OPTION_PROVIDER_SPECIFIC, "openai.project=p", "model");
    described(out, BELUGA_OPTION_SEED, "1", "model");
    beluga_config_free(out);
    assert_int_equal(beluga_config_resolve(mine, registry, NULL, &out, &err), 0);
    described(out, BELUGA_OPTION_PROVIDER, "mine", "model");
    described(out, BELUGA_OPTION_MODEL_NAME, "m", "file"); /* its default */
    described(out, BELUGA_OPTION_API_KEY, "set", "file");
}

/* --- lives and threads ------------------------------------------------------------------------ */

static void a_model_outlives_all_that_made_it(void **state)
{
    peer *p = *state;
    beluga_client *client;
    SCOPED(beluga_chat_model) *model = NULL;
    beluga_config *resolved;
    beluga_error err;
    will_answer(p, 1);
    assert_int_equal(beluga_client_new(NULL, &client), 0);
    beluga_registry *registry = beluga_client_registry(client);
    beluga_config *config =
        load_at(peer_url(p), "providers: {mine: {base: openai, base_url: 'URL', headers: {A: a}}}");
    assert_int_equal(beluga_config_resolve(config, registry, "mine/m", &resolved, &err), 0);
    beluga_config_free(config);
    assert_int_equal(beluga_registry_open(registry, NULL, resolved, &model, &err), 0);
    beluga_config_free(resolved);
    beluga_client_unref(client);
    assert_string_equal(beluga_provider_name(model), "mine");
    assert_int_equal(generate(model, "Hello", &err), 0);
    sent(p, 0, "A", "a");
}

enum { THREADS = 8, ROUNDS = 20 };

static void *open_and_ask(void *argument)
{
    const beluga_config *config = argument;
    beluga_error err;
    size_t failures = 0;
    for (int i = 0; i < ROUNDS; i++) {
        beluga_chat_model *model;
        if (try_open(config, i % 2 ? "one/f" : "two/m", &model, &err)) {
            failures++;
            continue;
        }
        if (i % 10 < 2) failures += generate(model, NULL, &err) != 0;
        beluga_chat_model_unref(model);
    }
    return (void *)failures;
}

static void many_threads_open_and_ask_at_once(void **state)
{
    peer *p = *state;
    will_answer(p, PEER_FOR_EVER);
    SCOPED(beluga_config) *config =
        load_at(peer_url(p), "providers:\n"
                             "  one: {base: openai, base_url: 'URL', api_key: 'command:echo k', "
                             "headers: {A: 'command:echo a'}, models: {f: x}}\n"
                             "  two: {base: groq, base_url: 'URL', body: {x: 1}}\n");
    threads_run(THREADS, open_and_ask, config);
}

/* --- allocations ------------------------------------------------------------------------------ */

static int make_and_open(void *argument)
{
    beluga_error err;
    beluga_client *client = NULL;
    beluga_config *config = NULL, *resolved = NULL;
    beluga_chat_model *model = NULL;
    int status = beluga_client_new(NULL, &client);
    if (!status && !(config = beluga_config_new(beluga_with_env())))
        status = BELUGA_ERROR_NO_MEMORY;
    if (!status) status = beluga_config_load_file(config, argument, &err);
    if (!status)
        status = beluga_config_resolve(config, beluga_client_registry(client), "mine/f", &resolved,
                                       &err);
    if (!status)
        status = beluga_registry_open(beluga_client_registry(client), NULL, resolved, &model, &err);
    beluga_chat_model_unref(model);
    if (!status)
        status = beluga_registry_open(beluga_client_registry(client), "mine", config, &model, &err);
    if (!status) beluga_chat_model_unref(model);
    beluga_config_free(resolved);
    beluga_config_free(config);
    beluga_client_unref(client);
    return status;
}

static void opening_survives_every_failed_allocation(void **state)
{
    (void)state;
    char where[64];
    write_text(
        where, sizeof where,
        "providers: {mine: {base: openai, base_url: 'http://h/v1', api_key: 'file:/k', model: "
        "f, headers: {A: a, B: 'file:/b', C: null}, body: {a: {b: 1}}, models: {f: x}, "
        "organization: o}}\n");
    assert_true(torture_run(make_and_open, where) > 20);
    unlink(where);
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
        ON_PEER(an_alias_may_be_default_given_or_of_the_call),
        ON_PEER(options_alone_make_one),
        cmocka_unit_test(options_of_the_wrong_form_are_refused_together),
        ON_PEER(it_opens_by_its_name_alone),
        cmocka_unit_test(a_base_that_is_none_says_where),
        cmocka_unit_test(a_name_that_is_nearly_one_is_hinted_at),
        cmocka_unit_test(every_value_tells_its_layer_and_no_secret),
        cmocka_unit_test(a_later_file_adds_and_wins),
        cmocka_unit_test(resolving_anew_leaves_nothing_of_the_last_provider),
        ON_PEER(a_model_outlives_all_that_made_it),
        ON_PEER(many_threads_open_and_ask_at_once),
        cmocka_unit_test(opening_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests_name("own providers", tests, NULL, NULL);
}
