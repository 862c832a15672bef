/* What an HTTP provider learns beside the body of an answer, and calls that take several requests.
 */
#include "jobs.h"

/* ---- the model's state and the head of an answer --------------------------------------------- */

static void every_function_reaches_the_state_of_its_model(void **state)
{
    jobs *j = *state;
    beluga_error err;
    script(j->peer, HEAD(404, "X-Reason: gone\r\n"), BODY("{}"));
    assert_int_equal(generate(j->model, NULL, &err), BELUGA_ERROR_NOT_FOUND);
    assert_string_equal(err.provider_code, "gone of the-self");
    assert_string_equal(peer_request_header(j->peer, 0, "x-self"), "the-self");
}

static void an_answer_without_a_body_is_decoded_by_its_head(void **state)
{
    jobs *j = *state;
    script(j->peer, HEAD(202, "X-Says: from the head\r\n"), BODY(""));
    assert_int_equal(generate(j->model, "from the head", NULL), 0);
}

static void a_stream_that_was_asked_for_may_be_an_answer_without_a_body(void **state)
{
    jobs *j = *state;
    record r;
    script(j->peer, HEAD(202, "X-Says: from the head\r\n"), BODY(""));
    assert_int_equal(stream_whole(j->model, &r), 0);
    assert_story(&r, "start metadata [from the head] finish(stop)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_JOBS(every_function_reaches_the_state_of_its_model),
        WITH_JOBS(an_answer_without_a_body_is_decoded_by_its_head),
        WITH_JOBS(a_stream_that_was_asked_for_may_be_an_answer_without_a_body),
    };
    return cmocka_run_group_tests_name("requests", tests, NULL, NULL);
}
