/* Scenarios that must be refused: missing configuration or arguments, calls that end before they
 * begin, and answers of a failing service. None of them depends on the service's protocol. */
#include "kit/refusals.h"

#include "kit/open.h"
#include "kit/perform.h"

#include <stdio.h>
#include <string.h>

/* ---- opening --------------------------------------------------------------------------------- */

static void judge_opening(check_run *run, int code, const beluga_chat_model *model)
{
    if (code > 0) check_problem(run, "want 0 or a negative code, got %d", code);
    if (!code != (model != NULL))
        check_problem(run, "want a model or an error, got %s", model ? "both" : "neither");
    if (code && run->error.code != code)
        check_problem(run, "it returned %s, its error says %s", beluga_error_name(code),
                      beluga_error_name(run->error.code));
    if (code && !*run->error.message) check_problem(run, "the error has no message");
}

static beluga_chat_model *open_bare(check_run *run, const beluga_config *config)
{
    beluga_chat_model *model = NULL;
    run->error = (beluga_error){0};
    int code = beluga_registry_open(run->settings->registry, run->provider->name, config, &model,
                                    &run->error);
    judge_opening(run, code, model);
    return model;
}

static bool is_without_code(check_run *run)
{
    if (!run->settings->base) return false;
    check_text_puts(&run->reason, "the provider is defined by its configuration");
    return true;
}

void check_run_no_configuration(check_run *run)
{
    beluga_chat_model *model = NULL;
    if (is_without_code(run)) return;
    beluga_chat_model_unref(open_bare(run, NULL));
    int code =
        beluga_registry_open(run->settings->registry, run->provider->name, NULL, &model, NULL);
    if (code != run->error.code)
        check_problem(run, "without a beluga_error the code is another: %s",
                      beluga_error_name(code));
    beluga_chat_model_unref(model);
    beluga_config *config = beluga_config_new_n(NULL, 0);
    beluga_chat_model_unref(open_bare(run, config));
    beluga_config_free(config);
}

void check_run_bad_option(check_run *run)
{
    char text[96];
    beluga_option option;
    check_text texts = {0};
    beluga_config *config = check_configure(run, &texts);
    snprintf(text, sizeof text, "%s.no_such_option=1", run->provider->name);
    if (!config || is_without_code(run) || beluga_option_parse(text, &option, &run->error) ||
        beluga_config_set_n(config, &option, 1)) {
        if (!run->reason.length) check_problem(run, "the option can't be set");
    } else {
        beluga_chat_model *model = open_bare(run, config);
        if (run->error.code != BELUGA_ERROR_INVALID_CONFIG)
            check_problem(run, "%s: want invalid_config, got %s", text,
                          model ? "a model" : beluga_error_name(run->error.code));
        beluga_chat_model_unref(model);
    }
    beluga_config_free(config);
    check_text_free(&texts);
}

static void want_refusal(check_run *run, const char *what, int code)
{
    if (code != BELUGA_ERROR_INVALID_INPUT)
        check_problem(run, "%s: want invalid_input, got %s", what, beluga_error_name(code));
}

void check_run_no_arguments(check_run *run)
{
    beluga_response *response = NULL;
    beluga_stream *stream = NULL;
    beluga_chat_model *bound = NULL;
    beluga_tool *none = NULL;
    beluga_messages *empty = beluga_messages_new();
    want_refusal(run, "no messages",
                 beluga_generate_n(run->model, NULL, NULL, &response, NULL, NULL, 0));
    want_refusal(run, "an empty list of messages",
                 beluga_generate_n(run->model, NULL, empty, &response, NULL, NULL, 0));
    want_refusal(run, "a stream without messages",
                 beluga_stream_chat_n(run->model, NULL, NULL, &stream, NULL, NULL, 0));
    want_refusal(run, "a tool that is NULL", beluga_bind_tools(run->model, &none, 1, &bound, NULL));
    if (response || stream || bound)
        check_problem(run, "events came although the call was refused");
    beluga_messages_free(empty);
}

/* ---- contexts -------------------------------------------------------------------------------- */

static void want_not_made(check_run *run, beluga_context *context, int code)
{
    const check_call *call = &run->call;
    beluga_response *response = NULL;
    beluga_stream *stream = NULL;
    const beluga_event *event = NULL;
    int status =
        beluga_generate_n(run->model, context, call->messages, &response, &run->error, NULL, 0);
    if (status != code)
        check_problem(run, "generate: want %s, got %s", beluga_error_name(code),
                      beluga_error_name(status));
    status =
        beluga_stream_chat_n(run->model, context, call->messages, &stream, &run->error, NULL, 0);
    while (!status && !(status = beluga_stream_next(stream, &event, &run->error)) && event)
        continue;
    if (status != code)
        check_problem(run, "stream: want %s, got %s", beluga_error_name(code),
                      beluga_error_name(status));
    if (run->peer && peer_requests(run->peer)) check_problem(run, "a request was sent");
    if (run->peer) run->asked = peer_requests(run->peer);
    beluga_stream_free(stream);
    beluga_response_free(response);
}

void check_run_cancelled_before(check_run *run)
{
    beluga_context *context = beluga_context_new_cancellable(NULL);
    beluga_context_cancel(context);
    want_not_made(run, context, BELUGA_ERROR_CONTEXT_CANCELED);
    beluga_context_unref(context);
}

void check_run_expired_before(check_run *run)
{
    beluga_context *context = beluga_context_new_timeout(NULL, 0);
    want_not_made(run, context, BELUGA_ERROR_CONTEXT_TIMEOUT);
    beluga_context_unref(context);
}

/* Check a deadline while the service does not answer. A full provider may finish before the
 * deadline. */
void check_run_deadline(check_run *run)
{
    enum { DEADLINE_MS = 100 };
    beluga_response *response = NULL;
    beluga_context *context = beluga_context_new_timeout(NULL, DEADLINE_MS);
    if (run->peer) peer_step_hang(peer_reply_new(run->peer));
    int status =
        beluga_generate_n(run->model, context, run->call.messages, &response, &run->error, NULL, 0);
    bool may_finish = !run->peer && status == 0;
    if (status) check_note_breach(run, &run->error);
    if (status != BELUGA_ERROR_CONTEXT_TIMEOUT && !may_finish)
        check_problem(run, "want context_timeout%s, got %s: %s", run->peer ? "" : " or an answer",
                      beluga_error_name(status), run->error.message);
    if (run->peer) run->asked = peer_requests(run->peer);
    beluga_response_free(response);
    beluga_context_unref(context);
}

/* ---- a service that fails -------------------------------------------------------------------- */

typedef struct status_class {
    int status, code;
    bool retryable;
} status_class;

/* The codes that are expected for an error without a body. A provider may report a more specific
 * one. */
static const status_class classes[] = {
    {400, BELUGA_ERROR_INVALID_REQUEST, false}, {401, BELUGA_ERROR_AUTHENTICATION, false},
    {403, BELUGA_ERROR_AUTHORIZATION, false},   {429, BELUGA_ERROR_RATE_LIMIT, true},
    {500, BELUGA_ERROR_INTERNAL, true},         {503, BELUGA_ERROR_OVERLOADED, true}};

static void judge_status(check_run *run, const status_class *c, const char *body)
{
    const beluga_error *err = &run->error;
    if (run->finished) {
        check_problem(run, "HTTP %d \"%s\": want an error, got an answer", c->status, body);
        return;
    }
    if (err->code != c->code)
        check_problem(run, "HTTP %d \"%s\": want %s, got %s", c->status, body,
                      beluga_error_name(c->code), beluga_error_name(err->code));
    if (err->http_status != c->status)
        check_problem(run, "HTTP %d: the error says %d", c->status, err->http_status);
    if (err->code == c->code && (bool)err->retryable != c->retryable)
        check_problem(run, "HTTP %d: want an error that can%s be retried", c->status,
                      c->retryable ? "" : "not");
    if (c->status == 429 && err->retry_after_ms != 2000)
        check_problem(run, "HTTP 429 with Retry-After: 2: the error does not say 2000 ms");
}

static void ask_status(check_run *run, const status_class *c, const char *type, const char *body,
                       check_action *ask)
{
    char headers[96];
    peer_reply *reply = peer_reply_new(run->peer);
    snprintf(headers, sizeof headers, "Content-Type: %s\r\n%s", type,
             c->status == 429 ? "Retry-After: 2\r\n" : "");
    peer_step_status(reply, c->status, headers);
    peer_step_body(reply, body, strlen(body));
    ask(run);
    judge_status(run, c, body);
}

void check_run_statuses(check_run *run)
{
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        ask_status(run, &classes[i], "text/plain", "", check_generate);
        ask_status(run, &classes[i], "application/json", "{}", check_generate);
        ask_status(run, &classes[i], "text/html", "<html>Sorry</html>", check_generate);
        if (check_streams(run))
            ask_status(run, &classes[i], "application/json", "{}", check_stream);
    }
    run->asked = peer_requests(run->peer);
}

static void want_network_error(check_run *run, const char *what)
{
    check_generate(run);
    if (run->finished)
        check_problem(run, "%s: want an error, got an answer", what);
    else if (run->error.code != BELUGA_ERROR_NETWORK &&
             run->error.code != BELUGA_ERROR_STREAM_CLOSED)
        check_problem(run, "%s: want network_error, got %s", what,
                      beluga_error_name(run->error.code));
}

void check_run_no_connection(check_run *run)
{
    peer_step_reset(peer_reply_new(run->peer));
    want_network_error(run, "reset instead of an answer");
    peer_step_close(peer_reply_new(run->peer));
    want_network_error(run, "closed instead of an answer");
    run->asked = peer_requests(run->peer);
    peer_fail_accepts(run->peer, PEER_ACCEPT_CLOSE, 1);
    want_network_error(run, "closed at once");
}
