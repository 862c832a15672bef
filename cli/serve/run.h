/* Runs the server for commands/serve.c. A build without llhttp has serve_none.c instead of all
 * other files. */
#ifndef BELUGA_CLI_SERVE_RUN_H
#define BELUGA_CLI_SERVE_RUN_H

#include "args.h"

/* Serve until a signal ends it. @return exit code. */
int serve_run(const cli_args *args);

#endif
