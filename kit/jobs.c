#include "kit/jobs.h"

#include "base/hint.h"
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
enum { N_REQUESTS = sizeof request_ids / sizeof *request_ids };

/* Return whether the requests of the scenario's job embed texts. */
static bool embeds(const check_run *run)
{
    return run->scenario->run == check_run_job_embed;
}

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

typedef struct received {
    check_run *run;
    size_t results[N_REQUESTS]; /* number of results for each of request_ids */
} received;

/* Check that a request with one text has one vector. The library can't check this, since it does
 * not know the request when it reads the result. */
static void judge_vectors(check_run *run, const char *id, const beluga_response *response)
{
    const beluga_embeddings *e = beluga_response_embeddings(response);
    size_t n = e ? beluga_embeddings_count(e) : 0;
    if (e) check_tell_vectors(run, e);
    if (n != 1)
        check_problem(run,
                      "the result of %s has %zu vectors, and its request one text: decode_result "
                      "must give the vectors of its line to beluga_emit_batch_embedding",
                      id, n);
}

static void judge_result_error(check_run *run, const char *id, const beluga_error *err)
{
    bool vectors = embeds(run);
    check_story_error(&run->story, err);
    if (err->code == BELUGA_ERROR_INVALID_RESPONSE || err->code == BELUGA_ERROR_MALFORMED_RESPONSE)
        check_problem(run,
                      "the result of %s can't be read: %s; decode_result must give the JSON that "
                      "%s reads to %s",
                      id, err->message,
                      vectors ? "decode_embed" : "decode_response or decode_error",
                      vectors ? "beluga_emit_batch_embedding" : "beluga_emit_batch_result");
}

/* Receive a result. If it can't be read, the decoder is at fault; a result with an error comes from
 * the service. */
static int take_result(void *payload, const char *id, beluga_batch_result *result)
{
    received *r = payload;
    check_text_printf(&r->run->story, "result %s\n", id);
    for (size_t i = 0; i < N_REQUESTS; i++) r->results[i] += strcmp(id, request_ids[i]) == 0;
    if (!result->response)
        judge_result_error(r->run, id, &result->error);
    else if (embeds(r->run))
        judge_vectors(r->run, id, result->response);
    else
        check_story_response(&r->run->story, result->response);
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

static int add_request(check_run *run, beluga_batch_requests *requests, size_t i)
{
    size_t length;
    const check_call *call = &run->call;
    if (!embeds(run))
        return beluga_batch_requests_add_n(requests, run->model, request_ids[i],
                                           beluga_input_messages(call->messages), &run->error,
                                           call->options, call->n_options);
    /* one text, since some services embed only one in a request */
    const char *text = beluga_message_text(beluga_messages_get(call->messages, i), &length);
    return beluga_batch_requests_add_embedding_n(requests, request_ids[i], &text, &length, 1,
                                                 &run->error, call->options, call->n_options);
}

static int add_requests(check_run *run, beluga_batch_requests *requests)
{
    int status = 0;
    for (size_t i = 0; i < N_REQUESTS && !status; i++) status = add_request(run, requests, i);
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

static int fetch_results(check_run *run, beluga_context *context)
{
    received r = {.run = run};
    int status =
        beluga_batch_job_results(run->model, context, JOB_ID, take_result, &r, &run->error);
    for (size_t i = 0; i < N_REQUESTS && !status && embeds(run); i++)
        if (r.results[i] != 1)
            check_problem(run,
                          "%zu results have the id %s, want one: decode_result must emit each "
                          "under the id in its line",
                          r.results[i], request_ids[i]);
    return status;
}

/* Make the call that the scenario checks, for example creating a job or reading its results. */
static int act(check_run *run, beluga_context *context)
{
    check_action *action = run->scenario->run;
    beluga_batch_job *job = NULL;
    int status;
    if (action == check_run_job_list) return list(run, context);
    if (action == check_run_job_results) return fetch_results(run, context);
    if (action == check_run_job_delete)
        return beluga_batch_job_delete(run->model, context, JOB_ID, &run->error);
    if (action == check_run_job_create || embeds(run))
        status = create(run, context, &job);
    else if (action == check_run_job_cancel)
        status = beluga_batch_job_cancel(run->model, context, JOB_ID, &job, &run->error);
    else
        status = beluga_batch_job_get(run->model, context, JOB_ID, &job, &run->error);
    if (job) judge_job(run, job);
    beluga_free(job);
    return status || !embeds(run) ? status : fetch_results(run, context);
}

static void run_act(check_run *run)
{
    beluga_context *context = beluga_context_new_timeout(NULL, check_patience_ms(run));
    run->error = (beluga_error){0};
    ended(run, act(run, context));
    beluga_context_unref(context);
}

static bool was_sent(const check_run *run, const char *bytes, size_t n)
{
    bool sent = false;
    for (size_t i = 0; i < peer_requests(run->peer) && !sent; i++) {
        size_t length = 0;
        const char *body = peer_request_body(run->peer, i, &length);
        sent = body && memmem(body, length, bytes, n);
    }
    return sent;
}

/* Check that the ids of the requests were sent, since the case may have no expected request. */
static void look_for_ids(check_run *run)
{
    for (size_t i = 0; i < N_REQUESTS; i++)
        if (!was_sent(run, request_ids[i], strlen(request_ids[i])))
            check_problem(run,
                          "no request has the id \"%s\": put_request must write the id of each "
                          "request, and encode_create send beluga_call_batch_requests",
                          request_ids[i]);
}

/* Check that the texts that are to be embedded were sent. */
static void look_for_texts(check_run *run)
{
    size_t n;
    for (size_t i = 0; i < N_REQUESTS; i++) {
        const char *text = beluga_message_text(beluga_messages_get(run->call.messages, i), &n);
        if (!was_sent(run, text, n))
            check_problem(run,
                          "no request has the text \"%s\": put_request must write the body that "
                          "encode_embed wrote",
                          text);
    }
}

/* ---- scenarios ------------------------------------------------------------------------------- */

/* Let the peer send the first `n` answers of the case. */
static bool play(check_run *run, size_t n)
{
    for (size_t i = 1; i <= n; i++) {
        if (!check_load_answer(run, i)) return false;
        check_play_whole(run);
    }
    return true;
}

/* Play all answers of the case. @return their number, or 0 if there are none. */
static size_t play_all(check_run *run)
{
    size_t n = 0;
    while (check_has_answer(run, n + 1)) n++;
    if (!n)
        check_no_answer(run, run->scenario->like ? run->scenario->like : run->scenario->name, 1);
    return play(run, n) ? n : 0;
}

static void run_job(check_run *run)
{
    size_t answers = play_all(run);
    if (!answers) return;
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

/* ---- vectors --------------------------------------------------------------------------------- */

/* Check that a provider whose jobs embed nothing says so before anything is sent. */
static void refuse_texts(check_run *run)
{
    beluga_batch_requests *requests = NULL;
    int status = beluga_batch_requests_new(run->model, &requests, &run->error);
    if (!status) status = add_requests(run, requests);
    beluga_batch_requests_free(requests);
    if (status != BELUGA_ERROR_NOT_SUPPORTED)
        check_problem(run, "its jobs embed no texts: want not_supported, got %s",
                      beluga_error_name(status));
    else
        check_text_puts(&run->reason, run->error.message);
}

void check_run_job_embed(check_run *run)
{
    if (!run->provider->batch->max_inputs || !run->provider->encode_embed) {
        refuse_texts(run);
        return;
    }
    run_job(run);
    if (run->finished) look_for_ids(run);
    if (run->finished) look_for_texts(run);
}

/* ---- jobs in doubt --------------------------------------------------------------------------- */

static int create_again(check_run *run)
{
    beluga_batch_job *job = NULL;
    beluga_context *context = beluga_context_new_timeout(NULL, check_patience_ms(run));
    run->error = (beluga_error){0};
    int status = create(run, context, &job);
    beluga_free(job);
    beluga_context_unref(context);
    run->asked = peer_requests(run->peer);
    return status;
}

/* Return which of the first `n` requests, from 1, creates the job: the last one that does not only
 * ask for something. */
static size_t find_creating(const check_run *run, size_t n)
{
    while (n > 1 && strcmp(peer_request_method(run->peer, n - 1), "GET") == 0) n--;
    return n;
}

static void tell_doubt(check_run *run, size_t n, bool creates, const char *wrong)
{
    check_problem(run, "request %zu (%s %s) %s: %screates_job must return %s for its token%s", n,
                  peer_request_method(run->peer, n - 1), peer_request_path(run->peer, n - 1), wrong,
                  run->provider->batch->creates_job ? "" : "the batch table lacks creates_job; ",
                  creates ? "true" : "false", n == 1 ? ", which is NULL" : "");
}

/* Let request `n` fail, and check what the call says of the job. */
static void judge_doubt(check_run *run, size_t n, size_t creating)
{
    if (!play(run, n - 1)) return;
    peer_reply *reply = peer_reply_new(run->peer);
    peer_step_status(reply, n > creating ? 404 : 503, "Content-Type: text/plain\r\n");
    peer_step_body(reply, "", 0);
    create_again(run);
    bool uncreated = beluga__hint_is_uncreated(&run->error);
    if (n < creating && !uncreated)
        tell_doubt(run, n, false,
                   "comes before the one that creates the job, and when it fails it is left open "
                   "whether there is a job");
    else if (n == creating && uncreated)
        tell_doubt(run, n, true,
                   "creates the job, but when its answer is lost the call says that there is no "
                   "job, which may be made again, and paid for twice");
    else if (n > creating && uncreated)
        tell_doubt(run, n, false,
                   "comes after the one that creates the job, but when it is refused the call says "
                   "that there is no job, which may be made again, and paid for twice");
}

void check_run_job_doubt(check_run *run)
{
    size_t answers = play_all(run);
    if (!answers) return;
    if (create_again(run)) {
        check_text_printf(&run->reason, "the call fails, too: %s", run->error.message);
        return;
    }
    size_t creating = find_creating(run, answers);
    for (size_t n = 1; n <= answers; n++) judge_doubt(run, n, creating);
}
