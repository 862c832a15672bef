/**
 * @file openai.h
 * Options of the provider `openai` (Chat Completions). Variables it reads when asked to:
 * OPENAI_API_KEY, OPENAI_BASE_URL (older: OPENAI_API_BASE), OPENAI_ORG_ID, OPENAI_PROJECT_ID.
 *
 * The protocol has no place for these, which become a warning in START: top_k, reasoning_budget,
 * the reasoning of earlier answers, the mark that a tool failed. Content that it can't carry fails
 * with not_supported: audio that is not bytes of WAV or MP3, files by address, images outside of
 * human messages.
 *
 * `extra_body` is merged into the request: a member of it replaces the field of that name, and null
 * leaves the field out, such as {"stream_options": null} for a host that does not know it.
 *
 * The proof of completion is `finish_reason`; "[DONE]" without one is stream_closed. A refusal is
 * delivered as text and finishes with content_filter; a "stop" after tool calls finishes with
 * tool_calls. Only the first of several choices is read. An error object inside an answer of status
 * 200 is an error.
 */
#ifndef BELUGA_PROVIDERS_OPENAI_H
#define BELUGA_PROVIDERS_OPENAI_H

#include <beluga/option.h>

BELUGA_BEGIN_DECLS

/** Bill this organization (header OpenAI-Organization). */
static inline beluga_option beluga_openai_with_organization(const char *id)
{
    return beluga_with_provider_specific("openai.organization", id);
}

/** Bill this project (header OpenAI-Project). */
static inline beluga_option beluga_openai_with_project(const char *id)
{
    return beluga_with_provider_specific("openai.project", id);
}

/**
 * Send the limit of tokens as "max_completion_tokens" (true) or as the older "max_tokens" (false).
 * Unset: the former for OpenAI's own hosts, the latter for every other host, which may not know the
 * former.
 */
static inline beluga_option beluga_openai_with_max_completion_tokens(bool on)
{
    return beluga_with_provider_specific_bool("openai.max_completion_tokens", on);
}

BELUGA_END_DECLS
#endif
