/* Calls for which the caller gives the body, as a gateway does: the body is sent unchanged, and the
 * caller gets the bytes of the answer besides its events. Every built-in provider is tested. */
#include "../support/parts.h"
#include "../support/scene.h"
#include "../support/scoped.h"
#include "kit/answer.h"
#include "kit/fixture_file.h"

#include <beluga/cache.h>
#include <beluga/tool_loop.h>

#include <stdio.h>

/* --- what came -------------------------------------------------------------------------------- */

typedef struct passed {
    char bytes[1 << 16]; /* the bytes of RAW events */
    size_t length, raws, refused;
    uint32_t status;
    char type[64];
    char story[4096]; /* the other events, as a story */
    size_t told;
    bool decoded_early; /* an event came before the bytes from which it was decoded */
    int code;
    beluga_error err;
} passed;

static void take_raw(passed *p, const beluga_event *event)
{
    assert_true(p->length + event->u.raw.length < sizeof p->bytes);
    memcpy(p->bytes + p->length, event->u.raw.bytes, event->u.raw.length);
    p->length += event->u.raw.length;
    p->bytes[p->length] = '\0';
    p->raws++;
    p->refused += event->u.raw.refused;
    p->status = event->u.raw.status;
    const char *type = event->u.raw.content_type;
    snprintf(p->type, sizeof p->type, "%s", type ? type : "");
}

static void take(void *payload, const beluga_event *event)
{
    passed *p = payload;
    if (event->kind == BELUGA_EVENT_RAW) {
        take_raw(p, event);
        return;
    }
    if (event->kind == BELUGA_EVENT_RESTART) p->length = p->raws = 0;
    bool text = event->kind == BELUGA_EVENT_TEXT;
    if (text && !p->raws) p->decoded_early = true;
    if (event->kind == BELUGA_EVENT_ERROR) p->err = *event->u.error;
    int n = snprintf(p->story + p->told, sizeof p->story - p->told, "%s%.*s ",
                     text ? "" : beluga_event_kind_name(event->kind),
                     text ? (int)event->u.text.length : 0, text ? event->u.text.text : "");
    p->told += (size_t)n;
    assert_true(p->told < sizeof p->story);
}

static void pass_n(beluga_chat_model *model, passed *p, const beluga_option *opts)
{
    beluga_stream *stream = NULL;
    const beluga_event *event;
    memset(p, 0, sizeof *p);
    p->code =
        beluga_stream_chat_n(model, NULL, NULL, &stream, &p->err, opts, BELUGA_OPTIONS_TERMINATED);
    if (p->code) return;
    while (!(p->code = beluga_stream_next(stream, &event, &p->err)) && event) take(p, event);
    beluga_stream_free(stream);
}

#define pass(model, p, ...) \
    pass_n(model, p, (const beluga_option[]){__VA_ARGS__, BELUGA_OPTIONS_END})

static void assert_sent(peer *p, size_t i, const char *expected)
{
    size_t n;
    const char *body = peer_request_body(p, i, &n);
    assert_string_equal(body, expected);
    assert_int_equal(n, strlen(expected));
}

/* --- each provider ---------------------------------------------------------------------------- */

/* JSON in an unusual form: the order of members, blanks, numbers and escapes must be preserved. */
#define ODD "{ \"z\" : 1.50e+1,\n\t\"model\":\"theirs\" ,\"a\":[\"\\u0041/\\/\", {\"model\":1}] }\n"
#define OURS(name) \
    "{ \"z\" : 1.50e+1,\n\t\"model\":\"" name "\" ,\"a\":[\"\\u0041/\\/\", {\"model\":1}] }\n"

static const struct {
    const char *name, *sent;
    /* The provider whose fixtures have an answer that is an error; NULL: its own fixtures. */
    const char *refuses_as;
} providers[] = {
    {"openai", OURS("m-1"), NULL},    {"openai-responses", OURS("m-1"), "openai"},
    {"anthropic", OURS("m-1"), NULL}, {"gemini", ODD, NULL},
    {"ollama", OURS("m-1"), NULL},    {"cohere", OURS("m-1"), NULL},
    {"bedrock", ODD, NULL},           {"mistral", OURS("m-1"), NULL},
    {"azure", OURS("m-1"), NULL},
};

static char *read_answer(const char *provider, const char *name, check_fixture_file *file)
{
    char folder[512];
    beluga_error err = {0};
    static const char *const known[] = {"request", "answer",   "events", "text",
                                        "args",    "response", "error",  NULL};
    snprintf(folder, sizeof folder, "%s/tests/fixtures/%s/check", getenv("BELUGA_SOURCE_ROOT"),
             provider);
    const char *roots[] = {folder, NULL};
    if (check_fixture_file_read(file, roots, name, known, &err)) fail_msg("%s", err.message);
    const check_section *answer = check_case_section(check_fixture_file_case(file, name), "answer");
    assert_non_null(answer);
    return answer->text.data;
}

static beluga_chat_model *open_provider(const char *name, peer *p, beluga_option more)
{
    beluga_error err = {0};
    beluga_chat_model *model = NULL;
    bool aws = strcmp(name, "bedrock") == 0;
    beluga_config *config = beluga_config_new(
        beluga_with_base_url(peer_url(p)),
        beluga_with_api_key(aws ? "AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG" : "sk-test"),
        beluga_with_model_name("m-1"), beluga_with_max_retries(0),
        beluga_with_timeout_ms(PATIENCE_MS), more);
    if (beluga_registry_open(beluga_registry_default(), name, config, &model, &err))
        fail_msg("%s: %s", name, err.message);
    beluga_config_free(config);
    return model;
}

static void play(peer *p, const check_answer *answer)
{
    check_answer_play(answer, peer_reply_new(p), answer->body.length, CHECK_END_WHOLE);
}

/* Make the same call with messages instead of a body. Its events must be the same. */
static void ask_as_usual(beluga_chat_model *model, passed *p)
{
    beluga_stream *stream = begin_stream(model, NULL);
    const beluga_event *event;
    memset(p, 0, sizeof *p);
    while (!(p->code = beluga_stream_next(stream, &event, &p->err)) && event) take(p, event);
    beluga_stream_free(stream);
}

static void expect_passed_on(scene *s, const char *provider, const char *sent, const char *folder,
                             const char *fixture)
{
    static passed usual, given;
    check_answer answer = {0};
    check_fixture_file file = {0};
    size_t before = peer_requests(s->peer);
    const char *text = read_answer(folder, fixture, &file);
    assert_null(check_answer_parse(&answer, text, strlen(text), NULL));
    SCOPED(beluga_chat_model) *model =
        open_provider(provider, s->peer, beluga_with_temperature(0.5));
    play(s->peer, &answer);
    play(s->peer, &answer);
    ask_as_usual(model, &usual);
    pass(model, &given, beluga_with_request_body(ODD));
    assert_int_equal(given.code, usual.code);
    assert_string_equal(given.story, usual.story);
    assert_int_equal(usual.raws, 0);
    assert_int_equal(given.length, answer.body.length);
    assert_memory_equal(given.bytes, answer.body.data, answer.body.length);
    assert_false(given.decoded_early);
    assert_int_equal(given.status, answer.status);
    assert_int_equal(given.refused, answer.status >= 400);
    assert_sent(s->peer, before + 1, sent);
    assert_string_equal(peer_request_path(s->peer, before + 1), peer_request_path(s->peer, before));
    check_answer_free(&answer);
    check_fixture_file_free(&file);
}

static void each_provider_sends_it_as_it_is_and_hands_the_stream_on(scene *s)
{
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++)
        expect_passed_on(s, providers[i].name, providers[i].sent, providers[i].name, "stream");
}

static void each_provider_hands_on_an_answer_in_one_piece(scene *s)
{
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++)
        expect_passed_on(s, providers[i].name, providers[i].sent, providers[i].name, "text");
}

static void each_provider_hands_on_the_body_of_a_refusal(scene *s)
{
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++)
        expect_passed_on(s, providers[i].name, providers[i].sent,
                         providers[i].refuses_as ? providers[i].refuses_as : providers[i].name,
                         "error-rate-limit");
}

/* --- the bytes -------------------------------------------------------------------------------- */

#define BODY_GIVEN "{\"stream\":true}"
#define BODY_SENT  "{\"model\":\"peer-chat\",\"stream\":true}"
#define CHUNK      "{\"id\":\"1\",\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}"
#define LAST_CHUNK "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}"

static void all_bytes_are_handed_on_however_they_arrive(scene *s)
{
    static passed p;
    static const char body[] =
        "\xef\xbb\xbf\r\n: hi\r\n\r\ndata: " CHUNK "\r\n\r\ndata: " LAST_CHUNK
        "\r\n\r\ndata: [DONE]\r\n\r\n: bye\r\n\r\n";
    for (int step = 1; step < 40; step += 3) {
        script(s->peer, HEAD(200, "Content-Type: text/event-stream\r\n"), TRICKLES(step, 0),
               BODY(body));
        pass(s->model, &p, beluga_with_request_body(BODY_GIVEN));
        assert_int_equal(p.code, 0);
        assert_string_equal(p.story, "start metadata Hello finish ");
        assert_string_equal(p.bytes, body);
        assert_string_equal(p.type, "text/event-stream");
    }
}

static void blanks_before_an_answer_are_handed_on(scene *s)
{
    static passed p;
    static const char body[] =
        " \n\n{\"id\":\"1\",\"choices\":[{\"message\":{\"content\":\"Hello\"},"
        "\"finish_reason\":\"stop\"}]}\n";
    for (int step = 1; step < 20; step += 4) {
        script(s->peer, HEAD(200, "Content-Type: application/json\r\n"), TRICKLES(step, 0),
               BODY(body));
        pass(s->model, &p, beluga_with_request_body(BODY_GIVEN));
        assert_int_equal(p.code, 0);
        assert_string_equal(p.story, "start metadata Hello finish ");
        assert_string_equal(p.bytes, body);
        assert_int_equal(p.raws, 1);
    }
}

static void a_cut_stream_is_stream_closed_although_its_bytes_were_handed_on(scene *s)
{
    static passed p;
    script(s->peer, BEGINS, SAYS("Hello"), CLOSES);
    pass(s->model, &p, beluga_with_request_body(BODY_GIVEN));
    assert_int_equal(p.code, BELUGA_ERROR_STREAM_CLOSED);
    assert_string_equal(p.story, "start metadata Hello ");
}

static void an_end_marker_that_nothing_follows_ends_the_call(scene *s)
{
    static passed p;
    script(s->peer, BEGINS, SAYS("Hello"), STOPS, EVENT("[DONE]"), HANGS);
    pass(s->model, &p, beluga_with_request_body(BODY_GIVEN));
    assert_int_equal(p.code, 0);
    assert_string_equal(p.story, "start metadata Hello finish ");
    assert_non_null(strstr(p.bytes, "[DONE]\n\n"));
}

static void raw_events_can_be_turned_off(scene *s)
{
    static passed p;
    script(s->peer, STREAMS("Hello"));
    pass(s->model, &p, beluga_with_request_body(BODY_GIVEN), beluga_with_raw_events(false));
    assert_int_equal(p.code, 0);
    assert_int_equal(p.raws, 0);
}

/* --- retries ---------------------------------------------------------------------------------- */

static void a_refusal_that_is_tried_again_hands_nothing_on(scene *s)
{
    static passed p;
    open_with(s, beluga_with_max_retries(1));
    script(s->peer, FAILS(503, NULL));
    script(s->peer, STREAMS("Hello"));
    pass(s->model, &p, beluga_with_request_body(BODY_GIVEN));
    assert_int_equal(p.code, 0);
    assert_int_equal(p.refused, 0);
    assert_null(strstr(p.bytes, "not now"));
    assert_sent(s->peer, 0, BODY_SENT);
    assert_sent(s->peer, 1, BODY_SENT);
}

static void of_many_refusals_the_last_is_handed_on(scene *s)
{
    static passed p;
    open_with(s, beluga_with_max_retries(1));
    script(s->peer, FAILS(503, NULL));
    script(s->peer, HEAD(500, "Content-Type: text/plain\r\n"), BODY("it broke"));
    pass(s->model, &p, beluga_with_request_body(BODY_GIVEN));
    assert_int_equal(p.code, BELUGA_ERROR_INTERNAL);
    assert_string_equal(p.bytes, "it broke");
    assert_string_equal(p.type, "text/plain");
    assert_int_equal(p.status, 500);
    assert_int_equal(p.raws, 1);
}

static void a_refusal_without_a_body_tells_its_status(scene *s)
{
    static passed p;
    script(s->peer, HEAD(403, NULL), BODY(""));
    pass(s->model, &p, beluga_with_request_body(BODY_GIVEN));
    assert_int_equal(p.raws, 1);
    assert_int_equal(p.status, 403);
    assert_int_equal(p.length, 0);
}

static void what_was_handed_on_is_not_asked_for_again(scene *s)
{
    static passed p;
    open_with(s, beluga_with_max_retries(3));
    script(s->peer, FOR_EVER, BEGINS, CLOSES);
    pass(s->model, &p, beluga_with_request_body(BODY_GIVEN));
    assert_int_equal(p.code, BELUGA_ERROR_STREAM_CLOSED);
    expect_requests(s, 1);
}

static void what_was_handed_on_without_content_is_taken_back_too(scene *s)
{
    static const char failure[] = "{\"error\":{\"message\":\"broken\",\"type\":\"server_error\"}}";
    static passed p;
    open_with(s, beluga_with_max_retries(1));
    script(s->peer, BEGINS, EVENT(failure), ENDS);
    script(s->peer, STREAMS("Hello"));
    pass(s->model, &p, beluga_with_request_body(BODY_GIVEN), beluga_with_restart_delivery(true));
    assert_int_equal(p.code, 0);
    assert_string_equal(p.story, "restart start metadata Hello usage finish ");
    assert_null(strstr(p.bytes, "broken"));
    expect_requests(s, 2);
}

/* ---- options of a call that has a body ------------------------------------------------------- */

static void a_whole_answer_comes_of_it_too(scene *s)
{
    SCOPED(beluga_response) *response = NULL;
    script(s->peer, STREAMS("Hello"));
    script(s->peer, ANSWERS("Hello"));
    for (size_t i = 0; i < 2; i++) {
        beluga_response_free(response);
        assert_int_equal(beluga_generate(s->model, NULL, NULL, &response, &s->err,
                                         beluga_with_request_body(BODY_GIVEN)),
                         0);
        assert_string_equal(beluga_response_text(response, NULL), "Hello");
        assert_sent(s->peer, i, BODY_SENT);
    }
    assert_string_equal(peer_request_header(s->peer, 0, "Authorization"), "Bearer sk-test");
}

static void messages_tools_and_options_stay_out_of_it(scene *s)
{
    static passed p;
    beluga_error err = {0};
    beluga_tool_definition definition = {.size = sizeof definition, .name = "weather"};
    beluga_tool *tool = NULL;
    beluga_chat_model *bound = NULL;
    open_with(s, beluga_with_body("{\"store\":true}"), beluga_with_top_p(0.5));
    assert_int_equal(beluga_tool_new(&definition, &tool, &err), 0);
    assert_int_equal(beluga_bind_tools(s->model, &tool, 1, &bound, &err), 0);
    script(s->peer, STREAMS("Hello"));
    beluga_stream *stream = NULL;
    const beluga_event *event = NULL;
    assert_int_equal(beluga_stream_input(bound, NULL, beluga_input_text("Hi"), &stream, &err,
                                         beluga_with_request_body(BODY_GIVEN),
                                         beluga_with_temperature(0.5)),
                     0);
    memset(&p, 0, sizeof p);
    while (!beluga_stream_next(stream, &event, &err) && event && event->kind != BELUGA_EVENT_START)
        take(&p, event);
    assert_int_equal(event->u.start.count, 2);
    assert_string_equal(event->u.start.warnings[0],
                        "temperature has no effect: request_body is sent unchanged");
    assert_string_equal(event->u.start.warnings[1],
                        "body has no effect: request_body is sent unchanged");
    assert_sent(s->peer, 0, BODY_SENT);
    beluga_stream_free(stream);
    beluga_chat_model_unref(bound);
    beluga_tool_unref(tool);
}

static void assert_never_sent(scene *s, const char *message, int code, beluga_option one,
                              beluga_option two)
{
    static passed p;
    pass(s->model, &p, one, two);
    assert_int_equal(p.code, code);
    assert_string_equal(p.err.message, message);
    expect_requests(s, 0);
}

static void what_can_not_be_sent_is_refused(scene *s)
{
    const beluga_option none = {.type = 0};
    assert_never_sent(s, "request_body is not a JSON object", BELUGA_ERROR_INVALID_INPUT,
                      beluga_with_request_body("[1]"), none);
    assert_never_sent(s, "extra_body is not merged into request_body: give one of them",
                      BELUGA_ERROR_INVALID_INPUT, beluga_with_request_body("{}"),
                      beluga_with_extra_body("{}"));
    open_mock_with(s, none);
    assert_never_sent(s, "request_body: this provider sends no HTTP request",
                      BELUGA_ERROR_NOT_SUPPORTED, beluga_with_request_body("{}"), none);
}

static void a_tool_loop_refuses_it(scene *s)
{
    beluga_response *response = NULL;
    beluga_messages *messages = beluga_messages_new();
    assert_int_equal(beluga_messages_add(messages, beluga_human_message("Hi")), 0);
    assert_int_equal(beluga_run_tools(s->model, NULL, messages, NULL, NULL, &response, &s->err,
                                      beluga_with_request_body("{}")),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(
        s->err.message,
        "request_body is the body of one request, but a tool loop sends several: leave it out");
    beluga_messages_free(messages);
    expect_requests(s, 0);
}

static void the_cache_is_not_asked(scene *s)
{
    static passed p;
    needs_part("cache");
    open_with(s, beluga_with_cache_ttl_ms(3600000));
    script(s->peer, REPEATS(2), STREAMS("Hello"));
    for (int i = 0; i < 2; i++) {
        pass(s->model, &p, beluga_with_request_body(BODY_GIVEN));
        assert_int_equal(p.code, 0);
    }
    expect_requests(s, 2);
}

/* --- fallbacks -------------------------------------------------------------------------------- */

static void fallbacks_of_another_protocol_are_passed_over(scene *s)
{
    static passed p;
    setenv("ANTHROPIC_API_KEY", "k", 1);
    open_with(s, beluga_with_fallback("anthropic/claude"), beluga_with_fallback("mock/echo"),
              beluga_with_routing(BELUGA_ROUTING_ROUND_ROBIN), beluga_with_env());
    script(s->peer, REPEATS(3), FAILS(503, NULL));
    for (int i = 0; i < 3; i++) {
        pass(s->model, &p, beluga_with_request_body(BODY_GIVEN));
        assert_int_equal(p.code, BELUGA_ERROR_OVERLOADED);
        assert_int_equal(p.refused, 1);
    }
    unsetenv("ANTHROPIC_API_KEY");
    expect_requests(s, 3);
}

static void a_fallback_of_the_same_protocol_gets_the_body_for_its_model(scene *s)
{
    static passed p;
    char url[128];
    snprintf(url, sizeof url, "%s", peer_url(s->peer));
    setenv("ANTHROPIC_API_KEY", "k", 1);
    setenv("GROQ_API_KEY", "k", 1);
    setenv("GROQ_BASE_URL", url, 1);
    open_with(s, beluga_with_fallback("anthropic/claude"), beluga_with_fallback("groq/second"),
              beluga_with_env());
    script(s->peer, FAILS(503, NULL));
    script(s->peer, STREAMS("Hello"));
    pass(s->model, &p, beluga_with_request_body(BODY_GIVEN));
    unsetenv("ANTHROPIC_API_KEY");
    unsetenv("GROQ_API_KEY");
    unsetenv("GROQ_BASE_URL");
    assert_int_equal(p.code, 0);
    assert_int_equal(p.refused, 0);
    assert_sent(s->peer, 1, "{\"model\":\"second\",\"stream\":true}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(each_provider_sends_it_as_it_is_and_hands_the_stream_on),
        SCENE(each_provider_hands_on_an_answer_in_one_piece),
        SCENE(each_provider_hands_on_the_body_of_a_refusal),
        SCENE(all_bytes_are_handed_on_however_they_arrive),
        SCENE(blanks_before_an_answer_are_handed_on),
        SCENE(a_cut_stream_is_stream_closed_although_its_bytes_were_handed_on),
        SCENE(an_end_marker_that_nothing_follows_ends_the_call),
        SCENE(raw_events_can_be_turned_off),
        SCENE(a_refusal_that_is_tried_again_hands_nothing_on),
        SCENE(of_many_refusals_the_last_is_handed_on),
        SCENE(a_refusal_without_a_body_tells_its_status),
        SCENE(what_was_handed_on_is_not_asked_for_again),
        SCENE(what_was_handed_on_without_content_is_taken_back_too),
        SCENE(a_whole_answer_comes_of_it_too),
        SCENE(messages_tools_and_options_stay_out_of_it),
        SCENE(what_can_not_be_sent_is_refused),
        SCENE(a_tool_loop_refuses_it),
        SCENE(the_cache_is_not_asked),
        SCENE(fallbacks_of_another_protocol_are_passed_over),
        SCENE(a_fallback_of_the_same_protocol_gets_the_body_for_its_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
