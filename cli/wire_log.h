/* --verbose: what the library's log hook tells of the wire, on stderr. */
#ifndef BELUGA_CLI_WIRE_LOG_H
#define BELUGA_CLI_WIRE_LOG_H

/* Show the wire from here on when `verbose` is not 0. */
void wire_log_start(int verbose);

#endif
