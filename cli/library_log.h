/* The library's log as lines on stderr, as BELUGA_LOG_LEVEL and BELUGA_LOG_FORMAT want them. */
#ifndef BELUGA_CLI_LIBRARY_LOG_H
#define BELUGA_CLI_LIBRARY_LOG_H

/* Begin, when BELUGA_LOG_LEVEL is set. */
void library_log_start(void);

#endif
