/**
 * @file openai_responses.h
 * Options of the provider `openai-responses` (OpenAI's Responses API, which llama.cpp, Ollama and
 * others speak too). Variables it reads when asked to: OPENAI_API_KEY, OPENAI_BASE_URL (older:
 * OPENAI_API_BASE), OPENAI_ORG_ID, OPENAI_PROJECT_ID.
 *
 * Every call carries the whole conversation, and the server is asked to store nothing. Reasoning
 * comes back encrypted, for the next call to send on: it is the signature of the message's
 * reasoning. Reasoning of another provider is left out, with a warning.
 *
 * The protocol has no place for these, which become a warning in START: stop sequences, seed,
 * penalties, top_k, reasoning_budget, the mark that a tool failed, cache marks. Content that it
 * can't carry fails with not_supported: audio, images and files from the model.
 *
 * The proof of completion is the event `response.completed` or `response.incomplete`.
 */
#ifndef BELUGA_PROVIDERS_OPENAI_RESPONSES_H
#define BELUGA_PROVIDERS_OPENAI_RESPONSES_H

#include <beluga/option.h>

BELUGA_BEGIN_DECLS

/** Bill this organization (header OpenAI-Organization). */
static inline beluga_option beluga_openai_responses_with_organization(const char *id)
{
    return beluga_with_provider_specific("openai-responses.organization", id);
}

/** Bill this project (header OpenAI-Project). */
static inline beluga_option beluga_openai_responses_with_project(const char *id)
{
    return beluga_with_provider_specific("openai-responses.project", id);
}

/** Let the server keep the answer (true), so that its id can be used there. Unset: false. */
static inline beluga_option beluga_openai_responses_with_store(bool on)
{
    return beluga_with_provider_specific_bool("openai-responses.store", on);
}

/**
 * Ask for a summary of the reasoning as its text: "auto", "concise" or "detailed". Unset: none.
 */
static inline beluga_option beluga_openai_responses_with_reasoning_summary(const char *kind)
{
    return beluga_with_provider_specific("openai-responses.reasoning_summary", kind);
}

/**
 * Ask for encrypted reasoning (true). Unset: true when nothing is stored, but for models of the
 * families gpt-3, gpt-4, chatgpt and gpt-5-chat, which do not reason and refuse to be asked.
 */
static inline beluga_option beluga_openai_responses_with_encrypted_reasoning(bool on)
{
    return beluga_with_provider_specific_bool("openai-responses.encrypted_reasoning", on);
}

BELUGA_END_DECLS
#endif
