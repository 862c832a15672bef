/* Finds the provider of a model whose name was given without one. */
#ifndef BELUGA_CLI_LOOKUP_H
#define BELUGA_CLI_LOOKUP_H

#include <beluga/config.h>
#include <beluga/error.h>

#define LOOKUP_BYTES 320

/*
 * Find the provider of a model whose name is given without one. The names are looked up in the
 * configuration, in the providers' default models, and in the list of prices; nothing is sent. If
 * several providers match, those that have a key are preferred.
 * @param base       The configuration of the file, the environment and the command line.
 * @param name       A reference that is not an alias, and does not begin with a provider.
 * @param reference  Receives PROVIDER/MODEL; LOOKUP_BYTES.
 * @param err        Contains the error of resolving `name`. If several models match, or one has a
 * similar name, its message is replaced with one that names them.
 * @return whether a single model was found.
 */
bool lookup_model(const beluga_config *base, const char *name, char *reference, beluga_error *err);

/* Find the known model of the same provider whose name differs least from PROVIDER/MODEL.
 * @return whether there is a similar name, and no identical one. */
bool lookup_near(const beluga_config *base, const char *provider, const char *model,
                 char near[LOOKUP_BYTES]);

#endif
