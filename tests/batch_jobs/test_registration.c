/* The table of a batch API is checked when its provider is registered. */
#include "batch_scene.h"

#include <beluga/registry.h>

#include <stddef.h>

static beluga_batch_api api;
static beluga_provider provider;

static void begin(void)
{
    api = *acme_provider()->batch;
    provider = *acme_provider();
    provider.name = "acme-lacking";
    provider.batch = &api;
}

static void expect_refusal(const char *words)
{
    beluga_error err = {0};
    assert_int_equal(beluga_registry_register(beluga_registry_default(), &provider, &err),
                     BELUGA_ERROR_INVALID_INPUT);
    if (!strstr(err.message, words)) fail_msg("%s", err.message);
    if (!strstr(err.message, "'acme-lacking'")) fail_msg("%s", err.message);
}

static void each_function_that_is_missing_is_named(void **state)
{
    typedef void (*function)(void);
    static const struct {
        size_t at;
        const char *words;
    } needed[] = {
        {offsetof(beluga_batch_api, put_request), "put_request is missing in its batch table"},
        {offsetof(beluga_batch_api, encode_create), "encode_create is missing"},
        {offsetof(beluga_batch_api, encode_get), "encode_get is missing"},
        {offsetof(beluga_batch_api, encode_list), "encode_list is missing"},
        {offsetof(beluga_batch_api, encode_cancel), "encode_cancel is missing"},
        {offsetof(beluga_batch_api, encode_results), "encode_results is missing"},
        {offsetof(beluga_batch_api, decode_job), "decode_job is missing"},
        {offsetof(beluga_batch_api, decode_result), "decode_result is missing"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        begin();
        memset((char *)&api + needed[i].at, 0, sizeof(function));
        expect_refusal(needed[i].words);
    }
}

static void a_table_without_its_size_is_refused(void **state)
{
    (void)state;
    begin();
    api.size = 0;
    expect_refusal("set its size");
    api.size = offsetof(beluga_batch_api, state_size);
    expect_refusal("set its size");
}

static void a_state_that_is_too_large_is_refused(void **state)
{
    (void)state;
    begin();
    api.state_size = 64 * 1024 + 1;
    expect_refusal("over 64 KiB in its batch table");
}

static void answers_in_one_piece_are_needed(void **state)
{
    (void)state;
    begin();
    provider.decode_event = (int (*)(void *, const beluga_frame *, beluga_emit *))1;
    provider.decode_response = NULL;
    expect_refusal("needs decode_response");
}

static int start(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    (void)call;
    (void)emit;
    (void)err;
    return 0;
}

static void cancel(void *self, beluga_emit *emit)
{
    (void)self;
    (void)emit;
}

static void a_full_provider_has_no_batch_table(void **state)
{
    (void)state;
    provider = (beluga_provider){BELUGA_PROVIDER_INIT("acme-lacking"), .default_model = "p",
                                 .start = start, .cancel = cancel, .batch = acme_provider()->batch};
    expect_refusal("the functions of an HTTP provider");
}

/* The members that this test clears are optional. */
static void what_is_optional_may_be_missing(void **state)
{
    beluga_error err = {0};
    (void)state;
    begin();
    provider.name = "acme-least";
    api.encode_delete = NULL;
    api.decode_results_end = NULL;
    api.state_size = 0;
    beluga_registry *registry = beluga_registry_default();
    assert_int_equal(beluga_registry_register(registry, &provider, &err), 0);
    SCOPED(beluga_chat_model) *model = NULL;
    SCOPED(beluga_config) *config = beluga_config_new(beluga_with_base_url("http://127.0.0.1:1"));
    assert_int_equal(beluga_registry_open(registry, "acme-least", config, &model, &err), 0);
    assert_int_equal(beluga_batch_job_delete(model, NULL, "j", &err), BELUGA_ERROR_NOT_SUPPORTED);
    assert_non_null(strstr(err.message, "can't be deleted"));
}

/* The table of a provider that was built with an older header is shorter; the library must not read
 * the memory after it. */
static void a_shorter_table_is_completed(void **state)
{
    static beluga_batch_api older;
    static beluga_provider with_older;
    beluga_error err = {0};
    (void)state;
    older = *acme_provider()->batch;
    older.size = offsetof(beluga_batch_api, reserved);
    older.reserved[0] = "not the table's";
    with_older = *acme_provider();
    with_older.name = "acme-older";
    with_older.batch = &older;
    beluga_registry *registry = beluga_registry_default();
    assert_int_equal(beluga_registry_register(registry, &with_older, &err), 0);
    const beluga_batch_api *whole = beluga_registry_get(registry, "acme-older")->batch;
    assert_int_equal(whole->size, sizeof *whole);
    assert_null(whole->reserved[0]);
    assert_ptr_equal(whole->encode_list, older.encode_list);
    assert_int_equal(whole->state_size, older.state_size);
    /* a second registration changes nothing */
    assert_int_equal(beluga_registry_register(registry, &with_older, &err), 0);
}

static void a_whole_table_is_kept_as_it_is(void **state)
{
    beluga_registry *registry = beluga_registry_default();
    (void)state;
    assert_int_equal(beluga_registry_register(registry, acme_provider(), NULL), 0);
    assert_ptr_equal(beluga_registry_get(registry, "acme"), acme_provider());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_function_that_is_missing_is_named),
        cmocka_unit_test(a_table_without_its_size_is_refused),
        cmocka_unit_test(a_state_that_is_too_large_is_refused),
        cmocka_unit_test(answers_in_one_piece_are_needed),
        cmocka_unit_test(a_full_provider_has_no_batch_table),
        cmocka_unit_test(what_is_optional_may_be_missing),
        cmocka_unit_test(a_shorter_table_is_completed),
        cmocka_unit_test(a_whole_table_is_kept_as_it_is),
    };
    return cmocka_run_group_tests_name("tables of batch jobs", tests, NULL, NULL);
}
