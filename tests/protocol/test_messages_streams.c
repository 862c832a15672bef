/* Answers of Anthropic's Messages: the bytes of streams, whole answers, and errors. */
#include "protocol_kit.h"

#include <beluga/allocator.h>
#include <beluga/error.h>

#include <stdio.h>

#define N(list) (sizeof(list) / sizeof((list)[0]))
#define BODY \
    "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"
#define STREAM   BODY ",\"stream\":true}"
#define THINKS   BODY ",\"thinking\":{\"type\":\"adaptive\"}}"
#define ESTIMATE "5" /* estimated tokens: 4 for a message, and 1 for each four bytes */

/* ---- the bytes of a stream ------------------------------------------------------------------- */

#define EVENT(name, rest) "event: " name "\ndata: {\"type\":\"" name "\"" rest "}\n\n"
#define COUNTS(in, write, read, out)                                            \
    "\"usage\":{\"input_tokens\":" in ",\"cache_creation_input_tokens\":" write \
    ",\"cache_read_input_tokens\":" read ",\"output_tokens\":" out
#define START_WITH(usage)                                                                       \
    EVENT("message_start", ",\"message\":{\"id\":\"id-1\",\"type\":\"message\",\"role\":"       \
                           "\"assistant\",\"model\":\"m\",\"content\":[],\"stop_reason\":null," \
                           "\"stop_sequence\":null," usage "}}")
#define START START_WITH(COUNTS(ESTIMATE, "0", "0", "0"))
#define BLOCK(n, members) \
    EVENT("content_block_start", ",\"index\":" n ",\"content_block\":{" members "}")
#define TEXT(n)    BLOCK(n, "\"type\":\"text\",\"text\":\"\"")
#define THOUGHT(n) BLOCK(n, "\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"")
#define TOOL(n, id, name) \
    BLOCK(n, "\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"" name "\",\"input\":{}")
#define DELTA(n, type, member, words) \
    EVENT("content_block_delta",      \
          ",\"index\":" n ",\"delta\":{\"type\":\"" type "\",\"" member "\":\"" words "\"}")
#define SAYS(n, words)  DELTA(n, "text_delta", "text", words)
#define THINK(n, words) DELTA(n, "thinking_delta", "thinking", words)
#define SIGNS(n, words) DELTA(n, "signature_delta", "signature", words)
#define INPUT(n, words) DELTA(n, "input_json_delta", "partial_json", words)
#define STOP(n)         EVENT("content_block_stop", ",\"index\":" n)
#define END_WITH(why, sequence, usage)                                                          \
    EVENT("message_delta",                                                                      \
          ",\"delta\":{\"stop_reason\":\"" why "\",\"stop_sequence\":" sequence "}," usage "}") \
    EVENT("message_stop", "")
#define END(why, out) END_WITH(why, "null", COUNTS(ESTIMATE, "0", "0", out))

static void streams(const char *body, const beluga_event *events, size_t n, const char *expected)
{
    char *text = kit_stream(&protocol_messages, body, events, n);
    assert_string_equal(text, expected);
    free(text);
}

#define FINISH_WORD(why, word)    \
    {.kind = BELUGA_EVENT_FINISH, \
     .u.finish = {.reason = BELUGA_FINISH_##why, .raw = (word), .raw_length = sizeof(word) - 1}}

static void a_text_is_one_block(void **state)
{
    (void)state;
    const beluga_event events[] = {
        KIT_METADATA("other"),     KIT_TEXT("Hel\"lo\n"),       KIT_TEXT(""),
        KIT_TEXT("\xc3\xa4 \x01"), KIT_USAGE(3, -1, -1, 2, -1), KIT_FINISH(STOP)};
    streams(STREAM, events, N(events),
            START TEXT("0") SAYS("0", "Hel\\\"lo\\n") SAYS("0", "\xc3\xa4 \\u0001") STOP("0")
                END_WITH("end_turn", "null", COUNTS("3", "0", "0", "2")));
}

/* In this protocol, input tokens do not include tokens that were read from the cache or written to
 * it. */
static void usage_is_told_at_both_ends(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_USAGE(100, 60, 30, 1, -1), KIT_TEXT("a"),
                                   KIT_USAGE(100, 60, 30, 7, 5), KIT_FINISH(LENGTH)};
    streams(STREAM, events, N(events),
            START_WITH(COUNTS("10", "30", "60", "1")) TEXT("0") SAYS("0", "a") STOP("0")
                END_WITH("max_tokens", "null",
                         COUNTS("10", "30", "60",
                                "7") ",\"output_tokens_details\":{\"thinking_tokens\":5}"));
}

static void usage_that_nobody_told_is_estimated(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_TEXT("eight by"), KIT_FINISH(STOP)};
    streams(STREAM, events, N(events),
            START TEXT("0") SAYS("0", "eight by") STOP("0") END("end_turn", "2"));
}

static void thinking_has_its_signature_and_then_the_text_is_another_block(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_REASONING("Hm"), KIT_REASONING("."),
                                   KIT_SIGNED("", "EqQB", 4), KIT_TEXT("a"), KIT_FINISH(STOP)};
    streams(THINKS, events, N(events),
            START THOUGHT("0") THINK("0", "Hm") THINK("0", ".") SIGNS("0", "EqQB") STOP("0")
                TEXT("1") SAYS("1", "a") STOP("1") END("end_turn", "1"));
}

/* Reasoning after a signature begins a new block, and hidden reasoning has a block of its own. */
static void each_signed_or_hidden_thought_is_a_block(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_REASONING("a"), KIT_SIGNED("", "S1", 2), KIT_REASONING("b"),
                                   KIT_SIGNED("", "redacted_thinking:Eroc", 22), KIT_FINISH(STOP)};
    beluga_event hidden[N(events)];
    memcpy(hidden, events, sizeof events);
    hidden[3].index = 1;
    streams(THINKS, hidden, N(hidden),
            START THOUGHT("0") THINK("0", "a") SIGNS("0", "S1") STOP("0") THOUGHT("1")
                THINK("1", "b") STOP("1")
                    BLOCK("2", "\"type\":\"redacted_thinking\",\"data\":\"Eroc\"") STOP("2")
                        END("end_turn", "0"));
}

/* Clients that did not ask for thinking expect that the first block is the text. */
static void thinking_is_shown_to_those_who_asked_for_it(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_REASONING("Hm."), KIT_TEXT("a"), KIT_FINISH(STOP)};
    streams(STREAM, events, N(events),
            START TEXT("0") SAYS("0", "a") STOP("0") END("end_turn", "0"));
    char *text = kit_answer(&protocol_messages, STREAM, events, N(events));
    assert_non_null(strstr(text, "\"content\":[{\"type\":\"text\",\"text\":\"a\"}]"));
    free(text);
}

/* ---- calls of tools -------------------------------------------------------------------------- */

static void a_call_follows_the_text_in_a_block_of_its_own(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_TEXT("a"),
                                   KIT_BEGIN(0, "call_x.1:y", "f"),
                                   KIT_DELTA(0, "{\"a"),
                                   KIT_DELTA(0, "\":1}"),
                                   KIT_END(0, "call_x.1:y", "f", "{\"a\":1}"),
                                   KIT_TEXT("b"),
                                   KIT_FINISH(STOP)};
    streams(STREAM, events, N(events),
            START TEXT("0") SAYS("0", "a") STOP("0") TOOL("1", "call_x.1:y", "f")
                INPUT("1", "{\\\"a") INPUT("1", "\\\":1}") STOP("1") TEXT("2") SAYS("2", "b")
                    STOP("2") END("tool_use", "2"));
}

/* Clients build one block at a time, so pieces of the other blocks are held back until it is
 * complete. */
static void calls_that_come_interleaved_are_put_one_after_the_other(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_BEGIN(0, "c0", "f"),
                                   KIT_DELTA(0, "{\"a\""),
                                   KIT_BEGIN(1, "c1", "g"),
                                   KIT_DELTA(1, "{\"b\""),
                                   KIT_DELTA(0, ":0}"),
                                   KIT_BEGIN(2, "c2", "h"),
                                   KIT_DELTA(2, "{}"),
                                   KIT_END(2, "c2", "h", "{}"),
                                   KIT_DELTA(1, ":1}"),
                                   KIT_END(0, "c0", "f", "{\"a\":0}"),
                                   KIT_END(1, "c1", "g", "{\"b\":1}"),
                                   KIT_FINISH(TOOL_CALLS)};
    const char *whole = START TOOL("0", "c0", "f") INPUT("0", "{\\\"a\\\"") INPUT("0", ":0}")
        STOP("0") TOOL("1", "c1", "g") INPUT("1", "{\\\"b\\\"") INPUT("1", ":1}") STOP("1")
            TOOL("2", "c2", "h") INPUT("2", "{}") STOP("2") END("tool_use", "4");
    streams(STREAM, events, N(events), whole);
    /* after each event, the bytes that the client has received are a beginning of the whole
     * stream */
    for (size_t n = 1; n <= N(events); n++) {
        char *text = kit_stream(&protocol_messages, STREAM, events, n);
        assert_memory_equal(text, whole, strlen(text));
        free(text);
    }
}

static void text_that_comes_inside_a_call_waits_for_its_end(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_BEGIN(7, "c", "f"), KIT_TEXT("a"), KIT_DELTA(7, "{}"),
                                   KIT_REASONING("Hm."),   KIT_TEXT("b"), KIT_FINISH(TOOL_CALLS)};
    streams(THINKS, events, N(events),
            START TOOL("0", "c", "f") INPUT("0", "{}") STOP("0") TEXT("1") SAYS("1", "a") STOP("1")
                THOUGHT("2") THINK("2", "Hm.") STOP("2") TEXT("3") SAYS("3", "b") STOP("3")
                    END("tool_use", "1"));
}

static void many_calls_at_once_are_all_put(void **state)
{
    (void)state;
    enum { CALLS = 40 };
    beluga_event events[2 * CALLS + 1];
    for (uint32_t i = 0; i < CALLS; i++) {
        events[i] = (beluga_event)KIT_BEGIN(i, "c", "f");
        events[CALLS + i] = (beluga_event)KIT_END(i, "c", "f", "{}");
    }
    events[2 * CALLS] = (beluga_event)KIT_FINISH(TOOL_CALLS);
    char *text = kit_stream(&protocol_messages, STREAM, events, N(events));
    const char *at = text;
    char start[64], stop[96];
    for (uint32_t i = 0; i < CALLS; i++) {
        snprintf(start, sizeof start, "\"content_block_start\",\"index\":%u,", i);
        snprintf(stop, sizeof stop, "\"content_block_stop\",\"index\":%u}", i);
        at = strstr(at, start);
        assert_non_null(at);
        at = strstr(at, stop);
        assert_non_null(at);
    }
    free(text);
}

/* A tool call without arguments gets an empty object, because some clients parse the arguments as
 * JSON. */
static void arguments_that_came_in_no_piece_are_put_at_the_end(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_BEGIN(0, "c", "f"), KIT_END(0, "c", "f", "{}"),
                                   KIT_FINISH(TOOL_CALLS)};
    streams(STREAM, events, N(events),
            START TOOL("0", "c", "f") INPUT("0", "{}") STOP("0") END("tool_use", "0"));
}

static void a_name_that_was_made_to_fit_is_the_clients_again(void **state)
{
    (void)state;
    static const char body[] = BODY ",\"tools\":[{\"name\":\"a.b\",\"input_schema\":{}}]}";
    protocol_request request;
    assert_int_equal(kit_read(&request, &protocol_messages, body), 0);
    char sent[65];
    snprintf(sent, sizeof sent, "%s", request.n_renamed ? request.renamed[0].sent : "");
    protocol_request_free(&request);
    assert_string_not_equal(sent, "a.b");
    const beluga_event events[] = {KIT_BEGIN(0, "c", sent), KIT_END(0, "c", sent, "{}"),
                                   KIT_FINISH(TOOL_CALLS)};
    char *text = kit_stream(&protocol_messages, body, events, N(events));
    assert_non_null(strstr(text, TOOL("0", "c", "a.b")));
    free(text);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void each_reason_has_its_word(void **state)
{
    (void)state;
    static const struct {
        beluga_event event;
        const char *body, *reason, *sequence;
    } ends[] = {
        {KIT_FINISH(STOP), STREAM, "end_turn", "null"},
        {KIT_FINISH(UNKNOWN), STREAM, "end_turn", "null"},
        {KIT_FINISH(LENGTH), STREAM, "max_tokens", "null"},
        {FINISH_WORD(LENGTH, "model_context_window_exceeded"), STREAM,
         "model_context_window_exceeded", "null"},
        {KIT_FINISH(CONTENT_FILTER), STREAM, "refusal", "null"},
        {KIT_FINISH(PAUSE), STREAM, "pause_turn", "null"},
        {FINISH_WORD(STOP, "stop_sequence"), BODY ",\"stop_sequences\":[\"END\"]}", "stop_sequence",
         "\"END\""},
        {FINISH_WORD(STOP, "stop_sequence"), BODY ",\"stop_sequences\":[\"END\",\"FIN\"]}",
         "stop_sequence", "null"},
        /* here it is not known whether the answer is complete */
        {FINISH_WORD(OTHER, "new"), STREAM, "max_tokens", "null"},
    };
    for (size_t i = 0; i < N(ends); i++) {
        char expected[128];
        snprintf(expected, sizeof expected, "\"stop_reason\":\"%s\",\"stop_sequence\":%s",
                 ends[i].reason, ends[i].sequence);
        char *text = kit_stream(&protocol_messages, ends[i].body, &ends[i].event, 1);
        assert_non_null(strstr(text, expected));
        free(text);
        text = kit_answer(&protocol_messages, ends[i].body, &ends[i].event, 1);
        assert_non_null(strstr(text, expected));
        free(text);
    }
}

/* If the answer was cut, its last tool call may be incomplete, so the stop reason is max_tokens. */
static void an_answer_with_calls_that_was_cut_says_so(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_BEGIN(0, "c", "f"), KIT_DELTA(0, "{\"a\":"),
                                   KIT_END(0, "c", "f", "{\"a\":"), KIT_FINISH(LENGTH)};
    streams(STREAM, events, N(events),
            START TOOL("0", "c", "f") INPUT("0", "{\\\"a\\\":") STOP("0") END("max_tokens", "1"));
}

static void an_empty_answer_is_a_message_without_blocks(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_FINISH(CONTENT_FILTER)};
    streams(STREAM, events, N(events), START END("refusal", "0"));
}

/* ---- failures -------------------------------------------------------------------------------- */

#define FAILURE(type, message)                                            \
    "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"" type \
    "\",\"message\":\"" message "\"}}\n\n"

static void a_failure_is_the_last_event_wherever_it_comes(void **state)
{
    (void)state;
    static const char *const pieces[] = {START TEXT("0") SAYS("0", "a"),
                                         STOP("0") TOOL("1", "c", "f"), INPUT("1", "{\\\"a"), ""};
    beluga_error err;
    char expected[4096] = "";
    beluga_error_set(&err, BELUGA_ERROR_STREAM_CLOSED, "the stream ended early");
    const beluga_event events[] = {KIT_TEXT("a"), KIT_BEGIN(0, "c", "f"), KIT_DELTA(0, "{\"a"),
                                   KIT_BEGIN(1, "d", "g"), KIT_DELTA(1, "{}")};
    for (size_t n = 0; n <= 4; n++) {
        beluga_event cut[N(events) + 2];
        memcpy(cut, events, sizeof events);
        cut[n] = (beluga_event)KIT_ERROR(&err);
        cut[n + 1] = (beluga_event)KIT_FINISH(STOP);
        char *text = kit_stream(&protocol_messages, STREAM, cut, n + 2);
        if (n) strcat(expected, pieces[n - 1]);
        size_t length = strlen(expected);
        assert_memory_equal(text, expected, length);
        assert_string_equal(text + length, FAILURE("api_error", "the stream ended early"));
        assert_null(strstr(text, "message_stop"));
        free(text);
    }
}

static void a_failure_behind_the_end_says_nothing(void **state)
{
    (void)state;
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_NETWORK, "late");
    const beluga_event events[] = {KIT_TEXT("a"), KIT_FINISH(STOP), KIT_ERROR(&err)};
    streams(STREAM, events, N(events),
            START TEXT("0") SAYS("0", "a") STOP("0") END("end_turn", "0"));
}

/* ---- whole answers --------------------------------------------------------------------------- */

static void answers(const char *body, const beluga_event *events, size_t n, const char *expected)
{
    char *text = kit_answer(&protocol_messages, body, events, n);
    assert_string_equal(text, expected);
    free(text);
}

#define ANSWER(content, reason, usage)                                                          \
    "{\"id\":\"id-1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":" \
    "[" content "],\"stop_reason\":\"" reason "\",\"stop_sequence\":null," usage "}}"

static void a_whole_answer_has_blocks_in_their_order(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_REASONING("Hm."),
                                   KIT_SIGNED("", "EqQB", 4),
                                   KIT_TEXT("a"),
                                   KIT_BEGIN(0, "c0", "f"),
                                   KIT_END(0, "c0", "f", "{\"a\":[1, 2]}"),
                                   KIT_USAGE(100, 60, 30, 7, -1),
                                   KIT_FINISH(STOP)};
    answers(THINKS, events, N(events),
            ANSWER("{\"type\":\"thinking\",\"thinking\":\"Hm.\",\"signature\":\"EqQB\"},"
                   "{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"tool_use\",\"id\":\"c0\","
                   "\"name\":\"f\",\"input\":{\"a\":[1, 2]}}",
                   "tool_use", COUNTS("10", "30", "60", "7")));
}

static void hidden_reasoning_is_a_block_of_its_own(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_SIGNED("", "redacted_thinking:Eroc", 22),
                                   KIT_SIGNED("", "bedrock:redacted:Zm9v", 21), KIT_TEXT("a"),
                                   KIT_USAGE(1, -1, -1, 1, -1), KIT_FINISH(STOP)};
    beluga_event two[N(events)];
    memcpy(two, events, sizeof events);
    two[1].index = 1;
    answers(THINKS, two, N(two),
            ANSWER("{\"type\":\"redacted_thinking\",\"data\":\"Eroc\"},{\"type\":"
                   "\"redacted_thinking\",\"data\":\"bedrock:redacted:Zm9v\"},{\"type\":\"text\","
                   "\"text\":\"a\"}",
                   "end_turn", COUNTS("1", "0", "0", "1")));
}

static void arguments_that_are_no_object_are_a_member_of_one(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_END(0, "c0", "f", "{\"a\":"), KIT_END(1, "c1", "f", "[1]"),
                                   KIT_END(2, "c2", "f", ""), KIT_USAGE(1, -1, -1, 1, -1),
                                   KIT_FINISH(TOOL_CALLS)};
#define USE(id, input) \
    "{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"f\",\"input\":" input "}"
    answers(STREAM, events, N(events),
            ANSWER(USE("c0", "{\"arguments\":\"{\\\"a\\\":\"}") "," USE(
                       "c1", "{\"arguments\":\"[1]\"}") "," USE("c2", "{}"),
                   "tool_use", COUNTS("1", "0", "0", "1")));
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void expect_error(int code, const char *message, int status, const char *type,
                         const char *expected)
{
    beluga_error err;
    char whole[1024];
    beluga_error_set(&err, code, "%s", message);
    char *text = kit_error(&protocol_messages, &err);
    snprintf(whole, sizeof whole,
             "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":\"%s\"},"
             "\"request_id\":\"req-1\"}",
             type, expected);
    assert_string_equal(text, whole);
    assert_int_equal(protocol_messages.status(&err), status);
    free(text);
}

static void errors_have_anthropics_types_and_statuses(void **state)
{
    (void)state;
    static const struct {
        int code, status;
        const char *type;
    } errors[] = {
        {BELUGA_ERROR_INVALID_INPUT, 400, "invalid_request_error"},
        {BELUGA_ERROR_INVALID_REQUEST, 400, "invalid_request_error"},
        {BELUGA_ERROR_AUTHENTICATION, 401, "authentication_error"},
        {BELUGA_ERROR_QUOTA_EXCEEDED, 402, "billing_error"},
        {BELUGA_ERROR_BUDGET_EXCEEDED, 402, "billing_error"},
        {BELUGA_ERROR_AUTHORIZATION, 403, "permission_error"},
        {BELUGA_ERROR_INVALID_MODEL, 404, "not_found_error"},
        {BELUGA_ERROR_LIMIT_EXCEEDED, 413, "request_too_large"},
        {BELUGA_ERROR_RATE_LIMIT, 429, "rate_limit_error"},
        {BELUGA_ERROR_INTERNAL, 500, "api_error"},
        {BELUGA_ERROR_TIMEOUT, 504, "timeout_error"},
        {BELUGA_ERROR_OVERLOADED, 529, "overloaded_error"},
    };
    for (size_t i = 0; i < N(errors); i++)
        expect_error(errors[i].code, "why", errors[i].status, errors[i].type, "why");
}

/* Claude Code shortens the conversation when an error has this text with these numbers. */
static void a_prompt_that_is_too_long_is_told_in_the_words_that_clients_know(void **state)
{
    (void)state;
    static const struct {
        const char *said, *expected;
    } words[] = {
        {"prompt is too long: 208310 tokens > 200000 maximum",
         "prompt is too long: 208310 tokens > 200000 maximum"},
        {"This model's maximum context length is 8192 tokens. However, your messages resulted in "
         "9001 tokens.",
         "prompt is too long: 9001 tokens > 8192 maximum"},
        {"The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).",
         "prompt is too long: 1100000 tokens > 1048576 maximum"},
        {"gpt-4-0613 takes 8,192 tokens, and this has 10,000",
         "prompt is too long: 10000 tokens > 8192 maximum"},
        {"input is too large for 3 of 4 parts of model-2048",
         "prompt is too long: input is too large for 3 of 4 parts of model-2048"},
        {"99999999999999999999999999 tokens",
         "prompt is too long: 99999999999999999999999999 tokens"},
    };
    for (size_t i = 0; i < N(words); i++)
        expect_error(BELUGA_ERROR_CONTEXT_LENGTH, words[i].said, 400, "invalid_request_error",
                     words[i].expected);
}

static void a_ping_is_an_event_with_its_name(void **state)
{
    (void)state;
    assert_string_equal(protocol_messages.ping, "event: ping\ndata: {\"type\": \"ping\"}\n\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_one_block),
        cmocka_unit_test(usage_is_told_at_both_ends),
        cmocka_unit_test(usage_that_nobody_told_is_estimated),
        cmocka_unit_test(thinking_has_its_signature_and_then_the_text_is_another_block),
        cmocka_unit_test(each_signed_or_hidden_thought_is_a_block),
        cmocka_unit_test(thinking_is_shown_to_those_who_asked_for_it),
        cmocka_unit_test(a_call_follows_the_text_in_a_block_of_its_own),
        cmocka_unit_test(calls_that_come_interleaved_are_put_one_after_the_other),
        cmocka_unit_test(text_that_comes_inside_a_call_waits_for_its_end),
        cmocka_unit_test(many_calls_at_once_are_all_put),
        cmocka_unit_test(arguments_that_came_in_no_piece_are_put_at_the_end),
        cmocka_unit_test(a_name_that_was_made_to_fit_is_the_clients_again),
        cmocka_unit_test(each_reason_has_its_word),
        cmocka_unit_test(an_answer_with_calls_that_was_cut_says_so),
        cmocka_unit_test(an_empty_answer_is_a_message_without_blocks),
        cmocka_unit_test(a_failure_is_the_last_event_wherever_it_comes),
        cmocka_unit_test(a_failure_behind_the_end_says_nothing),
        cmocka_unit_test(a_whole_answer_has_blocks_in_their_order),
        cmocka_unit_test(hidden_reasoning_is_a_block_of_its_own),
        cmocka_unit_test(arguments_that_are_no_object_are_a_member_of_one),
        cmocka_unit_test(errors_have_anthropics_types_and_statuses),
        cmocka_unit_test(a_prompt_that_is_too_long_is_told_in_the_words_that_clients_know),
        cmocka_unit_test(a_ping_is_an_event_with_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
