/* Problems of a file with their positions. Either the first one becomes an error, or all are
 * recorded. */
#ifndef BELUGA__CONFIG_PROBLEMS_H
#define BELUGA__CONFIG_PROBLEMS_H

#include "base/arena.h"

#include <beluga/config.h>
#include <beluga/error.h>

/* Set an error "path:line:column: …". Returns the code. */
int beluga__config_fault(beluga_error *err, int code, const char *path, int line, int column,
                         const char *format, ...) BELUGA_PRINTF(6, 7);

typedef struct beluga__noted_problem {
    struct beluga__noted_problem *next;
    beluga_config_problem problem;
    size_t index; /* the order in which the problems were found */
} beluga__noted_problem;

/* The problems of one file that is being checked. */
typedef struct beluga__config_problems {
    beluga__arena arena;
    const char *path;
    beluga__noted_problem *first, **end;
    size_t count, n_errors, left_out;
    int status; /* NO_MEMORY if a problem could not be recorded */
} beluga__config_problems;

void beluga__config_problems_init(beluga__config_problems *problems, const char *path);
void beluga__config_problems_free(beluga__config_problems *problems);
/* Record a problem, unless the same problem was recorded before: several references may lead to one
 * fault. */
void beluga__config_note(beluga__config_problems *problems, beluga_severity severity, int line,
                         int column, const char *format, ...) BELUGA_PRINTF(5, 6);
/* Report the problems, sorted by their positions in the file. If there is no memory to sort them,
 * this sets `status`. */
void beluga__config_problems_tell(beluga__config_problems *problems, beluga_config_problem_fn tell,
                                  void *payload);

#endif
