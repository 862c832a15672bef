/* Checks of options: one message reports all faults, and says which values would be valid. */
#include "../support/torture.h"
#include "merged.h"

#include <math.h>
#include <stdio.h>

/* --- checking -------------------------------------------------------------------------------- */

static const beluga_own_option acme_options[] = {
    {.name = "acme.region", .type = BELUGA_OPTION_STRING},
    {.name = "acme.level", .type = BELUGA_OPTION_INT, .minimum = 1, .maximum = 9},
    {.name = "acme.ratio", .type = BELUGA_OPTION_DOUBLE, .minimum = 0, .maximum = 1},
    {.name = "acme.fast", .type = BELUGA_OPTION_BOOL},
    {.name = NULL},
};

static void check_n(char scope, const char *message, const beluga_option *opts)
{
    beluga_error err = {.message = ""};
    MERGE(m);
    apply_n(&m, scope == 'M' ? BELUGA_ORIGIN_MODEL : BELUGA_ORIGIN_CALL, opts,
            BELUGA_OPTIONS_TERMINATED);
    int status = beluga__settings_check_all(&m.settings, scope, "acme", acme_options, &err);
    assert_string_equal(err.message, message);
    int bad = scope == 'M' ? BELUGA_ERROR_INVALID_CONFIG : BELUGA_ERROR_INVALID_INPUT;
    assert_int_equal(status, *message ? bad : 0);
}

#define check(scope, message, ...) \
    check_n(scope, message, BELUGA_OPTION_LIST_(__VA_ARGS__, BELUGA_OPTIONS_END))

static void good_options_pass(void **state)
{
    (void)state;
    check('M', "", beluga_with_temperature(0), beluga_with_temperature(2), beluga_with_top_k(1),
          beluga_with_retry_delay_ms(100), beluga_with_seed(-9007199254740991),
          beluga_with_extra_header("X-Team: a b\tc"), beluga_with_extra_body("{\"a\":1}"),
          beluga_with_provider_specific("acme.region", "eu"), parse("acme.level=9"),
          parse("acme.fast=yes"), beluga_with_provider_specific_int("acme.ratio", 1));
    check('C', "", beluga_with_temperature(1), beluga_with_stop_sequence("\n"));
}

static void every_fault_is_in_one_message(void **state)
{
    (void)state;
    check('M', "temperature must be 0 to 2 (is 3); top_k must be at least 1 (is 0)",
          beluga_with_top_k(0), beluga_with_temperature(3));
    check('M',
          "timeout must be 1ms to 24h (is 0ms); retry_delay must be 100ms to 30s (is 99ms); "
          "retry_backoff must be 1 to 5 (is 0.5)",
          beluga_with_retry_backoff(0.5), beluga_with_retry_delay_ms(99),
          beluga_with_timeout_ms(0));
    check('C', "temperature must be 0 to 2 (is nan); top_p must be 0 to 1 (is -inf)",
          beluga_with_temperature((double)NAN), beluga_with_top_p(-(double)INFINITY));
    check('M', "max_tokens must be at most 2147483647 (is 2147483648)",
          beluga_with_max_tokens(2147483648));
    check('M', "reasoning_effort must be 0 to 6 (is 7)",
          beluga_with_reasoning_effort((beluga_reasoning_effort)7));
}

static void faults_that_do_not_fit_are_counted(void **state)
{
    (void)state;
    check('M',
          "temperature must be 0 to 2 (is 9); top_p must be 0 to 1 (is 9); "
          "top_k must be at least 1 (is 0); max_tokens must be at least 1 (is 0); "
          "frequency_penalty must be -2 to 2 (is 9); presence_penalty must be -2 to 2 (is 9); "
          "timeout must be 1ms to 24h (is 0ms); connect_timeout must be 1ms to 24h (is 0ms); "
          "and 4 more",
          beluga_with_temperature(9), beluga_with_top_p(9), beluga_with_top_k(0),
          beluga_with_max_tokens(0), beluga_with_frequency_penalty(9),
          beluga_with_presence_penalty(9), beluga_with_timeout_ms(0),
          beluga_with_connect_timeout_ms(0), beluga_with_first_event_timeout_ms(0),
          beluga_with_idle_timeout_ms(0), beluga_with_total_timeout_ms(0),
          beluga_with_max_retries(11));
}

static void options_are_refused_where_they_do_not_belong(void **state)
{
    (void)state;
    beluga_response *partial;
    static const beluga_key_source key_source = {.size = sizeof key_source};
    check('C', "base_url can't be set for a call: set it for the model",
          beluga_with_base_url("http://x"));
    check('M', "partial can't be set for a model: set it for a call",
          beluga_with_partial(&partial));
    check('C', "", beluga_with_partial(&partial));
}

static void a_value_of_another_type_is_refused(void **state)
{
    (void)state;
    beluga_option text = {.key = BELUGA_OPTION_TEMPERATURE, .type = BELUGA_OPTION_STRING};
    text.value.string = "hot";
    text.length = 3;
    beluga_option number = beluga_with_temperature(1);
    number.key = BELUGA_OPTION_USER;
    check('C', "temperature must be a number (is text); user must be text (is a number)", text,
          number);
    beluga_option whole = {.key = BELUGA_OPTION_TEMPERATURE, .type = BELUGA_OPTION_INT};
    whole.value.integer = 1;
    check('C', "", whole);
    /* only the last of several values is checked */
    check('C', "", text, beluga_with_temperature(1));
    beluga_option later = {.key = BELUGA_OPTION_COUNT + 3, .type = BELUGA_OPTION_INT};
    char expected[80];
    snprintf(expected, sizeof expected, "option %d is from a later version of the library",
             BELUGA_OPTION_COUNT + 3);
    check('C', expected, later);
}

static void text_is_checked_for_what_it_is_for(void **state)
{
    (void)state;
    check('C', "user: invalid UTF-8 at byte 2", beluga_with_user("ab\xff"));
    check('C', "stop_sequences: invalid UTF-8 at byte 0", beluga_with_stop_sequence("\x80"));
    check('C', "extra_headers: item 1 is not \"Name: value\"", beluga_with_extra_header("A: b"),
          beluga_with_extra_header("no colon"));
    check('C', "extra_headers: item 0: \\r at byte 4 can't be sent in a header",
          beluga_with_extra_header("A: b\r\nAuthorization: c"));
    check('C', "extra_headers: item 0 is not \"Name: value\"", beluga_with_extra_header(": b"));
    check('C', "response_schema is not a JSON object; extra_body is not a JSON object",
          beluga_with_extra_body("[]"), beluga_with_response_schema("1"));
    beluga_option nul = beluga_with_user("a");
    nul.value.string = "a\0b";
    nul.length = 3;
    check('C', "user has a NUL byte in it", nul);
}

/* Texts of options that become headers or parts of the URL. The error says why the text can't be
 * sent, and never contains the text itself. */
static void text_that_would_change_a_request_is_refused(void **state)
{
    (void)state;
    check('M', "user_agent: \\r at byte 1 can't be sent in a header",
          beluga_with_user_agent("a\r\nX: y"));
    check('M', "user_agent: U+001B at byte 0 can't be sent in a header",
          beluga_with_user_agent("\x1b[m"));
    check('M', "user_agent: U+0085 at byte 3 can't be sent in a header",
          beluga_with_user_agent("\xc3\xa9"
                                 "a\xc2\x85"));
    check('M', "", beluga_with_user_agent("\xc3\xa9\t\xe2\x82\xac"));
    beluga_option nul = beluga_with_user_agent("a");
    nul.value.string = "a\0b";
    nul.length = 3;
    check('M', "user_agent: \\0 at byte 1 can't be sent in a header", nul);
    check('C', "model_name: \\n at byte 1 can't be part of a name", beluga_with_model_name("a\nb"));
    check('M', "models: \\t at byte 3 can't be part of a name", beluga_with_model_alias("a=b\tc"));
    check('C', "", beluga_with_model_name("ft:gpt-4o:org::id"), beluga_with_extra_header("A: "));
    check('M', "proxy: a space at byte 9 can't be part of a URL: percent-encode it",
          beluga_with_proxy("http://u: @h"));
    check('M',
          "proxy must begin with http://, https://, socks4://, socks4a://, socks5:// or socks5h://",
          beluga_with_proxy("ftp://u:p@h"));
    check('M', "", beluga_with_proxy("me:p@proxy:3128"));
    check('M', "", beluga_with_proxy("SOCKS5h://proxy"));
    check('M', "", beluga_with_proxy(""));
}

static void headers_of_the_transport_can_not_be_set(void **state)
{
    static const char *const names[] = {"Content-Length", "transfer-encoding", "TE",      "Trailer",
                                        "Connection",     "Keep-Alive",        "Upgrade", "Expect",
                                        "HTTP2-Settings"};
    char line[64], expected[128];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(line, sizeof line, "%s: 3", names[i]);
        snprintf(expected, sizeof expected,
                 "extra_headers: item 0: %s can't be set: the library sets it itself", names[i]);
        check('C', expected, beluga_with_extra_header(line));
    }
    check('M', "headers: item 1: host can't be set: it follows from base_url",
          beluga_with_header("Hosts: a"), beluga_with_header("host: a"));
    check('C',
          "extra_headers: item 0: Proxy-Authorization can't be set: set the option proxy instead, "
          "with name and password in its URL",
          beluga_with_extra_header("Proxy-Authorization: Basic eDp5"));
    check('C', "extra_headers: item 0 is not \"Name: value\"",
          beluga_with_extra_header(":authority: other"));
    check('C', "", beluga_with_extra_header("Authorization: a"),
          beluga_with_extra_header("Content-Type: b"), beluga_with_extra_header("Cookie: c"));
}

static void bad_json_says_where(void **state)
{
    (void)state;
    beluga_error err;
    MERGE(m);
    apply(&m, BELUGA_ORIGIN_CALL, beluga_with_extra_body("{\"a\": x}"));
    assert_int_equal(beluga__settings_check(&m.settings, 'C', &err), BELUGA_ERROR_INVALID_INPUT);
    assert_non_null(strstr(err.message, "extra_body: "));
    assert_non_null(strstr(err.message, "6"));
}

static void own_options_are_checked_by_the_providers_table(void **state)
{
    (void)state;
    check('M', "acme has no option \"acme.regoin\"; did you mean acme.region?",
          parse("acme.regoin=eu"));
    check(
        'M',
        "acme has no option \"other.thing\"; it has acme.region, acme.level, acme.ratio, acme.fast",
        parse("other.thing=eu"));
    check('M',
          "acme.level must be a whole number; acme.ratio must be 0 to 1 (is 1.5); "
          "acme.fast must be true or false",
          parse("acme.level=high"), parse("acme.ratio=1.5"), parse("acme.fast=maybe"));
    check('C', "acme.level must be 1 to 9 (is 10)",
          beluga_with_provider_specific_int("acme.level", 10));
    check('C', "acme.region must be text", beluga_with_provider_specific_int("acme.region", 10));
    check('C', "acme.region: invalid UTF-8 at byte 0",
          beluga_with_provider_specific("acme.region", "\xff"));
}

static void a_call_is_checked_for_what_it_set_itself(void **state)
{
    (void)state;
    beluga_error err;
    MERGE(m);
    apply(&m, BELUGA_ORIGIN_MODEL, beluga_with_base_url("http://x"), parse("other.x=1"));
    apply(&m, BELUGA_ORIGIN_CALL, beluga_with_top_k(0));
    assert_int_equal(beluga__settings_check_all(&m.settings, 'C', "acme", NULL, &err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(err.message, "top_k must be at least 1 (is 0)");
}

/* --- allocations ----------------------------------------------------------------------------- */

static int merge_and_check(void *argument)
{
    (void)argument;
    beluga_error err;
    MERGE(m);
    MERGE(copy);
    char large[3000];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    const beluga_option opts[] = {beluga_with_user(large), beluga_with_stop_sequence(large),
                                  beluga_with_provider_specific("acme.x", large),
                                  beluga_with_extra_body("{\"a\":[1,2,3]}"), BELUGA_OPTIONS_END};
    int status = 0;
    for (int i = 0; i < 3 && !status; i++)
        status = beluga__settings_apply(&m.settings, &m.arena, opts, BELUGA_OPTIONS_TERMINATED,
                                        BELUGA_ORIGIN_MODEL, &err);
    if (!status) status = beluga__settings_copy(&copy.settings, &copy.arena, &m.settings);
    return status ? status : beluga__settings_check(&copy.settings, 'M', &err);
}

static void options_survive_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(torture_run(merge_and_check, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_options_pass),
        cmocka_unit_test(every_fault_is_in_one_message),
        cmocka_unit_test(faults_that_do_not_fit_are_counted),
        cmocka_unit_test(options_are_refused_where_they_do_not_belong),
        cmocka_unit_test(a_value_of_another_type_is_refused),
        cmocka_unit_test(text_is_checked_for_what_it_is_for),
        cmocka_unit_test(text_that_would_change_a_request_is_refused),
        cmocka_unit_test(headers_of_the_transport_can_not_be_set),
        cmocka_unit_test(bad_json_says_where),
        cmocka_unit_test(own_options_are_checked_by_the_providers_table),
        cmocka_unit_test(a_call_is_checked_for_what_it_set_itself),
        cmocka_unit_test(options_survive_every_failed_allocation),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
