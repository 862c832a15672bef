/* Options and tools in the requests of a batch job, and in the answers to them. */
#include "../support/tools.h"
#include "batch_scene.h"

#include <beluga/provider/provider.h>
#include <beluga/registry.h>

/* Create a job with one request, and return the line for this request in the uploaded file.
 * Borrowed from the peer's log. */
static const char *sent_line_n(scene *s, beluga_chat_model *model, const beluga_option *opts,
                               size_t n)
{
    size_t before = peer_requests(s->peer);
    beluga_batch_requests *requests = make_requests(s, 0);
    if (beluga_batch_requests_add_n(requests, model, "r", beluga_input_text("Hi"), &s->err, opts,
                                    n))
        fail_msg("add: %s", s->err.message);
    script(s->peer, JSON("{\"file\":\"f\"}"));
    script(s->peer, JSON("{\"id\":\"j\"}"));
    assert_int_equal(beluga_batch_job_create(s->model, NULL, requests, NULL, NULL, &s->err), 0);
    beluga_batch_requests_free(requests);
    return peer_request_body(s->peer, before, NULL);
}
#define sent_line(s, ...)                                                          \
    sent_line_n(s, NULL, (const beluga_option[]){__VA_ARGS__, BELUGA_OPTIONS_END}, \
                BELUGA_OPTIONS_TERMINATED)

#define LINE(body) "{\"id\":\"r\",\"path\":\"/ask\",\"body\":" body "}\n"

static void line_breaks_of_options_do_not_break_a_line(scene *s)
{
    const char *line = sent_line(s, beluga_with_response_schema("{\n\t\"type\":\r\n\"object\"}"));
    assert_string_equal(line, LINE("{\"model\":\"acme-1\",\"q\":\"Hi\","
                                   "\"schema\":{ \t\"type\":  \"object\"}}"));
    line = sent_line(s, beluga_with_extra_body("{\n\"seed\": 7,\n\"note\": \"a\\nb\"}"));
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    assert_non_null(strstr(line, "\"seed\":7"));
    assert_non_null(strstr(line, "\"a\\nb\""));
}

/* A model's members for bodies belong to the requests, not to the upload or to the job. */
static void members_of_a_model_are_in_the_requests_alone(scene *s)
{
    open_acme(s, beluga_with_extra_body("{\"seed\":7}"));
    assert_string_equal(sent_line(s, BELUGA_OPTIONS_END),
                        LINE("{\"model\":\"acme-1\",\"q\":\"Hi\",\"seed\":7}"));
    const char *job = peer_request_body(s->peer, peer_requests(s->peer) - 1, NULL);
    assert_null(strstr(job, "seed"));
}

static void members_of_a_call_are_in_the_job(scene *s)
{
    beluga_batch_requests *requests = make_requests(s, 1);
    script(s->peer, JSON("{\"file\":\"f\"}"));
    script(s->peer, JSON("{\"id\":\"j\"}"));
    if (beluga_batch_job_create(s->model, NULL, requests, NULL, NULL, &s->err,
                                beluga_with_extra_body("{\"notify\":\"me\"}")))
        fail_msg("%s", s->err.message);
    beluga_batch_requests_free(requests);
    assert_null(strstr(peer_request_body(s->peer, 0, NULL), "notify"));
    assert_non_null(strstr(peer_request_body(s->peer, 1, NULL), "\"notify\":\"me\""));
}

static void a_body_that_is_given_is_the_request(scene *s)
{
    const char *line =
        sent_line(s, beluga_with_request_body("{\n\"model\":\"any\",\n\"q\":\"given\"\n}"));
    assert_string_equal(line, LINE("{ \"model\":\"acme-1\", \"q\":\"given\" }"));
}

static void nothing_asks_for_a_stream(scene *s)
{
    open_acme(s, beluga_with_wire_streaming(true));
    assert_string_equal(sent_line(s, BELUGA_OPTIONS_END),
                        LINE("{\"model\":\"acme-1\",\"q\":\"Hi\"}"));
}

static void tools_that_are_bound_are_offered(scene *s)
{
    static const beluga_tool_definition definition = {.size = sizeof definition,
                                                      .name = "weather",
                                                      .description = "Tell the weather",
                                                      .parameters = "{\"type\":\"object\"}",
                                                      .execute = echo_arguments};
    SCOPED(beluga_tool) *tool = NULL;
    SCOPED(beluga_chat_model) *bound = NULL;
    assert_int_equal(beluga_tool_new(&definition, &tool, NULL), 0);
    assert_int_equal(beluga_bind_tools(s->model, &tool, 1, &bound, &s->err), 0);
    assert_string_equal(sent_line_n(s, bound, NULL, 0),
                        LINE("{\"model\":\"acme-1\",\"q\":\"Hi\",\"tool\":\"weather\"}"));
    assert_string_equal(sent_line_n(s, NULL, NULL, 0), LINE("{\"model\":\"acme-1\",\"q\":\"Hi\"}"));
}

static void a_request_of_another_model_is_refused(scene *s)
{
    SCOPED(beluga_chat_model) *other =
        open_acme_n(beluga_client_default(), peer_url(s->peer), NULL, 0);
    beluga_batch_requests *requests = make_requests(s, 1);
    assert_int_equal(
        beluga_batch_requests_add(requests, other, "r", beluga_input_text("Hi"), &s->err),
        BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(beluga_batch_job_create(other, NULL, requests, NULL, NULL, &s->err),
                     BELUGA_ERROR_INVALID_INPUT);
    beluga_batch_requests_free(requests);
}

static void a_request_that_is_wrong_leaves_the_list(scene *s)
{
    beluga_batch_requests *requests = make_requests(s, 1);
    uint64_t bytes = beluga_batch_requests_bytes(requests);
    assert_int_equal(beluga_batch_requests_add(requests, NULL, "r", beluga_input_text("Hi"),
                                               &s->err, beluga_with_temperature(99)),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(
        beluga_batch_requests_add(requests, NULL, "r", beluga_input_messages(NULL), &s->err),
        BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(beluga_batch_requests_count(requests), 1);
    assert_int_equal(beluga_batch_requests_bytes(requests), bytes);
    beluga_batch_requests_free(requests);
}

static void an_option_that_nobody_looks_at_is_a_warning(scene *s)
{
    beluga_batch_requests *requests = make_requests(s, 0);
    assert_int_equal(beluga_batch_requests_add(requests, NULL, "r", beluga_input_text("Hi"),
                                               &s->err, beluga_with_top_k(3)),
                     0);
    const char *warning = beluga_batch_requests_warning(requests, 0);
    assert_non_null(warning);
    assert_non_null(strstr(warning, "top_k"));
    assert_null(beluga_batch_requests_warning(requests, 1));
    assert_int_equal(
        beluga_batch_requests_add(requests, NULL, "s", beluga_input_text("Hi"), &s->err), 0);
    assert_null(beluga_batch_requests_warning(requests, 0));
    beluga_batch_requests_free(requests);
}

static void names_of_jobs_have_plain_characters(scene *s)
{
    static const char of_65_bytes[] =
        "a2345678901234567890123456789012345678901234567890123456789012345";
    static const char *const bad[] = {"", "a b", "x\ny", "\xc3\xa4", of_65_bytes};
    beluga_batch_requests *requests = make_requests(s, 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(beluga_batch_job_create(s->model, NULL, requests, bad[i], NULL, &s->err),
                         BELUGA_ERROR_INVALID_INPUT);
    assert_non_null(strstr(s->err.message, "the name of a batch job"));
    expect_requests(s, 0);
    beluga_batch_requests_free(requests);
}

static void a_job_needs_requests(scene *s)
{
    beluga_batch_requests *requests = make_requests(s, 0);
    assert_int_equal(beluga_batch_job_create(s->model, NULL, requests, NULL, NULL, &s->err),
                     BELUGA_ERROR_INVALID_INPUT);
    beluga_batch_requests_free(requests);
    assert_int_equal(beluga_batch_job_create(s->model, NULL, NULL, NULL, NULL, &s->err),
                     BELUGA_ERROR_INVALID_INPUT);
}

static int write_nothing(const beluga_batch_request *request, beluga_json_writer *w,
                         beluga_error *err)
{
    (void)request;
    (void)w;
    (void)err;
    return 0;
}

/* If this were not refused, the uploaded file would have an empty line. */
static void a_provider_that_writes_nothing_is_told_so(scene *s)
{
    static beluga_batch_api api;
    static beluga_provider mute;
    SCOPED(beluga_chat_model) *model = NULL;
    beluga_batch_requests *requests;
    api = *acme_provider()->batch;
    api.put_request = write_nothing;
    mute = *acme_provider();
    mute.name = "acme-mute";
    mute.batch = &api;
    beluga_registry *registry = beluga_registry_default();
    assert_int_equal(beluga_registry_register(registry, &mute, &s->err), 0);
    SCOPED(beluga_config) *config = beluga_config_new(beluga_with_base_url(peer_url(s->peer)));
    assert_int_equal(beluga_registry_open(registry, "acme-mute", config, &model, &s->err), 0);
    assert_int_equal(beluga_batch_requests_new(model, &requests, &s->err), 0);
    assert_int_equal(
        beluga_batch_requests_add(requests, NULL, "r", beluga_input_text("Hi"), &s->err),
        BELUGA_ERROR_INTERNAL);
    assert_int_equal(beluga_batch_requests_count(requests), 0);
    beluga_batch_requests_free(requests);
}

/* --- answers ---------------------------------------------------------------------------------- */

#define LONG_ANSWER "{\"id\":\"a\",\"body\":{\"a\":\"1\",\"long\":true}}\n"

static int keep_partial(void *payload, const char *id, beluga_batch_result *result)
{
    (void)id;
    assert_null(result->response);
    assert_int_equal(result->error.code, BELUGA_ERROR_INCOMPLETE);
    assert_string_equal(result->error.provider, "acme");
    *(beluga_response **)payload = result->partial;
    result->partial = NULL;
    return 0;
}

static void a_strict_model_wants_whole_answers(scene *s)
{
    SCOPED(beluga_response) *partial = NULL;
    script_results(s->peer, LONG_ANSWER);
    expect_results(s, 0, "a=[1] ");
    open_acme(s, beluga_with_strict(true));
    script_results(s->peer, LONG_ANSWER);
    assert_int_equal(beluga_batch_job_results(s->model, NULL, "j", keep_partial, &partial, &s->err),
                     0);
    assert_string_equal(beluga_response_text(partial, NULL), "1");
    assert_false(beluga_response_is_complete(partial));
}

static int keep_response(void *payload, const char *id, beluga_batch_result *result)
{
    (void)id;
    *(beluga_response **)payload = result->response;
    result->response = NULL;
    return 0;
}

static void an_answer_may_be_kept(scene *s)
{
    SCOPED(beluga_response) *kept = NULL;
    script_results(s->peer, "{\"id\":\"a\",\"body\":{\"a\":\"1\"}}\n");
    assert_int_equal(beluga_batch_job_results(s->model, NULL, "j", keep_response, &kept, &s->err),
                     0);
    RELEASE(beluga_chat_model_unref, s->model);
    assert_string_equal(beluga_response_text(kept, NULL), "1");
    assert_string_equal(beluga_response_provider(kept), "acme");
    assert_string_equal(beluga_response_model(kept), "acme-1");
    assert_true(beluga_response_is_complete(kept));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ACME(line_breaks_of_options_do_not_break_a_line),
        ACME(members_of_a_model_are_in_the_requests_alone),
        ACME(members_of_a_call_are_in_the_job),
        ACME(a_body_that_is_given_is_the_request),
        ACME(nothing_asks_for_a_stream),
        ACME(tools_that_are_bound_are_offered),
        ACME(a_request_of_another_model_is_refused),
        ACME(a_request_that_is_wrong_leaves_the_list),
        ACME(an_option_that_nobody_looks_at_is_a_warning),
        ACME(names_of_jobs_have_plain_characters),
        ACME(a_job_needs_requests),
        ACME(a_provider_that_writes_nothing_is_told_so),
        ACME(a_strict_model_wants_whole_answers),
        ACME(an_answer_may_be_kept),
    };
    return cmocka_run_group_tests_name("requests of batch jobs", tests, NULL, NULL);
}
