/* --record and --replay. */
#ifndef BELUGA_CLI_CASSETTE_H
#define BELUGA_CLI_CASSETTE_H

#include "args.h"

/* Apply --record and --replay to the client, before it is used. @return 0, or an exit code after
 * reporting the error. */
int cassette_start(const cli_args *args);

/* Store the model's reference beside the recordings, so that a replay, which needs no key, asks the
 * same model. */
void cassette_remember_model(const char *reference);
char *cassette_recall_model(const cli_args *args);

/* Report a failure to record, if there was one. @return `code`, or another exit code when `code` is
 * 0 and recording failed. */
int cassette_finish(const cli_args *args, int code);

#endif
