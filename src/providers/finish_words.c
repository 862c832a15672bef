#include "providers/finish_words.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* ---- words ----------------------------------------------------------------------------------- */

static const char *skip(const char *text)
{
    while (*text && strchr("_-. ", *text)) text++;
    return text;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Returns the rest of a text behind `word`, with which it begins, or NULL. */
static const char *behind(const char *text, const char *word)
{
    for (word = skip(word); *word; word = skip(word + 1)) {
        text = skip(text);
        if (lower(*text++) != lower(*word)) return NULL;
    }
    return skip(text);
}

bool beluga__same_word(const char *a, const char *b)
{
    const char *rest = behind(a, b);
    return rest && !*rest;
}

static bool contains(const char *text, const char *word)
{
    for (; *text; text++)
        if (behind(text, word)) return true;
    return false;
}

/* ---- meanings -------------------------------------------------------------------------------- */

#define STOP      BELUGA_FINISH_STOP, 0
#define CUT       BELUGA_FINISH_LENGTH, 0
#define CALLS     BELUGA_FINISH_TOOL_CALLS, 0
#define FILTERED  BELUGA_FINISH_CONTENT_FILTER, 0
#define PAUSED    BELUGA_FINISH_PAUSE, 0
#define FAILED(c) BELUGA_FINISH_OTHER, BELUGA_ERROR_##c

static const beluga__word words[] = {
    {"stop", STOP},
    {"tool_calls", CALLS},
    {"length", CUT},
    {"end_turn", STOP},
    {"tool_use", CALLS},
    {"max_tokens", CUT},
    {"stop_sequence", STOP},
    {"complete", STOP},
    {"completed", STOP},
    {"eos", STOP},
    {"eos_token", STOP},
    {"stop_token", STOP},
    {"end_of_turn", STOP},
    {"done", STOP},
    {"tool_call", CALLS},
    {"function_call", CALLS},
    {"max_output_tokens", CUT},
    {"max_completion_tokens", CUT},
    {"max_new_tokens", CUT},
    {"max_length", CUT},
    {"token_limit", CUT},
    {"limit", CUT},
    {"model_length", CUT},
    {"error_limit", CUT},
    {"truncated", CUT},
    {"model_context_window_exceeded", CUT},
    {"context_length_exceeded", CUT},
    {"content_filter", FILTERED},
    {"content_filtered", FILTERED},
    {"refusal", FILTERED},
    {"sensitive", FILTERED},
    {"safety", FILTERED},
    {"recitation", FILTERED},
    {"blocklist", FILTERED},
    {"blocked", FILTERED},
    {"prohibited_content", FILTERED},
    {"spii", FILTERED},
    {"language", FILTERED},
    {"model_armor", FILTERED},
    {"image_safety", FILTERED},
    {"image_prohibited_content", FILTERED},
    {"image_recitation", FILTERED},
    {"guardrail_intervened", FILTERED},
    {"error_toxic", FILTERED},
    {"data_inspection_failed", FILTERED},
    {"pause_turn", PAUSED},
    {"insufficient_system_resource", FAILED(STREAM)},
    {"malformed_response", FAILED(MALFORMED_RESPONSE)},
    {"malformed_model_output", FAILED(INVALID_RESPONSE)},
    {"malformed_function_call", FAILED(TOOL_CALL)},
    {"malformed_tool_use", FAILED(TOOL_CALL)},
    {"unexpected_tool_call", FAILED(TOOL_CALL)},
    {"too_many_tool_calls", FAILED(TOOL_CALL)},
    {"missing_thought_signature", FAILED(INVALID_REQUEST)},
};

/* Parts of longer words which mean that the answer failed, or was withheld. */
static const beluga__word pieces[] = {
    {"timeout", FAILED(TIMEOUT)},
    {"timed_out", FAILED(TIMEOUT)},
    {"deadline_exceeded", FAILED(TIMEOUT)},
    {"overload", FAILED(OVERLOADED)},
    {"rate_limit", FAILED(RATE_LIMIT)},
    {"filter", FILTERED},
    {"safety", FILTERED},
    {"moderation", FILTERED},
    {"error", FAILED(STREAM)},
    {"abort", FAILED(STREAM)},
    {"cancel", FAILED(STREAM)},
    {"fail", FAILED(STREAM)},
    {"interrupt", FAILED(STREAM)},
    {"disconnect", FAILED(STREAM)},
    {"exception", FAILED(STREAM)},
};

static const beluga__word unknown = {"", BELUGA_FINISH_OTHER, 0};
static const beluga__word unsaid = {"", BELUGA_FINISH_UNKNOWN, 0};

static const beluga__word *meaning(const char *word, const beluga__word *own)
{
    const char *rest = word ? behind(word, "finish_reason") : NULL;
    if (!word || !*word) return &unsaid;
    if (rest && *rest) word = rest;
    for (; own && own->word; own++)
        if (beluga__same_word(word, own->word)) return own;
    for (size_t i = 0; i < COUNT(words); i++)
        if (beluga__same_word(word, words[i].word)) return &words[i];
    for (size_t i = 0; i < COUNT(pieces); i++)
        if (contains(word, pieces[i].word)) return &pieces[i];
    return &unknown;
}

static bool is_good(const beluga__word *word)
{
    return !word->code && beluga_finish_reason_is_whole(word->reason);
}

const char *beluga__read_word(const beluga_json *value)
{
    if (!value || beluga_json_is_null(value)) return NULL; /* as in nearly all pieces of a stream */
    const char *word = beluga_json_string(value, NULL);
    if (word) return *word ? word : NULL;
    const char *type = beluga_json_get_string(value, "type", NULL);
    return type && *type ? type : "not a word";
}

/* ---- events ---------------------------------------------------------------------------------- */

static const char *text_of(int code)
{
    static const struct {
        int code;
        const char *text;
    } texts[] = {
        {BELUGA_ERROR_STREAM, "the provider broke the answer off"},
        {BELUGA_ERROR_TIMEOUT, "the provider ran out of time"},
        {BELUGA_ERROR_INVALID_RESPONSE, "the model's answer is malformed"},
    };
    for (size_t i = 0; i < COUNT(texts); i++)
        if (code == texts[i].code) return texts[i].text;
    return beluga_error_text(code);
}

static int fail(int code, const char *word, const char *detail, beluga_emit *emit)
{
    beluga_error err;
    beluga_error_set(&err, code, "%s", text_of(code));
    beluga_error_set_provider_code(&err, word, strlen(word));
    if (detail && *detail) beluga_error_set_cause(&err, detail, strlen(detail));
    return beluga_emit_error(emit, &err);
}

int beluga__end_emit(const beluga__end *end, beluga_emit *emit)
{
    const char *word = end->word && *end->word ? end->word : NULL;
    const beluga__word *means = meaning(word, end->own);
    const beluga__word *native = meaning(end->native, NULL);
    /* Hosts translate the words that they know, and send "stop" for all others. */
    if (is_good(means) && !is_good(native) && native != &unknown) {
        word = end->native;
        means = native;
    }
    if (means->code) return fail(means->code, word, end->detail, emit);
    beluga_finish_reason reason = means->reason;
    bool natural = reason == BELUGA_FINISH_STOP || reason == BELUGA_FINISH_UNKNOWN;
    if (natural && end->calls) reason = BELUGA_FINISH_TOOL_CALLS;
    if (natural && end->refused) reason = BELUGA_FINISH_CONTENT_FILTER;
    if (end->unfinished && beluga_finish_reason_is_whole(reason)) reason = BELUGA_FINISH_OTHER;
    return beluga_emit_finish(emit, reason, word);
}
