/* --verbose: what the library's log hook tells of the wire, on stderr. */
#ifndef BELUGA_CLI_TRACE_H
#define BELUGA_CLI_TRACE_H

/* Show the wire from here on when `verbose` is not 0. */
void trace_start(int verbose);

#endif
