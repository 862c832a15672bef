/* The reply of the scripted peer to a request, written in one line:
 *
 *     script(p, BEGINS, SAYS("Hello"), STOPS, USES(7, 1), DONE);
 *     script(p, FAILS(429, "Retry-After: 2\r\n"));
 *     script(p, REPEATS(20), ANSWERS("Hello"));
 *
 * Each word is one step of a reply (see peer.h). The reply is appended to the peer's queue. */
#ifndef TESTS_SCRIPT_H
#define TESTS_SCRIPT_H

#include "peer/peer.h"

typedef enum script_act {
    SCRIPT_END,
    SCRIPT_BEGIN,
    SCRIPT_TEXT,
    SCRIPT_LETTERS,
    SCRIPT_TOOL,
    SCRIPT_FINISH,
    SCRIPT_USAGE,
    SCRIPT_DONE,
    SCRIPT_STREAM,
    SCRIPT_ANSWER,
    SCRIPT_ERROR,
    SCRIPT_REPEAT,
    SCRIPT_MATCH,
    SCRIPT_MATCH_STREAMED,
    SCRIPT_STATUS,
    SCRIPT_BODY,
    SCRIPT_JSON,
    SCRIPT_SSE,
    SCRIPT_LAST_CHUNK,
    SCRIPT_DELAY,
    SCRIPT_SPLIT,
    SCRIPT_GATE,
    SCRIPT_AWAIT,
    SCRIPT_CLOSE,
    SCRIPT_RESET,
    SCRIPT_HANG,
} script_act;

typedef struct script_step {
    script_act act;
    int number, other;
    const char *text, *id, *name;
} script_step;

/* --- a streamed answer, piece by piece -------------------------------------------------------- */

#define BEGINS      ((script_step){SCRIPT_BEGIN, 0, 0, NULL, NULL, NULL})
#define SAYS(words) ((script_step){SCRIPT_TEXT, 0, 0, words, NULL, NULL})
/* A text of `n` letters x. */
#define SAYS_LETTERS(n) ((script_step){SCRIPT_LETTERS, n, 0, NULL, NULL, NULL})
#define BEGINS_TOOL(index, call_id, tool, arguments) \
    ((script_step){SCRIPT_TOOL, index, 0, arguments, call_id, tool})
#define CONTINUES_TOOL(index, arguments) BEGINS_TOOL(index, NULL, NULL, arguments)
#define FINISHES(reason)                 ((script_step){SCRIPT_FINISH, 0, 0, reason, NULL, NULL})
#define STOPS                            FINISHES("stop")
#define USES(input, output)              ((script_step){SCRIPT_USAGE, input, output, NULL, NULL, NULL})
#define DONE                             ((script_step){SCRIPT_DONE, 0, 0, NULL, NULL, NULL})

/* --- whole answers ---------------------------------------------------------------------------- */

#define STREAMS(words) ((script_step){SCRIPT_STREAM, 0, 0, words, NULL, NULL})
#define ANSWERS(words) ((script_step){SCRIPT_ANSWER, 0, 0, words, NULL, NULL})
/* `headers` is NULL or whole header lines. The message of the error is "not now". */
#define FAILS(status, headers) ((script_step){SCRIPT_ERROR, status, 0, NULL, headers, NULL})
#define FAILS_AS(status, code) ((script_step){SCRIPT_ERROR, status, 0, NULL, NULL, code})

/* --- HTTP ------------------------------------------------------------------------------------- */

#define HEAD(status, headers) ((script_step){SCRIPT_STATUS, status, 0, headers, NULL, NULL})
#define EVENT_STREAM          HEAD(200, "Content-Type: text/event-stream\r\n")
#define BODY(text)            ((script_step){SCRIPT_BODY, 0, 0, text, NULL, NULL})
#define JSON(text)            ((script_step){SCRIPT_JSON, 200, 0, text, NULL, NULL})
#define EVENT(data)           ((script_step){SCRIPT_SSE, 0, 0, data, NULL, NULL})
#define ENDS                  ((script_step){SCRIPT_LAST_CHUNK, 0, 0, NULL, NULL, NULL})

/* ---- the requests that a reply answers ------------------------------------------------------- */

#define REPEATS(times) ((script_step){SCRIPT_REPEAT, times, 0, NULL, NULL, NULL})
#define FOR_EVER       REPEATS(PEER_FOR_EVER)
/* The reply answers only requests whose path contains this part, or only requests for a stream. */
#define MATCHES(path_part) ((script_step){SCRIPT_MATCH, 0, 0, path_part, NULL, NULL})
#define MATCHES_STREAMED   ((script_step){SCRIPT_MATCH_STREAMED, 1, 0, NULL, NULL, NULL})

/* --- time and connections --------------------------------------------------------------------- */

#define PAUSES(ms)              ((script_step){SCRIPT_DELAY, ms, 0, NULL, NULL, NULL})
#define TRICKLES(bytes, gap_us) ((script_step){SCRIPT_SPLIT, bytes, gap_us, NULL, NULL, NULL})
#define WAITS_AT(gate)          ((script_step){SCRIPT_GATE, gate, 0, NULL, NULL, NULL})
#define AWAITS_BYTES            ((script_step){SCRIPT_AWAIT, 0, 0, NULL, NULL, NULL})
#define CLOSES                  ((script_step){SCRIPT_CLOSE, 0, 0, NULL, NULL, NULL})
#define RESETS                  ((script_step){SCRIPT_RESET, 0, 0, NULL, NULL, NULL})
#define HANGS                   ((script_step){SCRIPT_HANG, 0, 0, NULL, NULL, NULL})

#define SCRIPT_STEPS(...) ((const script_step[]){__VA_ARGS__, {SCRIPT_END, 0, 0, NULL, NULL, NULL}})

/* Append a reply to the peer's queue. The result is borrowed from the peer: a test may add further
 * steps, for which this header has no macro. */
#define script(p, ...) script_reply(peer_reply_new(p), SCRIPT_STEPS(__VA_ARGS__))
/* Add steps to a reply that exists already. */
#define script_more(reply, ...) script_reply(reply, SCRIPT_STEPS(__VA_ARGS__))
peer_reply *script_reply(peer_reply *reply, const script_step *steps);

#endif
