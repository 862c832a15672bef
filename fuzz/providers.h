/* Providers by name, for inputs. */
#ifndef FUZZ_PROVIDERS_H
#define FUZZ_PROVIDERS_H

#include <beluga/provider/provider.h>

/* Returns the built-in HTTP provider with that name. If there is none, the bytes of the name select
 * some built-in HTTP provider, so that every input tests one. */
const beluga_provider *fuzz_provider(const char *name);

#endif
