/* The batch API that OpenAI defined and hosts have adopted. The requests are the lines of a file
 * that is uploaded; the results are the lines of two other files, one with answers and one with
 * failures. */
#ifndef BELUGA__PROVIDERS_OPENAI_BATCH_H
#define BELUGA__PROVIDERS_OPENAI_BATCH_H

#include "providers/openai/openai.h"

enum {
    BELUGA__BATCH_ID = 256, /* size of a file's id in bytes */
    /* Bytes of a path that contains an id, each byte of which may become %XX. */
    BELUGA__BATCH_PATH = 1024,
    BELUGA__BATCH_FRAME = 256, /* most bytes of a line around the body of its request */
    BELUGA__BATCH_FILE = 96,   /* size of the name of an uploaded file in bytes */
    BELUGA__BATCH_STEPS = 4 /* maximum number of requests about a job's files and the job itself */
};

/* A difference between a host and OpenAI's batch API. */
typedef enum beluga__batch_quirk {
    BELUGA__BATCH_MISTRAL = 1 << 0,   /* uses Mistral's paths and members for jobs */
    BELUGA__BATCH_FILE_NAME = 1 << 1, /* requires the file's name as a separate field too */
    BELUGA__BATCH_NO_NAMES = 1 << 2,  /* accepts no metadata */
    BELUGA__BATCH_BARE = 1 << 3,      /* a line has neither method nor URL */
    BELUGA__BATCH_NO_LIMIT = 1 << 4 /* lists accept no page size and no filter, or have no pages */
} beluga__batch_quirk;

/* The batch API of a host. A provider's table points to its first member, `api`. */
typedef struct beluga__openai_batch {
    beluga_batch_api api;
    uint32_t quirks;     /* bits of beluga__batch_quirk */
    uint32_t max_line;   /* bytes of the longest line; 0: unknown */
    const char *upload;  /* the path for uploading files; NULL: "/files" */
    const char *purpose; /* the purpose of an uploaded file; NULL: "batch" */
    /* the member of a job's metadata that contains its name; NULL: BELUGA__BATCH_NAME */
    const char *name_key;
    /* Returns the endpoint that is written into lines and jobs that answer messages; NULL:
     * "/v1/chat/completions". */
    const char *(*endpoint)(const beluga_call *call);
    /* Set path and headers of a request; NULL: beluga__openai_set_head. */
    void (*set_head)(const beluga_call *call, beluga_http_request *request, const char *path);
} beluga__openai_batch;

/* The state of a call about jobs. It is all zero when the call begins. */
typedef struct beluga__openai_batch_state {
    bool begun;             /* the first answer has been read */
    uint32_t looks;         /* requests for the state of the uploaded file */
    uint32_t n_paths, next; /* number of paths for later requests, and the index of the next path */
    char paths[BELUGA__BATCH_STEPS][BELUGA__BATCH_PATH];
} beluga__openai_batch_state;

/* The members of beluga_batch_api that are the same for all hosts. */
#define BELUGA__OPENAI_BATCH(requests, bytes)                                           \
    .size = sizeof(beluga_batch_api), .max_requests = (requests), .max_bytes = (bytes), \
    .put_request = beluga__openai_batch_put_request,                                    \
    .encode_create = beluga__openai_batch_encode_create,                                \
    .encode_get = beluga__openai_batch_encode_get,                                      \
    .encode_list = beluga__openai_batch_encode_list,                                    \
    .encode_cancel = beluga__openai_batch_encode_cancel,                                \
    .encode_results = beluga__openai_batch_encode_results,                              \
    .encode_delete = beluga__openai_batch_encode_delete,                                \
    .encode_sweep = beluga__openai_batch_encode_sweep,                                  \
    .creates_job = beluga__openai_batch_creates_job,                                    \
    .decode_job = beluga__openai_batch_decode_job,                                      \
    .decode_result = beluga__openai_batch_decode_result,                                \
    .decode_results_end = beluga__openai_batch_decode_results_end,                      \
    .state_size = sizeof(beluga__openai_batch_state)

/* batch.c */
/* Returns the batch API of the call's provider. */
const beluga__openai_batch *beluga__openai_batch_of(const beluga_call *call);
int beluga__openai_batch_put_request(const beluga_batch_request *request, beluga_json_writer *w,
                                     beluga_error *err);
int beluga__openai_batch_encode_create(const beluga_call *call, beluga_http_request *request,
                                       beluga_error *err);
/* Returns whether the request with this token creates a job: the token is then the id of a file. */
bool beluga__openai_batch_creates_job(const char *token);
int beluga__openai_batch_encode_get(const beluga_call *call, beluga_http_request *request,
                                    beluga_error *err);
int beluga__openai_batch_encode_list(const beluga_call *call, beluga_http_request *request,
                                     beluga_error *err);
int beluga__openai_batch_encode_cancel(const beluga_call *call, beluga_http_request *request,
                                       beluga_error *err);
int beluga__openai_batch_encode_results(const beluga_call *call, beluga_http_request *request,
                                        beluga_error *err);
int beluga__openai_batch_encode_delete(const beluga_call *call, beluga_http_request *request,
                                       beluga_error *err);
int beluga__openai_batch_encode_sweep(const beluga_call *call, beluga_http_request *request,
                                      beluga_error *err);
/* Write the name of the file that is uploaded for the job that the call names. */
void beluga__openai_batch_file_name(const beluga_call *call, char out[BELUGA__BATCH_FILE]);
/* Write a path that has an id between two texts. Returns 0 or INVALID_INPUT. */
int beluga__openai_batch_path(char path[BELUGA__BATCH_PATH], const char *before, const char *id,
                              const char *after, beluga_error *err);
/* Returns the member of a job's metadata that contains its name. */
const char *beluga__openai_batch_name_key(const beluga__openai_batch *form);
/* Returns the path of a host's jobs. */
const char *beluga__openai_batch_jobs(const beluga__openai_batch *form);

/* batch_answer.c */
int beluga__openai_batch_decode_job(void *memory, const char *body, size_t length,
                                    beluga_emit *emit);
int beluga__openai_batch_decode_result(void *memory, const char *line, size_t length,
                                       beluga_emit *emit);
int beluga__openai_batch_decode_results_end(void *memory, beluga_emit *emit);

#define BELUGA__BATCH_NAME "beluga_name"
/* The token of a request that lists files again, from the first page on. No file has this id. */
#define BELUGA__BATCH_AGAIN "*"
/* The maximum number of texts that a job embeds at OpenAI. */
#define BELUGA__OPENAI_BATCH_INPUTS 50000
/* The number of jobs on one page of a list. No host allows more than 100. */
#define BELUGA__BATCH_PAGE 100

#endif
