/*
 * A scripted HTTP/1.1 server that causes on purpose the faults that connections to model servers
 * have.
 *
 * It listens on 127.0.0.1 only and knows nothing of the library under test: POSIX sockets and
 * epoll are its only dependencies. A test starts a peer, appends replies, lets a client talk to it,
 * and reads the log of the client's requests:
 *
 *     peer *p = peer_start();
 *     peer_reply *r = peer_reply_new(p);
 *     peer_step_status(r, 429, "Retry-After: 2\r\n");
 *     peer_step_body(r, "slow down", 9);
 *     r = peer_reply_new(p);
 *     peer_openai_begin(r);
 *     peer_openai_text(r, "Hello");
 *     peer_step_close(r);                          (the stream dies here, without its terminator)
 *     ... point a client at peer_url(p) ...
 *     assert_int_equal(peer_wait_requests(p, 2, 5000), 0);
 *     peer_stop(p);
 *
 * Threads: every function may be called from any thread, since the peer serves on a thread of its
 * own. A reply must be complete before a request arrives that it could answer (a *gate* lets a test
 * hold a reply in the middle). Memory: replies and log entries belong to the peer and live until
 * peer_stop(). Scripting never fails visibly: when memory runs out the reply is marked broken, and
 * every request that gets this reply is answered with status 418, as if no reply matched. NULL
 * replies are ignored. A child made by fork() holds the peer's descriptors but not its thread: the
 * child should exec or _exit, and connections do not end before it does so.
 */
#ifndef BELUGA_PEER_PEER_H
#define BELUGA_PEER_PEER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A longer request head is answered with 431, a longer body with 413; both close the connection. */
#define PEER_MAX_HEAD_BYTES ((size_t)64 * 1024)
#define PEER_MAX_BODY_BYTES ((size_t)64 * 1024 * 1024)
#define PEER_MAX_HEADERS    128
/* Requests above either limit are answered and counted, but their contents are not kept. */
#define PEER_MAX_KEPT_REQUESTS ((size_t)65536)
#define PEER_MAX_KEPT_BYTES    ((size_t)512 * 1024 * 1024)
/* Gates are numbered from 0. */
#define PEER_MAX_GATES 64
#define PEER_FOR_EVER  (-1)
/* A request that no reply matches gets this status. */
#define PEER_STATUS_UNSCRIPTED 418

typedef struct peer peer;
typedef struct peer_reply peer_reply;

/* ---- life ------------------------------------------------------------------------------------ */

typedef struct peer_config {
    int port;             /* 0: any free port */
    size_t kept_requests; /* number of requests that the log keeps, ≤ PEER_MAX_KEPT_REQUESTS */
    size_t max_body;      /* a longer body is answered with 413; 0: PEER_MAX_BODY_BYTES */
    FILE *log;            /* borrowed, may be NULL: gets one line of JSON for each request */
} peer_config;

/* Start a peer on its own thread and a free port. The caller owns the result, which is NULL on
 * failure (with errno). */
peer *peer_start(void);
/* Start a peer with a configuration, which may be NULL. */
peer *peer_start_with(const peer_config *config);

/* Make a peer that listens but serves nothing until peer_run(). `config` may be NULL. */
peer *peer_new(const peer_config *config);

/* Serve on the calling thread until peer_quit(). Returns 0, or -1 with errno. Blocks. */
int peer_run(peer *p);

/* Make peer_run() return. Safe in a signal handler. */
void peer_quit(peer *p);

/* Stop serving, join the thread, close every connection and free everything. NULL is allowed. */
void peer_stop(peer *p);

/* Return the TCP port on 127.0.0.1. */
int peer_port(const peer *p);

/* Return "http://127.0.0.1:PORT/v1"; borrowed until peer_stop(). */
const char *peer_url(const peer *p);

/* ---- the queue of replies -------------------------------------------------------------------- */

/*
 * Append a reply to the queue. It answers one request unless peer_reply_repeat() sets another
 * number. A request gets the first reply in the queue that matches it and is not used up.
 */
peer_reply *peer_reply_new(peer *p);

/* Let the reply answer `times` requests, or any number with PEER_FOR_EVER. */
void peer_reply_repeat(peer_reply *r, int times);

/* Let the reply match only requests whose path (with its query) contains `path_part`. */
void peer_reply_match(peer_reply *r, const char *path_part);

/* Let the reply match only requests for exactly this method and path (with its query): "GET
 * /jobs/1". */
void peer_reply_match_route(peer_reply *r, const char *route);

/* Let the reply match only requests whose JSON body has this "model" at its top level. */
void peer_reply_match_model(peer_reply *r, const char *model);

/* Let the reply match only requests whose body contains `part`. */
void peer_reply_match_body(peer_reply *r, const char *part);

/* Let the reply match only requests with "stream":true in their body (1), or only requests without
 * (0). */
void peer_reply_match_streamed(peer_reply *r, int streamed);

/*
 * Use the reply only for the `turn`-th (from 0) of every `turns` matching requests; the others get
 * later replies. For example, a reply with turn 0 of 2 can fail every first attempt, while its
 * retry gets the next reply.
 */
void peer_reply_turn(peer_reply *r, unsigned turn, unsigned turns);

/* Use the reply only for `ms` after its first request. This simulates an outage that ends. */
void peer_reply_last_ms(peer_reply *r, int ms);

/* ---- the steps of a reply, done in order ----------------------------------------------------- */

/*
 * Send a status line and headers. `headers` is NULL or whole lines, each with its "\r\n". The next
 * step chooses the framing: peer_step_body*() a Content-Length, peer_step_raw() no framing (the
 * body ends with the connection), any other step HTTP chunks. A Content-Type is added unless
 * `headers` has one.
 */
void peer_step_status(peer_reply *r, int status, const char *headers);

/* Add a header to the head that peer_step_status() began. */
void peer_step_header(peer_reply *r, const char *name, const char *value);

/* Add a header whose value is `n` letters, for example to make a header of many kilobytes. */
void peer_step_header_fill(peer_reply *r, const char *name, size_t n);

/* Send a body with the correct Content-Length. */
void peer_step_body(peer_reply *r, const void *bytes, size_t n);

/* Send a body with a wrong Content-Length; peer_step_close() must follow. */
void peer_step_body_claiming(peer_reply *r, const void *bytes, size_t n, size_t claimed);

/* Send a whole JSON answer: status, Content-Type, Content-Length, body. */
void peer_step_json(peer_reply *r, int status, const char *body);

/* Send a whole redirect, with an empty body. */
void peer_step_redirect(peer_reply *r, int status, const char *location);

/* Send these bytes unchanged, without any framing. */
void peer_step_raw(peer_reply *r, const void *bytes, size_t n);

/* Send one HTTP chunk. `n` of 0 sends nothing: an empty chunk would end the body. */
void peer_step_chunk(peer_reply *r, const void *bytes, size_t n);

/* Send "data: <data>\n\n" as one HTTP chunk; a status of 200 is sent first if there is none yet. */
void peer_step_sse(peer_reply *r, const char *data);

/* Send the last chunk. The connection stays open for the next request. */
void peer_step_end(peer_reply *r);

/* Send nothing for this time. */
void peer_step_delay_ms(peer_reply *r, int ms);

/* From here on pass at most `n` bytes to each send, with pauses of `gap_us` microseconds. `n` of 0
 * ends the splitting. */
void peer_step_split(peer_reply *r, size_t n, int gap_us);

/* Send nothing until a test opens gate `gate` with peer_open_gate(). */
void peer_step_gate(peer_reply *r, int gate);

/*
 * Send nothing until more bytes arrive from the client, and leave them unread. Used after a
 * complete answer and before peer_step_close() or peer_step_reset(), this imitates a server that
 * closes an idle connection just when a request is sent on it.
 */
void peer_step_await_bytes(peer_reply *r);

/* Close the connection normally (FIN). */
void peer_step_close(peer_reply *r);

/* Reset the connection (RST). As the only step, it resets after the request was read and before any
 * byte of an answer. */
void peer_step_reset(peer_reply *r);

/* Send nothing more until the client closes or peer_stop() is called. */
void peer_step_hang(peer_reply *r);

/* Open a gate permanently: replies that wait at the gate continue, and later ones do not wait. */
void peer_open_gate(peer *p, int gate);

/* ---- faults before any request is read ------------------------------------------------------- */

typedef enum peer_accept_fault {
    PEER_ACCEPT_RESET, /* accept, then RST at once */
    PEER_ACCEPT_CLOSE, /* accept, then FIN at once */
    PEER_ACCEPT_DEAF   /* accept, then neither read nor write */
} peer_accept_fault;

/* Apply the fault to the next `times` connections. They are counted as connections, never as
 * requests. */
void peer_fail_accepts(peer *p, peer_accept_fault fault, int times);

/* ---- the log --------------------------------------------------------------------------------- */

/*
 * Requests are numbered from 0 in the order in which they became complete (head and body). Pointers
 * are borrowed until peer_stop(). For a request that does not exist or was not kept, accessors
 * return NULL, -1 or 0.
 */
typedef enum peer_outcome {
    PEER_RUNNING,  /* steps remain */
    PEER_ANSWERED, /* all steps were done; the last byte was handed to the kernel */
    PEER_CANCELLED /* the client closed the connection before the last byte */
} peer_outcome;

size_t peer_requests(const peer *p);
const char *peer_request_method(const peer *p, size_t i);
const char *peer_request_path(const peer *p, size_t i);
/* Returns the value of the first header with this name (case does not matter); NULL if there is
 * none. */
const char *peer_request_header(const peer *p, size_t i, const char *name);
/* Returns name and value of header `index`, in the order of the request; NULL after the last. */
const char *peer_request_header_at(const peer *p, size_t i, size_t index, const char **value);
/* Returns the body, followed by a NUL; `len` may be NULL. Never NULL for a kept request. */
const char *peer_request_body(const peer *p, size_t i, size_t *len);
/* Returns "model" at the top level of the body, as written there; "" if there is none. */
const char *peer_request_model(const peer *p, size_t i);
/* Returns the time when the request was complete, on CLOCK_MONOTONIC. */
uint64_t peer_request_time_ns(const peer *p, size_t i);
/* Returns the number, from 0, of the request's connection; requests on one kept-alive connection
 * have the same number. */
long peer_request_connection(const peer *p, size_t i);
int peer_request_outcome(const peer *p, size_t i);

/* peer_unscripted() returns the number of requests that no reply matched, peer_malformed() the
 * number of requests that were not valid HTTP. Both are 0 in a test without faults. */
size_t peer_unscripted(const peer *p);
size_t peer_malformed(const peer *p);

size_t peer_connections(const peer *p);      /* connections accepted so far */
size_t peer_open_connections(const peer *p); /* connections that are open now */

/* ---- waiting: 0 when the condition holds, -1 after `timeout_ms` ------------------------------ */

int peer_wait_requests(peer *p, size_t n, int timeout_ms); /* at least n requests so far */
/* at least n accepted connections so far */
int peer_wait_connections(peer *p, size_t n, int timeout_ms);
/* at least n connections that either side has closed */
int peer_wait_closed(peer *p, size_t n, int timeout_ms);
int peer_wait_all_closed(peer *p, int timeout_ms); /* until no connection is open */
/* Wait until request i has ended with `outcome`; returns -1 at once if it ended otherwise. */
int peer_wait_outcome(peer *p, size_t i, peer_outcome outcome, int timeout_ms);

/* ---- shapes of OpenAI Chat Completions ------------------------------------------------------- */

/* Send 200, text/event-stream and the first chunk, which contains the role. */
void peer_openai_begin(peer_reply *r);
/* Send a chunk of text, about 300 bytes if `text` is one word. `text` is escaped. */
void peer_openai_text(peer_reply *r, const char *text);
/* Send the chunk with the finish reason. */
void peer_openai_finish(peer_reply *r, const char *reason);
/* Send the chunk with usage and empty choices. */
void peer_openai_usage(peer_reply *r, int input_tokens, int output_tokens);
/* Send "[DONE]" and the last HTTP chunk. */
void peer_openai_done(peer_reply *r);
/*
 * Send a chunk with a piece of tool call `index`. Members whose argument is NULL are left out, as
 * in later pieces of a call or in a faulty first piece. `arguments` is escaped and need not be
 * JSON.
 */
void peer_openai_tool(peer_reply *r, int index, const char *id, const char *name,
                      const char *arguments);
/* Send a complete stream without faults: the text word by word, finish, usage, "[DONE]". */
void peer_openai_stream(peer_reply *r, const char *text);
/* Send a complete answer in one piece, with usage. */
void peer_openai_answer(peer_reply *r, const char *text);
/* Send a complete error answer; `headers` as in peer_step_status(), `code` may be NULL. */
void peer_openai_error(peer_reply *r, int status, const char *headers, const char *code,
                       const char *message);
/* Set the model's name for the next chunks of this reply; the default is "peer-chat". */
void peer_openai_model(peer_reply *r, const char *model);

typedef struct peer_chat {
    int tokens;       /* tokens of a streamed answer, 1 … PEER_MAX_TOKENS */
    int answer_words; /* words of an answer in one piece; 0: about 600 bytes in all */
    int interval_ms;  /* milliseconds between two tokens */
    int hold;         /* send nothing more after the first token */
    int time_divisor; /* ≥ 1: divides the waits of the faults below */
} peer_chat;

#define PEER_MAX_TOKENS 100000

/*
 * Append replies that make the peer a server with OpenAI's API for any number of requests:
 * GET …/models and POST …/chat/completions, streamed or not. Answers name the model "peer-backup"
 * if it was asked for, and otherwise "peer-chat". These models fail on purpose:
 *
 *   s01  429 with Retry-After: 2, every second request is answered
 *   s02  429 for ever, without Retry-After
 *   s03  500, every second request is answered
 *   s04  503 for ever
 *   s05  reset before any byte of the answer, every second request is answered
 *   s06  no answer for 120 s, then the connection closes
 *   s07  head at once, first token after 20 s
 *   s08  the stream dies after 40 of 60 tokens, without a terminator
 *   s09  the stream goes silent after 20 tokens for 30 s, then closes
 *   s10  the tenth event is not JSON
 *   s11  a complete stream without "[DONE]"; it stays open for 30 s
 *   s12  400 context_length_exceeded
 *   s13  400 content_policy_violation
 *   s14  as s08
 *   s15  503 for the 60 s after the first request
 *   s16  as s04
 */
void peer_serve_chat(peer *p, const peer_chat *chat);

/*
 * Append replies that make the peer the service for providers that `beluga new provider NAME
 * --http` makes, for any number of requests: POST …/chat, streamed or not. It greets; if tools are
 * offered, it calls get_weather, and answers with the tool's result. It refuses the model chat-0.
 */
void peer_serve_example(peer *p);

/* ---- batch APIs ------------------------------------------------------------------------------ */

/* Anthropic accepts bodies of 256 MB; OpenAI accepts files of 200 MB, inside a form. */
#define PEER_BATCH_MAX_BODY_BYTES ((size_t)260 * 1024 * 1024)

typedef struct peer_batches {
    double seconds;   /* duration of a job */
    unsigned polls;   /* > 0: the job ends after this number of polls, regardless of time */
    size_t page;      /* most jobs on one page of a list; 0: as in the real API */
    int late_list_ms; /* how long after its creation a list shows a job */
    uint64_t seed;    /* seed of the random numbers */
    const char *const *faults; /* borrowed during the call: "NAME" or "NAME:HOW-OFTEN", see below */
    size_t n_faults;
} peer_batches;

/*
 * Make the peer a server of the batch APIs of OpenAI (also below /openai, as Azure and Groq have
 * it), Together (below /together), Anthropic, Gemini and Mistral, for requests that no scripted
 * reply matches. It needs a config with max_body, such as PEER_BATCH_MAX_BODY_BYTES. Jobs and files
 * belong to the key that made them. Each answer is "echo: " and the last text of the user. Results
 * are never in the order of the requests, unless the API promises that order (as Gemini does for
 * requests inside the body).
 *
 * GET /control/batches reports, for all keys, what was made, answered and deleted.
 *
 * HOW-OFTEN is a chance such as 0.2, or a number such as 3, which means each third time. Without it
 * the fault is played each time. The faults are:
 *
 *   lost-create   the job is made, and the connection closes without an answer
 *   error-create  the job is made, and the answer is 500
 *   busy-create   429 with Retry-After, and no job
 *   lost-upload   the file is stored, and the connection closes without an answer
 *   busy-get      429 when a job is asked for
 *   missing-get   404 when a job is asked for, although it exists
 *   expire        half of a job's requests are answered (Gemini: none), then the job expires
 *   errors-only   all requests of a job fail, so there is only a file of errors
 *   invalid       the job fails as a whole when it is checked (Anthropic: it is refused)
 *   queue-full    OpenAI's job fails as a whole until other jobs end; other APIs answer 429
 *   line-400, line-429, line-500, line-quota, line-expired
 *                 requests fail: permanently (400), temporarily (429, 500), because the account
 *                 has no credit (quota), or because time ran out (expired)
 *   cut-results   a download ends before the length that Content-Length gives
 *   cut-chunked   a download in HTTP chunks ends without the last chunk
 *   chunked       downloads are sent in HTTP chunks
 *   empty-ids     missing files have the id "" instead of null (OpenAI)
 *   pending-file  no job can be created from a file until its state was asked for (OpenAI)
 *
 * A request whose text has fail-400, fail-429, fail-500, fail-quota or fail-expired fails in
 * this way; with "-once" after the word only in the first job that asks this text.
 *
 * A body that became a file or a job is not in the log. Call this function once, before any client
 * connects. Returns NULL, or a static description of what is wrong with the faults.
 */
const char *peer_serve_batches(peer *p, const peer_batches *settings);

#endif
