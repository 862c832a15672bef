/* --verbose: prints requests and answers from the library's log on stderr. */
#ifndef BELUGA_CLI_WIRE_LOG_H
#define BELUGA_CLI_WIRE_LOG_H

/* Print the wire's log from here on when `verbose` is not 0. */
void wire_log_start(int verbose);

#endif
