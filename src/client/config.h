/* A configuration from the inside. */
#ifndef BELUGA__CONFIG_H
#define BELUGA__CONFIG_H

#include "model/settings.h"

#include <beluga/config.h>

/* The merged settings; borrowed as long as the configuration does not change. */
beluga__settings *beluga__config_settings(beluga_config *config);

/* Read the provider's variables into the environment layer, if the configuration asks for it. */
int beluga__config_apply_env(beluga_config *config, const beluga_provider *provider);

#endif
