/* Providers without code: the names of their models, files and layers, lifetimes, and threads. */
#include "../support/scoped.h"
#include "../support/threads.h"
#include "../support/torture.h"
#include "described.h"
#include "own.h"

#include <sys/stat.h>

/* ---- names of models ------------------------------------------------------------------------- */

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

/* A provider's section in a file also applies if the program opens the provider by its name, and
 * does not resolve a reference such as mine/m. */
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

/* ---- impossible bases ------------------------------------------------------------------------ */

static void a_base_that_is_none_says_where(void **state)
{
    static const struct {
        const char *yaml, *reference, *message;
    } cases[] = {
        {"providers:\n  a: {base: b}\n  b: {base: openai}\n", "a/m",
         ":2:13: the base of a, b, has a base itself: name a provider without one"},
        {"providers:\n  a: {base: b}\n  b: {base: a}\n", "b/m",
         ":3:13: the base of b, a, has a base itself: name a provider without one"},
        {"providers:\n  a: {base: a}\n", "a/m",
         ":2:13: a can't be its own base: name a registered provider"},
        {"providers:\n  openai: {base: groq}\n", "openai/m",
         ":2:18: openai is a built-in or registered provider: choose another name for a provider "
         "that has a base"},
        {"providers:\n  Mine: {base: groq}\n", "Mine/m",
         ":2:16: a provider's name must be 1 to 47 characters of a-z 0-9 _ - (is \"Mine\")"},
        {"providers:\n  mine: {base: openai, organisation: x}\n", "mine/m",
         ":2:38: \"organisation\" is neither a common option nor an option of openai; did you mean "
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
    begins(&err, "no provider is named \"other\", and its section has no base to define it;");
    assert_int_equal(try_open(config, "m", &model, &err), BELUGA_ERROR_UNSUPPORTED_PROVIDER);
    char expected[160];
    snprintf(expected, sizeof expected,
             "%s:1:26: the base of mine, \"opnai\", is not a provider; did you mean openai?", path);
    begins(&err, expected);
}

/* ---- files and layers ------------------------------------------------------------------------ */

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
    /* the list of the later section replaces the earlier list */
    described(out, BELUGA_OPTION_HEADERS, "D: set", "file");
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

/* ---- lifetimes and threads ------------------------------------------------------------------- */

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
    /* A thread of the pool may still use the key, so wait for it before the allocator is
     * replaced. */
    if (client && beluga_client_close(client, PATIENCE_MS, NULL)) beluga_client_unref(client);
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
