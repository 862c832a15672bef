/* What the files of the extension share. */
#ifndef BELUGA_POSTGRESQL_EXTENSION_H
#define BELUGA_POSTGRESQL_EXTENSION_H

#include "../database/options.h"
#include "../database/session.h"

#include <fmgr.h>

/* ---- settings.c ------------------------------------------------------------------------------ */

/* Define the settings; when the module is loaded, perhaps in the server's main process. */
void settings_define(void);
void settings_policy(db_policy *policy);
/* The defaults of a request; its texts are the settings' own. */
void settings_request(db_request *request);
/* The model that embeds; NULL: none is set. */
const char *settings_embedding_model(void);

/* ---- session.c ------------------------------------------------------------------------------- */

/* Return the session of this backend, made at first use, with the policy of now. */
db_session *backend_session(void);
/* Let a call that waits send the rows so far to the client first, or not. */
void backend_sends_rows(bool sends);
/* Raise the error. */
_Noreturn void backend_fail(const beluga_error *err);

/* Read arguments of a call: model and options may be NULL. */
void backend_request(FunctionCallInfo fcinfo, int model, db_request *request);

/* ---- text.c ---------------------------------------------------------------------------------- */

/* Return a text in UTF-8, NUL-terminated, in the current memory context. */
char *text_to_utf8(const text *value, size_t *length);
/* Return a JSON value as a text in UTF-8. */
char *jsonb_to_utf8(Datum value, size_t *length);
/* Make a text of UTF-8 in the server's encoding. @return NULL where that has no such character. */
text *text_from_utf8(const char *utf8, size_t length);
/* The same, but the error for the user where there is no such character. */
text *text_from_utf8_or_fail(const char *utf8, size_t length);
/* The same as a string for a message, with "?" for characters that there are not. */
char *message_from_utf8(const char *utf8);
/* What the error of a row says where a character is missing. */
#define TEXT_UNTRANSLATABLE "the answer has a character that the encoding of this database lacks"

#endif
