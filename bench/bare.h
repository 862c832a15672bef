/* What somebody writes who takes libcurl as it is: the multi interface on epoll, with its defaults.
 *
 * This file, bare.c and bare_chat.* are what our figures are compared with, so they are frozen: a
 * test and the gate compare them with bench/frozen, and bench/README.md says when they may change.
 */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct bare bare;

/* One exchange at a time, over a handle that is set up once. */
typedef struct bare_exchange {
    bare *client;
    CURL *easy;
    bool done;
    size_t received; /* of the body */
    size_t capacity; /* of `body`; what is beyond is counted and dropped */
    char *body;
} bare_exchange;

/* `ca_file` is NULL, or certificates to trust; it is borrowed until bare_free(). */
bare *bare_new(const char *ca_file);
void bare_free(bare *client);

/* POST to BASE/chat/completions, with the headers that we send. Keeps `capacity` bytes of an
 * answer. */
bare_exchange *bare_exchange_new(bare *client, const char *base, bool streamed, size_t capacity);
void bare_exchange_free(bare_exchange *x);
/* `json` is borrowed until it is done. */
void bare_exchange_start(bare_exchange *x, const char *json);
/* Wait for something to do, and do it. */
void bare_step(bare *client);
/* Both, until it is done. */
void bare_exchange_run(bare_exchange *x, const char *json);

#endif
