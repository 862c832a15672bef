/* Finds the provider of a model that was named without one. */
#ifndef BELUGA_CLI_LOOKUP_H
#define BELUGA_CLI_LOOKUP_H

#include <beluga/config.h>
#include <beluga/error.h>

#define LOOKUP_BYTES 320

/*
 * Look a model's name up in what is on this machine: the configuration, the providers' default
 * models, and the list of prices. Nothing is sent. Of several providers those count that have a
 * key.
 * @param base       The configuration of the file, the environment and the command line.
 * @param name       The reference that is neither an alias nor begins with a provider.
 * @param reference  Receives PROVIDER/MODEL; LOOKUP_BYTES.
 * @param err        Holds the error of resolving `name`. Where several models fit, or one has
 * nearly this name, its message is replaced by one that tells them.
 * @return whether one was found.
 */
bool lookup_model(const beluga_config *base, const char *name, char *reference, beluga_error *err);

/* Find the known model of the same provider whose name differs least from PROVIDER/MODEL.
 * @return whether there is one that is nearly called so, and not just so. */
bool lookup_near(const beluga_config *base, const char *provider, const char *model,
                 char near[LOOKUP_BYTES]);

#endif
