/* Providers by name, in inputs. */
#ifndef FUZZ_PROVIDERS_H
#define FUZZ_PROVIDERS_H

#include <beluga/provider/provider.h>

/* One that is built in and speaks HTTP: of that name, else some one that the name chooses. */
const beluga_provider *fuzz_provider(const char *name);

#endif
