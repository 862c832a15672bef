#include "script.h"

#include <stdlib.h>
#include <string.h>

/* If the memory for a step is missing, the step is left out, which the test then notices. */
static void say_letters(peer_reply *r, size_t n)
{
    char *text = malloc(n + 1);
    if (!text) return;
    memset(text, 'x', n);
    text[n] = '\0';
    peer_openai_text(r, text);
    free(text);
}

static void take(peer_reply *r, const script_step *s)
{
    switch (s->act) {
    case SCRIPT_END: return;
    case SCRIPT_BEGIN: peer_openai_begin(r); return;
    case SCRIPT_TEXT: peer_openai_text(r, s->text); return;
    case SCRIPT_LETTERS: say_letters(r, (size_t)s->number); return;
    case SCRIPT_TOOL: peer_openai_tool(r, s->number, s->id, s->name, s->text); return;
    case SCRIPT_FINISH: peer_openai_finish(r, s->text); return;
    case SCRIPT_USAGE: peer_openai_usage(r, s->number, s->other); return;
    case SCRIPT_DONE: peer_openai_done(r); return;
    case SCRIPT_STREAM: peer_openai_stream(r, s->text); return;
    case SCRIPT_ANSWER: peer_openai_answer(r, s->text); return;
    case SCRIPT_ERROR: peer_openai_error(r, s->number, s->id, s->name, "not now"); return;
    case SCRIPT_REPEAT: peer_reply_repeat(r, s->number); return;
    case SCRIPT_MATCH: peer_reply_match(r, s->text); return;
    case SCRIPT_MATCH_STREAMED: peer_reply_match_streamed(r, s->number); return;
    case SCRIPT_STATUS: peer_step_status(r, s->number, s->text); return;
    case SCRIPT_BODY: peer_step_body(r, s->text, strlen(s->text)); return;
    case SCRIPT_JSON: peer_step_json(r, s->number, s->text); return;
    case SCRIPT_SSE: peer_step_sse(r, s->text); return;
    case SCRIPT_LAST_CHUNK: peer_step_end(r); return;
    case SCRIPT_DELAY: peer_step_delay_ms(r, s->number); return;
    case SCRIPT_SPLIT: peer_step_split(r, (size_t)s->number, s->other); return;
    case SCRIPT_GATE: peer_step_gate(r, s->number); return;
    case SCRIPT_AWAIT: peer_step_await_bytes(r); return;
    case SCRIPT_CLOSE: peer_step_close(r); return;
    case SCRIPT_RESET: peer_step_reset(r); return;
    case SCRIPT_HANG: peer_step_hang(r); return;
    }
}

peer_reply *script_reply(peer_reply *reply, const script_step *steps)
{
    for (; steps->act != SCRIPT_END; steps++) take(reply, steps);
    return reply;
}
