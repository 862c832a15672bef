/*
 * The requests to the batch services that were invented for these tests. A job is made from an
 * uploaded file of requests. The form of the files of results differs between the services.
 *
 *     request                       its body                            body of the answer
 *     POST /files                   one request on each line            {"file": "f-1"}
 *     POST /jobs                    {"file": "f-1", "name": "…", …}     {"id": "job-1", …}
 *     GET /jobs/{id}                none                                {"id": "job-1", …}
 *     POST /jobs/{id}/cancel        none                                {"id": "job-1", …}
 *     DELETE /jobs/{id}             none                                none
 *     GET /jobs?after={page}        none                                {"jobs": […], "after": "…"}
 */
#ifndef TESTS_JOB_SERVICE_H
#define TESTS_JOB_SERVICE_H

#include <beluga/provider/provider.h>

#include <stdio.h>

/* The token of the request that makes the job is the id of the uploaded file. */
static int create_job(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    size_t n;
    const char *file = beluga_http_request_token(request);
    const char *lines = beluga_call_batch_requests(call, &n);
    (void)err;
    beluga_http_request_set_path(request, file ? "/jobs" : "/files");
    if (!file) {
        beluga_http_request_set_body(request, "application/jsonl", lines, n);
        return 0;
    }
    beluga_json_writer *w = beluga_http_request_json(request);
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "file", file);
    beluga_json_put_string(w, "name", beluga_call_batch_name(call));
    beluga_json_put_string(w, "model", beluga_call_model(call));
    beluga_json_end_object(w);
    return 0;
}

static int ask_job(const beluga_call *call, beluga_http_request *request, const char *method,
                   const char *suffix, beluga_error *err)
{
    char id[256], path[300];
    int status =
        beluga_http_encode_segment("the job's id", beluga_call_batch_id(call), id, sizeof id, err);
    if (status) return status;
    snprintf(path, sizeof path, "/jobs/%s%s", id, suffix);
    beluga_http_request_set_method(request, method);
    beluga_http_request_set_path(request, path);
    return 0;
}

static int get_job(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    return ask_job(call, request, "GET", "", err);
}

static int cancel_job(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    return ask_job(call, request, "POST", "/cancel", err);
}

static int delete_job(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    return ask_job(call, request, "DELETE", "", err);
}

static int list_jobs(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)err;
    beluga_http_request_set_method(request, "GET");
    beluga_http_request_set_path(request, "/jobs");
    if (beluga_call_page(call))
        beluga_http_request_add_query(request, "after", beluga_call_page(call));
    return 0;
}

/* Fetch the job, and then the file that its answer names. */
static int get_results(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    char path[300];
    const char *file = beluga_http_request_token(request);
    if (!file) return get_job(call, request, err);
    snprintf(path, sizeof path, "/files/%s", file);
    beluga_http_request_set_method(request, "GET");
    beluga_http_request_set_path(request, path);
    return 0;
}

#endif
