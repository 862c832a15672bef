/* Streams that a caller pulls: their events, the order of the events, and how streams end. */
#include "../support/scene.h"

#include <stdio.h>

/* --- a healthy stream ------------------------------------------------------------------------- */

static void a_stream_is_start_metadata_content_usage_finish(scene *s)
{
    script(s->peer, STREAMS("Hello big world"));
    expect_stream(s, 0, "start metadata [Hello] [ big] [ world] usage(12,3) finish(stop)");
}

static void metadata_names_the_answer_the_model_the_provider_and_the_request(scene *s)
{
    script(s->peer, STREAMS("Hello"));
    const beluga_event *event = begin_until(s, BELUGA_EVENT_METADATA);
    assert_string_equal(event->u.metadata.id, "chatcmpl-peer0123456789abcdefghijkl");
    assert_string_equal(event->u.metadata.model, "peer-chat");
    assert_string_equal(event->u.metadata.provider, "openai");
    assert_string_equal(event->u.metadata.request_id, "req-peer-1");
    assert_int_equal(event->u.metadata.created, 1700000000);
}

static void an_answer_without_content_has_a_start_and_metadata_too(scene *s)
{
    script(s->peer, BEGINS, FINISHES("length"), DONE);
    expect_stream(s, 0,
                  "start(the answer is empty: the model ended without text, reasoning or a tool "
                  "call) metadata finish(length)");
}

static void model_and_provider_are_known_where_the_answer_does_not_say_them(scene *s)
{
    script(s->peer, EVENT_STREAM,
           EVENT("{\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}"),
           ENDS);
    const beluga_event *event = begin_until(s, BELUGA_EVENT_METADATA);
    assert_string_equal(event->u.metadata.provider, "openai");
    assert_string_equal(event->u.metadata.model, "peer-chat");
    assert_null(event->u.metadata.id);
    pull_to_the_end(s);
    assert_story(&s->r, "start metadata [Hi] finish(stop)");
}

static void metadata_that_comes_after_the_content_comes_before_the_end(scene *s)
{
    script(s->peer, EVENT_STREAM, EVENT("{\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}"),
           EVENT("{\"id\":\"c1\",\"model\":\"other\",\"choices\":[{\"delta\":{},"
                 "\"finish_reason\":\"stop\"}]}"),
           ENDS);
    begin_until(s, BELUGA_EVENT_TEXT);
    const beluga_event *event = pull_until(s->stream, &s->r, BELUGA_EVENT_METADATA);
    assert_string_equal(event->u.metadata.id, "c1");
    assert_string_equal(event->u.metadata.model, "other");
    pull_to_the_end(s);
    assert_story(&s->r, "start metadata [Hi] metadata finish(stop)");
}

static void what_the_provider_cannot_express_is_a_warning_in_start(scene *s)
{
    script(s->peer, STREAMS("Hello"));
    expect_stream_with(s, 0, beluga_with_top_k(40));
    assert_int_equal(s->r.starts, 1);
    assert_int_equal(strncmp(s->r.story, "start(", 6), 0);
    assert_non_null(strstr(s->r.story, "top_k"));
}

static void a_finish_comes_once_and_then_nothing_for_ever(scene *s)
{
    script(s->peer, STREAMS("Hello"));
    pull_to_the_end(s);
    for (int i = 0; i < 5; i++) {
        /* The initial value is not NULL, so that the test sees whether the call sets the
         * pointer. */
        const beluga_event *event = (const beluga_event *)&s->r;
        assert_int_equal(beluga_stream_next(s->stream, &event, NULL), 0);
        assert_null(event);
    }
}

static void an_error_is_the_same_for_ever(scene *s)
{
    script(s->peer, BEGINS, SAYS("Hello"), CLOSES);
    pull_to_the_end(s);
    assert_story(&s->r, "start metadata [Hello]");
    assert_int_equal(s->r.status, BELUGA_ERROR_STREAM_CLOSED);
    for (int i = 0; i < 5; i++) {
        beluga_error err = {0};
        const beluga_event *event = (const beluga_event *)&s->r;
        assert_int_equal(beluga_stream_next(s->stream, &event, &err), BELUGA_ERROR_STREAM_CLOSED);
        assert_null(event);
        assert_memory_equal(&err, &s->r.error, sizeof err);
    }
}

static void usage_after_the_finish_reason_is_delivered_before_the_finish(scene *s)
{
    script(s->peer, BEGINS, SAYS("Hello"), STOPS, WAITS_AT(0), USES(7, 1), DONE);
    begin_until(s, BELUGA_EVENT_TEXT);
    peer_open_gate(s->peer, 0);
    pull_to_the_end(s);
    assert_story(&s->r, "start metadata [Hello] usage(7,1) finish(stop)");
}

/* --- tool calls ------------------------------------------------------------------------------- */

static void tool_calls_come_as_begin_deltas_and_an_end_with_all_arguments(scene *s)
{
    script(s->peer, BEGINS, BEGINS_TOOL(0, "c1", "weather", ""), CONTINUES_TOOL(0, "{\"city\":"),
           CONTINUES_TOOL(0, "\"Oslo\"}"), FINISHES("tool_calls"), DONE);
    expect_stream(s, 0,
                  "start metadata begin(0 weather) delta(0 {\"city\":) delta(0 \"Oslo\"})"
                  " end(0 {\"city\":\"Oslo\"}) finish(tool_calls)");
}

static void two_tool_calls_may_be_interleaved(scene *s)
{
    script(s->peer, BEGINS, BEGINS_TOOL(0, "c1", "a", "{"), BEGINS_TOOL(1, "c2", "b", "["),
           CONTINUES_TOOL(0, "}"), CONTINUES_TOOL(1, "]"), FINISHES("tool_calls"), DONE);
    expect_end(s, 0);
    assert_int_equal(s->r.finishes, 1);
    assert_non_null(strstr(s->r.story, "end(0 {})"));
    assert_non_null(strstr(s->r.story, "end(1 [])"));
}

/* ---- how a stream may end -------------------------------------------------------------------- */

static void a_complete_stream_without_done_finishes_at_its_usage(scene *s)
{
    script(s->peer, BEGINS, SAYS("Hello"), STOPS, USES(7, 1), HANGS);
    expect_stream(s, 0, "start metadata [Hello] usage(7,1) finish(stop)");
}

/* The pause is longer than the grace period. If the test reads late, the pause is even longer. */
static void a_pause_after_a_reason_that_came_with_content_is_no_end(scene *s)
{
#define WORD(text) \
    "{\"choices\":[{\"delta\":{\"content\":\"" text "\"},\"finish_reason\":\"stop\"}]}"
    script(s->peer, EVENT_STREAM, EVENT(WORD("One ")), PAUSES(2500), EVENT(WORD("two")), ENDS);
    expect_stream(s, 0, "start metadata [One ] [two] finish(stop)");
}

static void a_finish_reason_without_anything_after_it_is_believed_after_a_grace(scene *s)
{
    script(s->peer, BEGINS, SAYS("Hello"), STOPS, HANGS);
    expect_stream(s, 0, "start metadata [Hello] finish(stop)");
}

static void a_connection_lost_after_the_finish_reason_is_a_finish(scene *s)
{
    for (int i = 0; i < 2; i++) {
        script(s->peer, BEGINS, SAYS("Hello"), STOPS, i ? RESETS : CLOSES);
        expect_stream(s, 0, "start metadata [Hello] finish(stop)");
    }
}

static void done_without_a_finish_reason_is_stream_closed(scene *s)
{
    script(s->peer, BEGINS, SAYS("Hello"), DONE);
    expect_stream(s, BELUGA_ERROR_STREAM_CLOSED, "start metadata [Hello]");
}

static void usage_without_a_finish_reason_is_stream_closed(scene *s)
{
    script(s->peer, BEGINS, SAYS("Hello"), USES(7, 1), DONE);
    expect_stream(s, BELUGA_ERROR_STREAM_CLOSED, "start metadata [Hello] usage(7,1)");
}

static void what_was_used_is_told_before_an_error_even_without_content(scene *s)
{
    script(s->peer, BEGINS, USES(7, 0), CLOSES);
    expect_stream(s, BELUGA_ERROR_STREAM_CLOSED, "start metadata usage(7,0)");
}

static void an_error_object_inside_the_stream_is_an_error(scene *s)
{
    script(s->peer, BEGINS, SAYS("Hello"),
           EVENT("{\"error\":{\"message\":\"the GPU fell off\",\"type\":\"odd\"}}"), HANGS);
    expect_stream(s, BELUGA_ERROR_STREAM, "start metadata [Hello]");
    assert_non_null(strstr(s->r.error.cause, "the GPU fell off"));
    assert_string_equal(s->r.error.request_id, "req-peer-1");
    assert_string_equal(s->r.error.operation, "stream");
}

static void an_event_that_is_not_json_is_malformed_response(scene *s)
{
    script(s->peer, BEGINS, SAYS("Hello"), EVENT("{\"choices\":[{"), SAYS(" never"), DONE);
    expect_stream(s, BELUGA_ERROR_MALFORMED_RESPONSE, "start metadata [Hello]");
}

/* ---- servers that answer with another format ------------------------------------------------- */

static void json_in_answer_to_a_stream_request_is_read_as_it_is(scene *s)
{
    script(s->peer, ANSWERS("Hello"));
    expect_end(s, 0);
    assert_int_equal(s->r.finishes, 1);
    assert_non_null(strstr(s->r.story, "start metadata [Hello] usage("));
}

static void a_stream_in_answer_to_an_unstreamed_request_is_read_as_it_is(scene *s)
{
    script(s->peer, STREAMS("Hello world"));
    expect_text(s, "Hello world");
}

static void a_web_page_is_an_error_that_doubts_the_base_url(scene *s)
{
    script(s->peer, HEAD(200, "Content-Type: text/html\r\n"), BODY("<html>It works!</html>"));
    expect_end(s, BELUGA_ERROR_MALFORMED_RESPONSE);
    assert_non_null(strstr(s->r.error.message, "base_url"));
    assert_false(beluga_error_is_retryable(&s->r.error));
}

static void an_empty_body_is_stream_closed(scene *s)
{
    script(s->peer, EVENT_STREAM, BODY(""));
    expect_stream(s, BELUGA_ERROR_STREAM_CLOSED, "");
}

static void a_redirect_is_not_followed_and_says_where_it_points(scene *s)
{
    open_with(s, beluga_with_max_retries(3));
    peer_step_redirect(peer_reply_new(s->peer), 302, "http://127.0.0.1:1/elsewhere");
    expect_end(s, BELUGA_ERROR_INVALID_RESPONSE);
    assert_int_equal(s->r.error.http_status, 302);
    assert_non_null(strstr(s->r.error.message, "redirects"));
    assert_non_null(strstr(s->r.error.cause, "127.0.0.1:1/elsewhere"));
    expect_requests(s, 1);
}

/* --- bytes ------------------------------------------------------------------------------------ */

static void a_stream_that_trickles_byte_by_byte_is_the_same_stream(scene *s)
{
    script(s->peer, TRICKLES(1, 0), STREAMS("gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x8b"));
    expect_stream(
        s, 0, "start metadata [gr\xc3\xbc\xc3\x9f] [ \xf0\x9f\x90\x8b] usage(12,2) finish(stop)");
}

/* Script a minimal stream whose lines end with this text. */
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
    peer_reply *reply = script(p, EVENT_STREAM);
    peer_step_body(reply, body, n);
}

static void lines_may_end_in_any_of_the_three_ways(scene *s)
{
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    for (size_t i = 0; i < 3; i++) {
        record r;
        lines_ending_in(s->peer, ends[i]);
        assert_int_equal(stream_whole(s->model, &r), 0);
        assert_story(&r, "start metadata [Hello] finish(stop)");
    }
}

/* Script an event of about n bytes. */
static void big_event(peer *p, size_t n)
{
    script(p, BEGINS, SAYS_LETTERS((int)n), STOPS, DONE);
}

static void one_event_may_be_many_megabytes(scene *s)
{
    big_event(s->peer, 6 << 20);
    expect_end(s, 0);
    assert_int_equal(s->r.texts, 1);
    assert_int_equal(s->r.bytes, 6 << 20);
}

static void an_event_past_max_event_bytes_is_limit_exceeded(scene *s)
{
    open_with(s, beluga_with_max_event_bytes(4096));
    big_event(s->peer, 5000);
    expect_end(s, BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_non_null(strstr(s->r.error.message, "max_event_bytes"));
    assert_int_equal(s->r.texts, 0);
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

/* Write a member of a gzip file, with a single block that is not compressed. Returns its length. */
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

static void a_compressed_stream_is_decoded_though_none_was_asked_for(scene *s)
{
    unsigned char body[1024];
    size_t n =
        gzip_stored("data: {\"id\":\"1\",\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\n\n"
                    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
                    "data: [DONE]\n\n",
                    body);
    peer_reply *reply =
        script(s->peer, HEAD(200, "Content-Type: text/event-stream\r\nContent-Encoding: gzip\r\n"));
    peer_step_body(reply, body, n);
    expect_stream(s, 0, "start metadata [Hello] finish(stop)");
    assert_string_equal(peer_request_header(s->peer, 0, "Accept-Encoding"), "identity");
}

static void raw_events_give_what_the_provider_sent_on_request_only(scene *s)
{
    for (int raw = 0; raw < 2; raw++) {
        lines_ending_in(s->peer, "\n");
        expect_stream_with(s, 0, beluga_with_raw_events(raw));
        if (raw) /* the number of raw events depends on the network */
            assert_memory_equal(s->r.story, "raw ", 4);
        else
            assert_story(&s->r, "start metadata [Hello] finish(stop)");
    }
}

/* --- connections ------------------------------------------------------------------------------ */

static void a_finished_stream_leaves_its_connection_to_the_next_one(scene *s)
{
    /* The body is sent at once. If its last bytes arrived later, the stream might still use its
     * connection when the next one begins. */
    static const char body[] =
        "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"},\"finish_reason\":null}]}\n\n"
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
        "data: "
        "{\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"total_tokens\":2}"
        "}"
        "\n\ndata: [DONE]\n\n";
    script(s->peer, REPEATS(5), EVENT_STREAM, BODY(body));
    for (int i = 0; i < 5; i++) expect_end(s, 0);
    expect_requests(s, 5);
    assert_int_equal(peer_connections(s->peer), 1);
}

static void what_follows_the_finish_is_read_so_that_the_connection_can_be_used_again(scene *s)
{
    /* The finish is delivered while the gate is closed, and the rest of the body arrives later. */
    script(s->peer, BEGINS, STOPS, USES(7, 0), WAITS_AT(0), DONE);
    script(s->peer, STREAMS("Hello"));
    expect_end(s, 0);
    let_the_rest_come(s);
    expect_end(s, 0);
    assert_int_equal(peer_connections(s->peer), 1);
}

static void a_stream_that_is_freed_early_closes_its_connection(scene *s)
{
    script(s->peer, BEGINS, SAYS("Hello"), HANGS);
    begin_until(s, BELUGA_EVENT_TEXT);
    RELEASE(beluga_stream_free, s->stream);
    wait_cancelled(s, 0);
    assert_int_equal(peer_wait_all_closed(s->peer, PATIENCE_MS), 0);
    script(s->peer, STREAMS("Hello"));
    expect_end(s, 0);
    assert_int_equal(peer_connections(s->peer), 2);
}

static void a_stream_may_be_freed_before_anything_was_pulled(scene *s)
{
    beluga_stream_free(begin_stream(s->model, NULL));
    expect_requests(s, 0);
    beluga_stream_free(NULL);
}

static void a_model_may_go_while_its_stream_runs(scene *s)
{
    script(s->peer, STREAMS("Hello"));
    s->stream = begin_stream(s->model, NULL);
    RELEASE(beluga_chat_model_unref, s->model);
    pull_to_the_end(s);
    assert_story(&s->r, "start metadata [Hello] usage(12,1) finish(stop)");
}

static void the_requests_id_is_known_where_the_answer_says_nothing_else(scene *s)
{
    script(s->peer, HEAD(200, "Content-Type: text/event-stream\r\nx-request-id: req-7\r\n"),
           EVENT("{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":"
                 "\"stop\"}]}"),
           EVENT("[DONE]"), ENDS);
    const beluga_event *event = begin_until(s, BELUGA_EVENT_METADATA);
    assert_string_equal(event->u.metadata.request_id, "req-7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(a_stream_is_start_metadata_content_usage_finish),
        SCENE(metadata_names_the_answer_the_model_the_provider_and_the_request),
        SCENE(an_answer_without_content_has_a_start_and_metadata_too),
        SCENE(what_the_provider_cannot_express_is_a_warning_in_start),
        SCENE(a_finish_comes_once_and_then_nothing_for_ever),
        SCENE(an_error_is_the_same_for_ever),
        SCENE(usage_after_the_finish_reason_is_delivered_before_the_finish),
        SCENE(tool_calls_come_as_begin_deltas_and_an_end_with_all_arguments),
        SCENE(two_tool_calls_may_be_interleaved),
        SCENE(a_complete_stream_without_done_finishes_at_its_usage),
        SCENE(a_finish_reason_without_anything_after_it_is_believed_after_a_grace),
        SCENE(a_pause_after_a_reason_that_came_with_content_is_no_end),
        SCENE(model_and_provider_are_known_where_the_answer_does_not_say_them),
        SCENE(metadata_that_comes_after_the_content_comes_before_the_end),
        SCENE(a_connection_lost_after_the_finish_reason_is_a_finish),
        SCENE(done_without_a_finish_reason_is_stream_closed),
        SCENE(usage_without_a_finish_reason_is_stream_closed),
        SCENE(what_was_used_is_told_before_an_error_even_without_content),
        SCENE(an_error_object_inside_the_stream_is_an_error),
        SCENE(an_event_that_is_not_json_is_malformed_response),
        SCENE(json_in_answer_to_a_stream_request_is_read_as_it_is),
        SCENE(a_stream_in_answer_to_an_unstreamed_request_is_read_as_it_is),
        SCENE(a_web_page_is_an_error_that_doubts_the_base_url),
        SCENE(an_empty_body_is_stream_closed),
        SCENE(a_redirect_is_not_followed_and_says_where_it_points),
        SCENE(a_stream_that_trickles_byte_by_byte_is_the_same_stream),
        SCENE(lines_may_end_in_any_of_the_three_ways),
        SCENE(one_event_may_be_many_megabytes),
        SCENE(an_event_past_max_event_bytes_is_limit_exceeded),
        SCENE(a_compressed_stream_is_decoded_though_none_was_asked_for),
        SCENE(raw_events_give_what_the_provider_sent_on_request_only),
        SCENE(a_finished_stream_leaves_its_connection_to_the_next_one),
        SCENE(what_follows_the_finish_is_read_so_that_the_connection_can_be_used_again),
        SCENE(a_stream_that_is_freed_early_closes_its_connection),
        SCENE(a_stream_may_be_freed_before_anything_was_pulled),
        SCENE(a_model_may_go_while_its_stream_runs),
        SCENE(the_requests_id_is_known_where_the_answer_says_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
