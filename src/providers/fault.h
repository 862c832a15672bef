/* Reads errors from JSON. They are similar for most servers: the protocols of OpenAI and Anthropic
 * use {"error":{"message","type","code"}}, of which their hosts and proxies use variants. */
#ifndef BELUGA__PROVIDERS_FAULT_H
#define BELUGA__PROVIDERS_FAULT_H

#include "providers/common.h"

/* A provider's decode_error. */
void beluga__fault_decode_error(const beluga_call *call, const beluga_http_response *response,
                                beluga_error *err);

/* The members that can report an error. A decoder that picks the members of an answer also picks
 * these. */
typedef enum beluga__fault_member {
    BELUGA__FAULT_ERROR,
    BELUGA__FAULT_ERRORS,
    BELUGA__FAULT_MESSAGE,
    BELUGA__FAULT_MSG,
    BELUGA__FAULT_CODE,
    BELUGA__FAULT_BASE_RESP,
    BELUGA__FAULT_MEMBERS
} beluga__fault_member;
#define BELUGA__FAULT_NAMES                                                                   \
    BELUGA_JSON_NAME("error"), BELUGA_JSON_NAME("errors"), BELUGA_JSON_NAME("error_message"), \
        BELUGA_JSON_NAME("error_msg"), BELUGA_JSON_NAME("error_code"),                        \
        BELUGA_JSON_NAME("base_resp")

/* Returns whether one of the values reports an error. null, false, 0, "" and objects that contain
 * only these do not. */
bool beluga__fault_among(const beluga_json *const values[BELUGA__FAULT_MEMBERS]);
/* Returns whether a body with status 200 reports an error. Further signs of an error, such as
 * "detail", are checked unless it is `certain` that the body is an answer. */
bool beluga__fault_is(const beluga_json *root, bool certain);
/* Set the error that a body reports; `otherwise` is the code for an error without a known code. */
void beluga__fault_read(const beluga_json *root, int otherwise, beluga_error *err);
/* Emit the error that a body reports; `otherwise` is the code for an error without a known code.
 * Returns the code. */
int beluga__fault_emit(const beluga_json *root, int otherwise, beluga_emit *emit);
/* Emit the error that a body reports instead of an answer; if it reports none, emit
 * INVALID_RESPONSE with the message `what`. Returns the code. */
int beluga__fault_or_failure(const beluga_json *root, const char *what, beluga_emit *emit);

/* Returns the code of an error for which a whole batch job failed; 0 if it has no known code. */
int beluga__fault_of_job(const beluga_json *error);

#endif
