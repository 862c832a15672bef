/**
 * @file custom_provider.h
 * A custom provider: its table, its options and its error codes. A program registers it with
 *
 *     beluga_registry_register(beluga_registry_default(), example_custom_provider(), &err);
 *
 * A program that links custom_provider.c directly need not register it.
 */
#ifndef EXAMPLE_CUSTOM_PROVIDER_H
#define EXAMPLE_CUSTOM_PROVIDER_H

#include <beluga/option.h>
#include <beluga/provider/provider.h>

#define EXAMPLE_CUSTOM_NAME  "example-custom"
#define EXAMPLE_CUSTOM_MODEL "example-model-v1"

/* The provider_code of a beluga_error from this provider; the error's code is the general one. */
#define EXAMPLE_ERROR_RATE_LIMIT      "example_rate_limit"
#define EXAMPLE_ERROR_AUTHENTICATION  "example_authentication"
#define EXAMPLE_ERROR_NETWORK         "example_network"
#define EXAMPLE_ERROR_INVALID_REQUEST "example_invalid_request"

BELUGA_BEGIN_DECLS

/** Return the provider's table. Static. */
const beluga_provider *example_custom_provider(void);

/** Set the answers of the simulated API: one on each line. Each call gets the next line, and after
 * the last line the first one again. */
static inline beluga_option example_custom_with_simulated_responses(const char *lines)
{
    return beluga_with_provider_specific("example-custom.simulated_responses", lines);
}

/** Make the simulated API refuse calls: "rate_limit", "authentication", "network" or
 * "invalid_request". */
static inline beluga_option example_custom_with_simulated_failure(const char *kind)
{
    return beluga_with_provider_specific("example-custom.simulated_failure", kind);
}

/** Make the simulated API wait this long before each word of a stream. Default 0. */
static inline beluga_option example_custom_with_word_delay_ms(int64_t ms)
{
    return beluga_with_provider_specific_int("example-custom.word_delay_ms", ms);
}

BELUGA_END_DECLS
#endif
