/* Helpers for the suites that run the provider `openai` against the scripted peer. */
#ifndef TESTS_OPENAI_H
#define TESTS_OPENAI_H

#include "peer/peer.h"

#include <beluga/beluga.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A long and unusual key: if it is found anywhere, it leaked. */
#define SECRET_KEY "sk-test-4f1dC0ffee5ecret"

/* Longest wait for something that must happen; the test fails after it. */
enum { PATIENCE_MS = 60000 };

/* Open `openai` at a URL with further options, in this registry. A failure is described in
 * `err`. */
static inline int try_open(beluga_registry *registry, const char *url, const beluga_option *opts,
                           size_t n, beluga_chat_model **model, beluga_error *err)
{
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(url), beluga_with_api_key(SECRET_KEY),
                          beluga_with_model_name("peer-chat"), beluga_with_max_retries(0),
                          beluga_with_retry_delay_ms(100), beluga_with_timeout_ms(PATIENCE_MS));
    *model = NULL;
    int status = config ? beluga_config_set_n(config, opts, n) : BELUGA_ERROR_NO_MEMORY;
    if (!status) status = beluga_registry_open(registry, "openai", config, model, err);
    beluga_config_free(config);
    return status;
}

static inline beluga_chat_model *open_at(const char *url, const beluga_option *opts, size_t n)
{
    beluga_error err = {0};
    beluga_chat_model *model;
    if (try_open(beluga_registry_default(), url, opts, n, &model, &err))
        fail_msg("open: %s", err.message);
    return model;
}

static inline beluga_chat_model *open_peer(peer *p)
{
    return open_at(peer_url(p), NULL, 0);
}

static inline beluga_chat_model *open_peer_with(peer *p, beluga_option option)
{
    return open_at(peer_url(p), &option, 1);
}

/* Make a call without a stream, and free its response. Returns the status. */
static inline int ask(beluga_chat_model *model, beluga_error *err)
{
    /* The initial value is not NULL, so that the test sees whether the call sets the pointer. */
    beluga_response *response = (beluga_response *)err;
    memset(err, 0, sizeof *err);
    int status = beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, err);
    if (status) assert_null(response);
    beluga_response_free(response);
    return status;
}

/* The content and the end of a pulled stream. */
typedef struct pulled {
    char text[4096];
    size_t length, texts, finishes;
    beluga_usage usage;
    int status;
    beluga_error err;
} pulled;

static inline void pull_all(beluga_stream *stream, pulled *got)
{
    const beluga_event *event = NULL;
    while ((got->status = beluga_stream_next(stream, &event, &got->err)) == 0 && event) {
        if (event->kind == BELUGA_EVENT_FINISH) got->finishes++;
        if (event->kind == BELUGA_EVENT_USAGE) got->usage = event->u.usage;
        if (event->kind != BELUGA_EVENT_TEXT) continue;
        got->texts++;
        assert_true(got->length + event->u.text.length < sizeof got->text);
        memcpy(got->text + got->length, event->u.text.text, event->u.text.length);
        got->length += event->u.text.length;
    }
}

/* Read a streamed answer to its end. */
static inline void stream_with(beluga_chat_model *model, pulled *got, const beluga_option *opts,
                               size_t n)
{
    beluga_stream *stream = NULL;
    memset(got, 0, sizeof *got);
    got->status =
        beluga_stream_input_n(model, NULL, beluga_input_text("Hi"), &stream, &got->err, opts, n);
    if (!got->status) pull_all(stream, got);
    beluga_stream_free(stream);
}

static inline void stream_all(beluga_chat_model *model, pulled *got)
{
    stream_with(model, got, NULL, 0);
}

static inline int start_peer(void **state)
{
    *state = peer_start();
    return *state ? 0 : -1;
}

static inline int stop_peer(void **state)
{
    peer_stop(*state);
    return 0;
}

#define ON_PEER(test) cmocka_unit_test_setup_teardown(test, start_peer, stop_peer)

#endif
