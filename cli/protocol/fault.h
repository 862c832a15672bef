/* Errors as clients understand them: one table of all kinds of errors, for each family of
 * protocols. */
#ifndef BELUGA_CLI_PROTOCOL_FAULT_H
#define BELUGA_CLI_PROTOCOL_FAULT_H

#include "protocol/protocol.h"

#define PROTOCOL_FAULT_BYTES  768
#define PROTOCOL_MEMBER_BYTES 128

/* What a kind of errors is to clients. All strings are static. */
typedef struct protocol_fault {
    int openai_status, messages_status; /* of HTTP */
    const char *openai_type;            /* "invalid_request_error", … */
    const char *openai_code;            /* "context_length_exceeded", …; NULL: none */
    const char *messages_type;          /* "overloaded_error", … */
} protocol_fault;

protocol_fault protocol_fault_of(const beluga_error *error);

/* Write what happened and what to do, with the provider's own words behind it. */
void protocol_fault_message(const beluga_error *error, char message[PROTOCOL_FAULT_BYTES]);

/* Write the member that a refused request has wrong, as its error begins with it:
 * "messages[2].role".
 * @return `member`; NULL: no member is wrong. */
const char *protocol_fault_member(const beluga_error *error, char member[PROTOCOL_MEMBER_BYTES]);

/* Write an error as members of the object that is open, as OpenAI's protocols have it: {"error":
 * {message, type, param, code}}; and its status. They are the functions of protocol.h. */
void protocol_openai_error(beluga_json_writer *w, const beluga_error *error,
                           const char *request_id);
int protocol_openai_status(const beluga_error *error);

#endif
