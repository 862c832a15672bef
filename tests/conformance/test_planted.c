/* Faults that the kit must find in HTTP providers; each provider has one fault. */
#include "planted.h"

static void check_all(const planted *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        planted_check("tests/conformance/chat.so", "tests/conformance/broken/chat", &rows[i]);
}
#define CHECK_ALL(rows) check_all(rows, sizeof rows / sizeof *rows)

static void one_in_order_passes(void **state)
{
    static const planted rows[] = {{"chat-sound", "", ""}};
    (void)state;
    CHECK_ALL(rows);
}

static void text_that_is_not_sent_is_found(void **state)
{
    static const planted rows[] = {
        {"chat-cut", "prompts ", "sends 256 of the 10239 bytes of a long prompt"},
        {"chat-nul", "prompts ", "beluga_json_put_string_n"},
        {"chat-no-system", "conversation ", "You are brief."},
        {"chat-last-only", "conversation tools-results history-sent ", "You are brief."},
    };
    (void)state;
    CHECK_ALL(rows);
}

static void options_that_are_not_sent_are_found(void **state)
{
    static const planted rows[] = {
        {"chat-temperature", "options ", "BELUGA_OPTION_TEMPERATURE"},
        {"chat-max_tokens", "options ", "BELUGA_OPTION_MAX_TOKENS"},
        {"chat-stops", "options ", "BELUGA_OPTION_STOP_SEQUENCES"},
        {"chat-effort", "options ", "BELUGA_OPTION_REASONING_EFFORT"},
        {"chat-schema", "options ", "BELUGA_OPTION_RESPONSE_SCHEMA"},
        {"chat-stream-flag", "stream-flag ", "beluga_call_is_streamed(call)"},
    };
    (void)state;
    CHECK_ALL(rows);
}

static void tools_that_are_not_sent_are_found(void **state)
{
    static const planted rows[] = {
        {"chat-no-tools", "tools-sent history-sent bind-at-once ", "beluga_tool_name(tool)"},
        {"chat-tool-schema", "tools-sent ", "beluga_tool_parameters(tool)"},
        {"chat-no-history", "history-sent ", "BELUGA_PART_TOOL_CALL"},
        {"chat-history-arguments", "history-sent ", "the arguments of a call of the history"},
        {"chat-result-id", "history-sent ", "beluga_message_tool_call_id(message)"},
        {"chat-choice", "choices-sent ", "BELUGA_OPTION_TOOL_CHOICE"},
        {"chat-sticky", "bind-kept ", "want no tool in the request"},
    };
    (void)state;
    CHECK_ALL(rows);
}

static void answers_that_are_misread_are_found(void **state)
{
    static const planted rows[] = {
        {"chat-halves", "letters ", "must not cut a character in two"},
        {"chat-no-usage", "usage ", "beluga_emit_usage"},
        {"chat-zero-usage", "usage ", "beluga_emit_usage"},
        {"chat-length-stop", "finish-words length ", "BELUGA_FINISH_LENGTH"},
        {"chat-length-other", "length ", "BELUGA_FINISH_LENGTH"},
        {"chat-calls-stop", "finish-words ", "BELUGA_FINISH_TOOL_CALLS"},
        {"chat-calls-length", "arguments ", "BELUGA_FINISH_TOOL_CALLS"},
        {"chat-arguments", "arguments ", "beluga_emit_tool_call_delta"},
        {"chat-one-index", "tools-stream ", ""},
        {"chat-early", "finish-words cut-stream ", "the call succeeded with other events"},
        {"chat-late-id", "in-time ", "beluga_emit_metadata"},
        {"chat-error-ignored", "error-among ", "beluga_emit_failure"},
        {"chat-unknown-null", "unknown-events ", "it crashed"},
    };
    (void)state;
    CHECK_ALL(rows);
}

/* When the check finds such a fault, it reports it and makes no further calls. */
static void functions_that_wait_are_found(void **state)
{
    static const planted rows[] = {
        {"chat-encode-waits", "never-blocks ", "encode_request waited in every call"},
        {"chat-authorize-waits", "never-blocks ", "authorize waited in every call"},
        {"chat-event-waits", "never-blocks ", "decode_event waited in every call"},
        {"chat-event-works", "never-blocks ", "decode_event took"},
        {"chat-error-waits", "never-blocks ", "decode_error waited in every call"},
    };
    (void)state;
    CHECK_ALL(rows);
}

static void memory_that_is_lost_is_found(void **state)
{
    static const planted rows[] = {
        {"chat-leak", "memory ", "each time that a model was opened, called"},
        {"chat-error-leaks", "memory-errors ", "beluga_json_doc_free"},
        {"chat-close-leaks", "memory-open ", "close must free what open made"},
    };
    (void)state;
    CHECK_ALL(rows);
}

static void batch_jobs_that_are_lost_are_found(void **state)
{
    static const planted rows[] = {
        {"chat-jobs-sound", "", ""},
        {"chat-jobs-id", "job-create ", "put_request must write the id of each request"},
        {"chat-jobs-state", "job-create job-get job-list job-cancel ", "beluga_batch_state"},
        {"chat-jobs-page", "job-list ", "request 2 was never sent"},
        {"chat-jobs-body", "job-results ", "decode_result must give the JSON"},
    };
    (void)state;
    CHECK_ALL(rows);
}

static void vectors_that_jobs_lose_are_found(void **state)
{
    static const planted rows[] = {
        {"chat-jobs-vectors", "", ""},
        {"chat-jobs-texts", "job-embed ", "put_request must write the body that encode_embed"},
        {"chat-jobs-two-vectors", "job-embed ", "has 2 vectors, and its request one text"},
        {"chat-jobs-no-vectors", "job-embed ", "decode_embed reads to beluga_emit_batch_embedding"},
        {"chat-jobs-one-id", "job-embed ", "0 results have the id request-2, want one"},
        {"chat-jobs-no-embed", "table ", "max_inputs says that jobs embed texts"},
    };
    (void)state;
    CHECK_ALL(rows);
}

static void jobs_that_may_be_paid_twice_or_are_in_doubt_are_found(void **state)
{
    static const planted rows[] = {
        {"chat-jobs-never", "job-doubt ",
         "request 2 (POST /v1/jobs) creates the job, but when its answer is lost the call says "
         "that there is no job, which may be made again, and paid for twice: creates_job must "
         "return true for its token"},
        {"chat-jobs-always", "job-doubt ",
         "creates_job must return false for its token, which is NULL"},
        {"chat-jobs-unsaid", "job-doubt ", "the batch table lacks creates_job"},
    };
    /* their calls ask for the job that they created */
    static const planted later[] = {
        {"chat-jobs-again", "", ""},
        {"chat-jobs-again-creates", "job-doubt ",
         "request 3 (GET /v1/jobs/job-1) comes after the one that creates the job"},
    };
    (void)state;
    CHECK_ALL(rows);
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        planted_check("tests/conformance/chat.so", "tests/conformance/broken", &later[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_in_order_passes),
        cmocka_unit_test(text_that_is_not_sent_is_found),
        cmocka_unit_test(options_that_are_not_sent_are_found),
        cmocka_unit_test(tools_that_are_not_sent_are_found),
        cmocka_unit_test(answers_that_are_misread_are_found),
        cmocka_unit_test(functions_that_wait_are_found),
        cmocka_unit_test(batch_jobs_that_are_lost_are_found),
        cmocka_unit_test(vectors_that_jobs_lose_are_found),
        cmocka_unit_test(jobs_that_may_be_paid_twice_or_are_in_doubt_are_found),
        cmocka_unit_test(memory_that_is_lost_is_found),
    };
    return cmocka_run_group_tests_name("planted", tests, NULL, NULL);
}
