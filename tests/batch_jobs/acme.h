/* A provider with a batch API, invented for these tests: a request is {"q": text}, an answer is
 * {"a": text}, and everything about a job is said in a few members. What it shows is the library's
 * part: which requests are made, in which order, and what becomes of their answers. */
#ifndef TESTS_ACME_H
#define TESTS_ACME_H

#include <beluga/provider/provider.h>

const beluga_provider *acme_provider(void);

#endif
