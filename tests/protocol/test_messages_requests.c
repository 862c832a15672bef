/* Bodies of requests to Anthropic's Messages: bodies of real clients, and one for each kind of
 * member and block. */
#include "protocol_kit.h"

#include <beluga/error.h>

#include <stdio.h>

#define HEAD                    "{\"model\":\"m\",\"max_tokens\":9,\"messages\":["
#define HI                      "{\"role\":\"user\",\"content\":\"Hi\"}"
#define WITH(members)           HEAD HI "]," members "}"
#define USER(blocks)            HEAD "{\"role\":\"user\",\"content\":[" blocks "]}]}"
#define ASSISTANT(blocks)       HEAD HI ",{\"role\":\"assistant\",\"content\":[" blocks "]}]}"
#define EPHEMERAL               "\"cache_control\":{\"type\":\"ephemeral\"}"
#define EPHEMERAL_FOR(ttl)      "\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"" ttl "\"}"
#define TEXT(words)             "{\"type\":\"text\",\"text\":\"" words "\"}"
#define TOOL(name)              "{\"name\":\"" name "\",\"input_schema\":{\"type\":\"object\"}}"
#define RESULT(id, rest)        "{\"type\":\"tool_result\",\"tool_use_id\":\"" id "\"" rest "}"
#define MOST                    "max_tokens=9\n"
#define PLAIN                   "human: \"Hi\"\n"
#define reads(body, expected)   kit_reads(&protocol_messages, (body), (expected))
#define refuses(body, expected) kit_refuses(&protocol_messages, (body), (expected))

/* ---- real clients ---------------------------------------------------------------------------- */

/* The body that Claude Code 2.1.197 sends for `-p hi`, with only two of its 25 tools. It has a
 * system text in three blocks, of which the first is a billing header that is not read as text; a
 * system message after the user's message; adaptive thinking; and members that only Anthropic
 * knows. */
static const char claude_code[] =
    "{\"model\":\"claude-sonnet-4-6\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":"
    "\"text\",\"text\":\"<system-reminder>\\nToday is Friday.\\n</system-reminder>\"},{\"type\":"
    "\"text\",\"text\":\"hi\",\"cache_control\":{\"type\":\"ephemeral\"}}]},{\"role\":\"system\","
    "\"content\":\"The following skills are available: none.\"}],\"system\":[{\"type\":\"text\","
    "\"text\":\"x-anthropic-billing-header: cc_version=2.1.197.f00; cc_entrypoint=sdk-cli;\"},"
    "{\"type\":\"text\",\"text\":\"You are an agent.\","
    "\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}},{\"type\":\"text\",\"text\":"
    "\"Be brief.\",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\",\"scope\":\"global\"}}]"
    ",\"tools\":[{\"name\":\"Bash\",\"description\":\"Runs a command.\",\"input_schema\":"
    "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"type\":\"object\","
    "\"properties\":{\"command\":{\"type\":\"string\"}},\"required\":[\"command\"]}},{\"name\":"
    "\"Read\",\"description\":\"Reads a file.\",\"input_schema\":{\"type\":\"object\"}}],"
    "\"metadata\":{\"user_id\":\"{\\\"device_id\\\":"
    "\\\"0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0\\\",\\\"account_uuid\\\":"
    "\\\"\\\",\\\"session_id\\\":\\\"7b1c\\\"}\"},\"max_tokens\":32000,\"thinking\":{\"type\":"
    "\"adaptive\"},\"context_management\":{\"edits\":[{\"type\":\"clear_thinking_20251015\","
    "\"keep\":\"all\"}]},\"output_config\":{\"effort\":\"high\"},\"stream\":true}";

static void the_body_of_claude_code_is_read(void **state)
{
    (void)state;
    reads(claude_code,
          "system: \"You are an agent.\" [cache 1h] "
          "\"Be brief.\" [cache 1h]\n"
          "human: \"<system-reminder>\nToday is Friday.\n</system-reminder>\" \"hi\" [cache]\n"
          "system: \"The following skills are available: none.\"\n"
          "tool Bash \"Runs a command.\" {\"$schema\":\"https://json-schema.org/draft/2020-12/"
          "schema\",\"type\":\"object\",\"properties\":{\"command\":{\"type\":\"string\"}},"
          "\"required\":[\"command\"]}\n"
          "tool Read \"Reads a file.\" {\"type\":\"object\"}\n"
          "max_tokens=32000\n"
          "reasoning_effort=4\n"
          "stream\n"
          "extra {\"context_management\":{\"edits\":[{\"type\":\"clear_thinking_20251015\","
          "\"keep\":\"all\"}]}}\n"
          "affinity {\"device_id\":\"0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2"
          "e1f0\",\"account_uuid\":\"\",\"session_id\":\"7b1c\"}\n");
}

/* The body that Claude Code sends after two parallel tool calls: one message has both results, and
 * the thinking with its signature comes before the tool calls. */
static void the_turn_after_calls_of_tools_is_read(void **state)
{
    (void)state;
    reads(HEAD HI
          ",{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"Two.\","
          "\"signature\":\"EqQB\"},{\"type\":\"tool_use\",\"id\":\"call_x.1:y\",\"name\":\"Bash\","
          "\"input\":{\"command\":\"ls\"}},{\"type\":\"tool_use\",\"id\":\"call_2\",\"name\":"
          "\"Read\",\"input\":{}}]},{\"role\":\"user\",\"content\":[{\"tool_use_id\":\"call_x.1:y\""
          ",\"type\":\"tool_result\",\"content\":\"a.txt\",\"is_error\":false},{\"type\":"
          "\"tool_result\",\"content\":\"<tool_use_error>no such file</tool_use_error>\","
          "\"is_error\":true,\"tool_use_id\":\"call_2\"," EPHEMERAL "}]}]}",
          PLAIN
          "ai: thought \"Two.\" signed EqQB call_x.1:y:Bash({\"command\":\"ls\"}) "
          "call_2:Read({})\n"
          "tool call_x.1:y: \"a.txt\"\n"
          "tool call_2 failed: \"<tool_use_error>no such file</tool_use_error>\" [cache]\n" MOST);
}

/* The body that the package anthropic 2.14 for Python sends for client.messages.create(…), the
 * example of its README. */
static void the_body_of_the_sdk_is_read(void **state)
{
    (void)state;
    reads("{\"max_tokens\":1024,\"messages\":[{\"role\":\"user\",\"content\":\"Hello, Claude\"}],"
          "\"model\":\"claude-sonnet-4-5-20250929\"}",
          "human: \"Hello, Claude\"\nmax_tokens=1024\n");
}

/* ---- content --------------------------------------------------------------------------------- */

static void the_system_is_a_text_or_blocks(void **state)
{
    (void)state;
    reads(WITH("\"system\":\"Be brief.\""), "system: \"Be brief.\"\n" PLAIN MOST);
    reads(WITH("\"system\":[" TEXT("a") ",{\"type\":\"text\",\"text\":\"b\"," EPHEMERAL "}]"),
          "system: \"a\" \"b\" [cache]\n" PLAIN MOST);
    reads(WITH("\"system\":[]"), PLAIN MOST);
    reads(WITH("\"system\":null"), PLAIN MOST);
    reads(HEAD "{\"role\":\"system\",\"content\":[" TEXT("a") "]}," HI "]}",
          "system: \"a\"\n" PLAIN MOST);
}

static void cache_marks_keep_their_time(void **state)
{
    (void)state;
    reads(USER("{\"type\":\"text\",\"text\":\"a\"," EPHEMERAL
               "},{\"type\":\"text\",\"text\":\"b\"," EPHEMERAL_FOR(
                   "5m") "},{\"type\":\"text\",\"text\":\"c\"," EPHEMERAL_FOR("1h") "}"),
          "human: \"a\" [cache] \"b\" [cache 5m] \"c\" [cache 1h]\n" MOST);
}

static void citations_of_a_text_are_left_out(void **state)
{
    (void)state;
    reads(ASSISTANT("{\"type\":\"text\",\"text\":\"a\",\"citations\":[{\"type\":"
                    "\"char_location\"}]}"),
          PLAIN "ai: \"a\"\n" MOST);
}

static void images_are_base64_or_at_an_address(void **state)
{
    (void)state;
    reads(
        USER("{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\","
             "\"data\":\"iVBORw0KGgo=\"}},{\"type\":\"image\",\"source\":{\"type\":\"url\","
             "\"url\":\"https://x/y.png\"}}," TEXT("What?")),
        "human: image(data:image/png;base64,iVBORw0KGgo=) image(https://x/y.png) \"What?\"\n" MOST);
}

static void files_of_anthropics_store_are_dropped_and_named(void **state)
{
    (void)state;
    reads(USER("{\"type\":\"image\",\"source\":{\"type\":\"file\",\"file_id\":\"file_1\"}},"
               "{\"type\":\"document\",\"source\":{\"type\":\"file\",\"file_id\":\"file_2\"}"
               "," EPHEMERAL "}," TEXT("What?")),
          "human: \"What?\"\n" MOST "dropped file\n");
}

static void documents_are_files_or_their_text(void **state)
{
    (void)state;
    reads(USER("{\"type\":\"document\",\"title\":\"r.pdf\",\"source\":{\"type\":\"base64\","
               "\"media_type\":\"application/pdf\",\"data\":\"JVBERi0=\"}},{\"type\":\"document\","
               "\"source\":{\"type\":\"url\",\"url\":\"https://x/y.pdf\"}},{\"type\":\"document\","
               "\"title\":\"Notes\",\"source\":{\"type\":\"text\",\"media_type\":\"text/plain\","
               "\"data\":\"one\"}," EPHEMERAL "},{\"type\":\"document\",\"source\":{\"type\":"
               "\"content\",\"content\":[" TEXT(
                   "two") "]}},{\"type\":\"document\",\"source\":"
                          "{\"type\":\"content\",\"content\":\"three\"}}"),
          "human: file(application/pdf r.pdf 5 bytes) file(https://x/y.pdf) \"Notes\" \"one\" "
          "[cache] \"two\" \"three\"\n" MOST);
    reads(USER("{\"type\":\"search_result\",\"source\":\"https://"
               "x\",\"title\":\"T\",\"content\":[" TEXT("found") "]}"),
          "human: \"T\" \"found\"\n" MOST);
}

static void results_come_before_the_text_of_their_message(void **state)
{
    (void)state;
    reads(
        USER(TEXT("Go on.") "," RESULT(
            "c1",
            ",\"content\":[" TEXT(
                "a") ",{\"type\":\"image\","
                     "\"source\":{\"type\":\"url\",\"url\":\"https://x\"}}]") "," RESULT("c2", "")),
        "tool c1: \"a\" image(https://x)\n"
        "tool c2: \"\"\n"
        "human: \"Go on.\"\n" MOST);
}

static void a_result_may_be_an_image_alone_or_nothing(void **state)
{
    (void)state;
    reads(
        USER(RESULT(
            "c1",
            ",\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"url\","
            "\"url\":\"https://x\"}}]") "," RESULT("c2",
                                                   ",\"content\":[]," EPHEMERAL) "," RESULT("c3",
                                                                                            ",\"c"
                                                                                            "onte"
                                                                                            "nt\""
                                                                                            ":nul"
                                                                                            "l,"
                                                                                            "\"is"
                                                                                            "_err"
                                                                                            "or\""
                                                                                            ":tru"
                                                                                            "e") "," RESULT("c4",
                                                                                                            ",\"content\":[{\"type\":\"text\",\"text\":\"a\"," EPHEMERAL
                                                                                                            "}]")),
        "tool c1: \"\" image(https://x)\n"
        "tool c2: \"\" [cache]\n"
        "tool c3 failed: \"\"\n"
        "tool c4: \"a\" [cache]\n" MOST);
}

/* ---- reasoning ------------------------------------------------------------------------------- */

/* Signatures of Anthropic have no colon and get no prefix. Hidden reasoning gets a prefix;
 * signatures of other providers have theirs already. */
static void reasoning_keeps_the_signature_that_it_came_with(void **state)
{
    (void)state;
    reads(ASSISTANT("{\"type\":\"thinking\",\"thinking\":\"Hm.\",\"signature\":\"EqQB\"},"
                    "{\"type\":\"redacted_thinking\",\"data\":\"Eroc\"},{\"type\":"
                    "\"redacted_thinking\",\"data\":\"bedrock:redacted:Zm9v\"}," TEXT("a")),
          PLAIN "ai: thought \"Hm.\" signed EqQB thought \"\" signed redacted_thinking:Eroc "
                "thought \"\" signed bedrock:redacted:Zm9v \"a\"\n" MOST);
    reads(ASSISTANT("{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"openai:rs_1:gAAA\"}"),
          PLAIN "ai: thought \"\" signed openai:rs_1:gAAA\n" MOST);
}

static void reasoning_without_a_signature_goes_to_hosts_that_sign_none(void **state)
{
    (void)state;
    reads(ASSISTANT("{\"type\":\"thinking\",\"thinking\":\"Hm.\",\"signature\":\"\"},"
                    "{\"type\":\"thinking\",\"thinking\":\"Ah.\"},{\"type\":\"thinking\","
                    "\"thinking\":\"\"}," TEXT("a")),
          PLAIN "ai: thought \"Hm.\" {anthropic {\"type\":\"thinking\"}} thought \"Ah.\" "
                "{anthropic {\"type\":\"thinking\"}} \"a\"\n" MOST);
}

#define THINKING(thinking) WITH("\"thinking\":" thinking)

static void thinking_becomes_effort_and_budget(void **state)
{
    (void)state;
    reads(THINKING("{\"type\":\"enabled\",\"budget_tokens\":1024}"),
          PLAIN MOST "reasoning_budget=1024\n");
    reads(THINKING("{\"type\":\"adaptive\"}"), PLAIN MOST "reasoning_effort=4\n");
    reads(THINKING("{\"type\":\"adaptive\",\"display\":\"omitted\"},\"output_config\":{\"effort\":"
                   "\"max\"}"),
          PLAIN MOST "reasoning_effort=6\n");
    reads(THINKING("{\"type\":\"disabled\"},\"output_config\":{\"effort\":\"low\"}"),
          PLAIN MOST "reasoning_effort=0\n");
    reads(THINKING("{\"type\":\"enabled\",\"budget_tokens\":2048},\"output_config\":{\"effort\":"
                   "\"medium\"}"),
          PLAIN MOST "reasoning_effort=3\nreasoning_budget=2048\n");
    reads(WITH("\"output_config\":{\"effort\":\"low\"}"), PLAIN MOST "reasoning_effort=2\n");
}

/* ---- blocks that only Anthropic has ---------------------------------------------------------- */

static void blocks_of_anthropics_tools_are_dropped_and_named(void **state)
{
    (void)state;
    reads(ASSISTANT("{\"type\":\"server_tool_use\",\"id\":\"s\",\"name\":\"web_search\",\"input\":"
                    "{}},{\"type\":\"web_search_tool_result\",\"tool_use_id\":\"s\",\"content\":[]"
                    "," EPHEMERAL "},{\"type\":\"mcp_tool_use\",\"id\":\"m\"},{\"type\":"
                    "\"mcp_tool_result\"}," TEXT("a")),
          PLAIN "ai: \"a\"\n" MOST
                "dropped server_tool_use, web_search_tool_result, mcp_tool_use, mcp_tool_result\n");
}

static void a_message_of_which_nothing_is_left_is_left_out(void **state)
{
    (void)state;
    reads(ASSISTANT("{\"type\":\"server_tool_use\",\"id\":\"s\",\"name\":\"n\",\"input\":{}}"),
          PLAIN MOST "dropped server_tool_use\n");
}

static void tools_that_anthropic_runs_are_dropped_and_named(void **state)
{
    (void)state;
    reads(WITH("\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\"},"
               "{\"type\":\"bash_20250124\",\"name\":\"bash\"},{\"type\":\"custom\",\"name\":\"f\","
               "\"strict\":true,\"input_schema\":{}," EPHEMERAL "}]"),
          PLAIN "tool f strict {}\n" MOST "dropped web_search_20250305, bash_20250124\n");
    reads(WITH("\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}],"
               "\"tool_choice\":{\"type\":\"tool\",\"name\":\"web_search\"}"),
          PLAIN MOST "dropped web_search_20250305\n");
}

static void unknown_members_are_kept_for_anthropic(void **state)
{
    (void)state;
    reads(WITH("\"service_tier\":\"auto\",\"container\":null,\"mcp_servers\":[],\"new\":1"),
          PLAIN MOST "extra {\"service_tier\":\"auto\",\"mcp_servers\":[],\"new\":1}\n");
}

/* ---- tools and options ----------------------------------------------------------------------- */

static void a_name_that_is_too_long_for_others_is_made_to_fit(void **state)
{
    (void)state;
    reads(HEAD HI ",{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"c\","
                  "\"name\":\"mcp__a_server_with_a_long_name__and_a_tool_with_a_name_that_is_"
                  "longer\",\"input\":{}}]}],\"tools\":[" TOOL(
                      "mcp__a_server_with_a_long_name__and_a_tool_with_a_name_that_is_longer") "]}",
          PLAIN "ai: c:mcp__a_server_with_a_long_name__and_a_tool_with_a_name__223d678e({})\n"
                "tool mcp__a_server_with_a_long_name__and_a_tool_with_a_name__223d678e is "
                "mcp__a_server_with_a_long_name__and_a_tool_with_a_name_that_is_longer of - "
                "{\"type\":\"object\"}\n" MOST);
}

#define CHOICE(choice) WITH("\"tools\":[" TOOL("f") "],\"tool_choice\":" choice)
#define CHOSEN         PLAIN "tool f {\"type\":\"object\"}\n" MOST

static void a_choice_of_tools_becomes_options(void **state)
{
    (void)state;
    reads(CHOICE("{\"type\":\"auto\"}"), CHOSEN "tool_choice=auto\n");
    reads(CHOICE("{\"type\":\"any\"}"), CHOSEN "tool_choice=required\n");
    reads(CHOICE("{\"type\":\"none\"}"), CHOSEN "tool_choice=none\n");
    reads(CHOICE("{\"type\":\"tool\",\"name\":\"f\"}"), CHOSEN "tool_choice=f\n");
    reads(CHOICE("{\"type\":\"auto\",\"disable_parallel_tool_use\":true}"),
          CHOSEN "parallel_tool_calls=0\ntool_choice=auto\n");
    reads(WITH("\"tool_choice\":{\"type\":\"auto\",\"disable_parallel_tool_use\":true}"),
          PLAIN MOST);
}

static void sampling_and_stops_become_options(void **state)
{
    (void)state;
    reads(WITH("\"temperature\":0.5,\"top_p\":0.9,\"top_k\":40,\"stop_sequences\":[\"END\",\"\"],"
               "\"metadata\":{\"user_id\":\"u-1\"},\"stream\":true"),
          PLAIN MOST "temperature=0.5\ntop_p=0.9\ntop_k=40\nstop_sequences=END\nuser=u-1\nstream\n"
                     "affinity u-1\n");
}

static void a_form_of_the_answer_becomes_a_schema(void **state)
{
    (void)state;
    reads(WITH("\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{\"type\":"
               "\"object\"}}}"),
          PLAIN MOST "response_schema={\"type\":\"object\"}\n");
    reads(WITH("\"output_format\":{\"type\":\"json_schema\",\"schema\":{}}"),
          PLAIN MOST "response_schema={}\n");
}

static void a_count_needs_no_max_tokens(void **state)
{
    (void)state;
    static const char body[] = "{\"model\":\"m\",\"messages\":[" HI "]}";
    protocol_request request = {.counts = true};
    assert_int_equal(protocol_request_parse(&request, &protocol_messages, body, sizeof body - 1),
                     0);
    assert_int_equal(protocol_request_read(&request), 0);
    assert_int_equal(beluga_messages_count(request.messages), 1);
    protocol_request_free(&request);
    refuses(body, "max_tokens: Field required");
}

static bool passes(const char *body)
{
    protocol_request request;
    assert_int_equal(kit_read(&request, &protocol_messages, body), 0);
    bool result = protocol_messages.passes(&request);
    protocol_request_free(&request);
    return result;
}

/* The body must not be passed on unchanged if another model began the conversation: the provider
 * must translate it, and leave out parts that Anthropic would refuse. */
static void a_body_with_signatures_of_others_does_not_pass(void **state)
{
    (void)state;
    assert_true(passes(claude_code));
    assert_true(passes(ASSISTANT("{\"type\":\"thinking\",\"thinking\":\"a: b\",\"signature\":"
                                 "\"EqQB\"},{\"type\":\"redacted_thinking\",\"data\":\"Eroc\"}")));
    assert_true(passes(USER(TEXT("gemini:a"))));
    assert_false(passes(ASSISTANT("{\"type\":\"thinking\",\"thinking\":\"a\",\"signature\":"
                                  "\"gemini:CsigF\"}")));
    assert_false(passes(ASSISTANT("{\"type\":\"redacted_thinking\",\"data\":"
                                  "\"bedrock:redacted:Zm9v\"}")));
}

/* ---- refused bodies -------------------------------------------------------------------------- */

static void what_is_refused_is_named_as_anthropic_names_it(void **state)
{
    (void)state;
    refuses("{\"model\":\"m\",\"max_tokens\":9}", "messages: Field required");
    refuses("{\"model\":\"m\",\"max_tokens\":9,\"messages\":[]}",
            "messages: it must be a list of at least one message");
    refuses(HEAD HI ",{\"role\":\"assistant\",\"content\":[{\"type\":\"sound\"}]}]}",
            "messages.1.content.0.type: there is no block type sound at this place");
    refuses(USER("{\"text\":\"a\"}"), "messages.0.content.0.type: it is missing");
    refuses(USER("{\"type\":\"text\"}"), "messages.0.content.0.text: it is missing");
    refuses(USER("{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":{}}"),
            "messages.0.content.0.type: a message with this role can't have a block of the type "
            "tool_use");
    refuses(USER(TEXT("a") ",{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"data\":\"\"}}"),
            "messages.0.content.1.source.media_type: it is missing");
    refuses(USER(RESULT("a", ",\"content\":[" TEXT("b") ",{\"type\":\"image\",\"source\":{}}]")),
            "messages.0.content.0.content.1.source.type: it is missing");
    refuses(USER(RESULT("a", ",\"content\":7")),
            "messages.0.content.0.content: it must be a string or a list of blocks");
    refuses(HEAD "{\"role\":\"tool\",\"content\":\"a\"}]}",
            "messages.0.role: it must be user, assistant or system");
    refuses(HEAD "{\"role\":\"user\"}]}",
            "messages.0.content: it must be a string or a list of blocks");
    refuses(WITH("\"system\":7"), "system: it must be a string or a list of blocks");
    refuses(WITH("\"temperature\":1.5"), "temperature: it must be between 0 and 1");
    refuses(WITH("\"tools\":[{\"name\":\"f\"}]"),
            "tools.0.input_schema: it is missing or not an object");
    refuses(CHOICE("{\"type\":\"tool\",\"name\":\"g\"}"), "tool_choice.name: there is no tool g");
    refuses(THINKING("{\"type\":\"enabled\"}"),
            "thinking.budget_tokens: it must be a number greater than 0");
    refuses(THINKING("{\"type\":\"deep\"}"),
            "thinking.type: it must be enabled, adaptive or disabled");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_body_of_claude_code_is_read),
        cmocka_unit_test(the_turn_after_calls_of_tools_is_read),
        cmocka_unit_test(the_body_of_the_sdk_is_read),
        cmocka_unit_test(the_system_is_a_text_or_blocks),
        cmocka_unit_test(cache_marks_keep_their_time),
        cmocka_unit_test(citations_of_a_text_are_left_out),
        cmocka_unit_test(images_are_base64_or_at_an_address),
        cmocka_unit_test(files_of_anthropics_store_are_dropped_and_named),
        cmocka_unit_test(documents_are_files_or_their_text),
        cmocka_unit_test(results_come_before_the_text_of_their_message),
        cmocka_unit_test(a_result_may_be_an_image_alone_or_nothing),
        cmocka_unit_test(reasoning_keeps_the_signature_that_it_came_with),
        cmocka_unit_test(reasoning_without_a_signature_goes_to_hosts_that_sign_none),
        cmocka_unit_test(thinking_becomes_effort_and_budget),
        cmocka_unit_test(blocks_of_anthropics_tools_are_dropped_and_named),
        cmocka_unit_test(a_message_of_which_nothing_is_left_is_left_out),
        cmocka_unit_test(tools_that_anthropic_runs_are_dropped_and_named),
        cmocka_unit_test(unknown_members_are_kept_for_anthropic),
        cmocka_unit_test(a_name_that_is_too_long_for_others_is_made_to_fit),
        cmocka_unit_test(a_choice_of_tools_becomes_options),
        cmocka_unit_test(sampling_and_stops_become_options),
        cmocka_unit_test(a_form_of_the_answer_becomes_a_schema),
        cmocka_unit_test(a_count_needs_no_max_tokens),
        cmocka_unit_test(a_body_with_signatures_of_others_does_not_pass),
        cmocka_unit_test(what_is_refused_is_named_as_anthropic_names_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
