/* Decodes exceptions, which have names. An answer with a status of 400 or more has the name in a
 * header; in a stream the name is in a header of the frame. */
#include "providers/bedrock/bedrock.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MAX_EXCEPTION = 96 };

static int code_of_name(const char *name)
{
    static const struct {
        const char *name;
        int code;
    } exceptions[] = {
        {"ThrottlingException", BELUGA_ERROR_RATE_LIMIT},
        {"ValidationException", BELUGA_ERROR_INVALID_REQUEST},
        {"AccessDeniedException", BELUGA_ERROR_AUTHORIZATION},
        {"ResourceNotFoundException", BELUGA_ERROR_INVALID_MODEL},
        {"ServiceQuotaExceededException", BELUGA_ERROR_QUOTA_EXCEEDED},
        {"ModelTimeoutException", BELUGA_ERROR_TIMEOUT},
        {"ModelErrorException", BELUGA_ERROR_INTERNAL},
        {"ModelStreamErrorException", BELUGA_ERROR_STREAM},
        {"ModelNotReadyException", BELUGA_ERROR_MODEL_NOT_AVAILABLE},
        {"InternalServerException", BELUGA_ERROR_INTERNAL},
        {"InternalFailure", BELUGA_ERROR_INTERNAL},
        {"ServiceUnavailableException", BELUGA_ERROR_OVERLOADED},
        {"UnrecognizedClientException", BELUGA_ERROR_AUTHENTICATION},
        {"InvalidSignatureException", BELUGA_ERROR_AUTHENTICATION},
        {"IncompleteSignatureException", BELUGA_ERROR_AUTHENTICATION},
        {"MissingAuthenticationTokenException", BELUGA_ERROR_AUTHENTICATION},
        {"MissingAuthenticationToken", BELUGA_ERROR_AUTHENTICATION},
        {"ExpiredTokenException", BELUGA_ERROR_AUTHENTICATION},
        {"InvalidClientTokenId", BELUGA_ERROR_AUTHENTICATION},
        {"ExpiredToken", BELUGA_ERROR_AUTHENTICATION},
        {"RequestExpired", BELUGA_ERROR_AUTHENTICATION},
        {"SignatureDoesNotMatch", BELUGA_ERROR_AUTHENTICATION},
        {"NotAuthorized", BELUGA_ERROR_AUTHORIZATION},
        {"OptInRequired", BELUGA_ERROR_AUTHORIZATION},
        {"AccessDenied", BELUGA_ERROR_AUTHORIZATION},
        {"Throttling", BELUGA_ERROR_RATE_LIMIT},
        {"ThrottledException", BELUGA_ERROR_RATE_LIMIT},
        {"TooManyRequestsException", BELUGA_ERROR_RATE_LIMIT},
        {"ServiceUnavailable", BELUGA_ERROR_OVERLOADED},
        {"RequestTimeoutException", BELUGA_ERROR_TIMEOUT},
        {"RequestEntityTooLargeException", BELUGA_ERROR_LIMIT_EXCEEDED},
    };
    /* case is ignored, since names in frames begin with a small letter */
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
        if (strcasecmp(name, exceptions[i].name) == 0) return exceptions[i].code;
    return 0;
}

/* Returns the code of an error. Some causes are shown only by the message: why a validation failed,
 * that one of Bedrock's own keys is invalid, and that the tokens of a day are used up, so that
 * waiting for seconds does not help. */
static int meaning(const char *name, const char *message, int otherwise)
{
    static const struct {
        int of; /* the row applies to errors with this code */
        const char *text;
        int code;
    } texts[] = {
        {BELUGA_ERROR_INVALID_REQUEST, "too long", BELUGA_ERROR_CONTEXT_LENGTH},
        {BELUGA_ERROR_INVALID_REQUEST, "too many input tokens", BELUGA_ERROR_CONTEXT_LENGTH},
        {BELUGA_ERROR_INVALID_REQUEST, "input tokens exceed", BELUGA_ERROR_CONTEXT_LENGTH},
        {BELUGA_ERROR_INVALID_REQUEST, "context window", BELUGA_ERROR_CONTEXT_LENGTH},
        {BELUGA_ERROR_INVALID_REQUEST, "context length", BELUGA_ERROR_CONTEXT_LENGTH},
        {BELUGA_ERROR_INVALID_REQUEST, "context limit", BELUGA_ERROR_CONTEXT_LENGTH},
        {BELUGA_ERROR_INVALID_REQUEST, "model identifier is invalid", BELUGA_ERROR_INVALID_MODEL},
        {BELUGA_ERROR_INVALID_REQUEST, "on-demand throughput", BELUGA_ERROR_INVALID_MODEL},
        {BELUGA_ERROR_INVALID_REQUEST, "content filtering policy", BELUGA_ERROR_CONTENT_FILTER},
        {BELUGA_ERROR_INVALID_REQUEST, "doesn't support", BELUGA_ERROR_NOT_SUPPORTED},
        {BELUGA_ERROR_RATE_LIMIT, "tokens per day", BELUGA_ERROR_QUOTA_EXCEEDED},
        {BELUGA_ERROR_AUTHORIZATION, "API Key is valid", BELUGA_ERROR_AUTHENTICATION},
        {BELUGA_ERROR_AUTHORIZATION, "Bearer Token", BELUGA_ERROR_AUTHENTICATION},
        {BELUGA_ERROR_AUTHORIZATION, "security token", BELUGA_ERROR_AUTHENTICATION},
    };
    int code = code_of_name(name);
    if (!code) code = otherwise;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (code == texts[i].of && strcasestr(message, texts[i].text)) return texts[i].code;
    return code;
}

/* Reduce "com.amazon.coral.validate#ValidationException:http://…" to "ValidationException". */
static void clean(const char *name, char *out)
{
    const char *hash = strchr(name, '#');
    if (hash) name = hash + 1;
    snprintf(out, MAX_EXCEPTION, "%.*s", (int)strcspn(name, ":"), name);
}

static const char *message_of(const beluga_json *root, size_t *length)
{
    const char *message = beluga_json_get_string(root, "message", length);
    if (!message) message = beluga_json_get_string(root, "Message", length);
    if (!message) *length = 0;
    return message;
}

void beluga__bedrock_decode_error(const beluga_call *call, const beluga_http_response *response,
                                  beluga_error *err)
{
    (void)call;
    size_t length, n;
    const char *body = beluga_http_response_body(response, &length);
    const char *header = beluga_http_response_header(response, "x-amzn-errortype");
    char name[MAX_EXCEPTION];
    beluga_json_doc *doc = NULL;
    if (beluga_json_parse(body, length, &doc, NULL)) doc = NULL;
    const beluga_json *root = beluga_json_doc_root(doc);
    const char *type = header ? header : beluga_json_get_string(root, "__type", NULL);
    const char *message = message_of(root, &n);
    clean(type ? type : "", name);
    beluga__error_refine(err, meaning(name, message ? message : "", err->code));
    if (*name) beluga_error_set_provider_code(err, name, strlen(name));
    if (n) beluga_error_set_cause(err, message, n);
    beluga_json_doc_free(doc);
}

int beluga__bedrock_emit_exception(const char *name, const char *payload, size_t length,
                                   beluga_emit *emit)
{
    const beluga_json *root = NULL;
    beluga_error err;
    size_t n = 0;
    int code = *payload == '{' ? beluga_emit_parse(emit, payload, length, &root) : 0;
    if (code) return code;
    const char *message = root ? message_of(root, &n) : payload;
    if (!root) n = length;
    code = meaning(name, message ? message : "", BELUGA_ERROR_STREAM);
    beluga_error_set(&err, code, "%s%s", beluga_error_text(code),
                     code == BELUGA_ERROR_STREAM ? "" : " (reported inside the stream)");
    if (*name) beluga_error_set_provider_code(&err, name, strlen(name));
    if (n) beluga_error_set_cause(&err, message, n);
    return beluga_emit_error(emit, &err);
}
