/* Our provider for Messages must be able to read the bytes that we write as Messages, and a stream
 * and a whole answer must give the same events. */
#include "protocol_kit.h"
#include "providers/builtin.h"
#include "support/decode.h"
#include "support/torture.h"

#include <beluga/allocator.h>
#include <beluga/error.h>
#include <beluga/response.h>

#include <stdio.h>

#define N(list) (sizeof(list) / sizeof((list)[0]))
#define BODY                                                                                   \
    "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]," \
    "\"thinking\":{\"type\":\"adaptive\"},\"stop_sequences\":[\"END\"]}"

static void read_back(const char *text, bool stream, const char *expected)
{
    beluga__buf out;
    size_t length = strlen(text);
    beluga__buf_init(&out, beluga_allocator_default(), 1 << 20);
    if (stream)
        decode_stream(&beluga__anthropic_provider, text, &length, 1, &out);
    else
        decode_body(&beluga__anthropic_provider, text, length, 0, &out);
    assert_string_equal(out.data, expected);
    beluga__buf_free(&out);
}

#define COUNTS(in, write, read, out)                                       \
    " raw={\"input_tokens\":" in ",\"cache_creation_input_tokens\":" write \
    ",\"cache_read_input_tokens\":" read ",\"output_tokens\":" out
#define HEAD "metadata id=id-1 model=m created=0\n"
#define ESTIMATE \
    "usage input=5 read=0 write=0 output=0 reasoning=-1" COUNTS("5", "0", "0", "0") "}\n"

/* Read a stream and a whole answer with the provider. Their events differ only in the usage at the
 * beginning, which a whole answer does not have. */
static void goes_round(const beluga_event *events, size_t n, const char *streamed,
                       const char *whole)
{
    char *text = kit_stream(&protocol_messages, BODY, events, n);
    read_back(text, true, streamed);
    free(text);
    text = kit_answer(&protocol_messages, BODY, events, n);
    read_back(text, false, whole);
    free(text);
}

static void text_and_thinking_come_back_as_they_went(void **state)
{
    (void)state;
    const beluga_event events[] = {
        KIT_USAGE(100, 60, 30, 1, -1),
        KIT_REASONING("Hm."),
        KIT_SIGNED("", "EqQB", 4),
        KIT_TEXT("\"a\"\n"),
        KIT_TEXT("\xe2\x82\xac"),
        KIT_USAGE(100, 60, 30, 7, 5),
        {.kind = BELUGA_EVENT_FINISH, .u.finish = {BELUGA_FINISH_STOP, "stop_sequence", 13}}};
    static const char usage[] = "usage input=100 read=60 write=30 output=7 reasoning=5" COUNTS(
        "10", "30", "60", "7") ",\"output_tokens_details\":{\"thinking_tokens\":5}}\n";
    char streamed[1024], whole[1024];
    snprintf(streamed, sizeof streamed,
             HEAD "usage input=100 read=60 write=30 output=1 reasoning=-1" COUNTS(
                 "10", "30", "60", "1") "}\nreasoning \"Hm.\"\nsignature 0 \"EqQB\"\n"
                                        "text \"\\x22a\\x22\\x0a\"\ntext \"\xe2\x82\xac\"\n%sdone\n"
                                        "finish stop (stop_sequence)\n",
             usage);
    snprintf(whole, sizeof whole,
             HEAD "%sreasoning \"Hm.\"\nsignature 0 \"EqQB\"\n"
                  "text \"\\x22a\\x22\\x0a\xe2\x82\xac\"\nfinish stop (stop_sequence)\n",
             usage);
    goes_round(events, N(events), streamed, whole);
}

#define USAGE "usage input=9 read=0 write=0 output=4 reasoning=-1" COUNTS("9", "0", "0", "4") "}\n"

static void calls_come_back_as_they_went(void **state)
{
    (void)state;
    const beluga_event events[] = {KIT_SIGNED("", "redacted_thinking:Eroc", 22),
                                   KIT_TEXT("a"),
                                   KIT_BEGIN(3, "c0", "f"),
                                   KIT_DELTA(3, "{\"a\":"),
                                   KIT_BEGIN(4, "c1", "g"),
                                   KIT_DELTA(4, "{}"),
                                   KIT_DELTA(3, "1}"),
                                   KIT_END(3, "c0", "f", "{\"a\":1}"),
                                   KIT_END(4, "c1", "g", "{}"),
                                   KIT_USAGE(9, -1, -1, 4, -1),
                                   KIT_FINISH(TOOL_CALLS)};
    goes_round(events, N(events),
               HEAD ESTIMATE "signature 0 \"redacted_thinking:Eroc\"\ntext \"a\"\n"
                             "tool 0 begin c0 f\ntool 0 delta \"{\\x22a\\x22:\"\n"
                             "tool 0 delta \"1}\"\ntool 0 end \"{\\x22a\\x22:1}\"\n"
                             "tool 1 begin c1 g\ntool 1 delta \"{}\"\ntool 1 end \"{}\"\n" USAGE
                             "done\nfinish tool_calls (tool_use)\n",
               HEAD USAGE "signature 0 \"redacted_thinking:Eroc\"\ntext \"a\"\n"
                          "tool 0 begin c0 f\ntool 0 delta \"{\\x22a\\x22:1}\"\n"
                          "tool 0 end \"{\\x22a\\x22:1}\"\n"
                          "tool 1 begin c1 g\ntool 1 end \"{}\"\n"
                          "finish tool_calls (tool_use)\n");
}

static void a_failure_comes_back_as_one(void **state)
{
    (void)state;
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_OVERLOADED, "too many at once");
    const beluga_event events[] = {KIT_TEXT("a"), KIT_ERROR(&err)};
    char *text = kit_stream(&protocol_messages, BODY, events, N(events));
    read_back(text, true,
              HEAD ESTIMATE "text \"a\"\nerror overloaded (retryable): the provider is overloaded "
                            "(reported inside an answer of status 200) [overloaded_error] "
                            "<too many at once>\n");
    free(text);
}

/* ---- when memory runs out -------------------------------------------------------------------- */

static const char rich[] =
    "{\"model\":\"m\",\"max_tokens\":9,\"system\":[{\"type\":\"text\",\"text\":\"s\","
    "\"cache_control\":{\"type\":\"ephemeral\"}}],\"messages\":[{\"role\":\"user\",\"content\":["
    "{\"type\":\"document\",\"title\":\"t\",\"source\":{\"type\":\"base64\",\"media_type\":"
    "\"application/pdf\",\"data\":\"JVBERi0=\"}}]},{\"role\":\"assistant\",\"content\":[{\"type\":"
    "\"redacted_thinking\",\"data\":\"Eroc\"},{\"type\":\"thinking\",\"thinking\":\"h\"},{\"type\":"
    "\"tool_use\",\"id\":\"c\",\"name\":\"a.b\",\"input\":{\"a\":1}}]},{\"role\":\"user\","
    "\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"c\",\"content\":[{\"type\":\"image\","
    "\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"iVBO\"}}]}]}],"
    "\"tools\":[{\"name\":\"a.b\",\"input_schema\":{}}],\"output_config\":{\"effort\":\"low\","
    "\"format\":{\"type\":\"json_schema\",\"schema\":{}}},\"thinking\":{\"type\":\"adaptive\"},"
    "\"new\":1}";

static const beluga_event rich_events[] = {KIT_SIGNED("", "redacted_thinking:Eroc", 22),
                                           KIT_TEXT("a"),
                                           KIT_BEGIN(3, "c0", "f"),
                                           KIT_DELTA(3, "{\"a\":"),
                                           KIT_BEGIN(4, "c1", "g"),
                                           KIT_DELTA(4, "{}"),
                                           KIT_END(3, "c0", "f", "{\"a\":1}"),
                                           KIT_END(4, "c1", "g", "["),
                                           KIT_FINISH(TOOL_CALLS)};

static int write_stream(const protocol_request *request)
{
    beluga__buf out;
    int rc = 0;
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_NO_MEMORY, "no memory");
    beluga__buf_init(&out, beluga_allocator_default(), 1 << 20);
    protocol_stream *stream = protocol_stream_new(request, &kit_identity, &out);
    if (!stream) return BELUGA_ERROR_NO_MEMORY;
    for (size_t i = 0; i < N(rich_events) && !rc; i++)
        rc = protocol_messages.event(stream, &rich_events[i]);
    if (rc) (protocol_messages.fail)(stream, &err);
    protocol_stream_free(stream);
    beluga__buf_free(&out);
    return rc;
}

static int write_answer(const protocol_request *request)
{
    beluga_response *response = NULL;
    beluga_response_builder *builder = beluga_response_builder_new();
    beluga_json_writer *w = builder ? beluga_json_writer_new() : NULL;
    const char *text;
    int rc = w ? 0 : BELUGA_ERROR_NO_MEMORY;
    for (size_t i = 0; i < N(rich_events) && !rc; i++)
        rc = beluga_response_builder_add(builder, &rich_events[i]);
    if (!rc) rc = beluga_response_builder_finish(builder, &response);
    if (!rc) {
        beluga_json_begin_object(w, NULL);
        protocol_messages.answer(w, request, &kit_identity, response);
        beluga_json_end_object(w);
        /* if memory is missing for the answer, its writer reports only that it failed */
        rc = beluga_json_writer_text(w, &text, NULL) ? BELUGA_ERROR_NO_MEMORY : 0;
    }
    beluga_json_writer_free(w);
    beluga_response_free(response);
    beluga_response_builder_free(builder);
    return rc;
}

static int read_and_write(void *argument)
{
    (void)argument;
    protocol_request request;
    int rc = kit_read(&request, &protocol_messages, rich);
    if (!rc) rc = write_stream(&request);
    if (!rc) rc = write_answer(&request);
    protocol_request_free(&request);
    return rc;
}

static void memory_that_runs_out_is_told_at_every_point(void **state)
{
    (void)state;
    assert_true(torture_run(read_and_write, NULL) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_thinking_come_back_as_they_went),
        cmocka_unit_test(calls_come_back_as_they_went),
        cmocka_unit_test(a_failure_comes_back_as_one),
        cmocka_unit_test(memory_that_runs_out_is_told_at_every_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
