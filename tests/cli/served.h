/* Runs the command with a scripted peer in place of a provider:
 *
 *     SCOPED(peer) *p = serve_openai(cli); */
#ifndef TESTS_CLI_SERVED_H
#define TESTS_CLI_SERVED_H

#include "../support/scoped_peer.h"
#include "run.h"

#define SERVED_KEY "sk-this-must-never-be-shown"

/* Start a peer, and set a provider's variables for its URL and key. Returns owned (peer_stop). */
static inline peer *serve(cli_process *cli, const char *url_variable, const char *key_variable)
{
    peer *p = peer_start();
    assert_non_null(p);
    cli_set(cli, url_variable, peer_url(p));
    cli_set(cli, key_variable, SERVED_KEY);
    return p;
}

static inline peer *serve_openai(cli_process *cli)
{
    return serve(cli, "OPENAI_BASE_URL", "OPENAI_API_KEY");
}

/* Script one streamed answer. */
static inline void serve_answer(peer *p, const char *text, const char *reason, int input_tokens,
                                int output_tokens)
{
    peer_reply *r = peer_reply_new(p);
    peer_openai_begin(r);
    peer_openai_text(r, text);
    peer_openai_finish(r, reason);
    peer_openai_usage(r, input_tokens, output_tokens);
    peer_openai_done(r);
}

/* Script the beginning of an answer, up to its first text. The caller may add steps, for example a
 * gate; otherwise the answer stops there. */
static inline peer_reply *serve_begin(peer *p, const char *text)
{
    peer_reply *r = peer_reply_new(p);
    peer_openai_begin(r);
    peer_openai_text(r, text);
    return r;
}

#endif
