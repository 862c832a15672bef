/*
 * The real server with a scripted peer in place of its providers, and clients that write HTTP by
 * hand:
 *
 *     gate *g = *state;
 *     script(g->peer, STREAMS("Hello"));
 *     gate_serve(g, GATE_MODELS);
 *     gate_ask(g, "/v1/chat/completions", GATE_CHAT("m", true));
 *     assert_contains(g->text, "Hello");
 */
#ifndef TESTS_SERVE_GATE_H
#define TESTS_SERVE_GATE_H

#include "../cli/run.h"
#include "../support/script.h"

#include <stdbool.h>

typedef struct gate {
    cli_process *cli;
    peer *peer;
    int port;
    char text[1 << 18]; /* the last answer, including its head */
    size_t length;
} gate;

#define GATE_WAIT_MS 60000

/* Fixtures for cmocka: *state is a gate. */
int gate_setup(void **state);
int gate_teardown(void **state);

/* Start the server with a configuration, in which %s stands for the peer's URL. The other arguments
 * are passed to the command, and end with NULL. */
void gate_start(gate *g, const char *config, ...);
/* Start the server with a configuration, and wait until it listens. */
#define gate_serve(g, config) gate_start(g, config, NULL)
/* Replace the server's configuration file. */
void gate_configure(gate *g, const char *config);
/* Send the server a signal that ends it. @return its exit code. */
int gate_stop(gate *g);

/* Send a request, and read the whole answer into `text`. @return the answer's status. */
int gate_ask(gate *g, const char *path, const char *body);
int gate_request(gate *g, const char *method, const char *path, const char *headers,
                 const char *body);

/* The steps of a request: connect, send it, and read the answer. */
int gate_dial(const gate *g);
void gate_say(int fd, const char *method, const char *path, const char *headers, const char *body);
/* Read into `text`, replacing its content, until it contains `until`, or until the server closes
 * the connection if `until` is NULL. */
void gate_hear(gate *g, int fd, const char *until);
/* Append further bytes to `text`, until it contains `until` or the server closes the connection. */
void gate_hear_more(gate *g, int fd, const char *until);

/* A provider for each protocol, all at the peer, and models without retries: m uses Chat
 * Completions, r Responses, and a Messages. */
#define GATE_PROVIDERS                                         \
    "providers:\n"                                             \
    "  openai: {base_url: '%s', api_key: sk-test}\n"           \
    "  openai-responses: {base_url: '%s', api_key: sk-test}\n" \
    "  anthropic: {base_url: '%s', api_key: sk-test}\n"
#define GATE_MODELS                                              \
    GATE_PROVIDERS                                               \
    "models:\n"                                                  \
    "  m: {model: openai/peer-chat, max_retries: 0}\n"           \
    "  r: {model: openai-responses/peer-chat, max_retries: 0}\n" \
    "  a: {model: anthropic/peer-chat, max_retries: 0}\n"        \
    "  twice: {model: openai/peer-chat, max_retries: 1, retry_delay: 100ms}\n"

#define GATE_CHAT(model, stream)                  \
    "{\"model\":\"" model "\",\"stream\":" stream \
    ",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"
#define GATE_MESSAGES(model, stream)              \
    "{\"model\":\"" model "\",\"stream\":" stream \
    ",\"max_tokens\":64,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"
#define GATE_RESPONSES(model, stream) \
    "{\"model\":\"" model "\",\"stream\":" stream ",\"input\":\"Hi\"}"

#endif
