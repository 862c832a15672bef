/* A service that runs jobs, which the scripted peer plays, and a provider for this service. */
#ifndef TESTS_JOBS_H
#define TESTS_JOBS_H

#include "../support/calls.h"
#include "../support/scoped.h"
#include "../support/script.h"

#include <beluga/provider/provider.h>

typedef struct jobs {
    peer *peer;
    beluga_client *client;
    beluga_chat_model *model;
} jobs;

extern const beluga_provider jobs_provider;

/* Open a model with these options, and free the previous model. */
void jobs_open_n(jobs *j, const beluga_option *opts, size_t n);
#define jobs_open(j, ...)                                                    \
    jobs_open_n(j, (const beluga_option[]){__VA_ARGS__, BELUGA_OPTIONS_END}, \
                BELUGA_OPTIONS_TERMINATED)

/* Assert that request `i` had this method and this path. */
void jobs_sent(jobs *j, size_t i, const char *method, const char *path);

/* Set up a peer, and a client with these settings; NULL means the defaults. *state becomes a
 * `jobs`. */
int jobs_begin_with(void **state, const beluga_client_settings *config);
int jobs_begin(void **state);
int jobs_end(void **state);
#define WITH_JOBS(test) cmocka_unit_test_setup_teardown(test, jobs_begin, jobs_end)

#endif
