/* Providers without code: a name, an address and a key of their own, and the functions of another.
 */
#ifndef BELUGA__DERIVE_H
#define BELUGA__DERIVE_H

#include <beluga/config.h>
#include <beluga/provider/provider.h>
#include <beluga/registry.h>

/* The base that a configuration names, or NULL. */
const char *beluga__derived_base(const beluga_config *config);
/* Whether a provider of that name may be built on the base, and that provider. */
int beluga__derived_check(beluga_registry *registry, const char *name, const char *base,
                          const beluga_provider **out, beluga_error *err);
/* Its table; borrows the name and the configuration's strings. */
void beluga__derive(beluga_provider *out, const beluga_provider *base, const char *name,
                    const beluga_config *config);

#endif
