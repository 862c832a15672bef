/* Answers of Chat Completions: the bytes of streams and of whole answers, and failures at every
 * point of a stream. */
#include "protocol_kit.h"
#include "support/torture.h"

#include <beluga/allocator.h>
#include <beluga/error.h>

#include <stdio.h>

#define N(list) (sizeof(list) / sizeof((list)[0]))
#define BODY    "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"
#define STREAM  BODY ",\"stream\":true"
#define USAGE   STREAM ",\"stream_options\":{\"include_usage\":true}"
#define TOOLS   ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]"
#define OLD     ",\"functions\":[{\"name\":\"f\"}]"

#define ABOUT                                                                             \
    "data: {\"id\":\"id-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000," \
    "\"model\":\"m\",\"choices\":["
#define CHUNK(delta) ABOUT "{\"index\":0,\"delta\":{" delta "},\"finish_reason\":null}]}\n\n"
#define LAST(reason) ABOUT "{\"index\":0,\"delta\":{},\"finish_reason\":\"" reason "\"}]}\n\n"
#define ROLE         "\"role\":\"assistant\","
#define DONE         "data: [DONE]\n\n"

static void streams(const char *body, const beluga_event *events, size_t n, const char *expected)
{
    char *text = kit_stream(&protocol_chat, body, events, n);
    assert_string_equal(text, expected);
    free(text);
}

/* ---- the chunks of streams ------------------------------------------------------------------- */

static void a_text_is_a_chunk_for_each_piece(void **state)
{
    (void)state;
    const beluga_event events[] = {
        KIT_METADATA("other"),     KIT_TEXT("Hel\"lo\n"),       KIT_TEXT(""),
        KIT_TEXT("\xc3\xa4 \x01"), KIT_USAGE(3, -1, -1, 2, -1), KIT_FINISH(STOP)};
    streams(STREAM "}", events, N(events),
            CHUNK(ROLE "\"content\":\"Hel\\\"lo\\n\"") CHUNK("\"content\":\"\xc3\xa4 \\u0001\"")
                LAST("stop") DONE);
}

static void usage_comes_where_it_was_asked_for(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_TEXT("a"), KIT_USAGE(10, 4, 3, 7, 5), KIT_FINISH(LENGTH)};
    streams(USAGE "}", events, N(events),
            CHUNK(ROLE "\"content\":\"a\"") LAST("length") ABOUT
            "],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":7,\"total_tokens\":17,"
            "\"prompt_tokens_details\":{\"cached_tokens\":4,\"cache_write_tokens\":3},"
            "\"completion_tokens_details\":{\"reasoning_tokens\":5}}}\n\n" DONE);
}

/* An unknown count of tokens must not be written as 0. */
static void usage_that_nobody_told_is_left_out(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_TEXT("a"), KIT_FINISH(STOP)};
    streams(USAGE "}", events, N(events), CHUNK(ROLE "\"content\":\"a\"") LAST("stop") DONE);
}

static void reasoning_comes_as_reasoning_content(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_REASONING("Hm."), KIT_SIGNED("", "proof", 5), KIT_TEXT("a"),
                                   KIT_FINISH(STOP)};
    streams(STREAM "}", events, N(events),
            CHUNK(ROLE "\"reasoning_content\":\"Hm.\"") CHUNK("\"content\":\"a\"") LAST("stop")
                DONE);
}

#define CALL(number, id, name)                           \
    "\"tool_calls\":[{\"index\":" number ",\"id\":\"" id \
    "\",\"type\":\"function\",\"function\":{\"name\":\"" name "\",\"arguments\":\"\"}}]"
#define ARGUMENTS(number, text) \
    "\"tool_calls\":[{\"index\":" number ",\"function\":{\"arguments\":\"" text "\"}}]"

/* The numbers of tool calls in our events have gaps, and pieces of several tool calls may
 * alternate. Clients store the tool calls in a list, so they need numbers without gaps. */
static void calls_are_numbered_without_gaps(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_BEGIN(2, "call_x.1:y", "f"),
                                   KIT_DELTA(2, "{\"a\":"),
                                   KIT_BEGIN(7, "c2", "g"),
                                   KIT_DELTA(7, "[]"),
                                   KIT_DELTA(2, "1}"),
                                   KIT_END(7, "c2", "g", "[]"),
                                   KIT_END(2, "c1", "f", "{}"),
                                   KIT_FINISH(STOP)};
    streams(STREAM TOOLS "}", events, N(events),
            CHUNK(ROLE CALL("0", "call_x.1:y", "f")) CHUNK(ARGUMENTS("0", "{\\\"a\\\":"))
                CHUNK(CALL("1", "c2", "g")) CHUNK(ARGUMENTS("1", "[]")) CHUNK(ARGUMENTS("0", "1}"))
                    LAST("tool_calls") DONE);
}

static void arguments_that_did_not_come_in_pieces_are_sent_whole(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_BEGIN(0, "a", "f"), KIT_END(0, "a", "f", "{\"x\":1}"),
                                   KIT_BEGIN(1, "b", "f"), KIT_END(1, "b", "f", ""),
                                   KIT_FINISH(TOOL_CALLS)};
    streams(STREAM TOOLS "}", events, N(events),
            CHUNK(ROLE CALL("0", "a", "f")) CHUNK(ARGUMENTS("0", "{\\\"x\\\":1}"))
                CHUNK(CALL("1", "b", "f")) CHUNK(ARGUMENTS("1", "{}")) LAST("tool_calls") DONE);
}

static void a_call_that_was_cut_is_no_call(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_BEGIN(0, "a", "f"), KIT_DELTA(0, "{\"x"),
                                   KIT_FINISH(LENGTH)};
    streams(STREAM TOOLS "}", events, N(events),
            CHUNK(ROLE CALL("0", "a", "f")) CHUNK(ARGUMENTS("0", "{\\\"x")) LAST("length") DONE);
}

static void twenty_calls_keep_their_numbers(void **state)
{
    (void)state;
    beluga_event events[41];
    for (uint32_t i = 0; i < 20; i++) {
        events[i] = (beluga_event)KIT_BEGIN(i * 3, "a", "f");
        events[20 + i] = (beluga_event)KIT_END((19 - i) * 3, "a", "f", "1");
    }
    events[40] = (beluga_event)KIT_FINISH(STOP);
    char *text = kit_stream(&protocol_chat, STREAM TOOLS "}", events, 41);
    assert_non_null(strstr(text, CHUNK(CALL("19", "a", "f")) CHUNK(ARGUMENTS("19", "1"))));
    assert_non_null(strstr(text, CHUNK(ARGUMENTS("1", "1")) CHUNK(ARGUMENTS("0", "1"))));
    free(text);
}

static void a_call_of_old_clients_is_a_function_call(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_BEGIN(0, "a", "f"),     KIT_DELTA(0, "{}"),
                                   KIT_END(0, "a", "f", "{}"), KIT_BEGIN(1, "b", "f"),
                                   KIT_END(1, "b", "f", "{}"), KIT_FINISH(TOOL_CALLS)};
    streams(STREAM OLD "}", events, N(events),
            CHUNK(ROLE "\"function_call\":{\"name\":\"f\",\"arguments\":\"\"}")
                CHUNK("\"function_call\":{\"arguments\":\"{}\"}") LAST("function_call") DONE);
}

static void a_call_has_the_name_that_the_client_gave(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_BEGIN(0, "a", "fs_read_d154e2a4"),
                                   KIT_END(0, "a", "fs_read_d154e2a4", "{}"), KIT_FINISH(STOP)};
    streams(STREAM ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"fs.read\"}}]}",
            events, N(events),
            CHUNK(ROLE CALL("0", "a", "fs.read")) CHUNK(ARGUMENTS("0", "{}")) LAST("tool_calls")
                DONE);
}

static void images_come_as_openrouter_has_them(void **state)
{
    (void)state;
    const beluga_event events[] = {
        {.kind = BELUGA_EVENT_MEDIA,
         .u.media = {.kind = BELUGA_PART_IMAGE, .media_type = "image/png", "abc", 3, NULL}},
        {.kind = BELUGA_EVENT_MEDIA,
         .u.media = {.kind = BELUGA_PART_IMAGE, NULL, NULL, 0, "https://example.com/a"}},
        {.kind = BELUGA_EVENT_MEDIA, .u.media = {.kind = BELUGA_PART_AUDIO, "audio/wav", "a", 1}},
        KIT_FINISH(STOP)};
    streams(STREAM "}", events, N(events),
            CHUNK(ROLE "\"images\":[{\"type\":\"image_url\",\"index\":0,\"image_url\":"
                       "{\"url\":\"data:image/png;base64,YWJj\"}}]")
                CHUNK("\"images\":[{\"type\":\"image_url\",\"index\":1,\"image_url\":"
                      "{\"url\":\"https://example.com/a\"}}]") LAST("stop") DONE);
}

static void an_empty_answer_has_a_role_and_an_end(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_FINISH(CONTENT_FILTER), KIT_TEXT("late"), KIT_FINISH(STOP)};
    streams(STREAM "}", events, N(events),
            CHUNK(ROLE "\"content\":\"\"") LAST("content_filter") DONE);
}

static void only_a_whole_answer_ends_with_stop(void **state)
{
    (void)state;
    static const struct {
        uint32_t reason;
        const char *word;
    } reasons[] = {{BELUGA_FINISH_UNKNOWN, "stop"},
                   {BELUGA_FINISH_STOP, "stop"},
                   {BELUGA_FINISH_LENGTH, "length"},
                   {BELUGA_FINISH_TOOL_CALLS, "stop"},
                   {BELUGA_FINISH_CONTENT_FILTER, "content_filter"},
                   {BELUGA_FINISH_OTHER, "length"},
                   {BELUGA_FINISH_PAUSE, "length"}};
    for (size_t i = 0; i < N(reasons); i++) {
        char word[64];
        const beluga_event events[] = {
            KIT_TEXT("a"), {.kind = BELUGA_EVENT_FINISH, .u.finish.reason = reasons[i].reason}};
        char *text = kit_stream(&protocol_chat, STREAM "}", events, N(events));
        snprintf(word, sizeof word, "\"finish_reason\":\"%s\"}]}\n\n" DONE, reasons[i].word);
        assert_non_null(strstr(text, word));
        free(text);
    }
}

/* If another model replaced the first model before there was content, the stream must have the name
 * of the other model. */
static void a_stream_without_a_name_has_that_of_who_answered(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_METADATA("first"), KIT_RESTART, KIT_METADATA("seco\"nd"),
                                   KIT_TEXT("a"), KIT_FINISH(STOP)};
    protocol_request request;
    beluga__buf out;
    protocol_identity unnamed = kit_identity;
    unnamed.model = NULL;
    assert_int_equal(kit_read(&request, &protocol_chat, STREAM "}"), 0);
    beluga__buf_init(&out, beluga_allocator_default(), 4096);
    protocol_stream *stream = protocol_stream_new(&request, &unnamed, &out);
    for (size_t i = 0; i < N(events); i++)
        assert_int_equal(protocol_chat.event(stream, &events[i]), 0);
    assert_non_null(strstr(out.data, "\"model\":\"seco\\\"nd\",\"choices\":[{\"index\":0,"
                                     "\"delta\":{" ROLE "\"content\":\"a\"}"));
    assert_null(strstr(out.data, "first"));
    protocol_stream_free(stream);
    protocol_request_free(&request);
    beluga__buf_free(&out);
}

/* ---- failures -------------------------------------------------------------------------------- */

/* Whatever was written before, the stream ends with the error, and has neither a finish reason nor
 * [DONE] after it. */
static void a_failure_at_each_point_is_seen(void **state)
{
    (void)state;
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_STREAM_CLOSED, "the stream ended early");
    const beluga_event events[] = {KIT_METADATA("m"),       KIT_REASONING("Hm."),
                                   KIT_TEXT("Hello"),       KIT_BEGIN(0, "a", "f"),
                                   KIT_DELTA(0, "{\"x"),    KIT_END(0, "a", "f", "{}"),
                                   KIT_USAGE(1, 1, 1, 1, 1)};
    static const char end[] = "data: {\"error\":{\"message\":\"the stream ended early\",\"type\":"
                              "\"server_error\",\"param\":null,\"code\":\"stream_closed\"}}\n\n";
    for (size_t n = 0; n <= N(events); n++) {
        beluga_event cut[N(events) + 3];
        memcpy(cut, events, n * sizeof *events);
        cut[n] = (beluga_event)KIT_ERROR(&err);
        cut[n + 1] = (beluga_event)KIT_FINISH(STOP); /* nothing follows */
        cut[n + 2] = (beluga_event)KIT_ERROR(&err);
        char *text = kit_stream(&protocol_chat, USAGE TOOLS "}", cut, n + 3);
        size_t length = strlen(text);
        assert_true(length >= sizeof end - 1);
        assert_string_equal(text + length - (sizeof end - 1), end);
        assert_null(strstr(text, "[DONE]"));
        assert_null(strstr(text, "\"finish_reason\":\""));
        free(text);
    }
}

static void an_answer_that_begins_anew_behind_content_has_failed(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_TEXT("half"), KIT_RESTART, KIT_TEXT("whole"),
                                   KIT_FINISH(STOP)};
    streams(STREAM "}", events, N(events),
            CHUNK(ROLE "\"content\":\"half\"") "data: {\"error\":{\"message\":\"the provider "
                                               "started the answer again, which this stream can't "
                                               "show: send the request again\",\"type\":"
                                               "\"server_error\",\"param\":null,\"code\":\"stream_"
                                               "error\"}}\n\n");
}

/* If the buffer is full, writing fails, and the stream does not count as ended. */
static void a_full_buffer_is_told(void **state)
{
    (void)state;
    const beluga_event text = KIT_TEXT("a"), end = KIT_FINISH(STOP);
    for (size_t max = 0; max < 400; max += 7) {
        protocol_request request;
        beluga__buf out;
        assert_int_equal(kit_read(&request, &protocol_chat, STREAM "}"), 0);
        beluga__buf_init(&out, beluga_allocator_default(), max);
        protocol_stream *stream = protocol_stream_new(&request, &kit_identity, &out);
        int rc = protocol_chat.event(stream, &text);
        if (rc == 0) rc = protocol_chat.event(stream, &end);
        assert_true(rc ? !strstr(out.data, "[DONE]\n\n") : !!strstr(out.data, "[DONE]\n\n"));
        protocol_stream_free(stream);
        protocol_request_free(&request);
        beluga__buf_free(&out);
    }
}

/* ---- memory ---------------------------------------------------------------------------------- */

static const beluga_event rich[] = {KIT_REASONING("Hm."),      KIT_TEXT("a\n"),
                                    KIT_BEGIN(3, "c0", "f"),   KIT_DELTA(3, "{\"a\":"),
                                    KIT_DELTA(3, "1}"),        KIT_END(3, "c0", "f", "{\"a\":1}"),
                                    KIT_USAGE(9, 3, -1, 4, 2), KIT_FINISH(TOOL_CALLS)};

static const char rich_body[] =
    "{\"messages\":[{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"s\","
    "\"cache_control\":{\"type\":\"ephemeral\"}}]},{\"role\":\"user\",\"content\":[{\"type\":"
    "\"file\",\"file\":{\"file_data\":\"data:application/pdf;base64,JVBERi0=\"}},{\"type\":"
    "\"input_audio\",\"input_audio\":{\"data\":\"UklG\",\"format\":\"wav\"}}]},{\"role\":"
    "\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"function\":{\"name\":\"a.b\",\"arguments\":"
    "\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"r\"}],\"tools\":[{\"type\":"
    "\"function\",\"function\":{\"name\":\"a.b\",\"parameters\":{}}}],\"response_format\":"
    "{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{}}},\"new\":1,\"stream_options\":"
    "{\"include_usage\":true}}";

/* Write the events as a stream. The events of tool calls are written `times` times. */
static int write_stream(const protocol_request *request, size_t times, beluga__buf *out)
{
    int rc = 0;
    protocol_stream *stream = protocol_stream_new(request, &kit_identity, out);
    if (!stream) return BELUGA_ERROR_NO_MEMORY;
    for (size_t i = 0; i < N(rich) && !rc; i++)
        for (size_t k = 0; k < (i < 2 || i == 4 ? times : 1) && !rc; k++)
            rc = protocol_chat.event(stream, &rich[i]);
    protocol_stream_free(stream);
    return rc;
}

static int read_and_write(void *argument)
{
    protocol_request request;
    beluga__buf out;
    int rc = kit_read(&request, &protocol_chat, rich_body);
    beluga__buf_init(&out, beluga_allocator_default(), 1 << 20);
    if (!rc) rc = beluga__buf_reserve(&out, 1 << 19);
    if (!rc) rc = write_stream(&request, *(const size_t *)argument, &out);
    beluga__buf_free(&out);
    protocol_request_free(&request);
    return rc;
}

static void memory_that_runs_out_is_told_at_every_point(void **state)
{
    size_t times = 1;
    (void)state;
    assert_true(torture_run(read_and_write, &times) > 20);
}

static void an_event_allocates_nothing(void **state)
{
    size_t once = 1, often = 500;
    (void)state;
    assert_int_equal(torture_count(read_and_write, &once), torture_count(read_and_write, &often));
}

/* ---- whole answers --------------------------------------------------------------------------- */

static void answers(const char *body, const beluga_event *events, size_t n, const char *expected)
{
    char *text = kit_answer(&protocol_chat, body, events, n);
    assert_string_equal(text, expected);
    free(text);
}

#define WHOLE                                                                           \
    "{\"id\":\"id-1\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":" \
    "\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"

static void a_whole_answer_has_all_members(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_REASONING("Hm."), KIT_TEXT("Hello"),
                                   KIT_USAGE(10, 4, -1, 7, 5), KIT_FINISH(STOP)};
    answers(BODY "}", events, N(events),
            WHOLE "\"Hello\",\"refusal\":null,\"reasoning_content\":\"Hm.\"},"
                  "\"finish_reason\":\"stop\",\"logprobs\":null}],\"usage\":{\"prompt_tokens\":10,"
                  "\"completion_tokens\":7,\"total_tokens\":17,\"prompt_tokens_details\":"
                  "{\"cached_tokens\":4},\"completion_tokens_details\":"
                  "{\"reasoning_tokens\":5}}}");
}

static void an_answer_of_calls_alone_has_no_content(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_BEGIN(3, "a", "f"), KIT_END(3, "a", "f", "{\"x\":1}"),
                                   KIT_FINISH(STOP)};
    answers(BODY TOOLS "}", events, N(events),
            WHOLE "null,\"refusal\":null,\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\","
                  "\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"}}]},"
                  "\"finish_reason\":\"tool_calls\",\"logprobs\":null}]}");
    answers(BODY OLD "}", events, N(events),
            WHOLE "null,\"refusal\":null,\"function_call\":{\"name\":\"f\",\"arguments\":"
                  "\"{\\\"x\\\":1}\"}},\"finish_reason\":\"function_call\",\"logprobs\":null}]}");
}

static void an_image_is_part_of_a_whole_answer(void **state)
{
    (void)state;
    const beluga_event events[] = {
        {.kind = BELUGA_EVENT_MEDIA,
         .u.media = {.kind = BELUGA_PART_IMAGE, .media_type = "image/png", "abc", 3, NULL}},
        KIT_FINISH(STOP)};
    answers(BODY "}", events, N(events),
            WHOLE "\"\",\"refusal\":null,\"images\":[{\"type\":\"image_url\",\"index\":0,"
                  "\"image_url\":{\"url\":\"data:image/png;base64,YWJj\"}}]},"
                  "\"finish_reason\":\"stop\",\"logprobs\":null}]}");
}

/* ---- errors ---------------------------------------------------------------------------------- */

typedef struct fault_case {
    int code, status;
    const char *type, *word;
} fault_case;

static void each_kind_of_error_has_its_status_and_words(void **state)
{
    (void)state;
    static const fault_case cases[] = {
        {BELUGA_ERROR_AUTHENTICATION, 401, "authentication_error", "invalid_api_key"},
        {BELUGA_ERROR_AUTHORIZATION, 403, "permission_error", "permission_denied"},
        {BELUGA_ERROR_INVALID_MODEL, 404, "invalid_request_error", "model_not_found"},
        {BELUGA_ERROR_LIMIT_EXCEEDED, 413, "invalid_request_error", "request_too_large"},
        {BELUGA_ERROR_RATE_LIMIT, 429, "rate_limit_exceeded", "rate_limit_exceeded"},
        {BELUGA_ERROR_QUOTA_EXCEEDED, 429, "insufficient_quota", "insufficient_quota"},
        {BELUGA_ERROR_BUDGET_EXCEEDED, 429, "insufficient_quota", "insufficient_quota"},
        {BELUGA_ERROR_CONTEXT_LENGTH, 400, "invalid_request_error", "context_length_exceeded"},
        {BELUGA_ERROR_CONTENT_FILTER, 400, "invalid_request_error", "content_policy_violation"},
        {BELUGA_ERROR_NOT_SUPPORTED, 400, "invalid_request_error", "unsupported_value"},
        {BELUGA_ERROR_INTERNAL, 500, "server_error", "server_error"},
        {BELUGA_ERROR_NETWORK, 502, "server_error", "network_error"},
        {BELUGA_ERROR_STREAM_CLOSED, 502, "server_error", "stream_closed"},
        {BELUGA_ERROR_OVERLOADED, 503, "server_error", "overloaded"},
        {BELUGA_ERROR_CIRCUIT_OPEN, 503, "server_error", "circuit_open"},
        {BELUGA_ERROR_NO_MEMORY, 503, "server_error", "no_memory"},
        {BELUGA_ERROR_TIMEOUT, 504, "server_error", "timeout"},
        {BELUGA_ERROR_CONTEXT_TIMEOUT, 504, "server_error", "timeout"},
    };
    for (size_t i = 0; i < N(cases); i++) {
        char expected[256];
        beluga_error err;
        beluga_error_set(&err, cases[i].code, "what: to do");
        beluga_error_set_cause(&err, "why", 3);
        err.attempts = 0;
        char *text = kit_error(&protocol_chat, &err);
        snprintf(expected, sizeof expected,
                 "{\"error\":{\"message\":\"what: to do (why)\",\"type\":\"%s\",\"param\":null,"
                 "\"code\":\"%s\"}}",
                 cases[i].type, cases[i].word);
        assert_string_equal(text, expected);
        assert_int_equal(protocol_chat.status(&err), cases[i].status);
        free(text);
    }
}

/* Clients decide by the status whether to repeat a call, so each kind of error needs a status and a
 * type. */
static void no_kind_of_error_was_forgotten(void **state)
{
    (void)state;
    for (int code = 0; code >= -BELUGA_ERROR_COUNT - 1; code--) {
        beluga_error err;
        beluga_error_set(&err, code, "x");
        int status = protocol_chat.status(&err);
        char *text = kit_error(&protocol_chat, &err);
        assert_true(status >= 400 && status < 600);
        assert_null(strstr(text, "\"type\":null"));
        assert_null(strstr(text, "\"code\":null"));
        free(text);
    }
}

static void an_answer_that_was_too_large_is_not_the_clients_fault(void **state)
{
    (void)state;
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_LIMIT_EXCEEDED, "the answer is too large");
    err.attempts = 1;
    err.http_status = 200;
    assert_int_equal(protocol_chat.status(&err), 502);
    err.http_status = 413;
    assert_int_equal(protocol_chat.status(&err), 413);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_a_chunk_for_each_piece),
        cmocka_unit_test(usage_comes_where_it_was_asked_for),
        cmocka_unit_test(usage_that_nobody_told_is_left_out),
        cmocka_unit_test(reasoning_comes_as_reasoning_content),
        cmocka_unit_test(calls_are_numbered_without_gaps),
        cmocka_unit_test(arguments_that_did_not_come_in_pieces_are_sent_whole),
        cmocka_unit_test(a_call_that_was_cut_is_no_call),
        cmocka_unit_test(twenty_calls_keep_their_numbers),
        cmocka_unit_test(a_call_of_old_clients_is_a_function_call),
        cmocka_unit_test(a_call_has_the_name_that_the_client_gave),
        cmocka_unit_test(images_come_as_openrouter_has_them),
        cmocka_unit_test(an_empty_answer_has_a_role_and_an_end),
        cmocka_unit_test(only_a_whole_answer_ends_with_stop),
        cmocka_unit_test(a_stream_without_a_name_has_that_of_who_answered),
        cmocka_unit_test(a_failure_at_each_point_is_seen),
        cmocka_unit_test(an_answer_that_begins_anew_behind_content_has_failed),
        cmocka_unit_test(a_full_buffer_is_told),
        cmocka_unit_test(memory_that_runs_out_is_told_at_every_point),
        cmocka_unit_test(an_event_allocates_nothing),
        cmocka_unit_test(a_whole_answer_has_all_members),
        cmocka_unit_test(an_answer_of_calls_alone_has_no_content),
        cmocka_unit_test(an_image_is_part_of_a_whole_answer),
        cmocka_unit_test(each_kind_of_error_has_its_status_and_words),
        cmocka_unit_test(no_kind_of_error_was_forgotten),
        cmocka_unit_test(an_answer_that_was_too_large_is_not_the_clients_fault),
    };
    return cmocka_run_group_tests_name("chat streams", tests, NULL, NULL);
}
