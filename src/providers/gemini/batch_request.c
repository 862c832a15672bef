/* Writes requests about batch jobs. A job is created from a file that has a line for each request
 * of the job. This needs three HTTP requests: the first asks for an upload URL, the second sends
 * the file, and the third creates the job.
 *
 * Sources: Google's pages on the Batch API (ai.google.dev/gemini-api/docs/batch-api, its reference
 * ai.google.dev/api/batch-api) and on files (ai.google.dev/gemini-api/docs/files, "resumable");
 * python-genai, batches.py and files.py, which send the same paths, headers and members.
 *
 * Jobs of embeddings: asyncBatchEmbedContent in python-genai, batches.py (create_embeddings), and
 * Google's post of September 2025 "Gemini Batch API now supports Embeddings", which shows lines of
 * the file and says that they cost half. A line has one EmbedContentRequest, so one text. */
#include "providers/gemini/gemini.h"

#include <stdio.h>
#include <string.h>

enum { MAX_PATH = 3 * BELUGA__GEMINI_FILE + 64 };

#define JSON_LINES "application/jsonl"

/* Write a name as part of a path, such as "batches/7". The collection "batches/" is added if the
 * name does not contain it. */
static int write_name(const char *collection, const char *name, char out[MAX_PATH],
                      beluga_error *err)
{
    size_t n = strlen(collection);
    if (strncmp(name, collection, n) == 0) name += n;
    memcpy(out, collection, n);
    return beluga_http_encode_segment("the batch job's id", name, out + n,
                                      3 * BELUGA__GEMINI_FILE - n, err);
}

static int ask(beluga_http_request *request, const char *method, const char *service,
               const char *resource, beluga_error *err)
{
    beluga_http_request_set_method(request, method);
    return beluga__gemini_set_resource(request, service, resource, err);
}

static int ask_of_job(const beluga_call *call, beluga_http_request *request, const char *method,
                      const char *what, beluga_error *err)
{
    char path[MAX_PATH];
    int code = write_name("batches/", beluga_call_batch_id(call), path, err);
    if (code) return code;
    strcat(path, what);
    return ask(request, method, "", path, err);
}

/* ---- creating a job -------------------------------------------------------------------------- */

static void put_request(beluga_json_writer *w, const char *id, const char *body, size_t length)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "key", id);
    beluga_json_put_raw(w, "request", body, length);
    beluga_json_end_object(w);
}

/* Write the only request in a body for batchEmbedContents, which is {"requests":[…]}. */
static int put_embed_request(const beluga_batch_request *given, beluga_json_doc *doc,
                             beluga_json_writer *w, beluga_error *err)
{
    const beluga_json *root = beluga_json_doc_root(doc), *list = beluga_json_get(root, "requests");
    size_t n = beluga_json_count(list), length = 0;
    if (n != 1 || beluga_json_count(root) != 1)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                n > 1
                                    ? "a request of Gemini's batch jobs embeds only one text: put "
                                      "each text into a request of its own"
                                    : "extra_body can't be sent in Gemini's batch jobs");
    const char *text = beluga_json_text(doc, beluga_json_at(list, 0), &length);
    if (!text) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the request");
    put_request(w, given->id, text, length);
    return 0;
}

int beluga__gemini_put_batch_request(const beluga_batch_request *given, beluga_json_writer *w,
                                     beluga_error *err)
{
    beluga_json_doc *doc = NULL;
    if (beluga_call_batch_kind(given->call) != BELUGA_CALL_EMBED) {
        put_request(w, given->id, given->body, given->length);
        return 0;
    }
    int code = beluga_json_parse(given->body, given->length, &doc, err);
    if (!code) code = put_embed_request(given, doc, w, err);
    beluga_json_doc_free(doc);
    return code;
}

/* Returns the name of the job, or a default, since the API requires a display name. */
const char *beluga__gemini_batch_name(const beluga_call *call)
{
    const char *name = beluga_call_batch_name(call);
    return name && *name ? name : "batch job";
}

static int begin_upload(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    char length[32];
    size_t n = 0;
    int code = ask(request, "POST", "/upload", "files", err);
    if (code) return code;
    beluga_call_batch_requests(call, &n);
    snprintf(length, sizeof length, "%zu", n);
    beluga_http_request_set_header(request, "X-Goog-Upload-Protocol", "resumable");
    beluga_http_request_set_header(request, "X-Goog-Upload-Command", "start");
    beluga_http_request_set_header(request, "X-Goog-Upload-Header-Content-Length", length);
    beluga_http_request_set_header(request, "X-Goog-Upload-Header-Content-Type", JSON_LINES);
    beluga_json_writer *w = beluga_http_request_json(request);
    beluga_json_begin_object(w, NULL);
    beluga_json_begin_object(w, "file");
    beluga_json_put_string(w, "display_name", beluga__gemini_batch_name(call));
    beluga_json_end_object(w);
    beluga_json_end_object(w);
    return 0;
}

/* Upload the file. The upload URL itself authorizes this, so no key is sent; the URL may be on
 * another server. */
static int upload(const beluga_call *call, beluga_http_request *request, const char *url)
{
    size_t n = 0;
    const char *lines = beluga_call_batch_requests(call, &n);
    beluga_http_request_set_url(request, url);
    beluga_http_request_set_header(request, "X-Goog-Upload-Offset", "0");
    beluga_http_request_set_header(request, "X-Goog-Upload-Command", "upload, finalize");
    beluga_http_request_set_body(request, JSON_LINES, lines, n);
    return 0;
}

static int create(const beluga_call *call, beluga_http_request *request, const char *file,
                  beluga_error *err)
{
    bool embeds = beluga_call_batch_kind(call) == BELUGA_CALL_EMBED;
    int code = beluga__gemini_set_path(
        call, request, embeds ? "asyncBatchEmbedContent" : "batchGenerateContent", err);
    if (code) return code;
    beluga_json_writer *w = beluga_http_request_json(request);
    beluga_json_begin_object(w, NULL);
    beluga_json_begin_object(w, "batch");
    beluga_json_put_string(w, "display_name", beluga__gemini_batch_name(call));
    beluga_json_begin_object(w, "input_config");
    beluga_json_put_string(w, "file_name", file);
    beluga_json_end_object(w);
    beluga_json_end_object(w);
    beluga_json_end_object(w);
    return 0;
}

int beluga__gemini_encode_create_job(const beluga_call *call, beluga_http_request *request,
                                     beluga_error *err)
{
    const char *token = beluga_http_request_token(request);
    if (!token) return begin_upload(call, request, err);
    if (strncmp(token, "files/", 6) == 0) return create(call, request, token, err);
    return upload(call, request, token);
}

bool beluga__gemini_creates_job(const char *token)
{
    return token && strncmp(token, "files/", 6) == 0;
}

/* ---- of a job -------------------------------------------------------------------------------- */

int beluga__gemini_encode_get_job(const beluga_call *call, beluga_http_request *request,
                                  beluga_error *err)
{
    return ask_of_job(call, request, "GET", "", err);
}

int beluga__gemini_encode_list_jobs(const beluga_call *call, beluga_http_request *request,
                                    beluga_error *err)
{
    const char *page = beluga_call_page(call);
    int code = ask(request, "GET", "", "batches", err);
    if (code) return code;
    beluga_http_request_add_query(request, "pageSize", "100");
    if (page) beluga_http_request_add_query(request, "pageToken", page);
    return 0;
}

/* Cancel a job. The answer to this request is {}, so a second request fetches the job. */
int beluga__gemini_encode_cancel_job(const beluga_call *call, beluga_http_request *request,
                                     beluga_error *err)
{
    if (beluga_http_request_token(request)) return ask_of_job(call, request, "GET", "", err);
    return ask_of_job(call, request, "POST", ":cancel", err);
}

int beluga__gemini_encode_job_results(const beluga_call *call, beluga_http_request *request,
                                      beluga_error *err)
{
    char path[MAX_PATH];
    const char *file = beluga_http_request_token(request);
    if (!file) return ask_of_job(call, request, "GET", "", err);
    int code = write_name("files/", file, path, err);
    if (code) return code;
    strcat(path, ":download");
    code = ask(request, "GET", "/download", path, err);
    if (!code) beluga_http_request_add_query(request, "alt", "media");
    return code;
}

/* Delete a job. The first request fetches the job to find its files. These are deleted next, and
 * the job last. */
int beluga__gemini_encode_delete_job(const beluga_call *call, beluga_http_request *request,
                                     beluga_error *err)
{
    char path[MAX_PATH];
    const char *token = beluga_http_request_token(request);
    if (!token) return ask_of_job(call, request, "GET", "", err);
    if (strcmp(token, BELUGA__GEMINI_THE_JOB) == 0)
        return ask_of_job(call, request, "DELETE", "", err);
    int code = write_name("files/", token, path, err);
    return code ? code : ask(request, "DELETE", "", path, err);
}

/* Delete files by their name. The first request lists files. A later request deletes a file, if
 * its token is the file's name, or fetches the page that the token names. */
int beluga__gemini_encode_sweep_job(const beluga_call *call, beluga_http_request *request,
                                    beluga_error *err)
{
    char path[MAX_PATH];
    (void)call;
    const char *token = beluga_http_request_token(request);
    bool is_file = token && strncmp(token, "files/", 6) == 0;
    int code = is_file ? write_name("files/", token, path, err) : 0;
    if (code) return code;
    if (is_file) return ask(request, "DELETE", "", path, err);
    code = ask(request, "GET", "", "files", err);
    if (code) return code;
    beluga_http_request_add_query(request, "pageSize", "100");
    if (token && strcmp(token, BELUGA__GEMINI_AGAIN) != 0)
        beluga_http_request_add_query(request, "pageToken", token);
    return 0;
}
