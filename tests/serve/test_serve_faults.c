/* Faults of providers, as clients of each protocol see them: an incomplete answer must never look
 * complete. */
#include "gate.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct family {
    const char *path;
    const char *streamed, *whole; /* bodies */
    const char *failed;           /* the beginning of an error event in a stream */
    const char *complete[3];      /* texts that only a complete stream has */
    const char *error;            /* the beginning of the body of an error */
} family;

static const family families[] = {
    {"/v1/chat/completions",
     GATE_CHAT("m", "true"),
     GATE_CHAT("m", "false"),
     "data: {\"error\":{",
     {"[DONE]", "\"finish_reason\":\"", NULL},
     "{\"error\":{\"message\":"},
    {"/v1/messages",
     GATE_MESSAGES("m", "true"),
     GATE_MESSAGES("m", "false"),
     "event: error\ndata: {\"type\":\"error\",\"error\":{",
     {"message_stop", "\"stop_reason\":\"", NULL},
     "{\"type\":\"error\",\"error\":{"},
    {"/v1/responses",
     GATE_RESPONSES("m", "true"),
     GATE_RESPONSES("m", "false"),
     "event: response.failed",
     {"response.completed", "response.incomplete", NULL},
     "{\"error\":{\"message\":"},
};
#define FAMILIES (sizeof families / sizeof *families)

#define TRANSLATED GATE_MODELS "serve: {passthrough: false}\n"

/* ---- expectations ---------------------------------------------------------------------------- */

static void expect_error(gate *g, const family *f, int status, int got)
{
    if (got != status) fail_msg("%s: %d and not %d: %s", f->path, got, status, g->text);
    assert_contains(g->text, f->error);
    assert_lacks(g->text, "event-stream");
}

/* Expect that the stream contains `said` and then an error of its protocol, and that the body lacks
 * the last chunk that HTTP requires. */
static void expect_broken(gate *g, const family *f, const char *said)
{
    assert_contains(g->text, "HTTP/1.1 200 ");
    assert_contains(g->text, said);
    assert_contains(g->text, f->failed);
    for (size_t i = 0; f->complete[i]; i++) assert_lacks(g->text, f->complete[i]);
    assert_true(g->length > 5);
    assert_string_not_equal(g->text + g->length - 5, "0\r\n\r\n");
}

static void expect_whole(gate *g, const family *f, const char *said)
{
    assert_contains(g->text, "HTTP/1.1 200 ");
    assert_contains(g->text, said);
    assert_contains(g->text, f->complete[0]);
    assert_lacks(g->text, f->failed);
    assert_string_equal(g->text + g->length - 5, "0\r\n\r\n");
}

/* Run the following statement once for each family of clients. */
#define EACH_FAMILY(f) for (const family *f = families; f < families + FAMILIES; f++)

/* ---- faults before there is content ---------------------------------------------------------- */

static void refusals_before_content_are_errors_of_http(void **state)
{
    gate *g = *state;
    gate_serve(g, TRANSLATED);
    EACH_FAMILY(f)
    {
        script(g->peer, REPEATS(2), FAILS(400, NULL));
        expect_error(g, f, 400, gate_ask(g, f->path, f->streamed));
        expect_error(g, f, 400, gate_ask(g, f->path, f->whole));
        script(g->peer, REPEATS(2), FAILS(429, "Retry-After: 7\r\n"));
        expect_error(g, f, 429, gate_ask(g, f->path, f->streamed));
        assert_contains(g->text, "retry-after: 7\r\n");
        assert_contains(g->text, "retry-after-ms: 7000\r\n");
        assert_contains(g->text, "x-should-retry: false\r\n");
        expect_error(g, f, 429, gate_ask(g, f->path, f->whole));
    }
}

static void a_stream_that_ends_before_content_is_an_error_of_http(void **state)
{
    gate *g = *state;
    gate_serve(g, TRANSLATED);
    EACH_FAMILY(f)
    {
        script(g->peer, BEGINS, CLOSES);
        assert_true(gate_ask(g, f->path, f->streamed) >= 500);
        assert_contains(g->text, f->error);
        script(g->peer, RESETS);
        assert_true(gate_ask(g, f->path, f->streamed) >= 500);
        assert_contains(g->text, f->error);
        script(g->peer, RESETS);
        assert_true(gate_ask(g, f->path, f->whole) >= 500);
        assert_contains(g->text, f->error);
    }
}

/* ---- faults after there was content ---------------------------------------------------------- */

/* Each of these functions scripts a reply that waits at the gate after its first content. */

static void script_cut(peer *p, int number)
{
    script(p, BEGINS, SAYS("Hel"), WAITS_AT(number), CLOSES);
}

static void script_reset(peer *p, int number)
{
    script(p, BEGINS, SAYS("Hel"), WAITS_AT(number), RESETS);
}

static void script_end_without_reason(peer *p, int number)
{
    script(p, BEGINS, SAYS("Hel"), WAITS_AT(number), EVENT("[DONE]"), ENDS);
}

static void script_error_in_band(peer *p, int number)
{
    script(p, BEGINS, SAYS("Hel"), WAITS_AT(number),
           EVENT("{\"error\":{\"message\":\"it broke\",\"type\":\"server_error\"}}"), ENDS);
}

static void script_nonsense(peer *p, int number)
{
    script(p, BEGINS, SAYS("Hel"), WAITS_AT(number), EVENT("{\"choices\":[{\"del"), ENDS);
}

static void script_half_an_event(peer *p, int number)
{
    static const char half[] = "data: {\"choices\":[{\"delta\":{\"content\":\"lo";
    peer_reply *r = script(p, BEGINS, SAYS("Hel"), WAITS_AT(number));
    peer_step_chunk(r, half, sizeof half - 1);
    peer_step_close(r);
}

typedef void (*fault)(peer *p, int number);
static const fault faults[] = {script_cut,           script_reset,    script_end_without_reason,
                               script_error_in_band, script_nonsense, script_half_an_event};

#define EACH_FAULT(i) for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)

/* Request a stream that fails after the client has received its first text. */
static void ask_broken(gate *g, const family *f, fault go_wrong, int number)
{
    go_wrong(g->peer, number);
    int fd = gate_dial(g);
    gate_say(fd, "POST", f->path, "Connection: close\r\n", f->streamed);
    gate_hear(g, fd, "Hel");
    peer_open_gate(g->peer, number);
    gate_hear_more(g, fd, NULL);
    close(fd);
    expect_broken(g, f, "Hel");
}

static void a_stream_that_breaks_after_content_fails_in_its_protocol(void **state)
{
    gate *g = *state;
    int number = 0;
    gate_serve(g, TRANSLATED);
    EACH_FAMILY(f)
    EACH_FAULT(i) ask_broken(g, f, faults[i], number++);
}

static void a_stream_that_passes_and_breaks_fails_in_its_protocol(void **state)
{
    gate *g = *state;
    int number = 0;
    gate_serve(g, GATE_MODELS);
    EACH_FAULT(i)
    {
        ask_broken(g, &families[0], faults[i], number++);
        assert_lacks(g->text, "content\":\"lo"); /* no part of the incomplete event is passed on */
        assert_lacks(g->text, "{\"choices\":[{\"del\n");
        if (faults[i] == script_error_in_band) assert_contains(g->text, "it broke");
    }
}

/* After a broken connection, the error in the stream says that the connection broke. */
static void a_stream_of_codex_fails_and_ends_in_order(void **state)
{
    gate *g = *state;
    const family *f = &families[2];
    gate_serve(g, TRANSLATED);
    script_error_in_band(g->peer, 0);
    int fd = gate_dial(g);
    gate_say(fd, "POST", f->path, "originator: codex_exec\r\nConnection: close\r\n", f->streamed);
    gate_hear(g, fd, "Hel");
    peer_open_gate(g->peer, 0);
    gate_hear_more(g, fd, NULL);
    close(fd);
    assert_contains(g->text, f->failed);
    assert_lacks(g->text, f->complete[0]);
    assert_string_equal(g->text + g->length - 5, "0\r\n\r\n");
}

static void a_silent_stream_fails_in_its_protocol(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_PROVIDERS "models:\n"
                                 "  m: {model: openai/peer-chat, max_retries: 0, "
                                 "idle_timeout: 2s}\n");
    EACH_FAMILY(f)
    {
        script(g->peer, BEGINS, SAYS("Hel"), HANGS);
        gate_ask(g, f->path, f->streamed);
        expect_broken(g, f, "Hel");
    }
}

/* ---- retries --------------------------------------------------------------------------------- */

static void what_fails_before_content_is_tried_again(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS);
    script(g->peer, BEGINS, CLOSES);
    script(g->peer, STREAMS("Hello"));
    gate_ask(g, "/v1/chat/completions", GATE_CHAT("twice", "true"));
    expect_whole(g, &families[0], "Hello");
    script(g->peer, FAILS(503, NULL));
    script(g->peer, STREAMS("Hello"));
    gate_ask(g, "/v1/messages", GATE_MESSAGES("twice", "true"));
    expect_whole(g, &families[1], "Hello");
}

static void bytes_of_a_failed_attempt_are_not_passed_on(void **state)
{
    static const char failure[] = "{\"error\":{\"message\":\"broken\",\"type\":\"server_error\"}}";
    gate *g = *state;
    gate_serve(g, GATE_MODELS);
    script(g->peer, BEGINS, EVENT(failure), ENDS);
    script(g->peer, STREAMS("Hello"));
    gate_ask(g, "/v1/chat/completions", GATE_CHAT("twice", "true"));
    expect_whole(g, &families[0], "Hello");
    assert_lacks(g->text, "broken");
    script(g->peer, JSON(failure));
    script(g->peer, ANSWERS("Hello"));
    gate_ask(g, "/v1/chat/completions", GATE_CHAT("twice", "false"));
    assert_contains(g->text, "\r\n\r\n{\"id\":");
    assert_lacks(g->text, "broken");
}

static void a_body_where_a_stream_was_asked_for_is_written_as_one(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS);
    script(g->peer, ANSWERS("Hello"));
    gate_ask(g, "/v1/chat/completions",
             "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
             "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}");
    expect_whole(g, &families[0], "Hello");
    assert_contains(g->text, "text/event-stream");
    assert_contains(g->text, "\"prompt_tokens\":");
}

static void a_body_that_is_called_a_stream_is_written_as_one(void **state)
{
    static const char body[] =
        "{\"id\":\"c\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
        "\"content\":\"Hello\"},\"finish_reason\":\"stop\"}]}";
    gate *g = *state;
    gate_serve(g, GATE_MODELS);
    script(g->peer, EVENT_STREAM, BODY(body));
    gate_ask(g, "/v1/chat/completions", GATE_CHAT("m", "true"));
    expect_whole(g, &families[0], "\"delta\":{");
    assert_contains(g->text, "Hello");
}

static void a_web_page_is_not_handed_on_as_a_refusal(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS);
    script(g->peer, HEAD(500, "Content-Type: text/html\r\n"), BODY("<html>Oops</html>"));
    assert_int_equal(gate_ask(g, "/v1/chat/completions", GATE_CHAT("m", "true")), 500);
    assert_contains(g->text, families[0].error);
    assert_lacks(g->text, "text/html");
}

static void what_fails_after_content_is_not_tried_again(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS);
    script(g->peer, BEGINS, SAYS("Hel"), WAITS_AT(0), CLOSES);
    script(g->peer, STREAMS("Hello"));
    int fd = gate_dial(g);
    gate_say(fd, "POST", "/v1/chat/completions", NULL, GATE_CHAT("twice", "true"));
    gate_hear(g, fd, "Hel");
    peer_open_gate(g->peer, 0);
    gate_hear(g, fd, "data: {\"error\":{");
    assert_lacks(g->text, "[DONE]");
    close(fd);
    assert_int_equal(peer_requests(g->peer), 1);
}

/* ---- hold ------------------------------------------------------------------------------------ */

#define HOLDS "serve: {stream_failover: hold}\n"
#define FALLBACK                                       \
    "  spare: {model: openai/spare, max_retries: 0}\n" \
    "  m: {model: openai/peer-chat, max_retries: 0, fallback: spare}\n"

static void a_held_stream_is_whole_whatever_failed(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_PROVIDERS "models:\n" FALLBACK HOLDS);
    EACH_FAMILY(f)
    EACH_FAULT(i)
    {
        peer_open_gate(g->peer, (int)i);
        faults[i](g->peer, (int)i);
        script(g->peer, STREAMS("Hello"));
        gate_ask(g, f->path, f->streamed);
        expect_whole(g, f, "Hello");
        assert_lacks(g->text, "\"Hel\"");
    }
}

static void a_held_stream_that_can_not_be_had_is_an_error_of_http(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_MODELS HOLDS);
    EACH_FAMILY(f)
    {
        peer_open_gate(g->peer, 0);
        script_cut(g->peer, 0);
        assert_true(gate_ask(g, f->path, f->streamed) >= 500);
        assert_contains(g->text, f->error);
        assert_lacks(g->text, "Hel");
    }
}

static void no_other_model_is_asked_where_failover_is_off(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_PROVIDERS "models:\n" FALLBACK "serve: {stream_failover: off}\n");
    script(g->peer, FAILS(503, NULL));
    script(g->peer, STREAMS("Hello"));
    assert_int_equal(gate_ask(g, "/v1/chat/completions", GATE_CHAT("m", "true")), 503);
    assert_int_equal(peer_requests(g->peer), 1);
}

static void another_model_is_asked_before_content(void **state)
{
    gate *g = *state;
    gate_serve(g, GATE_PROVIDERS "models:\n" FALLBACK);
    EACH_FAMILY(f)
    {
        script(g->peer, BEGINS, CLOSES);
        script(g->peer, STREAMS("Hello"));
        gate_ask(g, f->path, f->streamed);
        expect_whole(g, f, "Hello");
    }
}

#define GATE_TEST(test) cmocka_unit_test_setup_teardown(test, gate_setup, gate_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        GATE_TEST(refusals_before_content_are_errors_of_http),
        GATE_TEST(a_stream_that_ends_before_content_is_an_error_of_http),
        GATE_TEST(a_stream_that_breaks_after_content_fails_in_its_protocol),
        GATE_TEST(a_stream_that_passes_and_breaks_fails_in_its_protocol),
        GATE_TEST(a_stream_of_codex_fails_and_ends_in_order),
        GATE_TEST(a_silent_stream_fails_in_its_protocol),
        GATE_TEST(what_fails_before_content_is_tried_again),
        GATE_TEST(bytes_of_a_failed_attempt_are_not_passed_on),
        GATE_TEST(a_body_where_a_stream_was_asked_for_is_written_as_one),
        GATE_TEST(a_body_that_is_called_a_stream_is_written_as_one),
        GATE_TEST(a_web_page_is_not_handed_on_as_a_refusal),
        GATE_TEST(what_fails_after_content_is_not_tried_again),
        GATE_TEST(a_held_stream_is_whole_whatever_failed),
        GATE_TEST(a_held_stream_that_can_not_be_had_is_an_error_of_http),
        GATE_TEST(no_other_model_is_asked_where_failover_is_off),
        GATE_TEST(another_model_is_asked_before_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
