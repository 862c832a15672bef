/* A provider with a batch API that was invented for these tests: a request is {"q": text}, an
 * answer {"a": text}, and a job has only a few members. It shows the library's own work: which
 * requests are made, in which order, and how their answers are used. */
#ifndef TESTS_ACME_H
#define TESTS_ACME_H

#include <beluga/provider/provider.h>

const beluga_provider *acme_provider(void);

#endif
