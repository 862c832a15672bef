/* Functions that the files of the extension share. */
#ifndef BELUGA_POSTGRESQL_EXTENSION_H
#define BELUGA_POSTGRESQL_EXTENSION_H

#include "../database/options.h"
#include "../database/session.h"

#include <fmgr.h>

/* ---- settings.c ------------------------------------------------------------------------------ */

/* Define the settings. Called when the module is loaded, which may be in the server's main
 * process. */
void settings_define(void);
void settings_policy(db_policy *policy);
/* Fill a request with the defaults from the settings, which own its texts. */
void settings_request(db_request *request);
/* Return the model that makes embeddings; NULL if none is set. */
const char *settings_embedding_model(void);

/* ---- session.c ------------------------------------------------------------------------------- */

/* Return the session of this backend, with the current policy. It is made at first use. */
db_session *backend_session(void);
/* Set whether a waiting call first sends the rows that are ready to the client. */
void backend_sends_rows(bool sends);
/* Raise an error of the library as an error of PostgreSQL. */
_Noreturn void backend_fail(const beluga_error *err);

/* Fill a request from arguments of a function: argument `model`, and the options after it. Both may
 * be NULL. */
void backend_request(FunctionCallInfo fcinfo, int model, db_request *request);

/* ---- text.c ---------------------------------------------------------------------------------- */

/* Return a text in UTF-8, NUL-terminated, in the current memory context. */
char *text_to_utf8(const text *value, size_t *length);
/* Return a JSON value as a text in UTF-8. */
char *jsonb_to_utf8(Datum value, size_t *length);
/* Convert UTF-8 to a text in the server's encoding. @return NULL if the encoding lacks a
 * character. */
text *text_from_utf8(const char *utf8, size_t length);
/* Do the same as text_from_utf8, but raise an error if the encoding lacks a character. */
text *text_from_utf8_or_fail(const char *utf8, size_t length);
/* Convert UTF-8 to a string for a message. If the encoding lacks a character, all characters that
 * are not ASCII become "?". */
char *message_from_utf8(const char *utf8);
/* The error of a row whose answer has a character that the encoding lacks. */
#define TEXT_UNTRANSLATABLE "the answer has a character that the encoding of this database lacks"

#endif
