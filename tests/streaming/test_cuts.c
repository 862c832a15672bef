/* An incomplete answer must never look like a success. The bodies are cut after every byte, with
 * each way in which HTTP marks the end of a body. */
#include "../support/scene.h"

#include <stdio.h>

static const char frames[] =
    "data: {\"id\":\"1\",\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{\"content\":\" world\"}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\n"
    "data: [DONE]\n\n";
static const char proof[] = "\"finish_reason\":\"stop\"}]}";

typedef enum framing { BY_LENGTH, BY_CHUNKS, BY_CLOSE } framing;

/* Write a whole answer with its head. Returns its length; `body` receives the offset of the
 * body. */
static size_t whole_answer(framing how, char *out, size_t size, size_t *body)
{
    char header[64] = "Connection: close\r\n";
    if (how == BY_LENGTH)
        snprintf(header, sizeof header, "Content-Length: %zu\r\n", sizeof frames - 1);
    if (how == BY_CHUNKS) snprintf(header, sizeof header, "Transfer-Encoding: chunked\r\n");
    int n =
        snprintf(out, size, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n%s\r\n", header);
    *body = (size_t)n;
    if (how != BY_CHUNKS)
        return (size_t)n + (size_t)snprintf(out + n, size - (size_t)n, "%s", frames);
    for (const char *at = frames, *end; *at; at = end) { /* one chunk per frame */
        end = strstr(at, "\n\n") + 2;
        n += snprintf(out + n, size - (size_t)n, "%zx\r\n%.*s\r\n", (size_t)(end - at),
                      (int)(end - at), at);
    }
    return (size_t)n + (size_t)snprintf(out + n, size - (size_t)n, "0\r\n\r\n");
}

static void send_cut(peer *p, const char *answer, size_t n, bool reset)
{
    peer_reply *reply = peer_reply_new(p);
    peer_step_raw(reply, answer, n);
    script_more(reply, reset ? RESETS : CLOSES);
}

/* Check the events of an answer of which only the first `n` bytes arrived. */
static void check_cut(const record *r, const char *answer, size_t n, framing how)
{
    const char *at = strstr(answer, proof);
    size_t proven = (size_t)(at - answer) + sizeof proof - 1;
    if (n < proven && r->status == 0) fail_msg("framing %d: a success after %zu bytes", how, n);
    if (n >= proven + 4 && r->status != 0) fail_msg("framing %d: an error after %zu bytes", how, n);
    if (r->status != 0 && r->status != BELUGA_ERROR_STREAM_CLOSED &&
        r->status != BELUGA_ERROR_NETWORK)
        fail_msg("framing %d: %s after %zu bytes", how, beluga_error_name(r->status), n);
    if (r->status == 0) assert_int_equal(r->bytes, 11);
}

static void cut_everywhere(peer *p, framing how, bool reset)
{
    char answer[2048];
    size_t body, n = whole_answer(how, answer, sizeof answer, &body);
    beluga_chat_model *model = open_peer(p);
    for (size_t i = 0; i < n; i++) {
        record r;
        send_cut(p, answer, i, reset);
        stream_whole(model, &r);
        check_cut(&r, answer, i, how);
        if (i < body) assert_story(&r, "");
    }
    beluga_chat_model_unref(model);
}

static void a_stream_with_a_length_cut_at_any_byte_is_no_success(void **state)
{
    cut_everywhere(*state, BY_LENGTH, false);
}

static void a_chunked_stream_cut_at_any_byte_is_no_success(void **state)
{
    cut_everywhere(*state, BY_CHUNKS, false);
}

static void a_stream_without_a_length_cut_at_any_byte_is_no_success(void **state)
{
    cut_everywhere(*state, BY_CLOSE, false);
}

static void a_stream_reset_at_any_byte_is_no_success(void **state)
{
    cut_everywhere(*state, BY_CHUNKS, true);
}

static void a_stream_cut_at_any_event_says_what_arrived_and_that_it_is_not_whole(scene *s)
{
    for (int words = 0; words < 4; words++) {
        peer_reply *reply = script(s->peer, BEGINS);
        for (int i = 0; i < words; i++) script_more(reply, SAYS("word "));
        /* the body ends as HTTP requires, but without a proof of completion */
        script_more(reply, ENDS);
        expect_end(s, BELUGA_ERROR_STREAM_CLOSED);
        assert_int_equal(s->r.texts, words);
        assert_true(s->r.error.retryable);
    }
}

/* ---- answers that are not streamed ----------------------------------------------------------- */

static void an_unstreamed_answer_cut_at_any_byte_is_no_success(scene *s)
{
    static const char body[] = "{\"id\":\"1\",\"choices\":[{\"index\":0,\"finish_reason\":\"stop\","
                               "\"message\":{\"role\":\"assistant\",\"content\":\"Hello\"}}]}";
    for (int claims = 0; claims < 2; claims++)
        for (size_t i = 0; i < sizeof body - 1; i++) {
            char answer[512];
            char length[48] = "";
            if (claims) snprintf(length, sizeof length, "Content-Length: %zu\r\n", sizeof body - 1);
            int n = snprintf(answer, sizeof answer,
                             "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n%s\r\n%.*s",
                             length, (int)i, body);
            send_cut(s->peer, answer, (size_t)n, false);
            assert_int_not_equal(generate(s->model, NULL, NULL), 0);
        }
    script(s->peer, JSON(body));
    expect_text(s, "Hello");
}

static void a_failed_generate_gives_what_arrived_only_to_who_asked(scene *s)
{
    script(s->peer, BEGINS, SAYS("Hello"), USES(7, 1), CLOSES);
    beluga_response *response = (beluga_response *)&s->err, *partial = NULL;
    int status = beluga_invoke(s->model, NULL, beluga_input_text("Hi"), &response, &s->err,
                               beluga_with_wire_streaming(true), beluga_with_partial(&partial));
    assert_int_equal(status, BELUGA_ERROR_STREAM_CLOSED);
    assert_null(response);
    assert_non_null(partial);
    assert_false(beluga_response_is_complete(partial));
    assert_string_equal(beluga_response_text(partial, NULL), "Hello");
    assert_int_equal(beluga_response_usage(partial)->output_total, 1);
    assert_int_equal(beluga_response_finish_reason(partial), BELUGA_FINISH_UNKNOWN);
    beluga_response_free(partial);
}

static void a_generate_that_succeeds_leaves_no_partial(scene *s)
{
    script(s->peer, ANSWERS("Hello"));
    /* The initial value is not NULL, so that the test sees whether the call sets the pointer. */
    beluga_response *response = NULL, *partial = (beluga_response *)&response;
    assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text("Hi"), &response, NULL,
                                   beluga_with_partial(&partial)),
                     0);
    assert_null(partial);
    beluga_response_free(response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PEER(a_stream_with_a_length_cut_at_any_byte_is_no_success),
        ON_PEER(a_chunked_stream_cut_at_any_byte_is_no_success),
        ON_PEER(a_stream_without_a_length_cut_at_any_byte_is_no_success),
        ON_PEER(a_stream_reset_at_any_byte_is_no_success),
        SCENE(a_stream_cut_at_any_event_says_what_arrived_and_that_it_is_not_whole),
        SCENE(an_unstreamed_answer_cut_at_any_byte_is_no_success),
        SCENE(a_failed_generate_gives_what_arrived_only_to_who_asked),
        SCENE(a_generate_that_succeeds_leaves_no_partial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
