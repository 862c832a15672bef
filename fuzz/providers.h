/* Providers by name, for inputs. */
#ifndef FUZZ_PROVIDERS_H
#define FUZZ_PROVIDERS_H

#include <beluga/provider/provider.h>

/* Returns the built-in HTTP provider of that name, or one that the name selects. */
const beluga_provider *fuzz_provider(const char *name);

#endif
