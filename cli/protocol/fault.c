#include "protocol/fault.h"

#include <beluga/error.h>

#include <stdio.h>
#include <string.h>

/* ---- the table ------------------------------------------------------------------------------- */

#define BAD_REQUEST(code) {400, 400, "invalid_request_error", code, "invalid_request_error"}
#define UNKNOWN(code)     {404, 404, "invalid_request_error", code, "not_found_error"}
#define EXHAUSTED         {429, 402, "insufficient_quota", "insufficient_quota", "billing_error"}
#define TOO_LATE(code)    {504, 504, "server_error", code, "timeout_error"}
/* The provider has violated its protocol; the same request may succeed with another provider. */
#define BAD_GATEWAY(code) {502, 502, "server_error", code, "api_error"}
#define BROKEN(code)      {500, 500, "server_error", code, "api_error"}
#define NOT_NOW(code)     {503, 529, "server_error", code, "overloaded_error"}

/* The index is the negated error code. Types and codes are those of the original services, since
 * clients use them to decide what to do. */
static const protocol_fault faults[BELUGA_ERROR_COUNT + 1] = {
    [0] = BROKEN("server_error"),
    [-BELUGA_ERROR_INVALID_CONFIG] = BROKEN("invalid_config"),
    [-BELUGA_ERROR_NETWORK] = BAD_GATEWAY("network_error"),
    [-BELUGA_ERROR_TIMEOUT] = TOO_LATE("timeout"),
    [-BELUGA_ERROR_RATE_LIMIT] = {429, 429, "rate_limit_exceeded", "rate_limit_exceeded",
                                  "rate_limit_error"},
    [-BELUGA_ERROR_QUOTA_EXCEEDED] = EXHAUSTED,
    [-BELUGA_ERROR_AUTHENTICATION] = {401, 401, "authentication_error", "invalid_api_key",
                                      "authentication_error"},
    [-BELUGA_ERROR_AUTHORIZATION] = {403, 403, "permission_error", "permission_denied",
                                     "permission_error"},
    [-BELUGA_ERROR_NOT_FOUND] = UNKNOWN("not_found"),
    [-BELUGA_ERROR_INTERNAL] = BROKEN("server_error"),
    [-BELUGA_ERROR_INVALID_INPUT] = BAD_REQUEST("invalid_value"),
    [-BELUGA_ERROR_UNSUPPORTED_PROVIDER] = UNKNOWN("model_not_found"),
    [-BELUGA_ERROR_INVALID_MODEL] = UNKNOWN("model_not_found"),
    [-BELUGA_ERROR_MODEL_NOT_AVAILABLE] = NOT_NOW("model_not_available"),
    [-BELUGA_ERROR_INVALID_REQUEST] = BAD_REQUEST("invalid_request"),
    [-BELUGA_ERROR_INVALID_RESPONSE] = BAD_GATEWAY("invalid_response"),
    [-BELUGA_ERROR_EMPTY_RESPONSE] = BAD_GATEWAY("empty_response"),
    [-BELUGA_ERROR_MALFORMED_RESPONSE] = BAD_GATEWAY("malformed_response"),
    [-BELUGA_ERROR_STREAM] = BAD_GATEWAY("stream_error"),
    [-BELUGA_ERROR_STREAM_TIMEOUT] = TOO_LATE("stream_timeout"),
    [-BELUGA_ERROR_STREAM_CLOSED] = BAD_GATEWAY("stream_closed"),
    [-BELUGA_ERROR_TOOL_CALL] = BAD_GATEWAY("tool_call_error"),
    [-BELUGA_ERROR_TOOL_NOT_FOUND] = BAD_GATEWAY("tool_not_found"),
    [-BELUGA_ERROR_TOOL_EXECUTION] = BROKEN("tool_execution_error"),
    /* the client has closed its connection, or the server is ending, and accepts no more calls */
    [-BELUGA_ERROR_CONTEXT_CANCELED] = NOT_NOW("canceled"),
    [-BELUGA_ERROR_CONTEXT_TIMEOUT] = TOO_LATE("timeout"),
    [-BELUGA_ERROR_NO_MEMORY] = NOT_NOW("no_memory"),
    [-BELUGA_ERROR_LIMIT_EXCEEDED] = {413, 413, "invalid_request_error", "request_too_large",
                                      "request_too_large"},
    [-BELUGA_ERROR_NOT_SUPPORTED] = BAD_REQUEST("unsupported_value"),
    [-BELUGA_ERROR_CONTENT_FILTER] = BAD_REQUEST("content_policy_violation"),
    [-BELUGA_ERROR_CONTEXT_LENGTH] = BAD_REQUEST("context_length_exceeded"),
    [-BELUGA_ERROR_OVERLOADED] = NOT_NOW("overloaded"),
    [-BELUGA_ERROR_CIRCUIT_OPEN] = NOT_NOW("circuit_open"),
    [-BELUGA_ERROR_BUDGET_EXCEEDED] = EXHAUSTED,
    [-BELUGA_ERROR_PLUGIN_ABI] = BROKEN("plugin_abi"),
    [-BELUGA_ERROR_RECURSIVE] = BROKEN("server_error"),
    [-BELUGA_ERROR_FORKED] = BROKEN("server_error"),
    [-BELUGA_ERROR_INCOMPLETE] = BAD_GATEWAY("incomplete"),
};

/* Returns whether the provider's answer has exceeded a limit. Unlike a request that is too large,
 * this is not the client's fault. */
static bool is_of_answer(const beluga_error *error)
{
    return error->code == BELUGA_ERROR_LIMIT_EXCEEDED && error->attempts > 0 &&
           error->http_status != 413;
}

protocol_fault protocol_fault_of(const beluga_error *error)
{
    static const protocol_fault too_large = BAD_GATEWAY("answer_too_large");
    if (is_of_answer(error)) return too_large;
    if (error->code > 0 || error->code < -BELUGA_ERROR_COUNT) return faults[0];
    return faults[-error->code];
}

/* ---- words ----------------------------------------------------------------------------------- */

void protocol_fault_message(const beluga_error *error, char message[PROTOCOL_FAULT_BYTES])
{
    const char *said = *error->message ? error->message : beluga_error_text(error->code);
    bool more = *error->cause && !strstr(said, error->cause);
    snprintf(message, PROTOCOL_FAULT_BYTES, more ? "%s (%s)" : "%s", said, error->cause);
}

static bool is_of_member(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '[' ||
           c == ']';
}

const char *protocol_fault_member(const beluga_error *error, char member[PROTOCOL_MEMBER_BYTES])
{
    size_t n = 0;
    if (error->code != BELUGA_ERROR_INVALID_INPUT || error->attempts) return NULL;
    while (n < PROTOCOL_MEMBER_BYTES - 1 && is_of_member(error->message[n])) n++;
    if (!n || strncmp(error->message + n, ": ", 2) != 0) return NULL;
    memcpy(member, error->message, n);
    member[n] = '\0';
    return member;
}

/* ---- OpenAI's family ------------------------------------------------------------------------- */

int protocol_openai_status(const beluga_error *error)
{
    return protocol_fault_of(error).openai_status;
}

void protocol_openai_error(beluga_json_writer *w, const beluga_error *error, const char *request_id)
{
    char message[PROTOCOL_FAULT_BYTES], member[PROTOCOL_MEMBER_BYTES];
    const protocol_fault fault = protocol_fault_of(error);
    (void)request_id;
    protocol_fault_message(error, message);
    beluga_json_begin_object(w, "error");
    beluga_json_put_string(w, "message", message);
    beluga_json_put_string(w, "type", fault.openai_type);
    beluga_json_put_string(w, "param", protocol_fault_member(error, member));
    beluga_json_put_string(w, "code", fault.openai_code);
    beluga_json_end_object(w);
}
