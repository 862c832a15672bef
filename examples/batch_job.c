/* Asks several questions as one batch job, which costs half: the provider answers within a day.
 *
 *     batch_job [MODEL [NAME]]
 *
 * A job is paid for when it is created. So the program first looks for a job of this name: if it
 * was stopped before, it finds the job that it created, and creates no second one. Use each name
 * for one job only: many services list a job for ever, even after its result files were deleted. */
#define _POSIX_C_SOURCE 200809L /* nanosleep */

#include <beluga/beluga.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { QUESTIONS = 3 };

static const char *const questions[QUESTIONS] = {
    "How long do belugas live?",
    "What do belugas eat?",
    "Where do belugas live?",
};

/* Find a job of this name that has not failed; `*out` is NULL if there is none. */
static int find_job(beluga_chat_model *model, const char *name, beluga_batch_job **out,
                    beluga_error *err)
{
    beluga_batch_job *jobs;
    size_t n;
    int status = beluga_batch_job_list(model, NULL, 0, &jobs, &n, err);
    *out = NULL;
    for (size_t i = 0; !status && i < n && !*out; i++)
        if (strcmp(jobs[i].name, name) == 0 && jobs[i].state != BELUGA_BATCH_STATE_FAILED)
            status = beluga_batch_job_get(model, NULL, jobs[i].id, out, err);
    beluga_free(jobs);
    return status;
}

/* A result is found by the id of its request: here that is the number of the question. */
static int add_questions(beluga_batch_requests *requests, beluga_error *err)
{
    int status = 0;
    for (int i = 0; i < QUESTIONS && !status; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        status = beluga_batch_requests_add(requests, NULL, id, beluga_input_text(questions[i]), err,
                                           beluga_with_max_tokens(200));
    }
    return status;
}

static int create_job(beluga_chat_model *model, const char *name, beluga_batch_job **out,
                      beluga_error *err)
{
    beluga_batch_requests *requests;
    int status = beluga_batch_requests_new(model, &requests, err);
    if (status) return status;
    status = add_questions(requests, err);
    if (!status) status = beluga_batch_job_create(model, NULL, requests, name, out, err);
    beluga_batch_requests_free(requests);
    return status;
}

/* Poll the job until it has ended, with growing pauses. */
static int wait_for_end(beluga_chat_model *model, beluga_batch_job **job, beluga_error *err)
{
    int status = 0;
    long ms = 100;
    while (!status && !beluga_batch_state_is_end((*job)->state)) {
        beluga_batch_job *now;
        nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
        ms = ms < 30000 ? 2 * ms : 60000;
        status = beluga_batch_job_get(model, NULL, (*job)->id, &now, err);
        if (status) break;
        beluga_free(*job);
        *job = now;
    }
    return status;
}

/* Results come in no particular order, so the answers are kept until all have arrived. */
static int take_result(void *payload, const char *id, beluga_batch_result *result)
{
    beluga_response **answers = payload;
    int i = atoi(id);
    if (i < 0 || i >= QUESTIONS) return 0;
    if (!result->response) fprintf(stderr, "%s: %s\n", questions[i], result->error.message);
    beluga_response_free(answers[i]);
    answers[i] = result->response;
    result->response = NULL;
    return 0;
}

static int print_results(beluga_chat_model *model, const char *id, beluga_error *err)
{
    beluga_response *answers[QUESTIONS] = {NULL};
    int status = beluga_batch_job_results(model, NULL, id, take_result, answers, err);
    if (status == BELUGA_ERROR_NOT_FOUND)
        fprintf(stderr, "The results of this job were deleted: give the next one another name.\n");
    for (int i = 0; i < QUESTIONS; i++) {
        const char *text = answers[i] ? beluga_response_text(answers[i], NULL) : "no answer";
        if (!status) printf("%s\n  %s\n", questions[i], text);
        beluga_response_free(answers[i]);
    }
    return status;
}

static int run(beluga_chat_model *model, const char *name, beluga_error *err)
{
    beluga_batch_job *job = NULL;
    int status = find_job(model, name, &job, err);
    if (!status && !job) status = create_job(model, name, &job, err);
    if (!status) status = wait_for_end(model, &job, err);
    if (!status) printf("%s: %s\n", job->name, beluga_batch_state_name(job->state));
    if (!status) status = print_results(model, job->id, err);
    /* delete the job's files at the provider */
    if (!status) status = beluga_batch_job_delete(model, NULL, job->id, err);
    beluga_free(job);
    return status;
}

int main(int argc, char **argv)
{
    beluga_chat_model *model;
    beluga_error err;
    int status = beluga_model_open(argc > 1 ? argv[1] : "openai/gpt-5-mini", &model, &err);
    if (!status) {
        status = run(model, argc > 2 ? argv[2] : "facts-of-whales", &err);
        beluga_chat_model_unref(model);
    }
    if (status) fprintf(stderr, "%s: %s\n", beluga_error_name(err.code), err.message);
    return status != 0;
}
