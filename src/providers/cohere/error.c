/* Decodes errors, which have the form {"id":"…","message":"…"}. The HTTP status determines the
 * code, except for a few messages. */
#include "providers/cohere/cohere.h"

#include <beluga/log.h>

#include <stdio.h>
#include <string.h>

enum { INVALID_TOKEN = 498 };

static int meaning(const beluga_error *err, const char *message)
{
    if (err->http_status == INVALID_TOKEN) return BELUGA_ERROR_AUTHENTICATION;
    if (err->code == BELUGA_ERROR_NOT_FOUND && strstr(message, "model"))
        return BELUGA_ERROR_INVALID_MODEL;
    bool refused =
        err->code == BELUGA_ERROR_INVALID_REQUEST || err->code == BELUGA_ERROR_LIMIT_EXCEEDED;
    if (refused && (strcasestr(message, "too many tokens") ||
                    strcasestr(message, "context length") || strcasestr(message, "context window")))
        return BELUGA_ERROR_CONTEXT_LENGTH;
    /* a trial key has a monthly limit, so a retry within minutes is useless */
    if (err->code == BELUGA_ERROR_RATE_LIMIT && strstr(message, "/ month"))
        return BELUGA_ERROR_QUOTA_EXCEEDED;
    return err->code;
}

void beluga__cohere_decode_error(const beluga_call *call, const beluga_http_response *response,
                                 beluga_error *err)
{
    (void)call;
    size_t length, n = 0;
    const char *body = beluga_http_response_body(response, &length);
    beluga_json_doc *doc = NULL;
    if (beluga_json_parse(body, length, &doc, NULL)) doc = NULL;
    const beluga_json *root = beluga_json_doc_root(doc);
    const char *message = beluga_json_get_string(root, "message", &n);
    const char *id = beluga_json_get_string(root, "id", NULL);
    beluga__error_refine(err, meaning(err, message ? message : ""));
    if (n) beluga_error_set_cause(err, message, n);
    if (id && !*err->request_id)
        beluga_text_to_line(id, strlen(id), err->request_id, sizeof err->request_id);
    beluga_json_doc_free(doc);
}
