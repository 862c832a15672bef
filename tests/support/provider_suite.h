/* Recorded traffic of a provider as tests: the cases of tests/fixtures/<folder>, whose format
 * tests/fixtures/README.md has. A case has one section that is given and one that must come of it:
 *
 *   sse, ndjson   a streamed body, at every split   -> events
 *   aws           the same, frames as aws_frames.h  -> events
 *   body          an unstreamed body                -> events
 *   models        a list of models                  -> events
 *   error         an answer of status >= 400        -> events
 *   call          a call (support/encode.h)         -> request
 *
 * With BELUGA_UPDATE_FIXTURES set the results are written where they differ: read what git shows
 * then.
 */
#ifndef TESTS_PROVIDER_SUITE_H
#define TESTS_PROVIDER_SUITE_H

#include <beluga/provider/provider.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct provider_suite {
    const beluga_provider *provider;
    const char *folder; /* NULL: the provider's name */
    /* "case/section" of cases that succeed, in which every allocation is made to fail in turn;
     * ended by NULL. Every body among them is also cut at every byte. */
    const char *const *torture;
} provider_suite;

/* Run the cases of some suites, which must have one at least each, and further tests. Returns what
 * main returns. */
int provider_suite_run(const char *name, const provider_suite *suites, size_t n_suites,
                       const struct CMUnitTest *tests, size_t n_tests);

#endif
