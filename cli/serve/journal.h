/*
 * The journal: a line of JSON for each request, in a file or on stdout. A thread of its own writes
 * it, so that a slow disk or reader does not delay requests. A limited number of bytes wait for
 * this thread; further lines are dropped and counted.
 */
#ifndef BELUGA_CLI_SERVE_JOURNAL_H
#define BELUGA_CLI_SERVE_JOURNAL_H

#include "serve/serve.h"

#include <beluga/error.h>

typedef struct serve_journal serve_journal;

/* @return 0 or NO_MEMORY. Nothing is written until serve_journal_open. */
int serve_journal_new(serve_journal **out, beluga_error *err);
/*
 * From now on, write to this file; "-": stdout, NULL: nowhere. If the path is the same, the file is
 * opened again, as is needed after logrotate has moved it.
 * @return 0, or INVALID_CONFIG with advice, and then nothing has changed.
 */
int serve_journal_open(serve_journal *j, const char *path, beluga_error *err);
/* Write the remaining lines, for a short time, and free the journal. NULL does nothing. */
void serve_journal_free(serve_journal *j);

/* Set the texts of the request whose record follows. Long texts are cut. */
void serve_journal_texts(serve_journal *j, const char *request, size_t request_length,
                         const char *answer, size_t answer_length);
void serve_journal_take(serve_journal *j, const serve_record *record);
int64_t serve_journal_dropped(serve_journal *j);
/* Wait until everything is written, or until `timeout_ms` have passed. */
void serve_journal_wait(serve_journal *j, int64_t timeout_ms);
/* Return the errno of a journal that can't be written, if it should be reported now: once until a
 * write succeeds again. @return 0: there is nothing to report. */
int serve_journal_trouble(serve_journal *j);

#endif
