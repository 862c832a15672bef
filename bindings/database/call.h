/* What all calls under way share: how they are ended, and how their cost is counted. */
#ifndef BELUGA_DATABASE_CALL_H
#define BELUGA_DATABASE_CALL_H

#include "options.h"
#include "session.h"

#include <beluga/context.h>

/* A model, and the context and options of a call to it. Zero-initialise this struct. */
typedef struct db_call {
    db_session *session;
    beluga_chat_model *model; /* one reference, ours */
    char *system;             /* of the model's alias; owned; NULL: none */
    beluga_context *context;
    beluga_price price;
    bool has_price;
    db_options options;
} db_call;

/* Look up the model, read the options, and begin the time that the call has. */
int db_call_begin(db_call *call, db_session *session, const db_request *request, beluga_error *err);
/* Return the price, or NULL where none is known. */
const beluga_price *db_call_price(const db_call *call);
/* Free what it has; the call itself has ended. */
void db_call_end(db_call *call);

/* Make the messages of a prompt: the system text of the options or of the model's alias, and it. */
beluga_messages *db_call_messages(const db_call *call, const char *prompt, size_t length);

/*
 * Let the loop deliver the end of a call that was cancelled, which needs a step or two.
 *
 * @return whether it came.
 */
bool db_call_drain(db_session *session, const bool *ended);

#endif
