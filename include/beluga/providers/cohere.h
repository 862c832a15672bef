/**
 * @file cohere.h
 * Options of the provider `cohere` (version 2 of its chat API). Variables it reads when asked to:
 * CO_API_KEY, COHERE_API_KEY, CO_API_URL, COHERE_BASE_URL.
 *
 * The plan that a model makes before it calls tools is delivered as reasoning, signed
 * "cohere:tool_plan", and goes back as a plan. A tool chosen by name is sent alone, and required.
 * The API has no place for these, which become a warning in START: user, parallel_tool_calls=false,
 * grades of reasoning_effort, the mark that a tool failed. Audio and files fail with not_supported.
 * The usage tells the tokens that are billed; its raw JSON has all counts.
 *
 * The proof of completion is "message-end".
 */
#ifndef BELUGA_PROVIDERS_COHERE_H
#define BELUGA_PROVIDERS_COHERE_H

#include <beluga/option.h>

BELUGA_BEGIN_DECLS

/** Choose the safety mode: "CONTEXTUAL", "STRICT" or "OFF". Unset: the API's default. */
static inline beluga_option beluga_cohere_with_safety_mode(const char *mode)
{
    return beluga_with_provider_specific("cohere.safety_mode", mode);
}

BELUGA_END_DECLS
#endif
