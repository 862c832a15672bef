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

/* Returns the rest of a text after `word` if the text begins with it, else NULL. */
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

bool beluga__is_among(const char *list, const char *text,
                      bool matches(const char *text, const char *item))
{
    for (; *list; list += strlen(list) + 1)
        if (matches(text, list)) return true;
    return false;
}

static bool contains(const char *text, const char *word)
{
    for (; *text; text++)
        if (behind(text, word)) return true;
    return false;
}

/* ---- meanings -------------------------------------------------------------------------------- */

/* A finish reason, or an error that ended the answer. */
typedef struct meaning {
    beluga_finish_reason reason; /* used if `code` is 0 */
    int code;                    /* 0: no error */
    const char *words;           /* each word is followed by a NUL */
} meaning;

#define FAILED(c) BELUGA_FINISH_OTHER, BELUGA_ERROR_##c

static const meaning meanings[] = {
    {BELUGA_FINISH_STOP, 0,
     "stop\0end_turn\0stop_sequence\0complete\0completed\0eos\0eos_token\0stop_token\0"
     "end_of_turn\0done\0"},
    {BELUGA_FINISH_TOOL_CALLS, 0, "tool_calls\0tool_use\0tool_call\0function_call\0"},
    {BELUGA_FINISH_LENGTH, 0,
     "length\0max_tokens\0max_output_tokens\0max_completion_tokens\0max_new_tokens\0"
     "max_length\0token_limit\0limit\0model_length\0error_limit\0truncated\0"
     "model_context_window_exceeded\0context_length_exceeded\0"},
    {BELUGA_FINISH_CONTENT_FILTER, 0,
     "content_filter\0content_filtered\0refusal\0sensitive\0safety\0recitation\0blocklist\0"
     "blocked\0prohibited_content\0spii\0language\0model_armor\0image_safety\0"
     "image_prohibited_content\0image_recitation\0guardrail_intervened\0error_toxic\0"
     "data_inspection_failed\0"},
    {BELUGA_FINISH_PAUSE, 0, "pause_turn\0"},
    {FAILED(STREAM), "insufficient_system_resource\0"},
    {FAILED(MALFORMED_RESPONSE), "malformed_response\0"},
    {FAILED(INVALID_RESPONSE), "malformed_model_output\0"},
    {FAILED(TOOL_CALL),
     "malformed_function_call\0malformed_tool_use\0unexpected_tool_call\0too_many_tool_calls\0"},
    {FAILED(INVALID_REQUEST), "missing_thought_signature\0"},
};

/* Parts of words. A word that contains one of them means that the answer failed or was withheld. */
static const meaning of_pieces[] = {
    {FAILED(TIMEOUT), "timeout\0timed_out\0deadline_exceeded\0"},
    {FAILED(OVERLOADED), "overload\0"},
    {FAILED(RATE_LIMIT), "rate_limit\0"},
    {BELUGA_FINISH_CONTENT_FILTER, 0, "filter\0safety\0moderation\0"},
    {FAILED(STREAM), "error\0abort\0cancel\0fail\0interrupt\0disconnect\0exception\0"},
};

static const meaning unknown = {BELUGA_FINISH_OTHER, 0, NULL};
static const meaning unsaid = {BELUGA_FINISH_UNKNOWN, 0, NULL};

/* Returns the first of `n` meanings that has a matching word, or NULL. */
static const meaning *find(const meaning *all, size_t n, const char *word,
                           bool matches(const char *word, const char *known))
{
    for (size_t i = 0; i < n; i++)
        if (beluga__is_among(all[i].words, word, matches)) return &all[i];
    return NULL;
}

static const meaning *meaning_of(const char *word)
{
    const char *rest = word ? behind(word, "finish_reason") : NULL;
    if (!word || !*word) return &unsaid;
    if (rest && *rest) word = rest;
    const meaning *found = find(meanings, COUNT(meanings), word, beluga__same_word);
    if (!found) found = find(of_pieces, COUNT(of_pieces), word, contains);
    return found ? found : &unknown;
}

static bool is_good(const meaning *m)
{
    return !m->code && beluga_finish_reason_is_whole(m->reason);
}

const char *beluga__read_word(const beluga_json *value)
{
    if (!value || beluga_json_is_null(value))
        return NULL; /* nearly all pieces of a stream have no word */
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
    const meaning *means = meaning_of(word);
    const meaning *native = meaning_of(end->native);
    /* A server that calls another one translates only the words that it knows, and sends "stop" for
     * all others. So the original word decides. */
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
