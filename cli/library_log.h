/* Prints the library's log on stderr, as BELUGA_LOG_LEVEL and BELUGA_LOG_FORMAT set it. */
#ifndef BELUGA_CLI_LIBRARY_LOG_H
#define BELUGA_CLI_LIBRARY_LOG_H

/* Begin to print the log, when BELUGA_LOG_LEVEL is set. */
void library_log_start(void);

#endif
