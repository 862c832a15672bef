/* --record and --replay. */
#ifndef BELUGA_CLI_CASSETTE_H
#define BELUGA_CLI_CASSETTE_H

#include "args.h"

/* Do what the options say to the client, before it is used. @return 0, or an exit code, reported.
 */
int cassette_start(const cli_args *args);

/* Keep beside the recordings which model was asked, and with --replay find it there, so that the
 * same command line without a key asks the same one. Owned; NULL: not known, or no replay. */
void cassette_remember_model(const char *reference);
char *cassette_recall_model(const cli_args *args);

/* Tell when something could not be recorded. @return `code`, or when that is 0 and it was so,
 * another. */
int cassette_finish(const cli_args *args, int code);

#endif
