/* Writes the requests of the batch API. */
#include "providers/openai/batch.h"

#include <stdio.h>
#include <string.h>

const beluga__openai_batch *beluga__openai_batch_of(const beluga_call *call)
{
    return (const void *)beluga_call_provider(call)->batch; /* the first member */
}

static bool is(const beluga__openai_batch *form, uint32_t quirk)
{
    return form->quirks & quirk;
}

/* ---- addresses ------------------------------------------------------------------------------- */

/* Returns the endpoint of a request, or of the job that a call creates. */
static const char *endpoint_of(const beluga__openai_batch *form, const beluga_call *call)
{
    if (beluga_call_batch_kind(call) == BELUGA_CALL_EMBED) return "/v1/embeddings";
    return form->endpoint ? form->endpoint(call) : "/v1/chat/completions";
}

const char *beluga__openai_batch_jobs(const beluga__openai_batch *form)
{
    return is(form, BELUGA__BATCH_MISTRAL) ? "/batch/jobs" : "/batches";
}

int beluga__openai_batch_path(char path[BELUGA__BATCH_PATH], const char *before, const char *id,
                              const char *after, beluga_error *err)
{
    char segment[3 * BELUGA__BATCH_ID + 1];
    int code = beluga_http_encode_segment("the id", id, segment, sizeof segment, err);
    if (code) return code;
    snprintf(path, BELUGA__BATCH_PATH, "%s/%s%s", before, segment, after);
    return 0;
}

static void set_head(const beluga_call *call, beluga_http_request *request, const char *method,
                     const char *path)
{
    const beluga__openai_batch *form = beluga__openai_batch_of(call);
    beluga_http_request_set_method(request, method);
    if (form->set_head)
        form->set_head(call, request, path);
    else
        beluga__openai_set_head(call, request, path);
}

/* Set the path of the job that the call is about. */
static int set_job(const beluga_call *call, beluga_http_request *request, const char *method,
                   const char *after, beluga_error *err)
{
    char path[BELUGA__BATCH_PATH];
    const char *jobs = beluga__openai_batch_jobs(beluga__openai_batch_of(call));
    int code = beluga__openai_batch_path(path, jobs, beluga_call_batch_id(call), after, err);
    if (!code) set_head(call, request, method, path);
    return code;
}

/* ---- creating a job -------------------------------------------------------------------------- */

int beluga__openai_batch_put_request(const beluga_batch_request *request, beluga_json_writer *w,
                                     beluga_error *err)
{
    const beluga__openai_batch *form = beluga__openai_batch_of(request->call);
    if (form->max_line && request->length + BELUGA__BATCH_FRAME > form->max_line)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "a request of a batch job can have at most %u bytes, and this one "
                                "has %zu: give images as URLs, or send it without a batch job",
                                form->max_line - BELUGA__BATCH_FRAME, request->length);
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "custom_id", request->id);
    if (!is(form, BELUGA__BATCH_BARE)) {
        beluga_json_put_string(w, "method", "POST");
        beluga_json_put_string(w, "url", endpoint_of(form, request->call));
    }
    beluga_json_put_raw(w, "body", request->body, request->length);
    beluga_json_end_object(w);
    return 0;
}

static void add_field(beluga_http_request *request, const char *name, const char *value)
{
    beluga_http_request_add_part(request, &(beluga_http_part){.size = sizeof(beluga_http_part),
                                                              .name = name,
                                                              .data = value,
                                                              .length = strlen(value)});
}

void beluga__openai_batch_file_name(const beluga_call *call, char out[BELUGA__BATCH_FILE])
{
    const char *name = beluga_call_batch_name(call);
    snprintf(out, BELUGA__BATCH_FILE, "%.64s.jsonl", name ? name : "beluga");
}

/* Write the upload of a file. Hosts recognize the type of a file by the extension of its name. */
static void upload(const beluga_call *call, beluga_http_request *request)
{
    const beluga__openai_batch *form = beluga__openai_batch_of(call);
    beluga_http_part file = {.size = sizeof file, .name = "file"};
    char filename[BELUGA__BATCH_FILE];
    beluga__openai_batch_file_name(call, filename);
    file.filename = filename;
    file.data = beluga_call_batch_requests(call, &file.length);
    set_head(call, request, "POST", form->upload ? form->upload : "/files");
    add_field(request, "purpose", form->purpose ? form->purpose : "batch");
    if (is(form, BELUGA__BATCH_FILE_NAME)) add_field(request, "file_name", filename);
    beluga_http_request_add_part(request, &file);
}

const char *beluga__openai_batch_name_key(const beluga__openai_batch *form)
{
    return form->name_key ? form->name_key : BELUGA__BATCH_NAME;
}

static void put_name(beluga_json_writer *w, const char *key, const char *name)
{
    beluga_json_begin_object(w, "metadata");
    beluga_json_put_string(w, key, name);
    beluga_json_end_object(w);
}

static void put_input(beluga_json_writer *w, const beluga_call *call, const char *file)
{
    if (!is(beluga__openai_batch_of(call), BELUGA__BATCH_MISTRAL)) {
        beluga_json_put_string(w, "input_file_id", file);
        beluga_json_put_string(w, "completion_window", "24h");
        return;
    }
    beluga_json_begin_array(w, "input_files");
    beluga_json_put_string(w, NULL, file);
    beluga_json_end_array(w);
    beluga_json_put_string(w, "model", beluga_call_model(call));
    beluga_json_put_int(w, "timeout_hours", 24);
}

/* Write the upload of the file; with the file's path as token, a request for its state; with its id
 * as token, the request that creates the job. */
int beluga__openai_batch_encode_create(const beluga_call *call, beluga_http_request *request,
                                       beluga_error *err)
{
    const beluga__openai_batch *form = beluga__openai_batch_of(call);
    const char *file = beluga_http_request_token(request), *name = beluga_call_batch_name(call);
    (void)err;
    if (!file) {
        upload(call, request);
        return 0;
    }
    if (*file == '/') {
        set_head(call, request, "GET", file);
        return 0;
    }
    set_head(call, request, "POST", beluga__openai_batch_jobs(form));
    beluga_json_writer *w = beluga_http_request_json(request);
    beluga_json_begin_object(w, NULL);
    put_input(w, call, file);
    beluga_json_put_string(w, "endpoint", endpoint_of(form, call));
    if (name && !is(form, BELUGA__BATCH_NO_NAMES))
        put_name(w, beluga__openai_batch_name_key(form), name);
    beluga_json_end_object(w);
    return 0;
}

bool beluga__openai_batch_creates_job(const char *token)
{
    return token && *token != '/';
}

/* ---- about a job ----------------------------------------------------------------------------- */

int beluga__openai_batch_encode_get(const beluga_call *call, beluga_http_request *request,
                                    beluga_error *err)
{
    return set_job(call, request, "GET", "", err);
}

/* Write the request for a page of the list of jobs. Mistral numbers the pages, and the token begins
 * with this number. For other hosts the token is the id of the job after which the page begins. */
int beluga__openai_batch_encode_list(const beluga_call *call, beluga_http_request *request,
                                     beluga_error *err)
{
    const beluga__openai_batch *form = beluga__openai_batch_of(call);
    const char *page = beluga_call_page(call);
    bool numbered = is(form, BELUGA__BATCH_MISTRAL);
    char limit[16], number[24];
    (void)err;
    set_head(call, request, "GET", beluga__openai_batch_jobs(form));
    snprintf(limit, sizeof limit, "%d", BELUGA__BATCH_PAGE);
    if (!is(form, BELUGA__BATCH_NO_LIMIT))
        beluga_http_request_add_query(request, numbered ? "page_size" : "limit", limit);
    if (page && numbered) {
        snprintf(number, sizeof number, "%.*s", (int)strcspn(page, " "), page);
        page = number;
    }
    if (page) beluga_http_request_add_query(request, numbered ? "page" : "after", page);
    return 0;
}

/* Cancel a job. Hosts refuse this for a job that has ended, so the first request fetches the
 * job. */
int beluga__openai_batch_encode_cancel(const beluga_call *call, beluga_http_request *request,
                                       beluga_error *err)
{
    if (!beluga_http_request_token(request)) return set_job(call, request, "GET", "", err);
    return set_job(call, request, "POST", "/cancel", err);
}

/* Write the next request about a job. The first request fetches the job; later requests use the
 * paths of the job's files. */
static int go_on(const beluga_call *call, beluga_http_request *request, const char *method,
                 beluga_error *err)
{
    const char *path = beluga_http_request_token(request);
    if (!path) return set_job(call, request, "GET", "", err);
    set_head(call, request, method, path);
    return 0;
}

int beluga__openai_batch_encode_results(const beluga_call *call, beluga_http_request *request,
                                        beluga_error *err)
{
    return go_on(call, request, "GET", err);
}

int beluga__openai_batch_encode_delete(const beluga_call *call, beluga_http_request *request,
                                       beluga_error *err)
{
    return go_on(call, request, "DELETE", err);
}

/* Write the request for a page of the list of files. Each service has its parameters: Mistral can
 * look for a name; OpenAI lists at most 10,000 files, the newest first. Sources: the clients for
 * Python of OpenAI 3.57.0 (file_list_params.py), Mistral 3.7.0 (files.py), Groq 1.7.0 and Together
 * 3.1.1 (files.py), whose lists have no parameters. */
static void list_files(const beluga_call *call, beluga_http_request *request, const char *after)
{
    const beluga__openai_batch *form = beluga__openai_batch_of(call);
    char filename[BELUGA__BATCH_FILE];
    set_head(call, request, "GET", "/files");
    if (!is(form, BELUGA__BATCH_NO_LIMIT))
        beluga_http_request_add_query(request, "purpose", "batch");
    beluga__openai_batch_file_name(call, filename);
    if (is(form, BELUGA__BATCH_MISTRAL)) beluga_http_request_add_query(request, "search", filename);
    if (after && strcmp(after, BELUGA__BATCH_AGAIN) != 0)
        beluga_http_request_add_query(request, "after", after);
}

/* Delete files by their name. The first request lists files. A later request deletes a file, if
 * its token is a path, or fetches the next page of the list. */
int beluga__openai_batch_encode_sweep(const beluga_call *call, beluga_http_request *request,
                                      beluga_error *err)
{
    const char *token = beluga_http_request_token(request);
    (void)err;
    if (token && *token == '/')
        set_head(call, request, "DELETE", token);
    else
        list_files(call, request, token);
    return 0;
}
