/* Where a server listens, and what it tells people of it. */
#ifndef BELUGA_CLI_SERVE_LISTEN_H
#define BELUGA_CLI_SERVE_LISTEN_H

#include "serve/state.h"

/* Listen at the sockets that systemd passes, else at the addresses of the command line, else at
 * those of the settings. @return 0, or an exit code, reported. */
int serve_listen(serve *s);
/* Tell on stderr where it listens, and how clients are pointed at it. */
void serve_greet(const serve *s);

#endif
