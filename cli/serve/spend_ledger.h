/*
 * The texts that a gateway keeps in a bucket of NATS, and its knowledge of the texts of other
 * gateways.
 *
 * A text of the bucket has the sums of one writer on one day, for at most 256 keys:
 *
 *     2026-11.30.WRITER.0: {"alice":{"requests":2,"input_tokens":20,"output_tokens":10,"cost":0.5}}
 *
 * A writer is one run of one gateway, and only this run writes its texts. A text has whole sums,
 * not increments, so it can be written again if it is unknown whether it has arrived, and writers
 * never wait for each other. The sums of a run that has ended stay as they are; the next run begins
 * at zero, with another name. A ledger has no lock: only one thread may use it.
 */
#ifndef BELUGA_CLI_SERVE_SPEND_LEDGER_H
#define BELUGA_CLI_SERVE_SPEND_LEDGER_H

#include "base/buf.h"
#include "serve/spend_store.h"

#define SPEND_LEDGER_KEY 64

typedef struct spend_ledger spend_ledger;

/* Make an empty ledger. @param writer  At most 16 letters and digits. @return NULL if memory runs
 * out.
 */
spend_ledger *spend_ledger_new(const char *writer);
void spend_ledger_free(spend_ledger *l);

/* Add rows to the sums of this writer. @return 0; -1 if memory runs out: then no row was added. */
int spend_ledger_add(spend_ledger *l, const spend_row *rows, size_t n);
/* Return the texts that must be written, one after the other; `at` is 0 for the first call. @return
 * 1 with a key and its text; 0 after the last text; -1 if memory runs out. */
int spend_ledger_next(spend_ledger *l, size_t *at, char key[SPEND_LEDGER_KEY], beluga__buf *text);
/* Report whether all texts were written. If not, the rows of the last spend_ledger_add are
 * subtracted again; the caller keeps them, and adds them later. */
void spend_ledger_settle(spend_ledger *l, bool written);
/* Mark all texts of this writer to be written again. */
void spend_ledger_begin_anew(spend_ledger *l);

/* Write the common prefix of all keys of the bucket in the month of `day`. */
void spend_ledger_month(int64_t day, char month[8]);
/* Drop the texts of other writers. */
void spend_ledger_forget(spend_ledger *l);
/* Add a text that was read from the bucket. Texts of this writer, and other data, are ignored.
 * @return 0; -1 if memory runs out, or if MAX_OTHERS would be exceeded. */
int spend_ledger_take(spend_ledger *l, const char *key, const char *text, size_t n);
/* Report the sums of all writers for the month of `day`, up to that day. */
void spend_ledger_tell(const spend_ledger *l, int64_t day, spend_total_fn tell, void *payload);

#endif
