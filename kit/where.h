/* The function of a provider that is running, for reports of crashes and hangs in it. */
#ifndef BELUGA_KIT_WHERE_H
#define BELUGA_KIT_WHERE_H

#include <stdint.h>

typedef struct check_where {
    char function[64];   /* "": no known function runs */
    uint32_t turns;      /* number of times that `function` changed */
    uint32_t is_unheard; /* the process can no longer report */
} check_where;

/* Keep the state in `shared`, which another process can read. */
void check_where_share(check_where *shared);
check_where *check_where_get(void);
/* Record that a function begins, or with NULL that the function has returned. */
void check_where_set(const char *function);

#endif
