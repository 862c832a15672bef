/* Options: how they are made, read from text, merged and checked. */
#include "merged.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* --- text ------------------------------------------------------------------------------------ */

static void parse_fails(const char *text, const char *message)
{
    beluga_option option = {.key = 77};
    beluga_error err;
    assert_int_equal(beluga_option_parse(text, &option, &err), BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(err.message, message);
    assert_int_equal(option.key, 77); /* on failure the option is unchanged */
}

static void each_type_is_read_from_text(void **state)
{
    (void)state;
    beluga_option o = parse("temperature=0.25");
    assert_int_equal(o.key, BELUGA_OPTION_TEMPERATURE);
    assert_int_equal(o.type, BELUGA_OPTION_DOUBLE);
    assert_true(o.value.number == 0.25);
    assert_true(parse("temperature=-1e-1").value.number == -0.1);
    assert_int_equal(parse("max_tokens=100").value.integer, 100);
    assert_int_equal(parse("seed=-9007199254740991").value.integer, -9007199254740991);
    assert_int_equal(parse("json_mode=yes").value.integer, 1);
    assert_int_equal(parse("json_mode=OFF").value.integer, 0);
    assert_int_equal(parse("reasoning_effort=xhigh").value.integer, BELUGA_REASONING_EFFORT_XHIGH);
    assert_int_equal(parse("http_version=1.1").value.integer, BELUGA_HTTP_VERSION_1_1);
    o = parse("user=a=b");
    assert_int_equal(o.type, BELUGA_OPTION_STRING);
    assert_string_equal(o.value.string, "a=b");
    assert_int_equal(o.length, 3);
    assert_int_equal(parse("stop_sequences=\n").type, BELUGA_OPTION_LIST);
    assert_string_equal(parse("user=").value.string, "");
}

static void durations_need_a_unit(void **state)
{
    (void)state;
    assert_int_equal(parse("timeout=30s").value.integer, 30000);
    assert_int_equal(parse("timeout=500ms").value.integer, 500);
    assert_int_equal(parse("timeout=2m").value.integer, 120000);
    assert_int_equal(parse("timeout=1h30m").value.integer, 5400000);
    assert_int_equal(parse("timeout=1.5s").value.integer, 1500);
    parse_fails("timeout=30", "timeout: \"30\" has no unit: write 30s or 30ms");
    parse_fails("timeout=soon", "timeout: \"soon\" is not a duration such as 30s, 500ms or 2m");
    parse_fails("timeout=", "timeout: \"\" is not a duration such as 30s, 500ms or 2m");
    parse_fails("timeout=30s5", "timeout: \"30s5\" is not a duration such as 30s, 500ms or 2m");
    parse_fails("timeout=s", "timeout: \"s\" is not a duration such as 30s, 500ms or 2m");
}

static void a_bad_value_says_what_would_fit(void **state)
{
    (void)state;
    parse_fails("temperature=hot", "temperature: \"hot\" is not a number");
    parse_fails("temperature=nan", "temperature: \"nan\" is not a number");
    parse_fails("temperature=inf", "temperature: \"inf\" is not a number");
    parse_fails("temperature=0x1", "temperature: \"0x1\" is not a number");
    parse_fails("temperature=1e999", "temperature: \"1e999\" is not a number");
    parse_fails("temperature= 1", "temperature: \" 1\" is not a number");
    parse_fails("temperature=0,5", "temperature: \"0,5\" is not a number");
    parse_fails("temperature=", "temperature: \"\" is not a number");
    parse_fails("max_tokens=1.5", "max_tokens: \"1.5\" is not a whole number");
    parse_fails("max_tokens=-", "max_tokens: \"-\" is not a whole number");
    parse_fails("max_tokens=99999999999999999999",
                "max_tokens: \"99999999999999999999\" is not a whole number");
    parse_fails("json_mode=maybe", "json_mode: \"maybe\" is not true or false");
    parse_fails("reasoning_effort=hard",
                "reasoning_effort: \"hard\" is none of none, minimal, low, "
                "medium, high, xhigh, max");
    parse_fails("http_version=3", "http_version: \"3\" is none of auto, 1.1, 2");
    parse_fails("partial=x", "partial can't be written as text");
}

#define OWN(name) \
    "no option is named \"" name "\"; an option of one provider is written PROVIDER.NAME"

static void a_name_that_is_shortened_or_lengthened_gets_the_whole_one(void **state)
{
    (void)state;
    static const char *const names[][2] = {{"stop", "stop_sequences"},
                                           {"temp", "temperature"},
                                           {"tokens", "max_tokens"},
                                           {"max_output_tokens", "max_tokens"},
                                           {"max_completion_tokens", "max_tokens"},
                                           {"reasoning", "reasoning_effort"},
                                           {"effort", "reasoning_effort"},
                                           {"schema", "response_schema"},
                                           {"retries", "max_retries"},
                                           {"key", "api_key"},
                                           {"TEMPERATURE", "temperature"},
                                           {"url", "base_url"},
                                           {"request_timeout", "timeout"}};
    char text[64], message[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(text, sizeof text, "%s=1", names[i][0]);
        snprintf(message, sizeof message, "no option is named \"%s\"; did you mean %s?",
                 names[i][0], names[i][1]);
        parse_fails(text, message);
    }
    parse_fails("to=1", OWN("to"));
    parse_fails("_=1", OWN("_"));
}

static void a_name_nobody_knows_gets_the_nearest_one(void **state)
{
    (void)state;
    parse_fails("temprature=1", "no option is named \"temprature\"; did you mean temperature?");
    parse_fails("max-tokens=1", "no option is named \"max-tokens\"; did you mean max_tokens?");
    parse_fails("tempeartuer=1", "no option is named \"tempeartuer\"; did you mean temperature?");
    parse_fails("tmeepartuer=1", OWN("tmeepartuer"));
    parse_fails("xyzzy=1", OWN("xyzzy"));
    parse_fails("=1", OWN(""));
    parse_fails("temperature", "\"temperature\" has no value: write temperature=VALUE");
    parse_fails("acme.region", "\"acme.region\" has no value: write acme.region=VALUE");
    parse_fails(".region=1", OWN(".region"));
    parse_fails("acme.=1", OWN("acme."));
    parse_fails(
        "provider_specific=1",
        "provider_specific: write the option's own name, such as openai.organization=VALUE");
    beluga_error err;
    beluga_option option;
    assert_int_equal(beluga_option_parse(NULL, &option, &err), BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(err.message, "text or out is NULL");
}

static void numbers_do_not_depend_on_the_locale(void **state)
{
    (void)state;
    const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "ru_RU.UTF-8"};
    const char *set = NULL;
    for (size_t i = 0; i < 4 && !set; i++) set = setlocale(LC_ALL, names[i]);
    if (!set) {
        print_message("# no locale with a decimal comma is installed\n");
        skip();
    }
    char text[BELUGA__NUMBER_TEXT];
    beluga_option o = parse("temperature=0.5");
    beluga__double_to_text(0.5, text);
    setlocale(LC_ALL, "C");
    assert_true(o.value.number == 0.5);
    assert_string_equal(text, "0.5");
}

static void values_are_written_as_short_as_they_read_back(void **state)
{
    (void)state;
    char text[BELUGA__NUMBER_TEXT];
    const double numbers[] = {0, 1, -2, 0.1, 1.0 / 3, 1e300, 5e-324};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        beluga__double_to_text(numbers[i], text);
        assert_true(strtod(text, NULL) == numbers[i]);
    }
    beluga__double_to_text(0.1, text);
    assert_string_equal(text, "0.1");
    beluga__double_to_text((double)NAN, text);
    assert_string_equal(text, "nan");
    const struct {
        int64_t ms;
        const char *text;
    } rows[] = {{0, "0ms"},    {1, "1ms"},      {1500, "1500ms"}, {30000, "30s"},
                {60000, "1m"}, {7200000, "2h"}, {90000, "90s"},   {-1000, "-1s"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        beluga__ms_to_text(rows[i].ms, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void whole_numbers_keep_their_last_digit(void **state)
{
    (void)state;
    int64_t value = 5;
    assert_true(beluga__text_to_int("9223372036854775807", 19, &value));
    assert_true(value == INT64_MAX);
    assert_true(beluga__text_to_int("-9223372036854775808", 20, &value));
    assert_true(value == INT64_MIN);
    assert_false(beluga__text_to_int("9223372036854775808", 19, &value));
    assert_false(beluga__text_to_int("", 0, &value));
    assert_true(beluga__text_to_int("+12x", 3, &value));
    assert_int_equal(value, 12);
}

static void every_option_has_a_row(void **state)
{
    (void)state;
    assert_null(beluga_option_get_info(BELUGA_OPTION_END));
    assert_null(beluga_option_get_info(BELUGA_OPTION_COUNT));
    assert_null(beluga_option_get_info(-1));
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++) {
        const beluga_option_info *info = beluga_option_get_info(key);
        assert_int_equal(beluga__option_find(info->name, strlen(info->name)), key);
        assert_true(info->scope == 'M' || info->scope == 'C' || info->scope == 'B');
        assert_true(info->minimum <= info->maximum);
        assert_int_equal(info->type == BELUGA_OPTION_ENUM, beluga__option_words(key) != NULL);
    }
    assert_string_equal(beluga_option_get_info(BELUGA_OPTION_TOP_K)->name, "top_k");
    assert_int_equal(beluga_option_get_info(BELUGA_OPTION_PARTIAL)->scope, 'C');
    assert_int_equal(beluga__option_find("tem", 3), 0);
    assert_int_equal(beluga__option_find("user\0xx", 7), 0);
}

static void an_option_shapes_the_answer_or_how_it_is_fetched(void **state)
{
    (void)state;
    assert_true(beluga_option_shapes_answer(BELUGA_OPTION_TEMPERATURE));
    assert_true(beluga_option_shapes_answer(BELUGA_OPTION_PARALLEL_TOOL_CALLS));
    assert_true(beluga_option_shapes_answer(BELUGA_OPTION_BODY));
    assert_false(beluga_option_shapes_answer(BELUGA_OPTION_TIMEOUT));
    assert_false(beluga_option_shapes_answer(BELUGA_OPTION_ROUTING_KEY));
    assert_false(beluga_option_shapes_answer(BELUGA_OPTION_END));
    assert_false(beluga_option_shapes_answer(BELUGA_OPTION_COUNT));
}

static void every_constructor_makes_its_own_option(void **state)
{
    (void)state;
    beluga_response *partial;
    static const beluga_cache_store cache = {.size = sizeof cache};
    static const beluga_hooks hooks = {.size = sizeof hooks};
    static const beluga_key_source key_source = {.size = sizeof key_source};
    const beluga_option made[] = {
        beluga_with_provider("x"),
        beluga_with_model_name("x"),
        beluga_with_api_key("x"),
        beluga_with_base_url("x"),
        beluga_with_temperature(7),
        beluga_with_top_p(7),
        beluga_with_top_k(7),
        beluga_with_max_tokens(7),
        beluga_with_frequency_penalty(7),
        beluga_with_presence_penalty(7),
        beluga_with_stop_sequence("x"),
        beluga_with_seed(7),
        beluga_with_timeout_ms(7),
        beluga_with_connect_timeout_ms(7),
        beluga_with_first_event_timeout_ms(7),
        beluga_with_idle_timeout_ms(7),
        beluga_with_total_timeout_ms(7),
        beluga_with_max_retries(7),
        beluga_with_retry_delay_ms(7),
        beluga_with_retry_backoff(7),
        beluga_with_max_concurrent_batches(7),
        beluga_with_enable_streaming(true),
        beluga_with_enable_tracing(true),
        beluga_with_enable_metrics(true),
        beluga_with_enable_structured_logging(true),
        beluga_with_enable_tool_calling(true),
        beluga_with_tool_choice("x"),
        beluga_with_parallel_tool_calls(true),
        beluga_with_response_schema("x"),
        beluga_with_response_schema_name("x"),
        beluga_with_response_schema_strict(true),
        beluga_with_json_mode(true),
        beluga_with_reasoning_effort(BELUGA_REASONING_EFFORT_MINIMAL),
        beluga_with_reasoning_budget(7),
        beluga_with_user("x"),
        beluga_with_extra_body("x"),
        beluga_with_extra_header("x"),
        beluga_with_wire_streaming(true),
        beluga_with_restart_delivery(true),
        beluga_with_raw_events(true),
        beluga_with_partial(&partial),
        beluga_with_ca_file("x"),
        beluga_with_client_certificate("x"),
        beluga_with_client_key("x"),
        beluga_with_proxy("x"),
        beluga_with_unix_socket("x"),
        beluga_with_user_agent("x"),
        beluga_with_http_version(BELUGA_HTTP_VERSION_1_1),
        beluga_with_max_response_bytes(7),
        beluga_with_max_event_bytes(7),
        beluga_with_env(),
        beluga_with_provider_specific("acme.x", "x"),
        beluga_with_key_source(&key_source),
        beluga_with_max_tool_steps(7),
        beluga_with_max_concurrent_tools(7),
        beluga_with_tool_timeout_ms(7),
        beluga_with_retry_on("x"),
        beluga_with_retry_budget(7),
        beluga_with_breaker_failures(7),
        beluga_with_breaker_open_time_ms(7),
        beluga_with_breaker_probes(7),
        beluga_with_requests_per_minute(7),
        beluga_with_tokens_per_minute(7),
        beluga_with_max_concurrent_calls(7),
        beluga_with_limit_wait_ms(7),
        beluga_with_fallback("x"),
        beluga_with_fallback_on("x"),
        beluga_with_routing(BELUGA_ROUTING_ROUND_ROBIN),
        beluga_with_weight(7),
        beluga_with_cache_ttl_ms(7),
        beluga_with_cache(&cache),
        beluga_with_budget(7),
        beluga_with_prices("x"),
        beluga_with_hooks(&hooks),
        beluga_with_base("x"),
        beluga_with_header("x"),
        beluga_with_body("x"),
        beluga_with_model_alias("x"),
        beluga_with_propagate_trace(true),
        beluga_with_strict(true),
        beluga_with_progress_timeout_ms(7),
        beluga_with_request_body("x"),
        beluga_with_exchange_key(true),
        beluga_with_dimensions(7),
        beluga_with_input_type(BELUGA_INPUT_TYPE_DOCUMENT),
        beluga_with_max_inputs(7),
        beluga_with_strict_media(true),
        beluga_with_routing_key("x"),
    };
    assert_int_equal(sizeof made / sizeof *made, BELUGA_OPTION_COUNT - 1);
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++) {
        const beluga_option *o = &made[key - 1];
        assert_int_equal(o->key, key);
        assert_int_equal(o->type, beluga_option_get_info(key)->type);
        if (o->type == BELUGA_OPTION_STRING || o->type == BELUGA_OPTION_LIST) {
            assert_string_equal(o->value.string, "x");
            assert_int_equal(o->length, 1);
        } else if (o->type == BELUGA_OPTION_DOUBLE) {
            assert_true(o->value.number == 7);
        } else if (o->type == BELUGA_OPTION_BOOL || o->type == BELUGA_OPTION_ENUM) {
            assert_int_equal(o->value.integer, 1);
        } else if (o->type != BELUGA_OPTION_POINTER) {
            assert_int_equal(o->value.integer, 7);
        }
    }
    assert_ptr_equal(made[BELUGA_OPTION_PARTIAL - 1].value.pointer, &partial);
}

/* --- merging --------------------------------------------------------------------------------- */

static void assert_items(const merge *m, int key, size_t n, const char *const *expected)
{
    const beluga__item *item = m->settings.known[key].value.items;
    for (size_t i = 0; i < n; i++, item = item->next) {
        assert_non_null(item);
        assert_string_equal(item->value.string, expected[i]);
    }
    assert_null(item);
}

static void a_later_layer_wins_whatever_the_order(void **state)
{
    (void)state;
    MERGE(m);
    apply(&m, BELUGA_ORIGIN_MODEL, beluga_with_temperature(0.5), beluga_with_user("model"));
    apply(&m, BELUGA_ORIGIN_FILE, beluga_with_temperature(0.1), beluga_with_top_p(0.9));
    assert_true(beluga__settings_double(&m.settings, BELUGA_OPTION_TEMPERATURE, 0) == 0.5);
    assert_true(beluga__settings_double(&m.settings, BELUGA_OPTION_TOP_P, 0) == 0.9);
    apply(&m, BELUGA_ORIGIN_CALL, beluga_with_temperature(0.7), beluga_with_temperature(0.8));
    assert_true(beluga__settings_double(&m.settings, BELUGA_OPTION_TEMPERATURE, 0) == 0.8);
    assert_int_equal(m.settings.known[BELUGA_OPTION_TEMPERATURE].origin, BELUGA_ORIGIN_CALL);
    assert_string_equal(beluga__settings_string(&m.settings, BELUGA_OPTION_USER), "model");
    assert_int_equal(m.settings.known[BELUGA_OPTION_USER].length, 5);
    assert_false(beluga__settings_has(&m.settings, BELUGA_OPTION_SEED));
    assert_int_equal(beluga__settings_int(&m.settings, BELUGA_OPTION_SEED, 42), 42);
}

static void null_is_as_if_the_option_were_not_there(void **state)
{
    (void)state;
    MERGE(m);
    apply(&m, BELUGA_ORIGIN_MODEL, beluga_with_user(NULL), beluga_with_stop_sequence(NULL),
          beluga_with_provider_specific("acme.x", NULL), beluga_with_provider_specific_int(NULL, 1),
          beluga_with_partial(NULL), beluga_with_seed(7));
    assert_false(beluga__settings_has(&m.settings, BELUGA_OPTION_USER));
    assert_false(beluga__settings_has(&m.settings, BELUGA_OPTION_STOP_SEQUENCES));
    assert_false(beluga__settings_has(&m.settings, BELUGA_OPTION_PARTIAL));
    assert_null(beluga__settings_own(&m.settings, "acme.x"));
    assert_int_equal(beluga__settings_int(&m.settings, BELUGA_OPTION_SEED, 0), 7);
    const beluga_option counted[] = {{.key = BELUGA_OPTION_END}, beluga_with_top_k(3)};
    apply_n(&m, BELUGA_ORIGIN_MODEL, counted, 2);
    assert_int_equal(beluga__settings_int(&m.settings, BELUGA_OPTION_TOP_K, 0), 3);
    apply_n(&m, BELUGA_ORIGIN_MODEL, NULL, 0);
}

static void a_list_grows_in_its_layer_and_replaces_an_earlier_one(void **state)
{
    (void)state;
    MERGE(m);
    apply(&m, BELUGA_ORIGIN_FILE, beluga_with_stop_sequence("f"));
    apply(&m, BELUGA_ORIGIN_MODEL, beluga_with_stop_sequence("a"), beluga_with_stop_sequence("b"));
    apply(&m, BELUGA_ORIGIN_FILE, beluga_with_stop_sequence("late"));
    apply(&m, BELUGA_ORIGIN_MODEL, beluga_with_stop_sequence("c"));
    assert_items(&m, BELUGA_OPTION_STOP_SEQUENCES, 3, (const char *[]){"a", "b", "c"});
}

static void every_list_may_be_given_at_once(void **state)
{
    (void)state;
    beluga_option options[BELUGA_OPTION_COUNT];
    char lines[BELUGA_OPTION_COUNT][64];
    beluga_error err;
    size_t n = 0;
    MERGE(m);
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++) {
        if (beluga_option_get_info(key)->type != BELUGA_OPTION_LIST) continue;
        snprintf(lines[n], sizeof lines[n], "%s=x", beluga_option_get_info(key)->name);
        assert_int_equal(beluga_option_parse(lines[n], &options[n], &err), 0);
        n++;
    }
    assert_true(n >= 7);
    options[n++] = beluga_with_provider_specific("acme.x", "1");
    apply_n(&m, BELUGA_ORIGIN_MODEL, options, n);
    for (size_t i = 0; i + 1 < n; i++) assert_items(&m, options[i].key, 1, (const char *[]){"x"});
}

static void a_copy_can_grow_without_the_original(void **state)
{
    (void)state;
    MERGE(m);
    MERGE(call);
    apply(&m, BELUGA_ORIGIN_CALL, beluga_with_stop_sequence("a"),
          beluga_with_provider_specific("acme.x", "1"));
    call.settings = m.settings;
    apply(&call, BELUGA_ORIGIN_CALL, beluga_with_stop_sequence("b"),
          beluga_with_provider_specific("acme.x", "2"),
          beluga_with_provider_specific("acme.y", "3"));
    assert_items(&m, BELUGA_OPTION_STOP_SEQUENCES, 1, (const char *[]){"a"});
    assert_items(&call, BELUGA_OPTION_STOP_SEQUENCES, 2, (const char *[]){"a", "b"});
    assert_string_equal(beluga__settings_own(&m.settings, "acme.x")->value.string, "1");
    assert_null(beluga__settings_own(&m.settings, "acme.y"));
    assert_string_equal(beluga__settings_own(&call.settings, "acme.x")->value.string, "2");
    assert_string_equal(beluga__settings_own(&call.settings, "acme.y")->value.string, "3");
}

static void a_deep_copy_lives_on_its_own(void **state)
{
    (void)state;
    merge m, copy;
    merge_init(&m);
    merge_init(&copy);
    apply(&m, BELUGA_ORIGIN_MODEL, beluga_with_user("me"), beluga_with_stop_sequence("a"),
          beluga_with_provider_specific_double("acme.d", 1.5),
          beluga_with_provider_specific("acme.s", "text"), beluga_with_top_k(3));
    assert_int_equal(beluga__settings_copy(&copy.settings, &copy.arena, &m.settings), 0);
    beluga__arena_free(&m.arena);
    assert_string_equal(beluga__settings_string(&copy.settings, BELUGA_OPTION_USER), "me");
    assert_items(&copy, BELUGA_OPTION_STOP_SEQUENCES, 1, (const char *[]){"a"});
    assert_true(beluga__settings_own(&copy.settings, "acme.d")->value.number == 1.5);
    assert_string_equal(beluga__settings_own(&copy.settings, "acme.s")->value.string, "text");
    assert_int_equal(beluga__settings_int(&copy.settings, BELUGA_OPTION_TOP_K, 0), 3);
    beluga__arena_free(&copy.arena);
}

static void own_options_of_a_later_layer_win_by_name(void **state)
{
    (void)state;
    MERGE(m);
    apply(&m, BELUGA_ORIGIN_MODEL, beluga_with_provider_specific("acme.x", "model"));
    apply(&m, BELUGA_ORIGIN_FILE, beluga_with_provider_specific("acme.x", "file"),
          beluga_with_provider_specific("acme.xy", "file"));
    assert_string_equal(beluga__settings_own(&m.settings, "acme.x")->value.string, "model");
    assert_string_equal(beluga__settings_own(&m.settings, "acme.xy")->value.string, "file");
    apply(&m, BELUGA_ORIGIN_MODEL, parse("acme.xy=parsed"));
    assert_string_equal(beluga__settings_own(&m.settings, "acme.xy")->value.string, "parsed");
}

static void own_options_read_as_what_is_asked(void **state)
{
    (void)state;
    MERGE(m);
    apply(&m, BELUGA_ORIGIN_MODEL, parse("acme.n=12"), parse("acme.d=0.5"), parse("acme.b=on"),
          beluga_with_provider_specific_int("acme.i", 3),
          beluga_with_provider_specific_bool("acme.t", true),
          beluga_with_provider_specific_double("acme.f", 2.5));
    int64_t i = 0;
    double d = 0;
    bool b = false;
    const beluga__settings *s = &m.settings;
    assert_true(beluga__item_int(beluga__settings_own(s, "acme.n"), &i) && i == 12);
    assert_true(beluga__item_double(beluga__settings_own(s, "acme.d"), &d) && d == 0.5);
    assert_true(beluga__item_bool(beluga__settings_own(s, "acme.b"), &b) && b);
    assert_true(beluga__item_double(beluga__settings_own(s, "acme.i"), &d) && d == 3);
    assert_true(beluga__item_int(beluga__settings_own(s, "acme.t"), &i) && i == 1);
    assert_true(beluga__item_double(beluga__settings_own(s, "acme.f"), &d) && d == 2.5);
    assert_false(beluga__item_int(beluga__settings_own(s, "acme.f"), &i));
    assert_false(beluga__item_bool(beluga__settings_own(s, "acme.f"), &b));
    assert_false(beluga__item_int(beluga__settings_own(s, "acme.d"), &i));
    assert_false(beluga__item_int(NULL, &i));
    assert_false(beluga__item_double(NULL, &d));
    assert_false(beluga__item_bool(NULL, &b));
}

static void more_than_4096_options_are_refused(void **state)
{
    (void)state;
    MERGE(m);
    beluga_error err;
    beluga_option *many = calloc(5000, sizeof *many);
    for (size_t i = 0; i < 4999; i++) many[i] = beluga_with_stop_sequence("x");
    assert_int_equal(beluga__settings_apply(&m.settings, &m.arena, many, BELUGA_OPTIONS_TERMINATED,
                                            BELUGA_ORIGIN_CALL, &err),
                     BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_string_equal(err.message, "there are more than 4096 options");
    many[0] = beluga_with_user("x");
    many[0].length = (64u << 20) + 1;
    assert_int_equal(
        beluga__settings_apply(&m.settings, &m.arena, many, 1, BELUGA_ORIGIN_CALL, &err),
        BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_string_equal(err.message, "an option's value is over 64 MiB");
    free(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_is_read_from_text),
        cmocka_unit_test(durations_need_a_unit),
        cmocka_unit_test(a_name_that_is_shortened_or_lengthened_gets_the_whole_one),
        cmocka_unit_test(a_bad_value_says_what_would_fit),
        cmocka_unit_test(a_name_nobody_knows_gets_the_nearest_one),
        cmocka_unit_test(numbers_do_not_depend_on_the_locale),
        cmocka_unit_test(values_are_written_as_short_as_they_read_back),
        cmocka_unit_test(whole_numbers_keep_their_last_digit),
        cmocka_unit_test(every_option_has_a_row),
        cmocka_unit_test(an_option_shapes_the_answer_or_how_it_is_fetched),
        cmocka_unit_test(every_constructor_makes_its_own_option),
        cmocka_unit_test(a_later_layer_wins_whatever_the_order),
        cmocka_unit_test(null_is_as_if_the_option_were_not_there),
        cmocka_unit_test(a_list_grows_in_its_layer_and_replaces_an_earlier_one),
        cmocka_unit_test(every_list_may_be_given_at_once),
        cmocka_unit_test(a_copy_can_grow_without_the_original),
        cmocka_unit_test(a_deep_copy_lives_on_its_own),
        cmocka_unit_test(own_options_of_a_later_layer_win_by_name),
        cmocka_unit_test(own_options_read_as_what_is_asked),
        cmocka_unit_test(more_than_4096_options_are_refused),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
