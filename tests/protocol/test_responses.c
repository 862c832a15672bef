/* Bodies of requests to Responses, which become messages, tools and options, or are refused. */
#include "protocol/protocol.h"
#include "said.h"

#include <beluga/beluga.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* ---- the request that was read --------------------------------------------------------------- */

/* The request that was read last. */
static protocol_request request;

static int read_body(const char *body)
{
    protocol_request_free(&request);
    int rc = protocol_request_parse(&request, &protocol_responses, body, strlen(body));
    return rc ? rc : protocol_request_read(&request);
}

static int forget(void **state)
{
    (void)state;
    protocol_request_free(&request);
    return 0;
}

static void reads(const char *body, const char *messages)
{
    int rc = read_body(body);
    if (rc) fail_msg("%s: %s", beluga_error_name(rc), request.why);
    assert_string_equal(said(request.messages), messages);
}

static void refuses(const char *body, const char *why)
{
    assert_int_equal(read_body(body), BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(request.why, why);
}

static const beluga_option *option(int key)
{
    for (size_t i = 0; i < request.n_options; i++)
        if (request.options[i].key == key) return &request.options[i];
    return NULL;
}

/* ---- input ----------------------------------------------------------------------------------- */

static void a_text_is_an_input(void **state)
{
    (void)state;
    reads("{\"model\":\"m\",\"input\":\"hi\"}", "human: 'hi'\n");
}

static void instructions_stand_before_the_input(void **state)
{
    (void)state;
    reads("{\"instructions\":\"be short\",\"input\":\"hi\"}", "system: 'be short'\nhuman: 'hi'\n");
}

/* A body as openai-python sends it for client.responses.create, where items may lack "type". */
static void messages_have_texts_and_parts(void **state)
{
    (void)state;
    reads("{\"input\":["
          "{\"role\":\"developer\",\"content\":\"d\"},"
          "{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"look\"},"
          "{\"type\":\"input_image\",\"detail\":\"auto\",\"image_url\":\"https://a/i.png\"}]},"
          "{\"role\":\"assistant\",\"type\":\"message\",\"id\":\"msg_1\",\"status\":\"completed\","
          "\"content\":[{\"type\":\"output_text\",\"text\":\"a cat\",\"annotations\":[]},"
          "{\"type\":\"refusal\",\"refusal\":\"no\"}]},"
          "{\"role\":\"system\",\"content\":\"s\"}]}",
          "system: 'd'\nhuman: 'look' image(https://a/i.png)\nai: 'a cat' 'no'\nsystem: 's'\n");
}

/* The second request that Codex 0.171.0 makes in a turn: one answer, of reasoning, a message and
 * two tool calls (one of them in a namespace), and the results of the tool calls. */
static void items_of_one_answer_are_one_message(void **state)
{
    (void)state;
    reads("{\"model\":\"m\",\"stream\":true,\"input\":["
          "{\"type\":\"message\",\"id\":\"msg_0\",\"role\":\"user\","
          "\"content\":[{\"type\":\"input_text\",\"text\":\"go\"}]},"
          "{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[{\"type\":\"summary_text\","
          "\"text\":\"one\"},{\"type\":\"summary_text\",\"text\":\"two\"}],\"content\":null,"
          "\"encrypted_content\":\"beluga:sig\"},"
          "{\"type\":\"message\",\"status\":\"completed\",\"id\":\"msg_1\",\"role\":\"assistant\","
          "\"content\":[{\"type\":\"output_text\",\"text\":\"let me\",\"annotations\":[]}]},"
          "{\"type\":\"function_call\",\"id\":\"fc_1\",\"name\":\"wait\",\"namespace\":\"agents\","
          "\"arguments\":\"{\\\"n\\\":1}\",\"call_id\":\"call_1\"},"
          "{\"type\":\"function_call\",\"id\":\"fc_2\",\"name\":\"exec\",\"arguments\":\"{}\","
          "\"call_id\":\"call_2\"},"
          "{\"type\":\"function_call_output\",\"id\":\"fco_1\",\"call_id\":\"call_1\","
          "\"output\":\"done\"},"
          "{\"type\":\"function_call_output\",\"id\":\"fco_2\",\"call_id\":\"call_2\","
          "\"output\":[{\"type\":\"input_text\",\"text\":\"see\"},"
          "{\"type\":\"input_image\",\"image_url\":\"data:image/png;base64,AAAA\"}]}]}",
          "human: 'go'\n"
          "ai: thought('one\n\ntwo' signed 'sig') 'let me' call(call_1 agents__wait '{\"n\":1}') "
          "call(call_2 exec '{}')\n"
          "tool call_1: 'done'\n"
          "tool call_2: 'see' image(data:image/png;base64,AAAA)\n");
}

static void reasoning_of_openai_goes_back_to_openai(void **state)
{
    (void)state;
    reads("{\"input\":[{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[],"
          "\"encrypted_content\":\"gAAA\"},{\"role\":\"user\",\"content\":\"on\"}]}",
          "ai: thought('' signed 'openai:rs_1:gAAA')\nhuman: 'on'\n");
}

static void reasoning_in_plain_words_is_kept_and_empty_reasoning_is_not(void **state)
{
    (void)state;
    reads("{\"input\":[{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[]},"
          "{\"role\":\"user\",\"content\":\"on\"},"
          "{\"type\":\"reasoning\",\"id\":\"rs_2\",\"summary\":[],\"encrypted_content\":null,"
          "\"content\":[{\"type\":\"reasoning_text\",\"text\":\"hm\"}]}]}",
          "human: 'on'\nai: thought('hm')\n");
}

/* A client sends back the items that our own streams have written. A reasoning item with
 * "beluga:state:…" has the state of the part before it, or is a part that is only state. */
static void the_state_of_a_part_stands_behind_it(void **state)
{
    (void)state;
    reads("{\"input\":[{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[{\"text\":\"a\"}]},"
          "{\"type\":\"reasoning\",\"id\":\"rs_2\",\"summary\":[],"
          "\"encrypted_content\":\"beluga:state:reasoning:p:[1]\"},"
          "{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":\"{}\"},"
          "{\"type\":\"reasoning\",\"id\":\"rs_3\",\"summary\":[],"
          "\"encrypted_content\":\"beluga:state:call:p:{\\\"x\\\":2}\"},"
          "{\"type\":\"reasoning\",\"id\":\"rs_4\",\"summary\":[],"
          "\"encrypted_content\":\"beluga:state:part:q:3\"}]}",
          "ai: thought('a')+state(p [1]) call(c f '{}')+state(p {\"x\":2}) state(q 3)\n");
    refuses("{\"input\":[{\"type\":\"reasoning\",\"id\":\"rs_4\",\"summary\":[],"
            "\"encrypted_content\":\"beluga:state:part:q:{\"}]}",
            "input[0].encrypted_content: it was altered by the client");
}

static void calls_of_custom_tools_have_one_argument(void **state)
{
    (void)state;
    reads("{\"input\":[{\"type\":\"custom_tool_call\",\"call_id\":\"c\",\"name\":\"apply_patch\","
          "\"input\":\"*** \\\"Begin\\\"\"},"
          "{\"type\":\"custom_tool_call_output\",\"call_id\":\"c\",\"output\":\"ok\"}]}",
          "ai: call(c apply_patch '{\"input\":\"*** \\\"Begin\\\"\"}')\ntool c: 'ok'\n");
}

static void what_tools_of_openai_did_is_left_out_and_named(void **state)
{
    (void)state;
    reads("{\"input\":[{\"role\":\"user\",\"content\":\"q\"},"
          "{\"type\":\"web_search_call\",\"id\":\"ws_1\",\"status\":\"completed\","
          "\"action\":{\"type\":\"search\",\"query\":\"x\"}},"
          "{\"type\":\"local_shell_call\",\"id\":\"l\",\"call_id\":\"c\",\"status\":\"completed\","
          "\"action\":{\"type\":\"exec\",\"command\":[\"ls\"],\"env\":{}}},"
          "{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":\"a\"},"
          "{\"type\":\"of_tomorrow\",\"x\":1}]}",
          "human: 'q'\n"
          "ai: call(c local_shell '{\"type\":\"exec\",\"command\":[\"ls\"],\"env\":{}}')\n"
          "tool c: 'a'\n");
    assert_string_equal(request.dropped, "web_search_call, of_tomorrow");
}

static void what_was_kept_elsewhere_is_refused_with_what_to_do(void **state)
{
    (void)state;
    refuses("{\"input\":\"x\",\"previous_response_id\":\"resp_1\"}",
            "previous_response_id: beluga stores nothing between requests: send the "
            "whole conversation as input, with store: false");
    refuses("{\"input\":[{\"type\":\"item_reference\",\"id\":\"msg_1\"}]}",
            "input[0].type: beluga does not store items: send the item itself instead of a "
            "reference to it");
    refuses("{\"input\":[{\"id\":\"msg_1\"}]}",
            "input[0].type: beluga does not store items: send the item itself instead of a "
            "reference to it");
    refuses("{\"input\":\"x\",\"background\":true}",
            "background: beluga does not answer in the background: leave this member out");
}

static void what_is_wrong_is_named_by_its_place(void **state)
{
    (void)state;
    refuses("{\"model\":\"m\"}",
            "input: it is missing, empty, or neither a text nor a list of items");
    refuses("{\"input\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"clown\"}]}",
            "input[1].role: there is no role clown");
    refuses("{\"input\":[{\"type\":\"function_call\",\"name\":\"f\",\"arguments\":\"{}\"}]}",
            "input[0].call_id: it is missing");
    refuses("{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\","
            "\"file_id\":\"file-1\"}]}]}",
            "input[0].content[0].file_id: beluga does not store files: send the image itself");
}

/* OpenAI would refuse signatures of other providers, so such a body is not passed on unchanged. */
static void a_body_with_our_signatures_does_not_go_out_as_it_came(void **state)
{
    (void)state;
    assert_int_equal(read_body("{\"input\":\"beluga:\"}"), 0);
    assert_true(protocol_responses.passes(&request));
    assert_int_equal(read_body("{\"input\":[{\"type\":\"reasoning\",\"id\":\"rs_1\","
                               "\"summary\":[],\"encrypted_content\":\"gAAA\"}]}"),
                     0);
    assert_true(protocol_responses.passes(&request));
    assert_int_equal(read_body("{\"input\":[{\"role\":\"user\",\"content\":\"x\"},"
                               "{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[],"
                               "\"encrypted_content\":\"beluga:s\"}]}"),
                     0);
    assert_false(protocol_responses.passes(&request));
}

/* ---- tools ----------------------------------------------------------------------------------- */

/* One tool of each kind that Codex 0.171.0 sends; apply_patch is in the form for its coding
 * models. */
#define CODEX_TOOLS                                                                                \
    "\"tools\":[{\"type\":\"function\",\"name\":\"exec\",\"description\":\"run it\","              \
    "\"strict\":false,\"parameters\":{\"type\":\"object\",\"properties\":{}}},"                    \
    "{\"type\":\"namespace\",\"name\":\"agents\",\"description\":\"others\",\"tools\":["           \
    "{\"type\":\"function\",\"name\":\"wait\",\"description\":\"\",\"strict\":false,"              \
    "\"parameters\":{\"type\":\"object\"}}]},"                                                     \
    "{\"type\":\"custom\",\"name\":\"apply_patch\",\"description\":\"edit\",\"format\":{\"type\":" \
    "\"grammar\",\"syntax\":\"lark\",\"definition\":\"start: a\"}},"                               \
    "{\"type\":\"web_search\",\"external_web_access\":false}]"

static void tools_of_all_kinds_become_functions_or_are_named(void **state)
{
    (void)state;
    reads("{\"input\":\"x\"," CODEX_TOOLS "}", "human: 'x'\n");
    assert_int_equal(request.n_tools, 3);
    assert_string_equal(beluga_tool_name(request.tools[0]), "exec");
    assert_string_equal(beluga_tool_name(request.tools[1]), "agents__wait");
    assert_string_equal(beluga_tool_name(request.tools[2]), "apply_patch");
    assert_string_equal(beluga_tool_description(request.tools[2]),
                        "edit\n\nThe input follows this lark grammar:\nstart: a");
    assert_non_null(strstr(beluga_tool_parameters(request.tools[2], NULL), "\"input\""));
    assert_string_equal(request.dropped, "web_search");
}

static void tools_in_the_input_are_tools(void **state)
{
    (void)state;
    reads("{\"input\":[{\"type\":\"additional_tools\",\"role\":\"developer\"," CODEX_TOOLS "},"
          "{\"role\":\"user\",\"content\":\"x\"}]," CODEX_TOOLS "}",
          "human: 'x'\n");
    assert_int_equal(request.n_tools, 3);
}

static void a_choice_may_name_a_tool_of_a_namespace(void **state)
{
    (void)state;
    reads("{\"input\":\"x\"," CODEX_TOOLS ",\"tool_choice\":{\"type\":\"function\","
          "\"name\":\"wait\",\"namespace\":\"agents\"}}",
          "human: 'x'\n");
    assert_string_equal(option(BELUGA_OPTION_TOOL_CHOICE)->value.string, "agents__wait");
    reads("{\"input\":\"x\"," CODEX_TOOLS ",\"tool_choice\":{\"type\":\"custom\","
          "\"name\":\"apply_patch\"}}",
          "human: 'x'\n");
    assert_string_equal(option(BELUGA_OPTION_TOOL_CHOICE)->value.string, "apply_patch");
    reads("{\"input\":\"x\"," CODEX_TOOLS ",\"tool_choice\":{\"type\":\"web_search\"}}",
          "human: 'x'\n");
    assert_null(option(BELUGA_OPTION_TOOL_CHOICE));
}

/* ---- options --------------------------------------------------------------------------------- */

/* All members that Codex 0.171.0 sends, except the tools. */
static void members_become_options(void **state)
{
    (void)state;
    reads("{\"model\":\"m\",\"stream\":true,\"input\":\"x\",\"tool_choice\":\"auto\","
          "\"parallel_tool_calls\":true,\"reasoning\":{\"effort\":\"high\",\"summary\":\"auto\"},"
          "\"store\":false,\"include\":[\"reasoning.encrypted_content\"],"
          "\"prompt_cache_key\":\"k\",\"client_metadata\":{\"turn_id\":\"t\"},"
          "\"text\":{\"verbosity\":\"low\",\"format\":{\"type\":\"json_schema\",\"name\":\"n\","
          "\"strict\":true,\"schema\":{\"type\":\"object\"}}},\"max_output_tokens\":99,"
          "\"temperature\":0.5,\"service_tier\":\"flex\",\"metadata\":{\"a\":\"b\"}}",
          "human: 'x'\n");
    assert_true(request.stream);
    assert_string_equal(request.model, "m");
    assert_string_equal(request.affinity, "k");
    assert_string_equal(request.schema, "{\"type\":\"object\"}");
    assert_string_equal(request.dropped, "text.verbosity");
    assert_string_equal(request.extra, "{\"service_tier\":\"flex\",\"metadata\":{\"a\":\"b\"}}");
    assert_int_equal(request.max_tokens, 99);
    assert_int_equal(option(BELUGA_OPTION_REASONING_EFFORT)->value.integer,
                     BELUGA_REASONING_EFFORT_HIGH);
    assert_int_equal(option(BELUGA_OPTION_PARALLEL_TOOL_CALLS)->value.integer, 1);
    assert_true(option(BELUGA_OPTION_TEMPERATURE)->value.number == 0.5);
    assert_null(option(BELUGA_OPTION_TOOL_CHOICE)); /* without tools */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_text_is_an_input, forget),
        cmocka_unit_test_teardown(instructions_stand_before_the_input, forget),
        cmocka_unit_test_teardown(messages_have_texts_and_parts, forget),
        cmocka_unit_test_teardown(items_of_one_answer_are_one_message, forget),
        cmocka_unit_test_teardown(reasoning_of_openai_goes_back_to_openai, forget),
        cmocka_unit_test_teardown(reasoning_in_plain_words_is_kept_and_empty_reasoning_is_not,
                                  forget),
        cmocka_unit_test_teardown(the_state_of_a_part_stands_behind_it, forget),
        cmocka_unit_test_teardown(calls_of_custom_tools_have_one_argument, forget),
        cmocka_unit_test_teardown(what_tools_of_openai_did_is_left_out_and_named, forget),
        cmocka_unit_test_teardown(what_was_kept_elsewhere_is_refused_with_what_to_do, forget),
        cmocka_unit_test_teardown(what_is_wrong_is_named_by_its_place, forget),
        cmocka_unit_test_teardown(a_body_with_our_signatures_does_not_go_out_as_it_came, forget),
        cmocka_unit_test_teardown(tools_of_all_kinds_become_functions_or_are_named, forget),
        cmocka_unit_test_teardown(tools_in_the_input_are_tools, forget),
        cmocka_unit_test_teardown(a_choice_may_name_a_tool_of_a_namespace, forget),
        cmocka_unit_test_teardown(members_become_options, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
