/* The scene of the tests about batch jobs: a model of the provider acme at the scripted peer, and
 * records of results and of calls on a loop. */
#ifndef TESTS_BATCH_SCENE_H
#define TESTS_BATCH_SCENE_H

#include "../support/scene.h"
#include "../support/scoped.h"
#include "acme.h"

#include <beluga/batch_job.h>

#define ACME(test) SCENE_WITH(test, set_acme, strike_scene)
int set_acme(void **state);

/* Open acme at the peer in a client, with two retries and further options. */
beluga_chat_model *open_acme_n(beluga_client *client, const char *url, const beluga_option *opts,
                               size_t n);
#define open_acme(s, ...)                                                              \
    use_model(s, open_acme_n(beluga_client_default(), peer_url(s->peer),               \
                             (const beluga_option[]){__VA_ARGS__, BELUGA_OPTIONS_END}, \
                             BELUGA_OPTIONS_TERMINATED))

/* Make the requests "r-0", "r-1", …, each of which says "Hi". */
beluga_batch_requests *make_requests(scene *s, size_t n);

/* The results that a test has received, in one line: "r-0=[text] r-1=!error". */
typedef struct results {
    char line[1024];
    size_t n, stop_at; /* 0: never */
} results;

/* A beluga_batch_job_result_fn whose payload is a `results`. */
int note_result(void *payload, const char *id, beluga_batch_result *result);

/* Expect that reading the results of job "j" ends with this status, and that the results are this
 * line. */
void expect_results(scene *s, int status, const char *line);

/* Script a file of results, with a Content-Length. */
void script_file(peer *p, const char *lines);
/* Script a file of results whose connection ends after half of the claimed length. */
void script_cut_file(peer *p, const char *lines);
/* The answer for a job that has ended, and whose results are in the file "out". */
#define ENDED_JOB "{\"id\":\"j\",\"state\":4,\"results\":\"out\"}"
/* Script the answer for a job that has ended, and then the file of its results. */
void script_results(peer *p, const char *lines);

/* The results and the end of a call that runs on a loop. */
typedef struct pushed {
    results results;
    bool ended;
    int status;
    size_t count;
    char id[32];
} pushed;

/* The callbacks for a call that runs on a loop; their payload is a `pushed`. */
int push_result(void *payload, const char *id, beluga_batch_result *result);
void push_end(void *payload, beluga_batch_job *jobs, size_t count, const beluga_error *error);
void step_to(scene *s, const bool *ended);

#endif
