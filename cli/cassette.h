/* --record and --replay. */
#ifndef BELUGA_CLI_CASSETTE_H
#define BELUGA_CLI_CASSETTE_H

#include "args.h"

/* Do what the options say to the client, before it is used. @return 0, or an exit code, reported.
 */
int cassette_start(const struct args *args);

/* Tell when something could not be recorded. @return `code`, or when that is 0 and it was so,
 * another. */
int cassette_finish(const struct args *args, int code);

#endif
