/* Errors in the forms that clients understand: a table with each kind of error, in the form of
 * OpenAI's protocols and in the form of Messages. */
#ifndef BELUGA_CLI_PROTOCOL_FAULT_H
#define BELUGA_CLI_PROTOCOL_FAULT_H

#include "protocol/protocol.h"

#define PROTOCOL_FAULT_BYTES  768
#define PROTOCOL_MEMBER_BYTES 128

/* The form of one kind of error. All strings are static. */
typedef struct protocol_fault {
    int openai_status, messages_status; /* HTTP statuses */
    const char *openai_type;            /* "invalid_request_error", … */
    const char *openai_code;            /* "context_length_exceeded", …; NULL: none */
    const char *messages_type;          /* "overloaded_error", … */
} protocol_fault;

protocol_fault protocol_fault_of(const beluga_error *error);

/* Write a message that says what happened and what to do, followed by the provider's own message.
 */
void protocol_fault_message(const beluga_error *error, char message[PROTOCOL_FAULT_BYTES]);

/* If the error refuses a request because of one member, write the name of this member, such as
 * "messages[2].role". It is the beginning of the error's message.
 * @return `member`, or NULL if the error is not about a member. */
const char *protocol_fault_member(const beluga_error *error, char member[PROTOCOL_MEMBER_BYTES]);

/* Write an error as members of the current object, {"error": {message, type, param, code}}, and
 * return the HTTP status of an error. OpenAI's protocols share these two functions of protocol.h.
 */
void protocol_openai_error(beluga_json_writer *w, const beluga_error *error,
                           const char *request_id);
int protocol_openai_status(const beluga_error *error);

#endif
