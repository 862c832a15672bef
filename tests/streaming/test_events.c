/* Streams that a caller pulls: what comes, in which order, and how it ends. */
#include "../support/calls.h"

#include <stdio.h>

/* --- a healthy stream ------------------------------------------------------------------------- */

static void a_stream_is_start_metadata_content_usage_finish(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_openai_stream(peer_reply_new(p), "Hello big world");
    assert_int_equal(stream_whole(model, &r), 0);
    assert_story(&r, "start metadata [Hello] [ big] [ world] usage(12,3) finish(stop)");
    beluga_chat_model_unref(model);
}

static void metadata_names_the_answer_the_model_the_provider_and_the_request(void **state)
{
    peer *p = *state;
    record r;
    record_clear(&r);
    beluga_chat_model *model = open_peer(p);
    peer_openai_stream(peer_reply_new(p), "Hello");
    beluga_stream *stream = begin_stream(model, NULL);
    const beluga_event *event = pull_until(stream, &r, BELUGA_EVENT_METADATA);
    assert_string_equal(event->u.metadata.id, "chatcmpl-peer0123456789abcdefghijkl");
    assert_string_equal(event->u.metadata.model, "peer-chat");
    assert_string_equal(event->u.metadata.provider, "openai");
    assert_string_equal(event->u.metadata.request_id, "req-peer-1");
    assert_int_equal(event->u.metadata.created, 1700000000);
    beluga_stream_free(stream);
    beluga_chat_model_unref(model);
}

static void an_answer_without_content_has_a_start_and_metadata_too(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_finish(reply, "length");
    peer_openai_done(reply);
    assert_int_equal(stream_whole(model, &r), 0);
    assert_story(&r, "start(the answer is empty: the model ended without text, reasoning or a tool "
                     "call) metadata finish(length)");
    beluga_chat_model_unref(model);
}

static void model_and_provider_are_known_where_the_answer_does_not_say_them(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_step_status(reply, 200, "Content-Type: text/event-stream\r\n");
    peer_step_sse(reply,
                  "{\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}");
    peer_step_end(reply);
    beluga_stream *stream = begin_stream(model, NULL);
    const beluga_event *event = pull_until(stream, &r, BELUGA_EVENT_METADATA);
    assert_string_equal(event->u.metadata.provider, "openai");
    assert_string_equal(event->u.metadata.model, "peer-chat");
    assert_null(event->u.metadata.id);
    pull_all(stream, &r);
    assert_story(&r, "start metadata [Hi] finish(stop)");
    beluga_stream_free(stream);
    beluga_chat_model_unref(model);
}

static void metadata_that_comes_after_the_content_comes_before_the_end(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_step_status(reply, 200, "Content-Type: text/event-stream\r\n");
    peer_step_sse(reply, "{\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}");
    peer_step_sse(reply, "{\"id\":\"c1\",\"model\":\"other\",\"choices\":[{\"delta\":{},"
                         "\"finish_reason\":\"stop\"}]}");
    peer_step_end(reply);
    beluga_stream *stream = begin_stream(model, NULL);
    pull_until(stream, &r, BELUGA_EVENT_TEXT);
    const beluga_event *event = pull_until(stream, &r, BELUGA_EVENT_METADATA);
    assert_string_equal(event->u.metadata.id, "c1");
    assert_string_equal(event->u.metadata.model, "other");
    pull_all(stream, &r);
    assert_story(&r, "start metadata [Hi] metadata finish(stop)");
    beluga_stream_free(stream);
    beluga_chat_model_unref(model);
}

static void what_the_provider_cannot_express_is_a_warning_in_start(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_openai_stream(peer_reply_new(p), "Hello");
    assert_int_equal(stream_with(model, &r, beluga_with_top_k(40)), 0);
    assert_int_equal(r.starts, 1);
    assert_int_equal(strncmp(r.story, "start(", 6), 0);
    assert_non_null(strstr(r.story, "top_k"));
    beluga_chat_model_unref(model);
}

static void a_finish_comes_once_and_then_nothing_for_ever(void **state)
{
    peer *p = *state;
    record r;
    record_clear(&r);
    beluga_chat_model *model = open_peer(p);
    peer_openai_stream(peer_reply_new(p), "Hello");
    beluga_stream *stream = begin_stream(model, NULL);
    pull_all(stream, &r);
    for (int i = 0; i < 5; i++) {
        const beluga_event *event = (const beluga_event *)&r; /* not NULL: it has to be set */
        assert_int_equal(beluga_stream_next(stream, &event, NULL), 0);
        assert_null(event);
    }
    beluga_stream_free(stream);
    beluga_chat_model_unref(model);
}

static void an_error_is_the_same_for_ever(void **state)
{
    peer *p = *state;
    record r;
    record_clear(&r);
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_text(reply, "Hello");
    peer_step_close(reply);
    beluga_stream *stream = begin_stream(model, NULL);
    pull_all(stream, &r);
    assert_story(&r, "start metadata [Hello]");
    assert_int_equal(r.status, BELUGA_ERROR_STREAM_CLOSED);
    for (int i = 0; i < 5; i++) {
        beluga_error err = {0};
        const beluga_event *event = (const beluga_event *)&r;
        assert_int_equal(beluga_stream_next(stream, &event, &err), BELUGA_ERROR_STREAM_CLOSED);
        assert_null(event);
        assert_memory_equal(&err, &r.error, sizeof err);
    }
    beluga_stream_free(stream);
    beluga_chat_model_unref(model);
}

static void usage_after_the_finish_reason_is_delivered_before_the_finish(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_text(reply, "Hello");
    peer_openai_finish(reply, "stop");
    peer_step_gate(reply, 0);
    peer_openai_usage(reply, 7, 1);
    peer_openai_done(reply);
    record_clear(&r);
    beluga_stream *stream = begin_stream(model, NULL);
    pull_until(stream, &r, BELUGA_EVENT_TEXT);
    peer_open_gate(p, 0);
    pull_all(stream, &r);
    assert_story(&r, "start metadata [Hello] usage(7,1) finish(stop)");
    beluga_stream_free(stream);
    beluga_chat_model_unref(model);
}

/* --- tool calls ------------------------------------------------------------------------------- */

static void tool_calls_come_as_begin_deltas_and_an_end_with_all_arguments(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_tool(reply, 0, "c1", "weather", "");
    peer_openai_tool(reply, 0, NULL, NULL, "{\"city\":");
    peer_openai_tool(reply, 0, NULL, NULL, "\"Oslo\"}");
    peer_openai_finish(reply, "tool_calls");
    peer_openai_done(reply);
    assert_int_equal(stream_whole(model, &r), 0);
    assert_story(&r, "start metadata begin(0 weather) delta(0 {\"city\":) delta(0 \"Oslo\"})"
                     " end(0 {\"city\":\"Oslo\"}) finish(tool_calls)");
    beluga_chat_model_unref(model);
}

static void two_tool_calls_may_be_interleaved(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_tool(reply, 0, "c1", "a", "{");
    peer_openai_tool(reply, 1, "c2", "b", "[");
    peer_openai_tool(reply, 0, NULL, NULL, "}");
    peer_openai_tool(reply, 1, NULL, NULL, "]");
    peer_openai_finish(reply, "tool_calls");
    peer_openai_done(reply);
    assert_int_equal(stream_whole(model, &r), 0);
    assert_int_equal(r.finishes, 1);
    assert_non_null(strstr(r.story, "end(0 {})"));
    assert_non_null(strstr(r.story, "end(1 [])"));
    beluga_chat_model_unref(model);
}

/* --- how a stream may end --------------------------------------------------------------------- */

static void a_complete_stream_without_done_finishes_at_its_usage(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_text(reply, "Hello");
    peer_openai_finish(reply, "stop");
    peer_openai_usage(reply, 7, 1);
    peer_step_hang(reply);
    assert_int_equal(stream_whole(model, &r), 0);
    assert_story(&r, "start metadata [Hello] usage(7,1) finish(stop)");
    beluga_chat_model_unref(model);
}

/* The pause is longer than that grace; who is slow to read only makes it longer. */
static void a_pause_after_a_reason_that_came_with_content_is_no_end(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    static const char *const words[] = {"One ", "two"};
    peer_step_status(reply, 200, "Content-Type: text/event-stream\r\n");
    for (int i = 0; i < 2; i++) {
        char chunk[128];
        snprintf(chunk, sizeof chunk,
                 "{\"choices\":[{\"delta\":{\"content\":\"%s\"},\"finish_reason\":\"stop\"}]}",
                 words[i]);
        peer_step_sse(reply, chunk);
        if (i == 0) peer_step_delay_ms(reply, 2500);
    }
    peer_step_end(reply);
    assert_int_equal(stream_whole(model, &r), 0);
    assert_story(&r, "start metadata [One ] [two] finish(stop)");
    beluga_chat_model_unref(model);
}

static void a_finish_reason_without_anything_after_it_is_believed_after_a_grace(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_text(reply, "Hello");
    peer_openai_finish(reply, "stop");
    peer_step_hang(reply);
    assert_int_equal(stream_whole(model, &r), 0);
    assert_story(&r, "start metadata [Hello] finish(stop)");
    beluga_chat_model_unref(model);
}

static void a_connection_lost_after_the_finish_reason_is_a_finish(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    for (int i = 0; i < 2; i++) {
        peer_reply *reply = peer_reply_new(p);
        peer_openai_begin(reply);
        peer_openai_text(reply, "Hello");
        peer_openai_finish(reply, "stop");
        if (i)
            peer_step_reset(reply);
        else
            peer_step_close(reply);
        assert_int_equal(stream_whole(model, &r), 0);
        assert_story(&r, "start metadata [Hello] finish(stop)");
    }
    beluga_chat_model_unref(model);
}

static void done_without_a_finish_reason_is_stream_closed(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_text(reply, "Hello");
    peer_openai_done(reply);
    assert_int_equal(stream_whole(model, &r), BELUGA_ERROR_STREAM_CLOSED);
    assert_story(&r, "start metadata [Hello]");
    beluga_chat_model_unref(model);
}

static void usage_without_a_finish_reason_is_stream_closed(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_text(reply, "Hello");
    peer_openai_usage(reply, 7, 1);
    peer_openai_done(reply);
    assert_int_equal(stream_whole(model, &r), BELUGA_ERROR_STREAM_CLOSED);
    assert_story(&r, "start metadata [Hello] usage(7,1)");
    beluga_chat_model_unref(model);
}

static void what_was_used_is_told_before_an_error_even_without_content(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_usage(reply, 7, 0);
    peer_step_close(reply);
    assert_int_equal(stream_whole(model, &r), BELUGA_ERROR_STREAM_CLOSED);
    assert_story(&r, "start metadata usage(7,0)");
    beluga_chat_model_unref(model);
}

static void an_error_object_inside_the_stream_is_an_error(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_text(reply, "Hello");
    peer_step_sse(reply, "{\"error\":{\"message\":\"the GPU fell off\",\"type\":\"odd\"}}");
    peer_step_hang(reply);
    assert_int_equal(stream_whole(model, &r), BELUGA_ERROR_STREAM);
    assert_story(&r, "start metadata [Hello]");
    assert_non_null(strstr(r.error.cause, "the GPU fell off"));
    assert_string_equal(r.error.request_id, "req-peer-1");
    assert_string_equal(r.error.operation, "stream");
    beluga_chat_model_unref(model);
}

static void an_event_that_is_not_json_is_malformed_response(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_text(reply, "Hello");
    peer_step_sse(reply, "{\"choices\":[{");
    peer_openai_text(reply, " never");
    peer_openai_done(reply);
    assert_int_equal(stream_whole(model, &r), BELUGA_ERROR_MALFORMED_RESPONSE);
    assert_story(&r, "start metadata [Hello]");
    beluga_chat_model_unref(model);
}

/* --- servers that do not do as they were asked ------------------------------------------------ */

static void json_in_answer_to_a_stream_request_is_read_as_it_is(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_openai_answer(peer_reply_new(p), "Hello");
    assert_int_equal(stream_whole(model, &r), 0);
    assert_int_equal(r.finishes, 1);
    assert_non_null(strstr(r.story, "start metadata [Hello] usage("));
    beluga_chat_model_unref(model);
}

static void a_stream_in_answer_to_an_unstreamed_request_is_read_as_it_is(void **state)
{
    peer *p = *state;
    beluga_chat_model *model = open_peer(p);
    peer_openai_stream(peer_reply_new(p), "Hello world");
    assert_int_equal(generate(model, "Hello world", NULL), 0);
    beluga_chat_model_unref(model);
}

static void a_web_page_is_an_error_that_doubts_the_base_url(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_step_status(reply, 200, "Content-Type: text/html\r\n");
    peer_step_body(reply, "<html>It works!</html>", 22);
    assert_int_equal(stream_whole(model, &r), BELUGA_ERROR_MALFORMED_RESPONSE);
    assert_non_null(strstr(r.error.message, "base_url"));
    assert_false(beluga_error_is_retryable(&r.error));
    beluga_chat_model_unref(model);
}

static void an_empty_body_is_stream_closed(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_step_status(reply, 200, "Content-Type: text/event-stream\r\n");
    peer_step_body(reply, "", 0);
    assert_int_equal(stream_whole(model, &r), BELUGA_ERROR_STREAM_CLOSED);
    assert_story(&r, "");
    beluga_chat_model_unref(model);
}

static void a_redirect_is_not_followed_and_says_where_it_points(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer_with(p, beluga_with_max_retries(3));
    peer_step_redirect(peer_reply_new(p), 302, "http://127.0.0.1:1/elsewhere");
    assert_int_equal(stream_whole(model, &r), BELUGA_ERROR_INVALID_RESPONSE);
    assert_int_equal(r.error.http_status, 302);
    assert_non_null(strstr(r.error.message, "redirects"));
    assert_non_null(strstr(r.error.cause, "127.0.0.1:1/elsewhere"));
    assert_int_equal(peer_requests(p), 1);
    beluga_chat_model_unref(model);
}

/* --- bytes ------------------------------------------------------------------------------------ */

static void a_stream_that_trickles_byte_by_byte_is_the_same_stream(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_step_split(reply, 1, 0);
    peer_openai_stream(reply, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x8b");
    assert_int_equal(stream_whole(model, &r), 0);
    assert_story(
        &r, "start metadata [gr\xc3\xbc\xc3\x9f] [ \xf0\x9f\x90\x8b] usage(12,2) finish(stop)");
    beluga_chat_model_unref(model);
}

/* A minimal stream whose lines end as given. */
static void lines_ending_in(peer *p, const char *end)
{
    static const char *const lines[] = {
        ": a comment",
        "data: {\"id\":\"1\",\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}",
        "",
        "event: message",
        "data:{\"choices\":[{\"delta\":{},",
        "data:\"finish_reason\":\"stop\"}]}",
        "",
        "data: [DONE]",
        ""};
    char body[512];
    size_t n = 0;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        n += (size_t)snprintf(body + n, sizeof body - n, "%s%s", lines[i], end);
    peer_reply *reply = peer_reply_new(p);
    peer_step_status(reply, 200, "Content-Type: text/event-stream\r\n");
    peer_step_body(reply, body, n);
}

static void lines_may_end_in_any_of_the_three_ways(void **state)
{
    peer *p = *state;
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    beluga_chat_model *model = open_peer(p);
    for (size_t i = 0; i < 3; i++) {
        record r;
        lines_ending_in(p, ends[i]);
        assert_int_equal(stream_whole(model, &r), 0);
        assert_story(&r, "start metadata [Hello] finish(stop)");
    }
    beluga_chat_model_unref(model);
}

/* One event of about n bytes. */
static void big_event(peer *p, size_t n)
{
    peer_reply *reply = peer_reply_new(p);
    char *text = malloc(n + 1);
    assert_non_null(text);
    memset(text, 'x', n);
    text[n] = '\0';
    peer_openai_begin(reply);
    peer_openai_text(reply, text);
    peer_openai_finish(reply, "stop");
    peer_openai_done(reply);
    free(text);
}

static void one_event_may_be_many_megabytes(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    big_event(p, 6 << 20);
    assert_int_equal(stream_whole(model, &r), 0);
    assert_int_equal(r.texts, 1);
    assert_int_equal(r.bytes, 6 << 20);
    beluga_chat_model_unref(model);
}

static void an_event_past_max_event_bytes_is_limit_exceeded(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer_with(p, beluga_with_max_event_bytes(4096));
    big_event(p, 5000);
    assert_int_equal(stream_whole(model, &r), BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_non_null(strstr(r.error.message, "max_event_bytes"));
    assert_int_equal(r.texts, 0);
    beluga_chat_model_unref(model);
}

static uint32_t crc32_of(const unsigned char *bytes, size_t n)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* A gzip member with one stored block. */
static size_t gzip_stored(const char *text, unsigned char *out)
{
    static const unsigned char head[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1};
    size_t n = strlen(text), at = sizeof head;
    uint32_t tail[] = {crc32_of((const unsigned char *)text, n), (uint32_t)n};
    memcpy(out, head, at);
    const unsigned lengths[] = {(unsigned)n, ~(unsigned)n};
    for (int i = 0; i < 2; i++) out[at++] = lengths[i] & 0xff, out[at++] = lengths[i] >> 8 & 0xff;
    memcpy(out + at, text, n);
    at += n;
    for (int i = 0; i < 8; i++) out[at++] = tail[i / 4] >> 8 * (i % 4) & 0xff;
    return at;
}

static void a_compressed_stream_is_decoded_though_none_was_asked_for(void **state)
{
    peer *p = *state;
    record r;
    unsigned char body[1024];
    beluga_chat_model *model = open_peer(p);
    size_t n =
        gzip_stored("data: {\"id\":\"1\",\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\n\n"
                    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
                    "data: [DONE]\n\n",
                    body);
    peer_reply *reply = peer_reply_new(p);
    peer_step_status(reply, 200, "Content-Type: text/event-stream\r\nContent-Encoding: gzip\r\n");
    peer_step_body(reply, body, n);
    assert_int_equal(stream_whole(model, &r), 0);
    assert_story(&r, "start metadata [Hello] finish(stop)");
    assert_string_equal(peer_request_header(p, 0, "Accept-Encoding"), "identity");
    beluga_chat_model_unref(model);
}

static void raw_events_give_what_the_provider_sent_on_request_only(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    for (int raw = 0; raw < 2; raw++) {
        lines_ending_in(p, "\n");
        assert_int_equal(stream_with(model, &r, beluga_with_raw_events(raw)), 0);
        assert_story(&r, raw ? "raw start metadata [Hello] raw raw finish(stop)"
                             : "start metadata [Hello] finish(stop)");
    }
    beluga_chat_model_unref(model);
}

/* --- connections ------------------------------------------------------------------------------ */

static void a_finished_stream_leaves_its_connection_to_the_next_one(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    /* In one piece: a stream whose last bytes come later may still hold its connection then. */
    static const char body[] =
        "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"},\"finish_reason\":null}]}\n\n"
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
        "data: "
        "{\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"total_tokens\":2}"
        "}"
        "\n\ndata: [DONE]\n\n";
    peer_reply_repeat(reply, 5);
    peer_step_status(reply, 200, "Content-Type: text/event-stream\r\n");
    peer_step_body(reply, body, sizeof body - 1);
    for (int i = 0; i < 5; i++) assert_int_equal(stream_whole(model, &r), 0);
    assert_int_equal(peer_requests(p), 5);
    assert_int_equal(peer_connections(p), 1);
    beluga_chat_model_unref(model);
}

static void what_follows_the_finish_is_read_so_that_the_connection_can_be_used_again(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_finish(reply, "stop");
    peer_openai_usage(reply, 7, 0);
    peer_step_gate(reply, 0); /* the finish is delivered here, the body ends later */
    peer_openai_done(reply);
    peer_openai_stream(peer_reply_new(p), "Hello");
    assert_int_equal(stream_whole(model, &r), 0);
    peer_open_gate(p, 0);
    assert_int_equal(peer_wait_outcome(p, 0, PEER_ANSWERED, PATIENCE_MS), 0);
    assert_int_equal(stream_whole(model, &r), 0);
    assert_int_equal(peer_connections(p), 1);
    beluga_chat_model_unref(model);
}

static void a_stream_that_is_freed_early_closes_its_connection(void **state)
{
    peer *p = *state;
    record r;
    record_clear(&r);
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_text(reply, "Hello");
    peer_step_hang(reply);
    beluga_stream *stream = begin_stream(model, NULL);
    pull_until(stream, &r, BELUGA_EVENT_TEXT);
    beluga_stream_free(stream);
    assert_int_equal(peer_wait_outcome(p, 0, PEER_CANCELLED, PATIENCE_MS), 0);
    assert_int_equal(peer_wait_all_closed(p, PATIENCE_MS), 0);
    peer_openai_stream(peer_reply_new(p), "Hello");
    assert_int_equal(stream_whole(model, &r), 0);
    assert_int_equal(peer_connections(p), 2);
    beluga_chat_model_unref(model);
}

static void a_stream_may_be_freed_before_anything_was_pulled(void **state)
{
    peer *p = *state;
    beluga_chat_model *model = open_peer(p);
    beluga_stream_free(begin_stream(model, NULL));
    assert_int_equal(peer_requests(p), 0);
    beluga_stream_free(NULL);
    beluga_chat_model_unref(model);
}

static void a_model_may_go_while_its_stream_runs(void **state)
{
    peer *p = *state;
    record r;
    record_clear(&r);
    beluga_chat_model *model = open_peer(p);
    peer_openai_stream(peer_reply_new(p), "Hello");
    beluga_stream *stream = begin_stream(model, NULL);
    beluga_chat_model_unref(model);
    pull_all(stream, &r);
    assert_story(&r, "start metadata [Hello] usage(12,1) finish(stop)");
    beluga_stream_free(stream);
}

static void the_requests_id_is_known_where_the_answer_says_nothing_else(void **state)
{
    peer *p = *state;
    peer_reply *r = peer_reply_new(p);
    peer_step_status(r, 200, "Content-Type: text/event-stream\r\nx-request-id: req-7\r\n");
    peer_step_sse(
        r,
        "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}");
    peer_step_sse(r, "[DONE]");
    peer_step_end(r);
    beluga_chat_model *model = open_peer(p);
    beluga_stream *stream = begin_stream(model, NULL);
    record seen;
    record_clear(&seen);
    const beluga_event *event = pull_until(stream, &seen, BELUGA_EVENT_METADATA);
    assert_string_equal(event->u.metadata.request_id, "req-7");
    beluga_stream_free(stream);
    beluga_chat_model_unref(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PEER(a_stream_is_start_metadata_content_usage_finish),
        ON_PEER(metadata_names_the_answer_the_model_the_provider_and_the_request),
        ON_PEER(an_answer_without_content_has_a_start_and_metadata_too),
        ON_PEER(what_the_provider_cannot_express_is_a_warning_in_start),
        ON_PEER(a_finish_comes_once_and_then_nothing_for_ever),
        ON_PEER(an_error_is_the_same_for_ever),
        ON_PEER(usage_after_the_finish_reason_is_delivered_before_the_finish),
        ON_PEER(tool_calls_come_as_begin_deltas_and_an_end_with_all_arguments),
        ON_PEER(two_tool_calls_may_be_interleaved),
        ON_PEER(a_complete_stream_without_done_finishes_at_its_usage),
        ON_PEER(a_finish_reason_without_anything_after_it_is_believed_after_a_grace),
        ON_PEER(a_pause_after_a_reason_that_came_with_content_is_no_end),
        ON_PEER(model_and_provider_are_known_where_the_answer_does_not_say_them),
        ON_PEER(metadata_that_comes_after_the_content_comes_before_the_end),
        ON_PEER(a_connection_lost_after_the_finish_reason_is_a_finish),
        ON_PEER(done_without_a_finish_reason_is_stream_closed),
        ON_PEER(usage_without_a_finish_reason_is_stream_closed),
        ON_PEER(what_was_used_is_told_before_an_error_even_without_content),
        ON_PEER(an_error_object_inside_the_stream_is_an_error),
        ON_PEER(an_event_that_is_not_json_is_malformed_response),
        ON_PEER(json_in_answer_to_a_stream_request_is_read_as_it_is),
        ON_PEER(a_stream_in_answer_to_an_unstreamed_request_is_read_as_it_is),
        ON_PEER(a_web_page_is_an_error_that_doubts_the_base_url),
        ON_PEER(an_empty_body_is_stream_closed),
        ON_PEER(a_redirect_is_not_followed_and_says_where_it_points),
        ON_PEER(a_stream_that_trickles_byte_by_byte_is_the_same_stream),
        ON_PEER(lines_may_end_in_any_of_the_three_ways),
        ON_PEER(one_event_may_be_many_megabytes),
        ON_PEER(an_event_past_max_event_bytes_is_limit_exceeded),
        ON_PEER(a_compressed_stream_is_decoded_though_none_was_asked_for),
        ON_PEER(raw_events_give_what_the_provider_sent_on_request_only),
        ON_PEER(a_finished_stream_leaves_its_connection_to_the_next_one),
        ON_PEER(what_follows_the_finish_is_read_so_that_the_connection_can_be_used_again),
        ON_PEER(a_stream_that_is_freed_early_closes_its_connection),
        ON_PEER(a_stream_may_be_freed_before_anything_was_pulled),
        ON_PEER(a_model_may_go_while_its_stream_runs),
        ON_PEER(the_requests_id_is_known_where_the_answer_says_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
