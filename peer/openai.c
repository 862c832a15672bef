/* Answers in the form of OpenAI Chat Completions. */
#include "peer/openai.h"

#include "peer/bytes.h"
#include "peer/reply.h"

#include <stdlib.h>
#include <string.h>

static const char *model_of(const peer_reply *r)
{
    return r->answer_model ? r->answer_model : PEER_OPENAI_MODEL;
}

/* Pass the text to `use` if it is complete, or else mark the reply as broken. */
static void finish(peer_reply *r, bytes *b, bool ok, void (*use)(peer_reply *, const char *))
{
    ok = ok && peer__put_n(b, "", 1);
    if (ok)
        use(r, b->data);
    else
        peer__reply_break(r);
    peer__bytes_free(b);
}

/* ---- streamed -------------------------------------------------------------------------------- */

static bool put_chunk_head(peer_reply *r, bytes *b)
{
    return peer__put(b, "{\"id\":\"chatcmpl-peer0123456789abcdefghijkl\",\"object\":"
                        "\"chat.completion.chunk\",\"created\":1700000000,\"model\":") &&
           peer__put_string(b, model_of(r)) &&
           peer__put(b, ",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_0123456789\",");
}

void peer_openai_begin(peer_reply *r)
{
    bytes b = {0};
    if (!r) return;
    peer_step_status(r, 200,
                     "Content-Type: text/event-stream; charset=utf-8\r\n"
                     "Cache-Control: no-cache\r\nX-Request-Id: req-peer-1\r\n");
    bool ok =
        put_chunk_head(r, &b) &&
        peer__put(&b, "\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":"
                      "\"\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":null}],"
                      "\"usage\":null}");
    finish(r, &b, ok, peer_step_sse);
}

void peer_openai_text(peer_reply *r, const char *text)
{
    bytes b = {0};
    if (!r) return;
    bool ok = put_chunk_head(r, &b) &&
              peer__put(&b, "\"choices\":[{\"index\":0,\"delta\":{\"content\":") &&
              peer__put_string(&b, text) &&
              peer__put(&b, "},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null,"
                            "\"obfuscation\":\"0123456789\"}");
    finish(r, &b, ok, peer_step_sse);
}

/* Write a member of an object, with a comma unless it is the first; write nothing for NULL. */
static bool put_member(bytes *b, const char *name, const char *value, bool *first)
{
    if (!value) return true;
    bool ok = (*first || peer__put(b, ",")) && peer__putf(b, "\"%s\":", name) &&
              peer__put_string(b, value);
    *first = false;
    return ok;
}

static bool put_function(bytes *b, const char *name, const char *arguments)
{
    bool first = true;
    if (!name && !arguments) return true;
    return peer__put(b, ",\"function\":{") && put_member(b, "name", name, &first) &&
           put_member(b, "arguments", arguments, &first) && peer__put(b, "}");
}

void peer_openai_tool(peer_reply *r, int index, const char *id, const char *name,
                      const char *arguments)
{
    bytes b = {0};
    bool first = false;
    if (!r) return;
    bool ok = put_chunk_head(r, &b) &&
              peer__putf(&b, "\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":%d",
                         index) &&
              put_member(&b, "id", id, &first) &&
              (!id || peer__put(&b, ",\"type\":\"function\"")) &&
              put_function(&b, name, arguments) &&
              peer__put(&b, "}]},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}");
    finish(r, &b, ok, peer_step_sse);
}

void peer_openai_finish(peer_reply *r, const char *reason)
{
    bytes b = {0};
    if (!r) return;
    bool ok = put_chunk_head(r, &b) &&
              peer__put(&b, "\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,"
                            "\"finish_reason\":") &&
              peer__put_string(&b, reason) && peer__put(&b, "}],\"usage\":null}");
    finish(r, &b, ok, peer_step_sse);
}

static bool put_usage(bytes *b, int input_tokens, int output_tokens)
{
    return peer__putf(
        b,
        "\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d,"
        "\"prompt_tokens_details\":{\"cached_tokens\":0,\"audio_tokens\":0},"
        "\"completion_tokens_details\":{\"reasoning_tokens\":0,\"audio_tokens\":0}}",
        input_tokens, output_tokens, input_tokens + output_tokens);
}

void peer_openai_usage(peer_reply *r, int input_tokens, int output_tokens)
{
    bytes b = {0};
    if (!r) return;
    bool ok = put_chunk_head(r, &b) && peer__put(&b, "\"choices\":[],") &&
              put_usage(&b, input_tokens, output_tokens) && peer__put(&b, "}");
    finish(r, &b, ok, peer_step_sse);
}

void peer_openai_done(peer_reply *r)
{
    peer_step_sse(r, "[DONE]");
    peer_step_end(r);
}

void peer__openai_end(peer_reply *r, int tokens)
{
    peer_openai_finish(r, "stop");
    peer_openai_usage(r, PEER_OPENAI_INPUT_TOKENS, tokens);
}

static int words(peer_reply *r, const char *text)
{
    char word[64];
    int n = 0;
    for (; *text; n++) {
        size_t len = 1 + strcspn(text + 1, " ");
        if (len >= sizeof word) len = sizeof word - 1;
        /* A longer word is cut, but not in the middle of a character. */
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
    peer__openai_end(r, n);
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
    return peer__put(b, "{\"id\":\"chatcmpl-peer0123456789abcdefghijkl\",\"object\":"
                        "\"chat.completion\",\"created\":1700000000,\"model\":") &&
           peer__put_string(b, model_of(r)) &&
           peer__put(
               b, ",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":") &&
           peer__put_string(b, text) &&
           peer__put(b, ",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],") &&
           put_usage(b, PEER_OPENAI_INPUT_TOKENS, PEER_OPENAI_TOKENS) &&
           peer__put(b, ",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_0123456789\"}");
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
    bool ok = peer__put(&b, "{\"error\":{\"message\":") && peer__put_string(&b, message) &&
              peer__put(&b, ",\"type\":") &&
              peer__put_string(&b, status >= 500 ? "server_error" : "invalid_request_error") &&
              peer__put(&b, ",\"param\":null,\"code\":") &&
              (code ? peer__put_string(&b, code) : peer__put(&b, "null")) && peer__put(&b, "}}");
    if (ok)
        peer_step_body(r, b.data, b.len);
    else
        peer__reply_break(r);
    peer__bytes_free(&b);
}
