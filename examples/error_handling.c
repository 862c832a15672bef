/* Shows how a program reacts to each class of errors, and what the library does by itself.
 *
 *     error_handling PRICES-FILE
 *
 * All models here are of the provider mock, which fails as its options say, without network. */
#include <beluga/beluga.h>
#include <beluga/providers/mock.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void die(const char *what, const beluga_error *err)
{
    char line[1024];
    beluga_error_format(err, line, sizeof line);
    fprintf(stderr, "%s: %s\n", what, line);
    exit(1);
}

/* Open a model of the provider mock with these options, which apply to each of its calls. */
static beluga_chat_model *open_mock(const beluga_option *options, size_t n)
{
    beluga_error err;
    beluga_chat_model *model;
    const beluga_option name = beluga_with_model_name("demo");
    beluga_config *config = beluga_config_new_n(options, n);
    beluga_config_set_n(config, &name, 1);
    if (beluga_registry_open(beluga_registry_default(), "mock", config, &model, &err))
        die("open", &err);
    beluga_config_free(config);
    return model;
}

/* Print the answer and the model that gave it. Returns 0 or the error's code. */
static int ask(beluga_chat_model *model, beluga_context *context, beluga_error *err)
{
    beluga_response *response;
    int status = beluga_invoke(model, context, beluga_input_text("Hello"), &response, err);
    if (status) return status;
    printf("answer: %s (%s)\n", beluga_response_text(response, NULL),
           beluga_response_model(response));
    beluga_response_free(response);
    return 0;
}

static void show(const beluga_error *err)
{
    printf("error: %s%s\n", beluga_error_name(err->code), err->retryable ? ", may pass" : "");
}

/* ---- classification -------------------------------------------------------------------------- */

/* There are many error codes, but a program needs only a few reactions to them. */
static const char *what_to_do(const beluga_error *err)
{
    switch (err->code) {
    case BELUGA_ERROR_AUTHENTICATION:
    case BELUGA_ERROR_AUTHORIZATION: return "have the key looked at";
    case BELUGA_ERROR_QUOTA_EXCEEDED:
    case BELUGA_ERROR_BUDGET_EXCEEDED: return "have the account looked at";
    case BELUGA_ERROR_INVALID_CONFIG:
    case BELUGA_ERROR_INVALID_MODEL:
    case BELUGA_ERROR_NOT_FOUND:
    case BELUGA_ERROR_UNSUPPORTED_PROVIDER: return "have the configuration looked at";
    case BELUGA_ERROR_CONTEXT_LENGTH:
    case BELUGA_ERROR_INVALID_INPUT:
    case BELUGA_ERROR_INVALID_REQUEST:
    case BELUGA_ERROR_CONTENT_FILTER: return "change the question";
    case BELUGA_ERROR_CONTEXT_CANCELED:
    case BELUGA_ERROR_CONTEXT_TIMEOUT: return "nothing: it was stopped";
    }
    return err->retryable ? "try later" : "report it";
}

static void classify(void)
{
    static const char *const names[] = {
        "rate_limit",     "overloaded",       "internal_error", "network_error",
        "timeout",        "stream_closed",    "quota_exceeded", "authentication_error",
        "invalid_model",  "context_length",   "content_filter", "invalid_request",
        "empty_response", "invalid_response",
    };
    printf("--- Classes ---\n");
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        beluga_error err;
        const beluga_option options[] = {beluga_mock_with_error(names[i]),
                                         beluga_with_max_retries(0)};
        beluga_chat_model *model = open_mock(options, COUNT_OF(options));
        if (ask(model, NULL, &err))
            printf("%s (%s): %s\n", beluga_error_name(err.code), err.provider_code,
                   what_to_do(&err));
        beluga_chat_model_unref(model);
    }
}

/* ---- retries --------------------------------------------------------------------------------- */

static void retry(void)
{
    beluga_error err;
    const beluga_option options[] = {beluga_mock_with_error("overloaded"),
                                     beluga_mock_with_error_count(2), beluga_with_max_retries(3),
                                     beluga_with_retry_delay_ms(100)};
    beluga_chat_model *model = open_mock(options, COUNT_OF(options));
    printf("\n--- Retries: overloaded twice, then well ---\n");
    if (ask(model, NULL, &err)) show(&err);
    beluga_chat_model_unref(model);

    printf("--- What can't get better is not tried again ---\n");
    const beluga_option refused[] = {beluga_mock_with_error("authentication_error"),
                                     beluga_with_max_retries(3)};
    model = open_mock(refused, COUNT_OF(refused));
    if (ask(model, NULL, &err)) printf("attempts: %d\n", (int)err.attempts);
    beluga_chat_model_unref(model);
}

/* ---- a circuit breaker ----------------------------------------------------------------------- */

static void breaker(void)
{
    const beluga_option options[] = {beluga_mock_with_error("internal_error"),
                                     beluga_mock_with_error_count(2), beluga_with_max_retries(0),
                                     beluga_with_breaker_failures(2),
                                     beluga_with_breaker_open_time_ms(60000)};
    beluga_chat_model *model = open_mock(options, COUNT_OF(options));
    printf("\n--- A breaker: open after two failures ---\n");
    for (int i = 0; i < 3; i++) {
        beluga_error err;
        if (!ask(model, NULL, &err)) continue;
        show(&err);
        if (err.code == BELUGA_ERROR_CIRCUIT_OPEN && err.retry_after_ms > 0)
            printf("it says when to come back\n");
    }
    beluga_chat_model_unref(model);
}

/* ---- another model --------------------------------------------------------------------------- */

static void fallback(void)
{
    beluga_error err;
    const beluga_option options[] = {
        beluga_mock_with_error("model_not_available"), beluga_with_max_retries(0),
        beluga_with_fallback("mock/error-overloaded"), beluga_with_fallback("mock/spare")};
    beluga_chat_model *model = open_mock(options, COUNT_OF(options));
    printf("\n--- Fallback: the third model answers ---\n");
    if (ask(model, NULL, &err)) show(&err);
    beluga_chat_model_unref(model);

    printf("--- All fail: the first one's error, and the last one's as its cause ---\n");
    model = open_mock(options, COUNT_OF(options) - 1);
    if (ask(model, NULL, &err)) {
        show(&err);
        printf("cause tells of the other: %s\n", strstr(err.cause, "failed, too") ? "yes" : "no");
    }
    beluga_chat_model_unref(model);
}

/* ---- an answer that broke off ---------------------------------------------------------------- */

static void partial(void)
{
    beluga_error err;
    beluga_response *response, *arrived = NULL;
    const beluga_option options[] = {beluga_mock_with_error("stream_closed"),
                                     beluga_mock_with_error_after_words(3),
                                     beluga_with_max_retries(0)};
    beluga_chat_model *model = open_mock(options, COUNT_OF(options));
    printf("\n--- A stream that breaks: never a short success ---\n");
    if (beluga_invoke(model, NULL, beluga_input_text("Hello"), &response, &err,
                      beluga_with_partial(&arrived)))
        show(&err);
    if (arrived)
        printf("so far: \"%s\", complete: %s\n", beluga_response_text(arrived, NULL),
               beluga_response_is_complete(arrived) ? "yes" : "no");
    beluga_response_free(arrived);
    beluga_chat_model_unref(model);
}

/* If the reader can discard text that it has already shown, a stream may be retried from its
 * beginning. */
static void restart(void)
{
    beluga_error err;
    beluga_stream *stream;
    const beluga_event *event;
    int status;
    const beluga_option options[] = {
        beluga_mock_with_error("stream_closed"), beluga_mock_with_error_after_words(3),
        beluga_mock_with_error_count(1),         beluga_with_max_retries(1),
        beluga_with_retry_delay_ms(100),         beluga_with_restart_delivery(true)};
    beluga_chat_model *model = open_mock(options, COUNT_OF(options));
    printf("--- Or begin anew, where the reader can take that ---\n");
    if (beluga_stream_input(model, NULL, beluga_input_text("Hello"), &stream, &err))
        die("stream", &err);
    while ((status = beluga_stream_next(stream, &event, &err)) == 0 && event) {
        if (event->kind == BELUGA_EVENT_TEXT)
            fwrite(event->u.text.text, 1, event->u.text.length, stdout);
        else if (event->kind == BELUGA_EVENT_RESTART)
            printf(" [forget that]\n");
    }
    printf("\n");
    if (status) show(&err);
    beluga_stream_free(stream);
    beluga_chat_model_unref(model);
}

/* ---- money and time -------------------------------------------------------------------------- */

static void budget(const char *prices)
{
    const beluga_option options[] = {beluga_with_prices(prices), beluga_with_budget(0.00001),
                                     beluga_with_max_tokens(10)};
    beluga_chat_model *model = open_mock(options, COUNT_OF(options));
    int answers = 0;
    beluga_error err = {0};
    beluga_response *response;
    printf("\n--- A budget: calls stop before it is overdrawn ---\n");
    while (!beluga_invoke(model, NULL, beluga_input_text("Hello"), &response, &err)) {
        answers++;
        beluga_response_free(response);
    }
    printf("there were answers: %s\n", answers ? "yes" : "no");
    show(&err);
    beluga_chat_model_unref(model);
}

static void deadline(void)
{
    beluga_error err;
    const beluga_option options[] = {beluga_mock_with_latency_ms(30000)};
    beluga_chat_model *model = open_mock(options, COUNT_OF(options));
    beluga_context *context = beluga_context_new_timeout(NULL, 50);
    printf("\n--- A deadline holds for all of a call, retries and fallbacks included ---\n");
    if (ask(model, context, &err)) show(&err);
    beluga_context_unref(context);
    beluga_chat_model_unref(model);
}

int main(int argc, char **argv)
{
    classify();
    retry();
    breaker();
    fallback();
    partial();
    restart();
    if (argc > 1) budget(argv[1]);
    deadline();
    return 0;
}
