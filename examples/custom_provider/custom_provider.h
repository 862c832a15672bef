/**
 * @file custom_provider.h
 * A provider of one's own: the table, its options and its error codes.
 *
 *     beluga_registry_register(beluga_registry_default(), example_custom_provider(), &err);
 *
 * is all that a program needs; whoever links custom_provider.c directly does not even need that.
 */
#ifndef EXAMPLE_CUSTOM_PROVIDER_H
#define EXAMPLE_CUSTOM_PROVIDER_H

#include <beluga/option.h>
#include <beluga/provider/provider.h>

#define EXAMPLE_CUSTOM_NAME  "example-custom"
#define EXAMPLE_CUSTOM_MODEL "example-model-v1"

/* What beluga_error.provider_code says when this provider fails; the code beside it is the general
 * one. */
#define EXAMPLE_ERROR_RATE_LIMIT      "example_rate_limit"
#define EXAMPLE_ERROR_AUTHENTICATION  "example_authentication"
#define EXAMPLE_ERROR_NETWORK         "example_network"
#define EXAMPLE_ERROR_INVALID_REQUEST "example_invalid_request"

BELUGA_BEGIN_DECLS

/** Return the provider's table. Static. */
const beluga_provider *example_custom_provider(void);

/** Answers of the simulated API: one per line, each call the next, round again after the last. */
static inline beluga_option example_custom_with_simulated_responses(const char *lines)
{
    return beluga_with_provider_specific("example-custom.simulated_responses", lines);
}

/** Let the simulated API refuse: "rate_limit", "authentication", "network" or "invalid_request". */
static inline beluga_option example_custom_with_simulated_failure(const char *kind)
{
    return beluga_with_provider_specific("example-custom.simulated_failure", kind);
}

/** Let the simulated API take this long before each word of a stream. Default 0. */
static inline beluga_option example_custom_with_word_delay_ms(int64_t ms)
{
    return beluga_with_provider_specific_int("example-custom.word_delay_ms", ms);
}

BELUGA_END_DECLS
#endif
