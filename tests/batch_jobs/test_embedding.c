/* Batch jobs that embed texts, with a variant of acme: a request is {"texts": […]}, and an answer
 * {"vectors": [{"at": INDEX, "is": […]}, …], "tokens": N}. */
#include "../support/put_texts.h"
#include "batch_scene.h"

#include <beluga/provider/provider.h>
#include <beluga/registry.h>

#include <stddef.h>
#include <stdio.h>

/* ---- the provider ---------------------------------------------------------------------------- */

enum { MAX_TEXTS = 3, MAX_TEXTS_OF_JOB = 4 };

static int encode_embed(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    int64_t size;
    (void)err;
    beluga_json_writer *w = beluga_http_request_json(request);
    beluga_http_request_set_path(request, "/embed");
    beluga_json_begin_object(w, NULL);
    put_texts(call, w);
    if (beluga_call_get_int(call, BELUGA_OPTION_DIMENSIONS, &size))
        beluga_json_put_int(w, "size", size);
    beluga_json_end_object(w);
    return 0;
}

static int decode_embed(const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    beluga_usage usage = BELUGA_USAGE_INIT;
    int status = beluga_emit_parse(emit, body, length, &root);
    const beluga_json *list = status ? NULL : beluga_json_get(root, "vectors");
    for (const beluga_json *v = beluga_json_first(list); v && !status;
         v = beluga_json_next(list, v))
        status = beluga_emit_embedding_json(emit, (uint32_t)beluga_json_get_int(v, "at", 0),
                                            beluga_json_get(v, "is"));
    if (status) return status;
    usage.input_total = beluga_json_get_int(root, "tokens", -1);
    return beluga_emit_usage(emit, &usage);
}

/* What the requests of the last job asked for. */
static int kind_of_job = -1;

static int encode_create(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    kind_of_job = (int)beluga_call_batch_kind(call);
    return acme_provider()->batch->encode_create(call, request, err);
}

static int put_request(const beluga_batch_request *request, beluga_json_writer *w,
                       beluga_error *err)
{
    assert_int_equal(beluga_call_batch_kind(request->call), beluga_call_kind(request->call));
    return acme_provider()->batch->put_request(request, w, err);
}

static int decode_result(void *state, const char *line, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    size_t n;
    int status = beluga_emit_parse(emit, line, length, &root);
    const beluga_json *body = status ? NULL : beluga_json_get(root, "body");
    if (!beluga_json_get(body, "vectors"))
        return acme_provider()->batch->decode_result(state, line, length, emit);
    const char *text = beluga_emit_json_text(emit, body, &n);
    return beluga_emit_batch_embedding(emit, beluga_json_get_string(root, "id", NULL), text, n);
}

static const beluga_provider *embedding_provider(void)
{
    static beluga_batch_api api;
    static beluga_provider provider;
    api = *acme_provider()->batch;
    api.max_requests = 0;
    api.put_request = put_request;
    api.encode_create = encode_create;
    api.decode_result = decode_result;
    api.max_inputs = MAX_TEXTS_OF_JOB;
    provider = *acme_provider();
    provider.name = "acme-embeds";
    provider.encode_embed = encode_embed;
    provider.decode_embed = decode_embed;
    provider.max_inputs = MAX_TEXTS;
    provider.batch = &api;
    return &provider;
}

static void open_provider(scene *s, const beluga_provider *provider)
{
    beluga_chat_model *model = NULL;
    SCOPED(beluga_config) *config = beluga_config_new(beluga_with_base_url(peer_url(s->peer)),
                                                      beluga_with_timeout_ms(PATIENCE_MS));
    beluga_registry *registry = beluga_registry_default();
    beluga_registry_register(registry, provider, NULL);
    if (beluga_registry_open(registry, provider->name, config, &model, &s->err))
        fail_msg("open: %s", s->err.message);
    use_model(s, model);
}

static int set_embedding(void **state)
{
    int status = set_scene(state);
    if (!status) open_provider(*state, embedding_provider());
    return status;
}

#define EMBEDS(test) SCENE_WITH(test, set_embedding, strike_scene)

static const char *const texts[] = {"one", "two", "three", "four", "five"};

static int add(scene *s, beluga_batch_requests *requests, size_t n)
{
    return beluga_batch_requests_add_embedding(requests, "r", texts, NULL, n, &s->err);
}

static void expect_words(scene *s, const char *words)
{
    if (!strstr(s->err.message, words)) fail_msg("%s", s->err.message);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void a_request_is_that_of_the_provider(scene *s)
{
    static const size_t lengths[] = {3, 2};
    beluga_batch_requests *requests = make_requests(s, 0);
    assert_int_equal(beluga_batch_requests_add_embedding(requests, "r", texts, lengths, 2, &s->err,
                                                         beluga_with_dimensions(7)),
                     0);
    script(s->peer, JSON("{\"file\":\"f\"}"));
    script(s->peer, JSON("{\"id\":\"j\"}"));
    assert_int_equal(beluga_batch_job_create(s->model, NULL, requests, NULL, NULL, &s->err), 0);
    assert_string_equal(peer_request_body(s->peer, 0, NULL),
                        "{\"id\":\"r\",\"path\":\"/embed\",\"body\":{\"texts\":[\"one\",\"tw\"],"
                        "\"size\":7}}\n");
    assert_int_equal(kind_of_job, BELUGA_CALL_EMBED);
    beluga_batch_requests_free(requests);
}

static void a_job_embeds_only_so_many_texts(scene *s)
{
    beluga_batch_limits limits = {.size = sizeof limits};
    assert_int_equal(beluga_batch_limits_get(s->model, &limits, &s->err), 0);
    assert_int_equal(limits.max_inputs, MAX_TEXTS_OF_JOB);
    beluga_batch_requests *requests = make_requests(s, 0);
    assert_int_equal(add(s, requests, 3), 0);
    uint64_t bytes = beluga_batch_requests_bytes(requests);
    assert_int_equal(add(s, requests, 2), BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_int_equal(beluga_batch_requests_bytes(requests), bytes);
    assert_int_equal(add(s, requests, 1), 0);
    assert_int_equal(add(s, requests, 1), BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_int_equal(beluga_batch_requests_count(requests), 2);
    beluga_batch_requests_free(requests);
}

static void a_request_has_as_many_texts_as_one_that_is_sent_alone(scene *s)
{
    beluga_batch_requests *requests = make_requests(s, 0);
    assert_int_equal(add(s, requests, MAX_TEXTS + 1), BELUGA_ERROR_INVALID_INPUT);
    expect_words(s, "accepts only 3 in one request");
    assert_int_equal(beluga_batch_requests_count(requests), 0);
    beluga_batch_requests_free(requests);
}

static void texts_are_checked(scene *s)
{
    static const char *const bad[] = {"", "\xff", NULL};
    beluga_batch_requests *requests = make_requests(s, 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(
            beluga_batch_requests_add_embedding(requests, "r", &bad[i], NULL, 1, &s->err),
            BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(add(s, requests, 0), BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(beluga_batch_requests_add_embedding(requests, "a b", texts, NULL, 1, &s->err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(beluga_batch_requests_count(requests), 0);
    beluga_batch_requests_free(requests);
}

static void a_job_is_of_one_kind(scene *s)
{
    beluga_batch_requests *answers = make_requests(s, 1), *vectors = make_requests(s, 0);
    assert_int_equal(add(s, answers, 1), BELUGA_ERROR_NOT_SUPPORTED);
    expect_words(s, "either answers messages or embeds texts");
    assert_int_equal(add(s, vectors, 1), 0);
    assert_int_equal(
        beluga_batch_requests_add(vectors, NULL, "m", beluga_input_text("Hi"), &s->err),
        BELUGA_ERROR_NOT_SUPPORTED);
    assert_int_equal(beluga_batch_requests_count(answers), 1);
    assert_int_equal(beluga_batch_requests_count(vectors), 1);
    beluga_batch_requests_free(answers);
    beluga_batch_requests_free(vectors);
}

static void expect_no_embedding(scene *s)
{
    beluga_batch_limits limits = {.size = sizeof limits};
    beluga_batch_requests *requests = make_requests(s, 0);
    assert_int_equal(beluga_batch_limits_get(s->model, &limits, &s->err), 0);
    assert_int_equal(limits.max_inputs, 0);
    assert_int_equal(add(s, requests, 1), BELUGA_ERROR_NOT_SUPPORTED);
    expect_words(s, "can't embed texts in a batch job");
    beluga_batch_requests_free(requests);
}

/* The table of a plug-in that was built before jobs could embed texts ends before `max_inputs`. */
static void jobs_of_an_older_provider_embed_nothing(scene *s)
{
    static beluga_batch_api older;
    static beluga_provider with_older;
    older = *embedding_provider()->batch;
    older.size = offsetof(beluga_batch_api, max_inputs);
    with_older = *embedding_provider();
    with_older.name = "acme-embeds-older";
    with_older.batch = &older;
    open_provider(s, &with_older);
    expect_no_embedding(s);
    open_acme(s, BELUGA_OPTIONS_END);
    expect_no_embedding(s);
}

static void an_older_program_gets_the_limits_that_it_knows(scene *s)
{
    beluga_batch_limits limits = {.size = offsetof(beluga_batch_limits, max_inputs),
                                  .max_inputs = 99};
    assert_int_equal(beluga_batch_limits_get(s->model, &limits, &s->err), 0);
    assert_true(limits.keeps_names);
    assert_int_equal(limits.max_inputs, 99);
}

/* ---- results --------------------------------------------------------------------------------- */

static int note_vectors(void *payload, const char *id, beluga_batch_result *result)
{
    results *r = payload;
    const beluga_embeddings *e =
        result->response ? beluga_response_embeddings(result->response) : NULL;
    if (!e) return note_result(payload, id, result);
    size_t n = beluga_embeddings_dimensions(e);
    size_t at = strlen(r->line);
    at += (size_t)snprintf(r->line + at, sizeof r->line - at, "%s=", id);
    for (size_t i = 0; i < beluga_embeddings_count(e); i++)
        for (size_t k = 0; k < n; k++)
            at += (size_t)snprintf(r->line + at, sizeof r->line - at, "%s%g", k ? "," : "<",
                                   (double)beluga_embeddings_vector(e, i)[k]);
    snprintf(r->line + at, sizeof r->line - at, "> %lld tokens ",
             (long long)beluga_embeddings_usage(e)->input_total);
    return 0;
}

#define RESULT(id, body) "{\"id\":\"" id "\",\"body\":" body "}\n"

static void expect_vectors(scene *s, const char *lines, const char *expected)
{
    results r = {.n = 0};
    script_results(s->peer, lines);
    if (beluga_batch_job_results(s->model, NULL, "j", note_vectors, &r, &s->err))
        fail_msg("%s", s->err.message);
    assert_string_equal(r.line, expected);
}

static void vectors_come_in_the_order_of_their_texts(scene *s)
{
    expect_vectors(s,
                   RESULT("a", "{\"vectors\":[{\"at\":2,\"is\":[5,6]},{\"at\":0,\"is\":[1,2]},"
                               "{\"at\":1,\"is\":[3,4]}],\"tokens\":9}")
                       RESULT("b", "{\"vectors\":[{\"at\":0,\"is\":[7]}]}"),
                   "a=<1,2<3,4<5,6> 9 tokens b=<7> -1 tokens ");
}

static void a_result_without_its_vectors_fails_alone(scene *s)
{
    expect_vectors(
        s,
        RESULT("hole", "{\"vectors\":[{\"at\":0,\"is\":[1]},{\"at\":2,\"is\":[1]}]}")
            RESULT("none", "{\"vectors\":[]}")
                RESULT("twice", "{\"vectors\":[{\"at\":0,\"is\":[1]},{\"at\":0,\"is\":[1]}]}")
                    RESULT("many", "{\"vectors\":[{\"at\":3,\"is\":[1]}]}")
                        RESULT("uneven", "{\"vectors\":[{\"is\":[1]},{\"at\":1,\"is\":[1,2]}]}")
                            RESULT("words", "{\"vectors\":[{\"at\":0,\"is\":[\"a\"]}]}")
                                RESULT("good", "{\"vectors\":[{\"at\":0,\"is\":[1]}]}"),
        "hole=!invalid_response none=!invalid_response twice=!invalid_response "
        "many=!invalid_response uneven=!invalid_response words=!malformed_response "
        "good=<1> -1 tokens ");
}

static void answers_and_refusals_may_be_among_them(scene *s)
{
    expect_vectors(
        s,
        RESULT("a", "{\"a\":\"text\"}") "{\"id\":\"b\",\"status\":400,\"body\":{}}\n" RESULT(
            "c", "{\"vectors\":[{\"at\":0,\"is\":[1]}],\"tokens\":2}"),
        "a=[text] b=!invalid_request c=<1> 2 tokens ");
}

static int keep(void *payload, const char *id, beluga_batch_result *result)
{
    (void)id;
    *(beluga_response **)payload = result->response;
    result->response = NULL;
    return 0;
}

static void vectors_may_be_kept(scene *s)
{
    SCOPED(beluga_response) *kept = NULL;
    script_results(s->peer, RESULT("a", "{\"vectors\":[{\"at\":0,\"is\":[0.5]}],\"tokens\":3}"));
    assert_int_equal(beluga_batch_job_results(s->model, NULL, "j", keep, &kept, &s->err), 0);
    RELEASE(beluga_chat_model_unref, s->model);
    const beluga_embeddings *e = beluga_response_embeddings(kept);
    assert_int_equal(beluga_embeddings_count(e), 1);
    assert_true(beluga_embeddings_vector(e, 0)[0] == 0.5f);
    assert_string_equal(beluga_embeddings_model(e), "acme-1");
    assert_string_equal(beluga_embeddings_provider(e), "acme-embeds");
    assert_int_equal(beluga_response_usage(kept)->input_total, 3);
    assert_string_equal(beluga_response_text(kept, NULL), "");
    assert_true(beluga_response_is_complete(kept));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EMBEDS(a_request_is_that_of_the_provider),
        EMBEDS(a_job_embeds_only_so_many_texts),
        EMBEDS(a_request_has_as_many_texts_as_one_that_is_sent_alone),
        EMBEDS(texts_are_checked),
        EMBEDS(a_job_is_of_one_kind),
        EMBEDS(jobs_of_an_older_provider_embed_nothing),
        EMBEDS(an_older_program_gets_the_limits_that_it_knows),
        EMBEDS(vectors_come_in_the_order_of_their_texts),
        EMBEDS(a_result_without_its_vectors_fails_alone),
        EMBEDS(answers_and_refusals_may_be_among_them),
        EMBEDS(vectors_may_be_kept),
    };
    return cmocka_run_group_tests_name("batch jobs that embed texts", tests, NULL, NULL);
}
