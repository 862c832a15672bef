/* The shapes of OpenAI Chat Completions, and the server that fails by the name of the model. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "peer/internal.h"

#define MAX_SHAPE_BYTES ((size_t)16 * 1024 * 1024)
#define DEFAULT_MODEL   "peer-chat"
#define BACKUP_MODEL    "peer-backup"
#define FAULT_TOKENS    60
#define INPUT_TOKENS    12

/* ---- JSON text ------------------------------------------------------------------------------- */

static bool put(bytes *b, const char *text)
{
    return peer__bytes_add(b, text, strlen(text), MAX_SHAPE_BYTES);
}

__attribute__((format(printf, 2, 3))) static bool putf(bytes *b, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return n >= 0 && (size_t)n < sizeof text && put(b, text);
}

static bool put_string(bytes *b, const char *text)
{
    bool ok = put(b, "\"");
    for (; ok && *text; text++) {
        unsigned char ch = (unsigned char)*text;
        if (ch == '"' || ch == '\\')
            ok = putf(b, "\\%c", ch);
        else if (ch < 0x20)
            ok = putf(b, "\\u%04x", ch);
        else
            ok = peer__bytes_add(b, text, 1, MAX_SHAPE_BYTES);
    }
    return ok && put(b, "\"");
}

static const char *model_of(const peer_reply *r)
{
    return r->answer_model ? r->answer_model : DEFAULT_MODEL;
}

/* Hands what was built to `use` when it is whole, else marks the reply broken. */
static void finish(peer_reply *r, bytes *b, bool ok, void (*use)(peer_reply *, const char *))
{
    ok = ok && peer__bytes_add(b, "", 1, MAX_SHAPE_BYTES);
    if (ok)
        use(r, b->data);
    else
        peer__reply_break(r);
    peer__bytes_free(b);
}

/* ---- streamed -------------------------------------------------------------------------------- */

static bool put_chunk_head(peer_reply *r, bytes *b)
{
    return put(b, "{\"id\":\"chatcmpl-peer0123456789abcdefghijkl\",\"object\":"
                  "\"chat.completion.chunk\",\"created\":1700000000,\"model\":") &&
           put_string(b, model_of(r)) &&
           put(b, ",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_0123456789\",");
}

void peer_openai_begin(peer_reply *r)
{
    bytes b = {0};
    if (!r) return;
    peer_step_status(r, 200,
                     "Content-Type: text/event-stream; charset=utf-8\r\n"
                     "Cache-Control: no-cache\r\nX-Request-Id: req-peer-1\r\n");
    bool ok = put_chunk_head(r, &b) &&
              put(&b, "\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":"
                      "\"\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":null}],"
                      "\"usage\":null}");
    finish(r, &b, ok, peer_step_sse);
}

void peer_openai_text(peer_reply *r, const char *text)
{
    bytes b = {0};
    if (!r) return;
    bool ok = put_chunk_head(r, &b) &&
              put(&b, "\"choices\":[{\"index\":0,\"delta\":{\"content\":") &&
              put_string(&b, text) &&
              put(&b, "},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null,"
                      "\"obfuscation\":\"0123456789\"}");
    finish(r, &b, ok, peer_step_sse);
}

/* A member of an object, after a comma when it is not the first; nothing for NULL. */
static bool put_member(bytes *b, const char *name, const char *value, bool *first)
{
    if (!value) return true;
    bool ok = (*first || put(b, ",")) && putf(b, "\"%s\":", name) && put_string(b, value);
    *first = false;
    return ok;
}

static bool put_function(bytes *b, const char *name, const char *arguments)
{
    bool first = true;
    if (!name && !arguments) return true;
    return put(b, ",\"function\":{") && put_member(b, "name", name, &first) &&
           put_member(b, "arguments", arguments, &first) && put(b, "}");
}

void peer_openai_tool(peer_reply *r, int index, const char *id, const char *name,
                      const char *arguments)
{
    bytes b = {0};
    bool first = false;
    if (!r) return;
    bool ok =
        put_chunk_head(r, &b) &&
        putf(&b, "\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":%d", index) &&
        put_member(&b, "id", id, &first) && (!id || put(&b, ",\"type\":\"function\"")) &&
        put_function(&b, name, arguments) &&
        put(&b, "}]},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}");
    finish(r, &b, ok, peer_step_sse);
}

void peer_openai_finish(peer_reply *r, const char *reason)
{
    bytes b = {0};
    if (!r) return;
    bool ok = put_chunk_head(r, &b) &&
              put(&b, "\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,"
                      "\"finish_reason\":") &&
              put_string(&b, reason) && put(&b, "}],\"usage\":null}");
    finish(r, &b, ok, peer_step_sse);
}

static bool put_usage(bytes *b, int input_tokens, int output_tokens)
{
    return putf(b,
                "\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d,"
                "\"prompt_tokens_details\":{\"cached_tokens\":0,\"audio_tokens\":0},"
                "\"completion_tokens_details\":{\"reasoning_tokens\":0,\"audio_tokens\":0}}",
                input_tokens, output_tokens, input_tokens + output_tokens);
}

void peer_openai_usage(peer_reply *r, int input_tokens, int output_tokens)
{
    bytes b = {0};
    if (!r) return;
    bool ok = put_chunk_head(r, &b) && put(&b, "\"choices\":[],") &&
              put_usage(&b, input_tokens, output_tokens) && put(&b, "}");
    finish(r, &b, ok, peer_step_sse);
}

void peer_openai_done(peer_reply *r)
{
    peer_step_sse(r, "[DONE]");
    peer_step_end(r);
}

static void ending(peer_reply *r, int n)
{
    peer_openai_finish(r, "stop");
    peer_openai_usage(r, INPUT_TOKENS, n);
}

static int words(peer_reply *r, const char *text)
{
    char word[64];
    int n = 0;
    for (; *text; n++) {
        size_t len = 1 + strcspn(text + 1, " ");
        if (len >= sizeof word) len = sizeof word - 1;
        /* A longer word is cut, but never within a character. */
        while (len > 1 && ((unsigned char)text[len] & 0xc0) == 0x80) len--;
        memcpy(word, text, len);
        word[len] = '\0';
        peer_openai_text(r, word);
        text += len;
    }
    return n;
}

void peer_openai_stream(peer_reply *r, const char *text)
{
    peer_openai_begin(r);
    int n = words(r, text);
    ending(r, n);
    peer_openai_done(r);
}

/* ---- in one piece ---------------------------------------------------------------------------- */

static void send_answer(peer_reply *r, const char *json)
{
    peer_step_status(r, 200, "X-Request-Id: req-peer-1\r\n");
    peer_step_body(r, json, strlen(json));
}

static bool put_answer(peer_reply *r, bytes *b, const char *text)
{
    return put(b, "{\"id\":\"chatcmpl-peer0123456789abcdefghijkl\",\"object\":"
                  "\"chat.completion\",\"created\":1700000000,\"model\":") &&
           put_string(b, model_of(r)) &&
           put(b, ",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":") &&
           put_string(b, text) &&
           put(b, ",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],") &&
           put_usage(b, INPUT_TOKENS, FAULT_TOKENS) &&
           put(b, ",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_0123456789\"}");
}

void peer_openai_answer(peer_reply *r, const char *text)
{
    bytes b = {0};
    if (r) finish(r, &b, put_answer(r, &b, text), send_answer);
}

void peer_openai_error(peer_reply *r, int status, const char *headers, const char *code,
                       const char *message)
{
    bytes b = {0};
    if (!r) return;
    peer_step_status(r, status, headers);
    bool ok = put(&b, "{\"error\":{\"message\":") && put_string(&b, message) &&
              put(&b, ",\"type\":") &&
              put_string(&b, status >= 500 ? "server_error" : "invalid_request_error") &&
              put(&b, ",\"param\":null,\"code\":") &&
              (code ? put_string(&b, code) : put(&b, "null")) && put(&b, "}}");
    if (ok)
        peer_step_body(r, b.data, b.len);
    else
        peer__reply_break(r);
    peer__bytes_free(&b);
}

/* ---- the server ------------------------------------------------------------------------------ */

static const char *word(int i)
{
    static const char *const words[] = {"The",   " quick", " brown", " fox",  " jumps",
                                        " over", " the",   " lazy",  " dog.", " Then"};
    return words[i % (int)(sizeof words / sizeof *words)];
}

static void tokens(peer_reply *r, int from, int to, int interval_ms)
{
    for (int i = from; i < to; i++) {
        if (interval_ms > 0) peer_step_delay_ms(r, interval_ms);
        peer_openai_text(r, word(i));
    }
}

/* A reply to chat completions of one model (NULL: any), streamed or not, for ever. */
static peer_reply *chat_reply(peer *p, const char *model, int streamed)
{
    peer_reply *r = peer_reply_new(p);
    peer_reply_match(r, "/chat/completions");
    if (model) peer_reply_match_model(r, model);
    if (model) peer_openai_model(r, model);
    if (streamed >= 0) peer_reply_match_streamed(r, streamed);
    peer_reply_repeat(r, PEER_FOR_EVER);
    return r;
}

static void healthy(peer *p, const char *model, const peer_chat *chat)
{
    /* Makes the whole answer about 600 bytes long. */
    static const char text[] =
        "The quick brown fox jumps over the lazy dog, rests for a while in the sun, "
        "and then comes back for more.";
    peer_reply *r = chat_reply(p, model, 1);
    peer_openai_begin(r);
    tokens(r, 0, chat->hold ? 1 : chat->tokens, chat->interval_ms);
    if (chat->hold) peer_step_hang(r);
    ending(r, chat->tokens);
    peer_openai_done(r);
    peer_openai_answer(chat_reply(p, model, 0), text);
}

static void errors(peer *p)
{
    peer_reply *r = chat_reply(p, "s01", -1);
    peer_reply_turn(r, 0, 2);
    peer_openai_error(r, 429, "Retry-After: 2\r\n", "rate_limit_exceeded", "Rate limit reached");
    peer_openai_error(chat_reply(p, "s02", -1), 429, NULL, "rate_limit_exceeded",
                      "Rate limit reached");
    r = chat_reply(p, "s03", -1);
    peer_reply_turn(r, 0, 2);
    peer_openai_error(r, 500, NULL, NULL, "The server had an error");
    peer_openai_error(chat_reply(p, "s04", -1), 503, NULL, NULL, "The server is overloaded");
    peer_openai_error(chat_reply(p, "s16", -1), 503, NULL, NULL, "The server is overloaded");
    peer_openai_error(chat_reply(p, "s12", -1), 400, NULL, "context_length_exceeded",
                      "This model's maximum context length is 8192 tokens");
    peer_openai_error(chat_reply(p, "s13", -1), 400, NULL, "content_policy_violation",
                      "The request was rejected by the safety system");
}

static void outage(peer *p, int divisor)
{
    peer_reply *r = chat_reply(p, "s15", -1);
    peer_reply_last_ms(r, 60000 / divisor);
    peer_openai_error(r, 503, NULL, NULL, "The server is down");
}

static void silences(peer *p, int divisor)
{
    peer_reply *r = chat_reply(p, "s05", -1);
    peer_reply_turn(r, 0, 2);
    peer_step_reset(r);
    r = chat_reply(p, "s06", -1);
    peer_step_delay_ms(r, 120000 / divisor);
    peer_step_close(r);
    r = chat_reply(p, "s07", 0);
    peer_step_delay_ms(r, 20000 / divisor);
    peer_openai_answer(r, "Late");
    r = chat_reply(p, "s07", 1);
    peer_step_status(r, 200, NULL);
    peer_step_delay_ms(r, 20000 / divisor);
    tokens(r, 0, FAULT_TOKENS, 0);
    ending(r, FAULT_TOKENS);
    peer_openai_done(r);
}

static void cut_stream(peer *p, const char *model)
{
    peer_reply *r = chat_reply(p, model, 1);
    peer_openai_begin(r);
    tokens(r, 0, 40, 0);
    peer_step_close(r);
}

static void broken_streams(peer *p, int divisor)
{
    cut_stream(p, "s08");
    cut_stream(p, "s14");
    peer_reply *r = chat_reply(p, "s09", 1);
    peer_openai_begin(r);
    tokens(r, 0, 20, 0);
    peer_step_delay_ms(r, 30000 / divisor);
    peer_step_close(r);
    r = chat_reply(p, "s10", 1);
    peer_openai_begin(r);
    tokens(r, 0, 8, 0);
    peer_step_sse(r, "{\"id\":\"chatcmpl-peer\",\"choices\":[{\"delta\":{\"content\":");
    tokens(r, 9, FAULT_TOKENS, 0);
    ending(r, FAULT_TOKENS);
    peer_openai_done(r);
    r = chat_reply(p, "s11", 1);
    peer_openai_begin(r);
    tokens(r, 0, FAULT_TOKENS, 0);
    ending(r, FAULT_TOKENS);
    peer_step_delay_ms(r, 30000 / divisor);
    peer_step_end(r);
}

/* The same faults for answers in one piece. */
static void broken_answers(peer *p, int divisor)
{
    static const char half[] = "{\"id\":\"chatcmpl-peer\",\"object\":\"chat.completion\",\"choi";
    peer_reply *r = chat_reply(p, "s08", 0);
    peer_step_status(r, 200, NULL);
    peer_step_body_claiming(r, half, sizeof half - 1, 600);
    peer_step_close(r);
    r = chat_reply(p, "s09", 0);
    peer_step_status(r, 200, NULL);
    peer_step_body_claiming(r, half, sizeof half - 1, 600);
    peer_step_delay_ms(r, 30000 / divisor);
    peer_step_close(r);
    peer_step_json(chat_reply(p, "s10", 0), 200, half);
}

static void models(peer *p)
{
    peer_reply *r = peer_reply_new(p);
    peer_reply_match(r, "/models");
    peer_reply_repeat(r, PEER_FOR_EVER);
    peer_step_json(r, 200,
                   "{\"object\":\"list\",\"data\":["
                   "{\"id\":\"" DEFAULT_MODEL "\",\"object\":\"model\",\"created\":1700000000,"
                   "\"owned_by\":\"peer\"},"
                   "{\"id\":\"" BACKUP_MODEL "\",\"object\":\"model\",\"created\":1700000000,"
                   "\"owned_by\":\"peer\"}]}");
}

void peer_serve_chat(peer *p, const peer_chat *chat)
{
    peer_chat sane = *chat;
    if (sane.tokens < 1) sane.tokens = 1;
    if (sane.tokens > PEER_MAX_TOKENS) sane.tokens = PEER_MAX_TOKENS;
    if (sane.time_divisor < 1) sane.time_divisor = 1;
    models(p);
    errors(p);
    outage(p, sane.time_divisor);
    silences(p, sane.time_divisor);
    broken_streams(p, sane.time_divisor);
    broken_answers(p, sane.time_divisor);
    healthy(p, BACKUP_MODEL, &sane);
    healthy(p, NULL, &sane);
}
