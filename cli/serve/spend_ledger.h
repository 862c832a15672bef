/*
 * What a gateway has in a bucket of NATS, and what it knows of the others there.
 *
 * A text of the bucket is what one writer has counted on one day, for at most 256 keys:
 *
 *     2026-11.30.WRITER.0: {"alice":{"requests":2,"input_tokens":20,"output_tokens":10,"cost":0.5}}
 *
 * A writer is one run of one gateway, and nobody else ever writes its texts. They have whole sums,
 * not what is added: so writing one again, where nobody knows whether it has come, changes nothing,
 * and no two writers wait for each other. What a run that is over had counted stays as it is, and
 * the next run counts from zero under another name. Not locked: one thread has it.
 */
#ifndef BELUGA_CLI_SERVE_SPEND_LEDGER_H
#define BELUGA_CLI_SERVE_SPEND_LEDGER_H

#include "serve/spend_store.h"

#include "base/buf.h"

#define SPEND_LEDGER_KEY 64

typedef struct spend_ledger spend_ledger;

/* @param writer  At most 16 letters and digits. @return NULL without memory. */
spend_ledger *spend_ledger_new(const char *writer);
void spend_ledger_free(spend_ledger *l);

/* Add rows to this writer's sums. @return 0; -1 without memory, and nothing was added. */
int spend_ledger_add(spend_ledger *l, const spend_row *rows, size_t n);
/* Take the texts that are to be written, one after another: `at` begins with 0.
 * @return 1 with a key and its text; 0: no more; -1 without memory. */
int spend_ledger_next(spend_ledger *l, size_t *at, char key[SPEND_LEDGER_KEY], beluga__buf *text);
/* All of them are written; or one is not, and the last rows are taken back. */
void spend_ledger_settle(spend_ledger *l, bool written);
/* All of this writer's is to be written anew. */
void spend_ledger_begin_anew(spend_ledger *l);

/* Write the word that all keys of a day's month begin with. */
void spend_ledger_month(int64_t day, char month[8]);
/* Forget what others have written. */
void spend_ledger_forget(spend_ledger *l);
/* Take a text of the bucket in; those of this writer, and what is none of them, are passed over.
 * @return 0; -1 without memory, or past the maximum. */
int spend_ledger_take(spend_ledger *l, const char *key, const char *text, size_t n);
/* Tell what all writers have counted in a day's month until that day. */
void spend_ledger_tell(const spend_ledger *l, int64_t day, spend_total_fn tell, void *payload);

#endif
