/* The layers between a call and its provider, as the configuration sets them, outermost first. */
#ifndef BELUGA_CLI_COMMANDS_CONFIG_STACK_H
#define BELUGA_CLI_COMMANDS_CONFIG_STACK_H

#include <beluga/config.h>
#include <beluga/provider/json.h>

/* Write the layers in one line, such as "cache (1h) > budget ($20) > retry (3) > openai". */
void stack_print(const beluga_config *config);
/* Write an array of {layer, detail}; the last one is the provider. */
void stack_put(beluga_json_writer *w, const char *key, const beluga_config *config);

#endif
