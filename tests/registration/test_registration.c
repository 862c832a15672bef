/* The registry: which providers it has, how a provider is added, and how models of its providers
 * are opened. */
#include "../models.h"
#include "../support/parts.h"
#include "../support/scoped.h"
#include "../support/small_provider.h"
#include "../support/threads.h"
#include "../support/words.h"

#include <pthread.h>
#include <stdio.h>

#define N_THREADS 16
#define MAX_NAMES 64

static int start_nothing(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    (void)call;
    (void)err;
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

#define MINIMAL(provider_name) SMALL_PROVIDER(provider_name, start_nothing)

static const beluga_provider minimal = {MINIMAL("minimal"), .default_model = "m"};
static const beluga_provider other_minimal = {MINIMAL("minimal"), .default_model = "m"};
static const beluga_provider late = {MINIMAL("late"), .default_model = "m"};

static int new_client(void **state)
{
    return beluga_client_new(NULL, (beluga_client **)state);
}

static int free_client(void **state)
{
    beluga_client_unref(*state);
    return 0;
}

/* ---- listing --------------------------------------------------------------------------------- */

static void the_built_in_and_the_linked_providers_are_there_and_sorted(void **state)
{
    (void)state;
    static const char *const expected[] = {EXAMPLE_CUSTOM_NAME, "mock", "openai"};
    const char *names[MAX_NAMES];
    size_t n = beluga_registry_list(beluga_registry_default(), names, MAX_NAMES), found = 0;
    assert_in_range(n, 3, MAX_NAMES);
    for (size_t i = 1; i < n; i++) assert_true(strcmp(names[i - 1], names[i]) < 0);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sizeof expected / sizeof *expected; k++)
            found += strcmp(names[i], expected[k]) == 0;
    assert_int_equal(found, sizeof expected / sizeof *expected);
}

static void every_capability_has_a_name_of_its_own(void **state)
{
    const char *name, *names[64];
    uint64_t known = 0;
    size_t n = 0;
    (void)state;
    for (uint64_t bit = 1; (name = beluga_capability_name(bit)); bit <<= 1) {
        for (size_t i = 0; i < n; i++) assert_string_not_equal(names[i], name);
        names[n++] = name;
        known |= bit;
    }
    assert_true(known & BELUGA_CAPABILITY_NO_KEY);
    assert_string_equal(beluga_capability_name(BELUGA_CAPABILITY_SCHEMA), "schema");
    assert_null(beluga_capability_name(0));
    assert_null(beluga_capability_name(BELUGA_CAPABILITY_TOOLS | BELUGA_CAPABILITY_STREAM));
    assert_null(beluga_capability_name((uint64_t)1 << 63));
    for (size_t i = 0; i < beluga_registry_list(beluga_registry_default(), NULL, 0); i++) {
        const char *providers[MAX_NAMES];
        beluga_registry_list(beluga_registry_default(), providers, MAX_NAMES);
        const beluga_provider *p = beluga_registry_get(beluga_registry_default(), providers[i]);
        assert_int_equal(p->capabilities & ~known, 0);
    }
}

/* Return the number of providers that a new client has. */
static size_t at_first(void)
{
    beluga_client *client;
    assert_int_equal(beluga_client_new(NULL, &client), 0);
    size_t n = beluga_registry_list(beluga_client_registry(client), NULL, 0);
    beluga_client_unref(client);
    return n;
}

static void a_list_without_room_is_counted(void **state)
{
    beluga_registry *registry = beluga_client_registry(*state);
    const char *first[2] = {NULL, "untouched"};
    size_t n = beluga_registry_list(registry, NULL, 0);
    assert_true(n >= 3);
    assert_int_equal(beluga_registry_list(registry, first, 1), n);
    assert_true(beluga_registry_contains(registry, first[0]));
    assert_string_equal(first[1], "untouched");
}

static void a_provider_is_found_by_its_name_alone(void **state)
{
    beluga_registry *registry = beluga_client_registry(*state);
    assert_true(beluga_registry_contains(registry, "mock"));
    assert_false(beluga_registry_contains(registry, "moc"));
    assert_false(beluga_registry_contains(registry, "mocks"));
    assert_false(beluga_registry_contains(registry, ""));
    assert_ptr_equal(beluga_registry_get(registry, EXAMPLE_CUSTOM_NAME), example_custom_provider());
    assert_null(beluga_registry_get(registry, "nobody"));
}

/* ---- adding ---------------------------------------------------------------------------------- */

static void a_provider_that_is_added_can_be_opened(void **state)
{
    beluga_registry *registry = beluga_client_registry(*state);
    SCOPED(beluga_chat_model) *model = NULL;
    SCOPED(beluga_response) *response = NULL;
    assert_false(beluga_registry_contains(registry, "minimal"));
    assert_int_equal(beluga_registry_register(registry, &minimal, NULL), 0);
    assert_true(beluga_registry_contains(registry, "minimal"));
    assert_int_equal(beluga_registry_open(registry, "minimal", NULL, &model, NULL), 0);
    assert_string_equal(beluga_model_name(model), "m");
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, NULL), 0);
    assert_string_equal(beluga_response_text(response, NULL), "");
}

static void the_same_table_twice_is_fine_and_another_of_its_name_is_not(void **state)
{
    beluga_registry *registry = beluga_client_registry(*state);
    beluga_error err = {0};
    size_t before = beluga_registry_list(registry, NULL, 0);
    assert_int_equal(beluga_registry_register(registry, &minimal, NULL), 0);
    assert_int_equal(beluga_registry_register(registry, &minimal, NULL), 0);
    assert_int_equal(beluga_registry_list(registry, NULL, 0), before + 1);
    assert_int_equal(beluga_registry_register(registry, &other_minimal, &err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_non_null(strstr(err.message, "minimal"));
    assert_ptr_equal(beluga_registry_get(registry, "minimal"), &minimal);
}

static void a_registry_of_ones_own_is_apart_from_the_default_one(void **state)
{
    beluga_registry *registry = beluga_client_registry(*state);
    assert_int_equal(beluga_registry_register(registry, &minimal, NULL), 0);
    assert_false(beluga_registry_contains(beluga_registry_default(), "minimal"));
}

static void a_table_that_does_not_fit_is_refused(void **state)
{
    static const beluga_provider tables[] = {
        {MINIMAL(NULL)},
        {MINIMAL("")},
        {MINIMAL("With Capitals")},
        {MINIMAL("a/b")},
        {MINIMAL("a:b")},
        {MINIMAL("this-name-is-longer-than-the-forty-seven-bytes-allowed")},
        {BELUGA_PROVIDER_INIT("no-slots")},
        {BELUGA_PROVIDER_INIT("no-cancel"), .start = start_nothing},
    };
    beluga_registry *registry = beluga_client_registry(*state);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        beluga_error err = {0};
        assert_int_equal(beluga_registry_register(registry, &tables[i], &err),
                         BELUGA_ERROR_INVALID_INPUT);
        assert_true(*err.message);
    }
    assert_int_equal(beluga_registry_register(registry, NULL, NULL), BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(beluga_registry_list(registry, NULL, 0), at_first());
}

static void a_table_of_another_abi_is_refused_with_its_own_code(void **state)
{
    beluga_registry *registry = beluga_client_registry(*state);
    beluga_provider newer = {MINIMAL("newer")}, small = {MINIMAL("small")};
    newer.abi = BELUGA_PROVIDER_ABI + 1;
    small.size = 16;
    assert_int_equal(beluga_registry_register(registry, &newer, NULL), BELUGA_ERROR_PLUGIN_ABI);
    assert_int_equal(beluga_registry_register(registry, &small, NULL), BELUGA_ERROR_PLUGIN_ABI);
}

static void a_table_linked_late_is_in_the_next_registry(void **state)
{
    static beluga_provider_node node = {&late, NULL};
    SCOPED(beluga_client) *next = NULL;
    beluga_provider_link(&node);
    assert_int_equal(beluga_client_new(NULL, &next), 0);
    assert_true(beluga_registry_contains(beluga_client_registry(next), "late"));
    assert_false(beluga_registry_contains(beluga_client_registry(*state), "late"));
}

/* ---- opening --------------------------------------------------------------------------------- */

static void an_unknown_provider_is_answered_with_those_there_are(void **state)
{
    beluga_error err = {0};
    beluga_chat_model *model = *state;
    int status = beluga_registry_open(beluga_client_registry(*state), "nobody", NULL, &model, &err);
    assert_int_equal(status, BELUGA_ERROR_UNSUPPORTED_PROVIDER);
    assert_null(model);
    assert_has_all(err.message, "nobody", "there are ", EXAMPLE_CUSTOM_NAME);
}

static void of_many_providers_as_many_are_named_as_fit(void **state)
{
    static char names[60][16];
    static beluga_provider many[60];
    beluga_registry *registry = beluga_client_registry(*state);
    beluga_error err = {0};
    beluga_chat_model *model;
    for (size_t i = 0; i < 60; i++) {
        snprintf(names[i], sizeof names[i], "filler-%02zu", i);
        many[i] = (beluga_provider){MINIMAL(names[i])};
        assert_int_equal(beluga_registry_register(registry, &many[i], NULL), 0);
    }
    beluga_registry_open(registry, "fillers-7", NULL, &model, &err);
    const char *end = strstr(err.message, " more");
    assert_non_null(strstr(err.message, "; did you mean filler-07? there are "));
    assert_true(end && !end[5]);
}

static void the_name_may_come_from_the_configuration(void **state)
{
    SCOPED(beluga_chat_model) *model = NULL;
    SCOPED(beluga_config) *config =
        beluga_config_new(beluga_with_provider("mock"), beluga_with_model_name("any"));
    beluga_registry *registry = beluga_client_registry(*state);
    assert_int_equal(beluga_registry_open(registry, NULL, config, &model, NULL), 0);
    assert_string_equal(beluga_provider_name(model), "mock");
}

static void without_a_configuration_the_providers_own_model_is_taken(void **state)
{
    SCOPED(beluga_chat_model) *model = NULL;
    beluga_registry *registry = beluga_client_registry(*state);
    assert_int_equal(beluga_registry_open(registry, EXAMPLE_CUSTOM_NAME, NULL, &model, NULL), 0);
    assert_string_equal(beluga_model_name(model), EXAMPLE_CUSTOM_MODEL);
}

static void mock_has_no_model_of_its_own(void **state)
{
    beluga_error err = {0};
    beluga_chat_model *model = NULL;
    beluga_registry *registry = beluga_client_registry(*state);
    assert_int_equal(beluga_registry_open(registry, "mock", NULL, &model, &err),
                     BELUGA_ERROR_INVALID_CONFIG);
    assert_non_null(strstr(err.message, "model"));
}

static void a_model_is_opened_by_its_reference(void **state)
{
    (void)state;
    static const char *const references[] = {"mock/any/thing", "mock:any/thing"};
    for (size_t i = 0; i < 2; i++) {
        beluga_chat_model *model = NULL;
        assert_int_equal(beluga_model_open(references[i], &model, NULL), 0);
        assert_string_equal(beluga_provider_name(model), "mock");
        assert_string_equal(beluga_model_name(model), "any/thing");
        beluga_chat_model_unref(model);
    }
}

static void a_wrong_script_is_found_when_the_model_is_opened(void **state)
{
    const struct {
        beluga_option option;
        int code;
        const char *word;
    } cases[] = {
        {beluga_mock_with_error("no_such_error"), BELUGA_ERROR_INVALID_CONFIG, "no_such_error"},
        {beluga_mock_with_finish_reason("soon"), BELUGA_ERROR_INVALID_CONFIG, "soon"},
        {beluga_mock_with_tool_calls("{}"), BELUGA_ERROR_INVALID_CONFIG, "mock.tool_calls"},
        {beluga_mock_with_tool_calls("[{\"id\":\"1\"}]"), BELUGA_ERROR_INVALID_CONFIG, "name"},
        {beluga_mock_with_tool_calls("[{"), BELUGA_ERROR_INVALID_CONFIG, "mock.tool_calls"},
        {beluga_mock_with_word_delay_ms(-1), BELUGA_ERROR_INVALID_CONFIG, "mock.word_delay_ms"},
        {beluga_with_provider_specific("mock.nonsense", "1"), BELUGA_ERROR_INVALID_CONFIG,
         "mock.nonsense"},
        {beluga_with_model_name("error-of-mine"), BELUGA_ERROR_INVALID_MODEL, "of-mine"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        beluga_error err = {0};
        beluga_chat_model *model = *state;
        beluga_config *config = beluga_config_new(beluga_with_model_name("any"));
        assert_int_equal(beluga_config_set_n(config, &cases[i].option, 1), 0);
        assert_int_equal(
            beluga_registry_open(beluga_client_registry(*state), "mock", config, &model, &err),
            cases[i].code);
        assert_null(model);
        if (!strstr(err.message, cases[i].word)) fail_msg("case %zu: %s", i, err.message);
        beluga_config_free(config);
    }
}

static void an_option_of_the_examples_is_checked_when_the_model_is_opened(void **state)
{
    beluga_error err = {0};
    beluga_chat_model *model = NULL;
    SCOPED(beluga_config) *config =
        beluga_config_new(example_custom_with_simulated_failure("boredom"));
    assert_int_equal(beluga_registry_open(beluga_client_registry(*state), EXAMPLE_CUSTOM_NAME,
                                          config, &model, &err),
                     BELUGA_ERROR_INVALID_CONFIG);
    assert_non_null(strstr(err.message, "boredom"));
}

/* ---- threads --------------------------------------------------------------------------------- */

static void *register_and_open(void *argument)
{
    beluga_registry *registry = argument;
    beluga_chat_model *model = NULL;
    for (int i = 0; i < 20; i++) {
        if (beluga_registry_register(registry, &minimal, NULL)) return argument;
        if (beluga_registry_open(registry, "minimal", NULL, &model, NULL)) return argument;
        if (!beluga_registry_contains(registry, minimal.name)) return argument;
        beluga_chat_model_unref(model);
    }
    return NULL;
}

static void many_threads_may_add_list_and_open_at_once(void **state)
{
    threads_run(N_THREADS, register_and_open, beluga_client_registry(*state));
}

#define WITH_CLIENT(test) cmocka_unit_test_setup_teardown(test, new_client, free_client)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_built_in_and_the_linked_providers_are_there_and_sorted),
        cmocka_unit_test(every_capability_has_a_name_of_its_own),
        WITH_CLIENT(a_list_without_room_is_counted),
        WITH_CLIENT(a_provider_is_found_by_its_name_alone),
        WITH_CLIENT(a_provider_that_is_added_can_be_opened),
        WITH_CLIENT(the_same_table_twice_is_fine_and_another_of_its_name_is_not),
        WITH_CLIENT(a_registry_of_ones_own_is_apart_from_the_default_one),
        WITH_CLIENT(a_table_that_does_not_fit_is_refused),
        WITH_CLIENT(a_table_of_another_abi_is_refused_with_its_own_code),
        WITH_CLIENT(an_unknown_provider_is_answered_with_those_there_are),
        WITH_CLIENT(of_many_providers_as_many_are_named_as_fit),
        WITH_CLIENT(the_name_may_come_from_the_configuration),
        WITH_CLIENT(without_a_configuration_the_providers_own_model_is_taken),
        WITH_CLIENT(mock_has_no_model_of_its_own),
        cmocka_unit_test(a_model_is_opened_by_its_reference),
        WITH_CLIENT(a_wrong_script_is_found_when_the_model_is_opened),
        WITH_CLIENT(an_option_of_the_examples_is_checked_when_the_model_is_opened),
        WITH_CLIENT(many_threads_may_add_list_and_open_at_once),
        /* This test must be the last one, since the table that it links stays in all later
         * registries. */
        WITH_CLIENT(a_table_linked_late_is_in_the_next_registry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
