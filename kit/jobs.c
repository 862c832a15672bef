#include "kit/jobs.h"

#include "kit/exchange.h"
#include "kit/judge.h"
#include "kit/perform.h"
#include "kit/story.h"

#include <beluga/batch_job.h>

#include <string.h>

/* The job in the answers, and the requests of a job that is created. */
#define JOB_ID   "job-1"
#define JOB_NAME "beluga-check"
static const char *const request_ids[] = {"request-1", "request-2"};

/* ---- what comes ------------------------------------------------------------------------------ */

static void tell_number(check_run *run, const char *name, int64_t number, int64_t unknown)
{
    if (number != unknown) check_text_printf(&run->story, " %s=%lld", name, (long long)number);
}

static void tell_job(check_run *run, const beluga_batch_job *job)
{
    check_text_printf(&run->story, "job %s name=%s state=%s (%s)", job->id,
                      *job->name ? job->name : "-", beluga_batch_state_name(job->state),
                      *job->raw_state ? job->raw_state : "-");
    tell_number(run, "total", job->total, -1);
    tell_number(run, "succeeded", job->succeeded, -1);
    tell_number(run, "failed", job->failed, -1);
    tell_number(run, "created", job->created, 0);
    tell_number(run, "ended", job->ended, 0);
    tell_number(run, "expires", job->expires, 0);
    check_text_puts(&run->story, "\n");
    if (*job->reason) check_text_printf(&run->story, "reason %s\n", job->reason);
}

/* Check the job's state. If the provider can't read a state, a caller would wait for the job's end
 * for ever. */
static void judge_job(check_run *run, const beluga_batch_job *job)
{
    tell_job(run, job);
    if (job->state == BELUGA_BATCH_STATE_UNKNOWN)
        check_problem(run,
                      "the state of job %s is not known: decode_job must make one of "
                      "beluga_batch_state of the service's word%s%s, and give that as raw_state",
                      job->id, *job->raw_state ? " " : "", job->raw_state);
}

/* Receive a result. If it can't be read, the decoder is at fault; a result with an error comes from
 * the service. */
static int take_result(void *payload, const char *id, beluga_batch_result *result)
{
    check_run *run = payload;
    int code = result->error.code;
    check_text_printf(&run->story, "result %s\n", id);
    if (result->response)
        check_story_response(&run->story, result->response);
    else
        check_story_error(&run->story, &result->error);
    if (code == BELUGA_ERROR_INVALID_RESPONSE || code == BELUGA_ERROR_MALFORMED_RESPONSE)
        check_problem(run,
                      "the result of %s can't be read: %s; decode_result must give the JSON that "
                      "decode_response or decode_error reads to beluga_emit_batch_result",
                      id, result->error.message);
    return 0;
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void ended(check_run *run, int status)
{
    run->finished = !status;
    if (!status) return;
    check_note_breach(run, &run->error);
    check_story_error(&run->story, &run->error);
}

static int add_requests(check_run *run, beluga_batch_requests *requests)
{
    int status = 0;
    for (size_t i = 0; i < sizeof request_ids / sizeof *request_ids && !status; i++)
        status = beluga_batch_requests_add_n(requests, run->model, request_ids[i],
                                             beluga_input_messages(run->call.messages), &run->error,
                                             run->call.options, run->call.n_options);
    return status;
}

static int create(check_run *run, beluga_context *context, beluga_batch_job **job)
{
    beluga_batch_requests *requests;
    int status = beluga_batch_requests_new(run->model, &requests, &run->error);
    if (status) return status;
    status = add_requests(run, requests);
    if (!status)
        status = beluga_batch_job_create_n(run->model, context, requests, JOB_NAME, job,
                                           &run->error, NULL, 0);
    beluga_batch_requests_free(requests);
    return status;
}

static int list(check_run *run, beluga_context *context)
{
    beluga_batch_job *jobs;
    size_t n;
    int status = beluga_batch_job_list(run->model, context, 0, &jobs, &n, &run->error);
    for (size_t i = 0; !status && i < n; i++) judge_job(run, &jobs[i]);
    beluga_free(jobs);
    return status;
}

/* Make the call that the scenario checks, for example creating a job or reading its results. */
static int act(check_run *run, beluga_context *context)
{
    check_action *action = run->scenario->run;
    beluga_batch_job *job = NULL;
    int status;
    if (action == check_run_job_list) return list(run, context);
    if (action == check_run_job_results)
        return beluga_batch_job_results(run->model, context, JOB_ID, take_result, run, &run->error);
    if (action == check_run_job_delete)
        return beluga_batch_job_delete(run->model, context, JOB_ID, &run->error);
    if (action == check_run_job_create)
        status = create(run, context, &job);
    else if (action == check_run_job_cancel)
        status = beluga_batch_job_cancel(run->model, context, JOB_ID, &job, &run->error);
    else
        status = beluga_batch_job_get(run->model, context, JOB_ID, &job, &run->error);
    if (job) judge_job(run, job);
    beluga_free(job);
    return status;
}

static void run_act(check_run *run)
{
    beluga_context *context = beluga_context_new_timeout(NULL, check_patience_ms(run));
    run->error = (beluga_error){0};
    ended(run, act(run, context));
    beluga_context_unref(context);
}

/* If the case has no expected request, check that the ids of the requests were sent. */
static void look_for_ids(check_run *run)
{
    for (size_t k = 0; k < sizeof request_ids / sizeof *request_ids; k++) {
        bool sent = false;
        for (size_t i = 0; i < peer_requests(run->peer) && !sent; i++) {
            size_t length = 0;
            const char *body = peer_request_body(run->peer, i, &length);
            sent = body && memmem(body, length, request_ids[k], strlen(request_ids[k]));
        }
        if (!sent)
            check_problem(run,
                          "no request has the id \"%s\": put_request must write the id of each "
                          "request, and encode_create send beluga_call_batch_requests",
                          request_ids[k]);
    }
}

/* ---- scenarios ------------------------------------------------------------------------------- */

static void run_job(check_run *run)
{
    size_t answers = 0;
    while (check_has_answer(run, answers + 1)) {
        if (!check_load_answer(run, ++answers)) return;
        check_play_whole(run);
    }
    if (!answers) {
        check_no_answer(run, run->scenario->name, 1);
        return;
    }
    run_act(run);
    for (size_t n = 1; n <= answers; n++) check_request(run, n);
    if (!run->finished)
        check_problem(run, "the call failed: %s", run->error.message);
    else if (!strstr(check_text_get(&run->story), run->scenario->shows))
        check_problem(run, "no event's line begins with: %s", run->scenario->shows);
    check_events(run);
}

void check_run_job_create(check_run *run)
{
    run_job(run);
    if (run->finished) look_for_ids(run);
}

void check_run_job_get(check_run *run)
{
    run_job(run);
}

void check_run_job_list(check_run *run)
{
    run_job(run);
}

void check_run_job_results(check_run *run)
{
    run_job(run);
}

void check_run_job_cancel(check_run *run)
{
    run_job(run);
}

void check_run_job_delete(check_run *run)
{
    if (run->provider->batch->encode_delete)
        run_job(run);
    else
        check_text_puts(&run->reason, "its batch API deletes nothing");
}
