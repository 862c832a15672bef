/* Events that are joined into a response. */
#include "../support/scoped.h"
#include "built.h"

#include <beluga/provider/json.h>

static void assert_text(const beluga_response *r, const char *expected)
{
    size_t length;
    assert_string_equal(beluga_response_text(r, &length), expected);
    assert_int_equal(length, strlen(expected));
}

static void assert_json(const beluga_response *r, const char *expected)
{
    SCOPED(char) *json = NULL;
    size_t length;
    assert_int_equal(beluga_response_to_json(r, &json, &length), 0);
    assert_string_equal(json, expected);
    assert_int_equal(length, strlen(expected));
}

/* Finish the builder, which must return this status, and return its response. Returns owned
 * (beluga_response_free). */
static beluga_response *taken(beluga_response_builder *b, int status)
{
    beluga_response *r = NULL;
    assert_int_equal(beluga_response_builder_finish(b, &r), status);
    return r;
}

static void text_is_joined_in_order(void **state)
{
    (void)state;
    SCOPED(beluga_response_builder) *b = beluga_response_builder_new();
    assert_int_equal(text(b, "Hello"), 0);
    assert_int_equal(text(b, ", "), 0);
    assert_int_equal(text(b, ""), 0);
    assert_int_equal(text(b, "world"), 0);
    assert_int_equal(finish(b, BELUGA_FINISH_STOP, "end_turn"), 0);
    SCOPED(beluga_response) *r = taken(b, 0);
    assert_text(r, "Hello, world");
    assert_true(beluga_response_is_complete(r));
    assert_int_equal(beluga_response_finish_reason(r), BELUGA_FINISH_STOP);
    assert_string_equal(beluga_response_raw_finish_reason(r), "end_turn");
}

static void long_text_is_kept_whole(void **state)
{
    (void)state;
    SCOPED(beluga_response_builder) *b = beluga_response_builder_new();
    for (int i = 0; i < 10000; i++) assert_int_equal(text(b, "0123456789"), 0);
    finish(b, BELUGA_FINISH_STOP, NULL);
    SCOPED(beluga_response) *r = taken(b, 0);
    size_t length;
    const char *whole = beluga_response_text(r, &length);
    assert_int_equal(length, 100000);
    for (size_t i = 0; i < length; i++) assert_int_equal(whole[i], '0' + (int)(i % 10));
}

static void what_is_unknown_reads_as_unknown(void **state)
{
    (void)state;
    SCOPED(beluga_response_builder) *b = beluga_response_builder_new();
    finish(b, BELUGA_FINISH_UNKNOWN, NULL);
    SCOPED(beluga_response) *r = taken(b, 0);
    assert_text(r, "");
    assert_string_equal(beluga_response_reasoning(r, NULL), "");
    assert_string_equal(beluga_response_raw_finish_reason(r), "");
    assert_string_equal(beluga_response_id(r), "");
    assert_string_equal(beluga_response_model(r), "");
    assert_string_equal(beluga_response_provider(r), "");
    assert_string_equal(beluga_response_request_id(r), "");
    assert_int_equal(beluga_response_created(r), 0);
    assert_int_equal(beluga_response_usage(r)->input_total, -1);
    assert_int_equal(beluga_response_usage(r)->output_reasoning, -1);
    assert_null(beluga_response_usage(r)->raw);
    assert_int_equal(beluga_response_rate_limits(r)->requests_limit, -1);
    assert_int_equal(beluga_response_rate_limits(r)->tokens_reset_ms, -1);
    assert_int_equal(beluga_response_duration_ns(r), -1);
    assert_int_equal(beluga_response_first_content_ns(r), -1);
    assert_int_equal(beluga_response_tool_call_count(r), 0);
    assert_null(beluga_response_tool_call(r, 0));
    assert_null(beluga_response_warning(r, 0));
}

static void metadata_usage_and_warnings_are_kept(void **state)
{
    (void)state;
    const char *const list[] = {"top_k is not supported", "seed is not supported"};
    SCOPED(beluga_response_builder) *b = beluga_response_builder_new();
    assert_int_equal(warnings(b, list, 2), 0);
    assert_int_equal(metadata(b), 0);
    assert_int_equal(usage(b, 10, 1, "{\"in\":10,\"and\":\"some more\"}"), 0);
    assert_int_equal(usage(b, 10, 20, "{\"in\":10}"), 0);
    finish(b, BELUGA_FINISH_LENGTH, NULL);
    SCOPED(beluga_response) *r = taken(b, 0);
    beluga__response_set_times(r, 5000000, 1000000);
    assert_string_equal(beluga_response_warning(r, 0), list[0]);
    assert_string_equal(beluga_response_warning(r, 1), list[1]);
    assert_null(beluga_response_warning(r, 2));
    assert_string_equal(beluga_response_id(r), "resp-1");
    assert_string_equal(beluga_response_model(r), "m-1");
    assert_string_equal(beluga_response_provider(r), "acme");
    assert_string_equal(beluga_response_request_id(r), "req-1");
    assert_int_equal(beluga_response_created(r), 1700000000);
    assert_int_equal(beluga_response_rate_limits(r)->requests_limit, 50);
    assert_int_equal(beluga_response_rate_limits(r)->tokens_reset_ms, 20);
    assert_int_equal(beluga_response_usage(r)->output_total, 20);
    assert_string_equal(beluga_response_usage(r)->raw, "{\"in\":10}");
    assert_int_equal(beluga_response_usage(r)->raw_length, 9);
    assert_int_equal(beluga_response_duration_ns(r), 5000000);
    assert_int_equal(beluga_response_first_content_ns(r), 1000000);
}

static void times_that_the_caller_sets_hold_for_one_answer(void **state)
{
    (void)state;
    SCOPED(beluga_response_builder) *b = beluga_response_builder_new();
    finish(b, BELUGA_FINISH_STOP, NULL);
    beluga_response_builder_set_times(b, 3000000, 2000000);
    SCOPED(beluga_response) *r = taken(b, 0);
    assert_int_equal(beluga_response_duration_ns(r), 3000000);
    assert_int_equal(beluga_response_first_content_ns(r), 2000000);
    beluga_response_free(r);
    finish(b, BELUGA_FINISH_STOP, NULL);
    r = taken(b, 0);
    assert_int_equal(beluga_response_duration_ns(r), -1);
}

static void usage_with_every_piece_does_not_pile_up(void **state)
{
    (void)state;
    beluga_response_builder b;
    beluga__response_builder_init(&b, NULL, 4096);
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(usage(&b, i, i, "{\"total_tokens\":123456}"), 0);
        if (i % 10 == 0) assert_int_equal(usage(&b, i, i, NULL), 0);
    }
    finish(&b, BELUGA_FINISH_STOP, NULL);
    SCOPED(beluga_response) *r = taken(&b, 0);
    assert_int_equal(beluga_response_usage(r)->input_total, 9999);
    assert_string_equal(beluga_response_usage(r)->raw, "{\"total_tokens\":123456}");
}

static void only_tool_calls_that_ended_count(void **state)
{
    (void)state;
    SCOPED(beluga_response_builder) *b = beluga_response_builder_new();
    call(b, BELUGA_EVENT_TOOL_CALL_BEGIN, 0, "c0", "add", NULL);
    call(b, BELUGA_EVENT_TOOL_CALL_BEGIN, 1, "c1", "sub", NULL);
    call(b, BELUGA_EVENT_TOOL_CALL_DELTA, 0, "c0", "add", "{\"a\":");
    call(b, BELUGA_EVENT_TOOL_CALL_BEGIN, 2, "c2", "cut", NULL);
    call(b, BELUGA_EVENT_TOOL_CALL_DELTA, 2, "c2", "cut", "{\"a\"");
    call(b, BELUGA_EVENT_TOOL_CALL_END, 1, "c1", "sub", "");
    call(b, BELUGA_EVENT_TOOL_CALL_END, 0, "c0", "add", "{\"a\":1}");
    call(b, BELUGA_EVENT_TOOL_CALL_END, 7, "c7", "whole", "[]");
    finish(b, BELUGA_FINISH_TOOL_CALLS, "tool_calls");
    SCOPED(beluga_response) *r = taken(b, 0);
    assert_int_equal(beluga_response_tool_call_count(r), 3);
    const beluga_tool_call *c = beluga_response_tool_call(r, 0);
    assert_string_equal(c->id, "c0");
    assert_string_equal(c->name, "add");
    assert_string_equal(c->arguments, "{\"a\":1}");
    assert_int_equal(c->length, 7);
    assert_string_equal(beluga_response_tool_call(r, 1)->arguments, "{}");
    assert_int_equal(beluga_response_tool_call(r, 1)->length, 2);
    assert_string_equal(beluga_response_tool_call(r, 2)->name, "whole");
    assert_null(beluga_response_tool_call(r, 3));
    SCOPED(beluga_message) *m = beluga_response_message(r);
    assert_int_equal(beluga_message_count(m), 3); /* the message also lacks the part that was cut */
    assert_int_equal(beluga__message_check(m, 0, NULL), 0);
}

static void a_block_number_may_be_used_again(void **state)
{
    (void)state;
    SCOPED(beluga_response_builder) *b = beluga_response_builder_new();
    for (int i = 0; i < 2; i++) {
        call(b, BELUGA_EVENT_TOOL_CALL_BEGIN, 0, i ? "second" : "first", "f", NULL);
        call(b, BELUGA_EVENT_TOOL_CALL_END, 0, NULL, NULL, i ? "{\"n\":2}" : "{\"n\":1}");
    }
    call(b, BELUGA_EVENT_TOOL_CALL_END, 5, NULL, NULL, NULL);
    finish(b, BELUGA_FINISH_TOOL_CALLS, NULL);
    SCOPED(beluga_response) *r = taken(b, 0);
    assert_int_equal(beluga_response_tool_call_count(r), 3);
    assert_string_equal(beluga_response_tool_call(r, 0)->id, "first");
    assert_string_equal(beluga_response_tool_call(r, 1)->arguments, "{\"n\":2}");
    assert_string_equal(beluga_response_tool_call(r, 2)->id, "");
    assert_string_equal(beluga_response_tool_call(r, 2)->name, "");
}

static void reasoning_keeps_its_signatures_and_its_place(void **state)
{
    (void)state;
    SCOPED(beluga_response_builder) *b = beluga_response_builder_new();
    reasoning(b, 0, "first ", NULL);
    reasoning(b, 0, "thought", NULL);
    reasoning(b, 0, NULL, "sig-0");
    reasoning(b, 0, NULL, NULL); /* empty reasoning */
    text(b, "Let me see. ");
    reasoning(b, 2, "second", "sig-2");
    reasoning(b, 2, "third", "sig-3");
    call(b, BELUGA_EVENT_TOOL_CALL_BEGIN, 3, "c", "f", NULL);
    call(b, BELUGA_EVENT_TOOL_CALL_END, 3, "c", "f", "{}");
    text(b, "Done.");
    finish(b, BELUGA_FINISH_TOOL_CALLS, NULL);
    SCOPED(beluga_response) *r = taken(b, 0);
    size_t length;
    assert_string_equal(beluga_response_reasoning(r, &length), "first thoughtsecondthird");
    assert_int_equal(length, 24);
    assert_text(r, "Let me see. Done.");
    SCOPED(beluga_message) *m = beluga_response_message(r);
    const struct {
        uint32_t kind;
        const char *text, *signature;
    } parts[] = {
        {BELUGA_PART_REASONING, "first thought", "sig-0"},
        {BELUGA_PART_TEXT, "Let me see. ", NULL},
        {BELUGA_PART_REASONING, "second", "sig-2"},
        {BELUGA_PART_REASONING, "third", "sig-3"},
        {BELUGA_PART_TOOL_CALL, "{}", NULL},
        {BELUGA_PART_TEXT, "Done.", NULL},
    };
    assert_int_equal(beluga_message_role(m), BELUGA_ROLE_AI);
    assert_int_equal(beluga_message_count(m), 6);
    for (size_t i = 0; i < 6; i++) {
        const beluga_part *p = beluga_message_part(m, i);
        assert_int_equal(p->kind, parts[i].kind);
        assert_string_equal(p->text, parts[i].text);
        assert_string_equal(p->signature ? p->signature : "-",
                            parts[i].signature ? parts[i].signature : "-");
    }
}

static void a_signature_without_text_is_kept(void **state)
{
    (void)state;
    SCOPED(beluga_response_builder) *b = beluga_response_builder_new();
    reasoning(b, 0, NULL, "sealed");
    finish(b, BELUGA_FINISH_STOP, NULL);
    SCOPED(beluga_response) *r = taken(b, 0);
    SCOPED(beluga_message) *m = beluga_response_message(r);
    assert_int_equal(beluga_message_count(m), 1);
    assert_string_equal(beluga_message_part(m, 0)->text, "");
    assert_string_equal(beluga_message_part(m, 0)->signature, "sealed");
}

static void a_restart_discards_everything_so_far(void **state)
{
    (void)state;
    const char *const warning[] = {"old"};
    SCOPED(beluga_response_builder) *b = beluga_response_builder_new();
    warnings(b, warning, 1);
    metadata(b);
    text(b, "old text");
    reasoning(b, 0, "old reasoning", "s");
    call(b, BELUGA_EVENT_TOOL_CALL_BEGIN, 0, "old", "f", NULL);
    call(b, BELUGA_EVENT_TOOL_CALL_END, 0, "old", "f", "{}");
    usage(b, 1, 2, "{}");
    assert_int_equal(add(b, (beluga_event){.kind = BELUGA_EVENT_RESTART}), 0);
    text(b, "new");
    finish(b, BELUGA_FINISH_STOP, NULL);
    SCOPED(beluga_response) *r = taken(b, 0);
    assert_json(
        r, "{\"id\":null,\"model\":null,\"provider\":null,\"request_id\":null,\"created\":null,"
           "\"complete\":true,\"text\":\"new\",\"reasoning\":\"\",\"tool_calls\":[],"
           "\"usage\":{},\"rate_limits\":{},\"finish_reason\":\"stop\",\"raw_finish_reason\":null,"
           "\"warnings\":[],\"timing\":{\"duration_ms\":null,\"first_content_ms\":null}}");
}

static void an_end_without_a_terminal_event_is_not_complete(void **state)
{
    (void)state;
    SCOPED(beluga_response_builder) *b = beluga_response_builder_new();
    text(b, "half an ans");
    SCOPED(beluga_response) *r = taken(b, BELUGA_ERROR_STREAM_CLOSED);
    assert_text(r, "half an ans");
    assert_false(beluga_response_is_complete(r));
    assert_int_equal(beluga_response_finish_reason(r), BELUGA_FINISH_UNKNOWN);
    beluga_response_free(r);
    r = taken(b, BELUGA_ERROR_STREAM_CLOSED);
    assert_text(r, ""); /* finishing has emptied the builder */
}

static void an_error_gives_its_code_and_what_had_arrived(void **state)
{
    (void)state;
    SCOPED(beluga_response_builder) *b = beluga_response_builder_new();
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_OVERLOADED, "busy");
    text(b, "some");
    usage(b, 3, 4, NULL);
    assert_int_equal(add(b, (beluga_event){.kind = BELUGA_EVENT_ERROR, .u.error = &err}), 0);
    assert_int_equal(text(b, " more after the end"), 0);
    SCOPED(beluga_response) *r = taken(b, BELUGA_ERROR_OVERLOADED);
    assert_text(r, "some");
    assert_false(beluga_response_is_complete(r));
    assert_int_equal(beluga_response_usage(r)->input_total, 3);
    beluga_response_free(r);
    add(b, (beluga_event){.kind = BELUGA_EVENT_ERROR});
    r = taken(b, BELUGA_ERROR_STREAM);
}

static void a_builder_can_be_used_again(void **state)
{
    (void)state;
    SCOPED(beluga_response_builder) *b = beluga_response_builder_new();
    for (int i = 0; i < 3; i++) {
        beluga_response *r;
        text(b, i ? "again" : "once");
        finish(b, BELUGA_FINISH_STOP, NULL);
        assert_int_equal(beluga_response_builder_finish(b, &r), 0);
        assert_text(r, i ? "again" : "once");
        beluga_response_free(r);
    }
    text(b, "never taken");
    beluga_response_builder_free(NULL);
    beluga_response_free(NULL);
}

static void unknown_events_are_skipped(void **state)
{
    (void)state;
    SCOPED(beluga_response_builder) *b = beluga_response_builder_new();
    assert_int_equal(add(b, (beluga_event){.kind = 99}), 0);
    assert_int_equal(add(b, (beluga_event){.kind = BELUGA_EVENT_RAW}), 0);
    text(b, "x");
    finish(b, BELUGA_FINISH_STOP, NULL);
    SCOPED(beluga_response) *r = taken(b, 0);
    assert_text(r, "x");
}

static void an_answer_over_the_maximum_is_refused_and_stays_refused(void **state)
{
    (void)state;
    beluga_response_builder b;
    beluga__response_builder_init(&b, NULL, 1024);
    int status = 0;
    for (int i = 0; i < 200 && !status; i++) status = text(&b, "0123456789");
    assert_int_equal(status, BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_int_equal(text(&b, ""), BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_int_equal(finish(&b, BELUGA_FINISH_STOP, NULL), BELUGA_ERROR_LIMIT_EXCEEDED);
    SCOPED(beluga_response) *r = taken(&b, BELUGA_ERROR_LIMIT_EXCEEDED);
    size_t length;
    beluga_response_text(r, &length);
    assert_true(length > 0 && length <= 1024);
    assert_false(beluga_response_is_complete(r));
}

static void everything_counts_towards_the_maximum(void **state)
{
    (void)state;
    char large[2000];
    memset(large, 'x', sizeof large);
    large[sizeof large - 1] = '\0';
    const char *const list[] = {large};
    for (int kind = 0; kind < 6; kind++) {
        beluga_response_builder b;
        beluga_response *r;
        beluga__response_builder_init(&b, NULL, 1024);
        int status = kind == 0   ? reasoning(&b, 0, large, NULL)
                     : kind == 1 ? reasoning(&b, 0, NULL, large)
                     : kind == 2 ? call(&b, BELUGA_EVENT_TOOL_CALL_END, 0, "i", "n", large)
                     : kind == 3 ? usage(&b, 1, 1, large)
                     : kind == 4 ? warnings(&b, list, 1)
                                 : finish(&b, BELUGA_FINISH_OTHER, large);
        assert_int_equal(status, BELUGA_ERROR_LIMIT_EXCEEDED);
        assert_int_equal(beluga_response_builder_finish(&b, &r), BELUGA_ERROR_LIMIT_EXCEEDED);
        assert_false(beluga_response_is_complete(r));
        beluga_message *m = beluga_response_message(r);
        assert_int_equal(beluga__message_check(m, 0, NULL), 0);
        beluga_message_unref(m);
        beluga_response_free(r);
    }
}

static void the_1025th_tool_call_is_refused(void **state)
{
    (void)state;
    SCOPED(beluga_response_builder) *b = beluga_response_builder_new();
    for (uint32_t i = 0; i < 1024; i++)
        assert_int_equal(call(b, BELUGA_EVENT_TOOL_CALL_END, i, "i", "n", "{}"), 0);
    assert_int_equal(call(b, BELUGA_EVENT_TOOL_CALL_BEGIN, 2000, "i", "n", NULL),
                     BELUGA_ERROR_LIMIT_EXCEEDED);
    SCOPED(beluga_response) *r = taken(b, BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_int_equal(beluga_response_tool_call_count(r), 1024);
}

static void a_text_answer_becomes_a_message_of_one_text(void **state)
{
    (void)state;
    SCOPED(beluga_response_builder) *b = beluga_response_builder_new();
    beluga_response *r;
    text(b, "Hi ");
    text(b, "there");
    finish(b, BELUGA_FINISH_STOP, NULL);
    assert_int_equal(beluga_response_builder_finish(b, &r), 0);
    SCOPED(beluga_message) *m = beluga_response_message(r);
    beluga_response_free(r);
    assert_int_equal(beluga_message_count(m), 1);
    assert_string_equal(beluga_message_text(m, NULL), "Hi there");
}

static void an_answer_is_written_as_one_json_object(void **state)
{
    (void)state;
    const char *const list[] = {"top_k is not supported"};
    SCOPED(beluga_response_builder) *b = beluga_response_builder_new();
    warnings(b, list, 1);
    metadata(b);
    reasoning(b, 0, "hm", NULL);
    text(b, "say \"hi\"\n");
    call(b, BELUGA_EVENT_TOOL_CALL_END, 1, "c1", "add", "{ \"a\": 1 }");
    call(b, BELUGA_EVENT_TOOL_CALL_END, 2, "c2", "bad", "{\"a\": ");
    call(b, BELUGA_EVENT_TOOL_CALL_END, 3, "c3", "list", "[1]");
    usage(b, 10, 20, "{\"prompt_tokens\": 10}");
    finish(b, BELUGA_FINISH_TOOL_CALLS, "tool_calls");
    SCOPED(beluga_response) *r = taken(b, 0);
    beluga__response_set_times(r, 1500000, 250000);
    assert_json(
        r, "{\"id\":\"resp-1\",\"model\":\"m-1\",\"provider\":\"acme\",\"request_id\":\"req-1\","
           "\"created\":1700000000,\"complete\":true,\"text\":\"say \\\"hi\\\"\\n\","
           "\"reasoning\":\"hm\",\"tool_calls\":["
           "{\"id\":\"c1\",\"name\":\"add\",\"arguments\":{\"a\":1}},"
           "{\"id\":\"c2\",\"name\":\"bad\",\"arguments\":\"{\\\"a\\\": \"},"
           "{\"id\":\"c3\",\"name\":\"list\",\"arguments\":\"[1]\"}],"
           "\"usage\":{\"input_total\":10,\"output_total\":20,\"raw\":{\"prompt_tokens\":10}},"
           "\"rate_limits\":{\"requests_limit\":50,\"tokens_reset_ms\":20},"
           "\"finish_reason\":\"tool_calls\",\"raw_finish_reason\":\"tool_calls\","
           "\"warnings\":[\"top_k is not supported\"],"
           "\"timing\":{\"duration_ms\":1.5,\"first_content_ms\":0.25}}");
    beluga__response_set_complete(r, false);
    assert_false(beluga_response_is_complete(r));
}

static void kinds_and_reasons_have_names(void **state)
{
    (void)state;
    assert_string_equal(beluga_event_kind_name(BELUGA_EVENT_START), "start");
    assert_string_equal(beluga_event_kind_name(BELUGA_EVENT_TOOL_CALL_DELTA), "tool_call_delta");
    assert_string_equal(beluga_event_kind_name(BELUGA_EVENT_RESTART), "restart");
    assert_string_equal(beluga_event_kind_name(0), "unknown");
    assert_string_equal(beluga_event_kind_name(1000), "unknown");
    assert_string_equal(beluga_finish_reason_name(BELUGA_FINISH_LENGTH), "length");
    assert_string_equal(beluga_finish_reason_name(BELUGA_FINISH_UNKNOWN), "unknown");
    assert_string_equal(beluga_finish_reason_name(77), "unknown");
}

/* --- members ---------------------------------------------------------------------------------- */

static void what_an_answer_says_is_written_into_an_open_object(void **state)
{
    (void)state;
    SCOPED(beluga_response_builder) *b = beluga_response_builder_new();
    text(b, "Hi \"there\"");
    call(b, BELUGA_EVENT_TOOL_CALL_END, 0, "c0", "add", "{ \"a\": 1 }");
    usage(b, 3, 4, "{ \"total\": 7 }");
    finish(b, BELUGA_FINISH_TOOL_CALLS, "tool_calls");
    SCOPED(beluga_response) *r = taken(b, 0);
    beluga_json_writer *w = beluga_json_writer_new();
    const char *json;
    size_t length;
    beluga_json_begin_object(w, NULL);
    beluga_json_put_int(w, "line", 1);
    beluga_response_put_json(r, w);
    beluga_json_put_null(w, "cost");
    beluga_json_end_object(w);
    assert_int_equal(beluga_json_writer_text(w, &json, &length), 0);
    assert_string_equal(json, "{\"line\":1,\"text\":\"Hi \\\"there\\\"\",\"tool_calls\":[{\"id\":"
                              "\"c0\",\"name\":\"add\",\"arguments\":{\"a\":1}}],\"finish_reason\":"
                              "\"tool_calls\",\"usage\":{\"input_total\":3,\"output_total\":4,"
                              "\"raw\":{\"total\":7}},\"cost\":null}");
    beluga_json_writer_free(w);
}

/* The arguments are nested as deeply as can be read, so the JSON of the answer must contain them as
 * a string. */
static void an_answer_with_the_deepest_arguments_is_written_so_that_it_can_be_read(void **state)
{
    (void)state;
    enum { DEPTH = 512 };
    char arguments[5 * DEPTH + 2];
    SCOPED(beluga_response_builder) *b = beluga_response_builder_new();
    SCOPED(char) *json = NULL;
    size_t length;
    beluga_json_doc *doc;
    for (int i = 0; i < DEPTH; i++) {
        memcpy(arguments + i * 4, "{\"\":", 4);
        arguments[DEPTH * 4 + 1 + i] = '}';
    }
    arguments[DEPTH * 4] = '1';
    arguments[DEPTH * 5 + 1] = '\0';
    call(b, BELUGA_EVENT_TOOL_CALL_END, 0, "c0", "add", arguments);
    finish(b, BELUGA_FINISH_TOOL_CALLS, "tool_calls");
    SCOPED(beluga_response) *r = taken(b, 0);
    assert_int_equal(beluga_response_to_json(r, &json, &length), 0);
    assert_int_equal(beluga_json_parse(json, length, &doc, NULL), 0);
    const beluga_json *calls = beluga_json_get(beluga_json_doc_root(doc), "tool_calls");
    const beluga_json *written = beluga_json_get(beluga_json_at(calls, 0), "arguments");
    assert_string_equal(beluga_json_string(written, NULL), arguments);
    beluga_json_doc_free(doc);
}

static int check_of(const char *answer, const char *schema, beluga_error *err)
{
    SCOPED(beluga_response_builder) *b = beluga_response_builder_new();
    assert_int_equal(text(b, answer), 0);
    assert_int_equal(finish(b, BELUGA_FINISH_STOP, "stop"), 0);
    SCOPED(beluga_response) *r = taken(b, 0);
    return beluga_response_check_schema(r, schema, schema ? strlen(schema) : 0, err);
}

static void an_answer_is_held_against_a_schema(void **state)
{
    static const char schema[] =
        "{\"properties\":{\"days\":{\"items\":{\"minimum\":1}}},\"required\":[\"days\"]}";
    beluga_error err;
    (void)state;
    assert_int_equal(check_of("{\"days\":[1]}", schema, NULL), 0);
    assert_int_equal(check_of("{\"days\":[1,0]}", schema, &err), BELUGA_ERROR_INVALID_RESPONSE);
    assert_string_equal(err.message, "days[1]: must be at least 1");
    assert_int_equal(check_of("{}", schema, &err), BELUGA_ERROR_INVALID_RESPONSE);
    assert_int_equal(check_of("{\"days\":[", schema, &err), BELUGA_ERROR_MALFORMED_RESPONSE);
    assert_int_equal(check_of("{}", "{", &err), BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(check_of("{}", NULL, &err), BELUGA_ERROR_INVALID_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_joined_in_order),
        cmocka_unit_test(an_answer_is_held_against_a_schema),
        cmocka_unit_test(long_text_is_kept_whole),
        cmocka_unit_test(what_is_unknown_reads_as_unknown),
        cmocka_unit_test(metadata_usage_and_warnings_are_kept),
        cmocka_unit_test(times_that_the_caller_sets_hold_for_one_answer),
        cmocka_unit_test(usage_with_every_piece_does_not_pile_up),
        cmocka_unit_test(only_tool_calls_that_ended_count),
        cmocka_unit_test(what_an_answer_says_is_written_into_an_open_object),
        cmocka_unit_test(a_block_number_may_be_used_again),
        cmocka_unit_test(reasoning_keeps_its_signatures_and_its_place),
        cmocka_unit_test(a_signature_without_text_is_kept),
        cmocka_unit_test(a_restart_discards_everything_so_far),
        cmocka_unit_test(an_end_without_a_terminal_event_is_not_complete),
        cmocka_unit_test(an_error_gives_its_code_and_what_had_arrived),
        cmocka_unit_test(a_builder_can_be_used_again),
        cmocka_unit_test(unknown_events_are_skipped),
        cmocka_unit_test(an_answer_over_the_maximum_is_refused_and_stays_refused),
        cmocka_unit_test(everything_counts_towards_the_maximum),
        cmocka_unit_test(the_1025th_tool_call_is_refused),
        cmocka_unit_test(a_text_answer_becomes_a_message_of_one_text),
        cmocka_unit_test(an_answer_is_written_as_one_json_object),
        cmocka_unit_test(an_answer_with_the_deepest_arguments_is_written_so_that_it_can_be_read),
        cmocka_unit_test(kinds_and_reasons_have_names),
    };
    return cmocka_run_group_tests_name("response", tests, NULL, NULL);
}
