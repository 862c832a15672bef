/* Histories that are trimmed to fit into a context window. The mock counts one token for each
 * word. */
#include "../support/scene.h"
#include "../support/scoped.h"

#include <beluga/embedding.h>

#include <stdio.h>

/* Make a history from letters. Each letter is a message of one word: s, h and a are messages of
 * system, human and ai; c is an answer that calls a tool, and its id is the number of the call; r
 * is the result of the last call, and R the result of the first call. */
static beluga_messages *history(const char *letters)
{
    beluga_messages *list = beluga_messages_new();
    int calls = 0;
    for (size_t i = 0; letters[i]; i++) {
        char word[24], id[24];
        beluga_message *message = NULL;
        snprintf(word, sizeof word, "%c%zu", letters[i], i);
        if (letters[i] == 'c') calls++;
        snprintf(id, sizeof id, "%d", letters[i] == 'R' ? 1 : calls);
        switch (letters[i]) {
        case 's': message = beluga_system_message(word); break;
        case 'h': message = beluga_human_message(word); break;
        case 'a': message = beluga_ai_message(word); break;
        case 'c':
            message = beluga_ai_message(word);
            assert_int_equal(beluga_message_add_tool_call(message, id, "f", "{}", 2), 0);
            break;
        default: message = beluga_tool_message(id, word);
        }
        assert_int_equal(beluga_messages_add(list, message), 0);
    }
    return list;
}

/* Trim a history, and write the remaining messages into `left`, such as "s0 h3". Returns the
 * status. */
static int trim(beluga_chat_model *model, const char *letters, int64_t max, char left[256],
                beluga_error *err)
{
    SCOPED(beluga_messages) *list = history(letters);
    beluga_messages *out;
    int status = beluga_trim_messages(model, NULL, list, max, &out, err);
    size_t n = 0;
    left[0] = '\0';
    for (size_t i = 0; out && i < beluga_messages_count(out); i++)
        n += (size_t)snprintf(left + n, 256 - n, "%s%s", i ? " " : "",
                              beluga_message_text(beluga_messages_get(out, i), NULL));
    beluga_messages_free(out);
    return status;
}

static void expect_trimmed(scene *s, const char *letters, int64_t max, const char *expected)
{
    char left[256];
    open_mock_with(s, beluga_with_model_name("m"));
    assert_int_equal(trim(s->model, letters, max, left, &s->err), 0);
    assert_string_equal(left, expected);
}

static void what_fits_stays_whole(scene *s)
{
    expect_trimmed(s, "shahah", 6, "s0 h1 a2 h3 a4 h5");
}

static void the_oldest_turns_go_first_and_the_system_text_stays(scene *s)
{
    expect_trimmed(s, "shahah", 5, "s0 h3 a4 h5");
    expect_trimmed(s, "shahah", 4, "s0 h3 a4 h5");
    expect_trimmed(s, "shahah", 3, "s0 h5");
    expect_trimmed(s, "shahah", 2, "s0 h5");
}

static void a_system_text_in_the_middle_stays_in_its_place(scene *s)
{
    expect_trimmed(s, "hashah", 4, "s2 h3 a4 h5");
    expect_trimmed(s, "hashah", 2, "s2 h5");
}

static void no_more_goes_than_must(scene *s)
{
    expect_trimmed(s, "hahahahahahahahahah", 18,
                   "h2 a3 h4 a5 h6 a7 h8 a9 h10 a11 h12 a13 h14 a15 "
                   "h16 a17 h18");
    expect_trimmed(s, "hahahahahahahahahah", 7, "h12 a13 h14 a15 h16 a17 h18");
    expect_trimmed(s, "hahahahahahahahahah", 1, "h18");
}

static void a_call_and_its_results_go_together(scene *s)
{
    expect_trimmed(s, "hcrahcrah", 6, "h4 c5 r6 a7 h8");
    expect_trimmed(s, "hcrahcrah", 4, "h8");
}

static void of_the_last_turn_the_question_and_the_last_calls_stay(scene *s)
{
    expect_trimmed(s, "hahcrcrcr", 7, "h2 c3 r4 c5 r6 c7 r8");
    expect_trimmed(s, "hahcrcrcr", 6, "h2 c5 r6 c7 r8");
    expect_trimmed(s, "hahcrcrcr", 4, "h2 c7 r8");
    expect_trimmed(s, "hahcrcrcr", 3, "h2 c7 r8");
}

static void a_result_that_comes_turns_later_stays_with_its_call(scene *s)
{
    expect_trimmed(s, "hachaRhah", 5, "h6 a7 h8");
    expect_trimmed(s, "hchaRh", 5, "h5");
}

static void several_messages_of_the_user_are_one_question(scene *s)
{
    expect_trimmed(s, "hhahh", 3, "h3 h4");
    expect_trimmed(s, "hahah", 4, "h2 a3 h4");
    expect_trimmed(s, "hhahhah", 5, "h3 h4 a5 h6");
    expect_trimmed(s, "hhahhah", 3, "h6");
}

static void a_history_without_a_question_keeps_its_last_answer(scene *s)
{
    expect_trimmed(s, "saaa", 3, "s0 a2 a3");
    expect_trimmed(s, "saaa", 2, "s0 a3");
    expect_trimmed(s, "ss", 2, "s0 s1");
}

static void what_always_stays_may_be_too_long(scene *s)
{
    char left[256];
    open_mock_with(s, beluga_with_model_name("m"));
    assert_int_equal(trim(s->model, "shahah", 1, left, &s->err), BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_string_equal(
        s->err.message,
        "the system text and the last turn alone have 2 tokens, but the maximum is 1");
    assert_string_equal(left, "");
}

static void without_a_model_tokens_are_estimated(scene *s)
{
    char left[256];
    enum { EACH = 5 }; /* tokens of a message: 4, and 1 for its word */
    assert_int_equal(trim(NULL, "shahah", 6 * EACH, left, &s->err), 0);
    assert_string_equal(left, "s0 h1 a2 h3 a4 h5");
    assert_int_equal(trim(NULL, "shahah", 6 * EACH - 1, left, &s->err), 0);
    assert_string_equal(left, "s0 h3 a4 h5");
}

static void bad_arguments_are_refused(scene *s)
{
    char left[256];
    assert_int_equal(trim(NULL, "", 9, left, &s->err), BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(trim(NULL, "h", 0, left, &s->err), BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(trim(s->model, "h", 9, left, NULL), BELUGA_ERROR_NOT_SUPPORTED);
}

static void a_count_that_fails_is_the_error(scene *s)
{
    char left[256];
    open_mock_with(s, beluga_with_model_name("m"), beluga_with_max_retries(0),
                   beluga_with_provider_specific("mock.error", "rate_limit"));
    assert_int_equal(trim(s->model, "hah", 1, left, &s->err), BELUGA_ERROR_RATE_LIMIT);
    assert_string_equal(left, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(what_fits_stays_whole),
        SCENE(the_oldest_turns_go_first_and_the_system_text_stays),
        SCENE(a_system_text_in_the_middle_stays_in_its_place),
        SCENE(no_more_goes_than_must),
        SCENE(a_call_and_its_results_go_together),
        SCENE(of_the_last_turn_the_question_and_the_last_calls_stay),
        SCENE(a_result_that_comes_turns_later_stays_with_its_call),
        SCENE(several_messages_of_the_user_are_one_question),
        SCENE(a_history_without_a_question_keeps_its_last_answer),
        SCENE(what_always_stays_may_be_too_long),
        SCENE(without_a_model_tokens_are_estimated),
        SCENE(bad_arguments_are_refused),
        SCENE(a_count_that_fails_is_the_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
