/* Opens the addresses of the server, and prints where it listens. */
#ifndef BELUGA_CLI_SERVE_LISTEN_H
#define BELUGA_CLI_SERVE_LISTEN_H

#include "serve/state.h"

/* Listen at the sockets that systemd passes; without these, at the addresses of the command line;
 * without these, at those of the settings. @return 0, or an exit code after printing the error. */
int serve_listen(serve *s);
/* Print on stderr where the server listens, and how to configure clients for it. */
void serve_greet(const serve *s);

#endif
