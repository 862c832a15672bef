/* Recorded traffic of a provider as tests: the cases of tests/fixtures/<folder>, in the format
 * that tests/fixtures/README.md describes. A case has a section with the input and one with the
 * expected result:
 *
 *   input         content                                        result
 *   sse, ndjson   a streamed body, which is split at every byte  events
 *   aws           a streamed body, written as kit/aws_frames.h   events
 *                 describes
 *   body          a body that is not streamed                    events
 *   models        a list of models                               events
 *   error         an answer with a status of 400 or more         events
 *   call          a call, written as support/encode.h describes  request
 *
 * With BELUGA_UPDATE_FIXTURES set, results that differ are written into the files; then check them
 * with `git diff`.
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
    const char *folder; /* folder of the fixtures; NULL: the provider's name */
    /* Successful cases, as "case/section", in which every allocation is made to fail in turn; ended
     * by NULL. Every body among them is also cut at every byte. */
    const char *const *torture;
} provider_suite;

/* Run the cases of all these suites, and further tests. Each suite must have at least one case.
 * Returns the value for main to return. */
int provider_suite_run(const char *name, const provider_suite *suites, size_t n_suites,
                       const struct CMUnitTest *tests, size_t n_tests);

#endif
