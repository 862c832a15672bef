/* Prints the library's log on stderr, according to BELUGA_LOG_LEVEL and BELUGA_LOG_FORMAT. */
#ifndef BELUGA_CLI_LIBRARY_LOG_H
#define BELUGA_CLI_LIBRARY_LOG_H

/* Start printing the log, if BELUGA_LOG_LEVEL is set. */
void library_log_start(void);

#endif
