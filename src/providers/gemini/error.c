/* Decodes errors, which have the form {"error":{"code","message","status","details":[…]}},
 * sometimes inside an array. */
#include "providers/gemini/gemini.h"

#include <stdio.h>
#include <string.h>

enum { MAX_WAIT_S = 24 * 60 * 60 };

/* Returns the detail of a type, such as google.rpc.RetryInfo, or NULL. */
static const beluga_json *detail_of(const beluga_json *error, const char *type)
{
    const beluga_json *details = beluga_json_get(error, "details");
    if (!beluga_json_is_array(details)) return NULL;
    for (const beluga_json *v = beluga_json_first(details); v; v = beluga_json_next(details, v)) {
        const char *url = beluga_json_get_string(v, "@type", NULL);
        const char *slash = url ? strrchr(url, '/') : NULL;
        if (slash && strcmp(slash + 1, type) == 0) return v;
    }
    return NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Returns the milliseconds of a duration such as "17s" or "17.25s"; -1 for any other text. */
static int64_t read_duration_ms(const char *text)
{
    int64_t ms = 0;
    if (!text || !is_digit(*text)) return -1;
    for (; is_digit(*text) && ms < MAX_WAIT_S; text++) ms = ms * 10 + (*text - '0');
    if (ms >= MAX_WAIT_S) return (int64_t)MAX_WAIT_S * 1000;
    ms *= 1000;
    if (*text == '.') text++;
    for (int unit = 100; is_digit(*text); text++, unit /= 10) ms += (*text - '0') * unit;
    return *text == 's' ? ms : -1;
}

static int64_t retry_delay_ms(const beluga_json *error)
{
    const beluga_json *info = detail_of(error, "google.rpc.RetryInfo");
    return read_duration_ms(beluga_json_get_string(info, "retryDelay", NULL));
}

/* Returns whether a daily limit or the credit is used up. Waiting helps with a limit per minute,
 * but not with these. */
static bool is_used_up(const beluga_json *error, const char *message)
{
    const beluga_json *failure = detail_of(error, "google.rpc.QuotaFailure");
    const beluga_json *violations = beluga_json_get(failure, "violations");
    for (const beluga_json *v = beluga_json_first(violations); v;
         v = beluga_json_next(violations, v)) {
        const char *id = beluga_json_get_string(v, "quotaId", NULL);
        if (id && strstr(id, "PerDay")) return true;
    }
    return strstr(message, "credits are depleted") != NULL;
}

static const char *reason_of(const beluga_json *error)
{
    return beluga_json_get_string(detail_of(error, "google.rpc.ErrorInfo"), "reason", NULL);
}

/* The codes of google.rpc.Code and the HTTP status for each (google/rpc/code.proto). The index of a
 * row is the code's number. Errors of HTTP requests contain the word and the HTTP status; errors of
 * batch jobs and of their lines contain only the code's number. */
static const struct {
    const char *word;
    int http, code;
} statuses[] = {
    {"OK", 500, BELUGA_ERROR_INTERNAL},
    {"CANCELLED", 499, BELUGA_ERROR_INTERNAL},
    {"UNKNOWN", 500, BELUGA_ERROR_INTERNAL},
    {"INVALID_ARGUMENT", 400, BELUGA_ERROR_INVALID_REQUEST},
    {"DEADLINE_EXCEEDED", 504, BELUGA_ERROR_TIMEOUT},
    {"NOT_FOUND", 404, BELUGA_ERROR_NOT_FOUND},
    {"ALREADY_EXISTS", 409, BELUGA_ERROR_INVALID_REQUEST},
    {"PERMISSION_DENIED", 403, BELUGA_ERROR_AUTHORIZATION},
    {"RESOURCE_EXHAUSTED", 429, BELUGA_ERROR_RATE_LIMIT},
    {"FAILED_PRECONDITION", 400, BELUGA_ERROR_INVALID_REQUEST},
    {"ABORTED", 409, BELUGA_ERROR_INTERNAL},
    {"OUT_OF_RANGE", 400, BELUGA_ERROR_INVALID_REQUEST},
    {"UNIMPLEMENTED", 501, BELUGA_ERROR_NOT_SUPPORTED},
    {"INTERNAL", 500, BELUGA_ERROR_INTERNAL},
    {"UNAVAILABLE", 503, BELUGA_ERROR_OVERLOADED},
    {"DATA_LOSS", 500, BELUGA_ERROR_INTERNAL},
    {"UNAUTHENTICATED", 401, BELUGA_ERROR_AUTHENTICATION},
};
enum { STATUSES = sizeof statuses / sizeof *statuses };

/* Returns the index of an error's status in the table, or -1 if the table does not contain the
 * status. */
static int place_of(const beluga_json *error)
{
    const char *word = beluga_json_get_string(error, "status", NULL);
    int64_t number = beluga_json_get_int(error, "code", 0);
    for (int i = 1; word && i < STATUSES; i++)
        if (strcmp(word, statuses[i].word) == 0) return i;
    return !word && number > 0 && number < STATUSES ? (int)number : -1;
}

int beluga__gemini_status_of(const beluga_json *error)
{
    int64_t number = beluga_json_get_int(error, "code", 0);
    int place = place_of(error);
    if (number >= 400 && number < 600) return (int)number;
    return place > 0 ? statuses[place].http : 500;
}

/* Returns whether a refused access may mean that a file does not exist. The API sends the same
 * error for a deleted file and for another user's file. */
static bool may_be_gone(const char *message)
{
    return strstr(message, "access the File") && strstr(message, "may not exist");
}

/* Returns a more exact code than `code`, if the error's reason or message allows it. */
static int refine(const beluga_json *error, int code, const char *message)
{
    const char *reason = reason_of(error);
    if (reason && strcmp(reason, "API_KEY_INVALID") == 0) return BELUGA_ERROR_AUTHENTICATION;
    if (code == BELUGA_ERROR_RATE_LIMIT && is_used_up(error, message))
        return BELUGA_ERROR_QUOTA_EXCEEDED;
    if (code == BELUGA_ERROR_AUTHORIZATION && may_be_gone(message)) return BELUGA_ERROR_NOT_FOUND;
    if (code == BELUGA_ERROR_NOT_FOUND && strstr(message, "models/"))
        return BELUGA_ERROR_INVALID_MODEL;
    if (code == BELUGA_ERROR_INVALID_REQUEST && strstr(message, "token count") &&
        strstr(message, "exceeds"))
        return BELUGA_ERROR_CONTEXT_LENGTH;
    return code;
}

int beluga__gemini_error_code(const beluga_json *error, int otherwise)
{
    const char *message = beluga_json_get_string(error, "message", NULL);
    int place = place_of(error), code = place > 0 ? statuses[place].code : 0;
    int64_t number = beluga_json_get_int(error, "code", 0);
    if (!code && number >= 400 && number < 600) code = beluga_error_from_http((int)number);
    return refine(error, code ? code : otherwise, message ? message : "");
}

static void describe(const beluga_json *error, beluga_error *err)
{
    size_t length = 0;
    const char *message = beluga_json_get_string(error, "message", &length);
    const char *word = reason_of(error);
    int place = place_of(error);
    if (!word) word = beluga_json_get_string(error, "status", NULL);
    if (!word && place > 0) word = statuses[place].word;
    beluga__error_describe(err, word, beluga_json_get_int(error, "code", 0), message, length);
    int64_t wait_ms = retry_delay_ms(error);
    if (wait_ms > err->retry_after_ms) err->retry_after_ms = wait_ms;
}

void beluga__gemini_decode_error(const beluga_call *call, const beluga_http_response *response,
                                 beluga_error *err)
{
    (void)call;
    size_t length;
    const char *body = beluga_http_response_body(response, &length);
    beluga_json_doc *doc;
    if (beluga_json_parse(body, length, &doc, NULL)) return;
    const beluga_json *root = beluga_json_doc_root(doc);
    if (beluga_json_is_array(root)) root = beluga_json_at(root, 0);
    const beluga_json *error = beluga_json_get(root, "error");
    if (beluga_json_is_object(error)) {
        beluga__error_refine(err, beluga__gemini_error_code(error, err->code));
        describe(error, err);
    }
    beluga_json_doc_free(doc);
}

int beluga__gemini_emit_fault(const beluga_json *error, int otherwise, beluga_emit *emit)
{
    beluga_error err;
    int code = beluga__gemini_error_code(error, otherwise);
    beluga__error_set_inside(&err, code, otherwise);
    describe(error, &err);
    return beluga_emit_error(emit, &err);
}
