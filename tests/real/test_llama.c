/* The protocols of a real llama.cpp server, whose model produces noise: Chat Completions,
 * Anthropic's Messages and OpenAI's Responses. The same tests run with each provider.
 * with_servers.py runs this. */
#include "talk.h"

#include <beluga/provider/json.h>

/* The noise may end before the limit, so a test may need several calls until the limit cuts an
 * answer. */
enum { NOISE_TOKENS = 12, MANY_TOKENS = 1500, TRIES = 100 };

typedef struct protocol {
    const char *provider;
    bool no_schemas;      /* the server ignores a schema where the protocol has it */
    bool hides_the_limit; /* if the limit cuts an answer, the server reports it as complete */
    bool no_counts;       /* the protocol can't count tokens */
    bool no_vectors;      /* the protocol can't embed texts */
} protocol;

static const protocol protocols[] = {
    {.provider = "anthropic", .no_schemas = true, .no_vectors = true},
    {.provider = "llama-server"},
    {.provider = "openai", .no_counts = true},
    {.provider = "openai-responses", .no_schemas = true, .hides_the_limit = true},
};

static beluga_chat_model *open_with(const protocol *p, const char *key)
{
    return open_real(p->provider, address_of_server("LLAMA"), key, "tiny",
                     (beluga_option){.type = 0});
}

static beluga_chat_model *open_model(const void *about)
{
    return open_with(about, getenv("BELUGA_LLAMA_KEY"));
}

static beluga_chat_model *open_with_wrong_key(const void *about)
{
    return open_with(about, "not-the-key");
}

/* Returns whether the token limit cut the answer. */
static bool is_cut(const protocol *p, const beluga_usage *usage, uint32_t reason)
{
    bool cut = reason == BELUGA_FINISH_LENGTH;
    assert_true(cut || reason == BELUGA_FINISH_STOP);
    assert_true(usage->input_total > 0);
    assert_true(usage->output_total <= NOISE_TOKENS);
    if (p->hides_the_limit) return usage->output_total == NOISE_TOKENS;
    if (cut) assert_int_equal(usage->output_total, NOISE_TOKENS);
    return cut;
}

static bool response_is_cut(const talk *t)
{
    return is_cut(t->about, beluga_response_usage(t->response),
                  beluga_response_finish_reason(t->response));
}

/* Make a call whose answer is noise. The answer must be complete, unless the token limit cut it. */
static void ask_for_noise(talk *t)
{
    ask(t, "Say hello", beluga_with_max_tokens(NOISE_TOKENS));
    assert_int_equal(beluga_response_is_complete(t->response),
                     beluga_response_finish_reason(t->response) != BELUGA_FINISH_LENGTH);
}

static void an_answer_comes_whole(talk *t)
{
    bool cut = false;
    for (int i = 0; i < TRIES && !cut; i++) {
        size_t length;
        ask_for_noise(t);
        assert_string_equal(beluga_response_model(t->response), "tiny");
        assert_true(*beluga_response_id(t->response));
        cut = response_is_cut(t);
        beluga_response_text(t->response, &length);
        if (cut) assert_true(length > 0);
    }
    assert_true(cut);
}

static void an_answer_comes_in_pieces(talk *t)
{
    bool cut = false;
    say_human(t, "Say hello");
    for (int i = 0; i < TRIES && !cut; i++) {
        begin_stream_on(t, NULL, beluga_with_max_tokens(NOISE_TOKENS));
        hear_all(t);
        assert_int_equal(t->heard.finishes, 1);
        cut = is_cut(t->about, &t->heard.usage, t->heard.reason);
        if (cut) assert_true(t->heard.texts > 1);
    }
    assert_true(cut);
}

/* ---- tools ----------------------------------------------------------------------------------- */

static const char weather[] =
    "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},"
    "\"required\":[\"city\"],\"additionalProperties\":false}";

static void assert_city(const beluga_tool_call *call)
{
    beluga_json_doc *doc = NULL;
    assert_non_null(call);
    assert_string_equal(call->name, "get_weather");
    assert_true(*call->id);
    assert_int_equal(beluga_json_parse(call->arguments, call->length, &doc, NULL), 0);
    assert_non_null(beluga_json_get_string(beluga_json_doc_root(doc), "city", NULL));
    beluga_json_doc_free(doc);
}

static void a_required_tool_is_called_and_its_result_goes_back(talk *t)
{
    bind_weather(t, weather);
    beluga_messages_add(t->messages, beluga_system_message("Be brief."));
    say_human(t, "How is the weather?");
    ask_on(t, beluga_with_tool_choice("required"), beluga_with_max_tokens(MANY_TOKENS));
    assert_int_equal(beluga_response_finish_reason(t->response), BELUGA_FINISH_TOOL_CALLS);
    assert_city(beluga_response_tool_call(t->response, 0));
    say_result(t, "21 degrees");
    ask_on(t, beluga_with_tool_choice("none"), beluga_with_max_tokens(NOISE_TOKENS));
    response_is_cut(t);
}

static void a_tool_call_comes_in_pieces(talk *t)
{
    bind_weather(t, weather);
    say_human(t, "How is the weather?");
    begin_stream_on(t, NULL, beluga_with_tool_choice("required"),
                    beluga_with_max_tokens(MANY_TOKENS));
    hear_all(t);
    assert_int_equal(t->heard.begins, 1);
    assert_int_equal(t->heard.ends, 1);
    assert_int_equal(t->heard.finishes, 1);
    assert_int_equal(t->heard.reason, BELUGA_FINISH_TOOL_CALLS);
    assert_true(t->heard.pieces > 1);
}

/* ---- schemas --------------------------------------------------------------------------------- */

static void a_schema_makes_noise_into_fitting_json(talk *t)
{
    static const char schema[] =
        "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},"
        "\"ok\":{\"type\":\"boolean\"}},\"required\":[\"name\",\"ok\"],"
        "\"additionalProperties\":false}";
    const protocol *p = t->about;
    beluga_json_doc *doc = NULL;
    size_t length = 0;
    if (p->no_schemas) {
        print_message("# llama.cpp looks for no schema where %s has it\n", p->provider);
        skip();
    }
    ask(t, "Describe it", beluga_with_response_schema(schema), beluga_with_max_tokens(MANY_TOKENS));
    const char *text = beluga_response_text(t->response, &length);
    expect_ok(beluga_json_parse(text, length, &doc, &t->err), &t->err);
    assert_non_null(beluga_json_get_string(beluga_json_doc_root(doc), "name", NULL));
    const beluga_json *ok = beluga_json_get(beluga_json_doc_root(doc), "ok");
    /* The value must be true or false: for anything else each of these calls would return its own
     * default. */
    assert_int_equal(beluga_json_bool(ok, true), beluga_json_bool(ok, false));
    beluga_json_doc_free(doc);
}

/* ---- cancelling ------------------------------------------------------------------------------ */

/* Cancel a stream at its first text. With temperature 0 the noise never ends by itself; llama.cpp's
 * option ignore_eos would do the same, but has no effect in Anthropic's protocol. Returns false if
 * the answer was already complete. */
static bool cancel_at_the_first_text(talk *t)
{
    beluga_context *context = beluga_context_new_cancellable(NULL);
    const beluga_event *event = NULL;
    int status;
    begin_stream_on(t, context, beluga_with_max_tokens(MANY_TOKENS), beluga_with_temperature(0));
    do {
        status = beluga_stream_next(t->stream, &event, &t->err);
        if (event && event->kind == BELUGA_EVENT_TEXT) beluga_context_cancel(context);
    } while (!status && event);
    beluga_stream_free(t->stream);
    t->stream = NULL;
    beluga_context_unref(context);
    if (status) assert_int_equal(status, BELUGA_ERROR_CONTEXT_CANCELED);
    return status;
}

/* The server has two slots. If a cancelled stream kept its slot, the last calls would get none. */
static void cancelled_streams_leave_the_server_free(talk *t)
{
    enum { WANTED = 3 }; /* one more than the server has slots */
    int cancelled = 0;
    say_human(t, "Say hello");
    for (int i = 0; i < TRIES && cancelled < WANTED; i++) cancelled += cancel_at_the_first_text(t);
    assert_int_equal(cancelled, WANTED);
    ask_for_noise(t);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void a_refused_key_is_an_authentication_error(talk *t)
{
    assert_int_equal(try_to_ask(t, "Say hello", NULL), BELUGA_ERROR_AUTHENTICATION);
    assert_int_equal(t->err.http_status, 401);
    assert_string_equal(t->err.provider_code, "authentication_error");
    assert_null(t->response);
}

static void input_past_the_context_is_context_length(talk *t)
{
    ask_past_the_context(t);
}

static void its_model_is_listed(talk *t)
{
    list_models(t);
    assert_int_equal(t->n_names, 1);
    assert_string_equal(t->names[0], "tiny");
}

/* ---- vectors and counts of tokens ------------------------------------------------------------ */

static void a_count_is_what_an_answer_then_uses(talk *t)
{
    const protocol *p = t->about;
    beluga_token_count count;
    say_human(t, "How many tokens are these?");
    int status = beluga_count_tokens(t->model, NULL, t->messages, &count, &t->err);
    if (p->no_counts) {
        assert_int_equal(status, BELUGA_ERROR_NOT_SUPPORTED);
        return;
    }
    expect_ok(status, &t->err);
    assert_string_equal(count.left_out, "");
    ask_on(t, beluga_with_max_tokens(NOISE_TOKENS));
    assert_int_equal(count.tokens, beluga_response_usage(t->response)->input_total);
}

static void texts_are_embedded_one_by_one_as_together(talk *t)
{
    static const char *const texts[] = {"A whale is a mammal.", "Ein Wal – kein Fisch.", "x"};
    const protocol *p = t->about;
    beluga_embeddings *together, *apart;
    int status = beluga_embed(t->model, NULL, texts, NULL, 3, &together, &t->err);
    if (p->no_vectors) {
        assert_int_equal(status, BELUGA_ERROR_NOT_SUPPORTED);
        return;
    }
    expect_ok(status, &t->err);
    expect_ok(
        beluga_embed(t->model, NULL, texts, NULL, 3, &apart, &t->err, beluga_with_max_inputs(1)),
        &t->err);
    size_t n = beluga_embeddings_dimensions(together);
    assert_int_equal(n, 64); /* the tiny model has this many dimensions */
    assert_int_equal(beluga_embeddings_dimensions(apart), n);
    for (size_t i = 0; i < 3; i++)
        assert_true(beluga_similarity(beluga_embeddings_vector(together, i),
                                      beluga_embeddings_vector(apart, i), n) > 0.9999);
    assert_true(beluga_embeddings_usage(together)->input_total > 0);
    beluga_embeddings_free(together);
    beluga_embeddings_free(apart);
}

/* ---- each test with each protocol ------------------------------------------------------------ */

static const talk_row tests[] = {
    TALK_ROW(an_answer_comes_whole, open_model),
    TALK_ROW(an_answer_comes_in_pieces, open_model),
    TALK_ROW(a_required_tool_is_called_and_its_result_goes_back, open_model),
    TALK_ROW(a_tool_call_comes_in_pieces, open_model),
    TALK_ROW(a_schema_makes_noise_into_fitting_json, open_model),
    TALK_ROW(cancelled_streams_leave_the_server_free, open_model),
    TALK_ROW(a_refused_key_is_an_authentication_error, open_with_wrong_key),
    TALK_ROW(input_past_the_context_is_context_length, open_model),
    TALK_ROW(its_model_is_listed, open_model),
    TALK_ROW(a_count_is_what_an_answer_then_uses, open_model),
    TALK_ROW(texts_are_embedded_one_by_one_as_together, open_model),
};

int main(void)
{
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
        ADD_TALKS(protocols[i].provider, tests, &protocols[i]);
    return run_talks("llama.cpp");
}
