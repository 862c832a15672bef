/* Plug-ins that break a rule after they were loaded. The call must end with an error that names the
 * fault, without harm to other calls or to the host program. */
#include "../support/calls.h"
#include "../support/scoped.h"
#include "../support/threads.h"
#include "loading.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static int set_up(void **state)
{
    int status = set_up_loading(state);
    loading *l = *state;
    if (!status) assert_loads(l, test_plugin(l, "unruly"));
    return status;
}

#define UNRULY(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down_loading)

static void assert_fails(loading *l, const char *provider, int code, const char *words)
{
    beluga_response *response;
    assert_int_equal(ask(l, provider, &response), code);
    assert_null(response);
    assert_int_equal(l->err.code, code);
    assert_string_equal(l->err.provider, provider);
    assert_contains(l->err.message, words);
}

#define FAULT(test, provider, code, words)           \
    static void test(void **state)                   \
    {                                                \
        assert_fails(*state, provider, code, words); \
    }

FAULT(invalid_utf8_is_named, "unruly-utf8", BELUGA_ERROR_MALFORMED_RESPONSE, "not valid UTF-8")
FAULT(an_event_after_the_finish_is_named, "unruly-after-finish", BELUGA_ERROR_INVALID_RESPONSE,
      "the provider emitted an event after its finish")
FAULT(an_answer_that_never_finishes_is_named, "unruly-unfinished", BELUGA_ERROR_STREAM_CLOSED,
      "the provider stopped without a finish or an error")
FAULT(an_error_without_a_code_is_an_error_all_the_same, "unruly-no-code", BELUGA_ERROR_INTERNAL,
      "emitted an error without a code")
FAULT(emitting_from_another_thread_is_named, "unruly-thread", BELUGA_ERROR_INVALID_RESPONSE,
      "on another thread")
FAULT(emitting_from_a_thread_that_is_not_the_worker_is_named, "unruly-worker-thread",
      BELUGA_ERROR_INVALID_RESPONSE, "on another thread")

static void a_late_emission_reaches_neither_its_call_nor_another(void **state)
{
    for (int i = 0; i < 100; i++) assert_answer(*state, "unruly-late", "in time");
}

static void *call_often(void *argument)
{
    loading *l = argument;
    beluga_chat_model *model = NULL;
    intptr_t wrong = 0;
    if (beluga_registry_open(l->registry, "unruly-thread", NULL, &model, NULL)) return argument;
    for (int i = 0; i < 50; i++) {
        beluga_response *response = NULL;
        int status = beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, NULL,
                                   beluga_with_max_retries(0));
        wrong += status != BELUGA_ERROR_INVALID_RESPONSE || response;
    }
    beluga_chat_model_unref(model);
    return (void *)wrong;
}

static void many_calls_at_once_each_hear_of_their_own_fault(void **state)
{
    threads_run(8, call_often, *state);
}

/* ---- cancelled ------------------------------------------------------------------------------- */

static atomic_int ignored_events;

static void note_log(void *payload, beluga_log_level level, const char *event,
                     const beluga_log_field *fields, size_t n)
{
    (void)payload;
    (void)level;
    if (strcmp(event, "provider.ignores_cancel") == 0 && n == 2)
        atomic_store(&ignored_events, (int)fields[1].number);
}

static void cancel_in_the_middle(loading *l, const char *provider)
{
    SCOPED(beluga_chat_model) *model = NULL;
    SCOPED(beluga_context) *context = beluga_context_new_cancellable(NULL);
    record r;
    record_clear(&r);
    assert_int_equal(beluga_registry_open(l->registry, provider, NULL, &model, NULL), 0);
    SCOPED(beluga_stream) *stream = begin_stream(model, context);
    assert_non_null(pull_until(stream, &r, BELUGA_EVENT_TEXT));
    beluga_context_cancel(context);
    pull_all(stream, &r);
    assert_int_equal(r.status, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(r.finishes, 0);
}

static void a_provider_that_throws_its_cancel_away_is_cancelled_all_the_same(void **state)
{
    cancel_in_the_middle(*state, "unruly-deaf");
}

static void a_worker_that_goes_on_after_its_cancel_is_logged(void **state)
{
    loading *l = *state;
    atomic_store(&ignored_events, 0);
    beluga_client_set_log(l->client, note_log, NULL, BELUGA_LOG_WARN, false);
    cancel_in_the_middle(l, "unruly-deaf-worker");
    for (int i = 0; i < PATIENCE_MS && !atomic_load(&ignored_events); i++) usleep(1000);
    /* the 100 texts after the refusal, the finish, and perhaps the refused text itself */
    assert_in_range(atomic_load(&ignored_events), 101, 102);
}

/* ---- behind HTTP ----------------------------------------------------------------------------- */

static void assert_http_fails(loading *l, const char *provider, int code, const char *words)
{
    peer *p = peer_start();
    peer_step_json(peer_reply_new(p), 200, "{}");
    beluga_config *config = beluga_config_new(beluga_with_base_url(peer_url(p)));
    beluga_chat_model *model = NULL;
    beluga_error err = {0};
    beluga_response *response = NULL;
    assert_int_equal(beluga_registry_open(l->registry, provider, config, &model, &err), 0);
    int status = beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, &err,
                               beluga_with_max_retries(0));
    assert_int_equal(status, code);
    assert_null(response);
    assert_contains(err.message, words);
    beluga_chat_model_unref(model);
    beluga_config_free(config);
    peer_stop(p);
}

static void a_decoder_that_emits_from_another_thread_is_named(void **state)
{
    assert_http_fails(*state, "unruly-http-thread", BELUGA_ERROR_INVALID_RESPONSE,
                      "on another thread");
}

static void an_encoder_with_a_positive_code_is_named(void **state)
{
    assert_http_fails(*state, "unruly-http-odd", BELUGA_ERROR_INTERNAL, "returned 4711");
}

static void a_decoder_can_not_do_what_only_a_full_provider_may(void **state)
{
    assert_http_fails(*state, "unruly-http-wait", BELUGA_ERROR_NOT_SUPPORTED, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNRULY(invalid_utf8_is_named),
        UNRULY(an_event_after_the_finish_is_named),
        UNRULY(an_answer_that_never_finishes_is_named),
        UNRULY(an_error_without_a_code_is_an_error_all_the_same),
        UNRULY(emitting_from_another_thread_is_named),
        UNRULY(emitting_from_a_thread_that_is_not_the_worker_is_named),
        UNRULY(a_late_emission_reaches_neither_its_call_nor_another),
        UNRULY(many_calls_at_once_each_hear_of_their_own_fault),
        UNRULY(a_provider_that_throws_its_cancel_away_is_cancelled_all_the_same),
        UNRULY(a_worker_that_goes_on_after_its_cancel_is_logged),
        UNRULY(a_decoder_that_emits_from_another_thread_is_named),
        UNRULY(an_encoder_with_a_positive_code_is_named),
        UNRULY(a_decoder_can_not_do_what_only_a_full_provider_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
