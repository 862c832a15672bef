/* How much memory a response needs, and that building it works or fails cleanly whichever
 * allocation fails. */
#include "../support/scoped.h"
#include "../support/torture.h"
#include "built.h"

/* --- allocations ----------------------------------------------------------------------------- */

static int small_answer(void *argument)
{
    (void)argument;
    beluga_response_builder b;
    beluga_response *r;
    beluga__response_builder_init(&b, NULL, 0);
    metadata(&b);
    text(&b, "This is ");
    text(&b, "a small answer.");
    usage(&b, 5, 6, "{\"prompt_tokens\":5,\"completion_tokens\":6}");
    finish(&b, BELUGA_FINISH_STOP, "stop");
    int status = beluga_response_builder_finish(&b, &r);
    beluga_response_free(r);
    return status;
}

static void a_small_answer_takes_two_allocations(void **state)
{
    (void)state;
    assert_int_equal(torture_count(small_answer, NULL), 2);
}

/* Build an answer with one text event; `argument` is the text. */
static int whole_answer(void *argument)
{
    beluga_response_builder b;
    beluga_response *r;
    beluga__response_builder_init(&b, NULL, 0);
    metadata(&b);
    text(&b, argument);
    finish(&b, BELUGA_FINISH_STOP, "stop");
    int status = beluga_response_builder_finish(&b, &r);
    if (!status) assert_string_equal(beluga_response_text(r, NULL), argument);
    beluga_response_free(r);
    return status;
}

static void a_short_text_that_comes_whole_takes_one_allocation_and_a_longer_one_two(void **state)
{
    char longer[2000];
    (void)state;
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(torture_count(whole_answer, (char[]){"This is a small answer."}), 1);
    assert_int_equal(torture_count(whole_answer, longer), 2);
    torture_run(whole_answer, longer);
}

/* The first pieces are in the response's block. When the text grows, it must move out of the
 * block. */
static void a_text_of_many_pieces_is_the_same_as_in_one(void **state)
{
    char whole[5000] = "";
    SCOPED(beluga_response_builder) *b = beluga_response_builder_new();
    SCOPED(beluga_response) *r = NULL;
    (void)state;
    metadata(b);
    for (int i = 0; i < 499; i++) {
        const char piece[] = {(char)('a' + i % 26), '0', '1', '2', '3', '4', '5', '6', '7', ' ', 0};
        assert_int_equal(text(b, piece), 0);
        memcpy(whole + 10 * (size_t)i, piece, sizeof piece);
    }
    finish(b, BELUGA_FINISH_STOP, "stop");
    assert_int_equal(beluga_response_builder_finish(b, &r), 0);
    assert_string_equal(beluga_response_text(r, NULL), whole);
}

static int large_answer(void *argument)
{
    (void)argument;
    char bytes[700];
    memset(bytes, 'x', sizeof bytes);
    bytes[sizeof bytes - 1] = '\0';
    const char *const list[] = {bytes};
    beluga_response_builder *b = beluga_response_builder_new();
    if (!b) return BELUGA_ERROR_NO_MEMORY;
    SCOPED(beluga_response) *r = NULL;
    warnings(b, list, 1);
    metadata(b);
    usage(b, 1, 2, "{}");
    for (uint32_t i = 0; i < 4; i++) {
        reasoning(b, i, bytes, "signature");
        text(b, bytes);
        call(b, BELUGA_EVENT_TOOL_CALL_BEGIN, i, "id", bytes, NULL);
        call(b, BELUGA_EVENT_TOOL_CALL_END, i, "id", bytes, "{\"a\":[1,2,3]}");
    }
    usage(b, 1, 2, bytes);
    finish(b, BELUGA_FINISH_STOP, bytes);
    int status = beluga_response_builder_finish(b, &r);
    beluga_response_builder_free(b);
    SCOPED(char) *json = NULL;
    SCOPED(beluga_message) *m = NULL;
    if (!status) status = beluga_response_to_json(r, &json, NULL);
    if (!status && !(m = beluga_response_message(r))) status = BELUGA_ERROR_NO_MEMORY;
    if (!status) assert_int_equal(beluga__message_check(m, 0, NULL), 0);
    return status;
}

static void answers_survive_every_failed_allocation(void **state)
{
    (void)state;
    torture_run(small_answer, NULL);
    assert_true(torture_run(large_answer, NULL) > 10);
}

/* --- calls ------------------------------------------------------------------------------------ */

/* Make some calls of a model; `argument` points to their number. */
static int calls(void *argument)
{
    beluga_client *client = NULL;
    beluga_chat_model *model = NULL;
    beluga_messages *messages = beluga_messages_new();
    beluga_config *config = beluga_config_new(beluga_with_model_name("any"));
    beluga_messages_add(messages, beluga_human_message("Hi"));
    int status = beluga_client_new(NULL, &client);
    if (!status)
        status = beluga_registry_open(beluga_client_registry(client), "mock", config, &model, NULL);
    for (int i = 0; i < *(const int *)argument && !status; i++) {
        beluga_response *response = NULL;
        status = beluga_generate(model, NULL, messages, &response, NULL);
        beluga_response_free(response);
    }
    beluga_config_free(config);
    beluga_messages_free(messages);
    beluga_chat_model_unref(model);
    beluga_client_unref(client);
    return status;
}

static size_t allocations_of(int n)
{
    return torture_count(calls, &n);
}

static void a_call_behind_another_allocates_its_answer_alone(void **state)
{
    (void)state;
    assert_int_equal(allocations_of(2) - allocations_of(1), 1);
    assert_int_equal(allocations_of(9) - allocations_of(1), 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_answer_takes_two_allocations),
        cmocka_unit_test(a_short_text_that_comes_whole_takes_one_allocation_and_a_longer_one_two),
        cmocka_unit_test(a_text_of_many_pieces_is_the_same_as_in_one),
        cmocka_unit_test(answers_survive_every_failed_allocation),
        cmocka_unit_test(a_call_behind_another_allocates_its_answer_alone),
    };
    return cmocka_run_group_tests_name("response", tests, NULL, NULL);
}
