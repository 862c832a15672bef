/* --verbose: prints requests and answers on stderr, from the library's log. */
#ifndef BELUGA_CLI_WIRE_LOG_H
#define BELUGA_CLI_WIRE_LOG_H

/* From now on, print requests and answers if `verbose` is not 0. */
void wire_log_start(int verbose);

#endif
