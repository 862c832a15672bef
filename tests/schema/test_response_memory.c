/* What an answer costs, and that it survives every failed allocation. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_answer_takes_two_allocations),
        cmocka_unit_test(answers_survive_every_failed_allocation),
    };
    return cmocka_run_group_tests_name("response", tests, NULL, NULL);
}
