/* A copy of options, for calls that start only after the function that received the options has
 * returned. */
#ifndef BELUGA__OPTIONS_H
#define BELUGA__OPTIONS_H

#include "base/arena.h"

#include <beluga/option.h>

typedef struct beluga__options {
    beluga__arena arena;
    beluga_option *opts;
    size_t n;
} beluga__options;

/* Copy n options, where n may be BELUGA_OPTIONS_TERMINATED. Returns 0 or NO_MEMORY; free the copy
 * in either case. */
int beluga__options_copy(beluga__options *options, const beluga_allocator *allocator,
                         const beluga_option *opts, size_t n);
void beluga__options_free(beluga__options *options);
/* Set *value to the last value of an INT, DURATION or BOOL option that is in the option's range. If
 * there is none, *value stays unchanged. */
void beluga__options_int(const beluga__options *options, int key, int64_t *value);

#endif
