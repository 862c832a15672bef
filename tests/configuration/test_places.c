/* Base URLs with placeholders for an account: "https://{host}/accounts/{account}". */
#include "../support/scoped.h"
#include "own.h"

#include <stdlib.h>

/* ---- providers with placeholders in their URLs ----------------------------------------------- */

static int write_nothing(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)call;
    (void)err;
    beluga_http_request_set_path(request, "/ask");
    beluga_json_put_null(beluga_http_request_json(request), NULL);
    return 0;
}

static int read_nothing(void *self, const char *body, size_t length, beluga_emit *emit)
{
    (void)self;
    (void)body;
    (void)length;
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

#define IN_URL(option, environment)     \
    {.name = (option),                  \
     .meaning = "a place",              \
     .type = BELUGA_OPTION_STRING,      \
     .flags = BELUGA_OWN_OPTION_IN_URL, \
     .variable = (environment)}

static const beluga_own_option options[] = {
    IN_URL("placed.host", "BELUGA_TEST_PLACED_HOST"),
    IN_URL("placed.account", "BELUGA_TEST_PLACED_ACCOUNT"),
    {.name = "placed.other", .meaning = "no place", .type = BELUGA_OPTION_STRING},
    {.name = NULL},
};

static const char *const keys[] = {"BELUGA_TEST_PLACED_KEY", NULL};
static const char *const urls[] = {"BELUGA_TEST_PLACED_URL", NULL};

static const beluga_provider placed = {
    BELUGA_PROVIDER_INIT("placed"),
    .default_model = "m",
    .base_url = "https://{host}/accounts/{account}/v1",
    .options = options,
    .key_variables = keys,
    .url_variables = urls,
    .encode_request = write_nothing,
    .decode_response = read_nothing,
};

static int set_up(void **state)
{
    (void)state;
    return beluga_registry_register(beluga_registry_default(), &placed, NULL);
}

/* --- helpers ---------------------------------------------------------------------------------- */

static void leads_to(const char *yaml, const char *reference, const char *url)
{
    beluga_chat_model *model;
    beluga_error err;
    beluga_config *config = load_at(NULL, yaml);
    int status = try_open(config, reference, &model, &err);
    beluga_config_free(config);
    if (status) fail_msg("%s", err.message);
    assert_string_equal(model->target->base_url, url);
    assert_string_equal(model->target->shown_url, url);
    beluga_chat_model_unref(model);
}

static void is_refused(const char *yaml, const char *reference, const char *message)
{
    open_fails(yaml, reference, BELUGA_ERROR_INVALID_CONFIG, message);
}

/* --- values ----------------------------------------------------------------------------------- */

static void an_account_is_an_option_or_its_variable(void **state)
{
    (void)state;
    leads_to("providers: {placed: {host: h.example, account: a1, api_key: k}}", "placed",
             "https://h.example/accounts/a1/v1");
    setenv("BELUGA_TEST_PLACED_HOST", "v.example", 1);
    setenv("BELUGA_TEST_PLACED_ACCOUNT", "of-a-variable", 1);
    leads_to("providers: {placed: {account: a1, api_key: k}}", "placed",
             "https://v.example/accounts/of-a-variable/v1");
    unsetenv("BELUGA_TEST_PLACED_HOST");
    unsetenv("BELUGA_TEST_PLACED_ACCOUNT");
}

static void a_missing_account_is_named_before_anything_is_sent(void **state)
{
    (void)state;
    is_refused("providers: {placed: {account: a1, api_key: k}}", "placed",
               "base_url needs host: set placed.host or the variable BELUGA_TEST_PLACED_HOST");
    is_refused("providers: {placed: {host: h, account: '', api_key: k}}", "placed",
               "base_url needs account: set placed.account or the variable "
               "BELUGA_TEST_PLACED_ACCOUNT");
}

static void its_address_is_the_providers_own(void **state)
{
    (void)state;
    open_fails("providers: {placed: {host: h, account: a}}", "placed", BELUGA_ERROR_AUTHENTICATION,
               "no key for placed: set BELUGA_TEST_PLACED_KEY, or the option api_key");
}

static void a_whole_host_may_be_written_with_the_scheme(void **state)
{
    (void)state;
    leads_to("providers: {placed: {host: 'HTTPS://adb-1.2.azure.example/', account: a, api_key: "
             "k}}",
             "placed", "https://adb-1.2.azure.example/accounts/a/v1");
    is_refused(
        "providers: {placed: {host: 'http://h', account: a, api_key: k}}", "placed",
        "placed.host can't be part of a host name: use letters, digits, \"-\", \"_\" and \".\"");
}

static void no_value_changes_the_host(void **state)
{
    static const char *const values[] = {"h/x",    "h:80",    "u@h",      "h?a",   "h#a",
                                         ".",      "..",      ".h",       "h.",    "a..b",
                                         "h\\\\x", "[::1]",   "%2e",      "h x",   "https://h/a",
                                         "//h",    "\\u00e9", "https://", "{host}"};
    char yaml[256];
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        snprintf(yaml, sizeof yaml, "providers: {placed: {host: \"%s\", account: a, api_key: k}}",
                 values[i]);
        is_refused(yaml, "placed",
                   "placed.host can't be part of a host name: use letters, digits, \"-\", \"_\" "
                   "and \".\"");
    }
}

static void a_value_in_a_path_is_one_segment(void **state)
{
    (void)state;
    leads_to("providers: {placed: {host: h, account: 'a/b?c=d#e f@{x}', api_key: k}}", "placed",
             "https://h/accounts/a%2Fb%3Fc%3Dd%23e%20f%40%7Bx%7D/v1");
    is_refused("providers: {placed: {host: h, account: '..', api_key: k}}", "placed",
               "placed.account: a name with \".\" or \"..\" between slashes would change the path");
    is_refused("providers: {placed: {host: h, account: \"a\\r\\nb\", api_key: k}}", "placed",
               "placed.account: \\r at byte 1 can't be part of a name");
}

/* ---- addresses with placeholders ------------------------------------------------------------- */

static void any_address_of_the_provider_may_have_places(void **state)
{
    (void)state;
    leads_to("providers: {placed: {base_url: 'https://x.example/{account}?a={account}', account: "
             "'b c'}}",
             "placed", "https://x.example/b%20c?a=b%20c");
    leads_to("providers: {placed: {account: one}}\n"
             "models: {m: {model: placed/m, base_url: 'https://{account}.example'}}",
             "m", "https://one.example");
    setenv("BELUGA_TEST_PLACED_URL", "https://u.example/{account}", 1);
    leads_to("providers: {placed: {account: a}}", "placed", "https://u.example/a");
    unsetenv("BELUGA_TEST_PLACED_URL");
}

static void a_provider_without_code_says_accounts_as_its_base(void **state)
{
    (void)state;
    leads_to("providers: {mine: {base: placed, host: h, account: a, api_key: k}}", "mine/m",
             "https://h/accounts/a/v1");
    is_refused("providers: {mine: {base: placed, host: h, api_key: k}}", "mine/m",
               "base_url needs account: set placed.account");
}

static void a_provider_without_code_may_name_a_variable(void **state)
{
    (void)state;
    setenv("BELUGA_TEST_MY_ACCOUNT", "acme-1", 1);
    leads_to("providers: {mine: {base: openai, base_url: "
             "'https://{env:BELUGA_TEST_MY_ACCOUNT}.example/v1'}}",
             "mine/m", "https://acme-1.example/v1");
    setenv("BELUGA_TEST_MY_ACCOUNT", "a.example/x", 1);
    is_refused("providers: {mine: {base: openai, base_url: "
               "'https://{env:BELUGA_TEST_MY_ACCOUNT}.example/v1'}}",
               "mine/m",
               "BELUGA_TEST_MY_ACCOUNT can't be part of a host name: use letters, digits, \"-\", "
               "\"_\" and \".\"");
    unsetenv("BELUGA_TEST_MY_ACCOUNT");
    is_refused("providers: {mine: {base: openai, base_url: "
               "'https://{env:BELUGA_TEST_MY_ACCOUNT}.example/v1'}}",
               "mine/m", "base_url needs the variable BELUGA_TEST_MY_ACCOUNT");
}

#define FIFTY "A2345678901234567890123456789012345678901234567890"

static void the_name_of_a_variable_and_its_value_may_be_long(void **state)
{
    (void)state;
    setenv(FIFTY "X" FIFTY, FIFTY "y" FIFTY, 1);
    /* The first 79 letters of the long name are the name of another variable, which must not be
     * used. */
    setenv(FIFTY "X2345678901234567890123456789", "cut", 1);
    leads_to("providers: {mine: {base: openai, base_url: 'https://h/{env:" FIFTY "X" FIFTY "}'}}",
             "mine/m", "https://h/" FIFTY "y" FIFTY);
    is_refused(
        "providers: {mine: {base: openai, base_url: 'https://h/{env:" FIFTY FIFTY FIFTY "}'}}",
        "mine/m",
        "base_url: the name of the variable " FIFTY "A234567890... has more than 127 characters");
    unsetenv(FIFTY "X" FIFTY);
    unsetenv(FIFTY "X2345678901234567890123456789");
}

static void what_is_no_place_is_refused(void **state)
{
    (void)state;
    is_refused("providers: {placed: {base_url: 'https://h/{nobody}'}}", "placed",
               "base_url: {nobody} is not an option of placed that an address may contain");
    is_refused("providers: {placed: {base_url: 'https://h/{other}', other: x}}", "placed",
               "base_url: {other} is not an option of placed that an address may contain");
    is_refused("providers: {placed: {base_url: 'https://h/{acc'}}", "placed",
               "base_url: expected \"{NAME}\" or \"{env:VARIABLE}\" at byte 10");
    is_refused("providers: {placed: {base_url: 'https://h/{}'}}", "placed",
               "base_url: expected \"{NAME}\" or \"{env:VARIABLE}\" at byte 10");
}

static void a_request_goes_to_the_account(void **state)
{
    peer *p = *state;
    beluga_error err;
    will_answer(p, 1);
    setenv("BELUGA_TEST_MY_ACCOUNT", "one two", 1);
    SCOPED(beluga_chat_model) *model =
        open_own(p,
                 "providers: {mine: {base: openai, base_url: 'URL/{env:BELUGA_TEST_MY_ACCOUNT}', "
                 "headers: {A: b}}}",
                 "mine/m");
    assert_int_equal(generate(model, "Hello", &err), 0);
    assert_string_equal(peer_request_path(p, 0), "/v1/one%20two/chat/completions");
    sent(p, 0, "A", "b");
    unsetenv("BELUGA_TEST_MY_ACCOUNT");
}

static void a_call_can_not_move_to_another_account(void **state)
{
    beluga_chat_model *model;
    beluga_response *response = NULL;
    beluga_error err;
    (void)state;
    beluga_config *config = load_at(
        NULL, "providers: {placed: {base_url: 'http://127.0.0.1:1/{account}', account: a}}");
    assert_int_equal(try_open(config, "placed", &model, &err), 0);
    beluga_config_free(config);
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, &err,
                                   beluga_with_provider_specific("placed.account", "b")),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(err.message,
                        "placed.account can't be set for a call: set it for the model");
    beluga_chat_model_unref(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_account_is_an_option_or_its_variable),
        cmocka_unit_test(a_missing_account_is_named_before_anything_is_sent),
        cmocka_unit_test(its_address_is_the_providers_own),
        cmocka_unit_test(a_whole_host_may_be_written_with_the_scheme),
        cmocka_unit_test(no_value_changes_the_host),
        cmocka_unit_test(a_value_in_a_path_is_one_segment),
        cmocka_unit_test(any_address_of_the_provider_may_have_places),
        cmocka_unit_test(a_provider_without_code_says_accounts_as_its_base),
        cmocka_unit_test(a_provider_without_code_may_name_a_variable),
        cmocka_unit_test(the_name_of_a_variable_and_its_value_may_be_long),
        cmocka_unit_test(what_is_no_place_is_refused),
        ON_PEER(a_request_goes_to_the_account),
        cmocka_unit_test(a_call_can_not_move_to_another_account),
    };
    return cmocka_run_group_tests_name("places in addresses", tests, set_up, NULL);
}
