/* A server of Chat Completions whose faults depend on the name of the model. */
#include "peer/bytes.h"
#include "peer/openai.h"
#include "peer/reply.h"

#include <string.h>

#define BACKUP_MODEL "peer-backup"

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

/* Make a reply, without an end, to chat completions of one model (NULL: any), streamed or not. */
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

static void long_answer(peer_reply *r, int words)
{
    enum { MOST_BYTES = 8 * PEER_MAX_TOKENS };
    bytes text = {0};
    for (int i = 0; i < words; i++)
        if (!peer__bytes_add(&text, word(i), strlen(word(i)), MOST_BYTES)) break;
    if (peer__bytes_add(&text, "", 1, MOST_BYTES))
        peer_openai_answer(r, text.data);
    else
        peer__reply_break(r);
    peer__bytes_free(&text);
}

static void healthy(peer *p, const char *model, const peer_chat *chat)
{
    /* With this text the whole answer is about 600 bytes long. */
    static const char text[] =
        "The quick brown fox jumps over the lazy dog, rests for a while in the sun, "
        "and then comes back for more.";
    peer_reply *r = chat_reply(p, model, 1);
    peer_openai_begin(r);
    tokens(r, 0, chat->hold ? 1 : chat->tokens, chat->interval_ms);
    if (chat->hold) peer_step_hang(r);
    peer__openai_end(r, chat->tokens);
    peer_openai_done(r);
    r = chat_reply(p, model, 0);
    if (chat->answer_words > 0)
        long_answer(r, chat->answer_words);
    else
        peer_openai_answer(r, text);
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
    tokens(r, 0, PEER_OPENAI_TOKENS, 0);
    peer__openai_end(r, PEER_OPENAI_TOKENS);
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
    tokens(r, 9, PEER_OPENAI_TOKENS, 0);
    peer__openai_end(r, PEER_OPENAI_TOKENS);
    peer_openai_done(r);
    r = chat_reply(p, "s11", 1);
    peer_openai_begin(r);
    tokens(r, 0, PEER_OPENAI_TOKENS, 0);
    peer__openai_end(r, PEER_OPENAI_TOKENS);
    peer_step_delay_ms(r, 30000 / divisor);
    peer_step_end(r);
}

/* Play the faults of s08 to s10 for answers that are not streamed. */
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
                   "{\"id\":\"" PEER_OPENAI_MODEL "\",\"object\":\"model\",\"created\":1700000000,"
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
