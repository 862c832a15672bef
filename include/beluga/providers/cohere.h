/**
 * @file cohere.h
 * Options of the provider `cohere` (version 2 of its chat API). Environment variables that it reads
 * with beluga_with_env: CO_API_KEY, COHERE_API_KEY, CO_API_URL, COHERE_BASE_URL.
 *
 * The plan that a model makes before it calls tools is delivered as reasoning, with the signature
 * "cohere:tool_plan", and is sent back as a plan. If a tool is chosen by name, only this tool is
 * sent, and its use is required. The API does not support these, so that using them gives a warning
 * in START: user, parallel_tool_calls=false, levels of reasoning_effort, the mark that a tool
 * failed. A call with audio or files fails with not_supported. The usage has the billed tokens; its
 * raw JSON has all counts.
 *
 * The proof of completion is the event "message-end".
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
