/**
 * @file openai.h
 * Options of the provider `openai` (Chat Completions). Variables it reads when asked to:
 * OPENAI_API_KEY, OPENAI_BASE_URL (older: OPENAI_API_BASE), OPENAI_ORG_ID, OPENAI_PROJECT_ID.
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

/** Send "max_completion_tokens" (true) or the older "max_tokens" (false). Default: the former for
 * api.openai.com, the latter for every other host, which may not know it. */
static inline beluga_option beluga_openai_with_max_completion_tokens(bool on)
{
    return beluga_with_provider_specific_bool("openai.max_completion_tokens", on);
}

BELUGA_END_DECLS
#endif
