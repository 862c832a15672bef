/* A request to a server of batch APIs, and the functions that answer it. */
#ifndef BELUGA_PEER_BATCH_CALL_H
#define BELUGA_PEER_BATCH_CALL_H

#include "peer/batch.h"
#include "peer/http.h"

#define CALL_PATH_SIZE 512

/* Writes a job in the form of its API. Returns false if out of memory. */
typedef bool batch_put_fn(const batch_job *job, bytes *out);

typedef struct batch_call {
    batches *b;
    request *req;
    peer_reply *r;
    batch_shape shape;         /* determines the form of errors */
    char path[CALL_PATH_SIZE]; /* without the query, and without the prefix /openai or /together */
    const char *query;         /* "" if there is no query */
    char key[BATCH_KEY_SIZE];  /* "" if the request has no key */
    batch_put_fn *put;         /* used by peer__batch_get() and peer__batch_stop() */
} batch_call;

/* A row of a table of routes, which are tried in turn. A path that ends in '*' matches every path
 * that begins with the characters before the '*'. */
typedef struct batch_route {
    const char *method, *path;
    /* `id` is the text in place of "{}" in the path, or the rest of the path in place of '*'. */
    void (*answer)(batch_call *call, const char *id);
} batch_route;

/* ---- batch_call.c ---------------------------------------------------------------------------- */

/* Answer by the first route that matches. Returns false if no route matches. "{}" matches one part
 * of a path, which ends where the text after it begins. */
bool peer__batch_route(batch_call *call, const batch_route *routes, size_t n);
/* Copy a value of the query. Returns false if it is missing or too long. */
bool peer__batch_query(const batch_call *call, const char *name, char *out, size_t size);
/* Return a number from the query, limited to `most`; `otherwise` if the query lacks it. */
size_t peer__batch_query_number(const batch_call *call, const char *name, size_t otherwise,
                                size_t most);

/* Read a number as peer__batch_query_number() does, limited to the server's page size. */
size_t peer__batch_page_size(const batch_call *call, const char *name, size_t otherwise,
                             size_t most);

/* Answer with a JSON text, which is freed. If `ok` is false or the text is empty, answer with
 * 500. */
void peer__batch_send(batch_call *call, int status, bytes *text, bool ok);
/* Answer with an error in the form of the call's API. */
void peer__batch_refuse(batch_call *call, int status, const char *message);
/* Answer with the contents of a file or of results, and play the faults of downloads. */
void peer__batch_download(batch_call *call, const char *type, const char *data, size_t n);
/* Close the connection without an answer. */
void peer__batch_lose(batch_call *call);

/* Write a time in the form of RFC 3339, or null for 0. */
bool peer__batch_put_time(bytes *out, time_t at);
/* Write a time in seconds, or null for 0. */
bool peer__batch_put_seconds(bytes *out, time_t at);
/* Write a string, or null for NULL and "". */
bool peer__batch_put_or_null(bytes *out, const char *text);

/* Play the faults that come before a job is created. Returns true if a fault answered the call. */
bool peer__batch_busy(batch_call *call);
/* Add a job, apply the faults for new jobs, and answer with the job in the format of `put`. `read`
 * is whether the job's requests could be read. Takes over the job, and frees it on failure. */
void peer__batch_create(batch_call *call, batch_job *job, const char *prefix, bool read,
                        batch_put_fn *put);
/* Find the call's job and advance it; if it is missing, answer 404 and return NULL. */
batch_job *peer__batch_job_of(batch_call *call, const char *id);
/* Answer with one job. */
void peer__batch_send_job(batch_call *call, const batch_job *job, batch_put_fn *put);
/* Functions for routes. peer__batch_get() answers with the job, in the format of the call's `put`;
 * peer__batch_stop() cancels the job first. */
void peer__batch_get(batch_call *call, const char *id);
void peer__batch_stop(batch_call *call, const char *id);

/* A page of a list: jobs from the newest to the oldest. */
typedef struct batch_page {
    batch_job **jobs; /* owned by the caller; freed by free() */
    size_t n, total;
    bool has_more;
} batch_page;

/*
 * Collect up to `most` jobs after the job `after` ("": from the newest), or after the first `skip`
 * jobs. Returns false if out of memory.
 */
bool peer__batch_list(batch_call *call, const char *after, size_t skip, size_t most,
                      batch_page *page);
/* Write the jobs of a page as an array. */
bool peer__batch_put_jobs(const batch_page *page, batch_put_fn *put, bytes *out);
/* Write the members first_id and last_id, which are null on an empty page. */
bool peer__batch_put_ends(const batch_page *page, bytes *out);

/* ---- the APIs: each returns whether it answered the call ------------------------------------- */

/* batch_openai.c: OpenAI, and Azure, Groq and Together */
bool peer__batch_openai(batch_call *call);
bool peer__batch_anthropic(batch_call *call); /* batch_anthropic.c */
bool peer__batch_gemini(batch_call *call);    /* batch_gemini.c */
bool peer__batch_mistral(batch_call *call);   /* batch_mistral.c */
bool peer__batch_files(batch_call *call);     /* batch_files.c: files of OpenAI and Mistral */
bool peer__batch_uploads(batch_call *call);   /* batch_uploads.c: files of Gemini */
bool peer__batch_control(batch_call *call);   /* batch_control.c */

#endif
