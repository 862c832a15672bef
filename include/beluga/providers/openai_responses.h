/**
 * @file openai_responses.h
 * Options of the provider `openai-responses` (OpenAI's Responses API, which llama.cpp, Ollama and
 * others speak too). Environment variables that it reads with beluga_with_env: OPENAI_API_KEY,
 * OPENAI_BASE_URL (older: OPENAI_API_BASE), OPENAI_ORG_ID, OPENAI_PROJECT_ID.
 *
 * Every call sends the whole conversation, and asks the server to store nothing. The server returns
 * its reasoning encrypted, as the signature of the message's reasoning, and the next call sends it
 * back. Reasoning of another provider is not sent, with a warning.
 *
 * The protocol does not support these, so that using them gives a warning in START: stop sequences,
 * seed, penalties, top_k, reasoning_budget, the mark that a tool failed, cache marks. A call with
 * content that it does not support fails with not_supported: audio, and images and files in the
 * model's messages.
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

/**
 * Let the server store the answer (true), so that later requests can refer to it by its id. Unset:
 * false.
 */
static inline beluga_option beluga_openai_responses_with_store(bool on)
{
    return beluga_with_provider_specific_bool("openai-responses.store", on);
}

/**
 * Ask for a summary of the reasoning, which becomes the reasoning's text: "auto", "concise" or
 * "detailed". Unset: no summary.
 */
static inline beluga_option beluga_openai_responses_with_reasoning_summary(const char *kind)
{
    return beluga_with_provider_specific("openai-responses.reasoning_summary", kind);
}

/**
 * Ask for encrypted reasoning (true). Unset: true when the server stores nothing, except for models
 * of the families gpt-3, gpt-4, chatgpt and gpt-5-chat, which do not reason and refuse a request
 * that asks for it.
 */
static inline beluga_option beluga_openai_responses_with_encrypted_reasoning(bool on)
{
    return beluga_with_provider_specific_bool("openai-responses.encrypted_reasoning", on);
}

BELUGA_END_DECLS
#endif
