/* The function of a provider that runs, for the report of a crash or a hang in it. */
#ifndef BELUGA_KIT_WHERE_H
#define BELUGA_KIT_WHERE_H

#include <stdint.h>

typedef struct check_where {
    char function[64];   /* "": none that is known */
    uint32_t turns;      /* how often this changed */
    uint32_t is_unheard; /* the process can no longer report */
} check_where;

/* Let notes be made in this memory, which another process can see. */
void check_where_share(check_where *shared);
check_where *check_where_get(void);
/* Note that a function begins (NULL: that none runs any more). */
void check_where_set(const char *function);

#endif
