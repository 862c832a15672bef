/* Reads the text of a statement, to find out which functions it calls. */
#ifndef BELUGA_SQLITE_STATEMENT_H
#define BELUGA_SQLITE_STATEMENT_H

#include <stdbool.h>

/*
 * Return whether a statement calls a function: it has the name, and after it "(". Texts, comments,
 * quoted names, parameters and the table after INTO do not count, since users put words of others
 * into them.
 *
 * @param sql   One statement, NUL-terminated.
 * @param name  In lower case; the statement may have it in any case.
 */
bool statement_calls(const char *sql, const char *name);

#endif
