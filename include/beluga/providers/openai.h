/**
 * @file openai.h
 * Options of the provider `openai` (Chat Completions). Environment variables that it reads with
 * beluga_with_env: OPENAI_API_KEY, OPENAI_BASE_URL (older: OPENAI_API_BASE), OPENAI_ORG_ID,
 * OPENAI_PROJECT_ID.
 *
 * The protocol does not support these, so that using them gives a warning in START: top_k,
 * reasoning_budget, the reasoning of earlier answers, the mark that a tool failed. A call with
 * content that it does not support fails with not_supported: audio other than bytes of WAV or MP3,
 * files by address, images outside of human messages.
 *
 * `extra_body` is merged into the request: a member of it replaces the field of that name, and null
 * removes the field, for example {"stream_options": null} for a server that does not know
 * stream_options.
 *
 * The proof of completion is `finish_reason`; if "[DONE]" comes without it, the call fails with
 * stream_closed. A refusal is delivered as text and finishes with content_filter; a "stop" after
 * tool calls finishes with tool_calls. Only the first of several choices is read. A call also fails
 * if an answer of status 200 contains an error object.
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
 * Unset: "max_completion_tokens" for OpenAI's own servers, and "max_tokens" for all others, which
 * may not know the newer name.
 */
static inline beluga_option beluga_openai_with_max_completion_tokens(bool on)
{
    return beluga_with_provider_specific_bool("openai.max_completion_tokens", on);
}

BELUGA_END_DECLS
#endif
