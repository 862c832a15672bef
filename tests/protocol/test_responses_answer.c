/* Whole answers as objects of Responses, and errors. */
#include "protocol/protocol.h"

#include <beluga/beluga.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static beluga_response *make(const beluga_event *events, size_t n)
{
    beluga_response *response;
    beluga_response_builder *builder = beluga_response_builder_new();
    for (size_t i = 0; i < n; i++)
        assert_int_equal(beluga_response_builder_add(builder, &events[i]), 0);
    assert_int_equal(beluga_response_builder_finish(builder, &response), 0);
    beluga_response_builder_free(builder);
    return response;
}

/* Assert that these events give this answer to a request with the body. */
static void answers(const char *body, const beluga_event *events, size_t n, const char *expected)
{
    const protocol_identity identity = {.id = "resp_1", .created = 1700000000};
    protocol_request request = {0};
    const char *text;
    assert_int_equal(protocol_request_parse(&request, &protocol_responses, body, strlen(body)), 0);
    assert_int_equal(protocol_request_read(&request), 0);
    beluga_response *response = make(events, n);
    beluga_json_writer *w = beluga_json_writer_new();
    beluga_json_begin_object(w, NULL);
    protocol_responses.answer(w, &request, &identity, response);
    beluga_json_end_object(w);
    assert_int_equal(beluga_json_writer_text(w, &text, NULL), 0);
    assert_string_equal(text, expected);
    beluga_json_writer_free(w);
    beluga_response_free(response);
    protocol_request_free(&request);
}

#define ANSWERS(body, events, expected) \
    answers(body, events, sizeof(events) / sizeof *(events), expected)

#define TEXT(words) \
    {.kind = BELUGA_EVENT_TEXT, .u.text = {.text = words, .length = sizeof(words) - 1}}
#define CALL(event, n, call_id, called, json) \
    {.kind = BELUGA_EVENT_TOOL_CALL_##event,  \
     .index = n,                              \
     .u.tool_call = {                         \
         .id = call_id, .name = called, .arguments = json, .length = sizeof(json) - 1}}
#define MODEL(name)                 \
    {.kind = BELUGA_EVENT_METADATA, \
     .u.metadata = {.model = name, .provider = "p", .id = "upstream"}}
#define FINISH(why, word)         \
    {.kind = BELUGA_EVENT_FINISH, \
     .u.finish = {.reason = why, .raw = word, .raw_length = sizeof(word) - 1}}

/* ---- answers --------------------------------------------------------------------------------- */

static void an_answer_repeats_the_request_and_has_all_items(void **state)
{
    static const beluga_event events[] = {
        MODEL("real"),
        {.kind = BELUGA_EVENT_REASONING,
         .u.reasoning = {.text = "why", .length = 3, .signature = "s", .signature_length = 1}},
        TEXT("hi"),
        CALL(BEGIN, 0, "c0", "agents__wait", ""),
        CALL(END, 0, "c0", "agents__wait", "{}"),
        {.kind = BELUGA_EVENT_STATE,
         .index = 0,
         .u.state = {.of = BELUGA_PART_TOOL_CALL, .provider = "p", .json = "1", .length = 1}},
        CALL(BEGIN, 1, "c1", "patch", ""),
        CALL(END, 1, "c1", "patch", "{\"input\":\"*\"}"),
        {.kind = BELUGA_EVENT_MEDIA,
         .u.media =
             {.kind = BELUGA_PART_IMAGE, .media_type = "image/png", .bytes = "abc", .length = 3}},
        {.kind = BELUGA_EVENT_USAGE, .u.usage = {7, -1, -1, 2, -1, NULL, 0}},
        FINISH(BELUGA_FINISH_TOOL_CALLS, "tool_calls"),
    };
    (void)state;
    ANSWERS(
        "{\"model\":\"m\",\"input\":\"x\",\"instructions\":\"be\",\"temperature\":0.5,"
        "\"tool_choice\":\"required\",\"metadata\":{\"a\":\"b\"},\"max_output_tokens\":9,"
        "\"tools\":[{\"type\":\"namespace\",\"name\":\"agents\",\"tools\":[{\"type\":\"function\","
        "\"name\":\"wait\"}]},{\"type\":\"custom\",\"name\":\"patch\"}]}",
        events,
        "{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1700000000,"
        "\"status\":\"completed\",\"background\":false,\"error\":null,\"incomplete_details\":null,"
        "\"model\":\"real\",\"previous_response_id\":null,\"store\":false,\"instructions\":\"be\","
        "\"max_output_tokens\":9,\"max_tool_calls\":null,\"metadata\":{\"a\":\"b\"},"
        "\"parallel_tool_calls\":true,\"prompt_cache_key\":null,"
        "\"reasoning\":{\"effort\":null,\"summary\":null},\"safety_identifier\":null,"
        "\"service_tier\":null,\"temperature\":0.5,\"text\":{\"format\":{\"type\":\"text\"}},"
        "\"tool_choice\":\"required\",\"tools\":[{\"type\":\"namespace\",\"name\":\"agents\","
        "\"tools\":[{\"type\":\"function\",\"name\":\"wait\"}]},{\"type\":\"custom\","
        "\"name\":\"patch\"}],\"top_logprobs\":null,\"top_p\":null,\"truncation\":\"disabled\","
        "\"user\":null,\"usage\":{\"input_tokens\":7,\"input_tokens_details\":"
        "{\"cached_tokens\":0,\"cache_write_tokens\":0},\"output_tokens\":2,"
        "\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":9},\"output\":["
        "{\"id\":\"rs_1_0\",\"type\":\"reasoning\",\"status\":\"completed\",\"summary\":["
        "{\"type\":\"summary_text\",\"text\":\"why\"}],\"encrypted_content\":\"beluga:s\"},"
        "{\"id\":\"msg_1_1\",\"type\":\"message\",\"status\":\"completed\",\"role\":\"assistant\","
        "\"content\":[{\"type\":\"output_text\",\"text\":\"hi\",\"annotations\":[],"
        "\"logprobs\":[]}]},"
        "{\"id\":\"fc_1_2\",\"type\":\"function_call\",\"status\":\"completed\","
        "\"call_id\":\"c0\",\"name\":\"wait\",\"namespace\":\"agents\",\"arguments\":\"{}\"},"
        "{\"id\":\"rs_1_3\",\"type\":\"reasoning\",\"status\":\"completed\",\"summary\":[],"
        "\"encrypted_content\":\"beluga:state:call:p:1\"},"
        "{\"id\":\"ctc_1_4\",\"type\":\"custom_tool_call\",\"status\":\"completed\","
        "\"call_id\":\"c1\",\"name\":\"patch\",\"input\":\"*\"},"
        "{\"id\":\"ig_1_5\",\"type\":\"image_generation_call\",\"status\":\"completed\","
        "\"result\":\"YWJj\"}]}");
}

static void only_the_last_item_of_a_cut_answer_is_incomplete(void **state)
{
    static const beluga_event events[] = {
        {.kind = BELUGA_EVENT_REASONING, .u.reasoning = {.text = "why", .length = 3}},
        TEXT("hi"),
        FINISH(BELUGA_FINISH_LENGTH, "length"),
    };
    (void)state;
    ANSWERS(
        "{\"input\":\"x\"}", events,
        "{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1700000000,"
        "\"status\":\"incomplete\",\"background\":false,\"error\":null,"
        "\"incomplete_details\":{\"reason\":\"max_output_tokens\"},\"model\":\"\","
        "\"previous_response_id\":null,\"store\":false,\"instructions\":null,"
        "\"max_output_tokens\":null,\"max_tool_calls\":null,\"metadata\":{},"
        "\"parallel_tool_calls\":true,\"prompt_cache_key\":null,"
        "\"reasoning\":{\"effort\":null,\"summary\":null},\"safety_identifier\":null,"
        "\"service_tier\":null,\"temperature\":null,\"text\":{\"format\":{\"type\":\"text\"}},"
        "\"tool_choice\":\"auto\",\"tools\":[],\"top_logprobs\":null,\"top_p\":null,"
        "\"truncation\":\"disabled\",\"user\":null,\"usage\":null,\"output\":["
        "{\"id\":\"rs_1_0\",\"type\":\"reasoning\",\"status\":\"completed\",\"summary\":["
        "{\"type\":\"summary_text\",\"text\":\"why\"}],\"encrypted_content\":null},"
        "{\"id\":\"msg_1_1\",\"type\":\"message\",\"status\":\"incomplete\",\"role\":\"assistant\","
        "\"content\":[{\"type\":\"output_text\",\"text\":\"hi\",\"annotations\":[],"
        "\"logprobs\":[]}]}]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_repeats_the_request_and_has_all_items),
        cmocka_unit_test(only_the_last_item_of_a_cut_answer_is_incomplete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
