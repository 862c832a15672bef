/* Token counts: from the mock, from providers that this test defines, and on a loop. */
#include "../support/scene.h"
#include "../support/scoped.h"

#include <beluga/embedding.h>
#include <beluga/provider/provider.h>

static beluga_messages *messages_of(const char *text)
{
    beluga_messages *list = beluga_messages_new();
    beluga_messages_add(list, beluga_system_message("Be brief."));
    beluga_messages_add(list, beluga_human_message(text));
    return list;
}

/* --- the mock --------------------------------------------------------------------------------- */

static void the_mock_counts_words(scene *s)
{
    beluga_token_count count;
    SCOPED(beluga_messages) *list = messages_of("How many words are these?");
    open_mock_with(s, beluga_with_model_name("m"));
    assert_int_equal(beluga_count_tokens(s->model, NULL, list, &count, &s->err), 0);
    assert_int_equal(count.tokens, 7);
    assert_string_equal(count.left_out, "");
}

static void what_is_left_out_of_a_count_is_told(scene *s)
{
    beluga_token_count count;
    SCOPED(beluga_messages) *list = messages_of("Look:");
    beluga_message *image = beluga_message_new(BELUGA_ROLE_HUMAN);
    assert_int_equal(
        beluga_message_add_url(image, BELUGA_PART_IMAGE, "https://a.example/x.png", NULL), 0);
    assert_int_equal(beluga_messages_add(list, image), 0);
    open_mock_with(s, beluga_with_model_name("m"));
    assert_int_equal(beluga_count_tokens(s->model, NULL, list, &count, &s->err), 0);
    assert_int_equal(count.tokens, 3);
    assert_non_null(strstr(count.left_out, "mock counts the words of texts only"));
}

static void messages_are_needed(scene *s)
{
    beluga_token_count count = {.tokens = 77};
    SCOPED(beluga_messages) *list = beluga_messages_new();
    open_mock_with(s, beluga_with_model_name("m"));
    assert_int_equal(beluga_count_tokens(s->model, NULL, list, &count, &s->err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(s->err.message, "no messages provided");
    assert_int_equal(count.tokens, 0);
}

static void a_provider_that_does_not_count_says_what_does(scene *s)
{
    beluga_token_count count;
    SCOPED(beluga_messages) *list = messages_of("Hi");
    assert_int_equal(beluga_count_tokens(s->model, NULL, list, &count, &s->err),
                     BELUGA_ERROR_NOT_SUPPORTED);
    assert_string_equal(
        s->err.message,
        "this provider does not count tokens: beluga_message_estimate_tokens gives an estimate");
    assert_string_equal(s->err.operation, "count_tokens");
}

static void a_failure_is_that_of_the_call(scene *s)
{
    beluga_token_count count;
    SCOPED(beluga_messages) *list = messages_of("Hi");
    open_mock_with(s, beluga_with_model_name("m"), beluga_with_max_retries(0),
                   beluga_with_provider_specific("mock.error", "rate_limit"));
    assert_int_equal(beluga_count_tokens(s->model, NULL, list, &count, &s->err),
                     BELUGA_ERROR_RATE_LIMIT);
}

/* ---- a provider that needs two requests ------------------------------------------------------ */

static int encode(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)err;
    const char *page = beluga_call_page(call);
    beluga_json_writer *w = beluga_http_request_json(request);
    beluga_http_request_set_path(request, page ? "/tokenize" : "/template");
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "prompt",
                           page ? page : beluga_message_text(beluga_call_message(call, 1), NULL));
    beluga_json_end_object(w);
    return 0;
}

static int decode(const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    int code = beluga_emit_parse(emit, body, length, &root);
    if (code) return code;
    const char *prompt = beluga_json_get_string(root, "prompt", NULL);
    if (prompt) return beluga_emit_next_page(emit, prompt);
    const beluga_json *tokens = beluga_json_get(root, "tokens");
    return tokens ? beluga_emit_token_count(emit, beluga_json_int(tokens, -1)) : 0;
}

static int decode_answer(void *state, const char *body, size_t length, beluga_emit *emit)
{
    (void)state;
    (void)body;
    (void)length;
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static const beluga_provider pair = {
    BELUGA_PROVIDER_INIT("pair"),           .default_model = "p",   .encode_request = encode,
    .decode_response = decode_answer,       .encode_count = encode, .decode_count = decode,
    .capabilities = BELUGA_CAPABILITY_COUNT};

static void open_pair(scene *s)
{
    SCOPED(beluga_config) *config = beluga_config_new(beluga_with_base_url(peer_url(s->peer)));
    beluga_registry *registry = beluga_registry_default();
    if (!beluga_registry_contains(registry, "pair"))
        assert_int_equal(beluga_registry_register(registry, &pair, &s->err), 0);
    beluga_chat_model *model;
    assert_int_equal(beluga_registry_open(registry, "pair", config, &model, &s->err), 0);
    use_model(s, model);
}

static void a_count_may_take_a_second_request(scene *s)
{
    beluga_token_count count;
    SCOPED(beluga_messages) *list = messages_of("Hi");
    open_pair(s);
    script(s->peer, JSON("{\"prompt\":\"<s>Hi\"}"));
    script(s->peer, JSON("{\"tokens\":42}"));
    assert_int_equal(beluga_count_tokens(s->model, NULL, list, &count, &s->err), 0);
    assert_int_equal(count.tokens, 42);
    assert_string_equal(peer_request_path(s->peer, 1), "/v1/tokenize");
    assert_string_equal(peer_request_body(s->peer, 1, NULL), "{\"prompt\":\"<s>Hi\"}");
}

static void an_answer_without_a_count_is_refused(scene *s)
{
    beluga_token_count count;
    SCOPED(beluga_messages) *list = messages_of("Hi");
    open_pair(s);
    script(s->peer, JSON("{}"));
    assert_int_equal(beluga_count_tokens(s->model, NULL, list, &count, &s->err),
                     BELUGA_ERROR_INVALID_RESPONSE);
    assert_string_equal(s->err.message, "the answer has no token count");
    script(s->peer, JSON("{\"tokens\":-5}"));
    assert_int_equal(beluga_count_tokens(s->model, NULL, list, &count, &s->err),
                     BELUGA_ERROR_INVALID_RESPONSE);
    assert_string_equal(s->err.message, "the answer counts -5 tokens");
}

static void a_provider_that_asks_for_ever_is_stopped(scene *s)
{
    beluga_token_count count;
    SCOPED(beluga_messages) *list = messages_of("Hi");
    open_pair(s);
    script(s->peer, REPEATS(PEER_FOR_EVER), JSON("{\"prompt\":\"again\"}"));
    assert_int_equal(beluga_count_tokens(s->model, NULL, list, &count, &s->err),
                     BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_int_equal(peer_requests(s->peer), 8);
}

/* --- on a loop -------------------------------------------------------------------------------- */

typedef struct ending {
    int64_t tokens;
    int code, ends;
} ending;

static void on_end(void *payload, const beluga_token_count *count, const beluga_error *error)
{
    ending *end = payload;
    end->ends++;
    end->code = error ? error->code : 0;
    if (count) end->tokens = count->tokens;
}

static void on_a_loop_a_count_calls_back(scene *s)
{
    ending end = {.ends = 0};
    beluga_messages *list = messages_of("Hi there");
    open_mock_with(s, beluga_with_model_name("m"));
    assert_int_equal(
        beluga_count_tokens_start(s->model, s->loop, NULL, list, on_end, &end, NULL, &s->err), 0);
    beluga_messages_free(list);
    while (!end.ends) poll_and_step(s->loop);
    assert_int_equal(end.tokens, 4);
    assert_int_equal(end.ends, 1);
}

static void a_count_is_cancelled_once(scene *s)
{
    ending end = {.ends = 0};
    beluga_job *job;
    SCOPED(beluga_messages) *list = messages_of("Hi");
    open_pair(s);
    script(s->peer, HANGS);
    assert_int_equal(
        beluga_count_tokens_start(s->model, s->loop, NULL, list, on_end, &end, &job, &s->err), 0);
    beluga_job_cancel(job);
    while (!end.ends) poll_and_step(s->loop);
    step_until_quiet(s->loop);
    assert_int_equal(end.ends, 1);
    assert_int_equal(end.code, BELUGA_ERROR_CONTEXT_CANCELED);
    beluga_job_free(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(the_mock_counts_words),
        SCENE(what_is_left_out_of_a_count_is_told),
        SCENE(messages_are_needed),
        SCENE(a_provider_that_does_not_count_says_what_does),
        SCENE(a_failure_is_that_of_the_call),
        SCENE(a_count_may_take_a_second_request),
        SCENE(an_answer_without_a_count_is_refused),
        SCENE(a_provider_that_asks_for_ever_is_stopped),
        SCENE(on_a_loop_a_count_calls_back),
        SCENE(a_count_is_cancelled_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
