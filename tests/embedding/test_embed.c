/* Embeddings of texts: answers in every form, lists that are split into several requests, calls on
 * a loop, and faults. */
#include "../support/parts.h"
#include "../support/scoped.h"
#include "vectors.h"

#include <math.h>
#include <stdio.h>

/* --- answers ---------------------------------------------------------------------------------- */

static void vectors_come_in_the_order_of_the_texts(scene *s)
{
    beluga_embeddings *e;
    script(s->peer, JSON("{\"object\":\"list\",\"data\":["
                         "{\"object\":\"embedding\",\"index\":2,\"embedding\":[5,6]},"
                         "{\"object\":\"embedding\",\"index\":0,\"embedding\":[1,2]},"
                         "{\"object\":\"embedding\",\"index\":1,\"embedding\":[3,-4.5e0]}],"
                         "\"model\":\"answered\",\"usage\":{\"prompt_tokens\":7,"
                         "\"total_tokens\":7}}"));
    assert_int_equal(embed_three(s, &e), 0);
    assert_int_equal(beluga_embeddings_count(e), 3);
    assert_int_equal(beluga_embeddings_dimensions(e), 2);
    assert_vector(e, 0, 1, 2);
    assert_vector(e, 1, 3, -4.5f);
    assert_vector(e, 2, 5, 6);
    assert_null(beluga_embeddings_vector(e, 3));
    assert_ptr_equal(beluga_embeddings_vector(e, 1), beluga_embeddings_vector(e, 0) + 2);
    assert_string_equal(beluga_embeddings_model(e), "answered");
    assert_string_equal(beluga_embeddings_provider(e), "openai");
    assert_int_equal(beluga_embeddings_usage(e)->input_total, 7);
    assert_null(beluga_embeddings_warning(e, 0));
    beluga_embeddings_free(e);
    assert_string_equal(peer_request_path(s->peer, 0), "/v1/embeddings");
    assert_string_equal(peer_request_body(s->peer, 0, NULL),
                        "{\"model\":\"peer-chat\",\"input\":[\"a whale\",\"a dolphin\","
                        "\"a bicycle\"],\"encoding_format\":\"base64\"}");
}

static void base64_is_read_as_little_endian_floats(scene *s)
{
    beluga_embeddings *e;
    /* The vectors are (1.0, -2.0), (0.5, 0.0), and the smallest and the largest normal number. */
    script(s->peer, JSON("{\"data\":[{\"index\":0,\"embedding\":\"AACAPwAAAMA=\"},"
                         "{\"index\":1,\"embedding\":\"AAAAPwAAAAA=\"},"
                         "{\"index\":2,\"embedding\":\"AACAAP//f38=\"}]}"));
    assert_int_equal(embed_three(s, &e), 0);
    assert_vector(e, 0, 1, -2);
    assert_vector(e, 1, 0.5f, 0);
    assert_vector(e, 2, 0x1p-126f, 0x1.fffffep127f);
    assert_int_equal(beluga_embeddings_usage(e)->input_total, -1);
    assert_string_equal(beluga_embeddings_model(e), "peer-chat");
    beluga_embeddings_free(e);
}

static void without_an_index_the_order_counts(scene *s)
{
    beluga_embeddings *e;
    script(s->peer, JSON("{\"data\":[{\"embedding\":[1,2]},{\"embedding\":[3,4]},"
                         "{\"embedding\":[5,6]}]}"));
    assert_int_equal(embed_three(s, &e), 0);
    assert_vector(e, 2, 5, 6);
    beluga_embeddings_free(e);
}

/* ---- wrong answers --------------------------------------------------------------------------- */

#define VECTOR(index, numbers) "{\"index\":" #index ",\"embedding\":[" numbers "]}"

static void an_answer_that_lacks_a_vector_says_which(scene *s)
{
    expect_refusal(s, "{\"data\":[" VECTOR(0, "1,2") "," VECTOR(2, "1,2") "]}",
                   BELUGA_ERROR_INVALID_RESPONSE,
                   "the answer has no vector for input 1: only 2 of 3 came");
    expect_refusal(s, "{\"data\":[]}", BELUGA_ERROR_INVALID_RESPONSE,
                   "the answer has no vector for input 0: only 0 of 3 came");
}

static void a_second_vector_for_a_text_says_which(scene *s)
{
    expect_refusal(s, "{\"data\":[" VECTOR(1, "1,2") "," VECTOR(1, "1,2") "]}",
                   BELUGA_ERROR_INVALID_RESPONSE, "the answer has two vectors for input 1");
}

static void a_vector_for_no_text_says_which(scene *s)
{
    expect_refusal(s, "{\"data\":[" VECTOR(3, "1,2") "]}", BELUGA_ERROR_INVALID_RESPONSE,
                   "the answer has a vector for input 3, but only 3 inputs were sent");
    expect_refusal(s, "{\"data\":[" VECTOR(-1, "1,2") "]}", BELUGA_ERROR_INVALID_RESPONSE,
                   "the answer has a vector for input -1");
}

#define INDEXED(index) "{\"data\":[" VECTOR(0, "1,2") ",{\"index\":" index ",\"embedding\":[1,2]}]}"

static void an_index_that_is_no_whole_number_is_refused(scene *s)
{
    static const char *const indexes[] = {"\"1\"", "1.5", "true", "[1]", "{}"};
    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
        char body[128];
        snprintf(body, sizeof body, INDEXED("%s"), indexes[i]);
        expect_refusal(s, body, BELUGA_ERROR_INVALID_RESPONSE,
                       "the index of vector 1 is not a whole number");
    }
    expect_refusal(s, INDEXED("4294967296"), BELUGA_ERROR_INVALID_RESPONSE,
                   "the answer has a vector for input 4294967296");
}

static void an_index_that_is_null_is_none(scene *s)
{
    beluga_embeddings *e;
    script(s->peer, JSON("{\"data\":[{\"index\":null,\"embedding\":[1,2]},"
                         "{\"index\":1.0,\"embedding\":[3,4]},{\"embedding\":[5,6]}]}"));
    assert_int_equal(embed_three(s, &e), 0);
    assert_vector(e, 1, 3, 4);
    beluga_embeddings_free(e);
}

static void vectors_of_different_lengths_are_refused(scene *s)
{
    expect_refusal(s, "{\"data\":[" VECTOR(0, "1,2") "," VECTOR(1, "1,2,3") "]}",
                   BELUGA_ERROR_INVALID_RESPONSE,
                   "the vector of input 1 has 3 numbers, but those before have 2");
    expect_refusal(s, "{\"data\":[" VECTOR(0, "") "]}", BELUGA_ERROR_INVALID_RESPONSE,
                   "the vector of input 0 has 0 numbers (expected 1 to 65536)");
}

static void numbers_that_are_none_are_refused(scene *s)
{
    expect_refusal(s, "{\"data\":[" VECTOR(0, "1,1e39") "]}", BELUGA_ERROR_INVALID_RESPONSE,
                   "the vector of input 0 has a number that is not finite");
    expect_refusal(s, "{\"data\":[{\"index\":0,\"embedding\":\"AADAfwAAAAA=\"}]}",
                   BELUGA_ERROR_INVALID_RESPONSE,
                   "the vector of input 0 has a number that is not finite");
    expect_refusal(s, "{\"data\":[" VECTOR(0, "1,null") "]}", BELUGA_ERROR_MALFORMED_RESPONSE,
                   "item 1 of the vector of input 0 is not a number");
    expect_refusal(s, "{\"data\":[" VECTOR(0, "1,NaN") "]}", BELUGA_ERROR_INVALID_RESPONSE,
                   "the vector of input 0 has a number that is not finite");
    expect_refusal(s, "{\"data\":[{\"index\":0,\"embedding\":\"AAAA\"}]}",
                   BELUGA_ERROR_MALFORMED_RESPONSE,
                   "the vector of input 0 has 3 bytes: not a number of floats");
    expect_refusal(s, "{\"data\":[{\"index\":0,\"embedding\":\"!\"}]}",
                   BELUGA_ERROR_MALFORMED_RESPONSE, "the vector of input 0 is not base64");
    expect_refusal(s, "{\"data\":[{\"index\":0}]}", BELUGA_ERROR_MALFORMED_RESPONSE,
                   "the vector of input 0 is neither an array of numbers nor base64");
}

static void an_answer_that_is_no_list_of_vectors_is_an_error(scene *s)
{
    beluga_embeddings *e;
    expect_refusal(s, "{\"answer\":42}", BELUGA_ERROR_INVALID_RESPONSE,
                   "the answer is JSON, but not a list of vectors");
    script(s->peer, FAILS(404, NULL));
    assert_int_equal(embed_three(s, &e), BELUGA_ERROR_NOT_FOUND);
    assert_null(e);
}

/* ---- texts and options ----------------------------------------------------------------------- */

static void expect_bad_input(scene *s, const char *const *texts, size_t n, int code,
                             const char *message)
{
    beluga_embeddings *e;
    assert_int_equal(beluga_embed(s->model, NULL, texts, NULL, n, &e, &s->err), code);
    assert_string_equal(s->err.message, message);
    assert_null(e);
    assert_int_equal(peer_requests(s->peer), 0);
}

static void bad_texts_are_refused_before_anything_is_sent(scene *s)
{
    expect_bad_input(s, three, 0, BELUGA_ERROR_INVALID_INPUT, "no texts provided");
    expect_bad_input(s, (const char *const[]){"a", ""}, 2, BELUGA_ERROR_INVALID_INPUT,
                     "text 1 is empty, and has no vector: leave it out");
    expect_bad_input(s, (const char *const[]){"a", NULL}, 2, BELUGA_ERROR_INVALID_INPUT,
                     "text 1 is NULL");
    expect_bad_input(s, (const char *const[]){"ab\xff"}, 1, BELUGA_ERROR_INVALID_INPUT,
                     "text 0: invalid UTF-8 at byte 2");
    expect_bad_input(
        s, three, 1000001, BELUGA_ERROR_LIMIT_EXCEEDED,
        "there are 1000001 texts, but one call takes at most 1000000: use several calls");
}

static void a_text_with_a_length_may_hold_nul(scene *s)
{
    beluga_embeddings *e;
    script(s->peer, JSON("{\"data\":[{\"index\":0,\"embedding\":[1,2]}]}"));
    const char *const text = "a\0bc";
    assert_int_equal(beluga_embed(s->model, NULL, &text, (const size_t[]){3}, 1, &e, &s->err), 0);
    beluga_embeddings_free(e);
    assert_non_null(strstr(peer_request_body(s->peer, 0, NULL), "\"input\":[\"a\\u0000b\"]"));
}

static void options_stand_in_the_request(scene *s)
{
    beluga_embeddings *e;
    script(s->peer, JSON("{\"data\":[{\"index\":0,\"embedding\":[1,2]}]}"));
    assert_int_equal(beluga_embed(s->model, NULL, three, NULL, 1, &e, &s->err,
                                  beluga_with_dimensions(2), beluga_with_user("u"),
                                  beluga_with_model_name("other"),
                                  beluga_with_input_type(BELUGA_INPUT_TYPE_QUERY),
                                  beluga_with_extra_body("{\"encoding_format\":null,\"x\":1}")),
                     0);
    assert_string_equal(beluga_embeddings_warning(e, 0),
                        "this input_type is not sent: openai has no such type");
    beluga_embeddings_free(e);
    assert_string_equal(peer_request_body(s->peer, 0, NULL),
                        "{\"model\":\"other\",\"input\":[\"a whale\"],\"dimensions\":2,"
                        "\"user\":\"u\",\"x\":1}");
}

static void a_provider_without_embeddings_says_so(scene *s)
{
    beluga_embeddings *e;
    needs_provider("groq");
    use_model(s, NULL);
    SCOPED(beluga_config) *config =
        beluga_config_new(beluga_with_base_url(peer_url(s->peer)), beluga_with_model_name("m"));
    assert_int_equal(
        beluga_registry_open(beluga_registry_default(), "groq", config, &s->model, &s->err), 0);
    assert_int_equal(embed_three(s, &e), BELUGA_ERROR_NOT_SUPPORTED);
    assert_string_equal(s->err.message, "this provider does not embed texts");
}

/* --- parts ------------------------------------------------------------------------------------ */

#define ONE(number)                                                                \
    JSON("{\"data\":[{\"index\":0,\"embedding\":[" number ",0]}],\"model\":\"m\"," \
         "\"usage\":{\"prompt_tokens\":" number "}}")

/* Embed the texts one by one, so that their requests arrive in order. */
static int embed_singly(scene *s, beluga_embeddings **out)
{
    return beluga_embed(s->model, s->ctx, three, NULL, 3, out, &s->err, beluga_with_max_inputs(1),
                        beluga_with_max_concurrent_batches(1));
}

static void texts_are_split_and_put_together(scene *s)
{
    beluga_embeddings *e;
    script(s->peer, ONE("1"));
    script(s->peer, ONE("2"));
    script(s->peer, ONE("3"));
    assert_int_equal(embed_singly(s, &e), 0);
    for (size_t i = 0; i < 3; i++) assert_vector(e, i, (float)(i + 1), 0);
    assert_int_equal(beluga_embeddings_usage(e)->input_total, 6);
    beluga_embeddings_free(e);
    assert_int_equal(peer_requests(s->peer), 3);
}

static void a_part_is_retried_alone(scene *s)
{
    beluga_embeddings *e;
    open_with(s, beluga_with_max_retries(1), beluga_with_retry_delay_ms(100));
    script(s->peer, ONE("1"));
    script(s->peer, FAILS(503, "Retry-After: 0\r\n"));
    script(s->peer, ONE("2"));
    script(s->peer, ONE("3"));
    assert_int_equal(embed_singly(s, &e), 0);
    for (size_t i = 0; i < 3; i++) assert_vector(e, i, (float)(i + 1), 0);
    beluga_embeddings_free(e);
    assert_int_equal(peer_requests(s->peer), 4);
}

static void a_part_that_fails_ends_the_others_and_is_named(scene *s)
{
    beluga_embeddings *e;
    script(s->peer, ONE("1"));
    script(s->peer, FAILS(400, NULL));
    assert_int_equal(embed_singly(s, &e), BELUGA_ERROR_INVALID_REQUEST);
    assert_null(e);
    assert_int_equal(strncmp(s->err.message, "texts 1 to 1: ", 14), 0);
    assert_int_equal(peer_requests(s->peer), 2);
}

static void parts_with_other_dimensions_are_refused(scene *s)
{
    beluga_embeddings *e;
    script(s->peer, ONE("1"));
    script(s->peer, JSON("{\"data\":[{\"index\":0,\"embedding\":[1,2,3]}]}"));
    assert_int_equal(embed_singly(s, &e), BELUGA_ERROR_INVALID_RESPONSE);
    assert_string_equal(s->err.message,
                        "texts 1 to 1: the vector of text 1 has 3 numbers, but others have 2");
}

static void parts_run_at_once(scene *s)
{
    enum { PARTS = 40 };
    const char *texts[PARTS];
    beluga_embeddings *e;
    for (size_t i = 0; i < PARTS; i++) texts[i] = "x";
    script(s->peer, REPEATS(PARTS), JSON("{\"data\":[{\"index\":0,\"embedding\":[1,2]}]}"));
    assert_int_equal(beluga_embed(s->model, NULL, texts, NULL, PARTS, &e, &s->err,
                                  beluga_with_max_inputs(1), beluga_with_max_concurrent_batches(8)),
                     0);
    for (size_t i = 0; i < PARTS; i++) assert_vector(e, i, 1, 2);
    beluga_embeddings_free(e);
    assert_int_equal(peer_requests(s->peer), PARTS);
    assert_true(peer_connections(s->peer) > 1);
}

/* Texts are split because OpenAI accepts at most 300,000 tokens in one request. */
static void long_texts_are_split_by_their_length(scene *s)
{
    enum { BYTES = 250000 };
    char *text = malloc(BYTES + 1);
    beluga_embeddings *e;
    assert_non_null(text);
    memset(text, 'x', BYTES);
    text[BYTES] = '\0';
    const char *const texts[] = {text, text, text};
    script(s->peer, JSON("{\"data\":[" VECTOR(0, "1,1") "," VECTOR(1, "2,2") "]}"));
    script(s->peer, JSON("{\"data\":[" VECTOR(0, "3,3") "]}"));
    assert_int_equal(beluga_embed(s->model, NULL, texts, NULL, 3, &e, &s->err,
                                  beluga_with_max_concurrent_batches(1)),
                     0);
    assert_vector(e, 1, 2, 2);
    assert_vector(e, 2, 3, 3);
    beluga_embeddings_free(e);
    free(text);
}

/* --- ends ------------------------------------------------------------------------------------- */

static void a_deadline_ends_the_wait(scene *s)
{
    beluga_embeddings *e;
    s->ctx = beluga_context_new_timeout(NULL, 50);
    script(s->peer, HANGS);
    assert_int_equal(embed_three(s, &e), BELUGA_ERROR_CONTEXT_TIMEOUT);
    assert_null(e);
}

typedef struct ending {
    beluga_embeddings *embeddings;
    beluga_error error;
    int ends;
} ending;

static void on_end(void *payload, beluga_embeddings *embeddings, const beluga_error *error)
{
    ending *end = payload;
    end->embeddings = embeddings;
    end->ends++;
    if (error) end->error = *error;
}

static void on_a_loop_the_end_calls_back(scene *s)
{
    ending end = {.ends = 0};
    char text[] = "gone";
    const char *const texts[] = {text};
    script(s->peer, JSON("{\"data\":[{\"index\":0,\"embedding\":[1,2]}]}"));
    assert_int_equal(
        beluga_embed_start(s->model, s->loop, NULL, texts, NULL, 1, on_end, &end, NULL, &s->err),
        0);
    text[0] = 'X';
    while (!end.ends) poll_and_step(s->loop);
    assert_int_equal(end.ends, 1);
    assert_int_equal(end.error.code, 0);
    assert_vector(end.embeddings, 0, 1, 2);
    beluga_embeddings_free(end.embeddings);
    assert_non_null(strstr(peer_request_body(s->peer, 0, NULL), "\"gone\""));
}

static void a_job_is_cancelled_once(scene *s)
{
    ending end = {.ends = 0};
    beluga_job *job;
    script(s->peer, REPEATS(PEER_FOR_EVER), HANGS);
    assert_int_equal(beluga_embed_start(s->model, s->loop, NULL, three, NULL, 3, on_end, &end, &job,
                                        &s->err, beluga_with_max_inputs(1)),
                     0);
    beluga_job_cancel(job);
    beluga_job_cancel(job);
    assert_int_equal(end.ends, 0);
    while (!end.ends) poll_and_step(s->loop);
    step_until_quiet(s->loop);
    assert_int_equal(end.ends, 1);
    assert_int_equal(end.error.code, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_null(end.embeddings);
    beluga_job_cancel(job);
    beluga_job_free(job);
    beluga_job_cancel(NULL);
    beluga_job_free(NULL);
}

/* Embed these texts one by one while another call has the only place, and return how many calls can
 * be given up. */
static size_t give_up(scene *s, size_t n_texts, ending *end)
{
    *end = (ending){.ends = 0};
    assert_int_equal(beluga_embed_start(s->model, s->loop, NULL, three, NULL, n_texts, on_end, end,
                                        NULL, &s->err, beluga_with_max_inputs(1)),
                     0);
    return beluga_loop_cancel_waiting(s->loop);
}

/* A part of three texts may be under way or paid for, and would be lost with those that wait. */
static void a_job_that_only_waits_is_given_up_if_it_is_one_request(scene *s)
{
    ending one, three_texts;
    open_with(s, beluga_with_max_concurrent_calls(1));
    script(s->peer, WAITS_AT(0), STREAMS("first"));
    script(s->peer, REPEATS(3), ONE("1"));
    push(s);
    assert_int_equal(give_up(s, 1, &one), 1);
    assert_int_equal(give_up(s, 3, &three_texts), 0);
    peer_open_gate(s->peer, 0);
    while (!one.ends || !three_texts.ends) poll_and_step(s->loop);
    assert_int_equal(one.error.code, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(three_texts.error.code, 0);
    beluga_embeddings_free(three_texts.embeddings);
}

static void a_loop_that_is_freed_ends_a_job_without_a_callback(scene *s)
{
    ending end = {.ends = 0};
    beluga_job *job;
    script(s->peer, REPEATS(PEER_FOR_EVER), HANGS);
    assert_int_equal(beluga_embed_start(s->model, s->loop, NULL, three, NULL, 3, on_end, &end, &job,
                                        &s->err, beluga_with_max_inputs(1)),
                     0);
    RELEASE(beluga_loop_free, s->loop);
    assert_int_equal(end.ends, 0);
    beluga_job_free(job);
}

/* --- the mock --------------------------------------------------------------------------------- */

static void the_mock_embeds_words(scene *s)
{
    beluga_embeddings *e;
    const char *const texts[] = {"a red fish", "Fish  a RED", "a red bicycle", "music"};
    open_mock_with(s, beluga_with_model_name("m"));
    assert_int_equal(beluga_embed(s->model, NULL, texts, NULL, 4, &e, &s->err), 0);
    size_t n = beluga_embeddings_dimensions(e);
    assert_int_equal(n, 64);
    const float *fish = beluga_embeddings_vector(e, 0);
    double same = beluga_similarity(fish, beluga_embeddings_vector(e, 1), n);
    double near = beluga_similarity(fish, beluga_embeddings_vector(e, 2), n);
    double far = beluga_similarity(fish, beluga_embeddings_vector(e, 3), n);
    assert_true(same > 0.999999 && near < same && far < near);
    assert_true(fabs(beluga_similarity(fish, fish, n) - 1) < 1e-6);
    assert_int_equal(beluga_embeddings_usage(e)->input_total, 10);
    beluga_embeddings_free(e);
}

static void similarity_is_a_cosine(scene *s)
{
    (void)s;
    const float x[] = {3, 0, 0, 0, 0}, y[] = {0, 2, 0, 0, 0}, z[] = {-1, 0, 0, 0, 0}, none[5] = {0};
    assert_true(beluga_similarity(x, x, 5) == 1);
    assert_true(beluga_similarity(x, y, 5) == 0);
    assert_true(beluga_similarity(x, z, 5) == -1);
    assert_true(beluga_similarity(x, none, 5) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(vectors_come_in_the_order_of_the_texts),
        SCENE(base64_is_read_as_little_endian_floats),
        SCENE(without_an_index_the_order_counts),
        SCENE(an_answer_that_lacks_a_vector_says_which),
        SCENE(a_second_vector_for_a_text_says_which),
        SCENE(a_vector_for_no_text_says_which),
        SCENE(an_index_that_is_no_whole_number_is_refused),
        SCENE(an_index_that_is_null_is_none),
        SCENE(vectors_of_different_lengths_are_refused),
        SCENE(numbers_that_are_none_are_refused),
        SCENE(an_answer_that_is_no_list_of_vectors_is_an_error),
        SCENE(bad_texts_are_refused_before_anything_is_sent),
        SCENE(a_text_with_a_length_may_hold_nul),
        SCENE(options_stand_in_the_request),
        SCENE(a_provider_without_embeddings_says_so),
        SCENE(texts_are_split_and_put_together),
        SCENE(a_part_is_retried_alone),
        SCENE(a_part_that_fails_ends_the_others_and_is_named),
        SCENE(parts_with_other_dimensions_are_refused),
        SCENE(parts_run_at_once),
        SCENE(long_texts_are_split_by_their_length),
        SCENE(a_deadline_ends_the_wait),
        SCENE(on_a_loop_the_end_calls_back),
        SCENE(a_job_is_cancelled_once),
        SCENE(a_job_that_only_waits_is_given_up_if_it_is_one_request),
        SCENE(a_loop_that_is_freed_ends_a_job_without_a_callback),
        SCENE(the_mock_embeds_words),
        SCENE(similarity_is_a_cosine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
