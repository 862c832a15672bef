/*
 * The journal: a line of JSON for each request, to a file or stdout. A thread of its own writes, so
 * that a disk or a reader that does not take its lines keeps nobody waiting: so many bytes are kept
 * for it, and lines beyond them are dropped and counted.
 */
#ifndef BELUGA_CLI_SERVE_JOURNAL_H
#define BELUGA_CLI_SERVE_JOURNAL_H

#include "serve/serve.h"

#include <beluga/error.h>

typedef struct serve_journal serve_journal;

/* @return 0 or NO_MEMORY; no lines are written until serve_journal_open. */
int serve_journal_new(serve_journal **out, beluga_error *err);
/*
 * Write to this file from now on, "-": stdout, NULL: nowhere. The same path opens the file anew, as
 * after logrotate has moved it.
 * @return 0, or INVALID_CONFIG with what to do; then all stays as it was.
 */
int serve_journal_open(serve_journal *j, const char *path, beluga_error *err);
/* Write what is left, for a short time. NULL does nothing. */
void serve_journal_free(serve_journal *j);

/* Texts of the request whose record follows. Long ones are cut. */
void serve_journal_texts(serve_journal *j, const char *request, size_t request_length,
                         const char *answer, size_t answer_length);
void serve_journal_take(serve_journal *j, const serve_record *record);
int64_t serve_journal_dropped(serve_journal *j);
/* Wait until all is written, or `timeout_ms` are over. */
void serve_journal_wait(serve_journal *j, int64_t timeout_ms);
/* Take the errno that is to be told of a journal that can't be written: once until it can be again.
 * @return 0: nothing. */
int serve_journal_trouble(serve_journal *j);

#endif
