/* A client written directly on libcurl, with its multi interface on epoll and its defaults.
 *
 * Our figures are compared with those of this client, so this file, bare.c and bare_chat.* are
 * frozen: a test and the gate compare them with the digests in bench/frozen. bench/README.md says
 * when they may change. */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct bare bare;

/* A handle that is set up once, for one exchange after the other. */
typedef struct bare_exchange {
    bare *client;
    CURL *easy;
    bool done;
    size_t received; /* bytes of the body */
    size_t capacity; /* size of `body`; bytes beyond it are counted and dropped */
    char *body;
} bare_exchange;

/* Create a client. `ca_file` has the certificates to trust, or is NULL; it is borrowed until
 * bare_free(). */
bare *bare_new(const char *ca_file);
void bare_free(bare *client);

/* Create an exchange: POST to BASE/chat/completions, with the headers that libbeluga sends. Up to
 * `capacity` bytes of an answer are kept. */
bare_exchange *bare_exchange_new(bare *client, const char *base, bool streamed, size_t capacity);
void bare_exchange_free(bare_exchange *x);
/* Start the exchange with the body `json`, which is borrowed until the exchange is done. */
void bare_exchange_start(bare_exchange *x, const char *json);
/* Wait for an event of a transfer or a timer, and handle it. */
void bare_step(bare *client);
/* Start the exchange, and step until it is done. */
void bare_exchange_run(bare_exchange *x, const char *json);

#endif
