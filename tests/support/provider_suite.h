/* Recorded traffic of a provider as tests: a folder a case below tests/fixtures/<folder>.
 *
 *   stream.sse, stream.ndjson  a streamed body, at every split  -> events.txt
 *   stream.aws                 the same, frames as aws_frames.h -> events.txt
 *   body.json                  an unstreamed body               -> events.txt
 *   models.json                a list of models                 -> events.txt
 *   error.http                 an answer of status >= 400       -> events.txt
 *   call.txt                   a call (support/encode.h)        -> request.txt
 *
 * With BELUGA_UPDATE_FIXTURES set the results are written instead of compared: read what git shows
 * then.
 */
#ifndef TESTS_PROVIDER_SUITE_H
#define TESTS_PROVIDER_SUITE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <beluga/provider/provider.h>

typedef struct provider_suite {
    const beluga_provider *provider;
    const char *folder; /* NULL: the provider's name */
    /* "case/file" of cases that succeed, in which every allocation is made to fail in turn; ended
     * by NULL. Every body.json among them is also cut at every byte. */
    const char *const *torture;
} provider_suite;

/* Run the cases of some suites, which must have one at least each, and further tests. Returns what
 * main returns. */
int provider_suite_run(const char *name, const provider_suite *suites, size_t n_suites,
                       const struct CMUnitTest *tests, size_t n_tests);

#endif
