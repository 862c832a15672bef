/* The events of a call are written as a stream of Responses. The tests compare every byte. */
#include "base/buf.h"
#include "protocol/protocol.h"

#include <beluga/beluga.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The last event of a stream repeats the whole answer, so its string literals are long. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

/* ---- one stream at a time -------------------------------------------------------------------- */

static protocol_request request;
static protocol_stream *stream;
static beluga__buf out;

static void begin_with(const char *body)
{
    const protocol_identity identity = {.id = "resp_1", .created = 1700000000, .model = "m"};
    beluga__buf_init(&out, beluga_allocator_default(), 1 << 24);
    assert_int_equal(protocol_request_parse(&request, &protocol_responses, body, strlen(body)), 0);
    assert_int_equal(protocol_request_read(&request), 0);
    stream = protocol_stream_new(&request, &identity, &out);
    assert_non_null(stream);
}

static int begin(void **state)
{
    (void)state;
    begin_with("{\"model\":\"m\",\"input\":\"hi\",\"stream\":true}");
    return 0;
}

#define TOOLS                                                                                   \
    "\"tools\":[{\"type\":\"namespace\",\"name\":\"agents\",\"tools\":[{\"type\":\"function\"," \
    "\"name\":\"wait\"}]},{\"type\":\"custom\",\"name\":\"patch\"},{\"type\":\"function\","     \
    "\"name\":\"exec\"}]"

static int begin_with_tools(void **state)
{
    (void)state;
    begin_with("{\"model\":\"m\",\"input\":\"hi\"," TOOLS "}");
    return 0;
}

static int end(void **state)
{
    (void)state;
    protocol_stream_free(stream);
    protocol_request_free(&request);
    beluga__buf_free(&out);
    return 0;
}

static void feed(const beluga_event *event)
{
    assert_int_equal(stream->protocol->event(stream, event), 0);
}

static void text(const char *piece)
{
    feed(&(beluga_event){.kind = BELUGA_EVENT_TEXT,
                         .u.text = {.text = piece, .length = strlen(piece)}});
}

static void thought(uint32_t block, const char *piece)
{
    feed(&(beluga_event){.kind = BELUGA_EVENT_REASONING,
                         .index = block,
                         .u.reasoning = {.text = piece, .length = strlen(piece)}});
}

static void signed_by(uint32_t block, const char *signature)
{
    feed(&(beluga_event){.kind = BELUGA_EVENT_REASONING,
                         .index = block,
                         .u.reasoning = {.text = "",
                                         .signature = signature,
                                         .signature_length = strlen(signature)}});
}

static void call(uint32_t kind, uint32_t index, const char *id, const char *name,
                 const char *arguments)
{
    feed(&(beluga_event){.kind = kind,
                         .index = index,
                         .u.tool_call = {.id = id,
                                         .name = name,
                                         .arguments = arguments,
                                         .length = arguments ? strlen(arguments) : 0}});
}

#define CALL_BEGINS(index, id, name) call(BELUGA_EVENT_TOOL_CALL_BEGIN, index, id, name, NULL)
#define CALL_GOES_ON(index, id, name, piece) \
    call(BELUGA_EVENT_TOOL_CALL_DELTA, index, id, name, piece)
#define CALL_ENDS(index, id, name, whole) call(BELUGA_EVENT_TOOL_CALL_END, index, id, name, whole)

static void usage(void)
{
    feed(&(beluga_event){.kind = BELUGA_EVENT_USAGE,
                         .u.usage = {.input_total = 10,
                                     .input_cache_read = 4,
                                     .input_cache_write = -1,
                                     .output_total = 5,
                                     .output_reasoning = 2}});
}

static void finish(uint32_t reason, const char *raw)
{
    feed(&(beluga_event){.kind = BELUGA_EVENT_FINISH,
                         .u.finish = {.reason = reason, .raw = raw, .raw_length = strlen(raw)}});
}

static void fails(int code, int64_t retry_after_ms)
{
    beluga_error err;
    beluga_error_set(&err, code, "it broke");
    err.retry_after_ms = retry_after_ms;
    assert_int_equal((stream->protocol->fail)(stream, &err), 0);
}

static void written(const char *expected)
{
    assert_string_equal(out.data, expected);
    beluga__buf_clear(&out);
}

/* ---- the form of events ---------------------------------------------------------------------- */

#define EVENT(type, n, members)                                                               \
    "event: response." type "\ndata: {\"type\":\"response." type "\",\"sequence_number\":" #n \
    "," members "}\n\n"
#define PLACE(id, index) "\"item_id\":\"" id "\",\"output_index\":" #index
#define ITEM(id, type, status, members) \
    "{\"id\":\"" id "\",\"type\":\"" type "\",\"status\":\"" status "\"," members "}"
#define TEXT_PART(text) \
    "{\"type\":\"output_text\",\"text\":\"" text "\",\"annotations\":[],\"logprobs\":[]}"
#define SUMMARY_PART(text) "{\"type\":\"summary_text\",\"text\":\"" text "\"}"
#define MESSAGE(id, status, parts) \
    ITEM(id, "message", status, "\"role\":\"assistant\",\"content\":[" parts "]")
#define REASONING(id, status, parts, encrypted) \
    ITEM(id, "reasoning", status, "\"summary\":[" parts "],\"encrypted_content\":" encrypted)
#define FUNCTION(id, status, call_id, name, arguments) \
    ITEM(id, "function_call", status,                  \
         "\"call_id\":\"" call_id "\",\"name\":\"" name "\",\"arguments\":\"" arguments "\"")
#define CUSTOM(id, status, input)        \
    ITEM(id, "custom_tool_call", status, \
         "\"call_id\":\"c\",\"name\":\"patch\",\"input\":\"" input "\"")

#define RESPONSE(status, error, incomplete, usage, output)                                      \
    "\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1700000000,"        \
    "\"status\":\"" status "\",\"background\":false,\"error\":" error                           \
    ",\"incomplete_details\":" incomplete ",\"model\":\"m\",\"previous_response_id\":null,"     \
    "\"store\":false,\"instructions\":null,\"max_output_tokens\":null,\"max_tool_calls\":null," \
    "\"metadata\":{},\"parallel_tool_calls\":true,\"prompt_cache_key\":null,"                   \
    "\"reasoning\":{\"effort\":null,\"summary\":null},\"safety_identifier\":null,"              \
    "\"service_tier\":null,\"temperature\":null,\"text\":{\"format\":{\"type\":\"text\"}},"     \
    "\"tool_choice\":\"auto\",\"tools\":[],\"top_logprobs\":null,\"top_p\":null,"               \
    "\"truncation\":\"disabled\",\"user\":null,\"usage\":" usage ",\"output\":[" output "]}"

#define USAGE                                                                  \
    "{\"input_tokens\":10,\"input_tokens_details\":{\"cached_tokens\":4,"      \
    "\"cache_write_tokens\":0},\"output_tokens\":5,\"output_tokens_details\":" \
    "{\"reasoning_tokens\":2},\"total_tokens\":15}"

#define OPENED                                                               \
    EVENT("created", 0, RESPONSE("in_progress", "null", "null", "null", "")) \
    EVENT("in_progress", 1, RESPONSE("in_progress", "null", "null", "null", ""))
#define COMPLETED(n, usage, output) \
    EVENT("completed", n, RESPONSE("completed", "null", "null", usage, output))
#define ADDED(n, index, item) \
    EVENT("output_item.added", n, "\"output_index\":" #index ",\"item\":" item)
#define DONE(n, index, item) \
    EVENT("output_item.done", n, "\"output_index\":" #index ",\"item\":" item)
#define MESSAGE_ADDED(n, m, id, index)              \
    ADDED(n, index, MESSAGE(id, "in_progress", "")) \
    EVENT("content_part.added", m, PLACE(id, index) ",\"content_index\":0,\"part\":" TEXT_PART(""))
#define TEXT_DELTA(n, id, index, piece) \
    EVENT("output_text.delta", n,       \
          PLACE(id, index) ",\"content_index\":0,\"delta\":\"" piece "\",\"logprobs\":[]")
#define MESSAGE_DONE(n, m, o, id, index, status, text)                                   \
    EVENT("output_text.done", n,                                                         \
          PLACE(id, index) ",\"content_index\":0,\"text\":\"" text "\",\"logprobs\":[]") \
    EVENT("content_part.done", m,                                                        \
          PLACE(id, index) ",\"content_index\":0,\"part\":" TEXT_PART(text))             \
    DONE(o, index, MESSAGE(id, status, TEXT_PART(text)))
#define ARGUMENTS_DELTA(n, id, index, piece) \
    EVENT("function_call_arguments.delta", n, PLACE(id, index) ",\"delta\":\"" piece "\"")
#define ARGUMENTS_DONE(n, id, index, whole) \
    EVENT("function_call_arguments.done", n, PLACE(id, index) ",\"arguments\":\"" whole "\"")

/* ---- text and reasoning ---------------------------------------------------------------------- */

static void a_text_is_one_message(void **state)
{
    (void)state;
    feed(&(beluga_event){.kind = BELUGA_EVENT_METADATA, .u.metadata = {.model = "other"}});
    written("");
    text("Hel");
    written(OPENED MESSAGE_ADDED(2, 3, "msg_1_0", 0) TEXT_DELTA(4, "msg_1_0", 0, "Hel"));
    text("lo \"\xc3\xa4\"\n");
    written(TEXT_DELTA(5, "msg_1_0", 0, "lo \\\"\xc3\xa4\\\"\\n"));
    usage();
    written("");
    finish(BELUGA_FINISH_STOP, "stop");
    written(MESSAGE_DONE(6, 7, 8, "msg_1_0", 0, "completed", "Hello \\\"\xc3\xa4\\\"\\n") COMPLETED(
        9, USAGE, MESSAGE("msg_1_0", "completed", TEXT_PART("Hello \\\"\xc3\xa4\\\"\\n"))));
    text("late");
    fails(BELUGA_ERROR_NETWORK, -1);
    written("");
}

static void an_answer_without_anything_is_whole(void **state)
{
    (void)state;
    finish(BELUGA_FINISH_STOP, "stop");
    written(OPENED COMPLETED(2, "null", ""));
}

static void reasoning_has_a_summary_and_its_signature(void **state)
{
    (void)state;
    thought(0, "a");
    thought(0, "b");
    signed_by(0, "s1");
    signed_by(0, "s2");
    text("x");
    written(OPENED ADDED(2, 0, REASONING("rs_1_0", "in_progress", "", "null"))
                EVENT("reasoning_summary_part.added", 3,
                      PLACE("rs_1_0", 0) ",\"summary_index\":0,\"part\":" SUMMARY_PART(""))
                    EVENT("reasoning_summary_text.delta", 4,
                          PLACE("rs_1_0", 0) ",\"summary_index\":0,\"delta\":\"a\"")
                        EVENT("reasoning_summary_text.delta", 5,
                              PLACE("rs_1_0", 0) ",\"summary_index\":0,\"delta\":\"b\"")
                            EVENT("reasoning_summary_text.done", 6,
                                  PLACE("rs_1_0", 0) ",\"summary_index\":0,\"text\":\"ab\"")
                                EVENT("reasoning_summary_part.done", 7,
                                      PLACE("rs_1_0",
                                            0) ",\"summary_index\":0,\"part\":" SUMMARY_PART("ab"))
                                    DONE(8, 0,
                                         REASONING("rs_1_0", "completed", SUMMARY_PART("ab"),
                                                   "\"beluga:s1s2\""))
                                        MESSAGE_ADDED(9, 10, "msg_1_1", 1)
                                            TEXT_DELTA(11, "msg_1_1", 1, "x"));
}

/* A signature without text: Gemini signs the part that follows, and Anthropic hides its
 * reasoning. */
static void a_signature_alone_is_an_item(void **state)
{
    (void)state;
    signed_by(0, "s");
    thought(1, "t");
    written(OPENED ADDED(2, 0, REASONING("rs_1_0", "in_progress", "", "null"))
                DONE(3, 0, REASONING("rs_1_0", "completed", "", "\"beluga:s\""))
                    ADDED(4, 1, REASONING("rs_1_1", "in_progress", "", "null"))
                        EVENT("reasoning_summary_part.added", 5,
                              PLACE("rs_1_1", 1) ",\"summary_index\":0,\"part\":" SUMMARY_PART(""))
                            EVENT("reasoning_summary_text.delta", 6,
                                  PLACE("rs_1_1", 1) ",\"summary_index\":0,\"delta\":\"t\""));
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void a_call_has_the_names_of_the_client(void **state)
{
    (void)state;
#define WAIT(status, arguments)                                                                    \
    ITEM(                                                                                          \
        "fc_1_1", "function_call", status,                                                         \
        "\"call_id\":\"c1\",\"name\":\"wait\",\"namespace\":\"agents\",\"arguments\":\"" arguments \
        "\"")
    text("t");
    beluga__buf_clear(&out);
    CALL_BEGINS(0, "c1", "agents__wait");
    written(MESSAGE_DONE(5, 6, 7, "msg_1_0", 0, "completed", "t")
                ADDED(8, 1, WAIT("in_progress", "")));
    CALL_GOES_ON(0, "c1", "agents__wait", "{\"n\":");
    CALL_GOES_ON(0, "c1", "agents__wait", "1}");
    CALL_ENDS(0, "c1", "agents__wait", "{\"n\":1}");
    written(ARGUMENTS_DELTA(9, "fc_1_1", 1, "{\\\"n\\\":") ARGUMENTS_DELTA(10, "fc_1_1", 1, "1}")
                ARGUMENTS_DONE(11, "fc_1_1", 1, "{\\\"n\\\":1}")
                    DONE(12, 1, WAIT("completed", "{\\\"n\\\":1}")));
    finish(BELUGA_FINISH_TOOL_CALLS, "tool_calls");
    written(COMPLETED(
        13, "null",
        MESSAGE("msg_1_0", "completed", TEXT_PART("t")) "," WAIT("completed", "{\\\"n\\\":1}")));
}

static void a_call_without_pieces_has_its_arguments_in_one(void **state)
{
    (void)state;
    CALL_BEGINS(0, "c1", "exec");
    beluga__buf_clear(&out);
    CALL_ENDS(0, "c1", "exec", "{}");
    written(ARGUMENTS_DELTA(3, "fc_1_0", 0, "{}") ARGUMENTS_DONE(4, "fc_1_0", 0, "{}")
                DONE(5, 0, FUNCTION("fc_1_0", "completed", "c1", "exec", "{}")));
}

/* LangChain mixes up the pieces of two tool calls that alternate, and Codex loses a message between
 * two pieces of a tool call. So each item is sent whole, before the next. */
static void items_that_come_in_turns_wait_for_the_first(void **state)
{
    (void)state;
#define CALL_A FUNCTION("fc_1_0", "completed", "c0", "exec", "{\\\"a\\\":1}")
#define CALL_B FUNCTION("fc_1_1", "completed", "c1", "exec", "{\\\"b\\\":1}")
#define TEXT_X MESSAGE("msg_1_2", "completed", TEXT_PART("xy"))
#define TEXT_Z MESSAGE("msg_1_3", "completed", TEXT_PART("z"))
    CALL_BEGINS(0, "c0", "exec");
    beluga__buf_clear(&out);
    CALL_BEGINS(1, "c1", "exec");
    CALL_GOES_ON(1, "c1", "exec", "{\"b");
    written("");
    CALL_GOES_ON(0, "c0", "exec", "{\"a");
    written(ARGUMENTS_DELTA(3, "fc_1_0", 0, "{\\\"a"));
    text("x");
    text("y");
    CALL_ENDS(1, "c1", "exec", "{\"b\":1}");
    text("z");
    written("");
    CALL_ENDS(0, "c0", "exec", "{\"a\":1}");
    written(ARGUMENTS_DONE(4, "fc_1_0", 0, "{\\\"a\\\":1}") DONE(5, 0, CALL_A)
                ADDED(6, 1, FUNCTION("fc_1_1", "in_progress", "c1", "exec", ""))
                    ARGUMENTS_DELTA(7, "fc_1_1", 1, "{\\\"b\\\":1}")
                        ARGUMENTS_DONE(8, "fc_1_1", 1, "{\\\"b\\\":1}") DONE(9, 1, CALL_B)
                            MESSAGE_ADDED(10, 11, "msg_1_2", 2) TEXT_DELTA(12, "msg_1_2", 2, "xy")
                                MESSAGE_DONE(13, 14, 15, "msg_1_2", 2, "completed", "xy")
                                    MESSAGE_ADDED(16, 17, "msg_1_3", 3) TEXT_DELTA(18, "msg_1_3", 3,
                                                                                   "z")
                                        MESSAGE_DONE(19, 20, 21, "msg_1_3", 3, "completed", "z"));
    finish(BELUGA_FINISH_TOOL_CALLS, "");
    written(COMPLETED(22, "null", CALL_A "," CALL_B "," TEXT_X "," TEXT_Z));
}

/* The first pieces of this tool call arrived while another one was being sent, so they were held
 * back; later pieces must not overtake them. */
static void a_call_whose_turn_comes_while_it_goes_on_is_whole(void **state)
{
    (void)state;
    CALL_BEGINS(0, "c0", "exec");
    CALL_BEGINS(1, "c1", "exec");
    CALL_GOES_ON(1, "c1", "exec", "{\"b");
    CALL_ENDS(0, "c0", "exec", "{}");
    beluga__buf_clear(&out);
    CALL_GOES_ON(1, "c1", "exec", "\":1}");
    written("");
    CALL_ENDS(1, "c1", "exec", "{\"b\":1}");
    written(ARGUMENTS_DELTA(7, "fc_1_1", 1, "{\\\"b\\\":1}")
                ARGUMENTS_DONE(8, "fc_1_1", 1, "{\\\"b\\\":1}") DONE(9, 1, CALL_B));
}

static void a_call_of_a_custom_tool_has_a_plain_input(void **state)
{
    (void)state;
    CALL_BEGINS(0, "c", "patch");
    CALL_GOES_ON(0, "c", "patch", "{\"input\":\"a");
    CALL_ENDS(0, "c", "patch", "{\"input\":\"a\\nb\"}");
    CALL_BEGINS(1, "c", "patch");
    beluga__buf_clear(&out);
    CALL_ENDS(1, "c", "patch", "*** Begin");
    finish(BELUGA_FINISH_TOOL_CALLS, "");
    written(
        EVENT("custom_tool_call_input.delta", 7, PLACE("ctc_1_1", 1) ",\"delta\":\"*** Begin\"")
            EVENT("custom_tool_call_input.done", 8, PLACE("ctc_1_1", 1) ",\"input\":\"*** Begin\"")
                DONE(9, 1, CUSTOM("ctc_1_1", "completed", "*** Begin"))
                    COMPLETED(10, "null",
                              CUSTOM("ctc_1_0", "completed",
                                     "a\\nb") "," CUSTOM("ctc_1_1", "completed", "*** Begin")));
}

/* ---- states ---------------------------------------------------------------------------------- */

static void state(uint32_t of, uint32_t index, const char *json)
{
    feed(&(beluga_event){
        .kind = BELUGA_EVENT_STATE,
        .index = index,
        .u.state = {.of = of, .provider = "gemini", .json = json, .length = strlen(json)}});
}

static void states_are_items_behind_their_parts(void **unused)
{
    (void)unused;
#define STATE_OF(id, of, status) REASONING(id, status, "", "\"beluga:state:" of ":gemini:[1]\"")
    CALL_BEGINS(0, "c", "exec");
    CALL_ENDS(0, "c", "exec", "{}");
    beluga__buf_clear(&out);
    state(BELUGA_PART_TOOL_CALL, 0, "[1]");
    written(ADDED(6, 1, REASONING("rs_1_1", "in_progress", "", "null"))
                DONE(7, 1, STATE_OF("rs_1_1", "call", "completed")));
    text("x");
    state(BELUGA_PART_TEXT, 0, "[2]");
    text("y");
    beluga__buf_clear(&out);
    state(BELUGA_PART_STATE, 0, "[1]");
    written(MESSAGE_DONE(12, 13, 14, "msg_1_2", 2, "completed", "xy")
                ADDED(15, 3, REASONING("rs_1_3", "in_progress", "", "null"))
                    DONE(16, 3, STATE_OF("rs_1_3", "part", "completed")));
}

/* ---- media ----------------------------------------------------------------------------------- */

static void an_image_is_one_that_a_tool_made(void **state)
{
    (void)state;
#define IMAGE(status, result) ITEM("ig_1_0", "image_generation_call", status, "\"result\":" result)
    feed(&(beluga_event){
        .kind = BELUGA_EVENT_MEDIA,
        .u.media = {
            .kind = BELUGA_PART_IMAGE, .media_type = "image/png", .bytes = "\0\xff", .length = 2}});
    written(OPENED ADDED(2, 0, IMAGE("in_progress", "null"))
                EVENT("image_generation_call.completed", 3, PLACE("ig_1_0", 0))
                    DONE(4, 0, IMAGE("completed", "\"AP8=\"")));
    feed(&(beluga_event){.kind = BELUGA_EVENT_MEDIA,
                         .u.media = {.kind = BELUGA_PART_AUDIO, .bytes = "x", .length = 1}});
    written("");
    feed(&(beluga_event){.kind = BELUGA_EVENT_MEDIA,
                         .u.media = {.kind = BELUGA_PART_IMAGE, .url = "https://a/i.png"}});
    written(MESSAGE_ADDED(5, 6, "msg_1_1", 1) TEXT_DELTA(7, "msg_1_1", 1, "https://a/i.png"));
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void a_cut_answer_is_incomplete(void **state)
{
    (void)state;
    text("x");
    beluga__buf_clear(&out);
    finish(BELUGA_FINISH_LENGTH, "length");
    written(MESSAGE_DONE(5, 6, 7, "msg_1_0", 0, "incomplete", "x")
                EVENT("incomplete", 8,
                      RESPONSE("incomplete", "null", "{\"reason\":\"max_output_tokens\"}", "null",
                               MESSAGE("msg_1_0", "incomplete", TEXT_PART("x")))));
}

static void a_filtered_answer_is_incomplete(void **state)
{
    (void)state;
    finish(BELUGA_FINISH_CONTENT_FILTER, "safety");
    written(OPENED EVENT(
        "incomplete", 2,
        RESPONSE("incomplete", "null", "{\"reason\":\"content_filter\"}", "null", "")));
}

static void an_end_that_nobody_knows_is_not_a_success(void **state)
{
    (void)state;
    finish(BELUGA_FINISH_OTHER, "moon");
    written(OPENED EVENT("incomplete", 2,
                         RESPONSE("incomplete", "null", "{\"reason\":\"moon\"}", "null", "")));
}

static void a_failure_before_anything_begins_the_stream(void **state)
{
    (void)state;
    fails(BELUGA_ERROR_CONTEXT_LENGTH, -1);
    written(OPENED EVENT("failed", 2,
                         RESPONSE("failed",
                                  "{\"code\":\"context_length_exceeded\",\"message\":\"it broke\"}",
                                  "null", "null", "")));
    assert_true(stream->ended);
}

/* The output does not contain the unfinished item. */
static void a_failure_ends_a_stream_without_its_open_item(void **state)
{
    (void)state;
    thought(0, "t");
    text("x");
    beluga__buf_clear(&out);
    fails(BELUGA_ERROR_RATE_LIMIT, 2000);
    written(EVENT("failed", 11,
                  RESPONSE("failed",
                           "{\"code\":\"rate_limit_exceeded\",\"message\":\"it broke. Please try "
                           "again in 2s.\"}",
                           "null", "null",
                           REASONING("rs_1_0", "completed", SUMMARY_PART("t"), "null"))));
    text("late");
    finish(BELUGA_FINISH_STOP, "stop");
    written("");
}

static void codes_of_failures_are_those_that_clients_know(void **state)
{
    static const struct {
        int code;
        const char *word;
    } rows[] = {
        {BELUGA_ERROR_CONTEXT_LENGTH, "\"code\":\"context_length_exceeded\""},
        {BELUGA_ERROR_QUOTA_EXCEEDED, "\"code\":\"insufficient_quota\""},
        {BELUGA_ERROR_BUDGET_EXCEEDED, "\"code\":\"insufficient_quota\""},
        {BELUGA_ERROR_RATE_LIMIT, "\"code\":\"rate_limit_exceeded\""},
        {BELUGA_ERROR_INVALID_REQUEST, "\"code\":\"invalid_prompt\""},
        {BELUGA_ERROR_CONTENT_FILTER, "\"code\":\"invalid_prompt\""},
        {BELUGA_ERROR_INTERNAL, "\"code\":\"server_error\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(state);
        fails(rows[i].code, -1);
        assert_non_null(strstr(out.data, rows[i].word));
        end(state);
    }
}

static void a_text_that_is_not_utf8_writes_nothing(void **state)
{
    static const char bad[] = "a\xff";
    const beluga_event event = {.kind = BELUGA_EVENT_TEXT, .u.text = {.text = bad, .length = 2}};
    (void)state;
    text("x");
    beluga__buf_clear(&out);
    assert_int_equal(stream->protocol->event(stream, &event), BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(out.length, 0);
}

#define TEST(name)            cmocka_unit_test_setup_teardown(name, begin, end)
#define TEST_WITH_TOOLS(name) cmocka_unit_test_setup_teardown(name, begin_with_tools, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_text_is_one_message),
        TEST(an_answer_without_anything_is_whole),
        TEST(reasoning_has_a_summary_and_its_signature),
        TEST(a_signature_alone_is_an_item),
        TEST_WITH_TOOLS(a_call_has_the_names_of_the_client),
        TEST_WITH_TOOLS(a_call_without_pieces_has_its_arguments_in_one),
        TEST_WITH_TOOLS(items_that_come_in_turns_wait_for_the_first),
        TEST_WITH_TOOLS(a_call_whose_turn_comes_while_it_goes_on_is_whole),
        TEST_WITH_TOOLS(a_call_of_a_custom_tool_has_a_plain_input),
        TEST_WITH_TOOLS(states_are_items_behind_their_parts),
        TEST(an_image_is_one_that_a_tool_made),
        TEST(a_cut_answer_is_incomplete),
        TEST(a_filtered_answer_is_incomplete),
        TEST(an_end_that_nobody_knows_is_not_a_success),
        TEST(a_failure_before_anything_begins_the_stream),
        TEST(a_failure_ends_a_stream_without_its_open_item),
        cmocka_unit_test(codes_of_failures_are_those_that_clients_know),
        TEST(a_text_that_is_not_utf8_writes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
