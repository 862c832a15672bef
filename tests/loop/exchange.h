/* Helpers for the tests of keys that are exchanged for tokens. The provider `broker` asks the
 * scripted peer for both tokens and answers. */
#ifndef TESTS_EXCHANGE_H
#define TESTS_EXCHANGE_H

#include "../support/broker.h"
#include "../support/scene.h"

/* Open one of the two providers of support/broker.h at a URL, with the same options as open_at. */
static inline beluga_chat_model *broker_open_n(beluga_registry *registry, const char *name,
                                               const char *url, const beluga_option *opts)
{
    beluga_chat_model *model = NULL;
    beluga_error err = {0};
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(url), beluga_with_api_key(BROKER_KEY),
                          beluga_with_model_name("peer-chat"), beluga_with_max_retries(0),
                          beluga_with_retry_delay_ms(100), beluga_with_timeout_ms(PATIENCE_MS));
    assert_int_equal(beluga_config_set_n(config, opts, BELUGA_OPTIONS_TERMINATED), 0);
    if (beluga_registry_open(registry, name, config, &model, &err))
        fail_msg("open: %s", err.message);
    beluga_config_free(config);
    return model;
}

#define open_broker(s, ...)                                                            \
    use_model(s, broker_open_n(beluga_registry_default(), "broker", peer_url(s->peer), \
                               (const beluga_option[]){__VA_ARGS__, BELUGA_OPTIONS_END}))
#define RETRIES beluga_with_max_retries(1)

static inline int exchange_set(void **state)
{
    static bool registered;
    if (set_scene(state)) return -1;
    if (!registered) broker_register(beluga_registry_default());
    registered = true;
    open_broker(((scene *)*state), RETRIES);
    return 0;
}

/* GIVES scripts the answer to the next request for a token. ANSWERS_ALL scripts the answer to all
 * other requests. */
#define TOKEN(text)    "{\"access_token\":\"" text "\",\"expires_in\":3600,\"token_type\":\"Bearer\"}"
#define GIVES(s, ...)  script(s->peer, MATCHES("/token"), __VA_ARGS__)
#define ANSWERS_ALL(s) script(s->peer, FOR_EVER, ANSWERS("Hello"))

static inline size_t tokens_asked(const scene *s)
{
    size_t n = 0;
    for (size_t i = 0; i < peer_requests(s->peer); i++)
        n += strstr(peer_request_path(s->peer, i), "/token") != NULL;
    return n;
}

/* Wait without stepping a loop, since the exchange does not run on the loops of the calls. */
static inline void wait_for_requests(scene *s, size_t n)
{
    assert_int_equal(peer_wait_requests(s->peer, n, PATIENCE_MS), 0);
}

static inline void assert_sent(const scene *s, size_t i, const char *authorization)
{
    assert_string_equal(peer_request_header(s->peer, i, "Authorization"), authorization);
}

#endif
