/* A request that functions of a provider fill in without a call. The state of each test (*state) is
 * such a request. */
#ifndef TESTS_FILLED_REQUEST_H
#define TESTS_FILLED_REQUEST_H

#include "base/mem.h"
#include "wire/http.h"

#include <beluga/provider/provider.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct filled_request {
    beluga__arena arena;
    beluga_http_request http;
    beluga_error err;
} filled_request;

/* Returns a request that the caller owns; free it with filled_request_end. */
static inline filled_request *filled_request_new(const char *base_url)
{
    filled_request *r = test_calloc(1, sizeof *r);
    beluga__arena_init(&r->arena, beluga_allocator_default(), NULL, 0, 1 << 24);
    beluga__http_request_init(&r->http, beluga_allocator_default(), &r->arena, base_url);
    return r;
}

static inline int filled_request_begin(void **state)
{
    *state = filled_request_new("https://h.example");
    return 0;
}

static inline int filled_request_end(void **state)
{
    filled_request *r = *state;
    beluga__http_request_free(&r->http);
    beluga__arena_free(&r->arena);
    test_free(r);
    return 0;
}

/* Call the provider's function that authorizes the request. Returns its status. */
static inline int filled_request_authorize(filled_request *r, const beluga_provider *provider,
                                           const char *key, const char *variable, int64_t now)
{
    const beluga_credential credential = {
        .size = sizeof credential, .key = key, .variable = variable};
    return provider->authorize(&r->http, &credential, now, &r->err);
}

/* Returns a header of the request, or NULL. */
static inline const char *filled_request_header(const filled_request *r, const char *name)
{
    return beluga_http_request_header(&r->http, name);
}

#define WITH_REQUEST(test) \
    cmocka_unit_test_setup_teardown(test, filled_request_begin, filled_request_end)

#endif
