/* What all kinds of calls share: the model, the options, the deadline, and how calls end. */
#ifndef BELUGA_DATABASE_CALL_H
#define BELUGA_DATABASE_CALL_H

#include "options.h"
#include "session.h"

#include <beluga/context.h>

/* A model, and the context and options of a call to it. Zero-initialise this struct. */
typedef struct db_call {
    db_session *session;
    beluga_chat_model *model; /* owned reference */
    char *system;             /* system text of the model's alias; owned; NULL: none */
    beluga_context *context;
    beluga_price price;
    bool has_price;
    db_options options;
} db_call;

/* Look up the model, read the options, and start the timeout of the call. */
int db_call_begin(db_call *call, db_session *session, const db_request *request, beluga_error *err);
/* Return the price of the model, or NULL if it is not known. */
const beluga_price *db_call_price(const db_call *call);
/* Free everything that `call` owns. The call must have ended. */
void db_call_end(db_call *call);

/* Make the messages of a call: the system text (from the options or from the model's alias), then
 * the prompt. */
beluga_messages *db_call_messages(const db_call *call, const char *prompt, size_t length);

/*
 * Step the loop until a cancelled call reports its end, which takes a step or two.
 *
 * @return whether the call has ended.
 */
bool db_call_drain(db_session *session, const bool *ended);

#endif
