/* Runs the server for commands/serve.c. A build without llhttp compiles serve_none.c instead of all
 * other files of this folder. */
#ifndef BELUGA_CLI_SERVE_RUN_H
#define BELUGA_CLI_SERVE_RUN_H

#include "args.h"

/* Serve until a signal ends the server. @return the exit code. */
int serve_run(const cli_args *args);

#endif
