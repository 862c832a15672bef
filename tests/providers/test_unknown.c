/* An answer with an unknown word, type or shape must never be a success. This test makes 200 such
 * answers from a good answer of each protocol, for every built-in provider; they are the same in
 * every run. */
#include "kit/aws_frames.h"
#include "providers/builtin.h"
#include "support/decode.h"
#include "wire/framing.h"

#include <beluga/allocator.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { INPUTS = 200, MAX_TEXT = 8192 };

/* ---- good answers ---------------------------------------------------------------------------- */

/* A value that matters has a mark before it, which says what the value is and what replaces it:
 *
 *   @W   the finish reason: replaced by any value except null and known words
 *   @T   the type of a piece: replaced by another word or value
 *   @S   the text itself: replaced by anything except a text
 *   @L   a list: replaced by anything except a list or a text
 *   @O   an object: replaced by anything else */
typedef struct known_protocol {
    const char *name;
    const char *body, *stream; /* the events of the stream, one on each line */
} known_protocol;
static const known_protocol protocols[] = {
    {"Chat Completions",
     "{\"id\":\"c\",\"model\":\"m\",\"choices\":@L[{\"index\":0,\"message\":@O{\"role\":"
     "\"assistant\",\"content\":@L[{\"type\":@T\"text\",\"text\":@S\"Hi\"}]},\"finish_reason\":"
     "@W\"stop\"}]}",
     "{\"id\":\"c\",\"model\":\"m\",\"choices\":@L[{\"index\":0,\"delta\":@O{\"content\":@S\"Hi\"},"
     "\"finish_reason\":null}]}\n"
     "{\"id\":\"c\",\"model\":\"m\",\"choices\":@L[{\"index\":0,\"delta\":{},\"finish_reason\":@W"
     "\"stop\"}]}\n"},
    {"OpenAI Responses",
     "{\"id\":\"r\",\"model\":\"m\",\"status\":@W\"completed\",\"output\":@L[{\"type\":@T"
     "\"message\",\"content\":@L[{\"type\":@T\"output_text\",\"text\":@S\"Hi\"}]}]}",
     "{\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"model\":\"m\"}}\n"
     "{\"type\":@T\"response.output_text.delta\",\"output_index\":0,\"delta\":@S\"Hi\"}\n"
     "{\"type\":@T\"response.completed\",\"response\":{\"id\":\"r\",\"status\":@W\"completed\"}}"
     "\n"},
    {"Anthropic Messages",
     "{\"id\":\"m\",\"type\":\"message\",\"model\":\"m\",\"content\":@L[{\"type\":@T\"text\","
     "\"text\":@S\"Hi\"}],\"stop_reason\":@W\"end_turn\"}",
     "{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"m\",\"content\":[]}}\n"
     "{\"type\":@T\"content_block_delta\",\"index\":0,\"delta\":@O{\"type\":@T\"text_delta\","
     "\"text\":@S\"Hi\"}}\n"
     "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":@W\"end_turn\"}}\n"
     "{\"type\":\"message_stop\"}\n"},
    {"Gemini generateContent",
     "{\"candidates\":@L[{\"content\":@O{\"role\":\"model\",\"parts\":@L[{\"text\":@S\"Hi\"}]},"
     "\"finishReason\":@W\"STOP\"}],\"modelVersion\":\"m\"}",
     "{\"candidates\":@L[{\"content\":@O{\"role\":\"model\",\"parts\":@L[{\"text\":@S\"Hi\"}]},"
     "\"finishReason\":@W\"STOP\"}],\"modelVersion\":\"m\"}\n"},
    {"Ollama chat",
     "{\"model\":\"m\",\"message\":@O{\"role\":\"assistant\",\"content\":@S\"Hi\"},\"done\":true,"
     "\"done_reason\":@W\"stop\"}",
     "{\"model\":\"m\",\"message\":@O{\"role\":\"assistant\",\"content\":@S\"Hi\"},\"done\":"
     "false}\n"
     "{\"model\":\"m\",\"done\":true,\"done_reason\":@W\"stop\"}\n"},
    {"Cohere chat v2",
     "{\"id\":\"c\",\"finish_reason\":@W\"COMPLETE\",\"message\":@O{\"role\":\"assistant\","
     "\"content\":@L[{\"type\":\"text\",\"text\":@S\"Hi\"}]}}",
     "{\"type\":\"message-start\",\"id\":\"c\"}\n"
     "{\"type\":@T\"content-delta\",\"index\":0,\"delta\":@O{\"message\":@O{\"content\":@O{"
     "\"text\":@S\"Hi\"}}}}\n"
     "{\"type\":@T\"message-end\",\"delta\":@O{\"finish_reason\":@W\"COMPLETE\"}}\n"},
    {"Bedrock Converse",
     "{\"output\":@O{\"message\":@O{\"role\":\"assistant\",\"content\":@L[{\"text\":@S\"Hi\"}]}},"
     "\"stopReason\":@W\"end_turn\"}",
     ":message-type: event\n:event-type: contentBlockDelta\n"
     "{\"contentBlockIndex\":0,\"delta\":@O{\"text\":@S\"Hi\"}}\n"
     ":message-type: event\n:event-type: messageStop\n"
     "{\"stopReason\":@W\"end_turn\"}\n"},
};

static const known_protocol *protocol_of(const beluga_provider *provider)
{
    for (size_t i = 0; provider->protocol && i < sizeof protocols / sizeof *protocols; i++)
        if (strcmp(provider->protocol, protocols[i].name) == 0) return &protocols[i];
    return NULL;
}

/* ---- unknown values -------------------------------------------------------------------------- */

static uint64_t seed;

static uint32_t random_below(uint32_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % n;
}

/* Write a random word, made of syllables that no word of a server has. */
static void put_word(char *out)
{
    static const char *const syllables[] = {"zu", "qui", "woo", "ky", "Vo", "JU", "_", "xy"};
    *out = '\0';
    strcat(out, "\"q");
    for (uint32_t n = 2 + random_below(5); n; n--) strcat(out, syllables[random_below(8)]);
    strcat(out, "w\"");
}

static void put_unknown(char *out, char mark)
{
    char word[64];
    put_word(word);
    static const char *const numbers[] = {"0", "-1", "7.5", "1e99", "200", "404"};
    switch (random_below(mark == 'W' || mark == 'T' ? 8 : 5)) {
    case 0: strcpy(out, mark == 'W' || mark == 'T' ? "true" : "null"); break;
    case 1: strcpy(out, numbers[random_below(6)]); break;
    case 2: strcpy(out, random_below(2) ? "true" : "false"); break;
    case 3: sprintf(out, mark == 'O' ? "[%s,[%s]]" : "{%s:%s}", word, word); break;
    case 4:
        if (mark == 'O')
            strcpy(out, word);
        else if (mark == 'L')
            /* some protocols also allow a text instead of a list, so no word is used here */
            strcpy(out, "{}");
        else
            sprintf(out, "[{%s:%s}]", word, word);
        break;
    default: strcpy(out, word);
    }
}

static size_t skip_value(const char *text)
{
    size_t i = 0;
    int depth = 0;
    bool quoted = false;
    do {
        if (text[i] == '"') quoted = !quoted;
        if (!quoted && (text[i] == '{' || text[i] == '[')) depth++;
        if (!quoted && (text[i] == '}' || text[i] == ']')) depth--;
        i++;
    } while (depth || quoted ||
             (text[i] && !strchr(",}]\n", text[i]) && text[i - 1] != '}' && text[i - 1] != ']' &&
              text[i - 1] != '"'));
    return i;
}

static uint32_t count_marks(const char *text)
{
    uint32_t n = 0;
    for (; (text = strchr(text, '@')) != NULL; text++) n++;
    return n;
}

/* Copy a good answer without its marks, and replace the value after one of the marks. */
static void spoil(const char *good, uint32_t which, char out[MAX_TEXT])
{
    while (*good) {
        if (*good != '@') {
            *out++ = *good++;
        } else if (which--) {
            good += 2;
        } else {
            put_unknown(out, good[1]);
            out += strlen(out);
            good += 2 + skip_value(good + 2);
        }
    }
    *out = '\0';
}

/* ---- the results ----------------------------------------------------------------------------- */

static size_t frame(const beluga_provider *provider, const char *lines, char out[MAX_TEXT])
{
    size_t n = 0;
    if (provider->framing == BELUGA_FRAMING_AWS_EVENT_STREAM)
        return aws_frames(out, MAX_TEXT, lines);
    if (provider->framing == BELUGA_FRAMING_NDJSON)
        return (size_t)snprintf(out, MAX_TEXT, "%s", lines);
    while (*lines) {
        size_t length = strcspn(lines, "\n");
        n += (size_t)snprintf(out + n, MAX_TEXT - n, "data: %.*s\n\n", (int)length, lines);
        lines += length;
        if (*lines) lines++;
    }
    return n;
}

static void decode(const beluga_provider *provider, bool streamed, const char *text,
                   beluga__buf *story)
{
    static char bytes[MAX_TEXT];
    beluga__buf_clear(story);
    if (!streamed) {
        decode_body(provider, text, strlen(text), BELUGA_CALL_ANSWER, story);
        return;
    }
    size_t n = frame(provider, text, bytes);
    decode_stream(provider, bytes, &n, 1, story);
}

static bool has_line(const beluga__buf *story, const char *const *beginnings, size_t n)
{
    for (const char *line = story->data; line; line = strchr(line, '\n')) {
        if (*line == '\n') line++;
        for (size_t i = 0; i < n; i++)
            if (strncmp(line, beginnings[i], strlen(beginnings[i])) == 0) return true;
    }
    return false;
}

/* Returns whether a story has a plain successful end, and content before it. */
static bool is_success(const beluga__buf *story)
{
    static const char *const ends[] = {"finish stop", "finish tool_calls", "finish unknown"};
    static const char *const contents[] = {"text ", "reasoning ", "tool ", "media "};
    return has_line(story, ends, 3) && has_line(story, contents, 4);
}

static void try_provider(const beluga_provider *provider, const known_protocol *protocol)
{
    char text[MAX_TEXT];
    beluga__buf story;
    beluga__buf_init(&story, beluga_allocator_default(), 1 << 20);
    beluga__buf_puts(&story, "");
    seed = 20260101;
    for (int i = 0; i < INPUTS; i++) {
        bool streamed = i % 2;
        const char *good = streamed ? protocol->stream : protocol->body;
        spoil(good, random_below(count_marks(good)), text);
        decode(provider, streamed, text, &story);
        if (is_success(&story)) fail_msg("%s: %s\n%s", provider->name, text, story.data);
    }
    beluga__buf_free(&story);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void the_answers_they_are_made_from_are_successes(void **state)
{
    char text[MAX_TEXT];
    beluga__buf story;
    (void)state;
    beluga__buf_init(&story, beluga_allocator_default(), 1 << 20);
    const beluga_provider *provider;
    for (size_t i = 0; (provider = beluga__builtin_provider(i)) != NULL; i++) {
        const known_protocol *protocol = protocol_of(provider);
        for (int streamed = 0; protocol && streamed < 2; streamed++) {
            spoil(streamed ? protocol->stream : protocol->body, UINT32_MAX, text);
            decode(provider, streamed, text, &story);
            if (!is_success(&story)) fail_msg("%s: %s\n%s", provider->name, text, story.data);
        }
    }
    beluga__buf_free(&story);
}

static void nothing_unknown_is_a_success(void **state)
{
    const beluga_provider *provider;
    size_t tried = 0;
    (void)state;
    for (size_t i = 0; (provider = beluga__builtin_provider(i)) != NULL; i++) {
        const known_protocol *protocol = protocol_of(provider);
        bool remote = provider->decode_response != NULL;
        if (remote != (protocol != NULL)) fail_msg("%s has no answers here", provider->name);
        if (protocol) try_provider(provider, protocol);
        tried += protocol != NULL;
    }
    assert_true(tried > sizeof protocols / sizeof *protocols);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answers_they_are_made_from_are_successes),
        cmocka_unit_test(nothing_unknown_is_a_success),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
