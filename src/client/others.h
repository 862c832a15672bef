/* The other models that a configuration names, such as those of `fallback`. */
#ifndef BELUGA__OTHERS_H
#define BELUGA__OTHERS_H

#include "base/limits.h"
#include "model/target.h"

#include <beluga/client.h>

typedef struct beluga__others {
    beluga__target *targets[BELUGA__MAX_FALLBACKS]; /* one reference each */
    size_t n;
} beluga__others;

/* Open every model that the LIST option `key` refers to. Free `out` in either case. */
int beluga__others_open(beluga_client *client, const beluga_config *config, int key,
                        beluga__others *out, beluga_error *err);
void beluga__others_free(beluga__others *others);

#endif
