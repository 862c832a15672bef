/* An answer is the same however its bytes arrive, and whatever type is declared, in every protocol.
 * The test has its own loop and transfers, so that the pieces are exact and nothing waits.
 *
 * The streams are those that servers are known to send; each case names its source. */
#include "../support/calls.h"
#include "../support/parts.h"
#include "client/chat_model.h"
#include "kit/aws_frames.h"
#include "loop/loop.h"

#include <stdio.h>

/* ---- a transfer that delivers its bytes in pieces -------------------------------------------- */

typedef struct piece_player {
    const char *head; /* header lines, each ended by \n */
    const char *body;
    /* length of the body, and of its first piece; if `first` is 0, each piece has one byte */
    size_t length, first;
    int code; /* the code with which the transfer ends */
    const beluga__transfer_spec *spec;
    beluga__transfer_spec copy;
    beluga__task task;
    bool over;
    size_t requests;
} piece_player;
static piece_player player;

static const beluga__loop_ops *network;

static void tell_piece(size_t at, size_t n)
{
    char *piece = malloc(n ? n : 1);
    assert_non_null(piece);
    memcpy(piece, player.body + at, n);
    if (!player.over && n) player.copy.handler->body(player.copy.owner, piece, n);
    /* the library must not change the buffer */
    if (!player.over) assert_memory_equal(piece, player.body + at, n);
    free(piece);
}

static void play(beluga__task *task)
{
    (void)task;
    for (const char *line = player.head; *line; line += strcspn(line, "\n") + 1)
        beluga__http_response_add_line(player.copy.response, line, strcspn(line, "\n"));
    player.copy.handler->head(player.copy.owner);
    size_t step = player.first ? player.first : 1;
    for (size_t at = 0; at < player.length && !player.over; at += step) {
        if (player.first && at) step = player.length - at;
        if (step > player.length - at) step = player.length - at;
        tell_piece(at, step);
    }
    if (player.over) return;
    beluga_error err;
    if (player.code) beluga_error_set(&err, player.code, "the connection was lost");
    player.over = true;
    player.copy.handler->done(player.copy.owner, player.code, player.code ? &err : NULL);
}

static int start(beluga_loop *loop, const beluga__transfer_spec *spec, beluga__transfer **out,
                 beluga_error *err)
{
    (void)err;
    player.copy = *spec;
    player.over = false;
    player.requests++;
    player.task = (beluga__task){.run = play};
    loop->ops->defer(loop, &player.task);
    *out = (beluga__transfer *)&player;
    return 0;
}

static void cancel(beluga__transfer *transfer, const beluga_error *why)
{
    (void)transfer;
    (void)why;
    player.over = true;
}

static void finish(beluga__transfer *transfer)
{
    cancel(transfer, NULL);
}

static void pause_transfer(beluga__transfer *transfer, bool paused)
{
    (void)transfer;
    (void)paused;
}

/* --- one call --------------------------------------------------------------------------------- */

typedef struct stage {
    beluga_loop *loop;
    beluga__loop_ops ops;
} stage;

static int set_up(void **state)
{
    static stage s;
    s.loop = new_loop();
    network = s.loop->ops;
    s.ops = *network;
    s.ops.transfer_start = start;
    s.ops.transfer_cancel = cancel;
    s.ops.transfer_finish = finish;
    s.ops.transfer_pause = pause_transfer;
    s.loop->ops = &s.ops;
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    stage *s = *state;
    s->loop->ops = network;
    beluga_loop_free(s->loop);
    return 0;
}

static beluga_chat_model *open_provider(const char *provider, int retries)
{
    beluga_error err;
    beluga_chat_model *model = NULL;
    beluga_config *config = beluga_config_new(
        beluga_with_base_url("http://127.0.0.1:1"), beluga_with_api_key("AKID:secret"),
        beluga_with_model_name("m"), beluga_with_max_retries(retries));
    if (beluga_registry_open(beluga_registry_default(), provider, config, &model, &err))
        fail_msg("open: %s", err.message);
    beluga_config_free(config);
    return model;
}

static void call(stage *s, beluga_chat_model *model, bool streamed, record *r)
{
    beluga_error err;
    beluga_op *op;
    beluga_messages *messages = beluga_messages_new();
    assert_int_equal(beluga_messages_add(messages, beluga_human_message("Hi")), 0);
    record_clear(r);
    player.requests = 0;
    int status = beluga__chat_model_start(
        model, s->loop, streamed ? BELUGA__CALL_STREAM : BELUGA__CALL_GENERATE, NULL, NULL,
        messages, NULL, 0, record_event, r, &op, &err);
    if (status) fail_msg("start: %s", err.message);
    beluga_messages_free(messages);
    step_until_end(s->loop, r);
    beluga_op_free(op);
    /* the library understood the answer, so it made no second request */
    assert_int_equal(player.requests, 1);
}

typedef struct answer {
    const char *provider;
    const char *type;
    const char *body;
    const char *story;
    bool unstreamed; /* the call is made without a stream */
} answer;

static const char *body_of(const answer *a, size_t *n)
{
    static char frames[1 << 14];
    *n = strlen(a->body);
    if (*a->body != ':' || strcmp(a->provider, "bedrock") != 0) return a->body;
    *n = aws_frames(frames, sizeof frames, a->body);
    assert_true(*n > 0);
    return frames;
}

static void set_head(const answer *a, bool framed)
{
    static char head[160];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\nContent-Type: %s\n%s", a->type,
             framed ? "Transfer-Encoding: chunked\n" : "");
    player.head = head;
}

static void assert_same_at_every_split(stage *s, const answer *a)
{
    record r;
    /* An answer without content would be retried. */
    bool nothing = strcmp(a->story, "error(stream_closed)") == 0;
    beluga_chat_model *model = open_provider(a->provider, nothing ? 0 : 3);
    set_head(a, true);
    player.body = body_of(a, &player.length);
    player.code = 0;
    for (size_t i = 0; i <= player.length; i++) {
        player.first = i; /* 0: byte by byte */
        call(s, model, !a->unstreamed, &r);
        if (strcmp(r.story, a->story) != 0)
            fail_msg("%s, split at %zu:\nwant %s\ngot  %s (%s; %s)", a->provider, i, a->story,
                     r.story, r.error.message, r.error.cause);
    }
    beluga_chat_model_unref(model);
}

static void assert_all(stage *s, const answer *answers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (has_provider(answers[i].provider)) assert_same_at_every_split(s, &answers[i]);
}

#define ASSERT_ALL(state, answers) assert_all(state, answers, sizeof(answers) / sizeof *(answers))

/* ---- streams of every protocol --------------------------------------------------------------- */

#define CHAT(delta, rest)                                                                       \
    "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":" delta rest "}]}" \
    "\n\n"
#define CHAT_HI   CHAT("{\"content\":\"Hi\"}", "")
#define CHAT_STOP CHAT("{}", ",\"finish_reason\":\"stop\"")
#define CHAT_DONE "data: [DONE]\n\n"
#define CHAT_WHOLE                                                                        \
    "{\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"finish_reason\":\"stop\"," \
    "\"message\":{\"role\":\"assistant\",\"content\":\"Hi\"}}]}"
#define GEMINI(parts, rest) \
    "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[" parts "]}" rest "}]}"
#define CLAUDE                                                                                \
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"c\","      \
    "\"model\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\n" \
    "event: ping\ndata: {\"type\":\"ping\"}\n\n"                                              \
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"        \
    "\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}}\n\n"                                \
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"     \
    "\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\n"                                      \
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
#define RESPONSES                                                                             \
    "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":"     \
    "\"r\",\"status\":\"in_progress\",\"model\":\"m\",\"output\":[]}}\n\n"                    \
    "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\","      \
    "\"item_id\":\"i\",\"output_index\":0,\"content_index\":0,\"delta\":\"Hi\"}\n\n"          \
    "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":" \
    "\"r\",\"status\":\"completed\",\"model\":\"m\",\"output\":[]}}\n\n"
#define COHERE                                                                           \
    "data: {\"id\":\"c\",\"type\":\"message-start\",\"delta\":{\"message\":{}}}\n\n"     \
    "data: {\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":" \
    "{\"text\":\"Hi\"}}}}\n\n"                                                           \
    "data: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"COMPLETE\"}}\n\n"
#define OLLAMA                                                                                   \
    "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"Hi\"},\"done\":false}\n" \
    "{\"model\":\"m\",\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\"}\n"
#define BEDROCK_EVENT(name) \
    ":message-type: event\n:event-type: " name "\n:content-type: application/json\n"
#define BEDROCK                                                                      \
    BEDROCK_EVENT("messageStart")                                                    \
    "{\"role\":\"assistant\"}\n" BEDROCK_EVENT(                                      \
        "contentBlockDelta") "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"Hi\"}}" \
                             "\n" BEDROCK_EVENT("messageStop") "{\"stopReason\":\"end_turn\"}\n"
#define HI  "start metadata [Hi] finish(stop)"
#define SSE "text/event-stream"

static void a_stream_is_the_same_at_every_split(void **state)
{
    static const answer answers[] = {
        {"openai", SSE, CHAT_HI CHAT_STOP CHAT_DONE, HI, false},
        {"gemini", SSE,
         "data: " GEMINI("{\"text\":\"Hi\"}", ",\"finishReason\":\"STOP\"") "\r\n\r\n", HI, false},
        {"anthropic", SSE, CLAUDE, "start metadata usage(1,1) [Hi] usage(1,2) finish(stop)", false},
        {"openai-responses", SSE, RESPONSES, HI, false},
        {"cohere", SSE, COHERE, HI, false},
        {"ollama", "application/x-ndjson", OLLAMA, HI, false},
        {"bedrock", "application/vnd.amazon.eventstream", BEDROCK, HI, false},
    };
    ASSERT_ALL(*state, answers);
}

/* The servers of vllm#47526, vllm-ascend#6985 and openclaw#97454 declare application/json for
 * streams. sub2api#2826 also streams if the call is not for a stream. */
static void a_stream_of_another_declared_type_is_a_stream(void **state)
{
    static const answer answers[] = {
        {"openai", "application/json", CHAT_HI CHAT_STOP CHAT_DONE, HI, false},
        {"openai", "text/html", "\n\n" CHAT_HI CHAT_STOP CHAT_DONE, HI, false},
        {"openai", "text/plain", "\xef\xbb\xbf" CHAT_HI CHAT_STOP CHAT_DONE, HI, false},
        {"openai", "text/plain", ": keep-alive\n\n" CHAT_HI CHAT_STOP CHAT_DONE, HI, true},
        {"openai-responses", "text/plain", RESPONSES, HI, true},
        {"anthropic", "application/json", CLAUDE,
         "start metadata usage(1,1) [Hi] usage(1,2) finish(stop)", true},
        {"cohere", "application/json", COHERE, HI, true},
        {"gemini", "text/plain",
         "data: " GEMINI("{\"text\":\"Hi\"}", ",\"finishReason\":\"STOP\"") "\n\n", HI, true},
        {"ollama", "application/json", OLLAMA, HI, true},
        {"ollama", "text/plain",
         "data: {\"model\":\"m\",\"message\":{\"content\":\"Hi\"},\"done\":"
         "true,\"done_reason\":\"stop\"}\n\n",
         HI, false},
        {"bedrock", "application/octet-stream", BEDROCK, HI, false},
        {"openai", "application/x-ndjson",
         "{\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n"
         "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n",
         HI, false},
    };
    ASSERT_ALL(*state, answers);
}

static void a_whole_answer_to_a_streamed_call_is_an_answer(void **state)
{
    static const answer answers[] = {
        {"openai", SSE, CHAT_WHOLE, HI, false},
        {"openai", "text/plain", "\n\n" CHAT_WHOLE, HI, false},
        {"openai", "text/html", "\xef\xbb\xbf" CHAT_WHOLE, HI, false},
        {"gemini", "application/json",
         "[" GEMINI("{\"text\":\"H\"}", "") "\n,\n" GEMINI("{\"text\":\"i\"}",
                                                           ",\"finishReason\":\"STOP\"") "]",
         "start metadata [H] [i] finish(stop)", false},
        {"ollama", "application/json",
         "{\n\"model\":\"m\",\"message\":{\"content\":\"Hi\"},\n"
         "\"done\":true,\"done_reason\":\"stop\"}\n",
         HI, false},
        {"bedrock", "application/json",
         "{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":"
         "[{\"text\":\"Hi\"}]}},\"stopReason\":\"end_turn\"}",
         HI, false},
    };
    ASSERT_ALL(*state, answers);
}

/* The servers of litellm#2195, one-api#1408 and new-api#378 send the finish reason in every chunk;
 * CLIProxyAPI#5651 and kelivo#1003 send it before the text. */
static void a_finish_reason_ends_nothing(void **state)
{
    static const answer answers[] = {
        {"openai", SSE,
         CHAT("{\"content\":\"One \"}", ",\"finish_reason\":\"stop\"")
             CHAT("{\"content\":\"two\"}", ",\"finish_reason\":\"stop\"") CHAT_DONE,
         "start metadata [One ] [two] finish(stop)", false},
        {"openai", SSE, CHAT_STOP CHAT_HI CHAT_DONE, HI, false},
        {"openai", SSE, CHAT_HI CHAT_STOP CHAT("{}", ",\"finish_reason\":\"length\""),
         "start metadata [Hi] finish(length)", false},
        {"openai", SSE,
         CHAT_STOP CHAT("{\"tool_calls\":[{\"index\":0,\"id\":\"1\",\"function\":{\"name\":\"f\","
                        "\"arguments\":\"{\\\"a\\\":\"}}]}",
                        ",\"finish_reason\":\"stop\"")
             CHAT("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"1}\"}}]}",
                  ",\"finish_reason\":\"stop\""),
         "start metadata begin(0 f) delta(0 {\"a\":) delta(0 1}) end(0 {\"a\":1}) "
         "finish(tool_calls)",
         false},
        {"openai", SSE, CHAT_HI CHAT_STOP "data: {\"error\":{\"message\":\"late\"}}\n\n",
         "start metadata [Hi] error(stream_error)", false},
        {"gemini", SSE,
         "data: " GEMINI(
             "", ",\"finishReason\":\"STOP\"") "\n\n"
                                               "data: " GEMINI(
                                                   "{\"text\":\"Hi\"}",
                                                   "") "\n\n"
                                                       "data: " GEMINI(
                                                           "", ",\"finishReason\":\"STOP\"") "\n\n",
         HI, false},
    };
    ASSERT_ALL(*state, answers);
}

/* CLIProxyAPI#4053 sends placeholder counts early, and the real counts after the finish. Other
 * servers do the reverse. */
static void the_last_usage_that_counts_anything_holds(void **state)
{
#define USAGE(in, out)                                                                       \
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":" #in ",\"completion_tokens\":" #out \
    "}}\n\n"
    static const answer answers[] = {
        {"openai", SSE, USAGE(0, 0) CHAT_HI CHAT_STOP USAGE(39320, 26) CHAT_DONE,
         "start metadata usage(0,0) [Hi] usage(39320,26) finish(stop)", false},
        {"openai", SSE, CHAT_HI CHAT_STOP USAGE(7, 1) USAGE(0, 0) CHAT_DONE,
         "start metadata [Hi] usage(7,1) finish(stop)", false},
    };
    ASSERT_ALL(*state, answers);
}

/* Gateways send heartbeats: new-api the comment ": PING", others an event with that text. */
static void a_heartbeat_is_skipped(void **state)
{
    static const answer answers[] = {
        {"openai", SSE,
         "data: ping\n\ndata:\n\nevent: ping\ndata: 12:00\n\n" CHAT_HI
         ": x\n\ndata: PING\n\n" CHAT_STOP CHAT_DONE,
         HI, false},
        {"gemini", SSE,
         "data: ping\n\n: x\n\ndata: " GEMINI("{\"text\":\"Hi\"}",
                                              ",\"finishReason\":\"STOP\"") "\n\n",
         HI, false},
        {"cohere", SSE, "event: ping\ndata:\n\ndata: keep-alive\n\n" COHERE, HI, false},
        {"ollama", "application/x-ndjson", "\nping\n" OLLAMA, HI, false},
    };
    ASSERT_ALL(*state, answers);
}

static void nothing_is_not_an_answer(void **state)
{
#define EMPTY "start(the answer is empty: the model ended without text, reasoning or a tool call)"
    static const answer answers[] = {
        {"openai", SSE, CHAT_STOP CHAT_DONE, EMPTY " metadata finish(stop)", false},
        {"ollama", "application/json",
         "{\"model\":\"m\",\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\"}",
         EMPTY " metadata finish(stop)", true},
        {"openai", SSE, "data: {\"text\":\"Hi\"}\n\ndata: {\"text\":\"!\"}\n\n" CHAT_DONE,
         "error(empty_response)", false},
        {"gemini", SSE, "data: {\"choices\":[]}\n\n", "error(empty_response)", false},
        /* a body of only heartbeats is an answer that was cut, and not one in an unknown form,
         * however its bytes are divided */
        {"gemini", SSE, "data: ping\n\n: x\n\ndata: ping\n\n", "error(stream_closed)", false},
    };
    ASSERT_ALL(*state, answers);
}

/* These protocols name each event in a line of its own, which lines of JSON do not have. */
static void lines_where_events_were_expected_are_not_understood(void **state)
{
#define LINES "{\"id\":\"a\"}\n{\"id\":\"b\"}\n"
    static const answer answers[] = {
        {"bedrock", "application/json", LINES, "error(empty_response)", true},
        {"bedrock", "application/json", LINES, "error(empty_response)", false},
        {"openai-responses", "application/json", LINES, "error(empty_response)", true},
        {"openai-responses", "text/plain", LINES, "error(empty_response)", false},
        {"anthropic", "application/json", LINES, "error(empty_response)", true},
    };
    ASSERT_ALL(*state, answers);
}

/* --- cuts ------------------------------------------------------------------------------------- */

/* The answer is cut after every byte. One server marks the end of the body as HTTP requires, the
 * other only closes the connection. A cut must not look like the end of the body. */
static void a_reason_in_every_chunk_that_is_cut_is_no_success(void **state)
{
    stage *s = *state;
    record r;
    static const answer a = {"openai", SSE,
                             CHAT("{\"content\":\"One \"}", ",\"finish_reason\":\"stop\"")
                                 CHAT("{\"content\":\"two \"}", ",\"finish_reason\":\"stop\"")
                                     CHAT("{\"content\":\"three\"}", ",\"finish_reason\":\"stop\""),
                             NULL, false};
    beluga_chat_model *model = open_provider(a.provider, 0);
    size_t n, second = (size_t)(strstr(a.body, "two ") - a.body);
    const char *body = body_of(&a, &n);
    for (int framed = 0; framed < 2; framed++)
        for (player.length = 0; player.length <= n; player.length++) {
            set_head(&a, framed);
            player.body = body;
            player.first = player.length ? player.length : 1;
            player.code = framed ? BELUGA_ERROR_NETWORK : 0;
            call(s, model, true, &r);
            /* After the first chunk the library can't know yet that every chunk has a finish
             * reason, so a cut there may look like the end. */
            if (r.finishes && (framed || player.length > second + strlen("two \"},")))
                if (framed || r.texts > 1) fail_msg("a success after %zu bytes", player.length);
        }
    beluga_chat_model_unref(model);
}

static void assert_cause(stage *s, const answer *a)
{
    record r;
    beluga_chat_model *model = open_provider(a->provider, 0);
    set_head(a, true);
    player.body = body_of(a, &player.length);
    player.first = player.length;
    player.code = 0;
    call(s, model, !a->unstreamed, &r);
    if (!strstr(r.error.cause, a->story)) fail_msg("%s, cause \"%s\"", r.story, r.error.cause);
    beluga_chat_model_unref(model);
}

/* In this table, `story` is a text that the error's cause must contain. */
static void the_beginning_of_a_body_that_is_given_up_is_the_cause(void **state)
{
    static const answer answers[] = {
        {"openai", SSE, "data: {\"text\":\"Hi\"}\n\n" CHAT_DONE, "{\"text\":\"Hi\"}", false},
        {"openai", SSE, "upstream connect error\n", "upstream connect error", false},
        {"openai", SSE, CHAT_HI "data: Internal Server Error\n\ndata: x\n\n",
         "Internal Server Error", false},
        {"openai", "text/plain", "no healthy upstream", "no healthy upstream", true},
        {"openai", "application/json", "{\"choices\":", "{\"choices\":", true},
        {"openai", "application/json", "<!doctype html><p>Log in", "<p>Log in", true},
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) assert_cause(*state, &answers[i]);
}

/* Blanks at the beginning of a body do not show its kind. The library must not examine them again
 * with every piece that arrives. */
static void a_beginning_that_tells_nothing_is_not_read_over_and_over(void **state)
{
    enum { BLANKS = 4 << 20 };
    static const char rest[] =
        "\"choices\":[{\"message\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}";
    record r;
    beluga_chat_model *model = open_provider("openai", 0);
    const answer a = {.provider = "openai", .type = "application/json"};
    char *body = malloc(BLANKS + sizeof rest);
    assert_non_null(body);
    memset(body, ' ', BLANKS);
    body[0] = '{';
    memcpy(body + BLANKS, rest, sizeof rest);
    set_head(&a, true);
    player.body = body;
    player.length = BLANKS + sizeof rest - 1;
    player.first = player.code = 0;
    call(*state, model, false, &r);
    assert_string_equal(r.story, "start metadata [Hi] finish(stop)");
    beluga_chat_model_unref(model);
    free(body);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(a_stream_is_the_same_at_every_split),
        STAGED(a_stream_of_another_declared_type_is_a_stream),
        STAGED(a_whole_answer_to_a_streamed_call_is_an_answer),
        STAGED(a_finish_reason_ends_nothing),
        STAGED(the_last_usage_that_counts_anything_holds),
        STAGED(a_heartbeat_is_skipped),
        STAGED(nothing_is_not_an_answer),
        STAGED(lines_where_events_were_expected_are_not_understood),
        STAGED(a_reason_in_every_chunk_that_is_cut_is_no_success),
        STAGED(a_beginning_that_tells_nothing_is_not_read_over_and_over),
        STAGED(the_beginning_of_a_body_that_is_given_up_is_the_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
