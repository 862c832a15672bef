/* Providers without code. Each has a name, address and key of its own, and uses the functions of
 * another provider, its base. */
#ifndef BELUGA__DERIVE_H
#define BELUGA__DERIVE_H

#include <beluga/config.h>
#include <beluga/provider/provider.h>
#include <beluga/registry.h>

/* Returns the base that a configuration names, or NULL. */
const char *beluga__derived_base(const beluga_config *config);
/* Check whether a provider with this name may use this base, and find the base. */
int beluga__derived_check(beluga_registry *registry, const char *name, const char *base,
                          const beluga_provider **out, beluga_error *err);
/* Make the table of a provider without code. It borrows the name and the configuration's
 * strings. */
void beluga__derive(beluga_provider *out, const beluga_provider *base, const char *name,
                    const beluga_config *config);

#endif
