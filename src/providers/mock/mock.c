/* The provider `mock` returns scripted answers without a key or network. It uses public headers
 * only.
 *
 * A call plays its script: reasoning, text, tool calls, usage, finish. Without delays the whole
 * script is played inside start, with memory on the stack. Words count as tokens. */
#include "providers/builtin.h"
#include "providers/mock/script.h"
#include "providers/mock/words.h"
#include "providers/table.h"

#include <beluga/allocator.h>
#include <beluga/provider/provider.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_WORDS      5
#define MAX_DELAY_MS       86400000
#define MAX_COUNT          1000000000
#define MAX_ID             32 /* "mock-" and 20 digits */
#define MAX_ARGUMENT_PIECE 8  /* bytes in one piece of a streamed tool call's arguments */

/* An answer that is being played: its remaining text, and the counts so far. */
typedef struct answer {
    piece reasoning, text;
    piece tool_calls;
    const char *finish;
    int64_t word_delay_ms;
    int64_t words_left; /* number of words until the failure */
    int64_t input_words, reasoning_words, text_words;
    int failure;
    beluga_finish_reason reason;
    bool endless, streamed;
} answer;

/* The state of a model. Calls of all threads share it. */
typedef struct mock {
    atomic_uint_fast64_t failures, answers;
} mock;

static atomic_uint_fast64_t last_id;
static const char default_answer[] = "This is a mock response.";

/* ---- words ----------------------------------------------------------------------------------- */

static int64_t count_words(piece p)
{
    if (p.text == default_answer && p.length == sizeof default_answer - 1) return DEFAULT_WORDS;
    return beluga__mock_count_words(p);
}

/* Remove at most `limit` words from the front of `from`, each with the white space after it, and
 * return them. */
static piece take_words(piece *from, int64_t limit)
{
    const char *at = from->text, *end = at + from->length;
    for (; at < end && limit > 0; limit--) {
        while (at < end && beluga__mock_is_space(*at)) at++;
        while (at < end && !beluga__mock_is_space(*at)) at++;
        while (at < end && beluga__mock_is_space(*at)) at++;
    }
    piece taken = {from->text, (size_t)(at - from->text)};
    from->text = at;
    from->length -= taken.length;
    return taken;
}

static piece take_all(piece *from)
{
    piece taken = *from;
    from->length = 0;
    return taken;
}

static int64_t count_input(const beluga_call *call)
{
    int64_t words = 0;
    size_t n = beluga_call_message_count(call);
    for (size_t i = 0; i < n; i++) {
        const beluga_message *message = beluga_call_message(call, i);
        const beluga_part *part;
        for (size_t k = 0; (part = beluga_message_part(message, k)); k++) {
            if (part->kind == BELUGA_PART_TEXT)
                words += count_words((piece){part->text, part->text_length});
        }
    }
    return words;
}

/* ---- choosing the answer --------------------------------------------------------------------- */

/* Answer with the texts of a message. Several texts are joined; a single text is borrowed. */
static int echo(const beluga_message *message, beluga_emit *emit, piece *out)
{
    const beluga_part *part;
    size_t total = 0, texts = 0;
    for (size_t i = 0; (part = beluga_message_part(message, i)); i++) {
        if (part->kind != BELUGA_PART_TEXT) continue;
        *out = (piece){part->text, part->text_length};
        total += part->text_length;
        texts++;
    }
    if (texts < 2) return 0;
    char *joined = beluga_emit_alloc(emit, total + 1), *to = joined;
    if (!joined) return BELUGA_ERROR_NO_MEMORY;
    for (size_t i = 0; (part = beluga_message_part(message, i)); i++) {
        if (part->kind != BELUGA_PART_TEXT || part->text_length == 0) continue;
        memcpy(to, part->text, part->text_length);
        to += part->text_length;
    }
    *out = (piece){joined, total};
    return 0;
}

static const beluga_message *last_message(const beluga_call *call)
{
    return beluga_call_message(call, beluga_call_message_count(call) - 1);
}

/* Returns whether the answer calls tools. A conversation that ends in a tool's result gets a text
 * instead, since otherwise a tool loop would never end. */
static bool wants_tool_calls(const mock_script *s, const beluga_call *call)
{
    return s->tool_calls.text && beluga_message_role(last_message(call)) != BELUGA_ROLE_TOOL;
}

static int choose_text(mock *self, const mock_script *s, const beluga_call *call, beluga_emit *emit,
                       answer *a)
{
    if (s->responses.text) {
        uint64_t turn = atomic_fetch_add_explicit(&self->answers, 1, memory_order_relaxed);
        a->text = beluga__mock_pick_response(s->responses, turn);
        return 0;
    }
    if (strcmp(beluga_call_model(call), "echo") == 0)
        return echo(last_message(call), emit, &a->text);
    if (!a->tool_calls.text) a->text = (piece){default_answer, sizeof default_answer - 1};
    return 0;
}

static bool fails_now(mock *self, const mock_script *s)
{
    if (!s->failure || s->error_count < 0) return s->failure != 0;
    uint64_t before = atomic_fetch_add_explicit(&self->failures, 1, memory_order_relaxed);
    return before < (uint64_t)s->error_count;
}

static int prepare(mock *self, const mock_script *s, const beluga_call *call, beluga_emit *emit,
                   answer *a)
{
    a->streamed = beluga_call_is_streamed(call);
    a->word_delay_ms = a->streamed ? s->word_delay_ms : 0;
    a->words_left = INT64_MAX;
    a->endless = s->endless;
    a->reason = s->reason;
    a->finish = s->finish;
    if (fails_now(self, s)) {
        a->failure = s->failure;
        a->words_left = s->error_after_words;
    }
    a->input_words = count_input(call);
    a->reasoning = s->reasoning;
    if (wants_tool_calls(s, call)) a->tool_calls = s->tool_calls;
    return a->words_left > 0 ? choose_text(self, s, call, emit, a) : 0;
}

/* ---- playing the answer ---------------------------------------------------------------------- */

static int emit_arguments(beluga_emit *emit, uint32_t index, const char *text, size_t length)
{
    int status = 0;
    while (length > 0 && status == 0) {
        size_t n = length < MAX_ARGUMENT_PIECE ? length : MAX_ARGUMENT_PIECE;
        /* a piece must not end within a character */
        while (n < length && ((unsigned char)text[n] & 0xC0) == 0x80) n++;
        status = beluga_emit_tool_call_delta(emit, index, text, n);
        text += n;
        length -= n;
    }
    return status;
}

/* Emit a tool call. `arguments` may also be a string, which is emitted unchanged, so that a script
 * can contain invalid JSON. */
static int emit_tool_call(beluga_emit *emit, beluga_json_doc *doc, const beluga_json *call,
                          uint32_t index, bool streamed)
{
    const char *id = beluga_json_get_string(call, "id", NULL);
    const char *name = beluga_json_get_string(call, "name", NULL);
    const beluga_json *arguments = beluga_json_get(call, "arguments");
    size_t length = 0;
    const char *text = beluga_json_string(arguments, &length);
    if (!text && arguments) text = beluga_json_text(doc, arguments, &length);
    if (!text && arguments)
        return beluga_emit_failure(emit, BELUGA_ERROR_NO_MEMORY, NULL, "no memory for a tool call");
    if (!text) {
        text = "{}";
        length = 2;
    }
    if (!streamed) return beluga_emit_tool_call(emit, index, id, name, text, length);
    int status = beluga_emit_tool_call_begin(emit, index, id, name);
    if (status == 0) status = emit_arguments(emit, index, text, length);
    return status == 0 ? beluga_emit_tool_call_end(emit, index) : status;
}

static int emit_tool_calls(beluga_emit *emit, const answer *a)
{
    beluga_json_doc *doc = NULL;
    uint32_t index = 0;
    int status = beluga_json_parse(a->tool_calls.text, a->tool_calls.length, &doc, NULL);
    if (status) return beluga_emit_failure(emit, status, NULL, "mock.tool_calls can't be read");
    const beluga_json *list = beluga_json_doc_root(doc);
    for (const beluga_json *v = beluga_json_first(list); v && status == 0;
         v = beluga_json_next(list, v))
        status = emit_tool_call(emit, doc, v, index++, a->streamed);
    beluga_json_doc_free(doc);
    return status;
}

static int emit_usage(beluga_emit *emit, const answer *a)
{
    beluga_usage usage = BELUGA_USAGE_INIT;
    usage.input_total = a->input_words;
    usage.output_reasoning = a->reasoning_words;
    usage.output_total = a->reasoning_words + a->text_words;
    return beluga_emit_usage(emit, &usage);
}

static int fail(beluga_emit *emit, int code)
{
    char provider_code[64];
    snprintf(provider_code, sizeof provider_code, "mock_%s", beluga_error_name(code));
    return beluga_emit_failure(emit, code, provider_code, "mock was told to fail: %s",
                               beluga_error_text(code));
}

static int finish(beluga_emit *emit, const answer *a)
{
    int status = 0;
    if (a->failure && a->reasoning_words + a->text_words == 0) return fail(emit, a->failure);
    if (a->tool_calls.text && !a->failure) status = emit_tool_calls(emit, a);
    if (status == 0) status = emit_usage(emit, a);
    if (status) return status;
    if (a->failure) return fail(emit, a->failure);
    if (a->endless) return 0; /* the library itself reports the missing end as an error */
    beluga_finish_reason reason =
        a->tool_calls.text ? BELUGA_FINISH_TOOL_CALLS : BELUGA_FINISH_STOP;
    if (a->reason) reason = a->reason;
    return beluga_emit_finish(emit, reason,
                              a->finish ? a->finish : beluga_finish_reason_name(reason));
}

static bool has_words(const answer *a)
{
    return a->words_left > 0 && (a->reasoning.length > 0 || a->text.length > 0);
}

/* Emit the next words. A stream gets one word at a time; an answer that is not streamed is emitted
 * in one piece. */
static int emit_words(beluga_emit *emit, answer *a)
{
    bool reasons = a->reasoning.length > 0, whole = !a->streamed && a->words_left == INT64_MAX;
    piece *from = reasons ? &a->reasoning : &a->text;
    piece taken = whole ? take_all(from) : take_words(from, a->streamed ? 1 : a->words_left);
    int64_t count = count_words(taken);
    if (a->failure) a->words_left -= count;
    if (reasons) {
        a->reasoning_words += count;
        return beluga_emit_reasoning(emit, taken.text, taken.length);
    }
    a->text_words += count;
    return beluga_emit_text(emit, taken.text, taken.length);
}

static int resume(beluga_emit *emit, void *argument);

/* Play the answer until its end, or until the next word must be delayed. */
static int play(beluga_emit *emit, answer *a)
{
    int status = 0;
    while (has_words(a) && status == 0) {
        status = emit_words(emit, a);
        if (status == 0 && a->word_delay_ms > 0 && has_words(a))
            return beluga_emit_after(emit, a->word_delay_ms, resume, a);
    }
    return status == 0 ? finish(emit, a) : status;
}

static int resume(beluga_emit *emit, void *argument)
{
    return play(emit, argument);
}

static int play_later(beluga_emit *emit, const answer *a, int64_t delay_ms)
{
    answer *kept = beluga_emit_alloc(emit, sizeof *kept);
    if (!kept) return BELUGA_ERROR_NO_MEMORY;
    *kept = *a;
    return beluga_emit_after(emit, delay_ms, resume, kept);
}

static int emit_identity(beluga_emit *emit, const beluga_call *call)
{
    char id[MAX_ID], *at = id + sizeof id - 1;
    uint64_t number = 1 + atomic_fetch_add_explicit(&last_id, 1, memory_order_relaxed);
    *at = '\0';
    for (; number > 0; number /= 10) *--at = (char)('0' + number % 10);
    at -= 5;
    memcpy(at, "mock-", 5);
    return beluga_emit_metadata(emit, at, beluga_call_model(call), 0);
}

/* ---- vectors and counts of tokens
 * ------------------------------------------------------------- */

/* Count the words of the call's texts as tokens. Other content is not counted. */
static int count_tokens(const beluga_call *call, beluga_emit *emit)
{
    bool others = false;
    for (size_t i = 0; i < beluga_call_message_count(call); i++) {
        const beluga_part *part;
        for (size_t k = 0; (part = beluga_message_part(beluga_call_message(call, i), k)); k++)
            others |= part->kind != BELUGA_PART_TEXT;
    }
    int status = 0;
    if (others) status = beluga_emit_warning(emit, "mock counts the words of texts only");
    if (beluga_call_tool_count(call) && status == 0)
        status = beluga_emit_warning(emit, "mock does not count tools");
    if (status == 0) status = beluga_emit_token_count(emit, count_input(call));
    return status ? status : beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static int perform(beluga_emit *emit, void *argument)
{
    (void)argument;
    const beluga_call *call = beluga_emit_call(emit);
    return beluga_call_kind(call) == BELUGA_CALL_EMBED ? beluga__mock_embed(call, emit)
                                                       : count_tokens(call, emit);
}

static int start_other(mock *self, const mock_script *s, const beluga_call *call, beluga_emit *emit)
{
    if (fails_now(self, s)) return fail(emit, s->failure);
    int status = emit_identity(emit, call);
    if (status) return status;
    return s->latency_ms > 0 ? beluga_emit_after(emit, s->latency_ms, perform, NULL)
                             : perform(emit, NULL);
}

/* ---- the table ------------------------------------------------------------------------------- */

static int start(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    mock_script s = {.error_count = -1};
    answer a = {.reason = BELUGA_FINISH_UNKNOWN};
    beluga__mock_script_read(&s, call);
    int status =
        beluga__mock_script_resolve(&s, beluga_call_model(call), BELUGA_ERROR_INVALID_INPUT, err);
    if (BELUGA__CAN_EMBED != 0 && status == 0 && beluga_call_kind(call) != BELUGA_CALL_ANSWER)
        return start_other(self, &s, call, emit);
    if (status == 0) status = prepare(self, &s, call, emit, &a);
    if (status == 0) status = emit_identity(emit, call);
    if (status) return status;
    int64_t delay = s.latency_ms + (has_words(&a) ? a.word_delay_ms : 0);
    return delay > 0 ? play_later(emit, &a, delay) : play(emit, &a);
}

/* This does nothing, since the library owns the timers and the memory of a call. */
static void cancel(void *self, beluga_emit *emit)
{
    (void)self;
    (void)emit;
}

static int open_model(const beluga_config *config, void **self, beluga_error *err)
{
    int status = beluga__mock_script_check(config, err);
    if (status) return status;
    const beluga_allocator *allocator = beluga_allocator_default();
    mock *made = allocator->alloc(allocator->payload, sizeof *made);
    if (!made) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for a model");
    atomic_init(&made->failures, 0);
    atomic_init(&made->answers, 0);
    *self = made;
    return 0;
}

#define NUMBER(option, meaning, most) BELUGA__OWN_INT(option, meaning, 0, most)

/* `mock` has no default model, so it can be used only by callers that choose it. */
const beluga_provider beluga__mock_provider = {
    BELUGA_PROVIDER_INIT("mock"),
    .capabilities = BELUGA_CAPABILITY_LOCAL | BELUGA__TALKS_AND_CALLS_TOOLS | BELUGA__CAN_EMBED |
                    BELUGA__CAN_COUNT,
    .open = open_model,
    .close = beluga_free,
    .start = start,
    .cancel = cancel,
    .options = BELUGA__OWN_OPTIONS(
        BELUGA__OWN_TEXT("mock.responses", "answers to give in turn, one a line"),
        NUMBER("mock.word_delay_ms", "wait before each word of a stream", MAX_DELAY_MS),
        NUMBER("mock.latency_ms", "wait before the first event", MAX_DELAY_MS),
        BELUGA__OWN_TEXT("mock.tool_calls", "JSON array of tool calls to answer with"),
        BELUGA__OWN_TEXT("mock.error", "name of the error to fail with"),
        NUMBER("mock.error_count", "fail only the first n calls", MAX_COUNT),
        NUMBER("mock.error_after_words", "fail after this many words", MAX_COUNT),
        BELUGA__OWN_TEXT("mock.reasoning", "reasoning before the answer"),
        BELUGA__OWN_TEXT("mock.finish_reason",
                         "stop, length, tool_calls, content_filter, other, pause or none")),
    .notes = BELUGA__TEXTS(
        "Needs neither key nor network, and is only taken when it is named.",
        "mock/echo says what it was told; any other name answers by the options, or with its own "
        "text.",
        "A vector is made of the words of its text, so that texts which share words are near each "
        "other; it has 64 numbers, unless dimensions says how many. Each word is a token.")};
