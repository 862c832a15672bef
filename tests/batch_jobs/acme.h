/* A provider with a batch API that was invented for these tests: a request is {"q": text}, an
 * answer {"a": text}, and a job has only a few members. The tests with this provider examine the
 * work of the library itself: which requests it makes, in which order, and how it uses the
 * answers. */
#ifndef TESTS_ACME_H
#define TESTS_ACME_H

#include <beluga/provider/provider.h>

const beluga_provider *acme_provider(void);

#endif
