/* Checks the table of a provider that has recorded traffic: what users can see of a provider before
 * a call. */
#ifndef TESTS_PROVIDER_FACE_H
#define TESTS_PROVIDER_FACE_H

#include "provider_suite.h"

enum { FACE_MAX_VARIABLES = 3 };

typedef struct provider_face {
    const beluga_provider *provider;
    const char *name, *base_url;
    const char *key_variables[FACE_MAX_VARIABLES], *url_variables[FACE_MAX_VARIABLES]; /* all */
    uint32_t framing;
    uint64_t can;       /* expected capabilities; the provider may have others */
    bool needs_a_model; /* the provider has no default model */
} provider_face;

/* Run the provider's fixtures, the test `the_provider_says_what_it_is`, and one further test that
 * may be NULL. `torture` is described in provider_suite.h. Returns the value for main to return. */
int provider_face_run(const provider_face *face, const char *const *torture,
                      const struct CMUnitTest *other);

#endif
