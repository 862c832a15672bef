/* Reads and writes messages of JSON-RPC 2.0, the format between an MCP client and a server. No
 * I/O. */
#ifndef BELUGA__RPC_H
#define BELUGA__RPC_H

#include "base/json.h"

typedef enum beluga__rpc_kind {
    BELUGA__RPC_ANSWER, /* a result or an error for a request of this client */
    BELUGA__RPC_REQUEST,
    BELUGA__RPC_NOTIFICATION,
} beluga__rpc_kind;

/* The error code for an unknown method. */
enum { BELUGA__RPC_NO_METHOD = -32601 };

/* A message. Its pointers are valid until the next parse. */
typedef struct beluga__rpc_message {
    beluga__rpc_kind kind;
    /* id of the request that is answered; 0: not an id that this client uses */
    int64_t id;
    const beluga_json *give_id; /* id of the server's request, which the answer repeats */
    const char *method;         /* method of a request or a notification */
    const beluga_json *params;
    const beluga_json *result; /* result of an answer; NULL: the answer is an error */
    const beluga_json *error;
} beluga__rpc_message;

/* Receives a message. */
typedef void (*beluga__rpc_fn)(void *payload, const beluga__rpc_message *message);

/* Read a text that is one message, or a list of messages as the revision 2025-03-26 allows. `fn`
 * gets each message. Returns how many items were not messages, or a code of beluga_json_parse. */
int beluga__rpc_read(beluga__json_scratch *scratch, const char *text, size_t n, beluga__rpc_fn fn,
                     void *payload, beluga_error *err);

/* Guess the id of an answer from a text that can't be parsed; 0: no id was found. */
int64_t beluga__rpc_guess_id(const char *text, size_t n);

/* Begin a request, or a notification if `id` is 0. Write the members of "params" next, then call
 * beluga__rpc_end. */
void beluga__rpc_begin(beluga_json_writer *w, const char *method, int64_t id);
void beluga__rpc_end(beluga_json_writer *w);
/* Write the answer to a server's request, whose id is given as JSON text: an empty result if
 * `known`, else the error for an unknown method. */
void beluga__rpc_answer(beluga_json_writer *w, const char *id, size_t n, bool known);

#endif
