/* Bodies of requests to Chat Completions, as clients send them. */
#include "protocol_kit.h"

#include <beluga/error.h>

#include <stdio.h>

static void reads(const char *body, const char *expected)
{
    kit_reads(&protocol_chat, body, expected);
}

static void refuses(const char *body, const char *why)
{
    kit_refuses(&protocol_chat, body, why);
}

#define HI "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"

/* ---- clients --------------------------------------------------------------------------------- */

/* The body that openai-python sends for client.chat.completions.create(model=…, messages=…), the
 * example of its README. */
static void a_text_of_openai_python_is_read(void **state)
{
    (void)state;
    reads("{\"messages\":[{\"role\":\"developer\",\"content\":\"Talk like a pirate.\"},"
          "{\"role\":\"user\",\"content\":\"How do I check a type?\"}],\"model\":\"gpt-5\"}",
          "system: \"Talk like a pirate.\"\nhuman: \"How do I check a type?\"\n");
}

/* The second request in OpenAI's guide to function calling. It contains the answer with the tool
 * calls, and the results of the tool calls. */
static void a_round_with_tools_is_read(void **state)
{
    (void)state;
    reads("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Weather in Paris?\"},"
          "{\"role\":\"assistant\",\"content\":null,\"refusal\":null,\"annotations\":[],"
          "\"tool_calls\":[{\"id\":\"call_a\",\"type\":\"function\",\"function\":{\"name\":"
          "\"get_weather\",\"arguments\":\"{\\\"city\\\":\\\"Paris\\\"}\"}},"
          "{\"id\":\"call_b\",\"type\":\"function\",\"function\":{\"name\":\"now\","
          "\"arguments\":\"\"}}]},"
          "{\"role\":\"tool\",\"tool_call_id\":\"call_a\",\"content\":\"14\"},"
          "{\"role\":\"tool\",\"tool_call_id\":\"call_b\",\"content\":[{\"type\":\"text\","
          "\"text\":\"noon\"}]}],"
          "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"get_weather\","
          "\"description\":\"Current temperature\",\"parameters\":{\"type\":\"object\"},"
          "\"strict\":true}}],\"store\":true}",
          "human: \"Weather in Paris?\"\n"
          "ai: call_a:get_weather({\"city\":\"Paris\"}) call_b:now({})\n"
          "tool call_a: \"14\"\n"
          "tool call_b: \"noon\"\n"
          "tool get_weather strict \"Current temperature\" {\"type\":\"object\"}\n"
          "extra {\"store\":true}\n");
}

/* The body that langchain-openai sends for ChatOpenAI(…, temperature=…).bind_tools(…,
 * tool_choice="Add").stream(…). */
static void a_stream_of_langchain_is_read(void **state)
{
    (void)state;
    reads(
        "{\"messages\":[{\"content\":\"2+2\",\"role\":\"user\"}],\"model\":\"m\","
        "\"parallel_tool_calls\":false,\"stream\":true,\"stream_options\":{\"include_usage\":true},"
        "\"temperature\":0.5,\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":"
        "\"Add\"}},\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"Add\","
        "\"description\":\"\",\"parameters\":{\"properties\":{\"a\":{\"type\":\"integer\"}},"
        "\"type\":\"object\"}}}]}",
        "human: \"2+2\"\n"
        "tool Add {\"properties\":{\"a\":{\"type\":\"integer\"}},\"type\":\"object\"}\n"
        "parallel_tool_calls=0\n"
        "temperature=0.5\n"
        "tool_choice=Add\n"
        "stream with usage\n");
}

/* Bodies that the package "ai" of Vercel sends with openai.chat(…): for generateObject, for an
 * image, and for a PDF. */
static void parts_and_a_schema_of_vercel_are_read(void **state)
{
    (void)state;
    reads("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":["
          "{\"type\":\"text\",\"text\":\"What is this?\"},"
          "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,iVBORw==\","
          "\"detail\":\"low\"}},"
          "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://example.com/a.jpg\"}},"
          "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"UklGRg==\",\"format\":\"wav\"}},"
          "{\"type\":\"file\",\"file\":{\"filename\":\"a.pdf\",\"file_data\":"
          "\"data:application/pdf;base64,JVBERg==\"}}]}],"
          "\"max_completion_tokens\":100,\"reasoning_effort\":\"low\","
          "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"recipe\","
          "\"strict\":true,\"schema\":{\"type\":\"object\"}}}}",
          "human: \"What is this?\" image(data:image/png;base64,iVBORw==)"
          " image(https://example.com/a.jpg) audio(data:audio/wav;base64,UklGRg==)"
          " file(application/pdf a.pdf 4 bytes)\n"
          "max_tokens=100\n"
          "reasoning_effort=2\n"
          "response_schema={\"type\":\"object\"}\n"
          "response_schema_name=recipe\n"
          "response_schema_strict=1\n");
}

/* Cache marks on parts, in the form of LiteLLM's and OpenRouter's guides to prompt caching. */
static void cache_marks_of_parts_are_kept(void **state)
{
    (void)state;
    reads("{\"messages\":[{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"Long\","
          "\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}}]},"
          "{\"role\":\"user\",\"content\":\"Hi\",\"cache_control\":{\"type\":\"ephemeral\"}}]}",
          "system: \"Long\" [cache 1h]\nhuman: \"Hi\" [cache]\n");
}

/* Clients of DeepSeek send its reasoning back. Other models must not get it. */
static void reasoning_of_an_earlier_answer_is_left_out(void **state)
{
    (void)state;
    reads("{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"assistant\","
          "\"content\":\"Hello\",\"reasoning_content\":\"They greet.\"},"
          "{\"role\":\"user\",\"content\":\"Well?\"}]}",
          "human: \"Hi\"\nai: \"Hello\"\nhuman: \"Well?\"\n");
}

/* Members that are deprecated in OpenAI's API reference. */
static void functions_of_old_clients_are_tools(void **state)
{
    (void)state;
    reads("{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},"
          "{\"role\":\"assistant\",\"content\":null,\"function_call\":{\"name\":\"f\","
          "\"arguments\":\"{}\"}},{\"role\":\"function\",\"name\":\"f\",\"content\":\"1\"},"
          "{\"role\":\"assistant\",\"content\":null,\"function_call\":{\"name\":\"f\","
          "\"arguments\":\"{}\"}},{\"role\":\"function\",\"name\":\"f\",\"content\":\"2\"}],"
          "\"functions\":[{\"name\":\"f\",\"parameters\":{\"type\":\"object\"}}],"
          "\"function_call\":{\"name\":\"f\"}}",
          "human: \"Hi\"\n"
          "ai: call_function_1:f({})\n"
          "tool call_function_1: \"1\"\n"
          "ai: call_function_2:f({})\n"
          "tool call_function_2: \"2\"\n"
          "tool f {\"type\":\"object\"}\n"
          "tool_choice=f\n");
}

/* Cursor sends the body of a Responses request to /chat/completions (see Cursor-Azure-GPT-5#69 and
 * Helicone#5629). */
static void what_cursor_sends_is_read_as_responses(void **state)
{
    (void)state;
    reads("{\"model\":\"m\",\"input\":[{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"user\","
          "\"content\":[{\"type\":\"input_text\",\"text\":\"Hi\"}]}],\"stream\":true,"
          "\"stream_options\":{\"include_usage\":true},\"tools\":[{\"type\":\"function\",\"name\":"
          "\"f\",\"parameters\":{\"type\":\"object\"}}],\"reasoning\":{\"effort\":\"high\"}}",
          "system: \"s\"\nhuman: \"Hi\"\ntool f {\"type\":\"object\"}\nreasoning_effort=4\n"
          "stream with usage\n");
}

/* ---- members --------------------------------------------------------------------------------- */

static void options_are_read(void **state)
{
    (void)state;
    reads("{" HI ",\"top_p\":0.5,\"seed\":-7,\"frequency_penalty\":1,\"presence_penalty\":-1,"
          "\"stop\":[\"a\",\"\",\"b\"],\"n\":1,\"max_tokens\":5,\"user\":\"u\"}",
          "human: \"Hi\"\n"
          "top_p=0.5\nseed=-7\nfrequency_penalty=1\npresence_penalty=-1\n"
          "stop_sequences=a\nstop_sequences=b\nmax_tokens=5\nuser=u\naffinity u\n");
    reads("{" HI ",\"stop\":\"a\",\"response_format\":{\"type\":\"json_object\"}}",
          "human: \"Hi\"\nstop_sequences=a\njson_mode=1\n");
    reads("{" HI
          ",\"response_format\":{\"type\":\"text\"},\"prompt_cache_key\":\"k\",\"user\":\"u\"}",
          "human: \"Hi\"\nuser=u\nextra {\"prompt_cache_key\":\"k\"}\naffinity k\n");
}

static void null_is_absent(void **state)
{
    (void)state;
    reads("{" HI ",\"temperature\":null,\"tools\":null,\"tool_choice\":null,\"stop\":null,"
          "\"stream\":null,\"stream_options\":null,\"response_format\":null,\"n\":null,"
          "\"user\":null,\"logit_bias\":null,\"model\":null,\"functions\":null}",
          "human: \"Hi\"\n");
}

static void unknown_members_are_kept_apart(void **state)
{
    (void)state;
    reads("{" HI ",\"service_tier\":\"flex\",\"logprobs\":true,\"metadata\":{\"a\":\"b\"},"
          "\"logit_bias\":{\"50256\":-100},\"x_new\":[1,{}]}",
          "human: \"Hi\"\nextra {\"service_tier\":\"flex\",\"logprobs\":true,\"metadata\":{\"a\":"
          "\"b\"},\"logit_bias\":{\"50256\":-100},\"x_new\":[1,{}]}\n");
}

static void the_newer_limit_of_tokens_wins(void **state)
{
    (void)state;
    reads("{" HI ",\"max_completion_tokens\":7,\"max_tokens\":5}", "human: \"Hi\"\nmax_tokens=7\n");
    reads("{" HI ",\"max_tokens\":5,\"max_completion_tokens\":7}", "human: \"Hi\"\nmax_tokens=7\n");
}

#define TOOL(name) "{\"type\":\"function\",\"function\":{\"name\":\"" name "\"}}"
#define NO_MEMBERS " {\"type\":\"object\",\"properties\":{}}\n"

static void each_choice_of_tools_is_read(void **state)
{
    (void)state;
    const char *tools = "human: \"Hi\"\ntool a" NO_MEMBERS "tool b" NO_MEMBERS;
    const char *const choices[][2] = {
        {"\"auto\"", "tool_choice=auto\n"},
        {"\"none\"", "tool_choice=none\n"},
        {"\"required\"", "tool_choice=required\n"},
        {TOOL("b"), "tool_choice=b\n"},
    };
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        char body[512], expected[512];
        snprintf(body, sizeof body,
                 "{" HI ",\"tool_choice\":%s,\"tools\":[" TOOL("a") "," TOOL("b") "]}",
                 choices[i][0]);
        snprintf(expected, sizeof expected, "%s%s", tools, choices[i][1]);
        reads(body, expected);
    }
}

static void tools_that_are_not_allowed_are_taken_away(void **state)
{
    (void)state;
    reads("{" HI ",\"tools\":[" TOOL("a") "," TOOL(
              "b") "],\"tool_choice\":{\"type\":"
                   "\"allowed_tools\",\"allowed_tools\":{\"mode\":\"required\",\"tools\":[" TOOL(
                       "b") "]}}}",
          "human: \"Hi\"\ntool b" NO_MEMBERS "tool_choice=required\n");
}

static void tools_of_other_types_are_dropped(void **state)
{
    (void)state;
    reads("{" HI ",\"tools\":[{\"type\":\"web_search\"},{\"type\":\"custom\",\"custom\":{\"name\":"
          "\"c\"}},{\"type\":\"web_search\"}," TOOL("a") "],\"tool_choice\":{\"type\":\"custom\","
                                                         "\"custom\":{\"name\":\"c\"}}}",
          "human: \"Hi\"\ntool a" NO_MEMBERS "dropped web_search, custom\n");
    reads("{" HI ",\"tools\":[],\"tool_choice\":\"auto\"}", "human: \"Hi\"\n");
}

static void names_that_models_refuse_are_made_to_fit(void **state)
{
    (void)state;
    reads("{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"1\",\"function\":"
          "{\"name\":\"fs.read\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":"
          "\"1\",\"content\":\"\"}],\"tools\":[" TOOL("fs.read") "],\"tool_choice\":" TOOL(
              "fs.read") "}",
          "ai: 1:fs_read_d154e2a4({})\ntool 1: \"\"\n"
          "tool fs_read_d154e2a4 is fs.read of -" NO_MEMBERS "tool_choice=fs_read_d154e2a4\n");
}

/* If an answer was empty, some clients keep an empty message. */
static void an_empty_answer_is_left_out(void **state)
{
    (void)state;
    reads("{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"assistant\","
          "\"content\":null},{\"role\":\"assistant\",\"refusal\":\"No.\"}]}",
          "human: \"Hi\"\nai: \"No.\"\n");
}

/* ---- invalid bodies -------------------------------------------------------------------------- */

typedef struct wrong_body {
    const char *body, *why;
} wrong_body;

#define OF_USER(content) "{\"messages\":[{\"role\":\"user\",\"content\":" content "}]}"

static void an_error_begins_with_the_member_that_is_wrong(void **state)
{
    (void)state;
    static const wrong_body wrong[] = {
        {"[]", "the body must be a JSON object"},
        {"{}", "messages: it is missing, empty, or not a list"},
        {"{\"messages\":[]}", "messages: it is missing, empty, or not a list"},
        {"{\"messages\":\"Hi\"}", "messages: it is missing, empty, or not a list"},
        {"{\"messages\":[\"Hi\"]}", "messages[0].role: it is missing"},
        {"{\"messages\":[{\"content\":\"Hi\"}]}", "messages[0].role: it is missing"},
        {"{\"messages\":[{\"role\":7}]}", "messages[0].role: it must be a string"},
        {"{\"messages\":[{\"role\":\"pope\"}]}", "messages[0].role: there is no role pope"},
        {"{\"messages\":[{\"role\":\"user\"}]}", "messages[0].content: it is missing"},
        {OF_USER("7"), "messages[0].content: it must be a string or a list"},
        {OF_USER("[7]"), "messages[0].content[0].type: it is missing"},
        {OF_USER("[{\"type\":\"text\"}]"), "messages[0].content[0].text: it is missing"},
        {OF_USER("[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"scent\"}]"),
         "messages[0].content[1].type: there is no content part of the type scent"},
        {OF_USER("[{\"type\":\"image_url\",\"image_url\":{}}]"),
         "messages[0].content[0].image_url.url: it is missing"},
        {OF_USER("[{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"\"}}]"),
         "messages[0].content[0].input_audio.format: it is missing"},
        {OF_USER("[{\"type\":\"file\",\"file\":{\"file_id\":\"file-1\"}}]"),
         "messages[0].content[0].file.file_id: beluga does not store files: send the bytes of "
         "the file as file_data"},
        {OF_USER("[{\"type\":\"file\",\"file\":{\"file_data\":"
                 "\"data:application/pdf;base64,!\"}}]"),
         "messages[0].content[0].file: it is not valid base64"},
        {"{\"messages\":[{\"role\":\"tool\",\"content\":\"x\"}]}",
         "messages[0].tool_call_id: it is missing"},
        {"{\"messages\":[{\"role\":\"function\",\"content\":\"x\"}]}",
         "messages[0].role: no function was called before this message"},
        {"{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"1\"}]}]}",
         "messages[0].tool_calls[0].function: it is missing or not an object"},
        {"{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"1\",\"function\":"
         "{\"name\":\"f\",\"arguments\":{}}}]}]}",
         "messages[0].tool_calls[0].function.arguments: it must be a string"},
        {"{" HI ",\"model\":7}", "model: it must be a string"},
        {"{" HI ",\"stream\":\"yes\"}", "stream: it must be true or false"},
        {"{" HI ",\"temperature\":3}", "temperature: it must be between 0 and 2"},
        {"{" HI ",\"temperature\":\"hot\"}", "temperature: it must be a number"},
        {"{" HI ",\"max_tokens\":0}", "max_tokens: it must be between 1 and 2147483647"},
        {"{" HI ",\"max_tokens\":1.5}", "max_tokens: it must be a whole number"},
        {"{" HI ",\"parallel_tool_calls\":1}", "parallel_tool_calls: it must be true or false"},
        {"{" HI ",\"n\":2}", "n: beluga gives one answer to each request: send another "
                             "request for another answer"},
        {"{" HI ",\"stop\":[1]}", "stop[0]: it must be a string"},
        {"{" HI ",\"stop\":{}}", "stop: it must be a string, or a list of at most 32 strings"},
        {"{" HI ",\"reasoning_effort\":\"hectic\"}",
         "reasoning_effort: it must be none, minimal, low, medium, high, xhigh or max"},
        {"{" HI ",\"response_format\":{\"type\":\"xml\"}}",
         "response_format.type: it must be text, json_object or json_schema"},
        {"{" HI ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{}}}",
         "response_format.json_schema.schema: it is missing or not an object"},
        {"{" HI ",\"tools\":{}}", "tools: it must be a list"},
        {"{" HI ",\"tools\":[{\"type\":\"function\"}]}",
         "tools[0].function: it is missing or not an object"},
        {"{" HI ",\"tools\":[{\"type\":\"function\",\"function\":{}}]}",
         "tools[0].function.name: it is missing"},
        {"{" HI ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":"
         "[]}}]}",
         "tools[0].function.parameters: it must be an object"},
        {"{" HI ",\"tools\":[" TOOL("a") "],\"tool_choice\":\"any\"}",
         "tool_choice: it must be auto, none, required or an object"},
        {"{" HI ",\"tools\":[" TOOL("a") "],\"tool_choice\":" TOOL("b") "}",
         "tool_choice: there is no tool b"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        refuses(wrong[i].body, wrong[i].why);
}

static void a_body_that_is_not_json_is_refused(void **state)
{
    protocol_request request;
    (void)state;
    assert_int_equal(kit_read(&request, &protocol_chat, "{\"a\":"), BELUGA_ERROR_INVALID_INPUT);
    assert_non_null(strstr(request.why, "the body is not valid JSON: "));
    protocol_request_free(&request);
}

static void a_body_that_is_nested_too_deep_is_refused(void **state)
{
    char body[4096];
    protocol_request request;
    (void)state;
    memset(body, '[', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    assert_int_equal(kit_read(&request, &protocol_chat, body), BELUGA_ERROR_LIMIT_EXCEEDED);
    protocol_request_free(&request);
}

static void an_error_of_a_request_names_its_member(void **state)
{
    protocol_request request;
    beluga_error err;
    (void)state;
    int rc = kit_read(&request, &protocol_chat, "{\"messages\":[{\"role\":\"pope\"}]}");
    protocol_request_explain(&request, rc, &err);
    char *text = kit_error(&protocol_chat, &err);
    assert_string_equal(text, "{\"error\":{\"message\":\"messages[0].role: there is no role pope\","
                              "\"type\":\"invalid_request_error\",\"param\":\"messages[0].role\","
                              "\"code\":\"invalid_value\"}}");
    free(text);
    protocol_request_free(&request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_of_openai_python_is_read),
        cmocka_unit_test(a_round_with_tools_is_read),
        cmocka_unit_test(a_stream_of_langchain_is_read),
        cmocka_unit_test(parts_and_a_schema_of_vercel_are_read),
        cmocka_unit_test(cache_marks_of_parts_are_kept),
        cmocka_unit_test(reasoning_of_an_earlier_answer_is_left_out),
        cmocka_unit_test(functions_of_old_clients_are_tools),
        cmocka_unit_test(what_cursor_sends_is_read_as_responses),
        cmocka_unit_test(options_are_read),
        cmocka_unit_test(null_is_absent),
        cmocka_unit_test(unknown_members_are_kept_apart),
        cmocka_unit_test(the_newer_limit_of_tokens_wins),
        cmocka_unit_test(each_choice_of_tools_is_read),
        cmocka_unit_test(tools_that_are_not_allowed_are_taken_away),
        cmocka_unit_test(tools_of_other_types_are_dropped),
        cmocka_unit_test(names_that_models_refuse_are_made_to_fit),
        cmocka_unit_test(an_empty_answer_is_left_out),
        cmocka_unit_test(an_error_begins_with_the_member_that_is_wrong),
        cmocka_unit_test(a_body_that_is_not_json_is_refused),
        cmocka_unit_test(a_body_that_is_nested_too_deep_is_refused),
        cmocka_unit_test(an_error_of_a_request_names_its_member),
    };
    return cmocka_run_group_tests_name("chat requests", tests, NULL, NULL);
}
