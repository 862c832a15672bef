/* Providers whose key is exchanged for a token, and which otherwise work as `openai`:
 *
 *   broker       sends {"key": ...} to POST BASE/token, or to broker.url if that is set; the answer
 *                has OAuth's form; a key that begins with "as-is" is used without an exchange
 *   own_broker   the same, but the answer is {"token": ..., "until": seconds}
 *
 * With `broker`, a header of each request says whether the key is a token. `own_broker` has no such
 * header. */
#ifndef TESTS_BROKER_H
#define TESTS_BROKER_H

#include "registry/registry.h"

#include <beluga/beluga.h>
#include <beluga/provider/provider.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BROKER_KEY "the-key-of-the-broker"

static inline int broker_encode_token(void *self, const beluga_credential *credential, int64_t now,
                                      beluga_http_request *request, beluga_error *err)
{
    const char *url;
    (void)self;
    if (strncmp(credential->key, "as-is", 5) == 0) return BELUGA_ENCODE_NOTHING;
    if (strcmp(credential->key, "bad") == 0)
        return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "%s is no key", credential->key);
    if (beluga_config_get_own_string(credential->config, "broker.url", &url, NULL))
        beluga_http_request_set_url(request, url);
    else
        beluga_http_request_set_path(request, "/token");
    beluga_json_writer *w = beluga_http_request_json(request);
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "key", credential->key);
    beluga_json_put_int(w, "now", now);
    beluga_json_end_object(w);
    return credential->call || credential->is_token ? BELUGA_ERROR_INTERNAL : 0;
}

static inline int broker_decode_token(void *self, const beluga_http_response *response, int64_t now,
                                      beluga_token *token, beluga_error *err)
{
    size_t n;
    const beluga_json *root;
    const char *body = beluga_http_response_body(response, &n);
    (void)self;
    (void)now;
    (void)err;
    int status = beluga_token_parse(token, body, n, &root);
    const char *text = beluga_json_get_string(root, "token", &n);
    if (status || !text) return status;
    return beluga_token_set(token, text, n, beluga_json_get_int(root, "until", 0));
}

static inline int broker_authorize(beluga_http_request *request,
                                   const beluga_credential *credential, int64_t now,
                                   beluga_error *err)
{
    char bearer[256];
    (void)now;
    (void)err;
    snprintf(bearer, sizeof bearer, "Bearer %s", credential->key);
    beluga_http_request_set_header(request, "X-Token", credential->is_token ? "yes" : "no");
    beluga_http_request_set_header(request, "Authorization", bearer);
    return 0;
}

static beluga_provider broker, own_broker;

static inline void broker_register(beluga_registry *registry)
{
    static const beluga_own_option options[] = {
        {.name = "broker.url", .meaning = "where tokens are", .type = BELUGA_OPTION_STRING},
        {.name = NULL},
    };
    const beluga_provider *openai;
    assert_int_equal(beluga__registry_find(registry, "openai", &openai, NULL), 0);
    broker = *openai;
    broker.name = "broker";
    broker.options = options;
    broker.encode_token = broker_encode_token;
    broker.authorize = broker_authorize;
    own_broker = broker;
    own_broker.name = "own_broker";
    own_broker.decode_token = broker_decode_token;
    own_broker.authorize = NULL;
    assert_int_equal(beluga_registry_register(registry, &broker, NULL), 0);
    assert_int_equal(beluga_registry_register(registry, &own_broker, NULL), 0);
}

#endif
