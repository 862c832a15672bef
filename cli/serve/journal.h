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

/* Make a journal, which writes nothing until serve_journal_open. @return 0 or NO_MEMORY. */
int serve_journal_new(serve_journal **out, beluga_error *err);
/*
 * Write to this file from now on; "-": stdout, NULL: write nothing. If the path is the same, the
 * file is opened again, which is needed after logrotate has moved it.
 * @return 0; INVALID_CONFIG with advice, and then the journal writes to the old file.
 */
int serve_journal_open(serve_journal *j, const char *path, beluga_error *err);
/* Write the remaining lines, but only for a short time, and free the journal. NULL does nothing. */
void serve_journal_free(serve_journal *j);

/* Set the texts of the request whose record is passed next. Long texts are truncated. */
void serve_journal_texts(serve_journal *j, const char *request, size_t request_length,
                         const char *answer, size_t answer_length);
void serve_journal_take(serve_journal *j, const serve_record *record);
int64_t serve_journal_dropped(serve_journal *j);
/* Wait until everything is written, or until `timeout_ms` have passed. */
void serve_journal_wait(serve_journal *j, int64_t timeout_ms);
/* Return the errno of a failure to write, if it should be reported now: a failure is reported only
 * once, until a write succeeds again. @return 0: nothing to report. */
int serve_journal_trouble(serve_journal *j);

#endif
