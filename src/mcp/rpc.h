/* Messages of JSON-RPC 2.0, in which a client and a tool server talk. No I/O. */
#ifndef BELUGA__RPC_H
#define BELUGA__RPC_H

#include "base/json.h"

typedef enum beluga__rpc_kind {
    BELUGA__RPC_ANSWER, /* a result or an error for a request of ours */
    BELUGA__RPC_REQUEST,
    BELUGA__RPC_NOTIFICATION,
} beluga__rpc_kind;

/* The code of an error: a method that is not known. */
enum { BELUGA__RPC_NO_METHOD = -32601 };

/* A message; all that it points to lives until the next parse. */
typedef struct beluga__rpc_message {
    beluga__rpc_kind kind;
    int64_t id;                 /* of an answer; 0: none that this client gives */
    const beluga_json *give_id; /* of a request: the server's id, which the answer repeats */
    const char *method;         /* of a request or a notification */
    const beluga_json *params;
    const beluga_json *result; /* of an answer; NULL: it is an error */
    const beluga_json *error;
} beluga__rpc_message;

/* Receives a message. */
typedef void (*beluga__rpc_fn)(void *payload, const beluga__rpc_message *message);

/* Read a text that has one message, or a list of them as the revision 2025-03-26 allows. `fn` gets
 * each one that is a message. Returns the number of those that are none, or a code of
 * beluga_json_parse. */
int beluga__rpc_read(beluga__json_scratch *scratch, const char *text, size_t n, beluga__rpc_fn fn,
                     void *payload, beluga_error *err);

/* Returns the id of the answer that a text which can't be read may have been; 0: none. */
int64_t beluga__rpc_guess_id(const char *text, size_t n);

/* Begin a request, or a notification where `id` is 0; the members of "params" follow, and then
 * beluga__rpc_end. */
void beluga__rpc_begin(beluga_json_writer *w, const char *method, int64_t id);
void beluga__rpc_end(beluga_json_writer *w);
/* Write the answer to a server's request, whose id is JSON text: an empty result, or the error that
 * there is no such method. */
void beluga__rpc_answer(beluga_json_writer *w, const char *id, size_t n, bool known);

#endif
